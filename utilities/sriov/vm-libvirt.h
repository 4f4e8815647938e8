/* Copyright (c) 2026 The cx-sriov authors.
 *
 * Licensed under the Apache License, Version 2.0 (the "License");
 * you may not use this file except in compliance with the License.
 * You may obtain a copy of the License at:
 *
 *     http://www.apache.org/licenses/LICENSE-2.0
 *
 * Unless required by applicable law or agreed to in writing, software
 * distributed under the License is distributed on an "AS IS" BASIS,
 * WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
 * See the License for the specific language governing permissions and
 * limitations under the License.
 */

#ifndef SRIOV_VM_LIBVIRT_H
#define SRIOV_VM_LIBVIRT_H 1

/* VMs of libvirt, as its hook told of them.
 *
 *     libvirt --> hook (libvirt.c) --> XML --> files in /run --> claims
 *             --> status file -------> XML ------^
 *
 * A file is named like the VM's UUID and has lines
 *
 *     started             once it runs: without a process it has ended then
 *     vm UUID NAME
 *     vf PCI DEVICE [WORD...]
 *     vf PCI DEVICE wrong: TEXT
 *     had PCI             left alone: it is not managed, or the VM ran
 *                         already when the hook came
 *
 * While the VM runs, lines of VFs come and go as libvirt's own file says; those
 * that stay do not change.
 *
 * The file "managed" has the PCI addresses of VFs that ever had settings, a
 * line each: they are closed from then on, until the host goes down. */

#include <stdbool.h>
#include <stddef.h>

struct ds;

/* Stores in '*file' the lines for the VM that 'xml', of 'length' bytes, is the
 * definition of, and in '*uuid' its UUID, both of which the caller must free.
 * Returns what is wrong, which the caller must free, and stores nothing, or
 * NULL. */
char *vm_libvirt_parse(const char *xml, size_t length, char **uuid,
                       char **file);

/* Writes 'file', of the VM 'uuid', into the existing folder 'dir', and stores
 * in '*any' whether any VF in it is managed, also because it has settings
 * there; if none is, they are left alone.  Waits until no other VM's hook is
 * at it.  Returns 0 or a positive errno value. */
int vm_libvirt_claim(const char *dir, const char *uuid, const char *file,
                     bool *any);

/* Returns the folder of the files, which the caller must free. */
char *vm_libvirt_dir(void);

#endif /* vm-libvirt.h */

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

#ifndef SRIOV_VM_SOURCE_H
#define SRIOV_VM_SOURCE_H 1

/* Who says which VM has which VF, and with what settings.
 *
 *     Proxmox VE   vm-proxmox.c --+
 *     libvirt      vm-libvirt.c --+--> SOURCES --> facts --> plan
 *     sriov.conf   vm-conf.c -----+
 *
 * A source has two parts.  Who has a VF is in files of this host that never
 * make one wait, and in processes; settings may be in a file system that does
 * (/etc/pve is FUSE).  So both are read apart, and VFs without a VM are closed
 * before settings are read. */

#include <stdbool.h>
#include <sys/types.h>

struct svec;
struct vm_facts;
struct vm_watch;

struct vm_source {
    const char *name;

    /* Reads settings below 'root', "" for the host's own, and returns them, to
     * be freed with 'destroy', or NULL if they cannot be read now: those that
     * were read before count on, if there are any.  May wait. */
    void *(*read)(const char *root, struct vm_watch *);
    void (*destroy)(void *settings);

    /* Adds to 'facts' who has what now, with what 'settings', from 'read',
     * say, which may be NULL: VMs that run have their VFs all the same.  Does
     * not wait. */
    void (*add)(const void *settings, const char *root, struct vm_watch *,
                struct vm_facts *facts);
};

extern const struct vm_source vm_source_proxmox;
extern const struct vm_source vm_source_libvirt;
extern const struct vm_source vm_source_conf;

/* Returns when the process 'pid' was started, in s since 1970, or 0. */
long long int vm_source_started(pid_t pid);

/* Adds to 'arguments' those that the process 'pid' was started with. */
void vm_source_arguments(const char *root, pid_t pid, struct svec *arguments);

#endif /* vm-source.h */

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

#ifndef SRIOV_VM_KERNEL_H
#define SRIOV_VM_KERNEL_H 1

/* VFs, their representors and their addresses, as "ovs-sriov vm" reads and
 * sets them.
 *
 *     netlink --> inventory/ --> VFs --> plan --> netlink
 *
 * All of it may wait for a driver. */

#include <stdbool.h>
#include <stddef.h>
#include "openvswitch/types.h"

struct sriov_nl;
struct sset;
struct vm_settings;
struct vm_vf;

/* Stores in '*vfs' and '*n' the VFs of eswitches in switchdev mode that have a
 * representor here, which the caller must free with vm_vfs_destroy(), and adds
 * to 'uplinks' the names of their uplinks, and of bonds of these.  Returns 0
 * or an error. */
int vm_kernel_read(const struct sriov_nl *, struct vm_vf **vfs, size_t *n,
                   struct sset *uplinks);
void vm_vfs_destroy(struct vm_vf *vfs, size_t n);

/* Sets the link of the representor. */
int vm_kernel_set_link(const struct sriov_nl *, struct vm_vf *, bool up);

/* Gives the function behind 'vf' what 'settings' have for the NIC: address and
 * rate.  Returns 0 or an error, with what was refused in '*wrong', which the
 * caller must free, or NULL.  That the NIC has the address only the next
 * vm_kernel_read() tells. */
int vm_kernel_prepare(const struct sriov_nl *, struct vm_vf *vf,
                      const struct vm_settings *settings, char **wrong);

/* Takes that back: its own address, if that is known, and no limit.  Returns 0
 * or an error, with what was refused of the address in '*wrong', which the
 * caller must free, or NULL. */
int vm_kernel_reset(const struct sriov_nl *, struct vm_vf *, char **wrong);

#endif /* vm-kernel.h */

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

#ifndef SRIOV_VM_OVSDB_H
#define SRIOV_VM_OVSDB_H 1

/* The state of each VF's port, in OVSDB.
 *
 *     OVSDB --> states --> plan --> OVSDB
 *
 * What a Port says lasts: it survives a restart of ours, of ovs-vswitchd and
 * of the host, and ovs-vswitchd's module heeds it (rules/plan.c).  In a Port:
 *
 *     tag, trunks, vlan_mode, protected        the VLANs
 *     other_config:sriov-allowed-sources       who may send
 *     external_ids:sriov-vm                    an "enum vm_state"
 *     external_ids:sriov-vm-owner, -name, -pid, -settings, -why, -mac
 *
 * in Mirrors of their own, one for each port that has copies of VMs' traffic,
 *
 *     external_ids:sriov-vm                    "true": no person's
 *     select_src_port, select_dst_port         the VMs'
 *
 * in its Interface external_ids:vm-id, attached-mac and iface-status, as
 * ovs-vswitchd.conf.db(5) has them for other programs, and in Open_vSwitch
 * other_config:sriov-vm-vfs, the VFs whose ports the module makes closed. */

#include <stdbool.h>
#include <stddef.h>

struct smap;
struct sset;
struct vm_op;
struct vm_ovsdb;
struct vm_vf;

/* A connection to the database at 'remote', which is made again whenever it
 * is lost, to be freed with vm_ovsdb_destroy(). */
struct vm_ovsdb *vm_ovsdb_create(const char *remote);
void vm_ovsdb_destroy(struct vm_ovsdb *);

/* Returns true if something changed, also by what we wrote ourselves: once
 * ovs-vswitchd has applied that, or does not in a quarter of a second. */
bool vm_ovsdb_run(struct vm_ovsdb *);
void vm_ovsdb_wait(const struct vm_ovsdb *);

/* Returns true if it is connected, and nothing is being written, nor waits to
 * be written again after the database refused it: for half a second, and up to
 * four if it goes on to refuse. */
bool vm_ovsdb_is_ready(const struct vm_ovsdb *);

/* Returns true if ovs-vswitchd has done all that the database says. */
bool vm_ovsdb_is_applied(const struct vm_ovsdb *);

/* Returns true if ovs-vswitchd looks at two VLAN tags of a frame. */
bool vm_ovsdb_has_two_tags(const struct vm_ovsdb *);

/* Adds to 'outputs' "BRIDGE PORT" of each port that a mirror can have for
 * itself, as it takes no other traffic then: not the bridge's own, none with
 * several interfaces, and none of 'uplinks'. */
void vm_ovsdb_read_outputs(const struct vm_ovsdb *, const struct sset *uplinks,
                           struct sset *outputs);

/* Fills in of the 'n' 'vfs' what rows say. */
void vm_ovsdb_read(const struct vm_ovsdb *, struct vm_vf *vfs, size_t n);

/* Writes that these VFs are managed, what 'ops' say, and the Mirrors that
 * follow from it.  Does nothing if that is so already. */
void vm_ovsdb_write(struct vm_ovsdb *, const struct sset *managed,
                    const struct vm_op *ops, size_t n);

/* Stores in 'vms' who has the VF behind each representor, for people, by the
 * name of its network device.  Waits for the database, for a second at most;
 * without, there is nothing. */
void vm_ovsdb_list(const char *remote, struct smap *vms);

#endif /* vm-ovsdb.h */

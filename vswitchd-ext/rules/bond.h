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


#ifndef SRIOV_BOND_H
#define SRIOV_BOND_H 1

/* OVS bonds of uplinks: how what representors send is spread over the members,
 * so that the NIC can do it.
 *
 *     model --> BOND --> ofproto/bond.c
 *
 * In balance-tcp mode stock Open vSwitch hashes in the datapath and
 * recirculates, for which TC has no action: nothing that a VF sends to the
 * wire is offloaded.  See other_config:bond-offload in
 * ovs-vswitchd.conf.db(5) for the ways out. */

#include <stdbool.h>
#include <stddef.h>
#include "ofproto/bond.h"
#include "rules/config.h"

struct sriov_model;

/* An Interface: of a bond, or any that is a DPDK port. */
struct sriov_bond_iface {
    const char *name;
    const char *devargs;        /* options:dpdk-devargs, NULL unless it is a
                                 * DPDK port. */
};

/* Publishes which uplink each representor of 'model' belongs to, none unless
 * 'acting'.  'dpdk' are the 'n_dpdk' Interfaces that are DPDK ports, which
 * have any names.  Returns true if bonds have to be configured again, which is
 * so if '*signature', the caller's string for that (NULL at first), changes.
 * Main thread. */
bool sriov_bond_update(const struct sriov_model *, bool acting,
                       const struct sriov_bond_iface dpdk[], size_t n_dpdk,
                       char **signature);

/* Publishes that there is none.  Main thread. */
void sriov_bond_destroy(void);

/* Returns the name of the uplink that the Interface 'representor' belongs to,
 * or NULL if it is no representor.  May be called in any thread; the string is
 * valid until the caller's next RCU quiescent state. */
const char *sriov_bond_uplink_of(const char *representor);

/* Returns what is in force for a bond of the 'n_members' Interfaces 'members'
 * with 'config' as its other_config:bond-offload, and in '*why' (a static
 * string) for what reason. */
enum bond_offload sriov_bond_offload(enum sriov_bond_config config,
                                     const struct sriov_bond_iface members[],
                                     size_t n_members,
                                     const struct sriov_model *, bool acting,
                                     const char **why);
const char *sriov_bond_offload_name(enum bond_offload);

#endif /* bond.h */

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

#ifndef SRIOV_DPDK_H
#define SRIOV_DPDK_H 1

/* Representors as ports of DPDK, on bridges with datapath_type=netdev.
 *
 *     model, view --> DPDK --> plan, bond, show
 *
 * DPDK has a port for a representor if it is asked for by the PCI address of
 * its PF and its number, with the arguments that the PF was probed with:
 * options:dpdk-devargs=0000:81:00.0,dv_flow_en=2,representor=pf0vf3.  What
 * such a string means, and which one a representor gets, is decided here.
 *
 * Pure functions, for any thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "rules/plan.h"

struct ds;
struct shash;
struct smap;
struct sset;
struct sriov_model;
struct sriov_port;
struct sriov_view;
struct sriov_view_bridge;
struct sriov_view_iface;

/* Returns true if 'iface' is a DPDK one with options:dpdk-devargs. */
bool sriov_dpdk_is_port(const struct sriov_view_iface *iface);

/* Returns true if 'devargs', options:dpdk-devargs of an interface, asks for
 * 'port' of 'model', an uplink or a representor: by PCI address in any
 * notation of DPDK's, alone or in a list of representors, or by MAC
 * address. */
bool sriov_dpdk_names(const char *devargs, const struct sriov_model *model,
                      const struct sriov_port *port);

/* Returns the first uplink or representor of 'model' that 'devargs' asks for,
 * or NULL. */
const struct sriov_port *sriov_dpdk_find(const char *devargs,
                                         const struct sriov_model *model);

/* Adds to 'others' those interfaces of 'view' that are DPDK ports for a
 * representor of 'model' and none of ours: "struct sriov_view_iface"s by the
 * representor's key. */
void sriov_dpdk_others(const struct sriov_view *view,
                       const struct sriov_model *model, struct shash *others);

/* Adds to 'names' the interfaces of 'view' that are DPDK ports of the PCI device
 * 'address', its uplink and its representors. */
void sriov_dpdk_ports_of(const struct sriov_view *view, const char *address,
                         struct sset *names);

/* Returns true if 'devargs' asks for the uplink, or whatever a PCI device is
 * itself, of the device that 'other' asks for a representor of. */
bool sriov_dpdk_is_uplink_of(const char *devargs, const char *other);

/* Returns the devargs for the representor 'rep', which the caller must free.
 * 'uplink' is the one whose DPDK port has 'uplink_devargs', and 'extra'
 * other_config:dpdk-extra of Open_vSwitch, or NULL. */
char *sriov_dpdk_devargs(const struct sriov_model *model,
                         const struct sriov_port *rep,
                         const struct sriov_port *uplink,
                         const char *uplink_devargs, const char *extra);

/* Decides what kind of port the representor 'd->port' is to be in 'd->bridge':
 * stores that in 'd->type_known' and 'd->devargs'.  Returns SRIOV_ADDING, or
 * why it cannot be added there by itself.  'd->bridge' and 'd->uplink_iface'
 * must be set. */
enum sriov_reason sriov_dpdk_choose(struct sriov_decision *d,
                                    const struct sriov_plan_input *in);

/* Returns true if 'port', one of ours, has the type and the devargs that we
 * gave it. */
bool sriov_dpdk_is_as_written(const struct sriov_view_port *port);

/* What DPDK ports need, as far as Open vSwitch allocates it. */
struct sriov_dpdk_memory {
    unsigned int n_ports;       /* Representors: are ports, or are to be. */
    unsigned int n_uplinks;     /* Their uplinks, which are ports as well. */
    unsigned int max_ports;     /* Ports that DPDK can have, or 0. */
    bool per_port;              /* Each has a pool of its own... */
    uint64_t each;              /* ...of so many bytes, the shared one has at
                                 * best... */
    uint64_t at_least;          /* ...and at least so many, altogether. */
};

/* Returns what is needed for the representors of 'plan' that are DPDK ports
 * or are about to be, with 'other_config' of Open_vSwitch.  'max_ports' is
 * RTE_MAX_ETHPORTS, which Debian leaves at 32, or 0 if it is not known. */
struct sriov_dpdk_memory sriov_dpdk_memory(const struct sriov_plan *plan,
                                           const struct smap *other_config,
                                           unsigned int max_ports);

/* Appends 'memory' to 's' as text. */
void sriov_dpdk_memory_format(const struct sriov_dpdk_memory *memory,
                              struct ds *s);

#endif /* rules/dpdk.h */

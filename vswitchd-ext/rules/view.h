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

#ifndef SRIOV_VIEW_H
#define SRIOV_VIEW_H 1

/* OVSDB as plain data, as far as it matters here.
 *
 *     OVSDB --> rows --> VIEW --> plan, show
 *
 * rows.c fills it from a session, so that the plan needs none. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "openvswitch/shash.h"
#include "openvswitch/uuid.h"
#include "rules/config.h"
#include "sset.h"

struct smap;

struct sriov_view_iface {
    char *name;
    char *type;                 /* "" or "system", "dpdk", "internal", ... */
    char *dpdk_devargs;         /* options:dpdk-devargs, or NULL. */
    bool has_mtu_request;
    int64_t mtu_request;
    bool has_ofport;
    int64_t ofport;             /* -1 if it could not be added. */
    int64_t police_rate;        /* Columns ingress_policing_rate (kbit/s)... */
    int64_t police_kpkts;       /* ...and ingress_policing_kpkts_rate. */
    char *error;                /* Column "error", or NULL. */
    char *offload_priority;     /* other_config:hw-offload-priority, or
                                 * NULL. */
    char *vm_id;                /* external_ids:vm-id, or NULL. */
    struct sriov_view_port *port;
};

struct sriov_view_port {
    struct uuid uuid;
    char *name;
    struct sriov_view_iface **ifaces;
    size_t n_ifaces;
    char *key;                  /* Of the representor that we added it for, see
                                 * sriov_key(), or NULL: not ours. */
    enum sriov_bond_config bond_offload;        /* Counts for a bond. */
    bool pristine;              /* Nobody changed it since we added it. */
    char *our_devargs;          /* options:dpdk-devargs as we wrote it, or
                                 * NULL: not as a DPDK port. */
    char *our_vf_pci;           /* The VF's PCI address as we wrote it, or
                                 * NULL: it was not known. */
    char *vm;                   /* What "ovs-sriov vm" has for it, for people,
                                 * or NULL: nothing. */
    bool has_our_mtu;
    int64_t our_mtu;            /* mtu_request as we wrote it. */
    struct sriov_view_bridge *bridge;
};

struct sriov_view_bridge {
    struct uuid uuid;
    char *name;
    bool userspace;             /* datapath_type is "netdev". */
    struct sriov_view_port **ports;
    size_t n_ports;
    bool auto_add;              /* other_config:sriov-auto-add, or the one of
                                 * the Open_vSwitch row. */
    const char *owner;          /* Who adds ports, see config.h, if that is
                                 * why 'auto_add' is false. */
    char *switch_id;            /* other_config:sriov-switch-id, or NULL. */
    char *representors;         /* other_config:sriov-representors, or NULL. */
    struct sset deleted;        /* external_ids:sriov-deleted: the keys of
                                 * representors whose port a person deleted. */
    bool listed;                /* That key is there, if only with nothing in
                                 * it, as in each bridge with ports of ours.
                                 * What clears the bridge's settings takes it
                                 * away. */
};

struct sriov_view {
    struct sriov_view_bridge **bridges;
    size_t n_bridges;
    char *dpdk_extra;           /* other_config:dpdk-extra, or NULL. */
    struct shash ifaces;        /* "struct sriov_view_iface" by name. */
    struct shash ports;         /* Our "struct sriov_view_port"s, by key. */
    struct shash port_names;    /* All "struct sriov_view_port"s, by name. */
    struct sset vm_vfs;         /* PCI addresses of VFs that "ovs-sriov vm"
                                 * opens and closes. */
};

/* Returns who has the VF behind a Port with these 'external_ids', for people,
 * as "ovs-sriov vm" has written it there (utilities/sriov/vm-ovsdb.h).  The
 * caller must free it.  NULL: it has nothing to do with that port. */
char *sriov_view_vm(const struct smap *external_ids);

/* Returns an empty view, which the caller must free with
 * sriov_view_destroy().  What is added to it belongs to it, and strings are
 * copied. */
struct sriov_view *sriov_view_create(void);

/* Returns true if 'a' and 'b' have the same ports of ours, of the same types
 * and in the same bridges, and note the same ones as deleted. */
bool sriov_view_same_marks(const struct sriov_view *a,
                           const struct sriov_view *b);

/* Frees a view, which may be NULL. */
void sriov_view_destroy(struct sriov_view *);

/* Adds a bridge. */
struct sriov_view_bridge *sriov_view_add_bridge(struct sriov_view *,
                                                const char *name);

/* Adds a port to 'br'.  'key' is the key of the representor that we added it
 * for, or NULL. */
struct sriov_view_port *sriov_view_add_port(struct sriov_view *view,
                                            struct sriov_view_bridge *br,
                                            const char *name, const char *key);

/* Adds an interface to a port. */
struct sriov_view_iface *sriov_view_add_iface(struct sriov_view *,
                                              struct sriov_view_port *,
                                              const char *name);

#endif /* view.h */

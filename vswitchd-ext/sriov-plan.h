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


#ifndef SRIOV_PLAN_H
#define SRIOV_PLAN_H 1

/* The plan: what is to be done, and why.
 *
 *     table ─┐
 *     db    ─┼──> PLAN ──> apply
 *     memory ┘      └────> show
 *
 * Every rule about which representor becomes a port of which bridge, whose
 * port it then is, and when it goes, is in sriov-plan.c.  It does no I/O: what
 * is in OVSDB comes as plain data, too ('struct sriov_db'), and so does the
 * time.  What has to be remembered from one plan to the next (a device that
 * went away a while ago, a port that a person deleted) is the memory, which is
 * brought up to date by sriov_memory_update() before each plan. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "openvswitch/hmap.h"
#include "openvswitch/shash.h"
#include "openvswitch/uuid.h"
#include "sset.h"

struct ds;
struct sriov_port;
struct sriov_table;

/* OVSDB, as far as it matters here. */

struct sriov_db_iface {
    char *name;
    char *type;                 /* "" or "system", "dpdk", "internal", ... */
    char *dpdk_devargs;         /* options:dpdk-devargs, or NULL. */
    bool has_mtu_request;
    int64_t mtu_request;
    bool has_ofport;
    int64_t ofport;             /* -1 if it could not be added. */
    char *error;                /* Column "error", or NULL. */
    struct sriov_db_port *port;
};

struct sriov_db_port {
    struct uuid uuid;
    char *name;
    struct sriov_db_iface **ifaces;
    size_t n_ifaces;
    char *key;                  /* Of the representor that we added it for, see
                                 * sriov_port_key(), or NULL: not ours. */
    bool pristine;              /* Nobody changed it since we added it. */
    bool has_our_mtu;
    int64_t our_mtu;            /* mtu_request as we wrote it. */
    struct sriov_db_bridge *bridge;
};

struct sriov_db_bridge {
    struct uuid uuid;
    char *name;
    struct sriov_db_port **ports;
    size_t n_ports;
    bool auto_add;              /* other_config:sriov-auto-add, or the one of
                                 * the Open_vSwitch row. */
    char *switch_id;            /* other_config:sriov-switch-id, or NULL. */
    char *representors;         /* other_config:sriov-representors, or NULL. */
};

struct sriov_db {
    struct sriov_db_bridge **bridges;
    size_t n_bridges;
    struct shash ifaces;        /* "struct sriov_db_iface" by name. */
    struct shash ports;         /* Our "struct sriov_db_port"s, by key. */
};

struct sriov_db *sriov_db_create(void);
void sriov_db_destroy(struct sriov_db *);
struct sriov_db_bridge *sriov_db_add_bridge(struct sriov_db *,
                                            const char *name);
struct sriov_db_port *sriov_db_add_port(struct sriov_db *,
                                        struct sriov_db_bridge *,
                                        const char *name, const char *key);
struct sriov_db_iface *sriov_db_add_iface(struct sriov_db *,
                                          struct sriov_db_port *,
                                          const char *name);

/* Memory. */

struct sriov_track {
    struct hmap_node node;      /* In struct sriov_memory, by key. */
    char *key;
    int ifindex;                /* Of its link when last seen; 0 if absent. */
    bool set_up;                /* That link was set up once, ... */
    bool set_hw_tc;             /* ...its hw-tc-offload on. */
    bool ours;                  /* We have a port for it... */
    struct uuid bridge;         /* ...in this bridge. */
    bool denied;                /* A person deleted our port. */
    bool seen;                  /* Was present since ovs-vswitchd started. */
    long long int absent_since; /* When 'ifindex' became 0, in ms. */
};

struct sriov_memory {
    struct hmap tracks;         /* Contains "struct sriov_track"s. */
};

void sriov_memory_init(struct sriov_memory *);
void sriov_memory_destroy(struct sriov_memory *);
void sriov_memory_update(struct sriov_memory *, const struct sriov_table *,
                         const struct sriov_db *, long long int now);
void sriov_memory_forgive(struct sriov_memory *);
struct sriov_track *sriov_memory_find(const struct sriov_memory *,
                                      const char *key);

/* Plan. */

/* Why a representor is, or is not, a port. */
enum sriov_reason {
    SRIOV_ADDED,                /* We added it. */
    SRIOV_ADDING,               /* It is in the plan. */
    SRIOV_OTHERS,               /* A port that somebody else added. */
    SRIOV_NO_NETDEV,
    SRIOV_WAIT_UDEV,
    SRIOV_NO_BRIDGE,
    SRIOV_AMBIGUOUS,
    SRIOV_DISABLED,             /* sriov-auto-add. */
    SRIOV_UNLISTED,             /* sriov-representors. */
    SRIOV_DENIED,
    SRIOV_INACTIVE,             /* other_config:sriov=false. */
};

struct sriov_decision {
    const struct sriov_port *port;      /* The representor. */
    const struct sriov_port *uplink;    /* Through which 'bridge' was found, or
                                         * NULL. */
    const struct sriov_db_bridge *bridge;       /* NULL if there is none. */
    const struct sriov_db_iface *iface; /* Set if it is a port already. */
    enum sriov_reason reason;
};

enum sriov_op_type {
    SRIOV_OP_ADD,               /* Add 'decision->port' to its bridge. */
    SRIOV_OP_REPLACE,           /* Make 'old' one with the name and the bridge
                                 * that 'decision' has. */
    SRIOV_OP_MTU,               /* Set mtu_request of 'old' to 'mtu'. */
    SRIOV_OP_REMOVE,            /* Remove 'old'. */
    SRIOV_OP_LINK,              /* Prepare the link of 'port'. */
};

struct sriov_op {
    enum sriov_op_type type;
    const struct sriov_decision *decision;
    const struct sriov_db_port *old;
    const struct sriov_port *port;
    bool up, hw_tc;             /* SRIOV_OP_LINK: what to set. */
    unsigned int mtu;           /* Bytes; 0 for none. */
};

struct sriov_plan {
    struct sriov_decision *decisions;   /* In the order of the table. */
    size_t n_decisions;
    struct sriov_op *ops;
    size_t n_ops, allocated_ops;
    long long int wake;         /* Make a new one then (ms), or LLONG_MAX. */
};

struct sriov_plan_input {
    const struct sriov_table *table;
    const struct sriov_db *db;
    const struct sriov_memory *memory;
    bool enabled;               /* other_config:sriov is not false. */
    bool acting;                /* 'enabled', and there is an eswitch. */
    bool hw_tc;                 /* Turn hw-tc-offload on. */
    long long int now;          /* In ms. */
    long long int started;      /* When ovs-vswitchd was, likewise. */
};

struct sriov_plan *sriov_plan_create(const struct sriov_plan_input *);
void sriov_plan_destroy(struct sriov_plan *);
const struct sriov_decision *sriov_plan_find(const struct sriov_plan *,
                                             const struct sriov_port *);
void sriov_reason_format(const struct sriov_decision *, struct ds *);

/* Where an uplink is: the bridge and the port of it that hold it. */
const struct sriov_db_iface *sriov_uplink_iface(const struct sriov_db *,
                                                const struct sriov_table *,
                                                const struct sriov_port *);

char *sriov_port_key(const struct sriov_port *);
char *sriov_key(const char *dev, const char *label);
char *sriov_dev_id(const char *bus, const char *name);
bool sriov_representors_parse(const char *list, const char *label,
                              bool *match);

#endif /* sriov-plan.h */

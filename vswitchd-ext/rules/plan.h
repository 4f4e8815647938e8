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
 *     model   --+
 *     view    --+--> PLAN --> write, reader, datapath/ports
 *     history --+      +----> show
 *
 * Every rule about which representor becomes a port of which bridge, whose
 * port it then is, and when it goes, is in plan.c.  It does no I/O, and
 * the time comes as an argument. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ds;
struct sriov_view;
struct sriov_view_bridge;
struct sriov_view_iface;
struct sriov_view_port;
struct sriov_history;
struct sriov_port;
struct sriov_model;

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
    SRIOV_OWNED,                /* The same, by default: others add ports. */
    SRIOV_UNLISTED,             /* sriov-representors. */
    SRIOV_DENIED,
    SRIOV_INACTIVE,             /* other_config:sriov=false. */
    SRIOV_FAULTY,               /* Its driver, see rules/drivers.h. */
    SRIOV_NAME_TAKEN,           /* By a Port that holds something else. */
    SRIOV_USERSPACE,            /* On a userspace bridge whose uplink is no
                                 * DPDK port. */
    SRIOV_DPDK_DRIVER,          /* DPDK has no port for it... */
    SRIOV_DPDK_PF,              /* ...since it is a PF. */
    SRIOV_NO_DPDK,              /* DPDK is not initialized. */
};

struct sriov_decision {
    const struct sriov_port *port;      /* The representor. */
    const struct sriov_port *uplink;    /* The nearest one that is in 'bridge',
                                         * or NULL. */
    const struct sriov_view_iface *uplink_iface;    /* What 'uplink' is there,
                                                     * or NULL. */
    const struct sriov_view_bridge *bridge;       /* NULL if there is none. */
    bool type_known;            /* It is known what type the Interface is to
                                 * have: */
    char *devargs;              /* "dpdk" with these, else "" (NULL). */
    const struct sriov_view_iface *iface; /* Set if it is a port already. */
    enum sriov_reason reason;
};

enum sriov_op_type {
    SRIOV_OP_ADD,               /* Add 'decision->port' to its bridge. */
    SRIOV_OP_REPLACE,           /* Make 'old' one with the name and the bridge
                                 * that 'decision' has. */
    SRIOV_OP_MTU,               /* Set mtu_request of 'old' to 'mtu'. */
    SRIOV_OP_VF,                /* Note in 'old' the PCI address of the VF of
                                 * 'port'. */
    SRIOV_OP_RETYPE,            /* Make 'old' a port of the other type, in
                                 * place. */
    SRIOV_OP_REMOVE,            /* Remove 'old'. */
    SRIOV_OP_REATTACH,          /* Have DPDK attach 'old' to its new device, or
                                 * all ports of the device of 'port', an uplink
                                 * (then 'old' is NULL). */
    SRIOV_OP_RETRY,             /* Have bridge.c try again to add 'old'. */
    SRIOV_OP_DELETED,           /* Note 'deleted' in 'bridge'. */
    SRIOV_OP_LINK,              /* Prepare the link of 'port', or look at
                                 * it. */
};

struct sriov_op {
    enum sriov_op_type type;
    const struct sriov_decision *decision;
    const struct sriov_view_port *old;
    const struct sriov_view_bridge *bridge;
    char *deleted;              /* Keys, separated by commas; "" for none. */
    const struct sriov_port *port;
    bool up, hw_tc;             /* SRIOV_OP_LINK: what to set... */
    bool policer;               /* ...and whether to look at its policer. */
    bool closed;                /* SRIOV_OP_ADD: "ovs-sriov vm" opens it. */
    unsigned int mtu;           /* Bytes; 0 for none. */
    int64_t ofport;             /* SRIOV_OP_REPLACE: the OpenFlow port number
                                 * to go on with; 0 for any. */
    bool set_type;              /* Give the Interface the type and... */
    const char *devargs;        /* ...the dpdk-devargs that are ours; NULL for
                                 * type "". */
};

struct sriov_plan {
    struct sriov_decision *decisions;   /* In the order of the model. */
    size_t n_decisions;
    struct sriov_op *ops;
    size_t n_ops, allocated_ops;
    bool writes;                /* Any of 'ops' changes the database. */
    bool absent;                /* A port of ours has no device. */
    long long int wake;         /* Make a new one then (ms), or LLONG_MAX. */
};

struct sriov_plan_input {
    const struct sriov_model *model;
    const struct sriov_view *view;
    const struct sriov_history *history;
    bool enabled;               /* other_config:sriov is not false. */
    bool acting;                /* 'enabled', and there is an eswitch. */
    bool forced;                /* other_config:sriov=true: any driver will
                                 * do. */
    bool hw_tc;                 /* Turn hw-tc-offload on. */
    bool dpdk;                  /* DPDK is initialized. */
    long long int now;          /* In ms. */
    long long int started;      /* When ovs-vswitchd was, likewise. */
};

/* Returns what is to be done, and why, for 'in'.  The plan points into 'in',
 * which must outlive it.  The caller must free it with
 * sriov_plan_destroy(). */
struct sriov_plan *sriov_plan_create(const struct sriov_plan_input *in);

/* Frees a plan, which may be NULL. */
void sriov_plan_destroy(struct sriov_plan *);

/* Returns true if 'op' changes the database, false if it does something to the
 * device or in ovs-vswitchd. */
bool sriov_op_writes(const struct sriov_op *op);

/* Appends to 's' who added the port of 'd', or why it is not one. */
void sriov_reason_format(const struct sriov_decision *d, struct ds *s);

/* Where an uplink is: the bridge and the port of it that hold it. */
const struct sriov_view_iface *sriov_uplink_iface(const struct sriov_view *,
                                                const struct sriov_model *,
                                                const struct sriov_port *);

/* Parses 'list', the value of a bridge's sriov-representors, and stores in
 * '*match' whether it names the representor 'label'.  Returns false if the
 * list cannot be read. */
bool sriov_representors_parse(const char *list, const char *label,
                              bool *match);

#endif /* plan.h */

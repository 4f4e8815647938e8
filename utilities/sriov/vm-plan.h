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

#ifndef SRIOV_VM_PLAN_H
#define SRIOV_VM_PLAN_H 1

/* The plan of "ovs-sriov vm": what is to be done with the port of each VF.
 *
 *     sources --> claims --+
 *     netlink --> VFs -----+--> PLAN --> netlink, OVSDB
 *     OVSDB --> states ----+
 *
 * A function of these alone: no I/O and no memory.  A plan has at most one
 * step for a VF; when that is done, the next plan has the one after it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "openvswitch/types.h"
#include "sriov/vm-settings.h"
#include "sset.h"

/* What a Port row says about the VF behind it. */
enum vm_state {
    VM_NONE,                    /* We have nothing to do with it. */
    VM_CLOSED,                  /* No VM has it: nothing in, link down. */
    VM_CUT_OFF,                 /* Likewise, and a VM has it: see 'why'. */
    VM_PREPARED,                /* Settings are in force, link down. */
    VM_OPEN,                    /* ...and link up. */
    VM_KEPT,                    /* As it was when settings came about, since a
                                 * VM had it already. */
};

/* A VF with a representor. */
struct vm_vf {
    char *pci;                  /* Its PCI address... */
    char *pf;                   /* ...and its PF's. */
    unsigned int number;
    uint32_t port;              /* devlink port index. */
    char *rep;                  /* Network device... */
    int ifindex;                /* ...and its number. */
    bool up;                    /* The representor's link is. */
    bool anew;                  /* It is another device than the one that we
                                 * last did something to or, if there is none
                                 * since we were started, its link is down:
                                 * what the NIC had of settings went with the
                                 * one before. */
    bool has_mac;
    struct eth_addr mac;        /* The function's; zeros without 'has_mac':
                                 * mlx5's VFs have none until somebody sets
                                 * one. */
    bool shut;                  /* We closed it in the kernel, and prepared it
                                 * for nobody since, whatever its row says. */
    bool prepared;              /* We prepared it, and did not close it since,
                                 * since we were started. */
    bool mac_reset;             /* We gave it 'own_mac' back since, whether it
                                 * took that or not. */

    bool has_row;               /* The representor is a Port... */
    char *bridge;               /* ...of this Bridge, or NULL... */
    enum vm_state state;        /* ...which says this... */
    char *owner;                /* ...of "VM/DEVICE", or NULL... */
    long long int pid;          /* ...with this process, 0 for none... */
    char *settings;             /* ...with these, or NULL... */
    char *why;                  /* ...cut off for this reason, or NULL... */
    bool has_own_mac;
    struct eth_addr own_mac;    /* ...and the address without a VM, which can
                                 * be none: zeros. */
    bool as_written;            /* Its VLANs and sources are those of state and
                                 * settings. */
    bool clean;                 /* No flow of who had it before is left. */
};

/* A VM that has a VF. */
struct vm_claim {
    char *pci;                  /* Of the VF. */
    char *vm;                   /* Number, or UUID. */
    char *name;                 /* For people, or NULL. */
    char *device;               /* "hostpci0", or NULL: not known yet. */
    long long int pid;          /* Process, or 0. */
    bool running;               /* False: the VM is about to start. */
    bool fixed;                 /* From sriov.conf: no VM, but always there. */
    bool own;                   /* There are settings for the VM, besides an
                                 * address that was made for it. */
    long long int started;      /* When it did (s since 1970), or 0. */
    struct vm_settings settings;
    char *error;                /* What is wrong with them, or NULL. */
};

/* What the sources say. */
struct vm_facts {
    struct vm_claim *claims;
    size_t n_claims, allocated_claims;
    struct sset managed;        /* PCI addresses of VFs with settings for
                                 * whoever gets them. */
    bool unknown;               /* Some settings cannot be read: what there
                                 * is stays managed. */
    long long int changed;      /* When settings were, s since 1970. */
    long long int expires;      /* Look again then (s), or LLONG_MAX. */
};

/* Makes empty facts, and frees what is in them. */
void vm_facts_init(struct vm_facts *);
void vm_facts_destroy(struct vm_facts *);

/* Returns a new claim, all of it zeros but for 'pci' and 'vm'. */
struct vm_claim *vm_facts_add_claim(struct vm_facts *, const char *pci,
                                    const char *vm);

/* Takes back the claim that was added last. */
void vm_facts_remove_last(struct vm_facts *);

enum vm_op_type {
    VM_OP_CLOSE,                /* Link down, no VLAN, own address; with
                                 * 'claim' and 'why': a VM is cut off. */
    VM_OP_PREPARE,              /* Put the settings in force. */
    VM_OP_UP,                   /* Link up. */
    VM_OP_REPAIR,               /* Write again what somebody changed. */
    VM_OP_KEEP,                 /* Note that it stays as it is. */
    VM_OP_RELEASE,              /* Nothing is configured any more: make it
                                 * as if we had never been. */
};

struct vm_op {
    enum vm_op_type type;
    const struct vm_vf *vf;
    const struct vm_claim *claim; /* Or NULL. */
    char *why;                  /* VM_OP_CLOSE: see above, or NULL... */
    bool refused;               /* ...and trying again is of no use until
                                 * settings change. */
};

struct vm_plan {
    struct vm_op *ops;          /* Those that close come first. */
    size_t n_ops, allocated_ops;
};

struct vm_plan_input {
    const struct vm_vf *vfs;
    size_t n_vfs;
    const struct vm_facts *facts;
    bool applied;               /* ovs-vswitchd has done what OVSDB says. */
    bool two_tags;              /* It looks at two VLAN tags of a frame. */
    const struct sset *outputs; /* "BRIDGE PORT"s that a mirror can have. */
};

/* Returns what is to be done, to be freed with vm_plan_destroy().  It points
 * into 'in'. */
struct vm_plan *vm_plan_create(const struct vm_plan_input *in);

/* Frees a plan, which may be NULL. */
void vm_plan_destroy(struct vm_plan *);

/* Appends what 'op' does, for people. */
void vm_op_format(const struct vm_op *, struct ds *);

/* Returns "VM/DEVICE", which the caller must free. */
char *vm_claim_owner(const struct vm_claim *);

/* Its name, as OVSDB has it, and back; false if it is none. */
const char *vm_state_to_string(enum vm_state);
bool vm_state_from_string(const char *, enum vm_state *);

/* Returns true if 'vf' has the address that it has without a VM, as far as the
 * NIC can be had to: instead of none, vm_no_mac. */
bool vm_vf_has_own_mac(const struct vm_vf *);

/* In place of none, for NICs that do not take zeros.  libvirt has the same
 * (util/virnetdev.c, virNetDevSetNetConfig()). */
extern const struct eth_addr vm_no_mac;

/* Frees what 'vf' has. */
void vm_vf_destroy(struct vm_vf *);

#endif /* vm-plan.h */

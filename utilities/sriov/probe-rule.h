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

#ifndef SRIOV_PROBE_RULE_H
#define SRIOV_PROBE_RULE_H 1

/* Flower rules as Open vSwitch makes them, one at a time, for "ovs-sriov
 * probe": by lib/tc.c, so that what a driver says of one it says of a flow.
 * All functions wait for the kernel. */

#include <stdbool.h>
#include <stdint.h>
#include "openvswitch/types.h"

enum probe_action_type {
    PROBE_OUTPUT,               /* To 'ifindex'. */
    PROBE_PUSH,                 /* VLAN 'vid'. */
    PROBE_POP,
    PROBE_POLICE,               /* As a meter does. */
    PROBE_CT,                   /* Connection tracking. */
    PROBE_GOTO,                 /* Chain 1. */
};

struct probe_action {
    enum probe_action_type type;
    int ifindex;
    uint16_t vid;
};

/* As many as lib/tc.c puts into a rule. */
#define PROBE_MAX_ACTIONS 16

/* What comes in at 'ifindex' and goes to address 'dst'. */
struct probe_rule {
    int ifindex;
    struct eth_addr dst;
    uint16_t vid;               /* With this VLAN tag; 0: with none. */
    uint16_t ethertype;         /* Host byte order, behind the tag. */
    bool tunnel;                /* 'ifindex' is that of a tunnel. */
    bool skip_sw;               /* Refused unless the driver takes it. */
    struct probe_action actions[PROBE_MAX_ACTIONS];
    size_t n;                   /* 0: drop. */

    uint32_t handle;            /* The kernel's, while the rule is there. */
};

/* To be called once, first. */
void probe_rule_init(void);

/* Adds the rule.  Stores in '*in_hw' whether the driver has taken it.  Returns
 * 0 or a positive errno value.  '*detail' is what kernel or driver said about
 * the error, which the caller must free, or NULL. */
int probe_rule_add(struct probe_rule *, bool *in_hw, char **detail);
void probe_rule_del(struct probe_rule *);

/* Returns how many packets the rule has counted, in hardware or not. */
uint64_t probe_rule_packets(const struct probe_rule *);

/* Makes a VXLAN device 'name', and deletes it.  Returns 0 or a positive errno
 * value. */
struct nl_sock;
int probe_vxlan_add(struct nl_sock *route, const char *name);
void probe_vxlan_del(struct nl_sock *route, const char *name);

#endif /* probe-rule.h */

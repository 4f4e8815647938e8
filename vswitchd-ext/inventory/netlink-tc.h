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

#ifndef SRIOV_NETLINK_TC_H
#define SRIOV_NETLINK_TC_H 1

/* Flower rules, one at a time, for trying what a driver accepts: in one file
 * with inventory/netlink.h's ways, and for those that may wait.  Errors are
 * positive errno values, '*detail' is as sriov_nl_transact() has it. */

#include <stdbool.h>
#include <stdint.h>
#include "openvswitch/types.h"

enum sriov_nl_action_type {
    SRIOV_NL_DROP,
    SRIOV_NL_COPY,              /* To 'ifindex', and on. */
    SRIOV_NL_OUTPUT,            /* To 'ifindex', the last action. */
    SRIOV_NL_PUSH,              /* VLAN 'vid'. */
    SRIOV_NL_POP,
    SRIOV_NL_POLICE,            /* Some rate. */
    SRIOV_NL_CT,                /* Connection tracking. */
    SRIOV_NL_DECAP,             /* Of a frame that came out of a tunnel. */
    SRIOV_NL_GOTO,              /* Chain 1. */
};

struct sriov_nl_action {
    enum sriov_nl_action_type type;
    int ifindex;
    uint16_t vid;
};

struct sriov_nl;

#define SRIOV_NL_MAX_ACTIONS 32

/* What comes in at 'ifindex' and goes to address 'dst'. */
struct sriov_nl_rule {
    int ifindex;
    struct eth_addr dst;
    uint16_t vid;               /* With this VLAN tag; 0: with none. */
    uint16_t ethertype;         /* Host byte order; 0: any. */
    bool tunnel;                /* 'ifindex' is that of a tunnel. */
    bool skip_sw;               /* Refused unless the driver takes it. */
    struct sriov_nl_action actions[SRIOV_NL_MAX_ACTIONS];
    size_t n;
};

/* Adds the rule, or fails with EEXIST if another one has its place.  Stores in
 * '*in_hw' whether the driver has taken it. */
int sriov_nl_rule_add(const struct sriov_nl *, const struct sriov_nl_rule *,
                      bool *in_hw, char **detail);
int sriov_nl_rule_del(const struct sriov_nl *, const struct sriov_nl_rule *);

/* Stores in '*packets' how many the rule has counted, in hardware or not. */
int sriov_nl_rule_packets(const struct sriov_nl *,
                          const struct sriov_nl_rule *, uint64_t *packets);

/* Adds or deletes the qdisc "ingress", where rules are.  EEXIST: the link has
 * one. */
int sriov_nl_ingress_add(const struct sriov_nl *, int ifindex,
                         char **detail);
int sriov_nl_ingress_del(const struct sriov_nl *, int ifindex);

/* Makes a VXLAN device 'name', and deletes it. */
int sriov_nl_vxlan_add(const struct sriov_nl *, const char *name);
int sriov_nl_vxlan_del(const struct sriov_nl *, const char *name);

#endif /* netlink-tc.h */

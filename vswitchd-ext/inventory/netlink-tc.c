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

/* See inventory/netlink-tc.h for where this stands, and net/sched/cls_flower.c
 * and act_*.c in the kernel for the messages. */

#include <config.h>
#include "inventory/netlink-tc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/gen_stats.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_ct.h>
#include <linux/tc_act/tc_gact.h>
#include <linux/tc_act/tc_mirred.h>
#include <linux/tc_act/tc_tunnel_key.h>
#include <linux/tc_act/tc_vlan.h>
#include <netlink/route/link.h>
#include <netlink/route/link/vxlan.h>
#include <string.h>

#include "inventory/netlink.h"
#include "util.h"

enum {
    /* mlx5 knows 16 priorities where its firmware is old (en/fs.h,
     * FDB_TC_MAX_PRIO, Linux 6.1). */
    PRIORITY = 16,
    RULE_HANDLE = 1,
    VXLAN_PORT = 4790,          /* Not what a VXLAN in use has. */
};

static struct nl_msg *
tc_request(int type, int flags, const struct tcmsg *tcm)
{
    struct nl_msg *msg = nlmsg_alloc_simple(type, flags);

    if (!msg || nlmsg_append(msg, CONST_CAST(struct tcmsg *, tcm),
                             sizeof *tcm, NLMSG_ALIGNTO)) {
        out_of_memory();
    }
    return msg;
}

static uint16_t
protocol_of(const struct sriov_nl_rule *rule)
{
    return rule->vid ? ETH_P_8021Q
           : rule->ethertype ? rule->ethertype : ETH_P_ALL;
}

static struct nl_msg *
rule_request(int type, int flags, const struct sriov_nl_rule *rule)
{
    const struct tcmsg tcm = {
        .tcm_ifindex = rule->ifindex,
        .tcm_handle = RULE_HANDLE,
        .tcm_parent = TC_H_MAKE(TC_H_INGRESS, 0),
        .tcm_info = TC_H_MAKE(PRIORITY << 16, htons(protocol_of(rule))),
    };
    struct nl_msg *msg = tc_request(type, flags, &tcm);

    nla_put_string(msg, TCA_KIND, "flower");
    return msg;
}

/* Actions. */

static void
put_police(struct nl_msg *msg)
{
    static const uint8_t table[TC_RTAB_SIZE];   /* Is not looked at. */
    const struct tc_police police = {
        .action = TC_ACT_SHOT,
        .burst = 1000 * 1000,
        .rate = {
            .rate = 1000 * 1000,
            .linklayer = TC_LINKLAYER_ETHERNET,
            .cell_log = 10,
        },
    };

    nla_put(msg, TCA_POLICE_TBF, sizeof police, &police);
    nla_put(msg, TCA_POLICE_RATE, sizeof table, table);
    nla_put_u32(msg, TCA_POLICE_RESULT, TC_ACT_PIPE);
}

static void
put_mirred(struct nl_msg *msg, const struct sriov_nl_action *action)
{
    bool last = action->type == SRIOV_NL_OUTPUT;
    const struct tc_mirred mirred = {
        .action = last ? TC_ACT_STOLEN : TC_ACT_PIPE,
        .eaction = last ? TCA_EGRESS_REDIR : TCA_EGRESS_MIRROR,
        .ifindex = action->ifindex,
    };

    nla_put(msg, TCA_MIRRED_PARMS, sizeof mirred, &mirred);
}

static void
put_vlan(struct nl_msg *msg, const struct sriov_nl_action *action)
{
    bool push = action->type == SRIOV_NL_PUSH;
    const struct tc_vlan vlan = {
        .action = TC_ACT_PIPE,
        .v_action = push ? TCA_VLAN_ACT_PUSH : TCA_VLAN_ACT_POP,
    };

    nla_put(msg, TCA_VLAN_PARMS, sizeof vlan, &vlan);
    if (push) {
        nla_put_u16(msg, TCA_VLAN_PUSH_VLAN_ID, action->vid);
        nla_put_u16(msg, TCA_VLAN_PUSH_VLAN_PROTOCOL, htons(ETH_P_8021Q));
    }
}

static void
put_gact(struct nl_msg *msg, int result)
{
    const struct tc_gact gact = { .action = result };

    nla_put(msg, TCA_GACT_PARMS, sizeof gact, &gact);
}

static void
put_options(struct nl_msg *msg, const struct sriov_nl_action *action)
{
    static const struct tc_tunnel_key release = {
        .action = TC_ACT_PIPE, .t_action = TCA_TUNNEL_KEY_ACT_RELEASE,
    };
    static const struct tc_ct ct = { .action = TC_ACT_PIPE };

    switch (action->type) {
    case SRIOV_NL_DROP:
        put_gact(msg, TC_ACT_SHOT);
        break;
    case SRIOV_NL_GOTO:
        put_gact(msg, TC_ACT_GOTO_CHAIN | 1);
        break;
    case SRIOV_NL_COPY:
    case SRIOV_NL_OUTPUT:
        put_mirred(msg, action);
        break;
    case SRIOV_NL_PUSH:
    case SRIOV_NL_POP:
        put_vlan(msg, action);
        break;
    case SRIOV_NL_POLICE:
        put_police(msg);
        break;
    case SRIOV_NL_CT:
        nla_put(msg, TCA_CT_PARMS, sizeof ct, &ct);
        nla_put_u16(msg, TCA_CT_ACTION, 0);
        break;
    case SRIOV_NL_DECAP:
        nla_put(msg, TCA_TUNNEL_KEY_PARMS, sizeof release, &release);
        break;
    default:
        OVS_NOT_REACHED();
    }
}

static void
put_action(struct nl_msg *msg, int number,
           const struct sriov_nl_action *action)
{
    static const char *const kinds[] = {
        [SRIOV_NL_DROP] = "gact",
        [SRIOV_NL_GOTO] = "gact",
        [SRIOV_NL_COPY] = "mirred",
        [SRIOV_NL_OUTPUT] = "mirred",
        [SRIOV_NL_PUSH] = "vlan",
        [SRIOV_NL_POP] = "vlan",
        [SRIOV_NL_POLICE] = "police",
        [SRIOV_NL_CT] = "ct",
        [SRIOV_NL_DECAP] = "tunnel_key",
    };
    struct nlattr *nest = nla_nest_start(msg, number);

    nla_put_string(msg, TCA_ACT_KIND, kinds[action->type]);
    struct nlattr *options = nla_nest_start(msg,
                                            TCA_ACT_OPTIONS | NLA_F_NESTED);
    put_options(msg, action);
    nla_nest_end(msg, options);
    nla_nest_end(msg, nest);
}

/* Rules. */

static void
put_match(struct nl_msg *msg, const struct sriov_nl_rule *rule)
{
    static const uint8_t exact[ETH_ALEN]
        = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

    nla_put(msg, TCA_FLOWER_KEY_ETH_DST, ETH_ALEN, rule->dst.ea);
    nla_put(msg, TCA_FLOWER_KEY_ETH_DST_MASK, ETH_ALEN, exact);
    if (protocol_of(rule) != ETH_P_ALL) {
        nla_put_u16(msg, TCA_FLOWER_KEY_ETH_TYPE, htons(protocol_of(rule)));
    }
    if (rule->vid) {
        nla_put_u16(msg, TCA_FLOWER_KEY_VLAN_ID, rule->vid);
        nla_put_u8(msg, TCA_FLOWER_KEY_VLAN_PRIO, 0);
    }
    if (rule->tunnel) {
        nla_put_u32(msg, TCA_FLOWER_KEY_ENC_KEY_ID, htonl(1));
        nla_put_u32(msg, TCA_FLOWER_KEY_ENC_IPV4_DST, htonl(0xc0000201));
        nla_put_u16(msg, TCA_FLOWER_KEY_ENC_UDP_DST_PORT, htons(VXLAN_PORT));
    }
}

/* What the kernel says of a rule. */
struct rule_state {
    bool in_hw;
    uint64_t packets;
};

/* Adds to '*packets' what the action in 'nla' has counted. */
static void
count_action(struct nlattr *nla, uint64_t *packets)
{
    static const struct nla_policy policy[TCA_ACT_MAX + 1] = {
        [TCA_ACT_STATS] = { .type = NLA_NESTED },
    };
    static const struct nla_policy stats_policy[TCA_STATS_MAX + 1] = {
        [TCA_STATS_BASIC] = { .minlen = sizeof(struct gnet_stats_basic) },
    };
    struct nlattr *tb[TCA_ACT_MAX + 1], *stats[TCA_STATS_MAX + 1];
    struct gnet_stats_basic basic;

    if (sriov_nl_parse_nested(nla, policy, tb, TCA_ACT_MAX)
        && tb[TCA_ACT_STATS]
        && sriov_nl_parse_nested(tb[TCA_ACT_STATS], stats_policy, stats,
                                 TCA_STATS_MAX)
        && stats[TCA_STATS_BASIC]) {
        memcpy(&basic, nla_data(stats[TCA_STATS_BASIC]), sizeof basic);
        *packets = MAX(*packets, basic.packets);
    }
}

static void
rule_reply(struct nlmsghdr *nlh, void *state_)
{
    static const struct nla_policy policy[TCA_MAX + 1] = {
        [TCA_OPTIONS] = { .type = NLA_NESTED },
    };
    static const struct nla_policy flower_policy[TCA_FLOWER_MAX + 1] = {
        [TCA_FLOWER_FLAGS] = { .type = NLA_U32 },
        [TCA_FLOWER_ACT] = { .type = NLA_NESTED },
    };
    struct nlattr *tb[TCA_MAX + 1], *flower[TCA_FLOWER_MAX + 1];
    struct rule_state *state = state_;
    struct nlattr *nla;
    int left;

    if (nlh->nlmsg_type != RTM_NEWTFILTER
        || !sriov_nl_parse(nlh, sizeof(struct tcmsg), policy, tb, TCA_MAX)
        || !tb[TCA_OPTIONS]
        || !sriov_nl_parse_nested(tb[TCA_OPTIONS], flower_policy, flower,
                                  TCA_FLOWER_MAX)) {
        return;
    }
    if (flower[TCA_FLOWER_FLAGS]) {
        state->in_hw = (nla_get_u32(flower[TCA_FLOWER_FLAGS])
                        & TCA_CLS_FLAGS_IN_HW) != 0;
    }
    if (flower[TCA_FLOWER_ACT]) {
        nla_for_each_nested (nla, flower[TCA_FLOWER_ACT], left) {
            count_action(nla, &state->packets);
        }
    }
}

int
sriov_nl_rule_add(const struct sriov_nl *nl, const struct sriov_nl_rule *rule,
                  bool *in_hw, char **detail)
{
    struct nl_msg *msg = rule_request(
        RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ECHO, rule);
    struct nlattr *options = nla_nest_start(msg, TCA_OPTIONS | NLA_F_NESTED);
    struct rule_state state = { .in_hw = false };
    int error;

    put_match(msg, rule);
    nla_put_u32(msg, TCA_FLOWER_FLAGS,
                rule->skip_sw ? TCA_CLS_FLAGS_SKIP_SW : 0);
    struct nlattr *actions = nla_nest_start(msg,
                                            TCA_FLOWER_ACT | NLA_F_NESTED);
    for (size_t i = 0; i < rule->n; i++) {
        put_action(msg, i + 1, &rule->actions[i]);
    }
    nla_nest_end(msg, actions);
    nla_nest_end(msg, options);
    error = sriov_nl_transact(nl->route, msg, rule_reply, &state, detail);
    *in_hw = state.in_hw;
    return error;
}

int
sriov_nl_rule_del(const struct sriov_nl *nl, const struct sriov_nl_rule *rule)
{
    return sriov_nl_transact(nl->route, rule_request(RTM_DELTFILTER, 0, rule),
                             NULL, NULL, NULL);
}

int
sriov_nl_rule_packets(const struct sriov_nl *nl,
                      const struct sriov_nl_rule *rule, uint64_t *packets)
{
    struct rule_state state = { .packets = 0 };
    int error = sriov_nl_transact(nl->route,
                                  rule_request(RTM_GETTFILTER, 0, rule),
                                  rule_reply, &state, NULL);

    *packets = state.packets;
    return error;
}

/* What rules need. */

static struct nl_msg *
ingress_request(int type, int flags, int ifindex)
{
    const struct tcmsg tcm = {
        .tcm_ifindex = ifindex,
        .tcm_handle = TC_H_MAKE(TC_H_INGRESS, 0),
        .tcm_parent = TC_H_INGRESS,
    };
    struct nl_msg *msg = tc_request(type, flags, &tcm);

    nla_put_string(msg, TCA_KIND, "ingress");
    return msg;
}

int
sriov_nl_ingress_add(const struct sriov_nl *nl, int ifindex, char **detail)
{
    return sriov_nl_transact(
        nl->route, ingress_request(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL,
                               ifindex), NULL, NULL, detail);
}

int
sriov_nl_ingress_del(const struct sriov_nl *nl, int ifindex)
{
    return sriov_nl_transact(nl->route,
                             ingress_request(RTM_DELQDISC, 0, ifindex),
                             NULL, NULL, NULL);
}

int
sriov_nl_vxlan_add(const struct sriov_nl *nl, const char *name)
{
    struct rtnl_link *link = rtnl_link_vxlan_alloc();
    struct nl_msg *msg;
    int error = ENOMEM;

    if (link) {
        rtnl_link_set_name(link, name);
        rtnl_link_vxlan_set_collect_metadata(link, 1);
        rtnl_link_vxlan_set_port(link, VXLAN_PORT);
        if (!rtnl_link_build_add_request(link, NLM_F_CREATE | NLM_F_EXCL,
                                         &msg)) {
            error = sriov_nl_transact(nl->route, msg, NULL, NULL, NULL);
        }
        rtnl_link_put(link);
    }
    return error;
}

int
sriov_nl_vxlan_del(const struct sriov_nl *nl, const char *name)
{
    struct rtnl_link *link = rtnl_link_alloc();
    struct nl_msg *msg;
    int error = ENOMEM;

    if (link) {
        rtnl_link_set_name(link, name);
        if (!rtnl_link_build_delete_request(link, &msg)) {
            error = sriov_nl_transact(nl->route, msg, NULL, NULL, NULL);
        }
        rtnl_link_put(link);
    }
    return error;
}

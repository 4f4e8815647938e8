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

/* See probe-rule.h for where this stands. */

#include <config.h>
#include "sriov/probe-rule.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/link/vxlan.h>
#include <string.h>
#include <time.h>

#include "datapath/attempts.h"
#include "netdev-linux.h"
#include "openvswitch/ofp-meter.h"
#include "openvswitch/util.h"
#include "openvswitch/vlog.h"
#include "packets.h"
#include "tc.h"
#include "util.h"

enum {
    /* mlx5 knows 16 priorities where its firmware is old (en/fs.h,
     * FDB_TC_MAX_PRIO, Linux 6.1). */
    PRIORITY = 16,
    VXLAN_PORT = 4790,          /* Not what a VXLAN in use has. */

    /* The last of those that Open vSwitch has for meters, of which it takes
     * the first that is free. */
    POLICE_INDEX = METER_POLICE_IDS_MAX,
    POLICE_KBITS = 8000,

    /* How often a police action is asked to go, and how long to wait in
     * between: a filter lets go of it behind its own deletion (act_api.c,
     * tcf_idr_delete_index(), Linux 6.12: EPERM until then). */
    MAX_TRIES = 200,
    PAUSE_NS = 5 * 1000 * 1000,
};

void
probe_rule_init(void)
{
    /* What is refused here is a finding, not a fault. */
    vlog_set_levels(vlog_module_from_name("netdev_linux"),
                    VLF_ANY_DESTINATION, VLL_OFF);
    vlog_set_levels(vlog_module_from_name("tc"), VLF_ANY_DESTINATION, VLL_OFF);
}

static struct tcf_id
rule_id(const struct probe_rule *rule)
{
    struct tcf_id id = tc_make_tcf_id(rule->ifindex, 0, PRIORITY, TC_INGRESS);

    id.handle = rule->handle;
    return id;
}

/* What to match. */

static void
put_match(struct tc_flower *flower, const struct probe_rule *rule)
{
    flower->key.dst_mac = rule->dst;
    flower->mask.dst_mac = eth_addr_exact;
    flower->key.eth_type = htons(rule->ethertype);
    flower->mask.eth_type = OVS_BE16_MAX;
    if (rule->vid) {
        flower->key.encap_eth_type[0] = flower->key.eth_type;
        flower->mask.encap_eth_type[0] = OVS_BE16_MAX;
        flower->key.eth_type = htons(ETH_P_8021Q);
        flower->key.vlan_id[0] = rule->vid;
        flower->mask.vlan_id[0] = VLAN_VID_MASK;
        flower->mask.vlan_prio[0] = VLAN_PCP_MASK >> VLAN_PCP_SHIFT;
    }
    if (rule->tunnel) {
        flower->tunnel = true;
        flower->key.tunnel.id = htonll(1);
        flower->mask.tunnel.id = OVS_BE64_MAX;
        flower->key.tunnel.ipv4.ipv4_dst = htonl(0xc0000201);
        flower->mask.tunnel.ipv4.ipv4_dst = OVS_BE32_MAX;
        flower->key.tunnel.tp_dst = htons(VXLAN_PORT);
        flower->mask.tunnel.tp_dst = OVS_BE16_MAX;
    }
}

/* Actions. */

static void
put_action(struct tc_flower *flower, const struct probe_action *action)
{
    struct tc_action *tc = &flower->actions[flower->action_count++];

    switch (action->type) {
    case PROBE_OUTPUT:
        tc->type = TC_ACT_OUTPUT;
        tc->out.ifindex_out = action->ifindex;
        break;
    case PROBE_PUSH:
        tc->type = TC_ACT_VLAN_PUSH;
        tc->vlan.vlan_push_tpid = htons(ETH_P_8021Q);
        tc->vlan.vlan_push_id = action->vid;
        break;
    case PROBE_POP:
        tc->type = TC_ACT_VLAN_POP;
        break;
    case PROBE_POLICE:
        tc->type = TC_ACT_POLICE;
        tc->police.index = POLICE_INDEX;
        break;
    case PROBE_CT:
        tc->type = TC_ACT_CT;
        break;
    case PROBE_GOTO:
        tc->type = TC_ACT_GOTO;
        tc->chain = 1;
        break;
    default:
        OVS_NOT_REACHED();
    }
}

static bool
has_police(const struct probe_rule *rule)
{
    for (size_t i = 0; i < rule->n; i++) {
        if (rule->actions[i].type == PROBE_POLICE) {
            return true;
        }
    }
    return false;
}

static void
del_police(void)
{
    const struct timespec pause = { .tv_nsec = PAUSE_NS };

    for (int i = 0; i < MAX_TRIES; i++) {
        int error = tc_del_policer_action(POLICE_INDEX, NULL);

        if (!error || error == ENOENT) {
            break;
        }
        nanosleep(&pause, NULL);
    }
}

static int
add_police(void)
{
    int error = tc_add_policer_action(POLICE_INDEX, POLICE_KBITS, POLICE_KBITS,
                                      0, 0, false);

    if (error == EEXIST) {
        /* Left by a probe that was killed. */
        del_police();
        error = tc_add_policer_action(POLICE_INDEX, POLICE_KBITS,
                                      POLICE_KBITS, 0, 0, false);
    }
    return error;
}

/* Rules. */

/* Adds 'flower' by lib/tc.c, and returns as probe_rule_add() does. */
static int
replace_flower(struct tcf_id *id, struct tc_flower *flower, char **detail)
{
    static const ovs_u128 ufid = { .u32 = { 1 } };
    struct sriov_attempt attempt;
    int error;

    /* What kernels say goes to whoever attempts something. */
    sriov_attempt_begin();
    error = sriov_attempt_end("probe", &ufid, 0,
                              tc_replace_flower(id, flower));
    *detail = (error && sriov_attempts_get(&ufid, &attempt) && attempt.text[0]
               ? xstrdup(attempt.text) : NULL);
    sriov_attempt_forget(&ufid);
    return error;
}

int
probe_rule_add(struct probe_rule *rule, bool *in_hw, char **detail)
{
    struct tcf_id id = rule_id(rule);
    struct tc_flower flower;
    int error;

    *in_hw = false;
    *detail = NULL;
    memset(&flower, 0, sizeof flower);
    flower.tc_policy = rule->skip_sw ? TC_POLICY_SKIP_SW : TC_POLICY_NONE;
    put_match(&flower, rule);
    for (size_t i = 0; i < rule->n; i++) {
        put_action(&flower, &rule->actions[i]);
    }
    if (has_police(rule)) {
        error = add_police();
        if (error) {
            return error;
        }
    }
    error = replace_flower(&id, &flower, detail);
    if (!error) {
        rule->handle = id.handle;
        *in_hw = (!tc_get_flower(&id, &flower)
                  && flower.offloaded_state == TC_OFFLOADED_STATE_IN_HW);
    } else if (has_police(rule)) {
        del_police();
    }
    return error;
}

void
probe_rule_del(struct probe_rule *rule)
{
    struct tcf_id id = rule_id(rule);

    tc_del_flower_filter(&id);
    if (has_police(rule)) {
        del_police();
    }
    rule->handle = 0;
}

uint64_t
probe_rule_packets(const struct probe_rule *rule)
{
    struct tcf_id id = rule_id(rule);
    struct tc_flower flower;

    return (tc_get_flower(&id, &flower) ? 0
            : (get_32aligned_u64(&flower.stats_sw.n_packets)
               + get_32aligned_u64(&flower.stats_hw.n_packets)));
}

/* What rules need. */

int
probe_vxlan_add(struct nl_sock *route, const char *name)
{
    struct rtnl_link *link = rtnl_link_vxlan_alloc();
    int error = -NLE_NOMEM;

    if (link) {
        rtnl_link_set_name(link, name);
        rtnl_link_vxlan_set_collect_metadata(link, 1);
        rtnl_link_vxlan_set_port(link, VXLAN_PORT);
        /* From then on drivers know the UDP port as one of VXLAN; mlx5 refuses
         * what is at others (en/tc_tun_vxlan.c:19, Linux 6.12). */
        rtnl_link_set_flags(link, IFF_UP);
        error = rtnl_link_add(route, link, NLM_F_CREATE | NLM_F_EXCL);
        rtnl_link_put(link);
    }
    return (!error ? 0 : error == -NLE_EXIST ? EEXIST
            : error == -NLE_PERM ? EPERM : EOPNOTSUPP);
}

void
probe_vxlan_del(struct nl_sock *route, const char *name)
{
    struct rtnl_link *link = rtnl_link_alloc();

    if (link) {
        rtnl_link_set_name(link, name);
        rtnl_link_delete(route, link);
        rtnl_link_put(link);
    }
}

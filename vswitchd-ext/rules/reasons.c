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


/* See reasons.h for where this stands.  Texts are those of
 * lib/netdev-offload-tc.c (series 3.1 to 3.5), lib/dpif-offload-tc-netdev.c
 * (4.0), and of the kernel (read: 6.1 to 6.12): net/sched/cls_api.c,
 * cls_flower.c and, of drivers, mlx5's en_tc.c and en/tc/. */

#include <config.h>
#include "rules/reasons.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netlink.h"
#include "odp-netlink.h"
#include "odp-util.h"
#include "util.h"

static const char help_none[] = "nothing, as long as there is little of it";
static const char help_hash[] =
    "bond-offload=local or hash of that bond, and no select groups";
static const char help_queue[] =
    "limit the VF in the NIC instead: ip link set PF vf N max_tx_rate";
static const char help_room[] =
    "fewer flows: match fewer fields, lower max-idle; then "
    "ovs-appctl revalidator/purge has them tried again";
static const char help_flood[] =
    "nothing, as long as little is flooded; else fewer ports in a VLAN, and "
    "mirrors to fewer";
static const char help_local[] =
    "nothing, as long as little is flooded; where the host has no address on "
    "the bridge: ovs-ofctl mod-port BRIDGE BRIDGE no-flood";
static const char help_qdisc[] =
    "something removed it (tc qdisc show dev PORT): del-port and add-port it";
static const char help_conntrack[] =
    "load act_ct and nf_flow_table, or keep ct() out of this port's flows";
static const char help_unknown[] =
    "see what is unusual in the example's match and actions";

struct reason {
    const char *id;
    const char *text;
    const char *help;
};

/* Actions that Open vSwitch does not try, by OVS_ACTION_ATTR_*. */
static const struct {
    uint16_t type;
    struct reason reason;
} actions[] = {
    { OVS_ACTION_ATTR_SAMPLE,
      { "sampled", "is sampled (sFlow, IPFIX or the action sample)",
        "turn sFlow and IPFIX off for this bridge" } },
    { OVS_ACTION_ATTR_RECIRC,
      { "recirculation", "is looked up again (recirculates), which TC was not "
        "asked for", "a kernel with CONFIG_NET_TC_SKB_EXT, from 5.3 on" } },
    { OVS_ACTION_ATTR_HASH,
      { "hash", "is distributed by a hash, over a balance-tcp bond or a "
        "select group", help_hash } },
    { OVS_ACTION_ATTR_PUSH_MPLS,
      { "mpls", "gets an MPLS label", help_none } },
    { OVS_ACTION_ATTR_POP_MPLS,
      { "mpls", "loses an MPLS label", help_none } },
    { OVS_ACTION_ATTR_TRUNC,
      { "truncated", "is truncated, as a mirror with snaplen or "
        "output(max_len) does", "a mirror without snaplen" } },
    { OVS_ACTION_ATTR_CLONE,
      { "clone", "has a copy changed (the action clone)",
        "flood or mirror to ports that get the same headers" } },
    { OVS_ACTION_ATTR_CT,
      { "conntrack", "tracks connections in a way that TC cannot",
        "no alg= and no timeout policy in ct()" } },
    { OVS_ACTION_ATTR_CT_CLEAR,
      { "conntrack", "clears the connection state", help_conntrack } },
    { OVS_ACTION_ATTR_METER,
      { "meter", "has a meter that TC has no police action for",
        help_queue } },
    { OVS_ACTION_ATTR_CHECK_PKT_LEN,
      { "packet-length", "depends on the packet's length",
        "gateways with an MTU like their network's" } },
};

/* Those of 'actions' that it never offloads with DPDK, whatever their
 * arguments. */
static const struct {
    uint16_t type;
    struct reason reason;
} dpdk_actions[] = {
    { OVS_ACTION_ATTR_CT,
      { "conntrack", "tracks connections, which Open vSwitch does not offload "
        "with DPDK", "keep ct() out of this port's flows" } },
    { OVS_ACTION_ATTR_RECIRC,
      { "recirculation", "is looked up again (recirculates), which Open "
        "vSwitch does not offload with DPDK", "flows that need no second "
        "lookup" } },
    { OVS_ACTION_ATTR_METER,
      { "meter", "has a meter, which Open vSwitch does not offload with DPDK",
        help_queue } },
    { OVS_ACTION_ATTR_LB_OUTPUT,
      { "hash", "is distributed by a hash, over a balance-tcp bond "
        "(lb-output-action)", help_hash } },
};

/* Fields that Open vSwitch does not try to set, by OVS_KEY_ATTR_*. */
static const struct {
    uint16_t type;
    struct reason reason;
} sets[] = {
    { OVS_KEY_ATTR_PRIORITY,
      { "queue", "sets a queue (set_queue, enqueue)", help_queue } },
    { OVS_KEY_ATTR_SKB_MARK,
      { "pkt-mark", "sets pkt_mark", "use a register instead" } },
    { OVS_KEY_ATTR_MPLS, { "mpls", "sets an MPLS label", help_none } },
    { OVS_KEY_ATTR_ARP,
      { "arp", "answers ARP (sets fields of ARP)", help_none } },
    { OVS_KEY_ATTR_ND,
      { "nd", "answers neighbor discovery (sets fields of it)", help_none } },
};

/* What Open vSwitch says about matches and all else, by how it starts. */
static const struct {
    const char *said;
    struct reason reason;       /* Text NULL: as it was said. */
} by_ovs[] = {
    { "offloading attribute dp_hash",
      { "hash", "matches the hash that a balance-tcp bond or a select group "
        "distributes by", help_hash } },
    { "offloading attribute pkt_mark",
      { "pkt-mark", "matches pkt_mark", "match another field" } },
    { "offloading attribute skb_priority",
      { "queue", "matches skb_priority", "match another field" } },
    { "offloading attribute igmp",
      { "igmp", "is IGMP, which multicast snooping looks into", help_none } },
    { "offloading attribute nw_tos",
      { "match", "matches a part of the TOS that TC cannot", help_unknown } },
    { "offloading multiple mpls_lses",
      { "mpls", "matches more than one MPLS label", help_none } },
    { "offloading of IPv6 fragments",
      { "fragments", "matches fragments of IPv6", help_none } },
    { "offloading of non-ethernet",
      { "match", "is not Ethernet", help_none } },
    { "offloading this match",
      { "match", "matches what TC has no key for", help_unknown } },
    { "offloading attribute", { "match", NULL, help_unknown } },
    { "Can only support",
      { "actions", "has more actions than Open vSwitch puts into one filter of "
        "TC (a flood: one for each port)", help_flood } },
    { "flow_put: recirc_id sharing",
      { "recirculation", "is looked up again (recirculates), and kernel and "
        "TC do not share recirculation ids",
        "a kernel with CONFIG_NET_TC_SKB_EXT, from 5.3 on" } },
    { "flow recirc_id",
      { "recirculation", NULL, "ovs-appctl revalidator/purge" } },
    { "match for chain",
      { "recirculation", "comes after a flow that is not in TC itself",
        "see why that one is not: its actions have this recirc_id" } },
    { "couldn't get tc prio",
      { "masks", "is one of more different masks than TC has priorities for",
        "match the same fields in more OpenFlow flows" } },
    { "No free police index",
      { "meter", "has a meter that TC had no room for", help_queue } },
    { "flow_put: failed to get ifindex",
      { "no-device", "comes in at a device that is gone", help_none } },
    { "set action type",
      { "set", "sets a header field of fragments", help_none } },
    { "unsupported tunnel key attribute",
      { "tunnel", "sets a tunnel option that TC does not have",
        help_unknown } },
    /* netdev-offload-dpdk.c. */
    { "matches of this flow",
      { "match", "matches what Open vSwitch has no item of DPDK's for",
        help_unknown } },
    { "Unsupported nested action",
      { "clone", "has a copy changed (the action clone)",
        "flood or mirror to ports that get the same headers" } },
    { "Unsupported", { "set", NULL, help_unknown } },
    { "Partial mask",
      { "set", "sets a part of a header that DPDK cannot", help_unknown } },
    /* Our own policy, rules/offload-policy.c, and rules/frames.c. */
    { "comes in at a port that no NIC",
      { "in-port", NULL, "nothing, or a VF in place of that port" } },
    { "no NIC has it",
      { "not-in-nic", NULL,
        "a VF's own flow needs no help of others; see that the NIC offloads "
        "this kind of device" } },
    { "several VLAN tags that are replaced",
      { "wrong-frames", "replaces VLAN tags between its outputs, and mlx5 would "
        "send wrong frames", help_none } },
    { "a VLAN tag that is replaced",
      { "wrong-frames", "replaces a VLAN tag between its outputs, and mlx5 "
        "would send wrong frames", help_none } },
    { "unsupported sub attribute of set",
      { "set", "sets a part of a header that TC cannot", help_unknown } },
};

/* What drivers and the kernel say, by a part of it. */
static const struct {
    const char *said;
    const char *id;
    const char *help;
} by_kernel[] = {
    /* The bridge's own port among others. */
    { "internal port can have only one", "local", help_local },
    { "only as single destination", "local", help_local },
    { "not on same switch HW", "other-switch",
      "bond-offload=local lets a VF leave by its own PF's uplink; a NIC that "
      "forwards between its PFs has devlink's esw_multiport" },
    /* DPDK's, drivers/net/mlx5/mlx5_flow_dv.c and mlx5_flow.c. */
    { "not belong to E-Switch", "other-switch",
      "bond-offload=local lets a VF leave by its own PF's uplink; mlx5 "
      "forwards between its PFs if they are in a Linux bond" },
    { "hardware refuses", "refused",
      "the driver got no other word from the NIC: see dmesg, and whether "
      "fewer flows help" },
    { "fate action", "mirror",
      "flood or mirror to fewer ports: Open vSwitch has DPDK send to one" },
    { "both uplink", "uplinks", "the NIC does not forward between uplinks" },
    { "TC offload is disabled", "hw-tc-offload",
      "ethtool -K PORT hw-tc-offload on, of each port of the flow" },
    { "table is full", "table-full", help_room },
    { "o space left", "table-full", help_room },
    { "out of", "table-full", help_room },
    { "arent Qdisc doesn't exist", "qdisc", help_qdisc },
    { "switchdev mode", "legacy",
      "switchdev mode: a section for the PF in sriov.conf" },
    { "CT offload", "conntrack", help_conntrack },
    { "onntrack", "conntrack", help_conntrack },
    { "ct_state", "conntrack", help_conntrack },
    { "olice", "meter", help_queue },
    { "QoS offload", "meter", help_queue },
    { "re-write", "rewrite",
      "the NIC cannot change that header: a flow that leaves it as it is" },
    { "rewrite", "rewrite",
      "the NIC cannot change that header: a flow that leaves it as it is" },
    { "pedit", "rewrite",
      "the NIC cannot change so much: a flow that changes fewer fields" },
    { "irror", "mirror", "a mirror to one port of the same NIC" },
    { "more output ports", "mirror", help_flood },
    { "ncap", "tunnel", "see that the NIC's firmware offloads this tunnel" },
    { "unnel", "tunnel", "see that the NIC's firmware offloads this tunnel" },
    { "eighbour", "tunnel", "it is tried again once the peer's MAC is known" },
    { "VLAN", "vlan", "fewer tags, or those that the NIC can" },
    { "vlan", "vlan", "fewer tags, or those that the NIC can" },
    { "MPLS", "mpls", help_none },
    { "mpls", "mpls", help_none },
    { "chain", "recirculation", "flows that need no second lookup" },
    { "goto", "recirculation", "flows that need no second lookup" },
    { "nsupported key", "match", help_none },
    { "atch", "match", help_none },
    { "too many actions", "actions", help_flood },
    { "action", "action",
      "the NIC cannot do one of the actions of the example, or not to such a "
      "port: the bridge itself (LOCAL) is the host's; where the host has no "
      "address on it, ovs-ofctl mod-port BRIDGE BRIDGE no-flood" },
};

static void
set_reason(struct sriov_refusal *reason, const struct reason *r)
{
    reason->id = r->id;
    reason->text = xstrdup(r->text);
    reason->help = r->help;
}

static void
set(struct sriov_refusal *reason, const char *id, const char *text,
    const char *help)
{
    set_reason(reason, &(struct reason) { id, text, help });
}

/* Returns the first action of 'type' in 'flow', or NULL. */
static const struct nlattr *
find_action(const struct sriov_reasons_input *flow, uint16_t type)
{
    const struct nlattr *a;
    size_t left;

    NL_ATTR_FOR_EACH_UNSAFE (a, left, flow->actions, flow->actions_len) {
        if (nl_attr_type(a) == type) {
            return a;
        }
    }
    return NULL;
}

/* Returns the first port that 'flow' leaves through and that nothing offloads
 * for, or NULL. */
static const struct sriov_reasons_port *
software_output(const struct sriov_reasons_input *flow)
{
    const struct nlattr *a;
    size_t left;

    NL_ATTR_FOR_EACH_UNSAFE (a, left, flow->actions, flow->actions_len) {
        if (nl_attr_type(a) == OVS_ACTION_ATTR_OUTPUT) {
            const struct sriov_reasons_port *out
                = flow->find_port(nl_attr_get_u32(a), flow->aux);

            if (out && !out->offloads) {
                return out;
            }
        }
    }
    return NULL;
}

/* Protocols of ovs-vswitchd's own. */
static void
slow_path_reason(uint32_t slow, struct sriov_refusal *reason)
{
    static const struct {
        uint32_t slow;
        const char *text;
    } protocols[] = {
        { SLOW_LACP, "is LACP" }, { SLOW_STP, "is STP" },
        { SLOW_LLDP, "is LLDP" }, { SLOW_BFD, "is BFD" },
        { SLOW_CFM, "is CFM" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
        if (slow & protocols[i].slow) {
            set(reason, "protocol", protocols[i].text,
                "nothing: ovs-vswitchd has to see it");
            return;
        }
    }
    set(reason, "slow-path",
        (slow & SLOW_ACTION ? "has an action that only ovs-vswitchd can do"
         : "has a match that only ovs-vswitchd can do"),
        "another action or match in the OpenFlow table");
}

/* For a flow with 'action', OVS_ACTION_ATTR_USERSPACE. */
static void
userspace_reason(const struct nlattr *action, struct sriov_refusal *reason)
{
    const struct nlattr *data
        = nl_attr_find_nested(action, OVS_USERSPACE_ATTR_USERDATA);
    struct user_action_cookie cookie;

    memset(&cookie, 0, sizeof cookie);
    if (data) {
        memcpy(&cookie, nl_attr_get(data),
               MIN(sizeof cookie, nl_attr_get_size(data)));
    }
    switch (cookie.type) {
    case USER_ACTION_COOKIE_SFLOW:
        set(reason, "sflow", "is sampled for sFlow",
            "turn sFlow off for this bridge");
        break;

    case USER_ACTION_COOKIE_IPFIX:
    case USER_ACTION_COOKIE_FLOW_SAMPLE:
        set(reason, "ipfix", "is sampled for IPFIX",
            "turn IPFIX off for this bridge");
        break;

    case USER_ACTION_COOKIE_CONTROLLER:
        set(reason, "controller", "goes to the OpenFlow controller",
            "an OpenFlow flow that does not ask the controller for each "
            "packet");
        break;

    case USER_ACTION_COOKIE_SLOW_PATH:
        slow_path_reason(cookie.slow_path.reason, reason);
        break;

    case USER_ACTION_COOKIE_UNSPEC:
    default:
        set(reason, "userspace", "goes to ovs-vswitchd", help_unknown);
        break;
    }
}

/* For a flow that leaves through 'out', which nothing offloads for. */
static void
output_reason(const struct sriov_reasons_port *out,
              struct sriov_refusal *reason)
{
    reason->id = "out-port";
    reason->text = (out->priority
                    ? xasprintf("leaves through %s, whose hw-offload-priority "
                                "is %s", out->name, out->priority)
                    : xasprintf("leaves through %s, which no NIC offloads for",
                                out->name));
    reason->help = (out->priority
                    ? "another hw-offload-priority of that Interface"
                    : "a VF in place of that port, or no mirror to it");
}

/* For an action of 'type' that Open vSwitch has not tried.  Returns false if
 * it is not known. */
static bool
action_reason(const struct sriov_reasons_input *flow, uint16_t type,
              struct sriov_refusal *reason)
{
    const struct nlattr *userspace;

    if (type == OVS_ACTION_ATTR_USERSPACE) {
        userspace = find_action(flow, type);
        if (userspace) {
            userspace_reason(userspace, reason);
            return true;
        }
    }
    if (type == OVS_ACTION_ATTR_SAMPLE) {
        /* What is sampled for goes to ovs-vswitchd. */
        const struct nlattr *sample = find_action(flow, type);
        const struct nlattr *nested
            = (sample ? nl_attr_find_nested(sample, OVS_SAMPLE_ATTR_ACTIONS)
               : NULL);

        userspace = (nested
                     ? nl_attr_find_nested(nested, OVS_ACTION_ATTR_USERSPACE)
                     : NULL);
        if (userspace) {
            userspace_reason(userspace, reason);
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
        if (actions[i].type == type) {
            set_reason(reason, &actions[i].reason);
            return true;
        }
    }
    return false;
}

/* For what Open vSwitch said.  Returns false if it is not known. */
static bool
ovs_reason(const struct sriov_reasons_input *flow,
           struct sriov_refusal *reason)
{
    const struct sriov_reasons_port *out;
    int type;

    if (ovs_scan(flow->said, "Unsupported action type %d", &type)) {
        for (size_t i = 0; i < ARRAY_SIZE(dpdk_actions); i++) {
            if (dpdk_actions[i].type == type) {
                set_reason(reason, &dpdk_actions[i].reason);
                return true;
            }
        }
        return action_reason(flow, type, reason);
    }
    if (ovs_scan(flow->said, "unsupported put action type: %d", &type)) {
        return action_reason(flow, type, reason);
    }
    if (ovs_scan(flow->said, "unsupported set action type: %d", &type)
        || ovs_scan(flow->said, "Unsupported set action type %d", &type)) {
        for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
            if (sets[i].type == type) {
                set_reason(reason, &sets[i].reason);
                return true;
            }
        }
        return false;
    }
    if (!strncmp(flow->said, "Flow API provider mismatch", 26)
        || !strncmp(flow->said, "Can't find", 10)
        || !strncmp(flow->said, "Cannot find netdev", 18)
        || strstr(flow->said, ": Output to port '")
        || !strncmp(flow->said, "goes to a port that no NIC", 26)) {
        out = software_output(flow);
        if (out) {
            output_reason(out, reason);
            return true;
        }
        set(reason, "out-port", flow->said,
            "a port of the NIC in place of that port");
        return true;
    }
    for (size_t i = 0; i < ARRAY_SIZE(by_ovs); i++) {
        if (!strncmp(flow->said, by_ovs[i].said, strlen(by_ovs[i].said))) {
            struct reason r = by_ovs[i].reason;

            r.text = r.text ? r.text : flow->said;
            set_reason(reason, &r);
            return true;
        }
    }
    return false;
}

/* For what the kernel or a driver said, or the errno alone. */
static void
kernel_reason(const struct sriov_reasons_input *flow,
              struct sriov_refusal *reason)
{
    const char *said = (flow->said[0] ? flow->said
                        : ovs_strerror(flow->error));

    reason->text = xasprintf("refused: %s", said);
    reason->id = "refused";
    reason->help = help_unknown;
    for (size_t i = 0; i < ARRAY_SIZE(by_kernel); i++) {
        if (strstr(said, by_kernel[i].said)) {
            reason->id = by_kernel[i].id;
            reason->help = by_kernel[i].help;
            return;
        }
    }
    if (flow->error == ENOSPC) {
        reason->id = "table-full";
        reason->help = help_room;
    } else if (flow->error == ENODEV) {
        reason->id = "no-device";
        reason->help = "nothing: the flow goes with its device";
    } else if (flow->error == ENOENT && !flow->said[0]) {
        reason->id = "qdisc";
        reason->help = help_qdisc;
    }
}

/* For a flow that was tried in vain without a word, or never. */
static void
guess(const struct sriov_reasons_input *flow, struct sriov_refusal *reason)
{
    static const uint16_t order[] = {
        OVS_ACTION_ATTR_USERSPACE, OVS_ACTION_ATTR_SAMPLE,
        OVS_ACTION_ATTR_CT, OVS_ACTION_ATTR_METER,
    };
    const struct sriov_reasons_port *out = software_output(flow);

    for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
        if (find_action(flow, order[i])
            && action_reason(flow, order[i], reason)) {
            return;
        }
    }
    if (out) {
        output_reason(out, reason);
    } else if (flow->tried
               && nl_attr_find__(flow->key, flow->key_len,
                                 OVS_KEY_ATTR_VLAN)) {
        set(reason, "vlan", "matches a part of the VLAN tag",
            "match the whole VLAN ID");
    } else if (flow->tried) {
        reason->id = "not-offloadable";
        reason->text = xasprintf("could not be offloaded: %s",
                                 ovs_strerror(flow->error));
        reason->help = help_unknown;
    } else {
        set(reason, "not-tried", "was not tried since it is there",
            "ovs-appctl revalidator/purge has it tried");
    }
}

/* For a flow that comes in where nothing is tried.  */
static void
in_port_reason(const struct sriov_reasons_port *in,
               struct sriov_refusal *reason)
{
    reason->id = "in-port";
    reason->text = (in->priority
                    ? xasprintf("policy: not tried, since hw-offload-priority "
                                "of %s is %s", in->name, in->priority)
                    : xstrdup("policy: not tried, since no NIC offloads for "
                              "this port (a tap or a veth)"));
    reason->help = (in->priority
                    ? "another hw-offload-priority of that Interface"
                    : "nothing, or a VF in place of this port");
}

void
sriov_refusal_find(const struct sriov_reasons_input *flow,
                  struct sriov_refusal *reason)
{
    if (!flow->hw_offload) {
        set(reason, "hw-offload", "hw-offload is off",
            "ovs-vsctl set Open_vSwitch . other_config:hw-offload=true");
    } else if (!flow->in->offloads) {
        in_port_reason(flow->in, reason);
    } else if (flow->in_tc) {
        bool skip_hw = flow->tc_policy && !strcmp(flow->tc_policy, "skip_hw");

        set(reason, skip_hw ? "tc-policy" : "tc",
            (skip_hw ? "policy: tc-policy=skip_hw keeps it out"
             : "is in the kernel's TC, but the driver has not taken it"),
            (skip_hw ? "another tc-policy"
             : "tc-policy=skip_sw makes the driver say why"));
    } else if (flow->tried && flow->refused) {
        kernel_reason(flow, reason);
    } else if (flow->tried && flow->said[0]) {
        if (!ovs_reason(flow, reason)) {
            reason->id = "other";
            reason->text = xstrdup(flow->said);
            reason->help = help_unknown;
        }
    } else {
        guess(flow, reason);
    }
}

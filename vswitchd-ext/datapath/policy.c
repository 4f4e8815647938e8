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

/* See policy.h for where this stands. */

#include <config.h>
#include "datapath/policy.h"

#include <errno.h>
#include <limits.h>
#include <net/if.h>

#include "cmap.h"
#include "datapath/attempts.h"
#include "hash.h"
#include "inventory/sysfs.h"
#include "netdev-provider.h"
#include "openvswitch/types.h"
#include "openvswitch/vlog.h"
#include "ovs-atomic.h"
#include "ovs-rcu.h"
#include "ovs-router.h"
#include "packets.h"
#include "rules/frames.h"
#include "svec.h"
#include "tc.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(sriov_policy);

enum { MAX_ABOVE = 2 };         /* A VLAN device, a bond, its members. */

/* What a network device is. */
struct device {
    struct cmap_node node;      /* In 'devices', by 'ifindex'. */
    int ifindex;
    enum sriov_offload offload;
    atomic_llong last_bound;    /* See bind_members(). */
    unsigned int n_members;     /* That a filter of its is for: those of a
                                 * Linux bond or team, else 1. */
    uint32_t switch_hash;       /* Of the id of the switch that it is part of,
                                 * 0: none. */
};

/* struct device.  Written by the main thread, read by all that make filters,
 * who are given a function and no object: hence here. */
static struct cmap devices = CMAP_INITIALIZER;
static atomic_bool active = false;

static const struct device *
find_device(int ifindex)
{
    const struct device *device;

    CMAP_FOR_EACH_WITH_HASH (device, node, hash_int(ifindex, 0), &devices) {
        if (device->ifindex == ifindex) {
            return device;
        }
    }
    return NULL;
}

static void
remove_device(struct device *device)
{
    cmap_remove(&devices, &device->node, hash_int(device->ifindex, 0));
    ovsrcu_postpone(free, device);
}

/* Forgets devices that are gone.  The kernel does not use an ifindex twice
 * before all others. */
static void
remove_gone(void)
{
    struct device *device;

    CMAP_FOR_EACH (device, node, &devices) {
        char name[IF_NAMESIZE];

        if (!if_indextoname(device->ifindex, name)) {
            remove_device(device);
        }
    }
}

/* Says of the device 'ifindex' what struct device has. */
static void
set_device(int ifindex, enum sriov_offload offload, unsigned int n_members,
           uint32_t switch_hash)
{
    struct device *old = CONST_CAST(struct device *, find_device(ifindex));
    struct device *new;

    if (old && old->offload == offload && old->n_members == n_members
        && old->switch_hash == switch_hash) {
        return;
    }
    new = xmalloc(sizeof *new);
    new->ifindex = ifindex;
    new->offload = offload;
    new->n_members = n_members;
    new->switch_hash = switch_hash;
    atomic_init(&new->last_bound, LLONG_MIN / 2);
    cmap_insert(&devices, &new->node, hash_int(ifindex, 0));
    if (old) {
        remove_device(old);
    } else if (IS_POW2(cmap_count(&devices))) {
        remove_gone();
    }
}

void
sriov_policy_set_links(const struct sriov_model *model)
{
    for (size_t i = 0; i < model->n_links; i++) {
        const struct sriov_link *link = model->links[i];
        const struct device *old = find_device(link->ifindex);
        uint32_t hash = (link->switch_id
                         ? hash_string(link->switch_id, 0) | 1 : 0);

        if (sriov_kind_is_bond(link->kind)) {
            /* One of another vendor counts as well: what comes in there is
             * the same block's. */
            set_device(link->ifindex, sriov_link_offload(link),
                       sriov_sysfs_lower(link->name, NULL), hash);
        } else if (hash) {
            /* Kernels may say of a VLAN device what is the uplink's. */
            set_device(link->ifindex,
                       (old ? old->offload
                        : link->kind ? SRIOV_OFFLOAD_OTHERS
                        : sriov_link_offload(link)), 1, hash);
        }
    }
}

void
sriov_policy_set_device(int ifindex, enum sriov_offload offload)
{
    const struct device *old = find_device(ifindex);

    set_device(ifindex, offload, old ? old->n_members : 1,
               old ? old->switch_hash : 0);
}

enum sriov_offload
sriov_policy_get_device(int ifindex)
{
    const struct device *device = find_device(ifindex);

    return device ? device->offload : SRIOV_OFFLOAD_OTHERS;
}

void
sriov_policy_set_active(bool new)
{
    atomic_store(&active, new);
}

bool
sriov_policy_is_active(void)
{
    bool value;

    atomic_read_relaxed(&active, &value);
    return value;
}

/* Returns how many devices have a filter of the device 'ifindex' if it is in
 * hardware as a whole.  (Each of a bond's is one of its block's, to which
 * net/sched/cls_api.c, __tcf_block_call(), gives the filter in turn; mlx5 says
 * of each uplink whether it took it, en_tc.c, mlx5e_configure_flower().) */
static unsigned int
devices_of(int ifindex)
{
    const struct device *device = find_device(ifindex);

    return device ? MAX(device->n_members, 1) : 1;
}

/* Is the network device 'name' part of the switch of 'switch_hash', or above
 * devices that all are: a VLAN device, a bond? */
static bool
is_above(const char *name, uint32_t switch_hash, int depth)
{
    const struct device *device = find_device(if_nametoindex(name));
    struct svec members = SVEC_EMPTY_INITIALIZER;
    const char *member;
    bool above;
    size_t i;

    if (device && device->switch_hash) {
        return device->switch_hash == switch_hash;
    } else if (!depth) {
        return false;
    }
    sriov_sysfs_lower(name, &members);
    above = members.n > 0;
    SVEC_FOR_EACH (i, member, &members) {
        above = above && is_above(member, switch_hash, depth - 1);
    }
    svec_destroy(&members);
    return above;
}

/* Does the route to the end of the tunnel of 'encap' leave by a device that is
 * neither part of the switch of the device 'ifindex' nor an internal port,
 * which leads to Open vSwitch again?  What nothing is known of does not. */
static bool
leaves_elsewhere(int ifindex, const struct tc_action *encap)
{
    const struct device *in = find_device(ifindex);
    struct in6_addr dst = encap->encap.ipv6.ipv6_dst;
    struct in6_addr src = in6addr_any, gw;
    char name[IF_NAMESIZE];
    struct netdev *netdev;
    bool internal;

    if (encap->encap.ipv4.ipv4_dst) {
        in6_addr_set_mapped_ipv4(&dst, encap->encap.ipv4.ipv4_dst);
    }
    if (!in || !in->switch_hash
        || !ovs_router_lookup(0, &dst, name, &src, &gw)) {
        return false;
    }
    if (is_above(name, in->switch_hash, MAX_ABOVE)) {
        return false;
    }
    netdev = netdev_from_name(name);
    internal = netdev && !strcmp(netdev_get_type(netdev), "internal");
    netdev_close(netdev);
    return !internal;
}

/* Makes '*flow' what 'flower', which is to become a filter of 'id', is. */
static void
flow_from_flower(const struct tcf_id *id, const struct tc_flower *flower,
                 struct sriov_policy_flow *flow)
{
    const struct tc_flower_key *mask = &flower->mask;

    *flow = (struct sriov_policy_flow) {
        .in = sriov_policy_get_device(id->ifindex),
        .conntrack = (mask->ct_state || mask->ct_zone || mask->ct_mark
                      || !ovs_u128_is_zero(mask->ct_label)),
        .recirculation = id->chain != 0,
    };
    for (int i = 0; i < flower->action_count; i++) {
        const struct tc_action *action = &flower->actions[i];

        if (action->type == TC_ACT_OUTPUT) {
            flow->outs |= 1u << sriov_policy_get_device(
                action->out.ifindex_out);
        } else if (action->type == TC_ACT_CT) {
            flow->conntrack = true;
        } else if (action->type == TC_ACT_POLICE) {
            flow->meter = true;
        } else if (action->type == TC_ACT_ENCAP) {
            flow->into_tunnel = true;
            flow->tunnel_elsewhere |= leaves_elsewhere(id->ifindex, action);
        } else if (action->type == TC_ACT_GOTO && action->chain) {
            flow->recirculation = true;
        }
    }
}

/* See tc_flow_policy in lib/tc.h.  (A filter whose frames a NIC would garble
 * stays out of it, whatever tc-policy is.  TC's software garbles none: of what
 * comes in where nothing offloads, it has what it has in stock.) */
static int
flow_policy(const struct tcf_id *id, struct tc_flower *flower)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 20);
    struct sriov_policy_flow flow;
    const char *why;

    why = (sriov_policy_get_device(id->ifindex) == SRIOV_OFFLOAD_NONE
           ? NULL : sriov_frames_arrange(flower));
    if (why) {
        VLOG_DBG_RL(&rl, "flow not offloaded: %s", why);
        sriov_attempt_logged("%s", why);
        return EOPNOTSUPP;
    }

    /* A policy that is there already is that of a filter that tries what the
     * kernel can do. */
    if (flower->tc_policy != TC_POLICY_NONE || !sriov_policy_is_active()) {
        return 0;
    }
    flow_from_flower(id, flower, &flow);
    switch (sriov_policy_decide(&flow, &why)) {
    case SRIOV_POLICY_HW:
        flower->tc_policy = TC_POLICY_SKIP_SW;
        return 0;

    case SRIOV_POLICY_KEPT_IN_HW:
        flower->in_hw_min = devices_of(id->ifindex);
        sriov_attempt_logged("no NIC has it: %s", why);
        return 0;

    case SRIOV_POLICY_NOT_TRIED:
    default:
        sriov_attempt_logged("%s", why);
        return EOPNOTSUPP;
    }
}

/* Binds those members of the Linux bond of 'id' to its block that have no
 * ingress qdisc: Open vSwitch binds one when the kernel tells of it next,
 * which of the backup of an active-backup bond it may never do.  Not more than
 * once a second, as NICs refuse flows for other reasons, too.  Returns true if
 * one was bound. */
static bool
bind_members(const struct tcf_id *id)
{
    struct device *bond = CONST_CAST(struct device *,
                                     find_device(id->ifindex));
    long long int now = time_msec();
    char name[IF_NAMESIZE];
    bool bound = false;
    long long int last;

    if (!bond) {
        return false;
    }
    atomic_read_relaxed(&bond->last_bound, &last);
    if (now < last + 1000 || !if_indextoname(id->ifindex, name)) {
        return false;
    }
    atomic_store_relaxed(&bond->last_bound, now);

    struct svec members = SVEC_EMPTY_INITIALIZER;
    const char *member;
    size_t i;

    sriov_sysfs_lower(name, &members);
    SVEC_FOR_EACH (i, member, &members) {
        int ifindex = if_nametoindex(member);

        bound |= ifindex && !tc_add_del_qdisc(ifindex, true, id->block_id,
                                              TC_INGRESS);
    }
    svec_destroy(&members);
    return bound;
}

/* See tc_flow_failed in lib/tc.h.  Without its qdisc the kernel refuses each
 * filter of a port ("Parent Qdisc doesn't exists", __tcf_qdisc_find() in
 * net/sched/cls_api.c).  One that is there cannot be added. */
static bool
flow_failed(const struct tcf_id *id, int error)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 20);
    char name[IF_NAMESIZE];

    if (!sriov_policy_is_active()) {
        return false;
    } else if (error == EOPNOTSUPP && id->block_id && id->hook == TC_INGRESS) {
        return bind_members(id);
    } else if (error != EINVAL
               || tc_add_del_qdisc(id->ifindex, true, id->block_id,
                                   id->hook)) {
        return false;
    }
    VLOG_WARN_RL(&rl, "%s: the %s qdisc was gone, without which nothing that "
                 "comes in there is offloaded; it was added again",
                 if_indextoname(id->ifindex, name) ? name : "?",
                 id->hook == TC_INGRESS ? "ingress" : "clsact");
    return true;
}

void
sriov_policy_init(void)
{
    tc_flow_policy = flow_policy;
    tc_flow_failed = flow_failed;
}

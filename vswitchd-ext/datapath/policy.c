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
#include <net/if.h>

#include "cmap.h"
#include "datapath/attempts.h"
#include "hash.h"
#include "openvswitch/types.h"
#include "openvswitch/vlog.h"
#include "ovs-atomic.h"
#include "ovs-rcu.h"
#include "rules/frames.h"
#include "tc.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(sriov_policy);

/* What a network device is. */
struct device {
    struct cmap_node node;      /* In 'devices', by 'ifindex'. */
    int ifindex;
    enum sriov_offload offload;
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

void
sriov_policy_set_device(int ifindex, enum sriov_offload offload)
{
    struct device *old = CONST_CAST(struct device *, find_device(ifindex));
    struct device *new;

    if (old && old->offload == offload) {
        return;
    }
    new = xmalloc(sizeof *new);
    new->ifindex = ifindex;
    new->offload = offload;
    cmap_insert(&devices, &new->node, hash_int(ifindex, 0));
    if (old) {
        remove_device(old);
    } else if (IS_POW2(cmap_count(&devices))) {
        remove_gone();
    }
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
        } else if (action->type == TC_ACT_GOTO && action->chain) {
            flow->recirculation = true;
        }
    }
}

/* See tc_flow_policy in lib/tc.h.  (A filter whose frames a NIC would garble
 * stays out of it, whatever tc-policy is.) */
static int
flow_policy(const struct tcf_id *id, struct tc_flower *flower)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 20);
    struct sriov_policy_flow flow;
    const char *why;

    why = sriov_frames_arrange(flower);
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
        flower->in_hw_only = true;
        sriov_attempt_logged("no NIC has it: %s", why);
        return 0;

    case SRIOV_POLICY_NOT_TRIED:
    default:
        sriov_attempt_logged("%s", why);
        return EOPNOTSUPP;
    }
}

void
sriov_policy_init(void)
{
    tc_flow_policy = flow_policy;
}

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

/* See offload-policy.h for where this stands. */

#include <config.h>
#include "rules/offload-policy.h"

enum sriov_policy
sriov_policy_decide(const struct sriov_policy_flow *flow, const char **why)
{
    if (flow->in == SRIOV_OFFLOAD_NONE) {
        *why = "comes in at a port that no NIC offloads";
        return SRIOV_POLICY_NOT_TRIED;
    } else if (flow->outs & (1u << SRIOV_OFFLOAD_NONE)) {
        *why = "goes to a port that no NIC offloads";
        return SRIOV_POLICY_NOT_TRIED;
    } else if (flow->in == SRIOV_OFFLOAD_OTHERS) {
        *why = "comes in at a port that another device's driver offloads";
        return SRIOV_POLICY_KEPT_IN_HW;
    } else if (flow->tunnel_elsewhere) {
        /* mlx5 sends it out of its own uplink all the same (Linux 6.12,
         * en/tc_tun.c:53, get_route_and_out_devs()). */
        *why = "goes into a tunnel that leaves by a device of another switch";
        return SRIOV_POLICY_NOT_TRIED;
    } else if (flow->into_tunnel) {
        /* mlx5 has such a filter, and says so, while the neighbour on the way
         * is unknown, but sends its frames to the host: with skip_sw each
         * would be an upcall (Linux 6.12, en/tc_tun_encap.c:933, flow flag
         * SLOW). */
        *why = "goes by way of software while the tunnel's neighbour is "
               "unknown";
        return SRIOV_POLICY_KEPT_IN_HW;
    } else if (flow->conntrack) {
        *why = "connections get into hardware by way of software";
        return SRIOV_POLICY_KEPT_IN_HW;
    } else if (flow->meter) {
        /* tcf_action_init() in net/sched/act_api.c (Linux 6.1): the action is
         * shared, was made without flags, and takes only filters without. */
        *why = "a meter's action in TC is for software as well";
        return SRIOV_POLICY_KEPT_IN_HW;
    } else if (flow->recirculation) {
        *why = "what software recirculated has to be found in software";
        return SRIOV_POLICY_KEPT_IN_HW;
    } else {
        *why = "all of it can be in hardware";
        return SRIOV_POLICY_HW;
    }
}

const char *
sriov_policy_name(enum sriov_policy policy)
{
    return (policy == SRIOV_POLICY_HW ? "skip_sw"
            : policy == SRIOV_POLICY_KEPT_IN_HW ? "in-hw" : "not-tried");
}

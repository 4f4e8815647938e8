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

#ifndef SRIOV_ATTEMPTS_DPDK_H
#define SRIOV_ATTEMPTS_DPDK_H 1

/* To be included last, in the file of lib/ that has DPDK put flows into
 * hardware.  What Open vSwitch says there is taken down as attempts-vlog.h
 * has it, and so is what the driver says, which from series 3.5 on is in no
 * log. */

#include <rte_flow.h>
#include "attempts-vlog.h"

/* It guards no more here than details of what the driver has said. */
#undef VLOG_DROP_DBG
#define VLOG_DROP_DBG(RL) vlog_should_drop(&this_module, VLL_DBG, RL)

#define netdev_dpdk_rte_flow_create(NETDEV, ATTR, ITEMS, ACTIONS, ERROR)    \
    sriov_attempt_rte_flow(                                                 \
        netdev_dpdk_rte_flow_create(NETDEV, ATTR, ITEMS, ACTIONS, ERROR),   \
        (ATTR)->transfer, ERROR)

/* Takes down what came of having the driver make 'flow', with the attribute
 * 'transfer' or without, and returns it.  Without, the NIC only marks what
 * matches: that is tried when the flow itself could not be offloaded. */
static inline struct rte_flow *
sriov_attempt_rte_flow(struct rte_flow *flow, bool transfer,
                       const struct rte_flow_error *error)
{
    sriov_attempt_by_driver(flow != NULL, transfer,
                            flow ? NULL : error->message);
    return flow;
}

#endif /* attempts-dpdk.h */

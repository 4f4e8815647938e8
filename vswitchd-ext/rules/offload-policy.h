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
#ifndef SRIOV_OFFLOAD_POLICY_H
#define SRIOV_OFFLOAD_POLICY_H 1

/* Whether a datapath flow is tried in hardware, and how.
 *
 *     in-port, match, actions --> OFFLOAD-POLICY --> TC's flags
 *
 * One tc-policy for all flows is wrong on most hosts.  With skip_sw the kernel
 * refuses whatever comes in at a device that only others offload: a tunnel, a
 * Linux bond (net/sched/cls_api.c: 'nooffloaddevcnt'); and connections never
 * get into hardware, as they do so by way of TC's software path
 * (net/sched/act_ct.c).  With none, what no NIC takes stays in TC's software
 * path, which passes by the police filter of a tap, and by the order and the
 * counters of the kernel's datapath.
 *
 * Pure; any thread. */

#include <stdbool.h>
#include "inventory/model.h"

enum sriov_policy {
    SRIOV_POLICY_HW,            /* With skip_sw: in hardware, or refused. */
    SRIOV_POLICY_KEPT_IN_HW,    /* Without, but taken out again at once unless
                                 * the kernel says that it is in hardware. */
    SRIOV_POLICY_NOT_TRIED,     /* The kernel's datapath has it. */
};

/* A flow, as far as it matters here. */
struct sriov_policy_flow {
    enum sriov_offload in;      /* Of the port that it comes in at. */
    unsigned int outs;          /* 1u << enum sriov_offload for each port that
                                 * it goes to. */
    bool conntrack;             /* It matches on a connection or looks for
                                 * one. */
    bool recirculation;         /* It was recirculated, or will be. */
    bool meter;                 /* It has a meter. */
    bool into_tunnel;           /* It is given a tunnel's header... */
    bool tunnel_elsewhere;      /* ...and the route to its end is by a device
                                 * that is no part of the switch that the flow
                                 * comes in at, nor an internal port. */
};

/* Returns the policy of 'flow', and in '*why' (a static string) its reason. */
enum sriov_policy sriov_policy_decide(const struct sriov_policy_flow *flow,
                                      const char **why);

/* "skip_sw", "in-hw" or "not-tried". */
const char *sriov_policy_name(enum sriov_policy);

#endif /* offload-policy.h */

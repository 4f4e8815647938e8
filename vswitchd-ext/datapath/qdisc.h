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

#ifndef SRIOV_QDISC_H
#define SRIOV_QDISC_H 1

/* The qdisc that filters of a port hang on: "ingress", or "clsact" of the port
 * that a bridge is itself.
 *
 * Open vSwitch deletes it, and adds it anew, whenever a port begins to
 * offload, which ports do that were there before ovs-vswitchd started.  For
 * either the kernel takes the device's transmit queues away: what is in them,
 * and what is sent until they are back, is lost (Linux 6.12, net/sched/
 * sch_api.c, qdisc_graft(); sch_generic.c, dev_deactivate_many()).  So one
 * that is as it would be added stays.  Its filters are gone by then:
 * netdev_tc_init_flow_api() deletes all chains before, if the kernel lists
 * them (4.19).
 *
 * This is part of libopenvswitch, since the hook is.  It is called wherever
 * ports are added. */

#include <stdbool.h>
#include <stdint.h>
#include "tc.h"

/* Deletes what stands in the way of the qdisc that a port with 'ifindex' is to
 * get at 'hook' with 'block_id': any qdisc that 'may_have_filters', and that of
 * the first port of all, which is used to find out what the kernel can do. */
void sriov_qdisc_make_way(int ifindex, uint32_t block_id,
                          enum tc_qdisc_hook hook, bool may_have_filters);

#endif /* qdisc.h */

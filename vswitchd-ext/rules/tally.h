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

#ifndef SRIOV_TALLY_H
#define SRIOV_TALLY_H 1

/* What of the packets of a DPDK port the NIC forwarded by itself.
 *
 *     counters of the kernel and of DPDK --> TALLY, in history --> show
 *
 * The kernel's network device of a representor counts all that its function
 * sends and gets, whoever forwards it (mlx5: those of the vport).  What the
 * kernel calls software is not what DPDK has: DPDK takes frames past it.  DPDK
 * counts what Open vSwitch itself got and sent, which is what was not in
 * hardware.
 *
 * The kernel counts since the representor was made, and DPDK since the port
 * has its queues, which it gets anew with another MTU, say.  So both count
 * from when the port was first seen, and what DPDK has counted stays.
 *
 * Pure functions, for any thread. */

#include <stdbool.h>
#include "inventory/counters.h"

/* One direction of a function. */
struct sriov_tally_way {
    struct sriov_traffic base;  /* What the kernel had when it began... */
    struct sriov_traffic last;  /* ...and DPDK when last looked at. */
    struct sriov_traffic hw, sw;        /* What passed since it began. */
};

struct sriov_tally {
    int ifindex;                /* Of the representor that it is for, or 0 if
                                 * it has not begun. */
    struct sriov_tally_way rx, tx;      /* From and to the function. */
};

/* Brings 'tally' up to date with what the kernel has counted at the
 * representor, 'kernel', and DPDK at the port, 'rx' and 'tx'.  Begins it if it
 * is for another representor.  None of its sums ever becomes less while it is
 * for the same: a driver may bring the kernel's counters up to date late. */
void sriov_tally_update(struct sriov_tally *tally,
                        const struct sriov_counters *kernel,
                        const struct sriov_traffic *rx,
                        const struct sriov_traffic *tx);

/* Stores in '*c' what 'kernel' would have if the kernel knew what is in
 * software: by 'tally', or not at all if that is for another representor. */
void sriov_tally_apply(const struct sriov_tally *tally,
                       const struct sriov_counters *kernel,
                       struct sriov_counters *c);

#endif /* tally.h */

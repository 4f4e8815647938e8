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


#ifndef SRIOV_COUNTERS_H
#define SRIOV_COUNTERS_H 1

/* The kernel's counters of network devices: what passed in all, and what of it
 * passed through the kernel (IFLA_OFFLOAD_XSTATS_CPU_HIT), which drivers of
 * eswitches tell of their representors (mlx5e_rep_get_offload_stats() in
 * drivers/net/ethernet/mellanox/mlx5/core/en_rep.c, ice_repr.c; Linux 6.1 on).
 * Both count since the device was made. */

#include <stdbool.h>
#include <stdint.h>
#include "openvswitch/hmap.h"

struct sriov_traffic {
    uint64_t packets, bytes;
};

struct sriov_counters {
    struct hmap_node node;
    int ifindex;
    struct sriov_traffic rx, tx;        /* Of a representor: from and to its
                                         * function. */
    uint64_t dropped;
    bool has_sw;                /* What follows is known. */
    struct sriov_traffic sw_rx, sw_tx;
    uint64_t sw_dropped;
};

/* Adds to 'counters' those of all network devices, as "struct
 * sriov_counters".  Returns 0 or a positive errno value.  May wait for a
 * driver; any thread. */
int sriov_counters_read(struct hmap *counters);

/* Returns those of 'ifindex', or NULL. */
const struct sriov_counters *sriov_counters_find(const struct hmap *,
                                                 int ifindex);

/* Frees what is in 'counters', and itself. */
void sriov_counters_destroy(struct hmap *counters);

/* Returns how many of 'total' did not pass through software.  A driver may
 * bring 'total' up to date later than 'sw' (mlx5 does so once it was
 * asked). */
static inline uint64_t
sriov_counters_hw(uint64_t total, uint64_t sw)
{
    return total > sw ? total - sw : 0;
}

#endif /* counters.h */

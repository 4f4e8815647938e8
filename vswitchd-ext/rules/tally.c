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

/* See tally.h for where this stands. */

#include <config.h>
#include "rules/tally.h"

#include "util.h"

/* Returns 'a' less 'b', or 0 if that is more. */
static uint64_t
less(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

/* Counts in '*hw' and '*sw', which have begun when the kernel had '*base',
 * what it and DPDK have now.  '*last' is what DPDK had before. */
static void
count(uint64_t kernel, uint64_t dpdk, uint64_t base, uint64_t *last,
      uint64_t *hw, uint64_t *sw)
{
    *sw += dpdk >= *last ? dpdk - *last : dpdk;
    *last = dpdk;
    *hw = MAX(*hw, less(less(kernel, base), *sw));
}

static void
update_way(struct sriov_tally_way *way, bool begin,
           const struct sriov_traffic *kernel,
           const struct sriov_traffic *dpdk)
{
    if (begin) {
        *way = (struct sriov_tally_way) {
            .base = { less(kernel->packets, dpdk->packets),
                      less(kernel->bytes, dpdk->bytes) },
        };
    }
    count(kernel->packets, dpdk->packets, way->base.packets,
          &way->last.packets, &way->hw.packets, &way->sw.packets);
    count(kernel->bytes, dpdk->bytes, way->base.bytes,
          &way->last.bytes, &way->hw.bytes, &way->sw.bytes);
}

void
sriov_tally_update(struct sriov_tally *tally,
                   const struct sriov_counters *kernel,
                   const struct sriov_traffic *rx,
                   const struct sriov_traffic *tx)
{
    bool begin = tally->ifindex != kernel->ifindex;

    tally->ifindex = kernel->ifindex;
    update_way(&tally->rx, begin, &kernel->rx, rx);
    update_way(&tally->tx, begin, &kernel->tx, tx);
}

static void
get_way(const struct sriov_tally_way *way, struct sriov_traffic *all,
        struct sriov_traffic *sw)
{
    *all = (struct sriov_traffic) { way->hw.packets + way->sw.packets,
                                    way->hw.bytes + way->sw.bytes };
    *sw = way->sw;
}

void
sriov_tally_apply(const struct sriov_tally *tally,
                  const struct sriov_counters *kernel,
                  struct sriov_counters *c)
{
    *c = (struct sriov_counters) {
        .ifindex = kernel->ifindex,
        .rx = kernel->rx,
        .tx = kernel->tx,
        .dropped = kernel->dropped,
        .has_sw = tally && tally->ifindex == kernel->ifindex,
    };
    if (c->has_sw) {
        get_way(&tally->rx, &c->rx, &c->sw_rx);
        get_way(&tally->tx, &c->tx, &c->sw_tx);
    }
}

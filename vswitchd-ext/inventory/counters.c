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


/* See counters.h for where this stands. */

#include <config.h>
#include "inventory/counters.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "hash.h"
#include "inventory/netlink.h"
#include "util.h"

static const struct nla_policy stats_policy[IFLA_STATS_MAX + 1] = {
    [IFLA_STATS_LINK_64] = { .type = NLA_UNSPEC },
    [IFLA_STATS_LINK_OFFLOAD_XSTATS] = { .type = NLA_NESTED },
};

static const struct nla_policy xstats_policy[IFLA_OFFLOAD_XSTATS_MAX + 1] = {
    [IFLA_OFFLOAD_XSTATS_CPU_HIT] = { .type = NLA_UNSPEC },
};

/* Stores in '*stats' what 'nla' has, which may be more or less than we
 * know. */
static void
get_stats(struct nlattr *nla, struct rtnl_link_stats64 *stats)
{
    size_t size = nla_len(nla);

    memset(stats, 0, sizeof *stats);
    memcpy(stats, nla_data(nla), MIN(size, sizeof *stats));
}

static void
stats_reply(struct nlmsghdr *nlh, void *counters_)
{
    struct nlattr *xstats[IFLA_OFFLOAD_XSTATS_MAX + 1];
    struct nlattr *tb[IFLA_STATS_MAX + 1];
    struct hmap *counters = counters_;
    struct rtnl_link_stats64 stats;
    struct sriov_counters *c;
    struct if_stats_msg ism;

    if (nlh->nlmsg_type != RTM_NEWSTATS || !nlmsg_valid_hdr(nlh, sizeof ism)
        || !sriov_nl_parse(nlh, sizeof ism, stats_policy, tb, IFLA_STATS_MAX)
        || !tb[IFLA_STATS_LINK_64]) {
        return;
    }
    memcpy(&ism, nlmsg_data(nlh), sizeof ism);
    c = xzalloc(sizeof *c);
    c->ifindex = ism.ifindex;
    get_stats(tb[IFLA_STATS_LINK_64], &stats);
    c->rx = (struct sriov_traffic) { stats.rx_packets, stats.rx_bytes };
    c->tx = (struct sriov_traffic) { stats.tx_packets, stats.tx_bytes };
    c->dropped = stats.rx_dropped + stats.tx_dropped;
    if (tb[IFLA_STATS_LINK_OFFLOAD_XSTATS]
        && sriov_nl_parse_nested(tb[IFLA_STATS_LINK_OFFLOAD_XSTATS],
                                 xstats_policy, xstats,
                                 IFLA_OFFLOAD_XSTATS_MAX)
        && xstats[IFLA_OFFLOAD_XSTATS_CPU_HIT]) {
        get_stats(xstats[IFLA_OFFLOAD_XSTATS_CPU_HIT], &stats);
        c->has_sw = true;
        c->sw_rx = (struct sriov_traffic) { stats.rx_packets, stats.rx_bytes };
        c->sw_tx = (struct sriov_traffic) { stats.tx_packets, stats.tx_bytes };
        c->sw_dropped = stats.rx_dropped + stats.tx_dropped;
    }
    hmap_insert(counters, &c->node, hash_int(c->ifindex, 0));
}

int
sriov_counters_read(struct hmap *counters)
{
    struct if_stats_msg ism = {
        .family = AF_UNSPEC,
        .filter_mask = (IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64)
                        | IFLA_STATS_FILTER_BIT(
                            IFLA_STATS_LINK_OFFLOAD_XSTATS)),
    };
    struct nl_msg *msg;
    struct nl_sock *sk;
    int error = sriov_nl_open(NETLINK_ROUTE, &sk);

    if (error) {
        return error;
    }
    msg = nlmsg_alloc_simple(RTM_GETSTATS, NLM_F_DUMP);
    if (!msg || nlmsg_append(msg, &ism, sizeof ism, NLMSG_ALIGNTO)) {
        out_of_memory();
    }
    error = sriov_nl_transact(sk, msg, stats_reply, counters, NULL);
    nl_socket_free(sk);
    return error;
}

const struct sriov_counters *
sriov_counters_find(const struct hmap *counters, int ifindex)
{
    const struct sriov_counters *c;

    HMAP_FOR_EACH_WITH_HASH (c, node, hash_int(ifindex, 0), counters) {
        if (c->ifindex == ifindex) {
            return c;
        }
    }
    return NULL;
}

void
sriov_counters_destroy(struct hmap *counters)
{
    struct sriov_counters *c;

    HMAP_FOR_EACH_POP (c, node, counters) {
        free(c);
    }
    hmap_destroy(counters);
}

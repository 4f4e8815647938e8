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

/* See datapath/sources.h for where this stands. */

#include <config.h>
#include "sources.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "flow.h"
#include "netdev.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/shash.h"
#include "openvswitch/vlog.h"
#include "ovs-rcu.h"
#include "packets.h"
#include "smap.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(sriov_sources);

#define SEPARATORS ", \t"

/* The word for all link-local IPv6 addresses, among others. */
#define LINK_LOCAL "link-local"

/* Addresses of a kind, one behind the other. */
struct list {
    uint8_t *bytes;
    size_t size;                /* Of an address. */
    size_t n;
};

struct sources {
    struct list macs, ips, ip6s;
    struct list lladdrs;        /* In neighbour discovery: MACs, and none. */
    bool link_local;            /* All of fe80::/10 as well. */
    bool nothing;               /* Allows nothing. */
};

/* All that is in force. */
struct all_sources {
    struct shash by_name;       /* "struct sources" by the interface. */
    struct smap lists;          /* What it was made of. */
};

/* NULL: every port may send anything. */
static OVSRCU_TYPE(struct all_sources *) in_force = OVSRCU_INITIALIZER(NULL);

/* How many more rounds of the main loop are to see a change.  It is said in
 * the middle of one. */
static int rounds;

/* Lists. */

static void
add(struct list *list, const void *address, size_t size)
{
    list->bytes = xrealloc(list->bytes, (list->n + 1) * size);
    memcpy(list->bytes + list->n * size, address, size);
    list->size = size;
    list->n++;
}

static void
sources_destroy(struct sources *s)
{
    free(s->macs.bytes);
    free(s->ips.bytes);
    free(s->ip6s.bytes);
    free(s->lladdrs.bytes);
}

/* Adds the address or addresses that 'word' is, and returns false if it is
 * none. */
static bool
parse_word(struct sources *s, const char *word)
{
    struct in6_addr ip6;
    struct eth_addr mac;
    ovs_be32 ip;

    if (eth_addr_from_string(word, &mac)) {
        add(&s->macs, &mac, sizeof mac);
    } else if (ip_parse(word, &ip)) {
        add(&s->ips, &ip, sizeof ip);
    } else if (ipv6_parse(word, &ip6)) {
        add(&s->ip6s, &ip6, sizeof ip6);
    } else if (!strcmp(word, LINK_LOCAL)) {
        s->link_local = true;
    } else {
        return false;
    }
    return true;
}

/* Adds what a host needs besides its addresses. */
static void
add_implied(struct sources *s)
{
    if (s->ips.n) {
        add(&s->ips, &(ovs_be32) { htonl(INADDR_ANY) }, sizeof(ovs_be32));
    }
    if (!s->ip6s.n && !s->link_local) {
        return;
    }
    add(&s->ip6s, &in6addr_any, sizeof in6addr_any);
    for (size_t i = 0; i < s->macs.n; i++) {
        struct in6_addr lla;
        struct eth_addr mac;

        memcpy(&mac, s->macs.bytes + i * sizeof mac, sizeof mac);
        in6_generate_lla(mac, &lla);
        add(&s->ip6s, &lla, sizeof lla);
        add(&s->lladdrs, &mac, sizeof mac);
    }
    if (s->lladdrs.n) {
        add(&s->lladdrs, &eth_addr_zero, sizeof eth_addr_zero);
    }
}

/* Fills in '*s', to be freed with sources_destroy().  Returns as
 * sriov_sources_check() does. */
static char *
sources_parse(struct sources *s, const char *list)
{
    char *copy = xstrdup(list);
    char *save_ptr = NULL;
    char *error = NULL;

    memset(s, 0, sizeof *s);
    for (char *word = strtok_r(copy, SEPARATORS, &save_ptr); word && !error;
         word = strtok_r(NULL, SEPARATORS, &save_ptr)) {
        if (!parse_word(s, word)) {
            error = xasprintf("%s is no MAC, IPv4 or IPv6 address", word);
        }
    }
    free(copy);
    if (!error && !s->macs.n && !s->ips.n && !s->ip6s.n && !s->link_local) {
        error = xstrdup("there is no address");
    }
    add_implied(s);
    s->nothing = error != NULL;
    return error;
}

char *
sriov_sources_check(const char *list)
{
    struct sources s;
    char *error = sources_parse(&s, list);

    sources_destroy(&s);
    return error;
}

/* What is in force. */

static void
all_sources_free(struct all_sources *all)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &all->by_name) {
        sources_destroy(node->data);
    }
    shash_destroy_free_data(&all->by_name);
    smap_destroy(&all->lists);
    free(all);
}

static struct all_sources *
all_sources_create(const struct smap *lists)
{
    struct all_sources *all = xmalloc(sizeof *all);
    struct smap_node *node;

    shash_init(&all->by_name);
    smap_clone(&all->lists, lists);
    SMAP_FOR_EACH (node, lists) {
        struct sources *s = xmalloc(sizeof *s);
        char *error = sources_parse(s, node->value);

        if (error && strcmp(node->value, SRIOV_SOURCES_NONE)) {
            VLOG_WARN("%s: nothing may come in, since "
                      "other_config:"SRIOV_SOURCES_KEY" cannot be read: %s",
                      node->key, error);
        }
        free(error);
        shash_add(&all->by_name, node->key, s);
    }
    return all;
}

void
sriov_sources_set(const struct smap *lists)
{
    struct all_sources *old = ovsrcu_get_protected(struct all_sources *,
                                                   &in_force);

    if (old ? smap_equal(&old->lists, lists) : smap_is_empty(lists)) {
        return;
    }
    ovsrcu_set(&in_force, (smap_is_empty(lists) ? NULL
                           : all_sources_create(lists)));
    if (old) {
        ovsrcu_postpone(all_sources_free, old);
    }
    rounds = 2;
}

void
sriov_sources_run(void)
{
    rounds -= rounds > 0;
}

void
sriov_sources_wait(void)
{
    if (rounds) {
        poll_immediate_wake();
    }
}

bool
sriov_sources_changed(void)
{
    return rounds > 0;
}

/* Asking. */

/* Sets in 'mask' the first 'n' bits. */
static void
set_bits(uint8_t *mask, size_t n)
{
    memset(mask, 0xff, n / 8);
    if (n % 8) {
        mask[n / 8] |= 0xff << (8 - n % 8);
    }
}

/* Returns how many bits from the first one on it takes to tell 'a' from 'b',
 * which differ. */
static size_t
bits_to_tell(const uint8_t *a, const uint8_t *b)
{
    size_t i = 0;

    while (a[i] == b[i]) {
        i++;
    }
    return 8 * i + raw_clz64((uint64_t) (a[i] ^ b[i]) << 56) + 1;
}

/* Returns true if 'list' has 'address', and sets in 'mask' what tells that. */
static bool
is_in(const struct list *list, const void *address, void *mask)
{
    size_t n_bits = 0;

    for (size_t i = 0; i < list->n; i++) {
        const uint8_t *other = list->bytes + i * list->size;

        if (!memcmp(address, other, list->size)) {
            memset(mask, 0xff, list->size);
            return true;
        }
        n_bits = MAX(n_bits, bits_to_tell(address, other));
    }
    set_bits(mask, n_bits);
    return false;
}

/* Returns true if 'address' is not ::, and sets in 'mask' what tells that. */
static bool
is_ip6_set(const struct in6_addr *address, struct in6_addr *mask)
{
    bool set = ipv6_addr_is_set(address);

    set_bits(mask->s6_addr,
             set ? bits_to_tell(address->s6_addr, in6addr_any.s6_addr) : 128);
    return set;
}

static bool
is_ip6_allowed(const struct sources *s, const struct in6_addr *address,
               struct in6_addr *mask)
{
    if (s->link_local) {
        set_bits(mask->s6_addr, 10);
        if (IN6_IS_ADDR_LINKLOCAL(address)) {
            return true;
        }
    }
    return is_in(&s->ip6s, address, mask);
}

static bool
is_lladdr_allowed(const struct sources *s, const struct eth_addr *address,
                  struct eth_addr *mask)
{
    return !s->lladdrs.n || is_in(&s->lladdrs, address, mask);
}

/* Returns true if a neighbour solicitation or advertisement may come in.  What
 * flow_extract() cannot read, such as one that says twice whose it is, has no
 * target there; and none comes in fragments (RFC 6980).
 *
 * NICs do not match what is in these, so that they stay in software: they are
 * few. */
static bool
is_nd_allowed(const struct sources *s, const struct flow *flow,
              struct flow_wildcards *wc)
{
    struct in6_addr *mask = &wc->masks.nd_target;

    if (flow->nw_frag || !is_nd(flow, wc)
        || !is_ip6_set(&flow->nd_target, mask)) {
        return false;
    } else if (flow->tp_src == htons(ND_NEIGHBOR_ADVERT)) {
        return (is_ip6_allowed(s, &flow->nd_target, mask)
                && is_lladdr_allowed(s, &flow->arp_tha, &wc->masks.arp_tha));
    }
    /* From :: one asks whether an address is free, so as to take it; who is
     * about to take it as well must not be told that it is not. */
    return ((ipv6_addr_is_set(&flow->ipv6_src)
             || is_ip6_allowed(s, &flow->nd_target, mask))
            && is_lladdr_allowed(s, &flow->arp_sha, &wc->masks.arp_sha));
}

static bool
is_icmp6_allowed(const struct sources *s, const struct flow *flow,
                 struct flow_wildcards *wc)
{
    WC_MASK_FIELD(wc, tp_src);
    switch (ntohs(flow->tp_src)) {
    case ND_ROUTER_ADVERT:
    case ND_REDIRECT:
        return false;
    case ND_NEIGHBOR_SOLICIT:
    case ND_NEIGHBOR_ADVERT:
        return is_nd_allowed(s, flow, wc);
    default:
        return true;
    }
}

/* flow_extract() says what ARP asks or tells (nw_proto) only of the kind that
 * it reads.  Linux takes others, of the hardware type 6, for that as well. */
static bool
is_arp_allowed(const struct sources *s, const struct flow *flow,
               struct flow_wildcards *wc)
{
    if (!s->macs.n && !s->ips.n) {
        return true;
    }
    WC_MASK_FIELD(wc, nw_proto);
    return (flow->nw_proto
            && (!s->macs.n
                || is_in(&s->macs, &flow->arp_sha, &wc->masks.arp_sha))
            && (!s->ips.n
                || is_in(&s->ips, &flow->nw_src, &wc->masks.nw_src)));
}

static bool
is_allowed(const struct sources *s, const struct flow *flow,
           struct flow_wildcards *wc)
{
    /* With one more tag than other_config:vlan-limit it is not known what is
     * in there, and Linux takes a tag with VLAN 0 for none. */
    if (s->nothing || eth_type_vlan(flow->dl_type)
        || (s->macs.n
            && !is_in(&s->macs, &flow->dl_src, &wc->masks.dl_src))) {
        return false;
    } else if (flow->dl_type == htons(ETH_TYPE_ARP)) {
        return is_arp_allowed(s, flow, wc);
    } else if (flow->dl_type == htons(ETH_TYPE_IP)) {
        return (!s->ips.n
                || is_in(&s->ips, &flow->nw_src, &wc->masks.nw_src));
    } else if (flow->dl_type == htons(ETH_TYPE_IPV6) && s->ip6s.n) {
        return (is_ip6_allowed(s, &flow->ipv6_src, &wc->masks.ipv6_src)
                && (flow->nw_frag & FLOW_NW_FRAG_LATER
                    || !is_icmpv6(flow, wc)
                    || is_icmp6_allowed(s, flow, wc)));
    }
    return true;
}

bool
sriov_source_is_allowed(const struct netdev *netdev,
                        const struct flow *flow, struct flow_wildcards *wc)
{
    const struct all_sources *all = ovsrcu_get(struct all_sources *,
                                               &in_force);
    const struct sources *s
        = all ? shash_find_data(&all->by_name, netdev_get_name(netdev)) : NULL;

    return !s || is_allowed(s, flow, wc);
}

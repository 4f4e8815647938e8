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

#ifndef SRIOV_SOURCES_H
#define SRIOV_SOURCES_H 1

/* Who may send what: source addresses that a port must not forge.
 *
 *     Port:other_config:sriov-allowed-sources --> SOURCES --> translation
 *
 * What comes in at an interface with a list, and is not from an address in it,
 * is dropped before OpenFlow sees it.  The megaflow that drops it matches just
 * the bits that tell the address from the ones in the list, so however many
 * addresses a VM makes up, there are at most as many flows as an address has
 * bits, for each in the list.  They are in hardware as other flows are, and so
 * stay in force when ovs-vswitchd ends.
 *
 * This is part of libopenvswitch, since a hook in ofproto/ calls it.  The main
 * thread says what is allowed, any thread asks. */

#include <stdbool.h>

/* The key in other_config of a Port. */
#define SRIOV_SOURCES_KEY "sriov-allowed-sources"

struct flow;
struct flow_wildcards;
struct netdev;
struct smap;

/* In place of a list: nothing may come in. */
#define SRIOV_SOURCES_NONE "none"

/* Returns what is wrong with 'list', which the caller must free, or NULL.
 * It has MAC, IPv4 and IPv6 addresses, separated by spaces or commas.  With
 * MAC addresses, frames (and the sender in ARP) must be from one of these;
 * with IPv4 ones, IP packets and ARP; with IPv6 ones, IPv6 packets and
 * neighbour discovery, which is not to tell of a router either.  What a host
 * needs before it has an address is allowed: 0.0.0.0, ::, and the link-local
 * addresses that are made of the MAC addresses (EUI-64); with the word
 * "link-local" all of these.
 *
 * SRIOV_SOURCES_NONE is no list. */
char *sriov_sources_check(const char *list);

/* Puts in force the lists in 'lists', by the interface's name, in place of
 * those before.  SRIOV_SOURCES_NONE allows nothing; nor does one that is
 * wrong, of which the log tells. */
void sriov_sources_set(const struct smap *lists);

/* To be called once in each round of the main loop. */
void sriov_sources_run(void);
void sriov_sources_wait(void);

/* The hooks. */

/* Returns true in the rest of the round of a change and in the next one, for
 * flows to be looked at again.  Main thread. */
bool sriov_sources_changed(void);

/* Returns true if the packet of 'flow' may come in at 'netdev', with what it
 * depends on in 'wc'. */
bool sriov_source_is_allowed(const struct netdev *netdev,
                             const struct flow *flow,
                             struct flow_wildcards *wc);

#endif /* sources.h */

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


#ifndef SRIOV_NETLINK_H
#define SRIOV_NETLINK_H 1

/* Asking and telling the kernel, through libnl.
 *
 * Three groups of functions, one file each:
 *
 *     netlink.c          sockets; one request and its replies
 *     netlink-devlink.c  devlink: devices with an eswitch, their ports
 *     netlink-link.c     rtnetlink and ethtool: network devices
 *
 * They keep no state and know nothing of ovs-vswitchd's main loop, so that
 * command-line tools can use them as well.
 *
 * All errors are positive errno values.  A request that gives one of
 * sriov_nl_is_transient()'s may succeed if it is tried again, on a new
 * socket. */

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdbool.h>
#include <stdint.h>

struct sriov_link;
struct sriov_model;

/* Sockets, in netlink.c. */

/* Gets each message that answers a request, apart from those that say that it
 * is done. */
typedef void sriov_nl_func(struct nlmsghdr *, void *aux);

int sriov_nl_open(int protocol, struct nl_sock **);
int sriov_nl_listen(int protocol, nl_recvmsg_msg_cb_t, void *aux,
                    struct nl_sock **);
int sriov_nl_receive(struct nl_sock *);
void sriov_nl_close(struct nl_sock *);

int sriov_nl_transact(struct nl_sock *, struct nl_msg *, sriov_nl_func *,
                      void *aux, char **detail);
bool sriov_nl_is_transient(int error);

struct nl_msg *sriov_nl_genl_request(int family, uint8_t cmd, int flags);
int sriov_nl_family(struct nl_sock *, const char *family);
int sriov_nl_group(struct nl_sock *, const char *family, const char *group);

bool sriov_nl_parse(struct nlmsghdr *, size_t header_size,
                    const struct nla_policy *, struct nlattr **, int max);
bool sriov_nl_parse_nested(struct nlattr *, const struct nla_policy *,
                           struct nlattr **, int max);
bool sriov_nl_name_is_valid(const char *);
char *sriov_nl_link_target(const char *path);

/* devlink, in netlink-devlink.c.  'family' is the number of the generic
 * netlink family "devlink". */

int sriov_nl_devlink_read(struct nl_sock *, int family, struct sriov_model *);
bool sriov_nl_devlink_event(struct nlmsghdr *);

/* Network devices, in netlink-link.c.  'route' is a socket of
 * NETLINK_ROUTE, 'genl' one of NETLINK_GENERIC, 'ethtool' the number of the
 * generic netlink family "ethtool". */

int sriov_nl_links_read(struct nl_sock *route, struct sriov_model *);
int sriov_nl_features_read(struct nl_sock *genl, int ethtool,
                           struct sriov_model *);
bool sriov_nl_link_may_offload(struct nl_sock *route, struct nl_sock *genl,
                               int ethtool, int ifindex);
bool sriov_nl_link_event(struct nlmsghdr *, const struct sriov_model *);
int sriov_nl_link_set_up(struct nl_sock *route, int ifindex, char **detail);
int sriov_nl_link_set_hw_tc(struct nl_sock *genl, int ethtool, int ifindex,
                            char **detail);

#endif /* netlink.h */

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

#ifndef SRIOV_HOST_NETLINK_H
#define SRIOV_HOST_NETLINK_H 1

/* What ovs-sriov asks and tells the kernel through netlink, beyond what
 * ovs-vswitchd does (vswitchd-ext/inventory/netlink.h).
 *
 * Functions that set something return 0 or a positive errno value, with the
 * reason in the kernel's own words in '*detail', which the caller must free,
 * or NULL. */

#include <stdbool.h>
#include <stdint.h>
#include "openvswitch/types.h"
#include "inventory/model.h"

struct host;

struct host_nl *host_nl_open(void);
void host_nl_close(struct host_nl *);
bool host_nl_has_devlink(const struct host_nl *);

void host_nl_read(struct host_nl *, struct host *);
char *host_nl_firmware(struct host_nl *, const char *pci);

int host_nl_set_mode(struct host_nl *, const char *pci, enum sriov_mode,
                     char **detail);
int host_nl_set_multiport(struct host_nl *, const char *pci, bool on,
                          char **detail);
int host_nl_set_steering(struct host_nl *, const char *pci, const char *value,
                         char **detail);
int host_nl_set_port_mac(struct host_nl *, const char *pci,
                         uint32_t port_index, struct eth_addr,
                         char **detail);

int host_nl_set_vf_mac(struct host_nl *, int ifindex, unsigned int vf,
                       struct eth_addr, char **detail);
int host_nl_set_vf_trust(struct host_nl *, int ifindex, unsigned int vf,
                         bool on, char **detail);
int host_nl_set_vf_spoofchk(struct host_nl *, int ifindex, unsigned int vf,
                            bool on, char **detail);
int host_nl_set_mtu(struct host_nl *, int ifindex, unsigned int mtu,
                    char **detail);
int host_nl_rename(struct host_nl *, int ifindex, const char *name,
                   char **detail);

#endif /* netlink.h */

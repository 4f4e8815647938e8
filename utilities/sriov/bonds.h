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

#ifndef SRIOV_HOST_BONDS_H
#define SRIOV_HOST_BONDS_H 1

/* Which bonds the uplinks of PFs are members of, or will be.
 *
 *     /etc/network/interfaces, OVSDB's file, sysfs --> BONDS --> host
 *
 * At boot this is asked before Open vSwitch runs: hence files.  What a stanza
 * of interfaces says of an OVS bond counts first, as it is what the network
 * tool does next; the database has what it was at shutdown. */

#include <stdbool.h>

struct host;
struct host_conf;

/* Stores in each PF of the host the name of its OVS bond and the device that
 * its link is in, and in the host the Linux bonds of the configuration.  Reads
 * below 'root', which is "" but in tests. */
void host_read_bonds(struct host *, const struct host_conf *,
                     const char *root);

/* Returns true if the driver says that the NIC of the PF 'pci' has neither
 * VF-LAG nor multiport (mlx5's lag/debugfs.c, Linux 6.0 on).  One that does
 * not say, or whose debugfs may not be read, counts as if it had.  Reads below
 * 'root'. */
bool host_lag_is_inactive(const char *root, const char *pci);

#endif /* bonds.h */

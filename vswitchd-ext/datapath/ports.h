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

#ifndef SRIOV_DATAPATH_H
#define SRIOV_DATAPATH_H 1

/* The datapath, where Open vSwitch loses sight of it: ports whose device is
 * renamed.
 *
 *     plan --> DATAPATH
 *
 * All functions are called in ovs-vswitchd's main thread.  They ask the
 * kernel, as Open vSwitch does all the time, but no driver. */

#include <stdbool.h>

struct netdev;
struct smap;
struct sriov_traffic;
struct sset;

/* Returns NULL if the kernel's datapath can have a port 'name', or else why it
 * cannot, which the caller must free.  A device that does not exist is
 * left to others.
 *
 * The kernel finds a device by its alternative names as well (ip-link(8)), but
 * the port that it makes is known by the device's own name only: Open vSwitch
 * would not see it, and try to add it forever ("File exists").  udev gives an
 * alternative name some time before it renames the device to it, so a port
 * that waits for its device would often be added in between. */
char *sriov_ports_check_name(const char *name);

/* Makes Open vSwitch let go of the ports of network devices that were renamed,
 * so that they can be added anew.  'renamed' has their old names by the new
 * ones, which are the same for a device that just did not get its port.
 *
 * Open vSwitch finds ports by name, the kernel's datapath by device.  When a
 * device gets another name, ofproto sooner or later notices that the old one
 * is gone and thinks that the port in the datapath went along.  It did not,
 * and nothing can be added under the new name ("File exists").  It is the same
 * with a device that is renamed while it is added. */
void sriov_ports_forget(const struct smap *renamed);

/* Opens the DPDK port 'name' with 'options', which has DPDK probe its device.
 * Returns a reference to it, which the caller must close, or NULL if it is
 * there already, or cannot be. */
struct netdev *sriov_ports_open_dpdk(const char *name,
                                     const struct smap *options);

/* Makes Open vSwitch let go of the DPDK ports 'names', and DPDK of what stands
 * behind them, so that they can be added anew: to the devices that have come
 * in place of theirs. */
void sriov_ports_detach(const struct sset *names);

/* Has the ports of the kernel's datapath offload that do not yet, as far as
 * they may. */
void sriov_ports_offload(void);

/* Stores in '*rx' and '*tx' what Open vSwitch itself got and sent at the DPDK
 * port 'name', in software.  Returns false if that is not known. */
bool sriov_ports_read_dpdk(const char *name, struct sriov_traffic *rx,
                           struct sriov_traffic *tx);

#endif /* ports.h */

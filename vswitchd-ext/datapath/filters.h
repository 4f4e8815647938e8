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

#ifndef SRIOV_FILTERS_H
#define SRIOV_FILTERS_H 1

/* Filters of TC that an earlier ovs-vswitchd left. */

/* Takes away the flower filters by which an earlier ovs-vswitchd forwarded
 * what comes in at the network device 'name', whose number is 'ifindex', and
 * which this one does not offload.  It did if it had another tc-policy or was
 * of another package, and it leaves its filters as it ends, so that traffic
 * goes on.  One that offloads the port deletes the qdisc with all that is in
 * it (netdev_tc_init_flow_api() in lib/netdev-offload-tc.c), as does one without
 * hw-offload (netdev_linux_set_policing() in lib/netdev-linux.c).  Else nobody
 * would ever update them: they would forward by flows of the past, before the
 * datapath sees a packet.
 *
 * Open vSwitch's are those with a UFID as cookie; filters of others stay.  Asks
 * the kernel, no more often than once as the port is added.  Main thread. */
void sriov_filters_forget(const char *name, int ifindex);

#endif /* filters.h */

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

#ifndef SRIOV_RESTART_LACP_H
#define SRIOV_RESTART_LACP_H 1

/* LACP that goes on over a restart of ovs-vswitchd.
 *
 *     what a partner says --> records --> RUNDIR/sriov-lacp
 *     RUNDIR/sriov-lacp --> records --> struct lacp of the next ovs-vswitchd
 *
 * An ovs-vswitchd that starts knows of no partner, and says so in the first
 * LACPDU that it sends.  The partner takes its links out then, until both have
 * found each other anew, and what VFs send and receive through the bond is
 * lost meanwhile, though the NIC's rules are all there.  So what was received
 * last on each link is kept, while it says that both ends are in the bond, and
 * given to LACP when the member is registered: as if it came again.  That is
 * done as long as an ovs-vswitchd that had gone on would still count on it:
 * for three of the intervals in which the partner is to send (IEEE 802.1AX,
 * 6.4.12, current_while_timer).  No member that goes on is disabled meanwhile,
 * whether others have carrier or not.  A partner that thinks otherwise by now
 * says so when it hears us.
 *
 * This is part of libofproto, since hooks in ofproto/ call it. */

#include <stdbool.h>

struct dp_packet;
struct lacp;
struct netdev;

/* All but the first hook: main thread. */

/* Keeps records from now on, or not. */
void sriov_lacp_set_active(bool);

/* Reads what an earlier ovs-vswitchd kept, for members that are registered
 * until sriov_lacp_loaded() is called. */
void sriov_lacp_load(void);
void sriov_lacp_loaded(void);

/* To be called once in each round of the main loop: writes what has changed. */
void sriov_lacp_run(void);
void sriov_lacp_wait(void);

/* The hooks. */

/* 'packet', whose Ethernet type is LACP's, came in at 'netdev'.  Any
 * thread. */
void sriov_lacp_received(const struct netdev *netdev,
                         const struct dp_packet *packet);

/* 'member' of 'lacp', which may be null, was registered for 'netdev'. */
void sriov_lacp_resume(struct lacp *lacp, const void *member,
                       const struct netdev *netdev);

#endif /* restart-lacp.h */

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

#ifndef SRIOV_RESTART_H
#define SRIOV_RESTART_H 1

/* What forwards while ovs-vswitchd starts: what the one before it left.
 *
 * Open vSwitch flushes the kernel's flows, and starts its handlers, as soon as
 * it opens the datapath (open_dpif_backer()).  No port is known yet, so that
 * handlers drop all that comes, for as long as the configuration takes.  Nor
 * is the NIC's flow table of use to them: it is flushed when a port gets its
 * flow API (netdev_tc_init_flow_api()), and then software has to handle what
 * it forwarded.
 *
 * So all of it stays until bridge.c has configured all bridges, and flows are
 * restored that are to be (flow-restore-wait).  Then type_run() flushes the
 * kernel's flows, just before it starts handlers; and once these run, and
 * bonds may send, for which LACP needs up to 3 seconds, ports get their flow
 * API.  What old flows do in between is what they did while no ovs-vswitchd
 * ran.
 *
 * Flows name ports by number, and the kernel gives a new port any that is
 * free.  So they go before a port is added: none may send to the port of
 * another one.
 *
 * This is part of libofproto, since hooks in ofproto/ call it.  Main thread
 * only. */

#include <stdbool.h>

struct dpif;
struct sset;

enum sriov_restart {
    SRIOV_RESTART_NONE,         /* It is done, or there is nothing to keep. */
    SRIOV_RESTART_CONFIGURE,    /* Bridges are being configured. */
    SRIOV_RESTART_RECEIVE,      /* They are, handlers are started, and bonds
                                 * come up. */
};

/* Sets, or returns, how far it is.  Without the first it is
 * SRIOV_RESTART_NONE, and all is as in Open vSwitch. */
void sriov_restart_set(enum sriov_restart);
enum sriov_restart sriov_restart_get(void);

/* Returns true if 'bridge' may send through one of 'members', interfaces of a
 * bond, or has none of them. */
bool sriov_restart_may_send(const char *bridge, const struct sset *members);

/* The hooks. */

/* Returns true if 'dpif' may be flushed, and handlers started.  If not because
 * of us, what comes meanwhile waits for them, such as what an LACP partner
 * answers to the first that it hears. */
bool sriov_restart_may_receive(struct dpif *dpif);

/* To be called before a port is added to 'dpif'. */
void sriov_restart_before_port(struct dpif *dpif);

#endif /* restart.h */

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


#ifndef CX_SRIOV_H
#define CX_SRIOV_H 1

/* What the rest of ovs-vswitchd sees of cx-sriov.  Only the hooks in patches/
 * call these functions, all in the main thread. */

#include <stdbool.h>

struct bond_settings;
struct ovsrec_open_vswitch;
struct ovsrec_port;

/* Initializes the module.  'remote' is the OVSDB server, in a form that
 * ovsdb_idl_create() accepts.  To be called after daemonize_start(), since it
 * starts a thread.  Waits for the kernel to tell what there is for a second at
 * most. */
void cx_sriov_init(const char *remote);

/* Does what there is to do.  To be called in each round of the main loop,
 * after bridge_run(). */
void cx_sriov_run(void);

/* Arranges for poll_block() to wake up when cx_sriov_run() has something to
 * do.  On a host without an eswitch, that is when one comes. */
void cx_sriov_wait(void);

/* Ends the module.  To be called after unixctl_server_destroy().  Waits for a
 * driver for a second at most. */
void cx_sriov_exit(void);

/* Returns 'cfg' with the defaults that are in force filled in where its
 * other_config says nothing.  What it points to is valid until the next call;
 * it is to be read from only.  'seqno' is that of the session 'cfg' is from.
 *
 * To be called in each round of bridge_run() in which ovs-vswitchd holds its
 * lock on the database: that is how the module knows. */
const struct ovsrec_open_vswitch *cx_sriov_config(
    const struct ovsrec_open_vswitch *cfg, unsigned int seqno);

/* Returns true if what cx_sriov_config() returns for 'cfg' at 'seqno' may say
 * something else about offload than it did at 'last_seqno', and has to be told
 * to dpif-offload.c (series 4.0 on).  To be called in place of it. */
bool cx_sriov_offload_changed(const struct ovsrec_open_vswitch *cfg,
                              unsigned int seqno, unsigned int last_seqno);

/* Returns 0 if a port 'name' of 'port_type' can be tried in a datapath of
 * 'datapath_type', else a positive errno value, with '*errp' the reason, which
 * the caller must free.  It is for bridge.c to ask again later: it does at
 * each change of a network device, so at its renaming, too. */
int cx_sriov_check_name(const char *datapath_type, const char *port_type,
                        const char *name, char **errp);

/* Returns what lacp-fallback-ab is for a bond whose Port row does not say. */
bool cx_sriov_lacp_fallback_ab(void);

/* Stores in '*s' how the bond 'cfg' is to be offloaded. */
void cx_sriov_configure_bond(const struct ovsrec_port *cfg,
                             struct bond_settings *s);

#endif /* cx-sriov.h */

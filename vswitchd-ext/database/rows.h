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

#ifndef SRIOV_ROWS_H
#define SRIOV_ROWS_H 1

/* The rows of OVSDB that matter here: what is read from them as plain data, and
 * how ours are marked.
 *
 *     OVSDB --> ROWS --> view --> plan, show
 *     write --> ROWS --> OVSDB
 *
 * Works on the rows of any session: bridge.c's, which is there anyway, or the
 * one of session.c.  All is in the main thread, and waits for nobody. */

#include <stdbool.h>

struct ovsdb_idl;
struct ovsrec_bridge;
struct ovsrec_interface;
struct ovsrec_open_vswitch;
struct ovsrec_port;
struct smap;
struct sriov_view;
struct sriov_port;

/* In external_ids of a Bridge: the keys of representors whose port was deleted,
 * separated by commas. */
#define SRIOV_ROWS_DELETED "sriov-deleted"

/* In external_ids of our Ports and Interfaces: mtu_request as we wrote it. */
#define SRIOV_ROWS_MTU "sriov-mtu"
#define SRIOV_ROWS_VF_PCI "sriov-vf-pci"

/* In external_ids of our Interfaces: ofport_request as we wrote it. */
#define SRIOV_ROWS_OFPORT "sriov-ofport"

/* Has 'idl' replicate all that the functions below read and write. */
void sriov_rows_add_columns(struct ovsdb_idl *idl);

/* Returns what 'cfg' says, as plain data that the caller must free with
 * sriov_view_destroy().  Nothing if 'cfg' is null.
 *
 * 'cfg' may be from bridge.c's session.  That one lacks some of the columns that
 * people may change; 'all' says that it is not from there, and no port counts
 * as pristine without. */
struct sriov_view *sriov_rows_read(const struct ovsrec_open_vswitch *cfg,
                                   bool all);

/* Reads again into 'view', which was read from 'cfg', what bridge.c itself
 * writes: all that can have changed while the sequence number of its session
 * did not, external_ids aside. */
void sriov_rows_refresh(const struct ovsrec_open_vswitch *cfg,
                        struct sriov_view *view);

/* Returns true if a port of ours is in 'cfg'. */
bool sriov_rows_have_ports(const struct ovsrec_open_vswitch *cfg);

/* Returns the first interface in 'cfg' with the name 'name', or NULL. */
const struct ovsrec_interface *sriov_rows_find_iface(
    const struct ovsrec_open_vswitch *cfg, const char *name);

/* Returns the interface in 'cfg' that is the DPDK port for the uplink of that PF
 * for a representor of which the DPDK port 'name' is, or NULL. */
const struct ovsrec_interface *sriov_rows_dpdk_uplink(
    const struct ovsrec_open_vswitch *cfg, const char *name);

/* Adds to 'lists' what Ports say about who may send what
 * (datapath/sources.h), by the names of their interfaces. */
void sriov_rows_read_sources(const struct ovsrec_open_vswitch *cfg,
                             struct smap *lists);

/* Adds to 'external_ids' the marks of the representor 'rep', in place of those
 * that it has.  'mtu' is what mtu_request becomes, in bytes, 0 for none;
 * 'devargs' what options:dpdk-devargs does, NULL if it is no DPDK port. */
void sriov_rows_put_marks(struct smap *external_ids,
                          const struct sriov_port *rep, unsigned int mtu,
                          const char *devargs);

/* Makes a new 'port' one that is closed until "ovs-sriov vm" opens it: nothing
 * may come in, and nothing goes out but what has the VLAN 4095, which IEEE
 * 802.1Q reserves, and is not from another protected port. */
void sriov_rows_close(const struct ovsrec_port *port,
                      const struct ovsrec_interface *iface);

/* Gives 'new' what people set in 'old', another row of the session that has a
 * transaction.  That fails if somebody changes 'old' in the meantime. */
void sriov_rows_copy_port_settings(const struct ovsrec_port *old,
                                   const struct ovsrec_port *new);

/* Likewise for an Interface. */
void sriov_rows_copy_iface_settings(const struct ovsrec_interface *old,
                                    const struct ovsrec_interface *new);

/* Has the mirrors of 'br' that name 'old' name 'new' instead, in the
 * transaction of the session that all of them are rows of. */
void sriov_rows_move_mirrors(const struct ovsrec_bridge *br,
                             const struct ovsrec_port *old,
                             const struct ovsrec_port *new);

/* Has the transaction of 'row''s session fail if somebody changes what people
 * can set in 'row' and its interfaces. */
void sriov_rows_verify_settings(const struct ovsrec_port *row);

#endif /* rows.h */

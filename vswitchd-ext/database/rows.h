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
 *     apply --> ROWS --> OVSDB
 *
 * Works on the rows of any session: bridge.c's, which is there anyway, or the
 * one of session.c. */

#include <stdbool.h>

struct ovsdb_idl;
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

void sriov_rows_add_columns(struct ovsdb_idl *);

struct sriov_view *sriov_rows_read(const struct ovsrec_open_vswitch *,
                                   bool all);
void sriov_rows_refresh(const struct ovsrec_open_vswitch *,
                        struct sriov_view *);
bool sriov_rows_have_ports(const struct ovsrec_open_vswitch *);

void sriov_rows_put_marks(struct smap *external_ids,
                          const struct sriov_port *, unsigned int mtu);
void sriov_rows_copy_port_settings(const struct ovsrec_port *old,
                                   const struct ovsrec_port *new);
void sriov_rows_copy_iface_settings(const struct ovsrec_interface *old,
                                    const struct ovsrec_interface *new);
void sriov_rows_verify_settings(const struct ovsrec_port *);

#endif /* rows.h */

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

void cx_sriov_init(const char *remote);
void cx_sriov_run(void);
void cx_sriov_wait(void);
void cx_sriov_exit(void);

const struct ovsrec_open_vswitch *cx_sriov_config(
    const struct ovsrec_open_vswitch *, unsigned int seqno);
int cx_sriov_check_name(const char *datapath_type, const char *port_type,
                        const char *name, char **errp);
bool cx_sriov_lacp_fallback_ab(void);
void cx_sriov_configure_bond(const struct ovsrec_port *,
                             struct bond_settings *);

#endif /* cx-sriov.h */

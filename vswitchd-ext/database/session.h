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


#ifndef SRIOV_SESSION_H
#define SRIOV_SESSION_H 1

/* Apply: our session with OVSDB.
 *
 *     plan --> APPLY --> OVSDB --> bridge.c as ever
 *
 * bridge.c's own session refuses writes to columns such as Bridge:ports, so
 * there is one more, with a lock of its own.  It costs memory and reads the
 * whole database, so that it is there only while something is to be written;
 * else bridge.c's is looked at.  A plan becomes one transaction.
 *
 * All functions are called in ovs-vswitchd's main thread. */

#include <stdbool.h>

struct ovsrec_open_vswitch;
struct sriov_view;
struct sriov_plan;

void sriov_session_open(const char *remote);
void sriov_session_close(void);
bool sriov_session_is_open(void);

bool sriov_session_run(void);
void sriov_session_wait(void);

bool sriov_session_is_ready(void);
bool sriov_session_can_close(const struct ovsrec_open_vswitch *);
const struct sriov_view *sriov_session_read_view(
    const struct ovsrec_open_vswitch *, unsigned int cfg_seqno);
const struct sriov_view *sriov_session_get_view(
    const struct ovsrec_open_vswitch *, unsigned int cfg_seqno);
bool sriov_session_view_is_known(void);
void sriov_session_commit(const struct sriov_plan *);

#endif /* session.h */

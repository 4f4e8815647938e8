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

/* Our session with OVSDB: its connection, its transaction, and what it, or
 * else bridge.c's, says.
 *
 *     bridge.c's session, or ours --> rows --> SESSION --> view
 *     plan --> write --> SESSION --> OVSDB
 *
 * bridge.c's own session refuses writes to columns such as Bridge:ports, so
 * there is one more, with a lock of its own.  It costs memory and reads the
 * whole database, so that it is there only while something is to be written;
 * else bridge.c's is looked at.
 *
 * All functions are called in ovs-vswitchd's main thread, and none waits for
 * the server.  What goes wrong is logged (rate-limited) and tried again a
 * second later, by way of a new plan.  A server that refuses the lock, as one
 * that is read-only does, is asked again every five seconds, by way of a new
 * connection. */

#include <stdbool.h>

struct ovsrec_open_vswitch;
struct sriov_plan;
struct sriov_session;
struct sriov_view;

/* Returns a new object, without a connection, for the OVSDB server at
 * 'remote'. */
struct sriov_session *sriov_session_create(const char *remote);
void sriov_session_destroy(struct sriov_session *);

/* Opens the connection, which must not be open. */
void sriov_session_open(struct sriov_session *);

/* Closes it, if it is open.  What it said last stays known. */
void sriov_session_close(struct sriov_session *);
bool sriov_session_is_open(const struct sriov_session *);

/* Keeps the open session going.  Returns true if there is a reason to make a
 * new plan. */
bool sriov_session_run(struct sriov_session *);

/* Arranges for poll_block() to wake up when sriov_session_run(), on an open
 * session, has something to do. */
void sriov_session_wait(const struct sriov_session *);

/* Returns true if the database is there, nobody else acts on it in our role,
 * and no transaction of ours is under way. */
bool sriov_session_is_ready(const struct sriov_session *);

/* Returns true if the session can be closed without a loss: nothing is under
 * way, and 'cfg', which will be looked at from then on, has what the session
 * has seen.  (Else a port of ours that it lacks yet would look like one that
 * somebody deleted.) */
bool sriov_session_can_close(struct sriov_session *,
                             const struct ovsrec_open_vswitch *cfg);

/* Two ways to get a view of the database, which stays the session's, valid
 * until the next call of one of them, of sriov_session_run(),
 * sriov_session_close() or sriov_session_destroy().  While our session is
 * there, that is what counts; else 'cfg', from bridge.c's session at
 * 'cfg_seqno', is looked at, or if it is null nothing new.
 *
 * sriov_session_read_view() reads all rows anew: for plans.  bridge.c's
 * session does not tell of all changes, those of external_ids for one.
 *
 * sriov_session_update_view() reads anew only what bridge.c itself writes,
 * such as ofport, if the rest is from 'cfg_seqno': for what is shown. */
const struct sriov_view *sriov_session_read_view(
    struct sriov_session *, const struct ovsrec_open_vswitch *cfg,
    unsigned int cfg_seqno);
const struct sriov_view *sriov_session_update_view(
    struct sriov_session *, const struct ovsrec_open_vswitch *cfg,
    unsigned int cfg_seqno);

/* Returns true if the database was read at least once, ever. */
bool sriov_session_view_is_known(const struct sriov_session *);

/* Writes what 'plan', made from the last view, says into the database, in one
 * transaction, which sriov_session_run() then completes.
 * sriov_session_is_ready() must be true. */
void sriov_session_commit(struct sriov_session *, const struct sriov_plan *);

#endif /* session.h */

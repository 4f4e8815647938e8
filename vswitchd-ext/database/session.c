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

/* See session.h for where this stands. */

#include <config.h>
#include "database/session.h"

#include <limits.h>
#include <stdlib.h>

#include "database/rows.h"
#include "rules/view.h"
#include "database/write.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovsdb-idl.h"
#include "timeval.h"
#include "util.h"
#include "vswitch-idl.h"

VLOG_DEFINE_THIS_MODULE(sriov_session);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 5);

/* How long to wait before a plan that could not be carried out is made
 * again, in ms. */
#define RETRY_DELAY 1000

/* How long to wait for the lock, in ms, before the server is asked anew. */
#define LOCK_WAIT 5000

struct sriov_session {
    char *remote;
    struct ovsdb_idl *idl;      /* NULL while it is closed. */
    unsigned int seqno;         /* Of 'idl' at the last run. */

    struct sriov_view *view;    /* What was read last, or NULL. */
    bool view_is_ours;          /* It is from 'idl', and up to date. */
    unsigned int view_seqno;    /* Of bridge.c's session if it is from there,
                                 * else 0. */
    bool view_known;            /* It was ever read from anywhere. */

    struct ovsdb_idl_txn *txn;  /* Under way, or NULL. */
    struct ds txn_text;         /* What it does. */
    long long int retry_at;     /* In ms, or LLONG_MAX. */
    long long int lock_at;      /* When to ask for the lock anew, likewise. */
    bool lock_told;             /* It was logged that there is none. */
};

struct sriov_session *
sriov_session_create(const char *remote)
{
    struct sriov_session *s = xzalloc(sizeof *s);

    s->remote = xstrdup(remote);
    s->retry_at = s->lock_at = LLONG_MAX;
    ds_init(&s->txn_text);
    return s;
}

void
sriov_session_destroy(struct sriov_session *s)
{
    sriov_session_close(s);
    sriov_view_destroy(s->view);
    ds_destroy(&s->txn_text);
    free(s->remote);
    free(s);
}

void
sriov_session_open(struct sriov_session *s)
{
    ovs_assert(!s->idl);
    s->idl = ovsdb_idl_create(s->remote, &ovsrec_idl_class, false, true);
    ovsdb_idl_set_lock(s->idl, "cx_sriov");
    sriov_rows_add_columns(s->idl);
    s->seqno = ovsdb_idl_get_seqno(s->idl);
}

/* Replaces what was read by 'new', from bridge.c's session at 'seqno', or from
 * ours if that is 0. */
static void
set_view(struct sriov_session *s, struct sriov_view *new, unsigned int seqno)
{
    sriov_view_destroy(s->view);
    s->view = new;
    s->view_is_ours = !seqno;
    s->view_seqno = seqno;
    s->view_known = true;
}

void
sriov_session_close(struct sriov_session *s)
{
    if (s->txn) {
        ovsdb_idl_txn_destroy(s->txn);
        s->txn = NULL;
    }
    ovsdb_idl_destroy(s->idl);
    s->idl = NULL;
    s->view_is_ours = false;
    s->retry_at = s->lock_at = LLONG_MAX;
    ds_clear(&s->txn_text);
}

bool
sriov_session_is_open(const struct sriov_session *s)
{
    return s->idl != NULL;
}

static void
run_txn(struct sriov_session *s)
{
    enum ovsdb_idl_txn_status status = ovsdb_idl_txn_commit(s->txn);

    switch (status) {
    case TXN_INCOMPLETE:
        return;

    case TXN_SUCCESS:
        VLOG_INFO("%s", ds_cstr(&s->txn_text));
        break;

    case TXN_UNCHANGED:
        break;

    case TXN_UNCOMMITTED:
    case TXN_ABORTED:
    case TXN_TRY_AGAIN:
    case TXN_NOT_LOCKED:
    case TXN_ERROR:
    default:
        VLOG_INFO_RL(&rl, "%s: %s, trying again", ds_cstr(&s->txn_text),
                     status == TXN_ERROR ? ovsdb_idl_txn_get_error(s->txn)
                     : ovsdb_idl_txn_status_to_string(status));
        if (status != TXN_TRY_AGAIN) {
            s->retry_at = time_msec() + RETRY_DELAY;
        }                       /* Else the next plan knows what changed. */
        break;
    }
    ovsdb_idl_txn_destroy(s->txn);
    s->txn = NULL;
}

/* Asks the server for the lock anew if it said neither that we have it nor
 * that somebody else has.  One that is read-only, as a standby is, answers
 * with an error, which ovsdb-cs.c does not look at, and then nobody asks
 * again: only a new connection does. */
static void
run_lock(struct sriov_session *s)
{
    bool missing = (ovsdb_idl_is_connected(s->idl)
                    && ovsdb_idl_has_ever_connected(s->idl)
                    && !ovsdb_idl_has_lock(s->idl)
                    && !ovsdb_idl_is_lock_contended(s->idl));

    if (!missing) {
        s->lock_at = LLONG_MAX;
        s->lock_told = s->lock_told && !ovsdb_idl_has_lock(s->idl);
    } else if (s->lock_at == LLONG_MAX) {
        s->lock_at = time_msec() + LOCK_WAIT;
    } else if (time_msec() >= s->lock_at) {
        if (!s->lock_told) {
            VLOG_WARN("%s: gives nobody the lock (is it read-only?), asking "
                      "again every %d s", s->remote, LOCK_WAIT / 1000);
            s->lock_told = true;
        }
        ovsdb_idl_force_reconnect(s->idl);
        s->lock_at = time_msec() + LOCK_WAIT;
    }
}

bool
sriov_session_run(struct sriov_session *s)
{
    bool changed = false;

    ovsdb_idl_run(s->idl);
    run_lock(s);
    if (s->txn) {
        run_txn(s);
        changed = !s->txn;
    }
    if (ovsdb_idl_get_seqno(s->idl) != s->seqno) {
        s->seqno = ovsdb_idl_get_seqno(s->idl);
        changed = true;
    }
    if (changed) {
        /* A transaction that failed takes back what it showed. */
        s->view_is_ours = false;
    }
    if (time_msec() >= s->retry_at) {
        s->retry_at = LLONG_MAX;
        changed = true;
    }
    return changed;
}

void
sriov_session_wait(const struct sriov_session *s)
{
    ovsdb_idl_wait(s->idl);
    if (s->txn) {
        ovsdb_idl_txn_wait(s->txn);
    }
    if (s->retry_at != LLONG_MAX) {
        poll_timer_wait_until(s->retry_at);
    }
    if (s->lock_at != LLONG_MAX) {
        poll_timer_wait_until(s->lock_at);
    }
}

/* Returns true if the session has read the database. */
static bool
is_connected(const struct sriov_session *s)
{
    return s->idl && ovsdb_idl_has_ever_connected(s->idl);
}

bool
sriov_session_is_ready(const struct sriov_session *s)
{
    return (is_connected(s) && !s->txn && s->retry_at == LLONG_MAX
            && ovsdb_idl_has_lock(s->idl));
}

/* Returns what our session, which must be connected, has. */
static const struct sriov_view *
read_own(struct sriov_session *s)
{
    if (!s->view_is_ours) {
        set_view(s, sriov_rows_read(ovsrec_open_vswitch_first(s->idl), true),
                 0);
    }
    return s->view;
}

const struct sriov_view *
sriov_session_read_view(struct sriov_session *s,
                        const struct ovsrec_open_vswitch *cfg,
                        unsigned int cfg_seqno)
{
    if (is_connected(s)) {
        return read_own(s);
    } else if (cfg) {
        set_view(s, sriov_rows_read(cfg, false), cfg_seqno);
    } else if (!s->view) {
        s->view = sriov_view_create();
    }
    return s->view;
}

const struct sriov_view *
sriov_session_update_view(struct sriov_session *s,
                          const struct ovsrec_open_vswitch *cfg,
                          unsigned int cfg_seqno)
{
    if (!is_connected(s) && cfg && s->view && cfg_seqno == s->view_seqno) {
        sriov_rows_refresh(cfg, s->view);
        return s->view;
    }
    return sriov_session_read_view(s, cfg, cfg_seqno);
}

bool
sriov_session_view_is_known(const struct sriov_session *s)
{
    return s->view_known;
}

bool
sriov_session_can_close(struct sriov_session *s,
                        const struct ovsrec_open_vswitch *cfg)
{
    struct sriov_view *other;
    bool agree;

    if (s->txn || s->retry_at != LLONG_MAX || !cfg) {
        return false;
    } else if (!is_connected(s)) {
        return true;
    }
    other = sriov_rows_read(cfg, false);
    agree = sriov_view_same_marks(read_own(s), other);
    sriov_view_destroy(other);
    return agree;
}

void
sriov_session_commit(struct sriov_session *s, const struct sriov_plan *plan)
{
    ds_clear(&s->txn_text);
    s->txn = ovsdb_idl_txn_create(s->idl);
    sriov_write_plan(s->idl, s->txn, plan, &s->txn_text);
    run_txn(s);
}

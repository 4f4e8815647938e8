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

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovsdb-idl.h"
#include "database/view.h"
#include "rules/plan.h"
#include "database/rows.h"
#include "inventory/model.h"
#include "timeval.h"
#include "util.h"
#include "vswitch-idl.h"

VLOG_DEFINE_THIS_MODULE(sriov_session);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 5);

/* How long to wait before a plan that could not be carried out is made
 * again, in ms. */
#define RETRY_DELAY 1000

static struct ovsdb_idl *idl;
static unsigned int seqno;              /* Of 'idl' at the last run. */
static struct sriov_view *view;             /* What was read last, or NULL. */
static bool view_is_ours;               /* It is from 'idl', and up to date. */
static unsigned int view_seqno;         /* Of bridge.c's session if it is from
                                         * there, else 0. */
static bool view_known;                   /* It was ever read from anywhere. */
static struct ovsdb_idl_txn *txn;       /* Under way, or NULL. */
static struct ds txn_text = DS_EMPTY_INITIALIZER;   /* What it does. */
static long long int retry_at = LLONG_MAX;

/* Opens the session with the OVSDB server at 'remote'. */
void
sriov_session_open(const char *remote)
{
    ovs_assert(!idl);
    idl = ovsdb_idl_create(remote, &ovsrec_idl_class, false, true);
    ovsdb_idl_set_lock(idl, "cx_sriov");
    sriov_rows_add_columns(idl);
    seqno = ovsdb_idl_get_seqno(idl);
}

/* Replaces what was read by 'new', from bridge.c's session at 'seqno_', or from
 * ours if that is 0. */
static void
set_view(struct sriov_view *new, unsigned int seqno_)
{
    sriov_view_destroy(view);
    view = new;
    view_is_ours = !seqno_;
    view_seqno = seqno_;
}

/* Closes the session.  What it said last stays known. */
void
sriov_session_close(void)
{
    if (txn) {
        ovsdb_idl_txn_destroy(txn);
        txn = NULL;
    }
    ovsdb_idl_destroy(idl);
    idl = NULL;
    view_is_ours = false;
    retry_at = LLONG_MAX;
    ds_destroy(&txn_text);
    ds_init(&txn_text);
}

bool
sriov_session_is_open(void)
{
    return idl != NULL;
}

static void
run_txn(void)
{
    enum ovsdb_idl_txn_status status = ovsdb_idl_txn_commit(txn);

    switch (status) {
    case TXN_INCOMPLETE:
        return;

    case TXN_SUCCESS:
        VLOG_INFO("%s", ds_cstr(&txn_text));
        break;

    case TXN_UNCHANGED:
        break;

    case TXN_UNCOMMITTED:
    case TXN_ABORTED:
    case TXN_TRY_AGAIN:
    case TXN_NOT_LOCKED:
    case TXN_ERROR:
    default:
        VLOG_INFO_RL(&rl, "%s: %s, trying again", ds_cstr(&txn_text),
                     status == TXN_ERROR ? ovsdb_idl_txn_get_error(txn)
                     : ovsdb_idl_txn_status_to_string(status));
        retry_at = time_msec() + RETRY_DELAY;
        break;
    }
    ovsdb_idl_txn_destroy(txn);
    txn = NULL;
}

/* Keeps the session going.  Returns true if there is a reason to make a new
 * plan. */
bool
sriov_session_run(void)
{
    bool changed = false;

    ovsdb_idl_run(idl);
    if (txn) {
        run_txn();
        changed = !txn;
    }
    if (ovsdb_idl_get_seqno(idl) != seqno) {
        seqno = ovsdb_idl_get_seqno(idl);
        changed = true;
    }
    if (changed) {
        /* A transaction that failed takes back what it showed. */
        view_is_ours = false;
    }
    if (time_msec() >= retry_at) {
        retry_at = LLONG_MAX;
        changed = true;
    }
    return changed;
}

void
sriov_session_wait(void)
{
    ovsdb_idl_wait(idl);
    if (txn) {
        ovsdb_idl_txn_wait(txn);
    }
    if (retry_at != LLONG_MAX) {
        poll_timer_wait_until(retry_at);
    }
}

/* Returns true if the session has read the database. */
static bool
is_connected(void)
{
    return idl && ovsdb_idl_has_ever_connected(idl);
}

/* Returns true if the database is there, nobody else acts on it in our role,
 * and no transaction of ours is under way. */
bool
sriov_session_is_ready(void)
{
    return (is_connected() && !txn
            && ovsdb_idl_has_lock(idl));
}

/* Returns what our session, which must be connected, has. */
static const struct sriov_view *
read_own(void)
{
    if (!view_is_ours) {
        set_view(sriov_rows_read(ovsrec_open_vswitch_first(idl), true), 0);
        view_known = true;
    }
    return view;
}

/* Reads the database, and returns what is in it, valid until the next call of
 * this function, sriov_session_get_view(), sriov_session_run() or
 * sriov_session_close().  While the session is there, that is what counts; else
 * 'cfg', from bridge.c's session at 'cfg_seqno', is looked at, or if it is null
 * nothing new.
 *
 * bridge.c's session does not tell of all changes, those of external_ids for
 * one, so that 'cfg' is read anew each time. */
const struct sriov_view *
sriov_session_read_view(const struct ovsrec_open_vswitch *cfg,
                        unsigned int cfg_seqno)
{
    if (is_connected()) {
        return read_own();
    } else if (cfg) {
        set_view(sriov_rows_read(cfg, false), cfg_seqno);
        view_known = true;
    } else if (!view) {
        view = sriov_view_create();
    }
    return view;
}

/* Likewise, but reads only what bridge.c itself writes if the rest is from
 * 'cfg_seqno', too. */
const struct sriov_view *
sriov_session_get_view(const struct ovsrec_open_vswitch *cfg,
                       unsigned int cfg_seqno)
{
    if (!is_connected() && cfg && view && cfg_seqno == view_seqno) {
        sriov_rows_refresh(cfg, view);
        return view;
    }
    return sriov_session_read_view(cfg, cfg_seqno);
}

/* Returns true if the database was read at least once, ever. */
bool
sriov_session_view_is_known(void)
{
    return view_known;
}

/* Returns true if the session can be closed without a loss: nothing is under
 * way, and 'cfg', which will be looked at from then on, has what the session
 * has seen.  (Else a port of ours that it lacks yet would look like one that
 * somebody deleted.) */
bool
sriov_session_can_close(const struct ovsrec_open_vswitch *cfg)
{
    struct sriov_view *other;
    bool agree;

    if (txn || retry_at != LLONG_MAX || !cfg) {
        return false;
    } else if (!is_connected()) {
        return true;
    }
    other = sriov_rows_read(cfg, false);
    agree = sriov_view_same_marks(read_own(), other);
    sriov_view_destroy(other);
    return agree;
}

/* Operations. */

static void
set_mtu_request(const struct ovsrec_interface *iface, unsigned int mtu)
{
    int64_t value = mtu;

    ovsrec_interface_set_mtu_request(iface, &value, mtu ? 1 : 0);
}

/* Adds the port for 'd' with the settings of 'old', if that is nonnull. */
static void
add_port(const struct sriov_decision *d, const struct ovsrec_port *old,
         unsigned int mtu, bool own_mtu)
{
    const struct ovsrec_bridge *br
        = ovsrec_bridge_get_for_uuid(idl, &d->bridge->uuid);
    const struct ovsrec_interface *old_iface
        = old && old->n_interfaces ? old->interfaces[0] : NULL;
    struct smap ids = SMAP_INITIALIZER(&ids);
    struct ovsrec_interface *iface;
    struct ovsrec_port *port;

    if (!br) {
        return;
    }

    iface = ovsrec_interface_insert(txn);
    if (old_iface) {
        sriov_rows_copy_iface_settings(old_iface, iface);
        smap_clone(&ids, &old_iface->external_ids);
    }
    ovsrec_interface_set_name(iface, d->port->link->name);
    sriov_rows_put_marks(&ids, d->port, own_mtu ? mtu : 0);
    ovsrec_interface_set_external_ids(iface, &ids);
    if (own_mtu) {
        set_mtu_request(iface, mtu);
    }
    smap_destroy(&ids);

    smap_init(&ids);
    port = ovsrec_port_insert(txn);
    if (old) {
        sriov_rows_copy_port_settings(old, port);
        smap_clone(&ids, &old->external_ids);
    }
    ovsrec_port_set_name(port, d->port->link->name);
    sriov_rows_put_marks(&ids, d->port, own_mtu ? mtu : 0);
    ovsrec_port_set_external_ids(port, &ids);
    ovsrec_port_set_interfaces(port, &iface, 1);
    smap_destroy(&ids);

    ovsrec_bridge_update_ports_addvalue(br, port);
    if (!d->bridge->listed) {
        ovsrec_bridge_update_external_ids_setkey(br, SRIOV_ROWS_DELETED, "");
    }
}

/* Takes 'row', in 'port->bridge', out of the database. */
static void
remove_port(const struct sriov_view_port *port, const struct ovsrec_port *row)
{
    const struct ovsrec_bridge *br
        = ovsrec_bridge_get_for_uuid(idl, &port->bridge->uuid);

    sriov_rows_verify_settings(row);
    if (br) {
        ovsrec_bridge_update_ports_delvalue(br, row);
    }
}

static void
do_mtu(const struct ovsrec_port *port, unsigned int mtu)
{
    char *value = xasprintf("%u", mtu);

    for (size_t i = 0; i < port->n_interfaces; i++) {
        ovsrec_interface_verify_mtu_request(port->interfaces[i]);
        set_mtu_request(port->interfaces[i], mtu);
        ovsrec_interface_update_external_ids_setkey(port->interfaces[i],
                                                    SRIOV_ROWS_MTU, value);
    }
    ovsrec_port_update_external_ids_setkey(port, SRIOV_ROWS_MTU, value);
    free(value);
}

static void
do_deleted(const struct sriov_op *op)
{
    const struct ovsrec_bridge *br
        = ovsrec_bridge_get_for_uuid(idl, &op->bridge->uuid);

    if (!br) {
        return;
    }
    ovsrec_bridge_verify_external_ids(br);
    ovsrec_bridge_update_external_ids_setkey(br, SRIOV_ROWS_DELETED,
                                             op->deleted);
}

static void
do_op(const struct sriov_op *op)
{
    const struct ovsrec_port *old
        = op->old ? ovsrec_port_get_for_uuid(idl, &op->old->uuid) : NULL;

    if (op->old && !old) {
        return;
    }
    switch (op->type) {
    case SRIOV_OP_ADD:
        add_port(op->decision, NULL, op->mtu, true);
        break;

    case SRIOV_OP_REPLACE: {
        /* An MTU that a person asked for stays. */
        const struct sriov_view_iface *iface = op->decision->iface;
        bool own_mtu = (op->old->has_our_mtu == iface->has_mtu_request
                        && (!iface->has_mtu_request
                            || op->old->our_mtu == iface->mtu_request));

        add_port(op->decision, old, op->mtu, own_mtu);
        remove_port(op->old, old);
        break;
    }

    case SRIOV_OP_MTU:
        do_mtu(old, op->mtu);
        break;

    case SRIOV_OP_REMOVE:
        remove_port(op->old, old);
        break;

    case SRIOV_OP_DELETED:
        do_deleted(op);
        break;

    case SRIOV_OP_RETRY:
    case SRIOV_OP_LINK:
    default:
        OVS_NOT_REACHED();
    }
}

/* Appends to 'txn_text' what the operations of 'type' in 'plan' do: "added 8
 * representors (first ... last)". */
static void
describe(const struct sriov_plan *plan, enum sriov_op_type type,
         const char *verb)
{
    const char *first = NULL, *last = NULL;
    size_t n = 0;

    for (size_t i = 0; i < plan->n_ops; i++) {
        const struct sriov_op *op = &plan->ops[i];

        if (op->type == type) {
            last = op->old ? op->old->name : op->decision->port->link->name;
            first = n++ ? first : last;
        }
    }
    if (n) {
        ds_put_format(&txn_text, "%s%s %"PRIuSIZE" representor%s (%s%s%s)",
                      txn_text.length ? ", " : "", verb, n, n == 1 ? "" : "s",
                      first, n > 2 ? " ... " : n == 2 ? ", " : "",
                      n > 1 ? last : "");
    }
}

/* Appends to 'txn_text' that 'plan' notes which ports are deleted. */
static void
describe_deleted(const struct sriov_plan *plan)
{
    for (size_t i = 0; i < plan->n_ops; i++) {
        const struct sriov_op *op = &plan->ops[i];

        if (op->type == SRIOV_OP_DELETED) {
            ds_put_format(&txn_text, "%snoted ports that were deleted from %s",
                          txn_text.length ? ", " : "", op->bridge->name);
        }
    }
}

/* Writes what 'plan', made from sriov_session_get_view(), says into the
 * database, in one transaction, which sriov_session_run() then completes.
 * sriov_session_is_ready() must be true. */
void
sriov_session_commit(const struct sriov_plan *plan)
{
    ds_clear(&txn_text);
    describe(plan, SRIOV_OP_ADD, "added");
    describe(plan, SRIOV_OP_REPLACE, "renamed or moved");
    describe(plan, SRIOV_OP_MTU, "set the MTU of");
    describe(plan, SRIOV_OP_REMOVE, "removed");
    describe_deleted(plan);

    txn = ovsdb_idl_txn_create(idl);
    ovsdb_idl_txn_add_comment(txn, "ovs-vswitchd: cx-sriov %s",
                              ds_cstr(&txn_text));
    for (size_t i = 0; i < plan->n_ops; i++) {
        if (sriov_op_writes(&plan->ops[i])) {
            do_op(&plan->ops[i]);
        }
    }
    run_txn();
}

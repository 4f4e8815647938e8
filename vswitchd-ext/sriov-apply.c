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


/* See sriov-apply.h for where this stands. */

#include <config.h>
#include "sriov-apply.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovsdb-idl.h"
#include "sriov-config.h"
#include "sriov-db.h"
#include "sriov-plan.h"
#include "sriov-table.h"
#include "timeval.h"
#include "util.h"
#include "vswitch-idl.h"

VLOG_DEFINE_THIS_MODULE(sriov_apply);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 5);

/* The marks, in external_ids of the Port and the Interface. */
#define MARK_PREFIX "sriov-"
#define MARK_OWNER "sriov-owner"
#define OWNER "cx-sriov"
#define MARK_PF "sriov-pf"
#define MARK_PORT "sriov-port"
#define MARK_MTU "sriov-mtu"

/* In external_ids of the Bridge: the representors whose port was deleted. */
#define DELETED "sriov-deleted"

/* The columns that hold what people set.  A port of ours in which all of them
 * have their default is untouched; all of them move along when it gets another
 * name. */
static const struct ovsdb_idl_column *const port_settings[] = {
    &ovsrec_port_col_bond_downdelay, &ovsrec_port_col_bond_fake_iface,
    &ovsrec_port_col_bond_mode, &ovsrec_port_col_bond_updelay,
    &ovsrec_port_col_cvlans, &ovsrec_port_col_fake_bridge,
    &ovsrec_port_col_lacp, &ovsrec_port_col_mac,
    &ovsrec_port_col_other_config, &ovsrec_port_col_protected_,
    &ovsrec_port_col_qos, &ovsrec_port_col_tag, &ovsrec_port_col_trunks,
    &ovsrec_port_col_vlan_mode, &ovsrec_port_col_external_ids,
};
static const struct ovsdb_idl_column *const iface_settings[] = {
    &ovsrec_interface_col_bfd, &ovsrec_interface_col_cfm_mpid,
    &ovsrec_interface_col_ingress_policing_burst,
    &ovsrec_interface_col_ingress_policing_kpkts_burst,
    &ovsrec_interface_col_ingress_policing_kpkts_rate,
    &ovsrec_interface_col_ingress_policing_rate,
    &ovsrec_interface_col_lldp, &ovsrec_interface_col_mac,
    &ovsrec_interface_col_ofport_request, &ovsrec_interface_col_options,
    &ovsrec_interface_col_other_config, &ovsrec_interface_col_type,
    &ovsrec_interface_col_mtu_request, &ovsrec_interface_col_external_ids,
};

/* What else is replicated. */
static const struct ovsdb_idl_column *const other_columns[] = {
    &ovsrec_open_vswitch_col_bridges, &ovsrec_open_vswitch_col_other_config,
    &ovsrec_bridge_col_name, &ovsrec_bridge_col_ports,
    &ovsrec_bridge_col_other_config, &ovsrec_bridge_col_external_ids,
    &ovsrec_port_col_name, &ovsrec_port_col_interfaces,
    &ovsrec_interface_col_name, &ovsrec_interface_col_ofport,
    &ovsrec_interface_col_error,
};

/* How long to wait before a plan that could not be carried out is made
 * again, in ms. */
#define RETRY_DELAY 1000

static struct ovsdb_idl *idl;
static unsigned int seqno;              /* Of 'idl' at the last run. */
static struct sriov_db *db;             /* What it says, or NULL: not read. */
static struct ovsdb_idl_txn *txn;       /* Under way, or NULL. */
static struct ds txn_text = DS_EMPTY_INITIALIZER;   /* What it does. */
static long long int retry_at = LLONG_MAX;

static void
add_columns(const struct ovsdb_idl_column *const columns[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ovsdb_idl_add_column(idl, columns[i]);
    }
}

/* Opens the session with the OVSDB server at 'remote'. */
void
sriov_apply_open(const char *remote)
{
    ovs_assert(!idl);
    idl = ovsdb_idl_create(remote, &ovsrec_idl_class, false, true);
    ovsdb_idl_set_lock(idl, "cx_sriov");
    add_columns(port_settings, ARRAY_SIZE(port_settings));
    add_columns(iface_settings, ARRAY_SIZE(iface_settings));
    add_columns(other_columns, ARRAY_SIZE(other_columns));
    seqno = ovsdb_idl_get_seqno(idl);
}

static void
forget_db(void)
{
    sriov_db_destroy(db);
    db = NULL;
}

void
sriov_apply_close(void)
{
    if (txn) {
        ovsdb_idl_txn_destroy(txn);
        txn = NULL;
    }
    ovsdb_idl_destroy(idl);
    idl = NULL;
    forget_db();
    retry_at = LLONG_MAX;
    ds_destroy(&txn_text);
}

bool
sriov_apply_is_open(void)
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
sriov_apply_run(void)
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
        forget_db();
    }
    if (time_msec() >= retry_at) {
        retry_at = LLONG_MAX;
        changed = true;
    }
    return changed;
}

void
sriov_apply_wait(void)
{
    ovsdb_idl_wait(idl);
    if (txn) {
        ovsdb_idl_txn_wait(txn);
    }
    if (retry_at != LLONG_MAX) {
        poll_timer_wait_until(retry_at);
    }
}

/* Returns true if the database was read at least once. */
bool
sriov_apply_is_connected(void)
{
    return idl && ovsdb_idl_has_ever_connected(idl);
}

/* Returns true if the database is there, nobody else acts on it in our role,
 * and no transaction of ours is under way. */
bool
sriov_apply_is_ready(void)
{
    return (sriov_apply_is_connected() && !txn
            && ovsdb_idl_has_lock(idl));
}

/* The database as plain data. */

static bool
only_marks(const struct smap *external_ids)
{
    struct smap_node *node;

    SMAP_FOR_EACH (node, external_ids) {
        if (strncmp(node->key, MARK_PREFIX, strlen(MARK_PREFIX))) {
            return false;
        }
    }
    return true;
}

/* Returns true if the 'n' columns 'settings' of 'row' have their defaults,
 * 'except' and external_ids aside. */
static bool
settings_are_default(const struct ovsdb_idl_row *row,
                     const struct ovsdb_idl_column *const settings[], size_t n,
                     const struct ovsdb_idl_column *except)
{
    for (size_t i = 0; i < n; i++) {
        const struct ovsdb_idl_column *c = settings[i];

        if (c != except && strcmp(c->name, "external_ids")
            && !ovsdb_datum_is_default(ovsdb_idl_read(row, c), &c->type)) {
            return false;
        }
    }
    return true;
}

/* Returns true if nobody changed 'port', one of ours, since we added it. */
static bool
is_pristine(const struct ovsrec_port *port, bool has_mtu, int64_t mtu)
{
    const struct ovsrec_interface *iface;

    if (port->n_interfaces != 1) {
        return false;
    }
    iface = port->interfaces[0];
    return (only_marks(&port->external_ids)
            && only_marks(&iface->external_ids)
            && settings_are_default(&port->header_, port_settings,
                                    ARRAY_SIZE(port_settings), NULL)
            && settings_are_default(&iface->header_, iface_settings,
                                    ARRAY_SIZE(iface_settings),
                                    &ovsrec_interface_col_mtu_request)
            && has_mtu == (iface->n_mtu_request > 0)
            && (!has_mtu || iface->mtu_request[0] == mtu));
}

static bool
is_ours(const struct ovsrec_port *row)
{
    return !strcmp(smap_get_def(&row->external_ids, MARK_OWNER, ""), OWNER);
}

/* Returns true if a port of ours is in 'cfg', which is from bridge.c's
 * session. */
bool
sriov_apply_has_ports(const struct ovsrec_open_vswitch *cfg)
{
    for (size_t i = 0; i < cfg->n_bridges; i++) {
        for (size_t j = 0; j < cfg->bridges[i]->n_ports; j++) {
            if (is_ours(cfg->bridges[i]->ports[j])) {
                return true;
            }
        }
    }
    return false;
}

static void
convert_port(struct sriov_db_bridge *br, const struct ovsrec_port *row)
{
    const char *pf = smap_get(&row->external_ids, MARK_PF);
    const char *label = smap_get(&row->external_ids, MARK_PORT);
    char *key = is_ours(row) && pf && label ? sriov_key(pf, label) : NULL;
    struct sriov_db_port *port = sriov_db_add_port(db, br, row->name, key);
    long long int mtu = smap_get_int(&row->external_ids, MARK_MTU, 0);

    free(key);
    port->uuid = row->header_.uuid;
    if (row->n_interfaces > 1) {
        char *name = xasprintf("Port %s", row->name);

        port->bond_offload = sriov_config_bond_offload(name,
                                                       &row->other_config);
        free(name);
    }
    if (port->key) {
        port->has_our_mtu = mtu > 0;
        port->our_mtu = mtu;
        port->pristine = is_pristine(row, mtu > 0, mtu);
    }

    for (size_t i = 0; i < row->n_interfaces; i++) {
        const struct ovsrec_interface *ir = row->interfaces[i];
        struct sriov_db_iface *iface = sriov_db_add_iface(db, port, ir->name);

        free(iface->type);
        iface->type = xstrdup(ir->type);
        iface->dpdk_devargs = nullable_xstrdup(smap_get(&ir->options,
                                                        "dpdk-devargs"));
        iface->error = nullable_xstrdup(ir->error);
        iface->offload_priority
            = nullable_xstrdup(smap_get(&ir->other_config,
                                        "hw-offload-priority"));
        iface->has_ofport = ir->n_ofport > 0;
        iface->ofport = ir->n_ofport ? ir->ofport[0] : 0;
        iface->has_mtu_request = ir->n_mtu_request > 0;
        iface->mtu_request = ir->n_mtu_request ? ir->mtu_request[0] : 0;
    }
}

/* Makes 'db' what 'idl' says. */
static void
read_db(void)
{
    const struct ovsrec_open_vswitch *cfg;

    db = sriov_db_create();
    cfg = idl ? ovsrec_open_vswitch_first(idl) : NULL;
    if (!cfg) {
        return;
    }

    bool auto_add = sriov_config_bool("Open_vSwitch", &cfg->other_config,
                                      "sriov-auto-add", true);
    for (size_t i = 0; i < cfg->n_bridges; i++) {
        const struct ovsrec_bridge *row = cfg->bridges[i];
        struct sriov_db_bridge *br = sriov_db_add_bridge(db, row->name);
        char *name = xasprintf("Bridge %s", row->name);

        br->uuid = row->header_.uuid;
        br->auto_add = sriov_config_bool(name, &row->other_config,
                                         "sriov-auto-add", auto_add);
        br->switch_id = sriov_config_switch_id(name, &row->other_config);
        br->representors = sriov_config_representors(name,
                                                     &row->other_config);
        sset_from_delimited_string(&br->deleted,
                                   smap_get_def(&row->external_ids, DELETED,
                                                ""), ",");
        free(name);
        for (size_t j = 0; j < row->n_ports; j++) {
            convert_port(br, row->ports[j]);
        }
    }
}

/* Returns what is in the database, valid until the next sriov_apply_run() or
 * sriov_apply_close().  It is empty before the session is there. */
const struct sriov_db *
sriov_apply_get_db(void)
{
    if (!db) {
        read_db();
    }
    return db;
}

/* Operations. */

/* Adds to 'external_ids' the marks of the representor of 'd'. */
static void
put_marks(struct smap *external_ids, const struct sriov_decision *d,
          unsigned int mtu)
{
    const struct sriov_port *rep = d->port;
    struct smap_node *node;

    SMAP_FOR_EACH_SAFE (node, external_ids) {
        if (!strncmp(node->key, MARK_PREFIX, strlen(MARK_PREFIX))) {
            smap_remove_node(external_ids, node);
        }
    }
    smap_add(external_ids, MARK_OWNER, OWNER);
    smap_add_nocopy(external_ids, xstrdup(MARK_PF),
                    sriov_dev_id(rep->bus, rep->dev_name));
    smap_add(external_ids, MARK_PORT, rep->label);
    if (rep->flavour == SRIOV_VF || rep->flavour == SRIOV_SF) {
        smap_add_format(external_ids,
                        rep->flavour == SRIOV_VF ? "sriov-vf" : "sriov-sf",
                        "%"PRIu32, rep->number);
    }
    if (rep->vf_pci) {
        smap_add(external_ids, "sriov-vf-pci", rep->vf_pci);
    }
    if (mtu) {
        smap_add_format(external_ids, MARK_MTU, "%u", mtu);
    }
}

static void
set_mtu_request(const struct ovsrec_interface *iface, unsigned int mtu)
{
    int64_t value = mtu;

    ovsrec_interface_set_mtu_request(iface, &value, mtu ? 1 : 0);
}

/* Copies the 'n' columns 'settings' from 'old' to 'new'.  The transaction
 * fails if somebody changes 'old' in the meantime. */
static void
copy_settings(const struct ovsdb_idl_row *old, const struct ovsdb_idl_row *new,
              const struct ovsdb_idl_column *const settings[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ovsdb_idl_txn_verify(old, settings[i]);
        ovsdb_idl_txn_write_clone(new, settings[i],
                                  ovsdb_idl_read(old, settings[i]));
    }
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
        copy_settings(&old_iface->header_, &iface->header_, iface_settings,
                      ARRAY_SIZE(iface_settings));
        smap_clone(&ids, &old_iface->external_ids);
    }
    ovsrec_interface_set_name(iface, d->port->link->name);
    put_marks(&ids, d, own_mtu ? mtu : 0);
    ovsrec_interface_set_external_ids(iface, &ids);
    if (own_mtu) {
        set_mtu_request(iface, mtu);
    }
    smap_destroy(&ids);

    smap_init(&ids);
    port = ovsrec_port_insert(txn);
    if (old) {
        copy_settings(&old->header_, &port->header_, port_settings,
                      ARRAY_SIZE(port_settings));
        smap_clone(&ids, &old->external_ids);
    }
    ovsrec_port_set_name(port, d->port->link->name);
    put_marks(&ids, d, own_mtu ? mtu : 0);
    ovsrec_port_set_external_ids(port, &ids);
    ovsrec_port_set_interfaces(port, &iface, 1);
    smap_destroy(&ids);

    ovsrec_bridge_update_ports_addvalue(br, port);
}

/* Takes 'row', in 'port->bridge', out of the database. */
static void
remove_port(const struct sriov_db_port *port, const struct ovsrec_port *row)
{
    const struct ovsrec_bridge *br
        = ovsrec_bridge_get_for_uuid(idl, &port->bridge->uuid);

    for (size_t i = 0; i < ARRAY_SIZE(port_settings); i++) {
        ovsdb_idl_txn_verify(&row->header_, port_settings[i]);
    }
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
                                                    MARK_MTU, value);
    }
    ovsrec_port_update_external_ids_setkey(port, MARK_MTU, value);
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
    if (op->deleted[0]) {
        ovsrec_bridge_update_external_ids_setkey(br, DELETED, op->deleted);
    } else {
        ovsrec_bridge_update_external_ids_delkey(br, DELETED);
    }
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
        const struct sriov_db_iface *iface = op->decision->iface;
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

/* Writes what 'plan' says into the database, in one transaction, which
 * sriov_apply_run() then completes.  sriov_apply_is_ready() must be true. */
void
sriov_apply_commit(const struct sriov_plan *plan)
{
    ds_clear(&txn_text);
    describe(plan, SRIOV_OP_ADD, "added");
    describe(plan, SRIOV_OP_REPLACE, "renamed or moved");
    describe(plan, SRIOV_OP_MTU, "set the MTU of");
    describe(plan, SRIOV_OP_REMOVE, "removed");
    describe_deleted(plan);
    if (!txn_text.length) {
        return;
    }

    txn = ovsdb_idl_txn_create(idl);
    ovsdb_idl_txn_add_comment(txn, "ovs-vswitchd: cx-sriov %s",
                              ds_cstr(&txn_text));
    for (size_t i = 0; i < plan->n_ops; i++) {
        if (plan->ops[i].type != SRIOV_OP_LINK
            && plan->ops[i].type != SRIOV_OP_RETRY) {
            do_op(&plan->ops[i]);
        }
    }
    run_txn();
}

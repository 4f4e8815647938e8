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

/* See vm-ovsdb.h for where this stands. */

#include <config.h>
#include "sriov/vm-ovsdb.h"

#include <stdlib.h>
#include <string.h>

#include "bitmap.h"
#include "datapath/sources.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/shash.h"
#include "openvswitch/vlog.h"
#include "ovsdb-idl.h"
#include "packets.h"
#include "rules/view.h"
#include "smap.h"
#include "sriov/vm-plan.h"
#include "sset.h"
#include "timeval.h"
#include "util.h"
#include "vswitch-idl.h"

VLOG_DEFINE_THIS_MODULE(sriov_vm_ovsdb);

/* How long to wait after a transaction that failed, in ms: twice as long after
 * each one. */
#define MIN_RETRY_DELAY 500
#define MAX_RETRY_DELAY 4000

/* How long changes wait for ovs-vswitchd to have applied a transaction, in
 * ms: what follows from it cannot be done before that. */
#define APPLY_TIME 250

/* How long vm_ovsdb_list() waits, in ms. */
#define LIST_TIMEOUT 1000

#define MANAGED "sriov-vm-vfs"
#define PREFIX "sriov-vm"
#define MIRROR_NAME "ovs-sriov vm to "
#define N_VLANS 4096

/* The only VLAN of a closed port.  IEEE 802.1Q reserves it, but there are
 * frames with it: what keeps them out is SRIOV_SOURCES_NONE. */
#define NO_VLAN 4095

struct vm_ovsdb {
    struct ovsdb_idl *idl;
    unsigned int seqno;
    struct ovsdb_idl_txn *txn;  /* Under way, or NULL. */
    long long int retry_at;     /* In ms, or LLONG_MAX. */
    long long int apply_by;     /* Likewise: changes wait until then. */
    int retry_delay;            /* After the next failure, in ms. */
};

/* What a Port has of settings, VLANs above all. */
struct vlans {
    const char *mode;           /* Or NULL. */
    bool has_tag;
    int64_t tag;
    int64_t *trunks;
    size_t n_trunks;
    bool isolated;
    char *sources;              /* Who may send, or "". */
};

struct vm_ovsdb *
vm_ovsdb_create(const char *remote)
{
    static const struct ovsdb_idl_column *const columns[] = {
        &ovsrec_open_vswitch_col_bridges, &ovsrec_open_vswitch_col_cur_cfg,
        &ovsrec_open_vswitch_col_next_cfg,
        &ovsrec_open_vswitch_col_other_config,
        &ovsrec_bridge_col_name, &ovsrec_bridge_col_ports,
        &ovsrec_bridge_col_mirrors, &ovsrec_mirror_col_name,
        &ovsrec_mirror_col_output_port, &ovsrec_mirror_col_select_src_port,
        &ovsrec_mirror_col_select_dst_port,
        &ovsrec_mirror_col_external_ids, &ovsrec_port_col_name,
        &ovsrec_port_col_interfaces, &ovsrec_port_col_tag,
        &ovsrec_port_col_trunks, &ovsrec_port_col_vlan_mode,
        &ovsrec_port_col_protected_, &ovsrec_port_col_other_config,
        &ovsrec_port_col_external_ids,
        &ovsrec_interface_col_name, &ovsrec_interface_col_external_ids,
        /* Not read: a representor that is made anew has another one. */
        &ovsrec_interface_col_ifindex,
    };
    struct vm_ovsdb *db = xzalloc(sizeof *db);

    db->idl = ovsdb_idl_create(remote, &ovsrec_idl_class, false, true);
    db->retry_at = db->apply_by = LLONG_MAX;
    db->retry_delay = MIN_RETRY_DELAY;
    for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
        ovsdb_idl_add_column(db->idl, columns[i]);
    }
    db->seqno = ovsdb_idl_get_seqno(db->idl);
    return db;
}

void
vm_ovsdb_destroy(struct vm_ovsdb *db)
{
    if (db->txn) {
        ovsdb_idl_txn_destroy(db->txn);
    }
    ovsdb_idl_destroy(db->idl);
    free(db);
}

static void
run_txn(struct vm_ovsdb *db)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 5);
    enum ovsdb_idl_txn_status status = ovsdb_idl_txn_commit(db->txn);

    if (status == TXN_INCOMPLETE) {
        return;
    }
    if (status == TXN_SUCCESS || status == TXN_UNCHANGED) {
        db->retry_delay = MIN_RETRY_DELAY;
        db->apply_by = time_msec() + APPLY_TIME;
    } else {
        VLOG_INFO_RL(&rl, "database: %s, trying again", status == TXN_ERROR
                     ? ovsdb_idl_txn_get_error(db->txn)
                     : ovsdb_idl_txn_status_to_string(status));
        db->retry_at = time_msec() + db->retry_delay;
        db->retry_delay = MIN(2 * db->retry_delay, MAX_RETRY_DELAY);
    }
    ovsdb_idl_txn_destroy(db->txn);
    db->txn = NULL;
}

bool
vm_ovsdb_run(struct vm_ovsdb *db)
{
    bool changed = false;

    ovsdb_idl_run(db->idl);
    if (db->txn) {
        run_txn(db);
    }
    if (db->txn) {
        /* Nothing can be done about changes. */
    } else if (db->apply_by != LLONG_MAX) {
        if (vm_ovsdb_is_applied(db) || time_msec() >= db->apply_by) {
            db->apply_by = LLONG_MAX;
            db->seqno = ovsdb_idl_get_seqno(db->idl);
            changed = true;
        }
    } else if (ovsdb_idl_get_seqno(db->idl) != db->seqno) {
        db->seqno = ovsdb_idl_get_seqno(db->idl);
        changed = true;
    }
    if (time_msec() >= db->retry_at) {
        db->retry_at = LLONG_MAX;
        changed = true;
    }
    return changed;
}

void
vm_ovsdb_wait(const struct vm_ovsdb *db)
{
    ovsdb_idl_wait(db->idl);
    if (db->txn) {
        ovsdb_idl_txn_wait(db->txn);
    }
    if (db->retry_at != LLONG_MAX) {
        poll_timer_wait_until(db->retry_at);
    }
    if (db->apply_by != LLONG_MAX) {
        poll_timer_wait_until(db->apply_by);
    }
}

bool
vm_ovsdb_is_ready(const struct vm_ovsdb *db)
{
    return (!db->txn && db->retry_at == LLONG_MAX
            && ovsdb_idl_has_ever_connected(db->idl)
            && ovsdb_idl_is_alive(db->idl)
            && ovsrec_open_vswitch_first(db->idl));
}

bool
vm_ovsdb_is_applied(const struct vm_ovsdb *db)
{
    const struct ovsrec_open_vswitch *cfg = ovsrec_open_vswitch_first(db->idl);

    return cfg && cfg->cur_cfg >= cfg->next_cfg;
}

bool
vm_ovsdb_has_two_tags(const struct vm_ovsdb *db)
{
    const struct ovsrec_open_vswitch *cfg = ovsrec_open_vswitch_first(db->idl);
    /* ofproto_set_vlan_limit() of bridge.c: 0 is as many as can be. */
    int limit = cfg ? smap_get_int(&cfg->other_config, "vlan-limit", 1) : 1;

    return limit != 1;
}

void
vm_ovsdb_read_outputs(const struct vm_ovsdb *db, const struct sset *uplinks,
                      struct sset *outputs)
{
    const struct ovsrec_open_vswitch *cfg = ovsrec_open_vswitch_first(db->idl);

    for (size_t i = 0; cfg && i < cfg->n_bridges; i++) {
        const struct ovsrec_bridge *br = cfg->bridges[i];

        for (size_t j = 0; j < br->n_ports; j++) {
            const struct ovsrec_port *port = br->ports[j];

            if (port->n_interfaces == 1 && strcmp(port->name, br->name)
                && !sset_contains(uplinks, port->interfaces[0]->name)) {
                sset_add_and_free(outputs, xasprintf("%s %s", br->name,
                                                     port->name));
            }
        }
    }
}

/* VLANs. */

/* Stores in '*vlans', to be freed with vlans_destroy(), what 'settings' are in
 * a Port; those of a closed one if it is NULL, as sriov_rows_close() has them.
 *
 * A port that an earlier version closed has the VLAN alone: it is not as
 * written, and so is closed again before anything else is done with it. */
static void
vlans_init(struct vlans *vlans, const struct vm_settings *settings)
{
    struct ds sources = DS_EMPTY_INITIALIZER;

    memset(vlans, 0, sizeof *vlans);
    vlans->trunks = xmalloc(N_VLANS * sizeof *vlans->trunks);
    if (settings) {
        vm_settings_format_sources(settings, &sources);
    } else {
        ds_put_cstr(&sources, SRIOV_SOURCES_NONE);
    }
    vlans->sources = ds_steal_cstr(&sources);
    if (!settings) {
        vlans->mode = "trunk";
        vlans->trunks[vlans->n_trunks++] = NO_VLAN;
        vlans->isolated = true;
        return;
    }
    vlans->isolated = settings->isolated;
    vlans->has_tag = settings->has_vlan;
    vlans->tag = settings->vlan;
    if (settings->trunks) {
        int vlan;

        BITMAP_FOR_EACH_1 (vlan, N_VLANS, settings->trunks) {
            vlans->trunks[vlans->n_trunks++] = vlan;
        }
        vlans->mode = vlans->has_tag ? "native-untagged" : "trunk";
    } else if (vlans->has_tag) {
        vlans->mode = settings->tunnel ? "dot1q-tunnel" : "access";
    }
}

static void
vlans_destroy(struct vlans *vlans)
{
    free(vlans->trunks);
    free(vlans->sources);
}

static bool
vlans_match(const struct vlans *vlans, const struct ovsrec_port *row)
{
    return (nullable_string_is_equal(vlans->mode, row->vlan_mode)
            && row->n_tag == vlans->has_tag
            && (!vlans->has_tag || *row->tag == vlans->tag)
            && row->n_trunks == vlans->n_trunks
            && (!vlans->n_trunks
                || !memcmp(row->trunks, vlans->trunks,
                           vlans->n_trunks * sizeof *vlans->trunks))
            && row->protected_ == vlans->isolated
            && !strcmp(smap_get_def(&row->other_config, SRIOV_SOURCES_KEY,
                                    ""),
                       vlans->sources));
}

static void
write_vlans(const struct ovsrec_port *row, const struct vm_settings *settings)
{
    struct vlans vlans;

    vlans_init(&vlans, settings);
    ovsrec_port_set_vlan_mode(row, vlans.mode);
    ovsrec_port_set_tag(row, &vlans.tag, vlans.has_tag);
    ovsrec_port_set_trunks(row, vlans.trunks, vlans.n_trunks);
    ovsrec_port_set_protected_(row, vlans.isolated);
    if (vlans.sources[0]) {
        ovsrec_port_update_other_config_setkey(row, SRIOV_SOURCES_KEY,
                                               vlans.sources);
    } else if (smap_get(&row->other_config, SRIOV_SOURCES_KEY)) {
        ovsrec_port_update_other_config_delkey(row, SRIOV_SOURCES_KEY);
    }
    vlans_destroy(&vlans);
}

/* Reading. */

/* Returns in 'ports' the Ports with one interface, by its name, and, unless it
 * is NULL, in 'bridges' the names of their Bridges, likewise. */
static void
find_ports(const struct vm_ovsdb *db, struct shash *ports,
           struct shash *bridges)
{
    const struct ovsrec_open_vswitch *cfg = ovsrec_open_vswitch_first(db->idl);

    shash_init(ports);
    for (size_t i = 0; cfg && i < cfg->n_bridges; i++) {
        const struct ovsrec_bridge *br = cfg->bridges[i];

        for (size_t j = 0; j < br->n_ports; j++) {
            if (br->ports[j]->n_interfaces == 1) {
                const char *name = br->ports[j]->interfaces[0]->name;

                if (shash_add_once(ports, name, br->ports[j]) && bridges) {
                    shash_add(bridges, name, br->name);
                }
            }
        }
    }
}

/* Returns true if the row has the VLANs of the state and the settings that it
 * tells of itself. */
static bool
is_as_written(const struct vm_vf *vf, const struct ovsrec_port *row)
{
    struct vm_settings settings;
    struct vlans vlans;
    bool match;

    vm_settings_init(&settings);
    if (vf->state == VM_OPEN || vf->state == VM_PREPARED) {
        free(vm_settings_put_words(&settings,
                                   vf->settings ? vf->settings : ""));
        vlans_init(&vlans, &settings);
    } else {
        vlans_init(&vlans, NULL);
    }
    match = vlans_match(&vlans, row);
    vlans_destroy(&vlans);
    vm_settings_destroy(&settings);
    return match;
}

static void
read_row(struct vm_vf *vf, const struct ovsrec_port *row)
{
    const struct smap *ids = &row->external_ids;
    const char *mac = smap_get(ids, PREFIX"-mac");

    vf->has_row = true;
    if (!vm_state_from_string(smap_get_def(ids, PREFIX, "none"),
                              &vf->state)) {
        vf->state = VM_NONE;
    }
    vf->owner = nullable_xstrdup(smap_get(ids, PREFIX"-owner"));
    vf->pid = smap_get_int(ids, PREFIX"-pid", 0);
    vf->settings = nullable_xstrdup(smap_get(ids, PREFIX"-settings"));
    vf->why = nullable_xstrdup(smap_get(ids, PREFIX"-why"));
    vf->has_own_mac = mac && eth_addr_from_string(mac, &vf->own_mac);
    vf->as_written = is_as_written(vf, row);
}

void
vm_ovsdb_read(const struct vm_ovsdb *db, struct vm_vf *vfs, size_t n)
{
    struct shash bridges = SHASH_INITIALIZER(&bridges);
    struct shash ports;

    find_ports(db, &ports, &bridges);
    for (size_t i = 0; i < n; i++) {
        const struct ovsrec_port *row = shash_find_data(&ports, vfs[i].rep);

        if (row) {
            vfs[i].bridge = xstrdup(shash_find_data(&bridges, vfs[i].rep));
            read_row(&vfs[i], row);
        }
    }
    shash_destroy(&bridges);
    shash_destroy(&ports);
}

/* Writing. */

/* Replaces what 'ids' say about the state, its own address aside. */
static void
clear_state(struct smap *ids)
{
    struct smap_node *node;

    SMAP_FOR_EACH_SAFE (node, ids) {
        if (!strncmp(node->key, PREFIX, strlen(PREFIX))
            && strcmp(node->key, PREFIX"-mac")) {
            smap_remove_node(ids, node);
        }
    }
}

static void
put_claim(struct smap *ids, const struct vm_op *op)
{
    const struct vm_claim *claim = op->claim;
    struct ds s = DS_EMPTY_INITIALIZER;

    smap_add_nocopy(ids, xstrdup(PREFIX"-owner"), vm_claim_owner(claim));
    if (claim->name) {
        smap_add(ids, PREFIX"-name", claim->name);
    }
    if (claim->pid) {
        smap_add_format(ids, PREFIX"-pid", "%lld", claim->pid);
    }
    if (claim->started) {
        smap_add_format(ids, PREFIX"-since", "%lld", claim->started);
    }
    if (op->type != VM_OP_KEEP && !(op->why && !op->refused)) {
        vm_settings_format(&claim->settings, &s);
        smap_add(ids, PREFIX"-settings", ds_cstr(&s));
    }
    if (op->why) {
        smap_add(ids, PREFIX"-why", op->why);
    }
    ds_destroy(&s);
}

static enum vm_state
state_after(const struct vm_op *op)
{
    switch (op->type) {
    case VM_OP_CLOSE: return op->why ? VM_CUT_OFF : VM_CLOSED;
    case VM_OP_PREPARE: return VM_PREPARED;
    case VM_OP_UP: return VM_OPEN;
    case VM_OP_KEEP: return VM_KEPT;
    case VM_OP_REPAIR: return op->vf->state;
    case VM_OP_RELEASE:
    default: return VM_NONE;
    }
}

/* What other programs read. */
static void
write_iface(const struct ovsrec_interface *row, const struct vm_op *op,
            enum vm_state state)
{
    const struct vm_claim *claim = op->claim;
    struct smap ids;

    smap_clone(&ids, &row->external_ids);
    smap_remove(&ids, "vm-id");
    smap_remove(&ids, "attached-mac");
    smap_remove(&ids, "iface-status");
    if (state != VM_NONE && state != VM_KEPT) {
        smap_add(&ids, "iface-status", state == VM_OPEN ? "active"
                 : "inactive");
    }
    if (claim && state != VM_CLOSED) {
        smap_add(&ids, "vm-id", claim->vm);
    }
    if (claim && claim->settings.has_mac
        && (state == VM_PREPARED || state == VM_OPEN)) {
        smap_add_format(&ids, "attached-mac", ETH_ADDR_FMT,
                        ETH_ADDR_ARGS(claim->settings.mac));
    }
    ovsrec_interface_verify_external_ids(row);
    ovsrec_interface_set_external_ids(row, &ids);
    smap_destroy(&ids);
}

static void
write_settings(const struct ovsrec_port *row, const struct vm_op *op,
               enum vm_state state)
{
    struct vm_settings none;

    vm_settings_init(&none);
    if (op->type == VM_OP_RELEASE) {
        write_vlans(row, &none);
    } else if (op->type == VM_OP_REPAIR) {
        free(vm_settings_put_words(&none, op->vf->settings
                                   ? op->vf->settings : ""));
        write_vlans(row, &none);
    } else if (state != VM_KEPT) {
        write_vlans(row, state == VM_PREPARED || state == VM_OPEN
                    ? &op->claim->settings : NULL);
    }
    vm_settings_destroy(&none);
}

static void
write_op(const struct ovsrec_port *row, const struct vm_op *op)
{
    enum vm_state state = state_after(op);
    const struct vm_vf *vf = op->vf;
    struct smap ids;

    write_settings(row, op, state);
    if (op->type == VM_OP_REPAIR) {
        return;
    }
    smap_clone(&ids, &row->external_ids);
    clear_state(&ids);
    if (state == VM_NONE) {
        smap_remove(&ids, PREFIX"-mac");
    } else {
        smap_add(&ids, PREFIX, vm_state_to_string(state));
        if (!vf->has_own_mac && state == VM_CLOSED) {
            smap_add_format(&ids, PREFIX"-mac", ETH_ADDR_FMT,
                            ETH_ADDR_ARGS(vf->mac));
        }
    }
    if (op->claim && state != VM_CLOSED && state != VM_NONE) {
        put_claim(&ids, op);
    }
    ovsrec_port_verify_external_ids(row);
    ovsrec_port_set_external_ids(row, &ids);
    smap_destroy(&ids);
    write_iface(row->interfaces[0], op, state);
}

/* Writes which VFs are managed.  Returns true if that changed. */
static bool
write_managed(const struct ovsrec_open_vswitch *cfg,
              const struct sset *managed)
{
    const char *old = smap_get_def(&cfg->other_config, MANAGED, "");
    struct ds s = DS_EMPTY_INITIALIZER;
    const char **names = sset_sort(managed);
    bool differs;

    for (size_t i = 0; i < sset_count(managed); i++) {
        ds_put_format(&s, "%s%s", i ? "," : "", names[i]);
    }
    differs = strcmp(old, ds_cstr(&s)) != 0;
    if (differs && s.length) {
        ovsrec_open_vswitch_update_other_config_setkey(cfg, MANAGED,
                                                       ds_cstr(&s));
    } else if (differs) {
        ovsrec_open_vswitch_update_other_config_delkey(cfg, MANAGED);
    }
    free(names);
    ds_destroy(&s);
    return differs;
}

/* Mirrors.  A Bridge can have 32, so that VMs with the same output share
 * one. */

/* Who is mirrored to a port. */
struct mirrored {
    struct ovsrec_port **ports;
    size_t n;
};

/* Adds to 'outputs' a "struct mirrored" for each port of 'br' that settings
 * name as a mirror's. */
static void
find_mirrored(const struct ovsrec_bridge *br, struct shash *outputs)
{
    for (size_t i = 0; i < br->n_ports; i++) {
        struct ovsrec_port *port = br->ports[i];
        const struct smap *ids = &port->external_ids;
        struct vm_settings settings;
        enum vm_state state;

        if (!vm_state_from_string(smap_get_def(ids, PREFIX, "none"), &state)
            || (state != VM_OPEN && state != VM_PREPARED)) {
            continue;
        }
        vm_settings_init(&settings);
        free(vm_settings_put_words(&settings, smap_get_def(
                                       ids, PREFIX"-settings", "")));
        if (settings.mirror) {
            struct mirrored *mirrored = shash_find_data(outputs,
                                                        settings.mirror);

            if (!mirrored) {
                mirrored = xzalloc(sizeof *mirrored);
                mirrored->ports = xcalloc(br->n_ports, sizeof port);
                shash_add(outputs, settings.mirror, mirrored);
            }
            mirrored->ports[mirrored->n++] = port;
        }
        vm_settings_destroy(&settings);
    }
}

static struct ovsrec_port *
find_port(const struct ovsrec_bridge *br, const char *name)
{
    for (size_t i = 0; i < br->n_ports; i++) {
        if (!strcmp(br->ports[i]->name, name)) {
            return br->ports[i];
        }
    }
    return NULL;
}

/* Returns true if 'a' and 'b' have the same ports, in whatever order. */
static bool
same_ports(const struct mirrored *a, struct ovsrec_port **b, size_t n_b)
{
    bool same = a->n == n_b;

    for (size_t i = 0; same && i < n_b; i++) {
        bool found = false;

        for (size_t j = 0; j < a->n; j++) {
            found |= a->ports[j] == b[i];
        }
        same = found;
    }
    return same;
}

static void
set_mirror(const struct ovsrec_mirror *m, const struct ovsrec_port *output,
           const struct mirrored *mirrored)
{
    ovsrec_mirror_set_output_port(m, output);
    ovsrec_mirror_set_select_src_port(m, mirrored->ports, mirrored->n);
    ovsrec_mirror_set_select_dst_port(m, mirrored->ports, mirrored->n);
}

/* Has 'm', which is ours, be what 'outputs' say, and takes that out of them.
 * Returns true if it was not. */
static bool
update_mirror(const struct ovsrec_bridge *br, const struct ovsrec_mirror *m,
              struct shash *outputs)
{
    const char *name = m->name + strlen(MIRROR_NAME);
    struct mirrored *mirrored = shash_find_and_delete(outputs, name);
    const struct ovsrec_port *output = find_port(br, name);
    bool differs = true;

    if (!mirrored || !output) {
        ovsrec_bridge_update_mirrors_delvalue(br, m);
    } else if (m->output_port != output
               || !same_ports(mirrored, m->select_src_port,
                              m->n_select_src_port)
               || !same_ports(mirrored, m->select_dst_port,
                              m->n_select_dst_port)) {
        set_mirror(m, output, mirrored);
    } else {
        differs = false;
    }
    if (mirrored) {
        free(mirrored->ports);
        free(mirrored);
    }
    return differs;
}

/* Has 'br' have the Mirrors of its VMs.  Returns true if it had not.  One
 * whose output is gone is taken out, with what that says in vm.c. */
static bool
write_mirrors(struct ovsdb_idl_txn *txn, const struct ovsrec_bridge *br)
{
    struct shash outputs = SHASH_INITIALIZER(&outputs);
    struct shash_node *node;
    bool any = false;

    find_mirrored(br, &outputs);
    for (size_t i = 0; i < br->n_mirrors; i++) {
        const struct ovsrec_mirror *m = br->mirrors[i];

        if (smap_get_bool(&m->external_ids, PREFIX, false)
            && !strncmp(m->name, MIRROR_NAME, strlen(MIRROR_NAME))) {
            any |= update_mirror(br, m, &outputs);
        }
    }
    SHASH_FOR_EACH (node, &outputs) {
        const struct ovsrec_port *output = find_port(br, node->name);
        struct mirrored *mirrored = node->data;

        if (output) {
            const struct ovsrec_mirror *m = ovsrec_mirror_insert(txn);
            const struct smap ids = SMAP_CONST1(&ids, PREFIX, "true");
            char *name = xasprintf(MIRROR_NAME"%s", node->name);

            ovsrec_mirror_set_name(m, name);
            ovsrec_mirror_set_external_ids(m, &ids);
            set_mirror(m, output, mirrored);
            ovsrec_bridge_update_mirrors_addvalue(br, m);
            free(name);
            any = true;
        }
        free(mirrored->ports);
    }
    shash_destroy_free_data(&outputs);
    return any;
}

void
vm_ovsdb_write(struct vm_ovsdb *db, const struct sset *managed,
               const struct vm_op *ops, size_t n)
{
    const struct ovsrec_open_vswitch *cfg = ovsrec_open_vswitch_first(db->idl);
    struct shash ports;
    bool any;

    db->txn = ovsdb_idl_txn_create(db->idl);
    any = managed && write_managed(cfg, managed);
    find_ports(db, &ports, NULL);
    for (size_t i = 0; i < n; i++) {
        const struct ovsrec_port *row = shash_find_data(&ports,
                                                        ops[i].vf->rep);

        if (row) {
            write_op(row, &ops[i]);
            any = true;
        }
    }
    shash_destroy(&ports);
    for (size_t i = 0; i < cfg->n_bridges; i++) {
        any |= write_mirrors(db->txn, cfg->bridges[i]);
    }
    if (any) {
        ovsdb_idl_txn_add_comment(db->txn, "ovs-sriov vm");
        ovsdb_idl_txn_increment(db->txn, &cfg->header_,
                                &ovsrec_open_vswitch_col_next_cfg, false);
        run_txn(db);
    } else {
        ovsdb_idl_txn_abort(db->txn);
        ovsdb_idl_txn_destroy(db->txn);
        db->txn = NULL;
    }
}

/* For programs that do not go on. */

void
vm_ovsdb_list(const char *remote, struct smap *vms)
{
    struct vm_ovsdb *db = vm_ovsdb_create(remote);
    long long int end = time_msec() + LIST_TIMEOUT;
    struct shash_node *node;
    struct shash ports;

    while (!vm_ovsdb_is_ready(db) && time_msec() < end) {
        vm_ovsdb_run(db);
        if (!vm_ovsdb_is_ready(db)) {
            vm_ovsdb_wait(db);
            poll_timer_wait_until(end);
            poll_block();
        }
    }
    find_ports(db, &ports, NULL);
    SHASH_FOR_EACH (node, &ports) {
        const struct ovsrec_port *row = node->data;
        char *vm = sriov_view_vm(&row->external_ids);

        if (vm) {
            smap_add_nocopy(vms, xstrdup(node->name), vm);
        }
    }
    shash_destroy(&ports);
    vm_ovsdb_destroy(db);
}

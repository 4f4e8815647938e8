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


/* See rows.h for where this stands. */

#include <config.h>
#include "database/rows.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "datapath/sources.h"
#include "rules/config.h"
#include "rules/dpdk.h"
#include "rules/view.h"
#include "inventory/model.h"
#include "util.h"
#include "vswitch-idl.h"

/* The marks, in external_ids of the Port and the Interface. */
#define MARK_PREFIX "sriov-"
#define MARK_OWNER "sriov-owner"
#define OWNER "cx-sriov"
#define MARK_PF "sriov-pf"
#define MARK_PORT "sriov-port"
#define MARK_DEVARGS "sriov-devargs"

/* What "ovs-sriov vm" keeps in external_ids of a Port, see
 * utilities/sriov/vm-ovsdb.h: marks that go where the port goes.  While there
 * are any, the columns and keys that it writes are its own and nobody's
 * change. */
#define VM_PREFIX "sriov-vm"
#define VM_VFS "sriov-vm-vfs"   /* In Open_vSwitch: PCI addresses. */
#define VM_CLOSED_VLAN 4095     /* The only one of a closed port.  There are
                                 * frames with it, so that its sources are
                                 * closed as well. */

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
    &ovsrec_open_vswitch_col_external_ids,
    &ovsrec_bridge_col_datapath_type,
    &ovsrec_bridge_col_controller, &ovsrec_controller_col_target,
    &ovsrec_bridge_col_name, &ovsrec_bridge_col_ports,
    &ovsrec_bridge_col_other_config, &ovsrec_bridge_col_external_ids,
    &ovsrec_bridge_col_mirrors, &ovsrec_mirror_col_output_port,
    &ovsrec_mirror_col_select_src_port, &ovsrec_mirror_col_select_dst_port,
    &ovsrec_mirror_col_external_ids,
    &ovsrec_port_col_name, &ovsrec_port_col_interfaces,
    &ovsrec_interface_col_name, &ovsrec_interface_col_ofport,
    &ovsrec_interface_col_error,
};

static void
add_columns(struct ovsdb_idl *idl,
            const struct ovsdb_idl_column *const columns[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ovsdb_idl_add_column(idl, columns[i]);
    }
}

void
sriov_rows_add_columns(struct ovsdb_idl *idl)
{
    add_columns(idl, port_settings, ARRAY_SIZE(port_settings));
    add_columns(idl, iface_settings, ARRAY_SIZE(iface_settings));
    add_columns(idl, other_columns, ARRAY_SIZE(other_columns));
}

/* Reading. */

static bool
is_vm_key(const char *key)
{
    return (!strcmp(key, "vm-id") || !strcmp(key, "attached-mac")
            || !strcmp(key, "iface-status"));
}

static bool
is_vm_column(const struct ovsdb_idl_column *c)
{
    return (c == &ovsrec_port_col_tag || c == &ovsrec_port_col_trunks
            || c == &ovsrec_port_col_vlan_mode
            || c == &ovsrec_port_col_protected_);
}

/* Returns true if 'c', a column of Port or Interface, is one that "ovs-sriov
 * vm" writes, with nothing of others in it.  It manages 'port', unless that is
 * NULL. */
static bool
is_vm_value(const struct ovsrec_port *port, const struct ovsdb_idl_column *c)
{
    return (port
            && (c == &ovsrec_port_col_other_config
                ? (smap_count(&port->other_config) == 1
                   && smap_get(&port->other_config, SRIOV_SOURCES_KEY))
                : is_vm_column(c)));
}

/* 'vm' says that "ovs-sriov vm" writes into the row as well. */
static bool
only_marks(const struct smap *external_ids, bool vm)
{
    struct smap_node *node;

    SMAP_FOR_EACH (node, external_ids) {
        if (strncmp(node->key, MARK_PREFIX, strlen(MARK_PREFIX))
            && !(vm && is_vm_key(node->key))) {
            return false;
        }
    }
    return true;
}

/* Returns true if 'c' is a column of Interface that we write. */
static bool
is_written(const struct ovsdb_idl_column *c)
{
    return (c == &ovsrec_interface_col_mtu_request
            || c == &ovsrec_interface_col_ofport_request
            || c == &ovsrec_interface_col_type
            || c == &ovsrec_interface_col_options);
}

/* Returns true if the 'n' columns 'settings' of 'row' have their defaults,
 * external_ids and what we may have written ourselves aside.  'vm' is the
 * Port, if "ovs-sriov vm" manages it, else NULL. */
static bool
settings_are_default(const struct ovsdb_idl_row *row,
                     const struct ovsdb_idl_column *const settings[], size_t n,
                     const struct ovsrec_port *vm)
{
    for (size_t i = 0; i < n; i++) {
        const struct ovsdb_idl_column *c = settings[i];

        if (!is_vm_value(vm, c) && !is_written(c)
            && strcmp(c->name, "external_ids")
            && !ovsdb_datum_is_default(ovsdb_idl_read(row, c), &c->type)) {
            return false;
        }
    }
    return true;
}

/* Returns true if the optional 'value' of 'n' is 'ours', or none if that
 * is 0. */
static bool
is_our_value(const int64_t *value, size_t n, int64_t ours)
{
    return n ? *value == ours : !ours;
}

/* Returns true if 'iface' has the type and the options that we wrote:
 * 'devargs', or none. */
static bool
has_our_type(const struct ovsrec_interface *iface, const char *devargs)
{
    return (!strcmp(iface->type, devargs ? "dpdk" : "")
            && smap_count(&iface->options) == (devargs ? 1 : 0)
            && nullable_string_is_equal(smap_get(&iface->options,
                                                 "dpdk-devargs"), devargs));
}

/* Returns true if nobody changed 'port', one of ours, since we added it. */
static bool
is_pristine(const struct ovsrec_port *port, int64_t mtu, const char *devargs)
{
    const struct ovsrec_interface *iface;

    if (port->n_interfaces != 1) {
        return false;
    }
    iface = port->interfaces[0];

    const struct ovsrec_port *vm
        = smap_get(&port->external_ids, VM_PREFIX) ? port : NULL;
    return (only_marks(&port->external_ids, false)
            && only_marks(&iface->external_ids, vm)
            && settings_are_default(&port->header_, port_settings,
                                    ARRAY_SIZE(port_settings), vm)
            && settings_are_default(&iface->header_, iface_settings,
                                    ARRAY_SIZE(iface_settings), vm)
            && has_our_type(iface, devargs)
            && is_our_value(iface->mtu_request, iface->n_mtu_request, mtu)
            && is_our_value(iface->ofport_request, iface->n_ofport_request,
                            smap_get_int(&iface->external_ids,
                                         SRIOV_ROWS_OFPORT, 0)));
}

/* Returns true if 'port' is among the 'n' 'ports'. */
static bool
is_among(const struct ovsrec_port *port, struct ovsrec_port *const ports[],
         size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (ports[i] == port) {
            return true;
        }
    }
    return false;
}

/* Returns true if a Mirror of 'br' names 'port', but for those that "ovs-sriov
 * vm" makes and takes away.  (No other table refers to a Port but Bridge, and
 * none to an Interface but Port.) */
static bool
is_mirrored(const struct ovsrec_bridge *br, const struct ovsrec_port *port)
{
    for (size_t i = 0; i < br->n_mirrors; i++) {
        const struct ovsrec_mirror *m = br->mirrors[i];

        if (smap_get_bool(&m->external_ids, VM_PREFIX, false)) {
            continue;
        }
        if (m->output_port == port
            || is_among(port, m->select_src_port, m->n_select_src_port)
            || is_among(port, m->select_dst_port, m->n_select_dst_port)) {
            return true;
        }
    }
    return false;
}

static bool
is_ours(const struct ovsrec_port *row)
{
    return !strcmp(smap_get_def(&row->external_ids, MARK_OWNER, ""), OWNER);
}

bool
sriov_rows_have_ports(const struct ovsrec_open_vswitch *cfg)
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

/* Returns the first interface in 'cfg' for which 'is_it' returns true with
 * 'aux', or NULL. */
static const struct ovsrec_interface *
find_iface(const struct ovsrec_open_vswitch *cfg,
           bool (*is_it)(const struct ovsrec_interface *, const char *aux),
           const char *aux)
{
    for (size_t i = 0; i < cfg->n_bridges; i++) {
        const struct ovsrec_bridge *br = cfg->bridges[i];

        for (size_t j = 0; j < br->n_ports; j++) {
            for (size_t k = 0; k < br->ports[j]->n_interfaces; k++) {
                if (is_it(br->ports[j]->interfaces[k], aux)) {
                    return br->ports[j]->interfaces[k];
                }
            }
        }
    }
    return NULL;
}

static bool
has_name(const struct ovsrec_interface *row, const char *name)
{
    return !strcmp(row->name, name);
}

/* Returns the devargs of 'row', or NULL if it is no DPDK port or has none. */
static const char *
get_devargs(const struct ovsrec_interface *row)
{
    return (strcmp(row->type, "dpdk") ? NULL
            : smap_get(&row->options, "dpdk-devargs"));
}

static bool
is_uplink_of(const struct ovsrec_interface *row, const char *devargs)
{
    const char *own = get_devargs(row);

    return own && sriov_dpdk_is_uplink_of(own, devargs);
}

const struct ovsrec_interface *
sriov_rows_find_iface(const struct ovsrec_open_vswitch *cfg, const char *name)
{
    return find_iface(cfg, has_name, name);
}

const struct ovsrec_interface *
sriov_rows_dpdk_uplink(const struct ovsrec_open_vswitch *cfg,
                       const char *name)
{
    const struct ovsrec_interface *row = sriov_rows_find_iface(cfg, name);
    const char *devargs = row ? get_devargs(row) : NULL;

    return devargs ? find_iface(cfg, is_uplink_of, devargs) : NULL;
}

void
sriov_rows_read_sources(const struct ovsrec_open_vswitch *cfg,
                        struct smap *lists)
{
    for (size_t i = 0; i < cfg->n_bridges; i++) {
        const struct ovsrec_bridge *br = cfg->bridges[i];

        for (size_t j = 0; j < br->n_ports; j++) {
            const char *list = smap_get(&br->ports[j]->other_config,
                                        SRIOV_SOURCES_KEY);

            for (size_t k = 0; list && k < br->ports[j]->n_interfaces; k++) {
                smap_replace(lists, br->ports[j]->interfaces[k]->name, list);
            }
        }
    }
}

/* Stores in 'iface' what bridge.c writes into 'row'. */
static void
convert_result(struct sriov_view_iface *iface,
               const struct ovsrec_interface *row)
{
    free(iface->error);
    iface->error = nullable_xstrdup(row->error);
    iface->has_ofport = row->n_ofport > 0;
    iface->ofport = row->n_ofport ? row->ofport[0] : 0;
}

static void
convert_port(struct sriov_view *view, struct sriov_view_bridge *br,
             const struct ovsrec_bridge *br_row,
             const struct ovsrec_port *row, bool all)
{
    const char *pf = smap_get(&row->external_ids, MARK_PF);
    const char *label = smap_get(&row->external_ids, MARK_PORT);
    char *key = is_ours(row) && pf && label ? sriov_key(pf, label) : NULL;
    struct sriov_view_port *port = sriov_view_add_port(view, br, row->name,
                                                       key);
    long long int mtu = smap_get_int(&row->external_ids, SRIOV_ROWS_MTU, 0);

    free(key);
    port->uuid = row->header_.uuid;
    port->vm = sriov_view_vm(&row->external_ids);
    if (row->n_interfaces > 1) {
        char *name = xasprintf("Port %s", row->name);

        port->bond_offload = sriov_config_bond_offload(name,
                                                       &row->other_config);
        free(name);
    }
    if (port->key) {
        port->has_our_mtu = mtu > 0;
        port->our_mtu = mtu;
        port->our_devargs = nullable_xstrdup(smap_get(&row->external_ids,
                                                      MARK_DEVARGS));
        port->our_vf_pci = nullable_xstrdup(smap_get(&row->external_ids,
                                                     SRIOV_ROWS_VF_PCI));
        port->pristine = (all && is_pristine(row, MAX(mtu, 0),
                                             port->our_devargs)
                          && !is_mirrored(br_row, row));
    }

    for (size_t i = 0; i < row->n_interfaces; i++) {
        const struct ovsrec_interface *ir = row->interfaces[i];
        struct sriov_view_iface *iface = sriov_view_add_iface(view, port,
                                                              ir->name);

        free(iface->type);
        iface->type = xstrdup(ir->type);
        iface->dpdk_devargs = nullable_xstrdup(smap_get(&ir->options,
                                                        "dpdk-devargs"));
        iface->offload_priority
            = nullable_xstrdup(smap_get(&ir->other_config,
                                        "hw-offload-priority"));
        iface->vm_id = nullable_xstrdup(smap_get(&ir->external_ids,
                                                 "vm-id"));
        convert_result(iface, ir);
        iface->has_mtu_request = ir->n_mtu_request > 0;
        iface->mtu_request = ir->n_mtu_request ? ir->mtu_request[0] : 0;
        iface->police_rate = ir->ingress_policing_rate;
        iface->police_kpkts = ir->ingress_policing_kpkts_rate;
    }
}

/* Returns true if the integration bridge has an OpenFlow controller. */
static bool
is_controlled(const struct ovsrec_open_vswitch *cfg)
{
    const char *name = sriov_config_integration_bridge(&cfg->external_ids);

    for (size_t i = 0; i < cfg->n_bridges; i++) {
        if (!strcmp(cfg->bridges[i]->name, name)) {
            return cfg->bridges[i]->n_controller > 0;
        }
    }
    return false;
}

struct sriov_view *
sriov_rows_read(const struct ovsrec_open_vswitch *cfg, bool all)
{
    struct sriov_view *view = sriov_view_create();

    if (!cfg) {
        return view;
    }

    view->dpdk_extra = nullable_xstrdup(smap_get(&cfg->other_config,
                                                 "dpdk-extra"));
    sset_from_delimited_string(&view->vm_vfs,
                               smap_get_def(&cfg->other_config, VM_VFS, ""),
                               ",");
    const char *owner = sriov_config_port_owner(&cfg->external_ids,
                                                is_controlled(cfg));
    bool auto_add = !owner;
    sriov_config_auto_add("Open_vSwitch", &cfg->other_config, &auto_add,
                          &owner);
    for (size_t i = 0; i < cfg->n_bridges; i++) {
        const struct ovsrec_bridge *row = cfg->bridges[i];
        struct sriov_view_bridge *br = sriov_view_add_bridge(view, row->name);
        char *name = xasprintf("Bridge %s", row->name);

        br->uuid = row->header_.uuid;
        br->userspace = !strcmp(row->datapath_type, "netdev");
        br->auto_add = auto_add;
        br->owner = owner;
        sriov_config_auto_add(name, &row->other_config, &br->auto_add,
                              &br->owner);
        br->switch_id = sriov_config_switch_id(name, &row->other_config);
        br->representors = sriov_config_representors(name,
                                                     &row->other_config);
        br->listed = smap_get(&row->external_ids, SRIOV_ROWS_DELETED) != NULL;
        sset_from_delimited_string(&br->deleted,
                                   smap_get_def(&row->external_ids,
                                                SRIOV_ROWS_DELETED,
                                                ""), ",");
        free(name);
        for (size_t j = 0; j < row->n_ports; j++) {
            convert_port(view, br, row, row->ports[j], all);
        }
    }
    return view;
}

void
sriov_rows_refresh(const struct ovsrec_open_vswitch *cfg,
                   struct sriov_view *view)
{
    for (size_t i = 0; i < view->n_bridges; i++) {
        for (size_t j = 0; j < view->bridges[i]->n_ports; j++) {
            struct sriov_view_port *port = view->bridges[i]->ports[j];

            for (size_t k = 0; k < port->n_ifaces; k++) {
                convert_result(port->ifaces[k],
                               cfg->bridges[i]->ports[j]->interfaces[k]);
            }
        }
    }
}

/* Writing. */

void
sriov_rows_put_marks(struct smap *external_ids, const struct sriov_port *rep,
                     unsigned int mtu, const char *devargs)
{
    struct smap_node *node;

    SMAP_FOR_EACH_SAFE (node, external_ids) {
        if (!strncmp(node->key, MARK_PREFIX, strlen(MARK_PREFIX))
            && strncmp(node->key, VM_PREFIX, strlen(VM_PREFIX))) {
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
        smap_add(external_ids, SRIOV_ROWS_VF_PCI, rep->vf_pci);
    }
    if (devargs) {
        smap_add(external_ids, MARK_DEVARGS, devargs);
    }
    if (mtu) {
        smap_add_format(external_ids, SRIOV_ROWS_MTU, "%u", mtu);
    }
}

void
sriov_rows_close(const struct ovsrec_port *port,
                 const struct ovsrec_interface *iface)
{
    int64_t vlan = VM_CLOSED_VLAN;

    ovsrec_port_set_vlan_mode(port, "trunk");
    ovsrec_port_set_trunks(port, &vlan, 1);
    ovsrec_port_set_protected_(port, true);
    ovsrec_port_update_other_config_setkey(port, SRIOV_SOURCES_KEY,
                                           SRIOV_SOURCES_NONE);
    ovsrec_port_update_external_ids_setkey(port, VM_PREFIX, "closed");
    ovsrec_interface_update_external_ids_setkey(iface, "iface-status",
                                                "inactive");
}

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

void
sriov_rows_copy_port_settings(const struct ovsrec_port *old,
                              const struct ovsrec_port *new)
{
    copy_settings(&old->header_, &new->header_, port_settings,
                  ARRAY_SIZE(port_settings));
}

void
sriov_rows_copy_iface_settings(const struct ovsrec_interface *old,
                               const struct ovsrec_interface *new)
{
    copy_settings(&old->header_, &new->header_, iface_settings,
                  ARRAY_SIZE(iface_settings));
}

void
sriov_rows_move_mirrors(const struct ovsrec_bridge *br,
                        const struct ovsrec_port *old,
                        const struct ovsrec_port *new)
{
    for (size_t i = 0; i < br->n_mirrors; i++) {
        const struct ovsrec_mirror *m = br->mirrors[i];

        if (is_among(old, m->select_src_port, m->n_select_src_port)) {
            ovsrec_mirror_update_select_src_port_delvalue(m, old);
            ovsrec_mirror_update_select_src_port_addvalue(m, new);
        }
        if (is_among(old, m->select_dst_port, m->n_select_dst_port)) {
            ovsrec_mirror_update_select_dst_port_delvalue(m, old);
            ovsrec_mirror_update_select_dst_port_addvalue(m, new);
        }
        if (m->output_port == old) {
            ovsrec_mirror_verify_output_port(m);
            ovsrec_mirror_set_output_port(m, new);
        }
    }
}

void
sriov_rows_verify_settings(const struct ovsrec_port *row)
{
    for (size_t i = 0; i < ARRAY_SIZE(port_settings); i++) {
        ovsdb_idl_txn_verify(&row->header_, port_settings[i]);
    }
    for (size_t i = 0; i < row->n_interfaces; i++) {
        for (size_t j = 0; j < ARRAY_SIZE(iface_settings); j++) {
            ovsdb_idl_txn_verify(&row->interfaces[i]->header_,
                                 iface_settings[j]);
        }
    }
}

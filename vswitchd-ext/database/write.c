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

/* See write.h for where this stands. */

#include <config.h>
#include "database/write.h"

#include <inttypes.h>
#include <stdlib.h>

#include "database/rows.h"
#include "rules/view.h"
#include "inventory/model.h"
#include "openvswitch/dynamic-string.h"
#include "ovsdb-idl.h"
#include "rules/plan.h"
#include "smap.h"
#include "util.h"
#include "vswitch-idl.h"

static void
set_mtu_request(const struct ovsrec_interface *iface, unsigned int mtu)
{
    int64_t value = mtu;

    ovsrec_interface_set_mtu_request(iface, &value, mtu ? 1 : 0);
}

/* What a plan is written with. */
struct writer {
    struct ovsdb_idl *idl;
    struct ovsdb_idl_txn *txn;
    struct ds *text;            /* What it does. */
};

/* Has 'iface', whose marks become 'ids', ask for the OpenFlow port number
 * 'ofport', or for none if that is 0. */
static void
request_ofport(const struct ovsrec_interface *iface, int64_t ofport,
               struct smap *ids)
{
    ovsrec_interface_set_ofport_request(iface, &ofport, ofport ? 1 : 0);
    if (ofport) {
        smap_add_format(ids, SRIOV_ROWS_OFPORT, "%"PRId64, ofport);
    }
}

/* Returns true if a person asked for the OpenFlow port number of 'iface'. */
static bool
has_own_ofport(const struct ovsrec_interface *iface)
{
    return (iface->n_ofport_request
            && (iface->ofport_request[0]
                != smap_get_int(&iface->external_ids, SRIOV_ROWS_OFPORT, 0)));
}

/* Gives 'iface', which has 'options' until now, the type that 'op' says. */
static void
set_type(const struct ovsrec_interface *iface, const struct smap *options,
         const struct sriov_op *op)
{
    struct smap new;

    if (!op->set_type) {
        return;
    }
    smap_clone(&new, options);
    smap_remove(&new, "dpdk-devargs");
    if (op->devargs) {
        smap_add(&new, "dpdk-devargs", op->devargs);
    }
    ovsrec_interface_set_type(iface, op->devargs ? "dpdk" : "");
    ovsrec_interface_set_options(iface, &new);
    smap_destroy(&new);
}

/* Returns true if mtu_request of the port of ours that 'op' changes is ours as
 * well: one that a person asked for stays. */
static bool
has_own_mtu(const struct sriov_op *op)
{
    const struct sriov_view_iface *iface = op->decision->iface;

    return (op->old->has_our_mtu == iface->has_mtu_request
            && (!iface->has_mtu_request
                || op->old->our_mtu == iface->mtu_request));
}

/* Adds the port for the decision of 'op', with the settings of 'old', if that
 * is nonnull.  If that is in the same bridge, mirrors and flows that name it
 * mean the new one then. */
static void
add_port(const struct writer *w, const struct sriov_op *op,
         const struct ovsrec_port *old)
{
    const struct sriov_decision *d = op->decision;
    bool own_mtu = !old || has_own_mtu(op);
    unsigned int mtu = own_mtu ? op->mtu : 0;
    const struct smap none = SMAP_INITIALIZER(&none);
    const struct ovsrec_bridge *br
        = ovsrec_bridge_get_for_uuid(w->idl, &d->bridge->uuid);
    const struct ovsrec_interface *old_iface
        = old && old->n_interfaces ? old->interfaces[0] : NULL;
    struct smap ids = SMAP_INITIALIZER(&ids);
    struct ovsrec_interface *iface;
    struct ovsrec_port *port;

    if (!br) {
        return;
    }

    iface = ovsrec_interface_insert(w->txn);
    if (old_iface) {
        sriov_rows_copy_iface_settings(old_iface, iface);
        smap_clone(&ids, &old_iface->external_ids);
    }
    ovsrec_interface_set_name(iface, d->port->link->name);
    sriov_rows_put_marks(&ids, d->port, mtu, op->devargs);
    if (old_iface && !has_own_ofport(old_iface)) {
        request_ofport(iface, op->ofport, &ids);
    }
    ovsrec_interface_set_external_ids(iface, &ids);
    if (own_mtu) {
        set_mtu_request(iface, mtu);
    }
    set_type(iface, old_iface ? &old_iface->options : &none, op);
    smap_destroy(&ids);

    smap_init(&ids);
    port = ovsrec_port_insert(w->txn);
    if (old) {
        sriov_rows_copy_port_settings(old, port);
        smap_clone(&ids, &old->external_ids);
        if (d->bridge == op->old->bridge) {
            sriov_rows_move_mirrors(br, old, port);
        }
    }
    ovsrec_port_set_name(port, d->port->link->name);
    sriov_rows_put_marks(&ids, d->port, mtu, op->devargs);
    ovsrec_port_set_external_ids(port, &ids);
    ovsrec_port_set_interfaces(port, &iface, 1);
    smap_destroy(&ids);
    if (op->closed) {
        sriov_rows_close(port, iface);
    }

    ovsrec_bridge_update_ports_addvalue(br, port);
    if (!d->bridge->listed) {
        ovsrec_bridge_update_external_ids_setkey(br, SRIOV_ROWS_DELETED, "");
    }
}

/* Takes 'row', in 'port->bridge', out of the database. */
static void
remove_port(const struct writer *w, const struct sriov_view_port *port,
            const struct ovsrec_port *row)
{
    const struct ovsrec_bridge *br
        = ovsrec_bridge_get_for_uuid(w->idl, &port->bridge->uuid);

    sriov_rows_verify_settings(row);
    if (br) {
        ovsrec_bridge_update_ports_delvalue(br, row);
    }
}

/* Makes 'port', of ours, one of the type that 'op' says. */
static void
do_retype(const struct ovsrec_port *port, const struct sriov_op *op)
{
    const struct sriov_port *rep = op->decision->port;
    bool own_mtu = has_own_mtu(op);
    unsigned int mtu = own_mtu ? op->mtu : 0;
    struct smap ids;

    sriov_rows_verify_settings(port);
    for (size_t i = 0; i < port->n_interfaces; i++) {
        const struct ovsrec_interface *iface = port->interfaces[i];
        const char *ofport = smap_get(&iface->external_ids,
                                      SRIOV_ROWS_OFPORT);

        smap_clone(&ids, &iface->external_ids);
        sriov_rows_put_marks(&ids, rep, mtu, op->devargs);
        if (ofport) {
            smap_add(&ids, SRIOV_ROWS_OFPORT, ofport);
        }
        ovsrec_interface_set_external_ids(iface, &ids);
        smap_destroy(&ids);
        if (own_mtu) {
            set_mtu_request(iface, mtu);
        }
        set_type(iface, &iface->options, op);
    }
    smap_clone(&ids, &port->external_ids);
    sriov_rows_put_marks(&ids, rep, mtu, op->devargs);
    ovsrec_port_set_external_ids(port, &ids);
    smap_destroy(&ids);
}

/* Notes in 'port', of ours, that its mtu_request is 'mtu', and makes it so. */
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

/* Notes in 'port', of ours, the PCI address of its VF. */
static void
do_vf(const struct ovsrec_port *port, const char *vf_pci)
{
    for (size_t i = 0; i < port->n_interfaces; i++) {
        ovsrec_interface_update_external_ids_setkey(port->interfaces[i],
                                                    SRIOV_ROWS_VF_PCI, vf_pci);
    }
    ovsrec_port_update_external_ids_setkey(port, SRIOV_ROWS_VF_PCI, vf_pci);
}

static void
do_deleted(const struct writer *w, const struct sriov_op *op)
{
    const struct ovsrec_bridge *br
        = ovsrec_bridge_get_for_uuid(w->idl, &op->bridge->uuid);

    if (!br) {
        return;
    }
    ovsrec_bridge_verify_external_ids(br);
    ovsrec_bridge_update_external_ids_setkey(br, SRIOV_ROWS_DELETED,
                                             op->deleted);
}

static void
do_op(const struct writer *w, const struct sriov_op *op)
{
    const struct ovsrec_port *old
        = op->old ? ovsrec_port_get_for_uuid(w->idl, &op->old->uuid) : NULL;

    if (op->old && !old) {
        return;
    }
    switch (op->type) {
    case SRIOV_OP_ADD:
        add_port(w, op, NULL);
        break;

    case SRIOV_OP_REPLACE:
        add_port(w, op, old);
        remove_port(w, op->old, old);
        break;

    case SRIOV_OP_RETYPE:
        do_retype(old, op);
        break;

    case SRIOV_OP_MTU:
        do_mtu(old, op->mtu);
        break;

    case SRIOV_OP_VF:
        do_vf(old, op->port->vf_pci);
        break;

    case SRIOV_OP_REMOVE:
        remove_port(w, op->old, old);
        break;

    case SRIOV_OP_DELETED:
        do_deleted(w, op);
        break;

    case SRIOV_OP_RETRY:
    case SRIOV_OP_REATTACH:
    case SRIOV_OP_LINK:
    default:
        OVS_NOT_REACHED();
    }
}

/* Appends to 'w->text' what the operations of 'type' in 'plan' do: "added 8
 * representors (first ... last)". */
static void
describe(const struct writer *w, const struct sriov_plan *plan,
         enum sriov_op_type type, const char *verb)
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
        ds_put_format(w->text, "%s%s %"PRIuSIZE" representor%s (%s%s%s)",
                      w->text->length ? ", " : "", verb, n, n == 1 ? "" : "s",
                      first, n > 2 ? " ... " : n == 2 ? ", " : "",
                      n > 1 ? last : "");
    }
}

/* Appends to 'w->text' that 'plan' notes which ports are deleted. */
static void
describe_deleted(const struct writer *w, const struct sriov_plan *plan)
{
    for (size_t i = 0; i < plan->n_ops; i++) {
        const struct sriov_op *op = &plan->ops[i];

        if (op->type == SRIOV_OP_DELETED) {
            ds_put_format(w->text, "%snoted ports that were deleted from %s",
                          w->text->length ? ", " : "", op->bridge->name);
        }
    }
}

void
sriov_write_plan(struct ovsdb_idl *idl, struct ovsdb_idl_txn *txn,
                 const struct sriov_plan *plan, struct ds *text)
{
    const struct writer w = { .idl = idl, .txn = txn, .text = text };

    describe(&w, plan, SRIOV_OP_ADD, "added");
    describe(&w, plan, SRIOV_OP_REPLACE, "renamed or moved");
    describe(&w, plan, SRIOV_OP_RETYPE, "changed the type of");
    describe(&w, plan, SRIOV_OP_MTU, "set the MTU of");
    describe(&w, plan, SRIOV_OP_VF, "noted the VFs of");
    describe(&w, plan, SRIOV_OP_REMOVE, "removed");
    describe_deleted(&w, plan);
    ovsdb_idl_txn_add_comment(txn, "ovs-vswitchd: cx-sriov %s",
                              ds_cstr(text));
    for (size_t i = 0; i < plan->n_ops; i++) {
        if (sriov_op_writes(&plan->ops[i])) {
            do_op(&w, &plan->ops[i]);
        }
    }
}

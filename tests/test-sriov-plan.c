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


/* Tests the rules of vswitchd-ext/rules/plan.c, without any I/O.
 *
 *     lines --> source in memory --> model --+
 *     lines --> the rows below -----> view ----+--> plan --> text
 *                                    history -+      +----> the rows below
 *
 * A world is text, see do_line().  Each "plan" in it makes the plan, prints
 * what is in it, carries it out on the rows, and checks what must hold for
 * every plan, see check_ops() and run_plan().  The "state" that it leads to is
 * what tests/sriov-replay.py expects of ovs-vswitchd. */

#include <config.h>
#undef NDEBUG
#include "ovstest.h"

#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "command-line.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/shash.h"
#include "random.h"
#include "smap.h"
#include "sset.h"
#include "svec.h"
#include "timeval.h"
#include "util.h"
#include "rules/config.h"
#include "rules/view.h"
#include "rules/dpdk.h"
#include "rules/drivers.h"
#include "rules/history.h"
#include "rules/plan.h"
#include "rules/tally.h"
#include "inventory/source.h"
#include "inventory/model.h"

/* The database: "struct smap"s by name.  What has no "_bridge" is a bridge,
 * and "." is the Open_vSwitch row.  Keys of a port are columns or keys of
 * external_ids (sriov-...). */
static struct shash rows = SHASH_INITIALIZER(&rows);
static unsigned int n_uuids;

static struct sriov_history history;
static long long int now, started;      /* In ms. */

/* Rows. */

static void
del_row(const char *name)
{
    struct smap *row = shash_find_and_delete(&rows, name);

    if (row) {
        smap_destroy(row);
        free(row);
    }
}

/* Returns the row 'name', which is added if need be. */
static struct smap *
get_row(const char *name)
{
    struct smap *row = shash_find_data(&rows, name);

    if (!row) {
        row = xmalloc(sizeof *row);
        smap_init(row);
        smap_add_format(row, "_uuid", "%u", ++n_uuids);
        shash_add(&rows, name, row);
    }
    return row;
}

static void
del_bridge(const char *name)
{
    struct shash_node *node;

    SHASH_FOR_EACH_SAFE (node, &rows) {
        if (!strcmp(smap_get_def(node->data, "_bridge", ""), name)) {
            del_row(node->name);
        }
    }
    del_row(name);
}

/* Sets in 'row' what 'words' say from the one with index 'i' on: "KEY=VALUE",
 * or "KEY=" to take the key away. */
static bool
set_row(struct smap *row, const struct svec *words, size_t i)
{
    for (; i < words->n; i++) {
        const char *value = strchr(words->names[i], '=');

        if (!row || !value) {
            return false;
        }

        char *key = xmemdup0(words->names[i], value++ - words->names[i]);
        smap_remove(row, key);
        if (*value) {
            smap_add(row, key, value);
        }
        free(key);
    }
    return row != NULL;
}

static void
new_world(void)
{
    struct shash_node *node;

    SHASH_FOR_EACH_SAFE (node, &rows) {
        del_row(node->name);
    }
    get_row(".");
    sriov_source_dummy.close(NULL);
    sriov_history_destroy(&history);
    sriov_history_init(&history);
    now = started = 0;
}

/* The database as plain data, as sriov_session_update_view() makes it. */

/* Returns true if 'row' has the type and the devargs that we gave it. */
static bool
has_our_type(const struct smap *row)
{
    const char *devargs = smap_get(row, "sriov-devargs");

    return (!strcmp(smap_get_def(row, "type", ""), devargs ? "dpdk" : "")
            && nullable_string_is_equal(smap_get(row, "dpdk-devargs"),
                                        devargs));
}

/* Returns true if 'row' is as it was when we added it. */
static bool
is_pristine(const struct smap *row)
{
    struct smap_node *node;

    SMAP_FOR_EACH (node, row) {
        if (node->key[0] != '_' && strncmp(node->key, "sriov-", 6)
            && strcmp(node->key, "mtu_request") && strcmp(node->key, "type")
            && strcmp(node->key, "dpdk-devargs")
            && !(smap_get(row, "sriov-vm")
                 && (!strcmp(node->key, "tag")
                     || !strcmp(node->key, "trunks")
                     || !strcmp(node->key, "vlan_mode")))) {
            return false;
        }
    }
    return (has_our_type(row) && smap_get_int(row, "sriov-mtu", 0)
            == smap_get_int(row, "mtu_request", 0));
}

/* Returns dpdk-devargs of interface 'i' of 'row', or NULL.  Those of a bond's
 * interfaces are separated by semicolons.  The caller must free it. */
static char *
get_devargs(const struct smap *row, size_t i)
{
    const char *s = smap_get_def(row, "dpdk-devargs", "");
    size_t n;

    for (; i && (n = strcspn(s, ";"), s[n]); i--) {
        s += n + 1;
    }
    n = strcspn(s, ";");
    return !i && n ? xmemdup0(s, n) : NULL;
}

static void
convert_port(struct sriov_view *view, struct sriov_view_bridge *br,
             const char *name, const struct smap *row)
{
    const char *pf = smap_get(row, "sriov-pf");
    char *key = pf ? sriov_key(pf, smap_get(row, "sriov-port")) : NULL;
    struct sriov_view_port *port = sriov_view_add_port(view, br, name, key);
    struct svec ifaces = SVEC_EMPTY_INITIALIZER;
    const char *iface_name;
    size_t i;

    free(key);
    port->uuid.parts[0] = smap_get_int(row, "_uuid", 0);
    port->vm = (smap_get(row, "sriov-vm")
                ? xasprintf("%s: no VM has it", smap_get(row, "sriov-vm"))
                : NULL);
    if (port->key) {
        port->our_mtu = smap_get_int(row, "sriov-mtu", 0);
        port->has_our_mtu = port->our_mtu > 0;
        port->our_devargs = nullable_xstrdup(smap_get(row, "sriov-devargs"));
        port->our_vf_pci = nullable_xstrdup(smap_get(row, "sriov-vf-pci"));
        port->pristine = is_pristine(row);
    }
    svec_parse_words(&ifaces, smap_get_def(row, "_interfaces", name));
    SVEC_FOR_EACH (i, iface_name, &ifaces) {
        struct sriov_view_iface *iface = sriov_view_add_iface(view, port,
                                                              iface_name);

        free(iface->type);
        iface->type = xstrdup(smap_get_def(row, "type", ""));
        iface->dpdk_devargs = get_devargs(row, i);
        iface->mtu_request = smap_get_int(row, "mtu_request", 0);
        iface->police_rate = smap_get_int(row, "ingress_policing_rate", 0);
        iface->has_mtu_request = iface->mtu_request > 0;
        iface->has_ofport = smap_get(row, "_ofport") != NULL;
        iface->ofport = smap_get_int(row, "_ofport", 0);
    }
    svec_destroy(&ifaces);
}

/* Returns what is in the rows, in one order or in the other.  The caller must
 * free it. */
static struct sriov_view *
get_view(bool backwards)
{
    const char *owner = sriov_config_port_owner(get_row("."), false);
    bool auto_add = !owner;
    const struct shash_node **nodes = shash_sort(&rows);
    struct sriov_view *view = sriov_view_create();
    size_t n = shash_count(&rows);

    sriov_config_auto_add("Open_vSwitch", get_row("."), &auto_add, &owner);
    view->dpdk_extra = nullable_xstrdup(smap_get(get_row("."), "dpdk-extra"));
    sset_from_delimited_string(&view->vm_vfs,
                               smap_get_def(get_row("."), "sriov-vm-vfs", ""),
                               ",");

    for (size_t i = 0; i < n; i++) {
        const struct shash_node *node = nodes[backwards ? n - 1 - i : i];
        const struct smap *row = node->data;

        if (!strcmp(node->name, ".") || smap_get(row, "_bridge")) {
            continue;
        }

        struct sriov_view_bridge *br = sriov_view_add_bridge(view, node->name);
        br->uuid.parts[0] = smap_get_int(row, "_uuid", 0);
        br->userspace = !strcmp(smap_get_def(row, "datapath_type", ""),
                                "netdev");
        br->auto_add = auto_add;
        br->owner = owner;
        sriov_config_auto_add(node->name, row, &br->auto_add, &br->owner);
        br->switch_id = sriov_config_switch_id(node->name, row);
        br->representors = sriov_config_representors(node->name, row);
        br->listed = smap_get(row, "sriov-deleted") != NULL;
        sset_from_delimited_string(&br->deleted,
                                   smap_get_def(row, "sriov-deleted", ""),
                                   ",");
        for (size_t j = 0; j < n; j++) {
            const struct shash_node *port = nodes[backwards ? n - 1 - j : j];

            if (!strcmp(smap_get_def(port->data, "_bridge", ""), br->name)) {
                convert_port(view, br, port->name, port->data);
            }
        }
    }
    free(nodes);
    return view;
}

/* The plan as text. */

/* Returns the text for 'name' in 'things', which is added if need be, for one
 * more thing to be appended. */
static struct ds *
add_thing(struct shash *things, const char *name)
{
    struct ds *s = shash_find_data(things, name);

    if (!s) {
        s = xmalloc(sizeof *s);
        ds_init(s);
        shash_add(things, name, s);
    }
    ds_put_cstr(s, s->length ? ", " : ": ");
    return s;
}

static void
describe_op(const struct sriov_op *op, struct shash *things)
{
    const struct sriov_decision *d = op->decision;
    const char *name = (d ? d->port->link->name
                        : op->old ? op->old->name
                        : op->bridge ? op->bridge->name
                        : op->port->link->name);
    struct ds *s = add_thing(things, name);

    switch (op->type) {
    case SRIOV_OP_ADD:
        ds_put_format(s, "add to %s%s", d->bridge->name,
                      op->closed ? ", closed" : "");
        break;
    case SRIOV_OP_REPLACE:
        ds_put_format(s, "replace %s of %s, in %s", op->old->name,
                      op->old->bridge->name, d->bridge->name);
        break;
    case SRIOV_OP_MTU:
        ds_put_format(s, "change");
        break;
    case SRIOV_OP_VF:
        ds_put_format(s, "note VF %s", op->port->vf_pci);
        break;
    case SRIOV_OP_REMOVE:
        ds_put_format(s, "remove from %s", op->old->bridge->name);
        break;
    case SRIOV_OP_RETRY:
        ds_put_cstr(s, "try again");
        break;
    case SRIOV_OP_RETYPE:
        ds_put_cstr(s, "change type");
        break;
    case SRIOV_OP_REATTACH:
        ds_put_format(s, "attach again%s",
                      op->old ? "" : ", with all of its device");
        break;
    case SRIOV_OP_DELETED:
        ds_put_format(s, "note as deleted: %s",
                      op->deleted[0] ? op->deleted : "none");
        break;
    case SRIOV_OP_LINK:
        if (op->up || op->hw_tc) {
            ds_put_format(s, "set%s%s", op->up ? " up" : "",
                          op->hw_tc ? " hw-tc-offload" : "");
        }
        if (op->policer) {
            ds_put_format(s, "%slook at policer",
                          op->up || op->hw_tc ? ", " : "");
        }
        break;
    default:
        OVS_NOT_REACHED();
    }
    if (op->mtu) {
        ds_put_format(s, " with mtu %u", op->mtu);
    }
    if (op->set_type && op->devargs) {
        ds_put_format(s, " as %s", op->devargs);
    }
}

/* Appends to 's' a line for each network device that something is done with,
 * or for which there is a reason to do nothing.  (Ports that are just to stay
 * are not mentioned.) */
static void
describe(const struct sriov_plan *plan, struct ds *s)
{
    struct shash things = SHASH_INITIALIZER(&things);

    for (size_t i = 0; i < plan->n_ops; i++) {
        describe_op(&plan->ops[i], &things);
    }
    for (size_t i = 0; i < plan->n_decisions; i++) {
        const struct sriov_decision *d = &plan->decisions[i];

        if (d->reason != SRIOV_ADDED && d->reason != SRIOV_ADDING) {
            sriov_reason_format(d, add_thing(&things, d->port->link
                                             ? d->port->link->name
                                             : d->port->key));
        }
    }

    const struct shash_node **nodes = shash_sort(&things);
    for (size_t i = 0; i < shash_count(&things); i++) {
        struct ds *thing = nodes[i]->data;

        ds_put_format(s, "  %s%s\n", nodes[i]->name, ds_cstr(thing));
        ds_destroy(thing);
    }
    free(nodes);
    if (plan->wake != LLONG_MAX) {
        ds_put_format(s, "  (again in %lld s)\n", (plan->wake - now) / 1000);
    } else if (shash_is_empty(&things)) {
        ds_put_cstr(s, "  nothing to do\n");
    }
    shash_destroy_free_data(&things);
}

/* Returns the plan for the world at 'now', and appends it to 's' as text, if
 * that is nonnull. */
static struct sriov_plan *
make_plan(const struct sriov_model *model, const struct sriov_view *view,
          struct ds *s)
{
    const struct smap *cfg = get_row(".");
    enum sriov_enable enable = sriov_config_enable(cfg);
    const struct sriov_dev *dev = sriov_drivers_best(model);
    bool acting = (enable == SRIOV_TRUE
                   || (enable == SRIOV_AUTO && dev
                       && !sriov_driver_fault(dev)));
    const char *hw_offload = sriov_config_user_bool(cfg, "hw-offload", "true",
                                                    true);
    struct sriov_plan_input in = {
        .model = model,
        .view = view,
        .history = &history,
        .enabled = enable != SRIOV_FALSE,
        .acting = acting,
        .forced = enable == SRIOV_TRUE,
        .hw_tc = hw_offload ? !strcmp(hw_offload, "true") : acting,
        .dpdk = sriov_source_dummy_dpdk(),
        .now = now,
        .started = started,
    };
    struct sriov_plan *plan = sriov_plan_create(&in);

    if (s) {
        describe(plan, s);
    }
    return plan;
}

/* What must hold. */

/* Appends to 's' what is wrong with the operations in 'plan', whatever the
 * world. */
static void
check_ops(const struct sriov_plan *plan, const struct sriov_model *model,
          const struct sriov_view *view, struct ds *s)
{
    struct sset gone = SSET_INITIALIZER(&gone);
    struct sset come = SSET_INITIALIZER(&come);
    struct sset keys = SSET_INITIALIZER(&keys);

    for (size_t i = 0; i < plan->n_ops; i++) {
        const struct sriov_op *op = &plan->ops[i];

        if (!op->old) {
            continue;
        }
        if (!op->old->key) {
            ds_put_format(s, "  WRONG: %s is not ours\n", op->old->name);
        }
        if (op->type != SRIOV_OP_MTU && op->type != SRIOV_OP_VF
            && op->type != SRIOV_OP_RETRY
            && op->type != SRIOV_OP_RETYPE && op->type != SRIOV_OP_REATTACH
            && !sset_add(&gone, op->old->name)) {
            ds_put_format(s, "  WRONG: %s goes twice\n", op->old->name);
        }
        if (op->type == SRIOV_OP_REMOVE) {
            if (now - started < 30 * 1000) {
                ds_put_format(s, "  WRONG: %s goes during start-up\n",
                              op->old->name);
            }
            if (!op->old->pristine) {
                ds_put_format(s, "  WRONG: %s goes with settings\n",
                              op->old->name);
            }
            for (size_t j = 0; j < model->n_ports; j++) {
                if (model->ports[j]->link
                    && sriov_port_is_representor(model->ports[j])
                    && nullable_string_is_equal(model->ports[j]->key,
                                                op->old->key)) {
                    ds_put_format(s, "  WRONG: %s goes, its device is there\n",
                                  op->old->name);
                }
            }
        }
    }
    for (size_t i = 0; i < plan->n_ops; i++) {
        const struct sriov_op *op = &plan->ops[i];

        if (op->type != SRIOV_OP_ADD && op->type != SRIOV_OP_REPLACE) {
            continue;
        }

        const struct sriov_decision *d = op->decision;
        const char *name = d->port->link->name;
        const char *key = d->port->key;

        if (!sset_add(&come, name) || !sset_add(&keys, key)
            || (shash_find(&view->ifaces, name) && !sset_contains(&gone, name))
            || (op->type == SRIOV_OP_ADD && shash_find(&view->ports, key))) {
            ds_put_format(s, "  WRONG: %s comes twice\n", name);
        }
        if (!sriov_port_is_representor(d->port)) {
            ds_put_format(s, "  WRONG: %s is no representor\n", name);
        }
        if (!d->port->link->initialized) {
            ds_put_format(s, "  WRONG: %s comes before udev is done\n", name);
        }
        if (d->bridge != (op->old ? op->old->bridge : NULL)
            && !d->bridge->auto_add) {
            ds_put_format(s, "  WRONG: %s comes without sriov-auto-add\n",
                          name);
        }
    }
    sset_destroy(&gone);
    sset_destroy(&come);
    sset_destroy(&keys);
}

/* Carrying out, as write.c and cx-sriov.c do it. */

static void
put_port(const struct sriov_op *op, struct smap *row)
{
    const struct sriov_decision *d = op->decision;
    const struct sriov_port *rep = d->port;

    if (!d->bridge->listed) {
        smap_replace(get_row(d->bridge->name), "sriov-deleted", "");
    }
    smap_replace(row, "_bridge", d->bridge->name);
    smap_replace(row, "sriov-port", rep->label);
    smap_remove(row, "sriov-vf-pci");
    if (rep->vf_pci) {
        smap_add(row, "sriov-vf-pci", rep->vf_pci);
    }
    smap_remove(row, "sriov-pf");
    smap_add_nocopy(row, xstrdup("sriov-pf"),
                    sriov_dev_id(rep->bus, rep->dev_name));
}

static void
put_mtu(struct smap *row, unsigned int mtu)
{
    smap_remove(row, "mtu_request");
    smap_remove(row, "sriov-mtu");
    if (mtu) {
        smap_add_format(row, "mtu_request", "%u", mtu);
        smap_add_format(row, "sriov-mtu", "%u", mtu);
    }
}

static void
put_type(struct smap *row, const struct sriov_op *op)
{
    smap_remove(row, "sriov-devargs");
    if (op->devargs) {
        smap_add(row, "sriov-devargs", op->devargs);
    }
    if (op->set_type) {
        smap_remove(row, "type");
        smap_remove(row, "dpdk-devargs");
        if (op->devargs) {
            smap_add(row, "type", "dpdk");
            smap_add(row, "dpdk-devargs", op->devargs);
        }
    }
}

/* Gives 'row' the MTU of 'op', unless it has one of a person's. */
static void
put_own_mtu(struct smap *row, const struct sriov_op *op)
{
    if (smap_get_int(row, "sriov-mtu", 0)
        == smap_get_int(row, "mtu_request", 0)) {
        put_mtu(row, op->mtu);
    } else {
        smap_remove(row, "sriov-mtu");
    }
}

static void
apply(const struct sriov_plan *plan)
{
    struct smap *old = xcalloc(plan->n_ops, sizeof *old);

    /* Names that are exchanged: first all go, then they come. */
    for (size_t i = 0; i < plan->n_ops; i++) {
        const struct sriov_op *op = &plan->ops[i];

        smap_init(&old[i]);
        if (op->type == SRIOV_OP_REPLACE) {
            smap_clone(&old[i], get_row(op->old->name));
        }
        if (op->type == SRIOV_OP_REPLACE || op->type == SRIOV_OP_REMOVE) {
            del_row(op->old->name);
        }
    }
    for (size_t i = 0; i < plan->n_ops; i++) {
        const struct sriov_op *op = &plan->ops[i];
        struct smap *row;

        switch (op->type) {
        case SRIOV_OP_ADD:
            row = get_row(op->decision->port->link->name);
            put_port(op, row);
            put_mtu(row, op->mtu);
            put_type(row, op);
            if (op->closed) {
                smap_add(row, "vlan_mode", "trunk");
                smap_add(row, "trunks", "4095");
                smap_add(row, "sriov-vm", "closed");
            }
            break;

        case SRIOV_OP_REPLACE:
            row = get_row(op->decision->port->link->name);
            smap_destroy(row);
            smap_clone(row, &old[i]);
            put_port(op, row);
            put_own_mtu(row, op);
            put_type(row, op);
            break;

        case SRIOV_OP_RETYPE:
            row = get_row(op->old->name);
            put_own_mtu(row, op);
            put_type(row, op);
            break;

        case SRIOV_OP_REATTACH:
            sriov_history_find(&history, op->port->key)->attached
                = op->port->link->ifindex;
            break;

        case SRIOV_OP_MTU:
            put_mtu(get_row(op->old->name), op->mtu);
            break;

        case SRIOV_OP_VF:
            smap_replace(get_row(op->old->name), "sriov-vf-pci",
                         op->port->vf_pci);
            break;

        case SRIOV_OP_RETRY: {
            struct sriov_track *track = sriov_history_find(&history,
                                                           op->port->key);

            track->retries++;
            track->failed_since = now;
            break;
        }

        case SRIOV_OP_DELETED:
            smap_replace(get_row(op->bridge->name), "sriov-deleted",
                         op->deleted);
            break;

        case SRIOV_OP_LINK: {
            struct sriov_track *track = sriov_history_find(&history,
                                                           op->port->key);

            track->set_up = track->set_up || op->up;
            track->set_hw_tc = track->set_hw_tc || op->hw_tc;
            if (op->policer) {
                track->policer = SRIOV_POLICER_ASKED;
            }
            break;
        }

        case SRIOV_OP_REMOVE:
        default:
            break;
        }
        smap_destroy(&old[i]);
    }
    free(old);
}

/* Makes the plan and carries it out, and does so again until there is nothing
 * left to do.  Appends to 's' what was in it, and what is wrong with it. */
static void
run_plan(struct ds *s)
{
    struct sriov_model *model = sriov_source_dummy.read(NULL);
    bool done = false;

    for (int round = 1; !done; round++) {
        struct ds text = DS_EMPTY_INITIALIZER;
        struct ds other = DS_EMPTY_INITIALIZER;
        struct sriov_view *backwards = get_view(true);
        struct sriov_view *view = get_view(false);
        struct sriov_plan *plan;

        sriov_history_update(&history, model, view, now);
        sriov_plan_destroy(make_plan(model, backwards, &other));
        plan = make_plan(model, view, &text);
        done = round > 1 && !plan->n_ops;
        if (!done) {
            ds_put_format(s, "%s%s", round > 1 ? "  and then\n" : "",
                          ds_cstr(&text));
            check_ops(plan, model, view, s);
        }
        if (strcmp(ds_cstr(&text), ds_cstr(&other))) {
            ds_put_format(s, "  WRONG: with the rows in another order\n%s",
                          ds_cstr(&other));
        }
        if (round > 2 && !done) {
            ds_put_cstr(s, "  WRONG: there is no end to it\n");
            done = true;
        }
        apply(plan);

        sriov_plan_destroy(plan);
        sriov_view_destroy(backwards);
        sriov_view_destroy(view);
        ds_destroy(&other);
        ds_destroy(&text);
    }
    sriov_model_destroy(model);
}

/* Appends to 's' what a person sees when there is nothing left to do: the status
 * of each representor, and the ports. */
static void
describe_state(struct ds *s)
{
    struct sriov_model *model = sriov_source_dummy.read(NULL);
    struct sriov_view *view = get_view(false);
    struct sriov_plan *plan = make_plan(model, view, NULL);
    struct svec lines = SVEC_EMPTY_INITIALIZER;
    const char *line;
    size_t i;

    for (i = 0; i < plan->n_decisions; i++) {
        const struct sriov_decision *d = &plan->decisions[i];

        if (d->port->dev->mode != SRIOV_MODE_NONE) {
            struct ds text = DS_EMPTY_INITIALIZER;

            ds_put_format(&text, "%s: ", d->port->key);
            sriov_reason_format(d, &text);
            svec_add_nocopy(&lines, ds_steal_cstr(&text));
        }
    }
    for (i = 0; i < view->n_bridges; i++) {
        const struct sriov_view_bridge *br = view->bridges[i];

        for (size_t j = 0; j < br->n_ports; j++) {
            const struct sriov_view_port *port = br->ports[j];
            const struct smap *row = get_row(port->name);

            svec_add_nocopy(&lines, xasprintf(
                "%s %s for %s, mtu %s, tag %s%s%s%s", br->name, port->name,
                port->key ? port->key : "others",
                smap_get_def(row, "mtu_request", "-"),
                smap_get_def(row, "tag", "-"),
                smap_get(row, "dpdk-devargs") ? ", " : "",
                smap_get_def(row, "dpdk-devargs", ""),
                smap_get(row, "sriov-vm") ? ", closed" : ""));
        }
    }
    svec_sort(&lines);
    SVEC_FOR_EACH (i, line, &lines) {
        ds_put_format(s, "  %s\n", line);
    }
    svec_destroy(&lines);
    sriov_plan_destroy(plan);
    sriov_view_destroy(view);
    sriov_model_destroy(model);
}

/* Lines. */

static bool print_state;        /* "plan" prints the state, not the plan. */

/* Carries out 'line', and appends to 's' what it prints.  It is one of those
 * of the source in memory (vswitchd-ext/inventory/source-dummy.c) or
 *
 *     # COMMENT
 *     world[: TEXT]              an empty one
 *     add-br BRIDGE [KEY=VALUE]...       with this other_config
 *     add-port BRIDGE PORT [KEY=VALUE]...
 *     add-bond BRIDGE PORT IFACE IFACE [KEY=VALUE]...
 *     set PORT|BRIDGE|. KEY=VALUE...     "." is the Open_vSwitch row
 *     del-br BRIDGE
 *     del-port PORT
 *     wait SECONDS
 *     restart                    of ovs-vswitchd
 *     sriov/resync
 *     plan
 *
 * A port is ours if it has sriov-pf and sriov-port, and one that a person
 * changed if it has more than that and the mtu_request that sriov-mtu says.
 * Returns false if it is none of these. */
static bool
do_line(const char *line, struct ds *s)
{
    struct svec words = SVEC_EMPTY_INITIALIZER;
    bool ok = true;

    if (line[0] == '#') {
        return true;
    } else if (!strncmp(line, "world", 5)) {
        new_world();
        return true;
    }

    svec_parse_words(&words, line);

    size_t n = words.n;
    char **w = words.names;
    const char *command = n ? w[0] : "";

    if (!strcmp(command, "add-br") && n > 1) {
        ok = !shash_find(&rows, w[1]) && set_row(get_row(w[1]), &words, 2);
    } else if (!strcmp(command, "add-port") && n > 2) {
        ok = shash_find(&rows, w[1]) && !shash_find(&rows, w[2]);
        if (ok) {
            smap_replace(get_row(w[2]), "_bridge", w[1]);
            ok = set_row(get_row(w[2]), &words, 3);
        }
    } else if (!strcmp(command, "add-bond") && n >= 5) {
        ok = shash_find(&rows, w[1]) && !shash_find(&rows, w[2]);
        if (ok) {
            smap_replace(get_row(w[2]), "_bridge", w[1]);
            smap_add_format(get_row(w[2]), "_interfaces", "%s %s", w[3], w[4]);
            ok = set_row(get_row(w[2]), &words, 5);
        }
    } else if (!strcmp(command, "set") && n > 1) {
        ok = set_row(shash_find_data(&rows, w[1]), &words, 2);
    } else if (!strcmp(command, "del-br") && n == 2) {
        ok = shash_find(&rows, w[1]);
        del_bridge(w[1]);
    } else if (!strcmp(command, "del-port") && n == 2) {
        ok = shash_find(&rows, w[1]);
        del_row(w[1]);
    } else if (!strcmp(command, "wait") && n == 2) {
        now += atoi(w[1]) * 1000LL;
    } else if (!strcmp(command, "restart") && n == 1) {
        sriov_history_destroy(&history);
        sriov_history_init(&history);
        started = now;
    } else if (!strcmp(command, "sriov/resync") && n == 1) {
        sriov_history_forgive(&history);
    } else if (!strcmp(command, "plan") && n == 1) {
        run_plan(s);
        if (print_state) {
            ds_clear(s);
            describe_state(s);
        }
    } else {
        ok = sriov_source_dummy_line(line);
    }
    svec_destroy(&words);
    return ok;
}

/* Commands. */

/* Carries out the lines on stdin and prints them, each followed by what it
 * printed, which is indented.  Indented lines are left out: that way the input
 * can have what is expected to be printed in it. */
static void
cmd_run(struct ovs_cmdl_context *ctx OVS_UNUSED)
{
    struct ds line = DS_EMPTY_INITIALIZER;
    struct ds s = DS_EMPTY_INITIALIZER;

    while (!ds_get_line(&line, stdin)) {
        if (ds_cstr(&line)[0] == ' ') {
            continue;
        }
        ds_clear(&s);
        printf("%s\n", ds_cstr(&line));
        if (!do_line(ds_cstr(&line), &s)) {
            printf("  WRONG: cannot be read\n");
        }
        fputs(ds_cstr(&s), stdout);
    }
    ds_destroy(&line);
    ds_destroy(&s);
}

/* Likewise, but each "plan" prints the state that it leads to. */
static void
cmd_state(struct ovs_cmdl_context *ctx)
{
    print_state = true;
    cmd_run(ctx);
}

/* Random worlds. */

/* Returns true if 'name' is a port, or an interface of one. */
static bool
iface_exists(const char *name)
{
    struct sriov_view *view = get_view(false);
    bool exists = shash_find(&rows, name) || shash_find(&view->ifaces, name);

    sriov_view_destroy(view);
    return exists;
}

/* Returns true if there is a link 'name'. */
static bool
link_exists(const char *name)
{
    struct sriov_model *model = sriov_source_dummy.read(NULL);
    bool exists = false;

    for (size_t i = 0; i < model->n_links; i++) {
        exists = exists || !strcmp(model->links[i]->name, name);
    }
    sriov_model_destroy(model);
    return exists;
}

/* Returns the ifindex of that VF's representor, or 0. */
static int
find_ifindex(int nic, int pf, int vf)
{
    struct sriov_model *model = sriov_source_dummy.read(NULL);
    int ifindex = 0;

    for (size_t i = 0; i < model->n_ports; i++) {
        const struct sriov_port *port = model->ports[i];

        if (port->flavour == SRIOV_VF && port->pf == pf && port->number == vf
            && port->dev_name[6] == '0' + nic) {
            ifindex = port->ifindex;
        }
    }
    sriov_model_destroy(model);
    return ifindex;
}

/* Carries out the line 'format', with what it prints on 's' after it. */
static void OVS_PRINTF_FORMAT(2, 3)
do_linef(struct ds *s, const char *format, ...)
{
    va_list args;
    char *line;

    va_start(args, format);
    line = xvasprintf(format, args);
    va_end(args);
    ds_put_format(s, "%s\n", line);
    ovs_assert(do_line(line, s));
    free(line);
}

/* Lets one thing happen that kernels, people or other programs do. */
static void
random_line(struct ds *s)
{
    static const char *const bools[] = { "", "true", "false" };
    static const char *const lists[] = { "", "pf0vf0-1", "pf1vf2" };
    static const int seconds[] = { 1, 10, 30, 300 };
    static int last_ifindex = 1000;
    int nic = 1 + random_range(2), pf = random_range(2), vf = random_range(4);
    int ifindex = find_ifindex(nic, pf, vf);
    const char *flag = bools[random_range(3)];
    char dev[] = "pci/0000:00:00.0";
    char br[] = "br0", name[16];

    dev[10] += nic;
    dev[15] += pf;
    br[2] += random_range(3);
    /* Names that representors have, and a few that they may get. */
    if (random_range(2)) {
        snprintf(name, sizeof name, "n%dpf%dvf%d", nic, pf, vf);
    } else {
        snprintf(name, sizeof name, "eth%d", random_range(3));
    }

    switch (random_range(16)) {
    case 0: case 1:
        do_linef(s, "dev %s mode=%s", dev,
                 random_range(6) ? "switchdev" : "legacy");
        do_linef(s, "port %s 99 flavour=physical pf=%d ifindex=%d%d",
                 dev, pf, nic, pf);
        do_linef(s, "link %d%d name=n%dp%d switch-id=c0ffee%d port-name=p%d "
                 "mtu=%d", nic, pf, nic, pf, nic, pf, 1500 + random_range(3));
        break;
    case 2: case 3: case 4:
        if (!ifindex && !link_exists(name)) {
            do_linef(s, "port %s %d flavour=pcivf pf=%d number=%d ifindex=%d",
                     dev, vf, pf, vf, ++last_ifindex);
            do_linef(s, "link %d name=%s switch-id=c0ffee%d "
                     "port-name=pf%dvf%d initialized=%s",
                     last_ifindex, name, nic, pf, vf, flag);
        }
        break;
    case 5:
        if (ifindex) {
            do_linef(s, "del link %d", ifindex);
            do_linef(s, "del port %s %d", dev, vf);
        }
        break;
    case 6:
        if (ifindex && !link_exists(name)) {
            do_linef(s, "link %d name=%s initialized=%s", ifindex, name, flag);
        }
        break;
    case 7:
        if (ifindex) {
            do_linef(s, "link %d initialized=", ifindex);
        }
        break;
    case 8:
        if (!shash_find(&rows, br)) {
            do_linef(s, "add-br %s", br);
        } else if (!random_range(4)) {
            do_linef(s, "del-br %s", br);
        }
        break;
    case 9: case 10:
        if (shash_find(&rows, br)) {
            if (random_range(3)) {
                snprintf(name, sizeof name, "n%dp%d", nic, pf);
            }
            if (!iface_exists(name)) {
                do_linef(s, "add-port %s %s", br, name);
            } else if (shash_find(&rows, name)) {
                do_linef(s, "del-port %s", name);
            }
        }
        break;
    case 11:
        snprintf(name, sizeof name, "n%dp%d", nic, !pf);
        if (shash_find(&rows, "bond0")) {
            do_linef(s, "del-port bond0");
        } else if (shash_find(&rows, br) && !iface_exists(name)) {
            snprintf(name, sizeof name, "n%dp%d", nic, pf);
            if (!iface_exists(name)) {
                do_linef(s, "add-bond %s bond0 n%dp0 n%dp1", br, nic, nic);
            }
        }
        break;
    case 12:
        if (shash_find(&rows, name)) {
            do_linef(s, "set %s tag=%s", name, random_range(2) ? "5" : "");
        }
        break;
    case 13:
        if (shash_find(&rows, br)) {
            do_linef(s, "set %s sriov-auto-add=%s sriov-representors=%s "
                     "sriov-switch-id=%s", br, flag, lists[random_range(3)],
                     random_range(4) ? "" : "c0ffee1");
        }
        break;
    case 14:
        do_linef(s, "set . sriov-auto-add=%s sriov=%s", flag,
                 random_range(8) ? "" : bools[random_range(3)]);
        break;
    case 15:
        if (random_range(4)) {
            do_linef(s, "wait %d", seconds[random_range(4)]);
        } else {
            do_linef(s, random_range(2) ? "restart" : "sriov/resync");
        }
        break;
    default:
        OVS_NOT_REACHED();
    }
}

/* random SEED WORLDS: stops at the first world in which something is wrong,
 * and prints it so that "run" takes it. */
static void
cmd_random(struct ovs_cmdl_context *ctx)
{
    int first = atoi(ctx->argv[1]);
    struct ds s = DS_EMPTY_INITIALIZER;

    for (int seed = first; seed < first + atoi(ctx->argv[2]); seed++) {
        random_set_seed(seed);
        ds_clear(&s);
        do_linef(&s, "world: random %d", seed);
        for (int i = 0; i < 100; i++) {
            random_line(&s);
            if (!random_range(3)) {
                do_linef(&s, "plan");
            }
            if (strstr(ds_cstr(&s), "WRONG")) {
                fputs(ds_cstr(&s), stdout);
                exit(EXIT_FAILURE);
            }
        }
    }
    ds_destroy(&s);
}

/* Prints how long it takes to make a plan for 'n' representors, in ns for each
 * of them, if all are to be added and if all are ports already. */
static void
benchmark(int n)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    new_world();
    do_linef(&s, "add-br br0");
    for (int i = 0; i < n; i++) {
        int pf = i / 128, vf = i % 128;

        if (!vf) {
            do_linef(&s, "dev pci/0000:01:00.%d mode=switchdev", pf);
            do_linef(&s, "port pci/0000:01:00.%d 65535 flavour=physical "
                     "pf=%d ifindex=%d", pf, pf, 1 + pf);
            do_linef(&s, "link %d name=p%d switch-id=c0ffee port-name=p%d",
                     1 + pf, pf, pf);
            do_linef(&s, "add-port br0 p%d", pf);
        }
        do_linef(&s, "port pci/0000:01:00.%d %d flavour=pcivf pf=%d number=%d "
                 "ifindex=%d", pf, vf, pf, vf, 1000 + i);
        do_linef(&s, "link %d name=pf%dvf%d switch-id=c0ffee "
                 "port-name=pf%dvf%d", 1000 + i, pf, vf, pf, vf);
    }

    printf("%d representors:", n);
    for (int attached = 0; attached < 2; attached++) {
        struct sriov_model *model = sriov_source_dummy.read(NULL);
        struct sriov_view *view = get_view(false);
        struct sriov_plan *plan = NULL;
        long long int best = LLONG_MAX;

        /* The best of many: other programs run, too. */
        for (int i = 0; i < 200; i++) {
            long long int start = time_usec();

            sriov_plan_destroy(plan);
            sriov_history_update(&history, model, view, now);
            plan = make_plan(model, view, NULL);
            best = MIN(best, time_usec() - start);
        }
        printf(" %lld ns each %s", best * 1000 / n,
               attached ? "when they are ports\n" : "to add,");
        apply(plan);
        sriov_plan_destroy(plan);
        sriov_view_destroy(view);
        sriov_model_destroy(model);
    }
    ds_destroy(&s);
}

/* benchmark N...: the figures should be about the same for each N. */
static void
cmd_benchmark(struct ovs_cmdl_context *ctx)
{
    for (int i = 1; i < ctx->argc; i++) {
        benchmark(atoi(ctx->argv[i]));
    }
}

/* tally: each line of stdin is a look at the counters of a DPDK port: number of
 * the representor, what the kernel has counted from and to the function, and
 * what DPDK has.  After it comes what is in hardware and in software then. */
static void
cmd_tally(struct ovs_cmdl_context *ctx OVS_UNUSED)
{
    struct sriov_tally tally = { .ifindex = 0 };
    struct ds line = DS_EMPTY_INITIALIZER;

    while (!ds_get_line(&line, stdin)) {
        struct sriov_counters kernel = { .dropped = 3, .has_sw = true }, c;
        struct sriov_traffic rx, tx;
        bool known;

        ovs_assert(sscanf(ds_cstr(&line), "%d %"SCNu64" %"SCNu64" %"SCNu64
                          " %"SCNu64, &kernel.ifindex, &kernel.rx.packets,
                          &kernel.tx.packets, &rx.packets, &tx.packets) == 5);
        kernel.rx.bytes = kernel.rx.packets * 100;
        kernel.tx.bytes = kernel.tx.packets * 100;
        rx.bytes = rx.packets * 100;
        tx.bytes = tx.packets * 100;

        sriov_tally_apply(&tally, &kernel, &c);
        known = c.has_sw;
        ovs_assert(known || (c.rx.packets == kernel.rx.packets
                             && c.tx.packets == kernel.tx.packets));
        sriov_tally_update(&tally, &kernel, &rx, &tx);
        sriov_tally_apply(&tally, &kernel, &c);
        ovs_assert(c.has_sw && c.dropped == 3
                   && c.rx.bytes == c.rx.packets * 100
                   && c.tx.bytes == c.tx.packets * 100
                   && c.sw_rx.bytes == c.sw_rx.packets * 100
                   && c.sw_tx.bytes == c.sw_tx.packets * 100);
        printf("%s: from %"PRIu64" hw, %"PRIu64" sw; to %"PRIu64" hw, "
               "%"PRIu64" sw%s\n", ds_cstr(&line),
               c.rx.packets - c.sw_rx.packets, c.sw_rx.packets,
               c.tx.packets - c.sw_tx.packets, c.sw_tx.packets,
               known ? "" : ", begun");
    }
    ds_destroy(&line);
}

static const struct ovs_cmdl_command commands[] = {
    {"run", NULL, 0, 0, cmd_run, OVS_RO},
    {"state", NULL, 0, 0, cmd_state, OVS_RO},
    {"random", "SEED WORLDS", 2, 2, cmd_random, OVS_RO},
    {"tally", NULL, 0, 0, cmd_tally, OVS_RO},
    {"benchmark", "N...", 1, INT_MAX, cmd_benchmark, OVS_RO},
    {NULL, NULL, 0, 0, NULL, OVS_RO},
};

static void
test_sriov_plan_main(int argc, char *argv[])
{
    struct ovs_cmdl_context ctx = {
        .argc = argc - optind,
        .argv = argv + optind,
    };

    set_program_name(argv[0]);
    sriov_history_init(&history);
    new_world();
    ovs_cmdl_run_command(&ctx, commands);
    new_world();
    del_row(".");
    shash_destroy(&rows);
    sriov_history_destroy(&history);
}

OVSTEST_REGISTER("test-sriov-plan", test_sriov_plan_main);

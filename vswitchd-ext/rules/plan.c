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


/* The rules.  See plan.h for where this stands; the numbers in comments
 * are those of the list in README.md, "Which representor goes where". */

#include <config.h>
#include "rules/plan.h"

#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/util.h"
#include "rules/view.h"
#include "rules/dpdk.h"
#include "rules/drivers.h"
#include "rules/history.h"
#include "inventory/model.h"
#include "sset.h"
#include "util.h"
#include "uuid.h"

/* A port of ours whose device is gone is removed after this time (ms).  The
 * second one counts from the start of ovs-vswitchd, for a device that was not
 * there yet since: drivers and VFs come late when a host boots. */
#define REMOVE_DELAY (30 * 1000)
#define REMOVE_DELAY_AT_START (300 * 1000)

/* A port of ours that bridge.c could not add is tried again after this time
 * (ms), twice as long after each retry. */
#define RETRY_DELAY (2 * 1000)
#define MAX_RETRY_SHIFT 6

/* Which bridge (rule 1). */

/* Returns the interface that holds 'uplink' in a bridge: its own, as a port or
 * as a member of an OVS bond; the Linux bond's or team's that it is a member
 * of; or the DPDK one with its PF's PCI address.  NULL if there is none. */
const struct sriov_view_iface *
sriov_uplink_iface(const struct sriov_view *view,
                   const struct sriov_model *model,
                   const struct sriov_port *uplink)
{
    const struct sriov_view_iface *iface;

    if (uplink->link) {
        iface = shash_find_data(&view->ifaces, uplink->link->name);
        if (iface && !sriov_dpdk_is_port(iface)) {
            return iface;
        }

        const struct sriov_link *bond = sriov_link_bond(model, uplink->link);
        iface = bond ? shash_find_data(&view->ifaces, bond->name) : NULL;
        if (iface) {
            return iface;
        }
    }

    const struct sriov_view_iface *found = NULL;
    struct shash_node *node;
    SHASH_FOR_EACH (node, &view->ifaces) {
        iface = node->data;
        if (sriov_dpdk_is_port(iface) && !iface->port->key
            && sriov_dpdk_names(iface->dpdk_devargs, model, uplink)
            && (!found || strcmp(iface->name, found->name) < 0)) {
            found = iface;
        }
    }
    return found;
}

/* An uplink, or a bridge's sriov-switch-id, that leads to a bridge. */
struct candidate {
    const char *switch_id;      /* Or NULL: only its device leads there. */
    const struct sriov_port *uplink;    /* Or NULL. */
    const struct sriov_view_iface *iface;   /* Of 'uplink', or NULL. */
    const struct sriov_view_bridge *bridge;
};

struct candidates {
    struct candidate *array;
    size_t n, allocated;
};

static void
add_candidate(struct candidates *c, const char *switch_id,
              const struct sriov_port *uplink,
              const struct sriov_view_iface *iface,
              const struct sriov_view_bridge *bridge)
{
    if (c->n >= c->allocated) {
        c->array = x2nrealloc(c->array, &c->allocated, sizeof *c->array);
    }
    c->array[c->n++] = (struct candidate) {
        .switch_id = switch_id, .uplink = uplink, .iface = iface,
        .bridge = bridge,
    };
}

static void
find_candidates(struct candidates *c, const struct sriov_plan_input *in)
{
    for (size_t i = 0; i < in->view->n_bridges; i++) {
        const struct sriov_view_bridge *br = in->view->bridges[i];

        if (br->switch_id) {
            add_candidate(c, br->switch_id, NULL, NULL, br);
        }
    }
    for (size_t i = 0; i < in->model->n_ports; i++) {
        const struct sriov_port *port = in->model->ports[i];

        if (sriov_port_is_uplink(port)) {
            const struct sriov_view_iface *iface
                = sriov_uplink_iface(in->view, in->model, port);
            const char *id = port->link ? port->link->switch_id : NULL;

            /* A bridge with a switch id of its own is for that one only. */
            if (iface && (!iface->port->bridge->switch_id
                          || sriov_switch_id_is(
                              iface->port->bridge->switch_id, id))) {
                add_candidate(c, id, port, iface, iface->port->bridge);
            }
        }
    }
}

/* How well 'c' fits 'rep', in the order of rule 1; 0 if it does not. */
static int
candidate_fit(const struct candidate *c, const struct sriov_port *rep)
{
    const char *id = rep->link->switch_id;
    bool same_id = c->switch_id && id && !strcasecmp(c->switch_id, id);

    if (!c->uplink) {
        return same_id ? 5 : sriov_switch_id_is(c->switch_id, id) ? 4 : 0;
    } else if (c->uplink->dev == rep->dev) {
        return c->uplink->pf == rep->pf ? 3 : 2;
    } else {
        return same_id ? 1 : 0;
    }
}

/* Finds the bridge for 'd->port' among 'c': that of the best candidates, if
 * they agree on one; and the best uplink in it. */
static void
choose_bridge(struct sriov_decision *d, const struct candidates *c)
{
    int best = 0;

    d->reason = SRIOV_NO_BRIDGE;
    for (size_t i = 0; i < c->n; i++) {
        const struct candidate *candidate = &c->array[i];
        int fit = candidate_fit(candidate, d->port);

        if (fit > best) {
            best = fit;
            d->bridge = candidate->bridge;
            d->reason = SRIOV_ADDING;
        } else if (fit && fit == best && d->bridge != candidate->bridge) {
            d->reason = SRIOV_AMBIGUOUS;
        }
    }
    if (d->reason == SRIOV_AMBIGUOUS) {
        d->bridge = NULL;
    }

    best = 0;
    for (size_t i = 0; i < c->n && d->bridge; i++) {
        const struct candidate *candidate = &c->array[i];
        int fit = candidate_fit(candidate, d->port);

        if (candidate->uplink && candidate->bridge == d->bridge
            && fit > best) {
            best = fit;
            d->uplink = candidate->uplink;
            d->uplink_iface = candidate->iface;
        }
    }
}

/* Which representors (sriov-representors). */

/* Parses at '*s' a number, a range "3-7" or "*", and stores in '*match'
 * whether 'number' is in it. */
static bool
scan_range(const char **s, uint32_t number, bool *match)
{
    unsigned long low, high;
    char *end;

    if (**s == '*') {
        ++*s;
        *match = true;
        return true;
    }
    if (!isdigit((unsigned char) **s)) {
        return false;
    }
    low = high = strtoul(*s, &end, 10);
    *s = end;
    if (**s == '-') {
        ++*s;
        if (!isdigit((unsigned char) **s)) {
            return false;
        }
        high = strtoul(*s, &end, 10);
        *s = end;
    }
    *match = number >= low && number <= high;
    return low <= high;
}

/* Parses one element such as "pf0vf0-3", "pf*sf88", "c1pf0" and stores in
 * '*match' whether it names 'id'. */
static bool
parse_element(const char *s, const struct sriov_port_id *id, bool *match)
{
    bool controller = !id->has_controller;
    bool pf, number;
    enum sriov_flavour flavour = SRIOV_PF;

    if (*s == 'c') {
        s++;
        if (!scan_range(&s, id->controller, &controller)) {
            return false;
        }
        controller = controller && id->has_controller;
    }
    if (strncmp(s, "pf", 2)) {
        return false;
    }
    s += 2;
    if (!scan_range(&s, id->pf, &pf)) {
        return false;
    }
    number = true;
    if (*s) {
        flavour = !strncmp(s, "vf", 2) ? SRIOV_VF : SRIOV_SF;
        if (flavour == SRIOV_SF && strncmp(s, "sf", 2)) {
            return false;
        }
        s += 2;
        if (!scan_range(&s, id->number, &number) || *s) {
            return false;
        }
    }
    *match = controller && pf && number && flavour == id->flavour;
    return true;
}

bool
sriov_representors_parse(const char *list, const char *label, bool *match)
{
    struct sriov_port_id id;
    char *copy = xstrdup(list);
    char *save_ptr = NULL;
    bool ok = sriov_port_id_from_string(label, &id);

    *match = false;
    for (char *s = strtok_r(copy, ", ", &save_ptr); ok && s;
         s = strtok_r(NULL, ", ", &save_ptr)) {
        bool m;

        ok = parse_element(s, &id, &m);
        *match = *match || (ok && m);
    }
    free(copy);
    return ok;
}

/* Decisions. */

static bool
is_unlisted(const struct sriov_view_bridge *br, const struct sriov_port *rep)
{
    bool match;

    return (br->representors
            && sriov_representors_parse(br->representors, rep->label, &match)
            && !match);
}

/* Returns what is known by the name of 'd->port' or, if that is none of ours,
 * is a DPDK port for it.  'others' is what sriov_dpdk_others() found. */
static const struct sriov_view_iface *
find_iface(const struct sriov_port *rep, const struct sriov_plan_input *in,
           const struct shash *others)
{
    const struct sriov_view_iface *iface = shash_find_data(others, rep->key);

    return iface ? iface : shash_find_data(&in->view->ifaces, rep->link->name);
}

/* Returns true if 'iface', which has the name of 'rep' and is not ours, stands
 * for something else. */
static bool
is_something_else(const struct sriov_view_iface *iface,
                  const struct sriov_plan_input *in,
                  const struct sriov_port *rep)
{
    return (sriov_dpdk_is_port(iface)
            && !sriov_dpdk_names(iface->dpdk_devargs, in->model, rep));
}

/* Decides about a representor that is no port yet, and whose bridge is chosen.
 * 'kind' is what sriov_dpdk_choose() said of that. */
static enum sriov_reason
decide_new(const struct sriov_decision *d, const struct sriov_plan_input *in,
           const struct sriov_track *track, enum sriov_reason kind)
{
    const struct sriov_port *rep = d->port;

    /* On a userspace bridge TC's faults do not matter. */
    if (!in->forced && sriov_driver_fault(rep->dev)
        && !(d->bridge && d->bridge->userspace)) {
        return SRIOV_FAULTY;
    } else if (!d->bridge) {
        return d->reason;
    } else if (!d->bridge->auto_add) {
        return d->bridge->owner ? SRIOV_OWNED : SRIOV_DISABLED;
    } else if (is_unlisted(d->bridge, rep)) {
        return SRIOV_UNLISTED;
    } else if (track && track->denied) {
        return SRIOV_DENIED;
    } else if (kind != SRIOV_ADDING) {
        return kind;
    } else if (!rep->link->initialized) {
        return SRIOV_WAIT_UDEV;
    } else if (shash_find(&in->view->port_names, rep->link->name)) {
        return SRIOV_NAME_TAKEN;
    }
    return SRIOV_ADDING;
}

static void
decide(struct sriov_decision *d, const struct sriov_plan_input *in,
       const struct candidates *candidates, const struct shash *others)
{
    const struct sriov_port *rep = d->port;

    if (!rep->link) {
        d->reason = SRIOV_NO_NETDEV;
        return;
    }

    const struct sriov_track *track = sriov_history_find(in->history,
                                                         rep->key);
    const struct sriov_view_port *ours = shash_find_data(&in->view->ports,
                                                       rep->key);
    const struct sriov_view_iface *iface = find_iface(rep, in, others);
    enum sriov_reason kind = SRIOV_ADDING;

    choose_bridge(d, candidates);
    if (d->bridge) {
        kind = sriov_dpdk_choose(d, in);
    }
    if (iface && iface->port != ours && !(ours && iface->port->key)) {
        /* Somebody else's (rule 5).  (Names that two of ours exchanged are
         * put right by replacing both.) */
        d->iface = iface;
        d->bridge = iface->port->bridge;
        d->reason = (is_something_else(iface, in, rep) ? SRIOV_NAME_TAKEN
                     : SRIOV_OTHERS);
    } else if (ours) {
        d->iface = ours->n_ifaces ? ours->ifaces[0] : NULL;
        d->reason = SRIOV_ADDED;
        if (!d->bridge || !d->bridge->auto_add
            || is_unlisted(d->bridge, rep)) {
            /* It stays where it is, whatever its name. */
            d->type_known = d->type_known && d->bridge == ours->bridge;
            d->bridge = ours->bridge;
        }
    } else if (!in->enabled) {
        d->reason = SRIOV_INACTIVE;
    } else {
        d->reason = decide_new(d, in, track, kind);
    }
}

/* Returns the elements of 'set', sorted and separated by commas.  The caller
 * must free it. */
static char *
sset_to_string(const struct sset *set)
{
    const char **elements = sset_sort(set);
    struct ds s = DS_EMPTY_INITIALIZER;

    for (size_t i = 0; i < sset_count(set); i++) {
        ds_put_format(&s, "%s%s", i ? "," : "", elements[i]);
    }
    free(elements);
    return ds_steal_cstr(&s);
}

static struct sriov_op *
add_op(struct sriov_plan *plan, enum sriov_op_type type)
{
    if (plan->n_ops >= plan->allocated_ops) {
        plan->ops = x2nrealloc(plan->ops, &plan->allocated_ops,
                               sizeof *plan->ops);
    }
    plan->ops[plan->n_ops] = (struct sriov_op) { .type = type };
    return &plan->ops[plan->n_ops++];
}

/* Returns true if "ovs-sriov vm" opens and closes 'rep' (rule 8).  Its link is
 * left alone then, also before its Port says so: whoever had the VF when the
 * host went down does not have it now. */
static bool
is_vm_vf(const struct sriov_plan_input *in, const struct sriov_port *rep)
{
    return rep->vf_pci && sset_contains(&in->view->vm_vfs, rep->vf_pci);
}

/* Adds to 'plan' what is to be done with the link of 'port'.  Once per link:
 * what a person changes afterwards stays as it is.  'tc' is whether TC matters
 * to it. */
static void
plan_link(struct sriov_plan *plan, const struct sriov_plan_input *in,
          const struct sriov_port *port, bool up, bool tc)
{
    const struct sriov_track *track = sriov_history_find(in->history,
                                                         port->key);
    bool hw_tc = (tc && in->hw_tc && port->link->has_hw_tc
                  && !(track && track->set_hw_tc));

    bool policer = (tc && in->hw_tc && track
                    && track->policer == SRIOV_POLICER_UNKNOWN);

    /* Many kernels do not let udev rename a link that is up. */
    up = (up && port->link->initialized && !(track && track->set_up)
          && !is_vm_vf(in, port));
    if ((up || hw_tc) && track && in->now < track->link_after) {
        plan->wake = MIN(plan->wake, track->link_after);
        up = hw_tc = false;
    }
    if (up || hw_tc || policer) {
        struct sriov_op *op = add_op(plan, SRIOV_OP_LINK);

        op->port = port;
        op->up = up;
        op->hw_tc = hw_tc;
        op->policer = policer;
    }
}

/* Returns the MTU for the representor of 'd', in bytes, or 0 if none is to be
 * asked for. */
static unsigned int
wanted_mtu(const struct sriov_decision *d)
{
    if (d->devargs) {
        /* DPDK sets the MTU of the uplink's link.  If nobody asked for one,
         * there may be no memory for more than the default. */
        return (d->uplink_iface->has_mtu_request
                ? d->uplink_iface->mtu_request : 0);
    }
    return d->uplink && d->uplink->link ? d->uplink->link->mtu : 0;
}

/* Adds to 'plan' that the port of ours of 'd' is to be tried again if its turn
 * has come.  There may be nothing wrong with it any longer: it was perhaps
 * looked for by a name that its device was just about to get. */
static void
plan_retry(struct sriov_plan *plan, const struct sriov_plan_input *in,
           const struct sriov_decision *d)
{
    const struct sriov_track *track = sriov_history_find(in->history,
                                                         d->port->key);

    if (track && track->failed) {
        long long int when = (track->failed_since
                              + (RETRY_DELAY << MIN(track->retries,
                                                    MAX_RETRY_SHIFT)));

        if (in->now >= when) {
            struct sriov_op *op = add_op(plan, SRIOV_OP_RETRY);

            op->decision = d;
            op->old = d->iface->port;
            op->port = d->port;
        } else {
            plan->wake = MIN(plan->wake, when);
        }
    }
}

/* Returns true if 'd' is an untouched port of ours and is to have another type
 * or other devargs. */
static bool
is_to_change_type(const struct sriov_decision *d)
{
    const struct sriov_view_port *ours = d->iface->port;

    return (d->type_known
            && !nullable_string_is_equal(d->devargs, ours->our_devargs)
            && sriov_dpdk_is_as_written(ours));
}

/* Stores in 'op' which type the Interface of 'd' becomes, or keeps. */
static void
set_type(struct sriov_op *op, const struct sriov_decision *d)
{
    op->set_type = (d->type_known
                    && (!op->old || sriov_dpdk_is_as_written(op->old)));
    op->devargs = op->set_type ? d->devargs : op->old->our_devargs;
}

/* Returns true if mtu_request of 'd', a port of ours, is to become 'mtu'. */
static bool
is_to_change_mtu(const struct sriov_decision *d, unsigned int mtu)
{
    const struct sriov_view_port *ours = d->iface->port;

    if (d->iface->has_mtu_request != ours->has_our_mtu
        || (ours->has_our_mtu && d->iface->mtu_request != ours->our_mtu)) {
        return false;           /* A person's. */
    } else if (d->devargs) {
        return mtu != (ours->has_our_mtu ? ours->our_mtu : 0);
    }
    return mtu && ours->has_our_mtu && ours->our_mtu != mtu;
}

/* Returns true if the port of ours of 'd' lacks the PCI address of its VF:
 * drivers make representors first. */
static bool
is_to_note_vf(const struct sriov_decision *d)
{
    return d->port->vf_pci && !nullable_string_is_equal(
        d->port->vf_pci, d->iface->port->our_vf_pci);
}

/* Adds to 'plan' what is to be done with the port of ours of 'd', which is in
 * the right place and of the right type. */
static void
plan_upkeep(struct sriov_plan *plan, const struct sriov_plan_input *in,
            const struct sriov_decision *d)
{
    const struct sriov_track *track = sriov_history_find(in->history,
                                                         d->port->key);
    unsigned int mtu = wanted_mtu(d);
    struct sriov_op *op;

    if (is_to_note_vf(d)) {
        op = add_op(plan, SRIOV_OP_VF);
        op->old = d->iface->port;
        op->port = d->port;
    }
    if (is_to_change_mtu(d, mtu)) {
        op = add_op(plan, SRIOV_OP_MTU);
        op->old = d->iface->port;
        op->mtu = mtu;
    } else if (!d->port->link->initialized) {
        /* Later. */
    } else if (track && track->attached
               && track->attached != d->port->link->ifindex) {
        op = add_op(plan, SRIOV_OP_REATTACH);
        op->decision = d;
        op->old = d->iface->port;
        op->port = d->port;
    } else {
        plan_retry(plan, in, d);
    }
}

/* Adds to 'plan' what is to be done with the DPDK port for 'uplink'.  While
 * DPDK has any port of a device that was there before, what it probes is
 * that one. */
static void
plan_uplink(struct sriov_plan *plan, const struct sriov_plan_input *in,
            const struct sriov_port *uplink)
{
    const struct sriov_track *track = sriov_history_find(in->history,
                                                         uplink->key);

    if (uplink->link->initialized && track && track->attached
        && track->attached != uplink->link->ifindex) {
        add_op(plan, SRIOV_OP_REATTACH)->port = uplink;
    }
}

static void
plan_representor(struct sriov_plan *plan, const struct sriov_plan_input *in,
                 const struct sriov_decision *d)
{
    const struct sriov_view_port *ours = (d->reason == SRIOV_ADDED && d->iface
                                        ? d->iface->port : NULL);
    const struct sriov_track *track = sriov_history_find(in->history,
                                                         d->port->key);
    bool tc = !(d->iface ? sriov_dpdk_is_port(d->iface) : d->devargs != NULL);
    struct sriov_op *op;

    if (!in->acting) {
        return;
    }
    if (d->reason == SRIOV_OTHERS) {
        /* Up only if the device that this one replaces was. */
        plan_link(plan, in, d->port, track && track->up && !track->came_up,
                  tc);
    } else if (d->reason == SRIOV_ADDING) {
        plan_link(plan, in, d->port, true, tc);
        op = add_op(plan, SRIOV_OP_ADD);
        op->decision = d;
        op->mtu = wanted_mtu(d);
        set_type(op, d);
        op->closed = is_vm_vf(in, d->port);
    } else if (ours) {
        bool moves = (d->port->link->initialized
                      && (d->bridge != ours->bridge
                          || strcmp(ours->name, d->port->link->name)));

        plan_link(plan, in, d->port, true, tc);
        if (moves || is_to_change_type(d)) {
            op = add_op(plan, moves ? SRIOV_OP_REPLACE : SRIOV_OP_RETYPE);
            op->decision = d;
            op->old = ours;
            op->mtu = wanted_mtu(d);
            op->ofport = (moves && track && d->bridge == ours->bridge
                          ? track->ofport : 0);
            set_type(op, d);
        } else {
            plan_upkeep(plan, in, d);
        }
    }
}

/* Adds to 'plan' the removal of those of our ports whose representor is gone
 * (rule 5). */
static void
plan_removals(struct sriov_plan *plan, const struct sriov_plan_input *in)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &in->view->ports) {
        const struct sriov_view_port *port = node->data;
        const struct sriov_track *track = sriov_history_find(in->history,
                                                             node->name);

        if (!track || track->ifindex) {
            continue;
        }
        plan->absent = true;
        if (!in->enabled || !port->pristine) {
            continue;
        }

        long long int when = (track->seen
                              ? track->absent_since + REMOVE_DELAY
                              : in->started + REMOVE_DELAY_AT_START);
        if (in->now >= when) {
            add_op(plan, SRIOV_OP_REMOVE)->old = port;
        } else {
            plan->wake = MIN(plan->wake, when);
        }
    }
}

static bool
has_ours(const struct sriov_view_bridge *br)
{
    for (size_t i = 0; i < br->n_ports; i++) {
        if (br->ports[i]->key) {
            return true;
        }
    }
    return false;
}

/* Adds to 'plan' what has to be noted about ports that people deleted, or gave
 * back (rule 6).  Where ports of ours are, that is noted also if it is
 * nothing: see was_deleted() in history.c. */
static void
plan_deleted(struct sriov_plan *plan, const struct sriov_plan_input *in)
{
    for (size_t i = 0; i < in->view->n_bridges; i++) {
        const struct sriov_view_bridge *br = in->view->bridges[i];
        const struct sriov_track *track;
        struct sset deleted;

        sset_clone(&deleted, &br->deleted);
        HMAP_FOR_EACH (track, node, &in->history->tracks) {
            if (!track->denied) {
                sset_find_and_delete(&deleted, track->key);
            } else if (uuid_equals(&track->bridge, &br->uuid)) {
                sset_add(&deleted, track->key);
            }
        }
        if (!sset_equals(&deleted, &br->deleted)
            || (!br->listed && has_ours(br))) {
            struct sriov_op *op = add_op(plan, SRIOV_OP_DELETED);

            op->bridge = br;
            op->deleted = sset_to_string(&deleted);
        }
        sset_destroy(&deleted);
    }
}

/* Returns true if a Port or an Interface has 'name' and keeps it: its Port is
 * not among 'freed'. */
static bool
is_taken(const struct sriov_view *view, const char *name,
         const struct sset *freed)
{
    const struct sriov_view_iface *iface = shash_find_data(&view->ifaces,
                                                           name);

    return ((iface && !sset_contains(freed, iface->port->name))
            || (shash_find(&view->port_names, name)
                && !sset_contains(freed, name)));
}

/* Takes out of 'plan' those replacements whose name belongs to a port that
 * keeps it: one of ours whose device is gone or udev is not done with, or a
 * bond that somebody gave this name.  The database takes no two ports of one
 * name, and the whole transaction would fail. */
static void
drop_blocked(struct sriov_plan *plan, const struct sriov_view *view)
{
    struct sset freed = SSET_INITIALIZER(&freed);
    size_t before;

    for (size_t i = 0; i < plan->n_ops; i++) {
        const struct sriov_op *op = &plan->ops[i];

        if (op->type == SRIOV_OP_REPLACE || op->type == SRIOV_OP_REMOVE) {
            sset_add(&freed, op->old->name);
        }
    }
    do {
        size_t n = 0;

        before = plan->n_ops;
        for (size_t i = 0; i < before; i++) {
            const struct sriov_op *op = &plan->ops[i];
            if (op->type == SRIOV_OP_REPLACE
                && is_taken(view, op->decision->port->link->name, &freed)) {
                /* Its own name may be what another one waits for. */
                sset_find_and_delete(&freed, op->old->name);
            } else {
                plan->ops[n++] = *op;
            }
        }
        plan->n_ops = n;
    } while (plan->n_ops < before);
    sset_destroy(&freed);
}

bool
sriov_op_writes(const struct sriov_op *op)
{
    return (op->type != SRIOV_OP_LINK && op->type != SRIOV_OP_RETRY
            && op->type != SRIOV_OP_REATTACH);
}

struct sriov_plan *
sriov_plan_create(const struct sriov_plan_input *in)
{
    struct sriov_plan *plan = xzalloc(sizeof *plan);
    struct candidates candidates = { .n = 0 };
    struct shash others = SHASH_INITIALIZER(&others);

    plan->wake = LLONG_MAX;
    plan->decisions = xcalloc(in->model->n_ports, sizeof *plan->decisions);
    find_candidates(&candidates, in);
    sriov_dpdk_others(in->view, in->model, &others);

    for (size_t i = 0; i < in->model->n_ports; i++) {
        const struct sriov_port *port = in->model->ports[i];

        if (sriov_port_is_representor(port)) {
            struct sriov_decision *d = &plan->decisions[plan->n_decisions++];

            d->port = port;
            decide(d, in, &candidates, &others);
            plan_representor(plan, in, d);
        } else if (in->acting && sriov_port_is_uplink(port) && port->link
                   && port->dev->mode == SRIOV_MODE_SWITCHDEV
                   && (in->forced || !sriov_driver_fault(port->dev))) {
            const struct sriov_view_iface *iface
                = sriov_uplink_iface(in->view, in->model, port);

            if (iface) {
                plan_link(plan, in, port, false, !sriov_dpdk_is_port(iface));
                plan_uplink(plan, in, port);
            }
        }
    }
    plan_removals(plan, in);
    if (in->enabled) {
        plan_deleted(plan, in);
    }
    drop_blocked(plan, in->view);
    for (size_t i = 0; i < plan->n_ops; i++) {
        plan->writes = plan->writes || sriov_op_writes(&plan->ops[i]);
    }
    shash_destroy(&others);
    free(candidates.array);
    return plan;
}

void
sriov_plan_destroy(struct sriov_plan *plan)
{
    if (plan) {
        for (size_t i = 0; i < plan->n_ops; i++) {
            free(plan->ops[i].deleted);
        }
        for (size_t i = 0; i < plan->n_decisions; i++) {
            free(plan->decisions[i].devargs);
        }
        free(plan->decisions);
        free(plan->ops);
        free(plan);
    }
}

/* Why a representor is, or is not, a port, where that is all to be said. */
static const char *const reasons[] = {
    [SRIOV_ADDED] =
        "added by cx-sriov",
    [SRIOV_ADDING] =
        "being added",
    [SRIOV_OTHERS] =
        "added by others",
    [SRIOV_NO_NETDEV] =
        "not added: no network device",
    [SRIOV_WAIT_UDEV] =
        "not added yet: waits for udev",
    [SRIOV_NO_BRIDGE] =
        "not added: its uplink is in no bridge",
    [SRIOV_AMBIGUOUS] =
        "not added: uplinks are in several bridges, none of "
        "them its PF's",
    [SRIOV_DISABLED] =
        "not added: sriov-auto-add is false",
    [SRIOV_DENIED] =
        "not added: was deleted (sriov/resync adds it again)",
    [SRIOV_INACTIVE] =
        "not added: sriov is false",
    [SRIOV_NAME_TAKEN] =
        "not added: another Port has its name",
    [SRIOV_USERSPACE] =
        "not added: userspace bridge: nothing is offloaded; "
        "use an uplink with type=dpdk, or datapath_type=system",
    [SRIOV_DPDK_PF] =
        "not added: DPDK has no port for a PF's representor",
    [SRIOV_NO_DPDK] =
        "not added: DPDK is not initialized "
        "(other_config:dpdk-init=true, and the daemon with "
        "DPDK)",
};
/* Appends who has the VF behind the port of 'd', if that is known. */
static void
put_vm(const struct sriov_decision *d, struct ds *s)
{
    if (d->iface && d->iface->port->vm) {
        ds_put_format(s, "; %s", d->iface->port->vm);
    }
}

void
sriov_reason_format(const struct sriov_decision *d, struct ds *s)
{
    const struct sriov_dev *dev = d->port->dev;
    const char *driver = dev->driver ? dev->driver : "unknown";

    if (d->reason == SRIOV_OWNED) {
        ds_put_format(s, "not added: %s adds ports (sriov-auto-add=true of %s "
                      "adds it all the same)", d->bridge->owner,
                      d->bridge->name);
    } else if (d->reason == SRIOV_UNLISTED) {
        ds_put_format(s, "not added: not in sriov-representors of %s",
                      d->bridge->name);
    } else if (d->reason == SRIOV_FAULTY) {
        ds_put_format(s, "not added: driver %s: %s (sriov=true adds it)",
                      driver, sriov_driver_fault(dev));
    } else if (d->reason == SRIOV_DPDK_DRIVER) {
        ds_put_format(s, "not added: driver %s: %s", driver,
                      sriov_driver_dpdk_fault(dev, false));
    } else {
        ds_put_cstr(s, reasons[d->reason]);
        put_vm(d, s);
    }
}

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

/* See vm-plan.h for where this stands. */

#include <config.h>
#include "sriov/vm-plan.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "packets.h"
#include "util.h"

/* Facts. */

void
vm_facts_init(struct vm_facts *facts)
{
    memset(facts, 0, sizeof *facts);
    sset_init(&facts->managed);
    facts->expires = LLONG_MAX;
}

void
vm_facts_remove_last(struct vm_facts *facts)
{
    struct vm_claim *claim = &facts->claims[--facts->n_claims];

    free(claim->pci);
    free(claim->vm);
    free(claim->name);
    free(claim->device);
    free(claim->error);
    vm_settings_destroy(&claim->settings);
}

void
vm_facts_destroy(struct vm_facts *facts)
{
    while (facts->n_claims) {
        vm_facts_remove_last(facts);
    }
    free(facts->claims);
    sset_destroy(&facts->managed);
}

struct vm_claim *
vm_facts_add_claim(struct vm_facts *facts, const char *pci, const char *vm)
{
    struct vm_claim *claim;

    if (facts->n_claims >= facts->allocated_claims) {
        facts->claims = x2nrealloc(facts->claims, &facts->allocated_claims,
                                   sizeof *facts->claims);
    }
    claim = &facts->claims[facts->n_claims++];
    memset(claim, 0, sizeof *claim);
    claim->pci = xstrdup(pci);
    claim->vm = xstrdup(vm);
    vm_settings_init(&claim->settings);
    return claim;
}

char *
vm_claim_owner(const struct vm_claim *claim)
{
    return xasprintf("%s/%s", claim->vm, claim->device ? claim->device : "-");
}

void
vm_vf_destroy(struct vm_vf *vf)
{
    free(vf->pci);
    free(vf->pf);
    free(vf->rep);
    free(vf->bridge);
    free(vf->owner);
    free(vf->settings);
    free(vf->why);
}

const struct eth_addr vm_no_mac = ETH_ADDR_C(02,00,00,00,00,00);

bool
vm_vf_has_own_mac(const struct vm_vf *vf)
{
    return (eth_addr_equals(vf->mac, vf->own_mac)
            || (eth_addr_is_zero(vf->own_mac)
                && eth_addr_equals(vf->mac, vm_no_mac)));
}

static const char *const state_names[] = {
    [VM_NONE] = "none",
    [VM_CLOSED] = "closed",
    [VM_CUT_OFF] = "cut-off",
    [VM_PREPARED] = "prepared",
    [VM_OPEN] = "open",
    [VM_KEPT] = "kept",
};

const char *
vm_state_to_string(enum vm_state state)
{
    return state_names[state];
}

bool
vm_state_from_string(const char *s, enum vm_state *state)
{
    for (size_t i = 0; i < ARRAY_SIZE(state_names); i++) {
        if (!strcmp(s, state_names[i])) {
            *state = i;
            return true;
        }
    }
    return false;
}

/* Rules. */

/* What deciding about one VF needs. */
struct decision {
    struct vm_plan *plan;
    const struct vm_plan_input *in;
    const struct vm_vf *vf;
    const struct vm_claim *claim;
    char *owner;                /* Of 'claim'. */
    char *settings;             /* Of 'claim', as words. */
};

static void
add_op(struct decision *d, enum vm_op_type type, const char *why,
       bool refused)
{
    struct vm_plan *plan = d->plan;

    if (plan->n_ops >= plan->allocated_ops) {
        plan->ops = x2nrealloc(plan->ops, &plan->allocated_ops,
                               sizeof *plan->ops);
    }
    plan->ops[plan->n_ops++] = (struct vm_op) {
        .type = type,
        .vf = d->vf,
        .claim = d->claim,
        .why = nullable_xstrdup(why),
        .refused = refused,
    };
}

/* Returns the claim that counts for 'vf': a VM's with settings, else one of
 * sriov.conf, else a VM's without. */
static const struct vm_claim *
find_claim(const struct vm_facts *facts, const struct vm_vf *vf)
{
    const struct vm_claim *best = NULL;
    int best_rank = 0;

    for (size_t i = 0; i < facts->n_claims; i++) {
        const struct vm_claim *claim = &facts->claims[i];
        int rank = claim->fixed ? 2 : claim->own ? 3 : 1;

        if (!strcmp(claim->pci, vf->pci) && rank > best_rank) {
            best = claim;
            best_rank = rank;
        }
    }
    return best;
}

/* Returns how far the VF at 'pci' has come for whoever has it: who is further
 * keeps an address that two ask for. */
static int
progress(const struct vm_plan_input *in, const char *pci)
{
    for (size_t i = 0; i < in->n_vfs; i++) {
        if (!strcmp(in->vfs[i].pci, pci)) {
            return (in->vfs[i].state == VM_OPEN ? 2
                    : in->vfs[i].state == VM_PREPARED ? 1 : 0);
        }
    }
    return -1;
}

/* Returns another VF's claim that has the address of 'd->claim', or NULL. */
static const struct vm_claim *
find_same_mac(const struct decision *d)
{
    const struct vm_facts *facts = d->in->facts;
    int own = progress(d->in, d->claim->pci);

    for (size_t i = 0; i < facts->n_claims; i++) {
        const struct vm_claim *other = &facts->claims[i];

        if (other->settings.has_mac && d->claim->settings.has_mac
            && strcmp(other->pci, d->claim->pci)
            && eth_addr_equals(other->settings.mac,
                               d->claim->settings.mac)) {
            int theirs = progress(d->in, other->pci);

            if (theirs > own || (theirs == own && other < d->claim)) {
                return other;
            }
        }
    }
    return NULL;
}

/* Returns true if the port is closed as far as can be. */
static bool
is_shut(const struct vm_vf *vf)
{
    return (!vf->up && (!vf->has_row || vf->as_written)
            && (!vf->has_own_mac || vf->mac_reset || vm_vf_has_own_mac(vf)));
}

static bool
is_managed(const struct vm_facts *facts, const struct vm_vf *vf)
{
    return (sset_contains(&facts->managed, vf->pci)
            || (facts->unknown && vf->state != VM_NONE));
}

/* No VM has it. */
static void
decide_unclaimed(struct decision *d)
{
    const struct vm_vf *vf = d->vf;

    if (d->in->facts->unknown && vf->state == VM_OPEN && !vf->pid) {
        /* It is sriov.conf's, which has an error in it now. */
    } else if (!is_managed(d->in->facts, vf)) {
        if (vf->state != VM_NONE) {
            add_op(d, VM_OP_RELEASE, NULL, false);
        }
    } else if (vf->has_row
               ? vf->state != VM_CLOSED || !is_shut(vf)
                 || !vf->has_own_mac
               : vf->up) {
        add_op(d, VM_OP_CLOSE, NULL, false);
    }
}

/* The VM that has it is to be cut off for 'why'; 'refused': until its settings
 * are others. */
static void
decide_cut_off(struct decision *d, const char *why, bool refused)
{
    const struct vm_vf *vf = d->vf;

    if (vf->has_row
        ? vf->state != VM_CUT_OFF || !is_shut(vf)
          || !nullable_string_is_equal(vf->why, why)
          || !nullable_string_is_equal(vf->owner, d->owner)
        : vf->up) {
        add_op(d, VM_OP_CLOSE, why, refused);
    }
}

/* The VM has it already, as the row says. */
static void
decide_open(struct decision *d)
{
    if (d->vf->anew) {
        add_op(d, VM_OP_CLOSE, NULL, false);
    } else if (!d->vf->as_written) {
        add_op(d, VM_OP_REPAIR, NULL, false);
    }
}

static void
decide_prepared(struct decision *d)
{
    const struct vm_settings *want = &d->claim->settings;
    const struct vm_vf *vf = d->vf;
    bool has_mac = (!want->has_mac
                    || (vf->has_mac && eth_addr_equals(vf->mac, want->mac)));

    if (vf->anew || (!has_mac && !vf->prepared)) {
        /* Or we closed it, and were started again before that got into the
         * database: once more. */
        add_op(d, VM_OP_CLOSE, NULL, false);
    } else if (!vf->as_written) {
        add_op(d, VM_OP_REPAIR, NULL, false);
    } else if (!has_mac) {
        decide_cut_off(d, "the NIC does not have the address that it was "
                       "given", true);
    } else if (d->claim->running && d->in->applied) {
        add_op(d, VM_OP_UP, NULL, false);
    }
}

/* Returns true if the VF was prepared for a device of the VM of 'claim'. */
static bool
is_prepared_for_vm(const struct decision *d)
{
    size_t n = strlen(d->claim->vm);

    return (d->vf->state == VM_PREPARED && d->vf->owner
            && !strncmp(d->vf->owner, d->claim->vm, n)
            && d->vf->owner[n] == '/');
}

/* Returns what of the settings cannot be here, which the caller must free, or
 * NULL. */
static char *
find_impossible(const struct decision *d)
{
    const struct vm_settings *want = &d->claim->settings;
    const struct vm_vf *vf = d->vf;

    if (want->tunnel && !d->in->two_tags) {
        return xasprintf("dot1q-tunnel=%u needs two tags of a frame looked "
                         "at: ovs-vsctl set Open_vSwitch . "
                         "other_config:vlan-limit=2", want->vlan);
    } else if (!want->has_mac && vf->mac_reset && !vm_vf_has_own_mac(vf)) {
        return xstrdup("the NIC keeps the address of who had the VF before; "
                       "give this VM one (mac)");
    } else if (want->mirror && vf->bridge) {
        char *output = xasprintf("%s %s", vf->bridge, want->mirror);
        bool found = (strcmp(want->mirror, vf->rep)
                      && sset_contains(d->in->outputs, output));

        free(output);
        if (!found) {
            return xasprintf("mirror=%s: bridge %s has no such port that a "
                             "mirror can have for itself (not its own, an "
                             "uplink or a bond)", want->mirror, vf->bridge);
        }
    }
    return NULL;
}

/* Returns true if the state of the row is about the VM's life that 'claim' is
 * about. */
static bool
is_same_life(const struct decision *d)
{
    return (nullable_string_is_equal(d->vf->owner, d->owner)
            && d->vf->pid == d->claim->pid);
}

static void
decide_claimed(struct decision *d)
{
    const struct vm_claim *claim = d->claim;
    const struct vm_vf *vf = d->vf;
    bool same_settings = nullable_string_is_equal(vf->settings, d->settings);
    const struct vm_claim *twin;
    char *impossible;

    if (vf->state == VM_NONE && vf->has_row && claim->running
        && !claim->fixed && claim->started
        && claim->started < d->in->facts->changed) {
        add_op(d, VM_OP_KEEP, NULL, false);
    } else if (vf->state == VM_KEPT && vf->pid == claim->pid
               && claim->running && !vf->anew) {
        /* As it is. */
    } else if (vf->state == VM_OPEN && is_same_life(d) && !vf->shut
               && (same_settings || !claim->fixed)) {
        /* Settings are those of the VM's start. */
        decide_open(d);
    } else if (!claim->error && !claim->device && !claim->running) {
        /* What it is will be known when it runs.  One that is prepared stays
         * so: that was known before kvm was found not to run yet. */
        if (is_prepared_for_vm(d) && !vf->shut) {
            return;
        }
        if (vf->state != VM_CLOSED || !is_shut(vf)) {
            add_op(d, VM_OP_CLOSE, NULL, false);
        }
    } else if (claim->error || !claim->device) {
        decide_cut_off(d, claim->error ? claim->error
                       : "the VM has no such device in its configuration",
                       false);
    } else if ((twin = find_same_mac(d)) != NULL) {
        char *why = xasprintf("VM %s has the address as well", twin->vm);

        decide_cut_off(d, why, false);
        free(why);
    } else if ((impossible = find_impossible(d)) != NULL) {
        decide_cut_off(d, impossible, false);
        free(impossible);
    } else if (vf->state == VM_PREPARED && same_settings && !vf->shut
               && nullable_string_is_equal(vf->owner, d->owner)) {
        decide_prepared(d);
    } else if (vf->state == VM_CUT_OFF && is_shut(vf)
               && nullable_string_is_equal(vf->owner, d->owner)
               && same_settings) {
        /* Was refused with just these. */
    } else if ((vf->state != VM_CLOSED && vf->state != VM_CUT_OFF)
               || !is_shut(vf) || !vf->has_own_mac) {
        if (vf->has_row || vf->up) {
            add_op(d, VM_OP_CLOSE, NULL, false);
        }
    } else if (vf->clean) {
        add_op(d, VM_OP_PREPARE, NULL, false);
    }
}

static int
compare_ops(const void *a_, const void *b_)
{
    const struct vm_op *a = a_, *b = b_;

    return a->type != b->type ? (a->type < b->type ? -1 : 1)
           : strcmp(a->vf->pci, b->vf->pci);
}

struct vm_plan *
vm_plan_create(const struct vm_plan_input *in)
{
    struct vm_plan *plan = xzalloc(sizeof *plan);

    for (size_t i = 0; i < in->n_vfs; i++) {
        struct decision d = {
            .plan = plan,
            .in = in,
            .vf = &in->vfs[i],
            .claim = find_claim(in->facts, &in->vfs[i]),
        };

        if (d.claim && (d.vf->state != VM_NONE
                        || is_managed(in->facts, d.vf))) {
            struct ds s = DS_EMPTY_INITIALIZER;

            d.owner = vm_claim_owner(d.claim);
            vm_settings_format(&d.claim->settings, &s);
            d.settings = ds_steal_cstr(&s);
            decide_claimed(&d);
            free(d.owner);
            free(d.settings);
        } else if (!d.claim) {
            decide_unclaimed(&d);
        }
    }
    if (plan->n_ops) {
        qsort(plan->ops, plan->n_ops, sizeof *plan->ops, compare_ops);
    }
    return plan;
}

void
vm_plan_destroy(struct vm_plan *plan)
{
    if (plan) {
        for (size_t i = 0; i < plan->n_ops; i++) {
            free(plan->ops[i].why);
        }
        free(plan->ops);
        free(plan);
    }
}

void
vm_op_format(const struct vm_op *op, struct ds *s)
{
    const struct vm_claim *claim = op->claim;

    ds_put_format(s, "VF %u of %s (%s, %s): ", op->vf->number, op->vf->pf,
                  op->vf->pci, op->vf->rep);
    switch (op->type) {
    case VM_OP_CLOSE:
        if (op->why) {
            ds_put_format(s, "VM %s is cut off: %s", claim->vm, op->why);
        } else {
            ds_put_format(s, "closed: %s%s", claim ? "not open yet for VM "
                          : "no VM has it", claim ? claim->vm : "");
        }
        break;
    case VM_OP_PREPARE:
    case VM_OP_UP:
        ds_put_format(s, "%s VM %s, %s: ", op->type == VM_OP_UP
                      ? "open for" : "prepared for", claim->vm, claim->device);
        vm_settings_format(&claim->settings, s);
        break;
    case VM_OP_REPAIR:
        ds_put_format(s, "somebody changed its VLANs; VM %s has its own "
                      "again: %s", claim->vm,
                      op->vf->settings ? op->vf->settings : "");
        break;
    case VM_OP_KEEP:
        ds_put_format(s, "VM %s ran already; settings count from its next "
                      "start", claim->vm);
        break;
    case VM_OP_RELEASE:
        ds_put_cstr(s, "nothing is configured for it any more");
        break;
    default:
        OVS_NOT_REACHED();
    }
}

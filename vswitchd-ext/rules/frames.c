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

/* See rules/frames.h for where this stands. */

#include <config.h>
#include "rules/frames.h"

#include <stdlib.h>
#include <string.h>

#include "openvswitch/util.h"
#include "tc.h"
#include "util.h"

enum {
    MAX_PUSHES = 2,             /* VLAN actions of a rule, MLX5_FS_VLAN_DEPTH
                                 * in mlx5's en.h. */
    VLAN_PRIO_EXACT = 7,
};

/* What has been done with a frame since it came in. */
struct change {
    unsigned int pops;          /* Of tags that it came in with. */
    unsigned int n_pushes;
    struct tc_action pushes[MAX_PUSHES];
    struct tc_action rewrite;   /* All pedits, as one. */
    unsigned int n_rewrites;
    unsigned int n_others;      /* Header changes of other kinds. */
};

/* What a list of actions does. */
struct list {
    struct change now;
    struct change changed;      /* What outputs behind the changes get. */
    bool has_changed;
    bool has_unchanged;         /* There are outputs before the changes. */
    bool arranged;              /* The order is right as it is. */
    bool movable;               /* Outputs and changes of tags and addresses
                                 * alone. */
    const char *fault;
};

static bool
change_is_none(const struct change *c)
{
    return !c->pops && !c->n_pushes && !c->n_rewrites && !c->n_others;
}

static bool
rewrites_equal(const struct change *a, const struct change *b)
{
    /* Two pedits may do what one does. */
    return (!a->n_rewrites == !b->n_rewrites
            && !memcmp(&a->rewrite.rewrite.key, &b->rewrite.rewrite.key,
                       sizeof a->rewrite.rewrite.key)
            && !memcmp(&a->rewrite.rewrite.mask, &b->rewrite.rewrite.mask,
                       sizeof a->rewrite.rewrite.mask));
}

static bool
changes_equal(const struct change *a, const struct change *b)
{
    if (a->pops != b->pops || a->n_pushes != b->n_pushes
        || a->n_others != b->n_others) {
        return false;
    }
    for (unsigned int i = 0; i < a->n_pushes; i++) {
        const struct tc_action *x = &a->pushes[i], *y = &b->pushes[i];

        if (x->vlan.vlan_push_tpid != y->vlan.vlan_push_tpid
            || x->vlan.vlan_push_id != y->vlan.vlan_push_id
            || x->vlan.vlan_push_prio != y->vlan.vlan_push_prio) {
            return false;
        }
    }
    return rewrites_equal(a, b);
}

/* Adds the bytes that 'action', a pedit, sets to those that 'c' has. */
static void
change_rewrite(struct change *c, const struct tc_action *action)
{
    uint8_t *key = (uint8_t *) &c->rewrite.rewrite.key;
    uint8_t *mask = (uint8_t *) &c->rewrite.rewrite.mask;
    const uint8_t *new_key = (const uint8_t *) &action->rewrite.key;
    const uint8_t *new_mask = (const uint8_t *) &action->rewrite.mask;

    for (size_t i = 0; i < sizeof action->rewrite.mask; i++) {
        key[i] = (key[i] & ~new_mask[i]) | (new_key[i] & new_mask[i]);
        mask[i] |= new_mask[i];
    }
    c->rewrite.type = TC_ACT_PEDIT;
    c->n_rewrites++;
}

/* Adds 'action', a header change, to what 'list' has done so far. */
static void
list_change(struct list *list, const struct tc_action *action)
{
    struct change *now = &list->now;

    list->arranged &= !list->has_changed;
    if (action->type == TC_ACT_PEDIT) {
        change_rewrite(now, action);
    } else if (action->type == TC_ACT_VLAN_POP && now->n_pushes) {
        /* The place of changes would have both. */
        now->n_pushes--;
        list->arranged = false;
    } else if (action->type == TC_ACT_VLAN_POP) {
        now->pops++;
    } else if (now->n_pushes < MAX_PUSHES) {
        now->pushes[now->n_pushes++] = *action;
    } else {
        list->fault = "more VLAN tags than the NIC can push";
    }
}

/* An output, or a jump to another table. */
static void
list_output(struct list *list)
{
    if (change_is_none(&list->now)) {
        list->has_unchanged = true;
        list->arranged &= !list->has_changed;
    } else if (!list->has_changed) {
        list->changed = list->now;
        list->has_changed = true;
    } else if (!changes_equal(&list->changed, &list->now)) {
        list->fault = "outputs with different changes of headers";
    }
}

static void
list_read(struct list *list, const struct tc_flower *flower)
{
    memset(list, 0, sizeof *list);
    list->arranged = list->movable = true;
    for (int i = 0; i < flower->action_count && !list->fault; i++) {
        const struct tc_action *action = &flower->actions[i];

        list->movable &= !action->jump_action;
        switch (action->type) {
        case TC_ACT_OUTPUT:
            list_output(list);
            break;
        case TC_ACT_VLAN_PUSH:
        case TC_ACT_VLAN_POP:
        case TC_ACT_PEDIT:
            list_change(list, action);
            break;
        case TC_ACT_GOTO:
            list->movable = false;
            list_output(list);
            break;
        case TC_ACT_MPLS_POP:
        case TC_ACT_MPLS_PUSH:
        case TC_ACT_MPLS_SET:
            list->movable = false;
            list->arranged &= !list->has_changed;
            list->now.n_others++;
            break;
        case TC_ACT_ENCAP:
            /* If an internal port is on the way, mlx5 has the place for
             * changes right before it (en_tc.c:4226,
             * mlx5e_set_fwd_to_int_port_actions(), Linux 6.12). */
            if (list->has_changed) {
                list->fault = "a changed frame to a port and into a tunnel";
            }
            list->movable = false;
            break;
        case TC_ACT_CT:
        case TC_ACT_POLICE:
        case TC_ACT_POLICE_MTU:
        default:
            list->movable = false;
            break;
        }
    }
}

/* Returns why mlx5 would not make 'c' of the tags of what 'flower' matches, or
 * NULL.  A pop and a push become another VLAN id: neither TPID nor priority
 * changes (en/tc/act/vlan_mangle.c:10, mlx5e_tc_act_vlan_add_rewrite_action(),
 * Linux 6.12); with more of both, pushes are lost (eswitch_offloads.c:688). */
static const char *
check_tags(const struct tc_flower *flower, const struct change *c)
{
    const struct tc_action *push = &c->pushes[0];

    if (!c->pops || !c->n_pushes) {
        return c->pops > MAX_PUSHES ? "more VLAN tags than the NIC can pop"
                                    : NULL;
    } else if (c->pops > 1 || c->n_pushes > 1) {
        return "several VLAN tags that are replaced";
    } else if (push->vlan.vlan_push_tpid
               && push->vlan.vlan_push_tpid != flower->key.eth_type) {
        return "a VLAN tag that is replaced by one of another type";
    } else if (flower->mask.vlan_prio[0] != VLAN_PRIO_EXACT) {
        return "a VLAN tag that is replaced, whatever its priority is";
    }
    return NULL;
}

/* Appends 'action' to the 'n' ones of 'actions'. */
static void
append(struct tc_action *actions, int *n, const struct tc_action *action)
{
    actions[(*n)++] = *action;
}

/* Appends the outputs of 'flower' that get the frame as it came in, or with
 * 'changed' the others. */
static void
append_outputs(struct tc_action *actions, int *n,
               const struct tc_flower *flower, bool changed)
{
    struct list list;

    memset(&list, 0, sizeof list);
    for (int i = 0; i < flower->action_count; i++) {
        const struct tc_action *action = &flower->actions[i];

        if (action->type != TC_ACT_OUTPUT) {
            list_change(&list, action);
        } else if (changed != change_is_none(&list.now)) {
            append(actions, n, action);
        }
    }
}

/* Puts the actions of 'flower' in the order: outputs of the frame as it came
 * in, what is changed, outputs of the changed frame.  They do not get more. */
static void
rearrange(struct tc_flower *flower, const struct list *list)
{
    const struct change *c = &list->changed;
    static const struct tc_action pop = { .type = TC_ACT_VLAN_POP };
    struct tc_action *actions = xcalloc(TCA_ACT_MAX_NUM, sizeof *actions);
    int n = 0;

    append_outputs(actions, &n, flower, false);
    if (list->has_changed) {
        for (unsigned int i = 0; i < c->pops; i++) {
            append(actions, &n, &pop);
        }
        if (c->n_rewrites) {
            append(actions, &n, &c->rewrite);
        }
        for (unsigned int i = 0; i < c->n_pushes; i++) {
            append(actions, &n, &c->pushes[i]);
        }
        append_outputs(actions, &n, flower, true);
    }
    memcpy(flower->actions, actions, n * sizeof *actions);
    flower->action_count = n;
    free(actions);
}

const char *
sriov_frames_arrange(struct tc_flower *flower)
{
    struct list *list = xmalloc(sizeof *list);
    const char *fault;

    list_read(list, flower);
    fault = list->fault;
    if (!fault && list->has_changed) {
        fault = check_tags(flower, &list->changed);
    }
    if (!fault && flower->tunnel && list->has_changed
        && list->has_unchanged) {
        /* Before that place the tunnel's header is still there
         * (eswitch_offloads.c:830, mlx5_eswitch_add_fwd_rule()). */
        fault = "a frame out of a tunnel, to ports with and without changes";
    }
    if (!fault && !list->arranged) {
        if (list->movable) {
            rearrange(flower, list);
        } else {
            fault = "outputs before and after changes of headers, with "
                    "actions that cannot be moved";
        }
    }
    free(list);
    return fault;
}

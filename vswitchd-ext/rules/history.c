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


/* See history.h for where this stands. */

#include <config.h>
#include "rules/history.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "rules/dpdk.h"
#include "rules/plan.h"
#include "rules/view.h"
#include "inventory/model.h"
#include "sset.h"
#include "util.h"
#include "uuid.h"

void
sriov_history_init(struct sriov_history *history)
{
    hmap_init(&history->tracks);
}

static void
track_destroy(struct sriov_history *history, struct sriov_track *track)
{
    hmap_remove(&history->tracks, &track->node);
    free(track->key);
    free(track->name);
    free(track->uplink_iface);
    free(track);
}

void
sriov_history_destroy(struct sriov_history *history)
{
    struct sriov_track *track, *next;

    HMAP_FOR_EACH_SAFE (track, next, node, &history->tracks) {
        track_destroy(history, track);
    }
    hmap_destroy(&history->tracks);
}

struct sriov_track *
sriov_history_find(const struct sriov_history *history, const char *key)
{
    struct sriov_track *track;

    HMAP_FOR_EACH_WITH_HASH (track, node, hash_string(key, 0),
                             &history->tracks) {
        if (!strcmp(track->key, key)) {
            return track;
        }
    }
    return NULL;
}

static struct sriov_track *
history_get(struct sriov_history *history, const char *key)
{
    struct sriov_track *track = sriov_history_find(history, key);

    if (!track) {
        track = xzalloc(sizeof *track);
        track->key = xstrdup(key);
        track->absent_since = LLONG_MIN;
        hmap_insert(&history->tracks, &track->node, hash_string(key, 0));
    }
    return track;
}

void
sriov_history_forgive(struct sriov_history *history)
{
    struct sriov_track *track;

    HMAP_FOR_EACH (track, node, &history->tracks) {
        track->denied = false;
    }
}

/* Returns true if the row 'port' is in any bridge of 'view'. */
static bool
has_row(const struct sriov_view *view, const struct uuid *port)
{
    for (size_t i = 0; i < view->n_bridges; i++) {
        const struct sriov_view_bridge *br = view->bridges[i];

        for (size_t j = 0; j < br->n_ports; j++) {
            if (uuid_equals(&br->ports[j]->uuid, port)) {
                return true;
            }
        }
    }
    return false;
}

/* Returns true if a person took the port of ours that 'track' stands for, and
 * that 'view' lacks, out of its bridge.
 *
 * It is not a person's doing if the bridge went (the port just went along), if
 * the row is there without our marks, in this bridge or in another one (others
 * took it over, as ifupdown2 does for a stanza of its own), or if our list went
 * out of the bridge at the same time: then it is a network tool that made the
 * bridge what its configuration says.  ifupdown2 deletes ports and clears
 * external_ids in one transaction; our own ovs-vsctl leaves out both, others do
 * not. */
static bool
was_deleted(const struct sriov_track *track, const struct sriov_view *view)
{
    for (size_t i = 0; i < view->n_bridges; i++) {
        const struct sriov_view_bridge *br = view->bridges[i];

        if (uuid_equals(&br->uuid, &track->bridge)) {
            return ((br->listed || !track->listed)
                    && !has_row(view, &track->port));
        }
    }
    return false;
}

/* Takes over what 'view' says about ports that people deleted, where that is
 * something new: what we wrote ourselves, earlier or in a former life, or what
 * a person changed. */
static void
read_deleted(struct sriov_history *history, const struct sriov_view *view)
{
    struct sset deleted = SSET_INITIALIZER(&deleted);
    struct sriov_track *track;
    const char *key;

    for (size_t i = 0; i < view->n_bridges; i++) {
        SSET_FOR_EACH (key, &view->bridges[i]->deleted) {
            history_get(history, key);
            sset_add(&deleted, key);
        }
    }
    HMAP_FOR_EACH (track, node, &history->tracks) {
        bool denied = sset_contains(&deleted, track->key);

        if (denied != track->denied_in_db) {
            track->denied = track->denied_in_db = denied;
        }
    }
    sset_destroy(&deleted);
}

/* Returns true if 'iface', which may be NULL, is a port of DPDK. */
static bool
iface_is_attached(const struct sriov_view_iface *iface)
{
    return (iface && sriov_dpdk_is_port(iface)
            && iface->has_ofport && iface->ofport >= 0);
}

/* Returns true if 'port', one of ours, is a port of DPDK. */
static bool
is_attached(const struct sriov_view_port *port)
{
    return (port->our_devargs && port->n_ifaces == 1
            && iface_is_attached(port->ifaces[0]));
}

/* Takes over what became of the uplink of 'track', which 'iface' holds in a
 * bridge, or none does (NULL). */
static void
read_uplink(struct sriov_track *track, const struct sriov_view_iface *iface)
{
    bool attached = iface_is_attached(iface);

    if (!attached) {
        track->attached = 0;
    } else if (!track->attached) {
        track->attached = track->ifindex;
    }
    free(track->uplink_iface);
    track->uplink_iface = attached ? xstrdup(iface->name) : NULL;
}

/* Takes over what became of 'port', of ours. */
static void
read_ours(struct sriov_track *track, const struct sriov_view_port *port,
          long long int now)
{
    track->ours = true;
    track->denied = false;
    if (!uuid_equals(&track->bridge, &port->bridge->uuid)) {
        track->bridge = port->bridge->uuid;
        track->ofport = 0;
    }
    if (port->n_ifaces == 1 && port->ifaces[0]->has_ofport
        && port->ifaces[0]->ofport > 0) {
        track->ofport = port->ifaces[0]->ofport;
    }
    track->port = port->uuid;
    track->listed = port->bridge->listed;
    if (!is_attached(port)) {
        track->attached = 0;
    } else if (!track->attached) {
        track->attached = track->ifindex;
    }
    if (!track->ifindex || port->n_ifaces != 1
        || !port->ifaces[0]->has_ofport || port->ifaces[0]->ofport >= 0) {
        track->failed = false;
        track->retries = 0;
    } else if (!track->failed) {
        track->failed = true;
        track->failed_since = now;
    }
}

/* Takes over what became of the link of 'port', which is there. */
static void
read_link(struct sriov_track *track, const struct sriov_port *port)
{
    if (track->ifindex != port->ifindex) {
        /* It is another one than before: nothing was done to it yet, and
         * nobody said no to it, unless that was before we started. */
        track->ifindex = port->ifindex;
        track->set_up = track->set_hw_tc = track->came_up = false;
        track->refusals = 0;
        track->link_after = 0;
        track->denied = track->denied && !track->seen;
        track->policer = SRIOV_POLICER_UNKNOWN;
        track->policer_looks = 0;
    }
    if (!nullable_string_is_equal(track->name, port->link->name)) {
        free(track->name);
        track->name = xstrdup(port->link->name);
    }
    if (port->link->up || track->came_up) {
        track->up = port->link->up;
    }
    track->came_up = track->came_up || port->link->up;
    track->seen = true;
}

/* Takes over which limit 'view' has for the link of 'track', which is there.
 * What became of it has to be found out anew when it changes. */
static void
read_policer(struct sriov_track *track, const struct sriov_view *view)
{
    const struct sriov_view_iface *iface = shash_find_data(&view->ifaces,
                                                           track->name);
    int64_t rate = iface ? iface->police_rate : 0;
    int64_t kpkts = iface ? iface->police_kpkts : 0;

    if (rate != track->police_rate || kpkts != track->police_kpkts) {
        track->policer = SRIOV_POLICER_UNKNOWN;
        track->policer_looks = 0;
    }
    if (rate <= 0 && kpkts <= 0) {
        track->policer = SRIOV_POLICER_NONE;
    }
    track->police_rate = rate;
    track->police_kpkts = kpkts;
}

/* Returns true if the link of 'track', which is gone, was up in a port that is
 * still there: one that comes in its place is to be so, too. */
static bool
may_come_up_again(const struct sriov_track *track,
                  const struct sriov_view *view)
{
    return track->up && shash_find(&view->ifaces, track->name);
}

void
sriov_history_update(struct sriov_history *history,
                     const struct sriov_model *model,
                     const struct sriov_view *view, long long int now)
{
    struct sset present = SSET_INITIALIZER(&present);
    struct sriov_track *track, *next;
    struct shash_node *node;

    read_deleted(history, view);
    for (size_t i = 0; i < model->n_ports; i++) {
        const struct sriov_port *port = model->ports[i];

        if (!port->link || (!sriov_port_is_representor(port)
                            && !sriov_port_is_uplink(port))) {
            continue;
        }

        track = history_get(history, port->key);
        read_link(track, port);
        read_policer(track, view);
        if (sriov_port_is_uplink(port)) {
            read_uplink(track, sriov_uplink_iface(view, model, port));
        }
        sset_add(&present, port->key);
    }

    SHASH_FOR_EACH (node, &view->ports) {
        read_ours(history_get(history, node->name), node->data, now);
    }

    HMAP_FOR_EACH_SAFE (track, next, node, &history->tracks) {
        if (!sset_contains(&present, track->key)
            && (track->ifindex || track->absent_since == LLONG_MIN)) {
            track->ifindex = 0;
            track->absent_since = now;
        }
        if (!track->ifindex && track->uplink_iface) {
            read_uplink(track, shash_find_data(&view->ifaces,
                                               track->uplink_iface));
        }
        if (track->ours && !shash_find(&view->ports, track->key)) {
            track->ours = false;
            track->denied = track->ifindex && was_deleted(track, view);
        }
        if (!track->ifindex && !track->ours && !track->denied_in_db
            && !track->uplink_iface && !may_come_up_again(track, view)) {
            track_destroy(history, track);
        }
    }
    sset_destroy(&present);
}

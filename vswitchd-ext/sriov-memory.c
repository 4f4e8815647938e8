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


/* See sriov-memory.h for where this stands. */

#include <config.h>
#include "sriov-memory.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "sriov-db.h"
#include "sriov-table.h"
#include "sset.h"
#include "util.h"
#include "uuid.h"

void
sriov_memory_init(struct sriov_memory *memory)
{
    hmap_init(&memory->tracks);
}

static void
track_destroy(struct sriov_memory *memory, struct sriov_track *track)
{
    hmap_remove(&memory->tracks, &track->node);
    free(track->key);
    free(track);
}

void
sriov_memory_destroy(struct sriov_memory *memory)
{
    struct sriov_track *track, *next;

    HMAP_FOR_EACH_SAFE (track, next, node, &memory->tracks) {
        track_destroy(memory, track);
    }
    hmap_destroy(&memory->tracks);
}

/* Returns what is remembered about the port with 'key', or NULL. */
struct sriov_track *
sriov_memory_find(const struct sriov_memory *memory, const char *key)
{
    struct sriov_track *track;

    HMAP_FOR_EACH_WITH_HASH (track, node, hash_string(key, 0),
                             &memory->tracks) {
        if (!strcmp(track->key, key)) {
            return track;
        }
    }
    return NULL;
}

static struct sriov_track *
memory_get(struct sriov_memory *memory, const char *key)
{
    struct sriov_track *track = sriov_memory_find(memory, key);

    if (!track) {
        track = xzalloc(sizeof *track);
        track->key = xstrdup(key);
        track->absent_since = LLONG_MIN;
        hmap_insert(&memory->tracks, &track->node, hash_string(key, 0));
    }
    return track;
}

/* Forgets which ports people deleted (sriov/resync). */
void
sriov_memory_forgive(struct sriov_memory *memory)
{
    struct sriov_track *track;

    HMAP_FOR_EACH (track, node, &memory->tracks) {
        track->denied = false;
    }
}

static bool
bridge_exists(const struct sriov_db *db, const struct uuid *uuid)
{
    for (size_t i = 0; i < db->n_bridges; i++) {
        if (uuid_equals(&db->bridges[i]->uuid, uuid)) {
            return true;
        }
    }
    return false;
}

/* Takes over what 'db' says about ports that people deleted, where that is
 * something new: what we wrote ourselves, earlier or in a former life, or what
 * a person changed. */
static void
read_deleted(struct sriov_memory *memory, const struct sriov_db *db)
{
    struct sset deleted = SSET_INITIALIZER(&deleted);
    struct sriov_track *track;
    const char *key;

    for (size_t i = 0; i < db->n_bridges; i++) {
        SSET_FOR_EACH (key, &db->bridges[i]->deleted) {
            memory_get(memory, key);
            sset_add(&deleted, key);
        }
    }
    HMAP_FOR_EACH (track, node, &memory->tracks) {
        bool denied = sset_contains(&deleted, track->key);

        if (denied != track->denied_in_db) {
            track->denied = track->denied_in_db = denied;
        }
    }
    sset_destroy(&deleted);
}

/* Brings 'memory' up to date with what is there at 'now' (ms).  To be called
 * before sriov_plan_create(), not while a transaction of ours is under way. */
void
sriov_memory_update(struct sriov_memory *memory,
                    const struct sriov_table *table, const struct sriov_db *db,
                    long long int now)
{
    struct sset present = SSET_INITIALIZER(&present);
    struct sriov_track *track, *next;
    struct shash_node *node;

    read_deleted(memory, db);
    for (size_t i = 0; i < table->n_ports; i++) {
        const struct sriov_port *port = table->ports[i];

        if (!port->link || (!sriov_port_is_representor(port)
                            && !sriov_port_is_uplink(port))) {
            continue;
        }

        track = memory_get(memory, port->key);
        if (track->ifindex != port->ifindex) {
            /* It is another one than before: nothing was done to it yet, and
             * nobody said no to it, unless that was before we started. */
            track->ifindex = port->ifindex;
            track->set_up = track->set_hw_tc = false;
            track->denied = track->denied && !track->seen;
        }
        track->seen = true;
        sset_add(&present, port->key);
    }

    SHASH_FOR_EACH (node, &db->ports) {
        const struct sriov_db_port *port = node->data;

        track = memory_get(memory, node->name);
        track->ours = true;
        track->denied = false;
        track->bridge = port->bridge->uuid;
        if (!track->ifindex || port->n_ifaces != 1
            || !port->ifaces[0]->has_ofport || port->ifaces[0]->ofport >= 0) {
            track->failed = false;
            track->retries = 0;
        } else if (!track->failed) {
            track->failed = true;
            track->failed_since = now;
        }
    }

    HMAP_FOR_EACH_SAFE (track, next, node, &memory->tracks) {
        if (!sset_contains(&present, track->key)
            && (track->ifindex || track->absent_since == LLONG_MIN)) {
            track->ifindex = 0;
            track->absent_since = now;
        }
        if (track->ours && !shash_find(&db->ports, track->key)) {
            /* The bridge is there without our port in it: somebody took it
             * out.  (When the bridge went, the port just went along.) */
            track->ours = false;
            track->denied = (track->ifindex
                             && bridge_exists(db, &track->bridge));
        }
        if (!track->ifindex && !track->ours && !track->denied_in_db) {
            track_destroy(memory, track);
        }
    }
    sset_destroy(&present);
}

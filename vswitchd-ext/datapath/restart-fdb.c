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

#include <config.h>
#include "datapath/restart-fdb.h"

#include <time.h>

#include "compat.h"
#include "datapath/restart-file.h"
#include "mac-learning.h"
#include "netdev.h"
#include "ofproto/ofproto-dpif.h"
#include "ofproto/ofproto-dpif-xlate.h"
#include "openvswitch/json.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/shash.h"
#include "openvswitch/vlog.h"
#include "packets.h"
#include "timeval.h"
#include "vswitch-idl.h"

VLOG_DEFINE_THIS_MODULE(sriov_restart_fdb);

#define FILE_NAME "sriov-fdb"

/* In ms. */
#define LOOK_INTERVAL 5000
#define REWRITE_INTERVAL 60000

/* An entry in the file: when it ages, in terms of time_msec(), VLAN, address,
 * and the name of the port's device, or of one of them. */
#define ENTRY_FORMAT "%lld %d "ETH_ADDR_FMT" %s"
#define ENTRY_SCAN "%lld %d "ETH_ADDR_SCAN_FMT" %n"

static uint64_t
count_events(const struct ovsrec_open_vswitch *cfg)
{
    uint64_t events = 0;

    for (size_t i = 0; i < cfg->n_bridges; i++) {
        const struct ofproto_dpif *ofproto
            = ofproto_dpif_lookup_by_name(cfg->bridges[i]->name);

        if (ofproto) {
            struct mac_learning *ml = ofproto->ml;

            ovs_rwlock_rdlock(&ml->rwlock);
            events += (ml->total_learned + ml->total_expired
                       + ml->total_evicted + ml->total_moved);
            ovs_rwlock_unlock(&ml->rwlock);
        }
    }
    return events;
}

/* Returns the entries of 'ml' as an array. */
static struct json *
to_json(struct mac_learning *ml)
{
    struct json *json = json_array_create_empty();
    time_t now = time_now();
    const struct mac_entry *e;

    ovs_rwlock_rdlock(&ml->rwlock);
    LIST_FOR_EACH (e, lru_node, &ml->lrus) {
        const struct ofbundle *bundle = mac_entry_get_port(ml, e);

        if (bundle && mac_entry_age(ml, e) != MAC_ENTRY_AGE_STATIC_ENTRY
            && e->expires > now) {
            char *entry = xasprintf(
                ENTRY_FORMAT, time_msec() + (e->expires - now) * 1000LL,
                e->vlan, ETH_ADDR_ARGS(e->mac),
                netdev_get_name(sriov_fdb_port(bundle)->netdev));

            json_array_add(json, json_string_create_nocopy(entry));
        }
    }
    ovs_rwlock_unlock(&ml->rwlock);
    return json;
}

void
sriov_fdb_run(struct sriov_fdb *fdb, const struct ovsrec_open_vswitch *cfg)
{
    long long int now = time_msec();
    struct json *json;
    uint64_t events;

    if (now < fdb->next) {
        return;
    }
    fdb->next = now + LOOK_INTERVAL;
    events = count_events(cfg);
    if (events == fdb->events && now < fdb->rewrite) {
        return;
    }
    fdb->events = events;
    fdb->rewrite = now + REWRITE_INTERVAL;

    json = json_object_create();
    for (size_t i = 0; i < cfg->n_bridges; i++) {
        const char *name = cfg->bridges[i]->name;
        const struct ofproto_dpif *ofproto = ofproto_dpif_lookup_by_name(name);

        if (ofproto) {
            json_object_put(json, name, to_json(ofproto->ml));
        }
    }
    sriov_restart_write(FILE_NAME, json, "a restart will flood");
}

void
sriov_fdb_wait(const struct sriov_fdb *fdb)
{
    poll_timer_wait_until(fdb->next);
}

/* Has 'ofproto' learn 'entry', if it counts and the port is there. */
static bool
learn(const struct ofproto_dpif *ofproto, const char *entry)
{
    const struct ofport *ofport;
    struct eth_addr mac;
    long long int until;
    int vlan, n;

    if (!ovs_scan(entry, ENTRY_SCAN, &until, &vlan, ETH_ADDR_SCAN_ARGS(mac),
                  &n)
        || until <= time_msec() || vlan < 0 || vlan > VLAN_VID_MASK
        || eth_addr_is_multicast(mac)) {
        return false;
    }
    ofport = shash_find_data(&ofproto->up.port_by_name, entry + n);
    if (ofport) {
        xlate_mac_learning_update(ofproto, ofport->ofp_port, mac, vlan, false);
    }
    return ofport != NULL;
}

void
sriov_fdb_restore(const struct ovsrec_open_vswitch *cfg)
{
    struct json *json = sriov_restart_read(FILE_NAME);
    size_t n = 0;

    for (size_t i = 0; json && i < cfg->n_bridges; i++) {
        const char *name = cfg->bridges[i]->name;
        const struct ofproto_dpif *ofproto = ofproto_dpif_lookup_by_name(name);
        const struct json *entries = shash_find_data(json_object(json), name);

        if (!ofproto || !entries || entries->type != JSON_ARRAY) {
            continue;
        }
        for (size_t j = 0; j < sriov_compat_array_size(entries); j++) {
            const struct json *entry = sriov_compat_array_at(entries, j);

            n += (entry->type == JSON_STRING
                  && learn(ofproto, json_string(entry)));
        }
    }
    if (n) {
        VLOG_INFO("%"PRIuSIZE" addresses were learned before the restart", n);
    }
    json_destroy(json);
}

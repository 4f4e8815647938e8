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

#include "restart-lacp.h"

#include "dp-packet.h"
#include "lacp.h"
#include "netdev.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "openvswitch/list.h"
#include "openvswitch/shash.h"
#include "openvswitch/vlog.h"
#include "ovs-atomic.h"
#include "ovs-thread.h"
#include "packets.h"
#include "restart-file.h"
#include "seq.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(sriov_restart_lacp);

#define FILE_NAME "sriov-lacp"

/* A LACPDU, IEEE 802.1AX, 6.4.2.3: where things are in it. */
#define PDU_LEN 110
#define PDU_SUBTYPE 0           /* 1: it is a LACPDU. */
#define PDU_ACTOR_STATE 18      /* The state that its sender is in, */
#define PDU_PARTNER_STATE 38    /* and the one it thinks that we are in. */
#define STATE_SHORT_TIMEOUT 0x02
#define STATE_SYNC 0x08
#define STATE_COLLECTING 0x10
#define STATE_DISTRIBUTING 0x20
#define STATE_IN_BOND (STATE_SYNC | STATE_COLLECTING | STATE_DISTRIBUTING)

/* What a partner is to send in, in ms: lib/lacp.c, LACP_*_TIME_TX, times
 * LACP_RX_MULTIPLIER. */
#define SHORT_TIMEOUT 3000
#define LONG_TIMEOUT 90000

/* The last LACPDU that came in at a link that is in its bond. */
struct record {
    long long int until;        /* In terms of time_msec(). */
    char *frame;                /* In hexadecimal. */
};

/* A member of a bond, until sriov_lacp_loaded(). */
struct lacp_member {
    struct ovs_list node;
    const struct lacp *lacp;        /* For comparing only, as is 'id'. */
    const void *id;
    bool carrier;
    struct dp_packet *packet;       /* If it goes on: its record, but for what
                                     * its sender knows of us, which is
                                     * nothing.  Else null. */
};

static struct ovs_mutex mutex = OVS_MUTEX_INITIALIZER;
static struct shash records OVS_GUARDED_BY(mutex)
    = SHASH_INITIALIZER(&records);      /* By the device's name. */
static atomic_bool active = false;
static bool resuming;           /* Main thread: between load and loaded. */
static struct ovs_list members = OVS_LIST_INITIALIZER(&members);
static struct seq *changed;     /* Null until it is active. */
static uint64_t written;        /* Value of 'changed' that was written. */

static void
record_destroy(struct record *record)
{
    if (record) {
        free(record->frame);
        free(record);
    }
}

void
sriov_lacp_set_active(bool new)
{
    if (new && !changed) {
        changed = seq_create();
        written = seq_read(changed);
    }
    atomic_store(&active, new);
}

/* Writes the records that still count to the file, in place of what is in
 * it. */
static void
write_records(void)
    OVS_EXCLUDED(mutex)
{
    struct json *json = json_object_create();
    const struct shash_node *node;
    long long int now = time_msec();

    ovs_mutex_lock(&mutex);
    SHASH_FOR_EACH (node, &records) {
        const struct record *record = node->data;

        if (now < record->until) {
            json_object_put_format(json, node->name, "%lld %s",
                                   record->until, record->frame);
        }
    }
    ovs_mutex_unlock(&mutex);
    sriov_restart_write(FILE_NAME, json,
                        "LACP partners will notice a restart");
}

/* Takes the record of device 'name' from what write_records() made of it. */
static void
load_record(const char *name, const struct json *json)
    OVS_REQUIRES(mutex)
{
    long long int until;
    int n;

    if (json->type == JSON_STRING
        && ovs_scan(json_string(json), "%lld %n", &until, &n)) {
        struct record *record = xmalloc(sizeof *record);

        record->until = until;
        record->frame = xstrdup(json_string(json) + n);
        record_destroy(shash_replace(&records, name, record));
    }
}

void
sriov_lacp_load(void)
{
    struct json *json = sriov_restart_read(FILE_NAME);

    if (json) {
        const struct shash_node *node;

        ovs_mutex_lock(&mutex);
        SHASH_FOR_EACH (node, json_object(json)) {
            load_record(node->name, node->data);
        }
        ovs_mutex_unlock(&mutex);
        json_destroy(json);
    }
    resuming = true;
}

void
sriov_lacp_loaded(void)
{
    struct lacp_member *m;

    resuming = false;
    LIST_FOR_EACH_POP (m, node, &members) {
        dp_packet_delete(m->packet);
        free(m);
    }
}

void
sriov_lacp_run(void)
{
    if (changed && seq_read(changed) != written) {
        written = seq_read(changed);
        write_records();
    }
}

void
sriov_lacp_wait(void)
{
    if (changed) {
        seq_wait(changed, written);
    }
}

/* Returns a record of 'packet', or null if it does not say that both ends are
 * in the bond: its sender collects and distributes only once we do.  What it
 * thinks of our state may be older than that. */
static struct record *
record_of(const struct dp_packet *packet, const uint8_t *pdu)
{
    struct ds hex = DS_EMPTY_INITIALIZER;
    struct record *record;

    if ((pdu[PDU_ACTOR_STATE] & STATE_IN_BOND) != STATE_IN_BOND) {
        return NULL;
    }
    for (size_t i = 0; i < dp_packet_size(packet); i++) {
        ds_put_format(&hex, "%02x",
                      ((const uint8_t *) dp_packet_data(packet))[i]);
    }
    record = xmalloc(sizeof *record);
    record->until = time_msec() + (pdu[PDU_PARTNER_STATE]
                                        & STATE_SHORT_TIMEOUT
                                        ? SHORT_TIMEOUT : LONG_TIMEOUT);
    record->frame = ds_steal_cstr(&hex);
    return record;
}

void
sriov_lacp_received(const struct netdev *netdev,
                    const struct dp_packet *packet)
{
    const uint8_t *pdu;
    struct record *old, *new;
    bool is_active;

    atomic_read(&active, &is_active);
    pdu = is_active && netdev ? dp_packet_l3(packet) : NULL;
    if (!pdu || dp_packet_l3_size(packet) < PDU_LEN
        || pdu[PDU_SUBTYPE] != 1) {
        return;
    }
    new = record_of(packet, pdu);
    ovs_mutex_lock(&mutex);
    old = (new ? shash_replace(&records, netdev_get_name(netdev), new)
           : shash_find_and_delete(&records, netdev_get_name(netdev)));
    ovs_mutex_unlock(&mutex);
    if (old || new) {
        seq_change(changed);
    }
    record_destroy(old);
}

static void
send_nothing(void *member OVS_UNUSED, const void *pdu OVS_UNUSED,
             size_t pdu_size OVS_UNUSED)
{
}

/* Has LACP take 'packet' as come in at the member 'id', which it does not
 * without carrier: lacp_member_may_enable() tells it that there is. */
static void
receive(struct lacp *lacp, const void *id, const struct dp_packet *packet)
{
    lacp_member_may_enable(lacp, id);
    lacp_process_packet(lacp, id, packet);
}

/* Has the members of 'lacp' attached now, one of which goes on with the partner
 * that 'packet' came from.  LACP itself does so in the next round of the main
 * loop, and in between bond_run() would disable them.
 *
 * A member that does not go on has the same partner, as if its carrier had
 * changed just now.  With none, LACP prefers it until it has waited for one in
 * vain, and no other may be enabled.
 *
 * Nothing can be sent yet.  So that LACP does in the next round, the members
 * that go on get what a partner would say that knows nothing of us. */
static void
attach(struct lacp *lacp, const struct dp_packet *packet)
{
    const struct lacp_member *m;

    LIST_FOR_EACH (m, node, &members) {
        if (m->lacp == lacp && !m->packet) {
            receive(lacp, m->id, packet);
            lacp_member_carrier_changed(lacp, m->id, m->carrier);
        }
    }
    lacp_run(lacp, send_nothing);
    LIST_FOR_EACH (m, node, &members) {
        if (m->lacp == lacp && m->packet) {
            receive(lacp, m->id, m->packet);
        }
    }
}

/* Returns what came in last at device 'name', which the caller must free, or
 * null if it does not count any more. */
static struct dp_packet *
packet_of(const char *name)
    OVS_EXCLUDED(mutex)
{
    struct dp_packet *packet = NULL;
    const struct record *record;

    ovs_mutex_lock(&mutex);
    record = shash_find_data(&records, name);
    if (record && time_msec() < record->until) {
        eth_from_hex(record->frame, &packet);
    }
    ovs_mutex_unlock(&mutex);

    if (packet && dp_packet_size(packet) < ETH_HEADER_LEN + PDU_LEN) {
        dp_packet_delete(packet);
        return NULL;
    }
    return packet;
}

void
sriov_lacp_resume(struct lacp *lacp, const void *member,
                  const struct netdev *netdev)
{
    const char *name = netdev_get_name(netdev);
    struct lacp_member *m;

    if (!lacp || !resuming) {
        return;
    }
    m = xmalloc(sizeof *m);
    m->lacp = lacp;
    m->id = member;
    m->carrier = netdev_get_carrier(netdev);
    m->packet = m->carrier ? packet_of(name) : NULL;
    ovs_list_push_back(&members, &m->node);

    if (m->packet) {
        uint8_t *pdu = (uint8_t *) dp_packet_data(m->packet) + ETH_HEADER_LEN;

        VLOG_INFO("%s: LACP goes on with the partner of before", name);
        dp_packet_set_l3(m->packet, pdu);
        receive(lacp, member, m->packet);
        pdu[PDU_PARTNER_STATE] = 0;
        attach(lacp, m->packet);
    }
}

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


/* Lists datapath flows. */

#include <config.h>
#include "datapath/flows.h"

#include <inttypes.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"
#include "datapath/datapaths.h"
#include "datapath/policy.h"
#include "dpif.h"
#include "netlink.h"
#include "odp-netlink.h"
#include "odp-util.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/ofpbuf.h"
#include "util.h"

/* A port of the datapath that is listed. */
struct port {
    struct hmap_node node;      /* By 'port_no'. */
    odp_port_t port_no;
    char *name;
    enum sriov_offload offload;
};

struct list {
    const char *only;           /* Only flows that come in here, or NULL. */
    bool is_port;               /* A datapath has a port of that name. */
    struct sriov_flow *flows;
    size_t n, allocated;

    /* Of one datapath. */
    struct hmap ports;          /* struct port. */
    struct hmap names;          /* struct odp_portno_names. */
};

static void
read_ports(struct dpif *dpif, struct list *list)
{
    struct dpif_port_dump dump;
    struct dpif_port dpif_port;

    hmap_init(&list->ports);
    hmap_init(&list->names);
    DPIF_PORT_FOR_EACH (&dpif_port, &dump, dpif) {
        struct port *port = xmalloc(sizeof *port);

        port->port_no = dpif_port.port_no;
        port->name = xstrdup(dpif_port.name);
        list->is_port |= list->only && !strcmp(port->name, list->only);
        port->offload = sriov_policy_get_device(
            if_nametoindex(dpif_port.name));
        hmap_insert(&list->ports, &port->node, hash_odp_port(port->port_no));
        odp_portno_names_set(&list->names, port->port_no, port->name);
    }
}

static void
free_ports(struct list *list)
{
    struct port *port;

    HMAP_FOR_EACH_POP (port, node, &list->ports) {
        free(port->name);
        free(port);
    }
    hmap_destroy(&list->ports);
    odp_portno_names_destroy(&list->names);
    hmap_destroy(&list->names);
}

static const struct port *
find_port(const struct list *list, odp_port_t port_no)
{
    const struct port *port;

    HMAP_FOR_EACH_IN_BUCKET (port, node, hash_odp_port(port_no),
                             &list->ports) {
        if (port->port_no == port_no) {
            return port;
        }
    }
    return NULL;
}

static void
read_actions(const struct list *list, const struct nlattr *actions,
             size_t actions_len, struct sriov_policy_flow *flow)
{
    const struct nlattr *a;
    size_t left;

    NL_ATTR_FOR_EACH (a, left, actions, actions_len) {
        enum ovs_action_attr type = nl_attr_type(a);

        if (type == OVS_ACTION_ATTR_OUTPUT) {
            const struct port *port = find_port(list, nl_attr_get_odp_port(a));

            flow->outs |= 1u << (port ? port->offload : SRIOV_OFFLOAD_OTHERS);
        } else if (type == OVS_ACTION_ATTR_CLONE) {
            read_actions(list, nl_attr_get(a), nl_attr_get_size(a), flow);
        } else if (type == OVS_ACTION_ATTR_CT) {
            flow->conntrack = true;
        } else if (type == OVS_ACTION_ATTR_METER) {
            flow->meter = true;
        } else if (type == OVS_ACTION_ATTR_SET
                   && nl_attr_type(nl_attr_get(a)) == OVS_KEY_ATTR_TUNNEL) {
            flow->into_tunnel = true;
        } else if (type == OVS_ACTION_ATTR_RECIRC) {
            flow->recirculation = true;
        }
    }
}

/* Returns true if 'mask' has a bit of the connection-tracking fields. */
static bool
masks_connection(const struct dpif_flow *flow)
{
    const struct nlattr *a;
    size_t left;

    NL_ATTR_FOR_EACH (a, left, flow->mask, flow->mask_len) {
        enum ovs_key_attr type = nl_attr_type(a);

        if ((type == OVS_KEY_ATTR_CT_STATE || type == OVS_KEY_ATTR_CT_ZONE
             || type == OVS_KEY_ATTR_CT_MARK || type == OVS_KEY_ATTR_CT_LABELS)
            && !is_all_zeros(nl_attr_get(a), nl_attr_get_size(a))) {
            return true;
        }
    }
    return false;
}

/* Adds 'dpif_flow', which comes in at 'in'. */
static void
add_flow(struct list *list, const struct dpif_flow *dpif_flow,
         const struct port *in)
{
    const struct nlattr *recirc_id = nl_attr_find__(
        dpif_flow->key, dpif_flow->key_len, OVS_KEY_ATTR_RECIRC_ID);
    struct sriov_policy_flow facts = {
        .in = in->offload,
        .conntrack = masks_connection(dpif_flow),
        .recirculation = recirc_id && nl_attr_get_u32(recirc_id),
    };
    struct ds text = DS_EMPTY_INITIALIZER;
    struct sriov_flow *flow;

    read_actions(list, dpif_flow->actions, dpif_flow->actions_len, &facts);
    sriov_compat_flow_format(dpif_flow, &list->names, &text);
    ds_put_cstr(&text, ", actions:");
    format_odp_actions(&text, dpif_flow->actions, dpif_flow->actions_len,
                       &list->names);

    if (list->n >= list->allocated) {
        list->flows = x2nrealloc(list->flows, &list->allocated,
                                 sizeof *list->flows);
    }
    flow = &list->flows[list->n++];
    flow->in_port = xstrdup(in->name);
    flow->in_hw = sriov_datapaths_in_hw(dpif_flow);
    flow->packets = dpif_flow->stats.n_packets;
    flow->policy = sriov_policy_decide(&facts, &flow->why);
    flow->text = ds_steal_cstr(&text);
}

static void
list_cb(struct dpif *dpif, void *list_)
{
    struct list *list = list_;
    struct dpif_flow_dump *dump = dpif_flow_dump_create(dpif, false, NULL);
    struct dpif_flow_dump_thread *thread = dpif_flow_dump_thread_create(dump);
    struct dpif_flow flow;

    read_ports(dpif, list);
    while (dpif_flow_dump_next(thread, &flow, 1)) {
        const struct nlattr *in_port = nl_attr_find__(flow.key, flow.key_len,
                                                      OVS_KEY_ATTR_IN_PORT);
        const struct port *in = in_port ? find_port(
            list, nl_attr_get_odp_port(in_port)) : NULL;

        if (in && (!list->only || !strcmp(in->name, list->only))) {
            add_flow(list, &flow, in);
        }
    }
    dpif_flow_dump_thread_destroy(thread);
    dpif_flow_dump_destroy(dump);
    dpif_close(dpif);
    free_ports(list);
}

static int
compare_flows(const void *a_, const void *b_)
{
    const struct sriov_flow *a = a_;
    const struct sriov_flow *b = b_;
    int order = strcmp(a->in_port, b->in_port);

    return order ? order : strcmp(a->text, b->text);
}

bool
sriov_flows_list(const char *in_port, struct sriov_flow **flows, size_t *n)
{
    struct list list = { .only = in_port };

    sriov_datapaths_open(list_cb, &list);
    if (list.n) {
        qsort(list.flows, list.n, sizeof *list.flows, compare_flows);
    }
    *flows = list.flows;
    *n = list.n;
    return !in_port || list.is_port;
}

void
sriov_flows_free(struct sriov_flow *flows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(flows[i].in_port);
        free(flows[i].text);
    }
    free(flows);
}

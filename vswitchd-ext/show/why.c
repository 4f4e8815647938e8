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


/* See why.h for where this stands. */

#include <config.h>
#include "show/why.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"
#include "datapath/attempts.h"
#include "datapath/survey.h"
#include "inventory/model.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "rules/view.h"
#include "show/show.h"
#include "smap.h"
#include "sset.h"
#include "timeval.h"
#include "util.h"

/* Names. */

static bool
is_named(const char *name, const char *s)
{
    return s && !strcasecmp(name, s);
}

static void
add_ifaces(const struct sriov_view_port *port, struct sset *ports)
{
    for (size_t i = 0; i < port->n_ifaces; i++) {
        sset_add(ports, port->ifaces[i]->name);
    }
}

/* Adds the port of the datapath that 'link' has, which may be that of its
 * bond. */
static void
add_link(const struct sriov_show *show, const struct sriov_link *link,
         struct sset *ports)
{
    const struct sriov_link *bond = sriov_link_bond(show->model, link);

    sset_add(ports, link->name);
    if (bond) {
        sset_add(ports, bond->name);
    }
}

bool
sriov_why_find_ports(const struct sriov_show *show, const char *name,
                     struct sset *ports)
{
    const struct sriov_view *view = show->view;
    const struct sriov_view_port *port
        = shash_find_data(&view->port_names, name);

    for (size_t i = 0; i < view->n_bridges; i++) {
        const struct sriov_view_bridge *br = view->bridges[i];

        for (size_t j = 0; j < br->n_ports && !strcmp(br->name, name); j++) {
            add_ifaces(br->ports[j], ports);
        }
    }
    if (port && sset_is_empty(ports)) {
        add_ifaces(port, ports);
    }
    if (shash_find(&view->ifaces, name)) {
        sset_add(ports, name);
    }
    for (size_t i = 0; i < show->model->n_ports; i++) {
        const struct sriov_port *p = show->model->ports[i];

        if (p->link && (is_named(name, p->label) || is_named(name, p->vf_pci)
                        || is_named(name, p->link->name)
                        || (sriov_port_is_uplink(p)
                            && is_named(name, p->dev->name)))) {
            add_link(show, p->link, ports);
        }
    }
    return !sset_is_empty(ports);
}

void
sriov_why_find_settings(const struct sriov_show *show,
                        struct smap *priorities, struct smap *vms)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &show->view->ifaces) {
        const struct sriov_view_iface *iface = node->data;

        if (iface->offload_priority) {
            smap_add(priorities, iface->name, iface->offload_priority);
        }
        if (iface->vm_id) {
            smap_add(vms, iface->name, iface->vm_id);
        }
    }
}

/* JSON. */

static void
put_int(struct json *json, const char *key, long long int value)
{
    json_object_put(json, key, json_integer_create(value));
}

static void
put_count(struct json *json, const struct sriov_survey_count *count)
{
    put_int(json, "flows", count->flows);
    put_int(json, "packets", count->packets);
    put_int(json, "bytes", count->bytes);
}

static struct json *
count_to_json(const struct sriov_survey_count *count)
{
    struct json *json = json_object_create();

    put_count(json, count);
    return json;
}

static struct json *
group_to_json(const struct sriov_survey_group *group)
{
    struct json *json = json_object_create();

    json_object_put_string(json, "id", group->reason.id);
    json_object_put_string(json, "reason", group->reason.text);
    json_object_put_string(json, "help", group->reason.help);
    put_count(json, &group->count);
    if (group->times) {
        put_int(json, "tried", group->times);
        put_int(json, "tried_ago", (time_msec() - group->last) / 1000);
    }
    if (group->said) {
        json_object_put_string(json, "said", group->said);
        json_object_put_string(json, "said_by", (group->by_kernel ? "kernel"
                                                 : "ovs"));
    }
    json_object_put_string(json, "example", group->example);
    return json;
}

/* The reason with the most packets first, then that with the most flows. */
static int
compare_groups(const void *a_, const void *b_)
{
    const struct shash_node *const *ap = a_, *const *bp = b_;
    const struct sriov_survey_group *a = (*ap)->data, *b = (*bp)->data;

    if (a->count.packets != b->count.packets) {
        return a->count.packets < b->count.packets ? 1 : -1;
    }
    if (a->count.flows != b->count.flows) {
        return a->count.flows < b->count.flows ? 1 : -1;
    }
    return strcmp((*ap)->name, (*bp)->name);
}

/* 'vm' may be NULL. */
static struct json *
port_to_json(const char *name, const char *vm,
             const struct sriov_survey_port *port)
{
    const struct shash_node **nodes = shash_sort(&port->groups);
    struct json *reasons = json_array_create_empty();
    struct json *json = json_object_create();
    size_t n = shash_count(&port->groups);

    if (n > 1) {
        qsort(nodes, n, sizeof *nodes, compare_groups);
    }
    for (size_t i = 0; i < n; i++) {
        json_array_add(reasons, group_to_json(nodes[i]->data));
    }
    free(nodes);
    json_object_put_string(json, "port", name);
    if (vm) {
        json_object_put_string(json, "vm_id", vm);
    }
    json_object_put(json, "offloads", json_boolean_create(port->offloads));
    json_object_put(json, "hardware", count_to_json(&port->hw));
    json_object_put(json, "software", count_to_json(&port->sw));
    json_object_put(json, "reasons", reasons);
    return json;
}

static bool
has_flows(const struct sriov_survey_port *port)
{
    return port->hw.flows || port->sw.flows;
}

bool
sriov_why_has_flows(const struct sriov_why *why)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, why->ports) {
        if (has_flows(node->data)) {
            return true;
        }
    }
    return false;
}

static void
add_count(struct sriov_survey_count *sum, const struct sriov_survey_count *c)
{
    sum->flows += c->flows;
    sum->packets += c->packets;
    sum->bytes += c->bytes;
}

struct json *
sriov_why_json(const struct sriov_why *why)
{
    struct sriov_survey_count hw = { .flows = 0 };
    struct sriov_survey_count sw = { .flows = 0 };
    struct sriov_survey_count others = { .flows = 0 };
    const struct shash_node **nodes = shash_sort(why->ports);
    struct json *ports = json_array_create_empty();
    struct json *json = json_object_create();
    size_t n, n_refused, n_texts;

    for (size_t i = 0; i < shash_count(why->ports); i++) {
        const struct sriov_survey_port *port = nodes[i]->data;

        if (!has_flows(port)) {
            continue;
        }
        if (port->offloads || why->named || why->all) {
            add_count(&hw, &port->hw);
            add_count(&sw, &port->sw);
            json_array_add(ports, port_to_json(nodes[i]->name,
                                               smap_get(why->vms,
                                                        nodes[i]->name),
                                               port));
        } else {
            add_count(&others, &port->hw);
            add_count(&others, &port->sw);
        }
    }
    free(nodes);
    sriov_attempts_count(&n, &n_refused, &n_texts);
    json_object_put(json, "hardware", count_to_json(&hw));
    json_object_put(json, "software", count_to_json(&sw));
    json_object_put(json, "others", count_to_json(&others));
    json_object_put(json, "ports", ports);
    put_int(json, "records", n);
    put_int(json, "records_refused", n_refused);
    put_int(json, "records_texts", n_texts);
    return json;
}

/* Text. */

static const struct json *
get(const struct json *json, const char *key)
{
    return shash_find_data(json_object(json), key);
}

static long long int
get_int(const struct json *json, const char *key)
{
    return json_integer(get(json, key));
}

static void
put_number(struct ds *s, long long int n, const char *what)
{
    ds_put_format(s, "%lld %s%s", n, what, n == 1 ? "" : "s");
}

/* Appends what comes in, of which 'json' has objects "hardware" and
 * "software". */
static void
format_counts(const struct json *json, struct ds *s)
{
    const struct json *hw = get(json, "hardware");
    const struct json *sw = get(json, "software");

    put_number(s, get_int(hw, "flows"), "flow");
    ds_put_cstr(s, " in hardware with ");
    put_number(s, get_int(hw, "packets"), "packet");
    ds_put_format(s, ", %lld in software with %lld\n", get_int(sw, "flows"),
                  get_int(sw, "packets"));
}

static void
format_reason(const struct json *json, struct ds *s)
{
    const char *reason = json_string(get(json, "reason"));
    const struct json *said = get(json, "said");

    ds_put_cstr(s, "  ");
    put_number(s, get_int(json, "flows"), "flow");
    ds_put_cstr(s, ", ");
    put_number(s, get_int(json, "packets"), "packet");
    ds_put_format(s, ": %s\n", reason);
    if (said && !strstr(reason, json_string(said))) {
        bool by_ovs = !strcmp(json_string(get(json, "said_by")), "ovs");

        ds_put_format(s, "    said by %s: %s\n",
                      by_ovs ? "Open vSwitch" : "the kernel",
                      json_string(said));
    }
    ds_put_format(s, "    what helps: %s\n", json_string(get(json, "help")));
    if (get(json, "tried")) {
        ds_put_cstr(s, "    tried ");
        put_number(s, get_int(json, "tried"), "time");
        ds_put_format(s, ", last %lld s ago\n", get_int(json, "tried_ago"));
    }
    ds_put_format(s, "    such as: %s\n", json_string(get(json, "example")));
}

void
sriov_why_format(const struct json *json, struct ds *s)
{
    const struct json *ports = get(json, "ports");
    const struct json *others = get(json, "others");

    if (!sriov_compat_array_size(ports)) {
        ds_put_cstr(s, "no flows come in at a port that a NIC offloads for\n");
    } else if (sriov_compat_array_size(ports) > 1) {
        format_counts(json, s);
        ds_put_char(s, '\n');
    }
    for (size_t i = 0; i < sriov_compat_array_size(ports); i++) {
        const struct json *port = sriov_compat_array_at(ports, i);
        const struct json *reasons = get(port, "reasons");

        ds_put_cstr(s, json_string(get(port, "port")));
        if (get(port, "vm_id")) {
            ds_put_format(s, " (VM %s)", json_string(get(port, "vm_id")));
        }
        ds_put_cstr(s, ": ");
        format_counts(port, s);
        for (size_t j = 0; j < sriov_compat_array_size(reasons); j++) {
            format_reason(sriov_compat_array_at(reasons, j), s);
        }
    }
    if (get_int(others, "flows")) {
        ds_put_cstr(s, "others, which no NIC offloads for: ");
        put_number(s, get_int(others, "flows"), "flow");
        ds_put_cstr(s, " with ");
        put_number(s, get_int(others, "packets"), "packet");
        ds_put_cstr(s, " (--all lists them)\n");
    }
}

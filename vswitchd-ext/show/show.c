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


/* See show.h for where this stands.
 *
 * Both outputs come from one walk: the text is made of the JSON, so that they
 * cannot disagree. */

#include <config.h>
#include "show/show.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "packets.h"
#include "rules/bond.h"
#include "compat.h"
#include "datapath/attempts.h"
#include "datapath/survey.h"
#include "inventory/counters.h"
#include "rules/defaults.h"
#include "rules/dpdk.h"
#include "rules/history.h"
#include "rules/view.h"
#include "show/grid.h"
#include "rules/plan.h"
#include "inventory/model.h"
#include "sset.h"
#include "util.h"

/* JSON. */

static void
put_string(struct json *json, const char *key, const char *value)
{
    if (value) {
        json_object_put_string(json, key, value);
    }
}

static void
put_bool(struct json *json, const char *key, bool value)
{
    json_object_put(json, key, json_boolean_create(value));
}

static void
put_int(struct json *json, const char *key, long long int value)
{
    json_object_put(json, key, json_integer_create(value));
}

static void
put_mac(struct json *json, const char *key, const struct eth_addr mac)
{
    json_object_put_format(json, key, ETH_ADDR_FMT, ETH_ADDR_ARGS(mac));
}

static const char *
link_state(const struct sriov_link *link)
{
    return !link->up ? "down" : link->carrier ? "up" : "no-carrier";
}

/* Puts what is known about 'iface', which stands for 'link' or is a port under
 * another name, into 'json'. */
static void
put_iface(struct json *json, const struct sriov_view_iface *iface,
          const struct sriov_link *link)
{
    put_string(json, "bridge", iface->port->bridge->name);
    if (!link || strcmp(iface->name, link->name)) {
        put_string(json, "interface", iface->name);
    }
    if (sriov_dpdk_is_port(iface)) {
        put_string(json, "dpdk_devargs", iface->dpdk_devargs);
    }
    if (iface->has_ofport) {
        put_int(json, "ofport", iface->ofport);
    }
    put_string(json, "error", iface->error);
    put_string(json, "vm_id", iface->vm_id);
    if (iface->offload_priority) {
        const char *provider;

        if (sriov_compat_offload_provider(iface->name, &provider)) {
            put_string(json, "hw_offload_priority", iface->offload_priority);
            put_string(json, "hw_offload_provider", provider);
        }
    }
}

/* Puts where the limit is that the Interface of 'port' has, if that is
 * known. */
static void
put_policer(struct json *json, const struct sriov_show *show,
            const struct sriov_port *port)
{
    const struct sriov_track *track = sriov_history_find(show->history,
                                                         port->key);

    if (track && (track->policer == SRIOV_POLICER_HW
                  || track->policer == SRIOV_POLICER_SW)) {
        put_bool(json, "policing_in_hardware",
                 track->policer == SRIOV_POLICER_HW);
    }
}

/* Returns the flows that come in at 'link', or at 'iface' if that is what the
 * datapath calls it, or NULL.  Either may be NULL. */
static const struct sriov_survey_port *
find_flows(const struct sriov_show *show, const struct sriov_link *link,
           const struct sriov_view_iface *iface)
{
    const struct shash *ports = sriov_survey_ports(show->survey);
    const struct sriov_survey_port *port
        = link ? shash_find_data(ports, link->name) : NULL;

    return port || !iface ? port : shash_find_data(ports, iface->name);
}

/* Puts how many flows come in at 'link', or at 'iface' if that is what the
 * datapath calls it: a bond, or an interface of type dpdk.  Either may be
 * NULL. */
static void
put_flows(struct json *json, const struct sriov_show *show,
          const struct sriov_link *link, const struct sriov_view_iface *iface)
{
    const struct sriov_survey_port *port;

    if (!show->flows || !show->survey) {
        return;
    }
    port = find_flows(show, link, iface);
    put_int(json, "flows_in_hardware", port ? port->hw.flows : 0);
    put_int(json, "flows_in_software", port ? port->sw.flows : 0);
}

static void
put_traffic(struct json *json, const char *key,
            const struct sriov_traffic *total, const struct sriov_traffic *sw)
{
    struct json *object = json_object_create();

    put_int(object, "packets", total->packets);
    put_int(object, "bytes", total->bytes);
    if (sw) {
        put_int(object, "packets_in_software",
                MIN(sw->packets, total->packets));
        put_int(object, "bytes_in_software", MIN(sw->bytes, total->bytes));
    }
    json_object_put(json, key, object);
}

/* Stores in '*c' what has passed through the representor of 'd', which is
 * there, since it was made or, for a DPDK port, since Open vSwitch has it.
 * Returns false if that is not known. */
static bool
get_counters(const struct sriov_show *show, const struct sriov_decision *d,
             struct sriov_counters *c)
{
    const struct sriov_port *port = d->port;
    const struct sriov_counters *kernel
        = (show->survey
           ? sriov_survey_counters(show->survey, port->link->ifindex) : NULL);

    if (kernel && d->iface && sriov_dpdk_is_port(d->iface)) {
        const struct sriov_track *track = sriov_history_find(show->history,
                                                             port->key);

        sriov_tally_apply(track ? &track->tally : NULL, kernel, c);
    } else if (kernel) {
        *c = *kernel;
    }
    return kernel != NULL;
}

/* Puts what get_counters() has for 'd'. */
static void
put_counters(struct json *json, const struct sriov_show *show,
             const struct sriov_decision *d)
{
    bool dpdk = d->iface && sriov_dpdk_is_port(d->iface);
    struct sriov_counters c;

    if (get_counters(show, d, &c)) {
        put_traffic(json, "from_function", &c.rx, c.has_sw ? &c.sw_rx : NULL);
        put_traffic(json, "to_function", &c.tx, c.has_sw ? &c.sw_tx : NULL);
        put_int(json, "dropped", c.dropped);
        if (c.has_sw && !dpdk) {
            put_int(json, "dropped_in_software", c.sw_dropped);
        }
    }
}

static void
put_ovs_bond(struct json *json, const struct sriov_show *show,
             const struct sriov_view_port *port)
{
    struct sriov_bond_iface *members
        = xmalloc(port->n_ifaces * sizeof *members);
    enum bond_offload offload;
    const char *why;

    for (size_t i = 0; i < port->n_ifaces; i++) {
        const struct sriov_view_iface *iface = port->ifaces[i];

        members[i].name = iface->name;
        members[i].devargs = (sriov_dpdk_is_port(iface) ? iface->dpdk_devargs
                              : NULL);
    }
    offload = sriov_bond_offload(port->bond_offload, members, port->n_ifaces,
                                 show->model, show->defaults->acting, &why);
    free(members);

    put_string(json, "bond", port->name);
    put_string(json, "bond_kind", "ovs");
    put_string(json, "bond_offload", sriov_bond_offload_name(offload));
    put_string(json, "bond_offload_why", why);
}

/* Returns true if 'bond' has uplinks of more than one PF as its members, which
 * do not forward to each other's VFs. */
static bool
is_split(const struct sriov_show *show, const struct sriov_view_port *bond)
{
    const struct sriov_dev *first = NULL;
    bool several = false;

    for (size_t i = 0; i < show->model->n_ports; i++) {
        const struct sriov_port *port = show->model->ports[i];
        const struct sriov_view_iface *iface
            = (sriov_port_is_uplink(port)
               && port->dev->mode == SRIOV_MODE_SWITCHDEV
               ? sriov_uplink_iface(show->view, show->model, port) : NULL);

        if (iface && iface->port == bond && !port->dev->multiport) {
            several = several || (first && first != port->dev);
            first = port->dev;
        }
    }
    return several;
}

/* Puts into 'json' what of the wire's frames is in software at the uplink
 * 'link', the member 'iface' of a bond. */
static void
put_bond_inbound(struct json *json, const struct sriov_show *show,
                 const struct sriov_view_iface *iface,
                 const struct sriov_link *link)
{
    if (!is_split(show, iface->port)) {
        return;
    }
    put_string(json, "bond_inbound",
               "what comes in here for VFs of another PF is in software; "
               "multiport, or a Linux bond (VF-LAG), has it in hardware");
    if (show->flows && show->survey) {
        const struct sriov_survey_port *flows = find_flows(show, link, iface);

        put_int(json, "bond_inbound_packets", flows ? flows->sw.packets : 0);
    }
}

static struct json *
uplink_to_json(const struct sriov_show *show, const struct sriov_port *port)
{
    const struct sriov_link *link = port->link;
    const struct sriov_view_iface *iface = sriov_uplink_iface(show->view,
                                                            show->model, port);
    struct json *json = json_object_create();

    put_string(json, "port", port->label);
    if (link) {
        const struct sriov_link *bond = sriov_link_bond(show->model, link);

        put_string(json, "netdev", link->name);
        put_string(json, "state", link_state(link));
        put_int(json, "mtu", link->mtu);
        put_mac(json, "mac", link->mac);
        if (link->has_hw_tc) {
            put_bool(json, "hw_tc_offload", link->hw_tc);
        }
        if (bond) {
            put_string(json, "bond", bond->name);
            put_string(json, "bond_kind", "linux");
        } else if (iface && iface->port->n_ifaces > 1) {
            put_ovs_bond(json, show, iface->port);
            put_bond_inbound(json, show, iface, link);
        }
    }
    put_policer(json, show, port);
    put_flows(json, show, link, iface);
    if (show->view_known) {
        put_bool(json, "in_bridge", iface != NULL);
    }
    if (iface) {
        put_iface(json, iface, link);
    }
    return json;
}

static const char *
flavour_name(enum sriov_flavour flavour)
{
    switch (flavour) {
    case SRIOV_UPLINK: return "physical";
    case SRIOV_PF: return "pcipf";
    case SRIOV_VF: return "pcivf";
    case SRIOV_SF: return "pcisf";
    case SRIOV_OTHER: default: return "other";
    }
}

static struct json *
representor_to_json(const struct sriov_show *show,
                    const struct sriov_decision *d)
{
    const struct sriov_port *port = d->port;
    struct json *json = json_object_create();
    struct ds why = DS_EMPTY_INITIALIZER;

    put_string(json, "port", port->label);
    put_string(json, "flavour", flavour_name(port->flavour));
    put_int(json, "pf", port->pf);
    if (port->flavour == SRIOV_VF) {
        put_int(json, "vf", port->number);
    } else if (port->flavour == SRIOV_SF) {
        put_int(json, "sf", port->number);
    }
    if (port->external) {
        put_int(json, "controller", port->controller);
    }
    put_string(json, "pci_address", port->vf_pci);
    if (port->has_mac) {
        put_mac(json, "mac", port->mac);
    }
    if (port->link) {
        put_string(json, "netdev", port->link->name);
        put_string(json, "state", link_state(port->link));
        put_int(json, "mtu", port->link->mtu);
        put_counters(json, show, d);
    }
    put_policer(json, show, port);
    put_flows(json, show, port->link, d->iface);
    if (d->iface) {
        put_iface(json, d->iface, port->link);
    }
    put_bool(json, "ours", d->reason == SRIOV_ADDED);
    sriov_reason_format(d, &why);
    put_string(json, "status", ds_cstr(&why));
    ds_destroy(&why);
    return json;
}

/* Returns our ports whose representor is absent, by the key of their device,
 * as an array. */
static struct json *
absent_to_json(const struct sriov_show *show)
{
    struct json *array = json_array_create_empty();
    const struct shash_node **nodes = shash_sort(&show->view->ports);
    struct sset present = SSET_INITIALIZER(&present);

    for (size_t i = 0; i < show->plan->n_decisions; i++) {
        const struct sriov_decision *d = &show->plan->decisions[i];

        if (d->port->link) {
            sset_add(&present, d->port->key);
        }
    }
    for (size_t i = 0; i < shash_count(&show->view->ports); i++) {
        const struct sriov_view_port *port = nodes[i]->data;

        if (!sset_contains(&present, nodes[i]->name)) {
            struct json *json = json_object_create();

            put_string(json, "for", nodes[i]->name);
            put_string(json, "netdev", port->name);
            put_string(json, "bridge", port->bridge->name);
            put_string(json, "status", port->pristine
                       ? "absent, will be removed"
                       : "absent, kept because it was changed");
            json_array_add(array, json);
        }
    }
    sset_destroy(&present);
    free(nodes);
    return array;
}

/* Returns the switch id of the ports of 'dev', or NULL if none is known. */
static const char *
dev_switch_id(const struct sriov_model *model, const struct sriov_dev *dev)
{
    for (size_t i = 0; i < model->n_ports; i++) {
        const struct sriov_port *port = model->ports[i];

        if (port->dev == dev && port->link && port->link->switch_id) {
            return port->link->switch_id;
        }
    }
    return NULL;
}

static bool
is_named(const char *name, const char *s)
{
    return s && !strcasecmp(name, s);
}

/* Returns true if the whole device is to be shown: its own name, the one of
 * its eswitch, of an uplink, or of the uplink's bond or bridge was given. */
static bool
dev_matches(const struct sriov_show *show, const struct sriov_dev *dev,
            const struct json *uplinks)
{
    if (!show->name || is_named(show->name, dev->name)
        || is_named(show->name, dev_switch_id(show->model, dev))) {
        return true;
    }
    for (size_t i = 0; i < sriov_compat_array_size(uplinks); i++) {
        static const char *const keys[] = { "netdev", "interface", "bond",
                                            "bridge" };
        const struct shash *uplink
            = json_object(sriov_compat_array_at(uplinks, i));

        for (size_t j = 0; j < ARRAY_SIZE(keys); j++) {
            const struct json *value = shash_find_data(uplink, keys[j]);

            if (value && is_named(show->name, json_string(value))) {
                return true;
            }
        }
    }
    return false;
}

static bool
representor_matches(const struct sriov_show *show,
                    const struct sriov_decision *d)
{
    const struct sriov_port *port = d->port;

    return (is_named(show->name, port->label)
            || is_named(show->name, port->vf_pci)
            || (port->link && is_named(show->name, port->link->name))
            || (d->iface
                && (is_named(show->name, d->iface->name)
                    || is_named(show->name, d->iface->port->bridge->name))));
}

/* The table of representors, for people. */

/* Returns 'hw' of 'total' in percent, rounded so that 100 and 0 are true,
 * which the caller must free. */
static char *
format_share(uint64_t hw, uint64_t total)
{
    double percent = 100.0 * hw / total;

    if (hw && hw < total) {
        percent = MIN(MAX(percent, 0.1), 99.9);
    }
    return xasprintf(hw == total ? "100" : hw ? "%.1f" : "0", percent);
}

static const struct json *
get(const struct json *json, const char *key)
{
    return shash_find_data(json_object(json), key);
}

/* Returns the string 'key' of 'json', or 'def'. */
static const char *
get_string(const struct json *json, const char *key, const char *def)
{
    const struct json *value = get(json, key);

    return value ? json_string(value) : def;
}

/* Puts the number 'key' of 'json', or an empty cell. */
static void
put_int_cell(struct sriov_grid *grid, const struct json *json, const char *key)
{
    const struct json *value = get(json, key);

    sriov_grid_put_nocopy(grid, value
                          ? xasprintf("%"PRId64, json_integer(value))
                          : xstrdup(""));
}

/* Puts the share of a representor's packets that the hardware forwarded, or
 * an empty cell. */
static void
put_share_cell(struct sriov_grid *grid, const struct json *json)
{
    static const char *const keys[] = { "from_function", "to_function" };
    long long int total = 0, sw = 0;
    bool known = false;

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        const struct json *traffic = get(json, keys[i]);

        if (traffic && get(traffic, "packets_in_software")) {
            known = true;
            total += json_integer(get(traffic, "packets"));
            sw += json_integer(get(traffic, "packets_in_software"));
        }
    }
    if (known && total) {
        char *share = format_share(total - sw, total);

        sriov_grid_put_nocopy(grid, xasprintf("%s%%", share));
        free(share);
    } else {
        sriov_grid_put(grid, "");
    }
}

/* Appends to 's' what is out of the ordinary about an interface, each after
 * 'separator'. */
static void
print_iface_notes(const struct json *json, const char *separator, struct ds *s)
{
    const char *priority = get_string(json, "hw_offload_priority", NULL);
    const char *provider = get_string(json, "hw_offload_provider", NULL);
    const char *error = get_string(json, "error", NULL);
    const struct json *policing = get(json, "policing_in_hardware");

    if (policing && !json_boolean(policing)) {
        ds_put_format(s, "%s%s", separator, SRIOV_POLICER_SW_TEXT);
    }
    if (priority) {
        ds_put_format(s, "%shw-offload-priority %s: %s%s", separator, priority,
                      provider ? "offloaded by " : "not offloaded",
                      provider ? provider : "");
    }
    if (error) {
        ds_put_format(s, "%serror: %s", separator, error);
        if (get_string(json, "dpdk_devargs", NULL)) {
            /* netdev-dpdk.c tells nobody but the log. */
            ds_put_cstr(s, " (why: netdev_dpdk and dpdk in the log)");
        }
    }
}

static void
put_headings(struct sriov_grid *grid)
{
    static const char *const headings[] = {
        "PORT", "PCI ADDRESS", "MAC", "REPRESENTOR", "STATE", "BRIDGE",
        "OFPORT", "HW", "SW", "IN HW", "STATUS",
    };

    *grid = (struct sriov_grid) SRIOV_GRID_INITIALIZER(ARRAY_SIZE(headings));
    for (size_t i = 0; i < ARRAY_SIZE(headings); i++) {
        sriov_grid_put(grid, headings[i]);
    }
}

/* Puts the representor 'json' as a row. */
static void
put_row(struct sriov_grid *grid, const struct json *json)
{
    struct ds status = DS_EMPTY_INITIALIZER;

    sriov_grid_put(grid, get_string(json, "port", ""));
    sriov_grid_put(grid, get_string(json, "pci_address", ""));
    sriov_grid_put(grid, get_string(json, "mac", ""));
    sriov_grid_put(grid, get_string(json, "netdev", ""));
    sriov_grid_put(grid, get_string(json, "state", ""));
    sriov_grid_put(grid, get_string(json, "bridge", ""));
    put_int_cell(grid, json, "ofport");
    put_int_cell(grid, json, "flows_in_hardware");
    put_int_cell(grid, json, "flows_in_software");
    put_share_cell(grid, json);
    ds_put_cstr(&status, get_string(json, "status", ""));
    print_iface_notes(json, "; ", &status);
    sriov_grid_put_nocopy(grid, ds_steal_cstr(&status));
}

/* Puts the representors of 'dev' that are to be shown, which are all or those
 * that were asked for, into 'json': an array or, for 'text', their table.  For
 * that each is JSON only until it is in its row, since to have thousands at
 * once costs more than all else.  Returns how many there are. */
static size_t
put_representors(struct json *json, const struct sriov_show *show,
                 const struct sriov_dev *dev, bool all, bool text)
{
    struct json *array = json_array_create_empty();
    struct sriov_grid grid;
    size_t n = 0;

    put_headings(&grid);
    for (size_t i = 0; i < show->plan->n_decisions; i++) {
        const struct sriov_decision *d = &show->plan->decisions[i];

        if (d->port->dev == dev && (all || representor_matches(show, d))) {
            struct json *representor = representor_to_json(show, d);

            n++;
            if (text) {
                put_row(&grid, representor);
                json_destroy(representor);
            } else {
                json_array_add(array, representor);
            }
        }
    }
    if (!text) {
        json_object_put(json, "representors", array);
    } else {
        struct ds s = DS_EMPTY_INITIALIZER;

        if (n) {
            sriov_grid_print(&grid, 4, &s);
        }
        put_string(json, "table", ds_cstr(&s));
        ds_destroy(&s);
        json_destroy(array);
    }
    sriov_grid_destroy(&grid);
    return n;
}

/* Returns 'dev' with its uplinks and representors (see put_representors()), or
 * NULL if it is not to be shown. */
static struct json *
dev_to_json(const struct sriov_show *show, const struct sriov_dev *dev,
            bool text)
{
    struct json *json = json_object_create();
    struct json *uplinks = json_array_create_empty();
    char *id = sriov_dev_id(dev->bus, dev->name);

    for (size_t i = 0; i < show->model->n_ports; i++) {
        const struct sriov_port *port = show->model->ports[i];

        if (port->dev == dev && sriov_port_is_uplink(port)) {
            json_array_add(uplinks, uplink_to_json(show, port));
        }
    }

    bool all = dev_matches(show, dev, uplinks);
    size_t n = put_representors(json, show, dev, all, text);

    put_string(json, "device", id);
    put_string(json, "driver", dev->driver);
    put_string(json, "mode", sriov_mode_to_string(dev->mode));
    put_bool(json, "multiport", dev->multiport);
    put_bool(json, "devlink", !dev->from_names);
    free(id);
    json_object_put(json, "uplinks", uplinks);
    if (!all && !n) {
        json_destroy(json);
        return NULL;
    }
    return json;
}

static struct json *
setting_to_json(const struct sriov_setting *s)
{
    struct json *json = json_object_create();

    put_string(json, "value", s->value);
    put_bool(json, "explicit", s->explicit);
    put_string(json, "why", s->why);
    return json;
}

static struct json *
settings_to_json(const struct sriov_defaults *d)
{
    struct json *json = json_object_create();

    json_object_put(json, d->hw_offload.key, setting_to_json(&d->hw_offload));
    json_object_put(json, d->tc_policy.key, setting_to_json(&d->tc_policy));
    json_object_put(json, d->lacp_fallback_ab.key,
                    setting_to_json(&d->lacp_fallback_ab));
    if (d->userspace || d->userspace_offload.explicit) {
        json_object_put(json, d->userspace_offload.key,
                        setting_to_json(&d->userspace_offload));
    }
    return json;
}

/* Returns the eswitches as an array: devices with the same switch id are one.
 * A device without one, in legacy mode for instance, stands for itself. */
static struct json *
eswitches_to_json(const struct sriov_show *show, bool text)
{
    struct json *eswitches = json_array_create_empty();
    struct shash by_id = SHASH_INITIALIZER(&by_id);

    for (size_t i = 0; i < show->model->n_devs; i++) {
        const struct sriov_dev *dev = show->model->devs[i];
        const char *id = dev_switch_id(show->model, dev);
        struct json *json = (dev->mode == SRIOV_MODE_NONE
                             ? NULL : dev_to_json(show, dev, text));
        struct json *pfs = id ? shash_find_data(&by_id, id) : NULL;

        if (!json) {
            continue;
        }
        if (!pfs) {
            struct json *eswitch = json_object_create();

            pfs = json_array_create_empty();
            put_string(eswitch, "switch_id", id);
            put_string(eswitch, "driver", dev->driver);
            json_object_put(eswitch, "pfs", pfs);
            json_array_add(eswitches, eswitch);
            if (id) {
                shash_add(&by_id, id, pfs);
            }
        }
        json_array_add(pfs, json);
    }
    shash_destroy(&by_id);
    return eswitches;
}

/* The state in words. */

struct summary {
    size_t n_vfs, n_others;     /* Representors that are ports. */
    struct sset bridges;        /* Theirs. */
    struct sriov_traffic total, sw;     /* Theirs, as far as known. */
};

/* Adds to 'sum' the representor of 'd'. */
static void
summary_add(struct summary *sum, const struct sriov_show *show,
            const struct sriov_decision *d)
{
    const struct sriov_link *link = d->port->link;
    struct sriov_counters c;

    if (!link || !d->iface) {
        return;
    }
    if (d->port->flavour == SRIOV_VF) {
        sum->n_vfs++;
    } else {
        sum->n_others++;
    }
    sset_add(&sum->bridges, d->iface->port->bridge->name);
    if (get_counters(show, d, &c) && c.has_sw) {
        sum->total.packets += c.rx.packets + c.tx.packets;
        sum->sw.packets += c.sw_rx.packets + c.sw_tx.packets;
    }
}

static void
summary_format(const struct summary *sum, struct ds *s)
{
    size_t n_bridges = sset_count(&sum->bridges);
    size_t n, n_refused, n_texts;

    if (sum->n_vfs) {
        ds_put_format(s, "%"PRIuSIZE" VF%s", sum->n_vfs,
                      sum->n_vfs == 1 ? "" : "s");
    }
    if (sum->n_others) {
        ds_put_format(s, "%s%"PRIuSIZE" other function%s",
                      sum->n_vfs ? " and " : "", sum->n_others,
                      sum->n_others == 1 ? "" : "s");
    }
    if (n_bridges == 1) {
        ds_put_format(s, " on %s", SSET_FIRST(&sum->bridges));
    } else {
        ds_put_format(s, " on %"PRIuSIZE" bridges", n_bridges);
    }
    if (sum->total.packets) {
        char *share = format_share(sriov_counters_hw(sum->total.packets,
                                                     sum->sw.packets),
                                   sum->total.packets);

        ds_put_format(s, "; %s %% of their packets in hardware", share);
        free(share);
    }
    sriov_attempts_count(&n, &n_refused, &n_texts);
    if (n_refused) {
        ds_put_format(s, "; %"PRIuSIZE" flow%s refused by the NIC: sriov/why",
                      n_refused, n_refused == 1 ? "" : "s");
    }
}

/* Returns the state in words, for which the counters have to be known, or NULL
 * if there is nothing to say.  The caller must free it. */
static char *
summarize(const struct sriov_show *show)
{
    struct summary sum = { .bridges = SSET_INITIALIZER(&sum.bridges) };
    struct ds s = DS_EMPTY_INITIALIZER;

    if (show->name || !show->survey || !show->counters) {
        return NULL;
    }
    for (size_t i = 0; i < show->plan->n_decisions; i++) {
        summary_add(&sum, show, &show->plan->decisions[i]);
    }
    if (!sset_is_empty(&sum.bridges)) {
        summary_format(&sum, &s);
    }
    sset_destroy(&sum.bridges);
    return s.length ? ds_steal_cstr(&s) : NULL;
}

/* Puts into 'json' what DPDK ports for representors need, if there are any. */
static void
put_dpdk_memory(struct json *json, const struct sriov_show *show)
{
    struct sriov_dpdk_memory memory;

    if (!show->other_config || show->name) {
        return;
    }
    memory = sriov_dpdk_memory(show->plan, show->other_config,
                               sriov_compat_dpdk_max_ports());
    if (memory.n_ports) {
        struct json *dpdk = json_object_create();
        struct ds text = DS_EMPTY_INITIALIZER;

        put_int(dpdk, "representors", memory.n_ports);
        put_int(dpdk, "uplinks", memory.n_uplinks);
        if (memory.max_ports) {
            put_int(dpdk, "max_ports", memory.max_ports);
        }
        put_bool(dpdk, "per_port_memory", memory.per_port);
        put_int(dpdk, "pool_bytes", memory.each);
        put_int(dpdk, "minimum_bytes", memory.at_least);
        sriov_dpdk_memory_format(&memory, &text);
        put_string(dpdk, "text", ds_cstr(&text));
        ds_destroy(&text);
        json_object_put(json, "dpdk", dpdk);
    }
}

/* Returns the CPU time that this thread has used, in ms. */
static long long int
thread_cpu_ms(void)
{
    struct timespec ts;

    return (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts) ? 0
            : ts.tv_sec * 1000LL + ts.tv_nsec / 1000000);
}

/* Does what sriov_show_json() does or, for 'text', what sriov_show_text()
 * starts from. */
static bool
show_to_json(const struct sriov_show *show, bool text, struct json **jsonp)
{
    struct json *json = json_object_create();
    struct json *eswitches = eswitches_to_json(show, text);
    bool found = !show->name || sriov_compat_array_size(eswitches);
    char *summary = summarize(show);

    put_string(json, "summary", summary);
    free(summary);
    put_bool(json, "acting", show->defaults->acting);
    if (show->late) {
        put_int(json, "age", show->age);
    }
    if (!show->name) {
        put_int(json, "readings", show->readings);
        put_int(json, "plans", show->plans);
        put_int(json, "transactions", show->transactions);
        put_int(json, "main_thread_cpu_ms", thread_cpu_ms());
    }
    json_object_put(json, "settings", settings_to_json(show->defaults));
    put_dpdk_memory(json, show);
    json_object_put(json, "eswitches", eswitches);
    json_object_put(json, "absent", (show->name ? json_array_create_empty()
                                     : absent_to_json(show)));
    *jsonp = json;
    return found;
}

bool
sriov_show_json(const struct sriov_show *show, struct json **jsonp)
{
    return show_to_json(show, false, jsonp);
}

/* Text. */

static void
print_bond_inbound(const struct json *json, struct ds *s)
{
    const char *inbound = get_string(json, "bond_inbound", NULL);
    const struct json *packets = get(json, "bond_inbound_packets");

    if (inbound) {
        ds_put_format(s, "      inbound: %s\n", inbound);
    }
    if (packets) {
        ds_put_format(s, "      inbound in software: %"PRId64" packets, of the "
                      "flows that are there now\n", json_integer(packets));
    }
}

static void
print_uplink(const struct json *json, struct ds *s)
{
    const struct json *hw_tc = get(json, "hw_tc_offload");
    const struct json *mtu = get(json, "mtu");
    const char *bond = get_string(json, "bond", NULL);
    const char *bridge = get_string(json, "bridge", NULL);
    const char *offload = get_string(json, "bond_offload", NULL);
    const char *interface = get_string(json, "interface", NULL);
    const struct json *hw = get(json, "flows_in_hardware");

    ds_put_format(s, "    uplink %s", get_string(json, "netdev", "(none)"));
    if (mtu) {
        ds_put_format(s, ": %s, mtu %"PRId64, get_string(json, "state", ""),
                      json_integer(mtu));
    }
    if (hw_tc) {
        ds_put_format(s, ", hw-tc-offload %s",
                      json_boolean(hw_tc) ? "on" : "off");
    }
    if (bridge) {
        ds_put_format(s, ", bridge %s", bridge);
        if (get_string(json, "dpdk_devargs", NULL)) {
            ds_put_format(s, ", DPDK port%s%s", interface ? " " : "",
                          interface ? interface : "");
        }
    } else if (get(json, "in_bridge")) {
        ds_put_cstr(s, ", in no bridge");
    }
    if (hw) {
        ds_put_format(s, ", flows: %"PRId64" in hardware, "
                      "%"PRId64" in software",
                      json_integer(hw),
                      json_integer(get(json, "flows_in_software")));
    }
    print_iface_notes(json, ", ", s);
    ds_put_char(s, '\n');
    if (offload) {
        ds_put_format(s, "      OVS bond %s, bond-offload %s: %s\n", bond,
                      offload, get_string(json, "bond_offload_why", ""));
        print_bond_inbound(json, s);
    } else if (bond) {
        ds_put_format(s, "      Linux bond %s\n", bond);
    }
}

static void
print_eswitch(const struct json *eswitch, struct ds *s)
{
    const struct json *pfs = get(eswitch, "pfs");
    const char *id = get_string(eswitch, "switch_id", NULL);

    ds_put_format(s, "\neswitch %s, driver %s\n", id ? id : "without an id",
                  get_string(eswitch, "driver", "unknown"));
    for (size_t i = 0; i < sriov_compat_array_size(pfs); i++) {
        const struct json *pf = sriov_compat_array_at(pfs, i);
        const struct json *uplinks = get(pf, "uplinks");

        ds_put_format(s, "  PF %s: %s%s%s\n", get_string(pf, "device", ""),
                      get_string(pf, "mode", ""),
                      json_boolean(get(pf, "multiport")) ? ", multiport" : "",
                      json_boolean(get(pf, "devlink")) ? ""
                      : ", without devlink");
        for (size_t j = 0; j < sriov_compat_array_size(uplinks); j++) {
            print_uplink(sriov_compat_array_at(uplinks, j), s);
        }
        ds_put_cstr(s, get_string(pf, "table", ""));
    }
}

static void
print_settings(const struct json *settings, struct ds *s)
{
    const struct shash_node **nodes = shash_sort(json_object(settings));
    struct sriov_grid grid = SRIOV_GRID_INITIALIZER(3);

    sriov_grid_put(&grid, "SETTING");
    sriov_grid_put(&grid, "VALUE");
    sriov_grid_put(&grid, "WHY");
    for (size_t i = 0; i < shash_count(json_object(settings)); i++) {
        const struct json *json = nodes[i]->data;

        sriov_grid_put(&grid, nodes[i]->name);
        sriov_grid_put(&grid, get_string(json, "value", ""));
        sriov_grid_put(&grid, get_string(json, "why", ""));
    }
    sriov_grid_print(&grid, 0, s);
    sriov_grid_destroy(&grid);
    free(nodes);
}

static void
print_absent(const struct json *array, struct ds *s)
{
    for (size_t i = 0; i < sriov_compat_array_size(array); i++) {
        const struct json *json = sriov_compat_array_at(array, i);

        if (!i) {
            ds_put_cstr(s, "\nports without a representor\n");
        }
        ds_put_format(s, "  %s (%s) on %s: %s\n",
                      get_string(json, "netdev", ""),
                      get_string(json, "for", ""),
                      get_string(json, "bridge", ""),
                      get_string(json, "status", ""));
    }
}

bool
sriov_show_text(const struct sriov_show *show, struct ds *s)
{
    struct json *json;
    bool found = show_to_json(show, true, &json);
    const struct json *eswitches = get(json, "eswitches");
    const char *summary = get_string(json, "summary", NULL);

    if (summary) {
        ds_put_format(s, "%s\n\n", summary);
    }
    if (show->late && show->model_known) {
        ds_put_format(s, "as of %lld s ago: the kernel is still answering\n",
                      show->age);
    } else if (show->late) {
        ds_put_format(s, "nothing is known yet: the kernel is still "
                      "answering, for %lld s\n", show->age);
    }
    if (!show->name) {
        if (!sriov_compat_array_size(eswitches)
            && show->defaults->enable == SRIOV_AUTO && show->model_known) {
            ds_put_cstr(s, "no device with an eswitch: nothing to do\n");
        } else {
            print_settings(get(json, "settings"), s);
        }
        if (get(json, "dpdk")) {
            ds_put_format(s, "\nDPDK: %s\n",
                          get_string(get(json, "dpdk"), "text", ""));
        }
    }
    for (size_t i = 0; i < sriov_compat_array_size(eswitches); i++) {
        print_eswitch(sriov_compat_array_at(eswitches, i), s);
    }
    print_absent(get(json, "absent"), s);
    json_destroy(json);
    return found;
}

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


/* See model.h for where this stands. */

#include <config.h>
#include "inventory/model.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "hmapx.h"
#include "openvswitch/util.h"
#include "packets.h"
#include "unicode.h"
#include "util.h"

static int compare_links(const void *, const void *);

struct sriov_model *
sriov_model_create(void)
{
    return xzalloc(sizeof(struct sriov_model));
}

static void
dev_destroy(struct sriov_dev *dev)
{
    free(dev->bus);
    free(dev->name);
    free(dev->driver);
    free(dev);
}

static void
port_destroy(struct sriov_port *port)
{
    free(port->bus);
    free(port->dev_name);
    free(port->vf_pci);
    free(port->label);
    free(port->key);
    free(port);
}

static void
link_destroy(struct sriov_link *link)
{
    free(link->name);
    free(link->switch_id);
    free(link->port_name);
    free(link->kind);
    free(link->parent_bus);
    free(link->parent);
    free(link);
}

void
sriov_model_destroy(struct sriov_model *model)
{
    if (!model) {
        return;
    }
    for (size_t i = 0; i < model->n_devs; i++) {
        dev_destroy(model->devs[i]);
    }
    for (size_t i = 0; i < model->n_ports; i++) {
        port_destroy(model->ports[i]);
    }
    for (size_t i = 0; i < model->n_links; i++) {
        link_destroy(model->links[i]);
    }
    free(model->devs);
    free(model->ports);
    free(model->links);
    free(model);
}

struct sriov_dev *
sriov_model_add_dev(struct sriov_model *model, const char *bus,
                    const char *name)
{
    struct sriov_dev *dev = xzalloc(sizeof *dev);

    dev->bus = xstrdup(bus);
    dev->name = xstrdup(name);
    if (model->n_devs >= model->allocated_devs) {
        model->devs = x2nrealloc(model->devs, &model->allocated_devs,
                                 sizeof *model->devs);
    }
    model->devs[model->n_devs++] = dev;
    return dev;
}

struct sriov_port *
sriov_model_add_port(struct sriov_model *model, const char *bus,
                     const char *dev, uint32_t index)
{
    struct sriov_port *port = xzalloc(sizeof *port);

    port->bus = xstrdup(bus);
    port->dev_name = xstrdup(dev);
    port->index = index;
    port->flavour = SRIOV_OTHER;
    if (model->n_ports >= model->allocated_ports) {
        model->ports = x2nrealloc(model->ports, &model->allocated_ports,
                                  sizeof *model->ports);
    }
    model->ports[model->n_ports++] = port;
    return port;
}

struct sriov_link *
sriov_model_add_link(struct sriov_model *model, int ifindex, const char *name)
{
    struct sriov_link *link = xzalloc(sizeof *link);

    link->ifindex = ifindex;
    link->name = xstrdup(name);
    if (model->n_links >= model->allocated_links) {
        model->links = x2nrealloc(model->links, &model->allocated_links,
                                  sizeof *model->links);
    }
    model->links[model->n_links++] = link;
    return link;
}

void
sriov_model_drop_masters(struct sriov_model *model)
{
    struct hmapx masters = HMAPX_INITIALIZER(&masters);
    size_t n = 0;

    for (size_t i = 0; i < model->n_links; i++) {
        if (!sriov_kind_is_bond(model->links[i]->kind)) {
            hmapx_add(&masters, (void *) (uintptr_t) model->links[i]->master);
        }
    }
    for (size_t i = 0; i < model->n_links; i++) {
        struct sriov_link *link = model->links[i];

        if (!sriov_kind_is_bond(link->kind)
            || hmapx_contains(&masters, (void *) (uintptr_t) link->ifindex)) {
            model->links[n++] = link;
        } else {
            link_destroy(link);
        }
    }
    model->n_links = n;
    hmapx_destroy(&masters);
}

const struct sriov_link *
sriov_model_link(const struct sriov_model *model, int ifindex)
{
    const struct sriov_link target = { .ifindex = ifindex };
    const struct sriov_link *key = &target;
    struct sriov_link **p;

    if (!model->n_links) {
        return NULL;
    }
    p = bsearch(&key, model->links, model->n_links, sizeof *model->links,
                compare_links);
    return p ? *p : NULL;
}

const struct sriov_dev *
sriov_model_dev(const struct sriov_model *model, const char *bus,
                const char *name)
{
    for (size_t i = 0; i < model->n_devs; i++) {
        const struct sriov_dev *dev = model->devs[i];

        if (!strcmp(dev->name, name) && !strcmp(dev->bus, bus)) {
            return dev;
        }
    }
    return NULL;
}

bool
sriov_kind_is_bond(const char *kind)
{
    return kind && (!strcmp(kind, "bond") || !strcmp(kind, "team"));
}

enum sriov_offload
sriov_link_offload(const struct sriov_link *link)
{
    return (sriov_kind_is_bond(link->kind)
            ? SRIOV_OFFLOAD_OTHERS : SRIOV_OFFLOAD_OWN);
}

const struct sriov_link *
sriov_link_bond(const struct sriov_model *model, const struct sriov_link *link)
{
    const struct sriov_link *master
        = link->master ? sriov_model_link(model, link->master) : NULL;

    return master && sriov_kind_is_bond(master->kind) ? master : NULL;
}

bool
sriov_port_is_representor(const struct sriov_port *port)
{
    return (port->dev->mode == SRIOV_MODE_SWITCHDEV
            && (port->flavour == SRIOV_PF || port->flavour == SRIOV_VF
                || port->flavour == SRIOV_SF));
}

bool
sriov_port_is_uplink(const struct sriov_port *port)
{
    return port->flavour == SRIOV_UPLINK && port->dev->mode != SRIOV_MODE_NONE;
}

const struct sriov_port *
sriov_port_uplink(const struct sriov_model *model,
                  const struct sriov_port *rep)
{
    const struct sriov_port *uplink = NULL;
    size_t n = 0;

    for (size_t i = 0; i < model->n_ports; i++) {
        const struct sriov_port *port = model->ports[i];

        if (port->dev == rep->dev && sriov_port_is_uplink(port)) {
            if (port->pf == rep->pf) {
                return port;
            }
            uplink = port;
            n++;
        }
    }
    return n == 1 ? uplink : NULL;
}

const char *
sriov_mode_to_string(enum sriov_mode mode)
{
    return (mode == SRIOV_MODE_SWITCHDEV ? "switchdev"
            : mode == SRIOV_MODE_LEGACY ? "legacy" : "none");
}

/* Names. */

bool
sriov_name_is_valid(const char *name)
{
    char *error = utf8_validate(name, NULL);
    bool valid = (!error && name[0] && !strchr(name, '/')
                  && strcmp(name, ".") && strcmp(name, ".."));

    free(error);
    return valid;
}

char *
sriov_dev_id(const char *bus, const char *name)
{
    return strcmp(bus, "pci") ? xasprintf("%s/%s", bus, name) : xstrdup(name);
}

char *
sriov_key(const char *dev, const char *label)
{
    /* Once for each port in each plan: printf() would be most of its cost. */
    size_t n = strlen(dev);
    size_t size = strlen(label) + 1;
    char *key = xmalloc(n + 1 + size);

    memcpy(key, dev, n);
    key[n] = ' ';
    memcpy(key + n + 1, label, size);
    return key;
}

/* Reads a decimal number at '*s' and moves '*s' past it. */
static bool
scan_number(const char **s, uint32_t *number)
{
    size_t n = strspn(*s, "0123456789");
    char digits[11];
    unsigned int u;

    if (!n || n >= sizeof digits) {
        return false;
    }
    ovs_strlcpy(digits, *s, n + 1);
    if (!str_to_uint(digits, 10, &u)) {
        return false;
    }
    *number = u;
    *s += n;
    return true;
}

bool
sriov_port_id_from_string(const char *s, struct sriov_port_id *id)
{
    memset(id, 0, sizeof *id);
    if (s[0] == 'p' && s[1] != 'f') {
        s++;
        if (!scan_number(&s, &id->pf)) {
            return false;
        } else if (!*s) {
            id->flavour = SRIOV_UPLINK;
            return true;
        } else if (strncmp(s, "pf", 2)) {
            return false;
        }
        /* "p0pf0vf3": sfc/ef100_rep.c, efx_ef100_rep_get_phys_port_name(),
         * Linux 6.0. */
    }
    if (s[0] == 'c') {
        s++;
        if (!scan_number(&s, &id->controller)) {
            return false;
        }
        id->has_controller = true;
    }
    if (strncmp(s, "pf", 2)) {
        return false;
    }
    s += 2;
    if (!scan_number(&s, &id->pf)) {
        return false;
    }
    if (!*s) {
        id->flavour = SRIOV_PF;
        return true;
    }
    id->flavour = !strncmp(s, "vf", 2) ? SRIOV_VF : SRIOV_SF;
    if (id->flavour == SRIOV_SF && strncmp(s, "sf", 2)) {
        return false;
    }
    s += 2;
    return scan_number(&s, &id->number) && !*s;
}

static char *
port_label(const struct sriov_port *port)
{
    char *controller = (port->external
                        ? xasprintf("c%"PRIu32, port->controller)
                        : xstrdup(""));
    char *label;

    switch (port->flavour) {
    case SRIOV_UPLINK:
        label = xasprintf("p%"PRIu32, port->pf);
        break;
    case SRIOV_PF:
        label = xasprintf("%spf%"PRIu32, controller, port->pf);
        break;
    case SRIOV_VF:
    case SRIOV_SF:
        label = xasprintf("%spf%"PRIu32"%s%"PRIu32, controller, port->pf,
                          port->flavour == SRIOV_VF ? "vf" : "sf",
                          port->number);
        break;
    case SRIOV_OTHER:
    default:
        label = xasprintf("port%"PRIu32, port->index);
        break;
    }
    free(controller);
    return label;
}

/* Returns the device 'bus'/'name' if it is one with an eswitch in switchdev
 * mode that devlink tells of, or NULL. */
static const struct sriov_dev *
eswitch_dev(const struct sriov_model *model, const char *bus, const char *name)
{
    const struct sriov_dev *dev
        = bus && name ? sriov_model_dev(model, bus, name) : NULL;

    return (dev && dev->mode == SRIOV_MODE_SWITCHDEV && !dev->from_names
            ? dev : NULL);
}

/* Returns the device whose representor 'link', a port of the PF 'pf', is
 * though the kernel names no parent of it: the one that has an uplink, or
 * another link, with its switch id.  If several have, that of the uplink
 * "p" 'pf'.  Else NULL.
 *
 * So it is with nfp (flower/main.c, nfp_flower_spawn_vnic_reprs(), has
 * SET_NETDEV_DEV for physical ports alone), liquidio (lio_vf_rep.c) and, up to
 * Linux 6.3, bnxt_en (bnxt_vfr.c, bnxt_vf_rep_netdev_init()). */
static struct sriov_dev *
find_orphan_dev(const struct sriov_model *model, const struct sriov_link *link,
                uint32_t pf)
{
    const struct sriov_dev *found = NULL, *by_number = NULL;
    bool several = false;

    for (size_t i = 0; i < model->n_ports; i++) {
        const struct sriov_port *port = model->ports[i];
        const struct sriov_dev *dev = eswitch_dev(model, port->bus,
                                                  port->dev_name);
        const struct sriov_link *its
            = dev ? sriov_model_link(model, port->ifindex) : NULL;

        if (its && nullable_string_is_equal(its->switch_id,
                                            link->switch_id)) {
            several |= found && found != dev;
            found = dev;
            by_number = (port->flavour == SRIOV_UPLINK && port->pf == pf
                         ? dev : by_number);
        }
    }
    for (size_t i = 0; i < model->n_links && !found; i++) {
        const struct sriov_link *other = model->links[i];

        if (nullable_string_is_equal(other->switch_id, link->switch_id)) {
            found = eswitch_dev(model, other->parent_bus, other->parent);
        }
    }
    return CONST_CAST(struct sriov_dev *, several ? by_number : found);
}

/* Returns the device that 'link', which is to become the port 'id', is of: that
 * which it names as its parent, created if need be.  Where the kernel names no
 * parent, and no uplink tells, links of one switch id share a device whose name
 * is that id. */
static struct sriov_dev *
derived_dev(struct sriov_model *model, const struct sriov_link *link,
            const struct sriov_port_id *id)
{
    const char *bus = link->parent ? link->parent_bus : "switch";
    const char *name = link->parent ? link->parent : link->switch_id;
    struct sriov_dev *dev
        = (link->parent ? NULL : find_orphan_dev(model, link, id->pf));

    if (dev) {
        return dev;
    }
    dev = CONST_CAST(struct sriov_dev *,
                     sriov_model_dev(model, bus ? bus : "", name));
    if (!dev) {
        dev = sriov_model_add_dev(model, bus ? bus : "", name);
        dev->from_names = true;
        dev->mode = SRIOV_MODE_SWITCHDEV;
    }
    return dev;
}

/* Returns true if a port of an eswitch with 'switch_id' was derived from the
 * name of a link.  Links that change meanwhile can be in a dump twice. */
static bool
switch_id_is_derived(const struct sriov_model *model, const char *switch_id)
{
    for (size_t i = 0; i < model->n_ports; i++) {
        const struct sriov_port *port = model->ports[i];

        if (port->from_names
            && nullable_string_is_equal(
                sriov_model_link(model, port->ifindex)->switch_id,
                switch_id)) {
            return true;
        }
    }
    return false;
}

/* Adds a port for each link that devlink does not know but whose names tell
 * what it is: a representor's ('uplinks' false), or, where representors were
 * found so, an uplink's ('uplinks' true). */
static void
derive_ports(struct sriov_model *model, bool uplinks)
{
    for (size_t i = 0; i < model->n_links; i++) {
        const struct sriov_link *link = model->links[i];
        struct sriov_port_id id;

        if (!link->switch_id || !link->port_name
            || !sriov_port_id_from_string(link->port_name, &id)
            || (id.flavour == SRIOV_UPLINK) != uplinks
            || link->has_port
            || (uplinks && !switch_id_is_derived(model, link->switch_id))) {
            continue;
        }

        struct sriov_dev *dev = derived_dev(model, link, &id);
        if (dev->mode == SRIOV_MODE_LEGACY) {
            continue;
        } else if (dev->mode == SRIOV_MODE_NONE) {
            dev->mode = SRIOV_MODE_SWITCHDEV;
            dev->from_names = true;
        }

        struct sriov_port *port = sriov_model_add_port(model, dev->bus,
                                                       dev->name, 0);
        port->from_names = true;
        port->flavour = id.flavour;
        port->pf = id.pf;
        port->number = id.number;
        port->external = id.has_controller;
        port->controller = id.controller;
        port->ifindex = link->ifindex;
    }
}

/* Adds an uplink for each link without a phys_port_name that is of a device
 * whose representors were found, without an uplink (liquidio: lio_main.c has
 * liquidio_get_port_parent_id() for its link, and nothing for the port). */
static void
derive_nameless_uplinks(struct sriov_model *model)
{
    for (size_t i = 0; i < model->n_links; i++) {
        const struct sriov_link *link = model->links[i];
        const struct sriov_dev *dev
            = (!link->switch_id || link->port_name || link->has_port ? NULL
               : eswitch_dev(model, link->parent_bus, link->parent));
        const struct sriov_port *rep = NULL;
        bool has_uplink = false;

        for (size_t j = 0; dev && j < model->n_ports; j++) {
            const struct sriov_port *port = model->ports[j];

            if (!strcmp(port->bus, dev->bus)
                && !strcmp(port->dev_name, dev->name)) {
                has_uplink |= port->flavour == SRIOV_UPLINK;
                rep = port->from_names ? port : rep;
            }
        }
        if (rep && !has_uplink) {
            uint32_t pf = rep->pf;
            struct sriov_port *port = sriov_model_add_port(model, dev->bus,
                                                           dev->name, 0);

            port->from_names = true;
            port->flavour = SRIOV_UPLINK;
            port->pf = pf;
            port->ifindex = link->ifindex;
        }
    }
}

static int
compare_u32(uint32_t a, uint32_t b)
{
    return a < b ? -1 : a > b;
}

static int
compare_links(const void *a_, const void *b_)
{
    const struct sriov_link *const *a = a_;
    const struct sriov_link *const *b = b_;

    return (*a)->ifindex < (*b)->ifindex ? -1 : (*a)->ifindex > (*b)->ifindex;
}

static int
compare_devs(const void *a_, const void *b_)
{
    const struct sriov_dev *const *a = a_;
    const struct sriov_dev *const *b = b_;
    int cmp = strcmp((*a)->bus, (*b)->bus);

    return cmp ? cmp : strcmp((*a)->name, (*b)->name);
}

static int
compare_ports(const void *a_, const void *b_)
{
    const struct sriov_port *a = *(const struct sriov_port *const *) a_;
    const struct sriov_port *b = *(const struct sriov_port *const *) b_;
    int cmp = strcmp(a->bus, b->bus);

    cmp = cmp ? cmp : strcmp(a->dev_name, b->dev_name);
    cmp = cmp ? cmp : compare_u32(a->flavour, b->flavour);
    cmp = cmp ? cmp : compare_u32(a->external, b->external);
    cmp = cmp ? cmp : compare_u32(a->controller, b->controller);
    cmp = cmp ? cmp : compare_u32(a->pf, b->pf);
    cmp = cmp ? cmp : compare_u32(a->number, b->number);
    cmp = cmp ? cmp : compare_u32(a->index, b->index);
    return cmp ? cmp : compare_u32(a->ifindex, b->ifindex);
}

void
sriov_model_finish(struct sriov_model *model)
{
    if (model->n_links) {
        qsort(model->links, model->n_links, sizeof *model->links,
              compare_links);
        for (size_t i = 0; i < model->n_ports; i++) {
            const struct sriov_link *link
                = sriov_model_link(model, model->ports[i]->ifindex);

            if (link) {
                CONST_CAST(struct sriov_link *, link)->has_port = true;
            }
        }
        derive_ports(model, false);
        derive_ports(model, true);
        derive_nameless_uplinks(model);
    }

    for (size_t i = 0; i < model->n_ports; i++) {
        struct sriov_port *port = model->ports[i];

        char *dev_id = sriov_dev_id(port->bus, port->dev_name);

        port->label = port_label(port);
        port->key = sriov_key(dev_id, port->label);
        free(dev_id);
        port->link = (port->ifindex
                      ? sriov_model_link(model, port->ifindex) : NULL);
        port->dev = sriov_model_dev(model, port->bus, port->dev_name);
        if (!port->dev) {
            /* A device that went away between two dumps. */
            port->dev = sriov_model_add_dev(model, port->bus, port->dev_name);
        }
    }
    if (model->n_devs) {
        qsort(model->devs, model->n_devs, sizeof *model->devs, compare_devs);
    }
    if (model->n_ports) {
        qsort(model->ports, model->n_ports, sizeof *model->ports,
              compare_ports);
    }
}

static bool
dev_equal(const struct sriov_dev *a, const struct sriov_dev *b)
{
    return (!strcmp(a->bus, b->bus)
            && !strcmp(a->name, b->name)
            && nullable_string_is_equal(a->driver, b->driver)
            && a->mode == b->mode
            && a->can_multiport == b->can_multiport
            && a->multiport == b->multiport
            && a->from_names == b->from_names);
}

static bool
port_equal(const struct sriov_port *a, const struct sriov_port *b)
{
    return (!strcmp(a->bus, b->bus)
            && !strcmp(a->dev_name, b->dev_name)
            && a->index == b->index
            && a->from_names == b->from_names
            && !strcmp(a->label, b->label)
            && a->has_mac == b->has_mac
            && eth_addr_equals(a->mac, b->mac)
            && a->has_migratable == b->has_migratable
            && a->migratable == b->migratable
            && nullable_string_is_equal(a->vf_pci, b->vf_pci)
            && a->ifindex == b->ifindex);
}

static bool
link_equal(const struct sriov_link *a, const struct sriov_link *b)
{
    return (a->ifindex == b->ifindex
            && !strcmp(a->name, b->name)
            && nullable_string_is_equal(a->switch_id, b->switch_id)
            && nullable_string_is_equal(a->port_name, b->port_name)
            && nullable_string_is_equal(a->kind, b->kind)
            && nullable_string_is_equal(a->parent_bus, b->parent_bus)
            && nullable_string_is_equal(a->parent, b->parent)
            && a->master == b->master
            && a->mtu == b->mtu
            && eth_addr_equals(a->mac, b->mac)
            && a->up == b->up
            && a->carrier == b->carrier
            && a->initialized == b->initialized
            && a->has_hw_tc == b->has_hw_tc
            && a->hw_tc == b->hw_tc);
}

bool
sriov_model_equal(const struct sriov_model *a, const struct sriov_model *b)
{
    if (a->n_devs != b->n_devs || a->n_ports != b->n_ports
        || a->n_links != b->n_links) {
        return false;
    }
    for (size_t i = 0; i < a->n_devs; i++) {
        if (!dev_equal(a->devs[i], b->devs[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < a->n_ports; i++) {
        if (!port_equal(a->ports[i], b->ports[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < a->n_links; i++) {
        if (!link_equal(a->links[i], b->links[i])) {
            return false;
        }
    }
    return true;
}

bool
sriov_switch_id_is(const char *said, const char *id)
{
    enum { GUID_DIGITS = 16 };
    size_t n = strlen(said);

    return (id && !strncasecmp(said, id, n)
            && (!id[n] || n == GUID_DIGITS));
}

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


/* See view.h for where this stands. */

#include <config.h>
#include "rules/view.h"

#include <stdlib.h>
#include <string.h>

#include "smap.h"
#include "util.h"
#include "uuid.h"

struct sriov_view *
sriov_view_create(void)
{
    struct sriov_view *view = xzalloc(sizeof *view);

    shash_init(&view->ifaces);
    shash_init(&view->ports);
    shash_init(&view->port_names);
    sset_init(&view->vm_vfs);
    return view;
}

void
sriov_view_destroy(struct sriov_view *view)
{
    if (!view) {
        return;
    }
    for (size_t i = 0; i < view->n_bridges; i++) {
        struct sriov_view_bridge *br = view->bridges[i];

        for (size_t j = 0; j < br->n_ports; j++) {
            struct sriov_view_port *port = br->ports[j];

            for (size_t k = 0; k < port->n_ifaces; k++) {
                struct sriov_view_iface *iface = port->ifaces[k];

                free(iface->name);
                free(iface->type);
                free(iface->dpdk_devargs);
                free(iface->error);
                free(iface->offload_priority);
                free(iface->vm_id);
                free(iface);
            }
            free(port->ifaces);
            free(port->name);
            free(port->key);
            free(port->our_devargs);
            free(port->our_vf_pci);
            free(port->vm);
            free(port);
        }
        free(br->ports);
        free(br->name);
        free(br->switch_id);
        free(br->representors);
        sset_destroy(&br->deleted);
        free(br);
    }
    free(view->bridges);
    free(view->dpdk_extra);
    shash_destroy(&view->ifaces);
    shash_destroy(&view->ports);
    shash_destroy(&view->port_names);
    sset_destroy(&view->vm_vfs);
    free(view);
}

bool
sriov_view_same_marks(const struct sriov_view *a, const struct sriov_view *b)
{
    const struct shash_node *node;

    if (a->n_bridges != b->n_bridges
        || shash_count(&a->ports) != shash_count(&b->ports)) {
        return false;
    }
    for (size_t i = 0; i < a->n_bridges; i++) {
        if (!uuid_equals(&a->bridges[i]->uuid, &b->bridges[i]->uuid)
            || a->bridges[i]->listed != b->bridges[i]->listed
            || !sset_equals(&a->bridges[i]->deleted,
                            &b->bridges[i]->deleted)) {
            return false;
        }
    }
    SHASH_FOR_EACH (node, &a->ports) {
        const struct sriov_view_port *p = node->data;
        const struct sriov_view_port *q = shash_find_data(&b->ports,
                                                          node->name);

        if (!q || !uuid_equals(&p->bridge->uuid, &q->bridge->uuid)
            || !nullable_string_is_equal(p->our_devargs, q->our_devargs)) {
            return false;
        }
    }
    return true;
}

/* Appends 'element' to the array '*array' of '*n' pointers. */
static void
append(void *array_, size_t *n, void *element)
{
    void ***array = array_;

    if (!(*n & (*n - 1))) {
        *array = xrealloc(*array, (*n ? *n * 2 : 1) * sizeof **array);
    }
    (*array)[(*n)++] = element;
}

struct sriov_view_bridge *
sriov_view_add_bridge(struct sriov_view *view, const char *name)
{
    struct sriov_view_bridge *br = xzalloc(sizeof *br);

    br->name = xstrdup(name);
    br->auto_add = true;
    sset_init(&br->deleted);
    append(&view->bridges, &view->n_bridges, br);
    return br;
}

struct sriov_view_port *
sriov_view_add_port(struct sriov_view *view, struct sriov_view_bridge *br,
                    const char *name, const char *key)
{
    struct sriov_view_port *port = xzalloc(sizeof *port);

    port->name = xstrdup(name);
    port->key = nullable_xstrdup(key);
    port->bridge = br;
    append(&br->ports, &br->n_ports, port);
    shash_add_once(&view->port_names, name, port);
    if (key) {
        shash_add_once(&view->ports, key, port);
    }
    return port;
}

struct sriov_view_iface *
sriov_view_add_iface(struct sriov_view *view, struct sriov_view_port *port,
                     const char *name)
{
    struct sriov_view_iface *iface = xzalloc(sizeof *iface);

    iface->name = xstrdup(name);
    iface->type = xstrdup("");
    iface->port = port;
    append(&port->ifaces, &port->n_ifaces, iface);
    shash_add_once(&view->ifaces, name, iface);
    return iface;
}

char *
sriov_view_vm(const struct smap *ids)
{
    const char *state = smap_get(ids, "sriov-vm");
    const char *owner = smap_get(ids, "sriov-vm-owner");
    const char *name = smap_get(ids, "sriov-vm-name");
    const char *why = smap_get(ids, "sriov-vm-why");
    const char *settings = smap_get(ids, "sriov-vm-settings");

    if (!state) {
        return NULL;
    } else if (!owner) {
        return xasprintf("%s: no VM has it", state);
    }
    return xasprintf("VM %.*s%s%s%s, %s%s%s", (int) strcspn(owner, "/"), owner,
                     name ? " (" : "", name ? name : "", name ? ")" : "",
                     state, why || settings ? ": " : "",
                     why ? why : settings ? settings : "");
}

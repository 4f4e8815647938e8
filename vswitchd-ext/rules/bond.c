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


/* See bond.h for where this stands. */

#include <config.h>
#include "rules/bond.h"

#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/shash.h"
#include "ovs-rcu.h"
#include "inventory/model.h"
#include "rules/dpdk.h"
#include "util.h"

/* The name of the uplink of its PF (a string) by the name of a representor, as
 * the Interfaces have them.
 * Written by the main thread, read by all that translate flows, who are given
 * a function and no object: hence here. */
static OVSRCU_TYPE(struct shash *) uplinks = OVSRCU_INITIALIZER(NULL);

static void
free_uplinks(struct shash *map)
{
    shash_destroy_free_data(map);
    free(map);
}

static void
publish(struct shash *new)
{
    struct shash *old = ovsrcu_get_protected(struct shash *, &uplinks);

    ovsrcu_set(&uplinks, new);
    if (old) {
        ovsrcu_postpone(free_uplinks, old);
    }
}

static bool
is_active_uplink(const struct sriov_port *port)
{
    return (sriov_port_is_uplink(port) && port->link
            && port->dev->mode == SRIOV_MODE_SWITCHDEV);
}

/* Returns the name of the Interface for 'port': one in 'names', by the key of
 * what it is a DPDK port for, else that of the link. */
static const char *
iface_name(const struct sriov_port *port, const struct shash *names)
{
    const char *name = shash_find_data(names, port->key);

    return name ? name : port->link->name;
}

bool
sriov_bond_update(const struct sriov_model *model, bool acting,
                  const struct sriov_bond_iface dpdk[], size_t n_dpdk,
                  char **signature)
{
    struct shash *map = xmalloc(sizeof *map);
    struct shash names = SHASH_INITIALIZER(&names);
    struct ds new_signature = DS_EMPTY_INITIALIZER;
    bool changed;

    shash_init(map);
    for (size_t i = 0; acting && i < n_dpdk; i++) {
        const struct sriov_port *port = sriov_dpdk_find(dpdk[i].devargs,
                                                        model);

        if (port) {
            shash_add_once(&names, port->key, dpdk[i].name);
        }
    }
    for (size_t i = 0; acting && i < model->n_ports; i++) {
        const struct sriov_port *port = model->ports[i];

        if (is_active_uplink(port)) {
            ds_put_format(&new_signature, "%s%s ", iface_name(port, &names),
                          port->dev->multiport ? "+" : "");
        } else if (sriov_port_is_representor(port) && port->link) {
            const struct sriov_port *uplink = sriov_port_uplink(model, port);

            if (uplink && uplink->link) {
                shash_add_once(map, iface_name(port, &names),
                               xstrdup(iface_name(uplink, &names)));
            }
        }
    }
    publish(map);
    shash_destroy(&names);

    changed = strcmp(*signature ? *signature : "", ds_cstr(&new_signature));
    free(*signature);
    *signature = ds_steal_cstr(&new_signature);
    return changed;
}

void
sriov_bond_destroy(void)
{
    publish(NULL);
}

const char *
sriov_bond_uplink_of(const char *representor)
{
    const struct shash *map = ovsrcu_get(struct shash *, &uplinks);

    return map ? shash_find_data(map, representor) : NULL;
}

/* Returns the uplink of an eswitch in switchdev mode that 'iface' is, or
 * NULL. */
static const struct sriov_port *
find_uplink(const struct sriov_model *model,
            const struct sriov_bond_iface *iface)
{
    if (iface->devargs) {
        const struct sriov_port *port = sriov_dpdk_find(iface->devargs, model);

        return port && is_active_uplink(port) ? port : NULL;
    }
    for (size_t i = 0; i < model->n_ports; i++) {
        const struct sriov_port *port = model->ports[i];

        if (is_active_uplink(port) && !strcmp(port->link->name, iface->name)) {
            return port;
        }
    }
    return NULL;
}

enum bond_offload
sriov_bond_offload(enum sriov_bond_config config,
                   const struct sriov_bond_iface members[],
                   size_t n_members, const struct sriov_model *model,
                   bool acting, const char **why)
{
    bool multiport = true;

    if (!acting) {
        *why = "cx-sriov does not act";
        return BOND_OFFLOAD_OFF;
    } else if (config != SRIOV_BOND_AUTO) {
        *why = "set in other_config";
        return (config == SRIOV_BOND_LOCAL ? BOND_OFFLOAD_LOCAL
                : config == SRIOV_BOND_HASH ? BOND_OFFLOAD_HASH
                : BOND_OFFLOAD_OFF);
    }
    for (size_t i = 0; i < n_members; i++) {
        const struct sriov_port *uplink = find_uplink(model, &members[i]);

        if (!uplink) {
            *why = "not all members are uplinks of an eswitch";
            return BOND_OFFLOAD_OFF;
        }
        multiport = multiport && uplink->dev->multiport;
    }
    *why = (multiport ? "the eswitch forwards between its PFs"
            : "the eswitch does not forward between its PFs");
    return multiport ? BOND_OFFLOAD_HASH : BOND_OFFLOAD_LOCAL;
}

const char *
sriov_bond_offload_name(enum bond_offload offload)
{
    return (offload == BOND_OFFLOAD_LOCAL ? "local"
            : offload == BOND_OFFLOAD_HASH ? "hash" : "off");
}

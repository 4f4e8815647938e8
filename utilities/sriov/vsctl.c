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


/* See vsctl.h for where this stands. */

#include <config.h>
#include "sriov/vsctl.h"

#include <stdlib.h>
#include <string.h>

#include "db-ctl-base.h"
#include "openvswitch/shash.h"
#include "openvswitch/vlog.h"
#include "smap.h"
#include "util.h"
#include "vswitch-idl.h"

VLOG_DEFINE_THIS_MODULE(sriov_vsctl);

/* Keys of external_ids that begin so are cx-sriov's. */
#define MARK_PREFIX "sriov-"

/* Returns true if 'c' is "OPTION NAME ...". */
static bool
is_command(const struct ctl_command *c, const char *option, const char *name)
{
    return (!strcmp(c->syntax->name, name)
            && shash_find(&c->options, option));
}

/* If the 'n' 'commands' are what ifupdown2 calls ovs-vsctl with for the stanza
 * of a bridge that exists, returns the one among them that clears the bridge's
 * columns, else NULL.
 *
 * From ifupdown2's addons/openvswitch.py (3.0.0; Proxmox VE's 3.2 and 3.3 add
 * parent and VLAN of a fake bridge to add-br):
 *
 *     --may-exist add-br BR -- [set bridge BR ...] --
 *     [--if-exists del-port BR PORT]... --
 *     --if-exists clear bridge BR auto_attach controller external-ids ... --
 *     --if-exists clear interface BR ... -- [the stanza's ovs_extra]
 *
 * with the stanza's name in the environment.  That one is there in hooks, too,
 * in which people call ovs-vsctl for what they really want; so both count. */
static const struct ctl_command *
find_reload(const struct ctl_command *commands, size_t n)
{
    const char *bridge = getenv("IFACE");
    size_t i;

    if (!bridge || !getenv("LOGICAL") || !getenv("METHOD")
        || !getenv("ADDRFAM")) {
        return NULL;
    }
    for (i = 0; i < n; i++) {
        if (is_command(&commands[i], "--may-exist", "add-br")
            && !strcmp(commands[i].argv[1], bridge)) {
            break;
        }
    }
    for (; i < n; i++) {
        if (is_command(&commands[i], "--if-exists", "clear")
            && !strcasecmp(commands[i].argv[1], "bridge")
            && !strcmp(commands[i].argv[2], bridge)) {
            return &commands[i];
        }
    }
    return NULL;
}

/* Returns true if 'command' is the tool's own deletion of a port, and not the
 * ovs_extra of the stanza, which comes after 'clear'. */
static bool
is_deletion(const struct ctl_command *command, const struct ctl_command *clear)
{
    return (command < clear && command->argc == 3
            && is_command(command, "--if-exists", "del-port")
            && !strcmp(command->argv[1], clear->argv[2]));
}

static const struct ovsrec_port *
find_port(struct ovsdb_idl *idl, const char *name)
{
    const struct ovsrec_port *port;

    OVSREC_PORT_FOR_EACH (port, idl) {
        if (!strcmp(port->name, name)) {
            return port;
        }
    }
    return NULL;
}

static const struct ovsrec_bridge *
find_bridge(struct ovsdb_idl *idl, const char *name)
{
    const struct ovsrec_bridge *br;

    OVSREC_BRIDGE_FOR_EACH (br, idl) {
        if (!strcmp(br->name, name)) {
            return br;
        }
    }
    return NULL;
}

/* Returns the bridge that 'port' is in, or NULL. */
static const struct ovsrec_bridge *
bridge_of(struct ovsdb_idl *idl, const struct ovsrec_port *port)
{
    const struct ovsrec_bridge *br;

    OVSREC_BRIDGE_FOR_EACH (br, idl) {
        for (size_t i = 0; i < br->n_ports; i++) {
            if (br->ports[i] == port) {
                return br;
            }
        }
    }
    return NULL;
}

/* Returns true if 'port', which may be NULL, is one that cx-sriov added. */
static bool
is_ours(const struct ovsrec_port *port)
{
    return port && !strcmp(smap_get_def(&port->external_ids, "sriov-owner",
                                        ""), "cx-sriov");
}

/* Stores in '*new' what 'old' has of our marks, or what it has besides.  The
 * caller must destroy it. */
static void
pick_marks(const struct smap *old, bool marks, struct smap *new)
{
    struct smap_node *node;

    smap_init(new);
    SMAP_FOR_EACH (node, old) {
        if (marks == !strncmp(node->key, MARK_PREFIX, strlen(MARK_PREFIX))) {
            smap_add(new, node->key, node->value);
        }
    }
}

/* Runs 'clear' in 'ctx', but what cx-sriov notes in the bridge stays. */
static void
run_clear(const struct ctl_command *clear, struct ctl_context *ctx)
{
    const struct ovsrec_bridge *br = find_bridge(ctx->idl, clear->argv[2]);
    struct smap kept = SMAP_INITIALIZER(&kept);

    if (br) {
        pick_marks(&br->external_ids, true, &kept);
    }
    clear->syntax->run(ctx);
    if (br && smap_is_empty(&br->external_ids) && !smap_is_empty(&kept)) {
        ovsrec_bridge_set_external_ids(br, &kept);
    }
    smap_destroy(&kept);
}

/* Makes 'port', which cx-sriov added, a person's.  What people set in it
 * stays. */
static void
disown(const struct ovsrec_port *port)
{
    struct smap ids;

    for (size_t i = 0; i < port->n_interfaces; i++) {
        const struct ovsrec_interface *iface = port->interfaces[i];
        int mtu = smap_get_int(&iface->external_ids, "sriov-mtu", 0);

        if (iface->n_mtu_request && iface->mtu_request[0] == mtu) {
            ovsrec_interface_set_mtu_request(iface, NULL, 0);
        }
        pick_marks(&iface->external_ids, false, &ids);
        ovsrec_interface_set_external_ids(iface, &ids);
        smap_destroy(&ids);
    }
    pick_marks(&port->external_ids, false, &ids);
    ovsrec_port_set_external_ids(port, &ids);
    smap_destroy(&ids);
}

/* Moves 'port' from one bridge to another.  As whole sets, as ovs-vsctl itself
 * does: it looks at them again, and would not see mutations in its own
 * transaction. */
static void
move_port(const struct ovsrec_port *port, const struct ovsrec_bridge *from,
          const struct ovsrec_bridge *to)
{
    size_t n_max = MAX(from->n_ports, to->n_ports + 1);
    struct ovsrec_port **ports = xcalloc(n_max, sizeof *ports);
    size_t n = 0;

    for (size_t i = 0; i < from->n_ports; i++) {
        if (from->ports[i] != port) {
            ports[n++] = from->ports[i];
        }
    }
    ovsrec_bridge_verify_ports(from);
    ovsrec_bridge_set_ports(from, ports, n);

    for (n = 0; n < to->n_ports; n++) {
        ports[n] = to->ports[n];
    }
    ports[n++] = CONST_CAST(struct ovsrec_port *, port);
    ovsrec_bridge_verify_ports(to);
    ovsrec_bridge_set_ports(to, ports, n);
    free(ports);
}

/* Runs 'add', which is "--may-exist add-port BRIDGE PORT ...", in 'ctx'.  Stock
 * ovs-vsctl refuses a PORT that is in another bridge.  One that is there only
 * since cx-sriov was quicker is moved: OpenStack's os-vif, OVN's users and
 * scripts say so where a representor belongs.  A fake bridge is its parent,
 * with a tag; in the parent itself cx-sriov goes on looking after the port. */
static void
run_add_port(const struct ctl_command *add, struct ctl_context *ctx)
{
    const struct ovsrec_port *port = find_port(ctx->idl, add->argv[2]);
    const struct ovsrec_bridge *from, *to;
    const struct ovsrec_port *fake = NULL;

    to = find_bridge(ctx->idl, add->argv[1]);
    if (!to) {
        fake = find_port(ctx->idl, add->argv[1]);
        to = fake && fake->fake_bridge ? bridge_of(ctx->idl, fake) : NULL;
    }
    from = is_ours(port) ? bridge_of(ctx->idl, port) : NULL;
    if (!from || !to || (from == to && !fake)) {
        add->syntax->run(ctx);
        return;
    }

    if (fake) {
        ovsrec_port_set_tag(port, fake->tag, fake->n_tag);
    }
    if (from != to) {
        move_port(port, from, to);
    }
    if (ctx->invalidate_cache_cb) {
        ctx->invalidate_cache_cb(ctx);
    }
    add->syntax->run(ctx);
    if (from != to) {
        disown(port);
    }
}

static bool
is_add_port(const struct ctl_command *c)
{
    return is_command(c, "--may-exist", "add-port");
}

void
sriov_vsctl_add_columns(const struct ctl_command *commands, size_t n,
                        struct ovsdb_idl *idl)
{
    bool needed = find_reload(commands, n) != NULL;

    for (size_t i = 0; i < n; i++) {
        needed = needed || is_add_port(&commands[i]);
    }
    if (needed) {
        ovsdb_idl_add_column(idl, &ovsrec_bridge_col_name);
        ovsdb_idl_add_column(idl, &ovsrec_bridge_col_external_ids);
        ovsdb_idl_add_column(idl, &ovsrec_port_col_name);
        ovsdb_idl_add_column(idl, &ovsrec_port_col_external_ids);
        ovsdb_idl_add_column(idl, &ovsrec_interface_col_mtu_request);
        ovsdb_idl_add_column(idl, &ovsrec_interface_col_external_ids);
    }
}

void
sriov_vsctl_run(const struct ctl_command *commands, size_t n,
                const struct ctl_command *command, struct ctl_context *ctx)
{
    const struct ctl_command *clear = find_reload(commands, n);

    if (clear && is_deletion(command, clear)
        && is_ours(find_port(ctx->idl, command->argv[2]))) {
        VLOG_INFO("%s: stays in %s, whose stanza is being reloaded; "
                  "cx-sriov looks after it", command->argv[2],
                  command->argv[1]);
    } else if (clear && command == clear) {
        run_clear(clear, ctx);
    } else if (is_add_port(command)) {
        run_add_port(command, ctx);
    } else {
        command->syntax->run(ctx);
    }
}

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

/* Returns true if there is a port 'name' that cx-sriov added. */
static bool
is_ours(struct ovsdb_idl *idl, const char *name)
{
    const struct ovsrec_port *port;

    OVSREC_PORT_FOR_EACH (port, idl) {
        if (!strcmp(port->name, name)) {
            return !strcmp(smap_get_def(&port->external_ids, "sriov-owner",
                                        ""), "cx-sriov");
        }
    }
    return false;
}

/* Runs 'clear' in 'ctx', but what cx-sriov notes in the bridge stays. */
static void
run_clear(const struct ctl_command *clear, struct ctl_context *ctx)
{
    struct smap kept = SMAP_INITIALIZER(&kept);
    const struct ovsrec_bridge *br;
    struct smap_node *node;

    OVSREC_BRIDGE_FOR_EACH (br, ctx->idl) {
        if (!strcmp(br->name, clear->argv[2])) {
            break;
        }
    }
    if (br) {
        SMAP_FOR_EACH (node, &br->external_ids) {
            if (!strncmp(node->key, MARK_PREFIX, strlen(MARK_PREFIX))) {
                smap_add(&kept, node->key, node->value);
            }
        }
    }
    clear->syntax->run(ctx);
    if (br && smap_is_empty(&br->external_ids) && !smap_is_empty(&kept)) {
        ovsrec_bridge_set_external_ids(br, &kept);
    }
    smap_destroy(&kept);
}

void
sriov_vsctl_add_columns(const struct ctl_command *commands, size_t n,
                        struct ovsdb_idl *idl)
{
    if (find_reload(commands, n)) {
        ovsdb_idl_add_column(idl, &ovsrec_bridge_col_name);
        ovsdb_idl_add_column(idl, &ovsrec_bridge_col_external_ids);
        ovsdb_idl_add_column(idl, &ovsrec_port_col_name);
        ovsdb_idl_add_column(idl, &ovsrec_port_col_external_ids);
    }
}

void
sriov_vsctl_run(const struct ctl_command *commands, size_t n,
                const struct ctl_command *command, struct ctl_context *ctx)
{
    const struct ctl_command *clear = find_reload(commands, n);

    if (clear && is_deletion(command, clear)
        && is_ours(ctx->idl, command->argv[2])) {
        VLOG_INFO("%s: stays in %s, whose stanza is being reloaded; "
                  "cx-sriov looks after it", command->argv[2],
                  command->argv[1]);
    } else if (clear && command == clear) {
        run_clear(clear, ctx);
    } else {
        command->syntax->run(ctx);
    }
}

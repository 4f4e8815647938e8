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

/* See commands.h for where this stands. */

#include <config.h>
#include "show/commands.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"
#include "datapath/flows.h"
#include "datapath/policy.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "openvswitch/list.h"
#include "show/grid.h"
#include "show/show.h"
#include "simap.h"
#include "unixctl.h"
#include "util.h"

struct sriov_commands {
    const struct sriov_commands_class *class;
    void *aux;                  /* For 'class'. */
    struct ovs_list waiters;    /* Contains "struct waiter"s. */
};

/* A sriov/resync without a reply yet. */
struct waiter {
    struct ovs_list node;
    struct unixctl_conn *conn;
    unsigned int reading;       /* It waits for this one. */
};

static unixctl_cb_func sriov_show_cmd;
static unixctl_cb_func sriov_flows_cmd;
static unixctl_cb_func sriov_resync_cmd;

struct sriov_commands *
sriov_commands_create(const struct sriov_commands_class *class, void *aux)
{
    struct sriov_commands *commands = xzalloc(sizeof *commands);

    commands->class = class;
    commands->aux = aux;
    ovs_list_init(&commands->waiters);

    /* Words that ovs-appctl-bashcomp.bash can complete. */
    unixctl_command_register("sriov/show",
                             "[--json] [--flows] [bridge|port|iface]", 0, 3,
                             sriov_show_cmd, commands);
    unixctl_command_register("sriov/flows", "[--json] [iface]", 0, 2,
                             sriov_flows_cmd, commands);
    unixctl_command_register("sriov/resync", "", 0, 0, sriov_resync_cmd,
                             commands);
    return commands;
}

void
sriov_commands_destroy(struct sriov_commands *commands)
{
    struct waiter *waiter;

    LIST_FOR_EACH_POP (waiter, node, &commands->waiters) {
        free(waiter);
    }
    free(commands);
}

/* Readings are numbered in their order, and the numbers may wrap. */
static bool
is_done(unsigned int wanted, unsigned int reading)
{
    return (int) (reading - wanted) >= 0;
}

bool
sriov_commands_wait_for(const struct sriov_commands *commands,
                        unsigned int reading)
{
    const struct waiter *waiter;

    LIST_FOR_EACH (waiter, node, &commands->waiters) {
        if (is_done(waiter->reading, reading)) {
            return true;
        }
    }
    return false;
}

void
sriov_commands_have_read(struct sriov_commands *commands, unsigned int reading)
{
    struct ovs_list waiters;
    struct waiter *waiter;

    ovs_list_init(&waiters);
    ovs_list_push_back_all(&waiters, &commands->waiters);
    LIST_FOR_EACH_POP (waiter, node, &waiters) {
        if (is_done(waiter->reading, reading)) {
            unixctl_command_reply(waiter->conn, NULL);
            free(waiter);
        } else {
            ovs_list_push_back(&commands->waiters, &waiter->node);
        }
    }
}

/* Replies to 'conn' with what 'show' asks for. */
static void
show_reply(struct unixctl_conn *conn, const struct sriov_show *show, bool json)
{
    struct ds reply = DS_EMPTY_INITIALIZER;
    struct json *object = NULL;
    bool found = (json ? sriov_show_json(show, &object)
                  : sriov_show_text(show, &reply));

    if (found && json) {
        sriov_compat_reply_json(conn, object);
    } else if (found) {
        unixctl_command_reply(conn, ds_cstr(&reply));
    } else {
        json_destroy(object);
        ds_clear(&reply);
        ds_put_format(&reply, "%s is no eswitch, PF, VF, network device, bond "
                      "or bridge that takes part; without a name, sriov/show "
                      "lists those that do", show->name);
        unixctl_command_reply_error(conn, ds_cstr(&reply));
    }
    ds_destroy(&reply);
}

/* sriov/show [--json] [--flows] [NAME] */
static void
sriov_show_cmd(struct unixctl_conn *conn, int argc, const char *argv[],
               void *commands_)
{
    const struct sriov_commands *commands = commands_;
    struct simap hw = SIMAP_INITIALIZER(&hw);
    struct simap sw = SIMAP_INITIALIZER(&sw);
    struct sriov_show show = { .name = NULL };
    bool json = sriov_compat_wants_json(conn);

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--json")) {
            json = true;
        } else if (!strcmp(argv[i], "--flows")) {
            show.hw = &hw;
            show.sw = &sw;
        } else if (argv[i][0] == '-' || show.name) {
            unixctl_command_reply_error(
                conn, "usage: sriov/show [--json] [--flows] [NAME]");
            return;
        } else {
            show.name = argv[i];
        }
    }
    if (show.hw) {
        sriov_flows_count(&hw, &sw);
    }
    commands->class->begin(commands->aux, &show);
    show_reply(conn, &show, json);
    commands->class->end(commands->aux, &show);
    simap_destroy(&hw);
    simap_destroy(&sw);
}

static struct json *
flows_to_json(const struct sriov_flow *flows, size_t n, bool per_flow)
{
    struct json *array = json_array_create_empty();

    for (size_t i = 0; i < n; i++) {
        const struct sriov_flow *flow = &flows[i];
        struct json *json = json_object_create();

        json_object_put_string(json, "in_port", flow->in_port);
        json_object_put(json, "in_hardware",
                        json_boolean_create(flow->in_hw));
        json_object_put(json, "packets", json_integer_create(flow->packets));
        json_object_put_string(json, "policy", per_flow
                               ? sriov_policy_name(flow->policy)
                               : "tc-policy");
        json_object_put_string(json, "why", per_flow ? flow->why
                               : "tc-policy is set, or cx-sriov does not act");
        json_object_put_string(json, "flow", flow->text);
        json_array_add(array, json);
    }
    return array;
}

static char *
flows_to_text(const struct sriov_flow *flows, size_t n, bool per_flow)
{
    static const char *const headings[] = {
        "IN PORT", "WHERE", "POLICY", "PACKETS", "FLOW",
    };
    struct sriov_grid grid = SRIOV_GRID_INITIALIZER(ARRAY_SIZE(headings));
    struct ds s = DS_EMPTY_INITIALIZER;

    for (size_t i = 0; i < ARRAY_SIZE(headings); i++) {
        sriov_grid_put(&grid, headings[i]);
    }
    for (size_t i = 0; i < n; i++) {
        const struct sriov_flow *flow = &flows[i];

        sriov_grid_put(&grid, flow->in_port);
        sriov_grid_put(&grid, flow->in_hw ? "hw" : "sw");
        sriov_grid_put(&grid, per_flow ? sriov_policy_name(flow->policy)
                       : "tc-policy");
        sriov_grid_put_nocopy(&grid, xasprintf("%"PRIu64, flow->packets));
        sriov_grid_put(&grid, flow->text);
    }
    if (n) {
        sriov_grid_print(&grid, 0, &s);
    }
    sriov_grid_destroy(&grid);
    return ds_steal_cstr(&s);
}

/* sriov/flows [--json] [IFACE] */
static void
sriov_flows_cmd(struct unixctl_conn *conn, int argc, const char *argv[],
                void *commands_ OVS_UNUSED)
{
    bool per_flow = sriov_policy_is_active();
    bool json = sriov_compat_wants_json(conn);
    const char *name = NULL;
    struct sriov_flow *flows;
    size_t n;

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--json")) {
            json = true;
        } else if (argv[i][0] == '-' || name) {
            unixctl_command_reply_error(conn,
                                        "usage: sriov/flows [--json] [IFACE]");
            return;
        } else {
            name = argv[i];
        }
    }
    flows = sriov_flows_list(name, &n);
    if (json) {
        sriov_compat_reply_json(conn, flows_to_json(flows, n, per_flow));
    } else {
        char *text = flows_to_text(flows, n, per_flow);

        unixctl_command_reply(conn, text);
        free(text);
    }
    sriov_flows_free(flows, n);
}

/* sriov/resync: reads everything again, and adds also those representors whose
 * port somebody deleted.  Replies when it was read. */
static void
sriov_resync_cmd(struct unixctl_conn *conn, int argc OVS_UNUSED,
                 const char *argv[] OVS_UNUSED, void *commands_)
{
    struct sriov_commands *commands = commands_;
    struct waiter *waiter;
    unsigned int reading;

    if (!commands->class->resync(commands->aux, &reading)) {
        unixctl_command_reply_error(conn, "the kernel cannot be asked; see "
                                    "the log of ovs-vswitchd");
        return;
    }
    waiter = xmalloc(sizeof *waiter);
    waiter->conn = conn;
    waiter->reading = reading;
    ovs_list_push_back(&commands->waiters, &waiter->node);
}

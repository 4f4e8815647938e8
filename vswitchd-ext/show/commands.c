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
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"
#include "datapath/flows.h"
#include "datapath/policy.h"
#include "datapath/survey.h"
#include "odp-util.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "openvswitch/list.h"
#include "openvswitch/poll-loop.h"
#include "rules/defaults.h"
#include "show/grid.h"
#include "show/show.h"
#include "show/why.h"
#include "smap.h"
#include "sset.h"
#include "timeval.h"
#include "unixctl.h"
#include "util.h"

/* How long sriov/show waits for the kernel's counters, and with --flows for
 * flows, in ms.  Then it answers without. */
#define COUNTERS_WAIT 200
#define FLOWS_WAIT 5000

struct sriov_commands {
    const struct sriov_commands_class *class;
    void *aux;                  /* For 'class'. */
    struct ovs_list waiters;    /* Contains "struct waiter"s. */
    struct ovs_list askers;     /* Contains "struct asker"s. */
};

/* A sriov/show or sriov/why that waits for a survey. */
struct asker {
    struct ovs_list node;
    struct unixctl_conn *conn;  /* NULL: it had its reply, and only the survey
                                 * is to be freed when it ends. */
    bool why;                   /* It is sriov/why. */
    long long int deadline;     /* Then it gets a reply without the survey. */
    struct sriov_survey *survey;
    char *name;                 /* What was asked about, or NULL. */
    struct smap vms;            /* See sriov_why. */
    bool is_ufid;               /* 'name' is a flow. */
    bool json, all;
    bool flows, counters;       /* What the survey is to find out. */
};

/* A sriov/resync without a reply yet. */
struct waiter {
    struct ovs_list node;
    struct unixctl_conn *conn;
    unsigned int reading;       /* It waits for this one. */
};

static unixctl_cb_func sriov_show_cmd;
static unixctl_cb_func sriov_flows_cmd;
static unixctl_cb_func sriov_why_cmd;
static unixctl_cb_func sriov_resync_cmd;

struct sriov_commands *
sriov_commands_create(const struct sriov_commands_class *class, void *aux)
{
    struct sriov_commands *commands = xzalloc(sizeof *commands);

    commands->class = class;
    commands->aux = aux;
    ovs_list_init(&commands->waiters);
    ovs_list_init(&commands->askers);

    /* Words that ovs-appctl-bashcomp.bash can complete. */
    unixctl_command_register("sriov/show",
                             "[--json] [--flows] [bridge|port|iface]", 0, 3,
                             sriov_show_cmd, commands);
    unixctl_command_register("sriov/flows", "[--json] [iface]", 0, 2,
                             sriov_flows_cmd, commands);
    unixctl_command_register("sriov/why",
                             "[--json] [--all] [port|bridge|ufid]", 0, 3,
                             sriov_why_cmd, commands);
    unixctl_command_register("sriov/resync", "", 0, 0, sriov_resync_cmd,
                             commands);
    return commands;
}

static void
asker_destroy(struct asker *asker)
{
    sriov_survey_destroy(asker->survey);
    smap_destroy(&asker->vms);
    free(asker->name);
    free(asker);
}

/* Returns one for a request of 'conn', to be completed by the caller. */
static struct asker *
asker_create(struct unixctl_conn *conn)
{
    struct asker *asker = xzalloc(sizeof *asker);

    asker->conn = conn;
    asker->json = sriov_compat_wants_json(conn);
    smap_init(&asker->vms);
    return asker;
}

void
sriov_commands_destroy(struct sriov_commands *commands)
{
    struct waiter *waiter;
    struct asker *asker;

    LIST_FOR_EACH_POP (asker, node, &commands->askers) {
        asker_destroy(asker);
    }
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

/* Replies to a sriov/show with what its survey has, if that has ended. */
static void
show_answer(const struct sriov_commands *commands, const struct asker *asker)
{
    bool done = asker->survey && sriov_survey_is_done(asker->survey);
    struct sriov_show show = { .name = NULL };

    commands->class->begin(commands->aux, &show);
    show.name = asker->name;
    show.flows = asker->flows;
    show.counters = asker->counters && done;
    show.survey = done ? asker->survey : NULL;
    if (show.counters) {
        commands->class->count(commands->aux, &show);
    }
    show_reply(asker->conn, &show, asker->json);
    commands->class->end(commands->aux, &show);
}

/* Returns true if a driver keeps a survey waiting whose asker did not. */
static bool
is_held_up(const struct sriov_commands *commands)
{
    const struct asker *asker;

    LIST_FOR_EACH (asker, node, &commands->askers) {
        if (!asker->conn) {
            return true;
        }
    }
    return false;
}

/* sriov/show [--json] [--flows] [NAME] */
static void
sriov_show_cmd(struct unixctl_conn *conn, int argc, const char *argv[],
               void *commands_)
{
    struct sriov_commands *commands = commands_;
    struct asker *asker = asker_create(conn);

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--json")) {
            asker->json = true;
        } else if (!strcmp(argv[i], "--flows")) {
            asker->flows = true;
        } else if (argv[i][0] == '-' || asker->name) {
            unixctl_command_reply_error(
                conn, "usage: sriov/show [--json] [--flows] [NAME]");
            asker_destroy(asker);
            return;
        } else {
            asker->name = xstrdup(argv[i]);
        }
    }
    asker->counters = (commands->class->has_counters(commands->aux)
                       && !is_held_up(commands));
    if (!asker->counters && !asker->flows) {
        show_answer(commands, asker);
        asker_destroy(asker);
        return;
    }
    asker->deadline = time_msec() + (asker->flows ? FLOWS_WAIT
                                     : COUNTERS_WAIT);
    asker->survey = sriov_survey_start(&(struct sriov_survey_options) {
        .counters = asker->counters,
        .flows = asker->flows,
    });
    ovs_list_push_back(&commands->askers, &asker->node);
}

/* Replies to a sriov/why whose survey has ended. */
static void
why_reply(const struct asker *asker)
{
    struct sriov_why why = {
        .ports = sriov_survey_ports(asker->survey),
        .vms = &asker->vms,
        .named = asker->name != NULL,
        .all = asker->all,
    };
    struct json *json = sriov_why_json(&why);

    if (asker->is_ufid && !sriov_why_has_flows(&why)) {
        char *error = xasprintf("%s is no flow of a datapath; "
                                "ovs-appctl dpctl/dump-flows -m lists them",
                                asker->name);

        unixctl_command_reply_error(asker->conn, error);
        free(error);
    } else if (asker->json) {
        sriov_compat_reply_json(asker->conn, json);
        json = NULL;
    } else {
        struct ds reply = DS_EMPTY_INITIALIZER;

        sriov_why_format(json, &reply);
        unixctl_command_reply(asker->conn, ds_cstr(&reply));
        ds_destroy(&reply);
    }
    json_destroy(json);
}

void
sriov_commands_run(struct sriov_commands *commands)
{
    struct asker *asker, *next;

    LIST_FOR_EACH_SAFE (asker, next, node, &commands->askers) {
        bool done = sriov_survey_is_done(asker->survey);

        if (asker->conn && (done || time_msec() >= asker->deadline)) {
            if (asker->why) {
                why_reply(asker);
            } else {
                show_answer(commands, asker);
            }
            asker->conn = NULL;
        }
        if (done) {
            ovs_list_remove(&asker->node);
            asker_destroy(asker);
        }
    }
}

void
sriov_commands_wait(const struct sriov_commands *commands)
{
    const struct asker *asker;

    LIST_FOR_EACH (asker, node, &commands->askers) {
        sriov_survey_wait(asker->survey);
        if (asker->conn && asker->deadline != LLONG_MAX) {
            poll_timer_wait_until(asker->deadline);
        }
    }
}

/* Starts the survey that 'asker', of which the rest is filled in, asks for.
 * Returns false if its name is nothing that has flows. */
static bool
start_survey(const struct sriov_commands *commands, struct asker *asker)
{
    struct smap priorities = SMAP_INITIALIZER(&priorities);
    struct sset ports = SSET_INITIALIZER(&ports);
    struct sriov_show show = { .name = NULL };
    bool named = asker->name && !asker->is_ufid;
    ovs_u128 ufid;
    bool known;

    commands->class->begin(commands->aux, &show);
    known = !named || sriov_why_find_ports(&show, asker->name, &ports);
    if (known) {
        struct sriov_survey_options options = {
            .flows = true,
            .reasons = true,
            .ports = named ? &ports : NULL,
            .tc_policy = show.defaults->tc_policy.value,
            .priorities = &priorities,
        };

        if (asker->is_ufid) {
            odp_ufid_from_string(asker->name, &ufid);
            options.ufid = &ufid;
        }
        sriov_why_find_settings(&show, &priorities, &asker->vms);
        asker->survey = sriov_survey_start(&options);
    }
    commands->class->end(commands->aux, &show);
    smap_destroy(&priorities);
    sset_destroy(&ports);
    return known;
}

/* sriov/why [--json] [--all] [NAME].  Replies when the survey has ended. */
static void
sriov_why_cmd(struct unixctl_conn *conn, int argc, const char *argv[],
              void *commands_)
{
    struct sriov_commands *commands = commands_;
    struct asker *asker = asker_create(conn);
    ovs_u128 ufid;

    asker->why = true;
    asker->deadline = LLONG_MAX;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--json")) {
            asker->json = true;
        } else if (!strcmp(argv[i], "--all")) {
            asker->all = true;
        } else if (argv[i][0] == '-' || asker->name) {
            unixctl_command_reply_error(
                conn, "usage: sriov/why [--json] [--all] "
                "[PORT|BRIDGE|ufid:UFID]");
            asker_destroy(asker);
            return;
        } else {
            asker->name = xstrdup(argv[i]);
        }
    }
    asker->is_ufid = (asker->name
                      && odp_ufid_from_string(asker->name, &ufid) > 0);
    if (!start_survey(commands, asker)) {
        char *error = xasprintf("%s is no bridge, port, interface, network "
                                "device, VF or ufid:UFID; without a name, "
                                "sriov/why tells of all", asker->name);

        unixctl_command_reply_error(conn, error);
        free(error);
        asker_destroy(asker);
        return;
    }
    ovs_list_push_back(&commands->askers, &asker->node);
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
    if (!sriov_flows_list(name, &flows, &n)) {
        char *error = xasprintf("no datapath has a port \"%s\"; \"ovs-appctl "
                                "dpctl/show\" lists them", name);

        unixctl_command_reply_error(conn, error);
        free(error);
    } else if (json) {
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

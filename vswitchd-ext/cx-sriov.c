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


/* The glue: the only part that the hooks call, and the only one that knows all
 * others.  It decides when something is done, never what.
 *
 *     kernel --> source --> model --> plan --> apply --> OVSDB
 *                              +--> defaults, show
 *
 * On a host without an eswitch it listens for one and does nothing else. */

#include <config.h>
#include "cx-sriov.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "if-notifier.h"
#include "netdev.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "simap.h"
#include "smap.h"
#include "database/session.h"
#include "rules/bond.h"
#include "compat.h"
#include "datapath/ports.h"
#include "database/view.h"
#include "rules/defaults.h"
#include "datapath/flows.h"
#include "rules/history.h"
#include "rules/plan.h"
#include "database/rows.h"
#include "show/show.h"
#include "inventory/source.h"
#include "inventory/model.h"
#include "sset.h"
#include "timeval.h"
#include "unixctl.h"
#include "util.h"
#include "vswitch-idl.h"

VLOG_DEFINE_THIS_MODULE(cx_sriov);

static const struct sriov_source_class *source; /* NULL if it did not open. */
static char *remote;                    /* Of the OVSDB server. */
static long long int started;           /* In ms. */

static struct sriov_model *model;       /* Never NULL while 'source' is not. */
static bool model_stale;                /* To be read again... */
static long long int read_after;        /* ...not before then (ms). */
static struct sriov_defaults defaults;
static struct sriov_history history;

static bool configured;         /* cx_sriov_config() was called this round, */
static bool leader;             /* which only the process does that holds
                                 * bridge.c's lock on the database. */
static bool defaults_stale;     /* 'model' changed since they were made. */
static unsigned int config_seqno;       /* Of bridge.c's database, then. */
static const struct ovsrec_open_vswitch *config;    /* The row then, or NULL if
                                                     * not a leader. */
static bool ports_left;         /* There are ports of ours, which have to be
                                 * looked after even without an eswitch. */
static bool plan_stale;         /* A new plan is to be made. */
static long long int plan_wake = LLONG_MAX;     /* At the latest then (ms), */
static long long int recheck_at = LLONG_MAX;    /* and then. */

static bool session_needed;             /* The last plan needed our session
                                         * with the database. */
static long long int close_at;          /* When to look if it can be closed, in
                                         * ms. */

static unixctl_cb_func sriov_show_cmd;
static unixctl_cb_func sriov_resync_cmd;

/* How long to wait before a link that could not be prepared is tried again, in
 * ms. */
#define LINK_RETRY_DELAY 1000

/* bridge.c does not tell when it could not add a port.  So one more plan is made
 * so long after a change, in ms. */
#define RECHECK_DELAY 1000

/* How long our session with the database stays open when it is not needed any
 * longer, in ms. */
#define SESSION_LINGER (10 * 1000)

/* Reading takes at most one part in so many of the main thread's time. */
#define READ_SHARE 6

/* Has a new plan made, since something changed. */
static void
plan_again(void)
{
    plan_stale = true;
    recheck_at = time_msec() + RECHECK_DELAY;
}

/* Replaces 'model' by what 'source' has now. */
static void
read_model(void)
{
    long long int start = time_msec();
    struct sriov_model *new = source->read();
    long long int end = time_msec();

    model_stale = false;
    read_after = end + (READ_SHARE - 1) * (end - start);
    if (!new) {
        return;
    }
    if (model && sriov_model_equal(model, new)) {
        sriov_model_destroy(new);
        return;
    }
    sriov_model_destroy(model);
    model = new;
    defaults_stale = true;
    plan_again();
}

static bool
dummies_enabled(void)
{
    struct sset types = SSET_INITIALIZER(&types);
    bool enabled;

    netdev_enumerate_types(&types);
    enabled = sset_contains(&types, "dummy");
    sset_destroy(&types);
    return enabled;
}

/* Returns false if nothing that comes in at 'netdev' can be offloaded, nor what
 * leaves through it: a tap or a veth on a bridge, say.  With tc-policy=skip_sw
 * the kernel refuses each of their flows, and an attempt costs more than the
 * rest of a flow's set-up.  With none by default, because of a Linux bond, they
 * would get flower filters, which pass by a police filter of theirs: Proxmox
 * VE's "rate=", say.  A value that the user set means what it means upstream. */
static bool
may_offload(const struct netdev *netdev)
{
    const char *type = netdev_get_type(netdev);
    int ifindex;

    if (!source || !defaults.acting
        || (defaults.tc_policy.explicit
            && strcmp(defaults.tc_policy.value, "skip_sw"))
        || (strcmp(type, "system") && strcmp(type, "tap"))) {
        return true;
    }
    ifindex = netdev_get_ifindex(netdev);
    return (ifindex <= 0 || sriov_model_link(model, ifindex)
            || source->may_offload(ifindex));
}

/* Initializes the module.  'remote_' is the OVSDB server, in a form that
 * ovsdb_idl_create() accepts. */
void
cx_sriov_init(const char *remote_)
{
    remote = xstrdup(remote_);
    started = time_msec();
    sriov_defaults_init(&defaults);
    sriov_history_init(&history);

    /* Words that ovs-appctl-bashcomp.bash can complete. */
    unixctl_command_register("sriov/show",
                             "[--json] [--flows] [bridge|port|iface]", 0, 3,
                             sriov_show_cmd, NULL);
    unixctl_command_register("sriov/resync", "", 0, 0, sriov_resync_cmd, NULL);

    netdev_set_flow_api_filter(may_offload);
    source = &sriov_source_netlink;
    if (dummies_enabled()) {
        source = &sriov_source_dummy;
        sriov_source_dummy_init();
    }
    if (source->open()) {
        source = NULL;
    } else {
        read_model();
    }
    if (!model) {
        model = sriov_model_create();
        sriov_model_finish(model);
    }
}

/* Returns 'cfg' with the defaults that are in force filled in where its
 * other_config says nothing.  What it points to is valid until the next call;
 * it is to be read from only.  'seqno' is that of the session 'cfg' is from.
 *
 * To be called in each round of bridge_run() in which ovs-vswitchd holds its
 * lock on the database: that is how the module knows. */
const struct ovsrec_open_vswitch *
cx_sriov_config(const struct ovsrec_open_vswitch *cfg, unsigned int seqno)
{
    static struct ovsrec_open_vswitch shadow;

    if (defaults_stale || !leader || seqno != config_seqno) {
        bool old_fallback = cx_sriov_lacp_fallback_ab();
        bool old_acting = defaults.acting;
        /* bridge.c will configure everything in this round anyway. */
        bool reconfiguring = seqno != config_seqno;
        bool acting_changed;
        bool stale;             /* What bridge.c configured last. */

        sriov_defaults_update(&defaults, cfg, model);
        acting_changed = defaults.acting != old_acting;
        if (!config_seqno) {
            ports_left = sriov_rows_have_ports(cfg);
        }
        if (reconfiguring || acting_changed) {
            plan_again();
        }
        stale = (acting_changed
                 || cx_sriov_lacp_fallback_ab() != old_fallback);
        if (defaults_stale || acting_changed) {
            stale = sriov_bond_update(model, defaults.acting) || stale;
        }
        defaults_stale = false;
        config_seqno = seqno;
        if (stale && !reconfiguring) {
            /* Have bridge.c configure bonds and, from series 4.0 on, what the
             * datapaths are told about offload again. */
            if_notifier_manual_report();
        }
    }
    configured = true;
    config = cfg;

    if (!defaults.acting) {
        return cfg;
    }
    shadow = *cfg;
    shadow.other_config = defaults.other_config;
    return &shadow;
}

/* Returns 0 if a port 'name' of 'port_type' can be tried in a datapath of
 * 'datapath_type', else a positive errno value, with '*errp' the reason, which
 * the caller must free.  It is for bridge.c to ask again later: it does at each
 * change of a network device, so at its renaming, too. */
int
cx_sriov_check_name(const char *datapath_type, const char *port_type,
                    const char *name, char **errp)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 5);

    if (strcmp(datapath_type, "system") || strcmp(port_type, "system")) {
        return 0;
    }
    *errp = sriov_ports_check_name(name);
    if (!*errp) {
        return 0;
    }
    VLOG_INFO_RL(&rl, "%s", *errp);
    return ENODEV;
}

/* Returns what lacp-fallback-ab is for a bond whose Port row does not say. */
bool
cx_sriov_lacp_fallback_ab(void)
{
    return !strcmp(defaults.lacp_fallback_ab.value, "true");
}

/* Stores in 's' how the bond 'cfg' is to be offloaded. */
void
cx_sriov_configure_bond(const struct ovsrec_port *cfg, struct bond_settings *s)
{
    const char **members = xmalloc(cfg->n_interfaces * sizeof *members);
    char *row = xasprintf("Port %s", cfg->name);
    const char *why;

    for (size_t i = 0; i < cfg->n_interfaces; i++) {
        members[i] = cfg->interfaces[i]->name;
    }
    s->offload = sriov_bond_offload(
        sriov_config_bond_offload(row, &cfg->other_config),
        members, cfg->n_interfaces, model, defaults.acting, &why);
    s->uplink_of = sriov_bond_uplink_of;
    free(members);
    free(row);
}

static void
make_plan_input(struct sriov_plan_input *in, const struct sriov_view *view)
{
    *in = (struct sriov_plan_input) {
        .model = model,
        .view = view,
        .history = &history,
        .enabled = defaults.enable != SRIOV_FALSE,
        .acting = defaults.acting && defaults.enable != SRIOV_FALSE,
        .forced = defaults.enable == SRIOV_TRUE,
        .hw_tc = !strcmp(defaults.hw_offload.value, "true"),
        .now = time_msec(),
        .started = started,
    };
}

/* Returns true if what failed with 'error' will fail again. */
static bool
error_is_final(int error)
{
    return error == EOPNOTSUPP || error == EPERM || error == EINVAL;
}

/* Prepares the link of 'op', and remembers that it need not be done again.
 * Returns false if it has to. */
static bool
prepare_link(const struct sriov_op *op)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 5);
    const struct sriov_link *link = op->port->link;
    struct sriov_track *track = sriov_history_find(&history, op->port->key);
    char *detail = NULL;
    const char *step;
    int error;

    error = source->set_link(link, op->up, op->hw_tc, &step, &detail);
    if (!error || error_is_final(error)) {
        track->set_up = track->set_up || op->up;
        track->set_hw_tc = track->set_hw_tc || op->hw_tc;
    }
    if (error) {
        VLOG_WARN_RL(&rl, "%s: could not %s (%s%s%s)", link->name, step,
                     ovs_strerror(error), detail ? ": " : "",
                     detail ? detail : "");
    }
    free(detail);
    return !error || error_is_final(error);
}

/* Remembers that bridge.c is made to try 'op->old' again. */
static void
note_retry(const struct sriov_op *op)
{
    struct sriov_track *track = sriov_history_find(&history, op->port->key);

    VLOG_INFO("%s: Open vSwitch could not add it (%s), trying again",
              op->old->name, (op->decision->iface->error
                              ? op->decision->iface->error : "no reason given"));
    track->retries++;
    track->failed_since = time_msec();
}

/* Does to devices, and in ovs-vswitchd, what 'plan' says. */
static void
do_now(const struct sriov_plan *plan)
{
    struct smap failed = SMAP_INITIALIZER(&failed);

    for (size_t i = 0; i < plan->n_ops; i++) {
        const struct sriov_op *op = &plan->ops[i];

        if (op->type == SRIOV_OP_LINK && !prepare_link(op)) {
            plan_wake = MIN(plan_wake, time_msec() + LINK_RETRY_DELAY);
        } else if (op->type == SRIOV_OP_RETRY) {
            note_retry(op);
            smap_replace(&failed, op->old->name, op->old->name);
        }
    }
    if (!smap_is_empty(&failed)) {
        sriov_ports_forget(&failed);
        /* Have bridge.c configure its ports again. */
        if_notifier_manual_report();
        plan_again();
    }
    smap_destroy(&failed);
}

/* Has the database become what 'plan' says. */
static void
do_write(const struct sriov_plan *plan)
{
    struct smap renamed = SMAP_INITIALIZER(&renamed);

    for (size_t i = 0; i < plan->n_ops; i++) {
        const struct sriov_op *op = &plan->ops[i];

        if (op->type == SRIOV_OP_REPLACE
            && strcmp(op->old->name, op->decision->port->link->name)) {
            smap_replace(&renamed, op->decision->port->link->name,
                         op->old->name);
        }
    }
    if (!smap_is_empty(&renamed)) {
        sriov_ports_forget(&renamed);
    }
    smap_destroy(&renamed);
    sriov_session_commit(plan);
}

/* Returns true if plans are to be made. */
static bool
is_active(void)
{
    return leader && (defaults.acting || ports_left);
}

/* Makes a plan and carries it out.  If it writes, and our session with the
 * database is not there yet, that is opened, and what is to be written is found
 * out again with what it says. */
static void
run_plan(void)
{
    const struct sriov_view *view = sriov_session_read_view(config,
                                                            config_seqno);
    struct sriov_plan_input in;
    struct sriov_plan *plan;

    sriov_history_update(&history, model, view, time_msec());
    make_plan_input(&in, view);
    plan = sriov_plan_create(&in);
    plan_stale = false;
    plan_wake = plan->wake;
    do_now(plan);

    /* Whether a port without a device goes depends on columns that bridge.c
     * does not have. */
    session_needed = plan->writes || plan->absent;
    if (session_needed) {
        close_at = time_msec() + SESSION_LINGER;
        if (!sriov_session_is_open()) {
            sriov_session_open(remote);
        } else if (plan->writes) {
            do_write(plan);
        }
    }
    ports_left = plan->writes || !shash_is_empty(&view->ports);
    sriov_plan_destroy(plan);
}

/* Keeps our session with the database going, if it is open. */
static void
run_session(void)
{
    if (!sriov_session_is_open()) {
        return;
    }
    if (sriov_session_run()) {
        plan_stale = true;
    }
    if (time_msec() >= close_at) {
        if (!session_needed && !(plan_stale && is_active())
            && sriov_session_can_close(config)) {
            sriov_session_close();
        } else {
            close_at = time_msec() + SESSION_LINGER;
        }
    }
}

/* Does what there is to do.  Called in each round of the main loop, after
 * bridge_run(). */
void
cx_sriov_run(void)
{
    leader = configured;
    configured = false;
    if (!leader) {
        config = NULL;
    }
    if (!source) {
        return;
    }
    if (source->run(model)) {
        model_stale = true;
    }
    if (model_stale && time_msec() >= read_after) {
        read_model();
    }

    run_session();
    if (!is_active()) {
        return;
    }
    if (time_msec() >= recheck_at) {
        recheck_at = LLONG_MAX;
        plan_stale = true;
    }
    if (time_msec() >= plan_wake) {
        plan_stale = true;
    }
    if (plan_stale && !defaults_stale
        && (!sriov_session_is_open() || sriov_session_is_ready())) {
        run_plan();
    }
}

/* Arranges for poll_block() to wake up when cx_sriov_run() has something to
 * do.  On a host without an eswitch, that is when one comes. */
void
cx_sriov_wait(void)
{
    if (!source) {
        return;
    }
    source->wait();
    if (model_stale) {
        poll_timer_wait_until(read_after);
    }
    if (leader && defaults_stale) {
        poll_immediate_wake();
    }
    if (sriov_session_is_open()) {
        sriov_session_wait();
        poll_timer_wait_until(close_at);
    }
    if (is_active()
        && (!sriov_session_is_open() || sriov_session_is_ready())) {
        if (plan_stale) {
            poll_immediate_wake();
        } else if (MIN(plan_wake, recheck_at) != LLONG_MAX) {
            poll_timer_wait_until(MIN(plan_wake, recheck_at));
        }
    }
}

void
cx_sriov_exit(void)
{
    sriov_session_close();
    netdev_set_flow_api_filter(NULL);
    if (source) {
        source->close();
        source = NULL;
    }
    sriov_model_destroy(model);
    model = NULL;
    sriov_bond_destroy();
    sriov_history_destroy(&history);
    sriov_defaults_destroy(&defaults);
    free(remote);
    remote = NULL;
}

/* Commands. */

/* sriov/show [--json] [--flows] [NAME] */
static void
sriov_show_cmd(struct unixctl_conn *conn, int argc, const char *argv[],
               void *aux OVS_UNUSED)
{
    struct simap hw = SIMAP_INITIALIZER(&hw);
    struct simap sw = SIMAP_INITIALIZER(&sw);
    struct ds reply = DS_EMPTY_INITIALIZER;
    struct sriov_show show = { .name = NULL };
    bool json = sriov_compat_wants_json(conn);
    struct json *object = NULL;
    bool flows = false;
    struct sriov_plan_input in;
    const struct sriov_view *view;
    struct sriov_plan *plan;
    bool found;

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--json")) {
            json = true;
        } else if (!strcmp(argv[i], "--flows")) {
            flows = true;
        } else if (argv[i][0] == '-' || show.name) {
            unixctl_command_reply_error(
                conn, "usage: sriov/show [--json] [--flows] [NAME]");
            return;
        } else {
            show.name = argv[i];
        }
    }

    if (flows) {
        sriov_flows_count(&hw, &sw);
        show.hw = &hw;
        show.sw = &sw;
    }
    view = sriov_session_get_view(config, config_seqno);
    make_plan_input(&in, view);
    plan = sriov_plan_create(&in);
    show.defaults = &defaults;
    show.model = model;
    show.view = view;
    show.view_known = sriov_session_view_is_known();
    show.plan = plan;
    if (json) {
        found = sriov_show_json(&show, &object);
    } else {
        found = sriov_show_text(&show, &reply);
    }
    sriov_plan_destroy(plan);
    simap_destroy(&hw);
    simap_destroy(&sw);

    if (found && json) {
        sriov_compat_reply_json(conn, object);
    } else if (found) {
        unixctl_command_reply(conn, ds_cstr(&reply));
    } else {
        json_destroy(object);
        ds_clear(&reply);
        ds_put_format(&reply, "%s is no eswitch, PF, VF, network device, bond "
                      "or bridge that takes part; without a name, sriov/show "
                      "lists those that do", show.name);
        unixctl_command_reply_error(conn, ds_cstr(&reply));
    }
    ds_destroy(&reply);
}

/* sriov/resync: reads everything again, and adds also those representors whose
 * port somebody deleted. */
static void
sriov_resync_cmd(struct unixctl_conn *conn, int argc OVS_UNUSED,
                 const char *argv[] OVS_UNUSED, void *aux OVS_UNUSED)
{
    if (!source) {
        unixctl_command_reply_error(conn, "the kernel cannot be asked; see "
                                    "the log of ovs-vswitchd");
        return;
    }
    read_model();
    sriov_history_forgive(&history);
    plan_again();
    unixctl_command_reply(conn, NULL);
}

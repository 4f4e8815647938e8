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


/* What the hooks call, and the object that owns everything else.  It carries
 * out; what is done is for the rules to say, and when for the schedule.
 *
 *  kernel                                                            OVSDB
 *    |                                                                 |
 *    |  inventory/  netlink-devlink, netlink-link, netlink, sysfs,     |
 *    |     |       udev                             bridge.c's session |
 *    |  source-netlink, source-dummy                   and our own     |
 *    |     |                                                |          |
 *    |  reader (a thread)                    database/  session <- rows|
 *    |     |                                                |          |
 *    |   model ----------+----------------+----------+    view         |
 *    |     |             |                |          |      |          |
 *    |  rules/        rules/           rules/        |      |          |
 *    |  drivers -> defaults <- config   bond      history --+          |
 *    |                |                   +-- dpdk --+      |          |
 *    |            bridge.c         ofproto/bond.c   plan <--+          |
 *    |                                               |                 |
 *    +-- links, by the reader <----------------------+--> write -------+
 *    +-- datapath/ports <----------------------------+
 *                                                    +--> show/show, grid
 *                                   show/commands <-------+
 *
 *  lib/dpif*, tc --> datapath/attempts --> datapath/survey --> show/show, why
 *                rules/reasons, inventory/counters -----+
 *
 *  handlers' flows --> datapath/policy --> rules/offload-policy, frames --> TC
 *
 *  rules/schedule: what happened, and the time --> what is done next
 *
 * Each folder may use those below it, never one above: cx-sriov; show;
 * datapath and database; rules; inventory.  (rules/ knows rules/view.h,
 * which is plain data.)  All is in the main thread but the reader's thread and
 * that of a survey, which have nothing in common with it while they run.  But
 * handlers, revalidators and PMD threads call datapath/attempts, what lib/tc.c
 * asks of datapath/policy, with rules/offload-policy and rules/frames, and the
 * hooks of datapath/sources, rules/bond and datapath/restart-lacp: headers say
 * which functions.
 *
 * On a host without an eswitch it listens for one and does nothing else. */

#include <config.h>
#include "cx-sriov.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "database/rows.h"
#include "database/session.h"
#include "datapath/filters.h"
#include "datapath/policy.h"
#include "datapath/ports.h"
#include "datapath/purge.h"
#include "datapath/restart-fdb.h"
#include "datapath/restart-lacp.h"
#include "datapath/restart.h"
#include "datapath/sources.h"
#include "datapath/survey.h"
#include "dpdk.h"
#include "if-notifier.h"
#include "inventory/model.h"
#include "inventory/reader.h"
#include "inventory/source.h"
#include "netdev.h"
#include "compat.h"
#include "ofproto/ofproto.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "rules/bond.h"
#include "rules/defaults.h"
#include "rules/drivers.h"
#include "rules/dpdk.h"
#include "rules/history.h"
#include "rules/plan.h"
#include "rules/schedule.h"
#include "rules/view.h"
#include "show/commands.h"
#include "show/show.h"
#include "smap.h"
#include "sset.h"
#include "tc.h"
#include "timeval.h"
#include "util.h"
#include "vswitch-idl.h"

VLOG_DEFINE_THIS_MODULE(cx_sriov);

/* How long ovs-vswitchd's start waits for the first model, in ms: what
 * bridge.c configures first should be right at once.  A driver that holds its
 * lock for longer is caught up with. */
#define FIRST_READ_WAIT 1000

/* How long to wait before a link that could not be prepared is tried again, in
 * ms. */
#define LINK_RETRY_DELAY 1000

/* How often a link is prepared that says that it cannot be. */
#define MAX_LINK_REFUSALS 3

/* How often the policer of a port is looked for in vain. */
#define MAX_POLICER_LOOKS 10

/* sriov/show says so if the kernel takes longer than this to answer, in ms. */
#define LATE 1000

/* How long the NIC's rules may wait for bonds to come up, in ms: LACP is
 * without a partner after 3 s (LACP_FAST_TIME_TX, lacp.c). */
#define BONDS_WAIT 5000

struct cx_sriov {
    long long int started;              /* In ms. */
    struct sriov_reader *reader;        /* NULL if it did not open. */
    bool from_kernel;                   /* What it reads is the kernel's. */
    unsigned int n_readings;            /* That were started. */
    unsigned int n_plans;               /* That were made. */
    unsigned int n_transactions;        /* That were begun. */
    struct sriov_model *model;          /* Never NULL... */
    bool model_known;                   /* ...but empty until it was read. */

    struct sriov_defaults defaults;
    bool defaults_stale;                /* 'model' changed since they were
                                         * made. */
    char *bond_signature;               /* See sriov_bond_update(). */
    struct sriov_history history;
    struct sriov_schedule schedule;
    struct sriov_session *session;
    struct sriov_commands *commands;

    /* What bridge.c said. */
    bool configured;            /* It called cx_sriov_config() in this
                                 * round... */
    bool leader;                /* ...which only the process does that holds
                                 * its lock on the database. */
    unsigned int config_seqno;  /* Of its database, then. */
    /* The row then, or NULL if not a leader, and from the end of a round until
     * the next cx_sriov_config(): meanwhile rows may go. */
    const struct ovsrec_open_vswitch *config;
    struct ovsrec_open_vswitch shadow;  /* What it was given back. */
    unsigned int restart_seqno; /* The configuration that take_over() awaits */
    long long int restart_deadline; /* bonds for, and how long. */
    struct sriov_fdb fdb;

    bool dpdk;                  /* DPDK is initialized. */
    struct netdev **held;       /* See attach_uplink_first(). */
    size_t n_held, allocated_held;
    struct sriov_survey *survey;        /* Reads the counters with which
                                         * tallies of DPDK ports begin, or
                                         * NULL. */
    bool ports_left;            /* There are ports of ours, which have to be
                                 * looked after even without an eswitch. */
};

/* The only one, for the hooks, which are given none. */
static struct cx_sriov *cx;

static const struct sriov_commands_class commands_class;
static void act(void);

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

/* Returns what takes flows that come in at 'netdev', whose ifindex is
 * 'ifindex', into hardware. */
static enum sriov_offload
offload_of(const struct netdev *netdev, int ifindex)
{
    const char *type = netdev_get_type(netdev);
    const struct sriov_link *link;

    if (!cx->reader || (strcmp(type, "system") && strcmp(type, "tap"))) {
        return SRIOV_OFFLOAD_OTHERS;
    }
    link = sriov_model_link(cx->model, ifindex);
    return (link ? sriov_link_offload(link)
            : sriov_reader_offload(cx->reader, ifindex));
}

static bool
dpdk_is_ready(void)
{
    return dpdk_available() || sriov_source_dummy_dpdk();
}

/* Returns false if what comes in at 'netdev', of a userspace bridge, is not to
 * be offloaded.  By default DPDK's ports are, as far as their driver is known
 * to take what Open vSwitch asks it for: where it does not, the attempts fill
 * the log. */
static bool
may_offload_in_userspace(const struct netdev *netdev)
{
    const char *setting = cx->defaults.userspace_offload.value;
    struct smap status = SMAP_INITIALIZER(&status);
    const char *driver = NULL;
    bool offloads;

    if (strcmp(setting, "auto")) {
        return !strcmp(setting, "true");
    }
    /* What devargs the port has, 3.1 does not tell. */
    if (!strcmp(netdev_get_type(netdev), "dpdk")
        && !netdev_get_status(netdev, &status)) {
        driver = smap_get(&status, "driver_name");
    }
    offloads = driver && sriov_driver_dpdk_offloads(driver);
    smap_destroy(&status);
    return offloads;
}

/* Returns true if Open vSwitch limits what comes in at 'netdev' with a filter,
 * which would not survive that the port gets its flow API later. */
static bool
is_policed(const struct netdev *netdev)
{
    const struct ovsrec_interface *row
        = sriov_rows_find_iface(cx->config, netdev_get_name(netdev));

    return (row && (row->ingress_policing_rate
                    || row->ingress_policing_kpkts_rate));
}

/* Returns false if nothing that comes in at 'netdev' can be offloaded, nor
 * what leaves through it: a tap or a veth on a bridge, say.  With skip_sw the
 * kernel would refuse each of their flows, and an attempt costs more than the
 * rest of a flow's set-up.  Without, they would get flower filters, which pass
 * by a police filter of theirs: Proxmox VE's "rate=", say.  A value of
 * tc-policy that the user set means what it means upstream. */
static bool
may_offload(const struct netdev *netdev)
{
    const char *dpif_type = netdev_get_dpif_type(netdev);
    enum sriov_offload offload;
    bool worthwhile;
    int ifindex;

    if (cx->reader && cx->defaults.acting && dpif_type
        && !strcmp(dpif_type, "netdev")) {
        return may_offload_in_userspace(netdev);
    }
    if (sriov_restart_get() != SRIOV_RESTART_NONE && cx->config
        && !is_policed(netdev)) {
        return false;
    }
    ifindex = netdev_get_ifindex(netdev);
    if (ifindex <= 0) {
        return true;
    }
    offload = offload_of(netdev, ifindex);
    sriov_policy_set_device(ifindex, offload);
    worthwhile = (offload != SRIOV_OFFLOAD_NONE || !cx->defaults.acting
                  || (cx->defaults.tc_policy.explicit
                      && strcmp(cx->defaults.tc_policy.value, "skip_sw")));
    if (!worthwhile && cx->from_kernel) {
        sriov_filters_forget(netdev_get_name(netdev), ifindex);
    }
    return worthwhile;
}

void
cx_sriov_init(const char *remote)
{
    const struct sriov_source_class *class = &sriov_source_netlink;

    cx = xzalloc(sizeof *cx);
    cx->started = time_msec();
    cx->model = sriov_model_create();
    sriov_model_finish(cx->model);
    cx->session = sriov_session_create(remote);
    sriov_defaults_init(&cx->defaults);
    sriov_history_init(&cx->history);
    sriov_schedule_init(&cx->schedule);
    cx->commands = sriov_commands_create(&commands_class, NULL);
    netdev_set_flow_api_filter(may_offload);
    sriov_policy_init();

    if (dummies_enabled()) {
        class = &sriov_source_dummy;
        sriov_source_dummy_init();
    }
    cx->reader = sriov_reader_create(class);
    cx->from_kernel = class == &sriov_source_netlink;
    if (cx->reader) {
        sriov_schedule_kernel_changed(&cx->schedule, true);
        act();
        sriov_reader_block(cx->reader, cx->started + FIRST_READ_WAIT);
        act();
    }
}

/* What bridge.c asks. */

/* Stores in '*iface' what bond.h wants to know of 'row'. */
static void
make_bond_iface(struct sriov_bond_iface *iface,
                const struct ovsrec_interface *row)
{
    *iface = (struct sriov_bond_iface) {
        .name = row->name,
        .devargs = (strcmp(row->type, "dpdk") ? NULL
                    : smap_get(&row->options, "dpdk-devargs")),
    };
}

/* Publishes for bonds what 'cfg' and the model have.  Returns true if bonds
 * have to be configured again. */
static bool
update_bonds(const struct ovsrec_open_vswitch *cfg)
{
    struct sriov_bond_iface *dpdk = NULL;
    size_t n = 0, allocated = 0;
    bool changed;

    for (size_t i = 0; cx->defaults.userspace && i < cfg->n_bridges; i++) {
        const struct ovsrec_bridge *br = cfg->bridges[i];

        for (size_t j = 0; j < br->n_ports; j++) {
            for (size_t k = 0; k < br->ports[j]->n_interfaces; k++) {
                if (n >= allocated) {
                    dpdk = x2nrealloc(dpdk, &allocated, sizeof *dpdk);
                }
                make_bond_iface(&dpdk[n], br->ports[j]->interfaces[k]);
                n += dpdk[n].devargs != NULL;
            }
        }
    }
    changed = sriov_bond_update(cx->model, cx->defaults.acting, dpdk, n,
                                &cx->bond_signature);
    free(dpdk);
    return changed;
}

/* Puts in force who may send what, before ports that are new are added. */
static void
set_sources(const struct ovsrec_open_vswitch *cfg)
{
    struct smap lists = SMAP_INITIALIZER(&lists);

    sriov_rows_read_sources(cfg, &lists);
    sriov_sources_set(&lists);
    smap_destroy(&lists);
}

const struct ovsrec_open_vswitch *
cx_sriov_config(const struct ovsrec_open_vswitch *cfg, unsigned int seqno)
{
    if (cx->defaults_stale || !cx->leader || seqno != cx->config_seqno) {
        bool old_fallback = cx_sriov_lacp_fallback_ab();
        bool old_acting = cx->defaults.acting;
        bool was_userspace = cx->defaults.userspace;
        /* bridge.c will configure everything in this round anyway. */
        bool reconfiguring = seqno != cx->config_seqno;
        bool acting_changed;
        bool stale;             /* What bridge.c configured last. */

        sriov_defaults_update(&cx->defaults, cfg, cx->model);
        sriov_policy_set_active(cx->defaults.per_flow);
        sriov_lacp_set_active(cx->defaults.acting);
        acting_changed = cx->defaults.acting != old_acting;
        if (!cx->config_seqno) {
            cx->ports_left = sriov_rows_have_ports(cfg);
            sriov_lacp_load();
            if (cx->defaults.acting && cx->from_kernel) {
                sriov_restart_set(SRIOV_RESTART_CONFIGURE);
            }
        }
        if (reconfiguring) {
            set_sources(cfg);
        }
        if (reconfiguring || acting_changed) {
            sriov_schedule_changed(&cx->schedule, time_msec());
        }
        stale = (acting_changed
                 || cx_sriov_lacp_fallback_ab() != old_fallback);
        if (cx->defaults_stale || acting_changed || cx->defaults.userspace
            || was_userspace) {
            stale = update_bonds(cfg) || stale;
        }
        cx->defaults_stale = false;
        cx->config_seqno = seqno;
        if (stale && !reconfiguring) {
            /* Have bridge.c configure bonds and, from series 4.0 on, what the
             * datapaths are told about offload again. */
            if_notifier_manual_report();
        }
    }
    cx->configured = true;
    cx->config = cfg;

    if (!cx->defaults.acting) {
        return cfg;
    }
    cx->shadow = *cfg;
    cx->shadow.other_config = cx->defaults.other_config;
    return &cx->shadow;
}

bool
cx_sriov_offload_changed(const struct ovsrec_open_vswitch *cfg,
                         unsigned int seqno, unsigned int last_seqno)
{
    const struct ovsrec_open_vswitch *understood = cx_sriov_config(cfg, seqno);

    return ((smap_get_bool(&understood->other_config, "hw-offload", false)
             && !sriov_compat_hw_offload_enabled())
            || seqno != last_seqno);
}

/* Has DPDK probe the device that the DPDK port 'name' is for a representor of
 * by way of its uplink's port, before bridge.c adds 'name'.
 *
 * The first probe of a PF makes DPDK's port for the uplink, whatever it asks
 * for, and netdev-dpdk.c lets go of that one only if it was the uplink's own
 * Interface that had it made.  bridge.c adds Interfaces in no order.  If a
 * representor's came first, the port would stay when the PF goes, and be found
 * when another has come in its place. */
static void
attach_uplink_first(const char *name)
{
    const struct ovsrec_interface *row
        = sriov_rows_dpdk_uplink(cx->config, name);
    struct netdev *netdev = (row ? sriov_ports_open_dpdk(row->name,
                                                         &row->options)
                             : NULL);

    if (netdev) {
        if (cx->n_held >= cx->allocated_held) {
            cx->held = x2nrealloc(cx->held, &cx->allocated_held,
                                  sizeof *cx->held);
        }
        cx->held[cx->n_held++] = netdev;
    }
}

/* Leaves to bridge.c, which had the time to open them, the ports that
 * attach_uplink_first() has opened. */
static void
release_uplinks(void)
{
    while (cx->n_held) {
        netdev_close(cx->held[--cx->n_held]);
    }
}

int
cx_sriov_check_name(const char *datapath_type, const char *port_type,
                    const char *name, char **errp)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 5);

    if (cx->config && cx->defaults.acting && dpdk_available()
        && !strcmp(port_type, "dpdk")) {
        attach_uplink_first(name);
        return 0;
    }
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

bool
cx_sriov_lacp_fallback_ab(void)
{
    return !strcmp(cx->defaults.lacp_fallback_ab.value, "true");
}

void
cx_sriov_configure_bond(const struct ovsrec_port *cfg, struct bond_settings *s)
{
    struct sriov_bond_iface *members
        = xmalloc(cfg->n_interfaces * sizeof *members);
    char *row = xasprintf("Port %s", cfg->name);
    const char *why;

    for (size_t i = 0; i < cfg->n_interfaces; i++) {
        make_bond_iface(&members[i], cfg->interfaces[i]);
    }
    s->offload = sriov_bond_offload(
        sriov_config_bond_offload(row, &cfg->other_config),
        members, cfg->n_interfaces, cx->model, cx->defaults.acting, &why);
    s->uplink_of = sriov_bond_uplink_of;
    free(members);
    free(row);
}

/* Reading. */

/* Replaces the model by 'new', if that is another one. */
static void
take_model(struct sriov_model *new)
{
    if (cx->model_known && sriov_model_equal(cx->model, new)) {
        sriov_model_destroy(new);
        return;
    }
    sriov_model_destroy(cx->model);
    cx->model = new;
    cx->model_known = true;
    cx->defaults_stale = true;
    sriov_schedule_changed(&cx->schedule, time_msec());
}

/* Remembers where the policer of 'track' is.  One that is not there yet, as
 * its port may not be, is looked for again, but not for ever. */
static void
take_policer(struct sriov_track *track, const struct sriov_link_result *result)
{
    if (result->policer_error) {
        if (++track->policer_looks < MAX_POLICER_LOOKS) {
            track->policer = SRIOV_POLICER_UNKNOWN;
            sriov_schedule_retry(&cx->schedule,
                                 time_msec() + LINK_RETRY_DELAY);
        }
        return;
    }
    track->policer = (result->policer_in_hw ? SRIOV_POLICER_HW
                      : SRIOV_POLICER_SW);
    if (track->policer == SRIOV_POLICER_SW) {
        VLOG_WARN("%s: %s", result->name, SRIOV_POLICER_SW_TEXT);
    }
}

/* Logs what became of the link of 'track', which can be NULL, unless it is
 * what it said before, and has it tried again.  One that says that it cannot
 * be prepared, rather than not now, is not asked for ever. */
static void
take_link_error(struct sriov_track *track,
                const struct sriov_link_result *result)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 5);
    int error = result->error;
    bool refused = (error == EOPNOTSUPP || error == EPERM || error == EINVAL);

    if (!track || !refused || !track->refusals) {
        VLOG_WARN_RL(&rl, "%s: could not %s (%s%s%s)", result->name,
                     result->step, ovs_strerror(error),
                     result->detail ? ": " : "",
                     result->detail ? result->detail : "");
    }
    if (track && (!refused || ++track->refusals < MAX_LINK_REFUSALS)) {
        track->set_up = track->set_up && !result->up;
        track->set_hw_tc = track->set_hw_tc && !result->hw_tc;
        track->link_after = time_msec() + LINK_RETRY_DELAY;
        sriov_schedule_retry(&cx->schedule, track->link_after);
    }
}

/* Remembers what became of links that were to be prepared. */
static void
take_link_results(void)
{
    struct sriov_link_result *result;

    while ((result = sriov_reader_next_result(cx->reader)) != NULL) {
        struct sriov_track *track = sriov_history_find(&cx->history,
                                                       result->key);

        if (track && track->ifindex != result->ifindex) {
            track = NULL;
        }
        if (result->error) {
            take_link_error(track, result);
        }
        if (result->policer && track
            && track->policer == SRIOV_POLICER_ASKED) {
            take_policer(track, result);
        }
        sriov_link_result_destroy(result);
    }
}

/* Takes over what the reader has. */
static void
take_results(void)
{
    struct sriov_model *model;
    long long int took;

    take_link_results();
    if (!sriov_reader_take(cx->reader, &model, &took)) {
        return;
    }
    sriov_schedule_read_done(&cx->schedule, time_msec(), took);
    if (!model) {
        return;                 /* The source has it tried again. */
    }
    sriov_policy_set_links(model);
    take_model(model);
    if (sriov_commands_wait_for(cx->commands, cx->n_readings)) {
        sriov_history_forgive(&cx->history);
        sriov_schedule_changed(&cx->schedule, time_msec());
        sriov_commands_have_read(cx->commands, cx->n_readings);
    }
}

/* Plans. */

static void
make_plan_input(struct sriov_plan_input *in, const struct sriov_view *view)
{
    const struct sriov_defaults *defaults = &cx->defaults;

    *in = (struct sriov_plan_input) {
        .model = cx->model,
        .view = view,
        .history = &cx->history,
        .enabled = defaults->enable != SRIOV_FALSE,
        .acting = defaults->acting && defaults->enable != SRIOV_FALSE,
        .forced = defaults->enable == SRIOV_TRUE,
        .hw_tc = !strcmp(defaults->hw_offload.value, "true"),
        .dpdk = cx->dpdk,
        .now = time_msec(),
        .started = cx->started,
    };
}

/* Has the link of 'op' prepared, which is not to be done again unless it
 * fails. */
static void
prepare_link(const struct sriov_op *op)
{
    struct sriov_track *track = sriov_history_find(&cx->history,
                                                   op->port->key);

    track->set_up = track->set_up || op->up;
    track->set_hw_tc = track->set_hw_tc || op->hw_tc;
    if (op->policer) {
        track->policer = SRIOV_POLICER_ASKED;
    }
    sriov_reader_set_link(cx->reader, op->port->key, op->port->link, op->up,
                          op->hw_tc, op->policer);
}

/* Remembers that bridge.c is made to try 'op->old' again. */
static void
note_retry(const struct sriov_op *op)
{
    struct sriov_track *track = sriov_history_find(&cx->history,
                                                   op->port->key);
    const char *error = op->decision->iface->error;

    VLOG_INFO("%s: Open vSwitch could not add it (%s), trying again",
              op->old->name, error ? error : "no reason given");
    track->retries++;
    track->failed_since = time_msec();
}

/* Remembers that the ports in 'view' whose Interfaces are 'detached' are
 * attached again. */
static void
note_reattached(const struct sriov_view *view, const struct sset *detached)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &view->ports) {
        struct sriov_track *track = sriov_history_find(&cx->history,
                                                       node->name);
        const struct sriov_view_port *port = node->data;

        if (track && port->n_ifaces == 1
            && sset_contains(detached, port->ifaces[0]->name)) {
            track->attached = track->ifindex;
        }
    }
}

/* Remembers that the DPDK port 'op->old', or those of the device of an uplink,
 * are attached again to what has come in place of theirs, and adds the names
 * of their Interfaces in 'view' to 'detached'. */
static void
note_reattach(const struct sriov_op *op, const struct sriov_view *view,
              struct sset *detached)
{
    struct sriov_track *track = sriov_history_find(&cx->history,
                                                   op->port->key);

    VLOG_INFO("%s: its device was created anew, attaching it again",
              op->old ? op->old->name : op->port->dev_name);
    track->attached = op->port->link->ifindex;
    if (op->old) {
        sset_add(detached, op->old->name);
    } else {
        sriov_dpdk_ports_of(view, op->port->dev_name, detached);
        note_reattached(view, detached);
    }
}

/* Brings the tallies of the DPDK ports in 'plan' up to date with the counters
 * of 'survey'; NULL if there is none that has ended.  Returns true if counters
 * are missing for a tally to begin. */
static bool
update_tallies(const struct sriov_plan *plan,
               const struct sriov_survey *survey)
{
    bool missing = false;

    for (size_t i = 0; cx->defaults.userspace && i < plan->n_decisions; i++) {
        const struct sriov_decision *d = &plan->decisions[i];
        const struct sriov_link *link = d->port->link;
        struct sriov_track *track = sriov_history_find(&cx->history,
                                                       d->port->key);
        const struct sriov_counters *kernel;
        struct sriov_traffic rx, tx;

        if (!track || !link) {
            continue;
        } else if (!d->iface || !sriov_dpdk_is_port(d->iface)
                   || !d->iface->has_ofport || d->iface->ofport < 0) {
            track->tally.ifindex = 0;
            continue;
        }
        kernel = survey ? sriov_survey_counters(survey, link->ifindex) : NULL;
        if (!kernel) {
            missing = missing || track->tally.ifindex != link->ifindex;
        } else if (sriov_ports_read_dpdk(d->iface->name, &rx, &tx)) {
            sriov_tally_update(&track->tally, kernel, &rx, &tx);
        }
    }
    return missing;
}

/* Has tallies begin for the DPDK ports in 'plan' that are new.  A survey in a
 * thread reads the kernel's counters, and then there is another plan. */
static void
begin_tallies(const struct sriov_plan *plan)
{
    bool done = cx->survey && sriov_survey_is_done(cx->survey);
    bool missing = update_tallies(plan, done ? cx->survey : NULL);

    if (done) {
        sriov_survey_destroy(cx->survey);
        cx->survey = NULL;
    } else if (missing && !cx->survey && cx->from_kernel) {
        cx->survey = sriov_survey_start(&(struct sriov_survey_options) {
            .counters = true,
        });
    }
}

/* Does to devices, and in ovs-vswitchd, what 'plan', made for 'view', says. */
static void
do_now(const struct sriov_plan *plan, const struct sriov_view *view)
{
    struct smap failed = SMAP_INITIALIZER(&failed);
    struct sset detached = SSET_INITIALIZER(&detached);

    for (size_t i = 0; i < plan->n_ops; i++) {
        const struct sriov_op *op = &plan->ops[i];

        if (op->type == SRIOV_OP_LINK) {
            prepare_link(op);
        } else if (op->type == SRIOV_OP_RETRY) {
            note_retry(op);
            smap_replace(&failed, op->old->name, op->old->name);
        } else if (op->type == SRIOV_OP_REATTACH) {
            note_reattach(op, view, &detached);
        }
    }
    sriov_reader_flush(cx->reader);
    take_link_results();
    if (!sset_is_empty(&detached)) {
        sriov_ports_detach(&detached);
    }
    if (!smap_is_empty(&failed)) {
        sriov_ports_forget(&failed);
    }
    if (!smap_is_empty(&failed) || !sset_is_empty(&detached)) {
        /* Have bridge.c configure its ports again. */
        if_notifier_manual_report();
        sriov_schedule_changed(&cx->schedule, time_msec());
    }
    sset_destroy(&detached);
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
    sriov_session_commit(cx->session, plan);
    cx->n_transactions++;
}

static void
make_schedule_input(struct sriov_schedule_input *in)
{
    *in = (struct sriov_schedule_input) {
        .now = time_msec(),
        .reader_busy = sriov_reader_is_busy(cx->reader),
        .links_busy = sriov_reader_sets_links(cx->reader),
        .known = cx->model_known,
        .leader = cx->leader,
        .active = cx->leader && (cx->defaults.acting || cx->ports_left),
        .defaults_stale = cx->defaults_stale,
        .session_open = sriov_session_is_open(cx->session),
        .session_ready = sriov_session_is_ready(cx->session),
    };
}

/* Makes a plan and carries it out.  If it writes, and our session with the
 * database is not there yet, that is opened, and what is to be written is
 * found out again with what it says. */
static void
run_plan(void)
{
    const struct sriov_view *view = sriov_session_read_view(
        cx->session, cx->config, cx->config_seqno);
    struct sriov_schedule_input now;
    struct sriov_plan_input in;
    struct sriov_plan *plan;

    sriov_history_update(&cx->history, cx->model, view, time_msec());
    make_plan_input(&in, view);
    plan = sriov_plan_create(&in);
    cx->n_plans++;
    begin_tallies(plan);
    do_now(plan, view);

    make_schedule_input(&now);
    switch (sriov_schedule_planned(&cx->schedule, &now, plan->wake,
                                   plan->writes, plan->absent)) {
    case SRIOV_OPEN:
        sriov_session_open(cx->session);
        break;

    case SRIOV_WRITE:
        do_write(plan);
        break;

    case SRIOV_NOTHING:
    case SRIOV_READ:
    case SRIOV_CLOSE:
    case SRIOV_PLAN:
    default:
        break;
    }
    cx->ports_left = plan->writes || !shash_is_empty(&view->ports);
    sriov_plan_destroy(plan);
}

/* The main loop. */

/* Does what is due, with one plan at most: bridge.c has to see what came of
 * it. */
static void
act(void)
{
    struct sriov_schedule_input in;

    for (;;) {
        take_results();
        make_schedule_input(&in);
        switch (sriov_schedule_next(&cx->schedule, &in)) {
        case SRIOV_READ:
            cx->n_readings++;
            sriov_reader_start(cx->reader);
            break;

        case SRIOV_CLOSE:
            if (sriov_session_can_close(cx->session, cx->config)) {
                sriov_session_close(cx->session);
            }
            break;

        case SRIOV_PLAN:
            run_plan();
            return;

        case SRIOV_NOTHING:
        case SRIOV_OPEN:
        case SRIOV_WRITE:
        default:
            return;
        }
    }
}

/* Returns true unless 'port' of 'bridge' is a bond that may not send. */
static bool
port_may_send(const struct ovsrec_bridge *bridge,
              const struct ovsrec_port *port)
{
    struct sset members = SSET_INITIALIZER(&members);
    bool may_send;

    if (port->n_interfaces < 2) {
        return true;
    }
    for (size_t i = 0; i < port->n_interfaces; i++) {
        sset_add(&members, port->interfaces[i]->name);
    }
    may_send = sriov_restart_may_send(bridge->name, &members);
    sset_destroy(&members);
    return may_send;
}

/* Returns true if all bonds may send. */
static bool
bonds_may_send(void)
{
    for (size_t i = 0; i < cx->config->n_bridges; i++) {
        const struct ovsrec_bridge *bridge = cx->config->bridges[i];

        for (size_t j = 0; j < bridge->n_ports; j++) {
            if (!port_may_send(bridge, bridge->ports[j])) {
                return false;
            }
        }
    }
    return true;
}

/* Has what forwards by now take over from what the ovs-vswitchd before this
 * one left, step by step (see datapath/restart.h).  Flows that have come up
 * before ports had their flow API are set up once more, for the NIC to have
 * them.
 *
 * Whoever waits for a change of the configuration may count on it then, the
 * NIC's rules included. */
static void
take_over(void)
{
    if (!cx->configured) {
        return;
    }
    sriov_lacp_loaded();
    switch (sriov_restart_get()) {
    case SRIOV_RESTART_NONE:
        break;

    case SRIOV_RESTART_CONFIGURE:
        if (!ofproto_get_flow_restore_wait()) {
            sriov_fdb_restore(cx->config);
            sriov_restart_set(SRIOV_RESTART_RECEIVE);
            cx->restart_seqno = cx->config_seqno;
            cx->restart_deadline = time_msec() + BONDS_WAIT;
            poll_immediate_wake();
        }
        break;

    case SRIOV_RESTART_RECEIVE:
        if (cx->config_seqno == cx->restart_seqno
            && time_msec() < cx->restart_deadline && !bonds_may_send()) {
            break;
        }
        sriov_restart_set(SRIOV_RESTART_NONE);
        if (sriov_compat_hw_offload_enabled()) {
            sriov_ports_offload();
            sriov_purge_flows(cx->config);
        }
        break;

    default:
        OVS_NOT_REACHED();
    }
}

/* Not before what an earlier ovs-vswitchd kept is restored. */
static bool
keeps_fdb(void)
{
    return (cx->leader && cx->defaults.acting && cx->from_kernel
            && sriov_restart_get() != SRIOV_RESTART_CONFIGURE);
}

void
cx_sriov_run(void)
{
    take_over();
    release_uplinks();
    cx->leader = cx->configured;
    cx->configured = false;
    if (!cx->leader) {
        cx->config = NULL;
    }
    sriov_sources_run();
    sriov_lacp_run();
    if (keeps_fdb()) {
        sriov_fdb_run(&cx->fdb, cx->config);
    }
    sriov_commands_run(cx->commands);
    if (!cx->reader) {
        return;
    }
    if (cx->dpdk != dpdk_is_ready()) {
        cx->dpdk = !cx->dpdk;
        sriov_schedule_changed(&cx->schedule, time_msec());
    }
    if (cx->survey && sriov_survey_is_done(cx->survey)) {
        sriov_schedule_changed(&cx->schedule, time_msec());
    }
    if (sriov_reader_run(cx->reader, cx->model)) {
        sriov_schedule_kernel_changed(&cx->schedule, false);
    }
    if (sriov_session_is_open(cx->session)
        && sriov_session_run(cx->session)) {
        sriov_schedule_session_changed(&cx->schedule);
    }
    act();
}

void
cx_sriov_wait(void)
{
    struct sriov_schedule_input in;
    long long int when;

    cx->config = NULL;
    sriov_sources_wait();
    sriov_lacp_wait();
    if (keeps_fdb()) {
        sriov_fdb_wait(&cx->fdb);
    }
    sriov_commands_wait(cx->commands);
    /* Without a database take_over() has nothing to do. */
    if (cx->leader && sriov_restart_get() == SRIOV_RESTART_RECEIVE) {
        poll_timer_wait_until(cx->restart_deadline);
    }
    if (!cx->reader) {
        return;
    }
    sriov_reader_wait(cx->reader);
    if (cx->survey && !sriov_survey_is_done(cx->survey)) {
        sriov_survey_wait(cx->survey);
    }
    if (sriov_session_is_open(cx->session)) {
        sriov_session_wait(cx->session);
    }
    make_schedule_input(&in);
    when = sriov_schedule_wake(&cx->schedule, &in);
    if (when == LLONG_MIN) {
        poll_immediate_wake();
    } else if (when != LLONG_MAX) {
        poll_timer_wait_until(when);
    }
}

void
cx_sriov_exit(void)
{
    release_uplinks();
    free(cx->held);
    sriov_policy_set_active(false);
    netdev_set_flow_api_filter(NULL);
    sriov_reader_destroy(cx->reader);
    sriov_commands_destroy(cx->commands);
    sriov_survey_destroy(cx->survey);
    sriov_session_destroy(cx->session);
    sriov_model_destroy(cx->model);
    sriov_bond_destroy();
    free(cx->bond_signature);
    sriov_history_destroy(&cx->history);
    sriov_defaults_destroy(&cx->defaults);
    free(cx);
    cx = NULL;
}

/* What the commands ask. */

static void
commands_begin(void *aux OVS_UNUSED, struct sriov_show *show)
{
    const struct sriov_view *view = sriov_session_update_view(
        cx->session, cx->config, cx->config_seqno);
    long long int since = (cx->reader ? sriov_reader_since(cx->reader)
                           : LLONG_MAX);
    struct sriov_plan_input in;

    make_plan_input(&in, view);
    show->defaults = &cx->defaults;
    show->model = cx->model;
    show->model_known = cx->model_known || !cx->reader;
    show->late = time_msec() - LATE > since;
    show->age = show->late ? (time_msec() - since) / 1000 : 0;
    show->readings = cx->n_readings;
    show->plans = cx->n_plans;
    show->transactions = cx->n_transactions;
    show->view = view;
    show->view_known = sriov_session_view_is_known(cx->session);
    show->history = &cx->history;
    show->plan = sriov_plan_create(&in);
    show->other_config = cx->config ? &cx->config->other_config : NULL;
}

static void
commands_end(void *aux OVS_UNUSED, struct sriov_show *show)
{
    sriov_plan_destroy(CONST_CAST(struct sriov_plan *, show->plan));
}

static bool
commands_has_counters(void *aux OVS_UNUSED)
{
    return cx->from_kernel && cx->model->n_ports;
}

static void
commands_count(void *aux OVS_UNUSED, const struct sriov_show *show)
{
    update_tallies(show->plan, show->survey);
}

/* What happened until now is in the next reading that starts. */
static bool
commands_resync(void *aux OVS_UNUSED, unsigned int *reading)
{
    if (!cx->reader) {
        return false;
    }
    sriov_schedule_kernel_changed(&cx->schedule, true);
    *reading = cx->n_readings + 1;
    return true;
}

static const struct sriov_commands_class commands_class = {
    .begin = commands_begin,
    .end = commands_end,
    .has_counters = commands_has_counters,
    .count = commands_count,
    .resync = commands_resync,
};

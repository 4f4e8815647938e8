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

/* The source that asks the kernel.  See source.h for where it stands.
 *
 *     RTNLGRP_LINK, devlink "config", nlctrl "notify", udev's net and pci
 *          |
 *          | events, in the main thread
 *          v
 *        dirty --> read (rtnetlink, devlink, ethtool, udev, sysfs) --> model
 *
 * Events arrive on sockets of their own, opened before the first read, and are
 * only looked at for whether they can matter.  Each read opens new sockets for
 * its requests, so that no answer to an earlier one can be in its way, and
 * reads everything.  (There is no need to listen to ethtool: a change of a
 * feature is an event of RTNLGRP_LINK as well.)
 *
 * Without an eswitch, only the three netlink groups wake us up, and a second
 * look after what they told of. */

#include <config.h>
#include "inventory/source.h"

#include <errno.h>
#include <limits.h>
#include <linux/rtnetlink.h>
#include <netlink/socket.h>
#include <stdlib.h>
#include <string.h>

#include "coverage.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/util.h"
#include "openvswitch/vlog.h"
#include "inventory/model.h"
#include "inventory/netlink.h"
#include "inventory/udev.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(sriov_source_netlink);

COVERAGE_DEFINE(sriov_events_lost);
COVERAGE_DEFINE(sriov_read);
COVERAGE_DEFINE(sriov_read_interrupted);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 5);

enum {
    /* Attempts to read everything without something changing meanwhile. */
    MAX_ATTEMPTS = 4,

    /* Milliseconds from a read to the second look: see 'again'. */
    SECOND_LOOK = 1000,

    /* Milliseconds from a failed read to the next one: doubled each time. */
    MIN_BACKOFF = 100,
    MAX_BACKOFF = 10 * 1000,
};

/* What the reading thread works with, between 'begin' and 'done'.  The main
 * thread looks at it only when no reading is under way. */
struct reading {
    int ethtool;                /* As struct sriov_nl has it. */
    struct sriov_udev_state udev;
    int error;                  /* Of the last 'read', or 0. */
    /* Of the last 'read', for 'done': coverage counters that a thread leaves
     * behind when it ends are lost. */
    unsigned int n_reads, n_interrupted;
};

struct netlink_source {
    struct sriov_source up;
    struct reading reading;

    /* Event sockets.  The reading thread has 'genl' join devlink's group; all
     * else is for the main thread. */
    struct nl_sock *route;
    struct nl_sock *genl;       /* NULL if there is no generic netlink. */

    struct sriov_udev_events udev; /* From when there is a link on. */
    bool deaf;                  /* 'udev' has no events.  Changed by 'done'
                                 * only, and read by 'read'. */

    bool dirty;                 /* An event since 'begin'. */
    bool again;                 /* Else no reason to read, but to do so once
                                 * more: an answer that was wrong, or a
                                 * message that could not be read, would be
                                 * believed until the next event. */
    bool second_look;           /* The reading under way is such a one. */
    bool under_way;             /* A reading is, from 'begin' to 'done'. */
    const struct sriov_model *current; /* Only inside netlink_run(). */
    int ethtool;                /* That of 'reading', as of the last 'done'. */
    long long int retry_at;     /* When to read again, in ms of time_msec(), or
                                 * LLONG_MAX. */
    int backoff;                /* Milliseconds, 0 after success. */
};

static int route_event(struct nl_msg *, void *);
static int genl_event(struct nl_msg *, void *);
static void receive(struct netlink_source *, struct nl_sock *,
                    const char *what);
static struct netlink_source *
netlink_source_cast(struct sriov_source *source)
{
    return CONTAINER_OF(source, struct netlink_source, up);
}

static void
netlink_close(struct sriov_source *source)
{
    struct netlink_source *src = netlink_source_cast(source);

    sriov_udev_stop(&src->udev);
    sriov_udev_state_destroy(&src->reading.udev);
    nl_socket_free(src->route);
    nl_socket_free(src->genl);
    free(src);
}

static int
netlink_open(struct sriov_source **sourcep)
{
    struct netlink_source *src = xzalloc(sizeof *src);
    int error;

    src->up.class = &sriov_source_netlink;
    src->retry_at = LLONG_MAX;
    src->dirty = true;
    sriov_udev_state_init(&src->reading.udev);

    error = sriov_nl_listen(NETLINK_ROUTE, route_event, src, &src->route);
    if (!error && nl_socket_add_membership(src->route, RTNLGRP_LINK)) {
        error = EPROTO;
    }
    if (error) {
        VLOG_ERR("cannot listen for changes of network devices (%s)",
                 ovs_strerror(error));
        netlink_close(&src->up);
        return error;
    }

    /* Without generic netlink there is no devlink, but there may be links with
     * names that tell enough. */
    error = sriov_nl_listen(NETLINK_GENERIC, genl_event, src, &src->genl);
    if (error) {
        VLOG_INFO("no generic netlink (%s), so no devlink",
                  ovs_strerror(error));
    }
    *sourcep = &src->up;
    return 0;
}

static bool
netlink_run(struct sriov_source *source, const struct sriov_model *current)
{
    struct netlink_source *src = netlink_source_cast(source);
    bool lost;

    src->current = current;
    receive(src, src->route, "network devices");
    receive(src, src->genl, "devlink");
    src->current = NULL;
    if (sriov_udev_receive(&src->udev, current, src->under_way, &lost)) {
        src->dirty = true;
    }
    if (lost) {
        COVERAGE_INC(sriov_events_lost);
    }
    if (time_msec() >= src->retry_at) {
        src->retry_at = LLONG_MAX;
        src->again = true;
    }
    return src->dirty || src->again;
}

static void
netlink_wait(struct sriov_source *source)
{
    struct netlink_source *src = netlink_source_cast(source);

    poll_fd_wait(nl_socket_get_fd(src->route), POLLIN);
    if (src->genl) {
        poll_fd_wait(nl_socket_get_fd(src->genl), POLLIN);
    }
    sriov_udev_wait(&src->udev);
    if (src->retry_at != LLONG_MAX) {
        poll_timer_wait_until(src->retry_at);
    }
}

static void
netlink_begin(struct sriov_source *source)
{
    struct netlink_source *src = netlink_source_cast(source);

    src->second_look = src->again && !src->dirty && !src->backoff;
    src->dirty = src->again = false;
    src->under_way = true;
    src->retry_at = LLONG_MAX;
}

/* Reads everything into 'model'.  Returns 0 or an error, with which 'model' is
 * incomplete.
 *
 * Joins the groups that the main thread listens to here: the kernel may hold
 * its lock for all of generic netlink while a driver answers somebody else
 * (genl_rcv() in net/netlink/genetlink.c, families without parallel_ops, such
 * as devlink before Linux 5.18). */
static int
read_model(struct netlink_source *src, struct sriov_model *model)
{
    struct sriov_nl nl;
    int error = sriov_nl_connect(&nl);

    if (error) {
        return error;
    }
    if (src->genl && nl.genl) {
        error = sriov_nl_join(src->genl, &nl);
    }
    src->reading.ethtool = nl.ethtool;
    error = error ? error : sriov_nl_read(&nl, model);
    sriov_nl_disconnect(&nl);
    return error;
}

/* Returns true if 'model', not yet finished, has anything to do with an
 * eswitch. */
static bool
has_eswitch(const struct sriov_model *model)
{
    for (size_t i = 0; i < model->n_devs; i++) {
        if (model->devs[i]->mode != SRIOV_MODE_NONE) {
            return true;
        }
    }
    return model->n_links > 0;
}

static struct sriov_model *
netlink_read(struct sriov_source *source)
{
    struct netlink_source *src = netlink_source_cast(source);
    struct sriov_model *model = NULL;
    int error = EINTR;

    for (int i = 0; i < MAX_ATTEMPTS && error == EINTR; i++) {
        sriov_model_destroy(model);
        model = sriov_model_create();
        error = read_model(src, model);
        src->reading.n_reads++;
        src->reading.n_interrupted += error == EINTR;
    }
    src->reading.error = error;
    if (error) {
        sriov_model_destroy(model);
        return NULL;
    }

    /* Devices without an eswitch are of use only beside others. */
    if (!has_eswitch(model)) {
        sriov_model_destroy(model);
        model = sriov_model_create();
    }
    sriov_udev_read(&src->reading.udev, model, src->deaf);
    sriov_model_finish(model);
    return model;
}

static void
netlink_done(struct sriov_source *source, const struct sriov_model *model)
{
    struct netlink_source *src = netlink_source_cast(source);

    src->under_way = false;
    COVERAGE_ADD(sriov_read, src->reading.n_reads);
    COVERAGE_ADD(sriov_read_interrupted, src->reading.n_interrupted);
    src->reading.n_reads = src->reading.n_interrupted = 0;
    src->ethtool = src->reading.ethtool;
    if (!model) {
        src->backoff = MIN(src->backoff ? 2 * src->backoff : MIN_BACKOFF,
                           MAX_BACKOFF);
        src->retry_at = time_msec() + src->backoff;
        VLOG_INFO_RL(&rl, "cannot read devices and links (%s), trying again "
                     "in %d ms", ovs_strerror(src->reading.error),
                     src->backoff);
        return;
    }
    src->backoff = 0;
    if (!src->second_look) {
        src->retry_at = time_msec() + SECOND_LOOK;
    }
    if (model->n_links && sriov_udev_start(&src->udev)) {
        /* Something may have happened before we listened. */
        src->dirty = true;
        src->deaf = !src->udev.monitor;
    }
}

static int
netlink_set_link(struct sriov_source *source OVS_UNUSED,
                 const struct sriov_link *link, bool up, bool hw_tc,
                 const char **step, char **detail)
{
    static const struct sriov_link_change set_up = { .up = true };
    bool turn_on = hw_tc && !(link->has_hw_tc && link->hw_tc);
    struct sriov_nl nl;
    int error;

    *step = "ask the kernel";
    *detail = NULL;
    error = sriov_nl_connect(&nl);
    if (error) {
        return error;
    }
    if (up && !link->up) {
        *step = "set up";
        error = sriov_nl_link_set(&nl, link->ifindex, &set_up, detail);
    }
    if (!error && turn_on) {
        *step = "turn hw-tc-offload on";
        error = sriov_nl_link_set_hw_tc(&nl, link->ifindex, detail);
    }
    sriov_nl_disconnect(&nl);
    return error;
}

static int
netlink_read_policer(struct sriov_source *source OVS_UNUSED, int ifindex,
                     bool *in_hw)
{
    struct sriov_nl nl;
    int error = sriov_nl_connect(&nl);

    *in_hw = false;
    if (!error) {
        error = sriov_nl_policer_read(&nl, ifindex, in_hw);
        sriov_nl_disconnect(&nl);
    }
    return error;
}

/* Asks for a device that is in no model: a tap, a veth, another NIC.  That
 * needs the RTNL mutex, as does the port that Open vSwitch is about to make of
 * it, but no lock of devlink's. */
static enum sriov_offload
netlink_offload(struct sriov_source *source, int ifindex)
{
    struct sriov_nl nl = {
        .ethtool = netlink_source_cast(source)->ethtool
    };
    enum sriov_offload offload = SRIOV_OFFLOAD_OTHERS;

    if (nl.ethtool && !sriov_nl_open(NETLINK_ROUTE, &nl.route)
        && !sriov_nl_open(NETLINK_GENERIC, &nl.genl)) {
        offload = sriov_nl_link_offload(&nl, ifindex);
    }
    sriov_nl_disconnect(&nl);
    return offload;
}

const struct sriov_source_class sriov_source_netlink = {
    .waits = true,
    .open = netlink_open,
    .close = netlink_close,
    .run = netlink_run,
    .wait = netlink_wait,
    .begin = netlink_begin,
    .read = netlink_read,
    .done = netlink_done,
    .set_link = netlink_set_link,
    .read_policer = netlink_read_policer,
    .offload = netlink_offload,
};

/* Events of netlink. */

static int
route_event(struct nl_msg *msg, void *src_)
{
    struct netlink_source *src = src_;

    if (!src->dirty) {
        src->dirty = sriov_nl_link_event(nlmsg_hdr(msg), src->current);
    }
    return NL_OK;
}

static int
genl_event(struct nl_msg *msg, void *src_)
{
    struct netlink_source *src = src_;

    if (!src->dirty) {
        src->dirty = sriov_nl_genl_event(nlmsg_hdr(msg));
    }
    return NL_OK;
}

/* Looks at the events that wait in 'sk', which may be NULL, about 'what'. */
static void
receive(struct netlink_source *src, struct nl_sock *sk, const char *what)
{
    int error = sk ? sriov_nl_receive(sk) : 0;

    if (error) {
        COVERAGE_INC(sriov_events_lost);
        VLOG_INFO_RL(&rl, "events about %s were lost (%s), reading "
                     "everything again", what, ovs_strerror(error));
        src->dirty = true;
    }
}

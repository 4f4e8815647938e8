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
 * Without an eswitch, only the three netlink groups wake us up. */

#include <config.h>
#include "inventory/source.h"

#include <errno.h>
#include <libudev.h>
#include <limits.h>
#include <linux/devlink.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>
#include <netlink/genl/genl.h>
#include <netlink/socket.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "coverage.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/util.h"
#include "openvswitch/vlog.h"
#include "simap.h"
#include "inventory/netlink.h"
#include "inventory/model.h"
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

    /* Milliseconds from a failed read to the next one: doubled each time. */
    MIN_BACKOFF = 100,
    MAX_BACKOFF = 10 * 1000,

    /* udev's events that are received at once. */
    MAX_UDEV_EVENTS = 1000,

    /* Bytes of udev's events that wait while we are busy. */
    UDEV_BUFFER_SIZE = 4 * 1024 * 1024,
};

/* What the reading thread works with, between 'begin' and 'done'.  The main
 * thread looks at it only when no reading is under way. */
struct reading {
    /* Numbers of generic netlink families, 0 while the kernel has none. */
    int devlink;
    int ethtool;

    struct udev *udev;          /* To ask; NULL until there is a link. */
    struct simap initialized;   /* Links that udev is done with: from their
                                 * names to their ifindexes. */
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

    /* udev's events; NULL until there is a link that matters. */
    struct udev *udev;
    struct udev_monitor *monitor;
    bool udev_runs;             /* Else 'monitor' listens to the kernel. */
    bool deaf;                  /* 'monitor' could not be had.  Changed by
                                 * 'done' only, and read by 'read'. */

    bool dirty;                 /* An event since 'begin'. */
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
static void find_families(struct netlink_source *, struct nl_sock *genl);

static bool udev_runs(void);
static bool udev_start(struct netlink_source *);
static void udev_receive(struct netlink_source *, const struct sriov_model *);
static void udev_stop(struct netlink_source *);
static void read_initialized(struct netlink_source *, struct sriov_model *);

static struct netlink_source *
netlink_source_cast(struct sriov_source *source)
{
    return CONTAINER_OF(source, struct netlink_source, up);
}

static void
netlink_close(struct sriov_source *source)
{
    struct netlink_source *src = netlink_source_cast(source);

    udev_stop(src);
    udev_unref(src->reading.udev);
    sriov_nl_close(src->route);
    sriov_nl_close(src->genl);
    simap_destroy(&src->reading.initialized);
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
    simap_init(&src->reading.initialized);

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

    src->current = current;
    receive(src, src->route, "network devices");
    receive(src, src->genl, "devlink");
    src->current = NULL;
    udev_receive(src, current);
    if (time_msec() >= src->retry_at) {
        src->retry_at = LLONG_MAX;
        src->dirty = true;
    }
    return src->dirty;
}

static void
netlink_wait(struct sriov_source *source)
{
    struct netlink_source *src = netlink_source_cast(source);

    poll_fd_wait(nl_socket_get_fd(src->route), POLLIN);
    if (src->genl) {
        poll_fd_wait(nl_socket_get_fd(src->genl), POLLIN);
    }
    if (src->monitor) {
        poll_fd_wait(udev_monitor_get_fd(src->monitor), POLLIN);
    }
    if (src->retry_at != LLONG_MAX) {
        poll_timer_wait_until(src->retry_at);
    }
}

static void
netlink_begin(struct sriov_source *source)
{
    struct netlink_source *src = netlink_source_cast(source);

    src->dirty = false;
    src->retry_at = LLONG_MAX;
}

/* Reads everything into 'model'.  Returns 0 or an error, with which 'model' is
 * incomplete. */
static int
read_model(struct netlink_source *src, struct sriov_model *model)
{
    struct reading *reading = &src->reading;
    struct nl_sock *route = NULL;
    struct nl_sock *genl = NULL;
    int error = 0;

    if (src->genl) {
        error = sriov_nl_open(NETLINK_GENERIC, &genl);
    }
    if (!error && genl) {
        find_families(src, genl);
    }
    if (!error && reading->devlink) {
        error = sriov_nl_devlink_read(genl, reading->devlink, model);
    }
    if (!error) {
        error = sriov_nl_open(NETLINK_ROUTE, &route);
    }
    if (!error) {
        error = sriov_nl_links_read(route, model);
    }
    if (!error && reading->ethtool) {
        error = sriov_nl_features_read(genl, reading->ethtool, model);
    }
    sriov_nl_close(route);
    sriov_nl_close(genl);
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
    read_initialized(src, model);
    sriov_model_finish(model);
    return model;
}

static void
netlink_done(struct sriov_source *source, const struct sriov_model *model)
{
    struct netlink_source *src = netlink_source_cast(source);

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
    if (model->n_links && udev_start(src)) {
        /* Something may have happened before we listened. */
        src->dirty = true;
    }
}

static int
netlink_set_link(struct sriov_source *source, const struct sriov_link *link,
                 bool up, bool hw_tc, const char **step, char **detail)
{
    static const struct sriov_link_change set_up = { .up = true };
    int ethtool = netlink_source_cast(source)->reading.ethtool;
    struct nl_sock *sk;
    int error = 0;

    *step = NULL;
    *detail = NULL;
    if (up && !link->up) {
        *step = "set up";
        error = sriov_nl_open(NETLINK_ROUTE, &sk);
        if (!error) {
            error = sriov_nl_link_set(sk, link->ifindex, &set_up, detail);
            sriov_nl_close(sk);
        }
    }
    if (!error && hw_tc && !(link->has_hw_tc && link->hw_tc)) {
        *step = "turn hw-tc-offload on";
        error = ethtool ? sriov_nl_open(NETLINK_GENERIC, &sk) : EOPNOTSUPP;
        if (!error) {
            error = sriov_nl_link_set_hw_tc(sk, ethtool, link->ifindex,
                                            detail);
            sriov_nl_close(sk);
        }
    }
    return error;
}

/* Asks for a device that is in no model: a tap, a veth, another NIC.  That
 * needs the RTNL mutex, as does the port that Open vSwitch is about to make of
 * it, but no lock of devlink's. */
static enum sriov_offload
netlink_offload(struct sriov_source *source, int ifindex)
{
    struct netlink_source *src = netlink_source_cast(source);
    struct nl_sock *route = NULL;
    struct nl_sock *genl = NULL;
    enum sriov_offload offload = SRIOV_OFFLOAD_OTHERS;

    if (src->ethtool && !sriov_nl_open(NETLINK_ROUTE, &route)
        && !sriov_nl_open(NETLINK_GENERIC, &genl)) {
        offload = sriov_nl_link_offload(route, genl, src->ethtool, ifindex);
    }
    sriov_nl_close(route);
    sriov_nl_close(genl);
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

/* Returns true if 'nlh' says that a family that matters appears or
 * vanishes. */
static bool
family_event(struct nlmsghdr *nlh)
{
    static const struct nla_policy policy[CTRL_ATTR_MAX + 1] = {
        [CTRL_ATTR_FAMILY_NAME] = { .type = NLA_STRING,
                                    .maxlen = GENL_NAMSIZ },
    };
    struct nlattr *tb[CTRL_ATTR_MAX + 1];

    if (genlmsg_valid_hdr(nlh, 0)
        && (genlmsg_hdr(nlh)->cmd == CTRL_CMD_NEWFAMILY
            || genlmsg_hdr(nlh)->cmd == CTRL_CMD_DELFAMILY)
        && sriov_nl_parse(nlh, GENL_HDRLEN, policy, tb, CTRL_ATTR_MAX)
        && tb[CTRL_ATTR_FAMILY_NAME]) {
        const char *name = nla_get_string(tb[CTRL_ATTR_FAMILY_NAME]);

        return (!strcmp(name, DEVLINK_GENL_NAME)
                || !strcmp(name, ETHTOOL_GENL_NAME));
    }
    return false;
}

/* What does not come from nlctrl comes from devlink: there are no other
 * groups.  (Its number may not be known here yet.) */
static int
genl_event(struct nl_msg *msg, void *src_)
{
    struct nlmsghdr *nlh = nlmsg_hdr(msg);
    struct netlink_source *src = src_;

    if (!src->dirty) {
        src->dirty = (nlh->nlmsg_type == GENL_ID_CTRL ? family_event(nlh)
                      : sriov_nl_devlink_event(nlh));
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

/* Joins 'group', unless it is 0.  Nothing of 'sk' but its descriptor is used,
 * so that the main thread may receive from it meanwhile.  To join twice does
 * no harm. */
static void
join(struct nl_sock *sk, int group)
{
    if (group) {
        nl_socket_add_membership(sk, group);
    }
}

/* Looks up the generic netlink families, and listens to devlink, if there is
 * one, and for families that come and go.  Reading thread: the kernel may hold
 * its lock for all of generic netlink while a driver answers somebody else
 * (genl_rcv() in net/netlink/genetlink.c, families without parallel_ops, such
 * as devlink before Linux 5.18). */
static void
find_families(struct netlink_source *src, struct nl_sock *genl)
{
    struct reading *reading = &src->reading;

    join(src->genl, sriov_nl_group(genl, "nlctrl", "notify"));
    reading->devlink = sriov_nl_family(genl, DEVLINK_GENL_NAME);
    reading->ethtool = sriov_nl_family(genl, ETHTOOL_GENL_NAME);
    if (reading->devlink) {
        join(src->genl, sriov_nl_group(genl, DEVLINK_GENL_NAME,
                                       DEVLINK_GENL_MCGRP_CONFIG_NAME));
    }
}

/* udev. */

/* Returns true if udev runs, and for our network namespace: it does not see
 * the devices of others. */
static bool
udev_runs(void)
{
    struct stat self, init;

    return (!access("/run/udev/control", F_OK)
            && (stat("/proc/self/ns/net", &self)
                || stat("/proc/1/ns/net", &init)
                || self.st_ino == init.st_ino));
}

/* Starts to listen to udev or, if it does not run, to the kernel, unless that
 * has been done.  Returns true if it has been done now. */
static bool
udev_start(struct netlink_source *src)
{
    bool runs = udev_runs();

    if (src->udev && src->udev_runs == runs) {
        return false;
    }
    udev_stop(src);
    src->udev_runs = runs;
    src->udev = udev_new();
    if (!src->udev) {
        out_of_memory();
    }
    src->monitor = udev_monitor_new_from_netlink(src->udev,
                                                 runs ? "udev" : "kernel");
    if (!src->monitor
        || udev_monitor_filter_add_match_subsystem_devtype(
               src->monitor, "net", NULL) < 0
        || udev_monitor_filter_add_match_subsystem_devtype(
               src->monitor, "pci", NULL) < 0
        || udev_monitor_enable_receiving(src->monitor) < 0) {
        VLOG_INFO_RL(&rl, "cannot listen to %s's device events",
                     runs ? "udev" : "the kernel");
        udev_monitor_unref(src->monitor);
        src->monitor = NULL;
    } else {
        /* Needs CAP_NET_ADMIN; works without, with a smaller buffer. */
        udev_monitor_set_receive_buffer_size(src->monitor, UDEV_BUFFER_SIZE);
    }
    src->deaf = !src->monitor;
    return true;
}

/* Returns true if 'model' has a VF's representor whose VF was not there yet:
 * drivers make representors first. */
static bool
lacks_vf(const struct sriov_model *model)
{
    for (size_t i = 0; i < model->n_ports; i++) {
        const struct sriov_port *port = model->ports[i];

        if (port->flavour == SRIOV_VF && !port->external && !port->vf_pci
            && !strcmp(port->bus, "pci")) {
            return true;
        }
    }
    return false;
}

/* Returns true if the event 'dev' may say that udev is done with a link in
 * 'current' with which it was not yet, or that the kernel is with a VF. */
static bool
udev_event_matters(struct udev_device *dev, const struct sriov_model *current)
{
    const char *subsystem = udev_device_get_subsystem(dev);
    const char *s = udev_device_get_property_value(dev, "IFINDEX");
    int ifindex;

    if (subsystem && !strcmp(subsystem, "pci")) {
        return lacks_vf(current);
    } else if (s && str_to_int(s, 10, &ifindex)) {
        const struct sriov_link *link = sriov_model_link(current, ifindex);

        return link && !link->initialized;
    } else {
        return false;
    }
}

/* Looks at udev's events. */
static void
udev_receive(struct netlink_source *src, const struct sriov_model *current)
{
    if (!src->monitor) {
        return;
    }
    for (int i = 0; i < MAX_UDEV_EVENTS; i++) {
        struct udev_device *dev;

        errno = 0;
        dev = udev_monitor_receive_device(src->monitor);
        if (dev) {
            if (!src->dirty && current) {
                src->dirty = udev_event_matters(dev, current);
            }
            udev_device_unref(dev);
        } else if (errno == ENOBUFS) {
            COVERAGE_INC(sriov_events_lost);
            src->dirty = true;
        } else if (errno != EINTR) {
            break;
        }
    }
}

static void
udev_stop(struct netlink_source *src)
{
    udev_monitor_unref(src->monitor);
    udev_unref(src->udev);
    src->monitor = NULL;
    src->udev = NULL;
}

/* Returns true if udev is done with the link 'name'.  It calls a device
 * initialized, and says so to all who ask, before it gives it its name. */
static bool
udev_is_done(struct udev *udev, const char *name)
{
    struct udev_device *dev
        = udev_device_new_from_subsystem_sysname(udev, "net", name);
    bool done = (dev && udev_device_get_is_initialized(dev) > 0
                 && !udev_device_get_property_value(dev, "ID_RENAMING"));

    udev_device_unref(dev);
    return done;
}

/* Fills in 'initialized' of the links in 'model'.  If nobody will tell when
 * udev is done with one, it counts as done. */
static void
read_initialized(struct netlink_source *src, struct sriov_model *model)
{
    struct simap initialized = SIMAP_INITIALIZER(&initialized);
    struct reading *reading = &src->reading;
    bool ask = model->n_links && !src->deaf && udev_runs();

    if (ask && !reading->udev) {
        reading->udev = udev_new();
        if (!reading->udev) {
            out_of_memory();
        }
    }
    for (size_t i = 0; i < model->n_links; i++) {
        struct sriov_link *link = model->links[i];

        link->initialized
            = (!ask
               || simap_get(&reading->initialized, link->name) == link->ifindex
               || udev_is_done(reading->udev, link->name));
        if (link->initialized) {
            simap_put(&initialized, link->name, link->ifindex);
        }
    }
    simap_swap(&initialized, &reading->initialized);
    simap_destroy(&initialized);
}

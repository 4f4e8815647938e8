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

/* See udev.h for where this stands, and libudev(3), udev(7). */

#include <config.h>
#include "inventory/udev.h"

#include <errno.h>
#include <libudev.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "inventory/model.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(sriov_udev);

enum {
    /* Events that are received at once. */
    MAX_EVENTS = 1000,

    /* Bytes of events that wait while we are busy. */
    BUFFER_SIZE = 4 * 1024 * 1024,
};

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

static struct udev *
new_udev(void)
{
    struct udev *udev = udev_new();

    if (!udev) {
        out_of_memory();
    }
    return udev;
}

/* Listening. */

bool
sriov_udev_start(struct sriov_udev_events *events)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 5);
    bool runs = udev_runs();

    if (events->udev && events->runs == runs) {
        return false;
    }
    sriov_udev_stop(events);
    events->runs = runs;
    events->udev = new_udev();
    events->monitor = udev_monitor_new_from_netlink(events->udev,
                                                    runs ? "udev" : "kernel");
    if (!events->monitor
        || udev_monitor_filter_add_match_subsystem_devtype(
               events->monitor, "net", NULL) < 0
        || udev_monitor_filter_add_match_subsystem_devtype(
               events->monitor, "pci", NULL) < 0
        || udev_monitor_enable_receiving(events->monitor) < 0) {
        VLOG_INFO_RL(&rl, "cannot listen to %s's device events",
                     runs ? "udev" : "the kernel");
        udev_monitor_unref(events->monitor);
        events->monitor = NULL;
    } else {
        /* Needs CAP_NET_ADMIN; works without, with a smaller buffer. */
        udev_monitor_set_receive_buffer_size(events->monitor, BUFFER_SIZE);
    }
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
 * 'current', or in the model that is being read if 'reading', with which it
 * was not yet, or that the kernel is with a VF. */
static bool
event_matters(struct udev_device *dev, const struct sriov_model *current,
              bool reading)
{
    const char *subsystem = udev_device_get_subsystem(dev);
    const char *s = udev_device_get_property_value(dev, "IFINDEX");
    int ifindex;

    if (subsystem && !strcmp(subsystem, "pci")) {
        return reading || lacks_vf(current);
    } else if (s && str_to_int(s, 10, &ifindex)) {
        const struct sriov_link *link = sriov_model_link(current, ifindex);

        return link ? !link->initialized : reading;
    } else {
        return false;
    }
}

bool
sriov_udev_receive(struct sriov_udev_events *events,
                   const struct sriov_model *current, bool reading,
                   bool *lost)
{
    bool matters = false;

    *lost = false;
    for (int i = 0; events->monitor && i < MAX_EVENTS; i++) {
        struct udev_device *dev;

        errno = 0;
        dev = udev_monitor_receive_device(events->monitor);
        if (dev) {
            matters = (matters
                       || (current && event_matters(dev, current, reading)));
            udev_device_unref(dev);
        } else if (errno == ENOBUFS) {
            matters = *lost = true;
        } else if (errno != EINTR) {
            break;
        }
    }
    return matters;
}

void
sriov_udev_wait(const struct sriov_udev_events *events)
{
    if (events->monitor) {
        poll_fd_wait(udev_monitor_get_fd(events->monitor), POLLIN);
    }
}

void
sriov_udev_stop(struct sriov_udev_events *events)
{
    udev_monitor_unref(events->monitor);
    udev_unref(events->udev);
    events->monitor = NULL;
    events->udev = NULL;
}

/* Asking. */

void
sriov_udev_state_init(struct sriov_udev_state *state)
{
    state->udev = NULL;
    simap_init(&state->initialized);
}

void
sriov_udev_state_destroy(struct sriov_udev_state *state)
{
    udev_unref(state->udev);
    simap_destroy(&state->initialized);
}

/* Returns true if udev is done with the link 'name'.  It calls a device
 * initialized, and says so to all who ask, before it gives it its name. */
static bool
is_done(struct udev *udev, const char *name)
{
    struct udev_device *dev
        = udev_device_new_from_subsystem_sysname(udev, "net", name);
    bool done = (dev && udev_device_get_is_initialized(dev) > 0
                 && !udev_device_get_property_value(dev, "ID_RENAMING"));

    udev_device_unref(dev);
    return done;
}

void
sriov_udev_read(struct sriov_udev_state *state, struct sriov_model *model,
                bool deaf)
{
    struct simap initialized = SIMAP_INITIALIZER(&initialized);
    bool ask = model->n_links && !deaf && udev_runs();

    if (ask && !state->udev) {
        state->udev = new_udev();
    }
    for (size_t i = 0; i < model->n_links; i++) {
        struct sriov_link *link = model->links[i];

        link->initialized
            = (!ask
               || simap_get(&state->initialized, link->name) == link->ifindex
               || is_done(state->udev, link->name));
        if (link->initialized) {
            simap_put(&initialized, link->name, link->ifindex);
        }
    }
    simap_swap(&initialized, &state->initialized);
    simap_destroy(&initialized);
}

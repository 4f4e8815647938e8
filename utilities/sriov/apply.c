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

/* See apply.h for where this stands. */

#include <config.h>
#include "sriov/apply.h"

#include <errno.h>
#include <inttypes.h>
#include <libudev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/util.h"
#include "sriov/host.h"
#include "sriov/netlink.h"
#include "sriov/plan.h"
#include "sset.h"
#include "timeval.h"
#include "util.h"

enum {
    /* Milliseconds to wait for one more representor. */
    WAIT_MS = 60 * 1000,

    /* Milliseconds between two looks, doubled each time: a look takes its time
     * from udev if there are many. */
    MIN_PAUSE = 20,
    MAX_PAUSE = 1000,
};

/* What carrying out a plan takes along. */
struct applier {
    const struct host_conf *conf;
    struct host_nl *nl;
    bool force;
    struct sset failed;         /* PFs that a step failed for. */
    struct sset renewed;        /* PFs whose VFs we made, so that nobody can
                                 * use them yet, whatever their driver is. */
};

/* Returns what went wrong, which the caller must free, or NULL if nothing did:
 * 'error', an errno value, and '*detail', the kernel's own words, which are
 * freed and can be NULL. */
static char *
describe(int error, char **detail)
{
    char *s = (!error ? NULL
               : *detail ? xasprintf("%s (%s)", *detail, ovs_strerror(error))
               : xstrdup(ovs_strerror(error)));

    free(*detail);
    *detail = NULL;
    return s;
}

/* Writes 'value' to the file at 'path'. */
static char *
write_file(const char *path, const char *value)
{
    int error = host_write_file(path, value);

    return error ? xstrdup(ovs_strerror(error)) : NULL;
}

/* Writes 'value' to the file 'name' in the folder of sysfs of the PCI device
 * 'pci'. */
static char *
write_pci(const char *pci, const char *name, const char *value)
{
    char *path = xasprintf("/sys/bus/pci/devices/%s/%s", pci, name);
    char *error = write_file(path, value);

    free(path);
    return error;
}

static char *
unbind_vf(const struct host_vf *vf)
{
    return write_pci(vf->pci, "driver/unbind", vf->pci);
}

/* Lets the kernel look for a driver for 'vf'. */
static char *
bind_vf(const struct host_vf *vf)
{
    return write_file("/sys/bus/pci/drivers_probe", vf->pci);
}

static char *
set_num_vfs(const struct host_pf *pf, unsigned int n)
{
    char *value = xasprintf("%u", n);
    char *error = write_pci(pf->pci, "sriov_numvfs", value);

    free(value);
    return error;
}

static char *
set_mac(struct applier *a, const struct host_section *section,
        const struct host_pf *pf, const struct host_vf *vf)
{
    struct eth_addr mac = host_vf_mac(section, vf->number);
    /* A network device takes the address when its driver starts. */
    bool rebind = vf->driver && vf->netdev;
    char *error = rebind ? unbind_vf(vf) : NULL;
    char *detail = NULL;

    if (!error) {
        error = describe(vf->label && !vf->from_names
                         ? host_nl_set_port_mac(a->nl, pf->pci, vf->port_index,
                                                mac, &detail)
                         : host_nl_set_vf_mac(a->nl, pf->ifindex, vf->number,
                                              mac, &detail), &detail);
    }
    if (rebind) {
        char *bind_error = bind_vf(vf);

        if (error) {
            free(bind_error);
        } else {
            error = bind_error;
        }
    }
    return error;
}

/* Carries out 'step' for 'vf', which wants it. */
static char *
do_vf(struct applier *a, const struct host_step *step,
      const struct host_pf *pf, const struct host_vf *vf)
{
    const struct host_section *section = step->section;
    char *detail = NULL;
    int error;

    switch (step->kind) {
    case HOST_STEP_UNBIND:
        return unbind_vf(vf);
    case HOST_STEP_BIND:
        return bind_vf(vf);
    case HOST_STEP_MAC:
        return set_mac(a, section, pf, vf);
    case HOST_STEP_NAMES: {
        char *name = host_name_of(a->conf, pf, vf->label);

        error = host_nl_rename(a->nl, vf->rep_ifindex, name, &detail);
        free(name);
        break;
    }
    case HOST_STEP_MTU:
        error = host_nl_set_mtu(a->nl, vf->rep_ifindex, section->mtu, &detail);
        break;
    case HOST_STEP_TRUST:
        error = host_nl_set_vf_trust(a->nl, pf->ifindex, vf->number,
                                     section->trust == HOST_ON, &detail);
        break;
    case HOST_STEP_SPOOFCHK:
        error = host_nl_set_vf_spoofchk(a->nl, pf->ifindex, vf->number,
                                        section->spoofchk == HOST_ON, &detail);
        break;
    case HOST_STEP_REMOVE:
    case HOST_STEP_LEGACY:
    case HOST_STEP_STEERING:
    case HOST_STEP_MODE:
    case HOST_STEP_MULTIPORT:
    case HOST_STEP_VFS:
    case HOST_STEP_WAIT:
    default:
        OVS_NOT_REACHED();
    }
    return describe(error, &detail);
}

/* Carries out 'step' for those of the VFs of 'pf' that want it. */
static char *
do_vfs(struct applier *a, const struct host_step *step,
       const struct host_pf *pf)
{
    for (size_t i = 0; i < pf->n_vfs; i++) {
        const struct host_vf *vf = &pf->vfs[i];

        if (host_vf_wants(step->kind, a->conf, pf, vf)
            && (host_vf_may(step->kind, vf, a->force)
                || sset_contains(&a->renewed, pf->pci))) {
            char *error = do_vf(a, step, pf, vf);

            if (error) {
                char *s = xasprintf("VF %u (%s%s%s): %s", vf->number, vf->pci,
                                    vf->rep ? ", " : "",
                                    vf->rep ? vf->rep : "", error);

                free(error);
                return s;
            }
        }
    }
    return NULL;
}

/* Returns true if udev runs and is not done yet with the network device
 * 'name', which it may be about to rename. */
static bool
udev_is_busy(const char *name)
{
    struct udev *udev = access("/run/udev/control", F_OK) ? NULL : udev_new();
    struct udev_device *dev;
    bool busy = false;

    if (udev) {
        dev = udev_device_new_from_subsystem_sysname(udev, "net", name);
        busy = (!dev || udev_device_get_is_initialized(dev) <= 0
                || udev_device_get_property_value(dev, "ID_RENAMING"));
        udev_device_unref(dev);
        udev_unref(udev);
    }
    return busy;
}

/* Waits until all VFs have their representors, and udev is done with them.
 * (ovs-vswitchd does not add them to a bridge before, either.) */
static char *
wait_for_reps(struct applier *a, const struct host_step *step)
{
    long long int deadline = 0;
    size_t before = 0;

    for (int pause = MIN_PAUSE; ; pause = MIN(2 * pause, MAX_PAUSE)) {
        const struct timespec ts = {
            .tv_sec = pause / 1000,
            .tv_nsec = pause % 1000 * 1000 * 1000,
        };
        struct host *host = host_read("", a->nl);
        const struct host_pf *pf = host_find_pf(host, step->pci);
        size_t n = 0;

        for (size_t i = 0; pf && i < pf->n_vfs; i++) {
            const struct host_vf *vf = &pf->vfs[i];

            n += vf->rep && !udev_is_busy(vf->rep);
        }
        if (!deadline || n > before) {
            deadline = time_msec() + WAIT_MS;
            before = n;
        }

        bool done = pf && n == pf->n_vfs && n == pf->num_vfs;
        char *late = (done || time_msec() < deadline ? NULL
                      : xasprintf("%"PRIuSIZE" of %u are there, and none "
                                  "came for %d s; see the kernel's log", n,
                                  pf ? pf->num_vfs : 0, WAIT_MS / 1000));
        host_destroy(host);
        if (done || late) {
            return late;
        }
        nanosleep(&ts, NULL);
    }
}

/* Carries out 'step'.  Returns NULL, or what went wrong, which the caller must
 * free. */
static char *
do_step(struct applier *a, const struct host_step *step)
{
    const struct host_section *section = step->section;
    struct host *host = host_read("", a->nl);
    const struct host_pf *pf = host_find_pf(host, step->pci);
    char *detail = NULL;
    char *error = NULL;

    if (!pf) {
        host_destroy(host);
        return xstrdup("the PF is gone");
    }
    switch (step->kind) {
    case HOST_STEP_REMOVE:
        error = set_num_vfs(pf, 0);
        break;
    case HOST_STEP_VFS:
        error = set_num_vfs(pf, section->vfs);
        sset_add(&a->renewed, pf->pci);
        break;
    case HOST_STEP_LEGACY:
        error = describe(host_nl_set_mode(a->nl, pf->pci, SRIOV_MODE_LEGACY,
                                          &detail), &detail);
        break;
    case HOST_STEP_STEERING:
        error = describe(host_nl_set_steering(a->nl, pf->pci,
                                              section->steering, &detail),
                         &detail);
        break;
    case HOST_STEP_MODE:
        error = describe(host_nl_set_mode(a->nl, pf->pci, section->mode,
                                          &detail), &detail);
        break;
    case HOST_STEP_MULTIPORT:
        error = describe(host_nl_set_multiport(a->nl, pf->pci,
                                               section->multiport == HOST_ON,
                                               &detail), &detail);
        break;
    case HOST_STEP_WAIT:
        error = wait_for_reps(a, step);
        break;
    case HOST_STEP_MTU:
        if (pf->mtu != section->mtu) {
            error = (pf->ifindex
                     ? describe(host_nl_set_mtu(a->nl, pf->ifindex,
                                                section->mtu, &detail),
                                &detail)
                     : xstrdup("the PF has no network device"));
        }
        error = error ? error : do_vfs(a, step, pf);
        break;
    case HOST_STEP_UNBIND:
    case HOST_STEP_NAMES:
    case HOST_STEP_MAC:
    case HOST_STEP_TRUST:
    case HOST_STEP_SPOOFCHK:
    case HOST_STEP_BIND:
    default:
        error = do_vfs(a, step, pf);
        break;
    }
    host_destroy(host);
    return error;
}

/* Carries out 'plan', and says of each step what became of it.  What comes
 * after one that failed is not done for the same PF, but for others.  Returns
 * true if everything was done. */
bool
host_apply(const struct host_plan *plan, const struct host_conf *conf,
           struct host_nl *nl, bool force)
{
    struct applier a = {
        .conf = conf,
        .nl = nl,
        .force = force,
        .failed = SSET_INITIALIZER(&a.failed),
        .renewed = SSET_INITIALIZER(&a.renewed),
    };

    for (size_t i = 0; i < plan->n; i++) {
        const struct host_step *step = &plan->steps[i];
        char *error = NULL;

        printf("%s: %s: ", step->pci, step->text);
        fflush(stdout);
        if (sset_contains(&a.failed, step->pci)
            && step->kind != HOST_STEP_BIND) {
            puts("not done");
        } else {
            error = (step->refusal ? xstrdup(step->refusal)
                     : do_step(&a, step));
            printf("%s%s\n", error ? "FAILED: " : "done", error ? error : "");
        }
        fflush(stdout);
        if (error) {
            sset_add(&a.failed, step->pci);
            free(error);
        }
    }

    bool ok = sset_is_empty(&a.failed);
    sset_destroy(&a.failed);
    sset_destroy(&a.renewed);
    return ok;
}

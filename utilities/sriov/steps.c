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

/* See steps.h for where this stands. */

#include <config.h>
#include "sriov/steps.h"

#include <errno.h>
#include <inttypes.h>
#include <libudev.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "openvswitch/dynamic-string.h"
#include "inventory/netlink.h"
#include "openvswitch/util.h"
#include "packets.h"
#include "sriov/bonds.h"
#include "sriov/conf.h"
#include "sriov/host.h"
#include "sriov/late.h"
#include "sriov/plan.h"
#include "sriov/recovery.h"
#include "sset.h"
#include "timeval.h"
#include "util.h"

enum {
    /* Milliseconds to wait for one more representor, or for udev to be done
     * with one more. */
    WAIT_MS = 60 * 1000,

    /* Milliseconds that VFs may come after their representors, which they may
     * not do at all as VFs of their PF: see count_reps(). */
    LINKS_MS = 5 * 1000,

    /* Milliseconds from a bond to the NIC's VF-LAG: work that the driver puts
     * off by a second while a mode changes (lag/lag.c). */
    LAG_MS = 10 * 1000,

    /* Milliseconds between two looks, doubled each time: a look takes its time
     * from udev if there are many. */
    MIN_PAUSE = 20,
    MAX_PAUSE = 1000,

    /* How often a step is tried that a driver is too busy for, or whose answer
     * is lost. */
    MAX_TRIES = 3,
};

/* PCI addresses of VFs, one a line, that have no driver because of us, for the
 * run after one that was killed. */
#define UNBOUND_FILE "/run/ovs-sriov.unbound"

/* What carrying out a plan takes along. */
struct applier {
    const struct host_conf *conf;
    const struct sriov_nl *nl;
    bool force;
    struct sset failed;         /* PFs for which a step failed that others
                                 * need. */
    struct sset unbound;        /* VFs that we took from their drivers... */
    struct sset noted;          /* ...and have not given back: what is in
                                 * UNBOUND_FILE. */
    sigset_t signals;           /* Those that end us; blocked. */
    const char *remark;         /* What else there is to say of a step. */
    bool warning;               /* What went wrong in it is no failure. */
    bool transient;             /* It may succeed if it is tried again. */
    struct sset renewed;        /* PFs whose VFs we made, so that nobody can
                                 * use them yet, whatever their driver is. */
};

/* Returns what went wrong, which the caller must free, or NULL if nothing did:
 * 'error', an errno value, and '*detail', the kernel's own words, which are
 * freed and can be NULL.  Notes whether that may be different soon. */
static char *
describe(struct applier *a, int error, char **detail)
{
    char *s = (!error ? NULL
               : *detail ? xasprintf("%s (%s)", *detail, ovs_strerror(error))
               : xstrdup(ovs_strerror(error)));

    a->transient |= sriov_nl_is_transient(error);
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

/* Writes UNBOUND_FILE, which is there as long as it has something to say.
 * Without it only a run that is killed would leave VFs without drivers, so that
 * no error is one. */
static void
write_noted(const struct applier *a)
{
    struct ds text = DS_EMPTY_INITIALIZER;
    const char *pci;

    SSET_FOR_EACH (pci, &a->noted) {
        ds_put_format(&text, "%s\n", pci);
    }
    if (text.length) {
        host_replace_file(UNBOUND_FILE, ds_cstr(&text));
    } else {
        unlink(UNBOUND_FILE);
    }
    ds_destroy(&text);
}

static char *
unbind_vf(struct applier *a, const struct host_vf *vf)
{
    sset_add(&a->unbound, vf->pci);
    sset_add(&a->noted, vf->pci);
    write_noted(a);
    return write_pci(vf->pci, "driver/unbind", vf->pci);
}

/* Lets the kernel look for a driver for the VF at 'pci'. */
static char *
probe_vf(const char *pci)
{
    return write_file("/sys/bus/pci/drivers_probe", pci);
}

/* Gives 'vf' back to its driver. */
static char *
bind_vf(struct applier *a, const struct host_vf *vf)
{
    char *error = probe_vf(vf->pci);

    sset_find_and_delete(&a->noted, vf->pci);
    write_noted(a);
    return error;
}

/* Returns true if a signal has come that is to end us. */
static bool
is_ended(const struct applier *a)
{
    sigset_t pending;

    sigpending(&pending);
    for (int i = 1; i < NSIG; i++) {
        if (sigismember(&pending, i) == 1 && sigismember(&a->signals, i)) {
            return true;
        }
    }
    return false;
}

/* Sets the network device 'link' up or down. */
static int
set_up(struct applier *a, const struct sriov_link *link, bool up)
{
    const struct sriov_link_change change = { .up = up, .down = !up };

    return sriov_nl_link_set(a->nl, link->ifindex, &change, NULL);
}

static unsigned int
get_num_vfs(const struct host_pf *pf)
{
    char *path = xasprintf("/sys/bus/pci/devices/%s", pf->pci);
    long long int n;

    if (!host_read_number(path, "sriov_numvfs", &n)) {
        n = 0;
    }
    free(path);
    return n;
}

static char *
write_num_vfs(const struct host_pf *pf, unsigned int n)
{
    char *value = xasprintf("%u", n);
    char *error = write_pci(pf->pci, "sriov_numvfs", value);

    free(value);
    return error;
}

/* Gives 'pf' 'n' VFs.  A driver may say that it has, and not have: bnxt_en
 * does so while its network device is down (bnxt_sriov.c,
 * bnxt_sriov_configure). */
static char *
set_num_vfs(struct applier *a, const struct host_pf *pf, unsigned int n)
{
    char *error = get_num_vfs(pf) == n ? NULL : write_num_vfs(pf, n);

    if (get_num_vfs(pf) != n && n && pf->link && !pf->link->up) {
        free(error);
        error = NULL;
        if (!set_up(a, pf->link, true)) {
            a->remark = "after its network device was set up, without which "
                        "the driver makes none";
            error = write_num_vfs(pf, n);
        }
    }
    if (!error && get_num_vfs(pf) != n) {
        error = xasprintf("the driver said that all is well, but there are "
                          "%u; see the kernel's log", get_num_vfs(pf));
    }
    return error;
}

/* Gives 'pf' the VFs of 'step', which may be to have no drivers. */
static char *
make_vfs(struct applier *a, const struct host_step *step,
         const struct host_pf *pf)
{
    bool late = step->late && host_late_has(pf->pci);
    char *error;

    if (late) {
        host_late_set_autoprobe(pf->pci, false);
    }
    error = set_num_vfs(a, pf, step->n_vfs);
    sset_add(&a->renewed, pf->pci);
    if (late) {
        host_late_set_autoprobe(pf->pci, true);
    }
    return error;
}

static int
request_mode(struct applier *a, const struct host_pf *pf, enum sriov_mode mode,
             char **detail)
{
    return sriov_nl_set_mode(a->nl, pf->pci, mode, detail);
}

/* Sets the mode of 'pf', whose driver said EPERM without VFs, with those of
 * 'step', which do not stay if it is refused again: bnxt_en up to Linux 6.2
 * (bnxt_vfr.c, bnxt_dl_eswitch_mode_set). */
static char *
set_mode_with_vfs(struct applier *a, const struct host_step *step,
                  const struct host_pf *pf, enum sriov_mode mode)
{
    char *error = set_num_vfs(a, pf, step->n_vfs);
    char *detail = NULL;

    if (error) {
        return error;
    }
    error = describe(a, request_mode(a, pf, mode, &detail), &detail);
    if (error) {
        free(set_num_vfs(a, pf, 0));
    } else {
        a->remark = "with VFs, which the driver needs for that";
        sset_add(&a->renewed, pf->pci);
    }
    return error;
}

/* Sets the mode of 'pf' for 'step'.  Where a driver does not do so with VFs,
 * or not without them, VFs go or come first.
 *
 * ice says EOPNOTSUPP of VFs that are there.  mlx5 takes them, but the firmware
 * 26.42 of a ConnectX-6 Lx does not, even without drivers: it refuses a flow
 * table, and the driver says EINVAL (sriov-network-operator, issue 1015). */
static char *
set_mode(struct applier *a, const struct host_step *step,
         const struct host_pf *pf, enum sriov_mode mode)
{
    unsigned int n = get_num_vfs(pf);
    char *detail = NULL;
    bool users = false;
    int error;

    if (host_pf_mode(pf) == mode) {
        return NULL;            /* Only the driver's answer was lost. */
    }
    error = request_mode(a, pf, mode, &detail);

    for (size_t i = 0; i < pf->n_vfs; i++) {
        users |= pf->vfs[i].user != NULL;
    }
    if (error && error != EBUSY && n && (!users || a->force)) {
        char *vfs_error;
        char *why = describe(a, error, &detail);

        error = 0;
        vfs_error = set_num_vfs(a, pf, 0);
        if (!vfs_error) {
            a->remark = "without VFs, which the driver needs for that; they "
                        "are made anew";
            sset_add(&a->renewed, pf->pci);
            error = request_mode(a, pf, mode, &detail);
            vfs_error = set_num_vfs(a, pf, n);
        }
        if (vfs_error) {
            free(detail);
            free(why);
            return vfs_error;
        }
        free(why);
    } else if (error == EPERM && !n && step->n_vfs && pf->driver
               && !strcmp(pf->driver, "bnxt_en")) {
        free(detail);
        return set_mode_with_vfs(a, step, pf, mode);
    }
    return describe(a, error, &detail);
}

/* Sets the mode of 'pf' that 'step' says. */
static char *
change_mode(struct applier *a, const struct host_step *step,
            const struct host_pf *pf)
{
    enum sriov_mode mode = (step->kind == HOST_STEP_LEGACY ? SRIOV_MODE_LEGACY
                            : step->section->mode);
    char *error = set_mode(a, step, pf, mode);

    if (mode == SRIOV_MODE_LEGACY) {
        host_recovery_forget(pf->pci);
    } else if (error) {
        host_recovery_failed(pf->pci);
    }
    return error;
}

/* Renames a representor.  Up to Linux 6.1 one that is up cannot be renamed: it
 * goes down for that, as its VF is not in use. */
static int
rename_rep(struct applier *a, const struct host_vf *vf, const char *name,
           char **detail)
{
    const struct sriov_link_change change = { .name = name };
    const struct sriov_link *rep = host_vf_rep(vf);
    int error = sriov_nl_link_set(a->nl, rep->ifindex, &change, detail);

    if (error == EBUSY && rep->up && !set_up(a, rep, false)) {
        free(*detail);
        *detail = NULL;
        error = sriov_nl_link_set(a->nl, rep->ifindex, &change, detail);
        set_up(a, rep, true);
    }
    return error;
}

/* Sets an attribute of 'vf' of 'pf'; others are zeros or -1. */
static int
set_vf(struct applier *a, const struct host_pf *pf, const struct host_vf *vf,
       struct eth_addr mac, int trust, int spoofchk, char **detail)
{
    const struct sriov_vf change = {
        .number = vf->number, .mac = mac, .trust = trust, .spoofchk = spoofchk
    };

    if (!pf->link) {
        *detail = xstrdup("the PF has no network device");
        return ENODEV;
    }
    return sriov_nl_vf_set(a->nl, pf->link->ifindex, &change, detail);
}

static char *
set_mac(struct applier *a, const struct host_section *section,
        const struct host_pf *pf, const struct host_vf *vf)
{
    struct eth_addr mac = host_vf_mac(section, vf->number);
    /* A network device takes the address when its driver starts. */
    bool rebind = vf->driver && vf->netdev;
    char *error = rebind ? unbind_vf(a, vf) : NULL;
    char *detail = NULL;

    if (!error) {
        error = describe(a, vf->port && !vf->port->from_names
                         ? sriov_nl_set_port_mac(a->nl, pf->pci,
                                                 vf->port->index, mac,
                                                 &detail)
                         : set_vf(a, pf, vf, mac, -1, -1, &detail), &detail);
    }
    if (rebind) {
        char *bind_error = bind_vf(a, vf);

        if (error) {
            free(bind_error);
        } else {
            error = bind_error;
        }
    }
    return error;
}

static int
set_mtu(struct applier *a, const struct sriov_link *link, unsigned int mtu,
        char **detail)
{
    const struct sriov_link_change change = { .mtu = mtu };

    return sriov_nl_link_set(a->nl, link->ifindex, &change, detail);
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
        return unbind_vf(a, vf);
    case HOST_STEP_BIND:
        return bind_vf(a, vf);
    case HOST_STEP_MAC:
        return set_mac(a, section, pf, vf);
    case HOST_STEP_NAMES: {
        char *name = host_name_of(a->conf, pf, host_vf_label(vf));

        error = rename_rep(a, vf, name, &detail);
        free(name);
        break;
    }
    case HOST_STEP_MTU:
        error = set_mtu(a, host_vf_rep(vf), section->mtu, &detail);
        break;
    case HOST_STEP_TRUST:
        error = set_vf(a, pf, vf, eth_addr_zero, section->trust == HOST_ON, -1,
                       &detail);
        break;
    case HOST_STEP_SPOOFCHK:
        error = set_vf(a, pf, vf, eth_addr_zero, -1,
                       section->spoofchk == HOST_ON, &detail);
        break;
    case HOST_STEP_REMOVE:
    case HOST_STEP_LEGACY:
    case HOST_STEP_STEERING:
    case HOST_STEP_MODE:
    case HOST_STEP_UP:
    case HOST_STEP_MULTIPORT:
    case HOST_STEP_BOND:
    case HOST_STEP_LATE:
    case HOST_STEP_VFS:
    case HOST_STEP_WAIT:
    default:
        OVS_NOT_REACHED();
    }
    /* Some refuse these in switchdev mode, and need them not. */
    a->warning = error == EOPNOTSUPP && (step->kind == HOST_STEP_TRUST
                                         || step->kind == HOST_STEP_SPOOFCHK);
    return describe(a, error, &detail);
}

/* Returns true if 'step' is to be carried out for 'vf' of 'pf'. */
static bool
is_due(const struct applier *a, const struct host_step *step,
       const struct host_pf *pf, const struct host_vf *vf)
{
    return (host_vf_wants(step->kind, a->conf, pf, vf)
            && (step->kind != HOST_STEP_BIND
                || sset_contains(&a->unbound, vf->pci))
            && (host_vf_may(step->kind, vf, a->force)
                || sset_contains(&a->renewed, pf->pci)));
}

/* Carries out 'step' for those of the VFs of 'pf' that want it.  One for which
 * that fails holds up no other one, but where all are needed. */
static char *
do_vfs(struct applier *a, const struct host_step *step,
       const struct host_pf *pf)
{
    char *first = NULL;

    for (size_t i = 0; i < pf->n_vfs; i++) {
        const struct host_vf *vf = &pf->vfs[i];
        char *error = (is_due(a, step, pf, vf) ? do_vf(a, step, pf, vf)
                       : NULL);

        if (error && !first) {
            const char *rep = host_vf_rep_name(vf);

            first = xasprintf("VF %u (%s%s%s): %s", vf->number, vf->pci,
                              rep ? ", " : "", rep ? rep : "", error);
        }
        free(error);
        if (first && step->kind == HOST_STEP_UNBIND) {
            break;
        }
    }
    return first;
}

bool
host_udev_is_busy(const char *name)
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

/* Has the representor of 'vf' the name that it is to have?  Then udev has done
 * what we wait for, although it may say that it is renaming the device: until
 * the programs are done that another package's rule runs for it (netplan's,
 * one after the other), since the event that says otherwise waits for them. */
static bool
has_its_name(const struct applier *a, const struct host_pf *pf,
             const struct host_vf *vf)
{
    char *name = host_name_of(a->conf, pf, host_vf_label(vf));
    bool has = name && !strcmp(name, host_vf_rep_name(vf));

    free(name);
    return has;
}

/* Stores in '*n_reps' how many VFs of 'pf' have a representor, and returns with
 * how many udev is done.
 *
 * On an s390x VFs come later than sriov_numvfs says, and are functions without
 * a link to their PF unless all are on a bus of their own
 * (arch/s390/pci/pci_iov.c, zpci_iov_find_parent_pf()).  Without any link the
 * representors are counted. */
static size_t
count_reps(const struct applier *a, const struct host *host,
           const struct host_pf *pf, size_t *n_reps)
{
    size_t n = 0;

    *n_reps = 0;
    for (size_t i = 0; i < pf->n_vfs; i++) {
        const struct host_vf *vf = &pf->vfs[i];
        const char *rep = host_vf_rep_name(vf);

        *n_reps += rep != NULL;
        n += rep && (has_its_name(a, pf, vf) || !host_udev_is_busy(rep));
    }
    for (size_t i = 0; i < host->model->n_ports && !pf->n_vfs; i++) {
        const struct sriov_port *port = host->model->ports[i];

        if (pf->dev && port->dev == pf->dev && port->flavour == SRIOV_VF
            && !port->external && port->link) {
            ++*n_reps;
            n += !host_udev_is_busy(port->link->name);
        }
    }
    return n;
}

/* Waits until all VFs have their representors, and udev is done with them.
 * (ovs-vswitchd does not add them to a bridge before, either.) */
static char *
wait_for_reps(struct applier *a, const struct host_step *step)
{
    long long int deadline = 0;
    size_t before = 0;
    bool complete = false;

    for (int pause = MIN_PAUSE; ; pause = MIN(2 * pause, MAX_PAUSE)) {
        const struct timespec ts = {
            .tv_sec = pause / 1000,
            .tv_nsec = pause % 1000 * 1000 * 1000,
        };
        struct host *host = host_read("", a->nl);
        const struct host_pf *pf = host_find_pf(host, step->pci);
        size_t n_reps = 0;
        size_t n = pf ? count_reps(a, host, pf, &n_reps) : 0;
        bool alone = pf && !pf->n_vfs && pf->num_vfs;

        bool all = (pf && (alone || n_reps == pf->n_vfs)
                    && n_reps == pf->num_vfs);
        if (!deadline || n > before || all != complete) {
            deadline = time_msec() + WAIT_MS;
            before = n;
            complete = all;
        }

        bool done = (all && n == n_reps
                     && (!alone || (time_msec()
                                    > deadline - WAIT_MS + LINKS_MS)));
        char *late = (done ? NULL
                      : is_ended(a) ? xstrdup("ended by a signal")
                      : time_msec() < deadline ? NULL
                      : all ? xasprintf("udev is not done with %"PRIuSIZE" of "
                                        "them; see journalctl -u "
                                        "systemd-udevd", n_reps - n)
                      : xasprintf("%"PRIuSIZE" of %u are there, and none "
                                  "came for %d s; see the kernel's log",
                                  n_reps, pf ? pf->num_vfs : 0,
                                  WAIT_MS / 1000));
        host_destroy(host);
        if (done || late) {
            return late;
        }
        nanosleep(&ts, NULL);
    }
}

/* Puts the link of 'pf' into the bond 'ifindex', which sets it up.  It has to be
 * down for that (bond_main.c, bond_enslave()). */
static char *
join_bond(struct applier *a, const struct host_pf *pf, int ifindex)
{
    const struct sriov_link_change change = { .master = ifindex };
    char *detail = NULL;
    char *error, *s;

    if (!pf->link) {
        return xasprintf("%s has no network device", pf->pci);
    } else if (pf->link->master == ifindex) {
        return NULL;
    }
    if (pf->link->up) {
        set_up(a, pf->link, false);
    }
    error = describe(a, sriov_nl_link_set(a->nl, pf->link->ifindex, &change,
                                          &detail), &detail);
    if (error && pf->link->up) {
        set_up(a, pf->link, true);
    }
    s = error ? xasprintf("%s: %s", pf->link->name, error) : NULL;
    free(error);
    return s;
}

/* Waits until the NIC has made a VF-LAG of 'bond', which it does later, for as
 * long as LAG_MS: VFs that get their drivers before may keep it from
 * that. */
static void
wait_for_lag(struct applier *a, const struct host_bond *bond)
{
    const struct timespec ts = { .tv_nsec = 50 * 1000 * 1000 };
    long long int end = time_msec() + LAG_MS;
    const char *pci;
    size_t i;

    SVEC_FOR_EACH (i, pci, &bond->pfs) {
        while (host_lag_is_inactive("", pci)) {
            if (time_msec() > end || is_ended(a)) {
                a->remark = "there is no VF-LAG yet: see the kernel's log, "
                            "and ovs-sriov check";
                return;
            }
            nanosleep(&ts, NULL);
        }
    }
}

/* Makes 'bond', unless it is there, puts all of its PFs' links in it, and waits
 * for its VF-LAG. */
static char *
make_bond(struct applier *a, const struct host_bond *bond,
          const struct host *host)
{
    struct sriov_link_change change = {
        .up = true, .mtu = host_bond_mtu(a->conf, bond)
    };
    int ifindex = if_nametoindex(bond->name);
    char *detail = NULL;
    char *error = NULL;
    const char *pci;
    size_t i;

    if (!ifindex) {
        error = describe(a, sriov_nl_bond_add(a->nl, bond->name,
                                              host_bond_mode(bond),
                                              host_bond_lacp_rate(bond),
                                              host_bond_hash(bond), &detail),
                         &detail);
        ifindex = if_nametoindex(bond->name);
    }
    SVEC_FOR_EACH (i, pci, &bond->pfs) {
        const struct host_pf *pf = host_find_pf(host, pci);

        error = (error ? error
                 : pf ? join_bond(a, pf, ifindex)
                 : xasprintf("%s is gone", pci));
    }
    if (!error) {
        error = describe(a, sriov_nl_link_set(a->nl, ifindex, &change,
                                              &detail), &detail);
    }
    if (!error) {
        wait_for_lag(a, bond);
    }
    return error;
}

/* Returns a PF of 'bond' that is not in it, or NULL. */
static const struct host_pf *
find_outside(const struct host *host, const struct host_bond *bond)
{
    int ifindex = if_nametoindex(bond->name);
    const char *pci;
    size_t i;

    SVEC_FOR_EACH (i, pci, &bond->pfs) {
        const struct host_pf *pf = host_find_pf(host, pci);

        if (pf && pf->link && pf->link->master != ifindex) {
            return pf;
        }
    }
    return NULL;
}

/* Sets a parameter of 'pf': a string 'value' or, if that is NULL, 'flag'. */
static char *
set_param(struct applier *a, const struct host_pf *pf, const char *name,
          const char *value, bool flag)
{
    char *detail = NULL;
    int error = sriov_nl_set_param(a->nl, pf->pci, name, value, flag,
                                   &detail);

    return describe(a, error, &detail);
}

/* Sets the MTU of the link of 'pf', unless that has it. */
static char *
set_pf_mtu(struct applier *a, const struct host_pf *pf, unsigned int mtu)
{
    char *detail = NULL;

    return (host_pf_mtu(pf) == mtu ? NULL
            : pf->link ? describe(a, set_mtu(a, pf->link, mtu, &detail),
                                  &detail)
            : xstrdup("the PF has no network device"));
}

static char *
set_pf_up(struct applier *a, const struct host_pf *pf)
{
    char *detail = NULL;

    return (!pf->link ? xstrdup("the PF has no network device")
            : pf->link->master
            ? describe(a, set_up(a, pf->link, true), &detail)
            : NULL);
}

static char *
set_multiport(struct applier *a, const struct host_step *step,
              const struct host_pf *pf)
{
    a->warning = step->optional;
    if (!pf->dev || !pf->dev->can_multiport) {
        a->warning = true;
        return xasprintf("driver %s of this kernel has no parameter "
                         "esw_multiport", pf->driver ? pf->driver : "?");
    }
    /* mlx5, whose PFs have it together, says EINVAL of what it has already. */
    return (host_pf_multiport(pf) == step->on ? NULL
            : set_param(a, pf, "esw_multiport", NULL, step->on));
}

/* Carries out 'step'.  Returns NULL, or what went wrong, which the caller must
 * free. */
static char *
do_step(struct applier *a, const struct host_step *step)
{
    const struct host_section *section = step->section;
    struct host *host = host_read("", a->nl);
    const struct host_pf *pf = host_find_pf(host, step->pci);
    char *error = NULL;

    if (!pf) {
        host_destroy(host);
        return xstrdup("the PF is gone");
    }
    switch (step->kind) {
    case HOST_STEP_REMOVE:
        error = set_num_vfs(a, pf, 0);
        break;
    case HOST_STEP_LATE:
        error = host_late_note(pf->pci);
        break;
    case HOST_STEP_VFS:
        error = make_vfs(a, step, pf);
        break;
    case HOST_STEP_LEGACY:
    case HOST_STEP_MODE:
        error = change_mode(a, step, pf);
        break;
    case HOST_STEP_STEERING:
        error = set_param(a, pf, "flow_steering_mode", section->steering,
                          false);
        break;
    case HOST_STEP_UP:
        error = set_pf_up(a, pf);
        break;
    case HOST_STEP_MULTIPORT:
        error = set_multiport(a, step, pf);
        break;
    case HOST_STEP_BOND:
        error = make_bond(a, step->bond, host);
        break;
    case HOST_STEP_WAIT:
        error = wait_for_reps(a, step);
        break;
    case HOST_STEP_MTU:
        error = set_pf_mtu(a, pf, section->mtu);
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

/* Returns a VF of 'pf' that is not as 'step' has made it, or NULL.  What the
 * driver does not tell is not held against it. */
static const struct host_vf *
find_unlike(const struct applier *a, const struct host_step *step,
            const struct host_pf *pf)
{
    for (size_t i = 0; i < pf->n_vfs; i++) {
        const struct host_vf *vf = &pf->vfs[i];
        bool told = (step->kind == HOST_STEP_TRUST ? vf->has_trust
                     : step->kind == HOST_STEP_SPOOFCHK ? vf->has_spoofchk
                     : step->kind == HOST_STEP_MAC ? vf->has_mac : true);

        if (told && is_due(a, step, pf, vf)) {
            return vf;
        }
    }
    return NULL;
}

/* Reads back what 'step' has set.  Returns NULL, or what is not so, which the
 * caller must free. */
static char *
verify_step(struct applier *a, const struct host_step *step)
{
    const struct host_section *section = step->section;
    struct host *host = host_read("", a->nl);
    const struct host_pf *pf = host_find_pf(host, step->pci);
    const struct host_vf *vf = pf ? find_unlike(a, step, pf) : NULL;
    char *error = NULL;

    /* ovs-vswitchd gives its ports the MTU of the uplink: maybe just now the
     * one from before. */
    a->transient |= step->kind == HOST_STEP_MTU;
    if (!pf) {
        error = xstrdup("the PF is gone");
    } else if (step->kind == HOST_STEP_MODE
               && host_pf_mode(pf) != section->mode) {
        error = xasprintf("the driver said that all is well, but the mode is "
                          "%s", sriov_mode_to_string(host_pf_mode(pf)));
    } else if (step->kind == HOST_STEP_UP && pf->link && pf->link->master
               && !pf->link->up) {
        error = xstrdup("the driver said that all is well, but it is down");
    } else if (step->kind == HOST_STEP_MULTIPORT
               && host_pf_multiport(pf) != step->on) {
        error = xasprintf("the driver said that all is well, but it is %s",
                          host_pf_multiport(pf) ? "on" : "off");
    } else if (step->kind == HOST_STEP_BOND
               && find_outside(host, step->bond)) {
        error = xasprintf("the kernel said that all is well, but %s is not in "
                          "it", find_outside(host, step->bond)->link->name);
    } else if (step->kind == HOST_STEP_STEERING && pf->steering
               && strcmp(pf->steering, section->steering)) {
        error = xasprintf("the driver said that all is well, but it is %s",
                          pf->steering);
    } else if (step->kind == HOST_STEP_MTU
               && host_pf_mtu(pf) != section->mtu) {
        error = xasprintf("the driver said that all is well, but it is %u",
                          host_pf_mtu(pf));
    } else if (vf && step->kind == HOST_STEP_BIND) {
        error = xasprintf("VF %u (%s) got none; see the kernel's log",
                          vf->number, vf->pci);
    } else if (vf) {
        error = xasprintf("the driver said that all is well, but VF %u (%s) "
                          "does not have it", vf->number, vf->pci);
    }
    host_destroy(host);
    return error;
}

/* Returns true if other steps for the same PF need that 'kind' was done. */
static bool
is_needed(enum host_step_kind kind)
{
    return (kind == HOST_STEP_UNBIND || kind == HOST_STEP_REMOVE
            || kind == HOST_STEP_LEGACY || kind == HOST_STEP_MODE
            || kind == HOST_STEP_VFS);
}

/* Carries out 'step' and sees whether it is done, more than once if the reason
 * that it is not may be gone soon.  Returns NULL, or what went wrong, which the
 * caller must free. */
static char *
try_step(struct applier *a, const struct host_step *step)
{
    const struct timespec ts = { .tv_sec = 1 };

    for (int tries = 1; ; tries++) {
        char *error;

        a->remark = NULL;
        a->warning = a->transient = false;
        error = do_step(a, step);
        error = error ? error : verify_step(a, step);
        if (!error || !a->transient || tries == MAX_TRIES || is_ended(a)) {
            return error;
        }
        free(error);
        nanosleep(&ts, NULL);
    }
}

/* Carries out 'step', and says what became of it.  Returns false if it is not
 * done. */
static bool
run_step(struct applier *a, const struct host_step *step)
{
    bool bind = step->kind == HOST_STEP_BIND;
    char *error = NULL;
    bool ok = false;

    printf("%s: %s: ", step->pci, step->text);
    fflush(stdout);
    a->remark = NULL;
    a->warning = false;
    if (!bind && is_ended(a)) {
        puts("not done: ended by a signal");
    } else if (!bind && sset_contains(&a->failed, step->pci)) {
        puts("not done");
    } else {
        error = step->refusal ? xstrdup(step->refusal) : try_step(a, step);
        ok = !error || a->warning;
        if (ok && error && step->optional) {
            printf("left alone: %s\n", error);
        } else if (ok && error) {
            printf("left alone: %s; remove it from sriov.conf\n", error);
        } else if (error) {
            printf("FAILED: %s\n", error);
        } else if (a->remark) {
            printf("done, %s\n", a->remark);
        } else {
            puts("done");
        }
        if (!ok && is_needed(step->kind)) {
            sset_add(&a->failed, step->pci);
        }
        free(error);
    }
    fflush(stdout);
    return ok;
}

bool
host_steps_run(const struct host_plan *plan, const struct host_conf *conf,
               const struct sriov_nl *nl, bool force)
{
    struct applier a = {
        .conf = conf,
        .nl = nl,
        .force = force,
        .failed = SSET_INITIALIZER(&a.failed),
        .renewed = SSET_INITIALIZER(&a.renewed),
        .unbound = SSET_INITIALIZER(&a.unbound),
        .noted = SSET_INITIALIZER(&a.noted),
    };
    sigset_t before;
    bool ok = true;

    sigemptyset(&a.signals);
    sigaddset(&a.signals, SIGTERM);
    sigaddset(&a.signals, SIGINT);
    sigaddset(&a.signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &a.signals, &before);
    for (size_t i = 0; i < plan->n; i++) {
        ok &= run_step(&a, &plan->steps[i]);
    }
    /* What is not bound now never will be. */
    sset_clear(&a.noted);
    write_noted(&a);
    sset_destroy(&a.failed);
    sset_destroy(&a.renewed);
    sset_destroy(&a.unbound);
    sset_destroy(&a.noted);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return ok;
}

void
host_steps_recover(void)
{
    FILE *stream = fopen(UNBOUND_FILE, "r");
    struct ds line = DS_EMPTY_INITIALIZER;

    if (!stream) {
        return;
    }
    while (!ds_get_line(&line, stream)) {
        char *path = xasprintf("/sys/bus/pci/devices/%s/driver",
                               ds_cstr(&line));
        char *pci = NULL;

        if (host_pci_address(ds_cstr(&line), &pci) && access(path, F_OK)) {
            char *error = probe_vf(pci);

            printf("%s: give it back to its driver, which a run that was "
                   "killed has not done: %s%s\n", pci,
                   error ? "FAILED: " : "done", error ? error : "");
            free(error);
        }
        free(pci);
        free(path);
    }
    fclose(stream);
    unlink(UNBOUND_FILE);
    ds_destroy(&line);
}

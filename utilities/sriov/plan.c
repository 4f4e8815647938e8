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

/* See plan.h for where this stands. */

#include <config.h>
#include "sriov/plan.h"

#include <inttypes.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/util.h"
#include "packets.h"
#include "sriov/host.h"
#include "util.h"

/* What drivers do not do as others, in Linux 6.12. */
static const struct driver {
    const char *name;
    /* The mode changes without VFs only (ice_eswitch.c, ice_eswitch_mode_set:
     * -EOPNOTSUPP). */
    bool mode_needs_no_vfs;
    /* Refused in switchdev mode, with -EOPNOTSUPP (mlx5: esw/legacy.c,
     * mlx5_eswitch_set_vport_trust and _spoofchk; ice: ice_sriov.c,
     * ice_set_vf_trust). */
    bool no_trust, no_spoofchk;
} drivers[] = {
    { "mlx5_core", false, true, true },
    { "ice", true, true, false },
};

static const struct driver *
find_driver(const struct host_pf *pf)
{
    for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
        if (pf->driver && !strcmp(pf->driver, drivers[i].name)) {
            return &drivers[i];
        }
    }
    return NULL;
}

const char *
host_refused_by(const struct host_pf *pf, enum host_step_kind kind,
                enum sriov_mode mode)
{
    const struct driver *driver = find_driver(pf);

    return (driver && mode == SRIOV_MODE_SWITCHDEV
            && ((kind == HOST_STEP_TRUST && driver->no_trust)
                || (kind == HOST_STEP_SPOOFCHK && driver->no_spoofchk))
            ? driver->name : NULL);
}

const char *
host_missing_param(const struct host_pf *pf,
                   const struct host_section *section,
                   enum host_step_kind kind)
{
    enum sriov_mode mode = host_pf_mode(pf);

    if (mode == SRIOV_MODE_NONE || pf->dev->from_names) {
        return NULL;
    } else if (kind == HOST_STEP_STEERING) {
        return (section->steering && !pf->steering ? "flow_steering_mode"
                : NULL);
    }
    /* In legacy mode nobody has looked. */
    return (section->multiport == HOST_ON && mode == SRIOV_MODE_SWITCHDEV
            && !pf->dev->can_multiport ? "esw_multiport" : NULL);
}

bool
host_section_is_used(const struct host_section *section,
                     const struct host *host)
{
    for (size_t i = 0; i < host->n; i++) {
        const struct host_pf *pf = host->pfs[i];

        if (host_section_matches(section, pf->pci, pf->vendor, pf->device,
                                 host_pf_switch_id(pf))) {
            return true;
        }
    }
    return false;
}

/* What is wanted. */

const struct host_section *
host_section_of(const struct host_conf *conf, const struct host_pf *pf)
{
    return host_conf_find(conf, pf->pci, pf->vendor, pf->device,
                          host_pf_switch_id(pf));
}

char *
host_name_of(const struct host_conf *conf, const struct host_pf *pf,
             const char *label)
{
    const struct host_section *section = host_section_of(conf, pf);
    char *name = NULL;

    if (section && section->names) {
        char *card = host_conf_card(conf, pf->pci);

        name = host_expand_name(section->names, card, label);
        free(card);
    }
    if (name && strlen(name) >= IFNAMSIZ) {
        free(name);
        name = NULL;
    }
    return name;
}

char *
host_names_too_long(const struct host_conf *conf, const struct host_pf *pf,
                    bool all)
{
    const struct host_section *section = host_section_of(conf, pf);
    struct ds s = DS_EMPTY_INITIALIZER;
    size_t i, n = 0;
    const char *port;
    char *card;

    if (!section || !section->names
        || section->mode != SRIOV_MODE_SWITCHDEV) {
        return NULL;
    }
    card = host_conf_card(conf, pf->pci);
    SVEC_FOR_EACH (i, port, &pf->reps) {
        char *name = host_expand_name(section->names, card, port);
        struct sriov_port_id id;

        if (name && strlen(name) >= IFNAMSIZ
            && (all || (sriov_port_id_from_string(port, &id)
                        && (id.flavour != SRIOV_VF || id.has_controller)))
            && !n++) {
            ds_put_format(&s, "%s is longer than %d characters", name,
                          IFNAMSIZ - 1);
        }
        free(name);
    }
    free(card);
    if (n > 1) {
        ds_put_format(&s, ", and so would be %"PRIuSIZE" other%s", n - 1,
                      n > 2 ? "s" : "");
    }
    return n ? ds_steal_cstr(&s) : NULL;
}

static bool
differs(enum host_bool wanted, bool known, bool value)
{
    return (wanted != HOST_UNSET
            && (!known || (wanted == HOST_ON) != value));
}

bool
host_vf_wants(enum host_step_kind kind, const struct host_conf *conf,
              const struct host_pf *pf, const struct host_vf *vf)
{
    const struct host_section *section = host_section_of(conf, pf);
    const struct sriov_link *rep = host_vf_rep(vf);

    switch (kind) {
    case HOST_STEP_UNBIND:
        return vf->driver != NULL;
    case HOST_STEP_BIND:
        return !vf->driver;
    case HOST_STEP_WAIT:
        return section->mode == SRIOV_MODE_SWITCHDEV && !rep;
    case HOST_STEP_NAMES: {
        char *name = rep ? host_name_of(conf, pf, host_vf_label(vf)) : NULL;
        bool wants = name && strcmp(name, rep->name);

        free(name);
        return wants;
    }
    case HOST_STEP_MTU:
        return section->mtu && rep && rep->mtu != section->mtu;
    case HOST_STEP_MAC:
        return (section->has_mac
                && !(vf->has_mac
                     && eth_addr_equals(vf->mac,
                                        host_vf_mac(section, vf->number))));
    case HOST_STEP_TRUST:
        return differs(section->trust, vf->has_trust, vf->trust);
    case HOST_STEP_SPOOFCHK:
        return differs(section->spoofchk, vf->has_spoofchk,
                       vf->spoofchk);
    case HOST_STEP_REMOVE:
    case HOST_STEP_LEGACY:
    case HOST_STEP_STEERING:
    case HOST_STEP_MODE:
    case HOST_STEP_UP:
    case HOST_STEP_MULTIPORT:
    case HOST_STEP_BOND:
    case HOST_STEP_LATE:
    case HOST_STEP_VFS:
    default:
        return false;
    }
}

bool
host_vf_may(enum host_step_kind kind, const struct host_vf *vf, bool force)
{
    return (!vf->user || force || kind == HOST_STEP_MTU
            || kind == HOST_STEP_WAIT);
}

/* Steps. */

/* What making a plan takes along. */
struct planner {
    struct host_plan *plan;
    const struct host_conf *conf;
    const struct host *host;
    bool force;
};

/* What is planned for one PF. */
struct target {
    const struct host_pf *pf;
    const struct host_section *section;
    bool refused;               /* So nothing more is planned for it. */
    bool renew;                 /* Its VFs are all made anew. */
    bool new_mode;              /* Its mode changes. */
    unsigned int n_vfs;         /* That it will have. */
    bool unbound;               /* Its VFs are taken from their drivers. */
    bool reps;                  /* Representors will come. */
    bool late;                  /* VFs get drivers after a bond of others. */
    bool too_many;              /* More VFs are asked for than it can have. */
};

/* Returns true if the VFs of 't' have no driver when its steps so far are done,
 * or are still to be made. */
static bool
is_bare(const struct target *t)
{
    return t->unbound || t->renew || !t->n_vfs;
}

static struct host_step * OVS_PRINTF_FORMAT(4, 5)
add_step(struct planner *p, const struct target *t, enum host_step_kind kind,
         const char *format, ...)
{
    struct host_plan *plan = p->plan;
    struct host_step *step;
    va_list args;

    if (plan->n >= plan->allocated) {
        plan->steps = x2nrealloc(plan->steps, &plan->allocated,
                                 sizeof *plan->steps);
    }
    step = &plan->steps[plan->n++];
    step->kind = kind;
    step->pci = xstrdup(t->pf->pci);
    step->section = t->section;
    step->n_vfs = t->n_vfs;
    step->bond = NULL;
    step->on = step->optional = step->late = false;
    step->refusal = NULL;
    va_start(args, format);
    step->text = xvasprintf(format, args);
    va_end(args);
    return step;
}

/* Says which VFs 'pf' has that are in use, or returns NULL.  The caller must
 * free it. */
static char *
users_of(const struct host_pf *pf)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    for (size_t i = 0; i < pf->n_vfs; i++) {
        const struct host_vf *vf = &pf->vfs[i];

        if (vf->user) {
            ds_put_format(&s, "%sVF %u (%s): %s", s.length ? "; " : "",
                          vf->number, vf->pci, vf->user);
        }
    }
    return s.length ? ds_steal_cstr(&s) : NULL;
}

static char *
refusal_of(const char *users)
{
    return xasprintf("%s; free them and run this again, or use --force",
                     users);
}

/* Returns the device that has the eswitch of 'pf', though it is none of its
 * own, or NULL.  On an OcteonTX2 one device has representors of all PFs and VFs
 * (marvell/octeontx2/nic/rep.c, Linux 6.13). */
static const struct sriov_dev *
find_common_eswitch(const struct host *host, const struct host_pf *pf)
{
    for (size_t i = 0; i < host->model->n_devs; i++) {
        const struct sriov_dev *dev = host->model->devs[i];

        if (nullable_string_is_equal(pf->driver, "rvu_nicpf")
            && nullable_string_is_equal(dev->driver, "rvu_rep")) {
            return dev;
        }
    }
    return NULL;
}

/* Refuses switchdev mode for 't', which has no eswitch. */
static void
refuse_switchdev(struct planner *p, struct target *t)
{
    const char *driver = t->pf->driver;
    const struct sriov_dev *dev = find_common_eswitch(p->host, t->pf);
    struct host_step *step = add_step(p, t, HOST_STEP_MODE, "eswitch mode %s",
                                      sriov_mode_to_string(t->section->mode));

    step->refusal = (
        dev
        ? xasprintf("the eswitch of all PFs is %s, which has no VFs; write "
                    "mode = legacy here, and: devlink dev eswitch set %s/%s "
                    "mode switchdev", dev->name, dev->bus, dev->name)
        : driver
        ? xasprintf("driver %s offers no eswitch for it; load one that does, "
                    "or write mode = legacy", driver)
        : xstrdup("it has no driver; load the NIC's"));
    t->refused = true;
}

/* Refuses what disturbs the VFs of 't', if some are in use: their number, with
 * 'new_vfs', or else the mode.  Returns true if so. */
static bool
refuse_users(struct planner *p, struct target *t, bool new_vfs)
{
    char *users = p->force ? NULL : users_of(t->pf);
    struct host_step *step;

    if (!users) {
        return false;
    }
    step = (new_vfs
            ? add_step(p, t, HOST_STEP_VFS, "%u VFs", t->section->vfs)
            : add_step(p, t, HOST_STEP_MODE, "eswitch mode %s",
                       sriov_mode_to_string(t->section->mode)));
    step->refusal = refusal_of(users);
    t->refused = true;
    free(users);
    return true;
}

/* Plans that the VFs of 't' go, if 'driver' is not NULL because that is how it
 * changes the mode. */
static void
plan_remove(struct planner *p, const struct target *t, const char *driver)
{
    if (driver) {
        add_step(p, t, HOST_STEP_REMOVE, "0 VFs, since driver %s changes "
                 "the mode only without them", driver);
    } else {
        add_step(p, t, HOST_STEP_REMOVE, "0 VFs, since their number "
                 "cannot change otherwise");
    }
}

/* Plans that drivers let go of the VFs of 't', if any has one. */
static void
plan_unbind(struct planner *p, struct target *t)
{
    for (size_t i = 0; i < t->pf->n_vfs; i++) {
        t->unbound |= t->pf->vfs[i].driver != NULL;
    }
    if (t->unbound) {
        add_step(p, t, HOST_STEP_UNBIND, "take VFs from their drivers");
    }
}

/* Plans steering and mode of 't', and with 'remove' that its VFs go once it is
 * known that the mode can change. */
static void
plan_mode(struct planner *p, const struct target *t, bool steer, bool set_mode,
          bool remove)
{
    const struct host_section *section = t->section;

    if (steer && host_pf_mode(t->pf) == SRIOV_MODE_SWITCHDEV) {
        add_step(p, t, HOST_STEP_LEGACY, "eswitch mode legacy, in which "
                 "steering can change");
        set_mode = section->mode == SRIOV_MODE_SWITCHDEV;
    }
    if (remove) {
        plan_remove(p, t, NULL);
    }
    if (steer) {
        add_step(p, t, HOST_STEP_STEERING, "steering %s", section->steering);
    }
    if (set_mode) {
        add_step(p, t, HOST_STEP_MODE, "eswitch mode %s%s",
                 sriov_mode_to_string(section->mode),
                 t->pf->lapsed ? ", which its driver has given up" : "");
    }
}

/* Returns false, and notes it, if 'pf' lacks the devlink parameter that 'key'
 * of its section sets. */
static bool
has_param(struct planner *p, const struct host_pf *pf,
          const struct host_section *section, enum host_step_kind kind,
          const char *key)
{
    const char *name = host_missing_param(pf, section, kind);

    if (name) {
        svec_add_nocopy(&p->plan->notes,
                        xasprintf("%s: %s: left alone: driver %s of this "
                                  "kernel has no parameter %s; remove it from "
                                  "%s", pf->pci, key,
                                  pf->driver ? pf->driver : "?", name,
                                  p->conf->path));
    }
    return !name;
}

/* Returns true, and notes it, if VFs of 't' are in use, so that their number
 * stays: cut off as they are without switchdev mode, they are there. */
static bool
keep_vfs(struct planner *p, const struct target *t)
{
    char *users = p->force ? NULL : users_of(t->pf);

    if (users) {
        svec_add_nocopy(&p->plan->notes,
                        xasprintf("%s: %u VFs: left alone: %s", t->pf->pci,
                                  t->section->vfs, users));
        free(users);
        return true;
    }
    return false;
}

/* Plans that the uplink of 't' is up, which its driver may have made anew.  A
 * bond does so itself. */
static void
plan_up(struct planner *p, const struct target *t)
{
    const struct sriov_link *link = t->pf->link;

    if (link && !link->up && !t->pf->lost_bond) {
        add_step(p, t, HOST_STEP_UP, "%s up, if it is in a bridge",
                 link->name);
    }
}

/* Plans what concerns the eswitch as a whole, up to its mode. */
static void
plan_eswitch(struct planner *p, struct target *t)
{
    const struct host_section *section = t->section;
    const struct host_pf *pf = t->pf;
    bool switchdev = section->mode == SRIOV_MODE_SWITCHDEV;
    bool steer = (section->steering
                  && !nullable_string_is_equal(section->steering, pf->steering)
                  && has_param(p, pf, section, HOST_STEP_STEERING,
                               "steering"));
    bool set_mode = host_pf_mode(pf) != section->mode;
    bool new_vfs = section->has_vfs && section->vfs != pf->num_vfs;
    const struct driver *driver = find_driver(pf);

    t->n_vfs = section->has_vfs ? section->vfs : pf->num_vfs;

    if (host_pf_mode(pf) == SRIOV_MODE_NONE) {
        set_mode = steer = false;
        if (switchdev) {
            refuse_switchdev(p, t);
            return;
        }
    }
    if (new_vfs && section->vfs > pf->total_vfs) {
        t->too_many = true;
        new_vfs = false;
    }
    bool lapsed = pf->lapsed && switchdev;
    if (new_vfs && lapsed) {
        new_vfs = !keep_vfs(p, t);
    }

    bool without = ((set_mode || steer) && pf->num_vfs
                    && driver && driver->mode_needs_no_vfs);
    if (!new_vfs) {
        t->n_vfs = pf->num_vfs;
    }
    t->renew = (new_vfs || without) && t->n_vfs;
    t->new_mode = set_mode || steer;
    t->reps = switchdev && (set_mode || steer || t->renew);
    bool remove = (new_vfs || without) && pf->num_vfs;
    bool disturb = (set_mode || steer) && pf->num_vfs;
    /* A mode change is refused while the NIC has rules (mlx5), which nobody
     * can know but by trying: VFs go when it was not. */
    bool mode_first = (remove && steer && !without
                       && host_pf_mode(pf) == SRIOV_MODE_SWITCHDEV);
    if ((remove || (disturb && !lapsed)) && refuse_users(p, t, new_vfs)) {
        return;
    }

    if (remove && !mode_first) {
        plan_remove(p, t, without ? driver->name : NULL);
    } else if (disturb) {
        plan_unbind(p, t);
    }
    plan_mode(p, t, steer, set_mode, mode_first);
    if (lapsed) {
        plan_up(p, t);
    }
}

/* Returns true if a target of the NIC of 'pf' gets another mode, which drops
 * multiport (mlx5: lag/lag.c, mlx5_disable_lag). */
static bool
mode_changes(const struct target *targets, size_t n, const struct host_pf *pf,
             bool *any)
{
    bool changes = false;

    for (size_t i = 0; i < n; i++) {
        if (host_same_nic(targets[i].pf, pf)) {
            *any = true;
            changes |= targets[i].new_mode && !targets[i].refused;
        }
    }
    return changes;
}

/* Returns true if a driver has given up multiport of the NIC of 'pf' together
 * with the mode of a target, which gets it again. */
static bool
lost_multiport(const struct target *targets, size_t n,
               const struct host_pf *pf)
{
    bool lost = false;

    for (size_t i = 0; i < n; i++) {
        lost |= (targets[i].pf->lost_multiport && targets[i].new_mode
                 && !targets[i].refused && host_same_nic(targets[i].pf, pf));
    }
    return lost;
}

/* Returns true if multiport has to wait for another PF of the NIC of 'pf',
 * which is to be in switchdev mode and is not one of the targets. */
static bool
others_come(const struct planner *p, const struct target *targets, size_t n,
            const struct host_pf *pf)
{
    for (size_t i = 0; i < p->host->n; i++) {
        const struct host_pf *other = p->host->pfs[i];
        const struct host_section *section = host_section_of(p->conf, other);
        bool is_target = false;

        for (size_t j = 0; j < n; j++) {
            is_target |= targets[j].pf == other;
        }
        if (host_same_nic(other, pf) && !is_target && section
            && section->mode == SRIOV_MODE_SWITCHDEV
            && host_pf_mode(other) == SRIOV_MODE_LEGACY) {
            return true;
        }
    }
    return false;
}

/* Returns true if multiport helps: all PFs of the NIC of 'pf' have their
 * uplinks in one OVS bond, are or will be in switchdev mode, and have a driver
 * that may have it. */
static bool
multiport_helps(const struct planner *p, const struct host_pf *pf)
{
    size_t n = 0;

    for (size_t i = 0; i < p->host->n; i++) {
        const struct host_pf *other = p->host->pfs[i];
        const struct host_section *section = host_section_of(p->conf, other);

        if (!host_same_nic(other, pf)) {
            continue;
        } else if (!pf->ovs_bond || !other->ovs_bond
                   || strcmp(other->ovs_bond, pf->ovs_bond)
                   || !host_pf_can_multiport(other)
                   || (section ? section->mode != SRIOV_MODE_SWITCHDEV
                       : host_pf_mode(other) != SRIOV_MODE_SWITCHDEV)) {
            return false;
        }
        n++;
    }
    return n > 1;
}

/* Returns what to do about multiport, "multiport" of 'section', with 'pf' as
 * the one of its NIC that tells: HOST_UNSET if that is nothing. */
static enum host_bool
multiport_of(const struct planner *p, const struct host_pf *pf,
             const struct host_section *section)
{
    return (!section ? HOST_UNSET
            : section->multiport != HOST_UNSET ? section->multiport
            : multiport_helps(p, pf) ? HOST_ON : HOST_UNSET);
}

/* Returns who uses VFs of the NIC of 'pf', which the caller must free, or NULL
 * if nobody does, or with --force. */
static char *
users_of_nic(const struct planner *p, const struct host_pf *pf)
{
    char *users = NULL;

    for (size_t i = 0; i < p->host->n && !p->force && !users; i++) {
        if (host_same_nic(pf, p->host->pfs[i])) {
            users = users_of(p->host->pfs[i]);
        }
    }
    return users;
}

/* Plans that drivers let go of the VFs of all PFs of the NIC of 'pf', targets
 * or not, which its firmware may want before PFs are joined or parted ("Make
 * sure all VFs are unbound", Linux 6.12, mlx5/core/lag/lag.c:692).  Those of
 * which they did are in '*bare', an array that the caller must free, '*n_bare'
 * of them. */
static void
plan_nic_unbind(struct planner *p, const struct target *targets, size_t n,
                const struct host_pf *pf, struct target **bare,
                size_t *n_bare)
{
    *bare = xcalloc(p->host->n, sizeof **bare);
    *n_bare = 0;
    for (size_t i = 0; i < p->host->n; i++) {
        struct target t = {
            .pf = p->host->pfs[i],
            .section = host_section_of(p->conf, p->host->pfs[i]),
        };
        bool leave = !host_same_nic(t.pf, pf);

        for (size_t j = 0; j < n; j++) {
            leave |= targets[j].pf == t.pf && is_bare(&targets[j]);
        }
        if (!leave) {
            plan_unbind(p, &t);
        }
        if (t.unbound) {
            (*bare)[(*n_bare)++] = t;
        }
    }
}

/* Plans multiport of the NIC of 'pf', which makes all its representors
 * anew. */
static void
plan_multiport(struct planner *p, const struct target *targets, size_t n,
               const struct host_pf *pf)
{
    const struct host_section *section = host_section_of(p->conf, pf);
    struct target t = { .pf = pf, .section = section };
    bool automatic = section->multiport == HOST_UNSET;
    bool is_target = false;
    bool on = multiport_of(p, pf, section) == HOST_ON;
    bool lost = mode_changes(targets, n, pf, &is_target);
    struct host_step *step;
    char *users;

    if (!is_target || on == (host_pf_multiport(pf) && !lost)
        || (on && others_come(p, targets, n, pf))
        || (!lost && !has_param(p, pf, section, HOST_STEP_MULTIPORT,
                                "multiport"))) {
        return;
    }
    users = (on && lost_multiport(targets, n, pf) ? NULL
             : users_of_nic(p, pf));
    if (users && automatic) {
        svec_add_nocopy(&p->plan->notes, xasprintf(
            "%s: multiport on, since its uplink is in OVS bond %s: left "
            "alone: %s", pf->pci, pf->ovs_bond, users));
    } else {
        struct target *bare = NULL;
        size_t n_bare = 0;

        if (!users) {
            plan_nic_unbind(p, targets, n, pf, &bare, &n_bare);
        }
        step = (automatic
                ? add_step(p, &t, HOST_STEP_MULTIPORT, "multiport on, since "
                           "its uplink is in OVS bond %s", pf->ovs_bond)
                : add_step(p, &t, HOST_STEP_MULTIPORT, "multiport %s",
                           on ? "on" : "off"));
        step->on = on;
        step->optional = automatic;
        step->refusal = users ? refusal_of(users) : NULL;
        for (size_t i = 0; i < n_bare; i++) {
            add_step(p, &bare[i], HOST_STEP_BIND, "give VFs back to drivers");
        }
        free(bare);
    }
    free(users);
}

/* Returns true if 'pf' is the first PF of its NIC whose section says something
 * of multiport or, if none does, the first one for which it helps. */
static bool
tells_of_multiport(const struct planner *p, size_t index)
{
    const struct host_pf *pf = p->host->pfs[index];
    const struct host_section *section = host_section_of(p->conf, pf);
    bool said = section && section->multiport != HOST_UNSET;

    if (multiport_of(p, pf, section) == HOST_UNSET) {
        return false;
    }
    for (size_t i = 0; i < p->host->n; i++) {
        const struct host_pf *other = p->host->pfs[i];
        const struct host_section *s = host_section_of(p->conf, other);

        if (i != index && host_same_nic(other, pf) && s
            && (s->multiport != HOST_UNSET
                ? i < index || !said : i < index && !said)) {
            return false;
        }
    }
    return true;
}

/* Plans multiport of all NICs of the targets, once for each. */
static void
plan_multiports(struct planner *p, const struct target *targets, size_t n)
{
    for (size_t i = 0; i < p->host->n; i++) {
        bool tells = tells_of_multiport(p, i);

        for (size_t j = 0; j < n && tells; j++) {
            tells = targets[j].pf != p->host->pfs[i] || !targets[j].refused;
        }
        if (tells) {
            plan_multiport(p, targets, n, p->host->pfs[i]);
        }
    }
}

/* Bonds. */

enum { MAX_MEMBERS = 8 };       /* Functions that one NIC can have. */

/* A bond that is to be, and its PFs that are here. */
struct bond_members {
    const struct host_bond *bond;
    struct target targets[MAX_MEMBERS];
    bool is_bare[MAX_MEMBERS];  /* Its VFs have no driver then, or are still to
                                 * be made. */
    size_t n;
    bool any;                   /* One of them is a target... */
    bool all;                   /* ...and all are here, and will be in
                                 * switchdev mode. */
    bool needed;                /* Something is to be done. */
};

/* Returns true if the Linux bond 'is' has the settings of 'bond'. */
static bool
same_settings(const struct host_bond *bond, const struct host_linux_bond *is)
{
    return (nullable_string_is_equal(is->mode, bond->mode)
            && (host_bond_lacp_rate(bond) < 0
                || nullable_string_is_equal(is->lacp_rate, bond->lacp_rate))
            && (host_bond_hash(bond) < 0
                || nullable_string_is_equal(is->hash, bond->hash)));
}

char *
host_bond_differs(const struct host_bond *bond, const struct host *host)
{
    const struct host_linux_bond *is = shash_find_data(&host->bonds,
                                                       bond->name);

    return (!is || same_settings(bond, is) ? NULL
            : !is->mode
            ? xasprintf("%s is there and no bond; choose another name",
                        bond->name)
            : xasprintf("it is there with other settings (%s%s%s); remove it "
                        "(ip link del %s), or write what it has", is->mode,
                        is->hash ? " " : "", is->hash ? is->hash : "",
                        bond->name));
}

static void
find_members(const struct planner *p, struct bond_members *m,
             const struct target *targets, size_t n)
{
    const struct host_linux_bond *is = shash_find_data(&p->host->bonds,
                                                       m->bond->name);
    unsigned int mtu = host_bond_mtu(p->conf, m->bond);

    m->needed = !is || !is->up || (mtu && is->mtu != mtu)
                || !same_settings(m->bond, is);
    for (size_t i = 0; i < p->host->n && m->n < MAX_MEMBERS; i++) {
        const struct host_pf *pf = p->host->pfs[i];
        enum sriov_mode mode = host_pf_mode(pf);
        struct target *t = &m->targets[m->n];

        if (!svec_contains_unsorted(&m->bond->pfs, pf->pci)) {
            continue;
        }
        t->pf = pf;
        t->section = host_section_of(p->conf, pf);
        m->is_bare[m->n] = false;
        for (size_t j = 0; j < n; j++) {
            if (targets[j].pf == pf) {
                m->any = true;
                mode = (targets[j].refused ? mode : t->section->mode);
                m->is_bare[m->n] = is_bare(&targets[j]);
            }
        }
        m->n += mode == SRIOV_MODE_SWITCHDEV;
        m->needed |= !nullable_string_is_equal(pf->master, m->bond->name);
    }
    m->all = m->n == m->bond->pfs.n;
}

/* Returns why the bond cannot be, which the caller must free, or NULL. */
static char *
refuse_bond(const struct planner *p, const struct bond_members *m)
{
    const struct host_bond *bond = m->bond;
    char *differs = host_bond_differs(bond, p->host);
    bool lost = false;
    char *users = NULL;

    if (differs) {
        return differs;
    }
    for (size_t i = 0; i < m->n; i++) {
        lost |= m->targets[i].pf->lost_bond;
    }
    for (size_t i = 0; i < m->n; i++) {
        const struct host_pf *pf = m->targets[i].pf;

        if (!host_pf_netdev(pf)) {
            return xasprintf("%s has no network device", pf->pci);
        } else if (!host_same_nic(pf, m->targets[0].pf)) {
            return xasprintf("%s and %s are of different NICs, which no "
                             "VF-LAG joins", m->targets[0].pf->pci, pf->pci);
        } else if (pf->master && strcmp(pf->master, bond->name)) {
            return xasprintf("%s is in %s; take it out of that first",
                             host_pf_netdev(pf), pf->master);
        } else if (host_pf_multiport(pf)) {
            return xstrdup("multiport is on, with which there is no VF-LAG; "
                           "write multiport = off");
        }
        users = p->force || lost || users ? users : users_of(pf);
    }
    if (users) {
        char *refusal = refusal_of(users);

        free(users);
        return refusal;
    }
    return NULL;
}

/* Plans that 'bond' is there before VFs of its PFs have drivers. */
static void
plan_bond(struct planner *p, const struct host_bond *bond,
          const struct target *targets, size_t n)
{
    struct bond_members m = { .bond = bond };
    char *refusal;

    find_members(p, &m, targets, n);
    if (!m.any || !m.all || !m.needed) {
        return;
    }
    refusal = refuse_bond(p, &m);
    for (size_t i = 0; i < m.n && !refusal; i++) {
        m.targets[i].unbound = false;
        if (!m.is_bare[i]) {
            plan_unbind(p, &m.targets[i]);
        }
    }

    struct host_step *step = add_step(p, &m.targets[0], HOST_STEP_BOND,
                                      "bond %s, %s", bond->name, bond->mode);
    step->bond = bond;
    step->refusal = refusal;
    for (size_t i = 0; i < m.n && !refusal; i++) {
        if (m.targets[i].unbound) {
            add_step(p, &m.targets[i], HOST_STEP_BIND,
                     "give VFs back to drivers");
        }
    }
}

bool
host_bond_comes(const struct host_conf *conf, const struct host *host,
                const struct host_pf *pf)
{
    const struct host_section *section = host_section_of(conf, pf);

    if (!pf->coming_bond || !section || section->multiport == HOST_ON
        || section->mode != SRIOV_MODE_SWITCHDEV || host_pf_multiport(pf)
        || !nullable_string_is_equal(pf->driver, "mlx5_core")) {
        return false;
    }
    for (size_t i = 0; i < conf->n_bonds; i++) {
        if (svec_contains_unsorted(&conf->bonds[i].pfs, pf->pci)) {
            return false;
        }
    }
    for (size_t i = 0; i < host->n; i++) {
        const struct host_pf *other = host->pfs[i];

        if (host_same_nic(other, pf)
            && !nullable_string_is_equal(other->coming_bond,
                                         pf->coming_bond)) {
            return false;
        }
    }
    return true;
}

/* Plans that the VFs of 't' that have no driver when its steps so far are done
 * get theirs late, if a bond comes first. */
static void
plan_late(struct planner *p, struct target *t)
{
    if (!t->refused && (t->renew || t->unbound)
        && host_bond_comes(p->conf, p->host, t->pf)) {
        t->late = true;
        add_step(p, t, HOST_STEP_LATE, "no drivers for VFs before %s is there",
                 t->pf->coming_bond);
    }
}

/* Returns the device of 'host' that has the name 'name' and does not give it
 * up for another one, or NULL. */
static const char *
owner_of(const struct planner *p, const char *name)
{
    for (size_t i = 0; i < p->host->n; i++) {
        const struct host_pf *pf = p->host->pfs[i];

        if (nullable_string_is_equal(host_pf_netdev(pf), name)) {
            return pf->pci;
        }
        for (size_t j = 0; j < pf->n_vfs; j++) {
            const struct host_vf *vf = &pf->vfs[j];

            if (nullable_string_is_equal(vf->netdev, name)
                || (!host_section_of(p->conf, pf)
                    && nullable_string_is_equal(host_vf_rep_name(vf), name))) {
                return vf->pci;
            }
        }
    }
    return NULL;
}

/* Returns why the representors of 't' cannot have the names that they are to
 * have, which the caller must free, or NULL. */
static char *
refuse_names(const struct planner *p, const struct target *t)
{
    char *card = host_conf_card(p->conf, t->pf->pci);
    char *refusal = NULL;

    for (unsigned int i = 0; i < t->n_vfs && !refusal; i++) {
        const struct host_vf *vf = i < t->pf->n_vfs ? &t->pf->vfs[i] : NULL;
        char *label = (vf && vf->port ? xstrdup(host_vf_label(vf))
                       : xasprintf("pf%cvf%u",
                                   t->pf->pci[strlen(t->pf->pci) - 1], i));
        char *name = host_expand_name(t->section->names, card, label);
        const char *owner = name ? owner_of(p, name) : NULL;

        if (name && strlen(name) >= IFNAMSIZ) {
            refusal = xasprintf("%s is longer than %d characters; choose a "
                                "shorter template", name, IFNAMSIZ - 1);
        } else if (owner) {
            refusal = xasprintf("%s is the name of %s; choose another "
                                "template", name, owner);
        }
        free(name);
        free(label);
    }
    free(card);
    return refusal;
}

/* Plans a step about VFs, unless it has nothing to do.  'fresh' says that the
 * VFs are not there yet, so that it cannot be known. */
static void OVS_PRINTF_FORMAT(5, 6)
plan_vfs_step(struct planner *p, const struct target *t,
              enum host_step_kind kind, bool fresh, const char *format, ...)
{
    const char *driver = host_refused_by(t->pf, kind, t->section->mode);
    bool needed = fresh;
    va_list args;

    va_start(args, format);
    char *text = xvasprintf(format, args);
    va_end(args);
    if (driver) {
        svec_add_nocopy(&p->plan->notes,
                        xasprintf("%s: %s: left alone: driver %s refuses it "
                                  "in switchdev mode; remove it from %s",
                                  t->pf->pci, text, driver, p->conf->path));
        free(text);
        return;
    }
    for (size_t i = 0; i < t->pf->n_vfs && !fresh; i++) {
        const struct host_vf *vf = &t->pf->vfs[i];

        if (!host_vf_wants(kind, p->conf, t->pf, vf)) {
            continue;
        } else if (host_vf_may(kind, vf, p->force)) {
            needed = true;
        } else {
            svec_add_nocopy(&p->plan->notes,
                            xasprintf("%s: %s: left alone: VF %u (%s): %s",
                                      t->pf->pci, text, vf->number, vf->pci,
                                      vf->user));
        }
    }
    if (needed) {
        add_step(p, t, kind, "%s", text);
    }
    free(text);
}

/* Notes that representors beside those of VFs keep the names that they
 * have. */
static void
note_long_names(struct planner *p, const struct host_pf *pf)
{
    char *names = host_names_too_long(p->conf, pf, false);

    if (names) {
        svec_add_nocopy(&p->plan->notes,
                        xasprintf("%s: names of representors: left alone: %s; "
                                  "choose a shorter template", pf->pci,
                                  names));
        free(names);
    }
}

/* Plans what concerns VFs and their representors. */
static void
plan_vfs(struct planner *p, const struct target *t)
{
    const struct host_section *section = t->section;
    const struct host_pf *pf = t->pf;
    bool switchdev = section->mode == SRIOV_MODE_SWITCHDEV;
    unsigned int n = t->n_vfs;

    if (t->renew) {
        add_step(p, t, HOST_STEP_VFS, "%u VFs", n)->late = t->late;
    }
    if (n) {
        if (switchdev) {
            plan_vfs_step(p, t, HOST_STEP_WAIT, t->reps,
                          "wait for %u representors", n);
        }
        if (switchdev && section->names) {
            char *refusal = refuse_names(p, t);

            if (refusal) {
                add_step(p, t, HOST_STEP_NAMES, "names of representors: %s",
                         section->names)->refusal = refusal;
            } else {
                plan_vfs_step(p, t, HOST_STEP_NAMES, t->reps,
                              "names of representors: %s", section->names);
            }
        }
    }
    if (switchdev) {
        note_long_names(p, pf);
    }
    if (section->mtu) {
        /* The uplink's counts, too. */
        plan_vfs_step(p, t, HOST_STEP_MTU,
                      (t->reps && n) || host_pf_mtu(pf) != section->mtu,
                      "mtu %u", section->mtu);
    }
    if (!n) {
        return;
    }
    if (section->has_mac) {
        struct eth_addr last = host_vf_mac(section, n - 1);

        plan_vfs_step(p, t, HOST_STEP_MAC, t->renew,
                      "addresses of VFs: "ETH_ADDR_FMT" to "ETH_ADDR_FMT,
                      ETH_ADDR_ARGS(section->mac), ETH_ADDR_ARGS(last));
    }
    if (section->trust != HOST_UNSET) {
        plan_vfs_step(p, t, HOST_STEP_TRUST, t->renew, "trust %s for VFs",
                      section->trust == HOST_ON ? "on" : "off");
    }
    if (section->spoofchk != HOST_UNSET) {
        plan_vfs_step(p, t, HOST_STEP_SPOOFCHK, t->renew,
                      "spoofchk %s for VFs",
                      section->spoofchk == HOST_ON ? "on" : "off");
    }
}

/* Plans how what plan_eswitch() began comes to an end. */
static void
plan_end(struct planner *p, const struct target *t)
{
    unsigned int max = t->pf->total_vfs;

    if (t->too_many) {
        add_step(p, t, HOST_STEP_VFS, "%u VFs", t->section->vfs)->refusal
            = xasprintf("it can have %u at most; raise their number in the "
                        "NIC's firmware (mlxconfig: SRIOV_EN, NUM_OF_VFS), or "
                        "write vfs = %u", max, max);
    }
    if (t->unbound && !t->late) {
        add_step(p, t, HOST_STEP_BIND, "give VFs back to drivers");
    }
}

/* Notes the sections that no PF is there for. */
static void
note_missing(struct planner *p)
{
    for (size_t i = 0; i < p->conf->n; i++) {
        const struct host_section *section = p->conf->sections[i];

        if (host_section_is_used(section, p->host)) {
            /* Nothing. */
        } else if (section->match == HOST_MATCH_PCI) {
            svec_add_nocopy(&p->plan->notes,
                            xasprintf("%s: left alone: there is no such PF, "
                                      "or it has no driver or no SR-IOV; it "
                                      "is set up when it comes",
                                      section->id));
        } else {
            svec_add_nocopy(&p->plan->notes,
                            xasprintf("%s:%u: [%s] is about no PF that is "
                                      "here; \"ovs-sriov list\" shows those "
                                      "that are", p->conf->path,
                                      section->line, section->name));
        }
    }
}

void
host_plan_make(struct host_plan *plan, const struct host_conf *conf,
               const struct host *host, const char *only, bool force)
{
    struct planner p = { plan, conf, host, force };
    struct target *targets = xcalloc(host->n, sizeof *targets);
    size_t n = 0;

    memset(plan, 0, sizeof *plan);
    svec_init(&plan->notes);
    for (size_t i = 0; i < host->n; i++) {
        const struct host_section *section = host_section_of(conf,
                                                             host->pfs[i]);

        if (section && (!only || !strcmp(only, host->pfs[i]->pci))) {
            targets[n].pf = host->pfs[i];
            targets[n].section = section;
            n++;
        }
    }

    for (size_t i = 0; i < n; i++) {
        plan_eswitch(&p, &targets[i]);
    }
    plan_multiports(&p, targets, n);
    for (size_t i = 0; i < conf->n_bonds; i++) {
        plan_bond(&p, &conf->bonds[i], targets, n);
    }
    for (size_t i = 0; i < n; i++) {
        plan_late(&p, &targets[i]);
    }
    for (size_t i = 0; i < n; i++) {
        if (!targets[i].refused) {
            plan_vfs(&p, &targets[i]);
        }
        plan_end(&p, &targets[i]);
    }
    if (!only) {
        note_missing(&p);
    }
    free(targets);
}

void
host_plan_destroy(struct host_plan *plan)
{
    for (size_t i = 0; i < plan->n; i++) {
        free(plan->steps[i].pci);
        free(plan->steps[i].text);
        free(plan->steps[i].refusal);
    }
    free(plan->steps);
    svec_destroy(&plan->notes);
}

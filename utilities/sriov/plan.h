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

#ifndef SRIOV_HOST_PLAN_H
#define SRIOV_HOST_PLAN_H 1

/* The plan: what has to be done so that PFs are as sriov.conf says.
 *
 *     sriov.conf ---> conf --+
 *     kernel --> inventory --+--> PLAN --> apply
 *
 * A pure function of the two.  Each step is about all VFs of a PF, and does
 * nothing to those that are as they should be: when it is carried out, there
 * may be other ones than when it was planned. */

#include <stdbool.h>
#include <stddef.h>
#include "svec.h"
#include "sriov/conf.h"

struct host;
struct host_pf;
struct host_vf;

/* In the order in which hardware needs them, mlx5 for instance: steering can
 * only be chosen before switchdev mode, in which all PFs of a NIC must be
 * before there is multiport, or a bond; both before VFs have drivers.  A VF
 * takes its address when its driver starts. */
enum host_step_kind {
    HOST_STEP_UNBIND,           /* Take VFs from the host's drivers. */
    HOST_STEP_REMOVE,           /* No VFs. */
    HOST_STEP_LEGACY,           /* Legacy mode, for the next one. */
    HOST_STEP_STEERING,
    HOST_STEP_MODE,
    HOST_STEP_UP,               /* The uplink, after its driver recovered. */
    HOST_STEP_MULTIPORT,
    HOST_STEP_BOND,             /* A Linux bond of uplinks, for VF-LAG. */
    HOST_STEP_LATE,             /* VFs get drivers once others have made
                                 * one. */
    HOST_STEP_VFS,
    HOST_STEP_WAIT,             /* For representors. */
    HOST_STEP_NAMES,
    HOST_STEP_MTU,
    HOST_STEP_MAC,
    HOST_STEP_TRUST,
    HOST_STEP_SPOOFCHK,
    HOST_STEP_BIND,             /* Give VFs back to drivers, in any case. */
};

struct host_step {
    enum host_step_kind kind;
    char *pci;                  /* The PF. */
    const struct host_section *section;
    unsigned int n_vfs;         /* HOST_STEP_VFS. */
    const struct host_bond *bond;       /* HOST_STEP_BOND. */
    bool on;                    /* HOST_STEP_MULTIPORT. */
    bool late;                  /* HOST_STEP_VFS: without drivers. */
    bool optional;              /* That it fails is no failure: nobody asked
                                 * for it. */
    char *text;                 /* What is done, for people to read. */
    char *refusal;              /* Why it must not be done, or NULL. */
};

struct host_plan {
    struct host_step *steps;
    size_t n, allocated;
    struct svec notes;          /* What is left alone, and why. */
};

/* Makes '*plan', which the caller must destroy, for all PFs of the host, or
 * for that at PCI address 'only' if it is not NULL.  'force' is for VFs that
 * are in use, too.  The steps point into the configuration, which must
 * stay. */
void host_plan_make(struct host_plan *plan, const struct host_conf *,
                    const struct host *, const char *only, bool force);

/* Frees what is in the plan, not itself. */
void host_plan_destroy(struct host_plan *);

/* What VFs and PFs should be like; for those who carry the plan out and those
 * who show it as well. */

/* Returns the section about the PF, which belongs to the configuration, or
 * NULL. */
const struct host_section *host_section_of(const struct host_conf *,
                                           const struct host_pf *);

/* Returns the name that the representor 'label' ("pf0vf3") of the PF should
 * have, which the caller must free, or NULL if that is not configured, or no
 * name can be as long. */
char *host_name_of(const struct host_conf *, const struct host_pf *,
                   const char *label);

/* Returns what is to be said of representors of the PF that get no name since
 * it would be too long, which the caller must free; NULL if there is none.
 * With 'all' those of its VFs count, too, and not just those of another host's
 * functions and of SFs. */
char *host_names_too_long(const struct host_conf *, const struct host_pf *,
                          bool all);

/* Returns true if a step of this kind has something to do for a VF of the PF,
 * which must be configured. */
bool host_vf_wants(enum host_step_kind, const struct host_conf *,
                   const struct host_pf *, const struct host_vf *);

/* Returns true if the section is about a PF of the host, or would be without
 * one that is more specific. */
bool host_section_is_used(const struct host_section *, const struct host *);

/* Returns the devlink parameter, a static string, that a step of this kind
 * (steering, multiport) would set for the section, if the PF has none, else
 * NULL. */
const char *host_missing_param(const struct host_pf *,
                               const struct host_section *,
                               enum host_step_kind);

/* Returns the driver of the PF, a static string, if it is known to refuse what
 * a step of this kind does in this mode, else NULL. */
const char *host_refused_by(const struct host_pf *, enum host_step_kind,
                            enum sriov_mode);

/* Returns why what is called as the bond is to be called is not that, or not as
 * it is to be, which the caller must free; NULL if it is not there, or as it is
 * to be. */
char *host_bond_differs(const struct host_bond *, const struct host *);

/* Returns true if the uplinks of all PFs of the NIC of 'pf' that are here will
 * be in one Linux bond, which is not there yet and which others make.  The
 * driver, mlx5, wants to make a VF-LAG of it before VFs have drivers
 * (lag/lag.c, mlx5_activate_lag(), Linux 6.12). */
bool host_bond_comes(const struct host_conf *, const struct host *,
                     const struct host_pf *pf);

/* Returns true if a step of this kind leaves whoever uses the VF undisturbed,
 * or there is nobody, or with 'force'. */
bool host_vf_may(enum host_step_kind, const struct host_vf *, bool force);

#endif /* plan.h */

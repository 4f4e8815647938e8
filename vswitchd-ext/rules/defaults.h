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

#ifndef SRIOV_DEFAULTS_H
#define SRIOV_DEFAULTS_H 1

/* The defaults: which values of hw-offload, tc-policy and lacp-fallback-ab are
 * in force, and where each came from.
 *
 * Nothing is written to OVSDB.  bridge.c hands in the Open_vSwitch row and
 * reads its other_config, with the defaults filled in, from what comes back.
 * What a user set explicitly always wins, each key by itself. */

#include <stdbool.h>
#include "smap.h"
#include "rules/config.h"

struct ovsrec_open_vswitch;
struct sriov_model;

/* Value of tc-policy while each flow has a policy of its own. */
#define SRIOV_TC_PER_FLOW "per-flow"

/* A setting that has a default of ours. */
struct sriov_setting {
    const char *key;
    const char *value;          /* In force. */
    bool explicit;              /* Set in OVSDB... */
    const char *why;            /* ...or why it is what it is. */
};

struct sriov_defaults {
    enum sriov_enable enable;
    bool acting;                /* The defaults count, and so do the rules of
                                 * plan.c. */
    struct sriov_setting hw_offload;
    struct sriov_setting tc_policy;
    struct sriov_setting lacp_fallback_ab;
    bool per_flow;              /* Each flow has its own policy, see
                                 * offload-policy.h. */
    struct sriov_setting userspace_offload;     /* "auto": see may_offload() in
                                                 * cx-sriov.c. */
    bool userspace;             /* There is a userspace bridge. */
    struct smap other_config;   /* With the defaults filled in. */
};

/* Makes defaults that are not acting, to be ended with
 * sriov_defaults_destroy(). */
void sriov_defaults_init(struct sriov_defaults *);
void sriov_defaults_destroy(struct sriov_defaults *);

/* Brings 'd' up to date with 'cfg', the Open_vSwitch row, and 'model',
 * neither of which has to stay. */
void sriov_defaults_update(struct sriov_defaults *d,
                           const struct ovsrec_open_vswitch *cfg,
                           const struct sriov_model *model);

#endif /* defaults.h */

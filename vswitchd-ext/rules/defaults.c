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


/* See defaults.h for where this stands. */

#include <config.h>
#include "rules/defaults.h"

#include <string.h>

#include "compat.h"
#include "rules/config.h"
#include "rules/drivers.h"
#include "inventory/model.h"
#include "tc.h"
#include "util.h"
#include "vswitch-idl.h"

void
sriov_defaults_init(struct sriov_defaults *d)
{
    *d = (struct sriov_defaults) {
        .hw_offload = { .key = "hw-offload", .value = "false" },
        .tc_policy = { .key = "tc-policy", .value = TC_POLICY_DEFAULT },
        .lacp_fallback_ab = { .key = "lacp-fallback-ab", .value = "false" },
        .userspace_offload = { .key = "userspace-offload", .value = "auto" },
    };
    smap_init(&d->other_config);
}

void
sriov_defaults_destroy(struct sriov_defaults *d)
{
    smap_destroy(&d->other_config);
}

/* Brings '*setting' up to date.  'user' is what the user set, or NULL;
 * 'default_value' counts where nothing was. */
static void
set_setting(struct sriov_setting *setting, const char *user,
            const char *default_value, const char *why)
{
    setting->explicit = user != NULL;
    setting->value = user ? user : default_value;
    setting->why = user ? "set in other_config" : why;
}

/* Brings 'd->userspace_offload', which says what of 'd->hw_offload' counts on
 * userspace bridges, up to date.  Offload of DPDK ports is experimental in
 * Open vSwitch, so that the default is no more than what is known to work.  A
 * person who turned hw-offload on gets what it means upstream. */
static void
update_userspace(struct sriov_defaults *d,
                 const struct ovsrec_open_vswitch *cfg)
{
    enum sriov_userspace_offload user
        = sriov_config_userspace_offload(&cfg->other_config, d->acting);
    struct sriov_setting *s = &d->userspace_offload;

    d->userspace = false;
    for (size_t i = 0; i < cfg->n_bridges; i++) {
        d->userspace = (d->userspace
                        || !strcmp(cfg->bridges[i]->datapath_type, "netdev"));
    }
    if (user != SRIOV_USERSPACE_AUTO) {
        set_setting(s, user == SRIOV_USERSPACE_TRUE ? "true" : "false", NULL,
                    NULL);
    } else if (d->hw_offload.explicit) {
        set_setting(s, NULL, d->hw_offload.value,
                    "default: as hw-offload, which is set");
    } else if (!strcmp(d->hw_offload.value, "false")) {
        set_setting(s, NULL, "false", "default: as hw-offload");
    } else {
        set_setting(s, NULL, "auto", "default: DPDK ports of mlx5 alone");
    }
}

/* Finds out whether the module acts, as 'enable' says.  Returns why, a static
 * string. */
static const char *
update_acting(struct sriov_defaults *d, const struct sriov_model *model)
{
    const struct sriov_dev *dev;

    if (d->enable != SRIOV_AUTO) {
        d->acting = d->enable == SRIOV_TRUE;
        return (d->acting ? "default: other_config:sriov=true"
                : "default: other_config:sriov=false");
    }
    dev = sriov_drivers_best(model);
    d->acting = dev && !sriov_driver_fault(dev);
    return (d->acting ? "default: an eswitch is in switchdev mode"
            : dev ? "default: not for this NIC's driver; sriov=true forces it"
            : "default: no eswitch is in switchdev mode");
}

void
sriov_defaults_update(struct sriov_defaults *d,
                      const struct ovsrec_open_vswitch *cfg,
                      const struct sriov_model *model)
{
    const struct smap *user = &cfg->other_config;
    const char *old_tc_policy = smap_get_def(&d->other_config, "tc-policy",
                                             TC_POLICY_DEFAULT);
    const char *new_tc_policy;
    bool was_acting = d->acting;
    const char *why, *tc_policy, *def;
    bool changed;

    d->enable = sriov_config_enable(user);
    why = update_acting(d, model);

    tc_policy = d->acting ? SRIOV_TC_PER_FLOW : TC_POLICY_DEFAULT;
    def = d->acting ? "true" : "false";
    /* A module that does not act has nothing to complain about. */
    set_setting(&d->tc_policy,
                sriov_config_user_tc_policy(user, tc_policy, d->acting),
                tc_policy, why);
    set_setting(&d->lacp_fallback_ab,
                sriov_config_user_bool(user, "lacp-fallback-ab", def,
                                       d->acting), def, why);
    set_setting(&d->hw_offload,
                sriov_config_user_bool(user, "hw-offload", def, d->acting),
                def, why);

    /* Where each flow has its own policy, that of all others is "none". */
    d->per_flow = d->acting && !d->tc_policy.explicit;
    new_tc_policy = d->per_flow ? "none" : d->tc_policy.value;
    changed = strcmp(new_tc_policy, old_tc_policy);
    update_userspace(d, cfg);

    smap_destroy(&d->other_config);
    smap_clone(&d->other_config, user);
    smap_replace(&d->other_config, "hw-offload", d->hw_offload.value);
    smap_replace(&d->other_config, "tc-policy", new_tc_policy);

    if (sriov_compat_hw_offload_enabled()
        && !strcmp(d->hw_offload.value, "false")) {
        d->hw_offload.value = "true";
        d->hw_offload.why = "was on; off after a restart of ovs-vswitchd";
    }
    if ((d->acting || was_acting) && changed
        && sriov_compat_sets_tc_policy(!strcmp(d->hw_offload.value, "true"))) {
        tc_set_policy(new_tc_policy);
    }
}

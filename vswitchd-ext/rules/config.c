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


/* See config.h for where this stands. */

#include <config.h>
#include "rules/config.h"

#include <string.h>

#include "openvswitch/vlog.h"
#include "smap.h"
#include "rules/plan.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(sriov_config);

static const char OVS_ROW[] = "Open_vSwitch";

static void
warn_unreadable(const char *row, const char *key, const char *value,
                const char *expected, const char *used)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 20);

    VLOG_WARN_RL(&rl, "%s: other_config:%s=\"%s\" is not %s, using %s",
                 row, key, value, expected, used);
}

static bool
parse_bool(const char *s, bool *value)
{
    *value = !strcasecmp(s, "true");
    return *value || !strcasecmp(s, "false");
}

bool
sriov_config_bool(const char *row, const struct smap *smap, const char *key,
                  bool default_value)
{
    const char *s = smap_get(smap, key);
    bool value;

    if (!s) {
        return default_value;
    }
    if (!parse_bool(s, &value)) {
        warn_unreadable(row, key, s, "true or false",
                        default_value ? "true" : "false");
        return default_value;
    }
    return value;
}

const char *
sriov_config_integration_bridge(const struct smap *external_ids)
{
    return smap_get_def(external_ids, "ovn-bridge", "br-int");
}

const char *
sriov_config_port_owner(const struct smap *external_ids, bool controlled)
{
    const struct smap_node *node;

    /* Also "ovn-remote-CHASSIS". */
    SMAP_FOR_EACH (node, external_ids) {
        if (!strncmp(node->key, "ovn-remote", strlen("ovn-remote"))) {
            return "OVN";
        }
    }
    return controlled ? "the integration bridge's controller" : NULL;
}

void
sriov_config_auto_add(const char *row, const struct smap *other_config,
                      bool *auto_add, const char **owner)
{
    *auto_add = sriov_config_bool(row, other_config, "sriov-auto-add",
                                  *auto_add);
    if (smap_get(other_config, "sriov-auto-add")) {
        *owner = NULL;
    }
}

char *
sriov_config_switch_id(const char *row, const struct smap *smap)
{
    const char *s = smap_get(smap, "sriov-switch-id");

    if (s && (!*s || s[strspn(s, "0123456789abcdefABCDEF")])) {
        warn_unreadable(row, "sriov-switch-id", s, "a hexadecimal number",
                        "the switch id of its uplinks");
        s = NULL;
    }
    return nullable_xstrdup(s);
}

char *
sriov_config_representors(const char *row, const struct smap *smap)
{
    const char *s = smap_get(smap, "sriov-representors");
    bool match;

    if (s && !sriov_representors_parse(s, "pf0vf0", &match)) {
        warn_unreadable(row, "sriov-representors", s,
                        "a list such as pf0vf0-3,pf1vf*",
                        "all representors");
        s = NULL;
    }
    return nullable_xstrdup(s);
}

enum sriov_enable
sriov_config_enable(const struct smap *other_config)
{
    const char *s = smap_get_def(other_config, "sriov", "auto");
    bool value;

    if (!strcasecmp(s, "auto")) {
        return SRIOV_AUTO;
    } else if (parse_bool(s, &value)) {
        return value ? SRIOV_TRUE : SRIOV_FALSE;
    } else {
        warn_unreadable(OVS_ROW, "sriov", s, "auto, true or false", "auto");
        return SRIOV_AUTO;
    }
}

enum sriov_bond_config
sriov_config_bond_offload(const char *row, const struct smap *smap)
{
    const char *s = smap_get_def(smap, "bond-offload", "auto");

    if (!strcasecmp(s, "local")) {
        return SRIOV_BOND_LOCAL;
    } else if (!strcasecmp(s, "hash")) {
        return SRIOV_BOND_HASH;
    } else if (!strcasecmp(s, "off")) {
        return SRIOV_BOND_OFF;
    } else if (strcasecmp(s, "auto")) {
        warn_unreadable(row, "bond-offload", s, "auto, local, hash or off",
                        "auto");
    }
    return SRIOV_BOND_AUTO;
}

/* Returns which of the 'n' 'choices' the user set as 'key' in 'other_config'
 * of the Open_vSwitch row, or NULL if none, so that 'default_value' counts.
 * If 'warn', logs a value that is none of them; 'expected' then says what they
 * are. */
static const char *
config_choice(const struct smap *other_config, const char *key,
              const char *const choices[], size_t n, const char *expected,
              const char *default_value, bool warn)
{
    const char *s = smap_get(other_config, key);

    for (size_t i = 0; s && i < n; i++) {
        if (!strcasecmp(s, choices[i])) {
            return choices[i];
        }
    }
    if (s && warn) {
        warn_unreadable(OVS_ROW, key, s, expected, default_value);
    }
    return NULL;
}

const char *
sriov_config_user_bool(const struct smap *other_config, const char *key,
                       const char *default_value, bool warn)
{
    static const char *const choices[] = { "true", "false" };

    return config_choice(other_config, key, choices, ARRAY_SIZE(choices),
                         "true or false", default_value, warn);
}

const char *
sriov_config_user_tc_policy(const struct smap *other_config,
                            const char *default_value, bool warn)
{
    static const char *const choices[] = { "none", "skip_sw", "skip_hw" };

    return config_choice(other_config, "tc-policy", choices,
                         ARRAY_SIZE(choices), "none, skip_sw or skip_hw",
                         default_value, warn);
}

enum sriov_userspace_offload
sriov_config_userspace_offload(const struct smap *other_config, bool warn)
{
    static const char *const choices[] = { "auto", "true", "false" };
    const char *s = config_choice(other_config, "userspace-offload", choices,
                                  ARRAY_SIZE(choices), "auto, true or false",
                                  "auto", warn);

    return (!s || !strcmp(s, "auto") ? SRIOV_USERSPACE_AUTO
            : !strcmp(s, "true") ? SRIOV_USERSPACE_TRUE
            : SRIOV_USERSPACE_FALSE);
}

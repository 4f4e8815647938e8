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

#ifndef SRIOV_CONFIG_H
#define SRIOV_CONFIG_H 1

/* Reads the keys of other_config that ovs-vswitchd.conf.db(5) documents.
 *
 * A value that cannot be read is logged, rate-limited, with row, key, value
 * and what is used instead, and counts as not set.  'row' is how messages call
 * the row. */

#include <stdbool.h>

struct smap;

/* other_config:sriov of the Open_vSwitch row. */
enum sriov_enable {
    SRIOV_AUTO,                 /* Act while there is an eswitch. */
    SRIOV_TRUE,
    SRIOV_FALSE,
};

/* other_config:userspace-offload of the Open_vSwitch row. */
enum sriov_userspace_offload {
    SRIOV_USERSPACE_AUTO,       /* Where the driver is known to do it right. */
    SRIOV_USERSPACE_TRUE,
    SRIOV_USERSPACE_FALSE,
};

/* other_config:bond-offload of a Port. */
enum sriov_bond_config {
    SRIOV_BOND_AUTO,
    SRIOV_BOND_LOCAL,
    SRIOV_BOND_HASH,
    SRIOV_BOND_OFF,
};

/* Returns other_config:sriov of the Open_vSwitch row. */
enum sriov_enable sriov_config_enable(const struct smap *);

/* Returns other_config:userspace-offload of the Open_vSwitch row, logging a
 * value that cannot be read if 'warn'. */
enum sriov_userspace_offload sriov_config_userspace_offload(
    const struct smap *, bool warn);

/* Returns the value of the boolean 'key' in the other_config 'smap' of the row
 * that messages call 'row', or 'default_value' if there is none or it cannot
 * be read, which is logged. */
bool sriov_config_bool(const char *row, const struct smap *, const char *key,
                       bool default_value);

/* Returns who adds ports to the bridges of this host, for people, or NULL if
 * that is left to us: OVN, whose ovn-controller finds its database by
 * 'external_ids' of the Open_vSwitch row (ovn-controller(8)), or the one who
 * controls the integration bridge, if 'controlled': OpenStack's agent.  A
 * representor belongs into the integration bridge then, which never has an
 * uplink, and once it is a port elsewhere it cannot become one there.  The
 * string is static. */
const char *sriov_config_port_owner(const struct smap *external_ids,
                                    bool controlled);

/* Takes what 'other_config' of the row that messages call 'row' says of
 * sriov-auto-add, if anything: '*auto_add' is that then, and '*owner', who adds
 * ports if that is why it is false, is NULL.  Otherwise both stay. */
void sriov_config_auto_add(const char *row, const struct smap *other_config,
                           bool *auto_add, const char **owner);

/* Returns the name of the integration bridge, if there is one. */
const char *sriov_config_integration_bridge(const struct smap *external_ids);

/* Returns a bridge's sriov-switch-id, which the caller must free, or NULL. */
char *sriov_config_switch_id(const char *row, const struct smap *);

/* Returns a bridge's sriov-representors, which the caller must free, or NULL
 * for all. */
char *sriov_config_representors(const char *row, const struct smap *);

/* Returns other_config:bond-offload of a Port. */
enum sriov_bond_config sriov_config_bond_offload(const char *row,
                                                 const struct smap *);

/* Returns what the user set as the boolean 'key' in other_config of the
 * Open_vSwitch row, "true" or "false", or NULL if that is nothing, so that
 * 'default_value' counts.  A value that cannot be read counts as nothing, and
 * is logged if 'warn'.  The string is static. */
const char *sriov_config_user_bool(const struct smap *, const char *key,
                                   const char *default_value, bool warn);

/* Likewise for tc-policy. */
const char *sriov_config_user_tc_policy(const struct smap *,
                                        const char *default_value, bool warn);

#endif /* config.h */

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

/* One text as the value of each key, and as each kind of name and list that
 * people write. */

#include <config.h>
#undef NDEBUG
#include "fuzz.h"
#include "openvswitch/vlog.h"
#include "smap.h"
#include "util.h"
#include "inventory/model.h"
#include "inventory/netlink.h"
#include "rules/config.h"
#include "rules/plan.h"
#include "sriov/conf.h"

int
LLVMFuzzerInitialize(int *argc OVS_UNUSED, char ***argv OVS_UNUSED)
{
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
    return 0;
}

static void
fuzz_other_config(const char *s)
{
    static const char *const keys[] = {
        "sriov", "sriov-auto-add", "sriov-switch-id", "sriov-representors",
        "bond-offload", "hw-offload", "tc-policy"
    };
    struct smap config = SMAP_INITIALIZER(&config);

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        smap_add(&config, keys[i], s);
    }
    sriov_config_enable(&config);
    sriov_config_bool("row", &config, "sriov-auto-add", true);
    free(sriov_config_switch_id("row", &config));
    free(sriov_config_representors("row", &config));
    sriov_config_bond_offload("row", &config);
    sriov_config_user_bool(&config, "hw-offload", "true", true);
    sriov_config_user_tc_policy(&config, "none", true);
    smap_destroy(&config);
}

static void
fuzz_lists(const char *s)
{
    static const char *const labels[] = {
        "pf0vf0", "c1pf4294967295sf4294967295", "pf7"
    };
    struct sriov_port_id id;
    bool match;
    bool ok = sriov_representors_parse(s, labels[0], &match);

    /* Whether a list can be read is not a matter of whom it is to match. */
    for (size_t i = 0; i < ARRAY_SIZE(labels); i++) {
        ovs_assert(sriov_representors_parse(s, labels[i], &match) == ok);
    }
    if (sriov_port_id_from_string(s, &id)) {
        free(host_expand_name("{switch}{port}{pf}{vf}x", "1", s));
        sriov_representors_parse("*", s, &match);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *s = xmemdup0((const char *) data, size);
    char *pci, *again;

    fuzz_other_config(s);
    fuzz_lists(s);
    sriov_name_is_valid(s);
    if (host_pci_address(s, &pci)) {
        /* What it is in full is itself in full. */
        ovs_assert(host_pci_address(pci, &again) && !strcmp(pci, again));
        free(again);
        free(pci);
    }
    free(s);
    return 0;
}

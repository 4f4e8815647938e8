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

/* Worlds as text, see tests/test-sriov-plan.c --> model, view, history -->
 * plan, which is carried out, and what sriov/show says of it.
 *
 * That a plan is right is what the random worlds of test-sriov-plan look for:
 * here, there are worlds that no kernel has. */

#include <config.h>
#undef NDEBUG
#include "ovstest.h"
#undef OVSTEST_REGISTER
#define OVSTEST_REGISTER(NAME, FUNCTION)
#include "test-sriov-plan.c"

#include "fuzz.h"
#include "openvswitch/json.h"
#include "openvswitch/vlog.h"
#include "rules/defaults.h"
#include "show/show.h"

#define MAX_SIZE 4000           /* Longer worlds only take longer... */
#define MAX_PLANS 12            /* ...as do more plans in one. */

int
LLVMFuzzerInitialize(int *argc OVS_UNUSED, char ***argv OVS_UNUSED)
{
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
    sriov_history_init(&history);
    new_world();
    return 0;
}

static void
show_one(const struct sriov_show *show)
{
    struct ds s = DS_EMPTY_INITIALIZER;
    struct json *json;

    /* What is there for people is there for programs, and is JSON. */
    if (sriov_show_text(show, &s)) {
        ovs_assert(sriov_show_json(show, &json));

        char *text = json_to_string(json, 0);
        struct json *again = json_from_string(text);

        ovs_assert(json_equal(json, again));
        json_destroy(again);
        json_destroy(json);
        free(text);
    }
    ds_destroy(&s);
}

static void
show_all(void)
{
    static const char *const names[] = {
        NULL, "br0", "bond0", "pf0vf1", "0000:01:00.0", ""
    };
    struct sriov_model *model = sriov_source_dummy.read(NULL);
    if (!model) {
        return;
    }

    struct sriov_view *view = get_view(false);
    struct sriov_plan *plan = make_plan(model, view, NULL);
    struct sriov_defaults defaults = {
        .acting = true,
        .hw_offload = { .key = "hw-offload", .value = "true", .why = "x" },
        .tc_policy = { .key = "tc-policy", .value = "none", .why = "x" },
        .lacp_fallback_ab = { .key = "lacp-fallback-ab", .value = "true",
                              .why = "x" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct sriov_show show = {
            .defaults = &defaults,
            .model = model,
            .view = view,
            .view_known = true,
            .plan = plan,
            .history = &history,
            .name = names[i],
        };

        show_one(&show);
    }
    sriov_plan_destroy(plan);
    sriov_view_destroy(view);
    sriov_model_destroy(model);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ds s = DS_EMPTY_INITIALIZER;
    unsigned int n_plans = 0;

    if (size > MAX_SIZE) {
        return 0;
    }

    char *text = xmemdup0((const char *) data, size);
    char *line, *rest = text;

    new_world();
    while ((line = strsep(&rest, "\n"))) {
        if (strcmp(line, "plan") || n_plans++ < MAX_PLANS) {
            do_line(line, &s);
        }
    }
    do_line("plan", &s);
    show_all();
    free(text);
    ds_destroy(&s);
    return 0;
}

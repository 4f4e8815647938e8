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

/* Tests the policy of vswitchd-ext/rules/offload-policy.c: reads flows, a line
 * each, and prints each with its policy and the reason.
 *
 *     in=PORT [out=PORT[,PORT...]] [ct] [recirc] [meter]
 *
 * PORT is "own", "others" or "none", see enum sriov_offload. */

#include <config.h>
#undef NDEBUG
#include "ovstest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "rules/offload-policy.h"
#include "svec.h"
#include "util.h"

static bool
parse_port(const char *s, enum sriov_offload *offload)
{
    *offload = (!strcmp(s, "own") ? SRIOV_OFFLOAD_OWN
                : !strcmp(s, "others") ? SRIOV_OFFLOAD_OTHERS
                : SRIOV_OFFLOAD_NONE);
    return *offload != SRIOV_OFFLOAD_NONE || !strcmp(s, "none");
}

static bool
parse_outs(const char *s, unsigned int *outs)
{
    struct svec ports = SVEC_EMPTY_INITIALIZER;
    bool ok = true;

    svec_parse_words(&ports, s);
    for (size_t i = 0; i < ports.n; i++) {
        enum sriov_offload offload;

        ok = parse_port(ports.names[i], &offload) && ok;
        *outs |= 1u << offload;
    }
    svec_destroy(&ports);
    return ok;
}

static bool
parse_flow(const char *line, struct sriov_policy_flow *flow)
{
    struct svec words = SVEC_EMPTY_INITIALIZER;
    bool ok = true;

    *flow = (struct sriov_policy_flow) { .in = SRIOV_OFFLOAD_OTHERS };
    svec_parse_words(&words, line);
    for (size_t i = 0; i < words.n; i++) {
        char *word = words.names[i];

        if (!strncmp(word, "in=", 3)) {
            ok = parse_port(word + 3, &flow->in) && ok;
        } else if (!strncmp(word, "out=", 4)) {
            for (char *p = word; *p; p++) {
                *p = *p == ',' ? ' ' : *p;
            }
            ok = parse_outs(word + 4, &flow->outs) && ok;
        } else if (!strcmp(word, "ct")) {
            flow->conntrack = true;
        } else if (!strcmp(word, "recirc")) {
            flow->recirculation = true;
        } else if (!strcmp(word, "meter")) {
            flow->meter = true;
        } else if (!strcmp(word, "tunnel")) {
            flow->into_tunnel = true;
        } else if (!strcmp(word, "elsewhere")) {
            flow->into_tunnel = flow->tunnel_elsewhere = true;
        } else {
            ok = false;
        }
    }
    svec_destroy(&words);
    return ok;
}

static void
test_sriov_offload_main(int argc OVS_UNUSED, char *argv[])
{
    struct ds line = DS_EMPTY_INITIALIZER;

    set_program_name(argv[0]);
    while (!ds_get_line(&line, stdin)) {
        struct sriov_policy_flow flow;
        const char *why;

        if (!parse_flow(ds_cstr(&line), &flow)) {
            printf("%s: cannot be read\n", ds_cstr(&line));
            continue;
        }
        enum sriov_policy policy = sriov_policy_decide(&flow, &why);
        printf("%-28s %-9s  %s\n", ds_cstr(&line), sriov_policy_name(policy),
               why);
    }
    ds_destroy(&line);
}

OVSTEST_REGISTER("test-sriov-offload", test_sriov_offload_main);

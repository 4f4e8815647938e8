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

/* Tests vswitchd-ext/rules/frames.c: the order of a filter's actions.
 *
 *     a line of words --> struct tc_flower --> frames --> a line of words
 *
 * Words: "A" to "Z" an output, "pop", "push:VID[/PCP][:TPID]", "dst:N" and
 * "src:N" the last byte of a MAC address, "ct", "encap", "mpls", "goto";
 * before "|": "vlan:TPID", the frame's outer tag, and "pcp", which is then
 * matched on; "tunnel": it comes out of one. */

#include <config.h>
#undef NDEBUG
#include "ovstest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packets.h"
#include "rules/frames.h"
#include "tc.h"
#include "util.h"

static void
parse_push(struct tc_action *action, char *word)
{
    char *tpid = strchr(word, ':');
    char *pcp = strchr(word, '/');

    action->type = TC_ACT_VLAN_PUSH;
    action->vlan.vlan_push_tpid = htons(tpid ? strtoul(tpid + 1, NULL, 16)
                                        : ETH_TYPE_VLAN_8021Q);
    action->vlan.vlan_push_id = atoi(word);
    action->vlan.vlan_push_prio = pcp ? atoi(pcp + 1) : 0;
}

static void
parse_mac(struct tc_action *action, const char *word)
{
    bool dst = word[0] == 'd';
    struct tc_flower_key *key = &action->rewrite.key;
    struct tc_flower_key *mask = &action->rewrite.mask;

    action->type = TC_ACT_PEDIT;
    (dst ? &key->dst_mac : &key->src_mac)->ea[5] = atoi(strchr(word, ':') + 1);
    *(dst ? &mask->dst_mac : &mask->src_mac) = eth_addr_exact;
}

static void
parse_action(struct tc_flower *flower, char *word)
{
    static const struct {
        const char *name;
        enum tc_action_type type;
    } others[] = {
        { "pop", TC_ACT_VLAN_POP }, { "ct", TC_ACT_CT },
        { "encap", TC_ACT_ENCAP }, { "mpls", TC_ACT_MPLS_SET },
        { "goto", TC_ACT_GOTO },
    };
    struct tc_action *action = &flower->actions[flower->action_count++];

    memset(action, 0, sizeof *action);
    if (word[0] >= 'A' && word[0] <= 'Z') {
        action->type = TC_ACT_OUTPUT;
        action->out.ifindex_out = word[0];
    } else if (!strncmp(word, "push:", 5)) {
        parse_push(action, word + 5);
    } else if (!strncmp(word, "dst:", 4) || !strncmp(word, "src:", 4)) {
        parse_mac(action, word);
    } else {
        bool found = false;

        for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
            if (!strcmp(word, others[i].name)) {
                action->type = others[i].type;
                found = true;
            }
        }
        ovs_assert(found);
    }
}

static void
print_action(const struct tc_action *action)
{
    const struct tc_flower_key *mask = &action->rewrite.mask;

    switch (action->type) {
    case TC_ACT_OUTPUT:
        printf(" %c", action->out.ifindex_out);
        break;
    case TC_ACT_VLAN_POP:
        printf(" pop");
        break;
    case TC_ACT_VLAN_PUSH:
        printf(" push:%d", action->vlan.vlan_push_id);
        if (action->vlan.vlan_push_prio) {
            printf("/%d", action->vlan.vlan_push_prio);
        }
        if (action->vlan.vlan_push_tpid != htons(ETH_TYPE_VLAN_8021Q)) {
            printf(":%x", ntohs(action->vlan.vlan_push_tpid));
        }
        break;
    case TC_ACT_PEDIT:
        if (!eth_addr_is_zero(mask->dst_mac)) {
            printf(" dst:%d", action->rewrite.key.dst_mac.ea[5]);
        }
        if (!eth_addr_is_zero(mask->src_mac)) {
            printf(" src:%d", action->rewrite.key.src_mac.ea[5]);
        }
        break;
    case TC_ACT_CT:
        printf(" ct");
        break;
    case TC_ACT_ENCAP:
        printf(" encap");
        break;
    case TC_ACT_GOTO:
        printf(" goto");
        break;
    case TC_ACT_MPLS_SET:
        printf(" mpls");
        break;
    case TC_ACT_MPLS_POP:
    case TC_ACT_MPLS_PUSH:
    case TC_ACT_POLICE:
    case TC_ACT_POLICE_MTU:
    default:
        OVS_NOT_REACHED();
    }
}

static void
do_line(char *line)
{
    struct tc_flower *flower = xzalloc(sizeof *flower);
    bool is_match = strchr(line, '|') != NULL;
    char *save = NULL;
    const char *fault;

    printf("%s:", line);
    for (char *word = strtok_r(line, " ", &save); word;
         word = strtok_r(NULL, " ", &save)) {
        if (!strcmp(word, "|")) {
            is_match = false;
        } else if (is_match && !strcmp(word, "pcp")) {
            flower->mask.vlan_prio[0] = 7;
        } else if (is_match && !strcmp(word, "tunnel")) {
            flower->tunnel = true;
        } else if (is_match) {
            flower->key.eth_type = htons(strtoul(word + 5, NULL, 16));
        } else {
            parse_action(flower, word);
        }
    }
    fault = sriov_frames_arrange(flower);
    if (fault) {
        printf(" not: %s", fault);
    }
    for (int i = 0; i < flower->action_count && !fault; i++) {
        print_action(&flower->actions[i]);
    }
    putchar('\n');
    free(flower);
}

static void
test_sriov_frames_main(int argc OVS_UNUSED, char *argv[] OVS_UNUSED)
{
    char line[1024];

    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        do_line(line);
    }
}

OVSTEST_REGISTER("test-sriov-frames", test_sriov_frames_main);

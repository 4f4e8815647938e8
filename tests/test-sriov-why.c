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


/* Tests of why a flow is not in hardware.
 *
 *     lines --> flow, what was said --> rules/reasons --> text
 *
 * A line "attempts" puts datapath/attempts to the test as well. */

#include <config.h>
#undef NDEBUG
#include "ovstest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "datapath/attempts.h"
#include "dpif.h"
#include "netlink.h"
#include "odp-util.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/ofpbuf.h"
#include "rules/reasons.h"
#include "timeval.h"
#include "util.h"

/* Ports 1 and 2 are representors, 3 a tap, 4 an Interface with
 * hw-offload-priority=none. */
static const struct sriov_reasons_port ports[] = {
    { "rep1", true, NULL },
    { "rep2", true, NULL },
    { "tap3", false, NULL },
    { "none4", false, "none" },
};

static const struct sriov_reasons_port *
find_port(uint32_t number, const void *aux OVS_UNUSED)
{
    return number >= 1 && number <= ARRAY_SIZE(ports) ? &ports[number - 1]
           : NULL;
}

/* What the lines say, until "done". */
struct world {
    struct sriov_reasons_input in;
    struct ofpbuf key, actions;
    char *said;
    char *tc_policy;
};

static void
world_init(struct world *w)
{
    memset(w, 0, sizeof *w);
    w->in.hw_offload = true;
    w->in.in = &ports[0];
    w->in.find_port = find_port;
    ofpbuf_init(&w->key, 0);
    ofpbuf_init(&w->actions, 0);
    w->said = xstrdup("");
}

static void
world_uninit(struct world *w)
{
    ofpbuf_uninit(&w->key);
    ofpbuf_uninit(&w->actions);
    free(w->said);
    free(w->tc_policy);
}

static void
print_reason(struct world *w)
{
    struct sriov_refusal reason;

    w->in.key = w->key.data;
    w->in.key_len = w->key.size;
    w->in.actions = w->actions.data;
    w->in.actions_len = w->actions.size;
    w->in.said = w->said;
    w->in.tc_policy = w->tc_policy;
    sriov_refusal_find(&w->in, &reason);
    printf("%s: %s\n  %s\n", reason.id, reason.text, reason.help);
    free(reason.text);
}

/* Has 'w' changed by a line "WORD ARGUMENT". */
static void
do_line(struct world *w, const char *word, char *argument)
{
    if (!strcmp(word, "in")) {
        w->in.in = find_port(atoi(argument), NULL);
    } else if (!strcmp(word, "hw-offload")) {
        w->in.hw_offload = !strcmp(argument, "true");
    } else if (!strcmp(word, "tc-policy")) {
        free(w->tc_policy);
        w->tc_policy = xstrdup(argument);
    } else if (!strcmp(word, "in-tc")) {
        w->in.in_tc = true;
    } else if (!strcmp(word, "key")) {
        ovs_assert(odp_flow_from_string(argument, NULL, &w->key, NULL,
                                        NULL) == 0);
    } else if (!strcmp(word, "actions")) {
        ovs_assert(odp_actions_from_string(argument, NULL,
                                           &w->actions) == 0);
    } else if (!strcmp(word, "ovs") || !strcmp(word, "kernel")) {
        w->in.tried = true;
        w->in.refused = !strcmp(word, "kernel");
        w->in.error = strtol(argument, &argument, 10);
        free(w->said);
        w->said = xstrdup(argument + strspn(argument, " "));
    } else {
        ovs_fatal(0, "\"%s\" is no word of a world", word);
    }
}

static void
test_reasons_main(int argc OVS_UNUSED, char *argv[] OVS_UNUSED)
{
    struct ds line = DS_EMPTY_INITIALIZER;
    struct world w;

    world_init(&w);
    while (!ds_get_line(&line, stdin)) {
        char *argument = line.string;
        char *word = strsep(&argument, " ");

        if (!strcmp(word, "why")) {
            print_reason(&w);
            world_uninit(&w);
            world_init(&w);
        } else if (word[0] && word[0] != '#') {
            do_line(&w, word, argument);
        }
    }
    world_uninit(&w);
    ds_destroy(&line);
}

OVSTEST_REGISTER("test-sriov-reasons", test_reasons_main);

/* Records. */

static ovs_u128
ufid(unsigned int i)
{
    return (ovs_u128) { .u64 = { .lo = i * 0x9e3779b97f4a7c15ULL, .hi = i } };
}

/* Has the flow 'i' tried, with 'error', which 'text' of the kernel belongs
 * to. */
static void
try(unsigned int i, unsigned int flags, int error, const char *text)
{
    struct nlmsghdr nlmsg = { .nlmsg_type = 44 /* RTM_NEWTFILTER */ };
    struct ofpbuf request = ofpbuf_const_initializer(&nlmsg, sizeof nlmsg);
    ovs_u128 id = ufid(i);

    sriov_attempt_begin();
    if (text) {
        sriov_attempt_refused(&request, error, text);
    }
    ovs_assert(sriov_attempt_end("system", &id, flags, error) == error);
}

static void
check_count(size_t n, size_t n_refused, size_t n_texts)
{
    size_t n2, n_refused2, n_texts2;

    sriov_attempts_count(&n2, &n_refused2, &n_texts2);
    ovs_assert(n == n2);
    ovs_assert(n_refused == n_refused2);
    ovs_assert(n_texts == n_texts2);
}

static bool
on_record(unsigned int i, int error, unsigned int times, const char *text)
{
    struct sriov_attempt attempt;
    ovs_u128 id = ufid(i);

    return (sriov_attempts_get(&id, &attempt)
            && attempt.error == error && attempt.times == times
            && !strcmp(attempt.text, text));
}

static void
test_records(void)
{
    ovs_u128 id = ufid(1);

    /* A text that several flows have is there once. */
    try(1, DPIF_FP_CREATE, EOPNOTSUPP, "drv: no");
    try(2, DPIF_FP_CREATE, EOPNOTSUPP, "drv: no");
    try(3, DPIF_FP_CREATE, ENOSPC, NULL);
    check_count(3, 2, 1);
    ovs_assert(on_record(1, EOPNOTSUPP, 1, "drv: no"));
    ovs_assert(on_record(3, ENOSPC, 1, ""));

    /* Tried again, for another reason; then it succeeds. */
    try(1, DPIF_FP_MODIFY, ENOSPC, "drv: full");
    ovs_assert(on_record(1, ENOSPC, 2, "drv: full"));
    check_count(3, 2, 2);
    try(1, DPIF_FP_MODIFY, 0, NULL);
    check_count(2, 1, 1);

    /* What is no failure, or no flow of its own, is not taken down. */
    try(4, DPIF_FP_CREATE, EEXIST, NULL);
    try(5, DPIF_FP_CREATE | DPIF_FP_PROBE, EOPNOTSUPP, NULL);
    check_count(2, 1, 1);

    /* What was said about another error, or outside of an attempt, does not
     * count. */
    try(6, DPIF_FP_CREATE, ENOENT, "drv: gone");
    sriov_attempt_begin();
    sriov_attempt_logged("updating old handle: %d prio: %d", 1, 2);
    sriov_attempt_logged("unsupported put action type: %d", 6);
    sriov_attempt_end("system", &id, DPIF_FP_CREATE, EOPNOTSUPP);
    ovs_assert(on_record(1, EOPNOTSUPP, 1, "unsupported put action type: 6"));
    check_count(4, 2, 3);

    /* Deleted and flushed ones are forgotten. */
    sriov_attempt_forget(&id);
    sriov_attempt_forget(NULL);
    check_count(3, 2, 2);
    sriov_attempts_flush("netdev");
    check_count(3, 2, 2);
    sriov_attempts_flush("system");
    check_count(0, 0, 0);
}

/* Has the flow 1 of a userspace datapath tried, by a driver of DPDK's that
 * takes it, or only its mark, or refuses with 'flow_text' or 'mark_text'; after Open
 * vSwitch has said 'ovs_text', if that is nonnull, it has nothing to give to
 * the driver but a mark. */
static void
try_dpdk(const char *ovs_text, const char *flow_text, const char *mark_text)
{
    bool refused = ovs_text || flow_text;
    ovs_u128 id = ufid(1);
    int error = refused && mark_text ? -1 : 0;

    sriov_attempt_begin();
    if (ovs_text) {
        sriov_attempt_logged("%s: Output to port '%s' cannot be offloaded.",
                             "rep1", ovs_text);
    } else {
        sriov_attempt_by_driver(!flow_text, true, flow_text);
        if (flow_text) {
            sriov_attempt_logged("%s: rte_flow creation failed: %d (%s).",
                                 "rep1", 1, flow_text);
        }
    }
    if (refused) {
        sriov_attempt_by_driver(!mark_text, false, mark_text);
    }
    ovs_assert(sriov_attempt_end("netdev", &id, DPIF_FP_MODIFY, error)
               == error);
}

static void
test_dpdk(void)
{
    ovs_u128 id = ufid(1);

    /* Refused whole, in the words for the flow itself. */
    try_dpdk(NULL, "pmd: no", "pmd: no mark either");
    ovs_assert(on_record(1, 1, 1, "pmd: no"));
    check_count(1, 1, 1);

    /* Open vSwitch takes that for a success; a mark is no offload. */
    try_dpdk(NULL, "pmd: no", NULL);
    ovs_assert(on_record(1, EOPNOTSUPP, 2, "pmd: no"));

    /* What Open vSwitch said is the reason, whatever comes of the mark. */
    try_dpdk("tap3", NULL, NULL);
    ovs_assert(on_record(1, EOPNOTSUPP, 3, "rep1: Output to port 'tap3' "
                         "cannot be offloaded."));
    check_count(1, 0, 1);
    try_dpdk("tap3", NULL, "pmd: no mark");
    ovs_assert(on_record(1, 1, 4, "rep1: Output to port 'tap3' cannot be "
                         "offloaded."));

    /* No other text for each flow. */
    sriov_attempt_begin();
    sriov_attempt_logged("%s: matches of ufid %d are not supported", "rep1",
                         7);
    sriov_attempt_end("netdev", &id, DPIF_FP_MODIFY, -1);
    ovs_assert(on_record(1, 1, 5, "matches of this flow are not supported"));

    try_dpdk(NULL, NULL, NULL);
    check_count(0, 0, 0);

    /* Outside of an attempt. */
    sriov_attempt_by_driver(false, true, "pmd: no");
    try(2, DPIF_FP_CREATE, ENOSPC, NULL);
    ovs_assert(on_record(2, ENOSPC, 1, ""));
    sriov_attempts_flush("system");
}

/* There is an end to it, at which the oldest goes. */
static void
test_cap(void)
{
    for (unsigned int i = 0; i < SRIOV_ATTEMPTS_MAX + 10; i++) {
        try(i, DPIF_FP_CREATE, EOPNOTSUPP, "drv: no");
    }
    check_count(SRIOV_ATTEMPTS_MAX, SRIOV_ATTEMPTS_MAX, 1);
    ovs_assert(!on_record(9, EOPNOTSUPP, 1, "drv: no"));
    ovs_assert(on_record(10, EOPNOTSUPP, 1, "drv: no"));
    sriov_attempts_flush("system");
    check_count(0, 0, 0);
}

static void *
hammer(void *base_)
{
    unsigned int base = *(unsigned int *) base_;

    for (unsigned int i = 0; i < 20000; i++) {
        ovs_u128 id = ufid(base + i % 100);

        try(base + i % 100, DPIF_FP_CREATE, EOPNOTSUPP,
            i % 3 ? "drv: no" : "drv: never");
        on_record(base + i % 7, EOPNOTSUPP, 1, "");
        if (i % 2) {
            sriov_attempt_forget(&id);
        }
    }
    return NULL;
}

static void
test_threads(void)
{
    unsigned int bases[4];
    pthread_t threads[4];

    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        bases[i] = i * 1000;
        threads[i] = ovs_thread_create("hammer", hammer, &bases[i]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        xpthread_join(threads[i], NULL);
    }
    check_count(200, 200, 2);
    sriov_attempts_flush("system");
    check_count(0, 0, 0);
}

/* Prints what an attempt costs, in ns, with 50,000 flows on record. */
static void
bench(void)
{
    enum { N = 1000000 };
    static const struct {
        const char *name;
        unsigned int flags;
    } puts[] = { { "create", DPIF_FP_CREATE }, { "modify", DPIF_FP_MODIFY } };

    for (unsigned int i = 0; i < 50000; i++) {
        try(i, DPIF_FP_CREATE, EOPNOTSUPP, "drv: no");
    }
    for (size_t i = 0; i < ARRAY_SIZE(puts); i++) {
        long long int start = time_usec();

        for (unsigned int j = 0; j < N; j++) {
            ovs_u128 id = ufid(100000 + j);

            sriov_attempt_begin();
            sriov_attempt_end("system", &id, puts[i].flags, 0);
        }
        printf("%s, taken: %lld ns\n", puts[i].name,
               (time_usec() - start) * 1000 / N);
    }

    long long int start = time_usec();
    for (unsigned int i = 0; i < N; i++) {
        try(i % 50000, DPIF_FP_MODIFY, EOPNOTSUPP, "drv: no");
    }
    printf("not taken: %lld ns\n", (time_usec() - start) * 1000 / N);
    sriov_attempts_flush("system");
}

static void
test_attempts_main(int argc, char *argv[])
{
    if (argc > 1 && !strcmp(argv[1], "bench")) {
        bench();
        return;
    }
    test_records();
    test_dpdk();
    test_cap();
    test_threads();
}

OVSTEST_REGISTER("test-sriov-attempts", test_attempts_main);

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

/* Tests vswitchd-ext/rules/schedule.c: when something is done, without I/O.
 *
 *     lines --> what happens, how things are, the time --> schedule --> text
 *
 * A world is text, see do_line().  Each "run" in it is a round of the main
 * loop: prints what is done in it, and how long the loop then sleeps. */

#include <config.h>
#undef NDEBUG
#include "ovstest.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "rules/schedule.h"
#include "svec.h"
#include "util.h"

/* A round in which more than this is done has no end. */
#define MAX_ACTIONS 10

struct world {
    struct sriov_schedule schedule;
    struct sriov_schedule_input in;
    long long int plan_wake;    /* What plans say: a new one after so many ms,
                                 * or LLONG_MAX. */
    bool writes, absent, links;
};

static const struct flag {
    const char *name;
    size_t offset;
} flags[] = {
    { "known", offsetof(struct world, in.known) },
    { "leader", offsetof(struct world, in.leader) },
    { "active", offsetof(struct world, in.active) },
    { "stale", offsetof(struct world, in.defaults_stale) },
    { "ready", offsetof(struct world, in.session_ready) },
    { "open", offsetof(struct world, in.session_open) },
    { "writes", offsetof(struct world, writes) },
    { "absent", offsetof(struct world, absent) },
    { "links", offsetof(struct world, links) },
};

static void
new_world(struct world *w)
{
    memset(w, 0, sizeof *w);
    sriov_schedule_init(&w->schedule);
    w->in.now = 1000 * 1000;
    w->plan_wake = LLONG_MAX;
}

/* Sets the flags in 'words' from the second on: "NAME" or "-NAME". */
static bool
set_flags(struct world *w, const struct svec *words)
{
    for (size_t i = 1; i < words->n; i++) {
        const char *name = words->names[i];
        bool on = name[0] != '-';
        bool found = false;

        for (size_t j = 0; j < ARRAY_SIZE(flags); j++) {
            if (!strcmp(name + !on, flags[j].name)) {
                *(bool *) ((char *) w + flags[j].offset) = on;
                found = true;
            }
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

/* Makes a plan. */
static void
plan(struct world *w)
{
    long long int wake = (w->plan_wake == LLONG_MAX ? LLONG_MAX
                          : w->in.now + w->plan_wake);

    if (w->links) {
        w->in.reader_busy = w->in.links_busy = true;
        w->links = false;
    }
    switch (sriov_schedule_planned(&w->schedule, &w->in, wake, w->writes,
                                   w->absent)) {
    case SRIOV_OPEN:
        printf("  plan, open\n");
        w->in.session_open = true;
        break;
    case SRIOV_WRITE:
        printf("  plan, write\n");
        w->in.session_ready = false;    /* A transaction is under way. */
        w->writes = false;
        break;
    case SRIOV_NOTHING:
        printf("  plan\n");
        break;
    case SRIOV_READ:
    case SRIOV_CLOSE:
    case SRIOV_PLAN:
    default:
        OVS_NOT_REACHED();
    }
}

/* A round of the main loop, as act() in cx-sriov.c has it. */
static void
run(struct world *w)
{
    enum sriov_action action = SRIOV_READ;
    long long int wake;

    for (int i = 0; action != SRIOV_NOTHING && action != SRIOV_PLAN; i++) {
        ovs_assert(i < MAX_ACTIONS);
        action = sriov_schedule_next(&w->schedule, &w->in);
        if (action == SRIOV_READ) {
            printf("  read\n");
            w->in.reader_busy = true;
        } else if (action == SRIOV_CLOSE) {
            printf("  close\n");
            w->in.session_open = w->in.session_ready = false;
        } else if (action == SRIOV_PLAN) {
            plan(w);
        }
    }
    wake = sriov_schedule_wake(&w->schedule, &w->in);
    if (wake == LLONG_MAX) {
        printf("  sleep\n");
    } else if (wake <= w->in.now) {
        printf("  again at once\n");
    } else {
        printf("  sleep %lld ms\n", wake - w->in.now);
    }
}

/* Carries out 'line', which is one of
 *
 *     world[: TEXT]      a new one: ovs-vswitchd starts
 *     set [-]FLAG...     how things are: known, leader, active, stale, open
 *                        and ready are those of struct sriov_schedule_input; plans
 *                        from now on write (writes), have ports that are
 *                        absent, or have links set (links)
 *     wake MS            plans want to be made anew after so long; "never"
 *     event kernel       the kernel has something new
 *     event resync       and it is to be read at once
 *     event read MS      a reading has ended, which took so long
 *     event links        links were set
 *     event changed      model or configuration changed
 *     event session      our session saw a change, or a transaction ended
 *     event retry MS     something is to be tried again after so long
 *     clock MS           that time passes, or the clock jumps so far
 *     run                a round of the main loop
 *
 * Returns false if it is none. */
static bool
do_line(struct world *w, const char *line)
{
    struct svec words = SVEC_EMPTY_INITIALIZER;
    bool ok = true;

    if (!strncmp(line, "world", 5)) {
        new_world(w);
        return true;
    }
    svec_parse_words(&words, line);
    const char *command = words.n ? words.names[0] : "";
    const char *what = words.n > 1 ? words.names[1] : "";
    int ms = words.n > 2 ? atoi(words.names[2]) : 0;

    if (!strcmp(command, "set")) {
        ok = set_flags(w, &words);
    } else if (!strcmp(command, "wake")) {
        w->plan_wake = strcmp(what, "never") ? atoi(what) : LLONG_MAX;
    } else if (!strcmp(command, "clock")) {
        w->in.now += atoi(what);
    } else if (!strcmp(command, "run")) {
        run(w);
    } else if (strcmp(command, "event")) {
        ok = !words.n;
    } else if (!strcmp(what, "kernel") || !strcmp(what, "resync")) {
        sriov_schedule_kernel_changed(&w->schedule, what[0] == 'r');
    } else if (!strcmp(what, "read")) {
        w->in.now += ms;
        w->in.reader_busy = false;
        sriov_schedule_read_done(&w->schedule, w->in.now, ms);
    } else if (!strcmp(what, "links")) {
        w->in.reader_busy = w->in.links_busy = false;
    } else if (!strcmp(what, "changed")) {
        sriov_schedule_changed(&w->schedule, w->in.now);
    } else if (!strcmp(what, "session")) {
        sriov_schedule_session_changed(&w->schedule);
    } else if (!strcmp(what, "retry")) {
        sriov_schedule_retry(&w->schedule, w->in.now + ms);
    } else {
        ok = false;
    }
    svec_destroy(&words);
    return ok;
}

/* Carries out the lines on stdin and prints them, each followed by what it
 * printed, which is indented.  Indented lines and comments are left out: that
 * way the input can have what is expected to be printed in it. */
static void
test_sriov_schedule_main(int argc OVS_UNUSED, char *argv[])
{
    struct ds line = DS_EMPTY_INITIALIZER;
    struct world w;

    set_program_name(argv[0]);
    new_world(&w);
    while (!ds_get_line(&line, stdin)) {
        if (ds_cstr(&line)[0] == ' ') {
            continue;
        }
        printf("%s\n", ds_cstr(&line));
        if (ds_cstr(&line)[0] != '#' && !do_line(&w, ds_cstr(&line))) {
            printf("  WRONG: cannot be read\n");
        }
    }
    ds_destroy(&line);
}

OVSTEST_REGISTER("test-sriov-schedule", test_sriov_schedule_main);

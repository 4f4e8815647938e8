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

/* See schedule.h for where this stands. */

#include <config.h>
#include "rules/schedule.h"

#include <limits.h>

#include "util.h"

/* Reading takes at most one part in so many of the time, and the next one
 * starts so many ms after the last at the latest. */
#define READ_SHARE 6
#define READ_MAX_PAUSE 1000

/* From a change to the second plan, in ms. */
#define RECHECK_DELAY 1000

/* How long our session with the database stays open when it is not needed any
 * longer, in ms. */
#define SESSION_LINGER (10 * 1000)

void
sriov_schedule_init(struct sriov_schedule *s)
{
    *s = (struct sriov_schedule) {
        .now = LLONG_MIN,
        .read_after = LLONG_MIN,
        .plan_at = LLONG_MAX,
        .recheck_at = LLONG_MAX,
    };
}

static void
shift(long long int *when, long long int ms)
{
    if (*when != LLONG_MIN && *when != LLONG_MAX) {
        *when += ms;
    }
}

/* Takes note of the time.  If the clock went back, what was to be done goes
 * back with it, so that nothing has to wait for the clock. */
static void
set_now(struct sriov_schedule *s, long long int now)
{
    if (now < s->now) {
        long long int ms = now - s->now;

        shift(&s->read_after, ms);
        shift(&s->plan_at, ms);
        shift(&s->recheck_at, ms);
        shift(&s->close_at, ms);
    }
    s->now = now;
}

/* Events. */

void
sriov_schedule_kernel_changed(struct sriov_schedule *s, bool at_once)
{
    s->read_due = true;
    if (at_once) {
        s->read_after = LLONG_MIN;
    }
}

void
sriov_schedule_read_done(struct sriov_schedule *s, long long int now,
                         long long int took)
{
    set_now(s, now);
    s->read_after = now + MIN((READ_SHARE - 1) * took, READ_MAX_PAUSE);
}

void
sriov_schedule_changed(struct sriov_schedule *s, long long int now)
{
    set_now(s, now);
    s->plan_due = true;
    s->recheck_at = now + RECHECK_DELAY;
}

void
sriov_schedule_session_changed(struct sriov_schedule *s)
{
    s->plan_due = true;
}

void
sriov_schedule_retry(struct sriov_schedule *s, long long int when)
{
    s->plan_at = MIN(s->plan_at, when);
}

/* When each action is due, as things are: LLONG_MAX is never. */

static long long int
when_to_read(const struct sriov_schedule *s,
             const struct sriov_schedule_input *in)
{
    return s->read_due && !in->reader_busy ? s->read_after : LLONG_MAX;
}

static long long int
when_to_close(const struct sriov_schedule *s,
              const struct sriov_schedule_input *in)
{
    return in->session_open ? s->close_at : LLONG_MAX;
}

static long long int
when_to_plan(const struct sriov_schedule *s,
             const struct sriov_schedule_input *in)
{
    if (!in->known || !in->active || in->links_busy || in->defaults_stale
        || (in->session_open && !in->session_ready)) {
        return LLONG_MAX;
    }
    return s->plan_due ? LLONG_MIN : MIN(s->plan_at, s->recheck_at);
}

/* Results. */

enum sriov_action
sriov_schedule_next(struct sriov_schedule *s,
                    const struct sriov_schedule_input *in)
{
    long long int now = in->now;

    set_now(s, now);
    if (now >= when_to_read(s, in)) {
        s->read_due = false;
        return SRIOV_READ;
    }
    if (now >= when_to_close(s, in)) {
        s->close_at = now + SESSION_LINGER;
        if (!s->session_needed && !(s->plan_due && in->active)) {
            return SRIOV_CLOSE;
        }
    }
    if (now >= when_to_plan(s, in)) {
        s->plan_due = false;
        s->plan_at = LLONG_MAX;
        if (now >= s->recheck_at) {
            s->recheck_at = LLONG_MAX;
        }
        return SRIOV_PLAN;
    }
    return SRIOV_NOTHING;
}

enum sriov_action
sriov_schedule_planned(struct sriov_schedule *s,
                       const struct sriov_schedule_input *in,
                       long long int wake, bool writes, bool absent)
{
    set_now(s, in->now);
    s->plan_at = MIN(s->plan_at, wake);
    if (in->links_busy) {
        /* A link is prepared before it becomes a port. */
        s->plan_due = true;
    }

    /* Whether a port without a device goes depends on columns that bridge.c
     * does not have. */
    s->session_needed = writes || absent;
    if (!s->session_needed) {
        return SRIOV_NOTHING;
    }
    s->close_at = in->now + SESSION_LINGER;
    return (!in->session_open ? SRIOV_OPEN
            : writes && in->session_ready && !in->links_busy ? SRIOV_WRITE
            : SRIOV_NOTHING);
}

long long int
sriov_schedule_wake(struct sriov_schedule *s,
                    const struct sriov_schedule_input *in)
{
    long long int when;

    set_now(s, in->now);
    if (in->leader && in->defaults_stale) {
        return LLONG_MIN;       /* For bridge.c to be told. */
    }
    when = MIN(when_to_read(s, in), when_to_close(s, in));
    return MIN(when, when_to_plan(s, in));
}

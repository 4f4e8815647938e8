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

#ifndef SRIOV_SCHEDULE_H
#define SRIOV_SCHEDULE_H 1

/* The schedule: when something is done.
 *
 *     what happened, how things are, the time --> SCHEDULE --> what to do now,
 *                                                              when to wake up
 *
 * Does no I/O, asks nobody, and the time comes as an argument.  The caller
 * tells it what happens, has each action that sriov_schedule_next() names
 * carried out until there is none left, and sleeps until
 * sriov_schedule_wake(). */

#include <stdbool.h>

/* Known by itself, and nobody else's to change. */
struct sriov_schedule {
    long long int now;          /* Of the last call, in ms, as all here. */

    bool read_due;              /* Something changed in the kernel... */
    long long int read_after;   /* ...to be read not before then. */

    bool plan_due;              /* Something changed. */
    long long int plan_at;      /* The last plan wants a new one then, or
                                 * LLONG_MAX. */
    long long int recheck_at;   /* One more after a change, or LLONG_MAX. */

    bool session_needed;        /* By the last plan. */
    long long int close_at;     /* When to look if it can be closed. */
};

/* How things are. */
struct sriov_schedule_input {
    long long int now;          /* In ms. */
    bool reader_busy;           /* It reads or sets links. */
    bool links_busy;            /* There are links that it is to set. */
    bool known;                 /* There is a model. */
    bool leader;                /* bridge.c has the database's lock. */
    bool active;                /* Plans are to be made. */
    bool defaults_stale;        /* bridge.c was not told yet what follows from
                                 * the model. */
    bool session_open;          /* Our session with OVSDB is there... */
    bool session_ready;         /* ...and can write. */
};

enum sriov_action {
    SRIOV_NOTHING,
    SRIOV_READ,                 /* Start to read.  When that has ended:
                                 * sriov_schedule_read_done(). */
    SRIOV_CLOSE,                /* Close the session, if nothing is lost. */
    SRIOV_PLAN,                 /* Make a plan, do what of it is not for the
                                 * database, and call
                                 * sriov_schedule_planned(). */
    SRIOV_OPEN,                 /* Open the session. */
    SRIOV_WRITE,                /* Write the plan. */
};

/* Makes it that of a start: nothing was read yet. */
void sriov_schedule_init(struct sriov_schedule *);

/* Events. */

/* The kernel has something new: it is to be read, with 'at_once' even if it
 * was read just now. */
void sriov_schedule_kernel_changed(struct sriov_schedule *, bool at_once);

/* A reading that took so many ms has ended. */
void sriov_schedule_read_done(struct sriov_schedule *, long long int now,
                              long long int took);

/* The model or the configuration changed, or bridge.c was asked for
 * something.  It does not tell what came of that, so there are two plans: now,
 * and in a second. */
void sriov_schedule_changed(struct sriov_schedule *, long long int now);

/* Our session saw a change, or a transaction has ended. */
void sriov_schedule_session_changed(struct sriov_schedule *);

/* Something has to be tried again at 'when' at the latest. */
void sriov_schedule_retry(struct sriov_schedule *, long long int when);

/* Results. */

/* Returns what is to be done now.  Then this function is to be called again,
 * with how things are then, until it returns SRIOV_NOTHING.  Returns neither
 * SRIOV_OPEN nor SRIOV_WRITE. */
enum sriov_action sriov_schedule_next(struct sriov_schedule *,
                                      const struct sriov_schedule_input *);

/* A plan was made that wants the next one at 'wake' (or LLONG_MAX), 'writes'
 * to the database, and has ports that are 'absent'.  Returns what is to be
 * done with it: SRIOV_OPEN, SRIOV_WRITE or SRIOV_NOTHING. */
enum sriov_action sriov_schedule_planned(struct sriov_schedule *,
                                         const struct sriov_schedule_input *,
                                         long long int wake, bool writes,
                                         bool absent);

/* Returns when sriov_schedule_next() is to be called again if nothing happens
 * (LLONG_MIN: at once; LLONG_MAX: never). */
long long int sriov_schedule_wake(struct sriov_schedule *,
                                  const struct sriov_schedule_input *);

#endif /* schedule.h */

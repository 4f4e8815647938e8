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

#ifndef SRIOV_READER_H
#define SRIOV_READER_H 1

/* The reader: has a source read, and links set, without waiting for it.
 *
 *     source --> READER --> model
 *     plan   --> READER --> links
 *
 * A driver may hold a lock that the kernel needs for an answer for as long as
 * it likes: mlx5_core holds that of a devlink instance while it changes the
 * eswitch's mode, which takes seconds with many VFs (devl_lock() in
 * drivers/net/ethernet/mellanox/mlx5/core/eswitch_offloads.c, Linux 6.1 on).
 * So each job, that is a number of links to set and then perhaps everything
 * to read, is done in a thread of its own, which ends with it.  There is one
 * at a time.  It shares nothing with the main thread while it runs: what it
 * needs is given to it, and what it made is taken over when it has ended.  So
 * there are no locks, and no thread while nothing is to be done.
 *
 * The thread is in an RCU quiescent state all the time.
 *
 * A source that does not wait ('waits' in source.h) does the job at once, in
 * the main thread.
 *
 * All functions are called in ovs-vswitchd's main thread, after it has become
 * a daemon. */

#include <stdbool.h>
#include "inventory/model.h"

struct sriov_reader;
struct sriov_source_class;

/* What became of a link that was to be set. */
struct sriov_link_result {
    char *key;                  /* Of its port, as it was given. */
    char *name;                 /* Of the link. */
    int ifindex;
    bool up, hw_tc, policer;    /* What was to be done, or looked at. */
    int error;                  /* 0, or a positive errno value... */
    const char *step;           /* ...of this step... */
    char *detail;               /* ...and the kernel's words, or NULL. */
    int policer_error;          /* 0, or a positive errno value... */
    bool policer_in_hw;         /* ...else as 'read_policer' of source.h. */
};

/* Returns a new reader of what 'class' has, or NULL if that could not be
 * opened, which has been logged. */
struct sriov_reader *sriov_reader_create(const struct sriov_source_class *);

/* Ends the reader, which may be NULL.  If a driver keeps the thread waiting
 * for more than a second, the thread is left behind, with all that it uses: it
 * ends with the process, for which the kernel waits until the driver lets go,
 * or by itself. */
void sriov_reader_destroy(struct sriov_reader *);

/* Takes in events, and what a job that has ended made.  Returns true if
 * there is a reason to read again.  'current' is as in source.h. */
bool sriov_reader_run(struct sriov_reader *,
                      const struct sriov_model *current);

/* Arranges for poll_block() to wake up when sriov_reader_run() has something
 * to do. */
void sriov_reader_wait(struct sriov_reader *);

/* Waits for the job that is under way, until 'deadline' (ms of time_msec())
 * at most.  For start and exit only. */
void sriov_reader_block(struct sriov_reader *, long long int deadline);

/* Starts to read everything.  No job may be under way. */
void sriov_reader_start(struct sriov_reader *);

/* Returns true if a job is under way. */
bool sriov_reader_is_busy(const struct sriov_reader *);

/* Returns since when everything is being read (ms), or LLONG_MAX if it is
 * not. */
long long int sriov_reader_since(const struct sriov_reader *);

/* Returns true if a reading has ended since the last call, which took so many
 * ms in '*took', with its model, which is now the caller's, in '*modelp', or
 * NULL if it failed. */
bool sriov_reader_take(struct sriov_reader *, struct sriov_model **modelp,
                       long long int *took);

/* Has 'link', which is that of the port 'key', set as source.h says, in the
 * next job, which starts as soon as none is under way, and its policer looked
 * at, if 'policer' says so.  'link' and 'key' need not stay. */
void sriov_reader_set_link(struct sriov_reader *, const char *key,
                           const struct sriov_link *link, bool up, bool hw_tc,
                           bool policer);

/* Returns true while there is a link whose result was not taken. */
bool sriov_reader_sets_links(const struct sriov_reader *);

/* Starts a job for links that are to be set, unless one is under way. */
void sriov_reader_flush(struct sriov_reader *);

/* Returns the next result, or NULL if there is none.  The caller must free it
 * with sriov_link_result_destroy(). */
struct sriov_link_result *sriov_reader_next_result(struct sriov_reader *);
void sriov_link_result_destroy(struct sriov_link_result *);

/* Returns 'offload' of the source. */
enum sriov_offload sriov_reader_offload(const struct sriov_reader *,
                                        int ifindex);

#endif /* reader.h */

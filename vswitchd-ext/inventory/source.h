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

#ifndef SRIOV_SOURCE_H
#define SRIOV_SOURCE_H 1

/* Where the model comes from.
 *
 *     kernel --> SOURCE --> reader --> model
 *
 * There is one source at a time: the kernel (rtnetlink, devlink, ethtool,
 * udev), or, under --enable-dummy, one in memory that unixctl commands fill.
 * Events only say that something may have changed.  There is one way from
 * there to a model, whatever the reason (start-up, event, lost event, error,
 * sriov/resync): read everything again.
 *
 * Each function is of one of two kinds.  Those of the main thread never wait
 * for a driver.  Those of the reading thread may wait for one as long as it
 * likes: 'read', 'set_link' and 'read_policer'.  One is called at a time,
 * between 'begin' and 'done', and all others may be called meanwhile, except
 * 'close'.  (See reader.h, which calls them.) */

#include <stdbool.h>
#include <stddef.h>
#include "inventory/model.h"

struct sriov_source {
    const struct sriov_source_class *class;
};

struct sriov_source_class {
    /* 'read' and the like may wait, and need a thread of their own.  Else they
     * are called in the main thread. */
    bool waits;

    /* Starts to listen for changes.  Returns 0 and stores the new source in
     * '*sourcep', or returns a positive errno value after having logged what
     * is missing.  Main thread. */
    int (*open)(struct sriov_source **sourcep);

    /* Ends and frees the source.  Main thread. */
    void (*close)(struct sriov_source *);

    /* Takes in pending events.  Returns true if there is a reason to call
     * 'read': an event about a link in 'current' or about a new one that could
     * belong to an eswitch, a lost event, a change of a devlink instance or
     * port, that an earlier 'read' failed or was interrupted and is now to be
     * tried again, or that it was the first one after any of these: what was
     * wrong in it is right in the second.  'current' is the model read last,
     * or NULL before there is one.  Main thread. */
    bool (*run)(struct sriov_source *, const struct sriov_model *current);

    /* Arranges for poll_block() to wake up when 'run' has something to do.
     * Main thread. */
    void (*wait)(struct sriov_source *);

    /* Called before 'read': what has happened up to now will be in the model.
     * Main thread. */
    void (*begin)(struct sriov_source *);

    /* Returns a new, finished model, which the caller must free with
     * sriov_model_destroy(), or NULL if it could not be read.  Reading
     * thread. */
    struct sriov_model *(*read)(struct sriov_source *);

    /* Called after 'read', with what it returned.  If that is NULL, logs why
     * (rate-limited), and 'run' will return true again soon.  Main thread. */
    void (*done)(struct sriov_source *, const struct sriov_model *);

    /* Sets 'link' up and its feature hw-tc-offload on, as far as 'up' and
     * 'hw_tc' say so and as it is not already.  Of 'link', only 'ifindex',
     * 'name', 'up', 'has_hw_tc' and 'hw_tc' are there.  The events that follow
     * lead to a new model.  Returns 0, or a positive errno value of the step
     * that failed, with its name in '*step' (a static string) and what the
     * kernel said about it in '*detail' (malloc'd, or NULL).  Reading
     * thread. */
    int (*set_link)(struct sriov_source *, const struct sriov_link *link,
                    bool up, bool hw_tc, const char **step, char **detail);

    /* Stores in '*in_hw' whether the limit of Open vSwitch for what comes in
     * at the link 'ifindex' (ingress_policing_rate) is in hardware.  Returns
     * 0, ENOENT if there is no such limit, or another positive errno value.
     * Reading thread. */
    int (*read_policer)(struct sriov_source *, int ifindex, bool *in_hw);

    /* Returns what takes flows of the network device 'ifindex', which is in no
     * model, into hardware.  Takes no driver's lock.  Main thread. */
    enum sriov_offload (*offload)(struct sriov_source *, int ifindex);
};

extern const struct sriov_source_class sriov_source_netlink;
extern const struct sriov_source_class sriov_source_dummy;

/* Registers the commands that feed 'sriov_source_dummy'. */
void sriov_source_dummy_init(void);

/* Returns true if 'sriov_source_dummy' was told that DPDK is initialized. */
bool sriov_source_dummy_dpdk(void);

/* Carries out one line of those commands.  Returns false if it is none. */
bool sriov_source_dummy_line(const char *line);

#endif /* source.h */

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
 *     kernel --> SOURCE --> model
 *
 * There is one source at a time: the kernel (rtnetlink, devlink, ethtool,
 * udev), or, under --enable-dummy, one in history that unixctl commands fill.
 * Events only say that something may have changed.  There is one way from
 * there to a model, whatever the reason (start-up, event, lost event, error,
 * sriov/resync): read everything again.
 *
 * All functions are called in ovs-vswitchd's main thread. */

#include <stdbool.h>
#include <stddef.h>

struct sriov_link;
struct sriov_model;

struct sriov_source_class {
    /* Starts to listen for changes.  Returns 0, or a positive errno value
     * after having logged what is missing; then nothing else may be called. */
    int (*open)(void);
    void (*close)(void);

    /* Reads pending events.  Returns true if there is a reason to call
     * 'read': an event about a link in 'current' or about a new one that could
     * belong to an eswitch, a lost event, a change of a devlink instance or
     * port, or that an earlier 'read' failed or was interrupted and is now to
     * be tried again.  'current' is NULL before the first 'read'. */
    bool (*run)(const struct sriov_model *current);

    /* Arranges for poll_block() to wake up when 'run' has something to do. */
    void (*wait)(void);

    /* Returns a new, finished model, which the caller must free with
     * sriov_model_destroy(), or NULL if it could not be read, which has been
     * logged (rate-limited) and will make 'run' return true again soon. */
    struct sriov_model *(*read)(void);

    /* Sets 'link' up and its feature hw-tc-offload on, as far as 'up' and
     * 'hw_tc' say so and as it is not already.  The events that follow lead to
     * a new model.  Returns 0, or a positive errno value of the step that
     * failed, with its name in '*step' (a static string) and what the kernel
     * said about it in '*detail' (malloc'd, or NULL). */
    int (*set_link)(const struct sriov_link *link, bool up, bool hw_tc,
                    const char **step, char **detail);

    /* Returns false if TC cannot offload anything from or to the network
     * device 'ifindex', which need not be in a model. */
    bool (*may_offload)(int ifindex);
};

extern const struct sriov_source_class sriov_source_netlink;
extern const struct sriov_source_class sriov_source_dummy;

/* Registers the commands that feed 'sriov_source_dummy'. */
void sriov_source_dummy_init(void);
bool sriov_source_dummy_line(const char *line);

#endif /* source.h */

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


#ifndef SRIOV_SURVEY_H
#define SRIOV_SURVEY_H 1

/* A survey of what is in hardware: how many flows come in at each port, why
 * those in software are there, and what passed according to the kernel's
 * counters.
 *
 *     dpif, attempts, rules/reasons, counters --> SURVEY --> show, why
 *
 * To dump many flows takes long, and the kernel may wait for a driver before
 * it answers, so a thread does it, which ends with it.  What it needs is given
 * to it, and the results are the main thread's when it has ended.
 *
 * All functions are called in the main thread. */

#include <stdbool.h>
#include "openvswitch/shash.h"
#include "openvswitch/types.h"
#include "rules/reasons.h"

struct smap;
struct sriov_counters;
struct sset;

struct sriov_survey_options {
    bool counters;              /* Read the kernel's counters. */
    bool flows;                 /* Count flows. */
    bool reasons;               /* Find out why they are not in hardware. */

    /* For 'flows'. */
    const struct sset *ports;   /* Only flows that come in at these ports of
                                 * the datapath, or NULL for all. */
    const ovs_u128 *ufid;       /* Only this flow, or NULL. */
    const char *tc_policy;      /* In force. */
    const struct smap *priorities;      /* hw-offload-priority of Interfaces
                                         * that have one, by name. */
};

struct sriov_survey_count {
    unsigned long long int flows, packets, bytes;
};

/* Flows that are not in hardware for the same reason. */
struct sriov_survey_group {
    struct sriov_refusal reason;
    struct sriov_survey_count count;
    char *said;                 /* The words of those who refused one of them,
                                 * or NULL. */
    bool by_kernel;             /* They are the kernel's or a driver's. */
    unsigned long long int times;       /* Tried in vain so often. */
    long long int last;         /* When last, in ms, or 0 if never. */
    char *example;              /* The flow with the most packets... */
    unsigned long long int example_packets;     /* ...that is, so many. */
};

struct sriov_survey_port {
    bool offloads;              /* Flows that come in there are tried. */
    struct sriov_survey_count hw, sw;
    struct shash groups;        /* "struct sriov_survey_group" by text of the
                                 * reason. */
};

struct sriov_survey;

/* Starts a survey. */
struct sriov_survey *sriov_survey_start(const struct sriov_survey_options *);

/* Returns true if it has ended. */
bool sriov_survey_is_done(const struct sriov_survey *);

/* Arranges for poll_block() to wake up when it ends. */
void sriov_survey_wait(const struct sriov_survey *);

/* Returns the results of a survey that has ended: "struct sriov_survey_port"
 * by name. */
const struct shash *sriov_survey_ports(const struct sriov_survey *);

/* Returns the counters of the network device 'ifindex', or NULL if they were
 * not read.  The survey must have ended. */
const struct sriov_counters *sriov_survey_counters(const struct sriov_survey *,
                                                   int ifindex);

/* Frees a survey.  If a driver keeps its thread waiting, the thread is left
 * behind with all that it uses. */
void sriov_survey_destroy(struct sriov_survey *);

#endif /* survey.h */

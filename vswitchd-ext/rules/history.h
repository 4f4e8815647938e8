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

#ifndef SRIOV_HISTORY_H
#define SRIOV_HISTORY_H 1

/* What has to be remembered from one plan to the next: a device that went away
 * a while ago, a port that a person deleted, a link that was set up.
 *
 *     model, view --> HISTORY --> plan
 *
 * Does no I/O; the time comes as an argument. */

#include <stdbool.h>
#include <stdint.h>
#include "openvswitch/hmap.h"
#include "openvswitch/uuid.h"
#include "rules/tally.h"

struct sriov_view;
struct sriov_model;

/* Where the limit is that an Interface has (ingress_policing_rate). */
enum sriov_policer {
    SRIOV_POLICER_NONE,         /* There is none. */
    SRIOV_POLICER_UNKNOWN,      /* Nobody has looked yet. */
    SRIOV_POLICER_ASKED,        /* Somebody is looking. */
    SRIOV_POLICER_HW,           /* In hardware. */
    SRIOV_POLICER_SW,           /* In software alone: what is in hardware
                                 * passes by it. */
};

#define SRIOV_POLICER_SW_TEXT                                           \
    "ingress_policing does not limit what is in hardware: the NIC did " \
    "not take it"

struct sriov_track {
    struct hmap_node node;      /* In struct sriov_history, by key. */
    char *key;
    int ifindex;                /* Of its link when last seen; 0 if absent. */
    bool set_up;                /* That link was set up once, ... */
    bool set_hw_tc;             /* ...its hw-tc-offload on... */
    unsigned int refusals;      /* ...after it was refused so many times... */
    long long int link_after;   /* ...and not before this time, in ms. */
    char *name;                 /* Of that link... */
    bool up;                    /* ...which is up, or is to be: the one before
                                 * it was... */
    bool came_up;               /* ...and it was not yet, if this is false. */
    int64_t police_rate;        /* What its Interface had of this... */
    int64_t police_kpkts;       /* ...and this, by the name of the link... */
    enum sriov_policer policer; /* ...and what became of it... */
    unsigned int policer_looks; /* ...after so many looks in vain. */
    bool ours;                  /* We have a port for it... */
    struct uuid bridge;         /* ...in this bridge... */
    struct uuid port;           /* ...in this row... */
    int64_t ofport;             /* ...with this OpenFlow port number, when it
                                 * had one last; 0 if never... */
    int attached;               /* ...as a DPDK port that was attached while
                                 * this was the ifindex, or 0 if none is (of an
                                 * uplink, a person's)... */
    bool listed;                /* ...while the bridge had our list. */
    struct sriov_tally tally;   /* Of a DPDK port. */
    char *uplink_iface;         /* Of an uplink that is 'attached': its
                                 * Interface. */
    bool denied;                /* A person deleted our port... */
    bool denied_in_db;          /* ...and the database says so already. */
    bool seen;                  /* Was present since ovs-vswitchd started. */
    long long int absent_since; /* When 'ifindex' became 0, in ms. */
    bool failed;                /* bridge.c could not add our port... */
    long long int failed_since; /* ...since then, in ms... */
    unsigned int retries;       /* ...and so many retries. */
};

struct sriov_history {
    struct hmap tracks;         /* Contains "struct sriov_track"s. */
};

/* Makes an empty history, to be ended with sriov_history_destroy(). */
void sriov_history_init(struct sriov_history *);
void sriov_history_destroy(struct sriov_history *);

/* Brings 'history' up to date with what is there at 'now' (ms).  To be called
 * before sriov_plan_create(), not while a transaction of ours is under way. */
void sriov_history_update(struct sriov_history *history,
                          const struct sriov_model *model,
                          const struct sriov_view *view, long long int now);

/* Forgets which ports people deleted (sriov/resync). */
void sriov_history_forgive(struct sriov_history *);

/* Returns what is remembered about the port with 'key', or NULL.
 * It stays the history's, until the next sriov_history_update(). */
struct sriov_track *sriov_history_find(const struct sriov_history *,
                                       const char *key);

#endif /* history.h */

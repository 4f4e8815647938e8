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

#ifndef SRIOV_RESTART_FDB_H
#define SRIOV_RESTART_FDB_H 1

/* MAC learning that goes on over a restart of ovs-vswitchd.
 *
 *     MAC learning tables --> RUNDIR/sriov-fdb --> those of the next one
 *
 * An ovs-vswitchd that starts has learned nothing.  What comes in for an
 * address that it does not know it sends to all ports: to each VM, at the rate
 * of the sender, until the receiver sends something.
 *
 * So the tables are kept.  An entry that would have aged does not count, others
 * are as if they were learned just now.  Static ones ("ovs-appctl fdb/add") are
 * not for us to keep.
 *
 * Main thread only. */

#include <stdint.h>

struct ofbundle;
struct ofport;
struct ovsrec_open_vswitch;

/* All zeros to begin with. */
struct sriov_fdb {
    long long int next;         /* When to look at the tables, and when they */
    long long int rewrite;      /* are written even if nothing was learned:
                                 * entries age.  In terms of time_msec(). */
    uint64_t events;            /* Of all tables, as of the last write. */
};

/* To be called in each round of the main loop in which 'cfg' is configured:
 * writes what is new, some seconds after it was learned. */
void sriov_fdb_run(struct sriov_fdb *, const struct ovsrec_open_vswitch *cfg);
void sriov_fdb_wait(const struct sriov_fdb *);

/* Has the bridges of 'cfg' know what those of an earlier ovs-vswitchd knew. */
void sriov_fdb_restore(const struct ovsrec_open_vswitch *cfg);

/* In ofproto-dpif.c: returns a port of the bundle. */
const struct ofport *sriov_fdb_port(const struct ofbundle *);

#endif /* restart-fdb.h */

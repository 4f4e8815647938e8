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


#ifndef SRIOV_ATTEMPTS_H
#define SRIOV_ATTEMPTS_H 1

/* Why flows are not in hardware: what came of the attempts to put them there.
 *
 *     hooks in lib/ --> ATTEMPTS --> survey --> sriov/why
 *
 * A flow that could not be put into hardware is on record, by its UFID, with
 * the error, with what the kernel or Open vSwitch said about it, and with how
 * often and when it was tried.  The record goes when an attempt succeeds after
 * all, and when the flow is deleted or its datapath flushed.  So there are at
 * most as many as there are flows in software, and never more than
 * SRIOV_ATTEMPTS_MAX: then the oldest goes.  Each text is kept once.
 *
 * What comes in at a port that nothing offloads, a tap or a veth, is not tried
 * and not on record: what has to be said of it is known by its port.
 *
 * This is part of libopenvswitch, since the hooks are.  Any thread may call
 * any of these functions: handlers and revalidators write, and the survey reads.
 * An attempt that succeeds takes no lock, unless it modifies a flow that may
 * be on record. */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include "openvswitch/compiler.h"
#include "openvswitch/types.h"
#include "ovs-thread.h"

struct dpif;
struct dpif_flow_put;
struct ofpbuf;

enum { SRIOV_ATTEMPTS_MAX = 65536 };
enum { SRIOV_SAID_SIZE = 160 };

/* Who said why. */
enum sriov_said {
    SRIOV_SAID_NOTHING,         /* There is nothing but an errno. */
    SRIOV_SAID_OVS,             /* Open vSwitch, before it asked the kernel. */
    SRIOV_SAID_KERNEL,          /* The kernel or a driver. */
};

struct sriov_attempt {
    int error;                  /* Positive errno. */
    enum sriov_said said;
    unsigned int times;         /* How often it was tried in vain. */
    long long int first, last;  /* When, as time_msec() has it. */
    char text[SRIOV_SAID_SIZE]; /* What was said, or "". */
};

/* The hooks. */

/* Evaluates to EXPR, which tries to put the flow of PUT (a "struct
 * dpif_flow_put *") of DPIF (a "struct dpif *") into hardware and says with 0
 * or an errno what came of it, and takes that down.  EXPR is left out, and
 * EOPNOTSUPP is what comes of it, where nothing offloads what comes in. */
#define SRIOV_ATTEMPT(DPIF, PUT, EXPR)                                  \
    (sriov_attempt_is_vain(DPIF, PUT) ? EOPNOTSUPP                      \
     : (sriov_attempt_begin(),                                          \
        sriov_attempt_end(dpif_type(DPIF), (PUT)->ufid, (PUT)->flags,   \
                          EXPR)))

/* Returns true if nothing offloads what comes in at the port of 'put': then
 * its match and actions need not even be looked at, which would be a tenth of
 * what it costs to set up a flow ("make bench BENCHFLAGS=setup"). */
bool sriov_attempt_is_vain(const struct dpif *, const struct dpif_flow_put *);

/* An attempt begins in this thread: what is said from now on is about it. */
void sriov_attempt_begin(void);

/* 'type' is a string that stays; 'flags' are the put's DPIF_FP_*.  Returns
 * 'error'. */
int sriov_attempt_end(const char *type, const ovs_u128 *ufid,
                      unsigned int flags, int error);

/* The flow 'ufid', which may be NULL, was deleted. */
void sriov_attempt_forget(const ovs_u128 *ufid);

/* All flows of the datapaths of 'type' were. */
void sriov_attempts_flush(const char *type);

/* The kernel has refused 'request' (a netlink message) with 'error', and said
 * 'text', which may be NULL. */
void sriov_attempt_refused(const struct ofpbuf *request, int error,
                           const char *text);

/* A driver of DPDK's has taken what Open vSwitch made of the flow, or has
 * refused it and said 'text', which may be NULL.  With 'transfer' that was the
 * flow itself; without, only a mark for what matches, which is no more than a
 * hint for software: if nothing but that is taken, the flow is on record,
 * although Open vSwitch takes the attempt for a success. */
void sriov_attempt_by_driver(bool taken, bool transfer, const char *text);

/* Open vSwitch has logged something (see attempts-vlog.h). */
void sriov_attempt_logged(const char *format, ...) OVS_PRINTF_FORMAT(1, 2);

/* True while this thread tries to put a flow into hardware. */
DECLARE_EXTERN_PER_THREAD_DATA(bool, sriov_attempting);

/* For the rest of the module. */

/* Copies what is on record of the flow 'ufid' to '*attempt'.  Returns false if
 * there is nothing. */
bool sriov_attempts_get(const ovs_u128 *ufid, struct sriov_attempt *attempt);

/* Stores in '*n' how many flows are on record, in '*n_refused' how many of
 * these the kernel or a driver has refused, and in '*n_texts' how many
 * different texts there are. */
void sriov_attempts_count(size_t *n, size_t *n_refused, size_t *n_texts);

#endif /* attempts.h */

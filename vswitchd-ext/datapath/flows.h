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

#ifndef SRIOV_FLOWS_H
#define SRIOV_FLOWS_H 1

/* Flows in the datapath, for sriov/flows.  Main thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "rules/offload-policy.h"

/* A datapath flow. */
struct sriov_flow {
    char *in_port;              /* Name of the port that it comes in at. */
    bool in_hw;                 /* It is in hardware, as far as TC says. */
    uint64_t packets;
    enum sriov_policy policy;   /* By which it is tried while a policy per flow
                                 * is in force... */
    const char *why;            /* ...and the reason (a static string). */
    char *text;                 /* Match and actions, with names of ports. */
};

/* Puts into '*flows' the flows that come in at 'in_port', or all if it is NULL,
 * sorted by port and text, and into '*n' their number.  The caller must free
 * them with sriov_flows_free().  Returns false if no datapath has a port
 * 'in_port'. */
bool sriov_flows_list(const char *in_port, struct sriov_flow **flows,
                      size_t *n);
void sriov_flows_free(struct sriov_flow *, size_t n);

#endif /* flows.h */

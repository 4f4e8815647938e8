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


#ifndef SRIOV_REASONS_H
#define SRIOV_REASONS_H 1

/* Why a flow is not in hardware, in words: what is known about a flow goes in,
 * the reason and what helps come out.
 *
 *     flow, what was said at the attempt --> REASONS --> survey --> sriov/why
 *
 * What was said wins over what the flow looks like; that is only looked at to
 * say it better, or if nothing was said.  A text that is not known here is
 * passed on as it is.  This is pure: no I/O, no state, any thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nlattr;

/* A port of the flow's datapath. */
struct sriov_reasons_port {
    const char *name;
    bool offloads;              /* Flows from and to it are tried. */
    const char *priority;       /* other_config:hw-offload-priority of its
                                 * Interface, from series 4.0 on, or NULL. */
};

/* What is known about a flow that is not in hardware. */
struct sriov_reasons_input {
    bool hw_offload;            /* ovs-vswitchd acts on hw-offload=true. */
    const char *tc_policy;      /* In force, or NULL for the default, none. */
    const struct sriov_reasons_port *in;        /* Where it comes in. */
    const struct sriov_reasons_port *(*find_port)(uint32_t number,
                                                  const void *aux);
    const void *aux;            /* For 'find_port', which returns NULL for a
                                 * port that does not exist. */
    const struct nlattr *key;
    size_t key_len;
    const struct nlattr *actions;
    size_t actions_len;
    bool in_tc;                 /* The kernel's TC has it, but no NIC. */

    bool tried;                 /* There is a record of an attempt: */
    int error;                  /* its errno, */
    bool refused;               /* whether the kernel or a driver refused it,
                                 * rather than Open vSwitch, */
    const char *said;           /* and what they said, or "". */
};

struct sriov_refusal {
    const char *id;             /* One word that does not change from release
                                 * to release, such as "table-full". */
    char *text;                 /* In words; the caller must free it. */
    const char *help;           /* One sentence: what a person can do. */
};

/* Stores in the refusal why the flow is not in hardware, 'text' included,
 * which the caller must free. */
void sriov_refusal_find(const struct sriov_reasons_input *,
                       struct sriov_refusal *);

#endif /* reasons.h */

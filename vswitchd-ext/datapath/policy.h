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
#ifndef SRIOV_DATAPATH_POLICY_H
#define SRIOV_DATAPATH_POLICY_H 1

/* The policy per flow, where TC is told of flows.
 *
 *     handlers, revalidators --> lib/tc.c --> POLICY --> rules/offload-policy,
 *                                                 rules/frames
 *
 * lib/tc.c asks for each flower filter that it is to make, in the thread that
 * makes it.  What is needed for an answer is kept here by the main thread, in
 * a form that needs no lock to be read. */

#include <stdbool.h>
#include <stddef.h>
#include "inventory/model.h"
#include "rules/offload-policy.h"

/* Has lib/tc.c ask.  Once, in the main thread, before there are flows. */
void sriov_policy_init(void);

/* Puts the policy in force, or lets all flows have what tc-policy says.  What
 * is in TC already stays as it is.  Main thread. */
void sriov_policy_set_active(bool);
bool sriov_policy_is_active(void);

/* Says how many members Linux bonds and teams have, so that a flow that comes
 * in at one counts as in hardware only if all have it: else what comes in at
 * the others would be in TC's software path; and what is part of which switch,
 * so that nothing goes into a tunnel there that leaves elsewhere.  Main
 * thread. */
void sriov_policy_set_links(const struct sriov_model *);

/* Says what takes flows of the network device 'ifindex' into hardware.  Of one
 * that nothing was said of, others may.  Main thread. */
void sriov_policy_set_device(int ifindex, enum sriov_offload);
enum sriov_offload sriov_policy_get_device(int ifindex);

#endif /* policy.h */

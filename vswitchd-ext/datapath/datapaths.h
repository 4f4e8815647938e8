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

#ifndef SRIOV_DATAPATHS_H
#define SRIOV_DATAPATHS_H 1

/* All datapaths, for what looks at the flows in them. */

#include <stdbool.h>

struct dpif;
struct dpif_flow;

/* Opens each datapath and calls 'cb' with it and 'aux'.  It is the callee's to
 * close, then or later.  Main thread. */
void sriov_datapaths_open(void (*cb)(struct dpif *, void *aux), void *aux);

/* Returns true if hardware forwards what matches 'flow', which was dumped.  Of
 * one that is "offloaded:partial" the NIC only marks it, for software.  Any
 * thread. */
bool sriov_datapaths_in_hw(const struct dpif_flow *flow);

#endif /* datapaths.h */

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

/* Flows in the datapath, for sriov/show --flows.  Main thread. */

struct simap;

/* Counts in 'hw' the datapath flows that are in hardware, in 'sw' those that
 * are not, by the name of the port that they come in at. */
void sriov_flows_count(struct simap *hw, struct simap *sw);

#endif /* flows.h */

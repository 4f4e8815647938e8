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

#ifndef SRIOV_PURGE_H
#define SRIOV_PURGE_H 1

/* Flows that have to be set up anew.
 *
 *     cx-sriov --> PURGE --> ofproto-dpif's upcall handlers
 */

struct ovsrec_open_vswitch;

/* Takes all flows out of the datapaths of the bridges of 'cfg', as "ovs-appctl
 * revalidator/purge" does, so that the next packet of each has it set up anew,
 * in hardware if that can be.  Packets wait meanwhile.  Main thread. */
void sriov_purge_flows(const struct ovsrec_open_vswitch *cfg);

#endif /* purge.h */

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

#ifndef SRIOV_FRAMES_H
#define SRIOV_FRAMES_H 1

/* Keeps a NIC from sending wrong frames.
 *
 *     a flower filter --> FRAMES --> the same in another order, or why not
 *
 * mlx5 keeps no list of actions: it has one place in a rule at which all
 * header changes happen.  Outputs before the last change get the frame as it
 * came in, those after it get it with all changes, whatever the order was
 * (Linux 6.12,
 * drivers/net/ethernet/mellanox/mlx5/core/en/tc/act/vlan.c:168, pedit.c:103,
 * eswitch_offloads.c:831).  So "push 5, A, pop, B" sends A a frame without a
 * tag, and no error tells.  "B, push 5, A" means the same and is done right.
 *
 * Where a tunnel's header is taken off, that is done there as well; so outputs
 * before changes would get it.
 *
 * It is done for every filter, since what software does with either order is
 * the same.  Pure functions, for any thread. */

struct tc_flower;

/* Puts the actions of 'flower' in an order that a NIC with one place for header
 * changes carries out rightly, if there is one and they are not in it already.
 * Returns NULL, or if there is none why, a static string; then 'flower' is as
 * it was and must not get into such a NIC. */
const char *sriov_frames_arrange(struct tc_flower *flower);

#endif /* rules/frames.h */

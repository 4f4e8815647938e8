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

#ifndef SRIOV_VM_SETTLE_H
#define SRIOV_VM_SETTLE_H 1

/* Waits until ovs-vswitchd has no flow left that is older than what the
 * database says, in the kernel and in the NIC.
 *
 *     vm.c --> SETTLE <--> ovs-vswitchd ("revalidator/wait")
 *
 * Its revalidators look at all flows again after a change, on their own time.
 * So a port that was closed can have rules of whoever had it before for some
 * ms; nobody else may get it within these. */

#include <stdbool.h>

struct vm_settle;

/* One that is idle, to be freed with vm_settle_destroy(). */
struct vm_settle *vm_settle_create(void);
void vm_settle_destroy(struct vm_settle *);

/* Begins.  Has no effect if it is under way. */
void vm_settle_start(struct vm_settle *);
bool vm_settle_is_active(const struct vm_settle *);

/* Returns true, once, when all flows have been looked at since it began. */
bool vm_settle_run(struct vm_settle *);
void vm_settle_wait(const struct vm_settle *);

#endif /* vm-settle.h */

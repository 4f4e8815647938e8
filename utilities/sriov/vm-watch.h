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

#ifndef SRIOV_VM_WATCH_H
#define SRIOV_VM_WATCH_H 1

/* What wakes "ovs-sriov vm": files that change, file systems that are mounted
 * above them, and processes that end.
 *
 *     inotify, mountinfo, pidfds --> WATCH --> sources
 *
 * Nothing is read periodically, as long as it can be read.  What a round of reading no longer asks for is
 * not watched any more. */

#include <stdbool.h>
#include <sys/types.h>

struct vm_watch;

/* One that watches nothing yet, to be freed with vm_watch_destroy(). */
struct vm_watch *vm_watch_create(void);
void vm_watch_destroy(struct vm_watch *);

/* Around a round of reading. */
void vm_watch_begin(struct vm_watch *);
void vm_watch_end(struct vm_watch *);

/* Watches the file 'name' in 'dir', or, if 'name' is NULL, all of 'dir'.  A
 * folder that does not exist is waited for in the one above it. */
void vm_watch_file(struct vm_watch *, const char *dir, const char *name);

/* Watches the process 'pid'.  Returns false if there is none.  Until
 * vm_watch_end(), what /proc says about 'pid' is about that process if
 * vm_watch_is_alive() is still true afterwards. */
bool vm_watch_process(struct vm_watch *, pid_t pid);
bool vm_watch_is_alive(const struct vm_watch *, pid_t pid);

/* Has vm_watch_run() say once, in some seconds, that something happened: for
 * what cannot be read now, and of which nothing tells when it can. */
void vm_watch_again(struct vm_watch *);

/* Returns true if something happened since it was called last. */
bool vm_watch_run(struct vm_watch *);
void vm_watch_wait(const struct vm_watch *);

#endif /* vm-watch.h */

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


#ifndef SRIOV_STEPS_H
#define SRIOV_STEPS_H 1

/* Carrying out a plan.
 *
 *     conf, host --> plan --> STEPS --> kernel
 */

#include <stdbool.h>

struct host_conf;
struct host_plan;
struct sriov_nl;

/* Carries out the plan, and prints of each step what became of it, as read
 * back from the kernel.  What needs one that failed is not done for the same
 * PF.  Waits for drivers and udev, up to a minute without any progress.
 * Signals that would end the program do so when VFs have their drivers back.
 * Returns true if everything was done.  With 'force', disturbs VFs that are in
 * use. */
bool host_steps_run(const struct host_plan *, const struct host_conf *,
                    const struct sriov_nl *, bool force);

/* Returns true if udev runs and is not done yet with the network device
 * 'name', which it may be about to rename. */
bool host_udev_is_busy(const char *name);

/* Gives VFs back to their drivers that a run has taken which was then killed,
 * and says so.  No other run may be under way. */
void host_steps_recover(void);

#endif /* steps.h */

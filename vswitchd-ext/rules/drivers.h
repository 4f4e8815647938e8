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

#ifndef SRIOV_DRIVERS_H
#define SRIOV_DRIVERS_H 1

/* Which kernel drivers carry out TC rules rightly, and which of DPDK's drivers
 * have representors.
 *
 *     model --> DRIVERS --> defaults, plan, show
 *
 * By default the module acts for eswitches of these only: a driver that takes a
 * rule and then does something else loses or garbles frames, which is worse
 * than no offload.  other_config:sriov=true of Open_vSwitch has it act for all.
 *
 * Pure functions, for any thread. */

#include <stdbool.h>

struct sriov_dev;
struct sriov_model;

/* Returns NULL if the driver of 'dev' is known to carry out rightly what it
 * accepts, else in a few words why it does not count as such, a static string
 * that fits behind "driver NAME: ". */
const char *sriov_driver_fault(const struct sriov_dev *dev);

/* Returns NULL if DPDK can have the representors of 'dev' as its ports beside
 * the kernel, else why not, a static string that fits behind "driver NAME: ".
 * If 'forced', a driver that nothing is known of counts as one that can. */
const char *sriov_driver_dpdk_fault(const struct sriov_dev *dev, bool forced);

/* Returns true if what Open vSwitch offloads of ports of the DPDK driver
 * 'driver' is known to work.  Those of mlx5 are called thus since DPDK 21.08
 * (drivers/common/mlx5/mlx5_common.h). */
bool sriov_driver_dpdk_offloads(const char *driver);

/* Returns an eswitch of 'model' that is in switchdev mode: one whose driver has
 * no fault, if there is one, or with a fault, or NULL if there is none. */
const struct sriov_dev *sriov_drivers_best(const struct sriov_model *model);

#endif /* rules/drivers.h */

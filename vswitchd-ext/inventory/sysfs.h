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
#ifndef SRIOV_SYSFS_H
#define SRIOV_SYSFS_H 1

/* What symbolic links of sysfs tell of devices, where netlink does not, or not
 * without asking a firmware.
 *
 * Strings are malloc'd, for the caller to free, or NULL if there is no such
 * link.  Usable in any thread.  sysfs never waits for a driver here. */

#include <stdbool.h>
#include <stdint.h>

struct svec;

/* The last part of what the symbolic link at 'path' points to. */
char *sriov_sysfs_target(const char *path);

/* The name of the kernel driver of the device 'bus'/'name'.  (devlink knows
 * it as well, but asks the firmware for more along with it, which takes
 * long.) */
char *sriov_sysfs_driver(const char *bus, const char *name);

/* The PCI address of VF 'number' of the PF at 'pci', or the one that it will
 * have: drivers make representors first, and VFs one by one. */
char *sriov_sysfs_vf(const char *pci, uint32_t number);

/* The device that the network device 'netdev' belongs to, and its bus in
 * '*bus': both or neither, as virtual ones have it. */
char *sriov_sysfs_parent(const char *netdev, char **bus);

/* Adds to 'names', unless that is NULL, the network devices below 'netdev', the
 * members of a bond, and returns how many there are. */
unsigned int sriov_sysfs_lower(const char *netdev, struct svec *names);

#endif /* sysfs.h */

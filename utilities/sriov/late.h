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

#ifndef SRIOV_HOST_LATE_H
#define SRIOV_HOST_LATE_H 1

/* VFs that get their drivers late: once the host's network configuration has
 * put the uplinks into its Linux bond, of which mlx5 makes a VF-LAG only
 * before VFs have drivers.
 *
 *     steps --> LATE: /run/ovs-sriov.late --> drivers
 *
 * The file has the PCI address of a PF in each line.  The kernel gives VFs of
 * such a PF no driver as they are made (sriov_drivers_autoprobe). */

#include <stdbool.h>

struct svec;

/* Notes that VFs of the PF at 'pci' get their drivers late, unless they get
 * none at all.  Returns NULL, or what went wrong, which the caller must
 * free. */
char *host_late_note(const char *pci);

/* Has the kernel give VFs of the PF at 'pci' that are made from now on a
 * driver, or none.  Returns 0 or a positive errno value. */
int host_late_set_autoprobe(const char *pci, bool on);

/* Adds to the vector the PFs that were noted. */
void host_late_read(struct svec *pcis);

/* Forgets all of them. */
void host_late_forget(void);

/* Returns true if the PF at 'pci' is noted. */
bool host_late_has(const char *pci);

#endif /* late.h */

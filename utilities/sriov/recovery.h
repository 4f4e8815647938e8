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


#ifndef SRIOV_HOST_RECOVERY_H
#define SRIOV_HOST_RECOVERY_H 1

/* PFs whose driver gives up switchdev mode by itself.
 *
 *     apply --> /run/ovs-sriov.switchdev/PCI --> udev's rule --> apply
 *
 * When mlx5_core recovers from a failure of the firmware, and for "devlink dev
 * reload", it lets go of a PF and takes it up again, in legacy mode
 * (mlx5_unload() and mlx5_eswitch_disable() in Linux 6.12), while VMs keep
 * their VFs, on the plain switch of the NIC: without VLANs, and with addresses
 * that nobody checks.  PFs that are in switchdev mode as sriov.conf says are
 * noted, with what joins them to others of their NIC.  The event of a new
 * network device has that put in force again, though VFs are in use.
 *
 * A person who sets legacy mode with devlink, against sriov.conf, looks the
 * same, but causes no such event. */

struct host;
struct host_conf;

/* Notes, until the host is started anew, which PFs of 'host' are in switchdev
 * mode as 'conf' says, and forgets those that are not to be.  What goes wrong
 * is logged. */
void host_recovery_note(const struct host *host, const struct host_conf *conf);

/* Forgets the PF at 'pci', which is to leave switchdev mode. */
void host_recovery_forget(const char *pci);

/* Has udev's rule start nothing any more for the PF at 'pci', whose mode could
 * not be set: some drivers make its network device anew for each attempt. */
void host_recovery_failed(const char *pci);

/* Sets 'lapsed' and what goes with it of those PFs that are noted, and in
 * legacy mode with VFs. */
void host_recovery_read(struct host *);

#endif /* recovery.h */

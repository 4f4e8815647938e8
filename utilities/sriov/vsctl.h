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


#ifndef SRIOV_VSCTL_H
#define SRIOV_VSCTL_H 1

/* What ovs-vsctl does otherwise with ports that cx-sriov added.
 *
 *     ifupdown2, os-vif, people --> ovs-vsctl --> VSCTL --> OVSDB
 *
 * - When ifupdown2 reloads the stanza of a bridge, at each "ifreload -a",
 *   "ifup" and boot, it deletes every port that the stanza does not name and
 *   clears what was set in the bridge, all in one call.  Nobody wants that for
 *   ports that cx-sriov looks after.  Here they stay, and so does cx-sriov's
 *   own note in the bridge.
 *
 * - "--may-exist add-port" of such a port to another bridge, be it a fake one,
 *   moves it there, where that of any other port is refused.
 *
 * Any other call of ovs-vsctl, such as a person's "del-port", does what it
 * always did. */

#include <stddef.h>

struct ctl_command;
struct ctl_context;
struct ovsdb_idl;

/* Has 'idl' replicate what sriov_vsctl_run() looks at.  To be called before
 * 'idl' connects. */
void sriov_vsctl_add_columns(const struct ctl_command *commands, size_t n,
                             struct ovsdb_idl *idl);

/* Runs 'command', one of the 'n' 'commands' that ovs-vsctl was called with, in
 * 'ctx', which is initialized for it. */
void sriov_vsctl_run(const struct ctl_command *commands, size_t n,
                     const struct ctl_command *command,
                     struct ctl_context *ctx);

#endif /* sriov/vsctl.h */

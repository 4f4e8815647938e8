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


#ifndef SRIOV_DATAPATH_H
#define SRIOV_DATAPATH_H 1

/* The datapath, where Open vSwitch loses sight of it: ports whose device is
 * renamed.
 *
 *     plan --> DATAPATH
 *
 * All functions are called in ovs-vswitchd's main thread. */

struct smap;

char *sriov_ports_check_name(const char *name);
void sriov_ports_forget(const struct smap *renamed);

#endif /* ports.h */

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

#ifndef SRIOV_RESTART_FILE_H
#define SRIOV_RESTART_FILE_H 1

/* Files in Open vSwitch's run directory in which an ovs-vswitchd leaves for the
 * next one what only it knows.  The directory is in memory (tmpfs), or as
 * quick as OVSDB's.
 *
 * This is part of libofproto.  Main thread only. */

struct json;

/* Returns the object in the file 'name', which the caller must destroy, or null
 * if there is none. */
struct json *sriov_restart_read(const char *name);

/* Puts 'json', which it destroys, into the file 'name', as a whole or not at
 * all.  If that fails, the log says so, and 'consequence'. */
void sriov_restart_write(const char *name, struct json *json,
                         const char *consequence);

#endif /* restart-file.h */

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

#ifndef SRIOV_HOST_IMPORT_H
#define SRIOV_HOST_IMPORT_H 1

/* "ovs-sriov import": sriov.conf in place of what was written by hand.
 *
 *     files --> leftovers --+
 *     sysfs --> host -------+--> IMPORT --> sriov.conf, report
 */

struct ds;
struct host;
struct howto;

/* Appends to 'conf' what does the same as what was read, and to 'report' what
 * is then not needed any more, and what was not understood.  Returns NULL, or
 * why that is not all that is needed, which the caller must free. */
char *host_import(const struct howto *, const struct host *, struct ds *conf,
                  struct ds *report);

/* "ovs-sriov import --lag": appends to 'conf' a Linux bond (VF-LAG) for each
 * OVSBond of interfaces(5) that has uplinks of one NIC, and to 'report' what
 * becomes of the stanzas, or why a bond stays what it is.  Returns NULL, or
 * why that is not all that was asked for, which the caller must free. */
char *host_import_lags(const struct howto *, const struct host *,
                       struct ds *conf, struct ds *report);

#endif /* import.h */

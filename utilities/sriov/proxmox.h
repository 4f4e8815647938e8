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

#ifndef SRIOV_HOST_PROXMOX_H
#define SRIOV_HOST_PROXMOX_H 1

/* "ovs-sriov proxmox": what Proxmox VE needs to know about VFs and uplinks.
 *
 * Formats: "pvesh usage /cluster/mapping/pci -v", and interfaces(5) with the
 * options of openvswitch-switch and of ifupdown2. */

#include "svec.h"

struct ds;
struct host;
struct host_conf;
struct json;

struct proxmox_request {
    const char *root;
    const char *id;             /* Of the mapping. */
    const char *node;           /* Whose VFs they are. */
    struct svec pfs;            /* PCI addresses; none: those that have a
                                 * section. */
};

char *host_proxmox_wrong(const struct proxmox_request *, const struct host *,
                         const struct host_conf *);
struct json *host_proxmox_json(const struct host *, const struct host_conf *,
                               const struct proxmox_request *);
void host_proxmox_text(const struct host *, const struct host_conf *,
                       const struct proxmox_request *, struct ds *);

#endif /* proxmox.h */

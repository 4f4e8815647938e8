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

#ifndef SRIOV_HOST_MAPPING_H
#define SRIOV_HOST_MAPPING_H 1

/* The PCI resource mappings of Proxmox VE 8 and 9.
 *
 *     /etc/pve/mapping/pci.cfg --> MAPPINGS --> proxmox, check
 *
 * Format: PVE::Mapping::PCI of pve-guest-common.  A mapping has an ID and
 * entries "id=15b3:101e,iommugroup=72,node=pve1,path=0000:81:00.2,...", each
 * of which is a choice for a VM.  /etc/pve is a FUSE file system, which may
 * hang: nothing that must not wait reads it. */

#include <stdbool.h>
#include <stddef.h>
#include "svec.h"

/* In a description, before settings of VMs, which go up to its end or a
 * ";". */
#define PVE_MARK "ovs-sriov:"

struct pve_mapping {
    char *id;
    char *description;          /* Or NULL. */
    bool live;                  /* live-migration-capable. */
    struct svec maps;           /* Entries, of all nodes. */
};

struct pve_mappings {
    struct pve_mapping *array;
    size_t n, allocated;
};

/* Those that have a 'root', which is "" but in tests, read files below it, and
 * may wait for a FUSE file system.  What cannot be read is not there. */

/* Stores in '*mappings', which the caller must destroy, those of all nodes. */
void pve_mappings_read(struct pve_mappings *, const char *root);

/* Frees what is in the mappings, not themselves. */
void pve_mappings_destroy(struct pve_mappings *);

/* Returns the mapping 'id', which belongs to the mappings, or NULL. */
const struct pve_mapping *pve_mappings_find(const struct pve_mappings *,
                                            const char *id);

/* Returns the value of 'key' in the entry 'map', which the caller must free,
 * or NULL. */
char *pve_map_get(const char *map, const char *key);

/* Returns why a VM that gets 'map', an entry for this host, does not start,
 * which the caller must free, or NULL: PVE::Mapping::PCI::assert_valid(). */
char *pve_map_problem(const char *root, const char *map);

/* Returns "VENDOR:DEVICE" as the files 'vendor' and 'device' of the PCI device
 * at 'pci' have it, which the caller must free, or NULL. */
char *pve_device_id(const char *root, const char *pci, const char *vendor,
                    const char *device);

/* Returns the name of this node, which is the short one that the host has now
 * (PVE::INotify, nodename()).  The caller must free it. */
char *pve_node(const char *root);

#endif /* mapping.h */

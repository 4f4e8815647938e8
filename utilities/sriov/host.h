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

#ifndef SRIOV_HOST_H
#define SRIOV_HOST_H 1

/* The inventory: which SR-IOV PFs the host has, and how they are.
 *
 *     sysfs, devlink, rtnetlink --> INVENTORY --> list, check, plan, proxmox
 *
 * Plain data, read once.  What is not known is NULL, or has_x is false. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "openvswitch/types.h"
#include "inventory/model.h"

struct host_nl;
struct svec;

struct host_vf {
    unsigned int number;
    char *pci;
    char *driver;
    char *iommu_group;          /* Its number. */
    size_t n_in_group;          /* Devices in it, this one included. */
    char *user;                 /* Who uses it, so that it is left alone. */
    char *netdev;               /* Its own network device, if that is here. */
    bool has_mac;
    struct eth_addr mac;
    bool has_trust, trust;
    bool has_spoofchk, spoofchk;

    /* Its representor. */
    char *label;                /* "pf0vf3" */
    uint32_t port_index;        /* devlink's, if there is a label... */
    bool from_names;            /* ...and this is false. */
    char *rep;                  /* Name of the network device... */
    int rep_ifindex;            /* ...its number... */
    unsigned int rep_mtu;       /* ...and its MTU. */
};

struct host_pf {
    char *pci;
    uint16_t vendor, device;
    char *model;
    char *driver;
    char *firmware;
    char *iommu_group;
    size_t n_in_group;
    int numa_node;              /* Negative: none. */
    unsigned int total_vfs;     /* That it can have. */
    unsigned int num_vfs;

    bool has_devlink;
    enum sriov_mode mode;
    bool multiport;
    char *steering;             /* devlink's flow_steering_mode. */

    char *netdev;               /* Its uplink, or what it has in legacy mode. */
    int ifindex;
    unsigned int mtu;
    char *switch_id;
    char *port;                 /* Its phys_port_name, "p0". */
    bool has_hw_tc, hw_tc;      /* Feature hw-tc-offload. */

    struct host_vf *vfs;
    size_t n_vfs;
};

struct host {
    struct host_pf **pfs;       /* By PCI address. */
    size_t n, allocated;
};

struct host *host_read(const char *root, struct host_nl *);
void host_read_ids(const char *root, struct host_pf *);
void host_read_details(struct host *, struct host_nl *);
struct host_pf *host_add_pf(struct host *, const char *pci);
struct host_vf *host_pf_add_vf(struct host_pf *);
void host_sort(struct host *);
void host_destroy(struct host *);

struct host_pf *host_find_pf(const struct host *, const char *pci);

/* Small files, as those of sysfs are. */
char *host_read_file(const char *format, ...) OVS_PRINTF_FORMAT(1, 2);
void host_read_folder(struct svec *names, const char *format, ...)
    OVS_PRINTF_FORMAT(2, 3);
bool host_read_number(const char *path, const char *name, long long int *);
int host_write_file(const char *path, const char *value);

#endif /* host.h */

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

/* The host: which SR-IOV PFs it has, and how they are.
 *
 *     netlink --> inventory/model --+
 *     sysfs ------------------------+--> HOST --> list, check, plan, proxmox
 *
 * What netlink tells is in the model, the same one that ovs-vswitchd has; PFs
 * and VFs point into it and add what files of sysfs tell.  Read once and then
 * constant.  The host owns all of it, and the pointers live as long as it
 * does.  What is not known is NULL, or has_x is false. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "openvswitch/types.h"
#include "inventory/model.h"
#include "openvswitch/shash.h"
#include "svec.h"

struct sriov_nl;

struct host_vf {
    unsigned int number;
    char *pci;
    char *driver;
    char *iommu_group;          /* Its number. */
    size_t n_in_group;          /* Devices in it, this one included. */
    char *user;                 /* Who uses it, so that it is left alone. */
    char *netdev;               /* Its own network device, if that is here. */

    /* As the port has it, or else as the PF's link tells. */
    bool has_mac;
    struct eth_addr mac;
    bool has_trust, trust;
    bool has_spoofchk, spoofchk;

    const struct sriov_port *port; /* Its port of the eswitch, or NULL. */
};

struct host_pf {
    char *pci;
    uint16_t vendor, device;
    char *product;              /* What people call it. */
    char *driver;
    char *firmware;
    char *steering;             /* devlink's flow_steering_mode. */
    char *iommu_group;
    size_t n_in_group;
    int numa_node;              /* Negative: none. */
    unsigned int total_vfs;     /* That it can have. */
    unsigned int num_vfs;

    char *ovs_bond;             /* The OVS bond that its link is a member of,
                                 * see bonds.h, or NULL. */

    char *master;               /* The device that its link is in, "bond0",
                                 * likewise. */

    char *coming_bond;          /* The Linux bond that its link will be in,
                                 * which is not there yet, likewise. */

    bool lapsed;                /* It is in legacy mode, since its driver has
                                 * given up switchdev mode: see recovery.h... */
    bool lost_multiport;        /* ...and with it multiport of its NIC, */
    bool lost_bond;             /* or its place in a bond of sriov.conf. */

    const struct sriov_dev *dev;   /* Its eswitch, or NULL. */
    const struct sriov_link *link; /* Its uplink, or what it has in legacy
                                    * mode, or NULL. */
    struct host_vf *vfs;
    size_t n_vfs;
    struct svec reps;           /* The phys_port_names of representors that
                                 * sysfs has below it: "c1pf0vf3". */
};

/* A Linux bond that is there: what sysfs has of it, such as "802.3ad". */
struct host_linux_bond {
    char *mode, *lacp_rate, *hash;
    unsigned int mtu;
    bool up;
};

struct host {
    struct sriov_model *model;
    struct shash bonds;         /* "struct host_linux_bond" by name, of those
                                 * that sriov.conf has: see bonds.h. */
    struct host_pf **pfs;       /* By PCI address. */
    size_t n, allocated;
};

/* Returns what there is, to be freed with host_destroy(): from sysfs below
 * 'root', which is "" but in tests, and, if 'nl' is not NULL, from the kernel.
 * What netlink does not tell, which is logged, is not there. */
struct host *host_read(const char *root, const struct sriov_nl *nl);
void host_destroy(struct host *);

/* Adds what takes a while, for people to read: products, and with 'nl' also
 * what firmware there is. */
void host_read_details(struct host *, const struct sriov_nl *nl);

/* Returns the PF at 'pci', or NULL. */
struct host_pf *host_find_pf(const struct host *, const char *pci);

/* Returns true if both are PFs of one NIC: by their switch ids, since PFs of
 * one can be on several buses, or, where drivers tell none, by their
 * addresses. */
bool host_same_nic(const struct host_pf *, const struct host_pf *);

/* What the model says of a PF or a VF, as strings and numbers that live as
 * long as the host does.  SRIOV_MODE_NONE, NULL or 0: not known. */
static inline enum sriov_mode
host_pf_mode(const struct host_pf *pf)
{
    return pf->dev ? pf->dev->mode : SRIOV_MODE_NONE;
}

static inline bool
host_pf_multiport(const struct host_pf *pf)
{
    return pf->dev && pf->dev->multiport;
}

/* May the driver join the PFs of the NIC?  Which kernel has the parameter is
 * known in switchdev mode only. */
static inline bool
host_pf_can_multiport(const struct host_pf *pf)
{
    return pf->dev && (pf->dev->can_multiport || pf->dev->multiport
                       || (pf->dev->mode == SRIOV_MODE_LEGACY && pf->driver
                           && !strcmp(pf->driver, "mlx5_core")));
}

static inline const char *
host_pf_netdev(const struct host_pf *pf)
{
    return pf->link ? pf->link->name : NULL;
}

static inline const char *
host_pf_switch_id(const struct host_pf *pf)
{
    return pf->link ? pf->link->switch_id : NULL;
}

static inline const char *
host_pf_port_name(const struct host_pf *pf)
{
    return pf->link ? pf->link->port_name : NULL;
}

static inline unsigned int
host_pf_mtu(const struct host_pf *pf)
{
    return pf->link ? pf->link->mtu : 0;
}

/* "pf0vf3" */
static inline const char *
host_vf_label(const struct host_vf *vf)
{
    return vf->port ? vf->port->label : NULL;
}

static inline const struct sriov_link *
host_vf_rep(const struct host_vf *vf)
{
    return vf->port ? vf->port->link : NULL;
}

static inline const char *
host_vf_rep_name(const struct host_vf *vf)
{
    return host_vf_rep(vf) ? host_vf_rep(vf)->name : NULL;
}

/* Building one by hand: for host_read(), one PF, and tests.  What is added
 * belongs to the host; the caller fills in the rest. */

/* Returns a host without PFs, to be freed with host_destroy(). */
struct host *host_create(void);

/* Adds a PF, or the next VF of a PF, which moves those before it. */
struct host_pf *host_add_pf(struct host *, const char *pci);
struct host_vf *host_pf_add_vf(struct host_pf *);

/* Adds the Linux bond 'name', with strings that it takes over. */
struct host_linux_bond *host_add_bond(struct host *, const char *name,
                                      char *mode, char *lacp_rate,
                                      char *hash);

/* Adds the network device 'name' to the model, as the link of the PF. */
struct sriov_link *host_add_link(struct host *, struct host_pf *,
                                 const char *name);

/* Sorts the PFs by their addresses, as all others expect them. */
void host_sort(struct host *);

/* Reads below 'root' which device of which vendor the PF is. */
void host_read_ids(const char *root, struct host_pf *);

/* Returns true if there is a PCI device at 'pci' below 'root', and it is no
 * NIC: a GPU, for instance, which can have VFs, too. */
bool host_is_of_another_kind(const char *root, const char *pci);

/* Returns true if there is a PCI device at 'pci' below 'root', and it is a
 * VF. */
bool host_is_vf(const char *root, const char *pci);

/* Returns true if there is a PCI device at 'pci' below 'root' that is known to
 * be a VF, of a PF that is not here: that of a VM, or of a partition of an
 * s390x. */
bool host_is_lone_vf(const char *root, const char *pci);

/* Small files, as those of sysfs are. */

/* Returns what the file that 'format' names has in it, without the line end,
 * which the caller must free.  NULL if it cannot be read. */
char *host_read_file(const char *format, ...) OVS_PRINTF_FORMAT(1, 2);

/* Returns the last part of what the symbolic link that 'format' names points
 * to, which the caller must free.  NULL if there is no such link. */
char *host_read_link(const char *format, ...) OVS_PRINTF_FORMAT(1, 2);

/* Adds to 'names', which it sorts, what is in the folder that 'format' names:
 * nothing if that cannot be read. */
void host_read_folder(struct svec *names, const char *format, ...)
    OVS_PRINTF_FORMAT(2, 3);

/* Stores in '*number' the number, decimal or 0x..., that the file 'name' in
 * the folder 'path' has in it.  Returns false, and stores nothing, if there is
 * none. */
bool host_read_number(const char *path, const char *name,
                      long long int *number);

/* Writes 'value' to the file at 'path'.  Returns 0 or a positive errno
 * value. */
int host_write_file(const char *path, const char *value);

/* Makes 'text' the file at 'path', which somebody who reads it meanwhile, or
 * after we were killed, finds as it was or as it is to be; what is written is
 * hidden from who lists the folder.  Returns 0 or a positive errno value, and
 * then it is as it was. */
int host_replace_file(const char *path, const char *text);

#endif /* host.h */

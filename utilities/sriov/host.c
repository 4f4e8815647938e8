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

/* See host.h for where this stands, and in the kernel
 * Documentation/ABI/testing/sysfs-bus-pci for the files read here. */

#include <config.h>
#include "sriov/host.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libudev.h>
#include <limits.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/shash.h"
#include "openvswitch/vlog.h"
#include "inventory/netlink.h"
#include "inventory/sysfs.h"
#include "packets.h"
#include "svec.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(sriov_host);

/* Attempts to read everything without something changing meanwhile. */
#define MAX_ATTEMPTS 10

/* Files. */

char *
host_read_file(const char *format, ...)
{
    struct ds s = DS_EMPTY_INITIALIZER;
    char buffer[4096];
    va_list args;
    ssize_t n;
    int fd;

    va_start(args, format);
    char *path = xvasprintf(format, args);
    va_end(args);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    free(path);
    if (fd < 0) {
        return NULL;
    }
    while ((n = read(fd, buffer, sizeof buffer)) > 0) {
        ds_put_buffer(&s, buffer, n);
    }
    close(fd);
    if (n < 0) {
        ds_destroy(&s);
        return NULL;
    }
    ds_chomp(&s, '\n');
    return ds_steal_cstr(&s);
}

bool
host_read_number(const char *path, const char *name, long long int *number)
{
    char *s = host_read_file("%s/%s", path, name);
    bool ok = s && str_to_llong(s, 0, number);

    free(s);
    return ok;
}

int
host_write_file(const char *path, const char *value)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    int error;

    if (fd < 0) {
        return errno;
    }
    error = write(fd, value, strlen(value)) < 0 ? errno : 0;
    close(fd);
    return error;
}

int
host_replace_file(const char *path, const char *text)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    char *new_path = xasprintf("%.*s.%s.new", (int) (name - path), path, name);
    FILE *file = fopen(new_path, "w");
    int error = file ? 0 : errno;

    if (file) {
        if (fputs(text, file) < 0 || fflush(file) || fsync(fileno(file))) {
            error = errno;
        }
        fclose(file);
        if (!error && rename(new_path, path)) {
            error = errno;
        }
        if (error) {
            unlink(new_path);
        }
    }
    free(new_path);
    return error;
}

char *
host_read_link(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    char *link = xvasprintf(format, args);
    va_end(args);

    char *target = sriov_sysfs_target(link);
    free(link);
    return target;
}

void
host_read_folder(struct svec *names, const char *format, ...)
{
    struct dirent *entry;
    va_list args;
    DIR *dir;

    va_start(args, format);
    char *path = xvasprintf(format, args);
    va_end(args);
    dir = opendir(path);
    while (dir && (entry = readdir(dir))) {
        if (entry->d_name[0] != '.') {
            svec_add(names, entry->d_name);
        }
    }
    if (dir) {
        closedir(dir);
    }
    svec_sort(names);
    free(path);
}

/* The data. */

struct host *
host_create(void)
{
    struct host *host = xzalloc(sizeof *host);

    host->model = sriov_model_create();
    shash_init(&host->bonds);
    return host;
}

struct host_pf *
host_add_pf(struct host *host, const char *pci)
{
    struct host_pf *pf = xzalloc(sizeof *pf);

    pf->pci = xstrdup(pci);
    pf->numa_node = -1;
    svec_init(&pf->reps);
    if (host->n >= host->allocated) {
        host->pfs = x2nrealloc(host->pfs, &host->allocated,
                               sizeof *host->pfs);
    }
    host->pfs[host->n++] = pf;
    return pf;
}

struct host_vf *
host_pf_add_vf(struct host_pf *pf)
{
    struct host_vf *vf;

    pf->vfs = xrealloc(pf->vfs, (pf->n_vfs + 1) * sizeof *pf->vfs);
    vf = &pf->vfs[pf->n_vfs];
    memset(vf, 0, sizeof *vf);
    vf->number = pf->n_vfs++;
    return vf;
}

struct host_linux_bond *
host_add_bond(struct host *host, const char *name, char *mode, char *lacp_rate,
              char *hash)
{
    struct host_linux_bond *bond = xzalloc(sizeof *bond);

    bond->mode = mode;
    bond->lacp_rate = lacp_rate;
    bond->hash = hash;
    shash_add(&host->bonds, name, bond);
    return bond;
}

struct sriov_link *
host_add_link(struct host *host, struct host_pf *pf, const char *name)
{
    struct sriov_link *link = sriov_model_add_link(host->model, 0, name);

    link->parent_bus = xstrdup("pci");
    link->parent = xstrdup(pf->pci);
    pf->link = link;
    return link;
}

static int
compare_pfs(const void *a_, const void *b_)
{
    const struct host_pf *const *a = a_;
    const struct host_pf *const *b = b_;

    return strcmp((*a)->pci, (*b)->pci);
}

void
host_sort(struct host *host)
{
    if (host->n) {
        qsort(host->pfs, host->n, sizeof *host->pfs, compare_pfs);
    }
}

static void
vf_uninit(struct host_vf *vf)
{
    free(vf->pci);
    free(vf->driver);
    free(vf->iommu_group);
    free(vf->user);
    free(vf->netdev);
}

void
host_destroy(struct host *host)
{
    struct shash_node *node;

    if (!host) {
        return;
    }
    for (size_t i = 0; i < host->n; i++) {
        struct host_pf *pf = host->pfs[i];

        for (size_t j = 0; j < pf->n_vfs; j++) {
            vf_uninit(&pf->vfs[j]);
        }
        free(pf->vfs);
        svec_destroy(&pf->reps);
        free(pf->pci);
        free(pf->product);
        free(pf->driver);
        free(pf->firmware);
        free(pf->iommu_group);
        free(pf->steering);
        free(pf->ovs_bond);
        free(pf->master);
        free(pf->coming_bond);
        free(pf);
    }
    SHASH_FOR_EACH (node, &host->bonds) {
        struct host_linux_bond *bond = node->data;

        free(bond->mode);
        free(bond->lacp_rate);
        free(bond->hash);
    }
    shash_destroy_free_data(&host->bonds);
    free(host->pfs);
    sriov_model_destroy(host->model);
    free(host);
}

struct host_pf *
host_find_pf(const struct host *host, const char *pci)
{
    for (size_t i = 0; i < host->n; i++) {
        if (!strcmp(host->pfs[i]->pci, pci)) {
            return host->pfs[i];
        }
    }
    return NULL;
}

bool
host_same_nic(const struct host_pf *a, const struct host_pf *b)
{
    const char *dot = strrchr(a->pci, '.');

    return (host_pf_switch_id(a) && host_pf_switch_id(b)
            ? !strcmp(host_pf_switch_id(a), host_pf_switch_id(b))
            : dot && !strncmp(a->pci, b->pci, dot - a->pci + 1));
}

/* Users of VFs. */

/* Adds to 'users' which process has which file below /dev/vfio/ open: from the
 * file's path to a description of the process. */
static void
read_vfio_users(struct shash *users)
{
    struct svec pids = SVEC_EMPTY_INITIALIZER;
    const char *pid;
    size_t i;

    host_read_folder(&pids, "/proc");
    SVEC_FOR_EACH (i, pid, &pids) {
        struct svec fds = SVEC_EMPTY_INITIALIZER;
        const char *fd;
        size_t j;

        if (!isdigit((unsigned char) pid[0])) {
            continue;
        }
        host_read_folder(&fds, "/proc/%s/fd", pid);
        SVEC_FOR_EACH (j, fd, &fds) {
            char *link = xasprintf("/proc/%s/fd/%s", pid, fd);
            char target[PATH_MAX];
            ssize_t n = readlink(link, target, sizeof target - 1);

            free(link);
            target[MAX(n, 0)] = '\0';
            if (!strncmp(target, "/dev/vfio/", 10)
                && !shash_find(users, target)) {
                char *comm = host_read_file("/proc/%s/comm", pid);

                shash_add(users, target, xasprintf("%s, process %s",
                                                   comm ? comm : "?", pid));
                free(comm);
            }
        }
        svec_destroy(&fds);
    }
    svec_destroy(&pids);
}

/* Returns which process has the VF open, whose folder in sysfs is 'path', or
 * NULL.  The path of the device is that of its IOMMU group or, with iommufd,
 * one of its own. */
static const char *
find_vfio_user(const struct shash *users, const char *path,
               const char *iommu_group)
{
    char *group = xasprintf("/dev/vfio/%s", iommu_group ? iommu_group : "-");
    const char *user = shash_find_data(users, group);
    struct svec devices = SVEC_EMPTY_INITIALIZER;

    host_read_folder(&devices, "%s/vfio-dev", path);
    if (!user && devices.n) {
        char *device = xasprintf("/dev/vfio/devices/%s", devices.names[0]);

        user = shash_find_data(users, device);
        free(device);
    }
    svec_destroy(&devices);
    free(group);
    return user;
}

/* Finds out who uses the VFs of 'pf', the ones that apply leaves alone. */
static void
find_users(struct host_pf *pf, const char *root, struct shash *vfio_users)
{
    for (size_t i = 0; i < pf->n_vfs; i++) {
        struct host_vf *vf = &pf->vfs[i];

        if (!vf->driver) {
            continue;
        }
        if (strstr(vf->driver, "vfio")) {
            char *path = xasprintf("%s/sys/bus/pci/devices/%s", root, vf->pci);
            const char *user;

            if (!*root && shash_is_empty(vfio_users)) {
                /* One that is never found, so as to look only once. */
                shash_add(vfio_users, "", xstrdup(""));
                read_vfio_users(vfio_users);
            }
            user = find_vfio_user(vfio_users, path, vf->iommu_group);
            vf->user = (user
                        ? xasprintf("a VM has it (%s)", user)
                        : xasprintf("reserved for VMs (driver %s)",
                                    vf->driver));
            free(path);
        } else if (strstr(vf->driver, "uio")) {
            vf->user = xasprintf("reserved for a program (driver %s)",
                                 vf->driver);
        } else if (!vf->netdev) {
            vf->user = xstrdup("its network device is in another network "
                               "namespace");
        }
    }
}

/* sysfs. */

static void
read_iommu_group(const char *root, const char *path, char **group, size_t *n)
{
    struct svec devices = SVEC_EMPTY_INITIALIZER;

    *group = host_read_link("%s/iommu_group", path);
    if (*group) {
        host_read_folder(&devices, "%s/sys/kernel/iommu_groups/%s/devices",
                         root, *group);
    }
    *n = devices.n;
    svec_destroy(&devices);
}

/* Returns the name of a network device of the PCI device whose folder is
 * 'path': the one that is no representor.  NULL if there is none. */
static char *
read_netdev(const char *path)
{
    struct svec netdevs = SVEC_EMPTY_INITIALIZER;
    const char *name;
    char *netdev = NULL;
    size_t i;

    host_read_folder(&netdevs, "%s/net", path);
    SVEC_FOR_EACH (i, name, &netdevs) {
        char *port = host_read_file("%s/net/%s/phys_port_name", path, name);
        struct sriov_port_id id;
        bool is_rep = (port && sriov_port_id_from_string(port, &id)
                       && id.flavour != SRIOV_UPLINK);

        free(port);
        if (!is_rep && !netdev) {
            netdev = xstrdup(name);
        }
    }
    svec_destroy(&netdevs);
    return netdev;
}

static void
read_vfs(const char *root, const char *path, struct host_pf *pf)
{
    for (unsigned int i = 0; i < pf->num_vfs; i++) {
        char *name = xasprintf("virtfn%u", i);
        char *address = host_read_link("%s/%s", path, name);

        if (address) {
            struct host_vf *vf = host_pf_add_vf(pf);
            char *vf_path = xasprintf("%s/sys/bus/pci/devices/%s", root,
                                      address);

            vf->number = i;
            vf->pci = address;
            vf->driver = host_read_link("%s/driver", vf_path);
            vf->netdev = read_netdev(vf_path);
            read_iommu_group(root, vf_path, &vf->iommu_group,
                             &vf->n_in_group);
            free(vf_path);
        }
        free(name);
    }
}

static void
read_reps(const char *path, struct host_pf *pf)
{
    struct svec netdevs = SVEC_EMPTY_INITIALIZER;
    const char *name;
    size_t i;

    host_read_folder(&netdevs, "%s/net", path);
    SVEC_FOR_EACH (i, name, &netdevs) {
        char *port = host_read_file("%s/net/%s/phys_port_name", path, name);
        struct sriov_port_id id;

        if (port && sriov_port_id_from_string(port, &id)
            && id.flavour != SRIOV_UPLINK) {
            svec_add(&pf->reps, port);
        }
        free(port);
    }
    svec_destroy(&netdevs);
}

/* Returns true if the PCI device whose folder is 'path' is a network
 * controller, rather than an NVMe drive, for instance. */
static bool
is_network(const char *path)
{
    long long int class;

    return host_read_number(path, "class", &class) && class >> 16 == 0x02;
}

bool
host_is_of_another_kind(const char *root, const char *pci)
{
    char *path = xasprintf("%s/sys/bus/pci/devices/%s", root, pci);
    long long int class;
    bool other = (host_read_number(path, "class", &class)
                  && !is_network(path));

    free(path);
    return other;
}

bool
host_is_vf(const char *root, const char *pci)
{
    char *path = xasprintf("%s/sys/bus/pci/devices/%s", root, pci);
    char *pf = host_read_link("%s/physfn", path);
    bool is_vf = pf != NULL;

    free(pf);
    free(path);
    return is_vf;
}

bool
host_is_lone_vf(const char *root, const char *pci)
{
    /* mlx5/core/main.c, mlx5_core_pci_table (MLX5_PCI_DEV_IS_VF), and
     * mlx4/main.c, mlx4_pci_table (MLX4_PCI_DEV_IS_VF), Linux 6.12. */
    static const uint16_t nvidia[] = {
        0x1012, 0x1014, 0x1016, 0x1018, 0x101a, 0x101c, 0x101e, 0xa2d3,
        0x1002, 0x1004,
    };
    /* Drivers of VFs alone. */
    static const char *const drivers[] = { "iavf", "ixgbevf", "igbvf" };
    char *path = xasprintf("%s/sys/bus/pci/devices/%s", root, pci);
    char *driver = host_read_link("%s/driver", path);
    long long int vendor, device;
    bool is_vf = false;

    if (host_read_number(path, "vendor", &vendor) && vendor == 0x15b3
        && host_read_number(path, "device", &device)) {
        for (size_t i = 0; i < ARRAY_SIZE(nvidia); i++) {
            is_vf |= device == nvidia[i];
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
        is_vf |= nullable_string_is_equal(driver, drivers[i]);
    }
    is_vf = is_vf && is_network(path) && !host_is_vf(root, pci);
    free(driver);
    free(path);
    return is_vf;
}

void
host_read_ids(const char *root, struct host_pf *pf)
{
    char *path = xasprintf("%s/sys/bus/pci/devices/%s", root, pf->pci);
    long long int number;

    if (host_read_number(path, "vendor", &number)) {
        pf->vendor = number;
    }
    if (host_read_number(path, "device", &number)) {
        pf->device = number;
    }
    free(path);
}

/* Gives 'pf', whose folder is 'path', its network device 'name' as link.  One
 * that has to do with an eswitch is in the model already, if netlink was
 * asked; any other is added as sysfs has it. */
static void
read_link(struct host *host, const char *path, struct host_pf *pf,
          const char *name)
{
    char *net = xasprintf("%s/net/%s", path, name);
    long long int ifindex = 0, number;

    host_read_number(net, "ifindex", &ifindex);
    for (size_t i = 0; i < host->model->n_links; i++) {
        const struct sriov_link *link = host->model->links[i];

        if (link->ifindex == ifindex && !strcmp(link->name, name)) {
            pf->link = link;
        }
    }
    if (!pf->link) {
        struct sriov_link *link = host_add_link(host, pf, name);

        link->ifindex = ifindex;
        link->switch_id = host_read_file("%s/phys_switch_id", net);
        link->port_name = host_read_file("%s/phys_port_name", net);
        if (host_read_number(net, "mtu", &number)) {
            link->mtu = number;
        }
        if (host_read_number(net, "flags", &number)) {
            link->up = number & IFF_UP;
        }
    }
    free(net);
}

/* Adds the PF at 'pci' with its VFs, if there is one. */
static void
read_pf(struct host *host, const char *root, const char *pci)
{
    char *path = xasprintf("%s/sys/bus/pci/devices/%s", root, pci);
    char *netdev = NULL;
    long long int number;

    if (host_read_number(path, "sriov_totalvfs", &number)
        && ((netdev = read_netdev(path)) || is_network(path))) {
        struct host_pf *pf = host_add_pf(host, pci);

        pf->total_vfs = number;
        if (host_read_number(path, "sriov_numvfs", &number)) {
            pf->num_vfs = number;
        }
        host_read_ids(root, pf);
        if (host_read_number(path, "numa_node", &number)) {
            pf->numa_node = number;
        }
        pf->driver = host_read_link("%s/driver", path);
        read_iommu_group(root, path, &pf->iommu_group, &pf->n_in_group);
        if (netdev) {
            read_link(host, path, pf, netdev);
        }
        read_vfs(root, path, pf);
        read_reps(path, pf);
    }
    free(netdev);
    free(path);
}

/* The model. */

/* Returns what netlink tells, not finished; empty if it cannot be read. */
static struct sriov_model *
read_model(const struct sriov_nl *nl)
{
    struct sriov_model *model = sriov_model_create();
    int error = 0;

    for (int i = 0; nl && i < MAX_ATTEMPTS; i++) {
        error = sriov_nl_read(nl, model);
        if (!error) {
            return model;
        }
        sriov_model_destroy(model);
        model = sriov_model_create();
    }
    if (error) {
        VLOG_WARN("cannot read eswitches and their ports: %s",
                  ovs_strerror(error));
    }
    return model;
}

/* Takes what the link of 'pf' tells of a VF. */
static void
take_vf(const struct sriov_vf *told, void *pf_)
{
    struct host_pf *pf = pf_;

    for (size_t i = 0; i < pf->n_vfs; i++) {
        struct host_vf *vf = &pf->vfs[i];

        if (vf->number == told->number) {
            vf->mac = told->mac;
            vf->has_mac = !eth_addr_is_zero(told->mac);
            vf->has_trust = told->trust >= 0;
            vf->trust = told->trust > 0;
            vf->has_spoofchk = told->spoofchk >= 0;
            vf->spoofchk = told->spoofchk > 0;
        }
    }
}

/* Has 'pf' and its VFs point to what is theirs in 'model', which is
 * finished. */
static void
join(const struct sriov_model *model, struct host_pf *pf)
{
    pf->dev = sriov_model_dev(model, "pci", pf->pci);
    for (size_t i = 0; pf->dev && i < model->n_ports; i++) {
        const struct sriov_port *port = model->ports[i];

        if (port->dev != pf->dev) {
            continue;
        }
        if (sriov_port_is_uplink(port) && port->link) {
            pf->link = port->link;
        }
        for (size_t j = 0; j < pf->n_vfs; j++) {
            struct host_vf *vf = &pf->vfs[j];

            if (port->flavour == SRIOV_VF && !port->external
                && port->number == vf->number && !vf->port) {
                vf->port = port;
                if (port->has_mac) {
                    vf->has_mac = true;
                    vf->mac = port->mac;
                }
            }
        }
    }
}

/* Asks for what the model does not have. */
static void
read_more(const struct sriov_nl *nl, struct host_pf *pf)
{
    const struct sriov_dev *dev = pf->dev;

    if (dev && dev->mode != SRIOV_MODE_NONE && !dev->from_names) {
        pf->steering = sriov_nl_get_steering(nl, pf->pci);
    }
    if (pf->link) {
        sriov_nl_vfs_read(nl, pf->link->ifindex, take_vf, pf);
    }
}

struct host *
host_read(const char *root, const struct sriov_nl *nl)
{
    struct host *host = host_create();
    struct shash users = SHASH_INITIALIZER(&users);
    struct svec devices = SVEC_EMPTY_INITIALIZER;
    const char *pci;
    size_t i;

    sriov_model_destroy(host->model);
    host->model = read_model(nl);
    host_read_folder(&devices, "%s/sys/bus/pci/devices", root);
    SVEC_FOR_EACH (i, pci, &devices) {
        read_pf(host, root, pci);
    }
    svec_destroy(&devices);
    sriov_model_finish(host->model);
    for (i = 0; i < host->n; i++) {
        struct host_pf *pf = host->pfs[i];

        if (nl) {
            pf->dev = sriov_model_dev(host->model, "pci", pf->pci);
            read_more(nl, pf);
        }
        join(host->model, pf);
        find_users(pf, root, &users);
    }
    shash_destroy_free_data(&users);
    return host;
}

/* Details that take a while, for people to read. */

/* Returns the product with 'modalias' as udev's database of hardware has it,
 * or NULL. */
static char *
find_product(struct udev_hwdb *hwdb, const char *modalias)
{
    struct udev_list_entry *entry;
    char *product = NULL;

    udev_list_entry_foreach(entry,
                            udev_hwdb_get_properties_list_entry(hwdb, modalias,
                                                                0)) {
        if (!strcmp(udev_list_entry_get_name(entry),
                    "ID_MODEL_FROM_DATABASE")) {
            free(product);
            product = xstrdup(udev_list_entry_get_value(entry));
        }
    }
    return product;
}

void
host_read_details(struct host *host, const struct sriov_nl *nl)
{
    struct udev *udev = udev_new();
    struct udev_hwdb *hwdb = udev ? udev_hwdb_new(udev) : NULL;

    for (size_t i = 0; i < host->n; i++) {
        struct host_pf *pf = host->pfs[i];

        if (hwdb) {
            char *modalias = xasprintf("pci:v%08Xd%08Xsv", pf->vendor,
                                       pf->device);

            pf->product = find_product(hwdb, modalias);
            free(modalias);
        }
        if (nl) {
            pf->firmware = sriov_nl_get_firmware(nl, pf->pci);
        }
    }
    udev_hwdb_unref(hwdb);
    udev_unref(udev);
}

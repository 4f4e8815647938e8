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

/* See pmd.h for where this stands. */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_devargs.h>
#include <rte_ethdev.h>
#include <rte_kvargs.h>
#include <rte_version.h>
#include "ethdev_pci.h"
#include "pmd.h"

RTE_LOG_REGISTER(simnic_log, pmd.net.simnic, NOTICE)

#if RTE_VERSION >= RTE_VERSION_NUM(24, 3, 0, 0)
#define parse_devargs(S, DA) rte_eth_devargs_parse(S, DA, 1)
#else
#define parse_devargs(S, DA) rte_eth_devargs_parse(S, DA)
#endif

/* The arguments that all probes of a PF have to agree on, with their defaults:
 * mlx5.c, mlx5_probe_again_args_validate(). */
static const struct {
    const char *key;
    long int value;
} shared_args[] = {
    { "dv_flow_en", 1 }, { "dv_xmeta_en", 0 }, { "dv_esw_en", 1 },
    { "reclaim_mem_mode", 0 }, { "allow_duplicate_pattern", 1 },
    { "fdb_def_rule_en", 1 }, { "l3_vxlan_en", 0 }, { "decap_en", 1 },
    { "lacp_by_user", 0 },
};

/* Those that a port may have for itself, a few of mlx5's. */
static const char *const port_args[] = {
    "representor", "class", "rx_vec_en", "tx_vec_en", "rxq_cqe_comp_en",
    "mprq_en", "txq_inline_max", "txqs_min_inline", NULL,
};

struct simnic_pf {
    TAILQ_ENTRY(simnic_pf) next;
    const struct rte_device *device;
    long int args[RTE_DIM(shared_args)];
    uint16_t domain;
};
static TAILQ_HEAD(, simnic_pf) pfs = TAILQ_HEAD_INITIALIZER(pfs);

static struct simnic_pf *
find_pf(const struct rte_device *device)
{
    struct simnic_pf *pf;

    TAILQ_FOREACH(pf, &pfs, next) {
        if (pf->device == device) {
            return pf;
        }
    }
    return NULL;
}

/* Devargs. */

static int
take_arg(const char *key __rte_unused, const char *value, void *arg_)
{
    long int *arg = arg_;

    *arg = value ? strtol(value, NULL, 0) : 0;
    return 0;
}

/* Stores in 'args' what 's' says.  Returns false if it has a key that is
 * none. */
static bool
parse_args(const char *s, long int args[])
{
    const char *keys[RTE_DIM(shared_args) + RTE_DIM(port_args)];
    struct rte_kvargs *kvlist;
    size_t n = 0;

    for (size_t i = 0; i < RTE_DIM(shared_args); i++) {
        keys[n++] = shared_args[i].key;
        args[i] = shared_args[i].value;
    }
    for (size_t i = 0; i < RTE_DIM(port_args); i++) {
        keys[n++] = port_args[i];
    }
    if (!s || !*s) {
        return true;
    }
    kvlist = rte_kvargs_parse(s, keys);
    if (!kvlist) {
        /* drivers/common/mlx5/mlx5_common.c, mlx5_kvargs_validate(). */
        LOG(ERR, "a key of \"%s\" is unknown for the provided classes\n", s);
        return false;
    }
    for (size_t i = 0; i < RTE_DIM(shared_args); i++) {
        rte_kvargs_process(kvlist, shared_args[i].key, take_arg, &args[i]);
    }
    rte_kvargs_free(kvlist);
    return true;
}

/* Returns the PF of 'device', which is probed with 's' now or was before, or
 * NULL, with rte_errno, if that cannot be. */
static struct simnic_pf *
get_pf(const struct rte_device *device, const char *s)
{
    struct simnic_pf *pf = find_pf(device);
    long int args[RTE_DIM(shared_args)];

    rte_errno = EINVAL;
    if (!parse_args(s, args)) {
        return NULL;
    }
    if (pf) {
        for (size_t i = 0; i < RTE_DIM(shared_args); i++) {
            if (args[i] != pf->args[i]) {
                LOG(ERR, "\"%s\" configuration mismatch for shared %s "
                    "context.\n", shared_args[i].key, device->name);
                LOG(ERR, "Probe again parameters are not compatible : %s\n",
                    strerror(EINVAL));
                return NULL;
            }
        }
        return pf;
    }

    pf = calloc(1, sizeof *pf);
    if (!pf || rte_eth_switch_domain_alloc(&pf->domain)) {
        free(pf);
        rte_errno = ENOMEM;
        return NULL;
    }
    pf->device = device;
    memcpy(pf->args, args, sizeof args);
    TAILQ_INSERT_TAIL(&pfs, pf, next);
    return pf;
}

/* Probing. */

/* Which port of a PF, or the only one of a VF. */
struct which {
    enum rte_eth_representor_type type; /* ..._NONE for the function's own. */
    unsigned int number;
};

/* Returns true if 'name', a phys_port_name, is that of 'w'.  Without LAG mlx5
 * takes whatever PF is asked for: mlx5_os.c, mlx5_representor_match(). */
static bool
is_port_name(const char *name, const struct which *w)
{
    unsigned int pf, number;
    char kind;

    if (w->type == RTE_ETH_REPRESENTOR_NONE) {
        return sscanf(name, "p%u", &pf) == 1;
    }
    return (sscanf(name, "pf%u%cf%u", &pf, &kind, &number) == 3
            && kind == (w->type == RTE_ETH_REPRESENTOR_VF ? 'v' : 's')
            && number == w->number);
}

/* Stores in 'netdev' the network device of port 'w' of the function 'addr'.
 * That of a VF has no phys_port_name. */
static bool
find_netdev(const char *addr, const struct which *w, char netdev[IFNAMSIZ])
{
    struct dirent *de;
    bool found = false;
    char path[512];
    DIR *dir;

    snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/net", addr);
    dir = opendir(path);
    while (dir && !found && (de = readdir(dir)) != NULL) {
        char name[64];
        FILE *f;

        snprintf(path, sizeof path,
                 "/sys/bus/pci/devices/%s/net/%.15s/phys_port_name", addr,
                 de->d_name);
        f = de->d_name[0] == '.' ? NULL : fopen(path, "r");
        if (f) {
            found = (fgets(name, sizeof name, f)
                     ? is_port_name(name, w)
                     : w->type == RTE_ETH_REPRESENTOR_NONE);
            fclose(f);
        }
        if (found) {
            snprintf(netdev, IFNAMSIZ, "%.15s", de->d_name);
        }
    }
    if (dir) {
        closedir(dir);
    }
    return found;
}

struct spawn {
    const char *netdev;
    struct rte_eth_dev *uplink; /* NULL for that itself. */
    uint16_t id, domain;
};

static int
init_port(struct rte_eth_dev *dev, void *spawn_)
{
    const struct spawn *s = spawn_;
    int ret = simnic_port_init(dev, s->netdev, s->uplink != NULL, s->domain);

    if (!ret) {
        if (s->uplink) {
            dev->data->dev_flags |= RTE_ETH_DEV_REPRESENTOR;
            dev->data->representor_id = s->id;
        }
        dev->data->backer_port_id = (s->uplink ? s->uplink->data->port_id
                                     : dev->data->port_id);
        LOG(NOTICE, "port %u is %s (%s)\n", dev->data->port_id,
            dev->data->name, s->netdev);
    }
    return ret;
}

/* Returns port 'w' of 'device', which is made if need be, or NULL, with
 * rte_errno: EBUSY if there is no such network device, in the word of
 * mlx5_os.c, mlx5_representor_match(). */
static struct rte_eth_dev *
get_port(struct rte_device *device, struct simnic_pf *pf,
         struct rte_eth_dev *uplink, unsigned int pf_number, struct which w)
{
    char name[RTE_ETH_NAME_MAX_LEN], netdev[IFNAMSIZ];
    struct spawn s = { .netdev = netdev, .uplink = uplink,
                       .id = pf_number << 14 | w.type << 12 | w.number,
                       .domain = pf->domain };
    struct rte_eth_dev *dev;

    if (!uplink) {
        snprintf(name, sizeof name, "%s", device->name);
    } else {
        snprintf(name, sizeof name, "%s_representor_%s%u", device->name,
                 w.type == RTE_ETH_REPRESENTOR_VF ? "vf" : "sf", w.number);
    }
    dev = rte_eth_dev_allocated(name);
    if (dev) {
        return dev;
    }
    rte_errno = EBUSY;
    if (!find_netdev(device->name, &w, netdev)) {
        return NULL;
    }
    if (rte_eth_dev_create(device, name, sizeof(struct simnic_port), NULL,
                           NULL, init_port, &s)) {
        LOG(ERR, "cannot create %s\n", name);
        rte_errno = ENODEV;
        return NULL;
    }
    return rte_eth_dev_allocated(name);
}

/* Makes the ports of 'device' that 'args' asks for.  As with mlx5, no error is
 * that a representor does not exist: mlx5_os.c, mlx5_os_pci_probe_pf(). */
static int
probe_ports(struct rte_device *device, const char *args)
{
    struct which none = { .type = RTE_ETH_REPRESENTOR_NONE };
    struct rte_eth_devargs da = { .type = RTE_ETH_REPRESENTOR_NONE };
    struct rte_eth_dev *uplink;
    struct simnic_pf *pf;

    if (args && *args && parse_devargs(args, &da) < 0) {
        return -EINVAL;
    }
    if (da.type == RTE_ETH_REPRESENTOR_PF) {
        LOG(ERR, "unsupported representor type\n");
        return -ENOTSUP;
    }
    pf = get_pf(device, args);
    if (!pf) {
        return -rte_errno;
    }
    /* Of a VF that the kernel's driver has, mlx5 makes a port as well. */
    uplink = get_port(device, pf, NULL, 0, none);
    if (!uplink) {
        return -ENODEV;
    }
    for (int i = 0; i < da.nb_representor_ports; i++) {
        struct which w = { .type = da.type,
                           .number = da.representor_ports[i] };

        if (!get_port(device, pf, uplink, da.nb_ports ? da.ports[0] : 0, w)
            && rte_errno != EBUSY) {
            return -ENODEV;
        }
    }
    return 0;
}

static int
pci_remove(struct rte_pci_device *pci)
{
    struct simnic_pf *pf = find_pf(&pci->device);

    for (int representors = 1; representors >= 0; representors--) {
        uint16_t id;

        RTE_ETH_FOREACH_DEV(id) {
            struct rte_eth_dev *dev = &rte_eth_devices[id];
            bool representor = dev->data->dev_flags & RTE_ETH_DEV_REPRESENTOR;

            if (dev->device == &pci->device && representor == representors) {
                rte_eth_dev_close(id);
            }
        }
    }
    if (pf) {
        TAILQ_REMOVE(&pfs, pf, next);
        rte_eth_switch_domain_free(pf->domain);
        free(pf);
    }
    return 0;
}

/* A first probe that fails leaves nothing behind. */
static int
pci_probe(struct rte_pci_driver *driver __rte_unused,
          struct rte_pci_device *pci)
{
    bool first = !find_pf(&pci->device);
    int ret = probe_ports(&pci->device, (pci->device.devargs
                                         ? pci->device.devargs->args : NULL));

    if (ret && first) {
        pci_remove(pci);
    }
    return ret;
}

/* QEMU's NVMe controller, of which tests/guest/nic makes a NIC. */
static const struct rte_pci_id pci_ids[] = {
    { RTE_PCI_DEVICE(0x1b36, 0x0010) },
    { .vendor_id = 0 },
};

/* The kernel keeps the device: no RTE_PCI_DRV_NEED_MAPPING. */
static struct rte_pci_driver pci_driver = {
    .id_table = pci_ids,
    .drv_flags = RTE_PCI_DRV_PROBE_AGAIN,
    .probe = pci_probe,
    .remove = pci_remove,
};
/* What mlx5's is called (drivers/common/mlx5/mlx5_common_pci.c): Open vSwitch
 * tells by that what to expect. */
RTE_PMD_REGISTER_PCI(mlx5_pci, pci_driver);
RTE_PMD_REGISTER_PCI_TABLE(mlx5_pci, pci_ids);

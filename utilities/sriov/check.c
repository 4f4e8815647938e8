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

/* "ovs-sriov check": whether SR-IOV with offload can work on this host, and
 * what is in its way.
 *
 *     host, sriov.conf, kernel, files, OVSDB --> findings
 *
 * See command.h for where this stands, and in the PCI Express specification
 * 7.8 (extended capabilities: ARI, ACS, SR-IOV). */

#include <config.h>
#include "sriov/command.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "openvswitch/shash.h"
#include "compat.h"
#include "inventory/netlink.h"
#include "sriov/host.h"
#include "sriov/bonds.h"
#include "sriov/conf.h"
#include "sriov/leftovers.h"
#include "sriov/mapping.h"
#include "sriov/plan.h"
#include "sriov/recovery.h"
#include "sset.h"
#include "svec.h"
#include "util.h"

enum finding_level {
    FINDING_PASS,
    FINDING_WARN,               /* Works, but not as well as it could. */
    FINDING_FAIL,               /* Does not work. */
};

struct finding {
    enum finding_level level;
    char *subject;              /* "kernel", "0000:81:00.0", "VF 3 of ..." */
    char *text;                 /* What is so. */
    const char *advice;         /* What to do, or NULL. */
};

struct findings {
    struct finding *array;
    size_t n, allocated;
};

/* What checking takes along. */
struct checker {
    struct findings *findings;
    const char *root;
    const struct host *host;
    const struct host_conf *conf;
    const struct sriov_nl *nl;  /* NULL in tests. */
    struct sset live_vfs;       /* PCI addresses of VFs of mappings for live
                                 * migration. */
};

/* Adds a finding.  'advice' is NULL if it passes. */
static void OVS_PRINTF_FORMAT(5, 6)
add(struct checker *c, enum finding_level level, const char *subject,
    const char *advice, const char *format, ...)
{
    struct findings *findings = c->findings;
    struct finding *finding;
    va_list args;

    if (findings->n >= findings->allocated) {
        findings->array = x2nrealloc(findings->array, &findings->allocated,
                                     sizeof *findings->array);
    }
    finding = &findings->array[findings->n++];
    finding->level = level;
    finding->subject = xstrdup(subject);
    finding->advice = level == FINDING_PASS ? NULL : advice;
    va_start(args, format);
    finding->text = xvasprintf(format, args);
    va_end(args);
}

/* The machine. */

static void
check_iommu(struct checker *c)
{
    struct svec groups = SVEC_EMPTY_INITIALIZER;

    host_read_folder(&groups, "%s/sys/kernel/iommu_groups", c->root);
    if (groups.n) {
        add(c, FINDING_PASS, "iommu", NULL, "on, %"PRIuSIZE" groups",
            groups.n);
    } else {
        add(c, FINDING_FAIL, "iommu", "enable IOMMU (AMD) or VT-d (Intel) in "
            "the BIOS; on Intel also add intel_iommu=on to the kernel's "
            "command line", "off: VMs cannot have VFs");
    }
    svec_destroy(&groups);
}

static void
check_devlink(struct checker *c)
{
    if (!c->nl) {
        return;
    } else if (c->nl->devlink) {
        add(c, FINDING_PASS, "devlink", NULL, "available");
    } else {
        add(c, FINDING_FAIL, "devlink", "load the NIC's driver, and use a "
            "kernel with CONFIG_NET_DEVLINK", "the kernel has none");
    }
}

/* Returns what the kernel's configuration says about 'option' ("y", "m"), or
 * "" if that is not set.  The caller must free it. */
static char *
kernel_option(const char *config, const char *option)
{
    char *line = xasprintf("\nCONFIG_%s=", option);
    const char *p = strstr(config, line);
    char *value;

    p = p ? p + strlen(line) : "";
    value = xmemdup0(p, strcspn(p, "\n"));
    free(line);
    return value;
}

static void
check_kernel(struct checker *c)
{
    static const struct {
        const char *option;
        enum finding_level level; /* If it is not set. */
        const char *why;
    } options[] = {
        { "PCI_IOV", FINDING_FAIL, "there are no VFs without it" },
        { "NET_SWITCHDEV", FINDING_FAIL, "there is no switchdev mode" },
        { "NET_CLS_ACT", FINDING_FAIL, "nothing is offloaded" },
        { "NET_CLS_FLOWER", FINDING_FAIL, "nothing is offloaded" },
        { "NET_SCH_INGRESS", FINDING_FAIL, "nothing is offloaded" },
        { "NET_ACT_MIRRED", FINDING_FAIL, "nothing is offloaded" },
        { "NET_ACT_GACT", FINDING_FAIL, "drops are not offloaded" },
        { "NET_ACT_VLAN", FINDING_FAIL, "VLANs are not offloaded" },
        { "NET_ACT_PEDIT", FINDING_WARN, "routing is not offloaded" },
        { "NET_ACT_CSUM", FINDING_WARN, "routing is not offloaded" },
        { "NET_ACT_TUNNEL_KEY", FINDING_WARN, "tunnels are not offloaded" },
        { "NET_ACT_CT", FINDING_WARN, "connection tracking is not offloaded" },
        { "NET_TC_SKB_EXT", FINDING_WARN, "connection tracking and "
          "recirculation are not offloaded" },
        { "VFIO_PCI", FINDING_FAIL, "VMs cannot have VFs" },
    };
    struct utsname uts;
    struct ds missing = DS_EMPTY_INITIALIZER;
    char *config;

    if (uname(&uts)) {
        return;
    }
    config = host_read_file("%s/boot/config-%s", c->root, uts.release);
    config = config ? config
             : host_read_file("%s/lib/modules/%s/config", c->root,
                              uts.release);
    if (!config) {
        add(c, FINDING_WARN, "kernel", "see that there are NET_CLS_FLOWER, "
            "NET_ACT_MIRRED, NET_ACT_VLAN, NET_ACT_CT and NET_TC_SKB_EXT",
            "%s: its configuration is not in /boot", uts.release);
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
        char *value = kernel_option(config, options[i].option);

        if (!*value) {
            add(c, options[i].level, "kernel", "use a kernel that has it, if "
                "you need that", "%s has no CONFIG_%s: %s", uts.release,
                options[i].option, options[i].why);
            ds_put_cstr(&missing, options[i].option);
        }
        free(value);
    }
    if (!missing.length) {
        add(c, FINDING_PASS, "kernel", NULL, "%s has all options",
            uts.release);
    }
    ds_destroy(&missing);
    free(config);
}

/* PCI. */

/* Reads 16 bits at 'offset' of the configuration space of a PCI device whose
 * folder is 'path'.  Beyond the first 64 bytes only root can. */
static bool
read_pci_config(const char *path, off_t offset, void *data, size_t size)
{
    char *file = xasprintf("%s/config", path);
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    bool ok = fd >= 0 && pread(fd, data, size, offset) == size;

    free(file);
    if (fd >= 0) {
        close(fd);
    }
    return ok;
}

/* Returns where the extended capability 'id' is, or 0. */
static off_t
find_capability(const char *path, uint16_t id)
{
    off_t offset = 0x100;
    uint32_t header;

    for (int i = 0; i < 64 && offset >= 0x100; i++) {
        if (!read_pci_config(path, offset, &header, sizeof header)) {
            return 0;
        }
        if ((header & 0xffff) == id) {
            return offset;
        }
        offset = header >> 20;
    }
    return 0;
}

/* ARI: without it, there is room for 8 functions only behind a port. */
static void
check_ari(struct checker *c, const struct host_pf *pf, const char *path)
{
    enum { SRIOV = 0x10, CONTROL = 8, ARI = 1 << 4 };
    off_t sriov = find_capability(path, SRIOV);
    uint16_t control;

    if (!sriov || !read_pci_config(path, sriov + CONTROL, &control,
                                   sizeof control)) {
        return;
    }
    /* Only the lowest function has the bit. */
    if (control & ARI) {
        add(c, FINDING_PASS, pf->pci, NULL, "ARI is on");
    } else if (strchr(pf->pci, '.')[1] == '0' && pf->total_vfs > 7) {
        add(c, FINDING_WARN, pf->pci, "enable ARI in the BIOS, if VFs cannot "
            "be made", "ARI is off: there may be fewer VFs than it has");
    }
}

/* IOMMU groups: what is in one group can only be given away together. */
static void
check_groups(struct checker *c, const struct host_pf *pf)
{
    const char *advice = "enable ACS in the BIOS, or use another slot";
    size_t n_shared = 0;

    for (size_t i = 0; i < pf->n_vfs; i++) {
        n_shared += pf->vfs[i].n_in_group > 1;
    }
    if (n_shared) {
        add(c, FINDING_FAIL, pf->pci, advice, "%"PRIuSIZE" of its VFs share "
            "an IOMMU group: no VM can have one of them alone", n_shared);
    } else if (pf->n_vfs && pf->vfs[0].iommu_group) {
        add(c, FINDING_PASS, pf->pci, NULL, "each VF has an IOMMU group of "
            "its own");
    } else if (!pf->n_vfs && pf->n_in_group > 1) {
        add(c, FINDING_WARN, pf->pci, advice, "its IOMMU group has %"PRIuSIZE
            " devices: VFs may share groups, too", pf->n_in_group);
    }
}

/* PFs. */

static void
check_eswitch(struct checker *c, const struct host_pf *pf,
              const struct host_section *section)
{
    enum sriov_mode mode = section ? section->mode : SRIOV_MODE_SWITCHDEV;

    if (!c->nl) {
        return;
    } else if (host_pf_mode(pf) == SRIOV_MODE_NONE
               && mode == SRIOV_MODE_SWITCHDEV) {
        add(c, FINDING_FAIL, pf->pci, "use a driver that offers one; update "
            "the NIC's firmware", "no eswitch (driver %s)",
            pf->driver ? pf->driver : "none");
    } else if (host_pf_mode(pf) == mode) {
        add(c, FINDING_PASS, pf->pci, NULL, "eswitch mode %s",
            sriov_mode_to_string(mode));
    } else {
        add(c, section ? FINDING_FAIL : FINDING_WARN, pf->pci,
            section ? "run ovs-sriov apply"
            : "give it a section in sriov.conf, if it is to be offloaded to",
            "eswitch mode %s%s", sriov_mode_to_string(host_pf_mode(pf)),
            pf->lapsed ? ": its driver has given up switchdev mode" : "");
    }
    if (host_pf_mode(pf) == SRIOV_MODE_SWITCHDEV && pf->link
        && pf->link->has_hw_tc) {
        if (pf->link->hw_tc) {
            add(c, FINDING_PASS, pf->pci, NULL, "%s: hw-tc-offload is on",
                host_pf_netdev(pf));
        } else {
            add(c, FINDING_WARN, pf->pci, "put it on a bridge, which turns it "
                "on, or: ethtool -K UPLINK hw-tc-offload on",
                "%s: hw-tc-offload is off", host_pf_netdev(pf));
        }
    }
}

static void
check_vfs(struct checker *c, const struct host_pf *pf,
          const struct host_section *section)
{
    unsigned int n_mtu = 0, n_names = 0, n_unbound = 0;
    char *long_names = host_names_too_long(c->conf, pf, true);

    if (!pf->total_vfs) {
        add(c, FINDING_FAIL, pf->pci, "enable SR-IOV in the NIC's firmware "
            "(mlxconfig: SRIOV_EN=1, NUM_OF_VFS) and in the BIOS",
            "it can have no VFs");
    } else if (section && section->has_vfs && section->vfs != pf->num_vfs) {
        add(c, FINDING_FAIL, pf->pci, section->vfs > pf->total_vfs
            ? "raise their number in the NIC's firmware (mlxconfig: "
            "NUM_OF_VFS)" : "run ovs-sriov apply",
            "%u VFs; sriov.conf says %u, and there can be %u", pf->num_vfs,
            section->vfs, pf->total_vfs);
    } else {
        add(c, FINDING_PASS, pf->pci, NULL, "%u of %u VFs", pf->num_vfs,
            pf->total_vfs);
    }
    for (size_t i = 0; i < pf->n_vfs; i++) {
        const struct host_vf *vf = &pf->vfs[i];
        const struct sriov_link *rep = host_vf_rep(vf);

        n_unbound += !vf->driver;
        n_mtu += rep && rep->mtu != host_pf_mtu(pf);
        n_names += section && host_vf_wants(HOST_STEP_NAMES, c->conf, pf, vf);
    }
    if (n_mtu) {
        add(c, FINDING_WARN, pf->pci, "put the uplink on a bridge, or write "
            "mtu = in sriov.conf", "%u representors have another mtu than "
            "their uplink, which has %u", n_mtu, host_pf_mtu(pf));
    }
    if (n_names) {
        add(c, FINDING_WARN, pf->pci, "run ovs-sriov apply",
            "%u representors do not have the name that sriov.conf gives them",
            n_names);
    }
    if (long_names) {
        add(c, FINDING_WARN, pf->pci, "choose a shorter template for names in "
            "sriov.conf", "representors keep the names that they have: %s",
            long_names);
        free(long_names);
    }
    if (pf->num_vfs && !pf->n_vfs) {
        add(c, FINDING_WARN, pf->pci, "write the addresses of VFs, each a "
            "function of its own, where VMs get them; keys about single VFs "
            "have no effect here", "%u VFs, and none is linked to it, as on "
            "an s390x", pf->num_vfs);
    }
    if (n_unbound) {
        add(c, FINDING_WARN, pf->pci, "none, if VMs get them: that binds "
            "vfio-pci; else load their driver", "%u VFs have no driver",
            n_unbound);
    }
}

static bool
is_vf(const struct host *host, const char *pci)
{
    for (size_t i = 0; i < host->n; i++) {
        for (size_t j = 0; j < host->pfs[i]->n_vfs; j++) {
            if (!strcmp(host->pfs[i]->vfs[j].pci, pci)) {
                return true;
            }
        }
    }
    return false;
}

/* Checks that 'section' is about a PF. */
static void
check_section(struct checker *c, const struct host_section *section)
{
    if (host_section_is_used(section, c->host)) {
        return;
    } else if (section->match != HOST_MATCH_PCI) {
        add(c, FINDING_WARN, section->name, "see \"ovs-sriov list\" for the "
            "PFs that there are", "%s:%u: it is about no PF that is here",
            c->conf->path, section->line);
        return;
    }

    char *path = xasprintf("%s/sys/bus/pci/devices/%s", c->root, section->id);
    long long int class, number;

    if (!host_read_number(path, "class", &class)) {
        add(c, FINDING_FAIL, section->id, "see \"ovs-sriov list\" for the PFs "
            "that there are", "%s:%u: there is no such PF", c->conf->path,
            section->line);
    } else if (host_read_number(path, "physfn/vendor", &number)) {
        add(c, FINDING_FAIL, section->id, "write the address of its PF",
            "%s:%u: it is a VF", c->conf->path, section->line);
    } else if (host_is_lone_vf(c->root, section->id)) {
        add(c, FINDING_FAIL, section->id, "set it up where its PF is",
            "%s:%u: it is a VF, whose PF is not here", c->conf->path,
            section->line);
    } else {
        add(c, FINDING_FAIL, section->id, "turn it on (mlxconfig -d "
            "PCI-ADDRESS set SRIOV_EN=1 NUM_OF_VFS=8), and in the BIOS, and "
            "boot", "%s:%u: SR-IOV is off in its firmware, or it has none",
            c->conf->path, section->line);
    }
    free(path);
}

/* NICs of NVIDIA whose SR-IOV is off, as it is when they are new: there is no
 * sriov_totalvfs then. */
static void
check_sriov_off(struct checker *c)
{
    struct svec pcis = SVEC_EMPTY_INITIALIZER;
    const char *pci;
    size_t i;

    host_read_folder(&pcis, "%s/sys/bus/pci/devices", c->root);
    SVEC_FOR_EACH (i, pci, &pcis) {
        char *path = xasprintf("%s/sys/bus/pci/devices/%s", c->root, pci);
        const struct host_section *section;
        long long int vendor, class, number;

        section = host_conf_find(c->conf, pci, 0, 0, NULL);
        if (!section && host_read_number(path, "vendor", &vendor)
            && vendor == 0x15b3 && host_read_number(path, "class", &class)
            && class >> 16 == 2
            && !host_read_number(path, "sriov_totalvfs", &number)
            && !host_read_number(path, "physfn/vendor", &number)
            && !host_is_lone_vf(c->root, pci)
            && !is_vf(c->host, pci)) {
            add(c, FINDING_WARN, pci, "turn it on, if VFs are wanted: "
                "mlxconfig -d PCI-ADDRESS set SRIOV_EN=1 NUM_OF_VFS=8, and "
                "boot", "SR-IOV is off in its firmware");
        }
        free(path);
    }
    svec_destroy(&pcis);
}

/* What drivers are known to refuse. */
static void
check_refused(struct checker *c, const struct host_pf *pf,
              const struct host_section *section)
{
    static const struct {
        enum host_step_kind kind;
        const char *key;
    } keys[] = {
        { HOST_STEP_TRUST, "trust" },
        { HOST_STEP_SPOOFCHK, "spoofchk" },
    }, params[] = {
        { HOST_STEP_STEERING, "steering" },
        { HOST_STEP_MULTIPORT, "multiport" },
    };

    for (size_t i = 0; section && i < ARRAY_SIZE(keys); i++) {
        enum host_bool value = (keys[i].kind == HOST_STEP_TRUST
                                ? section->trust : section->spoofchk);
        const char *driver = host_refused_by(pf, keys[i].kind, section->mode);

        if (value != HOST_UNSET && driver) {
            add(c, FINDING_WARN, pf->pci, "remove it from sriov.conf",
                "driver %s refuses %s in switchdev mode", driver,
                keys[i].key);
        }
    }
    for (size_t i = 0; section && i < ARRAY_SIZE(params); i++) {
        const char *param = host_missing_param(pf, section, params[i].kind);

        if (param) {
            add(c, FINDING_WARN, pf->pci, "remove it from sriov.conf",
                "%s: driver %s of this kernel has no parameter %s",
                params[i].key, pf->driver ? pf->driver : "?", param);
        }
    }
}

/* Returns true if the entry 'map' of a mapping is, by its vendor, about a NIC
 * such as those that are here, rather than a GPU. */
static bool
is_about_nic(const struct checker *c, const char *map)
{
    char *id = pve_map_get(map, "id");
    bool nic = !id;

    for (size_t i = 0; i < c->host->n && !nic; i++) {
        char *vendor = xasprintf("%04x:", c->host->pfs[i]->vendor);

        nic = !strncasecmp(id, vendor, strlen(vendor));
        free(vendor);
    }
    free(id);
    return nic;
}

/* Mappings of Proxmox VE that no VM can be started with any more.  Takes down
 * what VFs of this node those for live migration have. */
static void
check_mappings(struct checker *c)
{
    struct pve_mappings mappings;
    char *here = pve_node(c->root);

    pve_mappings_read(&mappings, c->root);
    for (size_t i = 0; i < mappings.n; i++) {
        const struct pve_mapping *mapping = &mappings.array[i];
        const char *map;
        size_t j;

        SVEC_FOR_EACH (j, map, &mapping->maps) {
            char *node = pve_map_get(map, "node");
            char *path = pve_map_get(map, "path");
            bool is_here = node && !strcmp(node, here);
            char *problem = is_here ? pve_map_problem(c->root, map) : NULL;

            if (is_here && mapping->live && path) {
                sset_add(&c->live_vfs, path);
            }
            if (problem) {
                char *subject = xasprintf("mapping %s", mapping->id);

                add(c, FINDING_WARN, subject, is_about_nic(c, map)
                    ? "ovs-sriov proxmox MAPPING prints the command that "
                    "mends it" : "mend it in Datacenter, Resource Mappings",
                    "%s: %s", path ? path : map, problem);
                free(subject);
            }
            free(problem);
            free(path);
            free(node);
        }
    }
    pve_mappings_destroy(&mappings);
    free(here);
}

/* Live migration. */

/* Returns true if the kernel, of release 'release', has the driver
 * mlx5_vfio_pci, loaded or not. */
static bool
has_live_driver(const char *root, const char *release)
{
    struct svec loaded = SVEC_EMPTY_INITIALIZER;
    struct svec files = SVEC_EMPTY_INITIALIZER;

    host_read_folder(&loaded, "%s/sys/bus/pci/drivers/mlx5_vfio_pci", root);
    host_read_folder(&files, "%s/lib/modules/%s/kernel/drivers/vfio/pci/mlx5",
                     root, release);

    bool found = loaded.n || files.n;
    svec_destroy(&loaded);
    svec_destroy(&files);
    return found;
}

/* VFs as far as live migration goes. */
struct live {
    unsigned int n;
    unsigned int n_tell;        /* Of which is known whether they are... */
    unsigned int n_migratable;  /* ...migratable. */
    unsigned int n_driver;      /* With the driver for it. */
};

/* Counts those of mlx5 that 'paths' has or, if it is empty, all. */
static void
count_live(const struct host *host, const struct sset *paths,
           struct live *live)
{
    memset(live, 0, sizeof *live);
    for (size_t i = 0; i < host->n; i++) {
        const struct host_pf *pf = host->pfs[i];

        for (size_t j = 0; j < pf->n_vfs; j++) {
            const struct host_vf *vf = &pf->vfs[j];

            if (nullable_string_is_equal(pf->driver, "mlx5_core")
                && (sset_is_empty(paths) || sset_contains(paths, vf->pci))) {
                live->n++;
                live->n_tell += vf->port && vf->port->has_migratable;
                live->n_migratable += vf->port && vf->port->migratable;
                live->n_driver += nullable_string_is_equal(vf->driver,
                                                           "mlx5_vfio_pci");
            }
        }
    }
}

/* Says what live migration of VMs with VFs of mlx5 lacks, which proxmox.c
 * says.  Of a mapping that is for it, VMs do not start without. */
static void
check_live(struct checker *c)
{
    bool is_asked = !sset_is_empty(&c->live_vfs);
    enum finding_level level = is_asked ? FINDING_FAIL : FINDING_PASS;
    const char *means = (is_asked ? ", so that VMs of a mapping that is "
                         "live-migration-capable do not start" : "");
    struct utsname uts;
    struct live live;

    count_live(c->host, &c->live_vfs, &live);
    if (!live.n || uname(&uts)) {
        return;
    } else if (!has_live_driver(c->root, uts.release)) {
        add(c, level, "live migration", "use a kernel with "
            "CONFIG_MLX5_VFIO_PCI, or take live-migration-capable off the "
            "mapping", "%s has no driver mlx5_vfio_pci: VMs with VFs migrate "
            "offline alone%s", uts.release, means);
    } else if (c->nl && !live.n_tell) {
        add(c, level, "live migration", "switchdev mode, Linux 6.2 or later, "
            "and firmware that can, have it told; else take "
            "live-migration-capable off the mapping", "mlx5_vfio_pci is "
            "there, but of no VF is told whether it is migratable%s", means);
    } else {
        bool ready = (live.n_driver == live.n
                      && live.n_migratable == live.n_tell);

        add(c, ready ? FINDING_PASS : level, "live migration",
            "ovs-sriov proxmox --live prints the commands",
            "mlx5_vfio_pci is there; of %u VFs, %u are migratable, and %u "
            "have it as their driver%s", live.n, live.n_migratable,
            live.n_driver, ready ? "" : means);
    }
}

/* Says of an OVS bond of 'pf' and another PF what sriov/show says of it. */
static void
check_ovs_bond(struct checker *c, const struct host_pf *pf)
{
    bool split = false;

    for (size_t i = 0; i < c->host->n && pf->ovs_bond; i++) {
        const struct host_pf *other = c->host->pfs[i];

        split |= (other != pf && other->ovs_bond
                  && !strcmp(other->ovs_bond, pf->ovs_bond)
                  && host_same_nic(other, pf));
    }
    if (split && !host_pf_multiport(pf)
        && host_pf_mode(pf) == SRIOV_MODE_SWITCHDEV) {
        add(c, FINDING_WARN, pf->pci, host_pf_can_multiport(pf)
            ? "let ovs-sriov apply turn multiport on, once no VM has a VF: it "
            "is by default; or make it a Linux bond: [bond NAME] in sriov.conf"
            : "make it a Linux bond (VF-LAG), if the NIC can: [bond NAME] in "
            "sriov.conf", "%s is in OVS bond %s: what comes in there for VFs "
            "of another PF is in software", host_pf_netdev(pf), pf->ovs_bond);
    }
}

/* Says of a Linux bond of 'pf' and another PF, whoever made it, that the NIC
 * has made no VF-LAG of it. */
static void
check_vf_lag(struct checker *c, const struct host_pf *pf)
{
    bool joined = false;

    for (size_t i = 0; i < c->host->n && pf->master; i++) {
        const struct host_pf *other = c->host->pfs[i];

        joined |= (other != pf
                   && nullable_string_is_equal(other->master, pf->master)
                   && host_same_nic(other, pf));
    }
    if (joined && strcmp(pf->master, "ovs-system")
        && host_pf_mode(pf) != SRIOV_MODE_LEGACY
        && host_lag_is_inactive(c->root, pf->pci)) {
        add(c, FINDING_WARN, pf->pci, "see the kernel's log; where VFs had "
            "drivers before the bond, boot again: ovs-sriov lets a bond of "
            "ifupdown's, ifupdown2's or networkd's come first, and makes "
            "others in order as [bond NAME] of sriov.conf", "%s is in %s, of "
            "which the NIC has made no VF-LAG", host_pf_netdev(pf), pf->master);
    }
}

/* Says that VFs of 'pf' wait for a bond that is not there. */
static void
check_coming_bond(struct checker *c, const struct host_pf *pf)
{
    if (host_bond_comes(c->conf, c->host, pf)) {
        add(c, FINDING_PASS, pf->pci, NULL, "VFs get their drivers after %s "
            "of the network configuration, which %s will be in",
            pf->coming_bond, host_pf_netdev(pf));
    }
}

/* Checks that 'bond' is there, with its members. */
static void
check_bond(struct checker *c, const struct host_bond *bond)
{
    char *differs = host_bond_differs(bond, c->host);
    char *subject = xasprintf("bond %s", bond->name);
    const char *advice = "run ovs-sriov apply";
    const char *pci;
    size_t i;

    if (differs) {
        add(c, FINDING_FAIL, subject, NULL, "%s", differs);
    } else if (!shash_find(&c->host->bonds, bond->name)) {
        add(c, FINDING_FAIL, subject, advice, "it is not there");
    } else {
        char *pfs = svec_join(&bond->pfs, " ", "");
        bool ok = true;

        SVEC_FOR_EACH (i, pci, &bond->pfs) {
            const struct host_pf *pf = host_find_pf(c->host, pci);

            if (!pf || !nullable_string_is_equal(pf->master, bond->name)) {
                add(c, FINDING_FAIL, subject, advice, "%s is not in it", pci);
                ok = false;
            }
        }
        if (ok) {
            add(c, FINDING_PASS, subject, NULL, "%s, of %s", bond->mode, pfs);
        }
        free(pfs);
    }
    free(subject);
    free(differs);
}

/* Says that there are VFs without their PFs, in a VM or in a partition of an
 * s390x, where each is a PCI function like others.  Returns false if there is
 * none. */
static bool
check_lone_vfs(struct checker *c)
{
    struct svec pcis = SVEC_EMPTY_INITIALIZER;
    struct ds lone = DS_EMPTY_INITIALIZER;
    enum { MAX_SHOWN = 3 };
    size_t i, n = 0;
    const char *pci;

    host_read_folder(&pcis, "%s/sys/bus/pci/devices", c->root);
    SVEC_FOR_EACH (i, pci, &pcis) {
        if (!is_vf(c->host, pci) && host_is_lone_vf(c->root, pci)
            && n++ < MAX_SHOWN) {
            ds_put_format(&lone, "%s%s", n > 1 ? ", " : "", pci);
        }
    }
    svec_destroy(&pcis);
    if (n) {
        add(c, c->host->n ? FINDING_PASS : FINDING_FAIL, "sriov",
            "have the host that has the PFs set up VFs and offload; an "
            "eswitch belongs to a PF", "%"PRIuSIZE" VF%s without %s PF: %s%s",
            n, n > 1 ? "s" : "", n > 1 ? "their" : "its", ds_cstr(&lone),
            n > MAX_SHOWN ? ", ..." : "");
    }
    ds_destroy(&lone);
    return n > 0;
}

static void
check_pfs(struct checker *c)
{
    if (!check_lone_vfs(c) && !c->host->n) {
        add(c, FINDING_FAIL, "sriov", "enable SR-IOV in the BIOS and in the "
            "NIC's firmware (mlxconfig: SRIOV_EN=1, NUM_OF_VFS), and load its "
            "driver", "no NIC with SR-IOV");
    }
    for (size_t i = 0; i < c->host->n; i++) {
        const struct host_pf *pf = c->host->pfs[i];
        const struct host_section *section = host_section_of(c->conf, pf);
        char *path = xasprintf("%s/sys/bus/pci/devices/%s", c->root, pf->pci);

        check_vfs(c, pf, section);
        check_groups(c, pf);
        check_ari(c, pf, path);
        check_eswitch(c, pf, section);
        check_refused(c, pf, section);
        check_ovs_bond(c, pf);
        check_vf_lag(c, pf);
        check_coming_bond(c, pf);
        free(path);
    }
    for (size_t i = 0; i < c->conf->n_bonds; i++) {
        check_bond(c, &c->conf->bonds[i]);
    }
    for (size_t i = 0; i < c->conf->n; i++) {
        check_section(c, c->conf->sections[i]);
    }
    check_sriov_off(c);
}

/* Traps of how-tos. */

/* Returns the switch id that 'rule' asks for, or NULL. */
static const char *
switch_id_of(const struct howto_rule *rule)
{
    for (size_t i = 0; i < rule->conds.n; i++) {
        if (rule->conds.array[i].what == HOWTO_SWITCH_ID
            && !rule->conds.array[i].negate) {
            return rule->conds.array[i].pattern;
        }
    }
    return NULL;
}

/* Returns true if 'rule' is about a PF of the host, or may be: some drivers
 * tell their switch id in switchdev mode only. */
static bool
may_match(const struct checker *c, const struct howto *h,
          const struct howto_rule *rule)
{
    for (size_t i = 0; i < c->host->n; i++) {
        if (howto_rule_is_about(h, rule, c->host->pfs[i])
            || (switch_id_of(rule) && !host_pf_switch_id(c->host->pfs[i]))) {
            return true;
        }
    }
    return !c->host->n;
}

static void
check_rule(struct checker *c, const struct howto *h,
           const struct howto_rule *rule)
{
    static const char *const what[] = {
        [HOWTO_MODE] = "sets the mode of an eswitch",
        [HOWTO_VFS] = "sets the number of VFs",
        [HOWTO_NAMES] = "names representors",
        [HOWTO_STEERING] = "sets the steering mode",
        [HOWTO_MULTIPORT] = "sets esw_multiport",
    };
    char *at = xasprintf("%s:%u", rule->file, rule->line);
    const char *switch_id = switch_id_of(rule);

    if (rule->kind == HOWTO_BY_HAND) {
        add(c, FINDING_WARN, at, "see that it does not change a PF that "
            "sriov.conf is about", "it has to do with SR-IOV, and was not "
            "understood: %s", rule->value);
    } else if (howto_rule_is_foreign(h, rule, c->host)) {
        /* A GPU's VFs, for instance. */
    } else if (may_match(c, h, rule)) {
        add(c, FINDING_WARN, at, "leave it to sriov.conf: ovs-sriov import",
            "the %s %s", rule->noun, what[rule->kind]);
    } else if (switch_id) {
        add(c, FINDING_FAIL, at, "use sriov.conf, which needs none: "
            "ovs-sriov import", "switch id %s is that of no NIC here: the "
            "%s does nothing", switch_id, rule->noun);
    } else {
        add(c, FINDING_WARN, at, "see what it is meant for; if for nothing, delete it",
            "the %s %s, of no NIC with SR-IOV that is here", rule->noun,
            what[rule->kind]);
    }
    free(at);
}

static void
check_files(struct checker *c)
{
    struct howto h;

    howto_read(&h, c->root);
    for (size_t i = 0; i < h.n_rules; i++) {
        check_rule(c, &h, &h.rules[i]);
    }
    if (h.n_settings) {
        add(c, FINDING_WARN, h.settings[0].file, "put the package's own back: "
            "apt-get install --reinstall openvswitch-switch",
            "edited: line %u sets what is the default now, and upgrades will "
            "revert it", h.settings[0].line);
    }
    howto_destroy(&h);
}

/* Returns other_config of all rows of 'table' in what "ovs-vsctl --format=json
 * list" prints, which the caller must free, or NULL if there is no database to
 * ask. */
static struct json *
read_other_config(const char *table)
{
    char *command = xasprintf("ovs-vsctl --timeout=5 --format=json "
                              "--columns=other_config list %s 2>/dev/null",
                              table);
    FILE *stream = popen(command, "r");
    struct json *json = stream ? json_from_stream(stream) : NULL;

    if (stream) {
        pclose(stream);
    }
    free(command);
    if (json && json->type != JSON_OBJECT) {
        json_destroy(json);
        json = NULL;
    }
    return json;
}

/* Keys, and the tables in which they have an effect. */
static const struct {
    const char *key;
    const char *tables;
} known_keys[] = {
    { "hw-offload", "Open_vSwitch" },
    { "tc-policy", "Open_vSwitch" },
    { "sriov", "Open_vSwitch" },
    { "lacp-fallback-ab", "Open_vSwitch Port" },
    { "sriov-auto-add", "Open_vSwitch Bridge" },
    { "sriov-representors", "Bridge" },
    { "sriov-switch-id", "Bridge" },
    { "sriov-allowed-sources", "Port" },
    { "bond-offload", "Port" },
    { "userspace-offload", "Open_vSwitch" },
};

/* Checks the keys in 'map', a cell of other_config: ["map", [[KEY, VALUE],
 * ...]]. */
static void
check_keys(struct checker *c, const char *table, const struct json *map)
{
    const struct json *pairs = sriov_compat_array_at(map, 1);

    for (size_t i = 0; i < sriov_compat_array_size(pairs); i++) {
        const struct json *pair = sriov_compat_array_at(pairs, i);
        const char *key = json_string(sriov_compat_array_at(pair, 0));
        const char *value = json_string(sriov_compat_array_at(pair, 1));

        for (size_t j = 0; j < ARRAY_SIZE(known_keys); j++) {
            if (strcmp(key, known_keys[j].key)) {
                continue;
            }
            if (!strstr(known_keys[j].tables, table)) {
                add(c, FINDING_FAIL, "ovsdb", "remove it there (ovs-vsctl "
                    "remove TABLE RECORD other_config KEY), and set it where "
                    "it belongs", "other_config:%s is in table %s, where it "
                    "has no effect; it belongs in %s", key, table,
                    known_keys[j].tables);
            } else if ((!strcmp(key, "hw-offload") || !strcmp(key, "sriov"))
                       && !strcmp(value, "false")) {
                add(c, FINDING_FAIL, "ovsdb", "ovs-vsctl remove Open_vSwitch "
                    ". other_config KEY, and restart openvswitch-switch",
                    "other_config:%s=false: nothing is offloaded", key);
            } else if (!strcmp(key, "tc-policy")) {
                bool skip_hw = !strcmp(value, "skip_hw");

                add(c, skip_hw ? FINDING_FAIL : FINDING_WARN, "ovsdb",
                    "ovs-vsctl remove Open_vSwitch . other_config tc-policy, "
                    "if there is no reason for it", "other_config:tc-policy="
                    "%s: %s", value, skip_hw ? "nothing is offloaded"
                    : "it is for all flows; without it each has the policy "
                    "that suits it");
            }
        }
    }
}

static void
check_ovsdb(struct checker *c)
{
    static const char *const tables[] = { "Open_vSwitch", "Bridge", "Port",
                                          "Interface" };
    size_t n = c->findings->n;

    for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
        struct json *json = read_other_config(tables[i]);
        const struct json *data = (json
                                   ? shash_find_data(json_object(json), "data")
                                   : NULL);

        if (!data || data->type != JSON_ARRAY) {
            add(c, FINDING_WARN, "ovsdb", "start it: systemctl start "
                "openvswitch-switch", "Open vSwitch does not run");
            json_destroy(json);
            return;
        }
        for (size_t j = 0; j < sriov_compat_array_size(data); j++) {
            const struct json *row = sriov_compat_array_at(data, j);

            check_keys(c, tables[i], sriov_compat_array_at(row, 0));
        }
        json_destroy(json);
    }
    if (c->findings->n == n) {
        add(c, FINDING_PASS, "ovsdb", NULL, "keys are where they belong");
    }
}

/* Stores in '*findings', which the caller must destroy, what is good and what
 * is not.  'nl' is NULL in tests, which have files below 'root' instead. */
static void
check(struct findings *findings, const char *root, const struct host *host,
      const struct host_conf *conf, const struct sriov_nl *nl)
{
    struct checker c = { findings, root, host, conf, nl,
                         SSET_INITIALIZER(&c.live_vfs) };

    memset(findings, 0, sizeof *findings);
    check_iommu(&c);
    check_kernel(&c);
    check_devlink(&c);
    check_pfs(&c);
    check_files(&c);
    check_mappings(&c);
    check_live(&c);
    check_ovsdb(&c);
    sset_destroy(&c.live_vfs);
}

static void
findings_destroy(struct findings *findings)
{
    for (size_t i = 0; i < findings->n; i++) {
        free(findings->array[i].subject);
        free(findings->array[i].text);
    }
    free(findings->array);
}

/* Printing. */

static const char *
level_to_string(enum finding_level level)
{
    return (level == FINDING_PASS ? "pass"
            : level == FINDING_WARN ? "warn" : "fail");
}

static struct json *
findings_to_json(const struct findings *findings)
{
    struct json *array = json_array_create_empty();

    for (size_t i = 0; i < findings->n; i++) {
        const struct finding *f = &findings->array[i];
        struct json *json = json_object_create();

        json_object_put_string(json, "level", level_to_string(f->level));
        json_object_put_string(json, "subject", f->subject);
        json_object_put_string(json, "text", f->text);
        if (f->advice) {
            json_object_put_string(json, "advice", f->advice);
        }
        json_array_add(array, json);
    }
    return array;
}

static void
findings_to_text(const struct findings *findings, struct ds *s)
{
    for (size_t i = 0; i < findings->n; i++) {
        const struct finding *f = &findings->array[i];

        ds_put_format(s, "%s  %s: %s", level_to_string(f->level), f->subject,
                      f->text);
        if (f->advice) {
            ds_put_format(s, " -> %s", f->advice);
        }
        ds_put_char(s, '\n');
    }
}

static bool
findings_fail(const struct findings *findings)
{
    for (size_t i = 0; i < findings->n; i++) {
        if (findings->array[i].level == FINDING_FAIL) {
            return true;
        }
    }
    return false;
}

static int
run(const struct command_args *args)
{
    struct host_conf *conf = command_read_conf(args);
    struct sriov_nl *nl = command_connect(args);
    struct host *host = host_read(args->root, nl);
    struct findings findings;

    host_read_bonds(host, conf, args->root);
    host_recovery_read(host);
    check(&findings, args->root, host, conf, nl);
    if (args->json) {
        command_print_json(findings_to_json(&findings));
    } else {
        struct ds s = DS_EMPTY_INITIALIZER;

        findings_to_text(&findings, &s);
        command_print_text(&s);
    }

    bool fail = findings_fail(&findings);
    findings_destroy(&findings);
    host_destroy(host);
    command_disconnect(nl);
    host_conf_destroy(conf);
    return fail ? EXIT_FAILURE : EXIT_SUCCESS;
}

const struct command check_command = {
    .name = "check",
    .options = COMMAND_JSON,
    .help = "whether SR-IOV with offload can work here, and what to do",
    .run = run,
};

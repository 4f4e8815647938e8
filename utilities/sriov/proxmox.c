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

/* "ovs-sriov proxmox": what Proxmox VE needs to know about VFs and uplinks.
 * See command.h for where this stands.
 *
 * Formats: "pvesh usage /cluster/mapping/pci -v", and interfaces(5) with the
 * options of openvswitch-switch and of ifupdown2. */

#include <config.h>
#include "sriov/command.h"

#include <ctype.h>
#include <limits.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "sriov/conf.h"
#include "sriov/host.h"
#include "sriov/leftovers.h"
#include "sriov/mapping.h"
#include "sriov/plan.h"
#include "sriov/vm-settings.h"
#include "svec.h"
#include "util.h"

struct proxmox_request {
    const char *root;
    const char *id;             /* Of the mapping. */
    const char *node;           /* Whose VFs they are. */
    char *settings;             /* Of VMs that get them, words, or NULL. */
    bool live;                  /* VMs can be migrated live. */
    struct svec pfs;            /* PCI addresses; none: those that have a
                                 * section. */
};

/* What printing takes along. */
struct printer {
    const struct host *host;
    const struct host_conf *conf;
    const struct proxmox_request *request;
    struct howto howto;         /* /etc/network/interfaces. */
    struct ds *s;
};

static bool
is_asked_for(const struct proxmox_request *request,
             const struct host_conf *conf, const struct host_pf *pf)
{
    return (request->pfs.n
            ? svec_contains_unsorted(&request->pfs, pf->pci)
            : host_section_of(conf, pf) != NULL);
}

/* Returns true if 's' is as long as 'min' and has only letters and digits, and
 * those of 'others' after the first character. */
static bool
is_id(const char *s, size_t min, bool digit_first, const char *others)
{
    unsigned char first = *s;

    if (strlen(s) < min
        || !(isalpha(first) || (digit_first && isdigit(first)))) {
        return false;
    }
    for (; *s; s++) {
        if (!isalnum((unsigned char) *s) && !strchr(others, *s)) {
            return false;
        }
    }
    return true;
}

/* Returns what is wrong with 'request', which the caller must free, or
 * NULL. */
static char *
find_wrong(const struct proxmox_request *request, const struct host *host,
           const struct host_conf *conf)
{
    const char *pci;
    bool any = false;
    size_t i;

    /* PVE::JSONSchema: pve-configid and pve-node. */
    if (!is_id(request->id, 2, false, "-_")) {
        return xasprintf("\"%s\" is no ID of a mapping: those begin with a "
                         "letter and have two characters or more, which are "
                         "letters, digits, \"-\" or \"_\"", request->id);
    } else if (!is_id(request->node, 1, true, "-")) {
        return xasprintf("\"%s\" is no name of a node; use --node=NAME with "
                         "one that \"pvecm nodes\" shows", request->node);
    }
    SVEC_FOR_EACH (i, pci, &request->pfs) {
        if (!host_find_pf(host, pci)) {
            return xasprintf("%s: no such PF; \"ovs-sriov list\" shows those "
                             "that there are", pci);
        }
    }
    for (i = 0; i < host->n; i++) {
        any |= is_asked_for(request, conf, host->pfs[i]);
    }
    return (any ? NULL
            : xasprintf("no NIC that is here has a section in %s; write one, "
                        "or name PFs: ovs-sriov proxmox %s PF...",
                        conf->path, request->id));
}

/* The mapping. */

/* Adds to 'maps' what the mapping says about each VF of the PFs asked for.
 * Each is one choice of which a VM gets one. */
static void
make_maps(const struct host *host, const struct host_conf *conf,
          const struct proxmox_request *request, struct svec *maps)
{
    for (size_t i = 0; i < host->n; i++) {
        const struct host_pf *pf = host->pfs[i];

        for (size_t j = 0; j < pf->n_vfs; j++) {
            const struct host_vf *vf = &pf->vfs[j];
            char *id = pve_device_id(request->root, vf->pci, "vendor",
                                     "device");
            char *subsystem = pve_device_id(request->root, vf->pci,
                                            "subsystem_vendor",
                                            "subsystem_device");
            struct ds s = DS_EMPTY_INITIALIZER;

            if (is_asked_for(request, conf, pf) && id) {
                ds_put_format(&s, "id=%s", id);
                if (vf->iommu_group) {
                    ds_put_format(&s, ",iommugroup=%s", vf->iommu_group);
                }
                ds_put_format(&s, ",node=%s,path=%s", request->node, vf->pci);
                if (subsystem) {
                    ds_put_format(&s, ",subsystem-id=%s", subsystem);
                }
                svec_add(maps, ds_cstr(&s));
            }
            ds_destroy(&s);
            free(subsystem);
            free(id);
        }
    }
}

/* Returns true if one of 'maps' has the path of 'map'. */
static bool
has_path(const struct svec *maps, const char *map)
{
    char *path = pve_map_get(map, "path");
    bool found = false;
    const char *other;
    size_t i;

    SVEC_FOR_EACH (i, other, maps) {
        char *other_path = pve_map_get(other, "path");

        found |= path && other_path && !strcmp(path, other_path);
        free(other_path);
    }
    free(path);
    return found;
}

/* Returns the description that gives VMs 'words', settings, with what else
 * 'old' has, the one there is or NULL: other settings, and text.  The caller
 * must free it.  NULL if there are no 'words', so that it stays. */
static char *
describe(const char *old, const char *words)
{
    const char *mark = old ? strstr(old, PVE_MARK) : NULL;
    const char *after = mark ? mark + strlen(PVE_MARK) : "";
    size_t n = strcspn(after, ";");
    char *old_words = xmemdup0(after, n);
    struct ds s = DS_EMPTY_INITIALIZER;
    struct vm_settings settings;

    if (!words) {
        free(old_words);
        return NULL;
    }
    vm_settings_init(&settings);
    free(vm_settings_put_words(&settings, old_words));
    free(vm_settings_put_words(&settings, words));
    if (old && old[0]) {
        ds_put_format(&s, "%.*s%s", (int) (mark ? mark - old : strlen(old)),
                      old, mark ? "" : "; ");
    }
    ds_put_cstr(&s, PVE_MARK" ");
    vm_settings_format(&settings, &s);
    ds_put_cstr(&s, after + n);
    vm_settings_destroy(&settings);
    free(old_words);
    return ds_steal_cstr(&s);
}

/* Adds to 'maps' those of the mapping that exists which stay: "pvesh set"
 * replaces all of them.  Notes those that do not in 's', if that is not
 * NULL.  Returns true if the mapping exists; '*live' becomes true if it is one
 * for live migration, '*description' what it is to have, which the caller must
 * free, or NULL. */
static bool
keep_maps(const struct proxmox_request *request, struct svec *maps,
          struct ds *s, bool *live, char **description)
{
    struct pve_mappings mappings;
    const struct pve_mapping *mapping;
    struct svec kept = SVEC_EMPTY_INITIALIZER;
    char *here = pve_node(request->root);
    const char *map;
    size_t i;

    pve_mappings_read(&mappings, request->root);
    mapping = pve_mappings_find(&mappings, request->id);
    for (i = 0; mapping && i < mapping->maps.n; i++) {
        map = mapping->maps.names[i];
        char *node = pve_map_get(map, "node");
        bool ours = node && !strcmp(node, request->node);
        char *problem = (node && !strcmp(node, here)
                         ? pve_map_problem(request->root, map) : NULL);

        if (!(ours && has_path(maps, map))) {
            if (problem && s) {
                ds_put_format(s, "# Not kept, since %s: %s\n", problem, map);
            } else if (!problem) {
                svec_add(&kept, map);
            }
        } else if (problem && s) {
            ds_put_format(s, "# Made anew, since %s: %s\n", problem, map);
        }
        free(problem);
        free(node);
    }
    SVEC_FOR_EACH (i, map, maps) {
        svec_add(&kept, map);
    }
    svec_swap(maps, &kept);
    svec_destroy(&kept);

    bool exists = mapping != NULL;
    *live |= mapping && mapping->live;
    *description = describe(mapping ? mapping->description : NULL,
                            request->settings);
    pve_mappings_destroy(&mappings);
    free(here);
    return exists;
}

static struct json *
mapping_json(const struct host *host, const struct host_conf *conf,
             const struct proxmox_request *request)
{
    struct json *json = json_object_create();
    struct json *array = json_array_create_empty();
    struct svec maps = SVEC_EMPTY_INITIALIZER;
    bool live = request->live;
    char *description;
    const char *map;
    size_t i;

    make_maps(host, conf, request, &maps);
    keep_maps(request, &maps, NULL, &live, &description);
    SVEC_FOR_EACH (i, map, &maps) {
        json_array_add(array, json_string_create(map));
    }
    svec_destroy(&maps);
    json_object_put_string(json, "id", request->id);
    if (description) {
        json_object_put_string(json, "description", description);
        free(description);
    }
    if (live) {
        json_object_put(json, "live-migration-capable",
                        json_integer_create(1));
    }
    json_object_put(json, "map", array);
    return json;
}

/* Adds 'word' as a shell wants it, in quotes if it has more in it than what is
 * in most mappings: ";" between paths, or a description. */
static void
put_quoted(struct ds *s, const char *word)
{
    const char *p;

    for (p = word; isalnum((unsigned char) *p) || strchr("=:.,_/-", *p); p++) {
        if (!*p) {
            ds_put_cstr(s, word);
            return;
        }
    }
    ds_put_char(s, '\'');
    for (p = word; *p; p++) {
        if (*p == '\'') {
            ds_put_cstr(s, "'\\''");
        } else {
            ds_put_char(s, *p);
        }
    }
    ds_put_char(s, '\'');
}

/* Live migration.  The driver of a VF is to be mlx5_vfio_pci, and the VF
 * migratable before it gets that driver:
 *
 * - Linux 6.12, drivers/vfio/pci/mlx5/cmd.c, mlx5vf_cmd_set_migratable(), when
 *   the driver gets the VF: its PF has the driver mlx5_core, and the
 *   capability "migration"; else the VF is as with vfio-pci, and no error
 *   tells.
 * - drivers/net/ethernet/mellanox/mlx5/core/eswitch_offloads.c,
 *   mlx5_devlink_port_fn_migratable_set(), since Linux 6.2: "migratable" is a
 *   capability of the VF's, which firmware gives it as its driver comes.
 * - Proxmox VE since 9.1 (qemu-server 9.0.25, PCI.pm, prepare_pci_device())
 *   leaves the driver alone with "driver=keep", and binds vfio-pci otherwise;
 *   of a mapping that is live-migration-capable, kvm gets
 *   "enable-migration=on", and does not start with a VF that cannot (QEMU,
 *   hw/vfio/migration.c, vfio_block_migration()). */

/* Returns the name that the representor of 'vf' has or else, by sriov.conf, is
 * to have.  The caller must free it.  NULL if neither is known. */
static char *
rep_name(const struct printer *p, const struct host_pf *pf,
         const struct host_vf *vf)
{
    const char *name = host_vf_rep_name(vf);
    char *label = xasprintf("pf%cvf%u", pf->pci[strlen(pf->pci) - 1],
                            vf->number);
    char *wanted = (name ? xstrdup(name)
                    : host_name_of(p->conf, pf, label));

    free(label);
    return wanted;
}

static void
put_live_vf(const struct printer *p, const struct host_pf *pf,
            const struct host_vf *vf)
{
    char *rep = rep_name(p, pf, vf);

    if (!nullable_string_is_equal(pf->driver, "mlx5_core")) {
        ds_put_format(p->s, "# %s cannot: its PF has driver %s, not "
                      "mlx5_core\n", vf->pci,
                      pf->driver ? pf->driver : "none");
    } else if (!rep) {
        ds_put_format(p->s, "# %s has no representor: switchdev mode gives it "
                      "one\n", vf->pci);
    } else {
        ds_put_format(p->s, "live %s %s\n", vf->pci, rep);
    }
    free(rep);
}

/* Appends the commands that make VFs of the PFs asked for ready for it. */
static void
put_live(const struct printer *p)
{
    struct ds *s = p->s;

    ds_put_cstr(s, "\n# Live migration (Proxmox VE 9.1, NICs of NVIDIA): on "
                "each node, at each boot, before VMs start\n\n"
                "modprobe mlx5_vfio_pci\n"
                "live() {    # a VF and its representor\n"
                "    echo $1 >/sys/bus/pci/devices/$1/driver/unbind\n"
                "    devlink port function set $2 migratable enable\n"
                "    echo mlx5_vfio_pci >/sys/bus/pci/devices/$1/"
                "driver_override\n"
                "    echo $1 >/sys/bus/pci/drivers_probe\n"
                "}\n");
    for (size_t i = 0; i < p->host->n; i++) {
        const struct host_pf *pf = p->host->pfs[i];

        for (size_t j = 0; j < pf->n_vfs
             && is_asked_for(p->request, p->conf, pf); j++) {
            put_live_vf(p, pf, &pf->vfs[j]);
        }
    }
}

/* Appends the mapping as it is in its file, for those who edit that. */
static void
put_mapping_text(const struct printer *p, const char *description, bool live,
                 const struct svec *maps)
{
    const struct proxmox_request *request = p->request;
    const char *map;
    size_t i;

    ds_put_format(p->s, "\n%s\n", request->id);
    if (description) {
        ds_put_format(p->s, "\tdescription %s\n", description);
    }
    if (live) {
        ds_put_cstr(p->s, "\tlive-migration-capable 1\n");
    }
    SVEC_FOR_EACH (i, map, maps) {
        ds_put_format(p->s, "\tmap %s\n", map);
    }
}

static void
put_mapping(const struct printer *p)
{
    const struct proxmox_request *request = p->request;
    struct svec maps = SVEC_EMPTY_INITIALIZER;
    bool live = request->live;
    struct ds *s = p->s;
    char *description;
    const char *map;
    size_t i;

    make_maps(p->host, p->conf, request, &maps);
    if (!maps.n) {
        ds_put_cstr(s, "# There are no VFs yet: write /etc/openvswitch/"
                    "sriov.conf, run ovs-sriov apply, and this again.\n");
        svec_destroy(&maps);
        return;
    }
    bool exists = keep_maps(request, &maps, s, &live, &description);
    if (exists) {
        ds_put_format(s, "# VFs for VMs: run this once; what other nodes have "
                      "in the mapping stays\n\npvesh set "
                      "/cluster/mapping/pci/%s", request->id);
    } else {
        ds_put_format(s, "# VFs for VMs: run this once,\n\n"
                      "pvesh create /cluster/mapping/pci --id %s",
                      request->id);
    }
    if (description) {
        ds_put_cstr(s, " \\\n    --description ");
        put_quoted(s, description);
    }
    if (live) {
        ds_put_cstr(s, " \\\n    --live-migration-capable 1");
    }
    SVEC_FOR_EACH (i, map, &maps) {
        ds_put_cstr(s, " \\\n    --map ");
        put_quoted(s, map);
    }
    ds_put_format(s, "\n\n# %s give VMs a PCI device of it: qm set VMID "
                  "-hostpci0 mapping=%s%s\n", exists ? "Then"
                  : "or add this to /etc/pve/mapping/pci.cfg; then",
                  request->id, live ? ",driver=keep" : "");
    if (!exists) {
        put_mapping_text(p, description, live, &maps);
    }
    if (live) {
        put_live(p);
    }
    free(description);
    svec_destroy(&maps);
}

/* Names of representors, as a regular expression of Python. */

/* Returns the one for the names that 'template' gives. */
static char *
template_to_regex(const char *template, const char *card)
{
    static const struct {
        const char *name, *regex;
    } table[] = {
        { "{port}", "(c[0-9]+)?pf[0-9]+[vs]f[0-9]+" },
        { "{pf}", "[0-9]+" },
        { "{vf}", "[0-9]+" },
        { "{switch}", NULL },
    };
    struct ds s = DS_EMPTY_INITIALIZER;

    while (*template) {
        size_t n = 0;

        for (size_t i = 0; i < ARRAY_SIZE(table) && !n; i++) {
            if (!strncmp(template, table[i].name, strlen(table[i].name))) {
                n = strlen(table[i].name);
                ds_put_cstr(&s, table[i].regex ? table[i].regex : card);
            }
        }
        if (!n) {
            ds_put_format(&s, "%s%c", *template == '.' ? "\\" : "", *template);
            n = 1;
        }
        template += n;
    }
    return ds_steal_cstr(&s);
}

/* Adds the ones for the names that representors of 'pf' have now: with any
 * number at the end. */
static void
add_names_in_force(const struct host_pf *pf, struct svec *regexes)
{
    for (size_t i = 0; i < pf->n_vfs; i++) {
        const char *rep = host_vf_rep_name(&pf->vfs[i]);
        size_t n = rep ? strlen(rep) : 0;

        while (n && isdigit((unsigned char) rep[n - 1])) {
            n--;
        }
        if (n) {
            svec_add_nocopy(regexes, xasprintf("%.*s[0-9]+", (int) n, rep));
        }
    }
}

/* Returns true if a VF of 'pf' can have a name that is shorter than the default
 * since that would be too long. */
static bool
has_short_names(const struct host_pf *pf, const struct host_section *section,
                const char *card)
{
    char *port = xasprintf("pf%cvf%u", pf->pci[strlen(pf->pci) - 1],
                           MAX(pf->total_vfs, 1) - 1);
    char *name = host_expand_name(section->names, card, port);
    bool is_short = (name && !strcmp(section->names, HOST_DEFAULT_NAMES)
                     && strncmp(name, HOST_DEFAULT_NAMES, 4));

    free(name);
    free(port);
    return is_short;
}

/* Appends the line that makes ifupdown2 leave representors of 'pfs' on the
 * bridge.  Those of VMs are in it, which Proxmox VE leaves there by itself as
 * long as there is none. */
static void
put_condone(const struct printer *p, const struct host_pf **pfs, size_t n,
            const char *indent)
{
    struct svec regexes = SVEC_EMPTY_INITIALIZER;

    for (size_t i = 0; i < n; i++) {
        const struct host_section *section = host_section_of(p->conf, pfs[i]);

        if (section && section->mode == SRIOV_MODE_LEGACY) {
            /* It has no representors. */
        } else if (section && section->names) {
            char *card = host_conf_card(p->conf, pfs[i]->pci);

            svec_add_nocopy(&regexes, template_to_regex(section->names, card));
            if (has_short_names(pfs[i], section, card)) {
                svec_add_nocopy(&regexes,
                                template_to_regex(HOST_SHORT_NAMES, card));
            }
            free(card);
        } else {
            add_names_in_force(pfs[i], &regexes);
        }
    }
    svec_sort_unique(&regexes);
    if (regexes.n) {
        char *all = svec_join(&regexes, "|", "");

        ds_put_format(p->s, "%sovs-ports-condone-regex "
                      "^(tap|veth|fwln|%s)\n", indent, all);
        free(all);
    }
    svec_destroy(&regexes);
}

/* The network. */

/* Returns true if a Linux bond of the uplinks of 'pfs' has both directions in
 * hardware (VF-LAG), and nobody has said that it is to be an OVS bond, by
 * writing a value of multiport. */
static bool
is_lag(const struct printer *p, const struct host_pf **pfs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct host_section *section = host_section_of(p->conf, pfs[i]);

        if (!pfs[i]->driver || strcmp(pfs[i]->driver, "mlx5_core")
            || (section && (section->multiport != HOST_UNSET
                            || section->mode == SRIOV_MODE_LEGACY))) {
            return false;
        }
    }
    return n > 1;
}

/* Appends the bond of the uplinks of 'pfs': with 'lag' a Linux bond, which a
 * section of sriov.conf makes, with 'in_conf' one that is there; else an OVS
 * bond. */
static void
put_bond(const struct printer *p, const struct host_pf **pfs, size_t n,
         const char *bond, unsigned int number, bool lag, bool in_conf)
{
    struct ds *s = p->s;

    if (lag && !in_conf) {
        ds_put_format(s, "# A Linux bond has both directions in hardware "
                      "(VF-LAG).  Add this to %s, and run ovs-sriov apply:\n"
                      "#\n# [bond %s]\n# pfs =", p->conf->path, bond);
        for (size_t i = 0; i < n; i++) {
            ds_put_format(s, " %s", pfs[i]->pci);
        }
        ds_put_cstr(s, "\n# mode = 802.3ad\n\n");
    }
    ds_put_format(s, "auto %s\niface %s inet manual\n\tovs_type %s\n"
                  "\tovs_bridge vmbr%u\n", bond, bond,
                  lag ? "OVSPort" : "OVSBond", number);
    if (!lag) {
        ds_put_cstr(s, "\tovs_bonds");
        for (size_t i = 0; i < n; i++) {
            ds_put_format(s, " %s", host_pf_netdev(pfs[i]));
        }
        ds_put_cstr(s, "\n\tovs_options lacp=active bond_mode=balance-tcp\n");
    }
}

/* Appends stanzas for a bridge with the uplinks of one NIC, 'pfs'; there is at
 * least one. */
static void
put_stanzas(const struct printer *p, const struct host_pf **pfs, size_t n,
            unsigned int number)
{
    const struct host_bond *section = host_conf_bond(p->conf, pfs[0]->pci);
    char *bond = (section ? xstrdup(section->name)
                  : xasprintf("bond%u", number));
    bool lag = section || is_lag(p, pfs, n);
    unsigned int mtu = 0;
    struct ds *s = p->s;

    for (size_t i = 0; i < n; i++) {
        const struct host_section *pf = host_section_of(p->conf, pfs[i]);

        mtu = pf && pf->mtu ? pf->mtu : mtu;
        if (n > 1 && lag) {
            continue;           /* They come with the bond. */
        }
        ds_put_format(s, "auto %s\niface %s inet manual\n",
                      host_pf_netdev(pfs[i]), host_pf_netdev(pfs[i]));
        if (n == 1) {
            ds_put_format(s, "\tovs_type OVSPort\n\tovs_bridge vmbr%u\n",
                          number);
            if (mtu) {
                ds_put_format(s, "\tovs_mtu %u\n", mtu);
            }
        }
        ds_put_char(s, '\n');
    }
    if (n > 1) {
        put_bond(p, pfs, n, bond, number, lag, section != NULL);
        if (mtu) {
            ds_put_format(s, "\tovs_mtu %u\n", mtu);
        }
        ds_put_char(s, '\n');
    }
    ds_put_format(s, "auto vmbr%u\niface vmbr%u inet manual\n"
                  "\tovs_type OVSBridge\n\tovs_ports %s\n", number, number,
                  n > 1 ? bond : host_pf_netdev(pfs[0]));
    put_condone(p, pfs, n, "\t");
    if (mtu) {
        ds_put_format(s, "\tovs_mtu %u\n", mtu);
    }
    free(bond);
}

/* Returns true if the uplink of 'pf' is in use already, and appends in
 * which. */
static bool
is_used(const struct printer *p, const struct host_pf *pf)
{
    const struct howto_stanza *holder
        = howto_find_holder(&p->howto, host_pf_netdev(pf));
    const struct howto_stanza *bridge = holder;
    const struct host_bond *bond = host_conf_bond(p->conf, pf->pci);
    char *master = host_read_link("%s/sys/class/net/%s/master",
                                  p->request->root, host_pf_netdev(pf));

    if (master && bond && !strcmp(master, bond->name)
        && !howto_find_holder(&p->howto, master)) {
        /* The bond waits for a bridge. */
        free(master);
        master = NULL;
    }
    for (int i = 0; i < 4 && bridge
         && strcmp(smap_get_def(&bridge->options, "ovs_type", ""),
                   "OVSBridge"); i++) {
        bridge = howto_find_holder(&p->howto, bridge->name);
    }
    if (holder) {
        ds_put_format(p->s, "# %s is in %s (%s:%u) already.\n",
                      host_pf_netdev(pf),
                      holder->name, holder->file, holder->line);
    } else if (master) {
        ds_put_format(p->s, "# %s is in %s already.\n", host_pf_netdev(pf),
                      master);
    }
    if (bridge && !smap_get(&bridge->options, "ovs_ports_condone_regex")) {
        ds_put_format(p->s, "# So that ifupdown2 leaves representors on it, "
                      "the stanza of %s (%s:%u) needs:\n#", bridge->name,
                      bridge->file, bridge->line);
        size_t length = p->s->length;
        put_condone(p, &pf, 1, "\t");
        if (p->s->length == length) {
            ds_put_char(p->s, '\n');
        }
    }

    bool used = holder || master;
    free(master);
    return used;
}

/* Returns true if the uplink of 'pf' is InfiniBand, which no bridge takes, and
 * says so.  Cards that can be either (VPI) have one device ID. */
static bool
is_infiniband(const struct printer *p, const struct host_pf *pf)
{
    char *path = xasprintf("%s/sys/class/net/%s", p->request->root,
                           host_pf_netdev(pf));
    long long int type;
    bool infiniband = (host_read_number(path, "type", &type)
                       && type == ARPHRD_INFINIBAND);

    free(path);
    if (infiniband) {
        ds_put_format(p->s, "# %s is InfiniBand, which no bridge takes.\n",
                      host_pf_netdev(pf));
    }
    return infiniband;
}

/* Returns true if there is a device or a stanza 'KINDnumber'. */
static bool
exists(const struct printer *p, const char *kind, unsigned int number)
{
    char *name = xasprintf("%s%u", kind, number);
    char *ifindex = host_read_file("%s/sys/class/net/%s/ifindex",
                                   p->request->root, name);
    bool found = ifindex || howto_find_stanza(&p->howto, name);

    free(ifindex);
    free(name);
    return found;
}

/* Appends stanzas for the uplinks of the PFs asked for, a bridge per NIC. */
static void
put_interfaces(const struct printer *p)
{
    const struct host *host = p->host;
    const struct host_pf **pfs = xcalloc(host->n, sizeof *pfs);
    const struct host_pf **nic = xcalloc(host->n, sizeof *nic);
    unsigned int number = 1;
    size_t n = 0;

    for (size_t i = 0; i < host->n; i++) {
        const struct host_pf *pf = host->pfs[i];

        if (host_pf_netdev(pf) && is_asked_for(p->request, p->conf, pf)
            && !is_infiniband(p, pf) && !is_used(p, pf)) {
            pfs[n++] = pf;
        }
    }
    for (size_t i = 0; i < n; i++) {
        size_t n_nic = 0;

        for (size_t j = i; j < n && pfs[i]; j++) {
            if (pfs[j] && host_same_nic(pfs[i], pfs[j])) {
                nic[n_nic++] = pfs[j];
                pfs[j] = j == i ? pfs[j] : NULL;
            }
        }
        if (n_nic) {
            bool new_bond = !host_conf_bond(p->conf, nic[0]->pci);

            while (exists(p, "vmbr", number)
                   || (new_bond && exists(p, "bond", number))) {
                number++;
            }
            ds_put_cstr(p->s, ds_last(p->s) == '\n'
                        && p->s->length > 1
                        && p->s->string[p->s->length - 2] == '\n'
                        ? "" : "\n");
            put_stanzas(p, nic, n_nic, number++);
        }
    }
    free(nic);
    free(pfs);
}

/* Appends to 's' what a person enters: the resource mapping, and stanzas for
 * the network. */
static void
put_all(const struct host *host, const struct host_conf *conf,
        const struct proxmox_request *request, struct ds *s)
{
    struct printer p = { .host = host, .conf = conf, .request = request,
                         .s = s };

    howto_read(&p.howto, request->root);
    put_mapping(&p);
    ds_put_cstr(s, "\n# The network: /etc/network/interfaces, with none for "
                "representors\n\n");
    put_interfaces(&p);
    howto_destroy(&p.howto);
}

/* Returns the settings that options give to VMs as words, which the caller must
 * free, or NULL if there are none.  Ends the program if they cannot be. */
static char *
settings_of(const struct command_args *args)
{
    struct ds s = DS_EMPTY_INITIALIZER;
    struct vm_settings settings;
    char *wrong = NULL;

    vm_settings_init(&settings);
    if (args->vlan) {
        wrong = vm_settings_put(&settings, "vlan", args->vlan);
    }
    if (args->rate && !wrong) {
        wrong = vm_settings_put(&settings, "rate", args->rate);
    }
    if (wrong) {
        ovs_fatal(0, "--%s", wrong);
    }
    vm_settings_format(&settings, &s);
    vm_settings_destroy(&settings);
    return s.length ? ds_steal_cstr(&s) : NULL;
}

/* Returns the name of the mapping, which the caller must free. */
static char *
mapping_id(const struct command_args *args)
{
    return (args->n ? xstrdup(args->array[0])
            : args->vlan ? xasprintf("vlan%s", args->vlan)
            : xstrdup("network"));
}

static int
run(const struct command_args *args)
{
    struct host_conf *conf = command_read_conf(args);
    struct sriov_nl *nl = command_connect(args);
    struct host *host = host_read(args->root, nl);
    char *node = args->node ? xstrdup(args->node) : pve_node(args->root);
    char *id = mapping_id(args);
    struct proxmox_request request = {
        .root = args->root,
        .id = id,
        .node = node,
        .settings = settings_of(args),
        .live = args->live,
        .pfs = SVEC_EMPTY_INITIALIZER,
    };
    char *wrong;

    for (int i = 1; i < args->n; i++) {
        char *pci;

        svec_add_nocopy(&request.pfs, host_pci_address(args->array[i], &pci)
                        ? pci : xstrdup(args->array[i]));
    }
    wrong = find_wrong(&request, host, conf);
    if (wrong) {
        ovs_fatal(0, "%s", wrong);
    }
    if (args->json) {
        command_print_json(mapping_json(host, conf, &request));
    } else {
        struct ds s = DS_EMPTY_INITIALIZER;

        put_all(host, conf, &request, &s);
        command_print_text(&s);
    }
    svec_destroy(&request.pfs);
    free(request.settings);
    free(id);
    free(node);
    host_destroy(host);
    command_disconnect(nl);
    host_conf_destroy(conf);
    return EXIT_SUCCESS;
}

const struct command proxmox_command = {
    .name = "proxmox",
    .args = "[NAME [PF...]]",
    .max_args = INT_MAX,
    .options = COMMAND_NODE | COMMAND_VLAN | COMMAND_RATE | COMMAND_LIVE
               | COMMAND_JSON,
    .help = "print the resource mapping NAME (default: network, or\n"
            "vlanN with --vlan=N) of VFs, and stanzas of interfaces, for Proxmox VE",
    .run = run,
};

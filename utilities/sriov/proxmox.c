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

/* See proxmox.h for where this stands. */

#include <config.h>
#include "sriov/proxmox.h"

#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "sriov/host.h"
#include "sriov/conf.h"
#include "sriov/plan.h"
#include "svec.h"
#include "util.h"

/* Returns "VENDOR:DEVICE" as the files 'vendor' and 'device' in the folder
 * 'path' have it, which the caller must free, or NULL. */
static char *
read_id(const char *path, const char *vendor, const char *device)
{
    long long int v, d;

    return (host_read_number(path, vendor, &v)
            && host_read_number(path, device, &d)
            ? xasprintf("%04llx:%04llx", v, d) : NULL);
}

/* Adds to 'maps' what the mapping says about each VF of the PFs in 'conf', or,
 * if that has none, of all PFs.  Each is one choice of which a VM gets one. */
static void
make_maps(const struct host *host, const struct host_conf *conf,
          const char *root, const char *node, struct svec *maps)
{
    for (size_t i = 0; i < host->n; i++) {
        const struct host_pf *pf = host->pfs[i];

        for (size_t j = 0; j < pf->n_vfs; j++) {
            const struct host_vf *vf = &pf->vfs[j];
            char *path = xasprintf("%s/sys/bus/pci/devices/%s", root, vf->pci);
            char *id = read_id(path, "vendor", "device");
            char *subsystem = read_id(path, "subsystem_vendor",
                                      "subsystem_device");
            struct ds s = DS_EMPTY_INITIALIZER;

            if (conf->n && !host_section_of(conf, pf)) {
                /* Somebody else's. */
            } else if (id) {
                ds_put_format(&s, "id=%s", id);
                if (vf->iommu_group) {
                    ds_put_format(&s, ",iommugroup=%s", vf->iommu_group);
                }
                ds_put_format(&s, ",node=%s,path=%s", node, vf->pci);
                if (subsystem) {
                    ds_put_format(&s, ",subsystem-id=%s", subsystem);
                }
                svec_add(maps, ds_cstr(&s));
            }
            ds_destroy(&s);
            free(subsystem);
            free(id);
            free(path);
        }
    }
}

struct json *
host_proxmox_json(const struct host *host, const struct host_conf *conf,
                  const char *root, const char *id, const char *node)
{
    struct json *json = json_object_create();
    struct json *array = json_array_create_empty();
    struct svec maps = SVEC_EMPTY_INITIALIZER;
    const char *map;
    size_t i;

    make_maps(host, conf, root, node, &maps);
    SVEC_FOR_EACH (i, map, &maps) {
        json_array_add(array, json_string_create(map));
    }
    svec_destroy(&maps);
    json_object_put_string(json, "id", id);
    json_object_put(json, "map", array);
    return json;
}

/* Appends stanzas for a bridge with the uplinks of one NIC, 'pfs'; there is at
 * least one. */
static void
put_stanzas(struct ds *s, const struct host_conf *conf,
            const struct host_pf **pfs, size_t n, unsigned int number)
{
    unsigned int mtu = 0;

    for (size_t i = 0; i < n; i++) {
        const struct host_section *section = host_section_of(conf, pfs[i]);

        mtu = section && section->mtu ? section->mtu : mtu;
        ds_put_format(s, "auto %s\niface %s inet manual\n", pfs[i]->netdev,
                      pfs[i]->netdev);
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
        ds_put_format(s, "auto bond%u\niface bond%u inet manual\n"
                      "\tovs_type OVSBond\n\tovs_bridge vmbr%u\n\tovs_bonds",
                      number, number, number);
        for (size_t i = 0; i < n; i++) {
            ds_put_format(s, " %s", pfs[i]->netdev);
        }
        ds_put_cstr(s, "\n\tovs_options lacp=active bond_mode=balance-tcp\n");
        if (mtu) {
            ds_put_format(s, "\tovs_mtu %u\n", mtu);
        }
        ds_put_char(s, '\n');
    }
    ds_put_format(s, "auto vmbr%u\niface vmbr%u inet manual\n"
                  "\tovs_type OVSBridge\n\tovs_ports ", number, number);
    if (n > 1) {
        ds_put_format(s, "bond%u\n", number);
    } else {
        ds_put_format(s, "%s\n", pfs[0]->netdev);
    }
    if (mtu) {
        ds_put_format(s, "\tovs_mtu %u\n", mtu);
    }
}

/* Returns true if one bond can hold the uplinks of both. */
static bool
same_nic(const struct host_pf *a, const struct host_pf *b)
{
    return (a->switch_id && b->switch_id
            ? !strcmp(a->switch_id, b->switch_id)
            : host_same_card(a->pci, b->pci));
}

/* Appends stanzas for the uplinks of the PFs in 'conf', a bridge per NIC. */
static void
put_interfaces(struct ds *s, const struct host *host,
               const struct host_conf *conf)
{
    const struct host_pf **pfs = xcalloc(host->n, sizeof *pfs);
    const struct host_pf **nic = xcalloc(host->n, sizeof *nic);
    unsigned int number = 1;
    size_t n = 0;

    for (size_t i = 0; i < host->n; i++) {
        const struct host_pf *pf = host->pfs[i];

        if (pf->netdev && (!conf->n || host_section_of(conf, pf))) {
            pfs[n++] = pf;
        }
    }
    for (size_t i = 0; i < n; i++) {
        size_t n_nic = 0;

        for (size_t j = i; j < n && pfs[i]; j++) {
            if (pfs[j] && same_nic(pfs[i], pfs[j])) {
                nic[n_nic++] = pfs[j];
                pfs[j] = j == i ? pfs[j] : NULL;
            }
        }
        if (n_nic) {
            ds_put_format(s, "%s", number > 1 ? "\n" : "");
            put_stanzas(s, conf, nic, n_nic, number++);
        }
    }
    free(nic);
    free(pfs);
}

/* Appends to 's' what a person enters: the resource mapping 'id' of 'node',
 * and stanzas for the network. */
void
host_proxmox_text(const struct host *host, const struct host_conf *conf,
                  const char *root, const char *id, const char *node,
                  struct ds *s)
{
    struct svec maps = SVEC_EMPTY_INITIALIZER;
    const char *map;
    size_t i;

    make_maps(host, conf, root, node, &maps);
    if (!maps.n) {
        ds_put_cstr(s, "# There are no VFs yet: write /etc/openvswitch/"
                    "sriov.conf, run ovs-sriov apply, and this again.\n");
    } else {
        ds_put_format(s, "# VFs for VMs: run this once,\n\n"
                      "pvesh create /cluster/mapping/pci --id %s", id);
        SVEC_FOR_EACH (i, map, &maps) {
            ds_put_format(s, " \\\n    --map %s", map);
        }
        ds_put_format(s, "\n\n# or add this to /etc/pve/mapping/pci.cfg; then "
                      "give VMs a PCI device of it: qm set VMID -hostpci0 "
                      "mapping=%s\n\n%s\n", id, id);
        SVEC_FOR_EACH (i, map, &maps) {
            ds_put_format(s, "\tmap %s\n", map);
        }
    }
    svec_destroy(&maps);

    ds_put_cstr(s, "\n# The network: /etc/network/interfaces, with none for "
                "representors\n\n");
    put_interfaces(s, host, conf);
}

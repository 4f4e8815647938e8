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

/* "ovs-sriov list": PFs and VFs, as text and as JSON.  See command.h for where
 * this stands. */

#include <config.h>
#include "sriov/command.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "dirs.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "packets.h"
#include "show/grid.h"
#include "smap.h"
#include "sriov/conf.h"
#include "sriov/host.h"
#include "sriov/plan.h"
#include "sriov/vm-ovsdb.h"
#include "svec.h"
#include "util.h"

/* JSON. */

static void
put_string(struct json *json, const char *key, const char *value)
{
    if (value) {
        json_object_put_string(json, key, value);
    }
}

static void
put_number(struct json *json, const char *key, long long int value)
{
    json_object_put(json, key, json_integer_create(value));
}

static void
put_bool(struct json *json, const char *key, bool value)
{
    json_object_put(json, key, json_boolean_create(value));
}

/* Returns who has 'vf', or NULL. */
static const char *
vm_of(const struct host_vf *vf, const struct smap *vms)
{
    const char *rep = host_vf_rep_name(vf);

    return rep ? smap_get(vms, rep) : NULL;
}

static struct json *
vf_to_json(const struct host_vf *vf, const struct smap *vms)
{
    struct json *json = json_object_create();

    put_number(json, "vf", vf->number);
    put_string(json, "pci_address", vf->pci);
    put_string(json, "driver", vf->driver);
    put_string(json, "in_use", vf->user);
    put_string(json, "iommu_group", vf->iommu_group);
    put_string(json, "netdev", vf->netdev);
    put_string(json, "port", host_vf_label(vf));
    put_string(json, "representor", host_vf_rep_name(vf));
    put_string(json, "vm", vm_of(vf, vms));
    if (vf->has_mac) {
        json_object_put_format(json, "mac", ETH_ADDR_FMT,
                               ETH_ADDR_ARGS(vf->mac));
    }
    if (vf->has_trust) {
        put_bool(json, "trust", vf->trust);
    }
    if (vf->has_spoofchk) {
        put_bool(json, "spoofchk", vf->spoofchk);
    }
    return json;
}

static struct json *
pf_to_json(const struct host_pf *pf, const struct host_conf *conf,
           const struct smap *vms)
{
    char *long_names = conf ? host_names_too_long(conf, pf, true) : NULL;
    struct json *json = json_object_create();
    struct json *vfs = json_array_create_empty();

    put_string(json, "pci_address", pf->pci);
    json_object_put_format(json, "id", "%04x:%04x", pf->vendor, pf->device);
    put_string(json, "model", pf->product);
    put_string(json, "driver", pf->driver);
    put_string(json, "firmware", pf->firmware);
    put_string(json, "netdev", host_pf_netdev(pf));
    put_string(json, "switch_id", host_pf_switch_id(pf));
    put_string(json, "mode", sriov_mode_to_string(host_pf_mode(pf)));
    put_bool(json, "multiport", host_pf_multiport(pf));
    put_string(json, "steering", pf->steering);
    put_string(json, "iommu_group", pf->iommu_group);
    if (host_pf_netdev(pf)) {
        put_number(json, "mtu", host_pf_mtu(pf));
    }
    if (pf->link && pf->link->has_hw_tc) {
        put_bool(json, "hw_tc_offload", pf->link->hw_tc);
    }
    if (pf->numa_node >= 0) {
        put_number(json, "numa_node", pf->numa_node);
    }
    put_string(json, "names_too_long", long_names);
    free(long_names);
    put_number(json, "vfs_now", pf->num_vfs);
    put_number(json, "vfs_possible", pf->total_vfs);
    for (size_t i = 0; i < pf->n_vfs; i++) {
        json_array_add(vfs, vf_to_json(&pf->vfs[i], vms));
    }
    json_object_put(json, "vfs", vfs);
    return json;
}

/* Returns PFs and VFs as an array of PFs, which the caller must free. */
static struct json *
list_json(const struct host *host, const struct host_conf *conf,
          const struct smap *vms)
{
    struct json *json = json_array_create_empty();

    for (size_t i = 0; i < host->n; i++) {
        json_array_add(json, pf_to_json(host->pfs[i], conf, vms));
    }
    return json;
}

/* Text. */

static void
put(struct sriov_grid *grid, const char *cell)
{
    sriov_grid_put(grid, cell ? cell : "");
}

static void
list_vfs(const struct host_pf *pf, const struct smap *vms, struct ds *s)
{
    struct sriov_grid grid = SRIOV_GRID_INITIALIZER(9);

    put(&grid, "VF");
    put(&grid, "PCI ADDRESS");
    put(&grid, "DRIVER");
    put(&grid, "IOMMU GROUP");
    put(&grid, "NETDEV");
    put(&grid, "REPRESENTOR");
    put(&grid, "MAC");
    put(&grid, "IN USE");
    put(&grid, "VM");
    for (size_t i = 0; i < pf->n_vfs; i++) {
        const struct host_vf *vf = &pf->vfs[i];

        sriov_grid_put_nocopy(&grid, xasprintf("%u", vf->number));
        put(&grid, vf->pci);
        put(&grid, vf->driver);
        put(&grid, vf->iommu_group);
        put(&grid, vf->netdev);
        put(&grid, host_vf_rep_name(vf));
        sriov_grid_put_nocopy(&grid, vf->has_mac
                              ? xasprintf(ETH_ADDR_FMT, ETH_ADDR_ARGS(vf->mac))
                              : xstrdup(""));
        put(&grid, vf->user);
        put(&grid, vm_of(vf, vms));
    }
    if (pf->n_vfs) {
        sriov_grid_print(&grid, 2, s);
    }
    sriov_grid_destroy(&grid);
}

static void
list_fact(struct ds *s, const char *name, const char *value)
{
    if (value) {
        ds_put_format(s, "  %s %s\n", name, value);
    }
}

/* Appends PFs and VFs to 's', for people to read. */
static void
list_text(const struct host *host, const struct host_conf *conf,
          const struct smap *vms, struct ds *s)
{
    if (!host->n) {
        ds_put_cstr(s, "no PF with SR-IOV; \"ovs-sriov check\" says why\n");
    }
    for (size_t i = 0; i < host->n; i++) {
        const struct host_pf *pf = host->pfs[i];

        ds_put_format(s, "%sPF %s: %s, %u of %u VFs\n", i ? "\n" : "", pf->pci,
                      host_pf_mode(pf) == SRIOV_MODE_NONE ? "no eswitch"
                      : sriov_mode_to_string(host_pf_mode(pf)),
                      pf->num_vfs, pf->total_vfs);
        ds_put_format(s, "  model %s [%04x:%04x]\n",
                      pf->product ? pf->product : "unknown", pf->vendor,
                      pf->device);
        list_fact(s, "driver", pf->driver ? pf->driver : "none");
        list_fact(s, "firmware", pf->firmware);
        list_fact(s, "netdev", host_pf_netdev(pf));
        list_fact(s, "switch id", host_pf_switch_id(pf));
        list_fact(s, "multiport", host_pf_multiport(pf) ? "on" : NULL);
        list_fact(s, "steering", pf->steering);
        list_fact(s, "IOMMU group", pf->iommu_group);
        if (pf->numa_node >= 0) {
            ds_put_format(s, "  NUMA node %d\n", pf->numa_node);
        }
        char *long_names = conf ? host_names_too_long(conf, pf, true) : NULL;
        list_fact(s, "names stay:", long_names);
        free(long_names);
        list_vfs(pf, vms, s);
    }
}

/* Stores in 'vms' who has the VF behind each representor. */
static void
read_vms(const struct command_args *args, struct smap *vms)
{
    char *socket = xasprintf("%s/db.sock", ovs_rundir());

    if (!*args->root && !access(socket, R_OK)) {
        char *remote = xasprintf("unix:%s", socket);

        vm_ovsdb_list(remote, vms);
        free(remote);
    }
    free(socket);
}

static int
run(const struct command_args *args)
{
    struct sriov_nl *nl = command_connect(args);
    struct host *host = host_read(args->root, nl);
    struct smap vms = SMAP_INITIALIZER(&vms);
    struct svec errors = SVEC_EMPTY_INITIALIZER;
    /* One with errors is a matter of others. */
    struct host_conf *conf = host_conf_read(args->conf_path, &errors);

    svec_destroy(&errors);
    host_read_details(host, nl);
    read_vms(args, &vms);
    if (args->json) {
        command_print_json(list_json(host, conf, &vms));
    } else {
        struct ds s = DS_EMPTY_INITIALIZER;

        list_text(host, conf, &vms, &s);
        command_print_text(&s);
    }
    smap_destroy(&vms);
    host_conf_destroy(conf);
    host_destroy(host);
    command_disconnect(nl);
    return EXIT_SUCCESS;
}

const struct command list_command = {
    .name = "list",
    .options = COMMAND_JSON,
    .help = "the PFs with SR-IOV, and their VFs",
    .run = run,
};

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

/* See vm-kernel.h for where this stands. */

#include <config.h>
#include "sriov/vm-kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/model.h"
#include "inventory/netlink.h"
#include "openvswitch/vlog.h"
#include "packets.h"
#include "sriov/vm-plan.h"
#include "sset.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(sriov_vm_kernel);

/* Bytes per second in a Mbit/s. */
#define MBIT (1000 * 1000 / 8)

/* Adds the uplink 'link', and the bond that it is in, if any. */
static void
add_uplink(const struct sriov_model *model, const struct sriov_link *link,
           struct sset *uplinks)
{
    const struct sriov_link *master
        = link->master ? sriov_model_link(model, link->master) : NULL;

    sset_add(uplinks, link->name);
    if (master && sriov_kind_is_bond(master->kind)) {
        sset_add(uplinks, master->name);
    }
}

int
vm_kernel_read(const struct sriov_nl *nl, struct vm_vf **vfsp, size_t *np,
               struct sset *uplinks)
{
    struct sriov_model *model = sriov_model_create();
    int error = sriov_nl_devlink_read(nl, model);
    struct vm_vf *vfs = NULL;
    size_t n = 0;

    /* Not sriov_nl_read(): whether hw-tc-offload is on takes a request for
     * each link, and does not matter here. */
    error = error ? error : sriov_nl_links_read(nl, model);
    if (!error) {
        sriov_model_finish(model);
        vfs = xcalloc(model->n_ports, sizeof *vfs);
        for (size_t i = 0; i < model->n_ports; i++) {
            const struct sriov_port *port = model->ports[i];

            if (sriov_port_is_uplink(port) && port->link) {
                add_uplink(model, port->link, uplinks);
            }
            if (port->flavour == SRIOV_VF && port->vf_pci && port->link
                && port->dev->mode == SRIOV_MODE_SWITCHDEV) {
                vfs[n++] = (struct vm_vf) {
                    .pci = xstrdup(port->vf_pci),
                    .pf = xstrdup(port->dev_name),
                    .number = port->number,
                    .port = port->index,
                    .rep = xstrdup(port->link->name),
                    .ifindex = port->link->ifindex,
                    .up = port->link->up,
                    .has_mac = port->has_mac,
                    .mac = port->has_mac ? port->mac : eth_addr_zero,
                };
            }
        }
    }
    sriov_model_destroy(model);
    *vfsp = vfs;
    *np = n;
    return error;
}

void
vm_vfs_destroy(struct vm_vf *vfs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        vm_vf_destroy(&vfs[i]);
    }
    free(vfs);
}

/* Returns "what: why", or NULL if there is no 'error'.  Frees 'detail'. */
static char *
explain(int error, char *detail, const char *what)
{
    char *s = (error ? xasprintf("%s: %s%s%s", what, ovs_strerror(error),
                                 detail ? ": " : "", detail ? detail : "")
               : NULL);

    free(detail);
    return s;
}

int
vm_kernel_set_link(const struct sriov_nl *nl, struct vm_vf *vf, bool up)
{
    struct sriov_link_change change = { .up = up, .down = !up };
    char *detail = NULL;
    int error = sriov_nl_link_set(nl, vf->ifindex, &change, &detail);
    char *wrong = explain(error, detail, vf->rep);

    if (wrong) {
        VLOG_ERR("link %s of %s", up ? "up" : "down", wrong);
        free(wrong);
    } else {
        vf->up = up;
    }
    return error;
}

static int
set_mac(const struct sriov_nl *nl, struct vm_vf *vf, struct eth_addr mac,
        char **wrong)
{
    char *what = xasprintf("mac="ETH_ADDR_FMT": the NIC refuses it",
                           ETH_ADDR_ARGS(mac));
    char *detail = NULL;
    int error = (eth_addr_equals(vf->mac, mac) ? 0
                 : sriov_nl_set_port_mac(nl, vf->pf, vf->port, mac, &detail));

    *wrong = explain(error, detail, what);
    free(what);
    if (!error) {
        vf->has_mac = !eth_addr_is_zero(mac);
        vf->mac = mac;
    }
    return error;
}

/* Sets what 'vf' may send at most or, for 'share', what it may always send.
 * Returns 0 or an error, with what was refused in '*wrong', which the caller
 * must free, or NULL.  A NIC without such limits refuses to set none as well,
 * which does not matter, unless that it does so only for the moment. */
static int
set_rate(const struct sriov_nl *nl, const struct vm_vf *vf, bool share,
         unsigned int rate, char **wrong)
{
    char *what = xasprintf("%s=%u: the NIC refuses it",
                           share ? "share" : "rate", rate);
    char *detail = NULL;
    int error = sriov_nl_set_port_rate(nl, vf->pf, vf->port, share,
                                       (uint64_t) rate * MBIT, &detail);

    if (!rate && !sriov_nl_is_transient(error)) {
        error = 0;
    }
    *wrong = explain(error, detail, what);
    free(what);
    return error;
}

int
vm_kernel_prepare(const struct sriov_nl *nl, struct vm_vf *vf,
                  const struct vm_settings *settings, char **wrong)
{
    int error = 0;

    *wrong = NULL;
    if (settings->has_mac) {
        error = set_mac(nl, vf, settings->mac, wrong);
    }
    if (!error) {
        error = set_rate(nl, vf, false, settings->rate, wrong);
    }
    if (!error) {
        error = set_rate(nl, vf, true, settings->share, wrong);
    }
    return error;
}

int
vm_kernel_reset(const struct sriov_nl *nl, struct vm_vf *vf, char **wrong)
{
    char *rate_wrong, *share_wrong;
    int rate_error = set_rate(nl, vf, false, 0, &rate_wrong);
    int share_error = set_rate(nl, vf, true, 0, &share_wrong);
    int error = 0;

    free(rate_wrong);
    free(share_wrong);
    *wrong = NULL;
    if (vf->has_own_mac && !vm_vf_has_own_mac(vf)) {
        error = set_mac(nl, vf, vf->own_mac, wrong);
        if (error && !sriov_nl_is_transient(error)
            && eth_addr_is_zero(vf->own_mac)) {
            free(*wrong);
            error = set_mac(nl, vf, vm_no_mac, wrong);
        }
    }
    return error ? error : rate_error ? rate_error : share_error;
}

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

/* See rules/drivers.h for where this stands. */

#include <config.h>
#include "rules/drivers.h"

#include <string.h>

#include "inventory/model.h"
#include "util.h"

/* Files are of Linux 6.12, below drivers/net/ethernet/. */
static const struct {
    const char *name;           /* As devlink and sysfs have it. */
    const char *fault;          /* NULL if there is none. */
} drivers[] = {
    /* mellanox/mlx5/core/en_tc.c: rules that the hardware cannot do are refused
     * with a reason, but for those that rules/frames.h keeps from it. */
    { "mlx5_core", NULL },

    /* intel/ice/ice_tc_lib.c:1917, ice_tc_parse_action(): each redirect or
     * mirror action overwrites the one before, so that only the last output of
     * a rule gets the frame.  The driver reports no statistics, so that flows
     * idle out. */
    { "ice", "only the last output of a rule gets the frame" },

    /* broadcom/bnxt/bnxt_tc.c:340, bnxt_tc_parse_flow() ignores match keys that
     * it does not know, and bnxt_tc_parse_actions() FLOW_ACTION_MIRRED. */
    { "bnxt_en", "mirror outputs and some match keys are ignored" },
};

const char *
sriov_driver_fault(const struct sriov_dev *dev)
{
    for (size_t i = 0; dev->driver && i < ARRAY_SIZE(drivers); i++) {
        if (!strcmp(dev->driver, drivers[i].name)) {
            return drivers[i].fault;
        }
    }
    return "nobody has shown yet that it offloads rightly";
}

/* Files are of DPDK 24.11, below drivers/net/. */
static const struct {
    const char *name;           /* As in 'drivers'. */
    const char *fault;          /* NULL if there is none. */
} dpdk_drivers[] = {
    /* mlx5/mlx5.c: the kernel keeps the device, RTE_PCI_DRV_PROBE_AGAIN;
     * mlx5/linux/mlx5_os.c, mlx5_representor_match(). */
    { "mlx5_core", NULL },

    /* intel/ice/ice_ethdev.c: RTE_PCI_DRV_NEED_MAPPING, takes the PF from the
     * kernel, and its eswitch with it; only ice_dcf_parent.c, for a trusted
     * VF, reads representor=. */
    { "ice", "DPDK would take the PF from the kernel, and its eswitch with "
             "it" },

    /* bnxt/bnxt_ethdev.c: RTE_PCI_DRV_NEED_MAPPING; has representors, of a PF
     * that the kernel does not have. */
    { "bnxt_en", "DPDK would take the PF from the kernel, and its eswitch "
                 "with it" },

    /* nfp/nfp_ethdev.c: RTE_PCI_DRV_NEED_MAPPING; nfp/flower has its own
     * representors, and for none a devargs. */
    { "nfp", "DPDK has no devargs for its representors" },

    /* sfc/sfc_ethdev.c: RTE_PCI_DRV_NEED_MAPPING. */
    { "sfc", "DPDK would take the PF from the kernel, and its eswitch with "
             "it" },
};

const char *
sriov_driver_dpdk_fault(const struct sriov_dev *dev, bool forced)
{
    for (size_t i = 0; dev->driver && i < ARRAY_SIZE(dpdk_drivers); i++) {
        if (!strcmp(dev->driver, dpdk_drivers[i].name)) {
            return dpdk_drivers[i].fault;
        }
    }
    return (forced ? NULL
            : "nobody has shown yet that DPDK can have its representors");
}

bool
sriov_driver_dpdk_offloads(const char *driver)
{
    return !strcmp(driver, "mlx5_pci") || !strcmp(driver, "mlx5_auxiliary");
}

const struct sriov_dev *
sriov_drivers_best(const struct sriov_model *model)
{
    const struct sriov_dev *best = NULL;

    for (size_t i = 0; i < model->n_devs; i++) {
        const struct sriov_dev *dev = model->devs[i];

        if (dev->mode == SRIOV_MODE_SWITCHDEV
            && (!best || (sriov_driver_fault(best)
                          && !sriov_driver_fault(dev)))) {
            best = dev;
        }
    }
    return best;
}

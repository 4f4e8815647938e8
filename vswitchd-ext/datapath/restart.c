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

#include <config.h>

#include "restart.h"

#include <string.h>

#include "dpif.h"
#include "netdev.h"
#include "ofproto/ofproto-dpif.h"
#include "sset.h"

static enum sriov_restart state;
static bool flows_stay;         /* In the datapath of the kernel. */

void
sriov_restart_set(enum sriov_restart new)
{
    state = new;
    flows_stay = flows_stay && state == SRIOV_RESTART_CONFIGURE;
}

enum sriov_restart
sriov_restart_get(void)
{
    return state;
}

bool
sriov_restart_may_send(const char *bridge, const struct sset *members)
{
    const struct ofproto_dpif *ofproto = ofproto_dpif_lookup_by_name(bridge);
    const struct ofport *ofport;
    bool has_any = false;

    if (ofproto) {
        HMAP_FOR_EACH (ofport, hmap_node, &ofproto->up.ports) {
            if (sset_contains(members, netdev_get_name(ofport->netdev))) {
                if (ofport->may_enable) {
                    return true;
                }
                has_any = true;
            }
        }
    }
    return !has_any;
}

bool
sriov_restart_may_receive(struct dpif *dpif)
{
    if (ofproto_get_flow_restore_wait()) {
        return false;
    }
    if (state == SRIOV_RESTART_CONFIGURE
        && !strcmp(dpif_type(dpif), "system")) {
        flows_stay = true;
        dpif_recv_set(dpif, true);
        return false;
    }
    return true;
}

void
sriov_restart_before_port(struct dpif *dpif)
{
    if (flows_stay && !strcmp(dpif_type(dpif), "system")) {
        flows_stay = false;
        dpif_flow_flush(dpif);
    }
}

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


/* Counts datapath flows by the port that they come in at, for
 * "sriov/show --flows". */

#include <config.h>
#include "datapath/flows.h"

#include <inttypes.h>
#include <stdio.h>

#include "dpif.h"
#include "netlink.h"
#include "odp-netlink.h"
#include "odp-util.h"
#include "openvswitch/ofpbuf.h"
#include "simap.h"
#include "sset.h"
#include "util.h"

/* Counts the flows of 'dpif' by the number of the port that they come in at,
 * as decimal text. */
static void
count_by_number(struct dpif *dpif, struct simap *hw, struct simap *sw)
{
    struct dpif_flow_dump *dump = dpif_flow_dump_create(dpif, false, NULL);
    struct dpif_flow_dump_thread *thread = dpif_flow_dump_thread_create(dump);
    struct dpif_flow flow;

    while (dpif_flow_dump_next(thread, &flow, 1)) {
        const struct nlattr *in_port = nl_attr_find__(flow.key, flow.key_len,
                                                      OVS_KEY_ATTR_IN_PORT);

        if (in_port) {
            char number[11];

            snprintf(number, sizeof number, "%"PRIu32,
                     nl_attr_get_u32(in_port));
            simap_increase(flow.attrs.offloaded ? hw : sw, number, 1);
        }
    }
    dpif_flow_dump_thread_destroy(thread);
    dpif_flow_dump_destroy(dump);
}

static void
count_flows(struct dpif *dpif, struct simap *hw, struct simap *sw)
{
    struct simap hw_numbers = SIMAP_INITIALIZER(&hw_numbers);
    struct simap sw_numbers = SIMAP_INITIALIZER(&sw_numbers);
    struct dpif_port_dump dump;
    struct dpif_port port;

    count_by_number(dpif, &hw_numbers, &sw_numbers);
    DPIF_PORT_FOR_EACH (&port, &dump, dpif) {
        char number[11];

        snprintf(number, sizeof number, "%"PRIu32, odp_to_u32(port.port_no));
        simap_increase(hw, port.name, simap_get(&hw_numbers, number));
        simap_increase(sw, port.name, simap_get(&sw_numbers, number));
    }
    simap_destroy(&hw_numbers);
    simap_destroy(&sw_numbers);
}

void
sriov_flows_count(struct simap *hw, struct simap *sw)
{
    struct sset types = SSET_INITIALIZER(&types);
    const char *type;

    dp_enumerate_types(&types);
    SSET_FOR_EACH (type, &types) {
        struct sset names = SSET_INITIALIZER(&names);
        const char *name;

        dp_enumerate_names(type, &names);
        SSET_FOR_EACH (name, &names) {
            struct dpif *dpif;

            if (!dpif_open(name, type, &dpif)) {
                count_flows(dpif, hw, sw);
                dpif_close(dpif);
            }
        }
        sset_destroy(&names);
    }
    sset_destroy(&types);
}

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

/* See datapaths.h for where this stands. */

#include <config.h>
#include "datapath/datapaths.h"

#include <string.h>

#include "dpif.h"
#include "sset.h"

void
sriov_datapaths_open(void (*cb)(struct dpif *, void *aux), void *aux)
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
                cb(dpif, aux);
            }
        }
        sset_destroy(&names);
    }
    sset_destroy(&types);
}

bool
sriov_datapaths_in_hw(const struct dpif_flow *flow)
{
    return (flow->attrs.offloaded
            && !(flow->attrs.dp_layer
                 && !strcmp(flow->attrs.dp_layer, "ovs")));
}

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
#include "datapath/purge.h"

#include "hmapx.h"
#include "ofproto/ofproto-dpif-upcall.h"
#include "ofproto/ofproto-dpif.h"
#include "vswitch-idl.h"

void
sriov_purge_flows(const struct ovsrec_open_vswitch *cfg)
{
    struct hmapx purged = HMAPX_INITIALIZER(&purged);

    for (size_t i = 0; i < cfg->n_bridges; i++) {
        const struct ofproto_dpif *ofproto
            = ofproto_dpif_lookup_by_name(cfg->bridges[i]->name);

        /* All bridges of a kind have one datapath. */
        if (ofproto && hmapx_add(&purged, ofproto->backer)) {
            udpif_flush(ofproto->backer->udpif);
        }
    }
    hmapx_destroy(&purged);
}

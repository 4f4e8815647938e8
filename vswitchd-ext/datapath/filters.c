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
#include "datapath/filters.h"

#include <linux/rtnetlink.h>

#include "netlink-socket.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/types.h"
#include "openvswitch/vlog.h"
#include "tc.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(sriov_filters);

/* Returns true if 'reply', one of a dump of filters, is one that Open vSwitch
 * made for a flow, and then makes '*id', which has been the dump's, the
 * filter's. */
static bool
is_of_flow(struct ofpbuf *reply, struct tcf_id *id)
{
    const struct tcmsg *tcm;
    struct tc_flower flower;

    if (parse_netlink_to_tc_flower(reply, id, &flower, true)
        || flower.act_cookie.len != sizeof(ovs_u128)) {
        return false;
    }
    tcm = ofpbuf_at_assert(reply, NLMSG_HDRLEN, sizeof *tcm);
    if (tcm->tcm_ifindex == TCM_IFINDEX_MAGIC_BLOCK) {
        id->block_id = tcm->tcm_block_index;
    }
    return true;
}

void
sriov_filters_forget(const char *name, int ifindex)
{
    struct tcf_id id = tc_make_tcf_id(ifindex, 0, 0, TC_INGRESS);
    struct ofpbuf buffer, reply, ids;
    struct nl_dump dump;

    ofpbuf_init(&ids, 0);
    ofpbuf_init(&buffer, 4096);
    tc_dump_flower_start(&id, &dump, true);
    while (nl_dump_next(&dump, &reply, &buffer)) {
        struct tcf_id filter = id;

        if (is_of_flow(&reply, &filter)) {
            ofpbuf_put(&ids, &filter, sizeof filter);
        }
    }
    nl_dump_done(&dump);
    ofpbuf_uninit(&buffer);

    if (ids.size) {
        VLOG_INFO("%s: taking away %"PRIuSIZE" filters of flows that an "
                  "earlier ovs-vswitchd left there",
                  name, ids.size / sizeof id);
    }
    while (ids.size) {
        tc_del_flower_filter(ofpbuf_pull(&ids, sizeof id));
    }
    ofpbuf_uninit(&ids);
}

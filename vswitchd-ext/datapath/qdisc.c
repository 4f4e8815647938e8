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

#include "qdisc.h"

#include <errno.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "netlink.h"
#include "openvswitch/ofpbuf.h"
#include "ovs-atomic.h"
#include "util.h"

/* Has the device a qdisc for 'hook', and is it another one than Open vSwitch
 * would add without a block?  "True" for what cannot be found out. */
static bool
has_other(int ifindex, enum tc_qdisc_hook hook)
{
    static const struct nl_policy policy[] = {
        [TCA_KIND] = { .type = NL_A_STRING, .optional = false },
        [TCA_INGRESS_BLOCK] = { .type = NL_A_U32, .optional = true },
        [TCA_EGRESS_BLOCK] = { .type = NL_A_U32, .optional = true },
    };
    struct nlattr *attrs[ARRAY_SIZE(policy)];
    struct ofpbuf request, *reply;
    struct tcmsg *tcmsg;
    bool other = true;
    int error;

    /* The kernel answers with what it tells all that listen. */
    tcmsg = tc_make_request(ifindex, RTM_GETQDISC, NLM_F_ECHO, &request);
    tcmsg->tcm_parent = TC_H_INGRESS;   /* As of clsact. */
    error = tc_transact(&request, &reply);
    if (error) {
        return error != ENOENT && error != EINVAL;
    }
    if (nl_policy_parse(reply, NLMSG_HDRLEN + sizeof *tcmsg, policy, attrs,
                        ARRAY_SIZE(policy))) {
        other = (strcmp(nl_attr_get_string(attrs[TCA_KIND]),
                        hook == TC_EGRESS ? "clsact" : "ingress")
                 || attrs[TCA_INGRESS_BLOCK]
                 || attrs[TCA_EGRESS_BLOCK]);
    }
    ofpbuf_delete(reply);
    return other;
}

void
sriov_qdisc_make_way(int ifindex, uint32_t block_id, enum tc_qdisc_hook hook,
                     bool may_have_filters)
{
    static atomic_flag any = ATOMIC_FLAG_INIT;

    if (!atomic_flag_test_and_set(&any) || block_id || may_have_filters
        || has_other(ifindex, hook)) {
        tc_add_del_qdisc(ifindex, false, 0, hook);
    }
}

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


/* Network devices: rtnetlink for what they are, ethtool's netlink family for
 * whether hw-tc-offload is on.  See netlink.h for where this stands, and
 * in the kernel Documentation/networking/switchdev.rst (switch ids),
 * representors.rst (names) and ethtool-netlink.rst. */

#include <config.h>
#include "inventory/netlink.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/ethtool_netlink.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netlink/genl/genl.h>
#include <netlink/route/link.h>
#include <netlink/route/link/sriov.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/util.h"
#include "openvswitch/vlog.h"
#include "packets.h"
#include "inventory/model.h"
#include "inventory/sysfs.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(sriov_link);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 5);

/* The largest switch id, in bytes, that the kernel has (MAX_PHYS_ITEM_ID_LEN)
 * and that we accept. */
#define MAX_SWITCH_ID_SIZE 32

#define HW_TC_OFFLOAD "hw-tc-offload"

static const struct nla_policy link_policy[IFLA_MAX + 1] = {
    [IFLA_IFNAME] = { .type = NLA_STRING, .maxlen = IFNAMSIZ },
    [IFLA_ADDRESS] = { .type = NLA_UNSPEC },
    [IFLA_MTU] = { .type = NLA_U32 },
    [IFLA_MASTER] = { .type = NLA_U32 },
    [IFLA_LINKINFO] = { .type = NLA_NESTED },
    [IFLA_VFINFO_LIST] = { .type = NLA_NESTED },
    [IFLA_PHYS_SWITCH_ID] = { .type = NLA_UNSPEC,
                              .maxlen = MAX_SWITCH_ID_SIZE },
    [IFLA_PHYS_PORT_NAME] = { .type = NLA_STRING, .maxlen = IFNAMSIZ },
    [IFLA_PARENT_DEV_NAME] = { .type = NLA_STRING, .maxlen = 256 },
    [IFLA_PARENT_DEV_BUS_NAME] = { .type = NLA_STRING, .maxlen = 256 },
};

/* Parses 'nlh' into 'tb', which must have IFLA_MAX + 1 elements.  Returns its
 * header if it is an RTM_NEWLINK or RTM_DELLINK and tells of a network device,
 * rather than of what a device is to a bridge, else NULL. */
static const struct ifinfomsg *
parse_link(struct nlmsghdr *nlh, struct nlattr **tb)
{
    const struct ifinfomsg *ifm = nlmsg_data(nlh);

    return ((nlh->nlmsg_type == RTM_NEWLINK || nlh->nlmsg_type == RTM_DELLINK)
            && nlmsg_valid_hdr(nlh, sizeof *ifm)
            && ifm->ifi_family == AF_UNSPEC && ifm->ifi_index > 0
            && sriov_nl_parse(nlh, sizeof *ifm, link_policy, tb, IFLA_MAX)
            ? ifm : NULL);
}

/* Returns the kind in 'linkinfo' ("bond"), which may be NULL, or NULL.  The
 * kind lives as long as the message does. */
static const char *
link_kind(struct nlattr *linkinfo)
{
    static const struct nla_policy policy[IFLA_INFO_MAX + 1] = {
        [IFLA_INFO_KIND] = { .type = NLA_STRING, .maxlen = 64 },
    };
    struct nlattr *tb[IFLA_INFO_MAX + 1];

    return (linkinfo
            && sriov_nl_parse_nested(linkinfo, policy, tb, IFLA_INFO_MAX)
            && tb[IFLA_INFO_KIND]
            ? nla_get_string(tb[IFLA_INFO_KIND]) : NULL);
}

/* Stores in '*bus' and '*parent' the device that the link 'name' belongs to,
 * or two NULLs if it belongs to none, as virtual ones do.  The caller must
 * free both.  Kernels before 5.14 tell it in sysfs only. */
static void
link_parent(struct nlattr **tb, const char *name, const char *kind,
            char **bus, char **parent)
{
    *bus = *parent = NULL;
    if (sriov_nl_is_name(tb[IFLA_PARENT_DEV_NAME])
        && sriov_nl_is_name(tb[IFLA_PARENT_DEV_BUS_NAME])) {
        *bus = xstrdup(nla_get_string(tb[IFLA_PARENT_DEV_BUS_NAME]));
        *parent = xstrdup(nla_get_string(tb[IFLA_PARENT_DEV_NAME]));
    } else if (!kind) {
        *parent = sriov_sysfs_parent(name, bus);
    }
}

/* Adds the link that 'ifm' and 'tb' tell of to 'model'.  Takes 'bus' and
 * 'parent'. */
static void
add_link(struct sriov_model *model, const struct ifinfomsg *ifm,
         struct nlattr **tb, const char *kind, char *bus, char *parent)
{
    struct sriov_link *link
        = sriov_model_add_link(model, ifm->ifi_index,
                               nla_get_string(tb[IFLA_IFNAME]));
    struct nlattr *id = tb[IFLA_PHYS_SWITCH_ID];

    if (id && nla_len(id) > 0) {
        const uint8_t *bytes = nla_data(id);

        link->switch_id = xmalloc(2 * nla_len(id) + 1);
        for (int i = 0; i < nla_len(id); i++) {
            sprintf(&link->switch_id[2 * i], "%02x", bytes[i]);
        }
    }
    if (tb[IFLA_PHYS_PORT_NAME]) {
        link->port_name = xstrdup(nla_get_string(tb[IFLA_PHYS_PORT_NAME]));
    }
    link->kind = nullable_xstrdup(kind);
    link->parent_bus = bus;
    link->parent = parent;
    link->master = tb[IFLA_MASTER] ? nla_get_u32(tb[IFLA_MASTER]) : 0;
    link->mtu = tb[IFLA_MTU] ? nla_get_u32(tb[IFLA_MTU]) : 0;
    if (tb[IFLA_ADDRESS] && nla_len(tb[IFLA_ADDRESS]) == ETH_ADDR_LEN) {
        memcpy(&link->mac, nla_data(tb[IFLA_ADDRESS]), ETH_ADDR_LEN);
    }
    link->up = (ifm->ifi_flags & IFF_UP) != 0;
    link->carrier = (ifm->ifi_flags & IFF_LOWER_UP) != 0;
}

/* Returns true if a port in 'model', not yet finished, has the link
 * 'ifindex'. */
static bool
has_port(const struct sriov_model *model, int ifindex)
{
    for (size_t i = 0; i < model->n_ports; i++) {
        if (model->ports[i]->ifindex == ifindex) {
            return true;
        }
    }
    return false;
}

/* Adds the link that 'nlh' tells of to the model if it has to do with an
 * eswitch: it has a switch id, or a devlink port names it, or it is a function
 * of a device with an eswitch, as a PF's netdev in legacy mode is.  Bonds and
 * teams may have such members. */
static void
link_reply(struct nlmsghdr *nlh, void *model_)
{
    struct sriov_model *model = model_;
    struct nlattr *tb[IFLA_MAX + 1];
    const struct ifinfomsg *ifm = parse_link(nlh, tb);
    char *bus, *parent;

    if (!ifm) {
        return;
    }

    const char *kind = link_kind(tb[IFLA_LINKINFO]);
    bool keep = (tb[IFLA_PHYS_SWITCH_ID] || sriov_kind_is_bond(kind)
                 || has_port(model, ifm->ifi_index));
    if (!keep && !model->n_devs) {
        return;
    }
    if (!sriov_nl_is_name(tb[IFLA_IFNAME])) {
        VLOG_WARN_RL(&rl, "skipped a network device without a valid name");
        return;
    }

    link_parent(tb, nla_get_string(tb[IFLA_IFNAME]), kind, &bus, &parent);
    if (!keep && parent) {
        const struct sriov_dev *dev = sriov_model_dev(model, bus, parent);

        keep = dev && dev->mode != SRIOV_MODE_NONE;
    }
    if (keep) {
        add_link(model, ifm, tb, kind, bus, parent);
    } else {
        free(bus);
        free(parent);
    }
}

/* Returns a new request for the link 'ifindex', or, if that is 0, for all
 * links, with what 'ext_mask' (RTEXT_FILTER_*) adds. */
static struct nl_msg *
link_request(int ifindex, uint32_t ext_mask)
{
    struct ifinfomsg ifm = { .ifi_family = AF_UNSPEC, .ifi_index = ifindex };
    struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETLINK,
                                            ifindex ? 0 : NLM_F_DUMP);

    if (!msg || nlmsg_append(msg, &ifm, sizeof ifm, NLMSG_ALIGNTO)) {
        out_of_memory();
    }
    nla_put_u32(msg, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS | ext_mask);
    return msg;
}

int
sriov_nl_links_read(const struct sriov_nl *nl, struct sriov_model *model)
{
    int error = sriov_nl_transact(nl->route, link_request(0, 0), link_reply,
                                  model, NULL);

    sriov_model_drop_masters(model);
    return error;
}

bool
sriov_nl_link_event(struct nlmsghdr *nlh, const struct sriov_model *current)
{
    struct nlattr *tb[IFLA_MAX + 1];
    const struct ifinfomsg *ifm = parse_link(nlh, tb);

    return ifm && (tb[IFLA_PHYS_SWITCH_ID] || tb[IFLA_PHYS_PORT_NAME]
                   || (current && sriov_model_link(current, ifm->ifi_index)));
}

/* VFs. */

/* Returns 'setting' of 'nla', a struct ifla_vf_trust or ifla_vf_spoofchk, or
 * -1.  Drivers say "all ones" for what they do not know. */
static int
vf_setting(const struct nlattr *nla)
{
    struct ifla_vf_trust data;

    BUILD_ASSERT_DECL(sizeof data == sizeof(struct ifla_vf_spoofchk));
    if (!nla || nla_len(nla) < (int) sizeof data) {
        return -1;
    }
    memcpy(&data, nla_data(nla), sizeof data);
    return data.setting <= 1 ? data.setting : -1;
}

/* Where VFs go. */
struct vfs_reader {
    void (*func)(const struct sriov_vf *, void *aux);
    void *aux;
};

static void
vfs_reply(struct nlmsghdr *nlh, void *reader_)
{
    static const struct nla_policy policy[IFLA_VF_MAX + 1] = {
        [IFLA_VF_MAC] = { .minlen = sizeof(struct ifla_vf_mac) },
    };
    const struct vfs_reader *reader = reader_;
    struct nlattr *tb[IFLA_MAX + 1], *vtb[IFLA_VF_MAX + 1];
    struct nlattr *list, *nla;
    int rem;

    if (!parse_link(nlh, tb) || !tb[IFLA_VFINFO_LIST]) {
        return;
    }
    list = tb[IFLA_VFINFO_LIST];
    nla_for_each_nested (nla, list, rem) {
        if (nla_type(nla) == IFLA_VF_INFO
            && sriov_nl_parse_nested(nla, policy, vtb, IFLA_VF_MAX)
            && vtb[IFLA_VF_MAC]) {
            struct sriov_vf vf = {
                .trust = vf_setting(vtb[IFLA_VF_TRUST]),
                .spoofchk = vf_setting(vtb[IFLA_VF_SPOOFCHK]),
            };
            struct ifla_vf_mac mac;

            memcpy(&mac, nla_data(vtb[IFLA_VF_MAC]), sizeof mac);
            vf.number = mac.vf;
            memcpy(&vf.mac, mac.mac, sizeof vf.mac);
            reader->func(&vf, reader->aux);
        }
    }
}

int
sriov_nl_vfs_read(const struct sriov_nl *nl, int ifindex,
                  void (*func)(const struct sriov_vf *, void *aux), void *aux)
{
    struct vfs_reader reader = { func, aux };

    return sriov_nl_transact(nl->route, link_request(ifindex, RTEXT_FILTER_VF),
                             vfs_reply, &reader, NULL);
}

/* Setting. */

/* Returns 'object', from libnl, which is NULL if there is no memory. */
static void *
must(void *object)
{
    if (!object) {
        out_of_memory();
    }
    return object;
}

/* Sets what is in 'changes', which is freed, for the link 'ifindex'. */
static int
change_link(const struct sriov_nl *nl, int ifindex, struct rtnl_link *changes,
            char **detail)
{
    struct rtnl_link *link = must(rtnl_link_alloc());
    struct nl_msg *msg;

    rtnl_link_set_ifindex(link, ifindex);
    if (rtnl_link_build_change_request(link, changes, 0, &msg)) {
        out_of_memory();
    }
    rtnl_link_put(link);
    rtnl_link_put(changes);
    return sriov_nl_transact(nl->route, msg, NULL, NULL, detail);
}

int
sriov_nl_link_set(const struct sriov_nl *nl, int ifindex,
                  const struct sriov_link_change *change, char **detail)
{
    struct rtnl_link *changes = must(rtnl_link_alloc());

    if (change->name) {
        rtnl_link_set_name(changes, change->name);
    }
    if (change->mtu) {
        rtnl_link_set_mtu(changes, change->mtu);
    }
    if (change->master) {
        rtnl_link_set_master(changes, change->master);
    }
    if (change->up) {
        rtnl_link_set_flags(changes, IFF_UP);
    } else if (change->down) {
        rtnl_link_unset_flags(changes, IFF_UP);
    }
    return change_link(nl, ifindex, changes, detail);
}

int
sriov_nl_bond_add(const struct sriov_nl *nl, const char *name, int mode,
                  int lacp_rate, int hash, char **detail)
{
    enum { MIIMON = 100 };      /* In ms; without, no failure is noticed. */
    struct ifinfomsg ifm = { .ifi_family = AF_UNSPEC };
    struct nl_msg *msg = must(nlmsg_alloc_simple(RTM_NEWLINK, NLM_F_CREATE
                                                 | NLM_F_EXCL));
    struct nlattr *info, *data;

    nlmsg_append(msg, &ifm, sizeof ifm, NLMSG_ALIGNTO);
    nla_put_string(msg, IFLA_IFNAME, name);
    info = nla_nest_start(msg, IFLA_LINKINFO);
    nla_put_string(msg, IFLA_INFO_KIND, "bond");
    data = nla_nest_start(msg, IFLA_INFO_DATA);
    nla_put_u8(msg, IFLA_BOND_MODE, mode);
    nla_put_u32(msg, IFLA_BOND_MIIMON, MIIMON);
    if (lacp_rate >= 0) {
        nla_put_u8(msg, IFLA_BOND_AD_LACP_RATE, lacp_rate);
    }
    if (hash >= 0) {
        nla_put_u8(msg, IFLA_BOND_XMIT_HASH_POLICY, hash);
    }
    nla_nest_end(msg, data);
    nla_nest_end(msg, info);
    return sriov_nl_transact(nl->route, msg, NULL, NULL, detail);
}

int
sriov_nl_vf_set(const struct sriov_nl *nl, int ifindex,
                const struct sriov_vf *vf, char **detail)
{
    struct rtnl_link *changes = must(rtnl_link_alloc());
    struct rtnl_link_vf *data = must(rtnl_link_vf_alloc());
    struct nl_addr *mac = must(nl_addr_build(AF_LLC, &vf->mac,
                                             sizeof vf->mac));
    int error;

    rtnl_link_vf_set_index(data, vf->number);
    if (!eth_addr_is_zero(vf->mac)) {
        rtnl_link_vf_set_addr(data, mac);
    }
    if (vf->trust >= 0) {
        rtnl_link_vf_set_trust(data, vf->trust);
    }
    if (vf->spoofchk >= 0) {
        rtnl_link_vf_set_spoofchk(data, vf->spoofchk);
    }
    if (rtnl_link_vf_add(changes, data)) {
        out_of_memory();
    }
    error = change_link(nl, ifindex, changes, detail);
    /* libnl 3.7 counts the caller's references beside those of 'changes'. */
    rtnl_link_vf_put(data);
    nl_addr_put(mac);
    return error;
}

/* Features. */

/* What is to be known of a link's feature hw-tc-offload. */
struct hw_tc {
    bool known;
    bool on;
    bool can;                   /* The driver has it. */
};

/* Stores in '*on' whether hw-tc-offload is on in the set of features 'nest',
 * which may be NULL.  Returns false if there is no set. */
static bool
get_feature(struct nlattr *nest, bool *on)
{
    struct nlattr *bits = sriov_nl_find(nest, ETHTOOL_A_BITSET_BITS);
    /* Either all that is there is on, or what has a flag. */
    bool is_list = sriov_nl_find(nest, ETHTOOL_A_BITSET_NOMASK);
    struct nlattr *bit;
    int rem;

    if (!bits) {
        return false;
    }
    *on = false;
    nla_for_each_nested (bit, bits, rem) {
        struct nlattr *name = sriov_nl_find(bit, ETHTOOL_A_BITSET_BIT_NAME);

        if (name && !nla_strcmp(name, HW_TC_OFFLOAD)) {
            *on = is_list || sriov_nl_find(bit, ETHTOOL_A_BITSET_BIT_VALUE);
        }
    }
    return true;
}

/* Takes from the sets of features what they say about hw-tc-offload. */
static void
features_reply(struct nlmsghdr *nlh, void *hw_tc_)
{
    struct hw_tc *hw_tc = hw_tc_;

    if (genlmsg_valid_hdr(nlh, 0)) {
        hw_tc->known = get_feature(nlmsg_find_attr(nlh, GENL_HDRLEN,
                                                   ETHTOOL_A_FEATURES_ACTIVE),
                                   &hw_tc->on);
        get_feature(nlmsg_find_attr(nlh, GENL_HDRLEN, ETHTOOL_A_FEATURES_HW),
                    &hw_tc->can);
    }
}

/* Returns a new request 'cmd' about the features of the link 'ifindex'. */
static struct nl_msg *
features_request(const struct sriov_nl *nl, uint8_t cmd, int ifindex)
{
    struct nl_msg *msg = sriov_nl_genl_request(nl->ethtool, cmd, 0);
    struct nlattr *nest = nla_nest_start(msg, ETHTOOL_A_FEATURES_HEADER);

    nla_put_u32(msg, ETHTOOL_A_HEADER_DEV_INDEX, ifindex);
    nla_nest_end(msg, nest);
    return msg;
}

static int
read_hw_tc(const struct sriov_nl *nl, int ifindex, struct hw_tc *hw_tc)
{
    hw_tc->known = hw_tc->on = false;
    hw_tc->can = true;          /* Unless it says otherwise. */
    return sriov_nl_transact(
        nl->genl, features_request(nl, ETHTOOL_MSG_FEATURES_GET, ifindex),
        features_reply, hw_tc, NULL);
}

int
sriov_nl_features_read(const struct sriov_nl *nl, struct sriov_model *model)
{
    for (size_t i = 0; nl->ethtool && i < model->n_links; i++) {
        struct sriov_link *link = model->links[i];

        if (!sriov_kind_is_bond(link->kind)) {
            struct hw_tc hw_tc;
            int error = read_hw_tc(nl, link->ifindex, &hw_tc);

            if (sriov_nl_is_transient(error)) {
                return error;
            }
            link->has_hw_tc = hw_tc.known;
            link->hw_tc = hw_tc.on;
        }
    }
    return 0;
}

enum sriov_offload
sriov_nl_link_offload(const struct sriov_nl *nl, int ifindex)
{
    struct rtnl_link *link;
    struct hw_tc hw_tc;

    if (rtnl_link_get_kernel(nl->route, ifindex, NULL, &link)) {
        return SRIOV_OFFLOAD_OTHERS;
    }

    const char *kind = rtnl_link_get_type(link);
    bool plain = (!kind || !strcmp(kind, "tun") || !strcmp(kind, "veth")
                  || !strcmp(kind, "dummy"));

    rtnl_link_put(link);
    if (!plain || !nl->ethtool || read_hw_tc(nl, ifindex, &hw_tc)) {
        return SRIOV_OFFLOAD_OTHERS;
    }
    return hw_tc.can || hw_tc.on ? SRIOV_OFFLOAD_OWN : SRIOV_OFFLOAD_NONE;
}

int
sriov_nl_link_set_hw_tc(const struct sriov_nl *nl, int ifindex, char **detail)
{
    *detail = NULL;
    if (!nl->ethtool) {
        return EOPNOTSUPP;
    }

    struct nl_msg *msg = features_request(nl, ETHTOOL_MSG_FEATURES_SET,
                                          ifindex);
    struct nlattr *wanted = nla_nest_start(msg, ETHTOOL_A_FEATURES_WANTED);
    struct nlattr *bits = nla_nest_start(msg, ETHTOOL_A_BITSET_BITS);
    struct nlattr *bit = nla_nest_start(msg, ETHTOOL_A_BITSET_BITS_BIT);
    struct hw_tc hw_tc;

    nla_put_string(msg, ETHTOOL_A_BITSET_BIT_NAME, HW_TC_OFFLOAD);
    nla_put_flag(msg, ETHTOOL_A_BITSET_BIT_VALUE);
    nla_nest_end(msg, bit);
    nla_nest_end(msg, bits);
    nla_nest_end(msg, wanted);

    int error = sriov_nl_transact(nl->genl, msg, NULL, NULL, detail);
    error = error ? error : read_hw_tc(nl, ifindex, &hw_tc);
    if (!error && !hw_tc.on) {
        *detail = xstrdup("the driver leaves it off");
        error = EOPNOTSUPP;
    }
    return error;
}

/* Policing. */

/* TC_RESERVED_PRIORITY_POLICE of Open vSwitch's lib/tc.h. */
#define POLICER_PRIO 1

struct policer {
    bool found, in_hw;
};

static void
policer_reply(struct nlmsghdr *nlh, void *policer_)
{
    struct policer *policer = policer_;
    const struct tcmsg *tcm = nlmsg_data(nlh);
    struct nlattr *kind, *options, *flags;

    if (nlh->nlmsg_type != RTM_NEWTFILTER
        || !nlmsg_valid_hdr(nlh, sizeof *tcm)
        || tcm->tcm_info >> 16 != POLICER_PRIO) {
        return;
    }
    kind = nlmsg_find_attr(nlh, sizeof *tcm, TCA_KIND);
    options = nlmsg_find_attr(nlh, sizeof *tcm, TCA_OPTIONS);
    if (!kind || !options) {
        return;                 /* It is not about a single filter. */
    }
    flags = (nla_strcmp(kind, "matchall") ? NULL
             : nla_find(nla_data(options), nla_len(options),
                        TCA_MATCHALL_FLAGS));
    policer->found = true;
    policer->in_hw = (flags && nla_len(flags) >= sizeof(uint32_t)
                      && nla_get_u32(flags) & TCA_CLS_FLAGS_IN_HW);
}

int
sriov_nl_policer_read(const struct sriov_nl *nl, int ifindex, bool *in_hw)
{
    struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETTFILTER, NLM_F_DUMP);
    struct tcmsg tcm = {
        .tcm_family = AF_UNSPEC,
        .tcm_ifindex = ifindex,
        .tcm_parent = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS),
        .tcm_info = TC_H_MAKE(POLICER_PRIO << 16, 0),
    };
    struct policer policer = { .found = false };
    int error;

    if (!msg || nlmsg_append(msg, &tcm, sizeof tcm, NLMSG_ALIGNTO)) {
        nlmsg_free(msg);
        return ENOMEM;
    }
    error = sriov_nl_transact(nl->route, msg, policer_reply, &policer, NULL);
    *in_hw = policer.in_hw;
    return error ? error : policer.found ? 0 : ENOENT;
}

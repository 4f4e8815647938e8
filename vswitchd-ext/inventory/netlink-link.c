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
#include <linux/genetlink.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/genl/genl.h>
#include <netlink/route/link.h>
#include <netlink/route/link/sriov.h>
#include <stdlib.h>
#include <string.h>

#include "hmapx.h"
#include "openvswitch/util.h"
#include "openvswitch/vlog.h"
#include "packets.h"
#include "inventory/model.h"
#include "inventory/sysfs.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(sriov_link);

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

/* What reading the links takes along. */
struct links_reader {
    struct sriov_model *model;
    struct hmapx ifindexes;     /* Of devlink ports, as pointers. */
};

static void *
ifindex_to_ptr(int ifindex)
{
    return (void *) (uintptr_t) ifindex;
}

/* Parses 'nlh', an RTM_NEWLINK or RTM_DELLINK, into 'tb', which must have
 * IFLA_MAX + 1 elements.  Returns true if it tells of a network device, rather
 * than of what a device is to a bridge.  */
static bool
parse_link(struct nlmsghdr *nlh, struct nlattr **tb)
{
    const struct ifinfomsg *ifm;

    if (!nlmsg_valid_hdr(nlh, sizeof *ifm)) {
        return false;
    }
    ifm = nlmsg_data(nlh);
    return (ifm->ifi_family == AF_UNSPEC && ifm->ifi_index > 0
            && sriov_nl_parse(nlh, sizeof *ifm, link_policy, tb, IFLA_MAX));
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

/* Returns true for a 'kind', which may be NULL, whose members can be uplinks
 * that it makes one of. */
static bool
kind_is_bond(const char *kind)
{
    return kind && (!strcmp(kind, "bond") || !strcmp(kind, "team"));
}

/* Stores in '*bus' and '*parent' the device that the link 'name' belongs to,
 * or two NULLs if it belongs to none, as virtual ones do.  The caller must
 * free both.  Kernels before 5.14 tell it in sysfs only. */
static void
link_parent(struct nlattr **tb, const char *name, const char *kind,
            char **bus, char **parent)
{
    *bus = *parent = NULL;
    if (tb[IFLA_PARENT_DEV_NAME] && tb[IFLA_PARENT_DEV_BUS_NAME]
        && sriov_name_is_valid(nla_get_string(tb[IFLA_PARENT_DEV_NAME]))
        && sriov_name_is_valid(
            nla_get_string(tb[IFLA_PARENT_DEV_BUS_NAME]))) {
        *bus = xstrdup(nla_get_string(tb[IFLA_PARENT_DEV_BUS_NAME]));
        *parent = xstrdup(nla_get_string(tb[IFLA_PARENT_DEV_NAME]));
    } else if (!kind) {
        *parent = sriov_sysfs_parent(name, bus);
    }
}

/* Adds the link that 'nlh' and 'tb' tell of to 'model'.  Takes 'bus' and
 * 'parent'. */
static void
add_link(struct sriov_model *model, struct nlmsghdr *nlh, struct nlattr **tb,
         const char *kind, char *bus, char *parent)
{
    const struct ifinfomsg *ifm = nlmsg_data(nlh);
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

/* Returns true if 'tb' has a name that can be used. */
static bool
has_valid_name(struct nlattr **tb)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 5);

    if (tb[IFLA_IFNAME]
        && sriov_name_is_valid(nla_get_string(tb[IFLA_IFNAME]))) {
        return true;
    }
    VLOG_WARN_RL(&rl, "skipped a network device without a valid name");
    return false;
}

/* Adds the link that 'nlh' tells of to the model if it has to do with an
 * eswitch: it has a switch id, or a devlink port names it, or it is a function
 * of a device with an eswitch, as a PF's netdev in legacy mode is.  Bonds and
 * teams may have such members. */
static void
link_reply(struct nlmsghdr *nlh, void *reader_)
{
    const struct links_reader *reader = reader_;
    struct nlattr *tb[IFLA_MAX + 1];
    char *bus, *parent;

    if (nlh->nlmsg_type != RTM_NEWLINK || !parse_link(nlh, tb)) {
        return;
    }

    const struct ifinfomsg *ifm = nlmsg_data(nlh);
    const char *kind = link_kind(tb[IFLA_LINKINFO]);
    bool keep = (tb[IFLA_PHYS_SWITCH_ID] || kind_is_bond(kind)
                 || hmapx_contains(&reader->ifindexes,
                                   ifindex_to_ptr(ifm->ifi_index)));
    if ((!keep && !reader->model->n_devs) || !has_valid_name(tb)) {
        return;
    }

    link_parent(tb, nla_get_string(tb[IFLA_IFNAME]), kind, &bus, &parent);
    if (!keep && parent) {
        const struct sriov_dev *dev = sriov_model_dev(reader->model, bus,
                                                      parent);

        keep = dev && dev->mode != SRIOV_MODE_NONE;
    }
    if (keep) {
        add_link(reader->model, nlh, tb, kind, bus, parent);
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

/* Takes out of 'model' the bonds and teams without a member there. */
static void
drop_masters(struct sriov_model *model)
{
    struct hmapx masters = HMAPX_INITIALIZER(&masters);

    for (size_t i = 0; i < model->n_links; i++) {
        if (!kind_is_bond(model->links[i]->kind)) {
            hmapx_add(&masters, ifindex_to_ptr(model->links[i]->master));
        }
    }
    for (size_t i = 0; i < model->n_links; ) {
        const struct sriov_link *link = model->links[i];

        if (kind_is_bond(link->kind)
            && !hmapx_contains(&masters, ifindex_to_ptr(link->ifindex))) {
            sriov_model_remove_link(model, i);
        } else {
            i++;
        }
    }
    hmapx_destroy(&masters);
}

int
sriov_nl_links_read(struct nl_sock *route, struct sriov_model *model)
{
    struct links_reader reader = {
        .model = model, .ifindexes = HMAPX_INITIALIZER(&reader.ifindexes)
    };
    int error;

    for (size_t i = 0; i < model->n_ports; i++) {
        hmapx_add(&reader.ifindexes,
                  ifindex_to_ptr(model->ports[i]->ifindex));
    }
    error = sriov_nl_transact(route, link_request(0, 0), link_reply, &reader,
                              NULL);
    hmapx_destroy(&reader.ifindexes);
    drop_masters(model);
    return error;
}

bool
sriov_nl_link_event(struct nlmsghdr *nlh, const struct sriov_model *current)
{
    struct nlattr *tb[IFLA_MAX + 1];

    if ((nlh->nlmsg_type != RTM_NEWLINK && nlh->nlmsg_type != RTM_DELLINK)
        || !parse_link(nlh, tb)) {
        return false;
    }

    const struct ifinfomsg *ifm = nlmsg_data(nlh);
    return (tb[IFLA_PHYS_SWITCH_ID] || tb[IFLA_PHYS_PORT_NAME]
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

    if (nlh->nlmsg_type != RTM_NEWLINK || !parse_link(nlh, tb)
        || !tb[IFLA_VFINFO_LIST]) {
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
sriov_nl_vfs_read(struct nl_sock *route, int ifindex,
                  void (*func)(const struct sriov_vf *, void *aux), void *aux)
{
    struct vfs_reader reader = { func, aux };

    return sriov_nl_transact(route, link_request(ifindex, RTEXT_FILTER_VF),
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
change_link(struct nl_sock *route, int ifindex, struct rtnl_link *changes,
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
    return sriov_nl_transact(route, msg, NULL, NULL, detail);
}

int
sriov_nl_link_set(struct nl_sock *route, int ifindex,
                  const struct sriov_link_change *change, char **detail)
{
    struct rtnl_link *changes = must(rtnl_link_alloc());

    if (change->name) {
        rtnl_link_set_name(changes, change->name);
    }
    if (change->mtu) {
        rtnl_link_set_mtu(changes, change->mtu);
    }
    if (change->up) {
        rtnl_link_set_flags(changes, IFF_UP);
    } else if (change->down) {
        rtnl_link_unset_flags(changes, IFF_UP);
    }
    return change_link(route, ifindex, changes, detail);
}

int
sriov_nl_vf_set(struct nl_sock *route, int ifindex, const struct sriov_vf *vf,
                char **detail)
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
    error = change_link(route, ifindex, changes, detail);
    /* libnl 3.7 counts the caller's references beside those of 'changes'. */
    rtnl_link_vf_put(data);
    nl_addr_put(mac);
    return error;
}

/* Features. */

/* What is to be known of a link's feature hw-tc-offload. */
struct hw_tc {
    uint32_t index;             /* Of the bit in a bitset of features. */
    bool known;
    bool on;
    bool can;                   /* The driver has it. */
};

/* Returns attribute 'type' in 'nest', which may be NULL, or NULL. */
static struct nlattr *
find(struct nlattr *nest, int type)
{
    return nest ? nla_find(nla_data(nest), nla_len(nest), type) : NULL;
}

/* Returns attribute 'type' of 'nlh', an answer of ethtool's, or NULL. */
static struct nlattr *
find_top(struct nlmsghdr *nlh, int type)
{
    return (genlmsg_valid_hdr(nlh, 0)
            ? nlmsg_find_attr(nlh, GENL_HDRLEN, type) : NULL);
}

/* Looks for the index of hw-tc-offload among the names of the features. */
static void
names_reply(struct nlmsghdr *nlh, void *index_)
{
    /* One set was asked for. */
    struct nlattr *set = find(find_top(nlh, ETHTOOL_A_STRSET_STRINGSETS),
                              ETHTOOL_A_STRINGSETS_STRINGSET);
    struct nlattr *strings = find(set, ETHTOOL_A_STRINGSET_STRINGS);
    int64_t *index = index_;
    struct nlattr *nla;
    int rem;

    if (!strings) {
        return;
    }
    nla_for_each_nested (nla, strings, rem) {
        struct nlattr *number = find(nla, ETHTOOL_A_STRING_INDEX);
        struct nlattr *name = find(nla, ETHTOOL_A_STRING_VALUE);

        if (number && nla_len(number) >= (int) sizeof(uint32_t)
            && name && !nla_strcmp(name, HW_TC_OFFLOAD)) {
            *index = nla_get_u32(number);
        }
    }
}

/* Stores in '*on' whether the bit 'index' is in the set of features 'nest',
 * which may be NULL.  Returns false if it does not say. */
static bool
get_feature(struct nlattr *nest, uint32_t index, bool *on)
{
    struct nlattr *value = find(nest, ETHTOOL_A_BITSET_VALUE);

    if (!value || index / 32 >= nla_len(value) / sizeof(uint32_t)) {
        return false;
    }

    const uint32_t *words = nla_data(value);
    *on = (words[index / 32] >> index % 32) & 1;
    return true;
}

/* Takes from the sets of features what they say about hw-tc-offload. */
static void
features_reply(struct nlmsghdr *nlh, void *hw_tc_)
{
    struct hw_tc *hw_tc = hw_tc_;

    hw_tc->known = get_feature(find_top(nlh, ETHTOOL_A_FEATURES_ACTIVE),
                               hw_tc->index, &hw_tc->on);
    get_feature(find_top(nlh, ETHTOOL_A_FEATURES_HW), hw_tc->index,
                &hw_tc->can);
}

/* Returns a new request 'cmd', with 'flags' (ETHTOOL_FLAG_*), about the link
 * 'ifindex', or about none if that is 0.  (The header is attribute 1 of all
 * requests, and must not be empty.) */
static struct nl_msg *
ethtool_request(int family, uint8_t cmd, int ifindex, uint32_t flags)
{
    struct nl_msg *msg = sriov_nl_genl_request(family, cmd, 0);
    struct nlattr *nest = nla_nest_start(msg, (ETHTOOL_A_FEATURES_HEADER
                                               | NLA_F_NESTED));

    if (ifindex) {
        nla_put_u32(msg, ETHTOOL_A_HEADER_DEV_INDEX, ifindex);
    }
    nla_put_u32(msg, ETHTOOL_A_HEADER_FLAGS, flags);
    nla_nest_end(msg, nest);
    return msg;
}

/* Prepares '*hw_tc' for read_hw_tc().  Returns 0, or an error, such as
 * EOPNOTSUPP if the kernel has no hw-tc-offload. */
static int
init_hw_tc(struct nl_sock *genl, int family, struct hw_tc *hw_tc)
{
    struct nl_msg *msg = ethtool_request(family, ETHTOOL_MSG_STRSET_GET, 0, 0);
    struct nlattr *sets = nla_nest_start(msg, (ETHTOOL_A_STRSET_STRINGSETS
                                               | NLA_F_NESTED));
    struct nlattr *set = nla_nest_start(msg, (ETHTOOL_A_STRINGSETS_STRINGSET
                                              | NLA_F_NESTED));
    int64_t index = -1;
    int error;

    nla_put_u32(msg, ETHTOOL_A_STRINGSET_ID, ETH_SS_FEATURES);
    nla_nest_end(msg, set);
    nla_nest_end(msg, sets);
    error = sriov_nl_transact(genl, msg, names_reply, &index, NULL);
    hw_tc->index = index;
    return error ? error : index < 0 ? EOPNOTSUPP : 0;
}

static int
read_hw_tc(struct nl_sock *genl, int family, int ifindex, struct hw_tc *hw_tc)
{
    hw_tc->known = hw_tc->on = false;
    hw_tc->can = true;          /* Unless it says otherwise. */
    return sriov_nl_transact(
        genl, ethtool_request(family, ETHTOOL_MSG_FEATURES_GET, ifindex,
                              ETHTOOL_FLAG_COMPACT_BITSETS),
        features_reply, hw_tc, NULL);
}

int
sriov_nl_features_read(struct nl_sock *genl, int ethtool,
                       struct sriov_model *model)
{
    struct hw_tc hw_tc;
    int error;

    if (!model->n_links) {
        return 0;
    }
    error = init_hw_tc(genl, ethtool, &hw_tc);
    for (size_t i = 0; i < model->n_links && !error; i++) {
        struct sriov_link *link = model->links[i];

        if (!kind_is_bond(link->kind)) {
            error = read_hw_tc(genl, ethtool, link->ifindex, &hw_tc);
            error = sriov_nl_is_transient(error) ? error : 0;
            link->has_hw_tc = hw_tc.known;
            link->hw_tc = hw_tc.on;
        }
    }
    return sriov_nl_is_transient(error) ? error : 0;
}

/* Stores in '*plain' whether the link that 'nlh' tells of is of a kind that is
 * offloaded by its own driver only. */
static void
plain_reply(struct nlmsghdr *nlh, void *plain_)
{
    struct nlattr *tb[IFLA_MAX + 1];
    bool *plain = plain_;

    if (nlh->nlmsg_type == RTM_NEWLINK && parse_link(nlh, tb)) {
        const char *kind = link_kind(tb[IFLA_LINKINFO]);

        *plain = (!kind || !strcmp(kind, "tun") || !strcmp(kind, "veth")
                  || !strcmp(kind, "dummy"));
    }
}

enum sriov_offload
sriov_nl_link_offload(struct nl_sock *route, struct nl_sock *genl,
                      int ethtool, int ifindex)
{
    bool plain = false;
    struct hw_tc hw_tc;

    if (sriov_nl_transact(route, link_request(ifindex, 0), plain_reply,
                          &plain, NULL)
        || !plain
        || init_hw_tc(genl, ethtool, &hw_tc)
        || read_hw_tc(genl, ethtool, ifindex, &hw_tc)) {
        return SRIOV_OFFLOAD_OTHERS;
    }
    return hw_tc.can || hw_tc.on ? SRIOV_OFFLOAD_OWN : SRIOV_OFFLOAD_NONE;
}

int
sriov_nl_link_set_hw_tc(struct nl_sock *genl, int ethtool, int ifindex,
                        char **detail)
{
    struct nl_msg *msg = ethtool_request(ethtool, ETHTOOL_MSG_FEATURES_SET,
                                         ifindex, 0);
    struct nlattr *wanted = nla_nest_start(msg, (ETHTOOL_A_FEATURES_WANTED
                                                 | NLA_F_NESTED));
    struct nlattr *bits = nla_nest_start(msg, (ETHTOOL_A_BITSET_BITS
                                               | NLA_F_NESTED));
    struct nlattr *bit = nla_nest_start(msg, (ETHTOOL_A_BITSET_BITS_BIT
                                              | NLA_F_NESTED));
    struct hw_tc hw_tc;
    int error;

    nla_put_string(msg, ETHTOOL_A_BITSET_BIT_NAME, HW_TC_OFFLOAD);
    nla_put_flag(msg, ETHTOOL_A_BITSET_BIT_VALUE);
    nla_nest_end(msg, bit);
    nla_nest_end(msg, bits);
    nla_nest_end(msg, wanted);
    error = sriov_nl_transact(genl, msg, NULL, NULL, detail);
    if (!error) {
        error = init_hw_tc(genl, ethtool, &hw_tc);
    }
    if (!error) {
        error = read_hw_tc(genl, ethtool, ifindex, &hw_tc);
        if (!error && !hw_tc.on) {
            *detail = xstrdup("the driver leaves it off");
            error = EOPNOTSUPP;
        }
    }
    return error;
}

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
#include <stdlib.h>
#include <string.h>

#include "openvswitch/util.h"
#include "openvswitch/vlog.h"
#include "packets.h"
#include "inventory/model.h"
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
    [IFLA_PHYS_SWITCH_ID] = { .type = NLA_UNSPEC,
                              .maxlen = MAX_SWITCH_ID_SIZE },
    [IFLA_PHYS_PORT_NAME] = { .type = NLA_STRING, .maxlen = IFNAMSIZ },
    [IFLA_PARENT_DEV_NAME] = { .type = NLA_STRING, .maxlen = 256 },
    [IFLA_PARENT_DEV_BUS_NAME] = { .type = NLA_STRING, .maxlen = 256 },
};

/* What reading the links takes along. */
struct links_reader {
    struct sriov_model *model;
    int *ifindexes;             /* Of devlink ports, sorted. */
    size_t n_ifindexes;
};

static int
compare_ints(const void *a_, const void *b_)
{
    const int *a = a_;
    const int *b = b_;

    return *a < *b ? -1 : *a > *b;
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
        && sriov_nl_name_is_valid(nla_get_string(tb[IFLA_PARENT_DEV_NAME]))
        && sriov_nl_name_is_valid(
            nla_get_string(tb[IFLA_PARENT_DEV_BUS_NAME]))) {
        *bus = xstrdup(nla_get_string(tb[IFLA_PARENT_DEV_BUS_NAME]));
        *parent = xstrdup(nla_get_string(tb[IFLA_PARENT_DEV_NAME]));
    } else if (!kind) {
        char *path = xasprintf("/sys/class/net/%s/device", name);
        char *subsystem = xasprintf("%s/subsystem", path);

        *parent = sriov_nl_link_target(path);
        *bus = *parent ? sriov_nl_link_target(subsystem) : NULL;
        if (!*bus) {
            free(*parent);
            *parent = NULL;
        }
        free(subsystem);
        free(path);
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
        && sriov_nl_name_is_valid(nla_get_string(tb[IFLA_IFNAME]))) {
        return true;
    }
    VLOG_WARN_RL(&rl, "skipped a network device without a valid name");
    return false;
}

/* Adds the link that 'nlh' tells of to the model if it has to do with an
 * eswitch: it has a switch id, or a devlink port names it, or it is a function
 * of a device with an eswitch, as a PF's netdev in legacy mode is. */
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
    bool keep = (tb[IFLA_PHYS_SWITCH_ID]
                 || (reader->n_ifindexes
                     && bsearch(&ifm->ifi_index, reader->ifindexes,
                                reader->n_ifindexes, sizeof(int),
                                compare_ints)));
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

/* Adds the link that 'nlh' tells of to the model if it is a bond or a team. */
static void
master_reply(struct nlmsghdr *nlh, void *model)
{
    struct nlattr *tb[IFLA_MAX + 1];

    if (nlh->nlmsg_type == RTM_NEWLINK && parse_link(nlh, tb)
        && has_valid_name(tb)) {
        const char *kind = link_kind(tb[IFLA_LINKINFO]);

        if (kind_is_bond(kind)) {
            add_link(model, nlh, tb, kind, NULL, NULL);
        }
    }
}

/* Returns a new request 'type' about the link 'ifindex', or, if that is 0,
 * about all links, with 'up' to set it up. */
static struct nl_msg *
link_request(int type, int ifindex, bool up)
{
    const struct ifinfomsg ifm = {
        .ifi_family = AF_UNSPEC,
        .ifi_index = ifindex,
        .ifi_flags = up ? IFF_UP : 0,
        .ifi_change = up ? IFF_UP : 0,
    };
    struct nl_msg *msg = nlmsg_alloc_simple(type, ifindex ? 0 : NLM_F_DUMP);

    if (!msg || nlmsg_append(msg, CONST_CAST(struct ifinfomsg *, &ifm),
                             sizeof ifm, NLMSG_ALIGNTO)) {
        out_of_memory();
    }
    if (type == RTM_GETLINK) {
        nla_put_u32(msg, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
    }
    return msg;
}

/* Adds the bonds and teams that links of 'model' are members of. */
static int
read_masters(struct nl_sock *route, struct sriov_model *model)
{
    size_t n_members = model->n_links;
    size_t n_masters = 0;
    int *masters = xmalloc(n_members * sizeof *masters);
    int error = 0;

    for (size_t i = 0; i < n_members; i++) {
        if (model->links[i]->master) {
            masters[n_masters++] = model->links[i]->master;
        }
    }
    qsort(masters, n_masters, sizeof *masters, compare_ints);
    for (size_t i = 0; i < n_masters && !error; i++) {
        if (!i || masters[i] != masters[i - 1]) {
            error = sriov_nl_transact(
                route, link_request(RTM_GETLINK, masters[i], false),
                master_reply, model, NULL);

            /* If it is gone, then an event will follow. */
            error = sriov_nl_is_transient(error) ? error : 0;
        }
    }
    free(masters);
    return error;
}

/* Adds to 'model', which has the devices and ports that devlink knows, those
 * network devices that have to do with an eswitch.  Returns 0 or an error,
 * with which 'model' is incomplete. */
int
sriov_nl_links_read(struct nl_sock *route, struct sriov_model *model)
{
    struct links_reader reader = {
        .model = model,
        .ifindexes = xmalloc(model->n_ports * sizeof *reader.ifindexes),
    };
    int error;

    for (size_t i = 0; i < model->n_ports; i++) {
        if (model->ports[i]->ifindex) {
            reader.ifindexes[reader.n_ifindexes++] = model->ports[i]->ifindex;
        }
    }
    qsort(reader.ifindexes, reader.n_ifindexes, sizeof *reader.ifindexes,
          compare_ints);

    error = sriov_nl_transact(route, link_request(RTM_GETLINK, 0, false),
                              link_reply, &reader, NULL);
    free(reader.ifindexes);
    return error ? error : read_masters(route, model);
}

/* Returns true if 'nlh', from RTNLGRP_LINK, can make a difference to what
 * sriov_nl_links_read() reads: it is about a link in 'current', which may be
 * NULL, or about one that has to do with a switch. */
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

/* Sets the link 'ifindex' up.  Returns 0 or an error, with '*detail' as
 * sriov_nl_transact() has it. */
int
sriov_nl_link_set_up(struct nl_sock *route, int ifindex, char **detail)
{
    return sriov_nl_transact(route, link_request(RTM_NEWLINK, ifindex, true),
                             NULL, NULL, detail);
}

/* Features. */

/* What is to be known of a link's feature hw-tc-offload. */
struct hw_tc {
    uint32_t index;             /* Of the bit in a bitset of features. */
    bool known;
    bool on;
    bool can;                   /* The driver has it. */
};

/* Looks for the index of hw-tc-offload among the names of the features. */
static void
names_reply(struct nlmsghdr *nlh, void *index_)
{
    static const struct nla_policy strset[ETHTOOL_A_STRSET_MAX + 1] = {
        [ETHTOOL_A_STRSET_STRINGSETS] = { .type = NLA_NESTED },
    };
    static const struct nla_policy set[ETHTOOL_A_STRINGSET_MAX + 1] = {
        [ETHTOOL_A_STRINGSET_STRINGS] = { .type = NLA_NESTED },
    };
    static const struct nla_policy string[ETHTOOL_A_STRING_MAX + 1] = {
        [ETHTOOL_A_STRING_INDEX] = { .type = NLA_U32 },
        [ETHTOOL_A_STRING_VALUE] = { .type = NLA_STRING },
    };
    struct nlattr *ctb[ETHTOOL_A_STRSET_MAX + 1];
    struct nlattr *stb[ETHTOOL_A_STRINGSET_MAX + 1];
    struct nlattr *tb[ETHTOOL_A_STRING_MAX + 1];
    struct nlattr *sets, *nla;
    int64_t *index = index_;
    int rem;

    if (!genlmsg_valid_hdr(nlh, 0)
        || !sriov_nl_parse(nlh, GENL_HDRLEN, strset, ctb, ETHTOOL_A_STRSET_MAX)
        || !ctb[ETHTOOL_A_STRSET_STRINGSETS]) {
        return;
    }

    /* One set was asked for, so it is the first one. */
    sets = ctb[ETHTOOL_A_STRSET_STRINGSETS];
    nla = nla_data(sets);
    if (!nla_ok(nla, nla_len(sets))
        || !sriov_nl_parse_nested(nla, set, stb, ETHTOOL_A_STRINGSET_MAX)
        || !stb[ETHTOOL_A_STRINGSET_STRINGS]) {
        return;
    }
    nla_for_each_nested (nla, stb[ETHTOOL_A_STRINGSET_STRINGS], rem) {
        if (sriov_nl_parse_nested(nla, string, tb, ETHTOOL_A_STRING_MAX)
            && tb[ETHTOOL_A_STRING_INDEX] && tb[ETHTOOL_A_STRING_VALUE]
            && !strcmp(nla_get_string(tb[ETHTOOL_A_STRING_VALUE]),
                       HW_TC_OFFLOAD)) {
            *index = nla_get_u32(tb[ETHTOOL_A_STRING_INDEX]);
        }
    }
}

/* Stores in '*on' whether the bit 'index' is in the set of features 'nest',
 * which may be NULL.  Returns false if it does not say. */
static bool
get_feature(struct nlattr *nest, uint32_t index, bool *on)
{
    static const struct nla_policy bitset[ETHTOOL_A_BITSET_MAX + 1] = {
        [ETHTOOL_A_BITSET_VALUE] = { .type = NLA_UNSPEC },
    };
    struct nlattr *tb[ETHTOOL_A_BITSET_MAX + 1];
    struct nlattr *value;

    if (!nest || !sriov_nl_parse_nested(nest, bitset, tb, ETHTOOL_A_BITSET_MAX)
        || !tb[ETHTOOL_A_BITSET_VALUE]) {
        return false;
    }

    value = tb[ETHTOOL_A_BITSET_VALUE];
    if (index / 32 >= nla_len(value) / sizeof(uint32_t)) {
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
    static const struct nla_policy features[ETHTOOL_A_FEATURES_MAX + 1] = {
        [ETHTOOL_A_FEATURES_HW] = { .type = NLA_NESTED },
        [ETHTOOL_A_FEATURES_ACTIVE] = { .type = NLA_NESTED },
    };
    struct nlattr *tb[ETHTOOL_A_FEATURES_MAX + 1];
    struct hw_tc *hw_tc = hw_tc_;

    if (genlmsg_valid_hdr(nlh, 0)
        && sriov_nl_parse(nlh, GENL_HDRLEN, features, tb,
                          ETHTOOL_A_FEATURES_MAX)) {
        hw_tc->known = get_feature(tb[ETHTOOL_A_FEATURES_ACTIVE],
                                   hw_tc->index, &hw_tc->on);
        get_feature(tb[ETHTOOL_A_FEATURES_HW], hw_tc->index, &hw_tc->can);
    }
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

/* Fills in 'has_hw_tc' and 'hw_tc' of the links in 'model', except for bonds
 * and teams.  A link that does not tell is no error.
 *
 * One request per link, since a dump covers all of the host's links. */
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

/* Returns false if TC cannot offload anything that comes in at, or goes out
 * of, the link 'ifindex': its driver has no hw-tc-offload, and it is none of
 * the virtual devices, such as tunnels, bonds and VLANs, that the drivers of
 * others offload for it.  What cannot be found out counts as true. */
bool
sriov_nl_link_may_offload(struct nl_sock *route, struct nl_sock *genl,
                          int ethtool, int ifindex)
{
    bool plain = false;
    struct hw_tc hw_tc;

    return (sriov_nl_transact(route,
                              link_request(RTM_GETLINK, ifindex, false),
                              plain_reply, &plain, NULL)
            || !plain
            || init_hw_tc(genl, ethtool, &hw_tc)
            || read_hw_tc(genl, ethtool, ifindex, &hw_tc)
            || hw_tc.can || hw_tc.on);
}

/* Sets hw-tc-offload of the link 'ifindex' on.  Returns 0 or an error, with
 * '*detail' as sriov_nl_transact() has it.  The kernel calls it success when a
 * driver leaves the feature off; this function does not (EOPNOTSUPP). */
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

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

/* Feeds sriov-netlink*.c with garbled answers of the kernel.
 *
 *     test-sriov-netlink ROUNDS [FIRST]
 *
 * Round 0 has well-formed messages, and checks what comes of them.  In each
 * other one, bytes of them are changed and ends cut off, always the same ones
 * in the same round.  Each message is in memory of its own size, so that
 * valgrind or a sanitizer sees when more is read. */

#include <config.h>
#undef NDEBUG

/* In the place of sockets there is the sriov_nl_transact() below. */
#define sriov_nl_transact socket_transact
#include "inventory/netlink.c"
#undef sriov_nl_transact

#include <linux/devlink.h>
#include <linux/ethtool_netlink.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>

#include "random.h"
#include "inventory/model.h"

int sriov_nl_transact(struct nl_sock *, struct nl_msg *, sriov_nl_func *,
                      void *aux, char **detail);

#define DEVLINK 21
#define ETHTOOL 20
#define N_GARBLED 8             /* At most so many changes of a message. */

static const struct sriov_nl nl = { .devlink = DEVLINK, .ethtool = ETHTOOL };
static bool garble;             /* Not in round 0. */
static struct sriov_model *model;

/* Returns a copy of the message in 'msg', garbled, which the caller must
 * free.  As libnl guarantees, its header is there, and nlmsg_len is its size.
 * The first 'keep' bytes of the payload always stay. */
static struct nlmsghdr *
garbled(struct nl_msg *msg, size_t keep)
{
    const struct nlmsghdr *nlh = nlmsg_hdr(msg);
    size_t size = nlh->nlmsg_len;
    size_t first = NLMSG_HDRLEN + keep;

    if (garble && size > first && random_range(4) == 0) {
        size = first + random_range(size - first + 1);
    }

    struct nlmsghdr *copy = xmemdup(nlh, size);
    uint8_t *bytes = (uint8_t *) copy;
    if (garble && size > first) {
        for (int n = random_range(N_GARBLED + 1); n > 0; n--) {
            size_t i = first + random_range(size - first);

            bytes[i] = (random_range(2) ? random_uint32()
                        : bytes[i] ^ (1 << random_range(8)));
        }
    }
    copy->nlmsg_len = size;
    return copy;
}

/* Calls 'reply' with what becomes of 'msg', which is freed, and has it looked
 * at as if it were an event, too. */
static void
answer(struct nl_msg *msg, sriov_nl_func *reply, void *aux)
{
    struct nlmsghdr *nlh = garbled(msg, 0);

    if (reply) {
        reply(nlh, aux);
    }
    sriov_nl_genl_event(nlh);
    sriov_nl_link_event(nlh, NULL);
    free(nlh);
    nlmsg_free(msg);
}

static struct nl_msg *
devlink_msg(uint8_t cmd)
{
    struct nl_msg *msg = sriov_nl_genl_request(DEVLINK, cmd, 0);

    nla_put_string(msg, DEVLINK_ATTR_BUS_NAME, "pci");
    nla_put_string(msg, DEVLINK_ATTR_DEV_NAME, "ffff:ff:1f.7");
    return msg;
}

static struct nl_msg *
port_msg(uint32_t index, uint16_t flavour, int number_attr, uint32_t number)
{
    struct nl_msg *msg = devlink_msg(DEVLINK_CMD_PORT_NEW);

    nla_put_u32(msg, DEVLINK_ATTR_PORT_INDEX, index);
    nla_put_u32(msg, DEVLINK_ATTR_PORT_NETDEV_IFINDEX, 100 + index);
    nla_put_u16(msg, DEVLINK_ATTR_PORT_FLAVOUR, flavour);
    nla_put_u32(msg, DEVLINK_ATTR_PORT_NUMBER, 0);
    nla_put_u16(msg, DEVLINK_ATTR_PORT_PCI_PF_NUMBER, 0);
    if (number_attr == DEVLINK_ATTR_PORT_PCI_SF_NUMBER) {
        nla_put_u32(msg, number_attr, number);
    } else if (number_attr) {
        nla_put_u16(msg, number_attr, number);
    }
    nla_put_u32(msg, DEVLINK_ATTR_PORT_CONTROLLER_NUMBER, 0);
    nla_put_u8(msg, DEVLINK_ATTR_PORT_EXTERNAL, 0);

    /* RoCE and migratable are known, and both are on. */
    struct nla_bitfield32 caps = { .value = 3, .selector = 3 };
    struct nlattr *function = nla_nest_start(msg, DEVLINK_ATTR_PORT_FUNCTION);
    nla_put(msg, DEVLINK_PORT_FUNCTION_ATTR_HW_ADDR, 6, "\2\0\0\0\0\1");
    nla_put(msg, 4 /* DEVLINK_PORT_FN_ATTR_CAPS */, sizeof caps, &caps);
    nla_nest_end(msg, function);
    return msg;
}

static struct nl_msg *
param_msg(const char *name)
{
    struct nl_msg *msg = devlink_msg(DEVLINK_CMD_PARAM_GET);
    struct nlattr *param = nla_nest_start(msg, DEVLINK_ATTR_PARAM);
    struct nlattr *list, *value;

    nla_put_string(msg, DEVLINK_ATTR_PARAM_NAME, name);
    list = nla_nest_start(msg, DEVLINK_ATTR_PARAM_VALUES_LIST);
    value = nla_nest_start(msg, DEVLINK_ATTR_PARAM_VALUE);
    if (!strcmp(name, "esw_multiport")) {
        nla_put_flag(msg, DEVLINK_ATTR_PARAM_VALUE_DATA);
    } else {
        nla_put_string(msg, DEVLINK_ATTR_PARAM_VALUE_DATA, "smfs");
    }
    nla_put_u8(msg, DEVLINK_ATTR_PARAM_VALUE_CMODE,
               DEVLINK_PARAM_CMODE_RUNTIME);
    nla_nest_end(msg, value);
    nla_nest_end(msg, list);
    nla_nest_end(msg, param);
    return msg;
}

static struct nl_msg *
link_msg(int ifindex, const char *name, const char *port_name,
         const char *kind)
{
    struct ifinfomsg ifm = { .ifi_index = ifindex, .ifi_flags = IFF_UP };
    struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWLINK, 0);

    nlmsg_append(msg, &ifm, sizeof ifm, NLMSG_ALIGNTO);
    nla_put_string(msg, IFLA_IFNAME, name);
    nla_put(msg, IFLA_ADDRESS, 6, "\2\0\0\0\0\2");
    nla_put_u32(msg, IFLA_MTU, 9000);
    if (kind) {
        struct nlattr *info = nla_nest_start(msg, IFLA_LINKINFO);

        nla_put_string(msg, IFLA_INFO_KIND, kind);
        nla_nest_end(msg, info);
    } else {
        nla_put_u32(msg, IFLA_MASTER, 50);
        nla_put(msg, IFLA_PHYS_SWITCH_ID, 8, "\0\1\2\3\4\5\6\7");
        nla_put_string(msg, IFLA_PHYS_PORT_NAME, port_name);
        nla_put_string(msg, IFLA_PARENT_DEV_NAME, "ffff:ff:1f.7");
        nla_put_string(msg, IFLA_PARENT_DEV_BUS_NAME, "pci");
    }
    return msg;
}

/* A PF's link, which tells of VFs 0 and 3; the driver does not know the trust
 * of the latter. */
static struct nl_msg *
vfs_msg(void)
{
    struct nl_msg *msg = link_msg(100, "p0", "p0", NULL);
    struct nlattr *list = nla_nest_start(msg, IFLA_VFINFO_LIST);

    for (uint32_t vf = 0; vf < 6; vf += 3) {
        struct nlattr *info = nla_nest_start(msg, IFLA_VF_INFO);
        struct ifla_vf_mac mac = { .vf = vf, .mac = { 2, 0, 0, 0, 0, vf } };
        struct ifla_vf_trust trust = { vf, vf ? UINT32_MAX : 1 };
        struct ifla_vf_spoofchk spoofchk = { vf, 0 };

        nla_put(msg, IFLA_VF_MAC, sizeof mac, &mac);
        nla_put(msg, IFLA_VF_SPOOFCHK, sizeof spoofchk, &spoofchk);
        nla_put(msg, IFLA_VF_TRUST, sizeof trust, &trust);
        nla_nest_end(msg, info);
    }
    nla_nest_end(msg, list);
    return msg;
}

static struct nl_msg *
info_msg(void)
{
    static const char *const versions[][2] = {
        { "fw.psid", "MT_0000000359" }, { "fw.version", "22.38.1002" },
        { "fw", "1" }
    };
    struct nl_msg *msg = devlink_msg(DEVLINK_CMD_INFO_GET);

    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        struct nlattr *nla = nla_nest_start(msg,
                                            DEVLINK_ATTR_INFO_VERSION_RUNNING);

        nla_put_string(msg, DEVLINK_ATTR_INFO_VERSION_NAME, versions[i][0]);
        nla_put_string(msg, DEVLINK_ATTR_INFO_VERSION_VALUE, versions[i][1]);
        nla_nest_end(msg, nla);
    }
    return msg;
}

/* The sets of features as ethnl_put_bitset32() in net/ethtool/bitset.c of the
 * kernel has them: with a mask, or as a list of what is on. */
static void
put_features(struct nl_msg *msg, int type, bool is_list)
{
    struct nlattr *set = nla_nest_start(msg, type);
    struct nlattr *bits;

    if (is_list) {
        nla_put_flag(msg, ETHTOOL_A_BITSET_NOMASK);
    }
    nla_put_u32(msg, ETHTOOL_A_BITSET_SIZE, 60);
    bits = nla_nest_start(msg, ETHTOOL_A_BITSET_BITS);
    for (int i = 0; i < 40; i++) {
        struct nlattr *bit = nla_nest_start(msg, ETHTOOL_A_BITSET_BITS_BIT);

        nla_put_u32(msg, ETHTOOL_A_BITSET_BIT_INDEX, i);
        nla_put_string(msg, ETHTOOL_A_BITSET_BIT_NAME,
                       i == 37 ? "hw-tc-offload" : "other");
        if (!is_list && i % 2) {
            nla_put_flag(msg, ETHTOOL_A_BITSET_BIT_VALUE);
        }
        nla_nest_end(msg, bit);
    }
    nla_nest_end(msg, bits);
    nla_nest_end(msg, set);
}

static struct nl_msg *
features_msg(void)
{
    struct nl_msg *msg = sriov_nl_genl_request(ETHTOOL,
                                               ETHTOOL_MSG_FEATURES_GET_REPLY,
                                               0);

    put_features(msg, ETHTOOL_A_FEATURES_HW, false);
    put_features(msg, ETHTOOL_A_FEATURES_ACTIVE, true);
    return msg;
}

/* What the kernel says when it refuses, to error_cb(). */
static void
refuse(void)
{
    struct nl_msg *msg = nlmsg_alloc_simple(NLMSG_ERROR, NLM_F_ACK_TLVS);
    struct nlmsgerr err = { .error = -EBUSY, .msg.nlmsg_len = NLMSG_HDRLEN };
    struct transaction tx = { .done = false };
    struct nlmsghdr *nlh;

    nlmsg_append(msg, &err, sizeof err, NLMSG_ALIGNTO);
    nla_put_string(msg, NLMSGERR_ATTR_MSG, "rules are offloaded");
    /* libnl passes on none that is shorter. */
    nlh = garbled(msg, garble ? sizeof err - 4 : 0);
    if (nlh->nlmsg_len >= NLMSG_HDRLEN + sizeof err) {
        error_cb(NULL, nlmsg_data(nlh), &tx);
        ovs_assert(garble || (tx.error == EBUSY && !strcmp(tx.detail,
                                                  "rules are offloaded")));
    }
    free(tx.detail);
    free(nlh);
    nlmsg_free(msg);
}

int
sriov_nl_transact(struct nl_sock *sk OVS_UNUSED, struct nl_msg *request,
                  sriov_nl_func *reply, void *aux, char **detail)
{
    const struct nlmsghdr *nlh = nlmsg_hdr(request);
    uint16_t type = nlh->nlmsg_type;
    uint8_t cmd = ((struct genlmsghdr *) nlmsg_data(nlh))->cmd;

    if (detail) {
        *detail = NULL;
    }
    if (type == DEVLINK && cmd == DEVLINK_CMD_GET) {
        answer(devlink_msg(DEVLINK_CMD_NEW), reply, aux);
    } else if (type == DEVLINK && cmd == DEVLINK_CMD_ESWITCH_GET) {
        struct nl_msg *msg = devlink_msg(DEVLINK_CMD_ESWITCH_GET);

        nla_put_u16(msg, DEVLINK_ATTR_ESWITCH_MODE,
                    DEVLINK_ESWITCH_MODE_SWITCHDEV);
        answer(msg, reply, aux);
    } else if (type == DEVLINK && cmd == DEVLINK_CMD_PARAM_GET) {
        struct nlattr *name = nlmsg_find_attr(nlmsg_hdr(request), GENL_HDRLEN,
                                              DEVLINK_ATTR_PARAM_NAME);

        answer(param_msg(nla_get_string(name)), reply, aux);
    } else if (type == DEVLINK && cmd == DEVLINK_CMD_INFO_GET) {
        answer(info_msg(), reply, aux);
    } else if (type == DEVLINK && cmd == DEVLINK_CMD_PORT_GET) {
        answer(port_msg(0, DEVLINK_PORT_FLAVOUR_PHYSICAL, 0, 0), reply, aux);
        answer(port_msg(1, DEVLINK_PORT_FLAVOUR_PCI_VF,
                        DEVLINK_ATTR_PORT_PCI_VF_NUMBER, 3), reply, aux);
        answer(port_msg(2, DEVLINK_PORT_FLAVOUR_PCI_SF,
                        DEVLINK_ATTR_PORT_PCI_SF_NUMBER, 88), reply, aux);
    } else if (type == RTM_GETLINK && nlh->nlmsg_flags & NLM_F_DUMP) {
        answer(link_msg(100, "p0", "p0", NULL), reply, aux);
        answer(link_msg(101, "eth1", "pf0vf3", NULL), reply, aux);
        answer(link_msg(102, "eth2", "pf0sf88", NULL), reply, aux);
        answer(link_msg(50, "bond0", NULL, "bond"), reply, aux);
        answer(link_msg(51, "bond1", NULL, "bond"), reply, aux);
    } else if (type == RTM_GETLINK) {
        answer(vfs_msg(), reply, aux);
    } else if (type == ETHTOOL && cmd == ETHTOOL_MSG_FEATURES_GET) {
        answer(features_msg(), reply, aux);
    } else {
        OVS_NOT_REACHED();
    }
    nlmsg_free(request);
    return 0;
}

static void
check_well_formed(void)
{
    const struct sriov_port *vf;
    const struct sriov_link *link;

    ovs_assert(model->n_devs == 1);
    ovs_assert(model->devs[0]->mode == SRIOV_MODE_SWITCHDEV);
    ovs_assert(model->devs[0]->multiport);
    ovs_assert(model->n_ports == 3);
    ovs_assert(model->n_links == 4);

    link = sriov_model_link(model, 101);
    ovs_assert(link && !strcmp(link->switch_id, "0001020304050607"));
    ovs_assert(link->has_hw_tc && link->hw_tc && link->mtu == 9000);
    ovs_assert(sriov_link_bond(model, link));
    for (size_t i = 0; i < model->n_ports; i++) {
        vf = model->ports[i];
        if (vf->flavour == SRIOV_VF) {
            ovs_assert(!strcmp(vf->label, "pf0vf3") && vf->link == link);
            ovs_assert(vf->has_mac);
            ovs_assert(vf->has_migratable && vf->migratable);
        }
    }
}

static void
count_vf(const struct sriov_vf *vf, void *n_)
{
    unsigned int *n = n_;

    ovs_assert(vf->trust >= -1 && vf->trust <= 1);
    ovs_assert(vf->spoofchk >= -1 && vf->spoofchk <= 1);
    if (!garble) {
        ovs_assert(vf->number == 3 * *n && vf->mac.ea[5] == vf->number);
        ovs_assert(vf->trust == (vf->number ? -1 : 1) && !vf->spoofchk);
    }
    ++*n;
}

/* Reads what only ovs-sriov asks for. */
static void
check_details(void)
{
    unsigned int n_vfs = 0;
    char *steering = sriov_nl_get_steering(&nl, "ffff:ff:1f.7");
    char *firmware = sriov_nl_get_firmware(&nl, "ffff:ff:1f.7");

    sriov_nl_vfs_read(&nl, 100, count_vf, &n_vfs);
    ovs_assert(garble || n_vfs == 2);
    ovs_assert(garble || !strcmp(steering, "smfs"));
    ovs_assert(garble || !strcmp(firmware, "22.38.1002"));
    free(steering);
    free(firmware);
}

/* Whatever came in, this holds. */
static void
check_any(void)
{
    for (size_t i = 0; i < model->n_devs; i++) {
        ovs_assert(sriov_name_is_valid(model->devs[i]->name));
    }
    for (size_t i = 0; i < model->n_ports; i++) {
        ovs_assert(model->ports[i]->dev && model->ports[i]->label);
    }
    for (size_t i = 0; i < model->n_links; i++) {
        const struct sriov_link *link = model->links[i];

        ovs_assert(link->ifindex > 0 && sriov_name_is_valid(link->name));
        ovs_assert(strlen(link->name) < IFNAMSIZ);
        ovs_assert(!link->switch_id || strlen(link->switch_id) <= 64);
    }
}

int
main(int argc, char *argv[])
{
    unsigned int rounds = argc > 1 ? atoi(argv[1]) : 1000;
    unsigned int first = argc > 2 ? atoi(argv[2]) : 0;

    set_program_name(argv[0]);
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
    for (unsigned int round = first; round < first + rounds; round++) {
        garble = round > 0;
        random_set_seed(round + 1);
        model = sriov_model_create();
        ovs_assert(!sriov_nl_read(&nl, model));
        check_details();
        refuse();
        sriov_model_finish(model);
        if (!garble) {
            check_well_formed();
        }
        check_any();
        sriov_model_destroy(model);
    }
    printf("%u rounds\n", rounds);
    return 0;
}

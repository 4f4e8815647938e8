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

/* See netlink.h for where this stands, and in the kernel
 * Documentation/networking/devlink/ (devlink-port.rst for hw_addr,
 * devlink-params.rst, mlx5.rst) for what is asked for here. */

#include <config.h>
#include "sriov/netlink.h"

#include <errno.h>
#include <linux/devlink.h>
#include <linux/genetlink.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/genl/genl.h>
#include <netlink/socket.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/util.h"
#include "openvswitch/vlog.h"
#include "packets.h"
#include "sriov/host.h"
#include "inventory/netlink.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(sriov_host_netlink);

/* Bytes of the largest answer: one about a PF with all that there is to say
 * about 256 VFs. */
#define MESSAGE_SIZE (256 * 1024)

/* Attempts to read everything without something changing meanwhile. */
#define MAX_ATTEMPTS 10

struct host_nl {
    struct nl_sock *route, *genl;
    int devlink, ethtool;       /* Families, 0 if the kernel has none. */
};

/* Returns what the other functions need, which the caller must close, or NULL
 * if there is no netlink. */
struct host_nl *
host_nl_open(void)
{
    struct host_nl *nl = xzalloc(sizeof *nl);
    int error = sriov_nl_open(NETLINK_ROUTE, &nl->route);

    error = error ? error : sriov_nl_open(NETLINK_GENERIC, &nl->genl);
    if (error) {
        VLOG_ERR("netlink: %s", ovs_strerror(error));
        host_nl_close(nl);
        return NULL;
    }
    nl_socket_set_msg_buf_size(nl->route, MESSAGE_SIZE);
    nl->devlink = sriov_nl_family(nl->genl, "devlink");
    nl->ethtool = sriov_nl_family(nl->genl, "ethtool");
    return nl;
}

void
host_nl_close(struct host_nl *nl)
{
    if (nl) {
        sriov_nl_close(nl->route);
        sriov_nl_close(nl->genl);
        free(nl);
    }
}

bool
host_nl_has_devlink(const struct host_nl *nl)
{
    return nl->devlink > 0;
}

/* devlink. */

/* Returns a new request 'cmd' about the devlink instance of the PCI device
 * 'pci'. */
static struct nl_msg *
devlink_request(const struct host_nl *nl, uint8_t cmd, const char *pci)
{
    struct nl_msg *msg = sriov_nl_genl_request(nl->devlink, cmd, 0);

    nla_put_string(msg, DEVLINK_ATTR_BUS_NAME, "pci");
    nla_put_string(msg, DEVLINK_ATTR_DEV_NAME, pci);
    return msg;
}

/* Sends 'msg', which is freed, and waits for the kernel's answer. */
static int
devlink_set(struct host_nl *nl, struct nl_msg *msg, char **detail)
{
    if (!nl->devlink) {
        nlmsg_free(msg);
        *detail = xstrdup("the kernel has no devlink");
        return EOPNOTSUPP;
    }
    return sriov_nl_transact(nl->genl, msg, NULL, NULL, detail);
}

int
host_nl_set_mode(struct host_nl *nl, const char *pci, enum sriov_mode mode,
                 char **detail)
{
    struct nl_msg *msg = devlink_request(nl, DEVLINK_CMD_ESWITCH_SET, pci);

    nla_put_u16(msg, DEVLINK_ATTR_ESWITCH_MODE,
                mode == SRIOV_MODE_SWITCHDEV
                ? DEVLINK_ESWITCH_MODE_SWITCHDEV
                : DEVLINK_ESWITCH_MODE_LEGACY);
    return devlink_set(nl, msg, detail);
}

/* Returns a request to set the parameter 'name' now, until the next start. */
static struct nl_msg *
param_request(const struct host_nl *nl, const char *pci, const char *name,
              uint8_t type)
{
    struct nl_msg *msg = devlink_request(nl, DEVLINK_CMD_PARAM_SET, pci);

    nla_put_string(msg, DEVLINK_ATTR_PARAM_NAME, name);
    nla_put_u8(msg, DEVLINK_ATTR_PARAM_TYPE, type);
    nla_put_u8(msg, DEVLINK_ATTR_PARAM_VALUE_CMODE,
               DEVLINK_PARAM_CMODE_RUNTIME);
    return msg;
}

int
host_nl_set_multiport(struct host_nl *nl, const char *pci, bool on,
                      char **detail)
{
    struct nl_msg *msg = param_request(nl, pci, "esw_multiport", NLA_FLAG);

    if (on) {
        nla_put_flag(msg, DEVLINK_ATTR_PARAM_VALUE_DATA);
    }
    return devlink_set(nl, msg, detail);
}

int
host_nl_set_steering(struct host_nl *nl, const char *pci, const char *value,
                     char **detail)
{
    struct nl_msg *msg = param_request(nl, pci, "flow_steering_mode",
                                       NLA_STRING);

    nla_put_string(msg, DEVLINK_ATTR_PARAM_VALUE_DATA, value);
    return devlink_set(nl, msg, detail);
}

/* Sets the address of the function behind a port of the eswitch. */
int
host_nl_set_port_mac(struct host_nl *nl, const char *pci, uint32_t port_index,
                     struct eth_addr mac, char **detail)
{
    struct nl_msg *msg = devlink_request(nl, DEVLINK_CMD_PORT_SET, pci);
    struct nlattr *function;

    nla_put_u32(msg, DEVLINK_ATTR_PORT_INDEX, port_index);
    function = nla_nest_start(msg, DEVLINK_ATTR_PORT_FUNCTION | NLA_F_NESTED);
    nla_put(msg, DEVLINK_PORT_FUNCTION_ATTR_HW_ADDR, sizeof mac, &mac);
    nla_nest_end(msg, function);
    return devlink_set(nl, msg, detail);
}

/* Takes the present value of a parameter that is a string. */
static void
steering_reply(struct nlmsghdr *nlh, void *value_)
{
    static const struct nla_policy policy[DEVLINK_ATTR_MAX + 1] = {
        [DEVLINK_ATTR_PARAM] = { .type = NLA_NESTED },
        [DEVLINK_ATTR_PARAM_VALUES_LIST] = { .type = NLA_NESTED },
        [DEVLINK_ATTR_PARAM_VALUE_DATA] = { .type = NLA_STRING },
        [DEVLINK_ATTR_PARAM_VALUE_CMODE] = { .type = NLA_U8 },
    };
    struct nlattr *tb[DEVLINK_ATTR_MAX + 1];
    char **value = value_;
    struct nlattr *nla;
    int rem;

    if (!genlmsg_valid_hdr(nlh, 0)
        || !sriov_nl_parse(nlh, GENL_HDRLEN, policy, tb, DEVLINK_ATTR_MAX)
        || !tb[DEVLINK_ATTR_PARAM]
        || !sriov_nl_parse_nested(tb[DEVLINK_ATTR_PARAM], policy, tb,
                                  DEVLINK_ATTR_MAX)
        || !tb[DEVLINK_ATTR_PARAM_VALUES_LIST]) {
        return;
    }
    struct nlattr *list = tb[DEVLINK_ATTR_PARAM_VALUES_LIST];
    nla_for_each_nested (nla, list, rem) {
        if (nla_type(nla) == DEVLINK_ATTR_PARAM_VALUE
            && sriov_nl_parse_nested(nla, policy, tb, DEVLINK_ATTR_MAX)
            && tb[DEVLINK_ATTR_PARAM_VALUE_CMODE]
            && tb[DEVLINK_ATTR_PARAM_VALUE_DATA]
            && (nla_get_u8(tb[DEVLINK_ATTR_PARAM_VALUE_CMODE])
                == DEVLINK_PARAM_CMODE_RUNTIME)) {
            free(*value);
            *value = xstrdup(nla_get_string(
                                 tb[DEVLINK_ATTR_PARAM_VALUE_DATA]));
        }
    }
}

static char *
read_steering(struct host_nl *nl, const char *pci)
{
    struct nl_msg *msg = devlink_request(nl, DEVLINK_CMD_PARAM_GET, pci);
    char *value = NULL;

    nla_put_string(msg, DEVLINK_ATTR_PARAM_NAME, "flow_steering_mode");
    sriov_nl_transact(nl->genl, msg, steering_reply, &value, NULL);
    return value;
}

/* Takes the version of the firmware that runs: "fw.version", else the first
 * one whose name begins with "fw". */
static void
info_reply(struct nlmsghdr *nlh, void *firmware_)
{
    static const struct nla_policy policy[DEVLINK_ATTR_MAX + 1] = {
        [DEVLINK_ATTR_INFO_VERSION_NAME] = { .type = NLA_STRING },
        [DEVLINK_ATTR_INFO_VERSION_VALUE] = { .type = NLA_STRING },
    };
    struct nlattr *tb[DEVLINK_ATTR_MAX + 1];
    char **firmware = firmware_;
    struct nlattr *nla;
    int rem;

    if (!genlmsg_valid_hdr(nlh, 0)) {
        return;
    }
    nlmsg_for_each_attr (nla, nlh, GENL_HDRLEN, rem) {
        if (nla_type(nla) == DEVLINK_ATTR_INFO_VERSION_RUNNING
            && sriov_nl_parse_nested(nla, policy, tb, DEVLINK_ATTR_MAX)
            && tb[DEVLINK_ATTR_INFO_VERSION_NAME]
            && tb[DEVLINK_ATTR_INFO_VERSION_VALUE]) {
            const char *name
                = nla_get_string(tb[DEVLINK_ATTR_INFO_VERSION_NAME]);

            if (!strcmp(name, "fw.version")
                || (!strncmp(name, "fw", 2) && !*firmware)) {
                free(*firmware);
                *firmware = xstrdup(nla_get_string(
                                        tb[DEVLINK_ATTR_INFO_VERSION_VALUE]));
            }
        }
    }
}

/* Returns the version of the firmware, which the caller must free, or NULL. */
char *
host_nl_firmware(struct host_nl *nl, const char *pci)
{
    char *firmware = NULL;

    if (nl->devlink) {
        sriov_nl_transact(nl->genl,
                          devlink_request(nl, DEVLINK_CMD_INFO_GET, pci),
                          info_reply, &firmware, NULL);
    }
    return firmware;
}

/* Network devices. */

/* Returns a new request 'type' about the link 'ifindex'. */
static struct nl_msg *
link_request(int type, int ifindex)
{
    struct ifinfomsg ifm = { .ifi_family = AF_UNSPEC, .ifi_index = ifindex };
    struct nl_msg *msg = nlmsg_alloc_simple(type, 0);

    if (!msg || nlmsg_append(msg, &ifm, sizeof ifm, NLMSG_ALIGNTO)) {
        out_of_memory();
    }
    return msg;
}

int
host_nl_set_mtu(struct host_nl *nl, int ifindex, unsigned int mtu,
                char **detail)
{
    struct nl_msg *msg = link_request(RTM_NEWLINK, ifindex);

    nla_put_u32(msg, IFLA_MTU, mtu);
    return sriov_nl_transact(nl->route, msg, NULL, NULL, detail);
}

int
host_nl_rename(struct host_nl *nl, int ifindex, const char *name,
               char **detail)
{
    struct nl_msg *msg = link_request(RTM_NEWLINK, ifindex);

    nla_put_string(msg, IFLA_IFNAME, name);
    return sriov_nl_transact(nl->route, msg, NULL, NULL, detail);
}

/* Sets what 'type' and 'data' say for a VF of the PF with the link
 * 'ifindex'. */
static int
set_vf(struct host_nl *nl, int ifindex, int type, const void *data,
       size_t size, char **detail)
{
    struct nl_msg *msg = link_request(RTM_NEWLINK, ifindex);
    struct nlattr *list = nla_nest_start(msg, (IFLA_VFINFO_LIST
                                               | NLA_F_NESTED));
    struct nlattr *info = nla_nest_start(msg, IFLA_VF_INFO | NLA_F_NESTED);

    nla_put(msg, type, size, data);
    nla_nest_end(msg, info);
    nla_nest_end(msg, list);
    return sriov_nl_transact(nl->route, msg, NULL, NULL, detail);
}

int
host_nl_set_vf_mac(struct host_nl *nl, int ifindex, unsigned int vf,
                   struct eth_addr mac, char **detail)
{
    struct ifla_vf_mac data = { .vf = vf };

    memcpy(data.mac, &mac, sizeof mac);
    return set_vf(nl, ifindex, IFLA_VF_MAC, &data, sizeof data, detail);
}

int
host_nl_set_vf_trust(struct host_nl *nl, int ifindex, unsigned int vf, bool on,
                     char **detail)
{
    const struct ifla_vf_trust data = { .vf = vf, .setting = on };

    return set_vf(nl, ifindex, IFLA_VF_TRUST, &data, sizeof data, detail);
}

int
host_nl_set_vf_spoofchk(struct host_nl *nl, int ifindex, unsigned int vf,
                        bool on, char **detail)
{
    const struct ifla_vf_spoofchk data = { .vf = vf, .setting = on };

    return set_vf(nl, ifindex, IFLA_VF_SPOOFCHK, &data, sizeof data, detail);
}

/* Takes what a PF's link tells of a VF. */
static void
parse_vf(struct nlattr *nla, struct host_pf *pf)
{
    static const struct nla_policy policy[IFLA_VF_MAX + 1] = {
        [IFLA_VF_MAC] = { .type = NLA_UNSPEC,
                          .minlen = sizeof(struct ifla_vf_mac) },
        [IFLA_VF_TRUST] = { .type = NLA_UNSPEC,
                            .minlen = sizeof(struct ifla_vf_trust) },
        [IFLA_VF_SPOOFCHK] = { .type = NLA_UNSPEC,
                               .minlen = sizeof(struct ifla_vf_spoofchk) },
    };
    struct nlattr *tb[IFLA_VF_MAX + 1];
    struct ifla_vf_mac mac;
    struct ifla_vf_trust trust;
    struct ifla_vf_spoofchk spoofchk;

    if (!sriov_nl_parse_nested(nla, policy, tb, IFLA_VF_MAX)
        || !tb[IFLA_VF_MAC]) {
        return;
    }
    memcpy(&mac, nla_data(tb[IFLA_VF_MAC]), sizeof mac);
    for (size_t i = 0; i < pf->n_vfs; i++) {
        struct host_vf *vf = &pf->vfs[i];

        if (vf->number != mac.vf) {
            continue;
        }
        memcpy(&vf->mac, mac.mac, sizeof vf->mac);
        vf->has_mac = !eth_addr_is_zero(vf->mac);
        /* Drivers say "all ones" for what they do not know. */
        if (tb[IFLA_VF_TRUST]) {
            memcpy(&trust, nla_data(tb[IFLA_VF_TRUST]), sizeof trust);
            vf->has_trust = trust.setting <= 1;
            vf->trust = trust.setting == 1;
        }
        if (tb[IFLA_VF_SPOOFCHK]) {
            memcpy(&spoofchk, nla_data(tb[IFLA_VF_SPOOFCHK]),
                   sizeof spoofchk);
            vf->has_spoofchk = spoofchk.setting <= 1;
            vf->spoofchk = spoofchk.setting == 1;
        }
    }
}

static void
vfs_reply(struct nlmsghdr *nlh, void *pf)
{
    static const struct nla_policy policy[IFLA_MAX + 1] = {
        [IFLA_VFINFO_LIST] = { .type = NLA_NESTED },
    };
    struct nlattr *tb[IFLA_MAX + 1];
    struct nlattr *nla;
    int rem;

    if (nlmsg_valid_hdr(nlh, sizeof(struct ifinfomsg))
        && sriov_nl_parse(nlh, sizeof(struct ifinfomsg), policy, tb, IFLA_MAX)
        && tb[IFLA_VFINFO_LIST]) {
        struct nlattr *list = tb[IFLA_VFINFO_LIST];

        nla_for_each_nested (nla, list, rem) {
            if (nla_type(nla) == IFLA_VF_INFO) {
                parse_vf(nla, pf);
            }
        }
    }
}

static void
read_vfs(struct host_nl *nl, struct host_pf *pf)
{
    struct nl_msg *msg = link_request(RTM_GETLINK, pf->ifindex);

    nla_put_u32(msg, IFLA_EXT_MASK,
                RTEXT_FILTER_VF | RTEXT_FILTER_SKIP_STATS);
    sriov_nl_transact(nl->route, msg, vfs_reply, pf, NULL);
}

/* Everything. */

/* Returns the model of eswitches, ports and links, which the caller must free,
 * or NULL. */
static struct sriov_model *
read_model(struct host_nl *nl)
{
    int error = 0;

    for (int i = 0; i < MAX_ATTEMPTS; i++) {
        struct sriov_model *model = sriov_model_create();

        error = (nl->devlink
                 ? sriov_nl_devlink_read(nl->genl, nl->devlink, model) : 0);
        error = error ? error : sriov_nl_links_read(nl->route, model);
        if (!error && nl->ethtool) {
            error = sriov_nl_features_read(nl->genl, nl->ethtool, model);
        }
        if (!error) {
            sriov_model_finish(model);
            return model;
        }
        sriov_model_destroy(model);
    }
    VLOG_WARN("cannot read eswitches and their ports: %s",
              ovs_strerror(error));
    return NULL;
}

static void
take_port(const struct sriov_port *port, struct host_pf *pf)
{
    if (sriov_port_is_uplink(port) && port->link) {
        free(pf->netdev);
        pf->netdev = xstrdup(port->link->name);
        pf->ifindex = port->link->ifindex;
        pf->mtu = port->link->mtu;
        pf->has_hw_tc = port->link->has_hw_tc;
        pf->hw_tc = port->link->hw_tc;
        if (port->link->switch_id) {
            free(pf->switch_id);
            pf->switch_id = xstrdup(port->link->switch_id);
        }
    }
    for (size_t i = 0; i < pf->n_vfs; i++) {
        struct host_vf *vf = &pf->vfs[i];

        if (port->flavour == SRIOV_VF && !port->external
            && port->number == vf->number && !vf->label) {
            vf->label = xstrdup(port->label);
            vf->port_index = port->index;
            vf->from_names = port->from_names;
            if (port->has_mac) {
                vf->has_mac = true;
                vf->mac = port->mac;
            }
            if (port->link) {
                vf->rep = xstrdup(port->link->name);
                vf->rep_ifindex = port->link->ifindex;
                vf->rep_mtu = port->link->mtu;
            }
        }
    }
}

/* Adds to 'host', which has what sysfs says, what the kernel says through
 * netlink. */
void
host_nl_read(struct host_nl *nl, struct host *host)
{
    struct sriov_model *model = read_model(nl);

    if (!model) {
        return;
    }
    for (size_t i = 0; i < host->n; i++) {
        struct host_pf *pf = host->pfs[i];
        const struct sriov_dev *dev = sriov_model_dev(model, "pci", pf->pci);

        if (dev) {
            pf->mode = dev->mode;
            pf->has_devlink = !dev->from_names;
            pf->multiport = dev->multiport;
        }
        if (dev && dev->mode != SRIOV_MODE_NONE && pf->has_devlink) {
            pf->steering = read_steering(nl, pf->pci);
        }
        if (pf->ifindex) {
            read_vfs(nl, pf);
        }
        for (size_t j = 0; j < model->n_ports; j++) {
            if (model->ports[j]->dev == dev && dev) {
                take_port(model->ports[j], pf);
            }
        }
    }
    sriov_model_destroy(model);
}

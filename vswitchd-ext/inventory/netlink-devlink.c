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


/* devlink: which devices have an eswitch, in which mode it is, and which ports
 * it has.  See netlink.h for where this stands, and in the kernel
 * Documentation/networking/devlink/devlink-port.rst (flavours, numbers),
 * devlink-params.rst, mlx5.rst (esw_multiport), and
 * Documentation/networking/representors.rst. */

#include <config.h>
#include "inventory/netlink.h"

#include <errno.h>
#include <linux/devlink.h>
#include <linux/genetlink.h>
#include <netlink/genl/genl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "openvswitch/util.h"
#include "openvswitch/vlog.h"
#include "packets.h"
#include "inventory/model.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(sriov_devlink);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 5);

/* Bytes of the name of a bus or of a device that are accepted. */
#define MAX_NAME_SIZE 256

static const struct nla_policy devlink_policy[DEVLINK_ATTR_MAX + 1] = {
    [DEVLINK_ATTR_BUS_NAME] = { .type = NLA_STRING, .maxlen = MAX_NAME_SIZE },
    [DEVLINK_ATTR_DEV_NAME] = { .type = NLA_STRING, .maxlen = MAX_NAME_SIZE },
    [DEVLINK_ATTR_PORT_INDEX] = { .type = NLA_U32 },
    [DEVLINK_ATTR_PORT_NETDEV_IFINDEX] = { .type = NLA_U32 },
    [DEVLINK_ATTR_PORT_FLAVOUR] = { .type = NLA_U16 },
    [DEVLINK_ATTR_PORT_NUMBER] = { .type = NLA_U32 },
    [DEVLINK_ATTR_PORT_PCI_PF_NUMBER] = { .type = NLA_U16 },
    [DEVLINK_ATTR_PORT_PCI_VF_NUMBER] = { .type = NLA_U16 },
    [DEVLINK_ATTR_PORT_PCI_SF_NUMBER] = { .type = NLA_U32 },
    [DEVLINK_ATTR_PORT_EXTERNAL] = { .type = NLA_U8 },
    [DEVLINK_ATTR_PORT_CONTROLLER_NUMBER] = { .type = NLA_U32 },
    [DEVLINK_ATTR_PORT_FUNCTION] = { .type = NLA_NESTED },
    [DEVLINK_ATTR_ESWITCH_MODE] = { .type = NLA_U16 },
    [DEVLINK_ATTR_PARAM] = { .type = NLA_NESTED },
    [DEVLINK_ATTR_PARAM_VALUES_LIST] = { .type = NLA_NESTED },
    [DEVLINK_ATTR_PARAM_VALUE_DATA] = { .type = NLA_UNSPEC },
    [DEVLINK_ATTR_PARAM_VALUE_CMODE] = { .type = NLA_U8 },
};

/* Parses 'nlh' into 'tb', which must have DEVLINK_ATTR_MAX + 1 elements.
 * Returns true if it tells of a device with a valid name. */
static bool
parse_devlink(struct nlmsghdr *nlh, struct nlattr **tb)
{
    return (genlmsg_valid_hdr(nlh, 0)
            && sriov_nl_parse(nlh, GENL_HDRLEN, devlink_policy, tb,
                              DEVLINK_ATTR_MAX)
            && tb[DEVLINK_ATTR_BUS_NAME] && tb[DEVLINK_ATTR_DEV_NAME]
            && sriov_nl_name_is_valid(nla_get_string(
                                          tb[DEVLINK_ATTR_BUS_NAME]))
            && sriov_nl_name_is_valid(nla_get_string(
                                          tb[DEVLINK_ATTR_DEV_NAME])));
}

/* Returns a new request 'cmd' about 'dev'. */
static struct nl_msg *
dev_request(int family, uint8_t cmd, const struct sriov_dev *dev)
{
    struct nl_msg *msg = sriov_nl_genl_request(family, cmd, 0);

    nla_put_string(msg, DEVLINK_ATTR_BUS_NAME, dev->bus);
    nla_put_string(msg, DEVLINK_ATTR_DEV_NAME, dev->name);
    return msg;
}

static uint32_t
get_u16(const struct nlattr *nla)
{
    return nla ? nla_get_u16(nla) : 0;
}

static uint32_t
get_u32(const struct nlattr *nla)
{
    return nla ? nla_get_u32(nla) : 0;
}

/* Devices. */

/* Adds the device that 'nlh' tells of to 'model'. */
static void
dev_reply(struct nlmsghdr *nlh, void *model)
{
    struct nlattr *tb[DEVLINK_ATTR_MAX + 1];

    if (parse_devlink(nlh, tb)) {
        sriov_model_add_dev(model, nla_get_string(tb[DEVLINK_ATTR_BUS_NAME]),
                            nla_get_string(tb[DEVLINK_ATTR_DEV_NAME]));
    }
}

static void
mode_reply(struct nlmsghdr *nlh, void *dev_)
{
    struct nlattr *tb[DEVLINK_ATTR_MAX + 1];
    struct sriov_dev *dev = dev_;

    if (parse_devlink(nlh, tb) && tb[DEVLINK_ATTR_ESWITCH_MODE]) {
        /* What is neither is newer than this: "switchdev_inactive", which has
         * representors as well, but holds traffic back. */
        dev->mode = (nla_get_u16(tb[DEVLINK_ATTR_ESWITCH_MODE])
                     == DEVLINK_ESWITCH_MODE_LEGACY
                     ? SRIOV_MODE_LEGACY : SRIOV_MODE_SWITCHDEV);
    }
}

/* Asks for the mode of the eswitch of 'dev'.  A device that has none, or does
 * not tell, is no error. */
static int
read_mode(struct nl_sock *sk, int family, struct sriov_dev *dev)
{
    struct nl_msg *msg = dev_request(family, DEVLINK_CMD_ESWITCH_GET, dev);
    char *detail;
    int error = sriov_nl_transact(sk, msg, mode_reply, dev, &detail);

    /* EPERM is also how some devices, such as VFs of mlx5, say that they have
     * no eswitch. */
    if (error == EPERM && geteuid()) {
        VLOG_INFO_ONCE("%s/%s: no permission to read the mode of the eswitch "
                       "(needs CAP_NET_ADMIN)", dev->bus, dev->name);
    } else if (error) {
        VLOG_DBG("%s/%s: no eswitch mode: %s%s%s", dev->bus, dev->name,
                 ovs_strerror(error), detail ? ": " : "",
                 detail ? detail : "");
    }
    free(detail);
    return sriov_nl_is_transient(error) ? error : 0;
}

/* A parameter of type bool has the value that it has at present if it has one
 * for "runtime", in which a flag stands for true. */
static void
multiport_reply(struct nlmsghdr *nlh, void *dev_)
{
    struct nlattr *tb[DEVLINK_ATTR_MAX + 1];
    struct sriov_dev *dev = dev_;
    struct nlattr *value;
    int rem;

    if (!parse_devlink(nlh, tb) || !tb[DEVLINK_ATTR_PARAM]
        || !sriov_nl_parse_nested(tb[DEVLINK_ATTR_PARAM], devlink_policy, tb,
                                  DEVLINK_ATTR_MAX)
        || !tb[DEVLINK_ATTR_PARAM_VALUES_LIST]) {
        return;
    }

    struct nlattr *list = tb[DEVLINK_ATTR_PARAM_VALUES_LIST];
    nla_for_each_nested (value, list, rem) {
        if (nla_type(value) == DEVLINK_ATTR_PARAM_VALUE
            && sriov_nl_parse_nested(value, devlink_policy, tb,
                                     DEVLINK_ATTR_MAX)
            && tb[DEVLINK_ATTR_PARAM_VALUE_CMODE]
            && (nla_get_u8(tb[DEVLINK_ATTR_PARAM_VALUE_CMODE])
                == DEVLINK_PARAM_CMODE_RUNTIME)) {
            dev->multiport = tb[DEVLINK_ATTR_PARAM_VALUE_DATA] != NULL;
        }
    }
}

/* Asks for the parameter esw_multiport of 'dev', which few devices have. */
static int
read_multiport(struct nl_sock *sk, int family, struct sriov_dev *dev)
{
    struct nl_msg *msg = dev_request(family, DEVLINK_CMD_PARAM_GET, dev);
    int error;

    nla_put_string(msg, DEVLINK_ATTR_PARAM_NAME, "esw_multiport");
    error = sriov_nl_transact(sk, msg, multiport_reply, dev, NULL);
    return sriov_nl_is_transient(error) ? error : 0;
}

/* Returns the name of the kernel driver of 'dev', or NULL.  (devlink knows it
 * as well, but asks the firmware for more along with it, which takes long.) */
static char *
driver_name(const struct sriov_dev *dev)
{
    char *path = xasprintf("/sys/bus/%s/devices/%s/driver", dev->bus,
                           dev->name);
    char *driver = sriov_nl_link_target(path);

    free(path);
    return driver;
}

/* Ports. */

static enum sriov_flavour
flavour_from_devlink(uint16_t flavour)
{
    switch (flavour) {
    case DEVLINK_PORT_FLAVOUR_PHYSICAL: return SRIOV_UPLINK;
    case DEVLINK_PORT_FLAVOUR_PCI_PF: return SRIOV_PF;
    case DEVLINK_PORT_FLAVOUR_PCI_VF: return SRIOV_VF;
    case DEVLINK_PORT_FLAVOUR_PCI_SF: return SRIOV_SF;
    default: return SRIOV_OTHER;
    }
}

/* Takes the MAC address of the function behind 'port' from 'nla'.  One of
 * zeros means that nobody has set it. */
static void
parse_function(struct nlattr *nla, struct sriov_port *port)
{
    static const struct nla_policy policy[DEVLINK_PORT_FUNCTION_ATTR_MAX + 1]
        = {
            [DEVLINK_PORT_FUNCTION_ATTR_HW_ADDR] = { .type = NLA_UNSPEC },
        };
    struct nlattr *tb[DEVLINK_PORT_FUNCTION_ATTR_MAX + 1];

    if (sriov_nl_parse_nested(nla, policy, tb, DEVLINK_PORT_FUNCTION_ATTR_MAX)
        && tb[DEVLINK_PORT_FUNCTION_ATTR_HW_ADDR]
        && nla_len(tb[DEVLINK_PORT_FUNCTION_ATTR_HW_ADDR]) == ETH_ADDR_LEN) {
        memcpy(&port->mac, nla_data(tb[DEVLINK_PORT_FUNCTION_ATTR_HW_ADDR]),
               ETH_ADDR_LEN);
        port->has_mac = !eth_addr_is_zero(port->mac);
    }
}

/* Returns the PCI address of VF 'number' of the PF 'pf', or NULL. */
static char *
vf_pci_address(const char *pf, uint32_t number)
{
    char *path = xasprintf("/sys/bus/pci/devices/%s/virtfn%"PRIu32, pf,
                           number);
    char *address = sriov_nl_link_target(path);

    free(path);
    return address;
}

/* Adds the port that 'nlh' tells of to 'model', if it belongs to a device that
 * has an eswitch. */
static void
port_reply(struct nlmsghdr *nlh, void *model)
{
    struct nlattr *tb[DEVLINK_ATTR_MAX + 1];

    if (!parse_devlink(nlh, tb) || !tb[DEVLINK_ATTR_PORT_INDEX]) {
        return;
    }

    const char *bus = nla_get_string(tb[DEVLINK_ATTR_BUS_NAME]);
    const char *name = nla_get_string(tb[DEVLINK_ATTR_DEV_NAME]);
    const struct sriov_dev *dev = sriov_model_dev(model, bus, name);
    if (!dev || dev->mode == SRIOV_MODE_NONE) {
        return;
    }

    uint32_t index = nla_get_u32(tb[DEVLINK_ATTR_PORT_INDEX]);
    enum sriov_flavour flavour
        = (tb[DEVLINK_ATTR_PORT_FLAVOUR]
           ? flavour_from_devlink(nla_get_u16(tb[DEVLINK_ATTR_PORT_FLAVOUR]))
           : SRIOV_OTHER);
    struct nlattr *pf = tb[flavour == SRIOV_UPLINK
                           ? DEVLINK_ATTR_PORT_NUMBER
                           : DEVLINK_ATTR_PORT_PCI_PF_NUMBER];
    struct nlattr *number
        = (flavour == SRIOV_VF ? tb[DEVLINK_ATTR_PORT_PCI_VF_NUMBER]
           : flavour == SRIOV_SF ? tb[DEVLINK_ATTR_PORT_PCI_SF_NUMBER]
           : NULL);
    if (flavour != SRIOV_OTHER
        && (!pf || (!number && (flavour == SRIOV_VF
                                || flavour == SRIOV_SF)))) {
        VLOG_WARN_RL(&rl, "%s/%s/%"PRIu32": skipped a devlink port without "
                     "its number", bus, name, index);
        return;
    }

    struct sriov_port *port = sriov_model_add_port(model, bus, name, index);
    port->flavour = flavour;
    port->pf = flavour == SRIOV_UPLINK ? get_u32(pf) : get_u16(pf);
    port->number = flavour == SRIOV_SF ? get_u32(number) : get_u16(number);
    port->external = (tb[DEVLINK_ATTR_PORT_EXTERNAL]
                      && nla_get_u8(tb[DEVLINK_ATTR_PORT_EXTERNAL]));
    port->controller = get_u32(tb[DEVLINK_ATTR_PORT_CONTROLLER_NUMBER]);
    port->ifindex = get_u32(tb[DEVLINK_ATTR_PORT_NETDEV_IFINDEX]);
    if (tb[DEVLINK_ATTR_PORT_FUNCTION]) {
        parse_function(tb[DEVLINK_ATTR_PORT_FUNCTION], port);
    }
    if (flavour == SRIOV_VF && !port->external && !strcmp(bus, "pci")) {
        port->vf_pci = vf_pci_address(name, port->number);
    }
}

/* Adds to 'model' the devlink instances, and the ports of those that have an
 * eswitch.  'sk' is a socket of NETLINK_GENERIC.  Returns 0 or an error, with
 * which 'model' is incomplete. */
int
sriov_nl_devlink_read(struct nl_sock *sk, int family,
                      struct sriov_model *model)
{
    bool has_eswitch = false;
    int error;

    error = sriov_nl_transact(
        sk, sriov_nl_genl_request(family, DEVLINK_CMD_GET, NLM_F_DUMP),
        dev_reply, model, NULL);
    for (size_t i = 0; i < model->n_devs && !error; i++) {
        struct sriov_dev *dev = model->devs[i];

        dev->driver = driver_name(dev);
        error = read_mode(sk, family, dev);
        has_eswitch |= dev->mode != SRIOV_MODE_NONE;
        if (!error && dev->mode == SRIOV_MODE_SWITCHDEV) {
            error = read_multiport(sk, family, dev);
        }
    }
    if (!error && has_eswitch) {
        error = sriov_nl_transact(
            sk, sriov_nl_genl_request(family, DEVLINK_CMD_PORT_GET,
                                      NLM_F_DUMP),
            port_reply, model, NULL);
    }
    return error;
}

/* Returns true if 'nlh', from devlink's group "config", tells of a change of
 * what sriov_nl_devlink_read() reads. */
bool
sriov_nl_devlink_event(struct nlmsghdr *nlh)
{
    if (!genlmsg_valid_hdr(nlh, 0)) {
        return true;
    }
    switch (genlmsg_hdr(nlh)->cmd) {
    case DEVLINK_CMD_NEW:
    case DEVLINK_CMD_DEL:
    case DEVLINK_CMD_PORT_NEW:
    case DEVLINK_CMD_PORT_DEL:
    case DEVLINK_CMD_PARAM_NEW:
    case DEVLINK_CMD_PARAM_DEL:
        return true;
    default:
        return false;
    }
}

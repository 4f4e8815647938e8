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
#include "inventory/sysfs.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(sriov_devlink);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 5);

/* Of "enum devlink_port_function_attr" and "enum devlink_port_fn_attr_cap",
 * since Linux 6.2: headers of 6.1 lack them. */
#define PORT_FN_ATTR_CAPS 4     /* "struct nla_bitfield32". */
#define PORT_FN_CAP_MIGRATABLE (1u << 1)

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
    [DEVLINK_ATTR_INFO_VERSION_NAME] = { .type = NLA_STRING },
    [DEVLINK_ATTR_INFO_VERSION_VALUE] = { .type = NLA_STRING },
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
            && sriov_nl_is_name(tb[DEVLINK_ATTR_BUS_NAME])
            && sriov_nl_is_name(tb[DEVLINK_ATTR_DEV_NAME]));
}

/* Returns a new request 'cmd' about the device 'bus'/'name'. */
static struct nl_msg *
dev_request(const struct sriov_nl *nl, uint8_t cmd, const char *bus,
            const char *name)
{
    struct nl_msg *msg = sriov_nl_genl_request(nl->devlink, cmd, 0);

    nla_put_string(msg, DEVLINK_ATTR_BUS_NAME, bus);
    nla_put_string(msg, DEVLINK_ATTR_DEV_NAME, name);
    return msg;
}

/* Returns the number, of 16 or 32 bits, in 'nla', which may be NULL. */
static uint32_t
get_number(const struct nlattr *nla)
{
    return (!nla ? 0 : nla_len(nla) < (int) sizeof(uint32_t)
            ? nla_get_u16(nla) : nla_get_u32(nla));
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
read_mode(const struct sriov_nl *nl, struct sriov_dev *dev)
{
    struct nl_msg *msg = dev_request(nl, DEVLINK_CMD_ESWITCH_GET, dev->bus,
                                     dev->name);
    char *detail;
    int error = sriov_nl_transact(nl->genl, msg, mode_reply, dev, &detail);

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

/* Stores in '*data' the value that the parameter in 'nlh' has now, if it has
 * one for "runtime".  One of type bool has a flag for true, and NULL for
 * false.  Returns false if there is none. */
static bool
get_param(struct nlmsghdr *nlh, struct nlattr **data)
{
    struct nlattr *tb[DEVLINK_ATTR_MAX + 1];
    struct nlattr *value, *list;
    int rem;

    if (!parse_devlink(nlh, tb) || !tb[DEVLINK_ATTR_PARAM]
        || !sriov_nl_parse_nested(tb[DEVLINK_ATTR_PARAM], devlink_policy, tb,
                                  DEVLINK_ATTR_MAX)
        || !tb[DEVLINK_ATTR_PARAM_VALUES_LIST]) {
        return false;
    }
    list = tb[DEVLINK_ATTR_PARAM_VALUES_LIST];
    nla_for_each_nested (value, list, rem) {
        if (nla_type(value) == DEVLINK_ATTR_PARAM_VALUE
            && sriov_nl_parse_nested(value, devlink_policy, tb,
                                     DEVLINK_ATTR_MAX)
            && tb[DEVLINK_ATTR_PARAM_VALUE_CMODE]
            && (nla_get_u8(tb[DEVLINK_ATTR_PARAM_VALUE_CMODE])
                == DEVLINK_PARAM_CMODE_RUNTIME)) {
            *data = tb[DEVLINK_ATTR_PARAM_VALUE_DATA];
            return true;
        }
    }
    return false;
}

static void
multiport_reply(struct nlmsghdr *nlh, void *dev_)
{
    struct sriov_dev *dev = dev_;
    struct nlattr *data;

    if (get_param(nlh, &data)) {
        dev->can_multiport = true;
        dev->multiport = data != NULL;
    }
}

/* Asks for the parameter 'name' of a device, which few devices have. */
static int
read_param(const struct sriov_nl *nl, const char *bus, const char *dev,
           const char *name, sriov_nl_func *reply, void *aux)
{
    struct nl_msg *msg = dev_request(nl, DEVLINK_CMD_PARAM_GET, bus, dev);
    int error;

    nla_put_string(msg, DEVLINK_ATTR_PARAM_NAME, name);
    error = sriov_nl_transact(nl->genl, msg, reply, aux, NULL);
    return sriov_nl_is_transient(error) ? error : 0;
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

/* Takes the MAC address of the function behind 'port' from 'nla', and whether
 * it is migratable.  An address of zeros means that nobody has set it. */
static void
parse_function(struct nlattr *nla, struct sriov_port *port)
{
    struct nlattr *mac = nla_find(nla_data(nla), nla_len(nla),
                                  DEVLINK_PORT_FUNCTION_ATTR_HW_ADDR);
    struct nlattr *caps = nla_find(nla_data(nla), nla_len(nla),
                                   PORT_FN_ATTR_CAPS);

    if (mac && nla_len(mac) == ETH_ADDR_LEN) {
        memcpy(&port->mac, nla_data(mac), ETH_ADDR_LEN);
        port->has_mac = !eth_addr_is_zero(port->mac);
    }
    if (caps && nla_len(caps) == sizeof(struct nla_bitfield32)) {
        struct nla_bitfield32 bits;

        memcpy(&bits, nla_data(caps), sizeof bits);
        port->has_migratable = (bits.selector & PORT_FN_CAP_MIGRATABLE) != 0;
        port->migratable = (bits.selector & bits.value
                            & PORT_FN_CAP_MIGRATABLE) != 0;
    }
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
           : pf);
    if (flavour != SRIOV_OTHER && (!pf || !number)) {
        VLOG_WARN_RL(&rl, "%s/%s/%"PRIu32": skipped a devlink port without "
                     "its number", bus, name, index);
        return;
    }

    struct sriov_port *port = sriov_model_add_port(model, bus, name, index);
    port->flavour = flavour;
    port->pf = get_number(pf);
    port->number = number == pf ? 0 : get_number(number);
    port->external = (tb[DEVLINK_ATTR_PORT_EXTERNAL]
                      && nla_get_u8(tb[DEVLINK_ATTR_PORT_EXTERNAL]));
    port->controller = get_number(tb[DEVLINK_ATTR_PORT_CONTROLLER_NUMBER]);
    port->ifindex = get_number(tb[DEVLINK_ATTR_PORT_NETDEV_IFINDEX]);
    if (tb[DEVLINK_ATTR_PORT_FUNCTION]) {
        parse_function(tb[DEVLINK_ATTR_PORT_FUNCTION], port);
    }
    if (flavour == SRIOV_VF && !port->external && !strcmp(bus, "pci")) {
        port->vf_pci = sriov_sysfs_vf(name, port->number);
    }
}

int
sriov_nl_devlink_read(const struct sriov_nl *nl, struct sriov_model *model)
{
    bool has_eswitch = false;
    int error;

    if (!nl->devlink) {
        return 0;
    }
    error = sriov_nl_transact(
        nl->genl, sriov_nl_genl_request(nl->devlink, DEVLINK_CMD_GET,
                                        NLM_F_DUMP), dev_reply, model, NULL);
    for (size_t i = 0; i < model->n_devs && !error; i++) {
        struct sriov_dev *dev = model->devs[i];

        dev->driver = sriov_sysfs_driver(dev->bus, dev->name);
        error = read_mode(nl, dev);
        has_eswitch |= dev->mode != SRIOV_MODE_NONE;
        if (!error && dev->mode == SRIOV_MODE_SWITCHDEV) {
            error = read_param(nl, dev->bus, dev->name, "esw_multiport",
                               multiport_reply, dev);
        }
    }
    if (!error && has_eswitch) {
        error = sriov_nl_transact(
            nl->genl, sriov_nl_genl_request(nl->devlink, DEVLINK_CMD_PORT_GET,
                                            NLM_F_DUMP),
            port_reply, model, NULL);
    }
    return error;
}

bool
sriov_nl_genl_event(struct nlmsghdr *nlh)
{
    if (nlh->nlmsg_type == GENL_ID_CTRL || !genlmsg_valid_hdr(nlh, 0)) {
        return true;            /* A family appears or vanishes. */
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

/* Details that only ovs-sriov asks for. */

static void
string_reply(struct nlmsghdr *nlh, void *value_)
{
    char **value = value_;
    struct nlattr *data;

    if (get_param(nlh, &data) && data) {
        free(*value);
        *value = xmemdup0(nla_data(data), strnlen(nla_data(data),
                                                  nla_len(data)));
    }
}

char *
sriov_nl_get_steering(const struct sriov_nl *nl, const char *pci)
{
    char *value = NULL;

    if (nl->devlink) {
        read_param(nl, "pci", pci, "flow_steering_mode", string_reply, &value);
    }
    return value;
}

/* Takes the version of the firmware that runs: "fw.version", else the first
 * one whose name begins with "fw". */
static void
info_reply(struct nlmsghdr *nlh, void *firmware_)
{
    struct nlattr *tb[DEVLINK_ATTR_MAX + 1];
    char **firmware = firmware_;
    struct nlattr *nla;
    int rem;

    if (!genlmsg_valid_hdr(nlh, 0)) {
        return;
    }
    nlmsg_for_each_attr (nla, nlh, GENL_HDRLEN, rem) {
        if (nla_type(nla) == DEVLINK_ATTR_INFO_VERSION_RUNNING
            && sriov_nl_parse_nested(nla, devlink_policy, tb, DEVLINK_ATTR_MAX)
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

char *
sriov_nl_get_firmware(const struct sriov_nl *nl, const char *pci)
{
    char *firmware = NULL;

    if (nl->devlink) {
        sriov_nl_transact(nl->genl,
                          dev_request(nl, DEVLINK_CMD_INFO_GET, "pci", pci),
                          info_reply, &firmware, NULL);
    }
    return firmware;
}

/* Setting. */

/* Sends 'msg' to devlink, if the kernel has that. */
static int
devlink_set(const struct sriov_nl *nl, struct nl_msg *msg, char **detail)
{
    if (!nl->devlink) {
        nlmsg_free(msg);
        *detail = xstrdup("the kernel has no devlink");
        return EOPNOTSUPP;
    }
    return sriov_nl_transact(nl->genl, msg, NULL, NULL, detail);
}

int
sriov_nl_set_mode(const struct sriov_nl *nl, const char *pci,
                  enum sriov_mode mode, char **detail)
{
    struct nl_msg *msg = dev_request(nl, DEVLINK_CMD_ESWITCH_SET, "pci", pci);

    nla_put_u16(msg, DEVLINK_ATTR_ESWITCH_MODE,
                mode == SRIOV_MODE_SWITCHDEV ? DEVLINK_ESWITCH_MODE_SWITCHDEV
                : DEVLINK_ESWITCH_MODE_LEGACY);
    return devlink_set(nl, msg, detail);
}

int
sriov_nl_set_param(const struct sriov_nl *nl, const char *pci,
                   const char *name, const char *value, bool flag,
                   char **detail)
{
    struct nl_msg *msg = dev_request(nl, DEVLINK_CMD_PARAM_SET, "pci", pci);

    nla_put_string(msg, DEVLINK_ATTR_PARAM_NAME, name);
    nla_put_u8(msg, DEVLINK_ATTR_PARAM_TYPE, value ? NLA_STRING : NLA_FLAG);
    nla_put_u8(msg, DEVLINK_ATTR_PARAM_VALUE_CMODE,
               DEVLINK_PARAM_CMODE_RUNTIME);
    if (value) {
        nla_put_string(msg, DEVLINK_ATTR_PARAM_VALUE_DATA, value);
    } else if (flag) {
        nla_put_flag(msg, DEVLINK_ATTR_PARAM_VALUE_DATA);
    }
    return devlink_set(nl, msg, detail);
}

int
sriov_nl_set_port_mac(const struct sriov_nl *nl, const char *pci,
                      uint32_t index, struct eth_addr mac, char **detail)
{
    struct nl_msg *msg = dev_request(nl, DEVLINK_CMD_PORT_SET, "pci", pci);
    struct nlattr *function;

    nla_put_u32(msg, DEVLINK_ATTR_PORT_INDEX, index);
    function = nla_nest_start(msg, DEVLINK_ATTR_PORT_FUNCTION);
    nla_put(msg, DEVLINK_PORT_FUNCTION_ATTR_HW_ADDR, sizeof mac, &mac);
    nla_nest_end(msg, function);
    return devlink_set(nl, msg, detail);
}

int
sriov_nl_set_port_rate(const struct sriov_nl *nl, const char *pci,
                       uint32_t index, bool share, uint64_t rate,
                       char **detail)
{
    struct nl_msg *msg = dev_request(nl, DEVLINK_CMD_RATE_SET, "pci", pci);

    nla_put_u32(msg, DEVLINK_ATTR_PORT_INDEX, index);
    nla_put_u64(msg, (share ? DEVLINK_ATTR_RATE_TX_SHARE
                      : DEVLINK_ATTR_RATE_TX_MAX), rate);
    return devlink_set(nl, msg, detail);
}

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

#ifndef SRIOV_NETLINK_H
#define SRIOV_NETLINK_H 1

/* Asking and telling the kernel, through libnl.
 *
 * Three groups of functions, one file each:
 *
 *     netlink.c          sockets; one request and its replies
 *     netlink-devlink.c  devlink: devices with an eswitch, their ports
 *     netlink-link.c     rtnetlink and ethtool: network devices, VFs
 *
 * No other file knows what a message looks like.  These keep no state and know
 * nothing of ovs-vswitchd's main loop, so that ovs-sriov uses them as well.
 *
 * All errors are positive errno values.  A request that gives one of
 * sriov_nl_is_transient()'s may succeed if it is tried again. */

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdbool.h>
#include <stdint.h>
#include "inventory/model.h"
#include "openvswitch/types.h"

/* Sockets, in netlink.c. */

/* Gets each message that answers a request, apart from those that say that it
 * is done. */
typedef void sriov_nl_func(struct nlmsghdr *, void *aux);

/* Opens a socket for requests.  Returns 0 and stores it in '*skp', to be
 * closed with nl_socket_free(), or returns an error and stores NULL. */
int sriov_nl_open(int protocol, struct nl_sock **skp);

/* Opens a socket for events, which sriov_nl_receive() passes to 'func', with
 * 'aux'.  The caller joins groups with nl_socket_add_membership().  Returns as
 * sriov_nl_open() does. */
int sriov_nl_listen(int protocol, nl_recvmsg_msg_cb_t func, void *aux,
                    struct nl_sock **skp);

/* Passes the events that wait in 'sk', from sriov_nl_listen(), to its
 * function.  Stops after many, so that a flood of them does not stop the
 * caller.  Returns 0, or an error if events were lost (ENOBUFS) or could not
 * be read. */
int sriov_nl_receive(struct nl_sock *sk);

/* Sends 'msg', which is freed, through 'sk', from sriov_nl_open(), and calls
 * 'reply', if that is not NULL, with 'aux' for each message that answers it.
 * Returns 0 or an error: the kernel's, or EINTR if things changed during a
 * dump, so that it is incomplete, or another if the answer could not be read.
 *
 * If 'detail' is not NULL, stores in it what the kernel said about the error,
 * which the caller must free, or NULL. */
int sriov_nl_transact(struct nl_sock *sk, struct nl_msg *msg,
                      sriov_nl_func *reply, void *aux, char **detail);

/* Returns true if 'error' says more about the moment than about the request:
 * an interrupted dump, a lost or a garbled answer, a busy device. */
bool sriov_nl_is_transient(int error);

/* Returns a new request 'cmd' to the generic netlink family with number
 * 'family', with the given NLM_F_* 'flags'.  There is room for some 4 kB of
 * attributes. */
struct nl_msg *sriov_nl_genl_request(int family, uint8_t cmd, int flags);

/* Parses the attributes of 'nlh' behind a family's header of 'header_size'
 * bytes into 'tb', which has 'max' + 1 elements, as 'policy' does.  Attributes
 * that are not in 'policy' are passed over.  Returns false, after having
 * logged it, if the message is truncated or an attribute is not what 'policy'
 * says. */
bool sriov_nl_parse(struct nlmsghdr *nlh, size_t header_size,
                    const struct nla_policy *policy, struct nlattr **tb,
                    int max);

/* Like sriov_nl_parse(), for the attributes in 'nla'. */
bool sriov_nl_parse_nested(struct nlattr *nla, const struct nla_policy *policy,
                           struct nlattr **tb, int max);

/* Returns attribute 'type' in 'nest', which may be NULL, or NULL. */
struct nlattr *sriov_nl_find(struct nlattr *nest, int type);

/* Returns true if 'nla', which may be NULL, is a string that names something:
 * see sriov_name_is_valid(). */
bool sriov_nl_is_name(const struct nlattr *nla);

/* Sockets for all that follows, which wait for the kernel, and so for drivers:
 * not for the main thread. */
struct sriov_nl {
    struct nl_sock *route;      /* NETLINK_ROUTE. */
    struct nl_sock *genl;       /* NETLINK_GENERIC; NULL if the kernel has
                                 * none. */
    int devlink, ethtool;       /* Families of 'genl', 0 if the kernel does not
                                 * have them... */
    int devlink_config;         /* ...and devlink's group "config". */
};

/* Fills in '*nl', to be passed to sriov_nl_disconnect(), which does not free
 * it.  Returns 0, or an error, with which nothing is open. */
int sriov_nl_connect(struct sriov_nl *nl);
void sriov_nl_disconnect(struct sriov_nl *nl);

/* Has 'events', from sriov_nl_listen(), hear of changes of devlink, and of
 * families that come and go, as far as the kernel has that.  Nothing of
 * 'events' but its descriptor is used, so that another thread may receive from
 * it meanwhile.  To join twice does no harm.  Returns 0 or an error. */
int sriov_nl_join(struct nl_sock *events, const struct sriov_nl *);

/* Reads everything into 'model', which the caller is to finish.  Returns 0 or
 * an error, with which 'model' is incomplete. */
int sriov_nl_read(const struct sriov_nl *nl, struct sriov_model *model);

/* devlink, in netlink-devlink.c.
 *
 * Those that set something do so for the PF at 'pci', until the next start of
 * the host.  They return 0 or an error, with '*detail' as sriov_nl_transact()
 * has it.  Those that get something return a malloc'd string or NULL.  Without
 * devlink there is nothing to read, and setting fails with EOPNOTSUPP. */

/* Adds to 'model' the devlink instances, and the ports of those that have an
 * eswitch.  Returns 0 or an error, with which 'model' is incomplete. */
int sriov_nl_devlink_read(const struct sriov_nl *, struct sriov_model *);

/* Returns true if 'nlh', from devlink's group "config" or from nlctrl's
 * "notify", tells of a change of what sriov_nl_devlink_read() reads, or of any
 * family, as those in struct sriov_nl may come and go.  What does not come from nlctrl counts as
 * devlink's, whose number the caller may not know yet.  Any thread. */
bool sriov_nl_genl_event(struct nlmsghdr *);

/* Changes the mode of the eswitch. */
int sriov_nl_set_mode(const struct sriov_nl *, const char *pci,
                      enum sriov_mode, char **detail);

/* Sets the parameter 'name': a string 'value' or, if that is NULL, 'flag'. */
int sriov_nl_set_param(const struct sriov_nl *, const char *pci,
                       const char *name, const char *value, bool flag,
                       char **detail);

/* Returns the parameter flow_steering_mode ("smfs"). */
char *sriov_nl_get_steering(const struct sriov_nl *, const char *pci);

/* Returns the version of the firmware.  The driver asks the device, which
 * takes long. */
char *sriov_nl_get_firmware(const struct sriov_nl *, const char *pci);

/* Sets the address of the function behind the port 'index' of the eswitch. */
int sriov_nl_set_port_mac(const struct sriov_nl *, const char *pci,
                          uint32_t index, struct eth_addr, char **detail);

/* Sets the most that the function behind the port 'index' may send or, for
 * 'share', what it may always send.  In bytes per second; 0: no limit, nothing
 * in particular. */
int sriov_nl_set_port_rate(const struct sriov_nl *, const char *pci,
                           uint32_t index, bool share, uint64_t rate,
                           char **detail);

/* Network devices, in netlink-link.c.  '*detail' is as above. */

/* Adds to 'model', which has the devices and ports that devlink knows, those
 * network devices that have to do with an eswitch.  Returns 0 or an error,
 * with which 'model' is incomplete. */
int sriov_nl_links_read(const struct sriov_nl *, struct sriov_model *);

/* Fills in 'has_hw_tc' and 'hw_tc' of the links in 'model', except for bonds
 * and teams.  A link that does not tell is no error.  Returns 0, or an error
 * with which some are not filled in.
 *
 * One request per link, since a dump covers all of the host's links. */
int sriov_nl_features_read(const struct sriov_nl *, struct sriov_model *);


/* Returns what takes flows of the link 'ifindex' into hardware: nothing if its
 * driver has no hw-tc-offload, and it is none of the virtual devices, such as
 * tunnels, bonds and VLANs, that the drivers of others offload for it.  Where
 * that cannot be found out, others may. */
enum sriov_offload sriov_nl_link_offload(const struct sriov_nl *, int ifindex);

/* Returns true if 'nlh', from RTNLGRP_LINK, can make a difference to what
 * sriov_nl_links_read() reads: it is about a link in the model, which may be
 * NULL, or about one that has to do with a switch.  Any thread. */
bool sriov_nl_link_event(struct nlmsghdr *, const struct sriov_model *);

/* Sets hw-tc-offload of the link 'ifindex' on.  Returns 0 or an error, with
 * '*detail' as sriov_nl_transact() has it.  The kernel calls it success when a
 * driver leaves the feature off; this function does not (EOPNOTSUPP). */
int sriov_nl_link_set_hw_tc(const struct sriov_nl *, int ifindex,
                            char **detail);

/* Finds out what limits what comes in at the link 'ifindex': Open vSwitch's
 * filter for ingress_policing_rate, or ingress_policing_kpkts_rate.  Returns 0
 * and stores whether that is in hardware in '*in_hw', or returns ENOENT if
 * there is none, or another error. */
int sriov_nl_policer_read(const struct sriov_nl *, int ifindex, bool *in_hw);

/* Changes of a link; what is NULL, 0 or false stays. */
struct sriov_link_change {
    const char *name;
    unsigned int mtu;
    int master;                 /* The ifindex of what it is to be in. */
    bool up, down;
};

/* Changes the link 'ifindex'.  Returns 0 or an error, with '*detail' as
 * sriov_nl_transact() has it. */
int sriov_nl_link_set(const struct sriov_nl *, int ifindex,
                      const struct sriov_link_change *, char **detail);

/* Adds the Linux bond 'name', with the kernel's numbers of settings, which are
 * negative if they are to be its defaults (linux/if_bonding.h). */
int sriov_nl_bond_add(const struct sriov_nl *, const char *name, int mode,
                      int lacp_rate, int hash, char **detail);

/* What a PF's link tells of one of its VFs. */
struct sriov_vf {
    uint32_t number;
    struct eth_addr mac;        /* Zeros if none was set. */
    int trust, spoofchk;        /* 0, 1, or -1 if the driver does not say. */
};

/* Calls 'func' for each VF that the PF's link 'ifindex' tells of.  Returns 0
 * or an error. */
int sriov_nl_vfs_read(const struct sriov_nl *, int ifindex,
                      void (*func)(const struct sriov_vf *, void *aux),
                      void *aux);

/* Sets what 'vf' has for its VF of the PF that has the link 'ifindex'; an
 * address of zeros and -1 stay.  Returns 0 or an error, with '*detail' as
 * sriov_nl_transact() has it. */
int sriov_nl_vf_set(const struct sriov_nl *, int ifindex,
                    const struct sriov_vf *vf, char **detail);

#endif /* netlink.h */

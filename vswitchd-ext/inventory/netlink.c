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

/* Netlink sockets: one for events, or one for requests, of which each is done
 * before the next one starts.  See netlink.h for where this stands, and
 * Documentation/userspace-api/netlink/intro.rst in the kernel for dumps,
 * extended acknowledgements and generic netlink. */

#include <config.h>
#include "inventory/netlink.h"

#include <errno.h>
#include <linux/devlink.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <netlink/genl/genl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "openvswitch/util.h"
#include "openvswitch/vlog.h"
#include "inventory/model.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(sriov_netlink);

enum {
    /* Bytes of the largest message that is received: a dump's parts are at
     * most as large as this buffer, see netlink_dump() in the kernel. */
    MESSAGE_SIZE = 32 * 1024,

    /* Bytes of the largest answer to sriov_nl_vfs_read(): all that there is to
     * say about 256 VFs. */
    VFS_MESSAGE_SIZE = 256 * 1024,

    /* Bytes of events that the kernel keeps for us while we are busy. */
    EVENT_BUFFER_SIZE = 4 * 1024 * 1024,

    /* Seconds to wait for an answer.  The kernel prepares it while the request
     * is being sent, so a wait means that it is lost. */
    ANSWER_TIMEOUT = 5,

    /* Messages that sriov_nl_receive() reads at once. */
    MAX_RECEIVE = 1000,
};

/* A request and what became of it. */
struct transaction {
    uint32_t seq;               /* Its number, which its answer has, too. */
    sriov_nl_func *reply;       /* Called for each reply, or NULL. */
    void *aux;                  /* For 'reply'. */
    bool done;                  /* The kernel has given its last answer... */
    int error;                  /* ...which is this errno value, or 0... */
    char *detail;               /* ...and its reason in words, or NULL. */
};

static int
errno_from_nl(int nl_error)
{
    switch (-nl_error) {
    case NLE_AGAIN: return EAGAIN;
    case NLE_DUMP_INTR: return EINTR;
    case NLE_NOMEM: return ENOBUFS;
    case NLE_PERM: return EPERM;
    case NLE_AF_NOSUPPORT: return EAFNOSUPPORT;
    case NLE_PROTO_MISMATCH: return EPROTONOSUPPORT;
    case NLE_OBJ_NOTFOUND: return ENOENT;
    default: return EPROTO;
    }
}

bool
sriov_nl_is_transient(int error)
{
    return (error == EINTR || error == EAGAIN || error == EBUSY
            || error == ENOBUFS || error == ENOMEM || error == EPROTO);
}

int
sriov_nl_open(int protocol, struct nl_sock **skp)
{
    const struct timeval timeout = { .tv_sec = ANSWER_TIMEOUT };
    struct nl_sock *sk = nl_socket_alloc();
    int on = 1;
    int error;

    *skp = NULL;
    if (!sk) {
        out_of_memory();
    }
    error = nl_connect(sk, protocol);
    if (!error) {
        error = nl_socket_set_msg_buf_size(sk, MESSAGE_SIZE);
    }
    if (error) {
        nl_socket_free(sk);
        return errno_from_nl(error);
    }

    int fd = nl_socket_get_fd(sk);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);

    /* Kernels before 4.12 know neither of these, and do without. */
    setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
    setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);

    *skp = sk;
    return 0;
}

int
sriov_nl_listen(int protocol, nl_recvmsg_msg_cb_t func, void *aux,
                struct nl_sock **skp)
{
    const int size = EVENT_BUFFER_SIZE;
    int error = sriov_nl_open(protocol, skp);

    if (error) {
        return error;
    }
    nl_socket_disable_seq_check(*skp);
    nl_socket_modify_cb(*skp, NL_CB_VALID, NL_CB_CUSTOM, func, aux);
    nl_socket_set_nonblocking(*skp);

    int fd = nl_socket_get_fd(*skp);
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size)) {
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    }
    return 0;
}

int
sriov_nl_receive(struct nl_sock *sk)
{
    int error = 0;

    for (int i = 0; i < MAX_RECEIVE; i++) {
        int retval = nl_recvmsgs_default(sk);

        if (retval == -NLE_AGAIN) {
            break;
        } else if (retval < 0) {
            error = errno_from_nl(retval);
            if (error != ENOBUFS) {
                break;
            }
        }
    }
    return error;
}

/* Families of generic netlink. */

/* What there is to know of a family. */
struct family {
    int id;
    const char *group;          /* A group's name, or NULL... */
    int group_id;               /* ...and its number, or 0. */
};

static void
family_reply(struct nlmsghdr *nlh, void *family_)
{
    struct family *family = family_;
    struct nlattr *id, *groups, *group;
    int rem;

    if (!genlmsg_valid_hdr(nlh, 0)) {
        return;
    }
    id = nlmsg_find_attr(nlh, GENL_HDRLEN, CTRL_ATTR_FAMILY_ID);
    groups = nlmsg_find_attr(nlh, GENL_HDRLEN, CTRL_ATTR_MCAST_GROUPS);
    family->id = id && nla_len(id) >= 2 ? nla_get_u16(id) : 0;
    if (!groups || !family->group) {
        return;
    }
    nla_for_each_nested (group, groups, rem) {
        struct nlattr *name = sriov_nl_find(group, CTRL_ATTR_MCAST_GRP_NAME);
        struct nlattr *number = sriov_nl_find(group, CTRL_ATTR_MCAST_GRP_ID);

        if (name && number && nla_len(number) >= 4
            && !nla_strcmp(name, family->group)) {
            family->group_id = nla_get_u32(number);
        }
    }
}

/* Asks through 'sk' for the family 'name'.  One that the kernel does not have
 * is no error.  (libnl's genl_ctrl_resolve() says that it does not have one
 * whatever goes wrong.) */
static int
read_family(struct nl_sock *sk, const char *name, struct family *family)
{
    struct nl_msg *msg = sriov_nl_genl_request(GENL_ID_CTRL,
                                               CTRL_CMD_GETFAMILY, 0);
    int error;

    nla_put_string(msg, CTRL_ATTR_FAMILY_NAME, name);
    error = sriov_nl_transact(sk, msg, family_reply, family, NULL);
    return error == ENOENT ? 0 : error;
}

/* Both sockets. */

int
sriov_nl_connect(struct sriov_nl *nl)
{
    struct family devlink = { .group = DEVLINK_GENL_MCGRP_CONFIG_NAME };
    struct family ethtool = { .group = NULL };
    int error;

    memset(nl, 0, sizeof *nl);
    error = sriov_nl_open(NETLINK_ROUTE, &nl->route);
    if (!error) {
        nl_socket_set_msg_buf_size(nl->route, VFS_MESSAGE_SIZE);
        error = sriov_nl_open(NETLINK_GENERIC, &nl->genl);
    }
    if (error == EPROTONOSUPPORT && nl->route) {
        return 0;
    }
    error = error ? error : read_family(nl->genl, DEVLINK_GENL_NAME, &devlink);
    error = error ? error : read_family(nl->genl, ETHTOOL_GENL_NAME, &ethtool);
    nl->devlink = devlink.id;
    nl->devlink_config = devlink.group_id;
    nl->ethtool = ethtool.id;
    if (error) {
        sriov_nl_disconnect(nl);
    }
    return error;
}

void
sriov_nl_disconnect(struct sriov_nl *nl)
{
    nl_socket_free(nl->route);
    nl_socket_free(nl->genl);
    nl->route = nl->genl = NULL;
}

int
sriov_nl_read(const struct sriov_nl *nl, struct sriov_model *model)
{
    int error = sriov_nl_devlink_read(nl, model);

    error = error ? error : sriov_nl_links_read(nl, model);
    return error ? error : sriov_nl_features_read(nl, model);
}

/* One request. */

/* Receives as nl_recv() does.  What does not end with the end of a message is
 * an error: nl_recvmsgs() would go on without what is missing. */
static int
receive_whole(struct nl_sock *sk, struct sockaddr_nl *from,
              unsigned char **buf, struct ucred **creds)
{
    int n = nl_recv(sk, from, buf, creds);
    int left = n;

    if (n > 0) {
        struct nlmsghdr *nlh = ALIGNED_CAST(struct nlmsghdr *, *buf);

        while (nlmsg_ok(nlh, left)) {
            nlh = nlmsg_next(nlh, &left);
        }
        if (left > 0) {
            free(*buf);
            *buf = NULL;
            return -NLE_MSG_TRUNC;
        }
    }
    return n;
}

/* Passes over what is left of the answer to an earlier request that was given
 * up. */
static int
seq_cb(struct nl_msg *msg, void *tx_)
{
    const struct transaction *tx = tx_;

    return nlmsg_hdr(msg)->nlmsg_seq == tx->seq ? NL_OK : NL_SKIP;
}

static int
valid_cb(struct nl_msg *msg, void *tx_)
{
    struct transaction *tx = tx_;

    if (tx->reply) {
        tx->reply(nlmsg_hdr(msg), tx->aux);
    }
    return NL_OK;
}

/* The end of an answer: of a dump, which carries an error if it had to end
 * early, or an acknowledgement, whose error is 0. */
static int
end_cb(struct nl_msg *msg, void *tx_)
{
    struct nlmsghdr *nlh = nlmsg_hdr(msg);
    struct transaction *tx = tx_;
    int32_t error;

    if (nlmsg_datalen(nlh) >= sizeof error) {
        memcpy(&error, nlmsg_data(nlh), sizeof error);
        tx->error = error < 0 ? -error : 0;
    }
    tx->done = true;
    return NL_OK;
}

static int
error_cb(struct sockaddr_nl *sa OVS_UNUSED, struct nlmsgerr *err, void *tx_)
{
    static const struct nla_policy policy[NLMSGERR_ATTR_MAX + 1] = {
        [NLMSGERR_ATTR_MSG] = { .type = NLA_STRING },
    };
    struct nlmsghdr *nlh = ALIGNED_CAST(struct nlmsghdr *,
                                        (char *) err - NLMSG_HDRLEN);
    struct nlattr *tb[NLMSGERR_ATTR_MAX + 1];
    struct transaction *tx = tx_;
    size_t size = sizeof *err;

    tx->done = true;
    tx->error = -err->error;

    /* The request follows, of which CAP_ACK leaves only the header. */
    if (!(nlh->nlmsg_flags & NLM_F_CAPPED)
        && err->msg.nlmsg_len > NLMSG_HDRLEN) {
        size += NLMSG_ALIGN(err->msg.nlmsg_len) - NLMSG_HDRLEN;
    }
    if (nlh->nlmsg_flags & NLM_F_ACK_TLVS && size <= MESSAGE_SIZE
        && sriov_nl_parse(nlh, size, policy, tb, NLMSGERR_ATTR_MAX)
        && tb[NLMSGERR_ATTR_MSG]) {
        free(tx->detail);
        tx->detail = xstrdup(nla_get_string(tb[NLMSGERR_ATTR_MSG]));
    }
    return NL_STOP;
}

/* Takes what is left of an answer that was given up, or of the one before:
 * until a dump has been read to its end, the kernel refuses another one
 * (EBUSY), or has no room for it (ENOBUFS), each time anew (net/netlink/
 * af_netlink.c, netlink_dump_start()). */
static void
drain(struct nl_sock *sk)
{
    int fd = nl_socket_get_fd(sk);
    char byte;

    for (int i = 0; i < MAX_RECEIVE; i++) {
        if (recv(fd, &byte, sizeof byte, MSG_DONTWAIT) < 0
            && errno != ENOBUFS) {
            break;
        }
    }
}

int
sriov_nl_transact(struct nl_sock *sk, struct nl_msg *msg, sriov_nl_func *reply,
                  void *aux, char **detail)
{
    struct transaction tx = { .reply = reply, .aux = aux };
    struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
    int retval;

    if (!cb) {
        out_of_memory();
    }
    nl_cb_overwrite_recv(cb, receive_whole);
    nl_cb_set(cb, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, seq_cb, &tx);
    nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, valid_cb, &tx);
    nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, end_cb, &tx);
    nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, end_cb, &tx);
    nl_cb_err(cb, NL_CB_CUSTOM, error_cb, &tx);

    retval = nl_send_auto(sk, msg);
    tx.seq = nlmsg_hdr(msg)->nlmsg_seq;
    while (retval >= 0 && !tx.done) {
        /* Not 0 unless the kernel breaks off. */
        retval = nl_recvmsgs_report(sk, cb);
        retval = retval ? retval : -NLE_FAILURE;
    }
    if (retval < 0 && (!tx.done || (retval == -NLE_DUMP_INTR && !tx.error))) {
        tx.error = errno_from_nl(retval);
    }
    if (tx.error) {
        drain(sk);
    }
    nl_cb_put(cb);
    nlmsg_free(msg);

    if (detail) {
        *detail = tx.detail;
    } else {
        free(tx.detail);
    }
    return tx.error;
}

struct nl_msg *
sriov_nl_genl_request(int family, uint8_t cmd, int flags)
{
    struct nl_msg *msg = nlmsg_alloc();

    if (!msg || !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, flags,
                             cmd, 1)) {
        out_of_memory();
    }
    return msg;
}

int
sriov_nl_join(struct nl_sock *events, const struct sriov_nl *nl)
{
    struct family ctrl = { .group = "notify" };
    int error = read_family(nl->genl, "nlctrl", &ctrl);

    if (ctrl.group_id) {
        nl_socket_add_membership(events, ctrl.group_id);
    }
    if (nl->devlink_config) {
        nl_socket_add_membership(events, nl->devlink_config);
    }
    return error;
}

/* Contents. */

static bool
parsed(int retval)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 5);

    if (retval < 0) {
        VLOG_WARN_RL(&rl, "skipped a netlink message that cannot be read: %s",
                     nl_geterror(retval));
    }
    return retval >= 0;
}

bool
sriov_nl_parse(struct nlmsghdr *nlh, size_t header_size,
               const struct nla_policy *policy, struct nlattr **tb, int max)
{
    return parsed(nlmsg_parse(nlh, header_size, tb, max, policy));
}

bool
sriov_nl_parse_nested(struct nlattr *nla, const struct nla_policy *policy,
                      struct nlattr **tb, int max)
{
    return parsed(nla_parse_nested(tb, max, nla, policy));
}

struct nlattr *
sriov_nl_find(struct nlattr *nest, int type)
{
    return nest ? nla_find(nla_data(nest), nla_len(nest), type) : NULL;
}

bool
sriov_nl_is_name(const struct nlattr *nla)
{
    return nla && sriov_name_is_valid(nla_get_string(nla));
}

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

/* Answers of the kernel --> netlink*.c --> model.
 *
 * The input is a stream of answers to the requests in the order in which they
 * are made: a byte, the number of messages (from 0xf0 on: an error), then for
 * each message a byte (kind), two (its size, little endian) and its payload.
 * An input that has ended answers with nothing. */

#include <config.h>
#undef NDEBUG

/* In the place of sockets there is the sriov_nl_transact() below. */
#define sriov_nl_transact socket_transact
#include "inventory/netlink.c"
#undef sriov_nl_transact

#include <linux/if.h>
#include <linux/rtnetlink.h>

#include "fuzz.h"
#include "inventory/model.h"
#include "openvswitch/vlog.h"

int sriov_nl_transact(struct nl_sock *, struct nl_msg *, sriov_nl_func *,
                      void *aux, char **detail);

#define DEVLINK 21
#define ETHTOOL 20
#define MAX_REQUESTS 500        /* No answers to more. */

static const struct sriov_nl nl = { .devlink = DEVLINK, .ethtool = ETHTOOL };

/* What is left of the input. */
static const uint8_t *in;
static size_t in_size;
static unsigned int n_requests;

static uint8_t
get_u8(void)
{
    return in_size ? in_size--, *in++ : 0;
}

/* Returns the next message, which the caller must free.  As libnl guarantees,
 * its header is there, and nlmsg_len is its size. */
static struct nlmsghdr *
get_message(void)
{
    static const uint16_t types[] = {
        RTM_NEWLINK, RTM_DELLINK, DEVLINK, ETHTOOL
    };
    uint16_t type = types[get_u8() % ARRAY_SIZE(types)];
    size_t size = get_u8();

    size |= get_u8() << 8;
    size = MIN(size, in_size);

    struct nlmsghdr *nlh = xzalloc(NLMSG_HDRLEN + size);
    nlh->nlmsg_len = NLMSG_HDRLEN + size;
    nlh->nlmsg_type = type;
    memcpy(nlmsg_data(nlh), in, size);
    in += size;
    in_size -= size;
    return nlh;
}

int
sriov_nl_transact(struct nl_sock *sk OVS_UNUSED, struct nl_msg *request,
                  sriov_nl_func *reply, void *aux, char **detail)
{
    static const int errors[] = { EINTR, EPERM, EOPNOTSUPP, ENODEV };
    uint8_t n = get_u8();
    int error = 0;

    nlmsg_free(request);
    if (detail) {
        *detail = NULL;
    }
    if (n >= 0xf0) {
        error = errors[n % ARRAY_SIZE(errors)];
        n = 0;
    }
    if (n_requests++ > MAX_REQUESTS) {
        n = 0;
    }
    for (; n && in_size; n--) {
        struct nlmsghdr *nlh = get_message();

        if (reply) {
            reply(nlh, aux);
        }
        sriov_nl_genl_event(nlh);
        sriov_nl_link_event(nlh, NULL);
        free(nlh);
    }
    return error;
}

/* Whatever came in, this holds. */
static void
check(const struct sriov_model *model)
{
    ovs_assert(sriov_model_equal(model, model));
    for (size_t i = 0; i < model->n_devs; i++) {
        ovs_assert(sriov_name_is_valid(model->devs[i]->name));
    }
    for (size_t i = 0; i < model->n_links; i++) {
        const struct sriov_link *link = model->links[i];

        ovs_assert(link->ifindex > 0 && sriov_name_is_valid(link->name));
        ovs_assert(strlen(link->name) < IFNAMSIZ);
        ovs_assert(!link->switch_id || strlen(link->switch_id) <= 64);
        sriov_link_bond(model, link);
    }
    for (size_t i = 0; i < model->n_ports; i++) {
        const struct sriov_port *port = model->ports[i];

        ovs_assert(port->dev && port->label && port->key);
        sriov_port_uplink(model, port);
    }
}

int
LLVMFuzzerInitialize(int *argc OVS_UNUSED, char ***argv OVS_UNUSED)
{
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
    return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sriov_model *model = sriov_model_create();

    in = data;
    in_size = size;
    n_requests = 0;
    if (!sriov_nl_read(&nl, model)) {
        sriov_model_finish(model);
        check(model);
    }
    sriov_model_destroy(model);
    return 0;
}

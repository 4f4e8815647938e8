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

/* See pmd.h for where this stands.
 *
 * A rule is the bytes that a frame must have, and what is done to it.  Items
 * are laid out one behind the other, as their headers are in a frame. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_ether.h>
#include <rte_flow_driver.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>
#include "pmd.h"

/* While this file is there, rules are refused, as by a NIC that is full. */
#define REFUSE_FILE "/run/simnic-refuse-rules"

enum { MATCH_MAX = 128, ACTIONS_MAX = 16 };

struct step {
    enum rte_flow_action_type type;
    union {
        uint32_t port;
        uint32_t mark;
        uint16_t value;         /* In network byte order; PCP is not. */
        uint8_t byte;
        uint8_t mac[6], ipv4[4], ipv6[16];
    };
};

struct rule {
    TAILQ_ENTRY(rule) next;
    uint8_t spec[MATCH_MAX], mask[MATCH_MAX];
    size_t len;                 /* Bytes of these that are in use. */
    bool transfer;              /* In the NIC, or for the application only. */
    bool untagged, tagged;      /* The frame must have no, or a, VLAN tag. */
    bool has_vlan, has_ip, is_ipv6;
    bool has_l4;                /* So that the IP header has no options. */
    struct step steps[ACTIONS_MAX];
    size_t n_steps;
    uint64_t hits, bytes;
};

#define EACH_RULE(RULE, PORT) TAILQ_FOREACH(RULE, &(PORT)->rules, next)

static struct simnic_port *
port_of(struct rte_eth_dev *dev)
{
    return dev->data->dev_private;
}

/* Frames. */

static bool
is_tagged(const uint8_t *frame)
{
    return ((frame[12] == 0x81 && !frame[13])
            || (frame[12] == 0x88 && frame[13] == 0xa8));
}

static bool
matches(const struct rule *rule, const uint8_t *frame, size_t len)
{
    size_t l3 = is_tagged(frame) ? 18 : 14;

    if (len < RTE_MAX(rule->len, (size_t) 14)
        || (rule->untagged && is_tagged(frame))
        || (rule->tagged && !is_tagged(frame))
        || (rule->has_l4 && !rule->is_ipv6 && (frame[l3] & 0xf) != 5)) {
        return false;
    }
    for (size_t i = 0; i < rule->len; i++) {
        if ((frame[i] ^ rule->spec[i]) & rule->mask[i]) {
            return false;
        }
    }
    return true;
}

/* Fills in all checksums of the IP packet at 'l3'. */
static void
fill_checksums(uint8_t *l3, size_t len)
{
    struct rte_ipv4_hdr *ip4 = (void *) l3;
    struct rte_ipv6_hdr *ip6 = (void *) l3;
    bool v6 = len >= 40 && l3[0] >> 4 == 6;
    size_t hlen = v6 ? 40 : len >= 20 ? rte_ipv4_hdr_len(ip4) : len;
    uint8_t proto = v6 ? ip6->proto : ip4->next_proto_id;
    uint8_t *l4 = l3 + hlen;
    uint16_t *sum;

    if (hlen >= len) {
        return;
    }
    if (!v6) {
        ip4->hdr_checksum = 0;
        ip4->hdr_checksum = rte_ipv4_cksum(ip4);
    }
    if (proto == IPPROTO_TCP && len >= hlen + 20) {
        sum = &((struct rte_tcp_hdr *) l4)->cksum;
    } else if (proto == IPPROTO_UDP && len >= hlen + 8
               && ((struct rte_udp_hdr *) l4)->dgram_cksum) {
        sum = &((struct rte_udp_hdr *) l4)->dgram_cksum;
    } else {
        return;
    }
    *sum = 0;
    *sum = v6 ? rte_ipv6_udptcp_cksum(ip6, l4) : rte_ipv4_udptcp_cksum(ip4, l4);
}

/* Sets a field of the IP packet in 'frame'. */
static void
set_ip(uint8_t *frame, size_t len, const struct step *step)
{
    size_t ofs = is_tagged(frame) ? 18 : 14;
    uint8_t *l3 = frame + ofs;
    bool v6 = l3[0] >> 4 == 6;
    uint8_t *l4 = l3 + (v6 ? 40 : (l3[0] & 0xf) * 4);

    switch ((int) step->type) {
    case RTE_FLOW_ACTION_TYPE_SET_IPV4_SRC: memcpy(l3 + 12, step->ipv4, 4); break;
    case RTE_FLOW_ACTION_TYPE_SET_IPV4_DST: memcpy(l3 + 16, step->ipv4, 4); break;
    case RTE_FLOW_ACTION_TYPE_SET_IPV6_SRC: memcpy(l3 + 8, step->ipv6, 16); break;
    case RTE_FLOW_ACTION_TYPE_SET_IPV6_DST: memcpy(l3 + 24, step->ipv6, 16); break;
    case RTE_FLOW_ACTION_TYPE_SET_TTL: l3[v6 ? 7 : 8] = step->byte; break;
    case RTE_FLOW_ACTION_TYPE_SET_TP_SRC: memcpy(l4, &step->value, 2); break;
    case RTE_FLOW_ACTION_TYPE_SET_TP_DST: memcpy(l4 + 2, &step->value, 2); break;
    default: break;
    }
    fill_checksums(l3, len - ofs);
}

/* Does to the frame at '*frame', of '*len' bytes, what 'rule' says. */
static void
execute(const struct rule *rule, uint8_t **frame, size_t *len)
{
    for (size_t i = 0; i < rule->n_steps; i++) {
        const struct step *step = &rule->steps[i];
        struct simnic_port *out;
        uint8_t *f = *frame;

        switch ((int) step->type) {
        case RTE_FLOW_ACTION_TYPE_PORT_ID:
            out = simnic_port_get(step->port);
            if (out) {
                simnic_port_send(out, f, *len);
            }
            break;
        case RTE_FLOW_ACTION_TYPE_SET_MAC_DST:
            memcpy(f, step->mac, 6);
            break;
        case RTE_FLOW_ACTION_TYPE_SET_MAC_SRC:
            memcpy(f + 6, step->mac, 6);
            break;
        case RTE_FLOW_ACTION_TYPE_OF_POP_VLAN:
            memmove(f + 4, f, 12);
            *frame += 4;
            *len -= 4;
            break;
        case RTE_FLOW_ACTION_TYPE_OF_PUSH_VLAN:
            memmove(f - 4, f, 12);
            *frame -= 4;
            *len += 4;
            memcpy(*frame + 12, &step->value, 2);
            memset(*frame + 14, 0, 2);
            break;
        case RTE_FLOW_ACTION_TYPE_OF_SET_VLAN_VID:
            f[14] = (f[14] & 0xf0) | (rte_be_to_cpu_16(step->value) >> 8 & 0xf);
            f[15] = rte_be_to_cpu_16(step->value) & 0xff;
            break;
        case RTE_FLOW_ACTION_TYPE_OF_SET_VLAN_PCP:
            f[14] = (f[14] & 0x1f) | step->byte << 5;
            break;
        case RTE_FLOW_ACTION_TYPE_DROP:
            break;
        default:
            set_ip(f, *len, step);
            break;
        }
    }
}

bool
simnic_flow_receive(struct simnic_port *port, uint8_t *frame, size_t len,
                    uint32_t *mark)
{
    struct rule *rule;

    EACH_RULE (rule, port) {
        if (rule->transfer && matches(rule, frame, len)) {
            rule->hits++;
            rule->bytes += len;
            execute(rule, &frame, &len);
            return true;
        }
    }
    EACH_RULE (rule, port) {
        if (!rule->transfer && matches(rule, frame, len)) {
            rule->hits++;
            rule->bytes += len;
            *mark = rule->steps[0].mark;
            break;
        }
    }
    return false;
}

/* What is taken, and what is refused. */

static int
refuse(struct rte_flow_error *error, int code, enum rte_flow_error_type type,
       const char *message)
{
    LOG(DEBUG, "rule refused: %s\n", message);
    return rte_flow_error_set(error, code, type, NULL, message);
}

static int
add_item(struct rule *rule, const struct rte_flow_item *item,
         struct rte_flow_error *error)
{
    size_t match, header;

    switch ((int) item->type) {
    case RTE_FLOW_ITEM_TYPE_VOID: return 0;
    case RTE_FLOW_ITEM_TYPE_ETH: match = header = 14; break;
    case RTE_FLOW_ITEM_TYPE_VLAN: match = header = 4; break;
    case RTE_FLOW_ITEM_TYPE_IPV4: match = header = 20; break;
    case RTE_FLOW_ITEM_TYPE_IPV6: match = header = 40; break;
    case RTE_FLOW_ITEM_TYPE_TCP: match = header = 20; break;
    case RTE_FLOW_ITEM_TYPE_UDP: match = header = 8; break;
    case RTE_FLOW_ITEM_TYPE_ICMP: match = 4; header = 8; break;
    default:
        return refuse(error, ENOTSUP, RTE_FLOW_ERROR_TYPE_ITEM,
                      "item not supported");
    }
    if (item->last) {
        /* mlx5_flow.c, mlx5_flow_item_acceptable(); it has an exception, for
         * fragments. */
        return refuse(error, ENOTSUP, RTE_FLOW_ERROR_TYPE_ITEM,
                      "range is not valid");
    }
    if (rule->len + header > MATCH_MAX) {
        return refuse(error, ENOTSUP, RTE_FLOW_ERROR_TYPE_ITEM,
                      "too many headers");
    }
    if (item->spec && item->mask) {
        memcpy(rule->spec + rule->len, item->spec, match);
        memcpy(rule->mask + rule->len, item->mask, match);
    }
    switch ((int) item->type) {
    case RTE_FLOW_ITEM_TYPE_ETH: {
        const struct rte_flow_item_eth *spec = item->spec, *mask = item->mask;

        if (spec && mask && mask->has_vlan) {
            rule->tagged = spec->has_vlan;
            rule->untagged = !spec->has_vlan;
        }
        break;
    }
    case RTE_FLOW_ITEM_TYPE_VLAN:
        rule->has_vlan = rule->tagged = true;
        break;
    case RTE_FLOW_ITEM_TYPE_IPV4:
    case RTE_FLOW_ITEM_TYPE_IPV6:
        rule->has_ip = true;
        rule->is_ipv6 = item->type == RTE_FLOW_ITEM_TYPE_IPV6;
        rule->spec[rule->len] |= rule->is_ipv6 ? 0x60 : 0x40;
        rule->mask[rule->len] |= 0xf0;
        break;
    default:
        rule->has_l4 = true;
        break;
    }
    rule->len += header;
    return 0;
}

/* flow_dv_validate_action_port_id() in mlx5_flow_dv.c. */
static int
check_port(const struct simnic_port *port, const struct rule *rule,
           uint32_t id, bool fate, struct rte_flow_error *error)
{
    const struct simnic_port *out = simnic_port_get(id);

    if (!rule->transfer) {
        return refuse(error, ENOTSUP, RTE_FLOW_ERROR_TYPE_UNSPECIFIED,
                      "port action is valid in transfer mode only");
    } else if (fate) {
        return refuse(error, EINVAL, RTE_FLOW_ERROR_TYPE_ACTION,
                      "can have only one fate actions in a flow");
    } else if (!out) {
        return refuse(error, ENODEV, RTE_FLOW_ERROR_TYPE_ACTION_CONF,
                      "failed to obtain E-Switch port id for port");
    } else if (out->domain != port->domain) {
        return refuse(error, EINVAL, RTE_FLOW_ERROR_TYPE_ACTION,
                      "port does not belong to E-Switch being configured");
    }
    return 0;
}

/* Copies what 'action' is configured with into 'step'.  Returns false if it is
 * an action that is not supported. */
static bool
take_conf(struct step *step, const struct rte_flow_action *action)
{
    const void *conf = action->conf;

    step->type = action->type;
    switch ((int) action->type) {
    case RTE_FLOW_ACTION_TYPE_PORT_ID:
        step->port = ((const struct rte_flow_action_port_id *) conf)->id;
        return true;
    case RTE_FLOW_ACTION_TYPE_REPRESENTED_PORT:
        step->type = RTE_FLOW_ACTION_TYPE_PORT_ID;
        step->port = ((const struct rte_flow_action_ethdev *) conf)->port_id;
        return true;
    case RTE_FLOW_ACTION_TYPE_MARK:
        step->mark = ((const struct rte_flow_action_mark *) conf)->id;
        return true;
    case RTE_FLOW_ACTION_TYPE_SET_MAC_SRC:
    case RTE_FLOW_ACTION_TYPE_SET_MAC_DST:
        memcpy(step->mac, conf, 6);
        return true;
    case RTE_FLOW_ACTION_TYPE_SET_IPV4_SRC:
    case RTE_FLOW_ACTION_TYPE_SET_IPV4_DST:
        memcpy(step->ipv4, conf, 4);
        return true;
    case RTE_FLOW_ACTION_TYPE_SET_IPV6_SRC:
    case RTE_FLOW_ACTION_TYPE_SET_IPV6_DST:
        memcpy(step->ipv6, conf, 16);
        return true;
    case RTE_FLOW_ACTION_TYPE_SET_TTL:
    case RTE_FLOW_ACTION_TYPE_OF_SET_VLAN_PCP:
        step->byte = *(const uint8_t *) conf;
        return true;
    case RTE_FLOW_ACTION_TYPE_SET_TP_SRC:
    case RTE_FLOW_ACTION_TYPE_SET_TP_DST:
    case RTE_FLOW_ACTION_TYPE_OF_SET_VLAN_VID:
    case RTE_FLOW_ACTION_TYPE_OF_PUSH_VLAN:
        memcpy(&step->value, conf, 2);
        return true;
    case RTE_FLOW_ACTION_TYPE_OF_POP_VLAN:
    case RTE_FLOW_ACTION_TYPE_DROP:
        return true;
    default:
        return false;
    }
}

static bool
needs_ip(enum rte_flow_action_type type)
{
    return (type == RTE_FLOW_ACTION_TYPE_SET_IPV4_SRC
            || type == RTE_FLOW_ACTION_TYPE_SET_IPV4_DST
            || type == RTE_FLOW_ACTION_TYPE_SET_IPV6_SRC
            || type == RTE_FLOW_ACTION_TYPE_SET_IPV6_DST
            || type == RTE_FLOW_ACTION_TYPE_SET_TTL
            || type == RTE_FLOW_ACTION_TYPE_SET_TP_SRC
            || type == RTE_FLOW_ACTION_TYPE_SET_TP_DST);
}

/* Adds 'action' to 'rule'.  '*fate' is whether an earlier one decided where the
 * frame goes. */
static int
add_action(const struct simnic_port *port, struct rule *rule,
           const struct rte_flow_action *action, bool *fate,
           struct rte_flow_error *error)
{
    struct step *step = &rule->steps[rule->n_steps];
    int ret = 0;

    if (action->type == RTE_FLOW_ACTION_TYPE_VOID
        || action->type == RTE_FLOW_ACTION_TYPE_COUNT
        || (action->type == RTE_FLOW_ACTION_TYPE_RSS && !rule->transfer)) {
        *fate = *fate || action->type == RTE_FLOW_ACTION_TYPE_RSS;
        return 0;
    } else if (rule->n_steps >= ACTIONS_MAX || !take_conf(step, action)
               || (step->type == RTE_FLOW_ACTION_TYPE_MARK
                   && rule->transfer)) {
        return refuse(error, ENOTSUP, RTE_FLOW_ERROR_TYPE_ACTION,
                      "action not supported");
    }
    if (step->type == RTE_FLOW_ACTION_TYPE_PORT_ID) {
        ret = check_port(port, rule, step->port, *fate, error);
        *fate = true;
    } else if (step->type == RTE_FLOW_ACTION_TYPE_DROP) {
        /* mlx5_flow_validate_action_drop(). */
        ret = *fate ? refuse(error, EINVAL, RTE_FLOW_ERROR_TYPE_ACTION,
                             "can't have 2 fate actions in same flow") : 0;
        *fate = true;
    } else if (step->type == RTE_FLOW_ACTION_TYPE_OF_POP_VLAN && *fate) {
        /* flow_dv_validate_action_pop_vlan(). */
        ret = refuse(error, EINVAL, RTE_FLOW_ERROR_TYPE_ACTION,
                     "wrong action order, port_id should be after pop VLAN "
                     "action");
    } else if (step->type == RTE_FLOW_ACTION_TYPE_OF_POP_VLAN
               && !rule->has_vlan) {
        ret = refuse(error, ENOTSUP, RTE_FLOW_ERROR_TYPE_UNSPECIFIED,
                     "cannot pop vlan without a match on (outer) vlan in the "
                     "flow");
    } else if (needs_ip(step->type) && !rule->has_ip) {
        /* flow_dv_validate_action_modify_ipv4() and its like. */
        ret = refuse(error, EINVAL, RTE_FLOW_ERROR_TYPE_ACTION,
                     "no ipv4 item in pattern");
    }
    rule->n_steps++;
    return ret;
}

static int
fill_rule(const struct simnic_port *port, struct rule *rule,
          const struct rte_flow_attr *attr, const struct rte_flow_item *items,
          const struct rte_flow_action *actions, struct rte_flow_error *error)
{
    bool fate = false;
    int ret = 0;

    if (attr->group || attr->egress) {
        return refuse(error, ENOTSUP, RTE_FLOW_ERROR_TYPE_ATTR,
                      "groups and egress are not supported");
    }
    rule->transfer = attr->transfer;
    for (; !ret && items->type != RTE_FLOW_ITEM_TYPE_END; items++) {
        ret = add_item(rule, items, error);
    }
    for (; !ret && actions->type != RTE_FLOW_ACTION_TYPE_END; actions++) {
        ret = add_action(port, rule, actions, &fate, error);
    }
    if (!ret && !fate) {
        ret = refuse(error, EINVAL, RTE_FLOW_ERROR_TYPE_ACTION,
                     "no fate action is found");
    }
    if (!ret && !access(REFUSE_FILE, F_OK)) {
        /* flow_dv_apply(). */
        ret = refuse(error, ENOMEM, RTE_FLOW_ERROR_TYPE_UNSPECIFIED,
                     "hardware refuses to create flow");
    }
    return ret;
}

static struct rte_flow *
flow_create(struct rte_eth_dev *dev, const struct rte_flow_attr *attr,
            const struct rte_flow_item items[],
            const struct rte_flow_action actions[],
            struct rte_flow_error *error)
{
    struct simnic_port *port = port_of(dev);
    struct rule *rule = calloc(1, sizeof *rule);
    int ret;

    rte_spinlock_lock(&simnic_lock);
    ret = fill_rule(port, rule, attr, items, actions, error);
    if (ret) {
        free(rule);
        rule = NULL;
    } else {
        TAILQ_INSERT_TAIL(&port->rules, rule, next);
    }
    rte_spinlock_unlock(&simnic_lock);
    return (struct rte_flow *) rule;
}

static int
flow_destroy(struct rte_eth_dev *dev, struct rte_flow *flow,
             struct rte_flow_error *error __rte_unused)
{
    struct rule *rule = (struct rule *) flow;

    rte_spinlock_lock(&simnic_lock);
    TAILQ_REMOVE(&port_of(dev)->rules, rule, next);
    rte_spinlock_unlock(&simnic_lock);
    free(rule);
    return 0;
}

void
simnic_flow_flush(struct simnic_port *port)
{
    struct rule *rule;

    while ((rule = TAILQ_FIRST(&port->rules)) != NULL) {
        TAILQ_REMOVE(&port->rules, rule, next);
        free(rule);
    }
}

static int
flow_flush(struct rte_eth_dev *dev,
           struct rte_flow_error *error __rte_unused)
{
    rte_spinlock_lock(&simnic_lock);
    simnic_flow_flush(port_of(dev));
    rte_spinlock_unlock(&simnic_lock);
    return 0;
}

static int
flow_query(struct rte_eth_dev *dev __rte_unused, struct rte_flow *flow,
           const struct rte_flow_action *action, void *data,
           struct rte_flow_error *error)
{
    struct rte_flow_query_count *query = data;
    struct rule *rule = (struct rule *) flow;

    if (action->type != RTE_FLOW_ACTION_TYPE_COUNT) {
        return refuse(error, ENOTSUP, RTE_FLOW_ERROR_TYPE_ACTION,
                      "action not supported");
    }
    rte_spinlock_lock(&simnic_lock);
    query->hits_set = query->bytes_set = 1;
    query->hits = rule->hits;
    query->bytes = rule->bytes;
    if (query->reset) {
        rule->hits = rule->bytes = 0;
    }
    rte_spinlock_unlock(&simnic_lock);
    return 0;
}

const struct rte_flow_ops simnic_flow_ops = {
    .create = flow_create,
    .destroy = flow_destroy,
    .flush = flow_flush,
    .query = flow_query,
};

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

/* See pmd.h for where this stands. */

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>
#include "pmd.h"

static struct simnic_port *ports[RTE_MAX_ETHPORTS];
rte_spinlock_t simnic_lock = RTE_SPINLOCK_INITIALIZER;

static struct simnic_port *
port_of(struct rte_eth_dev *dev)
{
    return dev->data->dev_private;
}

struct simnic_port *
simnic_port_get(uint32_t id)
{
    return id < RTE_MAX_ETHPORTS ? ports[id] : NULL;
}

/* Frames. */

/* Fills in the checksum that a driver would have had its NIC fill in. */
static void
finish_checksum(uint8_t *frame, size_t len)
{
    struct rte_ipv4_hdr *ip = (void *) (frame + 14);
    size_t hlen = len > 34 ? rte_ipv4_hdr_len(ip) : 0;
    uint8_t *l4 = frame + 14 + hlen;

    if (frame[12] != 8 || frame[13] || hlen < 20
        || len < 14 + (size_t) rte_be_to_cpu_16(ip->total_length)) {
        return;
    }
    if (ip->next_proto_id == IPPROTO_TCP && len >= 14 + hlen + 20) {
        struct rte_tcp_hdr *tcp = (void *) l4;

        tcp->cksum = 0;
        tcp->cksum = rte_ipv4_udptcp_cksum(ip, tcp);
    } else if (ip->next_proto_id == IPPROTO_UDP && len >= 14 + hlen + 8) {
        l4[6] = l4[7] = 0;      /* None. */
    }
}

/* Takes a frame from the socket into 'frame', with the VLAN tag that the kernel
 * hands over beside it back in its place.  Returns its length in bytes, or 0 if
 * there is none, or -1 if it cannot be taken. */
static ssize_t
receive_frame(struct simnic_port *port, uint8_t *frame)
{
    union {
        struct cmsghdr align;
        char buf[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
    } control;
    struct iovec iov = { .iov_base = frame, .iov_len = FRAME_MAX - 4 };
    struct msghdr msg = {
        .msg_iov = &iov, .msg_iovlen = 1,
        .msg_control = &control, .msg_controllen = sizeof control,
    };
    ssize_t len = recvmsg(port->sock, &msg, MSG_DONTWAIT);
    struct cmsghdr *cmsg;

    if (len <= 0) {
        return 0;
    } else if (msg.msg_flags & MSG_TRUNC) {
        return -1;
    }
    for (cmsg = CMSG_FIRSTHDR(&msg); cmsg; cmsg = CMSG_NXTHDR(&msg, cmsg)) {
        struct tpacket_auxdata aux;

        if (cmsg->cmsg_level != SOL_PACKET
            || cmsg->cmsg_type != PACKET_AUXDATA) {
            continue;
        }
        memcpy(&aux, CMSG_DATA(cmsg), sizeof aux);
        if (aux.tp_status & TP_STATUS_CSUMNOTREADY) {
            finish_checksum(frame, len);
        }
        if (aux.tp_status & TP_STATUS_VLAN_VALID) {
            uint16_t tpid = (aux.tp_status & TP_STATUS_VLAN_TPID_VALID
                             ? aux.tp_vlan_tpid : ETH_P_8021Q);
            uint16_t tag[2] = { rte_cpu_to_be_16(tpid),
                                rte_cpu_to_be_16(aux.tp_vlan_tci) };

            memmove(frame + 16, frame + 12, len - 12);
            memcpy(frame + 12, tag, sizeof tag);
            len += 4;
        }
    }
    return len;
}

bool
simnic_port_send(struct simnic_port *port, const void *frame, size_t len)
{
    return send(port->sock, frame, len, MSG_DONTWAIT) == (ssize_t) len;
}

static uint16_t
port_rx(void *queue, struct rte_mbuf **pkts, uint16_t n)
{
    struct simnic_port *port = queue;
    uint16_t done = 0;

    for (int tries = 0; done < n && tries < n; tries++) {
        uint8_t buf[8 + FRAME_MAX], *frame = buf + 8;
        ssize_t len = receive_frame(port, frame);
        struct rte_mbuf *m;
        uint32_t mark = 0;
        bool taken;
        char *data;

        if (!len) {
            break;
        } else if (len < 0) {
            port->stats.ierrors++;
            continue;
        }
        rte_spinlock_lock(&simnic_lock);
        taken = simnic_flow_receive(port, frame, len, &mark);
        rte_spinlock_unlock(&simnic_lock);
        if (taken) {
            continue;
        }
        m = rte_pktmbuf_alloc(port->mp);
        data = m ? rte_pktmbuf_append(m, len) : NULL;
        if (!data) {
            rte_pktmbuf_free(m);
            port->stats.rx_nombuf++;
            continue;
        }
        memcpy(data, frame, len);
        m->port = port->id;
        if (mark) {
            m->hash.fdir.hi = mark;
            m->ol_flags |= RTE_MBUF_F_RX_FDIR | RTE_MBUF_F_RX_FDIR_ID;
        }
        port->stats.ipackets++;
        port->stats.ibytes += len;
        pkts[done++] = m;
    }
    return done;
}

static uint16_t
port_tx(void *queue, struct rte_mbuf **pkts, uint16_t n)
{
    struct simnic_port *port = queue;

    for (uint16_t i = 0; i < n; i++) {
        uint8_t buf[FRAME_MAX];
        size_t len = pkts[i]->pkt_len;
        const void *data = (len <= sizeof buf
                            ? rte_pktmbuf_read(pkts[i], 0, len, buf) : NULL);

        if (data && simnic_port_send(port, data, len)) {
            port->stats.opackets++;
            port->stats.obytes += len;
        } else {
            port->stats.oerrors++;
        }
        rte_pktmbuf_free(pkts[i]);
    }
    return n;
}

/* The network device. */

static int
ifreq(const char *netdev, unsigned long int cmd, struct ifreq *ifr)
{
    int s = socket(AF_INET, SOCK_DGRAM, 0), ret;

    snprintf(ifr->ifr_name, sizeof ifr->ifr_name, "%s", netdev);
    ret = ioctl(s, cmd, ifr) ? -errno : 0;
    close(s);
    return ret;
}

static int
set_up(struct simnic_port *port, bool up)
{
    struct ifreq ifr;
    int ret = ifreq(port->netdev, SIOCGIFFLAGS, &ifr);

    if (!ret) {
        ifr.ifr_flags = (up ? ifr.ifr_flags | IFF_UP
                         : ifr.ifr_flags & ~IFF_UP);
        ret = ifreq(port->netdev, SIOCSIFFLAGS, &ifr);
    }
    return ret;
}

static int
open_socket(int ifindex)
{
    struct sockaddr_ll sll = { .sll_family = AF_PACKET,
                               .sll_protocol = htons(ETH_P_ALL),
                               .sll_ifindex = ifindex };
    int size = 4 * 1024 * 1024, one = 1;
    int s = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

    if (s >= 0
        && (setsockopt(s, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one)
            || setsockopt(s, SOL_PACKET, PACKET_AUXDATA, &one, sizeof one)
            || bind(s, (struct sockaddr *) &sll, sizeof sll))) {
        close(s);
        return -1;
    }
    setsockopt(s, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    setsockopt(s, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
    return s;
}

/* What DPDK asks of a port. */

static int
port_nop(struct rte_eth_dev *dev)
{
    (void) dev;
    return 0;
}

static int
port_link_update(struct rte_eth_dev *dev, int wait __rte_unused)
{
    struct simnic_port *port = port_of(dev);
    struct ifreq ifr = { .ifr_flags = 0 };
    bool up = (!ifreq(port->netdev, SIOCGIFFLAGS, &ifr)
               && (int) if_nametoindex(port->netdev) == port->ifindex
               && ifr.ifr_flags & IFF_RUNNING && ifr.ifr_flags & IFF_UP);

    dev->data->dev_link = (struct rte_eth_link) {
        .link_speed = RTE_ETH_SPEED_NUM_25G,
        .link_duplex = RTE_ETH_LINK_FULL_DUPLEX,
        .link_status = up ? RTE_ETH_LINK_UP : RTE_ETH_LINK_DOWN,
    };
    return 0;
}

static int
port_start(struct rte_eth_dev *dev)
{
    int ret = set_up(port_of(dev), true);

    port_link_update(dev, 0);
    return ret;
}

static int
port_stop(struct rte_eth_dev *dev)
{
    dev->data->dev_link.link_status = RTE_ETH_LINK_DOWN;
    return 0;
}

static int
port_link_up(struct rte_eth_dev *dev)
{
    return set_up(port_of(dev), true);
}

static int
port_link_down(struct rte_eth_dev *dev)
{
    return set_up(port_of(dev), false);
}

static int
port_close(struct rte_eth_dev *dev)
{
    struct simnic_port *port = port_of(dev);

    rte_spinlock_lock(&simnic_lock);
    simnic_flow_flush(port);
    ports[port->id] = NULL;
    rte_spinlock_unlock(&simnic_lock);
    close(port->sock);
    dev->data->mac_addrs = NULL;        /* Part of dev_private. */
    LOG(NOTICE, "port %u (%s) is closed\n", port->id, port->netdev);
    return 0;
}

static int
port_infos(struct rte_eth_dev *dev, struct rte_eth_dev_info *info)
{
    struct simnic_port *port = port_of(dev);

    info->if_index = port->ifindex;
    info->max_mac_addrs = 1;
    info->max_rx_pktlen = FRAME_MAX;
    info->min_mtu = 68;
    info->max_mtu = 9600;
    info->max_rx_queues = 1;
    info->max_tx_queues = 64;
    info->tx_offload_capa = RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
    info->switch_info.name = dev->device->name;
    info->switch_info.domain_id = port->domain;
    info->switch_info.port_id = (port->representor
                                 ? dev->data->representor_id : UINT16_MAX);
    return 0;
}

static int
port_rxq(struct rte_eth_dev *dev, uint16_t q, uint16_t n __rte_unused,
         unsigned int socket __rte_unused,
         const struct rte_eth_rxconf *conf __rte_unused,
         struct rte_mempool *mp)
{
    port_of(dev)->mp = mp;
    dev->data->rx_queues[q] = port_of(dev);
    return 0;
}

static int
port_txq(struct rte_eth_dev *dev, uint16_t q, uint16_t n __rte_unused,
         unsigned int socket __rte_unused,
         const struct rte_eth_txconf *conf __rte_unused)
{
    dev->data->tx_queues[q] = port_of(dev);
    return 0;
}

static int
port_stats(struct rte_eth_dev *dev, struct rte_eth_stats *stats)
{
    *stats = port_of(dev)->stats;
    return 0;
}

static int
port_stats_reset(struct rte_eth_dev *dev)
{
    memset(&port_of(dev)->stats, 0, sizeof port_of(dev)->stats);
    return 0;
}

static int
port_mtu(struct rte_eth_dev *dev, uint16_t mtu)
{
    struct ifreq ifr = { .ifr_mtu = mtu };

    return ifreq(port_of(dev)->netdev, SIOCSIFMTU, &ifr);
}

static int
port_flow_ops(struct rte_eth_dev *dev __rte_unused,
              const struct rte_flow_ops **ops)
{
    *ops = &simnic_flow_ops;
    return 0;
}

/* mlx5_ethdev.c, mlx5_representor_info_get(): VFs and SFs of two PFs. */
static int
port_representor_info(struct rte_eth_dev *dev __rte_unused,
                      struct rte_eth_representor_info *info)
{
    static const enum rte_eth_representor_type types[] = {
        RTE_ETH_REPRESENTOR_VF, RTE_ETH_REPRESENTOR_SF,
    };
    unsigned int i = 0;

    for (int pf = 0; info && pf < 2; pf++) {
        for (int t = 0; t < 2 && i < info->nb_ranges_alloc; t++, i++) {
            struct rte_eth_representor_range *r = &info->ranges[i];

            *r = (struct rte_eth_representor_range) {
                .type = types[t], .pf = pf,
                .id_base = pf << 14 | types[t] << 12,
                .id_end = pf << 14 | types[t] << 12 | 0xfff,
            };
            snprintf(r->name, sizeof r->name, "pf%d%s", pf, t ? "sf" : "vf");
        }
    }
    if (info) {
        info->controller = info->pf = 0;
        info->nb_ranges = i;
    }
    return 4;
}

static const struct eth_dev_ops ops = {
    .dev_configure = port_nop, .dev_start = port_start,
    .dev_stop = port_stop, .dev_close = port_close,
    .dev_infos_get = port_infos, .dev_set_link_up = port_link_up,
    .dev_set_link_down = port_link_down, .rx_queue_setup = port_rxq,
    .tx_queue_setup = port_txq, .link_update = port_link_update,
    .stats_get = port_stats, .stats_reset = port_stats_reset,
    .mtu_set = port_mtu, .promiscuous_enable = port_nop,
    .promiscuous_disable = port_nop, .allmulticast_enable = port_nop,
    .allmulticast_disable = port_nop, .flow_ops_get = port_flow_ops,
    .representor_info_get = port_representor_info,
};

int
simnic_port_init(struct rte_eth_dev *dev, const char *netdev,
                 bool representor, uint16_t domain)
{
    struct simnic_port *port = port_of(dev);
    struct ifreq ifr;
    int ret = ifreq(netdev, SIOCGIFHWADDR, &ifr);

    if (ret) {
        return ret;
    }
    port->ifindex = if_nametoindex(netdev);
    port->sock = open_socket(port->ifindex);
    if (port->sock < 0) {
        return -errno;
    }
    port->id = dev->data->port_id;
    snprintf(port->netdev, sizeof port->netdev, "%s", netdev);
    memcpy(&port->mac, ifr.ifr_hwaddr.sa_data, sizeof port->mac);
    port->representor = representor;
    port->domain = domain;
    TAILQ_INIT(&port->rules);
    rte_spinlock_lock(&simnic_lock);
    ports[port->id] = port;
    rte_spinlock_unlock(&simnic_lock);

    dev->dev_ops = &ops;
    dev->rx_pkt_burst = port_rx;
    dev->tx_pkt_burst = port_tx;
    dev->data->mac_addrs = &port->mac;
    dev->data->dev_flags |= RTE_ETH_DEV_AUTOFILL_QUEUE_XSTATS;
    return 0;
}

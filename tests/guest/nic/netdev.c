// SPDX-License-Identifier: GPL-2.0
/*
 * The network devices, and the way of a frame between them.
 *
 *   switchdev mode, a frame comes in at a vport or from the wire:
 *       a rule of that port matches     -> the rule's targets; the host's software never sees it
 *       none does (the "slow path")     -> received on the representor or the uplink
 *   a frame sent on a representor or the uplink goes to its vport or to the wire, past all rules
 *
 *   legacy mode: a plain switch by MAC address among the PF, its VFs and the wire
 */
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/rtnetlink.h>
#include <net/udp_tunnel.h>

#include "simnic.h"

static const struct net_device_ops uplink_ops, rep_ops, end_ops;

/* Hands 'skb', whose data starts at the MAC header, to the software behind 'dev'.  Consumes it. */
static bool receive(struct net_device *dev, struct sk_buff *skb)
{
	/* A device without carrier gets nothing, as if the wire were cut. */
	if (!netif_running(dev) || !netif_carrier_ok(dev)) {
		kfree_skb(skb);
		return false;
	}
	return dev_forward_skb(dev, skb) == NET_RX_SUCCESS;
}

/* Sends 'skb' out of the switch through 'port' (uplink or representor) to what lies beyond.  Consumes it. */
static void send_out(struct simnic_port *port, struct sk_buff *skb)
{
	struct simnic_port *end;
	unsigned int segs = simnic_segs(skb), len = skb->len;

	if (port->kind == SIMNIC_UPLINK)
		end = netdev_priv(port->pf->wire);
	else
		end = rcu_dereference_bh(port->vport->func_port);
	if (!end) {
		kfree_skb(skb);
		atomic64_inc(&port->dropped);
		return;
	}
	if (receive(end->dev, skb))
		simnic_count(&end->sw_rx, segs, len);
	else
		atomic64_inc(&port->dropped);
}

/* A rule sends 'skb' to 'port'.  Consumes it. */
void simnic_egress(struct simnic_port *port, struct sk_buff *skb)
{
	simnic_count(&port->hw_tx, simnic_segs(skb), skb->len);
	send_out(port, skb);
}

/* 'skb' enters the switch at 'in' (uplink or representor).  Consumes it. */
static void enter(struct simnic_port *in, struct sk_buff *skb)
{
	unsigned int segs = simnic_segs(skb), len = skb->len;

	if (simnic_forward(in, skb)) {
		simnic_count(&in->hw_rx, segs, len);
		return;
	}
	if (receive(in->dev, skb))
		simnic_count(&in->sw_rx, segs, len);
	else
		atomic64_inc(&in->dropped);
}

/* Legacy mode: a copy to each owner of the address but the sender; what nobody owns goes to the wire.  Consumes 'skb'. */
static void legacy_switch(struct simnic_pf *pf, struct net_device *from, struct sk_buff *skb)
{
	const u8 *dst = eth_hdr(skb)->h_dest;
	bool multicast = is_multicast_ether_addr(dst), found = false;
	struct net_device *targets[2] = { pf->uplink, pf->wire };
	struct simnic_vport *vport;
	unsigned long index;
	int i;

	xa_for_each(&pf->vports, index, vport) {
		struct simnic_port *func = rcu_dereference_bh(vport->func_port);
		struct sk_buff *copy;

		if (!func || func->dev == from || !(multicast || ether_addr_equal(dst, func->dev->dev_addr)))
			continue;
		found = true;
		copy = skb_clone(skb, GFP_ATOMIC);
		if (copy) {
			unsigned int segs = simnic_segs(copy), len = copy->len;

			if (receive(func->dev, copy))
				simnic_count(&func->sw_rx, segs, len);
		}
	}
	for (i = 0; i < 2; i++) {
		struct simnic_port *port = netdev_priv(targets[i]);
		struct sk_buff *copy;
		bool mine;

		if (targets[i] == from)
			continue;
		if (port->kind == SIMNIC_UPLINK)
			mine = ether_addr_equal(dst, targets[i]->dev_addr) || targets[i]->flags & IFF_PROMISC;
		else
			mine = !found && !(from != pf->uplink && ether_addr_equal(dst, pf->uplink->dev_addr));
		if (!multicast && !mine)
			continue;
		copy = skb_clone(skb, GFP_ATOMIC);
		if (copy) {
			unsigned int segs = simnic_segs(copy), len = copy->len;

			/* In legacy mode, too, a PF may have rules. */
			if (port->kind == SIMNIC_UPLINK && simnic_forward(port, copy))
				simnic_count(&port->hw_rx, segs, len);
			else if (receive(targets[i], copy))
				simnic_count(&port->sw_rx, segs, len);
		}
	}
	consume_skb(skb);
}

static netdev_tx_t simnic_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct simnic_port *port = netdev_priv(dev);
	struct simnic_pf *pf = port->pf;
	struct simnic_port *in;

	if (!pskb_may_pull(skb, ETH_HLEN)) {
		kfree_skb(skb);
		atomic64_inc(&port->dropped);
		return NETDEV_TX_OK;
	}
	skb_reset_mac_header(skb);
	simnic_count(&port->sw_tx, simnic_segs(skb), skb->len);

	rcu_read_lock_bh();
	if (port->kind == SIMNIC_REP) {
		send_out(port, skb);
	} else if (READ_ONCE(pf->mode) == DEVLINK_ESWITCH_MODE_LEGACY) {
		legacy_switch(pf, dev, skb);
	} else if (port->kind == SIMNIC_UPLINK) {
		send_out(port, skb);
	} else if (port->kind == SIMNIC_FUNC && !simnic_vport_may_send(port->vport, skb)) {
		kfree_skb(skb);
		atomic64_inc(&port->dropped);
	} else {
		in = port->kind == SIMNIC_WIRE ? netdev_priv(pf->uplink) : rcu_dereference_bh(port->vport->rep_port);
		if (in) {
			enter(in, skb);
		} else {
			kfree_skb(skb);
			atomic64_inc(&port->dropped);
		}
	}
	rcu_read_unlock_bh();
	return NETDEV_TX_OK;
}

/* Carrier: what each device's link depends on, in one place.  Under RTNL. */

static void carrier_set(struct net_device *dev, bool on)
{
	if (on)
		netif_carrier_on(dev);
	else
		netif_carrier_off(dev);
}

/* netif_running() becomes true before ndo_open() and false before ndo_stop(), so both may call this. */
void simnic_carrier_update(struct simnic_pf *pf)
{
	struct simnic_vport *vport;
	unsigned long index;
	bool link;

	ASSERT_RTNL();
	link = !pf->cable_pulled && !pf->closed && netif_running(pf->wire);
	carrier_set(pf->uplink, link);
	carrier_set(pf->wire, !pf->cable_pulled && !pf->closed && netif_running(pf->uplink));
	xa_for_each(&pf->vports, index, vport) {
		bool up = link;

		/* In switchdev mode a VF's link follows its representor, as with mlx5. */
		if (pf->mode == DEVLINK_ESWITCH_MODE_SWITCHDEV)
			up = vport->rep && netif_running(vport->rep);
		if (vport->rep)
			carrier_set(vport->rep, up);
		if (vport->rep)
			up = up ? !simnic_is.carrier_stays_away : simnic_is.carrier_stays;
		if (vport->func)
			carrier_set(vport->func, up);
	}
}

static int simnic_open(struct net_device *dev)
{
	struct simnic_port *port = netdev_priv(dev);

	netif_start_queue(dev);
	simnic_carrier_update(port->pf);
	return 0;
}

static int simnic_stop(struct net_device *dev)
{
	struct simnic_port *port = netdev_priv(dev);

	netif_stop_queue(dev);
	simnic_carrier_update(port->pf);
	return 0;
}

/* Counters. */

static u64 sum(const atomic64_t *a, const atomic64_t *b)
{
	return atomic64_read(a) + atomic64_read(b);
}

/* As with mlx5, a representor's plain statistics are those of its vport: software and hardware together. */
static void simnic_stats64(struct net_device *dev, struct rtnl_link_stats64 *stats)
{
	struct simnic_port *port = netdev_priv(dev);

	stats->rx_packets = sum(&port->sw_rx.packets, &port->hw_rx.packets);
	stats->rx_bytes = sum(&port->sw_rx.bytes, &port->hw_rx.bytes);
	stats->tx_packets = sum(&port->sw_tx.packets, &port->hw_tx.packets);
	stats->tx_bytes = sum(&port->sw_tx.bytes, &port->hw_tx.bytes);
	stats->tx_dropped = atomic64_read(&port->dropped);
}

static bool simnic_has_offload_stats(const struct net_device *dev, int attr_id)
{
	return attr_id == IFLA_OFFLOAD_XSTATS_CPU_HIT;
}

static int simnic_offload_stats(int attr_id, const struct net_device *dev, void *data)
{
	const struct simnic_port *port = netdev_priv(dev);
	struct rtnl_link_stats64 *stats = data;

	if (attr_id != IFLA_OFFLOAD_XSTATS_CPU_HIT)
		return -EINVAL;
	memset(stats, 0, sizeof(*stats));
	stats->rx_packets = atomic64_read(&port->sw_rx.packets);
	stats->rx_bytes = atomic64_read(&port->sw_rx.bytes);
	stats->tx_packets = atomic64_read(&port->sw_tx.packets);
	stats->tx_bytes = atomic64_read(&port->sw_tx.bytes);
	return 0;
}

/* ethtool. */

static const char stat_names[][ETH_GSTRING_LEN] = {
	"sw_rx_packets", "sw_rx_bytes", "sw_tx_packets", "sw_tx_bytes",
	"hw_rx_packets", "hw_rx_bytes", "hw_tx_packets", "hw_tx_bytes",
	"dropped", "rules",
};

static int get_sset_count(struct net_device *dev, int sset)
{
	return sset == ETH_SS_STATS ? ARRAY_SIZE(stat_names) : -EOPNOTSUPP;
}

static void get_strings(struct net_device *dev, u32 sset, u8 *data)
{
	if (sset == ETH_SS_STATS)
		memcpy(data, stat_names, sizeof(stat_names));
}

static void get_ethtool_stats(struct net_device *dev, struct ethtool_stats *stats, u64 *data)
{
	struct simnic_port *port = netdev_priv(dev);
	const struct simnic_count *counts[] = { &port->sw_rx, &port->sw_tx, &port->hw_rx, &port->hw_tx };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		*data++ = atomic64_read(&counts[i]->packets);
		*data++ = atomic64_read(&counts[i]->bytes);
	}
	*data++ = atomic64_read(&port->dropped);
	*data++ = port->n_rules;
}

static void get_drvinfo(struct net_device *dev, struct ethtool_drvinfo *info)
{
	struct simnic_port *port = netdev_priv(dev);

	snprintf(info->driver, sizeof(info->driver), "%s%s", simnic_is.driver, port->kind == SIMNIC_REP ? "_rep" : "");
	strscpy(info->fw_version, "1.0.0", sizeof(info->fw_version));
	if (dev->dev.parent)
		strscpy(info->bus_info, dev_name(dev->dev.parent), sizeof(info->bus_info));
}

static int get_link_ksettings(struct net_device *dev, struct ethtool_link_ksettings *cmd)
{
	struct simnic_port *port = netdev_priv(dev);

	ethtool_link_ksettings_zero_link_mode(cmd, supported);
	ethtool_link_ksettings_zero_link_mode(cmd, advertising);
	ethtool_link_ksettings_add_link_mode(cmd, supported, 25000baseCR_Full);
	ethtool_link_ksettings_add_link_mode(cmd, supported, 10000baseCR_Full);
	ethtool_link_ksettings_add_link_mode(cmd, supported, 1000baseT_Full);
	cmd->base.port = PORT_DA;
	cmd->base.autoneg = AUTONEG_DISABLE;
	cmd->base.speed = netif_carrier_ok(dev) ? port->pf->speed : (u32)SPEED_UNKNOWN;
	cmd->base.duplex = netif_carrier_ok(dev) ? DUPLEX_FULL : DUPLEX_UNKNOWN;
	return 0;
}

static int set_link_ksettings(struct net_device *dev, const struct ethtool_link_ksettings *cmd)
{
	struct simnic_port *port = netdev_priv(dev);

	if (port->kind != SIMNIC_UPLINK)
		return -EOPNOTSUPP;
	if (cmd->base.duplex != DUPLEX_FULL && cmd->base.duplex != DUPLEX_UNKNOWN)
		return -EINVAL;
	if (cmd->base.speed != SPEED_1000 && cmd->base.speed != SPEED_10000 && cmd->base.speed != SPEED_25000)
		return -EINVAL;
	port->pf->speed = cmd->base.speed;
	/* The link retrains, which is how a bond or OVS hears of the new speed. */
	if (netif_carrier_ok(dev)) {
		netif_carrier_off(dev);
		simnic_carrier_update(port->pf);
	}
	return 0;
}

static const struct ethtool_ops simnic_ethtool_ops = {
	.get_drvinfo = get_drvinfo,
	.get_link = ethtool_op_get_link,
	.get_sset_count = get_sset_count,
	.get_strings = get_strings,
	.get_ethtool_stats = get_ethtool_stats,
	.get_link_ksettings = get_link_ksettings,
	.set_link_ksettings = set_link_ksettings,
};

/* Network device operations. */

static int simnic_set_features(struct net_device *dev, netdev_features_t features)
{
	struct simnic_port *port = netdev_priv(dev);

	if (dev->features & ~features & NETIF_F_HW_TC && port->n_rules) {
		netdev_err(dev, "Active offloaded tc filters, can't turn hw_tc_offload off\n");
		return -EINVAL;
	}
	return 0;
}

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
static struct devlink_port *simnic_get_devlink_port(struct net_device *dev)
{
	struct simnic_port *port = netdev_priv(dev);

	return port->kind == SIMNIC_REP ? &port->vport->dl_port : &port->pf->dl_port;
}
#define SIMNIC_DEVLINK_PORT_OPS .ndo_get_devlink_port = simnic_get_devlink_port,
#else
#define SIMNIC_DEVLINK_PORT_OPS
#endif

#define SIMNIC_COMMON_OPS \
	.ndo_open = simnic_open, \
	.ndo_stop = simnic_stop, \
	.ndo_start_xmit = simnic_xmit, \
	.ndo_get_stats64 = simnic_stats64, \
	.ndo_set_mac_address = eth_mac_addr, \
	.ndo_validate_addr = eth_validate_addr

/* The UDP ports that are VXLAN's; en_main.c:5258, mlx5e_vxlan_set_netdev_info(); IANA's is the first one. */

static int vxlan_port_set(struct net_device *dev, unsigned int table, unsigned int entry, struct udp_tunnel_info *info)
{
	struct simnic_port *port = netdev_priv(dev);

	port->pf->vxlan_ports[entry + 1] = info->port;
	return 0;
}

static int vxlan_port_unset(struct net_device *dev, unsigned int table, unsigned int entry, struct udp_tunnel_info *info)
{
	struct simnic_port *port = netdev_priv(dev);

	port->pf->vxlan_ports[entry + 1] = 0;
	return 0;
}

static const struct udp_tunnel_nic_info vxlan_ports = {
	.set_port = vxlan_port_set,
	.unset_port = vxlan_port_unset,
	.flags = UDP_TUNNEL_NIC_INFO_STATIC_IANA_VXLAN,
	.tables = { { .n_entries = SIMNIC_VXLAN_PORTS - 1, .tunnel_types = UDP_TUNNEL_TYPE_VXLAN } },
};

static const struct net_device_ops uplink_ops = {
	SIMNIC_COMMON_OPS,
	SIMNIC_DEVLINK_PORT_OPS
	.ndo_setup_tc = simnic_setup_tc,
	.ndo_set_features = simnic_set_features,
	.ndo_has_offload_stats = simnic_has_offload_stats,
	.ndo_get_offload_stats = simnic_offload_stats,
	.ndo_set_vf_mac = simnic_set_vf_mac,
	.ndo_set_vf_vlan = simnic_set_vf_vlan,
	.ndo_set_vf_rate = simnic_set_vf_rate,
	.ndo_set_vf_link_state = simnic_set_vf_link_state,
	.ndo_set_vf_trust = simnic_set_vf_trust,
	.ndo_set_vf_spoofchk = simnic_set_vf_spoofchk,
	.ndo_get_vf_config = simnic_get_vf_config,
};

static const struct net_device_ops rep_ops = {
	SIMNIC_COMMON_OPS,
	SIMNIC_DEVLINK_PORT_OPS
	.ndo_setup_tc = simnic_setup_tc,
	.ndo_set_features = simnic_set_features,
	.ndo_has_offload_stats = simnic_has_offload_stats,
	.ndo_get_offload_stats = simnic_offload_stats,
};

/* A function or the far end of the cable: not part of the switch. */
static const struct net_device_ops end_ops = {
	SIMNIC_COMMON_OPS,
};

/* Is 'dev' a VF's or SF's own? */
bool simnic_is_function(const struct net_device *dev)
{
	return dev->netdev_ops == &end_ops && ((struct simnic_port *)netdev_priv(dev))->kind == SIMNIC_FUNC;
}

/* Does 'dev' stand for a port of a switch of this driver (uplink or representor)? */
bool simnic_is_port(const struct net_device *dev)
{
	return dev->netdev_ops == &uplink_ops || dev->netdev_ops == &rep_ops;
}

static void name_set(struct net_device *dev, struct simnic_port *port)
{
	struct pci_dev *pdev = port->pf->pdev;
	char base[IFNAMSIZ], name[2 * IFNAMSIZ];

	if (port->kind == SIMNIC_WIRE) {
		snprintf(dev->name, IFNAMSIZ, "wire%u", port->pf->slot);
		return;
	}
	strscpy(dev->name, "eth%d", IFNAMSIZ);
	if (simnic_plain_names)
		return;

	/* What udev's path-based scheme would make of it. */
	snprintf(base, sizeof(base), "enp%us%u", pdev->bus->number, PCI_SLOT(pdev->devfn));
	if (PCI_FUNC(pdev->devfn))
		snprintf(base + strlen(base), sizeof(base) - strlen(base), "f%u", PCI_FUNC(pdev->devfn));
	switch (port->kind) {
	case SIMNIC_UPLINK:
		snprintf(name, sizeof(name), "%snp%u", base, port->pf->number);
		break;
	case SIMNIC_REP:
		snprintf(name, sizeof(name), "%snpf%u%s%u", base, port->pf->number, port->vport->is_sf ? "sf" : "vf",
			 port->vport->number);
		break;
	default:
		snprintf(name, sizeof(name), "%s%s%u", base, port->vport->is_sf ? "s" : "v", port->vport->number);
	}
	/* A name that is too long or taken stays ethN, as with udev. */
	if (strlen(name) < IFNAMSIZ && !__dev_get_by_name(&init_net, name))
		strscpy(dev->name, name, IFNAMSIZ);
}

static void mac_set(struct net_device *dev, struct simnic_port *port)
{
	u8 mac[ETH_ALEN] = { 0x02, port->pf->card->number, port->pf->number, 0, 0, 0 };

	switch (port->kind) {
	case SIMNIC_UPLINK:
		mac[3] = 0xaa;
		break;
	case SIMNIC_WIRE:
		mac[3] = 0xee;
		break;
	case SIMNIC_REP:
		/* Its own, not the function's. */
		ether_addr_copy(mac, port->vport->name_mac);
		mac[3] |= 0x0e;
		mac[0] |= 0x10;
		break;
	case SIMNIC_FUNC:
		/* mlx5's en_main.c:5226, mlx5e_set_netdev_dev_addr(). */
		if (is_zero_ether_addr(port->vport->mac)) {
			eth_hw_addr_random(dev);
			return;
		}
		ether_addr_copy(mac, port->vport->mac);
		break;
	}
	eth_hw_addr_set(dev, mac);
}

/* Makes a network device that the caller registers; free_netdev() ends it. */
struct net_device *simnic_netdev_create(struct simnic_pf *pf, struct simnic_vport *vport, enum simnic_kind kind,
					struct device *parent)
{
	struct net_device *dev = alloc_etherdev(sizeof(struct simnic_port));
	bool in_switch = kind == SIMNIC_UPLINK || kind == SIMNIC_REP;
	struct simnic_port *port;

	if (!dev)
		return ERR_PTR(-ENOMEM);
	port = netdev_priv(dev);
	port->kind = kind;
	port->dev = dev;
	port->pf = pf;
	port->vport = vport;
	INIT_LIST_HEAD(&port->groups);
	xa_init(&port->rules);

	/* en_main.c, mlx5e_set_mac(): also while it is up, which teamd wants. */
	dev->priv_flags |= IFF_LIVE_ADDR_CHANGE;
	dev->netdev_ops = kind == SIMNIC_UPLINK ? &uplink_ops : kind == SIMNIC_REP ? &rep_ops : &end_ops;
	dev->ethtool_ops = &simnic_ethtool_ops;
	dev->min_mtu = SIMNIC_MIN_MTU;
	dev->max_mtu = SIMNIC_MAX_MTU;
	/* Nothing is copied or computed on the way, so what hardware usually does costs nothing. */
	dev->hw_features = NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_RXCSUM | NETIF_F_GSO_SOFTWARE | NETIF_F_HIGHDMA |
			   NETIF_F_FRAGLIST | NETIF_F_GSO_ENCAP_ALL;
	dev->hw_enc_features = dev->hw_features;
	dev->features = dev->hw_features;
	dev->vlan_features = dev->hw_features;
	if (in_switch) {
		dev->hw_features |= NETIF_F_HW_TC;
		if (kind == SIMNIC_REP || !simnic_uplink_tc_off)
			dev->features |= NETIF_F_HW_TC;
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
		dev->features |= NETIF_F_NETNS_LOCAL;
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0)
		dev->netns_local = true;
#else
		dev->netns_immutable = true;
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
		SET_NETDEV_DEVLINK_PORT(dev, kind == SIMNIC_REP ? &vport->dl_port : &pf->dl_port);
#endif
	}
	if (kind == SIMNIC_UPLINK && simnic_is.tunnels) {
		pf->vxlan_ports[0] = htons(4789);
		dev->udp_tunnel_nic_info = &vxlan_ports;
	}
	if (parent)
		SET_NETDEV_DEV(dev, parent);
	rtnl_lock();
	name_set(dev, port);
	rtnl_unlock();
	mac_set(dev, port);
	netif_carrier_off(dev);
	return dev;
}

static int netdev_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct netdev_notifier_changelowerstate_info *info = ptr;
	struct netdev_lag_lower_state_info *state;
	struct simnic_port *port;

	if (event == NETDEV_CHANGEUPPER) {
		simnic_lag_join(dev, ptr);
	} else if (event == NETDEV_CHANGELOWERSTATE && dev->netdev_ops == &uplink_ops) {
		port = netdev_priv(dev);
		state = info->lower_state_info;
		if (state)
			WRITE_ONCE(port->pf->lag_tx_enabled, state->link_up && state->tx_enabled);
	}
	return NOTIFY_DONE;
}

static struct notifier_block simnic_notifier = { .notifier_call = netdev_event };

int simnic_notifier_init(void)
{
	return register_netdevice_notifier(&simnic_notifier);
}

void simnic_notifier_exit(void)
{
	unregister_netdevice_notifier(&simnic_notifier);
}

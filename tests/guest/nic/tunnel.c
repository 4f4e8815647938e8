// SPDX-License-Identifier: GPL-2.0
/*
 * VXLAN over IPv4.  See tunnel.h.
 *
 * What the driver does was read in drivers/net/ethernet/mellanox/mlx5/core/ of Linux 6.12: en/tc_tun.c, en/tc_tun_vxlan.c,
 * en/tc_tun_encap.c, en/rep/tc.c, en/rep/neigh.c, en/tc/int_port.c; in 6.1 it is the same, as far as it matters here.  Not here
 * although the driver has it, and so refused: Geneve, GRE, MPLS, IPv6 around the frame, options (GBP), a VF as the way.
 */
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <linux/udp.h>
#include <net/arp.h>
#include <net/flow_offload.h>
#include <net/inet_ecn.h>
#include <net/netevent.h>
#include <net/pkt_cls.h>
#include <net/route.h>
#include <net/sch_generic.h>
#include <net/udp.h>
#include <net/udp_tunnel.h>
#include <net/vxlan.h>

#include "tunnel.h"

#define LINEAR 256		/* So much of a frame is enough to see what it is. */

/* What comes before a frame, but for what differs between frames. */
struct encap_header {
	struct rcu_head rcu;
	u8 h_dest[ETH_ALEN], h_source[ETH_ALEN];
};

static LIST_HEAD(encaps);	/* struct simnic_encap; under RTNL. */
static LIST_HEAD(indr_cbs);	/* flow_block_cb::driver_list. */
static LIST_HEAD(indrs);	/* struct indr; under the kernel's flow_indr_block_lock. */

/* The way to another end. */
struct way {
	struct net_device *dev;		/* The route's. */
	struct simnic_port *uplink;
	bool to_bond;
	u8 ttl;
	struct neighbour *neigh;	/* To be released. */
};

static bool port_is_known(const struct simnic_pf *pf, __be16 port)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pf->vxlan_ports); i++)
		if (port && pf->vxlan_ports[i] == port)
			return true;
	return false;
}

/*
 * en/tc_tun.c:53, get_route_and_out_devs(): which uplink stands for 'dev', to which a route leads.  Any device that is no part of
 * the switch is taken for an internal port above the PF's own uplink, even another NIC: then frames leave on the wrong cable.
 */
static int way_out(struct simnic_port *in, struct net_device *dev, struct way *way)
{
	struct net_device *real = is_vlan_dev(dev) ? vlan_dev_real_dev(dev) : dev;
	struct simnic_port *own = netdev_priv(in->pf->uplink);

	way->dev = dev;
	way->uplink = own;
	way->to_bond = netif_is_lag_master(real) && netdev_master_upper_dev_get(own->dev) == real &&
		       READ_ONCE(in->pf->card->lag_mode) == SIMNIC_LAG_VF;
	if (netdev_port_same_parent_id(in->dev, real) && !way->to_bond && !is_vlan_dev(dev) && !netif_is_ovs_master(dev)) {
		if (!simnic_is_port(dev))
			return -EOPNOTSUPP;
		way->uplink = netdev_priv(dev);
		if (way->uplink->kind != SIMNIC_UPLINK || !simnic_may_forward(in, way->uplink))
			return -EOPNOTSUPP;
	}
	/* A VF as the way. */
	if (simnic_is_function(dev))
		return -EOPNOTSUPP;
	if (in->kind == SIMNIC_UPLINK && way->uplink != in &&
	    READ_ONCE(in->pf->card->lag_mode) != SIMNIC_LAG_MULTIPORT)
		return -EOPNOTSUPP;
	return 0;
}

/* en/tc_tun.c:106, mlx5e_route_lookup_ipv4_get().  'fl4' gets the source address that the route has. */
static int way_find(struct simnic_port *in, struct net_device *tunnel, struct flowi4 *fl4, struct way *way)
{
	struct rtable *rt;
	int err;

	fl4->flowi4_oif = ((struct vxlan_dev *)netdev_priv(tunnel))->default_dst.remote_ifindex;
	rt = ip_route_output_key(dev_net(tunnel), fl4);
	if (IS_ERR(rt))
		return PTR_ERR(rt);
	err = rt->rt_type == RTN_UNICAST ? way_out(in, rt->dst.dev, way) : -ENETUNREACH;
	if (!err) {
		way->ttl = ip4_dst_hoplimit(&rt->dst);
		way->neigh = dst_neigh_lookup(&rt->dst, &fl4->daddr);
		if (!way->neigh)
			err = -ENOMEM;
	}
	ip_rt_put(rt);
	return err;
}

/* Matches. */

/* en/tc_tun.c, mlx5e_tc_tun_parse_udp_ports(); en/tc_tun_vxlan.c; whatever is wrong, en_tc.c:2553 says it in the same words. */
static bool parse_header(struct simnic_port *uplink, const struct flow_rule *fr, struct match_key *key, struct match_key *mask)
{
	struct flow_match_control control;
	struct flow_match_ports ports;
	struct flow_match_ip ip;

	if (!flow_rule_match_key(fr, FLOW_DISSECTOR_KEY_ENC_PORTS))
		return false;
	flow_rule_match_enc_ports(fr, &ports);
	if (ports.mask->dst != htons(0xffff) || !port_is_known(uplink->pf, ports.key->dst))
		return false;
	key->enc_ports = *ports.key;
	mask->enc_ports = *ports.mask;
	if (flow_rule_match_key(fr, FLOW_DISSECTOR_KEY_ENC_KEYID)) {
		struct flow_match_enc_keyid id;

		flow_rule_match_enc_keyid(fr, &id);
		key->enc_keyid = *id.key;
		mask->enc_keyid = *id.mask;
	}
	if (flow_rule_match_key(fr, FLOW_DISSECTOR_KEY_ENC_CONTROL)) {
		flow_rule_match_enc_control(fr, &control);
		if (control.mask->flags)
			return false;
		if (control.key->addr_type == FLOW_DISSECTOR_KEY_IPV4_ADDRS) {
			struct flow_match_ipv4_addrs addrs;

			flow_rule_match_enc_ipv4_addrs(fr, &addrs);
			key->enc_ipv4 = *addrs.key;
			mask->enc_ipv4 = *addrs.mask;
		} else if (control.key->addr_type == FLOW_DISSECTOR_KEY_IPV6_ADDRS) {
			return false;
		}
	}
	if (flow_rule_match_key(fr, FLOW_DISSECTOR_KEY_ENC_IP)) {
		flow_rule_match_enc_ip(fr, &ip);
		key->enc_ip = *ip.key;
		mask->enc_ip = *ip.mask;
	}
	return true;
}

/* en_tc.c:2435, mlx5e_tc_verify_tunnel_ecn(): the hardware sees the inner bits before the outer ones are laid over them. */
static int check_ecn(struct netlink_ext_ack *extack, const struct match_key *key, struct match_key *mask)
{
	u8 outer_mask = mask->enc_ip.tos & INET_ECN_MASK, outer = key->enc_ip.tos & INET_ECN_MASK;
	u8 inner_mask = mask->ip.tos & INET_ECN_MASK, inner = key->ip.tos & INET_ECN_MASK;

	if (outer_mask && outer_mask != INET_ECN_MASK)
		return simnic_refuse(SIMNIC_TUNNEL_ECN_OUTER_PART, extack);
	if (!inner_mask)
		return 0;
	if (!outer_mask)
		return simnic_refuse(SIMNIC_TUNNEL_ECN_INNER_ALONE, extack);
	if (inner_mask != INET_ECN_MASK)
		return simnic_refuse(SIMNIC_TUNNEL_ECN_INNER_PART, extack);
	if (outer == INET_ECN_ECT_1)
		return simnic_refuse(SIMNIC_TUNNEL_ECN_ECT_1, extack);
	if (outer != INET_ECN_CE)
		return 0;
	if (inner != INET_ECN_CE)
		return simnic_refuse(SIMNIC_TUNNEL_ECN_CE, extack);
	mask->ip.tos &= ~INET_ECN_MASK;
	return 0;
}

int simnic_tunnel_match(struct simnic_port *uplink, const struct flow_rule *fr, struct netlink_ext_ack *extack,
			struct match_key *key, struct match_key *mask)
{
	if (!parse_header(uplink, fr, key, mask))
		return simnic_refuse(SIMNIC_TUNNEL_MATCH, extack);
	key->tunnel = 1;
	return check_ecn(extack, key, mask);
}

/* en/tc_tun_encap.c:83, mlx5e_tc_set_attr_rx_tun(); en/tc_tun.c, mlx5e_tc_tun_route_lookup(). */
int simnic_tunnel_route_back(struct simnic_port *uplink, struct net_device *tunnel, struct match_key *key,
			     const struct match_key *mask)
{
	struct flowi4 fl4 = { .saddr = key->enc_ipv4.dst, .daddr = key->enc_ipv4.src };
	struct way way;
	int err;

	if (!mask->enc_ipv4.src || !mask->enc_ipv4.dst || !fl4.saddr || !fl4.daddr)
		return 0;
	err = way_find(uplink, tunnel, &fl4, &way);
	if (err)
		return err;
	neigh_release(way.neigh);
	if (netif_is_ovs_master(way.dev))
		key->source = way.dev->ifindex;
	return 0;
}

/* The length of the header of VXLAN in 'skb', whose first LINEAR bytes are in one piece; 0: there is none. */
static unsigned int header_length(const struct sk_buff *skb)
{
	const struct ethhdr *eth = (const void *)skb->data;
	__be16 proto = eth->h_proto;
	unsigned int offset = ETH_HLEN;
	const struct vxlanhdr *vxlan;
	const struct udphdr *udp;
	const struct iphdr *ip;

	/* The driver matches on no tag here, and the hardware takes everything off. */
	if (eth_type_vlan(proto)) {
		proto = ((const struct vlan_ethhdr *)skb->data)->h_vlan_encapsulated_proto;
		offset += VLAN_HLEN;
	}
	ip = (const void *)skb->data + offset;
	if (proto != htons(ETH_P_IP) || skb_headlen(skb) < offset + sizeof(*ip) || ip->ihl < 5 ||
	    ip->protocol != IPPROTO_UDP || ip_is_fragment(ip))
		return 0;
	offset += ip->ihl * 4;
	udp = (const void *)skb->data + offset;
	offset += sizeof(*udp) + sizeof(*vxlan);
	vxlan = (const void *)(udp + 1);
	if (skb_headlen(skb) < offset + ETH_HLEN || !(vxlan->vx_flags & VXLAN_HF_VNI))
		return 0;
	return offset;
}

unsigned int simnic_tunnel_dissect(struct sk_buff *skb, struct match_key *key)
{
	const struct vxlanhdr *vxlan;
	unsigned int length;
	const struct iphdr *ip;
	const struct udphdr *udp;

	if (!pskb_may_pull(skb, min_t(unsigned int, skb->len, LINEAR)))
		return 0;
	length = header_length(skb);
	if (!length)
		return 0;
	vxlan = (const void *)skb->data + length - sizeof(*vxlan);
	udp = (const void *)vxlan - sizeof(*udp);
	ip = (const void *)skb->data + (eth_type_vlan(((const struct ethhdr *)skb->data)->h_proto) ? VLAN_ETH_HLEN : ETH_HLEN);
	key->tunnel = 1;
	key->enc_ipv4.src = ip->saddr;
	key->enc_ipv4.dst = ip->daddr;
	key->enc_ip.tos = ip->tos;
	key->enc_ip.ttl = ip->ttl;
	key->enc_ports.src = udp->source;
	key->enc_ports.dst = udp->dest;
	key->enc_keyid.keyid = vxlan_vni(vxlan->vx_vni);
	return length;
}

/* Frames. */

bool simnic_decap(struct sk_buff *skb)
{
	unsigned int length = header_length(skb);

	if (!length || skb_cow_head(skb, 0) || iptunnel_pull_offloads(skb))
		return false;
	__vlan_hwaccel_clear_tag(skb);
	skb_pull_rcsum(skb, length);
	skb_reset_mac_header(skb);
	skb_set_network_header(skb, ETH_HLEN);
	skb->protocol = eth_hdr(skb)->h_proto;
	skb_clear_hash(skb);
	return true;
}

static void ip_header_push(const struct simnic_encap *encap, struct sk_buff *skb)
{
	struct iphdr *ip = __skb_push(skb, sizeof(*ip));

	skb_reset_network_header(skb);
	memset(ip, 0, sizeof(*ip));
	ip->version = 4;
	ip->ihl = 5;
	ip->tos = encap->key.tos;
	ip->ttl = encap->ttl;
	ip->protocol = IPPROTO_UDP;
	ip->saddr = encap->saddr;
	ip->daddr = encap->key.u.ipv4.dst;
	ip->tot_len = htons(skb->len);
	__ip_select_ident(encap->net, ip, simnic_segs(skb));
	ip_send_check(ip);
}

static void eth_header_push(const struct simnic_encap *encap, const struct encap_header *header, struct sk_buff *skb)
{
	struct ethhdr *eth;

	if (encap->vid) {
		struct vlan_hdr *vlan = __skb_push(skb, VLAN_HLEN);

		vlan->h_vlan_TCI = htons(encap->vid);
		vlan->h_vlan_encapsulated_proto = htons(ETH_P_IP);
	}
	eth = __skb_push(skb, ETH_HLEN);
	skb_reset_mac_header(skb);
	skb->mac_len = skb->network_header - skb->mac_header;
	ether_addr_copy(eth->h_dest, header->h_dest);
	ether_addr_copy(eth->h_source, header->h_source);
	eth->h_proto = skb->protocol = encap->vid ? encap->vlan_proto : htons(ETH_P_IP);
}

/* en/tc_tun.c:223, mlx5e_tc_tun_create_header_ipv4(); the hardware fills in lengths and the source port.  No UDP checksum. */
bool simnic_encap_push(const struct simnic_encap *encap, struct sk_buff *skb)
{
	const struct encap_header *header = rcu_dereference_bh(encap->header);
	struct vxlanhdr *vxlan;
	struct udphdr *udp;
	__be16 source;

	if (!header || skb_cow_head(skb, LL_MAX_HEADER + 64))
		return false;
	if (skb_vlan_tag_present(skb) && !__vlan_hwaccel_push_inside(skb))
		return false;
	skb_reset_mac_header(skb);
	source = udp_flow_src_port(encap->net, skb, 0, 0, true);
	if (iptunnel_handle_offloads(skb, SKB_GSO_UDP_TUNNEL))
		return false;
	vxlan = __skb_push(skb, sizeof(*vxlan));
	vxlan->vx_flags = VXLAN_HF_VNI;
	vxlan->vx_vni = vxlan_vni_field(tunnel_id_to_key32(encap->key.tun_id));
	udp = __skb_push(skb, sizeof(*udp));
	skb_reset_transport_header(skb);
	udp->source = source;
	udp->dest = encap->key.tp_dst;
	udp->len = htons(skb->len);
	udp->check = 0;
	ip_header_push(encap, skb);
	eth_header_push(encap, header, skb);
	return true;
}

/* Neighbours. */

/* en/rep/tc.c:89, mlx5e_rep_update_flows().  'neigh' is the present one, or NULL. */
static void encap_update(struct simnic_encap *encap, struct neighbour *neigh)
{
	struct encap_header *old = rtnl_dereference(encap->header), *new = NULL;
	struct net_device *route_dev = __dev_get_by_index(encap->net, encap->route_dev);
	u8 ha[ETH_ALEN];
	bool valid = false;

	if (neigh && route_dev) {
		read_lock_bh(&neigh->lock);
		valid = neigh->nud_state & NUD_VALID && !neigh->dead;
		ether_addr_copy(ha, neigh->ha);
		read_unlock_bh(&neigh->lock);
	}
	if (valid) {
		if (old && ether_addr_equal(old->h_dest, ha))
			return;
		new = kzalloc(sizeof(*new), GFP_KERNEL);
	}
	if (new) {
		ether_addr_copy(new->h_dest, ha);
		ether_addr_copy(new->h_source, route_dev->dev_addr);
	}
	rcu_assign_pointer(encap->header, new);
	if (old)
		kfree_rcu(old, rcu);
}

static struct neighbour *neigh_of(const struct simnic_encap *encap, struct net_device *dev)
{
	return dev ? neigh_lookup(&arp_tbl, &encap->next_hop, dev) : NULL;
}

static void neigh_work_function(struct work_struct *work)
{
	struct simnic_encap *encap;

	rtnl_lock();
	list_for_each_entry(encap, &encaps, node) {
		struct neighbour *neigh = neigh_of(encap, __dev_get_by_index(encap->net, encap->neigh_dev));

		encap_update(encap, neigh);
		if (neigh)
			neigh_release(neigh);
	}
	rtnl_unlock();
}

static DECLARE_WORK(neigh_work, neigh_work_function);

static int netevent(struct notifier_block *nb, unsigned long event, void *ptr)
{
	if (event == NETEVENT_NEIGH_UPDATE && ((struct neighbour *)ptr)->tbl == &arp_tbl && !list_empty(&encaps))
		schedule_work(&neigh_work);
	return NOTIFY_DONE;
}

static struct notifier_block netevent_notifier = { .notifier_call = netevent };

int simnic_tunnel_init(void)
{
	return register_netevent_notifier(&netevent_notifier);
}

void simnic_tunnel_exit(void)
{
	unregister_netevent_notifier(&netevent_notifier);
	cancel_work_sync(&neigh_work);
}

/* en/tc_tun_encap.c:391, mlx5e_tc_update_neigh_used_value(). */
void simnic_encap_used(const struct simnic_encap *encap)
{
	struct neighbour *neigh;

	rcu_read_lock();
	neigh = neigh_of(encap, dev_get_by_index_rcu(encap->net, encap->neigh_dev));
	rcu_read_unlock();
	if (neigh) {
		neigh_event_send(neigh, NULL);
		neigh_release(neigh);
	}
}

/* en/tc_tun_encap.c:822, mlx5e_attach_encap(). */
int simnic_encap_resolve(struct simnic_encap *encap, struct simnic_port *in, struct netlink_ext_ack *extack)
{
	struct flowi4 fl4 = {
		.flowi4_tos = encap->key.tos & ~INET_ECN_MASK,
		.daddr = encap->key.u.ipv4.dst,
		.saddr = encap->key.u.ipv4.src,
	};
	struct net_device *tunnel = __dev_get_by_index(dev_net(in->dev), encap->tunnel);
	struct way way;
	int err;

	if (!tunnel || !netif_is_vxlan(tunnel))
		return simnic_refuse(SIMNIC_TUNNEL_KIND, extack);
	if (!port_is_known(in->pf, encap->key.tp_dst))
		return simnic_refuse(SIMNIC_TUNNEL_PORT, extack);
	encap->net = dev_net(tunnel);
	err = way_find(in, tunnel, &fl4, &way);
	if (err)
		return err;
	encap->saddr = fl4.saddr;
	encap->next_hop = *(__be32 *)way.neigh->primary_key;
	encap->ttl = encap->key.ttl ?: way.ttl;
	encap->neigh_dev = way.neigh->dev->ifindex;
	encap->route_dev = way.dev->ifindex;
	if (is_vlan_dev(way.dev)) {
		encap->vid = vlan_dev_vlan_id(way.dev);
		encap->vlan_proto = vlan_dev_vlan_proto(way.dev);
	}
	encap->int_port = netif_is_ovs_master(way.dev) ? way.dev->ifindex : 0;
	encap->to_bond = way.to_bond;
	encap->port_id = way.uplink->id;
	encap_update(encap, way.neigh);
	if (!rcu_access_pointer(encap->header))
		neigh_event_send(way.neigh, NULL);
	neigh_release(way.neigh);
	list_add(&encap->node, &encaps);
	return 0;
}

void simnic_encap_retire(struct simnic_encap *encap)
{
	list_del_init(&encap->node);
}

void simnic_encap_free(struct simnic_encap *encap)
{
	kfree(rcu_dereference_protected(encap->header, true));
	kfree(encap);
}

/* Blocks of devices of others. */

struct indr {
	struct list_head node;
	struct simnic_pf *pf;
	struct net_device *dev;
	enum flow_block_binder_type type;
};

static int indr_block_cb(enum tc_setup_type type, void *type_data, void *cb_priv)
{
	struct indr *indr = cb_priv;
	struct simnic_filter_dev filter = {
		.dev = indr->dev,
		.egress = indr->type == FLOW_BLOCK_BINDER_TYPE_CLSACT_EGRESS,
	};

	return type == TC_SETUP_CLSFLOWER ? simnic_flower(netdev_priv(indr->pf->uplink), &filter, type_data) : -EOPNOTSUPP;
}

static void indr_release(void *cb_priv)
{
	struct indr *indr = cb_priv;

	list_del(&indr->node);
	kfree(indr);
}

static struct indr *indr_find(struct simnic_pf *pf, struct net_device *dev, enum flow_block_binder_type type)
{
	struct indr *indr;

	list_for_each_entry(indr, &indrs, node)
		if (indr->pf == pf && indr->dev == dev && indr->type == type)
			return indr;
	return NULL;
}

/* 'block' is the kernel's struct tcf_block. */
static int indr_bind(struct simnic_pf *pf, struct net_device *dev, struct Qdisc *sch, struct flow_block_offload *f, void *block,
		     void (*cleanup)(struct flow_block_cb *block_cb))
{
	struct flow_block_cb *block_cb;
	struct indr *indr;

	if (indr_find(pf, dev, f->binder_type))
		return -EEXIST;
	indr = kzalloc(sizeof(*indr), GFP_KERNEL);
	if (!indr)
		return -ENOMEM;
	indr->pf = pf;
	indr->dev = dev;
	indr->type = f->binder_type;
	list_add(&indr->node, &indrs);
	block_cb = flow_indr_block_cb_alloc(indr_block_cb, indr, indr, indr_release, f, dev, sch, block, pf, cleanup);
	if (IS_ERR(block_cb)) {
		indr_release(indr);
		return PTR_ERR(block_cb);
	}
	flow_block_cb_add(block_cb, f);
	list_add_tail(&block_cb->driver_list, &indr_cbs);
	/* existing_qdiscs_register() does not count us among those that want RTNL, and tc_block_indr_cleanup() does. */
	if (!f->block)
		((struct tcf_block *)block)->lockeddevcnt++;
	return 0;
}

static int indr_unbind(struct simnic_pf *pf, struct net_device *dev, struct flow_block_offload *f)
{
	struct indr *indr = indr_find(pf, dev, f->binder_type);
	struct flow_block_cb *block_cb = indr ? flow_block_cb_lookup(f->block, indr_block_cb, indr) : NULL;

	if (!block_cb)
		return -ENOENT;
	flow_indr_block_cb_remove(block_cb, f);
	list_del(&block_cb->driver_list);
	return 0;
}

/* en/rep/tc.c:444, mlx5e_rep_check_indr_block_supported(). */
static bool is_offloaded(const struct net_device *dev, const struct flow_block_offload *f)
{
	if (netif_is_vxlan(dev))
		return f->binder_type == FLOW_BLOCK_BINDER_TYPE_CLSACT_INGRESS;
	return netif_is_ovs_master(dev) && f->binder_type == FLOW_BLOCK_BINDER_TYPE_CLSACT_EGRESS;
}

static int indr_setup(struct net_device *dev, struct Qdisc *sch, void *cb_priv, enum tc_setup_type type, void *type_data,
		      void *data, void (*cleanup)(struct flow_block_cb *block_cb))
{
	struct flow_block_offload *f = type_data;

	if (!dev || type != TC_SETUP_BLOCK || !is_offloaded(dev, f))
		return -EOPNOTSUPP;
	f->driver_block_list = &indr_cbs;
	switch (f->command) {
	case FLOW_BLOCK_BIND:
		return indr_bind(cb_priv, dev, sch, f, data, cleanup);
	case FLOW_BLOCK_UNBIND:
		return indr_unbind(cb_priv, dev, f);
	default:
		return -EOPNOTSUPP;
	}
}

int simnic_tunnel_start(struct simnic_pf *pf)
{
	return simnic_is.tunnels ? flow_indr_dev_register(indr_setup, pf) : 0;
}

void simnic_tunnel_stop(struct simnic_pf *pf)
{
	if (simnic_is.tunnels)
		flow_indr_dev_unregister(indr_setup, pf, indr_release);
}

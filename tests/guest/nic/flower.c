// SPDX-License-Identifier: GPL-2.0
/*
 * Offloaded rules: TC flower on uplinks and representors.
 *
 * A rule is taken or refused as the personality's driver does it, and a taken one really forwards.  Each port holds groups of rules that share a priority and a mask, in order of priority; a frame is
 * dissected once, and each group costs one hash look-up, so that thousands of rules are no burden.
 *
 * The rules change under RTNL (TC takes it for drivers that do not ask for anything else) and are read under RCU.
 */
#include <linux/ip.h>
#include <linux/jhash.h>
#include <linux/rculist.h>
#include <linux/rtnetlink.h>
#include <linux/if_vlan.h>
#include <net/flow_dissector.h>
#include <net/flow_offload.h>
#include <net/pkt_cls.h>
#include <net/vxlan.h>

#include "rule.h"
#include "tunnel.h"

#define BUCKETS 256

#define KEY_WORDS (sizeof(struct match_key) / sizeof(u32))

/* Rules of one priority and mask. */
struct group {
	struct list_head node;		/* In simnic_port::groups, by priority. */
	u32 prio;
	bool tunnel;			/* Of what is in tunnels. */
	struct match_key mask;
	struct hlist_head buckets[BUCKETS];
	unsigned int n_rules;
	struct rcu_head rcu;
};

static const struct flow_dissector_key dissector_keys[] = {
#define KEY(ID, MEMBER) { .key_id = FLOW_DISSECTOR_KEY_##ID, .offset = offsetof(struct match_key, MEMBER) }
	KEY(CONTROL, control), KEY(BASIC, basic), KEY(VLAN, vlan), KEY(CVLAN, cvlan),
	KEY(IPV4_ADDRS, ipv4), KEY(IPV6_ADDRS, ipv6), KEY(PORTS, ports), KEY(ICMP, icmp), KEY(IP, ip),
	KEY(TCP, tcp),
	/* The last, as inner_dissector lacks it: the kernel looks for addresses at the frame's own header alone. */
	KEY(ETH_ADDRS, eth),
#undef KEY
};

static struct flow_dissector dissector, inner_dissector;
static LIST_HEAD(block_cbs);

static void dissector_prepare(void)
{
	/* Under RTNL, and before the first rule that could make anyone use it. */
	if (dissector.used_keys)
		return;
	skb_flow_dissector_init(&inner_dissector, dissector_keys, ARRAY_SIZE(dissector_keys) - 1);
	skb_flow_dissector_init(&dissector, dissector_keys, ARRAY_SIZE(dissector_keys));
}

static u32 masked(struct match_key *to, const struct match_key *key, const struct match_key *mask)
{
	const u32 *k = (const u32 *)key, *m = (const u32 *)mask;
	u32 *t = (u32 *)to;
	unsigned int i;

	for (i = 0; i < KEY_WORDS; i++)
		t[i] = k[i] & m[i];
	return jhash2(t, KEY_WORDS, 0) % BUCKETS;
}

/* The way of a frame. */

/* 'key' is the frame's, 'inner' that of what is in its tunnel, or NULL. */
static struct rule *lookup(struct simnic_port *in, const struct match_key *key, const struct match_key *inner)
{
	struct group *group;

	list_for_each_entry_rcu(group, &in->groups, node) {
		struct rule *rule;
		struct match_key m;
		u32 bucket;

		if (group->tunnel && !inner)
			continue;
		bucket = masked(&m, group->tunnel ? inner : key, &group->mask);
		hlist_for_each_entry_rcu(rule, &group->buckets[bucket], node)
			if (!memcmp(&rule->key, &m, sizeof(m)))
				return rule;
	}
	return NULL;
}

/* The uplink that a VF-LAG takes for this frame. */
static struct simnic_port *lag_pick(struct simnic_card *card, const struct match_key *key)
{
	struct simnic_port *up[SIMNIC_MAX_PFS];
	unsigned int i, n = 0;
	struct match_key m = *key;

	for (i = 0; i < SIMNIC_MAX_PFS; i++) {
		struct simnic_pf *pf = READ_ONCE(card->pfs[i]);

		if (pf && READ_ONCE(pf->lag_tx_enabled) && netif_carrier_ok(pf->uplink))
			up[n++] = netdev_priv(pf->uplink);
	}
	if (!n)
		return NULL;
	m.control.thoff = 0;
	m.source = 0;
	return up[jhash2((u32 *)&m, KEY_WORDS, 1) % n];
}

static struct simnic_port *target(struct simnic_port *in, const struct step *step, const struct match_key *key)
{
	if (step->type == STEP_ENCAP && !step->encap->to_bond)
		return xa_load(&in->pf->card->ports, step->encap->port_id);
	if (step->type == STEP_OUTPUT)
		return xa_load(&in->pf->card->ports, step->port_id);
	/* Without VF-LAG the bond is just another name of the PF's own uplink. */
	if (READ_ONCE(in->pf->card->lag_mode) == SIMNIC_LAG_VF)
		return lag_pick(in->pf->card, key);
	return netdev_priv(in->pf->uplink);
}

/*
 * Can every target of the rule be reached now?  If not, since a neighbour is not known or multiport or LAG is gone, the frame
 * takes the slow path; what the hardware does with a rule of the latter kind, no source says.
 */
static bool reachable(struct simnic_port *in, const struct rule *rule)
{
	unsigned int i;

	for (i = 0; i < rule->n_steps; i++) {
		const struct step *step = &rule->steps[i];
		struct simnic_port *out;

		/* en/tc_tun_encap.c:131, mlx5e_tc_flow_all_encaps_valid(). */
		if (step->type == STEP_ENCAP && !simnic_encap_known(step->encap))
			return false;
		if (step->type != STEP_OUTPUT && (step->type != STEP_ENCAP || step->encap->to_bond))
			continue;
		out = xa_load(&in->pf->card->ports, step->type == STEP_ENCAP ? step->encap->port_id : step->port_id);
		if (out && !simnic_may_forward(in, out))
			return false;
	}
	return true;
}

/* The tag of 'skb' gets another id.  Returns true and frees 'skb' if that is impossible. */
static bool vlan_id_rewrite(struct sk_buff *skb, u16 vid)
{
	__be16 proto = skb_vlan_tag_present(skb) ? skb->vlan_proto : skb->protocol;
	u16 tci;

	/* A frame without a tag has nothing to be rewritten. */
	if (vlan_get_tag(skb, &tci) || skb_vlan_pop(skb))
		return false;
	return skb_vlan_push(skb, proto, vid | (tci & ~VLAN_VID_MASK));
}

static bool forward_from(struct simnic_port *in, struct sk_buff *skb, int source);

/* Into the internal port: a rule may take it out of its tunnel; else to the host, as if 'skb' had come in there.  Consumes it. */
static void deliver_int_port(struct simnic_port *in, struct sk_buff *skb, int ifindex)
{
	struct net_device *dev = dev_get_by_index_rcu(dev_net(in->dev), ifindex);

	/* en/tc/int_port.c:42: such rules are for what comes from the uplink. */
	if (in->kind == SIMNIC_UPLINK && forward_from(in, skb, ifindex))
		return;
	/* As OVS's internal_dev_recv(), which a packet in software comes to. */
	if (dev && dev->flags & IFF_UP)
		dev_forward_skb(dev, skb);
	else
		kfree_skb(skb);
}

/* Into a tunnel; consumes 'skb'. */
static void deliver_encap(struct simnic_port *in, const struct step *step, struct sk_buff *skb, const struct match_key *key)
{
	const struct simnic_encap *encap = step->encap;
	struct simnic_port *out = target(in, step, key);
	struct net_device *dev;

	if (!out || !simnic_encap_push(encap, skb)) {
		kfree_skb(skb);
		return;
	}
	if (!encap->int_port) {
		simnic_egress(out, skb);
		return;
	}
	if (forward_from(out, skb, -encap->int_port))
		return;
	/* en/tc/int_port.c, mlx5e_tc_int_port_dev_fwd(): the host sends it, as what comes out of the internal port. */
	dev = dev_get_by_index_rcu(encap->net, encap->int_port);
	if (!dev) {
		kfree_skb(skb);
		return;
	}
	skb->dev = dev;
	skb->skb_iif = dev->ifindex;
	dev_queue_xmit(skb);
}

static void eth_rewrite(struct sk_buff *skb, const struct step *step)
{
	u8 *eth;
	int i;

	if (skb_ensure_writable(skb, ETH_HLEN))
		return;
	skb_reset_mac_header(skb);
	eth = skb_mac_header(skb);
	for (i = 0; i < 12; i++)
		eth[i] = (eth[i] & ~step->eth_mask[i]) | step->eth[i];
}

/* One step of a rule with 'skb'; returns true if 'skb' is consumed.  'last': nothing comes after it. */
static bool take_step(struct simnic_port *in, const struct step *step, bool last, struct sk_buff *skb,
		      const struct match_key *key)
{
	struct simnic_port *out;
	struct sk_buff *copy;

	switch (step->type) {
	case STEP_OUTPUT:
	case STEP_OUTPUT_LAG:
	case STEP_OUTPUT_INT:
	case STEP_ENCAP:
		copy = last ? skb : skb_clone(skb, GFP_ATOMIC);
		if (!copy)
			return false;
		if (step->type == STEP_OUTPUT_INT) {
			deliver_int_port(in, copy, step->ifindex);
			return last;
		}
		if (step->type == STEP_ENCAP) {
			deliver_encap(in, step, copy, key);
			return last;
		}
		out = target(in, step, key);
		if (out)
			simnic_egress(out, copy);
		else
			kfree_skb(copy);
		return last;
	case STEP_VLAN_POP:
		skb_vlan_pop(skb);
		return false;
	case STEP_VLAN_PUSH:
		/* Frees the frame when it fails. */
		return skb_vlan_push(skb, step->proto, step->vid | step->prio << VLAN_PRIO_SHIFT);
	case STEP_VLAN_ID:
		return vlan_id_rewrite(skb, step->vid);
	case STEP_ETH:
		eth_rewrite(skb, step);
		return false;
	case STEP_POLICE:
		if (simnic_meter_pass(step->meter, simnic_segs(skb), skb->len))
			return false;
		break;
	case STEP_DECAP:
		if (simnic_decap(skb))
			return false;
		break;
	case STEP_LOSE:
		break;
	}
	kfree_skb(skb);
	return true;
}

/* All steps of 'rule' with 'skb', which it consumes. */
static void follow(struct simnic_port *in, const struct rule *rule, struct sk_buff *skb, const struct match_key *key)
{
	unsigned int i;

	for (i = 0; i < rule->n_steps; i++)
		if (take_step(in, &rule->steps[i], i + 1 == rule->n_steps, skb, key))
			return;
	/* Dropped. */
	consume_skb(skb);
}

/* Is 'skb' one of a tunnel, of which 'in' has rules?  Makes 'key' that of the frame in it. */
static bool inner_dissect(struct simnic_port *in, struct sk_buff *skb, struct match_key *key)
{
	const struct ethhdr *eth;
	unsigned int length;

	if (!in->n_tunnel_rules)
		return false;
	length = simnic_tunnel_dissect(skb, key);
	if (!length)
		return false;
	skb_reset_mac_header(skb);
	eth = (const void *)skb->data + length;
	memcpy(key->eth.dst, eth->h_dest, sizeof(key->eth.dst));
	memcpy(key->eth.src, eth->h_source, sizeof(key->eth.src));
	__skb_flow_dissect(dev_net(in->dev), NULL, &inner_dissector, key, skb->data,
			   eth_proto_is_802_3(eth->h_proto) ? eth->h_proto : htons(ETH_P_802_2), length + ETH_HLEN,
			   skb_headlen(skb), 0);
	return true;
}

/* As simnic_forward(), for a frame that is where match_key::source says. */
static bool forward_from(struct simnic_port *in, struct sk_buff *skb, int source)
{
	struct match_key key = { .source = source }, inner = { .source = source };
	const struct ethhdr *eth;
	bool has_inner;
	struct rule *rule;
	unsigned int segs;

	if (list_empty(&in->groups))
		return false;

	has_inner = inner_dissect(in, skb, &inner);
	eth = eth_hdr(skb);
	/* Whoever sent it may have set these for something else. */
	skb->protocol = eth_proto_is_802_3(eth->h_proto) ? eth->h_proto : htons(ETH_P_802_2);
	skb_set_network_header(skb, ETH_HLEN);
	__skb_flow_dissect(dev_net(in->dev), skb, &dissector, &key, NULL, 0, 0, 0, 0);
	rule = lookup(in, &key, has_inner ? &inner : NULL);
	if (!rule || (!rule->drop && (!rule->n_steps || !reachable(in, rule))))
		return false;

	segs = simnic_segs(skb);
	atomic64_add(segs, &rule->packets);
	atomic64_add(skb->len, &rule->bytes);

	follow(in, rule, skb, rule->group->tunnel ? &inner : &key);
	return true;
}

/* Returns true and consumes 'skb' if a rule of 'in' decides about it.  Under RCU, bottom halves off. */
bool simnic_forward(struct simnic_port *in, struct sk_buff *skb)
{
	return forward_from(in, skb, 0);
}

/* Taking a rule. */

#define TUNNEL_KEYS (BIT_ULL(FLOW_DISSECTOR_KEY_ENC_KEYID) | BIT_ULL(FLOW_DISSECTOR_KEY_ENC_IPV4_ADDRS) | \
		     BIT_ULL(FLOW_DISSECTOR_KEY_ENC_IPV6_ADDRS) | BIT_ULL(FLOW_DISSECTOR_KEY_ENC_CONTROL) | \
		     BIT_ULL(FLOW_DISSECTOR_KEY_ENC_PORTS) | BIT_ULL(FLOW_DISSECTOR_KEY_ENC_IP))

static bool is_tunnel(const struct simnic_filter_dev *filter)
{
	return netif_is_vxlan(filter->dev);
}

static int parse_match(struct simnic_port *port, const struct simnic_filter_dev *filter, struct flow_cls_offload *f,
		       struct match_key *key, struct match_key *mask)
{
	/* A driver that has tunnels takes their keys at other devices, too, and matches nothing: worse than to refuse them. */
	u64 keys = simnic_is.keys | (is_tunnel(filter) ? TUNNEL_KEYS : 0);
	struct flow_rule *fr = flow_cls_offload_flow_rule(f);
	struct netlink_ext_ack *extack = f->common.extack;
	u16 addr_type = 0;

	/* The driver knows the key, and has no connection tracking: en/tc_ct.h:162. */
	if (flow_rule_match_key(fr, FLOW_DISSECTOR_KEY_CT) && simnic_refuse(SIMNIC_RULE_CT, NULL))
		return simnic_refuse(SIMNIC_RULE_CT, extack);
	if ((u64)fr->match.dissector->used_keys & ~keys && !simnic_is.ignores_unknown_keys)
		return simnic_refuse(SIMNIC_RULE_KEY, extack);

	memset(key, 0, sizeof(*key));
	memset(mask, 0, sizeof(*mask));
#define COPY(ID, FUNCTION, TYPE, MEMBER) \
	if (simnic_is.keys & BIT_ULL(FLOW_DISSECTOR_KEY_##ID) && flow_rule_match_key(fr, FLOW_DISSECTOR_KEY_##ID)) { \
		struct TYPE match; \
		FUNCTION(fr, &match); \
		key->MEMBER = *match.key; \
		mask->MEMBER = *match.mask; \
	}
	COPY(BASIC, flow_rule_match_basic, flow_match_basic, basic)
	COPY(ETH_ADDRS, flow_rule_match_eth_addrs, flow_match_eth_addrs, eth)
	COPY(VLAN, flow_rule_match_vlan, flow_match_vlan, vlan)
	COPY(CVLAN, flow_rule_match_cvlan, flow_match_vlan, cvlan)
	COPY(PORTS, flow_rule_match_ports, flow_match_ports, ports)
	COPY(ICMP, flow_rule_match_icmp, flow_match_icmp, icmp)
	COPY(IP, flow_rule_match_ip, flow_match_ip, ip)
	COPY(TCP, flow_rule_match_tcp, flow_match_tcp, tcp)
	if (flow_rule_match_key(fr, FLOW_DISSECTOR_KEY_CONTROL)) {
		struct flow_match_control match;

		/* Where the dissector found the headers is no property of the frame. */
		flow_rule_match_control(fr, &match);
		key->control.flags = match.key->flags;
		mask->control.flags = match.mask->flags;
		addr_type = match.key->addr_type;
		/* bnxt_tc.c:382. */
		if (simnic_is.ignores_unknown_keys && mask->control.flags)
			return simnic_refuse(SIMNIC_RULE_KEY, extack);
	}
	/* cls_flower has both in one place, and says that both are used. */
	if (addr_type == FLOW_DISSECTOR_KEY_IPV4_ADDRS) {
		COPY(IPV4_ADDRS, flow_rule_match_ipv4_addrs, flow_match_ipv4_addrs, ipv4)
	} else if (addr_type == FLOW_DISSECTOR_KEY_IPV6_ADDRS) {
		COPY(IPV6_ADDRS, flow_rule_match_ipv6_addrs, flow_match_ipv6_addrs, ipv6)
	}
#undef COPY
	/* A rule for "protocol ip" does not match a tagged frame. */
	if (!flow_rule_match_key(fr, FLOW_DISSECTOR_KEY_VLAN) && f->common.protocol != htons(ETH_P_ALL))
		mask->vlan.vlan_tpid = htons(0xffff);
	mask->tunnel = ~0U;
	mask->source = ~0;
	if (filter->egress)
		key->source = -filter->dev->ifindex;
	return is_tunnel(filter) ? simnic_tunnel_match(port, fr, extack, key, mask) : 0;
}

static struct group *group_get(struct simnic_port *port, u32 prio, bool tunnel, const struct match_key *mask)
{
	struct group *group, *new;
	struct list_head *before = &port->groups;

	list_for_each_entry(group, &port->groups, node) {
		if (group->prio == prio && group->tunnel == tunnel && !memcmp(&group->mask, mask, sizeof(*mask)))
			return group;
		if (group->prio > prio && before == &port->groups)
			before = &group->node;
	}
	new = kzalloc(sizeof(*new), GFP_KERNEL);
	if (!new)
		return NULL;
	new->prio = prio;
	new->tunnel = tunnel;
	new->mask = *mask;
	list_add_tail_rcu(&new->node, before);
	return new;
}

static struct rule *rule_find(struct simnic_port *port, unsigned long cookie)
{
	return xa_load(&port->rules, cookie);
}

static void rule_free(struct rule *rule)
{
	unsigned int i;

	for (i = 0; i < rule->n_steps; i++) {
		kfree(rule->steps[i].meter);
		if (rule->steps[i].encap)
			simnic_encap_free(rule->steps[i].encap);
	}
	kfree(rule->steps);
	kfree(rule);
}

/* Nothing changes 'rule' any more. */
static void rule_retire(struct rule *rule)
{
	unsigned int i;

	for (i = 0; i < rule->n_steps; i++)
		if (rule->steps[i].encap)
			simnic_encap_retire(rule->steps[i].encap);
}

static void rule_free_rcu(struct rcu_head *rcu)
{
	rule_free(container_of(rcu, struct rule, rcu));
}

static void rule_unlink(struct simnic_port *port, struct rule *rule)
{
	struct group *group = rule->group;

	xa_erase(&port->rules, rule->cookie);
	hlist_del_rcu(&rule->node);
	port->n_rules--;
	port->n_tunnel_rules -= group->tunnel;
	rule_retire(rule);
	if (rule->makes_multiport)
		simnic_multiport_rule_del(port->pf);
	if (!--group->n_rules) {
		list_del_rcu(&group->node);
		kfree_rcu(group, rcu);
	}
	call_rcu(&rule->rcu, rule_free_rcu);
}

static int rule_add(struct simnic_port *port, const struct simnic_filter_dev *filter, struct flow_cls_offload *f)
{
	struct netlink_ext_ack *extack = f->common.extack;
	struct simnic_pf *pf = port->pf;
	struct group *group;
	struct rule *rule;
	struct match_key key, mask;
	u32 bucket;
	int err;

	if (pf->mode != DEVLINK_ESWITCH_MODE_SWITCHDEV && !simnic_is.legacy_rules)
		return -EOPNOTSUPP;
	if (pf->refuse_rules) {
		NL_SET_ERR_MSG_MOD(extack, "refused by the knob refuse_rules");
		return -(int)pf->refuse_rules;
	}
	if (pf->max_rules && port->n_rules >= pf->max_rules) {
		NL_SET_ERR_MSG_MOD(extack, "flow table is full");
		return -ENOSPC;
	}
	if (!tc_cls_can_offload_and_chain0(port->dev, &f->common))
		return -EOPNOTSUPP;
	if (rule_find(port, f->cookie))
		return simnic_refuse(SIMNIC_RULE_AGAIN, extack);
	if (is_tunnel(filter) && pf->mode != DEVLINK_ESWITCH_MODE_SWITCHDEV)
		return simnic_refuse(SIMNIC_TUNNEL_LEGACY, extack);
	err = parse_match(port, filter, f, &key, &mask);
	if (err)
		return err;

	rule = kzalloc(sizeof(*rule), GFP_KERNEL);
	if (!rule)
		return -ENOMEM;
	rule->cookie = f->cookie;
	rule->lastused = jiffies;
	err = simnic_parse_actions(port, filter, f, &key, &mask, rule);
	if (!err && is_tunnel(filter))
		err = simnic_tunnel_route_back(port, filter->dev, &key, &mask);
	if (err)
		goto err_free;
	if (rule->makes_multiport) {
		err = simnic_multiport_rule_add(pf);
		if (err) {
			rule->makes_multiport = false;
			goto err_free;
		}
	}

	dissector_prepare();
	bucket = masked(&rule->key, &key, &mask);
	group = group_get(port, f->common.prio, is_tunnel(filter), &mask);
	if (!group) {
		err = -ENOMEM;
		if (rule->makes_multiport)
			simnic_multiport_rule_del(pf);
		goto err_free;
	}
	rule->group = group;
	group->n_rules++;
	port->n_rules++;
	port->n_tunnel_rules += group->tunnel;
	/* At the head: TC replaces a filter by adding the new one before it deletes the old, and the new one must win. */
	hlist_add_head_rcu(&rule->node, &group->buckets[bucket]);
	err = xa_err(xa_store(&port->rules, rule->cookie, rule, GFP_KERNEL));
	if (err)
		rule_unlink(port, rule);
	return err;

err_free:
	rule_retire(rule);
	rule_free(rule);
	return err;
}

/* TC hears what the last reading of the counters has seen. */
static int rule_stats(struct simnic_port *port, struct flow_cls_offload *f)
{
	struct rule *rule = rule_find(port, f->cookie);
	u64 packets, bytes;

	if (!simnic_is.stats)
		return -EINVAL;
	if (!rule)
		return -ENOENT;
	packets = READ_ONCE(rule->packets_seen);
	bytes = READ_ONCE(rule->bytes_seen);
	flow_stats_update(&f->stats, bytes - rule->bytes_told, packets - rule->packets_told, 0,
			  READ_ONCE(rule->lastused), FLOW_ACTION_HW_STATS_DELAYED);
	rule->packets_told = packets;
	rule->bytes_told = bytes;
	return 0;
}

/* All rules of a card, under RCU. */
static void for_each_rule(struct simnic_card *card, void (*visit)(struct rule *rule))
{
	struct simnic_port *port;
	unsigned long id;

	rcu_read_lock();
	xa_for_each(&card->ports, id, port) {
		struct rule *rule;
		unsigned long cookie;

		xa_for_each(&port->rules, cookie, rule)
			visit(rule);
	}
	rcu_read_unlock();
}

static void read_counter(struct rule *rule)
{
	u64 packets = atomic64_read(&rule->packets);

	if (packets != rule->packets_seen)
		WRITE_ONCE(rule->lastused, jiffies);
	WRITE_ONCE(rule->bytes_seen, (u64)atomic64_read(&rule->bytes));
	WRITE_ONCE(rule->packets_seen, packets);
}

/* Reads the counters of all rules of a card, as mlx5 does once a second (fs_counters.c:40, MLX5_FC_STATS_PERIOD). */
void simnic_read_counters(struct simnic_card *card)
{
	for_each_rule(card, read_counter);
}

static void use_neighbours(struct rule *rule)
{
	unsigned int i;

	if (time_before(READ_ONCE(rule->lastused) + 5 * HZ, jiffies))
		return;
	for (i = 0; i < rule->n_steps; i++)
		if (rule->steps[i].encap && simnic_encap_known(rule->steps[i].encap))
			simnic_encap_used(rule->steps[i].encap);
}

/* The neighbours of tunnels in use; en/rep/neigh.c:21: every DELAY_PROBE_TIME, 5 s. */
void simnic_use_neighbours(struct simnic_card *card)
{
	for_each_rule(card, use_neighbours);
}

int simnic_flower(struct simnic_port *port, const struct simnic_filter_dev *filter, struct flow_cls_offload *f)
{
	struct rule *rule;

	switch (f->command) {
	case FLOW_CLS_REPLACE:
		return rule_add(port, filter, f);
	case FLOW_CLS_DESTROY:
		rule = rule_find(port, f->cookie);
		if (!rule)
			return -ENOENT;
		rule_unlink(port, rule);
		return 0;
	case FLOW_CLS_STATS:
		return rule_stats(port, f);
	default:
		return -EOPNOTSUPP;
	}
}

static int block_cb(enum tc_setup_type type, void *type_data, void *cb_priv)
{
	struct simnic_port *port = cb_priv;
	struct simnic_filter_dev filter = { .dev = port->dev };

	if (type == TC_SETUP_CLSMATCHALL)
		return simnic_matchall(port, type_data);
	return type == TC_SETUP_CLSFLOWER ? simnic_flower(port, &filter, type_data) : -EOPNOTSUPP;
}

int simnic_setup_tc(struct net_device *dev, enum tc_setup_type type, void *type_data)
{
	struct simnic_port *port = netdev_priv(dev);

	if (type != TC_SETUP_BLOCK)
		return -EOPNOTSUPP;
	return flow_block_cb_setup_simple(type_data, &block_cbs, block_cb, port, port, true);
}

/* Forgets all rules of 'port', as when its eswitch is torn down; TC may still think that it has some. */
void simnic_flush(struct simnic_port *port)
{
	unsigned long cookie;
	struct rule *rule;

	xa_for_each(&port->rules, cookie, rule)
		rule_unlink(port, rule);
}

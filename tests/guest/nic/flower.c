// SPDX-License-Identifier: GPL-2.0
/*
 * Offloaded rules: TC flower on uplinks and representors.
 *
 * A rule is taken or refused as a driver would do it (the extack texts are mlx5's where it has them), and a taken one
 * really forwards.  Each port holds groups of rules that share a priority and a mask, in order of priority; a frame is
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

#include "simnic.h"

#define BUCKETS 256

/* What the hardware can match. */
struct match_key {
	struct flow_dissector_key_control control;
	struct flow_dissector_key_basic basic;
	struct flow_dissector_key_eth_addrs eth;
	struct flow_dissector_key_vlan vlan;
	struct flow_dissector_key_vlan cvlan;
	struct flow_dissector_key_ipv4_addrs ipv4;
	struct flow_dissector_key_ipv6_addrs ipv6;
	struct flow_dissector_key_ports ports;
	struct flow_dissector_key_icmp icmp;
	struct flow_dissector_key_ip ip;
	struct flow_dissector_key_tcp tcp;
} __aligned(8);

#define KEY_WORDS (sizeof(struct match_key) / sizeof(u32))

/* Rules of one priority and mask. */
struct group {
	struct list_head node;		/* In simnic_port::groups, by priority. */
	u32 prio;
	struct match_key mask;
	struct hlist_head buckets[BUCKETS];
	unsigned int n_rules;
	struct rcu_head rcu;
};

enum step_type { STEP_OUTPUT, STEP_OUTPUT_LAG, STEP_VLAN_PUSH, STEP_VLAN_POP, STEP_VLAN_MANGLE, STEP_ETH };

/* One step of what is done with a frame. */
struct step {
	enum step_type type;
	bool last;			/* STEP_OUTPUT*: a redirect, not a mirror. */
	u32 port_id;			/* STEP_OUTPUT. */
	u16 vid;			/* STEP_VLAN_*. */
	u8 prio;
	__be16 proto;
	u8 eth[12], eth_mask[12];	/* STEP_ETH: bits in eth_mask are replaced by eth. */
};

#define MAX_STEPS 64

struct rule {
	struct hlist_node node;		/* In group::buckets. */
	struct group *group;
	unsigned long cookie;
	struct match_key key;			/* Masked. */
	bool drop;
	unsigned int n_steps;
	struct step *steps;

	atomic64_t packets, bytes;
	u64 packets_told, bytes_told;	/* What TC has heard of already. */
	unsigned long lastused;		/* jiffies. */
	struct rcu_head rcu;
};

static const struct flow_dissector_key dissector_keys[] = {
#define KEY(ID, MEMBER) { .key_id = FLOW_DISSECTOR_KEY_##ID, .offset = offsetof(struct match_key, MEMBER) }
	KEY(CONTROL, control), KEY(BASIC, basic), KEY(ETH_ADDRS, eth), KEY(VLAN, vlan), KEY(CVLAN, cvlan),
	KEY(IPV4_ADDRS, ipv4), KEY(IPV6_ADDRS, ipv6), KEY(PORTS, ports), KEY(ICMP, icmp), KEY(IP, ip),
	KEY(TCP, tcp),
#undef KEY
};

static struct flow_dissector dissector;
static LIST_HEAD(block_cbs);

static void dissector_prepare(void)
{
	/* Under RTNL, and before the first rule that could make anyone use it. */
	if (!dissector.used_keys)
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

static struct rule *lookup(struct simnic_port *in, const struct match_key *key)
{
	struct group *group;

	list_for_each_entry_rcu(group, &in->groups, node) {
		struct rule *rule;
		struct match_key m;
		u32 bucket = masked(&m, key, &group->mask);

		hlist_for_each_entry_rcu(rule, &group->buckets[bucket], node)
			if (!memcmp(&rule->key, &m, sizeof(m)))
				return rule;
	}
	return NULL;
}

static bool may_forward(struct simnic_port *in, struct simnic_port *out)
{
	return in->pf == out->pf || READ_ONCE(in->pf->card->esw_multiport) || READ_ONCE(in->pf->card->lag);
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
	return up[jhash2((u32 *)&m, KEY_WORDS, 1) % n];
}

static struct simnic_port *target(struct simnic_port *in, const struct step *step, const struct match_key *key)
{
	if (step->type == STEP_OUTPUT_LAG)
		return lag_pick(in->pf->card, key);
	return xa_load(&in->pf->card->ports, step->port_id);
}

/* Can every target of the rule be reached now?  If not (LAG is gone, say), the frame takes the slow path. */
static bool reachable(struct simnic_port *in, const struct rule *rule)
{
	unsigned int i;

	for (i = 0; i < rule->n_steps; i++) {
		struct simnic_port *out;

		if (rule->steps[i].type == STEP_OUTPUT) {
			out = xa_load(&in->pf->card->ports, rule->steps[i].port_id);
			if (out && !may_forward(in, out))
				return false;
		} else if (rule->steps[i].type == STEP_OUTPUT_LAG && !READ_ONCE(in->pf->card->lag)) {
			return false;
		}
	}
	return true;
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

/* Returns true and consumes 'skb' if a rule of 'in' decides about it.  Under RCU, bottom halves off. */
bool simnic_forward(struct simnic_port *in, struct sk_buff *skb)
{
	const struct ethhdr *eth = eth_hdr(skb);
	struct match_key key = { };
	struct rule *rule;
	unsigned int i, segs;

	if (list_empty(&in->groups))
		return false;

	/* Whoever sent it may have set these for something else. */
	skb->protocol = eth_proto_is_802_3(eth->h_proto) ? eth->h_proto : htons(ETH_P_802_2);
	skb_set_network_header(skb, ETH_HLEN);
	__skb_flow_dissect(dev_net(in->dev), skb, &dissector, &key, NULL, 0, 0, 0, 0);
	rule = lookup(in, &key);
	if (!rule || (!rule->drop && (!rule->n_steps || !reachable(in, rule))))
		return false;

	segs = simnic_segs(skb);
	atomic64_add(segs, &rule->packets);
	atomic64_add(skb->len, &rule->bytes);
	WRITE_ONCE(rule->lastused, jiffies);

	for (i = 0; i < rule->n_steps; i++) {
		const struct step *step = &rule->steps[i];
		struct simnic_port *out;
		struct sk_buff *copy;

		switch (step->type) {
		case STEP_OUTPUT:
		case STEP_OUTPUT_LAG:
			out = target(in, step, &key);
			copy = step->last ? skb : skb_clone(skb, GFP_ATOMIC);
			if (!copy)
				break;
			if (out)
				simnic_egress(out, copy);
			else
				kfree_skb(copy);
			if (step->last)
				return true;
			break;
		case STEP_VLAN_POP:
			skb_vlan_pop(skb);
			break;
		case STEP_VLAN_PUSH:
			/* Frees the frame when it fails. */
			if (skb_vlan_push(skb, step->proto, step->vid | step->prio << VLAN_PRIO_SHIFT))
				return true;
			break;
		case STEP_VLAN_MANGLE:
			if (skb_vlan_pop(skb))
				break;
			if (skb_vlan_push(skb, step->proto, step->vid | step->prio << VLAN_PRIO_SHIFT))
				return true;
			break;
		case STEP_ETH:
			eth_rewrite(skb, step);
			break;
		}
	}
	/* Dropped, or only mirrored. */
	consume_skb(skb);
	return true;
}

/* Taking a rule. */

static int parse_match(struct flow_cls_offload *f, struct match_key *key, struct match_key *mask)
{
	struct flow_rule *fr = flow_cls_offload_flow_rule(f);
	struct netlink_ext_ack *extack = f->common.extack;
	u16 addr_type = 0;
	u64 known = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(dissector_keys); i++)
		known |= BIT_ULL(dissector_keys[i].key_id);
	if ((u64)fr->match.dissector->used_keys & ~known) {
		NL_SET_ERR_MSG_MOD(extack, "Unsupported key");
		return -EOPNOTSUPP;
	}

	memset(key, 0, sizeof(*key));
	memset(mask, 0, sizeof(*mask));
#define COPY(ID, FUNCTION, TYPE, MEMBER) \
	if (flow_rule_match_key(fr, FLOW_DISSECTOR_KEY_##ID)) { \
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
	return 0;
}

static int parse_output(struct simnic_port *in, struct net_device *dev, struct step *step,
			struct netlink_ext_ack *extack)
{
	struct simnic_port *out;

	if (netif_is_lag_master(dev) && in->pf->card->lag == dev) {
		step->type = STEP_OUTPUT_LAG;
		return 0;
	}
	if (!simnic_is_port(dev))
		goto elsewhere;
	out = netdev_priv(dev);
	if (out->pf->card != in->pf->card || out->pf->mode != DEVLINK_ESWITCH_MODE_SWITCHDEV)
		goto elsewhere;
	if (in->kind == SIMNIC_UPLINK && out->kind == SIMNIC_UPLINK && !in->pf->card->esw_multiport) {
		NL_SET_ERR_MSG_MOD(extack, "devices are both uplink, can't offload forwarding");
		return -EOPNOTSUPP;
	}
	if (!may_forward(in, out))
		goto elsewhere;
	step->type = STEP_OUTPUT;
	step->port_id = out->id;
	return 0;

elsewhere:
	NL_SET_ERR_MSG_MOD(extack, "devices are not on same switch HW, can't offload forwarding");
	return -EOPNOTSUPP;
}

static int parse_eth(const struct flow_action_entry *act, struct step *step, struct netlink_ext_ack *extack)
{
	unsigned int i;

	if (act->mangle.htype != FLOW_ACT_MANGLE_HDR_TYPE_ETH || act->mangle.offset > 8) {
		NL_SET_ERR_MSG_MOD(extack, "can't offload re-write of this header");
		return -EOPNOTSUPP;
	}
	step->type = STEP_ETH;
	/* 'mask' has a bit for what stays; both are 32 bits as they lie in the frame. */
	for (i = 0; i < 4; i++) {
		step->eth_mask[act->mangle.offset + i] = ~((const u8 *)&act->mangle.mask)[i];
		step->eth[act->mangle.offset + i] = ((const u8 *)&act->mangle.val)[i] & ~((const u8 *)&act->mangle.mask)[i];
	}
	return 0;
}

static int parse_actions(struct simnic_port *in, struct flow_cls_offload *f, struct rule *rule)
{
	struct flow_rule *fr = flow_cls_offload_flow_rule(f);
	struct netlink_ext_ack *extack = f->common.extack;
	const struct flow_action_entry *act;
	int i, err;

	if (!flow_action_has_entries(&fr->action)) {
		NL_SET_ERR_MSG_MOD(extack, "Flow action doesn't have any entries");
		return -EINVAL;
	}
	if (!flow_action_basic_hw_stats_check(&fr->action, extack))
		return -EOPNOTSUPP;
	if (fr->action.num_entries > MAX_STEPS) {
		NL_SET_ERR_MSG_MOD(extack, "too many actions");
		return -EOPNOTSUPP;
	}
	rule->steps = kcalloc(fr->action.num_entries, sizeof(*rule->steps), GFP_KERNEL);
	if (!rule->steps)
		return -ENOMEM;

	flow_action_for_each(i, act, &fr->action) {
		struct step *step = &rule->steps[rule->n_steps];

		switch (act->id) {
		case FLOW_ACTION_DROP:
			rule->drop = true;
			return 0;
		case FLOW_ACTION_ACCEPT:
		case FLOW_ACTION_TRAP:
			if (rule->n_steps) {
				NL_SET_ERR_MSG_MOD(extack, "can't pass on to software after another action");
				return -EOPNOTSUPP;
			}
			return 0;
		case FLOW_ACTION_REDIRECT:
		case FLOW_ACTION_MIRRED:
			step->last = act->id == FLOW_ACTION_REDIRECT;
			err = parse_output(in, act->dev, step, extack);
			if (err)
				return err;
			rule->n_steps++;
			if (step->last)
				return 0;
			break;
		case FLOW_ACTION_VLAN_PUSH:
		case FLOW_ACTION_VLAN_MANGLE:
			step->type = act->id == FLOW_ACTION_VLAN_PUSH ? STEP_VLAN_PUSH : STEP_VLAN_MANGLE;
			step->vid = act->vlan.vid;
			step->prio = act->vlan.prio;
			step->proto = act->vlan.proto;
			rule->n_steps++;
			break;
		case FLOW_ACTION_VLAN_POP:
			step->type = STEP_VLAN_POP;
			rule->n_steps++;
			break;
		case FLOW_ACTION_MANGLE:
			err = parse_eth(act, step, extack);
			if (err)
				return err;
			rule->n_steps++;
			break;
		case FLOW_ACTION_CSUM:
			/* Only Ethernet headers are rewritten, so no checksum changes. */
			break;
		case FLOW_ACTION_CT:
			NL_SET_ERR_MSG_MOD(extack, "CT offload is not supported");
			return -EOPNOTSUPP;
		case FLOW_ACTION_POLICE:
			NL_SET_ERR_MSG_MOD(extack, "Police action is not supported");
			return -EOPNOTSUPP;
		default:
			NL_SET_ERR_MSG_MOD(extack, "The offload action is not supported");
			return -EOPNOTSUPP;
		}
	}
	return 0;
}

static struct group *group_get(struct simnic_port *port, u32 prio, const struct match_key *mask)
{
	struct group *group, *new;
	struct list_head *before = &port->groups;

	list_for_each_entry(group, &port->groups, node) {
		if (group->prio == prio && !memcmp(&group->mask, mask, sizeof(*mask)))
			return group;
		if (group->prio > prio && before == &port->groups)
			before = &group->node;
	}
	new = kzalloc(sizeof(*new), GFP_KERNEL);
	if (!new)
		return NULL;
	new->prio = prio;
	new->mask = *mask;
	list_add_tail_rcu(&new->node, before);
	return new;
}

static struct rule *rule_find(struct simnic_port *port, unsigned long cookie)
{
	return xa_load(&port->rules, cookie);
}

static void rule_free_rcu(struct rcu_head *rcu)
{
	struct rule *rule = container_of(rcu, struct rule, rcu);

	kfree(rule->steps);
	kfree(rule);
}

static void rule_unlink(struct simnic_port *port, struct rule *rule)
{
	struct group *group = rule->group;

	xa_erase(&port->rules, rule->cookie);
	hlist_del_rcu(&rule->node);
	port->n_rules--;
	if (!--group->n_rules) {
		list_del_rcu(&group->node);
		kfree_rcu(group, rcu);
	}
	call_rcu(&rule->rcu, rule_free_rcu);
}

static int rule_add(struct simnic_port *port, struct flow_cls_offload *f)
{
	struct netlink_ext_ack *extack = f->common.extack;
	struct simnic_pf *pf = port->pf;
	struct group *group;
	struct rule *rule;
	struct match_key key, mask;
	u32 bucket;
	int err;

	if (pf->mode != DEVLINK_ESWITCH_MODE_SWITCHDEV) {
		NL_SET_ERR_MSG_MOD(extack, "E-Switch is not in switchdev mode");
		return -EOPNOTSUPP;
	}
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
	if (rule_find(port, f->cookie)) {
		NL_SET_ERR_MSG_MOD(extack, "flow cookie already exists, ignoring");
		return -EEXIST;
	}
	err = parse_match(f, &key, &mask);
	if (err)
		return err;

	rule = kzalloc(sizeof(*rule), GFP_KERNEL);
	if (!rule)
		return -ENOMEM;
	rule->cookie = f->cookie;
	rule->lastused = jiffies;
	err = parse_actions(port, f, rule);
	if (err)
		goto err_free;

	dissector_prepare();
	bucket = masked(&rule->key, &key, &mask);
	group = group_get(port, f->common.prio, &mask);
	if (!group) {
		err = -ENOMEM;
		goto err_free;
	}
	rule->group = group;
	group->n_rules++;
	port->n_rules++;
	/* At the head: TC replaces a filter by adding the new one before it deletes the old, and the new one must win. */
	hlist_add_head_rcu(&rule->node, &group->buckets[bucket]);
	err = xa_err(xa_store(&port->rules, rule->cookie, rule, GFP_KERNEL));
	if (err)
		rule_unlink(port, rule);
	return err;

err_free:
	kfree(rule->steps);
	kfree(rule);
	return err;
}

static int rule_stats(struct simnic_port *port, struct flow_cls_offload *f)
{
	struct rule *rule = rule_find(port, f->cookie);
	u64 packets, bytes;

	if (!rule)
		return -ENOENT;
	packets = atomic64_read(&rule->packets);
	bytes = atomic64_read(&rule->bytes);
	flow_stats_update(&f->stats, bytes - rule->bytes_told, packets - rule->packets_told, 0,
			  READ_ONCE(rule->lastused), FLOW_ACTION_HW_STATS_DELAYED);
	rule->packets_told = packets;
	rule->bytes_told = bytes;
	return 0;
}

static int block_cb(enum tc_setup_type type, void *type_data, void *cb_priv)
{
	struct flow_cls_offload *f = type_data;
	struct simnic_port *port = cb_priv;
	struct rule *rule;

	if (type != TC_SETUP_CLSFLOWER)
		return -EOPNOTSUPP;
	switch (f->command) {
	case FLOW_CLS_REPLACE:
		return rule_add(port, f);
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

// SPDX-License-Identifier: GPL-2.0
/*
 * From a list of TC's actions to the steps that the hardware takes, in the dialect of the personality.
 *
 * mlx5 keeps no list.  It collects outputs in one array and header changes in one set, and notes how many outputs there were
 * before the last header change (split_count): those get the frame as it came in, all others get it with all changes, in the
 * order of the hardware: pop, rewrite, push.  Here the set becomes a list again, in that order, so that wrong lists send the
 * frames that the NIC would send.  Only police begins a new set (a "multi table" action).
 */
#include <linux/if_vlan.h>
#include <net/flow_offload.h>
#include <net/pkt_cls.h>
#include <net/vxlan.h>

#include "answers.h"
#include "rule.h"
#include "tunnel.h"

#define MAX_OUTPUTS 32

/* MLX5_FLOW_CONTEXT_ACTION_*. */
#define POP BIT(0)
#define POP_2 BIT(1)
#define PUSH BIT(2)
#define PUSH_2 BIT(3)
#define MOD_HDR BIT(4)
#define VLAN_DEPTH 2			/* MLX5_FS_VLAN_DEPTH. */

/* struct mlx5_flow_attr and mlx5e_tc_act_parse_state, what of them matters here. */
struct state {
	struct simnic_port *in;
	const struct simnic_filter_dev *filter;
	struct netlink_ext_ack *extack;
	const struct match_key *key, *mask;
	struct rule *rule;

	struct step outputs[MAX_OUTPUTS];
	unsigned int n_outputs, split;
	const struct net_device *seen[MAX_OUTPUTS];
	unsigned int n_seen;		/* if_count: outputs since the last header change. */

	unsigned int flags;
	unsigned int n_vlans;		/* total_vlan. */
	struct step push[VLAN_DEPTH];
	struct step rewrite;		/* VLAN id, and Ethernet addresses. */
	bool rewrites_vid;

	const struct ip_tunnel_info *tunnel;	/* The next output is in this one. */
	bool decap;			/* The tunnel's header is still to come off. */
	bool to_int_port;
	bool ptype_host;
	bool taken;			/* A probe has said that the driver takes all of this. */
};

static int refuse(const struct state *s, enum simnic_refusal what)
{
	return simnic_refuse(what, s->extack);
}

bool simnic_may_forward(struct simnic_port *in, struct simnic_port *out)
{
	int answer = simnic_answers_forward(in, out);

	if (answer >= 0)
		return answer;
	if (in->pf == out->pf || READ_ONCE(in->pf->card->lag_mode) != SIMNIC_LAG_NONE)
		return true;
	return simnic_is.merged_eswitch && in->kind == SIMNIC_REP && out->kind == SIMNIC_REP;
}

/* The steps of 'rule' grow by 'step'. */
static void step_add(struct rule *rule, const struct step *step)
{
	rule->steps[rule->n_steps++] = *step;
}

static bool has_vid_match(const struct state *s)
{
	return s->mask->vlan.vlan_tpid && s->key->vlan.vlan_tpid;
}

/*
 * Finds the way for those outputs of the set that are in tunnels; en/tc_tun_encap.c:1028, mlx5e_tc_tun_encap_dests_set().
 *
 * Where it leads through an internal port, en_tc.c:4226, mlx5e_set_fwd_to_int_port_actions(), puts the split before it, and
 * eswitch_offloads.c:325 and 832 take it only as the last output, and one.
 */
static int encaps_resolve(struct state *s)
{
	unsigned int i, j;
	int err;

	for (i = 0; i < s->n_outputs; i++) {
		struct simnic_encap *encap = s->outputs[i].encap;

		if (!encap)
			continue;
		for (j = 0; j < i; j++)
			if (s->outputs[j].encap && s->outputs[j].encap->tunnel == encap->tunnel &&
			    !memcmp(&s->outputs[j].encap->key, &encap->key, sizeof(encap->key)))
				return refuse(s, SIMNIC_TUNNEL_TWICE);
		err = simnic_encap_resolve(encap, s->in, s->extack);
		if (err)
			return err;
		if (!encap->int_port)
			continue;
		/* Its way out is looked up as of an internal port: again would be for ever.  The driver's words for it are not known. */
		if (s->filter->egress || i + 1 < s->n_outputs)
			return -EOPNOTSUPP;
		for (j = 0; j < i; j++)
			if (s->outputs[j].encap && s->outputs[j].encap->int_port)
				return -EOPNOTSUPP;
		s->split = i;
		s->flags |= MOD_HDR;
	}
	return 0;
}

/* Ends a set: outputs before the split, changes, outputs behind it. */
static int set_end(struct state *s)
{
	static const struct step pop = { .type = STEP_VLAN_POP }, lose = { .type = STEP_LOSE }, decap = { .type = STEP_DECAP };
	struct rule *rule = s->rule;
	struct step vid = s->rewrite;
	unsigned int i;
	int err = encaps_resolve(s);

	if (err)
		return err;
	for (i = 0; i < s->split; i++)
		step_add(rule, &s->outputs[i]);
	/* eswitch_offloads.c:830: those before the split get the frame with the tunnel's header. */
	if (s->decap)
		step_add(rule, &decap);
	s->decap = false;
	/* Of a frame without a tag, nothing is removed; what hardware does then, no source says. */
	if (s->flags & POP)
		step_add(rule, &pop);
	if (s->flags & POP_2)
		step_add(rule, &pop);
	if (s->rewrites_vid) {
		vid.type = STEP_VLAN_ID;
		step_add(rule, &vid);
	}
	if (memchr_inv(s->rewrite.eth_mask, 0, sizeof(s->rewrite.eth_mask)))
		step_add(rule, &s->rewrite);
	/* mlx5_eswitch_add_offloaded_rule() (eswitch_offloads.c:688, 6.12) fills in no tag unless PUSH is there, too. */
	if (s->flags & PUSH)
		step_add(rule, &s->push[0]);
	if (s->flags & PUSH_2)
		step_add(rule, s->flags & PUSH ? &s->push[1] : &lose);
	for (i = s->split; i < s->n_outputs; i++)
		step_add(rule, &s->outputs[i]);

	s->n_outputs = s->split = s->n_seen = s->flags = s->n_vlans = 0;
	s->rewrites_vid = false;
	memset(&s->rewrite, 0, sizeof(s->rewrite));
	s->rewrite.type = STEP_ETH;
	return 0;
}

static void header_changed(struct state *s)
{
	s->split = s->n_outputs;
	s->n_seen = 0;
}

/* mirred.c, parse_mirred(): what of the two PFs' ports may be where. */
static int output_check(struct state *s, struct simnic_port *out)
{
	struct simnic_port *in = s->in;
	int err;

	if (in->kind == SIMNIC_UPLINK && out->kind == SIMNIC_UPLINK && !s->taken) {
		err = !simnic_is.raw_traffic ? refuse(s, SIMNIC_RULE_UPLINKS) : in != out ? refuse(s, SIMNIC_RULE_OTHER_UPLINK) : 0;
		if (err)
			return err;
	}
	/* In 6.1 an uplink is always within reach, is_multiport_eligible(). */
	if (out->pf->mode != DEVLINK_ESWITCH_MODE_SWITCHDEV ||
	    (!simnic_may_forward(in, out) && simnic_is.multiport != SIMNIC_MULTIPORT_AUTO))
		return refuse(s, SIMNIC_RULE_OTHER_SWITCH);
	return in == out && in->kind == SIMNIC_REP ? refuse(s, SIMNIC_RULE_SELF) : 0;
}

/* en/tc/act/mirred.c:176, parse_mirred_encap(). */
static int split_output_tunnel(struct state *s, const struct net_device *dev)
{
	struct simnic_encap *encap;

	/* From one tunnel into another: whether a NIC does it, no source says. */
	if (netif_is_vxlan(s->filter->dev))
		return -EOPNOTSUPP;
	encap = kzalloc(sizeof(*encap), GFP_KERNEL);
	if (!encap)
		return -ENOMEM;
	INIT_LIST_HEAD(&encap->node);
	encap->tunnel = dev->ifindex;
	encap->key = s->tunnel->key;
	s->outputs[s->n_outputs++] = (struct step) { .type = STEP_ENCAP, .encap = encap };
	s->tunnel = NULL;
	return 0;
}

static int split_output(struct state *s, struct net_device *dev)
{
	struct step *step = &s->outputs[s->n_outputs];
	struct simnic_card *card = s->in->pf->card;
	struct simnic_port *out;
	unsigned int i;
	int err;

	if (s->n_outputs >= simnic_is.max_outputs)
		return refuse(s, SIMNIC_RULE_OUTPUTS);
	if (s->tunnel)
		return split_output_tunnel(s, dev);
	if (!netdev_port_same_parent_id(s->in->dev, dev))
		/* No word of it at devices of others, since all drivers are asked. */
		return s->filter->dev == s->in->dev ? refuse(s, SIMNIC_RULE_OTHER_SWITCH) : -EOPNOTSUPP;
	for (i = 0; i < s->n_seen; i++)
		if (s->seen[i] == dev)
			return refuse(s, SIMNIC_RULE_TWICE);
	s->seen[s->n_seen++] = dev;
	memset(step, 0, sizeof(*step));
	if (netif_is_lag_master(dev)) {
		if (card->lag_mode == SIMNIC_LAG_MULTIPORT && netif_is_bond_master(dev))
			return refuse(s, SIMNIC_RULE_BOND);
		/* get_fdb_out_dev(): the PF's own uplink stands for the bond, whether there is a VF-LAG or not. */
		if (netdev_master_upper_dev_get(s->in->pf->uplink) != dev)
			return -ENODEV;
		err = output_check(s, netdev_priv(s->in->pf->uplink));
		step->type = STEP_OUTPUT_LAG;
	} else if (!simnic_is_port(dev)) {
		return refuse(s, SIMNIC_RULE_OTHER_SWITCH);
	} else {
		out = netdev_priv(dev);
		err = output_check(s, out);
		step->type = STEP_OUTPUT;
		step->port_id = out->id;
		s->rule->makes_multiport |= simnic_is.multiport == SIMNIC_MULTIPORT_AUTO && out->kind == SIMNIC_UPLINK;
	}
	if (!err)
		s->n_outputs++;
	return err;
}

static int split_output_int(struct state *s, const struct net_device *dev)
{
	if (!netif_is_ovs_master(dev))
		return refuse(s, SIMNIC_RULE_INT_PORT);
	if (!s->ptype_host)
		return refuse(s, SIMNIC_RULE_INT_PORT_PTYPE);
	if (s->n_outputs)
		return refuse(s, SIMNIC_RULE_INT_PORT_OUTPUTS);
	s->outputs[s->n_outputs++] = (struct step) { .type = STEP_OUTPUT_INT, .ifindex = dev->ifindex };
	s->split = 0;
	s->n_seen = 0;
	s->to_int_port = true;
	return 0;
}

/* vlan_mangle.c, mlx5e_tc_act_vlan_add_rewrite_action(): the id changes, the priority cannot. */
static int split_vid(struct state *s, const struct flow_action_entry *act)
{
	if (!has_vid_match(s))
		return refuse(s, SIMNIC_RULE_VLAN_MATCH);
	if (act->vlan.prio != (s->key->vlan.vlan_priority & s->mask->vlan.vlan_priority))
		return refuse(s, SIMNIC_RULE_VLAN_PRIO);
	if (s->rewrites_vid)
		return refuse(s, SIMNIC_RULE_REWRITE_TWICE);
	s->rewrites_vid = true;
	s->rewrite.vid = act->vlan.vid;
	s->flags |= MOD_HDR;
	header_changed(s);
	return 0;
}

/* vlan.c, tc_act_parse_vlan(). */
static int split_vlan(struct state *s, const struct flow_action_entry *act)
{
	bool push = act->id == FLOW_ACTION_VLAN_PUSH;

	if (push && s->flags & POP) {
		s->flags &= ~POP;
		return split_vid(s, act);
	}
	if (s->n_vlans >= VLAN_DEPTH)
		return refuse(s, SIMNIC_RULE_VLAN_DEPTH);
	if (push)
		s->push[s->n_vlans] = (struct step) {
			.type = STEP_VLAN_PUSH,
			.vid = act->vlan.vid,
			.prio = act->vlan.prio,
			.proto = act->vlan.proto ?: htons(ETH_P_8021Q),
		};
	if (s->n_vlans)
		s->flags |= push ? PUSH_2 : POP_2;
	else
		s->flags |= push ? PUSH : POP;
	s->n_vlans++;
	header_changed(s);
	return 0;
}

/* 'step' takes the bytes that 'act' rewrites; -EEXIST if it has some of them already, -EINVAL if it cannot have them. */
static int eth_add(struct step *step, const struct flow_action_entry *act)
{
	const u8 *keep = (const u8 *)&act->mangle.mask, *value = (const u8 *)&act->mangle.val;
	unsigned int i;

	if (act->mangle.htype != FLOW_ACT_MANGLE_HDR_TYPE_ETH || act->mangle.offset > 8)
		return -EINVAL;
	/* The mask has a bit for what stays; both are 32 bits as they lie in the frame. */
	for (i = 0; i < 4; i++)
		if (step->eth_mask[act->mangle.offset + i] & (u8)~keep[i])
			return -EEXIST;
	for (i = 0; i < 4; i++) {
		step->eth_mask[act->mangle.offset + i] |= (u8)~keep[i];
		step->eth[act->mangle.offset + i] |= value[i] & ~keep[i];
	}
	return 0;
}

static int split_rewrite(struct state *s, const struct flow_action_entry *act)
{
	int err = eth_add(&s->rewrite, act);

	if (err)
		return refuse(s, err == -EEXIST ? SIMNIC_RULE_REWRITE_TWICE : SIMNIC_RULE_REWRITE);
	s->flags |= MOD_HDR;
	header_changed(s);
	return 0;
}

static int split_police(struct state *s, const struct flow_action_entry *act)
{
	struct step step = { .type = STEP_POLICE };
	int err;

	if ((act->police.notexceed.act_id != FLOW_ACTION_PIPE && act->police.notexceed.act_id != FLOW_ACTION_ACCEPT) ||
	    act->police.exceed.act_id != FLOW_ACTION_DROP ||
	    (!act->police.rate_bytes_ps && !act->police.rate_pkt_ps))
		return refuse(s, SIMNIC_RULE_POLICE);
	step.meter = simnic_meter_create(act->police.rate_bytes_ps, act->police.burst, act->police.rate_pkt_ps,
					 act->police.burst_pkt);
	if (!step.meter)
		return -ENOMEM;
	err = set_end(s);
	if (err) {
		kfree(step.meter);
		return err;
	}
	step_add(s->rule, &step);
	return 0;
}

static int split_action(struct state *s, const struct flow_action_entry *act)
{
	switch (act->id) {
	case FLOW_ACTION_DROP:
		s->rule->drop = true;
		return s->n_outputs ? refuse(s, SIMNIC_RULE_DROP_TOO) : 0;
	case FLOW_ACTION_REDIRECT:
	case FLOW_ACTION_MIRRED:
		return split_output(s, act->dev);
	case FLOW_ACTION_REDIRECT_INGRESS:
		return split_output_int(s, act->dev);
	case FLOW_ACTION_PTYPE:
		s->ptype_host = act->ptype == PACKET_HOST;
		return s->ptype_host ? 0 : refuse(s, SIMNIC_RULE_ACTION);
	case FLOW_ACTION_VLAN_PUSH:
	case FLOW_ACTION_VLAN_POP:
		return split_vlan(s, act);
	case FLOW_ACTION_VLAN_MANGLE:
		return split_vid(s, act);
	case FLOW_ACTION_MANGLE:
		return split_rewrite(s, act);
	case FLOW_ACTION_CSUM:
		/* Only Ethernet headers are rewritten, so no checksum changes. */
		return s->flags & MOD_HDR ? 0 : refuse(s, SIMNIC_RULE_CSUM);
	case FLOW_ACTION_POLICE:
		return split_police(s, act);
	case FLOW_ACTION_CT:
		return refuse(s, SIMNIC_RULE_CT);
	case FLOW_ACTION_TUNNEL_ENCAP:
		if (!simnic_is.tunnels || !act->tunnel || ip_tunnel_info_af(act->tunnel) != AF_INET || act->tunnel->options_len)
			return refuse(s, SIMNIC_RULE_ACTION);
		s->tunnel = act->tunnel;
		return 0;
	case FLOW_ACTION_TUNNEL_DECAP:
		/* The header comes off by the device alone that the rule is at. */
		return simnic_is.tunnels ? 0 : refuse(s, SIMNIC_RULE_ACTION);
	default:
		return refuse(s, SIMNIC_RULE_ACTION);
	}
}

/* esw_dests_to_int_external(): of the outputs behind the split, some leave the card and some do not, as do those in a tunnel. */
static bool both_sides(const struct state *s)
{
	bool in = false, out = false;
	unsigned int i;

	for (i = s->split; i < s->n_outputs; i++) {
		struct simnic_port *port = xa_load(&s->in->pf->card->ports, s->outputs[i].port_id);

		if (s->outputs[i].type == STEP_OUTPUT_LAG || (port && port->kind == SIMNIC_UPLINK))
			out = true;
		else
			in = true;
	}
	return in && out;
}

static int split_parse(struct state *s, const struct flow_action *actions)
{
	const struct flow_action_entry *act;
	int i, err;

	s->rewrite.type = STEP_ETH;
	flow_action_for_each(i, act, actions) {
		if (act->id == FLOW_ACTION_ACCEPT || act->id == FLOW_ACTION_TRAP) {
			if (s->n_outputs || s->rule->n_steps)
				return refuse(s, SIMNIC_RULE_ACTION);
			return 0;
		}
		err = split_action(s, act);
		if (err)
			return err;
	}
	if (!s->n_outputs && !s->rule->drop)
		return refuse(s, SIMNIC_RULE_NO_FORWARD);
	if (s->n_outputs > 1 && (s->to_int_port || netif_is_ovs_master(s->filter->dev)))
		return refuse(s, SIMNIC_RULE_INT_PORT_ONE);
	if (s->to_int_port && s->filter->dev != s->in->dev)
		return refuse(s, SIMNIC_RULE_INT_PORT_FROM);
	/* With a split, 6.12 sends those behind it through another table (en_tc.c:1745, extra_split_attr_dests_needed()). */
	if (s->flags & MOD_HDR && !s->split && both_sides(s))
		return refuse(s, SIMNIC_RULE_REWRITE_BOTH);
	return set_end(s);
}

/* ice and bnxt: an output of one switch. */
static int plain_output(struct state *s, const struct net_device *dev)
{
	struct simnic_port *out;

	if (!dev || !simnic_is_port(dev))
		return refuse(s, SIMNIC_RULE_OTHER_SWITCH);
	out = netdev_priv(dev);
	if (s->in->kind == SIMNIC_UPLINK && out->kind == SIMNIC_UPLINK && !s->taken)
		return refuse(s, SIMNIC_RULE_UPLINKS);
	if (!simnic_may_forward(s->in, out) || out->pf->mode != DEVLINK_ESWITCH_MODE_SWITCHDEV)
		return refuse(s, SIMNIC_RULE_OTHER_SWITCH);
	s->outputs[0] = (struct step) { .type = STEP_OUTPUT, .port_id = out->id };
	s->n_outputs = 1;
	s->split = 0;
	return 0;
}

/* ice_tc_lib.c, ice_eswitch_tc_parse_action(), 6.12: action by action into the same few fields. */
static int last_output_parse(struct state *s, const struct flow_action *actions)
{
	const struct flow_action_entry *act;
	int i, err;

	flow_action_for_each(i, act, actions) {
		switch (act->id) {
		case FLOW_ACTION_DROP:
			s->rule->drop = true;
			s->n_outputs = 0;
			break;
		case FLOW_ACTION_REDIRECT:
		case FLOW_ACTION_MIRRED:
			s->rule->drop = false;
			err = plain_output(s, act->dev);
			if (err)
				return err;
			break;
		default:
			/* A newer driver may. */
			err = s->taken ? split_action(s, act) : refuse(s, SIMNIC_RULE_ACTION);
			if (err)
				return err;
		}
	}
	return set_end(s);
}

/* bnxt_tc.c, bnxt_tc_parse_actions(), 6.12. */
static int only_redirect_parse(struct state *s, const struct flow_action *actions)
{
	const struct flow_action_entry *act;
	int i, err = 0;

	s->rewrite.type = STEP_ETH;
	flow_action_for_each(i, act, actions) {
		switch (act->id) {
		case FLOW_ACTION_DROP:
			s->rule->drop = true;
			return 0;
		case FLOW_ACTION_REDIRECT:
			err = plain_output(s, act->dev);
			break;
		case FLOW_ACTION_VLAN_POP:
			s->flags |= POP;
			break;
		case FLOW_ACTION_VLAN_PUSH:
			s->flags |= PUSH;
			/* Of the tag, the driver takes the id alone (bnxt_tc.c:92). */
			s->push[0] = (struct step) {
				.type = STEP_VLAN_PUSH, .vid = act->vlan.vid, .proto = act->vlan.proto,
			};
			break;
		case FLOW_ACTION_VLAN_MANGLE:
			return refuse(s, SIMNIC_RULE_ACTION);
		case FLOW_ACTION_MANGLE:
			if (eth_add(&s->rewrite, act))
				return refuse(s, SIMNIC_RULE_REWRITE);
			break;
		default:
			break;
		}
		if (err)
			return err;
	}
	return set_end(s);
}

/* In legacy mode: rules of the PF as a plain NIC, of which this one has drop and "leave it to software". */
static int legacy_parse(struct state *s, const struct flow_action *actions)
{
	if (actions->num_entries == 1 && actions->entries[0].id == FLOW_ACTION_DROP) {
		s->rule->drop = true;
		return 0;
	}
	if (actions->num_entries == 1 && actions->entries[0].id == FLOW_ACTION_ACCEPT)
		return 0;
	return refuse(s, SIMNIC_RULE_LEGACY_ACTION);
}

int simnic_parse_actions(struct simnic_port *in, const struct simnic_filter_dev *filter, struct flow_cls_offload *f,
			 const struct match_key *key, const struct match_key *mask, struct rule *rule)
{
	const struct flow_action *actions = &flow_cls_offload_flow_rule(f)->action;
	struct state *s;
	unsigned int i;
	int err;

	if (!flow_action_has_entries(actions))
		return simnic_refuse(SIMNIC_RULE_NO_ACTION, f->common.extack);
	if (!flow_action_basic_hw_stats_check(actions, f->common.extack))
		return -EOPNOTSUPP;
	/* Each action becomes at most one step, and the tunnel's header comes off without any. */
	rule->steps = kcalloc(actions->num_entries + 1, sizeof(*rule->steps), GFP_KERNEL);
	s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (!rule->steps || !s) {
		kfree(s);
		return -ENOMEM;
	}
	s->in = in;
	s->filter = filter;
	s->decap = netif_is_vxlan(filter->dev);
	s->extack = f->common.extack;
	s->key = key;
	s->mask = mask;
	s->rule = rule;
	err = simnic_answers_check(in, actions, &s->taken, s->extack);
	if (err)
		goto out;
	if (in->pf->mode != DEVLINK_ESWITCH_MODE_SWITCHDEV)
		err = legacy_parse(s, actions);
	else if (simnic_is.dialect == SIMNIC_ONE_SPLIT)
		err = split_parse(s, actions);
	else if (simnic_is.dialect == SIMNIC_LAST_OUTPUT)
		err = last_output_parse(s, actions);
	else
		err = only_redirect_parse(s, actions);
out:
	/* Those that are no steps. */
	for (i = 0; i < s->n_outputs; i++)
		if (s->outputs[i].encap) {
			simnic_encap_retire(s->outputs[i].encap);
			simnic_encap_free(s->outputs[i].encap);
		}
	kfree(s);
	return err;
}

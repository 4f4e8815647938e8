/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A rule, as actions.c makes it and flower.c follows it.
 */
#ifndef SIMNIC_RULE_H
#define SIMNIC_RULE_H 1

#include <linux/rculist.h>
#include <net/flow_dissector.h>

#include "simnic.h"

struct flow_cls_offload;
struct simnic_encap;

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

	/* Of a tunnel's header, in which the rest is; tunnel.c. */
	u32 tunnel;			/* 1: there is one. */
	struct flow_dissector_key_ipv4_addrs enc_ipv4;
	struct flow_dissector_key_ports enc_ports;
	struct flow_dissector_key_keyid enc_keyid;
	struct flow_dissector_key_ip enc_ip;

	/* Where the frame is: 0: at the port; an internal port's ifindex: on its way into it; that, negative: out of it. */
	int source;
} __aligned(8);

enum step_type {
	STEP_OUTPUT,		/* To a port of the switch. */
	STEP_OUTPUT_LAG,	/* To the Linux bond of the uplinks. */
	STEP_OUTPUT_INT,	/* To the host, as if it had come in at an internal port. */
	STEP_VLAN_PUSH,
	STEP_VLAN_POP,
	STEP_VLAN_ID,		/* Another VLAN id; the priority stays. */
	STEP_ETH,
	STEP_POLICE,
	STEP_DECAP,		/* The header of the tunnel comes off. */
	STEP_ENCAP,		/* To the other end of a tunnel. */
	STEP_LOSE,		/* The frame is no frame any more. */
};

/* One step of what is done with a frame. */
struct step {
	enum step_type type;
	u32 port_id;			/* STEP_OUTPUT: key in simnic_card::ports. */
	int ifindex;			/* STEP_OUTPUT_INT. */
	u16 vid;			/* STEP_VLAN_*. */
	u8 prio;
	__be16 proto;
	u8 eth[12], eth_mask[12];	/* STEP_ETH: bits in eth_mask are replaced by eth. */
	struct simnic_meter *meter;	/* STEP_POLICE; the step's own. */
	struct simnic_encap *encap;	/* STEP_ENCAP; the step's own. */
};

struct rule {
	struct hlist_node node;		/* In group::buckets. */
	struct group *group;
	unsigned long cookie;
	struct match_key key;			/* Masked. */
	bool drop;
	bool makes_multiport;			/* SIMNIC_MULTIPORT_AUTO: holds the LAG. */
	unsigned int n_steps;
	struct step *steps;

	atomic64_t packets, bytes;
	u64 packets_seen, bytes_seen;	/* When the counters were read last. */
	u64 packets_told, bytes_told;	/* What TC has heard of already. */
	unsigned long lastused;		/* jiffies. */
	struct rcu_head rcu;
};

/*
 * Makes the actions of 'f', a rule of 'filter' at 'in', the steps of 'rule', as the personality does; 'key' and 'mask' are its match.
 * Returns a negative errno, with words in f's extack, if the driver refuses it; the steps made so far are freed with the rule.
 * Under RTNL.
 */
int simnic_parse_actions(struct simnic_port *in, const struct simnic_filter_dev *filter, struct flow_cls_offload *f,
			 const struct match_key *key, const struct match_key *mask, struct rule *rule);

/* May a frame go from 'in' to 'out' now? */
bool simnic_may_forward(struct simnic_port *in, struct simnic_port *out);

#endif /* SIMNIC_RULE_H */

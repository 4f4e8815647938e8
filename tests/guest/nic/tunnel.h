/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VXLAN in hardware, as mlx5 has it.
 *
 *     rule at a representor:  tunnel_key set, mirred to the VXLAN device  -> the frame gets a header, and leaves through the uplink
 *     rule at a VXLAN device: tunnel_key unset, mirred to a representor   -> a rule for frames that come in at the uplink
 *
 * TC knows the driver of the first by the representor's block; for the second it asks all drivers (flow_indr_dev_register()).
 * The header comes from the route to the other end, when the rule is made, and from the neighbour on that way.  As long as the
 * neighbour is not known, frames that match the rule go to the host.  A route that changes later is not followed.
 *
 * Where the route leads to an internal port of Open vSwitch, a frame with a header is looked up once more, as one that comes
 * out of that port; and frames that a rule sends there are looked up as ones that go into it, for a header to be taken off.
 */
#ifndef SIMNIC_TUNNEL_H
#define SIMNIC_TUNNEL_H 1

#include <net/ip_tunnels.h>

#include "rule.h"

struct flow_rule;

/* What a rule's frames get before them.  Everything but 'header' is constant once it is resolved. */
struct simnic_encap {
	struct list_head node;		/* Among those that wait for neighbours; under RTNL. */
	int tunnel;			/* ifindex of the VXLAN device. */
	struct ip_tunnel_key key;

	/* These are set when it is resolved. */
	struct net *net;
	__be32 saddr, next_hop;
	u8 ttl;
	int neigh_dev, route_dev;	/* ifindex. */
	u16 vid;			/* Of a VLAN device in the route, 0: none. */
	__be16 vlan_proto;
	int int_port;			/* ifindex of an internal port in the route, 0: none. */
	bool to_bond;			/* The route leads to the bond of a VF-LAG. */
	u32 port_id;			/* Key in simnic_card::ports: the uplink. */
	struct encap_header __rcu *header;	/* NULL: the neighbour is not known. */
};

int simnic_tunnel_init(void);
void simnic_tunnel_exit(void);

/* For TC to ask 'pf' about devices of others; in switchdev mode.  Not under RTNL. */
int simnic_tunnel_start(struct simnic_pf *pf);
void simnic_tunnel_stop(struct simnic_pf *pf);

/* The match on the header of a rule at a VXLAN device: fills in 'key' and 'mask'; refuses as the driver does.  Under RTNL. */
int simnic_tunnel_match(struct simnic_port *uplink, const struct flow_rule *fr, struct netlink_ext_ack *extack,
			struct match_key *key, struct match_key *mask);

/* Such a rule is only taken if a route leads back through 'uplink'; makes key->source the internal port in it.  Under RTNL. */
int simnic_tunnel_route_back(struct simnic_port *uplink, struct net_device *tunnel, struct match_key *key,
			     const struct match_key *mask);

/* A frame that came in at an uplink: is it one of VXLAN?  Fills in 'key', and may move the frame's data.  Returns the length of the
 * header, 0: it is none. */
unsigned int simnic_tunnel_dissect(struct sk_buff *skb, struct match_key *key);
/* Takes the header off; false if there is none. */
bool simnic_decap(struct sk_buff *skb);

/* 'encap' with 'tunnel' and 'key' set, of a rule at 'in': finds the way, or refuses.  To be undone.  Under RTNL. */
int simnic_encap_resolve(struct simnic_encap *encap, struct simnic_port *in, struct netlink_ext_ack *extack);
/* Under RTNL; simnic_encap_free() after a grace period. */
void simnic_encap_retire(struct simnic_encap *encap);
void simnic_encap_free(struct simnic_encap *encap);
static inline bool simnic_encap_known(const struct simnic_encap *encap)
{
	return rcu_access_pointer(encap->header);
}
/* Puts the header before 'skb'; false if that is impossible.  Under RCU. */
bool simnic_encap_push(const struct simnic_encap *encap, struct sk_buff *skb);
/* Says of the neighbour of 'encap' that it is in use, so that the host asks whether it is still there. */
void simnic_encap_used(const struct simnic_encap *encap);

#endif /* SIMNIC_TUNNEL_H */

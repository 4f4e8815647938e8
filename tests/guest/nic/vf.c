// SPDX-License-Identifier: GPL-2.0
/*
 * Settings of VFs by "ip link set PF vf N ...", and rates, which devlink and TC set as well.
 *
 * A rate has one place, whoever sets it: the vport's (mlx5's esw/qos.c).  What is too fast is lost here; the real NIC lets the
 * VF wait instead.
 */
#include <linux/if_link.h>
#include <linux/if_vlan.h>
#include <linux/rtnetlink.h>
#include <net/flow_offload.h>
#include <net/pkt_cls.h>

#include "simnic.h"

#define MBIT 125000ULL			/* Bytes per second; MLX5_LINKSPEED_UNIT. */

/* A token bucket. */
struct simnic_meter {
	spinlock_t lock;
	bool in_packets;
	u64 rate, burst;		/* Bytes or packets, per second and at once. */
	u64 tokens;			/* Nanoseconds of the rate. */
	u64 last;			/* ktime_get_ns(). */
	struct rcu_head rcu;
};

/* A bucket of so many bytes or, if there are none, packets per second; NULL if there is no memory.  kfree() ends it. */
struct simnic_meter *simnic_meter_create(u64 bytes_ps, u64 burst, u64 packets_ps, u64 burst_packets)
{
	struct simnic_meter *meter = kzalloc(sizeof(*meter), GFP_KERNEL);

	if (!meter)
		return NULL;
	spin_lock_init(&meter->lock);
	meter->in_packets = !bytes_ps;
	meter->rate = bytes_ps ?: packets_ps ?: 1;
	meter->burst = max_t(u64, bytes_ps ? burst : burst_packets, 1);
	meter->last = ktime_get_ns();
	meter->tokens = div64_u64(meter->burst * NSEC_PER_SEC, meter->rate);
	return meter;
}

/* May so much pass now?  Bottom halves off. */
bool simnic_meter_pass(struct simnic_meter *meter, unsigned int packets, unsigned int bytes)
{
	u64 most = div64_u64(meter->burst * NSEC_PER_SEC, meter->rate), now = ktime_get_ns(), cost;
	bool pass;

	cost = div64_u64((u64)(meter->in_packets ? packets : bytes) * NSEC_PER_SEC, meter->rate);
	spin_lock(&meter->lock);
	meter->tokens = min(most, meter->tokens + (now - meter->last));
	meter->last = now;
	pass = meter->tokens >= cost;
	if (pass)
		meter->tokens -= cost;
	spin_unlock(&meter->lock);
	return pass;
}

void simnic_vport_init_rate(struct simnic_vport *vport)
{
	mutex_init(&vport->rate_lock);
}

void simnic_vport_free_rate(struct simnic_vport *vport)
{
	kfree_rcu(rcu_dereference_protected(vport->meter, true), rcu);
}

/* Does its rate let the vport send 'skb'?  Under RCU, bottom halves off. */
bool simnic_vport_may_send(struct simnic_vport *vport, const struct sk_buff *skb)
{
	struct simnic_meter *meter = rcu_dereference_bh(vport->meter);

	return !meter || simnic_meter_pass(meter, simnic_segs(skb), skb->len);
}

/* Mb/s; 0: no limit. */
static int max_rate_set(struct simnic_vport *vport, u32 rate)
{
	struct simnic_meter *meter = NULL, *old;

	if (rate) {
		/* 10 ms at once, and any one segmented packet. */
		meter = simnic_meter_create(rate * MBIT, max_t(u64, rate * MBIT / 100, 131072), 0, 0);
		if (!meter)
			return -ENOMEM;
	}
	mutex_lock(&vport->rate_lock);
	old = rcu_replace_pointer(vport->meter, meter, lockdep_is_held(&vport->rate_lock));
	vport->max_rate = rate;
	mutex_unlock(&vport->rate_lock);
	kfree_rcu(old, rcu);
	return 0;
}

/* devlink port function rate set ... tx_max: bytes per second; esw/qos.c:879. */
int simnic_rate_tx_max_set(struct devlink_rate *rate, void *priv, u64 tx_max, struct netlink_ext_ack *extack)
{
	if (tx_max % MBIT)
		return simnic_refuse(SIMNIC_RATE_UNIT, extack);
	return max_rate_set(priv, tx_max / MBIT);
}

int simnic_rate_tx_share_set(struct devlink_rate *rate, void *priv, u64 tx_share, struct netlink_ext_ack *extack)
{
	if (tx_share % MBIT)
		return simnic_refuse(SIMNIC_RATE_UNIT, extack);
	((struct simnic_vport *)priv)->min_rate = tx_share / MBIT;
	return 0;
}

/* mlx5's en_tc.c:5132, mlx5e_tc_configure_matchall(), and what it calls, in that order. */
static int matchall_check(const struct simnic_port *port, const struct tc_cls_matchall_offload *ma)
{
	struct netlink_ext_ack *extack = ma->common.extack;
	const struct flow_action_entry *act = &ma->rule->action.entries[0];

	if (ma->common.prio != 1)
		return simnic_refuse(SIMNIC_MATCHALL_PRIO, extack);
	if (!flow_offload_has_one_action(&ma->rule->action))
		return simnic_refuse(SIMNIC_MATCHALL_ACTIONS, extack);
	if (act->id != FLOW_ACTION_POLICE)
		return simnic_refuse(SIMNIC_MATCHALL_ACTION, extack);
	if (act->police.notexceed.act_id != FLOW_ACTION_CONTINUE)
		return simnic_refuse(SIMNIC_MATCHALL_CONFORM, extack);
	if (act->police.exceed.act_id != FLOW_ACTION_DROP)
		return simnic_refuse(SIMNIC_MATCHALL_EXCEED, extack);
	if (port->kind != SIMNIC_REP)
		return simnic_refuse(SIMNIC_MATCHALL_UPLINK, extack);
	return 0;
}

/* A matchall filter at 'port'.  Under RTNL. */
int simnic_matchall(struct simnic_port *port, struct tc_cls_matchall_offload *ma)
{
	const struct flow_action_entry *act;
	int err;

	if (simnic_refuse(SIMNIC_MATCHALL, NULL))
		return simnic_refuse(SIMNIC_MATCHALL, ma->common.extack);
	switch (ma->command) {
	case TC_CLSMATCHALL_REPLACE:
		err = matchall_check(port, ma);
		if (err)
			return err;
		act = &ma->rule->action.entries[0];
		/* en_tc.c:5032: rounded, and at least 1 Mb/s. */
		return max_rate_set(port->vport, act->police.rate_bytes_ps ?
				    max_t(u64, (act->police.rate_bytes_ps + MBIT / 2) / MBIT, 1) : 0);
	case TC_CLSMATCHALL_DESTROY:
		return port->kind == SIMNIC_REP ? max_rate_set(port->vport, 0) : -EOPNOTSUPP;
	case TC_CLSMATCHALL_STATS:
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

/* VF 'vf' of the PF with uplink 'dev', or NULL. */
static struct simnic_vport *vf_of(struct net_device *dev, int vf)
{
	struct simnic_port *port = netdev_priv(dev);
	struct simnic_vport *vport = vf < 0 ? NULL : xa_load(&port->pf->vports, vf + 1);

	return vport && !vport->is_sf ? vport : NULL;
}

/* As vf_of(); also refuses 'what' in switchdev mode, if the driver does. */
static int vf_to_change(struct net_device *dev, int vf, enum simnic_refusal what, struct simnic_vport **vport)
{
	*vport = vf_of(dev, vf);
	if (!*vport)
		return -EINVAL;
	return (*vport)->pf->mode == DEVLINK_ESWITCH_MODE_SWITCHDEV ? simnic_refuse(what, NULL) : 0;
}

/* The function's driver uses it from its next probe on. */
int simnic_set_vf_mac(struct net_device *dev, int vf, u8 *mac)
{
	struct simnic_vport *vport = vf_of(dev, vf);

	if (!vport || is_multicast_ether_addr(mac))
		return -EINVAL;
	if (vport->pf->mode == DEVLINK_ESWITCH_MODE_SWITCHDEV && simnic_refuse(SIMNIC_MAC, NULL))
		return simnic_refuse(SIMNIC_MAC, NULL);
	ether_addr_copy(vport->mac, mac);
	return 0;
}

int simnic_set_vf_vlan(struct net_device *dev, int vf, u16 vlan, u8 qos, __be16 proto)
{
	struct simnic_vport *vport;
	int err;

	if (proto != htons(ETH_P_8021Q))
		return -EPROTONOSUPPORT;
	err = vf_to_change(dev, vf, SIMNIC_VLAN, &vport);
	if (err == -EOPNOTSUPP && !vlan)
		return 0;
	if (err)
		return err;
	vport->vlan = vlan;
	vport->vlan_qos = qos;
	return 0;
}

int simnic_set_vf_rate(struct net_device *dev, int vf, int min_tx_rate, int max_tx_rate)
{
	struct simnic_vport *vport = vf_of(dev, vf);

	if (!vport)
		return -EINVAL;
	vport->min_rate = min_tx_rate;
	return max_rate_set(vport, max_tx_rate);
}

int simnic_set_vf_trust(struct net_device *dev, int vf, bool on)
{
	struct simnic_vport *vport;
	int err = vf_to_change(dev, vf, SIMNIC_TRUST, &vport);

	if (!err)
		vport->trusted = on;
	return err;
}

int simnic_set_vf_spoofchk(struct net_device *dev, int vf, bool on)
{
	struct simnic_vport *vport;
	int err = vf_to_change(dev, vf, SIMNIC_SPOOFCHK, &vport);

	if (!err)
		vport->spoofchk = on;
	return err;
}

int simnic_set_vf_link_state(struct net_device *dev, int vf, int state)
{
	struct simnic_vport *vport;
	int err = vf_to_change(dev, vf, SIMNIC_LINK_STATE, &vport);

	if (!err)
		vport->link_state = state;
	return err;
}

int simnic_get_vf_config(struct net_device *dev, int vf, struct ifla_vf_info *info)
{
	struct simnic_vport *vport = vf_of(dev, vf);

	if (!vport)
		return -EINVAL;
	memset(info, 0, sizeof(*info));
	info->vf = vf;
	ether_addr_copy(info->mac, vport->mac);
	info->vlan = vport->vlan;
	info->qos = vport->vlan_qos;
	info->vlan_proto = htons(ETH_P_8021Q);
	info->min_tx_rate = vport->min_rate;
	info->max_tx_rate = vport->max_rate;
	info->linkstate = vport->link_state;
	info->trusted = vport->trusted;
	info->spoofchk = vport->spoofchk;
	return 0;
}

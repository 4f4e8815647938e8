/* SPDX-License-Identifier: GPL-2.0 */
/*
 * simnic: a simulated dual-port switchdev NIC on real PCI SR-IOV functions.
 *
 * What the files do:
 *
 *   personality.c  the table of drivers: what each does in its own way, what it refuses, and its words
 *   main.c         PCI driver for PFs and VFs; which PF is which port of which card; sriov_numvfs
 *   eswitch.c      devlink: the eswitch's mode, ports, functions' addresses, SFs
 *   lag.c          what joins the PFs of a card: VF-LAG, multiport; parameters of devlink
 *   netdev.c       network devices (uplink, wire, representor, function), ethtool, the way of a frame
 *   vf.c           settings of VFs by "ip link"; rates, by "ip link", devlink and matchall
 *   flower.c       offloaded rules: match, forward, count
 *   actions.c      what becomes of a rule's actions, in the dialect of the driver
 *   tunnel.c       VXLAN: headers that rules put before frames and take off; blocks of devices of others
 *   answers.c      what a probe has said of a NIC, in place of what the table says
 *   knobs.c        debugfs: faults that a test asks for
 *
 * Locks: the devlink instance lock first, then RTNL.  The structure of a PF changes under its devlink lock; rules,
 * carrier and everything in network device operations under RTNL.  The way of a frame runs under RCU alone: it finds
 * ports through simnic_card::ports by a number that is never used twice, so that a rule may outlive its target.
 */
#ifndef SIMNIC_H
#define SIMNIC_H 1

#include <linux/atomic.h>
#include <linux/etherdevice.h>
#include <linux/netdevice.h>
#include <linux/pci.h>
#include <linux/version.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <net/devlink.h>

#include "personality.h"

struct ifla_vf_info;
struct simnic_meter;
struct flow_cls_offload;
struct tc_cls_matchall_offload;

#define SIMNIC_NAME "simnic"		/* Of the knobs. */
#define SIMNIC_MAX_PFS 8
#define SIMNIC_MIN_MTU 68
#define SIMNIC_MAX_MTU 9978		/* What mlx5 says. */
#define SIMNIC_SPEED 25000		/* Mb/s, full duplex. */
#define SIMNIC_REOPEN_MS 50		/* How long a mode change keeps an uplink closed. */
#define SIMNIC_SF_PORT_BASE 0x8000	/* First devlink port index of SFs. */
#define SIMNIC_MAX_SFS 64
#define SIMNIC_VXLAN_PORTS 4		/* lib/vxlan.h:42, mlx5_vxlan_max_udp_ports(), 6.12. */

struct simnic_count {
	atomic64_t packets;
	atomic64_t bytes;
};

static inline void simnic_count(struct simnic_count *count, u64 packets, u64 bytes)
{
	atomic64_add(packets, &count->packets);
	atomic64_add(bytes, &count->bytes);
}

enum simnic_kind {
	SIMNIC_UPLINK,		/* A PF's port on the card's face, as the host sees it. */
	SIMNIC_WIRE,		/* The other end of the cable in that port. */
	SIMNIC_REP,		/* Representor of a VF or SF. */
	SIMNIC_FUNC,		/* The VF's or SF's own network device. */
};

/* Private data of every network device of this driver. */
struct simnic_port {
	enum simnic_kind kind;
	struct net_device *dev;
	struct simnic_pf *pf;
	struct simnic_vport *vport;	/* SIMNIC_REP and SIMNIC_FUNC. */
	u32 id;				/* Key in simnic_card::ports; SIMNIC_UPLINK and SIMNIC_REP. */

	/* Mask groups ordered by priority; written under RTNL, read under RCU. */
	struct list_head groups;
	struct xarray rules;		/* struct rule by TC's cookie; under RTNL. */
	unsigned int n_rules;
	unsigned int n_tunnel_rules;	/* Those of tunnels among them. */

	/* Directions as the network device's owner sees them: "rx" came from the vport or the cable. */
	struct simnic_count sw_rx;	/* Handed to the host's software. */
	struct simnic_count sw_tx;	/* Sent by the host's software. */
	struct simnic_count hw_rx;	/* Forwarded or dropped by a rule, unseen by the host. */
	struct simnic_count hw_tx;	/* Sent here by a rule. */
	atomic64_t dropped;
};

/* A VF or an SF. */
struct simnic_vport {
	struct simnic_pf *pf;
	bool is_sf;
	unsigned int number;		/* VF number or sfnum. */
	unsigned int index;		/* devlink port index, and key in simnic_pf::vports. */
	u8 mac[ETH_ALEN];		/* Zeros: none was set. */
	u8 name_mac[ETH_ALEN];		/* One to tell its representor by. */
	bool trusted, spoofchk;		/* These five are kept and told, and have no effect. */
	u16 vlan;
	u8 vlan_qos;
	u8 link_state;			/* IFLA_VF_LINK_STATE_*. */
	u32 min_rate;			/* Mb/s, also devlink's tx_share. */
	u32 max_rate;			/* Mb/s, 0: none; also devlink's tx_max, and of a matchall filter. */
	struct simnic_meter __rcu *meter;	/* NULL without max_rate; written under rate_lock. */
	struct mutex rate_lock;
	struct net_device *rep;		/* NULL in legacy mode. */
	struct net_device *func;	/* NULL while no driver is bound to the function. */
	struct simnic_port __rcu *rep_port;
	struct simnic_port __rcu *func_port;
	struct devlink_port dl_port;
	bool sf_active;
	struct rcu_head rcu;
};

struct simnic_pf {
	struct pci_dev *pdev;
	struct devlink *devlink;
	struct simnic_card *card;
	unsigned int slot;		/* Among all PFs of the machine, in PCI order. */
	unsigned int number;		/* Among the PFs of the card. */
	enum devlink_eswitch_mode mode;
	struct net_device *uplink;
	struct net_device *wire;
	struct devlink_port dl_port;
	struct xarray vports;
	unsigned int num_vfs;
	u32 speed;
	bool smfs;			/* Software steering, of no effect. */
	bool closed;			/* The driver has closed the uplink for a mode change. */
	bool lag_tx_enabled;		/* What the Linux bond above says about this member. */
	__be16 vxlan_ports[SIMNIC_VXLAN_PORTS];	/* UDP ports that are VXLAN's; the first one is IANA's, 0: none.  Under RTNL. */

	/* Knobs. */
	struct dentry *debugfs;
	struct dentry *mlx5_debugfs;
	u32 refuse_rules;		/* errno, 0: none. */
	u32 refuse_switchdev;		/* errno, 0: none. */
	u32 keep_macs;
	u32 max_rules;			/* Per port, 0: no limit. */
	u32 mode_delay;			/* ms. */
	bool cable_pulled;
};

/* What makes one switch of the PFs of a card. */
enum simnic_lag_mode {
	SIMNIC_LAG_NONE,
	SIMNIC_LAG_VF,		/* A Linux bond of the uplinks. */
	SIMNIC_LAG_MULTIPORT,
};

struct simnic_card {
	unsigned int number;
	struct netdev_phys_item_id switch_id;
	struct simnic_pf *pfs[SIMNIC_MAX_PFS];	/* By PF number; written under RTNL. */
	struct xarray ports;			/* struct simnic_port by id. */
	u32 next_id;

	/* These are written under RTNL; lag.c. */
	enum simnic_lag_mode lag_mode;
	enum netdev_lag_tx_type lag_tx_type;	/* Of the bond that was joined last. */
	unsigned int mode_changes;		/* PFs whose mode is changing. */
	unsigned int multiport_rules;		/* SIMNIC_MULTIPORT_AUTO: rules that want it. */
	u32 lag_delay;				/* ms from an event to VF-LAG; a knob. */
	struct delayed_work bond_work;
	struct delayed_work counter_work;
	unsigned int seconds;		/* Of counter_work. */
};

/* main.c */
extern struct simnic_card simnic_cards[SIMNIC_MAX_PFS];
extern bool simnic_plain_names;
extern bool simnic_uplink_tc_off;

/* eswitch.c */
struct simnic_pf *simnic_pf_create(struct pci_dev *pdev, struct simnic_card *card, unsigned int slot,
				   unsigned int number);
void simnic_pf_destroy(struct simnic_pf *pf);
int simnic_vfs_create(struct simnic_pf *pf, unsigned int n);
void simnic_vfs_destroy(struct simnic_pf *pf);
unsigned int simnic_rule_count(struct simnic_pf *pf);
int simnic_recover(struct simnic_pf *pf);

/* lag.c */
void simnic_card_init(struct simnic_card *card);
void simnic_card_start(struct simnic_card *card);
void simnic_card_stop(struct simnic_card *card);
void simnic_lag_change_begin(struct simnic_card *card);
void simnic_lag_change_end(struct simnic_card *card);
void simnic_lag_join(const struct net_device *dev, const struct netdev_notifier_changeupper_info *info);
int simnic_multiport_rule_add(struct simnic_pf *pf);
void simnic_multiport_rule_del(struct simnic_pf *pf);
int simnic_params_register(struct simnic_pf *pf);
void simnic_params_unregister(struct simnic_pf *pf);

/* vf.c */
struct simnic_meter *simnic_meter_create(u64 bytes_ps, u64 burst, u64 packets_ps, u64 burst_packets);
bool simnic_meter_pass(struct simnic_meter *meter, unsigned int packets, unsigned int bytes);
bool simnic_vport_may_send(struct simnic_vport *vport, const struct sk_buff *skb);
void simnic_vport_init_rate(struct simnic_vport *vport);
void simnic_vport_free_rate(struct simnic_vport *vport);
int simnic_rate_tx_max_set(struct devlink_rate *rate, void *priv, u64 tx_max, struct netlink_ext_ack *extack);
int simnic_rate_tx_share_set(struct devlink_rate *rate, void *priv, u64 tx_share, struct netlink_ext_ack *extack);
int simnic_matchall(struct simnic_port *port, struct tc_cls_matchall_offload *ma);
int simnic_set_vf_mac(struct net_device *dev, int vf, u8 *mac);
int simnic_set_vf_vlan(struct net_device *dev, int vf, u16 vlan, u8 qos, __be16 proto);
int simnic_set_vf_rate(struct net_device *dev, int vf, int min_tx_rate, int max_tx_rate);
int simnic_set_vf_trust(struct net_device *dev, int vf, bool on);
int simnic_set_vf_spoofchk(struct net_device *dev, int vf, bool on);
int simnic_set_vf_link_state(struct net_device *dev, int vf, int state);
int simnic_get_vf_config(struct net_device *dev, int vf, struct ifla_vf_info *info);

/* netdev.c */
struct net_device *simnic_netdev_create(struct simnic_pf *pf, struct simnic_vport *vport, enum simnic_kind kind,
					struct device *parent);
bool simnic_is_port(const struct net_device *dev);
bool simnic_is_function(const struct net_device *dev);
void simnic_carrier_update(struct simnic_pf *pf);
void simnic_egress(struct simnic_port *port, struct sk_buff *skb);
int simnic_notifier_init(void);
void simnic_notifier_exit(void);

static inline unsigned int simnic_segs(const struct sk_buff *skb)
{
	return skb_shinfo(skb)->gso_segs ?: 1;
}

/* The network device whose block a rule is in. */
struct simnic_filter_dev {
	struct net_device *dev;
	bool egress;			/* At its egress; of internal ports of Open vSwitch. */
};

/* flower.c */
/*
 * A rule of 'filter', for frames that come in at 'port': its own device, or one of others that 'port' stands for, an uplink.
 * Under RTNL.
 */
int simnic_flower(struct simnic_port *port, const struct simnic_filter_dev *filter, struct flow_cls_offload *f);
int simnic_setup_tc(struct net_device *dev, enum tc_setup_type type, void *type_data);
bool simnic_forward(struct simnic_port *in, struct sk_buff *skb);
void simnic_flush(struct simnic_port *port);
void simnic_read_counters(struct simnic_card *card);
void simnic_use_neighbours(struct simnic_card *card);

/* knobs.c */
void simnic_knobs_init(void);
void simnic_knobs_exit(void);
void simnic_knobs_add(struct simnic_pf *pf);
void simnic_knobs_del(struct simnic_pf *pf);

#endif /* SIMNIC_H */

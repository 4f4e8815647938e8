/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which driver the NIC behaves like.
 *
 * A personality is a row of data: what the driver does in its own way, and what it refuses, with its errno and its words.
 * The rest of the module asks here and knows no driver by name.
 */
#ifndef SIMNIC_PERSONALITY_H
#define SIMNIC_PERSONALITY_H 1

#include <linux/types.h>

struct netlink_ext_ack;
struct simnic_pf;

/* How a list of actions becomes a rule. */
enum simnic_dialect {
	SIMNIC_ONE_SPLIT,	/* mlx5: one place in the list at which all header changes happen. */
	SIMNIC_LAST_OUTPUT,	/* ice: of several outputs, the last one stays. */
	SIMNIC_ONLY_REDIRECT,	/* bnxt: copies are passed over, only the final output counts. */
};

/* How the two PFs of a card come to forward to each other's uplinks. */
enum simnic_multiport {
	SIMNIC_MULTIPORT_NONE,
	SIMNIC_MULTIPORT_PARAM,	/* By the devlink parameter esw_multiport. */
	SIMNIC_MULTIPORT_AUTO,	/* By the first rule that has an uplink as its output. */
};

/* What a driver may refuse.  SIMNIC_RULE_*: about a flower rule. */
enum simnic_refusal {
	SIMNIC_MODE_SAME,		/* The mode that it has already. */
	SIMNIC_MODE_BUSY,		/* Any mode while rules exist. */
	SIMNIC_MODE_WITH_VFS,		/* Another mode while VFs exist. */
	SIMNIC_MODE_WITHOUT_VFS,	/* Switchdev mode while none exist. */
	SIMNIC_MODE_KNOB,		/* What the knob refuse_switchdev says; its errno is the knob's. */
	SIMNIC_MULTIPORT_AGAIN,		/* On while it is on, or while there is a VF-LAG. */
	SIMNIC_MULTIPORT_PREREQ,	/* While a PF of the card is absent or not in switchdev mode. */
	SIMNIC_MULTIPORT_CHANGING,	/* While a mode changes. */
	SIMNIC_SMFS_SWITCHDEV,		/* Parameter flow_steering_mode, smfs in switchdev mode. */
	SIMNIC_STEERING_VALUE,		/* Neither smfs nor dmfs. */
	SIMNIC_MAC,			/* These five: of a VF in switchdev mode. */
	SIMNIC_TRUST,
	SIMNIC_SPOOFCHK,
	SIMNIC_VLAN,
	SIMNIC_LINK_STATE,
	SIMNIC_RATE_UNIT,		/* A rate by devlink that is no multiple of 1 Mb/s. */
	SIMNIC_MATCHALL,		/* A matchall filter at all. */
	SIMNIC_MATCHALL_PRIO,		/* Not of priority 1. */
	SIMNIC_MATCHALL_UPLINK,		/* At the uplink. */
	SIMNIC_MATCHALL_ACTIONS,	/* More than one action. */
	SIMNIC_MATCHALL_ACTION,		/* Another action than police. */
	SIMNIC_MATCHALL_CONFORM,	/* Police whose conform action is another than continue. */
	SIMNIC_MATCHALL_EXCEED,		/* Police whose exceed action is another than drop. */
	SIMNIC_RULE_AGAIN,		/* The same cookie. */
	SIMNIC_RULE_KEY,		/* A match on what is not known. */
	SIMNIC_RULE_NO_ACTION,
	SIMNIC_RULE_ACTION,		/* An action that is not known. */
	SIMNIC_RULE_LEGACY_ACTION,	/* In legacy mode, another action than drop. */
	SIMNIC_RULE_NO_FORWARD,		/* Neither output nor drop. */
	SIMNIC_RULE_DROP_TOO,		/* Output and drop. */
	SIMNIC_RULE_OUTPUTS,		/* More outputs than simnic_personality::max_outputs. */
	SIMNIC_RULE_OTHER_SWITCH,	/* An output that is out of reach. */
	SIMNIC_RULE_TWICE,		/* The same output twice without a header change in between. */
	SIMNIC_RULE_BOND,		/* A bond as output, with multiport on. */
	SIMNIC_RULE_UPLINKS,		/* Uplink to uplink. */
	SIMNIC_RULE_OTHER_UPLINK,	/* Uplink to another one, where it may go back out of its own. */
	SIMNIC_RULE_SELF,		/* A VF to itself. */
	SIMNIC_RULE_INT_PORT,		/* To the ingress of a device that is no internal port. */
	SIMNIC_RULE_INT_PORT_PTYPE,	/* To an internal port, without "skbedit ptype host". */
	SIMNIC_RULE_INT_PORT_OUTPUTS,	/* To an internal port after another output. */
	SIMNIC_RULE_INT_PORT_ONE,	/* From an internal port to several outputs. */
	SIMNIC_RULE_INT_PORT_FROM,	/* To an internal port, from a tunnel or another one. */
	SIMNIC_RULE_VLAN_DEPTH,		/* More than two VLAN actions. */
	SIMNIC_RULE_VLAN_MATCH,		/* Another VLAN id for frames that may have no tag. */
	SIMNIC_RULE_VLAN_PRIO,		/* Another VLAN priority. */
	SIMNIC_RULE_REWRITE,		/* A header that cannot be rewritten. */
	SIMNIC_RULE_REWRITE_TWICE,	/* The same bytes twice. */
	SIMNIC_RULE_REWRITE_BOTH,	/* Rewritten to a VF and the uplink at once. */
	SIMNIC_RULE_CSUM,		/* Checksums without a rewrite. */
	SIMNIC_RULE_POLICE,		/* Police whose actions are other than the driver knows. */
	SIMNIC_RULE_CT,
	SIMNIC_TUNNEL_LEGACY,		/* A rule at a tunnel, in legacy mode. */
	SIMNIC_TUNNEL_MATCH,		/* A match on a tunnel's header that cannot be. */
	SIMNIC_TUNNEL_ECN_OUTER_PART,	/* These five: a match on ECN, inside or outside. */
	SIMNIC_TUNNEL_ECN_INNER_ALONE,
	SIMNIC_TUNNEL_ECN_INNER_PART,
	SIMNIC_TUNNEL_ECN_ECT_1,
	SIMNIC_TUNNEL_ECN_CE,
	SIMNIC_TUNNEL_KIND,		/* Into a tunnel of another kind. */
	SIMNIC_TUNNEL_PORT,		/* Into VXLAN, to a UDP port that is not VXLAN's. */
	SIMNIC_TUNNEL_TWICE,		/* Into the same tunnel twice. */
	SIMNIC_N_REFUSALS,
};

/* A refusal: errno, and the driver's words; NULL: it says nothing.  errno 0: it does not refuse. */
struct simnic_words {
	int err;
	const char *text;
};

struct simnic_personality {
	const char *name;		/* Of "nic_load personality="; a path there is that of a probe's JSON, answers.h. */
	const char *driver;		/* The PCI driver's name. */
	enum simnic_dialect dialect;
	enum simnic_multiport multiport;
	bool vf_lag;			/* A Linux bond of all uplinks makes the PFs one switch. */
	bool merged_eswitch;		/* VF to VF of another PF of the card. */
	bool steering;			/* Has the parameter flow_steering_mode. */
	bool uplink_reopens;		/* A mode change closes the uplink and opens it. */
	bool legacy_rules;		/* Takes rules in legacy mode. */
	bool lag_needs_unbound;		/* The PFs are joined and parted only while no VF has a driver. */
	bool vfs_need_up;		/* Makes VFs only while the uplink is up, and does not say so. */
	bool tunnels;			/* VXLAN, and rules at the egress of internal ports of Open vSwitch. */
	bool raw_traffic;		/* What comes in at an uplink may go out there again. */
	bool stats;			/* Tells what rules have forwarded. */
	bool carrier_stays;		/* A VF keeps its carrier when its representor goes down. */
	bool carrier_stays_away;	/* A VF gets none from its representor. */
	bool ignores_unknown_keys;
	unsigned int max_outputs;
	u64 keys;			/* BIT_ULL(FLOW_DISSECTOR_KEY_*) that are matched. */
	struct simnic_words refusals[SIMNIC_N_REFUSALS];
};

/* Looks 'name' up in the table and makes it the personality of all cards; -EINVAL if there is none. */
int simnic_personality_choose(const char *name);

/* The chosen one, with what parameters of the module have changed.  Constant once the module is loaded. */
extern struct simnic_personality simnic_is;

/* Refuses 'what' as the driver does: a negative errno, with its words in 'extack', which may be NULL; 0 if it does not refuse. */
int simnic_refuse(enum simnic_refusal what, struct netlink_ext_ack *extack);

#endif /* SIMNIC_PERSONALITY_H */

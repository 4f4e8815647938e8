// SPDX-License-Identifier: GPL-2.0
/*
 * The table of drivers.  Each line was read in the driver's source, which its comment names, below
 * drivers/net/ethernet/{mellanox/mlx5/core,intel/ice,broadcom/bnxt}/ of Debian's linux-source-6.12 6.12.117-1 and
 * linux-source-6.1 6.1.192-2; line numbers are those of the personality's kernel.
 *
 * What depends on a capability of the hardware or its firmware is taken as the card that refuses would have it, except where
 * the comment says otherwise.
 */
#include <linux/errno.h>
#include <linux/netlink.h>
#include <linux/string.h>
#include <net/flow_dissector.h>

#include "personality.h"

#define KEY(NAME) BIT_ULL(FLOW_DISSECTOR_KEY_##NAME)
#define COMMON_KEYS (KEY(CONTROL) | KEY(BASIC) | KEY(ETH_ADDRS) | KEY(VLAN) | KEY(IPV4_ADDRS) | KEY(IPV6_ADDRS) | KEY(PORTS))

/* Refusals that both kernels' mlx5 have in the same words; places are those of 6.12. */
#define MLX5(TEXT) "mlx5_core: " TEXT
#define MLX5_REFUSALS \
	/* eswitch_offloads.c:3760, by mlx5_esw_try_lock(), eswitch.c:2333: in both directions, and for the mode that it has. */ \
	[SIMNIC_MODE_BUSY] = { EBUSY, MLX5("Can't change mode, E-Switch is busy") }, \
	/* eswitch_offloads.c, esw_offloads_start(). */ \
	[SIMNIC_MODE_KNOB] = { EIO, MLX5("Failed setting eswitch to offloads") }, \
	/* fs_core.c:3556, 3564. */ \
	[SIMNIC_SMFS_SWITCHDEV] = { EOPNOTSUPP, \
		MLX5("Software managed steering is not supported when eswitch offloads enabled.") }, \
	[SIMNIC_STEERING_VALUE] = { EINVAL, MLX5("Bad parameter: supported values are [\"dmfs\", \"smfs\"]") }, \
	/* esw/legacy.c: mlx5_eswitch_set_vport_vlan() (VLAN 0 is taken, "compatibility with libvirt"), _spoofchk(), _trust(). */ \
	[SIMNIC_VLAN] = { EOPNOTSUPP }, \
	[SIMNIC_SPOOFCHK] = { EOPNOTSUPP }, \
	[SIMNIC_TRUST] = { EOPNOTSUPP }, \
	/* en_main.c:4773. */ \
	[SIMNIC_LINK_STATE] = { EOPNOTSUPP }, \
	/* esw/qos.c:832; MLX5_LINKSPEED_UNIT is 125000 bytes per second. */ \
	[SIMNIC_RATE_UNIT] = { EINVAL, MLX5("TX rate value not in link speed units of 1Mbps") }, \
	/* en_tc.c:5138, 5100, 5124, 5058, 5065, 5027, in this order. */ \
	[SIMNIC_MATCHALL_PRIO] = { EINVAL, MLX5("only priority 1 is supported") }, \
	[SIMNIC_MATCHALL_ACTIONS] = { EOPNOTSUPP, MLX5("matchall policing support only a single action") }, \
	[SIMNIC_MATCHALL_ACTION] = { EOPNOTSUPP, MLX5("mlx5 supports only police action for matchall") }, \
	[SIMNIC_MATCHALL_CONFORM] = { EOPNOTSUPP, \
		MLX5("Offload not supported when conform action is not continue") }, \
	[SIMNIC_MATCHALL_EXCEED] = { EOPNOTSUPP, MLX5("Offload not supported when exceed action is not drop") }, \
	[SIMNIC_MATCHALL_UPLINK] = { EOPNOTSUPP, \
		MLX5("Ingress rate limit is supported only for Eswitch ports connected to VFs") }, \
	/* en_tc.c:4843, 2747, 4122, 4034, 1710, 1716. */ \
	[SIMNIC_RULE_AGAIN] = { EEXIST, MLX5("flow cookie already exists, ignoring") }, \
	[SIMNIC_RULE_KEY] = { EOPNOTSUPP, MLX5("Unsupported key") }, \
	[SIMNIC_RULE_NO_ACTION] = { EINVAL, MLX5("Flow action doesn't have any entries") }, \
	[SIMNIC_RULE_ACTION] = { EOPNOTSUPP, MLX5("Not implemented offload action") }, \
	[SIMNIC_RULE_LEGACY_ACTION] = { EOPNOTSUPP, MLX5("Not implemented offload action") }, \
	[SIMNIC_RULE_NO_FORWARD] = { EOPNOTSUPP, MLX5("Rule must have at least one forward/drop action") }, \
	[SIMNIC_RULE_DROP_TOO] = { EOPNOTSUPP, MLX5("Rule cannot support forward+drop action") }, \
	/* en/tc/act/mirred.c, can_offload() and parse_mirred(), in this order; MLX5_MAX_FLOW_FWD_VPORTS, eswitch.h:510. */ \
	[SIMNIC_RULE_OUTPUTS] = { EOPNOTSUPP, MLX5("can't support more output ports, can't offload forwarding") }, \
	[SIMNIC_RULE_OTHER_SWITCH] = { EOPNOTSUPP, \
		MLX5("devices are not on same switch HW, can't offload forwarding") }, \
	[SIMNIC_RULE_TWICE] = { EOPNOTSUPP, MLX5("can't duplicate output to same device") }, \
	/* Without the capability termination_table_raw_traffic, and with it (simnic_personality::raw_traffic). */ \
	[SIMNIC_RULE_UPLINKS] = { EOPNOTSUPP, MLX5("devices are both uplink, can't offload forwarding") }, \
	[SIMNIC_RULE_OTHER_UPLINK] = { EOPNOTSUPP, \
		MLX5("devices are not the same uplink, can't offload forwarding") }, \
	[SIMNIC_RULE_SELF] = { EOPNOTSUPP, MLX5("can't forward from a VF to itself") }, \
	/* en/tc/act/redirect_ingress.c, in this order; a redirect is the last action. */ \
	[SIMNIC_RULE_INT_PORT] = { EOPNOTSUPP, \
		MLX5("redirect to ingress is supported only for OVS internal ports") }, \
	[SIMNIC_RULE_INT_PORT_PTYPE] = { EOPNOTSUPP, \
		MLX5("redirect to int port ingress requires ptype=host action") }, \
	[SIMNIC_RULE_INT_PORT_OUTPUTS] = { EOPNOTSUPP, \
		MLX5("redirect to int port ingress is supported only as single destination") }, \
	/* en_tc.c:4298, 4306. */ \
	[SIMNIC_RULE_INT_PORT_ONE] = { EOPNOTSUPP, MLX5("Rules with internal port can have only one destination") }, \
	[SIMNIC_RULE_INT_PORT_FROM] = { EOPNOTSUPP, \
		MLX5("Forwarding from tunnel/internal port to internal port is not supported") }, \
	/* en_tc.c:2531, 2553; 2459 to 2502. */ \
	[SIMNIC_TUNNEL_LEGACY] = { EOPNOTSUPP, MLX5("Match on tunnel is not supported") }, \
	[SIMNIC_TUNNEL_MATCH] = { EOPNOTSUPP, MLX5("Failed to parse tunnel attributes") }, \
	[SIMNIC_TUNNEL_ECN_OUTER_PART] = { EOPNOTSUPP, MLX5("Partial match on enc_tos ecn bits isn't supported") }, \
	[SIMNIC_TUNNEL_ECN_INNER_ALONE] = { EOPNOTSUPP, \
		MLX5("Matching on tos ecn bits without also matching enc_tos ecn bits isn't supported") }, \
	[SIMNIC_TUNNEL_ECN_INNER_PART] = { EOPNOTSUPP, \
		MLX5("Partial match on tos ecn bits with match on enc_tos ecn bits isn't supported") }, \
	[SIMNIC_TUNNEL_ECN_ECT_1] = { EOPNOTSUPP, MLX5("Match on enc_tos ecn = ECT(1) isn't supported") }, \
	[SIMNIC_TUNNEL_ECN_CE] = { EOPNOTSUPP, \
		MLX5("Match on tos enc_tos ecn = CE while match on tos ecn != CE isn't supported") }, \
	/* en/tc_tun_encap.c:851, en/tc_tun_vxlan.c:72, en/tc_tun_encap.c:711. */ \
	[SIMNIC_TUNNEL_KIND] = { EOPNOTSUPP, MLX5("Unsupported tunnel") }, \
	[SIMNIC_TUNNEL_PORT] = { EOPNOTSUPP, MLX5("vxlan udp dport was not registered with the HW") }, \
	[SIMNIC_TUNNEL_TWICE] = { EOPNOTSUPP, MLX5("can't duplicate encap action") }, \
	/* en/tc/act/vlan.c:43; vlan_mangle.c:33, 40; pedit.c:33. */ \
	[SIMNIC_RULE_VLAN_DEPTH] = { EOPNOTSUPP, MLX5("Total vlans used is greater than supported") }, \
	[SIMNIC_RULE_VLAN_MATCH] = { EOPNOTSUPP, MLX5("VLAN rewrite action must have VLAN protocol match") }, \
	[SIMNIC_RULE_VLAN_PRIO] = { EOPNOTSUPP, MLX5("Changing VLAN prio is not supported") }, \
	[SIMNIC_RULE_REWRITE_TWICE] = { EOPNOTSUPP, \
		MLX5("curr_pmask and new mask same. Acting twice on same location") }, \
	/* The driver rewrites IP, TCP and UDP as well; this NIC does not. */ \
	[SIMNIC_RULE_REWRITE] = { EOPNOTSUPP, MLX5("The pedit offload action is not supported") }, \
	/* eswitch_offloads.c:709; the driver tells the kernel's log alone. 6.1 has no such check, and the firmware refuses. */ \
	[SIMNIC_RULE_REWRITE_BOTH] = { EINVAL }, \
	/* en/tc/act/csum.c:18. */ \
	[SIMNIC_RULE_CSUM] = { EOPNOTSUPP, MLX5("TC csum action is only offloaded with pedit") }, \
	/* en/tc_ct.h:162, 178: Debian's kernels have no NET_TC_SKB_EXT, and so no MLX5_TC_CT (Kconfig:89). */ \
	[SIMNIC_RULE_CT] = { EOPNOTSUPP, MLX5("mlx5 tc ct offload isn't enabled.") }

/* en_tc.c:2725, of which this NIC knows these: no ARP, so that a match on its fields is refused as by the driver. */
#define MLX5_KEYS (COMMON_KEYS | KEY(CVLAN) | KEY(TCP) | KEY(IP) | KEY(ICMP))

static const struct simnic_personality table[] = {
	{
		/* Linux 6.12. */
		.name = "mlx5",
		.driver = "mlx5_core",
		/* en/tc/act/vlan.c:168, pedit.c:103, vlan_mangle.c:69; eswitch_offloads.c:831. */
		.dialect = SIMNIC_ONE_SPLIT,
		/* eswitch.c:1859. */
		.multiport = SIMNIC_MULTIPORT_PARAM,
		/* lag/lag.c:1048. */
		.vf_lag = true,
		/* en_tc.c:4172. */
		.merged_eswitch = true,
		.steering = true,
		/* en_main.c, mlx5e_netdev_change_profile() closes by way of mlx5e_nic_disable(). */
		.uplink_reopens = true,
		/* en_tc.c:4757, mlx5e_add_nic_flow(). */
		.legacy_rules = true,
		/* en/rep/tc.c:444; the capabilities vxlan_encap_decap and reg_c_preserve are there. */
		.tunnels = true,
		.stats = true,
		.max_outputs = 32,
		.keys = MLX5_KEYS,
		.refusals = {
			MLX5_REFUSALS,
			/* lag/mpesw.c:76, 79 to 87, 147; the capabilities are there. */
			[SIMNIC_MULTIPORT_AGAIN] = { EINVAL },
			[SIMNIC_MULTIPORT_PREREQ] = { EOPNOTSUPP },
			[SIMNIC_MULTIPORT_CHANGING] = { EAGAIN },
			/* lag/mpesw.c:207. */
			[SIMNIC_RULE_BOND] = { EOPNOTSUPP, MLX5("can't forward to bond in mpesw mode") },
			/* en/tc/act/police.c:17. */
			[SIMNIC_RULE_POLICE] = { EOPNOTSUPP,
				MLX5("Offload not supported when conform-exceed action is not pipe, ok, jump or drop") },
		},
	},
	{
		/* Linux 6.1, with port_select_flow_table and create_lag_when_not_master_up. */
		.name = "mlx5-6.1",
		.driver = "mlx5_core",
		.dialect = SIMNIC_ONE_SPLIT,
		/* en/tc/act/mirred.c:270 counts such rules, en_tc.c:4332 makes the LAG. */
		.multiport = SIMNIC_MULTIPORT_AUTO,
		.vf_lag = true,
		.merged_eswitch = true,
		.steering = true,
		.uplink_reopens = true,
		.legacy_rules = true,
		/* en/rep/tc.c:431, likewise. */
		.tunnels = true,
		.stats = true,
		.max_outputs = 32,
		.keys = MLX5_KEYS,
		.refusals = {
			MLX5_REFUSALS,
			/* lag/mpesw.c:18, of the rule. */
			[SIMNIC_MULTIPORT_AGAIN] = { EINVAL },
			/* lag/mpesw.c:101. */
			[SIMNIC_RULE_BOND] = { EOPNOTSUPP },
			/* en/tc/act/police.c:15. */
			[SIMNIC_RULE_POLICE] = { EOPNOTSUPP,
				MLX5("Offload not supported when conform action is not pipe or ok") },
		},
	},
#define ICE(TEXT) "ice: " TEXT
	{
		/* Linux 6.12. */
		.name = "ice",
		.driver = "ice",
		/* ice_tc_lib.c:1917: each output overwrites the one before; fltr_act is the last one's, too. */
		.dialect = SIMNIC_LAST_OUTPUT,
		/* ice_main.c:8373 and ice_repr.c:221 know REPLACE and DESTROY alone. */
		.stats = false,
		/* No tunnels: ice_tc_lib.c:763 refuses tunnel_key, which Open vSwitch's rules have, and 1765 inner MAC addresses. */
		/* ice_tc_lib.c:1962, ice_tc_parse_action(): drop. */
		.legacy_rules = true,
		.max_outputs = ~0U,
		/* ice_tc_lib.c:1480, of which this NIC knows these: neither ICMP nor TCP flags. */
		.keys = COMMON_KEYS | KEY(CVLAN) | KEY(IP),
		.refusals = {
			/* ice_eswitch.c:345. */
			[SIMNIC_MODE_WITH_VFS] = { EOPNOTSUPP,
				ICE("Changing eswitch mode is allowed only if there is no VFs created") },
			[SIMNIC_MODE_KNOB] = { EIO, ICE("refused by the knob refuse_switchdev") },
			/* ice_sriov.c:1522; to the kernel's log alone. */
			[SIMNIC_TRUST] = { EOPNOTSUPP },
			/* ice_main.c, ice_setup_tc_block_cb() has no such case. */
			[SIMNIC_MATCHALL] = { EOPNOTSUPP },
			[SIMNIC_RULE_AGAIN] = { EEXIST, ICE("filter cookie already exists, ignoring") },
			/* ice_tc_lib.c:1499. */
			[SIMNIC_RULE_KEY] = { EOPNOTSUPP, ICE("Unsupported key used") },
			[SIMNIC_RULE_NO_ACTION] = { EINVAL },
			/* ice_tc_lib.c:763; VLAN, pedit, police, ct and the ingress of internal ports are among these. */
			[SIMNIC_RULE_ACTION] = { EINVAL, ICE("Unsupported action in switchdev mode") },
			[SIMNIC_RULE_LEGACY_ACTION] = { EOPNOTSUPP, ICE("Unsupported TC action") },
			/* ice_tc_lib.c:704. */
			[SIMNIC_RULE_OTHER_SWITCH] = { EINVAL, ICE("Unsupported netdevice in switchdev mode") },
			[SIMNIC_RULE_UPLINKS] = { EINVAL, ICE("Unsupported netdevice in switchdev mode") },
		},
	},
	{
		/* Linux 6.12, bnxt_en.  Its words go to the kernel's log alone. */
		.name = "bnxt",
		.driver = "bnxt_en",
		/* bnxt_tc.c:318: REDIRECT is looked at, MIRRED falls to "default: break". */
		.dialect = SIMNIC_ONLY_REDIRECT,
		/* bnxt_sriov.c:906. */
		.vfs_need_up = true,
		/* bnxt_tc.c:1627. */
		.stats = true,
		/* bnxt_tc.c:324 has VXLAN over IPv4, with the PF's own network device in the route; this NIC refuses it. */
		/* bnxt_tc.c, by no check of the mode. */
		.legacy_rules = true,
		/* bnxt_tc.c:372: what it does not know it passes over: CVLAN, IP (TOS and TTL), TCP flags. */
		.ignores_unknown_keys = true,
		.max_outputs = ~0U,
		.keys = COMMON_KEYS | KEY(ICMP),
		.refusals = {
			/* bnxt_vfr.c:569. */
			[SIMNIC_MODE_SAME] = { EINVAL },
			[SIMNIC_MODE_KNOB] = { EIO },
			/* bnxt.c, bnxt_setup_tc_block_cb() has no such case. */
			[SIMNIC_MATCHALL] = { EOPNOTSUPP },
			[SIMNIC_RULE_NO_ACTION] = { EINVAL },
			/* bnxt_tc.c:382, fragments. */
			[SIMNIC_RULE_KEY] = { EOPNOTSUPP },
			/* bnxt_tc.c:95, FLOW_ACTION_VLAN_MANGLE. */
			[SIMNIC_RULE_ACTION] = { EOPNOTSUPP },
			[SIMNIC_RULE_LEGACY_ACTION] = { EOPNOTSUPP },
			/* bnxt_tc.c:362, by bnxt_flow_get_dst_fid(). */
			[SIMNIC_RULE_OTHER_SWITCH] = { EINVAL },
			[SIMNIC_RULE_UPLINKS] = { EINVAL },
			/* bnxt_tc.c:164. */
			[SIMNIC_RULE_REWRITE] = { EINVAL },
		},
	},
};

struct simnic_personality simnic_is;

int simnic_personality_choose(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(table); i++)
		if (!strcmp(table[i].name, name)) {
			simnic_is = table[i];
			return 0;
		}
	return -EINVAL;
}

int simnic_refuse(enum simnic_refusal what, struct netlink_ext_ack *extack)
{
	const struct simnic_words *words = &simnic_is.refusals[what];

	if (extack && words->err && words->text)
		extack->_msg = words->text;
	return -words->err;
}

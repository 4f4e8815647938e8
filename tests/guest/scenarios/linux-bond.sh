#!/bin/bash
# a Linux bond of both uplinks (VF-LAG) in the bridge: both directions are offloaded, and nothing is in TC's software path
nic_load
nic_switchdev 0 1
ip link add bond0 type bond mode active-backup miimon 50
for p in 0 1; do
    nic_vfs $p 2
    wire_up $p
    ip link set "$(uplink $p)" down
    ip link set "$(uplink $p)" master bond0
done
ip link set bond0 up
start_ovs
need_patched
vsctl add-br br0 -- add-port br0 bond0
for p in 0 1; do for v in 0 1; do wait_until 20 of_port "$(rep $p $v)"; done; done
vf_up 0 0
vf_up 1 1
active() { cat /sys/class/net/bond0/bonding/active_slave; }
wait_until 10 equal "$(active)" "$(uplink 0)"
say "VF to wire through the bond"
expect_offloaded vf0.0 wire0 "$(wire_ip 0)" "$(rep 0 0)" "$(uplink 0)"
say "VF of the other PF"
expect_offloaded vf1.1 wire0 "$(wire_ip 0)" "$(rep 1 1)" "$(uplink 0)"
say "VF to VF across PFs, which VF-LAG allows"
expect_offloaded vf0.0 vf1.1 "$(vf_ip 1 1)" "$(rep 0 0)" "$(rep 1 1)"
ovs-appctl sriov/show
check "sriov/show says per-flow" contains "$(ovs-appctl sriov/show | grep tc-policy)" per-flow
check "nothing was configured" equal "$(other_config)" "{}"

say "each flow has its policy"
# They may have been idle for too long.
check "VF to wire" pings vf0.0 "$(wire_ip 0)"
ovs-appctl sriov/flows
flows() { ovs-appctl sriov/flows "$1" | awk -v where="$2" -v policy="$3" '$2 == where && $3 == policy' | grep .; }
wait_until 10 flows bond0 hw in-hw
wait_until 10 flows "$(rep 0 0)" hw skip_sw
# not_in_hw DEV: filters of TC's software path alone.
not_in_hw() { tc filter show dev "$1" "${2:-ingress}" | grep -c '^  not_in_hw' || :; }
say "the host's own traffic: no NIC takes it, so TC has nothing of it"
ip addr add 10.0.7.1/16 dev br0
ip link set br0 up
wait_until 10 ping -n -c 3 -i 0.1 -W 2 "$(wire_ip 0)"
wait_until 10 flows br0 sw in-hw
# Not where a bond of the NIC is the block's, see "block N".
check "TC's software path has filters" equal "$(not_in_hw br0 egress) $(not_in_hw "$(rep 0 0)")" "0 0"
say "what the NIC refuses of the bond, neither"
nic_knob 0 refuse_rules 95
nic_knob 1 refuse_rules 95
ovs-appctl revalidator/purge
wait_until 20 pings vf0.0 "$(wire_ip 0)" 20
wait_until 10 flows bond0 sw in-hw
check "TC has filters" equal "$(tc -s filter show dev bond0 ingress | grep -c handle) $(
    b=$(tc qdisc show dev bond0 ingress | sed -n 's/.* ingress_block \([0-9]*\).*/\1/p'); [ -z "$b" ] || tc filter show block "$b" | grep -c handle)" "0 0"
check "no trouble in the log" equal "$(log_trouble)" ""

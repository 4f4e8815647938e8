#!/bin/bash
# a Linux bond of both uplinks (VF-LAG) in the bridge: both directions are offloaded, tc-policy is none by default
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
check "sriov/show says none" contains "$(ovs-appctl sriov/show | grep tc-policy)" none
check "nothing was configured" equal "$(other_config)" "{}"

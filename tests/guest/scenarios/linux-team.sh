#!/bin/bash
# a Linux team of both uplinks in the bridge: its eswitch's representors are ports of that bridge
nic_load
nic_switchdev 0 1
ip link add team0 type team
teamnl team0 setoption mode activebackup
for p in 0 1; do
    nic_vfs $p 2
    wire_up $p
    ip link set "$(uplink $p)" down
    ip link set "$(uplink $p)" master team0
done
teamnl team0 setoption activeport "$(cat "/sys/class/net/$(uplink 0)/ifindex")"
ip link set team0 up
start_ovs
need_patched
vsctl add-br br0 -- add-port br0 team0
wait_until 20 agrees br0
vfs_up 0 0 1
wait_until 20 pings vf0.0 "$(wire_ip 0)"
expect_offloaded vf0.0 vf0.1 "$(vf_ip 0 1)" "$(rep 0 0)" "$(rep 0 1)"
ovs-appctl sriov/show
check "each flow has its policy" contains "$(ovs-appctl sriov/show | grep tc-policy)" per-flow
quiet_log

#!/bin/bash
# VFs created after ovs-vswitchd started and after the bridge was made are added and offloaded; so are more of them later
nic_load
nic_switchdev 0
wire_up 0
ip link set "$(uplink 0)" up
bridge_up
check "no representor yet" absent "$(rep 0 0)"
nic_vfs 0 2
vfs_up 0 0 1
expect_offloaded vf0.0 vf0.1 "$(vf_ip 0 1)" "$(rep 0 0)" "$(rep 0 1)"
say "0, then 8"
ip netns del vf0.0
ip netns del vf0.1
nic_vfs 0 0
nic_vfs 0 8
for v in 0 1 2 3 4 5 6 7; do wait_until 20 of_port "$(rep 0 $v)"; done
vf_up 0 0
vf_up 0 7
expect_offloaded vf0.0 vf0.7 "$(vf_ip 0 7)" "$(rep 0 0)" "$(rep 0 7)"
wait_until 20 agrees br0

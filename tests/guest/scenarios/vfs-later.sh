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

say "one that a person put into another bridge: its link is up again when its VF was made anew, its row as it was"
r=$(rep 0 1)
vsctl add-br br1 -- del-port br0 "$r" -- add-port br1 "$r" tag=5
wait_until 20 of_port "$r"
row=$(vsctl get Port "$r" _uuid external_ids tag)
ip netns del vf0.0
ip netns del vf0.7
nic_vfs 0 0
nic_vfs 0 8
is_up() { [ $(( $(<"/sys/class/net/$1/flags") & 1 )) = 1 ] || { echo "$1 is down"; return 1; }; }
wait_until 20 is_up "$r"
wait_until 20 of_port "$r"
check "its row was changed" equal "$(vsctl get Port "$r" _uuid external_ids tag)" "$row"
check "its bridge" is_port br1 "$r"
ip link set "$r" down
nic_vfs 0 0
nic_vfs 0 8
wait_until 20 of_port "$(rep 0 0)"
wait_until 20 is_up "$(rep 0 7)"
wait_until 20 of_port "$r"
check_fails "one that a person set down stays so" is_up "$r"

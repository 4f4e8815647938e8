#!/bin/bash
# MTU 9000 of the uplink is carried to the representors, also when it changes later; full frames pass in hardware
VF_MTU=9000
nic_up 2 0
ip link set "$(uplink 0)" mtu 9000
bridge_up
mtu() { equal "$(cat "/sys/class/net/$1/mtu")" "$2"; }
wait_until 20 mtu "$(rep 0 0)" 9000
wait_until 20 mtu "$(rep 0 1)" 9000
vfs_up 0 0 1
expect_offloaded vf0.0 wire0 "$(wire_ip 0)" "$(rep 0 0)" "$(uplink 0)"
big() { pings "$1" "$2" 10 -M do -s 8972; }
check "full frames VF to wire" big vf0.0 "$(wire_ip 0)"
wait_until 10 big vf0.0 "$(vf_ip 0 1)"
say "a change while running"
ip link set "$(uplink 0)" mtu 4000
wait_until 20 mtu "$(rep 0 0)" 4000
wait_until 20 mtu "$(rep 0 1)" 4000

#!/bin/bash
# bridges that come, change and go under the representors: uplink moved, p0 and p1 of one eswitch apart, bridge deleted and made
# limit: 240
nic_up 2
# VFs of both are there before any bridge.
start_ovs
need_patched
check "nowhere yet" contains "$(ovs-appctl sriov/show)" "not added: its uplink is in no bridge"

say "made after the representors"
vsctl add-br br0 -- add-port br0 "$(uplink 0)" -- add-port br0 "$(uplink 1)"
wait_until 20 agrees br0 0 1
vfs_up 0 0 1

say "p1 moves to a bridge of its own, and its representors with it"
vsctl del-port "$(uplink 1)" -- add-br br1 -- add-port br1 "$(uplink 1)"
wait_until 20 agrees br0 0
wait_until 20 agrees br1 1
vfs_up 1 0 1
expect_offloaded vf0.0 vf0.1 "$(vf_ip 0 1)" "$(rep 0 0)" "$(rep 0 1)"
expect_offloaded vf1.0 vf1.1 "$(vf_ip 1 1)" "$(rep 1 0)" "$(rep 1 1)"
check_fails "they are apart" pings vf0.0 "$(vf_ip 1 0)" 1

say "p0 as well"
vsctl del-port "$(uplink 0)" -- add-port br1 "$(uplink 0)"
wait_until 20 agrees br1 0 1
check "nothing stays behind" equal "$(vsctl list-ports br0)" ""
expect_offloaded vf0.0 vf0.1 "$(vf_ip 0 1)" "$(rep 0 0)" "$(rep 0 1)"

say "the bridge deleted under them, and made again"
vsctl del-br br1
no_dp_port() { ! ovs-appctl dpctl/show | grep -q s0np; }
wait_until 20 no_dp_port
vsctl add-br br2 -- add-port br2 "$(uplink 0)"
# Those of p1 follow, since there is no other bridge with an uplink of their eswitch.
wait_until 20 agrees br2 0 1
expect_offloaded vf0.0 wire0 "$(wire_ip 0)" "$(rep 0 0)" "$(uplink 0)"
quiet_log

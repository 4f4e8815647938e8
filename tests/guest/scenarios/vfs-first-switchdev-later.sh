#!/bin/bash
# the first eswitch enters switchdev mode while ovs-vswitchd runs: defaults take effect then, without a restart
nic_load
nic_vfs 0 2
wire_up 0
ip link set "$(uplink 0)" up
bridge_up
check "no representor yet" absent "$(rep 0 0)"
pid=$(cat /run/ovs/ovs-vswitchd.pid)
nic_switchdev 0
vfs_up 0 0 1
expect_offloaded vf0.0 vf0.1 "$(vf_ip 0 1)" "$(rep 0 0)" "$(rep 0 1)"
expect_offloaded vf0.0 wire0 "$(wire_ip 0)" "$(rep 0 0)" "$(uplink 0)"
check "the same daemon" equal "$(cat /run/ovs/ovs-vswitchd.pid)" "$pid"
check "nothing was configured" equal "$(other_config)" "{}"

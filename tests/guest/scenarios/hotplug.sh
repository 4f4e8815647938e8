#!/bin/bash
# VFs 4 to 0 to 8 to 2 and a representor down and up, with traffic running: all that knows of ports agrees with the kernel
# limit: 240
nic_up 4 0
bridge_up
vfs_up 0 0 1
wait_until 20 agrees br0
traffic_start vf0.0 "$(wire_ip 0)"

say "a representor down and up"
ip link set "$(rep 0 0)" down
check_fails "nothing passes" pings vf0.0 "$(wire_ip 0)" 1
ip link set "$(rep 0 0)" up
wait_until 20 agrees br0
expect_offloaded vf0.1 wire0 "$(wire_ip 0)" "$(rep 0 1)" "$(uplink 0)"

for n in 0 8 2; do
    say "$n VFs"
    nic_vfs 0 0
    ip netns del vf0.0 2>/dev/null || :
    ip netns del vf0.1 2>/dev/null || :
    nic_vfs 0 $n
    # Ports of those that do not come back go after 30 seconds.
    wait_until 60 agrees br0
    [ $n = 0 ] || vfs_up 0 0 1
done
expect_offloaded vf0.0 vf0.1 "$(vf_ip 0 1)" "$(rep 0 0)" "$(rep 0 1)"
expect_offloaded vf0.0 wire0 "$(wire_ip 0)" "$(rep 0 0)" "$(uplink 0)"
traffic_stop
quiet_log

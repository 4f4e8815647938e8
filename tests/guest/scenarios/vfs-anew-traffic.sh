#!/bin/bash
# VFs made anew many times under traffic to the wire: each time their flows are in hardware again, none stays missing
# limit: 3600
nic_up 2 0
bridge_up
vsctl set Open_vSwitch . other_config:sriov=true
vfs_up 0 0 1
expect_offloaded vf0.0 wire0 "$(wire_ip 0)" "$(rep 0 0)" "$(uplink 0)" 20
for i in $(seq "${ROUNDS:-8}"); do
    tcp_stream vf0.0 wire0 "$(wire_ip 0)" 2
    traffic_start vf0.1 "$(wire_ip 0)"
    nic_vfs 0 0
    nic_vfs 0 2
    wait_until 20 agrees br0
    traffic_stop
    for v in 0 1; do
        ip netns del "vf0.$v"
        vf_up 0 "$v"
    done
    say "round $i: handler_duplicate_upcall $(ovs-appctl coverage/read-counter handler_duplicate_upcall), revalidate_missing_dp_flow $(ovs-appctl coverage/read-counter revalidate_missing_dp_flow || :)"
    expect_offloaded vf0.0 wire0 "$(wire_ip 0)" "$(rep 0 0)" "$(uplink 0)" 20
done

#!/bin/bash
# switchdev to legacy to switchdev with ports in the bridge and traffic running, over and over: all comes back by itself
# limit: 300
nic_up 2 0
bridge_up
vfs_up 0 0 1
expect_offloaded vf0.0 vf0.1 "$(vf_ip 0 1)" "$(rep 0 0)" "$(rep 0 1)"
traffic_start vf0.0 "$(vf_ip 0 1)"
no_dp_port() { ! ovs-appctl dpctl/show | grep -q "$(rep 0 0)"; }
# In legacy mode the bridge sees the VFs at the uplink, and learns their addresses there.
for i in 1 2 3 4 5; do
    nic_legacy 0
    check "representor is gone" absent "$(rep 0 0)"
    wait_until 20 no_dp_port
    nic_switchdev 0
    wait_until 20 of_port "$(rep 0 0)"
    wait_until 20 of_port "$(rep 0 1)"
    wait_until 20 pings vf0.1 "$(vf_ip 0 0)"
    say "back, $i"
done
expect_offloaded vf0.1 vf0.0 "$(vf_ip 0 0)" "$(rep 0 1)" "$(rep 0 0)"
expect_offloaded vf0.0 wire0 "$(wire_ip 0)" "$(rep 0 0)" "$(uplink 0)"
traffic_stop
wait_until 20 agrees br0
quiet_log
check "each port once" equal "$(vsctl list-ports br0 | sort | tr '\n' ' ')" "$(printf '%s\n' "$(uplink 0)" "$(rep 0 0)" "$(rep 0 1)" | sort | tr '\n' ' ')"

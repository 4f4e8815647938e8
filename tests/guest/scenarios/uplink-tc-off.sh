#!/bin/bash
# uplinks that start with hw-tc-offload off get it turned on, and VF to wire is offloaded
nic_load uplink_tc_off=1
check "off at first" contains "$(ethtool -k "$(uplink 0)" | grep hw-tc)" off
nic_up 1 0
bridge_up
wait_until 20 of_port "$(rep 0 0)"
tc_on() { ethtool -k "$(uplink 0)" | grep -q "hw-tc-offload: on"; }
wait_until 10 tc_on
vf_up 0 0
expect_offloaded vf0.0 wire0 "$(wire_ip 0)" "$(rep 0 0)" "$(uplink 0)"

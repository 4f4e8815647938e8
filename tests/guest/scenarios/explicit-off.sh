#!/bin/bash
# hw-offload=false, set by a person, wins: no rule, traffic in software, ports are added all the same
nic_up 2 0
start_ovs
need_patched
vsctl set Open_vSwitch . other_config:hw-offload=false
stop_vswitchd
start_vswitchd
vsctl add-br br0 -- add-port br0 "$(uplink 0)"
vfs_up 0 0 1
expect_software vf0.0 "$(vf_ip 0 1)" "$(rep 0 0)"
expect_software vf0.0 "$(wire_ip 0)" "$(rep 0 0)"
check "no flow in hardware" equal "$(hw_flows)" ""
check "no rule in the NIC" equal "$(counter "$(rep 0 0)" rules)" 0
check "other_config is the person's" equal "$(other_config)" '{hw-offload="false"}'

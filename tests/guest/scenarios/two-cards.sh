#!/bin/bash
# two cards on one bridge: representors of both are its ports; VFs of different cards meet there in software
# guest: vfs=8 cards=2
nic_up 2 0 2
id() { cat "/sys/class/net/$(uplink "$1")/phys_switch_id"; }
check_fails "two switch ids" equal "$(id 0)" "$(id 2)"
bridge_up 0 2
wait_until 20 agrees br0
vfs_up 0 0 1
vfs_up 2 0
expect_offloaded vf0.0 vf0.1 "$(vf_ip 0 1)" "$(rep 0 0)" "$(rep 0 1)"
expect_software vf2.0 "$(vf_ip 0 0)" "$(rep 2 0)"

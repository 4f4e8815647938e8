#!/bin/bash
# a partner that speaks no LACP: the bond falls back to active-backup by default, and its VFs still leave in hardware
. /host/guest/bond.sh
bond_nic_up 1
start_ovs
need_patched
bond_bridges bond_mode=active-backup
wait_until 20 of_port "$(rep 0 0)"
vf_up 0 0
fallen_back() { contains "$(ovs-appctl bond/show bond1)" "lacp_status: configured" && both_members_enabled; }
wait_until 30 fallen_back
ovs-appctl bond/set-active-member bond1 "$(uplink 0)"
ovs-appctl bond/set-active-member bond2 wire0
wait_until 20 pings vf0.0 $far_ip 2
share=$(hw_share vf0.0 "$(rep 0 0)")
check "at least 99 % in hardware" at_least "$share" 990
check "nothing was configured" equal "$(other_config)" "{}"

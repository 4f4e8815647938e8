#!/bin/bash
# a machine without any such NIC: one line from sriov/show, no log line, no second database session
start_ovs
need_patched
vsctl add-br br0
show=$(ovs-appctl sriov/show)
echo "$show"
check "sriov/show has one line" equal "$(echo "$show" | wc -l)" 1
check "no word of the module" equal "$(grep -i 'sriov|' /run/ovs/ovs-vswitchd.log)" ""
check "no trouble in the log" equal "$(log_trouble)" ""
check "one database session" equal "$(db_sessions)" 1

#!/bin/bash
# an SR-IOV NIC in legacy mode: the module does nothing and says nothing, though the uplink has a switch id
nic_load
nic_vfs 0 2
wire_up 0
ip link set "$(uplink 0)" up
bridge_up
wait_until 20 of_port "$(uplink 0)"
vf_up 0 0
wait_until 20 pings vf0.0 "$(wire_ip 0)"
show=$(ovs-appctl sriov/show)
echo "$show"
check "sriov/show says why" contains "$show" "no eswitch is in switchdev mode"
check "sriov/show says legacy" contains "$show" "PF 0000:01:00.0: legacy"
check "sriov/show has no representor" equal "$(echo "$show" | grep -c pf0vf)" 0
check "no port but the uplink" equal "$(vsctl list-ports br0)" "$(uplink 0)"
check "no rule anywhere" equal "$(tc filter show dev "$(uplink 0)" ingress)" ""
check "hw-offload is off" equal "$(grep -c 'Flow API Enabled\|Flow HW offload is enabled' /run/ovs/ovs-vswitchd.log)" 0
check "no word of the module" equal "$(grep -i 'sriov|' /run/ovs/ovs-vswitchd.log)" ""
check "one database session" equal "$(db_sessions)" 1
check "nothing was configured" equal "$(other_config)" "{}"

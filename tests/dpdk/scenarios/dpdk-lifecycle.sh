#!/bin/bash
# DPDK ports: what a person deletes and adds, a restart, VFs that come and go
# limit: 600
. /host/lib.sh
PF_ARGS=,dv_flow_en=2
nic_up 2 0
dpdk_up
dpdk_bridge 0
wait_until 60 dpdk_port "$(rep 0 0)"
wait_until 60 dpdk_port "$(rep 0 1)"
check "the uplink's arguments" equal "$(vsctl get Interface "$(rep 0 1)" options:dpdk-devargs)" \
    "\"$(pf_pci 0),dv_flow_en=2,representor=pf0vf1\""
# A person's probe with other arguments, which mlx5 refuses: the row shows it, and ours are as before.
vsctl --no-wait del-port "$(rep 0 1)"
wait_until 20 not_port br0 "$(rep 0 1)"
ovs-vsctl --timeout=20 add-port br0 mine -- set Interface mine type=dpdk "options:dpdk-devargs=$(pf_pci 0),representor=vf1" || :
has_error() { contains "$(vsctl get Interface mine error)" "Error attaching device"; }
wait_until 20 has_error
check "a person's own" contains "$(ovs-appctl sriov/show)" "added by others"
vsctl --no-wait del-port mine
ovs-appctl sriov/resync
wait_until 60 dpdk_port "$(rep 0 1)"
vf_up 0 0
vf_up 0 1
expect_in_hardware vf0.0 "$(vf_ip 0 1)" "$(rep 0 0)" "$(rep 0 1)" 50

say "a restart"
stop_vswitchd
start_vswitchd
wait_until 60 dpdk_ready
wait_until 60 dpdk_port "$(rep 0 0)"
wait_until 60 dpdk_port "$(rep 0 1)"
expect_in_hardware vf0.1 "$(vf_ip 0 0)" "$(rep 0 1)" "$(rep 0 0)" 50

say "VFs that are created anew"
ip netns del vf0.0
ip netns del vf0.1
nic_vfs 0 0
nic_vfs 0 2
wait_until 60 grep -q "$(rep 0 1): its device was created anew" "$vswitchd_log"
wait_until 60 dpdk_port "$(rep 0 0)"
wait_until 60 dpdk_port "$(rep 0 1)"
wait_until 20 exists "$(vf 0 1)"
vf_up 0 0
vf_up 0 1
expect_in_hardware vf0.0 "$(vf_ip 0 1)" "$(rep 0 0)" "$(rep 0 1)" 50

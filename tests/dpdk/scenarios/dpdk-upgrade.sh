#!/bin/bash
# Rows of the first release, which made system ports of representors on a userspace bridge, become DPDK ports in place
# limit: 600
. /host/lib.sh
nic_up 3 0
dpdk_up
stop_vswitchd
# As that release wrote them, one with what a person set; and one that a person has made.
marks() {
    local table
    for table in Port Interface; do
        echo "-- set $table $(rep 0 "$1") external_ids:sriov-owner=cx-sriov external_ids:sriov-pf=\"$(pf_pci 0)\"" \
            "external_ids:sriov-port=pf0vf$1 external_ids:sriov-vf=$1 external_ids:sriov-mtu=1500"
    done
}
# shellcheck disable=SC2046
vsctl --no-wait add-br br0 -- set Bridge br0 datapath_type=netdev \
    -- add-port br0 dpdk-p0 -- set Interface dpdk-p0 type=dpdk "options:dpdk-devargs=$(pf_pci 0)" \
    -- add-port br0 "$(rep 0 0)" -- set Interface "$(rep 0 0)" mtu_request=1500 $(marks 0) \
    -- add-port br0 "$(rep 0 1)" tag=7 -- set Interface "$(rep 0 1)" mtu_request=1500 ofport_request=77 $(marks 1) \
    -- add-port br0 "$(rep 0 2)"
uuids=$(for v in 0 1 2; do vsctl get Port "$(rep 0 $v)" _uuid; done)
start_vswitchd
wait_until 60 dpdk_ready
wait_until 60 dpdk_port "$(rep 0 0)"
wait_until 60 dpdk_port "$(rep 0 1)"
ovs-appctl sriov/show
check "devargs" equal "$(vsctl get Interface "$(rep 0 0)" options:dpdk-devargs)" "\"$(pf_pci 0),representor=pf0vf0\""
check "other rows" equal "$(for v in 0 1 2; do vsctl get Port "$(rep 0 $v)" _uuid; done)" "$uuids"
check "the tag" equal "$(vsctl get Port "$(rep 0 1)" tag)" 7
check "the number" equal "$(vsctl get Interface "$(rep 0 1)" ofport)" 77
check "a person's own" equal "$(vsctl get Interface "$(rep 0 2)" type)" '""'
check "a person's own, shown" contains "$(ovs-appctl sriov/show)" "added by others"
vsctl clear Port "$(rep 0 1)" tag
vf_up 0 0
vf_up 0 1
expect_in_hardware vf0.0 "$(vf_ip 0 1)" "$(rep 0 0)" "$(rep 0 1)" 50

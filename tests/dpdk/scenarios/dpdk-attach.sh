#!/bin/bash
# 2 x 8 representors become DPDK ports of a userspace bridge, and the NIC forwards between them, and to the wire
# limit: 600
. /host/lib.sh
nic_up 8 0 1
dpdk_up
dpdk_bridge 0 1
for p in 0 1; do for v in $(seq 0 7); do wait_until 120 dpdk_port "$(rep $p "$v")"; done; done
check "devargs" equal "$(vsctl get Interface "$(rep 1 3)" options:dpdk-devargs)" "\"$(pf_pci 1),representor=pf1vf3\""
check "AF_PACKET in the main thread" equal "$(ovs-appctl dpctl/show | grep -c '(system)')" 0
ovs-appctl sriov/show
check "status" equal "$(ovs-appctl sriov/show --json | grep -c '"added by cx-sriov"')" 16
check "memory" contains "$(ovs-appctl sriov/show)" "16 representors share"
check "room" contains "$(ovs-appctl sriov/show)" "with uplinks 18 of 32 ports"
for v in 0 1; do vf_up 0 $v; vf_up 1 $v; done
expect_in_hardware vf0.0 "$(vf_ip 0 1)" "$(rep 0 0)" "$(rep 0 1)"
expect_in_hardware vf1.1 "$(wire_ip 1)" "$(rep 1 1)" dpdk-p1
wait_until 30 pings vf0.0 "$(vf_ip 0 1)" 3
check "the datapath's own word" contains "$(ovs-appctl dpctl/dump-flows -m --names type=offloaded)" "offloaded:yes, dp:dpdk"
# By the names that the ports have, whatever the devices are called.
wait_until 30 pings vf1.1 "$(wire_ip 1)" 3
check "flows of the uplink" contains "$(ovs-appctl sriov/show --flows)" "DPDK port dpdk-p1, flows: "
wait_until 30 pings vf1.1 "$(wire_ip 1)" 3
check "flows of a representor" at_least "$(ovs-appctl sriov/show --flows --json "$(rep 1 1)" \
    | sed -n 's/.*"flows_in_hardware": \([0-9]*\).*/\1/p' | sort -n | tail -n 1)" 1
# By the first line, and in the table.
share=$(ovs-appctl sriov/show | sed -n '1s/^16 VFs on br0; \(.*\) % of their packets in hardware$/\1/p')
say "in hardware: $share %"
check "share" between 90 "${share%.*}" 100
check "share in the table" contains "$(ovs-appctl sriov/show | grep '^ *pf1vf1 ' | tr -s ' ')" "% added by"
ovs-appctl sriov/show
log_trouble

#!/bin/bash
# A PF is unbound from its driver under traffic, and bound again: the daemon lives, ports and flows come back
# limit: 600
. /host/lib.sh
nic_up 2 0 1
dpdk_up
dpdk_bridge 0 1
for p in 0 1; do for v in 0 1; do wait_until 60 dpdk_port "$(rep $p $v)"; done; done
for p in 0 1; do for v in 0 1; do vf_up $p $v; done; done
expect_in_hardware vf0.0 "$(vf_ip 0 1)" "$(rep 0 0)" "$(rep 0 1)" 50
expect_in_hardware vf1.0 "$(vf_ip 1 1)" "$(rep 1 0)" "$(rep 1 1)" 50
pid=$(cat /run/ovs/ovs-vswitchd.pid)
traffic_start vf0.0 "$(vf_ip 0 1)"
driver=$(readlink -f "/sys/bus/pci/devices/$(pf_pci 0)/driver")
for round in 1 2; do
    say "unbound, $round"
    pf_pci 0 >"$driver/unbind"
    wait_until 20 absent "$(rep 0 0)"
    # The other PF goes on meanwhile.
    check "the other PF" pings vf1.0 "$(vf_ip 1 1)" 50
    say "bound again, $round"
    pf_pci 0 >"$driver/bind"
    nic_switchdev 0
    ip link set "$(uplink 0)" up
    wire_up 0
    nic_vfs 0 2
    wait_until 20 exists "$(vf 0 1)"
    for v in 0 1; do
        ip netns del vf0.$v 2>/dev/null || :
        vf_up 0 $v
    done
    for v in 0 1; do wait_until 90 dpdk_port "$(rep 0 $v)"; done
    wait_until 90 pings vf0.0 "$(vf_ip 0 1)" 3
done
traffic_stop
check "another daemon" equal "$(cat /run/ovs/ovs-vswitchd.pid)" "$pid"
expect_in_hardware vf0.0 "$(vf_ip 0 1)" "$(rep 0 0)" "$(rep 0 1)" 50
expect_in_hardware vf1.0 "$(vf_ip 1 1)" "$(rep 1 0)" "$(rep 1 1)" 50
# The uplink is a person's row, and DPDK's port for it one of a device that had gone.
expect_in_hardware vf0.1 "$(wire_ip 0)" "$(rep 0 1)" dpdk-p0 50

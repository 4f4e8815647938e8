#!/bin/bash
# VF to VF and VF to wire are offloaded with nothing configured but a bridge and its uplink
nic_up 2 0
bridge_up
vfs_up 0 0 1
expect_offloaded vf0.0 vf0.1 "$(vf_ip 0 1)" "$(rep 0 0)" "$(rep 0 1)"
wait_until 5 hw_flow "$(rep 0 0)" "$(rep 0 1)"
expect_offloaded vf0.0 wire0 "$(wire_ip 0)" "$(rep 0 0)" "$(uplink 0)"
wait_until 5 hw_flow "$(rep 0 0)" "$(uplink 0)"
wait_until 5 hw_flow "$(uplink 0)" "$(rep 0 0)"
sw=$(counter "$(rep 0 0)" sw_rx_packets)
tcp_stream vf0.0 wire0 "$(wire_ip 0)" 20
check "TCP stays in hardware" at_most $(( $(counter "$(rep 0 0)" sw_rx_packets) - sw )) 10
say "a limit of what a VF sends is in hardware, too"
vsctl set Interface "$(rep 0 0)" ingress_policing_rate=8000 ingress_policing_burst=800
policed() { contains "$(ovs-appctl sriov/show --json "$(rep 0 0)")" '"policing_in_hardware": true'; }
wait_until 10 policed
sw=$(counter "$(rep 0 0)" sw_rx_packets) begin=$(uptime_ms)
tcp_stream vf0.0 wire0 "$(wire_ip 0)" 3
took=$(( $(uptime_ms) - begin ))
say "3 MB at 8 Mbit/s: $took ms"
check "there is no limit" at_least $took 2500
check "TCP stays in hardware" at_most $(( $(counter "$(rep 0 0)" sw_rx_packets) - sw )) 10
vsctl set Interface "$(rep 0 0)" ingress_policing_rate=0

check "nothing was configured" equal "$(other_config)" "{}"
show=$(ovs-appctl sriov/show)
echo "$show"
check "sriov/show names the switch" contains "$show" "$(cat "/sys/class/net/$(uplink 0)/phys_switch_id")"
check "sriov/show names the representor" contains "$show" "$(rep 0 1)"
check "sriov/show names the VF" contains "$show" "$(vf_pci 0 1)"
# The flows may have been idle for too long.
check "VF to VF" pings vf0.0 "$(vf_ip 0 1)"
check "VF to wire" pings vf0.0 "$(wire_ip 0)"
# PORT, PCI ADDRESS, REPRESENTOR, STATE, BRIDGE, OFPORT, HW, SW
read -r _ _ name _ _ _ hw sw _ <<<"$(ovs-appctl sriov/show --flows "$(rep 0 0)" | tail -n 1)"
say "sriov/show --flows: $name hw $hw sw $sw"
check "sriov/show --flows counts those in hardware" at_least "$hw" 2
check "and those that are not" at_most "$sw" 2
check "no trouble in the log" equal "$(log_trouble)" ""

#!/bin/bash
# the NIC with the distribution's Open vSwitch, ports and hw-offload set by hand: VF-VF and VF-wire are offloaded
nic_up 2
start_ovs_stock_offloading
vsctl add-br br0 -- add-port br0 "$(uplink 0)" -- add-port br0 "$(rep 0 0)" -- add-port br0 "$(rep 0 1)"
ip link set "$(rep 0 0)" up
ip link set "$(rep 0 1)" up
vf_up 0 0
vf_up 0 1
expect_offloaded vf0.0 vf0.1 "$(vf_ip 0 1)" "$(rep 0 0)" "$(rep 0 1)"
wait_until 5 hw_flow "$(rep 0 0)" "$(rep 0 1)"
expect_offloaded vf0.0 wire0 "$(wire_ip 0)" "$(rep 0 0)" "$(uplink 0)"
hw_flows
wait_until 5 hw_flow "$(rep 0 0)" "$(uplink 0)"
tcp_stream vf0.0 wire0 "$(wire_ip 0)" 20
say "refused"
nic_knob 0 refuse_rules 95
ovs-appctl revalidator/purge
expect_software vf0.0 "$(vf_ip 0 1)" "$(rep 0 0)"

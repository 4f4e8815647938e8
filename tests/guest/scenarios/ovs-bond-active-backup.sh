#!/bin/bash
# an OVS bond of both uplinks in active-backup: VFs of the active PF are offloaded to the wire, those of the other not, as mlx5
nic_up 2
start_ovs
need_patched
vsctl add-br br0 -- add-bond br0 bond1 "$(uplink 0)" "$(uplink 1)" bond_mode=active-backup
for p in 0 1; do for v in 0 1; do wait_until 20 of_port "$(rep $p $v)"; done; done
vf_up 0 0
vf_up 0 1
vf_up 1 0
active() { ovs-appctl bond/show bond1 | grep -q "active.*($(uplink "$1"))\|^member $(uplink "$1"): enabled"; }
ovs-appctl bond/set-active-member bond1 "$(uplink 0)"
expect_offloaded vf0.0 wire0 "$(wire_ip 0)" "$(rep 0 0)" "$(uplink 0)"
expect_offloaded vf0.0 vf0.1 "$(vf_ip 0 1)" "$(rep 0 0)" "$(rep 0 1)"
say "across PFs the NIC refuses"
expect_software vf1.0 "$(wire_ip 0)" "$(rep 1 0)"
say "and does not, with esw_multiport"
nic_multiport 0 true
ovs-appctl revalidator/purge
expect_offloaded vf1.0 wire0 "$(wire_ip 0)" "$(rep 1 0)" "$(uplink 0)"

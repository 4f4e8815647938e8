#!/bin/bash
# An OVS bond of DPDK ports in balance-tcp with LACP: what a VF sends leaves through its own uplink, by a rule of the NIC
# limit: 600
. /host/lib.sh
. /host/guest/bond.sh
bond_nic_up 1
dpdk_up
# The partner, in the kernel's datapath.
ip link add far type veth peer name far-port
ip link set far-port up
vsctl add-br partner -- add-port partner far-port \
    -- add-bond partner bond2 wire0 wire1 lacp=active bond_mode=balance-tcp other_config:lacp-time=fast
ip netns add far
ip link set far netns far
ip -n far link set far up
ip -n far addr add $far_ip/16 dev far
ovs-vsctl --timeout=60 add-br vmbr1 -- set Bridge vmbr1 datapath_type=netdev \
    -- add-bond vmbr1 bond1 dpdk-p0 dpdk-p1 bond_mode=balance-tcp lacp=active other_config:lacp-time=fast \
    -- set Interface dpdk-p0 type=dpdk "options:dpdk-devargs=$(pf_pci 0)" \
    -- set Interface dpdk-p1 type=dpdk "options:dpdk-devargs=$(pf_pci 1)"
wait_until 60 dpdk_port "$(rep 0 0)"
wait_until 60 dpdk_port "$(rep 1 0)"
wait_until 60 bond_negotiated
check "local" contains "$(ovs-appctl bond/show bond1)" "bond-offload: local"
check "sriov/show" contains "$(ovs-appctl sriov/show)" "OVS bond bond1, bond-offload local"
# One way: the partner answers through either cable, and between its PFs the NIC does not forward.
for p in 0 1; do
    vf_up $p 0
    wait_until 30 pings "vf$p.0" $far_ip 2
    wait_until 10 has_metrics "$(rep $p 0)"
    before=$(metrics "$(rep $p 0)")
    check "ping vf$p.0 -> far loses packets" pings "vf$p.0" $far_ip 100
    check "no rule to its own uplink" at_least "$(hw_count "$(rep $p 0)" "dpdk-p$p")" 1
    wait_until 20 counted "$(rep $p 0)" "$before" 99 0
    check "it crosses PFs" equal "$(hw_count "$(rep $p 0)" "dpdk-p$(( 1 - p ))")" 0
    say "100 pings vf$p.0 -> far: $(metrics_since "$(rep $p 0)" "$before" | cut -d' ' -f1) by rules of the NIC"
done
# What is in software at the cables, LACP at least, is told of by the DPDK ports' own names.
inbound() { ovs-appctl sriov/show --flows | sed -n 's/^ *inbound in software: \([0-9]*\) packets.*/\1/p' | sort -n | head -n 1; }
check "inbound in software" at_least "$(inbound)" 1

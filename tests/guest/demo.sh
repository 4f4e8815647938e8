#!/bin/bash
# The demo's part in the guest: the how-to's bridge on a NIC with 2 PFs of 4 VFs, and nothing else configured.
#
# limit: 240
# Everything for the reader goes to file descriptor 4, which the host shows as it comes.
tell() { echo "$*" >&4; }
step() { tell "[$(cut -d. -f1 /proc/uptime) s] $*"; }
# show COMMAND...: the command, and what it prints.
show() {
    local output
    output=$("$@" 2>&1) || { echo "$output"; fail "$*"; }
    tell ""
    tell "# $*"
    tell "$output"
}

. /host/guest/bond.sh
step "the guest is up: Linux $(uname -r), a NIC with two ports on PCI ($(pf_pci 0), $(pf_pci 1))"
step "starting Open vSwitch: $(ovs-vswitchd --version | head -n 1)"
start_ovs
need_patched
step "eswitches to switchdev mode, 4 VFs each"
bond_nic_up 4
for dev in "$(uplink 0)" "$(uplink 1)" wire0 wire1; do ip link set "$dev" mtu 9000; done
step "making bridge vmbr1 with bond1 of $(uplink 0) and $(uplink 1), LACP in balance-tcp mode; no VF is named anywhere"
bond_bridges
ip link set vmbr1 mtu 9000 up
ip addr add 192.168.1.2/24 dev vmbr1
for p in 0 1; do for v in 0 1 2 3; do wait_until 30 of_port "$(rep $p $v)"; done; done
step "8 representors became ports by themselves"
wait_until 30 bond_negotiated
step "LACP negotiated with the partner, a bond on another bridge at the far end of both cables"
VF_MTU=9000
for v in 0 1 2 3; do vf_up 0 $v; done
for v in 0 1; do vf_up 1 $v; done

step "traffic: VF to VF ($(vf 0 0) to $(vf 0 1), $(vf 1 0) to $(vf 1 1))"
wait_until 20 pings vf0.0 "$(vf_ip 0 1)"
check "VF to VF" pings vf0.0 "$(vf_ip 0 1)" 200
wait_until 20 pings vf1.0 "$(vf_ip 1 1)"
check "VF to VF" pings vf1.0 "$(vf_ip 1 1)" 50
step "traffic: VF to wire ($(vf 0 2) and $(vf 1 0) to the far end)"
wait_until 20 pings vf0.2 $far_ip
check "VF to wire" pings vf0.2 $far_ip 200
wait_until 20 pings vf1.0 $far_ip
check "VF to wire" pings vf1.0 $far_ip 50
step "traffic: TCP, 20 MB, VF to VF and VF to wire"
tcp_stream vf0.0 vf0.1 "$(vf_ip 0 1)" 20
tcp_stream vf0.2 far $far_ip 20
pings vf0.0 "$(vf_ip 0 1)" 20
pings vf0.2 $far_ip 20
# The counters that the flows are shown with come from the NIC about twice a second.
wait_until 10 hw_flow "$(rep 0 0)" "$(rep 0 1)"
wait_until 10 hw_flow "$(rep 0 2)" "$(uplink 0)"

show ovs-vsctl show
show ovs-appctl sriov/show
show ovs-appctl dpctl/dump-flows --names type=offloaded
show ovs-vsctl get Open_vSwitch . other_config

flows=$(hw_flows)
packets() { echo "$flows" | grep "in_port($1)" | grep "actions:[^ ]*$2" | sed -n 's/.*packets:\([0-9]*\).*/\1/p' | sort -n | tail -n 1; }
vf_vf=$(packets "$(rep 0 0)" "$(rep 0 1)")
vf_wire=$(packets "$(rep 0 2)" "$(uplink 0)")
tell ""
tell "In hardware: VF to VF ${vf_vf:-0} packets, VF to wire ${vf_wire:-0} packets."
check "no VF to VF flow in hardware" at_least "${vf_vf:-0}" 1
check "no VF to wire flow in hardware" at_least "${vf_wire:-0}" 1

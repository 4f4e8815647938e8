#!/bin/bash
# what a VM can have besides VLAN, address and rate: a tunnel of VLANs, a mirror; and an address that the NIC does not take
# limit: 400
nic_up 4 0
. /host/guest/vm.sh
pve_up
mapping tunnel "ovs-sriov: dot1q-tunnel=60" 0 1 2
mapping seen "ovs-sriov: vlan=30 mirror=$(rep 0 3)" 0 1 2
mapping tapped "ovs-sriov: vlan=30 mirror=tap9" 0 1 2
mapping burst "ovs-sriov: vlan=30 rate=1000 burst=100" 0 1 2
mapping plain "ovs-sriov: vlan=30" 0 1 2
vm_config 110 "hostpci0: mapping=tunnel"
vm_config 111 "hostpci0: mapping=seen"
vm_config 112 "hostpci0: mapping=tapped"
vm_config 113 "hostpci0: mapping=burst"
vm_config 114 "hostpci0: mapping=plain"
vm_config 115 "hostpci0: mapping=seen"
bridge_up
ip -n wire0 link add link wire0 name w60 type vlan proto 802.1ad id 60
ip -n wire0 link add link w60 name w60.7 type vlan id 7
vlan_device 30
ip -n wire0 addr add 10.60.7.254/24 dev w60.7
for dev in w60 w60.7; do ip -n wire0 link set $dev up; done
vm_daemon_first 0 1 2
# qm_target VM: it starts as the target of a migration, with the configuration that another node has.
qm_target() {
    local conf=/etc/pve/qemu-server/$1.conf
    mv "$conf" /etc/pve/nodes/pve2/qemu-server/
    # qemu-server reads it there.
    cp "/etc/pve/nodes/pve2/qemu-server/$1.conf" "/tmp/$1.conf"
    conf_of=/tmp
    qm_start "$1"
    conf_of=
}
cut_off() { contains "$(ovs-appctl sriov/show)" "$1"; }
mirrors() { vsctl --format=csv --no-headings --columns=name find Mirror external_ids:sriov-vm=true | tr -d '"' | sort | tr '\n' ' '; }
sent_to() { echo $(( $(counter "$1" sw_tx_packets) + $(counter "$1" hw_tx_packets) )); }

say "a tunnel of VLANs: only where ovs-vswitchd looks at two tags"
qm_start 110
wait_until 60 cut_off "VM 110 (vm110), cut-off: dot1q-tunnel=60 needs two tags"
check "VF 0 is closed" link_is 0 0
vsctl set Open_vSwitch . other_config:vlan-limit=2
wait_until 60 is_open 0
guest_boots 110
ip -n vm110 link add link net0 name net0.7 type vlan id 7
ip -n vm110 addr add 10.60.7.110/24 dev net0.7
ip -n vm110 link set net0.7 up
expect_offloaded vm110 wire0 10.60.7.254 "$(rep 0 0)" "$(uplink 0)" 50
hw_flow "$(rep 0 0)" "$(uplink 0)" | cut -c1-250
qm_stop 110
wait_until 60 is_closed 0

# VF 3 has no settings, and so an open port: whoever listens has it.
say "a mirror to another VF's port, in hardware; a person's own mirror stays"
vsctl -- --id=@r1 get Port "$(rep 0 1)" -- --id=@r2 get Port "$(rep 0 2)" -- --id=@m create Mirror name=mine select_dst_port=@r1 \
    output_port=@r2 -- set Bridge br0 mirrors=@m
qm_start 111
wait_until 60 is_open 0
guest_boots 111
ip -n vm111 addr add 10.30.0.111/24 dev net0
check "the mirror is there" equal "$(mirrors)" "ovs-sriov vm to $(rep 0 3) "
# mirrored TEXT: 50 pings and their answers come to VF 3; sets $in_hw, those in hardware.
mirrored() {
    local all
    wait_until 20 pings vm111 10.30.0.254 3
    wait_until 10 settled vm111 10.30.0.254 "$(rep 0 0)"
    in_hw=$(counter "$(rep 0 3)" hw_tx_packets) all=$(sent_to "$(rep 0 3)")
    check "VM 111 reaches VLAN 30" pings vm111 10.30.0.254 50
    in_hw=$(( $(counter "$(rep 0 3)" hw_tx_packets) - in_hw ))
    wait_until 10 at_rep3 $(( all + 100 ))
    say "$1: of 50 pings and their answers $in_hw are mirrored in hardware"
}
at_rep3() { at_least "$(sent_to "$(rep 0 3)")" "$1"; }
# What goes to the VM loses its tag, and the copy gets it again, which the NIC cannot do in one rule.
mirrored "to a port of all VLANs"
check "those of one direction" at_least "$in_hw" 50
vsctl set Port "$(rep 0 3)" tag=30
mirrored "to a port in the VM's VLAN"
check "all" at_least "$in_hw" 100
hw_flow "$(rep 0 0)" "$(rep 0 3)" | cut -c1-250
say "another one with the same output"
qm_start 115
wait_until 60 is_open 1
check "there is one mirror" equal "$(mirrors)" "ovs-sriov vm to $(rep 0 3) "
check "of two VMs" equal "$(vsctl --bare --columns=select_src_port find Mirror external_ids:sriov-vm=true | wc -w)" 2
say "somebody takes all mirrors of the bridge away, as ifupdown2 does: it comes back"
vsctl clear Bridge br0 mirrors
mirror_is_back() { equal "$(mirrors)" "ovs-sriov vm to $(rep 0 3) "; }
wait_until 20 mirror_is_back
vsctl -- --id=@r1 get Port "$(rep 0 1)" -- --id=@r2 get Port "$(rep 0 2)" -- --id=@m create Mirror name=mine select_dst_port=@r1 \
    output_port=@r2 -- add Bridge br0 mirrors @m
kvm_dies 115
qm_cleanup 115
wait_until 60 is_closed 1
check "of one VM" equal "$(vsctl --bare --columns=select_src_port find Mirror external_ids:sriov-vm=true | wc -w)" 1
qm_stop 111
wait_until 60 is_closed 0
check "the mirror is gone" equal "$(mirrors)" ""
check "the person's is not" equal "$(vsctl --bare --columns=name find Mirror name=mine)" mine

say "a mirror to a port that is not there yet"
qm_start 112
wait_until 60 cut_off "VM 112 (vm112), cut-off: mirror=tap9: bridge br0 has no such port"
ip link add tap9 type veth peer name seen9
for dev in tap9 seen9; do ip link set $dev up; done
vsctl add-port br0 tap9
wait_until 60 is_open 0
check "the mirror is there" equal "$(mirrors)" "ovs-sriov vm to tap9 "
guest_boots 112
ip -n vm112 addr add 10.30.0.112/24 dev net0
before=$(cat /sys/class/net/seen9/statistics/rx_packets)
wait_until 20 pings vm112 10.30.0.254 20
at_seen9() { at_least $(( $(cat /sys/class/net/seen9/statistics/rx_packets) - before )) 40; }
wait_until 10 at_seen9
vsctl del-port br0 tap9
wait_until 20 said "VM 112 is mirrored no more: bridge br0 has no port tap9 now"
check "it is open still" is_open 0
qm_stop 112
wait_until 60 is_closed 0
ip link del tap9

say "no burst"
qm_start 113
wait_until 60 cut_off "cut-off: mapping burst: burst=100: the NIC limits what a VM sends, and has no burst to set"
check "VF 0 is closed" link_is 0 0
kvm_dies 113
qm_cleanup 113
wait_until 60 is_closed 0

say "the NIC takes an address, and keeps the one that it had"
nic_knob 0 keep_macs 1
said_so_far
qm_start 114
wait_until 60 cut_off "VM 114 (vm114), cut-off: the NIC does not have the address that it was given"
check "it is said once" equal "$(tail -n "+$(( said_from + 1 ))" $vm_log | grep -c 'VM 114 is cut off')" 1
check "VF 0 is closed" link_is 0 0
nic_knob 0 keep_macs 0
kvm_dies 114
qm_cleanup 114
wait_until 60 is_closed 0
qm_start 114
wait_until 60 is_open 0
own=$(vf_mac 0)
check_fails "no address" equal "$own" 00:00:00:00:00:00

say "...and keeps that of a VM that has ended"
nic_knob 0 keep_macs 1
kvm_dies 114
qm_cleanup 114
wait_until 60 is_closed 0
check "the address" equal "$(vf_mac 0)" "$own"
qm_start 114
wait_until 60 is_open 0
nic_knob 0 keep_macs 0
kvm_dies 114
qm_cleanup 114
wait_until 60 is_closed 0
check "no address" equal "$(vf_mac 0)" 00:00:00:00:00:00

say "a VM that is migrated live has its configuration on the other node until that is over"
mkdir -p /etc/pve/nodes/pve1/qemu-server /etc/pve/nodes/pve2/qemu-server
qm_start 114
wait_until 60 is_open 0
own=$(vf_mac 0)
kvm_dies 114
qm_cleanup 114
wait_until 60 is_closed 0
qm_target 114
wait_until 60 is_open 0
check "VLAN" equal "$(vsctl get Port "$(rep 0 0)" tag)" 30
check "the address is as on the other node" equal "$(vf_mac 0)" "$own"
mv /etc/pve/nodes/pve2/qemu-server/114.conf /etc/pve/qemu-server/
kvm_dies 114
qm_cleanup 114
wait_until 60 is_closed 0

say "HA starts it here: its node is gone, and its configuration has come over"
mv /etc/pve/qemu-server/114.conf /etc/pve/nodes/pve2/qemu-server/
wait_until 20 is_closed 0
mv /etc/pve/nodes/pve2/qemu-server/114.conf /etc/pve/qemu-server/
qm_start 114
wait_until 60 is_open 0
check "VLAN" equal "$(vsctl get Port "$(rep 0 0)" tag)" 30
check "its address" equal "$(vf_mac 0)" "$own"

say "it is hibernated, and resumed when another VM has its VF"
# RunState.pm, vm_suspend(): kvm quits, and what its end has cleaned up is the reservation.
sed -i '1i lock: suspended\nvmstate: local:114/vm-114-state-suspend-2026-11-27.raw' /etc/pve/qemu-server/114.conf
kvm_dies 114
wait_until 60 is_closed 0
qm_cleanup 114
check "no address" equal "$(vf_mac 0)" 00:00:00:00:00:00
reserve "$(vf_pci 0 0)" 300 "time:$(( $(date +%s) + 600 ))"
qm_start 114
wait_until 60 is_open 1
check "VLAN" equal "$(vsctl get Port "$(rep 0 1)" tag)" 30
check "its address" equal "$(vf_mac 1)" "$own"
check_fails "VF 0 is open" link_is 0 1
reserve "$(vf_pci 0 0)"
kvm_dies 114
qm_cleanup 114
wait_until 60 is_closed 1

pid=$(cat /run/ovs-sriov-vm.pid)
check_fails "there are two" ovs-sriov vm
kill "$pid"
wait "$pid" 2>/dev/null || :
grep -v 'connect' $vm_log

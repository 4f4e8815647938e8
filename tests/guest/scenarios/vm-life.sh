#!/bin/bash
# VLAN and address of a VM of Proxmox VE follow it from one VF to another; a VF that no VM has is closed
# limit: 300
nic_up 3 0
. /host/guest/vm.sh
pve_up
rate_of() { devlink port function rate show "pci/$(pf_pci 0)/$(( $1 + 1 ))" | sed -n "s/.*$2 \([^ ]*\).*/\1/p"; }
mapping network "" 0 1 2
mapping vlan30 "web servers. ovs-sriov: vlan=30 rate=1000 share=200" 0 1 2
for vm in 201 202; do vm_config $vm "hostpci0: mapping=network"; done
vm_config 100 "hostpci0: mapping=vlan30,pcie=1"
# Reservations of others: another NIC's VF, one that expired, one whose number another process has now.
reserve 0000:fe:00.0 300 pid:1
reserve "$(vf_pci 0 2)" 301 time:100
reserve "$(vf_pci 0 1)" 302 "pid:$$"

bridge_up
vlan_device 30
vm_daemon_first 0 1 2
# It has none until somebody sets one.
own=$(vf_mac 2)
device=$(cat "/sys/class/net/$(vf 0 2)/address")

say "another VM has VF 0 and 1: VM 100 gets VF 2"
for vm in 201 202; do qm_start $vm; done
for v in 0 1; do wait_until 60 is_open $v; done
wire_sniff
t=$(uptime_ms)
qm_start 100
wait_until 60 is_open 2
say "open $(( $(uptime_ms) - t )) ms after qm start began"
guest_boots 100
ip -n vm100 addr add 10.30.0.100/24 dev net0
mac=$(ip netns exec vm100 cat /sys/class/net/net0/address)
check "its address is its own" equal "$(vf_mac 2)" "$mac"
check_fails "it is the VF's" equal "$mac" "$own"
check "VM 100 reaches VLAN 30" pings vm100 10.30.0.254 20
check "OVSDB has it" equal "$(vsctl get Interface "$(rep 0 2)" external_ids:vm-id external_ids:iface-status \
    external_ids:attached-mac | tr -d '"' | tr '\n' ' ')" "100 active $mac "
check "sriov/show has it" contains "$(ovs-appctl sriov/show)" "VM 100 (vm100), open: vlan=30 mac=$mac rate=1000 share=200"
check "ovs-sriov list has it" contains "$(sriov list)" "VM 100 (vm100), open: vlan=30 mac=$mac"
check "the NIC has its rate" equal "$(rate_of 2 tx_max) $(rate_of 2 tx_share)" "1Gbit 200Mbit"
hw_flow "$(rep 0 2)" "$(uplink 0)" | cut -c1-200
say "ovs-vswitchd and the daemon restart while it runs"
stop_vswitchd
start_vswitchd
wait_until 20 pings vm100 10.30.0.254 3
vm_daemon_kill
vm_daemon
wait_until 20 pings vm100 10.30.0.254 3
check "it is still open" is_open 2

say "kvm is killed: VF 2 is closed before Proxmox VE has cleaned up"
kvm_dies 100 KILL
wait_until 60 is_closed 2
check "the VF has its own address" equal "$(vf_mac 2)" "$own"
check "the NIC has no rate" equal "$(rate_of 2 tx_max) $(rate_of 2 tx_share)" " "
check_fails "a closed VF reaches something" ip netns exec vm100 ping -c 3 -i 0.2 -W 0.1 10.30.0.254
guest_gone 100
stop_vswitchd
start_vswitchd
wait_until 20 of_port "$(rep 0 2)"
check "closed after a restart" is_closed 2
qm_cleanup 100

say "VF 0 is free now: VM 100 gets it, with its address"
kvm_dies 201
qm_cleanup 201
wait_until 60 is_closed 0
qm_start 100
wait_until 60 is_open 0
guest_boots 100
ip -n vm100 addr add 10.30.0.100/24 dev net0
check "same address" equal "$(ip netns exec vm100 cat /sys/class/net/net0/address)" "$mac"
check "VM 100 reaches VLAN 30" pings vm100 10.30.0.254 20
wire_seen
say "frames of VM 100 on the wire: $(frames "$mac" 'vlan 30') in VLAN 30 of $(frames "$mac")"
check "frames in VLAN 30" at_least "$(frames "$mac" 'vlan 30')" 40
check "none elsewhere" equal "$(frames "$mac" 'vlan 30')" "$(frames "$mac")"
check "none of the closed VF" equal "$(frames "$device")" 0
qm_stop 100

say "settings that cannot be, two devices, an exception"
mapping bad "ovs-sriov: vlan=5000" 0 1 2
vm_config 103 "hostpci0: mapping=bad"
said_so_far
qm_start 103
wait_until 60 said "VM 103 is cut off: mapping bad: vlan=5000 is no VLAN from 1 to 4094"
wait_until 20 is_state 0 cut-off
check "it is cut off" link_is 0 0
check "sriov/show says why" contains "$(ovs-appctl sriov/show)" "VM 103 (vm103), cut-off: mapping bad: vlan=5000"
kvm_dies 103
qm_cleanup 103
wait_until 60 is_closed 0
printf '[vm 104]\ntrunks = 40,50\n[vm 104 hostpci1]\nmac = 02:00:00:00:77:01\n' >/etc/pve/sriov.conf
vm_config 104 "hostpci0: mapping=vlan30" "hostpci1: mapping=vlan30"
qm_start 104
for v in 0 2; do wait_until 60 is_open $v; done
check "VF 2 has the address of its section" equal "$(vf_mac 2)" 02:00:00:00:77:01
check "native and tagged VLANs" equal "$(vsctl get Port "$(rep 0 2)" vlan_mode tag trunks | tr '\n' ' ')" "native-untagged 30 [40, 50] "
kvm_dies 104
qm_cleanup 104
for v in 0 2; do wait_until 60 is_closed $v; done
kvm_dies 202
qm_cleanup 202

say "idle: no wake-up"
wait_until 60 is_closed 1
for v in 0 1 2; do link_is $v 0; done
pid=$(cat /run/ovs-sriov-vm.pid)
switches() { sed -n 's/^voluntary_ctxt_switches:[^0-9]*//p' "/proc/$pid/status"; }
quiet() { local n; n=$(switches); usleep 2000000; equal "$(switches)" "$n"; }
wait_until 20 quiet

say "nothing is configured any more, in a file system that is mounted there, as pmxcfs is: as it was"
cp -a /etc/pve /tmp/pve
printf 'network\n\tmap id=1b36:0010,node=pve1,path=%s\n' "$(vf_pci 0 0)" >/tmp/pve/mapping/pci.cfg
rm /tmp/pve/sriov.conf
mount -o bind /tmp/pve /etc/pve
for v in 0 1 2; do wait_until 60 link_is $v 1; done
wait_until 20 equal "$(vsctl --columns=tag,trunks,vlan_mode --format=csv --no-headings list Port "$(rep 0 1)")" '[],[],[]'
kill "$pid"
wait "$pid" 2>/dev/null || :
umount /etc/pve
cat $vm_log
quiet_log

#!/bin/bash
# the other node of vm-migrate-from
# limit: 500
nic_up 2 0
. /host/guest/vm.sh
pve_up
pve_cluster pve2
node_says cluster
bridge_up
vlan_device 30
vm_daemon_first 0 1
node_says moved
check "closed here as well" is_closed 0
mac=$(cat /run/common/mac)
qm_start 100
wait_until 60 is_open 0
check "VLAN" equal "$(vsctl get Port "$(rep 0 0)" tag)" 30
guest_boots 100
check "the address that it had there" equal "$(ip netns exec vm100 cat /sys/class/net/net0/address)" "$mac"
ip -n vm100 addr add 10.30.0.100/24 dev net0
wait_until 20 pings vm100 10.30.0.254 20
tell_node there

say "live, back"
node_says target
mv /etc/pve/nodes/pve2/qemu-server/100.conf /etc/pve/nodes/pve1/qemu-server/
guest_gone 100
kvm_dies 100
qm_cleanup 100
wait_until 60 is_closed 0
tell_node over
vm_daemon_kill
grep -v connect $vm_log
umount /run/common

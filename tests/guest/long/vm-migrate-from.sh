#!/bin/bash
# a VM is migrated to another node (vm-migrate-to, in another guest) and, live, back: closed here, open there
# limit: 500
nic_up 2 0
. /host/guest/vm.sh
pve_up
pve_cluster pve1
{
    printf 'vlan30\n\tdescription ovs-sriov: vlan=30\n'
    for node in pve1 pve2; do printf '\tmap id=1b36:0010,node=%s,path=%s\n' $node "$(vf_pci 0 0)" $node "$(vf_pci 0 1)"; done
} >/etc/pve/mapping/pci.cfg
vm_config 100 "hostpci0: mapping=vlan30"
# The first VF here is another VM's.
vm_config 200 "hostpci0: mapping=vlan30"
tell_node cluster
bridge_up
vlan_device 30
vm_daemon_first 0 1
qm_start 200
wait_until 60 is_open 0
qm_start 100
wait_until 60 is_open 1
mac=$(vf_mac 1)
echo "$mac" >/run/common/mac

say "offline: it ends here, and its configuration goes to the other node"
kvm_dies 100
qm_cleanup 100
wait_until 60 is_closed 1
mv /etc/pve/nodes/pve1/qemu-server/100.conf /etc/pve/nodes/pve2/qemu-server/
tell_node moved
node_says there
check "closed here" is_closed 1

say "live, back: it is started here while its configuration is the other node's"
conf_of=/etc/pve/nodes/pve2/qemu-server
qm_start 100
conf_of=
wait_until 60 is_open 1
check "its address" equal "$(vf_mac 1)" "$mac"
tell_node target
node_says over
check "open still" is_open 1
check "its configuration is here" test -e /etc/pve/qemu-server/100.conf
guest_boots 100
check "its address, in the VM" equal "$(ip netns exec vm100 cat /sys/class/net/net0/address)" "$mac"
ip -n vm100 addr add 10.30.0.100/24 dev net0
wait_until 20 pings vm100 10.30.0.254 20
qm_stop 100
wait_until 60 is_closed 1
vm_daemon_kill
grep -v connect $vm_log
umount /run/common

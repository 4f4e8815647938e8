#!/bin/bash
# VFs that a VM or a container has are left alone, unless --force says otherwise
# guest: iommu=1
nic_load
sriov_conf <<END
[$(pf_pci 0)]
vfs = 3
END
sriov apply || fail "cannot be applied"
vf0=$(vf_pci 0 0)
rep_ifindex() { cat /sys/class/net/ovs-sw1pf0vf0/ifindex; }

say "as a VM does"
vfio_bind "$vf0"
check "for a VM" contains "$(sriov list)" "reserved for VMs (driver vfio-pci)"
vfio_open "$vf0"
check "in a VM" contains "$(sriov list)" "a VM has it (bash, process $$)"
before=$(rep_ifindex)

say "what would disturb it is refused"
sed -i 's/^vfs = .*/vfs = 4/' /etc/openvswitch/sriov.conf
check_fails "a refusal is a failure" sriov apply
check "the reason" contains "$(sriov apply 2>&1)" "$(pf_pci 0): 4 VFs: FAILED: VF 0 ($vf0): a VM has it (bash, process $$); free them"
check "also in a dry run" contains "$(sriov apply -n 2>&1)" "impossible: VF 0"
sed -i 's/^vfs = .*/vfs = 3\nmode = legacy/' /etc/openvswitch/sriov.conf
check "no other mode" contains "$(sriov apply 2>&1)" "eswitch mode legacy: FAILED: VF 0 ($vf0): a VM has it"
check "nothing happened" equal "$(rep_ifindex)" "$before"

say "what does not, is done for the others"
sriov_conf <<END
[$(pf_pci 0)]
vfs = 3
mac = 02:00:00:00:01:00
END
old=$(devlink port function show "pci/$(pf_pci 0)/1" 2>/dev/null || devlink port show "pci/$(pf_pci 0)/1")
sriov apply >/tmp/out 2>&1 || { cat /tmp/out; fail "a VF that is left alone is a failure"; }
cat /tmp/out
check "said so" contains "$(cat /tmp/out)" "left alone: VF 0 ($vf0): a VM has it"
check "VF 0 is as it was" equal "$(devlink port function show "pci/$(pf_pci 0)/1" 2>/dev/null || devlink port show "pci/$(pf_pci 0)/1")" "$old"
check "VF 0 has its driver" equal "$(driver_of "$vf0")" vfio-pci
check "VF 1 has its address" equal "$(cat "/sys/class/net/$(vf 0 1)/address")" 02:00:00:00:01:01
vfio_close

say "in another network namespace"
echo "$vf0" >"/sys/bus/pci/devices/$vf0/driver/unbind"
echo >"/sys/bus/pci/devices/$vf0/driver_override"
sed -i 's/^vfs = .*/vfs = 1/' /etc/openvswitch/sriov.conf
vf_up 0 1
check "a container has it" contains "$(sriov apply 2>&1)" "VF 1 ($(vf_pci 0 1)): its network device is in another network namespace"
check "VFs are as they were" equal "$(cat "/sys/bus/pci/devices/$(pf_pci 0)/sriov_numvfs")" 3
sriov apply --force || fail "not even so"
check "told to" equal "$(cat "/sys/bus/pci/devices/$(pf_pci 0)/sriov_numvfs")" 1

say "VFs that vfio-pci gets as soon as they are made, which nobody can have yet"
sriov_conf <<END
[$(pf_pci 1)]
vfs = 2
mac = 02:00:00:00:02:00
END
echo 1b36 0010 >/sys/bus/pci/drivers/vfio-pci/new_id
sriov apply || fail "cannot be applied"
echo 1b36 0010 >/sys/bus/pci/drivers/vfio-pci/remove_id
for v in 0 1; do
    check "driver of VF $v" equal "$(driver_of "$(vf_pci 1 $v)")" vfio-pci
    check "address of VF $v" contains "$(devlink port show "pci/$(pf_pci 1)/$(( v + 1 ))")" "hw_addr 02:00:00:00:02:0$v"
done

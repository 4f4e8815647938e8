#!/bin/bash
# 64 VFs on one PF: names, and addresses of all of them, and nothing left to do
# guest: vfs=127
# limit: 400
udev_start
nic_load plain_names=1
udev_settle
sriov_conf <<END
[$(pf_pci 0)]
vfs = 64
mtu = 9000
mac = 02:00:00:00:01:00
END
sriov apply || fail "cannot be applied"
say applied
check "names" equal "$(representors | grep -c '^ovs-sw1pf0vf[0-9]*$')" 64
check "the last address" equal "$(cat "/sys/bus/pci/devices/$(vf_pci 0 63)"/net/*/address)" 02:00:00:00:01:3f
check "mtu" equal "$(cat /sys/class/net/ovs-sw1pf0vf*/mtu | sort | uniq -c | tr -s ' ')" " 64 9000"
check "nothing is left to do" equal "$(sriov apply)" "nothing to do"
check "the list has all" equal "$(sriov --json list | grep -c '"ovs-sw1pf0vf[0-9]*"')" 64

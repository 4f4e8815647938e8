#!/bin/bash
# other names for representors that are ports and up: done, the ports go along, and one that cannot be holds up nothing
# limit: 240
udev_start
nic_load plain_names=1
udev_settle
sriov_conf <<END
[$(pf_pci 0)]
vfs = 4
names = keep
END
check "apply" sriov apply
udev_settle
bridge_up
wait_until 20 agrees br0
vf_up 0 1
vsctl set Port "$(rep 0 0)" tag=7 other_config:a-person=was-here
settings=$(vsctl get Port "$(rep 0 0)" tag other_config)

say "this kernel refuses to rename what is up"
check_fails "it does not: what would this prove?" ip link set "$(rep 0 0)" name some-name

say "VF 1 is in use, and VF 2's name another device's"
ip link add r2 type dummy
cat >>/etc/openvswitch/sriov.conf <<END
mac = 02:00:00:00:01:00
END
sed -i 's/^names = .*/names = r{vf}/' /etc/openvswitch/sriov.conf
status=0
sriov apply >/tmp/out 2>&1 || status=$?
cat /tmp/out
check "it is no success" at_least $status 1
check "which one" contains "$(grep 'FAILED' /tmp/out)" "VF 2 ($(vf_pci 0 2), $(rep 0 2))"
check "one that is in use" contains "$(cat /tmp/out)" "left alone: VF 1 ($(vf_pci 0 1))"
check "addresses are done" equal "$(grep -c 'addresses of VFs: .*: done' /tmp/out)" 1
for name in r0 "$(rep 0 1)" "$(rep 0 2)" r3; do check "representors" exists "$name"; done
wait_until 20 agrees br0
ip link del r2

say "then it can be"
sriov apply >/tmp/out 2>&1 || { cat /tmp/out; fail "apply"; }
cat /tmp/out
check "and is" exists r2
check "VF 1 has what it had" exists "$(rep 0 1)"
wait_until 20 agrees br0
check "the port's settings" equal "$(vsctl get Port r0 tag other_config)" "$settings"
check "nothing is left to do" contains "$(sriov apply 2>/dev/null)" "nothing to do"
vf_up 0 2
expect_offloaded vf0.1 vf0.2 "$(vf_ip 0 2)" "$(rep 0 1)" r2

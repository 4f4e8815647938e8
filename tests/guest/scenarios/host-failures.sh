#!/bin/bash
# a NIC that refuses switchdev, that has fewer VFs than asked, that comes after boot: said so, and a second run finishes
# limit: 240
udev_start
sriov_conf <<END
[$(pf_pci 0)]
vfs = 2
[$(pf_pci 1)]
vfs = 2
END

say "not there yet"
sriov apply >/tmp/out 2>&1 || fail "a NIC that is not there is a failure"
check "said so" contains "$(cat /tmp/out)" "$(pf_pci 0): left alone: there is no such PF"
nic_load
udev_settle
for p in 0 1; do
    check "udev asks for the unit of PF $p" contains "$(udevadm info -q property "/sys/bus/pci/devices/$(pf_pci $p)")" \
        "SYSTEMD_WANTS=ovs-sriov@$(pf_pci $p).service"
done
check "not for a VF, later" sriov apply "$(pf_pci 0)"
udev_settle
check_fails "but here" grep -q SYSTEMD_WANTS <(udevadm info -q property "/sys/bus/pci/devices/$(vf_pci 0 0)")
check "the one PF" equal "$(representors | sort | tr '\n' ' ')" "ovs-sw1pf0vf0 ovs-sw1pf0vf1 "

say "refuses switchdev"
nic_unload
nic_load
udev_settle
nic_knob 0 refuse_switchdev 5
check_fails "a failure" sriov apply
sriov apply >/tmp/out 2>&1 || :
cat /tmp/out
check "the kernel's words" contains "$(cat /tmp/out)" \
    "$(pf_pci 0): eswitch mode switchdev: FAILED: mlx5_core: Failed setting eswitch to offloads (Input/output error)"
check "what is not done" contains "$(cat /tmp/out)" "$(pf_pci 0): 2 VFs: not done"
check "the other PF is" exists ovs-sw2pf1vf1
check "no VFs in legacy mode" equal "$(cat "/sys/bus/pci/devices/$(pf_pci 0)/sriov_numvfs")" 0
nic_knob 0 refuse_switchdev 0
sriov apply || fail "a second run does not finish"
check "both" equal "$(representors | sort | tr '\n' ' ')" "ovs-sw1pf0vf0 ovs-sw1pf0vf1 ovs-sw2pf1vf0 ovs-sw2pf1vf1 "

say "fewer VFs than asked"
sed -i '2s/.*/vfs = 99/' /etc/openvswitch/sriov.conf
check_fails "a failure" sriov apply
check "how many" contains "$(sriov apply 2>&1)" "$(pf_pci 0): 99 VFs: FAILED: it can have 8 at most"
check "those there are stay" exists ovs-sw1pf0vf1
nic_unload
nic_load
udev_settle
sriov apply || :
check "the mode is set" contains "$(devlink dev eswitch show "pci/$(pf_pci 0)")" "mode switchdev"

say "an error in the file"
sed -i 's/^vfs = 99/vfs = some/' /etc/openvswitch/sriov.conf
check_fails "a failure" sriov apply
check "where" contains "$(sriov apply 2>&1)" '/etc/openvswitch/sriov.conf:2: vfs: "some" is no number'

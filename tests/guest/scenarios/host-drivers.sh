#!/bin/bash
# drivers that do it in another way: no VFs while the uplink is down, the mode without VFs only, with VFs only; names that are taken; a signal
# limit: 320
numvfs() { cat "/sys/bus/pci/devices/$(pf_pci 0)/sriov_numvfs"; }
reload() { nic_unload; nic_load plain_names=1 "$@"; udev_settle; }

udev_start
nic_load plain_names=1 vfs_need_up=1
udev_settle
sriov_conf <<END
[$(pf_pci 0)]
vfs = 3
END

say "no VFs while the uplink is down, and the driver says that all is well"
ip link set "$(uplink 0)" down
sriov apply >/tmp/out 2>&1 || fail "$(cat /tmp/out)"
cat /tmp/out
check "there are VFs" equal "$(numvfs)" 3
check "said how" contains "$(cat /tmp/out)" "3 VFs: done, after its network device was set up"
check "nothing is left" contains "$(sriov apply)" "nothing to do"

say "the mode changes without VFs only"
reload mode_needs_no_vfs=1
nic_vfs 0 3
udev_settle
sriov apply >/tmp/out 2>&1 || fail "$(cat /tmp/out)"
cat /tmp/out
check "switchdev" contains "$(devlink dev eswitch show "pci/$(pf_pci 0)")" "mode switchdev"
check "the VFs are back" equal "$(numvfs)" 3
check "nothing is left" contains "$(sriov apply)" "nothing to do"

say "and with VFs only"
reload mode_needs_vfs=1 driver=bnxt_en
nic_knob 0 refuse_switchdev 1
check_fails "it is refused with VFs as well" sriov apply
check "none are left behind" equal "$(numvfs)" 0
nic_knob 0 refuse_switchdev 0
sriov apply >/tmp/out 2>&1 || fail "$(cat /tmp/out)"
cat /tmp/out
check "switchdev" contains "$(devlink dev eswitch show "pci/$(pf_pci 0)")" "mode switchdev"
check "the VFs" equal "$(numvfs)" 3
check "nothing is left" contains "$(sriov apply)" "nothing to do"

say "a driver that refuses the mode gets no VFs for that"
reload
nic_knob 0 refuse_switchdev 1
check_fails "it is refused" sriov apply
check "there are none" equal "$(numvfs)" 0

say "a name that the uplink has holds nothing else up"
reload
sriov_conf <<END
[$(pf_pci 0)]
vfs = 2
mtu = 2000
mac = 02:00:00:00:01:00
names = $(uplink 0 | sed 's/[0-9]*$/{vf}/')
END
SECONDS=0
check_fails "a failure" sriov apply
sriov apply >/tmp/out 2>&1 || :
cat /tmp/out
check "in time" test "$SECONDS" -lt 55
check "said which" contains "$(cat /tmp/out)" "$(uplink 0) is the name of $(pf_pci 0)"
check "the mtu" equal "$(cat "/sys/class/net/$(uplink 0)/mtu")" 2000

say "a section above another renames nothing"
reload
sriov_conf <<END
[$(pf_pci 1)]
vfs = 1
END
sriov apply || fail "does not apply"
before=$(representors)
sed -i "1i[$(pf_pci 0)]\nvfs = 0" /etc/openvswitch/sriov.conf
sriov apply || fail "does not apply"
check "the same names" equal "$(representors)" "$before"

say "a signal"
kill_apply() { sriov apply >/tmp/out 2>&1 & kill -TERM $!; wait $!; }
sed -i 's/vfs = 0/vfs = 4/' /etc/openvswitch/sriov.conf
kill_apply || :
cat /tmp/out
sriov apply || fail "does not go on"
check "all VFs" equal "$(numvfs)" 4
for vf in 0 1 2 3; do
    check "VF $vf has its driver" test -e "/sys/bus/pci/devices/$(vf_pci 0 $vf)/driver"
done

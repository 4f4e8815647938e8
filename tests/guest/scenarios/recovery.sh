#!/bin/bash
# a driver that recovers from a failure begins in legacy mode: switchdev mode is set again, though a VM and a container have VFs
# guest: iommu=1
# limit: 300
udev_start
nic_load
udev_settle
sriov_conf <<END
[$(pf_pci 0)]
vfs = 3
mac = 02:00:00:00:01:00

[$(pf_pci 1)]
END
sriov apply || fail "cannot be applied"
wire_up 0
for p in 0 1; do ip link set "$(uplink $p)" up; done
bridge_up 0 1
rep() { echo "ovs-sw1pf0vf$1"; }
vf_up 0 1
wait_until 20 rep_ports br0 3
wait_until 20 pings vf0.1 "$(wire_ip 0)"

vf0=$(vf_pci 0 0)
vfio_bind "$vf0"
vfio_open "$vf0"
user="VF 0 ($vf0): a VM has it (bash, process $$)"
check "in a VM" contains "$(sriov list)" "a VM has it (bash, process $$)"
settings() { vsctl --columns=_uuid,name,tag,external_ids list Port "$(rep 0)" "$(rep 1)" "$(rep 2)"; }
vsctl set Port "$(rep 0)" tag=7 -- set Interface "$(rep 0)" ofport_request=70
before=$(settings)
has_its_number() { equal "$(vsctl get Interface "$(rep 0)" ofport)" 70; }
wait_until 20 has_its_number
wanted() { udevadm info -q property "/sys/class/net/$(uplink 0)" | grep -qx "SYSTEMD_WANTS=ovs-sriov@$(pf_pci 0).service"; }
udev_settle
check_fails "nobody wants anything of udev" wanted

say "the mode is legacy, and an event tells of it"
nic_knob 0 recover 1
check "mode" contains "$(devlink dev eswitch show "pci/$(pf_pci 0)")" "mode legacy"
check "a reason" contains "$(sriov check 2>&1)" "eswitch mode legacy: its driver has given up switchdev mode"
wait_until 20 wanted
check "not for its other PF" equal "$(udevadm info -q property "/sys/class/net/$(uplink 1)" | grep -c SYSTEMD_WANTS)" 0

say "what the unit does"
sriov apply "$(pf_pci 0)" || fail "cannot be applied"
wait_until 20 rep_ports br0 3
check "the VM has its VF" equal "$(driver_of "$vf0")" vfio-pci
check "the free one has its driver" equal "$(driver_of "$(vf_pci 0 2)")" "$(driver_of "$(pf_pci 0)")"
check "ports are as they were" equal "$(settings)" "$before"
wait_until 20 has_its_number
wait_until 20 pings vf0.1 "$(wire_ip 0)"
expect_offloaded vf0.1 wire0 "$(wire_ip 0)" "$(rep 1)" "$(uplink 0)"
check "nothing is left to do" equal "$(sriov apply 2>&1)" "nothing to do"

say "no more is asked of udev when the mode cannot be set"
stop_ovs
nic_knob 0 refuse_switchdev 5
nic_knob 0 recover 1
wait_until 20 wanted
check_fails "it is refused" sriov apply "$(pf_pci 0)"
nic_knob 0 recover 1
udev_settle
check_fails "udev wants it again" wanted
nic_knob 0 refuse_switchdev 0
sriov apply || fail "a person cannot have it applied"
check "no port of the other PF was touched" equal "$(udevadm info -q property "/sys/class/net/$(uplink 1)" | grep -c SYSTEMD_WANTS)" 0

say "VFs that somebody uses in legacy mode by intent are left alone"
sed -i 's/^vfs = 3/&\nmode = legacy/' /etc/openvswitch/sriov.conf
check "users" contains "$(sriov apply 2>&1)" "eswitch mode legacy: FAILED: $user"
sriov apply --force || fail "not even so"
sed -i '/^mode = legacy/d' /etc/openvswitch/sriov.conf
check "users" contains "$(sriov apply 2>&1)" "eswitch mode switchdev: FAILED: VF 0 ($vf0): "
nic_knob 0 recover 1
udev_settle
check_fails "udev wants nothing" wanted

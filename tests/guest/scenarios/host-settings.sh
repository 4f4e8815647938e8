#!/bin/bash
# addresses, trust, spoofchk, steering, multiport; VFs that a driver has when the mode changes; changes, one by one
udev_start
nic_load lag_needs_unbound=1
udev_settle
# Multiport needs both PFs in switchdev mode.
nic_switchdev 1
nic_vfs 0 4
udev_settle
check "VFs have a driver" exists "$(vf 0 3)"
ip link set "$(vf 0 3)" up
vf_mac() { cat "/sys/class/net/$(vf 0 "$1")/address"; }
param() { devlink dev param show "pci/$(pf_pci "$1")" name "$2" | grep -o 'value [a-z]*'; }
mode() { devlink dev eswitch show "pci/$(pf_pci "$1")" | grep -o 'mode [a-z]*' | head -n 1; }
vf_flags() { ip link show "$(uplink 1)" | grep "^ *vf $1 "; }
conf() {
    sriov_conf <<END
[$(pf_pci 0)]
vfs = 4
mac = 02:00:00:00:01:fe
steering = $1
multiport = on
END
}

say "legacy to switchdev with VFs"
conf smfs
printf "trust = on\nspoofchk = on\n" >>/etc/openvswitch/sriov.conf
sriov apply >/tmp/steps || { cat /tmp/steps; fail "cannot be applied"; }
cat /tmp/steps
check "order" equal "$(grep -v 'left alone' /tmp/steps | cut -d' ' -f2- | cut -d: -f1 | tr '\n' ',')" \
    "take VFs from their drivers,steering smfs,eswitch mode switchdev,multiport on,wait for 4 representors,names of representors,addresses of VFs,give VFs back to drivers,"
check "trust is refused" contains "$(sriov apply -n 2>&1)" "trust on for VFs: left alone: driver mlx5_core refuses it in switchdev mode"
check "mode" equal "$(mode 0)" "mode switchdev"
check "steering" equal "$(param 0 flow_steering_mode)" "value smfs"
check "multiport" equal "$(param 0 esw_multiport)" "value true"
wait_until 10 exists "$(vf 0 3)"
check "the address of the first" equal "$(vf_mac 0)" 02:00:00:00:01:fe
check "the address of the last" equal "$(vf_mac 3)" 02:00:00:00:02:01
conf smfs
check "nothing is left to do" equal "$(sriov apply)" "nothing to do"

say "one setting changes, and by another's hand"
devlink port function set "pci/$(pf_pci 0)/2" hw_addr 02:00:00:00:09:09
check "just this VF's" equal "$(sriov apply)" "$(pf_pci 0): addresses of VFs: 02:00:00:00:01:fe to 02:00:00:00:02:01: done"
check "address" equal "$(vf_mac 1)" 02:00:00:00:01:ff
ip link set "ovs-sw1pf0vf0" name other
check "just the name" equal "$(sriov apply)" "$(pf_pci 0): names of representors: ovs-sw{switch}{port}: done"
check "name" exists ovs-sw1pf0vf0

say "steering can change in legacy mode only"
conf dmfs
sriov apply || fail "cannot be applied"
check "steering" equal "$(param 0 flow_steering_mode)" "value dmfs"
check "mode" equal "$(mode 0)" "mode switchdev"
check "representors are back under their names" exists ovs-sw1pf0vf3
check "VFs have their drivers" exists "$(vf 0 0)"
check "a value that the NIC does not know" contains "$(conf fast; sriov apply 2>&1)" \
    'steering fast: FAILED: mlx5_core: Bad parameter: supported values are ["dmfs", "smfs"] (Invalid argument)'
check "VFs have their drivers after a failure, too" exists "$(vf 0 0)"
conf dmfs
sriov apply || fail "a second run does not finish"
check "mode" equal "$(mode 0)" "mode switchdev"

say "a NIC that has rules loses nothing over another steering with another number of VFs"
conf smfs
sed -i 's/^vfs = .*/vfs = 2/' /etc/openvswitch/sriov.conf
tc qdisc add dev "$(uplink 0)" ingress
tc filter add dev "$(uplink 0)" ingress prio 1 protocol all flower skip_sw dst_mac 02:00:00:00:00:01 action drop
check_fails "busy" sriov apply
wait_until 10 exists "$(vf 0 3)"
check "VFs" equal "$(representors 0 | wc -l)" 4
check "steering" equal "$(param 0 flow_steering_mode)" "value dmfs"
check "mode" equal "$(mode 0)" "mode switchdev"
tc qdisc del dev "$(uplink 0)" ingress
sriov apply || fail "cannot be applied"
check "VFs" equal "$(representors 0 | wc -l)" 2
check "steering" equal "$(param 0 flow_steering_mode)" "value smfs"
conf dmfs
sriov apply || fail "cannot be applied"

say "another number of VFs"
sed -i 's/^vfs = .*/vfs = 2/' /etc/openvswitch/sriov.conf
sriov apply || fail "cannot be applied"
check "VFs" equal "$(representors 0 | sort | tr '\n' ' ')" "ovs-sw1pf0vf0 ovs-sw1pf0vf1 "
check "address" equal "$(vf_mac 1)" 02:00:00:00:01:ff

say "multiport changes while VFs have drivers, and the firmware wants them to have none"
check_fails "refused while they have" nic_multiport 0 false
sed -i 's/^multiport = .*/multiport = off/' /etc/openvswitch/sriov.conf
check "off" equal "$(sriov apply | cut -d' ' -f2- | cut -d: -f1 | tr '\n' ',')" "take VFs from their drivers,multiport off,give VFs back to drivers,"
check "multiport" equal "$(param 0 esw_multiport)" "value false"
sed -i 's/^multiport = .*/multiport = on/' /etc/openvswitch/sriov.conf
sriov apply || fail "cannot be applied"
check "multiport" equal "$(param 0 esw_multiport)" "value true"
check "VFs have their drivers" exists "$(vf 0 1)"
check "nothing is left to do" equal "$(sriov apply)" "nothing to do"

say "trust and spoofchk, in legacy mode"
legacy() {
    sriov_conf <<END
[$(pf_pci 1)]
mode = legacy
vfs = 2
trust = $1
spoofchk = on
END
}
legacy on
sriov apply || fail "cannot be applied"
check "trust" contains "$(vf_flags 1)" "trust on"
check "spoofchk" contains "$(vf_flags 0)" "spoof checking on"
check "nothing is left to do" equal "$(sriov apply)" "nothing to do"
legacy off
check "just this step" equal "$(sriov apply)" "$(pf_pci 1): trust off for VFs: done"
check "trust" contains "$(vf_flags 0)" "trust off"

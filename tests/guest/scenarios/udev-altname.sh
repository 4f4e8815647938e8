#!/bin/bash
# a port whose device has its name as an alternative one only, as udev gives it before it renames, waits for the rename
udev_start
nic_load plain_names=1
udev_settle
nic_switchdev 0
wire_up 0
ip link set "$(uplink 0)" up
bridge_up
nic_vfs 0 2
vfs_up 0 0 1
wait_until 20 agrees br0
ip netns del vf0.0
ip netns del vf0.1

say "back, while udev is at work"
: >/run/wait
udev_rules <<'EOF'
SUBSYSTEM=="net", ACTION=="add", ATTR{phys_port_name}=="pf0vf*", PROGRAM="/bin/sh -c 'while [ -e /run/wait ]; do usleep 50000; done'"
EOF
nic_vfs 0 0
nic_vfs 0 2
waits() { equal "$(ovs-appctl sriov/show | grep -c "pf0vf$1 .*eth[0-9]")" 1; }
wait_until 10 waits 0
wait_until 10 waits 1
# This is what udev does a moment before it renames.
for v in 0 1; do
    dev=$(basename "$(dirname "$(grep -lx "pf0vf$v" /sys/class/net/eth*/phys_port_name)")")
    ip link property add dev "$dev" altname "$(rep 0 $v)"
done
told() { ovs-vsctl --bare --columns=error find Interface "name=$(rep 0 "$1")" | grep -q "alternative name of eth"; }
# Open vSwitch looks again at all that it lacks each time.
for i in 1 2 3 4 5; do
    vsctl set Bridge br0 external_ids:look=$i
    check "Open vSwitch waits for the rename" told 0
    check "Open vSwitch waits for the rename" told 1
done
rm /run/wait
wait_until 30 agrees br0
vfs_up 0 0 1
expect_offloaded vf0.0 vf0.1 "$(vf_ip 0 1)" "$(rep 0 0)" "$(rep 0 1)"

say "a person asks for a port by an alternative name"
ip link add plain0 type dummy
ip link property add dev plain0 altname nickname0
has_port() { ovs-appctl dpctl/show | grep -q ": $1\$"; }
vsctl add-port br0 nickname0
check "says what to do" grep -q "nickname0 is an alternative name of plain0" <(ovs-vsctl show)
vsctl del-port nickname0
vsctl add-port br0 plain0
check "takes the device's own" has_port plain0
quiet_log

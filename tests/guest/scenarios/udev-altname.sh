#!/bin/bash
# a port that waits for its device finds it by an alternative name, before udev renames it: it is a port all the same
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
vsctl set Bridge br0 external_ids:look=again
found() { sed "1,/: deleted interface/d" /run/ovs/ovs-vswitchd.log | grep -q "added ingress qdisc to $(rep 0 0)"; }
wait_until 10 found
rm /run/wait
wait_until 30 agrees br0
vfs_up 0 0 1
expect_offloaded vf0.0 vf0.1 "$(vf_ip 0 1)" "$(rep 0 0)" "$(rep 0 1)"

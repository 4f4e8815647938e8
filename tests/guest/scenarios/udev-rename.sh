#!/bin/bash
# the how-to's udev rule: representors become ports once udev is done with them, under its name, and never under another
# limit: 300
udev_start
nic_load plain_names=1
udev_settle
# The how-to's, after one that takes as long as the scenario says.
udev_rules <<EOF
SUBSYSTEM=="net", ACTION=="add", ATTR{phys_port_name}=="pf*vf*", PROGRAM="/bin/sh -c 'while [ -e /run/wait ]; do usleep 50000; done'"
SUBSYSTEM=="net", ACTION=="add", ATTR{phys_switch_id}=="$(cat "/sys/class/net/$(uplink 0)/phys_switch_id")", ATTR{phys_port_name}!="p[0-9]*", ATTR{phys_port_name}!="", NAME="ovs-sw1\$attr{phys_port_name}"
EOF
rep() { echo "ovs-sw1pf$(pf_port "$1")vf$2"; }
for p in 0 1; do
    nic_switchdev $p
    wire_up $p
    ip link set "$(uplink $p)" up
done
bridge_up 0 1
names_watch

say "a rule that takes its time"
: >/run/wait
nic_vfs 0 2
waits() { equal "$(ovs-appctl sriov/show | grep -c "eth[0-9]* .*not added yet: waits for udev")" 2; }
wait_until 10 waits
check "no port yet" equal "$(vsctl list-ports br0 | sort | tr '\n' ' ')" "$(uplink 0) $(uplink 1) "
rm /run/wait
vfs_up 0 0 1
wait_until 20 agrees br0
expect_offloaded vf0.0 vf0.1 "$(vf_ip 0 1)" "$(rep 0 0)" "$(rep 0 1)"
expect_offloaded vf0.0 wire0 "$(wire_ip 0)" "$(rep 0 0)" "$(uplink 0)"

say "NetworkManager leaves representors alone, and only these"
unmanaged() { udevadm info -q property "/sys/class/net/$1" | grep -qx NM_UNMANAGED=1; }
for dev in "$(rep 0 0)" "$(rep 0 1)"; do
    wait_until 10 unmanaged "$dev"
    udevadm trigger -c change "/sys/class/net/$dev"
    udev_settle
    check "after an event of another kind" unmanaged "$dev"
done
check_fails "the uplink is managed" unmanaged "$(uplink 0)"

say "16 at once, again and again"
ip netns del vf0.0
ip netns del vf0.1
for i in 1 2 3 4; do
    for p in 0 1; do nic_vfs $p 0; done
    for p in 0 1; do nic_vfs $p 8; done
    wait_until 60 rep_ports br0 16
    wait_until 20 agrees br0
done

names_seen
check "under the rule's name" grep -q "insert,.*$(rep 1 7)" /tmp/names
check "the kernel had another" contains "$(dmesg)" "$(rep 1 7): renamed from eth"
check "no port ever had that one" equal "$(grep 'eth[0-9]' /tmp/names)" ""
check "nor did the datapath" equal "$(grep 'eth[0-9]' /run/ovs/ovs-vswitchd.log)" ""
quiet_log

#!/bin/bash
# udev's own names; udev restarted, killed while a rule runs, and absent: every representor becomes a port all the same
# limit: 240
udev_start
nic_load plain_names=1
udev_settle
nic_switchdev 0
wire_up 0
ip link set "$(uplink 0)" up
bridge_up
names_watch

say "the names that udev gives by itself"
nic_vfs 0 2
vfs_up 0 0 1
wait_until 20 agrees br0
expect_offloaded vf0.0 vf0.1 "$(vf_ip 0 1)" "$(rep 0 0)" "$(rep 0 1)"

say "restarted"
udev_stop
udev_start
wait_until 20 agrees br0
ip netns del vf0.0
ip netns del vf0.1
nic_vfs 0 0
nic_vfs 0 3
wait_until 20 rep_ports br0 3
wait_until 20 agrees br0

say "killed while a rule runs, and started again"
: >/run/wait
udev_rules <<'EOF'
SUBSYSTEM=="net", ACTION=="add", ATTR{phys_port_name}=="pf0vf*", PROGRAM="/bin/sh -c 'while [ -e /run/wait ]; do usleep 50000; done'"
EOF
nic_vfs 0 0
nic_vfs 0 4
waits() { equal "$(ovs-appctl sriov/show | grep -c "pf0vf3 .*eth[0-9]* .*not added yet: waits for udev")" 1; }
wait_until 10 waits
kill -9 "$(cat /run/udevd.pid)"
# Its worker lives on, and may still do its work.
check "it waits still" waits
rm /run/wait
udev_start
vfs_up 0 2 3
wait_until 20 agrees br0
names_seen
check "all the time under udev's names" equal "$(grep 'eth[0-9]' /tmp/names)" ""
ip netns del vf0.2
ip netns del vf0.3

say "absent: the kernel's names are good enough"
udev_stop
nic_vfs 0 0
nic_vfs 0 2
# Ports of those that do not come back go after 30 seconds.
wait_until 60 agrees br0
kernel_name() { equal "$(representors 0 | grep -c '^eth')" 2; }
check "the kernel's names" kernel_name

say "udev comes, and names what can be renamed"
for dev in $(representors 0); do ip link set "$dev" down; done
udev_start
for dev in "$(rep 0 0)" "$(rep 0 1)"; do
    wait_until 20 exists "$dev"
    ip link set "$dev" up
done
wait_until 20 agrees br0
vfs_up 0 0 1
expect_offloaded vf0.0 vf0.1 "$(vf_ip 0 1)" "$(rep 0 0)" "$(rep 0 1)"
quiet_log

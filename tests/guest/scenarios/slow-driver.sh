#!/bin/bash
# while a driver holds its lock for 8 s, ovs-vswitchd goes on: LACP of another NIC loses nothing, and commands are answered
# guest: vfs=8 cards=2
# limit: 300
delay=8000
ours=${PATH%%:*}
nic_load
for p in 0 1; do nic_switchdev $p; ip link set "$(uplink $p)" up; done
nic_vfs 0 1
nic_vfs 2 2

# The partner: a Linux bond at the far end, which counts each loss.
ip netns add far
ip -n far link set lo up
ip -n far link add lb type bond mode 802.3ad lacp_rate fast miimon 100
for p in 0 1; do
    ip link set wire$p netns far
    ip -n far link set wire$p master lb
done
ip -n far link set lb up
ip -n far addr add 10.9.0.1/24 dev lb
partner() { ip netns exec far cat /proc/net/bonding/lb; }
partner_whole() {
    contains "$(partner)" "Number of ports: 2" && ! contains "$(partner)" "Partner Mac Address: 00:00:00:00:00:00" >/dev/null
}
negotiated() {
    contains "$(ovs-appctl bond/show bond1)" "lacp_status: negotiated" \
        && equal "$(ovs-appctl bond/show bond1 | grep -c '^member .*: enabled')" 2
}

# The NIC whose driver is slow is on another bridge.
bridges() {
    vsctl add-br vmbr1 -- add-bond vmbr1 bond1 "$(uplink 0)" "$(uplink 1)" lacp=active bond_mode=balance-tcp \
        other_config:lacp-time=fast -- add-br vmbr2 -- add-port vmbr2 "$(uplink 2)"
    ip link set vmbr1 up
    ip addr add 10.9.0.2/24 dev vmbr1
    wait_until 60 negotiated
    wait_until 60 partner_whole
}

# slow_mode_change WHO: changes the mode of PF 2, which takes so long, and looks on meanwhile. Sets $looks (how many times the
# daemon answered, and was asked for the partner's view), $broken (times the bond was not whole), $slowest (ms), $interval (ms).
slow_mode_change() {
    local lines a b pid
    lines=$(wc -l <"$vswitchd_log")
    looks=0 broken=0 slowest=0
    nic_knob 2 mode_delay $delay
    nic_switchdev 2 &
    pid=$!
    while kill -0 $pid 2>/dev/null; do
        a=$(uptime_ms)
        ovs-appctl version >/dev/null
        b=$(uptime_ms)
        [ $(( b - a )) -le $slowest ] || slowest=$(( b - a ))
        partner_whole >/dev/null || broken=$(( broken + 1 ))
        looks=$(( looks + 1 ))
        ${2:-:}
        usleep 100000
    done
    wait $pid
    nic_knob 2 mode_delay 0
    # What the daemon did last is told when it has done it.
    ovs-appctl version >/dev/null
    interval=$(longest_poll_interval $(( lines + 1 )))
    say "$1: $looks looks, bond broken in $broken, slowest answer $slowest ms, longest poll interval (at least 1000) $interval ms"
}

say "the distribution's Open vSwitch"
start_ovs_stock
bridges
slow_mode_change stock
stop_ovs
ip addr flush dev vmbr1 2>/dev/null || :
nic_legacy 2

say "ours"
start_ovs "$ours"
need_patched
bridges
rm -f /tmp/late /tmp/resync
look() {
    [ $looks -gt 1 ] || { ovs-appctl sriov/resync && uptime_ms >/tmp/resync; } &
    ovs-appctl sriov/show | grep 'the kernel is still answering' >>/tmp/late || :
}
slow_mode_change ours look
late=$(tail -n 1 /tmp/late)
say "sriov/show said: $late"
check "sriov/show does not say how old it is" contains "$late" "as of "
check "LACP lost something" equal $broken 0
# Not how fast the machine is: just that nothing took as long as the driver.
check "the main loop waited for the driver" at_most "$interval" $(( delay / 2 ))
check "a command waited for the driver" at_most "$slowest" $(( delay / 2 ))
check "it says too much" equal "$(ovs-appctl sriov/show | grep -c 'still answering')" 0

say "then all is as ever"
wait_until 20 test -s /tmp/resync
wait_until 20 rep_ports vmbr2 2
check "sriov/show --json has an age" equal "$(ovs-appctl sriov/show --json | grep -c '"age"')" 0
quiet_log

say "ovs-vswitchd ends, and starts, while the driver holds its lock"
nic_legacy 2
nic_knob 2 mode_delay $delay
nic_switchdev 2 &
pid=$!
wait_until 5 test -e "/sys/class/net/$(rep 2 0)"
stop_vswitchd
start_vswitchd
nic_knob 2 mode_delay 0
wait $pid
wait_until 60 negotiated
wait_until 20 rep_ports vmbr2 2

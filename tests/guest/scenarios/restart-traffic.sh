#!/bin/bash
# ovs-vswitchd ends and starts under traffic, also by kill -9: what the NIC forwards it goes on forwarding; against the distribution's Open vSwitch
# limit: 400
. /host/guest/restart.sh
rounds=${ROUNDS:-1}
plain_up() {
    [ -e /run/netns/plain ] || new_netns plain
    ip link add veth0 type veth peer name eth0 netns plain
    ip link set veth0 up
    ip -n plain link set eth0 up
    ip -n plain addr add 10.0.9.1/16 dev eth0
    vsctl --may-exist add-port br0 veth0
    wait_until 10 of_port veth0
}
all_in_hw() { hw_flow "$(rep 0 0)" "$(rep 0 1)" && hw_flow "$(rep 0 0)" "$(uplink 0)" && hw_flow "$(uplink 0)" "$(rep 0 0)"; }
# side NAME: restarts, with the Open vSwitch that runs.
side() {
    local how r
    for how in exit kill; do
        for (( r = 1; r <= rounds; r++ )); do
            restart_under "$1" $how all_in_hw vf=vf0.0:"$(vf_ip 0 1)" wire=vf0.0:"$(wire_ip 0)" plain=plain:"$(wire_ip 0)"
        done
    done
}
setup() {
    vsctl add-br br0 -- add-port br0 "$(uplink 0)"
    "$@"
    wait_until 20 of_port "$(rep 0 0)"
    wait_until 20 of_port "$(rep 0 1)"
    [ -e /run/netns/vf0.0 ] || { vf_up 0 0; vf_up 0 1; plain_up; }
    vsctl --may-exist add-port br0 veth0
    wait_until 20 of_port veth0
    expect_offloaded vf0.0 vf0.1 "$(vf_ip 0 1)" "$(rep 0 0)" "$(rep 0 1)"
}
nic_up 2 0
start_ovs
need_patched
setup true
tc monitor >/tmp/tc &
monitor=$!
side ours
kill $monitor
# The kernel takes the queues of a device away with its qdisc; on the first device Open vSwitch tries what the kernel can do.
deleted() { sed -n "s/^deleted qdisc .* dev \($1\) .*/\1/p" /tmp/tc | sort -u; }
check "tc told of nothing" equal "$(deleted ovs-system)" ovs-system
check "a qdisc did not stay" equal "$(deleted "br0\|$(uplink 0)\|$(rep 0 0)\|$(rep 0 1)")" ""
# Nobody sends: what is known is what was known before.
learned() { ovs-appctl fdb/show br0 | awk 'NR > 1 { print $1, $2, $3 }' | sort; }
kept() { [ "$(learned | wc -l)" -ge 4 ] && [ "$(grep -o '[0-9a-f:]\{17\}' /run/ovs/sriov-fdb | wc -l)" = "$(learned | wc -l)" ]; }
wait_until 20 kept
before=$(learned)
stop_vswitchd
start_vswitchd
wait_until 20 of_port "$(rep 0 1)"
check "MAC learning began anew" equal "$(learned)" "$before"
# Flows name ports by number, so they go before a port is added that may get any of them.
flushes() { ovs-appctl coverage/read-counter dpif_flow_flush; }
at_start=$(flushes)
ip link del veth0
plain_up
check "a port that came later flushed flows" equal "$(flushes)" "$at_start"
stop_vswitchd
ip link del veth0
plain_up
start_vswitchd
wait_until 20 of_port veth0
check "flows stayed as a port was added" equal "$(flushes)" $(( at_start + 1 ))
stop_ovs

start_ovs_stock_offloading
for v in 0 1; do ip link set "$(rep 0 $v)" up; done
setup vsctl add-port br0 "$(rep 0 0)" -- add-port br0 "$(rep 0 1)"
side stock
stop_ovs

for s in vf wire plain; do say "RESULT in all: $s: ours lost ${lost[ours.$s]}, stock ${lost[stock.$s]}"; done
for s in vf wire; do check "the NIC did not go on for $s" at_most "$(( 10 * lost[ours.$s] ))" "${lost[stock.$s]}"; done
# The kernel's flows go on until handlers are there (datapath/restart.h).
check "software lost more than half of what stock does" at_most "$(( 2 * lost[ours.plain] ))" "${lost[stock.plain]}"

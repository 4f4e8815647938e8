#!/bin/bash
# the NIC as mlx5: VF-LAG comes some time after the bond, under its conditions, goes at a mode change, comes back; counters are a second old
# limit: 300
nic_up 2
for p in 0 1; do ip link set "$(uplink $p)" down; for v in 0 1; do ip link set "$(rep $p $v)" up; done; done
vf_up 0 0
vf_up 0 1
a=$(rep 0 0) b=$(rep 0 1) u=$(uplink 0) u1=$(uplink 1)
for d in $a $b; do tc qdisc add dev "$d" ingress; done
rule() { tc filter add dev "$1" ingress prio 1 protocol all flower skip_sw "${@:3}" action mirred egress redirect dev "$2"; }
# Is there a VF-LAG? Then the other PF's uplink is within reach of a VF.
lag() { rule "$a" "$u1" && tc filter del dev "$a" ingress; }
no_lag() { ! lag 2>/dev/null; }
# bond MODE DEV...
bond() {
    ip link add bond0 type bond mode "$1" miimon 50
    for d in "${@:2}"; do ip link set "$d" master bond0; done
    ip link set bond0 up
}
no_bond() {
    ip link del bond0
    for p in 0 1; do ip link set "$(uplink $p)" down; done
    wait_until 10 no_lag
}

say "a bond of both uplinks, and some time"
nic_knob 0 lag_delay 2000
check "none without a bond" no_lag
bond active-backup "$u" "$u1"
check "not at once" no_lag
check "yet the bond stands for the PF's own uplink" rule "$a" bond0
tc filter del dev "$a" ingress
wait_until 10 lag
no_bond
bond 802.3ad "$u" "$u1"
wait_until 10 lag

say "with a VF-LAG, multiport is refused"
check "refused" contains "$(nic_multiport 0 true 2>&1)" "Invalid argument"

say "a mode change ends it, and it needs both PFs in switchdev mode"
nic_legacy 1
check "none" no_lag
nic_switchdev 1
check "not at once" no_lag
wait_until 10 lag
nic_switchdev 0
check "nor by itself when a mode is set that there is" no_lag
wait_until 10 lag
no_bond

nic_knob 0 lag_delay 0
say "not of one uplink, nor with another device, nor of another mode"
ip link add dummy0 type dummy
bond active-backup "$u"
no_lag_for_long() {
    local i
    for i in $(seq 20); do no_lag || return 1; usleep 50000; done
}
check "one uplink" no_lag_for_long
no_bond
bond active-backup "$u" "$u1" dummy0
check "another device" no_lag_for_long
no_bond
ip link del dummy0
bond balance-rr "$u" "$u1"
check "balance-rr" no_lag_for_long
no_bond

say "multiport comes first: no VF-LAG"
nic_multiport 0 true
bond active-backup "$u" "$u1"
check "multiport" contains "$(devlink dev param show "pci/$(pf_pci 0)" name esw_multiport)" "value true"
check "no bond as output" contains "$(rule "$a" bond0 2>&1)" "can't forward to bond in mpesw mode"
nic_multiport 0 false
ip link del bond0

say "counters of rules are read once a second"
rule "$a" "$b"
rule "$b" "$a"
hits() { tc -s filter show dev "$a" ingress | sed -n 's/.*Sent hardware [0-9]* bytes \([0-9]*\) pkt.*/\1/p' | head -n 1; }
pings vf0.0 "$(vf_ip 0 1)" 2
# Just read: what follows is younger than the next reading.
before=$(hits)
fresh() { local now; now=$(hits); [ "${now:-0}" -gt "${before:-0}" ]; }
wait_until 5 fresh
last=$(counter "$a" hw_rx_packets)
ip netns exec vf0.0 ping -q -i 0.02 -c 10000 "$(vf_ip 0 1)" >/dev/null &
stream=$!
# Between two readings that TC tells of lies a second, however many packets pass.
reading() { [ "$(hits)" != "$seen" ]; }
seen=$(hits)
wait_until 5 reading
begin=$(uptime_ms) seen=$(hits)
for i in 1 2 3; do
    wait_until 10 reading
    seen=$(hits)
done
took=$(( $(uptime_ms) - begin ))
kill $stream
sent=$(( $(counter "$a" hw_rx_packets) - last ))
say "$sent packets, and 3 readings in $took ms"
check "more packets than readings" at_least $sent 6
# The first one may have been noticed late.
check "too often" at_least $took 1900

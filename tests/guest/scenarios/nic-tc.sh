#!/bin/bash
# the NIC with plain tc: rules forward in hardware and count; refusals say why; rules survive what they point to
nic_up 3
for v in 0 1 2; do ip link set "$(rep 0 $v)" up; ip link set "$(rep 1 $v)" up; done
vf_up 0 0
vf_up 0 1
vf_up 1 0
a=$(rep 0 0) b=$(rep 0 1) c=$(rep 1 0) u=$(uplink 0) u1=$(uplink 1)
for dev in $a $b $c $u $u1; do tc qdisc add dev "$dev" ingress; done
mac_b=$(ip netns exec vf0.1 cat "/sys/class/net/$(vf 0 1)/address")

# rule DEV PRIO WORD...: a skip_sw rule.
rule() {
    local dev=$1 prio=$2
    shift 2
    tc filter add dev "$dev" ingress prio "$prio" "$@"
}
# refused TEXT DEV PRIO WORD...: the rule is refused and the kernel says TEXT.
refused() {
    local text=$1 output
    shift
    if output=$(rule "$@" 2>&1); then fail "not refused: $*"; fi
    check "says why" contains "$output" "$text"
}

say "nothing gets through without rules"
check_fails "no rule, no traffic" pings vf0.0 "$(vf_ip 0 1)" 1

say "VF to VF"
rule "$a" 1 protocol all flower skip_sw action mirred egress redirect dev "$b"
rule "$b" 1 protocol all flower skip_sw action mirred egress redirect dev "$a"
check "in_hw" contains "$(tc filter show dev "$a" ingress)" in_hw
expect_offloaded vf0.0 vf0.1 "$(vf_ip 0 1)" "$a" "$b"
hits() { tc -s filter show dev "$a" ingress | sed -n 's/.*Sent hardware [0-9]* bytes \([0-9]*\) pkt.*/\1/p' | head -n 1; }
hundred() { at_least "$(hits)" 100; }
wait_until 5 hundred
check "as does the representor's link" at_least "$(cat "/sys/class/net/$a/statistics/rx_packets")" 100
tcp_stream vf0.0 vf0.1 "$(vf_ip 0 1)" 20

say "a match on everything that a connection has"
tc filter del dev "$a" ingress prio 1
rule "$a" 1 protocol arp flower skip_sw action mirred egress redirect dev "$b"
rule "$a" 2 protocol ip flower skip_sw src_ip "$(vf_ip 0 0)" dst_ip "$(vf_ip 0 1)" ip_proto tcp dst_port 5201 \
    ip_flags nofrag action mirred egress redirect dev "$b"
tcp_stream vf0.0 vf0.1 "$(vf_ip 0 1)" 1
check_fails "nothing else matches" pings vf0.0 "$(vf_ip 0 1)" 1
tc filter del dev "$a" ingress prio 2
tc filter del dev "$a" ingress prio 1
rule "$a" 1 protocol all flower skip_sw action mirred egress redirect dev "$b"

say "drop comes first"
rule "$a" 2 protocol ip flower skip_sw dst_ip "$(vf_ip 0 1)" action drop
check "priority 1 wins" pings vf0.0 "$(vf_ip 0 1)"
tc filter del dev "$a" ingress prio 1
check_fails "priority 2 drops" pings vf0.0 "$(vf_ip 0 1)" 1
tc filter del dev "$a" ingress prio 2
check "no rule is left" equal "$(counter "$a" rules)" 0

say "VF to wire with a VLAN"
tc filter del dev "$b" ingress prio 1
ip -n wire0 link add link wire0 name v10 type vlan id 10
ip -n wire0 addr flush dev wire0
ip -n wire0 addr add "$(wire_ip 0)/16" dev v10
ip -n wire0 link set v10 up
rule "$a" 1 protocol all flower skip_sw action vlan push id 10 pipe action mirred egress redirect dev "$u"
rule "$u" 1 protocol 802.1Q flower skip_sw vlan_id 10 action vlan pop pipe action mirred egress redirect dev "$a"
expect_offloaded vf0.0 wire0 "$(wire_ip 0)" "$a" "$u"
tcp_stream vf0.0 wire0 "$(wire_ip 0)" 20

say "a copy to the other VF"
tc filter del dev "$a" ingress prio 1
before=$(counter "$b" hw_tx_packets)
rule "$a" 1 protocol all flower skip_sw action mirred egress mirror dev "$b" pipe action vlan push id 10 pipe action mirred egress redirect dev "$u"
check "still answered" pings vf0.0 "$(wire_ip 0)" 10
check "and copied" at_least $(( $(counter "$b" hw_tx_packets) - before )) 10

say "a new Ethernet source"
tc filter del dev "$a" ingress prio 1
rule "$a" 1 protocol all flower skip_sw action vlan push id 10 pipe action mirred egress redirect dev "$u"
tc filter del dev "$a" ingress prio 1
tc filter del dev "$u" ingress prio 1
rule "$a" 1 protocol all flower skip_sw dst_mac "$mac_b" action pedit ex munge eth src set 02:99:99:99:99:99 pipe action mirred egress redirect dev "$b"
ip -n vf0.0 neigh replace "$(vf_ip 0 1)" lladdr "$mac_b" dev "$(vf 0 0)"
(ip netns exec vf0.1 timeout 10 tcpdump -Z root -c 1 -nei "$(vf 0 1)" ether src 02:99:99:99:99:99 >/tmp/seen 2>&1) &
watcher=$!
wait_until 5 grep -q listening /tmp/seen
ip netns exec vf0.0 ping -q -c 2 -W 1 "$(vf_ip 0 1)" >/dev/null || :
check "the other end sees it" wait $watcher
ip -n vf0.0 neigh flush all
tc filter del dev "$a" ingress prio 1

say "refusals"
refused "not on same switch HW" "$a" 5 protocol all flower skip_sw action mirred egress redirect dev "$u1"
refused "not on same switch HW" "$a" 5 protocol all flower skip_sw action mirred egress redirect dev lo
refused "both uplink" "$u" 5 protocol all flower skip_sw action mirred egress redirect dev "$u1"
refused "chain" "$a" 5 chain 3 protocol all flower skip_sw action drop
refused "Unsupported key" "$a" 5 protocol mpls_uc flower skip_sw mpls_label 5 action drop
nic_knob 0 refuse_rules 28
refused "knob refuse_rules" "$a" 5 protocol all flower skip_sw action drop
nic_knob 0 refuse_rules 0
nic_knob 0 max_rules 1
rule "$a" 5 protocol ip flower skip_sw action drop
refused "table is full" "$a" 6 protocol arp flower skip_sw action drop
check_fails "hw-tc-offload stays on while rules exist" ethtool -K "$a" hw-tc-offload off
tc filter del dev "$a" ingress prio 5
nic_knob 0 max_rules 0
# The kernel remembers the refused wish and takes the next "off" for no change.
ethtool -K "$a" hw-tc-offload on
check "hw-tc-offload can be turned off" ethtool -K "$a" hw-tc-offload off
refused "offload is disabled" "$a" 5 protocol all flower skip_sw action drop
check "and on" ethtool -K "$a" hw-tc-offload on

say "across PFs, VF to VF"
rule "$a" 1 protocol all flower skip_sw action mirred egress redirect dev "$c"
rule "$c" 1 protocol all flower skip_sw action mirred egress redirect dev "$a"
expect_offloaded vf0.0 vf1.0 "$(vf_ip 1 0)" "$a" "$c"

say "targets that go away while rules point to them"
tc filter del dev "$a" ingress prio 1
rule "$a" 1 protocol all flower skip_sw action mirred egress redirect dev "$b"
traffic_start vf0.0 "$(vf_ip 0 1)"
echo "$(vf_pci 0 1)" >/sys/bus/pci/drivers/mlx5_core/unbind
echo "$(vf_pci 0 1)" 2>/dev/null >/sys/bus/pci/drivers/mlx5_core/bind
nic_vfs 0 0
check "no rule counts any more" nic_mode 0 legacy
nic_switchdev 0
nic_vfs 0 3
check "representors are back" exists "$a"
traffic_stop

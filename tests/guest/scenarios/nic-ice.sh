#!/bin/bash
# the NIC as ice of Linux 6.12: no mode change with VFs, the last output only, no VLANs, no counters, no trust in switchdev mode
# guest: python=1
# limit: 240
PERSONALITY=ice
nic_load
check "driver" test -e /sys/bus/pci/drivers/ice
nic_vfs 0 3
check "no mode change with VFs" contains "$(nic_mode 0 switchdev 2>&1)" \
    "ice: Changing eswitch mode is allowed only if there is no VFs created"
check "nor in which errno" contains "$(nic_mode 0 switchdev 2>&1)" "Operation not supported"
check "trust in legacy mode" ip link set "$(uplink 0)" vf 0 trust on
nic_vfs 0 0
nic_up 3 0
check "the same mode again" nic_mode 0 switchdev
check "no trust" contains "$(ip link set "$(uplink 0)" vf 0 trust on 2>&1)" "Operation not supported"
check "VLAN" ip link set "$(uplink 0)" vf 0 vlan 7
check_fails "no parameter esw_multiport" devlink dev param show "pci/$(pf_pci 0)" name esw_multiport

a=$(rep 0 0) b=$(rep 0 1) c=$(rep 0 2) u=$(uplink 0)
for v in 0 1 2; do ip link set "$(rep 0 $v)" up; ip link set "$(vf 0 $v)" up; done
for dev in $a $u; do tc qdisc add dev "$dev" ingress; done
rule() { tc filter add dev "$1" ingress prio 1 protocol "${PROTO:-all}" flower skip_sw "${@:2}"; }
refused() { check "words" contains "$(rule "${@:2}" 2>&1)" "$1"; }
to() { echo "action mirred egress redirect dev $1"; }
refused "ice: Unsupported action in switchdev mode" "$a" action vlan push id 5 pipe $(to "$b")
refused "ice: Unsupported action in switchdev mode" "$a" action police rate 1mbit burst 64k conform-exceed drop/pipe $(to "$b")
PROTO=ip refused "ice: Unsupported key used" "$a" ip_proto icmp type 8 $(to "$b")
refused "ice: Unsupported netdevice in switchdev mode" "$u" $(to "$(uplink 1)")
check_fails "no matchall" tc filter add dev "$a" ingress prio 1 protocol all matchall skip_sw \
    action police rate 4mbit burst 64k conform-exceed drop/continue

say "of three outputs, the last one gets the frame"
ip -n wire0 link set wire0 netns 1
ip link set wire0 up
rule "$a" action mirred egress mirror dev "$b" pipe action mirred egress mirror dev "$c" pipe $(to "$u")
got=$(python3 /host/guest/scenarios/frames.py "$(vf 0 0)" - "$(vf 0 1)" "$(vf 0 2)" wire0)
check "frames" equal "$got" "$(vf 0 1): nothing
$(vf 0 2): nothing
wire0: untagged"
say "and no counter tells of it"
check "hits" contains "$(tc -s filter show dev "$a" ingress)" "Sent 0 bytes 0 pkt"
check "used by the NIC" at_least "$(counter "$a" hw_rx_packets)" 1

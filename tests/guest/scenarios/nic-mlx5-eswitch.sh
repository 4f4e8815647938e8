#!/bin/bash
# the NIC as mlx5 of Linux 6.12, by devlink and ip: modes, multiport, steering, settings and rates of VFs, when it says no and how
# guest: python=1
# limit: 300
nic_load
pci0=pci/$(pf_pci 0) pci1=pci/$(pf_pci 1) u=$(uplink 0)
# says ERRNO-TEXT WORDS COMMAND...: COMMAND fails with this errno, and with the driver's words, or without any if WORDS is empty.
says() {
    local errno=$1 words=$2 output
    shift 2
    if output=$("$@" 2>&1); then fail "not refused: $*"; fi
    check "errno of \"$*\"" contains "$output" "$errno"
    if [ -n "$words" ]; then
        check "words of \"$*\"" contains "$output" "$words"
    else
        check "no words of \"$*\"" equal "$(grep -c '^Error: ' <<<"$output")" 0
    fi
}
busy="mlx5_core: Can't change mode, E-Switch is busy"
multiport() { devlink dev param show "$pci1" name esw_multiport | grep -o 'value [a-z]*'; }
steering() { devlink dev param set "$pci0" name flow_steering_mode value "$1" cmode runtime; }
flag() { ip link show "$u" | grep "^ *vf 0 "; }

say "settings of VFs in legacy mode"
nic_vfs 0 2
check "trust" ip link set "$u" vf 0 trust on
check "spoofchk" ip link set "$u" vf 0 spoofchk on
check "VLAN" ip link set "$u" vf 0 vlan 7
check "link state" ip link set "$u" vf 0 state enable
check "told" contains "$(flag)" "vlan 7, spoof checking on, link-state enable, trust on"
check "VLAN 0" ip link set "$u" vf 0 vlan 0

say "steering"
check "smfs" steering smfs
check "dmfs" steering dmfs
says "Invalid argument" 'Bad parameter: supported values are ["dmfs", "smfs"]' steering fast

say "multiport needs all PFs in switchdev mode"
says "Operation not supported" "" nic_multiport 0 true
nic_switchdev 0
says "Operation not supported" "" nic_multiport 0 true
says "Operation not supported" "" nic_multiport 1 true
nic_switchdev 1
check "on" nic_multiport 0 true
check "for the card" equal "$(multiport)" "value true"
# devlink(8) does not ask for what is so already.
set_again() { python3 /host/guest/scenarios/devlink-param.py "$(pf_pci "$1")" esw_multiport true; }
says "Invalid argument" "" set_again 0
says "Invalid argument" "" set_again 1
check "off by the other PF" nic_multiport 1 false
check "off twice" nic_multiport 0 false
check "on again" nic_multiport 1 true

say "any wish to set a mode ends it, also for the mode that there is"
nic_switchdev 0
check "multiport is lost" equal "$(multiport)" "value false"
nic_multiport 0 true
nic_legacy 1
check "multiport is lost" equal "$(multiport)" "value false"
nic_switchdev 1

say "settings of VFs in switchdev mode"
says "Operation not supported" "" ip link set "$u" vf 0 trust off
says "Operation not supported" "" ip link set "$u" vf 0 spoofchk off
says "Operation not supported" "" ip link set "$u" vf 0 vlan 7
says "Operation not supported" "" ip link set "$u" vf 0 state auto
check "VLAN 0, which libvirt sets" ip link set "$u" vf 0 vlan 0
wait_until 5 exists "$(vf 0 0)"
made_up=$(cat "/sys/class/net/$(vf 0 0)/address")
check "none at first" contains "$(ip link show "$u")" "link/ether 00:00:00:00:00:00"
check "MAC" ip link set "$u" vf 0 mac 02:00:00:00:77:01
check "MAC by devlink" devlink port function set "$pci0/2" hw_addr 02:00:00:00:77:02
check "one and the same" contains "$(ip link show "$u")" "02:00:00:00:77:02"
check "not for a driver that is bound" equal "$(cat "/sys/class/net/$(vf 0 0)/address")" "$made_up"
echo "$(vf_pci 0 0)" >/sys/bus/pci/drivers/mlx5_core/unbind
echo "$(vf_pci 0 0)" >/sys/bus/pci/drivers/mlx5_core/bind
check "from its next bind on" equal "$(cat "/sys/class/net/$(vf 0 0)/address")" 02:00:00:00:77:01
says "Operation not supported" "Software managed steering is not supported when eswitch offloads enabled." steering smfs
check "dmfs" steering dmfs

say "rates"
check "tx_max" devlink port function rate set "$pci0/1" tx_max 8mbit
check "tx_share" devlink port function rate set "$pci0/1" tx_share 2mbit
check "told by devlink" contains "$(devlink port function rate show "$pci0/1")" "tx_share 2Mbit tx_max 8Mbit"
says "Invalid argument" "TX rate value not in link speed units of 1Mbps" devlink port function rate set "$pci0/1" tx_max 8500kbit
ip link set "$u" vf 1 max_tx_rate 5
check "told by ip" contains "$(ip link show "$u")" "max_tx_rate 5Mbps"
r=$(rep 0 0)
tc qdisc add dev "$r" ingress
tc qdisc add dev "$u" ingress
matchall() { tc filter add dev "$1" ingress prio "$2" protocol all matchall skip_sw "${@:3}"; }
police="action police rate 4mbit burst 64k conform-exceed drop/continue"
says "" "only priority 1 is supported" matchall "$r" 2 $police
says "" "mlx5 supports only police action for matchall" matchall "$r" 1 action drop
says "" "Offload not supported when conform action is not continue" \
    matchall "$r" 1 action police rate 4mbit burst 64k conform-exceed drop/pipe
says "" "Ingress rate limit is supported only for Eswitch ports connected to VFs" matchall "$u" 1 $police
check "police" matchall "$r" 1 $police
check "is the VF's rate" contains "$(ip link show "$u")" "max_tx_rate 4Mbps"
tc filter del dev "$r" ingress prio 1
check "and ends it" equal "$(ip link show "$u" | grep -c 'max_tx_rate 4Mbps')" 0

say "no mode change in either direction while a rule exists"
tc filter add dev "$u" ingress prio 1 protocol all flower skip_sw dst_mac 02:00:00:00:00:01 action drop
nic_multiport 0 true
says "Device or resource busy" "$busy" nic_mode 0 legacy
says "Device or resource busy" "$busy" nic_mode 0 switchdev
check "multiport is lost all the same" equal "$(multiport)" "value false"
check "of the other PF, it may change" nic_mode 1 legacy
tc filter del dev "$u" ingress prio 1
nic_legacy 0
tc qdisc add dev "$u" ingress 2>/dev/null || :
check "a rule of the PF in legacy mode" \
    tc filter add dev "$u" ingress prio 1 protocol all flower skip_sw dst_mac 02:00:00:00:00:01 action drop
says "Device or resource busy" "$busy" nic_mode 0 switchdev
check "mode" contains "$(devlink dev eswitch show "$pci0")" "mode legacy"
tc filter del dev "$u" ingress prio 1

say "a mode change closes the uplink and opens it"
wire_up 0
ip link set "$u" up
wait_until 5 grep -q 1 "/sys/class/net/$u/carrier"
before=$(cat "/sys/class/net/$u/carrier_down_count")
index=$(cat "/sys/class/net/$u/ifindex")
nic_switchdev 0
check "the carrier went once" equal "$(cat "/sys/class/net/$u/carrier_down_count")" $(( before + 1 ))
wait_until 5 grep -q 1 "/sys/class/net/$u/carrier"
check "the same device" equal "$(cat "/sys/class/net/$u/ifindex")" "$index"
nic_switchdev 0
check "not for the mode that there is" equal "$(cat "/sys/class/net/$u/carrier_down_count")" $(( before + 1 ))

say "while a mode changes, devlink's lock of this PF is held, and multiport is refused by the other"
nic_knob 0 mode_delay 4000
nic_mode 0 legacy &
change=$!
changing() { { nic_multiport 1 true || :; } 2>&1 | grep 'temporarily unavailable'; }
wait_until 3 changing
begin=$(uptime_ms)
devlink port show "$pci0/65535" >/dev/null
check "devlink waits" at_least $(( $(uptime_ms) - begin )) 1000
wait $change
nic_knob 0 mode_delay 0

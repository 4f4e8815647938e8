#!/bin/bash
# VXLAN between VFs and another host: in hardware both ways, over an address of the uplink and over one of a bridge; unknown neighbours
# long: three topologies with TCP connections both ways, for the README
# limit: 500
peer=172.16.0.2 here=172.16.0.1 inner=10.0.9.1
CONNECTIONS=8

# peer_up [VXLAN-OPTION...]: the other host, in namespace wire0: an address of the cable, and VXLAN 77 with an address in it.
peer_up() {
    new_netns wire0
    ip link set wire0 netns wire0
    ip -n wire0 link set lo up
    ip -n wire0 link set wire0 up mtu 9000
    ip -n wire0 addr add $peer/24 dev wire0
    ip -n wire0 link add vx type vxlan id 77 local $peer remote $here dstport 4789
    ip -n wire0 link set vx up mtu 1500
    ip -n wire0 addr add $inner/16 dev vx
}

# setup uplink|bridge|bond|other: where the address of the underlay is; "other" is no device of the NIC's. VFs and the tunnel are in br-int.
setup() {
    nic_load ${KNOBS:-}
    nic_switchdev 0 1
    nic_vfs 0 2
    ip link set "$(uplink 0)" up mtu 9000
    peer_up
    start_ovs
    need_patched
    vsctl add-br br-int \
        -- set bridge br-int other_config:sriov-switch-id="$(cat "/sys/class/net/$(uplink 0)/phys_switch_id")" \
        -- add-port br-int vx0 -- set interface vx0 type=vxlan options:remote_ip=$peer options:key=77
    if [ "$1" = other ]; then
        ip link add other mtu 9000 type veth peer name other mtu 9000 netns wire0
        ip link set other up
        ip -n wire0 addr del $peer/24 dev wire0
        ip -n wire0 link set other up
        ip -n wire0 addr add $peer/24 dev other
        ip addr add $here/24 dev other
    elif [ "$1" = bond ]; then
        ip link add bond0 type bond mode active-backup miimon 50
        for p in 0 1; do
            ip link set "$(uplink $p)" down
            ip link set "$(uplink $p)" master bond0
        done
        ip link set bond0 up mtu 9000
        ip addr add $here/24 dev bond0
    elif [ "$1" = bridge ]; then
        vsctl add-br br-ext -- add-port br-ext "$(uplink 0)"
        ip link set br-ext up mtu 9000
        ip addr add $here/24 dev br-ext
    else
        ip addr add $here/24 dev "$(uplink 0)"
    fi
    vfs_up 0 0 1
    wait_until 20 pings vf0.0 $inner 2
    wait_until 20 pings vf0.1 $inner 2
}

# The kernel's own counters: all packets, and those that the host's CPU has seen.
packets() { cat "/sys/class/net/$1/statistics/$2_packets"; }
cpu_hits() {
    ip stats show dev "$1" group offload subgroup cpu_hit |
        awk -v way="${2^^}:" '$1 == way { getline; print $2; exit }'
}
# begin; share DEV rx|tx: what the CPU has not seen since then, per mille.
declare -A all cpu
begin() {
    local dev way
    for dev in "$(rep 0 0)" "$(uplink 0)"; do
        for way in rx tx; do all[$dev.$way]=$(packets "$dev" $way) cpu[$dev.$way]=$(cpu_hits "$dev" $way); done
    done
}
share() {
    local n=$(( $(packets "$1" "$2") - ${all[$1.$2]} )) sw=$(( $(cpu_hits "$1" "$2") - ${cpu[$1.$2]} ))
    echo "$1 $2: $n packets, $sw of them seen by the CPU" >&2
    echo $(( n > 0 ? (n - sw) * 1000 / n : 0 ))
}

# measure TEXT: VF -> wire at the representor and at the uplink, wire -> VF the other way round; the smaller one counts.
measure() {
    local a b
    tcp_stream vf0.0 wire0 $inner 1
    tcp_stream wire0 vf0.0 "$(vf_ip 0 0)" 1
    begin
    tcp_stream vf0.0 wire0 $inner 8 5400 $CONNECTIONS
    a=$(share "$(rep 0 0)" rx) b=$(share "$(uplink 0)" tx)
    out=$(( a < b ? a : b ))
    begin
    tcp_stream wire0 vf0.0 "$(vf_ip 0 0)" 8 5400 $CONNECTIONS
    a=$(share "$(uplink 0)" rx) b=$(share "$(rep 0 0)" tx)
    in=$(( a < b ? a : b ))
    say "RESULT $1: VF -> wire $(( out / 10 )).$(( out % 10 )) %, wire -> VF $(( in / 10 )).$(( in % 10 )) % in hardware"
}

# Does what comes in at VF 0's representor for the tunnel pass through hardware, or TC's software; not through upcalls?
in_hw() { begin; pings vf0.0 $inner 20 && at_least "$(share "$(rep 0 0)" rx)" 900; }

upcalls() { ovs-appctl dpctl/show | sed -n 's/.*lookups: hit:[0-9]* missed:\([0-9]*\).*/\1/p'; }

reachable() { contains "$(ip neigh show $peer)" REACHABLE; }

say "the address of the underlay is the uplink's"
setup uplink
measure "address of the uplink"
ovs-appctl dpctl/dump-flows -m --names | grep -e tunnel -e "in_port($(rep 0 0))"
check "VF -> wire" at_least $out 990
check "wire -> VF" at_least $in 990

say "the neighbour becomes unknown, and known again"
# Nobody answers for it meanwhile: what the VF sends goes through TC's software, and not through ovs-vswitchd, packet by packet.
ip -n wire0 link set wire0 arp off
ip neigh flush dev "$(uplink 0)"
before=$(upcalls)
ip netns exec vf0.0 ping -q -c 100 -i 0.01 -W 0.1 $inner >/dev/null 2>&1 || :
missed=$(( $(upcalls) - before ))
say "$missed of 100 packets were upcalls"
check "upcalls for each packet" at_most $missed 10
ip -n wire0 link set wire0 arp on
wait_until 20 in_hw

say "it is asked whether it is still there, since the NIC's packets pass by the host"
ip neigh change $peer lladdr "$(ip -n wire0 -o link show wire0 | sed 's/.*link.ether \([^ ]*\) .*/\1/')" dev "$(uplink 0)" nud stale
traffic_start vf0.0 $inner
wait_until 20 reachable
traffic_stop

say "its address changes"
ip -n wire0 link set wire0 down
ip -n wire0 link set wire0 address 02:ee:ee:ee:ee:ee
ip -n wire0 link set wire0 up
wait_until 40 in_hw

say "another way to the other end"
ip -n wire0 addr add 172.16.0.3/24 dev wire0
ip route add $peer/32 via 172.16.0.3 dev "$(uplink 0)"
wait_until 20 pings vf0.0 $inner 20
check "no trouble in the log" equal "$(log_trouble)" ""
scenario_clean

say "the address of the underlay is a bridge's, and the firmware lets packets from the host's internal port out"
KNOBS=raw_traffic=1
setup bridge
measure "address of a bridge"
check "VF -> wire" at_least $out 990
check "wire -> VF" at_least $in 990
check "no trouble in the log" equal "$(log_trouble)" ""
scenario_clean

say "the address of the underlay is that of a Linux bond of both uplinks"
KNOBS=
setup bond
equal "$(cat /sys/class/net/bond0/bonding/active_slave)" "$(uplink 0)"
measure "address of a Linux bond (VF-LAG)"
check "VF -> wire" at_least $out 990
check "wire -> VF" at_least $in 990
check "no trouble in the log" equal "$(log_trouble)" ""
scenario_clean

say "the address of the underlay is a bridge's, and the firmware lets nothing out: it goes, through software"
KNOBS=
setup bridge
wait_until 20 pings vf0.0 $inner 20
check "no trouble in the log" equal "$(log_trouble)" ""
scenario_clean

say "the way to the other end is no device of the NIC's, out of whose uplink the driver would send all the same"
setup other
wait_until 20 pings vf0.0 $inner 20
check "nothing leaves through the uplink" equal "$(counter "$(uplink 0)" hw_tx_packets)" 0
ovs-appctl sriov/flows
ovs-appctl sriov/why "$(rep 0 0)"
check "sriov/why" contains "$(ovs-appctl sriov/why "$(rep 0 0)")" "goes into a tunnel that leaves by a device of another switch"
check "no trouble in the log" equal "$(log_trouble)" ""

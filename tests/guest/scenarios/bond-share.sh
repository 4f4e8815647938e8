#!/bin/bash
# each kind of bond, with a partner that hashes over both cables: share of packets in hardware per direction, flows, failover, a tap's rate
# long: measures five kinds of bond, for the table in the README
# limit: 2700
. /host/guest/bond.sh
LACP_TIME=fast
CONNECTIONS=8

# setup KIND: the NIC, VF 0 of each PF, vmbr1 with that bond, its partner, and a tap with rate=8 as Proxmox VE sets it.
setup() {
    local p partner=(lacp=active bond_mode=balance-tcp other_config:lacp-time=fast)
    bond_nic_up 1
    start_ovs
    need_patched
    case $1 in
    ovs-local) bond_bridges ;;
    ovs-multiport)
        nic_multiport 0 true
        bond_bridges ;;
    linux-802.3ad) ip link add bond0 type bond mode 802.3ad miimon 50 lacp_rate fast xmit_hash_policy layer3+4 ;;
    linux-active-backup)
        ip link add bond0 type bond mode active-backup miimon 50
        partner=(lacp=off bond_mode=active-backup) ;;
    team-active-backup)
        team_up '{ "name": "activebackup" }'
        partner=(lacp=off bond_mode=active-backup) ;;
    esac
    if [ -e /sys/class/net/bond0 ]; then
        for p in 0 1; do
            [ ! -e "/sys/class/net/$(uplink $p)/master" ] || continue
            ip link set "$(uplink $p)" down
            ip link set "$(uplink $p)" master bond0
            ip link set "$(uplink $p)" up
        done
        ip link set bond0 up
        partner_bridge "${partner[@]}"
        vsctl add-br vmbr1 -- add-port vmbr1 bond0
    fi
    for p in 0 1; do wait_until 20 of_port "$(rep $p 0)"; vf_up $p 0; done
    case $1 in
    ovs-*) wait_until 30 bond_negotiated ;;
    *) wait_until 30 partner_has_both ;;
    esac
    case $1 in *active-backup)
        wait_until 20 ovs-appctl bond/set-active-member bond2 wire0 ;;
    esac
    for p in 0 1; do wait_until 30 pings vf$p.0 $far_ip 2; done
    for p in 100 101; do
        new_netns vm$p
        # Large frames, of which an emulated machine sends as many bytes as it takes.
        ip link add tap${p}i0 mtu 60000 type veth peer name eth0 mtu 60000 netns vm$p
        ip link set tap${p}i0 up
        ip -n vm$p link set eth0 up
        ip -n vm$p addr add 10.0.9.$p/16 dev eth0
        vsctl add-port vmbr1 tap${p}i0
        wait_until 10 of_port tap${p}i0
    done
    tap_rate tap100i0
}

# team_up RUNNER: the team bond0 of both uplinks, by teamd, which says which of its ports sends.
team_up() {
    local p
    for p in 0 1; do ip link set "$(uplink $p)" down; done
    mkdir -p /run/teamd
    teamd -d -c '{ "device": "bond0", "runner": '"$1"', "link_watch": { "name": "ethtool" },
                   "ports": { "'"$(uplink 0)"'": {}, "'"$(uplink 1)"'": {} } }' || fail "no teamd"
    for p in 0 1; do wait_until 10 exists "$(uplink $p)/master"; done
}
team_down() {
    [ ! -e /run/teamd/bond0.pid ] || { teamd -k -t bond0; wait_until 10 absent bond0; }
}

# As PVE::Network::tap_rate_limit() and setup_tc_rate_limit() have it for rate=8.
rate=$(( 8 * 1024 * 1024 )) burst=$(( 1024 * 1024 ))
tap_rate() {
    tc qdisc add dev "$1" handle ffff: ingress
    # The guest's kernel may have no u32; to the police filter it is all the same.
    tc filter add dev "$1" parent ffff: protocol all prio 50 basic police rate ${rate}bps burst ${burst}b mtu 64kb drop ||
        tc filter add dev "$1" parent ffff: protocol all prio 50 u32 match u32 0 0 \
            police rate ${rate}bps burst ${burst}b mtu 64kb drop flowid :1
}

partner_has_both() { equal "$(ovs-appctl bond/show bond2 | grep -c '^member .*: enabled')" 2; }

# share HW SW: per mille, rounded down.
share() { echo $(( $1 * 1000 / ($1 + $2 + ($1 + $2 == 0)) )); }
percent() { echo "$(( $1 / 10 )).$(( $1 % 10 ))"; }
# count VARIABLE DEV: sets VARIABLE_hw and VARIABLE_sw to what has come in there since the same was called for it.
declare -A last
count() {
    local hw sw
    hw=$(counter "$2" hw_rx_packets) sw=$(counter "$2" sw_rx_packets)
    printf -v "$1_hw" %s $(( hw - ${last[$2.hw]:-0} ))
    printf -v "$1_sw" %s $(( sw - ${last[$2.sw]:-0} ))
    last[$2.hw]=$hw last[$2.sw]=$sw
}
count_all_four() { count rep0 "$(rep 0 0)"; count rep1 "$(rep 1 0)"; count up0 "$(uplink 0)"; count up1 "$(uplink 1)"; }
tcp_flows() { ovs-appctl dpctl/dump-flows --names | grep "in_port($1)" | grep -c 'eth_type(0x0800)' || :; }

# measure_shares: sets $out, $in, $own and $other, per mille, and $flows.
measure_shares() {
    local p from_own_hw=0 from_own_sw=0 from_other_hw=0 from_other_sw=0 out_hw=0 out_sw=0 own_p
    flows=0
    for p in 0 1; do
        # What is new to the switch comes first.
        tcp_stream vf$p.0 far $far_ip 1
        tcp_stream far vf$p.0 "$(vf_ip $p 0)" 1
        count_all_four
        tcp_stream vf$p.0 far $far_ip 8 5400 $CONNECTIONS
        n=$(tcp_flows "$(rep $p 0)")
        [ "$n" -lt "$flows" ] || flows=$n
        count_all_four
        out_hw=$(( out_hw + rep${p}_hw )) out_sw=$(( out_sw + rep${p}_sw ))
        tcp_stream far vf$p.0 "$(vf_ip $p 0)" 8 5400 $CONNECTIONS
        count_all_four
        say "far -> VF of PF $p: uplink 0 hw $up0_hw sw $up0_sw, uplink 1 hw $up1_hw sw $up1_sw"
        own_p=up$p
        from_own_hw=$(( from_own_hw + ${own_p}_hw )) from_own_sw=$(( from_own_sw + ${own_p}_sw ))
        own_p=up$(( 1 - p ))
        from_other_hw=$(( from_other_hw + ${own_p}_hw )) from_other_sw=$(( from_other_sw + ${own_p}_sw ))
    done
    say "VF -> wire: hw $out_hw sw $out_sw; wire -> VF, own cable: hw $from_own_hw sw $from_own_sw, other cable: hw $from_other_hw sw $from_other_sw"
    out=$(share $out_hw $out_sw)
    in=$(share $(( from_own_hw + from_other_hw )) $(( from_own_sw + from_other_sw )))
    own=$(share $from_own_hw $from_own_sw)
    other=$(share $from_other_hw $from_other_sw)
    other_n=$(( from_other_hw + from_other_sw )) own_n=$(( from_own_hw + from_own_sw ))
}

# measure_failover: 100 pings a second while each cable is pulled and put back; sets $lost, the most at one time.
measure_failover() {
    local p log=/tmp/ping.log pid before
    lost=0 lost_back=0
    for p in 0 1; do
        ip netns exec vf0.0 ping -i 0.01 $far_ip >$log 2>&1 &
        pid=$!
        wait_until 10 answered 100
        nic_knob $p cable_pulled 1
        before=$(answers)
        wait_until 30 answered $(( before + 200 ))
        lost_now
        [ "$gap" -le "$lost" ] || lost=$gap
        nic_knob $p cable_pulled 0
        wait_until 60 partner_has_both
        before=$(answers)
        wait_until 30 answered $(( before + 300 ))
        kill -INT $pid
        wait $pid || :
        lost_now
        [ "$gap" -le "$lost_back" ] || lost_back=$gap
    done
}
answers() { grep -c icmp_seq= /tmp/ping.log; }
answered() { at_least "$(answers)" "$1"; }
# Requests without an answer up to the last one that has one.
lost_now() {
    gap=$(sed -n 's/.* icmp_seq=\([0-9]*\) ttl=.*/\1/p' /tmp/ping.log | sort -nu | awk 'END { print $1 - NR }')
}

# measure_tap: sets $tap, what a tap with rate=8 sends, per mille of that.
measure_tap() {
    local log=/tmp/iperf.udp bytes seconds
    wait_until 10 pings vm100 10.0.9.101 2
    ip netns exec vm101 iperf3 -s -1 -p 5500 --json >$log 2>&1 &
    server=$!
    wait_until 10 ip netns exec vm101 sh -c "netstat -ltn | grep -q ':5500 '"
    ip netns exec vm100 timeout 60 iperf3 -u -b 120M -l 50000 -t 8 -c 10.0.9.101 -p 5500 --json >$log.client 2>&1 ||
        { cat $log.client; fail "UDP from tap to tap"; }
    wait $server || :
    # From the second second on the burst is used up.
    read -r bytes seconds < <(interval_sum $log)
    tap=$(( bytes * 1000 / rate * 1000 / seconds ))
}
# interval_sum FILE: bytes and milliseconds of the intervals from the third to the seventh.
interval_sum() {
    awk '/^\t"intervals"/ { on = 1 } /^\t"end"/ { on = 0 }
         on && /"sum"/ { i++; in_sum = 1 }
         in_sum && /"seconds"/ { gsub(/[^0-9.]/, "", $2); if (i > 2 && i < 8) s += $2 }
         in_sum && /"bytes"/ { gsub(/[^0-9]/, "", $2); if (i > 2 && i < 8) b += $2 }
         in_sum && /}/ { in_sum = 0 }
         END { printf "%d %d\n", b, s * 1000 }' "$1"
}

# expect TEXT COMMAND...: as check, but the other kinds are measured all the same.
failures=
expect() {
    local text=$1
    shift
    "$@" || failures+="${failures:+; }$text"
}

kinds=${KINDS:-ovs-local,ovs-multiport,linux-802.3ad,linux-active-backup,team-active-backup}
for kind in ${kinds//,/ }; do
    say "$kind"
    setup $kind
    ovs-appctl sriov/show | grep -e bond -e tc-policy || :
    measure_shares
    measure_tap
    measure_failover
    say "RESULT $kind: VF -> wire $(percent "$out") %, wire -> VF $(percent "$in") % (own cable $(percent "$own") % of $own_n," \
        "other $(percent "$other") % of $other_n), $flows flows for $(( CONNECTIONS + 1 )) connections," \
        "lost: cable pulled $lost, put back $lost_back (10 ms each), tap $(percent "$tap") % of its rate"
    expect "$kind: VF -> wire in hardware" at_least "$out" 990
    expect "$kind: what comes over the own cable" at_least "$own" 990
    case $kind in
    ovs-local) expect "$kind: the other cable is software's" at_most "$other" 10 ;;
    *) expect "$kind: wire -> VF in hardware" at_least "$in" 990 ;;
    esac
    case $kind in *active-backup) ;; *)
        expect "$kind: the partner used one cable alone" at_least "$other_n" 500
        expect "$kind: the partner used one cable alone" at_least "$own_n" 500 ;;
    esac
    expect "$kind: the tap sends too much" at_most "$tap" 1100
    expect "$kind: the tap sends too little" at_least "$tap" 900
    expect "$kind: nothing was configured" equal "$(other_config)" "{}"
    team_down
    scenario_clean
    last=()
done
[ -z "$failures" ] || fail "$failures"

#!/bin/bash
# stock to ours, ours to ours, and back, under traffic: what is configured stays; what was lost, against a reinstall of stock
# limit: 1500
howto_names
boot1() {
    offer debian
    apt_get install $needed
    check "not stock" all_are "$stock"
    udev_howto
    interfaces_howto
    stanzas_howto
    # As the how-to has it, in the database.
    vsctl set Open_vSwitch . other_config:hw-offload=true other_config:tc-policy=skip_sw
}

# keep_neighbours NETNS ADDRESS...: does not look for these MAC addresses again.  That takes a flow of its own, which may or may not
# be there while ovs-vswitchd is away, and this guest needs more than half a minute for what takes a real host two seconds.
keep_neighbours() {
    local netns=$1 address
    shift
    for address; do
        set -- $(ip -n "$netns" neigh show "$address")
        ip -n "$netns" neigh replace "$1" dev "$3" lladdr "$5" nud permanent
    done
}

# Streams of pings, 50 a second: NAME:NAMESPACE:ADDRESS.
streams="vf:vf0.0:$(vf_ip 0 1) wire:vf0.0:$(wire_ip 0) tap:tap:$(wire_ip 0)"
all_ping() { local s; for s in $streams; do pings "$(cut -d: -f2 <<<"$s")" "${s##*:}" || return 1; done; }
declare -A lost
# interruption TEXT COMMAND...: tells what each stream lost while COMMAND ran and until all are answered again, in packets, and the
# longest time without an answer, in ms; and without ovs-vswitchd. ${lost[NAME]} has the packets.
interruption() {
    local text=$1 s name line= pinger=() watcher sent got gap
    shift
    for s in $streams; do
        ip netns exec "$(cut -d: -f2 <<<"$s")" ping -D -n -i 0.02 "${s##*:}" >"/tmp/pings.${s%%:*}" &
        pinger+=($!)
    done
    (while :; do ! ovs-appctl --timeout=1 version >/dev/null 2>&1 || uptime_ms; done) >/tmp/answers &
    watcher=$!
    "$@"
    wait_until 60 daemons_run
    wait_until 60 all_ping
    kill -INT "${pinger[@]}"
    kill $watcher
    wait "${pinger[@]}" $watcher || :
    for s in $streams; do
        name=${s%%:*}
        read -r got sent gap <<<"$(sed -n 's/^\[\([0-9.]*\)\].*bytes from.* icmp_seq=\([0-9]*\) .*/\2 \1/p' "/tmp/pings.$name" | sort -nu |
            awk 'NR > 1 && $2 - last > max { max = $2 - last } { last = $2; seq = $1 } END { printf "%d %d %d", NR, seq, max * 1000 }')"
        check "$name: hardly any answers" at_least "$got" 50
        lost[$name]=$(( sent - got ))
        line+=" $name ${lost[$name]} of $sent ($gap ms),"
    done
    tell "$text: lost$line ovs-vswitchd away for $(awk 'NR > 1 && $1 - last > max { max = $1 - last } { last = $1 } END { printf "%d", max }' /tmp/answers) ms"
}

boot2() {
    check_healthy
    wait_until 60 howto_is_up
    check_fails "the module is in" ovs-appctl sriov/show
    # The far end of the cable speaks no LACP; with stock only the port's own key counts.
    vsctl set Port bond1 other_config:lacp-fallback-ab=true
    vfs_start
    wire_up 0
    tap_up
    wait_until 60 all_ping
    keep_neighbours vf0.0 "$(vf_ip 0 1)" "$(wire_ip 0)"
    keep_neighbours vf0.1 "$(vf_ip 0 0)"
    keep_neighbours tap "$(wire_ip 0)"
    keep_neighbours wire0 "$(vf_ip 0 0)" 10.0.8.1
    before=$(config)
    interruption "stock over stock" apt_get install --reinstall $needed
    stock_lost=$(( lost[vf] + lost[wire] ))
    interruption "ours over stock " install_ours
    check "not ours" all_are "$ours"
    the_same before "$before" after "$(config)" || fail "the configuration is another one"
    # The tap is a port that agrees does not know.
    vsctl del-port veth100i0
    wait_until 60 howto_is_up
    wait_until 60 agrees vmbr1
    tap_port
    offloads
    interruption "ours over ours  " apt_get install --reinstall $(our $needed)
    check "the NIC did not go on" at_most "$(( 10 * (lost[vf] + lost[wire]) ))" $stock_lost
    the_same before "$before" after "$(config)" || fail "the configuration is another one"
    interruption "stock over ours " apt_get install --allow-downgrades $(for name in $needed; do echo "$name=$stock"; done)
    check "not stock" all_are "$stock"
    the_same before "$before" after "$(config)" || fail "the configuration is another one"
    check_healthy
}
tap_port() { vsctl add-port vmbr1 veth100i0; wait_until 60 all_ping; }

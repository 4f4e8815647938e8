#!/bin/bash
# from stock with running bridges: the configuration is kept and traffic resumes; the interruption, against a reinstall of stock
howto_names
boot1() {
    offer debian
    apt_get install $needed
    check "not stock" all_are "$stock"
    udev_howto
    interfaces_howto
    stanzas_howto
}

# keep_neighbour NETNS ADDRESS: does not look for its MAC address again.  That takes a flow of its own, which may or may not be
# there while ovs-vswitchd is away, and this guest needs more than half a minute for what takes a real host two seconds.
keep_neighbour() {
    local netns=$1
    set -- $(ip -n "$netns" neigh show "$2")
    ip -n "$netns" neigh replace "$1" dev "$3" lladdr "$5" nud permanent
}

# interruption COMMAND...: sets $gap to the longest time without an answer to pings between two VFs while COMMAND ran and until
# they are answered again, $away to that without ovs-vswitchd, both in milliseconds.
interruption() {
    local pinger watcher
    ip netns exec vf0.0 ping -D -n -i 0.02 "$(vf_ip 0 1)" >/tmp/pings &
    pinger=$!
    (while :; do ! ovs-appctl --timeout=1 version >/dev/null 2>&1 || uptime_ms; done) >/tmp/answers &
    watcher=$!
    "$@"
    wait_until 60 daemons_run
    wait_until 60 pings vf0.0 "$(vf_ip 0 1)"
    kill -INT $pinger
    kill $watcher
    wait $pinger $watcher || :
    gap=$(sed -n 's/^\[\([0-9.]*\)\].*bytes from.*/\1/p' /tmp/pings | awk 'NR > 1 && $1 - last > max { max = $1 - last } { last = $1 } END { printf "%d", max * 1000 }')
    away=$(awk 'NR > 1 && $1 - last > max { max = $1 - last } { last = $1 } END { printf "%d", max }' /tmp/answers)
    check "no answers at all" at_least "$gap" 1
}

boot2() {
    check_healthy
    wait_until 60 howto_is_up
    check_fails "the module is in" ovs-appctl sriov/show
    vfs_start
    check "traffic" pings vf0.0 "$(vf_ip 0 1)"
    keep_neighbour vf0.0 "$(vf_ip 0 1)"
    keep_neighbour vf0.1 "$(vf_ip 0 0)"
    before=$(config)
    interruption apt_get install --reinstall $needed
    tell "stock over stock: $gap ms without an answer between VFs, ovs-vswitchd away for $away ms"
    interruption install_ours
    tell "ours over stock:  $gap ms without an answer between VFs, ovs-vswitchd away for $away ms"
    check "not ours" all_are "$ours"
    the_same before "$before" after "$(config)" || fail "the configuration is another one"
    wait_until 60 howto_is_up
    wait_until 60 agrees vmbr1
    wire_up 0
    offloads
}

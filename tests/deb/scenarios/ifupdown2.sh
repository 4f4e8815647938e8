#!/bin/bash
# ifupdown once more, then ifupdown2 in its place: boots, reloads, a change; our ports stay as they are, VFs lose no packet
# after: fresh
# limit: 1200
howto_names
reload() { talk_while "$1" ifreload -a; }
# What a person deleted is not there, and all else is.
seven() {
    equal "$(our_ports | wc -w)" 7 && [[ " $(our_ports)" != *" ovs-sw2pf1vf3 "* ]] && bond_is_up
}
boot1() {
    wait_until 60 vmbr1_is_up 8
    vfs_talk
    say "ifupdown, down and up: all come back with the bridge"
    check ifdown ifdown vmbr1
    check_fails "vmbr1 is still there" vsctl br-exists vmbr1
    check ifup ifup vmbr1
    check ifup ifup --force bond1
    wait_until 60 vmbr1_is_up 8
    wait_until 60 pings vf0.0 "$(vf_ip 0 1)"
    say "ifupdown2 takes its place"
    offer debian
    apt_get install ifupdown2
    check_healthy
}
boot2() {
    check_healthy
    check "ifupdown2 is not the one" [ -d /usr/share/ifupdown2 ]
    # Nothing waits for it.
    wait_until 300 systemctl -q is-active networking
    check_healthy
    wait_until 60 vmbr1_is_up 8
    vfs_talk
    vsctl set Port ovs-sw2pf1vf0 tag=7 other_config:a-person=was-here
    for n in 1 2 3 4 5; do reload "without a change, $n"; done
    sed -i '/^iface vmbr1 /a\        ovs_extra set bridge ${IFACE} other_config:sriov-representors=pf*vf0-9' /etc/network/interfaces
    reload "with a changed stanza"
    check "the stanza's setting" equal "$(vsctl get bridge vmbr1 other_config:sriov-representors)" '"pf*vf0-9"'
    talk_while "its unit" systemctl reload networking
    say "a person's deletion"
    vsctl del-port ovs-sw2pf1vf3
    deleted() { vsctl get bridge vmbr1 external_ids:sriov-deleted | grep -q pf1vf3; }
    wait_until 20 deleted
    reload "with a deleted port"
    check "the deleted port, or another one" seven
    our_rows >/root/before
    tell "$pings_sum pings answered, none lost"
}
boot3() {
    wait_until 300 systemctl -q is-active networking
    check_healthy
    wait_until 60 seven
    the_same before "$(cat /root/before)" after "$(our_rows)" || fail "the boot changed our ports"
    vfs_talk
    reload "after the boot"
    ovs-appctl sriov/resync
    wait_until 60 vmbr1_is_up 8
    tell "$pings_sum pings answered, none lost"
}

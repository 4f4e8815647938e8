#!/bin/bash
# NetworkManager has the uplinks, and the bridge's address; Debian's knows nothing of Open vSwitch: representors are unmanaged
# after: fresh
# limit: 1200
howto_names
boot1() {
    wait_until 60 vmbr1_is_up 8
    no_ifupdown
    offer debian
    apt_get install network-manager
    check_healthy
    check "it can do more than we say" [ ! -e /usr/lib/*/NetworkManager/*/libnm-device-plugin-ovs.so ]
    # So the bridge stays in the database.
    vsctl add-br vmbr1 -- set Interface vmbr1 mtu_request=9000 \
        -- add-bond vmbr1 bond1 "$(uplink 0)" "$(uplink 1)" lacp=active bond_mode=balance-tcp
    for p in 0 1; do
        nmcli connection add type ethernet con-name uplink$p ifname "$(uplink $p)" 802-3-ethernet.mtu 9000 \
            ipv4.method disabled ipv6.method disabled
    done
    nmcli connection add type generic con-name vmbr1 ifname vmbr1 ipv4.method manual ipv4.addresses 10.0.9.2/16 ipv6.method disabled
}
states() { nmcli -t -f DEVICE,STATE device | sed -n 's/^ovs-sw[0-9]pf[^:]*://p' | sort | uniq -c | tr -s ' '; }
boot2() {
    check_healthy
    check "it does not run" systemctl -q is-active NetworkManager
    nmcli device
    nmcli connection up vmbr1 || :
    nmcli -t device | grep vmbr1
    wait_until 60 vmbr1_is_up 8
    vfs_talk
    check "the uplink is its" contains "$(nmcli -t -f DEVICE,STATE device)" "$(uplink 0):connected"
    tell "representors to NetworkManager:$(states)"
    check "representors" equal "$(states)" " 8 unmanaged"
    vsctl set Port ovs-sw2pf1vf0 tag=7 other_config:a-person=was-here
    talk_while "reload" nmcli general reload
    talk_while "connection reload" nmcli connection reload
    vfs_talk_while "restart" systemctl restart NetworkManager
    vfs_talk_while "its address again" nmcli device reapply vmbr1
    vfs_talk_while "the uplink of others again" nmcli connection up uplink1
    check "representors" equal "$(states)" " 8 unmanaged"
    vmbr1_is_up 8 || fail "not all is as it was"
    tell "$pings_sum pings answered, none lost"
}

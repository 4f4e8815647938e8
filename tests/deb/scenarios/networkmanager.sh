#!/bin/bash
# NetworkManager has bridge, bond, uplinks and the host's address: representors are unmanaged, and stay where they are
# after: fresh
# limit: 1200
howto_names
host=host0
boot1() {
    wait_until 60 vmbr1_is_up_ifupdown
    no_ifupdown
    offer debian
    apt_get install network-manager
    check_healthy
    nmcli connection add type ovs-bridge con-name vmbr1 conn.interface vmbr1
    nmcli connection add type ovs-port con-name bond1 conn.interface bond1 master vmbr1 ovs-port.bond-mode balance-tcp ovs-port.lacp active
    for p in 0 1; do
        nmcli connection add type ethernet con-name uplink$p conn.interface "$(uplink $p)" master bond1 slave-type ovs-port 802-3-ethernet.mtu 9000
    done
    nmcli connection add type ovs-port con-name port-host conn.interface port-host master vmbr1
    nmcli connection add type ovs-interface con-name host0 conn.interface host0 master port-host slave-type ovs-port \
        ipv4.method manual ipv4.addresses 10.0.9.2/16 ipv6.method disabled
}
vmbr1_is_up_ifupdown() { host=vmbr1 vmbr1_is_up 8; }
states() { nmcli -t -f DEVICE,STATE device | sed -n 's/^ovs-sw[0-9]pf[^:]*://p' | sort | uniq -c | tr -s ' '; }
boot2() {
    check_healthy
    check "it does not run" systemctl -q is-active NetworkManager
    wait_until 120 vmbr1_is_up 8
    vfs_talk
    nmcli device
    tell "representors to NetworkManager:$(states)"
    check "representors" equal "$(states)" " 8 unmanaged"
    vsctl set Port ovs-sw2pf1vf0 tag=7 other_config:a-person=was-here
    talk_while "reload" nmcli general reload
    talk_while "connection reload" nmcli connection reload
    check "restart" systemctl restart NetworkManager
    wait_until 60 vmbr1_is_up 8
    vfs_talk_while "its address again" nmcli device reapply host0
    check "representors" equal "$(states)" " 8 unmanaged"

    say "down and up: all come back with the bridge"
    check "down" nmcli connection down vmbr1
    gone() { ! vsctl br-exists vmbr1; }
    wait_until 60 gone
    for name in vmbr1 bond1 uplink0 uplink1 port-host host0; do check "up $name" nmcli --wait 60 connection up $name; done
    wait_until 60 vmbr1_is_up 8
    wait_until 60 pings vf0.0 "$(vf_ip 0 1)"
    wait_until 60 pings vf0.1 10.0.9.2
    tell "$pings_sum pings answered, none lost"
}

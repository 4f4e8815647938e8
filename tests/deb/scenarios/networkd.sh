#!/bin/bash
# systemd-networkd has the uplinks and the bridge's address: representors are unmanaged, and nobody waits for them
# after: fresh
# limit: 900
howto_names
wait_online=/lib/systemd/systemd-networkd-wait-online
boot1() {
    wait_until 60 vmbr1_is_up 8
    no_ifupdown
    offer debian
    # What networkctl talks through.
    apt_get install dbus
    # networkd makes no bridge of Open vSwitch: it stays in the database.
    vsctl add-br vmbr1 -- set Interface vmbr1 mtu_request=9000 \
        -- add-bond vmbr1 bond1 "$(uplink 0)" "$(uplink 1)" lacp=active bond_mode=balance-tcp
    cat >/etc/systemd/network/10-uplinks.network <<END
[Match]
Name=$(uplink 0) $(uplink 1)
[Link]
MTUBytes=9000
[Network]
LinkLocalAddressing=no
END
    cat >/etc/systemd/network/20-vmbr1.network <<END
[Match]
Name=vmbr1
[Network]
Address=10.0.9.2/16
END
    # What installers of images leave behind.
    cat >/etc/systemd/network/90-all.network <<END
[Match]
Name=*
[Network]
DHCP=yes
END
    systemctl enable systemd-networkd
}
states() { networkctl --no-pager --no-legend list | awk '$2 ~ /^ovs-sw[0-9]pf/ { print $NF }' | sort | uniq -c | tr -s ' '; }
boot2() {
    check_healthy
    check "it does not run" systemctl -q is-active systemd-networkd
    wait_until 60 vmbr1_is_up 8
    vfs_talk
    networkctl --no-pager list
    tell "representors to networkd:$(states)"
    check "representors" equal "$(states)" " 8 unmanaged"
    check "the uplink is its" contains "$(networkctl --no-pager --no-legend list "$(uplink 0)")" configured
    # Those of VFs would like an address by DHCP that nobody gives.
    ignore=$(ls /sys/class/net | grep -v -e ovs-sw -e "$(uplink 0)" -e "$(uplink 1)" -e '^vmbr1$' | sed 's/^/--ignore=/')
    check "somebody waits" $wait_online --timeout=60 $ignore
    talk_while "networkctl reload" networkctl reload
    vfs_talk_while "reconfigure" networkctl reconfigure "$(uplink 1)" vmbr1
    vfs_talk_while "restart" systemctl restart systemd-networkd
    check "representors" equal "$(states)" " 8 unmanaged"
    vmbr1_is_up 8 || fail "not all is as it was"

    say "without our file they would be waited for"
    ln -s /dev/null /etc/systemd/network/05-ovs-sriov.network
    networkctl reload
    systemctl restart systemd-networkd
    managed() { ! states | grep -q unmanaged; }
    wait_until 20 managed
    check_fails "it does not: what did this prove?" $wait_online --timeout=10 $ignore
    rm /etc/systemd/network/05-ovs-sriov.network
    systemctl restart systemd-networkd
    check "somebody waits" $wait_online --timeout=60 $ignore
    vmbr1_is_up 8 || fail "not all is as it was"
    tell "$pings_sum pings answered, none lost"
}

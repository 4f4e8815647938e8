#!/bin/bash
# a Linux bond of the uplinks made by ifupdown, ifupdown2, systemd-networkd: at boot VFs get their drivers after it; VF-LAG
# after: fresh
# limit: 900
rep() { echo "ovs-sw$(( $1 + 1 ))pf$(pf_port "$1")vf$2"; }
drivers() { local p v; for p in 0 1; do for v in 0 1 2 3; do driver_of "$(vf_pci $p $v)"; done; done | sort | uniq -c | tr -s ' '; }
# since UNIT: when it had started, in microseconds of this boot.
since() { systemctl show -p "$2TimestampMonotonic" --value "$1"; }
# in_order UNIT: after UNIT, which makes the bond, and after what apply says.
in_order() {
    local said
    said=$(journalctl -b -o cat --no-pager -u ovs-sriov -u "ovs-sriov@*" -u ovs-sriov-drivers)
    echo "$said"
    check "apply leaves VFs without drivers" contains "$said" "no drivers for VFs before bond0 is there: done"
    check "they get them" contains "$said" "$(pf_pci 0): drivers for 4 VFs: done"
    check_fails "there was no VF-LAG by then" contains "$said" "there is no VF-LAG yet"
    check "ovs-sriov-drivers does not come after $1" at_least "$(since ovs-sriov-drivers.service ExecMainStart)" "$(since "$1" ActiveEnter)"
}
# bond_boot UNIT: what each boot is to show.
bond_boot() {
    local p
    check_healthy
    late() { ! [ -e /run/ovs-sriov.late ] && equal "$(drivers)" " 8 mlx5_core"; }
    wait_until 120 late
    in_order "$1"
    check "VF-LAG" equal "$(lag_state 0) $(lag_state 1)" "active active"
    check "members" equal "$(tr ' ' '\n' </sys/class/net/bond0/bonding/slaves | sort | tr '\n' ' ')" "$(uplink 0) $(uplink 1) "
    check "nothing is left to do" equal "$(ovs-sriov apply)" "nothing to do"
    check_fails "check says something of the bond" contains "$(ovs-sriov check)" VF-LAG
    wait_until 60 rep_ports vmbr1 8
    for f in 0 1; do wire_up $f; done
    # The cable that is in use.
    active() { grep . /sys/class/net/bond0/bonding/active_slave; }
    wait_until 30 active
    p=$([ "$(active)" = "$(uplink 0)" ] && echo 0 || echo 1)
    vf_up $(( 1 - p )) 0
    expect_offloaded vf$(( 1 - p )).0 wire$p "$(wire_ip $p)" "$(rep $(( 1 - p )) 0)" "$(uplink $p)" 50
}
boot1() {
    systemctl disable --now networking
    offer debian
    apt_get install ifenslave
    bond_stanza 'mtu 9000' >/etc/network/interfaces
    systemctl enable networking
    # (The bridge stays in the database.)
    vsctl --if-exists del-br vmbr1 -- add-br vmbr1
    vsctl --no-wait add-port vmbr1 bond0
    check "what waits for a bond" systemctl -q is-enabled ovs-sriov-drivers.path
}
boot2() {
    tell "ifupdown and ifenslave"
    bond_boot networking.service
    apt_get install ifupdown2
}
boot3() {
    tell "ifupdown2"
    wait_until 300 systemctl -q is-active networking
    bond_boot networking.service
    systemctl disable networking
    rm -f /etc/network/interfaces
    printf '[NetDev]\nName=bond0\nKind=bond\n[Bond]\nMode=active-backup\nMIIMonitorSec=0.05\n' >/etc/systemd/network/10-bond0.netdev
    printf '[Match]\nName=%s %s\n[Link]\nMTUBytes=9000\n[Network]\nBond=bond0\n' "$(uplink 0)" "$(uplink 1)" >/etc/systemd/network/20-uplinks.network
    printf '[Match]\nName=bond0\n[Link]\nMTUBytes=9000\n[Network]\nLinkLocalAddressing=no\n' >/etc/systemd/network/30-bond0.network
    systemctl enable systemd-networkd
}
boot4() {
    tell "systemd-networkd"
    bond_boot systemd-networkd.service
}

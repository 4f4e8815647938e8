#!/bin/bash
# OVN says which ports there are: none of its ports and bridges is touched, its logical ports of VFs are in hardware, before and after restarts
# after: fresh
# limit: 1200
howto_names
# of_ovn: all that is OVN's or its user's in the database.  Its tunnels have another name each time that ovn-controller starts.
of_ovn() {
    vsctl get Bridge br-int _uuid
    for port in $(vsctl list-ports br-int | sort); do
        vsctl --columns=name,tag,trunks,vlan_mode,other_config,external_ids list Port "$port"
        vsctl --columns=name,type,options,mtu_request,ofport_request,other_config list Interface "$port"
        vsctl get Interface "$port" external_ids:iface-id 2>/dev/null || :
    done | sed 's/ovn[0-9]*-pve2/ovn-pve2/'
}
logical_up() { equal "$(ovn-nbctl --bare --columns=up find Logical_Switch_Port name="$1")" true; }
in_br_int() { the_same "ports of br-int that are VFs" "$(vsctl list-ports br-int | grep '^ovs-sw' | sort)" "expected" "$(printf '%s\n' "$@" | sort)"; }
# logical_port PF VF: with the address of the VF.
logical_port() { ovn-nbctl --may-exist lsp-add sw0 "lp$2" -- lsp-set-addresses "lp$2" "$(<"$(vf_sysfs "$1" "$2")/address") $(vf_ip "$1" "$2")"; }
vf_sysfs() { echo "/sys/class/net/$(vf "$1" "$2")"; }
# ovn-controller makes its flows anew, which takes its time here.
in_hardware() {
    wait_until 180 pings vf0.0 "$(vf_ip 0 1)" 2
    wait_until 120 expect_offloaded vf0.0 vf0.1 "$(vf_ip 0 1)" "$(rep 0 0)" "$(rep 0 1)"
}
same_as_before() { the_same "OVN's, as it was" "$before" "now" "$(of_ovn)"; }

boot1() {
    wait_until 60 bond_is_up
    wait_until 60 rep_ports vmbr1 8
    offer debian
    apt_get install ovn-central ovn-host
    check "ours stays" all_are "$ours"
    check_healthy

    say "this host is a chassis, its tunnels go over the bridge of the bond"
    ovn-nbctl ls-add sw0
    ovn-nbctl --timeout=30 --wait=sb sync
    vsctl set Open_vSwitch . external_ids:ovn-remote=unix:/run/ovn/ovnsb_db.sock \
        external_ids:ovn-encap-type=geneve external_ids:ovn-encap-ip=10.0.9.2
    wait_until 60 vsctl br-exists br-int
    ovn-sbctl chassis-add pve2 geneve 10.0.9.3
    wait_until 60 vsctl list Interface ovn-pve2-0
    check "what is a port stays one" rep_ports vmbr1 8
    for v in 0 1; do logical_port 0 $v; done

    say "as CNI plugins add a port, and as others do"
    vsctl --may-exist add-port br-int "$(rep 0 0)" -- set Interface "$(rep 0 0)" external_ids:iface-id=lp0
    vsctl del-port vmbr1 "$(rep 0 1)" -- add-port br-int "$(rep 0 1)" -- set Interface "$(rep 0 1)" external_ids:iface-id=lp1
    wait_until 60 logical_up lp0
    wait_until 60 logical_up lp1
    vfs_start
    in_hardware
    before=$(of_ovn)
    tell "$(ovs-appctl sriov/show "$(rep 0 0)" | tail -n 1 | tr -s ' ')"
    contains "$(ovs-appctl sriov/show "$(rep 0 0)")" "added by others" || fail "it is not OVN's"

    say "VFs that come later are not added by themselves"
    vsctl del-port vmbr1 "$(rep 0 3)"
    vsctl clear Bridge vmbr1 external_ids
    ovs-appctl sriov/resync
    why() { contains "$(ovs-appctl sriov/show "$(rep 0 3)")" "not added: OVN adds ports"; }
    wait_until 30 why
    check "nobody's port" equal "$(vsctl port-to-br "$(rep 0 3)" 2>/dev/null || echo none)" none

    say "ovn-controller, then Open vSwitch, are started anew"
    systemctl restart ovn-controller
    wait_until 60 logical_up lp0
    in_hardware
    check "after ovn-controller's restart" same_as_before
    systemctl restart openvswitch-switch
    in_hardware
    check "after Open vSwitch's restart" same_as_before
    check_healthy
    echo "$before" >/root/of-ovn

    # The next boot makes the bridge anew, without what was a port of it.
    sed -i '/^iface vmbr1 /a \        ovs_extra set Bridge vmbr1 other_config:sriov-auto-add=true' /etc/network/interfaces
}

boot2() {
    before=$(cat /root/of-ovn)
    wait_until 90 bond_is_up
    wait_until 120 logical_up lp0
    wait_until 60 in_br_int "$(rep 0 0)" "$(rep 0 1)"
    # A VF whose address nobody sets has another one; and representors are set up by who plugs a VM in, as os-vif and CNI plugins do.
    for v in 0 1; do
        logical_port 0 $v
        ip link set "$(rep 0 $v)" up
    done
    vfs_start
    in_hardware
    check "after a boot" same_as_before
    # All of the NIC but OVN's two; that one of them was deleted went with the bridge.
    wait_until 60 rep_ports vmbr1 6
    check_healthy
}

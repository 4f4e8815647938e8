#!/bin/bash
# what "ovs-sriov proxmox" prints, with ifupdown2 set up as Proxmox VE's: boot, five reloads, down and up, VFs and a VM's tap
# after: ifupdown2
# limit: 900
howto_names
# As Proxmox VE's package has it: the unit waits for network-pre.target, other settings, and a policy.
as_proxmox() {
    mkdir -p /etc/systemd/system/networking.service.d
    cat >/etc/systemd/system/networking.service.d/proxmox.conf <<'END'
[Unit]
After=local-fs.target network-pre.target systemd-sysctl.service systemd-modules-load.service
Before=network.target network-online.target
Wants=network.target
END
    sed -i 's/^addon_syntax_check=.*/addon_syntax_check=1/; s/^multiple_vlan_aware_bridge_support=.*/multiple_vlan_aware_bridge_support=1/' \
        /etc/network/ifupdown2/ifupdown2.conf
    echo '{ "bridge": { "module_globals": { "bridge-mac-iface": [] } } }' >/var/lib/ifupdown2/policy.d/proxmox.json
}
boot1() {
    as_proxmox
    ifdown vmbr1
    printf 'auto lo\niface lo inet loopback\n\n' >/etc/network/interfaces
    ovs-sriov proxmox vfs >/root/printed || fail "ovs-sriov proxmox"
    cat /root/printed
    # The Linux bond, and then what is for Open vSwitch.
    sed -n '/^# \[bond /,/^$/s/^# \{0,1\}//p' /root/printed >>/etc/openvswitch/sriov.conf
    check "a bond" grep -q '^\[bond bond1\]' /etc/openvswitch/sriov.conf
    sed -n '/^auto /,$p' /root/printed >>/etc/network/interfaces
}
boot2() {
    wait_until 300 systemctl -q is-active networking
    check_healthy
    bridge=$(sed -n 's/^iface \(vmbr[0-9]*\) .*/\1/p' /etc/network/interfaces | head -n 1)
    port=$(sed -n 's/^.*ovs_ports //p' /etc/network/interfaces | head -n 1)
    # Both PFs are in its bond, of which this cable alone is there: the far end speaks no LACP.
    eight() { equal "$(our_ports "$bridge" | wc -w)" 8; }
    wait_until 60 eight
    vfs_start
    wire_up 0
    tap_up "$bridge"
    traffic() { wait_until 60 pings vf0.0 "$(vf_ip 0 1)"; wait_until 60 pings vf0.0 10.0.8.1; wait_until 60 pings vf0.1 "$(wire_ip 0)"; }
    reload() { undisturbed "$1" vf=vf0.0:"$(vf_ip 0 1)" wire=vf0.1:"$(wire_ip 0)" tap=vf0.0:10.0.8.1 -- ifreload -a; }
    traffic
    tell "$(ours | sed -n 's/^[^,]*,\(ovs-[^,]*\),\([0-9]*\),.*/\1:\2/p' | tr '\n' ' ')"
    for n in 1 2 3 4 5; do reload "$n"; done
    check ifdown ifdown "$bridge"
    check_fails "$bridge is still there" vsctl br-exists "$bridge"
    check ifup ifup "$bridge"
    check ifup ifup "$port"
    wait_until 60 eight
    # Proxmox VE adds a tap when its VM starts, and nobody does so again after "ifdown".
    vsctl add-port "$bridge" veth100i0
    traffic
    reload "after down and up"
    tell "$pings_sum pings answered, none lost"
    check "a mapping for its VFs" grep -q "path=$(vf_pci 0 0)" /root/printed
}

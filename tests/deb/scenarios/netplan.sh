#!/bin/bash
# netplan has bridge, bond and uplinks, and makes one PF's VFs in switchdev mode itself: "netplan apply" leaves our ports
# after: fresh
# limit: 1200
howto_names
boot1() {
    wait_until 60 vmbr1_is_up 8
    no_ifupdown
    offer debian
    # Through dbus networkd is told to reload; without, it is restarted.
    apt_get install dbus netplan.io
    # It has 10 seconds, which are not many for Python in an emulated machine.
    mkdir -p /etc/systemd/system/netplan-ovs-cleanup.service.d
    printf '[Service]\nTimeoutStartSec=300\n' >/etc/systemd/system/netplan-ovs-cleanup.service.d/slow.conf
    check_healthy
    mkdir -p /etc/netplan
    cat >/etc/netplan/vmbr1.yaml <<END
network:
  version: 2
  renderer: networkd
  ethernets:
    $(uplink 0): {mtu: 9000}
    $(uplink 1):
      mtu: 9000
      virtual-function-count: 4
      embedded-switch-mode: switchdev
  bonds:
    bond1:
      interfaces: [$(uplink 0), $(uplink 1)]
      mtu: 9000
      openvswitch: {lacp: active}
      parameters: {mode: balance-tcp}
  bridges:
    vmbr1:
      interfaces: [bond1]
      mtu: 9000
      openvswitch: {}
      addresses: [10.0.9.2/16]
END
    chmod 600 /etc/netplan/vmbr1.yaml
    # PF 1 has two masters as long as sriov.conf has it as well: that is said, and then put right.
    check "two masters" contains "$(ovs-sriov check || :)" "/etc/netplan/vmbr1.yaml"
    sed -i "/^\[$(pf_pci 1)\]/,\$d" /etc/openvswitch/sriov.conf
    check "PF 0" contains "$(cat /etc/openvswitch/sriov.conf)" "[$(pf_pci 0)]"
    ovs-sriov check || :
    check "generate" netplan generate
}
# of_netplan: its mark is on what it made, and on nothing of ours.
of_netplan() { vsctl --bare --columns=name find Port external_ids:netplan=true | sed '/^$/d' | sort | tr '\n' ' '; }
boot2() {
    check_healthy
    wait_until 60 vmbr1_is_up 8
    vfs_talk
    check "PF 1 is netplan's" contains "$(devlink dev eswitch show "pci/$(pf_pci 1)")" "mode switchdev"
    check "its ports" equal "$(of_netplan)" "bond1 "
    vsctl set Port "$(rep 0 1)" tag=7 other_config:a-person=was-here
    vsctl remove Port "$(rep 0 1)" tag 7
    vfs_talk_while "apply" netplan apply
    vfs_talk_while "apply, once more" netplan apply
    sed -i '/addresses:/s/\[.*/[10.0.9.2\/16, 10.8.0.1\/24]/' /etc/netplan/vmbr1.yaml
    vfs_talk_while "a changed file" netplan apply
    wait_until 20 contains_address 10.8.0.1/24
    check "what a person set" contains "$(vsctl get Port "$(rep 0 1)" other_config)" a-person
    check "its ports" equal "$(of_netplan)" "bond1 "
    vmbr1_is_up 8 || fail "not all is as it was"
    tell "$pings_sum pings answered, none lost"
}
contains_address() { contains "$(ip -br addr show vmbr1)" "$1"; }

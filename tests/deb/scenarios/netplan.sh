#!/bin/bash
# netplan has bridge, bond and uplinks, and makes one PF's VFs in switchdev mode itself; "netplan apply" leaves our ports
# after: fresh
# limit: 1200
howto_names
boot1() {
    wait_until 60 vmbr1_is_up 8
    no_ifupdown
    offer debian
    apt_get install netplan.io
    check_healthy
    # PF 0 is netplan's alone, PF 1 both's.
    sed -i "/^\[$(pf_pci 0)\]/,/^\[/{/^\[$(pf_pci 1)\]/!d}" /etc/openvswitch/sriov.conf
    grep -v '^#' /etc/openvswitch/sriov.conf
    mkdir -p /etc/netplan
    cat >/etc/netplan/vmbr1.yaml <<END
network:
  version: 2
  renderer: networkd
  ethernets:
    $(uplink 0):
      mtu: 9000
      virtual-function-count: 4
      embedded-switch-mode: switchdev
      delay-virtual-functions-rebind: true
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
      openvswitch: {}
      addresses: [10.0.9.2/16]
END
    chmod 600 /etc/netplan/vmbr1.yaml
    check "generate" netplan generate
    ovs-sriov check | grep netplan || :
}
boot2() {
    failed_units
    journalctl -b --no-pager -u 'netplan*' -u systemd-networkd -u ovs-sriov
    devlink dev eswitch show "pci/$(pf_pci 0)"
    cat "/sys/bus/pci/devices/$(pf_pci 0)/sriov_numvfs"
    ip -br link
    ovs-vsctl show
    fail "to be seen"
}

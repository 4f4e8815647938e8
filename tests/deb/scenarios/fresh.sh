#!/bin/bash
# on a machine with no Open vSwitch: apt install, sriov.conf; then a boot: bridge, bond and representors come up, VFs are offloaded
howto_names
boot1() {
    offer debian
    check_fails "Open vSwitch is there already" command -v ovs-vsctl
    install_ours
    check "not ours" all_are "$ours"
    check "the daemons run" daemons_run
    check "the module is in" need_patched
    contains "$(ovs-appctl sriov/show)" "legacy" || fail "the NIC is not in legacy mode"
    check "it waits for sriov.conf" equal "$(systemctl is-enabled ovs-sriov) $(systemctl is-active ovs-sriov)" "enabled inactive"
    # What README.Debian says, for both PFs of this NIC.
    section=$(zcat /usr/share/doc/openvswitch-switch/README.Debian.gz | sed -n '/^ *\[0000:81:00.0\]/,/^$/s/^ *//p')
    for p in 0 1; do
        sed "s/0000:81:00.0/$(pf_pci $p)/" <<<"$section"
        echo "mtu = 9000"
    done >>/etc/openvswitch/sriov.conf
    interfaces_howto
}

boot2() {
    check_healthy
    check "the daemons run" daemons_run
    wait_until 60 bond_is_up
    wait_until 60 rep_ports vmbr1 8
    wait_until 60 agrees vmbr1
    check "as the how-to looks at it" equal "$(ip -d link show | grep -c 'ovs-sw[12]pf[01]vf[0-3]: .*,UP.* mtu 9000 .*master ovs-system')" 8
    check "nothing is left to do" equal "$(ovs-sriov apply)" "nothing to do"
    check "nothing was set" equal "$(other_config)" "{}"
    contains "$(ovs-appctl sriov/show | tr -s " ")" "hw-offload true default" || fail "the defaults are not in force"
    # As they came into the database since the bridge did.
    order=$(ovsdb-tool -m show-log /var/lib/openvswitch/conf.db | sed -n 's/.*Port insert row "\{0,1\}\([^" ]*\).*/\1/p')
    tell "order: $(echo $order)"
    vfs_start
    wire_up 0
    offloads

    say "a driver that is taken from its NIC, and given back"
    echo "$(pf_pci 1)" >/sys/bus/pci/drivers/mlx5_core/unbind
    none() { equal "$(representors 1)" ""; }
    wait_until 60 none
    echo "$(pf_pci 1)" >/sys/bus/pci/drivers/mlx5_core/bind
    four() { equal "$(representors 1 | grep -c '^ovs-sw2pf1vf[0-3]$')" 4; }
    wait_until 60 four
    wait_until 60 agrees vmbr1
    check_healthy

    say "bash knows the commands"
    check "no completion" bash -c '. /usr/share/bash-completion/bash_completion; _completion_loader ovs-appctl; complete -p ovs-appctl'
    words=$(bash /usr/share/bash-completion/completions/ovs-appctl debug ovs-appctl sriov/show TAB 2>&1)
    for word in --flows --json vmbr1 bond1 "$(uplink 0)"; do
        grep -qx -e "$word" <<<"$words" || { echo "$words"; fail "it does not offer $word"; }
    done
}

#!/bin/bash
# purge leaves nothing behind but what a purge of stock leaves, and what is the user's
# limit: 1200
files() { find / -xdev \( -path /host -o -path /var/lib/dpkg -o -path /var/lib/apt -o -path /var/cache -o -path /var/log/journal -o -path /tmp \) -prune -o -print | sort; }
boot1() {
    offer debian
    apt_get install openvswitch-switch
    apt_get purge --autoremove $needed
    files >/tmp/stock-leaves
    users="/etc/openvswitch /etc/openvswitch/sriov.conf.mine /etc/systemd/network/30-mine.network /etc/udev/rules.d/70-mine.rules"
    install_ours
    printf '[%s]\nvfs = 2\n' "$(pf_pci 0)" >>/etc/openvswitch/sriov.conf
    echo mine | tee ${users#* } >/dev/null
    check "apply" systemctl restart ovs-sriov
    check "what ovs-sriov keeps" [ -s /etc/openvswitch/sriov.conf.switches ]
    vsctl add-br br0 -- add-port br0 "$(uplink 0)"
    wait_until 60 rep_ports br0 2
    apt_get remove $needed
    check "remove leaves what is configuration" [ -s /etc/openvswitch/sriov.conf.switches ]
    apt_get purge --autoremove $needed
    check "ours leaves these" equal "$(files | comm -13 /tmp/stock-leaves -)" "$(printf '%s\n' $users)"
    check "in /run" equal "$(ls /run | grep sriov)" ""
    check_fails "a daemon runs" pgrep 'ovs'
    check "a preference" equal "$(ls /etc/apt/preferences.d)" ""
    check "dpkg knows more" equal "$(dpkg-query -W -f '${Package} ${Status}\n' $needed 2>/dev/null | grep -v 'unknown ok not-installed')" ""
}

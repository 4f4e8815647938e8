#!/bin/bash
# purge leaves nothing behind but what a purge of stock leaves
files() { find / -xdev \( -path /host -o -path /var/lib/dpkg -o -path /var/lib/apt -o -path /var/cache -o -path /var/log/journal -o -path /tmp \) -prune -o -print | sort; }
boot1() {
    offer debian
    apt_get install openvswitch-switch
    apt_get purge --autoremove $needed
    files >/tmp/stock-leaves
    install_ours
    vsctl add-br br0
    apt_get purge --autoremove $needed
    check "ours leaves these" equal "$(files | comm -13 /tmp/stock-leaves -)" ""
    check_fails "a daemon runs" pgrep 'ovs'
    check "a preference" equal "$(ls /etc/apt/preferences.d)" ""
    check "dpkg knows more" equal "$(dpkg-query -W -f '${Package} ${Status}\n' $needed 2>/dev/null | grep -v 'unknown ok not-installed')" ""
}

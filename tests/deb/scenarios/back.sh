#!/bin/bash
# back to stock, as README.Debian has it: our ports are ordinary ports, nothing breaks, the next stock revision is taken
# after: stays
howto_names
boot1() {
    wait_until 60 rep_ports vmbr1 8
    vfs_start
    check "traffic" pings vf0.0 "$(vf_ip 0 1)"
    before=$(config; vsctl list-ports vmbr1)
    zcat /usr/share/doc/openvswitch-switch/README.Debian.gz | sed -n '/^ *v=VERSION/,/^$/p' | sed "s/VERSION/$stock/; s/apt install/apt-get -q -y install/" >/tmp/back
    cat /tmp/back
    check "the command of README.Debian" sh -e /tmp/back
    check "not stock" all_are "$stock"
    check_healthy
    check "the daemons run" daemons_run
    check_fails "the module is in" ovs-appctl sriov/show
    check "the preference stays" [ ! -L /etc/apt/preferences.d/openvswitch-cx-sriov.pref ]
    the_same before "$before" after "$(config; vsctl list-ports vmbr1)" || fail "the configuration is another one"
    wait_until 60 pings vf0.0 "$(vf_ip 0 1)"

    say "an ordinary port"
    vsctl del-port vmbr1 "$(rep 0 3)"
    check "del-port" rep_ports vmbr1 7

    say "the next revision"
    apt_get upgrade
    check "not the newer one" all_are "$newer"
    check_healthy
}
boot2() {
    check_healthy
    check "the daemons run" daemons_run
    wait_until 60 bond_is_up
}

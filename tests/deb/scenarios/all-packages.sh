#!/bin/bash
# apt install ./*.deb over a stock that has all packages; ovs-vswitchd with DPDK has the module, too
# limit: 1200
# Units of stock, and what they do; ours, which has nothing to do, comes on top.
stock_units() { systemctl list-units --all --no-legend --plain 'o[pv]*' | awk '$1 !~ /^ovs-sriov/ { print $1, $3 }'; }
boot1() {
    offer debian
    apt_get install openvswitch-switch openvswitch-switch-dpdk openvswitch-vtep openvswitch-ipsec openvswitch-testcontroller openvswitch-test
    # Trixie's openvswitch-ipsec does not start without strongswan-starter, which it does not depend on.
    failed=$(failed_units)
    [ -z "$failed" ] || tell "with stock: $failed"
    check_healthy "$failed"
    units=$(stock_units)
    (cd /host/repo/ours && apt_get install ./*.deb)
    dpkg-query -W -f '${Package} ${Version}\n' 'openvswitch*' python3-openvswitch | grep -v " $ours\$" | grep ' .' && fail "these are not ours"
    check_healthy "$failed"
    the_same "units before" "$units" after "$(stock_units)" || fail "not all that ran runs"
    check "Python's bindings" python3 -c 'import ovs.db.idl, ovs._json'
    check "vtep-ctl" vtep-ctl --version
    check "the daemons run" daemons_run
    check "the module is in" need_patched

    say "with DPDK"
    check "the alternative" update-alternatives --set ovs-vswitchd /usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk
    systemctl restart openvswitch-switch
    check "the daemons run" daemons_run
    contains "$(ovs-vswitchd --version)" DPDK || fail "this is not the one with DPDK"
    nic_switchdev 0
    nic_vfs 0 2
    vsctl add-br br0 -- add-port br0 "$(uplink 0)"
    wait_until 60 agrees br0
}

#!/bin/bash
# the how-to's complete configuration, representor stanzas, names and patched ovs-ctl included, and then what "import" makes of it: the same end state, no errors
# after: fresh
howto_names
boot1() {
    : >/var/log/openvswitch/ovs-vswitchd.log    # what went before is not this scenario's
    sed -i '/^[^#]/d' /etc/openvswitch/sriov.conf
    udev_howto
    interfaces_howto
    stanzas_howto
    patch_howto
}

boot2() {
    check_healthy
    wait_until 60 howto_is_up
    wait_until 60 agrees vmbr1
    contains "$(other_config)" 'hw-offload="true", lacp-fallback-ab="true", tc-policy=skip_sw' || fail "the patch has no effect"
    contains "$(ovs-appctl sriov/show)" "set in other_config" || fail "it is not what the person said"
    check_fails "ifupdown had something to complain about" sh -c 'journalctl -b -u networking | grep -iE "error|fail|exists|cannot"'
    # The device "bond1" that ifupdown.sh asks for sends IPv6's first packets; stock's warning is the same.
    check "trouble in the log" equal "$(log_trouble | grep -v "on unknown port .*,dl_src=$(cat /sys/class/net/bond1/address),")" ""
    vfs_start
    wire_up 0
    offloads

    say "all down and up again"
    check "networking" systemctl restart networking
    wait_until 60 howto_is_up
    wait_until 60 agrees vmbr1
    offloads

    say "import"
    ovs-sriov import >/tmp/sriov.conf 2>/tmp/report || fail "the how-to's files cannot be imported"
    cat /tmp/sriov.conf /tmp/report
    cp /tmp/sriov.conf /etc/openvswitch/
    check "what can be deleted" equal "$(sed -n 's/^delete //p' /tmp/report | sort | tr '\n' ' ')" \
        "/etc/network/interfaces.d/ovs-sw1.conf /etc/udev/rules.d/70-persistent-net-vf.rules "
    rm $(sed -n 's/^delete //p' /tmp/report)
    contains "$(cat /tmp/report)" "apt-get install --reinstall openvswitch-switch" || fail "nothing is said of ovs-ctl"
    apt_get install --reinstall $(our openvswitch-switch)
    check_fails "ovs-ctl is still another one" grep hw-offload /usr/share/openvswitch/scripts/ovs-ctl
}

boot3() {
    check_healthy
    wait_until 60 howto_is_up
    wait_until 60 agrees vmbr1
    check "nothing is left to do" equal "$(ovs-sriov apply)" "nothing to do"
    vfs_start
    wire_up 0
    offloads
}

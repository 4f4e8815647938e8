#!/bin/bash
# on the NICs of ice, bnxt_en and Linux 6.1's mlx5: VF to VF and to the wire, a Linux bond, settings, modes to and fro, floods of VLANs
# guest: python=1
# limit: 1800
# long: five subjects on each of three NICs
# "--set MATRIX=ice" has it try that one alone.

# acts: the module adds ports, as it does by itself for mlx5_core alone. Of a flood in hardware, bnxt_en sends the last copy alone,
# so that it must not have any.
acts() {
    [ "$PERSONALITY" != bnxt ] || vsctl set Open_vSwitch . other_config:hw-offload=false
    vsctl set Open_vSwitch . other_config:sriov=true
}
# What they refuse with EINVAL (ice_tc_lib.c:704, bnxt_tc.c:362), Open vSwitch takes for an error.
quiet() { check "no trouble in the log" equal "$(log_trouble 'failed to offload flow: Invalid argument')" ""; }

# goes FROM TO ADDRESS IN OUT BACK: in hardware, if there is any.
goes() {
    if [ "$PERSONALITY" = bnxt ]; then
        expect_software "$1" "$3" "$4"
        expect_software "$2" "$6" "$5"
    else
        expect_offloaded "$1" "$2" "$3" "$4" "$5"
    fi
}

offload_vf() {
    nic_up 2 0
    bridge_up
    acts
    vfs_up 0 0 1
    goes vf0.0 vf0.1 "$(vf_ip 0 1)" "$(rep 0 0)" "$(rep 0 1)" "$(vf_ip 0 0)"
    goes vf0.0 wire0 "$(wire_ip 0)" "$(rep 0 0)" "$(uplink 0)" "$(vf_ip 0 0)"
    tcp_stream vf0.0 wire0 "$(wire_ip 0)" 2
    wait_until 20 agrees br0
    quiet
}

linux_bond() {
    local p v
    nic_load
    ip link add bond0 type bond mode active-backup miimon 50
    for p in 0 1; do
        nic_up 2 $p
        ip link set "$(uplink $p)" down
        ip link set "$(uplink $p)" master bond0
    done
    ip link set bond0 up
    start_ovs
    vsctl add-br br0 -- add-port br0 bond0
    acts
    for p in 0 1; do for v in 0 1; do wait_until 20 of_port "$(rep $p $v)"; done; done
    vf_up 0 0
    vf_up 1 1
    # These drivers make no VF-LAG: what the bond and the other PF have part in goes through software, and goes.
    wait_until 20 pings vf0.0 "$(wire_ip 0)" 20
    wait_until 20 pings vf1.1 "$(wire_ip 0)" 20
    wait_until 20 pings vf0.0 "$(vf_ip 1 1)" 20
    say "the other cable"
    nic_knob 0 cable_pulled 1
    wait_until 10 equal "$(cat /sys/class/net/bond0/bonding/active_slave)" "$(uplink 1)"
    wait_until 20 pings vf0.0 "$(wire_ip 1)" 20
    nic_knob 0 cable_pulled 0
    quiet
}

settings() {
    udev_start
    nic_load
    udev_settle
    sriov_conf <<END
[$(pf_pci 1)]
vfs = 2
[$(pf_pci 0)]
vfs = 3
mac = 02:00:00:00:01:fe
trust = on
spoofchk = on
steering = smfs
multiport = on
END
    # A parameter that the driver lacks, and what it refuses, is told and fails nothing.
    sriov apply >/tmp/steps || { cat /tmp/steps; fail "cannot be applied"; }
    cat /tmp/steps
    check "multiport" contains "$(cat /tmp/steps)" "multiport on: left alone: driver"
    check "all VFs" equal "$(representors 0 | wc -l) $(representors 1 | wc -l)" "3 2"
    sriov check >/tmp/check || :
    check "check tells it" contains "$(cat /tmp/check)" "has no parameter esw_multiport -> remove it from sriov.conf"
    [ "$PERSONALITY" = mlx5-6.1 ] || check "steering" contains "$(cat /tmp/check)" "has no parameter flow_steering_mode"
    check "nothing is left to do" contains "$(sriov apply)" "nothing to do"
}

legacy() {
    sed -i '/^mode/d' /etc/openvswitch/sriov.conf
    echo "mode = legacy" >>/etc/openvswitch/sriov.conf
    sriov apply
}
mode_cycle() {
    local i
    nic_up 2 0
    bridge_up
    acts
    sriov_conf <<<"[$(pf_pci 0)]
vfs = 2
names = keep"
    for i in 1 2; do
        vfs_up 0 0 1
        wait_until 20 pings vf0.0 "$(vf_ip 0 1)"
        # VFs in another namespace are in use, and hold the mode.
        check_fails "VFs in use" legacy
        ip netns del vf0.0
        ip netns del vf0.1
        wait_until 10 exists "$(vf 0 0)"
        wait_until 10 exists "$(vf 0 1)"
        wait_until 30 legacy
        check "legacy" contains "$(devlink dev eswitch show "pci/$(pf_pci 0)")" "mode legacy"
        wait_until 20 absent "$(rep 0 0)"
        sed -i '/^mode/d' /etc/openvswitch/sriov.conf
        wait_until 30 sriov apply
        check "switchdev" contains "$(devlink dev eswitch show "pci/$(pf_pci 0)")" "mode switchdev"
        wait_until 20 exists "$(rep 0 1)"
    done
    vfs_up 0 0 1
    wait_until 20 pings vf0.0 "$(vf_ip 0 1)"
    wait_until 20 agrees br0
    # Open vSwitch says of a port whose device is away that it is.
    check "no trouble in the log" equal "$(
        log_trouble 'failed to offload flow: Invalid argument\|could not open network device\|STP status on nonexistent port')" ""
}

for PERSONALITY in ${MATRIX:-mlx5-6.1 ice bnxt}; do
    export PERSONALITY
    say "======== $PERSONALITY"
    if [ "$PERSONALITY" = mlx5-6.1 ]; then
        subjects="/host/guest/scenarios/offload-vf.sh /host/guest/scenarios/linux-bond.sh /host/guest/scenarios/mode-cycle.sh settings floods"
    else
        subjects="offload_vf linux_bond settings mode_cycle floods"
    fi
    for subject in ${SUBJECTS:-$subjects}; do
        say "---- $subject"
        # As in a shell of its own, as the runner has it.
        (
            case $subject in
            /*) ROUNDS=1 . "$subject" ;;
            floods) FRAMES_COUNT=${FRAMES_COUNT:-10} FRAMES_OFFLOAD=default . /host/guest/scenarios/frames-compare.sh ;;
            *) $subject ;;
            esac
        )
        scenario_clean
    done
done

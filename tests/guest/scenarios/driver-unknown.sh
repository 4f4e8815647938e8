#!/bin/bash
# NICs whose drivers are known not to offload rightly, ice and bnxt_en: nothing by itself, everything with sriov=true
# limit: 240
# one DRIVER: with the personality of that name.
one() {
    nic_up 2 0
    start_ovs
    vsctl add-br br0 -- add-port br0 "$(uplink 0)"
    wait_until 20 of_port "$(uplink 0)"
    show=$(ovs-appctl sriov/show)
    echo "$show"
    check "sriov/show says why the defaults are off" contains "$show" "default: not for this NIC's driver; sriov=true forces it"
    check "sriov/show says why no port" contains "$show" "not added: driver $1: "
    check "no port but the uplink" equal "$(vsctl list-ports br0)" "$(uplink 0)"
    check "hw-offload is off" equal "$(grep -c 'Flow API Enabled\|Flow HW offload is enabled' /run/ovs/ovs-vswitchd.log)" 0
    vsctl set Open_vSwitch . other_config:sriov=true
    vfs_up 0 0 1
    wait_until 20 agrees br0
}
say "ice"
PERSONALITY=ice
one ice
expect_offloaded vf0.0 vf0.1 "$(vf_ip 0 1)" "$(rep 0 0)" "$(rep 0 1)"
say "a limit that the NIC does not take is told"
vsctl set Interface "$(rep 0 0)" ingress_policing_rate=8000
told() { contains "$(ovs-appctl sriov/show "$(rep 0 0)")" "ingress_policing does not limit what is in hardware"; }
wait_until 10 told
check "the log says it, once" equal "$(grep -c 'ingress_policing does not limit' "$vswitchd_log")" 1
check "the reason" contains "$show" "only the last output of a rule gets the frame (sriov=true adds it)"
scenario_clean
say "bnxt_en"
PERSONALITY=bnxt
one bnxt_en
# Open vSwitch matches each IP packet's fragment bits, which bnxt_en refuses (bnxt_tc.c:382, Linux 6.12).
expect_software vf0.0 "$(vf_ip 0 1)" "$(rep 0 0)"

#!/bin/bash
# ovs-vswitchd ends and starts while VFs send through a bond with LACP: the NIC goes on until the bond may send again, whether its partner speaks LACP or not
# limit: 400
. /host/guest/bond.sh
. /host/guest/restart.sh
# Slow, so that a machine that is slow does not take longer than the partner waits.
LACP_TIME=slow
ours=${PATH%%:*}
# The partner is the kernel's, since Open vSwitch is started anew: "802.3ad lacp_rate slow", or one without LACP.
far_up() {
    local p
    ip netns add far
    for p in 0 1; do ip link set "wire$p" netns far; done
    ip -n far link add far type bond mode "$1" miimon 50 "${@:2}"
    for p in 0 1; do
        ip -n far link set "wire$p" down
        ip -n far link set "wire$p" master far
        tc -n far qdisc add dev "wire$p" clsact
        tc -n far filter add dev "wire$p" ingress protocol 0x8809 matchall action pass
    done
    ip -n far link set far up
    ip -n far addr add $far_ip/16 dev far
}
far_down() {
    local p
    for p in 0 1; do
        ip -n far link set "wire$p" nomaster
        ip -n far link set "wire$p" netns 1
        ip link set "wire$p" up
    done
    ip netns del far
}
# VF to VF and, with ours, VF to the far end, through either uplink.
all_in_hw() {
    hw_flow "$(rep 0 0)" "$(rep 0 1)" || return 1
    [ "$ovs_dir" != "$ours" ] || hw_flow "$(rep 0 0)" "$(uplink 0)" || hw_flow "$(rep 0 0)" "$(uplink 1)"
}
# heard WIRE: the LACPDUs that came in there.
heard() { tc -n far -s filter show dev "$1" ingress | sed -n 's/.* bytes \([0-9]*\) pkt.*/\1/p'; }
heard_more() { at_least "$(heard "$1")" "$2"; }
# flaps MEMBER: how often it was disabled.
flaps() { grep -c "bond|INFO|member $1: disabled" /run/ovs/ovs-vswitchd.log || :; }
bond_sends() { members_enabled 1 || members_enabled 2; }
side() { restart_under "$1" exit all_in_hw vf=vf0.0:"$(vf_ip 0 1)" far=vf0.0:$far_ip; }

setup() {
    vsctl add-br vmbr1 -- add-bond vmbr1 bond1 "$(uplink 0)" "$(uplink 1)" lacp=active bond_mode=balance-tcp other_config:lacp-time=$LACP_TIME \
        other_config:bond-primary="$(uplink 0)" "$@"
    wait_until 20 of_port "$(rep 0 0)"
    wait_until 20 of_port "$(rep 0 1)"
    wait_until 30 bond_sends
    wait_until 30 pings vf0.0 $far_ip 2
}
bond_nic_up 2
for v in 0 1; do vf_up 0 $v; done
for partner in "802.3ad lacp_rate slow" "active-backup primary wire0"; do
    say "the partner is ${partner%% *}"
    # Without LACP both ends have to choose the same link.
    # shellcheck disable=SC2086
    far_up $partner
    start_ovs "$ours"
    need_patched
    setup
    [ "${partner%% *}" != 802.3ad ] || wait_until 30 members_enabled 2
    before=("$(heard wire0)" "$(heard wire1)") flaps=$(flaps '.*')
    side "ours, ${partner%% *}"
    if [ "${partner%% *}" = 802.3ad ]; then
        # Once each, as the old ovs-vswitchd ends.
        check "members were disabled" equal $(( $(flaps '.*') - flaps )) 2
        for p in 0 1; do check "the partner was not told at once" heard_more wire$p $(( before[p] + 1 )); done
        # With a cable pulled, or in a port that is not in the bond.
        for how in down nomaster; do
            ip -n far link set wire1 $how
            [ $how = down ] || ip -n far link set wire1 up
            wait_until 20 members_enabled 1
            flaps=$(flaps "$(uplink 0)")
            side "ours, 802.3ad, wire1 $how"
            check "the member that is left was disabled" equal $(( $(flaps "$(uplink 0)") - flaps )) 1
        done
    fi
    stop_ovs
    start_ovs_stock_offloading
    for v in 0 1; do ip link set "$(rep 0 $v)" up; done
    setup other_config:lacp-fallback-ab=true -- add-port vmbr1 "$(rep 0 0)" -- add-port vmbr1 "$(rep 0 1)"
    side "stock, ${partner%% *}"
    stop_ovs
    far_down
done
for partner in 802.3ad active-backup; do
    for s in vf far; do say "RESULT $partner, $s: ours lost ${lost[ours, $partner.$s]}, stock ${lost[stock, $partner.$s]}"; done
    check "$partner: the NIC did not go on VF to VF" at_most "$(( 5 * ${lost[ours, $partner.vf]} ))" "${lost[stock, $partner.vf]}"
done
for partner in 802.3ad active-backup; do
    check "$partner: the bond did not go on" at_most "$(( 10 * ${lost[ours, $partner.far]} ))" "${lost[stock, $partner.far]}"
done

# Helpers for the scenarios with DPDK; sourced by them, after those of tests/guest/lib.sh.
# shellcheck shell=bash disable=SC2154

# DPDK does not load drivers from below a folder that anybody may write to.
plugins=/opt/dpdk
mkdir -p $plugins
cp /host/pmds/*.so $plugins/
cp -n /host/pmds/lib/* /lib/x86_64-linux-gnu/

# dpdk_up [MEGABYTES]: Open vSwitch with DPDK, which gets so much memory (default: 400), without hugepages.  Of the NIC it probes
# nothing by itself, as on a host with "-a 0000:00:00.0", unless $DPDK_ALLOW says otherwise: it would take ports for VFs as well.
dpdk_up() {
    start_ovs
    need_patched
    dpdk_init "${1:-400}"
    wait_until 60 dpdk_ready
}
dpdk_init() {
    vsctl --no-wait set Open_vSwitch . other_config:dpdk-lcore-mask=1 other_config:pmd-cpu-mask=2 other_config:dpdk-init=true \
        other_config:dpdk-extra="--no-huge --legacy-mem -m $1 -d $plugins ${DPDK_ALLOW--a 0000:00:00.0}"
}
dpdk_ready() { equal "$(ovs-vsctl --timeout=5 get Open_vSwitch . dpdk_initialized)" true; }

# dpdk_bridge PF...: a userspace bridge br0 with these uplinks as DPDK ports "dpdk-pN".
dpdk_bridge() {
    local p ports=()
    for p; do
        ports+=(-- add-port br0 "dpdk-p$p" -- set Interface "dpdk-p$p" type=dpdk "options:dpdk-devargs=$(pf_pci "$p")${PF_ARGS-}")
    done
    ovs-vsctl --timeout=60 add-br br0 -- set Bridge br0 datapath_type=netdev "${ports[@]}"
}

# dpdk_port NAME: is it a DPDK port of the datapath?
dpdk_port() {
    equal "$(vsctl get Interface "$1" type)" dpdk || return 1
    of_port "$1"
}

# hw_flows: those of userspace bridges, where there is another datapath as well.
hw_flows() { ovs-appctl dpctl/dump-flows --names netdev@ovs-netdev type=offloaded; }
# hw_count IN OUT: packets of the offloaded flows from one port to the other.
hw_count() {
    hw_flows | grep -F "in_port($1)" | grep "actions:.*$2" \
        | sed -n 's/.*packets:\([0-9]*\),.*/\1/p' | awk '{ n += $1 } END { print n + 0 }'
}
# sw_count NAME: packets that the daemon itself got from the port.
sw_count() { vsctl get Interface "$1" statistics:rx_packets; }

# metric NAME DIRECTION PATH: packets of the representor's function in that direction (from, to) by that path (hardware,
# software), by "ovs-sriov metrics".
metric() {
    ovs-sriov metrics prometheus >/tmp/metrics
    sed -n "s/^ovs_sriov_function_packets_total{pf=\"[^\"]*\",function=\"pf${1##*pf}\",direction=\"$2\",path=\"$3\"} //p" \
        /tmp/metrics | grep . || { grep _packets_total /tmp/metrics >&2; return 1; }
}
# metrics NAME: from hardware, from software, to hardware, to software.
metrics() { echo "$(metric "$1" from hardware) $(metric "$1" from software) $(metric "$1" to hardware) $(metric "$1" to software)"; }
# metrics_since NAME "METRICS": what passed since metrics was METRICS.
metrics_since() {
    local new old
    read -ra new <<<"$(metrics "$1")"
    read -ra old <<<"$2"
    [ ${#new[@]} = 4 ] && [ ${#old[@]} = 4 ] || return 1
    echo "$(( new[0] - old[0] )) $(( new[1] - old[1] )) $(( new[2] - old[2] )) $(( new[3] - old[3] ))"
}
has_metrics() { metric "$1" from software >/dev/null; }

# expect_in_hardware FROM-NS ADDRESS IN OUT [PINGS]: of so many pings at least 99 % go from port IN, a representor, to OUT by rules
# of the NIC, and back, as the metrics count them; the daemon sees next to nothing. A flow's own counter begins anew when the flow
# does, as on a busy machine revalidators have it.
expect_in_hardware() {
    local n=${5:-200} in out before passed
    wait_until 30 pings "$1" "$2" 2
    wait_until 30 in_hardware "$1" "$2" "$3" "$4"
    wait_until 10 has_metrics "$3"
    before=$(metrics "$3")
    in=$(sw_count "$3") out=$(sw_count "$4")
    check "ping $1 -> $2 loses packets" pings "$1" "$2" "$n"
    check "$3 to $4: no rule has packets" at_least "$(hw_count "$3" "$4")" 1
    check "$4 to $3: no rule has packets" at_least "$(hw_count "$4" "$3")" 1
    wait_until 20 counted "$3" "$before" $(( (n * 99 + 99) / 100 )) $(( (n * 99 + 99) / 100 ))
    wait_until 15 steady "$3"
    in=$(( $(sw_count "$3") - in )) out=$(( $(sw_count "$4") - out ))
    read -ra passed <<<"$(metrics_since "$3" "$before")"
    say "$n pings $1 -> $2: hardware ${passed[0]} there, ${passed[2]} back; software ${passed[1]} there, ${passed[3]} back;" \
        "the daemon saw $in and $out"
    check "metrics, hardware there" at_most "${passed[0]}" $(( n + 10 ))
    check "metrics, hardware back" at_most "${passed[2]}" $(( n + 10 ))
    # ARP, and what comes first in a flow.
    check "metrics, software there" at_most "${passed[1]}" 6
    check "metrics, software back" at_most "${passed[3]}" 6
    check "$3: software sees packets" at_most "$in" 6
    check "$4: software sees packets" at_most "$out" 6
}
in_hardware() {
    local before
    before=$(hw_count "$3" "$4")
    pings "$1" "$2" 3 || return 1
    at_least "$(hw_count "$3" "$4")" $(( before + 3 )) && return
    ovs-appctl dpctl/dump-flows -m --names netdev@ovs-netdev
    ovs-appctl sriov/why
    return 1
}
# counted NAME "METRICS" THERE BACK: at least so many packets in hardware since metrics was METRICS.
counted() {
    local since
    read -ra since <<<"$(metrics_since "$1" "$2")"
    at_least "${since[0]}" "$3" && at_least "${since[2]}" "$4"
}
# The statistics column is brought up to date every 5 s.
steady() { local a; a=$(sw_count "$1"); usleep 5500000; equal "$(sw_count "$1")" "$a"; }
between() { at_least "$2" "$1" && at_most "$2" "$3"; }
contains_show() { contains "$(ovs-appctl sriov/show)" "$1"; }
# why_says NAME TEXT: does sriov/why give this reason for a flow that comes in there?
why_says() { contains "$(ovs-appctl sriov/why "$1")" "$2"; }

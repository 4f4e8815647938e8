#!/bin/bash
# How long 28 representors take to become ports, against one ovs-vsctl with the same rows: as many as DPDK has room for
# long: measures
# guest: vfs=14
# limit: 900
. /host/lib.sh
nic_up 14 0 1
dpdk_up 500
all=()
for p in 0 1; do for v in $(seq 0 13); do all+=("$p $v"); done; done
# are_ports: with the uplinks.  One question, since many would be part of what is measured.
are_ports() {
    equal "$(ovs-vsctl --timeout=10 --bare --columns=ofport find Interface type=dpdk | grep -c '^[1-9]')" $(( ${#all[@]} + 2 ))
}
# by_hand: the rows that the module writes, in one transaction.
by_hand() {
    local p r ports=()
    for p in 0 1; do ports+=(-- add-port br0 "dpdk-p$p" -- set Interface "dpdk-p$p" type=dpdk "options:dpdk-devargs=$(pf_pci $p)"); done
    for r in "${all[@]}"; do
        ports+=(-- add-port br0 "$(rep ${r% *} "${r#* }")" -- set Interface "$(rep ${r% *} "${r#* }")" type=dpdk
                "options:dpdk-devargs=$(pf_pci ${r% *}),representor=pf${r% *}vf${r#* }")
    done
    ovs-vsctl --timeout=300 add-br br0 -- set Bridge br0 datapath_type=netdev "${ports[@]}"
}
# by_themselves: the module writes them, as soon as there is the bridge.
by_themselves() { dpdk_bridge 0 1; }
# took SETTING COMMAND: stores in $took how many ms COMMAND takes until all are ports, with other_config:sriov as SETTING.
took() {
    local start
    vsctl set Open_vSwitch . other_config:sriov="$1"
    start=$(uptime_ms)
    "$2"
    wait_until 300 are_ports
    took=$(( $(uptime_ms) - start ))
    [ "$2" != by_themselves ] || ours_are_all
    ovs-vsctl --timeout=300 del-br br0
}
ours_are_all() { check "ours" equal "$(ovs-appctl sriov/show --json | grep -c '"added by cx-sriov"')" ${#all[@]}; }
median() { printf '%s\n' "$@" | sort -n | sed -n "$(( ($# + 1) / 2 ))p"; }

# Of the first round, in which memory is set up, nothing counts.
hand=() own=()
for round in 0 1 2 3 4 5; do
    took false by_hand; a=$took
    took auto by_themselves; b=$took
    say "28 representors: by hand $a ms, by themselves $b ms"
    [ $round = 0 ] || { hand+=("$a"); own+=("$b"); }
done
ratio=$(( $(median "${own[@]}") * 100 / $(median "${hand[@]}") ))
say "28 representors, medians: by hand $(median "${hand[@]}") ms, by themselves $(median "${own[@]}") ms, ratio $ratio %"
check "slower than one ovs-vsctl" at_most $ratio 125

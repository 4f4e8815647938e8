#!/bin/bash
# How long 28 representors take to become ports, against one ovs-vsctl with the same rows: as many as DPDK has room for
# long: measures, and checks no more than that all are there
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
for round in 1 2 3; do
    vsctl set Open_vSwitch . other_config:sriov=false
    start=$(uptime_ms)
    by_hand
    wait_until 300 are_ports
    hand=$(( $(uptime_ms) - start ))
    ovs-vsctl --timeout=300 del-br br0
    vsctl remove Open_vSwitch . other_config sriov
    start=$(uptime_ms)
    dpdk_bridge 0 1
    wait_until 300 are_ports
    own=$(( $(uptime_ms) - start ))
    [ $round != 1 ] || ovs-appctl sriov/show | grep '^DPDK'
    ovs-vsctl --timeout=300 del-br br0
    say "28 representors: by hand $hand ms, by themselves $own ms, ratio $(( own * 100 / hand )) %"
done

#!/bin/bash
# ovs-sriov probe says of each driver what its table has, and leaves nothing behind, also after a signal
# limit: 240
# state: what a probe might change.
state() {
    local dev
    for dev in $(uplink 0) $(uplink 1) $(representors); do
        ip -d link show "$dev" | grep -o 'UP\|vf .*' || :
        tc qdisc show dev "$dev" ingress || :
        tc filter show dev "$dev" ingress || :
    done
    tc actions list action police
    ls /sys/class/net
}
# found WHAT TEXT [TEXT]: the line about WHAT has these texts.
found() {
    local line
    line=$(grep "^  $1  " /tmp/probe) || fail "no line \"$1\""
    shift
    for text; do check "text" contains "$line" "$text"; done
}
# probed PERSONALITY: NIC and probe.
probed() {
    say "$1"
    PERSONALITY=$1
    nic_up 3 0 1
    state >/tmp/before
    begin=$(uptime_ms)
    sriov probe "$(pf_pci 0)" >/tmp/probe || { cat /tmp/probe; fail "probe fails"; }
    took=$(( $(uptime_ms) - begin ))
    cat /tmp/probe
    say "$took ms"
    state >/tmp/after
    check "nothing is left behind" diff /tmp/before /tmp/after
}
no=refused:
other="not on same switch HW"

probed mlx5
check "under a minute" at_most $took 60000
found "trust of a VF" "$no Operation not supported"
found "MAC address of a VF" accepted
found "VF to uplink" "in hardware"
found "VF to VF" "in hardware"
found "VF to uplink, VLAN push" "in hardware"
found "uplink to VF, VLAN pop" "in hardware"
found "VF to uplink, police" "$no Mismatch between action and filter offload flags" "in hardware"
found "VF to VF and uplink" "in hardware"
found "VF to VF, and to uplink with VLAN push" "in hardware"
found "uplink to 3 VFs" "in hardware"
found "VF to VF of the other PF" "in hardware"
found "VF to the other PF's uplink" "$no mlx5_core: devices are $other" "in software"
found "uplink to the other PF's uplink" "devices are both uplink"
found "connection tracking" "$no"
found "VXLAN to VF, decapsulation" "$no"
found "drop" "in hardware"
found "carrier of a VF" "follows its representor"
found "counter of a rule" "10 of 10 after"
sriov probe --json "$(pf_pci 0)" >/tmp/json
check "JSON" contains "$(cat /tmp/json)" '"driver": "mlx5_core"'
nic_multiport 0 true
sriov probe "$(pf_pci 0)" >/tmp/probe
found "VF to the other PF's uplink" "in hardware"
check "without VFs" contains "$(nic_vfs 0 0; sriov probe "$(pf_pci 0)" 2>&1)" "no VF with a representor that nobody uses"
nic_vfs 0 3

say "a signal"
state >/tmp/before
for delay in 0 50 100 200 400; do
    # Not by the function, which is a shell of its own.
    env -u OVS_SYSCONFDIR ovs-sriov probe >/dev/null 2>&1 &
    pid=$!
    usleep $(( delay * 1000 ))
    kill "$pid" 2>/dev/null || :
    wait "$pid" || :
    state >/tmp/after
    check "after $delay ms nothing is left behind" diff /tmp/before /tmp/after
done
scenario_clean

probed mlx5-6.1
found "VF to the other PF's uplink" "in hardware"
scenario_clean

probed ice
found "trust of a VF" "$no Operation not supported"
found "VF to uplink" "in hardware"
found "VF to uplink, VLAN push" "$no ice: Unsupported action in switchdev mode"
found "VF to uplink, police" "in software"
found "VF to VF of the other PF" "$no ice: Unsupported netdevice"
found "counter of a rule" "0 of 10 after"
scenario_clean

probed bnxt
found "trust of a VF" accepted
found "VF to uplink" "in hardware"
found "VF to VF of the other PF" "$no Invalid argument"
found "counter of a rule" "10 of 10 after"

#!/bin/bash
# ovs-sriov probe says of each driver what its table has, and leaves nothing behind, also after a signal; its JSON is a personality
# limit: 400
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
# found WHAT TEXT...: what was found about WHAT has these texts.
found() {
    local what=$1 entry text
    entry=$(awk -v what="  $what  " '
        /^  [^ ]/ { in_it = index($0, what) == 1 }
        in_it { sub(/^ +/, ""); gsub(/  +/, " "); printf "%s ", $0 }' /tmp/probe)
    [ -n "$entry" ] || fail "no line \"$what\""
    shift
    for text; do check "$what" contains "$entry" "$text"; done
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
    check "lines of more than 80 columns" equal "$(awk 'length > 80' /tmp/probe)" ""
    check "not sorted" the_same sorted "$(entries | sort -f)" "as printed" "$(entries)"
}
entries() { awk '/^  what  / { on = 1; next } on && /^  [^ ]/ { print substr($0, 3, 38) }' /tmp/probe; }
# answers: the JSON of a probe, without how long a counter takes.
answers() { sriov probe --json "$(pf_pci 0)" | sed 's/ after [0-9]* ms//'; }
# same_again NAME [JOINED]: a NIC that is loaded from the JSON of this one's probe gives the same JSON. For those in $SAME_AGAIN;
# --set SAME_AGAIN=mlx5,mlx5-6.1,ice,bnxt has all of them, which takes two minutes more.
same_again() {
    local joined=${2:-}
    [[ ",${SAME_AGAIN:-ice}," = *",$1,"* ]] || { scenario_clean; return 0; }
    answers >/tmp/probe.json
    scenario_clean
    PERSONALITY=/tmp/probe.json
    nic_up 3 0 1
    [ -z "$joined" ] || nic_multiport 0 true
    answers >/tmp/again.json
    check "the NIC of that JSON answers otherwise" diff /tmp/probe.json /tmp/again.json
    scenario_clean
}
other="not on same switch HW"

probed mlx5
check "under a minute" at_most $took 60000
found "trust of a VF" refused "Operation not supported"
found "MAC address of a VF" accepted
found "MAC address of a VF taken back" accepted
found "VF to uplink" "in hardware in hardware"
found "VF to VF" "in hardware"
found "VF to uplink, VLAN push" "in hardware"
found "uplink to VF, VLAN pop" "in hardware"
found "VF to uplink, police" "refused in hardware" "Mismatch between action and filter offload flags"
found "VF to VF and uplink" "in hardware"
found "VF to VF, and to uplink with VLAN push" "in hardware"
found "uplink to all VFs" "in hardware"
found "VF to VF of the other PF" "in hardware"
found "VF to the other PF's uplink" "refused in software" "mlx5_core: devices are $other"
found "uplink to the other PF's uplink" "devices are both uplink"
found "connection tracking" refused
# With skip_sw the kernel itself refuses it.
found "VXLAN to VF, decapsulation" "refused in hardware" "Operation not supported"
found "drop" "in hardware"
found "carrier of a VF" "follows its representor"
found "counter of a rule" "10 of 10 after"
sriov probe --json "$(pf_pci 0)" >/tmp/json
check "JSON" contains "$(cat /tmp/json)" '"driver": "mlx5_core"'
check "errors in JSON" contains "$(cat /tmp/json)" '"error": 95'

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

say "without VFs, and with multiport"
check "without VFs" contains "$(nic_vfs 0 0; sriov probe "$(pf_pci 0)" 2>&1)" "no VF with a representor that nobody uses"
nic_vfs 0 3
nic_multiport 0 true
sriov probe "$(pf_pci 0)" >/tmp/probe
found "VF to the other PF's uplink" "in hardware"
same_again mlx5 joined
PERSONALITY=mlx5
nic_up 3 0 1
same_again mlx5

probed mlx5-6.1
found "VF to the other PF's uplink" "in hardware"
found "VXLAN to VF, decapsulation" "refused in hardware"
same_again mlx5-6.1

probed ice
found "trust of a VF" refused "Operation not supported"
found "VF to uplink" "in hardware"
found "VF to uplink, VLAN push" "refused" "ice: Unsupported action in switchdev mode"
found "VF to uplink, police" "refused in software" "Mismatch between action and filter offload flags"
found "VF to VF of the other PF" "refused" "ice: Unsupported netdevice"
found "counter of a rule" "0 of 10 after"
found "VXLAN to VF, decapsulation" "refused in software"
same_again ice

probed bnxt
found "trust of a VF" accepted
found "VF to uplink" "in hardware"
found "VF to VF of the other PF" refused "Invalid argument"
found "counter of a rule" "10 of 10 after"
found "VXLAN to VF, decapsulation" "refused in software"
same_again bnxt

say "a report from the field: a driver that no table has, an ice that pushes tags, and words with quotation marks"
cat >/tmp/field.json <<'END'
[{"driver":"nfp","kernel":"6.8.12-4-pve","trials":[
  {"what":"VF to uplink","skip_sw":"in hardware","default":"in hardware"},
  {"what":"VF to VF","skip_sw":"refused","error":95,"words":"nfp: says \"no\"","default":"in software"},
  {"what":"MAC address of a VF","found":"refused","error":1},
  {"what":"carrier of a VF","found":"does not go with its representor"},
  {"what":"something new","found":"accepted"}]}]
END
PERSONALITY=/tmp/field.json
nic_up 3 0
check "driver" test -e /sys/bus/pci/drivers/nfp
sriov probe "$(pf_pci 0)" >/tmp/probe
cat /tmp/probe
found "VF to VF" "refused in software" 'nfp: says "no" (Operation not supported)'
found "MAC address of a VF" refused "Operation not permitted"
found "carrier of a VF" "does not go with its representor"
scenario_clean
cat >/tmp/field.json <<'END'
[{"driver":"ice","kernel":"6.14.0","trials":[
  {"what":"VF to uplink, VLAN push","skip_sw":"in hardware","default":"in hardware"},
  {"what":"VF to uplink","skip_sw":"in hardware","default":"in hardware"}]}]
END
nic_up 3 0
sriov probe "$(pf_pci 0)" >/tmp/probe
found "VF to uplink, VLAN push" "in hardware"
found "VF to uplink, police" "refused in software"
scenario_clean
echo '[{"driver":"ice","not_tried":"no VF","trials":[]}]' >/tmp/field.json
check_fails "a file in which nothing was tried" insmod /host/simnic.ko personality=/tmp/field.json
check_fails "no file" insmod /host/simnic.ko personality=/tmp/none.json
check "what the kernel says of it" contains "$(dmesg)" "/tmp/field.json is no JSON of"

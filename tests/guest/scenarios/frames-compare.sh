#!/bin/bash
# each receiver gets the frames that the kernel datapath would send it, in hardware or not, in random configurations of VLANs and mirrors
# guest: python=1
# limit: 3000
# "make check-frames" has it compare more.
count=${FRAMES_COUNT:-20} seed=${FRAMES_SEED:-1}
ours=${PATH%%:*}
compare() { PYTHONDONTWRITEBYTECODE=1 python3 /host/guest/scenarios/frames-compare.py "$@"; }
nic_load
nic_switchdev 0
ip link set "$(uplink 0)" up
nic_vfs 0 5
for dev in wire0 "$(vf 0 0)" "$(vf 0 1)" "$(vf 0 2)" "$(vf 0 3)" "$(vf 0 4)"; do ip link set "$dev" up; done

# bridge HW-OFFLOAD: the same ports, in the same order.
bridge() {
    local v ports=()
    start_ovs "$ours"
    for v in 0 1 2 3 4; do ports+=(-- add-port br0 "$(rep 0 $v)"); ip link set "$(rep 0 $v)" up; done
    vsctl set Open_vSwitch . other_config:hw-offload="$1" -- add-br br0 -- add-port br0 "$(uplink 0)" "${ports[@]}"
    ip link set br0 up
    for v in 0 1 2 3 4; do wait_until 20 of_port "$(rep 0 $v)"; done
    wait_until 20 of_port "$(uplink 0)"
}

say "the kernel's datapath"
bridge false
compare record /tmp/right "$count" "$seed"
stop_ovs

say "the NIC"
bridge true
compare record /tmp/other "$count" "$seed"
compare compare /tmp/right /tmp/other >/tmp/result || differ=1
cat /tmp/result
check "some of it was in hardware" at_least "$(sed -n 's/.*in hardware: \([0-9]*\).*/\1/p' /tmp/result | tail -n 1)" "$count"
check "receivers got other frames than the kernel would have sent" test -z "${differ:-}"

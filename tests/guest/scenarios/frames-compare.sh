#!/bin/bash
# each receiver gets the frames that the kernel datapath would send it, in hardware or not, in random configurations of VLANs and mirrors
# guest: python=1
# limit: 3000
# "make check-frames" has it compare more.
count=${FRAMES_COUNT:-10} first=${FRAMES_FIRST:-0} seed=${FRAMES_SEED:-1}
ours=${PATH%%:*}
compare() { PYTHONDONTWRITEBYTECODE=1 python3 /host/guest/scenarios/frames-compare.py "$@"; }
# This shell and all that it starts, on one CPU, as frames-compare.py has it: ovs-vswitchd counts CPUs every 10 s, and makes its
# handlers anew when there are fewer, by which packets are lost.
python3 -c 'import os; os.sched_setaffinity(os.getppid(), {0})'
nic_load
nic_switchdev 0
ip link set "$(uplink 0)" up
nic_vfs 0 7
for dev in wire0 "$(vf 0 0)" "$(vf 0 1)" "$(vf 0 2)" "$(vf 0 3)" "$(vf 0 4)" "$(vf 0 5)" "$(vf 0 6)"; do ip link set "$dev" up; done

# bridge DIR HW-OFFLOAD ("default": as the module has it): the same ports, in the same order, with Open vSwitch of DIR; br1 is for the frame that ends a recording.
bridge() {
    local v ports=()
    start_ovs "$1"
    for v in 0 1 2 3 4; do ports+=(-- add-port br0 "$(rep 0 $v)"); done
    for v in 0 1 2 3 4 5 6; do ip link set "$(rep 0 $v)" up; done
    [ "$2" = default ] || vsctl set Open_vSwitch . other_config:hw-offload="$2"
    vsctl add-br br0 -- add-port br0 "$(uplink 0)" "${ports[@]}" \
        -- add-br br1 -- add-port br1 "$(rep 0 5)" -- add-port br1 "$(rep 0 6)"
    ip link set br0 up
    for v in 0 1 2 3 4 5 6; do wait_until 20 of_port "$(rep 0 $v)"; done
    wait_until 20 of_port "$(uplink 0)"
}

say "the kernel's datapath, with the distribution's Open vSwitch"
bridge /opt/stock false
compare record /tmp/right "$first" "$count" "$seed"
stop_ovs

say "the NIC"
bridge "$ours" "${FRAMES_OFFLOAD:-true}"
compare record /tmp/other "$first" "$count" "$seed"
compare compare /tmp/right /tmp/other >/tmp/result || differ=1
cat /tmp/result
[ -n "${FRAMES_OFFLOAD:-}" ] || check "some of it was in hardware" at_least \
    "$(sed -n 's/^frames sent: .* of these in hardware: \([0-9]*\); flows.*/\1/p' /tmp/result)" $(( count * 6 ))
check "receivers got other frames than the kernel would have sent" test -z "${differ:-}"

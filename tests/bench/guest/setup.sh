#!/bin/bash
# flow set-up between ports outside any eswitch: what it costs by default, and without offload
# limit: 1800
# guest: icount=1
#
# Run in the guest by "make bench BENCHFLAGS=setup", which judges.  Prints a line per turn: "setup SIDE FLOWS NANOSECONDS", the CPU time
# that the handler threads of ovs-vswitchd had for so many new flows between two veths, system calls included: by this guest's clock,
# which counts instructions, so that a busy machine does not matter.
#
# pktgen sends packets of which each has another UDP port, in one go; a move of that port into a register makes each of them
# a datapath flow of its own, which TC could match on.
flows=400
turns=4

send() { echo "$2" >"/proc/net/pktgen/$1"; }

# The ports of turn $1 are its own.
generate() {
    send kpktgend_0 rem_device_all
    send kpktgend_0 "add_device gen0"
    send gen0 "count $flows"
    send gen0 "clone_skb 0"
    send gen0 "pkt_size 60"
    send gen0 "delay 0"
    send gen0 "dst 10.9.0.2"
    send gen0 "src_min 10.9.0.1"
    send gen0 "src_max 10.9.0.1"
    send gen0 "dst_mac 02:00:00:00:00:99"
    send gen0 "udp_src_min $(( 1024 + $1 * flows ))"
    send gen0 "udp_src_max $(( 1024 + ($1 + 1) * flows ))"
    send gen0 "udp_dst_min 9"
    send gen0 "udp_dst_max 9"
    send pgctrl start               # Returns when all is sent.
}

# The kernel's names for threads of one kind: handler3, handler4.
handlers_ns() {
    local task name ns total=0
    for task in /proc/"$(cat /run/ovs/ovs-vswitchd.pid)"/task/*; do
        read -r name <"$task/comm"
        case $name in handler*) read -r ns _ <"$task/schedstat"; total=$(( total + ns )) ;; esac
    done
    echo $total
}

current_flows() { ovs-appctl upcall/show | sed -n 's/.*flows *: (current \([0-9]*\)).*/\1/p' | head -n 1; }
has_flows() { at_least "$(current_flows)" "$1"; }
has_no_flows() { at_most "$(current_flows)" 2; }
lost() { ovs-appctl dpctl/show | sed -n 's/.*lost:\([0-9]*\).*/\1/p'; }

# side NAME DIR SETTINGS...: starts the Open vSwitch in DIR and measures some turns.
turn=0
side() {
    local name=$1 dir=$2 i before
    shift 2
    start_ovs "$dir"
    for i; do vsctl --no-wait set Open_vSwitch . other_config:"$i"; done
    # Revalidation, at its own pace, takes no part in it.
    vsctl set Open_vSwitch . other_config:max-idle=600000
    stop_vswitchd
    start_vswitchd
    vsctl add-br br0 -- set Bridge br0 fail_mode=secure \
        -- add-port br0 "$(uplink 0)" -- add-port br0 in0 -- add-port br0 out0
    wait_until 20 of_port out0
    ovs-ofctl add-flow br0 "in_port=in0,udp,actions=move:NXM_OF_UDP_SRC[]->NXM_NX_REG0[0..15],output:out0"
    for (( i = 0; i <= turns; i++ )); do
        before=$(handlers_ns)
        generate $(( turn++ % 100 ))
        wait_until 30 has_flows $flows
        # The first one warms up.
        [ $i = 0 ] || echo "setup $name $flows $(( $(handlers_ns) - before ))" >&4
        ovs-appctl revalidator/purge
        wait_until 30 has_no_flows
    done
    check "upcalls were lost" equal "$(lost)" 0
    if [ "$name" = default ]; then
        check "offload is on" contains "$(ovs-appctl sriov/show)" "hw-offload        true"
    fi
    stop_ovs
    ovs-dpctl del-dp system@ovs-system 2>/dev/null || :
}

modprobe pktgen
nic_up 1 0
ip link add gen0 type veth peer name in0
ip link add out0 type veth peer name sink0
for dev in gen0 in0 out0 sink0; do ip link set $dev up; done
for (( round = 0; round < 2; round++ )); do
    side package /opt/stock
    side off /opt/ovs sriov=false hw-offload=false
    side again /opt/ovs sriov=false hw-offload=false
    side default /opt/ovs
done
send kpktgend_0 rem_device_all
rmmod pktgen

#!/bin/bash
# taps and veths beside representors: their flows go straight to the kernel's datapath, no TC attempt for each
nic_up 1 0
start_ovs
need_patched
vsctl add-br br0 -- add-port br0 "$(uplink 0)"
wait_until 20 of_port "$(rep 0 0)"
vf_up 0 0
# What deals with TC is called so from Open vSwitch 4.0 on.
if ovs-appctl vlog/list | grep -q '^dpif_offload_tc '; then
    ovs-appctl vlog/set dpif_offload_tc:file:dbg
else
    ovs-appctl vlog/set netdev_offload:file:dbg dpif_netlink:file:dbg
fi
for i in 0 1; do
    new_netns plain$i
    ip link add veth$i type veth peer name eth0 netns plain$i
    ip link set veth$i up
    ip -n plain$i link set eth0 up
    ip -n plain$i addr add 10.0.9.$i/16 dev eth0
done
ip tuntap add tap0 mode tap
ip link add dummy0 type dummy
ip link add link dummy0 name dummy0.5 type vlan id 5
vsctl add-port br0 veth0 -- add-port br0 veth1 -- add-port br0 tap0 -- add-port br0 dummy0.5
for p in veth0 veth1 tap0 dummy0.5; do wait_until 10 of_port $p; done

flow_api() { grep -qF "offload|INFO|$1: Assigned flow API
offload_tc|INFO|$1: Assigned flow API" /run/ovs/ovs-vswitchd.log; }
refused() { grep -c "failed to offload flow: .*: $1\$" /run/ovs/ovs-vswitchd.log || :; }
in_datapath() { ovs-appctl dpctl/dump-flows --names type=ovs | grep "in_port($1)" | grep "actions:[^ ]*$2"; }
for p in veth0 veth1 tap0; do check_fails "$p is to be offloaded" flow_api $p; done
for p in "$(rep 0 0)" "$(uplink 0)" dummy0.5 br0; do check "$p keeps its attempts" flow_api "$p"; done

check "veth to veth" pings plain0 10.0.9.1 20
check "VF to veth" pings vf0.0 10.0.9.0 20
wait_until 5 in_datapath veth0 veth1
wait_until 5 in_datapath veth0 "$(rep 0 0)"
check "no attempt for a veth" equal "$(refused veth0)" 0

say "a flow that changes gets into the datapath as well"
ovs-ofctl add-flow br0 priority=9,in_port=veth0,actions=drop
wait_until 5 in_datapath veth0 drop
check_fails "the flow is not dropped" pings plain0 10.0.9.1 3
ovs-ofctl del-flows --strict br0 priority=9,in_port=veth0
wait_until 5 pings plain0 10.0.9.1 3
check "no trouble in the log" equal "$(log_trouble)" ""

say "with tc-policy=none, TC's software path may take them, as ever"
stop_vswitchd
vsctl --no-wait set Open_vSwitch . other_config:tc-policy=none
start_vswitchd
for p in veth0 tap0; do wait_until 10 flow_api $p; done
flowers() { tc filter show dev "$1" ingress | grep -c "flower.* handle " || :; }
flowers_of() { at_least "$(flowers "$1")" "$2"; }
check "veth to veth" pings plain0 10.0.9.1 5
wait_until 5 flowers_of veth0 1
# A person's own stays.
tc filter add dev veth0 ingress prio 60000 flower src_mac 02:00:00:00:99:99 action drop

say "what the last ovs-vswitchd left in TC of a port that is not offloaded goes: it would forward by flows of the past"
stop_vswitchd
vsctl --no-wait remove Open_vSwitch . other_config tc-policy
start_vswitchd
wait_until 10 of_port veth0
check "flows of the past at the veth, or the person's filter is gone" equal "$(flowers veth0)" 1
ovs-ofctl add-flow br0 priority=9,in_port=veth0,actions=drop
check_fails "the veth forwards by flows of the past" pings plain0 10.0.9.1 3
ovs-ofctl del-flows --strict br0 priority=9,in_port=veth0
wait_until 5 pings plain0 10.0.9.1 5
tc filter del dev veth0 ingress prio 60000

say "ingress_policing_rate of a veth limits it, though it is not offloaded"
stop_vswitchd
vsctl --no-wait set Interface veth0 ingress_policing_rate=8000 ingress_policing_burst=800
start_vswitchd
wait_until 10 of_port veth0
policed() { contains "$(tc filter show dev "$1" ingress)" "police"; }
not_policed() { ! policed "$1" >/dev/null; }
wait_until 10 policed veth0
begin=$(uptime_ms)
tcp_stream plain0 plain1 10.0.9.1 3
took=$(( $(uptime_ms) - begin ))
say "3 MB at 8 Mbit/s: $took ms"
check "there is no limit" at_least $took 2500
check "not tried" equal "$(flowers veth0)" 0
vsctl set Interface veth0 ingress_policing_rate=0
wait_until 10 not_policed veth0

#!/bin/bash
# a tap's rate limit by tc, as Proxmox VE sets it, holds beside a Linux bond of uplinks: no flower filter passes by it
nic_load
nic_switchdev 0 1
ip link add bond0 type bond mode active-backup miimon 50
for p in 0 1; do
    nic_vfs $p 1
    wire_up $p
    ip link set "$(uplink $p)" down
    ip link set "$(uplink $p)" master bond0
done
ip link set bond0 up
start_ovs
need_patched
vsctl set Open_vSwitch . other_config:sriov=true -- add-br br0 -- add-port br0 bond0
for p in 0 1; do wait_until 20 of_port "$(rep $p 0)"; done

# A veth in place of the tap: the same to TC, and it has a far end.
for i in 0 1; do
    new_netns vm$i
    ip link add tap10${i}i0 type veth peer name eth0 netns vm$i
    ip link set tap10${i}i0 up
    ip -n vm$i link set eth0 up
    ip -n vm$i addr add 10.0.9.$(( i + 1 ))/16 dev eth0
    vsctl add-port br0 tap10${i}i0
    wait_until 10 of_port tap10${i}i0
done
# As PVE::Network::setup_tc_rate_limit() does: 1 MB/s.
tc qdisc add dev tap100i0 handle ffff: ingress
tc filter add dev tap100i0 parent ffff: prio 50 basic police rate 1000000bps burst 128kb mtu 64kb drop ||
    tc filter add dev tap100i0 parent ffff: protocol all prio 50 u32 match u32 0 0 \
        police rate 1000000bps burst 128kb mtu 64kb drop

flower() { tc filter show dev "$1" ingress | grep -c 'flower.*handle' || :; }
limit_holds() {
    local start end
    start=$(uptime_ms)
    tcp_stream vm0 vm1 10.0.9.2 4
    end=$(uptime_ms)
    say "4 MB at 1 MB/s: $(( end - start )) ms"
    check "the limit does not hold" at_least $(( end - start )) 3400
    check "flower filters" equal "$(flower tap100i0) $(flower tap101i0)" "0 0"
    check "the police filter is there" equal "$(tc filter show dev tap100i0 ingress | grep -c 'police 0x')" 1
}
wait_until 10 pings vm0 10.0.9.2 2
limit_holds

say "the VFs are in hardware all the same"
vf_up 0 0
expect_offloaded vf0.0 wire0 "$(wire_ip 0)" "$(rep 0 0)" "$(uplink 0)"

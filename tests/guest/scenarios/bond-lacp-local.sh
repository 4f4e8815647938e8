#!/bin/bash
# the how-to's LACP balance-tcp bond, on a NIC that refuses to forward between its PFs: VFs of both leave in hardware
# limit: 240
. /host/guest/bond.sh
bond_nic_up 2
start_ovs
need_patched
bond_bridges
wait_until 30 bond_negotiated
for p in 0 1; do for v in 0 1; do wait_until 20 of_port "$(rep $p $v)"; done; vf_up $p 0; done
vf_up 0 1
ovs-appctl bond/show bond1
check "bond/show says local" contains "$(ovs-appctl bond/show bond1)" "bond-offload: local"
check "sriov/show says why" contains "$(ovs-appctl sriov/show)" \
    "OVS bond bond1, bond-offload local: the eswitch does not forward between its PFs"
for p in 0 1; do
    wait_until 20 pings vf$p.0 $far_ip 2
    other=$(sent_through $(( 1 - p )))
    share=$(hw_share vf$p.0 "$(rep $p 0)")
    check "VF of PF $p: at least 99 % in hardware" at_least "$share" 990
    check "VF of PF $p: leaves through its own uplink" at_most $(( $(sent_through $(( 1 - p ))) - other )) 60
    wait_until 10 hw_flow "$(rep $p 0)" "$(uplink $p)"
done
say "flows"
hw_flows
check "no recirculation of what VFs send" equal \
    "$(ovs-appctl dpctl/dump-flows --names | grep "in_port($(rep 0 0))" | grep -c recirc\()" 0

say "a broadcast reaches the other VF once, and the sender not at all"
# count_arp NS DEV starts to count, arp_seen NS DEV tells.
count_arp() {
    ip netns exec "$1" tc qdisc add dev "$2" ingress
    ip netns exec "$1" tc filter add dev "$2" ingress protocol arp flower arp_tip 10.0.99.99 action pass
}
arp_seen() { ip netns exec "$1" tc -s filter show dev "$2" ingress | sed -n 's/.*Sent [0-9]* bytes \([0-9]*\) pkt.*/\1/p'; }
for v in 0 1; do count_arp vf0.$v "$(vf 0 $v)"; done
# Nobody has this address, so nobody answers.
ip netns exec vf0.0 arping -b -c 5 -I "$(vf 0 0)" 10.0.99.99 || :
got_five() { equal "$(arp_seen vf0.1 "$(vf 0 1)")" 5; }
wait_until 5 got_five
check "no copy comes back" equal "$(arp_seen vf0.0 "$(vf 0 0)")" 0
check "nothing was configured" equal "$(other_config)" "{}"

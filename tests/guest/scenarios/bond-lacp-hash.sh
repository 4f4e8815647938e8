#!/bin/bash
# the same bond on a NIC that forwards between its PFs (esw_multiport): connections are spread over both, in hardware
# limit: 240
. /host/guest/bond.sh
bond_nic_up 1
nic_multiport 0 true
start_ovs
need_patched
bond_bridges
wait_until 30 bond_negotiated
for p in 0 1; do wait_until 20 of_port "$(rep $p 0)"; vf_up $p 0; done
check "bond/show says hash" contains "$(ovs-appctl bond/show bond1)" "bond-offload: hash"
for p in 0 1; do
    wait_until 20 pings vf$p.0 $far_ip 2
    zero=$(sent_through 0) one=$(sent_through 1)
    # Each stream is a connection of its own, and its first packets are software's; iperf3 opens two.
    share=$(hw_share vf$p.0 "$(rep $p 0)" 8)
    check "VF of PF $p: at least 99 % in hardware" at_least "$share" 990
    check "VF of PF $p: some leave through uplink 0" at_least $(( $(sent_through 0) - zero )) 50
    check "VF of PF $p: some leave through uplink 1" at_least $(( $(sent_through 1) - one )) 50
done
say "changes at run time lose nothing"
ip netns exec vf0.0 ping -q -c 400 -i 0.01 -W 2 $far_ip >/tmp/ping 2>&1 &
pings=$!
for mode in local off hash local auto; do
    vsctl set Port bond1 other_config:bond-offload=$mode
    ovs-appctl revalidator/wait
done
wait $pings || :
check "packets lost" contains "$(cat /tmp/ping)" " 0% packet loss"
say "back to a NIC that does not: local, without a restart"
nic_multiport 0 false
says_local() { contains "$(ovs-appctl bond/show bond1)" "bond-offload: local"; }
wait_until 10 says_local
share=$(hw_share vf0.0 "$(rep 0 0)")
check "at least 99 % in hardware" at_least "$share" 990

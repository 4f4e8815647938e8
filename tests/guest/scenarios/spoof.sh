#!/bin/bash
# a VM that may send from its own address alone: 100,000 made-up ones reach nobody, cost few flows, in hardware, and stay so while ovs-vswitchd is gone
# guest: python=1
# long: 100,000 frames from made-up addresses
# limit: 400
count=100000
nic_up 3 0
bridge_up
vfs_up 0 0 1 2
wait_until 20 agrees br0
r0=$(rep 0 0) to1=$(vf_ip 0 1)
mac() { ip netns exec "vf0.$1" cat "/sys/class/net/$(vf 0 "$1")/address"; }
vsctl set Open_vSwitch . other_config:max-idle=600000
vsctl set Port "$r0" other_config:sriov-allowed-sources="$(mac 0),$(vf_ip 0 0)"
check "VF 0 reaches VF 1" pings vf0.0 "$to1" 5
# received VF: how many frames came to it.
received() { ip netns exec "vf0.$1" cat "/sys/class/net/$(vf 0 "$1")/statistics/rx_packets"; }
forge() { ip netns exec vf0.0 python3 /host/guest/scenarios/spoof.py "$(vf 0 0)" "$@"; }
drops() { ovs-appctl dpctl/dump-flows -m | grep "in_port($r0)" | grep "actions:drop"; }

say "$count made-up addresses"
before=$(( $(received 1) + $(received 2) ))
forge "$(mac 1)" $count 1
# All that came to Open vSwitch has its flow then.
ovs-appctl revalidator/wait
n=$(drops | wc -l)
hw=$(drops | grep -c 'offloaded:yes')
came=$(( $(received 1) + $(received 2) - before ))
say "$n flows drop them, $hw of these in hardware; $came frames came to VF 1 and VF 2"
at_least "$n" 1
at_most "$n" 48
check "all of them in hardware" equal "$hw" "$n"
# What others send meanwhile: neighbours, multicast.
at_most "$came" 20
check "VF 0 reaches VF 1 as ever" pings vf0.0 "$to1" 5

say "another one's IP address"
ip -n vf0.0 addr add 10.0.3.33/16 dev "$(vf 0 0)"
check_fails "VF 0 takes an address" ip netns exec vf0.0 ping -c 2 -W 1 -I 10.0.3.33 "$to1"

say "ovs-vswitchd is killed"
kill -9 "$(cat /run/ovs/ovs-vswitchd.pid)"
before=$(( $(received 1) + $(received 2) ))
forge "$(mac 1)" 10000 2
came=$(( $(received 1) + $(received 2) - before ))
say "$came frames came to VF 1 and VF 2"
at_most "$came" 20
check "VF 0 reaches VF 1 meanwhile" pings vf0.0 "$to1" 5

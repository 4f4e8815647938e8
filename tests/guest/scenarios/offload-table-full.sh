#!/bin/bash
# a NIC whose table is full: what has no place goes through software, nothing is lost
nic_up 3 0
nic_knob 0 max_rules 2
bridge_up
vfs_up 0 0 1 2
wait_until 20 pings vf0.0 "$(vf_ip 0 1)"
wait_until 20 pings vf0.0 "$(vf_ip 0 2)"
wait_until 20 pings vf0.0 "$(wire_ip 0)"
check "the table is full" equal "$(counter "$(rep 0 0)" rules)" 2
for address in "$(vf_ip 0 1)" "$(vf_ip 0 2)" "$(wire_ip 0)"; do
    check "all answered: $address" pings vf0.0 "$address" 50
done

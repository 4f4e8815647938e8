#!/bin/bash
# a representor renamed while it is a port: tag, settings and marks go along, and nothing stays under the old name
# limit: 240
nic_up 3 0
udev_start
bridge_up
vfs_up 0 0 1 2
wait_until 20 agrees br0

# renamed OLD NEW: this kernel renames only what is down.
renamed() {
    ip link set "$1" down
    ip link set "$1" name "$2"
    ip link set "$2" up
}
nothing_by() {
    check_fails "$1 is in the database" vsctl get Port "$1" name
    check "$1 is in the datapath" equal "$(ovs-appctl dpctl/show | grep -w "$1")" ""
}
settings() { vsctl get Port "$1" tag external_ids -- get Interface "$1" external_ids ofport_request mtu_request; }

say "with a person's settings"
vsctl set Port "$(rep 0 0)" tag=10 external_ids:vm=web -- set Interface "$(rep 0 0)" external_ids:nic=1 ofport_request=77
vsctl set Port "$(rep 0 1)" tag=10
of_77() { equal "$(vsctl get Interface "$1" ofport)" 77; }
wait_until 10 of_77 "$(rep 0 0)"
before=$(settings "$(rep 0 0)")
renamed "$(rep 0 0)" web0
wait_until 20 agrees br0
check "the settings are the same" equal "$(settings web0)" "$before"
check "and so is the OpenFlow port" of_77 web0
nothing_by "$(rep 0 0)"
expect_offloaded vf0.0 vf0.1 "$(vf_ip 0 1)" web0 "$(rep 0 1)"
check_fails "VF 2 is in that VLAN" pings vf0.0 "$(vf_ip 0 2)" 1

say "two exchange their names"
# Not of those that udev gives: it keeps them as alternative names of their devices.
renamed "$(rep 0 2)" web2
wait_until 20 agrees br0
after=$(settings web2)
ip link set web0 down
ip link set web2 down
ip link set web0 name web1
ip link set web2 name web0
ip link set web1 name web2
ip link set web0 up
ip link set web2 up
exchanged() { equal "$(settings web2)" "$before" && equal "$(settings web0)" "$after"; }
wait_until 20 exchanged
wait_until 20 agrees br0
expect_offloaded vf0.0 vf0.1 "$(vf_ip 0 1)" web2 "$(rep 0 1)"
check_fails "VF 2 is in that VLAN" pings vf0.0 "$(vf_ip 0 2)" 1

say "while ovs-vswitchd does not run"
stop_vswitchd
renamed web2 web3
start_vswitchd
wait_until 20 agrees br0
check "the settings are the same" equal "$(settings web3)" "$before"
nothing_by web2
expect_offloaded vf0.0 vf0.1 "$(vf_ip 0 1)" web3 "$(rep 0 1)"
quiet_log

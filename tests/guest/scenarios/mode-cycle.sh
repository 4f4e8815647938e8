#!/bin/bash
# switchdev to legacy to switchdev with ports in the bridge, over and over: refused while flows are in the NIC, and all comes back by itself
# limit: 300
nic_up 2 0
bridge_up
vfs_up 0 0 1
expect_offloaded vf0.0 vf0.1 "$(vf_ip 0 1)" "$(rep 0 0)" "$(rep 0 1)"
no_dp_port() { ! ovs-appctl dpctl/show | grep -q "$(rep 0 0)"; }
# mode MODE: as soon as the NIC has no rule; in legacy mode, too, Open vSwitch may put one there, to drop.
mode() { ovs-appctl revalidator/purge && nic_mode 0 "$1"; }
# In legacy mode the bridge sees the VFs at the uplink, and learns their addresses there.
for i in $(seq "${ROUNDS:-5}"); do
    traffic_start vf0.0 "$(vf_ip 0 1)"
    wait_until 10 hw_flow "$(rep 0 0)" "$(rep 0 1)"
    check "refused while traffic is in hardware" contains "$(nic_mode 0 legacy 2>&1)" "Can't change mode, E-Switch is busy"
    traffic_stop
    wait_until 20 mode legacy
    check "representor is gone" absent "$(rep 0 0)"
    wait_until 20 no_dp_port
    traffic_start vf0.0 "$(vf_ip 0 1)"
    wait_until 20 mode switchdev
    wait_until 20 of_port "$(rep 0 0)"
    wait_until 20 of_port "$(rep 0 1)"
    wait_until 20 pings vf0.1 "$(vf_ip 0 0)"
    traffic_stop
    say "back, $i"
done
expect_offloaded vf0.1 vf0.0 "$(vf_ip 0 0)" "$(rep 0 1)" "$(rep 0 0)"
expect_offloaded vf0.0 wire0 "$(wire_ip 0)" "$(rep 0 0)" "$(uplink 0)"
wait_until 20 agrees br0
quiet_log
check "each port once" equal "$(vsctl list-ports br0 | sort | tr '\n' ' ')" "$(printf '%s\n' "$(uplink 0)" "$(rep 0 0)" "$(rep 0 1)" | sort | tr '\n' ' ')"

#!/bin/bash
# the NIC by itself: modes, names, switch id, devlink ports, VF and SF, going and coming back
nic_load
check "uplink 0" exists "$(uplink 0)"
check "uplink 1" exists "$(uplink 1)"
check "starts in legacy mode" contains "$(devlink dev eswitch show pci/0000:01:00.0)" "mode legacy"
nic_vfs 0 2
check "VF 0" exists "$(vf 0 0)"
check "no representor in legacy mode" absent "$(rep 0 0)"
# Legacy mode switches by itself.
vf_up 0 0
vf_up 0 1
wire_up 0
ip link set "$(uplink 0)" up
wait_until 10 pings vf0.0 "$(vf_ip 0 1)"
wait_until 10 pings vf0.0 "$(wire_ip 0)"

nic_switchdev 0 1
check "representor of VF 0" exists "$(rep 0 0)"
check "representor of VF 1" exists "$(rep 0 1)"
id=$(cat "/sys/class/net/$(uplink 0)/phys_switch_id")
check "a switch id" contains "$id" 32641600
check "same switch id, PF 1" equal "$(cat "/sys/class/net/$(uplink 1)/phys_switch_id")" "$id"
check "same switch id, representor" equal "$(cat "/sys/class/net/$(rep 0 1)/phys_switch_id")" "$id"
check "port name of the uplink" equal "$(cat "/sys/class/net/$(uplink 1)/phys_port_name")" p1
check "port name of the representor" equal "$(cat "/sys/class/net/$(rep 0 1)/phys_port_name")" pf0vf1
check "devlink port" contains "$(devlink port show pci/0000:01:00.0/2)" "flavour pcivf controller 0 pfnum 0 vfnum 1"
check "a function has no address" contains "$(devlink port show pci/0000:01:00.0/2)" "hw_addr 00:00:00:00:00:00"
bound() { for what in unbind bind; do echo "$(vf_pci 0 1)" >/sys/bus/pci/drivers/mlx5_core/$what; done; cat "/sys/class/net/$(vf 0 1)/address"; }
made_up=$(bound)
check_fails "its driver makes one up" equal "$made_up" 00:00:00:00:00:00
check_fails "another one each time" equal "$(bound)" "$made_up"
devlink port function set pci/0000:01:00.0/2 hw_addr 02:11:22:33:44:55
check "function address set" contains "$(devlink port show pci/0000:01:00.0/2)" "hw_addr 02:11:22:33:44:55"
check "uplink's devlink port" contains "$(devlink port show pci/0000:02:00.0/65535)" "flavour physical port 1"
check "driver info" contains "$(ethtool -i "$(rep 0 0)")" "bus-info: 0000:01:00.0"
check "speed" contains "$(ethtool "$(uplink 0)")" "Speed: 25000Mb/s"
check "hw-tc-offload" contains "$(ethtool -k "$(uplink 0)")" "hw-tc-offload: on"

# SF.
check "add an SF" devlink port add pci/0000:01:00.0 flavour pcisf pfnum 0 sfnum 88
check "SF's representor" exists enp1s0npf0sf88
check "activate the SF" devlink port function set pci/0000:01:00.0/32768 state active
check "SF's own device" exists enp1s0s88
check "delete the SF" devlink port del pci/0000:01:00.0/32768
check "SF's representor is gone" absent enp1s0npf0sf88
check "SF's own device is gone" absent enp1s0s88

# The cable.
wait_until 5 grep -q 1 "/sys/class/net/$(uplink 0)/carrier"
nic_knob 0 cable_pulled 1
wait_until 5 grep -q 0 "/sys/class/net/$(uplink 0)/carrier"
nic_knob 0 cable_pulled 0
wait_until 5 grep -q 1 "/sys/class/net/$(uplink 0)/carrier"

# Unbinding the PF takes its VFs along; binding gives the same port of the same card.
echo 0000:01:00.0 >/sys/bus/pci/drivers/mlx5_core/unbind
check "uplink is gone" absent "$(uplink 0)"
check "representor is gone" absent "$(rep 0 0)"
check "uplink 1 stays" exists "$(uplink 1)"
echo 0000:01:00.0 >/sys/bus/pci/drivers/mlx5_core/bind
check "uplink is back" exists "$(uplink 0)"
check "as p0" equal "$(cat "/sys/class/net/$(uplink 0)/phys_port_name")" p0
nic_switchdev 0
nic_vfs 0 8
check "eight VFs" exists "$(rep 0 7)"
nic_vfs 0 0
check "none" absent "$(rep 0 7)"
nic_knob 1 refuse_switchdev 95
nic_legacy 1
check_fails "switchdev is refused" nic_mode 1 switchdev

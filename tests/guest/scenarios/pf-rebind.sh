#!/bin/bash
# the PF's driver unbound and bound, then the NIC's module removed and loaded, with traffic running: uplink and VFs are ports again and offload
nic_up 2 0
bridge_up
wait_until 20 of_port "$(rep 0 1)"
vfs_up 0 0 1
traffic_start vf0.0 "$(wire_ip 0)"
back() {
    nic_switchdev 0
    nic_vfs 0 2
    ip link set "$(uplink 0)" up
    ip netns del wire0 2>/dev/null || :
    ip netns del vf0.0 2>/dev/null || :
    ip netns del vf0.1 2>/dev/null || :
    wire_up 0
    wait_until 20 of_port "$(uplink 0)"
    vfs_up 0 0 1
    wait_until 20 agrees br0
    expect_offloaded vf0.0 vf0.1 "$(vf_ip 0 1)" "$(rep 0 0)" "$(rep 0 1)"
    expect_offloaded vf0.0 wire0 "$(wire_ip 0)" "$(rep 0 0)" "$(uplink 0)"
}
say "unbind, bind"
echo 0000:01:00.0 >/sys/bus/pci/drivers/mlx5_core/unbind
echo 0000:01:00.0 >/sys/bus/pci/drivers/mlx5_core/bind
back
flaps() { grep -c 'bridge|INFO|bridge br0: deleted interface' /run/ovs/ovs-vswitchd.log; }
say "rmmod, insmod"
nic_unload
nic_load
back
traffic_stop
n=$(flaps)
ovs-appctl revalidator/wait
check "no port comes and goes" equal "$(flaps)" "$n"

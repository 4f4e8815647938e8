#!/bin/bash
# the PF unbound and bound while ovs-vswitchd sees all, some or nothing of it: datapath ports get the numbers of others
# limit: 200
nic_up 3 0
start_ovs
need_patched
vsctl add-br br0 -- add-port br0 "$(uplink 0)"
pid=$(cat /run/ovs/ovs-vswitchd.pid)

# steady: all are ports, each with an OpenFlow port of its own.
steady() {
    local p
    for p in "$(uplink 0)" "$(rep 0 0)" "$(rep 0 1)" "$(rep 0 2)"; do of_port "$p" || return 1; done
    equal "$(vsctl --bare --columns ofport list Interface | grep . | sort | uniq -d)" ""
}
wait_until 20 steady
deleted() { grep -c 'bridge|INFO|bridge br0: deleted interface' /run/ovs/ovs-vswitchd.log; }
# look YES: lets the daemon see a moment of what happens, if YES is not 0.
look() {
    [ "$1" != 0 ] || return 0
    kill -CONT "$pid"
    usleep $RANDOM
    kill -STOP "$pid"
}

for i in 0 1 2 3 4 5 6 7; do
    [ $(( i & 1 )) = 0 ] || kill -STOP "$pid"
    echo 0000:01:00.0 >/sys/bus/pci/drivers/mlx5_core/unbind
    look $(( i & 2 ))
    echo 0000:01:00.0 >/sys/bus/pci/drivers/mlx5_core/bind
    nic_switchdev 0
    look $(( i & 4 ))
    nic_vfs 0 3
    ip link set "$(uplink 0)" up
    kill -CONT "$pid"
    wait_until 20 steady
    n=$(deleted)
    vsctl set Bridge br0 external_ids:round=$i
    check "no port comes and goes" equal "$(deleted)" "$n"
    ovs-appctl dpif/show
done
wire_up 0
for v in 0 1; do vf_up 0 $v; done
expect_offloaded vf0.0 vf0.1 "$(vf_ip 0 1)" "$(rep 0 0)" "$(rep 0 1)"
expect_offloaded vf0.0 wire0 "$(wire_ip 0)" "$(rep 0 0)" "$(uplink 0)"

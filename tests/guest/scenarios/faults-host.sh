#!/bin/bash
# requests of "ovs-sriov vm" and "ovs-sriov apply" to the kernel refused, not answered, or answered late, wrongly, in part: the same end state within 10 s
# limit: 3600
# long: half an hour
. /host/guest/faults.sh
IFS=, read -ra steps <<<"${STEPS:-closed,opened,ended,applied}"
# The device has no eswitch (DEVLINK_CMD_ESWITCH_GET); the NIC has no rates, so that none needs to be taken back (RATE_SET).
meant='genl[0-9]+\.(29|75) '
nic_up 2 0
. /host/guest/vm.sh
pve_up
mapping vlan30 "ovs-sriov: vlan=30 rate=1000 share=200" 0 1
vm_config 100 "hostpci0: mapping=vlan30"
# As systemd has it: Restart=always, RestartSec=100ms.  One that ends because of a fault has had it.
supervise() {
    while :; do
        LD_PRELOAD=/host/faults.so FAULTS=/run/faults ovs-sriov vm >>$vm_log 2>&1 &
        echo $! >/run/ovs-sriov-vm.pid
        wait $! || :
        echo "$serial 0 -" >/run/faults
        usleep 100000
    done
}
vm_daemon() { rm -f /run/ovs-sriov-vm.pid; supervise & supervisor=$!; wait_until 5 test -s /run/ovs-sriov-vm.pid; }
vm_daemon_kill() {
    kill -9 $supervisor
    wait $supervisor 2>/dev/null || :
    kill -9 "$(cat /run/ovs-sriov-vm.pid)" 2>/dev/null || :
}

# VFs as the host, the NIC and, with "ovs-sriov vm", the database have them.  A NIC that refuses zeros (EINVAL) gets vm_no_mac,
# which is as good as no address.
state() {
    local v dev none=02:00:00:00:00:00
    sriov list | grep -v kvm | sed "s/$none//; s/ MAC / /" | tr -s ' '
    for v in 0 1; do
        echo "$v: $(vf_mac $v | sed "s/$none/00:00:00:00:00:00/")"
        devlink port function rate show "pci/$(pf_pci 0)/$(( v + 1 ))"
    done
    for dev in $(representors 0) "$(uplink 0)"; do
        echo "$dev $(( $(<"/sys/class/net/$dev/flags") & 1 )) $(<"/sys/class/net/$dev/mtu")"
        [ ! -e /run/ovs-sriov-vm.pid ] \
            || vsctl get Port "$dev" tag trunks vlan_mode external_ids:sriov-vm external_ids:sriov-vm-why 2>&1 | tr '\n' ' '
    done
    [ ! -e /run/ovs-sriov-vm.pid ] || gone "$(cat /run/ovs-sriov-vm.pid)" || echo "ovs-sriov vm runs"
}

# As if nobody had ever closed them.
closed_before() {
    local v
    vm_daemon_kill
    for v in 0 1; do
        vsctl remove Port "$(rep 0 $v)" external_ids sriov-vm -- remove Port "$(rep 0 $v)" other_config sriov-allowed-sources \
            -- clear Port "$(rep 0 $v)" trunks vlan_mode -- set Port "$(rep 0 $v)" protected=false
        ip link set "$(rep 0 $v)" up
    done
}
closed() { vm_daemon; }
opened_before() { wait_until 60 is_closed 0; }
opened() { qm_start 100; }
opened_after() { kvm_dies 100; qm_cleanup 100; }
ended_before() { wait_until 60 is_closed 0; qm_start 100; wait_until 60 is_open 0; }
ended() { opened_after; }
# The second run is what the first one tells to do when it fails.
again=0
applied_before() {
    if [ -e /run/ovs-sriov-vm.pid ]; then vm_daemon_kill; rm /run/ovs-sriov-vm.pid; fi
    nic_unload
    nic_load
    printf '[%s]\nvfs = 2\nmtu = 4000\nmac = 02:00:00:00:88:00\n' "$(pf_pci 0)" | sriov_conf
}
applied() {
    preloaded ovs-sriov apply >/tmp/apply 2>&1 && return
    again=$(( again + 1 ))
    echo "again: $(hit), $(grep FAILED /tmp/apply)"
    ovs-sriov apply || :
}

bridge_up
arm 0 -
vm_daemon_first 0 1
inject "${steps[@]}"
say "$again times, ovs-sriov apply had to be run once more"

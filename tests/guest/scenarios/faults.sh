#!/bin/bash
# requests of ovs-vswitchd's module to the kernel refused, not answered, or answered late, wrongly, in part: the same end state within 10 s
# limit: 3600
# long: half an hour
. /host/guest/faults.sh
clock=by_another_clock
by_another_clock() { preloaded unshare --time --monotonic 1000 --boottime 1000 -f -- "$@"; }
IFS=, read -ra steps <<<"${STEPS:-vfs,fewer,renamed,moved,anew,started}"

# What all have that know of it, the kernel included.
state() {
    switch_state name,mtu,error
    for dev in /sys/class/net/enp*np*; do
        dev=${dev##*/}
        echo "$dev $(( $(<"/sys/class/net/$dev/flags") & 1 )) $(ethtool -k "$dev" | grep hw-tc-offload)"
    done
    gone "$pid" || echo "ovs-vswitchd runs"
}

vfs_before() { no_vfs; }
vfs() { nic_vfs 0 2; }
fewer_before() { two_vfs; }
fewer() { nic_vfs 0 0; nic_vfs 0 1; }
moved_before() { two_vfs; }
moved() { vsctl del-port "$(uplink 0)" -- --may-exist add-br br1 -- add-port br1 "$(uplink 0)"; }
moved_after() { vsctl del-br br1 -- add-port br0 "$(uplink 0)"; }
anew_before() { :; }
anew() { nic_unload; nic_load; nic_switchdev 0; ip link set "$(uplink 0)" up; nic_vfs 0 2; }
started_before() { two_vfs; stop_vswitchd; }
started() { start_vswitchd; pid=$(cat /run/ovs/ovs-vswitchd.pid); }

nic_load
nic_switchdev 0
ip link set "$(uplink 0)" up
arm 0 -
start_ovs
need_patched
pid=$(cat /run/ovs/ovs-vswitchd.pid)
vsctl add-br br0 -- add-port br0 "$(uplink 0)"
inject "${steps[@]}"
log_trouble | cut -d'|' -f3- | sort | uniq -c | sort -rn | head -n 30
check "it crashed" equal "$(log_trouble | grep -c 'EMER\|assertion')" 0

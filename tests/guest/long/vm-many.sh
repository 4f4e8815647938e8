#!/bin/bash
# how long one VM takes to be open, and 64 that start at once
# guest: vfs=64
# limit: 700
n=${VMS:-64}
nic_load vf_macs=0
nic_up "$n" 0
. /host/guest/vm.sh
pve_up
mapping vlan30 "ovs-sriov: vlan=30 rate=1000" $(seq 0 $(( n - 1 )))
for vm in $(seq 1000 $(( 999 + n ))); do vm_config "$vm" "hostpci0: mapping=vlan30"; done
bridge_up
: >$vm_log
vm_daemon
states() { ovs-vsctl --timeout=20 --format=csv --no-headings --columns=external_ids find Port "external_ids:sriov-vm=$1" | wc -l; }
are() { equal "$(states "$1")" "$2"; }
links_up() { local v up=0; for v in $(seq 0 $(( n - 1 ))); do up=$(( up + ($(<"/sys/class/net/$(rep 0 "$v")/flags") & 1) )); done; equal $up "$1"; }
wait_until 120 are closed "$n"
wait_until 60 links_up 0

# kvms VM...: their processes, of which nothing is known yet.
kvms() {
    local vm pci v=0
    for vm; do
        pci=$(vf_pci 0 $v)
        bash -c 'exec 8<>/tmp/never; read -r -u 8 _' kvm -id "$vm" -name "vm$vm" \
            -device "vfio-pci,host=$pci,id=hostpci0,bus=ich9-pcie-port-1,addr=0x0" >/dev/null 2>&1 &
        echo $! >"/tmp/vm.$vm.pid"
        echo "$pci $vm pid:$!" >>$res.next
        v=$(( v + 1 ))
    done
}
begin() { mv $res.next $res; }
# open_after COUNT: ms from now until the links of so many are up, looked at often and cheaply.
open_after() {
    local t
    t=$(uptime_ms)
    begin
    until links_up "$1" >/dev/null; do
        [ $(( $(uptime_ms) - t )) -lt 120000 ] || fail "not open within 120 s"
        usleep 10000
    done
    echo $(( $(uptime_ms) - t ))
}
ends() { local vm; for vm; do kvm_dies "$vm" KILL; done; : >$res.next; begin; }
cpu() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
daemon=$(cat /run/ovs-sriov-vm.pid) vswitchd=$(cat /run/ovs/ovs-vswitchd.pid)

say "one at a time, $n VFs: ms from its reservation to its link"
singles=
for i in 1 2 3 4 5; do
    kvms 1000
    singles+=" $(open_after 1)"
    ends 1000
    wait_until 60 are closed "$n"
    wait_until 60 links_up 0
done
one=$(tr ' ' '\n' <<<"$singles" | grep . | sort -n | sed -n 3p)
say "one:$singles; median $one ms"

say "$n at once"
before="$(cpu "$daemon") $(cpu "$vswitchd")"
kvms $(seq 1000 $(( 999 + n )))
all=$(open_after "$n")
after="$(cpu "$daemon") $(cpu "$vswitchd")"
read -r d0 v0 <<<"$before"
read -r d1 v1 <<<"$after"
say "$n at once: all open after $all ms, $(( all * 10 / (one > 0 ? one : 1) )) tenths of what one takes; CPU: the daemon $(( (d1 - d0) * 10 )) ms, ovs-vswitchd $(( (v1 - v0) * 10 )) ms"
wait_until 60 are open "$n"
check "no address twice" equal "$(for v in $(seq 0 $(( n - 1 ))); do vf_mac "$v"; done | sort | uniq -d)" ""
t=$(uptime_ms)
ends $(seq 1000 $(( 999 + n )))
wait_until 60 links_up 0
say "all are killed: shut after $(( $(uptime_ms) - t )) ms, the killing included"
wait_until 60 are closed "$n"
vm_daemon_kill

#!/bin/bash
# how long one VM takes to be open, and 64 that start at once
# guest: vfs=64
# limit: 700
n=${VMS:-64}
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
begin() { began=${EPOCHREALTIME/./}; mv $res.next $res; }
# opened COUNT: sets $ms, from begin until the last of so many links was up, as the daemon's log has it: looking at them would take
# longer than what is measured.
opened() {
    wait_until 120 open_lines "$1"
    ms=$(grep 'open for VM' $vm_log | tail -n 1 | cut -d' ' -f1)
    ms=$(( ms - began / 1000 ))
}
open_lines() { equal "$(tail -n "+$(( lines + 1 ))" $vm_log | grep -c 'open for VM')" "$1"; }
# steps: what the daemon did since then, and when.
steps() { tail -n "+$(( lines + 1 ))" $vm_log | awk -v t=$(( began / 1000 )) '/ms for|prepared/ { ms = $1 - t; $1 = ""; if (/prepared/) n++; else { if (n) print "  prepared " n; n = 0; print "  " ms ":" $0 } }'; }
now_on() { lines=$(wc -l <$vm_log); cpu_before="$(cpu "$daemon") $(cpu "$vswitchd")"; }
# costs: CPU of both daemons since then, in ms.
costs() { read -r d v <<<"$cpu_before"; echo "$(( ($(cpu "$daemon") - d) * 10 )) ms the daemon, $(( ($(cpu "$vswitchd") - v) * 10 )) ms ovs-vswitchd"; }
ends() { local vm; for vm; do kvm_dies "$vm" KILL; done; : >$res.next; begin; }
cpu() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
daemon=$(cat /run/ovs-sriov-vm.pid) vswitchd=$(cat /run/ovs/ovs-vswitchd.pid)

# settled: ovs-vswitchd has looked at all flows since the last VM went, which a VF's next one waits for.
settled() { local i; for i in 1 2 3; do ovs-appctl --timeout=20 revalidator/wait; done; }

say "one at a time, $n VFs: ms from its reservation to its link"
ovs-appctl -t /run/ovs/ovs-sriov-vm.ctl vlog/set PATTERN:console:'%D{%s###} %m' sriov_vm:console:dbg
singles=
settled
for i in 1 2 3 4 5; do
    kvms 1000
    now_on
    begin
    opened 1
    singles+=" $ms"
    say "$ms ms; CPU: $(costs)"
    steps
    ends 1000
    wait_until 60 are closed "$n"
    wait_until 60 links_up 0
    settled
done
one=$(tr ' ' '\n' <<<"$singles" | grep . | sort -n | sed -n 3p)
say "one:$singles; median $one ms"
for i in 1 2; do
    kvms 1000
    now_on
    begin
    opened 1
    ends 1000
    wait_until 60 links_up 0
done
say "in the place of one that has just gone: $ms ms"
wait_until 60 are closed "$n"
settled

say "$n at once"
kvms $(seq 1000 $(( 999 + n )))
now_on
begin
opened "$n"
say "$n at once: all open after $ms ms, $(( ms * 10 / (one > 0 ? one : 1) )) tenths of what one takes; CPU: $(costs)"
steps
check "many at once take longer than they should" at_most $(( ms / (one > 0 ? one : 1) )) 16
links_up "$n"
wait_until 60 are open "$n"
check "no address twice" equal "$(for v in $(seq 0 $(( n - 1 ))); do vf_mac "$v"; done | sort | uniq -d)" ""
t=$(uptime_ms)
ends $(seq 1000 $(( 999 + n )))
wait_until 60 links_up 0
say "all are killed: shut after $(( $(uptime_ms) - t )) ms, the killing included"
wait_until 60 are closed "$n"
vm_daemon_kill

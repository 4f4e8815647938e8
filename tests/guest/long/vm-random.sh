#!/bin/bash
# VMs start, stop, are killed, and daemons restart, in random order: no frame is ever seen in another VM's VLAN
# limit: 1800
events=${EVENTS:-200}
nic_up 4 0
. /host/guest/vm.sh
pve_up
# Two customers, trunks, and a mapping without settings, all with the same VFs.
mapping vlan30 "ovs-sriov: vlan=30" 0 1 2 3
mapping vlan40 "ovs-sriov: vlan=40" 3 2 1 0
mapping network "" 0 1 2 3
vms="100 101 102 103 104"
vlan_of() { case $1 in 100|103) echo 30 ;; 101|104) echo 40 ;; *) echo none ;; esac; }
guest_mac() { printf '02:00:00:00:88:%02x\n' "$(( $1 - 100 ))"; }
for vm in $vms; do
    case $(vlan_of $vm) in none) map=network ;; *) map=vlan$(vlan_of $vm) ;; esac
    vm_config $vm "hostpci0: mapping=$map"
    printf '[vm %s]\nmac = %s\n' $vm "$(guest_mac $vm)" >>/etc/pve/sriov.conf
done
bridge_up
vm_daemon_first 0 1 2 3
# VFs have none of their own, and what a driver makes up then is known when it is bound.
own=$(for v in 0 1 2 3; do cat "/sys/class/net/$(vf 0 $v)/address"; done)
for v in 0 1 2 3; do check "no address" equal "$(vf_mac $v)" 00:00:00:00:00:00; done
wire_sniff
seed=${SEED:-20261126}
RANDOM=$seed
say "seed $seed"
declare -A runs=()
starts=0 stops=0 kills=0 daemons=0 switches=0 n=0

# The guest sends to everybody as soon as it can, open or not; what it gets is captured.
guest_works() {
    guest_boots "$1" "$(guest_mac "$1")"
    ip -n "vm$1" addr add "10.77.0.$1/16" dev net0
    ip netns exec "vm$1" tcpdump -Z root -i net0 -nne -U -w "/tmp/in.$1.$n.pcap" not host 10.39.0.1 >/dev/null 2>&1 &
    ip netns exec "vm$1" ping -b -q -i 0.03 10.77.255.255 >/dev/null 2>&1 &
}
vm_starts() {
    qm_start "$1" || return 0
    runs[$1]=1
    starts=$(( starts + 1 ))
    # One guest in three is there before its port is open, which firmware would not let it be.
    [ $(( RANDOM % 3 )) = 0 ] || wait_until 60 vm_open "$1"
    guest_works "$1"
}
vm_open() { local pci; read -r _ pci <"/tmp/vm.$1"; is_open "$(vf_of "$pci")"; }
vm_ends() {
    if [ $(( RANDOM % 2 )) = 0 ]; then
        kills=$(( kills + 1 ))
        kvm_dies "$1" KILL
        # What was its guest goes on sending: the port has to be closed.
        [ $(( RANDOM % 2 )) = 0 ] || usleep 300000
        guest_gone "$1"
        qm_cleanup "$1"
    else
        stops=$(( stops + 1 ))
        qm_stop "$1"
    fi
    unset "runs[$1]"
}
while [ $n -lt "$events" ]; do
    n=$(( n + 1 ))
    case $(( RANDOM % 20 )) in
    0) daemons=$(( daemons + 1 )); vm_daemon_kill; vm_daemon ;;
    1) switches=$(( switches + 1 )); stop_vswitchd; start_vswitchd ;;
    *)
        vm=$(( 100 + RANDOM % 5 ))
        if [ -n "${runs[$vm]:-}" ]; then vm_ends $vm; else vm_starts $vm; fi
        ;;
    esac
done
for vm in "${!runs[@]}"; do wait_until 60 vm_open $vm; done
say "$starts starts, $stops stops, $kills kills, $daemons kills of the daemon, $switches restarts of ovs-vswitchd"
for vm in "${!runs[@]}"; do qm_stop $vm; done
for v in 0 1 2 3; do wait_until 60 is_closed $v; done
wire_seen
total=0
for vm in $vms; do
    mac=$(guest_mac $vm)
    case $(vlan_of $vm) in
    none) wrong=$(frames "$mac" ' vlan ') ;;
    *) wrong=$(( $(frames "$mac") - $(frames "$mac" "vlan $(vlan_of $vm),") )) ;;
    esac
    total=$(( total + $(frames "$mac") ))
    say "VM $vm: $(frames "$mac") frames on the wire, $wrong not in its VLAN"
    check "VM $vm in a wrong VLAN" equal "$wrong" 0
    # What other VMs got of it.  One without a VLAN has all of them, with their tags, as a port of Open vSwitch.
    for file in /tmp/in.*.pcap; do
        other=${file#/tmp/in.}
        other=${other%%.*}
        case $(vlan_of "$other") in none) tagged="vlan $(vlan_of $vm)," ;; *) tagged="no such" ;; esac
        got=$(tcpdump -Z root -nne -r "$file" 2>/dev/null | grep "^[^ ]* $mac > " | grep -vc "$tagged" || :)
        [ "$(vlan_of "$other")" = "$(vlan_of $vm)" ] || check "VM $other got frames of VM $vm" equal "$got" 0
    done
done
check "frames were sent" at_least $total 500
for mac in $own; do check "of a VF without a VM" equal "$(frames "$mac")" 0; done
say "$total frames, all in their VLANs"
vm_daemon_kill
grep -c open $vm_log

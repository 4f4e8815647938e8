#!/bin/bash
# 1,000 link flaps a second, 100 hotplugs under load, a VM that changes its address all the time: CPU and memory beside the distribution's
# guest: python=1
# limit: 1200
# long: ten minutes, to measure
ours=${PATH%%:*}
real_clock
nic_up 4
vswitchd() { cat /run/ovs/ovs-vswitchd.pid; }
# Of ovs-vswitchd: CPU in ms since it started; what it has in memory, and had at most since "begin", in kB.
cpu() { awk -v hz="$(getconf CLK_TCK 2>/dev/null || echo 100)" '{ print ($14 + $15) * 1000 / hz }' "/proc/$(vswitchd)/stat"; }
rss() { awk '/^VmRSS/ { print $2 }' "/proc/$(vswitchd)/status"; }
peak() { awk '/^VmHWM/ { print $2 }' "/proc/$(vswitchd)/status"; }
begin() { echo 5 >"/proc/$(vswitchd)/clear_refs"; cpu0=$(cpu) rss0=$(rss) begun=$(uptime_ms); }
# end WHO WHAT: says, and leaves $cpu_ms, $rss_kb (more than before), $peak_kb and $took.
end() {
    took=$(( $(uptime_ms) - begun ))
    cpu_ms=$(( $(cpu) - cpu0 )) rss_kb=$(( $(rss) - rss0 )) peak_kb=$(( $(peak) - rss0 ))
    say "$1: $2: in $took ms, $cpu_ms ms of CPU, memory $rss0 kB, now $rss_kb kB more, at most $peak_kb kB more"
}
# works WHO: VF to VF, as before; the distribution's may take longer than it is worth to wait for.
works() {
    [ "$1" = ours ] || { (wait_until 30 pings vf1.0 "$(vf_ip 1 1)" 3) >/dev/null || say "$1: VF to VF does not work within 30 s"; return 0; }
    wait_until 30 pings vf1.0 "$(vf_ip 1 1)" 3
}

# All ports of PF 0 and 1: by themselves, or by hand.
up() {
    local p v more=()
    if [ "$1" = stock ]; then
        start_ovs_stock_offloading
        for p in 0 1; do for v in 0 1 2 3; do more+=(-- add-port br0 "$(rep $p $v)"); ip link set "$(rep $p $v)" up; done; done
    else
        start_ovs "$ours"
        need_patched
    fi
    vsctl add-br br0 -- add-port br0 "$(uplink 0)" -- add-port br0 "$(uplink 1)" "${more[@]}"
    for v in 0 1 2 3; do wait_until 20 of_port "$(rep 0 $v)"; wait_until 20 of_port "$(rep 1 $v)"; done
    works "$1"
}

# flap WHO DEVICE PER-SECOND: for ten seconds, at most so often.
flap() {
    local i n=0
    for (( i = 0; i < 50; i++ )); do printf 'link set %s down\nlink set %s up\n' "$2" "$2"; done >/tmp/flaps
    begin
    while [ $(( $(uptime_ms) - begun )) -lt 10000 ]; do
        ip -batch /tmp/flaps
        n=$(( n + 50 ))
        while [ $(( ($(uptime_ms) - begun) * $3 )) -lt $(( n * 1000 )) ]; do usleep 5000; done
    done
    # Until it has seen the last one.
    ovs-appctl version >/dev/null
    end "$1" "$(( n * 1000 / ($(uptime_ms) - begun) )) flaps a second of $2, $(( ($(cpu) - cpu0) * 100 / ($(uptime_ms) - begun) )) % of a CPU"
    works "$1"
}
# One that is a port, as fast as the kernel takes that: it waits for ovs-vswitchd's own requests.  And one that is none.
port_flaps() { flap "$1" "$(rep 0 3)" 1000; }
other_flaps() { flap "$1" other 1000; }

hotplugs() {
    local i sent got
    ip netns exec vf1.0 ping -q -i 0.01 -w 300 "$(vf_ip 1 1)" >/tmp/ping 2>&1 &
    local pid=$!
    begin
    for (( i = 1; i <= 100; i++ )); do
        nic_vfs 0 0
        nic_vfs 0 4
        [ "$i" != 50 ] || half=$(rss)
    done
    ovs-appctl version >/dev/null
    end "$1" "100 times 0 and 4 VFs"
    kill -INT $pid
    wait $pid || :
    sent=$(sed -n 's/^\([0-9]*\) packets transmitted.*/\1/p' /tmp/ping)
    got=$(sed -n 's/.* \([0-9]*\) received.*/\1/p' /tmp/ping)
    say "$1: of $sent pings between VFs of the other PF $(( sent - got )) were lost; memory from the 50th to the 100th: $(( $(rss) - half )) kB more"
    for i in 0 1 2 3; do ip link set "$(rep 0 $i)" up; done
    for i in 0 1 2 3; do wait_until 10 of_port "$(rep 0 $i)"; done
    works "$1"
}

macs() {
    local n=${MACS:-20000} flows
    begin
    ip netns exec vf1.2 python3 /host/guest/scenarios/spoof.py "$(vf 1 2)" ff:ff:ff:ff:ff:ff "$n" 1
    flows=$(ovs-appctl dpctl/dump-flows | wc -l)
    end "$1" "$n frames, each from another address"
    say "$1: $flows flows, $(ovs-appctl fdb/show br0 | wc -l) addresses"
    works "$1"
}

ip link add other type dummy
for v in 0 1 2; do vf_up 1 $v; done
for who in stock ours; do
    up $who
    for what in port_flaps other_flaps hotplugs macs; do
        $what $who
        declare "${who}_$what=$cpu_ms $rss_kb $peak_kb $took"
    done
    [ $who = stock ] || wait_until 10 agrees br0
    stop_ovs
done
for what in port_flaps other_flaps hotplugs macs; do
    stock=stock_$what ours=ours_$what
    read -r cpu_a rss_a peak_a took_a <<<"${!stock}"
    read -r cpu_b rss_b peak_b took_b <<<"${!ours}"
    say "$what: CPU a second $(( cpu_a * 1000 / took_a )) ms of the distribution's, $(( cpu_b * 1000 / took_b )) of ours; at most $peak_a and $peak_b kB more"
    check "$what: memory is not bounded" at_most $peak_b $(( peak_a * 2 + 8192 ))
done

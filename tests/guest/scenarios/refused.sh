#!/bin/bash
# the database refuses what is written, or its disk is full; the clock jumps; memory is short: the same end state afterwards
# guest: python=1
# limit: 900
# long: five minutes
. /host/guest/steps.sh
. /host/guest/restart.sh
limit=10
nic_up 2 0
start_ovs
need_patched

# The database in a file system of its own, which is soon full.
stop_pid /run/ovs/ovsdb-server.pid
mkdir -p /run/db
mount -t tmpfs -o size=512k tmpfs /run/db
mv /run/ovs/conf.db /run/db/
ovsdb-server --detach --no-chdir --pidfile=/run/ovs/ovsdb-server.pid --log-file=/run/ovs/ovsdb-server.log \
    -vconsole:off --remote=punix:/run/ovs/db.sock /run/db/conf.db || fail "ovsdb-server does not start"
vsctl add-br br0 -- add-port br0 "$(uplink 0)"
vswitchd() { cat /run/ovs/ovs-vswitchd.pid; }

state() {
    switch_state name,mtu,mtu_request,error
    for dev in /sys/class/net/enp*np*; do echo "${dev##*/} $(( $(<"$dev/flags") & 1 ))"; done
}

# Steps, each with a transaction of the module.
added_before() { no_vfs; }
added() { nic_vfs 0 2; }
larger_before() { two_vfs; }
larger() { ip link set "$(uplink 0)" mtu 4000; }
larger_after() { ip link set "$(uplink 0)" mtu 1500; }
moved_before() { two_vfs; }
moved() { vsctl --no-wait del-port "$(uplink 0)" -- --may-exist add-br br1 -- add-port br1 "$(uplink 0)"; }
moved_after() { vsctl del-br br1 -- add-port br0 "$(uplink 0)"; }
deleted_before() { two_vfs; }
deleted() { vsctl --no-wait del-port "$(rep 0 0)"; }
state_stays() { local now; now=$(sorted_state); usleep 1500000; state_is "$now"; }

# What keeps the database from taking anything, and what ends that.
read_only() { ovs-appctl -t ovsdb-server ovsdb-server/set-active-ovsdb-server unix:/run/ovs/nobody.sock
              ovs-appctl -t ovsdb-server ovsdb-server/connect-active-ovsdb-server; }
writable() { ovs-appctl -t ovsdb-server ovsdb-server/disconnect-active-ovsdb-server; }
# The rest of the page that the database ends in is filled by itself.
fill() {
    local i
    dd if=/dev/zero of=/run/db/filler bs=1k 2>/dev/null || :
    for (( i = 0; i < 5000; i++ )); do
        ovs-vsctl --no-wait --timeout=5 set Open_vSwitch . external_ids:filler=$i 2>/dev/null || return 0
    done
    fail "the disk is not full"
}
empty() { rm /run/db/filler; }
refusals() { grep -c 'sriov_session|INFO|.*trying again' /run/ovs/ovs-vswitchd.log || :; }
refused_since() { at_least "$(refusals)" $(( $1 + 2 )); }

for step in added renamed larger moved deleted; do
    "${step}_before"
    "$step"
    wait_until 20 state_stays
    expected=$(sorted_state)
    after "$step"
    for way in "read_only writable" "fill empty"; do
        "${step}_before"
        n=$(refusals)
        # Before anything can be written because of it.
        kill -STOP "$(vswitchd)"
        "$step"
        ${way% *}
        kill -CONT "$(vswitchd)"
        wait_until 30 refused_since "$n"
        ${way#* }
        begin=$(uptime_ms)
        wait_until $limit state_is "$expected"
        say "$step, ${way% *}: $(( $(refusals) - n )) refused, the same state $(( $(uptime_ms) - begin )) ms afterwards"
        after "$step"
    done
done
grep -o 'sriov_session|INFO|.*trying again' /run/ovs/ovs-vswitchd.log | sed 's/([^)]*)//' | sort | uniq -c

say "the clock jumps"
for hours in 1 -2 1; do
    no_vfs
    date -s "@$(( $(date +%s) + hours * 3600 ))" >/dev/null
    begin=$(uptime_ms)
    nic_vfs 0 2
    wait_until $limit has_reps 2
    say "$hours h: $(( $(uptime_ms) - begin )) ms"
done
wait_until $limit agrees br0

say "memory is short"
ends exit
eight_vfs() { nic_vfs 0 0; nic_vfs 0 8; }
VSWITCHD_OPTIONS=--monitor
start_vswitchd
eight_vfs
wait_until 20 has_reps 8
wait_until 20 state_stays
expected=$(sorted_state)
no_vfs
pid=$(vswitchd)
grep VmData "/proc/$pid/status"
# No more than it has, from now on.  malloc() fails as what is in the database grows, and Open vSwitch has nothing that goes on
# then: it ends, and its monitor, or systemd, starts it again.
python3 -c "import resource; resource.prlimit($pid, resource.RLIMIT_DATA, (1 << 20, 1 << 20))"
eight_vfs
mount -o remount,size=64m /run/db
more=$(head -c 90000 /dev/zero | tr '\0' x)
i=0
while ! gone "$pid"; do
    i=$(( i + 1 ))
    [ $i -lt 200 ] || fail "memory is not short"
    ovs-vsctl --no-wait set Open_vSwitch . external_ids:more$i="$more"
done
begin=$(uptime_ms)
another() { ! equal "$(vswitchd)" "$pid" >/dev/null && ovs-appctl version; }
wait_until 20 another
wait_until $limit state_is "$expected"
say "it ended with $i values of 90 kB more; the same state $(( $(uptime_ms) - begin )) ms afterwards"
grep -E 'EMER|virtual memory|died' /run/ovs/ovs-vswitchd.log | tail -n 3
# Besides, devices that go while they are ports.
check "something else went wrong" equal "$(log_trouble 'monitor\|virtual memory\|db.sock\|jsonrpc\|ovsdb_idl\|reconnect\|not allowed\|I/O error\|No such device\|nonexistent port\|Dropped' | cut -d'|' -f3-)" ""
stop_ovs
umount /run/db

#!/bin/bash
# events lost, dumps interrupted, daemons killed while VFs come and go: in the end all agree with the kernel
# guest: vfs=127
# limit: 600

# Beside the uplinks, br0 has two ports of others: junk, and the representor of VF 0 of PF 1.
others="junk $(rep 1 0)"

# What each of kernel, database, datapath and sriov/show has, sorted, without the uplinks and the ports of others.
without_others() { grep -vxE "br0|ovs-system|$(uplink 0)|$(uplink 1)|${others// /|}|" | sort; }
in_kernel() { grep -ls 'pf[01]vf' /sys/class/net/*/phys_port_name | cut -d/ -f5 | without_others; }
in_database() { vsctl list-ports br0 | without_others; }
with_ofport() { vsctl --bare --columns=name find Interface 'ofport>0' | without_others; }
in_datapath() { ovs-appctl dpctl/show | sed -n 's/^ *port [0-9]*: \([^ ]*\).*/\1/p' | without_others; }
# PORT, PCI ADDRESS, REPRESENTOR, STATE, BRIDGE, OFPORT, STATUS
in_show() { ovs-appctl sriov/show | awk '/added by cx-sriov$/ && $4 != "down" && $6 > 0 { print $3 }' | without_others; }
absent_ports() { ovs-appctl sriov/show | sed -n '/^ports without/,$p'; }
same() {
    local kernel who
    kernel=$(in_kernel)
    for who in in_database with_ofport in_datapath in_show; do
        [ "$($who)" = "$kernel" ] || { echo "$who:"; diff <(echo "$kernel") <($who); return 1; }
    done
}

foreign() {
    local port
    for port in $others; do
        vsctl get Port "$port" _uuid tag trunks external_ids other_config interfaces \
            -- get Interface "$port" type mtu_request options external_ids other_config
    done
}
twice() { vsctl --format=csv --no-headings --columns=external_ids find Port external_ids:sriov-owner=cx-sriov | sort | uniq -d; }
trouble() { log_trouble "$@" | cut -d'|' -f3-; }
counter_of() { ovs-appctl coverage/read-counter "$1"; }
lost() { counter_of sriov_events_lost; }
counted_more_than() { at_least "$(lost)" $(($1 + 1)); }

# agree TEXT: all is as the kernel has it, each representor once, and there is nothing that the log tells again and again.
agree() {
    local before
    wait_until 90 same
    check "$1: somebody else's port changed" equal "$(foreign)" "$foreign"
    check "$1: twice" equal "$(twice)" ""
    before=$(trouble | wc -l)
    ovs-appctl sriov/resync
    vsctl set Bridge br0 other_config:round="$1"
    check "$1: the log goes on" equal "$(trouble | tail -n +$((before + 1)))" ""
    check "$1: not all" same
    say "$1: $(in_kernel | wc -l) representors, in database, datapath and sriov/show; lost $(lost)," \
        "read $(counter_of sriov_read), interrupted $(counter_of sriov_read_interrupted)"
}

# Sockets of ovs-vswitchd that listen to "links" (RTNLGRP_LINK, the module's and its own) or to "devlink" (nlctrl's group
# "notify", the module's), and how many of them lost an event.
event_sockets() {
    local protocol=0 groups='[13579bdf]$' inodes
    [ "$1" = links ] || { protocol=16 groups='[89a-f]...$'; }
    inodes=$(ls -l /proc/"$(vswitchd)"/fd | sed -n 's/.*socket:\[\(.*\)\]$/\1/p' | tr '\n' ' ')
    # sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode
    awk -v protocol=$protocol -v groups="$groups" -v inodes=" $inodes" '
        $2 == protocol && $4 ~ groups && index(inodes, " " $10 " ") { n++; lost += $9 > 0 }
        END { print n + 0, lost + 0 }' /proc/net/netlink
}
all_lost() { local n lost; read -r n lost <<<"$(event_sockets "$1")"; at_least "$n" 1 && equal "$lost" "$n"; }
vswitchd() { cat /run/ovs/ovs-vswitchd.pid; }

start_ovsdb() {
    ovsdb-server --detach --no-chdir --pidfile=/run/ovs/ovsdb-server.pid --log-file=/run/ovs/ovsdb-server.log \
        -vconsole:off --remote=punix:/run/ovs/db.sock /run/ovs/conf.db || fail "ovsdb-server does not start"
}
kill_9() {
    local pid
    pid=$(cat "$1")
    kill -9 "$pid"
    wait_until 10 gone "$pid"
}

nic_up 4
ip link add junk type dummy
# Only a link that is up has events for its alias.
ip link set junk up
start_ovs
need_patched
vsctl add-br br0 -- add-port br0 "$(uplink 0)" -- add-port br0 "$(uplink 1)" -- add-port br0 junk tag=5 \
    -- add-port br0 "$(rep 1 0)" tag=6 -- set Interface "$(rep 1 0)" external_ids:who=them
wait_until 20 same
foreign=$(foreign)
agree "at first"

# While ovs-vswitchd is stopped, events of a link that does not matter fill its sockets, so that none tells of what does.
# Without devlink's, that is a larger MTU of the uplink: nothing else in Open vSwitch makes an event of it.
say "events of rtnetlink are lost"
n=$(lost)
kill -STOP "$(vswitchd)"
i=0
while ! all_lost links >/dev/null; do
    i=$((i + 1))
    [ $i -le 100 ] || fail "events do not fill the sockets: $(event_sockets links)"
    printf "link set dev junk alias flood$i.%d\n" {1..500} | ip -batch -
done
say "$((i * 500)) events, sockets and those that lost some: links $(event_sockets links), devlink $(event_sockets devlink)"
ip link set "$(uplink 0)" mtu 4000
check "devlink lost some, too" equal "$(event_sockets devlink | cut -d' ' -f2)" 0
kill -CONT "$(vswitchd)"
mtu_follows() { equal "$(vsctl get Interface "$(rep 0 3)" mtu_request mtu | tr '\n' ' ')" "4000 4000 "; }
wait_until 30 mtu_follows
check "not counted" at_least "$(lost)" $((n + 1))
check "not logged" contains "$(cat /run/ovs/ovs-vswitchd.log)" "events about network devices were lost (No buffer space available), reading everything again"
agree "rtnetlink lost events"

# Now devlink's as well, of which each write of a parameter is one; then VFs come and go, and what there is at last is not
# what there was at first.
say "events of devlink are lost"
set="dev param set pci/$(pf_pci 0) name esw_multiport cmode runtime value"
printf "$set true\n$set false\n%.0s" {1..500} >/tmp/params
n=$(lost)
kill -STOP "$(vswitchd)"
i=0
while ! all_lost devlink >/dev/null; do
    i=$((i + 1))
    [ $i -le 100 ] || fail "events do not fill the socket: $(event_sockets devlink)"
    devlink -b /tmp/params
done
say "$((i * 1000)) events, sockets and those that lost some: devlink $(event_sockets devlink)"
for i in 1 2 3; do
    nic_vfs 0 0
    nic_vfs 0 60
done
nic_vfs 0 0
nic_vfs 0 9
nic_vfs 1 0
nic_vfs 1 12
kill -CONT "$(vswitchd)"
wait_until 30 counted_more_than "$n"
agree "devlink lost events"

# Links appear and vanish all the time, so that the kernel's list of them changes while it is read, again and again.
say "reading is interrupted"
churn() {
    while [ -e /run/churn ]; do
        printf "link add churn%d type dummy\n" {1..20} | ip -batch -
        printf "link del churn%d\n" {1..20} | ip -batch -
    done
}
touch /run/churn
churn &
churning=$!
nic_vfs 0 0
nic_vfs 0 127
interrupted=0
resyncs=0
while [ $interrupted -lt 3 ]; do
    resyncs=$((resyncs + 1))
    [ $resyncs -le 500 ] || fail "reading is not interrupted: $interrupted times in $resyncs"
    ovs-appctl sriov/resync
    interrupted=$(counter_of sriov_read_interrupted)
done
nic_vfs 1 0
nic_vfs 1 14
rm /run/churn
wait $churning
say "$interrupted reads were interrupted, of $(counter_of sriov_read), with $resyncs times sriov/resync"
agree "reading was interrupted"

# More each time: what is gone at a start stays in the database for minutes.
say "ovs-vswitchd is killed in a burst"
nic_vfs 0 0
agree "PF 0 without VFs"
for delay in 20000 300000 600000; do
    n=$((delay / 10000 + 20))
    nic_vfs 0 $n &
    burst=$!
    usleep $delay
    kill_9 /run/ovs/ovs-vswitchd.pid
    wait $burst
    start_vswitchd
    agree "killed in a burst of $n VFs"
    nic_vfs 0 0
done
nic_vfs 0 80

say "ovsdb-server is away"
stop_pid /run/ovs/ovsdb-server.pid
nic_vfs 0 0
nic_vfs 0 90
nic_vfs 1 0
nic_vfs 1 16
being_added() { ovs-appctl sriov/show "$(rep 0 89)" | grep -q 'being added'; }
wait_until 30 being_added
start_ovsdb
agree "ovsdb-server was away"
kill -STOP "$(cat /run/ovs/ovsdb-server.pid)"
nic_vfs 1 0
nic_vfs 1 18
kill_9 /run/ovs/ovsdb-server.pid
start_ovsdb
agree "ovsdb-server was killed"

trouble | sed 's,enp[0-9a-z]*,DEVICE,' | sort | uniq -c

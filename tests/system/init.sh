#!/bin/bash
# In the guest, its first program: runs tests of one suite, and reports through the second serial port: lines that start with "@" are
# events, all others are for the reader.
#
# Settings: suite=, path= (AUTOTEST_PATH), tree= (the built tree's place on the host, and so here), nic=yes|no.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM=dumb
mount -t proc proc /proc
mount -t sysfs sysfs /sys
exec </dev/null >/dev/console 2>&1
ln -sfn /proc/self/fd /dev/fd
mkdir -p /dev/pts /dev/shm
mount -t devpts pts /dev/pts
mount -t tmpfs run /run
mount -t debugfs debugfs /sys/kernel/debug
mkdir -p /run/netns /run/lock
hostname guest
stty -F /dev/ttyS1 raw -echo
exec 4>/dev/ttyS1
. /host/settings

finish() {
    [ $# = 0 ] || echo "@broken $*" >&4
    dmesg >/host/dmesg
    sync
    echo o >/proc/sysrq-trigger
    sleep 1000
}

modprobe -a $(cat /host/modules)
ip link set lo up
# Frames between two namespaces pile up here while the one simulated CPU is busy elsewhere.
echo 20000 >/proc/sys/net/core/netdev_max_backlog

# The tree where it was built, which is what is written in it; what tests write goes to the disk.
modprobe overlay
mkdir -p /lower /var/upper /var/work "$tree"
mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=131072,cache=loose tree /lower || finish "no tree from the host"
mount -t overlay -o lowerdir=/lower,upperdir=/var/upper,workdir=/var/work overlay "$tree" || finish "no overlay"
cd "$tree" || finish "no tree"
[ ! -d /host/programs ] || cp -r /host/programs /opt/

if [ "$nic" = yes ]; then
    . /host/guest/lib.sh
    usleep() { sleep "$(( $1 / 1000000 )).$(printf %06d $(( $1 % 1000000 )))"; }
    (set -e; nic_up 4) >/host/nic.log 2>&1 || finish "the NIC does not come up, see nic.log"
fi
# Open vSwitch 3.1 counts no CPUs if it starts earlier.
while [ "$(cut -d. -f1 /proc/uptime)" -lt 12 ]; do sleep 0.5; done

# What the daemon makes of this machine, told once: whether the module acts.
show() {
    local dir=/run/show IFS=: folder own= i
    export OVS_RUNDIR=$dir OVS_LOGDIR=$dir OVS_DBDIR=$dir OVS_SYSCONFDIR=$dir
    for folder in $path; do
        [ "${folder#/}" != "$folder" ] || folder=$tree/$folder
        own+=$folder:
    done
    PATH=$own$PATH
    mkdir -p $dir
    ovsdb-tool create $dir/conf.db vswitchd/vswitch.ovsschema
    ovsdb-server --detach --no-chdir --pidfile --remote=punix:$dir/db.sock $dir/conf.db
    ovs-vsctl --no-wait init
    ovs-vswitchd --detach --no-chdir --pidfile --log-file unix:$dir/db.sock
    ovs-vsctl --timeout=60 add-br br0
    # It reads devices in a thread of its own.
    for ((i = 0; i < 60; i++)); do
        ovs-appctl sriov/show >$dir/show || break
        [ "$nic" = yes ] && ! grep -q '^lacp-fallback-ab .*true .*default: an eswitch' $dir/show || break
        sleep 0.5
    done
    cat $dir/show
    ovs-vsctl --timeout=60 del-br br0
    ovs-appctl exit --cleanup
    ovs-appctl -t ovsdb-server exit
    cat $dir/ovs-vswitchd.log
}
(modprobe openvswitch; show) >/host/show.log 2>&1 </dev/null

# "  12: what it shows      ok", or "FAILED (system-traffic.at:34)", or "skipped (...)", and "expected failure".
started=$(cut -d. -f1 /proc/uptime)
echo "@start" >&4
sh "tests/system-$suite-testsuite" -C tests AUTOTEST_PATH="$path" $(cat /host/tests) 2>&1 </dev/null |
    tee /host/testsuite.out |
    while read -r number words; do
        [[ $number =~ ^[0-9]+:$ ]] || continue
        number=${number%:}
        case $words in
        *" ok") outcome=ok ;;
        *"skipped ("*) outcome=skipped ;;
        *"expected failure"*) outcome=ok ;;
        *) outcome=FAILED ;;
        esac
        now=$(cut -d. -f1 /proc/uptime)
        if [ $outcome != ok ]; then
            mkdir -p "/host/logs/$number"
            # Its folder's name may have zeros in front.
            folder=$(find "tests/system-$suite-testsuite.dir" -maxdepth 1 -regex ".*/0*$number")
            cp "$folder"/*.log "/host/logs/$number/" 2>/dev/null
        fi
        echo "@$outcome $number $(( now - started ))" >&4
        started=$now
    done
echo "@end" >&4
finish

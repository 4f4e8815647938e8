#!/bin/bash
# In the guest: runs the scenarios that the host listed, each in its own shell, and reports through file descriptor 4:
# lines that start with "@" are events, all others are for the reader.
#
# A scenario that fails ends the guest: the host boots a fresh one for the rest, so that nothing is inherited.
set -u

share=/host
. "$share/settings"
export STOCK_AS_TESTED=$stock

while read -r name limit; do
    file=$share/guest/scenarios/$name.sh
    [ "$demo" = yes ] && file=$share/guest/demo.sh
    echo "@start $name" >&4
    begin=$(cut -d. -f1 /proc/uptime)
    dmesg -c >/dev/null
    export LOG=$share/$name.log
    # A process group of its own, so that what it started can be ended with it.
    setsid timeout -s KILL "$limit" bash -c '. /host/guest/lib.sh; set -eu; scenario_begin; . "$1"; scenario_end' \
        scenario "$file" >"$LOG" 2>&1 </dev/null
    status=$?
    seconds=$(( $(cut -d. -f1 /proc/uptime) - begin ))
    [ $status = 137 ] && echo "killed: took more than $limit s" >>"$LOG"
    if [ $status = 0 ]; then
        # Leaves the machine as it found it, or the scenario has failed after all.
        timeout -s KILL 60 bash -c '. /host/guest/lib.sh; scenario_clean' >>"$LOG" 2>&1 </dev/null
        status=$?
    fi
    mkdir -p "$share/$name.ovs"
    cp /run/ovs/*.log "$share/$name.ovs/" 2>/dev/null
    dmesg >"$share/$name.dmesg"
    if grep -E 'WARNING:|BUG:|Oops|general protection|Call Trace|refcount_t|UBSAN|blocked for more than|unregister_netdevice: waiting' \
            "$share/$name.dmesg" >>"$LOG"; then
        echo "the kernel complained, see $name.dmesg" >>"$LOG"
        status=1
    fi
    if [ $status != 0 ]; then
        bash -c '. /host/guest/lib.sh; scenario_evidence' >"$share/$name.evidence" 2>&1 </dev/null &
        wait_for=$!
        for i in $(seq 100); do kill -0 $wait_for 2>/dev/null || break; usleep 100000; done
        echo "@FAILED $name $seconds" >&4
        exit 0
    fi
    echo "@ok $name $seconds" >&4
done <"$share/scenarios"
echo "@end" >&4

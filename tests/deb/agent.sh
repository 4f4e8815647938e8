#!/bin/bash
# In the guest, started by systemd once the system is up: runs one boot of the scenario, as the host wants, and reports through the
# second serial port: lines that start with "@" are events, all others are for the reader.
set -u
exec 4>/dev/ttyS1
stty -F /dev/ttyS1 raw -echo
cd /
. /host/settings            # name=, boot=
export LOG=/host/$name.log
echo "@start" >&4
echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
bash -c '. /host/guest/lib.sh; . /host/guest/network.sh; . /host/guest/deb.sh; . "$1"; set -eu; "boot$2"' scenario \
    "/host/guest/scenarios/$name.sh" "$boot" >>"$LOG" 2>&1 </dev/null
status=$?
dmesg >"/host/dmesg.$boot"
journalctl -b --no-pager >"/host/journal.$boot" 2>&1
if grep -E 'WARNING:|BUG:|Oops|general protection|Call Trace|refcount_t|UBSAN|unregister_netdevice: waiting' "/host/dmesg.$boot" >>"$LOG"; then
    echo "the kernel complained, see dmesg.$boot" >>"$LOG"
    status=1
fi
if [ $status != 0 ]; then
    timeout 60 bash -c '. /host/guest/lib.sh; . /host/guest/network.sh; . /host/guest/deb.sh; evidence' >/host/evidence 2>&1 </dev/null
    mkdir -p /host/ovs && cp /var/log/openvswitch/*.log /var/lib/openvswitch/conf.db /host/ovs/
    echo "@FAILED" >&4
elif grep -q "^boot$(( boot + 1 ))()" "/host/guest/scenarios/$name.sh"; then
    echo "@reboot" >&4
    systemctl reboot
else
    sync
    echo "@ok" >&4
fi

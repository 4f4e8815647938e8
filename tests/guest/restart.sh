# ovs-vswitchd that ends and starts under traffic: streams of pings, and what each lost. Sourced by scenarios, after lib.sh.

. /host/guest/network.sh
# What the kernel's datapath forwards counts as well.
real_clock
answers() { grep -c icmp_seq= "/tmp/ping.$1" || :; }
answers_at_least() { at_least "$(answers "$1")" "$2"; }
# ends exit|kill: has ovs-vswitchd end.
ends() {
    local pid
    pid=$(cat /run/ovs/ovs-vswitchd.pid)
    if [ "$1" = kill ]; then kill -9 "$pid"; else ovs-appctl -t ovs-vswitchd exit; fi
    wait_until 20 gone "$pid"
}

# restart_under SIDE HOW READY NAME=NAMESPACE:ADDRESS...: while these streams go on, ovs-vswitchd ends, by "exit" or "kill", and starts;
# command READY says when all is in order, before and afterwards. Adds to ${lost[SIDE.NAME]} what each stream lost, in packets.
declare -A lost
restart_under() {
    local side=$1 how=$2 ready=$3 s what sent got more line=
    shift 3
    for s in "$@"; do
        what=${s#*=}
        ping_start "${s%%=*}" "${what%%:*}" "${what#*:}" 0.01
    done
    wait_until 30 "$ready"
    ends "$how"
    start_vswitchd
    wait_until 30 "$ready"
    for s in "$@"; do more=$(( $(answers "${s%%=*}") + 80 )); wait_until 30 answers_at_least "${s%%=*}" $more >/dev/null; done
    for s in "$@"; do
        s=${s%%=*}
        ping_stop "$s"
        check "hardly any packet of $s" at_least "$sent" 100
        lost[$side.$s]=$(( ${lost[$side.$s]:-0} + sent - got ))
        line+=" $s $(( sent - got )) of $sent"
    done
    say "RESULT $side, $how: lost$line"
}

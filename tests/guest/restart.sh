# ovs-vswitchd that ends and starts under traffic: streams of pings, and what each lost. Sourced by scenarios, after lib.sh.

# stream NAME NAMESPACE ADDRESS: 100 packets a second.
stream() { ip netns exec "$2" ping -n -i 0.01 "$3" >"/tmp/stream.$1" 2>&1 & eval "stream_$1=$!"; }
# stream_end NAME: sets $sent, the last one that was answered, since more may be under way, and $got.
stream_end() {
    eval "kill -INT \$stream_$1; wait \$stream_$1" || :
    read -r got sent <<<"$(sed -n 's/.* icmp_seq=\([0-9]*\) .*/\1/p' "/tmp/stream.$1" | sort -nu | awk '{ n++ } END { print n, $1 }')"
}
answers() { grep -c icmp_seq= "/tmp/stream.$1" || :; }
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
        stream "${s%%=*}" "${what%%:*}" "${what#*:}"
    done
    wait_until 30 "$ready"
    ends "$how"
    start_vswitchd
    wait_until 30 "$ready"
    for s in "$@"; do more=$(( $(answers "${s%%=*}") + 80 )); wait_until 30 answers_at_least "${s%%=*}" $more >/dev/null; done
    for s in "$@"; do
        s=${s%%=*}
        stream_end "$s"
        check "hardly any packet of $s" at_least "$sent" 100
        lost[$side.$s]=$(( ${lost[$side.$s]:-0} + sent - got ))
        line+=" $s $(( sent - got )) of $sent"
    done
    say "RESULT $side, $how: lost$line"
}

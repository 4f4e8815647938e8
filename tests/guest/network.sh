# Network tools that set up a bridge with ports of cx-sriov, and VFs that are to notice nothing of it. Sourced by
# scenarios that need it, after lib.sh, also in the guests of tests/deb.

# ours: rows, numbers and settings of our ports, none of which may change; our_rows: without what a boot gives anew.
ours() {
    our_rows
    vsctl --format=csv --columns=_uuid,name,ofport,mtu_request list Interface | grep 'vf[0-9]' | sort
}
our_rows() { vsctl --format=csv --columns=_uuid,name,tag,other_config,external_ids list Port | grep cx-sriov | sort; }
# Without the bridge's own port, which is no port to ovs-vsctl.
our_ports() { vsctl list-ports "${1:-vmbr1}" | grep 'vf[0-9]' | sort | tr '\n' ' '; }
have_ports() { equal "$(our_ports)" "$(printf '%s\n' "$@" | sort | tr '\n' ' ')"; }

# ping_start NAME NAMESPACE ADDRESS [SECONDS]: a ping every so many seconds (default: 0.02).
ping_start() {
    ip netns exec "$2" ping -n -i "${4:-0.02}" "$3" >"/tmp/ping.$1" 2>&1 &
    eval "ping_$1=$!"
}
# ping_stop NAME: sets $sent, the last one that was answered, since more may be under way, and $got, how many were.
ping_stop() {
    eval "kill -INT \$ping_$1"
    eval "wait \$ping_$1" || :
    read -r got sent <<<"$(sed -n 's/.* icmp_seq=\([0-9]*\) .*/\1/p' "/tmp/ping.$1" | sort -nu | awk '{ n++ } END { print n + 0, $1 + 0 }')"
}
# ping_end NAME: each ping since ping_start was answered.
ping_end() {
    local sent got
    ping_stop "$1"
    say "$1: $got of $sent pings answered"
    pings_sum=$(( ${pings_sum:-0} + got ))
    check "pings of $1 were lost" equal "$got" "$sent"
    check "hardly any ping of $1" at_least "$sent" 50
}
# undisturbed TEXT NAME=NAMESPACE:ADDRESS... -- COMMAND...: runs it while these pings go on, of which none may be lost, and our
# ports are the same afterwards.
undisturbed() {
    local text=$1 before what names=()
    shift
    before=$(ours)
    while [ "$1" != -- ]; do
        what=${1#*=}
        ping_start "${1%%=*}" "${what%%:*}" "${what#*:}"
        names+=("${1%%=*}")
        shift
    done
    shift
    check "$text: $*" "$@"
    for what in "${names[@]}"; do ping_end "$what"; done
    the_same "our ports before" "$before" "after: $text" "$(ours)" || fail "$text: our ports changed"
}

# bond_stanza [LINE...]: what /etc/network/interfaces has of a Linux bond of both uplinks, with these lines besides.
bond_stanza() {
    printf 'auto lo\niface lo inet loopback\n\nauto bond0\niface bond0 inet manual\n'
    printf '        %s\n' "bond-slaves $(uplink 0) $(uplink 1)" 'bond-mode active-backup' 'bond-miimon 50' "$@"
}

# tap_up [BRIDGE]: a VM's tap there (default: vmbr1), with 10.0.8.1 behind it.
tap_up() {
    new_netns tap
    # A high address, as Proxmox VE gives: the bridge takes the lowest one of its ports, and what the VF knows would be stale.
    ip link add veth100i0 address fe:00:00:00:00:01 type veth peer name eth0 netns tap
    ip -n tap addr add 10.0.8.1/16 dev eth0
    ip -n tap link set eth0 up
    ip link set veth100i0 up
    vsctl --may-exist add-port "${1:-vmbr1}" veth100i0
}

# The how-to's bond: an OVS bond of both uplinks with LACP in balance-tcp mode, and its partner at the far end of both
# cables. Sourced by scenarios that need it, after lib.sh.

far_ip=10.0.0.1                 # In namespace "far", behind the partner.

# bond_nic_up VFS: both PFs in switchdev mode with so many VFs, cables in place.
bond_nic_up() {
    local p
    nic_load
    for p in 0 1; do
        nic_switchdev $p
        nic_vfs $p "$1"
        ip link set "$(uplink $p)" up
        ip link set "wire$p" up
    done
}

# partner_bridge BOND-OPTIONS...: the partner, with its bond, and what is behind it.
partner_bridge() {
    # Not an internal port: Open vSwitch loses sight of one that moves to another namespace.
    ip link add far type veth peer name far-port
    ip link set far-port up
    vsctl add-br partner -- add-bond partner bond2 wire0 wire1 "$@" \
        -- add-port partner far-port
    ip netns add far
    ip link set far netns far
    ip -n far link set lo up
    ip -n far link set far up
    ip -n far addr add $far_ip/16 dev far
}

# bond_bridges [PARTNER-OPTIONS...]: vmbr1 with bond1, and the partner with its bond, which speaks LACP unless
# PARTNER-OPTIONS say what it is.
bond_bridges() {
    [ $# -gt 0 ] || set -- lacp=active bond_mode=balance-tcp other_config:lacp-time=${LACP_TIME:-slow}
    partner_bridge "$@"
    vsctl add-br vmbr1 -- add-bond vmbr1 bond1 "$(uplink 0)" "$(uplink 1)" lacp=active bond_mode=balance-tcp \
        other_config:lacp-time=${LACP_TIME:-slow}
}

bond_negotiated() { contains "$(ovs-appctl bond/show bond1)" "lacp_status: negotiated" && both_members_enabled; }
both_members_enabled() { equal "$(ovs-appctl bond/show bond1 | grep -c '^member .*: enabled')" 2; }
members_enabled() { equal "$(ovs-appctl bond/show bond1 | grep -c '^member .*: enabled')" "$1"; }

# sent_through PF: packets that left through the uplink, in hardware and in software.
sent_through() { echo $(( $(counter "$(uplink "$1")" hw_tx_packets) + $(counter "$(uplink "$1")" sw_tx_packets) )); }

# hw_share NAMESPACE REPRESENTOR [STREAMS]: sends TCP streams to the far end, after one to warm up, and prints how many
# per mille of the packets that came in at the representor were forwarded in hardware.
hw_share() {
    local ns=$1 dev=$2 n=${3:-4} i hw sw
    tcp_stream "$ns" far $far_ip 1 5300 >&2
    hw=$(counter "$dev" hw_rx_packets) sw=$(counter "$dev" sw_rx_packets)
    for i in $(seq "$n"); do tcp_stream "$ns" far $far_ip 8 $(( 5300 + i )) >&2; done
    hw=$(( $(counter "$dev" hw_rx_packets) - hw )) sw=$(( $(counter "$dev" sw_rx_packets) - sw ))
    say "$n TCP streams $ns -> far: $dev hw $hw sw $sw" >&2
    echo $(( hw * 1000 / (hw + sw + 1) ))
}

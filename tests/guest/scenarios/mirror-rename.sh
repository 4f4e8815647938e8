#!/bin/bash
# a mirror of one representor to another: both renamed, and then VFs gone and made anew: it mirrors as before
# limit: 240
nic_up 4 0
bridge_up
vfs_up 0 0 1 2
wait_until 20 agrees br0
vsctl -- --id=@r0 get Port "$(rep 0 0)" -- --id=@r2 get Port "$(rep 0 2)" \
    -- --id=@m create Mirror name=m0 select_src_port=@r0 select_dst_port=@r0 output_port=@r2 -- set Bridge br0 mirrors=@m
sent_to() { echo $(( $(counter "$1" sw_tx_packets) + $(counter "$1" hw_tx_packets) )); }
# mirrors OUTPUT: 20 pings and their answers come there.
mirrors() {
    local before
    before=$(sent_to "$1")
    check "VF 0 reaches VF 1" pings vf0.0 "$(vf_ip 0 1)" 20
    wait_until 10 at_least_sent "$1" $(( before + 38 ))
}
at_least_sent() { at_least "$(sent_to "$1")" "$2"; }
renamed() {
    ip link set "$1" down
    ip link set "$1" name "$2"
    ip link set "$2" up
    wait_until 20 agrees br0
}
numbers() { local i; for i; do vsctl get Interface "$i" ofport; done; }
mirrors "$(rep 0 2)"
before=$(numbers "$(rep 0 0)" "$(rep 0 2)")

say "source and output are renamed"
renamed "$(rep 0 0)" web0
renamed "$(rep 0 2)" web2
check "the OpenFlow port numbers are the same" equal "$(numbers web0 web2)" "$before"
mirrors web2

say "the VFs are gone for longer than an untouched port stays, and made anew"
nic_vfs 0 0
gone() { not_port br0 "$(rep 0 1)"; }
wait_until 90 gone
check "what the mirror names is there" is_port br0 web0
check "what it sends to, too" is_port br0 web2
nic_vfs 0 4
vfs_up 0 0 1 2
wait_until 20 agrees br0
check "the OpenFlow port numbers are the same" equal "$(numbers "$(rep 0 0)" "$(rep 0 2)")" "$before"
mirrors "$(rep 0 2)"

#!/bin/bash
# the NIC as mlx5 of Linux 6.12, by tc: what of a rule's actions it refuses, and in which words; what it does with the rest
# guest: python=1
# limit: 300
nic_up 3
for p in 0 1; do for v in 0 1 2; do ip link set "$(rep $p $v)" up; ip link set "$(vf $p $v)" up; done; done
a=$(rep 0 0) b=$(rep 0 1) c=$(rep 0 2) x=$(rep 1 0) u=$(uplink 0) u1=$(uplink 1)
for dev in $a $b $c $x $u $u1; do tc qdisc add dev "$dev" ingress; done

# rule DEV WORD...: a skip_sw rule; no_rules ends all.
rule() { tc filter add dev "$1" ingress prio 1 protocol "${PROTO:-all}" flower skip_sw "${@:2}"; }
no_rules() { local d; for d in $a $b $c $x $u $u1; do tc filter del dev "$d" ingress; done; }
# refused WORDS DEV WORD...: the kernel says WORDS, or nothing of its own if they are empty.
refused() {
    local words=$1 output
    shift
    if output=$(rule "$@" 2>&1); then fail "not refused: $*"; fi
    if [ -n "$words" ]; then
        check "words" contains "$output" "$words"
    else
        check "no words: $output" equal "$(grep -c '^Error: ' <<<"$output")" 0
    fi
}
# taken DEV WORD...
taken() { check "taken: $*" rule "$@"; no_rules; }
to() { echo "action mirred egress redirect dev $1"; }
copy() { echo "action mirred egress mirror dev $1 pipe"; }
push() { echo "action vlan push id $1 pipe"; }
pop="action vlan pop pipe"
other="devices are not on same switch HW, can't offload forwarding"

say "between the PFs"
taken "$a" $(to "$x")
taken "$x" $(to "$a")
refused "$other" "$a" $(to "$u1")
refused "$other" "$u1" $(to "$a")
refused "devices are both uplink, can't offload forwarding" "$u" $(to "$u1")
refused "devices are both uplink, can't offload forwarding" "$u" $(to "$u")
refused "can't forward from a VF to itself" "$a" $(to "$a")
refused "$other" "$a" $(to lo)
nic_multiport 0 true
taken "$a" $(to "$u1")
taken "$u1" $(to "$a")
refused "devices are both uplink, can't offload forwarding" "$u" $(to "$u1")

say "a Linux bond, with multiport on"
ip link add bond0 type bond mode active-backup
for p in 0 1; do ip link set "$(uplink $p)" down; ip link set "$(uplink $p)" master bond0; done
refused "can't forward to bond in mpesw mode" "$a" $(to bond0)
nic_multiport 0 false
ip link del bond0
for p in 0 1; do ip link set "$(uplink $p)" up; done

say "connection tracking"
PROTO=ip refused "mlx5 tc ct offload isn't enabled." "$a" action ct pipe $(to "$b")
PROTO=ip refused "mlx5 tc ct offload isn't enabled." "$a" ct_state +trk $(to "$b")

say "outputs"
refused "can't duplicate output to same device" "$a" $(copy "$b") $(to "$b")
taken "$a" $(copy "$b") $(push 5) $(to "$b")
refused "Total vlans used is greater than supported" "$a" $(push 5) $(push 6) $(push 7) $(to "$b")
refused "Rule must have at least one forward/drop action" "$a" action vlan push id 5
refused "Rule cannot support forward+drop action" "$a" $(copy "$b") action drop

say "headers"
PROTO=arp refused "Unsupported key" "$a" arp_tip 10.0.0.1 $(to "$b")
PROTO=802.1Q taken "$a" vlan_id 5 action vlan modify id 6 pipe $(to "$b")
PROTO=802.1Q refused "Changing VLAN prio is not supported" "$a" vlan_id 5 action vlan modify id 6 priority 3 pipe $(to "$b")
PROTO=802.1Q taken "$a" vlan_id 5 vlan_prio 3 action vlan modify id 6 priority 3 pipe $(to "$b")
refused "VLAN rewrite action must have VLAN protocol match" "$a" $pop $(push 6) $(to "$b")
mac="action pedit ex munge eth dst set 02:99:99:99:99:99 pipe"
refused "curr_pmask and new mask same. Acting twice on same location" "$a" $mac $mac $(to "$b")
refused "" "$a" $mac $(copy "$b") $(to "$u")
taken "$a" $mac $(copy "$b") $(to "$c")
taken "$a" $(copy "$c") $mac $(copy "$b") $(to "$u")

say "police"
taken "$a" action police rate 1mbit burst 64k conform-exceed drop/pipe $(to "$b")
refused "Offload not supported when conform-exceed action is not pipe, ok, jump or drop" \
    "$a" action police rate 1mbit burst 64k conform-exceed continue/pipe $(to "$b")

say "an internal port of Open vSwitch"
start_ovs
vsctl set Open_vSwitch . other_config:sriov=false -- add-br br0
ip link set br0 up
local_port="action skbedit ptype host pipe action mirred ingress redirect dev br0"
refused "redirect to ingress is supported only for OVS internal ports" "$a" action skbedit ptype host pipe action mirred ingress redirect dev lo
refused "redirect to int port ingress requires ptype=host action" "$a" action mirred ingress redirect dev br0
refused "redirect to int port ingress is supported only as single destination" "$a" $(copy "$b") $local_port
refused "Not implemented offload action" \
    "$a" action skbedit ptype host pipe action mirred ingress mirror dev br0 pipe $(to "$b")

ip -n wire0 link set wire0 netns 1
ip link set wire0 up
ip link set "$u" up
tags_of() { python3 /host/guest/scenarios/frames.py "$(vf 0 0)" "$1" "$(vf 0 1)" "$(vf 0 2)" wire0 br0 | cut -d' ' -f2- | tr '\n' ',' | sed 's/,$//'; }
# sent TAGS EXPECTED WORD...: with a rule of these actions at VF 0, a frame with TAGS ("-": none) comes to VF 1, VF 2, the wire and br0 as
# EXPECTED says.
sent() {
    local tags=$1 expected=$2
    shift 2
    if [ "$tags" = - ]; then rule "$a" "$@"; else PROTO=802.1Q rule "$a" vlan_id "${tags%%.*}" "$@"; fi
    check "$tags: $*" equal "$(tags_of "$tags")" "$expected"
    no_rules
}

say "one split point: right lists"
sent - "untagged,nothing,nothing,nothing" $(to "$b")
sent - "nothing,nothing,nothing,untagged" $local_port
sent - "untagged,untagged,5,nothing" $(copy "$b") $(copy "$c") $(push 5) $(to "$u")
sent 5 "untagged,untagged,5,nothing" $(copy "$u") $pop $(copy "$b") $(to "$c")
sent 5 "6,nothing,nothing,nothing" $pop $(push 6) $(to "$b")
sent 5 "7.5,nothing,5,nothing" $(copy "$u") $(push 7) $(to "$b")

say "and wrong ones, of which no error tells: outputs before the last header change get none of them, the others all"
# A list in order would send 5 to the wire, and no tag to VF 1.
sent - "5,nothing,untagged,nothing" $(push 5) $(copy "$u") $pop $(to "$b")
# No tag to VF 2.
sent 5 "5,5,6,nothing" $(copy "$b") $pop $(copy "$c") $(push 6) $(to "$u")

say "tunnels: rules at a VXLAN device, of which the kernel says what the driver does when it is asked to be verbose"
ip link set "$u" mtu 2000
ip addr add 172.16.0.1/24 dev "$u"
ip neigh add 172.16.0.2 lladdr 02:00:00:ee:00:00 dev "$u"
ip link add vx type vxlan external dstport 4789
ip link set vx up
tc qdisc add dev vx ingress
from="enc_src_ip 172.16.0.2 enc_dst_ip 172.16.0.1 enc_key_id 77"
off="action tunnel_key unset pipe"
at_vx() { tc filter add dev vx ingress prio 1 protocol "${PROTO:-all}" flower verbose "$@" 2>&1; }
is_in_hw() { tc filter show dev vx ingress | grep '^ *in_hw' | grep -q "in_hw_count $1"; }
vx_taken() { check "at vx: $*" at_vx "$@"; check "in hardware, of one PF: $*" is_in_hw 1; tc filter del dev vx ingress; }
vx_refused() {
    local words=$1
    shift
    check "words: $*" contains "$(at_vx "$@")" "$words"
    check_fails "in hardware: $*" is_in_hw 1
    tc filter del dev vx ingress
}
check_fails "skip_sw at a device of others" rule vx enc_dst_port 4789 $from $off $(to "$a")
vx_taken enc_dst_port 4789 $from $off $(to "$a")
vx_refused "Failed to parse tunnel attributes" $from $off $(to "$a")
vx_refused "Failed to parse tunnel attributes" $from enc_dst_port 4790 $off $(to "$a")
vx_refused "" enc_dst_port 4789 enc_src_ip 10.99.0.2 enc_dst_ip 172.16.0.1 $off $(to "$a")
vx_refused "Forwarding from tunnel/internal port to internal port is not supported" enc_dst_port 4789 $from $off $local_port
PROTO=ip vx_refused "Matching on tos ecn bits without also matching enc_tos ecn bits isn't supported" \
    enc_dst_port 4789 $from ip_tos 1/3 $off $(to "$a")
ip link add vx2 type vxlan external dstport 4790
ip link set vx2 up
vx_taken $from enc_dst_port 4790 $off $(to "$a")
ip link del vx2
say "and rules into one"
set_77() { echo "action tunnel_key set src_ip 172.16.0.1 dst_ip ${2:-172.16.0.2} id 77 dst_port $1 pipe"; }
taken "$a" $(set_77 4789) $(to vx)
refused "vxlan udp dport was not registered with the HW" "$a" $(set_77 4790) $(to vx)
refused "Unsupported tunnel" "$a" $(set_77 4789) $(to lo)
refused "can't duplicate encap action" "$a" $(set_77 4789) $(copy vx) $(set_77 4789) $(to vx)
refused "" "$a" $(set_77 4789 10.99.0.2) $(to vx)

say "frames into a tunnel and out of it"
sent - "untagged,nothing,vxlan77.5,nothing" $(copy "$b") $(push 5) $(set_77 4789) $(to vx)
ip link add link "$u" name u9 type vlan id 9
ip link set u9 up
ip addr add 172.16.9.1/24 dev u9
ip neigh add 172.16.9.2 lladdr 02:00:00:ee:00:00 dev u9
sent - "nothing,nothing,9.vxlan77.untagged,nothing" action tunnel_key set src_ip 172.16.9.1 dst_ip 172.16.9.2 id 77 dst_port 4789 pipe $(to vx)
ip link del u9
# vx_sent EXPECTED WORD...: what comes from the wire in VXLAN 77, at VF 1, VF 2, VF 0 and the uplink.
vx_sent() {
    local expected=$1 got
    shift
    check "at vx: $*" at_vx enc_dst_port 4789 $from "$@"
    got=$(python3 /host/guest/scenarios/frames.py wire0 vxlan77 "$(vf 0 1)" "$(vf 0 2)" "$(vf 0 0)" "$u" |
          cut -d' ' -f2- | tr '\n' ',' | sed 's/,$//')
    check "at vx: $*" equal "$got" "$expected"
    tc filter del dev vx ingress
}
# A list in order would send VF 1 no header of the tunnel.
vx_sent "vxlan77.untagged,5,nothing,nothing" $off $(copy "$b") $(push 5) $(to "$c")

#!/bin/bash
# sriov/why tells why flows are not in hardware, as it comes about: text, count, what helps
# long: it waits for the revalidators, and has some twenty reasons
# limit: 600
real_clock
nic_up 3 0
nic_switchdev 1
nic_vfs 1 1
bridge_up
need_patched
vsctl set Open_vSwitch . other_config:max-revalidator=500 other_config:max-idle=60000
vsctl add-port br0 "$(uplink 1)"
vfs_up 0 0 1 2
wait_until 20 of_port "$(rep 1 0)"
vf_up 1 0
new_netns plain0
ip link add veth0 type veth peer name eth0 netns plain0
ip link set veth0 up
ip -n plain0 link set eth0 up
ip -n plain0 addr add 10.0.9.9/16 dev eth0
ip tuntap add tap0 mode tap
ip link set tap0 up
vsctl add-port br0 veth0 -- add-port br0 tap0
for p in veth0 tap0; do wait_until 10 of_port $p; done
r0=$(rep 0 0) r1=$(rep 0 1) r2=$(rep 0 2) to1=$(vf_ip 0 1)
of() { vsctl get Interface "$1" ofport; }

seen=0
# says PORT REASON HELP: sriov/why has flows that come in at PORT, with packets, for REASON, of which HELP helps.
says() {
    ovs-appctl sriov/why "$1" >/tmp/why && grep -F -A2 ": $2" /tmp/why >/tmp/reason && grep -qF "what helps: $3" /tmp/reason &&
        grep -qE '^  [1-9][0-9]* flows?, [1-9][0-9]* packets?: ' /tmp/reason || { cat /tmp/why; return 1; }
}
# tries COMMAND...: after COMMAND, which makes traffic, whether it is answered or not
tries() { local port=$1 reason=$2 help=$3; shift 3; "$@" >/dev/null 2>&1 || :; says "$port" "$reason" "$help"; }
# why PORT REASON HELP COMMAND...
why() { wait_until 15 tries "$@"; check "$1: $2" says "$1" "$2" "$3"; seen=$(( seen + 1 )); }
ping01() { pings vf0.0 "$to1" 3; }
fresh() { ovs-ofctl del-flows br0; ovs-ofctl add-flow br0 priority=0,actions=NORMAL; ovs-appctl revalidator/purge; }
# flow MATCH,ACTIONS: an OpenFlow flow for what VF 0 of PF 0 sends
flow() { fresh; ovs-ofctl -O OpenFlow13 add-flow br0 "priority=10,in_port=$(of "$r0"),$1"; }

wait_until 20 pings vf0.0 "$to1" 5
expect_offloaded vf0.0 vf0.1 "$to1" "$r0" "$r1"
in_hw() { ovs-appctl sriov/why "$r0" | grep -E "^$r0: [1-9][0-9]* flows? in hardware with [1-9]"; }
check "what is in hardware" in_hw
check_fails "a wrong name" ovs-appctl sriov/why nosuch
check_fails "a wrong flow" ovs-appctl sriov/why ufid:00000000-0000-0000-0000-000000000001

say "other ports"
why veth0 "policy: not tried, since no NIC offloads for this port" "nothing, or a VF" pings vf0.0 10.0.9.9 3
why "$r0" "leaves through veth0, which no NIC offloads for" "a VF in place" pings vf0.0 10.0.9.9 3
others() { ovs-appctl sriov/why | grep 'others, which no NIC offloads for: '; }
all() { ovs-appctl sriov/why --all | grep '^veth0: '; }
check "veth0 is among others" others
check "--all lists it" all

say "mirrors"
vsctl -- --id=@p get Port tap0 -- --id=@m create Mirror name=m select-all=true output-port=@p -- set Bridge br0 mirrors=@m
why "$r0" "leaves through tap0, which no NIC offloads for" "a VF in place" ping01
vsctl clear Bridge br0 mirrors
vsctl -- --id=@p get Port "$r2" -- --id=@m create Mirror name=m select-all=true snaplen=100 output-port=@p -- set Bridge br0 mirrors=@m
why "$r0" "is truncated" "a mirror without snaplen" ping01
vsctl clear Bridge br0 mirrors

say "what ovs-vswitchd has to see"
vsctl -- --id=@s create sflow agent=lo target='"127.0.0.1:6343"' header=128 sampling=64 polling=10 -- set bridge br0 sflow=@s
why "$r0" "is sampled for sFlow" "turn sFlow off" ping01
vsctl clear bridge br0 sflow
vsctl -- --id=@i create IPFIX targets='"127.0.0.1:4739"' sampling=64 -- set bridge br0 ipfix=@i
why "$r0" "is sampled for IPFIX" "turn IPFIX off" ping01
vsctl clear bridge br0 ipfix
flow ip,actions=controller,NORMAL
why "$r0" "goes to the OpenFlow controller" "an OpenFlow flow" ping01
vsctl set Bridge br0 mcast_snooping_enable=true
fresh
join() { ip netns exec vf0.0 ip addr add 239.1.2.3/32 dev "$(vf 0 0)" autojoin; ip netns exec vf0.0 ip addr del 239.1.2.3/32 dev "$(vf 0 0)"; }
why "$r0" "has an action that only ovs-vswitchd can do" "another action or match" join
vsctl set Bridge br0 mcast_snooping_enable=false

say "OpenFlow"
flow ip,actions=set_queue:1,NORMAL
why "$r0" "matches skb_priority" "match another field" ping01
flow "ip,actions=load:5->NXM_NX_PKT_MARK[],NORMAL"
why "$r0" "sets pkt_mark" "use a register" ping01
flow "arp,actions=load:2->NXM_OF_ARP_OP[],NORMAL"
why "$r0" "has an action that only ovs-vswitchd can do" "another action or match" ip netns exec vf0.0 arping -b -c 2 -w 1 -I "$(vf 0 0)" "$to1"
flow ip,actions=dec_ttl,NORMAL
why "$r0" "refused: mlx5_core: The pedit offload action is not supported" "the NIC cannot change" ping01
flow "icmp,actions=push_mpls:0x8847,set_field:5->mpls_label,output:$(of "$r1")"
why "$r0" "refused: " "" ping01
fresh
ovs-ofctl add-flows br0 - <<E
table=0,priority=10,ip,ct_state=-trk,actions=ct(table=1)
table=1,priority=10,ip,ct_state=+new+trk,actions=ct(commit),NORMAL
table=1,priority=10,ip,ct_state=+est+trk,actions=NORMAL
E
why "$r0" "is looked up again (recirculates), and kernel and TC do not share" "a kernel with" ping01
fresh
ovs-ofctl -O OpenFlow15 add-group br0 "group_id=1,type=select,selection_method=dp_hash,bucket=output:$(of "$r1"),bucket=output:$(of "$r1")"
flow ip,actions=group:1
why "$r0" "is distributed by a hash" "bond-offload=local" ping01
why "$r0" "matches the hash" "bond-offload=local" ping01
fresh; ovs-ofctl -O OpenFlow15 del-groups br0
flow ip,vlan_tci=0x1000/0x1000,actions=NORMAL
fresh

say "the NIC"
nic_knob 0 refuse_rules 95
fresh
why "$r0" "refused: simnic: refused by the knob refuse_rules" "see what is unusual" ping01
ufid=$(sed -n '/knob/,$s/.*such as: \(ufid:[^,]*\),.*/\1/p' /tmp/why | head -1)
one() { equal "$(ovs-appctl sriov/why "$ufid" | grep -c '^  1 flow, ')" 1; }
check "one flow" one
json() { ovs-appctl sriov/why --json "$r0" | tr -d '\n ' | grep '"said":"simnic:refusedbytheknobrefuse_rules","said_by":"kernel","tried":'; }
check "JSON" json
nic_knob 0 refuse_rules 0
nic_knob 0 max_rules 1
fresh
full() { pings vf0.0 "$to1" 2; pings vf0.0 "$(vf_ip 0 2)" 2; pings vf0.0 "$(wire_ip 0)" 2; }
why "$r0" "refused: simnic: flow table is full" "fewer flows" full
nic_knob 0 max_rules 0
ovs-appctl dpctl/del-flows
ethtool -K "$r2" hw-tc-offload off
why "$r2" "refused: TC offload is disabled on net device" "ethtool -K PORT" pings vf0.2 "$to1" 3
ethtool -K "$r2" hw-tc-offload on
ovs-appctl dpctl/del-flows
tc qdisc del dev "$r2" ingress
# It is put back.
healed() { pings vf0.2 "$to1" 3 >/dev/null && ovs-appctl sriov/why "$r2" | grep -qE "^$r2: [1-9][0-9]* flows? in hardware with [1-9]"; }
wait_until 15 healed

say "records go with their flows"
records() { ovs-appctl sriov/why --json | sed -n 's/^ *"records": \([0-9]*\),*$/\1/p'; }
nic_knob 0 refuse_rules 95
recorded() { ping01 >/dev/null; at_least "$(records)" 1; }
wait_until 10 recorded
nic_knob 0 refuse_rules 0
stop_few() { ovs-appctl dpctl/del-flows system@ovs-system; at_most "$(records)" 3; }
wait_until 10 stop_few

say "settings"
stop_vswitchd
vsctl --no-wait set Open_vSwitch . other_config:tc-policy=none
nic_knob 0 refuse_rules 95
start_vswitchd
why "$r0" "is in the kernel's TC, but the driver has not taken it" "tc-policy=skip_sw" ping01
nic_knob 0 refuse_rules 0
stop_vswitchd
vsctl --no-wait set Open_vSwitch . other_config:hw-offload=false
start_vswitchd
why "$r0" "hw-offload is off" "ovs-vsctl set" ping01
say "$seen reasons"
at_least $seen 18

#!/bin/bash
# the NIC as bnxt_en of Linux 6.12: no VFs while the uplink is down, copies passed over, match keys passed over
# guest: python=1
# limit: 240
PERSONALITY=bnxt
nic_load
check "driver" test -e /sys/bus/pci/drivers/bnxt_en
numvfs() { cat "/sys/bus/pci/devices/$(pf_pci 0)/sriov_numvfs"; }
nic_vfs 0 3
check "no VF, and no error" equal "$(numvfs)" 0
nic_up 3 0
check "VFs" equal "$(numvfs)" 3
check "the mode that there is" contains "$(nic_mode 0 switchdev 2>&1)" "Invalid argument"
check "trust" ip link set "$(uplink 0)" vf 0 trust on
check "spoofchk" ip link set "$(uplink 0)" vf 0 spoofchk on

a=$(rep 0 0) b=$(rep 0 1) c=$(rep 0 2) u=$(uplink 0)
for v in 0 1 2; do ip link set "$(rep 0 $v)" up; ip link set "$(vf 0 $v)" up; done
for dev in $a $u; do tc qdisc add dev "$dev" ingress; done
rule() { tc filter add dev "$1" ingress prio 1 protocol "${PROTO:-all}" flower skip_sw "${@:2}"; }
no_rules() { tc filter del dev "$a" ingress; }
to() { echo "action mirred egress redirect dev $1"; }
got() { python3 /host/guest/scenarios/frames.py "$(vf 0 0)" "$1" "$(vf 0 1)" "$(vf 0 2)" wire0 | cut -d' ' -f2- | tr '\n' ' ' | sed 's/ $//'; }
ip -n wire0 link set wire0 netns 1
ip link set wire0 up

say "copies are passed over, and so is police"
rule "$a" action mirred egress mirror dev "$b" pipe action mirred egress mirror dev "$c" pipe $(to "$u")
check "frames" equal "$(got -)" "nothing nothing untagged"
no_rules
check "only copies" rule "$a" action mirred egress mirror dev "$b" pipe action mirred egress mirror dev "$c"
check "is nowhere" equal "$(got -)" "nothing nothing nothing"
no_rules
check "police" rule "$a" action police rate 1mbit burst 64k conform-exceed drop/pipe $(to "$b")
no_rules

say "tags"
rule "$a" action vlan push id 5 pipe $(to "$u")
check "push" equal "$(got -)" "nothing nothing 5"
no_rules
PROTO=802.1Q rule "$a" vlan_id 5 action vlan pop pipe $(to "$b")
check "pop" equal "$(got 5)" "untagged nothing nothing"
no_rules
modify() { PROTO=802.1Q rule "$@"; }
check_fails "no change of the id" modify "$a" vlan_id 5 action vlan modify id 6 pipe $(to "$b")

say "a match that it does not know is none"
PROTO=802.1Q rule "$a" vlan_id 5 vlan_ethtype 802.1Q cvlan_id 9 $(to "$b")
check "another inner tag" equal "$(got 5.10)" "5.10 nothing nothing"

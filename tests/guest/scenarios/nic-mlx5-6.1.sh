#!/bin/bash
# the NIC as mlx5 of Linux 6.1: no parameter esw_multiport, and the first rule to an uplink joins the PFs
PERSONALITY=mlx5-6.1
nic_up 2
for p in 0 1; do for v in 0 1; do ip link set "$(rep $p $v)" up; done; done
a=$(rep 0 0) u=$(uplink 0) u1=$(uplink 1)
tc qdisc add dev "$a" ingress
rule() { tc filter add dev "$a" ingress prio "$1" protocol all flower skip_sw src_mac "02:00:00:00:00:0$1" action mirred egress redirect dev "$2"; }
check_fails "no parameter" nic_multiport 0 true
check "steering" contains "$(devlink dev param show "pci/$(pf_pci 0)" name flow_steering_mode)" "value dmfs"

say "the other PF's uplink is within reach"
check "rule" rule 1 "$u1"
vf_up 0 0
ip -n vf0.0 link set "$(vf 0 0)" down
ip -n vf0.0 link set "$(vf 0 0)" address 02:00:00:00:00:01 up
out() {
    ip netns exec vf0.0 ping -c 1 -W 0.1 "$(wire_ip 1)" >/dev/null 2>&1 || :
    at_least "$(counter "$u1" hw_tx_packets)" 1
}
wait_until 10 out
tc filter del dev "$a" ingress

say "a bond is no output while such a rule exists, and no such rule while there is a VF-LAG"
ip link add bond0 type bond mode active-backup miimon 50
for p in 0 1; do ip link set "$(uplink $p)" down; ip link set "$(uplink $p)" master bond0; done
refused() { rule 1 "$u" 2>/dev/null && { tc filter del dev "$a" ingress; return 1; } || return 0; }
wait_until 10 refused
check "the bond is" rule 1 bond0
tc filter del dev "$a" ingress
ip link del bond0
not_refused() { ! refused; }
wait_until 10 not_refused
check "rule" rule 1 "$u"
ip link add bond0 type bond mode active-backup miimon 50
for p in 0 1; do ip link set "$(uplink $p)" down; ip link set "$(uplink $p)" master bond0; done
check_fails "the bond is not" rule 2 bond0

say "modes"
check "busy" contains "$(nic_mode 0 legacy 2>&1)" "mlx5_core: Can't change mode, E-Switch is busy"

#!/bin/bash
# What the NIC's DPDK driver refuses is in software, and sriov/why says so in the driver's words
# limit: 600
. /host/lib.sh
nic_up 2 0 1
dpdk_up
dpdk_bridge 0 1
# refused NAMESPACE ADDRESS WHY: says sriov/why so of the flow to ADDRESS, which it forgets when nothing uses it?
refused() { pings "$1" "$2" 3 >/dev/null && why_says "$(rep 0 0)" "refused: $3"; }
for p in 0 1; do for v in 0 1; do wait_until 60 dpdk_port "$(rep $p $v)"; done; done
vf_up 0 0
vf_up 0 1
vf_up 1 0
expect_in_hardware vf0.0 "$(vf_ip 0 1)" "$(rep 0 0)" "$(rep 0 1)" 50

say "a NIC that is full"
: >/run/simnic-refuse-rules
ovs-appctl revalidator/purge
lines=$(wc -l <"$vswitchd_log")
wait_until 30 pings vf0.0 "$(vf_ip 0 1)" 2
before=$(metrics "$(rep 0 0)")
wait_until 30 pings vf0.0 "$(vf_ip 0 1)" 50
read -ra passed <<<"$(metrics_since "$(rep 0 0)" "$before")"
say "metrics: hardware ${passed[0]} there, ${passed[2]} back; software ${passed[1]} there, ${passed[3]} back"
check "metrics, hardware there" at_most "${passed[0]}" 0
check "metrics, hardware back" at_most "${passed[2]}" 0
check "metrics, software there" at_least "${passed[1]}" 50
check "metrics, software back" at_least "${passed[3]}" 50
wait_until 60 refused vf0.0 "$(vf_ip 0 1)" "hardware refuses to create flow"
ovs-appctl sriov/why "$(rep 0 0)"
check "the error" contains "$(ovs-appctl sriov/why --json "$(rep 0 0)")" '"said": "hardware refuses to create flow"'
check "in hardware" equal "$(hw_count "$(rep 0 0)" "$(rep 0 1)")" 0
n=$(tail -n "+$(( lines + 1 ))" "$vswitchd_log" | grep -c 'rte_flow creation failed' || :)
say "$n lines about refusals"
check "the log is full of refusals" at_most "$n" 10
rm /run/simnic-refuse-rules
ovs-appctl revalidator/purge
expect_in_hardware vf0.0 "$(vf_ip 0 1)" "$(rep 0 0)" "$(rep 0 1)" 50
check "it is said still" equal "$(ovs-appctl sriov/why "$(rep 0 0)" | grep -c refused || :)" 0

say "a port of another eswitch"
# The NIC marks what matches then, which is no more than a hint for software: dpctl calls that "partial".
wait_until 30 pings vf0.0 "$(vf_ip 1 0)" 50
wait_until 60 refused vf0.0 "$(vf_ip 1 0)" "port does not belong to E-Switch being configured"
ovs-appctl sriov/why "$(rep 0 0)"
check "partial" contains "$(ovs-appctl dpctl/dump-flows -m --names type=partially-offloaded)" "actions:$(rep 1 0)"

say "several outputs"
ovs-ofctl add-flow br0 "in_port=$(vsctl get Interface "$(rep 0 0)" ofport),ip,actions=output:$(
    vsctl get Interface "$(rep 0 1)" ofport),output:$(vsctl get Interface dpdk-p0 ofport)"
wait_until 30 pings vf0.0 "$(vf_ip 0 1)" 50
wait_until 60 refused vf0.0 "$(vf_ip 0 1)" "can have only one fate actions in a flow"
ovs-appctl sriov/why "$(rep 0 0)"

#!/bin/bash
# 2 x 127 VFs created at once: all are ports with an ofport, none twice, and the last one offloads
# guest: vfs=127
# limit: 300
nic_up 0
bridge_up 0 1
nic_vfs 0 127 &
first=$!
nic_vfs 1 127
wait $first
begin=$(uptime_ms)
check "the last one" exists "$(rep 1 126)"
ports() { vsctl --format=csv --no-headings --columns=name,ofport find Interface 'ofport>0' | grep -c "s0npf[01]vf"; }
all() { at_least "$(ports)" 254; }
wait_until 60 all
say "254 ports $(( $(uptime_ms) - begin )) ms after the last network device appeared"
check "none twice" equal "$(vsctl list-ports br0 | sort | uniq -d)" ""
wait_until 60 agrees br0
check "none too many" equal "$(vsctl list-ports br0 | wc -l)" 256
vf_up 1 125
vf_up 1 126
expect_offloaded vf1.125 vf1.126 "$(vf_ip 1 126)" "$(rep 1 125)" "$(rep 1 126)"
say "all gone at once"
nic_vfs 0 0
nic_vfs 1 0
gone_from_dp() { ! ovs-appctl dpctl/show | grep -q pf1vf; }
wait_until 60 gone_from_dp

#!/bin/bash
# a NIC that refuses every rule: traffic goes on in software, and in hardware again once it takes rules
nic_up 2 0
nic_knob 0 refuse_rules 95
bridge_up
vfs_up 0 0 1
expect_software vf0.0 "$(vf_ip 0 1)" "$(rep 0 0)"
expect_software vf0.0 "$(wire_ip 0)" "$(rep 0 0)"
check "no flow in hardware" equal "$(hw_flows)" ""
nic_knob 0 refuse_rules 0
ovs-appctl revalidator/purge
expect_offloaded vf0.0 vf0.1 "$(vf_ip 0 1)" "$(rep 0 0)" "$(rep 0 1)"

say "an ingress qdisc that somebody deletes is put back"
tc qdisc del dev "$(rep 0 0)" ingress
expect_offloaded vf0.0 vf0.1 "$(vf_ip 0 1)" "$(rep 0 0)" "$(rep 0 1)"
check "it is told" equal "$(log_trouble | grep -c "$(rep 0 0): the ingress qdisc was gone")" 1

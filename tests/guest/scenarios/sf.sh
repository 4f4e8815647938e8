#!/bin/bash
# a subfunction's representor is added like a VF's and offloads
nic_up 1 0
bridge_up
wait_until 20 of_port "$(rep 0 0)"
devlink port add pci/0000:01:00.0 flavour pcisf pfnum 0 sfnum 88 >/dev/null
devlink port function set pci/0000:01:00.0/32768 state active
wait_until 20 of_port enp1s0npf0sf88
vf_up 0 0
ip netns add sf88
ip link set enp1s0s88 netns sf88
ip -n sf88 link set enp1s0s88 up
ip -n sf88 addr add 10.0.88.88/16 dev enp1s0s88
expect_offloaded vf0.0 sf88 10.0.88.88 "$(rep 0 0)" enp1s0npf0sf88
devlink port del pci/0000:01:00.0/32768
gone_from_dp() { ! ovs-appctl dpctl/show | grep -q sf88; }
wait_until 20 gone_from_dp

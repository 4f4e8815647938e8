#!/bin/bash
# DPDK that is not initialized, and DPDK without memory for ports: why is in sriov/show
# limit: 600
. /host/lib.sh
nic_up 1 0
start_ovs
need_patched
ovs-vsctl --timeout=20 add-br br0 -- set Bridge br0 datapath_type=netdev -- add-port br0 dpdk-p0 \
    -- set Interface dpdk-p0 type=dpdk "options:dpdk-devargs=$(pf_pci 0)" || :
wait_until 20 contains_show "not added: DPDK is not initialized"
check "a port without DPDK" not_port br0 "$(rep 0 0)"
# Enough for DPDK itself, for no pool of Open vSwitch's.
vsctl --no-wait set Open_vSwitch . other_config:dpdk-lcore-mask=1 other_config:pmd-cpu-mask=2 \
    other_config:dpdk-extra="--no-huge --legacy-mem -m 32 -d $plugins" other_config:dpdk-init=true
wait_until 60 dpdk_ready
wait_until 60 is_port br0 "$(rep 0 0)"
wait_until 60 contains_show "(why: netdev_dpdk and dpdk in the log)"
ovs-appctl sriov/show
check "the log says why" grep -q 'Failed to create m' "$vswitchd_log"

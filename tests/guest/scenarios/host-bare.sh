#!/bin/bash
# from a bare host to offloaded VF traffic with a sriov.conf of six lines: the end state of the how-to
# limit: 240
udev_start
nic_load plain_names=1
udev_settle
sriov_conf <<END
[$(pf_pci 0)]
vfs = 4
mtu = 9000
[$(pf_pci 1)]
vfs = 0
mtu = 9000
END
rep() { echo "ovs-sw1pf$(pf_port "$1")vf$2"; }

say "what would be done, and nothing of it is"
sriov apply --dry-run >/tmp/steps || fail "a dry run fails"
cat /tmp/steps
check "mode first" equal "$(head -n 1 /tmp/steps)" "$(pf_pci 0): eswitch mode switchdev"
check "a dry run does nothing" contains "$(devlink dev eswitch show "pci/$(pf_pci 0)")" "mode legacy"

say "apply"
sriov apply || fail "cannot be applied"
check "nothing is left to do" equal "$(sriov apply)" "nothing to do"
for v in 0 1 2 3; do
    check "name of VF $v" exists "$(rep 0 $v)"
    check "switch id" equal "$(cat "/sys/class/net/$(rep 0 $v)/phys_switch_id")" "$(cat "/sys/class/net/$(uplink 0)/phys_switch_id")"
    check "named once, by udev" contains "$(dmesg)" "$(rep 0 $v): renamed from eth"
done
sriov list
check "the list has them" equal "$(sriov list | grep -cE ' ovs-sw1pf0vf[0-3]( |$)')" 4

say "the bridge of the how-to, with none of its stanzas for representors"
wire_up 0
wire_up 1
start_ovs
need_patched
vsctl add-br vmbr1 -- add-bond vmbr1 bond1 "$(uplink 0)" "$(uplink 1)" lacp=active bond_mode=balance-tcp
for p in 0 1; do ip link set "$(uplink $p)" up; done
wait_until 20 agrees vmbr1
for v in 0 1 2 3; do check "mtu" equal "$(cat "/sys/class/net/$(rep 0 $v)/mtu")" 9000; done
check "as the how-to looks at it" equal "$(ip -d link show | grep -c 'ovs-sw1pf0vf[0-3]: .*,UP.* mtu 9000 .*master ovs-system')" 4
check "bond" contains "$(ovs-appctl bond/show bond1)" "balance-tcp"
vfs_up 0 0 1
expect_offloaded vf0.0 vf0.1 "$(vf_ip 0 1)" "$(rep 0 0)" "$(rep 0 1)"
check "flows in hardware" hw_flow "$(rep 0 0)" "$(rep 0 1)"
quiet_log

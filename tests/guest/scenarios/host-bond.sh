#!/bin/bash
# [bond bond0] of sriov.conf: in the order that mlx5 wants, and VF-LAG; multiport by itself where an OVS bond has both uplinks
# long: a bond by sriov.conf and one of Open vSwitch, each with its traffic
# limit: 240
. /host/guest/bond.sh
udev_start
nic_load lag_needs_unbound=1
nic_knob 0 lag_delay 2000
udev_settle
conf() {
    { printf '[%s]\nvfs = 1\nnames = keep\nmtu = 2000\n' "$(pf_pci 0)" "$(pf_pci 1)"; cat; } | sriov_conf
}
steps() { cut -d' ' -f2- /tmp/steps | cut -d: -f1 | tr '\n' ','; }
apply() { sriov apply >/tmp/steps 2>&1 || { cat /tmp/steps; fail "cannot be applied"; }; cat /tmp/steps; }

say "at boot"
conf <<END
[bond bond0]
pfs = $(pf_pci 0) $(pf_pci 1)
mode = active-backup
END
apply
check "order" equal "$(steps)" "eswitch mode switchdev,eswitch mode switchdev,bond bond0, active-backup,1 VFs,wait for 1 representors,mtu 2000,1 VFs,wait for 1 representors,mtu 2000,"
check "VFs got their drivers when VF-LAG was there" equal "$(lag_state 0) $(lag_state 1)" "active active"
check "nothing is left to do" equal "$(sriov apply)" "nothing to do"
check "mode" equal "$(cat /sys/class/net/bond0/bonding/mode)" "active-backup 1"
check "members" equal "$(cat /sys/class/net/bond0/bonding/slaves)" "$(uplink 0) $(uplink 1)"
check "mtu" equal "$(cat /sys/class/net/bond0/mtu /sys/class/net/"$(uplink 1)"/mtu | tr '\n' ' ')" "2000 2000 "
check "check is content with it" contains "$(sriov check)" "pass  bond bond0: active-backup, of $(pf_pci 0) $(pf_pci 1)"

say "VF-LAG: VFs of both PFs use one cable, in hardware"
start_ovs
need_patched
vsctl add-br br0 -- add-port br0 bond0
for p in 0 1; do
    wire_up $p
    wait_until 20 of_port "$(rep $p 0)"
    vf_up $p 0
done
expect_offloaded vf1.0 wire0 "$(wire_ip 0)" "$(rep 1 0)" "$(uplink 0)" 50

say "what is made anew by hand has other settings: left alone"
stop_ovs
ip link del bond0
ip link add bond0 type bond mode balance-xor
check "it is told" contains "$(sriov apply 2>&1)" "bond bond0, active-backup: FAILED: it is there with other settings (balance-xor layer2)"
check "check says it, too" contains "$(sriov check)" "fail  bond bond0: it is there with other settings (balance-xor layer2)"
ip link del bond0

say "VFs that have drivers by then"
for p in 0 1; do ip netns del vf$p.0; done
wait_until 10 exists "$(vf 0 0)"
wait_until 10 exists "$(vf 1 0)"
apply
check "order" equal "$(steps)" "take VFs from their drivers,take VFs from their drivers,bond bond0, active-backup,give VFs back to drivers,give VFs back to drivers,"
wait_until 10 exists "$(vf 1 0)"

say "802.3ad"
ip link del bond0
conf <<END
[bond lag]
pfs = $(pf_pci 1) $(pf_pci 0)
lacp-rate = fast
hash = layer2+3
mtu = 2000
END
apply
check "settings" equal "$(cd /sys/class/net/lag/bonding; cat mode lacp_rate xmit_hash_policy | tr '\n' ' ')" "802.3ad 4 fast 1 layer2+3 2 "
ip link del lag

say "a bond of somebody else: VF-LAG, if it comes before VFs have drivers; else check says what to do"
conf </dev/null
others_bond() {
    ip link add bond0 mtu 2000 type bond mode active-backup miimon 50
    for p in 0 1; do
        ip link set "$(uplink $p)" down
        ip link set "$(uplink $p)" master bond0
    done
    ip link set bond0 up
}
is_lag() { equal "$(lag_state 0)" "$1"; }
not_lag="$(uplink 0) is in bond0, of which the NIC has made no VF-LAG"
wait_until 10 is_lag disabled
others_bond
check "check says so" contains "$(sriov check)" "$not_lag"
# It is tried 2 s after the bond came.
usleep 3000000
check "not with VFs that have drivers" is_lag disabled
ip link del bond0
for p in 0 1; do vf_pci $p 0 >"/sys/bus/pci/devices/$(vf_pci $p 0)/driver/unbind"; done
others_bond
wait_until 10 is_lag active
check "nothing is left to do" equal "$(sriov apply)" "nothing to do"
check_fails "check is content" contains "$(sriov check)" "$not_lag"
for p in 0 1; do
    vf_pci $p 0 >/sys/bus/pci/drivers_probe
    wait_until 10 exists "$(vf $p 0)"
done
ip link del bond0

say "an OVS bond of both uplinks: multiport by itself"
for p in 0 1; do
    ip netns del wire$p
    wait_until 10 exists wire$p
    ip link set "$(uplink $p)" up
    ip link set wire$p up
done
start_ovs
need_patched
bond_bridges
wait_until 30 bond_negotiated
check "check says what is in software" contains "$(sriov check)" \
    "warn  $(pf_pci 0): $(uplink 0) is in OVS bond bond1: what comes in there for VFs of another PF is in software"
conf </dev/null
apply
check "it is turned on" equal "$(steps)" "take VFs from their drivers,take VFs from their drivers,multiport on, since its uplink is in OVS bond bond1,give VFs back to drivers,give VFs back to drivers,"
check "nothing is left to do" equal "$(sriov apply)" "nothing to do"
says_hash() { contains "$(ovs-appctl bond/show bond1)" "bond-offload: hash"; }
wait_until 20 says_hash

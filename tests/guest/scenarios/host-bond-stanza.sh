#!/bin/bash
# a Linux bond of the uplinks that ifupdown2 makes by its own stanza: before VFs have drivers, so that mlx5 makes a VF-LAG of it
# guest: python=1
# long: Python, which ifupdown2 is written in, takes minutes under emulation
# limit: 600
. /host/guest/network.sh
udev_start
nic_load lag_needs_unbound=1
nic_knob 0 lag_delay 2000
udev_settle
both_are() { equal "$(lag_state 0) $(lag_state 1)" "$1 $1"; }
drivers() { echo "$(driver_of "$(vf_pci 0 0)") $(driver_of "$(vf_pci 0 1)") $(driver_of "$(vf_pci 1 0)")"; }
sriov_conf <<END_CONF
[$(pf_pci 0)]
vfs = 2
names = keep
[$(pf_pci 1)]
vfs = 1
names = keep
END_CONF
bond_stanza >/etc/network/interfaces
cat >>/etc/network/interfaces <<'END_INTERFACES'

auto vmbr1
iface vmbr1 inet manual
        ovs_type OVSBridge
        ovs_ports bond0
        ovs_extra --may-exist add-port vmbr1 bond0
END_INTERFACES

say "boot: the service ovs-sriov, Open vSwitch, ifupdown2, ovs-sriov-drivers"
sriov apply >/tmp/steps 2>&1 || { cat /tmp/steps; fail "cannot be applied"; }
cat /tmp/steps
check "order" equal "$(cut -d' ' -f2- /tmp/steps | cut -d: -f1 | tr '\n' ',')" "eswitch mode switchdev,eswitch mode switchdev,no drivers for VFs before bond0 is there,no drivers for VFs before bond0 is there,2 VFs,wait for 2 representors,1 VFs,wait for 1 representors,"
check "VFs have drivers" equal "$(drivers)" "none none none"
check "what waits" equal "$(cat /run/ovs-sriov.late)" "$(pf_pci 0)
$(pf_pci 1)"
start_ovs
need_patched
rm -rf /run/network /var/tmp/network
/usr/share/ifupdown2/sbin/start-networking start >/tmp/start 2>&1 || { cat /tmp/start; fail "ifupdown2 at boot"; }
cat /tmp/start
check "ifupdown2 complains" equal "$(grep -iE 'error|warn|invalid' /tmp/start)" ""
# (It would not be what it is to be with "ovs_type OVSPort" in its stanza, by which ifupdown2 takes it for one of Open vSwitch.)
check "mode" equal "$(cat /sys/class/net/bond0/bonding/mode)" "active-backup 1"
sriov drivers || fail "drivers"
check "there is no VF-LAG" both_are active
check "VFs have no drivers" equal "$(drivers)" "mlx5_core mlx5_core mlx5_core"
check_fails "something waits" [ -e /run/ovs-sriov.late ]
check "nothing is left to do" equal "$(sriov apply)" "nothing to do"
check_fails "check says something of the bond" contains "$(sriov check)" "VF-LAG"

say "VFs of both PFs use one cable, in hardware"
for p in 0 1; do
    wire_up $p
    wait_until 20 of_port "$(rep $p 0)"
    wait_until 20 exists "$(vf $p 0)"
    vf_up $p 0
done
active() { cat /sys/class/net/bond0/bonding/active_slave; }
wait_until 10 active
p=$(active)
p=$([ "$p" = "$(uplink 0)" ] && echo 0 || echo 1)
for f in 0 1; do expect_offloaded vf$f.0 wire$p "$(wire_ip $p)" "$(rep $f 0)" "$(uplink $p)" 50; done
check ifreload ifreload -a
check "a reload takes VF-LAG away" both_are active
expect_offloaded vf$(( 1 - p )).0 wire$p "$(wire_ip $p)" "$(rep $(( 1 - p )) 0)" "$(uplink $p)" 50

say "a bond that does not come: VFs get their drivers all the same"
stop_ovs
for f in 0 1; do ip netns del vf$f.0; done
ip link del bond0
for f in 0 1; do nic_vfs $f 0; done
sriov apply || fail "apply"
check "VFs have drivers" equal "$(drivers)" "none none none"
check "it says so" contains "$(sriov drivers)" "$(pf_pci 0): there is no VF-LAG yet"
check "VFs have no drivers" equal "$(drivers)" "mlx5_core mlx5_core mlx5_core"

say "VFs that are to have no driver at all"
for f in 0 1; do
    nic_vfs $f 0
    echo 0 >"/sys/bus/pci/devices/$(pf_pci $f)/sriov_drivers_autoprobe"
done
sriov apply || fail "apply"
sriov drivers || fail "drivers"
check "they have" equal "$(drivers)" "none none none"
printf 'auto lo\niface lo inet loopback\n' >/etc/network/interfaces

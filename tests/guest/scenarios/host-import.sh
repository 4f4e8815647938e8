#!/bin/bash
# the how-to's udev rules, and what "import" makes of them, lead to the same
# limit: 240
udev_start
# Modes, number of VFs, names and switch ids of representors.
state() {
    local p dev
    for p in 0 1; do
        echo "PF $p: $(devlink dev eswitch show "pci/$(pf_pci $p)" | grep -o 'mode [a-z]*' | head -n 1)," \
             "$(cat "/sys/bus/pci/devices/$(pf_pci $p)/sriov_numvfs") VFs"
    done
    for dev in $(representors | sort); do
        echo "$dev $(cat "/sys/class/net/$dev/phys_port_name" "/sys/class/net/$dev/phys_switch_id" | tr '\n' ' ')"
    done
}
is_set_up() { equal "$(representors | wc -l)" 4; }

say "as the how-to does it"
udev_rules <<END
# Ingress bond interface
KERNELS=="$(pf_pci 0)", DRIVERS=="mlx5_core", SUBSYSTEMS=="pci", ACTION=="bind", ATTR{sriov_totalvfs}=="?*", RUN+="/sbin/devlink dev eswitch set pci/$(pf_pci 0) mode switchdev", ATTR{sriov_numvfs}="0"
KERNELS=="$(pf_pci 1)", DRIVERS=="mlx5_core", SUBSYSTEMS=="pci", ACTION=="bind", ATTR{sriov_totalvfs}=="?*", RUN+="/sbin/devlink dev eswitch set pci/$(pf_pci 1) mode switchdev", ATTR{sriov_numvfs}="0"
# Set the number of virtual functions to 4
SUBSYSTEM=="net", ACTION=="add|move", ATTR{phys_switch_id}=="3264160003bd70c4", ATTR{phys_port_name}=="p0", ATTR{device/sriov_totalvfs}=="?*", ATTR{device/sriov_numvfs}=="0", ATTR{device/sriov_numvfs}="4"
SUBSYSTEM=="net", ACTION=="add", ATTR{phys_switch_id}=="3264160003bd70c4", ATTR{phys_port_name}!="p[0-9]*", ATTR{phys_port_name}!="", NAME="ovs-sw1\$attr{phys_port_name}"
END
nic_load plain_names=1
wait_until 20 is_set_up
udev_settle
state >/tmp/howto
cat /tmp/howto
check "names" exists ovs-sw1pf0vf3

say "import"
check "a warning of each rule" equal "$(sriov check | grep -c '^warn  /etc/udev/rules.d/70-scenario.rules:')" 6
sriov import >/tmp/sriov.conf 2>/tmp/report || fail "cannot be imported"
cat /tmp/sriov.conf /tmp/report
check "what can be deleted" equal "$(cat /tmp/report)" "delete /etc/udev/rules.d/70-scenario.rules"
sriov_conf </tmp/sriov.conf
check "nothing is left to do" equal "$(sriov apply)" "nothing to do"

say "import where nothing that it finds sets the mode"
cp /etc/udev/rules.d/70-scenario.rules /tmp/rules
grep -v eswitch /tmp/rules >/etc/udev/rules.d/70-scenario.rules
sriov import >/tmp/sriov.conf.now 2>/tmp/report || fail "cannot be imported"
cat /tmp/sriov.conf.now /tmp/report
check "it is as it is now" equal "$(grep -c '^# mode: switchdev, as it is now' /tmp/sriov.conf.now)" 2
check "not legacy" equal "$(grep -c legacy /tmp/sriov.conf.now)" 0
check "names and VFs" equal "$(grep -v '^#' /tmp/sriov.conf.now | tr '\n' ' ')" "[$(pf_pci 0)] vfs = 4 [$(pf_pci 1)] names = ovs-sw1{port} "

say "from a bare host, with what was imported first"
nic_unload
rm /etc/udev/rules.d/70-scenario.rules
udev_reload
udev_settle
nic_load plain_names=1
udev_settle
sriov apply || fail "cannot be applied"
state >/tmp/ours
check "the same" equal "$(cat /tmp/ours)" "$(cat /tmp/howto)"
sriov check >/tmp/check || :
cat /tmp/check
check "no rules" equal "$(grep -c rules.d /tmp/check)" 0
check "the NIC is fine" equal "$(grep -c "^pass  $(pf_pci 0): " /tmp/check)" 4

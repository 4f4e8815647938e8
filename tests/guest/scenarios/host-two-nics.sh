#!/bin/bash
# two NICs by vendor and device, one PF by address: names are unique, and do not move when a NIC is missing
# guest: vfs=8 cards=2
udev_start
sriov_conf <<END
; The more specific section counts.
[1b36:0010]
vfs = 2
[$(pf_pci 2)]
vfs = 3
names = nic{switch}-{pf}-{vf}
END
nic_load plain_names=1
udev_settle
sriov apply || fail "cannot be applied"
# By address: counted in the order of the file; the others: by their bus.
all="nic1-0-0 nic1-0-1 nic1-0-2 $(printf 'ovs-sw%s ' 01pf0vf0 01pf0vf1 02pf1vf0 02pf1vf1 04pf1vf0 04pf1vf1)"
names() { representors "$@" | sort | tr '\n' ' '; }
check "names" equal "$(names)" "$all"

say "a start without one of them, which comes later"
nic_unload
udev_settle
nic_load plain_names=1
udev_settle
echo "$(pf_pci 0)" >/sys/bus/pci/drivers/mlx5_core/unbind
udev_settle
sriov apply || fail "cannot be applied without a NIC"
check "names of the others" equal "$(names 1 2 3)" "${all/ovs-sw01pf0vf0 ovs-sw01pf0vf1 /}"
echo "$(pf_pci 0)" >/sys/bus/pci/drivers/mlx5_core/bind
udev_settle
sriov apply "$(pf_pci 0)" || fail "cannot be applied to the one that came"
check "names" equal "$(names)" "$all"
check "nothing is left to do" equal "$(sriov apply)" "nothing to do"

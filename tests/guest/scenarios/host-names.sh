#!/bin/bash
# names of representors win against rules of others, before and after, and are the same after each start
udev_start
cat >/etc/udev/rules.d/10-before.rules <<'END'
SUBSYSTEM=="net", ACTION=="add", ATTR{phys_port_name}=="pf*vf*", NAME="before%n"
END
cat >/etc/udev/rules.d/99-after.rules <<'END'
SUBSYSTEM=="net", ACTION=="add", ATTR{phys_port_name}=="pf*vf*", NAME="after%n"
SUBSYSTEM=="net", ACTION=="add", ATTR{phys_port_name}=="pf*vf1", NAME=""
END
# The how-to's.
udev_rules <<'END'
SUBSYSTEM=="net", ACTION=="add", ATTR{phys_switch_id}=="3264160003bd70c4", ATTR{phys_port_name}!="p[0-9]*", ATTR{phys_port_name}!="", NAME="ovs-sw9$attr{phys_port_name}"
END
sriov_conf <<END
[$(pf_pci 0)]
vfs = 8
names = host{port}
END
for i in 1 2 3; do
    nic_load plain_names=1
    udev_settle
    sriov apply >/tmp/out || { cat /tmp/out; fail "cannot be applied"; }
    check "names, start $i" equal "$(representors | sort | tr '\n' ' ')" "$(printf 'hostpf0vf%s ' 0 1 2 3 4 5 6 7)"
    check "at once, start $i" equal "$(dmesg | grep -c 'hostpf0vf[0-7]: renamed from eth')" 8
    check "and for good, start $i" equal "$(dmesg -c | grep -c ': renamed from hostpf')" 0
    nic_unload
    udev_settle
done

say "keep leaves them to others, SFs have names, too"
rm /etc/udev/rules.d/*
udev_reload
nic_load plain_names=1
udev_settle
sriov apply >/dev/null || fail "cannot be applied"
devlink port add "pci/$(pf_pci 0)" flavour pcisf pfnum 0 sfnum 88 >/dev/null
udev_settle
check "SF" exists hostpf0sf88
sed -i 's/^names = .*/names = keep/' /etc/openvswitch/sriov.conf
nic_vfs 0 0
udev_settle
sriov apply || fail "cannot be applied"
check "udev's own names" equal "$(representors 0 | grep -c '^enp1s0npf0vf[0-7]$')" 8

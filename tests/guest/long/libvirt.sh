#!/bin/bash
# libvirt and QEMU as Debian has them: the hook has a VM start when its settings are in force, and refuses it otherwise
# guest: iommu=1
# limit: 600
[ -d /host/root/usr/sbin ] || fail "no root with libvirt: make check-vm, which makes it (libvirt-root.sh)"
nic_up 4 0
. /host/guest/vm.sh
# Out of 9p, which has no sockets, and reads programs anew each time.
r=/libvirt
mkdir $r
mount -t tmpfs tmpfs $r
cp -a /host/root/. $r
# Emulated IOMMUs do not remap interrupts here (run says why).
echo 1 >/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts
for dir in dev proc sys run; do mount --rbind /$dir $r/$dir; done
mkdir -p $r/guest $r/var/lib/libvirt $r/var/cache/libvirt $r/var/log/libvirt/qemu $r/etc/libvirt/hooks/qemu.d
mount --bind / $r/guest
mount --bind /run $r/guest/run
cat >$r/etc/libvirt/qemu.conf <<'END'
security_driver = "none"
user = "root"
group = "root"
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
remember_owner = 0
END
# The man page's line; the program is the guest's.
cat >$r/etc/libvirt/hooks/qemu.d/ovs-sriov <<END
#!/bin/bash
export OVS_RUNDIR=${OVS_RUNDIR:-/run/ovs}
exec chroot /guest ovs-sriov libvirt "\$@"
END
chmod 755 $r/etc/libvirt/hooks/qemu.d/ovs-sriov

virsh() { chroot $r virsh "$@"; }
libvirt_up() {
    chroot $r libvirtd >/run/libvirtd.log 2>&1 &
    libvirtd=$!
    wait_until 240 virsh version
}
# address VF: as attributes.
address() { local p; p=$(vf_pci 0 "$1"); echo "domain='0x${p%%:*}' bus='0x$(cut -d: -f2 <<<"$p")' slot='0x$(cut -d: -f3 <<<"${p%.*}")' function='0x${p##*.}'"; }
# domain NUMBER WORDS DEVICE: its definition; the device is an element of XML.
domain() {
    cat >$r/tmp/vm$1.xml <<END
<domain type='qemu'>
  <name>web $1</name>
  <uuid>0c5fd2f5-7b0b-4b5e-9f38-7a4fe8b6c$1</uuid>
  <metadata><s:vm xmlns:s="https://openvswitch.org/xmlns/ovs-sriov/1">$2</s:vm></metadata>
  <memory unit='MiB'>64</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <features><acpi/></features>
  <cpu mode='custom'><model>qemu64</model></cpu>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <controller type='pci' model='pcie-root'/>
    <controller type='pci' model='pcie-root-port'/>
    <controller type='pci' model='pcie-root-port'/>
    <controller type='pci' model='pcie-root-port'/>
    <controller type='pci' model='pcie-root-port'/>
    <controller type='pci' model='pcie-root-port'/>
    <controller type='pci' model='pcie-root-port'/>
    $3
    <memballoon model='none'/>
  </devices>
</domain>
END
    virsh define /tmp/vm$1.xml
}
hostdev() { echo "<hostdev mode='subsystem' type='pci' managed='yes'><source><address $(address "$1")/></source></hostdev>"; }
interface() { echo "<interface type='hostdev' managed='yes'><mac address='$2'/><source><address type='pci' $(address "$1")/></source>${3:-}</interface>"; }
qemu_of() { cat "/run/libvirt/qemu/web $1.pid"; }
refused() {
    local said
    if said=$(virsh start "web $1" 2>&1); then fail "web $1 starts"; fi
    say "web $1: $said"
    contains "$said" "$2"
}

bridge_up
for v in 0 1 2 3; do wait_until 20 of_port "$(rep 0 $v)"; done
: >$vm_log
libvirt_up
say "$(chroot $r libvirtd --version), $(chroot $r qemu-system-x86_64 --version | head -n 1)"
domain 100 "vlan=30 rate=1000" "$(hostdev 0)"
domain 101 "vlan=40" "$(interface 1 52:54:00:6d:90:02)"
domain 102 "vlan=5000" "$(hostdev 2)"
domain 103 "vlan=50" "$(interface 2 52:54:00:6d:90:02)"
domain 104 "" "$(hostdev 3)"
domain 105 "" "$(interface 3 52:54:00:6d:90:05 "<vlan><tag id='60'/></vlan>")"

say "the service does not run"
check "it is refused" refused 100 "ovs-sriov: the service ovs-sriov-vm does not run"
vm_daemon
wait_until 60 is_closed 0

say "a VM with words in its metadata"
t=$(uptime_ms)
check "it starts" virsh start "web 100"
say "virsh start took $(( $(uptime_ms) - t )) ms"
t=$(uptime_ms)
wait_until 60 is_open 0
say "open $(( $(uptime_ms) - t )) ms later"
check "the VF is QEMU's" equal "$(driver_of "$(vf_pci 0 0)")" vfio-pci
check "QEMU runs" contains "$(tr '\0' ' ' <"/proc/$(qemu_of 100)/cmdline")" "vfio-pci"
check "VLAN" equal "$(vsctl get Port "$(rep 0 0)" tag)" 30
check "sriov/show" contains "$(ovs-appctl sriov/show)" "VM 0c5fd2f5-7b0b-4b5e-9f38-7a4fe8b6c100 (web 100), open: vlan=30 mac="
mac=$(vf_mac 0)
check_fails "no address" equal "$mac" 00:00:00:00:00:00
check "the NIC has the rate" contains "$(devlink port function rate show "pci/$(pf_pci 0)/1")" "tx_max 1Gbit"

say "one with an address"
check "it starts" virsh start "web 101"
wait_until 60 is_open 1
check "its address" equal "$(vf_mac 1)" 52:54:00:6d:90:02
check "VLAN" equal "$(vsctl get Port "$(rep 0 1)" tag)" 40

say "what cannot be"
check "a bad VLAN" refused 102 "vlan=5000 is no VLAN from 1 to 4094"
check "an address that another one has" refused 103 "VM 0c5fd2f5-7b0b-4b5e-9f38-7a4fe8b6c101 has the address as well"
wait_until 60 is_closed 2
# libvirt itself, or ours.
if said=$(virsh start "web 105" 2>&1); then
    wait_until 60 is_open 3
    check "VLAN" equal "$(vsctl get Port "$(rep 0 3)" tag)" 60
    virsh destroy "web 105"
    wait_until 60 is_closed 3
else
    say "<vlan>: $said"
fi

say "QEMU is killed; another one is destroyed"
kill -9 "$(qemu_of 100)"
wait_until 60 is_closed 0
virsh destroy "web 101"
wait_until 60 is_closed 1
check "no address" equal "$(vf_mac 0)" 00:00:00:00:00:00
check "a VM that has ended is not awaited" equal "$(grep -c 'prepared for' $vm_log)" 2

say "it starts again, and libvirt is started anew meanwhile"
check "it starts" virsh start "web 100"
wait_until 60 is_open 0
check "its address is as before" equal "$(vf_mac 0)" "$mac"
# No hook tells of it.
hostdev 3 >$r/tmp/vf3.xml
check "it comes" virsh attach-device "web 100" /tmp/vf3.xml --live
wait_until 60 is_open 3
check "VLAN" equal "$(vsctl get Port "$(rep 0 3)" tag)" 30
check "the first one is as it was" equal "$(vf_mac 0)" "$mac"
check_fails "an address of its own" equal "$(vf_mac 3)" "$mac"
kill $libvirtd
wait $libvirtd 2>/dev/null || :
libvirt_up
vm_daemon_kill
vm_daemon
wait_until 20 is_open 0
wait_until 20 is_open 3
check "it runs" contains "$(virsh list)" "web 100"
virsh destroy "web 100"
wait_until 60 is_closed 0
wait_until 60 is_closed 3
kill $libvirtd
wait $libvirtd 2>/dev/null || :
vm_daemon_kill
grep -v connect $vm_log
# With all that is below.
umount -l $r
rmdir $r

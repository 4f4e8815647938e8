#!/bin/bash
# what "ovs-sriov proxmox" prints, given to ifupdown2 with Proxmox VE's settings: VFs and a VM's tap notice no reload
# guest: python=1
# long: Python, which ifupdown2 is written in, takes minutes under emulation
# limit: 900
#
# Proxmox VE's own ifupdown2 has other settings, its unit starts later (tests/deb has units), and it keeps taps without being
# told.  Where it has no stanza for ovs-ports-condone-regex it takes "^(tap|veth|fwln)", which the printed one has in it.

. /host/guest/network.sh

udev_start
nic_load plain_names=1
udev_settle
sriov_conf <<END
[$(pf_pci 0)]
vfs = 3
mtu = 9000
[$(pf_pci 1)]
vfs = 2
mtu = 9000
END
check "apply" sriov apply
# This cable alone: the far ends do not speak LACP, without which the bond has one active member, whichever it is.
wire_up 0
start_ovs
cp /etc/network/ifupdown2/ifupdown2.conf /tmp/ifupdown2.conf
sed -i 's/^multiple_vlan_aware_bridge_support=.*/multiple_vlan_aware_bridge_support=1/; s/^addon_syntax_check=.*/addon_syntax_check=1/' \
    /etc/network/ifupdown2/ifupdown2.conf
printf 'auto lo\niface lo inet loopback\n\n' >/etc/network/interfaces
sriov proxmox vfs >/tmp/printed || fail "ovs-sriov proxmox"
# The command, which is for the shell, comes first; then the Linux bond, which is for sriov.conf.
sed -n '/^# \[bond /,/^$/s/^# \{0,1\}//p' /tmp/printed >>/etc/openvswitch/sriov.conf
check "a bond" grep -q '^\[bond bond1\]' /etc/openvswitch/sriov.conf
check "apply the bond" sriov apply
sed -n '/^auto /,$p' /tmp/printed >>/etc/network/interfaces
cat /etc/network/interfaces
bridge=$(sed -n 's/^iface \(vmbr[0-9]*\) .*/\1/p' /tmp/printed | head -n 1)
port=$(sed -n 's/^.*ovs_ports //p' /tmp/printed)
check "one bridge for both uplinks" equal "$bridge $port" "vmbr1 bond1"
r() { echo "ovs-sw$(( $1 + 1 ))pf$(pf_port "$1")vf$2"; }
all_there() { equal "$(our_ports "$bridge")" "$(r 0 0) $(r 0 1) $(r 0 2) $(r 1 0) $(r 1 1) "; }
reload() { undisturbed "$1" vf=vf0.0:"$(vf_ip 0 1)" wire=vf0.1:"$(wire_ip 0)" tap=vf0.0:10.0.8.1 -- ifreload -a; }

say "boot"
rm -rf /run/network /var/tmp/network
/usr/share/ifupdown2/sbin/start-networking start >/tmp/start 2>&1 || { cat /tmp/start; fail "ifupdown2 at boot"; }
cat /tmp/start
check "ifupdown2 complains" equal "$(grep -iE 'error|warn|invalid' /tmp/start)" ""
wait_until 30 all_there
vf_up 0 0
vf_up 0 1
tap_up "$bridge"
wait_until 30 pings vf0.0 "$(vf_ip 0 1)"
wait_until 30 pings vf0.0 10.0.8.1
wait_until 30 pings vf0.1 "$(wire_ip 0)"
vsctl set Port "$(r 0 2)" tag=7 other_config:a-person=was-here
say "$(ours)"
for n in 1 2 3 4 5; do reload "without a change, $n"; done
check "nothing differs from the file" ifquery --check -a

say "a change of the stanza, and back"
sed -i "/^iface $bridge /a\\	ovs_extra set bridge \${IFACE} other_config:sriov-representors=pf*vf0-9" /etc/network/interfaces
reload "with a changed stanza"
check "the stanza's setting" equal "$(vsctl get bridge "$bridge" other_config:sriov-representors)" '"pf*vf0-9"'
sed -i '/ovs_extra/d' /etc/network/interfaces
reload "as before"
check "it is gone" equal "$(vsctl --if-exists get bridge "$bridge" other_config:sriov-representors)" ""

say "with the distribution's ovs-vsctl, which leaves them for that line alone"
ln -sf /opt/stock/ovs-vsctl /bin/ovs-vsctl
for n in 1 2; do reload "stock ovs-vsctl, $n"; done
ln -sf /opt/ovs/ovs-vsctl /bin/ovs-vsctl

say "down and up"
check ifdown ifdown "$bridge"
check_fails "$bridge is there" vsctl br-exists "$bridge"
check ifup ifup "$bridge"
check ifup ifup "$port"
wait_until 30 all_there
# Proxmox VE adds a tap when its VM starts, and nobody does so again after "ifdown".
vsctl add-port "$bridge" veth100i0
wait_until 30 pings vf0.0 "$(vf_ip 0 1)"
wait_until 30 pings vf0.0 10.0.8.1
for n in 1 2; do reload "afterwards, $n"; done
say "$pings_sum pings answered, none lost"
cp /tmp/ifupdown2.conf /etc/network/ifupdown2/

#!/bin/bash
# Debian's ifupdown2 with the how-to's interfaces file: boot, reloads, a change, down and up, and VFs that notice none of it
# guest: python=1
# limit: 900
#
# /etc/network/interfaces is the one of the how-to that people follow, without stanzas for representors: the bridge vmbr1 with
# an OVS bond of both uplinks.  Nothing in it says that cx-sriov is there.

. /host/guest/network.sh

interfaces() {          # [LINE...]: these are in vmbr1's stanza as well.
    {
        echo "auto lo
iface lo inet loopback

auto $(uplink 0)
iface $(uplink 0) inet manual

auto $(uplink 1)
iface $(uplink 1) inet manual

auto vmbr1
iface vmbr1 inet static
        ovs_type OVSBridge
        ovs_ports bond1
        ovs_mtu 9000
        address 10.0.9.1/16"
        [ $# = 0 ] || printf '        %s\n' "$@"
        echo "
auto bond1
iface bond1 inet manual
        ovs_type OVSBond
        ovs_bonds $(uplink 0) $(uplink 1)
        ovs_bridge vmbr1
        ovs_mtu 9000
        ovs_options lacp=active bond_mode=balance-tcp"
    } >/etc/network/interfaces
}

# As the unit networking.service does it when the machine boots.
network_boots() {
    rm -rf /run/network /var/tmp/network
    check "ifupdown2 at boot" /usr/share/ifupdown2/sbin/start-networking start
}

# reload TEXT: "ifreload -a", while VFs talk to each other, to the host and to the tap.
reload() { undisturbed "$1" vf=vf0.0:"$(vf_ip 0 1)" host=vf0.1:10.0.9.1 ${tap:+tap=vf0.0:10.0.8.1} -- ifreload -a; }

nic_load
nic_switchdev 0 1
nic_vfs 0 3
nic_vfs 1 2
wire_up 0
wire_up 1
start_ovs
vsctl set Open_vSwitch . other_config:sriov=true
interfaces
say "first boot"
network_boots
reps=("$(rep 0 0)" "$(rep 0 1)" "$(rep 0 2)" "$(rep 1 0)" "$(rep 1 1)")
wait_until 30 have_ports "${reps[@]}"
vf_up 0 0
vf_up 0 1
wait_until 30 pings vf0.0 "$(vf_ip 0 1)"
wait_until 30 pings vf0.1 10.0.9.1
vsctl set Port "$(rep 0 2)" tag=7 other_config:a-person=was-here
say "$(ours)"

for n in 1 2 3 4 5; do
    reload "without a change, $n"
done

say "with a changed stanza, which gives settings of ours"
interfaces "ovs_extra set bridge \${IFACE} other_config:sriov-representors=pf*vf0-9"
reload "with a changed stanza"
check "the stanza's setting" equal "$(vsctl get bridge vmbr1 other_config:sriov-representors)" '"pf*vf0-9"'

say "a deleted port stays so"
vsctl del-port "$(rep 1 1)"
wait_until 20 sh -c "ovs-vsctl get bridge vmbr1 external_ids:sriov-deleted | grep pf1vf1"
reload "with a deleted port"
wait_until 10 have_ports "${reps[@]:0:4}"

say "down and up again: all come back"
check ifdown ifdown vmbr1
check_fails "vmbr1 is there" vsctl br-exists vmbr1
check ifup ifup vmbr1
check ifup ifup bond1
wait_until 30 have_ports "${reps[@]}"
wait_until 30 pings vf0.0 "$(vf_ip 0 1)"

say "a boot with our ports in the database"
vsctl set Port "$(rep 0 2)" tag=7
before=$(our_rows)
stop_vswitchd
start_vswitchd
network_boots
check "boot: our ports changed" equal "$(our_rows)" "$before"
wait_until 30 pings vf0.0 "$(vf_ip 0 1)"

say "as Proxmox VE has it, whose default that line is: with a VM's tap"
interfaces "ovs-ports-condone-regex ^(tap|veth|fwln)"
tap_up
wait_until 30 pings vf0.0 10.0.8.1
wait_until 30 pings vf0.1 10.0.9.1
tap=yes
reload "Proxmox VE's, changed"
reload "Proxmox VE's, unchanged"

say "with the line that ovs-sriov proxmox prints, and the distribution's ovs-vsctl"
interfaces "ovs-ports-condone-regex ^(tap|veth|fwln|enp[0-9]+s0npf[0-9]+vf[0-9]+)"
ln -sf /opt/stock/ovs-vsctl /bin/ovs-vsctl
reload "stock ovs-vsctl with the regex"
reload "stock ovs-vsctl with the regex, again"

say "without that line it deletes our ports, and they come back"
interfaces "ovs-ports-condone-regex ^(tap|veth|fwln)"
for n in 1 2 3; do
    before=$(ours)
    check "ifreload" ifreload -a
    wait_until 10 have_ports "${reps[@]}"
    check_fails "stock ovs-vsctl deleted nothing: what did this prove?" equal "$(ours)" "$before"
    wait_until 20 pings vf0.0 "$(vf_ip 0 1)"
done
check "what the tool clears of a bridge is not what a person deleted" equal "$(vsctl --if-exists get bridge vmbr1 external_ids:sriov-deleted | tr -d '"')" ""
say "and a person's del-port stays one, also with that"
vsctl del-port "$(rep 1 1)"
wait_until 20 sh -c "ovs-vsctl get bridge vmbr1 external_ids:sriov-deleted | grep pf1vf1"
check "the others are there" have_ports "${reps[@]:0:4}"
say "$pings_sum pings answered, none lost"

#!/bin/bash
# Debian's ifupdown2 with the how-to's interfaces file: boot, reloads, a change, down and up, and VFs that notice none of it
# guest: python=1
# limit: 900
#
# /etc/network/interfaces is the one of the how-to that people follow, without stanzas for representors: the bridge vmbr1 with
# an OVS bond of both uplinks.  Nothing in it says that cx-sriov is there.

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

# What must not change: rows, numbers and settings of our ports.
ours() {
    ovs-vsctl --format=csv --columns=_uuid,name,tag,external_ids list Port | grep cx-sriov | sort
    ovs-vsctl --format=csv --columns=_uuid,name,ofport,mtu_request list Interface | grep 'vf[0-9]' | sort
}
have_ports() { equal "$(ovs-vsctl list-ports vmbr1 | grep 'vf[0-9]' | sort | tr '\n' ' ')" "$(printf '%s\n' "$@" | sort | tr '\n' ' ')"; }

# ping_start NAME NAMESPACE ADDRESS; ping_end NAME: each ping between them was answered.
ping_start() {
    ip netns exec "$2" ping -n -i 0.02 "$3" >"/tmp/ping.$1" 2>&1 &
    eval "ping_$1=$!"
}
ping_end() {
    eval "kill -INT \$ping_$1"
    eval "wait \$ping_$1" || :
    say "$1: $(grep transmitted "/tmp/ping.$1")"
    # The last one may be under way.
    last=$(sed -n 's/.* icmp_seq=\([0-9]*\) .*/\1/p' "/tmp/ping.$1" | sort -n | tail -n 1)
    check "pings of $1 were lost" equal "$(sed -n 's/.* icmp_seq=\([0-9]*\) .*/\1/p' "/tmp/ping.$1" | sort -nu | wc -l)" "$last"
    check "hardly any ping of $1" at_least "$last" 50
}

# reload TEXT: "ifreload -a", while VFs talk to each other, to the host and to the tap.
reload() {
    ping_start vf vf0.0 "$(vf_ip 0 1)"
    ping_start host vf0.1 10.0.9.1
    [ -z "${tap:-}" ] || ping_start tap vf0.0 10.0.8.1
    check "ifreload: $1" ifreload -a
    ping_end vf
    ping_end host
    [ -z "${tap:-}" ] || ping_end tap
    check "$1: our ports changed" equal "$(ours)" "$before"
    say "$1: ok"
}

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
vsctl set Port "$(rep 0 2)" tag=7
before=$(ours)
say "$before"

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
before=$(ours)
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
before=$(ovs-vsctl --format=csv --columns=_uuid,name,tag,external_ids list Port | grep cx-sriov | sort)
stop_vswitchd
start_vswitchd
network_boots
check "boot: our ports changed" equal "$(ovs-vsctl --format=csv --columns=_uuid,name,tag,external_ids list Port | grep cx-sriov | sort)" "$before"
wait_until 30 pings vf0.0 "$(vf_ip 0 1)"

say "as Proxmox VE has it, whose default that line is: with a VM's tap"
interfaces "ovs-ports-condone-regex ^(tap|veth|fwln)"
new_netns tap
# A high address, as Proxmox VE gives: the bridge takes the lowest one of its ports, and what the VF knows would be stale.
ip link add veth100i0 address fe:00:00:00:00:01 type veth peer name eth0 netns tap
ip -n tap addr add 10.0.8.1/16 dev eth0
ip -n tap link set eth0 up
ip link set veth100i0 up
vsctl add-port vmbr1 veth100i0
wait_until 30 pings vf0.0 10.0.8.1
wait_until 30 pings vf0.1 10.0.9.1
tap=yes
before=$(ours)
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

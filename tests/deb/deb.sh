# Helpers for scenarios in a Debian guest; sourced before each boot of one, after tests/guest/lib.sh.

. /host/versions                # stock=, newer=, ours=: of the packages
usleep() { sleep "$(( $1 / 1000000 )).$(printf %06d $(( $1 % 1000000 )))"; }

# What the host shows beside the result.
tell() { echo "$*"; echo "    $*" >&4; }
# The host pulls the plug; the next boot is the scenario's next.
power_cut() { echo "@cut" >&4; sleep 1000; }

# Packages.

export DEBIAN_FRONTEND=noninteractive
apt_get() { echo "+ apt-get $*"; apt-get -q -y "$@" || fail "apt-get $*"; }
# offer REPOSITORY...: what apt knows of, besides what is installed.
offer() {
    local repository
    for repository; do echo "deb [trusted=yes] file:/host/repo/$repository ./"; done >/etc/apt/sources.list
    apt_get update
}
version_of() { dpkg-query -W -f '${Version}' "$1"; }
# our PACKAGE...: their files.
our() { local name; for name; do echo /host/repo/ours/"$name"_*.deb; done; }
needed="openvswitch-switch openvswitch-common python3-openvswitch"
install_ours() { apt_get install $(our $needed) "$@"; check_healthy; }
all_are() {
    local name
    for name in $needed; do equal "$name $(version_of "$name")" "$name $1" || return 1; done
}
failed_units() { systemctl --failed --no-legend --plain; }
# check_healthy [UNITS]: but for what failed_units said before.
check_healthy() {
    check "dpkg finds something unfinished" equal "$(dpkg --audit)" ""
    check "apt finds broken dependencies" apt-get -q check
    check "a unit has failed" equal "$(failed_units)" "${1:-}"
}
daemons_run() {
    systemctl -q is-active openvswitch-switch.service ovs-vswitchd.service ovsdb-server.service || { systemctl --no-pager status 'ov*'; return 1; }
    ovs-appctl --timeout=5 version
}

# The how-to's configuration, for this NIC.

howto_names() { rep() { echo "ovs-sw1pf$(pf_port "$1")vf$2"; }; }
# udev_howto: switchdev mode, 4 VFs of PF 0, and names.
udev_howto() {
    local pf rules=/etc/udev/rules.d/70-persistent-net-vf.rules
    for pf in 0 1; do
        cat <<END
KERNELS=="$(pf_pci $pf)", DRIVERS=="mlx5_core", SUBSYSTEMS=="pci", ACTION=="add", ATTR{sriov_totalvfs}=="?*", RUN+="/usr/sbin/devlink dev eswitch set pci/$(pf_pci $pf) mode switchdev", ATTR{sriov_numvfs}="0"
END
    done >$rules
    cat >>$rules <<END
SUBSYSTEM=="net", ACTION=="add", ATTR{phys_switch_id}=="$(switch_id)", ATTR{phys_port_name}=="p0", ATTR{device/sriov_totalvfs}=="?*", ATTR{device/sriov_numvfs}=="0", ATTR{device/sriov_numvfs}="4"
SUBSYSTEM=="net", ACTION=="add", ATTR{phys_switch_id}=="$(switch_id)", ATTR{phys_port_name}!="p[0-9]*", ATTR{phys_port_name}!="", NAME="ovs-sw1\$attr{phys_port_name}"
END
}
switch_id() { cat "/sys/class/net/$(uplink 0)/phys_switch_id"; }
interfaces_howto() {
    mkdir -p /etc/network/interfaces.d
    cat >/etc/network/interfaces <<END
auto $(uplink 0)
iface $(uplink 0) inet manual

auto $(uplink 1)
iface $(uplink 1) inet manual

auto vmbr1
iface vmbr1 inet static
        ovs_type OVSBridge
        ovs_ports bond1
        ovs_mtu 9000
        address 10.0.9.2/16

auto bond1
iface bond1 inet manual
        ovs_type OVSBond
        ovs_bonds $(uplink 0) $(uplink 1)
        ovs_bridge vmbr1
        ovs_mtu 9000
        ovs_options lacp=active bond_mode=balance-tcp

source /etc/network/interfaces.d/*
END
}
# stanzas_howto: one for each representor.
stanzas_howto() {
    local v
    for v in 0 1 2 3; do
        cat <<END
auto $(rep 0 $v)
iface $(rep 0 $v) inet manual
        ovs_type OVSPort
        ovs_bridge vmbr1
        ovs_mtu 9000

END
    done >/etc/network/interfaces.d/ovs-sw1.conf
}
# The how-to's change of ovs-ctl.
patch_howto() {
    patch -d/ -p0 --ignore-whitespace <<'EOF' || fail "the how-to's patch does not apply"
--- /usr/share/openvswitch/scripts/ovs-ctl.diff	2024-10-16 01:25:28.369482552 +0000
+++ /usr/share/openvswitch/scripts/ovs-ctl	2024-10-16 01:27:32.740490528 +0000
@@ -162,6 +162,8 @@
         # Initialize database settings.
         ovs_vsctl -- init -- set Open_vSwitch . db-version="$schemaver" \
             || return 1
+        ovs_vsctl -- set Open_vSwitch . other_config:hw-offload=true other_config:tc-policy=skip_sw ||:
+        ovs_vsctl -- set Open_vSwitch . other_config:lacp-fallback-ab=true ||:
         set_system_ids || return 1
         if test X"$DELETE_BRIDGES" = Xyes; then
             for bridge in `ovs_vsctl list-br`; do
EOF
}

# What is to be seen.

# config: what people and ifupdown have put into OVSDB.
config() {
    vsctl --format=csv --no-headings --columns=name,other_config,external_ids list Bridge | sort
    vsctl --format=csv --no-headings --columns=name,tag,lacp,bond_mode,other_config,external_ids list Port | sort
}
# bond_is_up: bridge and bond, as the how-to has them.
bond_is_up() {
    contains "$(ip -br addr show vmbr1)" "10.0.9.2/16" || return 1
    equal "$(ovs-appctl bond/show bond1 | sed -n 's/^member \([^:]*\):.*/\1/p' | sort | tr '\n' ' ')" "$(uplink 0) $(uplink 1) "
}
# howto_is_up: these and four representors, each once, and nothing else.
howto_is_up() {
    bond_is_up || return 1
    the_same "ports of vmbr1" "$(vsctl list-ports vmbr1 | sort)" \
        "expected" "$(printf '%s\n' bond1 "$(rep 0 0)" "$(rep 0 1)" "$(rep 0 2)" "$(rep 0 3)" | sort)"
}
vfs_start() { vf_up 0 0; vf_up 0 1; }
# offloads: between VFs 0 and 1, and from VF 0 to the far end of its PF's cable.
offloads() {
    expect_offloaded vf0.0 vf0.1 "$(vf_ip 0 1)" "$(rep 0 0)" "$(rep 0 1)"
    expect_offloaded vf0.0 wire0 "$(wire_ip 0)" "$(rep 0 0)" "$(uplink 0)"
}

# Network tools, which the next boot takes in the place of ifupdown.

no_ifupdown() {
    # It takes vmbr1 down.
    systemctl disable --now networking
    rm -rf /etc/network/interfaces /etc/network/interfaces.d/*
    check_fails "vmbr1 is still there" vsctl br-exists vmbr1
}
# vmbr1_is_up N: it has its bond, its address on device $host (default: vmbr1), and N representors.
vmbr1_is_up() {
    contains "$(ip -br addr show "${host:-vmbr1}")" "10.0.9.2/16" || return 1
    equal "$(ovs-appctl bond/show bond1 | sed -n 's/^member \([^:]*\):.*/\1/p' | sort | tr '\n' ' ')" "$(uplink 0) $(uplink 1) " || return 1
    rep_ports vmbr1 "$1" && agrees vmbr1
}
# watched COMMAND...: runs it, and is not done before there are pings enough that would have been lost.
watched() { "$@" && wait_until 60 enough_pings; }
enough_pings() { at_least "$(grep -c icmp_seq= /tmp/ping.vf)" 80; }
# talk_while TEXT COMMAND...: no packet of VFs is lost while it runs and for a while afterwards, and no port changes.
talk_while() {
    local text=$1
    shift
    undisturbed "$text" vf=vf0.0:"$(vf_ip 0 1)" host=vf0.1:10.0.9.2 -- watched "$@"
}
# vfs_talk_while TEXT COMMAND...: the same of VFs alone, for what takes the host's address away for a moment.
vfs_talk_while() {
    local text=$1
    shift
    undisturbed "$text" vf=vf0.0:"$(vf_ip 0 1)" -- watched "$@"
    wait_until 60 pings vf0.1 10.0.9.2
}
vfs_talk() {
    vfs_start
    wait_until 60 pings vf0.0 "$(vf_ip 0 1)"
    wait_until 60 pings vf0.1 10.0.9.2
    tell "$(ours | sed -n 's/^[^,]*,\(ovs-[^,]*\),\([0-9]*\),.*/\1:\2/p' | tr '\n' ' ')"
}

evidence() {
    set -x
    networkctl --no-pager
    nmcli --overview device
    dpkg -l 'openvswitch*' python3-openvswitch
    apt-cache policy $needed
    systemctl --failed --no-pager
    cat /etc/network/interfaces /etc/network/interfaces.d/* /etc/udev/rules.d/*
    timeout 5 ovs-vsctl --timeout=3 list Bridge
    timeout 5 ovs-vsctl --timeout=3 list Port
    scenario_evidence
}

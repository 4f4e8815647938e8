# Proxmox VE, as far as its VMs and VFs go, and "ovs-sriov vm"; sourced by scenarios.
#
# What qemu-server does, in its order (PVE/QemuServer/PCI.pm: choose_hostpci_devices, reserve_pci_usage): the first VF of a mapping
# that nobody has is reserved with "time:", given to vfio-pci and reset, kvm starts, and it is reserved with "pid:".  What is
# behind a VF is a namespace "vm<id>" with its network device net0; its driver starts when the guest's would.

res=/run/qemu-server/pci-id-reservations
vm_log=/run/ovs/ovs-sriov-vm.log
unset OVS_SYSCONFDIR

# be_node NODE: by the kernel's name of the host, which is what counts; the file has the one after the next boot.
be_node() { echo "$1" >/proc/sys/kernel/hostname; echo renamed >/etc/hostname; }
# pve_up: an empty cluster.
pve_up() {
    rm -rf /etc/pve /run/qemu-server /tmp/vm.*
    mkdir -p /etc/pve/nodes /etc/pve/mapping /etc/pve/qemu-server /run/qemu-server
    : >$res
    be_node pve1
    [ -p /tmp/never ] || mknod /tmp/never p
}
# mapping ID DESCRIPTION VF...: a PCI mapping of these VFs of PF 0.
mapping() {
    local id=$1 text=$2 v
    shift 2
    {
        echo "$id"
        [ -z "$text" ] || printf '\tdescription %s\n' "$text"
        for v; do printf '\tmap id=1b36:0010,node=pve1,path=%s\n' "$(vf_pci 0 "$v")"; done
        printf '\tmap id=1b36:0010,node=pve2,path=0000:ff:00.0\n\n'
    } >>/etc/pve/mapping/pci.cfg
}
# pve_cluster NODE: in place of pve_up's, the /etc/pve that the guests with the same "--common" have, as NODE.
pve_cluster() {
    mkdir -p /run/common
    mount -t 9p -o trans=virtio,version=9p2000.L,cache=none common /run/common
    mkdir -p /run/common/mapping "/run/common/nodes/$1/qemu-server"
    rm -rf /etc/pve/nodes /etc/pve/mapping /etc/pve/qemu-server
    ln -s /run/common/mapping /run/common/nodes /etc/pve/
    ln -s "nodes/$1/qemu-server" /etc/pve/qemu-server
    be_node "$1"
}
# What nodes tell each other: tell_node WORD, and until it has come: node_says WORD.
tell_node() { : >"/run/common/says.$1"; }
node_says() { wait_until 400 test -e "/run/common/says.$1"; }
# vm_config VM LINE...
vm_config() {
    local vm=$1
    shift
    { printf 'cores: 2\nname: vm%s\nsmbios1: uuid=0c5fd2f5-7b0b-4b5e-9f38-7a4fe8b6%04d\n' "$vm" "$vm"; printf '%s\n' "$@"
      printf '\n[before-upgrade]\nhostpci0: mapping=nothing\n'; } >"/etc/pve/qemu-server/$vm.conf"
}

# reserve PCI [VM WHAT]: the file is replaced, sorted, as PVE::Tools::file_set_contents() does it.
reserve() { { grep -v "^$1 " $res || :; [ $# = 1 ] || echo "$*"; } | sort >$res.tmp; mv $res.tmp $res; }
# runs PID VM: is the process its kvm?  (vm_running_locally())
runs() { tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null | grep -q -- "kvm -id $2 "; }
# vf_free PCI: is it reserved by nobody?
vf_free() {
    local vm what
    read -r _ vm what <<<"$(grep "^$1 " $res)"
    case $what in
    time:*) [ "${what#time:}" -le "$(date +%s)" ] ;;
    pid:*) ! runs "${what#pid:}" "$vm" ;;
    esac
}
# choose VM DEVICE: the first choice that nobody has.  $conf_of: where its configuration is (this node's).
conf_of=
choose() {
    local map p
    map=$(sed -n "/^\[/q;s/^$2: mapping=\([^,]*\).*/\1/p" "${conf_of:-/etc/pve/qemu-server}/$1.conf")
    for p in $(awk -v id="$map" -v node="$(uname -n)" '/^[^ \t]/ { on = $1 == id } on && $1 == "map" && $0 ~ "node=" node "," { sub(/.*path=/, "", $2); sub(/,.*/, "", $2); print $2 }' \
                   /etc/pve/mapping/pci.cfg); do
        if vf_free "$p"; then echo "$p"; return; fi
    done
    return 1
}
vf_of() { local v; for v in 0 1 2 3; do [ "$(vf_pci 0 $v 2>/dev/null)" != "$1" ] || echo $v; done; }
vf_driver=$(driver_of "$(vf_pci 0 0)")

# qm_start VM: up to where the guest boots.  Its VFs are in /tmp/vm.VM, kvm's process in /tmp/vm.VM.pid.
qm_start() {
    local vm=$1 dev pci args=()
    rm -f "/tmp/vm.$vm"
    for dev in $(sed -n '/^\[/q;s/^\(hostpci[0-9]*\):.*/\1/p' "${conf_of:-/etc/pve/qemu-server}/$vm.conf"); do
        pci=$(choose "$vm" "$dev") || return 1
        reserve "$pci" "$vm" "time:$(( $(date +%s) + 15 ))"
        echo "$dev $pci" >>"/tmp/vm.$vm"
        args+=(-device "vfio-pci,host=$pci,id=$dev,bus=ich9-pcie-port-1,addr=0x0")
    done
    while read -r dev pci; do
        echo "$pci" >"/sys/bus/pci/devices/$pci/driver/unbind" 2>/dev/null || :      # vfio-pci gets it
    done <"/tmp/vm.$vm"
    # Something that waits, with kvm's arguments.
    bash -c 'exec 8<>/tmp/never; read -r -u 8 _' kvm -id "$vm" -name "vm$vm" "${args[@]}" >/dev/null 2>&1 &
    echo $! >"/tmp/vm.$vm.pid"
    while read -r dev pci; do reserve "$pci" "$vm" "pid:$(cat "/tmp/vm.$vm.pid")"; done <"/tmp/vm.$vm"
}
# guest_boots VM [MAC]: its driver takes the address that the first VF has then, and the guest the one it is told.
guest_boots() {
    local pci dev
    read -r _ pci <"/tmp/vm.$1"
    dev=$(vf 0 "$(vf_of "$pci")")
    echo "$pci" >"/sys/bus/pci/drivers/$vf_driver/bind" 2>/dev/null || :
    wait_until 10 exists "$dev"
    new_netns "vm$1"
    ip link set "$dev" netns "vm$1" name net0
    [ -z "${2:-}" ] || ip -n "vm$1" link set net0 address "$2"
    ip -n "vm$1" link set net0 up
}
# guest_gone VM: its network device is the host's again, by the host's name.
guest_gone() {
    local pci dev
    read -r _ pci <"/tmp/vm.$1"
    dev=$(vf 0 "$(vf_of "$pci")")
    ip netns pids "vm$1" | xargs -r kill -9 2>/dev/null
    ip -n "vm$1" link set net0 down
    ip -n "vm$1" link set net0 netns 1 name "$dev"
    ip netns del "vm$1"
    wait_until 10 exists "$dev"
}
# kvm_dies VM [SIGNAL]: Proxmox does not know yet.
kvm_dies() {
    local pid
    pid=$(cat "/tmp/vm.$1.pid")
    kill "-${2:-TERM}" "$pid"
    wait "$pid" 2>/dev/null || :
}
# qm_cleanup VM: what qmeventd has done.
qm_cleanup() { local pci; while read -r _ pci; do reserve "$pci"; done <"/tmp/vm.$1"; }
qm_stop() { guest_gone "$1"; kvm_dies "$1"; qm_cleanup "$1"; }

# vlan_device VLAN: beyond the cable of PF 0, with the address 10.VLAN.0.254.
vlan_device() {
    ip -n wire0 link add link wire0 name "w$1" type vlan id "$1"
    ip -n wire0 addr add "10.$1.0.254/24" dev "w$1"
    ip -n wire0 link set "w$1" up
}

# The daemon.
# Not by sriov(), whose process would not be the daemon's.
vm_daemon() { ovs-sriov vm >>$vm_log 2>&1 & echo $! >/run/ovs-sriov-vm.pid; }
# vm_daemon_first VF...: with a log of its own, once these VFs, which no VM has, are closed.
vm_daemon_first() {
    local v
    : >$vm_log
    vm_daemon
    for v; do wait_until 60 is_closed "$v"; done
}
vm_daemon_kill() { local pid; pid=$(cat /run/ovs-sriov-vm.pid); kill -9 "$pid"; wait "$pid" 2>/dev/null || :; }
port_state() { vsctl get Port "$(rep 0 "$1")" external_ids:sriov-vm 2>/dev/null | tr -d '"'; }
is_state() { equal "$(port_state "$1")" "$2"; }
link_is() { equal "$(( $(<"/sys/class/net/$(rep 0 "$1")/flags") & 1 ))" "$2"; }
port_is_closed() { equal "$(vsctl get Port "$(rep 0 "$1")" trunks protected other_config 2>/dev/null | xargs)" "[4095] true {sriov-allowed-sources=none}"; }
is_closed() { is_state "$1" closed && link_is "$1" 0 && port_is_closed "$1"; }
is_open() { is_state "$1" open && link_is "$1" 1; }
vf_mac() { devlink port show "pci/$(pf_pci 0)/$(( $1 + 1 ))" | sed -n 's/.*hw_addr \([0-9a-f:]*\).*/\1/p'; }
said() { tail -n "+$(( ${said_from:-0} + 1 ))" $vm_log | grep -q "$1"; }
said_so_far() { said_from=$(wc -l <$vm_log); }

# All that comes from the host's cable, until wire_seen, which waits for a frame of the bridge's own so that nothing is missed.
wire_sniff() {
    ip link set br0 up
    ip addr add 10.39.0.1/24 dev br0 2>/dev/null || :
    ip netns exec wire0 tcpdump -Z root -i wire0 --immediate-mode -B 8192 -nne -U -w /tmp/wire.pcap >/dev/null 2>/tmp/wire.err &
    sniffer=$!
    wait_until 20 grep -q "listening on" /tmp/wire.err
}
wire_marked() {
    tcpdump -Z root -nne -r /tmp/wire.pcap 2>/dev/null >/tmp/wire.txt
    grep -q " $(cat /sys/class/net/br0/address) > " /tmp/wire.txt
}
wire_seen() {
    ping -I br0 -c 1 -W 0.1 10.39.0.$(( RANDOM % 200 + 20 )) >/dev/null 2>&1 || :
    wait_until 20 wire_marked
    kill $sniffer
    wait $sniffer 2>/dev/null || :
    check "frames were not captured" grep -q "^0 packets dropped by kernel" /tmp/wire.err
    tcpdump -Z root -nne -r /tmp/wire.pcap 2>/dev/null >/tmp/wire.txt
}
# frames MAC [PATTERN]: of this sender on the wire.
frames() { grep "^[^ ]* $1 > " /tmp/wire.txt | grep -c "${2:-}" || :; }

#!/bin/bash
# the two commands that give a VM of Proxmox VE its VLAN, address and rate, in hardware; after a boot, with /etc/pve late, and a recovery of the NIC
# after: fresh
# limit: 900
howto_names
. /host/guest/vm.sh

# In the place of Proxmox VE: pmxcfs, later than whoever waits for its unit expects, and what the two commands write.
pve_install() {
    local fs=/var/lib/pve-cluster
    mkdir -p /etc/pve $fs/nodes/pve1/qemu-server $fs/mapping
    ln -sfn nodes/pve1/qemu-server $fs/qemu-server
    cat >/etc/systemd/system/pve-cluster.service <<END
[Service]
Type=exec
ExecStart=/bin/sh -c 'until [ -e /run/pve-may-come ]; do sleep 1; done; mount --bind $fs /etc/pve && exec sleep infinity'
[Install]
WantedBy=multi-user.target
END
    # The service has the name that the host had when it started.
    echo pve1 | tee /etc/hostname >/proc/sys/kernel/hostname
    systemctl restart ovs-sriov-vm
    systemctl enable --now pve-cluster
    pve_here
}
pve_here() {
    mkdir -p "${res%/*}"
    touch $res
    mknod /tmp/never p
    touch /run/pve-may-come
    wait_until 90 mountpoint -q /etc/pve
}
pvesh() {
    local id= text= maps=()
    equal "$1 $2" "create /cluster/mapping/pci" || fail "pvesh $*"
    shift 2
    while [ $# -gt 0 ]; do
        case $1 in
        --id) id=$2 ;;
        --description) text=$2 ;;
        --map) maps+=("$2") ;;
        *) fail "pvesh: $1" ;;
        esac
        shift 2
    done
    { printf '%s\n\tdescription %s\n' "$id" "$text"; printf '\tmap %s\n' "${maps[@]}"; echo; } >>/etc/pve/mapping/pci.cfg
}
# Before what snapshots have.
qm() { equal "$1" set && sed -i "0,/^\[/s//${3#-}: $4\n[/" "/etc/pve/qemu-server/$2.conf"; }

rate_of() { devlink port function rate show "pci/$(pf_pci 0)/$(( $1 + 1 ))" | sed -n 's/.*tx_max \([^ ]*\).*/\1/p'; }
all_closed() { local v; for v in 0 1 2 3; do is_closed $v || return 1; done; }
switchdev_again() { contains "$(devlink dev eswitch show "pci/$(pf_pci 0)")" "mode switchdev"; }
# vm_100_on VF: starts it, and has it as the two commands say.
vm_100_on() {
    qm_start 100
    wait_until 60 is_open "$1"
    guest_boots 100
    ip -n vm100 addr add 10.30.0.100/24 dev net0
    mac=$(ip netns exec vm100 cat /sys/class/net/net0/address)
    vm_100_as_said "$1"
}
vm_100_as_said() {
    local rep
    rep=$(rep 0 "$1")
    check "its address is the VF's" equal "$(vf_mac "$1")" "$mac"
    check "its rate" equal "$(rate_of "$1")" 1Gbit
    expect_offloaded vm100 wire0 10.30.0.254 "$rep" "$(uplink 0)"
    contains "$(hw_flow "$rep" "$(uplink 0)")" "push_vlan(vid=30" || fail "not in VLAN 30 in hardware"
    contains "$(ovs-appctl sriov/show "$rep")" "VM 100 (vm100), open: vlan=30 mac=$mac rate=1000" || fail "sriov/show does not say so"
    tell "VM 100, VF $1: $mac, $(rate_of "$1"), $(hw_flow "$rep" "$(uplink 0)" | sed 's/.*actions:/actions:/')"
}

boot1() {
    wait_until 60 rep_ports vmbr1 8
    pve_install
    for vm in 100 200; do vm_config $vm ""; done

    say "as the README says it"
    ovs-sriov proxmox --vlan=30 --rate=1000 >/root/printed || fail "ovs-sriov proxmox"
    cat /root/printed
    command=$(sed -n '/^pvesh /,/[^\\]$/p' /root/printed)
    contains "$command" "--description 'ovs-sriov: vlan=30 rate=1000'" || fail "that is no command for VLAN 30"
    eval "$command"
    for vm in 100 200; do qm set $vm -hostpci0 mapping=vlan30; done
    cat /etc/pve/mapping/pci.cfg /etc/pve/qemu-server/100.conf

    wait_until 60 all_closed
    wire_up 0
    vlan_device 30
    vm_100_on 0
    echo "$mac" >/root/mac
    check_healthy

    say "its NIC's driver recovers from a failure, which ends in legacy mode"
    nic_knob 0 recover 1
    wait_until 120 switchdev_again
    wait_until 60 rep_ports vmbr1 8
    wait_until 60 is_open 0
    check "the VM has its VF" equal "$(ip netns exec vm100 cat /sys/class/net/net0/address)" "$mac"
    vm_100_as_said 0
}

boot2() {
    wait_until 60 rep_ports vmbr1 8
    check "VFs are closed while /etc/pve is not there" all_closed
    check_fails "/etc/pve is there" mountpoint -q /etc/pve
    pve_here
    wire_up 0
    vlan_device 30
    check "closed" all_closed
    qm_start 200
    wait_until 60 is_open 0
    vm_100_on 1
    check "the address of the last boot" equal "$mac" "$(cat /root/mac)"
    kvm_dies 100 KILL
    wait_until 60 is_closed 1
    check_healthy
}

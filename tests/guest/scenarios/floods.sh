#!/bin/bash
# floods to many ports, the bridge's own port and VLANs among them, many tags on the uplink: what is in hardware, what the rest costs
# guest: vfs=64
# long: 63 VFs, and what each flood to them costs
# limit: 600
VFS=63
# Open vSwitch puts so many actions into a filter of TC: lib/tc.h, TCA_ACT_MAX_NUM, in all series.  (TC takes 32,
# TCA_ACT_MAX_PRIO; mlx5 of Linux 6.12 sends to 32 ports, mlx5/core/eswitch.h, MLX5_MAX_FLOW_FWD_VPORTS.)
max=16
real_clock
nic_up $VFS 0
bridge_up
vsctl set Open_vSwitch . other_config:max-idle=60000
wait_until 60 rep_ports br0 $VFS
wait_until 60 agrees br0
vf_up 0 0
new_netns vms
for v in $(seq $(( VFS - 1 ))); do
    ip link set "$(vf 0 $v)" netns vms
    ip -n vms link set "$(vf 0 $v)" up
done
rep0=$(rep 0 0) all=ff:ff:ff:ff:ff:ff
of() { vsctl get Interface "$1" ofport; }

# ticks: what all CPUs have worked until now, in ticks of 10 ms.
ticks() { awk '/^cpu / { print $2 + $3 + $4 + $7 + $8 }' /proc/stat; }
# got: how many frames each VF in vms has got.
got() { ip netns exec vms awk 'NR > 2 && sub(/:/, " ") && $1 != "lo" { print $1, $3 }' /proc/net/dev | sort; }
sent_up() { echo $(( $(counter "$(uplink 0)" hw_tx_packets) + $(counter "$(uplink 0)" sw_tx_packets) )); }
broadcasts() { ip netns exec "$1" ping -b -q -n -c "$2" -i 0.005 -W 0.1 10.0.255.255 >/dev/null 2>&1 || :; }
flooded() { ovs-appctl dpctl/dump-flows --names | grep "in_port($1).*dst=$all.*eth_type(0x0800)" | grep -v actions:drop; }
frames=200
# flood WHAT FROM IN LAST [UP]: broadcasts that namespace FROM sends into port IN, of which VFs 1 to LAST, no other, and if UP is 1
# the uplink get each one once.  Sets $hw and $sw, how many of them hardware has forwarded, and how many software.
flood() {
    local from=$2 in=$3 last=$4 up before begin used v wrong
    ovs-appctl revalidator/purge
    broadcasts "$from" 3
    wait_until 10 flooded "$in"
    broadcasts "$from" 3
    before=$(got) up=$(sent_up)
    hw=$(counter "$in" hw_rx_packets) sw=$(counter "$in" sw_rx_packets)
    begin=$(ticks)
    broadcasts "$from" $frames
    used=$(( $(ticks) - begin ))
    hw=$(( $(counter "$in" hw_rx_packets) - hw )) sw=$(( $(counter "$in" sw_rx_packets) - sw ))
    say "RESULT $1: hw $hw sw $sw, $(( used * 10000 / frames )) us of CPU per frame, the VFs' own part included"
    for v in $(seq "$last"); do echo "$(vf 0 "$v")"; done >/tmp/receivers
    wrong=$(awk -v n=$frames 'FILENAME == "/tmp/receivers" { is[$1]; next }
                              $1 in before { if ($2 - before[$1] != ($1 in is ? n : 0)) print $1, $2 - before[$1]; next }
                              { before[$1] = $2 }' /tmp/receivers <(echo "$before") <(got))
    check "$1: not each receiver got each frame once, and nobody else" equal "$wrong" ""
    [ -z "${5:-}" ] || check "$1: the uplink" equal $(( $(sent_up) - up )) $(( $5 * frames ))
}
in_hardware() {
    [ "$hw" -ge $frames ] || ovs-appctl sriov/why "$rep0"
    check "$1: not in hardware" at_least "$hw" $frames
    check "$1: software sees it, too" equal "$sw" 0
}
in_software() { check "$1: in hardware" equal "$hw" 0; }
# says PORT REASON HELP
says() {
    ovs-appctl sriov/why "$1" >/tmp/why && grep -F -A2 ": $2" /tmp/why | grep -qF "what helps: $3" || { cat /tmp/why; return 1; }
}
too_many="has more actions than Open vSwitch puts into one filter of TC" few="nothing, as long as little is flooded"

say "a list of outputs"
for n in 8 $max $(( max + 1 )) 32 $(( VFS - 1 )); do
    outputs=
    for v in $(seq $n); do outputs+=${outputs:+,}$(of "$(rep 0 "$v")"); done
    ovs-ofctl add-flow br0 "priority=9,in_port=$(of "$rep0"),dl_dst=$all,actions=$outputs"
    flood "$n outputs" vf0.0 "$rep0" $n 0
    if [ $n -le $max ]; then
        in_hardware "$n outputs"
    else
        in_software "$n outputs"
        check "sriov/why" says "$rep0" "$too_many" "$few"
    fi
done
cat /tmp/why
ovs-ofctl del-flows --strict br0 "priority=9,in_port=$(of "$rep0"),dl_dst=$all"

say "NORMAL, to all: in software, and all else stays in hardware"
flood "NORMAL, $VFS VFs and the uplink" vf0.0 "$rep0" $(( VFS - 1 )) 1
in_software "NORMAL, $VFS VFs"
check "sriov/why" says "$rep0" "$too_many" "$few"
flood "NORMAL, from the wire to $VFS VFs" wire0 "$(uplink 0)" $(( VFS - 1 ))
in_software "NORMAL, from the wire to $VFS VFs"
expect_offloaded vf0.0 wire0 "$(wire_ip 0)" "$rep0" "$(uplink 0)" 50

# few_ports N: VFs 0 to N - 1 are ports of br0, and no others.
ports=$VFS
few_ports() {
    local args=() v
    for v in $(seq "$1" $(( ports - 1 ))); do args+=(-- del-port br0 "$(rep 0 "$v")"); done
    vsctl "${args[@]:1}"
    ports=$1
    wait_until 20 rep_ports br0 $ports
}

say "NORMAL, as many ports as one filter has room for: the bridge's own port is one of them, also while it is down, and the host's"
few_ports $(( max - 1 ))
flood "NORMAL, $ports VFs, the uplink, and the bridge's own port" vf0.0 "$rep0" $(( ports - 1 )) 1
in_software "NORMAL with the bridge's own port"
check "sriov/why" says "$rep0" "refused: mlx5_core: " "the NIC cannot do one of the actions of the example, or not to such a port: the bridge itself"
ovs-ofctl mod-port br0 br0 no-flood
flood "NORMAL, $ports VFs and the uplink" vf0.0 "$rep0" $(( ports - 1 )) 1
in_hardware "NORMAL without the bridge's own port"

say "access ports: the uplink gets a tag, which takes one action, and one more if VFs come behind it"
tags() {
    local args=() v
    for v in $(seq 0 $(( ports - 1 ))); do args+=(-- set Port "$(rep 0 "$v")" tag=$(( v <= $1 ? 10 : 11 ))); done
    vsctl "${args[@]:1}"
}
tags $(( max - 3 ))
flood "one VLAN of $(( max - 2 )) VFs and the uplink" vf0.0 "$rep0" $(( max - 3 )) 1
in_hardware "one VLAN of $(( max - 2 )) VFs"
few_ports 8
tags 3
flood "VLANs of 4 VFs each and the uplink" vf0.0 "$rep0" 3 1
in_hardware "VLANs of 4 VFs"

say "$ports tags on the uplink"
ip netns del vms
args=()
for v in $(seq 0 $(( ports - 1 ))); do
    tag=$(( 100 + v ))
    args+=(-- set Port "$(rep 0 "$v")" tag=$tag)
    if [ "$v" -gt 0 ]; then
        wait_until 10 exists "$(vf 0 "$v")"
        vf_up 0 "$v"
    fi
    ip -n vf0.$v addr add 10.$tag.0.2/24 dev "$(vf 0 "$v")"
    ip -n wire0 link add link wire0 name wire0.$tag type vlan id $tag
    ip -n wire0 link set wire0.$tag up
    ip -n wire0 addr add 10.$tag.0.1/24 dev wire0.$tag
done
vsctl "${args[@]:1}"
for v in $(seq 0 $(( ports - 1 ))); do
    expect_offloaded vf0.$v wire0 10.$(( 100 + v )).0.1 "$(rep 0 "$v")" "$(uplink 0)" 20
done
# A purge takes flows from under a revalidator that is looking at them.
check "no trouble in the log" equal "$(log_trouble 'failed to flow_get\|Failed to acquire udpif_key')" ""

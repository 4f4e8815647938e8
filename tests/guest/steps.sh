# Steps, and the state that each leaves; sourced by scenarios that compare what something has gone wrong in with what has not.
#
# For each step there are functions NAME, NAME_before, and may be NAME_after; and "state" prints what is there in the end.

# Without what programs say of a machine that is slow.
sorted_state() { state 2>&1 | grep -v '|timeval|' | sort; }
state_is() { local now; now=$(sorted_state); [ "$now" = "$1" ] || { diff <(echo "$1") <(echo "$now"); return 1; }; }
after() { ! declare -F "$1_after" >/dev/null || "$1_after"; }

# switch_state COLUMNS: what database, datapath and sriov/show have of the ports, and the database of interfaces in these columns,
# without OpenFlow port numbers, which are new.
switch_state() {
    vsctl --format=csv --no-headings --columns=name,external_ids list Port -- --columns="$1" list Interface
    ovs-appctl dpctl/show | sed -n 's/^ *port [0-9]*: //p'
    ovs-appctl sriov/show | awk '/added by/ { $6 = "" } { print }'
}

# What steps with VFs of PF 0 on br0 have in common.
no_reps() { ! ovs-appctl sriov/show | grep ' up .* added by'; }
has_reps() { equal "$(ovs-appctl sriov/show | grep -c ' up .* added by cx-sriov$')" "$1"; }
no_vfs() {
    nic_vfs 0 0
    wait_until 10 no_reps
    for dev in $(representor_ports br0); do vsctl --if-exists del-port "$dev"; done
}
two_vfs() { no_vfs; nic_vfs 0 2; wait_until 20 has_reps 2; }
renamed_before() { two_vfs; }
renamed() { ip link set "$(rep 0 0)" down; ip link set "$(rep 0 0)" name enp1np0other; ip link set enp1np0other up; }

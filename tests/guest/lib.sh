# Helpers for scenarios; sourced in the guest before each.
#
# Addresses: VF v of PF p has 10.0.(p+1).(v+1)/16 in namespace "vf<p>.<v>"; the far end of PF p's cable has 10.0.0.(p+1)/16
# in namespace "wire<p>".  PFs count through all cards in PCI order, VFs from 0.

vswitchd_log=/var/log/openvswitch/ovs-vswitchd.log
# In a guest of tests/deb, Open vSwitch is where its package puts it.
if [ -d /opt/ovs ]; then
    export PATH=/opt/ovs:/bin:/sbin
    export OVS_RUNDIR=/run/ovs OVS_LOGDIR=/run/ovs OVS_DBDIR=/run/ovs OVS_SYSCONFDIR=/run/ovs
    if [ "${STOCK_AS_TESTED:-no}" = yes ]; then
        PATH=/opt/stock:/bin:/sbin
    fi
    vswitchd_log=/run/ovs/ovs-vswitchd.log
fi

# Talking.

say() { echo "== $(cut -d. -f1 /proc/uptime) s: $*"; }
fail() { echo "FAIL: $*"; exit 1; }

# wait_until SECONDS COMMAND...: polls until COMMAND succeeds; fails with what it printed last.
wait_until() {
    local limit=$1 deadline output
    shift
    deadline=$(( $(uptime_ms) + limit * 1000 ))
    while ! output=$("$@" 2>&1); do
        if [ "$(uptime_ms)" -ge $deadline ]; then
            echo "$output"
            fail "not within $limit s: $*"
        fi
        usleep 50000
    done
}

# Uptime in milliseconds.
uptime_ms() {
    local s
    read -r s _ </proc/uptime
    echo $(( 10#${s%.*} * 1000 + 10#${s#*.} * 10 ))
}

# check TEXT COMMAND...: COMMAND must succeed now.
check() {
    local text=$1 output
    shift
    output=$("$@" 2>&1) || { echo "$output"; fail "$text"; }
}

# check_fails TEXT COMMAND...
check_fails() {
    local text=$1
    shift
    if "$@" >/dev/null 2>&1; then fail "$text"; fi
}

equal() { [ "$1" = "$2" ] || { echo "\"$1\" is not \"$2\""; return 1; }; }
contains() { case $1 in *"$2"*) ;; *) echo "\"$1\" lacks \"$2\""; return 1 ;; esac; }
at_least() { [ "$1" -ge "$2" ] || { echo "$1 is less than $2"; return 1; }; }
at_most() { [ "$1" -le "$2" ] || { echo "$1 is more than $2"; return 1; }; }
exists() { [ -e "/sys/class/net/$1" ] || { echo "no network device $1"; return 1; }; }
absent() { [ ! -e "/sys/class/net/$1" ] || { echo "network device $1 is there"; return 1; }; }

# The NIC.

# nic_load [KNOB=VALUE...]: README.md has the knobs. The driver is $PERSONALITY, by default mlx5.
nic_load() { insmod /host/simnic.ko ${PERSONALITY:+personality=$PERSONALITY} "$@" || fail "the NIC's module does not load"; }
nic_unload() { rmmod simnic || fail "the NIC's module does not unload"; }

# PCI address of PF $1.
pf_pci() { printf '0000:%02x:00.0\n' $(( $1 + 1 )); }
pf_port() { echo $(( $1 % 2 )); }
uplink() { echo "enp$(( $1 + 1 ))s0np$(pf_port "$1")"; }
rep() { echo "enp$(( $1 + 1 ))s0npf$(pf_port "$1")vf$2"; }
vf() { echo "enp$(( $1 + 1 ))s0v$2"; }
vf_pci() { basename "$(readlink "/sys/bus/pci/devices/$(pf_pci "$1")/virtfn$2")"; }
# driver_of PCI: its driver, or "none".  lag_state PF: what mlx5 says of its VF-LAG.
driver_of() { basename "$(readlink "/sys/bus/pci/devices/$1/driver" || echo none)"; }
lag_state() { cat "/sys/kernel/debug/mlx5/$(pf_pci "$1")/lag/state"; }

nic_vfs() { echo "$2" >"/sys/bus/pci/devices/$(pf_pci "$1")/sriov_numvfs" || fail "PF $1 does not make $2 VFs"; }
nic_mode() { devlink dev eswitch set "pci/$(pf_pci "$1")" mode "$2"; }
nic_switchdev() { local p; for p; do nic_mode "$p" switchdev || fail "PF $p does not enter switchdev mode"; done; }
nic_legacy() { local p; for p; do nic_mode "$p" legacy || fail "PF $p does not enter legacy mode"; done; }
# nic_knob PF NAME VALUE: see nic/knobs.c.
nic_knob() { echo "$3" >"/sys/kernel/debug/simnic/$(pf_pci "$1")/$2" || fail "knob $2 of PF $1"; }
nic_multiport() { devlink dev param set "pci/$(pf_pci "$1")" name esw_multiport value "$2" cmode runtime; }

# nic_up VFS [PF...]: loads the NIC; each PF (default 0 and 1) in switchdev mode with so many VFs, uplink and wire up.
nic_up() {
    local n=$1 p
    shift
    [ $# -gt 0 ] || set -- 0 1
    [ -d /sys/module/simnic ] || nic_load
    for p; do
        nic_switchdev "$p"
        # Some drivers make VFs only while it is up.
        ip link set "$(uplink "$p")" up
        nic_vfs "$p" "$n"
        wire_up "$p"
    done
}

# representors [PF...]: the network devices that stand for functions of these PFs (default: of all), as the kernel has them.
representors() {
    local dev pf
    for dev in /sys/class/net/*; do
        is_representor "${dev##*/}" || continue
        [ $# -gt 0 ] || echo "${dev##*/}"
        for pf; do
            [ ! "$dev/device" -ef "/sys/bus/pci/devices/$(pf_pci "$pf")" ] || echo "${dev##*/}"
        done
    done
}
is_representor() {
    local name
    # Where there is no such name, reading it says so.
    { read -r name <"/sys/class/net/$1/phys_port_name"; } 2>/dev/null || return 1
    case $name in *pf[0-9]*) ;; *) return 1 ;; esac
}

# counter DEV NAME: one of "ethtool -S": {sw,hw}_{rx,tx}_{packets,bytes}, dropped, rules.
counter() { ethtool -S "$1" | sed -n "s/^ *$2: //p"; }
count_all() { local d; for d; do echo "$d: $(ethtool -S "$d" | sed -n 's/^ *\([sh]w_[rt]x_packets\|rules\|dropped\): /\1=/p' | tr '\n' ' ')"; done; }

# The host's set-up: sriov.conf, from standard input, and ovs-sriov, as on a host.

sriov_conf() { mkdir -p /etc/openvswitch; cat >/etc/openvswitch/sriov.conf; }
sriov() { env -u OVS_SYSCONFDIR ovs-sriov "$@"; }

# vfio_bind PCI: has vfio-pci take a function, as for a VM.  vfio_open PCI: as the VM does, until vfio_close.
vfio_bind() {
    echo "$1" >"/sys/bus/pci/devices/$1/driver/unbind"
    echo vfio-pci >"/sys/bus/pci/devices/$1/driver_override"
    echo "$1" >/sys/bus/pci/drivers_probe
}
vfio_open() {
    local group
    group=$(basename "$(readlink "/sys/bus/pci/devices/$1/iommu_group")") || fail "the guest has no IOMMU"
    exec 7<>"/dev/vfio/$group"
}
vfio_close() { exec 7<&-; }

# Ends of the traffic.

# new_netns NAME: without IPv6, whose neighbour discovery would be among the packets that software is seen to handle,
# unless $IPV6 is set.
new_netns() {
    ip netns add "$1"
    [ -n "${IPV6:-}" ] || ip netns exec "$1" sh -c 'echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6'
}

# vf_up PF VF: moves the VF's network device to a namespace and gives it its address.
vf_up() {
    local ns=vf$1.$2 dev
    dev=$(vf "$1" "$2")
    [ -e "/run/netns/$ns" ] || new_netns "$ns"
    ip link set "$dev" netns "$ns"
    ip -n "$ns" link set lo up
    ip -n "$ns" link set "$dev" up ${VF_MTU:+mtu $VF_MTU}
    ip -n "$ns" addr add "$(vf_ip "$1" "$2")/16" dev "$dev"
}
vf_ip() { echo "10.0.$(( $1 + 1 )).$(( $2 + 1 ))"; }
wire_up() {
    local ns=wire$1
    [ -e "/run/netns/$ns" ] || new_netns "$ns"
    ip link set "wire$1" netns "$ns"
    ip -n "$ns" link set lo up
    ip -n "$ns" link set "wire$1" up ${VF_MTU:+mtu $VF_MTU}
    ip -n "$ns" addr add "$(wire_ip "$1")/16" dev "wire$1"
}
wire_ip() { echo "10.0.0.$(( $1 + 1 ))"; }

# pings NAMESPACE ADDRESS [COUNT [OPTION...]]: all must be answered, and one before them.
pings() {
    local from=$1 to=$2 n=${3:-3}
    shift $(( $# < 3 ? 2 : 3 ))
    # One alone, since it may have to wait for ovs-vswitchd to make a flow.  If the next one came meanwhile, two CPUs could see a
    # new connection at once, and conntrack drops one of two such ICMP packets; openvswitch has it run in every namespace
    # (net/netfilter/nf_conncount.c, nf_conncount_init()).
    ip netns exec "$from" ping -n -c 1 -W 2 "$@" "$to" || return 1
    # One more than are counted, since ping waits for the last one no longer than twice the longest round trip.
    equal "$(ip netns exec "$from" ping -n -c $(( n + 1 )) -i 0.01 -W 2 "$@" "$to" |
             sed -n 's/.* icmp_seq=\([0-9]*\) ttl=.*/\1/p' | sort -nu | head -n "$n")" "$(seq "$n")"
}

# traffic_start NAMESPACE ADDRESS: pings until traffic_stop, answered or not, also while the namespace comes and goes.
traffic_start() {
    (while :; do ip netns exec "$1" ping -q -c 20 -i 0.01 -W 0.1 "$2" >/dev/null 2>&1 || usleep 10000; done) &
    traffic_pid=$!
}
traffic_stop() {
    kill "$traffic_pid"
    wait "$traffic_pid" 2>/dev/null || :
}

# tcp_stream FROM-NAMESPACE TO-NAMESPACE TO-ADDRESS MEGABYTES [PORT [CONNECTIONS]]
tcp_stream() {
    local port=${5:-5201} log=/tmp/iperf.$$.$BASHPID server
    ip netns exec "$2" iperf3 -s -1 -p "$port" >"$log.server" 2>&1 &
    server=$!
    wait_until 10 ip netns exec "$2" sh -c "netstat -ltn | grep -q ':$port '"
    # Not "timeout ip": busybox would run its own "ip".
    ip netns exec "$1" timeout 120 iperf3 -c "$3" -p "$port" -P "${6:-1}" -n "$4M" >"$log" 2>&1 || { cat "$log"; fail "TCP $1 -> $2"; }
    wait $server || :
}

# expect_offloaded FROM-NS TO-NS ADDRESS IN-PORT OUT-PORT [PINGS]: pings from FROM-NS to ADDRESS, which is in TO-NS, go
# through IN-PORT and OUT-PORT of the NIC in hardware, both ways, and software sees next to nothing.
expect_offloaded() {
    local from=$1 to=$2 address=$3 in=$4 out=$5 n=${6:-100} in_hw in_sw out_hw out_sw
    wait_until 20 pings "$from" "$address" 2
    # The first frames of each direction go through software, until the flow is in the NIC.
    wait_until 10 settled "$from" "$address" "$in" "$out"
    in_hw=$(counter "$in" hw_rx_packets) in_sw=$(counter "$in" sw_rx_packets)
    out_hw=$(counter "$out" hw_rx_packets) out_sw=$(counter "$out" sw_rx_packets)
    check "ping $from -> $address loses packets" pings "$from" "$address" "$n"
    in_hw=$(( $(counter "$in" hw_rx_packets) - in_hw )) in_sw=$(( $(counter "$in" sw_rx_packets) - in_sw ))
    out_hw=$(( $(counter "$out" hw_rx_packets) - out_hw )) out_sw=$(( $(counter "$out" sw_rx_packets) - out_sw ))
    say "$n pings $from -> $to: $in hw $in_hw sw $in_sw, $out hw $out_hw sw $out_sw"
    check "$in: not in hardware" at_least $in_hw "$n"
    check "$out: not in hardware" at_least $out_hw "$n"
    # A renewed ARP entry is all that may show up.
    check "$in: software sees packets" at_most $in_sw 4
    check "$out: software sees packets" at_most $out_sw 4
}
# settled FROM-NS ADDRESS DEV...: pings that software sees nothing of at any DEV.
settled() {
    local from=$1 address=$2 before after
    shift 2
    before=$(sw_seen "$@")
    pings "$from" "$address" 3 || return 1
    after=$(sw_seen "$@")
    equal "$after" "$before"
}
sw_seen() { local d; for d; do counter "$d" sw_rx_packets; done; }

# expect_software FROM-NS ADDRESS IN-PORT [PINGS]: the pings are answered, and each passes through software.
expect_software() {
    local n=${4:-50} hw sw
    wait_until 20 pings "$1" "$2" 2
    hw=$(counter "$3" hw_rx_packets) sw=$(counter "$3" sw_rx_packets)
    check "ping $1 -> $2 loses packets" pings "$1" "$2" "$n"
    hw=$(( $(counter "$3" hw_rx_packets) - hw )) sw=$(( $(counter "$3" sw_rx_packets) - sw ))
    say "$n pings $1 -> $2: $3 hw $hw sw $sw"
    check "$3: in hardware" equal $hw 0
    check "$3: not in software" at_least $sw "$n"
}

# Open vSwitch.

# start_vswitchd: the daemon alone, on the database that runs already.
start_vswitchd() {
    # OVS 3.1 counts no CPU at all within ten seconds of boot and then runs without handlers; a time namespace makes the
    # machine older.
    ${clock-unshare --time --monotonic 1000 --boottime 1000 -f --} "$ovs_dir/ovs-vswitchd" --detach --no-chdir \
        --pidfile=/run/ovs/ovs-vswitchd.pid --log-file=/run/ovs/ovs-vswitchd.log -vconsole:off ${VSWITCHD_OPTIONS:-} \
        "unix:/run/ovs/db.sock" || fail "ovs-vswitchd does not start: $(tail -n 3 /run/ovs/ovs-vswitchd.log)"
    wait_until 10 ovs-appctl -t ovs-vswitchd version
}

# real_clock: has ovs-vswitchd started by the machine's own clock, once that is old enough.  By the other one flows of the
# kernel's datapath have been idle for long, and go at the next revalidation.
real_clock() { wait_until 60 old_enough; clock=; }
old_enough() { at_least "$(uptime_ms)" 20000; }

# start_ovs [DIR]: a fresh database, ovsdb-server and ovs-vswitchd from DIR (default: the OVS under test).
start_ovs() {
    ovs_dir=${1:-${PATH%%:*}}
    PATH=$ovs_dir:/bin:/sbin
    rm -rf /run/ovs
    mkdir -p /run/ovs
    ovsdb-tool create /run/ovs/conf.db "$ovs_dir/vswitch.ovsschema" || fail "no database"
    ovsdb-server --detach --no-chdir --pidfile=/run/ovs/ovsdb-server.pid --log-file=/run/ovs/ovsdb-server.log \
        -vconsole:off --remote=punix:/run/ovs/db.sock /run/ovs/conf.db || fail "ovsdb-server does not start"
    ovs-vsctl --no-wait init
    start_vswitchd
    ovs-vsctl --timeout=20 init || fail "ovs-vswitchd does not answer"
}
start_ovs_stock() { start_ovs /opt/stock; }
# start_ovs_stock_offloading: with what the how-to sets.
start_ovs_stock_offloading() {
    start_ovs_stock
    vsctl set Open_vSwitch . other_config:hw-offload=true other_config:tc-policy=skip_sw
    stop_vswitchd
    start_vswitchd
}

# stop_pid FILE: ends the process and waits until it is gone.
stop_pid() {
    local pid
    pid=$(cat "$1" 2>/dev/null) || return 0
    kill "$pid" 2>/dev/null || return 0
    wait_until 20 gone "$pid"
}
gone() { ! kill -0 "$1" 2>/dev/null; }
stop_vswitchd() { stop_pid /run/ovs/ovs-vswitchd.pid; }
stop_ovs() {
    ovs-appctl -t ovs-vswitchd exit --cleanup >/dev/null 2>&1 || :
    stop_vswitchd
    stop_pid /run/ovs/ovsdb-server.pid
}

vsctl() { ovs-vsctl --timeout=20 "$@"; }
other_config() { vsctl get Open_vSwitch . other_config; }
# hw_flows: offloaded datapath flows with names.
hw_flows() { ovs-appctl dpctl/dump-flows --names type=offloaded; }
# hw_flow IN OUT: the offloaded flow's line from one port to the other, with packets.
hw_flow() { hw_flows | grep "in_port($1)" | grep "actions:[^ ]*$2" | grep -v "packets:0," | grep .; }
is_port() { vsctl list-ports "$1" | grep -qx "$2"; }
not_port() { ! vsctl list-ports "$1" | grep -qx "$2"; }
# of_port NAME: has the interface an OpenFlow port number?
of_port() { local n; n=$(vsctl get Interface "$1" ofport) && at_least "$n" 1; }

# bridge_up [PF...]: a fresh Open vSwitch, which must be ours, and bridge br0 with the uplinks of these PFs (default: 0).
bridge_up() {
    local p ports=()
    [ $# -gt 0 ] || set -- 0
    start_ovs
    need_patched
    for p; do ports+=(-- add-port br0 "$(uplink "$p")"); done
    vsctl add-br br0 "${ports[@]}"
}

# vfs_up PF VF...: once their representors are ports.
vfs_up() {
    local p=$1 v
    shift
    for v; do wait_until 20 of_port "$(rep "$p" "$v")"; done
    for v; do vf_up "$p" "$v"; done
}

# agrees BRIDGE [PF...]: the representors that the kernel has for these PFs (default: for all) are what OVSDB, the datapath
# and sriov/show have, all in BRIDGE, once, up, each with an OpenFlow port of its own; and no port there lacks its device.
agrees() {
    local bridge=$1 kernel interfaces dev
    shift
    kernel=$(representors "$@" | sort)
    the_same "representors in the kernel" "$kernel" "ports of $bridge" "$(representor_ports "$bridge" | sort)" || return 1
    the_same "interfaces in OVSDB" "$(for dev in $(vsctl list-br); do vsctl list-ifaces "$dev"; done | sort)" \
        "ports in the datapath" "$(ovs-appctl dpctl/show | sed -n '/(internal)/d;s/^ *port [0-9]*: //p' | sort)" || return 1
    interfaces=$(ofports "$bridge")
    ! grep -v ' [1-9][0-9]*$' <<<"$interfaces" || { echo "^ no OpenFlow port"; return 1; }
    ! cut -d' ' -f2 <<<"$interfaces" | sort | uniq -d | grep . || { echo "^ the OpenFlow port of two"; return 1; }
    the_same "what there is" "$(awk -v bridge="$bridge" 'NR == FNR { is[$1]; next } $1 in is { print $0, bridge, "up" }' \
                                    <(echo "$kernel") <(echo "$interfaces") | sort)" "sriov/show" "$(shown "$@" | sort)" || return 1
    for dev in $kernel; do
        equal "$dev $(<"/sys/class/net/$dev/operstate")" "$dev up" || return 1
        [ "/sys/class/net/$dev/master" -ef /sys/class/net/ovs-system ] || { echo "$dev is not in the datapath"; return 1; }
    done
}
the_same() { [ "$2" = "$4" ] || { printf '%s:\n%s\n%s:\n%s\n' "$@"; return 1; }; }
# What of a bridge is a representor, or no device at all.
representor_ports() {
    local dev
    for dev in $(vsctl list-ifaces "$1"); do
        if [ ! -e "/sys/class/net/$dev" ] || is_representor "$dev"; then echo "$dev"; fi
    done
}
# Has a bridge so many representors as ports?
rep_ports() { equal "$(representor_ports "$1" | wc -l)" "$2"; }
# ofports BRIDGE: its interfaces, each with its OpenFlow port.
ofports() {
    awk 'NR == FNR { is[$1]; next } $1 in is' <(vsctl list-ifaces "$1") \
        <(vsctl --format=csv --no-headings --columns=name,ofport list Interface | tr -d '"' | tr , ' ')
}
# shown [PF...]: representors in sriov/show, and ports of ours whose device is gone: name, OpenFlow port, bridge, state.
shown() {
    local pf
    [ $# -gt 0 ] || set -- ""
    for pf; do
        ovs-appctl sriov/show --json ${pf:+"$(pf_pci "$pf")"} \
            | awk -F'[":, ]+' '{ v[$2] = $3 } /^ *[{]$/ { split("", v) } /"status"/ { print v["netdev"], v["ofport"], v["bridge"], v["state"] }'
    done
}

# Does the OVS under test carry the module?
need_patched() { ovs-appctl sriov/show >/dev/null || fail "the OVS under test has no sriov/show"; }
# Open vSwitch complains of a round of its main loop that takes a second. An emulated machine may need longer: up to so
# many ms, such lines are left out.
poll_interval_limit=5000
# log_trouble [PATTERN]: the daemon's log lines of WARN and worse, without those about a machine that is slow within
# $poll_interval_limit, a kernel that lacks a feature, and PATTERN.
log_trouble() {
    grep -E '\|(WARN|ERR|EMER)\|' "$vswitchd_log" \
        | awk -v limit=$poll_interval_limit '
            match($0, /(Unreasonably long|blocked) [0-9]+/) { n = split(substr($0, RSTART, RLENGTH), w, " "); long = w[n] > limit + 0 }
            !/[|](timeval|ovs_rcu)[|(]/ || long' \
        | grep -v -e 'recirc_id sharing' -e "${1:-nothing else}" || :
}
# longest_poll_interval [LINE]: of what the log has from this line on, in ms; 1000 if there was none longer.
longest_poll_interval() {
    tail -n "+${1:-1}" "$vswitchd_log" | sed -n 's/.*Unreasonably long \([0-9]*\)ms poll interval.*/\1/p' \
        | { echo 1000; cat; } | sort -n | tail -n 1
}
# quiet_log: fails if the daemon still has something to complain about, or has said a thing more than three times.
quiet_log() {
    local n lines
    n=$(log_trouble | wc -l)
    # Comes back when all is configured once more.
    vsctl set Open_vSwitch . external_ids:quiet-log="$n"
    check "the log goes on" equal "$(log_trouble | tail -n "+$(( n + 1 ))")" ""
    # Open vSwitch says of a port whose device is away that it is, each time that it looks; so it does of one that was renamed, until
    # the module knows, and a slow machine looks more often until then.
    lines=$(log_trouble 'could not open network device .* (No such device)' | cut -d'|' -f3- | sort | uniq -c | awk '$1 > (/failed to add .* as port: File exists/ ? 8 : 3)')
    [ -z "$lines" ] || { echo "$lines"; fail "the log repeats itself"; }
}
# names_watch: notes from now on which interfaces come to the database and go; names_seen ends it.
# Lines of /tmp/names: row, "initial", "insert" or "delete", name.
names_watch() {
    rm -f /tmp/names
    ovsdb-client --format=csv --no-headings monitor unix:/run/ovs/db.sock Open_vSwitch Interface name >/tmp/names 2>&1 &
    names_pid=$!
    wait_until 10 grep -q initial /tmp/names
}
names_seen() {
    kill $names_pid
    wait $names_pid || :
}
# Sessions that ovsdb-server has: one is ovs-vswitchd's own.
db_sessions() { ovs-appctl -t ovsdb-server memory/show | sed -n 's/.*sessions:\([0-9]*\).*/\1/p'; }

# udev, which runs in the scenarios only that start it.

# udev_start: as on any Debian host, it names what is there already, too.
udev_start() {
    # Debian's rules name groups that are not here.
    SYSTEMD_LOG_LEVEL=err /lib/systemd/systemd-udevd --resolve-names=never >&2 &
    echo $! >/run/udevd.pid
    wait_until 20 udevadm control --ping
    udevadm trigger --action=add --subsystem-match=net --subsystem-match=pci
    udev_settle
}
udev_settle() { check "udev does not settle" udevadm settle --timeout=60; }
udev_stop() {
    stop_pid /run/udevd.pid
    rm -rf /run/udev /run/udevd.pid
}
# udev_reload: has it read its rules. Of a message that comes between its accept() and SO_PASSCRED it thinks that the sender is
# not root, and leaves it out (systemd 252, src/udev/udev-ctrl.c): so it is told more than once.
udev_reload() { local i; for i in 1 2 3; do udevadm control --reload; done; }
# udev_rules: what there is on standard input become its rules.
udev_rules() {
    cat >/etc/udev/rules.d/70-scenario.rules
    [ ! -e /run/udev/control ] || udev_reload
}

# Frame of a scenario.

scenario_begin() { scenario_clean || fail "the machine was not clean"; }
scenario_end() { say passed; }

# Everything that a scenario may have left, taken down in the order of who uses what.
scenario_clean() {
    local ns dev p
    stop_ovs 2>/dev/null
    udev_stop
    rm -rf /etc/udev/rules.d/* /etc/systemd/network/* /etc/openvswitch/sriov.conf* /run/ovs-sriov.* /run/ovs/conf.db
    for p in /run/netns/*; do
        [ -e "$p" ] || continue
        ns=${p##*/}
        ip netns pids "$ns" | xargs -r kill -9 2>/dev/null
        ip netns del "$ns"
    done
    ! ovs-dpctl dump-dps 2>/dev/null | grep -q . || ovs-dpctl del-dp "$(ovs-dpctl dump-dps | head -n 1)"
    for dev in /sys/class/net/*/bonding /sys/class/net/*/bridge; do
        [ -e "$dev" ] || continue
        dev=${dev%/*}
        ip link del "${dev##*/}"
    done
    if [ -d /sys/module/simnic ]; then
        # The namespaces' devices come back asynchronously.
        nic_unload
    fi
    for dev in /sys/class/net/*; do
        case ${dev##*/} in lo|bonding_masters) ;; *) ip link del "${dev##*/}" 2>/dev/null || echo "left over: $dev" ;; esac
    done
    return 0
}

# What helps to see why a scenario failed.
scenario_evidence() {
    set -x
    ip -d link show
    devlink dev eswitch show pci/0000:01:00.0
    devlink port show
    timeout 5 ovs-vsctl --timeout=3 show
    timeout 5 ovs-appctl -T 3 dpctl/dump-flows -m
    timeout 5 ovs-appctl -T 3 sriov/show
    timeout 5 ovs-appctl -T 3 sriov/why --all
    for dev in /sys/class/net/*; do ethtool -S "${dev##*/}" 2>/dev/null && tc -s filter show dev "${dev##*/}" ingress; done
    ip netns list
    ps
}

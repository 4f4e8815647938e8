# What the scripts on the host share; sourced by them, with $build set to the folder of the guests' parts.
# shellcheck shell=bash disable=SC2034,SC2154

guest_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Kernel modules that a guest loads when it boots.
guest_modules="virtio_pci 9p 9pnet_virtio openvswitch vport_vxlan vport_geneve bonding team team_mode_activebackup 8021q veth
               dummy tun nfnetlink nfnetlink_cttimeout cls_flower cls_matchall cls_basic sch_ingress sch_htb act_mirred act_vlan act_gact act_pedit act_csum act_tunnel_key
               act_police act_skbedit act_ct act_mpls nf_conntrack nf_nat vfio-pci"

# What a guest has of the Open vSwitch under test.
ovs_programs="ovsdb/ovsdb-server ovsdb/ovsdb-tool ovsdb/ovsdb-client vswitchd/ovs-vswitchd utilities/ovs-vsctl
              utilities/ovs-appctl utilities/ovs-ofctl utilities/ovs-dpctl"
# Beside the programs: the schema, and what the distribution's Open vSwitch has not.
ovs_files="vswitchd/vswitch.ovsschema utilities/ovs-sriov utilities/sriov/data/60-ovs-sriov.rules"

die() { echo "guest: $*" >&2; exit 1; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# need_program PROGRAM PACKAGE: installs PACKAGE when the machine lacks PROGRAM.
need_program() {
    command -v "$1" >/dev/null && return 0
    echo "guest: installing $2 (for $1)"
    { as_root apt-get update -qq; as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2"; } \
        >"$build/install-$2.log" 2>&1 \
        || die "cannot install $2, see $build/install-$2.log: install it by hand and run this again"
}

# apt_own STATUS PROGRAM ARGUMENT...: apt with a state of its own, so that neither its lists nor its cache touch the
# machine's.  STATUS is the dpkg status that it goes by: with an empty one it fetches the whole closure.
apt_own() {
    mkdir -p "$build/apt/cache/archives/partial" "$build/apt/lists/partial"
    # APT::Sandbox: the download user "_apt" may not be able to reach the build folder.
    "$2" -o Dir::State::status="$1" -o Dir::State::lists="$build/apt/lists" \
        -o Dir::State::extended_states="$build/apt/extended_states" -o Dir::Cache="$build/apt/cache" -o Debug::NoLocking=1 \
        -o APT::Sandbox::User=root -o APT::Install-Recommends=false "${@:3}"
}

# What fetch.sh unpacks: $root, the programs; $loader, what runs one of them on this machine with the libraries that it
# came with.
use_unpacked() {
    root=$build/root
    loader=("$root/lib64/ld-linux-x86-64.so.2" --library-path "$root/lib/x86_64-linux-gnu:$root/usr/lib/x86_64-linux-gnu")
}

# What it leaves when it is done: these, the kernel's $release and its $headers.
use_fetched() {
    [ -s "$build/fetched" ] || die "$build holds no kernel: run tests/guest/fetch.sh"
    use_unpacked
    release=$(sed -n 2p "$build/fetched")
    headers=$build/kernel/lib/modules/$release/build
}

# build_nic: the simulated NIC's module, out of tree, as $build/simnic.ko; make itself sees whether anything changed.
build_nic() {
    local source library cc
    mkdir -p "$build/nic"
    for source in "$guest_dir"/nic/*; do
        cmp -s "$source" "$build/nic/${source##*/}" || cp "$source" "$build/nic/"
    done
    # objtool wants libelf, which this machine may not have; of the unpacked libraries it gets no more than that.
    mkdir -p "$build/hostlib"
    for library in libelf.so.1 libz.so.1 libzstd.so.1; do
        ln -sf "$(find "$root/lib" "$root/usr/lib" -name "$library" 2>/dev/null | head -n 1)" "$build/hostlib/$library"
    done
    # The compiler that the kernel was built with if it is here, else any.
    cc=$(sed -n 's/^CC *=.*\(gcc-[0-9]*\)$/\1/p' "$headers/.kernelvariables" 2>/dev/null || :)
    command -v "${cc:-none}" >/dev/null || cc=gcc
    LD_LIBRARY_PATH=$build/hostlib make -s -C "$headers" M="$build/nic" CC="$cc" modules >"$build/nic.log" 2>&1 \
        || die "the NIC's kernel module does not build, see $build/nic.log"
    strip --strip-debug -o "$build/simnic.ko" "$build/nic/simnic.ko"
}

# build_faults: what a scenario preloads for answers of the kernel to go wrong, as $build/faults.so.
build_faults() {
    [ "$build/faults.so" -nt "$guest_dir/faults.c" ] \
        || gcc -O2 -Wall -shared -fPIC -o "$build/faults.so" "$guest_dir/faults.c" -ldl >"$build/faults.log" 2>&1 \
        || die "faults.c does not build, see $build/faults.log"
}

# run_depmod FOLDER: for the kernel's modules below FOLDER.
run_depmod() { (exec -a depmod "${loader[@]}" --argv0 depmod "$root/bin/kmod" -b "$1" "$release"); }

# modules_of MODULE...: the files of these kernel modules, each after those that it depends on.
modules_of() {
    local module
    if [ ! -e "$build/kernel/lib/modules/$release/modules.dep" ]; then
        "${loader[@]}" "$root/bin/kmod" --version >/dev/null || die "kmod does not run: remove $build and run this again"
        run_depmod "$build/kernel" 2>"$build/depmod.log" || die "depmod failed, see $build/depmod.log"
    fi
    for module; do
        "${loader[@]}" --argv0 modprobe "$root/bin/kmod" -d "$build/kernel" -S "$release" --show-depends "$module" 2>/dev/null \
            || echo "missing $module"
    done >"$build/modules.list"
    if grep '^missing' "$build/modules.list" >/dev/null; then
        die "the kernel has no module $(sed -n 's/^missing //p' "$build/modules.list" | tr '\n' ' '): see $build/modules.list"
    fi
    sed -n 's/^insmod \([^ ]*\).*/\1/p' "$build/modules.list" | awk '!seen[$0]++'
}

# pack FOLDER FILE: an initramfs.
pack() {
    (cd "$1" && find . | "$root/bin/busybox" cpio -o -H newc) >"$2" 2>"$build/cpio.log" \
        || die "cannot write the initramfs, see $build/cpio.log: is the disk full?"
}

# modules_into TREE: all of the kernel's modules, for a Debian root on a disk; no devices that nobody asked for.
modules_into() {
    local modules=$1/lib/modules/$release
    rm -rf "$1/lib/modules"
    mkdir -p "$modules"
    cp -a "$build/kernel/lib/modules/$release"/{kernel,modules.order,modules.builtin,modules.builtin.modinfo} "$modules/"
    run_depmod "$1"
    # The NIC's functions are QEMU's NVMe disks, which are not wanted as such.
    printf '%s\n' 'blacklist nvme' 'options bonding max_bonds=0' 'options dummy numdummies=0' >"$1/etc/modprobe.d/guest.conf"
}

# disk_initramfs FOLDER [MODULE [ARGUMENT...]]: FOLDER/initramfs, which mounts the disk and the share, in /host, and goes on with
# the disk's /sbin/init.  MODULE is one in $build that comes first.
# Debian's own initramfs does the same, after a minute of unpacking.
disk_initramfs() {
    local image=$1/image files file
    rm -rf "$image"
    mkdir -p "$image"/{bin,dev,host,modules,proc,root,sys}
    cp "$root/bin/busybox" "$image/bin/"
    ln -s busybox "$image/bin/sh"
    files=$(modules_of virtio_pci virtio_blk ext4 9p 9pnet_virtio)
    for file in $files; do
        cp "$file" "$image/modules/"
        echo "${file##*/}" >>"$image/modules/order"
    done
    if [ $# -gt 1 ]; then
        cp "$build/$2" "$image/modules/"
        echo "${*:2}" >>"$image/modules/order"
    fi
    cat >"$image/init" <<'END'
#!/bin/sh
busybox mount -t devtmpfs dev /dev
while read -r module; do busybox insmod /modules/$module; done </modules/order
busybox mount -t ext4 /dev/vda /root || exec sh
busybox mkdir -p /root/host
busybox mount -t 9p -o trans=virtio,version=9p2000.L,msize=131072 host /root/host
busybox mount -o move /dev /root/dev
exec busybox switch_root /root /sbin/init "$@"
END
    chmod 755 "$image/init"
    pack "$image" "$1/initramfs"
    rm -rf "$image"
}

# start_qemu VFS CARDS SHARE KERNEL-ARGUMENTS [ARGUMENT...]: boots a guest with the NIC's PCI functions in the background and
# sets $qemu_pid.  Its console is SHARE/console.log, its second serial port SHARE/report, SHARE its share "host".
# With $icount=1 the guest has one CPU, of which an instruction takes 4 ns of its clock, whatever else this machine does: what it
# measures are instructions.  $icount_as are other options of QEMU's -icount.
icount=0
icount_as=shift=2,sleep=off
start_qemu() {
    local n=$1 cards=$2 share=$3 append=$4 i devices=() accel=(-accel tcg,thread=multi -smp 2)
    [ $icount = 0 ] || accel=(-accel tcg,thread=single -icount "$icount_as" -smp 1)
    shift 4
    # Only NVMe functions have SR-IOV in QEMU's own model collection.  Each PF sits below a root port of its own: the
    # first VF of a PF follows it at once, so two PFs cannot share a bus.
    for ((i = 1; i <= 2 * cards; i++)); do
        devices+=(-device "pcie-root-port,id=rp$i,slot=$i,chassis=$i" -device "nvme-subsys,id=ss$i"
                  -device "nvme,serial=nic$i,subsys=ss$i,bus=rp$i,sriov_max_vfs=$n,sriov_vq_flexible=$((2 * n)),sriov_vi_flexible=$n,max_ioqpairs=$((2 * n + 2)),msix_qsize=$((n + 1))")
    done
    # KVM is left aside: where it is nested it may hang, and emulation is quick enough.
    qemu-system-x86_64 -machine q35 "${accel[@]}" -cpu max -m 2048 -nodefaults -no-user-config \
        -display none -vga none -no-reboot -monitor none -serial "file:$share/console.log" \
        -serial "file:$share/report" -kernel "$build/vmlinux" \
        -append "console=ttyS0 panic=-1 mitigations=off nowatchdog rcupdate.rcu_cpu_stall_suppress=1 $append" \
        "${devices[@]}" "$@" \
        -fsdev "local,id=host,path=$share,security_model=none" -device virtio-9p-pci,fsdev=host,mount_tag=host \
        </dev/null >"$share/qemu.log" 2>&1 9>&- &
    qemu_pid=$!
}

# guest_seconds: how much of this machine's time the guest's two CPUs had, in seconds.
guest_seconds() {
    local stat fields
    stat=$(cat "/proc/$qemu_pid/stat" 2>/dev/null) || { echo 0; return; }
    # After the name, which may hold spaces: proc(5), fields 14 and 15 of the line.
    read -ra fields <<<"${stat##*) }"
    echo $(((fields[11] + fields[12]) / $(getconf CLK_TCK)))
}

# wait_event SHARE SECONDS: waits until the guest reports an event, a line that starts with "@", and sets $event to it,
# without the "@", or to "died" or "hangs".  Shows what else it reports.  The caller's $seen, 0 for a new guest, is the number
# of lines that were seen.  A guest that this machine leaves little of its CPUs does not hang until it had SECONDS of them, or
# three times SECONDS are over.
wait_event() {
    local share=$1 limit=$2 started=$SECONDS had line
    had=$(guest_seconds)
    while :; do
        # Whole lines only.
        if [ "$(wc -l <"$share/report")" -gt "$seen" ]; then
            seen=$((seen + 1))
            line=$(sed -n "${seen}p" "$share/report")
            case $line in
            @*) event=${line#@}; return ;;
            *) printf '%s\n' "$line" ;;
            esac
        elif ! kill -0 "$qemu_pid" 2>/dev/null; then
            # The last lines may have come between the look at the file and the look at the process.
            [ "$(wc -l <"$share/report")" -gt "$seen" ] || { event=died; return; }
        elif [ $((SECONDS - started)) -gt "$limit" ] &&
            { [ $(($(guest_seconds) - had)) -gt "$limit" ] || [ $((SECONDS - started)) -gt $((3 * limit)) ]; }; then
            event=hangs
            return
        else
            sleep 0.2
        fi
    done
}

# stop_qemu: ends the guest at once, if it runs.
qemu_pid=
stop_qemu() {
    [ -n "$qemu_pid" ] || return 0
    kill -9 "$qemu_pid" 2>/dev/null || :
    wait "$qemu_pid" 2>/dev/null || :
    qemu_pid=
}

# about FILE: what a scenario shows, which its first comment says.
about() { sed -n '2{s/^# *//;p;q}' "$1"; }

# limit_in FILE SECONDS: how many seconds the scenario may take, by default SECONDS.
limit_in() { sed -n 's/^# limit: *\([0-9]*\)$/\1/p' "$1" | head -n 1 | grep . || echo "$2"; }

# result NAME ok|FAILED SECONDS [REASON]: a scenario's line, and the counts.
passed=0
failed=0
again=()                        # Those that failed.
result() {
    printf '%-28s %s (%s s)%s\n' "$1" "$2" "$3" "${4:+: $4}"
    if [ "$2" = ok ]; then passed=$((passed + 1)); else failed=$((failed + 1)) again+=("$1"); fi
}

# show_failure NAME SHARE: the end of what scenario NAME said.
show_failure() {
    if [ -s "$2/$1.log" ]; then
        tail -n 15 "$2/$1.log" | sed 's/^/    | /'
    fi
    echo "    logs: $2"
}

# summary: the last line; fails unless all of at least one passed.
summary() {
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}

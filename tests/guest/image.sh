#!/bin/bash
# Make what QEMU boots: the NIC's kernel module and an initramfs with the guest's programs and the built Open vSwitch.
#
#   tests/guest/image.sh [--build DIR] --ovs DIR
#
# DIR of --ovs is a built OVS tree.  In the guest, its programs are in /opt/ovs and the distribution's in /opt/stock.
# Needs what fetch.sh got; leaves $build/simnic.ko, $build/faults.so, $build/initramfs, and $build/initramfs.python with Python and ifupdown2 besides.
# Does nothing when nothing changed.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$here/../.." && pwd)/build/guest
ovs=
while [ $# -gt 0 ]; do
    case $1 in
    --build) build=$2; shift 2 ;;
    --ovs) ovs=$2; shift 2 ;;
    *) echo "usage: image.sh [--build DIR] --ovs DIR" >&2; exit 2 ;;
    esac
done

. "$here/common.sh"
use_fetched

for program in $ovs_programs $ovs_files; do
    [ -e "$ovs/$program" ] || die "$ovs/$program is missing: build Open vSwitch first (make)"
done

build_nic
build_faults

# Same inputs, same image.
signature=$(cd "$ovs" && stat -c '%n %s %Y' $ovs_programs $ovs_files && stat -c '%n %s %Y' "$here/image.sh" "$here/common.sh" "$here/init" "$build/fetched")
if [ -s "$build/initramfs" ] && [ "$(cat "$build/initramfs.from" 2>/dev/null)" = "$signature" ]; then
    exit 0
fi
echo "guest: making the guest's image"
rm -f "$build/initramfs.from"

image=$build/image
rm -rf "$image"
mkdir -p "$image"/{bin,dev,etc,lib/x86_64-linux-gnu,lib64,opt/ovs,opt/stock,proc,root,run,sys,tmp,var/run,host}
ln -s bin "$image/sbin"
mkdir -p "$image/usr"
for dir in bin sbin lib lib64; do ln -s "/$dir" "$image/usr/$dir"; done
ln -s /tmp "$image/var/tmp"

# Copies the libraries that program $1 names, from the unpacked root if it has them, else from this machine.
copy_libraries() {
    local name path
    while read -r name path; do
        [ -e "$image/lib/x86_64-linux-gnu/$name" ] && continue
        cp -L "$path" "$image/lib/x86_64-linux-gnu/$name"
    done < <({ "${loader[@]}" --list "$1" 2>/dev/null || die "cannot tell the libraries of $1"; } \
             | sed -n 's/^[[:space:]]*\([^ /]*\) => \(\/[^ ]*\) .*/\1 \2/p')
}

# copy_program SOURCE TARGET
copy_program() {
    # A sanitizer's reports are to name functions.
    if LC_ALL=C grep -qE '__[at]san_init' "$1" || ! strip -o "$2" "$1" 2>/dev/null; then
        cp -L "$1" "$2"
    fi
    chmod 755 "$2"
    copy_libraries "$1"
}

cp -L "$root/lib64/ld-linux-x86-64.so.2" "$image/lib64/"
# Not busybox's shell: it prefers its own "ip" to the one in PATH.
cp "$root/bin/busybox" "$image/bin/busybox"
for applet in $("$root/bin/busybox" --list); do
    case $applet in
    sh|ash|bash|hush|ip|tc|ping|ping6|modprobe|insmod|rmmod|lsmod|depmod|modinfo|unshare|busybox) ;;
    *) ln -s busybox "$image/bin/$applet" ;;
    esac
done
for program in bash ip tc bridge devlink ethtool ping kmod iperf3 tcpdump unshare udevadm teamnl teamd; do
    source=$(find "$root/bin" "$root/sbin" "$root/usr/bin" "$root/usr/sbin" -name "$program" 2>/dev/null | head -n 1)
    [ -n "$source" ] || die "$program is not among the fetched programs: remove $build and run this again"
    copy_program "$source" "$image/bin/$program"
done
ln -s bash "$image/bin/sh"
for program in modprobe insmod rmmod lsmod depmod modinfo; do ln -s kmod "$image/bin/$program"; done

# udev with Debian's rules and names; its helpers are for disks and the like.  Scenarios start it that want it.
mkdir -p "$image"/lib/systemd/network "$image"/lib/udev "$image"/etc/udev/rules.d
ln -s /bin/udevadm "$image/lib/systemd/systemd-udevd"
cp -r "$root/lib/udev/rules.d" "$image/lib/udev/"
cp "$root"/lib/systemd/network/*.link "$image/lib/systemd/network/"

for program in $ovs_programs; do
    copy_program "$ovs/$program" "$image/opt/ovs/${program##*/}"
done
cp "$ovs/vswitchd/vswitch.ovsschema" "$image/opt/ovs/"
copy_program "$ovs/utilities/ovs-sriov" "$image/bin/ovs-sriov"
cp "$ovs/utilities/sriov/data/60-ovs-sriov.rules" "$image/lib/udev/rules.d/"
for program in $ovs_programs; do
    name=${program##*/}
    source=$(find "$root/usr/lib/openvswitch-switch" "$root/usr/sbin" "$root/usr/bin" -type f -name "$name" | head -n 1)
    [ -n "$source" ] || die "the distribution's openvswitch-switch lacks $name: remove $build and run this again"
    copy_program "$source" "$image/opt/stock/$name"
done
cp "$root/usr/share/openvswitch/vswitch.ovsschema" "$image/opt/stock/"

# Kernel modules, each with what it depends on.
# Only there to be loaded.
on_demand="pktgen"
files=$(modules_of $guest_modules $on_demand)
for module in $files; do
    target=$image/lib/modules/${module##*/lib/modules/}
    mkdir -p "${target%/*}"
    cp "$module" "$target"
done
cp "$build/kernel/lib/modules/$release"/modules.{order,builtin,builtin.modinfo} "$image/lib/modules/$release/"
run_depmod "$image"

echo $guest_modules >"$image/etc/modules"
mkdir -p "$image/etc/modprobe.d"
# No devices that nobody asked for.
printf 'options %s\n' "bonding max_bonds=0" "dummy numdummies=0" >"$image/etc/modprobe.d/guest.conf"

cp "$here/init" "$image/init"
chmod 755 "$image/init"
# An empty resolv.conf and known users keep ovs-vswitchd and friends from warnings that mean nothing here.
: >"$image/etc/resolv.conf"
echo 'root:x:0:0:root:/root:/bin/sh' >"$image/etc/passwd"
echo 'root:x:0:' >"$image/etc/group"
echo '127.0.0.1 localhost' >"$image/etc/hosts"

pack "$image" "$build/initramfs"

# Python and Debian's ifupdown2, as a second archive behind the first one.
python=$build/python
added=$build/image-python
rm -rf "$added"
mkdir -p "$added"/{bin,lib,usr/share,etc,var/lib,var/log}
cp "$python"/usr/bin/python3.* "$added/bin/python3"
ln -s python3 "$added/bin/python"
cp -r "$python"/usr/lib/python3* "$added/lib/"
rm -rf "$added"/lib/python3.*/{test,idlelib,tkinter,turtledemo,ensurepip,lib2to3,pydoc_data,unittest,config-*}
cp -r "$python/usr/share/ifupdown2" "$added/usr/share/"
chmod 755 "$added/usr/share/ifupdown2/__main__.py"
cp -r "$python/etc/network" "$python/etc/default" "$root/etc/iproute2" "$added/etc/"
mkdir -p "$added/etc/iproute2/rt_tables.d"
for program in ifup ifdown ifreload ifquery; do ln -s /usr/share/ifupdown2/ifupdown2 "$added/bin/$program"; done
# It calls this path.
ln -s /opt/ovs/ovs-vsctl "$added/bin/ovs-vsctl"
ln -s /proc/self/mounts "$added/etc/mtab"
image=$added
mkdir -p "$image/lib/x86_64-linux-gnu"
copy_libraries "$image/bin/python3"
# What needs more libraries than Python itself is not needed.
for module in "$added"/lib/python3.*/lib-dynload/*.so; do
    if "${loader[@]}" --list "$module" | grep -Ev 'linux-vdso|ld-linux|lib(c|m|pthread|dl|z|expat)\.so' >/dev/null; then rm "$module"; fi
done
pack "$added" "$build/python.cpio"
cat "$build/initramfs" "$build/python.cpio" >"$build/initramfs.python"
rm -rf "$build/image" "$added" "$build/python.cpio"
echo "$signature" >"$build/initramfs.from"

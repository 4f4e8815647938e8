#!/bin/bash
# Download and unpack what the guest needs: Debian's kernel, its headers and a few programs.
#
#   tests/guest/fetch.sh [--build DIR]
#
# Nothing of it gets installed: the packages are unpacked with "dpkg -x" into DIR (default: build/guest at the top of
# the source tree), since the machine may be a production host.  Only QEMU is installed, if there is none at all.
# A second run returns at once unless the package list below has changed; remove DIR to get newer packages.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$here/../.." && pwd)/build/guest
while [ $# -gt 0 ]; do
    case $1 in
    --build) build=$2; shift 2 ;;
    *) echo "usage: fetch.sh [--build DIR]" >&2; exit 2 ;;
    esac
done

. "$here/common.sh"

# The kernel and its headers; the programs that the scenarios use; kmod for depmod and "modprobe --show-depends";
# util-linux for unshare; libteam-utils for teamnl and teamd; the distribution's own Open vSwitch to compare with; xz to unpack the
# kernel.
kernel_packages="linux-image-amd64 linux-headers-amd64"
program_packages="busybox-static bash iproute2 ethtool iputils-ping kmod iperf3 tcpdump util-linux"
program_packages+=" udev libteam-utils openvswitch-switch xz-utils"
# What guests with python=1 have besides: ifupdown2, which is Python, and what runs it.
python_packages="ifupdown2 python3"
python_wanted='^(ifupdown2|python3.*|libpython3.*|libexpat1|media-types)$'
# What these pull in and the guest has no use for.
unwanted='^(gcc|cpp|binutils|linux-compiler|initramfs|perl|libperl|debconf|libgcc-[0-9]+-dev|libasan|libtsan|liblsan'
unwanted+='|libubsan|libitm|libgomp|libquadmath|libisl|libmpc|libmpfr|libcc1|klibc|libklibc|dpkg|sysvinit|init-system'
unwanted+='|pciutils|apparmor|firmware|python|libpython|media-types|uuid-runtime|usrmerge|lsb-base|tar$|adduser'
unwanted+='|passwd|login|libpam|libfile-|libnumber-|libtext-|netbase|readline-common|libgprofng|libctf|libbinutils)'

[ "$(dpkg --print-architecture 2>/dev/null)" = amd64 ] || die "this needs a Debian amd64 machine: run it there"
command -v apt-get >/dev/null || die "apt-get is missing: run this on Debian"
command -v flock >/dev/null || die "flock is missing: apt-get install util-linux"

mkdir -p "$build"
build=$(cd "$build" && pwd)
# Whoever comes later finds it done.
exec 8>"$build/fetch.lock"
flock 8
need_program qemu-system-x86_64 qemu-system-x86
need_program gcc gcc
need_program make make

# With this status it fetches the whole closure, not just what the machine lacks.
mkdir -p "$build/apt"
: >"$build/apt/status"

want="$kernel_packages $program_packages $python_packages"
stamp=$build/fetched
# The headers hold the folder's name, so a folder that was moved is made anew.
if [ -e "$stamp" ] && [ "$(sed -n 1p "$stamp")" = "$want" ] && [ "$(sed -n 3p "$stamp")" = "$build" ]; then
    exit 0
fi
rm -f "$stamp"

echo "guest: fetching the kernel, its headers and the guest's programs (about 110 MB)"
apt_own "$build/apt/status" apt-get update -qq >"$build/apt.log" 2>&1 \
    || die "apt-get update failed, see $build/apt.log: check the network and the apt sources"
apt_own "$build/apt/status" apt-get install --simulate $want >"$build/apt.plan" 2>>"$build/apt.log" \
    || die "apt cannot find all packages, see $build/apt.log: check that the apt sources hold Debian's main"
debs=$(sed -n 's/^Inst \([^ ]*\) .*/\1/p' "$build/apt.plan" | grep -Ev "$unwanted")
apt_own "$build/apt/status" apt-get install --simulate $python_packages >"$build/apt.plan" 2>>"$build/apt.log" \
    || die "apt cannot find $python_packages, see $build/apt.log: check that the apt sources hold Debian's main"
python_debs=$(sed -n 's/^Inst \([^ ]*\) .*/\1/p' "$build/apt.plan" | grep -E "$python_wanted")
mkdir -p "$build/debs" "$build/debs-python"
rm -f "$build"/debs*/*.deb "$build"/debs*/*.FAILED
{ (cd "$build/debs" && apt_own "$build/apt/status" apt-get download -qq $debs) \
  && (cd "$build/debs-python" && apt_own "$build/apt/status" apt-get download -qq $python_debs); } >>"$build/apt.log" 2>&1 \
    || die "apt-get download failed, see $build/apt.log: check the network and run this again"

echo "guest: unpacking $(ls "$build"/debs | wc -l) packages"
rm -rf "$build/root" "$build/kernel" "$build/python" "$build/vmlinux"
mkdir -p "$build/root" "$build/kernel" "$build/python"
for deb in "$build"/debs/*.deb "$build"/debs-python/*.deb; do
    case $deb in
    */linux-*) target=$build/kernel ;;
    */debs-python/*) target=$build/python ;;
    *) target=$build/root ;;
    esac
    dpkg -x "$deb" "$target" || die "cannot unpack ${deb##*/}: is the disk full? Remove $build/debs and run this again"
done

release=$(ls "$build/kernel/lib/modules" | head -n 1)
[ -n "$release" ] || die "no kernel among the packages: remove $build and run this again"

# The headers refer to each other by their installed place; make that the unpacked one.
headers=$build/kernel/usr/src/linux-headers-$release
grep -rlI --include=Makefile --include='.kernelvariables' '/usr/src/linux-headers' "$headers" 2>/dev/null \
    | while read -r file; do sed -i "s,\([ =]\)/usr/src/linux-headers,\1$build/kernel/usr/src/linux-headers,g" "$file"; done
ln -sfn "$headers" "$build/kernel/lib/modules/$release/build"
[ -x "$build/kernel/usr/src/linux-headers-$release/scripts/mod/modpost" ] \
    || die "the kernel headers came out incomplete: remove $build and run this again"

# QEMU boots an unpacked kernel several times faster than a compressed one: under TCG the unpacking is slow.
image=$build/kernel/boot/vmlinuz-$release
use_unpacked
for offset in $(LC_ALL=C grep -obUaP '\xfd7zXZ\x00' "$image" | cut -d: -f1); do
    # Something follows the compressed kernel.
    tail -c +$((offset + 1)) "$image" | "${loader[@]}" "$root/usr/bin/xz" -dc --single-stream \
        >"$build/vmlinux" 2>/dev/null || :
    if [ "$(head -c 4 "$build/vmlinux" | tail -c 3)" = ELF ]; then
        break
    fi
    rm -f "$build/vmlinux"
done
# Where the kernel is compressed otherwise, QEMU gets the packed image; that only takes longer.
[ -s "$build/vmlinux" ] || cp "$image" "$build/vmlinux"

printf '%s\n' "$want" "$release" "$build" >"$stamp"

#!/bin/bash
# Make the Debian root with libvirt and QEMU that the scenario "libvirt" runs VMs of.
#
#   tests/guest/libvirt-root.sh FOLDER
#
# Packages are downloaded with apt and unpacked (no script of theirs runs) into FOLDER/root (500 MB).  Needs what fetch.sh, which
# comes first, has made of build/guest.  Does nothing when it is there.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$here/../.." && pwd)/build/guest
mkdir -p "$1"
out=$(cd "$1" && pwd)
# shellcheck source=tests/guest/common.sh
. "$here/common.sh"

wanted="bash libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients qemu-system-x86 coreutils grep sed"
# What nothing needs that runs here.
unwanted='perl|iso-codes|ipxe-qemu|^debconf$|^adduser$|init-system-helpers|usrmerge|^iproute2$'
[ "$(cat "$out/made" 2>/dev/null)" != "$wanted" ] || exit 0
rm -rf "$out/made" "$out/root" "$out/debs"
mkdir -p "$out/root" "$out/debs"

echo "guest: fetching libvirt and QEMU (about 130 MB)"
apt_own "$build/apt/status" apt-get update -qq >"$out/apt.log" 2>&1 \
    || die "apt-get update failed, see $out/apt.log: check the network and the apt sources"
apt_own "$build/apt/status" apt-get install --simulate $wanted >"$out/plan" 2>>"$out/apt.log" \
    || die "apt cannot find $wanted, see $out/apt.log: check that the apt sources hold Debian's main"
(cd "$out/debs" && apt_own "$build/apt/status" apt-get download -qq \
     $(sed -n 's/^Inst \([^ ]*\) .*/\1/p' "$out/plan" | grep -Ev "$unwanted")) >>"$out/apt.log" 2>&1 \
    || die "apt-get download failed, see $out/apt.log: check the network and run this again"
# As a merged /usr.
for dir in bin sbin lib lib64; do
    mkdir -p "$out/root/usr/$dir"
    ln -s "usr/$dir" "$out/root/$dir"
done
for deb in "$out"/debs/*.deb; do
    # tar follows these links with -h alone, which dpkg -x does not give.
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$out/root" --keep-directory-symlink --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' \
        --exclude='./usr/share/locale/*' || die "cannot unpack ${deb##*/}: is the disk full?"
done
rm -rf "$out/debs"
rm -rf "$out/root/var/run"
ln -s ../run "$out/root/var/run"
mkdir -p "$out"/root/{dev,proc,sys,run,tmp,host,etc/libvirt/hooks}
# Users as their packages' scripts make them.
printf '%s\n' root:x:0:0:root:/root:/bin/bash libvirt-qemu:x:64055:104::/:/bin/false >"$out/root/etc/passwd"
printf '%s\n' root:x:0: kvm:x:104: libvirt:x:105: libvirt-qemu:x:64055: >"$out/root/etc/group"
echo "$wanted" >"$out/made"

#!/bin/bash
# Make what the guests of "make check-system" boot: a Debian root with what Open vSwitch's system tests want.
#
#   tests/system/image.sh --ovs DIR OUT
#
# In OUT: disk, a root as debootstrap makes it, of this machine's Debian release, since what was built here is to run there;
# initramfs, which mounts it.  DIR is a built tree, whose programs' libraries are in the root; the tree itself is not: guests have
# it from the host.  Does nothing when nothing changed.  Needs root, as debootstrap does, and what tests/guest/fetch.sh got.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
build=$top/build/guest
[ "${1:-} $#" = "--ovs 3" ] || { echo "usage: image.sh --ovs DIR OUT" >&2; exit 2; }
ovs=$2
mkdir -p "$3"
out=$(cd "$3" && pwd)
cd "$top"
. "$here/../guest/common.sh"
. "$here/../debian-root.sh"
use_fetched
build_nic

# What the tests look for: a test whose program or Python module is not there is skipped.
# (bind9-host is what libreswan wants as "host", which debootstrap does not find.)
with=kmod,iproute2,iputils-ping,iputils-arping,ethtool,procps,psmisc,net-tools,tcpdump,ncat,curl,wget,lftp,iperf3
with+=,conntrack,iptables,nftables,openssl,libreswan,bind9-host,python3,python3-netaddr,python3-pyparsing,python3-pkg-resources
with+=,python3-pytest,python3-scapy,python3-pyftpdlib
# What ours are linked to, in the packages of this machine; what the distribution's are.
libraries=$(for program in $ovs_programs tests/ovstest; do ldd "$ovs/$program"; done | sed -n 's/^[[:space:]]*\([^ /]*\) => .*/\1/p' | sort -u)
for library in $libraries; do
    package=$(dpkg-query -S "*/$(gcc -print-multiarch)/$library" | head -n 1) || die "$library is of no package"
    with+=,${package%%:*}
done
for package in $(dpkg-deb -f "$build"/debs/openvswitch-switch_*.deb Depends | tr ',' '\n' | sed -n 's/^ *\(lib[^ ]*\).*/\1/p'); do
    with+=,$package
done
with=$(tr , '\n' <<<"$with" | sort -u | paste -sd,)

tree=$out/root
if [ "$(cat "$out/root.made" 2>/dev/null)" != "$codename $with" ]; then
    [ "$(id -u)" = 0 ] || die "not root, and debootstrap needs it: run it with sudo"
    echo "system: making a Debian root"
    rm -f "$out/root.made"
    debian_root "$codename" "$tree" "$out/debootstrap.log" "$with"
    echo "$codename $with" >"$out/root.made"
fi

signature=$(cat "$out/root.made" "$build/fetched" "$here/image.sh" "$here/../guest/common.sh" | sha256sum)
[ "$(cat "$out/made" 2>/dev/null)" != "$signature" ] || exit 0
rm -f "$out/made"

echo "system: making the guests' disk"
modules_into "$tree"
# Where the tests look what the kernel has.
mkdir -p "$tree/boot"
cp "$build/kernel/boot/config-$release" "$tree/boot/"
echo guest >"$tree/etc/hostname"
printf '127.0.0.1 localhost guest\n' >"$tree/etc/hosts"
: >"$tree/etc/resolv.conf"
cat >"$tree/sbin/init" <<'END'
#!/bin/bash
exec /bin/bash /host/guest/init.sh
END
chmod 755 "$tree/sbin/init"
rm -f "$out/disk"
mke2fs -q -t ext4 -d "$tree" "$out/disk" 4G >"$out/mke2fs.log" 2>&1 || die "cannot make the disk, see $out/mke2fs.log"
disk_initramfs "$out"
echo "$signature" >"$out/made"

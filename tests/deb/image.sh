#!/bin/bash
# Make what the Debian guests boot and install from.
#
#   tests/deb/image.sh FOLDER PACKAGES OUT
#
# From FOLDER, which has the fetched parts of tests/guest, and PACKAGES, a folder of .debs, it makes in OUT: disk, a Debian root as debootstrap makes it, without Open
# vSwitch; initramfs, which loads the simulated NIC's module and mounts the disk; repo/ours, PACKAGES;
# repo/debian, the distribution's Open vSwitch, the network tools that we try, and all that ours or those depend on;
# repo/newer, the distribution's Open vSwitch with the next higher revision.
# Does nothing when nothing changed.  Needs root, as debootstrap does.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$1" && pwd)
packages=$(cd "$2" && pwd)
out=$3
. "$here/../guest/common.sh"
. "$here/../debian-root.sh"
use_fetched
build_nic

mkdir -p "$out/repo"
# The Debian release that the packages are for.
suite=$(sed -n 's/^Distribution: *\([a-z]*\).*/\1/p' "$packages"/*.changes)

# Of the NIC, too: its module is in the disk.
signature=$(cat "$packages"/*.changes "$build/fetched" "$here/image.sh" "$here/../guest/common.sh" "$here/../debian-root.sh" "$build/simnic.ko" | sha256sum)
[ "$(cat "$out/made" 2>/dev/null)" != "$signature" ] || exit 0
rm -f "$out/made"

tree=$out/root
# What the guest needs besides Open vSwitch, and what of its dependencies takes long to install there.
with=systemd-sysv,udev,kmod,ifupdown,iproute2,ethtool,iputils-ping,procps,patch,bash-completion
with+=,openssl,python3-netifaces,uuid-runtime
if [ "$(cat "$out/root.made" 2>/dev/null)" != "$with" ]; then
    [ "$(id -u)" = 0 ] || die "not root, and debootstrap needs it: run it with sudo"
    echo "deb: making a Debian root"
    rm -f "$out/root.made"
    debian_root "$suite" "$tree" "$out/debootstrap.log" $with
    echo $with >"$out/root.made"
fi

# index FOLDER ORIGIN: makes it an apt repository.
index() {
    (cd "$1" && dpkg-scanpackages -m . >Packages 2>"$out/index.log" &&
     printf 'Origin: %s\nSuite: stable\nCodename: %s\nDate: %s\nSHA256:\n %s %s Packages\n' "$2" "$suite" "$(date -Ru)" \
         "$(sha256sum <Packages | cut -d' ' -f1)" "$(stat -c %s Packages)" >Release) \
        || die "cannot index $1, see $out/index.log"
}

echo "deb: making the guests' apt repositories"
need_program dpkg-scanpackages dpkg-dev
rm -rf "$out/repo"
mkdir -p "$out"/repo/{ours,debian,newer}
cp "$packages"/*.deb "$out/repo/ours/"
index "$out/repo/ours" cx-sriov

# All packages of the source that apt offers, as the distribution has them: what we rebuild, without the symbols.
names=
for deb in "$packages"/*.deb; do
    case ${deb##*/} in *-dbgsym_*) ;; *) name=${deb##*/}; names+=" ${name%%_*}" ;; esac
done
stock=$(sed -n 's/^Version: *\(.*\)+cxsriov.*/\1/p' "$packages"/*.changes)
[ -n "$stock" ] || die "the version in $packages is not one of ours"
status=$tree/var/lib/dpkg/status
# stock_apt PROGRAM ARGUMENT...: for what is installed in the root, as the distribution offers it.
stock_apt() {
    if [ "$suite" = "$codename" ]; then
        apt_own "$status" "$@"
    else
        "$here/../../build-aux/release-apt" "$suite" "$1" -o Dir::State::status="$status" -o Debug::NoLocking=1 \
            -o APT::Install-Recommends=false "${@:2}"
    fi
}
stock_apt apt-get update -qq >"$out/apt.log" 2>&1 \
    || die "apt-get update failed, see $out/apt.log: check the network and the apt sources"
# stock_of PACKAGE: its version, which has something more at its end where Debian has compiled it anew.
stock_of() {
    stock_apt apt-cache madison "$1" | awk -v v="$stock" '$3 == v || index($3, v "+b") == 1 { print $3; exit }'
}
# What ours depend on, which is more than those need.
depends=
for deb in "$packages"/*.deb; do
    case ${deb##*/} in *-dbgsym_*) continue ;; esac
    for name in $(dpkg-deb -f "$deb" Pre-Depends Depends | sed 's/^[A-Za-z-]*: *//; s/([^)]*)//g; s/|[^,]*//g; s/:any//g; s/,/ /g'); do
        case " $names " in *" $name "*) ;; *) depends+=" $name" ;; esac
    done
done
plan=$(stock_apt apt-get install --simulate $(for name in $names; do echo "$name=$(stock_of "$name")"; done) \
           $depends 2>>"$out/apt.log") \
    || die "apt cannot find all packages, see $out/apt.log: check that the apt sources hold Debian's main"
# Each alone, as some take the place of others.
for name in ifupdown2 ifenslave network-manager netplan.io prometheus prometheus-node-exporter ovn-central ovn-host; do
    plan+=$'\n'$(stock_apt apt-get install --simulate $name 2>>"$out/apt.log") \
        || die "apt cannot find $name, see $out/apt.log: check that the apt sources hold Debian's main"
done
(cd "$out/repo/debian" && stock_apt apt-get download -qq \
     $(sed -n 's/^Inst \([^ ]*\) \(\[[^ ]*\] \)\{0,1\}(\([^ ]*\) .*/\1=\3/p' <<<"$plan")) >>"$out/apt.log" 2>&1 \
    || die "apt-get download failed, see $out/apt.log: check the network and run this again"
index "$out/repo/debian" Debian

# The next revision: the same contents, which is all that apt and dpkg look at.
newer=${stock%%[0-9]}$(( ${stock: -1} + 1 ))
for name in openvswitch-switch openvswitch-common python3-openvswitch; do
    dpkg-deb -R "$out/repo/debian/$name"_*.deb "$out/newer"
    sed -i "s/\(= *\)$stock\(+b[0-9]*\)\{0,1\}/\1$newer/; s/^Version: .*/Version: $newer/" "$out/newer/DEBIAN/control"
    dpkg-deb -b "$out/newer" "$out/repo/newer/${name}_${newer}_amd64.deb" >/dev/null
    rm -rf "$out/newer"
done
index "$out/repo/newer" Debian
printf 'stock=%s newer=%s ours=%s\n' "$(stock_of openvswitch-switch)" "$newer" \
    "$(sed -n 's/^Version: *//p' "$packages"/*.changes)" >"$out/versions"

echo "deb: making the guests' disk"
modules_into "$tree"
# All others now, and none on demand, as in the other guests (their init says why): with it, adding a bridge takes longer than
# the five seconds that ifupdown.sh has.  The last two are what IPsec's daemon wants.
printf '%s\n' $guest_modules xfrm_user af_key >"$tree/etc/modules-load.d/guest.conf"
echo 'kernel.modprobe=' >"$tree/etc/sysctl.d/90-guest.conf"
echo guest >"$tree/etc/hostname"
printf '127.0.0.1 localhost guest\n' >"$tree/etc/hosts"
: >"$tree/etc/resolv.conf"
: >"$tree/etc/machine-id"
echo '/dev/vda / ext4 defaults 0 0' >"$tree/etc/fstab"
echo "deb [trusted=yes] file:/host/repo/debian ./" >"$tree/etc/apt/sources.list"
# Only these emulated disks are slow enough to notice.
echo force-unsafe-io >"$tree/etc/dpkg/dpkg.cfg.d/guest"
echo 'APT::Install-Recommends "false";' >"$tree/etc/apt/apt.conf.d/90guest"
# What would run besides, some time; the last one wants a kernel module on demand.
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer \
            systemd-tmpfiles-clean.timer getty@tty1.service serial-getty@ttyS0.service systemd-binfmt.service; do
    ln -sfn /dev/null "$tree/etc/systemd/system/$unit"
done
cat >"$tree/etc/systemd/system/check.service" <<'END'
[Unit]
Description=What the host wants to know
After=multi-user.target
[Service]
Type=exec
ExecStart=/bin/bash /host/guest/agent.sh
Environment=HOME=/root
TTYPath=/dev/ttyS1
END
# The scenario starts when the system is up.
cat >"$tree/etc/systemd/system/check.target" <<'END'
[Unit]
Requires=multi-user.target
After=multi-user.target
Wants=check.service
AllowIsolate=yes
END
rm -f "$out/disk"
mke2fs -q -t ext4 -d "$tree" "$out/disk" 3G >"$out/mke2fs.log" 2>&1 || die "cannot make the disk, see $out/mke2fs.log"

# The NIC's driver is there before udev looks at what there is, like that of any NIC.
disk_initramfs "$out" simnic.ko plain_names=1
echo "$signature" >"$out/made"

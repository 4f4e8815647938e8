#!/bin/bash
# Get the DPDK of a Debian release, and the headers that a DPDK driver is compiled with.
#
#   tests/dpdk/fetch.sh --build DIR --release RELEASE [--source DIR]
#
# RELEASE is a code name.  If this machine is of it, DPDK is its libdpdk-dev, which is installed; that lacks the headers, which
# come out of the *source* package, into DIR/include.  DPDK of another release is built from its source package, as little of it
# as Open vSwitch needs, into DIR/prefix, with the headers: the libraries of that release want its C library.
# --source names a folder with DPDK's sources, to be used in place of a source package.
#
# Source packages are downloaded with apt, with a list of sources of our own: the machine's apt stays as it is.  A second run
# returns at once, unless libdpdk-dev has another version by now.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
build=
release=
source=
while [ $# -gt 1 ]; do
    case $1 in
    --build) build=$2 ;;
    --release) release=$2 ;;
    --source) source=$2 ;;
    *) break ;;
    esac
    shift 2
done
if [ -z "$build" ] || [ -z "$release" ] || [ $# != 0 ]; then
    sed -n '2,/^set -eu/s/^# \{0,1\}//p' "$0" | sed '$d' >&2
    exit 2
fi
mkdir -p "$build"
build=$(cd "$build" && pwd)

die() { echo "dpdk: $*" >&2; exit 1; }

# need_tools PACKAGE...: installs those that are not there.
need_tools() {
    local as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo)
    dpkg -s "$@" >/dev/null 2>&1 ||
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@" \
            >"$build/install.log" 2>&1 </dev/null || die "cannot install $*, see $build/install.log"
}

# source_list: where the source packages come from, in the form of sources.list.
source_list() {
    if [ "$release" = "$own" ]; then
        apt-get indextargets --format 'deb-src $(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' | sort -u
    else
        "$top/build-aux/release-apt" "$release" apt-config dump >/dev/null
        sed -n 's/^deb /deb-src /p' "$top/build/apt/$release/sources.list"
    fi
}

# fetch_source [VERSION]: unpacks the source package into $build/source.
fetch_source() {
    mkdir -p "$build/apt/lists/partial" "$build/apt/cache/archives/partial" "$build/source"
    source_list >"$build/apt/sources.list"
    apt_src() {
        apt-get -q -o Dir::Etc::sourcelist="$build/apt/sources.list" -o Dir::Etc::sourceparts=- \
            -o Dir::State::lists="$build/apt/lists" -o Dir::Cache="$build/apt/cache" -o APT::Sandbox::User=root \
            -o Debug::NoLocking=1 "$@"
    }
    { apt_src update && cd "$build/source" && apt_src source --download-only "dpdk${1:+=$1}"; } >"$build/fetch.log" 2>&1 \
        || die "cannot download the source package dpdk of $release ($(grep -m 1 '^E:' "$build/fetch.log")), see $build/fetch.log: \
check the network and the apt sources, or name a folder with --dpdk-source"
    tar -xf "$build"/source/dpdk_*.orig.tar.* -C "$build/source" || die "the source package does not unpack"
    source=$(ls -d "$build"/source/*/)
}

# What a driver includes of these is nobody's interface, so that libdpdk-dev has it not.  One that a release lacks, nobody
# includes: bookworm's drivers/bus/pci has it under the older name as well.
copy_headers() {
    local header
    mkdir -p "$build/include"
    for header in lib/ethdev/{ethdev_driver,ethdev_pci,rte_flow_driver,rte_eth_ctrl}.h drivers/bus/pci/bus_pci_driver.h \
                  lib/eal/include/{dev_driver,bus_driver}.h; do
        cp "$source/$header" "$build/include/" 2>/dev/null || :
    done
    [ -s "$build/include/ethdev_driver.h" ] || die "no driver headers in $source"
}

build_dpdk() {
    need_tools meson ninja-build python3-pyelftools libnuma-dev
    echo "dpdk: building DPDK $(cat "$source/VERSION"), of $release"
    rm -rf "$build/prefix" "$build/dpdk"
    # What lib/netdev-dpdk.c and lib/dpdk.c use; with the headers for drivers.
    { meson setup "$build/dpdk" "$source" --prefix="$build/prefix" --libdir=lib -Dbuildtype=release -Dplatform=generic \
          -Ddefault_library=shared -Dtests=false -Ddisable_apps='*' -Denable_driver_sdk=true \
          -Denable_drivers=bus/pci,bus/vdev,mempool/ring,net/null \
          -Denable_libs=vhost,pdump,cryptodev,dmadev,bpf,pcapng,timer \
        && ninja -C "$build/dpdk" && ninja -C "$build/dpdk" install; } >"$build/dpdk.log" 2>&1 \
        || die "DPDK does not build, see $build/dpdk.log"
    rm -rf "$build/dpdk"
}

own=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
if [ "$release" = "$own" ]; then
    need_tools libdpdk-dev
    version=$(dpkg-query -W -f '${Version}' libdpdk-dev)
else
    version="of $release ${source:-}"
fi
[ "$(cat "$build/fetched" 2>/dev/null)" != "$version" ] || exit 0
rm -rf "$build/fetched" "$build/include" "$build/source"

if [ -z "$source" ]; then
    echo "dpdk: fetching the source of DPDK (20 MB)"
    if [ "$release" = "$own" ]; then fetch_source "$version"; else fetch_source; fi
fi
if [ "$release" = "$own" ]; then copy_headers; else build_dpdk; fi
rm -rf "$build/source"
echo "$version" >"$build/fetched"

#!/bin/bash
# Get the headers that a DPDK driver is compiled with and that libdpdk-dev lacks, out of Debian's source package of the
# DPDK that libdpdk-dev is of.
#
#   tests/dpdk/fetch.sh --build DIR
#
# Leaves them in DIR/include.  The source package is downloaded with apt, with a list of sources of our own: the machine's
# apt stays as it is.  A second run returns at once unless libdpdk-dev has another version by now.
set -eu

[ "${1:-}" = --build ] && [ $# = 2 ] || { sed -n '2,/^set -eu/s/^# \{0,1\}//p' "$0" | sed '$d' >&2; exit 2; }
mkdir -p "$2"
build=$(cd "$2" && pwd)

die() { echo "dpdk: $*" >&2; exit 1; }

version=$(dpkg-query -W -f '${Version}' libdpdk-dev 2>/dev/null) || die "libdpdk-dev is missing: run ./boot.sh --dpdk --tree DIR"
[ "$(cat "$build/fetched" 2>/dev/null)" != "$version" ] || exit 0
rm -rf "$build/fetched" "$build/include" "$build/source"

# What a driver includes of these is nobody's interface, so that it is not installed.
headers="lib/ethdev/ethdev_driver.h lib/ethdev/ethdev_pci.h lib/ethdev/rte_flow_driver.h drivers/bus/pci/bus_pci_driver.h
         lib/eal/include/dev_driver.h lib/eal/include/bus_driver.h lib/ethdev/rte_eth_ctrl.h"

echo "dpdk: fetching the driver headers of DPDK $version (20 MB)"
mkdir -p "$build/apt/lists/partial" "$build/apt/cache/archives/partial" "$build/source" "$build/include"
# Each place that binary packages come from, for sources.
apt-get indextargets --format 'deb-src $(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' | sort -u >"$build/apt/sources.list"
apt_src() {
    apt-get -q -o Dir::Etc::sourcelist="$build/apt/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State::lists="$build/apt/lists" \
        -o Dir::Cache="$build/apt/cache" -o APT::Sandbox::User=root -o Debug::NoLocking=1 "$@"
}
{ apt_src update && cd "$build/source" && apt_src source --download-only "dpdk=$version"; } >"$build/fetch.log" 2>&1 \
    || die "cannot download the source package dpdk $version, see $build/fetch.log: check the network and the apt sources"
for header in $headers; do
    # bookworm's pre-24 drivers/bus/pci has it under the older name as well; one that a release lacks, nobody includes.
    tar -xf "$build"/source/dpdk_*.orig.tar.* -C "$build/source" --wildcards "*/$header" 2>/dev/null || continue
    cp "$build"/source/*/"$header" "$build/include/"
done
[ -s "$build/include/ethdev_driver.h" ] || die "no driver headers in the source package, see $build/source"
echo "$version" >"$build/fetched"

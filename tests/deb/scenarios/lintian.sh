#!/bin/bash
# lintian has no error or warning about ours that it does not have about stock
# Run on the host: lintian.sh PACKAGES STOCK WORK, folders of .debs and one of its own.
. "$(dirname "$0")/../../guest/common.sh"
set -eu -o pipefail
packages=$1 stock=$2 work=$3
# Where need_program logs.
build=$work
need_program lintian lintian

# tags FILE...: errors and warnings: "E: package: tag", without what in the file it is about.
tags() { lintian --allow-root --fail-on none --tag-display-limit 0 "$@" | tee "$work/output" | sed -n 's/^\([EW]: [^:]*: [^ ]*\).*/\1/p' | sed 's/ \(binary\|source\):/:/' | sort | uniq -c; }
binaries() { ls "$1"/*openvswitch*.deb | grep -v dbgsym; }

# Stock's source package, too, of which openvswitch-source has nearly all.
dpkg-deb -x "$stock"/openvswitch-source_*.deb "$work/source"
(
    cd "$work/source/usr/src"
    tarball=openvswitch/openvswitch.tar.gz
    if [ -e $tarball ]; then
        tar -xzf $tarball
        rm $tarball
    fi
    dpkg-source --format=1.0 -b openvswitch
) >"$work/dpkg-source.log"

tags $(binaries "$stock") "$work"/source/usr/src/*.dsc >"$work/stock.tags"
mv "$work/output" "$work/stock.lintian"
rm -rf "$work/source"
tags $(binaries "$packages") "$packages"/*.dsc "$packages"/*.changes >"$work/ours.tags"
mv "$work/output" "$work/ours.lintian"
echo "stock:"
cat "$work/stock.tags"
echo "ours:"
cat "$work/ours.tags"
new=$(awk 'NR == FNR { n[$2 $3 $4] = $1; next } $1 > n[$2 $3 $4] + 0' "$work/stock.tags" "$work/ours.tags")
[ -z "$new" ] || { echo "WRONG: stock does not have so many:"; echo "$new"; exit 1; }

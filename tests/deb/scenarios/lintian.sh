#!/bin/bash
# lintian has no error or warning about ours that it does not have about stock
# Run on the host: lintian.sh PACKAGES STOCK WORK, folders of .debs and one of its own.
set -eu
packages=$1 stock=$2 work=$3

# tags FILE...: errors and warnings: "E: package: tag", without what in the file it is about.
tags() { lintian --allow-root --fail-on none --tag-display-limit 0 "$@" | tee "$work/output" | sed -n 's/^\([EW]: [^:]*: [^ ]*\).*/\1/p' | sed 's/ \(binary\|source\):/:/' | sort | uniq -c; }
binaries() { ls "$1"/*openvswitch*.deb | grep -v dbgsym; }

tags $(binaries "$stock") >"$work/stock.tags"
mv "$work/output" "$work/stock.lintian"
tags $(binaries "$packages") "$packages"/*.dsc "$packages"/*.changes >"$work/ours.tags"
mv "$work/output" "$work/ours.lintian"
echo "stock:"
cat "$work/stock.tags"
echo "ours, with the source package, which there is no stock one of to compare with:"
cat "$work/ours.tags"
new=$(awk 'NR == FNR { n[$2 $3 $4] = $1; next } $1 > n[$2 $3 $4] + 0' "$work/stock.tags" "$work/ours.tags")
[ -z "$new" ] || { echo "WRONG: stock does not have so many:"; echo "$new"; exit 1; }

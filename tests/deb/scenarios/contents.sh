#!/bin/bash
# ours against stock: every file at its path with its mode, scripts, conffiles and dependencies; the module in both daemons
# Run on the host: contents.sh PACKAGES STOCK WORK, folders of .debs and one of its own.
set -eu
packages=$1 stock=$2 work=$3
missing=$(cd "$(dirname "$0")/../../../debian/missing" && pwd)
bad=0
wrong() { echo "WRONG: $*"; bad=1; }

# One of each kind, and nothing that is not accounted for.
for kind in dsc changes buildinfo; do
    [ "$(ls "$packages"/*.$kind | wc -l)" = 1 ] || wrong "no single .$kind"
done
(cd "$packages" && sed -n '/^Checksums-Sha256:/,/^Files:/s/^ \([0-9a-f]*\) [0-9]* /\1  /p' ./*.changes | sha256sum --quiet -c -) \
    || wrong "the files are not those of the .changes"

# files DEB: mode, owner, path and what a link points to; but for what Debian says of a package that it has compiled anew.
files() { dpkg-deb -c "$1" | awk '!/changelog.Debian.amd64.gz$/ { $3 = $4 = $5 = ""; print }' | tr -s ' ' | sort; }
# dependencies DEB: names alone.
dependencies() {
    { dpkg-deb -f "$1" Pre-Depends; dpkg-deb -f "$1" Depends; } | tr ',' '\n' | sed 's/^ *//; s/ *(.*//' | grep . | sort -u
}
added_total=0
for deb in "$packages"/*.deb; do
    name=${deb##*/}
    name=${name%%_*}
    case $name in *-dbgsym) continue ;; esac
    theirs=$(ls "$stock/$name"_*.deb)
    files "$theirs" >"$work/stock" && files "$deb" >"$work/ours"
    added=$(comm -13 "$work/stock" "$work/ours")
    printf '%-28s %4d files of stock, %d missing or with another mode, %d more\n' "$name" "$(wc -l <"$work/stock")" \
        "$(comm -23 "$work/stock" "$work/ours" | wc -l)" "$(grep -c . <<<"$added" || :)"
    comm -23 "$work/stock" "$work/ours" | grep . && wrong "$name lacks these"
    [ -z "$added" ] || sed 's/^/  more: /' <<<"$added"

    dependencies "$theirs" >"$work/stock" && dependencies "$deb" >"$work/ours"
    lost=$(comm -23 "$work/stock" "$work/ours")
    new=$(comm -13 "$work/stock" "$work/ours")
    [ -z "$lost" ] || wrong "$name does not depend on: $lost"
    [ -z "$new" ] || echo "  depends on" $new
    case $name in
    openvswitch-switch) allowed="libinih1 libmicrohttpd12 libmicrohttpd12t64 libnl-3-200 libnl-genl-3-200 libnl-route-3-200 libsystemd0 libudev1 libxml2" ;;
    openvswitch-switch-dpdk) allowed="libnl-3-200 libnl-genl-3-200 libnl-route-3-200 libudev1" ;;
    *) allowed= ;;
    esac
    for dependency in $new; do
        [[ " $allowed " = *" $dependency "* ]] || wrong "$name depends on $dependency"
    done

    rm -rf "$work/stock.tree" "$work/ours.tree"
    dpkg-deb -R "$theirs" "$work/stock.tree"
    dpkg-deb -R "$deb" "$work/ours.tree"
    for file in "$work"/stock.tree/DEBIAN/*; do
        file=${file##*/}
        [ -e "$work/ours.tree/DEBIAN/$file" ] || wrong "$name has no DEBIAN/$file"
    done
    # Nothing of how it starts, stops and is called by ifupdown and logrotate is changed, and no script.
    for dir in etc lib/systemd usr/bin usr/sbin usr/lib/python3 usr/share/openvswitch; do
        [ -e "$work/stock.tree/$dir" ] || continue
        # That version is of Python's own tools.
        diff -r --no-dereference -I '^Metadata-Version: ' "$work/stock.tree/$dir" "$work/ours.tree/$dir" \
            | grep -v -e 'Only in .*/ours.tree/' -e '^Binary files .* differ$' && wrong "$dir of $name differs"
    done
    # But for what debhelper's version makes of them, all that the scripts do is still done, and with openvswitch-switch what
    # the service ovs-sriov needs.  Those that we had to write are in our own words.
    for script in conffiles postinst prerm postrm; do
        [ -e "$work/stock.tree/DEBIAN/$script" ] || continue
        [ -z "$(find "$missing" -name "$name.$script")" ] || continue
        difference=$(diff <(grep -v '^# Automatically' "$work/stock.tree/DEBIAN/$script") \
            <(grep -v '^# Automatically' "$work/ours.tree/DEBIAN/$script") || :)
        [ -z "$difference" ] || sed "s/^/  $script: /" <<<"$difference"
        case $name in
        openvswitch-switch) ! grep -q '^<' <<<"$difference" ;;
        *) [ -z "$difference" ] ;;
        esac || wrong "the $script of $name differs"
    done
    case $name in
    openvswitch-switch)
        daemon=usr/lib/openvswitch-switch/ovs-vswitchd
        for page in man5/ovs-vswitchd.conf.db.5:sriov-representors man5/ovs-vswitchd.conf.db.5:bond-offload man8/ovs-vswitchd.8:sriov/show; do
            zcat "$work/ours.tree/usr/share/man/${page%:*}.gz" | tr -d '\\' | grep -q "${page#*:}" || wrong "${page%:*} does not say ${page#*:}"
        done
        zcat "$work/ours.tree/usr/share/doc/$name/README.Debian.gz" | grep -q 'dump-flows' || wrong "README.Debian of $name is not ours" ;;
    openvswitch-switch-dpdk) daemon=usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk ;;
    *) continue ;;
    esac
    grep -q sriov/show "$work/ours.tree/$daemon" || wrong "$daemon does not contain the module"
    ! grep -q sriov/show "$work/stock.tree/$daemon" || wrong "$daemon of stock contains the module: this proves nothing"
done
for theirs in "$stock"/*openvswitch*.deb; do
    name=${theirs##*/}
    ls "$packages/${name%%_*}"_*.deb >/dev/null || wrong "no ${name%%_*}"
done
rm -rf "$work"/{stock,ours}{,.tree}
exit $bad

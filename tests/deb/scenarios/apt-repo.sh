#!/bin/bash
# the apt repository: apt takes its packages for the distribution's, a newer revision by upgrade, and nothing that was changed
# Run on the host: apt-repo.sh PACKAGES STOCK WORK, folders of .debs and one of its own.
set -eu
packages=$1 stock=$2 work=$3
top=$(cd "$(dirname "$0")/../../.." && pwd)
fail() { echo "WRONG: $*"; exit 1; }

export GNUPGHOME=$work/gnupg
mkdir -m 700 "$GNUPGHOME"
trap 'gpgconf --kill all' EXIT
PACKAGES="$packages/*.changes" "$top/debian/apt-repo" "$work/none" >"$work/out" 2>&1 && fail "it signs without a key"
grep -q "gpg has no secret key to sign with" "$work/out" || fail "it does not say what is missing: $(cat "$work/out")"
gpg --batch --quiet --passphrase '' --quick-generate-key 'A builder <builder@cx-sriov.invalid>'
PACKAGES="$packages/*.changes" "$top/debian/apt-repo" --key builder@cx-sriov.invalid "$work/repo"
release=$(sed -n 's/^Distribution: *//p' "$packages"/*.changes)

# A host that has the distribution's.
host=$work/host
mkdir -p "$host"/{etc/apt/{sources.list.d,preferences.d,apt.conf.d},var/lib/{apt/lists/partial,dpkg},var/cache/apt/archives/partial}
: >"$host/var/lib/dpkg/status"
on_host() { "$1" -o Dir="$host" -o Dir::State::status="$host/var/lib/dpkg/status" -o APT::Sandbox::User=root "${@:2}"; }
cat >"$host/etc/apt/sources.list.d/cx-sriov.sources" <<END
Types: deb deb-src
URIs: file:$work/repo
Suites: $release
Components: main
Signed-By: $work/repo/cx-sriov.gpg
END
echo "deb [trusted=yes] file:$stock ./" >"$host/etc/apt/sources.list"
on_host apt-get -q update || fail "apt does not take it"
candidate() { on_host apt-cache policy "$1" | sed -n 's/^ *Candidate: //p'; }
ours=$(sed -n 's/^Version: *//p' "$packages"/*.changes)
[ "$(candidate openvswitch-switch)" = "$ours" ] || fail "the candidate is $(candidate openvswitch-switch), not $ours"
on_host apt-cache showsrc openvswitch | grep -qx "Version: $ours" || fail "the source is not there"

# The next revision, with the same contents.
mkdir "$work/next"
dpkg-deb -R "$packages"/openvswitch-switch_*.deb "$work/next/tree"
sed -i "s/^Version: .*/Version: ${ours%?}9/" "$work/next/tree/DEBIAN/control"
dpkg-deb -b "$work/next/tree" "$work/next/openvswitch-switch_${ours%?}9_amd64.deb" >/dev/null
deb=openvswitch-switch_${ours%?}9_amd64.deb
printf 'Distribution: %s\nVersion: %s\nFiles:\n %s %s net optional %s\n' "$release" "${ours%?}9" \
    "$(md5sum <"$work/next/$deb" | cut -d' ' -f1)" "$(stat -c %s "$work/next/$deb")" "$deb" >"$work/next/next.changes"
PACKAGES="$work/next/*.changes" "$top/debian/apt-repo" "$work/repo" >/dev/null
on_host apt-get -q update || fail "apt does not take the next one"
[ "$(candidate openvswitch-switch)" = "${ours%?}9" ] || fail "no upgrade: the candidate is $(candidate openvswitch-switch)"
[ "$(candidate openvswitch-common)" = "$ours" ] || fail "the other packages are gone"

# Whoever has not the key.
sed -i 's/^Origin: .*/Origin: somebody else/' "$work/repo/dists/$release/InRelease"
on_host apt-get -q update >"$work/out" 2>&1 && ! grep -q "^[EW]:" "$work/out" && fail "apt takes what was changed"
grep -i -m1 "signature" "$work/out" || fail "it is not the signature that apt finds wrong: $(cat "$work/out")"

#!/bin/sh
# usage: ./boot.sh [-q] [--source] [SERIES]
#
# Makes ovs/ a configured Open vSwitch tree of SERIES with patches/ applied and
# vswitchd-ext/ brought in, ready for "make".  SERIES is one of those listed in
# patches/series.conf; without it, the one of this machine's distribution.
# What is up to date is left alone, so it can be run as often as you like.
#
#   -q        say only what had to be done
#   --source  fetch the series' stock source (into build/source/) and stop
#
# Needs root (or sudo) only if packages have to be installed.

set -eu
cd "$(dirname "$0")"
export LC_ALL=C

# What the build needs, then what Open vSwitch's testsuite needs to skip little.
packages="build-essential autoconf automake libtool pkg-config patch ccache
    python3 libssl-dev libcap-ng-dev libunbound-dev libudev-dev
    libnl-3-dev libnl-route-3-dev libnl-genl-3-dev libinih-dev
    iproute2 netcat-openbsd openssl procps tcpdump util-linux
    python3-netaddr python3-pyparsing python3-pytest python3-setuptools
    python3-sortedcontainers"

# As in Debian's own packages.  Python is named so that one that happens to be
# first in PATH, without the modules above, is not taken.
configure_args="--prefix=/usr --localstatedir=/var --sysconfdir=/etc
    --enable-ssl PYTHON3=/usr/bin/python3"
cflags='-g -O2'

conf=patches/series.conf
log=build/log
state=ovs/.cx-sriov             # What this script knows about ovs/.

die() {
    echo "boot.sh: $*" >&2
    exit 1
}

# step NUMBER TEXT: work that is being done.
step() {
    echo "[$1/6] $2"
}

# fine NUMBER TEXT: there was nothing to do.
fine() {
    $quiet || step "$@"
}

# one_line FILE PATTERN...: the first line of log FILE that matches the first
# of the PATTERNs that any line matches, else its last line.
one_line() {
    file=$1
    shift
    for pattern; do
        grep -m1 -E "$pattern" "$file" | sed 's/^ *//' | grep . && return
    done
    tail -n1 "$file"
}

## The series.

# known_series: names of all series, on one line.
known_series() {
    awk '$1 == "series" { printf "%s%s", sep, $2; sep = ", " }' $conf
}

# choose_series [NAME]: sets $series, $tag and $commit.
choose_series() {
    if [ $# -gt 0 ]; then
        what="unknown series $1"
        found=$(awk -v s="$1" '$1 == "series" && $2 == s' $conf)
    else
        codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-unknown}")
        what="no series for this machine's distribution ($codename)"
        found=$(awk -v c="$codename" '$1 == "series" &&
                index("," $3 ",", "," c ",") { print; exit }' $conf)
    fi
    [ -n "$found" ] || die "$what; name one: ./boot.sh SERIES, with $(known_series)"
    read -r _ series _ tag commit <<END
$found
END
}

# series_patches: file names of the series' patches, in order.
series_patches() {
    awk -v s="$series" '$1 == "patch" {
        for (i = 3; i <= NF; i++) {
            if ($i == s || $i == "all") { print $2; next }
        }
    }' $conf
}

## Packages.

# as_root COMMAND...: fails without a word if we cannot be root.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        { sudo -n true || [ -t 0 ]; } 2>/dev/null && sudo "$@"
    fi
}

# apt_update: once in a run.  Failure is not looked at: one broken source among
# many does not matter, and what does will fail right after.
updated=false
apt_update() {
    $updated || as_root apt-get -q update >>$log/apt.log 2>&1 || :
    updated=true
}

apt_error() {
    one_line $log/apt.log 'Temporary failure|Could not (connect|resolve)' '^E:'
}

install_packages() {
    command -v apt-get >/dev/null && command -v dpkg >/dev/null ||
        die "no apt here; run it on Debian or a derivative such as Proxmox VE"

    present=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $packages \
              2>/dev/null | awk '$1 == "installed" { printf " %s ", $2 }')
    missing=
    for package in $packages; do
        case $present in
        *" $package "*) ;;
        *) missing="$missing $package" ;;
        esac
    done
    if [ -z "$missing" ]; then
        fine 1 "build dependencies: present"
        return
    fi

    step 1 "build dependencies: installing $(echo $missing | wc -w) packages"
    as_root true || die "not root, and no sudo; as root: apt-get install$missing"
    : >$log/apt.log
    apt_update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
        --no-install-recommends -o DPkg::Lock::Timeout=300 \
        install $missing >>$log/apt.log 2>&1 </dev/null ||
        die "cannot install packages ($(apt_error)); check network and apt sources, see $log/apt.log"
}

## The source.

# offered: the newest version of the series that apt knows of.
offered() {
    apt-cache madison openvswitch-source 2>/dev/null |
        awk -v s="$series." 'index($3, s) == 1 { print $3; exit }'
}

# download DIR: the package $version, unpacked but not installed, into DIR.
download() {
    rm -rf "$1"
    mkdir -p "$1/deb"
    (cd "$1" && apt-get -q download "openvswitch-source=$version") \
        >>$log/apt.log 2>&1 && dpkg -x "$1"/*.deb "$1/deb"
}

# fetch_source: puts Debian's stock source into build/source/SERIES/openvswitch
# and its version into build/source/SERIES/version.
fetch_source() {
    dir=build/source/$series
    if [ -e "$dir/version" ]; then
        fine 2 "source: Debian's $(cat "$dir/version"), present"
        return
    fi

    : >>$log/apt.log
    version=$(offered)
    [ -n "$version" ] || { apt_update; version=$(offered); }
    [ -n "$version" ] ||
        die "apt offers no openvswitch-source $series; check network and apt sources, or: git submodule update --init ovs"
    step 2 "source: Debian's openvswitch-source $version"
    download "$dir" || { apt_update; version=$(offered); download "$dir"; } ||
        die "cannot download openvswitch-source ($(apt_error)); check the network, or: git submodule update --init ovs"

    # A tarball in bookworm, a tree in later releases.
    src=$dir/deb/usr/src/openvswitch
    if [ -e "$src/openvswitch.tar.gz" ]; then
        tar -xzf "$src/openvswitch.tar.gz" --no-same-owner -C "$dir"
    else
        mv "$src" "$dir/openvswitch"
    fi
    rm -rf "$dir/deb" "$dir"/*.deb
    echo "$version" >"$dir/version"
}

# fill_ovs: puts the stock source into ovs/.
fill_ovs() {
    origin="$series from Debian, $(cat "build/source/$series/version")"
    [ "$(cat $state/origin 2>/dev/null)" != "$origin" ] || return 0

    mkdir -p ovs
    [ -d $state ] || [ -z "$(ls -A ovs)" ] ||
        die "ovs/ holds files that are not from here; move them away"
    find ovs -mindepth 1 -delete
    mkdir $state
    cp -a "build/source/$series/openvswitch/." ovs/
    echo "$series" >$state/series
    echo "$origin" >$state/origin
}

# use_submodule: puts a populated submodule at the series' commit.
use_submodule() {
    head=$(git -C ovs rev-parse HEAD 2>$log/git.log) ||
        die "ovs/ is no usable git checkout ($(one_line $log/git.log)); git submodule update --init ovs"
    [ "$commit" != - ] || commit=$head
    if [ "$head" = "$commit" ]; then
        fine 2 "source: submodule at $tag"
    else
        step 2 "source: submodule to $tag"
        git -C ovs cat-file -e "$commit" 2>/dev/null ||
            die "submodule ovs/ does not have $tag; git -C ovs fetch origin tag $tag"
        take_patches_out
        [ -z "$(git -C ovs status --porcelain --untracked-files=no)" ] ||
            die "submodule ovs/ is not at $tag and has changes; commit or stash them"
        git -C ovs checkout -q "$commit" 2>$log/git.log ||
            die "cannot check $tag out in ovs/ ($(one_line $log/git.log)); do it by hand"
    fi
    mkdir -p $state
    echo "$series" >$state/series
    echo "$series from git, $tag" >$state/origin
}

# stock FILE: prints the file as it is in the stock source; fails if it is not.
stock() {
    if [ -e ovs/.git ]; then
        git -C ovs show "$commit:$1" 2>/dev/null
    else
        cat "build/source/$series/openvswitch/$1" 2>/dev/null
    fi
}

## Patches.

# touched PATCH...: the files that patches change, add or remove.
touched() {
    sed -n 's,^\(---\|+++\) [ab]/\([^[:space:]]*\).*,\2,p' "$@" | sort -u
}

# put_files LIST DIR: makes every file on LIST in ovs/ be as it is in DIR (or
# not be, if it is not there).  Writes only what differs, so that "make" rebuilds
# only what changed.
put_files() {
    while read -r file; do
        if [ ! -e "$2/$file" ]; then
            rm -f "ovs/$file"
        elif ! cmp -s "$2/$file" "ovs/$file"; then
            mkdir -p "$(dirname "ovs/$file")"
            cat "$2/$file" >"ovs/$file"
        fi
    done <"$1"
}

# stock_files LIST DIR: the stock versions of the files on LIST, into DIR.
stock_files() {
    rm -rf "$2"
    mkdir -p "$2"
    while read -r file; do
        mkdir -p "$(dirname "$2/$file")"
        stock "$file" >"$2/$file" || rm "$2/$file"
    done <"$1"
}

# The state has "files", the list of what patches touched in ovs/, "patched/",
# those files as they were written, and "patches", a checksum.

take_patches_out() {
    [ -e $state/files ] || return 0
    old_commit=$commit
    commit=$head
    stock_files $state/files build/patched
    put_files $state/files build/patched
    commit=$old_commit
    rm -rf $state/files $state/patched $state/patches
}

# still_in: false if somebody put a file back to stock (git checkout, say).
still_in() {
    while read -r file; do
        cmp -s "ovs/$file" "$state/patched/$file" ||
            ! stock "$file" | cmp -s - "ovs/$file" || return 1
    done <$state/files
}

apply_patches() {
    patches=$(series_patches)
    number=$(echo $patches | wc -w)
    for patch in $patches; do
        [ -f "patches/$patch" ] ||
            die "$conf lists $patch, but there is no such file in patches/; add it, or take the line out"
    done
    sum=$( (echo $patches; cd patches; [ -z "$patches" ] || cat $patches) | sha256sum)
    if [ "$(cat $state/patches 2>/dev/null)" = "$sum" ] && still_in; then
        fine 3 "patches: $number, applied"
        return
    fi
    step 3 "patches: applying $number"

    # Apply to copies of the stock files, so that a patch that fails leaves
    # ovs/ as it was.
    : >build/touched
    [ -z "$patches" ] || (cd patches && touched $patches) >build/touched
    stock_files build/touched build/patched
    for patch in $patches; do
        patch -p1 --fuzz=0 --force --no-backup-if-mismatch -r - -d build/patched \
            <"patches/$patch" >$log/patch.log 2>&1 ||
            die "patches/$patch does not apply ($(one_line $log/patch.log 'FAILED|malformed|find file')); refresh it for $series, see $log/patch.log"
    done

    # Work done by hand in ovs/ is not overwritten.
    sort -u build/touched $state/files 2>/dev/null >build/files || :
    while read -r file; do
        if [ -e "ovs/$file" ] &&
           ! cmp -s "ovs/$file" "build/patched/$file" &&
           ! cmp -s "ovs/$file" "$state/patched/$file" &&
           ! stock "$file" | cmp -s "ovs/$file" -; then
            die "ovs/$file was changed by hand; make it a patch, or delete the file"
        fi
    done <build/files

    # Those that no patch touches any longer go back to stock.
    comm -23 build/files build/touched >build/untouched
    stock_files build/untouched build/stock
    put_files build/untouched build/stock
    put_files build/touched build/patched

    rm -rf $state/patched
    mv build/patched $state/patched
    mv build/touched $state/files
    rm -rf build/files build/untouched build/stock
    echo "$sum" >$state/patches
}

## Our own files.

# link_files DIR PATTERN: for each of our files DIR/PATTERN a symbolic link in
# ovs/DIR.  The folder is a real one, so that no object file lands in ours.
link_files() {
    mkdir -p "ovs/$1"
    for link in "ovs/$1"/*; do
        # A stale link has lost its file.
        if [ -L "$link" ] && [ ! -e "$link" ]; then
            rm "$link"
            linked=$((linked + 1))
        fi
    done
    for file in "$1"/$2; do
        if [ -f "$file" ] && [ ! -L "ovs/$file" ]; then
            ln -sf "../../$file" "ovs/$file"
            linked=$((linked + 1))
        fi
    done
}

link_module() {
    linked=0
    link_files vswitchd-ext '*[!~]'
    link_files tests '*.at'
    link_files tests '*.c'
    link_files utilities '*[!~]'
    if [ $linked = 0 ]; then
        fine 4 "module: linked"
    else
        step 4 "module: linking, $linked files"
    fi
}

## autoreconf and configure.

# Changes in automake's files are not looked at here: "make" notices and handles
# them by itself.  m4/lt*.m4 and m4/libtool.m4 are what autoreconf puts there.
configure_ovs() {
    if command -v ccache >/dev/null; then
        cc='ccache gcc'
    else
        cc=gcc
    fi
    inputs=$( (cd ovs && pwd && echo $configure_args "$cc" "$cflags" &&
               ls configure.ac acinclude.m4 m4/*.m4 vswitchd-ext/*.m4 2>/dev/null |
               grep -v '^m4/l[it]' | xargs cat) | sha256sum)
    if [ "$(cat $state/configured 2>/dev/null)" = "$inputs" ] &&
       [ -e ovs/Makefile ]; then
        fine 5 "autoreconf: done"
        fine 6 "configure: done"
        return
    fi
    step 5 "autoreconf"
    (cd ovs && ./boot.sh) >$log/autoreconf.log 2>&1 ||
        die "autoreconf failed ($(one_line $log/autoreconf.log 'error:')); see $log/autoreconf.log"
    step 6 "configure"
    (cd ovs && ./configure -q $configure_args CC="$cc" CFLAGS="$cflags") \
        >$log/configure.log 2>&1 ||
        die "$(one_line $log/configure.log 'configure: error:'); see $log/configure.log"
    echo "$inputs" >$state/configured
}

quiet=false
source_only=false
while [ $# -gt 0 ]; do
    case $1 in
    -q) quiet=true ;;
    --source) source_only=true ;;
    -h | --help) sed -n '2,/^$/s/^# \{0,1\}//p' boot.sh; exit ;;
    -*) die "unknown option $1; see ./boot.sh --help" ;;
    *) break ;;
    esac
    shift
done
[ $# -le 1 ] || die "more than one series; see ./boot.sh --help"

choose_series "$@"
mkdir -p $log
exec 9>build/lock               # One at a time.
flock 9

install_packages
if [ -e ovs/.git ]; then
    $source_only || use_submodule
else
    fetch_source
    $source_only || fill_ovs
fi
! $source_only || exit 0
apply_patches
link_module
configure_ovs
$quiet || echo "ovs/ is ready: Open vSwitch $(cat $state/origin), $number patches"

#!/bin/sh
# usage: ./boot.sh [-q] [--source | --list] [--tree DIR] [--stock] [SERIES]
#
# Makes ovs/ a configured Open vSwitch tree of SERIES with patches/ applied and
# vswitchd-ext/ brought in, ready for "make".  SERIES is one of those listed in
# patches/series.conf; without it, the one of this machine's distribution.
# What is up to date is left alone, so it can be run as often as you like.
# When ovs/ is given to another series, what it held is kept in build/kept/, and
# comes back, as it was left, with its series.
#
#   -q          say only what had to be done
#   --source    fetch the series' stock source (into build/source/) and stop
#   --list      print what the series is made of and stop: lines "series NAME",
#               "release NAME" (this machine's if that ships it, else one that
#               does, or "-"), "patch FILE" (in patches/, in order), "file PATH"
#               (ours)
#   --tree DIR  make DIR such a tree instead of ovs/; another series that it may
#               have held is not kept
#   --stock     leave out patches and module, to have something to compare with
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

# Our own files in the source tree.
module='vswitchd-ext/*[!~] vswitchd-ext/inventory/*[!~] vswitchd-ext/rules/*[!~]
    vswitchd-ext/database/*[!~] vswitchd-ext/datapath/*[!~] vswitchd-ext/show/*[!~]
    tests/*.at tests/*.c tests/*.py utilities/*[!~] utilities/sriov/*[!~]
    utilities/sriov/data/*[!~]'

conf=patches/series.conf
log=build/log

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

# choose_series [NAME]: sets $series, $release, $tag and $commit.
choose_series() {
    no_release="no release of Debian has series ${1-}; git submodule update --init ovs"
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-unknown}")
    if [ $# -gt 0 ]; then
        what="unknown series $1"
        found=$(awk -v s="$1" '$1 == "series" && $2 == s' $conf)
    else
        what="no series for this machine's distribution ($codename)"
        found=$(awk -v c="$codename" '$1 == "series" &&
                index("," $3 ",", "," c ",") { print; exit }' $conf)
    fi
    [ -n "$found" ] || die "$what; name one: ./boot.sh SERIES, with $(known_series)"
    read -r _ series releases tag commit <<END
$found
END
    case ,$releases, in
    *,"$codename",*) release=$codename ;;
    *) release=${releases%%,*} ;;
    esac
}

# series_patches: file names of the series' patches, in order.
series_patches() {
    ! $stock || return 0
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

# apt_as_is COMMAND ARG...: as this machine has it.
apt_as_is() {
    "$@"
}

# apt_of_release COMMAND ARG...: as if this were a machine of $release.
apt_of_release() {
    "$top/build-aux/release-apt" "$release" "$@"
}

# apt_update APT: once in a run.  Failure is not looked at: one broken source
# among many does not matter, and what does will fail right after.
updated=
apt_update() {
    case $updated in
    *" $1 "*) return ;;
    esac
    updated="$updated $1 "
    if [ "$1" = apt_as_is ]; then
        as_root apt-get -q update
    else
        "$1" apt-get -q update
    fi >>$log/apt.log 2>&1 || :
}

apt_error() {
    one_line $log/apt.log 'Temporary failure|Could not (connect|resolve)' \
        'NO_PUBKEY|EXPKEYSIG' '^E:'
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
    apt_update apt_as_is
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
        --no-install-recommends -o DPkg::Lock::Timeout=300 \
        install $missing >>$log/apt.log 2>&1 </dev/null ||
        die "cannot install packages ($(apt_error)); check network and apt sources, see $log/apt.log"
}

## The source.

# offered: the newest version of the series that $apt knows of, and that is not
# a rebuilt one of ours.
offered() {
    $apt apt-cache madison openvswitch-source 2>/dev/null |
        awk -v s="$series." 'index($3, s) == 1 && $3 !~ /[+]cxsriov/ { print $3; exit }'
}

# find_version: sets $version, and $apt to where it can be had: this machine's
# own apt, else a release that ships the series.
find_version() {
    apt=apt_as_is
    version=$(offered)
    [ -z "$version" ] || return 0
    [ "$release" = "$codename" ] || apt=apt_of_release
    apt_update $apt
    version=$(offered)
}

# download DIR: the package $version, unpacked but not installed, into DIR.
download() {
    rm -rf "$1"
    mkdir -p "$1/deb"
    (cd "$1" && $apt apt-get -q download "openvswitch-source=$version") \
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
    [ "$release" != - ] || die "$no_release"

    : >>$log/apt.log
    find_version
    [ -n "$version" ] ||
        die "no openvswitch-source $series to be had ($(apt_error)); check network and apt sources, or: git submodule update --init ovs"
    step 2 "source: Debian's openvswitch-source $version"
    download "$dir" || { apt_update $apt; version=$(offered); download "$dir"; } ||
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

# kept ORIGIN: where an ovs/ of ORIGIN is kept while another one is there.
kept() {
    echo "build/kept/$1" | tr ' ' _
}

# swap_ovs: keeps what ovs/ holds, with what was built there and perhaps changed
# by hand, and brings back what was kept of $origin.  Fails if that is nothing.
swap_ovs() {
    if [ -e $state/origin ]; then
        old=$(kept "$(cat $state/origin)")
        mkdir -p build/kept
        [ ! -e "$old" ] ||
            die "$old was kept already; move it away if you need it, else remove it"
        mv ovs "$old" || die "cannot keep ovs/ as $old"
    fi
    [ -d "$(kept "$origin")" ] || return 1
    rm -rf ovs
    mv "$(kept "$origin")" ovs || die "cannot bring $(kept "$origin") back"
}

# fill_tree: puts the stock source into the tree, or what was kept of it.
fill_tree() {
    origin="$series from Debian, $(cat "build/source/$series/version")"
    [ "$(cat $state/origin 2>/dev/null)" != "$origin" ] || return 0

    mkdir -p "$tree"
    [ -d $state ] || [ -z "$(ls -A "$tree")" ] ||
        die "$tree/ holds files that are not from here; move them away"
    if [ "$tree" = ovs ] && swap_ovs; then
        return
    fi
    mkdir -p "$tree"
    find "$tree" -mindepth 1 -delete
    mkdir $state
    cp -a "build/source/$series/openvswitch/." "$tree/"
    echo "$series" >$state/series
    echo "$origin" >$state/origin
}

# clone_submodule: makes the tree a clone of the submodule.
clone_submodule() {
    [ -e ovs/.git ] || die "$no_release"
    [ "$commit" != - ] || commit=$(git -C ovs rev-parse HEAD)
    [ -e "$tree/.git" ] || git clone -q --shared ovs "$tree" 2>$log/git.log ||
        die "cannot clone ovs/ into $tree/ ($(one_line $log/git.log))"
}

# use_submodule: puts a populated submodule, or its clone, at the series' commit.
use_submodule() {
    head=$(git -C "$tree" rev-parse HEAD 2>$log/git.log) ||
        die "$tree/ is no usable git checkout ($(one_line $log/git.log)); git submodule update --init ovs"
    [ "$commit" != - ] || commit=$head
    if [ "$head" = "$commit" ]; then
        fine 2 "source: submodule at $tag"
    else
        step 2 "source: submodule to $tag"
        git -C "$tree" cat-file -e "$commit" 2>/dev/null ||
            die "submodule ovs/ does not have $tag; git -C ovs fetch origin $tag"
        take_patches_out
        [ -z "$(git -C "$tree" status --porcelain --untracked-files=no)" ] ||
            die "submodule $tree/ is not at $tag and has changes; commit or stash them"
        git -C "$tree" checkout -q "$commit" 2>$log/git.log ||
            die "cannot check $tag out in $tree/ ($(one_line $log/git.log)); do it by hand"
    fi
    mkdir -p $state
    echo "$series" >$state/series
    echo "$series from git, $tag" >$state/origin
}

# stock FILE: prints the file as it is in the stock source; fails if it is not.
stock() {
    if [ -e "$tree/.git" ]; then
        git -C "$tree" show "$commit:$1" 2>/dev/null
    else
        cat "build/source/$series/openvswitch/$1" 2>/dev/null
    fi
}

## Patches.

# touched PATCH...: the files that patches change, add or remove.
touched() {
    sed -n 's,^\(---\|+++\) [ab]/\([^[:space:]]*\).*,\2,p' "$@" | sort -u
}

# put_files LIST DIR: makes every file on LIST in the tree be as it is in DIR (or
# not be, if it is not there).  Writes only what differs, so that "make" rebuilds
# only what changed.
put_files() {
    while read -r file; do
        if [ ! -e "$2/$file" ]; then
            rm -f "$tree/$file"
        elif ! cmp -s "$2/$file" "$tree/$file"; then
            mkdir -p "$(dirname "$tree/$file")"
            cat "$2/$file" >"$tree/$file"
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

# The state has "files", the list of what patches touched in the tree, "patched/",
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
        cmp -s "$tree/$file" "$state/patched/$file" ||
            ! stock "$file" | cmp -s - "$tree/$file" || return 1
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
    # the tree as it was.
    : >build/touched
    [ -z "$patches" ] || (cd patches && touched $patches) >build/touched
    stock_files build/touched build/patched
    for patch in $patches; do
        patch -p1 --fuzz=0 --force --no-backup-if-mismatch -r - -d build/patched \
            <"patches/$patch" >$log/patch.log 2>&1 ||
            die "patches/$patch does not apply ($(one_line $log/patch.log 'FAILED|malformed|find file')); refresh it for $series, see $log/patch.log"
    done

    # Work done by hand in the tree is not overwritten.
    sort -u build/touched $state/files 2>/dev/null >build/files || :
    while read -r file; do
        if [ -e "$tree/$file" ] &&
           ! cmp -s "$tree/$file" "build/patched/$file" &&
           ! cmp -s "$tree/$file" "$state/patched/$file" &&
           ! stock "$file" | cmp -s "$tree/$file" -; then
            die "$tree/$file was changed by hand; make it a patch, or delete the file"
        fi
    done <build/files

    # Those that no patch touches any longer go back to stock.
    comm -23 build/files build/touched >build/untouched
    stock_files build/untouched build/restored
    put_files build/untouched build/restored
    put_files build/touched build/patched

    rm -rf $state/patched
    mv build/patched $state/patched
    mv build/touched $state/files
    rm -rf build/files build/untouched build/restored
    echo "$sum" >$state/patches
}

## Our own files.

list() {
    echo "series $series"
    echo "release $release"
    printf 'patch %s\n' $(series_patches)
    printf 'file %s\n' $module
}

# link_files DIR PATTERN: for each of our files DIR/PATTERN a symbolic link in
# the tree's DIR.  The folder is a real one, so that no object file lands in ours.
link_files() {
    mkdir -p "$tree/$1"
    for link in "$tree/$1"/*; do
        # A stale link has lost its file.
        if [ -L "$link" ] && [ ! -e "$link" ]; then
            rm "$link"
            linked=$((linked + 1))
        fi
    done
    for file in "$1"/$2; do
        if [ -f "$file" ] && [ ! -L "$tree/$file" ]; then
            ln -srf "$file" "$tree/$file"
            linked=$((linked + 1))
        fi
    done
}

link_module() {
    linked=0
    set -f
    for pattern in $($stock || echo "$module"); do
        set +f
        link_files "${pattern%/*}" "${pattern##*/}"
    done
    set +f
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
    inputs=$( (cd "$tree" && pwd && echo $configure_args "$cc" "$cflags" &&
               ls configure.ac acinclude.m4 m4/*.m4 vswitchd-ext/*.m4 2>/dev/null |
               grep -v '^m4/l[it]' | xargs cat) | sha256sum)
    if [ "$(cat $state/configured 2>/dev/null)" = "$inputs" ] &&
       [ -e "$tree/Makefile" ]; then
        fine 5 "autoreconf: done"
        fine 6 "configure: done"
        return
    fi
    step 5 "autoreconf"
    (cd "$tree" && ./boot.sh) >$log/autoreconf.log 2>&1 ||
        die "autoreconf failed ($(one_line $log/autoreconf.log 'error:')); see $log/autoreconf.log"
    step 6 "configure"
    (cd "$tree" && ./configure -q $configure_args CC="$cc" CFLAGS="$cflags") \
        >$log/configure.log 2>&1 ||
        die "$(one_line $log/configure.log 'configure: error:'); see $log/configure.log"
    echo "$inputs" >$state/configured
}

quiet=false
source_only=false
stock=false
tree=ovs
list_only=false
while [ $# -gt 0 ]; do
    case $1 in
    -q) quiet=true ;;
    --source) source_only=true ;;
    --list) list_only=true ;;
    --stock) stock=true ;;
    --tree)
        [ $# -gt 1 ] || die "--tree needs a folder; see ./boot.sh --help"
        tree=${2%/}
        shift
        ;;
    -h | --help) sed -n '2,/^$/s/^# \{0,1\}//p' boot.sh; exit ;;
    -*) die "unknown option $1; see ./boot.sh --help" ;;
    *) break ;;
    esac
    shift
done
[ $# -le 1 ] || die "more than one series; see ./boot.sh --help"
! $stock || [ "$tree" != ovs ] || die "--stock needs a --tree of its own"

top=$PWD
[ "$(realpath -m "$tree")" != "$top/ovs" ] || tree=ovs
state=$tree/.cx-sriov           # What this script knows about the tree.
choose_series "$@"
! $list_only || { list; exit 0; }
mkdir -p $log
exec 9>build/lock               # One at a time.
flock 9

install_packages
if $source_only; then
    fetch_source
    exit
elif [ "$tree" = ovs ] && [ -e ovs/.git ]; then
    use_submodule
elif [ "$release" = - ]; then
    clone_submodule
    use_submodule
else
    fetch_source
    fill_tree
fi
apply_patches
link_module
configure_ovs
$quiet || echo "$tree/ is ready: Open vSwitch $(cat $state/origin), $number patches"

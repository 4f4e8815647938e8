#!/bin/sh
# usage: ./boot.sh [-q] [--source | --list] [--tree DIR [--stock] [--dpdk]]
#                  [SERIES]
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
#   --dpdk      have the daemon built with DPDK, which takes libdpdk-dev
#
# Its parts are in build-aux/.  Each does one thing, with a --help of its own, and
# may be run by itself:
#
#   read-series       what patches/series.conf says of a series
#   install-packages  what a build needs (1)
#   fetch-source      Debian's source into build/source/ (2)
#   fill-tree         and from there into a tree, or
#   use-submodule     a git checkout of upstream as the tree (2)
#   apply-patches     the tree's files as patches/ want them (3)
#   link-module       links to our own files (4)
#   configure-tree    autoreconf and configure (5 and 6)
#
# Needs root (or sudo) only if packages have to be installed.

set -eu
cd "$(dirname "$0")"
export LC_ALL=C

die() {
    echo "boot.sh: $*" >&2
    exit 1
}

# of WHAT: the lines "WHAT ..." of what the series is made of, without WHAT.
of() {
    echo "$made_of" | sed -n "s/^$1 //p"
}

# get_source: puts the stock source into the tree.
get_source() {
    if { [ "$tree" = ovs ] && [ -e ovs/.git ]; } || [ "$release" = - ]; then
        part use-submodule "$tree" "$series" "$(of tag)" "$(of commit)"
    else
        part fetch-source "$series" "$release"
        part fill-tree "$tree" "$series"
    fi
}

# part NAME ARG...: runs it.
part() {
    part=$1
    shift
    "build-aux/$part" $q "$@"
}

q=
source_only=false
list_only=false
stock=false
dpdk=
tree=ovs
while [ $# -gt 0 ]; do
    case $1 in
    -q) q=-q ;;
    --source) source_only=true ;;
    --list) list_only=true ;;
    --stock) stock=true ;;
    --dpdk) dpdk=--dpdk ;;
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
[ -z "$dpdk" ] || [ "$tree" != ovs ] || die "--dpdk needs a --tree of its own"
[ "$(realpath -m "$tree")" != "$PWD/ovs" ] || tree=ovs

made_of=$(build-aux/read-series "$@")
series=$(of series)
release=$(of release)
patches=$($stock || of patch)
# shellcheck disable=SC2086
if $list_only; then
    printf '%s\n' "series $series" "release $release" ${patches:+"$(printf 'patch %s\n' $patches)"}
    build-aux/link-module --list | sed 's/^/file /'
    exit
fi

mkdir -p build/log
exec 9>build/lock               # One at a time.
flock 9
# shellcheck disable=SC2086
part install-packages $dpdk
if $source_only; then
    part fetch-source "$series" "$release"
    exit
fi
get_source
# shellcheck disable=SC2086
part apply-patches "$tree" $patches
# shellcheck disable=SC2046
part link-module $(! $stock || echo --none) "$tree"
# shellcheck disable=SC2086
part configure-tree $dpdk "$tree"
[ -n "$q" ] ||
    echo "$tree/ is ready: Open vSwitch $(cat "$tree/.cx-sriov/origin"), $(echo "$patches" | wc -w) patches"

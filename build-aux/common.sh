# What the parts of boot.sh share; sourced first by each of them, as
#
#     set -eu
#     . "${0%/*}/common.sh"
#
# It answers --help with the comment at the top of the part, takes -q ("say only
# what had to be done") off the arguments, and goes to the top of the source tree,
# which is where a TREE that is no absolute path starts.
# shellcheck shell=sh disable=SC2034,SC2164

# The series that there are, and where logs go.
conf=patches/series.conf
log=build/log

# die TEXT...: the user knows but boot.sh.
die() {
    echo "boot.sh: $*" >&2
    exit 1
}

# step NUMBER TEXT: work that is being done.  The parts are numbered as boot.sh
# runs them.
step() {
    echo "[$1/6] $2"
}

# fine NUMBER TEXT: there was nothing to do.
fine() {
    $quiet || step "$@"
}

# help FILE: prints the comment at its top.
help() {
    sed -n '2,/^$/s/^# \{0,1\}//p' "$1"
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

# codename: that of the Debian release that this machine has.
codename() {
    # shellcheck disable=SC1091
    (. /etc/os-release && echo "${VERSION_CODENAME:-unknown}")
}

# no_release SERIES: dies.
no_release() {
    die "no release of Debian has series $1; git submodule update --init ovs"
}

# state TREE: the folder of what the parts know about the tree.  It has
#
#   series      its name
#   origin      what the source is: "3.5 from Debian, 3.5.0-1", or "main from
#               git, main"
#   files       the list of what patches touch in the tree
#   patched/    those files as they were written
#   patches     a checksum of the patches
#   configured  one of what configure was run for
state() {
    echo "$1/.cx-sriov"
}

# stock TREE FILE: prints the file as it is in the tree's stock source; fails if
# it is not there.  The commit of a submodule is stock, for patches are not
# committed there.
stock() {
    if [ -e "$1/.git" ]; then
        git -C "$1" show "HEAD:$2" 2>/dev/null
    else
        cat "build/source/$(cat "$(state "$1")/series")/openvswitch/$2" 2>/dev/null
    fi
}

export LC_ALL=C
case ${1-} in
-h | --help) help "$0"; exit ;;
esac
cd "${0%/*}/.."
mkdir -p $log
quiet=false
if [ "${1-}" = -q ]; then
    quiet=true
    shift
fi

#!/bin/bash
# Run Open vSwitch's own tests with DPDK ("make check-dpdk" there), as far as they need neither hugepages nor a NIC.
#
#   tests/dpdk/upstream.sh --ovs DIR [TESTSUITEFLAGS...]
#
# DIR is a tree that "boot.sh --dpdk" configured.  TESTSUITEFLAGS are by default "-k dpdk", tests/system-dpdk.at: from series 3.5 on
# the suite has the tests of system-traffic.at as well, which the kernel's devices take part in.  Runs on this machine, in a network namespace of its own, and shows DPDK none of
# its PCI devices.  What is skipped is named.  The last line is "N passed, N failed, N skipped".
set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
[ "${1:-}" = --ovs ] && [ $# -ge 2 ] || { sed -n '2,/^set -eu/s/^# \{0,1\}//p' "$0" | sed '$d' >&2; exit 2; }
ovs=$(cd "$2" && pwd)
shift 2
[ $# -gt 0 ] || set -- -k dpdk
# shellcheck source=tests/guest/common.sh
. "$top/tests/guest/common.sh"
die() { echo "dpdk: $*" >&2; exit 1; }
log=$top/build/log/dpdk-upstream.log

[ "$(id -u)" = 0 ] || die "not root, which DPDK needs: run it with sudo"
unset MAKEFLAGS MFLAGS
"$top/tests/guest/prepare" --ovs "$ovs"
# shellcheck disable=SC2086,SC2154
"$top/tests/quietly" build-dpdk "building what the tests need besides" make -C "$ovs" $ovs_programs package.m4 tests/atlocal

# Upstream's, with our macros behind its own.
suite=$ovs/tests/no-hugepages-testsuite
sed 's/^m4_include(\[tests\/system-dpdk\.at\])/m4_include([no-hugepages.at])\n&/' "$ovs/tests/system-dpdk-testsuite.at" >"$suite.at"
grep -q no-hugepages "$suite.at" || die "tests/system-dpdk-testsuite.at has other lines than expected"
(cd "$ovs" && autom4te --language=autotest -I . -I "$here" -o "$suite" "$suite.at") || die "cannot make $suite"

paths=utilities:vswitchd:ovsdb:vtep:tests:
(cd "$ovs" && "$top/tests/in-netns" sh "$suite" -C tests AUTOTEST_PATH="$paths" -j1 "$@") >"$log" 2>&1 && status=0 || status=$?
results() { sed -n -E 's/^ *[0-9]+: (.*[^ ]) +'"$1"'( .*)?$/\1/p' "$log"; }
results '(FAILED|UNEXPECTED PASS)' | sed 's/^/FAILED  /'
results skipped | sed 's/^/skipped /'
passed=$(results ok | wc -l) failed=$(results '(FAILED|UNEXPECTED PASS)' | wc -l)
[ "$status" = 0 ] || [ "$failed" -gt 0 ] || failed=1
[ "$failed" = 0 ] || echo "dpdk: see $log, and $suite.dir"
echo "$passed passed, $failed failed, $(results skipped | wc -l) skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]

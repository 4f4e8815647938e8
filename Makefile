# make                builds Open vSwitch with our patches and module, in ovs/
# make check          runs Open vSwitch's own testsuite, ours included
# make check-patches  checks patches/ against the stock source
# make check-layout   checks folders, functions, state and headers of our C files
# make check-guest    runs the scenarios with a simulated NIC, in a virtual machine
# make check-frames   compares what receivers get with the kernel's datapath, in 200
#                     random configurations
# make check-matrix   five subjects on the NICs of ice, bnxt_en and Linux 6.1's mlx5
# make check-dpdk     runs those of tests/dpdk: a DPDK daemon, and the NIC with a DPDK driver; and what of
#                     Open vSwitch's own tests with DPDK needs no hugepages
# make check-system   runs Open vSwitch's own system tests (check-kernel, check-offloads) in virtual
#                     machines, with ours and with stock, and compares; hours
# make check-series   checks each series: patches, build, our tests, the demo
# make check-vm       VMs: 200 lives in random order, 64 at once, libvirt with QEMU, migration between
#                     two virtual machines
# make check-all      check, check-patches, check-layout, check-guest, check-series (what was
#                     checked already is not checked again) and check-fuzz, and in short
#                     check-sanitizers (our tests), check-deb (contents, lintian, fresh) and
#                     check-dpdk (dpdk-attach)
# make check-valgrind runs our tests under valgrind, and looks for errors and leaks of ours
# make check-metrics  has promtool look at the metrics and the alert rules
# make fuzz           feeds our parsers and rules with what a fuzzer makes up, FUZZTIME=300
#                     seconds for each target, with sanitizers; check-fuzz: 60 seconds,
#                     always from the same seed
# make check-sanitizers  runs our tests, those of bonds and flows, and scenarios in the guest,
#                     with sanitizers (SANITIZE=short: our tests; guest: the scenarios;
#                     thread, "thread short", "thread guest": for data races)
# make deb            builds the Debian packages, in build/deb/ (of a series that
#                     another release ships: for that one, in build/deb-SERIES/)
# make apt-repo       makes a signed apt repository of them, in build/apt/, for hosts to upgrade from
# make check-deb      tries them in a Debian guest, and compares them with the distribution's
# make bench          measures patched against stock, and prints ratios
# make demo           shows representors added and flows offloaded, in a virtual machine
# make ovs-dir        prints the folder of the built tree
# make clean          removes what the build made; distclean also what was fetched
#
# Each prepares ovs/ with ./boot.sh by itself.  SERIES=3.1 names the Open vSwitch
# series (default: the one in ovs/, else that of this machine's distribution), so
# that "make check SERIES=3.5" runs the whole testsuite of 3.5; what ovs/ held is
# kept and comes back with its series.  OVS=build/series/3.5 has it done in that
# folder instead, which is where check-series works.
# TESTSUITEFLAGS="-k sriov -j4" goes to the testsuite; GUESTFLAGS to tests/guest/run;
# BENCHFLAGS to tests/bench/run; DEBFLAGS to debian/build, see its --help;
# CHECKDEBFLAGS to tests/deb/run; SYSTEMFLAGS to tests/system/run; APTREPOFLAGS to debian/apt-repo.

OVS = ovs
SERIES ?= $(shell cat $(OVS)/.cx-sriov/series 2>/dev/null)
GUEST = tests/guest/run --ovs $(OVS)
# Of no use under a "make -j", which shares its jobs with the make in ovs/.
JOBS = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

.PHONY: build boot check check-patches check-layout check-valgrind fuzz check-fuzz check-metrics check-sanitizers check-sanitizers-short check-guest check-frames check-matrix check-vm check-dpdk check-dpdk-short check-dpdk-guest check-dpdk-upstream check-system check-series \
	check-other-series check-all demo deb apt-repo check-deb check-deb-short bench ovs-dir clean distclean help

build: boot
	@tests/quietly build "building Open vSwitch" $(MAKE) -C $(OVS) $(JOBS)

boot:
	@./boot.sh -q --tree $(OVS) $(SERIES)

check: build
	@tests/run-testsuite $(OVS) $(TESTSUITEFLAGS)

check-patches:
	@tests/check-patches

check-layout:
	@tests/check-layout

check-valgrind: build
	@tests/run-valgrind $(OVS) $(TESTSUITEFLAGS)

fuzz: build
	@FUZZTIME=$(FUZZTIME) tests/run-fuzz $(OVS) $(FUZZFLAGS)

check-metrics: build
	@tests/metrics/check $(OVS)

# A change is not refused by chance.
check-fuzz: build
	@FUZZTIME=60 FUZZSEED=1 tests/run-fuzz $(OVS)

check-sanitizers:
	@tests/run-sanitizers $(SANITIZE)

check-guest: build
	@$(GUEST) --recheck $(GUESTFLAGS)

check-frames: build
	@$(GUEST) --set FRAMES_COUNT=200 $(GUESTFLAGS) frames-compare

# Too long for check-all, as is the next one.
check-matrix: build
	@$(GUEST) $(GUESTFLAGS) matrix

# Too long for check-all.
check-vm: build
	@tests/guest/fetch.sh --build build/guest
	@tests/guest/libvirt-root.sh build/libvirt
	@$(GUEST) --scenarios tests/guest/long --add build/libvirt/root $(GUESTFLAGS) libvirt vm-many vm-random vm-settings
	@rm -rf build/guest/common
	@$(GUEST) --scenarios tests/guest/long --common build/guest/common --jobs 2 vm-migrate-from vm-migrate-to

check-series:
	@tests/check-series

# Too long for check-all as well.
check-dpdk:
	+@tests/run-all check-dpdk-guest check-dpdk-upstream

check-dpdk-guest:
	@tests/dpdk/run $(if $(SERIES),--series $(SERIES)) $(GUESTFLAGS)

check-dpdk-upstream:
	@tests/dpdk/run $(if $(SERIES),--series $(SERIES)) --upstream $(TESTSUITEFLAGS)

# Much too long for check-all.
check-system: build
	@tests/system/run --ovs $(OVS) $(SYSTEMFLAGS)

# All but the one that "make check" and "make check-guest" check.
check-other-series: boot
	@tests/check-series --but $$(cat $(OVS)/.cx-sriov/series)

# In short, as check-all has them.
check-sanitizers-short:
	@tests/run-sanitizers short

check-dpdk-short:
	@tests/dpdk/run $(if $(SERIES),--series $(SERIES)) dpdk-attach

check-deb-short: deb
	@tests/deb/run --packages $$(debian/build --folder $(SERIES)) contents lintian fresh

# Beside, the guests come last: the CPUs are theirs when the others are done.
check-all: build
	+@tests/run-all check-layout check check-fuzz check-guest \
		--beside check-patches check-sanitizers-short check-other-series check-deb-short check-dpdk-short

# Builds only what it shows, and downloads at the same time.
demo: boot
	@tests/guest/prepare --ovs $(OVS)
	@$(GUEST) --demo $(GUESTFLAGS)

bench: build
	@tests/bench/run $(BENCHFLAGS)

deb:
	@debian/build $(DEBFLAGS) $(SERIES)

apt-repo: deb
	@debian/apt-repo $(APTREPOFLAGS)

check-deb: deb
	@tests/deb/run --packages $$(debian/build --folder $(SERIES)) $(CHECKDEBFLAGS)

ovs-dir:
	@echo $(abspath $(OVS))

clean:
	@test ! -e ovs/Makefile || $(MAKE) -s -C ovs clean >/dev/null 2>&1

# A submodule is the user's own and stays.
distclean:
	@test -e ovs/.git || test ! -e ovs/.cx-sriov || find ovs -mindepth 1 -delete
	@rm -rf build

help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' Makefile

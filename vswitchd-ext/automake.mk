# What cx-sriov adds to ovs-vswitchd, included by vswitchd/automake.mk.
vswitchd_ovs_vswitchd_SOURCES += \
	vswitchd-ext/compat.h \
	vswitchd-ext/cx-sriov.c \
	vswitchd-ext/cx-sriov.h \
	vswitchd-ext/database/rows.c \
	vswitchd-ext/database/rows.h \
	vswitchd-ext/database/session.c \
	vswitchd-ext/database/session.h \
	vswitchd-ext/database/write.c \
	vswitchd-ext/database/write.h \
	vswitchd-ext/datapath/datapaths.c \
	vswitchd-ext/datapath/datapaths.h \
	vswitchd-ext/datapath/filters.c \
	vswitchd-ext/datapath/filters.h \
	vswitchd-ext/datapath/flows.c \
	vswitchd-ext/datapath/flows.h \
	vswitchd-ext/datapath/policy.c \
	vswitchd-ext/datapath/policy.h \
	vswitchd-ext/datapath/ports.c \
	vswitchd-ext/datapath/ports.h \
	vswitchd-ext/datapath/purge.c \
	vswitchd-ext/datapath/purge.h \
	vswitchd-ext/datapath/restart-fdb.c \
	vswitchd-ext/datapath/restart-fdb.h \
	vswitchd-ext/datapath/survey.c \
	vswitchd-ext/datapath/survey.h \
	vswitchd-ext/inventory/counters.c \
	vswitchd-ext/inventory/counters.h \
	vswitchd-ext/inventory/model.c \
	vswitchd-ext/inventory/model.h \
	vswitchd-ext/inventory/netlink-devlink.c \
	vswitchd-ext/inventory/netlink-link.c \
	vswitchd-ext/inventory/netlink.c \
	vswitchd-ext/inventory/netlink.h \
	vswitchd-ext/inventory/reader.c \
	vswitchd-ext/inventory/reader.h \
	vswitchd-ext/inventory/source-dummy.c \
	vswitchd-ext/inventory/source-netlink.c \
	vswitchd-ext/inventory/source.h \
	vswitchd-ext/inventory/sysfs.c \
	vswitchd-ext/inventory/sysfs.h \
	vswitchd-ext/inventory/udev.c \
	vswitchd-ext/inventory/udev.h \
	vswitchd-ext/rules/bond.c \
	vswitchd-ext/rules/bond.h \
	vswitchd-ext/rules/config.c \
	vswitchd-ext/rules/config.h \
	vswitchd-ext/rules/defaults.c \
	vswitchd-ext/rules/defaults.h \
	vswitchd-ext/rules/dpdk.c \
	vswitchd-ext/rules/dpdk.h \
	vswitchd-ext/rules/drivers.c \
	vswitchd-ext/rules/drivers.h \
	vswitchd-ext/rules/frames.c \
	vswitchd-ext/rules/frames.h \
	vswitchd-ext/rules/history.c \
	vswitchd-ext/rules/history.h \
	vswitchd-ext/rules/offload-policy.c \
	vswitchd-ext/rules/offload-policy.h \
	vswitchd-ext/rules/plan.c \
	vswitchd-ext/rules/plan.h \
	vswitchd-ext/rules/reasons.c \
	vswitchd-ext/rules/reasons.h \
	vswitchd-ext/rules/schedule.c \
	vswitchd-ext/rules/schedule.h \
	vswitchd-ext/rules/tally.c \
	vswitchd-ext/rules/tally.h \
	vswitchd-ext/rules/view.c \
	vswitchd-ext/rules/view.h \
	vswitchd-ext/show/commands.c \
	vswitchd-ext/show/commands.h \
	vswitchd-ext/show/grid.c \
	vswitchd-ext/show/grid.h \
	vswitchd-ext/show/show.c \
	vswitchd-ext/show/show.h \
	vswitchd-ext/show/why.c \
	vswitchd-ext/show/why.h
vswitchd_ovs_vswitchd_CPPFLAGS = $(AM_CPPFLAGS) \
	-I$(srcdir)/vswitchd-ext $(CX_SRIOV_CFLAGS)
vswitchd_ovs_vswitchd_LDADD += $(CX_SRIOV_LIBS)

# What the hooks in lib/ and ofproto/ call.
lib_libopenvswitch_la_SOURCES += \
	vswitchd-ext/datapath/attempts-dpdk.h \
	vswitchd-ext/datapath/attempts-vlog.h \
	vswitchd-ext/datapath/attempts.c \
	vswitchd-ext/datapath/attempts.h \
	vswitchd-ext/datapath/qdisc.c \
	vswitchd-ext/datapath/qdisc.h \
	vswitchd-ext/datapath/sources.c \
	vswitchd-ext/datapath/sources.h
ofproto_libofproto_la_SOURCES += \
	vswitchd-ext/datapath/hooks.h \
	vswitchd-ext/datapath/restart-file.c \
	vswitchd-ext/datapath/restart-file.h \
	vswitchd-ext/datapath/restart-lacp.c \
	vswitchd-ext/datapath/restart-lacp.h \
	vswitchd-ext/datapath/restart.c \
	vswitchd-ext/datapath/restart.h

# "ovstest test-sriov-plan" has what the plan needs, and no I/O.
tests_ovstest_SOURCES += \
	tests/test-sriov-frames.c \
	tests/test-sriov-offload.c \
	tests/test-sriov-plan.c \
	tests/test-sriov-schedule.c \
	tests/test-sriov-why.c \
	vswitchd-ext/inventory/model.c \
	vswitchd-ext/inventory/source-dummy.c \
	vswitchd-ext/rules/config.c \
	vswitchd-ext/rules/dpdk.c \
	vswitchd-ext/rules/drivers.c \
	vswitchd-ext/rules/frames.c \
	vswitchd-ext/rules/history.c \
	vswitchd-ext/rules/offload-policy.c \
	vswitchd-ext/rules/plan.c \
	vswitchd-ext/rules/reasons.c \
	vswitchd-ext/rules/schedule.c \
	vswitchd-ext/rules/tally.c \
	vswitchd-ext/rules/view.c
tests_ovstest_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/vswitchd-ext
TESTSUITE_AT += \
	tests/sriov-frames.at \
	tests/sriov-host.at \
	tests/sriov-lost.at \
	tests/sriov-offload.at \
	tests/sriov-plan.at \
	tests/sriov-schedule.at \
	tests/sriov-vm.at \
	tests/sriov-why.at

# Feeds our netlink parsers with garbled messages.
noinst_PROGRAMS += tests/test-sriov-netlink
valgrind_wrappers += tests/valgrind/test-sriov-netlink
tests_test_sriov_netlink_SOURCES = \
	tests/test-sriov-netlink.c \
	vswitchd-ext/inventory/model.c \
	vswitchd-ext/inventory/netlink-devlink.c \
	vswitchd-ext/inventory/netlink-link.c \
	vswitchd-ext/inventory/sysfs.c
tests_test_sriov_netlink_CPPFLAGS = $(AM_CPPFLAGS) \
	-I$(srcdir)/vswitchd-ext $(CX_SRIOV_CFLAGS)
tests_test_sriov_netlink_LDADD = lib/libopenvswitch.la $(CX_SRIOV_LIBS)

# What ovs-vsctl does otherwise for ifupdown2.
utilities_ovs_vsctl_SOURCES += \
	utilities/sriov/vsctl.c \
	utilities/sriov/vsctl.h
utilities_ovs_vsctl_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/utilities

# What ovs-sriov and its tests know of the host and sriov.conf, and read of what
# people had set up before.
sriov_host_sources = \
	utilities/sriov/conf-bond.c \
	utilities/sriov/conf-bond.h \
	utilities/sriov/conf.c \
	utilities/sriov/conf.h \
	utilities/sriov/host.c \
	utilities/sriov/host.h \
	utilities/sriov/vm-settings.c \
	utilities/sriov/vm-settings.h \
	vswitchd-ext/inventory/model.c \
	vswitchd-ext/inventory/netlink-devlink.c \
	vswitchd-ext/inventory/netlink-link.c \
	vswitchd-ext/inventory/netlink.c \
	vswitchd-ext/inventory/sysfs.c
sriov_leftovers_sources = \
	utilities/sriov/leftovers-files.c \
	utilities/sriov/leftovers-ports.c \
	utilities/sriov/leftovers-shell.c \
	utilities/sriov/leftovers-shell.h \
	utilities/sriov/leftovers-udev.c \
	utilities/sriov/leftovers.c \
	utilities/sriov/leftovers.h

# ovs-sriov, which sets up the host.
bin_PROGRAMS += utilities/ovs-sriov
utilities_ovs_sriov_SOURCES = \
	utilities/sriov/apply.c \
	utilities/sriov/bonds.c \
	utilities/sriov/bonds.h \
	utilities/sriov/check.c \
	utilities/sriov/command.c \
	utilities/sriov/command.h \
	utilities/sriov/drivers.c \
	utilities/sriov/import-lag.c \
	utilities/sriov/import.c \
	utilities/sriov/import.h \
	utilities/sriov/late.c \
	utilities/sriov/late.h \
	utilities/sriov/libvirt.c \
	utilities/sriov/list.c \
	utilities/sriov/main.c \
	utilities/sriov/mapping.c \
	utilities/sriov/mapping.h \
	utilities/sriov/metrics-http.c \
	utilities/sriov/metrics-http.h \
	utilities/sriov/metrics-read.c \
	utilities/sriov/metrics-read.h \
	utilities/sriov/metrics.c \
	utilities/sriov/name.c \
	utilities/sriov/plan.c \
	utilities/sriov/plan.h \
	utilities/sriov/probe-rule.c \
	utilities/sriov/probe-rule.h \
	utilities/sriov/probe.c \
	utilities/sriov/proxmox.c \
	utilities/sriov/recovery.c \
	utilities/sriov/recovery.h \
	utilities/sriov/steps.c \
	utilities/sriov/steps.h \
	utilities/sriov/vm-conf.c \
	utilities/sriov/vm-kernel.c \
	utilities/sriov/vm-kernel.h \
	utilities/sriov/vm-libvirt.c \
	utilities/sriov/vm-libvirt.h \
	utilities/sriov/vm-ovsdb.c \
	utilities/sriov/vm-ovsdb.h \
	utilities/sriov/vm-plan.c \
	utilities/sriov/vm-plan.h \
	utilities/sriov/vm-proxmox.c \
	utilities/sriov/vm-settle.c \
	utilities/sriov/vm-settle.h \
	utilities/sriov/vm-source.c \
	utilities/sriov/vm-source.h \
	utilities/sriov/vm-watch.c \
	utilities/sriov/vm-watch.h \
	utilities/sriov/vm.c \
	vswitchd-ext/rules/view.c \
	vswitchd-ext/show/grid.c \
	$(sriov_host_sources) \
	$(sriov_leftovers_sources)
utilities_ovs_sriov_CPPFLAGS = $(AM_CPPFLAGS) \
	-I$(srcdir)/vswitchd-ext -I$(srcdir)/utilities $(CX_SRIOV_CFLAGS) \
	$(CX_SRIOV_HOST_CFLAGS)
utilities_ovs_sriov_LDADD = lib/libopenvswitch.la $(CX_SRIOV_LIBS) \
	$(CX_SRIOV_HOST_LIBS)

# The plan of "ovs-sriov apply", without any I/O.
noinst_PROGRAMS += tests/test-sriov-host
valgrind_wrappers += tests/valgrind/test-sriov-host tests/valgrind/ovs-sriov
tests_test_sriov_host_SOURCES = \
	tests/test-sriov-host.c \
	utilities/sriov/plan.c \
	$(sriov_host_sources)
tests_test_sriov_host_CPPFLAGS = $(AM_CPPFLAGS) \
	-I$(srcdir)/vswitchd-ext -I$(srcdir)/utilities $(CX_SRIOV_CFLAGS)
tests_test_sriov_host_LDADD = lib/libopenvswitch.la $(CX_SRIOV_LIBS) \
	$(CX_SRIOV_HOST_LIBS)

# The plan of "ovs-sriov vm", likewise, its sources, and its rows.
noinst_PROGRAMS += tests/test-sriov-vm
valgrind_wrappers += tests/valgrind/test-sriov-vm
tests_test_sriov_vm_SOURCES = \
	tests/test-sriov-vm.c \
	utilities/sriov/mapping.c \
	utilities/sriov/vm-libvirt.c \
	utilities/sriov/vm-ovsdb.c \
	utilities/sriov/vm-plan.c \
	utilities/sriov/vm-proxmox.c \
	utilities/sriov/vm-source.c \
	utilities/sriov/vm-watch.c \
	vswitchd-ext/rules/view.c \
	$(sriov_host_sources) \
	$(sriov_leftovers_sources)
tests_test_sriov_vm_CPPFLAGS = $(AM_CPPFLAGS) \
	-I$(srcdir)/vswitchd-ext -I$(srcdir)/utilities $(CX_SRIOV_CFLAGS) \
	$(CX_SRIOV_HOST_CFLAGS)
tests_test_sriov_vm_LDADD = lib/libopenvswitch.la $(CX_SRIOV_LIBS) \
	$(CX_SRIOV_HOST_LIBS)

man_MANS += utilities/sriov/data/ovs-sriov.8
CLEANFILES += utilities/sriov/data/ovs-sriov.8
completion_DATA = utilities/sriov/data/ovs-sriov-bashcomp.bash

systemdunitdir = $(prefix)/lib/systemd/system
udevrulesdir = $(prefix)/lib/udev/rules.d
sriov_services = \
	utilities/sriov/data/ovs-sriov-drivers.service \
	utilities/sriov/data/ovs-sriov-exporter.service \
	utilities/sriov/data/ovs-sriov-metrics.service \
	utilities/sriov/data/ovs-sriov-vm.service \
	utilities/sriov/data/ovs-sriov.service \
	utilities/sriov/data/ovs-sriov@.service
systemdunit_DATA = $(sriov_services) \
	utilities/sriov/data/ovs-sriov-drivers.path \
	utilities/sriov/data/ovs-sriov-exporter.socket \
	utilities/sriov/data/ovs-sriov-metrics.timer
udevrules_DATA = utilities/sriov/data/60-ovs-sriov.rules
networkddir = $(prefix)/lib/systemd/network
networkd_DATA = utilities/sriov/data/05-ovs-sriov.network
CLEANFILES += $(sriov_services) $(udevrules_DATA)
EXTRA_DIST += \
	utilities/sriov/data/05-ovs-sriov.network \
	utilities/sriov/data/60-ovs-sriov.rules.in \
	utilities/sriov/data/ovs-sriov-bashcomp.bash \
	utilities/sriov/data/ovs-sriov-drivers.path \
	utilities/sriov/data/ovs-sriov-drivers.service.in \
	utilities/sriov/data/ovs-sriov-exporter.service.in \
	utilities/sriov/data/ovs-sriov-exporter.socket \
	utilities/sriov/data/ovs-sriov-metrics.service.in \
	utilities/sriov/data/ovs-sriov-metrics.timer \
	utilities/sriov/data/ovs-sriov-vm.service.in \
	utilities/sriov/data/ovs-sriov.8.in \
	utilities/sriov/data/ovs-sriov.service.in \
	utilities/sriov/data/ovs-sriov@.service.in \
	utilities/sriov/data/sriov.conf

# No object is made there, for which automake would make the folder of a build
# outside the source tree.
utilities/sriov/data/ovs-sriov.8 $(sriov_services) $(udevrules_DATA): \
	utilities/sriov/data/.dirstamp
utilities/sriov/data/.dirstamp:
	$(MKDIR_P) utilities/sriov/data
	: > $@
DISTCLEANFILES += utilities/sriov/data/.dirstamp
# For Prometheus's rule_files.
metricsdir = $(pkgdatadir)/metrics
metrics_DATA = utilities/sriov/data/metrics/ovs-sriov.rules.yml
EXTRA_DIST += $(metrics_DATA)

# The one that is there already is the user's.
INSTALL_DATA_LOCAL += install-sriov-conf
install-sriov-conf:
	$(MKDIR_P) $(DESTDIR)$(sysconfdir)/openvswitch
	test -e $(DESTDIR)$(sysconfdir)/openvswitch/sriov.conf || \
	    $(INSTALL_DATA) $(srcdir)/utilities/sriov/data/sriov.conf \
	        $(DESTDIR)$(sysconfdir)/openvswitch/sriov.conf

MAN_FRAGMENTS += vswitchd-ext/show/unixctl.man
EXTRA_DIST += \
	tests/sriov-replay.py \
	tests/sriov-scrape.py \
	vswitchd-ext/automake.mk \
	vswitchd-ext/cx-sriov.m4

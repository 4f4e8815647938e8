# What cx-sriov adds to ovs-vswitchd, included by vswitchd/automake.mk.
vswitchd_ovs_vswitchd_SOURCES += \
	vswitchd-ext/cx-sriov.c \
	vswitchd-ext/cx-sriov.h \
	vswitchd-ext/sriov-apply.c \
	vswitchd-ext/sriov-apply.h \
	vswitchd-ext/sriov-bond.c \
	vswitchd-ext/sriov-bond.h \
	vswitchd-ext/sriov-compat.h \
	vswitchd-ext/sriov-config.c \
	vswitchd-ext/sriov-config.h \
	vswitchd-ext/sriov-datapath.c \
	vswitchd-ext/sriov-datapath.h \
	vswitchd-ext/sriov-db.c \
	vswitchd-ext/sriov-db.h \
	vswitchd-ext/sriov-defaults.c \
	vswitchd-ext/sriov-defaults.h \
	vswitchd-ext/sriov-flows.c \
	vswitchd-ext/sriov-flows.h \
	vswitchd-ext/sriov-grid.c \
	vswitchd-ext/sriov-grid.h \
	vswitchd-ext/sriov-memory.c \
	vswitchd-ext/sriov-memory.h \
	vswitchd-ext/sriov-netlink-devlink.c \
	vswitchd-ext/sriov-netlink-link.c \
	vswitchd-ext/sriov-netlink.c \
	vswitchd-ext/sriov-netlink.h \
	vswitchd-ext/sriov-plan.c \
	vswitchd-ext/sriov-plan.h \
	vswitchd-ext/sriov-rows.c \
	vswitchd-ext/sriov-rows.h \
	vswitchd-ext/sriov-show.c \
	vswitchd-ext/sriov-show.h \
	vswitchd-ext/sriov-source-dummy.c \
	vswitchd-ext/sriov-source-netlink.c \
	vswitchd-ext/sriov-source.h \
	vswitchd-ext/sriov-table.c \
	vswitchd-ext/sriov-table.h
vswitchd_ovs_vswitchd_CPPFLAGS = $(AM_CPPFLAGS) \
	-I$(srcdir)/vswitchd-ext $(CX_SRIOV_CFLAGS)
vswitchd_ovs_vswitchd_LDADD += $(CX_SRIOV_LIBS)

# "ovstest test-sriov-plan" has what the plan needs, and no I/O.
tests_ovstest_SOURCES += \
	tests/test-sriov-plan.c \
	vswitchd-ext/sriov-config.c \
	vswitchd-ext/sriov-db.c \
	vswitchd-ext/sriov-memory.c \
	vswitchd-ext/sriov-plan.c \
	vswitchd-ext/sriov-source-dummy.c \
	vswitchd-ext/sriov-table.c
TESTSUITE_AT += \
	tests/sriov-host.at \
	tests/sriov-lost.at \
	tests/sriov-plan.at

# Feeds our netlink parsers with garbled messages.
noinst_PROGRAMS += tests/test-sriov-netlink
valgrind_wrappers += tests/valgrind/test-sriov-netlink
tests_test_sriov_netlink_SOURCES = \
	tests/test-sriov-netlink.c \
	vswitchd-ext/sriov-netlink-devlink.c \
	vswitchd-ext/sriov-netlink-link.c \
	vswitchd-ext/sriov-table.c
tests_test_sriov_netlink_CPPFLAGS = $(AM_CPPFLAGS) \
	-I$(srcdir)/vswitchd-ext $(CX_SRIOV_CFLAGS)
tests_test_sriov_netlink_LDADD = lib/libopenvswitch.la $(CX_SRIOV_LIBS)

# ovs-sriov, which sets up the host.
bin_PROGRAMS += utilities/ovs-sriov
utilities_ovs_sriov_SOURCES = \
	utilities/ovs-sriov.c \
	utilities/sriov-host-apply.c \
	utilities/sriov-host-apply.h \
	utilities/sriov-host-check.c \
	utilities/sriov-host-check.h \
	utilities/sriov-host-conf.c \
	utilities/sriov-host-conf.h \
	utilities/sriov-host-howto.c \
	utilities/sriov-host-howto.h \
	utilities/sriov-host-import.c \
	utilities/sriov-host-import.h \
	utilities/sriov-host-list.c \
	utilities/sriov-host-list.h \
	utilities/sriov-host-netlink.c \
	utilities/sriov-host-netlink.h \
	utilities/sriov-host-plan.c \
	utilities/sriov-host-plan.h \
	utilities/sriov-host-proxmox.c \
	utilities/sriov-host-proxmox.h \
	utilities/sriov-host.c \
	utilities/sriov-host.h \
	vswitchd-ext/sriov-grid.c \
	vswitchd-ext/sriov-netlink-devlink.c \
	vswitchd-ext/sriov-netlink-link.c \
	vswitchd-ext/sriov-netlink.c \
	vswitchd-ext/sriov-table.c
utilities_ovs_sriov_CPPFLAGS = $(AM_CPPFLAGS) \
	-I$(srcdir)/vswitchd-ext $(CX_SRIOV_CFLAGS)
utilities_ovs_sriov_LDADD = lib/libopenvswitch.la $(CX_SRIOV_LIBS) \
	$(CX_SRIOV_HOST_LIBS)

# The plan of "ovs-sriov apply", without any I/O.
noinst_PROGRAMS += tests/test-sriov-host
valgrind_wrappers += tests/valgrind/test-sriov-host tests/valgrind/ovs-sriov
tests_test_sriov_host_SOURCES = \
	tests/test-sriov-host.c \
	utilities/sriov-host-conf.c \
	utilities/sriov-host-netlink.c \
	utilities/sriov-host-plan.c \
	utilities/sriov-host.c \
	vswitchd-ext/sriov-netlink-devlink.c \
	vswitchd-ext/sriov-netlink-link.c \
	vswitchd-ext/sriov-netlink.c \
	vswitchd-ext/sriov-table.c
tests_test_sriov_host_CPPFLAGS = $(AM_CPPFLAGS) \
	-I$(srcdir)/vswitchd-ext -I$(srcdir)/utilities $(CX_SRIOV_CFLAGS)
tests_test_sriov_host_LDADD = lib/libopenvswitch.la $(CX_SRIOV_LIBS) \
	$(CX_SRIOV_HOST_LIBS)

man_MANS += utilities/ovs-sriov.8
CLEANFILES += utilities/ovs-sriov.8
completion_DATA = utilities/ovs-sriov-bashcomp.bash

systemdunitdir = $(prefix)/lib/systemd/system
udevrulesdir = $(prefix)/lib/udev/rules.d
systemdunit_DATA = \
	utilities/ovs-sriov.service \
	utilities/ovs-sriov@.service
udevrules_DATA = utilities/60-ovs-sriov.rules
CLEANFILES += $(systemdunit_DATA) $(udevrules_DATA)
EXTRA_DIST += \
	utilities/60-ovs-sriov.rules.in \
	utilities/ovs-sriov-bashcomp.bash \
	utilities/ovs-sriov.8.in \
	utilities/ovs-sriov.service.in \
	utilities/ovs-sriov@.service.in \
	utilities/sriov.conf

# The one that is there already is the user's.
INSTALL_DATA_LOCAL += install-sriov-conf
install-sriov-conf:
	$(MKDIR_P) $(DESTDIR)$(sysconfdir)/openvswitch
	test -e $(DESTDIR)$(sysconfdir)/openvswitch/sriov.conf || \
	    $(INSTALL_DATA) $(srcdir)/utilities/sriov.conf \
	        $(DESTDIR)$(sysconfdir)/openvswitch/sriov.conf

MAN_FRAGMENTS += vswitchd-ext/sriov-unixctl.man
EXTRA_DIST += \
	tests/sriov-replay.py \
	vswitchd-ext/automake.mk \
	vswitchd-ext/cx-sriov.m4

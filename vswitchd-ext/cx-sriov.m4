# -*- autoconf -*-

# OVS_CHECK_CX_SRIOV_API([HEADER], [NAME], [MACRO])
#
# Defines MACRO if this series of Open vSwitch has NAME in its HEADER.
AC_DEFUN([OVS_CHECK_CX_SRIOV_API],
  [AS_IF([grep -q '\<$2\>' "$srcdir/$1" 2>/dev/null],
     [AC_DEFINE([$3], [1], [Define to 1 if $1 has $2.])])])

# OVS_CHECK_CX_SRIOV
#
# Checks for the libraries of cx-sriov, which are required: libnl-3 with its
# route and genl parts (netlink), and libudev; for ovs-sriov libinih,
# libxml2, libmicrohttpd and libsystemd as well.
# Then for what compat.h has to know about this series.
AC_DEFUN([OVS_CHECK_CX_SRIOV],
  [PKG_CHECK_MODULES([CX_SRIOV],
     [libnl-3.0 >= 3.5 libnl-route-3.0 libnl-genl-3.0 libudev], [],
     [AC_MSG_ERROR([cx-sriov needs libnl-3, libnl-route-3, libnl-genl-3 and libudev: install libnl-3-dev libnl-route-3-dev libnl-genl-3-dev libudev-dev])])
   PKG_CHECK_MODULES([CX_SRIOV_HOST], [inih libxml-2.0 libmicrohttpd libsystemd], [],
     [AC_MSG_ERROR([cx-sriov needs libinih, libxml2, libmicrohttpd and libsystemd: install libinih-dev libxml2-dev libmicrohttpd-dev libsystemd-dev])])
   OVS_CHECK_CX_SRIOV_API([include/openvswitch/json.h], [json_array_at],
     [HAVE_JSON_ARRAY_AT])
   OVS_CHECK_CX_SRIOV_API([lib/dpif-offload.h], [dpif_offload_enabled],
     [HAVE_DPIF_OFFLOAD])
   OVS_CHECK_CX_SRIOV_API([lib/odp-util.h], [skip_no_mask],
     [HAVE_SKIP_NO_MASK])
   OVS_CHECK_CX_SRIOV_API([lib/unixctl.h], [unixctl_command_reply_json],
     [HAVE_UNIXCTL_JSON])])

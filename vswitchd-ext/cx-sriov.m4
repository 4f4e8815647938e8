# -*- autoconf -*-

# OVS_CHECK_CX_SRIOV
#
# Checks for the libraries of cx-sriov, which are required: libnl-3 with its
# route and genl parts (netlink), and libudev; for ovs-sriov libinih as well.
AC_DEFUN([OVS_CHECK_CX_SRIOV],
  [PKG_CHECK_MODULES([CX_SRIOV],
     [libnl-3.0 >= 3.5 libnl-route-3.0 libnl-genl-3.0 libudev], [],
     [AC_MSG_ERROR([cx-sriov needs libnl-3, libnl-route-3, libnl-genl-3 and libudev: install libnl-3-dev libnl-route-3-dev libnl-genl-3-dev libudev-dev])])
   PKG_CHECK_MODULES([CX_SRIOV_HOST], [inih], [],
     [AC_MSG_ERROR([cx-sriov needs libinih: install libinih-dev])])])

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What "ovs-sriov probe --json" has said of a NIC: it comes before what the table of personalities has.
 *
 * Answers hold in switchdev mode, and those about the card's other PF as long as the PFs are joined (multiport, VF-LAG) or not as they
 * were when they were probed.  What has not been tried is as the driver of that name does it.
 */
#ifndef SIMNIC_ANSWERS_H
#define SIMNIC_ANSWERS_H 1

#include <linux/types.h>

struct flow_action;
struct net_device;
struct netlink_ext_ack;
struct simnic_port;

/* Reads the file at 'path' and makes the personality what it says; a negative errno, with a line in the kernel's log, if it cannot. */
int simnic_answers_read(const char *path);
void simnic_answers_free(void);

/*
 * A rule at 'in' with 'actions': the refusal that was probed, with its words in 'extack'; else 0, and '*taken' says whether all that it
 * consists of was probed and accepted.
 */
int simnic_answers_check(const struct simnic_port *in, const struct flow_action *actions, bool *taken,
			 struct netlink_ext_ack *extack);

/* From 'in' to 'out': 1 if it was accepted, 0 if it was refused, -1 if it is not known. */
int simnic_answers_forward(const struct simnic_port *in, const struct simnic_port *out);

#endif /* SIMNIC_ANSWERS_H */

/* Copyright (c) 2026 The cx-sriov authors.
 *
 * Licensed under the Apache License, Version 2.0 (the "License");
 * you may not use this file except in compliance with the License.
 * You may obtain a copy of the License at:
 *
 *     http://www.apache.org/licenses/LICENSE-2.0
 *
 * Unless required by applicable law or agreed to in writing, software
 * distributed under the License is distributed on an "AS IS" BASIS,
 * WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
 * See the License for the specific language governing permissions and
 * limitations under the License.
 */

#ifndef SIMNIC_PMD_H
#define SIMNIC_PMD_H 1

/* A DPDK driver for the simulated NIC of tests/guest, as mlx5's is for
 * ConnectX: the kernel keeps the device, and each port is one of its network
 * devices.
 *
 *     main.c   devargs, probing: an uplink and the representors asked for
 *     port.c   a port: frames through an AF_PACKET socket
 *     flow.c   rte_flow: rules with "transfer" are the NIC's hardware
 *
 * A frame that comes in at a network device is first looked up in the rules of
 * its port.  One that a rule takes never gets to the application: it is
 * changed and sent out in here, and only the rule counts it.
 *
 * What is refused, and in which words, is from DPDK 22.11, drivers/net/mlx5;
 * the functions are named.  Unlike mlx5's, this driver has no tunnels, no
 * groups, no meters and no connection tracking; it refuses them.  It is slow.
 *
 * One lock guards ports and rules. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <net/if.h>
#include <sys/queue.h>

#include <rte_flow.h>
#include <rte_log.h>
#include <rte_spinlock.h>
#include "ethdev_driver.h"

struct rule;
TAILQ_HEAD(rule_list, rule);

/* The PF that ports belong to. */
struct simnic_pf;

struct simnic_port {
    uint16_t id;                /* DPDK's number. */
    bool representor;
    uint16_t domain;            /* Switch domain: the PF's eswitch. */
    int sock;                   /* AF_PACKET, bound to the network device. */
    int ifindex;                /* Of that. */
    char netdev[IFNAMSIZ];      /* Its name when it was probed. */
    struct rte_ether_addr mac;
    struct rte_mempool *mp;
    struct rte_eth_stats stats;
    struct rule_list rules;     /* In the order in which they are looked at. */
};

enum { FRAME_MAX = 9728 };

extern rte_spinlock_t simnic_lock;
extern int simnic_log;
#define LOG(LEVEL, ...) \
    rte_log(RTE_LOG_##LEVEL, simnic_log, "simnic_pmd: " __VA_ARGS__)

/* port.c */

/* Makes 'dev' the port for the network device 'netdev'.  Returns 0 or a
 * negative errno value. */
int simnic_port_init(struct rte_eth_dev *dev, const char *netdev,
                     bool representor, uint16_t domain);

/* Returns the port with DPDK's number 'id' if it is one of ours, else NULL.
 * The lock must be held. */
struct simnic_port *simnic_port_get(uint32_t id);

/* Sends 'len' bytes at 'frame' out of 'port'. */
bool simnic_port_send(struct simnic_port *port, const void *frame,
                      size_t len);

/* flow.c */

extern const struct rte_flow_ops simnic_flow_ops;

/* Gives the frame to the rules of 'port'.  Returns true if one took it; else
 * '*mark' is the mark that one gave it, or 0.  'frame' has room for 8 bytes
 * before it.  The lock must be held. */
bool simnic_flow_receive(struct simnic_port *port, uint8_t *frame, size_t len,
                         uint32_t *mark);

/* Removes all rules of 'port'. */
void simnic_flow_flush(struct simnic_port *port);

#endif /* pmd.h */

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


#include <config.h>
#include "datapath/ports.h"

#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"
#include "dpif.h"
#include "inventory/counters.h"
#include "netdev-provider.h"
#include "smap.h"
#include "sset.h"
#include "util.h"

/* Takes the ports with these names out of 'dpif'. */
static void
delete_ports(struct dpif *dpif, const struct smap *names)
{
    odp_port_t *numbers = xmalloc(smap_count(names) * sizeof *numbers);
    struct dpif_port_dump dump;
    struct dpif_port port;
    size_t n = 0;

    /* The kernel does not find a port by name once its device has another. */
    DPIF_PORT_FOR_EACH (&port, &dump, dpif) {
        if (n < smap_count(names) && smap_get(names, port.name)) {
            numbers[n++] = port.port_no;
        }
    }
    for (size_t i = 0; i < n; i++) {
        dpif_port_del(dpif, numbers[i], false);
    }
    free(numbers);
}

char *
sriov_ports_check_name(const char *name)
{
    char own[IF_NAMESIZE];
    unsigned int index = if_nametoindex(name);

    if (!index || !if_indextoname(index, own) || !strcmp(name, own)) {
        return NULL;
    }
    return xasprintf("%s is an alternative name of %s, and a port needs the "
                     "device's own", name, own);
}

void
sriov_ports_forget(const struct smap *renamed)
{
    struct dpif *dpif;

    /* That of all bridges, see open_dpif_backer() in ofproto-dpif.c. */
    if (!dpif_open("ovs-system", "system", &dpif)) {
        delete_ports(dpif, renamed);
        dpif_close(dpif);
    }

    /* Have ofproto look at the old names before bridge.c adds the new ones,
     * which may get the same port numbers. */
    struct smap_node *node;
    SMAP_FOR_EACH (node, renamed) {
        struct netdev *netdev = netdev_from_name(node->value);

        if (netdev) {
            netdev_change_seq_changed(netdev);
            netdev_close(netdev);
        }
    }
}

struct netdev *
sriov_ports_open_dpdk(const char *name, const struct smap *options)
{
    struct netdev *netdev = netdev_from_name(name);
    char *error = NULL;

    if (netdev) {
        netdev_close(netdev);
        return NULL;
    }
    /* If it fails, bridge.c will find out as well, and say so. */
    if (!netdev_open(name, "dpdk", &netdev)
        && netdev_set_config(netdev, options, &error)) {
        free(error);
        netdev_close(netdev);
        return NULL;
    }
    return netdev;
}

void
sriov_ports_detach(const struct sset *names)
{
    struct smap ports = SMAP_INITIALIZER(&ports);
    const char *name;
    struct dpif *dpif;

    SSET_FOR_EACH (name, names) {
        smap_replace(&ports, name, name);
    }
    /* That of all userspace bridges.  ofproto notices by itself. */
    if (!dpif_open("ovs-netdev", "netdev", &dpif)) {
        delete_ports(dpif, &ports);
        dpif_close(dpif);
    }
    smap_destroy(&ports);
}

void
sriov_ports_offload(void)
{
    struct dpif_port_dump dump;
    struct dpif_port port;
    struct dpif *dpif;

    if (!dpif_open("ovs-system", "system", &dpif)) {
        DPIF_PORT_FOR_EACH (&port, &dump, dpif) {
            sriov_compat_port_offload(dpif, &port);
        }
        dpif_close(dpif);
    }
}

bool
sriov_ports_read_dpdk(const char *name, struct sriov_traffic *rx,
                      struct sriov_traffic *tx)
{
    struct netdev *netdev = netdev_from_name(name);
    struct netdev_stats stats;
    bool ok;

    if (!netdev) {
        return false;
    }
    ok = (!strcmp(netdev_get_type(netdev), "dpdk")
          && !netdev_get_stats(netdev, &stats)
          && stats.rx_packets != UINT64_MAX
          && stats.tx_packets != UINT64_MAX);
    netdev_close(netdev);
    if (ok) {
        *rx = (struct sriov_traffic) { stats.rx_packets, stats.rx_bytes };
        *tx = (struct sriov_traffic) { stats.tx_packets, stats.tx_bytes };
    }
    return ok;
}

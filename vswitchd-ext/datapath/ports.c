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

#include "dpif.h"
#include "netdev-provider.h"
#include "smap.h"
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

/* Returns NULL if the kernel's datapath can have a port 'name', or else why it
 * cannot, which the caller must free.  A device that does not exist is none of
 * this function's business.
 *
 * The kernel finds a device by its alternative names as well (ip-link(8)), but
 * the port that it makes is known by the device's own name only: Open vSwitch
 * would not see it, and try to add it forever ("File exists").  udev gives an
 * alternative name some time before it renames the device to it, so a port
 * that waits for its device would often be added in between. */
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

/* Makes Open vSwitch let go of the ports of network devices that were renamed,
 * so that they can be added anew.  'renamed' has their old names by the new
 * ones, which are the same for a device that just did not get its port.
 *
 * Open vSwitch finds ports by name, the kernel's datapath by device.  When a
 * device gets another name, ofproto sooner or later notices that the old one
 * is gone and thinks that the port in the datapath went along.  It did not,
 * and nothing can be added under the new name ("File exists").  It is the same
 * with a device that is renamed while it is added. */
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

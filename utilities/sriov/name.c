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


/* "ovs-sriov name": for udev, the name that sriov.conf gives to a representor.
 * See command.h for where this stands.  Reads sysfs only, since udev waits. */

#include <config.h>
#include "sriov/command.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sriov/conf.h"
#include "sriov/host.h"
#include "sriov/plan.h"
#include "svec.h"
#include "util.h"

/* Returns the device whose representor "pf" 'pf' is, of the eswitch
 * 'switch_id', though it has no link to it (see inventory/model.c,
 * find_orphan_dev()): the one with an uplink of that eswitch or, if there are
 * several, with the uplink "p" 'pf'.  The caller must free it.  NULL: there is
 * none. */
static char *
find_orphan_device(const char *root, const char *switch_id, uint32_t pf)
{
    struct svec names = SVEC_EMPTY_INITIALIZER;
    char *found = NULL, *by_number = NULL;
    bool several = false;
    const char *name;
    size_t i;

    host_read_folder(&names, "%s/sys/class/net", root);
    SVEC_FOR_EACH (i, name, &names) {
        char *pci = host_read_link("%s/sys/class/net/%s/device", root,
                                   name);
        char *id = pci ? host_read_file("%s/sys/class/net/%s/phys_switch_id",
                                        root, name) : NULL;
        char *port = id ? host_read_file("%s/sys/class/net/%s/phys_port_name",
                                         root, name) : NULL;
        struct sriov_port_id port_id;

        if (id && !strcmp(id, switch_id)) {
            several |= found && strcmp(found, pci);
            free(found);
            found = xstrdup(pci);
            if (!by_number && port && sriov_port_id_from_string(port, &port_id)
                && port_id.flavour == SRIOV_UPLINK && port_id.pf == pf) {
                by_number = xstrdup(pci);
            }
        }
        free(port);
        free(id);
        free(pci);
    }
    svec_destroy(&names);
    free(several ? found : by_number);
    return several ? by_number : found;
}

static int
run(const struct command_args *args)
{
    const char *netdev = args->array[0];
    struct host_conf *conf = command_read_conf(args);
    char *path = xasprintf("%s/sys/class/net/%s", args->root, netdev);
    char *label = host_read_file("%s/phys_port_name", path);
    char *switch_id = host_read_file("%s/phys_switch_id", path);
    char *pci = host_read_link("%s/device", path);
    struct sriov_port_id id;
    char *name = NULL;

    if (!pci && label && switch_id && sriov_port_id_from_string(label, &id)) {
        pci = find_orphan_device(args->root, switch_id, id.pf);
    }
    if (pci && label && switch_id) {
        struct host *host = host_create();
        struct host_pf *pf = host_add_pf(host, pci);

        host_read_ids(args->root, pf);
        host_add_link(host, pf, netdev)->switch_id = xstrdup(switch_id);
        name = host_name_of(conf, pf, label);
        host_destroy(host);
    }
    free(pci);
    free(switch_id);
    free(label);
    free(path);
    host_conf_destroy(conf);
    if (!name || (!*args->root && strcmp(name, netdev)
                  && if_nametoindex(name))) {
        free(name);
        return EXIT_FAILURE;
    }
    puts(name);
    free(name);
    return EXIT_SUCCESS;
}

const struct command name_command = {
    .name = "name",
    .args = "DEVICE",
    .min_args = 1,
    .max_args = 1,
    .help = "for udev: the name that sriov.conf gives to a representor",
    .run = run,
};

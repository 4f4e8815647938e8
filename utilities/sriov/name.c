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

#include "inventory/sysfs.h"
#include "sriov/conf.h"
#include "sriov/host.h"
#include "sriov/plan.h"
#include "util.h"

static int
run(const struct command_args *args)
{
    const char *netdev = args->array[0];
    struct host_conf *conf = command_read_conf(args);
    char *path = xasprintf("%s/sys/class/net/%s", args->root, netdev);
    char *device = xasprintf("%s/device", path);
    char *pci = sriov_sysfs_target(device);
    char *label = host_read_file("%s/phys_port_name", path);
    char *name = NULL;

    if (pci && label) {
        struct host *host = host_create();
        struct host_pf *pf = host_add_pf(host, pci);

        host_read_ids(args->root, pf);
        host_add_link(host, pf, netdev)->switch_id
            = host_read_file("%s/phys_switch_id", path);
        name = host_pf_switch_id(pf) ? host_name_of(conf, pf, label) : NULL;
        host_destroy(host);
    }
    free(pci);
    free(label);
    free(device);
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

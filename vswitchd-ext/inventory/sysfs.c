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
/* See sysfs.h for where this stands, and in the kernel
 * Documentation/ABI/testing/sysfs-bus-pci and sysfs-class-net. */

#include <config.h>
#include "inventory/sysfs.h"

#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "svec.h"
#include "util.h"

char *
sriov_sysfs_target(const char *path)
{
    char target[PATH_MAX];
    ssize_t n = readlink(path, target, sizeof target - 1);
    char *slash;

    if (n <= 0) {
        return NULL;
    }
    target[n] = '\0';
    slash = strrchr(target, '/');
    return xstrdup(slash ? slash + 1 : target);
}

/* Like sriov_sysfs_target(), for 'path', which is freed. */
static char *
take_target(char *path)
{
    char *target = sriov_sysfs_target(path);

    free(path);
    return target;
}

char *
sriov_sysfs_driver(const char *bus, const char *name)
{
    return take_target(xasprintf("/sys/bus/%s/devices/%s/driver", bus, name));
}

/* Returns the number in file 'name' of the PCI device 'pci', or 0. */
static unsigned int
read_number(const char *pci, const char *name)
{
    char *path = xasprintf("/sys/bus/pci/devices/%s/%s", pci, name);
    FILE *file = fopen(path, "r");
    unsigned int n = 0;

    if (file) {
        if (fscanf(file, "%u", &n) != 1) {
            n = 0;
        }
        fclose(file);
    }
    free(path);
    return n;
}

/* Returns the PCI address that VF 'number' of the PF at 'pci' will have
 * (drivers/pci/iov.c, pci_iov_virtfn_bus()), or NULL. */
static char *
derive_vf(const char *pci, uint32_t number)
{
    unsigned int offset = read_number(pci, "sriov_offset");
    unsigned int stride = read_number(pci, "sriov_stride");
    unsigned int domain, bus, dev, function;
    uint64_t rid;

    if (!offset || number >= read_number(pci, "sriov_totalvfs")
        || !ovs_scan(pci, "%x:%x:%x.%x", &domain, &bus, &dev, &function)) {
        return NULL;
    }
    rid = ((bus << 8) | (dev << 3) | function) + offset
          + (uint64_t) stride * number;
    return (rid > UINT16_MAX ? NULL
            : xasprintf("%04x:%02x:%02x.%x", domain, (unsigned int) rid >> 8,
                        (unsigned int) (rid >> 3) & 31,
                        (unsigned int) rid & 7));
}

char *
sriov_sysfs_vf(const char *pci, uint32_t number)
{
    char *vf = take_target(xasprintf("/sys/bus/pci/devices/%s/virtfn%"PRIu32,
                                     pci, number));

    return vf ? vf : derive_vf(pci, number);
}

char *
sriov_sysfs_parent(const char *netdev, char **bus)
{
    char *parent = take_target(xasprintf("/sys/class/net/%s/device", netdev));

    *bus = (parent
            ? take_target(xasprintf("/sys/class/net/%s/device/subsystem",
                                    netdev))
            : NULL);
    if (!*bus) {
        free(parent);
        parent = NULL;
    }
    return parent;
}

unsigned int
sriov_sysfs_lower(const char *netdev, struct svec *names)
{
    char *path = xasprintf("/sys/class/net/%s", netdev);
    DIR *dir = opendir(path);
    struct dirent *entry;
    unsigned int n = 0;

    free(path);
    while (dir && (entry = readdir(dir)) != NULL) {
        if (!strncmp(entry->d_name, "lower_", 6)) {
            n++;
            if (names) {
                svec_add(names, entry->d_name + 6);
            }
        }
    }
    if (dir) {
        closedir(dir);
    }
    return n;
}

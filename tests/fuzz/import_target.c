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

/* What people wrote by hand --> leftovers --> import.
 *
 * The input is the kinds of files one after the other, each after a line
 * "== NAME", see 'files'. */

#include <config.h>
#undef NDEBUG
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/vlog.h"
#include "util.h"
#include "sriov/host.h"
#include "sriov/import.h"
#include "sriov/leftovers.h"

static const char *const folders[] = {
    "/etc", "/etc/udev", "/etc/udev/rules.d", "/etc/network",
    "/etc/network/interfaces.d", "/etc/systemd", "/etc/systemd/network",
    "/etc/systemd/system", "/etc/netplan", "/usr", "/usr/share",
    "/usr/share/openvswitch", "/usr/share/openvswitch/scripts"
};
static const struct {
    const char *heading;
    const char *path;
} files[] = {
    { "== udev\n", "/etc/udev/rules.d/70-x.rules" },
    { "== interfaces\n", "/etc/network/interfaces" },
    { "== interfaces.d\n", "/etc/network/interfaces.d/x" },
    { "== unit\n", "/etc/systemd/system/x.service" },
    { "== link\n", "/etc/systemd/network/x.link" },
    { "== netplan\n", "/etc/netplan/x.yaml" },
    { "== sysfs\n", "/etc/sysfs.conf" },
    { "== rc.local\n", "/etc/rc.local" },
    { "== ovs-ctl\n", "/usr/share/openvswitch/scripts/ovs-ctl" },
};

static char root[] = "/tmp/fuzz-import-XXXXXX";

static void
remove_root(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        char *path = xasprintf("%s%s", root, files[i].path);

        remove(path);
        free(path);
    }
    for (size_t i = ARRAY_SIZE(folders); i-- > 0; ) {
        char *path = xasprintf("%s%s", root, folders[i]);

        remove(path);
        free(path);
    }
    remove(root);
}

int
LLVMFuzzerInitialize(int *argc OVS_UNUSED, char ***argv OVS_UNUSED)
{
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
    ovs_assert(mkdtemp(root));
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        char *path = xasprintf("%s%s", root, folders[i]);

        ovs_assert(!mkdir(path, 0700));
        free(path);
    }
    atexit(remove_root);
    return 0;
}

/* Returns where 'heading' is in what is from 'from' on and before 'end', or
 * 'end' if it is not there. */
static const char *
find(const char *from, const char *end, const char *heading)
{
    const char *p = memmem(from, end - from, heading, strlen(heading));

    return p ? p : end;
}

static void
write_file(size_t i, const char *data, size_t size)
{
    const char *start = find(data, data + size, files[i].heading);
    const char *end = data + size;
    char *path = xasprintf("%s%s", root, files[i].path);
    FILE *file = fopen(path, "w");

    start += MIN(strlen(files[i].heading), end - start);
    end = find(start, end, "== ");
    ovs_assert(file);
    fwrite(start, 1, end - start, file);
    ovs_assert(!fclose(file));
    free(path);
}

static struct host *
make_host(void)
{
    struct host *host = host_create();

    for (int i = 0; i < 2; i++) {
        char *pci = xasprintf("0000:81:00.%d", i);
        struct host_pf *pf = host_add_pf(host, pci);

        char *netdev = xasprintf("eth%d", i);
        struct sriov_link *link = host_add_link(host, pf, netdev);

        link->switch_id = xstrdup("3264160003bd70c4");
        link->port_name = xasprintf("p%d", i);
        free(netdev);
        free(pci);
    }
    return host;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ds conf = DS_EMPTY_INITIALIZER, report = DS_EMPTY_INITIALIZER;
    struct host *host = make_host();
    struct howto howto;

    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        write_file(i, (const char *) data, size);
    }
    howto_read(&howto, root);
    free(host_import(&howto, host, &conf, &report));
    free(host_import_lags(&howto, host, &conf, &report));
    howto_destroy(&howto);
    host_destroy(host);
    ds_destroy(&conf);
    ds_destroy(&report);
    return 0;
}

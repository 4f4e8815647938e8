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

/* See late.h for where this stands. */

#include <config.h>
#include "sriov/late.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "openvswitch/dynamic-string.h"
#include "sriov/conf.h"
#include "sriov/host.h"
#include "svec.h"
#include "util.h"

/* ovs-sriov-drivers.path waits for it. */
#define LATE_FILE "/run/ovs-sriov.late"

void
host_late_read(struct svec *pcis)
{
    FILE *stream = fopen(LATE_FILE, "r");
    struct ds line = DS_EMPTY_INITIALIZER;
    char *pci = NULL;

    while (stream && !ds_get_line(&line, stream)) {
        if (host_pci_address(ds_cstr(&line), &pci)) {
            svec_add_nocopy(pcis, pci);
            pci = NULL;
        }
    }
    if (stream) {
        fclose(stream);
    }
    ds_destroy(&line);
}

bool
host_late_has(const char *pci)
{
    struct svec pcis = SVEC_EMPTY_INITIALIZER;
    bool has;

    host_late_read(&pcis);
    has = svec_contains_unsorted(&pcis, pci);
    svec_destroy(&pcis);
    return has;
}

char *
host_late_note(const char *pci)
{
    char *path = xasprintf("/sys/bus/pci/devices/%s", pci);
    long long int on = 0;
    FILE *stream;

    /* A person may have turned it off: then VFs are to have no driver. */
    host_read_number(path, "sriov_drivers_autoprobe", &on);
    free(path);
    if (!on || host_late_has(pci)) {
        return NULL;
    }
    stream = fopen(LATE_FILE, "a");
    if (!stream || fprintf(stream, "%s\n", pci) < 0) {
        char *error = xasprintf("%s: %s", LATE_FILE, ovs_strerror(errno));

        if (stream) {
            fclose(stream);
        }
        return error;
    }
    return fclose(stream) ? xasprintf("%s: %s", LATE_FILE,
                                      ovs_strerror(errno)) : NULL;
}

int
host_late_set_autoprobe(const char *pci, bool on)
{
    char *path = xasprintf("/sys/bus/pci/devices/%s/sriov_drivers_autoprobe",
                           pci);
    int error = host_write_file(path, on ? "1" : "0");

    free(path);
    return error;
}

void
host_late_forget(void)
{
    unlink(LATE_FILE);
}

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

/* "ovs-sriov drivers": gives drivers to VFs that apply has left without, since
 * a bond of the host's network configuration comes first.  See command.h for
 * where this stands. */

#include <config.h>
#include "sriov/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sriov/bonds.h"
#include "sriov/host.h"
#include "sriov/late.h"
#include "svec.h"
#include "timeval.h"
#include "util.h"

/* Milliseconds that the bond, and the NIC's VF-LAG, may take after the network
 * is said to be there: networkd says so as it starts. */
enum { BOND_MS = 15 * 1000 };

/* Is the link of 'pf' in a bond of which the NIC has made a VF-LAG, as far as
 * one can tell? */
static bool
is_in_lag(const struct host_pf *pf)
{
    char *master = host_read_link("/sys/class/net/%s/master",
                                  host_pf_netdev(pf));
    bool is = master && !host_lag_is_inactive("", pf->pci);

    free(master);
    return is;
}

/* Waits for it, until 'deadline'. */
static bool
wait_for_lag(const struct host_pf *pf, long long int deadline)
{
    const struct timespec ts = { .tv_nsec = 50 * 1000 * 1000 };

    while (host_pf_netdev(pf) && !is_in_lag(pf)) {
        if (time_msec() > deadline) {
            return false;
        }
        nanosleep(&ts, NULL);
    }
    return true;
}

/* Has the kernel look for drivers for the VFs of 'pf'.  Returns false if one
 * has got none. */
static bool
give_drivers(const struct host_pf *pf)
{
    unsigned int n = 0;
    bool ok = true;

    host_late_set_autoprobe(pf->pci, true);
    for (size_t i = 0; i < pf->n_vfs; i++) {
        const struct host_vf *vf = &pf->vfs[i];
        int error = (vf->driver ? 0
                     : host_write_file("/sys/bus/pci/drivers_probe",
                                       vf->pci));

        n += !vf->driver;
        if (error) {
            printf("%s: VF %u (%s): FAILED: %s\n", pf->pci, vf->number,
                   vf->pci, ovs_strerror(error));
            ok = false;
        }
    }
    printf("%s: drivers for %u VFs%s\n", pf->pci, n, ok ? ": done" : "");
    return ok;
}

static int
run(const struct command_args *args)
{
    struct sriov_nl *nl = command_connect(args);
    struct svec pcis = SVEC_EMPTY_INITIALIZER;
    bool ok = true, waited = true;
    struct host *host;
    const char *pci;
    size_t i;

    if (*args->root) {
        ovs_fatal(0, "--root is for looking only");
    }
    command_take_lock();
    host_late_read(&pcis);
    host = host_read(args->root, nl);
    long long int deadline = time_msec() + BOND_MS;
    SVEC_FOR_EACH (i, pci, &pcis) {
        const struct host_pf *pf = host_find_pf(host, pci);

        if (pf && waited && !wait_for_lag(pf, deadline)) {
            printf("%s: there is no VF-LAG yet: see the kernel's log, and "
                   "ovs-sriov check\n", pci);
            waited = false;
        }
    }
    SVEC_FOR_EACH (i, pci, &pcis) {
        const struct host_pf *pf = host_find_pf(host, pci);

        ok &= !pf || give_drivers(pf);
    }
    host_late_forget();
    host_destroy(host);
    svec_destroy(&pcis);
    command_disconnect(nl);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

const struct command drivers_command = {
    .name = "drivers",
    .help = "give VFs drivers that apply left to the network's bond;\n"
            "the service ovs-sriov-drivers runs it",
    .run = run,
};

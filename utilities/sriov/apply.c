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


/* "ovs-sriov apply": makes PFs as sriov.conf says.  See command.h for where
 * this stands.
 *
 *     conf, host --> plan --> printed, or steps --> kernel
 */

#include <config.h>
#include "sriov/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sriov/bonds.h"
#include "sriov/conf.h"
#include "sriov/host.h"
#include "sriov/plan.h"
#include "sriov/recovery.h"
#include "sriov/steps.h"
#include "svec.h"
#include "timeval.h"
#include "util.h"

/* Milliseconds that udev may take to name network devices of PFs: for one that
 * has just got its driver, this program may be there first. */
enum { NAMES_MS = 10 * 1000 };

/* Sees to it that names of representors stay, whatever sections come. */
static void
keep_switches(const struct command_args *args, struct host_conf *conf)
{
    int error = host_conf_keep_switches(conf);

    if (error) {
        fprintf(stderr, "%s%s: the numbers of NICs cannot be kept (%s): when "
                "sections are added, representors may get other names\n",
                args->conf_path, HOST_SWITCHES_SUFFIX, ovs_strerror(error));
    }
}

/* Prints what would be done.  Returns false if that is not all possible. */
static bool
print_plan(const struct host_plan *plan)
{
    bool ok = true;

    for (size_t i = 0; i < plan->n; i++) {
        const struct host_step *step = &plan->steps[i];

        printf("%s: %s%s%s\n", step->pci, step->text,
               step->refusal ? ": impossible: " : "",
               step->refusal ? step->refusal : "");
        ok &= !step->refusal;
    }
    return ok;
}

/* Returns the host, to be freed with host_destroy(), once udev is done with the
 * network devices of its PFs, as far as it is within NAMES_MS: by their names
 * the network configuration says which bonds they will be in. */
static struct host *
read_host(const struct command_args *args, const struct sriov_nl *nl)
{
    const struct timespec ts = { .tv_nsec = 100 * 1000 * 1000 };
    long long int deadline = time_msec() + NAMES_MS;

    for (;;) {
        struct host *host = host_read(args->root, nl);
        bool busy = false;

        for (size_t i = 0; i < host->n && !*args->root; i++) {
            const char *name = host_pf_netdev(host->pfs[i]);

            busy |= name && host_udev_is_busy(name);
        }
        if (!busy || time_msec() > deadline) {
            return host;
        }
        host_destroy(host);
        nanosleep(&ts, NULL);
    }
}

/* Ends the program if 'pci', as a person wrote it, is no PCI device at all.
 * (udev asks for each device that can have VFs, a drive say.) */
static void
check_there_is(const struct command_args *args, const char *pci)
{
    char *path = xasprintf("%s/sys/bus/pci/devices/%s", args->root, pci);

    if (access(path, F_OK)) {
        ovs_fatal(0, "%s: there is no such PCI device; \"ovs-sriov list\" "
                  "shows the PFs", pci);
    }
    free(path);
}

/* Plans what makes the PF at 'pci', or all if that is NULL, as 'conf' says,
 * and does or prints it.  Returns false if not everything was done.  Stores in
 * '*changed' whether anything may have changed; else it is noted as it is. */
static bool
apply_once(const struct command_args *args, const struct host_conf *conf,
           const char *pci, const struct sriov_nl *nl, bool *changed)
{
    struct host *host = read_host(args, nl);
    struct host_plan plan;
    const char *note;
    bool ok = true;
    size_t i;

    host_read_bonds(host, conf, args->root);
    host_recovery_read(host);
    host_plan_make(&plan, conf, host, pci, args->force);
    SVEC_FOR_EACH (i, note, &plan.notes) {
        fprintf(stderr, "%s\n", note);
    }
    *changed = plan.n && !args->dry_run;
    if (!plan.n) {
        puts("nothing to do");
        if (!args->dry_run) {
            host_recovery_note(host, conf);
        }
    } else if (args->dry_run) {
        ok = print_plan(&plan);
    } else {
        ok = host_steps_run(&plan, conf, nl, args->force);
    }
    host_plan_destroy(&plan);
    host_destroy(host);
    return ok;
}

/* Notes what is so now.  Returns true if the driver has given up the mode of
 * the PF at 'pci', or of any, meanwhile. */
static bool
note_modes(const struct command_args *args, const struct host_conf *conf,
           const char *pci, const struct sriov_nl *nl)
{
    struct host *host = host_read(args->root, nl);
    bool lapsed = false;

    host_read_bonds(host, conf, args->root);
    host_recovery_note(host, conf);
    host_recovery_read(host);
    for (size_t i = 0; i < host->n; i++) {
        lapsed |= (host->pfs[i]->lapsed
                   && (!pci || !strcmp(pci, host->pfs[i]->pci)));
    }
    host_destroy(host);
    return lapsed;
}

static bool
apply(const struct command_args *args, const struct host_conf *conf,
      const char *pci)
{
    struct sriov_nl *nl = command_connect(args);
    bool changed;
    bool ok = apply_once(args, conf, pci, nl, &changed);

    /* udev's rule starts no unit that runs. */
    if (changed && note_modes(args, conf, pci, nl) && ok) {
        ok = apply_once(args, conf, pci, nl, &changed);
        if (changed) {
            note_modes(args, conf, pci, nl);
        }
    }
    command_disconnect(nl);
    return ok;
}

static int
run(const struct command_args *args)
{
    struct host_conf *conf = command_read_conf(args);
    char *pci = NULL;
    bool ok = true;

    if (args->n && !host_pci_address(args->array[0], &pci)) {
        ovs_fatal(0, "%s: no PCI address such as 0000:81:00.0",
                  args->array[0]);
    }
    if (pci) {
        check_there_is(args, pci);
    }
    if (conf->n) {
        if (!args->dry_run && *args->root) {
            ovs_fatal(0, "--root is for looking only: add --dry-run");
        } else if (!args->dry_run) {
            command_take_lock();
            host_steps_recover();
            keep_switches(args, conf);
        }
        ok = apply(args, conf, pci);
    }
    host_conf_destroy(conf);
    free(pci);
    if (!ok) {
        ovs_fatal(0, args->dry_run ? "not everything is possible"
                  : "not everything was done; mend what FAILED and run this "
                  "again, which goes on from there");
    }
    return EXIT_SUCCESS;
}

const struct command apply_command = {
    .name = "apply",
    .args = "[PF]",
    .max_args = 1,
    .options = COMMAND_DRY_RUN | COMMAND_FORCE,
    .help = "make the host, or one PF, as sriov.conf says",
    .run = run,
};

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


/* See recovery.h for where this stands. */

#include <config.h>
#include "sriov/recovery.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "openvswitch/vlog.h"
#include "sriov/conf.h"
#include "sriov/host.h"
#include "sriov/plan.h"
#include "svec.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(sriov_recovery);

/* The rule in 60-ovs-sriov.rules looks there, too. */
#define NOTES "/run/ovs-sriov.switchdev"

/* After the name of a note of which udev's rule is to know no more. */
#define FAILED ".failed"

static char *
note_path(const char *pci, const char *suffix)
{
    return xasprintf(NOTES"/%s%s", pci, suffix);
}

void
host_recovery_forget(const char *pci)
{
    char *path = note_path(pci, "");
    char *failed = note_path(pci, FAILED);

    unlink(path);
    unlink(failed);
    free(failed);
    free(path);
}

void
host_recovery_failed(const char *pci)
{
    char *path = note_path(pci, "");
    char *failed = note_path(pci, FAILED);

    rename(path, failed);
    free(failed);
    free(path);
}

/* Is 'pf' in a bond that 'conf' has? */
static bool
in_bond(const struct host_conf *conf, const struct host_pf *pf)
{
    bool in = false;

    for (size_t i = 0; i < conf->n_bonds; i++) {
        in |= (svec_contains_unsorted(&conf->bonds[i].pfs, pf->pci)
               && nullable_string_is_equal(pf->master, conf->bonds[i].name));
    }
    return in;
}

static void
note(const struct host_conf *conf, const struct host_pf *pf)
{
    char *path = note_path(pf->pci, "");
    char *failed = note_path(pf->pci, FAILED);
    const char *text = (host_pf_multiport(pf) ? "multiport\n"
                        : in_bond(conf, pf) ? "bond\n" : "");
    int error = mkdir(NOTES, 0755) && errno != EEXIST ? errno : 0;

    error = error ? error : host_replace_file(path, text);
    if (error) {
        VLOG_WARN("%s: %s; should its driver recover from a failure, the mode "
                  "stays as the driver has it then", path,
                  ovs_strerror(error));
    }
    unlink(failed);
    free(failed);
    free(path);
}

void
host_recovery_note(const struct host *host, const struct host_conf *conf)
{
    for (size_t i = 0; i < host->n; i++) {
        const struct host_pf *pf = host->pfs[i];
        const struct host_section *section = host_section_of(conf, pf);

        if (!section || section->mode != SRIOV_MODE_SWITCHDEV) {
            host_recovery_forget(pf->pci);
        } else if (host_pf_mode(pf) == SRIOV_MODE_SWITCHDEV) {
            note(conf, pf);
        }
    }
}

void
host_recovery_read(struct host *host)
{
    for (size_t i = 0; i < host->n; i++) {
        struct host_pf *pf = host->pfs[i];
        char *text = host_read_file(NOTES"/%s", pf->pci);

        if (!text) {
            text = host_read_file(NOTES"/%s"FAILED, pf->pci);
        }
        /* One that was bound anew has none. */
        if (text && pf->num_vfs && host_pf_mode(pf) == SRIOV_MODE_LEGACY) {
            pf->lapsed = true;
            pf->lost_multiport = !strcmp(text, "multiport");
            pf->lost_bond = !strcmp(text, "bond");
        }
        free(text);
    }
}

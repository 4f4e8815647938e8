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
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "openvswitch/vlog.h"
#include "sriov/host.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(sriov_recovery);

/* The rule in 60-ovs-sriov.rules looks there, too. */
#define NOTES "/run/ovs-sriov.switchdev"

static char *
note_path(const char *pci)
{
    return xasprintf(NOTES"/%s", pci);
}

void
host_recovery_note(const char *pci)
{
    char *path = note_path(pci);
    int error = mkdir(NOTES, 0755) && errno != EEXIST ? errno : 0;
    int fd = error ? -1 : open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

    if (fd >= 0) {
        close(fd);
    } else {
        VLOG_WARN("%s: %s; should its driver recover from a failure, the mode "
                  "stays as the driver has it then", path,
                  ovs_strerror(error ? error : errno));
    }
    free(path);
}

void
host_recovery_forget(const char *pci)
{
    char *path = note_path(pci);

    unlink(path);
    free(path);
}

void
host_recovery_read(struct host *host)
{
    for (size_t i = 0; i < host->n; i++) {
        struct host_pf *pf = host->pfs[i];
        char *path = note_path(pf->pci);

        pf->lapsed = (host_pf_mode(pf) == SRIOV_MODE_LEGACY
                      && !access(path, F_OK));
        free(path);
    }
}

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

/* sriov.conf: sections about VFs, [0000:81:00.0 vf 2], for hosts where nobody
 * tells which VM has which VF.  Such a VF always has its settings. */

#include <config.h>
#include "sriov/vm-source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "dirs.h"
#include "inventory/sysfs.h"
#include "openvswitch/vlog.h"
#include "sriov/conf.h"
#include "sriov/vm-plan.h"
#include "sriov/vm-watch.h"
#include "svec.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(sriov_vm_conf);

/* Returns what the file says, or NULL if it has errors, which are logged. */
static void *
conf_read(const char *root OVS_UNUSED, struct vm_watch *watch)
{
    char *dir = xasprintf("%s/openvswitch", ovs_sysconfdir());
    char *path = xasprintf("%s/sriov.conf", dir);
    struct svec errors = SVEC_EMPTY_INITIALIZER;
    struct host_conf *conf;
    const char *error;
    size_t i;

    vm_watch_file(watch, dir, "sriov.conf");
    conf = host_conf_read(path, &errors);
    SVEC_FOR_EACH (i, error, &errors) {
        VLOG_WARN("%s", error);
    }
    svec_destroy(&errors);
    free(path);
    free(dir);
    return conf;
}

static void
conf_destroy(void *conf)
{
    host_conf_destroy(conf);
}

static void
conf_add(const void *conf_, const char *root OVS_UNUSED,
         struct vm_watch *watch OVS_UNUSED, struct vm_facts *facts)
{
    const struct host_conf *conf = conf_;

    for (size_t i = 0; conf && i < conf->n_vfs; i++) {
        const struct host_vf_section *section = &conf->vfs[i];

        for (unsigned int vf = section->first; vf <= section->last; vf++) {
            char *pci = sriov_sysfs_vf(section->pf, vf);
            struct vm_claim *claim;

            if (!pci) {
                break;          /* There are fewer. */
            }
            sset_add(&facts->managed, pci);
            claim = vm_facts_add_claim(facts, pci, "sriov.conf");
            claim->device = xasprintf("vf%u", vf);
            claim->running = claim->fixed = true;
            claim->name = nullable_xstrdup(section->settings.name);
            vm_settings_destroy(&claim->settings);
            vm_settings_clone(&claim->settings, &section->settings);
            free(pci);
        }
    }
}

const struct vm_source vm_source_conf = {
    .name = "sriov.conf",
    .read = conf_read,
    .destroy = conf_destroy,
    .add = conf_add,
};

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

/* sriov.conf --> conf --> names, plan. */

#include <config.h>
#undef NDEBUG
#include <ctype.h>
#include <net/if.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "openvswitch/vlog.h"
#include "svec.h"
#include "util.h"
#include "sriov/conf.h"
#include "sriov/host.h"
#include "sriov/plan.h"

static int fd;                  /* A file in memory, and... */
static char *path;              /* ...its name. */

int
LLVMFuzzerInitialize(int *argc OVS_UNUSED, char ***argv OVS_UNUSED)
{
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
    fd = memfd_create("sriov.conf", 0);
    ovs_assert(fd >= 0);
    path = xasprintf("/proc/self/fd/%d", fd);
    return 0;
}

/* Two PFs of one card, and one of a card without an eswitch. */
static struct host *
make_host(void)
{
    static const char *const pcis[] = {
        "0000:81:00.0", "0000:81:00.1", "0001:02:03.4"
    };
    static const enum sriov_mode modes[] = {
        SRIOV_MODE_LEGACY, SRIOV_MODE_SWITCHDEV, SRIOV_MODE_NONE
    };
    struct host *host = host_create();

    for (int i = 0; i < ARRAY_SIZE(pcis); i++) {
        struct host_pf *pf = host_add_pf(host, pcis[i]);
        struct sriov_dev *dev = sriov_model_add_dev(host->model, "pci",
                                                    pf->pci);
        struct sriov_link *link = host_add_link(host, pf, "uplink");

        pf->vendor = 0x15b3;
        pf->device = i ? 0x101f : 0x1017;
        pf->driver = xstrdup("mlx5_core");
        pf->total_vfs = 8;
        dev->mode = modes[i];
        pf->num_vfs = 2 * i;
        link->mtu = 1500;
        link->switch_id = xstrdup("3264160003bd70c4");
        pf->dev = dev;
        for (unsigned int j = 0; j < pf->num_vfs; j++) {
            struct host_vf *vf = host_pf_add_vf(pf);
            struct sriov_port *port
                = sriov_model_add_port(host->model, "pci", pf->pci, j);

            vf->pci = xasprintf("0000:81:00.%u", j + 2);
            port->label = xasprintf("pf%dvf%u", i, j);
            port->dev = dev;
            char *name = xasprintf("eth%u", j);
            struct sriov_link *rep = sriov_model_add_link(host->model, 0,
                                                          name);

            rep->mtu = 1500;
            port->link = rep;
            vf->port = port;
            free(name);
            vf->user = j == 1 ? xstrdup("a VM has it") : NULL;
        }
    }
    host_sort(host);
    return host;
}

/* A name that a network device cannot have is none. */
static void
check_names(const struct host_conf *conf, const struct host_pf *pf)
{
    static const char *const labels[] = {
        "pf0", "pf0vf3", "pf4294967295vf4294967295", "c1pf0sf88", "p0", "x"
    };

    for (size_t i = 0; i < ARRAY_SIZE(labels); i++) {
        char *name = host_name_of(conf, pf, labels[i]);

        for (const char *p = name; p && *p; p++) {
            ovs_assert(isalnum((unsigned char) *p) || strchr("_.-", *p));
        }
        free(name);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct svec errors = SVEC_EMPTY_INITIALIZER;
    struct host_conf *conf;

    ovs_assert(!ftruncate(fd, 0) && pwrite(fd, data, size, 0) == size);
    conf = host_conf_read(path, &errors);
    /* It is used, or it is said why not. */
    ovs_assert(!conf == (errors.n > 0));
    svec_destroy(&errors);
    if (conf) {
        static const char *const only[] = { NULL, NULL, "0000:81:00.1" };
        struct host *host = make_host();

        for (size_t i = 0; i < host->n; i++) {
            check_names(conf, host->pfs[i]);
        }
        for (size_t i = 0; i < ARRAY_SIZE(only); i++) {
            struct host_plan plan;

            host_plan_make(&plan, conf, host, only[i], i == 1);
            host_plan_destroy(&plan);
        }
        host_destroy(host);
        host_conf_destroy(conf);
    }
    return 0;
}

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

/* Tests the plan of "ovs-sriov apply", without any I/O.
 *
 *     test-sriov-host < WORLDS
 *
 * A world is text, see do_line().  Copies it, but after each "plan" prints
 * what is in the plan in place of the indented lines that are there, carries
 * it out on the world, and checks what must hold for any plan: things are done
 * in the order that hardware needs, VFs that are in use are left alone, others
 * have their drivers back, and there is nothing left to do afterwards. */

#include <config.h>
#undef NDEBUG

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "openvswitch/dynamic-string.h"
#include "packets.h"
#include "sriov/host.h"
#include "sriov/conf.h"
#include "sriov/plan.h"
#include "sset.h"
#include "svec.h"
#include "util.h"

#define CONF_FILE "sriov.conf"

static struct host *host;
static struct ds conf_lines;
static bool forced;
static struct sset late = SSET_INITIALIZER(&late);     /* PFs. */

static void
new_world(void)
{
    host_destroy(host);
    sset_clear(&late);
    host = host_create();
    ds_clear(&conf_lines);
    unlink(CONF_FILE HOST_SWITCHES_SUFFIX);
    forced = false;
}

/* Returns what 'words' have as the value of 'key', or NULL. */
static const char *
get(const struct svec *words, const char *key)
{
    size_t n = strlen(key);

    for (size_t i = 0; i < words->n; i++) {
        const char *word = words->names[i];

        if (!strncmp(word, key, n) && word[n] == '=') {
            return word + n + 1;
        }
    }
    return NULL;
}

static unsigned int
get_number(const struct svec *words, const char *key)
{
    const char *value = get(words, key);

    return value ? atoi(value) : 0;
}

static void
set(char **s, const char *value)
{
    free(*s);
    *s = nullable_xstrdup(value);
}

/* What a world has is not constant. */
static struct sriov_dev *
dev_of(const struct host_pf *pf)
{
    return CONST_CAST(struct sriov_dev *, pf->dev);
}

static struct sriov_link *
rep_of(const struct host_vf *vf)
{
    return CONST_CAST(struct sriov_link *, host_vf_rep(vf));
}

/* Gives 'vf' what the kernel gives to a VF in the mode of 'pf'.  What it had
 * stays in the model, which is no matter. */
static void
set_rep(const struct host_pf *pf, struct host_vf *vf)
{
    vf->port = NULL;
    if (host_pf_mode(pf) == SRIOV_MODE_SWITCHDEV) {
        struct sriov_port *port = sriov_model_add_port(host->model, "pci",
                                                       pf->pci, vf->number);
        char *name = xasprintf("eth%u", vf->number);
        struct sriov_link *link = sriov_model_add_link(host->model, 0, name);

        link->mtu = 1500;
        port->label = xasprintf("pf%cvf%u", pf->pci[strlen(pf->pci) - 1],
                                vf->number);
        port->dev = pf->dev;
        port->link = link;
        vf->port = port;
        free(name);
    }
}

static void
add_vfs(struct host_pf *pf, unsigned int n)
{
    while (pf->n_vfs < n) {
        struct host_vf *vf = host_pf_add_vf(pf);

        vf->pci = xasprintf("%s+%u", pf->pci, vf->number);
        vf->driver = nullable_xstrdup(pf->driver);
        vf->has_trust = vf->has_spoofchk = true;
        set_rep(pf, vf);
    }
    pf->num_vfs = n;
}

/* pf ADDRESS [id=VENDOR:DEVICE] [mode=MODE] [total=N] [vfs=N] [driver=NAME]
 *            [mtu=N] [steering=NAME] [multiport=on] [switch-id=ID]
 *            [netdev=NAME] [can-multiport=no] [ovs-bond=NAME]
 *            [master=NAME] [coming-bond=NAME] [lapsed=yes] [lost=multiport]
 *            [lost=bond] [link=down] */
static void
do_pf(const struct svec *words)
{
    struct host_pf *pf = host_add_pf(host, words->names[1]);
    const char *mode = get(words, "mode");
    const char *id = get(words, "id");
    const char *netdev = get(words, "netdev");

    struct sriov_dev *dev = sriov_model_add_dev(host->model, "pci", pf->pci);
    struct sriov_link *link = host_add_link(host, pf, netdev ? netdev : "-");

    pf->dev = dev;
    dev->mode = (!mode || !strcmp(mode, "legacy") ? SRIOV_MODE_LEGACY
                 : !strcmp(mode, "switchdev") ? SRIOV_MODE_SWITCHDEV
                 : SRIOV_MODE_NONE);
    if (id) {
        pf->vendor = strtoul(id, NULL, 16);
        pf->device = strtoul(strchr(id, ':') + 1, NULL, 16);
    }
    pf->total_vfs = get(words, "total") ? get_number(words, "total") : 8;
    pf->driver = xstrdup(get(words, "driver") ? get(words, "driver") : "nic");
    link->mtu = get(words, "mtu") ? get_number(words, "mtu") : 1500;
    set(&pf->steering, get(words, "steering"));
    set(&link->switch_id, get(words, "switch-id"));
    dev->multiport = get(words, "multiport") != NULL;
    dev->can_multiport = !nullable_string_is_equal(get(words, "can-multiport"),
                                                   "no");
    set(&pf->ovs_bond, get(words, "ovs-bond"));
    set(&pf->master, get(words, "master"));
    set(&pf->coming_bond, get(words, "coming-bond"));
    pf->lapsed = get(words, "lapsed") != NULL;
    pf->lost_multiport = nullable_string_is_equal(get(words, "lost"),
                                                  "multiport");
    pf->lost_bond = nullable_string_is_equal(get(words, "lost"), "bond");
    link->up = !get(words, "link");
    add_vfs(pf, get_number(words, "vfs"));
}

/* bond NAME [mode=MODE] [lacp-rate=RATE] [hash=HASH] [mtu=N]: a device that is
 * there, and up. */
static void
do_bond(const struct svec *words)
{
    struct host_linux_bond *bond;

    bond = host_add_bond(host, words->names[1],
                         nullable_xstrdup(get(words, "mode")),
                         nullable_xstrdup(get(words, "lacp-rate")),
                         nullable_xstrdup(get(words, "hash")));
    bond->mtu = get(words, "mtu") ? get_number(words, "mtu") : 1500;
    bond->up = true;
}

/* vf NUMBER [driver=NAME] [user=WORD] [rep=NAME] [mtu=N] [mac=ADDRESS]
 *           [trust=on]: of the last PF.  "driver=" is none. */
static void
do_vf(const struct svec *words)
{
    struct host_pf *pf = host->pfs[host->n - 1];
    struct host_vf *vf = &pf->vfs[atoi(words->names[1])];
    const char *driver = get(words, "driver");

    if (driver) {
        set(&vf->driver, *driver ? driver : NULL);
    }
    set(&vf->user, get(words, "user"));
    if (get(words, "rep")) {
        set(&rep_of(vf)->name, get(words, "rep"));
    }
    if (get(words, "mtu")) {
        rep_of(vf)->mtu = get_number(words, "mtu");
    }
    vf->has_mac = (get(words, "mac")
                   && eth_addr_from_string(get(words, "mac"), &vf->mac));
    vf->trust = get(words, "trust") != NULL;
}

/* rep PORT: a representor of the last PF that is none of its VFs'. */
static void
do_rep(const struct svec *words)
{
    svec_add(&host->pfs[host->n - 1]->reps, words->names[1]);
}

/* dev BUS/NAME DRIVER: a device with an eswitch that is no PF's. */
static void
do_dev(const struct svec *words)
{
    char *bus = xstrdup(words->names[1]);
    char *name = strchr(bus, '/');
    struct sriov_dev *dev;

    *name++ = '\0';
    dev = sriov_model_add_dev(host->model, bus, name);
    dev->driver = xstrdup(words->names[2]);
    free(bus);
}

/* Carrying out. */

static void
check_idle(const struct host_pf *pf)
{
    for (size_t i = 0; i < pf->n_vfs; i++) {
        ovs_assert(forced || !pf->vfs[i].user);
    }
}

/* No VF may have a driver, but those in use whose NIC is put in force again. */
static void
check_bare(const struct host_pf *pf, bool again)
{
    for (size_t i = 0; i < pf->n_vfs; i++) {
        ovs_assert(!pf->vfs[i].driver || (again && pf->vfs[i].user));
    }
}

/* Sets multiport, which is the same for all PFs of a NIC. */
static void
set_multiport(struct host_pf *pf, bool on)
{
    for (size_t i = 0; i < host->n; i++) {
        if (host_same_card(pf->pci, host->pfs[i]->pci)) {
            dev_of(host->pfs[i])->multiport = on;
        }
    }
}

/* Multiport disturbs all VFs of the NIC of 'pf': those in use only where it was
 * lost. */
static void
check_multiport_users(const struct host_pf *pf, bool on)
{
    bool lost = false;

    for (size_t i = 0; i < host->n; i++) {
        lost |= (host->pfs[i]->lost_multiport
                 && host_pf_mode(host->pfs[i]) == SRIOV_MODE_SWITCHDEV
                 && host_same_nic(pf, host->pfs[i]));
    }
    for (size_t i = 0; i < host->n && !(lost && on); i++) {
        if (host_same_nic(pf, host->pfs[i])) {
            check_idle(host->pfs[i]);
        }
    }
}

/* Sets the mode, for which no VF may have a driver. */
static void
set_mode(struct host_pf *pf, enum sriov_mode mode)
{
    if (!pf->lapsed) {
        check_idle(pf);
    }
    check_bare(pf, pf->lapsed);
    pf->lapsed = false;
    ovs_assert(strcmp(pf->driver, "ice") || !pf->num_vfs);
    dev_of(pf)->mode = mode;
    /* mlx5: its NIC is one eswitch no more. */
    set_multiport(pf, false);
    for (size_t i = 0; i < pf->n_vfs; i++) {
        set_rep(pf, &pf->vfs[i]);
    }
}

static void
do_vf_step(const struct host_conf *conf, const struct host_step *step,
           const struct host_pf *pf, struct host_vf *vf)
{
    const struct host_section *section = step->section;

    switch (step->kind) {
    case HOST_STEP_UNBIND:
        set(&vf->driver, NULL);
        break;
    case HOST_STEP_BIND:
        set(&vf->driver, pf->driver);
        break;
    case HOST_STEP_NAMES:
        free(rep_of(vf)->name);
        rep_of(vf)->name = host_name_of(conf, pf, host_vf_label(vf));
        ovs_assert(strlen(rep_of(vf)->name) < 16);
        break;
    case HOST_STEP_MTU:
        rep_of(vf)->mtu = section->mtu;
        break;
    case HOST_STEP_MAC:
        vf->has_mac = true;
        vf->mac = host_vf_mac(section, vf->number);
        break;
    case HOST_STEP_TRUST:
        vf->trust = section->trust == HOST_ON;
        break;
    case HOST_STEP_SPOOFCHK:
        vf->spoofchk = section->spoofchk == HOST_ON;
        break;
    case HOST_STEP_WAIT:
        set_rep(pf, vf);
        break;
    case HOST_STEP_REMOVE:
    case HOST_STEP_LEGACY:
    case HOST_STEP_STEERING:
    case HOST_STEP_MODE:
    case HOST_STEP_UP:
    case HOST_STEP_MULTIPORT:
    case HOST_STEP_BOND:
    case HOST_STEP_LATE:
    case HOST_STEP_VFS:
    default:
        OVS_NOT_REACHED();
    }
}

/* Makes a Linux bond, in the order that mlx5 wants. */
static void
make_bond(const struct host_conf *conf, const struct host_bond *bond)
{
    struct host_linux_bond *is;
    bool lost = false;

    for (size_t i = 0; i < bond->pfs.n; i++) {
        struct host_pf *pf = host_find_pf(host, bond->pfs.names[i]);

        lost |= pf && pf->lost_bond;
    }
    for (size_t i = 0; i < bond->pfs.n; i++) {
        struct host_pf *pf = host_find_pf(host, bond->pfs.names[i]);

        ovs_assert(pf && host_pf_mode(pf) == SRIOV_MODE_SWITCHDEV
                   && !host_pf_multiport(pf));
        if (!lost) {
            check_idle(pf);
        }
        check_bare(pf, lost);
        set(&pf->master, bond->name);
    }
    is = shash_find_data(&host->bonds, bond->name);
    if (!is) {
        is = host_add_bond(host, bond->name, xstrdup(bond->mode),
                           xstrdup(bond->lacp_rate), xstrdup(bond->hash));
        is->mtu = 1500;
    }
    is->mtu = host_bond_mtu(conf, bond) ? host_bond_mtu(conf, bond) : is->mtu;
    is->up = true;
}

static void
do_step(const struct host_conf *conf, const struct host_step *step)
{
    const struct host_section *section = step->section;
    struct host_pf *pf = host_find_pf(host, step->pci);

    switch (step->kind) {
    case HOST_STEP_REMOVE: {
        check_idle(pf);
        char *pci = xstrdup(pf->pci);
        struct host *rest = host_create();
        struct host_pf *old = host_add_pf(rest, pci);

        /* 'rest' takes the VFs with it. */
        old->vfs = pf->vfs;
        old->n_vfs = pf->n_vfs;
        pf->vfs = NULL;
        pf->n_vfs = pf->num_vfs = 0;
        host_destroy(rest);
        free(pci);
        break;
    }
    case HOST_STEP_VFS:
        ovs_assert(!pf->num_vfs && step->n_vfs <= pf->total_vfs);
        add_vfs(pf, step->n_vfs);
        for (size_t i = 0; i < pf->n_vfs && step->late; i++) {
            set(&pf->vfs[i].driver, NULL);
        }
        break;
    case HOST_STEP_LATE:
        sset_add(&late, pf->pci);
        break;
    case HOST_STEP_LEGACY:
        set_mode(pf, SRIOV_MODE_LEGACY);
        break;
    case HOST_STEP_MODE:
        set_mode(pf, section->mode);
        break;
    case HOST_STEP_UP:
        CONST_CAST(struct sriov_link *, pf->link)->up = true;
        break;
    case HOST_STEP_STEERING:
        ovs_assert(host_pf_mode(pf) == SRIOV_MODE_LEGACY);
        set(&pf->steering, section->steering);
        break;
    case HOST_STEP_MULTIPORT:
        /* -EINVAL (mlx5 in Linux 6.12, lag/mpesw.c). */
        ovs_assert(host_pf_multiport(pf) != step->on);
        check_multiport_users(pf, step->on);
        set_multiport(pf, step->on);
        for (size_t i = 0; i < host->n; i++) {
            const struct host_pf *other = host->pfs[i];
            const struct host_section *s = host_section_of(conf, other);

            ovs_assert(!host_pf_multiport(pf) || !s
                       || s->mode == SRIOV_MODE_LEGACY
                       || !host_same_card(pf->pci, other->pci)
                       || host_pf_mode(other) == SRIOV_MODE_SWITCHDEV);
        }
        break;
    case HOST_STEP_BOND:
        make_bond(conf, step->bond);
        break;
    case HOST_STEP_UNBIND:
    case HOST_STEP_WAIT:
    case HOST_STEP_NAMES:
    case HOST_STEP_MTU:
    case HOST_STEP_MAC:
    case HOST_STEP_TRUST:
    case HOST_STEP_SPOOFCHK:
    case HOST_STEP_BIND:
    default:
        if (step->kind == HOST_STEP_MTU) {
            CONST_CAST(struct sriov_link *, pf->link)->mtu = section->mtu;
        }
        for (size_t i = 0; i < pf->n_vfs; i++) {
            struct host_vf *vf = &pf->vfs[i];

            if (host_vf_wants(step->kind, conf, pf, vf)
                && host_vf_may(step->kind, vf, forced)) {
                do_vf_step(conf, step, pf, vf);
            }
        }
        break;
    }
}

/* Returns how many VFs have no driver, and do not wait for a bond. */
static size_t
count_unbound(void)
{
    size_t n = 0;

    for (size_t i = 0; i < host->n; i++) {
        for (size_t j = 0; j < host->pfs[i]->n_vfs; j++) {
            n += (!host->pfs[i]->vfs[j].driver
                  && !sset_contains(&late, host->pfs[i]->pci));
        }
    }
    return n;
}

/* Makes the plan for what 'words' say ("force", or a PF), prints it, and
 * carries it out. */
static void
do_plan(const struct svec *words)
{
    struct svec errors = SVEC_EMPTY_INITIALIZER;
    const char *only = NULL;
    struct host_plan plan;
    FILE *file = fopen(CONF_FILE, "w");

    fputs(ds_cstr(&conf_lines), file);
    fclose(file);
    if (words->n > 1 && !strcmp(words->names[1], "force")) {
        forced = true;
    } else if (words->n > 1) {
        only = words->names[1];
    }

    struct host_conf *conf = host_conf_read(CONF_FILE, &errors);
    for (size_t i = 0; i < errors.n; i++) {
        printf("  %s\n", errors.names[i]);
    }
    svec_destroy(&errors);
    if (!conf) {
        return;
    }
    ovs_assert(!host_conf_keep_switches(conf));
    ovs_assert(!host_conf_keep_switches(conf));
    host_sort(host);
    host_plan_make(&plan, conf, host, only, forced);
    for (size_t i = 0; i < plan.notes.n; i++) {
        printf("  %s\n", plan.notes.names[i]);
    }
    bool refused = false, lapsed = false;
    for (size_t i = 0; i < host->n; i++) {
        lapsed |= host->pfs[i]->lapsed;
    }
    size_t n_unbound = count_unbound();
    for (size_t i = 0; i < plan.n; i++) {
        const struct host_step *step = &plan.steps[i];

        printf("  %s: %s%s%s\n", step->pci, step->text,
               step->refusal ? ": " : "", step->refusal ? step->refusal : "");
        refused |= step->refusal != NULL;
        if (!step->refusal) {
            do_step(conf, step);
        }
    }
    host_plan_destroy(&plan);
    ovs_assert(count_unbound() <= n_unbound);

    host_plan_make(&plan, conf, host, only, forced);
    bool left = false;
    for (size_t i = 0; i < plan.n; i++) {
        if (!plan.steps[i].refusal) {
            printf("  LEFT: %s: %s\n", plan.steps[i].pci, plan.steps[i].text);
            left = true;
        }
    }
    /* With the mode set again, VFs in use are what they were to all others. */
    ovs_assert(refused || (lapsed ? !left : !plan.n));
    host_plan_destroy(&plan);
    host_conf_destroy(conf);
}

/* world: TEXT              begins a new one
 * conf LINE                a line of sriov.conf
 * reconf                   begins another sriov.conf
 * reconf                   begins another sriov.conf
 * pf ..., vf ...           see there
 * plan [force | PF]
 */
static void
do_line(char *line)
{
    struct svec words = SVEC_EMPTY_INITIALIZER;

    svec_parse_words(&words, line);
    if (words.n) {
        const char *first = words.names[0];

        if (!strcmp(first, "world:")) {
            new_world();
        } else if (!strcmp(first, "reconf")) {
            ds_clear(&conf_lines);
        } else if (!strcmp(first, "reconf")) {
            ds_clear(&conf_lines);
        } else if (!strcmp(first, "conf")) {
            ds_put_format(&conf_lines, "%s\n", line + strlen("conf "));
        } else if (!strcmp(first, "pf")) {
            do_pf(&words);
        } else if (!strcmp(first, "bond")) {
            do_bond(&words);
        } else if (!strcmp(first, "vf")) {
            do_vf(&words);
        } else if (!strcmp(first, "dev")) {
            do_dev(&words);
        } else if (!strcmp(first, "rep")) {
            do_rep(&words);
        } else if (!strcmp(first, "plan")) {
            do_plan(&words);
        } else {
            ovs_fatal(0, "cannot read \"%s\"", line);
        }
    }
    svec_destroy(&words);
}

int
main(int argc OVS_UNUSED, char *argv[])
{
    struct ds line = DS_EMPTY_INITIALIZER;

    set_program_name(argv[0]);
    ds_init(&conf_lines);
    new_world();
    while (!ds_get_line(&line, stdin)) {
        if (ds_cstr(&line)[0] != ' ') {
            puts(ds_cstr(&line));
            do_line(ds_cstr(&line));
        }
    }
    ds_destroy(&line);
    ds_destroy(&conf_lines);
    sset_destroy(&late);
    host_destroy(host);
    return 0;
}

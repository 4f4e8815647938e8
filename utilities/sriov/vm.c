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

/* "ovs-sriov vm": VLAN, address and rate follow a VM, whatever VF it gets.
 *
 *     reservations, pidfds --> sources --> claims --+         +--> netlink
 *     /etc/pve, sriov.conf --> sources --> settings +--> plan +
 *     netlink --> VFs, OVSDB --> states ------------+         +--> OVSDB
 *
 * 1. A VF with settings for whoever gets it ("managed") is closed while no VM
 *    has it: its representor is down, and its Port lets nothing in.
 * 2. Its Port says so (external_ids:sriov-vm), which lasts; the module makes
 *    Ports of managed VFs closed and leaves their links alone, so that neither
 *    of the two daemons needs the other to keep a VF closed.
 * 3. A VM that is about to start has its settings put in force: address and
 *    rate in the NIC, VLANs in OVSDB.  Only when ovs-vswitchd has done that,
 *    no flow of the last one is left, and the VM's process is there, does the
 *    link go up.
 * 4. When that process ends, however it does, the link goes down first.
 * 5. Each event leads to the same: read, make a plan, do it, read again.  What
 *    has to be remembered is in OVSDB; a restart at any point is one more
 *    event.  Between events it sleeps, without a timer.
 *
 * This file is the main loop.  What may wait: /etc/pve, a driver. */

#include <config.h>
#include "sriov/command.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "dirs.h"
#include "inventory/netlink.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/list.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "simap.h"
#include "sriov/host.h"
#include "sriov/vm-kernel.h"
#include "sriov/vm-ovsdb.h"
#include "sriov/vm-plan.h"
#include "sriov/vm-settle.h"
#include "sriov/vm-source.h"
#include "sriov/vm-watch.h"
#include "sset.h"
#include "timeval.h"
#include "unixctl.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(sriov_vm);

/* In the folder of Open vSwitch's sockets. */
#define LOCK_FILE "ovs-sriov-vm.lock"

/* When to try again what the kernel did not do, in ms. */
#define RETRY_DELAY 1000

/* How often what a NIC refuses for the moment only is tried, before it counts
 * as refused. */
#define MAX_TRIES 5

/* How old what was read of the kernel may be, in ms. */
#define MAX_AGE 100

static const struct vm_source *const sources[] = {
    &vm_source_proxmox,
    &vm_source_libvirt,
    &vm_source_conf,
};

struct vm {
    const char *root;
    struct sriov_nl *nl;
    struct vm_ovsdb *db;
    struct vm_settle *settle;
    struct vm_watch *who;       /* Reservations and processes. */
    struct vm_watch *what;      /* Settings. */
    void *settings[ARRAY_SIZE(sources)]; /* Or NULL: not read yet. */

    bool stale;                 /* Settings may have changed... */
    bool dirty;                 /* ...or anything. */
    bool stop;
    long long int wake;         /* In ms, or LLONG_MAX. */

    /* VFs, by PCI address. */
    struct sset clean;          /* No flow of the last one is left. */
    struct sset settling;       /* Will be clean when 'settle' is done. */
    struct sset shut;           /* We closed them... */
    struct sset mac_reset;      /* ...and gave them their address back; see
                                 * vm-plan.h. */
    struct sset prepared;       /* We prepared them, and have not closed them
                                 * since. */
    struct simap devices;       /* The representor, by ifindex, that we did
                                 * something to, or found up, last. */
    struct sset told;           /* What was logged about them already. */
    struct simap tries;         /* How often their NIC refused for the moment
                                 * what is to be done next. */

    struct ovs_list waiters;    /* "struct waiter"s. */
};

/* Who wants to know when all VFs of a VM have their settings in force. */
struct waiter {
    struct ovs_list node;
    struct unixctl_conn *conn;
    char *vm;
};

static void
vm_init(struct vm *vm, const struct command_args *args)
{
    char *remote = xasprintf("unix:%s/db.sock", ovs_rundir());

    memset(vm, 0, sizeof *vm);
    vm->root = args->root;
    vm->nl = command_connect(args);
    vm->db = vm_ovsdb_create(remote);
    vm->settle = vm_settle_create();
    vm->who = vm_watch_create();
    vm->what = vm_watch_create();
    vm->stale = vm->dirty = true;
    vm->wake = LLONG_MAX;
    sset_init(&vm->clean);
    sset_init(&vm->settling);
    sset_init(&vm->shut);
    sset_init(&vm->prepared);
    simap_init(&vm->devices);
    sset_init(&vm->mac_reset);
    sset_init(&vm->told);
    simap_init(&vm->tries);
    ovs_list_init(&vm->waiters);
    free(remote);
}

static void
vm_destroy(struct vm *vm)
{
    for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
        if (vm->settings[i]) {
            sources[i]->destroy(vm->settings[i]);
        }
    }
    vm_ovsdb_destroy(vm->db);
    vm_settle_destroy(vm->settle);
    vm_watch_destroy(vm->who);
    vm_watch_destroy(vm->what);
    sset_destroy(&vm->clean);
    sset_destroy(&vm->settling);
    sset_destroy(&vm->shut);
    sset_destroy(&vm->prepared);
    simap_destroy(&vm->devices);
    sset_destroy(&vm->mac_reset);
    sset_destroy(&vm->told);
    simap_destroy(&vm->tries);
    command_disconnect(vm->nl);
}

/* Reading. */

/* Reads settings again.  May wait. */
static void
read_settings(struct vm *vm)
{
    vm->stale = false;
    vm_watch_begin(vm->what);
    for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
        void *settings = sources[i]->read(vm->root, vm->what);

        if (settings) {
            if (vm->settings[i]) {
                sources[i]->destroy(vm->settings[i]);
            }
            vm->settings[i] = settings;
        }
    }
    vm_watch_end(vm->what);
}

/* Stores in '*facts', to be destroyed, who has what, with the settings that
 * were read last. */
static void
read_facts(struct vm *vm, struct vm_facts *facts)
{
    vm_facts_init(facts);
    vm_watch_begin(vm->who);
    for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
        sources[i]->add(vm->settings[i], vm->root, vm->who, facts);
        facts->unknown |= !vm->settings[i];
    }
    vm_watch_end(vm->who);
    if (facts->expires != LLONG_MAX) {
        /* As far away as seconds can be. */
        vm->wake = MIN(vm->wake, time_msec()
                       + (facts->expires - time(NULL) + 1) * 1000);
    }
}

/* Doing. */

/* Logs 'text' about the VF at 'pci', unless that was what was logged last. */
static void
tell(struct vm *vm, enum vlog_level level, const char *text)
{
    if (sset_add(&vm->told, text)) {
        VLOG(level, "%s", text);
    }
}

/* Forgets what was told, once it is so no more. */
static void
forget(struct vm *vm, const char *pci)
{
    const char *text;

    SSET_FOR_EACH_SAFE (text, &vm->told) {
        if (strstr(text, pci)) {
            sset_find_and_delete(&vm->told, text);
        }
    }
}

/* Returns true if what was done to 'vf', with 'error', or 0, is to be done
 * again. */
static bool
is_to_try_again(struct vm *vm, const struct vm_vf *vf, int error)
{
    if (sriov_nl_is_transient(error)
        && simap_increase(&vm->tries, vf->pci, 1) < MAX_TRIES) {
        return true;
    }
    simap_find_and_delete(&vm->tries, vf->pci);
    return false;
}

/* Takes back what the NIC has of a VM's settings.  Returns false if that is to
 * be done again. */
static bool
reset(struct vm *vm, struct vm_vf *vf)
{
    char *wrong;
    int error = vm_kernel_reset(vm->nl, vf, &wrong);

    if (is_to_try_again(vm, vf, error)) {
        free(wrong);
        return false;
    }
    sset_add(&vm->mac_reset, vf->pci);
    if (wrong) {
        char *s = xasprintf("VF %u of %s (%s, %s) keeps its last address: %s",
                            vf->number, vf->pf, vf->pci, vf->rep, wrong);

        tell(vm, VLL_WARN, s);
        free(s);
        free(wrong);
    }
    return true;
}

/* Gives the NIC the settings of 'op', or makes 'op' one that cuts the VM off.
 * Returns false if that is to be done again. */
static bool
prepare(struct vm *vm, struct vm_op *op, struct vm_vf *vf)
{
    char *wrong;
    int error = vm_kernel_prepare(vm->nl, vf, &op->claim->settings, &wrong);

    if (is_to_try_again(vm, vf, error)) {
        free(wrong);
        return false;
    } else if (error) {
        reset(vm, vf);
        op->type = VM_OP_CLOSE;
        op->why = wrong;
        op->refused = true;
    } else {
        sset_add(&vm->prepared, vf->pci);
        sset_find_and_delete(&vm->shut, vf->pci);
        sset_find_and_delete(&vm->mac_reset, vf->pci);
    }
    return true;
}

/* Does what 'op' says to the kernel.  Returns false if it is to be done
 * again. */
static bool
do_op(struct vm *vm, struct vm_op *op)
{
    struct vm_vf *vf = CONST_CAST(struct vm_vf *, op->vf);

    simap_put(&vm->devices, vf->pci, vf->ifindex);
    switch (op->type) {
    case VM_OP_CLOSE:
        if (vm_kernel_set_link(vm->nl, vf, false)) {
            return false;
        }
        sset_add(&vm->shut, vf->pci);
        sset_find_and_delete(&vm->prepared, vf->pci);
        sset_find_and_delete(&vm->clean, vf->pci);
        sset_find_and_delete(&vm->settling, vf->pci);
        return reset(vm, vf);

    case VM_OP_PREPARE:
        return prepare(vm, op, vf);

    case VM_OP_UP:
        return !vm_kernel_set_link(vm->nl, vf, true);

    case VM_OP_RELEASE:
        if (!reset(vm, vf)) {
            return false;
        }
        sset_find_and_delete(&vm->shut, vf->pci);
        sset_find_and_delete(&vm->mac_reset, vf->pci);
        return !vm_kernel_set_link(vm->nl, vf, true);

    case VM_OP_REPAIR:
    case VM_OP_KEEP:
    default:
        return true;
    }
}

static void
log_op(struct vm *vm, const struct vm_op *op)
{
    struct ds s = DS_EMPTY_INITIALIZER;
    const char *pci = op->vf->pci;

    if (op->type != VM_OP_CLOSE) {
        forget(vm, pci);
    }
    vm_op_format(op, &s);
    tell(vm, op->why ? VLL_WARN : VLL_INFO, ds_cstr(&s));
    ds_destroy(&s);
}

/* Carries out 'plan' and writes what came of it. */
static void
do_plan(struct vm *vm, struct vm_plan *plan, const struct vm_facts *facts)
{
    size_t n = 0;

    for (size_t i = 0; i < plan->n_ops; i++) {
        struct vm_op *op = &plan->ops[i];

        if (do_op(vm, op)) {
            log_op(vm, op);
            plan->ops[n++] = *op;
        } else {
            free(op->why);
            vm->wake = MIN(vm->wake, time_msec() + RETRY_DELAY);
        }
    }
    plan->n_ops = n;
    vm_ovsdb_write(vm->db, facts->unknown ? NULL : &facts->managed, plan->ops,
                   n);
}

/* Closes, as far as the kernel goes, VFs that no VM has any more: before
 * anything that may wait. */
static void
shut_first(struct vm *vm, const struct vm_plan *plan)
{
    for (size_t i = 0; i < plan->n_ops; i++) {
        const struct vm_op *op = &plan->ops[i];
        struct vm_vf *vf = CONST_CAST(struct vm_vf *, op->vf);

        if (op->type == VM_OP_CLOSE && !op->claim && vf->up) {
            sset_add(&vm->shut, vf->pci);
            vf->shut = true;
            vm_kernel_set_link(vm->nl, vf, false);
        }
    }
}

/* Has flows looked at of ports that were closed, once ovs-vswitchd knows that
 * they are. */
static void
settle_closed(struct vm *vm, const struct vm_vf *vfs, size_t n)
{
    if (vm_settle_is_active(vm->settle) || !vm_ovsdb_is_ready(vm->db)
        || !vm_ovsdb_is_applied(vm->db)) {
        return;
    }
    sset_clear(&vm->settling);
    for (size_t i = 0; i < n; i++) {
        if ((vfs[i].state == VM_CLOSED || vfs[i].state == VM_CUT_OFF)
            && vfs[i].as_written && !vfs[i].up
            && !sset_contains(&vm->clean, vfs[i].pci)) {
            sset_add(&vm->settling, vfs[i].pci);
        }
    }
    if (!sset_is_empty(&vm->settling)) {
        vm_settle_start(vm->settle);
    }
}

/* Says of VMs that run that their traffic is not mirrored any more. */
static void
tell_unmirrored(struct vm *vm, const struct vm_plan_input *in)
{
    for (size_t i = 0; i < in->n_vfs; i++) {
        const struct vm_vf *vf = &in->vfs[i];
        struct vm_settings settings;
        char *output;

        if (vf->state != VM_OPEN || !vf->settings) {
            continue;
        }
        vm_settings_init(&settings);
        free(vm_settings_put_words(&settings, vf->settings));
        output = xasprintf("%s %s", vf->bridge,
                           settings.mirror ? settings.mirror : "");
        if (settings.mirror && !sset_contains(in->outputs, output)) {
            char *s = xasprintf("VF %u of %s (%s, %s): VM %.*s is mirrored no "
                                "more: bridge %s has no port %s now",
                                vf->number, vf->pf, vf->pci, vf->rep,
                                (int) strcspn(vf->owner, "/"), vf->owner,
                                vf->bridge, settings.mirror);

            tell(vm, VLL_WARN, s);
            free(s);
        }
        free(output);
        vm_settings_destroy(&settings);
    }
}

/* Says of VMs whose VF's representor is no port that they have to wait. */
static void
tell_portless(struct vm *vm, const struct vm_facts *facts,
              const struct vm_vf *vfs, size_t n)
{
    for (size_t i = 0; i < facts->n_claims; i++) {
        const struct vm_claim *claim = &facts->claims[i];

        for (size_t j = 0; j < n; j++) {
            if (!strcmp(vfs[j].pci, claim->pci) && !vfs[j].has_row
                && sset_contains(&facts->managed, claim->pci)) {
                char *s = xasprintf("VF %u of %s (%s, %s): VM %s is cut off: "
                                    "the representor is in no bridge",
                                    vfs[j].number, vfs[j].pf, vfs[j].pci,
                                    vfs[j].rep, claim->vm);

                tell(vm, VLL_WARN, s);
                free(s);
            }
        }
    }
}

/* Returns how far the VF that 'claim' is about has come: 0, positive when its
 * settings are in force, negative with '*why' if they will not be. */
static int
claim_progress(const struct vm_claim *claim, const struct vm_vf *vfs, size_t n,
               const char **why)
{
    for (size_t i = 0; i < n; i++) {
        const struct vm_vf *vf = &vfs[i];

        if (!strcmp(vf->pci, claim->pci)) {
            *why = vf->why ? vf->why : "its representor is in no bridge";
            return (!vf->has_row || vf->state == VM_CUT_OFF ? -1
                    : vf->state != VM_CLOSED);
        }
    }
    return 1;                   /* No VF of an eswitch. */
}

/* Answers those who wait. */
static void
answer(struct vm *vm, const struct vm_facts *facts, const struct vm_vf *vfs,
       size_t n)
{
    struct waiter *waiter, *next;

    LIST_FOR_EACH_SAFE (waiter, next, node, &vm->waiters) {
        const char *why = NULL;
        int progress = 1;

        for (size_t i = 0; i < facts->n_claims; i++) {
            const struct vm_claim *claim = &facts->claims[i];

            if (progress > 0 && !strcmp(claim->vm, waiter->vm)
                && sset_contains(&facts->managed, claim->pci)) {
                progress = claim_progress(claim, vfs, n, &why);
            }
        }
        if (progress) {
            if (progress > 0) {
                unixctl_command_reply(waiter->conn, NULL);
            } else {
                unixctl_command_reply_error(waiter->conn, why);
            }
            ovs_list_remove(&waiter->node);
            free(waiter->vm);
            free(waiter);
        }
    }
}

/* Returns true if 'vf' has another representor than the one that we know, or
 * one that we have not seen up; see vm-plan.h. */
static bool
is_anew(struct vm *vm, const struct vm_vf *vf)
{
    unsigned int known = simap_get(&vm->devices, vf->pci);

    if (!known && vf->up) {
        simap_put(&vm->devices, vf->pci, vf->ifindex);
        return false;
    }
    return known != vf->ifindex;
}

/* Reads what there is into 'in', whose sets and facts are the caller's.
 * Returns false if the kernel cannot be read. */
static bool
read_input(struct vm *vm, struct vm_plan_input *in, struct vm_vf **vfsp,
           struct sset *outputs)
{
    struct sset uplinks = SSET_INITIALIZER(&uplinks);
    struct vm_vf *vfs;
    int error = vm_kernel_read(vm->nl, &vfs, &in->n_vfs, &uplinks);

    if (error) {
        static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 5);

        VLOG_WARN_RL(&rl, "VFs and their representors cannot be read (%s); "
                     "trying again", ovs_strerror(error));
    }
    vm_ovsdb_read(vm->db, vfs, in->n_vfs);
    vm_ovsdb_read_outputs(vm->db, &uplinks, outputs);
    for (size_t i = 0; i < in->n_vfs; i++) {
        vfs[i].clean = sset_contains(&vm->clean, vfs[i].pci);
        vfs[i].shut = sset_contains(&vm->shut, vfs[i].pci);
        vfs[i].prepared = sset_contains(&vm->prepared, vfs[i].pci);
        vfs[i].mac_reset = sset_contains(&vm->mac_reset, vfs[i].pci);
        vfs[i].anew = is_anew(vm, &vfs[i]);
    }
    sset_destroy(&uplinks);
    *vfsp = vfs;
    in->vfs = vfs;
    in->outputs = outputs;
    in->applied = vm_ovsdb_is_applied(vm->db);
    in->two_tags = vm_ovsdb_has_two_tags(vm->db);
    return !error;
}

/* Makes a plan of 'in', whose VFs are 'vfs', and, if 'all', carries it out;
 * else only VFs that no VM has are shut. */
static void
carry_out(struct vm *vm, struct vm_plan_input *in, struct vm_vf *vfs, bool all)
{
    struct vm_facts facts;
    struct vm_plan *plan;

    read_facts(vm, &facts);
    in->facts = &facts;
    plan = vm_plan_create(in);
    shut_first(vm, plan);
    if (all && vm_ovsdb_is_ready(vm->db)) {
        tell_portless(vm, &facts, vfs, in->n_vfs);
        tell_unmirrored(vm, in);
        do_plan(vm, plan, &facts);
        settle_closed(vm, vfs, in->n_vfs);
        if (!plan->n_ops && in->applied) {
            answer(vm, &facts, vfs, in->n_vfs);
        }
    }
    vm_plan_destroy(plan);
    vm_facts_destroy(&facts);
}

/* Reads, plans and carries it out.  What was read of the kernel is read again
 * if settings, read in between, take their time. */
static void
reconcile(struct vm *vm)
{
    bool settled = false;

    while (!settled) {
        struct sset outputs = SSET_INITIALIZER(&outputs);
        long long int began = time_msec();
        struct vm_plan_input in;
        struct vm_vf *vfs;
        bool ok = read_input(vm, &in, &vfs, &outputs);
        long long int read = time_msec();

        settled = true;
        if (!ok) {
            vm->wake = MIN(vm->wake, time_msec() + RETRY_DELAY);
        } else if (vm->stale) {
            carry_out(vm, &in, vfs, false);
            read_settings(vm);
            settled = time_msec() - read < MAX_AGE;
        }
        if (ok && settled) {
            long long int planned = time_msec();

            carry_out(vm, &in, vfs, true);
            VLOG_DBG("%lld ms for the kernel and the database, %lld for "
                     "settings, %lld to do it", read - began, planned - read,
                     time_msec() - planned);
        }
        vm_vfs_destroy(vfs, in.n_vfs);
        sset_destroy(&outputs);
    }
}

/* The main loop. */

static void
handle_exit(struct unixctl_conn *conn, int argc OVS_UNUSED,
            const char *argv[] OVS_UNUSED, void *vm_)
{
    struct vm *vm = vm_;

    vm->stop = true;
    unixctl_command_reply(conn, NULL);
}

static void
handle_ready(struct unixctl_conn *conn, int argc OVS_UNUSED,
             const char *argv[], void *vm_)
{
    struct waiter *waiter = xmalloc(sizeof *waiter);
    struct vm *vm = vm_;

    waiter->conn = conn;
    waiter->vm = xstrdup(argv[1]);
    ovs_list_push_back(&vm->waiters, &waiter->node);
    vm->stale = vm->dirty = true;
}

static void
vm_run(struct vm *vm)
{
    const char *pci;

    if (vm_watch_run(vm->who) | vm_watch_run(vm->what)) {
        vm->stale = vm->dirty = true;
    }
    if (vm_ovsdb_run(vm->db)) {
        vm->dirty = true;
    }
    if (vm_settle_run(vm->settle)) {
        SSET_FOR_EACH (pci, &vm->settling) {
            sset_add(&vm->clean, pci);
        }
        sset_clear(&vm->settling);
        vm->dirty = true;
    }
    if (time_msec() >= vm->wake) {
        vm->dirty = true;
    }
    if (vm->dirty) {
        vm->dirty = false;
        vm->wake = LLONG_MAX;
        reconcile(vm);
    }
}

static void
vm_wait(const struct vm *vm)
{
    vm_watch_wait(vm->who);
    vm_watch_wait(vm->what);
    vm_ovsdb_wait(vm->db);
    vm_settle_wait(vm->settle);
    if (vm->wake != LLONG_MAX) {
        poll_timer_wait_until(vm->wake);
    }
    if (vm->dirty || vm->stop) {
        poll_immediate_wake();
    }
}

/* Two would undo what the other one does.  Released when the program ends. */
static void
take_lock(void)
{
    char *path = xasprintf("%s/"LOCK_FILE, ovs_rundir());
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0) {
        ovs_fatal(errno, "%s: cannot be opened; is Open vSwitch there?", path);
    } else if (flock(fd, LOCK_EX | LOCK_NB)) {
        ovs_fatal(errno, "%s: another \"ovs-sriov vm\" runs, commonly as the "
                  "service ovs-sriov-vm", path);
    }
    free(path);
}

static int
run(const struct command_args *args)
{
    char *path = xasprintf("%s/ovs-sriov-vm.ctl", ovs_rundir());
    struct unixctl_server *unixctl;
    struct vm vm;

    if (*args->root) {
        ovs_fatal(0, "--root is for looking only");
    }
    take_lock();
    if (unixctl_server_create(path, &unixctl)) {
        ovs_fatal(0, "%s: cannot listen", path);
    }
    vlog_set_levels(NULL, VLF_CONSOLE, VLL_INFO);
    vlog_set_pattern(VLF_CONSOLE, "%p: %m");
    vm_init(&vm, args);
    unixctl_command_register("exit", "", 0, 0, handle_exit, &vm);
    unixctl_command_register("vm/ready", "VM", 1, 1, handle_ready, &vm);
    while (!vm.stop) {
        unixctl_server_run(unixctl);
        vm_run(&vm);
        unixctl_server_wait(unixctl);
        vm_wait(&vm);
        poll_block();
    }
    vm_destroy(&vm);
    unixctl_server_destroy(unixctl);
    free(path);
    return EXIT_SUCCESS;
}

const struct command vm_command = {
    .name = "vm",
    .help = "have VLAN, address and rate follow VMs, whatever VFs they\n"
            "get; does not return",
    .run = run,
};

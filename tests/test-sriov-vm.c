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

/* Tests the plan of "ovs-sriov vm", without any I/O, and what it reads.
 *
 *     test-sriov-vm < WORLDS
 *     test-sriov-vm proxmox ROOT
 *     test-sriov-vm proxmox-wait ROOT
 *
 *     test-sriov-vm libvirt ROOT
 *     test-sriov-vm ovsdb REMOTE PORT read|close|prepare|release [SETTINGS]
 *
 * Those with a ROOT print who has what by the files of Proxmox VE or libvirt
 * below it; that with "-wait" waits until settings can be read.  The last one
 * prints what the database at REMOTE says of a Port, and writes what a plan
 * would have written.
 *
 * A world is text, see do_line().  Copies it, but after each "plan" prints
 * what is done in place of the indented lines that are there, step by step,
 * until there is nothing left to do, and checks what must hold for any
 * plan:
 *
 * - a link is up only while a VM has the VF, with its VLANs and its address;
 * - nobody gets a VF with flows of whoever had it before;
 * - no address is on two open VFs;
 * - there is an end to it. */

#include <config.h>
#undef NDEBUG

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "packets.h"
#include "random.h"
#include "sriov/vm-ovsdb.h"
#include "sriov/vm-plan.h"
#include "sriov/vm-source.h"
#include "sriov/vm-watch.h"
#include "sset.h"
#include "svec.h"
#include "util.h"

#define MAX_VFS 8

static struct vm_vf vfs[MAX_VFS];
static size_t n_vfs;
static struct vm_facts facts;
static bool applied;
static bool two_tags;
static bool mac_lost;           /* The NIC keeps the address that it had. */
static struct sset outputs = SSET_INITIALIZER(&outputs);
static char *refused;           /* What the NIC says to settings, or NULL. */

static void
new_world(void)
{
    for (size_t i = 0; i < n_vfs; i++) {
        vm_vf_destroy(&vfs[i]);
    }
    n_vfs = 0;
    vm_facts_destroy(&facts);
    vm_facts_init(&facts);
    applied = true;
    two_tags = mac_lost = false;
    sset_clear(&outputs);
    free(refused);
    refused = NULL;
}

static struct vm_vf *
find_vf(const char *pci)
{
    for (size_t i = 0; i < n_vfs; i++) {
        if (!strcmp(vfs[i].pci, pci)) {
            return &vfs[i];
        }
    }
    return NULL;
}

static bool
add_vf(const char *pci)
{
    struct vm_vf *vf = &vfs[n_vfs];

    if (n_vfs >= MAX_VFS || find_vf(pci)) {
        return false;
    }
    *vf = (struct vm_vf) {
        .pci = xstrdup(pci),
        .pf = xstrdup("pf"),
        .number = n_vfs,
        .rep = xasprintf("rep%"PRIuSIZE, n_vfs),
        .has_row = true,
        .bridge = xstrdup("br0"),
        .up = true,
        .has_mac = true,
        .as_written = true,
    };
    eth_addr_from_uint64(0x020000000000 + n_vfs, &vf->mac);
    n_vfs++;
    return true;
}

/* Claims. */

static struct vm_claim *
find_claim(const char *pci)
{
    for (size_t i = 0; i < facts.n_claims; i++) {
        if (!strcmp(facts.claims[i].pci, pci)) {
            return &facts.claims[i];
        }
    }
    return NULL;
}

static void
del_claim(const char *pci)
{
    struct vm_claim *claim = find_claim(pci);

    if (claim) {
        struct vm_claim last = facts.claims[facts.n_claims - 1];

        facts.claims[facts.n_claims - 1] = *claim;
        *claim = last;
        vm_facts_remove_last(&facts);
    }
}

/* "claim PCI VM [WORD...]": "device=", "pid=", "started=", "error=", "fixed",
 * and settings. */
static bool
add_claim(const struct svec *words)
{
    struct vm_claim *claim = vm_facts_add_claim(&facts, words->names[1],
                                                words->names[2]);

    for (size_t i = 3; i < words->n; i++) {
        const char *w = words->names[i];

        if (!strncmp(w, "device=", 7)) {
            claim->device = xstrdup(w + 7);
        } else if (!strncmp(w, "error=", 6)) {
            claim->error = xstrdup(w + 6);
        } else if (!strncmp(w, "started=", 8)) {
            claim->started = atoll(w + 8);
        } else if (!strncmp(w, "pid=", 4)) {
            claim->pid = atoll(w + 4);
            claim->running = true;
        } else if (!strcmp(w, "fixed")) {
            claim->fixed = claim->running = true;
        } else {
            char *error = vm_settings_put_words(&claim->settings, w);

            claim->own = true;

            if (error && !claim->error) {
                claim->error = error;
            } else {
                free(error);
            }
        }
    }
    if (!claim->error) {
        claim->error = vm_settings_check(&claim->settings);
    }
    return true;
}

/* Carrying out, as vm.c, vm-kernel.c and vm-ovsdb.c do it. */

static void
set(char **s, const char *value)
{
    free(*s);
    *s = nullable_xstrdup(value);
}

static void
write_claim(struct vm_vf *vf, const struct vm_op *op)
{
    struct ds s = DS_EMPTY_INITIALIZER;
    char *owner = vm_claim_owner(op->claim);

    vm_settings_format(&op->claim->settings, &s);
    set(&vf->owner, owner);
    vf->pid = op->claim->pid;
    set(&vf->settings, op->type == VM_OP_KEEP || (op->why && !op->refused)
        ? NULL : ds_cstr(&s));
    set(&vf->why, op->why);
    ds_destroy(&s);
    free(owner);
}

static void
close_vf(struct vm_vf *vf, const struct vm_op *op)
{
    vf->up = false;
    vf->clean = vf->prepared = false;
    vf->shut = true;
    if (vf->has_own_mac) {
        vf->mac_reset = true;
        vf->mac = mac_lost ? vf->mac : vf->own_mac;
        vf->has_mac = !eth_addr_is_zero(vf->mac);
    }
    vf->as_written = true;
    if (op->why) {
        write_claim(vf, op);
        vf->state = VM_CUT_OFF;
    } else {
        if (!vf->has_own_mac) {
            vf->own_mac = vf->mac;
            vf->has_own_mac = vf->has_row;
        }
        set(&vf->owner, NULL);
        set(&vf->settings, NULL);
        set(&vf->why, NULL);
        vf->pid = 0;
        vf->state = vf->has_row ? VM_CLOSED : VM_NONE;
    }
}

/* Has the representor be made anew, as it is at each boot. */
static void
make_anew(struct vm_vf *vf)
{
    vf->anew = true;
    vf->up = vf->has_mac = false;
    vf->mac = eth_addr_zero;
}

static void
do_op(struct vm_op *op, struct ds *s)
{
    struct vm_vf *vf = CONST_CAST(struct vm_vf *, op->vf);

    if (op->type == VM_OP_PREPARE) {
        if (!vf->clean) {
            ds_put_cstr(s, "  WRONG: it has flows of another VM\n");
        }
        if (vf->up) {
            ds_put_cstr(s, "  WRONG: it is prepared while it is up\n");
        }
        if (refused) {
            op->type = VM_OP_CLOSE;
            op->why = xstrdup(refused);
            op->refused = true;
        }
    }
    ds_put_cstr(s, "  ");
    vm_op_format(op, s);
    ds_put_char(s, '\n');
    vf->anew = false;
    switch (op->type) {
    case VM_OP_CLOSE:
        close_vf(vf, op);
        break;
    case VM_OP_PREPARE:
        write_claim(vf, op);
        vf->state = VM_PREPARED;
        vf->shut = vf->mac_reset = false;
        vf->prepared = true;
        if (op->claim->settings.has_mac && !mac_lost) {
            vf->mac = op->claim->settings.mac;
            vf->has_mac = true;
        }
        break;
    case VM_OP_UP:
        write_claim(vf, op);
        vf->state = VM_OPEN;
        vf->up = true;
        break;
    case VM_OP_REPAIR:
        vf->as_written = true;
        break;
    case VM_OP_KEEP:
        write_claim(vf, op);
        vf->state = VM_KEPT;
        break;
    case VM_OP_RELEASE:
        vf->mac = vf->has_own_mac ? vf->own_mac : vf->mac;
        vf->has_own_mac = vf->shut = vf->mac_reset = false;
        vf->state = VM_NONE;
        vf->up = true;
        break;
    default:
        OVS_NOT_REACHED();
    }
}

/* Appends to 's' what is wrong with the world when a plan was carried out. */
static void
check(struct ds *s)
{
    for (size_t i = 0; i < n_vfs; i++) {
        const struct vm_vf *vf = &vfs[i];
        const struct vm_claim *claim = find_claim(vf->pci);
        bool ours = sset_contains(&facts.managed, vf->pci);

        if (vf->shut && (vf->state == VM_OPEN || vf->state == VM_PREPARED)) {
            ds_put_format(s, "  WRONG: %s is closed, and its row says "
                          "otherwise\n", vf->rep);
        }
        if (ours && vf->anew && (vf->state == VM_OPEN
                                 || vf->state == VM_PREPARED)) {
            ds_put_format(s, "  WRONG: %s is another device, and its row says "
                          "nothing of it\n", vf->rep);
        }
        if (!ours || !vf->up || vf->state == VM_KEPT) {
            continue;
        }
        if (!claim || !claim->running) {
            ds_put_format(s, "  WRONG: %s is up, and no VM has it\n",
                          vf->rep);
        } else if (vf->state != VM_OPEN || vf->pid != claim->pid) {
            ds_put_format(s, "  WRONG: %s is up without its settings\n",
                          vf->rep);
        }
        for (size_t j = 0; j < i; j++) {
            if (vfs[j].up && vfs[j].state == VM_OPEN
                && eth_addr_equals(vfs[j].mac, vf->mac)) {
                ds_put_format(s, "  WRONG: %s has the address of %s\n",
                              vf->rep, vfs[j].rep);
            }
        }
    }
}

/* Has 'vf' be closed, of which nothing gets into the database. */
static void
lose(struct vm_vf *vf)
{
    vf->up = vf->clean = vf->prepared = false;
    vf->shut = true;
    if (vf->has_own_mac) {
        vf->mac = vf->own_mac;
        vf->has_mac = !eth_addr_is_zero(vf->mac);
        vf->mac_reset = true;
    }
}

/* Has the daemon forget all that is only in its memory. */
static void
restart(void)
{
    for (size_t i = 0; i < n_vfs; i++) {
        struct vm_vf *vf = &vfs[i];

        vf->clean = vf->shut = vf->mac_reset = vf->prepared = false;
        vf->anew = !vf->up;
    }
}

/* Has ovs-vswitchd look at its flows.  Returns false if there is nothing to
 * look at. */
static bool
settle(void)
{
    bool any = false;

    for (size_t i = 0; i < n_vfs; i++) {
        struct vm_vf *vf = &vfs[i];

        if ((vf->state == VM_CLOSED || vf->state == VM_CUT_OFF) && !vf->up
            && !vf->clean) {
            vf->clean = any = true;
        }
    }
    return any;
}

static void
run_plan(struct ds *s)
{
    for (int round = 0; ; round++) {
        struct vm_plan_input in = {
            .vfs = vfs,
            .n_vfs = n_vfs,
            .facts = &facts,
            .applied = applied,
            .two_tags = two_tags,
            .outputs = &outputs,
        };
        struct vm_plan *plan = vm_plan_create(&in);
        size_t n = plan->n_ops;

        for (size_t i = 0; i < n; i++) {
            do_op(&plan->ops[i], s);
        }
        vm_plan_destroy(plan);
        if (!n && !settle()) {
            break;
        }
        if (round > 10) {
            ds_put_cstr(s, "  WRONG: there is no end to it\n");
            break;
        }
    }
    check(s);
}

/* Random worlds. */

/* One event: a VM starts, runs, ends, settings change, a daemon restarts. */
static void
random_event(unsigned int n)
{
    char *pci = xasprintf("v%u", random_range(4));
    const struct vm_claim *claim = find_claim(pci);
    unsigned int what = random_range(10);
    struct svec words = SVEC_EMPTY_INITIALIZER;

    if (what < 4) {
        bool was = claim != NULL;

        del_claim(pci);
        if (!was || what == 3) {
            char *s = xasprintf("claim %s %u device=hostpci0 vlan=%u "
                                "mac=02:00:00:00:01:0%u %s%u", pci,
                                100 + random_range(3), 1 + random_range(9),
                                random_range(4), what ? "pid=" : "started=",
                                n + 1);

            svec_parse_words(&words, s);
            add_claim(&words);
            free(s);
        }
    } else if (what == 4) {
        restart();
    } else if (what == 5) {
        find_vf(pci)->as_written = false;
    } else if (what == 6) {
        find_vf(pci)->up = find_vf(pci)->up && random_range(2);
    } else if (what == 7) {
        lose(find_vf(pci));
    } else if (what == 8) {
        make_anew(find_vf(pci));
    } else {
        free(refused);
        refused = random_range(3) ? NULL : xstrdup("refused");
    }
    svec_destroy(&words);
    free(pci);
}

/* Has 'n' events happen, and appends to 's' what was wrong ever. */
static void
run_random(unsigned int n, struct ds *s)
{
    random_set_seed(n);
    new_world();
    for (int i = 0; i < 4; i++) {
        char *pci = xasprintf("v%d", i);

        add_vf(pci);
        if (i % 2) {
            find_vf(pci)->has_mac = false;
            find_vf(pci)->mac = eth_addr_zero;
        }
        sset_add(&facts.managed, pci);
        free(pci);
    }
    for (unsigned int i = 0; i < n; i++) {
        struct ds text = DS_EMPTY_INITIALIZER;

        random_event(i);
        run_plan(&text);
        if (strstr(ds_cstr(&text), "WRONG")) {
            ds_put_format(s, "  event %u:\n%s", i, ds_cstr(&text));
        }
        ds_destroy(&text);
    }
}

/* Lines. */

/* Carries out 'line', and appends to 's' what it prints:
 *
 *     # COMMENT
 *     world[: TEXT]              an empty one
 *     vf PCI                     with a representor that is a port, and up
 *     no-row PCI                 it is no port
 *     managed PCI
 *     unmanaged PCI
 *     changed TIME               when settings were
 *     unknown                    settings cannot be read
 *     claim PCI VM [WORD...]     see add_claim()
 *     also PCI VM [WORD...]      likewise, besides one that is there
 *     unclaim PCI
 *     no-mac PCI                 it has no address, as mlx5's have at first
 *     tag PCI                    somebody changes its VLANs
 *     lose PCI                   it is closed, which OVSDB does not take
 *     down PCI                   somebody sets its link down
 *     anew PCI                   its representor is made anew: down, no address
 *     mac-lost yes|no            the NIC takes an address, and keeps its own
 *     two-tags yes|no            ovs-vswitchd looks at two VLAN tags
 *     output BRIDGE PORT         a mirror can have that port
 *     no-output BRIDGE PORT
 *     applied yes|no             ovs-vswitchd has done what OVSDB says
 *     refuse [TEXT]              so says the NIC
 *     restart                    of the daemon
 *     settings WORD...
 *     mac UUID DEVICE
 *     random N
 *     plan
 */
static bool
do_line(const char *line, struct ds *s)
{
    struct svec words = SVEC_EMPTY_INITIALIZER;
    const char *rest = strchr(line, ' ');
    bool ok = true;

    if (line[0] == '#' || !line[0]) {
        return true;
    } else if (!strncmp(line, "world", 5)) {
        new_world();
        return true;
    }
    svec_parse_words(&words, line);

    const char *command = words.names[0];
    const char *arg = words.n > 1 ? words.names[1] : "";

    if (!strcmp(command, "vf")) {
        ok = add_vf(arg);
    } else if (!strcmp(command, "no-row")) {
        find_vf(arg)->has_row = false;
    } else if (!strcmp(command, "managed")) {
        sset_add(&facts.managed, arg);
    } else if (!strcmp(command, "unmanaged")) {
        ok = sset_find_and_delete(&facts.managed, arg);
    } else if (!strcmp(command, "changed")) {
        facts.changed = atoll(arg);
    } else if (!strcmp(command, "unknown")) {
        facts.unknown = true;
    } else if (!strcmp(command, "claim") && words.n > 2) {
        del_claim(arg);
        ok = add_claim(&words);
    } else if (!strcmp(command, "also") && words.n > 2) {
        ok = add_claim(&words);
    } else if (!strcmp(command, "unclaim")) {
        del_claim(arg);
    } else if (!strcmp(command, "tag")) {
        find_vf(arg)->as_written = false;
    } else if (!strcmp(command, "no-mac")) {
        find_vf(arg)->has_mac = false;
        find_vf(arg)->mac = eth_addr_zero;
    } else if (!strcmp(command, "lose")) {
        lose(find_vf(arg));
    } else if (!strcmp(command, "down")) {
        find_vf(arg)->up = false;
    } else if (!strcmp(command, "anew")) {
        make_anew(find_vf(arg));
    } else if (!strcmp(command, "mac-lost")) {
        mac_lost = arg[0] == 'y';
    } else if (!strcmp(command, "two-tags")) {
        two_tags = arg[0] == 'y';
    } else if (!strcmp(command, "output")) {
        sset_add(&outputs, rest + 1);
    } else if (!strcmp(command, "no-output")) {
        ok = sset_find_and_delete(&outputs, rest + 1);
    } else if (!strcmp(command, "applied")) {
        applied = arg[0] == 'y';
    } else if (!strcmp(command, "refuse")) {
        free(refused);
        refused = rest ? xstrdup(rest + 1) : NULL;
    } else if (!strcmp(command, "restart")) {
        restart();
    } else if (!strcmp(command, "settings")) {
        struct vm_settings settings;
        char *error;

        vm_settings_init(&settings);
        error = vm_settings_put_words(&settings, rest ? rest : "");
        error = error ? error : vm_settings_check(&settings);
        ds_put_cstr(s, "  ");
        if (error) {
            ds_put_cstr(s, error);
        } else {
            vm_settings_format(&settings, s);
        }
        ds_put_char(s, '\n');
        free(error);
        vm_settings_destroy(&settings);
    } else if (!strcmp(command, "mac") && words.n == 3) {
        ds_put_format(s, "  "ETH_ADDR_FMT"\n", ETH_ADDR_ARGS(
                          vm_settings_make_mac(arg, words.names[2])));
    } else if (!strcmp(command, "random")) {
        run_random(atoi(arg), s);
    } else if (!strcmp(command, "plan")) {
        run_plan(s);
    } else {
        ok = false;
    }
    svec_destroy(&words);
    return ok;
}

/* Sources. */

static void
print_claim(const struct vm_claim *claim)
{
    struct ds s = DS_EMPTY_INITIALIZER;
    char *owner = vm_claim_owner(claim);

    vm_settings_format(&claim->settings, &s);
    printf("%s: %s%s%s, %s: %s\n", claim->pci, owner,
           claim->name ? " " : "", claim->name ? claim->name : "",
           claim->running ? "runs" : "starts",
           claim->error ? claim->error : s.length ? ds_cstr(&s) : "-");
    free(owner);
    ds_destroy(&s);
}

/* Prints what 'source' says of what is below 'root'. */
static void
print_facts(const struct vm_source *source, const char *root)
{
    struct vm_watch *watch = vm_watch_create();
    void *settings = source->read(root, watch);
    const char **managed;

    if (!settings) {
        puts("settings cannot be read");
    }
    source->add(settings, root, watch, &facts);
    managed = sset_sort(&facts.managed);
    for (size_t i = 0; i < sset_count(&facts.managed); i++) {
        printf("managed %s\n", managed[i]);
    }
    for (size_t i = 0; i < facts.n_claims; i++) {
        print_claim(&facts.claims[i]);
    }
    free(managed);
    if (settings) {
        source->destroy(settings);
    }
    vm_watch_destroy(watch);
}

/* Waits until 'source' can read its settings. */
static void
wait_for_settings(const struct vm_source *source, const char *root)
{
    struct vm_watch *watch = vm_watch_create();
    void *settings;

    while ((settings = source->read(root, watch)) == NULL) {
        while (!vm_watch_run(watch)) {
            vm_watch_wait(watch);
            poll_block();
        }
    }
    source->destroy(settings);
    vm_watch_destroy(watch);
}

/* The database. */

static void
wait_until_ready(struct vm_ovsdb *db)
{
    vm_ovsdb_run(db);
    while (!vm_ovsdb_is_ready(db)) {
        vm_ovsdb_wait(db);
        poll_block();
        vm_ovsdb_run(db);
    }
}

/* 'settings' are those that a VM gets, for "prepare". */
static void
run_ovsdb(const char *remote, const char *rep, const char *op_name,
          const char *settings)
{
    struct vm_vf vf = { .pci = xstrdup("0000:01:00.2"), .rep = xstrdup(rep) };
    struct vm_op op = { .vf = &vf };
    struct vm_ovsdb *db;

    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_WARN);
    db = vm_ovsdb_create(remote);
    wait_until_ready(db);
    vm_ovsdb_read(db, &vf, 1);
    printf("%s, %s\n", vm_state_to_string(vf.state),
           vf.as_written ? "as written" : "not as written");
    if (strcmp(op_name, "read")) {
        op.type = (!strcmp(op_name, "close") ? VM_OP_CLOSE
                   : !strcmp(op_name, "prepare") ? VM_OP_PREPARE
                   : VM_OP_RELEASE);
        if (op.type == VM_OP_PREPARE) {
            op.claim = vm_facts_add_claim(&facts, vf.pci, "100");
            free(vm_settings_put_words(&facts.claims[0].settings, settings));
        }
        vm_ovsdb_write(db, NULL, &op, 1);
        wait_until_ready(db);
    }
    vm_ovsdb_destroy(db);
    vm_vf_destroy(&vf);
}

int
main(int argc, char *argv[])
{
    struct ds line = DS_EMPTY_INITIALIZER;
    struct ds s = DS_EMPTY_INITIALIZER;

    set_program_name(argv[0]);
    vm_facts_init(&facts);
    if (argc == 3 && !strcmp(argv[1], "proxmox-wait")) {
        wait_for_settings(&vm_source_proxmox, argv[2]);
        argv[1] = CONST_CAST(char *, "proxmox");
    }
    if (argc == 3) {
        print_facts(!strcmp(argv[1], "proxmox") ? &vm_source_proxmox
                    : &vm_source_libvirt, argv[2]);
        vm_facts_destroy(&facts);
        return 0;
    }
    if (argc >= 5 && !strcmp(argv[1], "ovsdb")) {
        run_ovsdb(argv[2], argv[3], argv[4], argc > 5 ? argv[5] : "");
        vm_facts_destroy(&facts);
        return 0;
    }
    new_world();
    while (!ds_get_line(&line, stdin)) {
        if (ds_cstr(&line)[0] == ' ') {
            continue;
        }
        ds_clear(&s);
        printf("%s\n", ds_cstr(&line));
        if (!do_line(ds_cstr(&line), &s)) {
            printf("  WRONG: cannot be read\n");
        }
        fputs(ds_cstr(&s), stdout);
    }
    ds_destroy(&line);
    ds_destroy(&s);
    new_world();
    vm_facts_destroy(&facts);
    return 0;
}

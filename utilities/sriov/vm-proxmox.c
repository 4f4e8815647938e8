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

/* Proxmox VE: who has a VF is in its file of reservations, settings are in the
 * description of a PCI mapping and in a file for the cluster.
 *
 *     /run/qemu-server/pci-id-reservations --+
 *     /proc/PID/cmdline (-id, -device) ------+--> claims
 *     /etc/pve/mapping/pci.cfg --------------+
 *     /etc/pve/qemu-server/VMID.conf --------+
 *     /etc/pve/sriov.conf -------------------+
 *
 * As qemu-server 8.0.4 to 9.2.6 does it (PVE/QemuServer/PCI.pm): a line "PCI
 * VMID time:SECONDS" comes before a VF is given to vfio-pci, "PCI VMID
 * pid:PID" once kvm runs.  Several hostpci entries get theirs in the order of
 * a Perl hash, so that which one has which VF can be told beforehand only if
 * there is one choice; kvm's arguments tell it for certain. */

#include <config.h>
#include "sriov/vm-source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/shash.h"
#include "openvswitch/vlog.h"
#include "smap.h"
#include "sriov/conf.h"
#include "sriov/host.h"
#include "sriov/leftovers.h"
#include "sriov/mapping.h"
#include "sriov/vm-plan.h"
#include "sriov/vm-watch.h"
#include "svec.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(sriov_vm_proxmox);

#define RUN_DIR "/run/qemu-server"
#define RESERVATIONS "pci-id-reservations"
#define PVE_DIR "/etc/pve"
#define CLUSTER_CONF "sriov.conf"

/* What names of VMs have (PVE::JSONSchema, dns-name). */
#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" \
                   "0123456789.-"

struct pve {
    char *node;                 /* The name of this one. */
    struct pve_mappings mappings;
    struct smap sections;       /* Words, by what is in the brackets. */
    struct shash vms;           /* "struct smap" of options, by number. */
    struct sset managed;
    long long int changed;
};

/* A line of reservations. */
struct reservation {
    char pci[32];
    char vm[16];
    bool running;
    long long int value;        /* Process, or a time in s since 1970. */
};

/* Reads the next one from 'lines', without regard to what it says. */
static bool
next_reservation(struct howto_lines *lines, struct reservation *r)
{
    char kind[8];
    char *pci;

    while (howto_next_line(lines)) {
        if (ovs_scan(lines->line, "%31s %15[0-9] %7[a-z]:%lld", r->pci, r->vm,
                     kind, &r->value)
            && (!strcmp(kind, "pid") || !strcmp(kind, "time"))
            && host_pci_address(r->pci, &pci)) {
            ovs_strlcpy(r->pci, pci, sizeof r->pci);
            free(pci);
            r->running = kind[0] == 'p';
            return true;
        }
    }
    return false;
}

/* Settings. */

/* Takes from 's', which is "KEY=VALUE,KEY=VALUE", the value of 'key'.  One, at
 * any place, may lack its key, which is 'default_key' then.  The caller must
 * free what is returned, which may be NULL. */
static char *
get_option(const char *s, const char *key, const char *default_key)
{
    for (const char *p = s; p && !strcmp(key, default_key);
         p = strchr(p, ',')) {
        p += *p == ',';

        size_t n = strcspn(p, ",=");
        if (n && p[n] != '=') {
            return xmemdup0(p, n);
        }
    }
    return pve_map_get(s, key);
}

/* What an alternative that a VM can get may be asked for: 'pci' is a function
 * of it, the first one if 'first'. */
typedef void pci_func(const char *pci, bool first, void *aux);

/* Calls 'func' for each function of 'path', "0000:81:00.2;0000:81:00.3", which
 * a VM gets together.  A whole device, "0000:81:00", is all functions that it
 * can have. */
static void
for_each_path(const char *path, pci_func *func, void *aux)
{
    char *copy = xstrdup(path);
    char *save_ptr = NULL;
    bool first = true;

    for (char *s = strtok_r(copy, ";", &save_ptr); s;
         s = strtok_r(NULL, ";", &save_ptr)) {
        bool whole = !strchr(s, '.');

        for (int i = 0; i < (whole ? 8 : 1); i++) {
            char *full = whole ? xasprintf("%s.%d", s, i) : xstrdup(s);
            char *pci;

            if (host_pci_address(full, &pci)) {
                func(pci, first, aux);
                first = false;
                free(pci);
            }
            free(full);
        }
    }
    free(copy);
}

static void
for_each_vf(const struct pve *pve, const struct pve_mapping *mapping,
            pci_func *func, void *aux)
{
    const char *map;
    size_t i;

    SVEC_FOR_EACH (i, map, &mapping->maps) {
        char *node = pve_map_get(map, "node");
        char *path = pve_map_get(map, "path");

        if (node && path && !strcmp(node, pve->node)) {
            for_each_path(path, func, aux);
        }
        free(path);
        free(node);
    }
}

/* Returns the mapping of 'hostpci', the value of an option, or NULL. */
static const struct pve_mapping *
mapping_of(const struct pve *pve, const char *hostpci)
{
    char *id = get_option(hostpci, "mapping", "host");
    const struct pve_mapping *mapping
        = id ? pve_mappings_find(&pve->mappings, id) : NULL;

    free(id);
    return mapping;
}

/* Calls 'func' for each VF that 'hostpci' can be. */
static void
for_each_choice(const struct pve *pve, const char *hostpci, pci_func *func,
                void *aux)
{
    const struct pve_mapping *mapping = mapping_of(pve, hostpci);
    char *host = get_option(hostpci, "host", "host");

    if (mapping) {
        for_each_vf(pve, mapping, func, aux);
    } else if (host) {
        for_each_path(host, func, aux);
    }
    free(host);
}

static void
add_managed(const char *pci, bool first OVS_UNUSED, void *managed)
{
    sset_add(managed, pci);
}

/* Returns the settings in 'mapping', words, which the caller must free, or
 * NULL if it has none. */
static char *
mapping_words(const struct pve_mapping *mapping)
{
    const char *mark = (mapping->description
                        ? strstr(mapping->description, PVE_MARK) : NULL);

    return mark ? xmemdup0(mark + strlen(PVE_MARK),
                           strcspn(mark + strlen(PVE_MARK), ";")) : NULL;
}

/* Reads the options in 'lines', which are the VM 'vm's, that count: not those
 * of snapshots or of pending changes, which come after a heading. */
static void
read_options(struct pve *pve, const char *vm, struct howto_lines lines)
{
    if (lines.text && !shash_find(&pve->vms, vm)) {
        struct smap *options = xmalloc(sizeof *options);
        bool snapshot = false;

        smap_init(options);
        shash_add(&pve->vms, vm, options);
        while (howto_next_line(&lines)) {
            char *colon = strchr(lines.line, ':');

            snapshot |= lines.line[0] == '[';
            if (!snapshot && lines.line[0] != '#' && colon) {
                *colon++ = '\0';
                smap_replace(options, lines.line,
                             colon + strspn(colon, " \t"));
            }
        }
    } else {
        while (howto_next_line(&lines)) {
            continue;
        }
    }
}

static void
read_vm(struct pve *pve, const char *root, const char *vm)
{
    char *file = xasprintf(PVE_DIR"/qemu-server/%s.conf", vm);

    read_options(pve, vm, howto_plain_lines_of(root, file));
    free(file);
}

/* Likewise, of a VM that has a VF here.  While one is migrated live, it is
 * started here, and its configuration is the other node's until that is over
 * (qemu-server's QemuServer.pm, vm_start(), "migratedfrom"); nothing would
 * tell when that changes, since pmxcfs has no inotify for what others do. */
static void
read_vm_of_any_node(struct pve *pve, const char *root, const char *vm)
{
    struct svec nodes = SVEC_EMPTY_INITIALIZER;

    read_vm(pve, root, vm);
    if (shash_find(&pve->vms, vm)) {
        return;
    }
    host_read_folder(&nodes, "%s"PVE_DIR"/nodes", root);
    for (size_t i = 0; i < nodes.n && !shash_find(&pve->vms, vm); i++) {
        char *file = xasprintf(PVE_DIR"/nodes/%s/qemu-server/%s.conf",
                               nodes.names[i], vm);

        read_options(pve, vm, howto_plain_lines_of(root, file));
        free(file);
    }
    svec_destroy(&nodes);
}

/* Returns what is in the brackets of 'line' in the way in which it is looked
 * up, "vm 101" or "vm 101 hostpci0", which the caller must free, or NULL if it
 * is neither. */
static char *
section_name(const char *line)
{
    unsigned int vm, device;
    int n = -1;

    if (ovs_scan(line, "[ vm %u ]%n", &vm, &n) && !line[n]) {
        return xasprintf("vm %u", vm);
    }
    n = -1;
    if (ovs_scan(line, "[ vm %u hostpci%u ]%n", &vm, &device, &n)
        && !line[n]) {
        return xasprintf("vm %u hostpci%u", vm, device);
    }
    return NULL;
}

/* Reads /etc/pve/sriov.conf.  Words are checked where they are used, so that
 * what is wrong for one VM is so for no other. */
static void
read_sections(struct pve *pve, const char *root)
{
    struct howto_lines lines = howto_plain_lines_of(root,
                                                    PVE_DIR"/"CLUSTER_CONF);
    char *section = NULL;

    while (howto_next_line(&lines)) {
        const char *line = lines.line;

        if (!line[0] || line[0] == '#' || line[0] == ';') {
            continue;
        } else if (line[0] == '[') {
            free(section);
            section = section_name(line);
            if (!section) {
                VLOG_WARN(PVE_DIR"/"CLUSTER_CONF":%u: %s is neither [vm "
                          "NUMBER] nor [vm NUMBER hostpciN], and counts for "
                          "no VM", lines.at, line);
                section = xstrdup(line);
            }
            if (!smap_get(&pve->sections, section)) {
                smap_add(&pve->sections, section, "");
            }
        } else if (section) {
            struct ds words = DS_EMPTY_INITIALIZER;

            /* "KEY = VALUE" becomes a word. */
            ds_put_format(&words, "%s ", smap_get(&pve->sections, section));
            for (const char *p = line; *p; p++) {
                if (!strchr(" \t", *p)) {
                    ds_put_char(&words, *p);
                }
            }
            smap_replace(&pve->sections, section, ds_cstr(&words));
            ds_destroy(&words);
        } else {
            VLOG_WARN(PVE_DIR"/"CLUSTER_CONF":%u: \"%s\" is in no section; "
                      "put [vm NUMBER] above it", lines.at, line);
        }
    }
    free(section);
}

/* Notes when 'file' changed last. */
static void
note_change(struct pve *pve, const char *root, const char *file)
{
    char *path = xasprintf("%s%s", root, file);
    struct stat s;

    if (!stat(path, &s)) {
        pve->changed = MAX(pve->changed, s.st_mtime);
    }
    free(path);
}

static void
find_managed(struct pve *pve)
{
    struct smap_node *section;

    for (size_t i = 0; i < pve->mappings.n; i++) {
        char *words = mapping_words(&pve->mappings.array[i]);

        if (words) {
            for_each_vf(pve, &pve->mappings.array[i], add_managed,
                        &pve->managed);
            free(words);
        }
    }
    SMAP_FOR_EACH (section, &pve->sections) {
        struct smap_node *option;
        const struct smap *vm;
        char number[16];

        if (!ovs_scan(section->key, "vm %15[0-9]", number)) {
            continue;
        }
        vm = shash_find_data(&pve->vms, number);
        if (vm) {
            SMAP_FOR_EACH (option, vm) {
                if (!strncmp(option->key, "hostpci", 7)) {
                    for_each_choice(pve, option->value, add_managed,
                                    &pve->managed);
                }
            }
        }
    }
}

static void
watch_settings(const char *root, struct vm_watch *watch)
{
    char *dir = xasprintf("%s"PVE_DIR"/mapping", root);

    vm_watch_file(watch, dir, "pci.cfg");
    free(dir);
    dir = xasprintf("%s"PVE_DIR, root);
    vm_watch_file(watch, dir, CLUSTER_CONF);
    free(dir);
}

/* Returns true if something is at 'file', and it cannot be read. */
static bool
is_unreadable(const char *root, const char *file)
{
    char *path = xasprintf("%s%s", root, file);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int error = fd < 0 ? errno : 0;
    char c;

    if (fd >= 0) {
        error = read(fd, &c, 1) < 0 ? errno : 0;
        close(fd);
    }
    if (error && error != ENOENT) {
        static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 5);

        VLOG_WARN_RL(&rl, "%s: %s; settings stay as they were", file,
                     ovs_strerror(error));
    }
    free(path);
    return error && error != ENOENT;
}

/* Returns true if this is a host of Proxmox VE whose /etc/pve is not there.
 * The folder is empty if pmxcfs does not run, and cannot be read at all
 * (ENOTCONN) if that ended otherwise than by unmounting it. */
static bool
is_away(const char *root)
{
    char *dir = xasprintf("%s"PVE_DIR, root);
    char *nodes = xasprintf("%s/nodes", dir);
    bool away = access(nodes, F_OK) && !(access(dir, F_OK) && errno == ENOENT);

    free(nodes);
    free(dir);
    return (away || is_unreadable(root, PVE_DIR"/mapping/pci.cfg")
            || is_unreadable(root, PVE_DIR"/"CLUSTER_CONF));
}

static void
pve_destroy(void *pve_)
{
    struct pve *pve = pve_;
    struct shash_node *node;

    pve_mappings_destroy(&pve->mappings);
    SHASH_FOR_EACH (node, &pve->vms) {
        smap_destroy(node->data);
        free(node->data);
    }
    shash_destroy(&pve->vms);
    smap_destroy(&pve->sections);
    sset_destroy(&pve->managed);
    free(pve->node);
    free(pve);
}

static void *
pve_read(const char *root, struct vm_watch *watch)
{
    struct howto_lines lines;
    struct smap_node *section;
    struct reservation r;
    struct pve *pve;

    watch_settings(root, watch);
    if (is_away(root)) {
        vm_watch_again(watch);
        return NULL;
    }
    pve = xzalloc(sizeof *pve);
    pve->node = pve_node(root);
    smap_init(&pve->sections);
    shash_init(&pve->vms);
    sset_init(&pve->managed);
    pve_mappings_read(&pve->mappings, root);
    read_sections(pve, root);
    lines = howto_plain_lines_of(root, RUN_DIR"/"RESERVATIONS);
    while (next_reservation(&lines, &r)) {
        read_vm_of_any_node(pve, root, r.vm);
    }
    SMAP_FOR_EACH (section, &pve->sections) {
        if (ovs_scan(section->key, "vm %15[0-9]", r.vm)) {
            read_vm(pve, root, r.vm);
        }
    }
    note_change(pve, root, PVE_DIR"/mapping/pci.cfg");
    note_change(pve, root, PVE_DIR"/"CLUSTER_CONF);
    find_managed(pve);
    if (is_away(root)) {
        /* It went while it was read. */
        vm_watch_again(watch);
        pve_destroy(pve);
        return NULL;
    }
    return pve;
}

/* Who has what. */

/* Returns how the function 'n' of a hostpci entry is called, which the caller
 * must free: "hostpci0", "hostpci0.1", ... */
static char *
device_name(const char *hostpci, int n)
{
    return n ? xasprintf("%s.%d", hostpci, n) : xstrdup(hostpci);
}

/* Returns what kvm calls the device 'pci', likewise, or NULL. */
static char *
device_in_arguments(const struct svec *arguments, const char *pci)
{
    for (size_t i = 0; i + 1 < arguments->n; i++) {
        const char *value = arguments->names[i + 1];
        char *host, *id, *address = NULL;

        if (strcmp(arguments->names[i], "-device")
            || strncmp(value, "vfio-pci,", 9)) {
            continue;
        }
        host = pve_map_get(value, "host");
        id = pve_map_get(value, "id");
        if (host && id && host_pci_address(host, &address)
            && !strcmp(address, pci)) {
            char *dot = strchr(id, '.');

            if (dot && !strcmp(dot, ".0")) {
                *dot = '\0';
            }
            free(address);
            free(host);
            return id;
        }
        free(address);
        free(host);
        free(id);
    }
    return NULL;
}

static bool
is_vm(const struct svec *arguments, const char *vm)
{
    for (size_t i = 0; i + 1 < arguments->n; i++) {
        if (!strcmp(arguments->names[i], "-id")) {
            return !strcmp(arguments->names[i + 1], vm);
        }
    }
    return false;
}

struct choice {
    const char *root;
    const char *pci;
    int n;                      /* Functions of the alternative before... */
    int found;                  /* ...this one, or -1. */
};

static void
check_choice(const char *pci, bool first, void *choice_)
{
    struct choice *choice = choice_;
    char *path = xasprintf("%s/sys/bus/pci/devices/%s", choice->root, pci);

    choice->n = first ? 0 : choice->n;
    if (!strcmp(pci, choice->pci)) {
        choice->found = choice->n++;
    } else {
        choice->n += !access(path, F_OK);
    }
    free(path);
}

/* Returns what the device of 'vm' that is 'pci' is called, if only one hostpci
 * entry can be that, or NULL.  The caller must free it. */
static char *
only_device(const struct pve *pve, const char *root, const struct smap *vm,
            const char *pci)
{
    const char *device = NULL;
    struct smap_node *option;
    int function = 0;
    unsigned int n = 0;

    SMAP_FOR_EACH (option, vm) {
        struct choice choice = { .root = root, .pci = pci, .found = -1 };

        if (strncmp(option->key, "hostpci", 7)) {
            continue;
        }
        for_each_choice(pve, option->value, check_choice, &choice);
        if (choice.found >= 0) {
            device = option->key;
            function = choice.found;
            n++;
        }
    }
    return n == 1 ? device_name(device, function) : NULL;
}

/* Puts 'words', which are from 'where' and may be NULL, into 'claim'. */
static void
put_words(struct vm_claim *claim, const char *words, const char *where)
{
    char *wrong = (words && !claim->error
                   ? vm_settings_put_words(&claim->settings, words) : NULL);

    claim->own |= words != NULL;
    if (wrong) {
        claim->error = xasprintf("%s: %s", where, wrong);
        free(wrong);
    }
}

/* Fills in the settings of 'claim', whose device is known. */
static void
add_settings(const struct pve *pve, struct vm_claim *claim,
             const struct smap *vm)
{
    char *entry = xmemdup0(claim->device, strcspn(claim->device, "."));
    const char *hostpci = smap_get(vm, entry);
    const char *smbios = smap_get(vm, "smbios1");
    char *uuid = smbios ? pve_map_get(smbios, "uuid") : NULL;
    const struct pve_mapping *mapping = hostpci ? mapping_of(pve, hostpci)
                                        : NULL;
    char *section = xasprintf("vm %s", claim->vm);
    char *device = xasprintf("vm %s %s", claim->vm, entry);

    if (uuid) {
        claim->settings.has_mac = true;
        claim->settings.mac = vm_settings_make_mac(uuid, claim->device);
    }
    if (mapping) {
        char *words = mapping_words(mapping);
        char *where = xasprintf("mapping %s", mapping->id);

        put_words(claim, words, where);
        free(where);
        free(words);
    }
    put_words(claim, smap_get(&pve->sections, section),
              PVE_DIR"/"CLUSTER_CONF);
    put_words(claim, smap_get(&pve->sections, device),
              PVE_DIR"/"CLUSTER_CONF);
    if (!claim->error) {
        claim->error = vm_settings_check(&claim->settings);
    }
    free(section);
    free(device);
    free(entry);
    free(uuid);
}

static void
add_claim(const struct pve *pve, const char *root, struct vm_facts *facts,
          const struct reservation *r)
{
    const struct smap *vm = pve ? shash_find_data(&pve->vms, r->vm) : NULL;
    struct svec arguments = SVEC_EMPTY_INITIALIZER;
    struct vm_claim *claim;

    if (r->running) {
        vm_source_arguments(root, r->value, &arguments);
        if (!is_vm(&arguments, r->vm)) {
            /* Another process with its number. */
            svec_destroy(&arguments);
            return;
        }
    }
    claim = vm_facts_add_claim(facts, r->pci, r->vm);
    claim->running = r->running;
    claim->pid = r->running ? r->value : 0;
    claim->started = r->running ? vm_source_started(r->value) : 0;
    if (r->running) {
        claim->device = device_in_arguments(&arguments, r->pci);
    } else if (vm) {
        claim->device = only_device(pve, root, vm, r->pci);
    }
    if (!vm) {
        claim->error = xasprintf(PVE_DIR"/qemu-server/%s.conf cannot be "
                                 "read, nor any node's", r->vm);
    } else {
        claim->name = nullable_xstrdup(smap_get(vm, "name"));
        if (claim->name && claim->name[strspn(claim->name, NAME_CHARS)]) {
            /* Proxmox VE takes no notice of it, and OVSDB may refuse it. */
            free(claim->name);
            claim->name = NULL;
        }
        if (claim->device) {
            add_settings(pve, claim, vm);
        }
    }
    svec_destroy(&arguments);
}

static void
pve_add(const void *pve_, const char *root, struct vm_watch *watch,
        struct vm_facts *facts)
{
    struct howto_lines lines
        = howto_plain_lines_of(root, RUN_DIR"/"RESERVATIONS);
    char *dir = xasprintf("%s"RUN_DIR, root);
    const struct pve *pve = pve_;
    time_t now = time(NULL);
    struct reservation r;
    const char *pci;

    vm_watch_file(watch, dir, RESERVATIONS);
    free(dir);
    if (pve) {
        SSET_FOR_EACH (pci, &pve->managed) {
            sset_add(&facts->managed, pci);
        }
        facts->changed = MAX(facts->changed, pve->changed);
    }
    while (next_reservation(&lines, &r)) {
        if (r.running) {
            if (vm_watch_process(watch, r.value)) {
                size_t n = facts->n_claims;

                add_claim(pve, root, facts, &r);
                if (facts->n_claims > n
                    && !vm_watch_is_alive(watch, r.value)) {
                    vm_facts_remove_last(facts);
                }
            }
        } else if (r.value > now) {
            facts->expires = MIN(facts->expires, r.value);
            add_claim(pve, root, facts, &r);
        }
    }
}

const struct vm_source vm_source_proxmox = {
    .name = "Proxmox VE",
    .read = pve_read,
    .destroy = pve_destroy,
    .add = pve_add,
};

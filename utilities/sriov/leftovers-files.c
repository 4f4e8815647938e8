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

/* Units of systemd, rc.local, and all else but udev's rules and interfaces:
 * see leftovers.h for where this stands, and systemd.service(5), systemd.link(5),
 * netplan(5), sysfs.conf(5). */

#include <config.h>
#include "sriov/leftovers.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "sriov/leftovers-shell.h"
#include "sriov/host.h"
#include "svec.h"
#include "util.h"

/* systemd's units. */

static const char *const unit_folders[] = {
    "/usr/lib/systemd/system", "/usr/local/lib/systemd/system",
    "/etc/systemd/system",
};

/* Returns true if 'line' is KEY=VALUE with 'key'. */
static bool
is_key(const char *line, const char *key)
{
    size_t n = strcspn(line, " \t=");

    return n == strlen(key) && !strncmp(line, key, n);
}

/* Reads Environment=, whose words are NAME=VALUE, in quotes if there are
 * spaces in them. */
static void
read_environment(struct smap *vars, const char *s)
{
    struct svec words = SVEC_EMPTY_INITIALIZER;
    char *word;
    size_t i;

    howto_split_quoted(&words, s);
    SVEC_FOR_EACH (i, word, &words) {
        char *equals = strchr(word, '=');

        if (equals) {
            *equals = '\0';
            smap_replace(vars, word, equals + 1);
        }
    }
    svec_destroy(&words);
}

/* Reads EnvironmentFile=: one that is not there, is several, or whose name is
 * not known, may have anything in it. */
static void
read_environment_file(const char *root, struct smap *vars, const char *value)
{
    struct howto_lines lines = howto_lines_of(root, value + (*value == '-'));

    if (!lines.text && (*value != '-' || strpbrk(value, "%*?["))) {
        smap_clear(vars);
    }
    while (howto_next_line(&lines)) {
        struct howto_pair s;

        if (!strchr("#;", *lines.line)
            && howto_split_pair(lines.line, '=', &s)) {
            smap_replace(vars, s.key, s.value);
        }
    }
}

/* A unit with its drop-ins, whatever order their lines have. */
struct unit {
    const char *file;           /* It, or one of the drop-ins. */
    struct smap vars;           /* The environment of its commands. */
    struct svec files;          /* What EnvironmentFile= names: it counts
                                 * more. */
    char *resets;               /* A drop-in that has another ExecStart=, or
                                 * NULL. */
    bool has_condition;         /* ExecCondition=, ConditionPathExists=. */
};

/* Returns true if 'value', of ConditionPathExists= and the like, asks for
 * nothing but what a NIC has, without which there is nothing to set up. */
static bool
is_of_nic(const char *value)
{
    return !strncmp(value, "/sys/", 5);
}

/* Adds what 'file' says of the unit. */
static void
take_unit_file(const char *root, struct unit *unit, const char *file,
               bool is_drop_in)
{
    struct howto_lines lines = howto_lines_of(root, file);

    while (howto_next_line(&lines)) {
        const char *value = strchr(lines.line, '=');

        if (!value || strchr("#;[", *lines.line)) {
            continue;
        }
        value += 1 + strspn(value + 1, " \t");
        if (is_key(lines.line, "Environment")) {
            if (!*value) {
                smap_clear(&unit->vars);
            }
            read_environment(&unit->vars, value);
        } else if (is_key(lines.line, "EnvironmentFile")) {
            svec_add(&unit->files, value);
        } else if (is_key(lines.line, "ExecCondition")) {
            unit->has_condition |= *value != '\0';
        } else if (!strncmp(lines.line, "Condition", 9)
                   || !strncmp(lines.line, "Assert", 6)) {
            unit->has_condition |= *value && !is_of_nic(value);
        } else if (is_key(lines.line, "ExecStart") && !*value
                   && is_drop_in) {
            free(unit->resets);
            unit->resets = xstrdup(file);
        }
    }
}

/* Adds what the drop-ins of the unit 'name' say of it. */
static void
take_drop_ins(const char *root, struct unit *unit, const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(unit_folders); i++) {
        char *folder = xasprintf("%s/%s.d", unit_folders[i], name);
        struct svec names = SVEC_EMPTY_INITIALIZER;
        const char *drop_in;
        size_t j;

        host_read_folder(&names, "%s%s", root, folder);
        SVEC_FOR_EACH (j, drop_in, &names) {
            char *file = xasprintf("%s/%s", folder, drop_in);

            if (howto_ends_in(drop_in, ".conf")) {
                take_unit_file(root, unit, file, true);
            }
            free(file);
        }
        svec_destroy(&names);
        free(folder);
    }
}

/* Returns 's' with "%i" and "%I" replaced by 'instance', which the caller must
 * free.  With an escape in that, or NULL, it stays as it is. */
static char *
put_instance(const char *s, const char *instance)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    for (; *s; s++) {
        if (*s == '%' && (s[1] == 'i' || s[1] == 'I')
            && instance && !strpbrk(instance, "-\\")) {
            ds_put_cstr(&ds, instance);
            s++;
        } else {
            ds_put_char(&ds, *s);
        }
    }
    return ds_steal_cstr(&ds);
}

/* Reads into '*unit', which the caller must uninit, the unit that 'file', or
 * what that is a drop-in of, is, or the 'instance' of that template, unless
 * that is NULL. */
static void
unit_init(struct unit *unit, const char *root, const char *file,
          const char *instance)
{
    const char *end = strstr(file, ".service");
    char *path = xmemdup0(file, end - file);
    const char *name = strrchr(path, '/') + 1;
    char *full = xasprintf("%s.service", name);
    const char *environment;
    struct smap_node *node;
    size_t i;

    memset(unit, 0, sizeof *unit);
    unit->file = file;
    smap_init(&unit->vars);
    svec_init(&unit->files);
    for (i = 0; i < ARRAY_SIZE(unit_folders); i++) {
        char *main_file = xasprintf("%s/%s", unit_folders[i], full);

        take_unit_file(root, unit, main_file, false);
        free(main_file);
    }
    take_drop_ins(root, unit, full);
    if (instance) {
        char *own = xasprintf("%s%s.service", name, instance);

        take_drop_ins(root, unit, own);
        free(own);
    }
    SMAP_FOR_EACH (node, &unit->vars) {
        char *value = node->value;

        node->value = put_instance(value, instance);
        free(value);
    }
    SVEC_FOR_EACH (i, environment, &unit->files) {
        char *value = put_instance(environment, instance);

        read_environment_file(root, &unit->vars, value);
        free(value);
    }
    free(full);
    free(path);
}

static void
unit_uninit(struct unit *unit)
{
    smap_destroy(&unit->vars);
    svec_destroy(&unit->files);
    free(unit->resets);
}

/* Adds to 'instances' what follows 'prefix', "vfs@", in the name of a unit
 * that 'text' begins with: "vfs@eth0.service". */
static void
add_instance(struct svec *instances, const char *prefix, const char *text)
{
    char *name = xmemdup0(text, strcspn(text, " "));
    size_t n = strlen(prefix), suffix = strlen(".service");

    if (!strncmp(name, prefix, n) && howto_ends_in(name, ".service")
        && strlen(name) > n + suffix) {
        svec_add_nocopy(instances,
                        xmemdup0(name + n, strlen(name) - n - suffix));
    }
    free(name);
}

/* Adds to 'instances', sorted, those of the template that 'file', or what that
 * is a drop-in of, is, which are started at boot or that something asks for:
 * with "vfs@.service" eth0 for vfs@eth0.service.  None if it is no
 * template. */
static void
find_instances(const struct howto *h, const char *file, struct svec *instances)
{
    static const char folder[] = "/etc/systemd/system";
    const char *at = strstr(file, "@.service");
    char *path = xmemdup0(file, at ? at + 1 - file : 0);
    const char *slash = strrchr(path, '/');
    struct svec wants = SVEC_EMPTY_INITIALIZER;
    const char *want, *name;
    size_t i, j;

    if (!slash) {
        free(path);
        return;
    }
    host_read_folder(&wants, "%s%s", h->root, folder);
    SVEC_FOR_EACH (i, want, &wants) {
        struct svec names = SVEC_EMPTY_INITIALIZER;

        if (howto_ends_in(want, ".wants")
            || howto_ends_in(want, ".requires")) {
            host_read_folder(&names, "%s%s/%s", h->root, folder, want);
        }
        SVEC_FOR_EACH (j, name, &names) {
            add_instance(instances, slash + 1, name);
        }
        svec_destroy(&names);
    }
    SVEC_FOR_EACH (i, want, &h->wanted) {
        add_instance(instances, slash + 1, want);
    }
    svec_sort_unique(instances);
    svec_destroy(&wants);
    free(path);
}

/* Runs 'command' of 'unit' for 'shell', for each of 'instances' or, if there
 * is none, once.  An instance with an ExecStart= of its own is not
 * followed. */
static void
run_unit(struct howto_shell *shell, const struct unit *unit,
         const struct svec *instances, const char *command)
{
    const char *instance;
    size_t i;

    if (!instances->n) {
        howto_run(shell, command);
    }
    SVEC_FOR_EACH (i, instance, instances) {
        char *text = put_instance(command, instance);
        struct howto_shell inner = *shell;
        struct unit own;

        unit_init(&own, shell->h->root, unit->file, instance);
        smap_clone(&inner.vars, &own.vars);
        inner.may_have_ended |= (own.has_condition
                                 || !nullable_string_is_equal(own.resets,
                                                              unit->resets));
        howto_run(&inner, text);
        smap_destroy(&inner.vars);
        shell->may_have_ended |= inner.may_have_ended || inner.ended;
        unit_uninit(&own);
        free(text);
    }
}

/* Returns the last line of 'file', of a unit or a drop-in, with an ExecStart=
 * that takes back those before it, or 0. */
static unsigned int
find_reset(const char *root, const char *file)
{
    struct howto_lines lines = howto_lines_of(root, file);
    unsigned int last = 0;

    while (howto_next_line(&lines)) {
        const char *value = strchr(lines.line, '=');

        if (value && !value[1] && is_key(lines.line, "ExecStart")) {
            last = lines.at;
        }
    }
    return last;
}

static void
read_unit(struct howto *h, const char *file)
{
    struct howto_lines lines = howto_lines_of(h->root, file);
    struct howto_shell shell = { .h = h, .no_shell = true };
    struct svec instances = SVEC_EMPTY_INITIALIZER;
    unsigned int reset = find_reset(h->root, file);
    struct unit unit;

    unit_init(&unit, h->root, file, NULL);
    find_instances(h, file, &instances);
    smap_clone(&shell.vars, &unit.vars);
    shell.may_have_ended = unit.has_condition;
    howto_begin_file(h, file, "line");
    while (howto_next_line(&lines)) {
        const char *command = strchr(lines.line, '=');
        bool start = is_key(lines.line, "ExecStart");
        struct howto_item *item;

        if (strncmp(lines.line, "Exec", 4) || !command) {
            continue;
        }
        command++;
        command += strspn(command, " \t-+!@:");
        shell.down = (!strncmp(lines.line, "ExecStop", 8)
                      || !strncmp(lines.line, "ExecReload", 10));
        howto_begin_item(h, lines.at);
        if (start && unit.resets && !howto_ends_in(file, ".conf")) {
            howto_doubt(h, "%s has another ExecStart=", unit.resets);
        } else if (start && lines.at < reset) {
            howto_doubt(h, "line %u takes it back", reset);
        } else {
            run_unit(&shell, &unit, &instances, command);
        }
        howto_end_item(h, command);

        /* One that was understood, and does nothing, is no reason to keep a
         * unit. */
        item = &h->files[h->at].items[h->files[h->at].n_items - 1];
        item->neutral = !item->ours && !item->doubt;
        item->start = start && *command;
        item->reset = start && !*command;
    }
    smap_destroy(&shell.vars);
    svec_destroy(&instances);
    unit_uninit(&unit);
}

/* Notes which units 'file', of a unit or a drop-in, asks for. */
static void
read_wanted(struct howto *h, const char *file)
{
    static const char *const keys[] = { "Requires", "Requisite", "BindsTo",
                                        "Wants", "Upholds", "Unit" };
    struct howto_lines lines = howto_lines_of(h->root, file);

    while (howto_next_line(&lines)) {
        const char *value = strchr(lines.line, '=');

        for (size_t i = 0; i < ARRAY_SIZE(keys) && value; i++) {
            if (is_key(lines.line, keys[i])) {
                howto_add_wanted(h, value + 1, file, lines.at);
            }
        }
    }
}

/* What packages bring, and who has put a unit there as well.  Never deletable,
 * and only what is surely about VFs: there are those for GPUs. */
static void
read_packaged_unit(struct howto *h, const char *file)
{
    struct howto_lines lines = howto_lines_of(h->root, file);

    howto_begin_file(h, file, "line");
    while (howto_next_line(&lines)) {
        if (!strncmp(lines.line, "Exec", 4)
            && strncmp(lines.line, "ExecStop", 8)
            && (strstr(lines.line, "sriov_numvfs")
                || strstr(lines.line, "eswitch"))) {
            howto_begin_item(h, lines.at);
            howto_end_item(h, lines.line);
        }
    }
}

/* Scripts, and lines of cron. */

static void
read_script__(struct howto *h, const char *file, bool down)
{
    struct howto_lines lines = howto_lines_of(h->root, file);
    struct howto_shell shell = { .h = h, .down = down };

    smap_init(&shell.vars);
    howto_begin_file(h, file, "line");
    howto_run_lines(&shell, &lines);
    smap_destroy(&shell.vars);
}

static void
read_script(struct howto *h, const char *file)
{
    read_script__(h, file, false);
}

/* A script that runs when an interface goes. */
static void
read_down_script(struct howto *h, const char *file)
{
    read_script__(h, file, true);
}

/* Returns true if 'module' is the driver of something else than NICs that has
 * VFs, too. */
static bool
is_foreign_module(const char *module)
{
    static const char *const names[] = { "i915", "xe", "amdgpu", "nvidia",
                                         "nvme" };

    return howto_is_one_of(module, names, ARRAY_SIZE(names));
}

/* modprobe.d(5): "options MODULE ..." and the like. */
static void
read_modprobe(struct howto *h, const char *file)
{
    struct howto_lines lines = howto_lines_of(h->root, file);

    howto_begin_file(h, file, "line");
    while (howto_next_line(&lines)) {
        struct svec words = SVEC_EMPTY_INITIALIZER;

        howto_split(&words, lines.line, " \t");
        if (words.n > 1 && words.names[0][0] != '#'
            && !is_foreign_module(words.names[1])) {
            howto_begin_item(h, lines.at);
            howto_end_item(h, lines.line);
        }
        svec_destroy(&words);
    }
}

/* The kernel's command line, or what that is made of: MODULE.max_vfs=4, and
 * newer kernels' devlink=[pci/0000:81:00.0]:esw:mode:switchdev. */
static void
read_kernel_options(struct howto *h, const char *file)
{
    struct howto_lines lines = howto_lines_of(h->root, file);

    howto_begin_file(h, file, "line");
    while (howto_next_line(&lines)) {
        struct svec words = SVEC_EMPTY_INITIALIZER;
        const char *word;
        size_t i;

        howto_split(&words, *lines.line == '#' ? "" : lines.line, " \t\"'");
        SVEC_FOR_EACH (i, word, &words) {
            size_t n = strcspn(word, ".=");
            char *module = xmemdup0(word, n);

            if ((word[n] == '.' && !is_foreign_module(module))
                || !strcmp(module, "devlink")) {
                howto_begin_item(h, lines.at);
                howto_end_item(h, word);
            }
            free(module);
        }
        svec_destroy(&words);
    }
}

/* udev's rules that packages bring: only those that name representors or set
 * up PFs.  Never deletable. */
static void
read_packaged_rules(struct howto *h, const char *file)
{
    struct howto_lines lines = howto_lines_of(h->root, file);

    howto_begin_file(h, file, "rule");
    while (howto_next_line(&lines)) {
        const char *line = lines.line;

        if (*line != '#'
            && (strstr(line, "sriov_numvfs") || strstr(line, "eswitch")
                || (strstr(line, "NAME") && strstr(line, "phys_port_name")))) {
            howto_begin_item(h, lines.at);
            howto_end_item(h, line);
        }
    }
}

/* Reads lines of cron: what runs at boot is a command, in 'has_user' files
 * after the name of a user. */
static void
read_cron(struct howto *h, const char *file, bool has_user)
{
    static const char at_boot[] = "@reboot";
    struct howto_lines lines = howto_lines_of(h->root, file);
    struct howto_shell shell = { .h = h };

    smap_init(&shell.vars);
    howto_begin_file(h, file, "line");
    while (howto_next_line(&lines)) {
        const char *command = lines.line;

        if (!*command || *command == '#') {
            continue;
        }
        howto_begin_item(h, lines.at);
        if (!strncmp(command, at_boot, strlen(at_boot))) {
            command += strlen(at_boot);
            command += strspn(command, " \t");
            if (has_user) {
                command += strcspn(command, " \t");
                command += strspn(command, " \t");
            }
            howto_run(&shell, command);
            shell.ended = shell.may_have_ended = false;
        }
        howto_end_item(h, command);
    }
    smap_destroy(&shell.vars);
}

static void
read_crontab(struct howto *h, const char *file)
{
    read_cron(h, file, true);
}

/* Returns true if 'line' says who may write to a file: "mode FILE = 0660". */
static bool
sets_no_value(const char *line)
{
    size_t n = strcspn(line, " \t=");

    return ((n == 4 && !strncmp(line, "mode", n))
            || (n == 5 && !strncmp(line, "owner", n)));
}

/* sysfsutils: bus/pci/devices/ADDRESS/sriov_numvfs = 4 */
static void
read_sysfs_conf(struct howto *h, const char *file)
{
    struct howto_lines lines = howto_lines_of(h->root, file);
    struct howto_shell shell = { .h = h };

    howto_begin_file(h, file, "line");
    while (howto_next_line(&lines)) {
        char *copy = xstrdup(lines.line);
        struct howto_pair s;

        if (*copy && *copy != '#' && !sets_no_value(copy)) {
            howto_begin_item(h, lines.at);
            if (strstr(copy, "sriov_numvfs")
                && howto_split_pair(copy, '=', &s)) {
                char *run = xasprintf("echo '%s' >'%s%s'", s.value,
                                      strncmp(s.key, "/sys/", 5)
                                      ? "/sys/" : "", s.key);

                smap_init(&shell.vars);
                howto_run(&shell, run);
                smap_destroy(&shell.vars);
                free(run);
            }
            howto_end_item(h, lines.line);
        }
        free(copy);
    }
}

/* systemd.link(5). */

/* Adds what a key of [Match] asks for.  Returns false if it is not
 * understood. */
static bool
take_link_match(const struct howto_pair *s, struct howto_conds *conds)
{
    bool list = strpbrk(s->value, " \t") || *s->value == '!';

    if ((!strcmp(s->key, "Type") && !strcmp(s->value, "ether"))
        || (!strcmp(s->key, "OriginalName") && !strcmp(s->value, "*"))) {
        return true;            /* As uplinks are. */
    } else if (list) {
        return false;
    } else if (!strcmp(s->key, "Path") && !strncmp(s->value, "pci-", 4)) {
        howto_add_cond(conds, HOWTO_PCI, false, s->value + 4);
    } else if (!strcmp(s->key, "MACAddress")
               || !strcmp(s->key, "PermanentMACAddress")) {
        howto_add_cond(conds, HOWTO_MAC, false, s->value);
    } else if (!strcmp(s->key, "Driver")) {
        howto_add_cond(conds, HOWTO_DRIVER, false, s->value);
    } else {
        /* OriginalName is the kernel's, "eth0", which is gone by now. */
        return false;
    }
    return true;
}

/* Notes which devices the .link file 'file' is about, if that is
 * understood. */
static void
note_link(struct howto *h, const char *file)
{
    struct howto_lines lines = howto_lines_of(h->root, file);
    struct howto_conds conds = { .n = 0 };
    bool in = false, any = false, known = true;

    while (howto_next_line(&lines)) {
        char *copy = xstrdup(lines.line);
        struct howto_pair s;

        if (*copy == '[') {
            in = !strcmp(copy, "[Match]");
        } else if (in && *copy && !strchr("#;", *copy)
                   && howto_split_pair(copy, '=', &s)) {
            any = true;
            known &= take_link_match(&s, &conds);
        }
        free(copy);
    }
    if (any && known) {
        howto_add_link(h, file, &conds);
    } else {
        howto_conds_destroy(&conds);
    }
}

static void
read_link(struct howto *h, const char *file)
{
    struct howto_lines lines = howto_lines_of(h->root, file);
    struct howto_conds conds = { .n = 0 };
    char *unknown = NULL;
    char section[32] = "";

    if (howto_ends_in(file, ".link")) {
        note_link(h, file);
    }
    howto_begin_file(h, file, "line");
    while (howto_next_line(&lines)) {
        char *copy = xstrdup(lines.line);
        struct howto_pair s;

        if (*copy == '[') {
            ovs_strlcpy(section, copy, sizeof section);
        } else if (!*copy || *copy == '#' || *copy == ';'
                   || !howto_split_pair(copy, '=', &s)) {
            /* Nothing. */
        } else if (!strcmp(section, "[Match]")) {
            if (!take_link_match(&s, &conds) && !unknown) {
                unknown = xstrdup(lines.line);
            }
        } else {
            howto_begin_item(h, lines.at);
            if (!strcmp(s.key, "SR-IOVVirtualFunctions")
                && howto_is_number(s.value)) {
                size_t n = h->n_rules;

                howto_add_rule(h, HOWTO_VFS, &conds, s.value);
                h->rules[n].first = true;
                if (unknown || !conds.n) {
                    howto_doubt(h, "%s%s", unknown ? "[Match] "
                                : "no condition in [Match]",
                                unknown ? unknown : "");
                    howto_drop_rules(h, n);
                }
            }
            if (!strcmp(section, "[SR-IOV]")) {
                howto_doubt(h, "%s, of a single VF", lines.line);
            }
            howto_end_item(h, !strcmp(section, "[SR-IOV]") ? "SR-IOV"
                           : lines.line);
        }
        free(copy);
    }
    howto_conds_destroy(&conds);
    free(unknown);
}

/* netplan: two levels below "ethernets:". */

struct netplan {
    struct howto *h;
    bool has_alias;             /* Devices get more than what they show. */
    size_t ethernets, device, match; /* Indent + 1 of where they are, or 0. */
    struct howto_conds by_name, by_match;
    bool has_match;
    char *unknown;              /* What of "match:" is not understood. */
    struct {
        enum howto_kind kind;   /* HOWTO_BY_HAND: only goes with others. */
        unsigned int line;
        char *text, *value;
    } settings[8];
    size_t n;
    unsigned int line;          /* Where the device begins. */
    char *name;                 /* What it is called there. */
    bool has_more;              /* It has lines that are not in 'settings'. */
};

/* Adds what the device that was read last has. */
static void
netplan_end_device(struct netplan *np)
{
    struct howto *h = np->h;

    if (np->n && !np->has_more) {
        /* netplan refuses a device that has nothing, and with it the rest. */
        struct howto_file *f = &h->files[h->at];

        howto_begin_item(h, np->line);
        f->items[f->n_items - 1].hollow = xasprintf("%s: {}", np->name);
        f->items[f->n_items - 1].n_below = np->n;
    }
    for (size_t i = 0; i < np->n; i++) {
        howto_begin_item(h, np->settings[i].line);
        if (np->has_alias) {
            howto_doubt(h, "\"%.60s\", in a file with \"*\" or \"&\"",
                        np->settings[i].text);
        } else if (np->unknown) {
            howto_doubt(h, "match: %s", np->unknown);
        } else if (np->settings[i].kind == HOWTO_BY_HAND) {
            struct howto_file *f = &h->files[h->at];

            /* ovs-sriov does so anyway. */
            f->items[f->n_items - 1].ours = true;
        } else {
            howto_add_rule(h, np->settings[i].kind,
                           np->has_match ? &np->by_match : &np->by_name,
                           np->settings[i].value);
        }
        howto_end_item(h, np->settings[i].text);
        free(np->settings[i].text);
        free(np->settings[i].value);
    }
    np->n = 0;
    howto_conds_destroy(&np->by_name);
    howto_conds_destroy(&np->by_match);
    np->has_match = np->has_more = false;
    free(np->name);
    np->name = NULL;
    np->match = np->device = 0;
    free(np->unknown);
    np->unknown = NULL;
}

/* Takes a key of "match:", which is 'line' as a whole. */
static void
netplan_match(struct netplan *np, const char *line, const struct howto_pair *s)
{
    enum howto_what what = (!strcmp(s->key, "driver") ? HOWTO_DRIVER
                            : !strcmp(s->key, "macaddress") ? HOWTO_MAC
                            : HOWTO_NETDEV);

    if ((what != HOWTO_NETDEV || !strcmp(s->key, "name"))
        && *s->value && !strpbrk(s->value, "[]{},")) {
        howto_add_cond(&np->by_match, what, false, s->value);
    } else if (!np->unknown) {
        np->unknown = xstrdup(line);
    }
}

/* Takes 'value' of "match:" in the same line: nothing, or { KEY: VALUE }. */
static void
netplan_match_here(struct netplan *np, const char *value)
{
    size_t n = strlen(value);
    char *inner = xmemdup0(value + (n > 0), n > 2 ? n - 2 : 0);
    char *start = inner + strspn(inner, " \t");
    struct howto_pair s;

    if (n && (*value != '{' || !howto_split_pair(start, ':', &s))) {
        np->unknown = xstrdup(value);
    } else if (n) {
        netplan_match(np, value, &s);
    }
    free(inner);
}

/* Takes a line within a device. */
static void
netplan_take(struct netplan *np, size_t indent, unsigned int at,
             const char *line, const struct howto_pair *s)
{
    enum howto_kind kind
        = (!strcmp(s->key, "embedded-switch-mode") ? HOWTO_MODE
           : !strcmp(s->key, "virtual-function-count") ? HOWTO_VFS
           : HOWTO_BY_HAND);
    bool known = (kind == HOWTO_VFS ? howto_is_number(s->value)
                  : kind == HOWTO_MODE ? (!strcmp(s->value, "switchdev")
                                          || !strcmp(s->value, "legacy"))
                  : !strcmp(s->key, "delay-virtual-functions-rebind"));

    np->has_more |= (np->match && indent >= np->match) || !known;
    if (np->match && indent >= np->match) {
        netplan_match(np, line, s);
        return;
    }
    np->match = 0;
    if (!strcmp(s->key, "match")) {
        np->match = indent + 1;
        np->has_match = true;
        netplan_match_here(np, s->value);
    } else if (known && np->n < ARRAY_SIZE(np->settings)) {
        np->settings[np->n].kind = kind;
        np->settings[np->n].line = at;
        np->settings[np->n].text = xstrdup(line);
        np->settings[np->n++].value = xstrdup(s->value);
    } else {
        howto_begin_item(np->h, at);
        if (!strcmp(s->key, "link")) {
            howto_doubt(np->h, "it makes a VF of \"%.60s\"", s->value);
        }
        /* Such a device is a VF. */
        howto_end_item(np->h, strcmp(s->key, "link") ? line : "SR-IOV");
    }
}

/* Returns true if a value in 'text' begins with "&" or "*": an anchor, which
 * has the same elsewhere as well, or what stands for it. */
static bool
has_alias(const char *text)
{
    for (const char *s = text; s && (s = strpbrk(s, "&*")); s++) {
        const char *before = s;

        while (before > text && strchr(" \t", before[-1])) {
            before--;
        }
        if (before < s && before > text && strchr(":-,[{", before[-1])
            && !strchr(" \t\n", s[1])) {
            return true;
        }
    }
    return false;
}

/* Returns 'name' without quotes around it, which the caller must free. */
static char *
unquote(const char *name)
{
    size_t n = strlen(name);

    return (n >= 2 && strchr("\"'", name[0]) && name[n - 1] == name[0]
            ? xmemdup0(name + 1, n - 2) : xstrdup(name));
}

static void
read_netplan(struct howto *h, const char *file)
{
    char *text = howto_read_file(h->root, file);
    struct netplan np = { .h = h, .has_alias = has_alias(text) };
    char *next = text;
    unsigned int at = 0;

    howto_begin_file(h, file, "line");
    for (char *line; (line = next ? strsep(&next, "\n") : NULL); ) {
        size_t indent = strspn(line, " ");
        char *original = xstrdup(line + indent);
        struct howto_pair s;

        at++;
        original[strcspn(original, "\r#")] = '\0';
        char *copy = xstrdup(original);
        if (!howto_split_pair(copy, ':', &s)) {
            np.has_more |= *original != '\0';
            if (*original && *original != '-') {
                howto_begin_item(h, at);
                howto_end_item(h, original);
            }
        } else if (!strcmp(s.key, "ethernets")) {
            netplan_end_device(&np);
            np.ethernets = indent + 1;
        } else if (!np.ethernets || indent < np.ethernets) {
            netplan_end_device(&np);
            np.ethernets = 0;
            howto_begin_item(h, at);
            howto_end_item(h, original);
        } else if (!np.device || indent + 1 <= np.device) {
            netplan_end_device(&np);
            np.device = indent + 1;
            np.line = at;
            np.name = unquote(s.key);
            howto_add_cond(&np.by_name, HOWTO_NETDEV, false, np.name);
            if (*s.value) {     /* { virtual-function-count: 4 } */
                howto_begin_item(h, at);
                howto_end_item(h, original);
            }
        } else {
            netplan_take(&np, indent, at, original, &s);
        }
        free(copy);
        free(original);
    }
    netplan_end_device(&np);
    free(text);
}

/* Reads what is added to units: NAME.service.d/WHAT.conf. */
static void
read_drop_ins(struct howto *h, const char *folder)
{
    howto_read_folder(h, folder, ".conf", read_unit);
}

/* The same, of units of any type. */
static void
read_wanted_of_drop_ins(struct howto *h, const char *folder)
{
    howto_read_folder(h, folder, ".conf", read_wanted);
}

/* Reads what is added to a .link file. */
static void
read_link_drop_ins(struct howto *h, const char *folder)
{
    howto_read_folder(h, folder, ".conf", read_link);
}

/* Reads all files in a folder: one of a dispatcher, or what is added to a
 * .network file. */
static void
read_dispatched(struct howto *h, const char *folder)
{
    howto_read_folder(h, folder, "", howto_read_by_hand);
}

/* Notes which units are asked for, before any is read. */
static void
read_all_wanted(struct howto *h)
{
    for (size_t i = 0; i < ARRAY_SIZE(unit_folders); i++) {
        if (strncmp(unit_folders[i], "/usr/lib/", 9)) {
            howto_read_folder(h, unit_folders[i], "", read_wanted);
            howto_read_folder(h, unit_folders[i], ".d",
                              read_wanted_of_drop_ins);
        }
    }
}

void
howto_read_other_files(struct howto *h)
{
    static const struct {
        const char *folder, *suffix;
        void (*read)(struct howto *, const char *);
    } folders[] = {
        { "/etc/systemd/network", ".link", read_link },
        { "/etc/systemd/network", ".link.d", read_link_drop_ins },
        { "/usr/local/lib/systemd/network", ".link", read_link },
        { "/usr/local/lib/systemd/network", ".link.d", read_link_drop_ins },
        { "/usr/lib/systemd/network", ".link", note_link },
        { "/etc/netplan", ".yaml", read_netplan },
        { "/etc/sysfs.d", ".conf", read_sysfs_conf },
        { "/etc/systemd/system", ".service", read_unit },
        { "/etc/systemd/system", ".service.d", read_drop_ins },
        { "/usr/local/lib/systemd/system", ".service", read_unit },
        { "/usr/lib/systemd/system", ".service", read_packaged_unit },
        { "/etc/init.d", "", read_script },
        { "/etc/network/if-pre-up.d", "", read_script },
        { "/etc/network/if-up.d", "", read_script },
        { "/etc/network/if-down.d", "", read_down_script },
        { "/etc/network/if-post-down.d", "", read_down_script },
        { "/etc/modprobe.d", ".conf", read_modprobe },
        { "/etc/default/grub.d", ".cfg", read_kernel_options },
        { "/usr/lib/udev/rules.d", ".rules", read_packaged_rules },
        { "/usr/local/lib/udev/rules.d", ".rules", howto_read_udev },
        { "/etc/initramfs-tools/scripts", "", read_dispatched },
        { "/etc/tmpfiles.d", ".conf", howto_read_by_hand },
        { "/etc/cron.d", "", read_crontab },
        { "/etc/NetworkManager/system-connections", "", howto_read_by_hand },
        { "/etc/NetworkManager/conf.d", ".conf", howto_read_by_hand },
        { "/etc/NetworkManager/dispatcher.d", "", howto_read_by_hand },
        { "/etc/NetworkManager/dispatcher.d", ".d", read_dispatched },
        { "/etc/networkd-dispatcher", ".d", read_dispatched },
        { "/etc/libvirt/hooks", "", howto_read_by_hand },
        { "/etc/libvirt/hooks", ".d", read_dispatched },
        { "/var/lib/vz/snippets", "", howto_read_by_hand },
        { "/etc/systemd/network", ".network", howto_read_by_hand },
        { "/etc/systemd/network", ".network.d", read_dispatched },
        { "/etc/os-net-config", ".yaml", howto_read_by_hand },
        { "/etc/sriov-netplan-shim", ".yaml", howto_read_by_hand },
        { "/etc/mellanox", ".conf", howto_read_by_hand },
        { "/etc/cloud/cloud.cfg.d", ".cfg", howto_read_by_hand },
    };

    read_all_wanted(h);
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        howto_read_folder(h, folders[i].folder, folders[i].suffix,
                          folders[i].read);
    }
    read_sysfs_conf(h, "/etc/sysfs.conf");
    howto_read_by_hand(h, "/etc/NetworkManager/NetworkManager.conf");
    howto_read_by_hand(h, "/etc/cloud/cloud.cfg");
    read_kernel_options(h, "/etc/default/grub");
    read_kernel_options(h, "/etc/kernel/cmdline");
    read_script(h, "/etc/rc.local");
    read_cron(h, "/etc/crontab", true);
    read_cron(h, "/var/spool/cron/crontabs/root", false);
}

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

/* Rules of udev(7): see leftovers.h for where this stands. */

#include <config.h>
#include "sriov/leftovers.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "sriov/leftovers-shell.h"
#include "sriov/conf.h"
#include "sriov/host.h"
#include "svec.h"
#include "util.h"

/* KEY{ATTR}OP"VALUE" */
struct token {
    char *key, *attr, *op, *value;
    bool quoted;                /* The value is, as it has to be. */
};

/* What a rule does and when, as its tokens are read. */
struct udev_rule {
    struct howto *h;
    struct howto_conds conds;
    char *subsystem;            /* Or NULL. */
    char *kernel;               /* Pattern for the device's name, or NULL... */
    bool kernel_negate;         /* ...that it must not match. */
    char *vfs, *name;           /* What is assigned, or NULL. */
    struct svec runs;           /* Commands. */
    bool for_ports;             /* It asks for phys_port_name... */
    bool for_uplinks;           /* ...and takes uplinks only... */
    bool for_reps;              /* ...or representors only. */
    bool unmanaged;             /* It has NetworkManager leave them alone. */
    bool for_others;            /* It takes devices that are no NICs. */
    char *unknown;              /* First condition that is not understood. */
};

/* Stores in '*token' copies of the parts of the token at '*p', and moves '*p'
 * past it.  Returns false if there is none. */
static bool
next_token(const char **p, struct token *token)
{
    const char *s = *p + strspn(*p, " \t,");
    const char *start = s;
    struct ds value = DS_EMPTY_INITIALIZER;

    memset(token, 0, sizeof *token);
    s += strcspn(s, "{=!+-:\" \t");
    if (s == start) {
        return false;
    }
    token->key = xmemdup0(start, s - start);
    if (*s == '{') {
        const char *end = strchr(s, '}');

        if (end) {
            token->attr = xmemdup0(s + 1, end - s - 1);
            s = end + 1;
        }
    }
    s += strspn(s, " \t");
    start = s;
    s += strspn(s, "=!+-:");
    token->op = xmemdup0(start, s - start);
    s += strspn(s, " \t");
    if (*s == 'e' && s[1] == '"') {
        s++;                    /* e"..." has escapes that do not matter. */
    }
    token->quoted = *s == '"';
    if (token->quoted) {
        for (s++; *s && *s != '"'; s++) {
            if (*s == '\\' && s[1] == '"') {
                s++;
            }
            ds_put_char(&value, *s);
        }
        s += *s == '"';
    }
    token->value = ds_steal_cstr(&value);
    *p = s;
    return true;
}

static void
token_uninit(struct token *token)
{
    free(token->key);
    free(token->attr);
    free(token->op);
    free(token->value);
}

/* Returns 's' with each of udev's substitutions that is about the device
 * itself replaced by HOWTO_SELF.  The caller must free it. */
static char *
substitute_self(const char *s)
{
    static const struct {
        const char *from, *to;
    } table[] = {
        { "$kernel", HOWTO_SELF }, { "%k", HOWTO_SELF },
        { "$name", HOWTO_SELF }, { "$id", HOWTO_SELF }, { "%b", HOWTO_SELF },
        { "$env{INTERFACE}", HOWTO_SELF },
        { "$env{PCI_SLOT_NAME}", HOWTO_SELF },
        { "$devpath", "/" HOWTO_SELF }, { "%p", "/" HOWTO_SELF },
        { "$env{DEVPATH}", "/" HOWTO_SELF }, { "$sys", "/sys" },
        { "%S", "/sys" },
    };
    struct ds ds = DS_EMPTY_INITIALIZER;

    while (*s) {
        size_t n = 0;

        for (size_t i = 0; i < ARRAY_SIZE(table) && !n; i++) {
            if (!strncmp(s, table[i].from, strlen(table[i].from))) {
                n = strlen(table[i].from);
                ds_put_cstr(&ds, table[i].to);
            }
        }
        if (!n) {
            ds_put_char(&ds, *s);
            /* "$$" and "%%" are for the shell. */
            n = (*s == '$' || *s == '%') && s[1] == *s ? 2 : 1;
        }
        s += n;
    }
    return ds_steal_cstr(&ds);
}

/* Returns the template that 'name', a value of NAME=, stands for, which the
 * caller must free. */
static char *
template_from_name(const char *name)
{
    static const char *const ports[] = { "$attr{phys_port_name}",
                                         "%s{phys_port_name}",
                                         "$env{PHYS_PORT_NAME}" };
    struct ds s = DS_EMPTY_INITIALIZER;

    while (*name) {
        size_t n = 0;

        for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
            if (!strncmp(name, ports[i], strlen(ports[i]))) {
                n = strlen(ports[i]);
            }
        }
        if (n) {
            ds_put_cstr(&s, "{port}");
        } else {
            ds_put_char(&s, *name);
        }
        name += n ? n : 1;
    }
    return ds_steal_cstr(&s);
}

/* Returns the command 'run' with its program as udev finds it: a name alone is
 * in udev's folder.  The caller must free it. */
static char *
find_program(const struct howto *h, const char *run)
{
    char *file = xasprintf("/usr/lib/udev/%.*s", (int) strcspn(run, " \t"),
                           run);
    char *text = *run == '/' ? NULL : howto_read_file(h->root, file);
    char *found = text ? xasprintf("/usr/lib/udev/%s", run) : xstrdup(run);

    free(text);
    free(file);
    return found;
}

static void
set(char **s, const char *value)
{
    free(*s);
    *s = xstrdup(value);
}

/* Takes a condition about the attribute 'attr'.  Returns false if it is not
 * understood. */
static bool
take_attr(struct udev_rule *rule, const struct token *t, bool negate)
{
    const char *attr = t->attr ? t->attr : "";

    if (!strncmp(attr, "device/", 7)) {
        attr += 7;
    }
    if (!strcmp(attr, "vendor")) {
        howto_add_cond(&rule->conds, HOWTO_VENDOR, negate, t->value);
    } else if (!strcmp(attr, "device")) {
        howto_add_cond(&rule->conds, HOWTO_DEVICE, negate, t->value);
    } else if (!strcmp(attr, "class") && !negate) {
        rule->for_others |= strncmp(t->value, "0x02", 4) != 0;
    } else if (!strcmp(attr, "address") && !negate) {
        howto_add_cond(&rule->conds, HOWTO_MAC, false, t->value);
    } else if (!strcmp(attr, "phys_switch_id")) {
        howto_add_cond(&rule->conds, HOWTO_SWITCH_ID, negate, t->value);
        rule->for_ports = true;
    } else if (!strcmp(attr, "phys_port_name")) {
        howto_add_cond(&rule->conds, HOWTO_PORT, negate, t->value);
        rule->for_ports = true;
        rule->for_uplinks |= (!negate && t->value[0] == 'p'
                              && t->value[1] != 'f');
        rule->for_reps |= !negate && strstr(t->value, "pf");
    } else {
        /* Whether it has SR-IOV, and whether VFs are there already. */
        return !strncmp(attr, "sriov_", 6);
    }
    return true;
}

static bool
take_env(struct udev_rule *rule, const struct token *t, bool negate)
{
    static const struct {
        const char *name;
        enum howto_what what;
    } table[] = {
        { "ID_NET_DRIVER", HOWTO_DRIVER },
        { "DRIVER", HOWTO_DRIVER },
        { "ID_VENDOR_ID", HOWTO_VENDOR },
        { "ID_MODEL_ID", HOWTO_DEVICE },
        { "PCI_SLOT_NAME", HOWTO_PCI },
        { "INTERFACE", HOWTO_NETDEV },
    };
    const char *attr = t->attr ? t->attr : "";

    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        if (!strcmp(attr, table[i].name)) {
            howto_add_cond(&rule->conds, table[i].what, negate, t->value);
            return true;
        }
    }
    if (!strcmp(attr, "ID_PATH") && !strncmp(t->value, "pci-", 4)
        && !strchr(t->value, '|')) {
        howto_add_cond(&rule->conds, HOWTO_PCI, negate, t->value + 4);
        return true;
    } else if (!strcmp(attr, "PCI_ID") && strlen(t->value) == 9 && !negate) {
        char *vendor = xasprintf("0x%.4s", t->value);
        char *device = xasprintf("0x%s", t->value + 5);

        howto_add_cond(&rule->conds, HOWTO_VENDOR, false, vendor);
        howto_add_cond(&rule->conds, HOWTO_DEVICE, false, device);
        free(vendor);
        free(device);
        return true;
    }
    return false;
}

/* Returns true if 'subsystem' has devices that have VFs and are no NICs. */
static bool
is_foreign_subsystem(const char *subsystem)
{
    static const char *const names[] = {
        "drm", "accel", "nvme", "block", "graphics", "crypto",
    };

    return howto_is_one_of(subsystem, names, ARRAY_SIZE(names));
}

/* Takes a condition.  Returns false if it is not understood. */
static bool
take_match(struct udev_rule *rule, const struct token *t, bool negate)
{
    if (!strcmp(t->key, "ACTION")) {
        bool removal = (strstr(t->value, "remove")
                        || strstr(t->value, "unbind"));

        return removal == negate;
    } else if (!strcmp(t->key, "SUBSYSTEM") || !strcmp(t->key, "SUBSYSTEMS")) {
        if (!negate && (!rule->subsystem || !strcmp(t->key, "SUBSYSTEM"))) {
            set(&rule->subsystem, t->value);
        }
        rule->for_others |= !negate && is_foreign_subsystem(t->value);
        return !negate;
    } else if (!strncmp(t->key, "DRIVER", 6)) {
        howto_add_cond(&rule->conds, HOWTO_DRIVER, negate, t->value);
        return true;
    } else if (!strncmp(t->key, "KERNEL", 6)) {
        if (strchr(t->value, ':')) {
            howto_add_cond(&rule->conds, HOWTO_PCI, negate, t->value);
        } else if (strcmp(t->value, "*")) {
            if (rule->kernel) {
                return false;
            }
            set(&rule->kernel, t->value);
            rule->kernel_negate = negate;
        }
        return true;
    } else if (!strncmp(t->key, "ATTR", 4)) {
        return take_attr(rule, t, negate);
    } else if (!strcmp(t->key, "ENV")) {
        return take_env(rule, t, negate);
    }
    return !strcmp(t->key, "TEST") && strstr(t->value, "sriov");
}

/* Takes what a rule sets.  Returns false if it is not understood. */
static bool
take_assignment(struct udev_rule *rule, const struct token *t)
{
    const char *attr = t->attr ? t->attr : "";

    if (!strcmp(t->key, "ATTR") && howto_ends_in(attr, "sriov_numvfs")) {
        set(&rule->vfs, t->value);
    } else if (!strcmp(t->key, "NAME")) {
        free(rule->name);
        rule->name = template_from_name(t->value);
    } else if (!strcmp(t->key, "RUN") && strcmp(attr, "builtin")) {
        svec_add(&rule->runs, t->value);
    } else if (!strcmp(t->key, "ENV") && !strcmp(attr, "NM_UNMANAGED")) {
        rule->unmanaged = !strcmp(t->value, "1");
        return rule->unmanaged;
    } else {
        if (!strcmp(t->key, "ENV") && !strcmp(attr, "SYSTEMD_WANTS")) {
            struct howto_file *f = &rule->h->files[rule->h->at];

            howto_add_wanted(rule->h, t->value, f->name,
                             f->items[f->n_items - 1].line);
        }
        return false;
    }
    return true;
}

/* Notes that 'condition' is not understood. */
static void
set_unknown(struct udev_rule *rule, const char *condition)
{
    if (!rule->unknown) {
        rule->unknown = xstrdup(condition);
    }
}

/* Takes the token 't'. */
static void
take_token(struct udev_rule *rule, const struct token *t)
{
    bool negate = !strcmp(t->op, "!=");
    const char *brace = t->attr ? "{" : "";
    bool match = negate || !strcmp(t->op, "==");

    if (!t->quoted) {
        howto_doubt(rule->h, "%s%s without a value in \"...\"", t->key,
                    t->op);
        match = true;
    } else if (!strcmp(t->key, "PROGRAM")) {
        /* It runs, and what comes of it is a condition. */
        svec_add(&rule->runs, t->value);
        match = true;
    } else if (match ? take_match(rule, t, negate)
               : strcmp(t->op, "-=") && take_assignment(rule, t)) {
        return;
    }
    howto_doubt(rule->h, "%s%s%s%s%s\"%.60s\"", t->key, brace,
                t->attr ? t->attr : "", t->attr ? "}" : "", t->op, t->value);
    if (match) {
        set_unknown(rule, t->key);
    }
}

/* Makes of KERNEL a condition, now that what it is about is known. */
static void
take_kernel(struct udev_rule *rule)
{
    if (!rule->kernel) {
        return;
    } else if (rule->name && rule->for_ports && !rule->for_uplinks) {
        /* The name that a representor had before. */
        howto_doubt(rule->h, "KERNEL==\"%.60s\" for representors",
                    rule->kernel);
        set_unknown(rule, "KERNEL");
    } else {
        bool rdma = (rule->subsystem
                     ? !strncmp(rule->subsystem, "infiniband", 10)
                     : !strncmp(rule->kernel, "mlx", 3));

        howto_add_cond(&rule->conds, rdma ? HOWTO_RDMA : HOWTO_NETDEV,
                       rule->kernel_negate, rule->kernel);
    }
}

/* Adds what 'rule' does. */
static void
add_effects(struct udev_rule *rule)
{
    struct howto *h = rule->h;
    size_t n_rules = h->n_rules;
    const char *run;
    size_t i;

    take_kernel(rule);
    SVEC_FOR_EACH (i, run, &rule->runs) {
        struct howto_shell shell = { .h = h, .self = &rule->conds,
                                     .no_shell = true };
        char *program = find_program(h, run);
        char *text = substitute_self(program);

        smap_init(&shell.vars);
        howto_run(&shell, text);
        smap_destroy(&shell.vars);
        free(text);
        free(program);
    }
    if (rule->vfs) {
        if (!*rule->vfs || rule->vfs[strspn(rule->vfs, "0123456789")]) {
            howto_doubt(h, "sriov_numvfs=\"%.60s\"", rule->vfs);
        } else {
            howto_add_rule(h, HOWTO_VFS, &rule->conds, rule->vfs);
        }
    }
    if (rule->name && rule->for_ports) {
        if (!strstr(rule->name, "{port}") || strpbrk(rule->name, "$%")) {
            howto_doubt(h, "NAME=\"%.60s\"", rule->name);
        } else {
            howto_add_rule(h, HOWTO_NAMES, &rule->conds, rule->name);
        }
    } else if (rule->name) {
        /* Of an uplink, which is no matter of sriov.conf. */
        howto_doubt(h, "it names the NIC, too: NAME=\"%.60s\"", rule->name);
    }
    if (rule->unknown && h->n_rules > n_rules) {
        /* It cannot be said which NICs they are meant for. */
        howto_drop_rules(h, n_rules);
    }
}

static void
rule_uninit(struct udev_rule *rule)
{
    howto_conds_destroy(&rule->conds);
    svec_destroy(&rule->runs);
    free(rule->subsystem);
    free(rule->kernel);
    free(rule->vfs);
    free(rule->name);
    free(rule->unknown);
}

/* Returns true if 'line' has a LABEL or GOTO and, but for conditions, nothing
 * else, and so does nothing by itself.  Stores in '*jumps' whether it has a
 * GOTO that leaves out more than other actions. */
static bool
is_neutral(const char *line, bool *jumps)
{
    bool neutral = false, simple = true, matches = true;
    struct token t;

    while (next_token(&line, &t)) {
        if (!strcmp(t.key, "LABEL") || !strcmp(t.key, "GOTO")) {
            neutral = true;
            *jumps |= !strcmp(t.key, "GOTO");
        } else {
            matches &= ((!strcmp(t.op, "!=") || !strcmp(t.op, "=="))
                        && strcmp(t.key, "PROGRAM")
                        && strcmp(t.key, "IMPORT"));
            simple &= (!strcmp(t.op, "!=")
                       && (!strcmp(t.key, "SUBSYSTEM")
                           || (!strcmp(t.key, "ACTION")
                               && strstr(t.value, "add"))));
        }
        token_uninit(&t);
    }
    *jumps &= !simple;
    return neutral && matches;
}

static void
parse_rule(struct howto *h, const char *line, bool jumps)
{
    struct udev_rule rule = { .h = h, .runs = SVEC_EMPTY_INITIALIZER };
    const char *p = line;
    struct token t;

    while (next_token(&p, &t)) {
        take_token(&rule, &t);
        token_uninit(&t);
    }
    if (*p) {
        howto_doubt(h, "\"%.60s\"", p);
        set_unknown(&rule, p);
    }
    if (jumps && !rule.unknown) {
        howto_doubt(h, "a GOTO before it");
        set_unknown(&rule, "GOTO");
    }
    if (rule.for_others
        || (rule.name && rule.for_uplinks && !rule.vfs && !rule.runs.n)) {
        /* The name of an uplink is no matter of ours. */
    } else if (rule.unmanaged && !rule.vfs && !rule.name && !rule.runs.n) {
        /* Of representors our rules say so, too.  It is no matter of
         * sriov.conf. */
        struct howto_file *f = &h->files[h->at];
        struct howto_item *item = &f->items[f->n_items - 1];

        item->ours = rule.for_reps && !rule.for_uplinks;
    } else {
        add_effects(&rule);
        howto_end_item(h, line);
    }
    rule_uninit(&rule);
}

void
howto_read_udev(struct howto *h, const char *file)
{
    struct howto_lines lines = howto_lines_of(h->root, file);
    bool jumps = false;

    howto_begin_file(h, file, "rule");
    while (howto_next_line(&lines)) {
        const char *line = lines.line;
        bool jump = jumps;

        if (!*line || *line == '#') {
            continue;
        }
        howto_begin_item(h, lines.at);
        if (is_neutral(line, &jump)) {
            struct howto_file *f = &h->files[h->at];

            f->items[f->n_items - 1].neutral = true;
        } else {
            parse_rule(h, line, jumps);
        }
        jumps |= jump;
    }
}

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

/* See leftovers.h for where this stands.  Here is what is the same for all
 * kinds of files, and those of interfaces(5). */

#include <config.h>
#include "sriov/leftovers.h"

#include <ctype.h>
#include <fnmatch.h>
#include <glob.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "openvswitch/dynamic-string.h"
#include "sriov/leftovers-shell.h"
#include "sriov/conf.h"
#include "sriov/host.h"
#include "svec.h"
#include "util.h"

/* Conditions. */

void
howto_add_cond(struct howto_conds *conds, enum howto_what what, bool negate,
               const char *pattern)
{
    struct howto_cond *cond;
    char *pci = NULL;

    if (conds->n >= conds->allocated) {
        conds->array = x2nrealloc(conds->array, &conds->allocated,
                                  sizeof *conds->array);
    }
    cond = &conds->array[conds->n++];
    cond->what = what;
    cond->negate = negate;
    cond->pattern = (what == HOWTO_PCI && host_pci_address(pattern, &pci)
                     ? pci : xstrdup(pattern));
}

void
howto_conds_destroy(struct howto_conds *conds)
{
    for (size_t i = 0; i < conds->n; i++) {
        free(conds->array[i].pattern);
    }
    free(conds->array);
    memset(conds, 0, sizeof *conds);
}

/* Returns true if 'value', unless that is NULL, is one of the globs in
 * 'pattern'. */
static bool
pattern_matches(const char *pattern, const char *value)
{
    struct svec globs = SVEC_EMPTY_INITIALIZER;
    bool match = false;
    const char *glob;
    size_t i;

    howto_split(&globs, pattern, "|");
    SVEC_FOR_EACH (i, glob, &globs) {
        match |= value && !fnmatch(glob, value, FNM_CASEFOLD);
    }
    svec_destroy(&globs);
    return match;
}

static bool
rdma_matches(const struct howto *h, const char *pattern, const char *pci)
{
    struct svec names = SVEC_EMPTY_INITIALIZER;
    bool match = false;
    const char *name;
    size_t i;

    host_read_folder(&names, "%s/sys/bus/pci/devices/%s/infiniband", h->root,
                     pci);
    SVEC_FOR_EACH (i, name, &names) {
        match |= pattern_matches(pattern, name);
    }
    svec_destroy(&names);
    return match;
}

/* Returns true if 'pattern' is about the MAC address that 'pf' was made with.
 * One that it was given counts as none, but for members of a bond, of which the
 * kernel keeps their own. */
static bool
mac_matches(const struct howto *h, const char *pattern,
            const struct host_pf *pf)
{
    const char *netdev = host_pf_netdev(pf);
    char *path = xasprintf("%s/sys/class/net/%s", h->root,
                           netdev ? netdev : "");
    char *own = (netdev ? host_read_file("%s/bonding_slave/perm_hwaddr", path)
                 : NULL);
    long long int type;
    bool match;

    if (!own && netdev && (!host_read_number(path, "addr_assign_type", &type)
                           || type == 0 /* NET_ADDR_PERM */)) {
        own = host_read_file("%s/address", path);
    }
    if (own) {
        own[strcspn(own, "\n")] = '\0';
    }
    match = pattern_matches(pattern, own);
    free(own);
    free(path);
    return match;
}

/* Returns true if 'pattern', about the phys_port_name of representors, is
 * about those of the VFs of 'pf'. */
static bool
reps_match(const char *pattern, const struct host_pf *pf)
{
    const char *uplink = host_pf_port_name(pf);
    const char *number = (uplink && uplink[0] == 'p' ? uplink + 1
                          : pf->pci + strlen(pf->pci) - 1);
    char *port = xasprintf("pf%svf0", number);
    bool match = pattern_matches(pattern, port);

    free(port);
    return match;
}

static bool
cond_holds(const struct howto *h, const struct howto_rule *rule,
           const struct howto_cond *cond, const struct host_pf *pf)
{
    char id[16];
    bool match;

    switch (cond->what) {
    case HOWTO_PCI:
        match = pattern_matches(cond->pattern, pf->pci);
        break;
    case HOWTO_NETDEV:
        match = pattern_matches(cond->pattern, host_pf_netdev(pf));
        break;
    case HOWTO_RDMA:
        match = rdma_matches(h, cond->pattern, pf->pci);
        break;
    case HOWTO_DRIVER:
        match = pattern_matches(cond->pattern, pf->driver);
        break;
    case HOWTO_VENDOR:
    case HOWTO_DEVICE:
        snprintf(id, sizeof id, "0x%04x",
                 cond->what == HOWTO_VENDOR ? pf->vendor : pf->device);
        match = pattern_matches(cond->pattern, id);
        break;
    case HOWTO_SWITCH_ID:
        match = pattern_matches(cond->pattern, host_pf_switch_id(pf));
        break;
    case HOWTO_MAC:
        match = mac_matches(h, cond->pattern, pf);
        break;
    case HOWTO_PORT:
    default:
        match = (rule->kind == HOWTO_NAMES
                 ? reps_match(cond->pattern, pf)
                 : pattern_matches(cond->pattern, host_pf_port_name(pf)));
        break;
    }
    return match != cond->negate;
}

static bool
conds_hold(const struct howto *h, const struct howto_rule *rule,
           const struct howto_conds *conds, const struct host_pf *pf)
{
    for (size_t i = 0; i < conds->n; i++) {
        if (!cond_holds(h, rule, &conds->array[i], pf)) {
            return false;
        }
    }
    return true;
}

static const char *
name_of_file(const char *file)
{
    const char *slash = strrchr(file, '/');

    return slash ? slash + 1 : file;
}

const char *
howto_rule_link_before(const struct howto *h, const struct howto_rule *rule,
                       const struct host_pf *pf)
{
    for (size_t i = 0; i < h->n_links && howto_ends_in(rule->file, ".link")
         && conds_hold(h, rule, &rule->conds, pf); i++) {
        const struct howto_link *link = &h->links[i];
        int cmp = strcmp(name_of_file(link->file), name_of_file(rule->file));

        /* Of two with one name that in /etc counts, which is read first. */
        if (!strcmp(link->file, rule->file)) {
            continue;
        } else if ((cmp < 0 || (!cmp && !strncmp(link->file, "/etc/", 5)))
                   && conds_hold(h, rule, &link->conds, pf)) {
            return link->file;
        }
    }
    return NULL;
}

bool
howto_rule_is_about(const struct howto *h, const struct howto_rule *rule,
                    const struct host_pf *pf)
{
    return (conds_hold(h, rule, &rule->conds, pf)
            && !howto_rule_link_before(h, rule, pf));
}

const char *
howto_rule_pci(const struct howto_rule *rule)
{
    const struct howto_conds *conds = &rule->conds;

    for (size_t i = 0; i < conds->n; i++) {
        const struct howto_cond *cond = &conds->array[i];

        if (cond->what == HOWTO_PCI && !cond->negate
            && !strpbrk(cond->pattern, "*?[|")) {
            return cond->pattern;
        }
    }
    return NULL;
}

bool
howto_rule_is_foreign(const struct howto *h, const struct howto_rule *rule,
                      const struct host *host)
{
    const char *pci = howto_rule_pci(rule);

    return (pci && !host_find_pf(host, pci)
            && host_is_of_another_kind(h->root, pci));
}

/* Files and items. */

size_t
howto_begin_file(struct howto *h, const char *name, const char *noun)
{
    size_t before = h->at;
    struct howto_file *file;

    if (h->n_files >= h->allocated_files) {
        h->files = x2nrealloc(h->files, &h->allocated_files,
                              sizeof *h->files);
    }
    h->at = h->n_files++;
    file = &h->files[h->at];
    memset(file, 0, sizeof *file);
    file->name = xstrdup(name);
    file->noun = noun;
    return before;
}

void
howto_begin_item(struct howto *h, unsigned int line)
{
    struct howto_file *file = &h->files[h->at];
    struct howto_item *item;

    if (file->n_items >= file->allocated) {
        file->items = x2nrealloc(file->items, &file->allocated,
                                 sizeof *file->items);
    }
    item = &file->items[file->n_items++];
    memset(item, 0, sizeof *item);
    item->line = line;
}

static struct howto_item *
last_item(struct howto *h)
{
    struct howto_file *file = &h->files[h->at];

    return &file->items[file->n_items - 1];
}

void
howto_doubt(struct howto *h, const char *format, ...)
{
    struct howto_item *item = last_item(h);

    if (!item->doubt) {
        va_list args;

        va_start(args, format);
        item->doubt = xvasprintf(format, args);
        va_end(args);
    }
}

void
howto_add_rule(struct howto *h, enum howto_kind kind,
               const struct howto_conds *conds, const char *value)
{
    struct howto_file *file = &h->files[h->at];
    struct howto_item *item = last_item(h);
    struct howto_rule *rule;

    if (h->n_rules >= h->allocated_rules) {
        h->rules = x2nrealloc(h->rules, &h->allocated_rules,
                              sizeof *h->rules);
    }
    rule = &h->rules[h->n_rules++];
    memset(rule, 0, sizeof *rule);
    rule->kind = kind;
    rule->file = xstrdup(file->name);
    rule->line = item->line;
    rule->noun = file->noun;
    rule->value = xstrdup(value);
    rule->first = false;
    for (size_t i = 0; conds && i < conds->n; i++) {
        const struct howto_cond *cond = &conds->array[i];

        howto_add_cond(&rule->conds, cond->what, cond->negate, cond->pattern);
    }
    item->ours = true;
}

static void
rule_uninit(struct howto_rule *rule)
{
    free(rule->file);
    howto_conds_destroy(&rule->conds);
    free(rule->value);
}

void
howto_add_link(struct howto *h, const char *file, struct howto_conds *conds)
{
    if (h->n_links >= h->allocated_links) {
        h->links = x2nrealloc(h->links, &h->allocated_links,
                              sizeof *h->links);
    }
    h->links[h->n_links].file = xstrdup(file);
    h->links[h->n_links++].conds = *conds;
}

void
howto_add_wanted(struct howto *h, const char *units, const char *file,
                 unsigned int line)
{
    struct svec words = SVEC_EMPTY_INITIALIZER;
    const char *word;
    size_t i;

    howto_split(&words, units, " \t");
    SVEC_FOR_EACH (i, word, &words) {
        svec_add_nocopy(&h->wanted, xasprintf("%s %s:%u", word, file, line));
    }
    svec_destroy(&words);
}

void
howto_drop_rules(struct howto *h, size_t n_rules)
{
    while (h->n_rules > n_rules) {
        rule_uninit(&h->rules[--h->n_rules]);
    }
}

/* Returns true if 'text' has the address of a device that is no NIC: a GPU,
 * for instance. */
static bool
names_another_kind(const char *root, const char *text)
{
    struct svec words = SVEC_EMPTY_INITIALIZER;
    bool found = false;
    const char *word;
    size_t i;

    howto_split(&words, text, " \t\"'/=;<>");
    SVEC_FOR_EACH (i, word, &words) {
        char *pci;

        if (host_pci_address(word, &pci)) {
            found |= host_is_of_another_kind(root, pci);
            free(pci);
        }
    }
    svec_destroy(&words);
    return found;
}

/* Returns true if 'text' takes a PCI device, which may be a VF, from its
 * driver, or gives it another one. */
static bool
changes_driver(const char *root, const char *text)
{
    static const char *const files[] = { "/unbind", "/new_id",
                                         "/driver_override",
                                         "/drivers_probe" };
    bool found = false;

    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        found |= strstr(text, files[i]) != NULL;
    }
    return (found && (!strstr(text, "bus/") || strstr(text, "bus/pci/"))
            && !names_another_kind(root, text));
}

/* Returns true if 'text' seems to have to do with SR-IOV. */
static bool
mentions_sriov(const char *root, const char *text)
{
    static const char *const words[] = {
        "sriov", "SR-IOV", "eswitch", "switchdev", "devlink", "num_vfs",
        "max_vfs", "probe_vf", "phys_port_name", "phys_switch_id",
        "virtual-function", "embedded-switch", "total-vfs", "TotalVFs",
        "numvfs", "virtfn", "drivers/mlx5_core/", "drivers/ice/",
        "drivers/bnxt_en/", "mlnx-sf", "ESWITCH", "SRIOV",
    };
    bool found = ((strstr(text, " vf ") && (strstr(text, "ip ")
                                            || strstr(text, "link ")))
                  || changes_driver(root, text));

    for (size_t i = 0; i < ARRAY_SIZE(words) && !found; i++) {
        found = strstr(text, words[i]) != NULL;
    }
    return found;
}

/* Returns true if the item that is being read, in another call of the same
 * script, was not understood already. */
static bool
is_said(struct howto *h)
{
    const char *file = h->files[h->at].name;

    for (size_t i = 0; i < h->n_rules; i++) {
        const struct howto_rule *rule = &h->rules[i];

        if (rule->kind == HOWTO_BY_HAND && rule->line == last_item(h)->line
            && !strcmp(rule->file, file)) {
            return true;
        }
    }
    return false;
}

void
howto_end_item(struct howto *h, const char *text)
{
    struct howto_item *item = last_item(h);

    if (!item->ours && !mentions_sriov(h->root, text)) {
        return;
    }
    if (!item->ours) {
        howto_doubt(h, "\"%.60s%s\"", text, strlen(text) > 60 ? "..." : "");
    }
    item->ours = true;
    if (item->doubt && !is_said(h)) {
        howto_add_rule(h, HOWTO_BY_HAND, NULL, item->doubt);
    }
}

struct howto_item *
howto_find_item(const struct howto *h, const char *file, unsigned int line)
{
    for (size_t i = 0; i < h->n_files; i++) {
        const struct howto_file *f = &h->files[i];

        for (size_t j = 0; j < f->n_items && !strcmp(f->name, file); j++) {
            if (f->items[j].line == line) {
                return &f->items[j];
            }
        }
    }
    return NULL;
}

bool
howto_is_number(const char *s)
{
    return *s && !s[strspn(s, "0123456789")];
}

bool
howto_is_one_of(const char *s, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(s, names[i])) {
            return true;
        }
    }
    return false;
}

bool
howto_ends_in(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);

    return n >= m && !strcmp(s + n - m, end);
}

bool
howto_split_pair(char *line, char c, struct howto_pair *pair)
{
    char *value = strchr(line, c);
    size_t n;

    if (!value) {
        return false;
    }
    *value++ = '\0';
    value += strspn(value, " \t");
    for (n = strlen(line); n && strchr(" \t", line[n - 1]); n--) {
        line[n - 1] = '\0';
    }
    for (n = strlen(value); n && strchr(" \t", value[n - 1]); n--) {
        value[n - 1] = '\0';
    }
    if (n >= 2 && (*value == '"' || *value == '\'')
        && value[n - 1] == *value) {
        value[n - 1] = '\0';
        value++;
    }
    pair->key = line;
    pair->value = value;
    return true;
}

void
howto_split(struct svec *parts, const char *s, const char *delimiters)
{
    while (*(s += strspn(s, delimiters))) {
        size_t n = strcspn(s, delimiters);

        svec_add_nocopy(parts, xmemdup0(s, n));
        s += n;
    }
}

void
howto_split_quoted(struct svec *words, const char *s)
{
    while (*(s += strspn(s, " \t\n"))) {
        struct ds word = DS_EMPTY_INITIALIZER;
        char quote = '\0';

        for (; *s && (quote || !strchr(" \t\n", *s)); s++) {
            if (*s == quote) {
                quote = '\0';
            } else if (!quote && (*s == '"' || *s == '\'')) {
                quote = *s;
            } else {
                ds_put_char(&word, *s);
            }
        }
        svec_add_nocopy(words, ds_steal_cstr(&word));
    }
}

char *
howto_read_file(const char *root, const char *file)
{
    enum { MAX_SIZE = 4 << 20 };
    char *path = xasprintf("%s%s", root, file);
    struct stat s;
    char *text = (!stat(path, &s) && S_ISREG(s.st_mode)
                  && s.st_size <= MAX_SIZE ? host_read_file("%s", path)
                  : NULL);

    free(path);
    return text;
}

struct howto_lines
howto_lines_of(const char *root, const char *file)
{
    char *text = howto_read_file(root, file);

    return (struct howto_lines) { .text = text, .next = text };
}

struct howto_lines
howto_plain_lines_of(const char *root, const char *file)
{
    struct howto_lines lines = howto_lines_of(root, file);

    lines.plain = true;
    return lines;
}

bool
howto_next_line(struct howto_lines *lines)
{
    struct ds s = DS_EMPTY_INITIALIZER;
    bool more = true, any = false;

    free(lines->line);
    lines->line = NULL;
    lines->at = lines->n + 1;
    while (more && lines->next) {
        char *part = strsep(&lines->next, "\n");
        bool comment = !any && part[strspn(part, " \t")] == '#';
        size_t n = strlen(part);

        n -= n && part[n - 1] == '\r';
        any = true;
        lines->n++;
        more = !lines->plain && !comment && n && part[n - 1] == '\\';
        ds_put_buffer(&s, part, more ? n - 1 : n);
    }
    if (any) {
        const char *start = ds_cstr(&s);

        lines->indented = *start && strchr(" \t", *start);
        start += strspn(start, " \t");
        size_t n = strlen(start);
        while (n && strchr(" \t", start[n - 1])) {
            n--;
        }
        lines->line = xmemdup0(start, n);
    } else {
        free(lines->text);
        lines->text = NULL;
    }
    ds_destroy(&s);
    return any;
}

/* Returns true if 'line', of a file in any language, is a comment or empty. */
static bool
is_comment(const char *line)
{
    return !line[0] || line[0] == '#' || line[0] == ';';
}

unsigned int
howto_find_mention(const char *root, const char *file)
{
    struct howto_lines lines = howto_lines_of(root, file);
    unsigned int first = 0;

    while (howto_next_line(&lines)) {
        if (!first && !is_comment(lines.line)
            && mentions_sriov(root, lines.line)) {
            first = lines.at;
        }
    }
    return first;
}

void
howto_read_by_hand(struct howto *h, const char *file)
{
    struct howto_lines lines = howto_lines_of(h->root, file);

    howto_begin_file(h, file, "line");
    while (howto_next_line(&lines)) {
        if (!is_comment(lines.line)) {
            howto_begin_item(h, lines.at);
            howto_end_item(h, lines.line);
        }
    }
}

/* ifupdown's interfaces. */

static struct howto_stanza *
add_stanza(struct howto *h, unsigned int line, const char *name)
{
    struct howto_stanza *stanza;

    if (h->n_stanzas >= h->allocated_stanzas) {
        h->stanzas = x2nrealloc(h->stanzas, &h->allocated_stanzas,
                                sizeof *h->stanzas);
    }
    stanza = xmalloc(sizeof *stanza);
    h->stanzas[h->n_stanzas++] = stanza;
    stanza->file = xstrdup(h->files[h->at].name);
    stanza->line = line;
    stanza->name = xstrdup(name ? name : "");
    smap_init(&stanza->options);
    return stanza;
}

/* Adds an option of 'stanza'.  One that is there more than once gets the lines
 * one by one.  ifupdown2 takes "ovs-ports" and "ovs_ports" for the same. */
static void
add_option(struct howto_stanza *stanza, const char *name, const char *value)
{
    char *key = xstrdup(name);

    for (char *c = key; !strncmp(name, "ovs-", 4) && *c; c++) {
        *c = *c == '-' ? '_' : *c;
    }

    const char *before = smap_get(&stanza->options, key);
    char *both = before ? xasprintf("%s\n%s", before, value) : NULL;

    smap_replace(&stanza->options, key, both ? both : value);
    free(both);
    free(key);
}

/* Reads the option 'word' of 'stanza', which is a command if it is one of
 * those that run when the interface comes or goes. */
static void
read_option(struct howto *h, struct howto_stanza *stanza, size_t commands,
            const struct howto_lines *lines, const char *word,
            const char *rest)
{
    static const char *const runs[] = { "pre-up", "up", "post-up" };
    static const char *const ends[] = { "pre-down", "down", "post-down" };
    struct howto_shell shell = { .h = h, .may_have_ended = lines->uncertain };
    bool run = false;

    add_option(stanza, word, rest);
    for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
        shell.down |= !strcmp(word, ends[i]);
        run |= !strcmp(word, runs[i]) || shell.down;
    }
    if (run) {
        size_t before = h->at;

        h->at = commands;
        howto_begin_item(h, lines->at);
        smap_init(&shell.vars);
        smap_add(&shell.vars, "IFACE", stanza->name);
        howto_run(&shell, rest);
        smap_destroy(&shell.vars);
        howto_end_item(h, rest);
        h->at = before;
    } else if (!strncmp(word, "sriov", 5)) {
        size_t before = h->at;

        h->at = commands;
        howto_begin_item(h, lines->at);
        howto_end_item(h, lines->line);
        h->at = before;
    }
}

static void read_interfaces(struct howto *, const char *file);

/* Returns 'path', an absolute one, without "." and ".." in it, which the
 * caller must free. */
static char *
clean_path(const char *path)
{
    struct svec parts = SVEC_EMPTY_INITIALIZER, clean = SVEC_EMPTY_INITIALIZER;
    const char *part;
    size_t i;

    howto_split(&parts, path, "/");
    SVEC_FOR_EACH (i, part, &parts) {
        if (!strcmp(part, "..")) {
            if (clean.n) {
                svec_pop_back(&clean);
            }
        } else if (strcmp(part, ".")) {
            svec_add(&clean, part);
        }
    }

    char *joined = svec_join(&clean, "/", "");
    char *cleaned = xasprintf("/%s", joined);

    free(joined);
    svec_destroy(&parts);
    svec_destroy(&clean);
    return cleaned;
}

/* Returns true if 'file' was read, or will be, or there are too many. */
static bool
is_read_anyway(const struct howto *h, const char *file)
{
    static const char folder[] = "/etc/network/interfaces.d/";
    enum { MAX_FILES = 4096 };
    bool read = (h->n_files >= MAX_FILES
                 || (!strncmp(file, folder, strlen(folder))
                     && !strchr(file + strlen(folder), '/')));

    for (size_t i = 0; i < h->n_files; i++) {
        read |= !strcmp(h->files[i].name, file);
    }
    return read;
}

/* Reads what 'line' of the interfaces 'file', "source" or "source-directory",
 * names, if that was not read. */
static void
read_sourced(struct howto *h, const char *file, const char *line)
{
    const char *what = line + strcspn(line, " \t");
    size_t n = strlen(h->root);
    char *base = xmemdup0(file, strrchr(file, '/') + 1 - file);
    bool all = !strncmp(line, "source-directory", 16);

    what += strspn(what, " \t");
    char *pattern = xasprintf("%s%s%s%s", h->root, *what == '/' ? "" : base,
                              what, all ? "/*" : "");
    glob_t found;

    if (!glob(pattern, 0, NULL, &found)) {
        for (size_t i = 0; i < found.gl_pathc; i++) {
            char *path = clean_path(found.gl_pathv[i] + n);

            if (!is_read_anyway(h, path)) {
                read_interfaces(h, path);
            }
            free(path);
        }
        globfree(&found);
    }
    free(pattern);
    free(base);
}

/* Reads a file of interfaces(5): its stanzas, and, as a file of its own, the
 * commands in them. */
static void
read_interfaces(struct howto *h, const char *file)
{
    struct howto_lines lines = howto_lines_of(h->root, file);
    size_t before = howto_begin_file(h, file, "line");
    size_t commands = h->at;
    struct howto_stanza *stanza = NULL;

    howto_begin_file(h, file, "stanza");
    while (howto_next_line(&lines)) {
        char *copy = xstrdup(lines.line);
        char *rest = copy;
        char *word;

        if (!*rest || *rest == '#') {
            free(copy);
            continue;
        }
        word = strsep(&rest, " \t");
        rest = rest ? rest + strspn(rest, " \t") : copy + strlen(copy);
        if (*word == '%' || !strncmp(word, "<%", 2)) {
            /* A template of ifupdown2's, with conditions and loops. */
            howto_begin_item(h, lines.at);
            lines.uncertain = true;
        } else if (!strcmp(word, "iface")) {
            howto_begin_item(h, lines.at);
            stanza = add_stanza(h, lines.at, strsep(&rest, " \t"));
            rest = rest ? rest + strspn(rest, " \t") : copy + strlen(copy);
            if (*rest && strcmp(rest, "inet manual")
                && strcmp(rest, "inet6 manual")) {
                /* "inet dhcp" says something, though there is no more. */
                add_option(stanza, rest, "");
            }
        } else if (!strcmp(word, "auto") || !strncmp(word, "allow-", 6)
                   || !strcmp(word, "no-auto-down")
                   || !strcmp(word, "no-scripts")) {
            stanza = NULL;
        } else if (!strncmp(word, "source", 6)
                   || !strcmp(word, "mapping")) {
            howto_begin_item(h, lines.at); /* Something that we do not know. */
            stanza = NULL;
            if (*word == 's') {
                size_t at = h->at;

                read_sourced(h, file, lines.line);
                h->at = at;
            }
        } else if (stanza) {
            read_option(h, stanza, commands, &lines, word, rest);
        }
        free(copy);
    }
    h->at = before;
}

/* ovs-ctl. */

bool
howto_is_default(const char *text)
{
    return (strstr(text, "other_config:hw-offload=")
            || strstr(text, "other_config:tc-policy=")
            || strstr(text, "other_config:lacp-fallback-ab="));
}

static void
read_ovs_ctl(struct howto *h, const char *file)
{
    struct howto_lines lines = howto_lines_of(h->root, file);

    while (howto_next_line(&lines)) {
        const char *line = lines.line;

        if (*line != '#' && howto_is_default(line)) {
            if (h->n_settings >= h->allocated_settings) {
                h->settings = x2nrealloc(h->settings, &h->allocated_settings,
                                         sizeof *h->settings);
            }
            struct howto_setting *s = &h->settings[h->n_settings++];

            s->file = xstrdup(file);
            s->line = lines.at;
            s->text = xstrdup(line);
        }
    }
}

/* Returns true if 'name' is a file that the package brings. */
static bool
is_ours(const char *name)
{
    static const char *const names[] = {
        "05-ovs-sriov.network", "60-ovs-sriov.rules", "ovs-sriov.service",
        "ovs-sriov@.service", "ovs-sriov-vm.service",
    };

    return howto_is_one_of(name, names, ARRAY_SIZE(names));
}

void
howto_read_folder(struct howto *h, const char *folder, const char *suffix,
                  void (*read)(struct howto *, const char *file))
{
    struct svec names = SVEC_EMPTY_INITIALIZER;
    const char *name;
    size_t i;

    host_read_folder(&names, "%s%s", h->root, folder);
    SVEC_FOR_EACH (i, name, &names) {
        if (howto_ends_in(name, suffix) && !howto_ends_in(name, "~")
            && !is_ours(name)) {
            char *file = xasprintf("%s/%s", folder, name);

            read(h, file);
            free(file);
        }
    }
    svec_destroy(&names);
}

static int
compare_items(const void *a_, const void *b_)
{
    const struct howto_item *a = a_;
    const struct howto_item *b = b_;

    return a->line < b->line ? -1 : a->line > b->line;
}

/* Makes one item of those that are in the same line of 'file', sorted. */
static void
join_items(struct howto_file *file)
{
    size_t n = 0;

    for (size_t i = 0; i < file->n_items; i++) {
        struct howto_item *item = &file->items[i];
        struct howto_item *last = n ? &file->items[n - 1] : NULL;

        if (last && last->line == item->line) {
            last->ours |= item->ours;
            last->neutral &= item->neutral;
            free(item->hollow);
            if (last->doubt) {
                free(item->doubt);
            } else {
                last->doubt = item->doubt;
            }
        } else {
            file->items[n++] = *item;
        }
    }
    file->n_items = n;
}

/* Sorts the items of each file.  A script that is called more than once
 * becomes one file, of which is needed what any call needs. */
static void
sort_items(struct howto *h)
{
    for (size_t i = 0; i < h->n_files; i++) {
        struct howto_file *file = &h->files[i];

        for (size_t j = 0; j < i; j++) {
            struct howto_file *first = &h->files[j];

            if (strcmp(first->name, file->name)
                || strcmp(first->noun, file->noun)) {
                continue;
            }
            first->items = xrealloc(first->items,
                                    (first->n_items + file->n_items)
                                    * sizeof *first->items);
            if (file->n_items) {
                memcpy(&first->items[first->n_items], file->items,
                       file->n_items * sizeof *file->items);
            }
            first->n_items += file->n_items;
            file->n_items = 0;
            break;
        }
    }
    for (size_t i = 0; i < h->n_files; i++) {
        struct howto_file *file = &h->files[i];

        if (file->n_items) {
            qsort(file->items, file->n_items, sizeof *file->items,
                  compare_items);
            join_items(file);
        }
    }
}

void
howto_read(struct howto *h, const char *root)
{
    memset(h, 0, sizeof *h);
    h->root = root;
    smap_init(&h->altnames);
    svec_init(&h->wanted);
    howto_read_folder(h, "/etc/udev/rules.d", ".rules", howto_read_udev);
    read_interfaces(h, "/etc/network/interfaces");
    howto_read_folder(h, "/etc/network/interfaces.d", "",
                      read_interfaces);
    howto_read_other_files(h);
    read_ovs_ctl(h, "/usr/share/openvswitch/scripts/ovs-ctl");
    howto_read_altnames(h);
    sort_items(h);
}

void
howto_destroy(struct howto *h)
{
    howto_drop_rules(h, 0);
    for (size_t i = 0; i < h->n_stanzas; i++) {
        struct howto_stanza *stanza = h->stanzas[i];

        free(stanza->file);
        free(stanza->name);
        smap_destroy(&stanza->options);
        free(stanza);
    }
    for (size_t i = 0; i < h->n_settings; i++) {
        free(h->settings[i].file);
        free(h->settings[i].text);
    }
    for (size_t i = 0; i < h->n_files; i++) {
        struct howto_file *file = &h->files[i];

        for (size_t j = 0; j < file->n_items; j++) {
            free(file->items[j].doubt);
            free(file->items[j].hollow);
        }
        free(file->items);
        free(file->name);
    }
    for (size_t i = 0; i < h->n_links; i++) {
        free(h->links[i].file);
        howto_conds_destroy(&h->links[i].conds);
    }
    free(h->links);
    smap_destroy(&h->altnames);
    svec_destroy(&h->wanted);
    free(h->rules);
    free(h->stanzas);
    free(h->settings);
    free(h->files);
}

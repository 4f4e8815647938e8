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

/* See leftovers.h for where this stands, and udev(7) and interfaces(5)
 * for the languages read here. */

#include <config.h>
#include "sriov/leftovers.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "sriov/host.h"
#include "sriov/conf.h"
#include "svec.h"
#include "util.h"

static struct howto_file *
add_file(struct howto *h, const char *name)
{
    struct howto_file *file;

    if (h->n_files >= h->allocated_files) {
        h->files = x2nrealloc(h->files, &h->allocated_files,
                              sizeof *h->files);
    }
    file = &h->files[h->n_files++];
    file->name = xstrdup(name);
    file->n_items = 0;
    return file;
}

/* Splits the text of a file, which it changes, into lines, of which those that
 * end in a backslash go on in the next one. */
struct lines {
    char *next;                 /* Text that was not read yet. */
    unsigned int n;             /* Lines that were. */
    struct ds line;
    unsigned int at;            /* Where 'line' begins. */
};

static bool
next_line(struct lines *lines)
{
    bool more = true;

    ds_clear(&lines->line);
    lines->at = lines->n + 1;
    while (more) {
        char *s = lines->next ? strsep(&lines->next, "\n") : NULL;
        size_t n = s ? strlen(s) : 0;

        if (!s) {
            return lines->line.length > 0;
        }
        lines->n++;
        more = n && s[n - 1] == '\\';
        ds_put_buffer(&lines->line, s, more ? n - 1 : n);
    }
    return true;
}

/* udev's rules. */

/* KEY{ATTR}OP"VALUE" */
struct token {
    char *key, *attr, *op, *value;
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
    start = s;
    s += strspn(s, "=!+-:");
    token->op = xmemdup0(start, s - start);
    s += strspn(s, " \t");
    if (*s == 'e' && s[1] == '"') {
        s++;                    /* e"..." has escapes that do not matter. */
    }
    if (*s == '"') {
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

static struct howto_rule *
add_rule(struct howto *h, enum howto_kind kind, const char *file,
         unsigned int line, const char *pci, const char *value)
{
    struct howto_rule *rule;

    if (h->n_rules >= h->allocated_rules) {
        h->rules = x2nrealloc(h->rules, &h->allocated_rules,
                              sizeof *h->rules);
    }
    rule = &h->rules[h->n_rules++];
    memset(rule, 0, sizeof *rule);
    rule->kind = kind;
    rule->file = xstrdup(file);
    rule->line = line;
    rule->pci = nullable_xstrdup(pci);
    rule->value = xstrdup(value);
    return rule;
}

/* Adds what the commands in 'run' do. */
static void
parse_run(struct howto *h, const char *file, unsigned int line,
          const char *run)
{
    char address[64], word[64];
    const char *p;
    char *pci;
    int n;

    for (p = run; (p = strstr(p, "eswitch set pci/")); p++) {
        if (ovs_scan(p, "eswitch set pci/%63s mode %63[a-z]", address, word)
            && host_pci_address(address, &pci)) {
            add_rule(h, HOWTO_MODE, file, line, pci, word);
            free(pci);
        }
    }
    for (p = run; (p = strstr(p, "echo ")); p++) {
        n = -1;
        if (ovs_scan(p, "echo %63[0-9]%*[> ]/sys/bus/pci/devices/%63[^/]"
                     "/sriov_numvfs%n", word, address, &n) && n > 0
            && host_pci_address(address, &pci)) {
            add_rule(h, HOWTO_VFS, file, line, pci, word);
            free(pci);
        } else if (ovs_scan(p, "echo %63[0-9]%*[> ]/sys/class/net/%63[^/]"
                            "/device/sriov_numvfs%n", word, address, &n)
                   && n > 0) {
            add_rule(h, HOWTO_VFS, file, line, NULL, word)->netdev
                = xstrdup(address);
        }
    }
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

static bool
ends_in(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);

    return n >= m && !strcmp(s + n - m, end);
}

/* Adds what the rule in 'line' does. */
static void
parse_rule(struct howto *h, const char *file, unsigned int at,
           const char *line)
{
    char *pci = NULL, *switch_id = NULL, *port = NULL;
    char *vfs = NULL, *name = NULL;
    bool for_ports = false;
    size_t first = h->n_rules;
    struct token t;

    while (next_token(&line, &t)) {
        const char *attr = t.attr ? t.attr : "";
        bool match = !strcmp(t.op, "==");
        bool assign = !strcmp(t.op, "=") || !strcmp(t.op, ":=");

        if (match && (!strcmp(t.key, "KERNELS") || !strcmp(t.key, "KERNEL"))) {
            free(pci);
            if (!host_pci_address(t.value, &pci)) {
                pci = NULL;
            }
        } else if (!strncmp(t.key, "ATTR", 4)
                   && !strcmp(attr, "phys_switch_id") && match) {
            free(switch_id);
            switch_id = xstrdup(t.value);
        } else if (!strncmp(t.key, "ATTR", 4)
                   && !strcmp(attr, "phys_port_name")) {
            for_ports = true;
            if (match && t.value[0] == 'p'
                && isdigit((unsigned char) t.value[1])) {
                free(port);
                port = xstrdup(t.value);
            }
        } else if (!strcmp(t.key, "ATTR") && ends_in(attr, "sriov_numvfs")
                   && assign) {
            free(vfs);
            vfs = xstrdup(t.value);
        } else if (!strcmp(t.key, "NAME") && assign) {
            free(name);
            name = template_from_name(t.value);
        } else if (!strcmp(t.key, "RUN") || !strcmp(t.key, "PROGRAM")) {
            parse_run(h, file, at, t.value);
        }
        token_uninit(&t);
    }
    if (vfs) {
        add_rule(h, HOWTO_VFS, file, at, pci, vfs);
    }
    if (name && *name && (for_ports || switch_id) && strstr(name, "{port}")) {
        add_rule(h, HOWTO_NAMES, file, at, pci, name);
    }
    for (size_t i = first; i < h->n_rules; i++) {
        h->rules[i].switch_id = nullable_xstrdup(switch_id);
        h->rules[i].port = nullable_xstrdup(port);
    }
    free(pci);
    free(switch_id);
    free(port);
    free(vfs);
    free(name);
}

static void
read_rules(struct howto *h, const char *root, const char *file)
{
    char *text = host_read_file("%s%s", root, file);
    struct lines lines = { .next = text, .line = DS_EMPTY_INITIALIZER };
    struct howto_file *f = add_file(h, file);

    while (next_line(&lines)) {
        const char *line = ds_cstr(&lines.line);

        line += strspn(line, " \t");
        if (*line && *line != '#') {
            f->n_items++;
            parse_rule(h, file, lines.at, line);
        }
    }
    ds_destroy(&lines.line);
    free(text);
}

/* ifupdown's interfaces. */

static struct howto_stanza *
add_stanza(struct howto *h, const char *file, unsigned int line,
           const char *name)
{
    struct howto_stanza *stanza;

    if (h->n_stanzas >= h->allocated_stanzas) {
        h->stanzas = x2nrealloc(h->stanzas, &h->allocated_stanzas,
                                sizeof *h->stanzas);
    }
    stanza = xmalloc(sizeof *stanza);
    h->stanzas[h->n_stanzas++] = stanza;
    stanza->file = xstrdup(file);
    stanza->line = line;
    stanza->name = xstrdup(name);
    smap_init(&stanza->options);
    return stanza;
}

static void
read_interfaces(struct howto *h, const char *root, const char *file)
{
    char *text = host_read_file("%s%s", root, file);
    struct lines lines = { .next = text, .line = DS_EMPTY_INITIALIZER };
    struct howto_file *f = add_file(h, file);
    struct howto_stanza *stanza = NULL;

    while (next_line(&lines)) {
        char *rest = ds_cstr(&lines.line);
        char *word;

        rest += strspn(rest, " \t");
        if (!*rest || *rest == '#') {
            continue;
        }
        word = strsep(&rest, " \t");
        rest = rest ? rest + strspn(rest, " \t") : "";
        if (!strcmp(word, "iface")) {
            f->n_items++;
            stanza = add_stanza(h, file, lines.at, strsep(&rest, " \t"));
        } else if (!strcmp(word, "auto") || !strncmp(word, "allow-", 6)
                   || !strcmp(word, "no-auto-down")
                   || !strcmp(word, "no-scripts")) {
            stanza = NULL;
        } else if (!strncmp(word, "source", 6)
                   || !strcmp(word, "mapping")) {
            f->n_items++;       /* Something that we do not know. */
            stanza = NULL;
        } else if (stanza) {
            smap_replace(&stanza->options, word, rest);
        }
    }
    ds_destroy(&lines.line);
    free(text);
}

/* ovs-ctl. */

static void
read_ovs_ctl(struct howto *h, const char *root, const char *file)
{
    char *text = host_read_file("%s%s", root, file);
    struct lines lines = { .next = text, .line = DS_EMPTY_INITIALIZER };

    while (next_line(&lines)) {
        const char *line = ds_cstr(&lines.line);

        line += strspn(line, " \t");
        if (*line != '#'
            && (strstr(line, "other_config:hw-offload=")
                || strstr(line, "other_config:tc-policy=")
                || strstr(line, "other_config:lacp-fallback-ab="))) {
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
    ds_destroy(&lines.line);
    free(text);
}

/* Calls 'read' for each file in the folder 'folder' below 'root' whose name
 * ends in 'suffix', sorted. */
static void
read_folder(struct howto *h, const char *root, const char *folder,
            const char *suffix,
            void (*read)(struct howto *, const char *root, const char *file))
{
    struct svec names = SVEC_EMPTY_INITIALIZER;
    const char *name;
    size_t i;

    host_read_folder(&names, "%s%s", root, folder);
    SVEC_FOR_EACH (i, name, &names) {
        if (ends_in(name, suffix) && !ends_in(name, "~")) {
            char *file = xasprintf("%s/%s", folder, name);

            read(h, root, file);
            free(file);
        }
    }
    svec_destroy(&names);
}

/* Stores in '*h', which the caller must destroy, what there is below 'root',
 * which is "" but in tests. */
void
howto_read(struct howto *h, const char *root)
{
    memset(h, 0, sizeof *h);
    read_folder(h, root, "/etc/udev/rules.d", ".rules", read_rules);
    read_interfaces(h, root, "/etc/network/interfaces");
    read_folder(h, root, "/etc/network/interfaces.d", "", read_interfaces);
    read_ovs_ctl(h, root, "/usr/share/openvswitch/scripts/ovs-ctl");
}

void
howto_destroy(struct howto *h)
{
    for (size_t i = 0; i < h->n_rules; i++) {
        struct howto_rule *rule = &h->rules[i];

        free(rule->file);
        free(rule->pci);
        free(rule->netdev);
        free(rule->switch_id);
        free(rule->port);
        free(rule->value);
    }
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
        free(h->files[i].name);
    }
    free(h->rules);
    free(h->stanzas);
    free(h->settings);
    free(h->files);
}

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

/* See leftovers-shell.h for where this stands, and devlink-dev(8),
 * ip-link(8). */

#include <config.h>
#include "sriov/leftovers-shell.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "sriov/conf.h"
#include "sriov/host.h"
#include "svec.h"
#include "util.h"

/* A simple command. */
struct command {
    struct svec words;
    char *target;               /* What its output is written to, or NULL. */
    char *input;                /* What is piped into it, if known. */
    char *here;                 /* Where its "<<" ends, or NULL. */
    bool reads;                 /* It has a "<". */
    bool unknown;               /* Something in it cannot be known. */
    char after;                 /* Operator: ';', '|', '&' (and), 'o' (or). */
};

static void
command_uninit(struct command *command)
{
    svec_destroy(&command->words);
    free(command->target);
    free(command->input);
    free(command->here);
}

/* Splitting. */

/* Appends the value of the variable at '*p', which begins with "$".  Returns
 * false if it is not known. */
static bool
read_variable(const char **p, const struct smap *vars, struct ds *word)
{
    const char *s = *p + 1;
    bool braces = *s == '{';
    size_t n;

    s += braces;
    n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
               "0123456789");
    if (!braces && isdigit((unsigned char) *s)) {
        n = 1;                  /* "$10" is "$1" and "0". */
    }
    if (!n || (braces && s[n] != '}')) {
        ds_put_char(word, '$');
        *p += 1;
        return false;
    }

    char *name = xmemdup0(s, n);
    const char *value = smap_get(vars, name);

    ds_put_cstr(word, value ? value : "$");
    if (!value) {
        ds_put_cstr(word, name);
    }
    free(name);
    *p = s + n + braces;
    return value != NULL;
}

/* Appends to 'word' the word at '*p', and moves '*p' past it.  Returns false
 * if it has something that cannot be known. */
static bool
read_word(const char **p, const struct smap *vars, struct ds *word)
{
    const char *s = *p;
    bool known = true;
    char quote = '\0';

    while (*s && (quote || !strchr(" \t\n;|&<>", *s))) {
        if (quote && *s == quote) {
            quote = '\0';
            s++;
        } else if (!quote && (*s == '\'' || *s == '"')) {
            quote = *s++;
        } else if (quote != '\'' && *s == '\\' && s[1]) {
            if (quote && !strchr("\"\\$`", s[1])) {
                ds_put_char(word, *s);
            }
            ds_put_char(word, s[1]);
            s += 2;
        } else if (quote != '\'' && *s == '$') {
            known &= read_variable(&s, vars, word);
        } else {
            known &= quote == '\'' || !strchr("`(){}", *s);
            ds_put_char(word, *s++);
        }
    }
    *p = s;
    return known && !quote;
}

/* Reads the operator at '*p' into 'command'.  Returns true if it ends that. */
static bool
read_operator(const char **p, const struct smap *vars, struct command *command,
              bool is_error)
{
    const char *s = *p;
    struct ds word = DS_EMPTY_INITIALIZER;

    if (*s == '<' || *s == '>') {
        bool out = *s == '>';
        bool here = !out && s[1] == '<' && s[2] != '<';

        command->reads |= !out;
        command->unknown |= !out;
        s += s[1] == '>' ? 2 : here ? 2 + (s[2] == '-') : 1;
        if (*s == '&') {
            s++;
        }
        s += strspn(s, " \t");
        command->unknown |= !read_word(&s, vars, &word);
        if (here) {
            free(command->here);
            command->here = xstrdup(ds_cstr(&word));
        } else if (out && !is_error && strcmp(ds_cstr(&word), "/dev/null")
            && strcmp(ds_cstr(&word), "2")) {
            free(command->target);
            command->target = xstrdup(ds_cstr(&word));
        }
        ds_destroy(&word);
        *p = s;
        return false;
    }
    command->after = (s[0] == '&' && s[1] == '&' ? '&'
                      : s[0] == '|' && s[1] == '|' ? 'o'
                      : s[0] == '|' ? '|' : ';');
    *p = s + (strchr("&o", command->after) ? 2 : 1);
    return true;
}

/* Stores in '*command', which the caller must uninit, the one at '*p', and
 * moves '*p' past it.  Returns false if there is none. */
static bool
next_command(const char **p, const struct smap *vars, struct command *command)
{
    const char *s = *p;
    bool end = false;

    memset(command, 0, sizeof *command);
    svec_init(&command->words);
    command->after = ';';
    while (!end) {
        struct ds word = DS_EMPTY_INITIALIZER;

        s += strspn(s, " \t");
        if (!*s || *s == '#') {
            s += strcspn(s, "\n");
            end = !*s || command->words.n;
            s += !end;
        } else if (strchr("\n;|&<>", *s)) {
            end = read_operator(&s, vars, command, false);
        } else if (isdigit((unsigned char) *s) && s[1] == '>') {
            bool is_error = *s++ != '1';

            end = read_operator(&s, vars, command, is_error);
        } else {
            command->unknown |= !read_word(&s, vars, &word);
            svec_add(&command->words, ds_cstr(&word));
        }
        ds_destroy(&word);
    }

    bool any = *s || command->words.n || command->target;
    *p = s;
    if (!any) {
        command_uninit(command);
    }
    return any;
}

/* What commands are about. */

static const char *
last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* Adds to 'conds' what makes a PF the device 'name', a 'what'. */
static bool
add_device(const struct howto_shell *shell, enum howto_what what,
           const char *name, struct howto_conds *conds)
{
    char *pci;

    if (!strcmp(name, HOWTO_SELF)) {
        for (size_t i = 0; shell->self && i < shell->self->n; i++) {
            const struct howto_cond *cond = &shell->self->array[i];

            howto_add_cond(conds, cond->what, cond->negate, cond->pattern);
        }
        return shell->self != NULL;
    }
    if (!*name || strpbrk(name, "*?[]$%@|")) {
        return false;
    }
    if (what == HOWTO_PCI) {
        if (!host_pci_address(name, &pci)) {
            return false;
        }
        free(pci);
    }
    howto_add_cond(conds, what, false, name);
    return true;
}

/* Returns true if 'path' is a sriov_numvfs, of the device in 'conds'. */
static bool
parse_numvfs(const struct howto_shell *shell, const char *path,
             struct howto_conds *conds)
{
    struct svec parts = SVEC_EMPTY_INITIALIZER;
    bool ok = false;

    howto_split(&parts, path, "/");
    size_t n = parts.n;
    const char *last = n ? parts.names[n - 1] : "";
    if (n >= 3 && !strcmp(parts.names[0], "sys")
        && (!strcmp(last, "sriov_numvfs") || !strcmp(last, "mlx5_num_vfs"))) {
        const char *name = parts.names[n - 2];

        if (strcmp(name, "device")) {
            ok = add_device(shell, HOWTO_PCI, name, conds);
        } else if (n == 4) {
            ok = (!strcmp(parts.names[1], HOWTO_SELF)
                  && add_device(shell, HOWTO_PCI, HOWTO_SELF, conds));
        } else if (!strcmp(parts.names[n - 4], "net")) {
            ok = add_device(shell, HOWTO_NETDEV, parts.names[n - 3], conds);
        } else if (!strcmp(parts.names[n - 4], "infiniband")) {
            ok = add_device(shell, HOWTO_RDMA, parts.names[n - 3], conds);
        }
    }
    svec_destroy(&parts);
    return ok;
}

/* Single commands.  Each returns true if it was understood whole. */

static void
add_rule(struct howto_shell *shell, enum howto_kind kind,
         const struct howto_conds *conds, const char *value)
{
    struct howto_file *file = &shell->h->files[shell->h->at];

    if (!shell->down) {
        howto_add_rule(shell->h, kind, conds, value);
    }
    file->items[file->n_items - 1].ours = true;
}

/* Writing 'value' to 'path'. */
static bool
do_write(struct howto_shell *shell, const char *path, const char *value)
{
    struct howto_conds conds = { .n = 0 };
    bool ok = (value && howto_is_number(value)
               && parse_numvfs(shell, path, &conds));

    if (ok) {
        add_rule(shell, HOWTO_VFS, &conds, value);
    }
    howto_conds_destroy(&conds);
    return ok;
}

/* Returns the index of the first of 'words' that is no option. */
static size_t
skip_options(const struct svec *words)
{
    size_t i = 1;

    while (i < words->n && words->names[i][0] == '-') {
        i++;
    }
    return i;
}

/* Returns the one word that 'command', an echo or printf, writes, which the
 * caller must free, or NULL if it is more or less than one. */
static char *
written_by(const struct command *command, bool is_printf)
{
    const struct svec *words = &command->words;
    size_t i = skip_options(words);
    char *format;

    if (i + 1 == words->n && !is_printf) {
        return xstrdup(words->names[i]);
    } else if (i >= words->n || !is_printf) {
        return NULL;
    }

    format = xstrdup(words->names[i]);
    if (howto_ends_in(format, "\\n")) {
        format[strlen(format) - 2] = '\0';
    }
    if (i + 1 < words->n) {
        bool one = (i + 2 == words->n
                    && (!strcmp(format, "%s") || !strcmp(format, "%d")));

        free(format);
        return one ? xstrdup(words->names[i + 1]) : NULL;
    }
    return format;
}

static bool
do_echo(struct howto_shell *shell, const struct command *command,
        bool is_printf)
{
    char *value;
    bool ok;

    if (!command->target) {
        return true;
    }
    value = written_by(command, is_printf);
    ok = do_write(shell, command->target, value);
    free(value);
    return ok;
}

/* tee [-a] FILE, with what is piped into it. */
static bool
do_tee(struct howto_shell *shell, const struct command *command)
{
    const struct svec *words = &command->words;
    size_t i = skip_options(words);

    return (i + 1 == words->n
            && do_write(shell, words->names[i], command->input));
}

/* Says in 'h' that 'command' was not understood. */
static void
doubt_command(struct howto *h, const struct command *command)
{
    char *all = svec_join(&command->words, " ", "");

    howto_doubt(h, "\"%.60s%s\"%s%.60s", all, strlen(all) > 60 ? "..." : "",
                command->target ? " to " : "",
                command->target ? command->target : "");
    free(all);
}

/* devlink [OPTION...] dev eswitch set DEV KEY VALUE... */
static bool
do_eswitch(struct howto_shell *shell, const struct svec *words, size_t i,
           const struct howto_conds *conds)
{
    bool ok = i < words->n;

    for (; i < words->n; i += 2) {
        const char *value = i + 1 < words->n ? words->names[i + 1] : "";

        if (!strcmp(words->names[i], "mode")
            && (!strcmp(value, "switchdev") || !strcmp(value, "legacy"))) {
            add_rule(shell, HOWTO_MODE, conds, value);
        } else {
            /* inline-mode and encap-mode: sriov.conf has no such keys, and no
             * mode but two. */
            bool mode = !strcmp(words->names[i], "mode");

            howto_doubt(shell->h, "sriov.conf has no %s%s%.60s",
                        words->names[i], mode ? " " : "", mode ? value : "");
            ok = false;
        }
    }
    return ok;
}

/* devlink [OPTION...] dev param set DEV name N value V cmode C */
static bool
do_param(struct howto_shell *shell, const struct svec *words, size_t i,
         const struct howto_conds *conds)
{
    const char *name = "", *value = "", *cmode = "";

    for (; i + 1 < words->n; i += 2) {
        const char *key = words->names[i];

        *(!strcmp(key, "name") ? &name : !strcmp(key, "value") ? &value
          : &cmode) = words->names[i + 1];
    }
    if (strcmp(cmode, "runtime")) {
        return false;
    } else if (!strcmp(name, "flow_steering_mode")) {
        add_rule(shell, HOWTO_STEERING, conds, value);
        return true;
    } else if (!strcmp(name, "esw_multiport")) {
        bool on = !strcmp(value, "true") || !strcmp(value, "1");

        add_rule(shell, HOWTO_MULTIPORT, conds, on ? "on" : "off");
        return true;
    }
    return false;
}

static bool
do_devlink(struct howto_shell *shell, const struct svec *words)
{
    struct howto_conds conds = { .n = 0 };
    bool ok = false;
    size_t i = skip_options(words);

    if (i + 4 < words->n && !strcmp(words->names[i], "dev")
        && !strcmp(words->names[i + 2], "set")
        && !strncmp(words->names[i + 3], "pci/", 4)
        && add_device(shell, HOWTO_PCI, words->names[i + 3] + 4, &conds)) {
        const char *what = words->names[i + 1];

        ok = (!strcmp(what, "eswitch") || !strcmp(what, "esw")
              ? do_eswitch(shell, words, i + 4, &conds)
              : !strcmp(what, "param")
              ? do_param(shell, words, i + 4, &conds) : false);
    }
    howto_conds_destroy(&conds);
    return ok;
}

/* "ip link set DEV vf ...": such a VF is not closed while no VM has it, which
 * those with settings in sriov.conf are. */
static bool
do_ip(struct howto_shell *shell, const struct svec *words)
{
    if (svec_contains_unsorted(words, "vf")) {
        howto_doubt(shell->h, "it sets up a single VF; for VFs that VMs get, "
                    "sriov.conf has mac, vlan, rate and spoofchk in "
                    "[PCI-ADDRESS vf NUMBER]");
    }
    return false;
}

/* Returns true if 'word' is a value of other_config that is the default, or
 * does what that does. */
static bool
is_default_value(const char *word)
{
    static const char *const values[] = {
        "hw-offload=true", "tc-policy=skip_sw", "lacp-fallback-ab=true",
    };
    static const char column[] = "other_config:";
    bool is = false;

    for (size_t i = 0; i < ARRAY_SIZE(values)
         && !strncmp(word, column, strlen(column)); i++) {
        is |= !strcmp(word + strlen(column), values[i]);
    }
    return is;
}

/* ovs-vsctl [OPTION...] set Open_vSwitch . other_config:hw-offload=true, and
 * others with the right default, as a line of its own. */
static bool
do_vsctl(struct howto_shell *shell, const struct svec *words)
{
    struct howto_file *file = &shell->h->files[shell->h->at];
    size_t i = skip_options(words);
    bool ok = (i + 3 < words->n && !strcmp(words->names[i], "set")
               && !strcasecmp(words->names[i + 1], "Open_vSwitch")
               && !strcmp(words->names[i + 2], ".") && !shell->uncertain);

    for (i += 3; ok && i < words->n; i++) {
        ok = is_default_value(words->names[i]);
    }
    if (ok && !shell->down) {
        shell->h->sets_defaults = true;
        file->items[file->n_items - 1].ours = true;
    }
    return ok;
}

/* Returns the length of NAME if 'word' is NAME=VALUE or NAME+=VALUE, or 0. */
static size_t
name_length(const char *word)
{
    size_t n = strcspn(word, "=");

    if (!word[n] || !(isalpha((unsigned char) word[0]) || word[0] == '_')) {
        return 0;
    }
    return n - (word[n - 1] == '+');
}

/* Sets 'shell''s variable if 'word' is NAME=VALUE, and forgets it if that is
 * 'unknown', or adds to a value. */
static bool
do_assignment(struct howto_shell *shell, const char *word, bool unknown)
{
    size_t n = name_length(word);
    char *name = xmemdup0(word, n);

    if (n && word[n] == '=' && !unknown && !shell->uncertain) {
        smap_replace(&shell->vars, name, word + n + 1);
    } else if (n) {
        smap_remove(&shell->vars, name);
    }
    free(name);
    return n > 0;
}

/* Sets variables if 'words' are nothing but NAME=VALUE: several are forgotten,
 * as one may have another in it.  Returns false if they are more. */
static bool
do_assignments(struct howto_shell *shell, const struct svec *words,
               bool unknown)
{
    const char *word;
    size_t i;

    SVEC_FOR_EACH (i, word, words) {
        if (!name_length(word)) {
            return false;
        }
    }
    SVEC_FOR_EACH (i, word, words) {
        do_assignment(shell, word, unknown || words->n > 1);
    }
    return true;
}

/* Forgets "$1" and the like. */
static void
forget_arguments(struct smap *vars)
{
    for (char name[2] = "1"; name[0] <= '9'; name[0]++) {
        smap_remove(vars, name);
    }
}

/* Forgets the variable that 'word', of "read", "let" and the like, begins
 * with. */
static void
forget_variable(struct smap *vars, const char *word)
{
    char *name = xmemdup0(word, strcspn(word, "=+-*/"));

    smap_remove(vars, name);
    free(name);
}

/* Commands that change variables: "export", "read", "shift" and the like, also
 * behind "IFS=:".  Returns true if 'words' are one of them that is understood
 * thereby. */
static bool
do_builtin(struct howto_shell *shell, const struct svec *words, bool unknown)
{
    static const char *const sets[] = { "export", "local", "readonly",
                                        "declare", "typeset" };
    static const char *const forgets[] = { "read", "unset", "for", "let",
                                           "getopts", "mapfile",
                                           "readarray" };
    size_t first = 0;
    const char *name;

    while (first + 1 < words->n && name_length(words->names[first])) {
        first++;
    }
    name = words->names[first++];
    for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
        for (size_t j = first; !strcmp(name, sets[i]) && j < words->n; j++) {
            do_assignment(shell, words->names[j], unknown);
        }
        if (!strcmp(name, sets[i])) {
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(forgets); i++) {
        for (size_t j = first; !strcmp(name, forgets[i]) && j < words->n;
             j++) {
            forget_variable(&shell->vars, words->names[j]);
        }
    }
    if (!strcmp(name, "printf") && first + 1 < words->n
        && !strcmp(words->names[first], "-v")) {
        forget_variable(&shell->vars, words->names[first + 1]);
    } else if (!strcmp(name, "eval") || !strncmp(name, "((", 2)) {
        smap_clear(&shell->vars);
    } else if (!strcmp(name, "shift") || (!strcmp(name, "set")
                                          && svec_contains_unsorted(words,
                                                                    "--"))) {
        forget_arguments(&shell->vars);
    }
    return false;
}

/* Returns true if 'path' is a program of a package, and not what somebody wrote
 * here, even if it is a script. */
static bool
is_program(const char *path)
{
    static const char *const folders[] = { "/bin/", "/sbin/", "/lib/",
                                           "/share/" };

    path += strncmp(path, "/usr/", 5) ? 0 : 4;
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        if (!strncmp(path, folders[i], strlen(folders[i]))) {
            return strncmp(path, "/lib/udev/", 10) != 0;
        }
    }
    return false;
}

/* Returns true if 'path' may be read as a script: not again within itself, and
 * not without end. */
static bool
may_read(const struct howto_shell *shell, const char *path)
{
    enum { MAX_FILES = 4096 };

    for (; shell; shell = shell->caller) {
        if ((shell->script && !strcmp(shell->script, path))
            || shell->h->n_files >= MAX_FILES) {
            return false;
        }
    }
    return *path == '/';
}

/* Returns the text of 'path' if it is a script of a shell, or, with
 * 'of_shell', has no "#!" that says what it is a script of.  The caller must
 * free it.  NULL: it is none. */
static char *
read_script(const struct howto_shell *shell, const char *path, bool of_shell)
{
    char *text = (may_read(shell, path)
                  ? howto_read_file(shell->h->root, path) : NULL);

    if (text && !strncmp(text, "#!", 2)) {
        char *program = xmemdup0(text, strcspn(text, "\n"));

        of_shell = strstr(program, "sh") != NULL;
        free(program);
    }
    if (!of_shell) {
        free(text);
        text = NULL;
    }
    return text;
}

/* Reads the script that 'words' from 'i' on call, with its arguments, or,
 * with 'same', as a part of what is being read.  A program of a package is
 * none, but may be such a part.  Returns true if it was understood whole.
 * Stores in '*found' whether there is one. */
static bool
do_script(struct howto_shell *shell, const struct svec *words, size_t i,
          bool of_shell, bool same, bool *found)
{
    struct howto *h = shell->h;
    const char *path = i < words->n ? words->names[i] : "";
    char *text = (same || !is_program(path)
                  ? read_script(shell, path, of_shell) : NULL);
    struct howto_shell inner = { .h = h, .self = shell->self,
                                 .down = shell->down,
                                 .uncertain = shell->uncertain,
                                 .caller = shell, .script = path };
    struct howto_lines lines = { .text = text, .next = text };

    *found = text != NULL;
    if (!text) {
        return false;
    }

    size_t before = howto_begin_file(h, path, "line");
    bool any = false, whole = true;
    smap_clone(&inner.vars, &shell->vars);
    if (!same) {
        forget_arguments(&inner.vars);
        for (size_t j = 1; j <= 9 && i + j < words->n; j++) {
            char name[2] = { '0' + j, '\0' };

            smap_replace(&inner.vars, name, words->names[i + j]);
        }
    }
    howto_run_lines(&inner, &lines);
    for (size_t j = 0; j < h->files[h->at].n_items; j++) {
        const struct howto_item *item = &h->files[h->at].items[j];

        any |= item->ours;
        whole &= !item->doubt;
    }
    if (same) {
        smap_destroy(&shell->vars);
        smap_clone(&shell->vars, &inner.vars);
        shell->may_have_ended |= inner.may_have_ended || inner.ended;
    }
    smap_destroy(&inner.vars);
    h->at = before;
    if (any) {
        struct howto_file *f = &h->files[h->at];

        f->items[f->n_items - 1].ours = true;
    }
    return whole;
}

/* Notes that 'words' have to do with SR-IOV if one of them is a file, in any
 * language, that has: it is needed.  Of what is in it nothing is said if it is
 * a program of a package. */
static void
look_into_files(struct howto_shell *shell, const struct svec *words)
{
    struct howto *h = shell->h;
    const char *path;
    size_t i;

    SVEC_FOR_EACH (i, path, words) {
        unsigned int line = (may_read(shell, path)
                             ? howto_find_mention(h->root, path) : 0);
        size_t before = h->at;

        if (line && !is_program(path)) {
            howto_read_by_hand(h, path);
            h->at = before;
        }
        if (line) {
            struct howto_file *f = &h->files[h->at];

            howto_doubt(h, "it runs %s, line %u of which has to do with "
                        "SR-IOV", path, line);
            f->items[f->n_items - 1].ours = true;
        }
    }
}

/* Returns true if 'module' is the driver of NICs with SR-IOV, which udev loads
 * by itself. */
static bool
is_nic_module(const char *module)
{
    static const char *const names[] = {
        "mlx4_core", "mlx4_en", "mlx5_core", "mlx5_ib", "ice", "i40e",
        "ixgbe", "igb", "bnxt_en", "nfp", "sfc", "qede", "cxgb4", "be2net",
        "enic", "hns3", "ionic",
    };

    return howto_is_one_of(module, names, ARRAY_SIZE(names));
}

/* Returns true if 'name' is a command that does nothing which matters. */
static bool
is_harmless(const char *name, const struct svec *words)
{
    static const char *const names[] = {
        "sleep", "true", ":", "exit", "set", "logger", "udevadm",
    };

    /* The module turns hw-tc-offload on. */
    return (howto_is_one_of(name, names, ARRAY_SIZE(names))
            || (!strcmp(name, "modprobe") && words->n == 2
                && is_nic_module(words->names[1]))
            || (!strcmp(name, "ethtool") && words->n == 5
            && !strcmp(words->names[1], "-K")
            && !strcmp(words->names[3], "hw-tc-offload")
            && !strcmp(words->names[4], "on")));
}

/* Returns +1 if 'word' begins something that runs on a condition or more than
 * once, -1 if it ends that, 1000 if it goes on with it, 0 otherwise. */
static int
structure_of(const char *word)
{
    static const char *const begin[] = { "if", "for", "while", "until",
                                         "case", "select" };
    static const char *const end[] = { "fi", "done", "esac" };
    static const char *const inside[] = { "then", "else", "elif", "do", "(" };

    return (howto_is_one_of(word, begin, ARRAY_SIZE(begin)) ? 1
            : howto_is_one_of(word, end, ARRAY_SIZE(end)) ? -1
            : howto_is_one_of(word, inside, ARRAY_SIZE(inside)) ? 1000 : 0);
}

/* Returns true if it does not matter where the output goes. */
static bool
has_harmless_output(const struct command *command)
{
    return !command->target || !strncmp(command->target, "/var/log/", 9);
}

/* "sh -c TEXT" and "sh FILE", of any shell, of which 'name' is the name. */
static bool
do_shell(struct howto_shell *shell, const struct command *command)
{
    const struct svec *words = &command->words;
    size_t i = skip_options(words);
    bool found;

    if (i > 1 && howto_ends_in(words->names[i - 1], "c") && i < words->n) {
        struct howto_shell before = *shell;

        shell->no_shell = false;
        howto_run(shell, words->names[i]);
        shell->no_shell = before.no_shell;
        shell->ended = before.ended;
        return (i == 2 && i + 1 == words->n
                && has_harmless_output(command));
    }
    bool whole = do_script(shell, words, i, true, false, &found);
    if (!found) {
        look_into_files(shell, words);
    }
    return whole && has_harmless_output(command);
}

static bool
is_shell(const char *name)
{
    return (!strcmp(name, "sh") || !strcmp(name, "bash")
            || !strcmp(name, "dash") || !strcmp(name, "ksh")
            || !strcmp(name, "zsh"));
}

/* A command that is none of those that are known: a script of its own, or
 * something else. */
static bool
do_other(struct howto_shell *shell, const struct svec *words)
{
    bool same = !strcmp(words->names[0], ".")
                || !strcmp(words->names[0], "source");
    bool found;
    bool whole = do_script(shell, words, same, same, same, &found);

    if (!found && same) {
        smap_clear(&shell->vars); /* It may set any of them. */
    }
    if (!found) {
        look_into_files(shell, words);
    }
    return found && whole;
}

static bool
do_command(struct howto_shell *shell, struct command *command)
{
    struct svec *words = &command->words;
    const char *name;

    while (words->n > 1 && (!strcmp(words->names[0], "sudo")
                            || !strcmp(words->names[0], "exec")
                            || !strcmp(words->names[0], "{")
                            || (structure_of(words->names[0]) > 0
                                && strcmp(words->names[0], "for")))) {
        free(words->names[0]);
        memmove(words->names, words->names + 1,
                --words->n * sizeof *words->names);
    }
    if (!words->n) {
        return !command->target;
    }
    name = last_part(words->names[0]);
    if (do_assignments(shell, words, command->unknown)) {
        return true;
    } else if (do_builtin(shell, words, command->unknown)) {
        return !command->unknown && !command->target;
    } else if (command->unknown) {
        look_into_files(shell, words);
        return false;
    } else if (is_shell(name)) {
        return do_shell(shell, command);
    } else if (!strcmp(name, "echo") || !strcmp(name, "printf")) {
        return do_echo(shell, command, !strcmp(name, "printf"));
    } else if (!has_harmless_output(command)) {
        look_into_files(shell, words);
        return false;
    } else if (!strcmp(name, "tee")) {
        return do_tee(shell, command);
    } else if (!strcmp(name, "devlink")) {
        return do_devlink(shell, words);
    } else if (!strcmp(name, "ip")) {
        return do_ip(shell, words);
    } else if (!strcmp(name, "ovs-vsctl") && do_vsctl(shell, words)) {
        return true;
    } else if (is_harmless(name, words)) {
        return true;
    }
    return do_other(shell, words);
}

/* Returns true if 'words' begin what is in "{ }", also as "NAME(){". */
static bool
begins_braces(const struct svec *words)
{
    const char *word;
    size_t i;

    SVEC_FOR_EACH (i, word, words) {
        if (!strcmp(word, "{") || howto_ends_in(word, "(){")) {
            return true;
        }
    }
    return false;
}

/* Returns how many more "(" than ")" are in 's', which may be NULL. */
static int
count_parentheses(const char *s)
{
    int n = 0;

    for (; s && *s; s++) {
        n += (*s == '(') - (*s == ')');
    }
    return n;
}

/* Takes account of what 'command' begins or ends of "( )", but not in "case",
 * whose patterns have a ")", too.  Returns true if it stands within one. */
static bool
take_subshell(struct howto_shell *shell, const struct command *command)
{
    const struct svec *words = &command->words;
    const char *first = words->n ? words->names[0] : "";
    int n = shell->subshells;
    const char *word;
    size_t i;

    if (!n && (first[0] != '(' || first[1] == '(')) {
        return false;
    }
    SVEC_FOR_EACH (i, word, words) {
        n += count_parentheses(word);
    }
    n += count_parentheses(command->target);
    if (!shell->depth) {
        shell->subshells = MAX(n, 0);
    }
    return true;
}

/* Takes account of what 'command' begins or ends: "if" and the like, "{", "(".
 * Returns true if it stands within one of them. */
static bool
take_structure(struct howto_shell *shell, const struct command *command,
               int structure)
{
    const struct svec *words = &command->words;
    const char *first = words->n ? words->names[0] : "";
    bool inside = shell->depth || shell->braces || structure;

    inside |= take_subshell(shell, command);
    if (structure == 1 || structure == -1) {
        shell->depth = (structure > 0 ? shell->depth + 1
                        : shell->depth ? shell->depth - 1 : 0);
    }
    if (begins_braces(words)) {
        shell->braces++;
        inside = true;
    } else if (!strcmp(first, "}") && shell->braces) {
        shell->braces--;
    }
    return inside;
}

/* Drops the rules that were added after there were 'n_rules', since what adds
 * them may not run: what is said of them cannot be deleted. */
static void
drop_uncertain(struct howto *h, size_t n_rules)
{
    struct howto_file *f = &h->files[h->at];

    f->items[f->n_items - 1].ours |= h->n_rules > n_rules;
    howto_doubt(h, "it depends on what was not understood");
    for (size_t i = n_rules; i < h->n_rules; i++) {
        const struct howto_rule *rule = &h->rules[i];
        struct howto_item *item = howto_find_item(h, rule->file, rule->line);

        if (item && !item->doubt) {
            item->doubt = xstrdup("what runs it was not understood");
        }
    }
    howto_drop_rules(h, n_rules);
}

/* Says why 'command' sets nothing where no shell reads it. */
static bool
has_no_shell(const struct howto_shell *shell, const struct command *command)
{
    if (shell->no_shell && (command->target || strchr("|&o", command->after)
                            || command->here)) {
        howto_doubt(shell->h, "no shell runs it, to which \">\", \"|\" and "
                    "\"&\" would be more than words");
        return true;
    }
    return false;
}

/* Takes account of what the command 'name' ends, if it runs, which is
 * 'uncertain' or depends on a command before it, with 'depends'. */
static void
take_end(struct howto_shell *shell, const char *name, bool uncertain,
         bool depends)
{
    if (!strcmp(name, "exit") || !strcmp(name, "exec")) {
        shell->may_have_ended |= uncertain;
        shell->ended = !uncertain && !depends;
    }
    /* bash goes on, but in a script that is a part of another. */
    shell->may_have_ended |= !strcmp(name, "return");
}

/* Returns true if all that 'command' does is to say something to who reads. */
static bool
only_says(const struct command *command)
{
    const struct svec *words = &command->words;
    const char *word;
    size_t i;

    SVEC_FOR_EACH (i, word, words) {
        if (strchr(word, '`') || strstr(word, "$(")) {
            return false;
        }
    }
    return (words->n && !strcmp(last_part(words->names[0]), "echo")
            && !command->target && !command->reads && command->after != '|');
}

/* Runs 'command', which stands behind the operator 'before' and, if that is
 * 'doubtful', depends on what is not known.  Returns true if it was understood
 * whole. */
static bool
run_command(struct howto_shell *shell, struct command *command, char before,
            bool doubtful)
{
    struct howto *h = shell->h;
    const char *first = command->words.n ? command->words.names[0] : "";
    int structure = structure_of(first);
    size_t n_rules = h->n_rules;
    bool inside = take_structure(shell, command, structure);
    bool uncertain = shell->uncertain;
    /* Without a command it is about where output goes. */
    bool is_exec = !strcmp(first, "exec") && command->words.n > 1;
    bool ok;

    shell->uncertain |= inside || doubtful || strchr("&o", before);
    ok = (structure == -1
          || (!has_no_shell(shell, command) && do_command(shell, command)));
    shell->uncertain = uncertain;
    /* Without "sudo" and "then" before it. */
    first = command->words.n ? command->words.names[0] : "";
    if (inside) {
        howto_doubt(h, shell->depth || structure
                    ? "it is in an \"if\" or a loop"
                    : "it is in a function, or in { }");
        ok = false;
    } else if (!ok) {
        doubt_command(h, command);
    }
    if (inside || doubtful) {
        drop_uncertain(h, n_rules);
    }
    take_end(shell, is_exec ? "exec" : !strcmp(first, "exec") ? "" : first,
             inside || doubtful, strchr("&o", before));
    return ok;
}

/* Reads 'text', as howto_run() does, or goes on with a command of the line
 * before it.  Puts into '*here', which the caller must free, where the text
 * ends that follows it, if it has a "<<".  Returns true if all that it does is
 * to say something to who reads. */
static bool
run_text(struct howto_shell *shell, const char *text, char **here)
{
    bool goes_on = shell->open;
    /* What comes depends on the unknown. */
    bool doubtful = (shell->may_have_ended
                     || (goes_on && shell->open_doubtful));
    char before = goes_on ? shell->open : ';'; /* Before the command. */
    struct command command;
    char *input = NULL;
    bool said = true;

    shell->open = '\0';
    while (!shell->ended && next_command(&text, &shell->vars, &command)) {
        bool ok;

        command.input = input;
        input = NULL;
        ok = run_command(shell, &command, before, doubtful);
        said &= only_says(&command);
        doubtful = (shell->may_have_ended
                    || ((!ok || doubtful) && strchr("&o", command.after)
                        && command.after));
        before = command.after ? command.after : ';';
        if (command.after == '|' && command.words.n) {
            const char *name = last_part(command.words.names[0]);

            input = written_by(&command, !strcmp(name, "printf"));
        }
        if (command.here) {
            free(*here);
            *here = xstrdup(command.here);
        }
        command_uninit(&command);
    }
    free(input);
    if (before != ';' && !shell->ended) {
        shell->open = before;
        shell->open_doubtful = doubtful;
    }
    if (goes_on || shell->open) {
        howto_doubt(shell->h, "it is but a part of a command, of several "
                    "lines");
    }
    return said;
}

void
howto_run(struct howto_shell *shell, const char *text)
{
    char *here = NULL;

    run_text(shell, text, &here);
    shell->open = '\0';
    free(here);
}

/* Returns the quote in which what comes after 'line' is, if 'line' begins in
 * 'quote', or '\0'. */
static char
quote_after(const char *line, char quote)
{
    for (; *line; line++) {
        if (*line == '\\' && quote != '\'' && line[1]) {
            line++;
        } else if (quote ? *line == quote : *line == '\'' || *line == '"') {
            quote = quote ? '\0' : *line;
        } else if (*line == '#' && !quote) {
            break;
        }
    }
    return quote;
}

void
howto_run_lines(struct howto_shell *shell, struct howto_lines *lines)
{
    struct howto *h = shell->h;
    char *here = NULL;          /* Where the text of "<<" ends. */

    while (howto_next_line(lines)) {
        const char *line = lines->line;

        if (shell->ended || !*line) {
            continue;
        } else if (here && !strcmp(line, here)) {
            free(here);
            here = NULL;
        } else if (here || shell->quote) {
            /* Text for a command, which is not known. */
            howto_begin_item(h, lines->at);
            howto_end_item(h, line);
        } else if (*line != '#') {
            howto_begin_item(h, lines->at);
            if (!run_text(shell, line, &here)) {
                howto_end_item(h, line);
            }
        }
        if (!here && *line != '#') {
            shell->quote = quote_after(line, shell->quote);
        }
    }
    free(here);
}

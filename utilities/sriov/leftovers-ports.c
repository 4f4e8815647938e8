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

/* Ports and members of the stanzas of interfaces(5): see leftovers.h for where
 * this stands, and bridge-utils-interfaces(5), ifupdown2's parse_port_list()
 * (ifupdownaddons/modulebase.py, 3.0.0), systemd.link(5) for alternative
 * names. */

#include <config.h>
#include "sriov/leftovers.h"

#include <ctype.h>
#include <fnmatch.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "sriov/host.h"
#include "svec.h"
#include "util.h"

/* Names. */

/* Adds the alternative names of the network device 'name' with 'ifindex', as
 * far as udev has given them. */
static void
read_altnames_of(struct howto *h, const char *name, long long int ifindex)
{
    static const char *const kinds[] = {
        "FROM_DATABASE", "ONBOARD", "SLOT", "PATH", "MAC",
    };
    char *file = xasprintf("/run/udev/data/n%lld", ifindex);
    struct howto_lines lines = howto_plain_lines_of(h->root, file);

    while (howto_next_line(&lines)) {
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
            char *key = xasprintf("E:ID_NET_NAME_%s=", kinds[i]);
            size_t n = strlen(key);

            if (!strncmp(lines.line, key, n) && lines.line[n]
                && strcmp(lines.line + n, name)) {
                smap_replace(&h->altnames, lines.line + n, name);
            }
            free(key);
        }
    }
    free(file);
}

void
howto_read_altnames(struct howto *h)
{
    struct svec names = SVEC_EMPTY_INITIALIZER;
    const char *name;
    size_t i;

    host_read_folder(&names, "%s/sys/class/net", h->root);
    SVEC_FOR_EACH (i, name, &names) {
        char *path = xasprintf("%s/sys/class/net/%s", h->root, name);
        long long int ifindex;

        if (host_read_number(path, "ifindex", &ifindex)) {
            read_altnames_of(h, name, ifindex);
        }
        free(path);
    }
    /* Two devices can have but one name each. */
    SVEC_FOR_EACH (i, name, &names) {
        smap_remove(&h->altnames, name);
    }
    svec_destroy(&names);
}

const char *
howto_real_name(const struct howto *h, const char *name)
{
    return smap_get_def(&h->altnames, name, name);
}

/* Lists of ports. */

/* Moves '*glob' past "FIRST-LAST" there, and '*name' past a number from FIRST
 * to LAST.  Returns false, and moves neither, if either is not there. */
static bool
match_range(const char **glob, const char **name)
{
    char *end;
    unsigned long int first = strtoul(*glob, &end, 10), last, number;

    if (!isdigit((unsigned char) **glob) || *end != '-'
        || !isdigit((unsigned char) end[1])
        || !isdigit((unsigned char) **name)) {
        return false;
    }
    last = strtoul(end + 1, &end, 10);

    const char *after = end;
    number = strtoul(*name, &end, 10);
    if (number < first || number > last
        || (**name == '0' && end != *name + 1)) {
        return false;
    }
    *glob = after;
    *name = end;
    return true;
}

/* Returns true if 'name' is one of those that the glob of ifupdown2 is:
 * "swp1-10.300", "swp[1-10].300", "swp[1-10]s[0-4]". */
static bool
glob_has(const char *glob, const char *name)
{
    bool digits = false;        /* After a digit that is no range. */

    while (*glob) {
        if (*glob == '[' && isdigit((unsigned char) glob[1])) {
            glob++;
            if (!match_range(&glob, &name) || *glob != ']') {
                return false;
            }
            glob++;
        } else if (isdigit((unsigned char) *glob) && !digits
                   && match_range(&glob, &name)) {
            /* Nothing. */
        } else if (*glob != *name) {
            return false;
        } else {
            digits = isdigit((unsigned char) *glob);
            glob++;
            name++;
        }
    }
    return !*name;
}

/* Returns true if the end of 'name', from anywhere on, is the regular
 * expression. */
static bool
regex_has(const char *regex, const char *name)
{
    char *anchored = xasprintf("(%s)$", regex);
    regex_t compiled;
    bool has = false;

    if (!regcomp(&compiled, anchored, REG_EXTENDED | REG_NOSUB)) {
        has = !regexec(&compiled, name, 0, NULL, 0);
        regfree(&compiled);
    }
    free(anchored);
    return has;
}

/* What bridge-utils take "all" for. */
static bool
is_of_all(const char *name)
{
    static const char *const globs[] = { "eth*", "em*", "en*", "p[0-9]*",
                                         "wlan*", "ath*" };
    bool is = false;

    for (size_t i = 0; i < ARRAY_SIZE(globs); i++) {
        is |= !fnmatch(globs[i], name, 0);
    }
    return is;
}

bool
howto_list_has(const struct howto *h, const char *list, const char *name,
               char **pattern)
{
    struct svec words = SVEC_EMPTY_INITIALIZER;
    bool glob = false, regex = false, has = false;
    const char *word;
    size_t i;

    if (pattern) {
        *pattern = NULL;
    }
    howto_split(&words, list, " \t\n");
    SVEC_FOR_EACH (i, word, &words) {
        bool by_pattern = false;

        if (!strcmp(word, "regex") || !strcmp(word, "noregex")) {
            regex = *word == 'r';
            continue;
        } else if (!strcmp(word, "glob") || !strcmp(word, "noglob")) {
            glob = *word == 'g';
            continue;
        } else if (regex) {
            /* bridge-utils go on so until "noregex", ifupdown2 does not. */
            by_pattern = regex_has(word, name);
        } else if (glob) {
            by_pattern = glob_has(word, name);
            glob = false;
        } else if (!strcmp(word, "all")) {
            by_pattern = is_of_all(name);
        }
        has |= by_pattern || !strcmp(word, name)
               || !strcmp(howto_real_name(h, word),
                          howto_real_name(h, name));
        if (by_pattern && pattern && !*pattern) {
            *pattern = xstrdup(word);
        }
    }
    svec_destroy(&words);
    return has;
}

/* Stanzas. */

const struct howto_stanza *
howto_find_stanza(const struct howto *h, const char *name)
{
    const char *real = howto_real_name(h, name);

    for (size_t i = 0; i < h->n_stanzas; i++) {
        if (!strcmp(howto_real_name(h, h->stanzas[i]->name), real)) {
            return h->stanzas[i];
        }
    }
    return NULL;
}

const char *
howto_stanza_mtu(const struct howto_stanza *stanza)
{
    const char *mtu = smap_get(&stanza->options, "ovs_mtu");

    return mtu ? mtu : smap_get(&stanza->options, "mtu");
}

const char *
howto_special_option(const struct howto_stanza *stanza)
{
    struct smap_node *node;

    SMAP_FOR_EACH (node, &stanza->options) {
        if (strcmp(node->key, "ovs_type") && strcmp(node->key, "ovs_bridge")
            && strcmp(node->key, "ovs_mtu") && strcmp(node->key, "mtu")) {
            return node->key;
        }
    }
    return NULL;
}

const struct howto_stanza *
howto_find_holder(const struct howto *h, const char *name)
{
    static const char *const keys[] = { "ovs_ports", "ovs_bonds",
                                        "bridge_ports", "bridge-ports",
                                        "bond-slaves", "bond_slaves",
                                        "slaves" };
    const char *real = howto_real_name(h, name);

    for (size_t i = 0; i < h->n_stanzas; i++) {
        const struct howto_stanza *stanza = h->stanzas[i];

        for (size_t j = 0; j < ARRAY_SIZE(keys); j++) {
            const char *list = smap_get(&stanza->options, keys[j]);

            if (list && howto_list_has(h, list, name, NULL)) {
                return stanza;
            }
        }
    }

    /* It may say so itself. */
    for (size_t i = 0; i < h->n_stanzas; i++) {
        const struct smap *options = &h->stanzas[i]->options;
        const char *master = smap_get(options, "bond-master");

        master = master ? master : smap_get(options, "bond_master");
        master = master ? master : smap_get(options, "ovs_bridge");
        if (master
            && !strcmp(howto_real_name(h, h->stanzas[i]->name), real)) {
            return howto_find_stanza(h, master);
        }
    }
    return NULL;
}

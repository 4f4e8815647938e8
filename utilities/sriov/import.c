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

/* See import.h for where this stands. */

#include <config.h>
#include "sriov/import.h"

#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "sriov/host.h"
#include "sriov/conf.h"
#include "sriov/leftovers.h"
#include "sset.h"
#include "svec.h"
#include "util.h"

/* What the rules say about a PF: each the last one that counts, or NULL. */
struct imported {
    const char *pci;
    const struct howto_rule *mode, *vfs, *names;
};

/* What importing takes along. */
struct importer {
    const struct howto *h;
    const struct host *host;
    struct svec pcis;           /* PFs that rules tell of, sorted. */
    struct imported *pfs;       /* As many. */
    struct ds *conf, *report;
};

/* Returns true if the port of the PF at 'pci' is 'port' ("p1"), as far as its
 * function says so.  A NULL 'port' is any. */
static bool
function_is_port(const char *pci, const char *port)
{
    return !port || (port[0] == 'p' && !strcmp(port + 1,
                                               pci + strlen(pci) - 1));
}

/* Adds to 'pcis' the PFs of the host that 'rule' is about. */
static void
find_pfs(const struct importer *im, const struct howto_rule *rule,
         struct svec *pcis)
{
    for (size_t i = 0; i < im->host->n; i++) {
        const struct host_pf *pf = im->host->pfs[i];

        if (rule->netdev
            ? nullable_string_is_equal(pf->netdev, rule->netdev)
            : (rule->switch_id
               && nullable_string_is_equal(pf->switch_id, rule->switch_id)
               && (!rule->port
                   || nullable_string_is_equal(pf->port, rule->port)))) {
            svec_add(pcis, pf->pci);
        }
    }
}

/* Stores in 'pcis', sorted, the PFs that 'rule' is about.  If its switch id is
 * wrong, those that other rules name by address stand in. */
static void
resolve(const struct importer *im, const struct howto_rule *rule,
        struct svec *pcis, bool report)
{
    svec_init(pcis);
    if (rule->pci) {
        svec_add(pcis, rule->pci);
        return;
    }
    find_pfs(im, rule, pcis);
    if (!pcis->n && !rule->netdev) {
        const char *pci;
        size_t i;

        SVEC_FOR_EACH (i, pci, &im->pcis) {
            if (function_is_port(pci, rule->port)) {
                svec_add(pcis, pci);
            }
        }
        if (report && rule->switch_id) {
            char *all = svec_join(pcis, " ", "");

            ds_put_format(im->report, "%s:%u: switch id %s is that of no NIC "
                          "here; %s%s\n", rule->file, rule->line,
                          rule->switch_id,
                          pcis->n ? "taken to mean " : "passed over", all);
            free(all);
        }
    }
    svec_sort_unique(pcis);
}

static struct imported *
find_imported(const struct importer *im, const char *pci)
{
    size_t i = svec_find(&im->pcis, pci);

    return i == SIZE_MAX ? NULL : &im->pfs[i];
}

/* Finds out which PFs there are, and what counts for each. */
static void
take_rules(struct importer *im)
{
    struct svec pcis;
    const char *pci;
    size_t i, j;

    for (i = 0; i < im->h->n_rules; i++) {
        if (im->h->rules[i].pci) {
            svec_add(&im->pcis, im->h->rules[i].pci);
        } else {
            find_pfs(im, &im->h->rules[i], &im->pcis);
        }
    }
    svec_sort_unique(&im->pcis);
    im->pfs = xcalloc(im->pcis.n, sizeof *im->pfs);
    SVEC_FOR_EACH (i, pci, &im->pcis) {
        im->pfs[i].pci = pci;
    }

    for (i = 0; i < im->h->n_rules; i++) {
        const struct howto_rule *rule = &im->h->rules[i];

        resolve(im, rule, &pcis, true);
        SVEC_FOR_EACH (j, pci, &pcis) {
            struct imported *pf = find_imported(im, pci);

            switch (rule->kind) {
            case HOWTO_MODE: pf->mode = rule; break;
            case HOWTO_VFS: pf->vfs = rule; break;
            case HOWTO_NAMES: pf->names = rule; break;
            default: OVS_NOT_REACHED();
            }
        }
        svec_destroy(&pcis);
    }
}

/* Returns true if a rule gives the name 'name' to a representor. */
static bool
is_rep_name(const struct importer *im, const char *name)
{
    for (size_t i = 0; i < im->pcis.n; i++) {
        const struct howto_rule *rule = im->pfs[i].names;
        const char *port = rule ? strstr(rule->value, "{port}") : NULL;
        struct sriov_port_id id;
        bool found;

        if (!port || strncmp(rule->value, name, port - rule->value)) {
            continue;
        }

        /* What is left of 'name' must be a port, which gives this name. */
        char *rest = xstrdup(name + (port - rule->value));
        size_t n = strlen(rest), tail = strlen(port + strlen("{port}"));
        rest[n > tail ? n - tail : 0] = '\0';
        char *expanded = (sriov_port_id_from_string(rest, &id)
                          ? host_expand_name(rule->value, "", rest) : NULL);
        found = expanded && !strcmp(expanded, name);
        free(expanded);
        free(rest);
        if (found) {
            return true;
        }
    }
    return false;
}

/* Returns an option of 'stanza' that says more about a representor than we do
 * by ourselves, or NULL. */
static const char *
special_option(const struct howto_stanza *stanza)
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

/* Returns the MTU that stanzas give to representors, or NULL. */
static const char *
find_mtu(const struct importer *im)
{
    for (size_t i = 0; i < im->h->n_stanzas; i++) {
        const struct howto_stanza *stanza = im->h->stanzas[i];
        const char *mtu = smap_get(&stanza->options, "ovs_mtu");

        mtu = mtu ? mtu : smap_get(&stanza->options, "mtu");
        if (mtu && is_rep_name(im, stanza->name)) {
            return mtu;
        }
    }
    return NULL;
}

static void
put_sections(struct importer *im)
{
    const char *mtu = find_mtu(im);
    unsigned int card = 0;

    for (size_t i = 0; i < im->pcis.n; i++) {
        const struct imported *pf = &im->pfs[i];
        bool switchdev = (pf->mode
                          && !strcmp(pf->mode->value, "switchdev"));

        card += !i || !host_same_card(im->pfs[i - 1].pci, pf->pci);
        ds_put_format(im->conf, "[%s]\n", pf->pci);
        if (!switchdev) {
            ds_put_cstr(im->conf, "mode = legacy\n");
        }
        if (pf->vfs) {
            ds_put_format(im->conf, "vfs = %s\n", pf->vfs->value);
        }
        if (switchdev && pf->names) {
            char *number = xasprintf("%u", card);
            char *by_default = host_expand_name(HOST_DEFAULT_NAMES, number,
                                                "pf0vf0");
            char *name = host_expand_name(pf->names->value, number, "pf0vf0");

            if (strcmp(name, by_default)) {
                ds_put_format(im->conf, "names = %s\n", pf->names->value);
            }
            free(number);
            free(by_default);
            free(name);
        } else if (switchdev) {
            ds_put_cstr(im->conf, "names = keep\n");
        }
        if (mtu) {
            ds_put_format(im->conf, "mtu = %s\n", mtu);
        }
    }
}

/* What can be deleted. */

/* Reports that 'what', in the given lines of the file, is not needed: all of
 * the file if that is all that it has. */
static void
report_lines(struct importer *im, const struct howto_file *file,
             const struct svec *lines, const char *what)
{
    if (lines->n && lines->n == file->n_items) {
        ds_put_format(im->report, "delete %s\n", file->name);
    } else if (lines->n) {
        char *all = svec_join(lines, ", ", "");

        ds_put_format(im->report, "in %s delete the %s in line%s %s\n",
                      file->name, what, lines->n > 1 ? "s" : "", all);
        free(all);
    }
}

static void
report_file(struct importer *im, const struct howto_file *file)
{
    struct svec lines = SVEC_EMPTY_INITIALIZER;
    unsigned int last = 0;

    for (size_t i = 0; i < im->h->n_rules; i++) {
        const struct howto_rule *rule = &im->h->rules[i];

        if (!strcmp(rule->file, file->name) && rule->line != last) {
            svec_add_nocopy(&lines, xasprintf("%u", rule->line));
            last = rule->line;
        }
    }
    report_lines(im, file, &lines, "rules");
    svec_clear(&lines);

    for (size_t i = 0; i < im->h->n_stanzas; i++) {
        const struct howto_stanza *stanza = im->h->stanzas[i];
        const char *option = special_option(stanza);

        if (strcmp(stanza->file, file->name)) {
            continue;
        } else if (!is_rep_name(im, stanza->name)) {
            struct svec ports = SVEC_EMPTY_INITIALIZER;
            const char *port;
            size_t j;

            svec_parse_words(&ports, smap_get_def(&stanza->options,
                                                  "ovs_ports", ""));
            SVEC_FOR_EACH (j, port, &ports) {
                if (is_rep_name(im, port)) {
                    ds_put_format(im->report, "%s:%u: take %s out of "
                                  "ovs_ports of %s\n", file->name,
                                  stanza->line, port, stanza->name);
                }
            }
            svec_destroy(&ports);
        } else if (option) {
            ds_put_format(im->report, "%s:%u: keep the stanza of %s, which "
                          "has %s\n", file->name, stanza->line, stanza->name,
                          option);
        } else {
            svec_add_nocopy(&lines, xasprintf("%u", stanza->line));
        }
    }
    report_lines(im, file, &lines, "stanzas");
    svec_destroy(&lines);
}

/* Appends to 'conf' what does the same as 'h', and to 'report' what is then
 * not needed any more.  Returns false if there is nothing in 'h'. */
bool
host_import(const struct howto *h, const struct host *host, struct ds *conf,
            struct ds *report)
{
    struct importer im = { .h = h, .host = host, .conf = conf,
                           .report = report };

    svec_init(&im.pcis);
    take_rules(&im);
    put_sections(&im);
    for (size_t i = 0; i < h->n_files; i++) {
        report_file(&im, &h->files[i]);
    }
    if (h->n_settings) {
        ds_put_format(report, "%s: lines were added that are the defaults now "
                      "(line %u: %s); put the package's own back: apt-get "
                      "install --reinstall openvswitch-switch\n",
                      h->settings[0].file, h->settings[0].line,
                      h->settings[0].text);
    }
    svec_destroy(&im.pcis);
    free(im.pfs);
    return h->n_rules || h->n_settings;
}

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

/* See import.h, and command.h, for where this stands. */

#include <config.h>
#include "sriov/import.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "sriov/command.h"
#include "sriov/host.h"
#include "sriov/conf.h"
#include "sriov/leftovers.h"
#include "svec.h"
#include "util.h"

/* What is there about a PF: each the last one that counts, or NULL. */
struct imported {
    const char *pci;
    const struct howto_rule *rules[HOWTO_BY_HAND]; /* By kind. */
};

/* What importing takes along. */
struct importer {
    const struct howto *h;
    const struct host *host;
    struct svec pcis;           /* PFs that rules tell of, sorted. */
    struct imported *pfs;       /* As many. */
    struct ds *conf, *report;
    size_t n_by_hand;
};

/* Reports what is to be done by hand, and makes it a comment of the file. */
static void OVS_PRINTF_FORMAT(3, 4)
by_hand(struct importer *im, const struct howto_rule *rule,
        const char *format, ...)
{
    struct ds s = DS_EMPTY_INITIALIZER;
    va_list args;

    va_start(args, format);
    ds_put_format_valist(&s, format, args);
    va_end(args);
    ds_put_format(im->conf, "# by hand: %s:%u: %s\n", rule->file, rule->line,
                  ds_cstr(&s));
    ds_put_format(im->report, "%s:%u: by hand: %s\n", rule->file, rule->line,
                  ds_cstr(&s));
    im->n_by_hand++;
    ds_destroy(&s);
}

/* Has what says 'rule' not be called deletable, for the reason 'why'. */
static void
keep_item(const struct importer *im, const struct howto_rule *rule,
          const char *why)
{
    struct howto_item *item = howto_find_item(im->h, rule->file, rule->line);

    if (item && !item->doubt) {
        item->doubt = xstrdup(why);
    }
}

/* Adds to 'pcis', which is empty, the PFs that 'rule' is about.  One that is
 * told by its address needs not be here. */
static void
find_pfs(const struct importer *im, const struct howto_rule *rule,
         struct svec *pcis)
{
    const char *pci = howto_rule_pci(rule);

    for (size_t i = 0; i < im->host->n; i++) {
        const struct host_pf *pf = im->host->pfs[i];

        if (howto_rule_is_about(im->h, rule, pf)) {
            svec_add(pcis, pf->pci);
        }
    }
    if (!pcis->n && pci && !host_find_pf(im->host, pci)
        && !host_is_of_another_kind(im->h->root, pci)
        && !host_is_vf(im->h->root, pci)) {
        svec_add(pcis, pci);
    }
}

/* Says that 'rule' is about no PF, and so is none that can be deleted. */
static void
report_none(struct importer *im, const struct howto_rule *rule)
{
    static const char *const names[] = {
        [HOWTO_PCI] = "PCI address", [HOWTO_NETDEV] = "network device",
        [HOWTO_RDMA] = "infiniband device", [HOWTO_DRIVER] = "driver",
        [HOWTO_VENDOR] = "vendor", [HOWTO_DEVICE] = "device",
        [HOWTO_SWITCH_ID] = "switch id", [HOWTO_PORT] = "port",
        [HOWTO_MAC] = "MAC address",
    };
    static const char *const what[] = {
        [HOWTO_MODE] = "mode", [HOWTO_VFS] = "vfs", [HOWTO_NAMES] = "names",
        [HOWTO_STEERING] = "steering", [HOWTO_MULTIPORT] = "multiport",
    };
    struct ds s = DS_EMPTY_INITIALIZER;

    for (size_t i = 0; i < rule->conds.n; i++) {
        const struct howto_cond *cond = &rule->conds.array[i];

        ds_put_format(&s, "%s%s %s\"%s\"", i ? ", " : "", names[cond->what],
                      cond->negate ? "not " : "", cond->pattern);
    }
    for (size_t i = 0; i < im->host->n; i++) {
        const char *link = howto_rule_link_before(im->h, rule,
                                                  im->host->pfs[i]);

        if (link) {
            ds_put_format(&s, "; for %s udev takes %s alone, whose name comes "
                          "first", im->host->pfs[i]->pci, link);
        }
    }
    by_hand(im, rule, "%s = %s, for no NIC with SR-IOV that is here: %s",
            what[rule->kind], rule->value, ds_cstr(&s));
    keep_item(im, rule, ds_cstr(&s));
    ds_destroy(&s);
}

/* Says that 'rule' is about a device that is no NIC, and is to be kept. */
static void
report_foreign(struct importer *im, const struct howto_rule *rule)
{
    ds_put_format(im->report, "%s:%u: keep it: %s is no NIC\n", rule->file,
                  rule->line, howto_rule_pci(rule));
    keep_item(im, rule, "no NIC");
}

static struct imported *
find_imported(const struct importer *im, const char *pci)
{
    size_t i = svec_find(&im->pcis, pci);

    return i == SIZE_MAX ? NULL : &im->pfs[i];
}

/* Returns true if 'before', of the same kind, but made things ready for
 * 'rule': 0 VFs for another number, legacy mode for switchdev mode. */
static bool
goes_on_from(const struct howto_rule *rule, const struct howto_rule *before)
{
    return ((rule->kind == HOWTO_VFS && !strcmp(before->value, "0"))
            || (rule->kind == HOWTO_MODE && !strcmp(before->value, "legacy")
                && !strcmp(before->file, rule->file)));
}

/* Makes 'rule' the one that counts for 'pf'. */
static void
take_rule(struct importer *im, struct imported *pf,
          const struct howto_rule *rule)
{
    const struct howto_rule **slot = &pf->rules[rule->kind];
    const struct howto_rule *before = *slot;

    if (before && before->first && rule->first) {
        return;
    }
    if (before && strcmp(before->value, rule->value)
        && !goes_on_from(rule, before)) {
        ds_put_format(im->report, "%s:%u: %s for %s, and %s:%u says %s; see "
                      "which you want\n", rule->file, rule->line,
                      rule->value, pf->pci, before->file, before->line,
                      before->value);
    }
    *slot = rule;
}

/* Finds out which PFs there are, and what counts for each. */
static void
take_rules(struct importer *im)
{
    const char *pci;
    size_t i, j;

    for (i = 0; i < im->h->n_rules; i++) {
        struct svec pcis = SVEC_EMPTY_INITIALIZER;

        if (im->h->rules[i].kind != HOWTO_BY_HAND) {
            find_pfs(im, &im->h->rules[i], &pcis);
        }
        svec_append(&im->pcis, &pcis);
        svec_destroy(&pcis);
    }
    svec_sort_unique(&im->pcis);
    im->pfs = xcalloc(im->pcis.n, sizeof *im->pfs);
    SVEC_FOR_EACH (i, pci, &im->pcis) {
        im->pfs[i].pci = pci;
    }

    for (i = 0; i < im->h->n_rules; i++) {
        const struct howto_rule *rule = &im->h->rules[i];
        struct svec pcis = SVEC_EMPTY_INITIALIZER;

        if (rule->kind == HOWTO_BY_HAND) {
            by_hand(im, rule, "not understood: %s", rule->value);
            continue;
        } else if (howto_rule_is_foreign(im->h, rule, im->host)) {
            report_foreign(im, rule);
            continue;
        }
        find_pfs(im, rule, &pcis);
        SVEC_FOR_EACH (j, pci, &pcis) {
            take_rule(im, find_imported(im, pci), rule);
        }
        if (!pcis.n) {
            report_none(im, rule);
        }
        svec_destroy(&pcis);
    }
}

/* Returns true if a rule gives the name 'name' to a representor of 'pf', or of
 * another PF of its NIC. */
static bool
gives_name(const struct imported *pf, const char *name)
{
    const struct howto_rule *rule = pf->rules[HOWTO_NAMES];
    const char *port = rule ? strstr(rule->value, "{port}") : NULL;
    struct sriov_port_id id;

    if (!port || strncmp(rule->value, name, port - rule->value)) {
        return false;
    }

    /* What is left of 'name' must be a port, which gives this name. */
    char *rest = xstrdup(name + (port - rule->value));
    size_t n = strlen(rest), tail = strlen(port + strlen("{port}"));
    rest[n > tail ? n - tail : 0] = '\0';
    char *expanded = (sriov_port_id_from_string(rest, &id)
                      ? host_expand_name(rule->value, "", rest) : NULL);
    bool found = expanded && !strcmp(expanded, name);

    free(expanded);
    free(rest);
    return found;
}

/* Returns a PF of the NIC of 'pci', or of any with NULL, to a representor of
 * which a rule gives the name 'name', or NULL. */
static const struct imported *
find_named(const struct importer *im, const char *name, const char *pci)
{
    const char *real = howto_real_name(im->h, name);

    for (size_t i = 0; i < im->pcis.n; i++) {
        const struct imported *pf = &im->pfs[i];

        if (gives_name(pf, real) && (!pci || host_same_card(pf->pci, pci))) {
            return pf;
        }
    }
    return NULL;
}

/* Returns true if a rule gives the name 'name' to a representor. */
static bool
is_rep_name(const struct importer *im, const char *name)
{
    return find_named(im, name, NULL) != NULL;
}

/* Returns the bridge that stanzas put 'port' into, as itself or as a member of
 * a bond, or NULL. */
static const char *
bridge_of(const struct importer *im, const char *port)
{
    const struct howto_stanza *holder = howto_find_holder(im->h, port);
    const char *bridge;

    if (!holder || strcmp(smap_get_def(&holder->options, "ovs_type", ""),
                          "OVSBond")) {
        return holder ? holder->name : NULL;
    }
    bridge = smap_get(&holder->options, "ovs_bridge");
    holder = bridge ? NULL : howto_find_holder(im->h, holder->name);
    return holder ? holder->name : bridge;
}

/* Returns true if the stanza of a representor puts it into another bridge than
 * those of the uplinks that may be its PF's, where it would be without. */
static bool
is_elsewhere(const struct importer *im, const struct howto_stanza *stanza)
{
    const char *bridge = smap_get(&stanza->options, "ovs_bridge");
    bool elsewhere = false;

    bridge = bridge ? bridge : bridge_of(im, stanza->name);
    for (size_t i = 0; i < im->pcis.n && bridge; i++) {
        const struct imported *imported = &im->pfs[i];
        const struct host_pf *pf = host_find_pf(im->host, imported->pci);
        const char *netdev = pf ? host_pf_netdev(pf) : NULL;
        const char *uplinks = netdev ? bridge_of(im, netdev) : NULL;

        if (uplinks && gives_name(imported,
                                  howto_real_name(im->h, stanza->name))) {
            if (!strcmp(uplinks, bridge)) {
                return false;
            }
            elsewhere = true;
        }
    }
    return elsewhere;
}

/* Returns what 'stanza' says about a representor that we do not do by
 * ourselves, or NULL. */
static const char *
special_option(const struct importer *im, const struct howto_stanza *stanza)
{
    return (is_elsewhere(im, stanza) ? "another bridge than its uplink"
            : howto_special_option(stanza));
}

/* Returns the MTU that stanzas give to representors of the NIC of 'pci', or
 * NULL if they give none or several. */
static const char *
find_mtu(const struct importer *im, const char *pci)
{
    const char *found = NULL;

    for (size_t i = 0; i < im->h->n_stanzas; i++) {
        const struct howto_stanza *stanza = im->h->stanzas[i];
        const char *mtu = howto_stanza_mtu(stanza);

        if (!find_named(im, stanza->name, pci)) {
            continue;
        } else if (!mtu || (found && strcmp(mtu, found))) {
            return NULL;
        }
        found = mtu;
    }
    return found;
}

/* Returns what 'pf' has of 'kind', or NULL. */
static const char *
imported_value(const struct imported *pf, enum howto_kind kind)
{
    return pf->rules[kind] ? pf->rules[kind]->value : NULL;
}

static bool
is_switchdev(const struct importer *im, const char *pci)
{
    const struct host_pf *pf = host_find_pf(im->host, pci);

    return pf && host_pf_mode(pf) == SRIOV_MODE_SWITCHDEV;
}

/* Takes from 'pf' the 0 VFs of a script or a unit in which something comes
 * later that was not understood: it may be what makes them. */
static void
drop_first_zero(struct importer *im, struct imported *pf)
{
    const struct howto_rule *rule = pf->rules[HOWTO_VFS];

    if (!rule || strcmp(rule->value, "0") || strcmp(rule->noun, "line")) {
        return;
    }
    for (size_t i = 0; i < im->h->n_rules; i++) {
        const struct howto_rule *later = &im->h->rules[i];

        if (later->kind == HOWTO_BY_HAND && later->line > rule->line
            && !strcmp(later->file, rule->file)) {
            by_hand(im, rule, "it takes all VFs from %s, and what comes after "
                    "it was not understood", pf->pci);
            keep_item(im, rule, "0 at first");
            pf->rules[HOWTO_VFS] = NULL;
            return;
        }
    }
}

static void
put_names(struct importer *im, const char *names, unsigned int card)
{
    char *number = xasprintf("%u", card);
    char *by_default = host_expand_name(HOST_DEFAULT_NAMES, number, "pf0vf0");
    char *name = names ? host_expand_name(names, number, "pf0vf0") : NULL;

    if (!names) {
        ds_put_cstr(im->conf, "names = keep\n");
    } else if (name && strlen(name) >= IFNAMSIZ) {
        ds_put_format(im->conf, "# names: %s is longer than %d characters, "
                      "which udev does not give\nnames = keep\n", name,
                      IFNAMSIZ - 1);
    } else if (!nullable_string_is_equal(name, by_default)) {
        ds_put_format(im->conf, "names = %s\n", names);
    }
    free(number);
    free(by_default);
    free(name);
}

/* Stores in '*names' the network devices of 'pf', representors as well. */
static void
read_netdevs(const struct importer *im, const char *pci, struct svec *names)
{
    svec_init(names);
    host_read_folder(names, "%s/sys/bus/pci/devices/%s/net", im->h->root, pci);
}

/* Returns true if a stanza is of the network device 'name', or has it in. */
static bool
stanza_names(const struct importer *im, const char *name)
{
    return (howto_find_stanza(im->h, name)
            || howto_find_holder(im->h, name));
}

/* Takes from 'pf' a rule for names that has no effect, since another one that
 * comes later gives names too (that of Proxmox VE 9 for VFs), if stanzas are
 * about the names that representors have now: with it they would be about
 * nothing. */
static void
drop_overruled_names(struct importer *im, struct imported *pf)
{
    const struct howto_rule *rule = pf->rules[HOWTO_NAMES];
    struct svec names;
    const char *name;
    size_t i;

    read_netdevs(im, pf->pci, &names);
    SVEC_FOR_EACH (i, name, &names) {
        char *port = host_read_file("%s/sys/bus/pci/devices/%s/net/%s/"
                                    "phys_port_name", im->h->root, pf->pci,
                                    name);
        char *given = (port && rule && pf->rules[HOWTO_NAMES]
                       ? host_expand_name(rule->value, "", port) : NULL);

        if (given && strcmp(given, name) && stanza_names(im, name)) {
            ds_put_format(im->report, "%s:%u: it has no effect: %s of %s is "
                          "called %s, which /etc/network/interfaces has, and "
                          "not %s\n", rule->file, rule->line, port, pf->pci,
                          name, given);
            pf->rules[HOWTO_NAMES] = NULL;
        }
        free(given);
        free(port);
    }
    svec_destroy(&names);
}

/* Returns true if 'pf' is to be in switchdev mode: as a rule says, or as it is
 * now. */
static bool
to_be_switchdev(const struct importer *im, const struct imported *pf)
{
    const char *mode = imported_value(pf, HOWTO_MODE);

    return mode ? !strcmp(mode, "switchdev") : is_switchdev(im, pf->pci);
}

/* Returns true if 'rule' counts for a PF that is to be in switchdev mode, or
 * for one that is not since a rule says so. */
static bool
has_its_mode(const struct importer *im, const struct howto_rule *rule)
{
    for (size_t i = 0; i < im->pcis.n; i++) {
        const struct imported *pf = &im->pfs[i];

        if (pf->rules[rule->kind] == rule
            && (pf->rules[HOWTO_MODE] || to_be_switchdev(im, pf))) {
            return true;
        }
    }
    return false;
}

/* Takes rules of 'kind', which mean something in switchdev mode alone, from PFs
 * that are not to be in it.  One that is left with no PF is needed by whatever
 * it is that sets the mode. */
static void
drop_without_mode(struct importer *im, enum howto_kind kind)
{
    const struct howto_rule *last = NULL;

    for (size_t i = 0; i < im->pcis.n; i++) {
        struct imported *pf = &im->pfs[i];
        const struct howto_rule *rule = pf->rules[kind];

        if (rule && rule != last && !has_its_mode(im, rule)) {
            by_hand(im, rule, "%s = %s, for switchdev mode, into which "
                    "nothing that was found puts %s",
                    kind == HOWTO_NAMES ? "names" : "multiport", rule->value,
                    pf->pci);
            keep_item(im, rule, "no mode");
            last = rule;
        }
    }
    for (size_t i = 0; i < im->pcis.n; i++) {
        struct imported *pf = &im->pfs[i];

        if (!to_be_switchdev(im, pf)) {
            pf->rules[kind] = NULL;
        }
    }
}

static void
put_sections(struct importer *im)
{
    unsigned int card = 0;

    for (size_t i = 0; i < im->pcis.n; i++) {
        const struct imported *pf = &im->pfs[i];
        const char *mode = imported_value(pf, HOWTO_MODE);
        const char *vfs = imported_value(pf, HOWTO_VFS);
        const char *names = imported_value(pf, HOWTO_NAMES);
        const char *multiport = imported_value(pf, HOWTO_MULTIPORT);
        const char *steering = imported_value(pf, HOWTO_STEERING);
        const char *mtu = find_mtu(im, pf->pci);
        bool switchdev = to_be_switchdev(im, pf);

        card += !i || !host_same_card(im->pfs[i - 1].pci, pf->pci);
        ds_put_format(im->conf, "[%s]\n", pf->pci);
        if (!host_find_pf(im->host, pf->pci)) {
            ds_put_format(im->report, "%s: there is no such PF here, and what "
                          "was found for it does nothing unless it comes\n",
                          pf->pci);
        }
        if (switchdev && !mode) {
            ds_put_cstr(im->conf, "# mode: switchdev, as it is now; nothing "
                        "was found that sets it\n");
        } else if (!switchdev) {
            if (!mode && im->n_by_hand) {
                ds_put_cstr(im->conf, "# mode: legacy, unless something by "
                            "hand sets it\n");
            }
            ds_put_cstr(im->conf, "mode = legacy\n");
        }
        if (vfs) {
            ds_put_format(im->conf, "vfs = %s\n", vfs);
        }
        if (switchdev) {
            put_names(im, names, card);
        }
        if (mtu) {
            ds_put_format(im->conf, "mtu = %s\n", mtu);
        }
        if (multiport) {
            ds_put_format(im->conf, "multiport = %s\n", multiport);
        }
        if (steering) {
            ds_put_format(im->conf, "steering = %s\n", steering);
        }
    }
}

/* What can be deleted. */

/* Returns the stanza in 'line' of 'file', or NULL. */
static const struct howto_stanza *
find_stanza(const struct importer *im, const char *file, unsigned int line)
{
    for (size_t i = 0; i < im->h->n_stanzas; i++) {
        const struct howto_stanza *stanza = im->h->stanzas[i];

        if (stanza->line == line && !strcmp(stanza->file, file)) {
            return stanza;
        }
    }
    return NULL;
}

/* Returns true if the stanza of a representor says nothing that we do not do
 * by ourselves. */
static bool
is_needless(const struct importer *im, const struct howto_stanza *stanza)
{
    const struct imported *pf = find_named(im, stanza->name, NULL);
    const char *mtu = howto_stanza_mtu(stanza);

    return (pf && !special_option(im, stanza)
            && (!mtu || nullable_string_is_equal(mtu,
                                                 find_mtu(im, pf->pci))));
}

/* Returns true if 'port' has a stanza that stays, without which being in
 * ovs_ports ifupdown does not apply it. */
static bool
stanza_stays(const struct importer *im, const char *port)
{
    for (size_t i = 0; i < im->h->n_stanzas; i++) {
        const struct howto_stanza *stanza = im->h->stanzas[i];

        if (!strcmp(stanza->name, port) && !is_needless(im, stanza)) {
            return true;
        }
    }
    return false;
}

/* Returns the "glob" or "regex" in 'list' that names representors have, which
 * the caller must free, or NULL. */
static char *
find_rep_pattern(const struct importer *im, const char *list)
{
    enum { MAX_VFS = 256 };
    bool any = strstr(list, "glob") || strstr(list, "regex");
    char *pattern = NULL;

    for (size_t i = 0; i < im->pcis.n && any; i++) {
        const struct imported *pf = &im->pfs[i];
        const char *vfs = imported_value(pf, HOWTO_VFS);
        const char *names = imported_value(pf, HOWTO_NAMES);
        unsigned int n = names ? MAX(atoi(vfs ? vfs : "1"), 1) : 0;

        for (unsigned int vf = 0; vf < MIN(n, MAX_VFS) && !pattern; vf++) {
            char *port = xasprintf("pf%cvf%u", pf->pci[strlen(pf->pci) - 1],
                                   vf);
            char *name = host_expand_name(names, "", port);

            if (name) {
                howto_list_has(im->h, list, name, &pattern);
            }
            free(name);
            free(port);
        }
    }
    return pattern;
}

/* Reports which ports can be taken out of a bridge's stanza. */
static void
report_ports(struct importer *im, const struct howto_stanza *stanza)
{
    const char *list = smap_get_def(&stanza->options, "ovs_ports", "");
    struct svec ports = SVEC_EMPTY_INITIALIZER;
    char *pattern = find_rep_pattern(im, list);
    const char *port;
    size_t i;

    if (pattern) {
        ds_put_format(im->report, "%s:%u: by hand: \"%s\" in ovs_ports of %s "
                      "is also about representors: write others by their "
                      "names\n", stanza->file, stanza->line, pattern,
                      stanza->name);
        im->n_by_hand++;
        free(pattern);
    }
    howto_split(&ports, list, " \t\n");
    SVEC_FOR_EACH (i, port, &ports) {
        if (is_rep_name(im, port) && !stanza_stays(im, port)) {
            ds_put_format(im->report, "%s:%u: take %s out of ovs_ports of "
                          "%s\n", stanza->file, stanza->line, port,
                          stanza->name);
        }
    }
    svec_destroy(&ports);
}

/* Returns true if the stanza in 'line' can be deleted, and reports what else
 * can be done about it. */
static bool
report_stanza(struct importer *im, const char *file, unsigned int line)
{
    const struct howto_stanza *stanza = find_stanza(im, file, line);

    if (!stanza) {
        return false;           /* "source", for instance. */
    } else if (!is_rep_name(im, stanza->name)) {
        report_ports(im, stanza);
        return false;
    } else if (!is_needless(im, stanza)) {
        const char *option = special_option(im, stanza);

        ds_put_format(im->report, "%s:%u: keep the stanza of %s, which has "
                      "%s\n", file, line, stanza->name,
                      option ? option : "another mtu");
        return false;
    }
    return true;
}

/* Returns true if all that is below item 'i' of 'file' can be deleted. */
static bool
is_hollow(const struct howto_file *file, size_t i)
{
    size_t end = i + file->items[i].n_below;

    while (i < end && i + 1 < file->n_items) {
        i++;
        if (!file->items[i].ours || file->items[i].doubt) {
            return false;
        }
    }
    return i == end;
}

/* Reports that 'file', a unit, is not needed, and what asks for it. */
static void
report_unit(struct importer *im, const struct howto_file *file)
{
    const char *name = strrchr(file->name, '/') + 1;
    const char *at = strstr(name, "@.service");
    const char *wanted;
    size_t i;

    SVEC_FOR_EACH (i, wanted, &im->h->wanted) {
        size_t n = strcspn(wanted, " ");

        if (at ? !strncmp(wanted, name, at + 1 - name)
            : n == strlen(name) && !strncmp(wanted, name, n)) {
            ds_put_format(im->report, "%s: by hand: it asks for %.*s: take "
                          "that out, or write ovs-sriov.service in its place, "
                          "before that is deleted\n", wanted + n + 1, (int) n,
                          wanted);
            im->n_by_hand++;
        }
    }
    ds_put_format(im->report, "systemctl disable %s; delete %s\n", name,
                  file->name);
}

/* Returns true if what is left of 'file', a unit or what is added to one, has
 * no ExecStart=, which systemd does not take. */
static bool
lacks_start(const struct howto_file *file)
{
    bool wanted = howto_ends_in(file->name, ".service");
    bool found = false;

    for (size_t i = 0; i < file->n_items; i++) {
        const struct howto_item *item = &file->items[i];

        wanted |= item->reset;
        found = (!item->reset
                 && (found
                     || (item->start && (!item->ours || item->doubt))));
    }
    return wanted && !found;
}

/* Reports that of 'file', not all of which can be deleted, 'lines' can. */
static void
report_lines(struct importer *im, const struct howto_file *file,
             const struct svec *lines)
{
    const char *plural = lines->n > 1 ? "s" : "";
    char *joined = svec_join(lines, ", ", "");

    if (!strcmp(file->noun, "line")) {
        ds_put_format(im->report, "in %s delete line%s %s\n", file->name,
                      plural, joined);
    } else {
        ds_put_format(im->report, "in %s delete the %ss in line%s %s\n",
                      file->name, file->noun, plural, joined);
    }
    if (lacks_start(file)) {
        ds_put_format(im->report, "%s: systemd takes no unit without "
                      "ExecStart=: write ExecStart=/bin/true in their "
                      "place\n", file->name);
    }
    free(joined);
}

/* Reports what is not needed of 'file': all of it if that is all that it
 * has. */
static void
report_file(struct importer *im, const struct howto_file *file)
{
    bool stanzas = !strcmp(file->noun, "stanza");
    bool unit = howto_ends_in(file->name, ".service");
    struct svec lines = SVEC_EMPTY_INITIALIZER;
    size_t n_neutral = 0;

    for (size_t i = 0; i < file->n_items; i++) {
        const struct howto_item *item = &file->items[i];

        n_neutral += item->neutral;
        if (stanzas ? report_stanza(im, file->name, item->line)
            : item->ours && !item->doubt) {
            svec_add_nocopy(&lines, xasprintf("%u", item->line));
        }
    }
    /* Of an interfaces file the commands are but a part, and rc.local and the
     * like may have to be there. */
    bool all = (lines.n + n_neutral == file->n_items
                && (strcmp(file->noun, "line") || unit));
    if (lines.n && all && unit) {
        report_unit(im, file);
    } else if (lines.n && all) {
        ds_put_format(im->report, "delete %s\n", file->name);
    } else if (lines.n) {
        report_lines(im, file, &lines);
    }
    svec_destroy(&lines);
    for (size_t i = 0; i < file->n_items; i++) {
        if (file->items[i].hollow && is_hollow(file, i)) {
            ds_put_format(im->report, "%s:%u: nothing is left below it then: "
                          "write %s\n", file->name, file->items[i].line,
                          file->items[i].hollow);
        }
    }
}

char *
host_import(const struct howto *h, const struct host *host, struct ds *conf,
            struct ds *report)
{
    struct importer im = { .h = h, .host = host, .conf = conf,
                           .report = report };
    char *error = NULL;

    svec_init(&im.pcis);
    take_rules(&im);
    for (size_t i = 0; i < im.pcis.n; i++) {
        drop_overruled_names(&im, &im.pfs[i]);
        drop_first_zero(&im, &im.pfs[i]);
    }
    drop_without_mode(&im, HOWTO_NAMES);
    drop_without_mode(&im, HOWTO_MULTIPORT);
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
    if (h->n_settings || h->sets_defaults) {
        ds_put_cstr(report, "then: ovs-vsctl remove Open_vSwitch . "
                    "other_config hw-offload tc-policy lacp-fallback-ab, "
                    "which the database keeps, and which counts more than "
                    "the defaults\n");
    }
    if (!h->n_rules && !h->n_settings && !h->sets_defaults) {
        error = xstrdup("no udev rule, unit or script sets up SR-IOV, and "
                        "ovs-ctl is as it was: there is nothing to import");
    } else if (im.n_by_hand) {
        error = xasprintf("%"PRIuSIZE" thing%s not imported: see \"by hand\" "
                          "above, and do not delete %s", im.n_by_hand,
                          im.n_by_hand > 1 ? "s were" : " was",
                          im.n_by_hand > 1 ? "them" : "it");
    }
    svec_destroy(&im.pcis);
    free(im.pfs);
    return error;
}

static int
run(const struct command_args *args)
{
    struct sriov_nl *nl = command_connect(args);
    struct host *host = host_read(args->root, nl);
    struct ds conf = DS_EMPTY_INITIALIZER;
    struct ds report = DS_EMPTY_INITIALIZER;
    struct howto howto;

    howto_read(&howto, args->root);
    char *error = (args->lag ? host_import_lags : host_import)(
        &howto, host, &conf, &report);
    fputs(ds_cstr(&conf), stdout);
    fputs(ds_cstr(&report), stderr);
    ds_destroy(&conf);
    ds_destroy(&report);
    howto_destroy(&howto);
    host_destroy(host);
    command_disconnect(nl);
    if (error) {
        ovs_fatal(0, "%s", error);
    }
    return EXIT_SUCCESS;
}

const struct command import_command = {
    .name = "import",
    .options = COMMAND_LAG,
    .help = "print sriov.conf for what udev rules do now, and say what\n"
            "can be deleted then",
    .run = run,
};

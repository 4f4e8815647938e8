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


/* See import.h for where this stands, and for what an OVSBond means
 * ovs-vswitchd.conf.db(5), "Bonding Configuration". */

#include <config.h>
#include "sriov/import.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "sriov/conf-bond.h"
#include "sriov/host.h"
#include "sriov/leftovers.h"
#include "svec.h"
#include "util.h"

/* An OVSBond that is to become a Linux bond. */
struct lag {
    const struct howto_stanza *stanza;
    struct svec members;        /* Names of network devices... */
    const struct host_pf **pfs; /* ...and the PF of each. */

    /* What its options say; NULL if nothing. */
    char *mode, *lacp, *rate, *mtu;
    struct svec kept;           /* Options that a port has as well: "tag=5". */
    struct svec lost;           /* Options that a Linux bond has not. */

    char *why_not;              /* Why it stays what it is, or NULL. */
};

static void OVS_PRINTF_FORMAT(2, 3)
refuse(struct lag *lag, const char *format, ...)
{
    if (!lag->why_not) {
        va_list args;

        va_start(args, format);
        lag->why_not = xvasprintf(format, args);
        va_end(args);
    }
}

static const struct host_pf *
find_pf(const struct host *host, const char *netdev)
{
    for (size_t i = 0; i < host->n; i++) {
        const char *name = host_pf_netdev(host->pfs[i]);

        if (name && !strcmp(name, netdev)) {
            return host->pfs[i];
        }
    }
    return NULL;
}

/* Makes '*value' a copy of the value 'new'.  The last one counts. */
static void
put_value(char **value, const char *new)
{
    free(*value);
    *value = xstrdup(new);
}

/* Takes over one of the options, "KEY=VALUE" or "COLUMN:KEY=VALUE".  ovs-vsctl
 * takes "-" for "_" in names of columns. */
static void
read_option(struct lag *lag, const char *option)
{
    size_t n = strcspn(option, "=");
    char *key = xmemdup0(option, n);
    const char *value = option[n] ? option + n + 1 : "";

    for (char *p = key; *p && *p != ':'; p++) {
        *p = *p == '-' ? '_' : *p;
    }
    if (!strcmp(key, "bond_mode")) {
        put_value(&lag->mode, value);
    } else if (!strcmp(key, "lacp")) {
        put_value(&lag->lacp, value);
    } else if (!strcmp(key, "other_config:lacp-time")) {
        put_value(&lag->rate, value);
    } else if (!strcmp(key, "tag") || !strcmp(key, "trunks")
               || !strcmp(key, "vlan_mode")) {
        svec_add(&lag->kept, option);
    } else {
        svec_add(&lag->lost, option);
    }
    free(key);
}

/* Finds out what the options amount to, or that a Linux bond cannot do it. */
static void
check_mode(struct lag *lag)
{
    /* Open vSwitch's defaults. */
    const char *mode = lag->mode ? lag->mode : "active-backup";
    const char *lacp = lag->lacp ? lag->lacp : "off";
    bool speaks = !strcmp(lacp, "active") || !strcmp(lacp, "passive");

    if (!speaks && strcmp(lacp, "off")) {
        refuse(lag, "lacp=%s is none of active, passive and off", lacp);
    } else if (!strcmp(mode, "balance-tcp")) {
        if (!speaks) {
            refuse(lag, "balance-tcp needs LACP, with Open vSwitch as well: "
                   "lacp=active, if the switch at the other end has it, else "
                   "bond_mode=active-backup");
        }
    } else if (!strcmp(mode, "balance-slb")) {
        refuse(lag, "VF-LAG has no balance-slb: bond_mode=active-backup needs "
               "as little of the switch at the other end; with LACP there, "
               "bond_mode=balance-tcp lacp=active uses both cables");
    } else if (strcmp(mode, "active-backup")) {
        refuse(lag, "bond_mode=%s is none of balance-tcp, balance-slb and "
               "active-backup", mode);
    } else if (speaks) {
        refuse(lag, "an active-backup bond of Linux speaks no LACP, and the "
               "switch at the other end may wait for it: "
               "bond_mode=balance-tcp, or lacp=off on both ends");
    }
    if (lag->rate && strcmp(lag->rate, "fast") && strcmp(lag->rate, "slow")) {
        refuse(lag, "lacp-time=%s is none of fast and slow", lag->rate);
    }
}

/* Finds the PFs of the members.  Returns false if none is an uplink: then the
 * bond is none of ours. */
static bool
check_members(struct lag *lag, const struct host *host)
{
    const char *stranger = NULL;
    bool any = false;

    lag->pfs = xcalloc(lag->members.n + 1, sizeof *lag->pfs);
    for (size_t i = 0; i < lag->members.n; i++) {
        const char *name = lag->members.names[i];

        lag->pfs[i] = find_pf(host, name);
        any = any || lag->pfs[i];
        stranger = lag->pfs[i] || stranger ? stranger : name;
    }
    if (!any) {
        return false;
    } else if (stranger) {
        refuse(lag, "%s is no PF with SR-IOV that is here, and VF-LAG is of "
               "the uplinks of one NIC and nothing else", stranger);
        return true;
    } else if (lag->members.n < 2) {
        refuse(lag, "VF-LAG needs the uplinks of all PFs of the NIC, and it "
               "has but %s", lag->members.names[0]);
    }
    for (size_t i = 1; i < lag->members.n; i++) {
        if (!host_same_nic(lag->pfs[0], lag->pfs[i])) {
            refuse(lag, "%s and %s are not of one NIC, of which VF-LAG is",
                   lag->members.names[0], lag->members.names[i]);
        }
    }
    if (!lag->pfs[0]->driver || strcmp(lag->pfs[0]->driver, "mlx5_core")) {
        refuse(lag, "driver %s is not known to have VF-LAG",
               lag->pfs[0]->driver ? lag->pfs[0]->driver : "of the NIC");
    }
    return true;
}

static void
put_section(const struct lag *lag, struct ds *conf)
{
    ds_put_format(conf, "[bond %s]\npfs =", lag->stanza->name);
    for (size_t i = 0; i < lag->members.n; i++) {
        ds_put_format(conf, " %s", lag->pfs[i]->pci);
    }
    if (!lag->mode || !strcmp(lag->mode, "active-backup")) {
        ds_put_cstr(conf, "\nmode = active-backup\n");
    } else {
        ds_put_cstr(conf, "\nmode = 802.3ad\n");
        if (lag->rate && !strcmp(lag->rate, "fast")) {
            ds_put_cstr(conf, "lacp-rate = fast\n");
        }
    }
    if (lag->mtu) {
        ds_put_format(conf, "mtu = %s\n", lag->mtu);
    }
}

/* Appends what becomes of the stanzas. */
static void
put_report(const struct lag *lag, const struct howto *h, struct ds *report)
{
    const struct howto_stanza *stanza = lag->stanza;
    char *kept = svec_join(&lag->kept, " ", "");
    char *lost = svec_join(&lag->lost, " ", "");
    bool options = smap_get(&stanza->options, "ovs_options") != NULL;

    ds_put_format(report, "%s:%u: in the stanza of %s write ovs_type OVSPort, "
                  "and delete ovs_bonds%s\n", stanza->file, stanza->line,
                  stanza->name, options && !lag->kept.n
                  ? " and ovs_options" : "");
    if (lag->kept.n) {
        ds_put_format(report, "%s:%u: of its ovs_options keep %s\n",
                      stanza->file, stanza->line, kept);
    }
    if (lag->lost.n) {
        ds_put_format(report, "%s:%u: a Linux bond has nothing for %s\n",
                      stanza->file, stanza->line, lost);
    }
    for (size_t i = 0; i < h->n_stanzas; i++) {
        const struct howto_stanza *s = h->stanzas[i];

        if (!svec_contains_unsorted(&lag->members,
                                    howto_real_name(h, s->name))) {
            continue;
        } else if (howto_special_option(s)) {
            ds_put_format(report, "%s:%u: in the stanza of %s, which the bond "
                          "has, keep %s and the like\n", s->file, s->line,
                          s->name, howto_special_option(s));
        } else {
            ds_put_format(report, "%s:%u: delete the stanza of %s, which the "
                          "bond has\n", s->file, s->line, s->name);
        }
    }
    free(kept);
    free(lost);
}

/* Reads what there is of the bond in 'stanza', and its MTU also from stanzas of
 * members, whose frames are no larger than theirs. */
static void
read_lag(struct lag *lag, const struct howto *h,
         const struct howto_stanza *stanza)
{
    const struct smap *options = &stanza->options;
    struct svec words = SVEC_EMPTY_INITIALIZER;
    const char *mtu = howto_stanza_mtu(stanza);
    const char *word;
    size_t i;

    *lag = (struct lag) {
        .stanza = stanza,
        .members = SVEC_EMPTY_INITIALIZER,
        .kept = SVEC_EMPTY_INITIALIZER,
        .lost = SVEC_EMPTY_INITIALIZER,
    };
    howto_split(&words, smap_get_def(options, "ovs_bonds", ""), " \t\n");
    SVEC_FOR_EACH (i, word, &words) {
        if (!strcmp(word, "glob") || !strcmp(word, "regex")) {
            refuse(lag, "ovs_bonds has a \"%s\", which may be more than the "
                   "uplinks of one NIC; write their names", word);
        }
        svec_add(&lag->members, howto_real_name(h, word));
    }
    svec_clear(&words);
    howto_split_quoted(&words, smap_get_def(options, "ovs_options", ""));
    SVEC_FOR_EACH (i, word, &words) {
        read_option(lag, word);
    }
    svec_destroy(&words);
    if (smap_get(options, "ovs_extra")) {
        svec_add_nocopy(&lag->lost, xasprintf(
            "ovs_extra %s", smap_get(options, "ovs_extra")));
    }
    for (i = 0; i < h->n_stanzas && !mtu; i++) {
        const struct howto_stanza *s = h->stanzas[i];

        mtu = (svec_contains_unsorted(&lag->members,
                                      howto_real_name(h, s->name))
               ? howto_stanza_mtu(s) : NULL);
    }
    lag->mtu = mtu ? xstrdup(mtu) : NULL;
}

static void
lag_uninit(struct lag *lag)
{
    svec_destroy(&lag->members);
    free(lag->pfs);
    free(lag->mode);
    free(lag->lacp);
    free(lag->rate);
    free(lag->mtu);
    svec_destroy(&lag->kept);
    svec_destroy(&lag->lost);
    free(lag->why_not);
}

/* Refuses what sriov.conf would not take. */
static void
check_section(struct lag *lag)
{
    char *name = xasprintf("bond %s", lag->stanza->name);
    struct host_bond bond;
    char *error = NULL;

    if (!lag->why_not && host_bond_init(&bond, name, 0)) {
        for (size_t i = 0; i < lag->members.n; i++) {
            svec_add(&bond.pfs, lag->pfs[i]->pci);
        }
        error = host_bond_check(&bond);
        if (!error && lag->mtu) {
            error = host_bond_put(&bond, "mtu", lag->mtu);
        }
        if (error) {
            refuse(lag, "%s", error);
        }
        free(error);
        host_bond_uninit(&bond);
    }
    free(name);
}

char *
host_import_lags(const struct howto *h, const struct host *host,
                 struct ds *conf, struct ds *report)
{
    size_t n = 0, n_refused = 0;

    for (size_t i = 0; i < h->n_stanzas; i++) {
        const struct howto_stanza *stanza = h->stanzas[i];
        struct lag lag;

        if (strcmp(smap_get_def(&stanza->options, "ovs_type", ""),
                   "OVSBond")) {
            continue;
        }
        read_lag(&lag, h, stanza);
        if (check_members(&lag, host)) {
            n++;
            check_mode(&lag);
            check_section(&lag);
            if (!lag.why_not) {
                put_section(&lag, conf);
                put_report(&lag, h, report);
            } else {
                n_refused++;
                ds_put_format(report, "%s:%u: %s stays an OVS bond: %s\n",
                              stanza->file, stanza->line, stanza->name,
                              lag.why_not);
            }
        }
        lag_uninit(&lag);
    }
    return (!n ? xstrdup("no OVSBond of /etc/network/interfaces has the "
                         "uplink of a PF: --lag has nothing to do")
            : n_refused ? xasprintf("%"PRIuSIZE" bond%s not turned into one "
                                    "of Linux, see above", n_refused,
                                    n_refused > 1 ? "s were" : " was")
            : NULL);
}

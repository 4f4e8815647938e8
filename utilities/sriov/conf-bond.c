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

/* See conf-bond.h for where this stands, and in the kernel
 * Documentation/networking/bonding.rst. */

#include <config.h>
#include "sriov/conf-bond.h"

#include <ctype.h>
#include <linux/if_bonding.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "sriov/conf.h"
#include "util.h"

/* A word and the kernel's number for it. */
struct word {
    const char *name;
    int number;
};

/* Those that mlx5 makes a VF-LAG of (lag/lag.c,
 * mlx5_handle_changeupper_event, Linux 6.12). */
static const struct word modes[] = {
    { "802.3ad", BOND_MODE_8023AD },
    { "active-backup", BOND_MODE_ACTIVEBACKUP },
    { "balance-xor", BOND_MODE_XOR },
    { NULL, -1 },
};

static const struct word rates[] = {
    { "slow", 0 },              /* include/net/bond_3ad.h */
    { "fast", 1 },
    { NULL, -1 },
};

static const struct word hashes[] = {
    { "layer3+4", BOND_XMIT_POLICY_LAYER34 },
    { "layer2", BOND_XMIT_POLICY_LAYER2 },
    { "layer2+3", BOND_XMIT_POLICY_LAYER23 },
    { "encap2+3", BOND_XMIT_POLICY_ENCAP23 },
    { "encap3+4", BOND_XMIT_POLICY_ENCAP34 },
    { "vlan+srcmac", BOND_XMIT_POLICY_VLAN_SRCMAC },
    { NULL, -1 },
};

static int
number_of(const struct word *words, const char *name)
{
    while (words->name && strcmp(words->name, name)) {
        words++;
    }
    return words->number;
}

bool
host_bond_init(struct host_bond *bond, const char *name, unsigned int line)
{
    static const char prefix[] = "bond ";

    if (strncmp(name, prefix, sizeof prefix - 1)) {
        return false;
    }
    name += sizeof prefix - 1;
    *bond = (struct host_bond) {
        .name = xstrdup(name + strspn(name, " \t")),
        .line = line,
        .pfs = SVEC_EMPTY_INITIALIZER,
        .mode = modes[0].name,
        .lacp_rate = rates[0].name,
        .hash = hashes[0].name,
    };
    return true;
}

void
host_bond_uninit(struct host_bond *bond)
{
    free(bond->name);
    svec_destroy(&bond->pfs);
}

/* Makes '*setting' the one of 'words' that 'value' is. */
static char *
put_word(const struct word *words, const char *value, const char **setting)
{
    struct ds known = DS_EMPTY_INITIALIZER;
    char *error;

    for (const struct word *w = words; w->name; w++) {
        if (!strcmp(w->name, value)) {
            *setting = w->name;
            ds_destroy(&known);
            return NULL;
        }
        ds_put_format(&known, "%s\"%s\"", w == words ? ""
                      : w[1].name ? ", " : " or ", w->name);
    }
    error = xasprintf("\"%s\" is not %s", value, ds_cstr(&known));
    ds_destroy(&known);
    return error;
}

static char *
put_pfs(struct host_bond *bond, const char *value)
{
    struct svec words = SVEC_EMPTY_INITIALIZER;
    char *error = NULL;
    const char *word;
    size_t i;

    char *spaced = xstrdup(value);
    for (char *p = spaced; *p; p++) {
        *p = *p == ',' ? ' ' : *p;
    }
    svec_parse_words(&words, spaced);
    free(spaced);
    SVEC_FOR_EACH (i, word, &words) {
        char *pci;

        if (!host_pci_address(word, &pci)) {
            error = error ? error : xasprintf("\"%s\" is no PCI address such "
                                              "as 0000:81:00.0", word);
        } else if (svec_contains_unsorted(&bond->pfs, pci)) {
            error = error ? error : xasprintf("%s is there twice", pci);
            free(pci);
        } else {
            svec_add_nocopy(&bond->pfs, pci);
        }
    }
    svec_destroy(&words);
    return error;
}

/* Puts 'error' behind 'key', and frees it. */
static char *
about(const char *key, char *error)
{
    char *s = error ? xasprintf("%s: %s", key, error) : NULL;

    free(error);
    return s;
}

char *
host_bond_put(struct host_bond *bond, const char *key, const char *value)
{
    static const char *const keys[] = { "pfs", "mode", "lacp-rate", "hash",
                                        "mtu" };
    unsigned int bit = 0;

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        bit |= strcmp(key, keys[i]) ? 0 : 1u << i;
    }
    if (!bit) {
        return xasprintf("%s: no such key; there are pfs, mode, lacp-rate, "
                         "hash, mtu", key);
    } else if (bond->keys & bit) {
        return xasprintf("%s: is there twice", key);
    }
    bond->keys |= bit;
    switch (bit) {
    case 1 << 0:
        return about(key, put_pfs(bond, value));
    case 1 << 1:
        return about(key, put_word(modes, value, &bond->mode));
    case 1 << 2:
        return about(key, put_word(rates, value, &bond->lacp_rate));
    case 1 << 3:
        return about(key, put_word(hashes, value, &bond->hash));
    default:
        return (isdigit((unsigned char) *value)
                && str_to_uint(value, 10, &bond->mtu) && bond->mtu >= 68
                && bond->mtu <= 65535 ? NULL
                : xasprintf("%s: \"%s\" is no number from 68 to 65535", key,
                            value));
    }
}

char *
host_bond_check(const struct host_bond *bond)
{
    if (!*bond->name || strlen(bond->name) >= IFNAMSIZ
        || strpbrk(bond->name, "/: \t") || !strcmp(bond->name, ".")
        || !strcmp(bond->name, "..")) {
        return xasprintf("\"%s\" is no name of a network device such as "
                         "bond0", bond->name);
    } else if (bond->pfs.n < 2) {
        return xstrdup("needs two PFs of one NIC, such as pfs = 0000:81:00.0 "
                       "0000:81:00.1");
    }
    return NULL;
}

int
host_bond_mode(const struct host_bond *bond)
{
    return number_of(modes, bond->mode);
}

int
host_bond_lacp_rate(const struct host_bond *bond)
{
    return (host_bond_mode(bond) == BOND_MODE_8023AD
            ? number_of(rates, bond->lacp_rate) : -1);
}

int
host_bond_hash(const struct host_bond *bond)
{
    return (host_bond_mode(bond) == BOND_MODE_ACTIVEBACKUP
            ? -1 : number_of(hashes, bond->hash));
}

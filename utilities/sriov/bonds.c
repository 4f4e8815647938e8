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

/* See bonds.h for where this stands. */

#include <config.h>
#include "sriov/bonds.h"

#include <fnmatch.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compat.h"
#include "dirs.h"
#include "openvswitch/json.h"
#include "openvswitch/shash.h"
#include "smap.h"
#include "sriov/conf.h"
#include "sriov/host.h"
#include "sriov/leftovers.h"
#include "svec.h"
#include "util.h"

/* What is asked of the database: the rows of two tables. */
#define QUERY \
    "[\"Open_vSwitch\"," \
    "{\"op\":\"select\",\"table\":\"Interface\",\"where\":[]," \
    "\"columns\":[\"_uuid\",\"name\"]}," \
    "{\"op\":\"select\",\"table\":\"Port\",\"where\":[]," \
    "\"columns\":[\"name\",\"interfaces\"]}]"

/* Returns the answer of the database below 'root', which the caller must
 * destroy, or NULL if there is none, or one of a cluster. */
static struct json *
query(const char *root)
{
    char *path = xasprintf("%s%s/conf.db", root, ovs_dbdir());
    struct json *json = NULL;

    if (!access(path, R_OK)) {
        char *command = xasprintf("ovsdb-tool query '%s' '%s' 2>/dev/null",
                                  path, QUERY);
        FILE *stream = strchr(path, '\'') ? NULL : popen(command, "r");

        if (stream) {
            json = json_from_stream(stream);
            pclose(stream);
        }
        free(command);
    }
    free(path);
    return json;
}

/* Returns the rows of the answer 'index', or NULL. */
static const struct json *
rows_of(const struct json *json, size_t index)
{
    const struct json *answer;

    if (!json || json->type != JSON_ARRAY
        || sriov_compat_array_size(json) <= index) {
        return NULL;
    }
    answer = sriov_compat_array_at(json, index);
    return (answer->type == JSON_OBJECT
            ? shash_find_data(json_object(answer), "rows") : NULL);
}

static size_t
n_rows(const struct json *rows)
{
    return (rows && rows->type == JSON_ARRAY
            ? sriov_compat_array_size(rows) : 0);
}

static const struct json *
cell(const struct json *rows, size_t i, const char *column)
{
    return shash_find_data(json_object(sriov_compat_array_at(rows, i)),
                           column);
}

/* Adds to 'bonds' the OVS bond of each Interface that is a member of one: its
 * name, by that of the Interface. */
static void
read_database(struct shash *bonds, const char *root)
{
    struct json *json = query(root);
    const struct json *ifaces = rows_of(json, 0);
    const struct json *ports = rows_of(json, 1);
    struct smap names = SMAP_INITIALIZER(&names);

    for (size_t i = 0; i < n_rows(ifaces); i++) {
        smap_add(&names,
                 json_string(sriov_compat_array_at(cell(ifaces, i, "_uuid"),
                                                   1)),
                 json_string(cell(ifaces, i, "name")));
    }
    for (size_t i = 0; i < n_rows(ports); i++) {
        /* ["set", [["uuid", UUID], ...]] */
        const struct json *members
            = sriov_compat_array_at(cell(ports, i, "interfaces"), 1);
        size_t n = members->type == JSON_ARRAY
                   ? sriov_compat_array_size(members) : 0;

        for (size_t j = 0; j < n; j++) {
            const struct json *uuid = sriov_compat_array_at(
                sriov_compat_array_at(members, j), 1);
            const char *name = smap_get(&names, json_string(uuid));

            if (name) {
                shash_replace(bonds, name, xstrdup(
                    json_string(cell(ports, i, "name"))));
            }
        }
    }
    smap_destroy(&names);
    json_destroy(json);
}

/* Returns the last value of 'key' in 'section', such as "[Match]", of 'file'
 * below 'root', one of systemd's, which the caller must free, or NULL. */
static char *
unit_value(const char *root, const char *file, const char *section,
           const char *key)
{
    struct howto_lines lines = howto_lines_of(root, file);
    char *value = NULL;
    bool in = false;

    while (howto_next_line(&lines)) {
        struct howto_pair s;

        if (*lines.line == '[') {
            in = !strcmp(lines.line, section);
        } else if (in && howto_split_pair(lines.line, '=', &s)
                   && !strcmp(s.key, key)) {
            free(value);
            value = xstrdup(s.value);
        }
    }
    return value;
}

/* Is 'value', which may be NULL, among 'patterns', as [Match] of a .network
 * file has them?  Those with "!" before them are handled by the caller. */
static bool
is_among(const char *patterns, const char *value)
{
    struct svec words = SVEC_EMPTY_INITIALIZER;
    bool found = false;
    const char *word;
    size_t i;

    howto_split(&words, patterns, " \t");
    SVEC_FOR_EACH (i, word, &words) {
        found |= value && !fnmatch(word, value, FNM_CASEFOLD);
    }
    svec_destroy(&words);
    return found;
}

/* Is the network device of 'pf', or one of its alternative names, among
 * 'patterns'? */
static bool
has_name(const struct howto *h, const char *patterns, const struct host_pf *pf)
{
    bool found = is_among(patterns, host_pf_netdev(pf));
    struct smap_node *node;

    SMAP_FOR_EACH (node, &h->altnames) {
        found |= (!strcmp(node->value, host_pf_netdev(pf))
                  && is_among(patterns, node->key));
    }
    return found;
}

/* Is the MAC address of 'pf', that which it has or was made with, among
 * 'addresses'? */
static bool
has_mac(const char *root, const char *addresses, const struct host_pf *pf)
{
    static const char *const files[] = { "address",
                                         "bonding_slave/perm_hwaddr" };
    bool found = false;

    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        char *address = host_read_file("%s/sys/class/net/%s/%s", root,
                                       host_pf_netdev(pf), files[i]);

        found |= is_among(addresses, address);
        free(address);
    }
    return found;
}

/* Is the .network file 'file' about the network device of 'pf', as far as
 * [Match] says so by what is known here? */
static bool
is_about(const struct howto *h, const char *root, const char *file,
         const struct host_pf *pf)
{
    static const char *const keys[] = { "Name", "MACAddress",
                                        "PermanentMACAddress", "Path",
                                        "Driver" };
    char *path = xasprintf("pci-%s", pf->pci);
    bool any = false, all = true;

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        char *value = unit_value(root, file, "[Match]", keys[i]);

        if (value) {
            bool negate = *value == '!';
            const char *patterns = value + negate;
            bool is = (i == 0 ? has_name(h, patterns, pf)
                       : i < 3 ? has_mac(root, patterns, pf)
                       : is_among(patterns, i == 3 ? path : pf->driver));

            any = true;
            all &= is != negate;
        }
        free(value);
    }
    free(path);
    return any && all;
}

/* Adds to 'files' networkd's files below 'root' whose names end in 'suffix', in
 * the order in which they count. */
static void
list_networkd_files(const char *root, const char *suffix, struct svec *files)
{
    static const char *const folders[] = {
        "/etc/systemd/network", "/run/systemd/network",
        "/usr/lib/systemd/network",
    };

    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        struct svec names = SVEC_EMPTY_INITIALIZER;
        const char *name;
        size_t j;

        host_read_folder(&names, "%s%s", root, folders[i]);
        SVEC_FOR_EACH (j, name, &names) {
            if (howto_ends_in(name, suffix)) {
                svec_add_nocopy(files, xasprintf("%s/%s", folders[i], name));
            }
        }
        svec_destroy(&names);
    }
}

/* Will networkd make a Linux bond 'name'?  (netplan writes "Bond=" for members
 * of an OVS bond as well, which has no .netdev file.) */
static bool
is_networkd_bond(const char *root, const char *name)
{
    struct svec files = SVEC_EMPTY_INITIALIZER;
    bool is = false;
    const char *file;
    size_t i;

    list_networkd_files(root, ".netdev", &files);
    SVEC_FOR_EACH (i, file, &files) {
        char *its_name = unit_value(root, file, "[NetDev]", "Name");
        char *kind = unit_value(root, file, "[NetDev]", "Kind");

        is |= (nullable_string_is_equal(its_name, name)
               && nullable_string_is_equal(kind, "bond"));
        free(kind);
        free(its_name);
    }
    svec_destroy(&files);
    return is;
}

/* Returns the bond of networkd's that will have the network device of 'pf',
 * which the caller must free, or NULL. */
static char *
find_networkd_bond(const struct howto *h, const char *root,
                   const struct host_pf *pf)
{
    struct svec files = SVEC_EMPTY_INITIALIZER;
    char *bond = NULL;

    list_networkd_files(root, ".network", &files);
    for (size_t i = 0; i < files.n && !bond; i++) {
        if (is_about(h, root, files.names[i], pf)) {
            bond = unit_value(root, files.names[i], "[Network]", "Bond");
        }
    }
    svec_destroy(&files);
    if (bond && !is_networkd_bond(root, bond)) {
        free(bond);
        bond = NULL;
    }
    return bond;
}

/* Returns the Linux bond that the host's network configuration, of which 'h'
 * is a part, will put the network device of 'pf' into and that is not there
 * yet; the caller must free it.  Else NULL. */
static char *
find_coming_bond(const struct howto *h, const char *root,
                 const struct host_pf *pf)
{
    const char *name = host_pf_netdev(pf);
    static const char *const keys[] = { "bond-slaves", "bond_slaves",
                                        "slaves" };
    const struct howto_stanza *holder = howto_find_holder(h, name);
    char *bond = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(keys) && holder && !bond; i++) {
        /* (A stanza of OVS has other keys.) */
        bond = (smap_get(&holder->options, keys[i]) ? xstrdup(holder->name)
                : NULL);
    }
    for (size_t i = 0; i < h->n_stanzas && !bond; i++) {
        const struct howto_stanza *s = h->stanzas[i];

        if (!strcmp(howto_real_name(h, s->name), name)) {
            const char *master = smap_get(&s->options, "bond-master");

            bond = nullable_xstrdup(master ? master
                                    : smap_get(&s->options, "bond_master"));
        }
    }
    bond = bond ? bond : find_networkd_bond(h, root, pf);
    if (bond) {
        char *path = xasprintf("%s/sys/class/net/%s", root, bond);

        if (!access(path, F_OK)) {
            free(bond);
            bond = NULL;
        }
        free(path);
    }
    return bond;
}

/* Stores in the PFs which OVS bonds have their uplinks, and which Linux bonds
 * will have them. */
static void
read_ovs_bonds(struct host *host, const char *root)
{
    struct shash bonds = SHASH_INITIALIZER(&bonds);
    struct howto howto;

    howto_read(&howto, root);
    read_database(&bonds, root);
    for (size_t i = 0; i < host->n; i++) {
        struct host_pf *pf = host->pfs[i];
        const char *name = host_pf_netdev(pf);
        const struct howto_stanza *holder
            = name ? howto_find_holder(&howto, name) : NULL;

        free(pf->ovs_bond);
        pf->ovs_bond = nullable_xstrdup(
            holder ? (strcmp(smap_get_def(&holder->options, "ovs_type", ""),
                             "OVSBond") ? NULL : holder->name)
            : name ? shash_find_data(&bonds, name) : NULL);
        free(pf->coming_bond);
        pf->coming_bond = name ? find_coming_bond(&howto, root, pf) : NULL;
    }
    howto_destroy(&howto);
    shash_destroy_free_data(&bonds);
}

/* Returns the first word of a setting of the bond whose folder is 'path', of
 * "802.3ad 4", which the caller must free, or NULL. */
static char *
read_setting(const char *path, const char *name)
{
    char *s = host_read_file("%s/bonding/%s", path, name);

    if (s) {
        s[strcspn(s, " ")] = '\0';
    }
    return s;
}

/* Adds the Linux bond 'name' to the host, if it is there. */
static void
read_linux_bond(struct host *host, const char *name, const char *root)
{
    char *path = xasprintf("%s/sys/class/net/%s", root, name);
    char *mode = read_setting(path, "mode");
    struct host_linux_bond *bond;
    long long int number;

    if (mode || host_read_number(path, "mtu", &number)) {
        /* Without a mode it is another kind of device. */
        bond = host_add_bond(host, name, mode, read_setting(path, "lacp_rate"),
                             read_setting(path, "xmit_hash_policy"));
        bond->mtu = host_read_number(path, "mtu", &number) ? number : 0;
        bond->up = host_read_number(path, "flags", &number) && number & IFF_UP;
    }
    free(path);
}

void
host_read_bonds(struct host *host, const struct host_conf *conf,
                const char *root)
{
    read_ovs_bonds(host, root);
    for (size_t i = 0; i < host->n; i++) {
        struct host_pf *pf = host->pfs[i];

        if (host_pf_netdev(pf)) {
            free(pf->master);
            pf->master = host_read_link("%s/sys/class/net/%s/master", root,
                                        host_pf_netdev(pf));
        }
    }
    for (size_t i = 0; i < conf->n_bonds; i++) {
        read_linux_bond(host, conf->bonds[i].name, root);
    }
}

bool
host_lag_is_inactive(const char *root, const char *pci)
{
    char *state = host_read_file("%s/sys/kernel/debug/mlx5/%s/lag/state", root,
                                 pci);
    bool inactive = state && !strncmp(state, "disabled", 8);

    free(state);
    return inactive;
}

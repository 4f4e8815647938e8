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

/* See conf.h for where this stands. */

#include <config.h>
#include "sriov/conf.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/shash.h"
#include "packets.h"
#include "svec.h"
#include "util.h"

/* Reading a file. */
struct reader {
    FILE *file;
    unsigned int line;          /* Of what was read last, from 1 on. */
    bool inside;                /* It has not been read to its end. */
    struct host_conf *conf;
    struct svec *errors;
};

/* A key.  'parse' stores 'value' in 'section', or returns what is wrong with
 * it, which the caller must free. */
struct key {
    const char *name;
    char *(*parse)(const char *value, struct host_section *section);
    size_t at;                  /* Offset of its line in the section. */
};

/* Adds an error in 'line', about 'key' unless that is NULL. */
static void OVS_PRINTF_FORMAT(4, 5)
add_error(struct reader *reader, unsigned int line, const char *key,
          const char *format, ...)
{
    struct ds s = DS_EMPTY_INITIALIZER;
    va_list args;

    ds_put_format(&s, "%s:%u: ", reader->conf->path, line);
    if (key) {
        ds_put_format(&s, "%s: ", key);
    }
    va_start(args, format);
    ds_put_format_valist(&s, format, args);
    va_end(args);
    svec_add_nocopy(reader->errors, ds_steal_cstr(&s));
}

/* Section names. */

/* Stores in '*address' the PCI address that 's' is, with its domain, which the
 * caller must free.  Returns false if 's' is none. */
bool
host_pci_address(const char *s, char **address)
{
    unsigned int domain = 0, bus, device, function;
    int n = -1;

    if (!ovs_scan(s, "%x:%x:%x.%x%n", &domain, &bus, &device, &function, &n)
        || s[n]) {
        domain = 0;
        n = -1;
        if (!ovs_scan(s, "%x:%x.%x%n", &bus, &device, &function, &n) || s[n]) {
            return false;
        }
    }
    if (bus > 0xff || device > 0x1f || function > 7) {
        return false;
    }
    *address = xasprintf("%04x:%02x:%02x.%x", domain, bus, device, function);
    return true;
}

/* Returns true if both addresses, as host_pci_address() makes them, differ in
 * nothing but the function. */
bool
host_same_card(const char *a, const char *b)
{
    const char *dot = strrchr(a, '.');

    return dot && !strncmp(a, b, dot - a + 1);
}

static bool
parse_ids(const char *s, struct host_section *section)
{
    unsigned int vendor, device = 0;
    int n = -1;

    if (strlen(s) == 6 && ovs_scan(s, "%x:*%n", &vendor, &n) && n == 6) {
        section->match = HOST_MATCH_VENDOR;
    } else if (strlen(s) == 9 && ovs_scan(s, "%x:%x%n", &vendor, &device, &n)
               && n == 9) {
        section->match = HOST_MATCH_DEVICE;
    } else {
        return false;
    }
    if (vendor > 0xffff || device > 0xffff) {
        return false;
    }
    section->vendor = vendor;
    section->device = device;
    return true;
}

/* Takes from the name of 'section' which PFs it is about. */
static bool
parse_section_name(struct host_section *section)
{
    static const char prefix[] = "switch-id ";
    const char *name = section->name;

    if (!strncmp(name, prefix, sizeof prefix - 1)) {
        const char *id = name + sizeof prefix - 1;

        if (!*id || id[strspn(id, "0123456789abcdefABCDEF")]) {
            return false;
        }
        section->match = HOST_MATCH_SWITCH_ID;
        section->id = xstrdup(id);
        for (char *p = section->id; *p; p++) {
            *p = tolower((unsigned char) *p);
        }
        return true;
    }
    if (host_pci_address(name, &section->id)) {
        section->match = HOST_MATCH_PCI;
        return true;
    }
    return parse_ids(name, section);
}

static bool
same_match(const struct host_section *a, const struct host_section *b)
{
    return (a->match == b->match
            && nullable_string_is_equal(a->id, b->id)
            && a->vendor == b->vendor && a->device == b->device);
}

/* Adds the section whose heading is the line 's'. */
static void
add_section(struct reader *reader, const char *s)
{
    struct host_conf *conf = reader->conf;
    const char *end = strchr(s, ']');
    struct host_section *section;

    if (!end) {
        return;                 /* inih finds this error, too. */
    }
    section = xzalloc(sizeof *section);
    section->name = xmemdup0(s + 1, end - s - 1);
    section->line = reader->line;
    section->mode = SRIOV_MODE_SWITCHDEV;
    section->names = xstrdup(HOST_DEFAULT_NAMES);
    if (!parse_section_name(section)) {
        add_error(reader, reader->line, NULL, "[%s]: names no PF; write a "
                  "PCI address such as [0000:81:00.0], VENDOR:DEVICE such as "
                  "[15b3:101f] or [15b3:*], or [switch-id 3264160003bd70c4]",
                  section->name);
    } else {
        for (size_t i = 0; i < conf->n; i++) {
            if (same_match(conf->sections[i], section)) {
                add_error(reader, reader->line, NULL, "[%s]: was in line %u "
                          "already; put all keys in one of the two",
                          section->name, conf->sections[i]->line);
                break;
            }
        }
    }
    if (conf->n >= conf->allocated) {
        conf->sections = x2nrealloc(conf->sections, &conf->allocated,
                                    sizeof *conf->sections);
    }
    conf->sections[conf->n++] = section;
}

/* Keys. */

static char *
parse_mode(const char *value, struct host_section *section)
{
    if (!strcmp(value, "switchdev")) {
        section->mode = SRIOV_MODE_SWITCHDEV;
    } else if (!strcmp(value, "legacy")) {
        section->mode = SRIOV_MODE_LEGACY;
    } else {
        return xasprintf("\"%s\" is not \"switchdev\" or \"legacy\"", value);
    }
    return NULL;
}

static char *
parse_number(const char *value, unsigned int min, unsigned int max,
             unsigned int *number)
{
    if (!isdigit((unsigned char) *value) || !str_to_uint(value, 10, number)
        || *number < min || *number > max) {
        return xasprintf("\"%s\" is no number from %u to %u", value, min, max);
    }
    return NULL;
}

static char *
parse_vfs(const char *value, struct host_section *section)
{
    section->has_vfs = true;
    return parse_number(value, 0, 65535, &section->vfs);
}

static char *
parse_mtu(const char *value, struct host_section *section)
{
    return parse_number(value, 68, 65535, &section->mtu);
}

/* Returns the length of the placeholder at the start of 's', or 0. */
static size_t
placeholder(const char *s)
{
    static const char *const names[] = { "{switch}", "{port}", "{pf}",
                                         "{vf}" };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        size_t n = strlen(names[i]);

        if (!strncmp(s, names[i], n)) {
            return n;
        }
    }
    return 0;
}

static char *
parse_names(const char *value, struct host_section *section)
{
    free(section->names);
    section->names = NULL;
    if (!strcmp(value, "keep")) {
        return NULL;
    }
    for (const char *p = value; *p; ) {
        size_t n = placeholder(p);

        if (!n && !isalnum((unsigned char) *p) && !strchr("_.-", *p)) {
            return (*p == '{'
                    ? xasprintf("\"%s\" is not {switch}, {port}, {pf} or "
                                "{vf}", p)
                    : xasprintf("a name of a network device cannot have "
                                "\"%c\" in it", *p));
        }
        p += n ? n : 1;
    }
    if (!strstr(value, "{port}") && !strstr(value, "{vf}")) {
        return xasprintf("\"%s\" has no {port} or {vf} in it: all VFs would "
                         "have the same name", value);
    }
    section->names = xstrdup(value);
    return NULL;
}

static char *
parse_mac(const char *value, struct host_section *section)
{
    if (!eth_addr_from_string(value, &section->mac)) {
        return xasprintf("\"%s\" is no address such as 02:00:00:00:01:00",
                         value);
    } else if (eth_addr_is_multicast(section->mac)
               || eth_addr_is_zero(section->mac)) {
        return xasprintf("%s is no unicast address", value);
    }
    section->has_mac = true;
    return NULL;
}

static char *
parse_bool(const char *value, enum host_bool *b)
{
    if (!strcmp(value, "on")) {
        *b = HOST_ON;
    } else if (!strcmp(value, "off")) {
        *b = HOST_OFF;
    } else {
        return xasprintf("\"%s\" is not \"on\" or \"off\"", value);
    }
    return NULL;
}

static char *
parse_trust(const char *value, struct host_section *section)
{
    return parse_bool(value, &section->trust);
}

static char *
parse_spoofchk(const char *value, struct host_section *section)
{
    return parse_bool(value, &section->spoofchk);
}

static char *
parse_multiport(const char *value, struct host_section *section)
{
    return parse_bool(value, &section->multiport);
}

static char *
parse_steering(const char *value, struct host_section *section)
{
    free(section->steering);
    section->steering = xstrdup(value);
    return *value ? NULL : xstrdup("is empty; for mlx5 it is smfs, dmfs or "
                                   "hmfs");
}

static const struct key keys[] = {
#define KEY(NAME) { #NAME, parse_##NAME, \
                    offsetof(struct host_section, at.NAME) }
    KEY(mode),
    KEY(vfs),
    KEY(names),
    KEY(mtu),
    KEY(mac),
    KEY(trust),
    KEY(spoofchk),
    KEY(multiport),
    KEY(steering),
#undef KEY
};

static void
add_key(struct reader *reader, struct host_section *section, const char *name,
        const char *value)
{
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        const struct key *key = &keys[i];

        if (!strcmp(name, key->name)) {
            unsigned int *at = ALIGNED_CAST(unsigned int *,
                                            (char *) section + key->at);
            char *error;

            if (*at) {
                add_error(reader, reader->line, name,
                          "was in line %u already (an indented line goes on "
                          "with the one before it)", *at);
                return;
            }
            *at = reader->line;
            error = key->parse(value, section);
            if (error) {
                add_error(reader, reader->line, name, "%s", error);
                free(error);
            }
            return;
        }
    }

    struct ds known = DS_EMPTY_INITIALIZER;
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        ds_put_format(&known, "%s%s", i ? ", " : "", keys[i].name);
    }
    add_error(reader, reader->line, name, "no such key; there are %s",
              ds_cstr(&known));
    ds_destroy(&known);
}

/* The file. */

/* Reads a line for inih, which tells its handler neither where that is nor
 * that there is a section without keys. */
static char *
read_line(char *s, int size, void *reader_)
{
    struct reader *reader = reader_;

    if (!fgets(s, size, reader->file)) {
        return NULL;
    }
    if (!reader->inside) {
        reader->line++;
        if (s[0] == '[') {
            add_section(reader, s);
        }
    }
    reader->inside = !strchr(s, '\n');
    return s;
}

static int
handle_key(void *reader_, const char *section_name, const char *name,
           const char *value)
{
    struct reader *reader = reader_;
    struct host_conf *conf = reader->conf;
    struct host_section *section = conf->n ? conf->sections[conf->n - 1]
                                   : NULL;

    if (!name) {
        /* Some builds of inih tell of sections. */
    } else if (!section || strncmp(section->name, section_name,
                                   strlen(section_name))
               || !*section_name) {
        add_error(reader, reader->line, name, "is in no section; put "
                  "[PCI-ADDRESS] at the start of a line above it");
    } else {
        add_key(reader, section, name, value ? value : "");
    }
    return 1;
}

/* Checks across keys and sections. */

static uint64_t
first_mac(const struct host_section *section)
{
    return eth_addr_to_uint64(section->mac);
}

static unsigned int
n_vfs(const struct host_section *section)
{
    return section->has_vfs ? section->vfs : 1;
}

static void
check_mac(struct reader *reader, const struct host_section *section)
{
    uint64_t first = first_mac(section);
    uint64_t last = first + MAX(n_vfs(section), 1) - 1;
    struct eth_addr last_mac;

    eth_addr_from_uint64(last, &last_mac);
    if (section->match != HOST_MATCH_PCI) {
        add_error(reader, section->at.mac, "mac", "[%s] can be several PFs, "
                  "whose VFs would have the same addresses; use one section "
                  "per PCI address", section->name);
    } else if (last >> 48 || eth_addr_is_multicast(last_mac)) {
        add_error(reader, section->at.mac, "mac",
                  "there are no %u addresses from there on", n_vfs(section));
    }
    for (size_t i = 0; i < reader->conf->n; i++) {
        const struct host_section *other = reader->conf->sections[i];

        if (other == section) {
            break;
        }
        if (other->has_mac && first_mac(other) <= last
            && first <= first_mac(other) + MAX(n_vfs(other), 1) - 1) {
            add_error(reader, section->at.mac, "mac",
                      "VFs of [%s] have some of these addresses",
                      other->name);
        }
    }
}

/* Checks the names that 'section' gives to its VFs.  'all' has those of the
 * sections before it, with their sections. */
static void
check_names(struct reader *reader, const struct host_section *section,
            struct shash *all)
{
    unsigned int line = section->at.names;
    unsigned int function = 0;
    char *card;

    line = line ? line : section->at.vfs ? section->at.vfs : section->line;
    if (section->match != HOST_MATCH_PCI) {
        if (!strstr(section->names, "{switch}")
            || (!strstr(section->names, "{port}")
                && !strstr(section->names, "{pf}"))) {
            add_error(reader, line, "names", "[%s] can be several NICs and "
                      "PFs: names need {switch}, and {port} or {pf}",
                      section->name);
            return;
        }
        card = xstrdup("00");
    } else {
        card = host_conf_card(reader->conf, section->id);
        function = section->id[strlen(section->id) - 1] - '0';
    }

    for (unsigned int vf = 0; vf < n_vfs(section); vf++) {
        char *port = xasprintf("pf%uvf%u", function, vf);
        char *name = host_expand_name(section->names, card, port);
        const struct host_section *other = shash_find_data(all, name);
        bool ok = false;

        if (strlen(name) >= IFNAMSIZ) {
            add_error(reader, line, "names", "%s is longer than %d "
                      "characters; choose a shorter template than \"%s\"",
                      name, IFNAMSIZ - 1, section->names);
        } else if (other && other != section
                   && section->match == HOST_MATCH_PCI) {
            add_error(reader, line, "names", "a VF of [%s] is called %s, too; "
                      "put {switch} and {port} in the template", other->name,
                      name);
        } else {
            shash_add_once(all, name, section);
            ok = true;
        }
        free(port);
        free(name);
        if (!ok) {
            break;
        }
    }
    free(card);
}

static void
check(struct reader *reader)
{
    struct shash names = SHASH_INITIALIZER(&names);

    for (size_t i = 0; i < reader->conf->n; i++) {
        const struct host_section *section = reader->conf->sections[i];

        if (section->has_mac) {
            check_mac(reader, section);
        }
        if (section->names && section->mode == SRIOV_MODE_SWITCHDEV) {
            check_names(reader, section, &names);
        } else if (section->at.names && section->mode == SRIOV_MODE_LEGACY
                   && section->names) {
            add_error(reader, section->at.names, "names", "there are no "
                      "representors in legacy mode; remove it");
        }
        if (section->multiport == HOST_ON
            && section->mode == SRIOV_MODE_LEGACY) {
            add_error(reader, section->at.multiport, "multiport",
                      "needs mode = switchdev");
        }
    }
    shash_destroy(&names);
}

/* Reads the file at 'path'.  Returns what is in it, which the caller must free
 * with host_conf_destroy().  If it cannot be read or has errors, adds a line
 * for each to 'errors' and returns NULL.  A file that does not exist is like
 * one without a section. */
struct host_conf *
host_conf_read(const char *path, struct svec *errors)
{
    struct host_conf *conf = xzalloc(sizeof *conf);
    struct reader reader = {
        .conf = conf,
        .errors = errors,
        .file = fopen(path, "r"),
    };
    size_t n_errors = errors->n;
    int line;

    conf->path = xstrdup(path);
    if (!reader.file) {
        if (errno == ENOENT) {
            return conf;
        }
        svec_add_nocopy(errors, xasprintf("%s: %s", path,
                                          ovs_strerror(errno)));
    } else {
        line = ini_parse_stream(read_line, &reader, handle_key, &reader);
        if (ferror(reader.file)) {
            svec_add_nocopy(errors, xasprintf("%s: cannot be read", path));
        } else if (line) {
            add_error(&reader, line, NULL,
                      "is neither [SECTION] nor KEY = VALUE nor a comment");
        }
        fclose(reader.file);
        if (errors->n == n_errors) {
            check(&reader);
        }
    }
    if (errors->n > n_errors) {
        host_conf_destroy(conf);
        return NULL;
    }
    return conf;
}

void
host_conf_destroy(struct host_conf *conf)
{
    if (!conf) {
        return;
    }
    for (size_t i = 0; i < conf->n; i++) {
        struct host_section *section = conf->sections[i];

        free(section->name);
        free(section->id);
        free(section->names);
        free(section->steering);
        free(section);
    }
    free(conf->sections);
    free(conf->path);
    free(conf);
}

/* Returns the section about the PF at 'pci', the most specific one, or NULL.
 * 'switch_id' may be NULL. */
const struct host_section *
host_conf_find(const struct host_conf *conf, const char *pci, uint16_t vendor,
               uint16_t device, const char *switch_id)
{
    const struct host_section *best = NULL;

    for (size_t i = 0; i < conf->n; i++) {
        const struct host_section *s = conf->sections[i];
        bool match = (s->match == HOST_MATCH_PCI ? !strcmp(s->id, pci)
                      : s->match == HOST_MATCH_SWITCH_ID
                      ? switch_id && !strcmp(s->id, switch_id)
                      : (s->vendor == vendor
                         && (s->match == HOST_MATCH_VENDOR
                             || s->device == device)));

        if (match && (!best || s->match < best->match)) {
            best = s;
        }
    }
    return best;
}

/* Returns what {switch} stands for in names for the NIC of the PF at 'pci',
 * which the caller must free: its number, from 1 on, in the order in which the
 * sections by PCI address first tell of NICs; for one that has none, its bus in
 * two hexadecimal digits.  Depends on nothing else that there is or is not. */
char *
host_conf_card(const struct host_conf *conf, const char *pci)
{
    unsigned int domain, bus, device;
    unsigned int n = 0;

    for (size_t i = 0; i < conf->n; i++) {
        const struct host_section *section = conf->sections[i];
        bool first = section->match == HOST_MATCH_PCI;

        for (size_t j = 0; j < i && first; j++) {
            first = !(conf->sections[j]->match == HOST_MATCH_PCI
                      && host_same_card(conf->sections[j]->id, section->id));
        }
        n += first;
        if (first && host_same_card(section->id, pci)) {
            return xasprintf("%u", n);
        }
    }

    struct ds s = DS_EMPTY_INITIALIZER;
    if (ovs_scan(pci, "%x:%x:%x.", &domain, &bus, &device)) {
        /* All of it only where that is needed. */
        if (domain) {
            ds_put_format(&s, "%x-", domain);
        }
        ds_put_format(&s, "%02x", bus);
        if (device) {
            ds_put_format(&s, "-%x", device);
        }
    }
    return ds_steal_cstr(&s);
}

/* Returns the address that VF 'vf' is to have. */
struct eth_addr
host_vf_mac(const struct host_section *section, unsigned int vf)
{
    struct eth_addr mac;

    eth_addr_from_uint64(first_mac(section) + vf, &mac);
    return mac;
}

/* Returns the name that 'template' gives to the representor 'port'
 * ("pf0vf3"), which the caller must free.  NULL if it gives none: 'port' is
 * not one of a VF, but the template has {vf}, or 'port' is no such name at
 * all. */
char *
host_expand_name(const char *template, const char *card, const char *port)
{
    struct ds s = DS_EMPTY_INITIALIZER;
    struct sriov_port_id id;

    if (!sriov_port_id_from_string(port, &id) || id.flavour == SRIOV_UPLINK
        || (id.flavour != SRIOV_VF && strstr(template, "{vf}"))) {
        return NULL;
    }
    for (const char *p = template; *p; ) {
        size_t n = placeholder(p);

        if (!n) {
            ds_put_char(&s, *p++);
            continue;
        }
        switch (p[1]) {
        case 's': ds_put_cstr(&s, card); break;
        case 'v': ds_put_format(&s, "%"PRIu32, id.number); break;
        default:
            if (p[2] == 'o') {
                ds_put_cstr(&s, port);
            } else {
                ds_put_format(&s, "%"PRIu32, id.pf);
            }
            break;
        }
        p += n;
    }
    return ds_steal_cstr(&s);
}

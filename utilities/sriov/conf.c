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
#include <fcntl.h>
#include <ini.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "bitmap.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/shash.h"
#include "packets.h"
#include "sriov/host.h"
#include "svec.h"
#include "util.h"

/* A file that is larger is none of ours: 10,000 sections take a twentieth of
 * it. */
#define MAX_SIZE (16 << 20)

/* Reading a file. */
struct reader {
    FILE *file;
    unsigned int line;          /* Of what was read last, from 1 on. */
    size_t size;                /* Of what was read. */
    struct host_conf *conf;
    struct svec *errors;
    struct shash names;         /* The first section of each PF or kind of
                                 * PFs, by section_key(). */
    bool in_vfs;                /* The section is the last one of 'vfs'... */
    bool in_bond;               /* ...or of 'bonds'. */

    /* What can be wrong with thousands of sections, and is said once. */
    struct common_error {
        size_t n;               /* In so many, of which... */
        size_t at;              /* ...this one of 'errors' has the first... */
        const char *value;      /* ...with this value. */
    } mac_clash, name_clash, long_name;
    bool macs_overlap;          /* Some sections have a mac_clash. */
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

/* Adds an error as add_error() does, unless 'common' has one with the same
 * 'value', of a section, or "". */
static void OVS_PRINTF_FORMAT(6, 7)
add_common_error(struct reader *reader, struct common_error *common,
                 const char *value, unsigned int line, const char *key,
                 const char *format, ...)
{
    va_list args;

    if (common->n && !strcmp(common->value, value)) {
        common->n++;
        return;
    } else if (!common->n) {
        common->n = 1;
        common->at = reader->errors->n;
        common->value = value;
    }
    va_start(args, format);
    char *text = xvasprintf(format, args);
    va_end(args);
    add_error(reader, line, key, "%s", text);
    free(text);
}

/* Adds to the error in 'common', if it has one, how many more there are. */
static void
end_common_error(struct reader *reader, const struct common_error *common)
{
    if (common->n > 1) {
        char **error = &reader->errors->names[common->at];
        char *all = xasprintf("%s; so it is with %"PRIuSIZE" more section%s",
                              *error, common->n - 1,
                              common->n > 2 ? "s" : "");

        free(*error);
        *error = all;
    }
}

/* Section names. */

/* Stores in '*number' the number, of 'base', at '*s', up to 'max', and moves
 * '*s' past it.  Returns false if there is none. */
static bool
next_number(const char **s, int base, unsigned int max, unsigned int *number)
{
    unsigned long long int n;
    char *end;

    if (!isxdigit((unsigned char) **s)
        || (**s == '0' && strchr("xX", (*s)[1]) && (*s)[1])) {
        return false;           /* strtoull() takes "-1", and "0x1". */
    }
    errno = 0;
    n = strtoull(*s, &end, base);
    if (end == *s || errno || n > max) {
        return false;
    }
    *s = end;
    *number = n;
    return true;
}

bool
host_pci_address(const char *s, char **address)
{
    unsigned int domain = 0, bus, device, function;
    const char *colon = strchr(s, ':');

    if (colon && strchr(colon + 1, ':')
        && (!next_number(&s, 16, UINT32_MAX, &domain) || *s++ != ':')) {
        return false;
    }
    if (!next_number(&s, 16, 0xff, &bus) || *s++ != ':'
        || !next_number(&s, 16, 0x1f, &device) || *s++ != '.'
        || !next_number(&s, 16, 7, &function) || *s) {
        return false;
    }
    *address = xasprintf("%04x:%02x:%02x.%x", domain, bus, device, function);
    return true;
}

/* Returns the part of 'pci' that is the same for all PFs of a NIC, which the
 * caller must free. */
static char *
card_name(const char *pci)
{
    const char *dot = strrchr(pci, '.');

    return xmemdup0(pci, dot ? dot - pci : strlen(pci));
}

/* Returns what 'conf' knows of the NIC of the PF at 'pci', or NULL. */
static struct host_card *
find_card(const struct host_conf *conf, const char *pci)
{
    char *name = card_name(pci);
    struct host_card *card = shash_find_data(&conf->cards, name);

    free(name);
    return card;
}

/* Returns the same, but a new one in place of NULL. */
static struct host_card *
get_card(struct host_conf *conf, const char *pci)
{
    struct host_card *card = find_card(conf, pci);

    if (!card) {
        card = xzalloc(sizeof *card);
        shash_add_nocopy(&conf->cards, card_name(pci), card);
    }
    return card;
}

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

/* Stores in '*first' and '*last' the VFs that 's', "2" or "2-5", is about.
 * Returns false if it is about none. */
static bool
parse_vf_range(const char *s, unsigned int *first, unsigned int *last)
{
    if (!next_number(&s, 10, UINT16_MAX, first)) {
        return false;
    }
    *last = *first;
    if (*s == '-') {
        s++;
        if (!next_number(&s, 10, UINT16_MAX, last)) {
            return false;
        }
    }
    return !*s && *first <= *last;
}

/* Adds the section 'name', which is "0000:81:00.0 vf 2" or "... vf 2-5", if it
 * is of that kind.  Returns false if it is not. */
static bool
add_vf_section(struct reader *reader, const char *name)
{
    const char *vf = strstr(name, " vf ");
    struct host_conf *conf = reader->conf;
    struct host_vf_section *section;
    unsigned int first, last;
    char *pf;

    if (!vf) {
        return false;
    }

    char *address = xmemdup0(name, vf - name);
    if (!host_pci_address(address, &pf)) {
        pf = xstrdup("");
        add_error(reader, reader->line, NULL, "[%s]: %s is no PCI address "
                  "such as 0000:81:00.0", name, address);
    }
    free(address);
    if (!parse_vf_range(vf + strlen(" vf "), &first, &last)) {
        add_error(reader, reader->line, NULL, "[%s]: names no VF; write a "
                  "number or a range, such as [0000:81:00.0 vf 2-5]", name);
        first = 1;              /* None, so that no other is in its way. */
        last = 0;
    }
    for (size_t i = 0; i < conf->n_vfs; i++) {
        section = &conf->vfs[i];
        if (!strcmp(section->pf, pf) && first <= section->last
            && section->first <= last) {
            add_error(reader, reader->line, NULL, "[%s]: line %u is about "
                      "some of these VFs already", name, section->line);
        }
    }
    if (conf->n_vfs >= conf->allocated_vfs) {
        conf->vfs = x2nrealloc(conf->vfs, &conf->allocated_vfs,
                               sizeof *conf->vfs);
    }
    section = &conf->vfs[conf->n_vfs++];
    section->name = xstrdup(name);
    section->line = reader->line;
    section->pf = pf;
    section->first = first;
    section->last = last;
    vm_settings_init(&section->settings);
    return true;
}

/* Checks the section that was read last, if it is about VFs. */
static void
check_vf_section(struct reader *reader)
{
    struct host_conf *conf = reader->conf;

    if (reader->in_vfs) {
        const struct host_vf_section *section = &conf->vfs[conf->n_vfs - 1];
        char *wrong = vm_settings_check(&section->settings);

        if (!wrong && section->settings.has_mac
            && section->first != section->last) {
            wrong = xstrdup("mac is of one VF; write a section for each");
        }
        if (wrong) {
            add_error(reader, section->line, NULL, "[%s]: %s", section->name,
                      wrong);
            free(wrong);
        }
        reader->in_vfs = false;
    }
}

/* Adds the section 'name', which is "bond bond0", if it is of that kind.
 * Returns false if it is not. */
static bool
add_bond_section(struct reader *reader, const char *name)
{
    struct host_conf *conf = reader->conf;
    struct host_bond bond;

    if (!host_bond_init(&bond, name, reader->line)) {
        return false;
    }
    for (size_t i = 0; i < conf->n_bonds; i++) {
        if (!strcmp(conf->bonds[i].name, bond.name)) {
            add_error(reader, reader->line, NULL, "[%s]: was in line %u "
                      "already", name, conf->bonds[i].line);
        }
    }
    conf->bonds = xrealloc(conf->bonds,
                           (conf->n_bonds + 1) * sizeof *conf->bonds);
    conf->bonds[conf->n_bonds++] = bond;
    return true;
}

/* Returns what 'section' has in common with others about the same PFs only,
 * which the caller must free. */
static char *
section_key(const struct host_section *section)
{
    return xasprintf("%d %s %04x %04x", section->match,
                     section->id ? section->id : "", section->vendor,
                     section->device);
}

/* Returns the first 'n' characters of 's', with one space in the place of
 * several, which the caller must free. */
static char *
heading_name(const char *s, size_t n)
{
    struct ds name = DS_EMPTY_INITIALIZER;

    for (size_t i = 0; i < n; i++) {
        bool space = strchr(" \t", s[i]) != NULL;

        if (!space || (i && !strchr(" \t", s[i - 1]))) {
            ds_put_char(&name, space ? ' ' : s[i]);
        }
    }
    return ds_steal_cstr(&name);
}

/* Takes down that 'section' is there, and says so if it was already. */
static void
note_section(struct reader *reader, const struct host_section *section)
{
    char *key = section_key(section);
    const struct host_section *first = shash_find_data(&reader->names, key);

    if (first) {
        add_error(reader, reader->line, NULL, "[%s]: was in line %u "
                  "already; put all keys in one of the two",
                  section->name, first->line);
        free(key);
    } else {
        shash_add_nocopy(&reader->names, key, section);
    }
}

/* Adds the section whose heading is the line 's'. */
static void
add_section(struct reader *reader, const char *s)
{
    struct host_conf *conf = reader->conf;
    const char *end = strchr(s, ']');
    const char *rest = end ? end + 1 + strspn(end + 1, " \t") : "";
    struct host_section *section;

    if (!end || (*rest && *rest != '#' && *rest != ';')) {
        add_error(reader, reader->line, NULL, end
                  ? "there is \"%s\" after the heading; put it on a line of "
                  "its own" : "\"%s\" lacks a \"]\"", end ? rest : s);
        if (!end) {
            return;
        }
    }
    s += strspn(s + 1, " \t");
    while (end > s + 1 && strchr(" \t", end[-1])) {
        end--;
    }
    check_vf_section(reader);

    char *name = heading_name(s + 1, end - s - 1);
    reader->in_vfs = add_vf_section(reader, name);
    reader->in_bond = !reader->in_vfs && add_bond_section(reader, name);
    if (reader->in_vfs || reader->in_bond) {
        free(name);
        return;
    }
    section = xzalloc(sizeof *section);
    section->name = name;
    section->line = reader->line;
    section->mode = SRIOV_MODE_SWITCHDEV;
    section->names = xstrdup(HOST_DEFAULT_NAMES);
    if (!parse_section_name(section)) {
        add_error(reader, reader->line, NULL, "[%s]: names no PF; write a "
                  "PCI address such as [0000:81:00.0], VENDOR:DEVICE such as "
                  "[15b3:101f] or [15b3:*], [switch-id 3264160003bd70c4], VFs "
                  "such as [0000:81:00.0 vf 2-5], or [bond bond0]",
                  section->name);
    } else {
        note_section(reader, section);
        if (section->match == HOST_MATCH_PCI) {
            get_card(conf, section->id)->configured = true;
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
    if (!strcmp(value, "auto")) {
        return NULL;
    }

    char *error = parse_bool(value, &section->multiport);
    if (error) {
        free(error);
        error = xasprintf("\"%s\" is not \"auto\", \"on\" or \"off\"",
                          value);
    }
    return error;
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

/* Returns true if 'value' goes on with "# ..." or "; ...". */
static bool
has_comment(const char *value)
{
    const char *p = strpbrk(value, "#;");

    return p && (p == value || strchr(" \t", p[-1]));
}

/* Returns true if 'value' is in quotes. */
static bool
has_quotes(const char *value)
{
    size_t n = strlen(value);

    return (n >= 2 && strchr("\"'", value[0]) && value[n - 1] == value[0]);
}

/* Returns true if 's' has a character that a person does not see, or takes for
 * another one, such as a space that does not break. */
static bool
has_strange(const char *s)
{
    for (; *s; s++) {
        if (!isascii((unsigned char) *s) || !isprint((unsigned char) *s)) {
            return true;
        }
    }
    return false;
}

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
                          "was in line %u already", *at);
                return;
            }
            *at = reader->line;
            error = (has_quotes(value)
                     ? xasprintf("%s has quotes, which are a part of it here; "
                                 "write it without", value)
                     : has_comment(value)
                     ? xasprintf("\"%s\" has a comment in it; put that on a "
                                 "line of its own, which begins with #", value)
                     : key->parse(value, section));
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
    add_error(reader, reader->line, name, "%s; there are %s",
              has_strange(name) ? "it has a character that does not show, or "
              "is not in English" : "no such key", ds_cstr(&known));
    ds_destroy(&known);
}

/* The file. */

/* Reads the next line into 's', without what may be around it: a byte order
 * mark at the start of the file, spaces, the end of a line as Windows has it.
 * An empty one in place of a comment, or of what is neither [SECTION] nor
 * KEY = VALUE, which is an error. */
static char *
next_line(struct reader *reader, char **buffer, size_t *allocated)
{
    static const char bom[] = "\xef\xbb\xbf";
    ssize_t n = getline(buffer, allocated, reader->file);
    char *s = *buffer;

    if (n < 0) {
        return NULL;
    }
    reader->line++;
    reader->size += n;
    if (strlen(s) != n) {
        add_error(reader, reader->line, NULL, "is no text; save the file as "
                  "UTF-8");
        return NULL;
    } else if (reader->size > MAX_SIZE) {
        add_error(reader, reader->line, NULL, "the file is larger than 16 MB");
        return NULL;
    }
    s += reader->line == 1 && !strncmp(s, bom, 3) ? 3 : 0;
    s += strspn(s, " \t");
    for (n = strlen(s); n && strchr(" \t\r\n", s[n - 1]); n--) {
        s[n - 1] = '\0';
    }
    if (*s == '#' || *s == ';') {
        *s = '\0';
    } else if (*s == '[') {
        add_section(reader, s);
    } else if (*s && (!strpbrk(s, "=:") || strchr("=:", *s))) {
        add_error(reader, reader->line, NULL,
                  "is neither [SECTION] nor KEY = VALUE nor a comment");
        *s = '\0';
    }
    return s;
}

/* Gives inih the next line.  It takes lines in pieces of 'size', and the rest
 * of a long one for another one; it knows no byte order mark, goes on with the
 * value of one line in an indented one, and tells its handler neither the line
 * nor that there is a section without keys: so it gets lines that have nothing
 * of that kind.  (No key or value that means something is as long.) */
static char *
read_line(char *out, int size, void *reader_)
{
    struct reader *reader = reader_;
    size_t allocated = 0;
    char *buffer = NULL;
    char *s = next_line(reader, &buffer, &allocated);

    if (s) {
        char *equals = *s == '[' ? NULL : strpbrk(s, "=:");
        char *value = equals ? equals + 1 + strspn(equals + 1, " \t") : "";

        if (equals) {
            do {
                *equals-- = '\0';
            } while (strchr(" \t", *equals));
        }
        if (*s == '[') {
            snprintf(out, size, "[s]\n");
        } else if (equals
                   && snprintf(out, size, "%s = %s\n", s, value) >= size) {
            add_error(reader, reader->line, NULL, "\"%.20s...\" is too long "
                      "for a key and its value", s);
            snprintf(out, size, "\n");
        } else if (!equals) {
            snprintf(out, size, "\n");
        }
    }
    free(buffer);
    return s ? out : NULL;
}

static int
handle_key(void *reader_, const char *section_name OVS_UNUSED,
           const char *name, const char *value)
{
    struct reader *reader = reader_;
    struct host_conf *conf = reader->conf;

    if (!name) {
        /* Some builds of inih tell of sections. */
    } else if (reader->in_vfs || reader->in_bond) {
        char *wrong
            = (reader->in_vfs
               ? vm_settings_put(&conf->vfs[conf->n_vfs - 1].settings, name,
                                 value ? value : "")
               : host_bond_put(&conf->bonds[conf->n_bonds - 1], name,
                               value ? value : ""));

        if (wrong) {
            add_error(reader, reader->line, NULL, "%s", wrong);
            free(wrong);
        }
    } else if (!conf->n) {
        add_error(reader, reader->line, name, "is in no section; put "
                  "[PCI-ADDRESS] on a line above it");
    } else {
        add_key(reader, conf->sections[conf->n - 1], name,
                value ? value : "");
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

static uint64_t
last_mac_of(const struct host_section *section)
{
    return first_mac(section) + MAX(n_vfs(section), 1) - 1;
}

static void
check_mac(struct reader *reader, const struct host_section *section)
{
    uint64_t first = first_mac(section);
    uint64_t last = last_mac_of(section);
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
    for (size_t i = 0; i < reader->conf->n && reader->macs_overlap; i++) {
        const struct host_section *other = reader->conf->sections[i];

        if (other == section) {
            break;
        }
        if (other->has_mac && first_mac(other) <= last
            && first <= last_mac_of(other)) {
            add_common_error(reader, &reader->mac_clash, "", section->at.mac,
                             "mac", "VFs of [%s] have some of these addresses",
                             other->name);
            break;
        }
    }
}

static int
compare_macs(const void *a_, const void *b_)
{
    const struct host_section *const *a = a_;
    const struct host_section *const *b = b_;

    return (first_mac(*a) < first_mac(*b) ? -1
            : first_mac(*a) > first_mac(*b));
}

/* Returns true if VFs of two sections have one address: so that only then each
 * section is compared with each, of which there may be thousands. */
static bool
have_macs_in_common(const struct host_conf *conf)
{
    const struct host_section **with
        = xcalloc(MAX(conf->n, 1), sizeof *with);
    bool overlap = false;
    size_t n = 0;

    for (size_t i = 0; i < conf->n; i++) {
        if (conf->sections[i]->has_mac) {
            with[n++] = conf->sections[i];
        }
    }
    qsort(with, n, sizeof *with, compare_macs);
    for (size_t i = 1; i < n; i++) {
        overlap |= first_mac(with[i]) <= last_mac_of(with[i - 1]);
    }
    free(with);
    return overlap;
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
            add_common_error(reader, &reader->long_name, section->names, line,
                             "names", "%s is longer than %d characters; choose "
                             "a shorter template than \"%s\"", name,
                             IFNAMSIZ - 1, section->names);
        } else if (other && other != section
                   && section->match == HOST_MATCH_PCI) {
            add_common_error(reader, &reader->name_clash, section->names, line,
                             "names", "a VF of [%s] is called %s, too; put "
                             "{switch} and {port} in the template",
                             other->name, name);
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

/* "multiport" is of a NIC, not of one PF. */
static void
check_multiport(struct reader *reader, const struct host_section *section)
{
    if (section->match != HOST_MATCH_PCI || !section->at.multiport) {
        return;
    }

    struct host_card *card = get_card(reader->conf, section->id);
    const struct host_section *first = card->multiport;

    if (!first) {
        card->multiport = section;
    } else if (section->multiport != first->multiport) {
        add_error(reader, section->at.multiport, "multiport",
                  "line %u says something else for the same NIC, whose PFs "
                  "have it all or none", first->at.multiport);
    }
}

/* Checks what 'bond' has to do with other sections: its PFs must be in
 * switchdev mode, and of no other bond. */
static void
check_bond(struct reader *reader, const struct host_bond *bond)
{
    const struct host_conf *conf = reader->conf;
    char *wrong = host_bond_check(bond);
    const char *pci;
    size_t i;

    if (!wrong && !conf->n) {
        wrong = xstrdup("its PFs need sections of their own");
    }
    SVEC_FOR_EACH (i, pci, &bond->pfs) {
        for (size_t j = 0; j < conf->n && !wrong; j++) {
            const struct host_section *s = conf->sections[j];

            if (s->match != HOST_MATCH_PCI || strcmp(s->id, pci)) {
                continue;
            } else if (s->mode != SRIOV_MODE_SWITCHDEV) {
                wrong = xasprintf("needs mode = switchdev in [%s]", s->name);
            } else if (s->multiport == HOST_ON) {
                wrong = xasprintf("there is no VF-LAG with multiport = on in "
                                  "[%s]; remove one of the two", s->name);
            } else if (s->mtu && bond->mtu && s->mtu != bond->mtu) {
                wrong = xasprintf("mtu: is %u in [%s], and one for all",
                                  s->mtu, s->name);
            }
        }
        for (const struct host_bond *other = conf->bonds;
             other < bond && !wrong; other++) {
            if (svec_contains_unsorted(&other->pfs, pci)) {
                wrong = xasprintf("%s is in [bond %s] already", pci,
                                  other->name);
            }
        }
    }
    if (wrong) {
        add_error(reader, bond->line, NULL, "[bond %s]: %s", bond->name,
                  wrong);
        free(wrong);
    }
}

static void
check(struct reader *reader)
{
    struct shash names = SHASH_INITIALIZER(&names);

    reader->macs_overlap = have_macs_in_common(reader->conf);
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
        check_multiport(reader, section);
    }
    for (size_t i = 0; i < reader->conf->n_bonds; i++) {
        check_bond(reader, &reader->conf->bonds[i]);
    }
    end_common_error(reader, &reader->mac_clash);
    end_common_error(reader, &reader->name_clash);
    end_common_error(reader, &reader->long_name);
    shash_destroy(&names);
}

/* Numbers of NICs. */

static bool
has_number(const struct host_conf *conf, unsigned int number)
{
    for (size_t i = 0; i < conf->n_switches; i++) {
        if (conf->switches[i].number == number) {
            return true;
        }
    }
    return false;
}

/* Gives the NIC of 'pci' the number 'number', unless it has one. */
static void
add_switch(struct host_conf *conf, const char *pci, unsigned int number)
{
    struct host_card *card = get_card(conf, pci);

    if (card->number) {
        return;
    }
    card->number = number;
    if (conf->n_switches >= conf->allocated_switches) {
        conf->switches = x2nrealloc(conf->switches, &conf->allocated_switches,
                                    sizeof *conf->switches);
    }
    conf->switches[conf->n_switches].pci = xstrdup(pci);
    conf->switches[conf->n_switches++].number = number;
}

/* Reads the numbers that NICs have, and gives one to each that sections by PCI
 * address tell of and that has none: in their order the lowest ones that are
 * free. */
static void
read_switches(struct host_conf *conf)
{
    char *path = xasprintf("%s%s", conf->path, HOST_SWITCHES_SUFFIX);
    FILE *file = fopen(path, "r");
    struct ds line = DS_EMPTY_INITIALIZER;

    while (file && !ds_get_line(&line, file)) {
        unsigned int number;
        char word[32], *pci;

        if (ovs_scan(ds_cstr(&line), "%31s %u", word, &number)
            && host_pci_address(word, &pci)) {
            if (number && !has_number(conf, number)) {
                add_switch(conf, pci, number);
            }
            free(pci);
        }
    }
    conf->n_kept = conf->n_switches;

    /* Which of as many numbers as there can be are taken. */
    size_t max = conf->n_switches + conf->n + 1;
    unsigned long *taken = bitmap_allocate(max + 1);
    for (size_t i = 0; i < conf->n_switches; i++) {
        if (conf->switches[i].number <= max) {
            bitmap_set1(taken, conf->switches[i].number);
        }
    }
    for (size_t i = 0, number = 1; i < conf->n; i++) {
        const struct host_section *section = conf->sections[i];

        while (bitmap_is_set(taken, number)) {
            number++;
        }
        if (section->match == HOST_MATCH_PCI && section->id
            && !get_card(conf, section->id)->number) {
            add_switch(conf, section->id, number);
            bitmap_set1(taken, number);
        }
    }
    bitmap_free(taken);
    if (file) {
        fclose(file);
    }
    ds_destroy(&line);
    free(path);
}

int
host_conf_keep_switches(struct host_conf *conf)
{
    struct ds text = DS_EMPTY_INITIALIZER;
    char *path;
    int error;

    if (conf->n_switches <= conf->n_kept) {
        return 0;
    }
    ds_put_cstr(&text, "# The numbers that {switch} stands for in names: see "
                "ovs-sriov(8).\n");
    for (size_t i = 0; i < conf->n_switches; i++) {
        ds_put_format(&text, "%s %u\n", conf->switches[i].pci,
                      conf->switches[i].number);
    }
    path = xasprintf("%s%s", conf->path, HOST_SWITCHES_SUFFIX);
    error = host_replace_file(path, ds_cstr(&text));
    conf->n_kept = error ? conf->n_kept : conf->n_switches;
    free(path);
    ds_destroy(&text);
    return error;
}

/* Opens the file at 'path', which must be one with text, though it may be a
 * link to /dev/null, which is empty.  Others may have no end, or never begin,
 * as a pipe that nobody writes to.  Returns NULL, with what is wrong in
 * '*error', which the caller must free, or with NULL if there is no such
 * file. */
static FILE *
open_file(const char *path, char **error)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct stat s;

    *error = NULL;
    if (fd < 0) {
        *error = errno == ENOENT ? NULL : xasprintf("%s: %s", path,
                                                    ovs_strerror(errno));
        return NULL;
    }
    if (fstat(fd, &s)) {
        *error = xasprintf("%s: %s", path, ovs_strerror(errno));
    } else if (!S_ISREG(s.st_mode)
               && !(S_ISCHR(s.st_mode) && s.st_rdev == makedev(1, 3))) {
        *error = xasprintf("%s: is no regular file, but a %s", path,
                           S_ISDIR(s.st_mode) ? "folder"
                           : S_ISFIFO(s.st_mode) ? "pipe"
                           : "device or something else");
    } else if (s.st_size > MAX_SIZE) {
        *error = xasprintf("%s: is larger than 16 MB", path);
    }
    if (*error) {
        close(fd);
        return NULL;
    }
    return fdopen(fd, "r");
}

struct host_conf *
host_conf_read(const char *path, struct svec *errors)
{
    struct host_conf *conf = xzalloc(sizeof *conf);
    struct reader reader = { .conf = conf, .errors = errors };
    size_t n_errors = errors->n;
    char *error;
    int line;

    conf->path = xstrdup(path);
    shash_init(&conf->cards);
    reader.file = open_file(path, &error);
    if (!reader.file) {
        if (!error) {
            return conf;
        }
        svec_add_nocopy(errors, error);
    } else {
        shash_init(&reader.names);
        line = ini_parse_stream(read_line, &reader, handle_key, &reader);
        if (ferror(reader.file)) {
            svec_add_nocopy(errors, xasprintf("%s: cannot be read", path));
        } else if (line && errors->n == n_errors) {
            add_error(&reader, line, NULL, "cannot be read");
        }
        fclose(reader.file);
        shash_destroy(&reader.names);
        check_vf_section(&reader);
        read_switches(conf);
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
    for (size_t i = 0; i < conf->n_vfs; i++) {
        free(conf->vfs[i].name);
        free(conf->vfs[i].pf);
        vm_settings_destroy(&conf->vfs[i].settings);
    }
    free(conf->vfs);
    for (size_t i = 0; i < conf->n_bonds; i++) {
        host_bond_uninit(&conf->bonds[i]);
    }
    free(conf->bonds);
    for (size_t i = 0; i < conf->n_switches; i++) {
        free(conf->switches[i].pci);
    }
    free(conf->switches);
    shash_destroy_free_data(&conf->cards);
    free(conf->sections);
    free(conf->path);
    free(conf);
}

bool
host_section_matches(const struct host_section *section, const char *pci,
                     uint16_t vendor, uint16_t device, const char *switch_id)
{
    return (section->match == HOST_MATCH_PCI ? !strcmp(section->id, pci)
            : section->match == HOST_MATCH_SWITCH_ID
            ? sriov_switch_id_is(section->id, switch_id)
            : (section->vendor == vendor
               && (section->match == HOST_MATCH_VENDOR
                   || section->device == device)));
}

const struct host_section *
host_conf_find(const struct host_conf *conf, const char *pci, uint16_t vendor,
               uint16_t device, const char *switch_id)
{
    const struct host_section *best = NULL;

    for (size_t i = 0; i < conf->n; i++) {
        const struct host_section *s = conf->sections[i];
        bool match = host_section_matches(s, pci, vendor, device, switch_id);

        /* A switch id as a whole is more than the beginning of one. */
        if (match && (!best || s->match < best->match
                      || (s->match == best->match
                          && s->match == HOST_MATCH_SWITCH_ID
                          && strlen(s->id) > strlen(best->id)))) {
            best = s;
        }
    }
    return best;
}

char *
host_conf_card(const struct host_conf *conf, const char *pci)
{
    unsigned int domain, bus, device;
    const struct host_card *card = find_card(conf, pci);

    if (card && card->configured && card->number) {
        return xasprintf("%u", card->number);
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

struct eth_addr
host_vf_mac(const struct host_section *section, unsigned int vf)
{
    struct eth_addr mac;

    eth_addr_from_uint64(first_mac(section) + vf, &mac);
    return mac;
}

static char *
expand_name(const char *template, const char *card, const char *port)
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
                /* Without what sfc has before it. */
                ds_put_cstr(&s, *port == 'p' ? strstr(port, "pf") : port);
            } else {
                ds_put_format(&s, "%"PRIu32, id.pf);
            }
            break;
        }
        p += n;
    }
    return ds_steal_cstr(&s);
}

char *
host_expand_name(const char *template, const char *card, const char *port)
{
    char *name = expand_name(template, card, port);

    if (name && strlen(name) >= IFNAMSIZ
        && !strcmp(template, HOST_DEFAULT_NAMES)) {
        free(name);
        name = expand_name(HOST_SHORT_NAMES, card, port);
    }
    return name;
}

const struct host_bond *
host_conf_bond(const struct host_conf *conf, const char *pci)
{
    for (size_t i = 0; i < conf->n_bonds; i++) {
        if (svec_contains_unsorted(&conf->bonds[i].pfs, pci)) {
            return &conf->bonds[i];
        }
    }
    return NULL;
}

unsigned int
host_bond_mtu(const struct host_conf *conf, const struct host_bond *bond)
{
    unsigned int mtu = bond->mtu;

    for (size_t i = 0; i < conf->n && !mtu; i++) {
        const struct host_section *section = conf->sections[i];

        if (section->match == HOST_MATCH_PCI
            && svec_contains_unsorted(&bond->pfs, section->id)) {
            mtu = section->mtu;
        }
    }
    return mtu;
}

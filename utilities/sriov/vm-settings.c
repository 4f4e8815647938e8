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

/* See vm-settings.h for where this stands. */

#include <config.h>
#include "sriov/vm-settings.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "bitmap.h"
#include "datapath/sources.h"
#include "openvswitch/dynamic-string.h"
#include "packets.h"
#include "sha1.h"
#include "unicode.h"
#include "util.h"

#define N_VLANS 4096

void
vm_settings_init(struct vm_settings *s)
{
    memset(s, 0, sizeof *s);
}

void
vm_settings_destroy(struct vm_settings *s)
{
    bitmap_free(s->trunks);
    free(s->addresses);
    free(s->mirror);
    free(s->name);
}

void
vm_settings_clone(struct vm_settings *new, const struct vm_settings *old)
{
    *new = *old;
    new->trunks = old->trunks ? bitmap_clone(old->trunks, N_VLANS) : NULL;
    new->addresses = nullable_xstrdup(old->addresses);
    new->mirror = nullable_xstrdup(old->mirror);
    new->name = nullable_xstrdup(old->name);
}

/* Keys. */

/* Returns true if 's' is UTF-8.  OVSDB takes nothing else, and refuses all of
 * a transaction otherwise, what is about other VMs, too. */
static bool
is_utf8(const char *s)
{
    char *wrong = utf8_validate(s, NULL);

    free(wrong);
    return !wrong;
}

static bool
scan_vlan(const char **s, unsigned int *vlan)
{
    char *end;

    if (!isdigit((unsigned char) **s)) {
        return false;
    }
    *vlan = strtoul(*s, &end, 10);
    *s = end;
    return *vlan >= 1 && *vlan <= 4094;
}

static char *
put_vlan(struct vm_settings *s, const char *value)
{
    const char *p = value;
    unsigned int vlan;

    if (!scan_vlan(&p, &vlan) || *p) {
        return xasprintf("%s is no VLAN from 1 to 4094", value);
    }
    s->has_vlan = true;
    s->vlan = vlan;
    s->native = s->tunnel = false;
    return NULL;
}

static char *
put_native(struct vm_settings *s, const char *value)
{
    char *error = put_vlan(s, value);

    s->native = !error;
    return error;
}

static char *
put_tunnel(struct vm_settings *s, const char *value)
{
    char *error = put_vlan(s, value);

    s->tunnel = !error;
    return error;
}

static char *
put_trunks(struct vm_settings *s, const char *value)
{
    unsigned long *trunks = bitmap_allocate(N_VLANS);
    const char *p = value;
    bool ok;

    do {
        unsigned int low, high;

        ok = scan_vlan(&p, &low);
        high = low;
        if (ok && *p == '-') {
            p++;
            ok = scan_vlan(&p, &high) && high >= low;
        }
        if (ok) {
            bitmap_set_multiple(trunks, low, high - low + 1, true);
            ok = !*p || *p == ',';
        }
    } while (ok && *p++);
    if (!ok) {
        bitmap_free(trunks);
        return xasprintf("%s is no list of VLANs such as 40,50-59", value);
    }
    bitmap_free(s->trunks);
    s->trunks = trunks;
    return NULL;
}

static char *
put_mac(struct vm_settings *s, const char *value)
{
    struct eth_addr mac;

    if (!eth_addr_from_string(value, &mac)) {
        return xasprintf("%s is no address such as 02:00:00:00:01:00", value);
    } else if (eth_addr_is_multicast(mac) || eth_addr_is_zero(mac)) {
        return xasprintf("%s is no address of one station", value);
    }
    s->has_mac = true;
    s->mac = mac;
    return NULL;
}

static char *
put_mbit(unsigned int *rate, const char *value)
{
    unsigned int mbit;

    if (!isdigit((unsigned char) *value) || !str_to_uint(value, 10, &mbit)
        || mbit > 1000 * 1000) {
        return xasprintf("%s is no number of Mbit/s", value);
    }
    *rate = mbit;
    return NULL;
}

static char *
put_rate(struct vm_settings *s, const char *value)
{
    return put_mbit(&s->rate, value);
}

static char *
put_share(struct vm_settings *s, const char *value)
{
    return put_mbit(&s->share, value);
}

/* Nothing that limits a VF has one: devlink(8)'s rates are tx_max and tx_share
 * (Linux 6.12, include/uapi/linux/devlink.h), and a filter with police at the
 * representor, which has, sets the very same limit of the vport in mlx5
 * (en_tc.c, scan_tc_matchall_fdb_actions(), which ignores the burst). */
static char *
put_burst(struct vm_settings *s OVS_UNUSED, const char *value)
{
    return xasprintf("%s: the NIC limits what a VM sends, and has no burst to "
                     "set; take it out, and set rate alone", value);
}

static char *
put_bool(bool *b, const char *value)
{
    if (strcmp(value, "on") && strcmp(value, "off")) {
        return xasprintf("%s is not \"on\" or \"off\"", value);
    }
    *b = value[1] == 'n';
    return NULL;
}

static char *
put_isolated(struct vm_settings *s, const char *value)
{
    return put_bool(&s->isolated, value);
}

static char *
put_spoofchk(struct vm_settings *s, const char *value)
{
    return put_bool(&s->spoofchk, value);
}

static char *
put_addresses(struct vm_settings *s, const char *value)
{
    char *error = sriov_sources_check(value);

    if (!error) {
        free(s->addresses);
        s->addresses = xstrdup(value);
        /* One word. */
        for (char *p = s->addresses; (p = strpbrk(p, " \t")) != NULL; ) {
            *p = ',';
        }
        s->spoofchk = true;
    }
    return error;
}

static char *
put_mirror(struct vm_settings *s, const char *value)
{
    if (!value[0]) {
        return xstrdup(" names no port");
    }
    free(s->mirror);
    s->mirror = xstrdup(value);
    return NULL;
}

static char *
put_name(struct vm_settings *s, const char *value)
{
    free(s->name);
    s->name = xstrdup(value);
    return NULL;
}

static const struct {
    const char *name;
    char *(*put)(struct vm_settings *, const char *value);
} keys[] = {
    { "vlan", put_vlan },
    { "native", put_native },
    { "trunks", put_trunks },
    { "dot1q-tunnel", put_tunnel },
    { "mac", put_mac },
    { "rate", put_rate },
    { "share", put_share },
    { "burst", put_burst },
    { "isolated", put_isolated },
    { "spoofchk", put_spoofchk },
    { "addresses", put_addresses },
    { "mirror", put_mirror },
    { "name", put_name },
};

char *
vm_settings_put(struct vm_settings *s, const char *key, const char *value)
{
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        if (!strcmp(keys[i].name, key)) {
            char *wrong = (is_utf8(value) ? keys[i].put(s, value)
                           : xstrdup("... is no UTF-8 text"));
            char *error = wrong ? xasprintf("%s=%s", key, wrong) : NULL;

            free(wrong);
            return error;
        }
    }

    struct ds known = DS_EMPTY_INITIALIZER;
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        ds_put_format(&known, "%s%s", i ? ", " : "", keys[i].name);
    }
    char *error = xasprintf("%s: no such setting; there are %s", key,
                            ds_cstr(&known));
    ds_destroy(&known);
    return error;
}

char *
vm_settings_put_words(struct vm_settings *s, const char *words)
{
    char *copy = xstrdup(words);
    char *save_ptr = NULL;
    char *error = (is_utf8(words) ? NULL
                   : xstrdup("the settings are no UTF-8 text"));

    for (char *word = strtok_r(copy, " \t\r\n", &save_ptr); word && !error;
         word = strtok_r(NULL, " \t\r\n", &save_ptr)) {
        char *value = strchr(word, '=');

        if (value) {
            *value++ = '\0';
            error = vm_settings_put(s, word, value);
        } else {
            error = xasprintf("%s is not KEY=VALUE", word);
        }
    }
    free(copy);
    return error;
}

char *
vm_settings_check(const struct vm_settings *s)
{
    if (s->native && !s->trunks) {
        return xasprintf("native=%u needs trunks; without, write vlan=%u",
                         s->vlan, s->vlan);
    } else if (s->tunnel && s->trunks) {
        return xasprintf("dot1q-tunnel=%u takes all VLANs of the VM along; "
                         "take trunks out", s->vlan);
    } else if (s->rate && s->share > s->rate) {
        return xasprintf("share=%u is more than rate=%u, which is the most "
                         "that it may send", s->share, s->rate);
    } else if (s->spoofchk && !s->has_mac) {
        return xstrdup("spoofchk and addresses need mac here");
    }
    return NULL;
}

/* Formatting. */

static void
format_trunks(const unsigned long *trunks, struct ds *out)
{
    const char *separator = "";
    int low;

    BITMAP_FOR_EACH_1 (low, N_VLANS, trunks) {
        int high = low;

        if (low && bitmap_is_set(trunks, low - 1)) {
            continue;
        }
        while (high + 1 < N_VLANS && bitmap_is_set(trunks, high + 1)) {
            high++;
        }
        ds_put_format(out, "%s%d", separator, low);
        if (high > low) {
            ds_put_format(out, "-%d", high);
        }
        separator = ",";
    }
}

void
vm_settings_format(const struct vm_settings *s, struct ds *out)
{
    if (s->has_vlan) {
        ds_put_format(out, "%s=%u ", s->tunnel ? "dot1q-tunnel"
                      : s->trunks ? "native" : "vlan", s->vlan);
    }
    if (s->trunks) {
        ds_put_cstr(out, "trunks=");
        format_trunks(s->trunks, out);
        ds_put_char(out, ' ');
    }
    if (s->has_mac) {
        ds_put_format(out, "mac="ETH_ADDR_FMT" ", ETH_ADDR_ARGS(s->mac));
    }
    if (s->rate) {
        ds_put_format(out, "rate=%u ", s->rate);
    }
    if (s->share) {
        ds_put_format(out, "share=%u ", s->share);
    }
    if (s->isolated) {
        ds_put_cstr(out, "isolated=on ");
    }
    if (s->spoofchk) {
        ds_put_cstr(out, "spoofchk=on ");
        if (s->addresses) {
            ds_put_format(out, "addresses=%s ", s->addresses);
        }
    }
    if (s->mirror) {
        ds_put_format(out, "mirror=%s ", s->mirror);
    }
    ds_chomp(out, ' ');
}

void
vm_settings_format_sources(const struct vm_settings *s, struct ds *out)
{
    if (s->spoofchk && s->has_mac) {
        ds_put_format(out, ETH_ADDR_FMT"%s%s", ETH_ADDR_ARGS(s->mac),
                      s->addresses ? "," : "",
                      s->addresses ? s->addresses : "");
    }
}

struct eth_addr
vm_settings_make_mac(const char *uuid, const char *device)
{
    char *text = xasprintf("%s %s", uuid, device);
    uint8_t digest[SHA1_DIGEST_SIZE];
    struct eth_addr mac;

    for (char *p = text; *p; p++) {
        *p = tolower((unsigned char) *p);
    }
    sha1_bytes(text, strlen(text), digest);
    memcpy(&mac, digest, sizeof mac);
    mac.ea[0] = (mac.ea[0] & 0xfc) | 2;
    free(text);
    return mac;
}

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


/* The source in memory, for tests: what exists is what "sriov/dummy" commands
 * say.  See source.h for where this stands. */

#include <config.h>
#include "inventory/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/shash.h"
#include "packets.h"
#include "smap.h"
#include "inventory/model.h"
#include "svec.h"
#include "unixctl.h"
#include "util.h"

/* What exists: "struct smap"s of attributes by "dev ID", "port ID INDEX" or
 * "link IFINDEX".  Kept as text, so that an attribute is named in one place:
 * where a model is made of it. */
static struct shash world = SHASH_INITIALIZER(&world);
static bool changed;
static int events_lost;         /* Nobody is told of changes, unless 0. */
static int read_error;          /* Makes 'read' fail, unless 0. */
static int link_error;          /* Makes 'set_link' fail, unless 0. */
static bool dpdk;               /* DPDK is initialized. */
static struct ds calls = DS_EMPTY_INITIALIZER;  /* Of 'set_link'. */

static int
dummy_open(struct sriov_source **sourcep)
{
    static struct sriov_source source = { &sriov_source_dummy };

    *sourcep = &source;
    changed = true;
    return 0;
}

static void
dummy_close(struct sriov_source *source OVS_UNUSED)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &world) {
        smap_destroy(node->data);
    }
    shash_clear_free_data(&world);
    ds_destroy(&calls);
    dpdk = false;
}

bool
sriov_source_dummy_dpdk(void)
{
    return dpdk;
}

static bool
dummy_run(struct sriov_source *source OVS_UNUSED,
          const struct sriov_model *current OVS_UNUSED)
{
    return changed;
}

static void
dummy_wait(struct sriov_source *source OVS_UNUSED)
{
    if (changed && !read_error) {
        poll_immediate_wake();
    }
}

/* Splits "BUS/NAME" into '*bus' and '*name', which the caller must free. */
static void
split_dev(const char *s, char **bus, char **name)
{
    const char *slash = strchr(s, '/');

    *bus = slash ? xmemdup0(s, slash - s) : xstrdup("");
    *name = xstrdup(slash ? slash + 1 : s);
}

static void
read_dev(struct sriov_model *model, const char *id, const struct smap *args)
{
    const char *mode = smap_get_def(args, "mode", "none");
    char *bus, *name;

    split_dev(id, &bus, &name);
    struct sriov_dev *dev = sriov_model_add_dev(model, bus, name);
    dev->driver = xstrdup(smap_get_def(args, "driver", "mlx5_core"));
    dev->mode = (!strcmp(mode, "switchdev") ? SRIOV_MODE_SWITCHDEV
                 : !strcmp(mode, "legacy") ? SRIOV_MODE_LEGACY
                 : SRIOV_MODE_NONE);
    dev->multiport = smap_get_bool(args, "multiport", false);
    free(bus);
    free(name);
}

static void
read_port(struct sriov_model *model, const char *id, const char *index,
          const struct smap *args)
{
    const char *flavour = smap_get_def(args, "flavour", "other");
    const char *mac = smap_get(args, "mac");
    char *bus, *name;

    split_dev(id, &bus, &name);
    struct sriov_port *port = sriov_model_add_port(model, bus, name,
                                                   atoi(index));
    port->flavour = (!strcmp(flavour, "physical") ? SRIOV_UPLINK
                     : !strcmp(flavour, "pcipf") ? SRIOV_PF
                     : !strcmp(flavour, "pcivf") ? SRIOV_VF
                     : !strcmp(flavour, "pcisf") ? SRIOV_SF
                     : SRIOV_OTHER);
    port->pf = smap_get_int(args, "pf", 0);
    port->number = smap_get_int(args, "number", 0);
    port->external = smap_get(args, "controller") != NULL;
    port->controller = smap_get_int(args, "controller", 0);
    port->has_mac = mac && eth_addr_from_string(mac, &port->mac);
    port->vf_pci = nullable_xstrdup(smap_get(args, "vf-pci"));
    port->ifindex = smap_get_int(args, "ifindex", 0);
    free(bus);
    free(name);
}

static void
read_link(struct sriov_model *model, const char *ifindex,
          const struct smap *args)
{
    const char *parent = smap_get(args, "parent");
    const char *mac = smap_get(args, "mac");
    struct sriov_link *link
        = sriov_model_add_link(model, atoi(ifindex),
                               smap_get_def(args, "name", ifindex));

    link->switch_id = nullable_xstrdup(smap_get(args, "switch-id"));
    link->port_name = nullable_xstrdup(smap_get(args, "port-name"));
    link->kind = nullable_xstrdup(smap_get(args, "kind"));
    if (parent) {
        split_dev(parent, &link->parent_bus, &link->parent);
    }
    if (mac) {
        eth_addr_from_string(mac, &link->mac);
    }
    link->master = smap_get_int(args, "master", 0);
    link->mtu = smap_get_int(args, "mtu", 1500);
    link->up = smap_get_bool(args, "up", false);
    link->carrier = smap_get_bool(args, "carrier", true);
    link->initialized = smap_get_bool(args, "initialized", true);
    link->has_hw_tc = smap_get(args, "hw-tc") != NULL;
    link->hw_tc = smap_get_bool(args, "hw-tc", false);
}

static void
dummy_begin(struct sriov_source *source OVS_UNUSED)
{
}

static void
dummy_done(struct sriov_source *source OVS_UNUSED,
           const struct sriov_model *model OVS_UNUSED)
{
}

static struct sriov_model *
dummy_read(struct sriov_source *source OVS_UNUSED)
{
    struct sriov_model *model;
    struct shash_node *node;

    if (read_error) {
        return NULL;
    }
    changed = false;
    model = sriov_model_create();
    SHASH_FOR_EACH (node, &world) {
        struct svec words = SVEC_EMPTY_INITIALIZER;

        svec_parse_words(&words, node->name);
        if (!strcmp(words.names[0], "dev")) {
            read_dev(model, words.names[1], node->data);
        } else if (!strcmp(words.names[0], "port")) {
            read_port(model, words.names[1], words.names[2], node->data);
        } else {
            read_link(model, words.names[1], node->data);
        }
        svec_destroy(&words);
    }
    sriov_model_finish(model);
    return model;
}

static int
dummy_set_link(struct sriov_source *source OVS_UNUSED,
               const struct sriov_link *link, bool up, bool hw_tc,
               const char **step, char **detail)
{
    char *key = xasprintf("link %d", link->ifindex);
    struct smap *args = shash_find_data(&world, key);

    free(key);
    *step = "set up";
    *detail = link_error ? xstrdup("dummy says no") : NULL;
    if (!args || link_error) {
        return link_error ? link_error : ENODEV;
    }
    ds_put_format(&calls, "%s:%s%s\n", link->name, up ? " up" : "",
                  hw_tc ? " hw-tc-offload" : "");
    if (up) {
        smap_replace(args, "up", "true");
    }
    if (hw_tc) {
        smap_replace(args, "hw-tc", "true");
    }
    changed = true;
    return 0;
}

static int
dummy_read_policer(struct sriov_source *source OVS_UNUSED, int ifindex,
                   bool *in_hw)
{
    char *key = xasprintf("link %d", ifindex);
    struct smap *args = shash_find_data(&world, key);
    const char *policer = args ? smap_get(args, "policer") : NULL;

    free(key);
    *in_hw = policer && !strcmp(policer, "hw");
    return policer ? 0 : ENOENT;
}

static enum sriov_offload
dummy_offload(struct sriov_source *source OVS_UNUSED, int ifindex OVS_UNUSED)
{
    return SRIOV_OFFLOAD_OTHERS;
}

const struct sriov_source_class sriov_source_dummy = {
    .open = dummy_open,
    .close = dummy_close,
    .run = dummy_run,
    .wait = dummy_wait,
    .begin = dummy_begin,
    .read = dummy_read,
    .done = dummy_done,
    .set_link = dummy_set_link,
    .read_policer = dummy_read_policer,
    .offload = dummy_offload,
};

/* Commands. */

/* Carries out 'line':
 *
 *     [del] dev BUS/NAME [mode=none|legacy|switchdev] [driver=mlx5_core]
 *                        [multiport=BOOL]
 *     [del] port BUS/NAME INDEX
 *                        [flavour=physical|pcipf|pcivf|pcisf|other] [pf=N]
 *                        [number=N] [controller=N] [mac=MAC] [vf-pci=ADDR]
 *                        [ifindex=N]
 *     [del] link IFINDEX [name=S] [switch-id=HEX] [port-name=S] [kind=S]
 *                        [parent=BUS/NAME] [master=IFINDEX] [mtu=N] [mac=MAC]
 *                        [up=BOOL] [carrier=BOOL] [initialized=BOOL]
 *                        [hw-tc=BOOL] [policer=hw|sw]
 *     [del] dpdk         DPDK is initialized
 *     fail [events=1] [read=ERRNO] [link=ERRNO]
 *
 * "KEY=" takes an attribute away.  Returns false if it is none of these. */
bool
sriov_source_dummy_line(const char *line)
{
    struct svec words = SVEC_EMPTY_INITIALIZER;
    bool ok = true;

    svec_parse_words(&words, line);

    bool del = words.n && !strcmp(words.names[0], "del");
    size_t first = del ? 1 : 0;
    const char *kind = words.n > first ? words.names[first] : "";
    size_t n_id = (!strcmp(kind, "dev") || !strcmp(kind, "link") ? 1
                   : !strcmp(kind, "port") ? 2 : 0);
    size_t args = first + 1 + n_id;

    if (!strcmp(kind, "dpdk")) {
        dpdk = !del;
    } else if (!strcmp(kind, "fail")) {
        for (size_t i = 1; i < words.n; i++) {
            ok = (ovs_scan(words.names[i], "events=%d", &events_lost)
                  || ovs_scan(words.names[i], "read=%d", &read_error)
                  || ovs_scan(words.names[i], "link=%d", &link_error)) && ok;
        }
    } else if (n_id && words.n >= args) {
        const char *last = words.names[args - 1];
        char *key = (n_id == 1 ? xasprintf("%s %s", kind, last)
                     : xasprintf("%s %s %s", kind, words.names[args - 2],
                                 last));
        struct smap *smap = shash_find_data(&world, key);

        if (del) {
            if (smap) {
                smap_destroy(smap);
                free(shash_find_and_delete(&world, key));
            }
        } else if (!smap) {
            smap = xmalloc(sizeof *smap);
            smap_init(smap);
            shash_add(&world, key, smap);
        }
        for (size_t i = args; !del && i < words.n; i++) {
            char *value = strchr(words.names[i], '=');

            ok = ok && value;
            if (value) {
                *value++ = '\0';
                smap_remove(smap, words.names[i]);
                if (*value) {
                    smap_add(smap, words.names[i], value);
                }
            }
        }
        free(key);
    } else {
        ok = words.n == 0;
    }
    svec_destroy(&words);
    changed = changed || !events_lost;
    return ok;
}

/* sriov/dummy LINE...: see sriov_source_dummy_line(). */
static void
dummy_lines(struct unixctl_conn *conn, int argc, const char *argv[],
            void *aux OVS_UNUSED)
{
    for (int i = 1; i < argc; i++) {
        if (!sriov_source_dummy_line(argv[i])) {
            unixctl_command_reply_error(conn, argv[i]);
            return;
        }
    }
    unixctl_command_reply(conn, NULL);
}

/* sriov/dummy-file FILE: a file of such lines. */
static void
dummy_file(struct unixctl_conn *conn, int argc OVS_UNUSED, const char *argv[],
           void *aux OVS_UNUSED)
{
    FILE *stream = fopen(argv[1], "r");
    struct ds line = DS_EMPTY_INITIALIZER;
    bool ok = stream != NULL;

    while (ok && !ds_get_line(&line, stream)) {
        ok = sriov_source_dummy_line(ds_cstr(&line));
    }
    if (stream) {
        fclose(stream);
    }
    if (ok) {
        unixctl_command_reply(conn, NULL);
    } else {
        unixctl_command_reply_error(conn, stream ? ds_cstr(&line)
                                    : ovs_strerror(errno));
    }
    ds_destroy(&line);
}

/* sriov/dummy-calls: what was done to links, in order. */
static void
dummy_calls(struct unixctl_conn *conn, int argc OVS_UNUSED,
            const char *argv[] OVS_UNUSED, void *aux OVS_UNUSED)
{
    unixctl_command_reply(conn, ds_cstr(&calls));
    ds_clear(&calls);
}

void
sriov_source_dummy_init(void)
{
    unixctl_command_register("sriov/dummy", "line...", 1, INT_MAX,
                             dummy_lines, NULL);
    unixctl_command_register("sriov/dummy-file", "file", 1, 1,
                             dummy_file, NULL);
    unixctl_command_register("sriov/dummy-calls", "", 0, 0, dummy_calls, NULL);
}

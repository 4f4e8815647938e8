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

/* See dpdk.h for where this stands. */

#include <config.h>
#include "rules/dpdk.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/model.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/shash.h"
#include "packets.h"
#include "rules/drivers.h"
#include "rules/view.h"
#include "smap.h"
#include "sset.h"
#include "svec.h"
#include "util.h"

bool
sriov_dpdk_is_port(const struct sriov_view_iface *iface)
{
    return iface->dpdk_devargs && !strcmp(iface->type, "dpdk");
}

/* Devargs. */

/* What a string of devargs says. */
struct devargs {
    char *address;              /* As the kernel writes it, or NULL. */
    bool has_mac;               /* By class=eth,mac=... */
    struct eth_addr mac;
    char *representor;          /* Value of representor=, or NULL. */
    struct ds args;             /* All other arguments, each after a comma. */
};

/* Returns the PCI address 's' ("81:00.0", "0000:81:00.0") as the kernel writes
 * it, or NULL if it is none.  The caller must free it. */
static char *
parse_address(const char *s)
{
    unsigned int domain = 0, bus, device, function;
    int n = 0;

    if ((sscanf(s, "%x:%x:%x.%x%n", &domain, &bus, &device, &function, &n) == 4
         || (domain = 0, n = 0,
             sscanf(s, "%x:%x.%x%n", &bus, &device, &function, &n) == 3))
        && !s[n]) {
        return xasprintf("%04x:%02x:%02x.%x", domain, bus, device, function);
    }
    return NULL;
}

static void
parse_word(struct devargs *d, const char *word, bool first)
{
    if (!strncmp(word, "representor=", 12)) {
        free(d->representor);
        d->representor = xstrdup(word + 12);
    } else if (!strncmp(word, "mac=", 4)) {
        d->has_mac = eth_addr_from_string(word + 4, &d->mac);
    } else if (!strncmp(word, "addr=", 5)) {
        free(d->address);
        d->address = parse_address(word + 5);
    } else if (first && !strchr(word, '=')) {
        d->address = parse_address(!strncmp(word, "pci:", 4) ? word + 4
                                   : word);
    } else if (word[0] && strncmp(word, "class=", 6)
               && strncmp(word, "bus=", 4) && strncmp(word, "driver=", 7)) {
        ds_put_format(&d->args, ",%s", word);
    }
}

/* Parses 's', whose words are separated by commas and, in DPDK's newer syntax,
 * slashes; those in brackets belong to a list. */
static void
devargs_parse(struct devargs *d, const char *s)
{
    struct ds word = DS_EMPTY_INITIALIZER;
    bool first = true;
    int depth = 0;

    *d = (struct devargs) { .address = NULL };
    ds_init(&d->args);
    for (;; s++) {
        depth += *s == '[' ? 1 : *s == ']' ? -1 : 0;
        if (!*s || (depth <= 0 && strchr(",/", *s))) {
            parse_word(d, ds_cstr(&word), first);
            ds_clear(&word);
            first = false;
            if (!*s) {
                break;
            }
        } else {
            ds_put_char(&word, *s);
        }
    }
    ds_destroy(&word);
}

static void
devargs_destroy(struct devargs *d)
{
    free(d->address);
    free(d->representor);
    ds_destroy(&d->args);
}

/* Parses at '*s' a number, or a list such as "[0,2-3]", and stores in '*match'
 * whether 'number' is in it.  Returns false if it is neither. */
static bool
scan_list(const char **s, uint32_t number, bool *match)
{
    bool brackets = **s == '[';

    *match = false;
    *s += brackets;
    do {
        unsigned long int low, high;
        char *end;

        if (!isdigit((unsigned char) **s)) {
            return false;
        }
        low = high = strtoul(*s, &end, 10);
        *s = end;
        if (brackets && **s == '-') {
            (*s)++;
            high = strtoul(*s, &end, 10);
            *s = end;
        }
        *match = *match || (number >= low && number <= high);
    } while (brackets && **s == ',' && ++*s);
    if (!brackets) {
        return true;
    }
    return *(*s)++ == ']';
}

/* Returns true if 's', the value of representor=, asks for 'rep'.  Without the
 * number of a PF it is one of those with the PCI address, 'own', that is
 * meant.  See rte_eth_devargs_parse_representor_ports() in DPDK's
 * lib/ethdev/ethdev_private.c. */
static bool
representor_names(const char *s, const struct sriov_port *rep, bool own)
{
    bool controller = !rep->external, pf = own, number;
    enum sriov_flavour flavour = SRIOV_VF;

    if (*s == 'c') {
        s++;
        if (!scan_list(&s, rep->controller, &controller)) {
            return false;
        }
    }
    if (!strncmp(s, "pf", 2)) {
        s += 2;
        if (!scan_list(&s, rep->pf, &pf)) {
            return false;
        } else if (!*s) {
            return rep->flavour == SRIOV_PF && controller && pf;
        }
    }
    if (!strncmp(s, "vf", 2) || !strncmp(s, "sf", 2)) {
        flavour = *s == 'v' ? SRIOV_VF : SRIOV_SF;
        s += 2;
    }
    return (scan_list(&s, rep->number, &number) && !*s
            && controller && pf && number && rep->flavour == flavour);
}

/* Returns the switch id of the ports with the PCI address 'address', or
 * NULL. */
static const char *
switch_id_of(const struct sriov_model *model, const char *address)
{
    for (size_t i = 0; i < model->n_ports; i++) {
        const struct sriov_port *port = model->ports[i];

        if (port->link && port->link->switch_id
            && !strcmp(port->dev_name, address)) {
            return port->link->switch_id;
        }
    }
    return NULL;
}

static bool
devargs_name(const struct devargs *d, const struct sriov_model *model,
             const struct sriov_port *port)
{
    bool own;

    if (d->has_mac) {
        return port->link && eth_addr_equals(d->mac, port->link->mac);
    } else if (!d->address || strcmp(port->bus, "pci")) {
        return false;
    }
    own = !strcmp(d->address, port->dev_name);
    if (!d->representor) {
        return own && sriov_port_is_uplink(port);
    } else if (!sriov_port_is_representor(port)) {
        return false;
    }
    if (!own) {
        /* With a Linux bond below it DPDK has the representors of all PFs at
         * the first one. */
        const char *id = switch_id_of(model, d->address);

        if (!id || !port->link || !port->link->switch_id
            || strcasecmp(id, port->link->switch_id)) {
            return false;
        }
    }
    return representor_names(d->representor, port, own);
}

bool
sriov_dpdk_names(const char *devargs, const struct sriov_model *model,
                 const struct sriov_port *port)
{
    struct devargs d;
    bool names;

    devargs_parse(&d, devargs);
    names = devargs_name(&d, model, port);
    devargs_destroy(&d);
    return names;
}

const struct sriov_port *
sriov_dpdk_find(const char *devargs, const struct sriov_model *model)
{
    const struct sriov_port *found = NULL;
    struct devargs d;

    devargs_parse(&d, devargs);
    for (size_t i = 0; i < model->n_ports && !found; i++) {
        const struct sriov_port *port = model->ports[i];

        if ((sriov_port_is_uplink(port) || sriov_port_is_representor(port))
            && devargs_name(&d, model, port)) {
            found = port;
        }
    }
    devargs_destroy(&d);
    return found;
}

void
sriov_dpdk_others(const struct sriov_view *view,
                  const struct sriov_model *model, struct shash *others)
{
    const struct shash_node **nodes = shash_sort(&view->ifaces);
    size_t n = shash_count(&view->ifaces);

    for (size_t i = 0; i < n; i++) {
        const struct sriov_view_iface *iface = nodes[i]->data;
        struct devargs d;

        if (!sriov_dpdk_is_port(iface) || iface->port->key) {
            continue;
        }
        devargs_parse(&d, iface->dpdk_devargs);
        for (size_t j = 0; j < model->n_ports; j++) {
            const struct sriov_port *port = model->ports[j];

            if (sriov_port_is_representor(port)
                && devargs_name(&d, model, port)) {
                shash_add_once(others, port->key, iface);
            }
        }
        devargs_destroy(&d);
    }
    free(nodes);
}

void
sriov_dpdk_ports_of(const struct sriov_view *view, const char *address,
                    struct sset *names)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &view->ifaces) {
        const struct sriov_view_iface *iface = node->data;
        struct devargs d;

        if (sriov_dpdk_is_port(iface)) {
            devargs_parse(&d, iface->dpdk_devargs);
            if (d.address && !strcmp(d.address, address)) {
                sset_add(names, iface->name);
            }
            devargs_destroy(&d);
        }
    }
}

bool
sriov_dpdk_is_uplink_of(const char *devargs, const char *other)
{
    struct devargs a, b;
    bool is;

    devargs_parse(&a, devargs);
    devargs_parse(&b, other);
    is = (a.address && b.address && !strcmp(a.address, b.address)
          && !a.representor && b.representor);
    devargs_destroy(&a);
    devargs_destroy(&b);
    return is;
}

/* Returns the device that 'words' names at '*i' for DPDK to take, or not to
 * take ('*block'), and moves '*i' to the last word of that.  NULL if it is
 * another argument. */
static const char *
device_arg(const struct svec *words, size_t *i, bool *block)
{
    static const struct {
        const char *option;
        bool block;
    } options[] = {
        { "--allow", false }, { "-a", false }, { "-w", false },
        { "--block", true }, { "-b", true },
    };
    const char *word = words->names[*i];

    for (size_t j = 0; j < ARRAY_SIZE(options); j++) {
        size_t n = strlen(options[j].option);

        if (strncmp(word, options[j].option, n)) {
            continue;
        }
        *block = options[j].block;
        if (!word[n]) {
            return *i + 1 < words->n ? words->names[++*i] : NULL;
        }
        /* "-aADDRESS", but "--allow=ADDRESS". */
        return (word[1] != '-' ? word + n
                : word[n] == '=' ? word + n + 1 : NULL);
    }
    return NULL;
}

/* Returns true if DPDK has probed the device 'address' when it started, with
 * 'extra' (other_config:dpdk-extra, or NULL) as its arguments, and appends to
 * 'args' those that the device got then ("-a 0000:81:00.0,dv_flow_en=2"): what
 * an interface says later does not count.  Without a list of devices it probes
 * each one that it has a driver for, and with no arguments. */
static bool
was_probed(const char *extra, const char *address, struct ds *args)
{
    struct svec words = SVEC_EMPTY_INITIALIZER;
    bool probed = false, any = false, none = false;

    svec_parse_words(&words, extra ? extra : "");
    for (size_t i = 0; i < words.n && !probed; i++) {
        bool block = false;
        const char *value;
        struct devargs d;

        none = none || !strcmp(words.names[i], "--no-pci");
        value = device_arg(&words, &i, &block);
        if (!value) {
            continue;
        }
        any = any || !block;
        devargs_parse(&d, value);
        if (d.address && !strcmp(d.address, address)) {
            none = none || block;
            if (!block) {
                probed = true;
                ds_put_cstr(args, ds_cstr(&d.args));
            }
        }
        devargs_destroy(&d);
    }
    svec_destroy(&words);
    return probed || !(any || none);
}

/* Returns true if 'rep' hangs on the Linux bond that 'uplink' is in. */
static bool
shares_bond(const struct sriov_model *model, const struct sriov_port *rep,
            const struct sriov_port *uplink)
{
    const struct sriov_port *own = sriov_port_uplink(model, rep);
    const struct sriov_link *bond
        = own && own->link ? sriov_link_bond(model, own->link) : NULL;

    return (bond && uplink->link
            && bond == sriov_link_bond(model, uplink->link));
}

char *
sriov_dpdk_devargs(const struct sriov_model *model,
                   const struct sriov_port *rep,
                   const struct sriov_port *uplink,
                   const char *uplink_devargs, const char *extra)
{
    const char *address = (shares_bond(model, rep, uplink) ? uplink->dev_name
                           : rep->dev_name);
    struct ds s = DS_EMPTY_INITIALIZER;

    ds_put_cstr(&s, address);
    /* mlx5_probe_again_args_validate() in DPDK's drivers/net/mlx5/mlx5.c: a
     * later probe of the device must have the arguments of the first one. */
    if (!was_probed(extra, address, &s)) {
        struct devargs d;

        devargs_parse(&d, uplink_devargs);
        ds_put_cstr(&s, ds_cstr(&d.args));
        devargs_destroy(&d);
    }
    ds_put_format(&s, ",representor=%s", rep->label);
    return ds_steal_cstr(&s);
}

/* Decisions. */

enum sriov_reason
sriov_dpdk_choose(struct sriov_decision *d, const struct sriov_plan_input *in)
{
    const struct sriov_view_iface *iface = d->uplink_iface;

    d->type_known = !d->bridge->userspace || iface;
    if (!d->bridge->userspace) {
        return SRIOV_ADDING;
    } else if (!iface || !sriov_dpdk_is_port(iface)) {
        return SRIOV_USERSPACE;
    } else if (sriov_driver_dpdk_fault(d->port->dev, in->forced)) {
        return SRIOV_DPDK_DRIVER;
    } else if (d->port->flavour == SRIOV_PF) {
        return SRIOV_DPDK_PF;
    }
    d->devargs = sriov_dpdk_devargs(in->model, d->port, d->uplink,
                                    iface->dpdk_devargs, in->view->dpdk_extra);
    return in->dpdk ? SRIOV_ADDING : SRIOV_NO_DPDK;
}

bool
sriov_dpdk_is_as_written(const struct sriov_view_port *port)
{
    const struct sriov_view_iface *iface = port->ifaces[0];

    if (port->n_ifaces != 1) {
        return false;
    } else if (port->our_devargs) {
        return (sriov_dpdk_is_port(iface)
                && !strcmp(iface->dpdk_devargs, port->our_devargs));
    }
    return (!iface->dpdk_devargs
            && (!iface->type[0] || !strcmp(iface->type, "system")));
}

/* Memory.  See dpdk_calculate_mbufs() and dpdk_mp_create() in Open vSwitch's
 * lib/netdev-dpdk.c, the same in series 3.1 to 4.0. */

#define MAX_MBUFS (4096 * 64)
#define MIN_MBUFS (4096 * 4)
#define QUEUE_SIZE 2048         /* Default of n_rxq_desc and n_txq_desc. */
#define BURST 32

/* Returns how many bytes 'n' packet buffers for 'mtu' take.  Each has two
 * cache lines of struct rte_mbuf, what Open vSwitch adds to it, headroom, and
 * frame, which netdev-dpdk.c rounds up to 1024 bytes; an object of a mempool
 * has a header of a cache line. */
static uint64_t
pool_size(uint64_t n, unsigned int mtu)
{
    enum { MBUF = 128, OVS_DATA = 576, HEADROOM = 128, OBJECT = 64 };

    return n * (ROUND_UP(mtu + 26, 1024) + MBUF + OVS_DATA + HEADROOM
                + OBJECT);
}

/* Returns the number of queues to send with: one for each PMD thread, and one
 * for the main thread. */
static unsigned int
n_tx_queues(const struct smap *other_config)
{
    const char *mask = smap_get_def(other_config, "pmd-cpu-mask", "");
    unsigned int n = 0;

    for (mask += !strncmp(mask, "0x", 2) ? 2 : 0; *mask; mask++) {
        int digit = hexit_value(*mask);

        n += digit > 0 ? count_1bits(digit) : 0;
    }
    return MAX(n, 1) + 1;
}

struct sriov_dpdk_memory
sriov_dpdk_memory(const struct sriov_plan *plan,
                  const struct smap *other_config, unsigned int max_ports)
{
    struct sset uplinks = SSET_INITIALIZER(&uplinks);
    struct sriov_dpdk_memory m = {
        .max_ports = max_ports,
        .per_port = smap_get_bool(other_config, "per-port-memory", false),
    };
    unsigned int mtu = 1500;

    for (size_t i = 0; i < plan->n_decisions; i++) {
        const struct sriov_decision *d = &plan->decisions[i];

        if (d->devargs && (d->reason == SRIOV_ADDED
                           || d->reason == SRIOV_ADDING
                           || d->reason == SRIOV_NO_DPDK)) {
            m.n_ports++;
            if (d->uplink_iface) {
                sset_add(&uplinks, d->uplink_iface->name);
            }
            if (d->uplink_iface && d->uplink_iface->has_mtu_request) {
                mtu = MAX(mtu, d->uplink_iface->mtu_request);
            }
        }
    }
    m.n_uplinks = sset_count(&uplinks);
    sset_destroy(&uplinks);
    if (m.per_port) {
        m.each = pool_size(QUEUE_SIZE * (1 + n_tx_queues(other_config))
                           + BURST + MIN_MBUFS, mtu);
        m.at_least = m.each * m.n_ports;
    } else {
        m.each = pool_size(MAX_MBUFS, mtu);
        m.at_least = pool_size(MIN_MBUFS, mtu);
    }
    return m;
}

void
sriov_dpdk_memory_format(const struct sriov_dpdk_memory *m, struct ds *s)
{
    const uint64_t mb = 1024 * 1024;

    if (m->per_port) {
        ds_put_format(s, "%u representors need %"PRIu64" MB of hugepages, "
                      "%"PRIu64" MB each (per-port-memory)", m->n_ports,
                      m->at_least / mb, m->each / mb);
    } else {
        ds_put_format(s, "%u representors share %"PRIu64" MB of hugepages, or "
                      "what there is of it, but no less than %"PRIu64" MB",
                      m->n_ports, m->each / mb, m->at_least / mb);
    }
    if (m->max_ports) {
        unsigned int n = m->n_ports + m->n_uplinks;

        ds_put_format(s, "; with uplinks %u of %u ports%s", n, m->max_ports,
                      n > m->max_ports ? ", which is what DPDK was built for "
                      "(RTE_MAX_ETHPORTS)" : "");
    }
}

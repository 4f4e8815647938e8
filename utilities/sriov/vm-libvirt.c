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

/* See vm-libvirt.h for where this stands.
 *
 * The XML is the live definition that libvirt gives to its hook before it
 * starts QEMU (docs/hooks.rst; read: 11.3).  VFs are in <hostdev type='pci'>
 * and <interface type='hostdev'>, whose <source> has the PCI address. */

#include <config.h>
#include "sriov/vm-libvirt.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "dirs.h"
#include "openvswitch/dynamic-string.h"
#include "sriov/conf.h"
#include "sriov/host.h"
#include "sriov/leftovers.h"
#include "sriov/vm-plan.h"
#include "sriov/vm-source.h"
#include "sriov/vm-watch.h"
#include "svec.h"
#include "util.h"

/* Of the element in <metadata> that has settings of all VFs of the VM as
 * words. */
#define NAMESPACE "https://openvswitch.org/xmlns/ovs-sriov/1"

#define PID_DIR "/run/libvirt/qemu"

/* How long after its file was written a VM has to be running, in s, unless the
 * file says that it was started. */
#define START_TIME 120

char *
vm_libvirt_dir(void)
{
    return xasprintf("%s/sriov-vm", ovs_rundir());
}

/* XML. */

static bool
is_element(const xmlNode *node, const char *name)
{
    return (node->type == XML_ELEMENT_NODE
            && !strcmp((const char *) node->name, name));
}

static const xmlNode *
child(const xmlNode *parent, const char *name)
{
    for (const xmlNode *node = parent ? parent->children : NULL; node;
         node = node->next) {
        if (is_element(node, name)) {
            return node;
        }
    }
    return NULL;
}

/* Returns the text in 'node', without spaces around, which the caller must
 * free, or NULL. */
static char *
text_of(const xmlNode *node)
{
    xmlChar *content = node ? xmlNodeGetContent(node) : NULL;
    char *text = NULL;

    if (content) {
        const char *s = (const char *) content;
        size_t n;

        s += strspn(s, " \t\r\n");
        for (n = strlen(s); n && strchr(" \t\r\n", s[n - 1]); n--) {
            continue;
        }
        text = xmemdup0(s, n);
        xmlFree(content);
    }
    return text;
}

/* Returns the attribute 'name', which the caller must free, or NULL. */
static char *
attribute(const xmlNode *node, const char *name)
{
    xmlChar *value = node ? xmlGetProp(node, (const xmlChar *) name) : NULL;
    char *copy = value ? xstrdup((const char *) value) : NULL;

    xmlFree(value);
    return copy;
}

static bool
has_attribute(const xmlNode *node, const char *name, const char *value)
{
    char *s = attribute(node, name);
    bool same = s && !strcmp(s, value);

    free(s);
    return same;
}

/* Returns the PCI address in the <source> of 'device', which the caller must
 * free, or NULL. */
static char *
pci_of(const xmlNode *device)
{
    static const char *const names[] = { "domain", "bus", "slot", "function" };
    const xmlNode *address = child(child(device, "source"), "address");
    unsigned int parts[ARRAY_SIZE(names)];

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        char *s = attribute(address, names[i]);
        bool ok = s && str_to_uint(s, 0, &parts[i]);

        free(s);
        if (!ok) {
            return NULL;
        }
    }
    return xasprintf("%04x:%02x:%02x.%x", parts[0], parts[1], parts[2],
                     parts[3]);
}

/* Puts <vlan>: one <tag>, or several with trunk='yes', one of which can be
 * native. */
static char *
put_vlan(struct vm_settings *settings, const xmlNode *vlan)
{
    struct svec trunks = SVEC_EMPTY_INITIALIZER;
    char *native = NULL;
    char *wrong = NULL;

    for (const xmlNode *tag = vlan->children; tag; tag = tag->next) {
        char *id = is_element(tag, "tag") ? attribute(tag, "id") : NULL;

        if (id && has_attribute(tag, "nativeMode", "untagged")) {
            free(native);
            native = id;
        } else if (id && has_attribute(tag, "nativeMode", "tagged")) {
            wrong = wrong ? wrong : xstrdup("<vlan>: nativeMode='tagged' is "
                                            "not supported");
            free(id);
        } else if (id) {
            svec_add_nocopy(&trunks, id);
        }
    }
    if (!wrong && (native || trunks.n != 1
                   || has_attribute(vlan, "trunk", "yes"))) {
        char *list = svec_join(&trunks, ",", "");

        wrong = vm_settings_put(settings, "trunks", list);
        free(list);
        if (!wrong && native) {
            wrong = vm_settings_put(settings, "native", native);
        }
    } else if (!wrong) {
        wrong = vm_settings_put(settings, "vlan", trunks.names[0]);
    }
    free(native);
    svec_destroy(&trunks);
    return wrong;
}

/* A VM whose XML is read. */
struct domain {
    char *uuid, *name;
    char *words;                /* In <metadata>, or NULL. */
    struct ds file;             /* What is to be in its file. */
    unsigned int n_vfs;
    char *wrong;                /* Or NULL. */
};

/* Adds the VF at 'pci' as 'device' has it. */
static void
add_vf(struct domain *domain, const xmlNode *device, const char *pci)
{
    const xmlNode *vlan = child(device, "vlan");
    char *mac = attribute(child(device, "mac"), "address");
    char *name = xasprintf("hostdev%u", domain->n_vfs++);
    bool any = domain->words || vlan;
    struct vm_settings settings;
    char *wrong = NULL;

    vm_settings_init(&settings);
    settings.has_mac = any;
    settings.mac = vm_settings_make_mac(domain->uuid, name);
    if (domain->words) {
        wrong = vm_settings_put_words(&settings, domain->words);
    }
    if (!wrong && mac && any) {
        wrong = vm_settings_put(&settings, "mac", mac);
    }
    if (!wrong && vlan) {
        wrong = put_vlan(&settings, vlan);
    }
    wrong = wrong ? wrong : vm_settings_check(&settings);
    if (wrong) {
        domain->wrong = xasprintf("device %s: %s", pci, wrong);
        free(wrong);
    } else {
        ds_put_format(&domain->file, "vf %s %s ", pci, name);
        vm_settings_format(&settings, &domain->file);
        ds_chomp(&domain->file, ' ');
        ds_put_char(&domain->file, '\n');
    }
    vm_settings_destroy(&settings);
    free(name);
    free(mac);
}

static void
read_domain(struct domain *domain, const xmlNode *root)
{
    const xmlNode *metadata = child(root, "metadata");
    const xmlNode *devices = child(root, "devices");

    domain->uuid = text_of(child(root, "uuid"));
    domain->name = text_of(child(root, "name"));
    if (!is_element(root, "domain") || !domain->uuid || !domain->name
        || domain->uuid[strspn(domain->uuid, "0123456789abcdef-")]) {
        domain->wrong = xstrdup("this is no domain with a uuid and a name");
        return;
    }
    for (const xmlNode *node = metadata ? metadata->children : NULL; node;
         node = node->next) {
        if (node->type == XML_ELEMENT_NODE && node->ns
            && !strcmp((const char *) node->ns->href, NAMESPACE)) {
            free(domain->words);
            domain->words = text_of(node);
        }
    }
    ds_put_format(&domain->file, "vm %s %s\n", domain->uuid, domain->name);
    for (const xmlNode *node = devices ? devices->children : NULL;
         node && !domain->wrong; node = node->next) {
        if ((is_element(node, "interface")
             && has_attribute(node, "type", "hostdev"))
            || (is_element(node, "hostdev")
                && has_attribute(node, "type", "pci"))) {
            char *pci = pci_of(node);

            if (pci) {
                add_vf(domain, node, pci);
                free(pci);
            }
        }
    }
}

char *
vm_libvirt_parse(const char *xml, size_t length, char **uuid, char **file)
{
    struct domain domain = { .file = DS_EMPTY_INITIALIZER };
    xmlDoc *doc = xmlReadMemory(xml, length, "domain.xml", NULL,
                                XML_PARSE_NONET | XML_PARSE_NOERROR
                                | XML_PARSE_NOWARNING);
    const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;

    if (root) {
        read_domain(&domain, root);
    } else {
        domain.wrong = xstrdup("this is no XML");
    }
    xmlFreeDoc(doc);
    if (domain.wrong) {
        free(domain.uuid);
        ds_destroy(&domain.file);
    } else {
        *uuid = domain.uuid;
        *file = ds_steal_cstr(&domain.file);
    }
    free(domain.name);
    free(domain.words);
    return domain.wrong;
}

/* The source.  All is in files that do not make one wait; there are no
 * settings apart from them. */

static void *
libvirt_read(const char *root OVS_UNUSED, struct vm_watch *watch OVS_UNUSED)
{
    return xstrdup("");
}

/* Returns the process of the VM, or 0 if it does not run. */
static pid_t
find_process(const char *root, struct vm_watch *watch, const char *uuid,
             const char *name)
{
    char *dir = xasprintf("%s"PID_DIR, root);
    char *file = xasprintf("%s.pid", name);
    long long int pid = 0;

    vm_watch_file(watch, dir, file);
    if (!host_read_number(dir, file, &pid)
        || !vm_watch_process(watch, pid)) {
        pid = 0;
    } else {
        struct svec words = SVEC_EMPTY_INITIALIZER;

        vm_source_arguments(root, pid, &words);
        if (!svec_contains_unsorted(&words, uuid)
            || !vm_watch_is_alive(watch, pid)) {
            pid = 0;
        }
        svec_destroy(&words);
    }
    free(file);
    free(dir);
    return pid;
}

/* Adds what the file 'uuid' in 'dir' says. */
static void
add_file(const char *root, const char *dir, const char *uuid,
         struct vm_watch *watch, struct vm_facts *facts)
{
    char *path = xasprintf("/%s", uuid);
    struct howto_lines lines = howto_plain_lines_of(dir, path);
    char *name = xstrdup("");
    char *file = xasprintf("%s/%s", dir, uuid);
    long long int expires = 0;
    struct stat s;
    pid_t pid = 0;

    if (!stat(file, &s)) {
        expires = s.st_mtime + START_TIME;
    }
    while (howto_next_line(&lines)) {
        char pci[32], device[32];
        int n = -1;

        if (!strcmp(lines.line, "started")) {
            expires = 0;
        } else if (!strncmp(lines.line, "vm ", 3) && strlen(lines.line) > 40) {
            free(name);
            name = xstrdup(lines.line + 40);
            pid = find_process(root, watch, uuid, name);
        } else if (ovs_scan(lines.line, "vf %31s %31s%n", pci, device, &n)
                   && (pid || expires > time(NULL))) {
            struct vm_claim *claim = vm_facts_add_claim(facts, pci, uuid);

            claim->name = xstrdup(name);
            claim->device = xstrdup(device);
            claim->pid = pid;
            claim->running = pid != 0;
            claim->started = pid ? vm_source_started(pid) : 0;
            claim->own = strchr(lines.line + n, '=') != NULL;
            claim->error = vm_settings_put_words(&claim->settings,
                                                 lines.line + n);
            if (!pid) {
                facts->expires = MIN(facts->expires, expires);
            }
        }
    }
    free(name);
    free(file);
    free(path);
}

static void
libvirt_add(const void *settings OVS_UNUSED, const char *root,
            struct vm_watch *watch, struct vm_facts *facts)
{
    char *dir = vm_libvirt_dir();
    struct howto_lines lines = howto_lines_of(dir, "/managed");
    struct svec names = SVEC_EMPTY_INITIALIZER;
    const char *name;
    size_t i;

    vm_watch_file(watch, dir, NULL);
    while (howto_next_line(&lines)) {
        sset_add(&facts->managed, lines.line);
    }
    host_read_folder(&names, "%s", dir);
    SVEC_FOR_EACH (i, name, &names) {
        if (strlen(name) == 36) {
            add_file(root, dir, name, watch, facts);
        }
    }
    svec_destroy(&names);
    free(dir);
}

const struct vm_source vm_source_libvirt = {
    .name = "libvirt",
    .read = libvirt_read,
    .destroy = free,
    .add = libvirt_add,
};

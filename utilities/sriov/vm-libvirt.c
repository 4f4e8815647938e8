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
 * and <interface type='hostdev'>, whose <source> has the PCI address.
 *
 * No hook tells of a device that comes or goes while the VM runs.  libvirt
 * writes its status file then (qemu_driver.c,
 * qemuDomainAttachDeviceLiveAndConfig()), which has the definition in it, with
 * the VF of a network's pool in <actual>. */

#include <config.h>
#include "sriov/vm-libvirt.h"

#include <errno.h>
#include <fcntl.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "dirs.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/vlog.h"
#include "smap.h"
#include "sriov/conf.h"
#include "sriov/host.h"
#include "sriov/leftovers.h"
#include "sriov/vm-plan.h"
#include "sriov/vm-source.h"
#include "sriov/vm-watch.h"
#include "svec.h"
#include "util.h"
#include "uuid.h"

VLOG_DEFINE_THIS_MODULE(vm_libvirt);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 20);

/* Of the element in <metadata> that has settings of all VFs of the VM as
 * words. */
#define NAMESPACE "https://openvswitch.org/xmlns/ovs-sriov/1"

#define PID_DIR "/run/libvirt/qemu"

/* Before what is wrong with the settings of a VF, in place of these. */
#define WRONG "wrong: "

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
    bool live;                  /* It runs: what is wrong with a VF is said in
                                 * its file. */
    struct smap lines;          /* Of a VM that runs, by PCI addresses: the
                                 * lines of its VFs so far. */
    struct smap devices;        /* Names of devices by PCI addresses. */
    struct ds file;             /* What is to be in its file. */
    char *wrong;                /* Or NULL. */
};

static void
domain_destroy(struct domain *domain)
{
    free(domain->uuid);
    free(domain->name);
    free(domain->words);
    free(domain->wrong);
    smap_destroy(&domain->lines);
    smap_destroy(&domain->devices);
    ds_destroy(&domain->file);
}

/* Returns the name of the VF at 'pci', which no other has: its address may
 * depend on it. */
static const char *
device_name(struct domain *domain, const char *pci)
{
    const char *name = smap_get(&domain->devices, pci);

    for (unsigned int i = 0; !name; i++) {
        char *free_name = xasprintf("hostdev%u", i);
        const struct smap_node *node;
        bool taken = false;

        SMAP_FOR_EACH (node, &domain->devices) {
            taken |= !strcmp(node->value, free_name);
        }
        if (!taken) {
            smap_add(&domain->devices, pci, free_name);
            name = smap_get(&domain->devices, pci);
        }
        free(free_name);
    }
    return name;
}

/* Adds the VF at 'pci' as 'device' has it. */
static void
add_vf(struct domain *domain, const xmlNode *device, const char *pci)
{
    const xmlNode *actual = child(device, "actual");
    const xmlNode *vlan = (child(actual, "vlan") ? child(actual, "vlan")
                           : child(device, "vlan"));
    char *mac = attribute(child(device, "mac"), "address");
    const char *line = smap_get(&domain->lines, pci);
    const char *name = device_name(domain, pci);
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
    if (line) {
        /* What it has started with counts until it ends. */
        ds_put_format(&domain->file, "%s\n", line);
    } else if (wrong && domain->live) {
        ds_put_format(&domain->file, "vf %s %s "WRONG"%s\n", pci, name,
                      wrong);
    } else if (wrong) {
        domain->wrong = xasprintf("device %s: %s", pci, wrong);
    } else {
        ds_put_format(&domain->file, "vf %s %s ", pci, name);
        vm_settings_format(&settings, &domain->file);
        ds_chomp(&domain->file, ' ');
        ds_put_char(&domain->file, '\n');
    }
    vm_settings_destroy(&settings);
    free(wrong);
    free(mac);
}

/* Reads the lines of VFs in the file 'uuid' in 'dir'.  Returns false if that is
 * not there, or not of a VM that runs. */
static bool
read_lines(struct domain *domain, const char *dir, const char *uuid)
{
    char *path = xasprintf("/%s", uuid);
    struct howto_lines lines = howto_plain_lines_of(dir, path);
    bool started = false;

    while (howto_next_line(&lines)) {
        char pci[32], device[32];

        started |= !strcmp(lines.line, "started");
        if (ovs_scan(lines.line, "had %31s", pci)) {
            smap_replace(&domain->lines, pci, lines.line);
        } else if (ovs_scan(lines.line, "vf %31s %31s", pci, device)) {
            smap_replace(&domain->lines, pci, lines.line);
            smap_replace(&domain->devices, pci, device);
        }
    }
    free(path);
    return started;
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
        const xmlNode *actual = child(node, "actual");
        const xmlNode *device = actual ? actual : node;

        if ((is_element(node, "interface")
             && has_attribute(device, "type", "hostdev"))
            || (is_element(node, "hostdev")
                && has_attribute(node, "type", "pci"))) {
            char *pci = pci_of(device);

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
    struct domain domain = {
        .lines = SMAP_INITIALIZER(&domain.lines),
        .devices = SMAP_INITIALIZER(&domain.devices),
        .file = DS_EMPTY_INITIALIZER,
    };
    char *wrong;
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
    if (!domain.wrong) {
        *uuid = xstrdup(domain.uuid);
        *file = ds_steal_cstr(&domain.file);
    }
    wrong = nullable_xstrdup(domain.wrong);
    domain_destroy(&domain);
    return wrong;
}

/* Files. */

/* Returns what is wrong with the settings of a VF, if 'words', behind the name
 * of its device, say so, or NULL. */
static const char *
wrong_of(const char *words)
{
    words += strspn(words, " ");
    return !strncmp(words, WRONG, strlen(WRONG)) ? words + strlen(WRONG) : NULL;
}

static bool
has_settings(const char *words)
{
    return wrong_of(words) || strchr(words, '=');
}

/* Returns 'file' with VFs as those of which nobody told in time. */
static char *
had_lines(const char *file)
{
    struct ds s = DS_EMPTY_INITIALIZER;
    char *copy = xstrdup(file);
    char *save_ptr = NULL;

    for (char *line = strtok_r(copy, "\n", &save_ptr); line;
         line = strtok_r(NULL, "\n", &save_ptr)) {
        char pci[32];

        if (ovs_scan(line, "vf %31s", pci)) {
            ds_put_format(&s, "had %s\n", pci);
        } else {
            ds_put_format(&s, "%s\n", line);
        }
    }
    free(copy);
    return ds_steal_cstr(&s);
}

/* Adds to the VFs that are managed those that have settings in 'file'.
 * Stores in '*any' whether any in 'file' is managed then. */
static int
add_managed(const char *dir, const char *file, bool *any)
{
    struct howto_lines lines = howto_lines_of(dir, "/managed");
    struct svec all = SVEC_EMPTY_INITIALIZER;
    char *copy = xstrdup(file);
    char *save_ptr = NULL;
    size_t n;
    int error = 0;

    *any = false;
    while (howto_next_line(&lines)) {
        svec_add(&all, lines.line);
    }
    svec_sort_unique(&all);
    n = all.n;
    for (char *line = strtok_r(copy, "\n", &save_ptr); line;
         line = strtok_r(NULL, "\n", &save_ptr)) {
        char pci[32], device[32];
        int words = -1;

        if (ovs_scan(line, "vf %31s %31s%n", pci, device, &words)) {
            if (has_settings(line + words)) {
                svec_add(&all, pci);
            }
            *any |= svec_contains_unsorted(&all, pci);
        }
    }
    svec_sort_unique(&all);
    if (all.n != n) {
        char *path = xasprintf("%s/managed", dir);
        char *text = svec_join(&all, "\n", "\n");

        error = host_replace_file(path, text);
        free(text);
        free(path);
    }
    free(copy);
    svec_destroy(&all);
    return error;
}

int
vm_libvirt_claim(const char *dir, const char *uuid, const char *file,
                 bool *any)
{
    char *path = xasprintf("%s/%s", dir, uuid);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = fd < 0 || flock(fd, LOCK_EX) ? errno : 0;

    error = error ? error : add_managed(dir, file, any);
    if (!error) {
        char *text = *any ? xstrdup(file) : had_lines(file);

        error = host_replace_file(path, text);
        free(text);
    }
    if (fd >= 0) {
        close(fd);
    }
    free(path);
    return error;
}

/* Writes 'text' to the file of the VM 'uuid' in 'dir', if that says something
 * else. */
static void
write_changed(const char *dir, const char *uuid, const char *text)
{
    char *path = xasprintf("%s/%s", dir, uuid);
    char *old = host_read_file("%s", path);
    size_t n = old ? strlen(old) : 0;
    bool any;

    /* Of what was read, the last line's end is missing. */
    if (!old || strncmp(old, text, n) || strcmp(text + n, "\n")) {
        int error = vm_libvirt_claim(dir, uuid, text, &any);

        if (error) {
            VLOG_WARN_RL(&rl, "%s: cannot be written (%s): VFs that came "
                         "while the VM runs have no settings", path,
                         ovs_strerror(error));
        }
    }
    free(old);
    free(path);
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

/* Writes the file in 'dir' of the VM whose status file is 'status' in
 * PID_DIR, if the VM runs and devices came or went since it was written.
 * Without one, nobody knows what the VM was started with: what it has is left
 * alone. */
static void
refresh_file(const char *root, const char *dir, const char *status,
             struct vm_watch *watch)
{
    char *path = xasprintf("%s"PID_DIR"/%s", root, status);
    struct domain domain = {
        .live = true,
        .lines = SMAP_INITIALIZER(&domain.lines),
        .devices = SMAP_INITIALIZER(&domain.devices),
        .file = DS_EMPTY_INITIALIZER,
    };
    xmlDoc *doc = xmlReadFile(path, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR
                              | XML_PARSE_NOWARNING);
    const xmlNode *root_node = doc ? xmlDocGetRootElement(doc) : NULL;
    const xmlNode *node = child(root_node, "domain");
    char *uuid = text_of(child(node, "uuid"));
    char *name = text_of(child(node, "name"));
    char *own = xasprintf("%s.xml", name ? name : "");

    if (uuid && strlen(uuid) == UUID_LEN && !strcmp(own, status)
        && is_element(root_node, "domstatus")) {
        char *file = xasprintf("%s/%s", dir, uuid);
        bool there = !access(file, F_OK);

        /* One that starts is its hook's. */
        if (read_lines(&domain, dir, uuid) || !there) {
            ds_put_cstr(&domain.file, "started\n");
            read_domain(&domain, node);
            if (!domain.wrong && find_process(root, watch, uuid, name)) {
                char *text = (there ? xstrdup(ds_cstr(&domain.file))
                              : had_lines(ds_cstr(&domain.file)));

                write_changed(dir, uuid, text);
                free(text);
            }
        }
        free(file);
    }
    xmlFreeDoc(doc);
    domain_destroy(&domain);
    free(own);
    free(name);
    free(uuid);
    free(path);
}

/* Has the files say which devices VMs have now.  'dir' is there if the hook
 * is. */
static void
refresh_files(const char *root, const char *dir, struct vm_watch *watch)
{
    struct svec names = SVEC_EMPTY_INITIALIZER;
    char *status_dir = xasprintf("%s"PID_DIR, root);
    const char *name;
    size_t i;

    vm_watch_file(watch, status_dir, NULL);
    host_read_folder(&names, "%s", status_dir);
    SVEC_FOR_EACH (i, name, &names) {
        size_t n = strlen(name);

        if (n > 4 && !strcmp(name + n - 4, ".xml")) {
            refresh_file(root, dir, name, watch);
        }
    }
    svec_destroy(&names);
    free(status_dir);
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
            const char *words = lines.line + n;
            const char *wrong = wrong_of(words);

            claim->own = has_settings(words);
            claim->error = (wrong ? xstrdup(wrong)
                            : vm_settings_put_words(&claim->settings, words));
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
    struct svec names = SVEC_EMPTY_INITIALIZER;
    struct howto_lines lines;
    const char *name;
    size_t i;

    vm_watch_file(watch, dir, NULL);
    if (!access(dir, F_OK)) {
        refresh_files(root, dir, watch);
    }
    lines = howto_lines_of(dir, "/managed");
    while (howto_next_line(&lines)) {
        sset_add(&facts->managed, lines.line);
    }
    host_read_folder(&names, "%s", dir);
    SVEC_FOR_EACH (i, name, &names) {
        if (strlen(name) == UUID_LEN) {
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

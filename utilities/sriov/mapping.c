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

/* See mapping.h for where this stands. */

#include <config.h>
#include "sriov/mapping.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "sriov/host.h"
#include "sriov/leftovers.h"
#include "util.h"

#define LIVE "live-migration-capable"

/* Returns an empty mapping 'id'.  Of two of a name the last one counts, as in
 * PVE::SectionConfig. */
static struct pve_mapping *
new_mapping(struct pve_mappings *mappings, const char *id)
{
    struct pve_mapping *mapping
        = CONST_CAST(struct pve_mapping *, pve_mappings_find(mappings, id));

    if (mapping) {
        free(mapping->description);
        svec_destroy(&mapping->maps);
    } else {
        if (mappings->n >= mappings->allocated) {
            mappings->array = x2nrealloc(mappings->array, &mappings->allocated,
                                         sizeof *mappings->array);
        }
        mapping = &mappings->array[mappings->n++];
        mapping->id = xstrdup(id);
    }
    mapping->description = NULL;
    mapping->live = false;
    svec_init(&mapping->maps);
    return mapping;
}

/* Reads the property whose name is the first 'n' characters of 'name', as
 * PVE::SectionConfig does it: of two of a name the first one counts. */
static void
read_property(struct pve_mapping *mapping, const char *name, size_t n,
              const char *value)
{
    if (n == 3 && !strncmp(name, "map", n)) {
        if (strchr(value, '=')) {
            svec_add(&mapping->maps, value);
        }
    } else if (n == 11 && !strncmp(name, "description", n)) {
        if (!mapping->description) {
            mapping->description = xstrdup(value);
        }
    } else if (n == strlen(LIVE) && !strncmp(name, LIVE, n)) {
        mapping->live = atoi(value) != 0;
    }
}

void
pve_mappings_read(struct pve_mappings *mappings, const char *root)
{
    struct howto_lines lines
        = howto_plain_lines_of(root, "/etc/pve/mapping/pci.cfg");
    struct pve_mapping *mapping = NULL;

    memset(mappings, 0, sizeof *mappings);
    while (howto_next_line(&lines)) {
        const char *line = lines.line;

        if (!*line || *line == '#') {
            /* Nothing. */
        } else if (!lines.indented && !strpbrk(line, " \t")) {
            mapping = new_mapping(mappings, line);
        } else if (mapping) {
            size_t n = strcspn(line, " \t");

            read_property(mapping, line, n, line + n + strspn(line + n,
                                                              " \t"));
        }
    }
}

void
pve_mappings_destroy(struct pve_mappings *mappings)
{
    for (size_t i = 0; i < mappings->n; i++) {
        free(mappings->array[i].id);
        free(mappings->array[i].description);
        svec_destroy(&mappings->array[i].maps);
    }
    free(mappings->array);
}

const struct pve_mapping *
pve_mappings_find(const struct pve_mappings *mappings, const char *id)
{
    for (size_t i = 0; i < mappings->n; i++) {
        if (!strcmp(mappings->array[i].id, id)) {
            return &mappings->array[i];
        }
    }
    return NULL;
}

char *
pve_map_get(const char *map, const char *key)
{
    size_t n = strlen(key);

    for (const char *p = map; p; p = strchr(p, ',')) {
        p += *p == ',';
        if (!strncmp(p, key, n) && p[n] == '=') {
            return xmemdup0(p + n + 1, strcspn(p + n + 1, ","));
        }
    }
    return NULL;
}

char *
pve_device_id(const char *root, const char *pci, const char *vendor,
              const char *device)
{
    char *path = xasprintf("%s/sys/bus/pci/devices/%s", root, pci);
    long long int v, d;
    char *id = (host_read_number(path, vendor, &v)
                && host_read_number(path, device, &d)
                ? xasprintf("%04llx:%04llx", v, d) : NULL);

    free(path);
    return id;
}

/* Returns what is wrong with 'now', which 'map' has for 'key', and frees
 * it. */
static char *
compare(const char *map, const char *key, char *now)
{
    char *value = pve_map_get(map, key);
    char *problem = NULL;

    if (!value && now) {
        problem = xasprintf("it has no %s, which is %s now", key, now);
    } else if (value && !(now && !strcmp(value, now))) {
        problem = xasprintf("%s is %s now, not %s", key, now ? now : "none",
                            value);
    }
    free(value);
    free(now);
    return problem;
}

/* Returns what is wrong with the device 'path' of 'map', the first one of it
 * or not. */
static char *
path_problem(const char *root, const char *map, const char *path, bool first)
{
    char *pci = xasprintf("%s%s", path, strchr(path, '.') ? "" : ".0");
    char *id = pve_device_id(root, pci, "vendor", "device");
    char *problem;

    if (!id) {
        problem = xasprintf("there is no device %s", pci);
    } else {
        problem = compare(map, "id", id); /* Frees it. */
        if (!problem && first) {
            problem = compare(map, "iommugroup",
                              host_read_link("%s/sys/bus/pci/devices/%s/"
                                             "iommu_group", root, pci));
        }
        if (!problem) {
            problem = compare(map, "subsystem-id",
                              pve_device_id(root, pci, "subsystem_vendor",
                                            "subsystem_device"));
        }
        if (problem && !first) {
            char *s = xasprintf("%s: %s", pci, problem);

            free(problem);
            problem = s;
        }
    }
    free(pci);
    return problem;
}

char *
pve_map_problem(const char *root, const char *map)
{
    char *paths = pve_map_get(map, "path");
    char *save_ptr = NULL;
    char *problem = NULL;
    bool first = true;

    if (!paths) {
        return xstrdup("it has no path");
    }
    for (char *path = strtok_r(paths, ";", &save_ptr); path && !problem;
         path = strtok_r(NULL, ";", &save_ptr)) {
        problem = path_problem(root, map, path, first);
        first = false;
    }
    free(paths);
    return problem;
}

char *
pve_node(const char *root)
{
    char *node = NULL;
    struct utsname uts;

    if (*root) {
        node = host_read_file("%s/etc/hostname", root);
    } else if (!uname(&uts)) {
        /* Not the file, which tells the name after the next boot. */
        node = xstrdup(uts.nodename);
    }
    if (node) {
        node[strcspn(node, ". \n")] = '\0';
    }
    if (!node || !*node) {
        free(node);
        node = xstrdup("localhost");
    }
    return node;
}

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

#ifndef SRIOV_HOST_LEFTOVERS_H
#define SRIOV_HOST_LEFTOVERS_H 1

/* What people wrote by hand where there was no ovs-sriov, as how-tos have it:
 * udev rules, stanzas of /etc/network/interfaces, an ovs-ctl with a patch.
 *
 *     files --> HOWTO --> import, check
 */

#include <stdbool.h>
#include <stddef.h>
#include "smap.h"

enum howto_kind {
    HOWTO_MODE,                 /* Sets the mode of the eswitch of 'pci'. */
    HOWTO_VFS,                  /* Sets the number of VFs. */
    HOWTO_NAMES,                /* Names representors. */
};

/* What a udev rule does to SR-IOV.  A rule that does two such things is here
 * twice. */
struct howto_rule {
    enum howto_kind kind;
    char *file;
    unsigned int line;
    char *pci;                  /* PCI address that it is about, or NULL... */
    char *netdev;               /* ...or network device, or NULL... */
    char *switch_id;            /* ...or switch id, or NULL... */
    char *port;                 /* ...with this phys_port_name, or NULL. */
    char *value;                /* Mode, number, or template for names. */
};

/* An "iface" stanza. */
struct howto_stanza {
    char *file;
    unsigned int line;
    char *name;
    struct smap options;
};

/* A line of ovs-ctl that sets what has the right default with us. */
struct howto_setting {
    char *file;
    unsigned int line;
    char *text;
};

/* A file that some of the above are in. */
struct howto_file {
    char *name;
    size_t n_items;             /* Rules, or stanzas, that it has in all. */
};

struct howto {
    struct howto_rule *rules;
    size_t n_rules, allocated_rules;
    struct howto_stanza **stanzas; /* Pointers, since smaps cannot move. */
    size_t n_stanzas, allocated_stanzas;
    struct howto_setting *settings;
    size_t n_settings, allocated_settings;
    struct howto_file *files;
    size_t n_files, allocated_files;
};

void howto_read(struct howto *, const char *root);
void howto_destroy(struct howto *);

#endif /* leftovers.h */

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

/* What people wrote by hand where there was no ovs-sriov: udev rules, units of
 * systemd, rc.local, stanzas of /etc/network/interfaces, sysfs.d, netplan, an
 * ovs-ctl with a patch.
 *
 *     files --> HOWTO --> import, check, proxmox
 *
 * A file has items: udev rules, lines, stanzas.  An item that has to do with
 * SR-IOV gives rules, one for each thing that it sets, and is "whole" if
 * nothing in it was not understood.  Else it gives one of HOWTO_BY_HAND, too,
 * and those of which it is not certain what they are about, not at all. */

#include <stdbool.h>
#include <stddef.h>
#include "openvswitch/compiler.h"
#include "smap.h"
#include "svec.h"

struct host;
struct host_pf;

enum howto_kind {
    HOWTO_MODE,                 /* Sets the mode of an eswitch. */
    HOWTO_VFS,                  /* Sets the number of VFs. */
    HOWTO_NAMES,                /* Names representors. */
    HOWTO_STEERING,             /* Sets flow_steering_mode. */
    HOWTO_MULTIPORT,            /* Sets esw_multiport. */
    HOWTO_BY_HAND,              /* Was not understood. */
};

/* What a condition is about. */
enum howto_what {
    HOWTO_PCI,                  /* PCI address. */
    HOWTO_NETDEV,               /* Name of the network device. */
    HOWTO_RDMA,                 /* Name of the infiniband device. */
    HOWTO_DRIVER,
    HOWTO_VENDOR,               /* "0x15b3" */
    HOWTO_DEVICE,               /* "0x101f" */
    HOWTO_SWITCH_ID,
    HOWTO_MAC,                  /* The NIC's own, whatever it has now. */
    HOWTO_PORT,                 /* phys_port_name; of HOWTO_NAMES that of a
                                 * representor. */
};

/* Something that a PF must have, or with 'negate' must not have. */
struct howto_cond {
    enum howto_what what;
    bool negate;
    char *pattern;              /* As udev's: globs, "|" between them. */
};

struct howto_conds {
    struct howto_cond *array;
    size_t n, allocated;
};

struct howto_rule {
    enum howto_kind kind;
    char *file;
    unsigned int line;
    const char *noun;           /* What has it: "rule", "line". */
    struct howto_conds conds;   /* All must hold. */
    bool first;                 /* Of those of its kind that have this, the
                                 * first counts. */
    char *value;                /* Mode, number, template for names, ..., or
                                 * what was not understood. */
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

/* A .link file of udev's: of those that are about a device only the one counts
 * whose name is the lowest. */
struct howto_link {
    char *file;
    struct howto_conds conds;   /* Of [Match]; none: all devices. */
};

struct howto_item {
    unsigned int line;
    bool ours;                  /* It has to do with SR-IOV. */
    bool neutral;               /* It does nothing by itself. */
    bool start;                 /* ExecStart=, which systemd wants in a
                                 * unit... */
    bool reset;                 /* ...or that takes back those before it. */
    char *doubt;                /* What was not understood first, or NULL. */

    /* What has to be written in its place if all of the next 'n_below' items
     * are deleted, or NULL. */
    char *hollow;
    size_t n_below;
};

struct howto_file {
    char *name;
    const char *noun;           /* What its items are: "rule". */
    struct howto_item *items;
    size_t n_items, allocated;
};

struct howto {
    const char *root;
    struct howto_rule *rules;
    size_t n_rules, allocated_rules;
    struct howto_stanza **stanzas; /* Pointers, since smaps cannot move. */
    size_t n_stanzas, allocated_stanzas;
    struct smap altnames;       /* From an alternative name to the name. */
    struct svec wanted;         /* "UNIT FILE:LINE", of what asks for one. */
    struct howto_link *links;   /* Whose [Match] is understood. */
    size_t n_links, allocated_links;
    struct howto_setting *settings;
    size_t n_settings, allocated_settings;
    bool sets_defaults;         /* So does a command, of ovs-vsctl. */
    struct howto_file *files;
    size_t n_files, allocated_files;
    size_t at;                  /* The file that is being read. */
};

/* Stores in the howto, which the caller must destroy, what there is below
 * 'root', which is "" but in tests.  What cannot be read is not there. */
void howto_read(struct howto *, const char *root);

/* Frees what is in the howto, not itself. */
void howto_destroy(struct howto *);

/* Returns true if the rule is about the PF, as that is now. */
bool howto_rule_is_about(const struct howto *, const struct howto_rule *,
                         const struct host_pf *);

/* Returns the .link file, which belongs to the howto, that counts for the PF in
 * place of the one that has the rule, or NULL. */
const char *howto_rule_link_before(const struct howto *,
                                   const struct howto_rule *,
                                   const struct host_pf *);

/* Returns the PCI address that the rule is about by itself, or NULL. */
const char *howto_rule_pci(const struct howto_rule *);

/* Returns true if the rule is about a device that is no NIC: a GPU, for
 * instance.  What 'host' has as a PF is one, whatever its class. */
bool howto_rule_is_foreign(const struct howto *, const struct howto_rule *,
                           const struct host *host);

/* Returns the item in 'line' of 'file', which belongs to the howto, or
 * NULL. */
struct howto_item *howto_find_item(const struct howto *, const char *file,
                                   unsigned int line);

/* Returns what the network device with the name 'name' is called that is here:
 * something else if 'name' is an alternative name of udev's, "enxMAC" for
 * instance.  It belongs to the howto, or is 'name'. */
const char *howto_real_name(const struct howto *, const char *name);

/* Returns true if the network device 'name' is in 'list', the value of
 * "ovs_ports" and the like: as a word, by an alternative name, or by what
 * follows "glob" or "regex".  Then '*pattern', if 'pattern' is not NULL, is
 * that, which the caller must free, else NULL. */
bool howto_list_has(const struct howto *, const char *list, const char *name,
                    char **pattern);

/* Returns the first stanza of the interface 'name', which belongs to the howto,
 * or NULL. */
const struct howto_stanza *howto_find_stanza(const struct howto *,
                                             const char *name);

/* Returns the MTU that the stanza gives, or NULL. */
const char *howto_stanza_mtu(const struct howto_stanza *);

/* Returns an option of the stanza that says more than which port of which
 * bridge it is, with which MTU, or NULL. */
const char *howto_special_option(const struct howto_stanza *);

/* Returns the stanza that has the interface 'name' among its ports or members,
 * which belongs to the howto, or NULL. */
const struct howto_stanza *howto_find_holder(const struct howto *,
                                             const char *name);

/* For those that read files. */

/* The lines of a text, which is changed, of which those that end in a
 * backslash go on in the next one, unless they are 'plain'. */
struct howto_lines {
    char *text;                 /* All of it, if it is to be freed at the end,
                                 * or NULL. */
    char *next;                 /* Text that was not read yet. */
    unsigned int n;             /* Lines that were. */
    char *line;                 /* Without spaces around it. */
    unsigned int at;            /* Where 'line' begins. */
    bool plain;
    bool indented;              /* There was space before 'line'. */
    bool uncertain;             /* Set by who reads them: what comes may not
                                 * be in force. */
};

/* Returns what is in 'file' below 'root', which the caller must free, or NULL
 * if it is no file, as large as people write them, that can be read. */
char *howto_read_file(const char *root, const char *file);

/* Returns the lines of 'file' below 'root': none if it cannot be read.  They
 * are to be read to the end, which frees them. */
struct howto_lines howto_lines_of(const char *root, const char *file);

/* The same, of a file in which a backslash at the end of a line says nothing:
 * those of Proxmox VE. */
struct howto_lines howto_plain_lines_of(const char *root, const char *file);

/* Reads the next line.  Returns false, and frees what belongs to the lines, if
 * there is none. */
bool howto_next_line(struct howto_lines *);

/* Makes 'name', whose items are called 'noun' (a static string), the file that
 * is being read.  Returns the one that was until now, for 'at'. */
size_t howto_begin_file(struct howto *, const char *name, const char *noun);

/* Begins an item of the file that is being read, in 'line'. */
void howto_begin_item(struct howto *, unsigned int line);

/* Ends the item that is being read, whose text is 'text'. */
void howto_end_item(struct howto *, const char *text);

/* Notes that something in the item that is being read was not understood: what
 * 'format' says, in a few words. */
void howto_doubt(struct howto *, const char *format, ...)
    OVS_PRINTF_FORMAT(2, 3);

/* Adds what the item that is being read does to the PFs for which the
 * conditions hold.  Copies both. */
void howto_add_rule(struct howto *, enum howto_kind,
                    const struct howto_conds *, const char *value);

/* Adds a .link file with the conditions of its [Match], which it takes over. */
void howto_add_link(struct howto *, const char *file, struct howto_conds *);

/* Takes back the rules that were added after there were 'n_rules'. */
void howto_drop_rules(struct howto *, size_t n_rules);

/* Adds a condition.  A PCI address is made one with a domain. */
void howto_add_cond(struct howto_conds *, enum howto_what, bool negate,
                    const char *pattern);

/* Frees what is in the conditions, not themselves. */
void howto_conds_destroy(struct howto_conds *);

/* Returns true if 'text' sets in the database what has the right default with
 * us. */
bool howto_is_default(const char *text);

/* Returns true if 's' is a decimal number. */
bool howto_is_number(const char *s);

/* Returns true if 's' is one of the 'n' 'names'. */
bool howto_is_one_of(const char *s, const char *const *names, size_t n);

/* Returns true if 's' ends in 'end'. */
bool howto_ends_in(const char *s, const char *end);

/* KEY = VALUE, in a file with [SECTION]s or without. */
struct howto_pair {
    const char *key, *value;    /* Parts of the line. */
};

/* Makes a pair of 'line', which it changes, with the separator 'c', without
 * spaces around both, nor quotes around the value.  Returns false if it is
 * none. */
bool howto_split_pair(char *line, char c, struct howto_pair *);

/* Adds to the vector those parts of 's' between 'delimiters' that are not
 * empty. */
void howto_split(struct svec *, const char *s, const char *delimiters);

/* Adds to the vector the words of 's', as a shell has them: quotes, single or
 * double, hold together what is between them, and are not part of it. */
void howto_split_quoted(struct svec *, const char *s);

/* Returns the first line of 'file' below 'root' that seems to have to do with
 * SR-IOV, or 0. */
unsigned int howto_find_mention(const char *root, const char *file);

/* Reads a file of which only is said that it has to do with SR-IOV, as a file
 * whose items are its lines. */
void howto_read_by_hand(struct howto *, const char *file);

/* Notes that 'line' of 'file' asks for 'units', names with spaces between
 * them. */
void howto_add_wanted(struct howto *, const char *units, const char *file,
                      unsigned int line);

/* Reads a file of udev's rules. */
void howto_read_udev(struct howto *, const char *file);

/* Reads which alternative names network devices have. */
void howto_read_altnames(struct howto *);

/* Reads all files but udev's rules and interfaces. */
void howto_read_other_files(struct howto *);

/* Calls 'read' for each file in the folder 'folder' whose name ends in
 * 'suffix', sorted, but for our own. */
void howto_read_folder(struct howto *, const char *folder, const char *suffix,
                       void (*read)(struct howto *, const char *file));

#endif /* leftovers.h */

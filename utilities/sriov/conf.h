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

#ifndef SRIOV_HOST_CONF_H
#define SRIOV_HOST_CONF_H 1

/* sriov.conf: what PFs are to be like, see ovs-sriov(8).
 *
 *     sriov.conf --> CONF --+
 *     kernel --> inventory -+--> plan --> carried out
 *
 * Read as a whole and checked as a whole: a file with an error in it is not
 * used at all, and all of its errors are told at once. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "openvswitch/shash.h"
#include "openvswitch/types.h"
#include "inventory/model.h"
#include "sriov/conf-bond.h"
#include "sriov/vm-settings.h"

struct svec;

/* How a section names its PFs, the more specific first. */
enum host_match {
    HOST_MATCH_PCI,             /* [0000:81:00.0] */
    HOST_MATCH_SWITCH_ID,       /* [switch-id 3264160003bd70c4] */
    HOST_MATCH_DEVICE,          /* [15b3:101f] */
    HOST_MATCH_VENDOR,          /* [15b3:*] */
};

/* A key that can be left out. */
enum host_bool {
    HOST_UNSET,                 /* Leave it as it is. */
    HOST_OFF,
    HOST_ON,
};

struct host_section {
    char *name;                 /* What is between the brackets. */
    unsigned int line;          /* Where. */
    enum host_match match;
    char *id;                   /* PCI address or switch id, else NULL. */
    uint16_t vendor, device;    /* HOST_MATCH_DEVICE and _VENDOR. */

    enum sriov_mode mode;
    bool has_vfs;               /* Else their number stays. */
    unsigned int vfs;
    char *names;                /* Template; NULL: names stay. */
    unsigned int mtu;           /* 0: it stays. */
    bool has_mac;
    struct eth_addr mac;        /* Of VF 0; the next VF has the next one. */
    enum host_bool trust, spoofchk;
    enum host_bool multiport;   /* HOST_UNSET: on where that helps. */
    char *steering;             /* devlink's flow_steering_mode, or NULL. */
    struct {                    /* Line of each key that was given, or 0. */
        unsigned int mode, vfs, names, mtu, mac, trust, spoofchk, multiport,
            steering;
    } at;
};

/* VFs of a PF that have settings always, see vm-conf.c. */
struct host_vf_section {
    char *name;                 /* What is between the brackets. */
    unsigned int line;          /* Where. */
    char *pf;                   /* PCI address. */
    unsigned int first, last;
    struct vm_settings settings;
};

/* The number that {switch} stands for in names of a NIC's representors. */
struct host_switch {
    char *pci;                  /* Of any of its PFs. */
    unsigned int number;
};

/* What is known of a NIC, that is, of PFs whose PCI addresses differ in the
 * function alone. */
struct host_card {
    unsigned int number;        /* For {switch}; 0: none yet. */
    bool configured;            /* A section has the address of a PF. */
    const struct host_section *multiport; /* The first one that says it. */
};

struct host_conf {
    char *path;
    struct host_section **sections; /* In the file's order. */
    size_t n, allocated;
    struct host_vf_section *vfs; /* Likewise. */
    size_t n_vfs, allocated_vfs;
    struct host_bond *bonds;    /* Likewise. */
    size_t n_bonds;

    /* Numbers that NICs have had once, and those of new ones.  A number
     * stays, whatever sections come and go. */
    struct host_switch *switches;
    size_t n_switches, allocated_switches;
    size_t n_kept;              /* The first ones are in the file. */
    struct shash cards;         /* "struct host_card"s, by the PCI address
                                 * without the function. */
};

/* What is after the name of sriov.conf in that of the file that keeps numbers
 * of NICs: lines "PCI-ADDRESS NUMBER". */
#define HOST_SWITCHES_SUFFIX ".switches"

/* The default of "names", and what takes its place where a name would be too
 * long for Linux: that of VF 10 of a BlueField's host, "ovs-sw1c1pf0vf10". */
#define HOST_DEFAULT_NAMES "ovs-sw{switch}{port}"
#define HOST_SHORT_NAMES "sw{switch}{port}"

/* Reads the file at 'path'.  Returns what is in it, which the caller must free
 * with host_conf_destroy().  If it cannot be read or has errors, adds a line
 * for each to 'errors' and returns NULL.  A file that does not exist is like
 * one without a section. */
struct host_conf *host_conf_read(const char *path, struct svec *errors);

/* Frees a configuration, which may be NULL, with its sections. */
void host_conf_destroy(struct host_conf *);

/* Returns the section about the PF at 'pci', the most specific one, or NULL.
 * It belongs to the configuration.  'switch_id' may be NULL. */
const struct host_section *host_conf_find(const struct host_conf *,
                                          const char *pci, uint16_t vendor,
                                          uint16_t device,
                                          const char *switch_id);

/* Returns true if the section is about the PF at 'pci', though there may be a
 * more specific one.  'switch_id' may be NULL. */
bool host_section_matches(const struct host_section *, const char *pci,
                          uint16_t vendor, uint16_t device,
                          const char *switch_id);

/* Returns the bond that is to have the uplink of the PF at 'pci', which belongs
 * to the configuration, or NULL. */
const struct host_bond *host_conf_bond(const struct host_conf *,
                                       const char *pci);

/* Returns the MTU that the bond is to have, or 0 if none is said. */
unsigned int host_bond_mtu(const struct host_conf *,
                           const struct host_bond *);

/* Writes numbers of NICs that are new to the file that keeps them.  Returns 0
 * or a positive errno value. */
int host_conf_keep_switches(struct host_conf *);

/* Returns what {switch} stands for in names for the NIC of the PF at 'pci',
 * which the caller must free: its number, if a section by PCI address has told
 * of it once; for another one, its bus in two hexadecimal digits. */
char *host_conf_card(const struct host_conf *, const char *pci);

/* Stores in '*address' the PCI address that 's' is, with its domain, which the
 * caller must free.  Returns false, and stores nothing, if 's' is none. */
bool host_pci_address(const char *s, char **address);

/* Returns true if both addresses, as host_pci_address() makes them, differ in
 * nothing but the function. */
bool host_same_card(const char *pci_a, const char *pci_b);

/* Returns the address that VF 'vf' is to have, where the section has_mac. */
struct eth_addr host_vf_mac(const struct host_section *, unsigned int vf);

/* Returns the name that 'template' gives to the representor 'port' ("pf0vf3")
 * of the NIC 'card', from host_conf_card(), however long that is.  The caller
 * must free it.  NULL if it gives none: 'port' is not one of a VF, but the
 * template has {vf}, or 'port' is no such name at all. */
char *host_expand_name(const char *template, const char *card,
                       const char *port);

#endif /* conf.h */

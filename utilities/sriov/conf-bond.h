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

#ifndef SRIOV_HOST_CONF_BOND_H
#define SRIOV_HOST_CONF_BOND_H 1

/* Sections [bond NAME] of sriov.conf: a Linux bond of the uplinks of one NIC,
 * of which mlx5 makes a VF-LAG.
 *
 *     sriov.conf --> conf --> CONF-BOND */

#include <stdbool.h>
#include "svec.h"

struct host_bond {
    char *name;                 /* Of the bond's network device. */
    unsigned int line;          /* Where. */
    struct svec pfs;            /* PCI addresses, as written. */

    /* As sysfs has them, static strings. */
    const char *mode;           /* "802.3ad" */
    const char *lacp_rate;      /* "slow"; of 802.3ad only. */
    const char *hash;           /* "layer3+4"; not of active-backup. */
    unsigned int mtu;           /* 0: that of its PFs' sections, if any. */
    unsigned int keys;          /* Bits: those that were given. */
};

/* Makes 'bond' that of the section 'name', which is in line 'line'.  Returns
 * false, and does nothing, if it is not a section of that kind. */
bool host_bond_init(struct host_bond *bond, const char *name,
                    unsigned int line);
void host_bond_uninit(struct host_bond *);

/* Stores the value of a key.  Returns NULL, or what is wrong, which the caller
 * must free. */
char *host_bond_put(struct host_bond *, const char *key, const char *value);

/* Returns what is wrong with the section as a whole, which the caller must
 * free, or NULL. */
char *host_bond_check(const struct host_bond *);

/* Returns the kernel's number of the mode (linux/if_bonding.h). */
int host_bond_mode(const struct host_bond *);

/* Returns the kernel's number of the rate, or -1 if the mode has none. */
int host_bond_lacp_rate(const struct host_bond *);

/* Returns the kernel's number of the hash, or -1 if the mode has none. */
int host_bond_hash(const struct host_bond *);

#endif /* conf-bond.h */

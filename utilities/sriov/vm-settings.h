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

#ifndef SRIOV_VM_SETTINGS_H
#define SRIOV_VM_SETTINGS_H 1

/* What the port of a VM's VF is to be like.
 *
 *     sources --> SETTINGS --> plan --> OVSDB, devlink
 *
 * Words "KEY=VALUE", as people write them and as our rows keep them.  No
 * I/O. */

#include <stdbool.h>
#include <stdint.h>
#include "openvswitch/types.h"

struct ds;

struct vm_settings {
    bool has_vlan;
    uint16_t vlan;              /* Of frames without a tag: 1 to 4094. */
    bool native;                /* It was written as "native". */
    bool tunnel;                /* All frames get it, also those that have a
                                 * VLAN already (QinQ). */
    unsigned long *trunks;      /* VLANs with a tag, a bitmap, or NULL. */
    bool has_mac;
    struct eth_addr mac;
    unsigned int rate;          /* What it may send, in Mbit/s; 0: all. */
    unsigned int share;         /* What it may always send, in Mbit/s, however
                                 * much others do. */
    bool isolated;              /* Not from or to others that are. */
    bool spoofchk;              /* Nothing from other addresses than its own
                                 * and... */
    char *addresses;            /* ...these, separated by commas, or NULL. */
    char *mirror;               /* Port of the same bridge that gets a copy of
                                 * all that it sends and gets, or NULL. */
    char *name;                 /* For people, or NULL. */
};

/* Begin without any setting, and free what was set. */
void vm_settings_init(struct vm_settings *);
void vm_settings_destroy(struct vm_settings *);

/* Makes a copy, to be destroyed as well. */
void vm_settings_clone(struct vm_settings *, const struct vm_settings *);

/* Sets 'key'.  What was set before gives way, so that what is about one VM
 * comes after what is about all of them.  Returns what is wrong, which the
 * caller must free, or NULL. */
char *vm_settings_put(struct vm_settings *, const char *key,
                      const char *value);

/* Likewise for words that are separated by spaces. */
char *vm_settings_put_words(struct vm_settings *, const char *words);

/* Returns what is wrong with all of it together, which the caller must free,
 * or NULL. */
char *vm_settings_check(const struct vm_settings *);

/* Appends the words, in one order always: equal settings are equal strings.
 * 'name' is not among them. */
void vm_settings_format(const struct vm_settings *, struct ds *);

/* Appends what other_config:sriov-allowed-sources of the Port is, which is
 * nothing if everything may be sent. */
void vm_settings_format_sources(const struct vm_settings *, struct ds *);

/* Returns the address of the device 'device' ("hostpci0") of a VM with the
 * UUID 'uuid': the same one wherever the VM is, and locally administered. */
struct eth_addr vm_settings_make_mac(const char *uuid, const char *device);

#endif /* vm-settings.h */

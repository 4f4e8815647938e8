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

#ifndef SRIOV_MODEL_H
#define SRIOV_MODEL_H 1

/* The model: what the kernel has, as plain data.
 *
 *     source --> MODEL --> plan, defaults, show
 *
 * A source fills an empty model with what it read: devlink instances, devlink
 * ports and network devices ("links").  sriov_model_finish() then joins them
 * (port -> link, port -> device), sorts them, and derives from the names of
 * links those ports that devlink does not report.  After that the model does
 * not change any more: a source that sees a change builds a new one.
 *
 * The model knows nothing of sockets or of OVSDB.  It is made by the reading
 * thread and handed over whole: nobody else has it before that, and that
 * thread has not afterwards.  So it belongs to one thread at a time. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "openvswitch/types.h"

enum sriov_mode {
    SRIOV_MODE_NONE,            /* The device has no eswitch, or none that can
                                 * be asked for its mode. */
    SRIOV_MODE_LEGACY,
    SRIOV_MODE_SWITCHDEV,
};

/* The devlink port flavours that matter here, see
 * Documentation/networking/devlink/devlink-port.rst in the kernel. */
enum sriov_flavour {
    SRIOV_UPLINK,               /* physical */
    SRIOV_PF,                   /* pcipf */
    SRIOV_VF,                   /* pcivf */
    SRIOV_SF,                   /* pcisf */
    SRIOV_OTHER,                /* Any other: never a representor. */
};

/* What takes flows that come in at a network device into hardware. */
enum sriov_offload {
    SRIOV_OFFLOAD_OTHERS,       /* Drivers of others, if any: a tunnel, a Linux
                                 * bond or team, a VLAN device, an internal
                                 * port.  Also what is not known. */
    SRIOV_OFFLOAD_OWN,          /* Its own driver: a representor, an uplink,
                                 * another NIC with hw-tc-offload. */
    SRIOV_OFFLOAD_NONE,         /* Nothing: a tap, a veth. */
};

/* A device with an eswitch: a devlink instance, commonly one PF. */
struct sriov_dev {
    char *bus;                  /* "pci". */
    char *name;                 /* PCI address, such as "0000:01:00.0". */
    char *driver;               /* Kernel driver, or NULL if unknown. */
    enum sriov_mode mode;
    bool can_multiport;         /* devlink parameter esw_multiport is there,
                                 * asked for in switchdev mode only... */
    bool multiport;             /* ...and true. */
    bool from_names;            /* Derived from the names of links. */
};

/* A network device. */
struct sriov_link {
    int ifindex;                /* > 0, in our network namespace; 0 where a
                                 * test has files in place of the kernel. */
    char *name;
    char *switch_id;            /* IFLA_PHYS_SWITCH_ID in hex, or NULL. */
    char *port_name;            /* IFLA_PHYS_PORT_NAME, or NULL. */
    char *kind;                 /* IFLA_INFO_KIND ("bond", "team"), or NULL. */
    char *parent_bus;           /* IFLA_PARENT_DEV_BUS_NAME, or NULL. */
    char *parent;               /* IFLA_PARENT_DEV_NAME, or NULL. */
    int master;                 /* IFLA_MASTER, or 0 if there is none. */
    unsigned int mtu;           /* In bytes, as IFLA_MTU has it. */
    struct eth_addr mac;
    bool up;                    /* IFF_UP. */
    bool carrier;               /* IFF_LOWER_UP. */
    bool initialized;           /* udev is done with it, or does not run. */
    bool has_hw_tc;             /* 'hw_tc' is known. */
    bool hw_tc;                 /* Feature hw-tc-offload is on. */

    /* Set by sriov_model_finish(). */
    bool has_port;              /* devlink has a port for it. */
};

/* A port of an eswitch.  ('dev', 'index') is its identity for as long as it
 * exists; name and ifindex of its link are data that can change. */
struct sriov_port {
    char *bus, *dev_name;       /* The devlink instance. */
    uint32_t index;             /* devlink port index; 0 if 'from_names'. */
    bool from_names;            /* Derived from the name of a link. */
    enum sriov_flavour flavour;
    uint32_t pf;                /* PF number (uplink: physical port number). */
    uint32_t number;            /* VF or SF number, else 0. */
    bool external;              /* Belongs to another host's controller... */
    uint32_t controller;        /* ...this one. */
    bool has_mac;
    struct eth_addr mac;        /* The function's address, not its
                                 * representor's. */
    bool has_migratable;        /* Whether a VM can take the function along
                                 * when it is migrated live is told... */
    bool migratable;            /* ...and so. */
    char *vf_pci;               /* The VF's PCI address, or NULL. */
    int ifindex;                /* Of its link, or 0 if there is none. */

    /* Set by sriov_model_finish(). */
    char *label;                /* "p0", "pf0", "pf0vf3", "c1pf0sf88". */
    char *key;                  /* See sriov_key(). */
    const struct sriov_dev *dev;    /* Never NULL. */
    const struct sriov_link *link;  /* NULL while the port has no netdev. */
};

struct sriov_model {
    struct sriov_dev **devs;
    size_t n_devs, allocated_devs;
    struct sriov_port **ports;
    size_t n_ports, allocated_ports;
    struct sriov_link **links;
    size_t n_links, allocated_links;
};

/* Returns an empty model, which the caller must free with
 * sriov_model_destroy(). */
struct sriov_model *sriov_model_create(void);

/* Frees a model, which may be NULL, with all that is in it. */
void sriov_model_destroy(struct sriov_model *);

/* Building: for sources, which fill in the rest of what is added.  It belongs
 * to the model, and strings are copied. */

/* Adds a device. */
struct sriov_dev *sriov_model_add_dev(struct sriov_model *, const char *bus,
                                      const char *name);

/* Adds a port of the device 'bus'/'dev', which may be added later. */
struct sriov_port *sriov_model_add_port(struct sriov_model *, const char *bus,
                                        const char *dev, uint32_t index);

/* Adds a link. */
struct sriov_link *sriov_model_add_link(struct sriov_model *, int ifindex,
                                        const char *name);

/* Takes out the bonds and teams without a member in the model. */
void sriov_model_drop_masters(struct sriov_model *);

/* Joins and sorts what was added, see above.  Once, after the last addition;
 * all functions below are for a model after that. */
void sriov_model_finish(struct sriov_model *);

/* Looking.  What is returned belongs to the model. */

/* Returns true if both say the same. */
bool sriov_model_equal(const struct sriov_model *, const struct sriov_model *);

/* Returns "switchdev", "legacy" or "none". */
const char *sriov_mode_to_string(enum sriov_mode);

/* Returns the link with 'ifindex', or NULL. */
const struct sriov_link *sriov_model_link(const struct sriov_model *,
                                          int ifindex);

/* Returns the device 'bus'/'name', or NULL.  Before sriov_model_finish() as
 * well. */
const struct sriov_dev *sriov_model_dev(const struct sriov_model *,
                                        const char *bus, const char *name);

/* Returns true if links of 'kind', which may be NULL, make one of their
 * members: Linux bonds and teams. */
bool sriov_kind_is_bond(const char *kind);

/* Returns what takes flows that come in at the link into hardware. */
enum sriov_offload sriov_link_offload(const struct sriov_link *);

/* Returns the Linux bond or team that the link is a member of, or NULL. */
const struct sriov_link *sriov_link_bond(const struct sriov_model *,
                                         const struct sriov_link *);

/* Returns true if the port is a representor, of a PF, VF or SF, in switchdev
 * mode; or if it is an uplink, in any mode. */
bool sriov_port_is_representor(const struct sriov_port *);
bool sriov_port_is_uplink(const struct sriov_port *);

/* Returns the uplink that a representor belongs to: the one of its device, if
 * that has several the one with its PF's number.  NULL if there is none. */
const struct sriov_port *sriov_port_uplink(const struct sriov_model *,
                                           const struct sriov_port *);

/* Names. */

/* Returns true if 'name', of a device or a bus, can stand in a path of sysfs
 * and in OVSDB. */
bool sriov_name_is_valid(const char *name);

/* Returns how the device 'bus'/'name' is called in OVSDB and in output: its
 * PCI address, or bus/name on another bus.  The caller must free it. */
char *sriov_dev_id(const char *bus, const char *name);

/* Returns the key of port 'label' of the device 'dev', which is the identity
 * of a representor beyond its own life: it has the same one when it comes
 * back.  The caller must free it. */
char *sriov_key(const char *dev, const char *label);

/* Names such as "pf0vf3" or "c1pf0sf88", see
 * Documentation/networking/representors.rst in the kernel. */
struct sriov_port_id {
    enum sriov_flavour flavour;
    bool has_controller;
    uint32_t controller;
    uint32_t pf;
    uint32_t number;
};

/* Parses the phys_port_name of a representor ("pf0", "pf0vf3", "pf0sf88", each
 * with an optional "c1" in front) or of an uplink ("p0") into '*id'.  Returns
 * false if it is something else. */
bool sriov_port_id_from_string(const char *, struct sriov_port_id *id);

/* Returns true if 'id', a switch id as the kernel tells it, or NULL, is the one
 * that a person has written as 'said', in hexadecimal digits of either case.
 * Newer drivers of mlx5 append a byte, the number of a group of ports, to the 8
 * that earlier ones tell (mlx5_query_nic_sw_system_image_guid(), vport.c): what
 * was written before stands for all groups of that NIC. */
bool sriov_switch_id_is(const char *said, const char *id);

#endif /* model.h */

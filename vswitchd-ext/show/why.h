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


#ifndef SRIOV_WHY_H
#define SRIOV_WHY_H 1

/* What "ovs-appctl sriov/why" prints: the results of a survey, as JSON, and
 * that as text, so that they cannot disagree.  Main thread. */

#include <stdbool.h>

struct ds;
struct json;
struct shash;
struct smap;
struct sriov_show;
struct sset;

struct sriov_why {
    const struct shash *ports;  /* See sriov_survey_ports(). */
    const struct smap *vms;     /* The VM that has the port, by the port. */
    bool named;                 /* They are those that were asked for... */
    bool all;                   /* ...or all are asked for, rather than those
                                 * only that a NIC offloads for. */
};

/* Adds to 'ports' the names in the datapath of what is called 'name': a
 * bridge, port or interface, a representor or uplink, or a VF or PF by its PCI
 * address.  'show' has view and model.  Returns false if it is none. */
bool sriov_why_find_ports(const struct sriov_show *show, const char *name,
                          struct sset *ports);

/* Adds to 'priorities' hw-offload-priority, and to 'vms' vm-id, of each
 * Interface that has one. */
void sriov_why_find_settings(const struct sriov_show *show,
                             struct smap *priorities, struct smap *vms);

/* Returns true if a port has a flow, in hardware or in software. */
bool sriov_why_has_flows(const struct sriov_why *);

/* Returns an object that the caller must free. */
struct json *sriov_why_json(const struct sriov_why *);

/* Appends to 's' what sriov_why_json() returned, as text. */
void sriov_why_format(const struct json *, struct ds *s);

#endif /* why.h */

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


#ifndef SRIOV_COMPAT_H
#define SRIOV_COMPAT_H 1

/* What differs between the Open vSwitch series that we build for.  cx-sriov.m4
 * finds out what this one has. */

#include <stdbool.h>
#include <stdlib.h>

#include "odp-util.h"
#include "openvswitch/json.h"
#include "unixctl.h"
#include "util.h"
#ifdef HAVE_DPIF_OFFLOAD        /* Series 4.0 on. */
#include "dpif-offload.h"
#include "dpif-offload-provider.h"
#else
#include "netdev-offload.h"
#endif
#include "dpif.h"
#include "netdev-provider.h"
#ifdef DPDK_NETDEV
#include <rte_build_config.h>
#endif

/* Returns how many ports DPDK can have, or 0 in a daemon without DPDK. */
static inline unsigned int
sriov_compat_dpdk_max_ports(void)
{
#ifdef DPDK_NETDEV
    return RTE_MAX_ETHPORTS;
#else
    return 0;
#endif
}

/* Returns true if ovs-vswitchd acted on hw-offload=true, which it does only
 * once: there is no way back but a restart. */
static inline bool
sriov_compat_hw_offload_enabled(void)
{
#ifdef HAVE_DPIF_OFFLOAD
    return dpif_offload_enabled();
#else
    return netdev_is_flow_api_enabled();
#endif
}

/* Returns true if we have to set the TC policy, which stock reads only when it
 * turns offload on.  'hw_offload' is whether it does or did. */
static inline bool
sriov_compat_sets_tc_policy(bool hw_offload OVS_UNUSED)
{
#ifdef HAVE_DPIF_OFFLOAD
    /* It also does so per datapath, after that one's first flows. */
    return hw_offload;
#else
    return netdev_is_flow_api_enabled();
#endif
}

/* Returns true if hw-offload-priority means something to this series, and then
 * stores in '*provider' what offloads the flows of network device 'name', as
 * dpif/offload/show calls it, or NULL if nothing does. */
static inline bool
sriov_compat_offload_provider(const char *name OVS_UNUSED,
                              const char **provider OVS_UNUSED)
{
#ifdef HAVE_DPIF_OFFLOAD
    struct netdev *netdev = netdev_from_name(name);
    const struct dpif_offload *offload
        = (netdev
           ? ovsrcu_get(const struct dpif_offload *, &netdev->dpif_offload)
           : NULL);

    *provider = offload ? dpif_offload_type(offload) : NULL;
    netdev_close(netdev);
    return true;
#else
    return false;
#endif
}

/* Returns true if flows from and to the port 'port_no' of 'dpif' are tried with
 * hardware. */
static inline bool
sriov_compat_port_offloads(const struct dpif *dpif, odp_port_t port_no)
{
#ifdef HAVE_DPIF_OFFLOAD
    return dpif_offload_port_offloaded_by(dpif, port_no) != NULL;
#else
    struct netdev *netdev
        = netdev_ports_get(port_no, dpif_normalize_type(dpif_type(dpif)));
    bool offloads = (netdev
                     && ovsrcu_get(const struct netdev_flow_api *,
                                   &netdev->flow_api));

    netdev_close(netdev);
    return offloads;
#endif
}

/* Has flows from and to 'port' of 'dpif' tried with hardware, if that may be.
 * Until then it was not so. */
static inline void
sriov_compat_port_offload(struct dpif *dpif, const struct dpif_port *port)
{
    struct netdev *netdev;

#ifdef HAVE_DPIF_OFFLOAD
    if (!dpif_offload_port_offloaded_by(dpif, port->port_no)
        && !netdev_open(port->name, port->type, &netdev)) {
        dpif_offload_port_add(dpif, netdev, port->port_no);
        netdev_close(netdev);
    }
#else
    netdev = netdev_ports_get(port->port_no,
                              dpif_normalize_type(dpif_type(dpif)));
    if (netdev) {
        netdev_init_flow_api(netdev);
        netdev_close(netdev);
    }
#endif
}

/* Appends the match of 'flow' to 's', with the names of ports that are in
 * 'portno_names' (struct odp_portno_names). */
static inline void
sriov_compat_flow_format(const struct dpif_flow *flow,
                         const struct hmap *portno_names, struct ds *s)
{
    odp_flow_format(flow->key, flow->key_len, flow->mask, flow->mask_len,
                    portno_names, s, false
#ifdef HAVE_SKIP_NO_MASK        /* Series 3.5 on. */
                    , false
#endif
                    );
}

/* Returns the number of elements of 'json', which must be an array. */
static inline size_t
sriov_compat_array_size(const struct json *json)
{
#ifdef HAVE_JSON_ARRAY_AT       /* Series 4.0 on. */
    return json_array_size(json);
#else
    return json_array(json)->n;
#endif
}

/* Returns element 'i' of 'json', which must be an array. */
static inline const struct json *
sriov_compat_array_at(const struct json *json, size_t i)
{
#ifdef HAVE_JSON_ARRAY_AT
    return json_array_at(json, i);
#else
    return json_array(json)->elems[i];
#endif
}

/* Returns true if 'conn' asked for JSON with ovs-appctl's own --format. */
static inline bool
sriov_compat_wants_json(struct unixctl_conn *conn OVS_UNUSED)
{
#ifdef HAVE_UNIXCTL_JSON        /* Series 3.4 on. */
    return unixctl_command_get_output_format(conn) == UNIXCTL_OUTPUT_FMT_JSON;
#else
    return false;
#endif
}

/* Replies with 'json', which is destroyed, as JSON if sriov_compat_wants_json(),
 * else as indented text. */
static inline void
sriov_compat_reply_json(struct unixctl_conn *conn, struct json *json)
{
    char *text;

#ifdef HAVE_UNIXCTL_JSON
    if (sriov_compat_wants_json(conn)) {
        unixctl_command_reply_json(conn, json);
        return;
    }
#endif
    text = json_to_string(json, JSSF_PRETTY | JSSF_SORT);
    unixctl_command_reply(conn, text);
    free(text);
    json_destroy(json);
}

#endif /* compat.h */

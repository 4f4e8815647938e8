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


/* See survey.h for where this stands. */

#include <config.h>
#include "datapath/survey.h"

#include <stdlib.h>
#include <string.h>

#include "compat.h"
#include "datapath/attempts.h"
#include "datapath/datapaths.h"
#include "dpif.h"
#include "inventory/counters.h"
#include "latch.h"
#include "netlink.h"
#include "odp-netlink.h"
#include "odp-util.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/hmap.h"
#include "openvswitch/list.h"
#include "ovs-rcu.h"
#include "ovs-thread.h"
#include "smap.h"
#include "sset.h"
#include "util.h"

/* How many flows are looked at between two quiescent states. */
#define BATCH 50

/* A port of a datapath. */
struct dp_port {
    struct hmap_node node;      /* In 'ports' of its datapath. */
    uint32_t number;
    struct sriov_reasons_port port;
    struct sriov_survey_port *result;   /* NULL: not asked for. */
};

struct dp {
    struct ovs_list node;       /* In 'dps' of a survey. */
    struct dpif *dpif;
    struct hmap ports;          /* "struct dp_port"s. */
    struct hmap names;          /* struct odp_portno_names. */
};

struct sriov_survey {
    pthread_t thread;
    struct latch done;          /* Set when the thread has ended. */
    struct ovs_list dps;        /* Contains "struct dp"s. */
    bool wants_counters, wants_reasons;
    bool hw_offload;
    char *tc_policy;
    bool has_ufid;
    ovs_u128 ufid;
    struct shash results;       /* See sriov_survey_ports(). */
    struct hmap counters;       /* See sriov_counters_read(). */
};

static const struct dp_port *
find_dp_port(const struct dp *dp, uint32_t number)
{
    const struct dp_port *port;

    HMAP_FOR_EACH_WITH_HASH (port, node, number, &dp->ports) {
        if (port->number == number) {
            return port;
        }
    }
    return NULL;
}

static const struct sriov_reasons_port *
find_port(uint32_t number, const void *dp)
{
    const struct dp_port *port = find_dp_port(dp, number);

    return port ? &port->port : NULL;
}

/* Preparation, in the main thread. */

static struct sriov_survey_port *
add_result(struct sriov_survey *survey, const char *name, bool offloads)
{
    struct sriov_survey_port *result
        = shash_find_data(&survey->results, name);

    if (!result) {
        result = xzalloc(sizeof *result);
        result->offloads = offloads;
        shash_init(&result->groups);
        shash_add(&survey->results, name, result);
    }
    return result;
}

static void
add_port(struct sriov_survey *survey, struct dp *dp,
         const struct dpif_port *dpif_port,
         const struct sriov_survey_options *options)
{
    struct dp_port *port = xzalloc(sizeof *port);
    const char *priority = (options->priorities
                            ? smap_get(options->priorities, dpif_port->name)
                            : NULL);

    port->number = odp_to_u32(dpif_port->port_no);
    port->port.name = xstrdup(dpif_port->name);
    port->port.offloads = sriov_compat_port_offloads(dp->dpif,
                                                     dpif_port->port_no);
    port->port.priority = nullable_xstrdup(priority);
    if (!options->ports || sset_contains(options->ports, dpif_port->name)) {
        port->result = add_result(survey, dpif_port->name,
                                  port->port.offloads);
    }
    hmap_insert(&dp->ports, &port->node, port->number);
    odp_portno_names_set(&dp->names, dpif_port->port_no,
                         CONST_CAST(char *, port->port.name));
}

/* For add_dp(). */
struct preparation {
    struct sriov_survey *survey;
    const struct sriov_survey_options *options;
};

/* Adds the datapath 'dpif', which the survey closes. */
static void
add_dp(struct dpif *dpif, void *preparation_)
{
    const struct preparation *p = preparation_;
    struct dp *dp = xzalloc(sizeof *dp);
    struct dpif_port_dump dump;
    struct dpif_port port;

    dp->dpif = dpif;
    hmap_init(&dp->ports);
    hmap_init(&dp->names);
    DPIF_PORT_FOR_EACH (&port, &dump, dpif) {
        add_port(p->survey, dp, &port, p->options);
    }
    ovs_list_push_back(&p->survey->dps, &dp->node);
}

/* The thread. */

static void
count(struct sriov_survey_count *c, const struct dpif_flow *flow)
{
    c->flows++;
    c->packets += flow->stats.n_packets;
    c->bytes += flow->stats.n_bytes;
}

static char *
format_flow(const struct dp *dp, const struct dpif_flow *flow)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    if (flow->ufid_present) {
        odp_format_ufid(&flow->ufid, &s);
        ds_put_cstr(&s, ", ");
    }
    sriov_compat_flow_format(flow, &dp->names, &s);
    ds_put_cstr(&s, ", actions:");
    format_odp_actions(&s, flow->actions, flow->actions_len, &dp->names);
    return ds_steal_cstr(&s);
}

/* Adds 'flow', which is not in hardware, and what is on record about it to
 * those at 'port' for the same reason. */
static void
add_reason(const struct sriov_survey *survey, const struct dp *dp,
           const struct dp_port *port, const struct dpif_flow *flow)
{
    struct sriov_attempt attempt = { .said = SRIOV_SAID_NOTHING };
    struct sriov_reasons_input in = {
        .hw_offload = survey->hw_offload,
        .tc_policy = survey->tc_policy,
        .in = &port->port,
        .find_port = find_port,
        .aux = dp,
        .key = flow->key,
        .key_len = flow->key_len,
        .actions = flow->actions,
        .actions_len = flow->actions_len,
        .in_tc = flow->attrs.dp_layer && !strcmp(flow->attrs.dp_layer, "tc"),
    };
    struct sriov_survey_group *group;
    struct sriov_refusal reason;

    in.tried = (flow->ufid_present
                && sriov_attempts_get(&flow->ufid, &attempt));
    in.error = attempt.error;
    in.refused = attempt.said == SRIOV_SAID_KERNEL;
    in.said = attempt.text;
    sriov_refusal_find(&in, &reason);

    group = shash_find_data(&port->result->groups, reason.text);
    if (group) {
        free(reason.text);
    } else {
        group = xzalloc(sizeof *group);
        group->reason = reason;
        shash_add(&port->result->groups, reason.text, group);
    }
    count(&group->count, flow);
    group->times += attempt.times;
    if (attempt.last > group->last) {
        group->last = attempt.last;
        free(group->said);
        group->said = attempt.text[0] ? xstrdup(attempt.text) : NULL;
        group->by_kernel = in.refused;
    }
    if (!group->example || flow->stats.n_packets > group->example_packets) {
        free(group->example);
        group->example = format_flow(dp, flow);
        group->example_packets = flow->stats.n_packets;
    }
}

static void
add_flow(const struct sriov_survey *survey, const struct dp *dp,
         const struct dpif_flow *flow)
{
    const struct nlattr *in_port = nl_attr_find__(flow->key, flow->key_len,
                                                  OVS_KEY_ATTR_IN_PORT);
    const struct dp_port *port
        = in_port ? find_dp_port(dp, nl_attr_get_u32(in_port)) : NULL;

    if (!port || !port->result
        || (survey->has_ufid && (!flow->ufid_present
                                 || !ovs_u128_equals(survey->ufid,
                                                     flow->ufid)))) {
        return;
    }
    if (sriov_datapaths_in_hw(flow)) {
        count(&port->result->hw, flow);
    } else {
        count(&port->result->sw, flow);
        if (survey->wants_reasons) {
            add_reason(survey, dp, port, flow);
        }
    }
}

static void
read_flows(const struct sriov_survey *survey, const struct dp *dp)
{
    struct dpif_flow_dump *dump = dpif_flow_dump_create(dp->dpif, false, NULL);
    struct dpif_flow_dump_thread *thread = dpif_flow_dump_thread_create(dump);
    struct dpif_flow flows[BATCH];
    int n;

    while ((n = dpif_flow_dump_next(thread, flows, BATCH)) > 0) {
        for (int i = 0; i < n; i++) {
            add_flow(survey, dp, &flows[i]);
        }
        ovsrcu_quiesce();
    }
    dpif_flow_dump_thread_destroy(thread);
    dpif_flow_dump_destroy(dump);
}

static void *
survey_main(void *survey_)
{
    struct sriov_survey *survey = survey_;
    const struct dp *dp;

    if (survey->wants_counters) {
        ovsrcu_quiesce_start();
        sriov_counters_read(&survey->counters);
        ovsrcu_quiesce_end();
    }
    LIST_FOR_EACH (dp, node, &survey->dps) {
        read_flows(survey, dp);
    }
    latch_set(&survey->done);
    return NULL;
}

/* The main thread again. */

struct sriov_survey *
sriov_survey_start(const struct sriov_survey_options *options)
{
    struct sriov_survey *survey = xzalloc(sizeof *survey);

    latch_init(&survey->done);
    ovs_list_init(&survey->dps);
    shash_init(&survey->results);
    hmap_init(&survey->counters);
    survey->wants_counters = options->counters;
    survey->wants_reasons = options->reasons;
    survey->hw_offload = sriov_compat_hw_offload_enabled();
    survey->tc_policy = nullable_xstrdup(options->tc_policy);
    if (options->ufid) {
        survey->has_ufid = true;
        survey->ufid = *options->ufid;
    }
    if (options->flows) {
        struct preparation preparation = { survey, options };

        sriov_datapaths_open(add_dp, &preparation);
    }
    survey->thread = ovs_thread_create("sriov_survey", survey_main, survey);
    return survey;
}

bool
sriov_survey_is_done(const struct sriov_survey *survey)
{
    return latch_is_set(&survey->done);
}

void
sriov_survey_wait(const struct sriov_survey *survey)
{
    latch_wait(&survey->done);
}

const struct shash *
sriov_survey_ports(const struct sriov_survey *survey)
{
    return &survey->results;
}

const struct sriov_counters *
sriov_survey_counters(const struct sriov_survey *survey, int ifindex)
{
    return sriov_counters_find(&survey->counters, ifindex);
}

static void
dp_destroy(struct dp *dp)
{
    struct dp_port *port;

    odp_portno_names_destroy(&dp->names);
    hmap_destroy(&dp->names);
    HMAP_FOR_EACH_POP (port, node, &dp->ports) {
        free(CONST_CAST(char *, port->port.name));
        free(CONST_CAST(char *, port->port.priority));
        free(port);
    }
    hmap_destroy(&dp->ports);
    dpif_close(dp->dpif);
    free(dp);
}

static void
port_destroy(struct sriov_survey_port *port)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &port->groups) {
        struct sriov_survey_group *group = node->data;

        free(group->reason.text);
        free(group->said);
        free(group->example);
    }
    shash_destroy_free_data(&port->groups);
    free(port);
}

void
sriov_survey_destroy(struct sriov_survey *survey)
{
    struct shash_node *node;
    struct dp *dp;

    if (!survey || !sriov_survey_is_done(survey)) {
        return;
    }
    xpthread_join(survey->thread, NULL);
    LIST_FOR_EACH_POP (dp, node, &survey->dps) {
        dp_destroy(dp);
    }
    SHASH_FOR_EACH (node, &survey->results) {
        port_destroy(node->data);
    }
    shash_destroy(&survey->results);
    sriov_counters_destroy(&survey->counters);
    latch_destroy(&survey->done);
    free(survey->tc_policy);
    free(survey);
}

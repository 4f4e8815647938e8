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

/* See metrics-read.h for where this stands. */

#include <config.h>
#include "sriov/metrics-read.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"
#include "daemon.h"
#include "dirs.h"
#include "jsonrpc.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/shash.h"
#include "sriov/command.h"
#include "timeval.h"
#include "unixctl.h"
#include "util.h"

/* How long ovs-vswitchd may take to answer, in ms. */
#define ANSWER_TIMEOUT 10000

enum metric {
    UP,
    ACTING,
    SETTING,
    PF_MODE,
    PF_FUNCTIONS,
    PF_FLOWS,
    UPLINK_CARRIER,
    UPLINK_INFO,
    FUNCTION_INFO,
    FUNCTION_CARRIER,
    PACKETS,
    BYTES,
    DROPPED,
    SHARE,
    FLOWS,
    SOFTWARE_FLOWS,
    SOFTWARE_PACKETS,
    REFUSED,
    READINGS,
    PLANS,
    TRANSACTIONS,
    CPU,
    N_METRICS
};

static const struct {
    const char *name;           /* A counter's without "_total". */
    bool counter;
    const char *help;
} metrics[N_METRICS] = {
    [UP] = { "ovs_sriov_up", false, "Whether ovs-vswitchd answered." },
    [ACTING] = { "ovs_sriov_acting", false,
        "Whether the defaults for eswitches are in force." },
    [SETTING] = { "ovs_sriov_setting_info", false,
        "A setting in force; explicit is true if a person set it." },
    [PF_MODE] = { "ovs_sriov_pf_switchdev", false,
        "Whether the PF's eswitch is in switchdev mode." },
    [PF_FUNCTIONS] = { "ovs_sriov_pf_functions", false,
        "Representors of VFs, SFs and PFs that the PF has." },
    [PF_FLOWS] = { "ovs_sriov_pf_hardware_flows", false,
        "Datapath flows in hardware that come in at the PF's uplink and "
        "functions: what its table is used for." },
    [UPLINK_CARRIER] = { "ovs_sriov_uplink_carrier", false,
        "Whether the PF's uplink has a link." },
    [UPLINK_INFO] = { "ovs_sriov_uplink_info", false,
        "Bridge and bond of the PF's uplink." },
    [FUNCTION_INFO] = { "ovs_sriov_function_bridged", false,
        "Whether the function's representor is a port of a bridge." },
    [FUNCTION_CARRIER] = { "ovs_sriov_function_carrier", false,
        "Whether the function's representor has a link." },
    [PACKETS] = { "ovs_sriov_function_packets", true,
        "Packets from and to the function, by what forwarded them." },
    [BYTES] = { "ovs_sriov_function_bytes", true,
        "Bytes from and to the function, by what forwarded them." },
    [DROPPED] = { "ovs_sriov_function_dropped_packets", true,
        "Packets from and to the function that were dropped." },
    [SHARE] = { "ovs_sriov_function_hardware_ratio", false,
        "Share of the function's packets that the hardware forwarded." },
    [FLOWS] = { "ovs_sriov_function_flows", false,
        "Datapath flows that come in from the function, by what forwards "
        "them." },
    [SOFTWARE_FLOWS] = { "ovs_sriov_software_flows", false,
        "Datapath flows that come in at the port and are not in hardware, by "
        "reason." },
    [SOFTWARE_PACKETS] = { "ovs_sriov_software_flow_packets", false,
        "Packets of these flows since they were set up." },
    [REFUSED] = { "ovs_sriov_refused_flows", false,
        "Datapath flows that the kernel or a NIC refused." },
    [READINGS] = { "ovs_sriov_readings", true,
        "How often everything was read from the kernel." },
    [PLANS] = { "ovs_sriov_plans", true,
        "How often it was found out what to do." },
    [TRANSACTIONS] = { "ovs_sriov_transactions", true,
        "Transactions that were sent to OVSDB." },
    [CPU] = { "ovs_sriov_main_thread_cpu_seconds", true,
        "CPU time of the main thread of ovs-vswitchd, which also speaks "
        "LACP." },
};

/* What is to be printed: the samples of each metric, as lines, since all of a
 * metric have to be in one place. */
struct output {
    struct ds samples[N_METRICS];
};

/* Samples. */

/* Appends 'value' with what has to be escaped escaped. */
static void
put_label_value(struct ds *s, const char *value)
{
    for (; *value; value++) {
        if (*value == '\n') {
            ds_put_cstr(s, "\\n");
        } else {
            if (*value == '"' || *value == '\\') {
                ds_put_char(s, '\\');
            }
            ds_put_char(s, *value);
        }
    }
}

/* Adds a sample of 'metric'.  'labels' has those that more samples share, or is
 * NULL; after 'value' come names and values of others, up to a NULL. */
static void
put_sample(struct output *out, enum metric metric, const struct ds *labels,
           double value, ...)
{
    struct ds *s = &out->samples[metric];
    struct ds all = DS_EMPTY_INITIALIZER;
    const char *name;
    va_list args;

    if (labels) {
        ds_put_cstr(&all, ds_cstr_ro(labels));
    }
    va_start(args, value);
    while ((name = va_arg(args, const char *)) != NULL) {
        ds_put_format(&all, "%s%s=\"", all.length ? "," : "", name);
        put_label_value(&all, va_arg(args, const char *));
        ds_put_char(&all, '"');
    }
    va_end(args);
    ds_put_format(s, "%s%s", metrics[metric].name,
                  metrics[metric].counter ? "_total" : "");
    if (all.length) {
        ds_put_format(s, "{%s}", ds_cstr(&all));
    }
    ds_put_format(s, " %.15g\n", value);
    ds_destroy(&all);
}

/* JSON.  What is not there counts as 0, "" or empty, as an older or newer
 * ovs-vswitchd may have other members. */

static const struct json *
get(const struct json *json, const char *key)
{
    return (json && json->type == JSON_OBJECT
            ? shash_find_data(json_object(json), key) : NULL);
}

static const char *
get_string(const struct json *json, const char *key)
{
    const struct json *value = get(json, key);

    return value && value->type == JSON_STRING ? json_string(value) : "";
}

static bool
get_bool(const struct json *json, const char *key)
{
    const struct json *value = get(json, key);

    return value && value->type == JSON_TRUE;
}

static double
get_number(const struct json *json, const char *key)
{
    const struct json *value = get(json, key);

    return (!value ? 0
            : value->type == JSON_INTEGER ? json_integer(value) / 1.0
            : value->type == JSON_REAL ? json_real(value) : 0);
}

static size_t
n_elements(const struct json *json, const char *key)
{
    const struct json *value = get(json, key);

    return (value && value->type == JSON_ARRAY
            ? sriov_compat_array_size(value) : 0);
}

static const struct json *
element(const struct json *json, const char *key, size_t i)
{
    return sriov_compat_array_at(get(json, key), i);
}

/* Returns the sum of the members 'key' of the elements of 'array'. */
static double
sum(const struct json *json, const char *array, const char *key)
{
    double total = 0;

    for (size_t i = 0; i < n_elements(json, array); i++) {
        total += get_number(element(json, array, i), key);
    }
    return total;
}

/* What sriov/show told. */

static void
put_settings(struct output *out, const struct json *show)
{
    const struct json *settings = get(show, "settings");
    const struct shash_node **nodes;

    if (!settings || settings->type != JSON_OBJECT) {
        return;
    }
    nodes = shash_sort(json_object(settings));
    for (size_t i = 0; i < shash_count(json_object(settings)); i++) {
        const struct json *setting = nodes[i]->data;

        put_sample(out, SETTING, NULL, 1, "setting", nodes[i]->name, "value",
                   get_string(setting, "value"), "explicit",
                   get_bool(setting, "explicit") ? "true" : "false", NULL);
    }
    free(nodes);
}

/* Adds what has passed in one 'direction' of a function. */
static void
put_traffic(struct output *out, const struct ds *labels,
            const struct json *traffic, const char *direction)
{
    static const struct {
        enum metric metric;
        const char *all, *sw;
    } kinds[] = {
        { PACKETS, "packets", "packets_in_software" },
        { BYTES, "bytes", "bytes_in_software" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(kinds) && traffic; i++) {
        double all = get_number(traffic, kinds[i].all);

        if (get(traffic, kinds[i].sw)) {
            double sw = get_number(traffic, kinds[i].sw);

            put_sample(out, kinds[i].metric, labels, all - sw,
                       "direction", direction, "path", "hardware", NULL);
            put_sample(out, kinds[i].metric, labels, sw,
                       "direction", direction, "path", "software", NULL);
        } else {
            put_sample(out, kinds[i].metric, labels, all,
                       "direction", direction, "path", "unknown", NULL);
        }
    }
}

static void
put_share(struct output *out, const struct ds *labels, const struct json *rep)
{
    const struct json *from = get(rep, "from_function");
    const struct json *to = get(rep, "to_function");
    double all = get_number(from, "packets") + get_number(to, "packets");
    double sw = (get_number(from, "packets_in_software")
                 + get_number(to, "packets_in_software"));

    if (all && get(from, "packets_in_software")) {
        put_sample(out, SHARE, labels, (all - sw) / all, NULL);
    }
}

/* Adds a representor of the PF 'pf'. */
static void
put_function(struct output *out, const char *pf, const struct json *rep)
{
    struct ds labels = DS_EMPTY_INITIALIZER;

    ds_put_cstr(&labels, "pf=\"");
    put_label_value(&labels, pf);
    ds_put_cstr(&labels, "\",function=\"");
    put_label_value(&labels, get_string(rep, "port"));
    ds_put_char(&labels, '"');

    put_sample(out, FUNCTION_INFO, &labels, get(rep, "ofport") != NULL,
               "pci_address", get_string(rep, "pci_address"), "representor",
               get_string(rep, "netdev"), "bridge", get_string(rep, "bridge"),
               "vm", get_string(rep, "vm_id"), NULL);
    put_sample(out, FUNCTION_CARRIER, &labels,
               !strcmp(get_string(rep, "state"), "up"), NULL);
    put_traffic(out, &labels, get(rep, "from_function"), "from");
    put_traffic(out, &labels, get(rep, "to_function"), "to");
    if (get(rep, "dropped_in_software")) {
        double sw = get_number(rep, "dropped_in_software");

        put_sample(out, DROPPED, &labels,
                   MAX(get_number(rep, "dropped") - sw, 0),
                   "path", "hardware", NULL);
        put_sample(out, DROPPED, &labels, sw, "path", "software", NULL);
    } else if (get(rep, "dropped")) {
        put_sample(out, DROPPED, &labels, get_number(rep, "dropped"),
                   "path", "unknown", NULL);
    }
    put_share(out, &labels, rep);
    if (get(rep, "flows_in_hardware")) {
        put_sample(out, FLOWS, &labels, get_number(rep, "flows_in_hardware"),
                   "path", "hardware", NULL);
        put_sample(out, FLOWS, &labels, get_number(rep, "flows_in_software"),
                   "path", "software", NULL);
    }
    ds_destroy(&labels);
}

static void
put_pf(struct output *out, const struct json *eswitch, const struct json *pf)
{
    const char *device = get_string(pf, "device");

    put_sample(out, PF_MODE, NULL,
               !strcmp(get_string(pf, "mode"), "switchdev"), "pf", device,
               "driver", get_string(pf, "driver"), "switch_id",
               get_string(eswitch, "switch_id"), NULL);
    put_sample(out, PF_FUNCTIONS, NULL, n_elements(pf, "representors"),
               "pf", device, NULL);
    put_sample(out, PF_FLOWS, NULL, sum(pf, "uplinks", "flows_in_hardware")
               + sum(pf, "representors", "flows_in_hardware"),
               "pf", device, NULL);
    for (size_t i = 0; i < n_elements(pf, "uplinks"); i++) {
        const struct json *uplink = element(pf, "uplinks", i);
        const char *netdev = get_string(uplink, "netdev");

        put_sample(out, UPLINK_CARRIER, NULL,
                   !strcmp(get_string(uplink, "state"), "up"), "pf", device,
                   "netdev", netdev, NULL);
        put_sample(out, UPLINK_INFO, NULL, 1, "pf", device, "netdev", netdev,
                   "bridge", get_string(uplink, "bridge"), "bond",
                   get_string(uplink, "bond"), "bond_kind",
                   get_string(uplink, "bond_kind"), "bond_offload",
                   get_string(uplink, "bond_offload"), NULL);
    }
    for (size_t i = 0; i < n_elements(pf, "representors"); i++) {
        put_function(out, device, element(pf, "representors", i));
    }
}

static void
put_show(struct output *out, const struct json *show)
{
    put_sample(out, ACTING, NULL, get_bool(show, "acting"), NULL);
    put_settings(out, show);
    for (size_t i = 0; i < n_elements(show, "eswitches"); i++) {
        const struct json *eswitch = element(show, "eswitches", i);

        for (size_t j = 0; j < n_elements(eswitch, "pfs"); j++) {
            put_pf(out, eswitch, element(eswitch, "pfs", j));
        }
    }
    put_sample(out, READINGS, NULL, get_number(show, "readings"), NULL);
    put_sample(out, PLANS, NULL, get_number(show, "plans"), NULL);
    put_sample(out, TRANSACTIONS, NULL, get_number(show, "transactions"),
               NULL);
    put_sample(out, CPU, NULL, get_number(show, "main_thread_cpu_ms") / 1000,
               NULL);
}

/* What sriov/why told. */

/* Adds the reasons of 'port', one sample for each id: several texts may have
 * the same. */
static void
put_reasons(struct output *out, const struct json *port)
{
    const char *name = get_string(port, "port");
    const char *vm = get_string(port, "vm_id");

    for (size_t i = 0; i < n_elements(port, "reasons"); i++) {
        const char *id = get_string(element(port, "reasons", i), "id");
        double flows = 0, packets = 0;
        bool seen = false;

        for (size_t j = 0; j < n_elements(port, "reasons"); j++) {
            const struct json *reason = element(port, "reasons", j);

            if (!strcmp(get_string(reason, "id"), id)) {
                seen = seen || j < i;
                flows += get_number(reason, "flows");
                packets += get_number(reason, "packets");
            }
        }
        if (!seen) {
            put_sample(out, SOFTWARE_FLOWS, NULL, flows, "port", name,
                       "vm", vm, "reason", id, NULL);
            put_sample(out, SOFTWARE_PACKETS, NULL, packets, "port", name,
                       "vm", vm, "reason", id, NULL);
        }
    }
}

static void
put_why(struct output *out, const struct json *why)
{
    for (size_t i = 0; i < n_elements(why, "ports"); i++) {
        put_reasons(out, element(why, "ports", i));
    }
    put_sample(out, REFUSED, NULL, get_number(why, "records_refused"), NULL);
}

/* ovs-vswitchd. */

/* Has ovs-vswitchd carry out 'command' with 'arg' and, if that is not NULL,
 * 'arg2', until 'deadline'.  Returns the JSON that it prints, which the caller
 * must free, or NULL after having said what is wrong. */
static struct json *
ask(struct jsonrpc *rpc, const char *command, const char *arg,
    const char *arg2, long long int deadline)
{
    struct json *params = json_array_create_1(json_string_create(arg));
    struct json *result = NULL;
    struct jsonrpc_msg *reply;
    int error;

    if (arg2) {
        json_array_add(params, json_string_create(arg2));
    }
    error = command_transact(rpc, jsonrpc_create_request(command, params,
                                                         NULL),
                             deadline, &reply);
    if (error) {
        ovs_error(error, "ovs-vswitchd does not answer %s", command);
        return NULL;
    }
    if (reply->result && reply->result->type == JSON_STRING) {
        result = json_from_string(json_string(reply->result));
    }
    if (!result || result->type != JSON_OBJECT) {
        ovs_error(0, "ovs-vswitchd has no %s; is it the one of cx-sriov, and "
                  "was it restarted?", command);
        json_destroy(result);
        result = NULL;
    }
    jsonrpc_msg_destroy(reply);
    return result;
}

/* Connects to ovs-vswitchd.  Returns NULL after having said what is wrong. */
static struct jsonrpc *
connect_to_vswitchd(void)
{
    char *pidfile = xasprintf("%s/ovs-vswitchd.pid", ovs_rundir());
    pid_t pid = read_pidfile(pidfile);
    struct jsonrpc *rpc = NULL;
    int error = pid < 0 ? -pid : 0;

    if (!error) {
        char *path = xasprintf("%s/ovs-vswitchd.%ld.ctl", ovs_rundir(),
                               (long int) pid);

        error = unixctl_client_create(path, &rpc);
        free(path);
    }
    if (error) {
        ovs_error(error, "%s: ovs-vswitchd is not running, or this user may "
                  "not ask it", pidfile);
    }
    free(pidfile);
    return error ? NULL : rpc;
}

/* Adds to 'out' what ovs-vswitchd tells.  Returns false if it does not. */
static bool
read_vswitchd(struct output *out)
{
    struct jsonrpc *rpc = connect_to_vswitchd();
    long long int deadline = time_msec() + ANSWER_TIMEOUT;
    struct json *show = (rpc ? ask(rpc, "sriov/show", "--json", "--flows",
                                   deadline) : NULL);
    struct json *why = (show ? ask(rpc, "sriov/why", "--json", NULL, deadline)
                        : NULL);
    bool ok = show && why;

    if (ok) {
        put_show(out, show);
        put_why(out, why);
    }
    json_destroy(show);
    json_destroy(why);
    jsonrpc_close(rpc);
    return ok;
}

/* Appends 'out' to 's'.  The formats differ in what they call the family of a
 * counter, and in the end. */
static void
format(const struct output *out, bool openmetrics, struct ds *s)
{
    for (size_t i = 0; i < N_METRICS; i++) {
        if (out->samples[i].length) {
            const char *suffix = (metrics[i].counter && !openmetrics
                                  ? "_total" : "");

            ds_put_format(s, "# HELP %s%s %s\n# TYPE %s%s %s\n",
                          metrics[i].name, suffix, metrics[i].help,
                          metrics[i].name, suffix,
                          metrics[i].counter ? "counter" : "gauge");
            ds_put_cstr(s, ds_cstr_ro(&out->samples[i]));
        }
    }
    if (openmetrics) {
        ds_put_cstr(s, "# EOF\n");
    }
}

bool
metrics_read(bool openmetrics, struct ds *s)
{
    struct output out;
    bool ok;

    for (size_t i = 0; i < N_METRICS; i++) {
        ds_init(&out.samples[i]);
    }
    ok = read_vswitchd(&out);
    put_sample(&out, UP, NULL, ok, NULL);
    format(&out, openmetrics, s);
    for (size_t i = 0; i < N_METRICS; i++) {
        ds_destroy(&out.samples[i]);
    }
    return ok;
}

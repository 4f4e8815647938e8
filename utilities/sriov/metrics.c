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

/* "ovs-sriov metrics": prints metrics, or serves them.  See metrics-read.h and
 * metrics-http.h. */

#include <config.h>
#include "sriov/command.h"

#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "sriov/metrics-http.h"
#include "sriov/metrics-read.h"
#include "util.h"

static int
run_metrics(const struct command_args *args)
{
    const char *format = args->n ? args->array[0] : "openmetrics";
    struct ds s = DS_EMPTY_INITIALIZER;
    bool ok;

    if (!strcmp(format, "serve")) {
        return metrics_serve() ? EXIT_FAILURE : EXIT_SUCCESS;
    }
    if (strcmp(format, "openmetrics") && strcmp(format, "prometheus")) {
        ovs_fatal(0, "%s is no format; openmetrics and prometheus are",
                  format);
    }
    ok = metrics_read(!strcmp(format, "openmetrics"), &s);
    command_print_text(&s);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

const struct command metrics_command = {
    .name = "metrics",
    .args = "[FORMAT|serve]",
    .max_args = 1,
    .help = "print what ovs-vswitchd tells of VFs, flows and PFs as\n"
            "metrics; FORMAT: openmetrics (default) or prometheus;\n"
            "serve: by HTTP, at the socket that systemd passes",
    .run = run_metrics,
};

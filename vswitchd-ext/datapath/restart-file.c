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

#include <config.h>

#include "restart-file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "dirs.h"
#include "openvswitch/json.h"
#include "openvswitch/vlog.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(sriov_restart_file);

struct json *
sriov_restart_read(const char *name)
{
    char *path = xasprintf("%s/%s", ovs_rundir(), name);
    struct json *json = json_from_file(path);

    free(path);
    if (json->type != JSON_OBJECT) {
        json_destroy(json);
        return NULL;
    }
    return json;
}

void
sriov_restart_write(const char *name, struct json *json,
                    const char *consequence)
{
    char *path = xasprintf("%s/%s", ovs_rundir(), name);
    char *new_path = xasprintf("%s.new", path);
    char *text = json_to_string(json, JSSF_SORT);
    FILE *file = fopen(new_path, "w");
    int error = file ? 0 : errno;

    if (file && fputs(text, file) == EOF) {
        error = errno;
    }
    if (file && fclose(file) && !error) {
        error = errno;
    }
    if (!error && rename(new_path, path)) {
        error = errno;
    }
    if (error) {
        static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 2);

        VLOG_WARN_RL(&rl, "%s: cannot be written (%s): %s", path,
                     ovs_strerror(error), consequence);
    }
    free(text);
    free(new_path);
    free(path);
    json_destroy(json);
}

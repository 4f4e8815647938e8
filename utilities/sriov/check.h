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

#ifndef SRIOV_HOST_CHECK_H
#define SRIOV_HOST_CHECK_H 1

/* "ovs-sriov check": whether SR-IOV with offload can work on this host, and
 * what is in its way.
 *
 *     inventory, sriov.conf, kernel, files, OVSDB --> CHECK --> findings
 */

#include <stdbool.h>
#include <stddef.h>

struct ds;
struct host;
struct host_conf;
struct json;
struct sriov_nl;

enum finding_level {
    FINDING_PASS,
    FINDING_WARN,               /* Works, but not as well as it could. */
    FINDING_FAIL,               /* Does not work. */
};

struct finding {
    enum finding_level level;
    char *subject;              /* "kernel", "0000:81:00.0", "VF 3 of ..." */
    char *text;                 /* What is so. */
    const char *advice;         /* What to do, or NULL. */
};

struct findings {
    struct finding *array;
    size_t n, allocated;
};

void host_check(struct findings *, const char *root, const struct host *,
                const struct host_conf *, const struct sriov_nl *);
void findings_destroy(struct findings *);

struct json *findings_to_json(const struct findings *);
void findings_to_text(const struct findings *, struct ds *);
bool findings_fail(const struct findings *);

#endif /* check.h */

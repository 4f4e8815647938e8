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

#ifndef SRIOV_HOST_APPLY_H
#define SRIOV_HOST_APPLY_H 1

/* Carrying out a plan.
 *
 *     conf, inventory --> plan --> APPLY --> kernel
 */

#include <stdbool.h>

struct host_conf;
struct host_plan;
struct sriov_nl;

bool host_apply(const struct host_plan *, const struct host_conf *,
                const struct sriov_nl *, bool force);

#endif /* apply.h */

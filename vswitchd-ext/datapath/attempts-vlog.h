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


#ifndef SRIOV_ATTEMPTS_VLOG_H
#define SRIOV_ATTEMPTS_VLOG_H 1

/* To be included last, in the files of lib/ that say in rate-limited log
 * messages, mostly at debug level, why they do not try to put a flow into
 * hardware.  What they say is also taken down while the thread does try, see
 * attempts.h. */

#include "openvswitch/vlog.h"
#include "attempts.h"

#undef VLOG_RL
#define VLOG_RL(RL, LEVEL, ...)                                         \
    do {                                                                \
        enum vlog_level level__ = LEVEL;                                \
        if (OVS_UNLIKELY(*sriov_attempting_get())) {                    \
            sriov_attempt_logged(__VA_ARGS__);                          \
        }                                                               \
        if (this_module.min_level >= level__) {                         \
            vlog_rate_limit(&this_module, level__, RL, __VA_ARGS__);    \
        }                                                               \
    } while (0)

/* The one user has a long message only if that is to be seen. */
#undef VLOG_DROP_DBG
#define VLOG_DROP_DBG(RL)                                               \
    ((OVS_UNLIKELY(*sriov_attempting_get())                             \
      ? sriov_attempt_logged("offloading this match isn't supported")   \
      : (void) 0), vlog_should_drop(&this_module, VLL_DBG, RL))

#endif /* attempts-vlog.h */

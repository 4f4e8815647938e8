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

/* What differs between the Open vSwitch series that we build for. */

#include "netdev-offload.h"
#include "openvswitch/json.h"

/* Returns true if ovs-vswitchd acted on hw-offload=true, which it does only
 * once: there is no way back but a restart. */
static inline bool
sriov_compat_hw_offload_enabled(void)
{
    return netdev_is_flow_api_enabled();
}

/* Returns the number of elements of 'json', which must be an array. */
static inline size_t
sriov_compat_array_size(const struct json *json)
{
    return json_array(json)->n;
}

/* Returns element 'i' of 'json', which must be an array. */
static inline const struct json *
sriov_compat_array_at(const struct json *json, size_t i)
{
    return json_array(json)->elems[i];
}

#endif /* sriov-compat.h */

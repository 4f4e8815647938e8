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

#ifndef SRIOV_METRICS_READ_H
#define SRIOV_METRICS_READ_H 1

/* What sriov/show and sriov/why of ovs-vswitchd tell, for Prometheus.
 *
 *     ovs-vswitchd --> unixctl, JSON --> METRICS --> OpenMetrics or text format
 *
 * Names and labels follow https://prometheus.io/docs/practices/naming/. */

#include <stdbool.h>

struct ds;

/* Asks ovs-vswitchd, for 10 s at most, and appends what it tells to 's', as
 * OpenMetrics 1.0.0 or else in Prometheus's text format 0.0.4.  Returns false
 * if it does not answer: that was said on stderr, and is in 's' as well. */
bool metrics_read(bool openmetrics, struct ds *s);

#endif /* metrics-read.h */

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

#ifndef SRIOV_METRICS_HTTP_H
#define SRIOV_METRICS_HTTP_H 1

/* Metrics by HTTP, for Prometheus to scrape.
 *
 *     systemd: a socket --> METRICS-HTTP --> metrics-read --> ovs-vswitchd
 *
 * HTTP is libmicrohttpd's.  There is no thread but the caller's. */

/* Serves at the only listening socket that systemd has passed (sd_listen_fds(3))
 * until there was no request for a minute: for the next one systemd starts it
 * anew.  Returns 0, or a positive errno after having said what is wrong. */
int metrics_serve(void);

#endif /* metrics-http.h */

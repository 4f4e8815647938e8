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

/* See metrics-http.h for where this stands. */

#include <config.h>
#include "sriov/metrics-http.h"

#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "sriov/metrics-read.h"
#include "timeval.h"
#include "util.h"

/* How long one answer of ovs-vswitchd serves all who ask: whoever asks more
 * often is not to keep it busy.  In ms. */
#define ANSWER_AGE 1000

/* After how long without a request the server ends, in ms, and after how long
 * a connection without one is closed, in s. */
#define IDLE 60000
#define CONNECTION_IDLE 20

#define MAX_CONNECTIONS 16

struct answer {
    struct ds text;
    long long int made;         /* When, in ms, or LLONG_MIN. */
};

struct server {
    struct answer openmetrics, prometheus;
    long long int last;         /* When it was asked last, in ms. */
};

/* Returns 'answer', made anew if it is old. */
static const struct ds *
answer_get(struct answer *answer, bool openmetrics)
{
    if (answer->made == LLONG_MIN
        || time_msec() >= answer->made + ANSWER_AGE) {
        ds_clear(&answer->text);
        metrics_read(openmetrics, &answer->text);
        answer->made = time_msec();
    }
    return &answer->text;
}

/* Queues 'text' as the answer to a request. */
static enum MHD_Result
reply(struct MHD_Connection *connection, unsigned int status,
      const char *type, const char *text)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(text), CONST_CAST(char *, text), MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result = MHD_NO;

    if (response) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
        if (status == MHD_HTTP_METHOD_NOT_ALLOWED) {
            MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW,
                                    "GET, HEAD");
        }
        result = MHD_queue_response(connection, status, response);
        MHD_destroy_response(response);
    }
    return result;
}

/* An MHD_AccessHandlerCallback.  Prometheus says with "Accept" whether it takes
 * OpenMetrics. */
static enum MHD_Result
handle(void *server_, struct MHD_Connection *connection, const char *url,
       const char *method, const char *version OVS_UNUSED,
       const char *data OVS_UNUSED, size_t *data_size,
       void **seen)
{
    struct server *server = server_;

    server->last = time_msec();
    if (!*seen) {
        /* The headers only: the answer comes when all has been read. */
        *seen = server;
        return MHD_YES;
    }
    if (strcmp(method, MHD_HTTP_METHOD_GET)
        && strcmp(method, MHD_HTTP_METHOD_HEAD)) {
        *data_size = 0;
        return reply(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain",
                     "only GET and HEAD\n");
    } else if (strcmp(url, "/metrics")) {
        return reply(connection, MHD_HTTP_NOT_FOUND, "text/plain",
                     "the metrics of ovs-sriov are at /metrics\n");
    }

    const char *accept = MHD_lookup_connection_value(
        connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
    bool openmetrics = (accept
                        && strstr(accept, "application/openmetrics-text"));
    struct answer *answer = (openmetrics ? &server->openmetrics
                             : &server->prometheus);

    return reply(connection, MHD_HTTP_OK,
                 (openmetrics
                  ? "application/openmetrics-text; version=1.0.0; "
                    "charset=utf-8"
                  : "text/plain; version=0.0.4; charset=utf-8"),
                 ds_cstr_ro(answer_get(answer, openmetrics)));
}

/* Returns the socket that systemd has passed, or a negative errno. */
static int
passed_socket(void)
{
    int n = sd_listen_fds(true);

    if (n != 1 || sd_is_socket(SD_LISTEN_FDS_START, AF_UNSPEC, SOCK_STREAM,
                               1) <= 0) {
        ovs_error(0, "systemd has not passed a socket; "
                  "systemctl enable --now ovs-sriov-exporter.socket has "
                  "metrics served at 127.0.0.1:9479");
        return -ENOTSOCK;
    }
    return SD_LISTEN_FDS_START;
}

static unsigned int
n_connections(struct MHD_Daemon *mhd)
{
    return MHD_get_daemon_info(mhd, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)
           ->num_connections;
}

/* Serves until nobody has asked for a while. */
static void
serve(struct MHD_Daemon *mhd, const struct server *server)
{
    int epoll_fd = MHD_get_daemon_info(mhd, MHD_DAEMON_INFO_EPOLL_FD)
                   ->epoll_fd;

    while (MHD_run(mhd) == MHD_YES
           && (time_msec() < server->last + IDLE || n_connections(mhd))) {
        MHD_UNSIGNED_LONG_LONG timeout;

        if (MHD_get_timeout(mhd, &timeout) == MHD_YES) {
            poll_timer_wait(MIN(timeout, IDLE));
        }
        poll_timer_wait_until(MAX(server->last + IDLE, time_msec() + 1000));
        poll_fd_wait(epoll_fd, POLLIN);
        poll_block();
    }
}

int
metrics_serve(void)
{
    struct server server = {
        .openmetrics = { DS_EMPTY_INITIALIZER, LLONG_MIN },
        .prometheus = { DS_EMPTY_INITIALIZER, LLONG_MIN },
        .last = time_msec(),
    };
    int fd = passed_socket();
    struct MHD_Daemon *mhd;

    if (fd < 0) {
        return -fd;
    }
    mhd = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, handle, &server,
                           MHD_OPTION_LISTEN_SOCKET, fd,
                           MHD_OPTION_CONNECTION_LIMIT, MAX_CONNECTIONS,
                           MHD_OPTION_CONNECTION_TIMEOUT, CONNECTION_IDLE,
                           MHD_OPTION_END);
    if (!mhd) {
        ovs_error(errno, "libmicrohttpd does not serve the socket that "
                  "systemd has passed");
        return errno ? errno : EINVAL;
    }
    serve(mhd, &server);
    MHD_stop_daemon(mhd);
    ds_destroy(&server.openmetrics.text);
    ds_destroy(&server.prometheus.text);
    return 0;
}

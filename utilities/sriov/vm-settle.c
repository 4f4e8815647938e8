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

/* See vm-settle.h for where this stands. */

#include <config.h>
#include "sriov/vm-settle.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "dirs.h"
#include "jsonrpc.h"
#include "openvswitch/json.h"
#include "openvswitch/poll-loop.h"
#include "sriov/host.h"
#include "timeval.h"
#include "unixctl.h"
#include "util.h"

/* "revalidator/wait" answers when a round ends.  That can be one that was
 * under way; the second one began afterwards. */
#define ROUNDS 2

/* Times in ms: until an ovs-vswitchd that does not answer is asked again, and
 * what is waited for if it cannot tell (with several kinds of datapath): twice
 * other_config:max-revalidator, 500 ms, with as much to spare. */
#define RETRY_DELAY 500
#define FALLBACK_DELAY 2000

struct vm_settle {
    bool active;
    struct jsonrpc *rpc;        /* Or NULL. */
    unsigned int rounds;        /* Left. */
    long long int when;         /* Do it then (ms), or LLONG_MAX. */
    bool fallback;              /* 'when' is the end. */
};

struct vm_settle *
vm_settle_create(void)
{
    struct vm_settle *s = xzalloc(sizeof *s);

    s->when = LLONG_MAX;
    return s;
}

static void
disconnect(struct vm_settle *s)
{
    jsonrpc_close(s->rpc);
    s->rpc = NULL;
}

void
vm_settle_destroy(struct vm_settle *s)
{
    disconnect(s);
    free(s);
}

bool
vm_settle_is_active(const struct vm_settle *s)
{
    return s->active;
}

static void
ask(struct vm_settle *s)
{
    struct jsonrpc_msg *request
        = jsonrpc_create_request("revalidator/wait", json_array_create_empty(),
                                 NULL);

    if (jsonrpc_send(s->rpc, request)) {
        disconnect(s);
        s->when = time_msec() + RETRY_DELAY;
    }
}

/* Connects to ovs-vswitchd and asks for the first round. */
static void
connect_and_ask(struct vm_settle *s)
{
    long long int pid;
    char *path;

    s->rounds = ROUNDS;
    s->when = time_msec() + RETRY_DELAY;
    if (host_read_number(ovs_rundir(), "ovs-vswitchd.pid", &pid)) {
        path = xasprintf("%s/ovs-vswitchd.%lld.ctl", ovs_rundir(), pid);
        if (!unixctl_client_create(path, &s->rpc)) {
            s->when = LLONG_MAX;
            ask(s);
        } else {
            s->rpc = NULL;
        }
        free(path);
    }
}

void
vm_settle_start(struct vm_settle *s)
{
    if (!s->active) {
        s->active = true;
        s->fallback = false;
        connect_and_ask(s);
    }
}

static bool
finish(struct vm_settle *s)
{
    disconnect(s);
    s->active = false;
    s->when = LLONG_MAX;
    return true;
}

bool
vm_settle_run(struct vm_settle *s)
{
    struct jsonrpc_msg *reply = NULL;
    int error;

    if (!s->active) {
        return false;
    }
    if (time_msec() >= s->when) {
        if (s->fallback) {
            return finish(s);
        }
        connect_and_ask(s);
    }
    if (!s->rpc) {
        return false;
    }
    jsonrpc_run(s->rpc);
    error = jsonrpc_recv(s->rpc, &reply);
    if (error == EAGAIN) {
        return false;
    } else if (error) {
        disconnect(s);
        s->when = time_msec() + RETRY_DELAY;
    } else if (reply->type == JSONRPC_ERROR) {
        disconnect(s);
        s->fallback = true;
        s->when = time_msec() + FALLBACK_DELAY;
    } else if (!--s->rounds) {
        jsonrpc_msg_destroy(reply);
        return finish(s);
    } else {
        ask(s);
    }
    jsonrpc_msg_destroy(reply);
    return false;
}

void
vm_settle_wait(const struct vm_settle *s)
{
    if (s->rpc) {
        jsonrpc_wait(s->rpc);
        jsonrpc_recv_wait(s->rpc);
    }
    if (s->when != LLONG_MAX) {
        poll_timer_wait_until(s->when);
    }
}

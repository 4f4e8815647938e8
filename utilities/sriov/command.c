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


/* See command.h for where this stands. */

#include <config.h>
#include "sriov/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>

#include "inventory/netlink.h"
#include "jsonrpc.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "sriov/conf.h"
#include "svec.h"
#include "timeval.h"
#include "unicode.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(sriov_command);

#define LOCK_FILE "/run/ovs-sriov.lock"

struct host_conf *
command_read_conf(const struct command_args *args)
{
    struct svec errors = SVEC_EMPTY_INITIALIZER;
    struct host_conf *conf = host_conf_read(args->conf_path, &errors);
    const char *error;
    size_t i;

    SVEC_FOR_EACH (i, error, &errors) {
        fprintf(stderr, "%s\n", error);
    }
    svec_destroy(&errors);
    if (!conf) {
        ovs_fatal(0, "nothing was done; mend %s first", args->conf_path);
    }
    return conf;
}

struct sriov_nl *
command_connect(const struct command_args *args)
{
    struct sriov_nl *nl = *args->root ? NULL : xmalloc(sizeof *nl);
    int error = nl ? sriov_nl_connect(nl) : 0;

    if (error) {
        VLOG_ERR("netlink: %s", ovs_strerror(error));
        ovs_fatal(0, "the kernel does not answer");
    }
    return nl;
}

void
command_disconnect(struct sriov_nl *nl)
{
    if (nl) {
        sriov_nl_disconnect(nl);
        free(nl);
    }
}

void
command_take_lock(void)
{
    int fd = open(LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    /* Released when the program ends. */
    if (fd < 0 || flock(fd, LOCK_EX)) {
        ovs_fatal(errno, "%s: cannot be locked", LOCK_FILE);
    }
}

/* Returns how many bytes the character at 's' has in UTF-8, or 0 if it is
 * none. */
static size_t
character_length(const char *s)
{
    for (size_t n = 1; n <= 4 && s[n - 1]; n++) {
        char *character = xmemdup0(s, n);
        char *wrong = utf8_validate(character, NULL);

        free(character);
        free(wrong);
        if (!wrong) {
            return n;
        }
    }
    return 0;
}

void
command_print_json(struct json *json)
{
    char *s = json_to_string(json, JSSF_PRETTY | JSSF_SORT);

    /* JSON is UTF-8, names of network devices and programs are any bytes. */
    for (const char *p = s; *p; ) {
        size_t n = (unsigned char) *p < 0x80 ? 1 : character_length(p);

        fwrite(n ? p : "?", 1, MAX(n, 1), stdout);
        p += MAX(n, 1);
    }
    putchar('\n');
    free(s);
    json_destroy(json);
}

void
command_print_text(struct ds *s)
{
    fputs(ds_cstr(s), stdout);
    ds_destroy(s);
}

int
command_transact(struct jsonrpc *rpc, struct jsonrpc_msg *request,
                 long long int deadline, struct jsonrpc_msg **replyp)
{
    int error = jsonrpc_send(rpc, request);

    *replyp = NULL;
    while (!error) {
        jsonrpc_run(rpc);
        error = jsonrpc_recv(rpc, replyp);
        if (error != EAGAIN) {
            break;
        }
        error = time_msec() >= deadline ? ETIMEDOUT : 0;
        jsonrpc_wait(rpc);
        jsonrpc_recv_wait(rpc);
        poll_timer_wait_until(deadline);
        poll_block();
    }
    return error;
}

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


#ifndef SRIOV_COMMAND_H
#define SRIOV_COMMAND_H 1

/* A command of ovs-sriov.
 *
 *     main.c: options, usage --> COMMAND (list.c, check.c, ...) --> the rest
 *
 * Each is a file that has one "const struct command", with all that main.c
 * knows of it, and no other function that is not static.  A new one needs that
 * file, its name below and in main.c's 'commands', a line in automake.mk, and
 * the man page and completion in data/. */

#include <stdbool.h>

struct ds;
struct host_conf;
struct json;
struct jsonrpc;
struct jsonrpc_msg;
struct sriov_nl;

/* Options that only some commands heed. */
enum command_option {
    COMMAND_DRY_RUN = 1 << 0,
    COMMAND_FORCE = 1 << 1,
    COMMAND_NODE = 1 << 2,
    COMMAND_JSON = 1 << 3,
    COMMAND_VLAN = 1 << 4,
    COMMAND_RATE = 1 << 5,
    COMMAND_LAG = 1 << 6,
    COMMAND_LIVE = 1 << 7,
};

/* How it was called.  Nothing in it is NULL but what says
 * so. */
struct command_args {
    const char *conf_path;      /* --config */
    const char *root;           /* --root; "" is the host itself. */
    const char *node;           /* --node, or NULL. */
    const char *vlan, *rate;    /* --vlan, --rate, or NULL. */
    bool dry_run, force, json, lag, live;
    int n;                      /* Arguments... */
    char **array;               /* ...without the command's name. */
};

struct command {
    const char *name;
    const char *args;           /* What it takes, "[PF]", or NULL. */
    int min_args, max_args;
    unsigned int options;       /* COMMAND_*: those that it heeds. */
    const char *help;           /* What it does, in lines of 61 characters. */

    /* Does it, and returns the exit status.  Prints results to stdout and
     * what is wrong to stderr, and may end the program with ovs_fatal(). */
    int (*run)(const struct command_args *);
};

extern const struct command list_command;
extern const struct command check_command;
extern const struct command apply_command;
extern const struct command import_command;
extern const struct command proxmox_command;
extern const struct command name_command;
extern const struct command probe_command;
extern const struct command metrics_command;
extern const struct command libvirt_command;
extern const struct command vm_command;
extern const struct command drivers_command;

/* What several of them need. */

/* Returns the configuration, to be freed with host_conf_destroy().  Ends the
 * program, having printed all errors, if it has any. */
struct host_conf *command_read_conf(const struct command_args *);

/* Returns a connection to the kernel, to be passed to command_disconnect(), or
 * NULL where --root has files in its place.  Ends the program if the kernel
 * does not answer. */
struct sriov_nl *command_connect(const struct command_args *);
void command_disconnect(struct sriov_nl *);

/* Waits until no other process sets things up: those of two PFs that come at
 * the same moment, say.  Ends the program if that cannot be known. */
void command_take_lock(void);

/* Print and free what they are given. */
void command_print_json(struct json *);
void command_print_text(struct ds *);

/* Sends 'request', which is freed, to a daemon.  Stores what comes back until
 * 'deadline', in ms, in '*replyp', which the caller must free.  Returns 0 or a
 * positive errno or EOF, and then no reply. */
int command_transact(struct jsonrpc *, struct jsonrpc_msg *request,
                     long long int deadline, struct jsonrpc_msg **replyp);

#endif /* command.h */

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

/* "ovs-sriov libvirt": libvirt's hook, which says what becomes of a VM.
 *
 *     libvirt --> /etc/libvirt/hooks/qemu.d/ovs-sriov --> file in /run
 *                                                  <-- "ovs-sriov vm"
 *
 * libvirt waits for it, and does not start a VM for which it fails: so it
 * comes back when the VM's settings are in force, or says why they are
 * not.
 *
 * AppArmor: the profiles that Debian's libvirt 9.0 has for libvirtd and
 * libvirt's source for virtqemud (src/security/apparmor/, usr.sbin.libvirtd.in
 * and usr.sbin.virtqemud.in) run the file as libvirtd itself
 * ("/etc/libvirt/hooks/"..., "rmix"), and us, from there, without a profile
 * ("/usr/bin/", "PUx"). */

#include <config.h>
#include "sriov/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "dirs.h"
#include "jsonrpc.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "openvswitch/vlog.h"
#include "sriov/host.h"
#include "sriov/vm-libvirt.h"
#include "timeval.h"
#include "unixctl.h"
#include "util.h"

/* How long settings may take, in s. */
#define PATIENCE 30

/* How long the service may take to start, in ms, and how often it is looked
 * for: at boot, VMs may start at the same time as it. */
#define START_PATIENCE 5000
#define START_PAUSE 100

/* Reads the definition of a VM on stdin, see vm_libvirt_parse(). */
static char *
read_vm(char **uuid, char **file)
{
    struct ds xml = DS_EMPTY_INITIALIZER;
    char buffer[4096];
    size_t n;

    while ((n = fread(buffer, 1, sizeof buffer, stdin)) > 0) {
        ds_put_buffer(&xml, buffer, n);
    }

    char *wrong = vm_libvirt_parse(ds_cstr(&xml), xml.length, uuid, file);
    ds_destroy(&xml);
    return wrong;
}

/* Makes the folder 'dir'.  That it is there tells "ovs-sriov vm" that there is
 * a hook. */
static void
make_dir(const char *dir)
{
    if (mkdir(dir, 0700) && errno != EEXIST) {
        ovs_fatal(errno, "%s: cannot be made; does Open vSwitch run?", dir);
    }
}

/* Writes 'text' into the file 'name' in 'dir', as a whole. */
static void
write_file(const char *dir, const char *name, const char *text)
{
    char *path = xasprintf("%s/%s", dir, name);
    int error = host_replace_file(path, text);

    if (error) {
        ovs_fatal(error, "%s: cannot be written", path);
    }
    free(path);
}

/* Connects to "ovs-sriov vm", which listens at 'path'.  Returns NULL if nobody
 * does. */
static struct jsonrpc *
connect_to_service(const char *path)
{
    const struct timespec pause = { .tv_nsec = START_PAUSE * 1000 * 1000 };
    long long int end = time_msec() + START_PATIENCE;
    struct jsonrpc *client;

    while (unixctl_client_create(path, &client)) {
        if (time_msec() >= end) {
            return NULL;
        }
        nanosleep(&pause, NULL);
    }
    return client;
}

/* Waits until "ovs-sriov vm" has put the settings of the VM 'uuid' in force.
 * Returns what is wrong, which the caller must free, or NULL. */
static char *
wait_until_ready(const char *uuid)
{
    char *path = xasprintf("%s/ovs-sriov-vm.ctl", ovs_rundir());
    struct jsonrpc_msg *request, *reply = NULL;
    struct jsonrpc *client;
    char *wrong = NULL;
    int error = 0;

    /* libvirt shows all of standard error: once is enough. */
    vlog_set_levels(vlog_module_from_name("unixctl"), VLF_CONSOLE, VLL_OFF);
    request = jsonrpc_create_request(
        "vm/ready", json_array_create_1(json_string_create(uuid)), NULL);
    client = connect_to_service(path);
    if (!client) {
        jsonrpc_msg_destroy(request);
        wrong = xstrdup("the service ovs-sriov-vm does not run");
    } else if ((error = command_transact(client, request,
                                         time_msec() + PATIENCE * 1000,
                                         &reply)) == ETIMEDOUT) {
        wrong = xasprintf("its settings are not in force after %d s; does "
                          "ovs-vswitchd run, and what does the journal of "
                          "ovs-sriov-vm say?", PATIENCE);
    } else if (error) {
        wrong = xstrdup("the service ovs-sriov-vm ended");
    } else if (reply->error) {
        wrong = xstrdup(reply->error->type == JSON_STRING
                        ? json_string(reply->error) : "unknown error");
    }
    jsonrpc_msg_destroy(reply);
    jsonrpc_close(client);
    free(path);
    return wrong;
}

/* Writes the 'file' of the VM 'uuid'.  Returns true if any VF in it is
 * managed. */
static bool
claim_vfs(const char *dir, const char *uuid, const char *file)
{
    bool any;
    int error;

    make_dir(dir);
    error = vm_libvirt_claim(dir, uuid, file, &any);
    if (error) {
        ovs_fatal(error, "%s: cannot be written", dir);
    }
    return any;
}

/* The VM whose definition is on stdin is about to start. */
static int
start(const char *dir)
{
    char *uuid, *file;
    char *wrong = read_vm(&uuid, &file);

    if (!wrong) {
        /* With none, it may have a GPU, or a VF that sriov.conf has settings
         * for: it is not ours to wait for. */
        if (!strstr(file, "\nvf ")) {
            bool any;

            /* One may come later; without Open vSwitch it is no matter. */
            mkdir(dir, 0700);
            vm_libvirt_claim(dir, uuid, file, &any);
        } else if (claim_vfs(dir, uuid, file)) {
            wrong = wait_until_ready(uuid);
            if (wrong) {
                char *path = xasprintf("%s/%s", dir, uuid);

                unlink(path);
                free(path);
            }
        }
        free(uuid);
        free(file);
    }
    if (wrong) {
        fprintf(stderr, "ovs-sriov: %s\n", wrong);
        free(wrong);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

/* The VM whose definition is on stdin has ended. */
static int
stop(const char *dir)
{
    char *uuid, *file;
    char *wrong = read_vm(&uuid, &file);

    if (!wrong) {
        char *path = xasprintf("%s/%s", dir, uuid);

        unlink(path);
        free(path);
        free(uuid);
        free(file);
    }
    free(wrong);
    return EXIT_SUCCESS;
}

/* The VM whose definition is on stdin runs, and its file says so from now on.
 * That has "ovs-sriov vm" look: nothing else tells, as libvirt writes the number of the
 * process into its own file before that becomes QEMU, and leaves the file open
 * (util/vircommand.c, virExec()). */
static int
started(const char *dir)
{
    char *uuid, *file;
    char *wrong = read_vm(&uuid, &file);

    if (!wrong) {
        char *text = host_read_file("%s/%s", dir, uuid);

        if (text) {
            char *again = xasprintf("%s%s\n", strncmp(text, "started\n", 8)
                                    ? "started\n" : "", text);

            write_file(dir, uuid, again);
            free(again);
        }
        free(text);
        free(uuid);
        free(file);
    }
    free(wrong);
    return EXIT_SUCCESS;
}

/* For people: prints what would be done with the definition on stdin. */
static int
show(void)
{
    char *uuid, *file;
    char *wrong = read_vm(&uuid, &file);

    if (wrong) {
        fprintf(stderr, "ovs-sriov: %s\n", wrong);
        free(wrong);
        return EXIT_FAILURE;
    }
    fputs(file, stdout);
    free(uuid);
    free(file);
    return EXIT_SUCCESS;
}

static int
run(const struct command_args *args)
{
    char *dir = vm_libvirt_dir();
    const char *operation = args->array[1];
    int status = EXIT_SUCCESS;

    if (!strcmp(operation, "start")) {
        status = start(dir);
    } else if (!strcmp(operation, "started")) {
        status = started(dir);
    } else if (!strcmp(operation, "release")) {
        status = stop(dir);
    } else if (!strcmp(operation, "show")) {
        status = show();
    }
    free(dir);
    return status;
}

const struct command libvirt_command = {
    .name = "libvirt",
    .args = "NAME OPERATION ...",
    .min_args = 2,
    .max_args = 4,
    .help = "for libvirt's hook: NAME, whose XML is on standard input,\n"
            "starts or ends",
    .run = run,
};

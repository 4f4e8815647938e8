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


/* ovs-sriov: sets up SR-IOV NICs for Open vSwitch, see ovs-sriov(8).
 *
 *     sriov.conf --> conf --------------+
 *     netlink --> inventory/ --+        |
 *     sysfs -------------------+-> host +--> plan --> steps --> kernel
 *                                   |
 *     /etc/pve --> mapping ---------+--> list, check, proxmox
 *                                   |
 *     udev rules, interfaces, ------+--> import, check, proxmox
 *       units, ... --> leftovers
 *
 *     ovs-vswitchd, by unixctl --------> metrics
 *
 * Here are options and usage only.  Each command is in a file of its own, see
 * command.h. */

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command-line.h"
#include "dirs.h"
#include "fatal-signal.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/vlog.h"
#include "sriov/command.h"
#include "util.h"

/* In the order of the usage. */
static const struct command *const commands[] = {
    &list_command,
    &check_command,
    &apply_command,
    &import_command,
    &proxmox_command,
    &probe_command,
    &vm_command,
    &libvirt_command,
    &name_command,
    &drivers_command,
    &metrics_command,
};

/* Options that only some commands heed. */
static const struct {
    enum command_option bit;
    const char *name;
    const char *help;
} some_options[] = {
    { COMMAND_DRY_RUN, "-n, --dry-run", "only print what would be done" },
    { COMMAND_FORCE, "--force", "disturb also VFs that are in use" },
    { COMMAND_NODE, "--node=NAME",
      "the name of this node, if it is not the host's" },
    { COMMAND_VLAN, "--vlan=VLAN", "the VLAN of VMs that get a VF of the "
      "mapping" },
    { COMMAND_RATE, "--rate=MBIT", "what such a VM may send, in Mbit/s" },
    { COMMAND_LIVE, "--live", "VMs can be migrated live" },
    { COMMAND_LAG, "--lag", "only [bond ...] in place of an OVSBond" },
    { COMMAND_JSON, "--json", "print JSON" },
};

/* Prints 'name' and beside it, or below if it is too long, the lines of
 * 'help'. */
static void
print_item(FILE *stream, const char *name, const char *help)
{
    enum { WIDTH = 16 };        /* Characters for names. */
    bool below = strlen(name) >= WIDTH;

    fprintf(stream, "  %-*s%s", WIDTH, name, below ? "\n" : "");
    if (below) {
        fprintf(stream, "%*s", WIDTH + 2, "");
    }
    for (; *help; help++) {
        putc(*help, stream);
        if (*help == '\n') {
            fprintf(stream, "%*s", WIDTH + 2, "");
        }
    }
    putc('\n', stream);
}

static void
print_commands(FILE *stream)
{
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        const struct command *c = commands[i];
        char *name = xasprintf("%s%s%s", c->name, c->args ? " " : "",
                               c->args ? c->args : "");

        print_item(stream, name, c->help);
        free(name);
    }
}

static void
print_some_options(FILE *stream)
{
    for (size_t i = 0; i < ARRAY_SIZE(some_options); i++) {
        struct ds help = DS_EMPTY_INITIALIZER;

        for (size_t j = 0; j < ARRAY_SIZE(commands); j++) {
            if (commands[j]->options & some_options[i].bit) {
                ds_put_format(&help, "%s%s", help.length ? ", " : "",
                              commands[j]->name);
            }
        }
        ds_put_format(&help, ": %s", some_options[i].help);
        print_item(stream, some_options[i].name, ds_cstr(&help));
        ds_destroy(&help);
    }
}

static void
usage(FILE *stream)
{
    fprintf(stream, "%s: sets up SR-IOV NICs for Open vSwitch\n"
            "usage: %s [OPTION...] COMMAND\n"
            "\n"
            "Commands:\n", program_name, program_name);
    print_commands(stream);
    fputs("\nOptions:\n", stream);
    print_some_options(stream);

    char *config = xasprintf("read FILE (default: %s/openvswitch/sriov.conf)",
                             ovs_sysconfdir());
    print_item(stream, "--config=FILE", config);
    free(config);
    print_item(stream, "--root=DIR", "look for the host's files below DIR, "
               "and do not ask the\nkernel (for tests)");
    print_item(stream, "-h, --help", "print this");
    print_item(stream, "-V, --version", "print the version");
}

enum {
    OPT_CONFIG = UCHAR_MAX + 1,
    OPT_FORCE,
    OPT_JSON,
    OPT_LAG,
    OPT_NODE,
    OPT_RATE,
    OPT_LIVE,
    OPT_ROOT,
    OPT_VLAN,
};

static const struct option long_options[] = {
    { "config", required_argument, NULL, OPT_CONFIG },
    { "dry-run", no_argument, NULL, 'n' },
    { "force", no_argument, NULL, OPT_FORCE },
    { "help", no_argument, NULL, 'h' },
    { "json", no_argument, NULL, OPT_JSON },
    { "lag", no_argument, NULL, OPT_LAG },
    { "live", no_argument, NULL, OPT_LIVE },
    { "node", required_argument, NULL, OPT_NODE },
    { "rate", required_argument, NULL, OPT_RATE },
    { "root", required_argument, NULL, OPT_ROOT },
    { "version", no_argument, NULL, 'V' },
    { "vlan", required_argument, NULL, OPT_VLAN },
    { NULL, 0, NULL, 0 },
};

/* Ends the program if 'root' is no folder: "" would be this host. */
static void
check_root(const char *root)
{
    struct stat s;

    if (!*root) {
        ovs_fatal(0, "--root= names no folder");
    } else if (stat(root, &s)) {
        ovs_fatal(errno, "--root=%s", root);
    } else if (!S_ISDIR(s.st_mode)) {
        ovs_fatal(0, "--root=%s is no folder", root);
    }
}

/* Fills in '*args', whose strings belong to 'argv' but for 'conf_path', which
 * the caller must free in the end and which is returned as well. */
static char *
parse_options(int argc, char *argv[], struct command_args *args)
{
    char *path = xasprintf("%s/openvswitch/sriov.conf", ovs_sysconfdir());
    int c;

    while ((c = getopt_long(argc, argv, "nhV", long_options, NULL)) != -1) {
        switch (c) {
        case OPT_CONFIG:
            free(path);
            path = xstrdup(optarg);
            break;
        case 'n':
            args->dry_run = true;
            break;
        case OPT_FORCE:
            args->force = true;
            break;
        case OPT_JSON:
            args->json = true;
            break;
        case OPT_LAG:
            args->lag = true;
            break;
        case OPT_LIVE:
            args->live = true;
            break;
        case OPT_NODE:
            args->node = optarg;
            break;
        case OPT_RATE:
            args->rate = optarg;
            break;
        case OPT_VLAN:
            args->vlan = optarg;
            break;
        case OPT_ROOT:
            args->root = optarg;
            check_root(args->root);
            break;
        case 'h':
            usage(stdout);
            exit(EXIT_SUCCESS);
        case 'V':
            ovs_print_version(0, 0);
            exit(EXIT_SUCCESS);
        default:
            exit(EXIT_FAILURE);
        }
    }
    args->conf_path = path;
    return path;
}

/* A call of a command, and what comes of it. */
struct call {
    struct command_args args;
    int status;
};

/* Returns which of COMMAND_* were given. */
static unsigned int
options_given(const struct command_args *args)
{
    return ((args->dry_run ? COMMAND_DRY_RUN : 0)
            | (args->force ? COMMAND_FORCE : 0)
            | (args->node ? COMMAND_NODE : 0)
            | (args->json ? COMMAND_JSON : 0)
            | (args->vlan ? COMMAND_VLAN : 0)
            | (args->rate ? COMMAND_RATE : 0)
            | (args->lag ? COMMAND_LAG : 0)
            | (args->live ? COMMAND_LIVE : 0));
}

/* Ends the program if an option was given that 'c' does not heed: with
 * --dry-run, it would do what is only to be told. */
static void
check_heeded(const struct command *c, const struct command_args *args)
{
    for (size_t i = 0; i < ARRAY_SIZE(some_options); i++) {
        if (some_options[i].bit & options_given(args) & ~c->options) {
            ovs_fatal(0, "'%s' command has no %s; use --help for help",
                      c->name, some_options[i].name);
        }
    }
}

static void
run_command(struct ovs_cmdl_context *ctx)
{
    struct call *call = ctx->pvt;

    call->args.n = ctx->argc - 1;
    call->args.array = ctx->argv + 1;
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        if (!strcmp(commands[i]->name, ctx->argv[0])) {
            check_heeded(commands[i], &call->args);
            call->status = commands[i]->run(&call->args);
        }
    }
}

static void
run_help(struct ovs_cmdl_context *ctx OVS_UNUSED)
{
    usage(stdout);
}

/* Has files that are opened not take the place of those that every program
 * has, which whoever started this one may have closed. */
static void
open_standard_files(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        /* The lowest number that is free, which is 'fd'. */
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0) {
            break;
        }
    }
}

/* At exit: fails if not all that was printed has arrived, for instance since
 * the disk is full.  Says nothing of a reader that has enough: "| head". */
static void
close_output(void)
{
    bool failed = ferror(stdout) != 0;

    errno = 0;
    if (fclose(stdout) || failed) {
        if (errno != EPIPE) {
            fprintf(stderr, "%s: standard output: %s\n", program_name,
                    errno ? ovs_strerror(errno) : "not all was written");
        }
        _exit(EXIT_FAILURE);
    }
}

int
main(int argc, char *argv[])
{
    struct ovs_cmdl_command table[ARRAY_SIZE(commands) + 2];
    struct call call = { .args = { .root = "" }, .status = EXIT_SUCCESS };
    struct ovs_cmdl_context ctx = { .pvt = &call };
    size_t n = 0;

    open_standard_files();
    atexit(close_output);
    set_program_name(argv[0]);
    fatal_ignore_sigpipe();
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_WARN);
    vlog_set_levels(NULL, VLF_SYSLOG, VLL_OFF);
    char *conf_path = parse_options(argc, argv, &call.args);

    ctx.argc = argc - optind;
    ctx.argv = argv + optind;
    if (!ctx.argc) {
        usage(stderr);
        exit(EXIT_FAILURE);
    }
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        const struct command *c = commands[i];

        table[n++] = (struct ovs_cmdl_command) {
            c->name, c->args, c->min_args, c->max_args, run_command, OVS_RO
        };
    }
    table[n++] = (struct ovs_cmdl_command) {
        "help", NULL, 0, 0, run_help, OVS_RO
    };
    table[n] = (struct ovs_cmdl_command) { NULL, NULL, 0, 0, NULL, OVS_RO };
    ovs_cmdl_run_command(&ctx, table);
    free(conf_path);
    return call.status;
}

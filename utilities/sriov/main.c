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
 *     sriov.conf --> conf --+
 *     kernel --> inventory -+--> plan --> apply --> kernel
 *                   |
 *                   +--> list, check, proxmox
 *
 *     udev rules, interfaces, ovs-ctl --> howto --> import, check
 *
 * Here are the commands.  Each of sriov-host*.c is about one subject. */

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "command-line.h"
#include "dirs.h"
#include "fatal-signal.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "openvswitch/vlog.h"
#include "sriov/host.h"
#include "sriov/apply.h"
#include "sriov/check.h"
#include "sriov/conf.h"
#include "sriov/leftovers.h"
#include "sriov/import.h"
#include "sriov/list.h"
#include "sriov/mapping.h"
#include "sriov/plan.h"
#include "sriov/proxmox.h"
#include "inventory/netlink.h"
#include "inventory/sysfs.h"
#include "svec.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(sriov_main);

/* Only one process at a time sets things up: those of two PFs that come at
 * the same moment, say. */
#define LOCK_FILE "/run/ovs-sriov.lock"

/* Options. */
static char *conf_path;         /* --config */
static const char *root = "";   /* --root */
static bool json_output;        /* --json */
static bool dry_run;            /* --dry-run */
static bool force;              /* --force */
static const char *proxmox_node; /* --node */

/* Returns the configuration, which the caller must free.  Ends the program if
 * it has errors. */
static struct host_conf *
read_conf(void)
{
    struct svec errors = SVEC_EMPTY_INITIALIZER;
    struct host_conf *conf = host_conf_read(conf_path, &errors);
    const char *error;
    size_t i;

    SVEC_FOR_EACH (i, error, &errors) {
        fprintf(stderr, "%s\n", error);
    }
    svec_destroy(&errors);
    if (!conf) {
        ovs_fatal(0, "nothing was done; mend %s first", conf_path);
    }
    return conf;
}

/* Returns a connection to the kernel, or NULL where a test has files in its
 * place. */
static struct sriov_nl *
open_nl(void)
{
    struct sriov_nl *nl = *root ? NULL : xmalloc(sizeof *nl);
    int error = nl ? sriov_nl_connect(nl) : 0;

    if (error) {
        VLOG_ERR("netlink: %s", ovs_strerror(error));
        ovs_fatal(0, "the kernel does not answer");
    }
    return nl;
}

static void
close_nl(struct sriov_nl *nl)
{
    if (nl) {
        sriov_nl_disconnect(nl);
        free(nl);
    }
}

static void
print_json(struct json *json)
{
    char *s = json_to_string(json, JSSF_PRETTY | JSSF_SORT);

    puts(s);
    free(s);
    json_destroy(json);
}

static void
cmd_list(struct ovs_cmdl_context *ctx OVS_UNUSED)
{
    struct sriov_nl *nl = open_nl();
    struct host *host = host_read(root, nl);

    host_read_details(host, nl);
    if (json_output) {
        print_json(host_list_json(host));
    } else {
        struct ds s = DS_EMPTY_INITIALIZER;

        host_list_text(host, &s);
        fputs(ds_cstr(&s), stdout);
        ds_destroy(&s);
    }
    host_destroy(host);
    close_nl(nl);
}

static void
take_lock(void)
{
    int fd = open(LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    /* Released when the program ends. */
    if (fd < 0 || flock(fd, LOCK_EX)) {
        ovs_fatal(errno, "%s: cannot be locked", LOCK_FILE);
    }
}

/* Sees to it that names of representors stay, whatever sections come. */
static void
keep_switches(struct host_conf *conf)
{
    int error = host_conf_keep_switches(conf);

    if (error) {
        fprintf(stderr, "%s%s: the numbers of NICs cannot be kept (%s): when "
                "sections are added, representors may get other names\n",
                conf_path, HOST_SWITCHES_SUFFIX, ovs_strerror(error));
    }
}

static void
cmd_apply(struct ovs_cmdl_context *ctx)
{
    struct host_conf *conf = read_conf();
    struct host_plan plan;
    const char *note;
    char *pci = NULL;
    bool ok = true;
    size_t i;

    if (ctx->argc > 1 && !host_pci_address(ctx->argv[1], &pci)) {
        ovs_fatal(0, "%s: no PCI address such as 0000:81:00.0", ctx->argv[1]);
    }
    if (!conf->n) {
        host_conf_destroy(conf);
        free(pci);
        return;
    }
    if (!dry_run && *root) {
        ovs_fatal(0, "--root is for looking only: add --dry-run");
    } else if (!dry_run) {
        take_lock();
        keep_switches(conf);
    }

    struct sriov_nl *nl = open_nl();
    struct host *host = host_read(root, nl);
    host_plan_make(&plan, conf, host, pci, force);
    SVEC_FOR_EACH (i, note, &plan.notes) {
        fprintf(stderr, "%s\n", note);
    }
    if (!plan.n) {
        puts("nothing to do");
    } else if (dry_run) {
        for (i = 0; i < plan.n; i++) {
            const struct host_step *step = &plan.steps[i];

            printf("%s: %s%s%s\n", step->pci, step->text,
                   step->refusal ? ": impossible: " : "",
                   step->refusal ? step->refusal : "");
            ok &= !step->refusal;
        }
    } else {
        ok = host_apply(&plan, conf, nl, force);
    }
    host_plan_destroy(&plan);
    host_destroy(host);
    close_nl(nl);
    host_conf_destroy(conf);
    free(pci);
    if (!ok) {
        ovs_fatal(0, dry_run ? "not everything is possible"
                  : "not everything was done; mend what FAILED and run this "
                  "again, which goes on from there");
    }
}

static void
cmd_check(struct ovs_cmdl_context *ctx OVS_UNUSED)
{
    struct host_conf *conf = read_conf();
    struct sriov_nl *nl = open_nl();
    struct host *host = host_read(root, nl);
    struct ds s = DS_EMPTY_INITIALIZER;
    struct findings findings;

    host_check(&findings, root, host, conf, nl);
    if (json_output) {
        print_json(findings_to_json(&findings));
    } else {
        findings_to_text(&findings, &s);
        fputs(ds_cstr(&s), stdout);
    }

    bool fail = findings_fail(&findings);
    ds_destroy(&s);
    findings_destroy(&findings);
    host_destroy(host);
    close_nl(nl);
    host_conf_destroy(conf);
    if (fail) {
        exit(EXIT_FAILURE);
    }
}

static void
cmd_import(struct ovs_cmdl_context *ctx OVS_UNUSED)
{
    struct host *host = host_read(root, NULL);
    struct ds conf = DS_EMPTY_INITIALIZER;
    struct ds report = DS_EMPTY_INITIALIZER;
    struct howto howto;

    howto_read(&howto, root);
    char *error = host_import(&howto, host, &conf, &report);
    fputs(ds_cstr(&conf), stdout);
    fputs(ds_cstr(&report), stderr);
    ds_destroy(&conf);
    ds_destroy(&report);
    howto_destroy(&howto);
    host_destroy(host);
    if (error) {
        ovs_fatal(0, "%s", error);
    }
}

static void
cmd_proxmox(struct ovs_cmdl_context *ctx)
{
    struct host_conf *conf = read_conf();
    struct sriov_nl *nl = open_nl();
    struct host *host = host_read(root, nl);
    char *node = proxmox_node ? xstrdup(proxmox_node) : pve_node(root);
    struct proxmox_request request = {
        .root = root,
        .id = ctx->argc > 1 ? ctx->argv[1] : "network",
        .node = node,
        .pfs = SVEC_EMPTY_INITIALIZER,
    };
    char *wrong;

    for (int i = 2; i < ctx->argc; i++) {
        char *pci;

        svec_add_nocopy(&request.pfs, host_pci_address(ctx->argv[i], &pci)
                        ? pci : xstrdup(ctx->argv[i]));
    }
    wrong = host_proxmox_wrong(&request, host, conf);
    if (wrong) {
        ovs_fatal(0, "%s", wrong);
    }
    if (json_output) {
        print_json(host_proxmox_json(host, conf, &request));
    } else {
        struct ds s = DS_EMPTY_INITIALIZER;

        host_proxmox_text(host, conf, &request, &s);
        fputs(ds_cstr(&s), stdout);
        ds_destroy(&s);
    }
    svec_destroy(&request.pfs);
    free(node);
    host_destroy(host);
    close_nl(nl);
    host_conf_destroy(conf);
}

/* For udev: prints the name that sriov.conf gives to the representor
 * DEVICE. */
static void
cmd_name(struct ovs_cmdl_context *ctx)
{
    struct host_conf *conf = read_conf();
    char *path = xasprintf("%s/sys/class/net/%s", root, ctx->argv[1]);
    char *device = xasprintf("%s/device", path);
    char *pci = sriov_sysfs_target(device);
    char *label = host_read_file("%s/phys_port_name", path);
    char *name = NULL;

    if (pci && label) {
        struct host *host = host_create();
        struct host_pf *pf = host_add_pf(host, pci);

        host_read_ids(root, pf);
        host_add_link(host, pf, ctx->argv[1])->switch_id
            = host_read_file("%s/phys_switch_id", path);
        name = host_pf_switch_id(pf) ? host_name_of(conf, pf, label) : NULL;
        host_destroy(host);
    }
    free(pci);
    free(label);
    free(device);
    free(path);
    host_conf_destroy(conf);
    if (!name || (!*root && strcmp(name, ctx->argv[1])
                  && if_nametoindex(name))) {
        exit(EXIT_FAILURE);
    }
    puts(name);
    free(name);
}

static void cmd_help(struct ovs_cmdl_context *);

static const struct ovs_cmdl_command commands[] = {
    { "list", NULL, 0, 0, cmd_list, OVS_RO },
    { "apply", "[PF]", 0, 1, cmd_apply, OVS_RW },
    { "check", NULL, 0, 0, cmd_check, OVS_RO },
    { "import", NULL, 0, 0, cmd_import, OVS_RO },
    { "proxmox", "[NAME [PF...]]", 0, INT_MAX, cmd_proxmox, OVS_RO },
    { "name", "DEVICE", 1, 1, cmd_name, OVS_RO },
    { "help", NULL, 0, 0, cmd_help, OVS_RO },
    { NULL, NULL, 0, 0, NULL, OVS_RO },
};

static void
usage(FILE *stream)
{
    fprintf(stream, "%s: sets up SR-IOV NICs for Open vSwitch\n"
"usage: %s [OPTION...] COMMAND\n"
"\n"
"Commands:\n"
"  list            the PFs with SR-IOV, and their VFs\n"
"  check           whether SR-IOV with offload can work here, and what to do\n"
"  apply [PF]      make the host, or one PF, as sriov.conf says\n"
"  import          print sriov.conf for what udev rules do now, and say what\n"
"                  can be deleted then\n"
"  proxmox [NAME [PF...]]\n"
"                  print the resource mapping NAME (default: network) of VFs\n"
"                  and stanzas of interfaces, for Proxmox VE\n"
"  name DEVICE     for udev: the name that sriov.conf gives to a representor\n"
"\n"
"Options:\n"
"  -n, --dry-run   apply: only print what would be done\n"
"  --force         apply: disturb also VFs that are in use\n"
"  --node=NAME     proxmox: the name of this node, if it is not the host's\n"
"  --json          list, check, proxmox: print JSON\n"
"  --config=FILE   read FILE (default: %s)\n"
"  --root=DIR      look for the host's files below DIR, and do not ask the\n"
"                  kernel (for tests)\n"
"  -h, --help      print this\n"
"  -V, --version   print the version\n",
            program_name, program_name, conf_path);
}

static void
cmd_help(struct ovs_cmdl_context *ctx OVS_UNUSED)
{
    usage(stdout);
}

static void
parse_options(int argc, char *argv[])
{
    enum {
        OPT_CONFIG = UCHAR_MAX + 1,
        OPT_FORCE,
        OPT_JSON,
        OPT_NODE,
        OPT_ROOT,
    };
    static const struct option options[] = {
        { "config", required_argument, NULL, OPT_CONFIG },
        { "dry-run", no_argument, NULL, 'n' },
        { "force", no_argument, NULL, OPT_FORCE },
        { "help", no_argument, NULL, 'h' },
        { "json", no_argument, NULL, OPT_JSON },
        { "node", required_argument, NULL, OPT_NODE },
        { "root", required_argument, NULL, OPT_ROOT },
        { "version", no_argument, NULL, 'V' },
        { NULL, 0, NULL, 0 },
    };
    int c;

    conf_path = xasprintf("%s/openvswitch/sriov.conf", ovs_sysconfdir());
    while ((c = getopt_long(argc, argv, "nhV", options, NULL)) != -1) {
        switch (c) {
        case OPT_CONFIG:
            free(conf_path);
            conf_path = xstrdup(optarg);
            break;
        case 'n':
            dry_run = true;
            break;
        case OPT_FORCE:
            force = true;
            break;
        case OPT_JSON:
            json_output = true;
            break;
        case OPT_NODE:
            proxmox_node = optarg;
            break;
        case OPT_ROOT:
            root = optarg;
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
}

int
main(int argc, char *argv[])
{
    struct ovs_cmdl_context ctx = { .argc = 0 };

    set_program_name(argv[0]);
    fatal_ignore_sigpipe();
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_WARN);
    vlog_set_levels(NULL, VLF_SYSLOG, VLL_OFF);
    parse_options(argc, argv);

    ctx.argc = argc - optind;
    ctx.argv = argv + optind;
    if (!ctx.argc) {
        usage(stderr);
        exit(EXIT_FAILURE);
    }
    ovs_cmdl_run_command(&ctx, commands);
    free(conf_path);
    return EXIT_SUCCESS;
}

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

/* "ovs-sriov probe": tries on VFs that nobody uses what Open vSwitch relies
 * on, and takes it all back.  See command.h for where this stands.
 *
 *     host --> what is there to try with --> trials --> probe-rule --> kernel
 *                                                  \--> text, JSON
 *
 * A trial is a function that leaves all as it was when it returns.  A signal
 * that is to end the program is looked for between two of them. */

#include <config.h>
#include "sriov/command.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "inventory/netlink.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "packets.h"
#include "sriov/host.h"
#include "sriov/probe-rule.h"
#include "tc.h"
#include "timeval.h"
#include "util.h"

#define VXLAN_NAME "sriov-probe"

enum {
    WAIT_MS = 4000,             /* For a counter; mlx5 reads them once a
                                 * second. */
    CARRIER_MS = 2000,          /* For carrier to come or to go. */
    N_FRAMES = 10,
    VLAN = 4000,
    NO_PROTOCOL = 0x88b5,       /* For local experiments (IEEE 802). */
    WHOLE_MS = 45 * 1000,       /* After that, no PF is begun with. */
    WIDTH = 80,                 /* Of what is printed. */
};

/* What came of one attempt. */
struct outcome {
    char *result;               /* "accepted", "refused", "in hardware", ...;
                                 * NULL: there was none. */
    int error;                  /* If it was refused, else 0. */
    char *words;                /* The kernel's, or NULL. */
};

/* What a trial has found. */
struct finding {
    char *what;
    struct outcome hw;          /* With skip_sw; of rules alone. */
    struct outcome sw;          /* Without, or what there is to say. */
};

/* One run, about one PF. */
struct probe {
    const struct sriov_nl *nl;
    const struct host *host;
    const struct host_pf *pf;
    const struct host_vf *vf;   /* Nobody uses it, and it has a representor. */
    const struct host_vf *other;    /* The same, or NULL. */
    const struct host_pf *other_pf; /* Of the same card, or NULL. */
    const struct host_vf *far;  /* Of 'other_pf', or NULL. */
    sigset_t signals;           /* That end us; blocked. */
    long long int deadline;     /* ms. */

    struct finding *findings;
    size_t n, allocated;
};

static bool
is_ended(const struct probe *p)
{
    sigset_t pending;

    sigpending(&pending);
    for (int i = 1; i < NSIG; i++) {
        if (sigismember(&pending, i) == 1 && sigismember(&p->signals, i)) {
            return true;
        }
    }
    return false;
}

/* Notes what was found; takes what 'hw' and 'sw' point to. */
static void
add_finding(struct probe *p, const char *what, struct outcome hw,
            struct outcome sw)
{
    if (p->n >= p->allocated) {
        p->findings = x2nrealloc(p->findings, &p->allocated,
                                 sizeof *p->findings);
    }
    p->findings[p->n++] = (struct finding) { xstrdup(what), hw, sw };
}

static const struct outcome no_outcome = { NULL, 0, NULL };

/* Notes what there is to say, beside rules; takes 'result'. */
static void
add_found(struct probe *p, const char *what, char *result)
{
    add_finding(p, what, no_outcome, (struct outcome) { result, 0, NULL });
}

/* What came of what the kernel answered; takes 'words'. */
static struct outcome
verdict(int error, char *words)
{
    if (!error) {
        free(words);
        words = NULL;
    }
    return (struct outcome) {
        xstrdup(error ? "refused" : "accepted"), error, words
    };
}

static int
rep_index(const struct host_vf *vf)
{
    return vf ? host_vf_rep(vf)->ifindex : 0;
}

static int
pf_index(const struct host_pf *pf)
{
    return pf && pf->link ? pf->link->ifindex : 0;
}

/* Rules. */

/* An address that no one has: locally administered. */
static const struct eth_addr nobody
    = ETH_ADDR_C(02,53,52,49,4f,56);

/* Tries 'rule' with skip_sw or without, and returns what became of it. */
static struct outcome
try_once(const struct probe_rule *rule, bool skip_sw)
{
    struct probe_rule copy = *rule;
    char *detail = NULL;
    bool in_hw;
    int error;

    copy.skip_sw = skip_sw;
    error = probe_rule_add(&copy, &in_hw, &detail);
    if (error) {
        return verdict(error, detail);
    }
    probe_rule_del(&copy);
    free(detail);
    return (struct outcome) {
        xstrdup(in_hw ? "in hardware" : "in software"), 0, NULL
    };
}

/* Tries 'rule' both ways, where the link has a place for rules; gives it one
 * for that time if not. */
static void
try_rule(struct probe *p, const char *what, const struct probe_rule *rule)
{
    int error;

    if (is_ended(p)) {
        return;
    }
    error = tc_add_del_qdisc(rule->ifindex, true, 0, TC_INGRESS);
    if (error && error != EEXIST) {
        add_finding(p, what, no_outcome, verdict(error, NULL));
        return;
    }
    struct outcome hw = try_once(rule, true);
    struct outcome sw = try_once(rule, false);
    add_finding(p, what, hw, sw);
    if (!error) {
        tc_add_del_qdisc(rule->ifindex, false, 0, TC_INGRESS);
    }
}

static struct probe_rule
rule_at(int ifindex)
{
    return (struct probe_rule) {
        .ifindex = ifindex, .dst = nobody, .ethertype = NO_PROTOCOL,
    };
}

static void
act(struct probe_rule *rule, enum probe_action_type type, int ifindex)
{
    if (rule->n < PROBE_MAX_ACTIONS) {
        rule->actions[rule->n++] = (struct probe_action) {
            .type = type, .ifindex = ifindex, .vid = VLAN,
        };
    }
}

/* Tries what has up to two actions. */
static void
try_simple(struct probe *p, const char *what, int in, uint16_t vid,
           int before, int out)
{
    struct probe_rule rule = rule_at(in);

    if (!in || !out) {
        add_found(p, what, xstrdup("not tried: there is none"));
        return;
    }
    rule.vid = vid;
    if (before >= 0) {
        act(&rule, before, 0);
    }
    act(&rule, PROBE_OUTPUT, out);
    try_rule(p, what, &rule);
}

static void
try_vlans(struct probe *p)
{
    int a = rep_index(p->vf), u = pf_index(p->pf);

    try_simple(p, "VF to uplink, VLAN push", a, 0, PROBE_PUSH, u);
    try_simple(p, "uplink to VF, VLAN pop", u, VLAN, PROBE_POP, a);
    try_simple(p, "VF to uplink, police", a, 0, PROBE_POLICE, u);
}

/* One frame to several outputs. */
static void
try_copies(struct probe *p)
{
    struct probe_rule mirror = rule_at(rep_index(p->vf));
    struct probe_rule flood = rule_at(pf_index(p->pf));
    struct probe_rule split = rule_at(rep_index(p->vf));

    if (p->other) {
        act(&mirror, PROBE_OUTPUT, rep_index(p->other));
        act(&mirror, PROBE_OUTPUT, pf_index(p->pf));
        try_rule(p, "VF to VF and uplink", &mirror);

        act(&split, PROBE_OUTPUT, rep_index(p->other));
        act(&split, PROBE_PUSH, 0);
        act(&split, PROBE_OUTPUT, pf_index(p->pf));
        try_rule(p, "VF to VF, and to uplink with VLAN push", &split);
    }
    for (size_t i = 0; i < p->pf->n_vfs; i++) {
        const struct sriov_link *rep = host_vf_rep(&p->pf->vfs[i]);

        if (rep && flood.n < PROBE_MAX_ACTIONS) {
            act(&flood, PROBE_OUTPUT, rep->ifindex);
        }
    }
    if (flood.n > 1) {
        try_rule(p, "uplink to all VFs", &flood);
    }
}

static void
try_pfs(struct probe *p)
{
    int a = rep_index(p->vf), u = pf_index(p->pf);
    int x = rep_index(p->far), u1 = pf_index(p->other_pf);

    if (!p->other_pf) {
        return;
    }
    try_simple(p, "VF to VF of the other PF", a, 0, -1, x);
    try_simple(p, "VF to the other PF's uplink", a, 0, -1, u1);
    try_simple(p, "the other PF's uplink to VF", u1, 0, -1, a);
    try_simple(p, "uplink to the other PF's uplink", u, 0, -1, u1);
    if (p->pf->link->master) {
        const struct sriov_link *bond
            = sriov_link_bond(p->host->model, p->pf->link);

        if (bond) {
            try_simple(p, "VF to the Linux bond of the uplinks", a, 0, -1,
                       bond->ifindex);
        }
    }
}

static void
try_others(struct probe *p)
{
    struct probe_rule drop = rule_at(rep_index(p->vf));
    struct probe_rule ct = rule_at(rep_index(p->vf));
    int error = probe_vxlan_add(p->nl->route, VXLAN_NAME);

    if (error) {
        add_found(p, "VXLAN to VF, decapsulation",
                  xasprintf("not tried: no device: %s", ovs_strerror(error)));
    } else {
        struct probe_rule decap = rule_at(if_nametoindex(VXLAN_NAME));

        decap.tunnel = true;
        act(&decap, PROBE_OUTPUT, rep_index(p->vf));
        try_rule(p, "VXLAN to VF, decapsulation", &decap);
        probe_vxlan_del(p->nl->route, VXLAN_NAME);
    }
    ct.ethertype = ETHERTYPE_IP;
    act(&ct, PROBE_CT, 0);
    act(&ct, PROBE_GOTO, 0);
    try_rule(p, "connection tracking", &ct);
    try_rule(p, "drop", &drop);
}

/* Settings of the VF, to what they are. */

static int
set_mac(struct probe *p, const char *what, struct eth_addr mac)
{
    char *detail = NULL;
    int error = sriov_nl_set_port_mac(p->nl, p->pf->pci, p->vf->port->index,
                                      mac, &detail);

    add_finding(p, what, no_outcome, verdict(error, detail));
    return error;
}

/* A VF may have none, as those of mlx5 until somebody sets one: it gets one,
 * which is taken back. */
static void
try_mac(struct probe *p)
{
    static const struct eth_addr some = ETH_ADDR_C(02,00,00,00,00,01);

    if (p->vf->has_mac) {
        set_mac(p, "MAC address of a VF", p->vf->mac);
    } else if (!set_mac(p, "MAC address of a VF", some)) {
        set_mac(p, "MAC address of a VF taken back", eth_addr_zero);
    }
}

static void
try_settings(struct probe *p)
{
    struct sriov_vf change = {
        .number = p->vf->number, .trust = -1, .spoofchk = -1
    };
    char *detail = NULL;
    int error;

    if (is_ended(p)) {
        return;
    }
    try_mac(p);
    if (p->vf->has_trust) {
        change.trust = p->vf->trust;
        error = sriov_nl_vf_set(p->nl, pf_index(p->pf), &change,
                                &detail);
        add_finding(p, "trust of a VF", no_outcome, verdict(error, detail));
        change.trust = -1;
    }
    if (p->vf->has_spoofchk) {
        detail = NULL;
        change.spoofchk = p->vf->spoofchk;
        error = sriov_nl_vf_set(p->nl, pf_index(p->pf), &change,
                                &detail);
        add_finding(p, "spoofchk of a VF", no_outcome,
                    verdict(error, detail));
    }
}

/* Carrier and counters, for which the VF's own network device is needed. */

static void
set_link(struct probe *p, int ifindex, bool up)
{
    const struct sriov_link_change change = { .up = up, .down = !up };

    sriov_nl_link_set(p->nl, ifindex, &change, NULL);
}

/* Waits until the carrier of 'netdev' is 'on'.  Returns false if it is not. */
static bool
wait_for_carrier(const char *netdev, bool on)
{
    const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };
    long long int deadline = time_msec() + CARRIER_MS;
    char *path = xasprintf("/sys/class/net/%s", netdev);
    long long int value = -1;

    do {
        if (host_read_number(path, "carrier", &value) && value == on) {
            break;
        }
        value = -1;
        nanosleep(&pause, NULL);
    } while (time_msec() < deadline);
    free(path);
    return value == on;
}

static void
try_carrier(struct probe *p)
{
    const struct sriov_link *rep = host_vf_rep(p->vf);
    bool gone, came;

    if (is_ended(p)) {
        return;
    }
    set_link(p, rep->ifindex, true);
    came = wait_for_carrier(p->vf->netdev, true);
    set_link(p, rep->ifindex, false);
    gone = wait_for_carrier(p->vf->netdev, false);
    set_link(p, rep->ifindex, rep->up);
    add_found(p, "carrier of a VF",
              xstrdup(came && gone ? "follows its representor"
                      : came ? "does not go with its representor"
                      : "does not come with its representor"));
}

/* Sends frames for 'nobody' out of network device 'ifindex'. */
static int
send_frames(int ifindex)
{
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET, .sll_ifindex = ifindex, .sll_halen = ETH_ALEN,
    };
    uint8_t frame[ETH_ZLEN] = { 0 };
    int fd = socket(AF_PACKET, SOCK_RAW, 0);
    int error = fd < 0 ? errno : 0;

    memcpy(frame, nobody.ea, ETH_ALEN);
    frame[ETH_ALEN] = 0x02;
    frame[2 * ETH_ALEN] = NO_PROTOCOL >> 8;
    frame[2 * ETH_ALEN + 1] = NO_PROTOCOL & 0xff;
    for (int i = 0; i < N_FRAMES && !error; i++) {
        if (sendto(fd, frame, sizeof frame, 0, (struct sockaddr *) &address,
                   sizeof address) < 0) {
            error = errno;
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    return error;
}

/* Returns how the counter of 'rule', which is in the NIC, follows frames from
 * network device 'ifindex'. */
static char *
count_frames(const struct probe_rule *rule, int ifindex)
{
    const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };
    long long int begin = time_msec();
    uint64_t packets = 0;
    int error = send_frames(ifindex);

    if (error) {
        return xasprintf("not tried: no frame can be sent: %s",
                         ovs_strerror(error));
    }
    while (time_msec() < begin + WAIT_MS) {
        packets = probe_rule_packets(rule);
        if (packets >= N_FRAMES) {
            return xasprintf("%d of %d after %lld ms", N_FRAMES, N_FRAMES,
                             time_msec() - begin);
        }
        nanosleep(&pause, NULL);
    }
    return xasprintf("%"PRIu64" of %d after %d ms", packets, N_FRAMES,
                     WAIT_MS);
}

static void
try_counters(struct probe *p)
{
    struct probe_rule rule = rule_at(rep_index(p->vf));
    const struct sriov_link *rep = host_vf_rep(p->vf);
    char *detail = NULL, *found;
    bool in_hw;
    int error;

    if (is_ended(p)) {
        return;
    }
    rule.skip_sw = true;
    error = tc_add_del_qdisc(rule.ifindex, true, 0, TC_INGRESS);
    set_link(p, rep->ifindex, true);
    wait_for_carrier(p->vf->netdev, true);
    if (!probe_rule_add(&rule, &in_hw, &detail)) {
        found = count_frames(&rule, if_nametoindex(p->vf->netdev));
        probe_rule_del(&rule);
    } else {
        found = xstrdup("not tried: no rule");
    }
    free(detail);
    add_found(p, "counter of a rule", found);
    set_link(p, rep->ifindex, rep->up);
    if (!error) {
        tc_add_del_qdisc(rule.ifindex, false, 0, TC_INGRESS);
    }
}

static void
try_vf_device(struct probe *p)
{
    char *path = xasprintf("/sys/class/net/%s", p->vf->netdev);
    char *flags_text = host_read_file("%s/flags", path);
    bool up = flags_text && strtoul(flags_text, NULL, 16) & IFF_UP;
    int ifindex = if_nametoindex(p->vf->netdev);

    set_link(p, ifindex, true);
    try_carrier(p);
    try_counters(p);
    if (!up) {
        set_link(p, ifindex, false);
    }
    free(flags_text);
    free(path);
}

/* What there is to try with. */

/* Returns the first VF of 'pf' behind 'after' that has a representor and that
 * nobody uses, or that anybody may use if 'force' is true; or NULL. */
static const struct host_vf *
find_vf(const struct host_pf *pf, const struct host_vf *after, bool force)
{
    for (size_t i = 0; pf && i < pf->n_vfs; i++) {
        const struct host_vf *vf = &pf->vfs[i];

        if (host_vf_rep(vf) && (!vf->user || force)
            && (!after || vf->number > after->number)) {
            return vf;
        }
    }
    return NULL;
}

static const struct host_pf *
find_other_pf(const struct probe *p)
{
    for (size_t i = 0; i < p->host->n; i++) {
        const struct host_pf *pf = p->host->pfs[i];

        if (pf != p->pf && host_pf_switch_id(pf)
            && nullable_string_is_equal(host_pf_switch_id(pf),
                                        host_pf_switch_id(p->pf))) {
            return pf;
        }
    }
    return NULL;
}

/* Tries everything with 'p->pf'. */
static void
run_trials(struct probe *p)
{
    int a = rep_index(p->vf), u = pf_index(p->pf);

    try_settings(p);
    try_simple(p, "VF to uplink", a, 0, -1, u);
    try_simple(p, "uplink to VF", u, 0, -1, a);
    try_simple(p, "VF to VF", a, 0, -1, rep_index(p->other));
    try_vlans(p);
    try_copies(p);
    try_pfs(p);
    try_others(p);
    if (p->vf->netdev) {
        try_vf_device(p);
    }
}

/* Returns why nothing can be tried with 'p->pf', a static string, or NULL. */
static const char *
find_with(struct probe *p, bool force)
{
    if (time_msec() > p->deadline) {
        return "no time is left; run this again with its address";
    } else if (host_pf_mode(p->pf) != SRIOV_MODE_SWITCHDEV) {
        return "not in switchdev mode";
    } else if (!p->pf->link) {
        return "its uplink is not in this network namespace";
    }
    p->vf = find_vf(p->pf, NULL, force);
    if (!p->vf) {
        return "no VF with a representor that nobody uses; stop a VM, or "
               "raise vfs, and run this again, or use --force";
    }
    p->other = find_vf(p->pf, p->vf, force);
    p->other_pf = find_other_pf(p);
    p->far = find_vf(p->other_pf, NULL, force);
    return NULL;
}

/* Printing. */

static struct json *
finding_json(const struct finding *f)
{
    const struct outcome *first = f->hw.result ? &f->hw : &f->sw;
    struct json *json = json_object_create();

    json_object_put_string(json, "what", f->what);
    json_object_put_string(json, f->hw.result ? "skip_sw" : "found",
                           first->result);
    if (first->error) {
        json_object_put(json, "error", json_integer_create(first->error));
    }
    if (first->words) {
        json_object_put_string(json, "words", first->words);
    }
    if (f->hw.result) {
        json_object_put_string(json, "default", f->sw.result);
    }
    return json;
}

/* tests/guest/nic/answers.c reads it. */
static struct json *
findings_json(const struct probe *p, const char *fault)
{
    struct json *json = json_object_create();
    struct json *trials = json_array_create_empty();
    struct utsname kernel;

    uname(&kernel);
    json_object_put_string(json, "pci_address", p->pf->pci);
    json_object_put_format(json, "id", "%04x:%04x", p->pf->vendor,
                           p->pf->device);
    json_object_put_string(json, "kernel", kernel.release);
    json_object_put_string(json, "driver",
                           p->pf->driver ? p->pf->driver : "none");
    if (p->pf->firmware) {
        json_object_put_string(json, "firmware", p->pf->firmware);
    }
    json_object_put_string(json, "mode",
                           sriov_mode_to_string(host_pf_mode(p->pf)));
    if (p->pf->dev && p->pf->dev->can_multiport) {
        json_object_put(json, "multiport",
                        json_boolean_create(p->pf->dev->multiport));
    }
    if (p->pf->steering) {
        json_object_put_string(json, "steering", p->pf->steering);
    }
    if (fault) {
        json_object_put_string(json, "not_tried", fault);
    }
    for (size_t i = 0; i < p->n; i++) {
        json_array_add(trials, finding_json(&p->findings[i]));
    }
    json_object_put(json, "trials", trials);
    return json;
}

static int
compare_findings(const void *a_, const void *b_)
{
    const struct finding *a = a_;
    const struct finding *b = b_;

    return strcasecmp(a->what, b->what);
}

/* Appends 'text' in lines that begin with 'indent' spaces. */
static void
put_wrapped(struct ds *s, int indent, const char *text)
{
    char *copy = xstrdup(text), *save_ptr = NULL;
    size_t column = 0;

    for (char *word = strtok_r(copy, " ", &save_ptr); word;
         word = strtok_r(NULL, " ", &save_ptr)) {
        if (column && column + 1 + strlen(word) > WIDTH) {
            ds_put_char(s, '\n');
            column = 0;
        }
        if (column) {
            ds_put_char(s, ' ');
            column++;
        } else {
            ds_put_char_multiple(s, ' ', indent);
            column = indent;
        }
        ds_put_cstr(s, word);
        column += strlen(word);
    }
    ds_put_char(s, '\n');
    free(copy);
}

/* Appends why 'o' was refused, if it was. */
static void
put_refusal(struct ds *s, const struct outcome *o)
{
    if (o->error) {
        char *text = xasprintf("%s%s%s%s", o->words ? o->words : "",
                               o->words ? " (" : "", ovs_strerror(o->error),
                               o->words ? ")" : "");

        put_wrapped(s, 6, text);
        free(text);
    }
}

static void
put_finding(struct ds *s, const struct finding *f)
{
    ds_put_format(s, "  %-38s", f->what);
    if (f->hw.result) {
        ds_put_format(s, "  %-11s", f->hw.result);
    } else {
        ds_put_format(s, "  %-11s", "-");
    }
    ds_put_format(s, "  %s\n", f->sw.result);
    put_refusal(s, &f->hw);
    /* Most often it is the same again. */
    if (f->sw.error != f->hw.error
        || !nullable_string_is_equal(f->sw.words, f->hw.words)) {
        put_refusal(s, &f->sw);
    }
}

static void
findings_text(const struct probe *p, const char *fault, struct ds *s)
{
    struct utsname kernel;

    uname(&kernel);
    ds_put_format(s, "PF %s: %s\n", p->pf->pci,
                  p->pf->driver ? p->pf->driver : "no driver");
    ds_put_format(s, "  firmware %s\n",
                  p->pf->firmware ? p->pf->firmware : "unknown");
    ds_put_format(s, "  Linux %s\n", kernel.release);
    if (fault) {
        char *text = xasprintf("not tried: %s", fault);

        put_wrapped(s, 2, text);
        free(text);
        return;
    }
    ds_put_format(s, "  tried with VF %u (%s)\n", p->vf->number, p->vf->pci);
    ds_put_format(s, "\n  %-38s  %-11s  %s\n", "what", "skip_sw",
                  "without, or found");
    for (size_t i = 0; i < p->n; i++) {
        put_finding(s, &p->findings[i]);
    }
}

static void
free_outcome(struct outcome *o)
{
    free(o->result);
    free(o->words);
}

static void
free_findings(struct probe *p)
{
    for (size_t i = 0; i < p->n; i++) {
        free(p->findings[i].what);
        free_outcome(&p->findings[i].hw);
        free_outcome(&p->findings[i].sw);
    }
    free(p->findings);
    p->findings = NULL;
    p->n = p->allocated = 0;
}

/* Probes 'p->pf', and appends what was found to 'json' and 's'.  Returns false
 * if nothing could be tried. */
static bool
probe_pf(struct probe *p, bool force, struct json *json, struct ds *s)
{
    const char *fault = find_with(p, force);

    if (!fault) {
        run_trials(p);
        if (p->n) {
            qsort(p->findings, p->n, sizeof *p->findings, compare_findings);
        }
    }
    json_array_add(json, findings_json(p, fault));
    findings_text(p, fault, s);
    free_findings(p);
    return !fault;
}

static int
run(const struct command_args *args)
{
    const char *only = args->n ? args->array[0] : NULL;
    struct sriov_nl *nl = command_connect(args);
    struct host *host = host_read(args->root, nl);
    struct probe p = {
        .nl = nl, .host = host, .deadline = time_msec() + WHOLE_MS
    };
    struct json *json = json_array_create_empty();
    struct ds s = DS_EMPTY_INITIALIZER;
    bool tried = false;
    sigset_t before;

    if (!nl) {
        ovs_fatal(0, "--root has no NIC to try anything with");
    }
    if (only && !host_find_pf(host, only)) {
        ovs_fatal(0, "%s: no such PF; \"ovs-sriov list\" has them", only);
    }
    host_read_details(host, nl);
    probe_rule_init();
    sigemptyset(&p.signals);
    sigaddset(&p.signals, SIGTERM);
    sigaddset(&p.signals, SIGINT);
    sigaddset(&p.signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &p.signals, &before);
    for (size_t i = 0; i < host->n; i++) {
        p.pf = host->pfs[i];
        if ((!only || !strcmp(only, p.pf->pci)) && !is_ended(&p)) {
            tried |= probe_pf(&p, args->force, json, &s);
        }
    }
    if (!host->n) {
        ds_put_cstr(&s, "no PF with SR-IOV; \"ovs-sriov check\" says why\n");
    }
    /* All is taken back: from here on they may. */
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (args->json) {
        command_print_json(json);
        ds_destroy(&s);
    } else {
        json_destroy(json);
        command_print_text(&s);
    }
    host_destroy(host);
    command_disconnect(nl);
    return tried ? EXIT_SUCCESS : EXIT_FAILURE;
}

const struct command probe_command = {
    .name = "probe",
    .args = "[PF]",
    .max_args = 1,
    .options = COMMAND_JSON | COMMAND_FORCE,
    .help = "try on a VF that nobody uses what NIC and driver accept, and\n"
            "take it back; send its --json with a bug report",
    .run = run,
};

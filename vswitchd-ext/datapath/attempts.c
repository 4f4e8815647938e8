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


/* See attempts.h for where this stands. */

#include <config.h>
#include "attempts.h"
#include "../compat.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "coverage.h"
#include "dpif.h"
#include "hash.h"
#include "netlink.h"
#include "openvswitch/hmap.h"
#include "openvswitch/list.h"
#include "ovs-atomic.h"
#include "timeval.h"
#include "util.h"

COVERAGE_DEFINE(sriov_offload_taken);
COVERAGE_DEFINE(sriov_offload_not_taken);

DEFINE_EXTERN_PER_THREAD_DATA(sriov_attempting, false);

/* What was said in this thread since its attempt began. */
struct said {
    int error;                  /* Of the filter that was refused, or 0. */
    bool by_driver;             /* One of DPDK's refused the flow. */
    bool in_part;               /* It took no more than a mark for it. */
    char kernel[SRIOV_SAID_SIZE];       /* About a refusal, or "". */
    char ovs[SRIOV_SAID_SIZE];
};
DEFINE_STATIC_PER_THREAD_DATA(struct said, said, { .error = 0 });

/* A text that was said, of as many flows as 'refs' says. */
struct text {
    struct hmap_node node;      /* In 'attempts.texts', by hash of 'string'. */
    size_t refs;
    char string[];
};

struct record {
    struct hmap_node node;      /* In 'attempts.records', by UFID. */
    struct ovs_list list_node;  /* In 'attempts.order'. */
    ovs_u128 ufid;
    const char *type;           /* Of the datapath. */
    struct text *text;          /* NULL if nothing was said. */
    enum sriov_said said;
    int error;
    unsigned int times;
    long long int first, last;
};

/* Four times as many as records at most, so that few flows without a record
 * are taken to have one. */
enum { CROWD_BITS = 18, CROWD_MANY = UINT8_MAX };
BUILD_ASSERT_DECL(1 << CROWD_BITS == 4 * SRIOV_ATTEMPTS_MAX);

/* The only ones, for the hooks, which are given none. */
static struct {
    struct ovs_mutex mutex;     /* Guards all that follows, which only its
                                 * holder changes. */
    struct hmap records;
    struct ovs_list order;      /* Records, the oldest first. */
    struct hmap texts;
    size_t n_refused;           /* Records with SRIOV_SAID_KERNEL. */

    /* How many records have a UFID of each hash_crowd(), or CROWD_MANY or
     * more.  Read without the mutex: most flows that are modified or deleted
     * are in an empty one, and cost no more than to look here. */
    atomic_uint8_t crowds[1 << CROWD_BITS];
} attempts = {
    .mutex = OVS_MUTEX_INITIALIZER,
    .records = HMAP_INITIALIZER(&attempts.records),
    .order = OVS_LIST_INITIALIZER(&attempts.order),
    .texts = HMAP_INITIALIZER(&attempts.texts),
};

/* Texts. */

/* Returns 'string' as a text that the caller has to give back with
 * text_unref(), or NULL if it is empty. */
static struct text *
text_ref(const char *string)
{
    uint32_t hash = hash_string(string, 0);
    size_t size = strlen(string) + 1;
    struct text *text;

    if (size == 1) {
        return NULL;
    }
    HMAP_FOR_EACH_WITH_HASH (text, node, hash, &attempts.texts) {
        if (!strcmp(text->string, string)) {
            text->refs++;
            return text;
        }
    }
    text = xmalloc(sizeof *text + size);
    text->refs = 1;
    memcpy(text->string, string, size);
    hmap_insert(&attempts.texts, &text->node, hash);
    return text;
}

static void
text_unref(struct text *text)
{
    if (text && !--text->refs) {
        hmap_remove(&attempts.texts, &text->node);
        free(text);
    }
}

/* Records. */

/* A UFID is a hash already. */
static uint32_t
hash_ufid(const ovs_u128 *ufid)
{
    return ufid->u32[0];
}

static atomic_uint8_t *
crowd_of(const ovs_u128 *ufid)
{
    return &attempts.crowds[ufid->u32[1] >> (32 - CROWD_BITS)];
}

/* Takes down that there is one record more, or less, with a UFID like 'ufid'.
 * What has become CROWD_MANY stays. */
static void
crowd_change(const ovs_u128 *ufid, int change)
{
    uint8_t n;

    atomic_read_relaxed(crowd_of(ufid), &n);
    if (n != CROWD_MANY) {
        atomic_store_relaxed(crowd_of(ufid), n + change);
    }
}

/* Returns false if 'ufid' has no record, true if it may have one. */
static bool
may_be_on_record(const ovs_u128 *ufid)
{
    uint8_t n;

    atomic_read_relaxed(crowd_of(ufid), &n);
    return n > 0;
}

static struct record *
find(const ovs_u128 *ufid)
{
    struct record *r;

    HMAP_FOR_EACH_WITH_HASH (r, node, hash_ufid(ufid), &attempts.records) {
        if (ovs_u128_equals(r->ufid, *ufid)) {
            return r;
        }
    }
    return NULL;
}

/* Takes out of 'r' what was said. */
static void
clear_said(struct record *r)
{
    attempts.n_refused -= r->said == SRIOV_SAID_KERNEL;
    text_unref(r->text);
}

static void
delete(struct record *r)
{
    clear_said(r);
    crowd_change(&r->ufid, -1);
    hmap_remove(&attempts.records, &r->node);
    ovs_list_remove(&r->list_node);
    free(r);
}

static struct record *
new_record(const char *type, const ovs_u128 *ufid)
{
    struct record *r;

    if (hmap_count(&attempts.records) >= SRIOV_ATTEMPTS_MAX) {
        delete(CONTAINER_OF(ovs_list_front(&attempts.order), struct record,
                            list_node));
    }
    r = xzalloc(sizeof *r);
    r->ufid = *ufid;
    r->type = type;
    r->first = time_msec();
    crowd_change(ufid, 1);
    hmap_insert(&attempts.records, &r->node, hash_ufid(ufid));
    ovs_list_push_back(&attempts.order, &r->list_node);
    return r;
}

/* Takes down that the flow 'ufid' was tried in vain. */
static void
take_down(const char *type, const ovs_u128 *ufid, int error)
{
    const struct said *said = said_get();
    bool refused = said->by_driver || said->error == error;
    const char *string = refused ? said->kernel : said->ovs;
    struct record *r;

    ovs_mutex_lock(&attempts.mutex);
    r = find(ufid);
    if (!r) {
        r = new_record(type, ufid);
    }
    clear_said(r);
    r->text = text_ref(string);
    r->said = (refused ? SRIOV_SAID_KERNEL
               : string[0] ? SRIOV_SAID_OVS : SRIOV_SAID_NOTHING);
    attempts.n_refused += refused;
    r->error = error;
    r->times++;
    r->last = time_msec();
    ovs_mutex_unlock(&attempts.mutex);
}

/* Hooks. */

bool
sriov_attempt_is_vain(const struct dpif *dpif, const struct dpif_flow_put *put)
{
    const struct nlattr *in_port = nl_attr_find__(put->key, put->key_len,
                                                  OVS_KEY_ATTR_IN_PORT);

    return (in_port
            && !sriov_compat_port_offloads(dpif,
                                           nl_attr_get_odp_port(in_port)));
}

void
sriov_attempt_begin(void)
{
    struct said *said = said_get();

    said->error = 0;
    said->by_driver = said->in_part = false;
    said->kernel[0] = said->ovs[0] = '\0';
    *sriov_attempting_get() = true;
}

int
sriov_attempt_end(const char *type, const ovs_u128 *ufid, unsigned int flags,
                  int error)
{
    *sriov_attempting_get() = false;
    if (!error && said_get()->in_part) {
        COVERAGE_INC(sriov_offload_not_taken);
        take_down(type, ufid, EOPNOTSUPP);
    } else if (!error) {
        COVERAGE_INC(sriov_offload_taken);
        if (flags & DPIF_FP_MODIFY) {
            /* Only such a one can have been tried in vain before. */
            sriov_attempt_forget(ufid);
        }
    } else if (error != EEXIST && !(flags & DPIF_FP_PROBE)) {
        COVERAGE_INC(sriov_offload_not_taken);
        take_down(type, ufid, error < 0 ? -error : error);
    }
    return error;
}

void
sriov_attempt_forget(const ovs_u128 *ufid)
{
    if (ufid && may_be_on_record(ufid)) {
        struct record *r;

        ovs_mutex_lock(&attempts.mutex);
        r = find(ufid);
        if (r) {
            delete(r);
        }
        ovs_mutex_unlock(&attempts.mutex);
    }
}

void
sriov_attempts_flush(const char *type)
{
    struct record *r, *next;

    ovs_mutex_lock(&attempts.mutex);
    LIST_FOR_EACH_SAFE (r, next, list_node, &attempts.order) {
        if (!strcmp(r->type, type)) {
            delete(r);
        }
    }
    ovs_mutex_unlock(&attempts.mutex);
}

void
sriov_attempt_refused(const struct ofpbuf *request, int error,
                      const char *text)
{
    if (*sriov_attempting_get()
        && nl_msg_nlmsghdr(request)->nlmsg_type == RTM_NEWTFILTER) {
        struct said *said = said_get();

        said->error = error < 0 ? -error : error;
        ovs_strlcpy(said->kernel, text ? text : "", sizeof said->kernel);
    }
}

void
sriov_attempt_by_driver(bool taken, bool transfer, const char *text)
{
    struct said *said = said_get();

    if (!*sriov_attempting_get()) {
        return;
    } else if (taken) {
        said->in_part = !transfer;
    } else if (!said->by_driver && (transfer || !said->ovs[0])) {
        /* What Open vSwitch said before is why only a mark was tried. */
        said->by_driver = true;
        ovs_strlcpy(said->kernel, text ? text : "", sizeof said->kernel);
    }
}

/* Returns true for a message that says what is done, or what the driver said
 * already, not what is wrong. */
static bool
is_progress(const char *format)
{
    static const char *const starts[] = {
        "flow get", "tunnel: id", "updating old handle", "vlan_id[",
        "vlan_prio[", "%s: rte_flow ", "%s: Failed flow", "%s/%s: rte_flow ",
    };

    for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
        if (!strncmp(format, starts[i], strlen(starts[i]))) {
            return true;
        }
    }
    return false;
}

void
sriov_attempt_logged(const char *format, ...)
{
    struct said *said = said_get();

    if (!strncmp(format, "%s: matches of ufid", 19)) {
        /* Each flow has another UFID. */
        ovs_strlcpy(said->ovs, "matches of this flow are not supported",
                    sizeof said->ovs);
    } else if (!is_progress(format)) {
        va_list args;

        va_start(args, format);
        vsnprintf(said->ovs, sizeof said->ovs, format, args);
        va_end(args);
    }
}

/* The rest of the module. */

bool
sriov_attempts_get(const ovs_u128 *ufid, struct sriov_attempt *attempt)
{
    const struct record *r;

    ovs_mutex_lock(&attempts.mutex);
    r = find(ufid);
    if (r) {
        attempt->error = r->error;
        attempt->said = r->said;
        attempt->times = r->times;
        attempt->first = r->first;
        attempt->last = r->last;
        ovs_strlcpy(attempt->text, r->text ? r->text->string : "",
                    sizeof attempt->text);
    }
    ovs_mutex_unlock(&attempts.mutex);
    return r != NULL;
}

void
sriov_attempts_count(size_t *n, size_t *n_refused, size_t *n_texts)
{
    ovs_mutex_lock(&attempts.mutex);
    *n = hmap_count(&attempts.records);
    *n_refused = attempts.n_refused;
    *n_texts = hmap_count(&attempts.texts);
    ovs_mutex_unlock(&attempts.mutex);
}

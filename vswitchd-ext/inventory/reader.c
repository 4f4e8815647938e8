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

/* See reader.h for where this stands. */

#include <config.h>
#include "inventory/reader.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>

#include "inventory/model.h"
#include "inventory/source.h"
#include "latch.h"
#include "openvswitch/list.h"
#include "openvswitch/poll-loop.h"
#include "ovs-rcu.h"
#include "ovs-thread.h"
#include "timeval.h"
#include "util.h"

/* How long the end of ovs-vswitchd waits for the thread, in ms. */
#define EXIT_WAIT 1000

/* A link to set, and then what became of it. */
struct request {
    struct ovs_list node;
    struct sriov_link link;     /* 'name' is that of 'result'. */
    struct sriov_link_result *result;
};

/* Belongs to the thread from its start to its end. */
struct job {
    struct sriov_source *source;
    struct ovs_list requests;   /* Contains "struct request"s. */
    bool reads;
    struct sriov_model *model;  /* What was read, or NULL. */
    struct latch ended;         /* Set by the thread, last of all. */
};

struct sriov_reader {
    struct sriov_source *source;
    struct job *job;            /* Under way, or NULL... */
    pthread_t thread;           /* ...in this thread... */
    long long int since;        /* ...since then, in ms. */

    struct ovs_list requests;   /* For the next job. */
    struct ovs_list results;    /* "struct request"s that were dealt with. */

    bool has_model;             /* A reading has ended... */
    struct sriov_model *model;  /* ...with this, or NULL... */
    long long int took;         /* ...after so many ms. */
};

static void
request_destroy(struct request *request)
{
    sriov_link_result_destroy(request->result);
    free(request);
}

static void
requests_destroy(struct ovs_list *requests)
{
    struct request *request;

    LIST_FOR_EACH_POP (request, node, requests) {
        request_destroy(request);
    }
}

static void
job_do(struct job *job)
{
    const struct sriov_source_class *class = job->source->class;
    struct request *request;

    LIST_FOR_EACH (request, node, &job->requests) {
        struct sriov_link_result *result = request->result;

        if (result->up || result->hw_tc) {
            result->error = class->set_link(
                job->source, &request->link, result->up, result->hw_tc,
                &result->step, &result->detail);
        }
        if (result->policer) {
            result->policer_error = class->read_policer(
                job->source, result->ifindex, &result->policer_in_hw);
        }
    }
    if (job->reads) {
        job->model = class->read(job->source);
    }
}

static void *
job_main(void *job_)
{
    struct job *job = job_;

    /* Nobody has to wait for us. */
    ovsrcu_quiesce_start();
    job_do(job);
    latch_set(&job->ended);
    return NULL;
}

/* Takes over what the job made, whose thread, if there was one, has ended. */
static void
job_finish(struct sriov_reader *reader)
{
    struct job *job = reader->job;

    reader->job = NULL;
    ovs_list_push_back_all(&reader->results, &job->requests);
    if (job->reads) {
        reader->source->class->done(reader->source, job->model);
        sriov_model_destroy(reader->model);
        reader->model = job->model;
        reader->has_model = true;
        reader->took = time_msec() - reader->since;
    }
    latch_destroy(&job->ended);
    free(job);
}

static void
job_start(struct sriov_reader *reader, bool reads)
{
    struct job *job = xzalloc(sizeof *job);

    ovs_assert(!reader->job);
    job->source = reader->source;
    job->reads = reads;
    ovs_list_init(&job->requests);
    ovs_list_push_back_all(&job->requests, &reader->requests);
    latch_init(&job->ended);
    if (reads) {
        reader->source->class->begin(reader->source);
    }
    reader->job = job;
    reader->since = time_msec();
    if (reader->source->class->waits) {
        reader->thread = ovs_thread_create("sriov_reader", job_main, job);
    } else {
        job_do(job);
        job_finish(reader);
    }
}

struct sriov_reader *
sriov_reader_create(const struct sriov_source_class *class)
{
    struct sriov_source *source;
    struct sriov_reader *reader;

    if (class->open(&source)) {
        return NULL;
    }
    reader = xzalloc(sizeof *reader);
    reader->source = source;
    ovs_list_init(&reader->requests);
    ovs_list_init(&reader->results);
    return reader;
}

void
sriov_reader_destroy(struct sriov_reader *reader)
{
    if (!reader) {
        return;
    }
    sriov_reader_block(reader, time_msec() + EXIT_WAIT);
    if (reader->job) {
        /* It still uses the source. */
        pthread_detach(reader->thread);
    } else {
        reader->source->class->close(reader->source);
    }
    requests_destroy(&reader->requests);
    requests_destroy(&reader->results);
    sriov_model_destroy(reader->model);
    free(reader);
}

/* Takes over what the job made, if it has ended. */
static void
job_poll(struct sriov_reader *reader)
{
    if (reader->job && latch_poll(&reader->job->ended)) {
        xpthread_join(reader->thread, NULL);
        job_finish(reader);
    }
}

bool
sriov_reader_run(struct sriov_reader *reader,
                 const struct sriov_model *current)
{
    job_poll(reader);
    sriov_reader_flush(reader);
    /* What was read just now and not taken yet is newer than 'current'. */
    return reader->source->class->run(reader->source,
                                      reader->model ? reader->model : current);
}

void
sriov_reader_wait(struct sriov_reader *reader)
{
    reader->source->class->wait(reader->source);
    if (reader->job) {
        latch_wait(&reader->job->ended);
    } else if (reader->has_model || !ovs_list_is_empty(&reader->requests)
               || !ovs_list_is_empty(&reader->results)) {
        poll_immediate_wake();
    }
}

void
sriov_reader_block(struct sriov_reader *reader, long long int deadline)
{
    job_poll(reader);
    while (reader->job && time_msec() < deadline) {
        latch_wait(&reader->job->ended);
        poll_timer_wait_until(deadline);
        poll_block();
        job_poll(reader);
    }
}

void
sriov_reader_start(struct sriov_reader *reader)
{
    job_start(reader, true);
}

bool
sriov_reader_is_busy(const struct sriov_reader *reader)
{
    return reader->job != NULL;
}

long long int
sriov_reader_since(const struct sriov_reader *reader)
{
    return reader->job && reader->job->reads ? reader->since : LLONG_MAX;
}

bool
sriov_reader_take(struct sriov_reader *reader, struct sriov_model **modelp,
                  long long int *took)
{
    bool has_model = reader->has_model;

    *modelp = reader->model;
    *took = reader->took;
    reader->model = NULL;
    reader->has_model = false;
    return has_model;
}

void
sriov_reader_set_link(struct sriov_reader *reader, const char *key,
                      const struct sriov_link *link, bool up, bool hw_tc,
                      bool policer)
{
    struct request *request = xzalloc(sizeof *request);
    struct sriov_link_result *result = xzalloc(sizeof *result);

    result->key = xstrdup(key);
    result->name = xstrdup(link->name);
    result->ifindex = link->ifindex;
    result->up = up;
    result->hw_tc = hw_tc;
    result->policer = policer;
    request->result = result;
    request->link.name = result->name;
    request->link.ifindex = link->ifindex;
    request->link.up = link->up;
    request->link.has_hw_tc = link->has_hw_tc;
    request->link.hw_tc = link->hw_tc;
    ovs_list_push_back(&reader->requests, &request->node);
}

bool
sriov_reader_sets_links(const struct sriov_reader *reader)
{
    return (!ovs_list_is_empty(&reader->requests)
            || !ovs_list_is_empty(&reader->results)
            || (reader->job && !ovs_list_is_empty(&reader->job->requests)));
}

void
sriov_reader_flush(struct sriov_reader *reader)
{
    if (!reader->job && !ovs_list_is_empty(&reader->requests)) {
        job_start(reader, false);
    }
}

struct sriov_link_result *
sriov_reader_next_result(struct sriov_reader *reader)
{
    struct sriov_link_result *result;
    struct request *request;

    if (ovs_list_is_empty(&reader->results)) {
        return NULL;
    }
    request = CONTAINER_OF(ovs_list_pop_front(&reader->results),
                           struct request, node);
    result = request->result;
    free(request);
    return result;
}

void
sriov_link_result_destroy(struct sriov_link_result *result)
{
    if (result) {
        free(result->key);
        free(result->name);
        free(result->detail);
        free(result);
    }
}

enum sriov_offload
sriov_reader_offload(const struct sriov_reader *reader, int ifindex)
{
    return reader->source->class->offload(reader->source, ifindex);
}

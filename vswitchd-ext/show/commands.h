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

#ifndef SRIOV_COMMANDS_H
#define SRIOV_COMMANDS_H 1

/* The commands of ovs-appctl: sriov/show, sriov/why and sriov/resync.
 *
 *     ovs-appctl --> COMMANDS --> show, survey, why
 *
 * They ask the owner of the model through the functions below, and nobody
 * waits for the kernel.  All functions are called in ovs-vswitchd's main
 * thread. */

#include <stdbool.h>

struct sriov_commands;
struct sriov_show;

struct sriov_commands_class {
    /* Fills in 'show' but for 'name', 'flows', 'counters' and 'survey'.  What
     * it points to has to stay until 'end'. */
    void (*begin)(void *aux, struct sriov_show *);
    void (*end)(void *aux, struct sriov_show *);

    /* Returns true if there are representors that the kernel counts for. */
    bool (*has_counters)(void *aux);

    /* Takes over the counters that 'show' has. */
    void (*count)(void *aux, const struct sriov_show *show);

    /* Has everything read again.  Returns true, and in '*reading' the number
     * of the reading that will have all that is there now, or false if the
     * kernel cannot be asked. */
    bool (*resync)(void *aux, unsigned int *reading);
};

/* Registers the commands. */
struct sriov_commands *sriov_commands_create(
    const struct sriov_commands_class *, void *aux);

/* Leaves those who wait for a reply without one: to be called after
 * unixctl_server_destroy(). */
void sriov_commands_destroy(struct sriov_commands *);

/* Replies to those sriov/show and sriov/why whose survey has ended. */
void sriov_commands_run(struct sriov_commands *);

/* Arranges for poll_block() to wake up when sriov_commands_run() has something
 * to do. */
void sriov_commands_wait(const struct sriov_commands *);

/* Returns true if a sriov/resync waits for the reading with this number. */
bool sriov_commands_wait_for(const struct sriov_commands *,
                             unsigned int reading);

/* The reading with this number has ended, with a model: replies to those
 * sriov/resync that wait for it. */
void sriov_commands_have_read(struct sriov_commands *, unsigned int reading);

#endif /* commands.h */

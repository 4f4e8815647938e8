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

/* See vm-watch.h for where this stands. */

#include <config.h>
#include "sriov/vm-watch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hash.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/shash.h"
#include "openvswitch/vlog.h"
#include "sriov/host.h"
#include "sset.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(sriov_vm_watch);

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434      /* Linux 5.3; the same everywhere. */
#endif

/* Polling it says that something was mounted or unmounted (proc(5)). */
#define MOUNTS "/proc/self/mountinfo"

/* When vm_watch_again() has it look again, in ms. */
#define AGAIN_DELAY 2000

/* A folder. */
struct dir {
    int wd;                     /* Of inotify. */
    bool all;                   /* All of its files, or... */
    struct sset names;          /* ...these. */
    bool asked;                 /* In this round. */
};

struct process {
    int fd;                     /* A pidfd. */
    bool asked;
    bool told;                  /* vm_watch_run() told of its end. */
};

struct vm_watch {
    int inotify;
    int mounts_fd;              /* Or negative. */
    char *mounts;               /* What MOUNTS said last. */
    struct shash dirs;          /* "struct dir", by path. */
    struct shash processes;     /* "struct process", by number. */
    long long int again;        /* In ms, or LLONG_MAX. */
};

static char *
read_mounts(void)
{
    char *mounts = host_read_file(MOUNTS);

    return mounts ? mounts : xstrdup("");
}

struct vm_watch *
vm_watch_create(void)
{
    struct vm_watch *w = xzalloc(sizeof *w);

    w->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (w->inotify < 0) {
        VLOG_FATAL("inotify: %s", ovs_strerror(errno));
    }
    w->mounts_fd = open(MOUNTS, O_RDONLY | O_CLOEXEC);
    w->mounts = read_mounts();
    shash_init(&w->dirs);
    shash_init(&w->processes);
    w->again = LLONG_MAX;
    return w;
}

static void
remove_dir(struct vm_watch *w, struct shash_node *node)
{
    struct dir *dir = node->data;

    inotify_rm_watch(w->inotify, dir->wd);
    sset_destroy(&dir->names);
    free(dir);
    shash_delete(&w->dirs, node);
}

static void
remove_process(struct vm_watch *w, struct shash_node *node)
{
    struct process *process = node->data;

    close(process->fd);
    free(process);
    shash_delete(&w->processes, node);
}

void
vm_watch_begin(struct vm_watch *w)
{
    struct shash_node *node;

    free(w->mounts);
    w->mounts = read_mounts();
    w->again = LLONG_MAX;
    SHASH_FOR_EACH (node, &w->dirs) {
        struct dir *dir = node->data;

        dir->asked = false;
        dir->all = false;
        sset_clear(&dir->names);
    }
    SHASH_FOR_EACH (node, &w->processes) {
        struct process *process = node->data;

        process->asked = false;
    }
}

void
vm_watch_end(struct vm_watch *w)
{
    struct shash_node *node;

    SHASH_FOR_EACH_SAFE (node, &w->dirs) {
        struct dir *dir = node->data;

        if (!dir->asked) {
            remove_dir(w, node);
        }
    }
    SHASH_FOR_EACH_SAFE (node, &w->processes) {
        struct process *process = node->data;

        if (!process->asked) {
            remove_process(w, node);
        }
    }
}

void
vm_watch_destroy(struct vm_watch *w)
{
    vm_watch_begin(w);
    vm_watch_end(w);
    shash_destroy(&w->dirs);
    shash_destroy(&w->processes);
    close(w->inotify);
    if (w->mounts_fd >= 0) {
        close(w->mounts_fd);
    }
    free(w->mounts);
    free(w);
}

/* Files. */

/* Adds 'path', a folder.  Returns NULL if there is none. */
static struct dir *
add_dir(struct vm_watch *w, const char *path)
{
    struct dir *dir = shash_find_data(&w->dirs, path);
    int wd = inotify_add_watch(w->inotify, path, IN_CLOSE_WRITE | IN_MOVED_TO
                               | IN_MOVED_FROM | IN_DELETE | IN_CREATE
                               | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR);

    if (wd < 0) {
        if (errno != ENOENT && errno != ENOTDIR) {
            VLOG_WARN("%s: cannot be watched: %s", path, ovs_strerror(errno));
        }
        return NULL;
    }
    if (!dir) {
        dir = xzalloc(sizeof *dir);
        sset_init(&dir->names);
        shash_add(&w->dirs, path, dir);
    }
    dir->wd = wd;
    dir->asked = true;
    return dir;
}

void
vm_watch_file(struct vm_watch *w, const char *dir_name, const char *name)
{
    struct dir *dir = add_dir(w, dir_name);

    if (!dir) {
        char *parent = dir_name[0] == '/' ? xstrdup(dir_name) : NULL;
        char *slash = parent ? strrchr(parent, '/') : NULL;

        if (slash && slash[1]) {
            slash[slash == parent] = '\0';
            vm_watch_file(w, parent, strrchr(dir_name, '/') + 1);
        }
        free(parent);
    } else if (name) {
        sset_add(&dir->names, name);
    } else {
        dir->all = true;
    }
}

/* Returns true if 'event' is about what is watched. */
static bool
is_asked_for(const struct vm_watch *w, const struct inotify_event *event)
{
    const struct shash_node *node;

    if (event->mask & IN_Q_OVERFLOW) {
        return true;
    }
    SHASH_FOR_EACH (node, &w->dirs) {
        const struct dir *dir = node->data;

        if (dir->wd == event->wd) {
            return (dir->all || !event->len
                    || sset_contains(&dir->names, event->name));
        }
    }
    return false;
}

static bool
run_files(struct vm_watch *w)
{
    union {
        struct inotify_event event;
        char bytes[4096];
    } buffer;
    bool changed = false;
    ssize_t n;

    while ((n = read(w->inotify, &buffer, sizeof buffer)) > 0) {
        for (char *p = buffer.bytes; p < buffer.bytes + n; ) {
            const struct inotify_event *event
                = ALIGNED_CAST(const struct inotify_event *, p);

            changed |= is_asked_for(w, event);
            p += sizeof *event + event->len;
        }
    }
    return changed;
}

/* Mounts.  inotify says when a file system goes, but not when one is mounted
 * on a folder that is watched, as when pmxcfs starts. */

/* Returns true if a folder that is watched is 'point', which is not "/", or is
 * below it. */
static bool
is_below(const struct vm_watch *w, const char *point)
{
    size_t n = strlen(point);
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &w->dirs) {
        if (!strncmp(node->name, point, n)
            && (!node->name[n] || node->name[n] == '/')) {
            return true;
        }
    }
    return false;
}

/* Returns a hash of what 'mounts', as MOUNTS has it, says of the mounts that
 * folders that are watched are below. */
static uint32_t
hash_mounts(const struct vm_watch *w, const char *mounts)
{
    char *copy = xstrdup(mounts);
    char *save_ptr = NULL;
    uint32_t hash = 0;

    for (char *line = strtok_r(copy, "\n", &save_ptr); line;
         line = strtok_r(NULL, "\n", &save_ptr)) {
        char point[PATH_MAX];

        if (ovs_scan(line, "%*d %*d %*s %*s %4095s", point)
            && is_below(w, point)) {
            hash = hash_string(line, hash);
        }
    }
    free(copy);
    return hash;
}

/* Looks at no mounted file system, which could hang. */
static bool
run_mounts(struct vm_watch *w)
{
    char *mounts = read_mounts();
    bool changed = (strcmp(mounts, w->mounts)
                    && hash_mounts(w, mounts) != hash_mounts(w, w->mounts));

    free(w->mounts);
    w->mounts = mounts;
    return changed;
}

/* Processes. */

static bool
has_ended(const struct process *process)
{
    struct pollfd pfd = { .fd = process->fd, .events = POLLIN };

    return poll(&pfd, 1, 0) != 0;
}

bool
vm_watch_process(struct vm_watch *w, pid_t pid)
{
    char *key = xasprintf("%ld", (long int) pid);
    struct shash_node *node = shash_find(&w->processes, key);
    struct process *process;

    if (node && has_ended(node->data)) {
        /* The number may be another one's by now. */
        remove_process(w, node);
        node = NULL;
    }
    if (!node) {
        int fd = pid > 0 ? syscall(SYS_pidfd_open, pid, 0) : -1;

        if (fd < 0) {
            free(key);
            return false;
        }
        process = xzalloc(sizeof *process);
        process->fd = fd;
        node = shash_add(&w->processes, key, process);
    }
    process = node->data;
    process->asked = true;
    free(key);
    return !has_ended(process);
}

bool
vm_watch_is_alive(const struct vm_watch *w, pid_t pid)
{
    char *key = xasprintf("%ld", (long int) pid);
    struct process *process = shash_find_data(&w->processes, key);

    free(key);
    return process && !has_ended(process);
}

void
vm_watch_again(struct vm_watch *w)
{
    w->again = time_msec() + AGAIN_DELAY;
}

bool
vm_watch_run(struct vm_watch *w)
{
    bool changed = run_files(w) | run_mounts(w);
    struct shash_node *node;

    if (time_msec() >= w->again) {
        w->again = LLONG_MAX;
        changed = true;
    }

    SHASH_FOR_EACH (node, &w->processes) {
        struct process *process = node->data;

        if (!process->told && has_ended(process)) {
            process->told = true;
            changed = true;
        }
    }
    return changed;
}

void
vm_watch_wait(const struct vm_watch *w)
{
    struct shash_node *node;

    poll_fd_wait(w->inotify, POLLIN);
    if (w->mounts_fd >= 0) {
        poll_fd_wait(w->mounts_fd, POLLPRI);
    }
    if (w->again != LLONG_MAX) {
        poll_timer_wait_until(w->again);
    }
    SHASH_FOR_EACH (node, &w->processes) {
        const struct process *process = node->data;

        if (!process->told) {
            poll_fd_wait(process->fd, POLLIN);
        }
    }
}

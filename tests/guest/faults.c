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

/* A library to be preloaded, with which the kernel's answer to a request by
 * netlink goes wrong.
 *
 * $FAULTS names a file with one line, "SERIAL NUMBER FAULT", which says what
 * becomes of the NUMBER-th request, from 1, that is sent after SERIAL was read
 * for the first time.  Each request is noted in $FAULTS.log: "SERIAL NUMBER
 * REQUEST FAULT", where FAULT is "-" for those that are let through.
 *
 *     errno name   the request does not reach the kernel, whose answer is this
 *     missing      the kernel does it, and no answer comes
 *     rest         the first message of the answer comes, and nothing more
 *     overtaken    the answer comes when nobody waits for it any more, so that
 *                  the next request has it before its own
 *     late         the answer takes two seconds
 *     cut          half of the first message comes
 *     truncated    the first message does not fit the buffer
 *     short        an error comes that is too short to say which one
 *     lost         the kernel says that the socket's buffer was full
 *
 * Only requests count whose sockets have a limit for how long an answer may
 * take: that is how Open vSwitch's own, which wait for ever, differ from those
 * of what is tested.  Nobody waits here until that limit is reached. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { MAX_FD = 4096 };

/* What is to become of the answer at a socket. */
struct pending {
    char fault[16];             /* Or "". */
    struct nlmsghdr request;
    bool begun;                 /* Its first message has come. */
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct pending sockets[MAX_FD];
static char serial[16];
static unsigned int n_requests;

static const struct {
    const char *name;
    int error;
} errors[] = {
    { "EBUSY", EBUSY }, { "ENOMEM", ENOMEM }, { "EINVAL", EINVAL },
};

typedef ssize_t sendmsg_func(int, const struct msghdr *, int);
typedef ssize_t recvmsg_func(int, struct msghdr *, int);

static ssize_t
real_sendmsg(int fd, const struct msghdr *msg, int flags)
{
    return ((sendmsg_func *) dlsym(RTLD_NEXT, "sendmsg"))(fd, msg, flags);
}

static ssize_t
real_recvmsg(int fd, struct msghdr *msg, int flags)
{
    return ((recvmsg_func *) dlsym(RTLD_NEXT, "recvmsg"))(fd, msg, flags);
}

/* Returns true if 'fd' is a socket whose requests count. */
static bool
is_ours(int fd)
{
    struct timeval limit = { 0, 0 };
    socklen_t size = sizeof limit;
    int domain = 0;
    socklen_t domain_size = sizeof domain;
    int saved = errno;
    bool ours = (fd >= 0 && fd < MAX_FD && getenv("FAULTS")
                 && !getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain,
                                &domain_size)
                 && domain == AF_NETLINK
                 && !getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, &size)
                 && limit.tv_sec);

    errno = saved;
    return ours;
}

/* Returns the errno value that 'fault' names, or 0. */
static int
error_of(const char *fault)
{
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        if (!strcmp(fault, errors[i].name)) {
            return errors[i].error;
        }
    }
    return 0;
}

/* Notes the request 'nlh' and stores in 'fault' what is to become of it. */
static void
note_request(int fd, const struct nlmsghdr *nlh, char fault[16])
{
    const char *name = getenv("FAULTS");
    char now[16] = "", what[16] = "", log_name[256];
    unsigned int number = 0;
    FILE *file = fopen(name, "r");
    int protocol = 0;
    socklen_t size = sizeof protocol;

    if (file) {
        if (fscanf(file, "%15s %u %15s", now, &number, what) != 3) {
            number = 0;
        }
        fclose(file);
    }
    if (strcmp(now, serial)) {
        strcpy(serial, now);
        n_requests = 0;
    }
    n_requests++;
    strcpy(fault, n_requests == number ? what : "");

    getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size);
    snprintf(log_name, sizeof log_name, "%s.log", name);
    file = fopen(log_name, "a");
    if (file) {
        fprintf(file, "%s %u ", serial, n_requests);
        if (protocol == NETLINK_GENERIC && nlh->nlmsg_len > NLMSG_HDRLEN) {
            const struct genlmsghdr *genl = NLMSG_DATA(nlh);

            fprintf(file, "genl%d.%d", nlh->nlmsg_type, genl->cmd);
        } else {
            fprintf(file, "route%d", nlh->nlmsg_type);
        }
        fprintf(file, "%s %s\n",
                (nlh->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP ? ".dump" : "",
                *fault ? fault : "-");
        fclose(file);
    }
}

ssize_t
sendmsg(int fd, const struct msghdr *msg, int flags)
{
    ssize_t retval;

    if (is_ours(fd) && msg->msg_iovlen
        && msg->msg_iov->iov_len >= sizeof(struct nlmsghdr)) {
        const struct nlmsghdr *nlh = msg->msg_iov->iov_base;
        struct pending *p = &sockets[fd];

        pthread_mutex_lock(&mutex);
        note_request(fd, nlh, p->fault);
        p->request = *nlh;
        p->begun = false;
        pthread_mutex_unlock(&mutex);
        if (error_of(p->fault)) {
            return nlh->nlmsg_len;
        }
    }
    retval = real_sendmsg(fd, msg, flags);
    return retval;
}

/* Takes what waits at 'fd' away. */
static void
drain(int fd)
{
    char buffer[8];
    struct iovec iov = { buffer, sizeof buffer };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

    /* A dump goes on as it is read. */
    while (real_recvmsg(fd, &msg, MSG_DONTWAIT) > 0) {
        continue;
    }
}

/* Stores in 'msg' the kernel's answer 'error', as far as 'size' bytes go. */
static ssize_t
answer(struct msghdr *msg, const struct nlmsghdr *request, int error,
       size_t size)
{
    struct {
        struct nlmsghdr nlh;
        struct nlmsgerr err;
    } reply = {
        .nlh = {
            .nlmsg_len = size,
            .nlmsg_type = NLMSG_ERROR,
            .nlmsg_flags = NLM_F_CAPPED,
            .nlmsg_seq = request->nlmsg_seq,
            .nlmsg_pid = request->nlmsg_pid,
        },
        .err = { .error = -error, .msg = *request },
    };
    struct sockaddr_nl *from = msg->msg_name;

    if (from) {
        memset(from, 0, sizeof *from);
        from->nl_family = AF_NETLINK;
        msg->msg_namelen = sizeof *from;
    }
    memcpy(msg->msg_iov->iov_base, &reply, size);
    msg->msg_controllen = 0;
    msg->msg_flags = 0;
    return size;
}

static ssize_t
fail(int error)
{
    errno = error;
    return -1;
}

ssize_t
recvmsg(int fd, struct msghdr *msg, int flags)
{
    static const size_t whole = sizeof(struct nlmsghdr)
                                + sizeof(struct nlmsgerr);
    struct pending *p = &sockets[fd >= 0 && fd < MAX_FD ? fd : 0];
    char fault[16] = "";
    ssize_t n;

    if (*p->fault && is_ours(fd)) {
        pthread_mutex_lock(&mutex);
        strcpy(fault, p->fault);
        if (strcmp(fault, "rest") || p->begun) {
            *p->fault = '\0';
        }
        pthread_mutex_unlock(&mutex);
    }
    if (error_of(fault)) {
        return answer(msg, &p->request, error_of(fault), whole);
    } else if (!strcmp(fault, "missing")
               || (!strcmp(fault, "rest") && p->begun)) {
        drain(fd);
        return fail(EAGAIN);
    } else if (!strcmp(fault, "overtaken")) {
        return fail(EAGAIN);
    } else if (!strcmp(fault, "lost")) {
        return fail(ENOBUFS);
    } else if (!strcmp(fault, "short")) {
        drain(fd);
        return answer(msg, &p->request, 0, sizeof(struct nlmsghdr) + 2);
    } else if (!strcmp(fault, "late")) {
        nanosleep(&(struct timespec) { .tv_sec = 2 }, NULL);
    }
    n = real_recvmsg(fd, msg, flags);
    if (n > 0 && !strcmp(fault, "cut")) {
        n = n / 2;
    } else if (n > 0 && !strcmp(fault, "truncated")) {
        msg->msg_flags |= MSG_TRUNC;
    } else if (!strcmp(fault, "rest")) {
        p->begun = true;
    }
    return n;
}

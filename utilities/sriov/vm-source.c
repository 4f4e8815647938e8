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

/* See vm-source.h for where this stands. */

#include <config.h>
#include "sriov/vm-source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "openvswitch/dynamic-string.h"
#include "sriov/host.h"
#include "svec.h"
#include "util.h"

/* Returns what "btime" in /proc/stat has, in s since 1970, or 0. */
static long long int
boot_time(void)
{
    FILE *file = fopen("/proc/stat", "r");
    struct ds line = DS_EMPTY_INITIALIZER;
    long long int time = 0;

    while (file && !time && !ds_get_line(&line, file)) {
        if (!ovs_scan(ds_cstr(&line), "btime %lld", &time)) {
            time = 0;
        }
    }
    if (file) {
        fclose(file);
    }
    ds_destroy(&line);
    return time;
}

long long int
vm_source_started(pid_t pid)
{
    char *stat = host_read_file("/proc/%ld/stat", (long int) pid);
    /* The name of the program, in parentheses, can have anything in it. */
    char *p = stat ? strrchr(stat, ')') : NULL;
    long long int boot = boot_time();
    char *save_ptr = NULL;
    char *field = NULL;

    /* proc(5): "starttime" is the 22nd field, the state the third one. */
    p = p ? strtok_r(p + 1, " ", &save_ptr) : NULL;
    for (int i = 3; p && i < 22; i++) {
        p = field = strtok_r(NULL, " ", &save_ptr);
    }

    long long int started = (boot && p && field
                             ? boot + atoll(field) / sysconf(_SC_CLK_TCK)
                             : 0);
    free(stat);
    return started;
}

void
vm_source_arguments(const char *root, pid_t pid, struct svec *arguments)
{
    char *path = xasprintf("%s/proc/%ld/cmdline", root, (long int) pid);
    struct ds s = DS_EMPTY_INITIALIZER;
    FILE *file = fopen(path, "r");
    int c;

    while (file && (c = getc(file)) != EOF) {
        if (c) {
            ds_put_char(&s, c);
        } else {
            svec_add(arguments, ds_cstr(&s));
            ds_clear(&s);
        }
    }
    if (file) {
        fclose(file);
    }
    ds_destroy(&s);
    free(path);
}

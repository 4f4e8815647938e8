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

#ifndef SRIOV_LEFTOVERS_SHELL_H
#define SRIOV_LEFTOVERS_SHELL_H 1

/* Reads commands of a shell that set up SR-IOV, wherever they are written:
 * RUN of udev's rules, ExecStart of units, rc.local, pre-up, scripts.  Runs
 * nothing.
 *
 *     text --> SHELL --> rules and doubts of the item that is read
 *
 * What it does not know is a doubt, and what depends on that is no rule. */

#include <stdbool.h>
#include "sriov/leftovers.h"

/* What "$kernel" and the like in udev's rules are replaced by: the device that
 * the rule is about. */
#define HOWTO_SELF "%k"

struct howto_shell {
    struct howto *h;
    const struct howto_conds *self; /* What HOWTO_SELF is, or NULL. */
    bool down;                  /* Runs when things end: sets nothing. */
    bool no_shell;              /* Run by systemd or udev, to which "|", ">"
                                 * and the like are words. */
    bool uncertain;             /* What is read may not run. */
    unsigned int depth;         /* Within so many "if", "for" and the like... */
    unsigned int braces;        /* ...and so many "{"... */
    unsigned int subshells;     /* ...and so many "(". */
    char open;                  /* Operator at the end of the line before... */
    bool open_doubtful;         /* ...behind what was not understood. */
    char quote;                 /* A quote that goes on in the next line. */
    const struct howto_shell *caller; /* What reads the script that... */
    const char *script;         /* ...this is, or NULL. */
    bool ended;                 /* It has come to an "exit". */
    bool may_have_ended;        /* To one that depends on the unknown. */
    struct smap vars;           /* Values of variables. */
};

/* Reads 'text', one line of a script or several, as a part of the item that is
 * being read. */
void howto_run(struct howto_shell *, const char *text);

/* Reads the lines to their end, each as an item of the file that is being
 * read. */
void howto_run_lines(struct howto_shell *, struct howto_lines *);

#endif /* leftovers-shell.h */

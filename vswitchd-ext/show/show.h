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


#ifndef SRIOV_SHOW_H
#define SRIOV_SHOW_H 1

/* What "ovs-appctl sriov/show" prints, as text and as JSON. */

#include <stdbool.h>

struct ds;
struct json;
struct sriov_survey;
struct sriov_view;
struct sriov_defaults;
struct sriov_history;
struct sriov_plan;
struct sriov_model;

struct sriov_show {
    const struct sriov_defaults *defaults;
    const struct sriov_model *model;
    bool model_known;           /* The kernel has answered at least once... */
    bool late;                  /* ...and is asked again... */
    long long int age;          /* ...since so many seconds. */
    unsigned int readings;      /* Of the kernel, and plans, since the */
    unsigned int plans;         /* start; and transactions of OVSDB. */
    unsigned int transactions;
    const struct sriov_view *view;
    bool view_known;            /* 'view' is what is in OVSDB. */
    const struct sriov_plan *plan;
    const struct sriov_history *history;
    const struct smap *other_config;    /* Of Open_vSwitch, or NULL if not
                                         * known. */
    const char *name;           /* Only this one, or NULL for everything. */
    bool counters;              /* 'survey' has counters. */
    bool flows;                 /* Count flows, which 'survey' has. */
    const struct sriov_survey *survey;  /* Has ended; with counters, if they
                                         * are known, or NULL. */
};

/* Appends what 'show' asks for to 's'.  Returns false if 'show->name' names
 * nothing that exists. */
bool sriov_show_text(const struct sriov_show *, struct ds *);

/* Likewise, but stores it in '*jsonp', which the caller must free, whatever is
 * returned. */
bool sriov_show_json(const struct sriov_show *, struct json **jsonp);

#endif /* show.h */

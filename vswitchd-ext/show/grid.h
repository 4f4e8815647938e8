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

#ifndef SRIOV_GRID_H
#define SRIOV_GRID_H 1

/* Text in columns, for people to read. */

#include "svec.h"

struct ds;

/* Rows of cells, the columns of which are as wide as their widest cell.  The
 * first row is a heading.  A column in which all other cells are empty is left
 * out. */
struct sriov_grid {
    size_t n_columns;
    struct svec cells;
};

#define SRIOV_GRID_INITIALIZER(N_COLUMNS) \
    { .n_columns = N_COLUMNS, .cells = SVEC_EMPTY_INITIALIZER }

/* Adds a cell, from left to right, row after row.  'cell' is copied. */
void sriov_grid_put(struct sriov_grid *, const char *cell);

/* Like sriov_grid_put(), but takes 'cell', which was malloc'd. */
void sriov_grid_put_nocopy(struct sriov_grid *, char *cell);

/* Appends 'grid' to 's', each row after 'indent' spaces, and empties it. */
void sriov_grid_print(struct sriov_grid *grid, int indent, struct ds *s);

/* Frees what 'grid' holds, not itself. */
void sriov_grid_destroy(struct sriov_grid *);

#endif /* grid.h */

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

#include <config.h>
#include "show/grid.h"

#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/util.h"
#include "util.h"

void
sriov_grid_put(struct sriov_grid *grid, const char *cell)
{
    svec_add(&grid->cells, cell);
}

void
sriov_grid_put_nocopy(struct sriov_grid *grid, char *cell)
{
    svec_add_nocopy(&grid->cells, cell);
}

void
sriov_grid_print(struct sriov_grid *grid, int indent, struct ds *s)
{
    size_t *widths = xcalloc(grid->n_columns, sizeof *widths);

    for (size_t i = grid->n_columns; i < grid->cells.n; i++) {
        size_t *width = &widths[i % grid->n_columns];

        *width = MAX(*width, strlen(grid->cells.names[i]));
    }
    for (size_t i = 0; i < grid->n_columns; i++) {
        if (widths[i]) {
            widths[i] = MAX(widths[i], strlen(grid->cells.names[i]));
        }
    }
    for (size_t i = 0; i < grid->cells.n; i++) {
        size_t column = i % grid->n_columns;

        if (!column) {
            ds_put_char_multiple(s, ' ', indent);
        }
        if (widths[column]) {
            size_t length = strlen(grid->cells.names[i]);

            ds_put_buffer(s, grid->cells.names[i], length);
            ds_put_char_multiple(s, ' ', widths[column] + 2 - length);
        }
        if (column == grid->n_columns - 1) {
            while (ds_chomp(s, ' ')) {
                continue;
            }
            ds_put_char(s, '\n');
        }
    }
    svec_clear(&grid->cells);
    free(widths);
}

void
sriov_grid_destroy(struct sriov_grid *grid)
{
    svec_destroy(&grid->cells);
}

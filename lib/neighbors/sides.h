/* The two sides of a search: values (distinct rows that may be neighbours) and lists (distinct queries), and who
 * excludes whom. */
#ifndef CONCEPTDEC_I_SIDES_H
#define CONCEPTDEC_I_SIDES_H

#include "neighbors/candidates.h"

typedef struct conceptdec_i_sides {
    bool is_symmetric; /* list l and value l are the same row */
    int64_t n_values, n_lists;
    const int32_t *value_row, *list_row; /* a row of x (of the queries) that stands for each */
    const int64_t *value_start;          /* rows of values, as in the table */
    const int32_t *value_rows, *value_of_row, *list_of_query;
    conceptdec_i_codes codes;
} conceptdec_i_sides;

conceptdec_status conceptdec_i_sides_make(conceptdec_i_arena *arena, const conceptdec_i_search *search,
                                          const conceptdec_i_survey *of_x, const conceptdec_i_survey *of_queries,
                                          conceptdec_i_sides *sides);

/* An empty table that owns nothing yet. */
conceptdec_status conceptdec_i_table_new(conceptdec_ctx *ctx, conceptdec_neighbors **table);

#endif

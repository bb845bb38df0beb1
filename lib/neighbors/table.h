/* The neighbour table, as other capabilities read it. Identical rows are one "value"; lists hold values, not rows, so
 * that ten thousand equal rows cost one entry. */
#ifndef CONCEPTDEC_I_TABLE_H
#define CONCEPTDEC_I_TABLE_H

#include "core/core.h"

/* One list entry: a value and its squared distance (half the squared distance of normalised rows under cosine), in
 * units where the squared Euclidean distance is d2 / scale^2. */
typedef struct conceptdec_i_entry {
    double d2;
    int32_t value;
    int32_t pad;
} conceptdec_i_entry;

struct conceptdec_neighbors {
    conceptdec_i_memory *memory;
    int64_t n_rows;    /* reference rows (rows of x) */
    int64_t n_queries; /* == n_rows where is_self */
    int64_t dims;
    int64_t k;
    int32_t metric;
    bool is_self; /* the queries are the rows of x; a row is not its own neighbour */
    double scale; /* distance = sqrt(d2) / scale (L2), d2 (cosine) */

    /* Values: the distinct rows of x. Rows of value v: rows[value_start[v] .. value_start[v + 1]), ascending. Rows that
     * may not be neighbours of anything (masked out when the table was built) belong to no value: value_of_row is
     * -1. */
    int64_t n_values;
    int64_t *value_start;
    int32_t *rows;
    int32_t *value_of_row;  /* n_rows */
    uint8_t *value_is_zero; /* n_values, cosine only (else NULL): the all-zero row, at distance 1 from itself too */
    int64_t n_zero_rows;

    /* Lists: one for each distinct query. List l: entries[list_start[l] .. list_start[l + 1]), ascending in (d2,
     * value). It holds every value up to the distance of its last entry, ties included, but for values whose every row
     * is excluded for each query of the list (its own row; rows of its group). list_is_whole: nothing lies beyond the
     * last entry. Self: the entry of the value itself is there where it has further rows. */
    int64_t n_lists;
    int64_t *list_start;
    conceptdec_i_entry *entries;
    uint8_t *list_is_whole;
    int32_t *list_of_query; /* n_queries; -1: not a query (masked out) */

    /* Groups that the search excluded by: NULL for none. */
    int64_t *group;       /* n_rows */
    int64_t *query_group; /* n_queries; == group where is_self */

    uint64_t fingerprint; /* of x, 0: unknown; see conceptdec_i_fingerprint */

    uint64_t n_refined; /* diagnostics of the search */
    int64_t screening;  /* CONCEPTDEC_SCREENING_* of the products that the table was found with; 0: loaded */

    /* Made at the first question (arrays.c). */
    pthread_mutex_t lock;
    int64_t *indices;
    double *distances;
    int64_t *count;
    int64_t *ties;
};

/* What a search is asked for, beyond the public options. */
typedef struct conceptdec_i_search {
    const conceptdec_matrix *x;
    const conceptdec_matrix *queries; /* NULL: self */
    int64_t k;
    int32_t metric;
    const int64_t *group;         /* NULL, or n_rows: rows of equal group are not each other's neighbours */
    const int64_t *query_group;   /* with queries and group */
    const uint8_t *row_is_voter;  /* NULL: all; else rows with 0 are nobody's neighbour */
    const uint8_t *row_is_query;  /* self only; NULL: all; else rows with 0 get no list */
    bool exclude_self;            /* self only: a row is not its own neighbour; (implied by group) */
} conceptdec_i_search;

/* Tells matrices apart: made of the squared norms of up to 64 rows, summed in the order that is the same on every
 * processor. Never 0. */
conceptdec_status conceptdec_i_fingerprint(conceptdec_ctx *ctx, const conceptdec_matrix *x, uint64_t *fingerprint);

/* Checks nothing that the views' check functions check; scans for non-finite values. */
conceptdec_status conceptdec_i_table_search(conceptdec_ctx *ctx, const conceptdec_i_search *search,
                                            conceptdec_neighbors **table);

/* ---- walking the neighbours of one query (walk.c) ---- */

/* Which rows a walk leaves out, for every query of a table at once. */
typedef struct conceptdec_i_exclusion {
    bool self;                   /* the query row itself (by index) */
    const int64_t *group;        /* NULL, or codes of the rows: those with the query's code are left out */
    const uint8_t *row_is_voter; /* NULL, or 0: left out for everybody */
    const struct conceptdec_i_census *census; /* NULL, or of this exclusion and the table that is walked */
} conceptdec_i_exclusion;

/* Who votes, value by value: makes the walk over a value with many rows as cheap as one with few. */
typedef struct conceptdec_i_census {
    int64_t *start; /* n_values + 1 */
    int32_t *rows;  /* voters of each value, ascending in (group code, row); in row order without groups */
} conceptdec_i_census;

/* The arrays belong to the arena; the caller points exclusion->census at the census. */
conceptdec_status conceptdec_i_census_take(conceptdec_i_arena *arena, const conceptdec_neighbors *table,
                                           const conceptdec_i_exclusion *exclusion, conceptdec_i_census *census);
/* The voters of `value` that share the group code of row `row`. */
const int32_t *conceptdec_i_census_group(const conceptdec_i_census *census, const conceptdec_i_exclusion *exclusion,
                                         int64_t row, int64_t value, int64_t *count);

/* Rows at one distance. */
typedef struct conceptdec_i_shell {
    double d2;
    const conceptdec_i_entry *entries; /* n_entries values that share d2 */
    int64_t n_entries;
    int64_t n_eligible; /* rows among them that are not left out, 1 or more */
    int64_t n_closer;   /* eligible rows in earlier shells */
} conceptdec_i_shell;

/* Iterates the shells of query row `row` (self tables) from the nearest, skipping shells without an eligible row. */
typedef struct conceptdec_i_walk {
    const conceptdec_neighbors *table;
    const conceptdec_i_exclusion *exclusion;
    int64_t row;
    const conceptdec_i_entry *at, *end;
    conceptdec_i_entry own; /* the value of the row itself, where the table has no entry for it and it is wanted */
    int own_state;
    int64_t n_closer;
} conceptdec_i_walk;

void conceptdec_i_walk_start(conceptdec_i_walk *walk, const conceptdec_neighbors *table,
                             const conceptdec_i_exclusion *exclusion, int64_t row);
bool conceptdec_i_walk_next(conceptdec_i_walk *walk, conceptdec_i_shell *shell); /* false: the list has ended */
/* Eligible rows of value v for query row `row`; walks over them by calling visit in ascending order of rows. */
bool conceptdec_i_is_eligible(const conceptdec_i_exclusion *exclusion, int64_t row, int64_t other);
/* Distance as the caller sees it. */
double conceptdec_i_table_distance(const conceptdec_neighbors *table, double d2);
/* Whether the list of this row is certain to hold the first k eligible rows and all that tie with the k-th, under this
 * exclusion: false means that it must be searched anew. The exclusion must cover the table's own (its groups and
 * masks), which conceptdec_i_table_covers tells. */
bool conceptdec_i_table_is_deep_enough(const conceptdec_neighbors *table, const conceptdec_i_exclusion *exclusion,
                                       int64_t row, int64_t k);
/* covered[row] = whether every row that the table's groups keep from row `row` is left out by the exclusion too. */
conceptdec_status conceptdec_i_table_covers(conceptdec_ctx *ctx, const conceptdec_neighbors *table,
                                            const conceptdec_i_exclusion *exclusion, uint8_t *covered);

#endif

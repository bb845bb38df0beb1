/* What the files of embedding quality share. Neighbourhoods of one space (the judged one) are held against ranks in the
 * other (the ranking one). */
#ifndef CONCEPTDEC_I_QUALITY_H
#define CONCEPTDEC_I_QUALITY_H

#include "kernels/kernels.h"
#include "linalg/distances.h"
#include "neighbors/table.h"

/* One of the two spaces. */
typedef struct conceptdec_i_quality_space {
    const conceptdec_matrix *view; /* opened */
    conceptdec_neighbors *table;   /* owned */
    conceptdec_i_exclusion exclusion;
    conceptdec_i_census census;
    conceptdec_i_operand values; /* item v: value v of the table; with the centre and the scale of its tiles */
    int64_t n_zero;              /* rows that are zero, under cosine */
} conceptdec_i_quality_space;

/* Value v of a table is zero under cosine. */
static inline bool
conceptdec_i_quality_is_zero(const conceptdec_i_quality_space *space, int32_t value)
{
    return space->table->value_is_zero && space->table->value_is_zero[value];
}

static inline int64_t
conceptdec_i_quality_rows(const conceptdec_i_quality_space *space, int64_t value)
{
    return space->table->value_start[value + 1] - space->table->value_start[value];
}

/* What is not in the arguments: table, census, factors, centre. */
conceptdec_status conceptdec_i_quality_space_open(conceptdec_i_arena *arena, int64_t k, int32_t metric,
                                                  const conceptdec_matrix *given, conceptdec_i_quality_space *space);

/* A value that is a neighbour in the judged space of some row of a value, and is not in that value's list: how many
 * rows are closer than it is asked. */
typedef struct conceptdec_i_asked {
    double d2; /* as in the table */
    int32_t value;
    int32_t tied; /* rows at the same distance, itself among them */
} conceptdec_i_asked;

/* A sum that does not depend on its order: parts are of 2^-52. */
typedef struct conceptdec_i_quality_sum {
    int64_t whole;
    uint64_t parts;
} conceptdec_i_quality_sum;

/* One direction. */
typedef struct conceptdec_i_judging {
    conceptdec_ctx *ctx;
    const conceptdec_i_quality_space *ranks, *judged;
    const int64_t *ks;
    int64_t n_ks, k_max;
    int64_t memory;
    /* Values by the number of those asked about, the most first. Groups of items have room for as many limits as the
     * first of them needs. */
    int64_t n_items, n_asking; /* asking: with any */
    int32_t *order;            /* value of each item */
    int32_t *n_asked;          /* of each value */
    int32_t *rows;             /* of each item: how many rows share the value */
    conceptdec_i_operand items;
    /* A batch: items first .. end - 1, first a multiple of a group; start: of each group, limits before it. */
    int64_t first, end;
    bool symmetric; /* the batch holds all items, and tiles come once for both sides */
    int64_t *start;
    conceptdec_i_asked *asked; /* ascending in d2 */
    int32_t *count;            /* rows by the number of asked values that are not certainly farther */
    void *low, *high; /* float or double: a pair that is below low[t] is closer than t, one above high[t + 1] farther */
    int precision;
    double error, floor, slack, to_units;
    void *upper, *lower; /* per item */
    pthread_mutex_t *locks;
    char *lanes;                                /* scratch of the lanes */
    conceptdec_i_quality_sum *excess, *overlap; /* per lane and k */
    atomic_llong n_refined;
} conceptdec_i_judging;

/* Scratch of a lane. */
typedef struct conceptdec_i_quality_lane {
    int32_t *mark;          /* per value of the ranking space: where it was last seen; 0: nowhere */
    int32_t *closer, *tied; /* per value: rows closer to a row than it, and at its distance */
    int32_t *members;       /* per row: pairs of closer and tied of the neighbours of a row */
    double *rows;           /* two rows of the ranking space */
    int32_t *items;         /* a few */
    double *d2;
} conceptdec_i_quality_lane;

#define CONCEPTDEC_I_QUALITY_FEW CONCEPTDEC_I_TILE_ROWS
#define CONCEPTDEC_I_QUALITY_VALUES 32 /* values of a task */

/* Items in a group: limit t of its item i is at limit t * CONCEPTDEC_I_QUALITY_GROUP + i. */
#define CONCEPTDEC_I_QUALITY_GROUP CONCEPTDEC_I_PLACED

/* Limits that there is room for. */
static inline int64_t
conceptdec_i_quality_n_limits(const conceptdec_i_judging *r, int64_t item)
{
    return r->n_asked[r->order[item / CONCEPTDEC_I_QUALITY_GROUP * CONCEPTDEC_I_QUALITY_GROUP]];
}

/* Where an item of the batch has what is its own. */
typedef struct conceptdec_i_quality_place {
    int64_t n_limits;
    int64_t limit; /* its first; further ones a group apart */
    int64_t asked; /* n_limits */
    int64_t count; /* n_limits + 1 */
} conceptdec_i_quality_place;

static inline conceptdec_i_quality_place
conceptdec_i_quality_place_of(const conceptdec_i_judging *r, int64_t item)
{
    int64_t group = (item - r->first) / CONCEPTDEC_I_QUALITY_GROUP, i = item % CONCEPTDEC_I_QUALITY_GROUP;
    int64_t n = conceptdec_i_quality_n_limits(r, item), start = r->start[group];
    return (conceptdec_i_quality_place){.n_limits = n,
                                        .limit = start + i,
                                        .asked = start + i * n,
                                        .count = start + group * CONCEPTDEC_I_QUALITY_GROUP + i * (n + 1)};
}

/* sums[k]: excess ranks (doubled) of neighbours in the judged space, and what neighbourhoods share. */
conceptdec_status conceptdec_i_quality_direction(conceptdec_ctx *ctx, const conceptdec_i_quality_space *ranks,
                                                 const conceptdec_i_quality_space *judged, const int64_t *ks,
                                                 int64_t n_ks, int64_t memory, double *excess, double *overlap,
                                                 int64_t *n_refined);

/* Which values are asked about (quality_asked.c). */
conceptdec_status conceptdec_i_quality_count_asked(conceptdec_i_judging *r);
conceptdec_status conceptdec_i_quality_fill_asked(conceptdec_i_judging *r);
/* Rows closer than each (quality_ranks.c); count holds them in the end, and asked->tied. */
conceptdec_status conceptdec_i_quality_rank(conceptdec_i_arena *arena, conceptdec_i_judging *r);
/* Scores of the rows of a batch (quality_scores.c). */
conceptdec_status conceptdec_i_quality_score(conceptdec_i_judging *r);

/* Over all lanes; k: place in ks. */
double conceptdec_i_quality_sum_of(const conceptdec_i_judging *r, const conceptdec_i_quality_sum *sums, int64_t k);

/* The lane's scratch. */
conceptdec_i_quality_lane conceptdec_i_quality_lane_of(const conceptdec_i_judging *r, int lane);

#endif

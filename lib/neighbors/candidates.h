/* Candidate lists: what a screening pass keeps for each query until exact distances decide. */
#ifndef CONCEPTDEC_I_CANDIDATES_H
#define CONCEPTDEC_I_CANDIDATES_H

#include "linalg/quantized.h"
#include "neighbors/clusters.h"
#include "neighbors/table.h"
#include "neighbors/values.h"

/* What an item of the other side is to a list. */
typedef enum {
    CONCEPTDEC_I_NEVER,    /* excluded for every query of the list */
    CONCEPTDEC_I_PARTIAL,  /* excluded for some of them: kept, but does not count towards k */
    CONCEPTDEC_I_UNIVERSAL /* has an eligible row for each of them */
} conceptdec_i_eligibility;

/* Who excludes whom. A value is tagged with the code that all its rows share (or is mixed); a list knows the codes of
 * its queries. Leave-one-out is the case in which every row is a group of its own. */
typedef struct conceptdec_i_codes {
    bool any;                   /* false: nothing is excluded */
    bool by_row;                /* codes are row numbers */
    const int64_t *tag;         /* per value */
    const uint8_t *mixed;       /* per value */
    const int64_t *code_start;  /* per list: code[code_start[l] .. code_start[l + 1]), ascending, distinct */
    const int64_t *code;
    const int64_t *count;       /* per value: rows */
    const int32_t *value_class; /* classes of identical content, to tell a list's own value */
    const int32_t *list_class;
} conceptdec_i_codes;

conceptdec_i_eligibility conceptdec_i_codes_test(const conceptdec_i_codes *codes, int32_t list, int32_t value);
/* Eligible rows that a universal value has at least, for every query of the list. */
int64_t conceptdec_i_codes_rows(const conceptdec_i_codes *codes, int32_t list, int32_t value);

typedef struct conceptdec_i_candidate {
    double low;  /* exact: the squared distance as in the table; else a lower bound in the units of the screening */
    float width; /* the upper bound is low + width; 0: exact */
    uint32_t value : 31;
    uint32_t partial : 1;
} conceptdec_i_candidate;

typedef struct conceptdec_i_candidate_list {
    conceptdec_i_candidate *items;
    int32_t count, capacity;
} conceptdec_i_candidate_list;

/* What a pass knows of the items of one side. */
typedef struct conceptdec_i_bounds {
    const double *norms; /* squared, about the own centre */
    void *bounds;        /* float or double; [c * stride + i]: what item i adds to the lower bound of its pairs with items of
                          * cluster c */
    int64_t stride;
    float *margins; /* what an item adds to the width of its pairs within its cluster (int8: and more) */
    float *cross;   /* and of its pairs with other clusters, besides; NULL: one cluster */
} conceptdec_i_bounds;

/* Everything about one screening pass. Lists are the items of `queries`, values those of `refs`. */
typedef struct conceptdec_i_screening {
    conceptdec_ctx *ctx;
    conceptdec_i_operand queries, refs;
    bool symmetric;                       /* list l and value l are the same row, and tiles come for i < j only */
    const uint8_t *query_zero, *ref_zero; /* per item, cosine: all-zero rows; NULL otherwise */
    const conceptdec_i_codes *codes;
    int32_t metric;
    int precision; /* CONCEPTDEC_I_TILE_* of the pass */
    int64_t k;
    double to_units;                        /* exact d2 * to_units is a distance in the units of the screening */
    double error, floor;                    /* |computed - exact| <= error * (sum of both norms) + floor, int8: and more */
    double slack;                           /* limits are this times an upper bound: distances are rounded when refined */
    conceptdec_i_bounds of_lists, of_values;
    const conceptdec_i_clusters *clusters;
    double *near, *wide;                    /* per pair of clusters: what it adds to a lower bound, and to the width */
    const int32_t *list_id, *value_id;      /* numbers that the sides know items by; NULL: the same */
    void *limits;                           /* float or double, per list: lower bounds above it cannot matter */
    conceptdec_i_candidate_list *lists;
    conceptdec_i_candidate *pool;           /* first storage of all lists */
    int32_t capacity;                       /* of a list in the pool */
    uint8_t *whole;                         /* per list: nothing that is eligible was cut */
    pthread_mutex_t *locks;                 /* one for CONCEPTDEC_I_TILE_ROWS lists */
    double *rows;                           /* per lane: two rows of doubles */
    double **bounds;                        /* per lane: scratch for bounds of a list */
    int64_t *bounds_capacity;
    atomic_llong n_refined, n_pushed, n_grown;
    bool all_count;                         /* every pair that a tile shows counts towards k */
    int64_t refine_budget; /* more early refinements than this: the bound is too loose for the data (0: no budget) */
} conceptdec_i_screening;

/* Internal status: the refine budget is spent. */
#define CONCEPTDEC_I_TOO_LOOSE 1

/* A pair whose lower bound is within the list's limit. */
conceptdec_status conceptdec_i_screening_push(conceptdec_i_screening *s, int32_t list, int32_t value, double low,
                                              int lane);
/* An exact distance known beforehand. */
conceptdec_status conceptdec_i_screening_push_exact(conceptdec_i_screening *s, int32_t list, int32_t value, double d2);
/* Makes room in a full list: bounds first, then exact distances, and where true ties fill it, more memory. */
conceptdec_status conceptdec_i_screening_make_room(conceptdec_i_screening *s, int32_t list, int lane);
/* A limit for exact distances: lower bounds beyond it, and beyond the error of refining, cannot matter. Returns what
 * lower bounds are held against. */
double conceptdec_i_screening_set_limit(conceptdec_i_screening *s, int32_t list, double limit);
/* Drops candidates whose lower bound lies beyond k upper bounds. */
conceptdec_status conceptdec_i_screening_tighten(conceptdec_i_screening *s, int32_t list, int lane);
/* The k-th smallest lower bound that counts towards k, or infinity where there are fewer: what lies within it promises
 * most. To be called after tighten. */
double conceptdec_i_screening_promise(conceptdec_i_screening *s, int32_t list, int lane);
/* Exact distances of the candidates whose lower bound is within the limit. */
void conceptdec_i_screening_refine(conceptdec_i_screening *s, int32_t list, double limit, int lane);
/* Exact distance of one pair; query: the row of the list, as doubles. */
double conceptdec_i_screening_distance(const conceptdec_i_screening *s, const double *query, int32_t list,
                                       int32_t value, double *buffer);
void conceptdec_i_screening_fetch(const conceptdec_i_screening *s, int32_t value);
/* Tile consumer. */
conceptdec_status conceptdec_i_screening_tile(void *screening, const conceptdec_i_tile *tile, int lane);
/* Exact distances of everything that may matter in any list, each list sorted by (d2, value) and cut behind the k-th row
 * and its ties (finish.c). */
conceptdec_status conceptdec_i_screening_finish(conceptdec_i_arena *arena, conceptdec_i_screening *s);
/* Pieces of work in that, for the progress. */
int64_t conceptdec_i_screening_finish_tasks(const conceptdec_i_screening *s);

static inline int
conceptdec_i_cluster_of(const conceptdec_i_operand *operand, int64_t item)
{
    return operand->cluster ? operand->cluster[item] : 0;
}

/* What items of different clusters add to the width. */
static inline float
conceptdec_i_screening_cross(const conceptdec_i_screening *s, int32_t list, int32_t value)
{
    int a = conceptdec_i_cluster_of(&s->queries, list), b = conceptdec_i_cluster_of(&s->refs, value);
    if (a == b)
        return 0;
    return s->of_lists.cross[list] + s->of_values.cross[value] + (float)s->wide[a * s->clusters->n + b];
}

/* The numbers that codes and tables know. */
static inline int32_t
conceptdec_i_list_id(const conceptdec_i_screening *s, int32_t list)
{
    return s->list_id ? s->list_id[list] : list;
}

static inline int32_t
conceptdec_i_value_id(const conceptdec_i_screening *s, int32_t value)
{
    return s->value_id ? s->value_id[value] : value;
}

/* Upper bound less the lower one, of a pair whose bounds come from this pass; never 0. */
static inline float
conceptdec_i_screening_width(const conceptdec_i_screening *s, int32_t list, int32_t value)
{
    float width = s->of_lists.margins[list] + s->of_values.margins[value];
    if (s->of_lists.cross)
        width += conceptdec_i_screening_cross(s, list, value);
    if (s->precision != CONCEPTDEC_I_TILE_I8)
        return width;
    const conceptdec_i_quantized *q = s->queries.quantized, *r = s->refs.quantized;
    return width + 2.00001f * (q->spread[list] * r->whole[value] + q->whole[list] * r->spread[value]);
}

static inline double
conceptdec_i_screening_limit(const conceptdec_i_screening *s, int32_t list)
{
    return s->precision == CONCEPTDEC_I_TILE_F64 ? ((const double *)s->limits)[list]
                                                 : (double)((const float *)s->limits)[list];
}

/* In the units of the screening. */
static inline double
conceptdec_i_candidate_low(const conceptdec_i_screening *s, const conceptdec_i_candidate *c)
{
    return c->width == 0 ? c->low * s->to_units : c->low;
}

static inline double
conceptdec_i_candidate_high(const conceptdec_i_screening *s, const conceptdec_i_candidate *c)
{
    return c->width == 0 ? c->low * s->to_units : c->low + (double)c->width;
}

#endif

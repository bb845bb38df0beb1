/* Candidate lists: what a screening pass keeps for each query until exact distances decide. */
#ifndef CONCEPTDEC_I_CANDIDATES_H
#define CONCEPTDEC_I_CANDIDATES_H

#include <math.h>

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

/* Small, since many of them wait in memory. The float costs 2^-21 of a distance, not of a norm. */
typedef struct conceptdec_i_candidate {
    float low; /* lower bound in the units of the screening */
    uint32_t value : 30;
    uint32_t partial : 1;
    uint32_t exact : 1; /* low is the distance itself, but for rounding */
} conceptdec_i_candidate;

#define CONCEPTDEC_I_MOST_VALUES ((int64_t)1 << 30)

typedef struct conceptdec_i_candidate_list {
    conceptdec_i_candidate *items;
    uint64_t *known; /* in the end, in the place of items: what is known of each (known.h); NULL before */
    uint32_t *keys;  /* with it: which values they are */
    int32_t count, capacity; /* below the room in the pool as long as bounds are to be tightened before that is full */
} conceptdec_i_candidate_list;

/* What an item adds to the width of its pairs, the distance between lower and upper bound. */
typedef struct conceptdec_i_width {
    float margin; /* in any pair */
    float cross;  /* in pairs with other clusters, besides */
    float spread; /* int8: twice a bound of what quantisation left out, else 0 */
    float whole;  /* int8: a bound of the norm, else 0 */
} conceptdec_i_width;

/* What a pass knows of the items of one side. */
typedef struct conceptdec_i_bounds {
    const double *norms; /* squared, about the own centre */
    void *bounds;        /* float or double; [c * stride + i]: what item i adds to the lower bound of its pairs with
                          * items of cluster c */
    int64_t stride;
    conceptdec_i_width *widths;
    conceptdec_i_width widest; /* none has more of anything */
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
    double error, floor;                    /* |computed - exact| <= error * (sum of both norms) + floor, int8: and
                                               more */
    bool proven;                            /* nothing but what is proven may be used */
    float likely;                           /* limits take distances to lie within this share of their bounds' width
                                               (1: proven); whether they were right is seen in the end */
    double slack;                           /* limits are this times an upper bound: distances are rounded when
                                               refined */
    conceptdec_i_bounds of_lists, of_values;
    const conceptdec_i_clusters *clusters;
    double *near, *wide;                    /* per pair of clusters: what it adds to a lower bound, and to the width */
    double widest;                          /* the largest of the latter */
    const int32_t *list_id, *value_id;      /* numbers that the sides know items by; NULL: the same */
    void *limits;                           /* float or double, per list: lower bounds above it cannot matter */
    conceptdec_i_candidate_list *lists;
    conceptdec_i_candidate *pool;           /* first storage of all lists */
    conceptdec_i_candidate *settled;        /* in the end, of what they have become, where that has been gathered */
    int32_t capacity;                       /* of a list in the pool */
    int32_t step;                           /* a list is tightened after so many candidates, at the latest when it is
                                               full */
    uint32_t *spare;                        /* keys of lists whose own room does not hold them; NULL: there are none */
    int64_t n_spare;
    uint8_t *whole;                         /* per list: nothing that is eligible was cut */
    pthread_mutex_t *locks;                 /* one for CONCEPTDEC_I_TILE_ROWS lists */
    double *rows;                           /* per lane: two rows of doubles */
    double **bounds;                        /* per lane: scratch for bounds of a list, its entries, or a block of
                                               lists */
    int64_t *bounds_capacity;
    atomic_llong n_refined, n_grown;
    bool all_count;                         /* every pair that a tile shows counts towards k */
    int64_t refine_budget; /* more early refinements than this: the bound is too loose for the data (0: no budget) */
} conceptdec_i_screening;

/* Internal status: the refine budget is spent. */
#define CONCEPTDEC_I_TOO_LOOSE 1
/* Internal status: a list was cut by a limit that was likely, but wrong. */
#define CONCEPTDEC_I_UNLIKELY 2

/* A pair whose lower bound is within the list's limit, where it is eligible. */
conceptdec_status conceptdec_i_screening_push_eligible(conceptdec_i_screening *s, int32_t list, int32_t value,
                                                       float low, int lane);
/* An exact distance known beforehand. */
conceptdec_status conceptdec_i_screening_push_exact(conceptdec_i_screening *s, int32_t list, int32_t value, double d2);
/* Makes room in a full list: bounds first, then exact distances, and where true ties fill it, more memory. */
conceptdec_status conceptdec_i_screening_make_room(conceptdec_i_screening *s, int32_t list, int lane);
/* A limit for exact distances, if it is nearer than the one before: lower bounds beyond it, and beyond the error of
 * refining, do not matter. Returns what lower bounds are held against. */
double conceptdec_i_screening_set_limit(conceptdec_i_screening *s, int32_t list, double limit);
void conceptdec_i_screening_no_limit(conceptdec_i_screening *s, int32_t list);
/* Room for `count` doubles in the lane's scratch; `what` they are. */
conceptdec_status conceptdec_i_screening_scratch(conceptdec_i_screening *s, int lane, const char *what, int64_t count);
/* Bytes that all lists may take together, as long as they need not take more: what is left of them stands beside in the
 * end. */
int64_t conceptdec_i_screening_room(const conceptdec_i_screening *s);
/* Whether lists as they are and the table do not stand side by side. */
bool conceptdec_i_screening_is_narrow(const conceptdec_i_screening *s);
/* Entries that a list has room for, whether it uses them yet or not. */
static inline int64_t
conceptdec_i_list_room(const conceptdec_i_screening *s, const conceptdec_i_candidate_list *list)
{
    return list->capacity > s->capacity ? list->capacity : s->capacity;
}
/* Gives a list room for so many candidates, more than it has. */
conceptdec_status conceptdec_i_screening_resize(conceptdec_i_screening *s, int32_t list, int64_t capacity);
/* Drops candidates whose lower bound lies beyond k upper bounds. Not where the list has `known`. */
conceptdec_status conceptdec_i_screening_tighten(conceptdec_i_screening *s, int32_t list, int lane);
/* The n-th smallest lower bound that counts towards k, or infinity where there are no more than n: what lies within it
 * promises most. To be called after tighten. */
double conceptdec_i_screening_promise(conceptdec_i_screening *s, int32_t list, int64_t n, int lane);
/* What lower bounds are held against: k upper bounds are within it; infinity where there are fewer. The scratch must
 * hold the list. */
double conceptdec_i_screening_reach(conceptdec_i_screening *s, int32_t list, int lane);
/* The n-th smallest of what lies a share of the way from lower to upper bounds, of the candidates that count towards k;
 * infinity where they are fewer. Not where the list has `known`. */
double conceptdec_i_screening_nearest(const conceptdec_i_screening *s, int32_t list, const float *high, float share,
                                      int64_t n, float *scratch);
/* Of all candidates of a list that has no `known`: a share of the width above their lower bounds. */
void conceptdec_i_screening_upper_bounds(const conceptdec_i_screening *s, int32_t list, float share, float *bounds);
/* d2[i]: exact squared distance of values[i], as in the table. */
conceptdec_status conceptdec_i_screening_distances(conceptdec_i_screening *s, int32_t list, const int32_t *values,
                                                   int32_t n, double *d2, int lane);
/* The same of one value and so many lists, from their rows as conceptdec_i_operand_row() gives them; next: the value
 * that comes next. */
void conceptdec_i_screening_meet(conceptdec_i_screening *s, int32_t value, int32_t next, const int32_t *lists,
                                 const double *const *rows, int32_t n, double *d2, int lane);
/* Exact distances of the candidates whose lower bound is within the limit. Not where the list has `known`. */
conceptdec_status conceptdec_i_screening_refine(conceptdec_i_screening *s, int32_t list, double limit, int lane);
/* Tile consumer. */
conceptdec_status conceptdec_i_screening_tile(void *screening, const conceptdec_i_tile *tile, int lane);
/* Exact distances of everything that may matter in any list, each list sorted by (d2, value) and cut behind the k-th
 * row and its ties (finish.c). */
conceptdec_status conceptdec_i_screening_finish(conceptdec_i_arena *arena, conceptdec_i_screening *s);
/* An order for refining lists of symmetric passes, from so many of the first candidates of each (order.c). */
#define CONCEPTDEC_I_LOOKED_AT 8
conceptdec_status conceptdec_i_screening_order(conceptdec_i_arena *arena, const conceptdec_i_screening *s,
                                               int32_t **order);
/* Pieces of work in that, for the progress. */
int64_t conceptdec_i_screening_finish_tasks(const conceptdec_i_screening *s);

static inline int
conceptdec_i_cluster_of(const conceptdec_i_operand *operand, int64_t item)
{
    return operand->cluster ? operand->cluster[item] : 0;
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

static inline double
conceptdec_i_screening_limit(const conceptdec_i_screening *s, int32_t list)
{
    return s->precision == CONCEPTDEC_I_TILE_F64 ? ((const double *)s->limits)[list]
                                                 : (double)((const float *)s->limits)[list];
}

/* A float that is not larger, nor by more than 2^-22 of it and LITTLE smaller. Numbers so small are not floats of full
 * precision, and none at all where the host has set flush-to-zero. */
#define CONCEPTDEC_I_LITTLE 0x1p-110

static inline float
conceptdec_i_float_below(double x)
{
    float rounded = (float)x;
    return rounded - fabsf(rounded) * 0x1p-23f - (float)(0.5 * CONCEPTDEC_I_LITTLE);
}

/* A pair whose lower bound is within the list's limit. */
static inline conceptdec_status
conceptdec_i_screening_push(conceptdec_i_screening *s, int32_t list, int32_t value, float low, int lane)
{
    if (!s->all_count)
        return conceptdec_i_screening_push_eligible(s, list, value, low, lane);
    conceptdec_i_candidate_list *l = &s->lists[list];
    l->items[l->count++] =
        (conceptdec_i_candidate){.low = low, .value = (uint32_t)value & ((uint32_t)CONCEPTDEC_I_MOST_VALUES - 1)};
    return l->count < l->capacity ? CONCEPTDEC_OK : conceptdec_i_screening_make_room(s, list, lane);
}

#endif

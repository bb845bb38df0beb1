/* What follows from the products of two lists of subspaces: arrays of a result, pair by pair. */
#include "subspace/overlap.h"

#include <math.h>
#include <stdlib.h>

#include "linalg/engine.h"

#define ABREAST 8 /* pairs whose angles are found together */
#define CHUNK 16  /* pairs of a task; bases of so many stay in a cache while one subspace after the other meets them */

enum {
    OVERLAP,
    SHARED,
    CHORDAL,
    VARIANCE,
    EXPECTED,
    EXPECTED_SD,
    Z,
    P_INDEPENDENT,
    P_VALUE, /* the same; a null of exchanged labels has its own */
    GEODESIC,
    PROCRUSTES,
    MAX_ANGLE,
    FUBINI,
    NUMBERS
};

static const char *const names[NUMBERS] = {
    CONCEPTDEC_R_OVERLAP,  CONCEPTDEC_R_SHARED_DIMENSIONS, CONCEPTDEC_R_CHORDAL,   CONCEPTDEC_R_VARIANCE_OVERLAP,
    CONCEPTDEC_R_EXPECTED, CONCEPTDEC_R_EXPECTED_SD,       CONCEPTDEC_R_Z,         CONCEPTDEC_R_P_INDEPENDENT,
    CONCEPTDEC_R_P_VALUE,  CONCEPTDEC_R_GEODESIC,          CONCEPTDEC_R_PROCRUSTES, CONCEPTDEC_R_MAX_ANGLE,
    CONCEPTDEC_R_FUBINI_STUDY,
};

typedef struct {
    conceptdec_ctx *ctx;
    const conceptdec_subspaces *a, *b;
    bool is_self, has_angles, counts_missing, has_null;
    int64_t wide;     /* subspaces of b */
    int64_t r;        /* angles of a pair, at most */
    int64_t n_numbers;
    double *number[NUMBERS], *cosines, *angles;
    double *top_a, *top_b; /* sums of the largest variances of each subspace: of one, of two, ... */
    conceptdec_i_angles *lanes;
    double *squares; /* per lane: ABREAST x r */
    const conceptdec_i_strip *strip;
    int64_t chunks;
} filling;

/* ---- variances ---- */

static int
descending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

static conceptdec_status
sum_variances(conceptdec_i_arena *arena, const conceptdec_subspaces *s, double **top)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "variances", s->total, sizeof **top, &p));
    *top = p;
    for (int64_t i = 0; i < s->total; i++)
        (*top)[i] = s->variances[i];
    for (int64_t i = 0; i < s->count; i++) {
        double *own = *top + s->start[i];
        bool is_known = true;
        for (int64_t k = 0; k < s->ranks[i]; k++)
            is_known &= !isnan(own[k]);
        if (is_known && s->ranks[i] > 0)
            qsort(own, (size_t)s->ranks[i], sizeof *own, descending);
        for (int64_t k = 0; k < s->ranks[i]; k++)
            own[k] = is_known ? own[k] + (k > 0 ? own[k - 1] : 0) : (double)NAN;
    }
    return CONCEPTDEC_OK;
}

/* Variance of the directions of one side (`count`, `step` apart in the block) that the others (`others`) see. */
static double
seen_variance(const double *variances, const double *block, int64_t count, int64_t step, int64_t others, int64_t gap)
{
    double sum = 0;
    for (int64_t i = 0; i < count; i++) {
        double share = 0;
        for (int64_t j = 0; j < others; j++)
            share += block[i * step + j * gap] * block[i * step + j * gap];
        sum += variances[i] * share;
    }
    return sum;
}

/* ---- one pair ---- */

static void
put_numbers(const filling *f, int64_t s, int64_t t, const double *number)
{
    for (int i = 0; i < f->n_numbers; i++)
        if (f->number[i])
            f->number[i][s * f->wide + t] = number[i];
}

static void
score_chance(int64_t p, int64_t q, int64_t d, double shared, double *number)
{
    double mean, variance, least = (double)min64(p, q);
    conceptdec_i_overlap_chance(p, q, d, &mean, &variance);
    number[EXPECTED] = mean / least;
    number[EXPECTED_SD] = sqrt(variance) / least;
    number[Z] = variance > 0 ? (shared - mean) / sqrt(variance) : (double)NAN;
    number[P_INDEPENDENT] = number[P_VALUE] = conceptdec_i_overlap_tail(p, q, d, shared);
}

/* missing: dimensions that count as right angles. */
static void
score_angles(const double *angles, const double *cosines, const double *squares, int64_t n, double missing,
             double *number)
{
    const double right = acos(0);
    double arcs = missing * right * right, sines = missing, halves = missing / 2, logs = 0,
           product = missing > 0 ? 0 : 1;
    for (int64_t i = 0; i < n; i++) {
        double half = sin(angles[i] / 2);
        arcs += angles[i] * angles[i];
        sines += squares[i];
        halves += half * half;
        product *= cosines[i];
        logs += log1p(-squares[i]);
    }
    number[GEODESIC] = sqrt(arcs);
    number[CHORDAL] = sqrt(sines);
    number[PROCRUSTES] = 2 * sqrt(halves);
    number[MAX_ANGLE] = missing > 0 ? right : angles[n - 1];
    number[FUBINI] = product > 0.8 ? asin(sqrt(-expm1(logs))) : acos(product);
}

/* Without angles the sum of squared sines is what is left of that of cosines. */
static void
score_pair(const filling *f, int64_t s, int64_t t, const conceptdec_i_angle_pair *pair)
{
    const conceptdec_i_strip *strip = f->strip;
    const double *block = conceptdec_i_strip_block(strip, s, t);
    int64_t p = f->a->ranks[s], q = f->b->ranks[t], least = min64(p, q);
    double number[NUMBERS], shared = conceptdec_i_strip_shared(strip, s, t);
    double missing = f->counts_missing ? (double)(max64(p, q) - least) : 0;
    number[SHARED] = shared;
    number[OVERLAP] = shared / (double)least;
    number[CHORDAL] = sqrt(fmax(0, (double)least - shared) + missing);
    score_chance(p, q, f->a->d, shared, number);
    if (f->has_angles)
        score_angles(pair->angles, pair->cosines, pair->squares, least, missing, number);
    number[VARIANCE] = seen_variance(f->a->variances + f->a->start[s], block, p, 1, q, strip->ld) /
                       f->top_a[f->a->start[s] + least - 1];
    put_numbers(f, s, t, number);
    if (!f->is_self)
        return;
    number[VARIANCE] = seen_variance(f->b->variances + f->b->start[t], block, q, strip->ld, p, 1) /
                       f->top_b[f->b->start[t] + least - 1];
    put_numbers(f, t, s, number);
    for (int64_t i = 0; f->has_angles && i < least; i++) {
        f->angles[(t * f->wide + s) * f->r + i] = pair->angles[i];
        f->cosines[(t * f->wide + s) * f->r + i] = pair->cosines[i];
    }
}

/* A subspace with itself: exact. */
static void
score_self(const filling *f, int64_t s)
{
    int64_t p = f->a->ranks[s];
    double number[NUMBERS] = {[OVERLAP] = 1, [SHARED] = (double)p};
    if (p == 0)
        return;
    score_chance(p, p, f->a->d, (double)p, number);
    number[VARIANCE] = f->top_a[f->a->start[s] + p - 1] > 0 ? 1 : (double)NAN;
    put_numbers(f, s, s, number);
    for (int64_t i = 0; f->has_angles && i < p; i++) {
        f->angles[(s * f->wide + s) * f->r + i] = 0;
        f->cosines[(s * f->wide + s) * f->r + i] = 1;
    }
}

/* ---- pairs of a strip ---- */

/* Up to ABREAST pairs of s from t on, to be found; returns the next t. */
static int64_t
gather(const filling *f, int64_t s, int64_t t, int64_t end, int lane, conceptdec_i_angle_pair *pairs, int64_t *count)
{
    double *squares = f->squares + lane * ABREAST * f->r;
    for (*count = 0; t < end && *count < ABREAST; t++) {
        int64_t at = (s * f->wide + t) * f->r;
        if (f->b->ranks[t] == 0)
            continue;
        pairs[*count] = (conceptdec_i_angle_pair){.s = s, .t = t};
        if (f->has_angles) {
            pairs[*count].angles = f->angles + at;
            pairs[*count].cosines = f->cosines + at;
            pairs[*count].squares = squares + *count * f->r;
        }
        ++*count;
    }
    return t;
}

static conceptdec_status
score_some(void *argument, int64_t task, int lane)
{
    const filling *f = argument;
    int64_t down = f->strip->end - f->strip->first, s = f->strip->first + task % down;
    int64_t t = task / down * CHUNK, end = min64(f->wide, t + CHUNK), count;
    conceptdec_i_angle_pair pairs[ABREAST];
    if (f->is_self)
        t = max64(t, s + 1);
    while (f->a->ranks[s] > 0 && t < end) {
        t = gather(f, s, t, end, lane, pairs, &count);
        if (f->has_angles)
            CONCEPTDEC_I_TRY(conceptdec_i_angles_find(&f->lanes[lane], f->strip, count, pairs));
        for (int64_t i = 0; i < count; i++)
            score_pair(f, s, pairs[i].t, &pairs[i]);
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
score_strip(void *argument, const conceptdec_i_strip *strip)
{
    filling *f = argument;
    f->strip = strip;
    return conceptdec_i_parallel(f->ctx, (strip->end - strip->first) * f->chunks, score_some, f);
}

/* ---- arrays ---- */

static int64_t
largest_rank(const filling *f)
{
    return max64(conceptdec_i_subspaces_rank(f->a), conceptdec_i_subspaces_rank(f->b));
}

static conceptdec_status
take_undefined(filling *f, conceptdec_result *result, const char *name, int ndim, double **array)
{
    const int64_t shape[] = {f->a->count, f->wide, f->r};
    int64_t count = shape[0] * shape[1] * (ndim > 2 ? shape[2] : 1);
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(f->ctx, result, name, ndim, shape, array));
    for (int64_t i = 0; i < count; i++)
        (*array)[i] = (double)NAN;
    return CONCEPTDEC_OK;
}

static conceptdec_status
copy_numbers(filling *f, conceptdec_result *result, const char *name, const int64_t *numbers, int64_t count)
{
    int64_t *array;
    CONCEPTDEC_I_TRY(conceptdec_i_result_int64(f->ctx, result, name, 1, &count, &array));
    for (int64_t i = 0; i < count; i++)
        array[i] = numbers[i];
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_arrays(filling *f, conceptdec_result *result)
{
    for (int i = 0; i < f->n_numbers; i++)
        if (i != P_VALUE || !f->has_null)
            CONCEPTDEC_I_TRY(take_undefined(f, result, names[i], 2, &f->number[i]));
    if (f->has_angles) {
        CONCEPTDEC_I_TRY(take_undefined(f, result, CONCEPTDEC_R_COSINES, 3, &f->cosines));
        CONCEPTDEC_I_TRY(take_undefined(f, result, CONCEPTDEC_R_ANGLES, 3, &f->angles));
    }
    CONCEPTDEC_I_TRY(copy_numbers(f, result, CONCEPTDEC_R_RANKS, f->a->ranks, f->a->count));
    CONCEPTDEC_I_TRY(copy_numbers(f, result, CONCEPTDEC_R_RANKS_OTHER, f->b->ranks, f->b->count));
    return copy_numbers(f, result, CONCEPTDEC_R_UNDECIDED, f->a->undecided, f->a->count);
}

/* Before anything is taken: what angles need of the memory. */
static conceptdec_status
allow(const filling *f, int64_t memory, int64_t *needed)
{
    *needed = 0;
    if (f->has_angles && f->r > 0)
        *needed = conceptdec_i_lanes(f->ctx) * conceptdec_i_angles_bytes(f->ctx, f->r, largest_rank(f));
    if (*needed < memory)
        return CONCEPTDEC_OK;
    return conceptdec_i_fail(f->ctx, CONCEPTDEC_ENOMEM, "memory: %lld bytes, but angles alone need %lld",
                             (long long)memory, (long long)*needed);
}

static conceptdec_status
take_scratch(conceptdec_i_arena *arena, filling *f)
{
    int64_t lanes = conceptdec_i_lanes(f->ctx), wide = largest_rank(f);
    void *p;
    CONCEPTDEC_I_TRY(sum_variances(arena, f->a, &f->top_a));
    f->top_b = f->top_a;
    if (!f->is_self)
        CONCEPTDEC_I_TRY(sum_variances(arena, f->b, &f->top_b));
    if (!f->has_angles || f->r == 0)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "angles", lanes, sizeof *f->lanes, &p));
    f->lanes = p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "angles", lanes * ABREAST * f->r, sizeof *f->squares, &p));
    f->squares = p;
    for (int64_t i = 0; i < lanes; i++)
        CONCEPTDEC_I_TRY(conceptdec_i_angles_open(arena, f->r, wide, &f->lanes[i]));
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_overlap_fill(conceptdec_i_arena *arena, const conceptdec_subspaces *a, const conceptdec_subspaces *b,
                          const conceptdec_overlap_options *options, conceptdec_result *result)
{
    filling f = {
        .ctx = arena->ctx, .a = a, .b = b ? b : a, .is_self = b == NULL || b == a, .wide = b ? b->count : a->count};
    int64_t taken;
    f.has_angles = !(options->flags & CONCEPTDEC_OVERLAP_NO_ANGLES);
    f.counts_missing = (options->flags & CONCEPTDEC_OVERLAP_COUNT_MISSING) != 0;
    f.has_null = options->permutations > 0;
    f.n_numbers = f.has_angles ? NUMBERS : GEODESIC;
    f.r = min64(conceptdec_i_subspaces_rank(f.a), conceptdec_i_subspaces_rank(f.b));
    f.chunks = ceil_div(f.wide, CHUNK);
    CONCEPTDEC_I_TRY(allow(&f, options->memory, &taken));
    CONCEPTDEC_I_TRY(take_arrays(&f, result));
    CONCEPTDEC_I_TRY(take_scratch(arena, &f));
    for (int64_t s = 0; f.is_self && s < a->count; s++)
        score_self(&f, s);
    return conceptdec_i_overlap_strips(arena, a, b, options->memory - taken, f.chunks, score_strip, &f);
}

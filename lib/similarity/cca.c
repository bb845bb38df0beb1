/* Canonical correlations: views are reduced to orthonormal leading directions, so that a pair is one small product. */
#include "similarity/cca.h"

#include <math.h>
#include <string.h>

#include "core/whole.h"
#include "linalg/apply.h"
#include "linalg/factor.h"
#include "linalg/gram.h"
#include "linalg/tiles.h"

/* Second moments lose half of the digits of small directions: they serve where none of the kept ones can have a
 * smaller share of the largest than this, else singular vectors of the rows themselves. */
#define LEAST_SHARE 1e-7
/* Where all directions are kept and none of them counts by its size any basis serves; that there are so many is certain
 * where the condition of the second moments is below the reciprocal of this. */
#define WELL_CONDITIONED 1e-11

typedef struct reduction {
    const conceptdec_i_cca *cca;
    const conceptdec_i_centred *view;
    conceptdec_i_arena *arena, *scratch; /* what stays; what goes */
    int64_t n, d, r;                     /* r: the smaller of both */
    conceptdec_i_cca_view *out;
    double *values;  /* r squared sizes, ascending */
    double *vectors; /* r rows of r numbers, or of n numbers (singular vectors), as `values` */
    double total;    /* of the squared sizes */
} reduction;

/* With the share v of the variance kept, the last kept direction has at least (1 - v) / r of it. */
static bool
by_moments(const conceptdec_i_cca *cca, int64_t n, int64_t d)
{
    return (1 - cca->s->options.variance) / (double)min64(n, d) >= LEAST_SHARE;
}

/* ---- blocks of a view ---- */

/* Columns where there are fewer rows, one after the other; else rows. */
static int64_t
block_count(const reduction *r)
{
    return conceptdec_i_blocks_count(r->r, true);
}

static conceptdec_status
take_block(const reduction *r, void **block)
{
    int64_t bytes = conceptdec_i_blocks_bytes(r->r, max64(r->n, r->d), true);
    return conceptdec_i_arena_take_raw(r->scratch, "centred rows", bytes / 8 + 16, sizeof(double), block);
}

static conceptdec_status
load_block(const reduction *r, int64_t first, void *block, conceptdec_i_dense *dense)
{
    conceptdec_i_blocks blocks = r->view->blocks;
    int64_t count = min64(block_count(r), max64(r->n, r->d) - first);
    blocks.gap = conceptdec_i_blocks_gap(r->r, true);
    return (r->n <= r->d ? conceptdec_i_blocks_columns : conceptdec_i_blocks_rows)(&blocks, first, count, block, dense);
}

/* ---- second moments ---- */

static conceptdec_status
add_moments(const reduction *r, void *block, double *moments)
{
    conceptdec_i_dense dense;
    for (int64_t first = 0; first < max64(r->n, r->d); first += block_count(r)) {
        CONCEPTDEC_I_TRY(load_block(r, first, block, &dense));
        CONCEPTDEC_I_TRY(conceptdec_i_gram_add(r->cca->s->ctx, &dense, CONCEPTDEC_I_TILE_F64, moments, r->r));
    }
    conceptdec_i_gram_mirror(moments, r->r, r->r);
    return CONCEPTDEC_OK;
}

static conceptdec_status
decompose_moments(reduction *r)
{
    void *p[3];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(r->scratch, "second moments", r->r * r->r, sizeof(double), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(r->scratch, "second moments", r->r, sizeof(double), &p[1]));
    CONCEPTDEC_I_TRY(take_block(r, &p[2]));
    r->vectors = p[0];
    r->values = p[1];
    CONCEPTDEC_I_TRY(add_moments(r, p[2], r->vectors));
    for (int64_t i = 0; i < r->r; i++)
        r->total += r->vectors[i * r->r + i];
    CONCEPTDEC_I_TRY(conceptdec_i_poll(r->cca->s->ctx, 0));
    CONCEPTDEC_I_TRY(conceptdec_i_eigen(r->cca->s->ctx, r->r, r->vectors, r->r, r->values));
    for (int64_t k = 0; k < r->r / 2; k++) {
        double value = r->values[k];
        r->values[k] = r->values[r->r - 1 - k];
        r->values[r->r - 1 - k] = value;
    }
    return CONCEPTDEC_OK;
}

/* Row k of the eigenvectors, which are in ascending order. */
static const double *
vector_of(const reduction *r, int64_t k)
{
    return r->vectors + (r->r - 1 - k) * r->r;
}

/* u = x v / size, a block of rows at a time. */
static conceptdec_status
project(const reduction *r, double *u)
{
    const int64_t count = r->out->u.count;
    conceptdec_i_dense dense;
    void *p[2];
    CONCEPTDEC_I_TRY(take_block(r, &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(r->scratch, "directions", count * r->d, sizeof(double), &p[1]));
    double *turned = p[1];
    for (int64_t k = 0; k < count; k++)
        for (int64_t j = 0; j < r->d; j++)
            turned[k * r->d + j] = vector_of(r, k)[j] / r->out->size[k];
    for (int64_t first = 0; first < r->n; first += block_count(r)) {
        CONCEPTDEC_I_TRY(load_block(r, first, p[0], &dense));
        const conceptdec_i_applying a = {.rows = &dense,
                                         .n = dense.n,
                                         .columns = count,
                                         .w = turned,
                                         .ldw = r->d,
                                         .out = u + first,
                                         .ldo = r->n,
                                         .precision = CONCEPTDEC_I_TILE_F64};
        CONCEPTDEC_I_TRY(conceptdec_i_apply(r->cca->s->ctx, &a));
    }
    return CONCEPTDEC_OK;
}

/* ---- singular vectors ---- */

static conceptdec_status
decompose_rows(reduction *r)
{
    conceptdec_i_dense dense;
    conceptdec_i_blocks blocks = r->view->blocks;
    void *p[3];
    blocks.gap = 0;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(r->scratch, "centred rows", r->n * r->d, sizeof(double), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(r->scratch, "singular vectors", r->n * r->r, sizeof(double), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(r->scratch, "singular vectors", r->r, sizeof(double), &p[2]));
    r->vectors = p[1];
    r->values = p[2];
    CONCEPTDEC_I_TRY(conceptdec_i_blocks_turned(&blocks, 0, r->n, p[0], &dense));
    CONCEPTDEC_I_TRY(conceptdec_i_poll(r->cca->s->ctx, 0));
    CONCEPTDEC_I_TRY(conceptdec_i_singular(r->cca->s->ctx, r->d, r->n, p[0], r->values, r->vectors));
    for (int64_t k = 0; k < r->r; k++) {
        r->values[k] *= r->values[k];
        r->total += r->values[k];
    }
    return CONCEPTDEC_OK;
}

/* ---- what is kept ---- */

/* The fewest leading directions that explain the share; none that rounding alone could have made. */
static int64_t
count_directions(const reduction *r, bool is_by_moments)
{
    const double share = r->cca->s->options.variance, unit = (double)max64(r->n, r->d) * 0x1p-52;
    double floor = r->values[0] * (is_by_moments ? unit : unit * unit), sum = 0;
    double enough = share < 1 ? r->total * (share - (double)r->r * 0x1p-53) : (double)INFINITY;
    int64_t count = 0;
    while (count < r->r && r->values[count] > floor && (count == 0 || sum < enough))
        sum += r->values[count++];
    return count;
}

/* load = x' u, a block of columns at a time. */
static conceptdec_status
load_columns(const reduction *r)
{
    conceptdec_i_blocks blocks = r->view->blocks;
    const int64_t most = conceptdec_i_blocks_count(r->n, true), count = r->out->u.count;
    conceptdec_i_dense dense, u = {.data = r->out->u.data, .n = count, .dims = r->n, .stride = r->n, .is_wide = true};
    void *block;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(
        r->scratch, "centred columns", conceptdec_i_blocks_bytes(r->n, r->d, true) / 8 + 16, sizeof(double), &block));
    for (int64_t first = 0; first < r->d; first += most) {
        CONCEPTDEC_I_TRY(conceptdec_i_blocks_columns(&blocks, first, min64(most, r->d - first), block, &dense));
        const conceptdec_i_applying a = {.rows = &u,
                                         .n = count,
                                         .columns = dense.n,
                                         .w = dense.data,
                                         .ldw = dense.stride,
                                         .out = r->out->load + first * count,
                                         .ldo = count,
                                         .precision = CONCEPTDEC_I_TILE_F64};
        CONCEPTDEC_I_TRY(conceptdec_i_apply(r->cca->s->ctx, &a));
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
keep(reduction *r, bool is_by_moments)
{
    const int64_t count = count_directions(r, is_by_moments), n = r->n;
    void *p[3] = {NULL};
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(r->arena, "directions", count * n, sizeof(double), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(r->arena, "directions", count, sizeof(double), &p[1]));
    if (r->cca->is_weighted)
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(r->arena, "directions", count * r->d, sizeof(double), &p[2]));
    double *u = p[0];
    r->out->u = (conceptdec_i_directions){.count = count, .n = n, .data = u, .stride = n};
    r->out->size = p[1];
    r->out->load = p[2];
    for (int64_t k = 0; k < count; k++)
        r->out->size[k] = sqrt(r->values[k]);
    if (is_by_moments && n > r->d)
        CONCEPTDEC_I_TRY(project(r, u));
    else
        for (int64_t k = 0; k < count; k++)
            memcpy(u + k * n, is_by_moments ? vector_of(r, k) : r->vectors + k * n, (size_t)n * sizeof *u);
    return r->cca->is_weighted ? load_columns(r) : CONCEPTDEC_OK;
}

/* ---- all directions ---- */

static double
largest_sum(const double *moments, int64_t r)
{
    double largest = 0;
    for (int64_t i = 0; i < r; i++) {
        double sum = 0;
        for (int64_t j = 0; j < r; j++)
            sum += fabs(moments[i * r + j]);
        largest = fmax(largest, sum);
    }
    return largest;
}

static conceptdec_status
look_at_condition(const reduction *r, bool *is_good)
{
    void *p[2];
    double condition = 0;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(r->scratch, "second moments", r->r * r->r, sizeof(double), &p[0]));
    CONCEPTDEC_I_TRY(take_block(r, &p[1]));
    CONCEPTDEC_I_TRY(add_moments(r, p[1], p[0]));
    const double norm = largest_sum(p[0], r->r);
    CONCEPTDEC_I_TRY(conceptdec_i_poll(r->cca->s->ctx, 0));
    CONCEPTDEC_I_TRY(conceptdec_i_cholesky(r->cca->s->ctx, r->r, p[0], r->r, is_good));
    if (*is_good)
        CONCEPTDEC_I_TRY(conceptdec_i_cholesky_condition(r->cca->s->ctx, r->r, p[0], r->r, norm, &condition));
    *is_good = condition > WELL_CONDITIONED;
    conceptdec_i_arena_close(r->scratch);
    return CONCEPTDEC_OK;
}

/* An orthonormal basis of the columns instead of their singular vectors, several times as fast. */
static conceptdec_status
keep_all(reduction *r)
{
    conceptdec_i_blocks blocks = r->view->blocks;
    conceptdec_i_dense dense;
    void *p[3] = {NULL};
    blocks.gap = 0;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(r->arena, "directions", r->d * r->n, sizeof(double), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(r->arena, "directions", r->d, sizeof(double), &p[1]));
    if (r->cca->is_weighted)
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(r->arena, "directions", r->d * r->d, sizeof(double), &p[2]));
    r->out->u = (conceptdec_i_directions){.count = r->d, .n = r->n, .data = p[0], .stride = r->n};
    r->out->size = p[1];
    r->out->load = p[2];
    for (int64_t k = 0; k < r->d; k++)
        r->out->size[k] = 1;
    CONCEPTDEC_I_TRY(conceptdec_i_blocks_turned(&blocks, 0, r->n, p[0], &dense));
    CONCEPTDEC_I_TRY(conceptdec_i_poll(r->cca->s->ctx, 0));
    CONCEPTDEC_I_TRY(conceptdec_i_orthonormalize(r->cca->s->ctx, r->d, r->n, p[0], r->n));
    CONCEPTDEC_I_TRY(conceptdec_i_poll(r->cca->s->ctx, 0));
    return r->cca->is_weighted ? load_columns(r) : CONCEPTDEC_OK;
}

static conceptdec_status
reduce_view(reduction *r)
{
    const conceptdec_similarity_options *o = &r->cca->s->options;
    bool is_by_moments = by_moments(r->cca, r->n, r->d), is_good = false;
    if (r->view->is_constant)
        return CONCEPTDEC_OK;
    if (o->variance >= 1 && o->ridge <= 0 && r->n > r->d)
        CONCEPTDEC_I_TRY(look_at_condition(r, &is_good));
    if (is_good)
        return keep_all(r);
    CONCEPTDEC_I_TRY(is_by_moments ? decompose_moments(r) : decompose_rows(r));
    CONCEPTDEC_I_TRY(keep(r, is_by_moments));
    r->out->penalty = o->ridge * r->total / (double)r->d;
    return CONCEPTDEC_OK;
}

static conceptdec_status
reduce(void *argument, conceptdec_i_arena *arena, int64_t number, void **out, int64_t *bytes)
{
    const conceptdec_i_cca *cca = argument;
    const int64_t n = cca->s->n, d = cca->s->views[number]->cols;
    void *p;
    conceptdec_i_arena scratch;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "reduced view", 1, sizeof(conceptdec_i_cca_view), &p));
    reduction r = {.cca = cca,
                   .view = &cca->views[number],
                   .arena = arena,
                   .scratch = &scratch,
                   .n = n,
                   .d = d,
                   .r = min64(n, d),
                   .out = p};
    r.out->d = d;
    conceptdec_i_arena_open(&scratch, cca->s->ctx);
    conceptdec_status status = reduce_view(&r);
    conceptdec_i_arena_close(&scratch);
    cca->directions[number] = r.out->u.count;
    *out = p;
    *bytes = 8 * r.out->u.count * (n + 1 + (cca->is_weighted ? d : 0));
    return status;
}

/* ---- memory ---- */

static int64_t
kept_bytes(const conceptdec_i_cca *cca, int64_t n, int64_t d)
{
    return 8 * min64(n - 1, d) * (n + 1 + (cca->is_weighted ? d : 0));
}

static int64_t
made_bytes(const conceptdec_i_cca *cca, int64_t n, int64_t d)
{
    const int64_t r = min64(n, d), loaded = cca->is_weighted ? conceptdec_i_blocks_bytes(n, d, true) : 0;
    if (by_moments(cca, n, d)) /* moments, LAPACK's work or later the eigenvectors once more, a block or two */
        return 8 * (r * (3 * r + 8)) + 2 * conceptdec_i_blocks_bytes(r, max64(n, d), true) + loaded;
    return 8 * (n * d + n * r) + conceptdec_i_singular_bytes(d, n) + loaded;
}

static void
plan_memory(const conceptdec_i_cca *cca, conceptdec_i_pairs *pairs)
{
    const conceptdec_i_similarity *s = cca->s;
    int64_t most = 0, widest = 0;
    for (int64_t v = 0; v < s->n_views; v++) {
        int64_t d = s->views[v]->cols;
        pairs->kept_bytes = max64(pairs->kept_bytes, kept_bytes(cca, s->n, d));
        pairs->made_bytes = max64(pairs->made_bytes, made_bytes(cca, s->n, d));
        most = max64(most, min64(s->n - 1, d));
        widest = max64(widest, d);
    }
    pairs->pair_bytes = conceptdec_i_cca_bytes(cca, most, most, widest);
}

/* ---- the result ---- */

static conceptdec_status
add_directions(const conceptdec_i_cca *cca, const char *name, int64_t first, int64_t count)
{
    int64_t *directions;
    CONCEPTDEC_I_TRY(conceptdec_i_result_int64(cca->s->ctx, cca->s->result, name, 1, &count, &directions));
    memcpy(directions, cca->directions + first, (size_t)count * sizeof *directions);
    return CONCEPTDEC_OK;
}

static conceptdec_status
add_correlations(const conceptdec_i_cca *cca)
{
    const conceptdec_i_similarity *s = cca->s;
    int64_t shape[] = {s->n_a, s->n_b, 1};
    double *out;
    for (int64_t pair = 0; pair < s->n_a * s->n_b; pair++)
        shape[2] = max64(shape[2], cca->observed[pair].count);
    CONCEPTDEC_I_TRY(
        conceptdec_i_result_float64(s->ctx, s->result, CONCEPTDEC_R_CANONICAL_CORRELATIONS, 3, shape, &out));
    for (int64_t i = 0; i < s->n_a; i++)
        for (int64_t j = 0; j < s->n_b; j++, out += shape[2]) {
            const conceptdec_i_cca_values *from =
                &cca->observed[s->is_mirrored && j < i ? j * s->n_b + i : i * s->n_b + j];
            for (int64_t k = 0; k < shape[2]; k++)
                out[k] = k < from->count ? from->values[k] : (double)NAN;
        }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_similarity_cca(conceptdec_i_similarity *s)
{
    conceptdec_i_cca cca = {.s = s, .is_weighted = s->options.kind == CONCEPTDEC_SIMILARITY_PWCCA};
    conceptdec_i_pairs pairs = {.s = s,
                                .argument = &cca,
                                .items = s->n,
                                .groups = s->groups,
                                .reduce = reduce,
                                .share = conceptdec_i_cca_share,
                                .measure = conceptdec_i_cca_measure,
                                .bytes = conceptdec_i_cca_meeting_bytes};
    void *p[2];
    CONCEPTDEC_I_TRY(conceptdec_i_centred_scan(s, &cca.views));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(s->arena, "directions", s->n_views, sizeof(int64_t), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(s->arena, "correlations", s->n_a * s->n_b, sizeof *cca.observed, &p[1]));
    cca.directions = p[0];
    cca.observed = p[1];
    plan_memory(&cca, &pairs);
    CONCEPTDEC_I_TRY(conceptdec_i_pairs_run(&pairs));
    CONCEPTDEC_I_TRY(add_correlations(&cca));
    CONCEPTDEC_I_TRY(add_directions(&cca, CONCEPTDEC_R_DIRECTIONS_A, 0, s->n_a));
    return add_directions(&cca, CONCEPTDEC_R_DIRECTIONS_B, s->is_self ? 0 : s->n_a, s->n_b);
}

/* Rows and groups left out of a ridge regression without fitting it again. */
#include <math.h>
#include <string.h>

#include "core/whole.h"
#include "linalg/apply.h"
#include "linalg/factor.h"
#include "linalg/tiles.h"
#include "probe/ridge.h"

#define ROWS 1024            /* rotated at once */
#define PIECE 64             /* rows of a task */
#define FLOAT_FREEDOM 0x1p-6 /* 1 - h below which products in float would lose what matters */
#define COMPLEMENT_SPREAD 1e-10

/* ---- coordinates along eigenvectors ---- */

/* out[k * count + i]: centred row rows[i] along eigenvector k. */
static conceptdec_status
rotate(const conceptdec_i_ridge_part *part, const int32_t *rows, int64_t count, double *shift, double *out)
{
    const conceptdec_i_dense dense = conceptdec_i_space_rows(part->fitting->space);
    for (int64_t k = 0; k < part->r; k++) {
        shift[k] = 0;
        for (int64_t j = 0; j < part->r; j++)
            shift[k] -= part->moments[k * part->r + j] * part->mean[j];
    }
    const conceptdec_i_applying applying = {.rows = &dense, .row = rows, .n = count, .columns = part->r,
                                            .w = part->moments,
                                            .ldw = part->r, .bias = shift, .out = out, .ldo = count,
                                            .precision = CONCEPTDEC_I_TILE_F64};
    return conceptdec_i_apply(part->fitting->ctx, &applying);
}

/* ---- single rows ---- */

typedef struct {
    conceptdec_i_ridge_part *part;
    int64_t first, count;
    const double *rotated;
} piece_job;

int64_t
conceptdec_i_ridge_turned_rows(const conceptdec_i_ridge_part *part)
{
    return (part->members.n_left + PIECE - 1) / PIECE * PIECE;
}

/* Rows of one piece in `turned`. */
static void
store(const piece_job *job, int64_t from, int64_t count)
{
    const conceptdec_i_ridge_part *part = job->part;
    float *out = part->turned + (job->first + from) * part->rank;
    for (int64_t j = 0; j < part->rank; j++) {
        const double *u = job->rotated + (part->r - 1 - j) * job->count + from;
        double root = 1 / sqrt(part->values[part->r - 1 - j]);
        for (int64_t i = 0; i < count; i++)
            out[i * part->rank + j] = (float)(u[i] * root);
    }
}

/* 1 - h of rows of one piece for every lambda, as its inverse. */
static conceptdec_status
piece_task(void *argument, int64_t task, int lane)
{
    const piece_job *job = argument;
    const conceptdec_i_ridge_part *part = job->part;
    int64_t from = task * PIECE, count = task_end(task, PIECE, job->count) - from;
    (void)lane;
    if (part->turned)
        store(job, from, count);
    for (int64_t l = 0; l < part->n_lambdas; l++) {
        double sums[PIECE] = {0}, *out = part->freedom + l * part->members.n_left + job->first + from;
        for (int64_t k = 0; k < part->r; k++) {
            const double filter = conceptdec_i_ridge_filter(part->values[k], part->lambdas[l], part->is_complement);
            const double *u = job->rotated + k * job->count + from;
            for (int64_t i = 0; i < count; i++)
                sums[i] += filter * (u[i] * u[i]);
        }
        for (int64_t i = 0; i < count; i++) {
            double omega = part->members.omega[part->members.left[job->first + from + i]];
            double freedom = part->is_complement ? omega * sums[i] : 1 - omega * (1 + sums[i]);
            out[i] = freedom > CONCEPTDEC_I_RIDGE_PINNED ? 1 / freedom : (double)NAN;
        }
    }
    return CONCEPTDEC_OK;
}

/* n rows in general position span n - 1 directions: then f alone would come within rounding of t. */
static bool
spans_all(const conceptdec_i_ridge_part *part)
{
    for (int64_t t = 0; t < part->members.n_train; t++)
        if (part->members.omega[part->members.train[t]] <= 0)
            return false;
    double largest = part->r > 0 ? part->values[part->r - 1] : 0, least = largest;
    for (int64_t k = part->r - 1; k >= 0 && part->values[k] > 0; k--)
        least = part->values[k];
    return part->rank == part->members.n_train - 1 && least > COMPLEMENT_SPREAD * largest;
}

void
conceptdec_i_ridge_choose_precision(conceptdec_i_ridge_part *part)
{
    for (int64_t i = 0; i < part->n_lambdas * part->members.n_left && !part->is_complement; i++)
        if (part->freedom[i] > 1 / FLOAT_FREEDOM)
            part->precision = CONCEPTDEC_I_TILE_F64;
}

static conceptdec_status
all_pieces(conceptdec_i_ridge_part *part, double *rotated, double *shift)
{
    int64_t n = part->members.n_left;
    for (int64_t first = 0; first < n; first += ROWS) {
        piece_job job = {
            .part = part, .first = first, .count = n - first < ROWS ? n - first : ROWS, .rotated = rotated};
        CONCEPTDEC_I_TRY(rotate(part, part->members.left + first, job.count, shift, rotated));
        CONCEPTDEC_I_TRY(conceptdec_i_parallel(part->fitting->ctx, (job.count + PIECE - 1) / PIECE, piece_task, &job));
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_turned(conceptdec_i_arena *arena, conceptdec_i_ridge_part *part)
{
    int64_t n = part->members.n_left, rows = conceptdec_i_ridge_turned_rows(part);
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "rotated rows", rows * part->rank, sizeof(float), &p));
    part->turned = p;
    part->held += ceil_div(rows * part->rank, 2);
    memset(part->turned + n * part->rank, 0, (size_t)((rows - n) * part->rank) * sizeof(float));
    return CONCEPTDEC_OK;
}

int64_t
conceptdec_i_ridge_leverages_doubles(const conceptdec_i_ridge_part *part)
{
    const int64_t n = part->members.n_left, rows = min64(n, ROWS);
    return part->n_lambdas * n + (rows + 1) * part->r + conceptdec_i_product_doubles(part->fitting, rows, part->r);
}

conceptdec_status
conceptdec_i_ridge_leverages(conceptdec_i_arena *arena, bool wants_turned, conceptdec_i_ridge_part *part)
{
    int64_t n = part->members.n_left, rows = min64(n, ROWS);
    void *p[2] = {NULL, NULL}, *freedom;
    CONCEPTDEC_I_TRY(conceptdec_i_closed_memory(part->fitting, "leverages",
                                                part->held + conceptdec_i_ridge_leverages_doubles(part)));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "leverages", part->n_lambdas * n, sizeof(double), &freedom));
    part->freedom = freedom;
    part->held += part->n_lambdas * n;
    if (wants_turned)
        CONCEPTDEC_I_TRY(take_turned(arena, part));
    part->is_complement = spans_all(part);
    conceptdec_i_arena scratch;
    conceptdec_i_arena_open(&scratch, arena->ctx);
    conceptdec_status status =
        conceptdec_i_arena_take_raw(&scratch, "rotated rows", rows * part->r, sizeof(double), &p[0]);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_i_arena_take_raw(&scratch, "mean", part->r, sizeof(double), &p[1]);
    if (status == CONCEPTDEC_OK)
        status = all_pieces(part, p[0], p[1]);
    if (status == CONCEPTDEC_OK)
        conceptdec_i_ridge_choose_precision(part);
    conceptdec_i_arena_close(&scratch);
    return status;
}

/* ---- groups ---- */

static double
root_weight(const conceptdec_i_ridge_groups *g, int64_t at)
{
    const conceptdec_i_members *m = &g->part->members;
    return sqrt(m->omega[m->left[g->places.at[at]]]);
}

/* Matrix of one group: inner products of its rows, then the lower half of I - H, scaled to be symmetric, and its
 * factor. */
static conceptdec_status
factor_group(conceptdec_i_ridge_groups *g, int64_t group, double *rotated, double *filter)
{
    const conceptdec_i_ridge_part *part = g->part;
    conceptdec_ctx *ctx = part->fitting->ctx;
    int64_t first = g->places.first[group], count = conceptdec_i_places_count(&g->places, group);
    double *a = g->matrix[group];
    bool is_definite;
    const conceptdec_i_dense dense = {.data = rotated, .n = part->r, .dims = count, .stride = count, .is_wide = true};
    CONCEPTDEC_I_TRY(conceptdec_i_gram(ctx, &dense, filter, CONCEPTDEC_I_TILE_F64, a, count));
    for (int64_t i = 0; i < count; i++) {
        g->diagonal[group][i] = 1 + a[i * count + i];
        for (int64_t j = 0; j < count; j++) {
            double inner = 1 + a[i * count + j];
            bool is_lower = j <= i;
            a[i * count + j] =
                is_lower ? (i == j) - root_weight(g, first + i) * root_weight(g, first + j) * inner : inner;
        }
    }
    CONCEPTDEC_I_TRY(conceptdec_i_cholesky(ctx, count, a, count, &is_definite));
    g->is_singular[group] = !is_definite;
    for (int64_t i = 0; i < count && is_definite; i++)
        if (!(a[i * count + i] * a[i * count + i] > CONCEPTDEC_I_RIDGE_PINNED))
            g->is_singular[group] = true;
    return CONCEPTDEC_OK;
}

/* Doubles of all that is taken for groups whose factors take so many, and of products meanwhile. */
static int64_t
groups_doubles(conceptdec_i_ridge_groups *g, int64_t factors)
{
    const conceptdec_i_ridge_part *part = g->part;
    const int64_t largest = g->places.largest;
    const conceptdec_i_dense rotated = {.n = part->r, .dims = largest, .stride = largest, .is_wide = true};
    const int64_t gram = conceptdec_i_gram_bytes(part->fitting->ctx, &rotated, CONCEPTDEC_I_TILE_F64);
    const int64_t products = max64(part->r + ceil_div(gram, (int64_t)sizeof(double)),
                                   conceptdec_i_product_doubles(part->fitting, largest, part->r));
    g->held = factors + conceptdec_i_members_sort_doubles(part->fitting) + part->members.n_left + 3 * g->places.n +
              (part->r + 1) * largest + 2 * part->r;
    return part->held + g->held + products;
}

static conceptdec_status
take_matrices(conceptdec_i_arena *arena, conceptdec_i_ridge_groups *g)
{
    const int64_t doubles = conceptdec_i_places_squares(&g->places);
    void *p[3];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "groups", g->places.n, sizeof(double *), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "groups", g->places.n, sizeof(double *), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "groups", g->places.n, sizeof(bool), &p[2]));
    g->matrix = p[0];
    g->diagonal = p[1];
    g->is_singular = p[2];
    CONCEPTDEC_I_TRY(conceptdec_i_closed_memory(g->part->fitting, "factors of groups", groups_doubles(g, doubles)));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "factors of groups", doubles, sizeof(double), &p[0]));
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take_raw(arena, "factors of groups", g->part->members.n_left, sizeof(double), &p[1]));
    double *matrix = p[0];
    for (int64_t group = 0; group < g->places.n; group++) {
        int64_t count = conceptdec_i_places_count(&g->places, group);
        g->matrix[group] = matrix;
        g->diagonal[group] = (double *)p[1] + g->places.first[group];
        matrix += count * count;
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
factor_all(conceptdec_i_ridge_groups *g, double lambda, double *const scratch[3], int32_t *rows)
{
    const conceptdec_i_ridge_part *part = g->part;
    for (int64_t k = 0; k < part->r; k++)
        scratch[1][k] = conceptdec_i_ridge_filter(part->values[k], lambda, false);
    for (int64_t group = 0; group < g->places.n; group++) {
        int64_t first = g->places.first[group], count = conceptdec_i_places_count(&g->places, group);
        for (int64_t i = 0; i < count; i++)
            rows[i] = part->members.left[g->places.at[first + i]];
        CONCEPTDEC_I_TRY(rotate(part, rows, count, scratch[2], scratch[0]));
        CONCEPTDEC_I_TRY(factor_group(g, group, scratch[0], scratch[1]));
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_ridge_groups_open(conceptdec_i_arena *arena, const conceptdec_i_ridge_part *part, double lambda,
                               conceptdec_i_ridge_groups *groups)
{
    void *p[4];
    *groups = (conceptdec_i_ridge_groups){.part = part};
    CONCEPTDEC_I_TRY(conceptdec_i_members_sort(arena, part->fitting, &part->members, &groups->places));
    CONCEPTDEC_I_TRY(take_matrices(arena, groups));
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take_raw(arena, "rotated rows", part->r * groups->places.largest, sizeof(double), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "filter", part->r, sizeof(double), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "mean", part->r, sizeof(double), &p[2]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "groups", groups->places.largest, sizeof(int32_t), &p[3]));
    return factor_all(groups, lambda, (double *const[]){p[0], p[1], p[2]}, p[3]);
}

/* Rows without a weight take no part in the equations of their group, but what is left out matters to them. */
static void
scatter(const conceptdec_i_ridge_groups *g, int64_t group, const double *solved, double *residual)
{
    int64_t first = g->places.first[group], count = conceptdec_i_places_count(&g->places, group);
    const double *a = g->matrix[group];
    for (int64_t i = 0; i < count; i++) {
        double weight = root_weight(g, first + i), sum = residual[g->places.at[first + i]];
        for (int64_t j = 0; weight <= 0 && j < count; j++) {
            double inner = j > i ? a[i * count + j] : j < i ? a[j * count + i] : g->diagonal[group][i];
            sum += root_weight(g, first + j) * inner * solved[j];
        }
        residual[g->places.at[first + i]] = g->is_singular[group] ? (double)NAN
                                            : weight > 0          ? solved[i] / weight
                                                                  : sum;
    }
}

conceptdec_status
conceptdec_i_ridge_groups_leave(const conceptdec_i_ridge_groups *groups, int64_t columns, double *residuals)
{
    conceptdec_ctx *ctx = groups->part->fitting->ctx;
    int64_t n = groups->part->members.n_left;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_take(ctx, "residuals", columns * groups->places.largest, sizeof(double), &p));
    double *solved = p;
    conceptdec_status status = CONCEPTDEC_OK;
    for (int64_t group = 0; group < groups->places.n && status == CONCEPTDEC_OK; group++) {
        int64_t first = groups->places.first[group], count = conceptdec_i_places_count(&groups->places, group);
        for (int64_t k = 0; k < columns; k++)
            for (int64_t i = 0; i < count; i++)
                solved[k * count + i] =
                    root_weight(groups, first + i) * residuals[k * n + groups->places.at[first + i]];
        if (!groups->is_singular[group])
            status = conceptdec_i_cholesky_solve(ctx, count, groups->matrix[group], count, columns, solved, count);
        for (int64_t k = 0; k < columns && status == CONCEPTDEC_OK; k++)
            scatter(groups, group, solved + k * count, residuals + k * n);
        if (status == CONCEPTDEC_OK)
            status = conceptdec_i_poll(ctx, 0);
    }
    conceptdec_i_give(ctx, p);
    return status;
}

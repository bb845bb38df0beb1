/* Subspaces that the caller has: the span of given rows. Rows are made 1 long first, so that what is dropped depends on
 * their directions alone. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "linalg/dot.h"
#include "linalg/factor.h"
#include "linalg/orthonormal.h"
#include "subspace/subspaces.h"

#define ORTHONORMAL 1e-6

/* One of the bases. */
typedef struct {
    char name[48], variances_name[48];         /* of the arguments, as errors have them */
    const conceptdec_matrix *view, *variances; /* variances NULL: not known */
    double *rows;                              /* in the list */
    int64_t rank;
    bool is_done;
} basis;

typedef struct {
    conceptdec_i_arena *arena;
    conceptdec_subspaces_options options;
    int64_t count, d;
    basis *bases;
    char *scratch; /* per lane */
    int64_t scratch_bytes;
    conceptdec_subspaces *list; /* with room for all rows */
} job;

/* ---- what is given ---- */

static conceptdec_status
open_variances(const job *j, const basis *b)
{
    conceptdec_ctx *ctx = j->arena->ctx;
    CONCEPTDEC_I_TRY(conceptdec_i_view_check(ctx, b->variances_name, b->variances, CONCEPTDEC_I_FLOATS));
    if (b->variances->rows != b->view->rows || b->variances->cols != 1)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "%s: %lld x %lld, must be %lld x 1", b->variances_name,
                                 (long long)b->variances->rows, (long long)b->variances->cols,
                                 (long long)b->view->rows);
    return CONCEPTDEC_OK;
}

static conceptdec_status
open_bases(job *j, const conceptdec_matrix *bases, const conceptdec_matrix *variances)
{
    conceptdec_ctx *ctx = j->arena->ctx;
    for (int64_t s = 0; s < j->count; s++) {
        basis *b = &j->bases[s];
        b->view = &bases[s];
        b->variances = variances ? &variances[s] : NULL;
        (void)snprintf(b->name, sizeof b->name, "bases[%lld]", (long long)s);
        (void)snprintf(b->variances_name, sizeof b->variances_name, "variances[%lld]", (long long)s);
        CONCEPTDEC_I_TRY(conceptdec_i_view_open(j->arena, b->name, &b->view));
        if (b->view->cols != bases[0].cols)
            return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "%s: %lld columns, but bases[0] has %lld", b->name,
                                     (long long)b->view->cols, (long long)bases[0].cols);
        if (b->variances)
            CONCEPTDEC_I_TRY(open_variances(j, b));
    }
    j->d = bases[0].cols;
    for (int64_t s = 0; s < j->count; s++)
        if (j->bases[s].variances)
            CONCEPTDEC_I_TRY(conceptdec_i_view_finite(ctx, j->bases[s].variances_name, j->bases[s].variances));
    return CONCEPTDEC_OK;
}

/* ---- spans ---- */

static conceptdec_status
check_orthonormal(const job *j, const basis *b)
{
    for (int64_t i = 0; i < b->view->rows; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll(j->arena->ctx, 0));
        for (int64_t k = 0; k <= i; k++) {
            double product = dot(b->rows + i * j->d, b->rows + k * j->d, j->d);
            if (!(fabs(product - (i == k)) <= ORTHONORMAL))
                return conceptdec_i_fail(j->arena->ctx, CONCEPTDEC_EINVAL,
                                         "%s: rows %lld and %lld are not orthonormal to 1e-6, as variances need them",
                                         b->name, (long long)k, (long long)i);
        }
    }
    return CONCEPTDEC_OK;
}

/* Singular values of the rows, and right singular vectors. */
static conceptdec_status
decompose(conceptdec_i_arena *arena, const job *j, const basis *b, double **values, double **vectors)
{
    const int64_t r = b->view->rows, least = r < j->d ? r : j->d;
    void *p[3];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, b->name, r * j->d, sizeof(double), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, b->name, least * j->d, sizeof(double), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, b->name, least, sizeof(double), &p[2]));
    memcpy(p[0], b->rows, (size_t)(r * j->d) * sizeof(double));
    *vectors = p[1];
    *values = p[2];
    return conceptdec_i_singular(arena->ctx, r, j->d, p[0], p[2], p[1]);
}

/* Rows that are independent are made orthonormal in their order; of others the leading singular vectors are the
 * span. */
static conceptdec_status
find_span(conceptdec_i_arena *arena, const job *j, basis *b, double tolerance)
{
    const int64_t r = b->view->rows, least = r < j->d ? r : j->d;
    double *values, *vectors;
    CONCEPTDEC_I_TRY(decompose(arena, j, b, &values, &vectors));
    b->rank = 0;
    while (b->rank < least && values[b->rank] > tolerance * values[0])
        b->rank++;
    if (b->rank == r)
        return conceptdec_i_orthonormalize(arena->ctx, r, j->d, b->rows, j->d);
    if (b->rank > 0)
        memcpy(b->rows, vectors, (size_t)(b->rank * j->d) * sizeof(double));
    for (int64_t k = 0; k < b->rank; k++)
        conceptdec_i_orient(b->rows + k * j->d, j->d);
    return CONCEPTDEC_OK;
}

static double
tolerance_of(const job *j, const basis *b)
{
    return b->variances ? 0 : conceptdec_i_subspaces_tolerance(&j->options, b->view->rows, j->d, b->view->dtype);
}

/* What the Gram matrix of its rows could not settle. LAPACK has threads of its own: one basis after the other. */
static conceptdec_status
settle(const job *j, basis *b)
{
    conceptdec_i_arena scratch;
    if (b->is_done)
        return CONCEPTDEC_OK;
    if (b->variances)
        return conceptdec_i_orthonormalize(j->arena->ctx, b->view->rows, j->d, b->rows, j->d);
    conceptdec_i_arena_open(&scratch, j->arena->ctx);
    conceptdec_status status = find_span(&scratch, j, b, tolerance_of(j, b));
    conceptdec_i_arena_close(&scratch);
    return status;
}

static conceptdec_status
load(const job *j, const basis *b)
{
    for (int64_t i = 0; i < b->view->rows; i++) {
        double *row = b->rows + i * j->d;
        conceptdec_i_view_widen(j->arena->ctx->kernels, b->view, i, 0, j->d, row);
        CONCEPTDEC_I_TRY(conceptdec_i_poll(j->arena->ctx, 0));
        const int64_t at = conceptdec_i_first_non_finite(row, j->d);
        if (at >= 0)
            return conceptdec_i_fail(j->arena->ctx, CONCEPTDEC_ENONFINITE,
                                     "%s: non-finite value at row %lld, column %lld", b->name, (long long)i,
                                     (long long)at);
        if (!b->variances)
            (void)conceptdec_i_subspaces_unit(row, j->d);
    }
    return b->variances ? check_orthonormal(j, b) : CONCEPTDEC_OK;
}

static conceptdec_status
take_basis(void *argument, int64_t task, int lane)
{
    const job *j = argument;
    basis *b = &j->bases[task];
    b->rank = b->view->rows;
    b->rows = j->list->bases + j->list->start[task] * j->d;
    CONCEPTDEC_I_TRY(load(j, b));
    return conceptdec_i_orthonormal_rows(j->arena->ctx, b->rank, j->d, b->rows, tolerance_of(j, b),
                                         j->scratch + lane * j->scratch_bytes, &b->is_done);
}

static conceptdec_status
find_all(job *j)
{
    conceptdec_ctx *ctx = j->arena->ctx;
    int64_t most = 1;
    void *p;
    for (int64_t s = 0; s < j->count; s++)
        if (j->bases[s].view->rows <= CONCEPTDEC_I_ORTHONORMAL_MOST && j->bases[s].view->rows > most)
            most = j->bases[s].view->rows;
    j->scratch_bytes = conceptdec_i_orthonormal_bytes(ctx, most);
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take_raw(j->arena, "products", conceptdec_i_lanes(ctx) * j->scratch_bytes, 1, &p));
    j->scratch = p;
    conceptdec_i_stage(ctx, "bases", 2 * j->count);
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(ctx, j->count, take_basis, j));
    for (int64_t s = 0; s < j->count; s++) {
        CONCEPTDEC_I_TRY(settle(j, &j->bases[s]));
        CONCEPTDEC_I_TRY(conceptdec_i_poll(ctx, 1));
    }
    return CONCEPTDEC_OK;
}

/* ---- the list ---- */

static conceptdec_status
make_list(job *j, conceptdec_subspaces **list)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(j->arena, "subspaces", j->count, sizeof(int64_t), &p));
    int64_t *ranks = p;
    for (int64_t s = 0; s < j->count; s++)
        ranks[s] = j->bases[s].rank;
    return conceptdec_i_subspaces_make(j->arena->ctx, j->count, j->d, ranks, list);
}

/* A list without room for rows that were dropped. */
static conceptdec_status
drop_rows(job *j)
{
    conceptdec_subspaces *full = j->list, *rest;
    bool is_full = true;
    for (int64_t s = 0; s < j->count; s++)
        is_full &= j->bases[s].rank == full->ranks[s];
    if (is_full)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(make_list(j, &rest));
    for (int64_t s = 0; s < j->count; s++)
        if (rest->ranks[s] > 0)
            memcpy(rest->bases + rest->start[s] * j->d, j->bases[s].rows,
                   (size_t)(rest->ranks[s] * j->d) * sizeof(double));
    conceptdec_subspaces_free(full);
    j->list = rest;
    return CONCEPTDEC_OK;
}

static conceptdec_status
write_one(const job *j, int64_t index)
{
    const basis *b = &j->bases[index];
    conceptdec_subspaces *s = j->list;
    double *variances = s->variances + s->start[index];
    for (int64_t k = 0; k < b->rank; k++) {
        variances[k] = (double)NAN;
        if (b->variances)
            conceptdec_i_view_widen(j->arena->ctx->kernels, b->variances, k, 0, 1, &variances[k]);
        if (variances[k] < 0)
            return conceptdec_i_fail(j->arena->ctx, CONCEPTDEC_EINVAL, "%s: negative at row %lld", b->variances_name,
                                     (long long)k);
    }
    const int64_t classes = j->options.classes;
    s->n_missing[index] = b->view->rows - b->rank;
    s->total_variance[index] = s->gap[index] = (double)NAN;
    s->view[index] = classes > 0 ? index / classes : index;
    s->class_of[index] = classes > 0 ? index % classes : -1;
    return CONCEPTDEC_OK;
}

static conceptdec_status
fill(job *j)
{
    CONCEPTDEC_I_TRY(find_all(j));
    CONCEPTDEC_I_TRY(drop_rows(j));
    for (int64_t s = 0; s < j->count; s++)
        CONCEPTDEC_I_TRY(write_one(j, s));
    return CONCEPTDEC_OK;
}

static conceptdec_status
make(job *j, const conceptdec_matrix *bases, const conceptdec_matrix *variances, conceptdec_subspaces **subspaces)
{
    conceptdec_ctx *ctx = j->arena->ctx;
    void *p;
    if (j->options.classes > 0 && j->count % j->options.classes != 0)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "n_bases: %lld is no multiple of %lld classes",
                                 (long long)j->count, (long long)j->options.classes);
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(j->arena, "bases", j->count, sizeof(basis), &p));
    j->bases = p;
    CONCEPTDEC_I_TRY(open_bases(j, bases, variances));
    for (int64_t s = 0; s < j->count; s++)
        j->bases[s].rank = j->bases[s].view->rows;
    CONCEPTDEC_I_TRY(make_list(j, &j->list));
    conceptdec_status status = fill(j);
    if (status == CONCEPTDEC_OK)
        *subspaces = j->list;
    else
        conceptdec_subspaces_free(j->list);
    return status;
}

conceptdec_status
conceptdec_subspaces_from_bases(conceptdec_ctx *ctx, const conceptdec_matrix *bases, int64_t n_bases,
                                const conceptdec_matrix *variances, const conceptdec_subspaces_options *options,
                                conceptdec_subspaces **subspaces)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!bases || !subspaces)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: is NULL", bases ? "subspaces" : "bases");
    if (n_bases < 1)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "n_bases: %lld, must be at least 1", (long long)n_bases);
    conceptdec_i_arena arena;
    job j = {.arena = &arena, .count = n_bases};
    CONCEPTDEC_I_TRY(conceptdec_i_subspaces_options_take(ctx, options, &j.options));
    CONCEPTDEC_I_TRY(conceptdec_i_subspaces_options_refuse(ctx, &j.options, false));
    if (variances && conceptdec_i_subspaces_has_tolerance(&j.options))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "tolerance: is given, but variances are, too");
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = make(&j, bases, variances, subspaces);
    conceptdec_i_arena_close(&arena);
    return status;
}

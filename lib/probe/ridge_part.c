/* Second moments of a training part, and their factors. */
#include <math.h>
#include <string.h>

#include "core/whole.h"
#include "linalg/factor.h"
#include "linalg/tiles.h"
#include "probe/ridge.h"

#define LEAST_ALIKE 3    /* roles that must share their rows before moments of all rows pay */
#define DELICATE 1e-6    /* a pivot below this share of its element */
#define MOST_TAKEN 0.5   /* of the trace: what may be taken from the moments of all rows without losing digits */

double
conceptdec_i_ridge_tolerance(int64_t n, int64_t r)
{
    return (double)(n > r ? n : r) * 0x1p-52;
}

double
conceptdec_i_ridge_filter(double value, double lambda, bool is_complement)
{
    if (value <= 0)
        return 0;
    return is_complement ? lambda / (value * (value + lambda)) : 1 / (value + lambda);
}

static double
trace_of(const double *a, int64_t r)
{
    double sum = 0;
    for (int64_t i = 0; i < r; i++)
        sum += a[i * r + i];
    return sum;
}

/* ---- moments of all rows, less those that are left out ---- */

void
conceptdec_i_ridge_base_close(conceptdec_i_ridge_base *base)
{
    if (base->is_open)
        conceptdec_i_arena_close(&base->arena);
    *base = (conceptdec_i_ridge_base){0};
}

static bool
is_same_base(const conceptdec_i_ridge_base *base, const uint8_t *role, int64_t n)
{
    for (int64_t i = 0; base->role && i < n; i++)
        if ((base->role[i] == CONCEPTDEC_I_ROLE_NONE) != (role[i] == CONCEPTDEC_I_ROLE_NONE))
            return false;
    return base->role != NULL;
}

static void
weigh(const conceptdec_i_fitting *fitting, const uint8_t *role, bool test_only, double *weight)
{
    for (int64_t i = 0; i < fitting->space->n; i++) {
        bool counts = test_only ? role[i] == CONCEPTDEC_I_ROLE_TEST : role[i] != CONCEPTDEC_I_ROLE_NONE;
        weight[i] = !counts ? 0 : fitting->weight ? fitting->weight[i] : 1;
    }
}

static conceptdec_status
open_base(const conceptdec_i_fitting *fitting, const uint8_t *role, conceptdec_i_ridge_base *base)
{
    const conceptdec_i_dense rows = conceptdec_i_space_rows(fitting->space);
    void *p[2];
    conceptdec_i_ridge_base_close(base);
    conceptdec_i_arena_open(&base->arena, fitting->ctx);
    base->is_open = true;
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take_raw(&base->arena, "second moments", rows.dims * rows.dims, sizeof(double), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(&base->arena, "weights of rows", rows.n, sizeof(double), &p[1]));
    base->moments = p[0];
    base->weight = p[1];
    weigh(fitting, role, false, base->weight);
    CONCEPTDEC_I_TRY(
        conceptdec_i_gram(fitting->ctx, &rows, base->weight, CONCEPTDEC_I_TILE_F64, base->moments, rows.dims));
    base->role = role;
    return CONCEPTDEC_OK;
}

/* *is_taken: moments of the TRAIN rows about 0, weights summing to 1, stand in part->moments. */
static conceptdec_status
take_from_base(conceptdec_i_ridge_part *part, const uint8_t *role, conceptdec_i_ridge_base *base, bool *is_taken)
{
    const conceptdec_i_fitting *fitting = part->fitting;
    const conceptdec_i_dense rows = conceptdec_i_space_rows(fitting->space);
    int64_t r = part->r;
    *is_taken = false;
    if (!is_same_base(base, role, rows.n))
        CONCEPTDEC_I_TRY(open_base(fitting, role, base));
    weigh(fitting, role, true, base->weight);
    CONCEPTDEC_I_TRY(conceptdec_i_gram(fitting->ctx, &rows, base->weight, CONCEPTDEC_I_TILE_F64, part->moments, r));
    if (trace_of(part->moments, r) > MOST_TAKEN * trace_of(base->moments, r))
        return CONCEPTDEC_OK;
    double factor = 1 / part->members.total;
    for (int64_t i = 0; i < r * r; i++)
        part->moments[i] = (base->moments[i] - part->moments[i]) * factor;
    *is_taken = true;
    return CONCEPTDEC_OK;
}

static bool
pays_base(const conceptdec_i_ridge_part *part, int64_t alike)
{
    const conceptdec_i_members *m = &part->members;
    return alike >= LEAST_ALIKE && 2 * m->n_left <= m->n_train && !conceptdec_i_is_balanced(part->fitting);
}

static conceptdec_status
take_moments(conceptdec_i_ridge_part *part, const uint8_t *role, conceptdec_i_ridge_base *base, int64_t alike)
{
    const conceptdec_i_members *m = &part->members;
    int64_t r = part->r;
    bool is_taken = false;
    if (pays_base(part, alike))
        CONCEPTDEC_I_TRY(take_from_base(part, role, base, &is_taken));
    if (!is_taken)
        return conceptdec_i_central_moments(part->fitting, m, part->mean, part->moments);
    for (int64_t i = 0; i < r; i++)
        for (int64_t j = 0; j < r; j++)
            part->moments[i * r + j] -= part->mean[i] * part->mean[j];
    return CONCEPTDEC_OK;
}

/* ---- the part ---- */

conceptdec_status
conceptdec_i_ridge_take_floats(conceptdec_i_arena *arena, conceptdec_i_ridge_part *part)
{
    int64_t count = part->r * part->r;
    void *p;
    if (part->precision != CONCEPTDEC_I_TILE_F32 || part->floats)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "eigenvectors", count, sizeof(float), &p));
    part->floats = p;
    part->held += ceil_div(count, 2);
    for (int64_t i = 0; i < count; i++)
        part->floats[i] = (float)part->other[i];
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_ridge_make_eigen(conceptdec_i_arena *arena, conceptdec_i_ridge_part *part)
{
    int64_t r = part->r;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "eigenvalues", r, sizeof(double), &p));
    part->values = p;
    part->held += r;
    CONCEPTDEC_I_TRY(conceptdec_i_eigen(part->fitting->ctx, r, part->moments, r, part->values));
    double least = r > 0 ? conceptdec_i_ridge_tolerance(part->members.n_train, r) * part->values[r - 1] : 0;
    for (int64_t k = 0; k < r; k++) {
        part->values[k] = part->values[k] > least && part->values[k] > 0 ? part->values[k] : 0;
        part->rank += part->values[k] > 0;
    }
    for (int64_t i = 0; i < r; i += 16)
        for (int64_t k = 0; k < r; k++)
            for (int64_t j = i; j < i + 16 && j < r; j++)
                part->other[j * r + k] = part->moments[k * r + j];
    part->is_eigen = true;
    return conceptdec_i_ridge_take_floats(arena, part);
}

conceptdec_status
conceptdec_i_ridge_solve(conceptdec_i_ridge_part *part, double lambda, int64_t count, double *w, bool *is_singular)
{
    conceptdec_ctx *ctx = part->fitting->ctx;
    int64_t r = part->r;
    bool is_new = !part->is_factored || part->factored < lambda || part->factored > lambda, is_definite = true;
    *is_singular = false;
    if (is_new) {
        memcpy(part->other, part->moments, (size_t)(r * r) * sizeof(double));
        for (int64_t i = 0; i < r; i++)
            part->other[i * r + i] += lambda;
        part->is_factored = false;
        CONCEPTDEC_I_TRY(conceptdec_i_cholesky(ctx, r, part->other, r, &is_definite));
        double least = 8 * conceptdec_i_ridge_tolerance(part->members.n_train, r);
        double pivot = is_definite ? conceptdec_i_least_pivot(part->other, part->moments, lambda, r) : 0;
        *is_singular = !(pivot > least);
        part->is_delicate = pivot < DELICATE || lambda <= 0;
        if (*is_singular)
            return CONCEPTDEC_OK;
        part->is_factored = true;
        part->factored = lambda;
    }
    return conceptdec_i_cholesky_solve(ctx, r, part->other, r, count, w, r);
}

int64_t
conceptdec_i_ridge_eigen_doubles(const conceptdec_i_ridge_part *part)
{
    const int64_t floats = part->precision == CONCEPTDEC_I_TILE_F32 ? ceil_div(part->r * part->r, 2) : 0;
    return part->r + max64(conceptdec_i_eigen_doubles(part->r), floats);
}

/* Doubles that sums and products of rows take meanwhile, or else eigenvectors. */
static int64_t
scratch_doubles(const conceptdec_i_ridge_part *part, bool is_eigen)
{
    const conceptdec_i_fitting *fitting = part->fitting;
    const int64_t sums = conceptdec_i_class_sums_doubles(fitting, part->members.n_train, 1, 1);
    return max64(max64(sums, conceptdec_i_moments_doubles(fitting)),
                 is_eigen ? conceptdec_i_ridge_eigen_doubles(part) : 0);
}

conceptdec_status
conceptdec_i_ridge_part_open(conceptdec_i_arena *arena, conceptdec_i_ridge_base *base, int64_t alike, bool is_eigen,
                             const conceptdec_i_problem *problem, conceptdec_i_ridge_part *part)
{
    int64_t r = part->r = part->fitting->space->r;
    double mass;
    void *p[3];
    CONCEPTDEC_I_TRY(conceptdec_i_members_take(arena, part->fitting, problem, &part->members));
    part->held = 2 * r * r + r + conceptdec_i_members_doubles(part->fitting);
    if (base->is_open || pays_base(part, alike))
        part->held += r * r + part->fitting->space->n;
    CONCEPTDEC_I_TRY(conceptdec_i_closed_memory(part->fitting, "second moments and their factors",
                                                part->held + scratch_doubles(part, is_eigen)));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "second moments", r * r, sizeof(double), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "factor", r * r, sizeof(double), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "mean", r, sizeof(double), &p[2]));
    part->moments = p[0];
    part->other = p[1];
    part->mean = p[2];
    CONCEPTDEC_I_TRY(conceptdec_i_class_sums(part->fitting, &part->members, 1, NULL, 1, part->mean, &mass));
    CONCEPTDEC_I_TRY(take_moments(part, problem->role, base, alike));
    return is_eigen ? conceptdec_i_ridge_make_eigen(arena, part) : CONCEPTDEC_OK;
}

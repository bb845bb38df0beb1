/* Methods that find principal directions: from the smaller of two matrices of products, from singular vectors, from a
 * Krylov space. */
#include <math.h>
#include <string.h>

#include "linalg/apply.h"
#include "linalg/block_gram.h"
#include "linalg/engine.h"
#include "linalg/factor.h"
#include "linalg/krylov.h"
#include "linalg/orthonormal.h"
#include "subspace/principal.h"
#include "subspace/subspaces.h"

#define CLOSE_NARROW 1e-8 /* residuals of a Krylov space */
#define CLOSE_WIDE 1e-10
#define CLOSE_MATRIX 1e-12 /* of a matrix that is at hand: about its rounding */
#define LARGE 256          /* side of such a matrix of whose few directions a Krylov space is faster than all
                              eigenvectors */
#define FEW_OF 16          /* directions are few where that side is this many times as long */
#define PATIENCE 30        /* products */
#define SOME_OF 4          /* where that side is so many times as long, they are found alone */

typedef conceptdec_i_principal_search search;

static bool
is_by_rows(const search *s)
{
    return s->problem->x && s->problem->n < s->problem->d;
}

static double
rounding(const search *s)
{
    return (double)max64(s->problem->n, s->problem->d) * 0x1p-52;
}

/* As large a space as there is room for; false: there is too little. */
static bool
fit_krylov(conceptdec_ctx *ctx, conceptdec_i_krylov_problem *problem, int64_t room)
{
    problem->memory = room;
    return conceptdec_i_krylov_bytes(ctx, problem) <= (double)room;
}

static conceptdec_i_blocks
blocks_of(const search *s)
{
    return (conceptdec_i_blocks){.ctx = s->scratch->ctx,
                                 .x = s->x,
                                 .row = s->row,
                                 .n = s->problem->n,
                                 .shift = s->shift,
                                 .factor = s->factor,
                                 .is_wide = true};
}

/* ---- products of rows with rows, or of columns with columns ---- */

/* The product, and beside it a block of rows as it is made, what its eigenvectors take, or the directions as rows make
 * them. */
double
conceptdec_i_principal_matrix_bytes(const search *s)
{
    const conceptdec_i_principal_problem *p = s->problem;
    conceptdec_ctx *ctx = s->scratch->ctx;
    const int64_t length = is_by_rows(s) ? p->n : p->d, count = is_by_rows(s) ? p->d : p->n;
    const double side = (double)length, vectors = 8 * (double)p->d * (double)s->wanted;
    double made = 0, turned = 0;
    if (p->x) {
        const conceptdec_i_dense block = {.n = min64(count, conceptdec_i_blocks_count(length, true)),
                                          .dims = length,
                                          .stride = length,
                                          .is_wide = true};
        made = (double)conceptdec_i_blocks_bytes(length, count, true) +
               (double)conceptdec_i_gram_shared_bytes(ctx, &block, CONCEPTDEC_I_TILE_F64);
    }
    if (is_by_rows(s)) {
        const int64_t most = min64(p->d, conceptdec_i_blocks_count(p->n, true));
        const double straight = s->wanted <= CONCEPTDEC_I_ORTHONORMAL_MOST
                                    ? (double)conceptdec_i_orthonormal_bytes(ctx, s->wanted)
                                    : 8 * 66 * (double)s->wanted;
        turned = vectors + (double)conceptdec_i_blocks_bytes(p->n, p->d, true) +
                 fmax((double)conceptdec_i_apply_shared_bytes(ctx, most, p->n, s->wanted), straight);
    }
    const double found = 8 * side * ((double)s->wanted + 3);
    return 8 * side * side + fmax(made, found + fmax(8 * (2 * side * side + 8 * side), turned));
}

static conceptdec_status
take_product(search *s, int64_t side, double **product)
{
    int64_t numbers;
    void *memory;
    if (!conceptdec_i_mul(side, side, &numbers))
        numbers = INT64_MAX;
    CONCEPTDEC_I_TRY((s->problem->x ? conceptdec_i_arena_take : conceptdec_i_arena_take_raw)(
        s->method, "second moments", numbers, sizeof(double), &memory));
    *product = memory;
    return CONCEPTDEC_OK;
}

static conceptdec_status
fill_product(search *s, int64_t side, double *product)
{
    const conceptdec_i_principal_problem *p = s->problem;
    for (int64_t i = 0; !p->x && i < side; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll(s->scratch->ctx, 0));
        for (int64_t j = 0; j < side; j++)
            product[i * side + j] = p->scatter[i * side + j] / s->unit / s->unit / s->divisor;
    }
    if (!p->x)
        return CONCEPTDEC_OK;
    const conceptdec_i_blocks blocks = blocks_of(s);
    CONCEPTDEC_I_TRY(conceptdec_i_block_gram_add(s->scratch->ctx, &blocks, is_by_rows(s), product));
    for (int64_t i = 0; i < side; i++)
        for (int64_t j = i; j < side; j++)
            product[i * side + j] /= s->divisor;
    return conceptdec_i_gram_complete(s->scratch->ctx, product, side, side);
}

/* Eigenvectors come in ascending order, one a row. */
static void
reverse(search *s, int64_t count, int64_t side, double *vectors)
{
    for (int64_t k = 0; k < count / 2; k++) {
        double *a = vectors + k * side, *b = vectors + (count - 1 - k) * side, value = s->values[k];
        s->values[k] = s->values[count - 1 - k];
        s->values[count - 1 - k] = value;
        for (int64_t i = 0; i < side; i++) {
            value = a[i];
            a[i] = b[i];
            b[i] = value;
        }
    }
}

/* Few rows by kernels of the context's own threads, beside which those of BLAS would spin. */
static conceptdec_status
straighten(conceptdec_i_arena *arena, int64_t count, int64_t d, double *rows)
{
    bool is_done = false;
    void *scratch;
    if (count > 0 && count <= CONCEPTDEC_I_ORTHONORMAL_MOST) {
        const int64_t bytes = conceptdec_i_orthonormal_bytes(arena->ctx, count);
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "products", bytes, 1, &scratch));
        for (int64_t k = 0; k < count; k++)
            (void)conceptdec_i_subspaces_unit(rows + k * d, d);
        CONCEPTDEC_I_TRY(conceptdec_i_orthonormal_rows(arena->ctx, count, d, rows, 0, scratch, &is_done));
    }
    return is_done ? CONCEPTDEC_OK : conceptdec_i_orthonormalize(arena->ctx, count, d, rows, d);
}

/* out[k] = sum over rows of u[k][i] z_i, for k < count. */
static conceptdec_status
combine(search *s, conceptdec_i_arena *arena, const double *u, int64_t count, double *out)
{
    const conceptdec_i_principal_problem *p = s->problem;
    const int64_t most = conceptdec_i_blocks_count(p->n, true);
    const conceptdec_i_blocks blocks = blocks_of(s);
    void *block;
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take_raw(arena, "rows", conceptdec_i_blocks_bytes(p->n, p->d, true), 1, &block));
    for (int64_t first = 0; first < p->d; first += most) {
        conceptdec_i_dense dense;
        CONCEPTDEC_I_TRY(conceptdec_i_blocks_columns(&blocks, first, min64(most, p->d - first), block, &dense));
        const conceptdec_i_applying a = {.rows = &dense,
                                         .n = dense.n,
                                         .columns = count,
                                         .w = u,
                                         .ldw = p->n,
                                         .out = out + first,
                                         .ldo = p->d,
                                         .precision = CONCEPTDEC_I_TILE_F64};
        CONCEPTDEC_I_TRY(conceptdec_i_apply(arena->ctx, &a));
    }
    return straighten(arena, count, p->d, out);
}

/* From vectors over rows to directions; of those alone whose values are more than rounding. */
static conceptdec_status
turn_to_directions(search *s, const double *u)
{
    const int64_t d = s->problem->d;
    int64_t count = 0;
    void *memory;
    while (count < s->wanted && s->values[count] > s->floor * s->values[0])
        count++;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(s->method, "subspaces", s->wanted * d, sizeof(double), &memory));
    s->vectors = memory;
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, s->scratch->ctx);
    conceptdec_status status = combine(s, &arena, u, count, memory);
    conceptdec_i_arena_close(&arena);
    return status;
}

/* What outlives a Krylov space. */
static conceptdec_status
keep(search *s, int64_t side, int64_t count, const conceptdec_i_krylov_answer *answer)
{
    void *values, *vectors;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(s->method, "variances", count, sizeof(double), &values));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(s->method, "variances", count * side, sizeof(double), &vectors));
    memcpy(values, answer->values, (size_t)count * sizeof(double));
    memcpy(vectors, answer->vectors, (size_t)(count * side) * sizeof(double));
    s->values = values;
    s->vectors = vectors;
    return CONCEPTDEC_OK;
}

/* The leading ones of many, of what `memory` leaves beside the product; s->values NULL: they have not converged, or it
 * leaves too little. */
static conceptdec_status
find_few(search *s, int64_t side, const double *product)
{
    const conceptdec_i_principal_problem *p = s->problem;
    conceptdec_i_krylov_problem problem = {.dims = side,
                                           .matrix = product,
                                           .stride = side,
                                           .components = min64(s->wanted + 1, s->most),
                                           .max_iterations = PATIENCE,
                                           .tolerance = CLOSE_MATRIX,
                                           .is_wide = true,
                                           .seed = p->seed};
    conceptdec_i_krylov_answer answer;
    conceptdec_i_arena arena;
    const int64_t count = problem.components;
    if (!fit_krylov(s->scratch->ctx, &problem, s->memory - 8 * side * (side + count + 1)))
        return CONCEPTDEC_OK;
    conceptdec_i_arena_open(&arena, s->scratch->ctx);
    conceptdec_status status = conceptdec_i_krylov(&arena, &problem, &answer);
    if (status == CONCEPTDEC_OK && answer.converged)
        status = keep(s, side, count, &answer);
    conceptdec_i_arena_close(&arena);
    CONCEPTDEC_I_TRY(status);
    s->n_values = problem.components;
    s->floor = s->noise = fmax(CLOSE_MATRIX, rounding(s));
    return CONCEPTDEC_OK;
}

/* The leading ones of a few; s->values NULL: LAPACK has not found them all, and the product is as it was. */
static conceptdec_status
find_leading(search *s, int64_t side, double *product)
{
    const int64_t count = min64(s->wanted + 1, s->most);
    void *memory;
    bool is_done;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(s->method, "variances", count + side, sizeof(double), &memory));
    s->values = memory;
    double *diagonal = s->values + count;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(s->method, "variances", count * side, sizeof(double), &memory));
    s->vectors = memory;
    for (int64_t i = 0; i < side; i++)
        diagonal[i] = product[i * side + i];
    CONCEPTDEC_I_TRY(
        conceptdec_i_eigen_leading(s->scratch->ctx, side, product, side, count, s->values, s->vectors, &is_done));
    CONCEPTDEC_I_TRY(conceptdec_i_poll(s->scratch->ctx, 0));
    if (!is_done) {
        for (int64_t i = 0; i < side; i++)
            product[i * side + i] = diagonal[i];
        s->values = NULL;
        return conceptdec_i_gram_complete(s->scratch->ctx, product, side, side);
    }
    reverse(s, count, side, s->vectors);
    s->n_values = count;
    s->floor = s->noise = rounding(s);
    return CONCEPTDEC_OK;
}

/* The product is destroyed, and holds the vectors. */
static conceptdec_status
find_all(search *s, int64_t side, double *product)
{
    void *values;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(s->method, "variances", side, sizeof(double), &values));
    s->values = values;
    CONCEPTDEC_I_TRY(conceptdec_i_poll(s->scratch->ctx, 0));
    CONCEPTDEC_I_TRY(conceptdec_i_eigen(s->scratch->ctx, side, product, side, s->values));
    CONCEPTDEC_I_TRY(conceptdec_i_poll(s->scratch->ctx, 0));
    reverse(s, side, side, product);
    s->n_values = min64(side, s->most);
    s->floor = s->noise = rounding(s);
    s->vectors = product;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_principal_matrix(search *s)
{
    const int64_t side = is_by_rows(s) ? s->problem->n : s->problem->d;
    double *product;
    CONCEPTDEC_I_TRY(take_product(s, side, &product));
    CONCEPTDEC_I_TRY(fill_product(s, side, product));
    for (int64_t i = 0; i < side * side; i++)
        if (!isfinite(product[i]))
            return conceptdec_i_fail(s->scratch->ctx, CONCEPTDEC_EOVERFLOW,
                                     "%s: float64 cannot hold its second moments", s->problem->name);
    if (!s->has_failed && s->problem->rank > 0 && side >= LARGE && s->wanted + 1 <= side / FEW_OF)
        CONCEPTDEC_I_TRY(find_few(s, side, product));
    if (!s->values && s->problem->rank > 0 && s->wanted + 1 <= side / SOME_OF)
        CONCEPTDEC_I_TRY(find_leading(s, side, product));
    if (!s->values)
        CONCEPTDEC_I_TRY(find_all(s, side, product));
    s->is_sure = true;
    return is_by_rows(s) ? turn_to_directions(s, s->vectors) : CONCEPTDEC_OK;
}

/* ---- singular vectors ---- */

double
conceptdec_i_principal_singular_bytes(const search *s)
{
    const double n = (double)s->problem->n, d = (double)s->problem->d;
    return 8 * d * (n + fmin(n, d)) + (double)conceptdec_i_singular_bytes(s->problem->n, s->problem->d);
}

conceptdec_status
conceptdec_i_principal_singular(search *s)
{
    const conceptdec_i_principal_problem *p = s->problem;
    conceptdec_ctx *ctx = s->scratch->ctx;
    const int64_t least = min64(p->n, p->d);
    const double bytes = conceptdec_i_principal_singular_bytes(s);
    const conceptdec_i_blocks blocks = blocks_of(s);
    conceptdec_i_dense dense;
    void *rows, *memory;
    if (bytes > (double)s->memory)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENOMEM,
                                 "memory: singular vectors of %lld rows of %s of %lld dimensions need %lld bytes, "
                                 "%lld are allowed",
                                 (long long)p->n, p->name, (long long)p->d,
                                 bytes < 0x1p62 ? (long long)bytes : INT64_MAX, (long long)s->memory);
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(s->method, "rows", p->n * p->d, sizeof(double), &rows));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(s->method, "subspaces", least * p->d, sizeof(double), &memory));
    s->vectors = memory;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(s->method, "variances", least, sizeof(double), &memory));
    s->values = memory;
    CONCEPTDEC_I_TRY(conceptdec_i_blocks_rows(&blocks, 0, p->n, rows, &dense));
    CONCEPTDEC_I_TRY(conceptdec_i_poll(ctx, 0));
    CONCEPTDEC_I_TRY(conceptdec_i_singular(ctx, p->n, p->d, rows, s->values, s->vectors));
    CONCEPTDEC_I_TRY(conceptdec_i_poll(ctx, 0));
    for (int64_t k = 0; k < least; k++)
        s->values[k] = s->values[k] * s->values[k] / s->divisor;
    s->n_values = min64(least, s->most);
    s->floor = 0;
    s->noise = rounding(s);
    s->is_sure = true;
    return CONCEPTDEC_OK;
}

/* ---- Krylov spaces ---- */

static conceptdec_i_krylov_problem
problem_of(const search *s)
{
    const conceptdec_i_principal_problem *p = s->problem;
    const bool is_narrow = p->x && p->x->dtype != CONCEPTDEC_FLOAT64, is_copy = s->x == &s->copy;
    conceptdec_i_krylov_problem problem = {.dims = p->d,
                                           .components = min64(s->wanted + 1, s->most),
                                           .tolerance = is_narrow ? CLOSE_NARROW : CLOSE_WIDE,
                                           .is_wide = true,
                                           .seed = p->seed};
    if (!p->x)
        return problem;
    problem.rows = s->x;
    problem.row = s->row;
    problem.n = p->n;
    problem.mean = p->is_centred && !is_copy ? s->shift : NULL;
    problem.scale = is_copy ? NULL : s->scale;
    problem.divisor = s->divisor;
    return problem;
}

/* Of second moments also the matrix that is multiplied. */
double
conceptdec_i_principal_krylov_bytes(const search *s)
{
    const conceptdec_i_krylov_problem problem = problem_of(s);
    const double d = (double)s->problem->d;
    return conceptdec_i_krylov_bytes(s->scratch->ctx, &problem) + (s->problem->x ? 0 : 8 * d * d);
}

conceptdec_status
conceptdec_i_principal_krylov(search *s, int64_t max_iterations)
{
    const conceptdec_i_principal_problem *p = s->problem;
    conceptdec_i_krylov_problem problem = problem_of(s);
    conceptdec_i_krylov_answer answer;
    double *matrix;
    problem.max_iterations = max_iterations;
    if (!p->x) {
        CONCEPTDEC_I_TRY(take_product(s, p->d, &matrix));
        CONCEPTDEC_I_TRY(fill_product(s, p->d, matrix));
        problem.matrix = matrix;
        problem.stride = p->d;
    }
    (void)fit_krylov(s->scratch->ctx, &problem, s->memory - (p->x ? 0 : 8 * p->d * p->d)); /* there is room for the
                                                                                              least */
    CONCEPTDEC_I_TRY(conceptdec_i_krylov(s->method, &problem, &answer));
    s->vectors = answer.vectors;
    s->values = answer.values;
    s->n_values = problem.components;
    s->floor = s->noise = fmax(problem.tolerance, rounding(s));
    s->is_sure = true;
    for (int64_t k = 0; k < s->wanted; k++)
        s->is_sure = s->is_sure && answer.residuals[k] <= problem.tolerance;
    return CONCEPTDEC_OK;
}

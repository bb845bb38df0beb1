/* Components from the matrix of second moments, and that matrix from rows. Half of it outlives the search for
 * eigenvectors, so that their residuals can be measured. */
#include <math.h>
#include <string.h>

#include "kernels/kernels.h"
#include "linalg/apply.h"
#include "linalg/block_gram.h"
#include "linalg/factor.h"
#include "linalg/spectrum.h"
#include "linalg/tiles.h"
#include "projection/pca.h"

#define PIECE 512 /* rows of the matrix that are multiplied at once */

conceptdec_status
conceptdec_i_pca_place(conceptdec_i_pca_fit *f, double **c)
{
    void *p = f->pca->components;
    if (f->r < f->d)
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(f->arena, "covariance", f->d * f->d, sizeof(double), &p));
    *c = p;
    return CONCEPTDEC_OK;
}

/* ---- eigenvectors ---- */

static conceptdec_status
check_finite(conceptdec_ctx *ctx, int64_t n, const double *c)
{
    for (int64_t i = 0; i < n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll(ctx, 0));
        for (int64_t j = 0; j < n; j++)
            if (!isfinite(c[i * n + j]))
                return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW, "float64 cannot hold the second moments");
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_pca_keep(const conceptdec_i_pca_fit *f, const double *vectors)
{
    for (int64_t k = 0; k < f->r; k++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll(f->arena->ctx, 0));
        memcpy(f->pca->components + k * f->d, vectors + k * f->d, (size_t)f->d * sizeof *vectors);
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_pca_eigen(conceptdec_i_arena *arena, int64_t n, double *c, int64_t count, double *values, double **vectors)
{
    void *p;
    CONCEPTDEC_I_TRY(check_finite(arena->ctx, n, c));
    CONCEPTDEC_I_TRY(conceptdec_i_spectrum(arena, n, true, c, count, values, &p));
    *vectors = p;
    return CONCEPTDEC_OK;
}

/* Of narrow rows, whose products are rounded to float, and of so many dimensions that it matters; where no more is
 * asked for than floats keep to for certain. */
static bool
is_found_in_floats(const conceptdec_i_pca_fit *f)
{
    return !f->is_wide && f->d >= CONCEPTDEC_I_PCA_LARGE && f->options.tolerance >= 0x1p-24 * (double)f->d;
}

static void
widen_unit(const float *restrict vector, int64_t n, double *restrict out)
{
    double square = 0;
    for (int64_t i = 0; i < n; i++)
        square += (double)vector[i] * (double)vector[i];
    const double factor = 1 / sqrt(square);
    for (int64_t i = 0; i < n; i++)
        out[i] = (double)vector[i] * factor;
}

/* ---- residuals ---- */

/* What eigenvectors leave of a matrix: what lies below the diagonal, and a copy of that. */
typedef struct rest {
    const void *below;
    const double *diagonal;
    bool is_wide; /* double, else float */
} rest;

/* Rows first..first + count - 1, but for the diagonal: that may outweigh all else, and is multiplied in double. */
#define UNPACK(name, type)                                                                                             \
    static void name(const rest *m, int64_t d, int64_t first, int64_t count, type *restrict rows)                      \
    {                                                                                                                  \
        const type *below = m->below;                                                                                  \
        for (int64_t i = 0; i < count; i++) {                                                                          \
            memcpy(rows + i * d, below + (first + i) * d, (size_t)(first + i) * sizeof *rows);                         \
            rows[i * d + first + i] = 0;                                                                               \
        }                                                                                                              \
        for (int64_t j = first; j < d; j++)                                                                            \
            for (int64_t i = 0; i < count && first + i < j; i++)                                                       \
                rows[i * d + j] = below[j * d + first + i];                                                            \
    }

UNPACK(unpack_f32, float)
UNPACK(unpack_f64, double)

/* Of `count` elements: adds the square of what a vector's product is off by, and how far along the vector that lies. */
static void
measure_off(const double *restrict product, const double *restrict diagonal, const double *restrict vector,
            double value, int64_t count, double *square, double *along)
{
    for (int64_t i = 0; i < count; i++) {
        const double off = product[i] + (diagonal[i] - value) * vector[i];
        *square += off * off;
        *along += off * vector[i];
    }
}

/* Residuals, with the values of LAPACK's, and in along[k] by how much another value fits better. */
static conceptdec_status
multiply(conceptdec_i_arena *arena, const conceptdec_i_pca_fit *f, const rest *m, const double *vectors, double *along)
{
    const int64_t d = f->d, r = f->r, most = d < PIECE ? d : PIECE;
    void *rows, *out;
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take_raw(arena, "residuals", most * d, m->is_wide ? sizeof(double) : sizeof(float), &rows));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "residuals", most * r, sizeof(double), &out));
    for (int64_t first = 0; first < d; first += PIECE) {
        const int64_t count = d - first < PIECE ? d - first : PIECE;
        const conceptdec_i_dense dense = {.data = rows, .n = count, .dims = d, .stride = d, .is_wide = m->is_wide};
        const conceptdec_i_applying a = {.rows = &dense,
                                         .n = count,
                                         .columns = r,
                                         .w = vectors,
                                         .ldw = d,
                                         .out = out,
                                         .ldo = count,
                                         .precision = m->is_wide ? CONCEPTDEC_I_TILE_F64 : CONCEPTDEC_I_TILE_F32};
        if (m->is_wide)
            unpack_f64(m, d, first, count, rows);
        else
            unpack_f32(m, d, first, count, rows);
        CONCEPTDEC_I_TRY(conceptdec_i_apply(arena->ctx, &a));
        for (int64_t k = 0; k < r; k++)
            measure_off((double *)out + k * count, m->diagonal + first, vectors + k * d + first, f->values[k], count,
                        &f->pca->residual[k], &along[k]);
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
find_residuals(const conceptdec_i_pca_fit *f, const rest *m, const double *vectors, double *along)
{
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, f->arena->ctx);
    conceptdec_status status = multiply(&arena, f, m, vectors, along);
    conceptdec_i_arena_close(&arena);
    return status;
}

/* ---- either type ---- */

static void
swap(double *a, double *b)
{
    const double value = *a;
    *a = *b;
    *b = value;
}

/* Component i becomes what component from[i] was; from is used up. row: room for one. */
static conceptdec_status
permute_components(const conceptdec_i_pca_fit *f, int64_t *from, double *row)
{
    const size_t bytes = (size_t)f->d * sizeof *row;
    double *components = f->pca->components;
    for (int64_t first = 0; first < f->r; first++) {
        int64_t to = first;
        if (from[first] == first)
            continue;
        memcpy(row, components + first * f->d, bytes);
        for (int64_t next = from[to]; next != first; next = from[to]) {
            CONCEPTDEC_I_TRY(conceptdec_i_poll(f->arena->ctx, 0));
            memcpy(components + to * f->d, components + next * f->d, bytes);
            from[to] = to;
            to = next;
        }
        memcpy(components + to * f->d, row, bytes);
        from[to] = to;
    }
    return CONCEPTDEC_OK;
}

/* Values that fit the vectors best, in order again. */
static conceptdec_status
settle_values(const conceptdec_i_pca_fit *f, const double *along)
{
    void *p[2];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(f->arena, "variances", f->r, sizeof(int64_t), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(f->arena, "variances", f->d, sizeof(double), &p[1]));
    int64_t *from = p[0];
    for (int64_t k = 0; k < f->r; k++) {
        int64_t i = k;
        CONCEPTDEC_I_TRY(conceptdec_i_poll(f->arena->ctx, 0));
        f->values[k] += along[k];
        for (; i > 0 && f->values[i] > f->values[i - 1]; i--) {
            swap(&f->values[i], &f->values[i - 1]);
            swap(&f->pca->residual[i], &f->pca->residual[i - 1]);
            from[i] = from[i - 1];
        }
        from[i] = k;
    }
    return permute_components(f, from, p[1]);
}

/* Values of LAPACK's are off by what floats round; those that fit the products of the vectors best are known better. */
static conceptdec_status
take_floats(conceptdec_i_pca_fit *f, const double *c, const double *diagonal, double *along)
{
    void *a, *vectors;
    double *components = f->pca->components;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(f->arena, "covariance", f->d * f->d, sizeof(float), &a));
    for (int64_t i = 0; i < f->d; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll(f->arena->ctx, 0));
        f->arena->ctx->kernels->to_floats(c + i * f->d, (float *)a + i * f->d, f->d);
    }
    CONCEPTDEC_I_TRY(conceptdec_i_spectrum(f->arena, f->d, false, a, f->r, f->values, &vectors));
    for (int64_t k = 0; k < f->r; k++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll(f->arena->ctx, 0));
        widen_unit((const float *)vectors + k * f->d, f->d, components + k * f->d);
    }
    const rest m = {.below = a, .diagonal = diagonal};
    CONCEPTDEC_I_TRY(find_residuals(f, &m, components, along));
    return settle_values(f, along);
}

static conceptdec_status
take_doubles(conceptdec_i_pca_fit *f, double *c, const double *diagonal, double *along)
{
    void *vectors;
    CONCEPTDEC_I_TRY(conceptdec_i_spectrum(f->arena, f->d, true, c, f->r, f->values, &vectors));
    const rest m = {.below = c, .diagonal = diagonal, .is_wide = true};
    CONCEPTDEC_I_TRY(find_residuals(f, &m, vectors, along));
    return conceptdec_i_pca_keep(f, vectors);
}

static conceptdec_status
take_vectors(conceptdec_i_pca_fit *f, double *c)
{
    const bool is_float = is_found_in_floats(f);
    void *p;
    CONCEPTDEC_I_TRY(check_finite(f->arena->ctx, f->d, c));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(f->arena, "variances", 3 * f->d, sizeof(double), &p));
    double *diagonal = (double *)p + f->d, *along = diagonal + f->d;
    f->values = p;
    f->n_values = f->d;
    for (int64_t i = 0; i < f->d; i++)
        diagonal[i] = c[i * f->d + i];
    CONCEPTDEC_I_TRY(is_float ? take_floats(f, c, diagonal, along) : take_doubles(f, c, diagonal, along));
    for (int64_t k = 0; k < f->r; k++) {
        f->pca->residual[k] = f->values[0] > 0 ? sqrt(f->pca->residual[k]) / f->values[0] : 0;
        if (is_float && !(f->pca->residual[k] <= f->options.tolerance))
            f->pca->converged = 0;
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_pca_matrix(conceptdec_i_pca_fit *f, double *c)
{
    for (int64_t i = 0; i < f->d; i++)
        f->total += c[i * f->d + i];
    conceptdec_i_stage(f->arena->ctx, "components", 1);
    return f->solver == CONCEPTDEC_PCA_KRYLOV ? conceptdec_i_pca_krylov(f, c) : take_vectors(f, c);
}

/* ---- the matrix from rows ---- */

conceptdec_i_blocks
conceptdec_i_pca_blocks(const conceptdec_i_pca_fit *f, const double *factor, bool is_wide)
{
    return (conceptdec_i_blocks){
        .ctx = f->arena->ctx, .x = f->x, .shift = f->shift, .factor = factor, .is_wide = is_wide};
}

typedef struct {
    const conceptdec_i_pca_fit *fit;
    const double *own; /* what each column is multiplied by */
    double *c;
} half;

/* A row of the upper half: columns that had units of their own get the common one. */
static conceptdec_status
settle_row(void *argument, int64_t i, int lane)
{
    const half *h = argument;
    const int64_t d = h->fit->d;
    const double rows = (double)(h->fit->n - 1), own = h->own[i];
    double *row = h->c + i * d;
    (void)lane;
    for (int64_t j = i; j < d; j++)
        row[j] = row[j] / rows * own * h->own[j];
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_pca_covariance(conceptdec_i_pca_fit *f)
{
    double *c, *own = f->own_factor;
    CONCEPTDEC_I_TRY(conceptdec_i_pca_place(f, &c));
    const conceptdec_i_blocks blocks = conceptdec_i_pca_blocks(f, own, f->is_wide);
    CONCEPTDEC_I_TRY(conceptdec_i_block_gram(f->arena->ctx, &blocks, false, c));
    for (int64_t j = 0; j < f->d; j++)
        own[j] = f->factor[j] / own[j];
    half h = {.fit = f, .own = own, .c = c};
    conceptdec_i_stage(f->arena->ctx, "components", 0);
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(f->arena->ctx, f->d, settle_row, &h));
    CONCEPTDEC_I_TRY(conceptdec_i_gram_complete(f->arena->ctx, c, f->d, f->d));
    return conceptdec_i_pca_matrix(f, c);
}

/* ---- products of rows with rows ---- */

/* components[k] = sum over rows of u[k][i] z_i. */
static conceptdec_status
combine_rows(const conceptdec_i_pca_fit *f, const double *u)
{
    int64_t most = conceptdec_i_blocks_count(f->n, f->is_wide);
    const conceptdec_i_blocks blocks = conceptdec_i_pca_blocks(f, f->factor, f->is_wide);
    conceptdec_i_arena arena;
    void *block;
    conceptdec_i_arena_open(&arena, f->arena->ctx);
    conceptdec_status status =
        conceptdec_i_arena_take_raw(&arena, "rows", conceptdec_i_blocks_bytes(f->n, f->d, f->is_wide), 1, &block);
    for (int64_t first = 0; status == CONCEPTDEC_OK && first < f->d; first += most) {
        conceptdec_i_dense dense;
        int64_t count = f->d - first < most ? f->d - first : most;
        status = conceptdec_i_blocks_columns(&blocks, first, count, block, &dense);
        const conceptdec_i_applying a = {.rows = &dense,
                                         .n = count,
                                         .columns = f->r,
                                         .w = u,
                                         .ldw = f->n,
                                         .out = f->pca->components + first,
                                         .ldo = f->d,
                                         .precision = f->is_wide ? CONCEPTDEC_I_TILE_F64 : CONCEPTDEC_I_TILE_F32};
        if (status == CONCEPTDEC_OK)
            status = conceptdec_i_apply(arena.ctx, &a);
    }
    conceptdec_i_arena_close(&arena);
    return status;
}

conceptdec_status
conceptdec_i_pca_gram(conceptdec_i_pca_fit *f)
{
    void *g, *values;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(f->arena, "products of rows", f->n * f->n, sizeof(double), &g));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(f->arena, "variances", f->n, sizeof(double), &values));
    double *products = g, *vectors;
    f->values = values;
    f->n_values = f->n < f->d ? f->n : f->d;
    const conceptdec_i_blocks blocks = conceptdec_i_pca_blocks(f, f->factor, f->is_wide);
    CONCEPTDEC_I_TRY(conceptdec_i_block_gram(f->arena->ctx, &blocks, true, products));
    for (int64_t i = 0; i < f->n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll(f->arena->ctx, 0));
        for (int64_t j = i; j < f->n; j++)
            products[i * f->n + j] /= (double)(f->n - 1);
    }
    CONCEPTDEC_I_TRY(conceptdec_i_gram_complete(f->arena->ctx, products, f->n, f->n));
    for (int64_t i = 0; i < f->n; i++)
        f->total += products[i * f->n + i];
    conceptdec_i_stage(f->arena->ctx, "components", 1);
    CONCEPTDEC_I_TRY(conceptdec_i_pca_eigen(f->arena, f->n, products, f->r, values, &vectors));
    CONCEPTDEC_I_TRY(combine_rows(f, vectors));
    CONCEPTDEC_I_TRY(conceptdec_i_poll(f->arena->ctx, 0));
    CONCEPTDEC_I_TRY(conceptdec_i_orthonormalize(f->arena->ctx, f->r, f->d, f->pca->components, f->d));
    return conceptdec_i_pca_rows_residual(f);
}

/* Where the places of a layout start, on axes from 0 to 10. */
#include <math.h>
#include <string.h>

#include "projection/umap.h"
#include "projection/spectral.h"

#define EXTENT 10.0
#define NOISE 1e-4       /* standard deviation, so that equal rows can part */
#define LEAST_RANGE 1e-2 /* an axis that only noise has made is not stretched */

static conceptdec_status
start_random(conceptdec_ctx *ctx, uint64_t seed, int64_t n, int64_t columns, double *start)
{
    for (int64_t i = 0; i < n; i++) {
        conceptdec_i_rng rng;
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(ctx, i));
        conceptdec_i_rng_start(&rng, seed, CONCEPTDEC_I_RNG_NOISE, (uint64_t)i);
        for (int64_t c = 0; c < columns; c++)
            start[i * columns + c] = EXTENT * (2 * conceptdec_i_rng_unit(&rng) - 1);
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
start_given(conceptdec_ctx *ctx, const conceptdec_matrix *given, double *start)
{
    for (int64_t i = 0; i < given->rows; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(ctx, i));
        conceptdec_i_view_widen(ctx->kernels, given, i, 0, given->cols, start + i * given->cols);
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
copy_coordinates(conceptdec_ctx *ctx, const conceptdec_result *coordinates, int64_t count, double *start)
{
    conceptdec_array array;
    if (conceptdec_result_get(coordinates, "transformed", &array) != CONCEPTDEC_OK)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EUNSUPPORTED, "init: there are no coordinates");
    memcpy(start, array.data, (size_t)count * sizeof *start);
    return CONCEPTDEC_OK;
}

static conceptdec_status
start_pca(conceptdec_ctx *ctx, const conceptdec_umap_options *options, const conceptdec_matrix *x, double *start)
{
    const conceptdec_pca_options wanted = {
        .struct_size = sizeof wanted, .n_components = options->n_components, .seed = options->seed};
    conceptdec_pca *pca;
    conceptdec_result *coordinates;
    if (options->n_components > x->rows || options->n_components > x->cols)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EK, "init: \"pca\" has at most %lld components for %lld rows of %lld",
                                 (long long)(x->rows < x->cols ? x->rows : x->cols), (long long)x->rows,
                                 (long long)x->cols);
    CONCEPTDEC_I_TRY(conceptdec_pca_new(ctx, x, &wanted, &pca));
    conceptdec_status status = conceptdec_pca_transform(ctx, pca, x, &coordinates);
    conceptdec_pca_free(pca);
    CONCEPTDEC_I_TRY(status);
    status = copy_coordinates(ctx, coordinates, x->rows * options->n_components, start);
    conceptdec_result_free(coordinates);
    return status;
}

static conceptdec_status
start_at(conceptdec_i_arena *arena, const conceptdec_umap_options *options, const conceptdec_matrix *x,
         const conceptdec_i_graph *graph, double *start, bool *converged)
{
    const int64_t n = graph->n, columns = options->n_components;
    switch (options->init) {
    case CONCEPTDEC_UMAP_SPECTRAL:
        return conceptdec_i_spectral(arena, graph, columns, options->seed, start, converged);
    case CONCEPTDEC_UMAP_PCA:
        return start_pca(arena->ctx, options, x, start);
    case CONCEPTDEC_UMAP_GIVEN:
        return start_given(arena->ctx, options->start, start);
    default:
        return start_random(arena->ctx, options->seed, n, columns, start);
    }
}

/* The largest magnitude becomes EXTENT. */
static conceptdec_status
stretch_all(conceptdec_ctx *ctx, int64_t n, int64_t columns, double *start)
{
    double most = 0;
    for (int64_t i = 0; i < n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(ctx, i));
        for (int64_t c = 0; c < columns; c++)
            most = fmax(most, fabs(start[i * columns + c]));
    }
    for (int64_t i = 0; most > 0 && i < n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(ctx, i));
        for (int64_t c = 0; c < columns; c++)
            start[i * columns + c] = start[i * columns + c] / most * EXTENT;
    }
    return CONCEPTDEC_OK;
}

/* Noise of a row's own. */
static conceptdec_status
add_noise(conceptdec_ctx *ctx, uint64_t seed, int64_t n, int64_t columns, double *start)
{
    const double width = NOISE * 2 * sqrt(3);
    for (int64_t i = 0; i < n; i++) {
        conceptdec_i_rng rng;
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(ctx, i));
        conceptdec_i_rng_start(&rng, seed, CONCEPTDEC_I_RNG_NOISE, (uint64_t)i);
        for (int64_t c = 0; c < columns; c++)
            start[i * columns + c] += width * (conceptdec_i_rng_unit(&rng) - 0.5);
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
stretch_axis(conceptdec_ctx *ctx, int64_t n, int64_t columns, double *axis)
{
    double low = axis[0], high = axis[0];
    for (int64_t i = 0; i < n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(ctx, i));
        low = fmin(low, axis[i * columns]);
        high = fmax(high, axis[i * columns]);
    }
    const double factor = high - low >= LEAST_RANGE ? EXTENT / (high - low) : 1;
    for (int64_t i = 0; i < n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(ctx, i));
        axis[i * columns] = (axis[i * columns] - low) * factor;
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_umap_start(conceptdec_i_arena *arena, const conceptdec_umap_options *options, const conceptdec_matrix *x,
                        const conceptdec_i_graph *graph, double *start, bool *converged)
{
    conceptdec_ctx *ctx = arena->ctx;
    const int64_t n = graph->n, columns = options->n_components;
    *converged = true;
    CONCEPTDEC_I_TRY(start_at(arena, options, x, graph, start, converged));
    const bool is_whole = options->init == CONCEPTDEC_UMAP_GIVEN && conceptdec_i_umap_epochs(options, n) == 0;
    if (is_whole)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(stretch_all(ctx, n, columns, start));
    if (options->init != CONCEPTDEC_UMAP_RANDOM)
        CONCEPTDEC_I_TRY(add_noise(ctx, options->seed, n, columns, start));
    for (int64_t c = 0; c < columns; c++)
        CONCEPTDEC_I_TRY(stretch_axis(ctx, n, columns, start + c));
    return CONCEPTDEC_OK;
}

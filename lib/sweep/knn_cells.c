/* Cells of k-NN decodability. */
#include "decodability/knn.h"
#include "stats/permute.h"
#include "sweep/cells.h"

static conceptdec_status
run(const conceptdec_i_cells *cells, const conceptdec_matrix *x, double *replicates, conceptdec_result **cell)
{
    return conceptdec_i_knn_cell(cells->ctx, x, cells->labels, cells->options, replicates, cell);
}

static conceptdec_status
report(const conceptdec_i_cells *cells, conceptdec_result *result)
{
    return conceptdec_i_knn_settings_report(cells->ctx, cells->settings, result);
}

static conceptdec_status
check_labels(conceptdec_i_arena *arena, conceptdec_i_knn_settings *settings, const conceptdec_matrix *labels)
{
    const conceptdec_knn_options *o = &settings->options;
    conceptdec_i_knn_data data;
    CONCEPTDEC_I_TRY(conceptdec_i_knn_data_take(arena, settings, labels, &data));
    for (int64_t i = 0; i < data.n_sets && settings->draws > 0; i++) {
        conceptdec_i_permute *plan = NULL;
        CONCEPTDEC_I_TRY(conceptdec_i_permute_new(arena->ctx, o->permute, data.n, data.sets[i].labels, data.groups,
                                                  o->seed, &plan));
        conceptdec_i_permute_free(arena->ctx, plan);
    }
    settings->options.classes = data.classes;
    return CONCEPTDEC_OK;
}

static conceptdec_status
check_labels_alone(conceptdec_ctx *ctx, conceptdec_i_knn_settings *settings, const conceptdec_matrix *labels)
{
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = check_labels(&arena, settings, labels);
    conceptdec_i_arena_close(&arena);
    return status;
}

conceptdec_status
conceptdec_i_cells_knn(conceptdec_i_arena *arena, const conceptdec_matrix *labels,
                       const conceptdec_knn_options *options, conceptdec_i_cells *cells)
{
    void *memory;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "options", 1, sizeof(conceptdec_i_knn_settings), &memory));
    conceptdec_i_knn_settings *settings = memory;
    CONCEPTDEC_I_TRY(conceptdec_i_knn_settings_take(arena, options, labels->rows, settings));
    *cells = (conceptdec_i_cells){.ctx = arena->ctx, .labels = labels, .score = CONCEPTDEC_R_DECODABILITY,
                                  .draws = settings->options.bootstrap, .confidence = settings->options.confidence,
                                  .options = options, .settings = settings, .run = run, .report = report};
    if (!conceptdec_i_mul(labels->cols, settings->options.n_ks, &cells->width))
        return conceptdec_i_fail(arena->ctx, CONCEPTDEC_EOVERFLOW, "options.knn.n_ks: too many for %lld label sets",
                                 (long long)labels->cols);
    return check_labels_alone(arena->ctx, settings, labels);
}

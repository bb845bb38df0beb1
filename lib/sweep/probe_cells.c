/* Cells of linear probes. */
#include "probe/driver.h"
#include "stats/permute.h"
#include "sweep/cells.h"

static conceptdec_status
run(const conceptdec_i_cells *cells, const conceptdec_matrix *x, double *replicates, conceptdec_result **cell)
{
    return conceptdec_i_probe_cell(cells->ctx, x, cells->labels, cells->options, replicates, cell);
}

static conceptdec_status
report(const conceptdec_i_cells *cells, conceptdec_result *result)
{
    return conceptdec_i_probe_settings_report(cells->ctx, cells->settings, result);
}

static conceptdec_status
check_labels(conceptdec_i_arena *arena, conceptdec_i_probe_settings *settings, const conceptdec_matrix *labels)
{
    const conceptdec_probe_options *o = &settings->options;
    conceptdec_i_probe_data data;
    CONCEPTDEC_I_TRY(conceptdec_i_probe_data_take(arena, settings, labels, &data));
    for (int64_t i = 0; i < data.n_sets && o->permutations > 0; i++) {
        conceptdec_i_permute *plan = NULL;
        CONCEPTDEC_I_TRY(
            conceptdec_i_permute_new(arena->ctx, o->permute, data.n, data.sets[i].wide, data.groups, o->seed, &plan));
        conceptdec_i_permute_free(arena->ctx, plan);
    }
    settings->options.classes = data.classes;
    return CONCEPTDEC_OK;
}

static conceptdec_status
check_labels_alone(conceptdec_ctx *ctx, conceptdec_i_probe_settings *settings, const conceptdec_matrix *labels)
{
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = check_labels(&arena, settings, labels);
    conceptdec_i_arena_close(&arena);
    return status;
}

/* Views may differ in width, so that weights have no place in one array: cells leave out the fit on all rows. */
conceptdec_status
conceptdec_i_cells_probe(conceptdec_i_arena *arena, const conceptdec_matrix *labels,
                         const conceptdec_probe_options *options, conceptdec_i_cells *cells)
{
    void *p[2];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "options", 1, sizeof(conceptdec_i_probe_settings), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "options", 1, sizeof(conceptdec_probe_options), &p[1]));
    conceptdec_i_probe_settings *settings = p[0];
    conceptdec_probe_options *o = p[1];
    CONCEPTDEC_I_TRY(conceptdec_i_intake(arena->ctx, "options.probe", options, o, sizeof *o, sizeof *o));
    o->flags |= CONCEPTDEC_PROBE_NO_FIT;
    CONCEPTDEC_I_TRY(conceptdec_i_probe_settings_take(arena, o, labels->rows, 1, settings));
    *cells = (conceptdec_i_cells){.ctx = arena->ctx, .labels = labels, .score = CONCEPTDEC_R_ACCURACY,
                                  .draws = settings->options.bootstrap, .confidence = settings->options.confidence,
                                  .options = o, .settings = settings, .run = run, .report = report};
    if (!conceptdec_i_mul(labels->cols, settings->options.n_lambdas, &cells->width))
        return conceptdec_i_fail(arena->ctx, CONCEPTDEC_EOVERFLOW,
                                 "options.probe.n_lambdas: too many for %lld label sets", (long long)labels->cols);
    return check_labels_alone(arena->ctx, settings, labels);
}

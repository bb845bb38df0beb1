/* Linear probes of one matrix: from the arguments to the result. */
#include "probe/driver.h"

typedef struct run {
    conceptdec_i_probe_driver driver;
    conceptdec_i_arena arena;
    const conceptdec_matrix *labels;
    conceptdec_result *result;
} run;

static conceptdec_status
execute(run *r, const conceptdec_probe_options *options)
{
    conceptdec_i_probe_driver *driver = &r->driver;
    void *outcomes;
    CONCEPTDEC_I_TRY(conceptdec_i_view_open(&r->arena, "x", &driver->x));
    CONCEPTDEC_I_TRY(
        conceptdec_i_probe_settings_take(&r->arena, options, driver->x->rows, driver->x->cols, &driver->settings));
    CONCEPTDEC_I_TRY(conceptdec_i_probe_data_take(&r->arena, &driver->settings, r->labels, &driver->data));
    CONCEPTDEC_I_TRY(conceptdec_i_probe_reserve(driver));
    CONCEPTDEC_I_TRY(conceptdec_i_view_finite(driver->ctx, "x", driver->x));
    CONCEPTDEC_I_TRY(conceptdec_i_result_new(driver->ctx, "probe", &r->result));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(&r->arena, "fits", driver->data.n_sets, sizeof(conceptdec_i_probe_outcome),
                                             &outcomes));
    CONCEPTDEC_I_TRY(conceptdec_i_probe_outcomes(driver, &r->arena, outcomes));
    CONCEPTDEC_I_TRY(conceptdec_i_probe_result(driver, &r->arena, outcomes, r->result));
    driver->settings.options.classes = driver->data.classes;
    return conceptdec_i_probe_settings_report(driver->ctx, &driver->settings, r->result);
}

conceptdec_status
conceptdec_i_probe_cell(conceptdec_ctx *ctx, const conceptdec_matrix *x, const conceptdec_matrix *labels,
                        const conceptdec_probe_options *options, double *replicates, conceptdec_result **result)
{
    run r = {.driver = {.ctx = ctx, .x = x, .replicates = replicates}, .labels = labels};
    conceptdec_i_arena_open(&r.arena, ctx);
    conceptdec_status status = execute(&r, options);
    conceptdec_i_probe_close_space(&r.driver);
    conceptdec_i_arena_close(&r.arena);
    if (status == CONCEPTDEC_OK)
        *result = r.result;
    else
        conceptdec_result_free(r.result);
    return status;
}

conceptdec_status
conceptdec_probe(conceptdec_ctx *ctx, const conceptdec_matrix *x, const conceptdec_matrix *labels,
                 const conceptdec_probe_options *options, conceptdec_result **result)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!result)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "result: is NULL");
    return conceptdec_i_probe_cell(ctx, x, labels, options, NULL, result);
}

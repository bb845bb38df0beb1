/* One fit to all labelled rows, kept as a model. */
#include <string.h>

#include "probe/driver.h"
#include "probe/model.h"
#include "stats/samples.h"

typedef struct run {
    conceptdec_i_probe_driver driver;
    conceptdec_i_arena arena;
    const conceptdec_matrix *labels;
    conceptdec_matrix training; /* labels of the training rows, -1 elsewhere */
    conceptdec_probe_options options;
    conceptdec_probe_model *model;
} run;

/* ---- arguments ---- */

static conceptdec_status
check_options(conceptdec_ctx *ctx, const conceptdec_probe_options *o)
{
    const uint32_t scores = CONCEPTDEC_PROBE_NESTED | CONCEPTDEC_PROBE_MDL | CONCEPTDEC_PROBE_UNSTRATIFIED;
    const struct {
        const char *name;
        bool is_given;
    } refused[] = {
        {"permutations", o->permutations != 0}, {"bootstrap", o->bootstrap != 0}, {"control", o->control != 0},
        {"types", o->types != NULL},            {"flags", (o->flags & scores) != 0}, {"permute", o->permute != 0},
        {"groups", o->groups != NULL},          {"folds", o->folds != 0}, {"confidence", o->confidence != 0},
        {"protocol", o->protocol != 0 &&
                                                 o->protocol != CONCEPTDEC_PROTOCOL_SPLIT},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (refused[i].is_given)
            return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "%s: is given, but a model has no scores",
                                     refused[i].name);
    if (o->n_lambdas > 1)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "n_lambdas: %lld, but a model has one",
                                 (long long)o->n_lambdas);
    return CONCEPTDEC_OK;
}

/* Classes are those of all rows: one that has rows, but none to train on, is missing. */
static conceptdec_status
check_training(run *r, const conceptdec_i_labels *labels, const uint8_t *train)
{
    conceptdec_probe_options *o = &r->driver.settings.options;
    enum { IS_THERE = 1, TRAINS = 2 };
    void *memory;
    o->classes = o->classes ? o->classes : labels->largest + 1;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(&r->arena, "classes", o->classes, 1, &memory));
    uint8_t *marks = memory;
    for (int64_t i = 0; i < r->driver.x->rows; i++)
        if (labels->wide[i] >= 0)
            marks[labels->wide[i]] |= train[i] ? IS_THERE | TRAINS : IS_THERE;
    for (int64_t c = 0; c < o->classes && !(o->flags & CONCEPTDEC_PROBE_SKIP_MISSING); c++)
        if (marks[c] == IS_THERE)
            return conceptdec_i_fail(r->driver.ctx, CONCEPTDEC_ECLASSMISSING,
                                     "labels: class %lld has no training row; give it one, or leave such classes out "
                                     "(missing \"skip\")",
                                     (long long)c);
    return CONCEPTDEC_OK;
}

/* Rows that do not train play no part. */
static conceptdec_status
take_training_labels(run *r, const conceptdec_matrix *view)
{
    int64_t n = r->driver.x->rows, classes = r->driver.settings.options.classes;
    conceptdec_i_labels labels;
    uint8_t *train;
    if (r->labels->rows != n)
        return conceptdec_i_fail(r->driver.ctx, CONCEPTDEC_ESIZE, "labels: %lld rows, but x has %lld",
                                 (long long)r->labels->rows, (long long)n);
    CONCEPTDEC_I_TRY(conceptdec_i_samples_train(&r->arena, view, n, &train));
    CONCEPTDEC_I_TRY(conceptdec_i_samples_labels(&r->arena, r->labels, 0,
                                                 classes ? classes : CONCEPTDEC_I_PROBE_MAX_CLASSES, &labels));
    CONCEPTDEC_I_TRY(check_training(r, &labels, train));
    for (int64_t i = 0; i < n; i++)
        labels.wide[i] = train[i] ? labels.wide[i] : -1;
    r->training = (conceptdec_matrix){.data = labels.wide, .rows = n, .cols = 1, .row_stride = sizeof(int64_t),
                                      .col_stride = sizeof(int64_t), .dtype = CONCEPTDEC_INT64};
    r->labels = &r->training;
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_arguments(run *r, const conceptdec_probe_options *options)
{
    conceptdec_ctx *ctx = r->driver.ctx;
    conceptdec_probe_options *o = &r->options;
    CONCEPTDEC_I_TRY(conceptdec_i_view_open(&r->arena, "x", &r->driver.x));
    CONCEPTDEC_I_TRY(conceptdec_i_intake(ctx, "options", options, o, sizeof *o, sizeof *o));
    CONCEPTDEC_I_TRY(check_options(ctx, o));
    CONCEPTDEC_I_TRY(conceptdec_i_view_check(ctx, "labels", r->labels, CONCEPTDEC_I_INTS));
    if (r->labels->cols != 1)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "labels: %lld columns, a model has 1",
                                 (long long)r->labels->cols);
    const conceptdec_matrix *train = o->train;
    if (o->protocol == CONCEPTDEC_PROTOCOL_SPLIT && !train)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "train: missing, but the split protocol needs it");
    o->train = NULL;
    o->protocol = CONCEPTDEC_PROTOCOL_RESUBSTITUTION;
    CONCEPTDEC_I_TRY(conceptdec_i_probe_settings_take(&r->arena, o, r->driver.x->rows, r->driver.x->cols,
                                                      &r->driver.settings));
    if (train)
        CONCEPTDEC_I_TRY(take_training_labels(r, train));
    CONCEPTDEC_I_TRY(conceptdec_i_probe_data_take(&r->arena, &r->driver.settings, r->labels, &r->driver.data));
    CONCEPTDEC_I_TRY(conceptdec_i_probe_reserve(&r->driver));
    return conceptdec_i_view_finite(ctx, "x", r->driver.x);
}

/* ---- the fit ---- */

static conceptdec_status
listen(void *argument, const conceptdec_i_probe_place *place, const conceptdec_i_space *space,
       const conceptdec_i_fit *fit)
{
    run *r = argument;
    conceptdec_probe_model *m;
    CONCEPTDEC_I_TRY(conceptdec_i_probe_model_make(r->driver.ctx, r->driver.settings.options.kind,
                                                   r->driver.data.classes, space->d, &r->model));
    m = r->model;
    m->lambda = r->driver.settings.lambdas[place->lambda];
    m->converged = fit->converged;
    m->iterations = fit->iterations;
    m->decrement = fit->decrement;
    m->objective = fit->objective;
    m->sharpness = fit->sharpness;
    memcpy(m->bias, fit->bias, (size_t)m->columns * sizeof *m->bias);
    CONCEPTDEC_I_TRY(conceptdec_i_space_unfold(space, m->columns, fit->w, m->weights, m->bias));
    conceptdec_i_probe_take_level((int32_t)m->kind, m->columns, m->d, m->weights, m->bias);
    return CONCEPTDEC_OK;
}

static conceptdec_status
execute(run *r, const conceptdec_probe_options *options)
{
    CONCEPTDEC_I_TRY(take_arguments(r, options));
    const conceptdec_i_probe_set *set = r->driver.data.sets;
    conceptdec_i_probe_job job = {.labels = set->labels, .is_labelled = set->is_labelled, .whole = set->whole};
    return conceptdec_i_probe_run(&r->driver, 1, &job, "fit", false, listen, r);
}

conceptdec_status
conceptdec_i_probe_fit_model(conceptdec_ctx *ctx, const conceptdec_matrix *x, const conceptdec_matrix *labels,
                             const conceptdec_probe_options *options, conceptdec_probe_model **model)
{
    run r = {.driver = {.ctx = ctx, .x = x}, .labels = labels};
    conceptdec_i_arena_open(&r.arena, ctx);
    conceptdec_status status = execute(&r, options);
    conceptdec_i_probe_close_space(&r.driver);
    conceptdec_i_arena_close(&r.arena);
    if (status == CONCEPTDEC_OK)
        *model = r.model;
    else
        conceptdec_probe_model_free(r.model);
    return status;
}

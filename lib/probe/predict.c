/* What a fitted probe says of other rows, and how right it is. */
#include "probe/model.h"

#include <inttypes.h>
#include <math.h>

#include "core/whole.h"
#include "linalg/dot.h"

#define BLOCK 16                         /* rows that pass by each column of weights together, at most */
#define BLOCK_VALUES (1 << 15)           /* and so many values: the cache holds them */
#define TASK_PRODUCTS (1 << 22)          /* of one task: some milliseconds */
#define POLL_PRODUCTS (INT64_C(1) << 24) /* between two looks at the cancel flag */

/* One pass over the rows of x. Value of column k for row i: decision[i * row_step + k * column_step]. */
typedef struct passing {
    conceptdec_ctx *ctx;
    const conceptdec_probe_model *model;
    const conceptdec_matrix *x;
    double *rows; /* lanes x block x d */
    double *decision;
    int64_t row_step, column_step;
    double *posterior;  /* m x C; NULL: none */
    int64_t *predicted; /* m; NULL: not wanted */
    int64_t block, rows_per_task;
} passing;

/* ---- the pass ---- */

static conceptdec_status
widen_rows(const passing *p, int64_t first, int64_t count, double *rows)
{
    int64_t d = p->model->d;
    for (int64_t i = 0; i < count; i++) {
        conceptdec_i_view_widen(p->ctx->kernels, p->x, first + i, 0, d, rows + i * d);
        for (int64_t j = 0; j < d; j++)
            if (!isfinite(rows[i * d + j]))
                return conceptdec_i_fail(p->ctx, CONCEPTDEC_ENONFINITE,
                                         "x: non-finite value at row %" PRId64 ", column %" PRId64, first + i, j);
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
decide(const passing *p, int64_t first, int64_t count, const double *rows)
{
    const conceptdec_probe_model *m = p->model;
    int64_t done = 0;
    for (int64_t k = 0; k < m->columns; k++) {
        for (int64_t i = 0; i < count; i++)
            p->decision[(first + i) * p->row_step + k * p->column_step] =
                dot(rows + i * m->d, m->weights + k * m->d, m->d) + m->bias[k];
        done += count * m->d;
        if (done >= POLL_PRODUCTS) {
            CONCEPTDEC_I_TRY(conceptdec_i_poll(p->ctx, 0));
            done = 0;
        }
    }
    return CONCEPTDEC_OK;
}

static void
conclude(const passing *p, int64_t row)
{
    const conceptdec_probe_model *m = p->model;
    const double *values = p->decision + row * p->row_step;
    int32_t predicted, n_tied;
    if (p->posterior)
        conceptdec_i_probe_posterior(values, p->column_step, m->classes, m->sharpness, p->posterior + row * m->classes);
    if (!p->predicted)
        return;
    (void)conceptdec_i_probe_credit(values, p->column_step, m->classes, -1, &predicted, &n_tied);
    p->predicted[row] = predicted;
}

static conceptdec_status
pass_rows(void *argument, int64_t task, int lane)
{
    const passing *p = argument;
    double *rows = p->rows + lane * p->block * p->model->d;
    int64_t end = task_end(task, p->rows_per_task, p->x->rows);
    for (int64_t first = task * p->rows_per_task; first < end; first += p->block) {
        int64_t count = end - first < p->block ? end - first : p->block;
        CONCEPTDEC_I_TRY(widen_rows(p, first, count, rows));
        CONCEPTDEC_I_TRY(decide(p, first, count, rows));
        for (int64_t i = first; i < first + count; i++)
            conclude(p, i);
        CONCEPTDEC_I_TRY(conceptdec_i_poll(p->ctx, 0));
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
pass(conceptdec_i_arena *arena, passing *p)
{
    int64_t d = p->model->d, fit = BLOCK_VALUES / d, count;
    void *rows;
    p->block = fit < 1 ? 1 : fit < BLOCK ? fit : BLOCK;
    int64_t blocks = TASK_PRODUCTS / p->block / p->model->columns / d;
    p->rows_per_task = (blocks > 1 ? blocks : 1) * p->block;
    if (!conceptdec_i_mul(conceptdec_i_lanes(arena->ctx) * p->block, d, &count))
        count = INT64_MAX;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "rows", count, sizeof(double), &rows));
    p->rows = rows;
    int64_t tasks = (p->x->rows - 1) / p->rows_per_task + 1;
    conceptdec_i_stage(arena->ctx, "probe", tasks);
    return conceptdec_i_parallel(arena->ctx, tasks, pass_rows, p);
}

static conceptdec_status
open_rows(conceptdec_i_arena *arena, const conceptdec_probe_model *model, const conceptdec_matrix **x)
{
    CONCEPTDEC_I_TRY(conceptdec_i_view_open(arena, "x", x));
    if ((*x)->cols != model->d)
        return conceptdec_i_fail(arena->ctx, CONCEPTDEC_ESIZE,
                                 "x: %" PRId64 " columns, but the probe was fitted to %" PRId64, (*x)->cols, model->d);
    if ((*x)->rows > INT32_MAX - 1024)
        return conceptdec_i_fail(arena->ctx, CONCEPTDEC_EOVERFLOW, "x: %" PRId64 " rows, at most 2147482623",
                                 (*x)->rows);
    return CONCEPTDEC_OK;
}

/* ---- predicting ---- */

static conceptdec_status
predict(conceptdec_i_arena *arena, const conceptdec_probe_model *m, const conceptdec_matrix *x,
        conceptdec_result *result)
{
    conceptdec_ctx *ctx = arena->ctx;
    passing p = {.ctx = ctx, .model = m, .x = x, .row_step = m->columns, .column_step = 1};
    int64_t values[] = {x->rows, m->columns}, posteriors[] = {x->rows, m->classes};
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(ctx, result, CONCEPTDEC_R_DECISION, 2, values, &p.decision));
    CONCEPTDEC_I_TRY(conceptdec_i_result_int64(ctx, result, CONCEPTDEC_R_PREDICTED, 1, values, &p.predicted));
    if (!isnan(m->sharpness))
        CONCEPTDEC_I_TRY(conceptdec_i_result_float64(ctx, result, CONCEPTDEC_R_POSTERIOR, 2, posteriors, &p.posterior));
    CONCEPTDEC_I_TRY(conceptdec_i_result_option_number(ctx, result, CONCEPTDEC_R_KIND, (double)m->kind));
    return pass(arena, &p);
}

/* ---- scoring ---- */

static conceptdec_status
read_labels(conceptdec_i_arena *arena, const conceptdec_probe_model *m, const conceptdec_matrix *view, int64_t n,
            conceptdec_i_probe_scoring *s)
{
    conceptdec_ctx *ctx = arena->ctx;
    void *wide, *narrow, *scored;
    int64_t n_scored = 0;
    CONCEPTDEC_I_TRY(conceptdec_i_view_check(ctx, "labels", view, CONCEPTDEC_I_INTS));
    if (view->rows != n || view->cols != 1)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "labels: %" PRId64 " x %" PRId64 ", must be %" PRId64 " x 1",
                                 view->rows, view->cols, n);
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "labels", n, sizeof(int64_t), &wide));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "labels", n, sizeof(int32_t), &narrow));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "labels", n, 1, &scored));
    const int64_t *label = wide;
    conceptdec_i_view_ints(view, 0, wide);
    for (int64_t i = 0; i < n; i++) {
        if (label[i] < -1 || label[i] >= m->classes)
            return conceptdec_i_fail(ctx, CONCEPTDEC_ELABEL,
                                     "labels: %" PRId64 " at row %" PRId64 ", column 0 is not in -1..%" PRId64,
                                     label[i], i, m->classes - 1);
        ((int32_t *)narrow)[i] = (int32_t)label[i];
        ((uint8_t *)scored)[i] = label[i] >= 0;
        n_scored += label[i] >= 0;
    }
    if (n_scored == 0)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ETOOFEW, "labels: no row has a label");
    s->labels = narrow;
    s->scored = scored;
    return CONCEPTDEC_OK;
}

/* Decision values and posteriors of all rows, for as long as they are scored. */
static conceptdec_status
pass_for_scores(conceptdec_i_arena *arena, const conceptdec_probe_model *m, const conceptdec_matrix *x,
                conceptdec_i_probe_scoring *s)
{
    passing p = {.ctx = arena->ctx, .model = m, .x = x, .row_step = 1, .column_step = x->rows};
    int64_t values, posteriors;
    void *decision, *posterior = NULL;
    if (!conceptdec_i_mul(x->rows, m->columns, &values) || !conceptdec_i_mul(x->rows, m->classes, &posteriors))
        values = posteriors = INT64_MAX;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "decision values", values, sizeof(double), &decision));
    if (!isnan(m->sharpness))
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "posteriors", posteriors, sizeof(double), &posterior));
    s->decision = p.decision = decision;
    s->posterior = p.posterior = posterior;
    return pass(arena, &p);
}

static conceptdec_status
take_scores(conceptdec_ctx *ctx, int64_t classes, conceptdec_result *result, conceptdec_i_probe_scores *scores)
{
    int64_t shape[] = {classes, classes};
    CONCEPTDEC_I_TRY(
        conceptdec_i_result_float64(ctx, result, CONCEPTDEC_R_PER_CONCEPT, 1, shape, &scores->per_concept));
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(ctx, result, CONCEPTDEC_R_AUROC, 1, shape, &scores->auroc));
    CONCEPTDEC_I_TRY(
        conceptdec_i_result_float64(ctx, result, CONCEPTDEC_R_AVERAGE_PRECISION, 1, shape, &scores->average_precision));
    return conceptdec_i_result_float64(ctx, result, CONCEPTDEC_R_CONFUSION, 2, shape, &scores->confusion);
}

static conceptdec_status
write_scores(conceptdec_ctx *ctx, const conceptdec_i_probe_scores *scores, conceptdec_result *result)
{
    const struct {
        const char *name;
        double value;
    } reals[] = {{CONCEPTDEC_R_ACCURACY, scores->accuracy},
                 {CONCEPTDEC_R_BALANCED, scores->balanced},
                 {CONCEPTDEC_R_MACRO_F1, scores->macro_f1},
                 {CONCEPTDEC_R_LOG_LOSS, scores->log_loss},
                 {CONCEPTDEC_R_CALIBRATION_ERROR, scores->calibration_error}};
    double *real;
    int64_t *whole;
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_result_float64(ctx, result, reals[i].name, 0, NULL, &real));
        *real = reals[i].value;
    }
    CONCEPTDEC_I_TRY(conceptdec_i_result_int64(ctx, result, CONCEPTDEC_R_N_SCORED, 0, NULL, &whole));
    *whole = scores->n_scored;
    return CONCEPTDEC_OK;
}

static conceptdec_status
score(conceptdec_i_arena *arena, const conceptdec_probe_model *m, const conceptdec_matrix *x,
      const conceptdec_matrix *labels, conceptdec_result *result)
{
    conceptdec_ctx *ctx = arena->ctx;
    conceptdec_i_probe_scoring s = {.n = x->rows, .classes = m->classes, .columns = m->columns};
    conceptdec_i_probe_scores scores = {0};
    CONCEPTDEC_I_TRY(read_labels(arena, m, labels, x->rows, &s));
    CONCEPTDEC_I_TRY(take_scores(ctx, m->classes, result, &scores));
    CONCEPTDEC_I_TRY(pass_for_scores(arena, m, x, &s));
    CONCEPTDEC_I_TRY(conceptdec_i_probe_score(ctx, &s, &scores));
    CONCEPTDEC_I_TRY(write_scores(ctx, &scores, result));
    return conceptdec_i_result_option_number(ctx, result, CONCEPTDEC_R_KIND, (double)m->kind);
}

/* ---- the interface ---- */

/* labels NULL: predict. */
static conceptdec_status
answer(conceptdec_ctx *ctx, const char *capability, const conceptdec_probe_model *model, const conceptdec_matrix *x,
       const conceptdec_matrix *labels, conceptdec_result **result)
{
    conceptdec_i_arena arena;
    conceptdec_result *made = NULL;
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = open_rows(&arena, model, &x);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_i_result_new(ctx, capability, &made);
    if (status == CONCEPTDEC_OK)
        status = labels ? score(&arena, model, x, labels, made) : predict(&arena, model, x, made);
    conceptdec_i_arena_close(&arena);
    if (status == CONCEPTDEC_OK)
        *result = made;
    else
        conceptdec_result_free(made);
    return status;
}

conceptdec_status
conceptdec_probe_model_predict(conceptdec_ctx *ctx, const conceptdec_probe_model *model, const conceptdec_matrix *x,
                               conceptdec_result **result)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!model || !result)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: is NULL", model ? "result" : "model");
    return answer(ctx, "probe_model_predict", model, x, NULL, result);
}

conceptdec_status
conceptdec_probe_model_score(conceptdec_ctx *ctx, const conceptdec_probe_model *model, const conceptdec_matrix *x,
                             const conceptdec_matrix *labels, conceptdec_result **result)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!model || !labels || !result)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: is NULL",
                                 !model    ? "model"
                                 : !labels ? "labels"
                                           : "result");
    return answer(ctx, "probe_model_score", model, x, labels, result);
}

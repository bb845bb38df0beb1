/* Columns that say something of each sample: what they may be, and their values. */
#include "stats/samples.h"

#include <math.h>

#define MOST_INFERRED (INT64_C(1) << 20) /* classes that labels alone can ask for */

static conceptdec_status
check_column(conceptdec_ctx *ctx, const char *name, const conceptdec_matrix *view, int64_t n, int kinds)
{
    CONCEPTDEC_I_TRY(conceptdec_i_view_check(ctx, name, view, kinds));
    if (view->rows != n)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "%s: %lld rows, but x has %lld", name, (long long)view->rows,
                                 (long long)n);
    if (view->cols != 1)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "%s: %lld columns, must be 1", name, (long long)view->cols);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_samples_column(conceptdec_i_arena *arena, const char *name, const conceptdec_matrix *view, int64_t n,
                            int64_t **column)
{
    void *memory;
    CONCEPTDEC_I_TRY(check_column(arena->ctx, name, view, n, CONCEPTDEC_I_INTS));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, name, n, sizeof **column, &memory));
    *column = memory;
    conceptdec_i_view_ints(view, 0, *column);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_samples_train(conceptdec_i_arena *arena, const conceptdec_matrix *view, int64_t n, uint8_t **train)
{
    int64_t *values;
    void *memory;
    CONCEPTDEC_I_TRY(conceptdec_i_samples_column(arena, "train", view, n, &values));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "train", n, sizeof **train, &memory));
    *train = memory;
    for (int64_t i = 0; i < n; i++) {
        if (values[i] != 0 && values[i] != 1)
            return conceptdec_i_fail(arena->ctx, CONCEPTDEC_EINVAL, "train: %lld at row %lld is neither 0 nor 1",
                                     (long long)values[i], (long long)i);
        (*train)[i] = values[i] == 1;
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
check_weights(conceptdec_ctx *ctx, const double *weights, int64_t n)
{
    bool is_zero = true;
    for (int64_t i = 0; i < n; i++) {
        if (weights[i] < 0)
            return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "weights: negative at row %lld", (long long)i);
        is_zero &= weights[i] == 0;
    }
    if (is_zero)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "weights: all %lld are 0", (long long)n);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_samples_weights(conceptdec_i_arena *arena, const conceptdec_matrix *view, int64_t n, double **weights)
{
    conceptdec_ctx *ctx = arena->ctx;
    void *memory;
    CONCEPTDEC_I_TRY(check_column(ctx, "weights", view, n, CONCEPTDEC_I_FLOATS));
    CONCEPTDEC_I_TRY(conceptdec_i_view_finite(ctx, "weights", view));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "weights", n, sizeof **weights, &memory));
    *weights = memory;
    for (int64_t i = 0; i < n; i++)
        conceptdec_i_view_widen(ctx->kernels, view, i, 0, 1, *weights + i);
    return check_weights(ctx, *weights, n);
}

/* ---- labels ---- */

static conceptdec_status
check_labels(conceptdec_ctx *ctx, const int64_t *labels, int64_t n, int64_t column, int64_t classes)
{
    for (int64_t i = 0; i < n; i++)
        if (labels[i] < -1 || labels[i] >= classes)
            return conceptdec_i_fail(ctx, CONCEPTDEC_ELABEL, "labels: %lld at row %lld, column %lld is not in -1..%lld",
                                     (long long)labels[i], (long long)i, (long long)column, (long long)(classes - 1));
    return CONCEPTDEC_OK;
}

static conceptdec_status
check_variety(conceptdec_ctx *ctx, const conceptdec_i_labels *labels, int64_t n, int64_t column)
{
    int64_t first = -1;
    if (labels->n_labelled < 2)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ETOOFEW,
                                 "labels: %lld labelled rows in column %lld, at least 2 are needed",
                                 (long long)labels->n_labelled, (long long)column);
    for (int64_t i = 0; i < n; i++) {
        if (first >= 0 && labels->wide[i] >= 0 && labels->wide[i] != first)
            return CONCEPTDEC_OK;
        first = labels->wide[i] >= 0 ? labels->wide[i] : first;
    }
    return conceptdec_i_fail(ctx, CONCEPTDEC_ESINGLECLASS,
                             "labels: all labelled rows of column %lld have class %lld; at least 2 classes are needed",
                             (long long)column, (long long)first);
}

conceptdec_status
conceptdec_i_samples_labels(conceptdec_i_arena *arena, const conceptdec_matrix *view, int64_t set, int64_t classes,
                            conceptdec_i_labels *labels)
{
    int64_t n = view->rows;
    void *wide, *narrow;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "labels", n, sizeof(int64_t), &wide));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "labels", n, sizeof(int32_t), &narrow));
    *labels = (conceptdec_i_labels){.wide = wide, .narrow = narrow, .largest = -1};
    conceptdec_i_view_ints(view, set, labels->wide);
    CONCEPTDEC_I_TRY(check_labels(arena->ctx, labels->wide, n, set, classes));
    for (int64_t i = 0; i < n; i++) {
        labels->narrow[i] = (int32_t)labels->wide[i];
        labels->n_labelled += labels->wide[i] >= 0;
        labels->largest = labels->wide[i] > labels->largest ? labels->wide[i] : labels->largest;
    }
    return check_variety(arena->ctx, labels, n, set);
}

conceptdec_status
conceptdec_i_samples_infer(conceptdec_ctx *ctx, const int64_t *labels, int64_t n, int64_t *classes)
{
    int64_t at = -1;
    for (int64_t i = 0; i < n; i++)
        at = labels[i] > (at < 0 ? -1 : labels[at]) ? i : at;
    *classes = at < 0 ? 0 : labels[at] + 1;
    if (*classes <= MOST_INFERRED)
        return CONCEPTDEC_OK;
    return conceptdec_i_fail(ctx, CONCEPTDEC_ELABEL,
                             "labels: %lld at row %lld makes %lld classes, more than %lld must be asked for (classes)",
                             (long long)labels[at], (long long)at, (long long)*classes, (long long)MOST_INFERRED);
}

conceptdec_status
conceptdec_i_samples_classes(conceptdec_i_arena *arena, const conceptdec_matrix *view, int64_t n, int64_t *classes,
                             int32_t **labels)
{
    int64_t *wide, n_labelled = 0;
    void *memory;
    CONCEPTDEC_I_TRY(conceptdec_i_samples_column(arena, "labels", view, n, &wide));
    CONCEPTDEC_I_TRY(check_labels(arena->ctx, wide, n, 0, *classes > 0 ? *classes : INT32_MAX));
    if (*classes == 0)
        CONCEPTDEC_I_TRY(conceptdec_i_samples_infer(arena->ctx, wide, n, classes));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "labels", n, sizeof(int32_t), &memory));
    *labels = memory;
    for (int64_t i = 0; i < n; i++) {
        (*labels)[i] = (int32_t)wide[i];
        n_labelled += wide[i] >= 0;
    }
    if (n_labelled < 2)
        return conceptdec_i_fail(arena->ctx, CONCEPTDEC_ETOOFEW,
                                 "labels: %lld labelled rows, at least 2 are needed", (long long)n_labelled);
    return CONCEPTDEC_OK;
}

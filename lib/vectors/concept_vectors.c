/* conceptdec_concept_vectors(): arguments, vectors of all samples, the result. */
#include "vectors/concept_vectors.h"

#include <math.h>
#include <string.h>

#include "linalg/columns.h"
#include "linalg/dot.h"
#include "stats/bootstrap.h"
#include "stats/class_means.h"
#include "stats/groups.h"
#include "stats/samples.h"

enum {
    BASELINE,
    GROUPS,
    CLASSES,
    BASELINE_CLASS,
    BOOTSTRAP,
    SPLITS,
    MEMORY,
    SEED,
    CONFIDENCE,
    REFERENCE,
    FLAGS,
    FIELDS
};

static const char *const references[] = {"rest", "mean", "class", "given"};

/* ---- options ---- */

/* With defaults filled in: one that is written out changes nothing and may stand, but for a class. */
static conceptdec_status
check_effects(conceptdec_ctx *ctx, const conceptdec_vectors_options *o)
{
    const bool draws = o->bootstrap > 0 || o->splits > 0;
    const bool has_class = o->baseline_class != 0 || CONCEPTDEC_I_GIVEN(o, BASELINE_CLASS);
    const char *const no_draws = "there is neither a bootstrap nor splits";
    const conceptdec_i_idle idle[] = {
        {"baseline", o->baseline && o->reference != CONCEPTDEC_BASELINE_GIVEN, "reference is not \"given\""},
        {"baseline_class", has_class && o->reference != CONCEPTDEC_BASELINE_CLASS, "reference is not \"class\""},
        {"groups", o->groups && !draws, no_draws},
        {"seed", o->seed != 0 && !draws, no_draws},
        {"confidence", o->bootstrap == 0 && o->confidence != CONCEPTDEC_I_CONFIDENCE, "there is no bootstrap"},
    };
    return conceptdec_i_refuse_idle(ctx, idle, sizeof idle / sizeof *idle);
}

static conceptdec_status
take_options(conceptdec_ctx *ctx, const conceptdec_vectors_options *given, conceptdec_vectors_options *o)
{
    CONCEPTDEC_I_TRY(conceptdec_i_intake(ctx, "options", given, o, sizeof *o, sizeof *o));
    CONCEPTDEC_I_TRY(conceptdec_i_given_known(ctx, "options", o->given, FIELDS));
    if (o->flags)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ERESERVED, "flags: is 0x%x, must be 0", o->flags);
    CONCEPTDEC_I_TRY(conceptdec_i_check_choice(ctx, "reference", o->reference, CONCEPTDEC_BASELINE_GIVEN + 1));
    CONCEPTDEC_I_TRY(conceptdec_i_check_count(ctx, "bootstrap", o->bootstrap));
    CONCEPTDEC_I_TRY(conceptdec_i_check_count(ctx, "splits", o->splits));
    conceptdec_i_default_int(o->given, MEMORY, &o->memory, INT64_C(1) << 29);
    conceptdec_i_default_real(o->given, CONFIDENCE, &o->confidence, CONCEPTDEC_I_CONFIDENCE);
    if (o->classes < 0 || o->classes > INT32_MAX || (CONCEPTDEC_I_GIVEN(o, CLASSES) && o->classes == 0))
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "classes: %lld is not in 1..%d", (long long)o->classes,
                                 INT32_MAX);
    if (o->memory < 1)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "memory: %lld bytes, must be above 0", (long long)o->memory);
    if (!(o->confidence > 0 && o->confidence < 1))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "confidence: must be above 0 and below 1");
    if (!o->baseline && o->reference == CONCEPTDEC_BASELINE_GIVEN)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "baseline: missing, but reference is \"given\"");
    return check_effects(ctx, o);
}

/* ---- samples ---- */

/* Items of each class, and the classes in the order of their first rows. */
static conceptdec_status
list_members(conceptdec_i_vectors *v, const int32_t *labels)
{
    const int64_t C = v->classes;
    void *p;
    int64_t known = 0;
    CONCEPTDEC_I_TRY(conceptdec_i_groups_list(v->arena, v->n, labels, C, &v->start, &v->row));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(v->arena, "classes", C, sizeof(int64_t), &p));
    v->order = p;
    for (int64_t i = 0; i < v->n; i++)
        if (labels[i] >= 0 && v->row[v->start[labels[i]]] == i)
            v->order[known++] = labels[i];
    for (int64_t c = 0; c < C; c++)
        if (v->start[c] == v->start[c + 1])
            v->order[known++] = c;
    return CONCEPTDEC_OK;
}

/* What is drawn: groups within each class are numbered in the order of their first rows. */
static conceptdec_status
list_units(conceptdec_i_vectors *v)
{
    const int64_t items = v->start[v->classes];
    int64_t *codes = NULL;
    conceptdec_i_groups groups;
    void *p[4];
    if (v->options.groups)
        CONCEPTDEC_I_TRY(conceptdec_i_samples_column(v->arena, "groups", v->options.groups, v->n, &codes));
    CONCEPTDEC_I_TRY(conceptdec_i_groups_number(v->arena, v->n, codes, NULL, &groups));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(v->arena, "groups", items, sizeof(int32_t), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(v->arena, "groups", v->classes, sizeof(int64_t), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(v->arena, "groups", groups.count, sizeof(int64_t), &p[2]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(v->arena, "groups", groups.count, sizeof(int32_t), &p[3]));
    v->of = p[0];
    v->units = p[1];
    int64_t *class_of = p[2], most = 0; /* that saw a group last, plus 1, and the number that it gave it */
    int32_t *number = p[3];
    for (int64_t c = 0; c < v->classes; c++) {
        for (int64_t i = v->start[c]; i < v->start[c + 1]; i++) {
            const int32_t group = groups.number[v->row[i]];
            if (class_of[group] != c + 1) {
                class_of[group] = c + 1;
                number[group] = (int32_t)v->units[c]++;
            }
            v->of[i] = number[group];
        }
        most = v->units[c] > most ? v->units[c] : most;
    }
    if (codes && most < 2)
        return conceptdec_i_fail(v->arena->ctx, CONCEPTDEC_EGROUPS,
                                 "groups: each class lies in one group, so that there is nothing to draw");
    return CONCEPTDEC_OK;
}

/* Center, unit and rounding. */
static conceptdec_status
find_scale(conceptdec_i_vectors *v)
{
    const int64_t d = v->d, items = v->start[v->classes];
    conceptdec_i_columns c;
    double reach = 0, square = 0;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(v->arena, "class means", 2 * d, sizeof(double), &p));
    v->center = p;
    CONCEPTDEC_I_TRY(conceptdec_i_columns_scan_rows(v->arena, "x", v->x, v->row, items, &c));
    for (int64_t j = 0; j < d; j++) {
        v->center[j] = c.mean[j];
        reach = fmax(reach, c.largest[j] - c.least[j]);
    }
    if (v->options.baseline) {
        v->baseline = v->center + d;
        conceptdec_i_view_widen(v->arena->ctx->kernels, v->options.baseline, 0, 0, d, v->baseline);
        for (int64_t j = 0; j < d; j++) {
            v->baseline[j] -= v->center[j];
            reach = fmax(reach, fabs(v->baseline[j]));
        }
    }
    v->unit = conceptdec_i_unit(reach);
    for (int64_t j = 0; j < d; j++) {
        const double range = (c.largest[j] - c.least[j]) / v->unit;
        square += range * range;
        if (v->baseline)
            v->baseline[j] /= v->unit;
    }
    v->rounding = (double)items * 0x1p-52 * sqrt(square);
    return isfinite(reach) ? CONCEPTDEC_OK
                           : conceptdec_i_fail(v->arena->ctx, CONCEPTDEC_EOVERFLOW,
                                               "baseline: its distance from x is beyond the range of float64");
}

static conceptdec_status
check_classes(const conceptdec_i_vectors *v)
{
    const conceptdec_vectors_options *o = &v->options;
    conceptdec_ctx *ctx = v->arena->ctx;
    const int64_t base = o->baseline_class, first = v->order[0];
    if (o->reference == CONCEPTDEC_BASELINE_CLASS && (base < 0 || base >= v->classes))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "baseline_class: %lld is not in 0..%lld", (long long)base,
                                 (long long)(v->classes - 1));
    if (o->reference == CONCEPTDEC_BASELINE_CLASS && v->start[base] == v->start[base + 1])
        return conceptdec_i_fail(ctx, CONCEPTDEC_ECLASSMISSING, "baseline_class: class %lld has no samples",
                                 (long long)base);
    if (o->reference == CONCEPTDEC_BASELINE_REST && v->start[first + 1] - v->start[first] == v->start[v->classes])
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESINGLECLASS,
                                 "labels: all labelled rows have class %lld; reference \"rest\" needs others",
                                 (long long)first);
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_arguments(conceptdec_i_vectors *v, const conceptdec_matrix *x, const conceptdec_matrix *labels, int32_t **numbers)
{
    conceptdec_ctx *ctx = v->arena->ctx;
    const conceptdec_matrix *const baseline = v->options.baseline;
    v->x = x;
    CONCEPTDEC_I_TRY(conceptdec_i_view_open(v->arena, "x", &v->x));
    v->n = x->rows;
    v->d = x->cols;
    if (v->n > INT32_MAX)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "x: %lld rows, at most %d are possible", (long long)v->n,
                                 INT32_MAX);
    v->classes = v->options.classes;
    CONCEPTDEC_I_TRY(conceptdec_i_samples_classes(v->arena, labels, v->n, &v->classes, numbers));
    CONCEPTDEC_I_TRY(list_members(v, *numbers));
    CONCEPTDEC_I_TRY(check_classes(v));
    if (baseline) {
        CONCEPTDEC_I_TRY(conceptdec_i_view_check(ctx, "baseline", baseline, CONCEPTDEC_I_FLOATS));
        if (baseline->rows != 1 || baseline->cols != v->d)
            return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "baseline: %lld x %lld, must be 1 x %lld",
                                     (long long)baseline->rows, (long long)baseline->cols, (long long)v->d);
        CONCEPTDEC_I_TRY(conceptdec_i_view_finite(ctx, "baseline", baseline));
    }
    if (v->options.bootstrap > 0 || v->options.splits > 0)
        CONCEPTDEC_I_TRY(list_units(v));
    CONCEPTDEC_I_TRY(conceptdec_i_view_finite(ctx, "x", v->x));
    return find_scale(v);
}

/* ---- result ---- */

static conceptdec_status
report(const conceptdec_i_vectors *v, conceptdec_result *result)
{
    conceptdec_ctx *ctx = v->arena->ctx;
    const conceptdec_vectors_options *o = &v->options;
    CONCEPTDEC_I_TRY(conceptdec_i_result_option_text(ctx, result, "reference", references[o->reference]));
    if (o->reference == CONCEPTDEC_BASELINE_CLASS)
        CONCEPTDEC_I_TRY(conceptdec_i_result_option_number(ctx, result, "baseline_class", (double)o->baseline_class));
    CONCEPTDEC_I_TRY(conceptdec_i_result_option_number(ctx, result, "classes", (double)v->classes));
    CONCEPTDEC_I_TRY(conceptdec_i_result_option_number(ctx, result, "groups", o->groups != NULL));
    CONCEPTDEC_I_TRY(conceptdec_i_result_option_number(ctx, result, "bootstrap", (double)o->bootstrap));
    CONCEPTDEC_I_TRY(conceptdec_i_result_option_number(ctx, result, "splits", (double)o->splits));
    if (o->bootstrap > 0)
        CONCEPTDEC_I_TRY(conceptdec_i_result_option_number(ctx, result, "confidence", o->confidence));
    CONCEPTDEC_I_TRY(conceptdec_i_result_option_number(ctx, result, "memory", (double)o->memory));
    if (o->bootstrap > 0 || o->splits > 0)
        conceptdec_i_result_seed(result, o->seed);
    return CONCEPTDEC_OK;
}

/* From means and vectors about the center, in units, to those of the samples; norms and cosines on the way. */
static conceptdec_status
conclude(const conceptdec_i_vectors *v, double *means, double *vectors, double *norms, double *cosines)
{
    const int64_t C = v->classes, d = v->d;
    for (int64_t c = 0; c < C; c++)
        norms[c] = sqrt(dot(vectors + c * d, vectors + c * d, d));
    for (int64_t c = 0; c < C; c++) {
        for (int64_t a = 0; a < c; a++)
            cosines[a * C + c] = cosines[c * C + a] = conceptdec_i_vectors_cosine(
                v, dot(vectors + a * d, vectors + c * d, d), norms[a], norms[c]);
        cosines[c * C + c] = norms[c] > v->rounding ? 1 : (double)NAN;
        CONCEPTDEC_I_TRY(conceptdec_i_poll(v->arena->ctx, 1));
    }
    for (int64_t c = 0; c < C; c++) {
        norms[c] *= v->unit;
        for (int64_t j = 0; j < d; j++) {
            means[c * d + j] = v->center[j] + means[c * d + j] * v->unit;
            vectors[c * d + j] *= v->unit;
        }
        if (isinf(norms[c]))
            return conceptdec_i_fail(v->arena->ctx, CONCEPTDEC_EOVERFLOW,
                                     "x: the norm of the vector of class %lld is "
                                     "beyond the range of float64",
                                     (long long)c);
    }
    return CONCEPTDEC_OK;
}

/* Means of the labelled rows, in their order; what the others hold plays no part. */
static conceptdec_status
find_means(const conceptdec_i_vectors *v, const int32_t *labels, double *means, int64_t *count)
{
    void *p[2];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(v->arena, "labels", v->n, sizeof(int32_t), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(v->arena, "labels", v->n, sizeof(int32_t), &p[1]));
    int32_t *row = p[0], *kept = p[1];
    int64_t items = 0;
    for (int64_t i = 0; i < v->n; i++)
        if (labels[i] >= 0) {
            row[items] = (int32_t)i;
            kept[items++] = labels[i];
        }
    return conceptdec_i_class_means_about(v->arena, v->x, items < v->n ? row : NULL, items, kept, v->classes, v->center,
                                          means, count);
}

static conceptdec_status
find_vectors(const conceptdec_i_vectors *v, const int32_t *labels, conceptdec_result *result)
{
    conceptdec_ctx *ctx = v->arena->ctx;
    const int64_t C = v->classes, d = v->d, all[] = {C, d}, square[] = {C, C};
    double *means, *vectors, *norms, *cosines;
    int64_t *count;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_result_int64(ctx, result, CONCEPTDEC_R_CLASS_COUNT, 1, &C, &count));
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(ctx, result, CONCEPTDEC_R_MEANS, 2, all, &means));
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(ctx, result, CONCEPTDEC_R_VECTORS, 2, all, &vectors));
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(ctx, result, CONCEPTDEC_R_NORMS, 1, &C, &norms));
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(ctx, result, CONCEPTDEC_R_COSINES, 2, square, &cosines));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(v->arena, "class means", C + d, sizeof(double), &p));
    double *weight = p;
    conceptdec_i_stage(ctx, "vectors", 2 * C + 16);
    CONCEPTDEC_I_TRY(find_means(v, labels, means, count));
    for (int64_t c = 0; c < C; c++) {
        weight[c] = (double)count[c];
        for (int64_t j = 0; j < d; j++)
            means[c * d + j] /= v->unit;
    }
    conceptdec_i_vectors_contrast(v, means, weight, weight + C, vectors);
    return conclude(v, means, vectors, norms, cosines);
}

static conceptdec_status
find_intervals(const conceptdec_i_vectors *v, conceptdec_result *result)
{
    static const char *const names[] = {CONCEPTDEC_R_NORM_LOW,   CONCEPTDEC_R_NORM_HIGH,   CONCEPTDEC_R_NORM_BIAS,
                                        CONCEPTDEC_R_COSINE_LOW, CONCEPTDEC_R_COSINE_HIGH, CONCEPTDEC_R_COSINE_BIAS};
    const int64_t shape[] = {v->classes, v->classes};
    conceptdec_i_vectors_intervals out;
    double **places[] = {&out.norm_low,   &out.norm_high,   &out.norm_bias,
                         &out.cosine_low, &out.cosine_high, &out.cosine_bias};
    conceptdec_array norms, cosines;
    for (int i = 0; i < 6; i++)
        CONCEPTDEC_I_TRY(
            conceptdec_i_result_float64(v->arena->ctx, result, names[i], i < 3 ? 1 : 2, shape, places[i]));
    CONCEPTDEC_I_TRY(conceptdec_result_get(result, CONCEPTDEC_R_NORMS, &norms));
    CONCEPTDEC_I_TRY(conceptdec_result_get(result, CONCEPTDEC_R_COSINES, &cosines));
    out.norms = norms.data;
    out.cosines = cosines.data;
    CONCEPTDEC_I_TRY(conceptdec_i_vectors_bootstrap(v, &out));
    return conceptdec_i_result_diagnostic(v->arena->ctx, result, CONCEPTDEC_I_DRAWS_LEFT_OUT, (double)out.left_out);
}

static conceptdec_status
draw_again(const conceptdec_i_vectors *v, conceptdec_result *result)
{
    double *reliability;
    if (v->options.bootstrap > 0)
        CONCEPTDEC_I_TRY(find_intervals(v, result));
    if (v->options.splits == 0)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(v->arena->ctx, result, CONCEPTDEC_R_RELIABILITY, 1, &v->classes,
                                                 &reliability));
    return conceptdec_i_vectors_halves(v, reliability);
}

static conceptdec_status
execute(conceptdec_i_vectors *v, const conceptdec_matrix *x, const conceptdec_matrix *labels,
        conceptdec_result **result)
{
    int32_t *numbers;
    CONCEPTDEC_I_TRY(take_arguments(v, x, labels, &numbers));
    CONCEPTDEC_I_TRY(conceptdec_i_result_new(v->arena->ctx, "concept_vectors", result));
    CONCEPTDEC_I_TRY(find_vectors(v, numbers, *result));
    CONCEPTDEC_I_TRY(draw_again(v, *result));
    return report(v, *result);
}

conceptdec_status
conceptdec_concept_vectors(conceptdec_ctx *ctx, const conceptdec_matrix *x, const conceptdec_matrix *labels,
                           const conceptdec_vectors_options *options, conceptdec_result **result)
{
    conceptdec_result *made = NULL;
    conceptdec_i_arena arena;
    conceptdec_i_vectors v = {.arena = &arena};
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!labels || !result)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: is NULL", labels ? "result" : "labels");
    CONCEPTDEC_I_TRY(take_options(ctx, options, &v.options));
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = execute(&v, x, labels, &made);
    conceptdec_i_arena_close(&arena);
    if (status == CONCEPTDEC_OK)
        *result = made;
    else
        conceptdec_result_free(made);
    return status;
}

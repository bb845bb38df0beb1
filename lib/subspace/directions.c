/* Directions between class means, and those of a probe. Means are counted from one of the samples, so that an offset
 * that all have costs no digits. */
#include "subspace/directions.h"

#include <math.h>
#include <string.h>

#include "linalg/columns.h"
#include "linalg/orthonormal.h"
#include "stats/class_means.h"

/* ---- class means ---- */

/* The labelled rows alone. */
static conceptdec_status
keep_labelled(const conceptdec_i_labelled *l, conceptdec_i_labelled *kept)
{
    void *p[2];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(l->arena, "classes", l->n, sizeof(int32_t), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(l->arena, "classes", l->n, sizeof(int32_t), &p[1]));
    int32_t *row = p[0], *labels = p[1];
    *kept = *l;
    kept->row = row;
    kept->labels = labels;
    kept->n = 0;
    for (int64_t i = 0; i < l->n; i++)
        if (l->labels[i] >= 0) {
            row[kept->n] = l->row ? l->row[i] : (int32_t)i;
            labels[kept->n++] = l->labels[i];
        }
    return CONCEPTDEC_OK;
}

/* Sums of n terms in float64 are right to n / 2 epsilons of their range, in each column. */
static double
rounding_of(const conceptdec_i_labelled *l, const conceptdec_i_columns *c)
{
    double reach = 0, square = 0;
    for (int64_t j = 0; j < l->x->cols; j++)
        reach = fmax(reach, c->largest[j] - c->least[j]);
    const double unit = conceptdec_i_unit(reach);
    for (int64_t j = 0; j < l->x->cols; j++) {
        double range = (c->largest[j] - c->least[j]) / unit;
        square += range * range;
    }
    return (double)l->n * 0x1p-52 * sqrt(square) * unit;
}

static conceptdec_status
find_centers(const conceptdec_i_labelled *given, conceptdec_i_class_centers *centers)
{
    conceptdec_i_labelled l;
    conceptdec_i_columns columns = {0};
    const int64_t d = given->x->cols;
    int64_t numbers;
    void *p[3];
    CONCEPTDEC_I_TRY(keep_labelled(given, &l));
    if (!conceptdec_i_mul(l.classes, d, &numbers))
        numbers = INT64_MAX;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(l.arena, "class means", numbers, sizeof(double), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(l.arena, "class means", l.classes, sizeof(int64_t), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(l.arena, "class means", d, sizeof(double), &p[2]));
    *centers =
        (conceptdec_i_class_centers){.classes = l.classes, .d = d, .means = p[0], .count = p[1], .dtype = l.x->dtype};
    if (l.n == 0)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_columns_scan_rows(l.arena, "views", l.x, l.row, l.n, &columns));
    centers->rounding = rounding_of(&l, &columns);
    conceptdec_i_view_widen(l.arena->ctx->kernels, l.x, l.row[0], 0, d, p[2]);
    return conceptdec_i_class_means_about(l.arena, l.x, l.row, l.n, l.labels, l.classes, p[2], p[0], p[1]);
}

/* ---- means ---- */

/* Trailing directions that are rounding of the means are dropped. */
static void
drop_rounding(conceptdec_i_principal *found, double rounding, int64_t present)
{
    const int64_t rank = found->rank;
    while (found->rank > 0 && sqrt(found->variances[found->rank - 1]) * sqrt((double)(present - 1)) <= rounding)
        found->rank--;
    if (found->rank == rank)
        return;
    found->is_undecided = false;
    found->gap = found->rank > 0 ? (found->variances[found->rank - 1] - found->variances[found->rank]) /
                                       found->variances[0]
                                 : (double)NAN;
}

conceptdec_status
conceptdec_i_span_of_centers(conceptdec_i_arena *arena, const conceptdec_i_class_centers *centers,
                             const conceptdec_subspaces_options *o, conceptdec_subspaces **subspaces)
{
    const int64_t d = centers->d;
    int64_t present = 0, n_samples = 0;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "classes", centers->classes, sizeof(int32_t), &p));
    int32_t *row = p;
    for (int64_t c = 0; c < centers->classes; c++) {
        n_samples += centers->count[c];
        if (centers->count[c] > 0)
            row[present++] = (int32_t)c;
    }
    const conceptdec_matrix means = {.data = centers->means,
                                     .rows = centers->classes,
                                     .cols = d,
                                     .row_stride = 8 * d,
                                     .col_stride = 8,
                                     .dtype = CONCEPTDEC_FLOAT64};
    const conceptdec_i_principal_problem problem = {
        .name = "views",
        .x = &means,
        .row = row,
        .n = present,
        .d = d,
        .is_centred = true,
        .rank = o->rank,
        .explained = o->explained,
        .tolerance = conceptdec_i_subspaces_tolerance(o, present, d, centers->dtype),
        .seed = o->seed,
        .memory = o->memory,
    };
    conceptdec_i_principal found;
    CONCEPTDEC_I_TRY(conceptdec_i_principal_find(arena, &problem, &found));
    drop_rounding(&found, centers->rounding, present);
    found.n_missing = o->rank > found.rank ? o->rank - found.rank : 0;
    found.n_samples = n_samples;
    CONCEPTDEC_I_TRY(conceptdec_i_subspaces_list(arena, &found, 1, d, subspaces));
    (*subspaces)->class_of[0] = -1;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_basis_means(const conceptdec_i_labelled *l, const conceptdec_subspaces_options *o,
                         conceptdec_subspaces **subspaces)
{
    conceptdec_i_class_centers centers;
    CONCEPTDEC_I_TRY(find_centers(l, &centers));
    return conceptdec_i_span_of_centers(l->arena, &centers, o, subspaces);
}

/* ---- directions, one for each class ---- */

/* directions: classes x d. Where one is not more than rounding, or not a number, its class has none. */
static conceptdec_status
list_directions(conceptdec_i_arena *arena, int64_t classes, int64_t d, double *directions, const int64_t *count,
                double rounding, conceptdec_subspaces **subspaces)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "subspaces", classes, sizeof(conceptdec_i_principal), &p));
    conceptdec_i_principal *found = p;
    for (int64_t c = 0; c < classes; c++) {
        double *direction = directions + c * d;
        found[c] = (conceptdec_i_principal){
            .n_samples = count[c], .vectors = direction, .total = (double)NAN, .gap = (double)NAN};
        found[c].rank = count[c] > 0 && conceptdec_i_subspaces_unit(direction, d) > rounding;
        found[c].n_missing = 1 - found[c].rank;
        if (found[c].rank > 0)
            conceptdec_i_orient(direction, d);
    }
    return conceptdec_i_subspaces_list(arena, found, classes, d, subspaces);
}

/* The mean of a class less that of all other samples is its distance from the mean of all, n / (n - count) times as
 * long. */
conceptdec_status
conceptdec_i_differences_of_centers(conceptdec_i_arena *arena, const conceptdec_i_class_centers *centers,
                                    conceptdec_subspaces **subspaces)
{
    const int64_t classes = centers->classes, d = centers->d;
    double all = 0;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "class means", (classes + 1) * d, sizeof(double), &p));
    double *directions = p, *center = directions + classes * d;
    for (int64_t c = 0; c < classes; c++)
        all += (double)centers->count[c];
    for (int64_t c = 0; c < classes; c++)
        for (int64_t j = 0; j < d && centers->count[c] > 0; j++)
            center[j] += (double)centers->count[c] / all * centers->means[c * d + j];
    for (int64_t c = 0; c < classes; c++) {
        const double rest = all - (double)centers->count[c];
        for (int64_t j = 0; j < d && centers->count[c] > 0 && rest > 0; j++)
            directions[c * d + j] = all / rest * (centers->means[c * d + j] - center[j]);
        CONCEPTDEC_I_TRY(conceptdec_i_poll(arena->ctx, 0));
    }
    return list_directions(arena, classes, d, directions, centers->count, centers->rounding, subspaces);
}

conceptdec_status
conceptdec_i_basis_difference(const conceptdec_i_labelled *l, const conceptdec_subspaces_options *o,
                              conceptdec_subspaces **subspaces)
{
    conceptdec_i_class_centers centers;
    (void)o;
    CONCEPTDEC_I_TRY(find_centers(l, &centers));
    return conceptdec_i_differences_of_centers(l->arena, &centers, subspaces);
}

/* ---- weights of a probe ---- */

/* A public function names stages of its own; the caller's goes on after it. */
static conceptdec_status
fit_probe(const conceptdec_i_labelled *l, const conceptdec_probe_options *options, conceptdec_probe_model **model)
{
    conceptdec_ctx *ctx = l->arena->ctx;
    const char *const stage = ctx->stage;
    const int64_t total = ctx->total;
    const long long done = atomic_load(&ctx->done);
    const conceptdec_matrix x = conceptdec_i_view_given(l->x);
    const conceptdec_matrix labels = {
        .data = l->labels, .rows = l->n, .cols = 1, .row_stride = 4, .col_stride = 4, .dtype = CONCEPTDEC_INT32};
    CONCEPTDEC_I_TRY(conceptdec_probe_model_new(ctx, &x, &labels, options, model));
    conceptdec_i_stage(ctx, stage, total);
    atomic_store(&ctx->done, done);
    return CONCEPTDEC_OK;
}

/* Two classes have the weights of one: both the same line. */
static conceptdec_status
list_weights(const conceptdec_i_labelled *l, const conceptdec_probe_model *model, conceptdec_subspaces **subspaces)
{
    const int64_t d = l->x->cols;
    conceptdec_array weights, converged;
    void *p[2];
    CONCEPTDEC_I_TRY(conceptdec_probe_model_get(model, CONCEPTDEC_R_WEIGHTS, &weights));
    CONCEPTDEC_I_TRY(conceptdec_probe_model_get(model, CONCEPTDEC_R_CONVERGED, &converged));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(l->arena, "weights", l->classes * d, sizeof(double), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(l->arena, "weights", l->classes, sizeof(int64_t), &p[1]));
    double *directions = p[0];
    int64_t *count = p[1];
    for (int64_t i = 0; i < l->n; i++)
        if (l->labels[i] >= 0)
            count[l->labels[i]]++;
    for (int64_t c = 0; c < l->classes; c++) {
        const int64_t from = c < weights.shape[0] ? c : 0;
        memcpy(directions + c * d, (const double *)weights.data + from * d, (size_t)d * sizeof(double));
    }
    CONCEPTDEC_I_TRY(list_directions(l->arena, l->classes, d, directions, count, 0, subspaces));
    for (int64_t c = 0; c < l->classes; c++)
        (*subspaces)->undecided[c] = (*subspaces)->ranks[c] > 0 && *(const int64_t *)converged.data == 0;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_basis_probe(const conceptdec_i_labelled *l, const conceptdec_subspaces_options *o,
                         conceptdec_subspaces **subspaces)
{
    conceptdec_probe_model *model = NULL;
    conceptdec_probe_options options;
    CONCEPTDEC_I_TRY(conceptdec_i_intake(l->arena->ctx, "probe", o->probe, &options, sizeof options, sizeof options));
    if (options.classes != 0 && options.classes != l->classes)
        return conceptdec_i_fail(l->arena->ctx, CONCEPTDEC_EINVAL, "probe.classes: %lld, but there are %lld",
                                 (long long)options.classes, (long long)l->classes);
    options.classes = l->classes;
    CONCEPTDEC_I_TRY(fit_probe(l, &options, &model));
    conceptdec_status status = list_weights(l, model, subspaces);
    conceptdec_probe_model_free(model);
    return status;
}

/* Options of UMAP: defaults, and what they may be. */
#include <math.h>

#include "projection/umap.h"
#include "stats/samples.h"

#define FIELDS 21 /* of conceptdec_umap_options, after `given` */
#define MOST_STRANGERS 1000
#define MOST_EPOCHS 1000000
#define MOST_CURVE 1e9 /* of its numbers: beyond, single precision has no room */

#define USUAL_STRANGERS 5
#define USUAL_LEARNING_RATE 1.0
#define USUAL_REPULSION 1.0
#define USUAL_TARGET_WEIGHT 0.5
#define USUAL_ALIGNMENT 0.01
#define USUAL_WINDOW 2

enum {
    N_COMPONENTS = 2,
    N_NEIGHBORS,
    EPOCHS,
    NEGATIVE_SAMPLES,
    MEMORY,
    MIN_DIST = 8,
    SPREAD,
    LEARNING_RATE,
    REPULSION,
    MIX,
    LOCAL_CONNECTIVITY,
    TARGET_WEIGHT,
    ALIGNMENT,
    WINDOW,
    METRIC,
};

static void
set_defaults(conceptdec_umap_options *o)
{
    conceptdec_i_default_int(o->given, N_COMPONENTS, &o->n_components, 2);
    conceptdec_i_default_int(o->given, N_NEIGHBORS, &o->n_neighbors, 15);
    conceptdec_i_default_int(o->given, NEGATIVE_SAMPLES, &o->negative_samples, USUAL_STRANGERS);
    conceptdec_i_default_int(o->given, MEMORY, &o->memory, INT64_C(1) << 29);
    conceptdec_i_default_real(o->given, MIN_DIST, &o->min_dist, 0.1);
    conceptdec_i_default_real(o->given, SPREAD, &o->spread, 1);
    conceptdec_i_default_real(o->given, LEARNING_RATE, &o->learning_rate, USUAL_LEARNING_RATE);
    conceptdec_i_default_real(o->given, REPULSION, &o->repulsion, USUAL_REPULSION);
    conceptdec_i_default_real(o->given, MIX, &o->mix, 1);
    conceptdec_i_default_real(o->given, LOCAL_CONNECTIVITY, &o->local_connectivity, 1);
    conceptdec_i_default_real(o->given, TARGET_WEIGHT, &o->target_weight, USUAL_TARGET_WEIGHT);
    conceptdec_i_default_real(o->given, ALIGNMENT, &o->alignment, USUAL_ALIGNMENT);
    conceptdec_i_default_int(o->given, WINDOW, &o->window, USUAL_WINDOW);
}

static conceptdec_status
check_choices(conceptdec_ctx *ctx, const conceptdec_umap_options *o)
{
    CONCEPTDEC_I_TRY(conceptdec_i_check_choice(ctx, "metric", o->metric, 2));
    CONCEPTDEC_I_TRY(conceptdec_i_check_choice(ctx, "init", o->init, 4));
    if (o->flags & ~CONCEPTDEC_UMAP_SELF_COUNTED)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ERESERVED, "flags: 0x%x has bits that are unknown", o->flags);
    if (o->reserved != 0)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ERESERVED, "options.reserved: must be 0");
    return CONCEPTDEC_OK;
}

static conceptdec_status
check_counts(conceptdec_ctx *ctx, const conceptdec_umap_options *o)
{
    const int64_t least = o->flags & CONCEPTDEC_UMAP_SELF_COUNTED ? 2 : 1;
    if (o->n_components < 1 || o->n_components > CONCEPTDEC_I_LAYOUT_COLUMNS)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "n_components: %lld is not in 1..%d",
                                 (long long)o->n_components, CONCEPTDEC_I_LAYOUT_COLUMNS);
    if (o->n_neighbors < least)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EK, "n_neighbors: %lld is below %lld", (long long)o->n_neighbors,
                                 (long long)least);
    if (o->epochs < 0 || o->epochs > MOST_EPOCHS)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "epochs: %lld is not in 0..%d", (long long)o->epochs,
                                 MOST_EPOCHS);
    if (o->negative_samples < 0 || o->negative_samples > MOST_STRANGERS)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "negative_samples: %lld is not in 0..%d",
                                 (long long)o->negative_samples, MOST_STRANGERS);
    if (o->memory < 1)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "memory: %lld bytes, must be above 0", (long long)o->memory);
    return conceptdec_i_check_count(ctx, "window", o->window);
}

static conceptdec_status
check_range(conceptdec_ctx *ctx, const char *name, double value, double most, const char *range)
{
    if (value >= 0 && value <= most && isfinite(value))
        return CONCEPTDEC_OK;
    return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "%s: must be %s", name, range);
}

static conceptdec_status
check_reals(conceptdec_ctx *ctx, const conceptdec_umap_options *o)
{
    double curve[2];
    if (!(o->spread > 0 && isfinite(o->spread)))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "spread: must be above 0 and finite");
    CONCEPTDEC_I_TRY(check_range(ctx, "min_dist", o->min_dist, o->spread, "in 0..spread"));
    if (!(o->learning_rate > 0 && o->learning_rate <= 1000))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "learning_rate: must be above 0 and at most 1000");
    CONCEPTDEC_I_TRY(check_range(ctx, "repulsion", o->repulsion, 1e6, "in 0..1000000"));
    CONCEPTDEC_I_TRY(check_range(ctx, "mix", o->mix, 1, "in 0..1"));
    CONCEPTDEC_I_TRY(check_range(ctx, "local_connectivity", o->local_connectivity, INT32_MAX, "in 0..2147483647"));
    CONCEPTDEC_I_TRY(check_range(ctx, "target_weight", o->target_weight, 1, "in 0..1"));
    CONCEPTDEC_I_TRY(check_range(ctx, "alignment", o->alignment, 1e6, "in 0..1000000"));
    conceptdec_i_umap_curve(o->spread, o->min_dist, curve);
    if (!(curve[0] > 0 && curve[0] < MOST_CURVE && curve[1] > 0 && curve[1] < MOST_CURVE))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "spread: no curve fits it in single precision");
    return CONCEPTDEC_OK;
}

/* ---- options that would change nothing ---- */

/* With defaults filled in: one that is written out changes nothing and may stand. Graph and curve are always made. */
static conceptdec_status
check_effects(conceptdec_ctx *ctx, const conceptdec_umap_options *o, bool is_sequence)
{
    const bool is_start = o->epochs == 0 && CONCEPTDEC_I_GIVEN(o, EPOCHS), is_still = is_start || o->epochs == 1;
    const bool strangers = o->negative_samples != USUAL_STRANGERS, repulsion = o->repulsion != USUAL_REPULSION;
    const bool alignment = o->alignment != USUAL_ALIGNMENT, window = o->window != USUAL_WINDOW;
    const char *const still = "without epochs nothing moves";
    const char *const alone = "only aligned views have others beside them";
    const conceptdec_i_idle idle[] = {
        {"start", o->start && o->init != CONCEPTDEC_UMAP_GIVEN, "init is not \"given\""},
        {"target_weight", !o->labels && o->target_weight != USUAL_TARGET_WEIGHT, "there are no labels"},
        {"alignment", !is_sequence && alignment, alone},
        {"window", !is_sequence && window, alone},
        {"negative_samples", is_still && strangers, still},
        {"learning_rate", is_still && o->learning_rate != USUAL_LEARNING_RATE, still},
        {"repulsion", is_still && repulsion, still},
        {"alignment", is_still && alignment, still},
        {"window", is_still && window, still},
        {"repulsion", o->negative_samples == 0 && repulsion, "there are no negative_samples"},
        {"alignment", o->window == 0 && alignment, "window 0 has no views that pull"},
        {"window", o->alignment <= 0 && window, "alignment 0 pulls at nothing"},
        {"seed", is_start && o->init == CONCEPTDEC_UMAP_GIVEN && o->seed != 0, "nothing is drawn"},
    };
    return conceptdec_i_refuse_idle(ctx, idle, sizeof idle / sizeof *idle);
}

conceptdec_status
conceptdec_i_umap_options(conceptdec_ctx *ctx, const conceptdec_umap_options *given, bool is_sequence,
                          conceptdec_umap_options *options)
{
    CONCEPTDEC_I_TRY(conceptdec_i_intake(ctx, "options", given, options, sizeof *options, sizeof *options));
    CONCEPTDEC_I_TRY(conceptdec_i_given_known(ctx, "options", options->given, FIELDS));
    set_defaults(options);
    CONCEPTDEC_I_TRY(check_choices(ctx, options));
    CONCEPTDEC_I_TRY(check_counts(ctx, options));
    CONCEPTDEC_I_TRY(check_reals(ctx, options));
    if (options->init == CONCEPTDEC_UMAP_GIVEN && !options->start)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "start: missing, but init \"given\" needs it");
    return check_effects(ctx, options, is_sequence);
}

conceptdec_status
conceptdec_i_umap_take_metric(conceptdec_ctx *ctx, int32_t metric, conceptdec_umap_options *options)
{
    const bool is_given = options->metric != 0 || CONCEPTDEC_I_GIVEN(options, METRIC);
    if (is_given && options->metric != metric)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "metric: is \"%s\", but that of the table is \"%s\"",
                                 options->metric == CONCEPTDEC_METRIC_COSINE ? "cosine" : "l2",
                                 metric == CONCEPTDEC_METRIC_COSINE ? "cosine" : "l2");
    options->metric = metric;
    return CONCEPTDEC_OK;
}

int64_t
conceptdec_i_umap_others(const conceptdec_umap_options *o, int64_t n)
{
    const int64_t others = o->n_neighbors - (o->flags & CONCEPTDEC_UMAP_SELF_COUNTED ? 1 : 0);
    return others < n - 1 ? others : n - 1;
}

int64_t
conceptdec_i_umap_epochs(const conceptdec_umap_options *o, int64_t n)
{
    if (o->epochs > 0 || CONCEPTDEC_I_GIVEN(o, EPOCHS))
        return o->epochs;
    return n <= 10000 ? 500 : 200;
}

/* Of a start that is the embedding. */
static conceptdec_status
check_reach(conceptdec_ctx *ctx, const conceptdec_matrix *start)
{
    double row[CONCEPTDEC_I_LAYOUT_COLUMNS];
    for (int64_t i = 0; i < start->rows; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(ctx, i));
        conceptdec_i_view_widen(ctx->kernels, start, i, 0, start->cols, row);
        for (int64_t c = 0; c < start->cols; c++)
            if (fabs(row[c]) > CONCEPTDEC_I_UMAP_REACH)
                return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW, "start: row %lld lies beyond 2^100",
                                         (long long)i);
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
check_start(conceptdec_ctx *ctx, const conceptdec_umap_options *o, int64_t n)
{
    CONCEPTDEC_I_TRY(conceptdec_i_view_check(ctx, "start", o->start, CONCEPTDEC_I_FLOATS));
    if (o->start->rows != n || o->start->cols != o->n_components)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "start: %lld x %lld, must be %lld x %lld",
                                 (long long)o->start->rows, (long long)o->start->cols, (long long)n,
                                 (long long)o->n_components);
    CONCEPTDEC_I_TRY(conceptdec_i_view_finite(ctx, "start", o->start));
    return conceptdec_i_umap_epochs(o, n) == 0 ? check_reach(ctx, o->start) : CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_umap_check_rows(conceptdec_i_arena *arena, const conceptdec_umap_options *o, int64_t n,
                             const int64_t **labels)
{
    int64_t *column = NULL;
    if (o->start)
        CONCEPTDEC_I_TRY(check_start(arena->ctx, o, n));
    if (o->labels)
        CONCEPTDEC_I_TRY(conceptdec_i_samples_column(arena, "labels", o->labels, n, &column));
    for (int64_t i = 0; column && i < n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(arena->ctx, i));
        if (column[i] < -1)
            return conceptdec_i_fail(arena->ctx, CONCEPTDEC_ELABEL, "labels: %lld at row %lld is below -1",
                                     (long long)column[i], (long long)i);
    }
    if (n * o->n_components > INT32_MAX - 1024)
        return conceptdec_i_fail(arena->ctx, CONCEPTDEC_EOVERFLOW, "n_components: %lld rows of %lld are too many",
                                 (long long)n, (long long)o->n_components);
    *labels = column;
    return CONCEPTDEC_OK;
}

void
conceptdec_i_umap_layout_settings(const conceptdec_umap_options *o, const double curve[2], int64_t n,
                                  conceptdec_i_layout_settings *settings)
{
    *settings = (conceptdec_i_layout_settings){.columns = o->n_components,
                                               .epochs = conceptdec_i_umap_epochs(o, n),
                                               .n_strangers = o->negative_samples,
                                               .seed = o->seed,
                                               .a = curve[0],
                                               .b = curve[1],
                                               .repulsion = o->repulsion,
                                               .learning_rate = o->learning_rate};
}

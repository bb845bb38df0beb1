/* Subspaces from moments per class. */
#include <math.h>
#include <string.h>

#include "subspace/class_moments.h"
#include "subspace/directions.h"

typedef struct {
    conceptdec_i_arena *arena;
    conceptdec_subspaces_options options;
    const int64_t *count;
    const double *means, *scatter; /* scatter NULL: not needed */
    int64_t classes, d;
} job;

/* ---- what is given ---- */

static conceptdec_status
ask(job *j, conceptdec_class_moments *moments, const char *name, conceptdec_array *array)
{
    conceptdec_status status = conceptdec_i_class_moments_ask(j->arena->ctx, moments, name, array);
    if (status == CONCEPTDEC_ECANCELLED)
        return status;
    if (status == CONCEPTDEC_ENAME)
        return conceptdec_i_fail(j->arena->ctx, CONCEPTDEC_EINVAL,
                                 "moments: have no \"%s\", a scatter matrix of each class, which this basis needs",
                                 name);
    if (status != CONCEPTDEC_OK)
        return conceptdec_i_fail(j->arena->ctx, status, "moments: cannot make \"%s\"", name);
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_arguments(job *j, conceptdec_class_moments *moments)
{
    conceptdec_array count, means, scatter = {0};
    const int32_t basis = j->options.basis;
    int64_t all = 0;
    if (basis == CONCEPTDEC_BASIS_PROBE)
        return conceptdec_i_fail(j->arena->ctx, CONCEPTDEC_EINVAL,
                                 "basis: \"probe\" needs rows, which moments do not have");
    CONCEPTDEC_I_TRY(ask(j, moments, CONCEPTDEC_M_CLASS_COUNT, &count));
    CONCEPTDEC_I_TRY(ask(j, moments, CONCEPTDEC_M_MEANS, &means));
    if (basis == CONCEPTDEC_BASIS_WITHIN || basis == CONCEPTDEC_BASIS_UNCENTERED)
        CONCEPTDEC_I_TRY(ask(j, moments, CONCEPTDEC_M_SCATTER, &scatter));
    j->count = count.data;
    j->means = means.data;
    j->scatter = scatter.data;
    j->classes = means.shape[0];
    j->d = means.shape[1];
    for (int64_t c = 0; c < j->classes; c++)
        all += j->count[c];
    if (all < 2)
        return conceptdec_i_fail(j->arena->ctx, CONCEPTDEC_ETOOFEW, "moments: %lld rows, at least 2 are needed",
                                 (long long)all);
    return CONCEPTDEC_OK;
}

/* ---- principal directions ---- */

/* scatter of class c about 0, into `about_zero`. */
static conceptdec_status
add_mean(const job *j, int64_t c, double *about_zero)
{
    const double *from = j->scatter + c * j->d * j->d, *mean = j->means + c * j->d, n = (double)j->count[c];
    for (int64_t i = 0; i < j->d; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll(j->arena->ctx, 0));
        for (int64_t k = 0; k < j->d; k++)
            about_zero[i * j->d + k] = from[i * j->d + k] + n * mean[i] * mean[k];
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
find_principal(const job *j, conceptdec_subspaces **subspaces)
{
    const bool is_centred = j->options.basis == CONCEPTDEC_BASIS_WITHIN;
    const int64_t d = j->d;
    void *p[2] = {NULL, NULL};
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(j->arena, "subspaces", j->classes, sizeof(conceptdec_i_principal), &p[0]));
    if (!is_centred)
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(j->arena, "second moments", d * d, sizeof(double), &p[1]));
    conceptdec_i_principal *found = p[0];
    for (int64_t c = 0; c < j->classes; c++) {
        if (!is_centred && j->count[c] > 0)
            CONCEPTDEC_I_TRY(add_mean(j, c, p[1]));
        const conceptdec_i_principal_problem problem = {
            .name = "moments",
            .scatter = is_centred ? j->scatter + c * d * d : p[1],
            .n = j->count[c],
            .d = d,
            .is_centred = is_centred,
            .rank = j->options.rank,
            .explained = j->options.explained,
            .tolerance = conceptdec_i_subspaces_tolerance(&j->options, j->count[c], d, CONCEPTDEC_FLOAT64),
            .seed = j->options.seed,
            .memory = j->options.memory,
        };
        CONCEPTDEC_I_TRY(conceptdec_i_principal_find(j->arena, &problem, &found[c]));
        CONCEPTDEC_I_TRY(conceptdec_i_poll(j->arena->ctx, 1));
    }
    return conceptdec_i_subspaces_list(j->arena, found, j->classes, d, subspaces);
}

/* ---- means ---- */

/* How the means are rounded, as they are kept. */
static double
rounding_of(const job *j)
{
    double square = 0, largest = 0;
    for (int64_t i = 0; i < j->classes * j->d; i++)
        largest = j->count[i / j->d] > 0 ? fmax(largest, fabs(j->means[i])) : largest;
    for (int64_t k = 0; k < j->d && largest > 0; k++) {
        double most = 0;
        for (int64_t c = 0; c < j->classes; c++)
            most = j->count[c] > 0 ? fmax(most, fabs(j->means[c * j->d + k])) : most;
        square += most / largest * (most / largest);
    }
    return 4 * 0x1p-52 * sqrt(square) * largest;
}

static conceptdec_status
make(job *j, conceptdec_class_moments *moments, conceptdec_subspaces **subspaces)
{
    CONCEPTDEC_I_TRY(take_arguments(j, moments));
    conceptdec_i_stage(j->arena->ctx, "subspaces", j->scatter ? j->classes : 1);
    if (j->scatter)
        return find_principal(j, subspaces);
    const conceptdec_i_class_centers centers = {.classes = j->classes,
                                                .d = j->d,
                                                .means = j->means,
                                                .count = j->count,
                                                .rounding = rounding_of(j),
                                                .dtype = CONCEPTDEC_FLOAT64};
    if (j->options.basis == CONCEPTDEC_BASIS_DIFFERENCE)
        return conceptdec_i_differences_of_centers(j->arena, &centers, subspaces);
    return conceptdec_i_span_of_centers(j->arena, &centers, &j->options, subspaces);
}

conceptdec_status
conceptdec_subspaces_from_class_moments(conceptdec_ctx *ctx, conceptdec_class_moments *moments,
                                        const conceptdec_subspaces_options *options, conceptdec_subspaces **subspaces)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!moments || !subspaces)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: is NULL", moments ? "subspaces" : "moments");
    conceptdec_i_arena arena;
    job j = {.arena = &arena};
    conceptdec_subspaces *made = NULL;
    CONCEPTDEC_I_TRY(conceptdec_i_subspaces_options_take(ctx, options, &j.options));
    CONCEPTDEC_I_TRY(conceptdec_i_subspaces_options_refuse(ctx, &j.options, true));
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = make(&j, moments, &made);
    conceptdec_i_arena_close(&arena);
    if (status == CONCEPTDEC_OK)
        *subspaces = made;
    return status;
}

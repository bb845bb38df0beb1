/* conceptdec_similarity(): views, the kind's work, what follows from its draws. */
#include "similarity/similarity.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "stats/bootstrap.h"
#include "stats/samples.h"

#define NAME_LENGTH 24
/* Of a value: draws that are nearer to it than this are as alike, so that roundings do not decide. */
#define SAME 1e-9

/* ---- views ---- */

static conceptdec_status
check_counts(conceptdec_ctx *ctx, const conceptdec_matrix *a, int64_t n_a, const conceptdec_matrix *b, int64_t n_b)
{
    if (!a)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "a: is NULL");
    if (n_a < 1 || n_a > INT32_MAX)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "n_a: %lld is not in 1..%d", (long long)n_a, INT32_MAX);
    if (!b && n_b != 0)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "b: is NULL, but n_b is %lld", (long long)n_b);
    if (b && (n_b < 1 || n_b > INT32_MAX))
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "n_b: %lld is not in 1..%d", (long long)n_b, INT32_MAX);
    return CONCEPTDEC_OK;
}

/* Opens one side's views behind those that are there. */
static conceptdec_status
open_side(conceptdec_i_similarity *s, const char *side, const conceptdec_matrix *given, int64_t count)
{
    char *names;
    CONCEPTDEC_I_TRY(conceptdec_i_groups_take(s->arena, "views", count, NAME_LENGTH, &names));
    for (int64_t i = 0; i < count; i++, s->n_views++) {
        char *name = names + i * NAME_LENGTH;
        const conceptdec_matrix **view = s->views + s->n_views;
        snprintf(name, NAME_LENGTH, "%s[%lld]", side, (long long)i);
        s->names[s->n_views] = name;
        *view = s->given[s->n_views] = given + i;
        CONCEPTDEC_I_TRY(conceptdec_i_view_open(s->arena, name, view));
        if (s->n_views == 0)
            s->n = (*view)->rows;
        if ((*view)->rows != s->n)
            return conceptdec_i_fail(s->ctx, CONCEPTDEC_ESIZE, "%s: %lld rows, but a[0] has %lld", name,
                                     (long long)(*view)->rows, (long long)s->n);
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
open_views(conceptdec_i_similarity *s, const conceptdec_matrix *a, const conceptdec_matrix *b)
{
    int64_t count = s->n_a + (b ? s->n_b : 0);
    CONCEPTDEC_I_TRY(conceptdec_i_groups_take(s->arena, "views", count, sizeof *s->views, &s->views));
    CONCEPTDEC_I_TRY(conceptdec_i_groups_take(s->arena, "views", count, sizeof *s->given, &s->given));
    CONCEPTDEC_I_TRY(conceptdec_i_groups_take(s->arena, "views", count, sizeof *s->names, &s->names));
    CONCEPTDEC_I_TRY(open_side(s, "a", a, s->n_a));
    if (b)
        CONCEPTDEC_I_TRY(open_side(s, "b", b, s->n_b));
    if (s->n < 2)
        return conceptdec_i_fail(s->ctx, CONCEPTDEC_ETOOFEW, "a[0]: %lld row, at least 2 are needed", (long long)s->n);
    if (s->n > INT32_MAX)
        return conceptdec_i_fail(s->ctx, CONCEPTDEC_EOVERFLOW, "a[0]: %lld rows, at most %d are possible",
                                 (long long)s->n, INT32_MAX);
    return CONCEPTDEC_OK;
}

static conceptdec_status
check_values(const conceptdec_i_similarity *s)
{
    for (int64_t i = 0; i < s->n_views; i++)
        CONCEPTDEC_I_TRY(conceptdec_i_view_finite(s->ctx, s->names[i], s->views[i]));
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_groups(conceptdec_i_similarity *s)
{
    int64_t *groups;
    if (!s->options.groups)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_view_check(s->ctx, "groups", s->options.groups, CONCEPTDEC_I_INTS));
    if (s->options.groups->rows != s->n)
        return conceptdec_i_fail(s->ctx, CONCEPTDEC_ESIZE, "groups: %lld rows, but a[0] has %lld",
                                 (long long)s->options.groups->rows, (long long)s->n);
    CONCEPTDEC_I_TRY(conceptdec_i_samples_column(s->arena, "groups", s->options.groups, s->n, &groups));
    s->groups = groups;
    return CONCEPTDEC_OK;
}

/* ---- the result ---- */

static conceptdec_status
take_arrays(conceptdec_i_similarity *s)
{
    const conceptdec_similarity_options *o = &s->options;
    const int64_t shape[] = {o->permutations, s->n_a, s->n_b};
    int64_t pairs, draws;
    if (!conceptdec_i_mul(s->n_a, s->n_b, &pairs) || !conceptdec_i_mul(pairs, o->bootstrap, &draws) ||
        !conceptdec_i_mul(pairs, o->permutations, &draws))
        return conceptdec_i_fail(s->ctx, CONCEPTDEC_EOVERFLOW, "n_a, n_b: %lld x %lld pairs are too many",
                                 (long long)s->n_a, (long long)s->n_b);
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(s->ctx, s->result, CONCEPTDEC_R_VALUE, 2, shape + 1, &s->value));
    if (o->permutations > 0)
        CONCEPTDEC_I_TRY(conceptdec_i_result_float64(s->ctx, s->result, CONCEPTDEC_R_NULL, 3, shape, &s->null));
    if (o->bootstrap > 0)
        CONCEPTDEC_I_TRY(
            conceptdec_i_groups_take(s->arena, "bootstrap", o->bootstrap, (uint64_t)pairs * sizeof(double), &s->draws));
    return CONCEPTDEC_OK;
}

/* The pairs below the diagonal are those above it. */
static void
mirror(const conceptdec_i_similarity *s, int64_t count, double *values)
{
    const int64_t n = s->n_a;
    for (int64_t draw = 0; values && s->is_mirrored && draw < count; draw++, values += n * n)
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < i; j++)
                values[i * n + j] = values[j * n + i];
}

/* Draws that are at least as alike, the observed one included; NaN where any of them is. */
static double
p_value(const conceptdec_i_similarity *s, int64_t pair, bool is_distance)
{
    const int64_t draws = s->options.permutations, pairs = s->n_a * s->n_b;
    double observed = s->value[pair];
    int64_t alike = 1;
    for (int64_t draw = 0; draw < draws; draw++) {
        double drawn = s->null[draw * pairs + pair], above = is_distance ? observed - drawn : drawn - observed;
        if (isnan(above))
            return (double)NAN;
        alike += above >= -SAME * fabs(observed);
    }
    return (double)alike / (double)(draws + 1);
}

static conceptdec_status
add_p_values(const conceptdec_i_similarity *s)
{
    const int64_t shape[] = {s->n_a, s->n_b};
    double *p;
    if (!s->null)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(s->ctx, s->result, CONCEPTDEC_R_P_VALUE, 2, shape, &p));
    for (int64_t pair = 0; pair < s->n_a * s->n_b; pair++)
        p[pair] = p_value(s, pair, conceptdec_i_similarity_entry_of(s->options.kind)->is_distance);
    return CONCEPTDEC_OK;
}

static conceptdec_status
add_intervals(const conceptdec_i_similarity *s)
{
    const int64_t shape[] = {s->n_a, s->n_b}, draws = s->options.bootstrap, pairs = s->n_a * s->n_b;
    double *low, *high, *bias, *column;
    int64_t most = 0;
    if (!s->draws)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(s->ctx, s->result, CONCEPTDEC_R_CI_LOW, 2, shape, &low));
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(s->ctx, s->result, CONCEPTDEC_R_CI_HIGH, 2, shape, &high));
    CONCEPTDEC_I_TRY(
        conceptdec_i_result_float64(s->ctx, s->result, CONCEPTDEC_R_BOOTSTRAP_BIAS, 2, shape, &bias));
    CONCEPTDEC_I_TRY(conceptdec_i_groups_take(s->arena, "bootstrap", draws, sizeof *column, &column));
    for (int64_t pair = 0; pair < pairs; pair++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll(s->ctx, 0));
        for (int64_t draw = 0; draw < draws; draw++)
            column[draw] = s->draws[draw * pairs + pair];
        const int64_t left_out = conceptdec_i_shifted_interval(column, draws, s->value[pair], s->options.confidence,
                                                               bias + pair, low + pair, high + pair);
        most = left_out > most ? left_out : most;
    }
    return conceptdec_i_result_diagnostic(s->ctx, s->result, CONCEPTDEC_I_DRAWS_LEFT_OUT, (double)most);
}

static conceptdec_status
conclude(const conceptdec_i_similarity *s)
{
    int64_t *n_undefined;
    mirror(s, 1, s->value);
    mirror(s, s->options.permutations, s->null);
    mirror(s, s->options.bootstrap, s->draws);
    CONCEPTDEC_I_TRY(add_p_values(s));
    CONCEPTDEC_I_TRY(add_intervals(s));
    CONCEPTDEC_I_TRY(conceptdec_i_result_int64(s->ctx, s->result, CONCEPTDEC_R_N_UNDEFINED, 0, NULL, &n_undefined));
    for (int64_t pair = 0; pair < s->n_a * s->n_b; pair++)
        *n_undefined += isnan(s->value[pair]);
    return conceptdec_i_similarity_report(s);
}

/* ---- the call ---- */

static conceptdec_status
execute(conceptdec_i_similarity *s, const conceptdec_matrix *a, const conceptdec_matrix *b,
        const conceptdec_similarity_options *options)
{
    CONCEPTDEC_I_TRY(conceptdec_i_similarity_take_options(s->ctx, options, &s->options));
    const conceptdec_i_similarity_entry *kind = conceptdec_i_similarity_entry_of(s->options.kind);
    s->is_self = b == NULL;
    s->is_mirrored = s->is_self && (kind->is_symmetric || s->options.flags & CONCEPTDEC_SIMILARITY_SYMMETRIC);
    s->n_b = b ? s->n_b : s->n_a;
    CONCEPTDEC_I_TRY(open_views(s, a, b));
    CONCEPTDEC_I_TRY(take_groups(s));
    CONCEPTDEC_I_TRY(conceptdec_i_similarity_plan(s));
    CONCEPTDEC_I_TRY(check_values(s));
    CONCEPTDEC_I_TRY(conceptdec_i_result_new(s->ctx, "similarity", &s->result));
    CONCEPTDEC_I_TRY(take_arrays(s));
    CONCEPTDEC_I_TRY(kind->run(s));
    return conclude(s);
}

conceptdec_status
conceptdec_similarity(conceptdec_ctx *ctx, const conceptdec_matrix *a, int64_t n_a, const conceptdec_matrix *b,
                      int64_t n_b, const conceptdec_similarity_options *options, conceptdec_result **result)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!result)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "result: is NULL");
    CONCEPTDEC_I_TRY(check_counts(ctx, a, n_a, b, n_b));
    conceptdec_i_arena arena;
    conceptdec_i_similarity s = {.ctx = ctx, .arena = &arena, .n_a = n_a, .n_b = n_b};
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = execute(&s, a, b, options);
    conceptdec_i_similarity_unplan(&s);
    conceptdec_i_arena_close(&arena);
    if (status == CONCEPTDEC_OK)
        *result = s.result;
    else
        conceptdec_result_free(s.result);
    return status;
}

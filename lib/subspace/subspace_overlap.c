/* conceptdec_subspace_overlap(): arguments, subspaces, their overlap, and what is told of them. */
#include "subspace/subspace_overlap.h"

#include <math.h>
#include <stdio.h>

#include "core/named.h"
#include "linalg/engine.h"
#include "stats/bootstrap.h"
#include "stats/permute.h"
#include "stats/samples.h"

#define DEFAULT_RANK 10

enum { SUBSPACES, GROUPS, PERMUTATIONS, BOOTSTRAP, MEMORY, SEED, CONFIDENCE };
enum { RANK = 1, EXPLAINED = 5 }; /* of conceptdec_subspaces_options */

static const char *const schemes[] = {"free", "within", "whole"};
static const char *const bases[] = {"within", "uncentered", "means", "difference", "probe"};

/* ---- options ---- */

/* With defaults filled in: one that is written out changes nothing and may stand. */
static conceptdec_status
check_effects(conceptdec_ctx *ctx, const conceptdec_overlap_options *o)
{
    const bool draws = o->permutations > 0 || o->bootstrap > 0, is_free = o->permute == CONCEPTDEC_PERMUTE_FREE;
    const bool uses_groups = o->bootstrap > 0 || (o->permutations > 0 && !is_free);
    const conceptdec_i_idle idle[] = {
        {"groups", o->groups && !uses_groups, "there is neither a bootstrap nor permute \"within\" or \"whole\""},
        {"seed", !draws && o->seed != 0, "there are neither permutations nor a bootstrap"},
        {"confidence", o->bootstrap == 0 && o->confidence != CONCEPTDEC_I_CONFIDENCE, "there is no bootstrap"},
        {"permute", o->permutations == 0 && !is_free, "there are no permutations"},
    };
    return conceptdec_i_refuse_idle(ctx, idle, sizeof idle / sizeof *idle);
}

static conceptdec_status
check_numbers(conceptdec_ctx *ctx, conceptdec_overlap_options *o)
{
    CONCEPTDEC_I_TRY(conceptdec_i_check_count(ctx, "permutations", o->permutations));
    CONCEPTDEC_I_TRY(conceptdec_i_check_count(ctx, "bootstrap", o->bootstrap));
    CONCEPTDEC_I_TRY(conceptdec_i_check_choice(ctx, "permute", o->permute, CONCEPTDEC_PERMUTE_WHOLE + 1));
    conceptdec_i_default_real(o->given, CONFIDENCE, &o->confidence, CONCEPTDEC_I_CONFIDENCE);
    CONCEPTDEC_I_TRY(check_effects(ctx, o));
    if (!(o->confidence > 0 && o->confidence < 1))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "confidence: must lie between 0 and 1, both excluded");
    if (o->permute != CONCEPTDEC_PERMUTE_FREE && !o->groups)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EGROUPS, "groups: missing, but permute \"%s\" needs them",
                                 schemes[o->permute]);
    return CONCEPTDEC_OK;
}

/* Of subspaces: a rank where the caller has left it open. */
static conceptdec_status
take_subspaces_options(conceptdec_i_concepts *c)
{
    conceptdec_subspaces_options *s = &c->subspaces_options, given;
    CONCEPTDEC_I_TRY(
        conceptdec_i_intake(c->ctx, "subspaces", c->options.subspaces, &given, sizeof given, sizeof given));
    bool is_open = given.rank == 0 && !CONCEPTDEC_I_GIVEN(&given, RANK) && given.explained == 0 &&
                   !CONCEPTDEC_I_GIVEN(&given, EXPLAINED);
    if (is_open && (given.basis == CONCEPTDEC_BASIS_WITHIN || given.basis == CONCEPTDEC_BASIS_UNCENTERED))
        given.rank = DEFAULT_RANK;
    CONCEPTDEC_I_TRY(conceptdec_i_subspaces_options_take(c->ctx, &given, s));
    if (s->basis == CONCEPTDEC_BASIS_PROBE && c->options.bootstrap > 0)
        return conceptdec_i_fail(c->ctx, CONCEPTDEC_EINVAL, "bootstrap: not with basis \"probe\"");
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_options(conceptdec_i_concepts *c, const conceptdec_overlap_options *options)
{
    CONCEPTDEC_I_TRY(conceptdec_i_overlap_options_take(c->ctx, options, &c->options));
    CONCEPTDEC_I_TRY(check_numbers(c->ctx, &c->options));
    return take_subspaces_options(c);
}

/* ---- samples ---- */

static conceptdec_status
open_views(conceptdec_i_concepts *c, const conceptdec_matrix *views)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(c->arena, "views", c->n_views, sizeof *c->views, &p));
    c->views = p;
    for (int64_t v = 0; v < c->n_views; v++) {
        char name[32];
        c->views[v] = &views[v];
        (void)snprintf(name, sizeof name, "views[%lld]", (long long)v);
        CONCEPTDEC_I_TRY(conceptdec_i_view_open(c->arena, name, &c->views[v]));
    }
    c->n = views[0].rows;
    c->d = views[0].cols;
    if (c->n > INT32_MAX)
        return conceptdec_i_fail(c->ctx, CONCEPTDEC_ESIZE, "views: %lld rows, at most %d are possible", (long long)c->n,
                                 INT32_MAX);
    return CONCEPTDEC_OK;
}

static conceptdec_status
plan_permutations(conceptdec_i_concepts *c, conceptdec_i_permute **plan)
{
    const conceptdec_overlap_options *o = &c->options;
    int64_t *wide;
    void *p;
    if (o->permutations == 0)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(c->arena, "labels", c->n, sizeof *wide, &p));
    wide = p;
    for (int64_t i = 0; i < c->n; i++)
        wide[i] = c->labels[i];
    return conceptdec_i_permute_new(c->ctx, o->permute, c->n, wide,
                                    o->permute == CONCEPTDEC_PERMUTE_FREE ? NULL : c->groups, o->seed, plan);
}

static conceptdec_status
take_samples(conceptdec_i_concepts *c, const conceptdec_matrix *views, const conceptdec_matrix *labels,
             conceptdec_i_permute **plan)
{
    CONCEPTDEC_I_TRY(open_views(c, views));
    c->classes = c->subspaces_options.classes;
    CONCEPTDEC_I_TRY(conceptdec_i_samples_classes(c->arena, labels, c->n, &c->classes, &c->labels));
    if (c->options.groups)
        CONCEPTDEC_I_TRY(conceptdec_i_samples_column(c->arena, "groups", c->options.groups, c->n, &c->groups));
    CONCEPTDEC_I_TRY(plan_permutations(c, plan));
    return conceptdec_subspaces_new(c->ctx, views, c->n_views, labels, &c->subspaces_options, &c->subspaces);
}

/* ---- result ---- */

static conceptdec_status
report_options(conceptdec_i_concepts *c)
{
    const conceptdec_overlap_options *o = &c->options;
    const conceptdec_subspaces_options *s = &c->subspaces_options;
    conceptdec_ctx *ctx = c->ctx;
    conceptdec_result *r = c->result;
    const conceptdec_i_option_number numbers[] = {
        {"rank", (double)s->rank},
        {"explained", s->explained},
        {"tolerance", s->tolerance},
        {"classes", (double)c->classes},
        {"subspaces_seed", (double)s->seed},
        {"permutations", (double)o->permutations},
        {"bootstrap", (double)o->bootstrap},
        {"confidence", o->confidence},
    };
    CONCEPTDEC_I_TRY(conceptdec_i_overlap_report(ctx, o, r));
    CONCEPTDEC_I_TRY(conceptdec_i_result_option_text(ctx, r, "basis", bases[s->basis]));
    CONCEPTDEC_I_TRY(conceptdec_i_result_option_numbers(ctx, r, numbers, sizeof numbers / sizeof *numbers));
    conceptdec_i_result_seed(r, o->seed);
    return conceptdec_i_result_option_text(ctx, r, "permute", schemes[o->permute]);
}

static conceptdec_status
tell_int64(conceptdec_i_concepts *c, const char *name, const int64_t *numbers)
{
    int64_t *array, count = c->subspaces->count;
    CONCEPTDEC_I_TRY(conceptdec_i_result_int64(c->ctx, c->result, name, 1, &count, &array));
    for (int64_t s = 0; s < count; s++)
        array[s] = numbers[s];
    return CONCEPTDEC_OK;
}

static conceptdec_status
tell_subspaces(conceptdec_i_concepts *c)
{
    const conceptdec_subspaces *all = c->subspaces;
    const int64_t shape[2] = {all->count, conceptdec_i_subspaces_rank(all)};
    double *variances;
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(c->ctx, c->result, CONCEPTDEC_R_VARIANCES, 2, shape, &variances));
    for (int64_t s = 0; s < all->count; s++)
        for (int64_t i = 0; i < shape[1]; i++)
            variances[s * shape[1] + i] = i < all->ranks[s] ? all->variances[all->start[s] + i] : (double)NAN;
    CONCEPTDEC_I_TRY(tell_int64(c, CONCEPTDEC_R_VIEW, all->view));
    CONCEPTDEC_I_TRY(tell_int64(c, CONCEPTDEC_R_CLASS, all->class_of));
    return tell_int64(c, CONCEPTDEC_R_N_MISSING, all->n_missing);
}

/* ---- the call ---- */

static conceptdec_status
make(conceptdec_i_concepts *c, const conceptdec_i_permute *plan)
{
    CONCEPTDEC_I_TRY(conceptdec_i_result_new(c->ctx, "subspace_overlap", &c->result));
    CONCEPTDEC_I_TRY(report_options(c));
    CONCEPTDEC_I_TRY(conceptdec_i_overlap_fill(c->arena, c->subspaces, NULL, &c->options, c->result));
    CONCEPTDEC_I_TRY(tell_subspaces(c));
    CONCEPTDEC_I_TRY(conceptdec_i_concepts_align(c));
    if (plan)
        CONCEPTDEC_I_TRY(conceptdec_i_concepts_permute(c, plan));
    return c->options.bootstrap > 0 ? conceptdec_i_concepts_bootstrap(c) : CONCEPTDEC_OK;
}

static conceptdec_status
check_arguments(conceptdec_ctx *ctx, const conceptdec_matrix *views, int64_t n_views, const conceptdec_matrix *labels,
                conceptdec_result **result)
{
    const char *missing = !views ? "views" : !labels ? "labels" : !result ? "result" : NULL;
    if (missing)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: is NULL", missing);
    if (n_views < 1)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "n_views: %lld, must be at least 1", (long long)n_views);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_subspace_overlap(conceptdec_ctx *ctx, const conceptdec_matrix *views, int64_t n_views,
                            const conceptdec_matrix *labels, const conceptdec_overlap_options *options,
                            conceptdec_result **result)
{
    conceptdec_i_arena arena;
    conceptdec_i_concepts c = {.ctx = ctx, .arena = &arena, .n_views = n_views};
    conceptdec_i_permute *plan = NULL;
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    CONCEPTDEC_I_TRY(check_arguments(ctx, views, n_views, labels, result));
    CONCEPTDEC_I_TRY(take_options(&c, options));
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = take_samples(&c, views, labels, &plan);
    if (status == CONCEPTDEC_OK)
        status = make(&c, plan);
    conceptdec_i_permute_free(ctx, plan);
    conceptdec_subspaces_free(c.subspaces);
    conceptdec_i_arena_close(&arena);
    if (status == CONCEPTDEC_OK)
        *result = c.result;
    else
        conceptdec_result_free(c.result);
    return status;
}

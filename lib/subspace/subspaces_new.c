/* Subspaces of labelled activations, view by view. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "stats/samples.h"
#include "subspace/subspaces.h"

enum { NAME = 32 };

typedef struct {
    conceptdec_i_arena *arena;
    conceptdec_subspaces_options options;
    int64_t n_views, n, d, classes;
    const conceptdec_matrix **views; /* opened */
    char (*names)[NAME];
    int32_t *labels;
    conceptdec_subspaces **parts; /* of each view; NULL: not made yet */
} job;

/* ---- what is given ---- */

static conceptdec_status
open_views(job *j, const conceptdec_matrix *views)
{
    conceptdec_ctx *ctx = j->arena->ctx;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(j->arena, "views", j->n_views, sizeof *j->views, &p));
    j->views = p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(j->arena, "views", j->n_views, NAME, &p));
    j->names = p;
    for (int64_t v = 0; v < j->n_views; v++) {
        j->views[v] = &views[v];
        (void)snprintf(j->names[v], NAME, "views[%lld]", (long long)v);
        CONCEPTDEC_I_TRY(conceptdec_i_view_open(j->arena, j->names[v], &j->views[v]));
        if (views[v].rows != views[0].rows || views[v].cols != views[0].cols)
            return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "%s: %lld x %lld, but views[0] is %lld x %lld", j->names[v],
                                     (long long)views[v].rows, (long long)views[v].cols, (long long)views[0].rows,
                                     (long long)views[0].cols);
    }
    j->n = views[0].rows;
    j->d = views[0].cols;
    if (j->n > INT32_MAX || j->d > INT32_MAX)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "views: %lld x %lld, at most %d rows and columns are possible",
                                 (long long)j->n, (long long)j->d, INT32_MAX);
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_arguments(job *j, const conceptdec_matrix *views, const conceptdec_matrix *labels)
{
    void *p;
    CONCEPTDEC_I_TRY(open_views(j, views));
    j->classes = j->options.classes;
    CONCEPTDEC_I_TRY(conceptdec_i_samples_classes(j->arena, labels, j->n, &j->classes, &j->labels));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(j->arena, "subspaces", j->n_views, sizeof *j->parts, &p));
    j->parts = p;
    for (int64_t v = 0; v < j->n_views; v++)
        CONCEPTDEC_I_TRY(conceptdec_i_view_finite(j->arena->ctx, j->names[v], j->views[v]));
    return CONCEPTDEC_OK;
}

/* ---- views ---- */

/* What went wrong in a view: its text begins with "views". */
static conceptdec_status
name_view(const job *j, int64_t v, conceptdec_status status)
{
    char text[sizeof j->arena->ctx->error];
    const char *const said = conceptdec_ctx_error(j->arena->ctx);
    const size_t length = strlen("views");
    if (status >= 0 || strncmp(said, "views:", length + 1) != 0)
        return status;
    (void)snprintf(text, sizeof text, "%s", said + length);
    return conceptdec_i_fail(j->arena->ctx, status, "%s%s", j->names[v], text);
}

static conceptdec_status
make_parts(job *j)
{
    conceptdec_i_stage(j->arena->ctx, "subspaces", j->n_views);
    for (int64_t v = 0; v < j->n_views; v++) {
        conceptdec_subspaces **part = &j->parts[v];
        CONCEPTDEC_I_TRY(name_view(
            j, v,
            conceptdec_i_subspaces_of(j->arena, j->views[v], NULL, j->n, j->labels, j->classes, &j->options, part)));
        CONCEPTDEC_I_TRY(conceptdec_i_poll(j->arena->ctx, 1));
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
make(job *j, const conceptdec_matrix *views, const conceptdec_matrix *labels, conceptdec_subspaces **subspaces)
{
    CONCEPTDEC_I_TRY(take_arguments(j, views, labels));
    CONCEPTDEC_I_TRY(make_parts(j));
    if (j->n_views > 1)
        return conceptdec_i_subspaces_join(j->arena, (const conceptdec_subspaces *const *)j->parts, j->n_views,
                                           subspaces);
    *subspaces = j->parts[0];
    j->parts[0] = NULL;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_subspaces_new(conceptdec_ctx *ctx, const conceptdec_matrix *views, int64_t n_views,
                         const conceptdec_matrix *labels, const conceptdec_subspaces_options *options,
                         conceptdec_subspaces **subspaces)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!views || !labels || !subspaces)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: is NULL",
                                 !views   ? "views"
                                 : labels ? "subspaces"
                                          : "labels");
    if (n_views < 1)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "n_views: %lld, must be at least 1", (long long)n_views);
    conceptdec_i_arena arena;
    job j = {.arena = &arena, .n_views = n_views};
    CONCEPTDEC_I_TRY(conceptdec_i_subspaces_options_take(ctx, options, &j.options));
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = make(&j, views, labels, subspaces);
    for (int64_t v = 0; v < n_views && j.parts; v++)
        conceptdec_subspaces_free(j.parts[v]);
    conceptdec_i_arena_close(&arena);
    return status;
}

/* The part of one call that the next one has, too. */
#include <string.h>

#include "core/whole.h"
#include "linalg/tiles.h"
#include "probe/ridge.h"

#define TURNED_SHARE 8 /* of the memory: rows along eigenvectors take no more */

typedef conceptdec_i_ridge_kept kept;

void
conceptdec_i_ridge_forget(conceptdec_ctx *ctx, struct conceptdec_i_ridge_kept **at)
{
    if (*at) {
        conceptdec_i_arena_close(&(*at)->arena);
        conceptdec_i_give(ctx, *at);
    }
    *at = NULL;
}

static bool
is_it(const kept *k, const conceptdec_i_problem *problem, const conceptdec_i_ridge_part *part)
{
    return k && k->role == problem->role && k->part.n_lambdas == part->n_lambdas &&
           memcmp(k->part.lambdas, part->lambdas, (size_t)part->n_lambdas * sizeof *part->lambdas) == 0;
}

static conceptdec_status
open_part(conceptdec_i_arena *arena, conceptdec_i_ridge_base *base, int64_t alike, const conceptdec_i_problem *problem,
          bool wants_turned, conceptdec_i_ridge_part *part)
{
    const int64_t memory = part->fitting->options->memory / (int64_t)sizeof(double);
    CONCEPTDEC_I_TRY(conceptdec_i_ridge_part_open(arena, base, alike, true, problem, part));
    const int64_t turned = ceil_div(conceptdec_i_ridge_turned_rows(part) * part->rank, 2);
    const int64_t beside = part->held + conceptdec_i_ridge_leverages_doubles(part) + part->least;
    const bool has_room = turned <= memory / TURNED_SHARE && turned + beside <= memory;
    return conceptdec_i_ridge_leverages(arena, wants_turned && has_room, part);
}

static conceptdec_status
open_kept(conceptdec_ctx *ctx, conceptdec_i_ridge_base *base, int64_t alike, const conceptdec_i_problem *problem,
          conceptdec_i_ridge_part *part)
{
    struct conceptdec_i_ridge_kept **at = part->fitting->kept;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_take(ctx, "a part", 1, sizeof(kept), &p));
    kept *k = *at = p;
    *k = (kept){.role = problem->role};
    conceptdec_i_arena_open(&k->arena, ctx);
    CONCEPTDEC_I_TRY(open_part(&k->arena, base, alike, problem, true, part));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(&k->arena, "lambdas", part->n_lambdas, sizeof(double), &p));
    memcpy(p, part->lambdas, (size_t)part->n_lambdas * sizeof(double));
    part->lambdas = p;
    k->part = *part;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_ridge_part_recall(conceptdec_i_arena *arena, conceptdec_i_ridge_base *base, int64_t alike,
                               const conceptdec_i_problem *problem, bool wants_turned, conceptdec_i_ridge_part *part)
{
    const conceptdec_i_fitting *fitting = part->fitting;
    conceptdec_ctx *ctx = fitting->ctx;
    conceptdec_i_ridge_part wanted = *part;
    if (!fitting->kept)
        return open_part(arena, base, alike, problem, wants_turned, part);
    if (!is_it(*fitting->kept, problem, part)) {
        conceptdec_i_ridge_forget(ctx, fitting->kept);
        conceptdec_status status = open_kept(ctx, base, alike, problem, part);
        if (status != CONCEPTDEC_OK)
            conceptdec_i_ridge_forget(ctx, fitting->kept);
        return status;
    }
    *part = (*fitting->kept)->part;
    part->fitting = fitting;
    part->is_few = wanted.is_few;
    part->precision = wanted.precision;
    conceptdec_i_ridge_choose_precision(part);
    return conceptdec_i_ridge_take_floats(arena, part);
}

/* What permutations of a meeting share, and the memory of its draws. */
#include "core/whole.h"
#include "linalg/crossed.h"
#include "linalg/engine.h"
#include "linalg/factor.h"
#include "linalg/from_products.h"
#include "linalg/singular.h"
#include "similarity/cca.h"

static conceptdec_i_vectors
vectors_of(const void *view)
{
    const conceptdec_i_directions *u = &((const conceptdec_i_cca_view *)view)->u;
    return (conceptdec_i_vectors){.data = u->data, .count = u->count, .n = u->n, .stride = u->stride};
}

/* Where draws are so large that each has all threads the gain is small. */
conceptdec_status
conceptdec_i_cca_share(void *argument, conceptdec_i_arena *arena, int64_t room, const conceptdec_i_meeting *meeting,
                       void **shared, int64_t *bytes)
{
    const conceptdec_i_cca *cca = argument;
    const conceptdec_ctx *ctx = cca->s->ctx;
    const conceptdec_i_vectors y = vectors_of(meeting->pair.y);
    int64_t all = conceptdec_i_crossed_second_bytes(ctx, y.count, y.n);
    void *p;
    for (int64_t k = 0; k < meeting->count; k++)
        all += conceptdec_i_crossed_first_bytes(ctx, vectors_of(meeting->x[k]).count, y.n);
    if (!cca->s->null || all > room || conceptdec_i_cca_meeting_bytes(cca, meeting, false) > CONCEPTDEC_I_DRAW_BYTES)
        return CONCEPTDEC_OK;
    *bytes = all;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "directions", 1, sizeof(conceptdec_i_cca_packed), &p));
    conceptdec_i_cca_packed *own = *shared = p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "directions", meeting->count, sizeof *own->x, &p));
    own->x = p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(
        arena, "directions", conceptdec_i_crossed_second_bytes(ctx, y.count, y.n), 1, &p));
    own->y = p;
    conceptdec_i_crossed_pack_second(ctx, &y, own->y);
    for (int64_t k = 0; k < meeting->count; k++) {
        const conceptdec_i_vectors x = vectors_of(meeting->x[k]);
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(
            arena, "directions", conceptdec_i_crossed_first_bytes(ctx, x.count, x.n), 1, &p));
        own->x[k] = p;
        conceptdec_i_crossed_pack_first(ctx, &x, own->x[k]);
        CONCEPTDEC_I_TRY(conceptdec_i_poll(cca->s->ctx, 0));
    }
    return CONCEPTDEC_OK;
}

int64_t
conceptdec_i_cca_meeting_bytes(const void *argument, const conceptdec_i_meeting *meeting, bool is_resampling)
{
    const conceptdec_i_cca_view *y = meeting->pair.y;
    int64_t most = 0;
    (void)is_resampling;
    for (int64_t k = 0; k < meeting->count; k++) {
        const conceptdec_i_cca_view *x = meeting->x[k];
        most = max64(most, conceptdec_i_cca_bytes(argument, x->u.count, y->u.count, max64(x->d, y->d)));
    }
    return most;
}

int64_t
conceptdec_i_cca_bytes(const conceptdec_i_cca *cca, int64_t x, int64_t y, int64_t d)
{
    const conceptdec_similarity_options *o = &cca->s->options;
    conceptdec_ctx *ctx = cca->s->ctx;
    const int64_t n = cca->s->n, count = min64(x, y), most = max64(x, y);
    const bool has_draws = o->permutations > 0 || o->bootstrap > 0;
    int64_t numbers = 2 * x * y + 4 * (x + y), values;
    if (count == 0)
        return 0;
    if (o->permutations > 0) /* y in order, or packed pieces of it and products */
        numbers += max64(y * n, conceptdec_i_crossed_bytes(ctx, x, y) / 8);
    if (o->bootstrap > 0)
        numbers += (x + y) * n + 2 * (x * x + y * y) + x * y;
    if (!cca->is_weighted) {
        values = conceptdec_i_singular_values_bytes(count, most);
        return 8 * numbers + max64(values, has_draws ? conceptdec_i_singular_from_products_bytes(ctx, count, most) : 0);
    }
    numbers += 3 * x * y + 2 * count * (most + min64(CONCEPTDEC_I_CCA_SLICE, d));
    values = conceptdec_i_singular_bytes(most, most);
    return 8 * numbers + max64(values, has_draws ? conceptdec_i_singular_from_products_bytes(ctx, most, most) : 0);
}

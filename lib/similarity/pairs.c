/* As many views of the first list as memory allows are kept, and those of the second pass by one at a time. */
#include "similarity/pairs.h"

#define DRAW_BYTES ((int64_t)1 << 24) /* draws that take less are measured side by side */

typedef struct kept {
    conceptdec_i_arena arena;
    void *reduced;
    int64_t bytes;
} kept;

typedef struct run {
    const conceptdec_i_pairs *p;
    conceptdec_i_similarity *s;
    kept *block; /* views first..first+count-1 of a */
    int64_t first, count, used;
    conceptdec_i_pair pair;
    double *out; /* of the draws that run: number d at out[d * A * B] */
    bool is_resampling;
} run;

/* ---- memory ---- */

static int64_t
plus(int64_t a, int64_t b)
{
    int64_t sum;
    return conceptdec_i_add(a, b, &sum) ? sum : INT64_MAX;
}

/* What must be free beside the views that are kept, for one that passes by. */
static int64_t
passing_bytes(const run *r)
{
    const conceptdec_i_pairs *p = r->p;
    int64_t other = r->s->is_self && r->s->n_a == 1 ? 0 : p->kept_bytes;
    return plus(other, p->made_bytes > p->pair_bytes ? p->made_bytes : p->pair_bytes);
}

static conceptdec_status
check_memory(const run *r)
{
    int64_t needed = plus(r->p->kept_bytes, passing_bytes(r));
    if (needed <= r->s->options.memory)
        return CONCEPTDEC_OK;
    return conceptdec_i_fail(r->s->ctx, CONCEPTDEC_ENOMEM,
                             "memory: %lld bytes are too few; two views and what is made of them take up to %lld",
                             (long long)r->s->options.memory, (long long)needed);
}

/* ---- one pair ---- */

static conceptdec_status
draw(void *argument, int64_t number, int lane)
{
    run *r = argument;
    const conceptdec_i_pairs *p = r->p;
    conceptdec_i_pair pair = r->pair;
    void *items;
    double value;
    (void)lane;
    CONCEPTDEC_I_TRY(conceptdec_i_take(r->s->ctx, "draw", p->items, sizeof(int32_t), &items));
    conceptdec_status status;
    if (r->is_resampling) {
        pair.times = items;
        status = conceptdec_i_similarity_drawn(r->s, p->items, p->groups, number, items);
    } else {
        pair.order = items;
        status = conceptdec_i_similarity_order(r->s, p->items, p->groups, number, items);
    }
    if (status == CONCEPTDEC_OK)
        status = p->measure(p->argument, &pair, &value);
    if (status == CONCEPTDEC_OK)
        r->out[number * r->s->n_a * r->s->n_b] = value;
    conceptdec_i_give(r->s->ctx, items);
    return status;
}

/* Draws that take much memory follow one another, each with all threads. */
static conceptdec_status
run_draws(run *r, double *out, int64_t draws, bool is_resampling)
{
    if (!out)
        return CONCEPTDEC_OK;
    int64_t bytes = r->p->bytes(r->p->argument, &r->pair), lanes = conceptdec_i_lanes(r->s->ctx);
    r->out = out + r->pair.i * r->s->n_b + r->pair.j;
    r->is_resampling = is_resampling;
    if (bytes <= DRAW_BYTES && r->used + lanes * bytes <= r->s->options.memory)
        return conceptdec_i_parallel(r->s->ctx, draws, draw, r);
    for (int64_t d = 0; d < draws; d++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll(r->s->ctx, 1));
        CONCEPTDEC_I_TRY(draw(r, d, 0));
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
run_pair(run *r)
{
    const conceptdec_i_similarity *s = r->s;
    double *value = &s->value[r->pair.i * s->n_b + r->pair.j];
    CONCEPTDEC_I_TRY(conceptdec_i_poll(s->ctx, 1));
    CONCEPTDEC_I_TRY(r->p->measure(r->p->argument, &r->pair, value));
    CONCEPTDEC_I_TRY(run_draws(r, s->null, s->options.permutations, false));
    return run_draws(r, s->draws, s->options.bootstrap, true);
}

/* ---- all pairs ---- */

static conceptdec_status
reduce(const run *r, int64_t view, kept *k)
{
    conceptdec_i_arena_open(&k->arena, r->s->ctx);
    return r->p->reduce(r->p->argument, &k->arena, view, &k->reduced, &k->bytes);
}

static void
drop(kept *k)
{
    conceptdec_i_arena_close(&k->arena);
    *k = (kept){0};
}

static void
drop_block(run *r)
{
    for (int64_t i = 0; i < r->count; i++)
        drop(&r->block[i]);
    r->count = r->used = 0;
}

/* Takes the next view of a while there is room for one more and one that passes by. */
static conceptdec_status
fill_block(run *r)
{
    while (r->first + r->count < r->s->n_a &&
           (r->count == 0 || plus(plus(r->used, r->p->kept_bytes), passing_bytes(r)) <= r->s->options.memory)) {
        kept *k = &r->block[r->count++];
        CONCEPTDEC_I_TRY(reduce(r, r->first + r->count - 1, k));
        r->used = plus(r->used, k->bytes);
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
meet(run *r, int64_t j, const void *y)
{
    for (int64_t i = r->first; i < r->first + r->count; i++) {
        if (r->s->is_mirrored && j < i)
            continue;
        r->pair = (conceptdec_i_pair){
            .i = i, .j = j, .is_same = r->s->is_self && i == j, .x = r->block[i - r->first].reduced, .y = y};
        CONCEPTDEC_I_TRY(run_pair(r));
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
pass_by(run *r)
{
    for (int64_t j = r->s->is_mirrored ? r->first : 0; j < r->s->n_b; j++) {
        kept other = {0};
        if (r->s->is_self && j >= r->first && j < r->first + r->count) {
            CONCEPTDEC_I_TRY(meet(r, j, r->block[j - r->first].reduced));
            continue;
        }
        conceptdec_status status = reduce(r, conceptdec_i_similarity_second(r->s, j), &other);
        r->used = plus(r->used, other.bytes);
        if (status == CONCEPTDEC_OK)
            status = meet(r, j, other.reduced);
        r->used -= other.bytes;
        drop(&other);
        CONCEPTDEC_I_TRY(status);
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_pairs_run(const conceptdec_i_pairs *pairs)
{
    conceptdec_i_similarity *s = pairs->s;
    run r = {.p = pairs, .s = s};
    void *block;
    conceptdec_status status = CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(check_memory(&r));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(s->arena, "views", s->n_a, sizeof(kept), &block));
    r.block = block;
    conceptdec_i_stage(s->ctx, "pairs", s->n_a * s->n_b * (1 + s->options.permutations + s->options.bootstrap));
    for (r.first = 0; status == CONCEPTDEC_OK && r.first < s->n_a;) {
        status = fill_block(&r);
        if (status == CONCEPTDEC_OK)
            status = pass_by(&r);
        r.first += r.count;
        drop_block(&r);
    }
    return status;
}

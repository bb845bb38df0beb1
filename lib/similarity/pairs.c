/* As many views of the first list as memory allows are kept, and those of the second pass by one at a time. */
#include "similarity/pairs.h"

typedef struct kept {
    conceptdec_i_arena arena;
    void *reduced;
    int64_t bytes;
} kept;

typedef struct run {
    const conceptdec_i_pairs *p;
    conceptdec_i_similarity *s;
    kept *block; /* views first..first+count-1 of a */
    const void **reduced;
    int64_t first, count, used;
    conceptdec_i_meeting meeting;
    double *out; /* of the draws that run: number d of the meeting's first pair at out[d * A * B] */
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

/* ---- one meeting ---- */

/* values: of the meeting's pairs. */
static void
put(const run *r, const double *values, double *out)
{
    for (int64_t k = 0; k < r->meeting.count; k++)
        out[k * r->s->n_b] = values[k];
}

static conceptdec_status
measure_draw(run *r, int64_t number, int32_t *items, double *values)
{
    const conceptdec_i_pairs *p = r->p;
    conceptdec_i_meeting meeting = r->meeting;
    if (r->is_resampling) {
        meeting.pair.times = items;
        CONCEPTDEC_I_TRY(conceptdec_i_similarity_drawn(r->s, p->items, p->groups, number, items));
    } else {
        meeting.pair.order = items;
        CONCEPTDEC_I_TRY(conceptdec_i_similarity_order(r->s, p->items, p->groups, number, items));
    }
    CONCEPTDEC_I_TRY(p->measure(p->argument, &meeting, values));
    put(r, values, r->out + number * r->s->n_a * r->s->n_b);
    return conceptdec_i_poll(r->s->ctx, meeting.count - 1);
}

static conceptdec_status
draw(void *argument, int64_t number, int lane)
{
    run *r = argument;
    conceptdec_i_arena arena;
    void *p[2];
    (void)lane;
    conceptdec_i_arena_open(&arena, r->s->ctx);
    conceptdec_status status = conceptdec_i_arena_take(&arena, "draw", r->p->items, sizeof(int32_t), &p[0]);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_i_arena_take(&arena, "draw", r->meeting.count, sizeof(double), &p[1]);
    if (status == CONCEPTDEC_OK)
        status = measure_draw(r, number, p[0], p[1]);
    conceptdec_i_arena_close(&arena);
    return status;
}

/* Draws that take much memory follow one another, each with all threads. */
static conceptdec_status
run_draws(run *r, double *out, int64_t draws, bool is_resampling)
{
    if (!out)
        return CONCEPTDEC_OK;
    int64_t bytes = r->p->bytes(r->p->argument, &r->meeting, is_resampling), lanes = conceptdec_i_lanes(r->s->ctx);
    r->out = out + r->meeting.first * r->s->n_b + r->meeting.pair.j;
    r->is_resampling = is_resampling;
    if ((r->p->is_serial || bytes <= CONCEPTDEC_I_DRAW_BYTES) && r->used + lanes * bytes <= r->s->options.memory)
        return conceptdec_i_parallel(r->s->ctx, draws, draw, r);
    for (int64_t d = 0; d < draws; d++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll(r->s->ctx, 1));
        CONCEPTDEC_I_TRY(draw(r, d, 0));
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
share(run *r, conceptdec_i_arena *arena)
{
    const conceptdec_i_pairs *p = r->p;
    const int64_t room = r->s->options.memory - r->used - p->pair_bytes;
    int64_t bytes = 0;
    if (p->share && (r->s->null || r->s->draws))
        CONCEPTDEC_I_TRY(p->share(p->argument, arena, room, &r->meeting, &r->meeting.shared, &bytes));
    r->used += bytes;
    conceptdec_status status = run_draws(r, r->s->null, r->s->options.permutations, false);
    if (status == CONCEPTDEC_OK)
        status = run_draws(r, r->s->draws, r->s->options.bootstrap, true);
    r->used -= bytes;
    return status;
}

static conceptdec_status
run_meeting(run *r, conceptdec_i_arena *arena)
{
    const conceptdec_i_similarity *s = r->s;
    void *values;
    CONCEPTDEC_I_TRY(conceptdec_i_poll(s->ctx, r->meeting.count));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "values", r->meeting.count, sizeof(double), &values));
    CONCEPTDEC_I_TRY(r->p->measure(r->p->argument, &r->meeting, values));
    put(r, values, s->value + r->meeting.first * s->n_b + r->meeting.pair.j);
    return share(r, arena);
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
        r->reduced[r->count - 1] = k->reduced;
        r->used = plus(r->used, k->bytes);
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
meet(run *r, int64_t j, const void *y)
{
    const int64_t count = r->s->is_mirrored && j < r->first + r->count ? j - r->first + 1 : r->count;
    conceptdec_i_arena arena;
    r->meeting = (conceptdec_i_meeting){.first = r->first, .count = count, .x = r->reduced, .pair = {.j = j, .y = y}};
    r->meeting.pair = conceptdec_i_pair_of(r->s, &r->meeting, 0);
    conceptdec_i_arena_open(&arena, r->s->ctx);
    conceptdec_status status = run_meeting(r, &arena);
    conceptdec_i_arena_close(&arena);
    return status;
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
    void *p[2];
    conceptdec_status status = CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(check_memory(&r));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(s->arena, "views", s->n_a, sizeof(kept), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(s->arena, "views", s->n_a, sizeof(void *), &p[1]));
    r.block = p[0];
    r.reduced = p[1];
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

/* The layout of a graph: an edge that is followed moves both its ends, as in umap-learn, 16 edges at once; lists of
 * edges that have no vertex in common are followed in parallel. Strangers are met where they were when the epoch
 * began. */
#include "projection/layout.h"

#include <math.h>
#include <string.h>

enum {
    TILE = CONCEPTDEC_I_TILE,
    CHUNK = 512, /* edges that one call of the kernel follows */
    WAITING = 2 * CHUNK, /* that are gathered for it, at most */
};

/* Of a lane. */
typedef struct room {
    int32_t *heads, *tails; /* WAITING each */
    uint32_t *words;        /* 4 TILE for each block of them */
    int32_t *strangers;     /* as many */
} room;

struct conceptdec_i_layout {
    conceptdec_ctx *ctx;
    conceptdec_i_layout_settings settings;
    conceptdec_i_layout_edges edges;
    float *place, *before; /* n x columns, by position; before: as the epoch began */
    float *anchors;        /* n x columns, by position; NULL where there are none */
    room *rooms;           /* of each lane */
    conceptdec_i_pulls pulls;
    /* the epoch at hand */
    int64_t epoch;
    conceptdec_i_layout_turns turns;
};

double
conceptdec_i_layout_learning(const conceptdec_i_layout_settings *settings, int64_t epoch)
{
    const double left = 1 - (double)(epoch - 1) / (double)settings->epochs;
    return settings->learning_rate * left * sqrt(left);
}

conceptdec_i_forces
conceptdec_i_layout_forces(const conceptdec_i_layout_settings *settings)
{
    const double largest = fmax(fmax(settings->a, 2 * settings->a * settings->b), 1);
    const double nearest = fmin(1e30, exp2(fmin(120 / settings->b, 120)));
    const double furthest = fmin(1e30, exp2(fmin((120 - log2(largest)) / settings->b, 120))); /* times what it meets */
    return (conceptdec_i_forces){.a = (float)settings->a,
                                 .b = (float)settings->b,
                                 .attraction = (float)(-2 * settings->a * settings->b),
                                 .repulsion = (float)(2 * settings->b * settings->repulsion),
                                 .least = (float)(1 / nearest),
                                 .most = (float)furthest};
}

int64_t
conceptdec_i_layout_work(const conceptdec_i_layout *l)
{
    return l->edges.n_lists;
}

/* ---- making ---- */

/* Blocks of random words for so many edges: 4 TILE each. */
static int64_t
count_blocks(const conceptdec_i_layout *l, int64_t edges)
{
    const int64_t tiles = (edges + TILE - 1) / TILE, each = (2 * l->settings.n_strangers + TILE - 1) / TILE;
    return (tiles * each + 3) / 4;
}

static conceptdec_status
take_rooms(conceptdec_i_arena *arena, conceptdec_i_layout *l)
{
    const int64_t lanes = conceptdec_i_lanes(arena->ctx), words = (count_blocks(l, CHUNK) + 1) * 4 * TILE;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "layout", lanes, sizeof(room), &p));
    l->rooms = p;
    for (int64_t i = 0; i < lanes; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "layout", 2 * WAITING, 4, &p));
        l->rooms[i].heads = p;
        l->rooms[i].tails = (int32_t *)p + WAITING;
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "layout", words, 8, &p));
        l->rooms[i].words = p;
        l->rooms[i].strangers = (int32_t *)p + words;
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_places(conceptdec_i_arena *arena, const double *start, conceptdec_i_layout *l)
{
    const int64_t columns = l->settings.columns, n = l->edges.n;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "layout", n * columns, sizeof(float), &p));
    l->place = p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "layout", n * columns, sizeof(float), &p));
    l->before = p;
    if (l->settings.is_anchored) {
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "layout", n * columns, sizeof(float), &p));
        l->anchors = p;
    }
    for (int64_t i = 0; i < n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(l->ctx, i));
        for (int64_t c = 0; c < columns; c++)
            l->place[i * columns + c] = (float)start[l->edges.vertex[i] * columns + c];
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_layout_open(conceptdec_i_arena *arena, const conceptdec_i_graph *graph,
                         const conceptdec_i_layout_settings *settings, const double *start,
                         conceptdec_i_layout **layout)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "layout", 1, sizeof(conceptdec_i_layout), &p));
    conceptdec_i_layout *l = p;
    l->ctx = arena->ctx;
    l->settings = *settings;
    CONCEPTDEC_I_TRY(conceptdec_i_layout_deal(arena, graph, settings->epochs, settings->seed, &l->edges));
    CONCEPTDEC_I_TRY(take_places(arena, start, l));
    CONCEPTDEC_I_TRY(take_rooms(arena, l));
    l->pulls = (conceptdec_i_pulls){.forces = conceptdec_i_layout_forces(settings),
                                    .places = l->place,
                                    .others = l->before,
                                    .columns = (int32_t)settings->columns,
                                    .n_strangers = (int32_t)settings->n_strangers};
    *layout = l;
    return CONCEPTDEC_OK;
}

/* ---- an epoch ---- */

/* Adds the next edges of a list that are due to the `count` that wait, until these are CHUNK or more; returns how many
 * wait. */
static int64_t
gather_due(const conceptdec_i_layout *l, int64_t *at, int64_t end, int64_t count, const room *to)
{
    const conceptdec_i_layout_edges *edges = &l->edges;
    while (*at < end && count < CHUNK) {
        const int64_t n = end - *at < CHUNK ? end - *at : CHUNK;
        count += l->ctx->kernels->due(edges->head + *at, edges->tail + *at, edges->rate + *at, n, (uint32_t)l->epoch,
                                      to->heads + count, to->tails + count);
        *at += n;
    }
    return count;
}

/* What the kernel reads beyond the last edge: nobody else's places. */
static void
fill_tile(int64_t count, const room *to)
{
    for (int64_t i = count; i % TILE != 0; i++) {
        to->heads[i] = to->heads[0];
        to->tails[i] = to->tails[0];
    }
}

static void
draw_strangers(const conceptdec_i_layout *l, int64_t list, int64_t edges, uint32_t *block, const room *to)
{
    const uint32_t key[2] = {(uint32_t)l->settings.seed, (uint32_t)(l->settings.seed >> 32)};
    const uint64_t item = (uint64_t)l->epoch << 32 | (uint64_t)(list * TILE), n = (uint64_t)l->edges.n;
    const int64_t blocks = count_blocks(l, edges);
    l->ctx->kernels->words(key, CONCEPTDEC_I_RNG_LAYOUT, item, *block, (int32_t)blocks, to->words);
    *block += (uint32_t)blocks;
    for (int64_t i = 0; i < blocks * 4 * TILE; i++)
        to->strangers[i] = (int32_t)(to->words[i] * n >> 32);
}

/* Once with strangers and once without: twice the pull from one picture would be coarser. */
static void
follow_edges(const conceptdec_i_layout *l, int64_t list, int64_t count, uint32_t *block, const room *at)
{
    conceptdec_i_pulls pulls = l->pulls;
    pulls.heads = at->heads;
    pulls.tails = at->tails;
    pulls.strangers = at->strangers;
    pulls.count = count;
    draw_strangers(l, list, count, block, at);
    l->ctx->kernels->pull(&pulls);
    pulls.n_strangers = 0;
    l->ctx->kernels->pull(&pulls);
}

static conceptdec_status
follow_list(const conceptdec_i_layout *l, int64_t list, const room *at)
{
    const int64_t end = l->edges.first[list + 1];
    int64_t e = l->edges.first[list], waiting = 0;
    uint32_t block = 0;
    while ((waiting = gather_due(l, &e, end, waiting, at)) > 0) {
        const int64_t count = waiting < CHUNK ? waiting : CHUNK;
        if (count < CHUNK)
            fill_tile(count, at);
        follow_edges(l, list, count, &block, at);
        waiting -= count;
        memmove(at->heads, at->heads + count, (size_t)waiting * sizeof *at->heads);
        memmove(at->tails, at->tails + count, (size_t)waiting * sizeof *at->tails);
        CONCEPTDEC_I_TRY(conceptdec_i_poll(l->ctx, 0));
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
list_task(void *argument, int64_t list, int lane)
{
    conceptdec_i_layout *l = argument;
    conceptdec_i_layout_turn_take(&l->turns, list);
    const conceptdec_status status = follow_list(l, list, &l->rooms[lane]);
    conceptdec_i_layout_turn_pass(&l->turns, list); /* others wait for it, whatever became of it */
    return status;
}

static conceptdec_status
set_anchors(conceptdec_i_layout *l, const float *anchors)
{
    const int64_t columns = l->settings.columns;
    for (int64_t i = 0; anchors && i < l->edges.n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(l->ctx, i));
        memcpy(l->anchors + i * columns, anchors + l->edges.vertex[i] * columns, (size_t)columns * sizeof *anchors);
    }
    l->pulls.anchors = anchors ? l->anchors : NULL;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_layout_epoch(conceptdec_i_layout *l, int64_t epoch, const float *anchors, double pull)
{
    l->epoch = epoch;
    l->pulls.forces.rate = (float)conceptdec_i_layout_learning(&l->settings, epoch);
    l->pulls.pull = (float)pull;
    CONCEPTDEC_I_TRY(set_anchors(l, anchors));
    memcpy(l->before, l->place, (size_t)(l->edges.n * l->settings.columns) * sizeof *l->place);
    conceptdec_i_layout_turns_open(&l->turns, l->edges.n_blocks);
    const conceptdec_status status = conceptdec_i_parallel(l->ctx, l->edges.n_lists, list_task, l);
    conceptdec_i_layout_turns_close(&l->turns);
    return status;
}

conceptdec_status
conceptdec_i_layout_rows(const conceptdec_i_layout *l, float *places)
{
    const int64_t columns = l->settings.columns;
    for (int64_t i = 0; i < l->edges.n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(l->ctx, i));
        memcpy(places + l->edges.vertex[i] * columns, l->place + i * columns, (size_t)columns * sizeof *places);
    }
    return CONCEPTDEC_OK;
}

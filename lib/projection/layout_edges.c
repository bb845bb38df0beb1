/* Edges in the order in which a layout follows them. Each is there once, whichever way it points. */
#include <math.h>
#include <stdlib.h>

#include "projection/layout.h"

enum {
    LIST_EDGES = 2048, /* some 20 microseconds an epoch */
    SHUFFLED = 1 << 16 /* between two looks at the cancel flag */
};

#define UNIT 0x1p31 /* of a rate */

uint32_t
conceptdec_i_layout_rate(double share, int64_t epochs)
{
    return share * (double)epochs < 1 ? 0 : (uint32_t)lrint(share * UNIT);
}

/* ---- rounds ---- */

int64_t
conceptdec_i_layout_lists(int64_t n_blocks, int64_t round)
{
    return round == n_blocks - 1 ? n_blocks : n_blocks / 2;
}

/* All turn around the last one, as at a tournament. */
void
conceptdec_i_layout_blocks(int64_t n_blocks, int64_t round, int64_t list, int64_t blocks[2])
{
    const int64_t turning = n_blocks - 1;
    if (round == turning) {
        blocks[0] = blocks[1] = list;
        return;
    }
    blocks[0] = (round + list) % turning;
    blocks[1] = list == 0 ? turning : (round - list + turning) % turning;
}

static int64_t
choose_blocks(int64_t n, int64_t edges)
{
    int64_t blocks = 1;
    while (blocks < CONCEPTDEC_I_LAYOUT_BLOCKS && 2 * blocks <= n && blocks * (2 * blocks + 1) * LIST_EDGES <= edges)
        blocks *= 2;
    return blocks;
}

/* number: n_blocks x n_blocks, lists round by round. */
static void
number_lists(int64_t n_blocks, int32_t *number)
{
    int32_t next = 0;
    for (int64_t round = 0; round < n_blocks; round++)
        for (int64_t list = 0; list < conceptdec_i_layout_lists(n_blocks, round); list++, next++) {
            int64_t blocks[2];
            conceptdec_i_layout_blocks(n_blocks, round, list, blocks);
            number[blocks[0] * n_blocks + blocks[1]] = number[blocks[1] * n_blocks + blocks[0]] = next;
        }
}

/* ---- dealing ---- */

typedef struct dealing {
    conceptdec_ctx *ctx;
    const conceptdec_i_graph *graph;
    conceptdec_i_layout_edges *edges;
    int64_t epochs;
    uint64_t seed;
    double heaviest;
    int32_t *position; /* of each vertex */
    uint8_t *block;    /* likewise */
    int32_t number[CONCEPTDEC_I_LAYOUT_BLOCKS * CONCEPTDEC_I_LAYOUT_BLOCKS];
} dealing;

static conceptdec_status
shuffle_vertices(const dealing *d)
{
    conceptdec_i_rng rng;
    conceptdec_i_rng_start(&rng, d->seed, CONCEPTDEC_I_RNG_LAYOUT, UINT32_MAX);
    for (int64_t left = d->edges->n; left > 1; left -= SHUFFLED) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll(d->ctx, 0));
        conceptdec_i_rng_shuffle_tail(&rng, d->edges->vertex, left, left > SHUFFLED ? left - SHUFFLED : 1);
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
deal_vertices(const dealing *d)
{
    conceptdec_i_layout_edges *edges = d->edges;
    for (int64_t i = 0; i < edges->n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(d->ctx, i));
        edges->vertex[i] = (int32_t)i;
    }
    CONCEPTDEC_I_TRY(shuffle_vertices(d));
    for (int64_t i = 0; i < edges->n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(d->ctx, i));
        d->position[edges->vertex[i]] = (int32_t)i;
        d->block[edges->vertex[i]] = (uint8_t)(i * edges->n_blocks / edges->n);
    }
    return CONCEPTDEC_OK;
}

/* Edges too light to be followed once are left out. next: where each list goes on, or NULL to count into first[list +
 * 1]. */
static conceptdec_status
visit(const dealing *d, int64_t *next)
{
    const conceptdec_i_graph *graph = d->graph;
    for (int64_t i = 0; i < graph->n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(d->ctx, i));
        for (int64_t e = graph->first[i]; e < graph->first[i + 1] && graph->column[e] < i; e++) {
            const uint32_t rate = conceptdec_i_layout_rate((double)graph->weight[e] / d->heaviest, d->epochs);
            const int32_t other = graph->column[e];
            const int32_t list = d->number[d->block[i] * d->edges->n_blocks + d->block[other]];
            if (rate == 0)
                continue;
            if (!next) {
                d->edges->first[list + 1]++;
                continue;
            }
            const int64_t to = next[list]++;
            d->edges->head[to] = d->position[i];
            d->edges->tail[to] = d->position[other];
            d->edges->rate[to] = rate;
        }
    }
    return CONCEPTDEC_OK;
}

/* So that 16 successive edges seldom have a vertex in common. */
static conceptdec_status
shuffle_task(void *argument, int64_t list, int lane)
{
    const dealing *d = argument;
    const conceptdec_i_layout_edges *edges = d->edges;
    conceptdec_i_rng rng;
    (void)lane;
    conceptdec_i_rng_start(&rng, d->seed, CONCEPTDEC_I_RNG_LAYOUT, (uint64_t)list);
    for (int64_t left = edges->first[list + 1] - edges->first[list]; left > 1; left--) {
        const int64_t a = edges->first[list] + left - 1;
        const int64_t b = edges->first[list] + (int64_t)conceptdec_i_rng_below(&rng, (uint64_t)left);
        const int32_t head = edges->head[a], tail = edges->tail[a];
        const uint32_t rate = edges->rate[a];
        edges->head[a] = edges->head[b];
        edges->tail[a] = edges->tail[b];
        edges->rate[a] = edges->rate[b];
        edges->head[b] = head;
        edges->tail[b] = tail;
        edges->rate[b] = rate;
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
find_heaviest(dealing *d)
{
    const conceptdec_i_graph *graph = d->graph;
    double most = 0;
    for (int64_t i = 0; i < graph->n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(d->ctx, i));
        for (int64_t e = graph->first[i]; e < graph->first[i + 1]; e++)
            most = graph->weight[e] > most ? (double)graph->weight[e] : most;
    }
    d->heaviest = most;
    return CONCEPTDEC_OK;
}

/* One of those that are filled in any order. */
static conceptdec_status
take_scattered(conceptdec_i_arena *arena, int64_t n_edges, void **array)
{
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "layout", n_edges + 1, sizeof(int32_t), array));
    return conceptdec_i_arena_touch(arena, *array, (n_edges + 1) * (int64_t)sizeof(int32_t));
}

static conceptdec_status
take_arrays(conceptdec_i_arena *arena, int64_t n_edges, conceptdec_i_layout_edges *edges)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "layout", edges->n, sizeof *edges->vertex, &p));
    edges->vertex = p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "layout", edges->n_lists + 1, sizeof *edges->first, &p));
    edges->first = p;
    CONCEPTDEC_I_TRY(take_scattered(arena, n_edges, &p));
    edges->head = p;
    CONCEPTDEC_I_TRY(take_scattered(arena, n_edges, &p));
    edges->tail = p;
    CONCEPTDEC_I_TRY(take_scattered(arena, n_edges, &p));
    edges->rate = p;
    return CONCEPTDEC_OK;
}

static conceptdec_status
sort_edges(conceptdec_i_arena *scratch, const dealing *d)
{
    conceptdec_i_layout_edges *edges = d->edges;
    void *next;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(scratch, "layout", edges->n_lists, sizeof(int64_t), &next));
    CONCEPTDEC_I_TRY(visit(d, NULL));
    for (int64_t list = 0; list < edges->n_lists; list++) {
        edges->first[list + 1] += edges->first[list];
        ((int64_t *)next)[list] = edges->first[list];
    }
    return visit(d, next);
}

static conceptdec_status
deal(conceptdec_i_arena *scratch, dealing *d)
{
    void *p[2];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(scratch, "layout", d->edges->n, sizeof *d->position, &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(scratch, "layout", d->edges->n, sizeof *d->block, &p[1]));
    d->position = p[0];
    d->block = p[1];
    CONCEPTDEC_I_TRY(find_heaviest(d));
    CONCEPTDEC_I_TRY(deal_vertices(d));
    CONCEPTDEC_I_TRY(sort_edges(scratch, d));
    return conceptdec_i_parallel(scratch->ctx, d->edges->n_lists, shuffle_task, d);
}

conceptdec_status
conceptdec_i_layout_deal(conceptdec_i_arena *arena, const conceptdec_i_graph *graph, int64_t epochs, uint64_t seed,
                         conceptdec_i_layout_edges *edges)
{
    const int64_t n_edges = graph->first[graph->n] / 2, n_blocks = choose_blocks(graph->n, n_edges);
    dealing d = {.ctx = arena->ctx, .graph = graph, .edges = edges, .epochs = epochs, .seed = seed};
    conceptdec_i_arena scratch;
    *edges = (conceptdec_i_layout_edges){.n = graph->n, .n_blocks = n_blocks, .n_lists = n_blocks * (n_blocks + 1) / 2};
    CONCEPTDEC_I_TRY(take_arrays(arena, n_edges, edges));
    number_lists(n_blocks, d.number);
    conceptdec_i_arena_open(&scratch, arena->ctx);
    const conceptdec_status status = deal(&scratch, &d);
    conceptdec_i_arena_close(&scratch);
    return status;
}

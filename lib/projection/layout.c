/* The layout of a graph: each vertex makes the moves of its own edges and moves nothing but itself. A tile is 16 vertices;
 * the tiles of a group read where all others are before any of them moves, and the groups go one after another. An epoch is
 * two such rounds: one with partners and strangers, and one with partners alone, in which a vertex makes the move that it
 * makes for its partner's sake. (Both moves at once are coarser, and the picture is worse.) */
#include "projection/layout.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    TILE = CONCEPTDEC_I_TILE,
    GROUPS = 16,     /* close to moves one by one, and wide enough for threads */
    ROUNDS = 32,     /* partners that are gathered before the kernel runs */
    TASK_TILES = 24, /* some 50 microseconds */
};

#define UNIT 0x1p31 /* of a rate */

/* Of a lane. */
typedef struct room {
    int32_t *partners;     /* ROUNDS x TILE */
    uint32_t *words;       /* ROUNDS x n_strangers x TILE and what the last block is too long */
    int32_t *strangers;    /* as many */
    float *here, *anchors; /* columns x TILE */
} room;

/* Vertices stand at positions, in order of falling strength, so that those of a tile have about as much to do. */
struct conceptdec_i_layout {
    conceptdec_ctx *ctx;
    conceptdec_i_layout_settings settings;
    int64_t n, n_tiles, n_groups;
    int32_t *vertex; /* of each position */
    int64_t *first;  /* n + 1 */
    int32_t *column; /* positions */
    uint32_t *rate;
    float *place, *next; /* n_tiles x TILE x columns */
    room *rooms;         /* of each lane */
    conceptdec_i_moves moves;
    /* the group at hand */
    int64_t epoch, group;
    const float *anchors;
};

uint32_t
conceptdec_i_layout_rate(double share, int64_t epochs)
{
    return share * (double)epochs < 1 ? 0 : (uint32_t)lrint(share * UNIT);
}

/* A quarter of what moves one end at a time take: a sample that makes all its moves from one picture overshoots. */
double
conceptdec_i_layout_learning(const conceptdec_i_layout_settings *settings, int64_t epoch)
{
    return settings->learning_rate / 4 * (1 - (double)(epoch - 1) / (double)settings->epochs);
}

int64_t
conceptdec_i_layout_bytes(int64_t n, int64_t edges, int64_t columns)
{
    return n * (32 + 8 * columns) + edges * 8;
}

/* Of a group. */
static int64_t
count_tasks(const conceptdec_i_layout *l)
{
    return ((l->n_tiles + l->n_groups - 1) / l->n_groups + TASK_TILES - 1) / TASK_TILES;
}

int64_t
conceptdec_i_layout_work(const conceptdec_i_layout *l)
{
    return 2 * l->n_groups * count_tasks(l);
}

/* ---- making ---- */

typedef struct standing {
    double strength;
    int32_t vertex;
} standing;

static int
by_strength(const void *a, const void *b)
{
    const standing *x = a, *y = b;
    if (x->strength != y->strength)
        return x->strength > y->strength ? -1 : 1;
    return x->vertex < y->vertex ? -1 : x->vertex > y->vertex;
}

static double
heaviest(const conceptdec_i_graph *graph)
{
    double most = 0;
    for (int64_t e = 0; e < graph->first[graph->n]; e++)
        most = graph->weight[e] > most ? (double)graph->weight[e] : most;
    return most;
}

static conceptdec_status
order_vertices(conceptdec_i_arena *arena, const conceptdec_i_graph *graph, conceptdec_i_layout *l, int32_t *position)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "layout", l->n, sizeof(standing), &p));
    standing *all = p;
    for (int64_t i = 0; i < l->n; i++) {
        all[i].vertex = (int32_t)i;
        for (int64_t e = graph->first[i]; e < graph->first[i + 1]; e++)
            all[i].strength += (double)graph->weight[e];
    }
    qsort(all, (size_t)l->n, sizeof *all, by_strength);
    for (int64_t i = 0; i < l->n; i++) {
        l->vertex[i] = all[i].vertex;
        position[all[i].vertex] = (int32_t)i;
    }
    return CONCEPTDEC_OK;
}

/* Edges too light to be followed once are left out. */
static void
take_edges(const conceptdec_i_graph *graph, const int32_t *position, conceptdec_i_layout *l)
{
    const double most = heaviest(graph);
    int64_t n = 0;
    for (int64_t i = 0; i < l->n; i++) {
        l->first[i] = n;
        for (int64_t e = graph->first[l->vertex[i]]; e < graph->first[l->vertex[i] + 1]; e++) {
            const uint32_t rate = conceptdec_i_layout_rate((double)graph->weight[e] / most, l->settings.epochs);
            l->column[n] = position[graph->column[e]];
            l->rate[n] = rate;
            n += rate > 0;
        }
    }
    l->first[l->n] = n;
}

static conceptdec_status
take_rooms(conceptdec_i_arena *arena, conceptdec_i_layout *l)
{
    const int64_t lanes = conceptdec_i_lanes(arena->ctx), words = (ROUNDS * l->settings.n_strangers + 3) * TILE;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "layout", lanes, sizeof(room), &p));
    l->rooms = p;
    for (int64_t i = 0; i < lanes; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "layout", ROUNDS * TILE, 4, &p));
        l->rooms[i].partners = p;
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "layout", words, 8, &p));
        l->rooms[i].words = p;
        l->rooms[i].strangers = (int32_t *)p + words;
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "layout", l->settings.columns * TILE, 8, &p));
        l->rooms[i].here = p;
        l->rooms[i].anchors = (float *)p + l->settings.columns * TILE;
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_arrays(conceptdec_i_arena *arena, const conceptdec_i_graph *graph, conceptdec_i_layout *l)
{
    const int64_t edges = graph->first[graph->n], places = l->n_tiles * TILE * l->settings.columns;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "layout", l->n, sizeof *l->vertex, &p));
    l->vertex = p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "layout", l->n + 1, sizeof *l->first, &p));
    l->first = p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "layout", edges + 1, 4, &p));
    l->column = p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "layout", edges + 1, 4, &p));
    l->rate = p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "layout", places, sizeof(float), &p));
    l->place = p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "layout", places, sizeof(float), &p));
    l->next = p;
    return take_rooms(arena, l);
}

static void
set_moves(conceptdec_i_layout *l)
{
    const conceptdec_i_layout_settings *s = &l->settings;
    l->moves = (conceptdec_i_moves){.others = l->place,
                                    .columns = (int32_t)s->columns,
                                    .a = (float)s->a,
                                    .b = (float)s->b,
                                    .attraction = (float)(-2 * s->a * s->b),
                                    .repulsion = (float)(2 * s->b * s->repulsion)};
}

conceptdec_status
conceptdec_i_layout_open(conceptdec_i_arena *arena, const conceptdec_i_graph *graph,
                         const conceptdec_i_layout_settings *settings, const double *start,
                         conceptdec_i_layout **layout)
{
    void *p, *position;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "layout", 1, sizeof(conceptdec_i_layout), &p));
    conceptdec_i_layout *l = p;
    l->ctx = arena->ctx;
    l->settings = *settings;
    l->n = graph->n;
    l->n_tiles = (l->n + TILE - 1) / TILE;
    l->n_groups = l->n_tiles < GROUPS ? l->n_tiles : GROUPS;
    CONCEPTDEC_I_TRY(take_arrays(arena, graph, l));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "layout", l->n, sizeof(int32_t), &position));
    CONCEPTDEC_I_TRY(order_vertices(arena, graph, l, position));
    take_edges(graph, position, l);
    for (int64_t i = 0; i < l->n; i++)
        for (int64_t c = 0; c < settings->columns; c++)
            l->place[i * settings->columns + c] = (float)start[l->vertex[i] * settings->columns + c];
    set_moves(l);
    *layout = l;
    return CONCEPTDEC_OK;
}

/* ---- an epoch ---- */

/* The next edges of one vertex that are due, ROUNDS at most; returns how many. */
static int32_t
gather_due(const conceptdec_i_layout *l, int64_t *at, int64_t end, int32_t *partners)
{
    const uint32_t epoch = (uint32_t)l->epoch;
    int32_t count = 0;
    int64_t e = *at;
    for (; e < end && count < ROUNDS; e++) {
        partners[count * TILE] = l->column[e];
        count += (int32_t)conceptdec_i_layout_is_due(l->rate[e], epoch);
    }
    *at = e;
    return count;
}

/* The next random vertices for so many rounds. */
static void
draw_strangers(const conceptdec_i_layout *l, int64_t tile, int32_t rounds, uint32_t *block, const room *at)
{
    const uint32_t key[2] = {(uint32_t)l->settings.seed, (uint32_t)(l->settings.seed >> 32)};
    const uint64_t item = (uint64_t)l->epoch << 32 | (uint64_t)(tile * TILE), n = (uint64_t)l->n;
    const int32_t words = rounds * l->moves.n_strangers, blocks = (words + 3) / 4;
    l->ctx->kernels->words(key, CONCEPTDEC_I_RNG_LAYOUT, item, *block, blocks, at->words);
    *block += (uint32_t)blocks;
    for (int32_t w = 0; w < words; w++)
        for (int32_t i = 0; i < TILE; i++)
            at->strangers[w * TILE + i] = (int32_t)(at->words[w * TILE + i] * n >> 32);
}

/* Turns a tile of `from`, in which the vertices are rows, into columns. */
static void
load_tile(const conceptdec_i_layout *l, const float *from, int64_t tile, float *to)
{
    const int64_t columns = l->settings.columns;
    for (int64_t i = 0; i < TILE; i++)
        for (int64_t c = 0; c < columns; c++)
            to[c * TILE + i] = from[(tile * TILE + i) * columns + c];
}

static void
load_anchors(const conceptdec_i_layout *l, int64_t tile, float *to)
{
    const int64_t columns = l->settings.columns;
    for (int64_t i = 0; i < TILE && tile * TILE + i < l->n; i++)
        for (int64_t c = 0; c < columns; c++)
            to[c * TILE + i] = l->anchors[l->vertex[tile * TILE + i] * columns + c];
}

/* Edges of the tile's vertices that are due; returns the most that one of them has. */
static int32_t
gather_tile(const conceptdec_i_layout *l, int64_t tile, int64_t *at, const room *room_, int32_t *rounds)
{
    int32_t most = 0;
    for (int64_t i = 0; i < TILE; i++) {
        const int64_t position = tile * TILE + i;
        rounds[i] = position < l->n ? gather_due(l, &at[i], l->first[position + 1], room_->partners + i) : 0;
        most = rounds[i] > most ? rounds[i] : most;
    }
    return most;
}

static void
move_tile(const conceptdec_i_layout *l, int64_t tile, const room *at)
{
    int64_t edge[TILE] = {0};
    int32_t rounds[TILE], most;
    uint32_t block = 0;
    conceptdec_i_moves moves = l->moves;
    moves.rounds = rounds;
    moves.partners = at->partners;
    moves.strangers = at->strangers;
    load_tile(l, l->place, tile, at->here);
    if (l->anchors) {
        load_anchors(l, tile, at->anchors);
        moves.anchors = at->anchors;
    }
    for (int64_t i = 0; i < TILE && tile * TILE + i < l->n; i++)
        edge[i] = l->first[tile * TILE + i];
    do {
        most = gather_tile(l, tile, edge, at, rounds);
        draw_strangers(l, tile, most, &block, at);
        l->ctx->kernels->move(&moves, at->here);
    } while (most == ROUNDS);
    for (int64_t i = 0; i < TILE; i++)
        for (int64_t c = 0; c < l->settings.columns; c++)
            l->next[(tile * TILE + i) * l->settings.columns + c] = at->here[c * TILE + i];
}

static conceptdec_status
move_tiles(void *argument, int64_t task, int lane)
{
    const conceptdec_i_layout *l = argument;
    for (int64_t i = task * TASK_TILES; i < (task + 1) * TASK_TILES; i++) {
        const int64_t tile = l->group + i * l->n_groups;
        if (tile >= l->n_tiles)
            break;
        move_tile(l, tile, &l->rooms[lane]);
    }
    return CONCEPTDEC_OK;
}

/* All groups once. */
static conceptdec_status
move_groups(conceptdec_i_layout *l)
{
    const int64_t width = TILE * l->settings.columns, tasks = count_tasks(l);
    for (l->group = 0; l->group < l->n_groups; l->group++) {
        CONCEPTDEC_I_TRY(conceptdec_i_parallel(l->ctx, tasks, move_tiles, l));
        for (int64_t tile = l->group; tile < l->n_tiles; tile += l->n_groups)
            memcpy(l->place + tile * width, l->next + tile * width, (size_t)width * sizeof(float));
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_layout_epoch(conceptdec_i_layout *l, int64_t epoch, const float *anchors, double pull)
{
    l->epoch = epoch;
    l->anchors = anchors;
    l->moves.rate = (float)conceptdec_i_layout_learning(&l->settings, epoch);
    l->moves.pull = (float)pull;
    l->moves.n_strangers = (int32_t)l->settings.n_strangers;
    CONCEPTDEC_I_TRY(move_groups(l));
    l->anchors = NULL;
    l->moves.n_strangers = 0;
    return move_groups(l);
}

void
conceptdec_i_layout_rows(const conceptdec_i_layout *l, float *places)
{
    const int64_t columns = l->settings.columns;
    for (int64_t i = 0; i < l->n; i++)
        memcpy(places + l->vertex[i] * columns, l->place + i * columns, (size_t)columns * sizeof *places);
}

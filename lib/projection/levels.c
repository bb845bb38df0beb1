/* Graphs for the spectral start: one part of the graph, and the same with its vertices joined. */
#include "projection/levels.h"

#include <math.h>
#include <string.h>

#include "core/whole.h"

enum {
    ROWS = 512,  /* of a task */
    STRIPES = 16 /* into which rows are cut, at most, where each needs room for all */
};

static conceptdec_status
by_rows(conceptdec_ctx *ctx, int64_t rows, conceptdec_i_task task, void *argument)
{
    return conceptdec_i_parallel(ctx, (rows + ROWS - 1) / ROWS, task, argument);
}

/* ---- a part of the graph ---- */

static conceptdec_status
take_vertices(conceptdec_i_arena *arena, int64_t n, conceptdec_i_level *level)
{
    *level = (conceptdec_i_level){.n = n};
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "spectral start", n + 1, sizeof(int64_t), (void **)&level->first));
    return conceptdec_i_arena_take(arena, "spectral start", n, sizeof(double), (void **)&level->root);
}

static conceptdec_status
take_edges(conceptdec_i_arena *arena, conceptdec_i_level *level)
{
    int64_t edges = level->first[level->n];
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take_raw(arena, "spectral start", edges, sizeof(int32_t), (void **)&level->column));
    return conceptdec_i_arena_take_raw(arena, "spectral start", edges, sizeof(double), (void **)&level->weight);
}

/* A part of the graph that becomes a level. */
typedef struct opening {
    const conceptdec_i_graph *graph;
    const int32_t *member, *place;
    conceptdec_i_level *level;
} opening;

/* Degrees into root, numbers of edges into first[i + 1]. */
static conceptdec_status
measure_task(void *argument, int64_t task, int lane)
{
    const opening *o = argument;
    const conceptdec_i_graph *graph = o->graph;
    const int64_t end = task_end(task, ROWS, o->level->n);
    (void)lane;
    for (int64_t i = task * ROWS; i < end; i++) {
        int64_t edges = 0;
        double degree = 0;
        for (int64_t e = graph->first[o->member[i]]; e < graph->first[o->member[i] + 1]; e++)
            if (graph->weight[e] > 0) {
                degree += (double)graph->weight[e];
                edges++;
            }
        o->level->root[i] = degree;
        o->level->first[i + 1] = edges;
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
copy_task(void *argument, int64_t task, int lane)
{
    const opening *o = argument;
    const conceptdec_i_graph *graph = o->graph;
    const conceptdec_i_level *level = o->level;
    const int64_t end = task_end(task, ROWS, level->n);
    (void)lane;
    for (int64_t i = task * ROWS; i < end; i++) {
        int64_t to = level->first[i];
        for (int64_t e = graph->first[o->member[i]]; e < graph->first[o->member[i] + 1]; e++)
            if (graph->weight[e] > 0) {
                int32_t j = o->place[graph->column[e]];
                level->column[to] = j;
                level->weight[to++] = (double)graph->weight[e] / (level->root[i] * level->root[j]);
            }
    }
    return CONCEPTDEC_OK;
}

/* Numbers of edges in first[i + 1] become places. */
static conceptdec_status
add_up(conceptdec_ctx *ctx, conceptdec_i_level *level)
{
    for (int64_t i = 0; i < level->n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(ctx, i));
        level->first[i + 1] += level->first[i];
    }
    return CONCEPTDEC_OK;
}

/* Degrees in root become their square roots, *total their sum. */
static conceptdec_status
take_roots(conceptdec_ctx *ctx, conceptdec_i_level *level, double *total)
{
    double sum = 0;
    for (int64_t i = 0; i < level->n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(ctx, i));
        sum += level->root[i];
        level->root[i] = sqrt(level->root[i]);
    }
    *total = sum;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_level_open(conceptdec_i_arena *arena, const conceptdec_i_graph *graph, const int32_t *member, int64_t n,
                        const int32_t *place, conceptdec_i_level *level)
{
    double total;
    opening o = {.graph = graph, .member = member, .place = place, .level = level};
    CONCEPTDEC_I_TRY(take_vertices(arena, n, level));
    CONCEPTDEC_I_TRY(by_rows(arena->ctx, n, measure_task, &o));
    CONCEPTDEC_I_TRY(add_up(arena->ctx, level));
    CONCEPTDEC_I_TRY(take_edges(arena, level));
    CONCEPTDEC_I_TRY(take_roots(arena->ctx, level, &total));
    CONCEPTDEC_I_TRY(by_rows(arena->ctx, n, copy_task, &o));
    for (int64_t i = 0; i < n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(arena->ctx, i));
        level->root[i] /= sqrt(total);
    }
    return CONCEPTDEC_OK;
}

/* ---- joining vertices ---- */

/* The neighbour along the heaviest edge, the first of them where several are as heavy; among those without a parent if
 * `is_free`. -1: none. */
static int64_t
heaviest(const conceptdec_i_level *level, int64_t vertex, bool is_free)
{
    int64_t best = -1;
    for (int64_t e = level->first[vertex]; e < level->first[vertex + 1]; e++) {
        if (is_free && level->parent[level->column[e]] >= 0)
            continue;
        if (best < 0 || level->weight[e] > level->weight[best])
            best = e;
    }
    return best < 0 ? -1 : level->column[best];
}

/* Pairs first; who finds no free neighbour joins the heaviest one's pair. The number of coarse vertices into *n. */
static conceptdec_status
match(conceptdec_ctx *ctx, conceptdec_i_level *level, int64_t *n)
{
    int32_t parents = 0;
    for (int64_t i = 0; i < level->n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(ctx, i));
        level->parent[i] = -1;
    }
    for (int64_t i = 0; i < level->n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(ctx, i));
        int64_t mate = level->parent[i] < 0 ? heaviest(level, i, true) : -1;
        if (mate >= 0)
            level->parent[i] = level->parent[mate] = parents++;
    }
    for (int64_t i = 0; i < level->n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(ctx, i));
        if (level->parent[i] < 0)
            level->parent[i] = level->parent[heaviest(level, i, false)];
    }
    *n = parents;
    return CONCEPTDEC_OK;
}

/* Which fine vertices a coarse one has: child[start[c]] ... child[start[c + 1] - 1]. Its edges are found in room for
 * those of all its children, from room[c] on; end[c] is where they end. */
typedef struct joining {
    conceptdec_ctx *ctx;
    const conceptdec_i_level *fine;
    conceptdec_i_level *coarse;
    int64_t *start, *room, *end;
    int32_t *child, *column;
    double *weight;
    int64_t stripes; /* of rows, one a task */
    /* Of each stripe, for each coarse vertex: the edge, from room[c] on, that row c has to it, if it has one. */
    int32_t *slots;
} joining;

/* More would take more memory than the graph. */
static int64_t
count_stripes(const conceptdec_ctx *ctx, int64_t rows)
{
    const int64_t tasks = (rows + ROWS - 1) / ROWS, lanes = conceptdec_i_lanes(ctx);
    const int64_t stripes = tasks < lanes ? tasks : lanes;
    return stripes < STRIPES ? stripes : STRIPES;
}

static conceptdec_status
open_joining(conceptdec_i_arena *arena, joining *j)
{
    int64_t n = j->fine->n, parents = j->coarse->n, edges = j->fine->first[n];
    const char *what = "spectral start";
    j->stripes = count_stripes(j->ctx, parents);
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, what, parents + 2, sizeof(int64_t), (void **)&j->start));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, what, parents + 1, sizeof(int64_t), (void **)&j->room));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, what, parents, sizeof(int64_t), (void **)&j->end));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, what, n, sizeof(int32_t), (void **)&j->child));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, what, j->stripes * parents, sizeof(int32_t), (void **)&j->slots));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, what, edges, sizeof(int32_t), (void **)&j->column));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, what, edges, sizeof(double), (void **)&j->weight));
    return CONCEPTDEC_OK;
}

static conceptdec_status
list_children(const joining *j)
{
    const int64_t n = j->fine->n, parents = j->coarse->n;
    for (int64_t i = 0; i < n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(j->ctx, i));
        j->start[j->fine->parent[i] + 2]++;
        j->room[j->fine->parent[i] + 1] += j->fine->first[i + 1] - j->fine->first[i];
    }
    for (int64_t c = 0; c < parents; c++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(j->ctx, c));
        j->start[c + 2] += j->start[c + 1];
        j->room[c + 1] += j->room[c];
    }
    for (int64_t i = 0; i < n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(j->ctx, i));
        j->child[j->start[j->fine->parent[i] + 1]++] = (int32_t)i;
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
join_roots(const joining *j)
{
    for (int64_t c = 0; c < j->coarse->n; c++) {
        double sum = 0;
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(j->ctx, c));
        for (int64_t k = j->start[c]; k < j->start[c + 1]; k++)
            sum += j->fine->root[j->child[k]] * j->fine->root[j->child[k]];
        j->coarse->root[c] = sqrt(sum);
    }
    return CONCEPTDEC_OK;
}

static void
add_edge(const joining *j, int64_t c, int64_t other, double weight, int32_t *slot)
{
    const conceptdec_i_level *coarse = j->coarse;
    const int64_t at = j->room[c] + slot[other];
    weight /= coarse->root[c] * coarse->root[other];
    if (other == c) {
        coarse->inside[c] += weight;
    } else if (at < j->end[c] && j->column[at] == other) {
        j->weight[at] += weight;
    } else {
        slot[other] = (int32_t)(j->end[c] - j->room[c]);
        j->column[j->end[c]] = (int32_t)other;
        j->weight[j->end[c]++] = weight;
    }
}

static void
join_row(const joining *j, int64_t c, int32_t *slot)
{
    const conceptdec_i_level *fine = j->fine;
    j->end[c] = j->room[c];
    for (int64_t k = j->start[c]; k < j->start[c + 1]; k++) {
        int64_t i = j->child[k];
        if (fine->inside)
            add_edge(j, c, c, fine->inside[i] * fine->root[i] * fine->root[i], slot);
        for (int64_t e = fine->first[i]; e < fine->first[i + 1]; e++) {
            int64_t other = fine->column[e];
            add_edge(j, c, fine->parent[other], fine->weight[e] * fine->root[i] * fine->root[other], slot);
        }
    }
}

static conceptdec_status
join_task(void *argument, int64_t stripe, int lane)
{
    const joining *j = argument;
    const int64_t parents = j->coarse->n, end = (stripe + 1) * parents / j->stripes;
    (void)lane;
    for (int64_t c = stripe * parents / j->stripes; c < end; c++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(j->ctx, c));
        join_row(j, c, j->slots + stripe * parents);
    }
    return CONCEPTDEC_OK;
}

/* To their places in the level. */
static conceptdec_status
move_task(void *argument, int64_t task, int lane)
{
    const joining *j = argument;
    const conceptdec_i_level *coarse = j->coarse;
    const int64_t end = task_end(task, ROWS, coarse->n);
    (void)lane;
    for (int64_t c = task * ROWS; c < end; c++) {
        const size_t count = (size_t)(j->end[c] - j->room[c]);
        memcpy(coarse->column + coarse->first[c], j->column + j->room[c], count * sizeof *j->column);
        memcpy(coarse->weight + coarse->first[c], j->weight + j->room[c], count * sizeof *j->weight);
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
join_edges(conceptdec_i_arena *arena, joining *j)
{
    conceptdec_i_level *coarse = j->coarse;
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(j->ctx, j->stripes, join_task, j));
    for (int64_t c = 0; c < coarse->n; c++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(j->ctx, c));
        coarse->first[c + 1] = j->end[c] - j->room[c];
    }
    CONCEPTDEC_I_TRY(add_up(j->ctx, coarse));
    CONCEPTDEC_I_TRY(take_edges(arena, coarse));
    return by_rows(j->ctx, coarse->n, move_task, j);
}

/* scratch: of the joining alone. */
static conceptdec_status
join(conceptdec_i_arena *arena, conceptdec_i_arena *scratch, joining *j)
{
    CONCEPTDEC_I_TRY(open_joining(scratch, j));
    CONCEPTDEC_I_TRY(list_children(j));
    CONCEPTDEC_I_TRY(join_roots(j));
    return join_edges(arena, j);
}

conceptdec_status
conceptdec_i_level_coarsen(conceptdec_i_arena *arena, conceptdec_i_level *fine, conceptdec_i_level *coarse)
{
    int64_t n = 0;
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take(arena, "spectral start", fine->n, sizeof(int32_t), (void **)&fine->parent));
    CONCEPTDEC_I_TRY(match(arena->ctx, fine, &n));
    CONCEPTDEC_I_TRY(take_vertices(arena, n, coarse));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "spectral start", n, sizeof(double), (void **)&coarse->inside));
    conceptdec_i_arena scratch;
    conceptdec_i_arena_open(&scratch, arena->ctx);
    joining j = {.ctx = arena->ctx, .fine = fine, .coarse = coarse};
    const conceptdec_status status = join(arena, &scratch, &j);
    conceptdec_i_arena_close(&scratch);
    return status;
}

conceptdec_status
conceptdec_i_level_prolong(conceptdec_ctx *ctx, const conceptdec_i_level *fine, const conceptdec_i_level *coarse,
                           int64_t width, const double *from, double *to)
{
    for (int64_t i = 0; i < fine->n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(ctx, i));
        int64_t c = fine->parent[i];
        double share = fine->root[i] / coarse->root[c];
        for (int64_t k = 0; k < width; k++)
            to[i * width + k] = share * from[c * width + k];
    }
    return CONCEPTDEC_OK;
}

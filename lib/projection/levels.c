/* Graphs for the spectral start: one part of the graph, and the same with its vertices joined. */
#include "projection/levels.h"

#include <math.h>

enum { POLL = 4096 }; /* vertices between two looks at the cancel flag */

static conceptdec_status
poll_at(conceptdec_ctx *ctx, int64_t vertex)
{
    return vertex % POLL ? CONCEPTDEC_OK : conceptdec_i_poll(ctx, 0);
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

/* Degrees into root, numbers of edges into first. */
static conceptdec_status
measure(conceptdec_ctx *ctx, const conceptdec_i_graph *graph, const int32_t *member, conceptdec_i_level *level)
{
    for (int64_t i = 0; i < level->n; i++) {
        int64_t edges = 0;
        double degree = 0;
        CONCEPTDEC_I_TRY(poll_at(ctx, i));
        for (int64_t e = graph->first[member[i]]; e < graph->first[member[i] + 1]; e++)
            if (graph->weight[e] > 0) {
                degree += (double)graph->weight[e];
                edges++;
            }
        level->root[i] = degree;
        level->first[i + 1] = level->first[i] + edges;
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
copy_edges(conceptdec_ctx *ctx, const conceptdec_i_graph *graph, const int32_t *member, const int32_t *place,
           conceptdec_i_level *level)
{
    for (int64_t i = 0; i < level->n; i++) {
        int64_t to = level->first[i];
        CONCEPTDEC_I_TRY(poll_at(ctx, i));
        for (int64_t e = graph->first[member[i]]; e < graph->first[member[i] + 1]; e++)
            if (graph->weight[e] > 0) {
                int32_t j = place[graph->column[e]];
                level->column[to] = j;
                level->weight[to++] = (double)graph->weight[e] / (level->root[i] * level->root[j]);
            }
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_level_open(conceptdec_i_arena *arena, const conceptdec_i_graph *graph, const int32_t *member, int64_t n,
                        const int32_t *place, conceptdec_i_level *level)
{
    double total = 0;
    CONCEPTDEC_I_TRY(take_vertices(arena, n, level));
    CONCEPTDEC_I_TRY(measure(arena->ctx, graph, member, level));
    CONCEPTDEC_I_TRY(take_edges(arena, level));
    for (int64_t i = 0; i < n; i++) {
        total += level->root[i];
        level->root[i] = sqrt(level->root[i]);
    }
    CONCEPTDEC_I_TRY(copy_edges(arena->ctx, graph, member, place, level));
    for (int64_t i = 0; i < n; i++)
        level->root[i] /= sqrt(total);
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
    for (int64_t i = 0; i < level->n; i++)
        level->parent[i] = -1;
    for (int64_t i = 0; i < level->n; i++) {
        CONCEPTDEC_I_TRY(poll_at(ctx, i));
        int64_t mate = level->parent[i] < 0 ? heaviest(level, i, true) : -1;
        if (mate >= 0)
            level->parent[i] = level->parent[mate] = parents++;
    }
    for (int64_t i = 0; i < level->n; i++) {
        CONCEPTDEC_I_TRY(poll_at(ctx, i));
        if (level->parent[i] < 0)
            level->parent[i] = level->parent[heaviest(level, i, false)];
    }
    *n = parents;
    return CONCEPTDEC_OK;
}

/* Which fine vertices a coarse one has: child[start[c]] ... child[start[c + 1] - 1]. */
typedef struct joining {
    conceptdec_ctx *ctx;
    const conceptdec_i_level *fine;
    conceptdec_i_level *coarse;
    int64_t *start;
    int32_t *child;
    int64_t *slot; /* of a coarse vertex: the edge that the row at hand has to it, if it is one of this row's */
} joining;

static conceptdec_status
open_joining(conceptdec_i_arena *arena, joining *j)
{
    int64_t n = j->fine->n, parents = j->coarse->n;
    const char *what = "spectral start";
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, what, parents + 2, sizeof(int64_t), (void **)&j->start));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, what, n, sizeof(int32_t), (void **)&j->child));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, what, parents, sizeof(int64_t), (void **)&j->slot));
    for (int64_t i = 0; i < n; i++)
        j->start[j->fine->parent[i] + 2]++;
    for (int64_t c = 0; c < parents; c++)
        j->start[c + 2] += j->start[c + 1];
    for (int64_t i = 0; i < n; i++)
        j->child[j->start[j->fine->parent[i] + 1]++] = (int32_t)i;
    for (int64_t c = 0; c < parents; c++)
        j->slot[c] = -1;
    return CONCEPTDEC_OK;
}

static void
join_roots(const joining *j)
{
    for (int64_t c = 0; c < j->coarse->n; c++) {
        double sum = 0;
        for (int64_t k = j->start[c]; k < j->start[c + 1]; k++)
            sum += j->fine->root[j->child[k]] * j->fine->root[j->child[k]];
        j->coarse->root[c] = sqrt(sum);
    }
}

/* The number of other coarse vertices that vertex c is joined with. */
static int64_t
count_row(const joining *j, int64_t c)
{
    int64_t count = 0;
    for (int64_t k = j->start[c]; k < j->start[c + 1]; k++) {
        int64_t i = j->child[k];
        for (int64_t e = j->fine->first[i]; e < j->fine->first[i + 1]; e++) {
            int64_t other = j->fine->parent[j->fine->column[e]];
            if (other == c || j->slot[other] == c)
                continue;
            j->slot[other] = c;
            count++;
        }
    }
    return count;
}

static void
add_edge(const joining *j, int64_t c, int64_t other, double weight, int64_t *end)
{
    conceptdec_i_level *coarse = j->coarse;
    weight /= coarse->root[c] * coarse->root[other];
    if (other == c) {
        coarse->inside[c] += weight;
    } else if (j->slot[other] >= coarse->first[c]) {
        coarse->weight[j->slot[other]] += weight;
    } else {
        j->slot[other] = *end;
        coarse->column[*end] = (int32_t)other;
        coarse->weight[(*end)++] = weight;
    }
}

static void
fill_row(const joining *j, int64_t c)
{
    const conceptdec_i_level *fine = j->fine;
    int64_t end = j->coarse->first[c];
    for (int64_t k = j->start[c]; k < j->start[c + 1]; k++) {
        int64_t i = j->child[k];
        if (fine->inside)
            add_edge(j, c, c, fine->inside[i] * fine->root[i] * fine->root[i], &end);
        for (int64_t e = fine->first[i]; e < fine->first[i + 1]; e++) {
            int64_t other = fine->column[e];
            add_edge(j, c, fine->parent[other], fine->weight[e] * fine->root[i] * fine->root[other], &end);
        }
    }
}

static conceptdec_status
join_edges(conceptdec_i_arena *arena, const joining *j)
{
    conceptdec_i_level *coarse = j->coarse;
    for (int64_t c = 0; c < coarse->n; c++) {
        CONCEPTDEC_I_TRY(poll_at(j->ctx, c));
        coarse->first[c + 1] = coarse->first[c] + count_row(j, c);
    }
    CONCEPTDEC_I_TRY(take_edges(arena, coarse));
    for (int64_t c = 0; c < coarse->n; c++)
        j->slot[c] = -1;
    for (int64_t c = 0; c < coarse->n; c++) {
        CONCEPTDEC_I_TRY(poll_at(j->ctx, c));
        fill_row(j, c);
    }
    return CONCEPTDEC_OK;
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
    conceptdec_status status = open_joining(&scratch, &j);
    if (status == CONCEPTDEC_OK) {
        join_roots(&j);
        status = join_edges(arena, &j);
    }
    conceptdec_i_arena_close(&scratch);
    return status;
}

void
conceptdec_i_level_prolong(const conceptdec_i_level *fine, const conceptdec_i_level *coarse, int64_t width,
                           const double *from, double *to)
{
    for (int64_t i = 0; i < fine->n; i++) {
        int64_t c = fine->parent[i];
        double share = fine->root[i] / coarse->root[c];
        for (int64_t k = 0; k < width; k++)
            to[i * width + k] = share * from[c * width + k];
    }
}

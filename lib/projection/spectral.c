/* The parts of the graph, their eigenvectors from coarse to fine, and their places beside each other. */
#include "projection/spectral.h"

#include <math.h>
#include <string.h>

#include "projection/subspace.h"

enum {
    LEVELS = 32,
    COARSEST = 400, /* vertices that are not joined any further */
    FILTER = 32,    /* degree of the filters at the finest level; longer ones at levels with fewer edges */
    FILTER_MOST = 256,
    PRODUCTS = 300, /* cap at the finest level */
    LARGE = 2048,   /* vertices from which threads can share a part's products */
    FEW = 8         /* parts, at most, that they do share: others are enough to give each thread its own */
};
#define TOLERANCE 1e-4        /* beside a hundredth of the eigenvalue */
#define TOLERANCE_COARSE 1e-6 /* of all levels but the finest */
#define FILLED 0.8            /* of the side of a part's square */

typedef struct parts {
    conceptdec_ctx *ctx;
    const conceptdec_i_graph *graph;
    int64_t count;
    int32_t *member;  /* vertices by part: of part p from first[p] on */
    int32_t *place;   /* of a vertex in its part */
    int64_t *first;   /* count + 1 */
    int32_t *by_size; /* parts, the largest first */
    int64_t n_large;  /* of them: those whose work threads share */
    double *centre;   /* count x 2 */
} parts;

/* ---- connected parts ---- */

/* All vertices that can be reached from `vertex`, in the order of a walk in breadth: neighbours lie close to each
 * other, also in memory. */
static conceptdec_status
flood(parts *p, int64_t vertex)
{
    const conceptdec_i_graph *graph = p->graph;
    int32_t *queue = p->member + p->first[p->count];
    int64_t end = 1;
    queue[0] = (int32_t)vertex;
    p->place[vertex] = 0;
    for (int64_t i = 0; i < end; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(p->ctx, p->first[p->count] + i));
        for (int64_t e = graph->first[queue[i]]; e < graph->first[queue[i] + 1]; e++) {
            int32_t other = graph->column[e];
            if (graph->weight[e] > 0 && p->place[other] < 0) {
                p->place[other] = (int32_t)end;
                queue[end++] = other;
            }
        }
    }
    p->first[p->count + 1] = p->first[p->count] + end;
    p->count++;
    return CONCEPTDEC_OK;
}

/* The largest first, equal ones by their first vertex, by counting. */
static conceptdec_status
sort_parts(parts *p, int64_t *count)
{
    int64_t n = p->graph->n, before = 0;
    for (int64_t c = 0; c < p->count; c++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(p->ctx, c));
        count[p->first[c + 1] - p->first[c]]++;
    }
    for (int64_t size = n; size > 0; size--) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(p->ctx, size));
        int64_t here = count[size];
        count[size] = before;
        before += here;
    }
    for (int64_t c = 0; c < p->count; c++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(p->ctx, c));
        const int64_t size = p->first[c + 1] - p->first[c];
        p->by_size[count[size]++] = (int32_t)c;
        p->n_large += size >= LARGE && size > n / FEW;
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
find_parts(conceptdec_i_arena *arena, parts *p)
{
    const char *what = "spectral start";
    int64_t n = p->graph->n, *count;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, what, n, sizeof(int32_t), (void **)&p->member));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, what, n, sizeof(int32_t), (void **)&p->place));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, what, n + 1, sizeof(int64_t), (void **)&p->first));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, what, n + 1, sizeof(int64_t), (void **)&count));
    for (int64_t i = 0; i < n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(p->ctx, i));
        p->place[i] = -1;
    }
    for (int64_t i = 0; i < n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(p->ctx, i));
        if (p->place[i] < 0)
            CONCEPTDEC_I_TRY(flood(p, i));
    }
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, what, p->count, sizeof(int32_t), (void **)&p->by_size));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, what, 2 * p->count, sizeof(double), (void **)&p->centre));
    return sort_parts(p, count);
}

/* ---- squares beside each other ---- */

static double
side(const parts *p, int64_t part)
{
    return sqrt((double)(p->first[part + 1] - p->first[part]));
}

/* Rows of squares from large to small, about as high in all as wide; all in one row where there is one dimension.
 * Centres are relative to the middle. */
static conceptdec_status
arrange(parts *p, int64_t n_components)
{
    double limit = n_components > 1 ? 1.2 * sqrt((double)p->graph->n) : INFINITY;
    double x = 0, y = 0, height = 0, width = 0;
    for (int64_t i = 0; i < p->count; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(p->ctx, i));
        int64_t part = p->by_size[i];
        double length = side(p, part);
        if (x > 0 && x + length > limit) {
            y += height;
            x = height = 0;
        }
        height = height > length ? height : length;
        p->centre[2 * part] = x + length / 2;
        p->centre[2 * part + 1] = y + length / 2;
        x += length;
        width = width > x ? width : x;
    }
    for (int64_t c = 0; c < p->count; c++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(p->ctx, c));
        p->centre[2 * c] -= width / 2;
        p->centre[2 * c + 1] -= (y + height) / 2;
    }
    return CONCEPTDEC_OK;
}

/* ---- one part ---- */

typedef struct ladder {
    conceptdec_i_arena *arena;
    conceptdec_i_level level[LEVELS]; /* the finest first */
    int levels;
    conceptdec_i_subspace subspace;
} ladder;

/* Two joinings from one level to the next that is solved: the graphs fill up while they shrink. */
static bool
is_solved(const ladder *l, int level)
{
    return level % 2 == 0 || level == l->levels - 1;
}

static conceptdec_status
build_ladder(ladder *l)
{
    int64_t least = l->subspace.width + 8;
    l->levels = 1;
    while (l->levels < LEVELS && l->level[l->levels - 1].n > COARSEST) {
        conceptdec_i_level *fine = &l->level[l->levels - 1];
        CONCEPTDEC_I_TRY(conceptdec_i_level_coarsen(l->arena, fine, fine + 1));
        if (fine[1].n < least)
            break;
        l->levels++;
    }
    return CONCEPTDEC_OK;
}

/* Coarse levels cost little, and what they leave undone takes the finer ones many products. */
static void
set_effort(ladder *l, int level)
{
    conceptdec_i_subspace *s = &l->subspace;
    const int64_t edges = l->level[level].first[l->level[level].n], most = l->level[0].first[l->level[0].n];
    int64_t longest = FILTER * (most / edges);
    s->longest = longest < FILTER_MOST ? longest : FILTER_MOST;
    s->tolerance = level == 0 ? TOLERANCE : TOLERANCE_COARSE;
    s->products = level == 0 ? PRODUCTS : level == l->levels - 1 ? 8 * FILTER_MOST : 2 * s->longest;
}

static conceptdec_status
solve_level(ladder *l, int level)
{
    conceptdec_i_arena scratch;
    l->subspace.level = &l->level[level];
    set_effort(l, level);
    if (level == l->levels - 1)
        CONCEPTDEC_I_TRY(conceptdec_i_subspace_random(l->arena->ctx, &l->subspace));
    conceptdec_i_arena_open(&scratch, l->arena->ctx);
    conceptdec_status status = conceptdec_i_subspace_solve(&scratch, &l->subspace);
    conceptdec_i_arena_close(&scratch);
    return status;
}

/* Every level starts where the coarser one ended. */
static conceptdec_status
climb(ladder *l)
{
    conceptdec_i_subspace *s = &l->subspace;
    for (int level = l->levels - 1; level >= 0; level--) {
        if (level < l->levels - 1) {
            double *coarse = s->x;
            CONCEPTDEC_I_TRY(conceptdec_i_level_prolong(l->arena->ctx, &l->level[level], &l->level[level + 1],
                                                        s->width, coarse, s->y));
            s->x = s->y;
            s->y = coarse;
        }
        if (is_solved(l, level))
            CONCEPTDEC_I_TRY(solve_level(l, level));
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
solve_part(ladder *l, const parts *p, int64_t part, uint64_t seed, int64_t n_components)
{
    conceptdec_i_subspace *s = &l->subspace;
    int64_t n = p->first[part + 1] - p->first[part];
    s->wanted = n_components;
    s->width = conceptdec_i_subspace_width(n_components);
    s->seed = seed;
    const char *what = "spectral start";
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(l->arena, what, n * s->width, sizeof(double), (void **)&s->x));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(l->arena, what, n * s->width, sizeof(double), (void **)&s->y));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(l->arena, what, s->width, sizeof(double), (void **)&s->theta));
    CONCEPTDEC_I_TRY(
        conceptdec_i_level_open(l->arena, p->graph, p->member + p->first[part], n, p->place, &l->level[0]));
    if (n <= CONCEPTDEC_I_SUBSPACE_DENSE || n <= s->width + 8) {
        s->level = &l->level[0];
        return conceptdec_i_subspace_dense(l->arena, s);
    }
    CONCEPTDEC_I_TRY(build_ladder(l));
    return climb(l);
}

/* The element of the largest magnitude above 0, in every column; the vertex with the lowest number where several have
 * it. */
static conceptdec_status
fix_signs(conceptdec_ctx *ctx, const conceptdec_i_subspace *s, const int32_t *member)
{
    for (int64_t k = 0; k < s->wanted; k++) {
        int64_t most = 0;
        for (int64_t i = 1; i < s->level->n; i++) {
            CONCEPTDEC_I_TRY(conceptdec_i_poll_at(ctx, i));
            double more = fabs(s->x[i * s->width + k]) - fabs(s->x[most * s->width + k]);
            if (more > 0 || (more == 0 && member[i] < member[most]))
                most = i;
        }
        const double sign = s->x[most * s->width + k] < 0 ? -1 : 1;
        for (int64_t i = 0; sign < 0 && i < s->level->n; i++) {
            CONCEPTDEC_I_TRY(conceptdec_i_poll_at(ctx, i));
            s->x[i * s->width + k] *= sign;
        }
    }
    return CONCEPTDEC_OK;
}

/* ---- all parts ---- */

typedef struct placing {
    parts *parts;
    int64_t n_components;
    uint64_t seed;
    double *start;
    bool *converged; /* of each part */
} placing;

/* values: n x stride, brought into the part's square. */
static conceptdec_status
place_part(const placing *g, int64_t part, const double *values, int64_t stride)
{
    const parts *p = g->parts;
    int64_t n = p->first[part + 1] - p->first[part];
    double most = 0;
    for (int64_t i = 0; i < n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(p->ctx, i));
        for (int64_t k = 0; k < g->n_components; k++)
            most = fmax(most, fabs(values[i * stride + k]));
    }
    double factor = most > 0 ? FILLED * side(p, part) / 2 / most : 0;
    for (int64_t i = 0; i < n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(p->ctx, i));
        double *to = g->start + p->member[p->first[part] + i] * g->n_components;
        for (int64_t k = 0; k < g->n_components; k++)
            to[k] = (k < 2 ? p->centre[2 * part + k] : 0) + factor * values[i * stride + k];
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
place_randomly(conceptdec_i_arena *arena, const placing *g, int64_t part)
{
    const parts *p = g->parts;
    int64_t m = g->n_components, n = p->first[part + 1] - p->first[part];
    double *values;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "spectral start", n * m, sizeof *values, (void **)&values));
    for (int64_t i = 0; i < n; i++) {
        conceptdec_i_rng rng;
        uint64_t item = (uint64_t)p->member[p->first[part] + i];
        conceptdec_i_rng_start(&rng, g->seed, CONCEPTDEC_I_RNG_START, item | UINT64_C(1) << 62);
        for (int64_t k = 0; k < m; k++)
            values[i * m + k] = 2 * conceptdec_i_rng_unit(&rng) - 1;
    }
    return place_part(g, part, values, m);
}

static conceptdec_status
start_part(conceptdec_i_arena *arena, const placing *g, int64_t part)
{
    int64_t m = g->n_components, n = g->parts->first[part + 1] - g->parts->first[part];
    g->converged[part] = true;
    if (n < 2 * m || n <= m + 1)
        return place_randomly(arena, g, part);
    ladder l = {.arena = arena};
    CONCEPTDEC_I_TRY(solve_part(&l, g->parts, part, g->seed, m));
    CONCEPTDEC_I_TRY(fix_signs(arena->ctx, &l.subspace, g->parts->member + g->parts->first[part]));
    CONCEPTDEC_I_TRY(place_part(g, part, l.subspace.x, l.subspace.width));
    g->converged[part] = l.subspace.is_converged;
    return CONCEPTDEC_OK;
}

static conceptdec_status
start_alone(const placing *g, int64_t part)
{
    conceptdec_i_arena scratch;
    conceptdec_i_arena_open(&scratch, g->parts->ctx);
    const conceptdec_status status = start_part(&scratch, g, part);
    conceptdec_i_arena_close(&scratch);
    return status;
}

static conceptdec_status
scale_all(const placing *g)
{
    const int64_t n = g->parts->graph->n, m = g->n_components;
    double most = 0;
    for (int64_t i = 0; i < n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(g->parts->ctx, i));
        for (int64_t k = 0; k < m; k++)
            most = fmax(most, fabs(g->start[i * m + k]));
    }
    for (int64_t i = 0; i < n && most > 0; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(g->parts->ctx, i));
        for (int64_t k = 0; k < m; k++)
            g->start[i * m + k] /= most;
    }
    return CONCEPTDEC_OK;
}

/* Those behind the large ones. */
static conceptdec_status
small_task(void *argument, int64_t task, int lane)
{
    const placing *g = argument;
    const parts *p = g->parts;
    (void)lane;
    return start_alone(g, p->by_size[p->n_large + task]);
}

/* All threads are at work on a large part, and each on one of the small ones. */
static conceptdec_status
start_parts(placing *g)
{
    const parts *p = g->parts;
    for (int64_t i = 0; i < p->n_large; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll(p->ctx, 0));
        CONCEPTDEC_I_TRY(start_alone(g, p->by_size[i]));
    }
    return conceptdec_i_parallel(p->ctx, p->count - p->n_large, small_task, g);
}

static conceptdec_status
start_all(conceptdec_i_arena *arena, placing *g, bool *converged)
{
    parts *p = g->parts;
    CONCEPTDEC_I_TRY(find_parts(arena, p));
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take(arena, "spectral start", p->count, sizeof(bool), (void **)&g->converged));
    CONCEPTDEC_I_TRY(arrange(p, g->n_components));
    CONCEPTDEC_I_TRY(start_parts(g));
    CONCEPTDEC_I_TRY(scale_all(g));
    *converged = true;
    for (int64_t part = 0; part < p->count; part++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(p->ctx, part));
        *converged = *converged && g->converged[part];
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_spectral(conceptdec_i_arena *arena, const conceptdec_i_graph *graph, int64_t n_components, uint64_t seed,
                      double *start, bool *converged)
{
    parts p = {.ctx = arena->ctx, .graph = graph};
    placing g = {.parts = &p, .n_components = n_components, .seed = seed, .start = start};
    conceptdec_i_arena own;
    conceptdec_i_arena_open(&own, arena->ctx);
    conceptdec_i_stage(arena->ctx, "spectral start", PRODUCTS * (graph->n / 2048 + 1)); /* less, as a rule */
    conceptdec_status status = start_all(&own, &g, converged);
    conceptdec_i_arena_close(&own);
    return status;
}

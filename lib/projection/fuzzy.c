/* The fuzzy graph: what samples see of each other, joined, held against labels, and cut into its parts. */
#include <math.h>

#include "projection/umap.h"

/* For edges that come in any order. */
static conceptdec_status
touch_edges(conceptdec_i_arena *arena, int64_t edges, const conceptdec_i_fuzzy *graph)
{
    CONCEPTDEC_I_TRY(conceptdec_i_arena_touch(arena, graph->column, edges * (int64_t)sizeof *graph->column));
    return conceptdec_i_arena_touch(arena, graph->weight, edges * (int64_t)sizeof *graph->weight);
}

static conceptdec_status
take_edges(conceptdec_i_arena *arena, int64_t n, int64_t edges, conceptdec_i_fuzzy *graph)
{
    void *p;
    graph->n = n;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "graph", n + 2, sizeof *graph->first, &p));
    graph->first = p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "graph", edges, sizeof *graph->column, &p));
    graph->column = p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "graph", edges, sizeof *graph->weight, &p));
    graph->weight = p;
    return CONCEPTDEC_OK;
}

/* ---- joining ---- */

static int64_t
listed(const conceptdec_i_lists *lists, int64_t i)
{
    return lists->count[i] < lists->k ? lists->count[i] : lists->k;
}

/* first[i + 2] counts the edges of row i; then first[i + 1] is where the next one goes, and in the end where they
 * end. */
static conceptdec_status
add_up(conceptdec_ctx *ctx, conceptdec_i_fuzzy *out)
{
    for (int64_t i = 0; i < out->n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(ctx, i));
        out->first[i + 2] += out->first[i + 1];
    }
    return CONCEPTDEC_OK;
}

static void
put(conceptdec_i_fuzzy *out, int64_t row, int64_t column, double weight)
{
    const int64_t to = out->first[row + 1]++;
    out->column[to] = (int32_t)column;
    out->weight[to] = weight;
}

/* Who sees each sample: the transpose of lists, whose columns ascend, since rows are visited in order. */
static conceptdec_status
turn_lists(conceptdec_i_arena *arena, const conceptdec_i_lists *lists, const double *weight, conceptdec_i_fuzzy *out)
{
    CONCEPTDEC_I_TRY(take_edges(arena, lists->n, lists->n * lists->k, out));
    CONCEPTDEC_I_TRY(touch_edges(arena, lists->n * lists->k, out));
    for (int64_t i = 0; i < lists->n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(arena->ctx, i));
        for (int64_t j = 0; j < listed(lists, i); j++)
            out->first[lists->index[i * lists->stride + j] + 2]++;
    }
    CONCEPTDEC_I_TRY(add_up(arena->ctx, out));
    for (int64_t i = 0; i < lists->n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(arena->ctx, i));
        for (int64_t j = 0; j < listed(lists, i); j++)
            put(out, lists->index[i * lists->stride + j], i, weight[i * lists->k + j]);
    }
    out->n_edges = out->first[out->n];
    return CONCEPTDEC_OK;
}

static conceptdec_status
transpose(conceptdec_i_arena *arena, const conceptdec_i_fuzzy *in, conceptdec_i_fuzzy *out)
{
    CONCEPTDEC_I_TRY(take_edges(arena, in->n, in->n_edges, out));
    CONCEPTDEC_I_TRY(touch_edges(arena, in->n_edges, out));
    for (int64_t i = 0; i < in->n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(arena->ctx, i));
        for (int64_t e = in->first[i]; e < in->first[i + 1]; e++)
            out->first[in->column[e] + 2]++;
    }
    CONCEPTDEC_I_TRY(add_up(arena->ctx, out));
    for (int64_t i = 0; i < in->n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(arena->ctx, i));
        for (int64_t e = in->first[i]; e < in->first[i + 1]; e++)
            put(out, in->column[e], i, in->weight[e]);
    }
    out->n_edges = in->n_edges;
    return CONCEPTDEC_OK;
}

/* Appends an edge unless its weight is 0, also in single precision, in which it is followed. */
static void
append(conceptdec_i_fuzzy *out, int32_t column, double a, double b, double mix)
{
    const double weight = mix * (a + b - a * b) + (1 - mix) * (a * b);
    if ((float)weight > 0) {
        out->column[out->n_edges] = column;
        out->weight[out->n_edges++] = weight;
    }
}

/* Two matrices of the same shape, element by element. */
static conceptdec_status
join(conceptdec_ctx *ctx, const conceptdec_i_fuzzy *a, const conceptdec_i_fuzzy *b, double mix, conceptdec_i_fuzzy *out)
{
    for (int64_t i = 0; i < a->n; i++) {
        int64_t at = a->first[i], bt = b->first[i];
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(ctx, i));
        while (at < a->first[i + 1] || bt < b->first[i + 1]) {
            const int32_t left = at < a->first[i + 1] ? a->column[at] : INT32_MAX;
            const int32_t right = bt < b->first[i + 1] ? b->column[bt] : INT32_MAX;
            const double mine = left <= right ? a->weight[at++] : 0, other = right <= left ? b->weight[bt++] : 0;
            append(out, left < right ? left : right, mine, other, mix);
        }
        out->first[i + 1] = out->n_edges;
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_fuzzy_join(conceptdec_i_arena *arena, const conceptdec_i_lists *lists, const double *weight, double mix,
                        conceptdec_i_fuzzy *fuzzy)
{
    conceptdec_i_fuzzy seen = {0}, seeing = {0};
    *fuzzy = (conceptdec_i_fuzzy){0};
    CONCEPTDEC_I_TRY(turn_lists(arena, lists, weight, &seeing));
    CONCEPTDEC_I_TRY(transpose(arena, &seeing, &seen));
    CONCEPTDEC_I_TRY(take_edges(arena, lists->n, 2 * seen.n_edges, fuzzy));
    return join(arena->ctx, &seen, &seeing, mix, fuzzy);
}

/* ---- labels ---- */

static double
weaken(double target_weight, int64_t a, int64_t b)
{
    if (a < 0 || b < 0)
        return exp(-1);
    if (a == b)
        return 1;
    return target_weight < 1 ? exp(-2.5 / (1 - target_weight)) : 0;
}

/* Divides weights by the largest. */
static void
make_relative(double *weight, int64_t n)
{
    double most = 0;
    for (int64_t e = 0; e < n; e++)
        if (weight[e] > most)
            most = weight[e];
    for (int64_t e = 0; most > 0 && e < n; e++)
        weight[e] /= most;
}

conceptdec_status
conceptdec_i_fuzzy_label(conceptdec_i_arena *arena, const int64_t *labels, double target_weight,
                         conceptdec_i_fuzzy *fuzzy)
{
    conceptdec_i_fuzzy mirror = {0}, joined = {0};
    for (int64_t i = 0; i < fuzzy->n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(arena->ctx, i));
        for (int64_t e = fuzzy->first[i]; e < fuzzy->first[i + 1]; e++)
            fuzzy->weight[e] *= weaken(target_weight, labels[i], labels[fuzzy->column[e]]);
        make_relative(fuzzy->weight + fuzzy->first[i], fuzzy->first[i + 1] - fuzzy->first[i]);
    }
    CONCEPTDEC_I_TRY(transpose(arena, fuzzy, &mirror));
    CONCEPTDEC_I_TRY(take_edges(arena, fuzzy->n, fuzzy->n_edges, &joined));
    CONCEPTDEC_I_TRY(join(arena->ctx, fuzzy, &mirror, 1, &joined));
    *fuzzy = joined;
    return CONCEPTDEC_OK;
}

/* ---- parts ---- */

typedef struct spreading {
    conceptdec_ctx *ctx;
    const conceptdec_i_fuzzy *fuzzy;
    int64_t *part;
    int32_t *stack;
    int64_t visited;
} spreading;

/* Everything that can be reached from `start`. */
static conceptdec_status
spread_part(spreading *s, int32_t start, int64_t number)
{
    const conceptdec_i_fuzzy *fuzzy = s->fuzzy;
    int64_t depth = 1;
    s->stack[0] = start;
    s->part[start] = number;
    while (depth > 0) {
        const int32_t i = s->stack[--depth];
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(s->ctx, s->visited++));
        for (int64_t e = fuzzy->first[i]; e < fuzzy->first[i + 1]; e++)
            if (s->part[fuzzy->column[e]] < 0) {
                s->part[fuzzy->column[e]] = number;
                s->stack[depth++] = fuzzy->column[e];
            }
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_fuzzy_parts(conceptdec_i_arena *arena, const conceptdec_i_fuzzy *fuzzy, int64_t *part)
{
    void *stack;
    int64_t parts = 0;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "graph", fuzzy->n, sizeof(int32_t), &stack));
    spreading s = {.ctx = arena->ctx, .fuzzy = fuzzy, .part = part, .stack = stack};
    for (int64_t i = 0; i < fuzzy->n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(arena->ctx, i));
        part[i] = -1;
    }
    for (int64_t i = 0; i < fuzzy->n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(arena->ctx, i));
        if (part[i] < 0)
            CONCEPTDEC_I_TRY(spread_part(&s, (int32_t)i, parts++));
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_fuzzy_graph(conceptdec_i_arena *arena, const conceptdec_i_fuzzy *fuzzy, conceptdec_i_graph *graph)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "graph", fuzzy->n_edges, sizeof(float), &p));
    float *weight = p;
    for (int64_t i = 0; i < fuzzy->n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(arena->ctx, i));
        for (int64_t e = fuzzy->first[i]; e < fuzzy->first[i + 1]; e++)
            weight[e] = (float)fuzzy->weight[e];
    }
    *graph = (conceptdec_i_graph){fuzzy->n, fuzzy->first, fuzzy->column, weight};
    return CONCEPTDEC_OK;
}

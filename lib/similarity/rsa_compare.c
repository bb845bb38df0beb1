/* Two lists of dissimilarities compared. Where both are whole and each pair counts once, means and lengths are known,
 * and a draw of the null is one sum of products; else what counts in both is gathered first. */
#include <math.h>

#include "linalg/gram.h"
#include "similarity/rsa.h"
#include "stats/order.h"

#define LOOK (INT64_C(1) << 18) /* pairs between two looks at the cancel flag */

/* Pairs that count in both. */
typedef struct gathered {
    int64_t count;
    double *x, *y;
    int32_t *weight; /* NULL: each once */
} gathered;

/* Numbers of one value, but for roundings, correlate with nothing. */
static bool
is_one_value(double least, double largest)
{
    return largest - least <= CONCEPTDEC_I_RSA_SAME * fmax(fabs(least), fabs(largest));
}

/* ---- whole lists ---- */

conceptdec_status
conceptdec_i_rsa_describe(const conceptdec_i_rsa *rsa, conceptdec_i_rsa_view *view)
{
    bool is_cosine = rsa->s->options.comparison == CONCEPTDEC_COMPARE_COSINE;
    double least = view->values[0], largest = least, sum = 0, square = 0;
    for (int64_t i = 0; i < rsa->items; i++) {
        double row = 0;
        CONCEPTDEC_I_TRY(conceptdec_i_poll(rsa->s->ctx, 0));
        for (int64_t j = i + 1; j < rsa->items; j++) {
            double value = view->values[rsa->start[i] + j];
            least = fmin(least, value);
            largest = fmax(largest, value);
            row += value;
        }
        sum += row;
    }
    view->mean = is_cosine ? 0 : sum / (double)rsa->pairs;
    for (int64_t i = 0; i < rsa->items; i++) {
        double row = 0;
        CONCEPTDEC_I_TRY(conceptdec_i_poll(rsa->s->ctx, 0));
        for (int64_t j = i + 1; j < rsa->items; j++) {
            double value = view->values[rsa->start[i] + j] - view->mean;
            row += value * value;
        }
        square += row;
    }
    view->norm = !is_cosine && is_one_value(least, largest) ? (double)NAN : sqrt(square);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_rsa_share(void *argument, conceptdec_i_arena *arena, int64_t room, const conceptdec_i_meeting *meeting,
                       void **shared, int64_t *bytes)
{
    const conceptdec_i_rsa *rsa = argument;
    const conceptdec_i_rsa_view *y = meeting->pair.y;
    const int64_t n = rsa->items, all = 8 * n * n;
    if (!rsa->s->null || rsa->s->options.comparison == CONCEPTDEC_COMPARE_KENDALL || !y->is_whole || all > room)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "dissimilarities", n * n, sizeof(double), shared));
    double *square = *shared;
    *bytes = all;
    for (int64_t i = 0; i < n; i++) {
        square[i * n + i] = 0;
        for (int64_t j = i + 1; j < n; j++)
            square[i * n + j] = y->values[rsa->start[i] + j] - y->mean;
    }
    return conceptdec_i_gram_complete(rsa->s->ctx, square, n, n);
}

/* What goes with pairs (i, j > i) of the first: of the second, less its mean. */
static void
fetch(const conceptdec_i_rsa *rsa, const conceptdec_i_meeting *meeting, int64_t i, double *restrict out)
{
    const conceptdec_i_rsa_view *y = meeting->pair.y;
    const int64_t n = rsa->items, *start = rsa->start;
    const int32_t *order = meeting->pair.order;
    if (!order) {
        for (int64_t j = i + 1; j < n; j++)
            out[j] = y->values[start[i] + j] - y->mean;
    } else if (meeting->shared) {
        const double *row = (const double *)meeting->shared + order[i] * n;
        for (int64_t j = i + 1; j < n; j++)
            out[j] = row[order[j]];
    } else {
        for (int64_t j = i + 1, first = order[i]; j < n; j++) {
            int64_t second = order[j], at = first < second ? start[first] + second : start[second] + first;
            out[j] = y->values[at] - y->mean;
        }
    }
}

static double
sum_products(const double *restrict x, double mean, const double *restrict y, int64_t count)
{
    double sums[8] = {0};
    int64_t i = 0;
    for (; i + 8 <= count; i += 8)
        for (int64_t k = 0; k < 8; k++)
            sums[k] += (x[i + k] - mean) * y[i + k];
    for (; i < count; i++)
        sums[0] += (x[i] - mean) * y[i];
    return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

/* Of all first views that are whole: what the second one has is fetched once for them. */
static conceptdec_status
compare_whole(conceptdec_i_arena *arena, const conceptdec_i_rsa *rsa, const conceptdec_i_meeting *meeting,
              double *values)
{
    const int64_t n = rsa->items;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "dissimilarities", n, sizeof(double), &p));
    double *row = p;
    for (int64_t k = 0; k < meeting->count; k++)
        values[k] = 0;
    for (int64_t i = 0; i < n; i++) {
        fetch(rsa, meeting, i, row);
        for (int64_t k = 0; k < meeting->count; k++) {
            const conceptdec_i_rsa_view *x = meeting->x[k];
            if (x->is_whole)
                values[k] += sum_products(x->values + rsa->start[i] + i + 1, x->mean, row + i + 1, n - i - 1);
        }
        CONCEPTDEC_I_TRY(conceptdec_i_poll(rsa->s->ctx, 0));
    }
    for (int64_t k = 0; k < meeting->count; k++)
        values[k] = rsa->pairs < 2 ? (double)NAN
                                   : values[k] / ((const conceptdec_i_rsa_view *)meeting->x[k])->norm /
                                         ((const conceptdec_i_rsa_view *)meeting->pair.y)->norm;
    return CONCEPTDEC_OK;
}

/* ---- gathered lists ---- */

static void
gather_row(const conceptdec_i_rsa *rsa, const conceptdec_i_pair *pair, int64_t i, gathered *g)
{
    const conceptdec_i_rsa_view *x = pair->x, *y = pair->y;
    const int32_t *order = pair->order, *times = pair->times;
    for (int64_t j = i + 1; j < rsa->items; j++) {
        int64_t first = order ? order[i] : i, second = order ? order[j] : j;
        int64_t at = first < second ? rsa->start[first] + second : rsa->start[second] + first;
        double a = x->values[rsa->start[i] + j], b = y->values[at];
        if (isnan(a) || isnan(b) || (times && times[j] == 0))
            continue;
        g->x[g->count] = a;
        g->y[g->count] = b;
        if (times)
            g->weight[g->count] = times[i] * times[j];
        g->count++;
    }
}

static conceptdec_status
gather(conceptdec_i_arena *arena, const conceptdec_i_rsa *rsa, const conceptdec_i_pair *pair, gathered *g)
{
    void *p[3] = {NULL};
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "pairs", rsa->pairs, sizeof(double), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "pairs", rsa->pairs, sizeof(double), &p[1]));
    if (pair->times)
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "pairs", rsa->pairs, sizeof(int32_t), &p[2]));
    *g = (gathered){.x = p[0], .y = p[1], .weight = p[2]};
    for (int64_t i = 0; i < rsa->items; i++) {
        if (!pair->times || pair->times[i] > 0)
            gather_row(rsa, pair, i, g);
        CONCEPTDEC_I_TRY(conceptdec_i_poll(rsa->s->ctx, 0));
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
look(conceptdec_ctx *ctx, int64_t i)
{
    return i % LOOK == 0 ? conceptdec_i_poll(ctx, 0) : CONCEPTDEC_OK;
}

static double
weight_of(const gathered *g, int64_t i)
{
    return g->weight ? g->weight[i] : 1;
}

static bool
is_constant(const double *x, int64_t count)
{
    double least = x[0], largest = x[0];
    for (int64_t i = 1; i < count; i++) {
        least = x[i] < least ? x[i] : least;
        largest = x[i] > largest ? x[i] : largest;
    }
    return is_one_value(least, largest);
}

static conceptdec_status
correlate(conceptdec_ctx *ctx, const gathered *g, bool is_centred, double *value)
{
    double x = 0, y = 0, total = 0, xx = 0, yy = 0, xy = 0;
    *value = (double)NAN;
    if (g->count < 2 || (is_centred && (is_constant(g->x, g->count) || is_constant(g->y, g->count))))
        return CONCEPTDEC_OK;
    for (int64_t i = 0; i < g->count && is_centred; i++) {
        double weight = weight_of(g, i);
        CONCEPTDEC_I_TRY(look(ctx, i));
        total += weight;
        x += weight * g->x[i];
        y += weight * g->y[i];
    }
    if (is_centred) {
        x /= total;
        y /= total;
    }
    for (int64_t i = 0; i < g->count; i++) {
        double weight = weight_of(g, i), a = g->x[i] - x, b = g->y[i] - y;
        CONCEPTDEC_I_TRY(look(ctx, i));
        xx += weight * a * a;
        yy += weight * b * b;
        xy += weight * a * b;
    }
    *value = xy / sqrt(xx) / sqrt(yy);
    return CONCEPTDEC_OK;
}

/* Numbers are mean ranks among all pairs, of which no two that differ have one integer part: they become mean ranks
 * among those that are gathered without being sorted. */
static conceptdec_status
rank_again(conceptdec_ctx *ctx, const gathered *g, int64_t pairs, double *places, double *values)
{
    double before = 0;
    for (int64_t i = 0; i <= pairs; i++) {
        CONCEPTDEC_I_TRY(look(ctx, i));
        places[i] = 0;
    }
    for (int64_t i = 0; i < g->count; i++) {
        CONCEPTDEC_I_TRY(look(ctx, i));
        places[(int64_t)values[i]] += weight_of(g, i);
    }
    for (int64_t i = 0; i <= pairs; i++) {
        const double tied = places[i];
        CONCEPTDEC_I_TRY(look(ctx, i));
        places[i] = before + 0.5 * (tied + 1);
        before += tied;
    }
    for (int64_t i = 0; i < g->count; i++) {
        CONCEPTDEC_I_TRY(look(ctx, i));
        values[i] = places[(int64_t)values[i]];
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
compare_gathered(conceptdec_i_arena *arena, const conceptdec_i_rsa *rsa, const gathered *g, double *value)
{
    const int32_t comparison = rsa->s->options.comparison;
    conceptdec_i_order order;
    void *places;
    if (comparison == CONCEPTDEC_COMPARE_KENDALL) {
        CONCEPTDEC_I_TRY(conceptdec_i_order_open(arena, g->count, &order));
        return conceptdec_i_order_tau(&order, g->count, g->x, g->y, g->weight, value);
    }
    if (comparison == CONCEPTDEC_COMPARE_SPEARMAN) {
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "ranks", rsa->pairs + 1, sizeof(double), &places));
        CONCEPTDEC_I_TRY(rank_again(rsa->s->ctx, g, rsa->pairs, places, g->x));
        CONCEPTDEC_I_TRY(rank_again(rsa->s->ctx, g, rsa->pairs, places, g->y));
    }
    return correlate(rsa->s->ctx, g, comparison != CONCEPTDEC_COMPARE_COSINE, value);
}

/* ---- drawn items ---- */

typedef struct drawn {
    int64_t count;
    int32_t *item;
} drawn;

/* Of all pairs of drawn items; no value is missing. */
static conceptdec_status
gather_drawn(const conceptdec_i_rsa *rsa, const drawn *d, const conceptdec_i_rsa_view *view, double *out)
{
    for (int64_t a = 0; a < d->count; a++) {
        const double *row = view->values + rsa->start[d->item[a]];
        for (int64_t b = a + 1; b < d->count; b++)
            *out++ = row[d->item[b]];
        CONCEPTDEC_I_TRY(conceptdec_i_poll(rsa->s->ctx, 0));
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_drawn(conceptdec_i_arena *arena, const conceptdec_i_rsa *rsa, const int32_t *times, drawn *d, gathered *g)
{
    void *p[4];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "draw", rsa->items, sizeof(int32_t), &p[0]));
    *d = (drawn){.item = p[0]};
    for (int64_t i = 0; i < rsa->items; i++)
        if (times[i] > 0)
            d->item[d->count++] = (int32_t)i;
    *g = (gathered){.count = d->count * (d->count - 1) / 2};
    for (int k = 1; k < 3; k++)
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "pairs", g->count, sizeof(double), &p[k]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "pairs", g->count, sizeof(int32_t), &p[3]));
    g->x = p[1];
    g->y = p[2];
    g->weight = p[3];
    for (int64_t a = 0, at = 0; a < d->count; a++)
        for (int64_t b = a + 1; b < d->count; b++)
            g->weight[at++] = times[d->item[a]] * times[d->item[b]];
    return CONCEPTDEC_OK;
}

/* A bootstrap of views that are whole: what the second has is gathered, and ranked, once. */
static conceptdec_status
compare_drawn(conceptdec_i_arena *arena, const conceptdec_i_rsa *rsa, const conceptdec_i_meeting *meeting,
              double *values)
{
    const int32_t comparison = rsa->s->options.comparison;
    const bool is_ranked = comparison == CONCEPTDEC_COMPARE_SPEARMAN;
    conceptdec_ctx *ctx = rsa->s->ctx;
    drawn d;
    gathered g;
    void *places = NULL;
    CONCEPTDEC_I_TRY(take_drawn(arena, rsa, meeting->pair.times, &d, &g));
    CONCEPTDEC_I_TRY(gather_drawn(rsa, &d, meeting->pair.y, g.y));
    if (is_ranked) {
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "ranks", rsa->pairs + 1, sizeof(double), &places));
        CONCEPTDEC_I_TRY(rank_again(ctx, &g, rsa->pairs, places, g.y));
    }
    for (int64_t k = 0; k < meeting->count; k++) {
        const conceptdec_i_rsa_view *x = meeting->x[k];
        if (!x->is_whole)
            continue;
        CONCEPTDEC_I_TRY(gather_drawn(rsa, &d, x, g.x));
        if (is_ranked)
            CONCEPTDEC_I_TRY(rank_again(ctx, &g, rsa->pairs, places, g.x));
        CONCEPTDEC_I_TRY(correlate(ctx, &g, comparison != CONCEPTDEC_COMPARE_COSINE, &values[k]));
    }
    return CONCEPTDEC_OK;
}

/* ---- one pair ---- */

/* Whether all first views that are whole are compared at once. */
static bool
is_simple(const conceptdec_i_rsa *rsa, const conceptdec_i_meeting *meeting)
{
    return rsa->s->options.comparison != CONCEPTDEC_COMPARE_KENDALL &&
           ((const conceptdec_i_rsa_view *)meeting->pair.y)->is_whole;
}

static bool
is_whole(const conceptdec_i_meeting *meeting, int64_t k)
{
    return ((const conceptdec_i_rsa_view *)meeting->x[k])->is_whole;
}

int64_t
conceptdec_i_rsa_gathered_bytes(const conceptdec_i_rsa *rsa)
{
    return rsa->pairs * (2 * (int64_t)sizeof(double) + (int64_t)sizeof(int32_t) + CONCEPTDEC_I_ORDER_BYTES);
}

int64_t
conceptdec_i_rsa_bytes(const void *argument, const conceptdec_i_meeting *meeting, bool is_resampling)
{
    const conceptdec_i_rsa *rsa = argument;
    bool is_gathered = is_resampling || !is_simple(rsa, meeting);
    for (int64_t k = 0; k < meeting->count; k++)
        is_gathered = is_gathered || !is_whole(meeting, k);
    return is_gathered ? conceptdec_i_rsa_gathered_bytes(rsa) : 8 * rsa->items;
}

/* That pairs are missing is known late. */
static conceptdec_status
check_memory(const conceptdec_i_rsa *rsa)
{
    int64_t needed = 2 * 8 * rsa->pairs + conceptdec_i_rsa_gathered_bytes(rsa), given = rsa->s->options.memory;
    if (needed <= given)
        return CONCEPTDEC_OK;
    return conceptdec_i_fail(rsa->s->ctx, CONCEPTDEC_ENOMEM,
                             "memory: %lld bytes are too few; two views with items that have no direction take %lld",
                             (long long)given, (long long)needed);
}

static conceptdec_status
compare_pair(const conceptdec_i_rsa *rsa, const conceptdec_i_pair *pair, int64_t *count, double *value)
{
    conceptdec_i_arena arena;
    gathered g = {0};
    CONCEPTDEC_I_TRY(check_memory(rsa));
    conceptdec_i_arena_open(&arena, rsa->s->ctx);
    conceptdec_status status = gather(&arena, rsa, pair, &g);
    if (status == CONCEPTDEC_OK)
        status = compare_gathered(&arena, rsa, &g, value);
    conceptdec_i_arena_close(&arena);
    *count = g.count;
    return status;
}

static conceptdec_status
compare(conceptdec_i_arena *arena, const conceptdec_i_rsa *rsa, const conceptdec_i_meeting *meeting, double *values)
{
    const bool is_at_once = is_simple(rsa, meeting);
    if (is_at_once)
        CONCEPTDEC_I_TRY((meeting->pair.times ? compare_drawn : compare_whole)(arena, rsa, meeting, values));
    conceptdec_i_arena_close(arena);
    for (int64_t k = 0; k < meeting->count; k++) {
        const conceptdec_i_pair pair = conceptdec_i_pair_of(rsa->s, meeting, k);
        int64_t count = rsa->pairs;
        if (!is_at_once || !is_whole(meeting, k))
            CONCEPTDEC_I_TRY(compare_pair(rsa, &pair, &count, &values[k]));
        if (!pair.order && !pair.times)
            rsa->n_pairs[pair.i * rsa->s->n_b + pair.j] = count;
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_rsa_measure(void *argument, const conceptdec_i_meeting *meeting, double *values)
{
    const conceptdec_i_rsa *rsa = argument;
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, rsa->s->ctx);
    conceptdec_status status = compare(&arena, rsa, meeting, values);
    conceptdec_i_arena_close(&arena);
    return status;
}

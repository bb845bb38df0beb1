/* Two lists of dissimilarities compared. Where both are whole and each pair counts once, means and lengths are known,
 * and a draw of the null is one sum of products; else what counts in both is gathered first. */
#include <math.h>

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

static double
row_product(const conceptdec_i_rsa *rsa, const conceptdec_i_pair *pair, int64_t i)
{
    const conceptdec_i_rsa_view *x = pair->x, *y = pair->y;
    const double *row = x->values + rsa->start[i];
    const int32_t *order = pair->order;
    double sum = 0;
    if (!order) {
        for (int64_t j = i + 1; j < rsa->items; j++)
            sum += (row[j] - x->mean) * (y->values[rsa->start[i] + j] - y->mean);
        return sum;
    }
    for (int64_t j = i + 1, first = order[i]; j < rsa->items; j++) {
        int64_t second = order[j], at = first < second ? rsa->start[first] + second : rsa->start[second] + first;
        sum += (row[j] - x->mean) * (y->values[at] - y->mean);
    }
    return sum;
}

static conceptdec_status
compare_whole(const conceptdec_i_rsa *rsa, const conceptdec_i_pair *pair, double *value)
{
    const conceptdec_i_rsa_view *x = pair->x, *y = pair->y;
    double sum = 0;
    for (int64_t i = 0; i < rsa->items; i++) {
        sum += row_product(rsa, pair, i);
        CONCEPTDEC_I_TRY(conceptdec_i_poll(rsa->s->ctx, 0));
    }
    *value = rsa->pairs < 2 ? (double)NAN : sum / x->norm / y->norm;
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

static conceptdec_status
compare_gathered(conceptdec_i_arena *arena, const conceptdec_i_rsa *rsa, const gathered *g, double *value)
{
    const int32_t comparison = rsa->s->options.comparison;
    conceptdec_i_order order;
    if (comparison == CONCEPTDEC_COMPARE_SPEARMAN || comparison == CONCEPTDEC_COMPARE_KENDALL)
        CONCEPTDEC_I_TRY(conceptdec_i_order_open(arena, g->count, &order));
    if (comparison == CONCEPTDEC_COMPARE_KENDALL)
        return conceptdec_i_order_tau(&order, g->count, g->x, g->y, g->weight, value);
    if (comparison == CONCEPTDEC_COMPARE_SPEARMAN) {
        const conceptdec_i_ranking ranking = {.weight = g->weight};
        CONCEPTDEC_I_TRY(conceptdec_i_order_ranks(&order, g->count, g->x, &ranking));
        CONCEPTDEC_I_TRY(conceptdec_i_order_ranks(&order, g->count, g->y, &ranking));
    }
    return correlate(rsa->s->ctx, g, comparison != CONCEPTDEC_COMPARE_COSINE, value);
}

/* ---- one pair ---- */

static bool
is_simple(const conceptdec_i_rsa *rsa, const conceptdec_i_pair *pair)
{
    return rsa->s->options.comparison != CONCEPTDEC_COMPARE_KENDALL && !pair->times &&
           ((const conceptdec_i_rsa_view *)pair->x)->is_whole && ((const conceptdec_i_rsa_view *)pair->y)->is_whole;
}

int64_t
conceptdec_i_rsa_gathered_bytes(const conceptdec_i_rsa *rsa)
{
    return rsa->pairs * (2 * (int64_t)sizeof(double) + (int64_t)sizeof(int32_t) + CONCEPTDEC_I_ORDER_BYTES);
}

int64_t
conceptdec_i_rsa_bytes(const void *argument, const conceptdec_i_pair *pair)
{
    return is_simple(argument, pair) ? 0 : conceptdec_i_rsa_gathered_bytes(argument);
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
compare(conceptdec_i_arena *arena, const conceptdec_i_rsa *rsa, const conceptdec_i_pair *pair, double *value)
{
    gathered g = {.count = rsa->pairs};
    if (is_simple(rsa, pair)) {
        CONCEPTDEC_I_TRY(compare_whole(rsa, pair, value));
    } else {
        CONCEPTDEC_I_TRY(check_memory(rsa));
        CONCEPTDEC_I_TRY(gather(arena, rsa, pair, &g));
        CONCEPTDEC_I_TRY(compare_gathered(arena, rsa, &g, value));
    }
    if (!pair->order && !pair->times)
        rsa->n_pairs[pair->i * rsa->s->n_b + pair->j] = g.count;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_rsa_measure(void *argument, const conceptdec_i_pair *pair, double *value)
{
    const conceptdec_i_rsa *rsa = argument;
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, rsa->s->ctx);
    conceptdec_status status = compare(&arena, rsa, pair, value);
    conceptdec_i_arena_close(&arena);
    return status;
}

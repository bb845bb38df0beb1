/* What happens to a chunk of decision values between the way there and the way back: loss and gradient, and the middle
 * of a product with the Hessian. */
#include "probe/logistic.h"

#include <math.h>
#include <string.h>

#define MOST 256  /* items of a chunk */
#define NARROW 64 /* items that are widened at once */
#define LANES 8

typedef conceptdec_i_logistic logistic;
typedef conceptdec_i_logistic_slot slot;

/* exp(x) of x <= 0 to about an ulp; what is below the smallest normal number becomes about that. Written so that
 * compilers make vectors of it. */
static inline double
exp_below(double x)
{
    const double log2e = 0x1.71547652b82fep0, ln2_high = 0x1.62e42fefa38p-1, ln2_low = 0x1.ef35793c7673p-45;
    x = x > -708 ? x : -708;
    const double shifted = x * log2e + 0x1.8p52, k = shifted - 0x1.8p52;
    const double t = (x - k * ln2_high) - k * ln2_low;
    double sum = 1.0 / 6227020800;
    sum = sum * t + 1.0 / 479001600;
    sum = sum * t + 1.0 / 39916800;
    sum = sum * t + 1.0 / 3628800;
    sum = sum * t + 1.0 / 362880;
    sum = sum * t + 1.0 / 40320;
    sum = sum * t + 1.0 / 5040;
    sum = sum * t + 1.0 / 720;
    sum = sum * t + 1.0 / 120;
    sum = sum * t + 1.0 / 24;
    sum = sum * t + 1.0 / 6;
    sum = sum * t + 0.5;
    sum = (sum * t) * t + t + 1;
    uint64_t power, bits;
    memcpy(&power, &shifted, sizeof power);
    memcpy(&bits, &sum, sizeof bits);
    bits += power << 52;
    memcpy(&sum, &bits, sizeof sum);
    return sum;
}

/* ---- loss and gradient ---- */

/* What one slot sees of a chunk. */
typedef struct {
    const logistic *l;
    slot *s;
    int64_t first, count;
    double *values; /* K columns */
    int64_t ld;
    double *sums, *loss, *curvature;
    const uint16_t *label;
    double weight[MOST];
} view;

static void
weigh(view *v)
{
    const conceptdec_i_fitting *fitting = v->l->fitting;
    const conceptdec_i_problem *problem = v->s->problem;
    for (int64_t i = 0; i < v->count; i++) {
        const int64_t row = v->l->rows.row[v->first + i];
        const bool trains = problem->role[row] == CONCEPTDEC_I_ROLE_TRAIN && problem->labels[row] >= 0;
        v->weight[i] = trains ? v->s->class_weight[v->label[i]] * (fitting->weight ? fitting->weight[row] : 1) : 0;
    }
}

static double
total(const double *x, int64_t n)
{
    double lanes[LANES] = {0};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int k = 0; k < LANES; k++)
            lanes[k] += x[i + k];
    for (; i < n; i++)
        lanes[i % LANES] += x[i];
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

/* Writes odds of column k, in the precision of products. */
static void
keep(const view *v, int64_t k, const double *odds)
{
    if (v->l->is_wide) {
        memcpy((double *)v->s->odds + k * v->l->ld_rows + v->first, odds, (size_t)v->count * sizeof *odds);
        return;
    }
    float *restrict to = (float *)v->s->odds + k * v->l->ld_rows + v->first;
    for (int64_t i = 0; i < v->count; i++)
        to[i] = (float)odds[i];
}

/* Two classes: one column. loss = ln(1 + exp(-|f|)) + max(0, f of the wrong sign). */
static void
lose_one(view *v)
{
    double *restrict f = v->values, odds[MOST], tail[MOST], loss = 0;
    const double bias = v->s->direction[v->l->r];
    for (int64_t i = 0; i < v->count; i++) {
        f[i] += bias;
        tail[i] = exp_below(-fabs(f[i]));
    }
    for (int64_t i = 0; i < v->count; i++) {
        double wrong = v->label[i] ? -f[i] : f[i];
        if (v->weight[i] > 0)
            loss += v->weight[i] * (log1p(tail[i]) + (wrong > 0 ? wrong : 0));
    }
    for (int64_t i = 0; i < v->count; i++) {
        const double e = tail[i], inverse = 1 / (1 + e), p = f[i] > 0 ? inverse : e * inverse;
        odds[i] = v->weight[i] * (e * inverse * inverse);
        f[i] = v->weight[i] * (p - (double)v->label[i]);
    }
    keep(v, 0, odds);
    *v->sums += total(f, v->count);
    *v->curvature += total(odds, v->count);
    *v->loss += loss;
}

/* Values become exp(value - largest), those of absent classes 0. */
static void
raise(view *v, double *largest, double *sum)
{
    const logistic *l = v->l;
    for (int64_t i = 0; i < v->count; i++) {
        largest[i] = -INFINITY;
        sum[i] = 0;
    }
    for (int64_t k = 0; k < l->columns; k++) {
        double *restrict f = v->values + k * v->ld;
        const double bias = v->s->direction[k * l->ld + l->r];
        for (int64_t i = 0; i < v->count && v->s->class_weight[k] > 0; i++) {
            f[i] += bias;
            largest[i] = f[i] > largest[i] ? f[i] : largest[i];
        }
    }
    for (int64_t i = 0; i < v->count; i++)
        if (v->weight[i] > 0)
            *v->loss += v->weight[i] * (largest[i] - v->values[v->label[i] * v->ld + i]);
    for (int64_t k = 0; k < l->columns; k++) {
        double *restrict f = v->values + k * v->ld;
        if (v->s->class_weight[k] > 0)
            for (int64_t i = 0; i < v->count; i++) {
                f[i] = exp_below(f[i] - largest[i]);
                sum[i] += f[i];
            }
        else
            memset(f, 0, (size_t)v->count * sizeof *f);
    }
}

/* loss = ln sum of exp(f - largest) + largest - f of the row's class. */
static void
lose_many(view *v)
{
    double largest[MOST], sum[MOST], inverse[MOST], odds[MOST], rest[MOST];
    raise(v, largest, sum);
    for (int64_t i = 0; i < v->count; i++) {
        if (v->weight[i] > 0)
            *v->loss += v->weight[i] * log(sum[i]);
        inverse[i] = 1 / sum[i];
        rest[i] = 0;
    }
    for (int64_t k = 0; k < v->l->columns; k++) {
        double *restrict f = v->values + k * v->ld;
        for (int64_t i = 0; i < v->count; i++) {
            odds[i] = f[i] * inverse[i];
            f[i] = v->weight[i] * odds[i];
            rest[i] += f[i] * (1 - odds[i]);
        }
        keep(v, k, odds);
    }
    for (int64_t i = 0; i < v->count; i++)
        v->values[v->label[i] * v->ld + i] -= v->weight[i];
    for (int64_t k = 0; k < v->l->columns; k++)
        v->sums[k] += total(v->values + k * v->ld, v->count);
    *v->curvature += total(rest, v->count) / (double)(v->l->columns - 1);
}

static void
lose(view *v)
{
    v->label = v->s->label + v->first;
    weigh(v);
    if (v->l->columns == 1)
        lose_one(v);
    else
        lose_many(v);
}

/* A few items of the columns that a pass carries, as doubles, and of the derived one. */
static void
take_strip(const view *v, const void *values, int64_t ld, int64_t start)
{
    const slot *s = v->s;
    double *derived = s->derived < v->l->columns ? v->values + s->derived * NARROW : NULL;
    for (int64_t i = 0; i < v->count && derived; i++)
        derived[i] = 0;
    for (int64_t k = 0; k < v->l->columns; k++) {
        const int64_t at = conceptdec_i_logistic_place(s, k) * ld + start;
        double *restrict out = v->values + k * NARROW;
        for (int64_t i = 0; i < v->count && k != s->derived; i++)
            out[i] = s->is_rough ? (double)((const float *)values)[at + i] : ((const double *)values)[at + i];
        for (int64_t i = 0; i < v->count && k != s->derived && derived; i++)
            derived[i] -= out[i];
    }
}

static void
give_strip(const view *v, void *values, int64_t ld, int64_t start)
{
    const slot *s = v->s;
    for (int64_t k = 0; k < v->l->columns; k++) {
        const int64_t at = conceptdec_i_logistic_place(s, k) * ld + start;
        const double *restrict in = v->values + k * NARROW;
        if (k != s->derived && !s->is_rough)
            memcpy((double *)values + at, in, (size_t)v->count * sizeof *in);
        for (int64_t i = 0; i < v->count && k != s->derived && s->is_rough; i++)
            ((float *)values)[at + i] = (float)in[i];
    }
}

static void
lose_strips(view *v, void *values, int64_t ld, double *scratch)
{
    const int64_t first = v->first, count = v->count;
    v->values = scratch;
    v->ld = NARROW;
    for (int64_t start = 0; start < count; start += NARROW) {
        v->first = first + start;
        v->count = count - start < NARROW ? count - start : NARROW;
        take_strip(v, values, ld, start);
        lose(v);
        give_strip(v, values, ld, start);
    }
}

int64_t
conceptdec_i_logistic_scratch(const logistic *l)
{
    return l->columns * NARROW;
}

conceptdec_status
conceptdec_i_logistic_loss(void *argument, const conceptdec_i_chunk *chunk, int lane)
{
    const logistic *l = argument;
    double *scratch = l->scratch + lane * conceptdec_i_logistic_scratch(l);
    const int64_t carried = conceptdec_i_logistic_carried(l);
    for (int64_t i = 0; i < l->n_round; i++) {
        const int64_t at = i * carried * chunk->ld;
        view v = {.l = l, .s = l->round[i], .first = chunk->first, .count = chunk->count, .ld = chunk->ld};
        v.sums = l->sums + (chunk->slab * l->n_round + i) * l->columns;
        v.loss = l->losses + chunk->slab * l->n_round + i;
        v.curvature = l->curvatures + chunk->slab * l->n_round + i;
        v.values = (double *)chunk->values + at;
        if (v.s->is_rough)
            lose_strips(&v, (float *)chunk->values + at, chunk->ld, scratch);
        else if (carried < l->columns)
            lose_strips(&v, v.values, chunk->ld, scratch);
        else
            lose(&v);
    }
    return CONCEPTDEC_OK;
}

/* ---- products with the Hessian ---- */

/* K = 1: t = odds * f. Else t_k = weight * p_k * (g_k - sum over j of p_j g_j), g_k = f_k - f of the row's class: where
 * its posterior is all but 1, so that nothing of the sum would be left by rounding, the sum is as small as the others'
 * posteriors. */
#define DEFINE_PRODUCT(type, real)                                                                                     \
    static double total_##type(const real *x, int64_t n)                                                               \
    {                                                                                                                  \
        real lanes[2 * LANES] = {0};                                                                                   \
        double sum = 0;                                                                                                \
        int64_t i = 0;                                                                                                 \
        for (; i + 2 * LANES <= n; i += 2 * LANES)                                                                     \
            for (int k = 0; k < 2 * LANES; k++)                                                                        \
                lanes[k] += x[i + k];                                                                                  \
        for (; i < n; i++)                                                                                             \
            lanes[i % (2 * LANES)] += x[i];                                                                            \
        for (int k = 0; k < 2 * LANES; k++)                                                                            \
            sum += (double)lanes[k];                                                                                   \
        return sum;                                                                                                    \
    }                                                                                                                  \
                                                                                                                       \
    static void product_##type(const logistic *l, const slot *s, const conceptdec_i_chunk *chunk, real *values,        \
                               double *sums)                                                                           \
    {                                                                                                                  \
        const real *restrict weight = (const real *)s->weight + chunk->first;                                          \
        const uint16_t *label = s->label + chunk->first;                                                               \
        const int64_t n = chunk->count;                                                                                \
        real own[MOST], mixed[MOST] = {0}, derived[MOST] = {0};                                                        \
        for (int64_t k = 0; k < l->columns && s->derived < l->columns; k++)                                            \
            for (int64_t i = 0; i < n && k != s->derived; i++)                                                         \
                derived[i] -= values[conceptdec_i_logistic_place(s, k) * chunk->ld + i];                               \
        for (int64_t i = 0; i < n; i++) {                                                                              \
            const int64_t at = conceptdec_i_logistic_place(s, label[i]) * chunk->ld + i;                               \
            own[i] = (label[i] == s->derived ? derived[i] : values[at]) + (real)s->direction[label[i] * l->ld + l->r]; \
        }                                                                                                              \
        for (int64_t k = 0; k < l->columns; k++) {                                                                     \
            const real *restrict odds = (const real *)s->odds + k * l->ld_rows + chunk->first;                         \
            real *restrict f = k == s->derived ? derived : values + conceptdec_i_logistic_place(s, k) * chunk->ld;     \
            const real bias = (real)s->direction[k * l->ld + l->r];                                                    \
            for (int64_t i = 0; i < n; i++) {                                                                          \
                f[i] = f[i] + bias - own[i];                                                                           \
                mixed[i] += odds[i] * f[i];                                                                            \
            }                                                                                                          \
        }                                                                                                              \
        for (int64_t k = 0; k < l->columns; k++) {                                                                     \
            const real *restrict odds = (const real *)s->odds + k * l->ld_rows + chunk->first;                         \
            real *restrict f = k == s->derived ? derived : values + conceptdec_i_logistic_place(s, k) * chunk->ld;     \
            for (int64_t i = 0; i < n; i++)                                                                            \
                f[i] = weight[i] * odds[i] * (f[i] - mixed[i]);                                                        \
            sums[k] += total_##type(f, n);                                                                             \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    static void product_one_##type(const logistic *l, const slot *s, const conceptdec_i_chunk *chunk, real *values,    \
                                   double *sums)                                                                       \
    {                                                                                                                  \
        const real *restrict odds = (const real *)s->odds + chunk->first;                                              \
        const real bias = (real)s->direction[l->r];                                                                    \
        real *restrict f = values;                                                                                     \
        for (int64_t i = 0; i < chunk->count; i++)                                                                     \
            f[i] = odds[i] * (f[i] + bias);                                                                            \
        *sums += total_##type(f, chunk->count);                                                                        \
    }

DEFINE_PRODUCT(float, float)
DEFINE_PRODUCT(double, double)

void
conceptdec_i_logistic_multiply(const logistic *l, int64_t place, const conceptdec_i_chunk *chunk, void *values)
{
    const slot *s = l->round[place];
    double *sums = l->sums + (chunk->slab * l->n_round + place) * l->columns;
    if (l->is_wide)
        (l->columns > 1 ? product_double : product_one_double)(l, s, chunk, values, sums);
    else
        (l->columns > 1 ? product_float : product_one_float)(l, s, chunk, values, sums);
}

conceptdec_status
conceptdec_i_logistic_product(void *argument, const conceptdec_i_chunk *chunk, int lane)
{
    const logistic *l = argument;
    const int64_t size = l->is_wide ? (int64_t)sizeof(double) : (int64_t)sizeof(float);
    const int64_t carried = conceptdec_i_logistic_carried(l);
    (void)lane;
    for (int64_t i = 0; i < l->n_round; i++)
        conceptdec_i_logistic_multiply(l, i, chunk, (char *)chunk->values + i * carried * chunk->ld * size);
    return CONCEPTDEC_OK;
}

/* ---- decision values ---- */

conceptdec_status
conceptdec_i_logistic_decide(void *argument, const conceptdec_i_chunk *chunk, int lane)
{
    const logistic *l = argument;
    const int32_t *row = l->left_out.row + chunk->first;
    (void)lane;
    for (int64_t column = 0; column < chunk->columns; column++) {
        const slot *s = l->round[column / l->columns];
        const int64_t k = column % l->columns;
        const double *values = (const double *)chunk->values + column * chunk->ld, bias = s->w[k * l->ld + l->r];
        double *out = s->decision + k * l->fitting->space->n;
        for (int64_t i = 0; i < chunk->count; i++)
            out[row[i]] = values[i] + bias;
    }
    return CONCEPTDEC_OK;
}

/* From sums to HSIC and CKA: of the rows as they are, as they are permuted, and as a bootstrap draws them. */
#include <math.h>
#include <string.h>

#include "linalg/engine.h"
#include "similarity/cka.h"

/* ---- formulas ---- */

double
conceptdec_i_cka_hsic(const conceptdec_i_cka_terms *t, int64_t n, bool is_debiased)
{
    double rows = (double)n;
    if (is_debiased)
        return (t->products + t->first * t->second / ((rows - 1) * (rows - 2)) - 2 * t->rows / (rows - 2)) /
               (rows * (rows - 3));
    return (t->products + t->diagonals - 2 * t->rows / rows + t->first * t->second / (rows * rows)) /
           ((rows - 1) * (rows - 1));
}

double
conceptdec_i_cka_ratio(double both, double first, double second)
{
    return first > 0 && second > 0 ? both / sqrt(first * second) : (double)NAN;
}

conceptdec_i_cka_terms
conceptdec_i_cka_terms_of(const conceptdec_i_cka *c, const conceptdec_i_cka_side *a, const conceptdec_i_cka_side *b,
                          const int32_t *order, bool is_debiased)
{
    conceptdec_i_cka_terms t = {0};
    for (int64_t i = 0; i < c->n; i++) {
        const int64_t k = order ? order[i] : i;
        double row_a = is_debiased ? a->rows[i] : a->rows[i] + a->diagonal[i];
        double row_b = is_debiased ? b->rows[k] : b->rows[k] + b->diagonal[k];
        t.diagonals += a->diagonal[i] * b->diagonal[k];
        t.rows += row_a * row_b;
        t.first += row_a;
        t.second += row_b;
    }
    return t;
}

/* ---- draws ---- */

static int64_t
rounded(int64_t bytes)
{
    return ceil_div(bytes, 64) * 64;
}

static char *
cut(char **memory, int64_t count, uint64_t size)
{
    char *here = *memory;
    *memory += rounded(count * (int64_t)size);
    return here;
}

int64_t
conceptdec_i_cka_draw_bytes(const conceptdec_i_cka *c)
{
    const int64_t n = c->n, v = c->n_sides, number = (int64_t)sizeof(double);
    return rounded(n * number) + rounded(v * n * number) + rounded(CONCEPTDEC_I_CKA_WEIGHTINGS * v * v * number) +
           rounded(v * v * number) + 2 * rounded(n * (int64_t)sizeof(int32_t));
}

void
conceptdec_i_cka_draw_open(const conceptdec_i_cka *c, char *memory, conceptdec_i_cka_draw *draw)
{
    const int64_t n = c->n, v = c->n_sides;
    draw->weight = (double *)(void *)cut(&memory, n, sizeof(double));
    draw->rows = (double *)(void *)cut(&memory, v * n, sizeof(double));
    draw->sums = (double *)(void *)cut(&memory, CONCEPTDEC_I_CKA_WEIGHTINGS * v * v, sizeof(double));
    draw->hsic = (double *)(void *)cut(&memory, v * v, sizeof(double));
    draw->order = (int32_t *)(void *)cut(&memory, n, sizeof(int32_t));
    draw->kept = (int32_t *)(void *)cut(&memory, n, sizeof(int32_t));
    draw->n_kept = 0;
}

void
conceptdec_i_cka_conclude_order(const conceptdec_i_cka *c, const conceptdec_i_cka_draw *draw, double *out)
{
    const conceptdec_i_similarity *s = c->s;
    const int64_t v_all = c->n_sides;
    for (int64_t i = 0; i < s->n_a; i++)
        for (int64_t j = 0; j < s->n_b; j++) {
            int64_t w = conceptdec_i_similarity_second(s, j);
            conceptdec_i_cka_terms terms =
                conceptdec_i_cka_terms_of(c, &c->sides[i], &c->sides[w], draw->order, c->is_debiased);
            terms.products = draw->sums[i * v_all + w];
            out[i * s->n_b + j] = conceptdec_i_cka_ratio(conceptdec_i_cka_hsic(&terms, c->n, c->is_debiased),
                                                         c->hsic[i * v_all + i], c->hsic[w * v_all + w]);
        }
}

/* ---- bootstrap ---- */

conceptdec_status
conceptdec_i_cka_draw_rows(const conceptdec_i_cka *c, int64_t number, conceptdec_i_cka_draw *draw)
{
    CONCEPTDEC_I_TRY(conceptdec_i_similarity_drawn(c->s, c->n, c->s->groups, number, draw->order));
    draw->n_kept = 0;
    for (int64_t i = 0; i < c->n; i++) {
        draw->weight[i] = draw->order[i];
        if (draw->order[i] > 0)
            draw->kept[draw->n_kept++] = (int32_t)i;
    }
    return CONCEPTDEC_OK;
}

/* Sums of weights' powers over the rows that are drawn. */
static void
sum_powers(const conceptdec_i_cka_draw *m, double power[5])
{
    memset(power, 0, 5 * sizeof *power);
    for (int64_t k = 0; k < m->n_kept; k++) {
        double weight = m->weight[m->kept[k]], product = 1;
        for (int p = 0; p < 5; p++, product *= weight)
            power[p] += product;
    }
}

/* The biased HSIC of the rows as drawn, copies and all. */
static double
drawn_biased(const conceptdec_i_cka *c, const conceptdec_i_cka_draw *m, int64_t v, int64_t w)
{
    const conceptdec_i_cka_side *a = &c->sides[v], *b = &c->sides[w];
    conceptdec_i_cka_terms t = {.products = m->sums[v * c->n_sides + w]};
    double n = 0;
    for (int64_t k = 0; k < m->n_kept; k++) {
        int64_t i = m->kept[k];
        double weight = m->weight[i];
        double row_a = m->rows[v * c->n + i] + weight * a->diagonal[i];
        double row_b = m->rows[w * c->n + i] + weight * b->diagonal[i];
        t.diagonals += weight * weight * a->diagonal[i] * b->diagonal[i];
        t.rows += weight * row_a * row_b;
        t.first += weight * row_a;
        t.second += weight * row_b;
        n += weight;
    }
    return conceptdec_i_cka_hsic(&t, (int64_t)n, false);
}

/* The unbiased HSIC is the mean of k_ij l_ij over pairs of rows, less twice that of k_ij l_iq over triples, plus that
 * of k_ij l_qr over quadruples. Here a tuple of different rows counts as often as its copies can be chosen. */
static double
drawn_unbiased(const conceptdec_i_cka *c, const conceptdec_i_cka_draw *m, const double power[5], int64_t v, int64_t w)
{
    const int64_t square = c->n_sides * c->n_sides;
    const double *sums = m->sums + v * c->n_sides + w;
    const double once = sums[CONCEPTDEC_I_CKA_ONCE * square], mixed = sums[CONCEPTDEC_I_CKA_MIXED * square],
                 twice = sums[CONCEPTDEC_I_CKA_TWICE * square];
    const double p1 = power[1], p2 = power[2], p3 = power[3], p4 = power[4];
    double rows = 0, rows_twice = 0, first = 0, second = 0;
    for (int64_t k = 0; k < m->n_kept; k++) {
        int64_t i = m->kept[k];
        double weight = m->weight[i], row_a = m->rows[v * c->n + i], row_b = m->rows[w * c->n + i];
        rows += weight * row_a * row_b;
        rows_twice += weight * weight * row_a * row_b;
        first += weight * row_a;
        second += weight * row_b;
    }
    double pairs = p1 * p1 - p2, triples = p1 * p1 * p1 - 3 * p1 * p2 + 2 * p3;
    double quadruples = p1 * p1 * p1 * p1 - 6 * p1 * p1 * p2 + 3 * p2 * p2 + 8 * p1 * p3 - 6 * p4;
    return once / pairs - 2 * (rows - mixed) / triples +
           (first * second - 4 * (rows_twice - twice) - 2 * twice) / quadruples;
}

void
conceptdec_i_cka_conclude_draw(const conceptdec_i_cka *c, const conceptdec_i_cka_draw *m, double *out)
{
    const conceptdec_i_similarity *s = c->s;
    const int64_t v_all = c->n_sides;
    double power[5];
    if (c->is_debiased && m->n_kept < CONCEPTDEC_I_CKA_LEAST) {
        for (int64_t pair = 0; pair < s->n_a * s->n_b; pair++)
            out[pair] = (double)NAN;
        return;
    }
    sum_powers(m, power);
    for (int64_t v = 0; v < v_all; v++)
        for (int64_t w = v; w < v_all; w++)
            m->hsic[v * v_all + w] = m->hsic[w * v_all + v] =
                c->is_debiased ? drawn_unbiased(c, m, power, v, w) : drawn_biased(c, m, v, w);
    for (int64_t i = 0; i < s->n_a; i++)
        for (int64_t j = 0; j < s->n_b; j++) {
            int64_t w = conceptdec_i_similarity_second(s, j);
            out[i * s->n_b + j] =
                conceptdec_i_cka_ratio(m->hsic[i * v_all + w], m->hsic[i * v_all + i], m->hsic[w * v_all + w]);
        }
}

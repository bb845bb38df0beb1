/* The oracle of neighbour tests: every distance in float64 by the documented sum, every row sorted in full. Written
 * for clarity; shares no code with the library. */
#ifndef CONCEPTDEC_TESTS_EXACT_H
#define CONCEPTDEC_TESTS_EXACT_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct exact_neighbour {
    double key; /* squared distance (half of it under cosine): what the order is by */
    double distance;
    int64_t row;
} exact_neighbour;

typedef struct exact_case {
    const double *x; /* n x d, row-major */
    int64_t n, d;
    const double *queries; /* NULL: the rows of x, each without itself */
    int64_t n_queries;
    const int64_t *group, *query_group; /* NULL: none */
    int cosine;
    double scale; /* values are multiplied by this power of two first; distances divided by it */
} exact_case;

static inline double
exact_sum(const double *a, const double *b, double fa, double fb, int64_t d)
{
    double part[16] = {0};
    for (int64_t i = 0; i < d; i++) {
        double x = a[i] * fa, y = b[i] * fb;
        double difference = x - y;
        double square = difference * difference;
        part[i % 16] = part[i % 16] + square;
    }
    for (int half = 8; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            part[i] = part[i] + part[i + half];
    return part[0];
}

/* 1 / |a|, computed on the row brought to magnitude 1; 0 for a row below 2^-1000, which counts as zero. */
static inline double
exact_inverse_norm(const double *a, int64_t d)
{
    double largest = 0;
    for (int64_t i = 0; i < d; i++)
        largest = fmax(largest, fabs(a[i]));
    int exponent;
    (void)frexp(largest, &exponent);
    if (largest == 0 || exponent < -1000)
        return 0;
    double *zero = calloc((size_t)d, sizeof *zero);
    double norm2 = exact_sum(a, zero, ldexp(1.0, -exponent), 0, d);
    free(zero);
    return ldexp(1.0 / sqrt(norm2), -exponent);
}

/* What each row is multiplied by under cosine, to be freed; NULL for Euclidean distances. */
static inline double *
exact_factors(const exact_case *c, const double *rows, int64_t n)
{
    if (!c->cosine)
        return NULL;
    double *factors = malloc((size_t)n * sizeof *factors);
    for (int64_t i = 0; i < n; i++)
        factors[i] = exact_inverse_norm(rows + i * c->d, c->d);
    return factors;
}

static inline exact_neighbour
exact_pair(const exact_case *c, const double *a, double fa, const double *b, double fb, int64_t row)
{
    if (!c->cosine) {
        double key = exact_sum(a, b, c->scale, c->scale, c->d);
        return (exact_neighbour){key, sqrt(key) / c->scale, row};
    }
    double key = fa == 0 || fb == 0 ? 1.0 : 0.5 * exact_sum(a, b, fa, fb, c->d);
    return (exact_neighbour){key, key, row};
}

static int
exact_order(const void *a, const void *b)
{
    const exact_neighbour *x = a, *y = b;
    if (x->key < y->key || x->key > y->key)
        return x->key < y->key ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

/* All eligible rows of one query, sorted; returns how many. of_rows, of_queries: exact_factors() of either side. */
static inline int64_t
exact_row(const exact_case *c, const double *of_rows, const double *of_queries, int64_t query, exact_neighbour *out)
{
    const double *q = (c->queries ? c->queries : c->x) + query * c->d;
    int64_t count = 0;
    for (int64_t j = 0; j < c->n; j++) {
        if (!c->queries && j == query)
            continue;
        if (c->group && c->group[j] == (c->queries ? c->query_group : c->group)[query])
            continue;
        out[count++] =
            exact_pair(c, q, c->cosine ? of_queries[query] : 1, c->x + j * c->d, c->cosine ? of_rows[j] : 1, j);
    }
    qsort(out, (size_t)count, sizeof *out, exact_order);
    return count;
}

#endif

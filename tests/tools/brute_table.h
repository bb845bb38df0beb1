/* A neighbour table by sorting all float64 distances: for tests of what reads tables. Self tables only. */
#ifndef CONCEPTDEC_BRUTE_TABLE_H
#define CONCEPTDEC_BRUTE_TABLE_H

#include <check.h>
#include <math.h>
#include <string.h>

#include "neighbors/sides.h"
#include "neighbors/table.h"

typedef struct brute_data {
    int64_t n, d;
    const double *x; /* n x d */
    int32_t metric;
} brute_data;

/* Squared distance, or 1 - cos as half the squared distance of normalised rows. */
static inline double
brute_d2(const brute_data *data, int64_t a, int64_t b)
{
    const double *p = data->x + a * data->d, *q = data->x + b * data->d;
    double p2 = 0, q2 = 0, sum = 0;
    for (int64_t j = 0; j < data->d; j++) {
        p2 += p[j] * p[j];
        q2 += q[j] * q[j];
    }
    bool cosine = data->metric == CONCEPTDEC_METRIC_COSINE;
    if (cosine && (p2 == 0 || q2 == 0))
        return 1;
    double by_p = cosine ? 1 / sqrt(p2) : 1, by_q = cosine ? 1 / sqrt(q2) : 1;
    for (int64_t j = 0; j < data->d; j++) {
        double difference = p[j] * by_p - q[j] * by_q;
        sum += difference * difference;
    }
    return cosine ? sum / 2 : sum;
}

static inline void *
brute_take(conceptdec_ctx *ctx, int64_t count, uint64_t size)
{
    void *memory;
    ck_assert_int_eq(conceptdec_i_take_zero(ctx, "test", count, size, &memory), CONCEPTDEC_OK);
    return memory;
}

static inline void
brute_values(conceptdec_ctx *ctx, const brute_data *data, const uint8_t *is_voter, conceptdec_neighbors *t)
{
    t->value_start = brute_take(ctx, data->n + 1, sizeof(int64_t));
    t->rows = brute_take(ctx, data->n, sizeof(int32_t));
    t->value_of_row = brute_take(ctx, data->n, sizeof(int32_t));
    for (int64_t i = 0; i < data->n; i++)
        t->value_of_row[i] = -1;
    for (int64_t i = 0; i < data->n; i++) {
        if (t->value_of_row[i] >= 0 || (is_voter && !is_voter[i]))
            continue;
        int64_t next = t->value_start[t->n_values];
        for (int64_t j = i; j < data->n; j++)
            if ((!is_voter || is_voter[j]) &&
                memcmp(data->x + i * data->d, data->x + j * data->d, (size_t)data->d * sizeof(double)) == 0) {
                t->value_of_row[j] = (int32_t)t->n_values;
                t->rows[next++] = (int32_t)j;
            }
        t->value_start[++t->n_values] = next;
    }
}

static inline int
brute_compare(const void *a, const void *b)
{
    const conceptdec_i_entry *x = a, *y = b;
    if (x->d2 < y->d2 || x->d2 > y->d2)
        return x->d2 < y->d2 ? -1 : 1;
    return (x->value > y->value) - (x->value < y->value);
}

static inline int64_t
brute_eligible(const conceptdec_neighbors *t, const conceptdec_i_exclusion *own, int64_t row, int64_t value)
{
    int64_t count = 0;
    for (int64_t i = t->value_start[value]; i < t->value_start[value + 1]; i++)
        count += conceptdec_i_is_eligible(own, row, t->rows[i]);
    return count;
}

/* Every row has a list of its own, just deep enough for k eligible rows and their ties. */
static inline void
brute_list(const brute_data *data, const conceptdec_i_exclusion *own, int64_t row, conceptdec_neighbors *t)
{
    conceptdec_i_entry *list = t->entries + t->list_start[row];
    int64_t count = 0, eligible = 0, end = 0;
    for (int64_t v = 0; v < t->n_values; v++)
        if (brute_eligible(t, own, row, v) > 0)
            list[count++] =
                (conceptdec_i_entry){.d2 = brute_d2(data, row, t->rows[t->value_start[v]]), .value = (int32_t)v};
    qsort(list, (size_t)count, sizeof *list, brute_compare);
    while (end < count && (eligible < t->k || list[end].d2 <= list[end - 1].d2))
        eligible += brute_eligible(t, own, row, list[end++].value);
    t->list_is_whole[row] = end == count;
    t->list_start[row + 1] = t->list_start[row] + end;
    t->list_of_query[row] = (int32_t)row;
}

/* group, is_voter: NULL or n. exclude_self is implied by group. */
static inline conceptdec_neighbors *
brute_table(conceptdec_ctx *ctx, const brute_data *data, int64_t k, const int64_t *group, const uint8_t *is_voter,
            bool exclude_self)
{
    conceptdec_neighbors *t;
    conceptdec_i_exclusion own = {.self = exclude_self, .group = group};
    ck_assert_int_eq(conceptdec_i_table_new(ctx, &t), CONCEPTDEC_OK);
    t->n_rows = t->n_queries = t->n_lists = data->n;
    t->dims = data->d;
    t->k = k;
    t->metric = data->metric;
    t->is_self = true;
    t->scale = 1;
    brute_values(ctx, data, is_voter, t);
    t->list_start = brute_take(ctx, data->n + 1, sizeof(int64_t));
    t->entries = brute_take(ctx, data->n * data->n, sizeof(conceptdec_i_entry));
    t->list_is_whole = brute_take(ctx, data->n, 1);
    t->list_of_query = brute_take(ctx, data->n, sizeof(int32_t));
    if (data->metric == CONCEPTDEC_METRIC_COSINE) {
        t->value_is_zero = brute_take(ctx, t->n_values, 1);
        for (int64_t v = 0; v < t->n_values; v++)
            t->value_is_zero[v] = brute_d2(data, t->rows[t->value_start[v]], t->rows[t->value_start[v]]) > 0;
    }
    if (group) {
        t->group = t->query_group = brute_take(ctx, data->n, sizeof(int64_t));
        memcpy(t->group, group, (size_t)data->n * sizeof(int64_t));
    }
    for (int64_t i = 0; i < data->n; i++)
        brute_list(data, &own, i, t);
    return t;
}

#endif

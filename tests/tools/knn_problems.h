/* Small random problems of k-NN decodability: every protocol, weight and rule, ignored rows, groups, equal rows. */
#ifndef CONCEPTDEC_KNN_PROBLEMS_H
#define CONCEPTDEC_KNN_PROBLEMS_H

#include <string.h>

#include "brute_table.h"

enum { MOST = 60, SETS = 3 };

static inline conceptdec_matrix
ints(const int64_t *values, int64_t rows, int64_t cols)
{
    return (conceptdec_matrix){
        .data = values, .rows = rows, .cols = cols, .row_stride = 8 * cols, .col_stride = 8, .dtype = CONCEPTDEC_INT64};
}

static inline conceptdec_matrix
reals(const double *values, int64_t rows, int64_t cols)
{
    return (conceptdec_matrix){.data = values,
                               .rows = rows,
                               .cols = cols,
                               .row_stride = 8 * cols,
                               .col_stride = 8,
                               .dtype = CONCEPTDEC_FLOAT64};
}

/* ---- random problems ---- */

typedef struct problem {
    brute_data data;
    int64_t classes, n_sets;
    double x[MOST * 2];
    int64_t labels[MOST * SETS]; /* n x n_sets */
    int64_t column[SETS][MOST];
    int64_t groups[MOST], train[MOST];
    uint8_t is_train[MOST];
    int64_t ks[4];
    conceptdec_matrix x_view, label_view, group_view, train_view;
    bool is_grouped; /* where options use groups */
    conceptdec_knn_options options;
} problem;

static inline int64_t
below(conceptdec_i_rng *rng, int64_t n)
{
    return (int64_t)conceptdec_i_rng_below(rng, (uint64_t)n);
}

/* Lattice points under L2 (equal rows and ties of all kinds); under cosine random points with copies. */
static inline void
make_points(problem *p, conceptdec_i_rng *rng)
{
    int64_t side = 1 + below(rng, 6), flat = below(rng, 3) == 0 ? 1 : side;
    bool is_smooth = p->data.metric == CONCEPTDEC_METRIC_COSINE || below(rng, 3) == 0;
    for (int64_t i = 0; i < 2 * p->data.n; i++)
        p->x[i] = is_smooth ? conceptdec_i_rng_unit(rng) - 0.3 : (double)below(rng, i % 2 ? flat : side);
    for (int64_t i = 1; i < p->data.n; i++)
        if (below(rng, 4) == 0)
            memcpy(p->x + 2 * i, p->x + 2 * below(rng, i), 2 * sizeof *p->x);
}

static inline void
make_labels(problem *p, conceptdec_i_rng *rng)
{
    int64_t n_groups = 3 + below(rng, 10), ignored = below(rng, 3);
    for (int64_t i = 0; i < p->data.n; i++) {
        for (int64_t s = 0; s < p->n_sets; s++) {
            p->column[s][i] = ignored && below(rng, 4) < ignored ? -1 : below(rng, 1 + below(rng, p->classes));
            if (i < 8) /* enough of two classes for folds and splits */
                p->column[s][i] = i / 2 % 2;
            p->labels[i * p->n_sets + s] = p->column[s][i];
        }
        p->groups[i] = below(rng, n_groups) * 11 - 20;
        p->train[i] = i < 4 ? i % 2 == 0 : below(rng, 3) > 0;
        p->is_train[i] = p->train[i] == 1;
    }
    p->groups[0] = -21;
    p->groups[1] = -22;
}

static inline void
make_options(problem *p, conceptdec_i_rng *rng)
{
    conceptdec_knn_options *o = &p->options;
    *o = (conceptdec_knn_options){.struct_size = sizeof *o, .ks = p->ks, .n_ks = 4, .chance_draws = 3};
    o->metric = p->data.metric;
    o->protocol = (int32_t)below(rng, 5);
    o->weights = o->metric == CONCEPTDEC_METRIC_COSINE ? (int32_t)below(rng, 4)
                                                       : (int32_t)(below(rng, 3) * 3 / 2); /* all but softmax */
    o->ties = (int32_t)below(rng, 3);
    o->boundary = (int32_t)below(rng, 2);
    o->classes = p->classes;
    bool has_folds = o->protocol == CONCEPTDEC_PROTOCOL_KFOLD;
    int64_t folds = 2 + below(rng, 2);
    o->folds = has_folds ? folds : 0;
    o->flags = has_folds ? CONCEPTDEC_KNN_UNSTRATIFIED : 0;
    o->seed = (uint64_t)below(rng, 1000);
    p->is_grouped = o->protocol == CONCEPTDEC_PROTOCOL_GROUP || below(rng, 2);
    o->groups = p->is_grouped && (has_folds || o->protocol == CONCEPTDEC_PROTOCOL_GROUP) ? &p->group_view : NULL;
    o->train = o->protocol == CONCEPTDEC_PROTOCOL_SPLIT ? &p->train_view : NULL;
    for (int i = 0; i < 4; i++)
        p->ks[i] = 1 + below(rng, i < 2 ? 5 : p->data.n - 1);
    p->ks[3] = below(rng, 2) ? p->ks[0] : p->ks[3];
}

static inline void
make_problem(problem *p, uint64_t round)
{
    conceptdec_i_rng rng;
    conceptdec_i_rng_start(&rng, 5, CONCEPTDEC_I_RNG_SAMPLE, round);
    *p = (problem){.data = {.n = 9 + below(&rng, MOST - 8), .d = 2}};
    p->data.metric = (int32_t)below(&rng, 2);
    p->data.x = p->x;
    p->classes = 2 + below(&rng, 4);
    p->n_sets = below(&rng, 3) ? 1 : SETS;
    make_points(p, &rng);
    make_labels(p, &rng);
    make_options(p, &rng);
    p->x_view = reals(p->x, p->data.n, 2);
    p->label_view = ints(p->labels, p->data.n, p->n_sets);
    p->group_view = ints(p->groups, p->data.n, 1);
    p->train_view = ints(p->train, p->data.n, 1);
}

#endif

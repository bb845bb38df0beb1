/* k-NN decodability straight from its definition: all distances of a row, sorted, voted on. Small problems only. */
#ifndef CONCEPTDEC_NAIVE_KNN_H
#define CONCEPTDEC_NAIVE_KNN_H

#include <stdlib.h>

#include "brute_table.h"

enum { NAIVE_ROWS = 128, NAIVE_CLASSES = 8 };

typedef struct naive_problem {
    brute_data data;
    int64_t classes, k;
    const int64_t *labels;
    const int64_t *code;  /* groups or folds whose rows are not each other's neighbours, or NULL */
    const uint8_t *train; /* or NULL */
    bool self;            /* a row is not its own neighbour */
    int32_t weights, ties, boundary;
    double temperature;
} naive_problem;

typedef struct naive_scores {
    double decodability, balanced, overlap, tie_rate, boundary_tie_rate, chance_uniform, chance_majority;
    double per_concept[NAIVE_CLASSES], confusion[NAIVE_CLASSES][NAIVE_CLASSES];
    int64_t n_scored, n_unscored, n_short;
    int64_t class_count[NAIVE_CLASSES], undecodable[NAIVE_CLASSES];
} naive_scores;

typedef struct naive_neighbour {
    double d2;
    int64_t row;
} naive_neighbour;

static inline int
naive_compare(const void *a, const void *b)
{
    const naive_neighbour *x = a, *y = b;
    if (x->d2 < y->d2 || x->d2 > y->d2)
        return x->d2 < y->d2 ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static inline bool
naive_votes_for(const naive_problem *p, int64_t row, int64_t other)
{
    if (p->labels[other] < 0 || (p->train && !p->train[other]) || (p->self && other == row))
        return false;
    return !p->code || p->code[other] != p->code[row];
}

static inline int64_t
naive_neighbours(const naive_problem *p, int64_t row, naive_neighbour *list)
{
    int64_t count = 0;
    for (int64_t j = 0; j < p->data.n; j++)
        if (naive_votes_for(p, row, j))
            list[count++] = (naive_neighbour){.d2 = brute_d2(&p->data, row, j), .row = j};
    qsort(list, (size_t)count, sizeof *list, naive_compare);
    return count;
}

static inline double
naive_weight(const naive_problem *p, double nearest, double d2)
{
    bool cosine = p->data.metric == CONCEPTDEC_METRIC_COSINE;
    double distance = cosine ? d2 : sqrt(d2);
    if (p->weights == CONCEPTDEC_WEIGHTS_DISTANCE)
        return nearest == 0 ? d2 == 0 : 1 / distance;
    if (p->weights == CONCEPTDEC_WEIGHTS_SOFTMAX)
        return exp((1 - distance) / p->temperature);
    return 1;
}

static inline int64_t
naive_voters_of(const naive_problem *p, int64_t class)
{
    int64_t count = 0;
    for (int64_t j = 0; j < p->data.n; j++)
        count += p->labels[j] == class && (!p->train || p->train[j]);
    return count;
}

/* What each of the listed rows counts when k of them have a place. */
static inline void
naive_shares(const naive_problem *p, const naive_neighbour *list, int64_t count, int64_t k, double *share)
{
    int64_t closer = 0, tied = 0;
    for (int64_t i = 0; i < count; i++) {
        closer += list[i].d2 < list[k - 1].d2;
        tied += list[i].d2 == list[k - 1].d2;
    }
    for (int64_t i = 0; i < count; i++)
        if (p->boundary == CONCEPTDEC_BOUNDARY_INDEX)
            share[i] = i < k ? (double)tied : 0;
        else
            share[i] = i < closer ? (double)tied : i < closer + tied ? (double)(k - closer) : 0;
    for (int64_t i = 0; i < count; i++)
        share[i] /= p->weights == CONCEPTDEC_WEIGHTS_UNIFORM ? 1 : (double)tied; /* whole numbers for uniform votes */
}

/* The rule for ties, on a set of classes. */
static inline int64_t
naive_break(const naive_problem *p, const naive_neighbour *list, int64_t count, const double *share, bool *wins)
{
    int64_t n = 0;
    double best = INFINITY, nearest[NAIVE_CLASSES];
    for (int64_t c = 0; c < p->classes; c++)
        nearest[c] = INFINITY;
    for (int64_t i = count - 1; i >= 0; i--)
        if (share[i] > 0)
            nearest[p->labels[list[i].row]] = list[i].d2;
    for (int64_t c = 0; c < p->classes; c++)
        best = wins[c] && nearest[c] < best ? nearest[c] : best;
    for (int64_t c = 0; c < p->classes; c++) {
        if (p->ties == CONCEPTDEC_TIES_NEAREST)
            wins[c] = wins[c] && nearest[c] <= best;
        if (p->ties == CONCEPTDEC_TIES_SMALLEST)
            wins[c] = wins[c] && n == 0;
        n += wins[c];
    }
    return n;
}

static inline void
naive_row(const naive_problem *p, int64_t row, naive_scores *s)
{
    naive_neighbour list[NAIVE_ROWS];
    double share[NAIVE_ROWS], votes[NAIVE_CLASSES] = {0}, most = 0, overlap = 0, all = 0;
    bool wins[NAIVE_CLASSES];
    int64_t count = naive_neighbours(p, row, list), k = p->k < count ? p->k : count, own = p->labels[row], tied = 0;
    if (count == 0) {
        s->n_unscored++;
        return;
    }
    naive_shares(p, list, count, k, share);
    for (int64_t i = 0; i < count; i++) {
        int64_t class = p->labels[list[i].row];
        double balance = p->weights == CONCEPTDEC_WEIGHTS_BALANCED ? (double)naive_voters_of(p, class) : 1;
        votes[class] += share[i] * naive_weight(p, list[0].d2, list[i].d2) / balance;
        overlap += class == own ? share[i] : 0;
        all += share[i];
    }
    for (int64_t c = 0; c < p->classes; c++)
        most = votes[c] > most ? votes[c] : most;
    for (int64_t c = 0; c < p->classes; c++)
        tied += wins[c] = votes[c] > 0 && votes[c] >= most * (1 - 1e-12);
    int64_t n_winners = naive_break(p, list, count, share, wins);
    s->n_scored++;
    s->class_count[own]++;
    s->n_short += count < p->k;
    s->tie_rate += tied > 1;
    s->overlap += overlap / all;
    s->boundary_tie_rate += k < count && list[k].d2 == list[k - 1].d2;
    s->decodability += wins[own] ? 1.0 / (double)n_winners : 0;
    s->per_concept[own] += wins[own] ? 1.0 / (double)n_winners : 0;
    for (int64_t c = 0; c < p->classes; c++)
        s->confusion[own][c] += wins[c] ? 1.0 / (double)n_winners : 0;
    for (int64_t j = 0; j < p->data.n; j++)
        if (p->labels[j] == own && naive_votes_for(p, row, j))
            s->undecodable[own] = 0;
}

static inline void
naive_knn(const naive_problem *p, naive_scores *s)
{
    int64_t present = 0;
    *s = (naive_scores){0};
    for (int64_t c = 0; c < p->classes; c++)
        s->undecodable[c] = 1;
    for (int64_t i = 0; i < p->data.n; i++)
        if (p->labels[i] >= 0 && !(p->train && p->train[i]))
            naive_row(p, i, s);
    double n = (double)s->n_scored;
    for (int64_t c = 0; c < p->classes; c++) {
        s->chance_majority = fmax(s->chance_majority, (double)s->class_count[c] / n);
        s->undecodable[c] = s->undecodable[c] && s->class_count[c] > 0;
        s->per_concept[c] = s->class_count[c] ? s->per_concept[c] / (double)s->class_count[c] : (double)NAN;
        present += s->class_count[c] > 0;
        s->balanced += s->class_count[c] ? s->per_concept[c] : 0;
    }
    s->chance_uniform = 1.0 / (double)present;
    s->balanced /= (double)present;
    s->decodability /= n;
    s->overlap /= n;
    s->tie_rate /= n;
    s->boundary_tie_rate /= n;
}

#endif

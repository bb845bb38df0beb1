/* What probes in closed form share: problems sorted by who trains, weights of rows, sums over classes.
 *
 * Weights omega of rows are the caller's, with BALANCED times N / (C N_c) (N, N_c: weights of all TRAIN rows, of those
 * of class c), and sum to 1 over the TRAIN rows. Where rows or groups are left out, those that stay keep the weights
 * that they have among all TRAIN rows. A class whose TRAIN rows weigh nothing is absent. */
#ifndef CONCEPTDEC_I_CLOSED_H
#define CONCEPTDEC_I_CLOSED_H

#include "linalg/gram.h"
#include "probe/probe.h"

/* Problems of one role, and with by_labels of one label set too: a part, order[first[p]] .. order[first[p + 1] - 1],
 * sorted by label set and lambda. Of equal roles and label sets the one that came first comes first. */
typedef struct conceptdec_i_parts {
    int64_t n;
    int64_t *first;
    int64_t *order;
} conceptdec_i_parts;

conceptdec_status conceptdec_i_parts_find(conceptdec_i_arena *arena, const conceptdec_i_fitting *fitting,
                                          bool by_labels, conceptdec_i_parts *parts);
/* Whether the weights of rows depend on their labels. */
bool conceptdec_i_is_balanced(const conceptdec_i_fitting *fitting);

typedef struct conceptdec_i_members {
    int64_t n_train, n_left;
    int32_t *train; /* TRAIN rows */
    int32_t *left;  /* rows whose decision values are asked for */
    double *omega;  /* n; 0 outside of TRAIN */
    double total;   /* what the weights summed to before they were divided by it */
    bool is_even;   /* all TRAIN rows weigh the same */
} conceptdec_i_members;

/* Doubles of that. */
int64_t conceptdec_i_members_doubles(const conceptdec_i_fitting *fitting);
/* ETOOFEW where no TRAIN row has a weight above 0. */
conceptdec_status conceptdec_i_members_take(conceptdec_i_arena *arena, const conceptdec_i_fitting *fitting,
                                            const conceptdec_i_problem *problem, conceptdec_i_members *members);

/* Places in members.left, group by group, of the groups that have any. */
typedef struct conceptdec_i_places {
    int64_t n;       /* groups */
    int64_t *first;  /* n + 1: into `at` */
    int32_t *at;
    int64_t largest; /* rows of a group */
} conceptdec_i_places;

static inline int64_t
conceptdec_i_places_count(const conceptdec_i_places *places, int64_t group)
{
    return places->first[group + 1] - places->first[group];
}

conceptdec_status conceptdec_i_members_sort(conceptdec_i_arena *arena, const conceptdec_i_fitting *fitting,
                                            const conceptdec_i_members *members, conceptdec_i_places *places);
/* Doubles of that, at most. */
int64_t conceptdec_i_members_sort_doubles(const conceptdec_i_fitting *fitting);
/* Elements of a square matrix for each group. */
int64_t conceptdec_i_places_squares(const conceptdec_i_places *places);

static inline conceptdec_i_dense
conceptdec_i_space_rows(const conceptdec_i_space *space)
{
    return (conceptdec_i_dense){
        .data = space->z, .n = space->n, .dims = space->r, .stride = space->stride, .is_wide = space->is_wide};
}

/* sums[(s * classes + c) * r + j] = sum of omega * z over TRAIN rows of class c by labels[s], mass[s * classes + c] =
 * sum of omega. A set of NULL: all rows are of class 0. Sums are in double, but for more than 16 sets of
 * floats of equal weight, of which eight rows are first added in float (within 2^-22 of the sum of absolute values). */
conceptdec_status conceptdec_i_class_sums(const conceptdec_i_fitting *fitting, const conceptdec_i_members *members,
                                          int64_t n_sets, const int32_t *const *labels, int64_t classes, double *sums,
                                          double *mass);
/* The same for rows that stand in other coordinates: rows->data holds the TRAIN rows alone, in their order. */
conceptdec_status conceptdec_i_class_sums_train(conceptdec_ctx *ctx, const conceptdec_i_dense *rows,
                                                const conceptdec_i_members *members, int64_t n_sets,
                                                const int32_t *const *labels, int64_t classes, double *sums,
                                                double *mass);
/* Doubles that both take meanwhile, at most. */
int64_t conceptdec_i_class_sums_doubles(const conceptdec_i_fitting *fitting, int64_t n_train, int64_t n_sets,
                                        int64_t classes);
/* One row as doubles. */
void conceptdec_i_space_row(const conceptdec_i_space *space, int64_t row, double *out);
/* Weighted second moments of the TRAIN rows about `mean`: r x r. Products in double. */
conceptdec_status conceptdec_i_central_moments(const conceptdec_i_fitting *fitting, const conceptdec_i_members *members,
                                               const double *mean, double *out);
/* Doubles that this takes meanwhile, and that eigenvectors of the moments do. */
int64_t conceptdec_i_moments_doubles(const conceptdec_i_fitting *fitting);
int64_t conceptdec_i_eigen_doubles(int64_t r);
/* The same of the product of `n` rows of r coordinates and some columns. */
int64_t conceptdec_i_product_doubles(const conceptdec_i_fitting *fitting, int64_t n, int64_t columns);

/* The smallest squared pivot of a Cholesky factor (r x r) as a share of the diagonal element of the matrix, a + lambda
 * I: what is left of a coordinate when those before it are taken out, whatever units they have. */
double conceptdec_i_least_pivot(const double *l, const double *a, double lambda, int64_t r);
/* b (count x r) = A^+ b, A symmetric without negative eigenvalues but for rounding; a is destroyed, work is r x r.
 * Where no pivot is below 8 * tolerance of its element by Cholesky, else by eigenvalues, of which those at or below
 * tolerance * (the largest diagonal element of a, or `largest`) count as 0. */
conceptdec_status conceptdec_i_moments_solve(conceptdec_ctx *ctx, int64_t r, double tolerance, double largest,
                                             double *a, double *work, int64_t count, double *b);
/* Doubles that this takes meanwhile, at most. */
int64_t conceptdec_i_moments_solve_doubles(conceptdec_ctx *ctx, int64_t r, int64_t count);

/* The bias of a column whose class is absent. only: of two classes the one that is there. */
double conceptdec_i_absent_bias(int64_t columns, int64_t only);
/* ENOMEM where `count` doubles are beyond options->memory: all that is taken at once, buffers too. */
conceptdec_status conceptdec_i_closed_memory(const conceptdec_i_fitting *fitting, const char *what, int64_t count);

#endif

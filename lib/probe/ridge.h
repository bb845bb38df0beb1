/* Ridge regression and ridge classification: what their files share.
 *
 * Minimised for each column: sum of omega (t - f)^2 / 2 + lambda / 2 |w|^2 with f = bias + w z over the TRAIN rows.
 * With m the weighted mean and S the weighted central second moments of z, (S + lambda I) w = c = sum of omega t (z -
 * m). Eigenvalues of S at or below conceptdec_i_ridge_tolerance() times the largest count as 0, and w has nothing along
 * their vectors: what is minimal in norm at lambda = 0, and of no consequence above it, as c has nothing there.
 *
 * Second moments square what is badly conditioned. Where lambda is 0 or a pivot is below 1e-6 of its element, and
 * columns are few, two steps of refinement, with residuals from the rows, bring most of the digits back.
 *
 * Left out, with lambda and the weights of the other rows as they are (scikit-learn's alpha = lambda n stays):
 * t_i - f_i becomes (t_i - f_i) / (1 - h_ii), h_ij = omega_j (1 + (z_i - m)' (S + lambda I)^-1 (z_j - m)), and for a
 * group (I - H_gg)^-1 (t - f)_g. */
#ifndef CONCEPTDEC_I_RIDGE_H
#define CONCEPTDEC_I_RIDGE_H

#include "probe/closed.h"

/* 1 - h_ii at or below this is no number: the others do not determine the value of row i. */
#define CONCEPTDEC_I_RIDGE_PINNED 1e-11

/* What all label sets and lambdas of a part share. */
typedef struct conceptdec_i_ridge_part {
    const conceptdec_i_fitting *fitting;
    conceptdec_i_members members;
    int64_t r;
    int64_t held;    /* doubles that all this takes as long as it is open, with the base */
    int64_t least;   /* what one problem takes beside that, about: what need not be there leaves as much */
    double *mean;    /* r */
    double *moments; /* r x r: S, or its eigenvectors, one a row */
    double *other;   /* r x r: a factor of S + lambda I, or the eigenvectors, one a column */
    float *floats;   /* the latter in float, where products are; NULL: they are not */
    double *values;  /* r: eigenvalues, exactly 0 where they count as such */
    int64_t rank;    /* those that do not */
    bool is_eigen;
    bool is_factored;
    bool is_few;      /* so few columns that each can be refined */
    bool is_delicate; /* the factor has small pivots: solutions are refined from the rows themselves */
    double factored; /* lambda of the factor */
    int64_t n_lambdas; /* of the part, ascending */
    double *lambdas;
    /* LEAVE_ONE: for each lambda, 1 / (1 - h_ii) of every row of members.left, or NaN. */
    double *freedom;
    bool is_complement; /* products are t - f rather than f: the rows span all that they can, and 1 - h is small */
    int precision;      /* of products with rows: float for narrow input and many columns */
    float *turned;      /* LEAVE_ONE: rows along the eigenvectors, n_left x rank and zeros up to whole panels, the
                           largest eigenvalue first, divided by its root; NULL: nobody wants them */
    struct conceptdec_i_ridge_screen *screen; /* LEAVE_ONE: finds credits; NULL: decision values do */
} conceptdec_i_ridge_part;

/* Second moments of the TRAIN rows of one role after another: taken from those of all rows where that is cheaper and as
 * exact. */
typedef struct conceptdec_i_ridge_base {
    conceptdec_i_arena arena;
    const uint8_t *role; /* whose rows it holds; NULL: none yet */
    double *moments;     /* r x r, of the caller's weights, about 0 */
    double *weight;      /* n */
    bool is_open;
} conceptdec_i_ridge_base;

double conceptdec_i_ridge_tolerance(int64_t n, int64_t r);
/* alike: roles of the fitting whose TRAIN and TEST rows together are those of this one. */
conceptdec_status conceptdec_i_ridge_part_open(conceptdec_i_arena *arena, conceptdec_i_ridge_base *base, int64_t alike,
                                               bool is_eigen, const conceptdec_i_problem *problem,
                                               conceptdec_i_ridge_part *part);
/* Solves for columns of one lambda with the factor, in place (count x r); not for is_eigen. *is_singular: the factor
 * does not exist or is not to be trusted, and the part is to be made eigen. */
conceptdec_status conceptdec_i_ridge_solve(conceptdec_i_ridge_part *part, double lambda, int64_t count, double *w,
                                           bool *is_singular);
conceptdec_status conceptdec_i_ridge_make_eigen(conceptdec_i_arena *arena, conceptdec_i_ridge_part *part);
/* Doubles that this takes, with what it takes meanwhile. */
int64_t conceptdec_i_ridge_eigen_doubles(const conceptdec_i_ridge_part *part);
/* What a coordinate along an eigenvector is multiplied by: w (or, is_complement, the weights of t - f). */
double conceptdec_i_ridge_filter(double value, double lambda, bool is_complement);
void conceptdec_i_ridge_base_close(conceptdec_i_ridge_base *base);

/* The same elements in float, where precision asks for them and they are not there. */
conceptdec_status conceptdec_i_ridge_take_floats(conceptdec_i_arena *arena, conceptdec_i_ridge_part *part);

/* ---- leaving out (ridge_leave.c) ---- */

/* Rows of `turned`: zeros follow on those of the part. */
int64_t conceptdec_i_ridge_turned_rows(const conceptdec_i_ridge_part *part);
/* Doubles of leverages with what they take meanwhile. */
int64_t conceptdec_i_ridge_leverages_doubles(const conceptdec_i_ridge_part *part);

/* freedom, and `turned` where it is wanted. */
conceptdec_status conceptdec_i_ridge_leverages(conceptdec_i_arena *arena, bool wants_turned,
                                               conceptdec_i_ridge_part *part);
/* Which precision products with rows need, as far as `freedom` decides that. */
void conceptdec_i_ridge_choose_precision(conceptdec_i_ridge_part *part);

/* ---- a part for the next call (ridge_kept.c) ---- */

/* The part of rows left out one at a time, with its leverages: nulls and control tasks have the rows and lambdas of the
 * fits before them. */
typedef struct conceptdec_i_ridge_kept {
    conceptdec_i_arena arena;
    const uint8_t *role;
    conceptdec_i_ridge_part part;
} conceptdec_i_ridge_kept;

/* Opens a part with its leverages; in fitting->kept, if that is not NULL, where it may be already. part: fitting and
 * lambdas are set. */
conceptdec_status conceptdec_i_ridge_part_recall(conceptdec_i_arena *arena, conceptdec_i_ridge_base *base,
                                                 int64_t alike, const conceptdec_i_problem *problem, bool wants_turned,
                                                 conceptdec_i_ridge_part *part);

/* Factors of I - H_gg, scaled on both sides, for one lambda. */
typedef struct conceptdec_i_ridge_groups {
    const conceptdec_i_ridge_part *part;
    conceptdec_i_places places;
    int64_t held; /* doubles of all this */
    double **matrix; /* n_g x n_g: the factor in the lower half, (z_i - m)' (S + lambda I)^-1 (z_j - m) + 1 above it */
    double **diagonal; /* n_g: the same of i = j */
    bool *is_singular;
} conceptdec_i_ridge_groups;

conceptdec_status conceptdec_i_ridge_groups_open(conceptdec_i_arena *arena, const conceptdec_i_ridge_part *part,
                                                 double lambda, conceptdec_i_ridge_groups *groups);
/* residuals: columns x n_left, t - f becomes that of the fits without the row's group. */
conceptdec_status conceptdec_i_ridge_groups_leave(const conceptdec_i_ridge_groups *groups, int64_t columns,
                                                  double *residuals);

#endif

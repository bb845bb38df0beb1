/* Probes made of class means: what their files share.
 *
 * The score of a set of rows with sum s (of omega z) and weight a at row z: s z / a - |s / a|^2 / 2, which is largest
 * for the nearest mean. Nearest mean: f_c is the score of class c. Mean difference: the score of class c less that of
 * all other rows, which is theta z - theta (mu_c + mu_rest) / 2, theta = mu_c - mu_rest. Of two classes both are the
 * score of class 1 less that of class 0. sharpness = 1 / sigma^2, sigma^2 = mean square of z - mu_class over rows and
 * input dimensions; NaN where that is 0 to rounding, as then nothing says how sure a value is.
 *
 * Left out: a row's or group's own part is taken out of s and a; weights of the other rows stay. */
#ifndef CONCEPTDEC_I_MEANS_H
#define CONCEPTDEC_I_MEANS_H

#include "probe/closed.h"

typedef struct conceptdec_i_means {
    const conceptdec_i_fitting *fitting;
    conceptdec_i_arena *arena;
    conceptdec_i_members members;
    int64_t r, classes, columns;
    bool is_difference; /* one class against the rest; else one class, or of two classes the difference */
    double *mean;       /* r: of all TRAIN rows */
    double square;      /* weighted mean of |z - mean|^2 */
    int64_t held;       /* doubles that this and what is below take, without a batch */
    /* where rows are left out: */
    int64_t n_groups;
    conceptdec_i_places groups; /* empty: every row is its own group */
    double **inner;   /* per group: products of its rows (n_g x n_g); one row a group: inner[0][t] of place t */
    double *on_mean;  /* per place: z * mean */
    double mean_square; /* |mean|^2 */
    int64_t largest;  /* rows of a group */
    /* a batch of label sets: */
    int64_t n_sets;
    const int32_t **labels;
    double *sums, *mass;  /* sets x classes x r; sets x classes */
    double *w, *bias;     /* sets x columns x r; sets x columns */
    double *sharpness;    /* sets */
    double *values;       /* sets x columns x n_left */
    double *on_sums;      /* sets x classes x n_left: z * s; where rows are left out */
    double *spread_out;   /* per lane: columns x n */
    double *scratch;      /* per lane, see means_leave.c */
    int64_t scratch_size;
} conceptdec_i_means;

/* Groups, and products that all label sets share. */
conceptdec_status conceptdec_i_means_leave_open(conceptdec_i_means *means);
/* Decision values of one label set where rows or groups are left out. */
void conceptdec_i_means_leave(const conceptdec_i_means *means, int64_t set, int lane);

#endif

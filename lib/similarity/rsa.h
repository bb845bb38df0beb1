/* Dissimilarities of items - samples, or conditions - and how they are compared. */
#ifndef CONCEPTDEC_I_RSA_H
#define CONCEPTDEC_I_RSA_H

#include "similarity/pairs.h"

/* Of the largest: what roundings may set distances apart that are equal. */
#define CONCEPTDEC_I_RSA_SAME 0x1p-46

typedef struct conceptdec_i_rsa {
    conceptdec_i_similarity *s;
    int64_t items, pairs; /* pairs: of items */
    int64_t *start;       /* items: pair i < j lies at start[i] + j */
    int64_t n_partitions; /* crossnobis; else 1 */
    int32_t *place;       /* with labels: of each row, condition * n_partitions + partition, -1: no part; else NULL */
    int64_t *n_pairs;     /* A x B: pairs that were compared */
} conceptdec_i_rsa;

/* One view's dissimilarities, up to a factor; NaN where one of the two items has none. Where ranks are compared,
 * their ranks: mean ranks for Spearman, numbers of different values for Kendall. */
typedef struct conceptdec_i_rsa_view {
    double *values;
    bool is_whole; /* none is NaN */
    double mean;   /* of whole ones; 0 where cosines are compared */
    double norm;   /* root of the sum of squares about the mean; NaN: all are equal (cosines: 0) */
} conceptdec_i_rsa_view;

/* rsa_matrix.c */
conceptdec_status conceptdec_i_rsa_reduce(void *argument, conceptdec_i_arena *arena, int64_t view, void **reduced,
                                          int64_t *bytes);
int64_t conceptdec_i_rsa_made_bytes(const conceptdec_i_rsa *rsa, int64_t d);

/* rsa_compare.c */
conceptdec_status conceptdec_i_rsa_share(void *argument, conceptdec_i_arena *arena, int64_t room,
                                         const conceptdec_i_meeting *meeting, void **shared, int64_t *bytes);
conceptdec_status conceptdec_i_rsa_measure(void *argument, const conceptdec_i_meeting *meeting, double *values);
int64_t conceptdec_i_rsa_bytes(const void *argument, const conceptdec_i_meeting *meeting, bool is_resampling);
/* Of lists that are gathered pair by pair. */
int64_t conceptdec_i_rsa_gathered_bytes(const conceptdec_i_rsa *rsa);
/* Mean and norm of values, for a view. */
conceptdec_status conceptdec_i_rsa_describe(const conceptdec_i_rsa *rsa, conceptdec_i_rsa_view *view);

#endif

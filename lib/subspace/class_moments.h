/* Moments per class: what a state holds. */
#ifndef CONCEPTDEC_I_CLASS_MOMENTS_H
#define CONCEPTDEC_I_CLASS_MOMENTS_H

#include "stats/sums.h"

/* Answers in float64. */
enum {
    CONCEPTDEC_I_CLASS_MEANS,
    CONCEPTDEC_I_CLASS_MEAN,
    CONCEPTDEC_I_CLASS_VARIANCES,
    CONCEPTDEC_I_CLASS_WITHIN,
    CONCEPTDEC_I_CLASS_COVARIANCE,
    CONCEPTDEC_I_CLASS_SCATTER,
    CONCEPTDEC_I_CLASS_ANSWERS
};

/* Apart from the state, whose holders may be many while it does not change. */
typedef struct conceptdec_i_class_answers {
    pthread_mutex_t lock;
    double *numbers[CONCEPTDEC_I_CLASS_ANSWERS]; /* NULL until asked for */
    int64_t *class_count;                        /* the same */
    int64_t n_samples;
} conceptdec_i_class_answers;

struct conceptdec_class_moments {
    conceptdec_i_memory *memory;
    const struct conceptdec_i_kernels *kernels;
    int64_t d, classes;
    uint32_t flags;
    int64_t n_sums;          /* 1, with all classes, or one for each class */
    conceptdec_i_sums *sums; /* n_sums */
    conceptdec_i_class_answers *answers;
};

/* An empty state; sizes and flags are possible. */
conceptdec_status conceptdec_i_class_moments_make(conceptdec_ctx *ctx, int64_t d, int64_t classes, uint32_t flags,
                                                  conceptdec_class_moments **moments);
/* Rows of a chunk, which follow from sizes and flags. */
int64_t conceptdec_i_class_moments_chunk(int64_t d, uint32_t flags);
/* What the sums keep: CONCEPTDEC_I_SUMS_*. */
int conceptdec_i_class_moments_keeps(uint32_t flags);
/* Whether there are sums for each class. */
bool conceptdec_i_class_moments_are_apart(uint32_t flags);
/* conceptdec_class_moments_get() for a call in `ctx`, which lends its threads and may be cancelled; ctx NULL: by
 * itself. ECANCELLED has a text, other failures have none. */
conceptdec_status conceptdec_i_class_moments_ask(conceptdec_ctx *ctx, const conceptdec_class_moments *moments,
                                                 const char *name, conceptdec_array *array);
/* Gives the answers back: they are out of date. */
void conceptdec_i_class_moments_forget(conceptdec_class_moments *moments);
#endif

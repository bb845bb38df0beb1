/* Erasers: what one holds, and how it is fitted. */
#ifndef CONCEPTDEC_I_ERASER_H
#define CONCEPTDEC_I_ERASER_H

#include "core/core.h"

struct conceptdec_eraser {
    conceptdec_i_memory *memory;
    int64_t d, rank, kind;
    double *read,
        *removed;      /* rank x d: read[i] . removed[j] is 1 for i = j, else 0; the same numbers in a projection */
    double *mean;      /* d */
    double *strengths; /* rank */
};

/* Options with defaults, checked. name: of the argument. */
conceptdec_status conceptdec_i_eraser_options_take(conceptdec_ctx *ctx, const char *name,
                                                   const conceptdec_eraser_options *given,
                                                   conceptdec_eraser_options *options);
/* rows x columns numbers of the arena's, uninitialised. */
conceptdec_status conceptdec_i_eraser_take(conceptdec_i_arena *arena, int64_t rows, int64_t columns, double **out);
/* Room for so many directions; numbers uninitialised. */
conceptdec_status conceptdec_i_eraser_make(conceptdec_ctx *ctx, int64_t d, int64_t rank, int64_t kind,
                                           conceptdec_eraser **eraser);

/* What classes there are. */
typedef struct conceptdec_i_erasing {
    const conceptdec_eraser_options *options; /* with defaults */
    int64_t d, n;
    int64_t classes;          /* that have rows, at least 2 */
    double *share;            /* of each: rows / n */
    double *means;            /* of each, less the mean of all */
    const double *mean;       /* d */
    const double *covariance; /* d x d, divided by n - 1; LEACE */
    double noise;             /* of the length of a row of `means`: what rounding leaves */
} conceptdec_i_erasing;

/* What was found: directions, the strongest first. Memory of the arena's. */
typedef struct conceptdec_i_erased {
    int64_t rank;
    double *read, *removed, *strengths;
} conceptdec_i_erased;

conceptdec_status conceptdec_i_eraser_leace(conceptdec_i_arena *arena, const conceptdec_i_erasing *e,
                                            conceptdec_i_erased *found);
conceptdec_status conceptdec_i_eraser_means(conceptdec_i_arena *arena, const conceptdec_i_erasing *e,
                                            conceptdec_i_erased *found);
/* An orthonormal basis of given directions, in their order. */
conceptdec_status conceptdec_i_eraser_directions(conceptdec_i_arena *arena, const conceptdec_eraser_options *options,
                                                 int64_t d, conceptdec_i_erased *found);

/* out (rows x d) = x without the first `rank` directions; x is opened, of d columns, and finite. */
conceptdec_status conceptdec_i_eraser_run(conceptdec_i_arena *arena, const conceptdec_eraser *eraser, int64_t rank,
                                          const conceptdec_matrix *x, double *out);

#endif

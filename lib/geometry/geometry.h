/* What the files of geometry share: one call on its way to its result. */
#ifndef CONCEPTDEC_I_GEOMETRY_H
#define CONCEPTDEC_I_GEOMETRY_H

#include "core/core.h"
#include "linalg/columns.h"

/* Classes count alike, whatever their sizes: the scatters are Sw = 1/C sum over classes of their covariance (divided
 * by the size), Sb = 1/C sum over classes of (m_c - m)(m_c - m)', m the mean of the class means. Numbers are in
 * units of geometry->unit. */
typedef struct conceptdec_i_geometry_classes {
    int64_t count; /* 0: no labels */
    int64_t n_labelled, n_present;
    bool is_defined;        /* two classes or more, each of two rows or more: what scatters are needed for */
    int32_t *label;         /* n */
    int64_t *size;          /* count */
    int64_t *start;         /* count + 1: where the rows of a class lie in order */
    int32_t *order;         /* n_labelled */
    double *mean;           /* count x d: of the class, less the means of the columns; NaN without rows */
    double *grand;          /* d: the mean of those of classes with rows */
    double *offset;         /* count x d: mean - grand */
    double within, between; /* tr Sw, tr Sb; over the classes with rows */
    bool is_apart;          /* is_defined, and not all class means are the same */
} conceptdec_i_geometry_classes;

typedef struct conceptdec_i_geometry {
    conceptdec_ctx *ctx;
    conceptdec_i_arena *arena;
    const conceptdec_matrix *given;        /* x as the caller has it */
    const conceptdec_matrix *given_labels; /* NULL: none */
    const conceptdec_matrix *x;            /* opened, and found finite */
    int64_t n, d;
    conceptdec_geometry_options options; /* with defaults */
    bool has_memory;                     /* it was given, and bounds the probe, too */
    conceptdec_i_columns columns;
    double unit; /* the power of two at or above the largest distance of a number from the mean of its column */
    double *inverse_norm;   /* n: of each row; 0 for a row that counts as zero */
    double *mean_direction; /* d: mean of all rows divided by their norms */
    int64_t n_zero_rows;
    conceptdec_i_geometry_classes classes;
    conceptdec_result *result;
} conceptdec_i_geometry;

static inline bool
conceptdec_i_geometry_has(const conceptdec_i_geometry *g, uint32_t flag)
{
    return (g->options.flags & flag) != 0;
}

/* Options: checks against n, d and whether there are labels; defaults; what is told of them (options.c). */
conceptdec_status conceptdec_i_geometry_options_take(conceptdec_i_geometry *g,
                                                     const conceptdec_geometry_options *options);
conceptdec_status conceptdec_i_geometry_options_tell(const conceptdec_i_geometry *g);
/* ENOMEM where a part would take more than the option memory allows. */
conceptdec_status conceptdec_i_geometry_allow(const conceptdec_i_geometry *g, const char *part, double bytes);

/* Scalars of the result. */
conceptdec_status conceptdec_i_geometry_put(const conceptdec_i_geometry *g, const char *name, double value);
conceptdec_status conceptdec_i_geometry_put_count(const conceptdec_i_geometry *g, const char *name, int64_t value);
/* An array of zeros of the arena's; `array` is the address of a pointer of any type. */
conceptdec_status conceptdec_i_geometry_take(conceptdec_i_arena *arena, const char *what, int64_t count, uint64_t size,
                                             void *array);

/* ---- parts: each writes its arrays of the result ---- */

conceptdec_status conceptdec_i_geometry_rows(conceptdec_i_geometry *g);     /* norms, anisotropy, total variance */
conceptdec_status conceptdec_i_geometry_spectrum(conceptdec_i_geometry *g); /* needs LAPACK, as does variability */
conceptdec_status conceptdec_i_geometry_neighbors(conceptdec_i_geometry *g);
conceptdec_status conceptdec_i_geometry_classes_open(conceptdec_i_geometry *g);  /* also Fisher and NC2 */
conceptdec_status conceptdec_i_geometry_collapse(conceptdec_i_geometry *g);      /* NC1; VCI unless NO_SPECTRUM */
conceptdec_status conceptdec_i_geometry_participation(conceptdec_i_geometry *g); /* of each class */
conceptdec_status conceptdec_i_geometry_probe(conceptdec_i_geometry *g);         /* NC3, NC4 */
conceptdec_status conceptdec_i_geometry_silhouette(conceptdec_i_geometry *g);
conceptdec_status conceptdec_i_geometry_capacity(conceptdec_i_geometry *g);

/* ---- between these ---- */

/* The directions of Sb, v_k of length 1 with Sb v_k = values[k]^2 / count v_k, and along[k * count + c]: the offset
 * of class c along v_k. */
typedef struct conceptdec_i_geometry_between {
    int64_t rank;
    double *values, *directions, *along; /* descending; rank x d; rank x count */
} conceptdec_i_geometry_between;

/* *trace = tr(St^+ Sb), St = Sw + Sb. */
conceptdec_status conceptdec_i_geometry_captured(conceptdec_i_arena *arena, const conceptdec_i_geometry *g,
                                                 const conceptdec_i_geometry_between *between, double *trace);

/* Distances to the first neighbours of each row, ascending: row i at distance + i * stride; of rows of length 1
 * under cosine. */
typedef struct conceptdec_i_geometry_distances {
    const double *distance;
    int64_t n, stride;
    bool is_cosine;
} conceptdec_i_geometry_distances;

/* Logarithms of the ratios of the second to the first, ascending, of the rows whose first is above 0: m of them. */
int64_t conceptdec_i_geometry_ratios(const conceptdec_i_geometry_distances *distances, double *logs);
/* (m - 1) / their sum; NaN of fewer than three, or where the sum is 0. */
double conceptdec_i_geometry_twonn_ml(const double *logs, int64_t m);
conceptdec_status conceptdec_i_geometry_dimension(conceptdec_i_geometry *g,
                                                  const conceptdec_i_geometry_distances *distances);
conceptdec_status conceptdec_i_geometry_curve(conceptdec_i_geometry *g,
                                              const conceptdec_i_geometry_distances *distances);
conceptdec_status conceptdec_i_geometry_hubness(conceptdec_i_geometry *g, const int64_t *indices, int64_t stride);
/* A table of the k nearest rows of each, and its distances. To be freed. */
conceptdec_status conceptdec_i_geometry_search(const conceptdec_i_geometry *g, const conceptdec_matrix *x, int64_t k,
                                               conceptdec_neighbors **table,
                                               conceptdec_i_geometry_distances *distances);

#endif

/* Clusters of rows that lie far closer to each other than to the mean. Products of rows taken about the centre of their
 * own cluster have small norms, hence narrow bounds: near-duplicates are told apart as well as other rows. */
#ifndef CONCEPTDEC_I_CLUSTERS_H
#define CONCEPTDEC_I_CLUSTERS_H

#include "linalg/tiles.h"
#include "neighbors/values.h"

#define CONCEPTDEC_I_CLUSTERS 16 /* at most */
#define CONCEPTDEC_I_PLACES 128  /* at most */

typedef struct conceptdec_i_clusters {
    int n;           /* 1: the mean of all rows serves */
    int64_t dims;
    double *center;  /* n x dims, of row * factor */
    double *apart;   /* n x n: squared distance of two centres */
    double *shifted; /* n x dims: centres less the column means */
    double farthest; /* largest squared norm of these */
    int n_places;    /* 0: items of a cluster stay in the caller's order */
    double *places;  /* n_places x dims, less the column means: items are put to the nearest, neighbours side by side */
} conceptdec_i_clusters;

/* Items of one side, sorted by cluster and place; before: number of an item in the caller's order. */
typedef struct conceptdec_i_arrangement {
    int32_t *before;  /* NULL: the order is the caller's */
    int32_t *row;     /* of the view */
    uint8_t *cluster; /* NULL: one cluster */
    int64_t n_sampled; /* so many first items are a random sample of all */
} conceptdec_i_arrangement;

/* Found on a fixed sample of the n rows; one cluster where more would not shrink squared norms to less than a half.
 * Places where they are asked for and rows are many enough. */
conceptdec_status conceptdec_i_clusters_find(conceptdec_i_arena *arena, const conceptdec_i_survey *survey,
                                             const int32_t *rows, int64_t n, bool with_places,
                                             conceptdec_i_clusters *clusters);

/* Puts each of n rows into the nearest cluster, and to the nearest place; a sample before all others where k makes it
 * worth while. */
conceptdec_status conceptdec_i_clusters_arrange(conceptdec_i_arena *arena, const conceptdec_i_clusters *clusters,
                                                const conceptdec_i_survey *survey, const double *mean,
                                                const int32_t *rows, int64_t n, double scale, int64_t k,
                                                conceptdec_i_arrangement *arrangement);

/* along[c * operand->n + i] = item i (about its own centre, scaled) times centre c (about the mean, scaled), in
 * float64. */
conceptdec_status conceptdec_i_clusters_project(conceptdec_i_arena *arena, const conceptdec_i_clusters *clusters,
                                                const conceptdec_i_operand *operand, double **along);

#endif

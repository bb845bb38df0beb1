/* UMAP from its parts: options, the fuzzy graph, the curve, the start; layout.h has the layout. */
#ifndef CONCEPTDEC_I_PROJECTION_UMAP_H
#define CONCEPTDEC_I_PROJECTION_UMAP_H

#include "projection/layout.h"

#define CONCEPTDEC_I_UMAP_REACH 0x1p100 /* no place is farther out: single precision has room for it */

/* What is kept of the fit, and what placing new rows takes. */
struct conceptdec_umap {
    conceptdec_i_memory *memory;
    int64_t n, dims, columns;
    int64_t n_neighbors; /* others of each sample, at most n - 1 */
    int64_t self_counted, metric, epochs, n_strangers;
    uint64_t seed;
    double learning_rate, repulsion, local_connectivity;
    double curve[2];
    int64_t n_edges, n_short, converged;
    double *embedding; /* n x columns */
    int64_t *rows, *cols;
    double *weights; /* n_edges each */
    double *rho, *sigma;
    int64_t *part; /* n each */
};

/* ---- options (umap_options.c) ---- */

/* Copies, fills in defaults (all but epochs, and n_neighbors is what was asked for) and checks what does not depend on
 * rows. is_sequence: of views that are aligned. */
conceptdec_status conceptdec_i_umap_options(conceptdec_ctx *ctx, const conceptdec_umap_options *given, bool is_sequence,
                                            conceptdec_umap_options *options);
/* The metric is that of a table; EINVAL where another was given. */
conceptdec_status conceptdec_i_umap_take_metric(conceptdec_ctx *ctx, int32_t metric, conceptdec_umap_options *options);
/* Others of each sample that the options ask for, at most n - 1. */
int64_t conceptdec_i_umap_others(const conceptdec_umap_options *options, int64_t n);
int64_t conceptdec_i_umap_epochs(const conceptdec_umap_options *options, int64_t n);
/* Checks labels and start, where they are given. labels: NULL, or n. */
conceptdec_status conceptdec_i_umap_check_rows(conceptdec_i_arena *arena, const conceptdec_umap_options *options,
                                               int64_t n, const int64_t **labels);
void conceptdec_i_umap_layout_settings(const conceptdec_umap_options *options, const double curve[2], int64_t n,
                                       conceptdec_i_layout_settings *settings);

/* ---- the curve (curve.c) ---- */

/* a and b of the least-squares fit of 1 / (1 + a x^2b) to min(1, exp(-(x - min_dist) / spread)) at 300 places of
 * [0, 3 spread]. */
void conceptdec_i_umap_curve(double spread, double min_dist, double curve[2]);

/* ---- membership (membership.c) ---- */

typedef struct conceptdec_i_membership {
    double local_connectivity;
    bool is_self_counted; /* a place of the list is the sample itself, at distance 0 */
    double mean;          /* distance over all lists */
} conceptdec_i_membership;

/* weight[j] = exp(-max(0, distance[j] - rho) / sigma) for the k neighbours of one sample, nearest first. */
void conceptdec_i_membership_row(const conceptdec_i_membership *membership, const double *distance, int64_t k,
                                 double *weight, double *rho, double *sigma);

/* ---- the fuzzy graph (fuzzy.c) ---- */

/* What each sample sees: lists of up to k neighbours, count[i] of them; row i begins at i * stride. */
typedef struct conceptdec_i_lists {
    int64_t n, k, stride;
    const int64_t *index, *count;
    const double *distance;
} conceptdec_i_lists;

typedef struct conceptdec_i_fuzzy {
    int64_t n, n_edges;
    int64_t *first; /* n + 1 */
    int32_t *column;
    double *weight;
} conceptdec_i_fuzzy;

/* weight: n x lists->k. mix: share of the union. */
conceptdec_status conceptdec_i_fuzzy_join(conceptdec_i_arena *arena, const conceptdec_i_lists *lists,
                                          const double *weight, double mix, conceptdec_i_fuzzy *fuzzy);
/* Weakens edges between samples of different labels (-1: unknown), then makes each sample sure of one neighbour
 * again. */
conceptdec_status conceptdec_i_fuzzy_label(conceptdec_i_arena *arena, const int64_t *labels, double target_weight,
                                           conceptdec_i_fuzzy *fuzzy);
/* part: n, connected parts from 0 in order of their first samples. */
conceptdec_status conceptdec_i_fuzzy_parts(conceptdec_i_arena *arena, const conceptdec_i_fuzzy *fuzzy, int64_t *part);
/* The same with weights in single precision. */
conceptdec_status conceptdec_i_fuzzy_graph(conceptdec_i_arena *arena, const conceptdec_i_fuzzy *fuzzy,
                                           conceptdec_i_graph *graph);

/* ---- the start (start.c) ---- */

/* start: n x n_components. x: for the start "pca" only. */
conceptdec_status conceptdec_i_umap_start(conceptdec_i_arena *arena, const conceptdec_umap_options *options,
                                          const conceptdec_matrix *x, const conceptdec_i_graph *graph, double *start,
                                          bool *converged);

/* ---- fits (umap_fit.c) ---- */

/* A neighbour table for the options, without queries or with them. */
conceptdec_status conceptdec_i_umap_neighbors(conceptdec_ctx *ctx, const conceptdec_matrix *x,
                                              const conceptdec_matrix *queries, int64_t k, int32_t metric,
                                              conceptdec_neighbors **table);
conceptdec_status conceptdec_i_umap_lists(conceptdec_ctx *ctx, const conceptdec_neighbors *table, int64_t k,
                                          conceptdec_i_lists *lists);
/* From lists to the graph; labels: NULL, or n; rho, sigma: n. */
conceptdec_status conceptdec_i_umap_fuzzy(conceptdec_i_arena *arena, const conceptdec_umap_options *options,
                                          const conceptdec_i_lists *lists, const int64_t *labels, double *rho,
                                          double *sigma, conceptdec_i_fuzzy *fuzzy);
/* ENOMEM where the options' memory is less than what so many samples take; `views` of them at once. */
conceptdec_status conceptdec_i_umap_check_memory(conceptdec_ctx *ctx, const conceptdec_umap_options *options, int64_t n,
                                                 int64_t k, int64_t views);
/* The arrays of a fit of n, columns and n_edges; what is missing where it fails is NULL. */
conceptdec_status conceptdec_i_umap_take(conceptdec_ctx *ctx, conceptdec_umap *umap);
/* Everything from a checked table on. x: NULL, or the rows. */
conceptdec_status conceptdec_i_umap_fit(conceptdec_i_arena *arena, const conceptdec_umap_options *options,
                                        const conceptdec_matrix *x, const conceptdec_neighbors *table,
                                        const int64_t *labels, conceptdec_umap *umap);
conceptdec_status conceptdec_i_umap_make(conceptdec_ctx *ctx, conceptdec_umap **umap); /* empty (umap.c) */

#endif

/* What a report holds, between the parts that compute it and those that write it. */
#ifndef REPORT_H
#define REPORT_H

#include "input.h"
#include "page.h"

/* The leading two principal components of a cell. */
typedef struct projection {
    int64_t cell;
    conceptdec_result *points; /* "transformed": n x 2 */
    double share[2];           /* of the variance */
} projection;

enum { MOST_PROJECTIONS = 7, MOST_STAGES = 8 };

typedef struct report {
    const command *c;
    conceptdec_ctx *ctx;
    input in;
    uint64_t n_bytes[3]; /* of activations, labels, groups */
    char sha256[3][65];  /* "": not given */
    int64_t bootstrap, permutations, folds, rank;
    int64_t *ks, n_ks, at; /* k: 1, 2 ...; ks[at] is that of the curves over layers */
    double lambda;         /* 0: 1 / n */

    /* The cells through the best one on the axis of the layers; one of a single matrix. */
    int64_t axis; /* -1: a single matrix */
    int64_t *path, n_path, best_place;
    const char **places; /* names of these cells on the axis */

    concepts knn_of, probe_of, overlap_of;
    conceptdec_result *knn, *confusion, *probe; /* sweeps over all cells, and the best cell at ks[at]; probe may be
                                                   NULL */
    conceptdec_result **overlap;                /* of each cell of the path; NULL where it failed */
    double *mean_overlap, *expected_overlap;    /* n_path */
    double *chance_low, *chance_high;           /* cells x ks: 2.5 and 97.5 % of the permutations */
    int64_t best;
    int64_t n_computed; /* cells whose decodability did not fail */
    int code;           /* of the first cell that failed */
    double p_best; /* of the best of all cells among the best of all cells of each permutation */
    projection projections[MOST_PROJECTIONS];
    int64_t n_projections; /* the first is that of the best cell */

    char **notes;
    int64_t n_notes;
    struct {
        const char *name;
        double seconds, cpu_seconds;
    } stages[MOST_STAGES];
    int64_t n_stages;
} report;

/* Numbers of a result, NULL where it has none of that name. */
const double *values_of(const conceptdec_result *result, const char *name);
const int64_t *counts_of(const conceptdec_result *result, const char *name);

/* ---- what is computed (measure.c) ---- */

int measure(report *r); /* an exit code */
void forget_report(report *r);
/* Keeps a note for the page; false where memory ran out. */
bool keep_note(report *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* ---- cells (grid.c) ---- */

int64_t layer_axis(const input *in); /* the one named so, else the last; -1: a single matrix */
int64_t stride_of(const input *in, int64_t axis);
int64_t place_of(const input *in, int64_t cell, int64_t axis);
int find_path(report *r);
/* Names of the places of an axis, `length` of them, which the caller frees with free_texts; NULL where memory ran
 * out. */
char **axis_names(const input *in, int64_t axis);
/* "layer 3, k 10": where a cell lies. */
void add_cell_name(text *t, const input *in, int64_t cell);

/* ---- SHA-256 of files (sha256.c) ---- */

/* 64 digits and a 0; false where the file cannot be read. */
bool sha256_of_file(const char *path, char digits[65], uint64_t *n_bytes);

/* ---- how it is written ---- */

void add_report_json(text *t, report *r); /* report_json.c */
void add_page(text *t, report *r);        /* page.c */
void add_pictures(text *t, report *r);    /* page_pictures.c */

#endif

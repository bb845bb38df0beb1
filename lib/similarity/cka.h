/* Centred kernel alignment: what its files share. */
#ifndef CONCEPTDEC_I_CKA_H
#define CONCEPTDEC_I_CKA_H

#include "linalg/tiles.h"
#include "similarity/similarity.h"

#define CONCEPTDEC_I_CKA_LEAST 4 /* rows of unbiased estimates */

/* One view. Its rows are centred, and scaled by a power of two; so is its kernel. */
typedef struct conceptdec_i_cka_side {
    const conceptdec_matrix *view;
    double *mean;   /* of all rows */
    double *centre; /* of the rows in work */
    double scale;
    double deviation; /* the largest from the mean; 0: constant */
    int precision;
    int64_t size;     /* of a kernel element: float or double */
    double *diagonal; /* of the kernel, for each row in work */
    double *norms;    /* RBF: squared, of the centred and scaled rows */
    double *rows;     /* sums of each row of the kernel, less its diagonal */
    double decay;     /* RBF: 1 / (2 s^2); NaN: the median distance is 0 */
    char *block;      /* the block in work: kernel element (row i, column j) at [j * edge + i] */
} conceptdec_i_cka_side;

typedef struct conceptdec_i_cka {
    conceptdec_i_similarity *s;
    conceptdec_ctx *ctx;
    conceptdec_i_arena *arena;
    bool is_rbf, is_debiased, is_whole; /* is_whole: blocks hold all rows, and stay for the draws */
    int64_t n_sides, first, n;          /* rows in work */
    int64_t edge;                       /* rows of a block */
    conceptdec_i_cka_side *sides;
    int32_t *row;                             /* numbers of the rows in work */
    struct conceptdec_i_cka_columns *columns; /* NULL: sums come from kernels */
    double *sums;                             /* V x V: of the products of two kernels, off the diagonal */
    double *hsic;                             /* V x V: mean over batches */
    double *other;                            /* V x V: the same by the estimate that is not the kind's */
} conceptdec_i_cka;

/* HSIC of kernels of n rows from sums; see docs/definitions.md. */
typedef struct conceptdec_i_cka_terms {
    double products;      /* of both kernels, off the diagonal */
    double diagonals;     /* of the products of both diagonals */
    double rows;          /* of the products of both row sums (biased: with the diagonal) */
    double first, second; /* of all elements of each (biased: with the diagonal) */
} conceptdec_i_cka_terms;

double conceptdec_i_cka_hsic(const conceptdec_i_cka_terms *terms, int64_t n, bool is_debiased);
/* NaN where a self-HSIC is not above 0. */
double conceptdec_i_cka_ratio(double both, double first, double second);
/* Edge of the blocks that `memory` has room for. ENOMEM: too little, or (is_whole) not for all rows. */
conceptdec_status conceptdec_i_cka_choose_edge(conceptdec_i_cka *c);
/* Fills diagonal, rows and sums for the rows in work. */
conceptdec_status conceptdec_i_cka_add_up(conceptdec_i_cka *c);
/* Tasks of that, for the progress of a stage. */
int64_t conceptdec_i_cka_tasks(const conceptdec_i_cka *c);
/* The decay of every side (RBF). */
conceptdec_status conceptdec_i_cka_find_decays(conceptdec_i_cka *c);
/* Terms but for the products, of one pair in the order of the rows; order: of the second's, NULL: the same. */
conceptdec_i_cka_terms conceptdec_i_cka_terms_of(const conceptdec_i_cka *c, const conceptdec_i_cka_side *a,
                                                 const conceptdec_i_cka_side *b, const int32_t *order,
                                                 bool is_debiased);
/* Pairs of different rows i, j of a draw, by what each product counts: w_i w_j, w_i w_j^2, w_i^2 w_j^2 (the last two
 * for unbiased estimates). */
enum { CONCEPTDEC_I_CKA_ONCE, CONCEPTDEC_I_CKA_MIXED, CONCEPTDEC_I_CKA_TWICE, CONCEPTDEC_I_CKA_WEIGHTINGS };

/* One draw. */
typedef struct conceptdec_i_cka_draw {
    double *weight; /* n: how often each row is drawn */
    double *rows;   /* V x n: weighted sums of the others in each row of each kernel */
    double *sums;   /* 3 x V x V: of weighted products; permutations: of products, for pairs of a and b */
    double *hsic;   /* V x V */
    int32_t *order; /* n: of the second's rows */
    int32_t *kept;  /* rows that are drawn */
    int64_t n_kept;
} conceptdec_i_cka_draw;

int64_t conceptdec_i_cka_draw_bytes(const conceptdec_i_cka *c);
void conceptdec_i_cka_draw_open(const conceptdec_i_cka *c, char *memory, conceptdec_i_cka_draw *draw);
/* Fills weight and kept. */
conceptdec_status conceptdec_i_cka_draw_rows(const conceptdec_i_cka *c, int64_t number, conceptdec_i_cka_draw *draw);
/* From sums (and rows) to values, A x B. */
void conceptdec_i_cka_conclude_order(const conceptdec_i_cka *c, const conceptdec_i_cka_draw *draw, double *out);
void conceptdec_i_cka_conclude_draw(const conceptdec_i_cka *c, const conceptdec_i_cka_draw *draw, double *out);

/* Fill null and draws, from kernels that stay in memory. */
conceptdec_status conceptdec_i_cka_draw_kernels(conceptdec_i_cka *c);

/* Whether sums should come from products of columns instead of kernels, which are linear: fewer operations, and room
 * for them. */
bool conceptdec_i_cka_prefers_columns(const conceptdec_i_cka *c);
/* As with kernels. */
conceptdec_status conceptdec_i_cka_open_columns(conceptdec_i_cka *c);
conceptdec_status conceptdec_i_cka_add_columns(conceptdec_i_cka *c);
int64_t conceptdec_i_cka_column_tasks(const conceptdec_i_cka *c);
conceptdec_status conceptdec_i_cka_draw_columns(conceptdec_i_cka *c);

/* Element (i, j) of a whole block, i != j. */
static inline double
conceptdec_i_cka_at(const conceptdec_i_cka_side *side, int64_t place)
{
    return side->size == sizeof(float) ? (double)((const float *)(const void *)side->block)[place]
                                       : ((const double *)(const void *)side->block)[place];
}

#endif

/* Kernels: one table of function pointers per instruction set. portable.c is the reference that the others are tested
 * against; a set fills in what it has and inherits the rest. */
#ifndef CONCEPTDEC_I_KERNELS_H
#define CONCEPTDEC_I_KERNELS_H

#include <stdint.h>

/* One panel product of the tile engine: c[j * ldc + i] = (accumulate ? c : 0) + sum over p < depth of
 * a[p * mr + i] * b[p * nr + j], for i < mr, j < nr. Packed operands are 64-byte aligned, c is 64-byte aligned and
 * ldc a multiple of 16 elements. Each element is one chain of depth fused or unfused multiply-adds in order of p (at
 * most `depth` roundings beyond the products'). */
typedef void (*conceptdec_i_panel_f32)(int64_t depth, const float *a, const float *b, float *c, int64_t ldc,
                                       int accumulate);
typedef void (*conceptdec_i_panel_f64)(int64_t depth, const double *a, const double *b, double *c, int64_t ldc,
                                       int accumulate);
/* The same where b is not packed but lies as the vector side of another product does, in panels of mr that are `step`
 * elements apart: c[j * ldc + i] = (accumulate ? c : 0) + sum over p < depth of a[p * width + i] * b[p / mr * step +
 * j * mr + p % mr], for i < width, which is mr or mr / 2, and j < nr. The same bits as from what is packed. */
typedef void (*conceptdec_i_panel_across_f32)(int64_t depth, const float *a, int64_t width, const float *b,
                                              int64_t step, float *c, int64_t ldc, int accumulate);
typedef void (*conceptdec_i_panel_across_f64)(int64_t depth, const double *a, int64_t width, const double *b,
                                              int64_t step, double *c, int64_t ldc, int accumulate);
/* Products as above of integers, two after the other: c[j * ldc + i] = (accumulate ? c : 0) + sum over p < depth and
 * h < 2 of a[(p * mr + i) * 2 + h] * b[(p * nr + j) * 2 + h]; mr and nr are those of float. Exact: factors are within
 * 32767, and no sum of products in order of p leaves int32. */
typedef void (*conceptdec_i_panel_i16)(int64_t depth, const int16_t *a, const int16_t *b, int32_t *c, int64_t ldc,
                                       int accumulate);

/* Rows that one call of `distances` compares with another. */
#define CONCEPTDEC_I_ABREAST 2

/* Pairs that one call of `place_rows` or `place_column` looks at. */
#define CONCEPTDEC_I_PLACED 16

/* Lanes of permutations that one call of `votes` advances. */
#define CONCEPTDEC_I_LANES 64
/* `tally` sums the credit of so many tied classes or fewer in parts of 1/60, and counts each of the next numbers. */
#define CONCEPTDEC_I_CREDITED 6
#define CONCEPTDEC_I_CREDIT_PARTS 60
#define CONCEPTDEC_I_COUNTED 10
/* Permutations that one call of `words` and `deal` serves, and the most classes that `deal` knows. */
#define CONCEPTDEC_I_DRAWS 16
#define CONCEPTDEC_I_MOST_DEALT 32

/* Places of a layout that one call of `move` moves, pairs that `pull` moves at once, and the most columns that a layout
 * has. */
#define CONCEPTDEC_I_TILE 16
#define CONCEPTDEC_I_LAYOUT_COLUMNS 64

/* Terms of what the values of a contest may be off by. */
#define CONCEPTDEC_I_CONTEST_BOUNDS 3

/* Classes that compete for the mr_f32 rows of a panel: row i has the value values[c * step + i] * scale[i] + center[c]
 * for class c. The own class of a row is ahead where its value is above the largest of the others by more than the
 * row's handicap. Known are differences of values to within least + sum of reach[k][i] * spread[k]. */
typedef struct conceptdec_i_contest {
    const float *values;
    int64_t step;
    int32_t classes;
    const float *center;   /* classes; -infinity: takes no part */
    const int32_t *label;  /* rows: the own class */
    const float *scale;    /* rows */
    const float *handicap; /* rows; infinite: the row is not asked about */
    const float *reach[CONCEPTDEC_I_CONTEST_BOUNDS]; /* rows */
    float spread[CONCEPTDEC_I_CONTEST_BOUNDS], least;
} conceptdec_i_contest;

/* Matrices whose columns one call of `turn_columns` turns, one in each lane. */
#define CONCEPTDEC_I_TURNED 8

/* Places attract at the rate of a curve 1 / (1 + a d^2b) and repel by its complement. */
typedef struct conceptdec_i_forces {
    float a, b;
    float attraction; /* -2 a b */
    float repulsion;  /* 2 b times the weight of strangers */
    float rate;
    float least, most; /* squared distances that are told apart: in 1e-30 .. 1e30, their b-th powers in 2^-120 ..
                          2^120 */
} conceptdec_i_forces;

/* What one tile of places meets. */
typedef struct conceptdec_i_moves {
    conceptdec_i_forces forces;
    const float *others;      /* n x columns, what `partners` and `strangers` are rows of; columns * n < 2^31 */
    const int32_t *rounds;    /* 16: partners of each place */
    const int32_t *partners;  /* most rounds x 16; any row where a place has no more of them */
    const int32_t *strangers; /* most rounds x n_strangers x 16 */
    int32_t columns, n_strangers;
} conceptdec_i_moves;

/* Whether an edge that is followed at this rate, in units of 2^-31 an epoch, is followed in this one: floor(epoch *
 * rate) goes up. */
static inline int
conceptdec_i_is_due(uint32_t rate, uint32_t epoch)
{
    return ((epoch * rate) & 0x7fffffffu) < rate;
}

/* Pairs of places, 16 by 16. 16 strangers are drawn for all of these: pair i meets those at i, i + 1, ..., round and
 * round, first its head, then its tail; after 16 of them it goes on with the next 16 drawn. */
typedef struct conceptdec_i_pulls {
    conceptdec_i_forces forces;
    float *places;                /* n x columns, what `heads` and `tails` are rows of; columns * n < 2^31 */
    const float *others;          /* n x columns, what `strangers` are rows of */
    const float *anchors;         /* NULL, or n x columns: what each end is drawn to, by a share `pull` of the way */
    const int32_t *heads, *tails; /* of each pair; any rows from `count` on to a multiple of 16 */
    const int32_t *strangers;     /* for every 16 pairs 2 n_strangers, rounded up to a multiple of 16 */
    int64_t count;
    int32_t columns, n_strangers; /* of each end */
    float pull;
} conceptdec_i_pulls;

/* One step of a recurrence of polynomials in I - N, where N is the adjacency of a graph. */
typedef struct conceptdec_i_laplace {
    const int64_t *first;  /* row i of N has the entries first[i] .. first[i + 1] - 1 */
    const int32_t *column; /* none of them i */
    const double *weight;
    const double *inside; /* the diagonal of N; NULL: zeros */
    const double *from;   /* rows of `width` numbers */
    double *to;
    int64_t width;
    double a, b, c;
} conceptdec_i_laplace;

typedef struct conceptdec_i_kernels {
    const char *name; /* "portable", "avx2", "avx512" */
    uint32_t bit;     /* CONCEPTDEC_KERNEL_* */

    int32_t mr_f32, nr_f32, mr_f64, nr_f64; /* mr: vector side, nr: broadcast side */
    conceptdec_i_panel_f32 panel_f32;
    conceptdec_i_panel_f64 panel_f64;
    conceptdec_i_panel_across_f32 panel_across_f32;
    conceptdec_i_panel_across_f64 panel_across_f64;
    conceptdec_i_panel_i16 panel_i16;

    /* out[i] = in[i] as double, exact; `in` at any address. */
    void (*widen_f64)(const void *in, double *out, int64_t n);
    void (*widen_f32)(const void *in, double *out, int64_t n);
    void (*widen_f16)(const void *in, double *out, int64_t n);
    void (*widen_bf16)(const void *in, double *out, int64_t n);

    /* One pass over a row of doubles: sums[i] += x[i]; *largest = max(*largest, |x[i]|); returns sum of x[i] * w[i].
     * NaN or infinity anywhere makes the returned value non-finite (w[i] in [1, 2)), and so may products that overflow.
     * The order of the sum is free but the same for every row (of one kernel set): equal rows give equal values. */
    double (*scan)(const double *x, const double *w, double *sums, double *largest, int64_t n);

    /* sums[i] += x[i]. */
    void (*add_floats)(const float *x, double *sums, int64_t n);

    /* sums[i] += the sum of rows[0..7][i], added in float in pairs, pairs of pairs and so on. */
    void (*add_eight)(const float *const *rows, double *sums, int64_t n);

    /* Of `rows` rows `step` apart, one after the other: sums[j] += x - shift[j], least[j] and largest[j] take x in,
     * squares[j] += (x - shift[j])^2 (NULL: not). The same bits from every set. */
    void (*survey)(const double *x, int64_t step, int64_t rows, const double *shift, double *sums, double *least,
                   double *largest, double *squares, int64_t n);
    /* Likewise sums[j] += ((x - shift[j]) * factor[j])^2. */
    void (*add_squares)(const double *x, int64_t step, int64_t rows, const double *shift, const double *factor,
                        double *sums, int64_t n);

    /* out[i] = in[i] rounded to float. */
    void (*to_floats)(const double *in, float *out, int64_t n);
    /* out[i] = (x[i] - shift[i]) * factor[i] in float64, then rounded to out's type; doubles may be settled in
     * place. */
    void (*settle_f32)(const double *x, const double *shift, const double *factor, float *out, int64_t n);
    void (*settle_f64)(const double *x, const double *shift, const double *factor, double *out, int64_t n);

    /* out[i] = (a[i] - b[i]) * row[i] in float64, and the sum over i of a[i] * b[i]: 16 partial sums, folded as in the
     * refining sum. No operation is fused: the same bits from every kernel set. */
    void (*scale_difference)(const float *a, const float *b, const float *row, double *out, int64_t n);
    double (*dot)(const double *a, const double *b, int64_t n);
    /* to[i] += factor * from[i]; returns what `dot` gives for `to`, as it then is, and `next`, which may be `to`. */
    double (*add_multiple)(double factor, const double *from, double *to, const double *next, int64_t n);
    /* Two products of a column and a row are taken from a block: for k < count and i < n, rows[k * ld + i] -=
     * left[0][k] * right[0][i] + left[1][k] * right[1][i]; out[k] = what `dot` gives for row k, as it then is, and
     * `next`, which may be the row where that is the only one. No operation is fused. */
    void (*take_products)(double *rows, int64_t ld, int64_t count, const double *const *left,
                          const double *const *right, const double *next, int64_t n, double *out);

    /* out[i] = (x[i] - mean[i]) * scale in float64, then rounded to out's type; returns sum of out[i]^2 in float64 (16
     * partial sums). scale is a power of two or, for cosine, 1 / norm. out overlaps neither x nor mean. */
    double (*center_f32)(const double *x, const double *mean, double scale, float *out, int64_t n);
    double (*center_f64)(const double *x, const double *mean, double scale, double *out, int64_t n);

    /* Interleaves rows into a panel: out[p * width + r] = in[r * ld + p] for p < depth, r < rows, and 0 for rows <= r <
     * width. */
    void (*interleave_f32)(const float *in, int64_t ld, int64_t rows, int64_t depth, int64_t width, float *out);
    void (*interleave_f64)(const double *in, int64_t ld, int64_t rows, int64_t depth, int64_t width, double *out);

    /* Deals a row to panels of mr: out[p / mr * step + p % mr] = in[p] - center[p] for p < count (center NULL: in[p]),
     * and 0 for count <= p up to the next multiple of mr. step >= mr. */
    void (*spread_f32)(const float *in, const float *center, int64_t count, int64_t step, float *out);
    void (*spread_f64)(const double *in, const double *center, int64_t count, int64_t step, double *out);

    /* Part of a panel of floats as a panel of doubles, exact: out[p * width + i] = in[p * step + i] for p < depth and
     * i < width, a multiple of mr_f64. */
    void (*widen_panel)(const float *in, int64_t step, int64_t width, int64_t depth, double *out);

    /* Which products of one column of a tile may matter. For i < n: value = norm[i] - 2 * dot[i] + column_norm (a fused
     * or two-step product, then a sum); bit i of row_hits is set where value <= row_limit[i], that of column_hits where
     * value <= column_limit. n <= 512; hits are n / 64 rounded up words, bits past n are 0. Returns non-zero where any
     * bit is set. NaN limits never hit, +infinity always hits; a value that is NaN hits every limit that is a number (a
     * screen may let through too much, never too little). dot, norm and row_limit are 64-byte aligned. */
    int (*screen_f32)(const float *dot, const float *norm, float column_norm, const float *row_limit,
                      float column_limit, int64_t n, uint64_t *row_hits, uint64_t *column_hits);
    int (*screen_f64)(const double *dot, const double *norm, double column_norm, const double *row_limit,
                      double column_limit, int64_t n, uint64_t *row_hits, uint64_t *column_hits);

    /* Where CONCEPTDEC_I_PLACED pairs stand between ascending limits. place[i] = number of low limits <= upper - 2 *
     * dot[i]; open[i] = whether that is not the number of high limits < lower - 2 * dot[i]; limits that are NaN count
     * for neither. Returns non-zero where any pair is open;
     * else `open` is untouched. `rows`: limit t of pair i is low[t * CONCEPTDEC_I_PLACED + i],
     * `column`: low[t], and high likewise. */
    int (*place_rows_f32)(const float *dot, float upper, float lower, const float *low, const float *high,
                          int64_t n_limits, int32_t *place, int32_t *open);
    int (*place_rows_f64)(const double *dot, double upper, double lower, const double *low, const double *high,
                          int64_t n_limits, int32_t *place, int32_t *open);
    int (*place_column_f32)(const float *dot, const float *upper, const float *lower, const float *low,
                            const float *high, int64_t n_limits, int32_t *place, int32_t *open);
    int (*place_column_f64)(const double *dot, const double *upper, const double *lower, const double *low,
                            const double *high, int64_t n_limits, int32_t *place, int32_t *open);

    /* A value that at least k of n values do not exceed, and few more than k; close to the k-th smallest. 1 <= k <= n,
     * no NaN, no minus infinity. The same for every kernel set. */
    float (*kth_f32)(const float *values, int64_t n, int64_t k);

    /* The first of n numbers that is `key`, as far as `mask` goes; -1: none. */
    int64_t (*find_key)(const uint32_t *numbers, int64_t n, uint32_t key, uint32_t mask);

    /* The refining sum: sum over i of (a[i] - b[i] * scale)^2 in float64, b widened exactly first; 16 partial sums (i
     * mod 16, in order of i), added as s[j] + s[j+8], then s[j] + s[j+4], s[j] + s[j+2], s[0] + s[1]; every operation
     * rounded by itself (no FMA). The same bits from every kernel set. b at any address. */
    double (*distance_f64)(const double *a, const void *b, double scale, int64_t n);
    double (*distance_f32)(const double *a, const void *b, double scale, int64_t n);
    double (*distance_f16)(const double *a, const void *b, double scale, int64_t n);
    double (*distance_bf16)(const double *a, const void *b, double scale, int64_t n);
    /* The same for CONCEPTDEC_I_ABREAST rows at once, whose sums do not wait for each other. As many more rows follow
     * in b, of which only the beginning is asked for, and nothing read: those that come next. */
    void (*distances_f64)(const double *a, const void *const *b, const double *scale, int64_t n, double *out);
    void (*distances_f32)(const double *a, const void *const *b, const double *scale, int64_t n, double *out);
    void (*distances_f16)(const double *a, const void *const *b, const double *scale, int64_t n, double *out);
    void (*distances_bf16)(const double *a, const void *const *b, const double *scale, int64_t n, double *out);
    /* The same of one b and `count` rows a. `next` is the b that comes next: it is asked for meanwhile, and nothing
     * read. */
    void (*meet_f64)(const void *b, double scale, const double *const *a, int64_t count, const void *next, int64_t n,
                     double *out);
    void (*meet_f32)(const void *b, double scale, const double *const *a, int64_t count, const void *next, int64_t n,
                     double *out);
    void (*meet_f16)(const void *b, double scale, const double *const *a, int64_t count, const void *next, int64_t n,
                     double *out);
    void (*meet_bf16)(const void *b, double scale, const double *const *a, int64_t count, const void *next, int64_t n,
                      double *out);

    /* Copies n elements and returns non-zero where a NaN or an infinity is among them, of doubles also where a
     * magnitude is 2^480 or more. Any addresses. */
    int (*gather_f64)(const void *in, void *out, int64_t n);
    int (*gather_f32)(const void *in, void *out, int64_t n);
    int (*gather_f16)(const void *in, void *out, int64_t n);
    int (*gather_bf16)(const void *in, void *out, int64_t n);
    /* `count` rows join the sums of `before` others, in float64: their mean is pilot + mean, and square the sum of
     * squares about it (Chan, Golub and LeVeque); whatever the offset, no digit of a square is lost. Where before is 0,
     * mean and square must be 0, too. n: a multiple of 16, and rows and pilot have as many elements. */
    void (*join_f64)(const char *const *rows, int64_t count, int64_t before, const char *pilot, double *mean,
                     double *square, int64_t n);
    void (*join_f32)(const char *const *rows, int64_t count, int64_t before, const char *pilot, double *mean,
                     double *square, int64_t n);
    void (*join_f16)(const char *const *rows, int64_t count, int64_t before, const char *pilot, double *mean,
                     double *square, int64_t n);
    void (*join_bf16)(const char *const *rows, int64_t count, int64_t before, const char *pilot, double *mean,
                      double *square, int64_t n);

    /* Columns of a sum that is 0, with the last one that they imply: out[c * step + i] = in[c * step + i] for c <
     * columns, and out[columns * step + i] = -(their sum), as float. i < n, which is a multiple of mr_f32; no sum
     * leaves int32 by more than it comes back. */
    void (*close_columns)(const int32_t *in, int64_t columns, int64_t step, int64_t n, float *out);
    /* Rows whose own class is ahead whatever their values are off by; bit i of *open: that of row i may be ahead or
     * not. Where the value of the own class or a bound is not a number, the row is open. */
    int32_t (*contest)(const conceptdec_i_contest *contest, uint64_t *open);

    /* Votes of one row under 64 label assignments at once. labels: rows of 64 bytes (class of that row in each lane);
     * neighbours[0..depth-1]: rows, nearest first; own: the row itself. For each of n_ks increasing ranks ks[t], 1 <=
     * ks[t] <= depth: out[t * 64 + lane] = number of classes that share the highest count among the first ks[t]
     * neighbours where the own class is one of them, else 0. depth <= 255, classes <= 255, every label < classes.
     * counts: scratch of classes * 64 bytes. */
    void (*votes)(const uint8_t *labels, const int32_t *neighbours, int32_t own, const int32_t *ks, int32_t n_ks,
                  int32_t classes, uint8_t *counts, uint8_t *out);
    /* Sums what `votes` gave, v = votes[t * 64 + lane], for t < n_ks: credit[t * 64 + lane] += 60 / v where v is in
     * 1..6, and counts[(t * 10 + v - 7) * 64 + lane] += 1 where it is in 7..16. No more than 255 calls before both are
     * set to 0 again. Returns non-zero where a vote is above 16. */
    int (*tally)(const uint8_t *votes, int32_t n_ks, uint16_t *credit, uint8_t *counts);

    /* Philox for 16 successive items, the first a multiple of 16: out[(4 * i + j) * 16 + d] = word j of
     * conceptdec_i_philox() with the counter (block + i, purpose, item + d), i < n_blocks. */
    void (*words)(const uint32_t key[2], uint32_t purpose, uint64_t item, uint32_t block, int32_t n_blocks,
                  uint32_t *out);
    /* Deals labels from what is left of a deck, for 16 draws at once. The deck lies in the order of
     * classes[0..n_classes
     * - 1] (32 bytes can be read); bounds[c * 16 + d]: labels of classes[0..c] that draw d has left, c < n_classes - 1;
     * `left`: of all classes. For i < count: die = words[i * 16 + d] * (left - i) / 2^32, rounded down; place = number
     * of bounds <= die, and the bounds above the die fall by 1; labels[rows[i] * 64 + d] = classes[place]. Stops before
     * the first i where the low half of a product is below left - i (such dice may have to be thrown again) and returns
     * it, or count. 1 <= n_classes <= 32, count <= left < 2^31. */
    int32_t (*deal)(const uint32_t *words, uint32_t left, const int32_t *rows, int32_t count, uint32_t *bounds,
                    int32_t n_classes, const uint8_t *classes, uint8_t *labels);

    /* Moves 16 places (columns x 16), round by round: each by its partner and the strangers of that round, no
     * coordinate by more than 4 for each of them, all from where it was before the round. Finite places stay finite.
     * The same bits from every kernel set. */
    void (*move)(const conceptdec_i_moves *moves, float *places);
    /* The ends of those of n edges that are due, in their order, into room for n each; returns how many they are. */
    int64_t (*due)(const int32_t *heads, const int32_t *tails, const uint32_t *rates, int64_t n, uint32_t epoch,
                   int32_t *due_heads, int32_t *due_tails);
    /* Moves pairs, 16 at once from where they are: both ends towards each other, and each away from its strangers; a
     * row that is in several of the 16 makes the sum of their moves. The same limits and promises. */
    void (*pull)(const conceptdec_i_pulls *pulls);

    /* Rows i of begin .. end - 1: sum = inside[i] from[i] + the sum of weight[e] from[column[e]] over the entries e of
     * row i, in their order; to[i] = a (from[i] - sum) + b from[i] - c to[i], where the last term is left out, and
     * to[i] not read, if c is 0. No operation is fused: the same bits from every kernel set. */
    void (*laplace)(const conceptdec_i_laplace *step, int64_t begin, int64_t end);

    /* A part of a sweep of one-sided Jacobi over 8 matrices of n rows and m columns: element k of column p of matrix l
     * lies at columns[(p * n + k) * 8 + l], or, where it is one matrix of 8 n rows (is_one), its element 8 k + l. Each
     * of the columns first .. end - 1 and each one behind it are rotated to be orthogonal; returns 0 where none had a
     * product above `tolerance` times that of their norms. The parts of a sweep come one after the other, from column 0
     * to m. squares: m * 8 numbers, those of the columns, which the first part finds. Elements are finite and at most
     * about 1. */
    int (*turn_columns)(double *columns, int64_t m, int64_t n, int is_one, int64_t first, int64_t end, double tolerance,
                        double *squares);
} conceptdec_i_kernels;

/* The best set among those of `mask` (0: all) that the processor has; portable where mask names none of them. */
const conceptdec_i_kernels *conceptdec_i_kernels_choose(uint32_t mask);
/* Bits of the sets that the processor has and the library was built with. */
uint32_t conceptdec_i_kernels_available(void);

extern const conceptdec_i_kernels conceptdec_i_kernels_portable;
extern const conceptdec_i_kernels conceptdec_i_kernels_avx2;   /* x86-64 only */
extern const conceptdec_i_kernels conceptdec_i_kernels_avx512; /* x86-64 only */
/* The same two with the panel_i16 of processors with AVX-VNNI and AVX-512 VNNI: the same integers, sooner. */
extern const conceptdec_i_kernels conceptdec_i_kernels_avxvnni;    /* x86-64 only */
extern const conceptdec_i_kernels conceptdec_i_kernels_avx512vnni; /* x86-64 only */

#endif

/* Kernels of the int8 tiles: one table of function pointers per instruction set, chosen beside the main table.
 *
 * Quantised items stand in panels of 16. An item of `dims` elements has groups = dims / 4 rounded up groups of four;
 * byte (g * 16 + r) * 4 + t of a panel is element 4 g + t of its item r, plus the set's bias, as uint8_t. Elements are
 * at most the set's `most` in magnitude; those past dims, and whole items that a last panel lacks, are 0 (plus the
 * bias). Panels are 64-byte aligned. */
#ifndef CONCEPTDEC_I_NARROW_KERNELS_H
#define CONCEPTDEC_I_NARROW_KERNELS_H

#include <stdint.h>

#define CONCEPTDEC_I_PANEL 16 /* items of a panel */
#define CONCEPTDEC_I_MOST_LEADS 32

/* What the screen knows of the items of one side, an array for each; 64-byte aligned. */
typedef struct conceptdec_i_narrow_rows {
    const float *bound;  /* lower bound of the squared norm */
    const float *reach;  /* twice an upper bound of the norm of the quantised item */
    const float *spread; /* twice an upper bound of the norm of what quantisation left out */
    const float *limit;
} conceptdec_i_narrow_rows;

/* The same of one item of the other side, not twice; `reach` is that of quantised item and rest together. */
typedef struct conceptdec_i_narrow_column {
    float bound, reach, spread, limit;
} conceptdec_i_narrow_column;

/* What makes products of exact sums: the step of each item, and its shares of leading directions, in panels: that of
 * item i and direction k is leads[(i / 16 * n_leads + k) * 16 + i % 16]. 64-byte aligned, and read to the end of the
 * last panel. */
typedef struct conceptdec_i_narrow_items {
    const float *steps, *leads;
    int64_t n_leads;
} conceptdec_i_narrow_items;

#define CONCEPTDEC_I_COMPLETED 4 /* columns that share what is loaded of rows */

typedef struct conceptdec_i_narrow_kernels {
    const char *name; /* "portable", "avx2", "avxvnni", "avx512vnni", "neon_dotprod" */
    uint32_t bit;     /* CONCEPTDEC_KERNEL_* */
    int32_t most;     /* largest magnitude of an element */
    int32_t bias;     /* 0, or at least `most` */
    int32_t run;      /* 0, or how many groups are added up in 16 bits, from multiples of as many on; then magnitudes
                         of */
    int32_t run_most; /* elements 0 and 1 of the groups of a run add up to run_most at most, so do those of 2 and 3 */
    int32_t mr, nr;   /* mr: vector side, a multiple of 16 that divides 256; nr: broadcast side, at most 16 */
    int32_t depth;    /* elements of a slice of a tile, a multiple of 4 */
    int32_t cols;     /* of a tile, a multiple of nr */
    int32_t leads;    /* leading directions of long rows, at most CONCEPTDEC_I_MOST_LEADS: so many that their products
                       * in float are cheap beside those in int8 */
    float gain;       /* share of the time of float tiles that int8 tiles save; 0: none */
    float refining;   /* what a distance of long float32 rows costs, in float products of a pair */

    /* Columns of a micro-panel, bias off: out[(g * nr + j) * 4 + t] = element 4 g + t of item first + j, for g <
     * groups, j < count; 0 for count <= j < nr. Items are counted from the first of the panel at `panels`, may lie in
     * any panel, and panels stand panel_bytes apart. `panels` may point at a later group of the panel (a slice). */
    void (*columns)(int64_t groups, const uint8_t *panels, int64_t panel_bytes, int64_t first, int64_t count,
                    int8_t *out);

    /* c[j * ldc + i] = begin + sum over p < 4 * groups of a_ip * b_jp, i < mr, j < nr. a: mr / 16 panels, panel_bytes
     * apart, with their bias; b: from columns(). begin: start[j], or where start is NULL c[j * ldc + i]. Exact: the
     * caller sees to it that nothing overflows. c is 64-byte aligned, ldc a multiple of 16. */
    void (*panel)(int64_t groups, const uint8_t *a, int64_t panel_bytes, const int8_t *b, const int32_t *start,
                  int32_t *c, int64_t ldc);

    /* From sums to products of `count` columns, from that numbered `first` on, which stand ld apart: for i < n, the
     * int32_t at dots[j * ld + i] becomes that times the product of both steps, plus the sum of products of what both
     * items have along each direction, as a float; a chain in order of the directions, fused or not. n counts up to the
     * next multiple of 16: so far may be read and written. dots is 64-byte aligned, ld a multiple of 16. */
    void (*complete)(void *dots, int64_t ld, int64_t n, const conceptdec_i_narrow_items *rows,
                     const conceptdec_i_narrow_items *columns, int64_t first, int64_t count);

    /* Which products of one column of a tile may matter. For i < n, in float, each operation rounded or fused:
     *   value = rows.bound[i] + column.bound - 2 * dot[i] - rows.spread[i] * column.reach
     *           - rows.reach[i] * column.spread
     * in any order of the terms; bit i of row_hits is set where not value > rows.limit[i], that of column_hits where
     * not value > column.limit (a NaN value hits; limits are never NaN). n <= 256; hits are 4 words, of which
     * n / 64 rounded up are written; bits past n are 0. Returns non-zero where any bit is set. dot is 64-byte aligned,
     * and dot and the arrays of rows can be read to the next multiple of 16 elements past n. */
    int (*screen)(const float *dot, const conceptdec_i_narrow_rows *rows, const conceptdec_i_narrow_column *column,
                  int64_t n, uint64_t *row_hits, uint64_t *column_hits);

    /* Hadamard transform in place, not normalised: x becomes H x, H[i][j] = (-1)^popcount(i & j). n is a power of two.
     * Every element goes through log2(n) additions or subtractions, each rounded once. x is 64-byte aligned where n >=
     * 16. */
    void (*mix)(float *x, int64_t n);

    /* For each of `count` rows x, n elements apart, and its m elements of out: out[k] = sum over i < n of basis[k * n +
     * i] * x[i], k < m, in chains of n / 32 + 6 additions; then x[i] -= out[k] * basis[k * n + i], one k after the
     * other. n is a multiple of 32; basis and x are 64-byte aligned. */
    void (*split)(const float *basis, int64_t m, float *x, int64_t n, int64_t count, float *out);

    /* The least step for which quantize() keeps within `most` and run_most; x finite. */
    float (*step)(const float *x, int64_t n);

    /* out[i] = q_i + bias with q_i = x[i] * inverse rounded to the nearest integer (ties either way), clipped to -most
     * .. most. sums[0] = sum of q_i, sums[1] = sum of q_i^2. Returns the sum of (x[i] - step * q_i)^2 in float,
     * whatever the order, fused or not, with chains of at most n / 16 + 16 additions. */
    float (*quantize)(const float *x, float inverse, float step, uint8_t *out, int64_t n, int64_t *sums);
} conceptdec_i_narrow_kernels;

/* The best set among those of `mask` (0: all) that the processor has; portable where mask names none of them, or float
 * tiles of AVX-512 are as fast. */
const conceptdec_i_narrow_kernels *conceptdec_i_narrow_choose(uint32_t mask);

extern const conceptdec_i_narrow_kernels conceptdec_i_narrow_portable;
extern const conceptdec_i_narrow_kernels conceptdec_i_narrow_avx2;         /* x86-64 only */
extern const conceptdec_i_narrow_kernels conceptdec_i_narrow_avxvnni;      /* x86-64 only */
extern const conceptdec_i_narrow_kernels conceptdec_i_narrow_avx512vnni;   /* x86-64 only */
extern const conceptdec_i_narrow_kernels conceptdec_i_narrow_neon_dotprod; /* aarch64 only */

#endif

/* Quantised items: rows rotated and rounded to int8, with bounds of what the rounding left out. Made once, n * dims
 * bytes, for tiles of int8 products. What an item has along a few leading directions is kept as floats, apart
 * (leads.h). */
#ifndef CONCEPTDEC_I_QUANTIZED_H
#define CONCEPTDEC_I_QUANTIZED_H

#include "linalg/leads.h"
#include "linalg/tiles.h"

/* Item i is the sum of lead[(i / 16 * n_leads + k) * 16 + i % 16] times the k-th direction and of what, rotated, is
 * step[i] * q[i] + rest, with |rest| <= its bound. Arrays of the screen are as kernels/narrow.h says: doubled for the
 * vector side. All are padded to whole tiles. */
typedef struct conceptdec_i_quantized {
    int64_t n, dims;
    int64_t groups;      /* of four elements */
    int64_t panel_bytes; /* of 16 items */
    uint8_t *panels;
    int32_t *start;  /* per item: what the sums of a column begin with, so that the bias of the other side is off */
    int32_t n_leads;
    float *lead; /* in panels, as kernels/narrow.h has them */
    double lead_error; /* what products may be off by because of them, as a share of the product of two norms */
    float *step;     /* per item */
    float *whole;    /* per item: bound of |step q + rest| */
    float *reach;    /* 2 bound of |step q| */
    float *spread;   /* 2 bound of |rest| */
    double *norms;   /* squared norm of the item before rotation, as packed for float tiles */
} conceptdec_i_quantized;

/* Most dimensions for which int32 sums cannot overflow. */
#define CONCEPTDEC_I_QUANTIZED_DIMS 65536

/* Arrays belong to the arena. */
conceptdec_status conceptdec_i_quantize(conceptdec_i_arena *arena, const conceptdec_i_operand *operand,
                                        const conceptdec_i_leads *leads, conceptdec_i_quantized *quantized);

#endif

/* Views less the means of their columns, in units of their own. */
#ifndef CONCEPTDEC_I_CENTRED_H
#define CONCEPTDEC_I_CENTRED_H

#include "linalg/blocks.h"
#include "similarity/similarity.h"

/* Values are divided by `unit`, a power of two near their largest distance from the mean, so that squares neither
 * overflow nor vanish. */
typedef struct conceptdec_i_centred {
    conceptdec_i_blocks blocks; /* float64 */
    double unit;
    bool is_constant; /* all rows are equal */
} conceptdec_i_centred;

/* All views of the call; each is read once. */
conceptdec_status conceptdec_i_centred_scan(conceptdec_i_similarity *s, conceptdec_i_centred **views);

/* Of directions (rows of n numbers), dense: what a draw makes of them. */
typedef struct conceptdec_i_directions {
    int64_t count, n;
    const double *data;
    int64_t stride;
} conceptdec_i_directions;

/* drawn[k][p] = data[k][order[p]]. */
void conceptdec_i_directions_order(const conceptdec_i_directions *directions, const int32_t *order, double *drawn);
/* drawn[k] = root of times[p], times (data[k][p] less the mean of what is drawn), for the items p that are drawn, one
 * after the other; their number is returned. */
int64_t conceptdec_i_directions_drawn(const conceptdec_i_directions *directions, const int32_t *times, double *drawn);
/* products[k * x->count + i] = sum over p of x[i][p] x[k][p]. */
conceptdec_status conceptdec_i_directions_own(conceptdec_ctx *ctx, const conceptdec_i_directions *x, double *products);
/* products[k * x->count + i] = sum over p of x[i][p] y[k][p]. */
conceptdec_status conceptdec_i_directions_products(conceptdec_ctx *ctx, const conceptdec_i_directions *x,
                                                   const conceptdec_i_directions *y, double *products);

#endif

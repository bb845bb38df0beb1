/* One-sided Jacobi: rotations of pairs of columns until all are orthogonal. */
#include "linalg/singular_batch.h"

#include <math.h>

#include "kernels/kernels.h"

#define LANES CONCEPTDEC_I_TURNED
#define SWEEPS 60 /* under 15 are needed */

/* Of the cosine of two columns: what rounding of their product may leave. */
static double
tolerance_of(int64_t rows)
{
    return 0x1p-52 * (4 + 2 * sqrt((double)rows));
}

conceptdec_status
conceptdec_i_singular_batch(conceptdec_ctx *ctx, double *columns, int64_t m, int64_t n, bool is_one, double *values)
{
    double tolerance = tolerance_of(is_one ? n * LANES : n);
    int sweep = 0;
    while (sweep < SWEEPS && ctx->kernels->turn_columns(columns, m, n, is_one, tolerance, values)) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll(ctx, 0));
        sweep++;
    }
    for (int64_t i = 0; i < m * LANES; i++)
        values[i] = sweep < SWEEPS ? sqrt(values[i]) : (double)NAN;
    return CONCEPTDEC_OK;
}

/* One-sided Jacobi: rotations of pairs of columns until all are orthogonal. */
#include "linalg/singular_batch.h"

#include <math.h>

#include "kernels/kernels.h"
#include "linalg/engine.h"

#define LANES CONCEPTDEC_I_TURNED
#define SWEEPS 60               /* under 15 are needed */
#define PART (INT64_C(1) << 22) /* numbers that are turned between two looks at the cancel flag */

/* Of the cosine of two columns: what rounding of their product may leave. */
static double
tolerance_of(int64_t rows)
{
    return 0x1p-52 * (4 + 2 * sqrt((double)rows));
}

/* One sweep; *any: whether something was turned. */
static conceptdec_status
turn(conceptdec_ctx *ctx, double *columns, int64_t m, int64_t n, bool is_one, double *values, bool *any)
{
    const double tolerance = tolerance_of(is_one ? n * LANES : n);
    const int64_t step = max64(1, PART / max64(1, m * n * LANES));
    *any = false;
    for (int64_t first = 0; first < m; first += step) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll(ctx, 0));
        if (ctx->kernels->turn_columns(columns, m, n, is_one, first, min64(first + step, m), tolerance, values))
            *any = true;
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_singular_batch(conceptdec_ctx *ctx, double *columns, int64_t m, int64_t n, bool is_one, double *values)
{
    int sweep = -1;
    bool any = true;
    while (any && ++sweep < SWEEPS)
        CONCEPTDEC_I_TRY(turn(ctx, columns, m, n, is_one, values, &any));
    for (int64_t i = 0; i < m * LANES; i++)
        values[i] = sweep < SWEEPS ? sqrt(values[i]) : (double)NAN;
    return CONCEPTDEC_OK;
}

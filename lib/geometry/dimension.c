/* Intrinsic dimensions from a table of neighbours. Terms are added in ascending order, so that the order of rows is
 * not seen. */
#include <math.h>
#include <stdlib.h>

#include "geometry/geometry.h"
#include "linalg/engine.h"
#include "stats/share.h"

#define LEAST 3 /* ratios */

static int
by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Where 1 - cos is the distance of the table, ratios are those of the distances on the sphere, whose squares these
 * are. */
static double
log_ratio(const conceptdec_i_geometry_distances *d, double far, double near)
{
    double ratio = far / near, logarithm = isfinite(ratio) ? log(ratio) : log(far) - log(near);
    return d->is_cosine ? 0.5 * logarithm : logarithm;
}

/* ---- two neighbours ---- */

int64_t
conceptdec_i_geometry_ratios(const conceptdec_i_geometry_distances *d, double *logs)
{
    int64_t m = 0;
    for (int64_t i = 0; i < d->n && d->stride > 1; i++) {
        const double *r = d->distance + i * d->stride;
        if (r[0] > 0)
            logs[m++] = log_ratio(d, r[1], r[0]);
    }
    qsort(logs, (size_t)m, sizeof *logs, by_size);
    return m;
}

double
conceptdec_i_geometry_twonn_ml(const double *logs, int64_t m)
{
    double sum = 0;
    for (int64_t i = 0; i < m; i++)
        sum += logs[i];
    return m < LEAST || !(sum > 0) ? (double)NAN : (double)(m - 1) / sum;
}

/* The slope through the origin of -log(1 - i / m) on the i-th log ratio; the last one has no finite ordinate. */
static double
twonn_fit(const double *logs, int64_t m, double discard)
{
    int64_t kept = min64((int64_t)((1 - discard) * (double)m), m - 1);
    double products = 0, squares = 0;
    for (int64_t i = 0; i < kept; i++) {
        products -= logs[i] * log1p(-(double)(i + 1) / (double)m);
        squares += logs[i] * logs[i];
    }
    return m < LEAST || !(squares > 0) ? (double)NAN : products / squares;
}

/* ---- k neighbours ---- */

/* 1 / mean of 1 / m_i over the rows without a duplicate, 1 / m_i = sum over j < k of log(R_k / R_j) / (k - 1). */
static double
mle(const conceptdec_i_geometry_distances *d, int64_t k, double *inverse, int64_t *n_rows)
{
    int64_t m = 0;
    for (int64_t i = 0; i < d->n; i++) {
        const double *r = d->distance + i * d->stride;
        double sum = 0;
        for (int64_t j = 0; r[0] > 0 && j < k - 1; j++)
            sum += log_ratio(d, r[k - 1], r[j]);
        if (r[0] > 0)
            inverse[m++] = sum / (double)(k - 1);
    }
    *n_rows = m;
    double mean = conceptdec_i_mean_of_sorted(inverse, m);
    return mean > 0 ? 1 / mean : (double)NAN;
}

conceptdec_status
conceptdec_i_geometry_dimension(conceptdec_i_geometry *g, const conceptdec_i_geometry_distances *d)
{
    double *scratch;
    int64_t n_mle;
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(g->arena, "ratios of distances", d->n, sizeof(double), &scratch));
    int64_t m = conceptdec_i_geometry_ratios(d, scratch);
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_put(g, CONCEPTDEC_R_TWONN, twonn_fit(scratch, m, g->options.discard)));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_put(g, CONCEPTDEC_R_TWONN_ML, conceptdec_i_geometry_twonn_ml(scratch, m)));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_put_count(g, CONCEPTDEC_R_N_TWONN, m));
    double dimension = mle(d, g->options.k, scratch, &n_mle);
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_put(g, CONCEPTDEC_R_MLE_DIMENSION, dimension));
    return conceptdec_i_geometry_put_count(g, CONCEPTDEC_R_N_MLE, n_mle);
}

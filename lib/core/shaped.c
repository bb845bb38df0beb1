/* Arrays of a result that has one or several label sets. */
#include "core.h"

/* What a set adds to a shape: nothing where there is one only. */
static int
shape_of(const conceptdec_i_shaping *s, int n_axes, const int64_t axes[3], int64_t shape[4])
{
    int ndim = 0;
    if (s->n_sets > 1)
        shape[ndim++] = s->n_sets;
    for (int i = 0; i < n_axes; i++)
        shape[ndim++] = axes[i];
    return ndim;
}

conceptdec_status
conceptdec_i_shaped_float64(const conceptdec_i_shaping *s, const char *name, int n_axes, int64_t a, int64_t b,
                            int64_t c, double **data)
{
    int64_t shape[4];
    int ndim = shape_of(s, n_axes, (const int64_t[]){a, b, c}, shape);
    return conceptdec_i_result_float64(s->ctx, s->result, name, ndim, shape, data);
}

conceptdec_status
conceptdec_i_shaped_int64(const conceptdec_i_shaping *s, const char *name, int n_axes, int64_t a, int64_t b, int64_t c,
                          int64_t **data)
{
    int64_t shape[4];
    int ndim = shape_of(s, n_axes, (const int64_t[]){a, b, c}, shape);
    return conceptdec_i_result_int64(s->ctx, s->result, name, ndim, shape, data);
}

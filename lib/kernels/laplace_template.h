/* Rows of a polynomial in the Laplacian of a graph. For every set that has `wide` and what rows_template.h makes of
 * it. */
#define SPAN 8 /* columns whose sums stay in registers */

/* Columns at .. at + columns - 1 of row i; at most SPAN, a number that the compiler knows where the caller does. */
static inline __attribute__((always_inline)) void
laplace_row(const conceptdec_i_laplace *l, int64_t i, int64_t at, int64_t columns)
{
    const double *x = l->from + i * l->width + at;
    double *y = l->to + i * l->width + at;
    const wide a = wide_fill(l->a), b = wide_fill(l->b), c = wide_fill(l->c);
    wide sum[SPAN / WIDE];
    UNROLL
    for (int j = 0; j < SPAN / WIDE; j++)
        sum[j] = wide_times(wide_fill(l->inside ? l->inside[i] : 0), take_some(x + j * WIDE, count_in(columns, j)));
    for (int64_t e = l->first[i]; e < l->first[i + 1]; e++) {
        const double *other = l->from + l->column[e] * l->width + at;
        const wide weight = wide_fill(l->weight[e]);
        UNROLL
        for (int j = 0; j < SPAN / WIDE; j++)
            sum[j] = wide_plus(sum[j], wide_times(weight, take_some(other + j * WIDE, count_in(columns, j))));
    }
    UNROLL
    for (int j = 0; j < SPAN / WIDE; j++) {
        const int count = count_in(columns, j);
        const wide here = take_some(x + j * WIDE, count);
        wide there = wide_plus(wide_times(a, wide_less(here, sum[j])), wide_times(b, here));
        if (l->c != 0)
            there = wide_less(there, wide_times(c, take_some(y + j * WIDE, count)));
        put_some(y + j * WIDE, there, count);
    }
}

static void
laplace(const conceptdec_i_laplace *l, int64_t begin, int64_t end)
{
    for (int64_t at = 0; at < l->width; at += SPAN)
        for (int64_t i = begin; i < end; i++)
            if (l->width - at >= SPAN)
                laplace_row(l, i, at, SPAN);
            else
                laplace_row(l, i, at, l->width - at);
}

#undef SPAN

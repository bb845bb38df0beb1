/* Kernels that walk one row: widening, the scan, centring. */
#include <float.h>
#include <math.h>

#include "sets.h"

/* binary16 by its definition, without the library. */
static double
half_value(uint16_t bits)
{
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    const double sign = bits & 0x8000 ? -1.0 : 1.0;
    if (exponent == 31)
        return fraction ? (double)NAN : sign * (double)INFINITY;
    return sign * (exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24));
}

static double
bfloat_value(uint16_t bits)
{
    const int exponent = bits >> 7 & 255, fraction = bits & 127;
    const double sign = bits & 0x8000 ? -1.0 : 1.0;
    if (exponent == 255)
        return fraction ? (double)NAN : sign * (double)INFINITY;
    return sign * (exponent ? ldexp(128 + fraction, exponent - 134) : ldexp(fraction, -133));
}

static void
assert_widened(const char *name, double found, double wanted, unsigned long from)
{
    ck_assert_msg(isnan(wanted) ? isnan(found) : same_bits(found, wanted), "%s: %lx is %a, not %a", name, from, found,
                  wanted);
}

START_TEST(every_half_and_bfloat_widens)
{
    enum { ALL = 65536 };
    static uint16_t in[ALL];
    static double out[ALL];
    for (unsigned i = 0; i < ALL; i++)
        in[i] = (uint16_t)i;
    FOR_EACH_SET(set)
    {
        set->widen_f16(in, out, ALL);
        for (unsigned i = 0; i < ALL; i++)
            assert_widened(set->name, out[i], half_value((uint16_t)i), i);
        set->widen_bf16(in, out, ALL);
        for (unsigned i = 0; i < ALL; i++)
            assert_widened(set->name, out[i], bfloat_value((uint16_t)i), i);
    }
}
END_TEST

START_TEST(singles_and_doubles_widen)
{
    enum { COUNT = 4099 };
    static float singles[COUNT];
    static double doubles[COUNT], out[COUNT];
    for (int i = 0; i < COUNT; i++) {
        const uint64_t bits = random_bits();
        memcpy(&singles[i], &bits, sizeof singles[i]);
        memcpy(&doubles[i], &bits, sizeof doubles[i]);
    }
    const float special[] = {-0.0f, FLT_TRUE_MIN, -FLT_MIN / 2, FLT_MAX, -INFINITY, NAN};
    memcpy(singles, special, sizeof special);
    FOR_EACH_SET(set)
    {
        set->widen_f32(singles, out, COUNT);
        for (int i = 0; i < COUNT; i++)
            assert_widened(set->name, out[i], (double)singles[i], (unsigned long)i);
        set->widen_f64(doubles, out, COUNT);
        ck_assert_mem_eq(out, doubles, sizeof out);
    }
}
END_TEST

/* Any size and any address: as one element at a time gives, and not a byte more. */
static void
check_widen(const conceptdec_i_kernels *set, void (*widen)(const void *, double *, int64_t), size_t size, int64_t n,
            size_t shift)
{
    unsigned char *in = guarded((size_t)n * size, shift);
    double *out = guarded((size_t)n * sizeof *out, 0);
    for (size_t i = 0; i < (size_t)n * size; i++)
        in[i] = (unsigned char)(random_bits() & 0x3f); /* no exponent of all ones */
    widen(in, out, n);
    for (int64_t i = 0; i < n; i++) {
        double alone;
        widen(in + (size_t)i * size, &alone, 1);
        ck_assert_msg(same_bits(out[i], alone), "%s: element %d of %d", set->name, (int)i, (int)n);
    }
    ck_assert(guard_stands(out, (size_t)n * sizeof *out));
    guarded_free(in, shift);
    guarded_free(out, 0);
}

START_TEST(widening_takes_any_size_and_address)
{
    FOR_EACH_SET(set)
    for (int s = 0; s < ODD_SIZES; s++)
        for (size_t shift = 0; shift < 8; shift++) {
            check_widen(set, set->widen_f64, 8, odd_sizes[s], shift);
            check_widen(set, set->widen_f32, 4, odd_sizes[s], shift);
            check_widen(set, set->widen_f16, 2, odd_sizes[s], shift);
            check_widen(set, set->widen_bf16, 2, odd_sizes[s], shift);
        }
}
END_TEST

static void
check_scan(const conceptdec_i_kernels *set, int64_t n, double start)
{
    const size_t size = (size_t)n * sizeof(double);
    double *x = guarded(size, 8), *w = guarded(size, 16), *sums = guarded(size, 24), *before = guarded(size, 0);
    long double dot = 0, total = 0;
    double largest = start, found_largest = start;
    for (int64_t i = 0; i < n; i++) {
        x[i] = random_real();
        w[i] = 1.5 + random_real() / 2;
        before[i] = sums[i] = random_real();
        dot += (long double)x[i] * w[i];
        total += fabsl((long double)x[i] * w[i]);
        largest = fabs(x[i]) > largest ? fabs(x[i]) : largest;
    }
    const double found = set->scan(x, w, sums, &found_largest, n);
    ck_assert(fabsl(found - dot) <= total * (long double)n * DBL_EPSILON);
    ck_assert_msg(same_bits(found_largest, largest), "%s n %d", set->name, (int)n);
    for (int64_t i = 0; i < n; i++)
        ck_assert(same_bits(sums[i], before[i] + x[i]));
    ck_assert(guard_stands(sums, size));
    guarded_free(x, 8);
    guarded_free(w, 16);
    guarded_free(sums, 24);
    guarded_free(before, 0);
}

START_TEST(scan_sums_and_finds_the_largest)
{
    FOR_EACH_SET(set)
    for (int s = 0; s < ODD_SIZES; s++) {
        check_scan(set, odd_sizes[s], 0);
        check_scan(set, odd_sizes[s], 0.75);
    }
}
END_TEST

START_TEST(scan_sees_what_is_not_finite_anywhere)
{
    static const double bad[] = {NAN, INFINITY, -INFINITY};
    double x[70], w[70], sums[70];
    for (int i = 0; i < 70; i++) {
        x[i] = random_real();
        w[i] = 1 + i / 70.0;
    }
    FOR_EACH_SET(set)
    for (int64_t n = 1; n <= 70; n++)
        for (int64_t at = 0; at < n; at++)
            for (int b = 0; b < 3; b++) {
                const double kept = x[at];
                double largest = 0;
                memset(sums, 0, sizeof sums);
                x[at] = bad[b];
                ck_assert(!isfinite(set->scan(x, w, sums, &largest, n)));
                x[n - 1 - at] = bad[(b + 1) % 3]; /* two that might cancel */
                ck_assert(!isfinite(set->scan(x, w, sums, &largest, n)));
                x[n - 1 - at] = random_real();
                x[at] = kept;
            }
}
END_TEST

START_TEST(scan_of_equal_rows_is_equal)
{
    static double rows[2][1040], w[1037], sums[1037];
    double largest = 0;
    for (int i = 0; i < 1037; i++)
        w[i] = 1 + (double)random_below(1024) / 1024;
    FOR_EACH_SET(set)
    for (int s = 0; s < ODD_SIZES; s++)
        for (int shift = 0; shift < 3; shift++) {
            for (int64_t i = 0; i < odd_sizes[s]; i++)
                rows[0][i] = rows[1][i + shift] = random_real();
            const double first = set->scan(rows[0], w, sums, &largest, odd_sizes[s]);
            ck_assert(same_bits(first, set->scan(rows[1] + shift, w, sums, &largest, odd_sizes[s])));
        }
}
END_TEST

#define DEFINE_CENTER_CHECK(type, real)                                                                                \
    static void check_center_##type(const conceptdec_i_kernels *set, int64_t n, double scale)                          \
    {                                                                                                                  \
        double *x = guarded((size_t)n * 8, 8), *mean = guarded((size_t)n * 8, 24);                                     \
        real *out = guarded((size_t)n * sizeof(real), sizeof(real));                                                   \
        long double sum = 0;                                                                                           \
        for (int64_t i = 0; i < n; i++) {                                                                              \
            x[i] = random_real() * 100;                                                                                \
            mean[i] = random_real();                                                                                   \
        }                                                                                                              \
        const double found = set->center_##type(x, mean, scale, out, n);                                               \
        for (int64_t i = 0; i < n; i++) {                                                                              \
            volatile double difference = x[i] - mean[i], scaled = difference * scale;                                  \
            ck_assert_msg(same_bits((double)out[i], (double)(real)scaled), "%s n %d", set->name, (int)n);              \
            sum += (long double)out[i] * out[i];                                                                       \
        }                                                                                                              \
        ck_assert(fabsl(found - sum) <= sum * (long double)n * DBL_EPSILON);                                           \
        ck_assert(guard_stands(out, (size_t)n * sizeof(real)));                                                        \
        guarded_free(x, 8);                                                                                            \
        guarded_free(mean, 24);                                                                                        \
        guarded_free(out, sizeof(real));                                                                               \
    }

DEFINE_CENTER_CHECK(f32, float)
DEFINE_CENTER_CHECK(f64, double)

START_TEST(centering_rounds_once_and_sums_what_it_stored)
{
    static const double scales[] = {1, 0x1p-20, 1 / 3.0};
    FOR_EACH_SET(set)
    for (int s = 0; s < ODD_SIZES; s++)
        for (int f = 0; f < 3; f++) {
            check_center_f32(set, odd_sizes[s], scales[f]);
            check_center_f64(set, odd_sizes[s], scales[f]);
        }
}
END_TEST

START_TEST(eight_rows_are_added_in_pairs)
{
    FOR_EACH_SET(set)
    for (int k = 0; k < ODD_SIZES; k++) {
        const int64_t n = odd_sizes[k];
        float *rows[8];
        double *sums = guarded((size_t)n * sizeof *sums, 8), before[1100];
        for (int r = 0; r < 8; r++) {
            rows[r] = guarded((size_t)n * sizeof **rows, 4 * (size_t)r);
            for (int64_t i = 0; i < n; i++)
                rows[r][i] = (float)random_real();
        }
        for (int64_t i = 0; i < n; i++)
            sums[i] = before[i] = random_real();
        set->add_eight((const float *const *)rows, sums, n);
        for (int64_t i = 0; i < n; i++) {
            const float low = (rows[0][i] + rows[1][i]) + (rows[2][i] + rows[3][i]);
            const float high = (rows[4][i] + rows[5][i]) + (rows[6][i] + rows[7][i]);
            ck_assert(sums[i] == before[i] + (double)(low + high));
            before[i] = sums[i] + (double)rows[3][i];
        }
        set->add_floats(rows[3], sums, n);
        for (int64_t i = 0; i < n; i++)
            ck_assert(sums[i] == before[i]);
        ck_assert(guard_stands(sums, (size_t)n * sizeof *sums));
        for (int r = 0; r < 8; r++)
            guarded_free(rows[r], 4 * (size_t)r);
        guarded_free(sums, 8);
    }
}
END_TEST

START_TEST(products_of_differences_have_the_same_bits)
{
    FOR_EACH_SET(set)
    for (int k = 0; k < ODD_SIZES; k++) {
        const int64_t n = odd_sizes[k];
        double *a = guarded((size_t)n * sizeof *a, 8), *b = guarded((size_t)n * sizeof *b, 16);
        double *out = guarded((size_t)n * sizeof *out, 24), sums[16] = {0};
        float *row = guarded((size_t)n * sizeof *row, 4), *f = guarded((size_t)n * sizeof *f, 12);
        float *g = guarded((size_t)n * sizeof *g, 20);
        for (int64_t i = 0; i < n; i++) {
            a[i] = random_real();
            b[i] = random_real();
            row[i] = (float)random_real();
            f[i] = (float)random_real();
            g[i] = (float)random_real();
        }
        set->scale_difference(f, g, row, out, n);
        for (int64_t i = 0; i < n; i++) {
            volatile const double apart = (double)f[i] - (double)g[i], product = a[i] * b[i];
            ck_assert(same_bits(out[i], apart * (double)row[i]));
            sums[i % 16] += product;
        }
        for (int width = 8; width > 0; width /= 2)
            for (int j = 0; j < width; j++)
                sums[j] += sums[j + width];
        ck_assert_msg(same_bits(set->dot(a, b, n), sums[0]), "%s, %d", set->name, (int)n);
        ck_assert(guard_stands(out, (size_t)n * sizeof *out));
        guarded_free(a, 8);
        guarded_free(b, 16);
        guarded_free(out, 24);
        guarded_free(row, 4);
        guarded_free(f, 12);
        guarded_free(g, 20);
    }
}
END_TEST

/* The 16 partial sums, folded. */
static double
dot_by_rule(const double *a, const double *b, int64_t n)
{
    double sums[16] = {0};
    for (int64_t i = 0; i < n; i++) {
        volatile const double product = a[i] * b[i];
        sums[i % 16] += product;
    }
    for (int width = 8; width > 0; width /= 2)
        for (int j = 0; j < width; j++)
            sums[j] += sums[j + width];
    return sums[0];
}

static double *
draw_row(int64_t n, size_t shift)
{
    double *row = guarded((size_t)n * sizeof *row, shift);
    for (int64_t i = 0; i < n; i++)
        row[i] = random_real();
    return row;
}

static void
check_add_multiple(const conceptdec_i_kernels *set, int64_t n, int is_own)
{
    double *from = draw_row(n, 8), *to = draw_row(n, 16), *other = draw_row(n, 24), wanted[1100];
    const double factor = random_real(), *next = is_own ? to : other;
    for (int64_t i = 0; i < n; i++) {
        volatile const double more = factor * from[i];
        wanted[i] = to[i] + more;
    }
    const double found = set->add_multiple(factor, from, to, next, n);
    for (int64_t i = 0; i < n; i++)
        ck_assert_msg(same_bits(to[i], wanted[i]), "%s: element %d of %d", set->name, (int)i, (int)n);
    ck_assert_msg(same_bits(found, dot_by_rule(to, next, n)), "%s, %d", set->name, (int)n);
    ck_assert(guard_stands(to, (size_t)n * sizeof *to));
    guarded_free(from, 8);
    guarded_free(to, 16);
    guarded_free(other, 24);
}

START_TEST(multiples_are_added_and_meet_the_next)
{
    FOR_EACH_SET(set)
    for (int k = 0; k < ODD_SIZES; k++) {
        check_add_multiple(set, odd_sizes[k], 0);
        check_add_multiple(set, odd_sizes[k], 1);
    }
}
END_TEST

/* Rows of n in a block whose rows are `ld` long: nothing between them is touched. */
static void
check_take_products(const conceptdec_i_kernels *set, int64_t n, int64_t ld, int64_t count)
{
    double *block = draw_row((count - 1) * ld + n, 8), *next = draw_row(n, 16), *out = draw_row(count, 24);
    double *left[] = {draw_row(count, 0), draw_row(count, 8)}, *right[] = {draw_row(n, 24), draw_row(n, 16)};
    const size_t size = (size_t)((count - 1) * ld + n) * sizeof *block;
    double *wanted = guarded(size, 0);
    memcpy(wanted, block, size);
    for (int64_t k = 0; k < count; k++)
        for (int64_t i = 0; i < n; i++) {
            volatile const double one = left[0][k] * right[0][i], other = left[1][k] * right[1][i], both = one + other;
            wanted[k * ld + i] -= both;
        }
    set->take_products(block, ld, count, (const double *const *)left, (const double *const *)right, next, n, out);
    ck_assert_msg(memcmp(block, wanted, size) == 0, "%s: %d rows of %d", set->name, (int)count, (int)n);
    for (int64_t k = 0; k < count; k++)
        ck_assert_msg(same_bits(out[k], dot_by_rule(block + k * ld, next, n)), "%s, %d", set->name, (int)n);
    ck_assert(guard_stands(block, size) && guard_stands(out, (size_t)count * sizeof *out));
    guarded_free(block, 8);
    guarded_free(next, 16);
    guarded_free(out, 24);
    guarded_free(left[0], 0);
    guarded_free(left[1], 8);
    guarded_free(right[0], 24);
    guarded_free(right[1], 16);
    guarded_free(wanted, 0);
}

START_TEST(products_are_taken_from_rows)
{
    FOR_EACH_SET(set)
    for (int k = 0; k < ODD_SIZES; k++)
        for (int64_t count = 1; count <= 5; count++) {
            check_take_products(set, odd_sizes[k], odd_sizes[k] + count - 1, count);
            check_take_products(set, odd_sizes[k], odd_sizes[k] + 17, count);
        }
}
END_TEST

/* A row that meets itself, as it has become. */
START_TEST(products_are_taken_from_a_row_that_is_next)
{
    double row[70], before[70], right[70], out;
    const double factors[] = {0.25, 0.5}, *const left[] = {factors, factors + 1}, *const both[] = {right, right};
    for (int i = 0; i < 70; i++) {
        before[i] = random_real();
        right[i] = random_real();
    }
    FOR_EACH_SET(set)
    for (int64_t n = 0; n <= 70; n++) {
        memcpy(row, before, sizeof row);
        set->take_products(row, 70, 1, left, both, row, n, &out);
        ck_assert(same_bits(out, dot_by_rule(row, row, n)));
    }
}
END_TEST

static Suite *
make_suite(void)
{
    const TTest *const tests[] = {every_half_and_bfloat_widens,
                                  singles_and_doubles_widen,
                                  widening_takes_any_size_and_address,
                                  scan_sums_and_finds_the_largest,
                                  scan_sees_what_is_not_finite_anywhere,
                                  scan_of_equal_rows_is_equal,
                                  centering_rounds_once_and_sums_what_it_stored,
                                  eight_rows_are_added_in_pairs,
                                  products_of_differences_have_the_same_bits,
                                  multiples_are_added_and_meet_the_next,
                                  products_are_taken_from_rows,
                                  products_are_taken_from_a_row_that_is_next,
                                  NULL};
    return make_kernel_suite("kernels/rows", tests);
}

CHECK_MAIN(make_suite)

/* Kernels of rows that are pushed: copies that see what is not finite, and rows that join means and squares. */
#include <float.h>
#include <math.h>

#include "sets.h"

enum { TYPES = 4, MOST = 1037 };

static const struct {
    int64_t size;
    uint64_t sign, least_bad; /* bits of the least magnitude that is refused */
} types[TYPES] = {
    {8, UINT64_C(1) << 63, (uint64_t)(480 + 1023) << 52}, {4, UINT64_C(1) << 31, 0x7f800000}, {2, 0x8000, 0x7c00},
    {2, 0x8000, 0x7f80},
};

static int
gather(const conceptdec_i_kernels *set, int type, const void *in, void *out, int64_t n)
{
    int (*const kernels[])(const void *, void *, int64_t) = {set->gather_f64, set->gather_f32, set->gather_f16,
                                                            set->gather_bf16};
    return kernels[type](in, out, n);
}

static void
put(int type, unsigned char *row, int64_t at, uint64_t bits)
{
    memcpy(row + at * types[type].size, &bits, (size_t)types[type].size); /* little-endian, as these processors are */
}

static uint64_t
good_bits(int type)
{
    const uint64_t sign = random_bits() & types[type].sign;
    return sign | random_bits() % types[type].least_bad;
}

START_TEST(copies_any_size_and_address)
{
    FOR_EACH_SET(set)
    for (int type = 0; type < TYPES; type++)
        for (int s = 0; s < ODD_SIZES; s++)
            for (size_t shift = 0; shift < 8; shift += 3) {
                const size_t size = (size_t)(odd_sizes[s] * types[type].size);
                unsigned char *in = guarded(size, shift), *out = guarded(size, 7 - shift);
                for (int64_t i = 0; i < odd_sizes[s]; i++)
                    put(type, in, i, good_bits(type));
                ck_assert_msg(gather(set, type, in, out, odd_sizes[s]) == 0, "%s %d", set->name, type);
                ck_assert_int_eq(memcmp(in, out, size), 0);
                ck_assert(guard_stands(out, size));
                guarded_free(in, shift);
                guarded_free(out, 7 - shift);
            }
}
END_TEST

START_TEST(sees_one_bad_element_anywhere)
{
    static unsigned char in[8 * 150], out[8 * 150];
    FOR_EACH_SET(set)
    for (int type = 0; type < TYPES; type++)
        for (int64_t n = 1; n < 150; n += n < 70 ? 1 : 13)
            for (int64_t at = 0; at < n; at++) {
                const uint64_t bad[] = {0, types[type].sign,
                                        random_bits() % (types[type].sign - types[type].least_bad)};
                for (int b = 0; b < 3; b++) {
                    for (int64_t i = 0; i < n; i++)
                        put(type, in, i, good_bits(type));
                    put(type, in, at, types[type].least_bad + bad[b]);
                    ck_assert_msg(gather(set, type, in, out, n) != 0, "%s %d: %d of %d", set->name, type, (int)at,
                                  (int)n);
                }
            }
}
END_TEST

/* ---- joining ---- */

enum { ROWS = 9, WIDTH = 48 };

static void
join(const conceptdec_i_kernels *set, int type, const char *const *rows, int64_t count, int64_t before,
     const char *pilot, double *mean, double *square)
{
    void (*const kernels[])(const char *const *, int64_t, int64_t, const char *, double *, double *, int64_t) = {
        set->join_f64, set->join_f32, set->join_f16, set->join_bf16};
    kernels[type](rows, count, before, pilot, mean, square, WIDTH);
}

static void
widen(int type, const void *in, double *out)
{
    const conceptdec_i_kernels *set = kernel_set(0);
    void (*const kernels[])(const void *, double *, int64_t) = {set->widen_f64, set->widen_f32, set->widen_f16,
                                                               set->widen_bf16};
    kernels[type](in, out, WIDTH);
}

/* An offset of 1000 and a spread of 1, exact in every type but for rounding of the spread. */
static uint64_t
some_bits(int type)
{
    const double value = 1000 + random_real();
    const float single = (float)value;
    uint64_t wide;
    uint32_t narrow;
    memcpy(&wide, &value, sizeof wide);
    memcpy(&narrow, &single, sizeof narrow);
    return type == 0 ? wide : type == 1 ? narrow : type == 2 ? 0x63d0 + random_bits() % 8 : narrow >> 16;
}

static void
check_join(const conceptdec_i_kernels *set, int type, int64_t count, int64_t before)
{
    static unsigned char data[ROWS][8 * WIDTH + 1];
    double mean[WIDTH], square[WIDTH], rows[ROWS][WIDTH], old_square[WIDTH], old_pilot[WIDTH];
    long double old_mean[WIDTH];
    const char *at[ROWS];
    for (int64_t i = 0; i < count; i++) {
        at[i] = (const char *)data[i] + i % 2;
        for (int64_t j = 0; j < WIDTH; j++)
            put(type, data[i] + i % 2, j, some_bits(type));
        widen(type, at[i], rows[i]);
    }
    for (int64_t j = 0; j < WIDTH; j++) {
        mean[j] = before ? random_real() : 0;
        old_mean[j] = (long double)rows[0][j] + mean[j];
        old_pilot[j] = rows[0][j];
        square[j] = old_square[j] = before ? (double)before * (1 + random_real()) : 0;
    }
    join(set, type, at, count, before, at[0], mean, square);
    for (int64_t j = 0; j < WIDTH; j++) {
        long double sum = (long double)before * old_mean[j], wanted = old_square[j];
        for (int64_t i = 0; i < count; i++)
            sum += rows[i][j];
        sum /= (long double)(count + before);
        for (int64_t i = 0; i < count; i++)
            wanted += (rows[i][j] - sum) * (rows[i][j] - sum);
        wanted += (long double)before * (old_mean[j] - sum) * (old_mean[j] - sum);
        ck_assert_msg(fabsl(mean[j] + (long double)old_pilot[j] - sum) <= 4e-16L * (fabsl(sum - old_pilot[j]) + 1),
                      "%s %d: %g", set->name, type, mean[j]);
        ck_assert_msg(fabsl(square[j] - wanted) <= 1e-14L * wanted, "%s %d: %g", set->name, type, square[j]);
    }
}

START_TEST(joins_as_all_rows_at_once)
{
    FOR_EACH_SET(set)
    for (int type = 0; type < TYPES; type++)
        for (int64_t count = 1; count <= ROWS; count++) {
            check_join(set, type, count, 0);
            check_join(set, type, count, 1);
            check_join(set, type, count, 1000);
        }
}
END_TEST

/* A row of values and one of zeros, about zero: half of each value is the mean, half of its square the sum of
 * squares. */
static void
check_values(const conceptdec_i_kernels *set, int type, const unsigned char *row)
{
    static const char zeros[8 * WIDTH];
    const char *const rows[] = {(const char *)row, zeros};
    double mean[WIDTH] = {0}, square[WIDTH] = {0}, values[WIDTH];
    widen(type, row, values);
    join(set, type, rows, 2, 0, zeros, mean, square);
    for (int64_t j = 0; j < WIDTH; j++) {
        const double wanted = values[j] * values[j] / 2;
        ck_assert_msg(mean[j] == values[j] / 2, "%s %d: mean %g of %g and 0", set->name, type, mean[j], values[j]);
        ck_assert_msg(fabs(square[j] - wanted) <= 1e-15 * wanted, "%s %d: %g of %g and 0", set->name, type, square[j],
                      values[j]);
    }
}

/* Every value of two bytes, signs and subnormal ones too. */
START_TEST(joins_every_narrow_value)
{
    static unsigned char row[8 * WIDTH];
    FOR_EACH_SET(set)
    for (int type = 2; type < TYPES; type++)
        for (uint64_t bits = 0; bits < types[type].least_bad; bits += WIDTH / 2) {
            for (int64_t j = 0; j < WIDTH; j++) {
                const uint64_t here = bits + (uint64_t)j / 2;
                put(type, row, j, (here < types[type].least_bad ? here : 0) | (j % 2 ? types[type].sign : 0));
            }
            check_values(set, type, row);
        }
}
END_TEST

static Suite *
make_suite(void)
{
    const TTest *const tests[] = {copies_any_size_and_address, sees_one_bad_element_anywhere,
                                         joins_as_all_rows_at_once, joins_every_narrow_value, NULL};
    return make_kernel_suite("gather", tests);
}

CHECK_MAIN(make_suite)

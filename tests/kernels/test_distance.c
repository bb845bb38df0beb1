/* The refining sum, bit for bit, against the order that kernels.h documents. */
#include <math.h>

#include "sets.h"

#define TYPES 4

typedef double (*distance_kernel)(const double *, const void *, double, int64_t);

static distance_kernel
distance_of(const conceptdec_i_kernels *set, int type)
{
    const distance_kernel kernels[TYPES] = {set->distance_f64, set->distance_f32, set->distance_f16,
                                            set->distance_bf16};
    return kernels[type];
}

static const size_t sizes[TYPES] = {8, 4, 2, 2};

/* Writes one random finite number of a type to any address and returns its value, found without the library. */
static double
put_random(int type, void *to)
{
    const double value = random_real();
    const float single = (float)value;
    uint32_t bits;
    memcpy(&bits, &single, sizeof bits);
    const uint16_t upper = (uint16_t)(bits >> 16), half = (uint16_t)(random_bits() & 0xbfff);
    float truncated;
    bits &= 0xffff0000u;
    memcpy(&truncated, &bits, sizeof truncated);
    const int exponent = half >> 10 & 31, fraction = half & 1023;
    const double magnitude = exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);
    const void *const from[TYPES] = {&value, &single, &half, &upper};
    const double values[TYPES] = {value, (double)single, half & 0x8000 ? -magnitude : magnitude, (double)truncated};
    memcpy(to, from[type], sizes[type]);
    return values[type];
}

static double
reference(const double *a, const double *b, double scale, int64_t n)
{
    volatile double sums[16] = {0};
    for (int64_t i = 0; i < n; i++) {
        volatile double scaled = b[i] * scale, difference = a[i] - scaled, square = difference * difference;
        sums[i % 16] = sums[i % 16] + square;
    }
    for (int width = 8; width > 0; width /= 2)
        for (int j = 0; j < width; j++)
            sums[j] = sums[j] + sums[j + width];
    return sums[0];
}

/* Several rows at once, here parts of one row, give what each gives by itself. */
static void
check_abreast(const conceptdec_i_kernels *set, int type, const double *a, const char *b, double scale, int64_t n)
{
    void (*const kernels[TYPES])(const double *, const void *const *, const double *, int64_t, double *) = {
        set->distances_f64, set->distances_f32, set->distances_f16, set->distances_bf16};
    const void *rows[2 * CONCEPTDEC_I_ABREAST];
    double scales[CONCEPTDEC_I_ABREAST], found[CONCEPTDEC_I_ABREAST];
    const int64_t part = n - n / 3;
    for (int r = 0; r < CONCEPTDEC_I_ABREAST; r++) {
        rows[r] = b + (size_t)((n - part) * r / CONCEPTDEC_I_ABREAST) * sizes[type];
        rows[r + CONCEPTDEC_I_ABREAST] = b;
        scales[r] = r % 2 ? scale : -0.5 * scale;
    }
    kernels[type](a, rows, scales, part, found);
    for (int r = 0; r < CONCEPTDEC_I_ABREAST; r++)
        ck_assert(same_bits(found[r], distance_of(set, type)(a, rows[r], scales[r], part)));
}

/* One row meets any number of others, here parts of one. */
static void
check_meeting(const conceptdec_i_kernels *set, int type, const double *a, const char *b, double scale, int64_t n)
{
    enum { MOST = 7 };
    void (*const kernels[TYPES])(const void *, double, const double *const *, int64_t, const void *, int64_t,
                                 double *) = {set->meet_f64, set->meet_f32, set->meet_f16, set->meet_bf16};
    const double *rows[MOST];
    const int64_t part = n - n / 3;
    for (int r = 0; r < MOST; r++)
        rows[r] = a + (n - part) * r / MOST;
    for (int count = 0; count <= MOST; count++) {
        double found[MOST + 1];
        found[count] = -1;
        kernels[type](b, scale, rows, count, b, part, found);
        for (int r = 0; r < count; r++)
            ck_assert(same_bits(found[r], distance_of(set, type)(rows[r], b, scale, part)));
        ck_assert(same_bits(found[count], -1));
    }
}

static void
check_distance(int type, int64_t n, size_t shift, double scale)
{
    double *a = guarded((size_t)n * 8, 0), *wide = guarded((size_t)n * 8, 0);
    char *b = guarded((size_t)n * sizes[type], shift);
    for (int64_t i = 0; i < n; i++) {
        a[i] = random_real();
        wide[i] = put_random(type, b + (size_t)i * sizes[type]);
    }
    const double wanted = reference(a, wide, scale, n);
    FOR_EACH_SET(set)
    {
        const double found = distance_of(set, type)(a, b, scale, n);
        ck_assert_msg(same_bits(found, wanted), "%s type %d n %d: %a, not %a", set->name, type, (int)n, found, wanted);
        check_abreast(set, type, a, b, scale, n);
        check_meeting(set, type, a, b, scale, n);
    }
    guarded_free(a, 0);
    guarded_free(wide, 0);
    guarded_free(b, shift);
}

START_TEST(distance_has_the_documented_bits)
{
    static const double scales[] = {1, 0x1p-12, 0.1, 3.7e100};
    for (int type = 0; type < TYPES; type++)
        for (int s = 0; s < ODD_SIZES; s++)
            for (size_t shift = 0; shift < 8; shift++)
                check_distance(type, odd_sizes[s], shift, scales[(s + (int)shift) % 4]);
}
END_TEST

START_TEST(distance_of_equal_rows_is_zero)
{
    double a[70];
    float b[70];
    for (int i = 0; i < 70; i++)
        a[i] = (double)(b[i] = (float)random_real());
    FOR_EACH_SET(set)
    for (int64_t n = 0; n <= 70; n++) {
        ck_assert(same_bits(set->distance_f32(a, b, 1, n), 0));
        ck_assert(same_bits(set->distance_f64(a, a, 1, n), 0));
    }
}
END_TEST

/* Values whose squares are lost or kept by the order of the sum, and the ends of the range. */
START_TEST(distance_of_special_values)
{
    static const double special[] = {0.0,    -0.0, 0x1p-1074, -0x1p-1022, 0x1p511, -0x1.fffffffffffffp1023,
                                     1e-160, 1,    NAN,       INFINITY};
    enum { N = 35 };
    for (int round = 0; round < 300; round++) {
        double a[N], b[N];
        for (int i = 0; i < N; i++) {
            a[i] = special[random_below(round < 150 ? 8 : 10)];
            b[i] = special[random_below(round < 150 ? 8 : 10)];
        }
        const double wanted = reference(a, b, 1, N);
        FOR_EACH_SET(set)
        {
            const double found = set->distance_f64(a, b, 1, N);
            ck_assert(isnan(wanted) ? isnan(found) : same_bits(found, wanted));
        }
    }
}
END_TEST

static Suite *
make_suite(void)
{
    const TTest *const tests[] = {distance_has_the_documented_bits, distance_of_equal_rows_is_zero,
                                  distance_of_special_values, NULL};
    return make_kernel_suite("kernels/distance", tests);
}

CHECK_MAIN(make_suite)

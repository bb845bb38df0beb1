/* Panel products against long double, with the error bound of one chain of operations. */
#include <float.h>
#include <math.h>

#include "sets.h"

static const int64_t depths[] = {0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 33, 64, 70, 127, 128, 129, 256, 511, 1000};
#define DEPTHS ((int)(sizeof depths / sizeof depths[0]))

#define DEFINE_PANEL_CHECKS(type, real, epsilon, ...)                                                                  \
    static void check_panel_##type(const conceptdec_i_kernels *set, int64_t depth, int64_t ldc, int accumulate,        \
                                   real scale)                                                                         \
    {                                                                                                                  \
        const int64_t mr = set->mr_##type, nr = set->nr_##type;                                                        \
        const size_t c_size = (size_t)(nr * ldc) * sizeof(real);                                                       \
        real *a = guarded((size_t)(depth * mr) * sizeof(real), 0),                                                     \
             *b = guarded((size_t)(depth * nr) * sizeof(real), 0);                                                     \
        real *c = guarded(c_size, 0), *before = guarded(c_size, 0);                                                    \
        for (int64_t i = 0; i < depth * mr; i++)                                                                       \
            a[i] = (real)random_real() * scale;                                                                        \
        for (int64_t i = 0; i < depth * nr; i++)                                                                       \
            b[i] = (real)random_real();                                                                                \
        for (int64_t i = 0; i < nr * ldc; i++)                                                                         \
            c[i] = accumulate ? (real)random_real() * scale : (real)NAN;                                               \
        memcpy(before, c, c_size);                                                                                     \
        set->panel_##type(depth, a, b, c, ldc, accumulate);                                                            \
        for (int64_t j = 0; j < nr; j++)                                                                               \
            for (int64_t i = 0; i < ldc; i++) {                                                                        \
                const int64_t at = j * ldc + i;                                                                        \
                if (i >= mr) {                                                                                         \
                    ck_assert_mem_eq(&c[at], &before[at], sizeof(real));                                               \
                    continue;                                                                                          \
                }                                                                                                      \
                long double sum = accumulate ? before[at] : 0, size = fabsl(sum);                                      \
                for (int64_t p = 0; p < depth; p++) {                                                                  \
                    const long double product = (long double)a[p * mr + i] * b[p * nr + j];                            \
                    sum += product;                                                                                    \
                    size += fabsl(product);                                                                            \
                }                                                                                                      \
                const long double bound = (long double)(2 * depth + 1) / 2 * (epsilon)*1.01L * size;                   \
                ck_assert_msg(fabsl(c[at] - sum) <= bound, "%s depth %d (%d, %d): %g, not %g", set->name, (int)depth,  \
                              (int)i, (int)j, (double)c[at], (double)sum);                                             \
            }                                                                                                          \
        ck_assert(guard_stands(c, c_size));                                                                            \
        guarded_free(a, 0);                                                                                            \
        guarded_free(b, 0);                                                                                            \
        guarded_free(c, 0);                                                                                            \
        guarded_free(before, 0);                                                                                       \
    }                                                                                                                  \
                                                                                                                       \
    START_TEST(panel_##type##_is_the_product)                                                                          \
    {                                                                                                                  \
        FOR_EACH_SET(set)                                                                                              \
        for (int d = 0; d < DEPTHS; d++)                                                                               \
            for (int accumulate = 0; accumulate < 2; accumulate++) {                                                   \
                check_panel_##type(set, depths[d], (set->mr_##type + 15) / 16 * 16, accumulate, 1);                    \
                check_panel_##type(set, depths[d], 256, accumulate, (real)0x1p60);                                     \
                check_panel_##type(set, depths[d], set->mr_##type + 48, accumulate, (real)0x1p-40);                    \
            }                                                                                                          \
    }                                                                                                                  \
    END_TEST                                                                                                           \
                                                                                                                       \
    START_TEST(panel_##type##_keeps_special_values_in_place)                                                           \
    {                                                                                                                  \
        static const real special[] = {(real)INFINITY, (real)NAN, __VA_ARGS__};                                        \
        enum { DEPTH = 9 };                                                                                            \
        FOR_EACH_SET(set)                                                                                              \
        for (int s = 0; s < (int)(sizeof special / sizeof special[0]); s++) {                                          \
            const int64_t mr = set->mr_##type, nr = set->nr_##type, row = random_below(mr), p = random_below(DEPTH);   \
            _Alignas(64) real a[DEPTH * 64] = {0}, b[DEPTH * 64], c[64 * 64];                                          \
            for (int64_t i = 0; i < DEPTH * nr; i++)                                                                   \
                b[i] = (real)0.5;                                                                                      \
            a[p * mr + row] = special[s];                                                                              \
            set->panel_##type(DEPTH, a, b, c, 64, 0);                                                                  \
            for (int64_t j = 0; j < nr; j++)                                                                           \
                for (int64_t i = 0; i < mr; i++) {                                                                     \
                    const real found = c[j * 64 + i], wanted = i == row ? special[s] / 2 : 0;                          \
                    ck_assert(isnan(wanted) ? isnan(found) : found == wanted);                                         \
                }                                                                                                      \
        }                                                                                                              \
    }                                                                                                                  \
    END_TEST

/* Across panels of mr that are `step` apart, against the same numbers packed: no bit differs, nothing beside is
 * touched. */
#define DEFINE_ACROSS_CHECKS(type, real)                                                                               \
    static void check_across_##type(const conceptdec_i_kernels *set, int64_t depth, int64_t width, int64_t ldc,        \
                                    int accumulate)                                                                    \
    {                                                                                                                  \
        const int64_t mr = set->mr_##type, nr = set->nr_##type, step = (nr + 3) * mr, panels = (depth + mr - 1) / mr;  \
        const size_t c_size = (size_t)(nr * ldc) * sizeof(real);                                                       \
        real *a = guarded((size_t)(depth * width) * sizeof(real), 0);                                                  \
        real *wide = guarded((size_t)(depth * mr) * sizeof(real), 0);                                                  \
        real *b = guarded((size_t)(panels * step) * sizeof(real), 0);                                                  \
        real *packed = guarded((size_t)(depth * nr) * sizeof(real), 0);                                                \
        real *c = guarded(c_size, 0), *expected = guarded(c_size, 0);                                                  \
        for (int64_t i = 0; i < panels * step; i++)                                                                    \
            b[i] = (real)random_real();                                                                                \
        for (int64_t i = 0; i < nr * ldc; i++)                                                                         \
            c[i] = (real)random_real();                                                                                \
        memcpy(expected, c, c_size);                                                                                   \
        for (int64_t p = 0; p < depth; p++) {                                                                          \
            for (int64_t i = 0; i < mr; i++)                                                                           \
                wide[p * mr + i] = (real)random_real();                                                                \
            memcpy(a + p * width, wide + p * mr, (size_t)width * sizeof(real));                                        \
            for (int64_t j = 0; j < nr; j++)                                                                           \
                packed[p * nr + j] = b[p / mr * step + j * mr + p % mr];                                               \
        }                                                                                                              \
        set->panel_##type(depth, wide, packed, expected, ldc, accumulate);                                             \
        for (int64_t i = 0; i < nr * ldc; i++)                                                                         \
            if (i % ldc >= width)                                                                                      \
                expected[i] = c[i];                                                                                    \
        set->panel_across_##type(depth, a, width, b, step, c, ldc, accumulate);                                        \
        ck_assert_msg(memcmp(c, expected, c_size) == 0, "%s depth %d width %d", set->name, (int)depth, (int)width);    \
        ck_assert(guard_stands(c, c_size));                                                                            \
        guarded_free(a, 0);                                                                                            \
        guarded_free(wide, 0);                                                                                         \
        guarded_free(b, 0);                                                                                            \
        guarded_free(packed, 0);                                                                                       \
        guarded_free(c, 0);                                                                                            \
        guarded_free(expected, 0);                                                                                     \
    }                                                                                                                  \
                                                                                                                       \
    START_TEST(panel_##type##_across_is_the_panel)                                                                     \
    {                                                                                                                  \
        FOR_EACH_SET(set)                                                                                              \
        for (int d = 0; d < DEPTHS; d++)                                                                               \
            for (int accumulate = 0; accumulate < 2; accumulate++) {                                                   \
                check_across_##type(set, depths[d], set->mr_##type, set->mr_##type + 48, accumulate);                  \
                check_across_##type(set, depths[d], set->mr_##type / 2, 64, accumulate);                               \
            }                                                                                                          \
    }                                                                                                                  \
    END_TEST

DEFINE_ACROSS_CHECKS(f32, float)
DEFINE_ACROSS_CHECKS(f64, double)

DEFINE_PANEL_CHECKS(f32, float, FLT_EPSILON, FLT_MAX, -FLT_MAX, FLT_MIN, FLT_MIN / 64)
DEFINE_PANEL_CHECKS(f64, double, DBL_EPSILON, DBL_MAX, -DBL_MAX, DBL_MIN, DBL_MIN / 64)

/* Integers as large as they may be, in sums that come close to the end of int32 now and then. */
static void
check_panel_i16(const conceptdec_i_kernels *set, int64_t depth, int64_t ldc, int accumulate)
{
    const int64_t mr = set->mr_f32, nr = set->nr_f32, most = (int64_t)sqrt(0x1p31 / (double)(2 * depth + 2));
    const size_t c_size = (size_t)(nr * ldc) * sizeof(int32_t);
    int16_t *a = guarded((size_t)(depth * mr * 2) * sizeof *a, 0),
            *b = guarded((size_t)(depth * nr * 2) * sizeof *b, 0);
    int32_t *c = guarded(c_size, 0), *before = guarded(c_size, 0);
    const int64_t limit = most < 32767 ? most : 32767;
    for (int64_t i = 0; i < depth * mr * 2; i++)
        a[i] = (int16_t)(random_below(2) ? limit : random_below(2 * limit + 1) - limit);
    for (int64_t i = 0; i < depth * nr * 2; i++)
        b[i] = (int16_t)(random_below(2) ? -limit : random_below(2 * limit + 1) - limit);
    for (int64_t i = 0; i < nr * ldc; i++)
        c[i] = (int32_t)random_below(1000);
    memcpy(before, c, c_size);
    set->panel_i16(depth, a, b, c, ldc, accumulate);
    for (int64_t j = 0; j < nr; j++)
        for (int64_t i = 0; i < ldc; i++) {
            int64_t sum = i >= mr || accumulate ? before[j * ldc + i] : 0;
            for (int64_t p = 0; p < depth && i < mr; p++)
                for (int h = 0; h < 2; h++)
                    sum += (int64_t)a[(p * mr + i) * 2 + h] * b[(p * nr + j) * 2 + h];
            ck_assert_msg(c[j * ldc + i] == sum, "%s depth %d (%d, %d): %d, not %lld", set->name, (int)depth, (int)i,
                          (int)j, (int)c[j * ldc + i], (long long)sum);
        }
    ck_assert(guard_stands(c, c_size));
    guarded_free(a, 0);
    guarded_free(b, 0);
    guarded_free(c, 0);
    guarded_free(before, 0);
}

/* Sets that have another one where the processor adds products of pairs up by itself. */
static const uint32_t with_sums[] = {CONCEPTDEC_KERNEL_AVX2 | CONCEPTDEC_KERNEL_AVXVNNI,
                                     CONCEPTDEC_KERNEL_AVX512 | CONCEPTDEC_KERNEL_AVX512VNNI};

static void
check_pairs(const conceptdec_i_kernels *set)
{
    for (int d = 0; d < DEPTHS; d++)
        for (int accumulate = 0; accumulate < 2; accumulate++) {
            check_panel_i16(set, depths[d], (set->mr_f32 + 15) / 16 * 16, accumulate);
            check_panel_i16(set, depths[d], set->mr_f32 + 48, accumulate);
        }
}

START_TEST(panel_i16_is_the_product)
{
    FOR_EACH_SET(set)
    check_pairs(set);
    for (int i = 0; i < 2; i++)
        if (!(with_sums[i] & ~conceptdec_i_kernels_available()))
            check_pairs(conceptdec_i_kernels_choose(with_sums[i]));
}
END_TEST

START_TEST(a_panel_is_widened)
{
    static const int64_t some[] = {0, 1, 5, 64};
    FOR_EACH_SET(set)
    for (int d = 0; d < 4; d++) {
        const int64_t width = set->mr_f64, step = 2 * width, depth = some[d];
        const size_t size = (size_t)(depth * width) * sizeof(double);
        float *in = guarded((size_t)(depth * step) * sizeof *in, 0);
        double *out = guarded(size, 0);
        for (int64_t i = 0; i < depth * step; i++)
            in[i] = (float)random_real();
        set->widen_panel(in + (depth > 0 ? width : 0), step, width, depth, out);
        for (int64_t i = 0; i < depth * width; i++)
            ck_assert(out[i] == (double)in[i / width * step + width + i % width]);
        ck_assert(guard_stands(out, size));
        guarded_free(in, 0);
        guarded_free(out, 0);
    }
}
END_TEST

START_TEST(panel_shapes_divide_the_blocks)
{
    FOR_EACH_SET(set)
    {
        ck_assert_int_eq(256 % set->mr_f32, 0);
        ck_assert_int_eq(256 % set->mr_f64, 0);
        ck_assert(set->nr_f32 >= 4 && set->nr_f32 <= 14 && set->nr_f64 >= 4 && set->nr_f64 <= 14);
        /* Panels of floats that are kept become panels of doubles. */
        ck_assert_int_eq(set->mr_f32, 2 * set->mr_f64);
        ck_assert_int_eq(set->nr_f32, set->nr_f64);
    }
}
END_TEST

static Suite *
make_suite(void)
{
    const TTest *const tests[] = {panel_f32_is_the_product,
                                  panel_f64_is_the_product,
                                  panel_f32_across_is_the_panel,
                                  panel_f64_across_is_the_panel,
                                  panel_i16_is_the_product,
                                  panel_f32_keeps_special_values_in_place,
                                  panel_f64_keeps_special_values_in_place,
                                  a_panel_is_widened,
                                  panel_shapes_divide_the_blocks,
                                  NULL};
    return make_kernel_suite("kernels/panels", tests);
}

CHECK_MAIN(make_suite)

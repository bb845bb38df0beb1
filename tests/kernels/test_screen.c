/* The screen, bit by bit: values with few bits, so that the limits are often met exactly. */
#include <math.h>

#include "sets.h"

#define WORDS 9

static int
bit_at(const uint64_t *words, int64_t i)
{
    return (int)(words[i / 64] >> (i % 64) & 1);
}

/* NaN: nothing hits a limit that is not a number; a value that is not a number hits every other limit. */
static int
should_hit(double value, double limit)
{
    return !isnan(limit) && !(value > limit);
}

#define DEFINE_SCREEN_CHECKS(type, real)                                                                               \
    /* Multiples of 1/4 of at most 8, and some that are no numbers. */                                                 \
    static real screen_number_##type(int specials)                                                                     \
    {                                                                                                                  \
        static const real special[] = {(real)NAN, (real)INFINITY, (real)-INFINITY, (real)-0.0};                        \
        return specials && random_below(6) == 0 ? special[random_below(4)] : (real)(random_below(33) - 16) / 4;        \
    }                                                                                                                  \
                                                                                                                       \
    static void check_screen_##type(const conceptdec_i_kernels *set, int64_t n, int specials, real shift, real limit)  \
    {                                                                                                                  \
        const size_t size = (size_t)n * sizeof(real);                                                                  \
        real *dot = guarded(size, 0), *norm = guarded(size, 0), *row_limit = guarded(size, 0);                         \
        uint64_t rows[WORDS], columns[WORDS], any = 0;                                                                 \
        const uint64_t untouched = random_bits();                                                                      \
        const int64_t words = (n + 63) / 64;                                                                           \
        for (int64_t i = 0; i < n; i++) {                                                                              \
            dot[i] = screen_number_##type(specials > 1);                                                               \
            norm[i] = screen_number_##type(specials > 1);                                                              \
            row_limit[i] = screen_number_##type(specials > 0);                                                         \
        }                                                                                                              \
        for (int w = 0; w < WORDS; w++)                                                                                \
            rows[w] = columns[w] = untouched;                                                                          \
        const int found = set->screen_##type(dot, norm, shift, row_limit, limit, n, rows, columns);                    \
        for (int64_t i = 0; i < words * 64; i++) {                                                                     \
            const double value = i < n ? (double)norm[i] - 2 * (double)dot[i] + (double)shift : 0;                     \
            ck_assert_int_eq(bit_at(rows, i), i < n && should_hit(value, (double)row_limit[i]));                       \
            ck_assert_int_eq(bit_at(columns, i), i < n && should_hit(value, (double)limit));                           \
        }                                                                                                              \
        for (int64_t w = 0; w < WORDS; w++) {                                                                          \
            any |= w < words ? rows[w] | columns[w] : 0;                                                               \
            ck_assert(w < words || (rows[w] == untouched && columns[w] == untouched));                                 \
        }                                                                                                              \
        ck_assert_int_eq(found != 0, any != 0);                                                                        \
        guarded_free(dot, 0);                                                                                          \
        guarded_free(norm, 0);                                                                                         \
        guarded_free(row_limit, 0);                                                                                    \
    }                                                                                                                  \
                                                                                                                       \
    START_TEST(screen_##type##_tells_every_hit)                                                                        \
    {                                                                                                                  \
        static const int64_t sizes[] = {0,  1,  7,  8,   9,   15,  16,  17,  31,  33, 63,                              \
                                        64, 65, 70, 127, 128, 129, 255, 256, 511, 512};                                \
        static const real limits[] = {-20, -3, (real)0.25, 0, 40, (real)INFINITY, (real)-INFINITY, (real)NAN};         \
        FOR_EACH_SET(set)                                                                                              \
        for (int s = 0; s < (int)(sizeof sizes / sizeof sizes[0]); s++)                                                \
            for (int l = 0; l < (int)(sizeof limits / sizeof limits[0]); l++)                                          \
                for (int specials = 0; specials < 3; specials++)                                                       \
                    check_screen_##type(set, sizes[s], specials, screen_number_##type(0), limits[l]);                  \
    }                                                                                                                  \
    END_TEST                                                                                                           \
                                                                                                                       \
    START_TEST(screen_##type##_of_nothing_near_is_empty)                                                               \
    {                                                                                                                  \
        _Alignas(64) real dot[256] = {0}, norm[256], limit[256] = {0};                                                 \
        uint64_t rows[4], columns[4];                                                                                  \
        for (int i = 0; i < 256; i++)                                                                                  \
            norm[i] = 3;                                                                                               \
        FOR_EACH_SET(set)                                                                                              \
        for (int i = 0; i < 256; i++) {                                                                                \
            ck_assert_int_eq(set->screen_##type(dot, norm, 1, limit, 1, 256, rows, columns), 0);                       \
            limit[i] = 4;                                                                                              \
            ck_assert_int_ne(set->screen_##type(dot, norm, 1, limit, 1, 256, rows, columns), 0);                       \
            for (int w = 0; w < 4; w++) {                                                                              \
                ck_assert_uint_eq(rows[w], w == i / 64 ? (uint64_t)1 << (i % 64) : 0);                                 \
                ck_assert_uint_eq(columns[w], 0);                                                                      \
            }                                                                                                          \
            limit[i] = 0;                                                                                              \
        }                                                                                                              \
    }                                                                                                                  \
    END_TEST

DEFINE_SCREEN_CHECKS(f32, float)
DEFINE_SCREEN_CHECKS(f64, double)

static Suite *
make_suite(void)
{
    const TTest *const tests[] = {screen_f32_tells_every_hit, screen_f64_tells_every_hit,
                                  screen_f32_of_nothing_near_is_empty, screen_f64_of_nothing_near_is_empty, NULL};
    return make_kernel_suite("kernels/screen", tests);
}

CHECK_MAIN(make_suite)

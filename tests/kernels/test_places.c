/* Places between limits: values with few bits, so that limits are often met exactly. */
#include <math.h>

#include "sets.h"

#define PAIRS CONCEPTDEC_I_PLACED
#define MOST 40

/* Rises by eighths, sometimes not at all; NaN at the end of some. */
#define DEFINE_PLACE_CHECKS(type, real)                                                                                \
    static real some_##type(void)                                                                                      \
    {                                                                                                                  \
        return (real)(random_below(65) - 32) / 8;                                                                      \
    }                                                                                                                  \
                                                                                                                       \
    static void check_places_##type(const conceptdec_i_kernels *set, int64_t n, int by_row, int is_wide)               \
    {                                                                                                                  \
        const size_t size = (size_t)(by_row ? n * PAIRS : n) * sizeof(real);                                           \
        real *low = guarded(size, 0), *high = guarded(size, 0), *dot = guarded(PAIRS * sizeof(real), 0);               \
        real upper[PAIRS], lower[PAIRS];                                                                               \
        int32_t place[PAIRS], open[PAIRS], any = 0, found;                                                             \
        for (int64_t i = 0; i < (by_row ? PAIRS : 1); i++)                                                             \
            for (int64_t t = 0; t < n; t++) {                                                                          \
                int64_t at = by_row ? t * PAIRS + i : t;                                                               \
                low[at] = t > n - 3 && i % 2 ? (real)NAN : (real)(t - n / 2) / 4;                                      \
                high[at] = is_wide ? low[at] + (real)0.125 : low[at];                                                  \
            }                                                                                                          \
        for (int64_t i = 0; i < PAIRS; i++) {                                                                          \
            dot[i] = some_##type();                                                                                    \
            upper[i] = i == 5 && !by_row ? (real)INFINITY : some_##type();                                             \
            if (by_row)                                                                                                \
                upper[i] = upper[0];                                                                                   \
            lower[i] = upper[i];                                                                                       \
            open[i] = -7;                                                                                              \
        }                                                                                                              \
        if (by_row)                                                                                                    \
            found = set->place_rows_##type(dot, upper[0], lower[0], low, high, n, place, open);                        \
        else                                                                                                           \
            found = set->place_column_##type(dot, upper, lower, low, high, n, place, open);                            \
        for (int64_t i = 0; i < PAIRS; i++) {                                                                          \
            int32_t not_closer = 0, farther = 0;                                                                       \
            for (int64_t t = 0; t < n; t++) {                                                                          \
                int64_t at = by_row ? t * PAIRS + i : t;                                                               \
                not_closer += low[at] <= upper[i] - 2 * dot[i];                                                        \
                farther += high[at] < lower[i] - 2 * dot[i];                                                           \
            }                                                                                                          \
            ck_assert_int_eq(place[i], not_closer);                                                                    \
            ck_assert(!found || open[i] == (not_closer != farther));                                                   \
            any |= not_closer != farther;                                                                              \
        }                                                                                                              \
        ck_assert_int_eq(found != 0, any);                                                                             \
        ck_assert(found || open[3] == -7);                                                                             \
        guarded_free(low, 0);                                                                                          \
        guarded_free(high, 0);                                                                                         \
        guarded_free(dot, 0);                                                                                          \
    }                                                                                                                  \
                                                                                                                       \
    START_TEST(places_##type##_are_counted)                                                                            \
    {                                                                                                                  \
        FOR_EACH_SET(set)                                                                                              \
        for (int64_t n = 0; n <= MOST; n++)                                                                            \
            for (int times = 0; times < 40; times++)                                                                   \
                check_places_##type(set, n, times % 2, times / 2 % 2);                                                 \
    }                                                                                                                  \
    END_TEST

DEFINE_PLACE_CHECKS(f32, float)
DEFINE_PLACE_CHECKS(f64, double)

static Suite *
make_suite(void)
{
    const TTest *const tests[] = {places_f32_are_counted, places_f64_are_counted, NULL};
    return make_kernel_suite("kernels/places", tests);
}

CHECK_MAIN(make_suite)

/* kth_f32() does what it says, and gives the same in every set. */
#include <math.h>

#include "sets.h"

static void
fill(float *values, int64_t n, int kind)
{
    for (int64_t i = 0; i < n; i++)
        values[i] = kind == 0   ? (float)random_real()
                    : kind == 1 ? (float)random_below(4)
                    : kind == 2 ? ldexpf((float)random_real(), (int)random_below(200) - 100)
                                : (random_below(3) ? (float)random_real() : INFINITY);
}

static int64_t
count_within(const float *values, int64_t n, float limit)
{
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++)
        count += values[i] <= limit;
    return count;
}

START_TEST(at_least_k_values_do_not_exceed_it)
{
    FOR_EACH_SET(set)
    for (int s = 1; s < ODD_SIZES; s++)
        for (int kind = 0; kind < 4; kind++) {
            const int64_t n = odd_sizes[s];
            float *values = guarded((size_t)n * sizeof *values, 4);
            fill(values, n, kind);
            for (int64_t k = 1; k <= n; k += k < 20 ? 1 : n / 7 + 1) {
                const float found = set->kth_f32(values, n, k);
                ck_assert_int_ge(count_within(values, n, found), k);
                ck_assert(found == conceptdec_i_kernels_portable.kth_f32(values, n, k));
                if (kind == 0)
                    ck_assert_int_ge(k + k / 16, count_within(values, n, found));
            }
            guarded_free(values, 4);
        }
}
END_TEST

static Suite *
make_suite(void)
{
    const TTest *const tests[] = {at_least_k_values_do_not_exceed_it, NULL};
    return make_kernel_suite("kernels/select", tests);
}

CHECK_MAIN(make_suite)

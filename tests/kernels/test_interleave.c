/* Interleaving rows into panels: every element, the zeros of absent rows, and nothing outside the panel. */
#include "sets.h"

#define DEFINE_INTERLEAVE_CHECKS(type, real)                                                                           \
    static void check_interleave_##type(const conceptdec_i_kernels *set, int64_t rows, int64_t depth, int64_t width)   \
    {                                                                                                                  \
        const int64_t ld = depth + random_below(5);                                                                    \
        const size_t shift = sizeof(real) * (size_t)random_below(8), in_count = (size_t)(rows * ld);                   \
        const size_t out_size = (size_t)(width * depth) * sizeof(real);                                                \
        real *in = guarded(in_count * sizeof(real), shift), *out = guarded(out_size, 0);                               \
        for (size_t i = 0; i < in_count; i++)                                                                          \
            in[i] = (real)random_real();                                                                               \
        set->interleave_##type(in, ld, rows, depth, width, out);                                                       \
        int64_t wrong = 0;                                                                                             \
        for (int64_t p = 0; p < depth; p++)                                                                            \
            for (int64_t r = 0; r < width; r++) {                                                                      \
                const real wanted = r < rows ? in[r * ld + p] : 0;                                                     \
                wrong += memcmp(&out[p * width + r], &wanted, sizeof(real)) != 0;                                      \
            }                                                                                                          \
        ck_assert_msg(wrong == 0, "%s: %d rows, depth %d, width %d: %d elements", set->name, (int)rows, (int)depth,    \
                      (int)width, (int)wrong);                                                                         \
        ck_assert(guard_stands(out, out_size));                                                                        \
        guarded_free(in, shift);                                                                                       \
        guarded_free(out, 0);                                                                                          \
    }                                                                                                                  \
                                                                                                                       \
    START_TEST(interleave_##type##_places_every_element)                                                               \
    {                                                                                                                  \
        FOR_EACH_SET(set)                                                                                              \
        for (int64_t width = 1; width <= 33; width++)                                                                  \
            for (int64_t rows = 0; rows <= width; rows += 1 + random_below(3))                                         \
                for (int d = 0; d < ODD_SIZES && odd_sizes[d] <= 129; d++)                                             \
                    check_interleave_##type(set, rows, odd_sizes[d], width);                                           \
    }                                                                                                                  \
    END_TEST                                                                                                           \
                                                                                                                       \
    START_TEST(interleave_##type##_fills_own_panels)                                                                   \
    {                                                                                                                  \
        FOR_EACH_SET(set)                                                                                              \
        for (int side = 0; side < 2; side++) {                                                                         \
            const int64_t width = side ? set->nr_##type : set->mr_##type;                                              \
            check_interleave_##type(set, width, 512, width);                                                           \
            check_interleave_##type(set, width - 1, 509, width);                                                       \
        }                                                                                                              \
    }                                                                                                                  \
    END_TEST

DEFINE_INTERLEAVE_CHECKS(f32, float)
DEFINE_INTERLEAVE_CHECKS(f64, double)

static Suite *
make_suite(void)
{
    const TTest *const tests[] = {interleave_f32_places_every_element, interleave_f64_places_every_element,
                                  interleave_f32_fills_own_panels, interleave_f64_fills_own_panels, NULL};
    return make_kernel_suite("kernels/interleave", tests);
}

CHECK_MAIN(make_suite)

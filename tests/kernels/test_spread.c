/* Rows dealt to panels: every element, less its center or not, zeros behind the last, and nothing between panels. */
#include "sets.h"

#define DEFINE_SPREAD_CHECKS(type, real)                                                                               \
    static void check_spread_##type(const conceptdec_i_kernels *set, int64_t count, int is_centred)                    \
    {                                                                                                                  \
        const int64_t mr = set->mr_##type, step = mr * (1 + random_below(3)), panels = (count + mr - 1) / mr;          \
        const size_t bytes = (size_t)count * sizeof(real), out_bytes = (size_t)(panels * step) * sizeof(real);         \
        const size_t shift = sizeof(real) * (size_t)random_below(8);                                                   \
        real *in = guarded(bytes, shift), *center = guarded(bytes, shift), *out = guarded(out_bytes, 0);               \
        const real untouched = 7;                                                                                      \
        int64_t wrong = 0;                                                                                             \
        for (int64_t p = 0; p < count; p++) {                                                                          \
            in[p] = (real)random_real();                                                                               \
            center[p] = (real)random_real();                                                                           \
        }                                                                                                              \
        for (int64_t i = 0; i < panels * step; i++)                                                                    \
            out[i] = untouched;                                                                                        \
        set->spread_##type(in, is_centred ? center : NULL, count, step, out);                                          \
        for (int64_t i = 0; i < panels * step; i++) {                                                                  \
            const int64_t p = i / step * mr + i % step;                                                                \
            const real value = p >= count ? 0 : is_centred ? in[p] - center[p] : in[p];                                \
            const real wanted = i % step < mr ? value : untouched;                                                     \
            wrong += memcmp(&out[i], &wanted, sizeof(real)) != 0;                                                      \
        }                                                                                                              \
        ck_assert_msg(wrong == 0, "%s: %d of %d elements", set->name, (int)wrong, (int)count);                         \
        ck_assert(guard_stands(out, out_bytes));                                                                       \
        guarded_free(in, shift);                                                                                       \
        guarded_free(center, shift);                                                                                   \
        guarded_free(out, 0);                                                                                          \
    }                                                                                                                  \
                                                                                                                       \
    START_TEST(spread_##type##_places_every_element)                                                                   \
    {                                                                                                                  \
        FOR_EACH_SET(set)                                                                                              \
        for (int s = 0; s < ODD_SIZES; s++)                                                                            \
            for (int is_centred = 0; is_centred < 2; is_centred++)                                                     \
                check_spread_##type(set, odd_sizes[s], is_centred);                                                    \
    }                                                                                                                  \
    END_TEST

DEFINE_SPREAD_CHECKS(f32, float)
DEFINE_SPREAD_CHECKS(f64, double)

static Suite *
make_suite(void)
{
    const TTest *const tests[] = {spread_f32_places_every_element, spread_f64_places_every_element, NULL};
    return make_kernel_suite("kernels/spread", tests);
}

CHECK_MAIN(make_suite)

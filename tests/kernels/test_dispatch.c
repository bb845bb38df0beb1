/* Which set is chosen. */
#include <stdbool.h>

#include "sets.h"

START_TEST(portable_is_always_there)
{
    ck_assert(conceptdec_i_kernels_available() & CONCEPTDEC_KERNEL_PORTABLE);
    ck_assert_ptr_eq(conceptdec_i_kernels_choose(CONCEPTDEC_KERNEL_PORTABLE), &conceptdec_i_kernels_portable);
    ck_assert_ptr_eq(conceptdec_i_kernels_choose(1u << 31), &conceptdec_i_kernels_portable);
}
END_TEST

START_TEST(the_best_set_of_the_mask_is_chosen)
{
    const uint32_t available = conceptdec_i_kernels_available();
    for (uint32_t mask = 0; mask < 8; mask++) {
        uint32_t usable = (available & (mask ? mask : 7)) | CONCEPTDEC_KERNEL_PORTABLE, best = CONCEPTDEC_KERNEL_AVX512;
        while (!(usable & best))
            best /= 2;
        ck_assert_uint_eq(conceptdec_i_kernels_choose(mask)->bit, best);
    }
}
END_TEST

START_TEST(a_set_is_what_its_bit_says)
{
    static const char *const names[ALL_SETS] = {"portable", "avx2", "avx512"};
    int seen = 0;
    FOR_EACH_SET(set)
    {
        ck_assert_uint_eq(set->bit, 1u << set_index);
        ck_assert_str_eq(set->name, names[set_index]);
        seen++;
    }
    ck_assert_int_ge(seen, 1);
}
END_TEST

#if defined(__x86_64__)
/* Beside its bit, which stays the same, a set needs that of the instructions for its other panel_i16. */
START_TEST(pairs_are_added_up_where_both_bits_are_set)
{
    const uint32_t narrow = CONCEPTDEC_KERNEL_AVXVNNI, wide = CONCEPTDEC_KERNEL_AVX512VNNI;
    FOR_EACH_SET(set)
    {
        bool is_wide = set->bit == CONCEPTDEC_KERNEL_AVX512, is_portable = set->bit == CONCEPTDEC_KERNEL_PORTABLE;
        uint32_t bit = is_portable ? 0 : conceptdec_i_kernels_available() & (is_wide ? wide : narrow);
        const conceptdec_i_kernels *other = conceptdec_i_kernels_choose(set->bit | bit);
        ck_assert_ptr_eq(conceptdec_i_kernels_choose(set->bit | (is_wide ? narrow : wide)), set);
        ck_assert_int_eq(other->panel_i16 != set->panel_i16, bit != 0);
        ck_assert_int_eq(other != set, bit != 0);
        ck_assert_uint_eq(other->bit, set->bit);
        ck_assert_str_eq(other->name, set->name);
    }
}
END_TEST
#endif

#if defined(__x86_64__) && defined(__GNUC__)
START_TEST(the_compiler_finds_the_same_extensions)
{
    const int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const int avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                       __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    ck_assert_int_eq((conceptdec_i_kernels_available() & CONCEPTDEC_KERNEL_AVX2) != 0, avx2);
    ck_assert_int_eq((conceptdec_i_kernels_available() & CONCEPTDEC_KERNEL_AVX512) != 0, avx512);
}
END_TEST
#endif

static Suite *
make_suite(void)
{
    const TTest *const tests[] = {
        portable_is_always_there,
        the_best_set_of_the_mask_is_chosen,
        a_set_is_what_its_bit_says,
#if defined(__x86_64__)
        pairs_are_added_up_where_both_bits_are_set,
#endif
#if defined(__x86_64__) && defined(__GNUC__)
        the_compiler_finds_the_same_extensions,
#endif
        NULL
    };
    return make_kernel_suite("kernels/dispatch", tests);
}

CHECK_MAIN(make_suite)

/* find_key() finds the first pair of its key, wherever it stands, and nothing else. */
#include "sets.h"

/* Keys are the places plus 5, with bits that the mask leaves out. */
static void
check_find(const conceptdec_i_kernels *set, int64_t n, size_t shift)
{
    uint32_t *numbers = guarded((size_t)n * sizeof *numbers, shift);
    for (int64_t i = 0; i < n; i++)
        numbers[i] = (uint32_t)(i + 5) | (uint32_t)random_below(4) << 30;
    for (int64_t i = 0; i < n; i++)
        ck_assert_int_eq(set->find_key(numbers, n, (uint32_t)(i + 5), ((uint32_t)1 << 30) - 1), i);
    ck_assert_int_eq(set->find_key(numbers, n, (uint32_t)(n + 5), ((uint32_t)1 << 30) - 1), -1);
    ck_assert_int_eq(set->find_key(numbers, n, 4, ((uint32_t)1 << 30) - 1), -1);
    guarded_free(numbers, shift);
}

START_TEST(the_place_of_a_key_is_found)
{
    FOR_EACH_SET(set)
    for (int s = 0; s < ODD_SIZES; s++)
        for (size_t shift = 0; shift < 16; shift += 4)
            check_find(set, odd_sizes[s], shift);
}
END_TEST

START_TEST(the_first_of_equals_is_found)
{
    uint32_t numbers[100];
    for (int i = 0; i < 100; i++)
        numbers[i] = i % 40 == 39 ? 3 : 9;
    FOR_EACH_SET(set)
    ck_assert_int_eq(set->find_key(numbers, 100, 3, 0xffff), 39);
}
END_TEST

static Suite *
make_suite(void)
{
    const TTest *const tests[] = {the_place_of_a_key_is_found, the_first_of_equals_is_found, NULL};
    return make_kernel_suite("kernels/find", tests);
}

CHECK_MAIN(make_suite)

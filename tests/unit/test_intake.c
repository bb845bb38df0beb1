/* Size-first structs between a caller and a library of different ages. */
#include <stdio.h>
#include <string.h>

#include "check_main.h"
#include "core/core.h"

/* A struct as three versions of the header would have it. */
typedef struct first {
    uint64_t struct_size, given;
    int64_t k;
} first;

typedef struct second {
    uint64_t struct_size, given;
    int64_t k, folds;
} second;

typedef struct third {
    uint64_t struct_size, given;
    int64_t k, folds, later[2];
} third;

static conceptdec_ctx *ctx;

static void
setup(void)
{
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
}

static void
teardown(void)
{
    conceptdec_ctx_free(ctx);
}

/* The library is of the second version, and the first was released. */
static conceptdec_status
take_in(const void *source, second *copy)
{
    return conceptdec_i_intake(ctx, "options", source, copy, sizeof *copy, sizeof(first));
}

START_TEST(null_is_defaults)
{
    second copy;
    memset(&copy, 0x55, sizeof copy);
    ck_assert_int_eq(take_in(NULL, &copy), CONCEPTDEC_OK);
    second zero = {.struct_size = sizeof zero};
    ck_assert_mem_eq(&copy, &zero, sizeof copy);
}
END_TEST

START_TEST(same_age)
{
    second source = {.struct_size = sizeof source, .given = 2, .k = 7, .folds = -1}, copy;
    ck_assert_int_eq(take_in(&source, &copy), CONCEPTDEC_OK);
    ck_assert_mem_eq(&copy, &source, sizeof copy);
}
END_TEST

START_TEST(older_caller)
{
    first source = {.struct_size = sizeof source, .given = 1, .k = 7};
    second copy, expected = {.struct_size = sizeof expected, .given = 1, .k = 7};
    memset(&copy, 0x55, sizeof copy);
    ck_assert_int_eq(take_in(&source, &copy), CONCEPTDEC_OK);
    ck_assert_mem_eq(&copy, &expected, sizeof copy);
}
END_TEST

START_TEST(newer_caller)
{
    third source = {.struct_size = sizeof source, .k = 7, .folds = 3};
    second copy, expected = {.struct_size = sizeof expected, .k = 7, .folds = 3};
    ck_assert_int_eq(take_in(&source, &copy), CONCEPTDEC_OK);
    ck_assert_mem_eq(&copy, &expected, sizeof copy);
}
END_TEST

START_TEST(newer_caller_who_means_it)
{
    for (uint64_t at = sizeof(second); at < sizeof(third); at++) {
        third source = {.struct_size = sizeof source, .k = 7};
        ((char *)&source)[at] = 1;
        second copy = {.k = 55};
        ck_assert_int_eq(take_in(&source, &copy), CONCEPTDEC_ESTRUCT_TAIL);
        ck_assert_int_eq(copy.k, 55);
        char place[32];
        snprintf(place, sizeof place, "options: byte %d ", (int)at);
        ck_assert_ptr_nonnull(strstr(conceptdec_ctx_error(ctx), place));
    }
}
END_TEST

START_TEST(sizes_that_are_refused)
{
    const uint64_t sizes[] = {0, 3, 8, sizeof(first) - 1, 4097, UINT64_MAX};
    for (int i = 0; i < 6; i++) {
        second source = {.struct_size = sizes[i]}, copy = {.k = 55};
        ck_assert_int_eq(take_in(&source, &copy), CONCEPTDEC_ESTRUCT_SIZE);
        ck_assert_int_eq(copy.k, 55);
        ck_assert_int_eq(strncmp(conceptdec_ctx_error(ctx), "options.struct_size: ", 21), 0);
    }
    second source = {.struct_size = 3}, copy;
    take_in(&source, &copy);
    ck_assert_str_eq(conceptdec_ctx_error(ctx),
                     "options.struct_size: 3 is smaller than 24, the first version of the struct");
}
END_TEST

START_TEST(largest_size)
{
    static uint64_t source[512] = {4096};
    second copy;
    ck_assert_int_eq(take_in(source, &copy), CONCEPTDEC_OK);
    source[511] = 1;
    ck_assert_int_eq(take_in(source, &copy), CONCEPTDEC_ESTRUCT_TAIL);
}
END_TEST

START_TEST(given_bits)
{
    ck_assert_int_eq(conceptdec_i_given_known(ctx, "options", 0, 3), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_i_given_known(ctx, "options", 7, 3), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_i_given_known(ctx, "options", 8, 3), CONCEPTDEC_ESTRUCT_TAIL);
    ck_assert_int_eq(conceptdec_i_given_known(ctx, "options", (uint64_t)1 << 63, 3), CONCEPTDEC_ESTRUCT_TAIL);
    ck_assert_int_eq(conceptdec_i_given_known(ctx, "options", UINT64_MAX, 64), CONCEPTDEC_OK);
    second options = {.given = 2};
    ck_assert(!CONCEPTDEC_I_GIVEN(&options, 0));
    ck_assert(CONCEPTDEC_I_GIVEN(&options, 1));
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("intake");
    TCase *tests = tcase_create("intake");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, null_is_defaults);
    tcase_add_test(tests, same_age);
    tcase_add_test(tests, older_caller);
    tcase_add_test(tests, newer_caller);
    tcase_add_test(tests, newer_caller_who_means_it);
    tcase_add_test(tests, sizes_that_are_refused);
    tcase_add_test(tests, largest_size);
    tcase_add_test(tests, given_bits);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

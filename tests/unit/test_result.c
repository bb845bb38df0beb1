/* Results: arrays by name, their JSON form in any locale, life beyond the context. */
#define _GNU_SOURCE

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "core/core.h"
#include "core/json.h"

#include "../torture/harness.h"

static torture_allocator allocator;
static conceptdec_ctx *ctx;
static conceptdec_result *result;

static void
setup(void)
{
    allocator = (torture_allocator){0};
    conceptdec_ctx_options options = torture_options(&allocator, 3);
    options.kernel_mask = CONCEPTDEC_KERNEL_PORTABLE;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_i_result_new(ctx, "test", &result), CONCEPTDEC_OK);
}

static void
teardown(void)
{
    conceptdec_ctx_free(ctx);
    conceptdec_result_free(result);
    ck_assert_int_eq(allocator.live, 0);
}

static double *
add_floats(const char *name, int ndim, const int64_t *shape)
{
    double *data;
    ck_assert_int_eq(conceptdec_i_result_float64(ctx, result, name, ndim, shape, &data), CONCEPTDEC_OK);
    return data;
}

static int64_t *
add_integers(const char *name, int ndim, const int64_t *shape)
{
    int64_t *data;
    ck_assert_int_eq(conceptdec_i_result_int64(ctx, result, name, ndim, shape, &data), CONCEPTDEC_OK);
    return data;
}

static const int64_t shape[8] = {2, 3, 1, 1, 1, 1, 1, 2};

/* ---- arrays ---- */

START_TEST(by_name)
{
    double *floats = add_floats("decodability", 2, shape), value = 0;
    int64_t *integers = add_integers("n_scored", 0, NULL);
    for (int i = 0; i < 6; i++)
        ck_assert(floats[i] == 0);
    floats[0] = 0.5;
    *integers = 77;
    conceptdec_array array;
    ck_assert_int_eq(conceptdec_result_get(result, "decodability", &array), CONCEPTDEC_OK);
    ck_assert_ptr_eq(array.data, floats);
    ck_assert_uint_eq((uintptr_t)floats % 64, 0);
    ck_assert(array.ndim == 2 && array.shape[0] == 2 && array.shape[1] == 3 && array.shape[2] == 0);
    ck_assert_int_eq(array.dtype, CONCEPTDEC_FLOAT64);
    ck_assert_int_eq(conceptdec_result_get(result, "n_scored", &array), CONCEPTDEC_OK);
    ck_assert(array.ndim == 0 && array.dtype == CONCEPTDEC_INT64);
    ck_assert_int_eq(conceptdec_result_scalar(result, "decodability", &value), CONCEPTDEC_OK);
    ck_assert_double_eq(value, 0.5);
    ck_assert_int_eq(conceptdec_result_scalar(result, "n_scored", &value), CONCEPTDEC_OK);
    ck_assert_double_eq(value, 77);
}
END_TEST

START_TEST(bad_questions)
{
    const int64_t none[2] = {3, 0};
    add_floats("empty", 2, none);
    conceptdec_array array = {.ndim = 55};
    double value = 55;
    ck_assert_int_eq(conceptdec_result_get(result, "decodabilty", &array), CONCEPTDEC_ENAME);
    ck_assert_int_eq(conceptdec_result_get(NULL, "empty", &array), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_result_get(result, NULL, &array), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_result_get(result, "empty", NULL), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_result_scalar(result, "x", &value), CONCEPTDEC_ENAME);
    ck_assert_int_eq(conceptdec_result_scalar(NULL, "x", &value), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_result_scalar(result, "empty", NULL), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_result_scalar(result, "empty", &value), CONCEPTDEC_ESIZE);
    ck_assert(array.ndim == 55 && value == 55);
    const char *json;
    ck_assert_int_eq(conceptdec_result_json(NULL, &json), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_result_json(result, NULL), CONCEPTDEC_ENULL);
    conceptdec_result_free(NULL);
}
END_TEST

START_TEST(enumeration)
{
    ck_assert_int_eq(conceptdec_result_count(result), 0);
    ck_assert_ptr_null(conceptdec_result_name(result, 0));
    add_floats("a", 1, shape);
    add_integers("b", 1, shape);
    ck_assert_int_eq(conceptdec_result_count(result), 2);
    ck_assert_str_eq(conceptdec_result_name(result, 0), "a");
    ck_assert_str_eq(conceptdec_result_name(result, 1), "b");
    ck_assert_ptr_null(conceptdec_result_name(result, 2));
    ck_assert_ptr_null(conceptdec_result_name(result, -1));
    ck_assert_int_eq(conceptdec_result_count(NULL), 0);
    ck_assert_ptr_null(conceptdec_result_name(NULL, 0));
}
END_TEST

START_TEST(bad_shapes)
{
    double *data = (double *)&allocator;
    const int64_t huge[2] = {(int64_t)1 << 40, (int64_t)1 << 40}, negative[1] = {-1}, edge[1] = {INT64_MAX / 8};
    ck_assert_int_eq(conceptdec_i_result_float64(ctx, result, "a", 2, huge, &data), CONCEPTDEC_EOVERFLOW);
    ck_assert_str_eq(conceptdec_ctx_error(ctx), "a: too large for an address");
    ck_assert_int_eq(conceptdec_i_result_float64(ctx, result, "a", 1, edge, &data), CONCEPTDEC_EOVERFLOW);
    ck_assert_int_eq(conceptdec_i_result_float64(ctx, result, "a", 1, negative, &data), CONCEPTDEC_ESIZE);
    ck_assert_str_eq(conceptdec_ctx_error(ctx), "a: length -1 of axis 0 is negative");
    ck_assert_int_eq(conceptdec_i_result_float64(ctx, result, "a", 9, shape, &data), CONCEPTDEC_ESIZE);
    ck_assert_ptr_eq(data, &allocator);
    ck_assert_int_eq(conceptdec_result_count(result), 0);
}
END_TEST

START_TEST(messages)
{
    char text[20] = "x: bad";
    ck_assert_str_eq(conceptdec_result_message(result, 2), "");
    ck_assert_int_eq(conceptdec_i_result_set_message(ctx, result, 2, text), CONCEPTDEC_OK);
    text[0] = 'y';
    ck_assert_str_eq(conceptdec_result_message(result, 2), "x: bad");
    ck_assert_str_eq(conceptdec_result_message(result, 1), "");
    ck_assert_str_eq(conceptdec_result_message(NULL, 1), "");
}
END_TEST

/* ---- JSON ---- */

static void
expect_part(const char *part)
{
    const char *json = NULL;
    ck_assert_int_eq(conceptdec_result_json(result, &json), CONCEPTDEC_OK);
    ck_assert_msg(strstr(json, part) != NULL, "%s not in %s", part, json);
}

START_TEST(layout)
{
    const int64_t none[2] = {2, 0};
    double *floats = add_floats("null", 2, shape);
    for (int i = 0; i < 6; i++)
        floats[i] = i == 4 ? NAN : i == 5 ? INFINITY : 0.5 * i;
    int64_t *integers = add_integers("deep", 8, shape);
    for (int i = 0; i < 12; i++)
        integers[i] = i - 6;
    add_floats("empty", 2, none);
    *add_integers("n", 0, NULL) = INT64_MIN;
    conceptdec_i_result_option_text(ctx, result, "metric", "l2");
    conceptdec_i_result_option_number(ctx, result, "k", 10);
    conceptdec_i_result_option_number(ctx, result, "confidence", 0.95);
    conceptdec_i_result_option_list(ctx, result, "ks", shape, 2);
    conceptdec_i_result_diagnostic(ctx, result, "refined", 1e15);
    conceptdec_i_result_seed(result, UINT64_MAX);
    expect_part("{\"schema_version\":1,\"capability\":\"test\",\"values\":{\"null\":[[0.0,0.5,1.0],[1.5,null,null]],"
                "\"deep\":[[[[[[[[-6,-5]]]]]],[[[[[[-4,-3]]]]]],[[[[[[-2,-1]]]]]]],"
                "[[[[[[[0,1]]]]]],[[[[[[2,3]]]]]],[[[[[[4,5]]]]]]]],"
                "\"empty\":[[],[]],\"n\":-9223372036854775808},"
                "\"options\":{\"metric\":\"l2\",\"k\":10,\"confidence\":0.95,\"ks\":[2,3]},"
                "\"provenance\":{\"version\":\"" CONCEPTDEC_VERSION_STRING "\",\"kernel\":\"portable\",\"blas\":{");
    expect_part("\"threads\":3,\"compiler\":\"");
    expect_part("\"seed\":18446744073709551615},\"diagnostics\":{\"refined\":1000000000000000}}");
}
END_TEST

START_TEST(empty_result)
{
    expect_part("\"values\":{},\"options\":{},");
    expect_part("\"diagnostics\":{}}");
}
END_TEST

START_TEST(messages_in_json)
{
    conceptdec_i_result_set_message(ctx, result, 4, "a \"b\" \\ \n\t\x01 \xc3\xa4");
    conceptdec_i_result_set_message(ctx, result, 7, "");
    expect_part(
        "\"diagnostics\":{},\"messages\":[{\"cell\":4,\"text\":\"a \\\"b\\\" \\\\ \\u000a\\u0009\\u0001 \xc3\xa4"
        "\"},{\"cell\":7,\"text\":\"\"}]}");
}
END_TEST

START_TEST(json_is_kept)
{
    const char *first, *second;
    ck_assert_int_eq(conceptdec_result_json(result, &first), CONCEPTDEC_OK);
    int64_t calls = allocator.calls;
    ck_assert_int_eq(conceptdec_result_json(result, &second), CONCEPTDEC_OK);
    ck_assert_ptr_eq(first, second);
    ck_assert_int_eq(allocator.calls, calls);
}
END_TEST

typedef struct number {
    double value;
    const char *as_double, *as_number;
} number;

static const number numbers[] = {
    {0, "0.0", "0"},
    {1, "1.0", "1"},
    {-7, "-7.0", "-7"},
    {0.1, "0.1", "0.1"},
    {1.0 / 3, "0.3333333333333333", "0.3333333333333333"},
    {2.0 / 3, "0.6666666666666666", "0.6666666666666666"},
    {0.1 + 0.2, "0.30000000000000004", "0.30000000000000004"},
    {1e22, "1e+22", "1e+22"},
    {0x1p53, "9007199254740992.0", "9007199254740992"},
    {123456789012345680.0, "1.2345678901234568e+17", "1.2345678901234568e+17"},
    {DBL_MAX, "1.7976931348623157e+308", "1.7976931348623157e+308"},
    {5e-324, "4.94065645841247e-324", "4.94065645841247e-324"},
    {-0.0, "-0.0", "0"},
    {HUGE_VAL, "null", "null"},
};

static void
expect_numbers(void)
{
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        conceptdec_i_json json;
        conceptdec_i_json_open(&json, ctx->memory);
        conceptdec_i_json_begin(&json, '[');
        conceptdec_i_json_double(&json, numbers[i].value);
        conceptdec_i_json_number(&json, numbers[i].value);
        conceptdec_i_json_end(&json, ']');
        char *text = conceptdec_i_json_close(&json), expected[100];
        snprintf(expected, sizeof expected, "[%s,%s]", numbers[i].as_double, numbers[i].as_number);
        ck_assert_str_eq(text, expected);
        conceptdec_i_memory_give(ctx->memory, text);
    }
}

START_TEST(shortest_digits)
{
    expect_numbers();
}
END_TEST

START_TEST(digits_round_trip)
{
    conceptdec_i_rng rng;
    conceptdec_i_rng_start(&rng, 1, 1, 1);
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = conceptdec_i_rng_u64(&rng);
        double value;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        conceptdec_i_json json;
        conceptdec_i_json_open(&json, ctx->memory);
        conceptdec_i_json_double(&json, value);
        char *text = conceptdec_i_json_close(&json);
        ck_assert(strtod(text, NULL) == value);
        conceptdec_i_memory_give(ctx->memory, text);
    }
}
END_TEST

/* Locales that write 0,5 and 0 U+066B 5, built here where their sources are installed. */
START_TEST(other_locales)
{
    static const char *const names[] = {"de_DE", "ps_AF"};
    char folder[] = "/tmp/test_result_XXXXXX", command[200], name[100];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    setenv("LOCPATH", folder, 1);
    snprintf(command, sizeof command, "localedef -f UTF-8 -i %s %s/%s.UTF-8 >/dev/null 2>&1", names[_i], folder,
             names[_i]);
    int built = system(command);
    snprintf(name, sizeof name, "%s.UTF-8", names[_i]);
    if (built == 0) {
        ck_assert_ptr_nonnull(setlocale(LC_ALL, name));
        ck_assert_str_ne(localeconv()->decimal_point, ".");
        expect_numbers();
        setlocale(LC_ALL, "C");
    }
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

/* ---- memory ---- */

static conceptdec_status
fill(conceptdec_ctx *context, conceptdec_result *r)
{
    double *floats;
    int64_t *integers;
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(context, r, "a", 2, shape, &floats));
    CONCEPTDEC_I_TRY(conceptdec_i_result_int64(context, r, "b", 1, shape, &integers));
    CONCEPTDEC_I_TRY(conceptdec_i_result_option_text(context, r, "metric", "l2"));
    CONCEPTDEC_I_TRY(conceptdec_i_result_option_number(context, r, "k", 3));
    CONCEPTDEC_I_TRY(conceptdec_i_result_option_list(context, r, "ks", shape, 3));
    CONCEPTDEC_I_TRY(conceptdec_i_result_diagnostic(context, r, "refined", 3));
    CONCEPTDEC_I_TRY(conceptdec_i_result_set_message(context, r, 1, "text"));
    const char *json;
    conceptdec_status status = conceptdec_result_json(r, &json);
    return status == CONCEPTDEC_OK ? status : conceptdec_i_fail(context, status, "json");
}

static conceptdec_status
make_result(conceptdec_ctx *context, void *argument, void **output)
{
    conceptdec_result *made = argument;
    CONCEPTDEC_I_TRY(conceptdec_i_result_new(context, "test", &made));
    conceptdec_status status = fill(context, made);
    if (status == CONCEPTDEC_OK)
        *output = made;
    else
        conceptdec_result_free(made);
    return status;
}

static void
use_and_free(void *output)
{
    const char *json;
    ck_assert_int_eq(conceptdec_result_json(output, &json), CONCEPTDEC_OK); /* after the context has gone */
    ck_assert_ptr_nonnull(strstr(json, "\"a\":[[0.0,"));
    conceptdec_result_free(output);
}

START_TEST(every_allocation_fails_in_turn)
{
    ck_assert_int_eq(torture(1, make_result, NULL, use_and_free), 11);
}
END_TEST

/* A text that outgrows its buffer several times, each growth failing in turn. */
static conceptdec_status
make_long_text(conceptdec_ctx *context, void *argument, void **output)
{
    double *floats;
    const int64_t length = 20000;
    conceptdec_result *made = argument;
    CONCEPTDEC_I_TRY(conceptdec_i_result_new(context, "test", &made));
    conceptdec_status status = conceptdec_i_result_float64(context, made, "a", 1, &length, &floats);
    const char *json;
    if (status == CONCEPTDEC_OK && (status = conceptdec_result_json(made, &json)) != CONCEPTDEC_OK) {
        conceptdec_i_fail(context, status, "json");
        const char *again;
        if (conceptdec_result_json(made, &again) == CONCEPTDEC_OK) /* a failure is not kept */
            ck_assert_uint_gt(strlen(again), 80000);
    }
    conceptdec_result_free(made);
    if (status == CONCEPTDEC_OK)
        *output = NULL;
    return status;
}

START_TEST(long_text)
{
    ck_assert_int_ge(torture(1, make_long_text, NULL, NULL), 8);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("result");
    TCase *tests = tcase_create("result");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, by_name);
    tcase_add_test(tests, bad_questions);
    tcase_add_test(tests, enumeration);
    tcase_add_test(tests, bad_shapes);
    tcase_add_test(tests, messages);
    tcase_add_test(tests, layout);
    tcase_add_test(tests, empty_result);
    tcase_add_test(tests, messages_in_json);
    tcase_add_test(tests, json_is_kept);
    tcase_add_test(tests, shortest_digits);
    tcase_add_test(tests, digits_round_trip);
    tcase_add_loop_test(tests, other_locales, 0, 2);
    tcase_add_test(tests, every_allocation_fails_in_turn);
    tcase_add_test(tests, long_text);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

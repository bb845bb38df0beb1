/* Accumulators without memory: made, asked, merged and turned into moments or not at all. */
#include "accumulators.h"
#include "check_main.h"
#include "harness.h"

static pushed_rows rows;
static conceptdec_ctx *looking; /* that of the work keeps its text */

/* Everything is compared with what it was: a merge that fails leaves both as they were. */
static conceptdec_status
merge(conceptdec_ctx *ctx, conceptdec_accumulator *a, conceptdec_accumulator *b)
{
    int64_t before[8];
    conceptdec_array array;
    conceptdec_matrix x, labels;
    conceptdec_status status = conceptdec_accumulator_get(ctx, a, 0, CONCEPTDEC_A_CLASS_COUNT, &array);
    if (status != CONCEPTDEC_OK)
        return status;
    memcpy(before, array.data, (size_t)rows.classes * 8);
    status = conceptdec_accumulator_merge(ctx, a, b);
    if (status == CONCEPTDEC_OK)
        return status;
    conceptdec_status again = conceptdec_accumulator_get(looking, a, 0, CONCEPTDEC_A_CLASS_COUNT, &array);
    ck_assert_int_eq(again, CONCEPTDEC_OK); /* its memory is there already */
    ck_assert_mem_eq(before, array.data, (size_t)rows.classes * 8);
    ck_assert_int_eq(conceptdec_accumulator_sample(looking, a, 0, &x, &labels), CONCEPTDEC_OK);
    ck_assert_int_eq(x.rows, 3 * 4);
    ck_assert_int_eq(conceptdec_accumulator_get(looking, a, 0, CONCEPTDEC_A_PRODUCERS, &array), CONCEPTDEC_OK);
    for (int64_t i = 0; i < x.rows; i++)
        ck_assert_int_eq(((const int64_t *)array.data)[i], 0);
    return status;
}

static conceptdec_status
work(conceptdec_ctx *ctx, void *argument, void **output)
{
    static const char *const names[] = {CONCEPTDEC_A_MEANS, CONCEPTDEC_A_DIFFERENCES};
    const int moments = *(int *)argument;
    const int64_t dims[] = {rows.d, rows.d};
    conceptdec_accumulator *part[2] = {NULL, NULL};
    conceptdec_class_moments *m = NULL;
    conceptdec_status status = CONCEPTDEC_OK;
    for (uint64_t k = 0; k < 2 && status == CONCEPTDEC_OK; k++) {
        conceptdec_accumulator_options o = pushed_options(&rows, moments, 4);
        o.producer = k;
        status = conceptdec_accumulator_new(ctx, dims, 2, rows.classes, &o, &part[k]);
        if (status == CONCEPTDEC_OK)
            pushed_add(part[k], 0, &rows, 0, rows.n);
        else
            ck_assert_ptr_null(part[k]);
    }
    conceptdec_array array;
    for (int i = 0; i < 2 && status == CONCEPTDEC_OK; i++)
        status = conceptdec_accumulator_get(ctx, part[0], 0, names[i], &array);
    if (status == CONCEPTDEC_OK)
        status = merge(ctx, part[0], part[1]);
    if (status == CONCEPTDEC_OK) {
        status = conceptdec_accumulator_moments(ctx, part[0], 0, &m);
        if (status != CONCEPTDEC_OK)
            ck_assert_ptr_null(m);
    }
    conceptdec_class_moments_free(m);
    conceptdec_accumulator_free(part[1]);
    if (status == CONCEPTDEC_OK)
        *output = part[0];
    else
        conceptdec_accumulator_free(part[0]);
    return status;
}

static void
release(void *argument, void *output)
{
    (void)argument;
    conceptdec_accumulator_free(output);
}

START_TEST(accumulators_without_memory)
{
    int moments = _i / 2;
    rows = pushed_make(700, 3, 3, CONCEPTDEC_FLOAT32, 0);
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &looking), CONCEPTDEC_OK);
    ck_assert_int_ge(torture_object(1 + _i % 2, work, NULL, release, &moments), 40);
    conceptdec_ctx_free(looking);
    pushed_free(&rows);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("accumulator");
    TCase *tests = tcase_create("accumulator");
    tcase_set_timeout(tests, 240);
    tcase_add_loop_test(tests, accumulators_without_memory, 0, 6);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

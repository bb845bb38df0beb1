/* Moments per class, erasers and curves without memory, at every allocation, and cancelled at every place: nothing is
 * leaked or written, and the next call gives the same answer. */
#define _GNU_SOURCE

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check_main.h"
#include "results.h"

enum { ROWS = 150, COLS = 5 };

static double x_values[ROWS * COLS];
static int64_t label_values[ROWS];
static const conceptdec_matrix x = {
    .data = x_values, .rows = ROWS, .cols = COLS, .row_stride = 8 * COLS, .col_stride = 8, .dtype = CONCEPTDEC_FLOAT64};
static const conceptdec_matrix labels = {
    .data = label_values, .rows = ROWS, .cols = 1, .row_stride = 8, .col_stride = 8, .dtype = CONCEPTDEC_INT64};
static const conceptdec_matrix few = {
    .data = x_values, .rows = 24, .cols = COLS, .row_stride = 8 * COLS, .col_stride = 8, .dtype = CONCEPTDEC_FLOAT64};
static const conceptdec_matrix few_labels = {
    .data = label_values, .rows = 24, .cols = 1, .row_stride = 8, .col_stride = 8, .dtype = CONCEPTDEC_INT64};
static char path[64];

static void
fill(void)
{
    (void)snprintf(path, sizeof path, "/tmp/conceptdec-torture-erasure-%ld", (long)getpid());
    for (int i = 0; i < ROWS; i++) {
        label_values[i] = i % 6 == 5 ? -1 : i % 3;
        for (int j = 0; j < COLS; j++)
            x_values[i * COLS + j] = (i * 7 + j * j * i) % 11 + (i % 3 == j ? 2 : 0) + (i % 13) * 0.01;
    }
}

static void
expect_untouched(conceptdec_status status, const void *output)
{
    if (status != CONCEPTDEC_OK)
        ck_assert_ptr_null(output);
}

/* ---- moments: rows, other states, files ---- */

static conceptdec_status
gather(conceptdec_ctx *ctx, uint32_t flags, conceptdec_class_moments **moments)
{
    conceptdec_class_moments *m = NULL;
    conceptdec_status status = conceptdec_class_moments_new(ctx, COLS, 3, flags, &m);
    expect_untouched(status, m);
    for (int i = 0; i < 2 && status == CONCEPTDEC_OK; i++) /* the second time there is something to keep */
        status = conceptdec_class_moments_add(ctx, m, &x, &labels);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_class_moments_merge(ctx, m, m);
    if (status == CONCEPTDEC_OK)
        *moments = m;
    else
        conceptdec_class_moments_free(m);
    return status;
}

static conceptdec_status
moments_work(conceptdec_ctx *ctx, void *argument, void **output)
{
    conceptdec_class_moments *m = NULL, *loaded = NULL;
    conceptdec_status status = gather(ctx, *(uint32_t *)argument, &m);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_class_moments_save(ctx, m, path);
    if (status == CONCEPTDEC_OK) {
        status = conceptdec_class_moments_load(ctx, path, &loaded);
        expect_untouched(status, loaded);
    }
    conceptdec_class_moments_free(m);
    if (status == CONCEPTDEC_OK)
        *output = loaded;
    return status;
}

static conceptdec_status
ask(void *argument, void *output)
{
    static const char *const names[] = {CONCEPTDEC_M_CLASS_COUNT, CONCEPTDEC_M_MEANS,      CONCEPTDEC_M_MEAN,
                                        CONCEPTDEC_M_VARIANCES,   CONCEPTDEC_M_WITHIN,     CONCEPTDEC_M_COVARIANCE,
                                        CONCEPTDEC_M_SCATTER};
    static const unsigned kept[] = {0x7f, 0x37, 0x07, 0, 0x0f}; /* by flags: which of them */
    const uint32_t flags = *(uint32_t *)argument;
    conceptdec_array array;
    for (int i = 0; i < 7; i++) {
        conceptdec_status status = conceptdec_class_moments_get(output, names[i], &array);
        if (!(kept[flags] >> i & 1)) {
            ck_assert_int_eq(status, CONCEPTDEC_ENAME);
            continue;
        }
        if (status != CONCEPTDEC_OK)
            return status;
    }
    return CONCEPTDEC_OK;
}

static void
free_moments(void *argument, void *output)
{
    (void)argument;
    conceptdec_class_moments_free(output);
}

START_TEST(moments_without_memory)
{
    uint32_t flags = _i / 2 < 3 ? (uint32_t)_i / 2 : CONCEPTDEC_CLASS_MOMENTS_VARIANCES;
    fill();
    ck_assert_int_ge(torture_object(1 + _i % 2, moments_work, ask, free_moments, &flags), 20);
    (void)remove(path);
}
END_TEST

/* ---- erasers and curves ---- */

/* 0: LEACE, 1: LEACE of a covariance that is singular, 2: class means, 3: directions, 4: from moments, and a file, 5: a
 * curve. */
enum { VARIANTS = 6 };

static conceptdec_status
make_eraser(conceptdec_ctx *ctx, int variant, conceptdec_eraser **eraser)
{
    const conceptdec_matrix directions = {.data = x_values + COLS,
                                          .rows = 2,
                                          .cols = COLS,
                                          .row_stride = 8 * COLS,
                                          .col_stride = 8,
                                          .dtype = CONCEPTDEC_FLOAT64};
    conceptdec_eraser_options o = {.struct_size = sizeof o, .kind = variant / 2 == 1};
    conceptdec_matrix rows = x;
    if (variant == 1) /* two columns are one */
        rows.cols = 2, rows.col_stride = 0;
    o.directions = variant == 3 ? &directions : NULL;
    conceptdec_status status = variant == 1
                                   ? (o.kind = 0, conceptdec_eraser_new(ctx, &rows, &labels, &o, eraser))
                                   : conceptdec_eraser_new(ctx, &rows, variant == 3 ? NULL : &labels, &o, eraser);
    expect_untouched(status, *eraser);
    return status;
}

static conceptdec_status
stream_eraser(conceptdec_ctx *ctx, conceptdec_eraser **eraser)
{
    conceptdec_class_moments *m = NULL;
    conceptdec_eraser *e = NULL;
    conceptdec_status status = gather(ctx, 0, &m);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_eraser_from_class_moments(ctx, m, NULL, &e);
    conceptdec_class_moments_free(m);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_eraser_save(ctx, e, path);
    conceptdec_eraser_free(e);
    return status == CONCEPTDEC_OK ? conceptdec_eraser_load(ctx, path, eraser) : status;
}

static conceptdec_status
erase(conceptdec_ctx *ctx, int variant, conceptdec_result **result)
{
    conceptdec_eraser *e = NULL;
    conceptdec_matrix rows = x;
    if (variant == 5) {
        const conceptdec_knn_options knn = {.struct_size = sizeof knn, .k = 3, .chance_draws = 4};
        const conceptdec_probe_options probe = {
            .struct_size = sizeof probe, .kind = CONCEPTDEC_PROBE_NEAREST_MEAN, .folds = 2};
        const conceptdec_erasure_options o = {.struct_size = sizeof o, .knn = &knn, .probe = &probe, .most = 1};
        return conceptdec_erasure_curve(ctx, &few, &few_labels, &o, result);
    }
    if (variant == 1)
        rows.cols = 2, rows.col_stride = 0;
    conceptdec_status status = variant == 4 ? stream_eraser(ctx, &e) : make_eraser(ctx, variant, &e);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_eraser_apply(ctx, e, &rows, result);
    conceptdec_eraser_free(e);
    return status;
}

START_TEST(erasure_without_memory)
{
    fill();
    ck_assert_int_ge(torture_result(1 + _i % 2, erase, _i / 2), 20);
    (void)remove(path);
}
END_TEST

START_TEST(cancelled_everywhere)
{
    fill();
    ck_assert_int_ge(torture_stopped(1 + _i % 2, erase, _i / 2, 1), 5);
    (void)remove(path);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("erasure");
    TCase *tests = tcase_create("erasure");
    tcase_set_timeout(tests, 240);
    tcase_add_loop_test(tests, moments_without_memory, 0, 8);
    tcase_add_loop_test(tests, erasure_without_memory, 0, 2 * VARIANTS);
    tcase_add_loop_test(tests, cancelled_everywhere, 0, 2 * VARIANTS);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

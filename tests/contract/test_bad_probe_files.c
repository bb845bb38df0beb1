/* What files of probes and questions to them refuse: each with a status of its own, a text that names argument and
 * place, outputs untouched, and no block of memory left. */
#define _GNU_SOURCE

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../torture/harness.h"
#include "../torture/scenarios.h"
#include "check_main.h"

static torture_allocator allocator;
static conceptdec_ctx *ctx;
static conceptdec_probe_model *fitted; /* of three classes */

static void
expect_text(conceptdec_status got, conceptdec_status status, const char *part)
{
    ck_assert_msg(got == status, "%s instead of %s", conceptdec_status_name(got), conceptdec_status_name(status));
    ck_assert_msg(strstr(conceptdec_ctx_error(ctx), part), "\"%s\" lacks \"%s\"", conceptdec_ctx_error(ctx), part);
}

START_TEST(files)
{
    conceptdec_probe_model *loaded = NULL;
    expect_text(conceptdec_probe_model_save(ctx, NULL, "unused"), CONCEPTDEC_ENULL, "model");
    expect_text(conceptdec_probe_model_save(ctx, fitted, NULL), CONCEPTDEC_ENULL, "path");
    expect_text(conceptdec_probe_model_save(ctx, fitted, "/nonexistent/folder/probe"), CONCEPTDEC_EIO, "/nonexistent");
    expect_text(conceptdec_probe_model_load(ctx, NULL, &loaded), CONCEPTDEC_ENULL, "path");
    expect_text(conceptdec_probe_model_load(ctx, "unused", NULL), CONCEPTDEC_ENULL, "model");
    expect_text(conceptdec_probe_model_load(ctx, "/nonexistent", &loaded), CONCEPTDEC_EIO, "/nonexistent");
    expect_text(conceptdec_probe_model_load(ctx, "/dev/null", &loaded), CONCEPTDEC_EFORMAT, "/dev/null");
    expect_text(conceptdec_probe_model_load(ctx, "/", &loaded), CONCEPTDEC_EIO, "path");
    ck_assert_ptr_null(loaded);
}
END_TEST

START_TEST(questions)
{
    conceptdec_array array = {.ndim = 77};
    ck_assert_int_eq(conceptdec_probe_model_get(NULL, CONCEPTDEC_R_WEIGHTS, &array), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_probe_model_get(fitted, NULL, &array), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_probe_model_get(fitted, CONCEPTDEC_R_WEIGHTS, NULL), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_probe_model_get(fitted, "weight", &array), CONCEPTDEC_ENAME);
    ck_assert_int_eq(conceptdec_probe_model_get(fitted, "", &array), CONCEPTDEC_ENAME);
    ck_assert_int_eq(array.ndim, 77);
    ck_assert_int_eq(conceptdec_probe_model_get(fitted, CONCEPTDEC_R_WEIGHTS, &array), CONCEPTDEC_OK);
    ck_assert(array.ndim == 2 && array.shape[0] == 3 && array.shape[1] == COLS);
}
END_TEST

/* Every byte of a file changed once, and every shorter file: refused, and nothing is lost. */
START_TEST(damaged_files)
{
    char folder[] = "/tmp/conceptdec-probe-XXXXXX", path[64];
    static unsigned char bytes[4096];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/probe", folder);
    ck_assert_int_eq(conceptdec_probe_model_save(ctx, fitted, path), CONCEPTDEC_OK);
    FILE *file = fopen(path, "rb");
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    ck_assert(size > 100 && size < sizeof bytes);
    int64_t live = allocator.live;
    for (size_t i = 0; i < 2 * size; i++) {
        conceptdec_probe_model *loaded = NULL;
        bytes[i / 2] ^= i % 2 ? 0x40 : 0;
        file = fopen(path, "wb");
        fwrite(bytes, 1, i % 2 ? size : i / 2, file);
        fclose(file);
        bytes[i / 2] ^= i % 2 ? 0x40 : 0;
        ck_assert_int_eq(conceptdec_probe_model_load(ctx, path, &loaded), CONCEPTDEC_EFORMAT);
        ck_assert(!loaded && allocator.live == live);
    }
    (void)unlink(path);
    ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

static void
setup(void)
{
    static int64_t codes[ROWS];
    const conceptdec_matrix labels = VIEW(codes, ROWS, 1, CONCEPTDEC_INT64);
    const conceptdec_ctx_options options = torture_options(&allocator, 2);
    allocator = (torture_allocator){0};
    scene_fill();
    for (int i = 0; i < ROWS; i++)
        codes[i] = scene_label_values[2 * i + 1];
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_probe_model_new(ctx, &scene_x, &labels, NULL, &fitted), CONCEPTDEC_OK);
}

static void
teardown(void)
{
    conceptdec_probe_model_free(fitted);
    conceptdec_ctx_free(ctx);
    ck_assert_int_eq(allocator.live, 0);
}

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("bad probe files");
    TCase *tests = tcase_create("refused");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, files);
    tcase_add_test(tests, questions);
    tcase_add_test(tests, damaged_files);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

/* The context: options, life, cancel flag, how many threads, build information. */
#define _GNU_SOURCE

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check_main.h"
#include "core/core.h"
#include "kernels/kernels.h"

#include "../torture/harness.h"

static conceptdec_ctx *const untouched = (conceptdec_ctx *)&untouched;

static void
expect_refused(const conceptdec_ctx_options *options, conceptdec_status status)
{
    conceptdec_ctx *ctx = untouched;
    ck_assert_int_eq(conceptdec_ctx_new(options, &ctx), status);
    ck_assert_ptr_eq(ctx, untouched);
}

START_TEST(bad_options)
{
    torture_allocator allocator = {0};
    const conceptdec_ctx_options zero = {.struct_size = sizeof zero};
    ck_assert_int_eq(conceptdec_ctx_new(NULL, NULL), CONCEPTDEC_ENULL);
    conceptdec_ctx_options options = zero;
    options.struct_size--;
    expect_refused(&options, CONCEPTDEC_ESTRUCT_SIZE);
    options.struct_size = 5000;
    expect_refused(&options, CONCEPTDEC_ESTRUCT_SIZE);
    options = zero;
    options.given = (uint64_t)1 << 11;
    expect_refused(&options, CONCEPTDEC_ESTRUCT_TAIL);
    options.given = 0x7ff;
    options.threads = 1025;
    expect_refused(&options, CONCEPTDEC_EINVAL);
    options.threads = -1;
    expect_refused(&options, CONCEPTDEC_EINVAL);
    options = zero;
    options.screening = CONCEPTDEC_SCREENING_FLOAT64 + 1;
    expect_refused(&options, CONCEPTDEC_EINVAL);
    options = zero;
    options.reserved = 1;
    expect_refused(&options, CONCEPTDEC_EINVAL);
    options = zero;
    options.kernel_mask = 64;
    expect_refused(&options, CONCEPTDEC_EINVAL);
    options = torture_options(&allocator, 1);
    options.release = NULL;
    expect_refused(&options, CONCEPTDEC_EINVAL);
    options = torture_options(&allocator, 1);
    options.allocate = NULL;
    expect_refused(&options, CONCEPTDEC_EINVAL);
    ck_assert_int_eq(allocator.calls, 0);
}
END_TEST

START_TEST(longer_struct)
{
    struct {
        conceptdec_ctx_options options;
        uint64_t later;
    } source = {.options = {.struct_size = sizeof source, .threads = 3}};
    conceptdec_ctx *ctx;
    ck_assert_int_eq(conceptdec_ctx_new(&source.options, &ctx), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_ctx_threads(ctx), 3);
    conceptdec_ctx_free(ctx);
    source.later = 1;
    expect_refused(&source.options, CONCEPTDEC_ESTRUCT_TAIL);
}
END_TEST

START_TEST(null_contexts)
{
    conceptdec_ctx_free(NULL);
    conceptdec_ctx_cancel(NULL);
    conceptdec_ctx_clear_cancel(NULL);
    ck_assert_str_eq(conceptdec_ctx_error(NULL), "");
    ck_assert_int_eq(conceptdec_ctx_threads(NULL), 0);
    ck_assert_int_eq(conceptdec_i_enter(NULL), CONCEPTDEC_ENULL);
    const char *json;
    ck_assert_int_eq(conceptdec_ctx_build_info(NULL, &json), CONCEPTDEC_ENULL);
}
END_TEST

static int32_t
threads_of(const conceptdec_ctx_options *options)
{
    conceptdec_ctx *ctx;
    ck_assert_int_eq(conceptdec_ctx_new(options, &ctx), CONCEPTDEC_OK);
    int32_t threads = conceptdec_ctx_threads(ctx);
    conceptdec_ctx_free(ctx);
    return threads;
}

START_TEST(number_of_threads)
{
    conceptdec_ctx_options options = {.struct_size = sizeof options};
    ck_assert_int_eq(threads_of(NULL), conceptdec_i_default_threads());
    ck_assert_int_eq(threads_of(&options), conceptdec_i_default_threads());
    options.given = 1 << 7; /* a zero that is meant is the same */
    ck_assert_int_eq(threads_of(&options), conceptdec_i_default_threads());
    options.threads = 1024;
    ck_assert_int_eq(threads_of(&options), 1024);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((size_t)sched_getcpu(), &one);
    ck_assert_int_eq(sched_setaffinity(0, sizeof one, &one), 0);
    ck_assert_int_eq(threads_of(NULL), 1);
}
END_TEST

/* ---- control groups, in a folder made for it ---- */

static char folder[] = "/tmp/test_ctx_XXXXXX";

static void
write_file(const char *name, const char *text)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    for (char *slash = strchr(path + strlen(folder) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static int
quota(int available)
{
    char membership[200];
    snprintf(membership, sizeof membership, "%s/membership", folder);
    return conceptdec_i_quota_threads(folder, membership, available);
}

START_TEST(control_groups)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(quota(8), 8);
    write_file("cpu.max", "max 100000\n");
    ck_assert_int_eq(quota(8), 8);
    write_file("cpu.max", "350000 100000\n");
    ck_assert_int_eq(quota(8), 4);
    ck_assert_int_eq(quota(3), 3);
    write_file("cpu.max", "1000 100000\n");
    ck_assert_int_eq(quota(8), 1);
    write_file("cpu.max", "600000 100000\n");
    write_file("membership", "12:cpu:/x\n0::/a/b\n");
    ck_assert_int_eq(quota(8), 6);
    write_file("a/b/cpu.max", "max 100000\n");
    write_file("a/cpu.max", "200000 100000\n");
    ck_assert_int_eq(quota(8), 2);
    write_file("a/b/cpu.max", "100000 100000\n");
    ck_assert_int_eq(quota(8), 1);
    write_file("membership", "0::/\n");
    ck_assert_int_eq(quota(8), 6);
    write_file("cpu/cpu.cfs_quota_us", "-1\n");
    write_file("cpu/cpu.cfs_period_us", "100000\n");
    ck_assert_int_eq(quota(8), 6);
    write_file("cpu/cpu.cfs_quota_us", "250000\n");
    ck_assert_int_eq(quota(8), 3);
    write_file("cpu.max", "9223372036854775807 1\n");
    write_file("cpu/cpu.cfs_period_us", "0\n");
    ck_assert_int_eq(quota(8), 8);
    write_file("cpu.max", "nonsense");
    ck_assert_int_eq(quota(8), 8);
    char command[100];
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

/* ---- kernels and build information ---- */

START_TEST(kernel_mask)
{
    conceptdec_ctx_options options = {.struct_size = sizeof options, .kernel_mask = CONCEPTDEC_KERNEL_PORTABLE};
    conceptdec_ctx *ctx;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    ck_assert_str_eq(ctx->kernels->name, "portable");
    conceptdec_ctx_free(ctx);
    options.kernel_mask = 0;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    ck_assert_ptr_eq(ctx->kernels, conceptdec_i_kernels_choose(0));
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(build_info)
{
    conceptdec_ctx_options options = {
        .struct_size = sizeof options, .threads = 3, .kernel_mask = CONCEPTDEC_KERNEL_PORTABLE};
    conceptdec_ctx *ctx;
    const char *json = NULL, *again = NULL;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_ctx_build_info(ctx, NULL), CONCEPTDEC_ENULL);
    ck_assert_str_eq(conceptdec_ctx_error(ctx), "json: is NULL");
    conceptdec_ctx_cancel(ctx); /* it does not concern this question */
    ck_assert_int_eq(conceptdec_ctx_build_info(ctx, &json), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_i_enter(ctx), CONCEPTDEC_ECANCELLED);
    const char *start = "{\"version\":\"" CONCEPTDEC_VERSION_STRING "\",\"abi\":0,\"compiler\":\"";
    ck_assert_int_eq(strncmp(json, start, strlen(start)), 0);
    ck_assert_ptr_nonnull(strstr(json, "\"kernel\":\"portable\",\"kernels\":[\"portable\""));
    ck_assert_ptr_nonnull(strstr(json, "\"threads\":3,\"blas\":{\"name\":\""));
    ck_assert_ptr_nonnull(strstr(json, "\"warnings\":["));
#if CONCEPTDEC_HAVE_BLAS
    ck_assert_ptr_nonnull(strstr(json, "\"blas\":{\"name\":\"openblas\",\"config\":\"OpenBLAS "));
    ck_assert_ptr_nonnull(strstr(json, "\"self_test\":1}"));
#endif
    ck_assert_int_eq(conceptdec_ctx_build_info(ctx, &again), CONCEPTDEC_OK);
    ck_assert_ptr_eq(json, again);
    conceptdec_ctx_free(ctx);
}
END_TEST

static void
expect_warning(const char *core, uint32_t kernels, const char *advice)
{
    char text[400] = "";
    ck_assert_int_eq(conceptdec_i_blas_warning(core, kernels, text, sizeof text), advice != NULL);
    if (advice) {
        ck_assert_ptr_nonnull(strstr(text, advice));
        ck_assert_ptr_nonnull(strstr(text, core));
    }
}

START_TEST(slow_blas)
{
    const uint32_t avx2 = CONCEPTDEC_KERNEL_PORTABLE | CONCEPTDEC_KERNEL_AVX2;
    const uint32_t avx512 = avx2 | CONCEPTDEC_KERNEL_AVX512;
    expect_warning("Prescott", avx512, "OPENBLAS_CORETYPE=SkylakeX");
    expect_warning("Haswell", avx512, "OPENBLAS_CORETYPE=SkylakeX");
    expect_warning("SkylakeX", avx512, NULL);
    expect_warning("Cooperlake", avx512, NULL);
    expect_warning("Prescott", avx2, "OPENBLAS_CORETYPE=Haswell");
    expect_warning("Sandybridge", avx2, "OPENBLAS_CORETYPE=Haswell");
    expect_warning("Haswell", avx2, NULL);
    expect_warning("Zen", avx2, NULL);
    expect_warning("Prescott", CONCEPTDEC_KERNEL_PORTABLE, NULL);
    expect_warning("armv8", CONCEPTDEC_KERNEL_PORTABLE, NULL);
}
END_TEST

/* ---- memory ---- */

static conceptdec_status
ask_build_info(conceptdec_ctx *ctx, void *argument, void **output)
{
    (void)argument;
    const char *json;
    conceptdec_status status = conceptdec_ctx_build_info(ctx, &json);
    if (status == CONCEPTDEC_OK)
        *output = NULL;
    return status;
}

static conceptdec_status
nothing(void *argument, int64_t task, int lane)
{
    (void)argument, (void)task, (void)lane;
    return CONCEPTDEC_OK;
}

static conceptdec_status
run_tasks(conceptdec_ctx *ctx, void *argument, void **output)
{
    (void)argument;
    conceptdec_status status = conceptdec_i_parallel(ctx, 10, nothing, NULL);
    if (status == CONCEPTDEC_OK)
        *output = NULL;
    return status;
}

START_TEST(every_allocation_fails_in_turn)
{
    ck_assert_int_eq(torture(2, ask_build_info, NULL, NULL), 3);
    ck_assert_int_eq(torture(2, run_tasks, NULL, NULL), 3);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("ctx");
    TCase *tests = tcase_create("ctx");
    tcase_add_test(tests, bad_options);
    tcase_add_test(tests, longer_struct);
    tcase_add_test(tests, null_contexts);
    tcase_add_test(tests, number_of_threads);
    tcase_add_test(tests, control_groups);
    tcase_add_test(tests, kernel_mask);
    tcase_add_test(tests, build_info);
    tcase_add_test(tests, slow_blas);
    tcase_add_test(tests, every_allocation_fails_in_turn);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

/* What accumulators refuse: each with a status of its own, a text, and the output untouched; and that pushing is
 * quiet. */
#define _GNU_SOURCE

#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__linux__)
#include <linux/seccomp.h>
#endif

#include "../torture/harness.h"
#include "accumulators.h"
#include "check_main.h"

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

/* ---- making ---- */

static const struct {
    int64_t d, layers, classes;
    conceptdec_accumulator_options o;
    conceptdec_status status;
    const char *text;
} makings[] = {
#define O(...) {.struct_size = sizeof(conceptdec_accumulator_options), __VA_ARGS__}
    {0, 1, 2, O(.seed = 0), CONCEPTDEC_ESIZE, "dims: 0 of layer 0 is not in 1.."},
    {-4, 1, 2, O(.seed = 0), CONCEPTDEC_ESIZE, "dims: -4"},
    {3, 0, 2, O(.seed = 0), CONCEPTDEC_ESIZE, "layers: 0"},
    {3, -1, 2, O(.seed = 0), CONCEPTDEC_ESIZE, "layers: -1"},
    {3, 1, 0, O(.seed = 0), CONCEPTDEC_ESIZE, "classes: 0"},
    {3, 1, INT64_C(1) << 40, O(.seed = 0), CONCEPTDEC_ESIZE, "classes: 1099511627776"},
    {3, 1, 2, O(.reservoir = -1), CONCEPTDEC_ESIZE, "reservoir: -1"},
    {3, 1, 2, O(.producer = (uint64_t)1 << 63), CONCEPTDEC_EINVAL, "producer: must be below 2^63"},
    {3, 1, 2, O(.dtype = 77), CONCEPTDEC_EDTYPE, "dtype: 77"},
    {3, 1, 2, O(.dtype = CONCEPTDEC_INT32), CONCEPTDEC_EDTYPE, "dtype: "},
    {3, 1, 2, O(.given = 8), CONCEPTDEC_EDTYPE, "dtype: 0"},
    {3, 1, 2, O(.moments = 4), CONCEPTDEC_EINVAL, "moments: 4"},
    {3, 1, 2, O(.moments = -1), CONCEPTDEC_EINVAL, "moments: -1"},
    {3, 1, 2, O(.moments = CONCEPTDEC_ACCUMULATE_NOTHING), CONCEPTDEC_EINVAL, "reservoir: 0, and moments"},
    {3, 1, 2, O(.given = 64), CONCEPTDEC_ESTRUCT_TAIL, "options.given"},
    {3, 1, 2, {.struct_size = 8}, CONCEPTDEC_ESTRUCT_SIZE, "options.struct_size"},
    {INT32_MAX, 1, INT32_MAX, O(.reservoir = INT32_MAX), CONCEPTDEC_EOVERFLOW, "do not fit an address"},
    {INT32_MAX, 1, 1, O(.reservoir = 1 << 20, .moments = CONCEPTDEC_ACCUMULATE_NOTHING), CONCEPTDEC_ENOMEM,
     "accumulator: cannot allocate"},
};
#define MAKINGS ((int)(sizeof makings / sizeof *makings))

START_TEST(making_is_refused)
{
    int64_t dims[1] = {makings[_i].d};
    conceptdec_accumulator *a = (conceptdec_accumulator *)dims;
    conceptdec_status status =
        conceptdec_accumulator_new(ctx, dims, makings[_i].layers, makings[_i].classes, &makings[_i].o, &a);
    ck_assert_msg(status == makings[_i].status, "%d: %s", status, conceptdec_ctx_error(ctx));
    ck_assert_msg(strstr(conceptdec_ctx_error(ctx), makings[_i].text) != NULL, "%s", conceptdec_ctx_error(ctx));
    ck_assert_ptr_eq(a, (conceptdec_accumulator *)dims);
}
END_TEST

START_TEST(nothing_is_null)
{
    const int64_t dims[] = {3};
    conceptdec_accumulator *a = NULL;
    conceptdec_class_moments *m = NULL;
    conceptdec_array array;
    conceptdec_matrix x = {0};
    double row[3] = {0};
    ck_assert_int_eq(conceptdec_accumulator_new(NULL, dims, 1, 1, NULL, &a), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_accumulator_new(ctx, NULL, 1, 1, NULL, &a), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_accumulator_new(ctx, dims, 1, 1, NULL, NULL), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_accumulator_add(NULL, 0, row, 0), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_accumulator_add_rows(NULL, 0, &x, &x), CONCEPTDEC_ENULL);
    ck_assert_str_eq(conceptdec_accumulator_error(NULL), "");
    ck_assert_int_eq(conceptdec_accumulator_new(ctx, dims, 1, 1, NULL, &a), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_accumulator_merge(ctx, a, NULL), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_accumulator_merge(ctx, NULL, a), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_accumulator_merge(NULL, a, a), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_accumulator_get(ctx, NULL, 0, "means", &array), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_accumulator_get(ctx, a, 0, NULL, &array), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_accumulator_get(ctx, a, 0, "means", NULL), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_accumulator_get(ctx, a, 1, "means", &array), CONCEPTDEC_ESIZE);
    ck_assert_int_eq(conceptdec_accumulator_sample(ctx, a, 0, NULL, &x), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_accumulator_sample(ctx, a, 0, &x, NULL), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_accumulator_sample(ctx, a, 0, &x, &x), CONCEPTDEC_ESIZE);
    ck_assert_int_eq(conceptdec_accumulator_moments(ctx, a, 0, NULL), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_accumulator_moments(ctx, NULL, 0, &m), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_accumulator_moments(ctx, a, -1, &m), CONCEPTDEC_ESIZE);
    conceptdec_ctx_cancel(ctx);
    ck_assert_int_eq(conceptdec_accumulator_moments(ctx, a, 0, &m), CONCEPTDEC_ECANCELLED);
    ck_assert_ptr_null(m);
    conceptdec_accumulator_free(a);
}
END_TEST

/* ---- pushing ---- */

START_TEST(pushing_is_refused)
{
    const int64_t dims[] = {20, 30, 20, 20};
    const conceptdec_accumulator_options o = O(.dtype = CONCEPTDEC_FLOAT64);
    double row[40] = {0};
    int64_t label[2] = {0};
    conceptdec_accumulator *a;
    ck_assert_int_eq(conceptdec_accumulator_new(ctx, dims, 4, 10, &o, &a), CONCEPTDEC_OK);
    const conceptdec_matrix good = {
        .data = row, .rows = 2, .cols = 20, .row_stride = 160, .col_stride = 8, .dtype = CONCEPTDEC_FLOAT64};
    const conceptdec_matrix labels = {
        .data = label, .rows = 2, .cols = 1, .row_stride = 8, .col_stride = 8, .dtype = CONCEPTDEC_INT64};
    conceptdec_matrix x = good, y = labels;
#define REFUSED(call, code, text)                                                                                      \
    do {                                                                                                               \
        ck_assert_int_eq(call, code);                                                                                  \
        ck_assert_msg(strstr(conceptdec_accumulator_error(a), text) != NULL, "%s", conceptdec_accumulator_error(a));   \
        x = good, y = labels;                                                                                          \
    } while (0)
#define ROWS() conceptdec_accumulator_add_rows(a, 0, &x, &y)
    REFUSED(conceptdec_accumulator_add(a, 0, NULL, 0), CONCEPTDEC_ENULL, "row: is NULL");
    REFUSED(conceptdec_accumulator_add(a, 4, row, 0), CONCEPTDEC_ESIZE, "layer: 4, must be 0 to 3");
    REFUSED(conceptdec_accumulator_add(a, -1, row, 0), CONCEPTDEC_ESIZE, "layer: -1, must be 0 to 3");
    REFUSED(conceptdec_accumulator_add(a, 0, row, 12), CONCEPTDEC_ELABEL, "label: 12, must be -1 to 9");
    REFUSED(conceptdec_accumulator_add(a, 0, row, -2), CONCEPTDEC_ELABEL, "label: -2, must be -1 to 9");
    row[17] = (double)NAN;
    REFUSED(conceptdec_accumulator_add(a, 3, row, 0), CONCEPTDEC_ENONFINITE,
            "row: NaN or infinity at column 17 (layer 3)");
    REFUSED(ROWS(), CONCEPTDEC_ENONFINITE, "x: row 0: NaN or infinity at column 17 (layer 0)");
    row[17] = 0x1p480;
    REFUSED(conceptdec_accumulator_add(a, 2, row, 0), CONCEPTDEC_EOVERFLOW, "(2^480 or more) at column 17 (layer 2)");
    ck_assert_int_eq(conceptdec_accumulator_add(a, 2, row, -1), CONCEPTDEC_OK); /* it is not looked at */
    row[17] = -0x1.fffp479;
    ck_assert_int_eq(conceptdec_accumulator_add(a, 2, row, 1), CONCEPTDEC_OK);
    row[17] = 0;
    REFUSED(conceptdec_accumulator_add_rows(a, 0, NULL, &y), CONCEPTDEC_ENULL, "x: is NULL");
    REFUSED(conceptdec_accumulator_add_rows(a, 0, &x, NULL), CONCEPTDEC_ENULL, "labels: is NULL");
    REFUSED(conceptdec_accumulator_add_rows(a, 9, &x, &y), CONCEPTDEC_ESIZE, "layer: 9");
    REFUSED(conceptdec_accumulator_add_rows(a, 1, &x, &y), CONCEPTDEC_ESIZE, "x: 20 columns, but layer 1 has 30");
    REFUSED((x.dtype = CONCEPTDEC_FLOAT32, ROWS()), CONCEPTDEC_EDTYPE,
            "x: dtype float32, but the accumulator has float64");
    REFUSED((x.dtype = CONCEPTDEC_INT64, ROWS()), CONCEPTDEC_EDTYPE, "x: dtype int64 is an integer type");
    REFUSED((y.dtype = CONCEPTDEC_FLOAT64, ROWS()), CONCEPTDEC_EDTYPE, "labels: dtype");
    REFUSED((x.row_stride = INT64_MAX, ROWS()), CONCEPTDEC_EOVERFLOW, "x: ");
    REFUSED((x.reserved[0] = 1, ROWS()), CONCEPTDEC_ERESERVED, "x: ");
    REFUSED((x.device = 1, ROWS()), CONCEPTDEC_EUNSUPPORTED, "x: device 1");
    REFUSED((x.flags = CONCEPTDEC_MATRIX_READER, ROWS()), CONCEPTDEC_EUNSUPPORTED, "x: must lie in memory");
    REFUSED((y.rows = 1, ROWS()), CONCEPTDEC_ESIZE, "labels: 1 x 1, must be 2 x 1");
    label[1] = 10;
    REFUSED(ROWS(), CONCEPTDEC_ELABEL, "labels: 10 at row 1, must be -1 to 9");
    const int64_t *count = pushed_array(ctx, a, 0, CONCEPTDEC_A_CLASS_COUNT).data;
    for (int c = 0; c < 10; c++)
        ck_assert_int_eq(count[c], 0);
    conceptdec_accumulator_free(a);
}
END_TEST

/* ---- merging ---- */

static const struct {
    int64_t d, layers, classes;
    conceptdec_accumulator_options o;
    conceptdec_status status;
    const char *text;
} mergings[] = {
    {3, 1, 2, O(.producer = 1, .reservoir = 2), CONCEPTDEC_ESIZE, "other: 1 layers, but the accumulator has 2"},
    {3, 2, 3, O(.producer = 1, .reservoir = 2), CONCEPTDEC_ESIZE, "other: 3 classes"},
    {4, 2, 2, O(.producer = 1, .reservoir = 2), CONCEPTDEC_ESIZE, "other: 4 dimensions in layer 0"},
    {3, 2, 2, O(.producer = 1, .reservoir = 3), CONCEPTDEC_EINVAL, "other: its reservoir"},
    {3, 2, 2, O(.producer = 1, .reservoir = 2, .seed = 1), CONCEPTDEC_EINVAL, "other: its seed"},
    {3, 2, 2, O(.producer = 1, .reservoir = 2, .dtype = CONCEPTDEC_FLOAT16), CONCEPTDEC_EINVAL, "other: its dtype"},
    {3, 2, 2, O(.producer = 1, .reservoir = 2, .moments = 1), CONCEPTDEC_EINVAL, "other: its moments"},
    {3, 2, 2, O(.reservoir = 2), CONCEPTDEC_EINVAL, "other: both hold rows of producer 0"},
    {3, 2, 2, O(.producer = 1, .reservoir = 2), CONCEPTDEC_OK, ""},
};
#define MERGINGS ((int)(sizeof mergings / sizeof *mergings))

START_TEST(merging_is_refused)
{
    const int64_t dims[] = {3, 3}, others[] = {mergings[_i].d, mergings[_i].d};
    const conceptdec_accumulator_options o = O(.reservoir = 2);
    conceptdec_accumulator *a, *b;
    ck_assert_int_eq(conceptdec_accumulator_new(ctx, dims, 2, 2, &o, &a), CONCEPTDEC_OK);
    ck_assert_int_eq(
        conceptdec_accumulator_new(ctx, others, mergings[_i].layers, mergings[_i].classes, &mergings[_i].o, &b),
        CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_accumulator_merge(ctx, a, b), mergings[_i].status);
    ck_assert_msg(strstr(conceptdec_ctx_error(ctx), mergings[_i].text) != NULL, "%s", conceptdec_ctx_error(ctx));
    if (mergings[_i].status == CONCEPTDEC_OK)
        ck_assert_int_eq(conceptdec_accumulator_merge(ctx, a, b), CONCEPTDEC_EINVAL);
    ck_assert_int_eq(conceptdec_accumulator_merge(ctx, a, a), CONCEPTDEC_EINVAL);
    conceptdec_accumulator_free(a);
    conceptdec_accumulator_free(b);
}
END_TEST

/* ---- quiet ---- */

static bool is_quiet;
static int64_t noises;

/* The linker sends calls of the library here. */
void *__real_malloc(size_t size);
void __real_free(void *memory);
void *__real_calloc(size_t count, size_t size);
int __real_pthread_mutex_lock(pthread_mutex_t *mutex);
void *__wrap_malloc(size_t size);
void __wrap_free(void *memory);
void *__wrap_calloc(size_t count, size_t size);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex);

void *
__wrap_malloc(size_t size)
{
    noises += is_quiet;
    return __real_malloc(size);
}

void
__wrap_free(void *memory)
{
    noises += is_quiet;
    __real_free(memory);
}

void *
__wrap_calloc(size_t count, size_t size)
{
    noises += is_quiet;
    return __real_calloc(count, size);
}

int
__wrap_pthread_mutex_lock(pthread_mutex_t *mutex)
{
    noises += is_quiet;
    return __real_pthread_mutex_lock(mutex);
}

static conceptdec_accumulator *
quiet_accumulator(conceptdec_ctx *hooked, const pushed_rows *p, int moments)
{
    const conceptdec_accumulator_options o = pushed_options(p, moments, 20);
    return pushed_new(hooked, p, 2, &o);
}

/* Neither hooks nor malloc nor locks, through many flushes; also not where a row is refused. */
START_TEST(pushing_takes_no_memory_and_no_lock)
{
    torture_allocator allocator = {0};
    const conceptdec_ctx_options options = torture_options(&allocator, 2);
    conceptdec_ctx *hooked;
    pushed_rows p = pushed_make(3000, 33, 3, _i / 4 ? CONCEPTDEC_FLOAT16 : CONCEPTDEC_FLOAT64, 0);
    const conceptdec_matrix x = pushed_matrix(&p), labels = pushed_labels(&p);
    ck_assert_int_eq(conceptdec_ctx_new(&options, &hooked), CONCEPTDEC_OK);
    conceptdec_accumulator *a = quiet_accumulator(hooked, &p, _i % 4);
    const int64_t calls = allocator.calls, live = allocator.live;
    const uint64_t bad[33] = {UINT64_MAX};
    int64_t refused = 0;
    noises = 0;
    is_quiet = true;
    for (int64_t i = 0; i < p.n; i++) {
        refused += conceptdec_accumulator_add(a, i % 2, p.data + i * p.d * p.size, p.labels[i]) != CONCEPTDEC_OK;
        refused += conceptdec_accumulator_add(a, i % 2, bad, 0) != CONCEPTDEC_ENONFINITE;
    }
    refused += conceptdec_accumulator_add_rows(a, 0, &x, &labels) != CONCEPTDEC_OK;
    is_quiet = false;
    ck_assert_int_eq(refused, 0);
    ck_assert_int_eq(noises, 0);
    ck_assert(allocator.calls == calls && allocator.live == live);
    conceptdec_accumulator_free(a);
    conceptdec_ctx_free(hooked);
    ck_assert_int_eq(allocator.live, 0);
    pushed_free(&p);
}
END_TEST

#if defined(__linux__)
/* A process that may only read, write and exit: any other call of the system ends it. */
START_TEST(pushing_makes_no_system_call)
{
    pushed_rows p = pushed_make(3000, 33, 3, CONCEPTDEC_FLOAT16, 0);
    conceptdec_accumulator *a = quiet_accumulator(ctx, &p, _i);
    int status;
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0) != 0)
            syscall(SYS_exit, 77);
        int64_t refused = 0;
        for (int64_t i = 0; i < p.n; i++)
            refused += conceptdec_accumulator_add(a, i % 2, p.data + i * p.d * p.size, p.labels[i]) != CONCEPTDEC_OK;
        syscall(SYS_exit, refused != 0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77), "status %d", status);
    conceptdec_accumulator_free(a);
    pushed_free(&p);
}
END_TEST
#endif

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("bad_accumulator");
    TCase *tests = tcase_create("bad accumulator");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, making_is_refused, 0, MAKINGS);
    tcase_add_test(tests, nothing_is_null);
    tcase_add_test(tests, pushing_is_refused);
    tcase_add_loop_test(tests, merging_is_refused, 0, MERGINGS);
    tcase_add_loop_test(tests, pushing_takes_no_memory_and_no_lock, 0, 8);
#if defined(__linux__)
    tcase_add_loop_test(tests, pushing_makes_no_system_call, 0, 4);
#endif
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

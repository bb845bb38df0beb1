/* Writing files without memory, where the system refuses or does less than it was asked for, and cancelled at every
 * place: nothing is leaked, the old file stays as it was, no other is left, and the next call writes the whole file. */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <time.h>

#include "check_main.h"
#include "results.h"
#include "scratch.h"

enum { ROWS = 600, COLS = 257, LABELS = 600 };

static float values[ROWS * COLS];
static int64_t label_values[LABELS];
static bool is_npy;

/* ---- the system's calls, which can fail ---- */

static struct {
    int calls, fail_at; /* among those that are counted */
    int error;
    bool is_short, is_interrupted; /* write: a few bytes at a time; EINTR every second time */
    bool is_full;                  /* write: ENOSPC after a while */
    long written;
} outside;

static bool
fails(void)
{
    bool now = outside.fail_at > 0 && ++outside.calls == outside.fail_at;
    if (now)
        errno = outside.error;
    return now;
}

ssize_t
write(int file, const void *bytes, size_t count)
{
    if (outside.is_interrupted && outside.calls++ % 2 == 0)
        return errno = EINTR, -1;
    if (fails())
        return -1;
    if (outside.is_full && outside.written + (long)count > 300000) {
        count = (size_t)(300000 - outside.written);
        if (count == 0)
            return errno = ENOSPC, -1;
    }
    if (outside.is_short && count > 1001)
        count = 1001;
    ssize_t written = syscall(SYS_write, file, bytes, count);
    outside.written += outside.is_full ? written : 0;
    return written;
}

int
fsync(int file)
{
    return fails() ? -1 : (int)syscall(SYS_fsync, file);
}

int
close(int file)
{
    int result = (int)syscall(SYS_close, file); /* closed all the same */
    return fails() ? -1 : result;
}

int
rename(const char *from, const char *to)
{
    return fails() ? -1 : (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

/* ---- what is written ---- */

static int32_t
deliver(void *user, int64_t first, int64_t count, void *rows)
{
    (void)user;
    memcpy(rows, values + first * COLS, (size_t)(count * COLS) * sizeof *values);
    return 0;
}

static conceptdec_status
save(conceptdec_ctx *ctx)
{
    static const conceptdec_reader reader = {.struct_size = sizeof reader, .read = deliver};
    static const int64_t shape[] = {2};
    static const char *const metadata[] = {"key", "text", "another", "one"};
    const conceptdec_matrix views[] = {
        {.data = &reader, .rows = ROWS, .cols = COLS, .dtype = CONCEPTDEC_FLOAT32, .flags = CONCEPTDEC_MATRIX_READER},
        {.data = values,
         .rows = ROWS,
         .cols = COLS,
         .row_stride = 4,
         .col_stride = 4 * ROWS,
         .dtype = CONCEPTDEC_FLOAT32}};
    const conceptdec_matrix labels = {
        .data = label_values, .rows = LABELS, .cols = 1, .row_stride = 8, .col_stride = 8, .dtype = CONCEPTDEC_INT64};
    const conceptdec_named_views arrays[] = {{.name = "x", .views = views, .shape = shape, .ndim = 1},
                                             {.name = "y", .views = &labels, .flags = CONCEPTDEC_VIEWS_VECTOR}};
    const conceptdec_save_options options = {.struct_size = sizeof options, .metadata = metadata, .n_metadata = 2};
    return conceptdec_activations_save(ctx, scratch_path(is_npy ? "a.npy" : "a.safetensors"), arrays, is_npy ? 1 : 2,
                                       is_npy ? NULL : &options);
}

static void
fill(bool npy)
{
    is_npy = npy;
    for (int i = 0; i < ROWS * COLS; i++)
        values[i] = (float)i;
    for (int i = 0; i < LABELS; i++)
        label_values[i] = i;
    scratch_write(is_npy ? "a.npy" : "a.safetensors", "old", 3);
}

/* The old file, and none beside it. */
static void
expect_old(void)
{
    size_t length;
    char *bytes = scratch_read(is_npy ? "a.npy" : "a.safetensors", &length);
    ck_assert_uint_eq(length, 3);
    ck_assert_mem_eq(bytes, "old", 3);
    ck_assert_int_eq(scratch_files(0), 1);
    free(bytes);
}

/* The whole file: its length, its data, and none beside it; the old one takes its place again. */
static void
expect_whole(void)
{
    size_t length, data = 2 * sizeof values + (is_npy ? 0 : sizeof label_values);
    char *bytes = scratch_read(is_npy ? "a.npy" : "a.safetensors", &length);
    ck_assert_uint_gt(length, data);
    ck_assert_uint_lt(length, data + 300);
    const char *at = bytes + length - data;
    ck_assert_mem_eq(at, values, sizeof values);
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLS; j++)
            if (memcmp(at + sizeof values + 4 * (i * COLS + j), &values[j * ROWS + i], 4) != 0)
                ck_abort_msg("row %d, column %d", i, j);
    if (!is_npy)
        ck_assert_mem_eq(at + 2 * sizeof values, label_values, sizeof label_values);
    ck_assert_int_eq(scratch_files(0), 1);
    free(bytes);
    fill(is_npy);
}

/* ---- tests ---- */

static conceptdec_status
work(conceptdec_ctx *ctx, void *argument, void **output)
{
    conceptdec_status status = save(ctx);
    (void)argument;
    if (status == CONCEPTDEC_OK) {
        *output = NULL;
        expect_whole();
    } else {
        expect_old();
    }
    return status;
}

START_TEST(without_memory)
{
    fill(_i % 2);
    ck_assert_int_ge(torture(1 + _i / 2, work, NULL, NULL), 8);
}
END_TEST

/* Each call that writes, and the three that end it, fails once. */
START_TEST(refused_by_the_system)
{
    static const int errors[] = {EIO, ENOSPC, EDQUOT};
    conceptdec_ctx *ctx = NULL;
    conceptdec_status status = CONCEPTDEC_EIO;
    int n = 0;
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
    fill(_i % 2);
    while (status != CONCEPTDEC_OK) {
        outside.calls = 0;
        outside.error = errors[n % 3];
        outside.fail_at = ++n;
        status = save(ctx);
        bool was_reached = outside.calls >= n;
        outside.fail_at = 0;
        ck_assert_int_eq(status, was_reached ? CONCEPTDEC_EIO : CONCEPTDEC_OK);
        if (status == CONCEPTDEC_OK)
            break;
        char text[64];
        (void)snprintf(text, sizeof text, ": %s", strerror(errors[(n - 1) % 3]));
        ck_assert_ptr_nonnull(strstr(conceptdec_ctx_error(ctx), "path: cannot "));
        ck_assert_ptr_nonnull(strstr(conceptdec_ctx_error(ctx), text));
        expect_old();
    }
    expect_whole();
    ck_assert_int_ge(n, 1 + 6 + 3);
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(short_and_interrupted_writes)
{
    conceptdec_ctx *ctx = NULL;
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
    fill(_i % 2);
    outside.is_short = outside.is_interrupted = true;
    conceptdec_status status = save(ctx);
    outside.is_short = outside.is_interrupted = false;
    ck_assert_msg(status == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(ctx));
    expect_whole();
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(full_disk)
{
    conceptdec_ctx *ctx = NULL;
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
    fill(_i % 2);
    outside.is_full = true;
    outside.written = 0;
    conceptdec_status status = save(ctx);
    outside.is_full = false;
    ck_assert_int_eq(status, CONCEPTDEC_EIO);
    expect_old();
    ck_assert_int_eq(save(ctx), CONCEPTDEC_OK);
    expect_whole();
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(cancelled_everywhere)
{
    torture_allocator allocator = {0};
    torture_stopper s = {0};
    const conceptdec_ctx_options options = torture_stopper_options(&allocator, 2, &s);
    conceptdec_status status = CONCEPTDEC_ECANCELLED;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &s.ctx), CONCEPTDEC_OK);
    fill(_i % 2);
    int64_t n = 0;
    for (;; expect_old()) {
        int64_t live = allocator.live;
        torture_stop_at(&s, ++n);
        status = save(s.ctx);
        ck_assert_int_eq(allocator.live, live);
        if (status == CONCEPTDEC_OK)
            break;
        ck_assert_int_eq(status, CONCEPTDEC_ECANCELLED);
    }
    ck_assert_int_ge(n, 6);
    expect_whole();
    conceptdec_ctx_free(s.ctx);
    ck_assert_int_eq(allocator.live, 0);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("save");
    TCase *tests = tcase_create("save");
    tcase_set_timeout(tests, 240);
    tcase_add_checked_fixture(tests, scratch_begin, scratch_end);
    tcase_add_loop_test(tests, without_memory, 0, 4);
    tcase_add_loop_test(tests, refused_by_the_system, 0, 2);
    tcase_add_loop_test(tests, short_and_interrupted_writes, 0, 2);
    tcase_add_loop_test(tests, full_disk, 0, 2);
    tcase_add_loop_test(tests, cancelled_everywhere, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

/* Files whose numbers lie beyond 4 GiB, read by pread and from a map. They are holes but for a few blocks; where there
 * can be no such file the program says so and ends with 77, which test runners call skipped. */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/statvfs.h>

#include "activation_files.h"
#include "check_main.h"
#include "core/core.h"
#include "kernels/kernels.h"

enum { ROWS = 200, COLS = 20, CELLS = 2 };

#define GIB ((int64_t)1 << 30)
#define HOLE (5 * GIB + 12345)
#define ROOM (64 << 20) /* bytes that the disk must have left */

static const uint32_t both[] = {0, CONCEPTDEC_ACTIVATIONS_MAP};
static conceptdec_ctx *ctx;

static void
begin(void)
{
    files_begin();
    ctx = files_ctx(2);
}

static void
end(void)
{
    conceptdec_ctx_free(ctx);
    files_end();
}

/* ---- files with holes ---- */

static void
put_at(int file, int64_t offset, const void *data, size_t bytes)
{
    ck_assert_int_eq(pwrite(file, data, bytes, (off_t)offset), (ssize_t)bytes);
}

/* A file of a head, a header, and `bytes` of zeros. */
static int
make_file(const char *name, const void *head, size_t head_bytes, const char *header, int64_t bytes)
{
    const char *path = files_put(name, head, head_bytes, header, strlen(header), "", 0);
    int file = open(path, O_WRONLY);
    ck_assert_int_ge(file, 0);
    ck_assert_msg(ftruncate(file, (off_t)((int64_t)(head_bytes + strlen(header)) + bytes)) == 0, "%s", strerror(errno));
    return file;
}

/* Whether the disk takes files with holes; else the reason. */
static bool
takes_holes(char reason[100])
{
    struct statvfs disk;
    struct stat status;
    FILE *f = tmpfile(); /* beside the folders of the tests */
    int file = f ? fileno(f) : -1;
    bool is_good = false;
    if (file < 0 || fstatvfs(file, &disk) != 0)
        (void)snprintf(reason, 100, "no file can be made");
    else if ((uint64_t)disk.f_bavail * disk.f_frsize < ROOM)
        (void)snprintf(reason, 100, "the disk has less than %d MiB left", ROOM >> 20);
    else if (ftruncate(file, (off_t)(HOLE + GIB)) != 0)
        (void)snprintf(reason, 100, "no file of 6 GiB: %s", strerror(errno));
    else if (fstat(file, &status) != 0 || (int64_t)status.st_blocks * 512 > GIB)
        (void)snprintf(reason, 100, "the file system has no holes");
    else
        is_good = true;
    if (f)
        (void)fclose(f);
    return is_good;
}

/* ---- what is read ---- */

/* Never 0, as holes are, and exact in any type. */
static double
number(int64_t row, int64_t col)
{
    return (double)(1 + (7 * row + 3 * col) % 97);
}

/* The elements of one row of an array's cell. */
static void
read_row(const conceptdec_activations *a, int64_t index, int64_t cell, int64_t row, double *values)
{
    conceptdec_i_arena arena;
    conceptdec_matrix view;
    const conceptdec_matrix *opened = &view;
    ck_assert_int_eq(conceptdec_activations_view(ctx, a, index, cell, &view), CONCEPTDEC_OK);
    conceptdec_i_arena_open(&arena, ctx);
    ck_assert_int_eq(conceptdec_i_view_open(&arena, "x", &opened), CONCEPTDEC_OK);
    conceptdec_i_view_widen(ctx->kernels, opened, row, 0, view.cols, values);
    ck_assert_int_eq(conceptdec_i_take_pending(ctx), CONCEPTDEC_OK);
    conceptdec_i_arena_close(&arena);
}

static void
expect_row(const conceptdec_activations *a, int64_t cell, int64_t row, int64_t cols, double first)
{
    double values[1024];
    read_row(a, 0, cell, row, values);
    for (int64_t j = 0; j < cols; j++)
        ck_assert_msg(values[j] == first + (first > 0 ? (double)j : 0), "row %lld, column %lld: %g", (long long)row,
                      (long long)j, values[j]);
}

static conceptdec_neighbors *
table_of(const conceptdec_matrix *x)
{
    const conceptdec_neighbors_options options = {.struct_size = sizeof options, .k = 5};
    conceptdec_neighbors *table = NULL;
    conceptdec_status status = conceptdec_neighbors_new(ctx, x, NULL, &options, &table);
    ck_assert_msg(status == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(ctx));
    return table;
}

static void
expect_same_neighbours(const conceptdec_matrix *x, const conceptdec_matrix *wanted)
{
    conceptdec_neighbors *one = table_of(x), *other = table_of(wanted);
    conceptdec_array a, b;
    ck_assert_int_eq(conceptdec_neighbors_get(one, CONCEPTDEC_N_DISTANCES, &a), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_neighbors_get(other, CONCEPTDEC_N_DISTANCES, &b), CONCEPTDEC_OK);
    ck_assert_mem_eq(a.data, b.data, ROWS * 5 * sizeof(double));
    conceptdec_neighbors_free(one);
    conceptdec_neighbors_free(other);
}

/* ---- tests ---- */

/* Tensors behind one of 5 GiB. */
START_TEST(tensors_far_from_the_beginning)
{
    static float x[CELLS][ROWS][COLS];
    static int64_t labels[ROWS];
    char header[400];
    for (int64_t i = 0; i < CELLS * ROWS * COLS; i++)
        (&x[0][0][0])[i] = (float)number(i / COLS, i % COLS) + (float)(i % 1013) / 1024;
    for (int64_t i = 0; i < ROWS; i++)
        labels[i] = i % 3 + 5;
    int64_t after_x = HOLE + (int64_t)sizeof x, after_labels = after_x + (int64_t)sizeof labels;
    (void)snprintf(header, sizeof header,
                   "{\"pad\":{\"dtype\":\"U8\",\"shape\":[%lld],\"data_offsets\":[0,%lld]},"
                   "\"x\":{\"dtype\":\"F32\",\"shape\":[%d,%d,%d],\"data_offsets\":[%lld,%lld]},"
                   "\"labels\":{\"dtype\":\"I64\",\"shape\":[%d],\"data_offsets\":[%lld,%lld]}}",
                   (long long)HOLE, (long long)HOLE, CELLS, ROWS, COLS, (long long)HOLE, (long long)after_x, ROWS,
                   (long long)after_x, (long long)after_labels);
    uint64_t count = strlen(header);
    int file = make_file("far.safetensors", &count, 8, header, after_labels);
    put_at(file, 8 + (int64_t)count + HOLE, x, sizeof x);
    put_at(file, 8 + (int64_t)count + after_x, labels, sizeof labels);
    (void)close(file);

    conceptdec_activations *a = files_open(ctx, files_path("far.safetensors"), both[_i], 0);
    conceptdec_array integers;
    ck_assert_int_eq(conceptdec_activations_integers(ctx, a, 0, &integers), CONCEPTDEC_OK); /* "labels" come first */
    ck_assert_mem_eq(integers.data, labels, sizeof labels);
    for (int cell = 0; cell < CELLS; cell++) {
        conceptdec_matrix view, wanted = {.data = x[cell],
                                          .rows = ROWS,
                                          .cols = COLS,
                                          .row_stride = 4 * COLS,
                                          .col_stride = 4,
                                          .dtype = CONCEPTDEC_FLOAT32};
        ck_assert_int_eq(conceptdec_activations_view(ctx, a, 2, cell, &view), CONCEPTDEC_OK);
        expect_same_neighbours(&view, &wanted);
        double values[COLS];
        read_row(a, 2, cell, ROWS - 1, values);
        for (int j = 0; j < COLS; j++)
            ck_assert_double_eq(values[j], (double)x[cell][ROWS - 1][j]);
    }
    conceptdec_activations_free(a);
}
END_TEST

/* One matrix of 5 GiB: rows on both sides of 2 GiB and 4 GiB, and the last ones. */
START_TEST(rows_of_a_long_array)
{
    enum { WIDE = 1024, SIZE = 4 * WIDE };
    static float row[WIDE];
    const int64_t n = 5 * GIB / SIZE + 3;
    const int64_t marked[] = {0, 2 * GIB / SIZE - 1, 2 * GIB / SIZE, 4 * GIB / SIZE - 1, 4 * GIB / SIZE, n - 1};
    char header[100];
    (void)snprintf(header, sizeof header, "{'descr': '<f4', 'fortran_order': False, 'shape': (%lld, %d)}", (long long)n,
                   WIDE);
    unsigned char head[10] = "\x93NUMPY\x01";
    head[8] = (unsigned char)strlen(header);
    int file = make_file("long.npy", head, 10, header, n * SIZE);
    for (size_t m = 0; m < sizeof marked / sizeof *marked; m++) {
        for (int j = 0; j < WIDE; j++)
            row[j] = (float)(1000 * (int)m + 1 + j);
        put_at(file, 10 + (int64_t)strlen(header) + marked[m] * SIZE, row, sizeof row);
    }
    (void)close(file);
    conceptdec_activations *a = files_open(ctx, files_path("long.npy"), both[_i], 0);
    for (size_t m = 0; m < sizeof marked / sizeof *marked; m++)
        expect_row(a, 0, marked[m], WIDE, 1000 * (double)m + 1);
    expect_row(a, 0, 1, WIDE, 0);
    expect_row(a, 0, n - 2, WIDE, 0);
    conceptdec_activations_free(a);
}
END_TEST

/* Columns of 1 GiB each, the last ones beyond 4 GiB. */
START_TEST(columns_that_lie_far_apart)
{
    enum { WIDE = 6 };
    const int64_t n = GIB / 4 + 1, last = n - 1;
    char header[100];
    (void)snprintf(header, sizeof header, "{'descr': '<f4', 'fortran_order': True, 'shape': (%lld, %d)}", (long long)n,
                   WIDE);
    unsigned char head[10] = "\x93NUMPY\x01";
    head[8] = (unsigned char)strlen(header);
    int file = make_file("apart.npy", head, 10, header, n * 4 * WIDE);
    for (int j = 0; j < WIDE; j++) {
        float value = (float)(11 + j);
        put_at(file, 10 + (int64_t)strlen(header) + 4 * (j * n + last), &value, sizeof value);
    }
    (void)close(file);
    conceptdec_activations *a = files_open(ctx, files_path("apart.npy"), both[_i], 0);
    expect_row(a, 0, last, WIDE, 11);
    expect_row(a, 0, last - 1, WIDE, 0);
    expect_row(a, 0, 0, WIDE, 0);
    conceptdec_activations_free(a);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("large files");
    TCase *tests = tcase_create("beyond 4 GiB");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_loop_test(tests, tensors_far_from_the_beginning, 0, 2);
    tcase_add_loop_test(tests, rows_of_a_long_array, 0, 2);
    tcase_add_loop_test(tests, columns_that_lie_far_apart, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}

int
main(void)
{
    char reason[100];
    (void)signal(SIGXFSZ, SIG_IGN); /* a limit of the shell is a reason, too */
    if (takes_holes(reason))
        return check_run(make_suite());
    (void)fprintf(stderr, "SKIPPED: large files: %s\n", reason);
    return 77;
}

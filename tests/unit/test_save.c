/* Arrays in files: the bytes, whatever type, strides or reader they come from. */
#define _GNU_SOURCE

#include <sys/stat.h>

#include "check_main.h"
#include "core/core.h"
#include "io/save.h"
#include "io/utf8.h"
#include "scratch.h"

enum { ROWS = 7, COLS = 5, MOST = 3 << 20 };

static const struct {
    int32_t dtype;
    int64_t size;
    const char *npy, *safetensors;
} types[] = {
    {CONCEPTDEC_FLOAT64, 8, "<f8", "F64"}, {CONCEPTDEC_FLOAT32, 4, "<f4", "F32"},
    {CONCEPTDEC_FLOAT16, 2, "<f2", "F16"}, {CONCEPTDEC_BFLOAT16, 2, "<V2", "BF16"},
    {CONCEPTDEC_INT32, 4, "<i4", "I32"},   {CONCEPTDEC_INT64, 8, "<i8", "I64"},
};
enum { FLOAT_TYPES = 4, ALL_TYPES = 6 };

static conceptdec_ctx *ctx;
static unsigned char memory[MOST + 64];

/* Any bits at all: NaN, infinities and numbers below the normal ones are data. */
static void
begin(void)
{
    conceptdec_i_rng rng;
    conceptdec_i_rng_start(&rng, 5, CONCEPTDEC_I_RNG_SAMPLE, 0);
    for (size_t i = 0; i < sizeof memory; i++)
        memory[i] = (unsigned char)conceptdec_i_rng_u32(&rng);
    scratch_begin();
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
}

static void
end(void)
{
    conceptdec_ctx_free(ctx);
    scratch_end();
}

static conceptdec_matrix
dense(int type, const void *data, int64_t rows, int64_t cols)
{
    return (conceptdec_matrix){.data = data,
                               .rows = rows,
                               .cols = cols,
                               .row_stride = cols * types[type].size,
                               .col_stride = types[type].size,
                               .dtype = types[type].dtype};
}

static void
save(const char *name, const conceptdec_named_views *arrays, int64_t count, const conceptdec_save_options *options)
{
    conceptdec_status status = conceptdec_activations_save(ctx, scratch_path(name), arrays, count, options);
    ck_assert_msg(status == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(ctx));
}

static void
save_view(const char *name, const conceptdec_matrix *view)
{
    save(name, &(conceptdec_named_views){.name = "x", .views = view}, 1, NULL);
}

/* The file is `header`, then the elements of the views one by one. */
static void
expect(const char *name, const void *header, size_t header_bytes, const conceptdec_matrix *views, int64_t n_views)
{
    size_t length, at = header_bytes;
    char *bytes = scratch_read(name, &length);
    size_t size = (size_t)conceptdec_i_dtype_size(views->dtype);
    ck_assert_uint_eq(length, header_bytes + (size_t)(n_views * views->rows * views->cols) * size);
    ck_assert_mem_eq(bytes, header, header_bytes);
    for (int64_t v = 0; v < n_views; v++)
        for (int64_t i = 0; i < views[v].rows; i++)
            for (int64_t j = 0; j < views[v].cols; j++, at += size)
                if (memcmp(bytes + at, conceptdec_i_at(&views[v], i, j), size) != 0)
                    ck_abort_msg("%s: view %lld differs at row %lld, column %lld", name, (long long)v, (long long)i,
                                 (long long)j);
    free(bytes);
}

/* The header that NumPy writes: 10 bytes, the dictionary, blanks, a line's end, in all a multiple of 64. */
static size_t
npy_header(const char *dictionary, char *header)
{
    size_t used = 10 + strlen(dictionary), length = used / 64 * 64 + 64;
    memset(header, ' ', length);
    memcpy(header, "\x93NUMPY\1\0", 8);
    header[8] = (char)(length - 10);
    header[9] = 0;
    memcpy(header + 10, dictionary, used - 10);
    header[length - 1] = '\n';
    return length;
}

static void
expect_npy(const char *name, const char *dictionary, const conceptdec_matrix *views, int64_t n_views)
{
    char header[256];
    size_t length = npy_header(dictionary, header);
    expect(name, header, length, views, n_views);
}

static void
expect_safetensors(const char *name, const char *text, const conceptdec_matrix *views, int64_t n_views)
{
    char header[512];
    size_t length = (strlen(text) + 7) / 8 * 8;
    uint64_t written = length;
    memset(header, ' ', sizeof header);
    memcpy(header, &written, 8);
    memcpy(header + 8, text, strlen(text));
    expect(name, header, 8 + length, views, n_views);
}

/* ---- headers ---- */

START_TEST(npy_to_the_byte)
{
    static const char expected[] =
        "\x93NUMPY\x01\x00\x76\x00{'descr': '<f2', 'fortran_order': False, 'shape': (7, 5), }"
        "                                                          \n";
    ck_assert_uint_eq(sizeof expected - 1, 128);
    conceptdec_matrix view = dense(2, memory, ROWS, COLS);
    save_view("x.npy", &view);
    expect("x.npy", expected, 128, &view, 1);
}
END_TEST

START_TEST(every_type)
{
    char dictionary[128], text[128];
    conceptdec_matrix view = dense(_i, memory + 3, ROWS, COLS);
    (void)snprintf(dictionary, sizeof dictionary, "{'descr': '%s', 'fortran_order': False, 'shape': (7, 5), }",
                   types[_i].npy);
    (void)snprintf(text, sizeof text, "{\"x\":{\"dtype\":\"%s\",\"shape\":[7,5],\"data_offsets\":[0,%d]}}",
                   types[_i].safetensors, (int)(ROWS * COLS * types[_i].size));
    save_view("x.npy", &view);
    expect_npy("x.npy", dictionary, &view, 1);
    save_view("x.safetensors", &view);
    expect_safetensors("x.safetensors", text, &view, 1);
    ck_assert_int_eq(scratch_files(0), 2);
}
END_TEST

START_TEST(npy_of_many_axes)
{
    static const char *const shapes[] = {"7, 5",
                                         "2, 7, 5",
                                         "2, 3, 7, 5",
                                         "2, 3, 1, 7, 5",
                                         "2, 3, 1, 2, 7, 5",
                                         "2, 3, 1, 2, 1, 7, 5",
                                         "2, 3, 1, 2, 1, 4, 7, 5"};
    static const int64_t lengths[] = {2, 3, 1, 2, 1, 4};
    conceptdec_matrix views[48];
    char dictionary[128];
    int64_t count = 1;
    for (int i = 0; i < _i; i++)
        count *= lengths[i];
    for (int64_t i = 0; i < count; i++) /* in any order and overlapping */
        views[i] = dense(1, memory + i * 37 % 48 * 50, ROWS, COLS);
    (void)snprintf(dictionary, sizeof dictionary, "{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }",
                   shapes[_i]);
    const conceptdec_named_views array = {.name = "a", .views = views, .shape = lengths, .ndim = _i};
    save("a.npy", &array, 1, NULL);
    expect_npy("a.npy", dictionary, views, count);
}
END_TEST

/* Lengths that no file would have, so that dictionaries of every length come up, those that just fit among them. */
START_TEST(npy_padding)
{
    conceptdec_i_saved array = {.ndim = 8, .type = conceptdec_i_type_of_matrix(CONCEPTDEC_FLOAT64)};
    char dictionary[512], expected[512];
    int lengths = 0;
    for (int i = 0; i < 8; i++)
        array.shape[i] = 1;
    for (int digits = 8; digits <= 8 * 19; digits++) {
        conceptdec_i_saved_header header;
        int at = snprintf(dictionary, sizeof dictionary, "{'descr': '<f8', 'fortran_order': False, 'shape': (");
        for (int i = 0; i < 8; i++)
            at += snprintf(dictionary + at, sizeof dictionary - (size_t)at, i ? ", %lld" : "%lld",
                           (long long)array.shape[i]);
        (void)snprintf(dictionary + at, sizeof dictionary - (size_t)at, "), }");
        ck_assert_int_eq(conceptdec_i_npy_header(ctx, &array, &header), CONCEPTDEC_OK);
        ck_assert_uint_eq(header.length, npy_header(dictionary, expected));
        ck_assert_mem_eq(header.bytes, expected, header.length);
        lengths |= (int)header.length;
        conceptdec_i_give(ctx, header.bytes);
        array.shape[digits % 8] *= digits < 8 * 18 ? 10 : 1;
    }
    ck_assert_int_eq(lengths, 128 | 192 | 256);
}
END_TEST

START_TEST(vectors)
{
    static const int64_t shape[] = {2};
    conceptdec_matrix views[2] = {dense(5, memory, ROWS, 1), dense(5, memory + 100, ROWS, 1)};
    conceptdec_named_views labels = {.name = "y", .views = views, .flags = CONCEPTDEC_VIEWS_VECTOR};
    save("y.npy", &labels, 1, NULL);
    expect_npy("y.npy", "{'descr': '<i8', 'fortran_order': False, 'shape': (7,), }", views, 1);
    save("y.safetensors", &labels, 1, NULL);
    expect_safetensors("y.safetensors", "{\"y\":{\"dtype\":\"I64\",\"shape\":[7],\"data_offsets\":[0,56]}}", views, 1);
    labels.flags = 0;
    save("y.npy", &labels, 1, NULL);
    expect_npy("y.npy", "{'descr': '<i8', 'fortran_order': False, 'shape': (7, 1), }", views, 1);
    labels = (conceptdec_named_views){.views = views, .shape = shape, .ndim = 1, .flags = CONCEPTDEC_VIEWS_VECTOR};
    save("y.npy", &labels, 1, NULL);
    expect_npy("y.npy", "{'descr': '<i8', 'fortran_order': False, 'shape': (2, 7), }", views, 2);
}
END_TEST

/* In the order given, one behind the other; texts escaped, UTF-8 as it is. */
START_TEST(safetensors_to_the_byte)
{
    static const char expected[] =
        "\xf0\0\0\0\0\0\0\0{\"__metadata__\":{\"form\\\\at\":\"pt\",\"\":\"\"},"
        "\"z\":{\"dtype\":\"F16\",\"shape\":[2,7,5],\"data_offsets\":[0,140]},"
        "\"a "
        "\\\"\\u000a\\u0001/\xc3\xa9\xf0\x9f\x99\x82\":{\"dtype\":\"F64\",\"shape\":[7,5],\"data_offsets\":[140,420]},"
        "\"y\":{\"dtype\":\"I32\",\"shape\":[7],\"data_offsets\":[420,448]}}   ";
    static const char *const metadata[] = {"form\\at", "pt", "", ""};
    const conceptdec_save_options options = {.struct_size = sizeof options, .metadata = metadata, .n_metadata = 2};
    static const int64_t shape[] = {2};
    conceptdec_matrix z[2] = {dense(2, memory, ROWS, COLS), dense(2, memory + 70, ROWS, COLS)};
    conceptdec_matrix a = dense(0, memory + 140, ROWS, COLS), y = dense(4, memory + 420, ROWS, 1);
    const conceptdec_named_views arrays[] = {{.name = "z", .views = z, .shape = shape, .ndim = 1},
                                             {.name = "a \"\n\x01/\xc3\xa9\xf0\x9f\x99\x82", .views = &a},
                                             {.name = "y", .views = &y, .flags = CONCEPTDEC_VIEWS_VECTOR}};
    save("s.safetensors", arrays, 3, &options);
    size_t length;
    char *bytes = scratch_read("s.safetensors", &length);
    ck_assert_uint_eq(length, sizeof expected - 1 + 448);
    ck_assert_mem_eq(bytes, expected, sizeof expected - 1);
    ck_assert_mem_eq(bytes + sizeof expected - 1, memory, 448);
    free(bytes);
}
END_TEST

START_TEST(utf8)
{
    static const struct {
        const char *text;
        bool is_good;
    } cases[] = {
        {"", true},
        {"plain\x7f", true},
        {"\xc2\x80\xdf\xbf", true},
        {"\xe0\xa0\x80\xed\x9f\xbf", true},
        {"\xee\x80\x80\xef\xbf\xbf", true},
        {"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", true},
        {"\x80", false},
        {"\xc1\xbf", false},
        {"\xc3", false},
        {"\xc3(", false},
        {"\xe0\x9f\xbf", false},
        {"\xed\xa0\x80", false},
        {"\xe2\x82", false},
        {"\xe2\x82(", false},
        {"\xf0\x8f\xbf\xbf", false},
        {"\xf4\x90\x80\x80", false},
        {"\xf1\x80\x80", false},
        {"\xf5\x80\x80\x80", false},
        {"\xff", false},
        {"ok\xf1\x80\xff\x80", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(conceptdec_i_is_utf8(cases[i].text) == cases[i].is_good, "case %zu", i);
    ck_assert_int_eq(conceptdec_i_utf8_length((const unsigned char *)"\xc3\xa9", 2), 2);
    ck_assert_int_eq(conceptdec_i_utf8_length((const unsigned char *)"\xc3\xa9", 1), 0);
}
END_TEST

/* ---- where elements come from ---- */

/* More than a block of 256 KiB, with tiles of columns and rows that do not fill it. */
START_TEST(any_strides)
{
    int type = _i / 7;
    int64_t size = types[type].size, rows = MOST / 16 / 150, cols = 150;
    const unsigned char *middle = memory + MOST / 2;
    conceptdec_matrix view = dense(type, memory + 1, rows, cols);
    char text[128];
    switch (_i % 7) {
    case 0: /* a transposed matrix */
        view.row_stride = size;
        view.col_stride = rows * size;
        break;
    case 1: /* backwards both ways */
        view.data = memory + MOST;
        view.row_stride = -cols * size;
        view.col_stride = -size;
        view.rows = MOST / (cols * size) - 1;
        break;
    case 2: /* one row again and again */
        view.row_stride = 0;
        break;
    case 3: /* one number again and again */
        view.row_stride = view.col_stride = 0;
        break;
    case 4: /* every third column of rows that lie apart by odd bytes */
        view.data = middle;
        view.rows = 333;
        view.col_stride = 3 * size;
        view.row_stride = -(3 * cols * size + 5);
        break;
    case 5: /* rows that hold more than a block */
        view = dense(type, memory + 5, 3, 140001 * 2 / size * 2);
        view.row_stride = 77;
        break;
    default: /* the same with columns apart */
        view = dense(type, middle, 2, 140001);
        view.col_stride = -(size + 1);
        view.row_stride = 99;
    }
    save_view("x.safetensors", &view);
    (void)snprintf(text, sizeof text, "{\"x\":{\"dtype\":\"%s\",\"shape\":[%d,%d],\"data_offsets\":[0,%lld]}}",
                   types[type].safetensors, (int)view.rows, (int)view.cols, (long long)(view.rows * view.cols * size));
    expect_safetensors("x.safetensors", text, &view, 1);
}
END_TEST

static int32_t
deliver(void *user, int64_t first, int64_t count, void *rows)
{
    const conceptdec_matrix *view = user;
    memcpy(rows, conceptdec_i_at(view, first, 0), (size_t)(count * view->row_stride));
    return 0;
}

/* A grid of two readers and a matrix in memory between them; a row of more than a block. */
START_TEST(readers)
{
    int type = _i / 2;
    int64_t rows = _i % 2 ? 2 : 901, cols = _i % 2 ? 150001 : 33;
    static const int64_t shape[] = {3};
    conceptdec_matrix views[3], given[3];
    conceptdec_reader deliverers[3];
    char dictionary[128];
    for (int i = 0; i < 3; i++) {
        given[i] = views[i] = dense(type, memory + 9 * i, rows, cols);
        deliverers[i] = (conceptdec_reader){.struct_size = sizeof *deliverers, .read = deliver, .user = &views[i]};
        if (i == 1)
            continue;
        given[i].data = &deliverers[i];
        given[i].flags = CONCEPTDEC_MATRIX_READER;
        if (i == 2)
            given[i].row_stride = given[i].col_stride = 0;
    }
    save("r.npy", &(conceptdec_named_views){.views = given, .shape = shape, .ndim = 1}, 1, NULL);
    (void)snprintf(dictionary, sizeof dictionary, "{'descr': '%s', 'fortran_order': False, 'shape': (3, %d, %d), }",
                   types[type].npy, (int)rows, (int)cols);
    expect_npy("r.npy", dictionary, views, 3);
}
END_TEST

/* ---- the file and what is told on the way ---- */

START_TEST(takes_the_place_of_a_file)
{
    conceptdec_matrix view = dense(1, memory, ROWS, COLS);
    struct stat status;
    mode_t before = umask(027);
    scratch_write("x.npy", "something else", 14);
    save_view("x.npy", &view);
    expect_npy("x.npy", "{'descr': '<f4', 'fortran_order': False, 'shape': (7, 5), }", &view, 1);
    ck_assert_int_eq(scratch_files(0), 1);
    save_view("y.safetensors", &view);
    umask(before);
    ck_assert_int_eq(stat(scratch_path("y.safetensors"), &status), 0);
    ck_assert_int_eq((int)(status.st_mode & 0777), 0640);
}
END_TEST

typedef struct seen {
    int64_t calls, done, total;
} seen;

static int32_t
watch(void *user, const conceptdec_progress *progress)
{
    seen *s = user;
    ck_assert_str_eq(progress->stage, "save");
    ck_assert_int_ge(progress->done, s->done);
    *s = (seen){s->calls + 1, progress->done, progress->total};
    ctx->last_report = INT64_MIN / 2;
    return 1;
}

START_TEST(progress)
{
    seen s = {0};
    conceptdec_ctx_options options = {.struct_size = sizeof options, .progress = watch, .progress_user = &s};
    conceptdec_matrix view = dense(2, memory, 1000, 1000);
    const conceptdec_named_views arrays[] = {{.name = "a", .views = &view}, {.name = "b", .views = &view}};
    conceptdec_ctx_free(ctx);
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    ctx->last_report = INT64_MIN / 2;
    save("p.safetensors", arrays, 2, NULL);
    ck_assert_int_eq(s.total, 4000000);
    ck_assert_int_eq(s.done, 4000000);
    ck_assert_int_ge(s.calls, 16);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("save");
    TCase *tests = tcase_create("save");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, npy_to_the_byte);
    tcase_add_loop_test(tests, every_type, 0, ALL_TYPES);
    tcase_add_loop_test(tests, npy_of_many_axes, 0, 7);
    tcase_add_test(tests, npy_padding);
    tcase_add_test(tests, vectors);
    tcase_add_test(tests, safetensors_to_the_byte);
    tcase_add_test(tests, utf8);
    tcase_add_loop_test(tests, any_strides, 0, 7 * ALL_TYPES);
    tcase_add_loop_test(tests, readers, 0, 2 * FLOAT_TYPES);
    tcase_add_test(tests, takes_the_place_of_a_file);
    tcase_add_test(tests, progress);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

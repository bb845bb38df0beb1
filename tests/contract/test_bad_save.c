/* What writing files refuses: each with a status of its own, a text that names argument, place and limit, the old file
 * as it was and no other beside it, no block of memory left, and a context that works afterwards. */
#define _GNU_SOURCE

#include <string.h>
#include <sys/stat.h>

#include "../torture/harness.h"
#include "check_main.h"
#include "scratch.h"

enum { ROWS = 20, COLS = 3 };

typedef struct call {
    const char *path;
    conceptdec_matrix x[2], y;
    int64_t shape[7];
    double values[ROWS * COLS];
    int32_t labels[ROWS];
    conceptdec_named_views arrays[2];
    const conceptdec_named_views *arrays_at;
    int64_t count;
    const char *texts[4];
    struct {
        conceptdec_save_options o;
        uint64_t tail[600];
    } options;
    conceptdec_reader reader;
} call;

static int32_t
refuse(void *user, int64_t first, int64_t count, void *rows)
{
    (void)user;
    memset(rows, 0, (size_t)count * COLS * sizeof(double));
    return first + count > 7 ? 3 : 0;
}

static void
make_call(call *c)
{
    memset(c, 0, sizeof *c);
    for (int i = 0; i < 2; i++)
        c->x[i] = (conceptdec_matrix){.data = c->values, .rows = ROWS, .cols = COLS, .row_stride = 8 * COLS,
                                      .col_stride = 8, .dtype = CONCEPTDEC_FLOAT64};
    c->y = (conceptdec_matrix){.data = c->labels, .rows = ROWS, .cols = 1, .row_stride = 4, .col_stride = 4,
                               .dtype = CONCEPTDEC_INT32};
    c->shape[0] = 2;
    c->arrays[0] = (conceptdec_named_views){.name = "x", .views = c->x, .shape = c->shape, .ndim = 1};
    c->arrays[1] = (conceptdec_named_views){.name = "y", .views = &c->y, .flags = CONCEPTDEC_VIEWS_VECTOR};
    c->arrays_at = c->arrays;
    c->count = 2;
    c->texts[0] = "format", c->texts[1] = "pt", c->texts[2] = "model", c->texts[3] = "m";
    c->options.o = (conceptdec_save_options){.struct_size = sizeof c->options.o, .metadata = c->texts, .n_metadata = 2};
    c->reader = (conceptdec_reader){.struct_size = sizeof c->reader, .read = refuse};
    c->path = scratch_path("old.safetensors");
}

static void
set_reader(call *c, int view)
{
    c->x[view].data = &c->reader;
    c->x[view].row_stride = c->x[view].col_stride = 0;
    c->x[view].flags = CONCEPTDEC_MATRIX_READER;
}

static void
set_npy(call *c)
{
    c->path = scratch_path("old.npy");
    c->count = 1;
    c->options.o.n_metadata = 0;
}

#define A(i) c->arrays[i]
#define O c->options.o
#define CASES(_)                                                                                                       \
    _(path_null, c->path = NULL, ENULL, "path: is NULL")                                                               \
    _(path_ending, c->path = "/tmp/x.npz", EINVAL, "path: /tmp/x.npz ends neither in .npy nor in .safetensors")        \
    _(path_empty, c->path = "", EINVAL, "path: ")                                                                      \
    _(path_short, c->path = "npy", EINVAL, "path: npy ends neither")                                                   \
    _(npy_metadata, c->path = "/tmp/x.npy", EINVAL, "options.metadata: a .npy file")                                   \
    _(no_folder, (set_npy(c), c->path = "/tmp/conceptdec-no-such-directory/x.npy"), EIO,                               \
      "path: cannot create a temporary file beside /tmp/conceptdec-no-such-directory/x.npy: No such file or "          \
      "directory")                                                                                                     \
    _(unwritable_folder, c->path = "/proc/x.safetensors", EIO, "path: cannot create a temporary file beside /proc/x")  \
    _(is_a_folder, c->path = scratch_path("folder.safetensors"), EIO, "path: cannot replace ")                         \
    _(arrays_null, c->arrays_at = NULL, ENULL, "arrays: is NULL")                                                      \
    _(count_zero, c->count = 0, ESIZE, "count: 0 is not in 1..1048576")                                                \
    _(count_many, c->count = 1048577, ESIZE, "count: 1048577 is not in 1..1048576")                                    \
    _(count_npy, (set_npy(c), c->count = 2), ESIZE, "count: a .npy file holds one array, not 2")                       \
    _(flags, A(0).flags = 2, ERESERVED, "arrays[0].flags: unknown flags must be 0")                                    \
    _(views_null, A(1).views = NULL, ENULL, "arrays[1].views: is NULL")                                                \
    _(ndim_below, A(0).ndim = -1, ESIZE, "arrays[0].ndim: -1 is not in 0..6")                                          \
    _(ndim_above, A(0).ndim = 7, ESIZE, "arrays[0].ndim: 7 is not in 0..6")                                            \
    _(shape_null, A(0).shape = NULL, ENULL, "arrays[0].shape: is NULL")                                                \
    _(shape_zero, c->shape[0] = 0, ESIZE, "arrays[0].shape[0]: is 0, must be at least 1")                              \
    _(shape_large, (c->shape[0] = c->shape[1] = INT64_MAX / 2, A(0).ndim = 2), EOVERFLOW, "arrays[0].shape: ")         \
    _(bytes_large, (c->x[0].rows = INT64_MAX / 8, c->x[0].row_stride = 0, A(0).ndim = 0), EOVERFLOW,                   \
      "arrays[0]: its bytes do not fit a file")                                                                        \
    _(sum_large, (c->x[0].rows = c->y.rows = INT64_MAX / 24, c->x[0].row_stride = c->y.row_stride = 0, A(0).ndim = 0), \
      EOVERFLOW, "arrays: their bytes do not fit a file")                                                              \
    _(vector_of_columns, A(0).flags = CONCEPTDEC_VIEWS_VECTOR, ESIZE, "arrays[0].views: cols is 3, and of vectors")    \
    _(view_rows, c->x[1].rows = 19, ESIZE, "arrays[0].views[1]: is 19 x 3, but the first view is 20 x 3")              \
    _(view_cols, c->x[1].cols = 2, ESIZE, "arrays[0].views[1]: is 20 x 2, but the first view is 20 x 3")               \
    _(view_no_rows, c->x[0].rows = 0, ESIZE, "arrays[0].views[0]: rows is 0")                                          \
    _(view_no_cols, c->x[1].cols = 0, ESIZE, "arrays[0].views[1]: cols is 0")                                          \
    _(view_dtype, c->x[1].dtype = CONCEPTDEC_FLOAT16, EDTYPE,                                                          \
      "arrays[0].views[1]: has dtype float16, but the first view has float64")                                         \
    _(view_unknown, c->y.dtype = 9, EDTYPE, "arrays[1].views[0]: dtype 9 is unknown")                                  \
    _(view_data, c->x[1].data = NULL, ENULL, "arrays[0].views[1]: data is NULL")                                       \
    _(view_far, c->x[1].row_stride = INT64_MAX / 2, EOVERFLOW, "arrays[0].views[1]: row_stride")                       \
    _(view_device, c->x[1].device = 2, EUNSUPPORTED, "arrays[0].views[1]: device 2")                                   \
    _(view_flags, c->x[1].flags = 8, ERESERVED, "arrays[0].views[1]: unknown flags")                                   \
    _(view_reserved, c->y.reserved[1] = 1, ERESERVED, "arrays[1].views[0]: unknown flags and reserved")                \
    _(reader_of_integers, c->y.flags = CONCEPTDEC_MATRIX_READER, EUNSUPPORTED, "arrays[1].views[0]: must lie")         \
    _(reader_size, (set_reader(c, 1), c->reader.struct_size = 8), ESTRUCT_SIZE, "arrays[0].views[1].data.struct_size") \
    _(reader_null, (set_reader(c, 1), c->reader.read = NULL), ENULL, "arrays[0].views[1].data: read is NULL")          \
    _(reader_fails, set_reader(c, 1), EREAD, "arrays[0].views[1]: the reader returned 3 for rows ")                    \
    _(reader_fails_npy, (set_npy(c), set_reader(c, 0)), EREAD, "arrays[0].views[0]: the reader returned 3 for rows ")  \
    _(name_null, A(1).name = NULL, EINVAL, "arrays[1].name: a tensor must have one")                                   \
    _(name_empty, A(0).name = "", EINVAL, "arrays[0].name: a tensor must have one")                                    \
    _(name_metadata, A(0).name = "__metadata__", EINVAL, "arrays[0].name: __metadata__ is no tensor's")                \
    _(name_utf8, A(1).name = "caf\xe9", EINVAL, "arrays[1].name: is not UTF-8")                                        \
    _(name_twice, A(1).name = "x", EINVAL, "arrays[1].name: is that of arrays[0], too")                                \
    _(metadata_null, O.metadata = NULL, ENULL, "options.metadata: is NULL, but n_metadata is not 0")                   \
    _(metadata_below, O.n_metadata = -1, ESIZE, "options.n_metadata: -1")                                              \
    _(metadata_key, c->texts[2] = NULL, ENULL, "options.metadata[2]: is NULL")                                         \
    _(metadata_text, c->texts[3] = NULL, ENULL, "options.metadata[3]: is NULL")                                        \
    _(metadata_utf8, c->texts[1] = "\xff", EINVAL, "options.metadata[1]: is not UTF-8")                                \
    _(metadata_twice, c->texts[2] = "format", EINVAL, "options.metadata[2]: is that of options.metadata[0], too")      \
    _(metadata_npy, (set_npy(c), O.n_metadata = 1), EINVAL, "options.metadata: a .npy file holds none")                \
    _(struct_small, O.struct_size = 8, ESTRUCT_SIZE, "options.struct_size: 8")                                         \
    _(struct_tail, (O.struct_size += 8, c->options.tail[0] = 1), ESTRUCT_TAIL, "options: byte 32 is set")              \
    _(given_tail, O.given = 1 << 2, ESTRUCT_TAIL, "options.given: a bit at or above 2")

#define DEFINE_SPOILER(name, how, status, text)                                                                        \
    static void spoil_##name(call *c)                                                                                  \
    {                                                                                                                  \
        how;                                                                                                           \
    }
CASES(DEFINE_SPOILER)

static const struct {
    const char *name;
    void (*spoil)(call *c);
    conceptdec_status status;
    const char *text;
} cases[] = {
#define ENTRY(name, how, status, text) {#name, spoil_##name, CONCEPTDEC_##status, text},
    CASES(ENTRY)};

static conceptdec_status
run(conceptdec_ctx *ctx, const call *c)
{
    return conceptdec_activations_save(ctx, c->path, c->arrays_at, c->count, &c->options.o);
}

static void
expect_old(const char *name)
{
    size_t length;
    char *bytes = scratch_read(name, &length);
    ck_assert_uint_eq(length, 3);
    ck_assert_mem_eq(bytes, "old", 3);
    free(bytes);
}

START_TEST(refused)
{
    static call c, sound;
    torture_allocator allocator = {0};
    const conceptdec_ctx_options options = torture_options(&allocator, 2);
    conceptdec_ctx *ctx = NULL;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    scratch_write("old.safetensors", "old", 3);
    scratch_write("old.npy", "old", 3);
    ck_assert_int_eq(mkdir(scratch_path("folder.safetensors"), 0777), 0);
    make_call(&sound);
    make_call(&c);
    cases[_i].spoil(&c);
    int64_t live = allocator.live;
    conceptdec_status status = run(ctx, &c);
    ck_assert_msg(status == cases[_i].status, "%s: %s (%s)", cases[_i].name, conceptdec_status_name(status),
                  conceptdec_ctx_error(ctx));
    ck_assert_msg(strstr(conceptdec_ctx_error(ctx), cases[_i].text) != NULL, "%s: \"%s\"", cases[_i].name,
                  conceptdec_ctx_error(ctx));
    ck_assert_int_eq(allocator.live, live);
    expect_old("old.safetensors");
    expect_old("old.npy");
    ck_assert_int_eq(scratch_files(0), 3);
    sound.path = scratch_path("old.safetensors");
    ck_assert_msg(run(ctx, &sound) == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(ctx));
    ck_assert_int_eq(scratch_files(0), 3);
    conceptdec_ctx_free(ctx);
    ck_assert_int_eq(allocator.live, 0);
}
END_TEST

START_TEST(no_context)
{
    static call c;
    make_call(&c);
    ck_assert_int_eq(run(NULL, &c), CONCEPTDEC_ENULL);
    ck_assert_int_eq(scratch_files(0), 0);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("bad save");
    TCase *tests = tcase_create("bad save");
    tcase_add_checked_fixture(tests, scratch_begin, scratch_end);
    tcase_add_loop_test(tests, refused, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(tests, no_context);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

/* What embedding quality refuses: each with a status of its own, a text that names argument, place and limit, the
 * result untouched, no block of memory left, and a context that works afterwards. */
#include <math.h>
#include <string.h>

#include "../torture/harness.h"
#include "check_main.h"

enum { ROWS = 20, COLS = 3 };

typedef struct call {
    conceptdec_matrix x, embedding, labels;
    const conceptdec_matrix *x_at, *embedding_at;
    double x_values[ROWS * COLS], embedding_values[ROWS * 2];
    int64_t label_values[ROWS], ks[2];
    struct {
        conceptdec_quality_options o;
        uint64_t tail[600];
    } options;
    conceptdec_reader reader;
    bool no_output;
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
    for (int i = 0; i < ROWS; i++) {
        c->label_values[i] = i % 2;
        for (int j = 0; j < COLS; j++)
            c->x_values[i * COLS + j] = (i * 7 + j * j) % 11;
        for (int j = 0; j < 2; j++)
            c->embedding_values[i * 2 + j] = (i * 5 + j) % 13;
    }
    c->x = (conceptdec_matrix){.data = c->x_values,
                               .rows = ROWS,
                               .cols = COLS,
                               .row_stride = 8 * COLS,
                               .col_stride = 8,
                               .dtype = CONCEPTDEC_FLOAT64};
    c->embedding = (conceptdec_matrix){.data = c->embedding_values,
                                       .rows = ROWS,
                                       .cols = 2,
                                       .row_stride = 16,
                                       .col_stride = 8,
                                       .dtype = CONCEPTDEC_FLOAT64};
    c->labels = (conceptdec_matrix){
        .data = c->label_values, .rows = ROWS, .cols = 1, .row_stride = 8, .col_stride = 8, .dtype = CONCEPTDEC_INT64};
    c->x_at = &c->x;
    c->embedding_at = &c->embedding;
    c->ks[0] = 4;
    c->ks[1] = 9;
    c->reader = (conceptdec_reader){.struct_size = sizeof c->reader, .read = refuse};
    c->options.o = (conceptdec_quality_options){.struct_size = sizeof c->options.o, .ks = c->ks, .n_ks = 2};
}

static void
set_reader(call *c)
{
    c->x.data = &c->reader;
    c->x.row_stride = c->x.col_stride = 0;
    c->x.flags = CONCEPTDEC_MATRIX_READER;
}

static void
set_labels(call *c, int64_t value)
{
    c->options.o.labels = &c->labels;
    for (int i = 0; i < ROWS; i++)
        c->label_values[i] = value;
}

#define CASES(_)                                                                                                       \
    _(result_null, c->no_output = true, ENULL, "result: is NULL")                                                      \
    _(x_null, c->x_at = NULL, ENULL, "x: is NULL")                                                                     \
    _(embedding_null, c->embedding_at = NULL, ENULL, "embedding: is NULL")                                             \
    _(embedding_data_null, c->embedding.data = NULL, ENULL, "embedding: data is NULL")                                 \
    _(x_integers, c->x.dtype = CONCEPTDEC_INT64, EDTYPE, "x: dtype int64")                                             \
    _(embedding_integers, c->embedding.dtype = CONCEPTDEC_INT32, EDTYPE, "embedding: dtype int32")                     \
    _(x_no_columns, c->x.cols = 0, ESIZE, "x: cols is 0")                                                              \
    _(rows_differ, c->embedding.rows = ROWS - 1, ESIZE, "embedding: 19 rows, but x has 20")                            \
    _(one_row, c->x.rows = c->embedding.rows = 1, ETOOFEW, "x: 1 row, at least 2")                                     \
    _(x_too_far, c->x.row_stride = INT64_MAX / 2, EOVERFLOW, "x: row_stride")                                          \
    _(x_nan, c->x_values[17 * COLS + 2] = (double)NAN, ENONFINITE, "x: non-finite value at row 17, column 2")          \
    _(embedding_inf, c->embedding_values[9] = (double)INFINITY, ENONFINITE,                                            \
      "embedding: non-finite value at row 4, column 1")                                                                \
    _(device, c->embedding.device = 1, EUNSUPPORTED, "embedding: device 1")                                            \
    _(view_flags, c->x.flags = 8, ERESERVED, "x: unknown flags")                                                       \
    _(reader_fails, set_reader(c), EREAD, "x: ")                                                                       \
    _(k_zero, c->ks[1] = 0, EK, "ks: 0 at place 1 is not in 1..9 (below n / 2)")                                       \
    _(k_half, c->ks[0] = 10, EK, "ks: 10 at place 0 is not in 1..9")                                                   \
    _(k_default, (c->options.o.ks = NULL, c->options.o.n_ks = 0), EK, "ks: 15 at place 0 is not in 1..9")              \
    _(k_no_list, c->options.o.ks = NULL, ENULL, "ks: is NULL, but n_ks is 2")                                          \
    _(k_none, c->options.o.n_ks = 0, ESIZE, "n_ks: 0 is not in 1..")                                                   \
    _(k_many, c->options.o.n_ks = 10001, ESIZE, "n_ks: 10001 is not in 1..10000")                                      \
    _(metric, c->options.o.metric = 2, EINVAL, "metric: 2 is not one of 0..1")                                         \
    _(flags, c->options.o.flags = 1, ERESERVED, "flags: is 0x1, must be 0")                                            \
    _(memory, c->options.o.memory = -1, EINVAL, "memory: -1 bytes, must be above 0")                                   \
    _(memory_zero, c->options.o.given = 8, EINVAL, "memory: 0 bytes, must be above 0")                                 \
    _(memory_small, c->options.o.memory = 999, ENOMEM, "memory: 999 bytes, at least ")                                 \
    _(labels_floats, (set_labels(c, 0), c->labels.dtype = CONCEPTDEC_FLOAT64), EDTYPE, "labels: dtype float64")        \
    _(labels_rows, (set_labels(c, 0), c->labels.rows = ROWS - 1), ESIZE, "labels: 19 x 1, must be 20 x 1")             \
    _(labels_columns, (set_labels(c, 0), c->labels.cols = 2, c->labels.row_stride = 0, c->labels.col_stride = 0),      \
      ESIZE, "labels: 20 x 2, must be 20 x 1")                                                                         \
    _(labels_below, set_labels(c, -2), ELABEL, "labels: -2")                                                           \
    _(labels_one_class, set_labels(c, 0), ESINGLECLASS, "labels: ")                                                    \
    _(struct_small, c->options.o.struct_size = 8, ESTRUCT_SIZE, "options.struct_size: 8")                              \
    _(struct_tail, (c->options.o.struct_size += 8, c->options.tail[0] = 1), ESTRUCT_TAIL, "options: byte 56 is set")   \
    _(given_tail, c->options.o.given = 1 << 6, ESTRUCT_TAIL, "options.given: a bit at or above 6")

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
run(conceptdec_ctx *ctx, const call *c, conceptdec_result **result)
{
    return conceptdec_embedding_quality(ctx, c->x_at, c->embedding_at, &c->options.o, c->no_output ? NULL : result);
}

START_TEST(refused)
{
    static call c, sound;
    torture_allocator allocator = {0};
    const conceptdec_ctx_options options = torture_options(&allocator, 2);
    conceptdec_ctx *ctx = NULL;
    char untouched;
    conceptdec_result *result = (conceptdec_result *)(void *)&untouched;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    make_call(&sound);
    make_call(&c);
    cases[_i].spoil(&c);
    conceptdec_status status = run(ctx, &c, &result);
    ck_assert_msg(status == cases[_i].status, "%s: %s (%s)", cases[_i].name, conceptdec_status_name(status),
                  conceptdec_ctx_error(ctx));
    ck_assert_msg(strstr(conceptdec_ctx_error(ctx), cases[_i].text) != NULL, "%s: \"%s\"", cases[_i].name,
                  conceptdec_ctx_error(ctx));
    ck_assert_ptr_eq(result, &untouched);
    ck_assert_msg(run(ctx, &sound, &result) == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(ctx));
    conceptdec_result_free(result);
    conceptdec_ctx_free(ctx);
    ck_assert_int_eq(allocator.live, 0);
}
END_TEST

START_TEST(no_context)
{
    static call c;
    conceptdec_result *result = NULL;
    make_call(&c);
    ck_assert_int_eq(run(NULL, &c, &result), CONCEPTDEC_ENULL);
    ck_assert_ptr_null(result);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("bad quality");
    TCase *tests = tcase_create("bad quality");
    tcase_add_loop_test(tests, refused, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(tests, no_context);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

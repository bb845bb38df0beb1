/* Rows from a reader: the same bits as from memory, whatever is asked of them; what happens where it fails; how it is
 * asked. */
#include <stdatomic.h>
#include <string.h>

#include "../torture/harness.h"
#include "check_main.h"
#include "core/core.h"
#include "kernels/kernels.h"

enum { ROWS = 520, QUERIES = 515, COLS = 33, MOST_COLS = 9000 };

static uint64_t values[ROWS * COLS], query_values[QUERIES * COLS]; /* raw elements of any dtype */
static int64_t labels[ROWS], groups[ROWS], query_groups[QUERIES], train[ROWS];
static const int32_t dtypes[] = {CONCEPTDEC_FLOAT64, CONCEPTDEC_FLOAT32, CONCEPTDEC_FLOAT16, CONCEPTDEC_BFLOAT16};
static const int32_t all_threads[] = {1, 2, 5};

/* ---- a reader over memory, which counts and can fail ---- */

typedef struct store {
    conceptdec_reader reader;
    conceptdec_matrix view; /* dense rows in memory */
    atomic_llong calls, rows;
    int64_t fail_at; /* this call fails; 0: none */
    atomic_llong wrong;
} store;

static int32_t
deliver(void *user, int64_t first, int64_t count, void *rows)
{
    store *s = user;
    long long call = atomic_fetch_add(&s->calls, 1) + 1;
    atomic_fetch_add(&s->rows, count);
    if (first < 0 || count < 1 || first + count > s->view.rows)
        atomic_fetch_add(&s->wrong, 1);
    if (call == s->fail_at)
        return 77;
    memcpy(rows, conceptdec_i_at(&s->view, first, 0), (size_t)(count * s->view.row_stride));
    return 0;
}

/* The same rows as `view`, delivered. */
static conceptdec_matrix
delivered(store *s, const conceptdec_matrix *view)
{
    s->reader = (conceptdec_reader){.struct_size = sizeof s->reader, .read = deliver, .user = s};
    s->view = *view;
    s->fail_at = 0;
    atomic_store(&s->calls, 0);
    atomic_store(&s->rows, 0);
    atomic_store(&s->wrong, 0);
    return (conceptdec_matrix){.data = &s->reader, .rows = view->rows, .cols = view->cols, .dtype = view->dtype,
                               .flags = CONCEPTDEC_MATRIX_READER};
}

/* ---- data ---- */

/* Finite elements of moderate size: random bits but for the exponent. */
static void
fill(int32_t dtype, void *out, int64_t n, uint64_t seed)
{
    conceptdec_i_rng rng;
    conceptdec_i_rng_start(&rng, seed, CONCEPTDEC_I_RNG_SAMPLE, (uint64_t)dtype);
    for (int64_t i = 0; i < n; i++) {
        uint32_t bits = conceptdec_i_rng_u32(&rng);
        if (dtype == CONCEPTDEC_FLOAT64)
            ((double *)out)[i] = conceptdec_i_rng_unit(&rng) - 0.4;
        else if (dtype == CONCEPTDEC_FLOAT32)
            ((float *)out)[i] = (float)(conceptdec_i_rng_unit(&rng) - 0.4);
        else if (dtype == CONCEPTDEC_FLOAT16)
            ((uint16_t *)out)[i] = (uint16_t)((bits & 0x83ffu) | (12 + (bits >> 16) % 4) << 10);
        else
            ((uint16_t *)out)[i] = (uint16_t)((bits & 0x807fu) | (125 + (bits >> 16) % 3) << 7);
    }
}

static conceptdec_matrix
dense(const void *data, int64_t rows, int64_t cols, int32_t dtype)
{
    int64_t size = conceptdec_i_dtype_size(dtype);
    return (conceptdec_matrix){.data = data, .rows = rows, .cols = cols, .row_stride = cols * size,
                               .col_stride = size, .dtype = dtype};
}

/* Rows with copies among them and, for the cosine, a zero row; some queries are rows of x. */
static void
make_data(int32_t dtype, conceptdec_matrix *x, conceptdec_matrix *queries)
{
    *x = dense(values, ROWS, COLS, dtype);
    *queries = dense(query_values, QUERIES, COLS, dtype);
    size_t row = (size_t)x->row_stride;
    char *at = (char *)values, *query = (char *)query_values;
    fill(dtype, values, ROWS * COLS, 1);
    fill(dtype, query_values, QUERIES * COLS, 2);
    memset(at + 40 * row, 0, row);
    for (int i = 100; i < 120; i++)
        memcpy(at + (size_t)i * row, at + (size_t)(i % 3) * row, row);
    memcpy(query + 7 * row, at + 9 * row, row);
    memset(query + 8 * row, 0, row);
    for (int i = 0; i < ROWS; i++) {
        labels[i] = i * 7 / 5 % 3;
        groups[i] = i / 4;
        train[i] = i % 3 != 0;
    }
    for (int i = 0; i < QUERIES; i++)
        query_groups[i] = i / 3;
}

static conceptdec_matrix
integers(const int64_t *data, int64_t rows)
{
    return dense(data, rows, 1, CONCEPTDEC_INT64);
}

static conceptdec_ctx *
new_ctx(int32_t threads, uint32_t screening, torture_allocator *allocator)
{
    conceptdec_ctx_options options = {.struct_size = sizeof options};
    conceptdec_ctx *ctx = NULL;
    if (allocator)
        options = torture_options(allocator, threads);
    options.threads = threads;
    options.screening = screening;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    return ctx;
}

/* ---- tables ---- */

static void
expect_same_table(const conceptdec_neighbors *a, const conceptdec_neighbors *b)
{
    static const char *const names[] = {CONCEPTDEC_N_INDICES, CONCEPTDEC_N_DISTANCES, CONCEPTDEC_N_COUNT,
                                        CONCEPTDEC_N_TIES, CONCEPTDEC_N_SCREENING};
    for (int i = 0; i < 5; i++) {
        conceptdec_array one, other;
        ck_assert_int_eq(conceptdec_neighbors_get(a, names[i], &one), CONCEPTDEC_OK);
        ck_assert_int_eq(conceptdec_neighbors_get(b, names[i], &other), CONCEPTDEC_OK);
        size_t size = 8;
        for (int axis = 0; axis < one.ndim; axis++)
            size *= (size_t)one.shape[axis];
        ck_assert_msg(memcmp(one.data, other.data, size) == 0, "%s differ", names[i]);
    }
}

/* What is searched; bit 0: with queries, bit 1: with groups. */
typedef struct question {
    int32_t metric;
    int kind;
} question;

static conceptdec_status
find(conceptdec_ctx *ctx, const conceptdec_matrix *x, const conceptdec_matrix *queries, question q,
     conceptdec_neighbors **table)
{
    conceptdec_matrix g = integers(groups, ROWS), qg = integers(query_groups, QUERIES);
    conceptdec_neighbors_options o = {.struct_size = sizeof o, .k = 7, .metric = q.metric};
    o.groups = q.kind & 2 ? &g : NULL;
    o.query_groups = q.kind == 3 ? &qg : NULL;
    return conceptdec_neighbors_new(ctx, x, q.kind & 1 ? queries : NULL, &o, table);
}

/* Read by several numbers of threads. */
static void
compare_tables(uint32_t screening, const conceptdec_matrix *x, const conceptdec_matrix *queries, question q)
{
    conceptdec_neighbors *expected = NULL, *found;
    for (int i = 0; i < 3; i++) {
        store s, t;
        conceptdec_ctx *ctx = new_ctx(all_threads[i], screening, NULL);
        conceptdec_matrix read_x = delivered(&s, x), read_queries = delivered(&t, queries);
        if (q.metric) { /* strides of dense rows are as good as none */
            read_x.row_stride = x->row_stride;
            read_x.col_stride = x->col_stride;
        }
        if (i == 0)
            ck_assert_int_eq(find(ctx, x, queries, q, &expected), CONCEPTDEC_OK);
        ck_assert_int_eq(find(ctx, &read_x, q.metric ? queries : &read_queries, q, &found), CONCEPTDEC_OK);
        expect_same_table(found, expected);
        ck_assert_int_gt(atomic_load(&s.calls), 0);
        ck_assert_int_eq(atomic_load(&s.wrong) + atomic_load(&t.wrong), 0);
        conceptdec_neighbors_free(found);
        conceptdec_ctx_free(ctx);
    }
    conceptdec_neighbors_free(expected);
}

START_TEST(tables)
{
    conceptdec_matrix x, queries;
    make_data(dtypes[_i], &x, &queries);
    for (int kind = 0; kind < 4; kind++)
        for (int32_t metric = 0; metric < 2; metric++)
            for (uint32_t screening = 0; screening < 4; screening++)
                compare_tables(screening, &x, &queries, (question){metric, kind});
}
END_TEST

/* Rows of one element, of less than a block, of several blocks. */
START_TEST(widths)
{
    static const int64_t cols[] = {1, 3, 17, 1024, MOST_COLS};
    static double wide[12 * MOST_COLS];
    for (size_t i = 0; i < sizeof cols / sizeof *cols; i++)
        for (int d = 0; d < 4; d++) {
            fill(dtypes[d], wide, 12 * MOST_COLS, 5);
            conceptdec_matrix x = dense(wide, 12, cols[i], dtypes[d]), queries = dense(wide, 1, cols[i], dtypes[d]);
            for (int kind = 0; kind < 2; kind++)
                compare_tables(0, &x, &queries, (question){CONCEPTDEC_METRIC_L2, kind});
        }
}
END_TEST

/* ---- scores ---- */

static void
expect_same_result(const conceptdec_result *a, const conceptdec_result *b)
{
    ck_assert_int_eq(conceptdec_result_count(a), conceptdec_result_count(b));
    for (int64_t i = 0; i < conceptdec_result_count(a); i++) {
        conceptdec_array one, other;
        const char *name = conceptdec_result_name(a, i);
        ck_assert_int_eq(conceptdec_result_get(a, name, &one), CONCEPTDEC_OK);
        ck_assert_int_eq(conceptdec_result_get(b, name, &other), CONCEPTDEC_OK);
        size_t size = 8;
        for (int axis = 0; axis < one.ndim; axis++)
            size *= (size_t)one.shape[axis];
        ck_assert_msg(memcmp(one.data, other.data, size) == 0, "%s differ", name);
    }
}

static conceptdec_result *
score(conceptdec_ctx *ctx, const conceptdec_matrix *x, const conceptdec_neighbors *table, int32_t protocol)
{
    conceptdec_matrix y = integers(labels, ROWS), g = integers(groups, ROWS), t = integers(train, ROWS);
    conceptdec_knn_options o = {.struct_size = sizeof o, .k = 4, .protocol = protocol, .permutations = 5};
    o.groups = protocol == CONCEPTDEC_PROTOCOL_GROUP ? &g : NULL;
    o.train = protocol == CONCEPTDEC_PROTOCOL_SPLIT ? &t : NULL;
    conceptdec_result *result = NULL;
    conceptdec_status status = table ? conceptdec_knn_decodability_neighbors(ctx, table, x, &y, &o, &result)
                                     : conceptdec_knn_decodability(ctx, x, &y, &o, &result);
    ck_assert_msg(status == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(ctx));
    return result;
}

/* Fresh, and from a table that is too shallow; that of the reader is told from its rows, too. */
START_TEST(scores)
{
    conceptdec_matrix x, queries;
    conceptdec_ctx *ctx = new_ctx(2, 0, NULL);
    store s;
    make_data(dtypes[_i], &x, &queries);
    for (int32_t protocol = 0; protocol < 5; protocol++) {
        conceptdec_matrix read = delivered(&s, &x);
        conceptdec_neighbors_options o = {.struct_size = sizeof o, .k = 2};
        conceptdec_neighbors *table = NULL;
        ck_assert_int_eq(conceptdec_neighbors_new(ctx, &x, NULL, &o, &table), CONCEPTDEC_OK);
        conceptdec_result *results[] = {score(ctx, &x, NULL, protocol), score(ctx, &read, NULL, protocol),
                                        score(ctx, &read, table, protocol)};
        for (int i = 1; i < 3; i++)
            expect_same_result(results[i], results[0]);
        for (int i = 0; i < 3; i++)
            conceptdec_result_free(results[i]);
        conceptdec_neighbors_free(table);
    }
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(sweeps)
{
    conceptdec_matrix x, queries, y;
    conceptdec_ctx *ctx = new_ctx(1, 0, NULL);
    conceptdec_result *expected = NULL, *found = NULL;
    conceptdec_knn_options knn = {.struct_size = sizeof knn, .chance_draws = 3};
    conceptdec_sweep_options o = {.struct_size = sizeof o, .knn = &knn};
    store stores[3];
    make_data(CONCEPTDEC_FLOAT16, &x, &queries);
    y = integers(labels, ROWS);
    conceptdec_matrix narrow = x, memory[3] = {x, x, x};
    narrow.cols--;
    memory[1] = narrow;
    conceptdec_matrix read[3] = {delivered(&stores[0], &x), narrow, delivered(&stores[2], &x)};
    ck_assert_int_eq(conceptdec_sweep(ctx, memory, 3, &y, &o, &expected), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_sweep(ctx, read, 3, &y, &o, &found), CONCEPTDEC_OK);
    expect_same_result(found, expected);
    conceptdec_result_free(found);

    /* A reader that fails loses its own cell only, wherever it fails. */
    long long calls = atomic_load(&stores[0].calls);
    for (long long n = 1; n <= calls; n += n < calls - 70 ? 61 : 1) {
        conceptdec_array status;
        atomic_store(&stores[0].calls, 0);
        stores[0].fail_at = n;
        ck_assert_int_eq(conceptdec_sweep(ctx, read, 3, &y, &o, &found), CONCEPTDEC_OK);
        ck_assert_int_eq(conceptdec_result_get(found, CONCEPTDEC_R_STATUS, &status), CONCEPTDEC_OK);
        const int64_t *cells = status.data;
        ck_assert_int_eq(cells[0], CONCEPTDEC_EREAD);
        ck_assert_ptr_nonnull(strstr(conceptdec_result_message(found, 0), "x: the reader returned 77 for rows "));
        ck_assert_int_eq(cells[1], CONCEPTDEC_OK);
        ck_assert_int_eq(cells[2], CONCEPTDEC_OK);
        conceptdec_result_free(found);
    }
    conceptdec_result_free(expected);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* ---- failures ---- */

/* Fails at every n-th call in turn: small enough for that. */
static void
fail_everywhere(int32_t threads, question q, bool of_queries)
{
    static char untouched;
    torture_allocator allocator = {0};
    conceptdec_ctx *ctx = new_ctx(threads, 0, &allocator);
    conceptdec_matrix x, queries;
    store s, t;
    make_data(CONCEPTDEC_FLOAT32, &x, &queries);
    conceptdec_matrix read_x = delivered(&s, &x), read_queries = delivered(&t, &queries);
    store *failing = of_queries ? &t : &s;
    conceptdec_neighbors *table = NULL;
    const char *begin =
        of_queries ? "queries: the reader returned 77 for rows " : "x: the reader returned 77 for rows ";
    ck_assert_int_eq(find(ctx, &read_x, &read_queries, q, &table), CONCEPTDEC_OK);
    conceptdec_neighbors_free(table);
    long long calls = atomic_load(&failing->calls);
    int64_t live = allocator.live;
    for (long long n = 1; n <= calls; n += n < 20 || n > calls - 10 ? 1 : 89) {
        table = (conceptdec_neighbors *)&untouched;
        atomic_store(&failing->calls, 0);
        failing->fail_at = n;
        conceptdec_status status = find(ctx, &read_x, &read_queries, q, &table);
        if (status == CONCEPTDEC_OK) { /* another order of the work has fewer calls */
            ck_assert_int_gt(threads, 1);
            ck_assert_int_lt(atomic_load(&failing->calls), n);
            conceptdec_neighbors_free(table);
            continue;
        }
        ck_assert_msg(status == CONCEPTDEC_EREAD, "call %lld: %d, %s", n, status, conceptdec_ctx_error(ctx));
        ck_assert_ptr_eq(table, &untouched);
        ck_assert_int_eq(strncmp(conceptdec_ctx_error(ctx), begin, strlen(begin)), 0);
        ck_assert_int_eq(allocator.live, live);
        if (threads == 1)
            ck_assert_int_eq(atomic_load(&failing->calls), n); /* it is not asked again */
    }
    failing->fail_at = 0;
    ck_assert_int_eq(find(ctx, &read_x, &read_queries, q, &table), CONCEPTDEC_OK);
    ck_assert_str_eq(conceptdec_ctx_error(ctx), "");
    conceptdec_neighbors_free(table);
    conceptdec_ctx_free(ctx);
    ck_assert_int_eq(allocator.live, 0);
}

START_TEST(failures)
{
    int32_t threads = all_threads[_i % 3], metric = _i / 3 % 2;
    fail_everywhere(threads, (question){metric, 0}, false);
    fail_everywhere(threads, (question){metric, 1}, false);
    fail_everywhere(threads, (question){metric, 1}, true);
}
END_TEST

START_TEST(failure_of_the_fingerprint)
{
    conceptdec_matrix x, queries, y;
    conceptdec_ctx *ctx = new_ctx(1, 0, NULL);
    conceptdec_neighbors_options o = {.struct_size = sizeof o, .k = 10};
    conceptdec_neighbors *table = NULL;
    conceptdec_result *result = NULL;
    store s;
    make_data(CONCEPTDEC_FLOAT32, &x, &queries);
    y = integers(labels, ROWS);
    conceptdec_matrix read = delivered(&s, &x);
    ck_assert_int_eq(conceptdec_neighbors_new(ctx, &x, NULL, &o, &table), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_knn_decodability_neighbors(ctx, table, &read, &y, NULL, &result), CONCEPTDEC_OK);
    conceptdec_result_free(result);
    result = NULL;
    int64_t calls = atomic_load(&s.calls);
    ck_assert_int_ge(calls, 2);
    for (int64_t n = 1; n <= calls; n++) {
        atomic_store(&s.calls, 0);
        s.fail_at = n;
        ck_assert_int_eq(conceptdec_knn_decodability_neighbors(ctx, table, &read, &y, NULL, &result),
                         CONCEPTDEC_EREAD);
        ck_assert_int_eq(atomic_load(&s.calls), n);
        ck_assert_ptr_null(result);
    }
    conceptdec_neighbors_free(table);
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(non_finite)
{
    conceptdec_matrix x, queries;
    conceptdec_ctx *ctx = new_ctx(2, 0, NULL);
    conceptdec_neighbors *table = NULL;
    store s;
    make_data(CONCEPTDEC_FLOAT16, &x, &queries);
    ((uint16_t *)values)[417 * COLS + 31] = 0x7c00;
    ((uint16_t *)values)[418 * COLS + 2] = 0x7e00;
    conceptdec_matrix read = delivered(&s, &x);
    ck_assert_int_eq(conceptdec_neighbors_new(ctx, &read, NULL, NULL, &table), CONCEPTDEC_ENONFINITE);
    ck_assert_str_eq(conceptdec_ctx_error(ctx), "x: non-finite value at row 417, column 31");
    conceptdec_ctx_free(ctx);
}
END_TEST

/* ---- how it is asked ---- */

typedef struct walk {
    const conceptdec_matrix *memory, *read;
    conceptdec_ctx *ctx;
    int64_t step;
} walk;

static conceptdec_status
compare_row(void *argument, int64_t task, int lane)
{
    const walk *w = argument;
    double expected[COLS], found[COLS];
    int64_t row = task * w->step % ROWS, col = task % 5, count = COLS - 2 * col;
    (void)lane;
    for (int part = 0; part < 2; part++) {
        const conceptdec_i_kernels *kernels = part ? w->ctx->kernels : NULL;
        conceptdec_i_view_widen(kernels, w->memory, row, col, count, expected);
        conceptdec_i_view_widen(kernels, w->read, row, col, count, found);
        if (memcmp(expected, found, (size_t)count * sizeof *found) != 0)
            return conceptdec_i_fail(w->ctx, CONCEPTDEC_EINVAL, "row %d", (int)row);
    }
    return CONCEPTDEC_OK;
}

typedef conceptdec_status (*opening)(conceptdec_i_arena *arena, const char *name, const conceptdec_matrix **view);

static void
compare_rows(conceptdec_ctx *ctx, store *s, const conceptdec_matrix *view, int64_t step, opening open)
{
    conceptdec_i_arena arena;
    conceptdec_matrix read = delivered(s, view);
    walk w = {.memory = view, .read = &read, .ctx = ctx, .step = step};
    conceptdec_i_arena_open(&arena, ctx);
    ck_assert_int_eq(conceptdec_i_enter(ctx), CONCEPTDEC_OK);
    ck_assert_int_eq(open(&arena, "x", &w.read), CONCEPTDEC_OK);
    ck_assert(!conceptdec_i_view_is_dense_rows(w.read));
    ck_assert_int_eq(conceptdec_i_parallel(ctx, ROWS, compare_row, &w), CONCEPTDEC_OK);
    conceptdec_i_arena_close(&arena);
    ck_assert_int_eq(atomic_load(&s->wrong), 0);
}

START_TEST(blocks)
{
    conceptdec_matrix x, queries;
    conceptdec_ctx *ctx = new_ctx(1, 0, NULL), *parallel = new_ctx(5, 0, NULL);
    store s;
    for (int i = 0; i < 4; i++) {
        make_data(dtypes[i], &x, &queries);
        int64_t block = (1 << 16) / x.row_stride;
        compare_rows(ctx, &s, &x, 1, conceptdec_i_view_open_once);
        ck_assert_int_eq(atomic_load(&s.rows), ROWS); /* in order: each row once, all but the first two in blocks */
        ck_assert_int_eq(atomic_load(&s.calls), 2 + (ROWS - 2 + block - 1) / block);
        compare_rows(ctx, &s, &x, ROWS - 1, conceptdec_i_view_open_once); /* backwards: one by one */
        ck_assert_int_le(atomic_load(&s.calls), ROWS);
        ck_assert_int_eq(atomic_load(&s.rows), atomic_load(&s.calls));
        compare_rows(parallel, &s, &x, 1, conceptdec_i_view_open_once);
        compare_rows(parallel, &s, &x, 7 * 13, conceptdec_i_view_open_once);
    }
    conceptdec_ctx_free(ctx);
    conceptdec_ctx_free(parallel);
}
END_TEST

/* Ascending rows that are near each other in pairs only: nothing is read but what is asked for. */
START_TEST(pairs)
{
    enum { APART = 100, NEAR = 3 };
    conceptdec_matrix x, queries;
    conceptdec_ctx *ctx = new_ctx(1, 0, NULL);
    conceptdec_i_arena arena;
    store s;
    make_data(CONCEPTDEC_FLOAT64, &x, &queries);
    conceptdec_matrix given = delivered(&s, &x);
    const conceptdec_matrix *read = &given;
    conceptdec_i_arena_open(&arena, ctx);
    ck_assert_int_eq(conceptdec_i_enter(ctx), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_i_view_open_once(&arena, "x", &read), CONCEPTDEC_OK);
    for (int64_t row = 0; row + NEAR < ROWS; row += row % APART == 0 ? NEAR : APART - NEAR) {
        double expected[COLS], found[COLS];
        conceptdec_i_view_widen(ctx->kernels, &x, row, 0, COLS, expected);
        conceptdec_i_view_widen(ctx->kernels, read, row, 0, COLS, found);
        ck_assert_mem_eq(expected, found, sizeof found);
    }
    ck_assert_int_eq(atomic_load(&s.rows), 2 * ((ROWS - NEAR - 1) / APART + 1));
    conceptdec_i_arena_close(&arena);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* Rows that are kept are asked for once, block by block, in whatever order they are read. */
START_TEST(kept)
{
    static const int64_t steps[] = {1, 7 * 13, ROWS - 1};
    conceptdec_matrix x, queries;
    conceptdec_ctx *ctx = new_ctx(1, 0, NULL), *parallel = new_ctx(5, 0, NULL);
    store s;
    for (int i = 0; i < 12; i++) {
        make_data(dtypes[i % 4], &x, &queries);
        int64_t block = (1 << 16) / x.row_stride;
        compare_rows(ctx, &s, &x, steps[i / 4], conceptdec_i_view_open);
        ck_assert_int_eq(atomic_load(&s.rows), ROWS);
        ck_assert_int_eq(atomic_load(&s.calls), (ROWS + block - 1) / block);
        compare_rows(parallel, &s, &x, steps[i / 4], conceptdec_i_view_open);
    }
    conceptdec_ctx_free(ctx);
    conceptdec_ctx_free(parallel);
}
END_TEST

static atomic_int asked;

static int32_t
deliver_zeros(void *user, int64_t first, int64_t count, void *rows)
{
    (void)first;
    atomic_fetch_add(&asked, 1);
    memset(rows, 0, (size_t)(count * *(int64_t *)user));
    return 0;
}

/* How often a reader is asked when row 0 is read, another one, and row 0 again. */
static int
ask_again(conceptdec_i_arena *arena, int64_t rows)
{
    static int64_t row_bytes = 1 << 16;
    static const conceptdec_reader reader = {.struct_size = sizeof reader, .read = deliver_zeros, .user = &row_bytes};
    const conceptdec_matrix x = {.data = &reader, .rows = rows, .cols = 1 << 15, .dtype = CONCEPTDEC_BFLOAT16,
                                 .flags = CONCEPTDEC_MATRIX_READER}, *view = &x;
    double value;
    ck_assert_int_eq(conceptdec_i_view_open(arena, "x", &view), CONCEPTDEC_OK);
    atomic_store(&asked, 0);
    for (int64_t i = 0; i < 3; i++)
        conceptdec_i_view_widen(arena->ctx->kernels, view, i % 2 * (rows - 1), 0, 1, &value);
    return atomic_load(&asked);
}

/* 64 MiB are kept for one arena, however many views it opens. */
START_TEST(most_kept)
{
    conceptdec_ctx *ctx = new_ctx(1, 0, NULL);
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, ctx);
    ck_assert_int_eq(ask_again(&arena, 1025), 3);
    ck_assert_int_eq(ask_again(&arena, 1000), 2);
    ck_assert_int_eq(ask_again(&arena, 25), 3);
    ck_assert_int_eq(ask_again(&arena, 24), 2);
    ck_assert_int_eq(ask_again(&arena, 2), 3);
    conceptdec_i_arena_close(&arena);
    conceptdec_i_arena_open(&arena, ctx);
    ck_assert_int_eq(ask_again(&arena, 1024), 2);
    conceptdec_i_arena_close(&arena);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* Two contexts read through one reader at once: nothing of it is shared. */
typedef struct reading {
    const conceptdec_matrix *x;
    conceptdec_neighbors *table;
    conceptdec_status status;
} reading;

static void *
read_alone(void *argument)
{
    reading *r = argument;
    conceptdec_ctx *ctx = new_ctx(2, 0, NULL);
    r->status = conceptdec_neighbors_new(ctx, r->x, NULL, NULL, &r->table);
    conceptdec_ctx_free(ctx);
    return NULL;
}

START_TEST(two_contexts)
{
    conceptdec_matrix x, queries;
    pthread_t threads[2];
    store s;
    make_data(CONCEPTDEC_BFLOAT16, &x, &queries);
    conceptdec_matrix read = delivered(&s, &x);
    reading readings[2] = {{.x = &read}, {.x = &read}};
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, read_alone, &readings[i]), 0);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert_int_eq(readings[i].status, CONCEPTDEC_OK);
    }
    expect_same_table(readings[0].table, readings[1].table);
    conceptdec_neighbors_free(readings[0].table);
    conceptdec_neighbors_free(readings[1].table);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("reader");
    TCase *tests = tcase_create("reader");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, tables, 0, 4);
    tcase_add_test(tests, widths);
    tcase_add_loop_test(tests, scores, 0, 4);
    tcase_add_test(tests, sweeps);
    tcase_add_loop_test(tests, failures, 0, 6);
    tcase_add_test(tests, failure_of_the_fingerprint);
    tcase_add_test(tests, non_finite);
    tcase_add_test(tests, blocks);
    tcase_add_test(tests, pairs);
    tcase_add_test(tests, kept);
    tcase_add_test(tests, most_kept);
    tcase_add_test(tests, two_contexts);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

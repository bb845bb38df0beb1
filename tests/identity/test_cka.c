/* CKA, mutual k-NN and information imbalance: unchanged by what must not matter, and the same in two ways. */
#include "check_main.h"
#include "similar.h"

enum { ROWS = 300, COLS = 12, WIDE = 280, VIEWS = 3 };

static double values[VIEWS][ROWS * WIDE];
static int cols[VIEWS] = {COLS, WIDE, COLS};

static const conceptdec_similarity_options kinds[] = {
    {.kind = CONCEPTDEC_SIMILARITY_CKA_DEBIASED},
    {.kind = CONCEPTDEC_SIMILARITY_CKA_BIASED},
    {.kind = CONCEPTDEC_SIMILARITY_CKA_DEBIASED, .kernel = CONCEPTDEC_CKA_RBF},
    {.kind = CONCEPTDEC_SIMILARITY_CKA_BIASED, .kernel = CONCEPTDEC_CKA_RBF, .bandwidth = 0.5},
    {.kind = CONCEPTDEC_SIMILARITY_MUTUAL_KNN, .k = 4},
    {.kind = CONCEPTDEC_SIMILARITY_INFORMATION_IMBALANCE, .k = 3},
    {.kind = CONCEPTDEC_SIMILARITY_MUTUAL_KNN, .k = 7, .metric = CONCEPTDEC_METRIC_COSINE},
};
enum { KINDS = sizeof kinds / sizeof *kinds, OF_DISTANCES = 6 /* kinds that know rotations and offsets */ };

static double
uniform(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 40) / (1 << 24) - 0.5;
}

/* The third view shares the first one's columns by halves. Odd seeds: few columns, whose products take less time than
 * kernels do. */
static void
draw(uint64_t seed, conceptdec_matrix *views)
{
    cols[1] = seed % 2 ? 40 : WIDE;
    for (int v = 0; v < VIEWS; v++) {
        for (int i = 0; i < ROWS * cols[v]; i++)
            values[v][i] = uniform(&seed);
        for (int i = 0; v == 2 && i < ROWS * COLS; i++)
            values[v][i] += values[0][i];
        views[v] = wide_view(values[v], ROWS, cols[v]);
    }
}

static conceptdec_similarity_options
with_draws(int kind)
{
    conceptdec_similarity_options o = kinds[kind];
    o.permutations = 7;
    o.bootstrap = 5;
    o.seed = 11;
    return o;
}

START_TEST(any_threads)
{
    const int kind = _i / 2;
    conceptdec_matrix views[VIEWS];
    draw((uint64_t)_i, views);
    conceptdec_result *wanted = NULL;
    for (int32_t threads = 1; threads <= 5; threads += threads == 3 ? 2 : 1) {
        conceptdec_ctx *ctx = ctx_with(threads);
        conceptdec_result *r = similarity_of(ctx, views, VIEWS, NULL, 0, with_draws(kind));
        if (wanted) {
            assert_same(r, wanted);
            conceptdec_result_free(r);
        } else {
            wanted = r;
        }
        conceptdec_ctx_free(ctx);
    }
    conceptdec_result_free(wanted);
}
END_TEST

/* Pairs within one list are those of two lists, and of one pair at a time. */
START_TEST(any_lists)
{
    conceptdec_ctx *ctx = ctx_with(2);
    conceptdec_matrix views[VIEWS];
    draw(_i < 2 ? 3 : 2, views); /* linear kernels: products of columns */
    conceptdec_result *self = similarity_of(ctx, views, VIEWS, NULL, 0, with_draws(_i));
    conceptdec_result *both = similarity_of(ctx, views, VIEWS, views, VIEWS, with_draws(_i));
    conceptdec_result *one = similarity_of(ctx, views, 1, views + 2, 1, with_draws(_i));
    assert_near(self, both, CONCEPTDEC_R_VALUE, 1e-14);
    assert_near(self, both, CONCEPTDEC_R_CI_LOW, 1e-12);
    ck_assert_double_eq_tol(element(one, CONCEPTDEC_R_VALUE, 0), element(self, CONCEPTDEC_R_VALUE, 2), 1e-14);
    ck_assert_double_eq_tol(element(one, CONCEPTDEC_R_P_VALUE, 0), element(self, CONCEPTDEC_R_P_VALUE, 2), 1e-300);
    ck_assert_double_eq_tol(element(one, CONCEPTDEC_R_CI_HIGH, 0), element(self, CONCEPTDEC_R_CI_HIGH, 2), 1e-12);
    for (int draw_ = 0; draw_ < 7; draw_++)
        ck_assert_double_eq_tol(element(one, CONCEPTDEC_R_NULL, draw_), element(self, CONCEPTDEC_R_NULL, draw_ * 9 + 2),
                                1e-12);
    bool is_symmetric = kinds[_i].kind != CONCEPTDEC_SIMILARITY_INFORMATION_IMBALANCE;
    for (int v = 0; v < VIEWS; v++)
        for (int w = 0; w < v; w++) {
            double x = element(both, CONCEPTDEC_R_VALUE, v * VIEWS + w),
                   y = element(both, CONCEPTDEC_R_VALUE, w * VIEWS + v);
            ck_assert(is_symmetric ? fabs(x - y) <= 1e-15 : fabs(x - y) > 1e-6);
        }
    for (int v = 0; v < VIEWS && is_symmetric; v++)
        ck_assert_double_eq_tol(element(both, CONCEPTDEC_R_VALUE, 4 * v), 1, 1e-15);
    conceptdec_result_free(self);
    conceptdec_result_free(both);
    conceptdec_result_free(one);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* Columns turned by pairs, scaled and moved. */
static void
turn(const double *in, int d, double angle, double scale, double offset, double *out)
{
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < d; j += 2) {
            double x = in[i * d + j], y = in[i * d + j + 1];
            out[i * d + j] = scale * (cos(angle) * x - sin(angle) * y) + offset;
            out[i * d + j + 1] = scale * (sin(angle) * x + cos(angle) * y) - offset;
        }
}

START_TEST(any_axes)
{
    static const double scales[] = {1, 3, 0x1p-500, 0x1p490, 1}, offsets[] = {0, 2, 0, 0, 1e6};
    static double turned[ROWS * COLS];
    conceptdec_ctx *ctx = ctx_with(2);
    conceptdec_matrix views[VIEWS];
    draw(3, views);
    conceptdec_result *wanted = similarity_of(ctx, views, VIEWS, NULL, 0, kinds[_i]);
    for (int c = 0; c < 5; c++) {
        turn(values[0], COLS, 0.7, scales[c], offsets[c], turned);
        conceptdec_matrix other[] = {wide_view(turned, ROWS, COLS), views[1], views[2]};
        conceptdec_result *r = similarity_of(ctx, other, VIEWS, NULL, 0, kinds[_i]);
        assert_near(r, wanted, CONCEPTDEC_R_VALUE, c == 4 ? 1e-8 : 1e-12);
        conceptdec_result_free(r);
    }
    conceptdec_result_free(wanted);
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(any_order_of_rows)
{
    static double moved[VIEWS][ROWS * WIDE];
    conceptdec_ctx *ctx = ctx_with(2);
    conceptdec_matrix views[VIEWS], others[VIEWS];
    draw(4, views);
    for (int v = 0; v < VIEWS; v++) {
        for (int i = 0; i < ROWS; i++)
            memcpy(moved[v] + i * cols[v], values[v] + i * 7 % ROWS * cols[v], (size_t)cols[v] * 8);
        others[v] = wide_view(moved[v], ROWS, cols[v]);
    }
    conceptdec_result *a = similarity_of(ctx, views, VIEWS, NULL, 0, kinds[_i]);
    conceptdec_result *b = similarity_of(ctx, others, VIEWS, NULL, 0, kinds[_i]);
    assert_near(a, b, CONCEPTDEC_R_VALUE, 1e-12);
    conceptdec_result_free(a);
    conceptdec_result_free(b);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* ---- layouts ---- */

static int32_t
read_rows(void *user, int64_t first, int64_t count, void *out)
{
    const conceptdec_matrix *view = user;
    memcpy(out, (const char *)view->data + first * view->row_stride, (size_t)(count * view->row_stride));
    return 0;
}

/* Reversed columns far apart, and a reader: the same bits. */
START_TEST(any_layout)
{
    static double apart[ROWS * COLS * 2];
    conceptdec_ctx *ctx = ctx_with(2);
    conceptdec_matrix views[VIEWS];
    draw(5, views);
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLS; j++)
            apart[(COLS - 1 - j) * 2 * ROWS + 2 * i] = values[0][i * COLS + j];
    conceptdec_matrix strided = wide_view(apart + (COLS - 1) * 2 * ROWS, ROWS, COLS), read = views[1];
    strided.row_stride = 16;
    strided.col_stride = -16 * ROWS;
    const conceptdec_reader reader = {.struct_size = sizeof reader, .read = read_rows, .user = &views[1]};
    read.data = &reader;
    read.flags = CONCEPTDEC_MATRIX_READER;
    read.row_stride = read.col_stride = 0;
    conceptdec_matrix others[] = {strided, read, views[2]};
    conceptdec_result *a = similarity_of(ctx, views, VIEWS, NULL, 0, with_draws(_i));
    conceptdec_result *b = similarity_of(ctx, others, VIEWS, NULL, 0, with_draws(_i));
    assert_same(a, b);
    conceptdec_result_free(a);
    conceptdec_result_free(b);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* Numbers that float holds: the products of floats are as those of doubles, nearly. */
START_TEST(narrow_as_wide)
{
    static float narrow[ROWS * WIDE];
    conceptdec_ctx *ctx = ctx_with(2);
    const int kind = _i / 2;
    conceptdec_matrix views[VIEWS];
    draw((uint64_t)(20 + _i), views);
    for (int i = 0; i < ROWS * cols[1]; i++)
        values[1][i] = narrow[i] = (float)values[1][i];
    conceptdec_matrix others[] = {views[0], views[1], views[2]};
    others[1].data = narrow;
    others[1].dtype = CONCEPTDEC_FLOAT32;
    others[1].row_stride = 4 * cols[1];
    others[1].col_stride = 4;
    conceptdec_result *a = similarity_of(ctx, views, VIEWS, NULL, 0, with_draws(kind));
    conceptdec_result *b = similarity_of(ctx, others, VIEWS, NULL, 0, with_draws(kind));
    assert_near(a, b, CONCEPTDEC_R_VALUE, 1e-7);
    assert_near(a, b, CONCEPTDEC_R_NULL, 1e-7);
    assert_near(a, b, CONCEPTDEC_R_CI_LOW, 1e-7);
    conceptdec_result_free(a);
    conceptdec_result_free(b);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* Blocks of 256 rows, or all at once. */
START_TEST(any_memory)
{
    conceptdec_ctx *ctx = ctx_with(2);
    conceptdec_matrix views[VIEWS];
    draw(_i < 4 ? 6 : 7, views);
    conceptdec_similarity_options o = kinds[_i];
    conceptdec_result *a = similarity_of(ctx, views, VIEWS, NULL, 0, o);
    o.memory = VIEWS * 8 * 256 * 256; /* products of columns have no room */
    conceptdec_result *b = similarity_of(ctx, views, VIEWS, NULL, 0, o);
    assert_near(a, b, CONCEPTDEC_R_VALUE, 1e-14);
    conceptdec_result_free(a);
    conceptdec_result_free(b);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* ---- CKA alone ---- */

/* Where there is no room for products of columns, kernels give the same, draws included; many columns that are constant
 * add nothing. */
START_TEST(columns_as_kernels)
{
    enum { FEW = 200, MORE = 300 };
    static double padded[FEW * (COLS + MORE)];
    conceptdec_ctx *ctx = ctx_with(2);
    conceptdec_matrix views[VIEWS];
    draw(31, views);
    for (int i = 0; i < FEW; i++)
        for (int j = 0; j < COLS + MORE; j++)
            padded[i * (COLS + MORE) + j] = j < COLS ? values[0][i * COLS + j] : 3;
    for (int v = 0; v < VIEWS; v++)
        views[v].rows = FEW;
    conceptdec_matrix others[] = {wide_view(padded, FEW, COLS + MORE), views[1], views[2]};
    for (int both = 0; both < 2; both++) {
        conceptdec_similarity_options o = with_draws(_i);
        conceptdec_result *a = similarity_of(ctx, views, both ? 2 : VIEWS, both ? views + 1 : NULL, both ? 2 : 0, o);
        conceptdec_result *b = similarity_of(ctx, others, both ? 2 : VIEWS, both ? others + 1 : NULL, both ? 2 : 0, o);
        assert_near(a, b, CONCEPTDEC_R_VALUE, 1e-13);
        assert_near(a, b, CONCEPTDEC_R_NULL, 1e-13);
        assert_near(a, b, CONCEPTDEC_R_CI_LOW, 1e-11);
        assert_near(a, b, CONCEPTDEC_R_CI_HIGH, 1e-11);
        conceptdec_result_free(a);
        conceptdec_result_free(b);
    }
    conceptdec_ctx_free(ctx);
}
END_TEST

/* Products of columns of more rows than one block holds are those of the same rows from the last to the first, which
 * other blocks hold. The columns of a view are one list of numbers, each from a place further on. */
START_TEST(blocks_of_rows)
{
    enum { MANY = 31000, COLUMNS = 140 };
    static double list[2][MANY + COLUMNS];
    conceptdec_ctx *ctx = ctx_with(2);
    conceptdec_matrix views[2], reversed[2];
    uint64_t seed = 3;
    for (int64_t i = 0; i < MANY + COLUMNS; i++) {
        list[0][i] = uniform(&seed) + (double)i / MANY; /* no rows are like others */
        list[1][i] = uniform(&seed) + list[0][i];
    }
    for (int v = 0; v < 2; v++) {
        views[v] = reversed[v] = wide_view(list[v], MANY, COLUMNS);
        views[v].row_stride = 8;
        reversed[v].data = &list[v][MANY - 1];
        reversed[v].row_stride = -8;
    }
    const conceptdec_similarity_options o = {.kind = CONCEPTDEC_SIMILARITY_CKA_BIASED};
    conceptdec_result *a = similarity_of(ctx, views, 2, NULL, 0, o), *b = similarity_of(ctx, reversed, 2, NULL, 0, o);
    assert_near(a, b, CONCEPTDEC_R_CKA_BIASED, 1e-12);
    assert_near(a, b, CONCEPTDEC_R_CKA_DEBIASED, 1e-12);
    conceptdec_result_free(a);
    conceptdec_result_free(b);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* Each kind gives what the other one does, too, from the same pass. */
START_TEST(both_estimates)
{
    conceptdec_ctx *ctx = ctx_with(2);
    conceptdec_matrix views[VIEWS];
    draw(9, views);
    for (int v = 0; v < VIEWS; v++)
        views[v].rows = _i / 2 ? 3 : ROWS;
    const conceptdec_similarity_options o = {.kind = CONCEPTDEC_SIMILARITY_CKA_BIASED, .kernel = _i % 2};
    const conceptdec_similarity_options other = {.kernel = _i % 2};
    conceptdec_result *biased = similarity_of(ctx, views, VIEWS, NULL, 0, o);
    for (int64_t i = 0; i < VIEWS * VIEWS; i++) {
        ck_assert_double_eq_tol(element(biased, CONCEPTDEC_R_CKA_BIASED, i), element(biased, CONCEPTDEC_R_VALUE, i),
                                1e-300);
        if (_i / 2) /* of 3 rows there is no other one */
            ck_assert_double_nan(element(biased, CONCEPTDEC_R_CKA_DEBIASED, i));
    }
    if (_i / 2 == 0) {
        conceptdec_result *debiased = similarity_of(ctx, views, VIEWS, NULL, 0, other);
        for (int64_t i = 0; i < VIEWS * VIEWS; i++) {
            double value = element(debiased, CONCEPTDEC_R_VALUE, i);
            ck_assert_double_eq_tol(element(debiased, CONCEPTDEC_R_CKA_DEBIASED, i), value, 1e-300);
            ck_assert_double_eq_tol(element(biased, CONCEPTDEC_R_CKA_DEBIASED, i), value, 1e-300);
            ck_assert_double_eq_tol(element(debiased, CONCEPTDEC_R_CKA_BIASED, i),
                                    element(biased, CONCEPTDEC_R_VALUE, i), 1e-300);
        }
        conceptdec_result_free(debiased);
    }
    conceptdec_result_free(biased);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* One batch of all rows is no batch; a batch that does not fill is left out. */
START_TEST(batches)
{
    conceptdec_ctx *ctx = ctx_with(2);
    conceptdec_matrix views[VIEWS], fewer[VIEWS];
    draw(8, views);
    for (int kind = 0; kind < 4; kind++) {
        conceptdec_similarity_options o = kinds[kind];
        conceptdec_result *whole = similarity_of(ctx, views, VIEWS, NULL, 0, o);
        o.batch = ROWS;
        conceptdec_result *one = similarity_of(ctx, views, VIEWS, NULL, 0, o);
        assert_near(whole, one, CONCEPTDEC_R_VALUE, 1e-12);
        conceptdec_result_free(whole);
        conceptdec_result_free(one);
    }
    for (int v = 0; v < VIEWS; v++) {
        fewer[v] = views[v];
        fewer[v].rows = 280;
    }
    conceptdec_similarity_options o = {.batch = 40};
    conceptdec_result *a = similarity_of(ctx, views, VIEWS, NULL, 0, o);
    conceptdec_result *b = similarity_of(ctx, fewer, VIEWS, NULL, 0, o);
    assert_near(a, b, CONCEPTDEC_R_VALUE, 1e-12);
    ck_assert_double_eq_tol(element(a, CONCEPTDEC_R_N_LEFT_OUT, 0), 20, 1e-300);
    ck_assert_double_eq_tol(element(b, CONCEPTDEC_R_N_LEFT_OUT, 0), 0, 1e-300);
    conceptdec_result_free(a);
    conceptdec_result_free(b);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* Views that have nothing in common: 0 in the mean, and well above it for the biased one. p-values are uniform. */
START_TEST(independent)
{
    enum { TIMES = 40 };
    conceptdec_ctx *ctx = ctx_with(2);
    double sums[2] = {0}, p = 0;
    for (uint64_t time = 0; time < TIMES; time++) {
        conceptdec_matrix views[VIEWS];
        draw(100 + time, views);
        views[0].rows = views[1].rows = 30;
        for (int kind = 0; kind < 2; kind++) {
            conceptdec_similarity_options o = kinds[kind];
            o.permutations = kind ? 0 : 19;
            conceptdec_result *r = similarity_of(ctx, views, 1, views + 1, 1, o);
            sums[kind] += element(r, CONCEPTDEC_R_VALUE, 0) / TIMES;
            p += kind ? 0 : element(r, CONCEPTDEC_R_P_VALUE, 0) / TIMES;
            conceptdec_result_free(r);
        }
    }
    ck_assert_double_le(fabs(sums[0]), 0.02);
    ck_assert_double_ge(sums[1], 0.4);
    ck_assert(p > 0.35 && p < 0.7);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* Groups move as blocks, rows within groups stay there: constant groups are as alike under any order within them. */
START_TEST(groups)
{
    static int64_t codes[ROWS];
    static double steps[ROWS];
    conceptdec_ctx *ctx = ctx_with(2);
    conceptdec_matrix views[VIEWS];
    draw(9, views);
    for (int i = 0; i < ROWS; i++) {
        codes[i] = i / 5 * 17 - 3;
        steps[i] = sin((double)(i / 5));
    }
    const conceptdec_matrix column = {
        .data = codes, .rows = ROWS, .cols = 1, .row_stride = 8, .col_stride = 8, .dtype = CONCEPTDEC_INT64};
    conceptdec_matrix constant = wide_view(steps, ROWS, 1);
    conceptdec_similarity_options o = {.permutations = 9, .groups = &column, .permute = CONCEPTDEC_PERMUTE_WITHIN};
    conceptdec_result *r = similarity_of(ctx, views, 1, &constant, 1, o);
    for (int draw_ = 0; draw_ < 9; draw_++)
        ck_assert_double_eq_tol(element(r, CONCEPTDEC_R_NULL, draw_), element(r, CONCEPTDEC_R_VALUE, 0), 1e-12);
    ck_assert_double_eq_tol(element(r, CONCEPTDEC_R_P_VALUE, 0), 1, 1e-300);
    conceptdec_result_free(r);
    o.permute = CONCEPTDEC_PERMUTE_FREE;
    r = similarity_of(ctx, &constant, 1, &constant, 1, o);
    for (int draw_ = 0; draw_ < 9; draw_++)
        ck_assert_double_le(element(r, CONCEPTDEC_R_NULL, draw_), 0.9);
    conceptdec_result_free(r);
    conceptdec_ctx_free(ctx);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("cka");
    TCase *tests = tcase_create("cka");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, any_threads, 0, 2 * KINDS);
    tcase_add_loop_test(tests, any_lists, 0, KINDS);
    tcase_add_loop_test(tests, any_axes, 0, OF_DISTANCES);
    tcase_add_loop_test(tests, any_order_of_rows, 0, KINDS);
    tcase_add_loop_test(tests, any_layout, 0, KINDS);
    tcase_add_loop_test(tests, narrow_as_wide, 0, 2 * KINDS);
    tcase_add_loop_test(tests, any_memory, 0, KINDS);
    tcase_add_loop_test(tests, columns_as_kernels, 0, 2);
    tcase_add_test(tests, batches);
    tcase_add_test(tests, blocks_of_rows);
    tcase_add_loop_test(tests, both_estimates, 0, 4);
    tcase_add_test(tests, independent);
    tcase_add_test(tests, groups);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

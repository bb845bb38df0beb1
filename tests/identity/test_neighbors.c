/* Two ways to one neighbour table: what must not change when the data is turned, moved, scaled, shuffled or laid out in
 * another way, nor with the number of threads or the processor. */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <conceptdec/conceptdec.h>

#include "check_main.h"

enum { ROWS = 160, COLS = 33, K = 7 };

typedef struct answer {
    int64_t n, k;
    int64_t *indices, *count, *ties;
    double *distances;
} answer;

static uint64_t state;
static conceptdec_ctx *ctx;

static double
uniform(void) /* in [-0.5, 0.5) */
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) * 0x1p-53 - 0.5;
}

/* ---- data: generic, or small integers with many ties and equal rows, which every dtype holds exactly ---- */

typedef enum { GENERIC, TIED } kind;

static void
fill(kind k, double *x, int64_t n, int64_t d)
{
    state = 11;
    for (int64_t i = 0; i < n * d; i++)
        x[i] = k == GENERIC ? uniform() + uniform() : (i % d < 3 ? floor(3 * (uniform() + 0.5)) - 1 : 1);
}

static conceptdec_matrix
packed(const double *x, int64_t n, int64_t d)
{
    return (conceptdec_matrix){
        .data = x, .rows = n, .cols = d, .row_stride = 8 * d, .col_stride = 8, .dtype = CONCEPTDEC_FLOAT64};
}

/* ---- tables ---- */

static uint32_t screening; /* CONCEPTDEC_SCREENING_* of the contexts that are opened */

static void
open_context(int32_t threads, uint32_t mask)
{
    conceptdec_ctx_options o = {
        .struct_size = sizeof o, .threads = threads, .kernel_mask = mask, .screening = screening};
    conceptdec_ctx_free(ctx);
    ck_assert_int_eq(conceptdec_ctx_new(&o, &ctx), CONCEPTDEC_OK);
}

static void *
copy_array(const conceptdec_neighbors *table, const char *name, int64_t *n, int64_t *k)
{
    conceptdec_array array;
    ck_assert_int_eq(conceptdec_neighbors_get(table, name, &array), CONCEPTDEC_OK);
    *n = array.shape[0];
    *k = array.ndim == 2 ? array.shape[1] : 1;
    size_t size = (size_t)(*n * *k) * 8;
    return memcpy(malloc(size), array.data, size);
}

static answer
find_with(const conceptdec_matrix *x, const conceptdec_matrix *queries, conceptdec_neighbors_options o)
{
    conceptdec_neighbors *table = NULL;
    answer a;
    int64_t one;
    o.struct_size = sizeof o;
    conceptdec_status status = conceptdec_neighbors_new(ctx, x, queries, &o, &table);
    ck_assert_msg(status == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(ctx));
    a.count = copy_array(table, CONCEPTDEC_N_COUNT, &a.n, &one);
    a.ties = copy_array(table, CONCEPTDEC_N_TIES, &a.n, &one);
    a.indices = copy_array(table, CONCEPTDEC_N_INDICES, &a.n, &a.k);
    a.distances = copy_array(table, CONCEPTDEC_N_DISTANCES, &a.n, &a.k);
    conceptdec_neighbors_free(table);
    return a;
}

static answer
find(const conceptdec_matrix *x, int64_t k, int32_t metric)
{
    return find_with(x, NULL, (conceptdec_neighbors_options){.k = k, .metric = metric});
}

static void
drop(answer *a)
{
    free(a->indices);
    free(a->distances);
    free(a->count);
    free(a->ties);
}

static void
expect_same_indices(const answer *a, const answer *b)
{
    ck_assert(a->n == b->n && a->k == b->k);
    ck_assert_mem_eq(a->indices, b->indices, (size_t)(a->n * a->k) * 8);
    ck_assert_mem_eq(a->count, b->count, (size_t)a->n * 8);
    ck_assert_mem_eq(a->ties, b->ties, (size_t)a->n * 8);
}

static void
expect_same(answer a, answer b)
{
    expect_same_indices(&a, &b);
    ck_assert_mem_eq(a.distances, b.distances, (size_t)(a.n * a.k) * 8);
    drop(&a);
    drop(&b);
}

static void
expect_close(answer a, answer b, double factor, double tolerance)
{
    expect_same_indices(&a, &b);
    for (int64_t i = 0; i < a.n * a.k; i++)
        ck_assert_double_le(fabs(factor * a.distances[i] - b.distances[i]), tolerance * factor);
    drop(&a);
    drop(&b);
}

static void
setup(void)
{
    ctx = NULL;
    open_context(2, 0);
}

static void
teardown(void)
{
    conceptdec_ctx_free(ctx);
}

/* ---- geometry ---- */

/* x Q for a product of Householder reflections Q. */
static void
rotate(double *x, int64_t n, int64_t d)
{
    double *v = malloc((size_t)d * sizeof *v);
    for (int turn = 0; turn < 5; turn++) {
        double norm2 = 0;
        for (int64_t j = 0; j < d; j++) {
            v[j] = uniform();
            norm2 += v[j] * v[j];
        }
        for (int64_t i = 0; i < n; i++) {
            double dot = 0;
            for (int64_t j = 0; j < d; j++)
                dot += v[j] * x[i * d + j];
            for (int64_t j = 0; j < d; j++)
                x[i * d + j] -= 2 * dot / norm2 * v[j];
        }
    }
    free(v);
}

START_TEST(rotation)
{
    static double x[ROWS * COLS], y[ROWS * COLS];
    conceptdec_matrix a = packed(x, ROWS, COLS), b = packed(y, ROWS, COLS);
    fill(GENERIC, x, ROWS, COLS);
    memcpy(y, x, sizeof y);
    rotate(y, ROWS, COLS);
    ck_assert_double_gt(fabs(x[0] - y[0]), 1e-3);
    expect_close(find(&a, K, _i), find(&b, K, _i), 1, 1e-12);
}
END_TEST

START_TEST(translation)
{
    static double x[ROWS * COLS], y[ROWS * COLS];
    conceptdec_matrix a = packed(x, ROWS, COLS), b = packed(y, ROWS, COLS);
    fill(GENERIC, x, ROWS, COLS);
    for (int i = 0; i < ROWS * COLS; i++)
        y[i] = x[i] + 100.0 + 7 * (i % COLS);
    expect_close(find(&a, K, CONCEPTDEC_METRIC_L2), find(&b, K, CONCEPTDEC_METRIC_L2), 1, 1e-11);
    fill(TIED, x, ROWS, COLS); /* small integers: the moved ones are exact, and so are the ties */
    for (int i = 0; i < ROWS * COLS; i++)
        y[i] = x[i] + 4096 - i % COLS;
    expect_same(find(&a, K, CONCEPTDEC_METRIC_L2), find(&b, K, CONCEPTDEC_METRIC_L2));
}
END_TEST

START_TEST(scaling_by_powers_of_two)
{
    static const int exponents[] = {1, -1, 30, -30, 200, -200, 390, -390, 700, -700, 1000, -850};
    static double x[ROWS * COLS], y[ROWS * COLS];
    conceptdec_matrix a = packed(x, ROWS, COLS), b = packed(y, ROWS, COLS);
    double factor = ldexp(1, exponents[_i / 2]);
    fill(_i % 2 ? TIED : GENERIC, x, ROWS, COLS);
    for (int i = 0; i < ROWS * COLS; i++)
        y[i] = x[i] * factor;
    expect_close(find(&a, K, CONCEPTDEC_METRIC_L2), find(&b, K, CONCEPTDEC_METRIC_L2), factor, 0);
    expect_same(find(&a, K, CONCEPTDEC_METRIC_COSINE), find(&b, K, CONCEPTDEC_METRIC_COSINE));
}
END_TEST

START_TEST(cosine_of_scaled_rows)
{
    static double x[ROWS * COLS], y[ROWS * COLS];
    conceptdec_matrix a = packed(x, ROWS, COLS), b = packed(y, ROWS, COLS);
    fill(GENERIC, x, ROWS, COLS);
    memset(x + 5 * COLS, 0, COLS * sizeof *x);
    for (int i = 0; i < ROWS * COLS; i++)
        y[i] = ldexp(x[i], (i / COLS * 37) % 1000 - 500);
    expect_same(find(&a, K, CONCEPTDEC_METRIC_COSINE), find(&b, K, CONCEPTDEC_METRIC_COSINE));
}
END_TEST

/* ---- the order of the rows ---- */

/* Where each row goes. */
static void
shuffle(int64_t *place)
{
    for (int64_t i = 0; i < ROWS; i++)
        place[i] = i;
    for (int64_t i = ROWS - 1; i > 0; i--) {
        int64_t j = (int64_t)((uniform() + 0.5) * (double)(i + 1)), held = place[i];
        place[i] = place[j];
        place[j] = held;
    }
}

START_TEST(order_of_rows)
{
    static double x[ROWS * COLS], y[ROWS * COLS];
    int64_t place[ROWS];
    conceptdec_matrix a = packed(x, ROWS, COLS), b = packed(y, ROWS, COLS);
    kind k = _i % 2 ? TIED : GENERIC;
    fill(k, x, ROWS, COLS);
    shuffle(place);
    for (int64_t i = 0; i < ROWS; i++)
        memcpy(y + place[i] * COLS, x + i * COLS, COLS * sizeof *x);
    answer before = find(&a, K, _i / 2), after = find(&b, K, _i / 2);
    for (int64_t i = 0; i < ROWS; i++) {
        const double *moved = after.distances + place[i] * K;
        ck_assert_mem_eq(before.distances + i * K, moved, K * sizeof *moved);
        ck_assert_int_eq(before.ties[i], after.ties[place[i]]);
        for (int64_t j = 0; j < K && k == GENERIC; j++)
            ck_assert_int_eq(place[before.indices[i * K + j]], after.indices[place[i] * K + j]);
    }
    drop(&before);
    drop(&after);
}
END_TEST

/* ---- strides and dtypes ---- */

typedef struct layout {
    int64_t offset, row, col; /* in elements, of a buffer of ROWS * 3 by COLS * 3 */
    int64_t bytes;            /* more, to spoil the alignment */
} layout;

static const layout layouts[] = {
    {0, COLS, 1, 0},
    {0, COLS, 1, 1},
    {0, COLS + 5, 1, 3},
    {0, 1, ROWS, 0},
    {(ROWS - 1) * COLS, -COLS, 1, 0},
    {COLS - 1, COLS, -1, 5},
    {ROWS * COLS - 1, -COLS, -1, 0},
    {1, 2 * COLS + 4, 2, 0},
    {ROWS - 1, -1, ROWS + 2, 0},
};

enum { LAYOUTS = sizeof layouts / sizeof *layouts };

static void
put(char *at, int32_t dtype, double value)
{
    float narrow = (float)value;
    uint32_t bits;
    memcpy(&bits, &narrow, 4);
    uint16_t half = (uint16_t)(bits >> 16);
    if (dtype == CONCEPTDEC_FLOAT16 && narrow < 0)
        half = 0xbc00;
    else if (dtype == CONCEPTDEC_FLOAT16)
        half = narrow > 0 ? 0x3c00 : 0; /* the data is -1, 0 and 1 */
    if (dtype == CONCEPTDEC_FLOAT64)
        memcpy(at, &value, 8);
    else if (dtype == CONCEPTDEC_FLOAT32)
        memcpy(at, &narrow, 4);
    else
        memcpy(at, &half, 2);
}

static conceptdec_matrix
lay_out(const double *x, const layout *l, int32_t dtype, char *buffer)
{
    int64_t size = dtype == CONCEPTDEC_FLOAT64 ? 8 : dtype == CONCEPTDEC_FLOAT32 ? 4 : 2;
    char *first = buffer + l->bytes + l->offset * size;
    for (int64_t i = 0; i < ROWS; i++)
        for (int64_t j = 0; j < COLS; j++)
            put(first + (i * l->row + j * l->col) * size, dtype, x[i * COLS + j]);
    return (conceptdec_matrix){.data = first, .rows = ROWS, .cols = COLS, .row_stride = l->row * size,
                               .col_stride = l->col * size, .dtype = dtype};
}

START_TEST(strides_and_dtypes)
{
    static const int32_t dtypes[] = {CONCEPTDEC_FLOAT64, CONCEPTDEC_FLOAT32, CONCEPTDEC_FLOAT16, CONCEPTDEC_BFLOAT16};
    static double x[ROWS * COLS];
    static char buffer[ROWS * COLS * 9 * 8];
    conceptdec_matrix a = packed(x, ROWS, COLS), b;
    fill(TIED, x, ROWS, COLS);
    b = lay_out(x, &layouts[_i % LAYOUTS], dtypes[_i / LAYOUTS], buffer);
    for (int32_t metric = 0; metric < 2; metric++) {
        conceptdec_neighbors_options o = {.k = K, .metric = metric};
        expect_same(find(&a, K, metric), find(&b, K, metric));
        expect_same(find_with(&a, &a, o), find_with(&b, &a, o));
        expect_same(find_with(&a, &a, o), find_with(&a, &b, o));
    }
}
END_TEST

/* A stride of 0: all rows are one, or all columns. */
START_TEST(strides_of_zero)
{
    double row[COLS], column[ROWS];
    static double x[ROWS * COLS];
    conceptdec_matrix a = packed(x, ROWS, COLS), b = packed(row, ROWS, COLS), c = packed(column, ROWS, COLS);
    b.row_stride = 0;
    c.row_stride = 8;
    c.col_stride = 0;
    fill(GENERIC, row, 1, COLS);
    fill(GENERIC, column, ROWS, 1);
    for (int i = 0; i < ROWS * COLS; i++)
        x[i] = row[i % COLS];
    expect_same(find(&a, K, _i), find(&b, K, _i));
    for (int i = 0; i < ROWS * COLS; i++)
        x[i] = column[i / COLS];
    expect_same(find(&a, K, _i), find(&c, K, _i));
}
END_TEST

/* ---- threads and processors ---- */

static void
fill_float(float *x, int64_t n, int64_t d)
{
    state = 5;
    for (int64_t i = 0; i < n * d; i++)
        x[i] = (float)(uniform() + (double)(i / d % 3));
    for (int64_t i = 7; i < n; i += 7)
        memcpy(x + i * d, x + (i - 7) / 2 * d, (size_t)d * sizeof *x);
}

/* Large enough for many tiles and tasks. */
START_TEST(threads_and_kernels)
{
    static const int32_t threads[] = {1, 2, 3, 5, 16};
    static float x[1500 * COLS];
    conceptdec_matrix a = {.data = x, .rows = 1500, .cols = COLS, .row_stride = 4 * COLS, .col_stride = 4,
                           .dtype = CONCEPTDEC_FLOAT32};
    conceptdec_matrix queries = a;
    queries.rows = 400;
    queries.data = x + 300 * COLS;
    fill_float(x, 1500, COLS);
    const bool all = _i / 2 == CONCEPTDEC_SCREENING_AUTO;
    for (uint32_t mask = CONCEPTDEC_KERNEL_PORTABLE; mask <= CONCEPTDEC_KERNEL_AVX512VNNI; mask *= all ? 2 : 16)
        for (int i = all ? 0 : 2; i < (all ? 5 : 3); i++) {
            conceptdec_neighbors_options o = {.k = K, .metric = _i % 2};
            screening = CONCEPTDEC_SCREENING_AUTO;
            open_context(1, CONCEPTDEC_KERNEL_PORTABLE);
            answer first = find(&a, K, o.metric), second = find_with(&a, &queries, o);
            screening = (uint32_t)_i / 2;
            open_context(threads[i], mask | CONCEPTDEC_KERNEL_PORTABLE);
            expect_same(first, find(&a, K, o.metric));
            expect_same(second, find_with(&a, &queries, o));
        }
}
END_TEST

/* ---- depth, queries, groups ---- */

START_TEST(first_of_a_deeper_table)
{
    static double x[ROWS * COLS];
    conceptdec_matrix a = packed(x, ROWS, COLS);
    fill(_i % 2 ? TIED : GENERIC, x, ROWS, COLS);
    answer deep = find(&a, ROWS - 1, _i / 2);
    for (int64_t k = 1; k < ROWS - 1; k += 1 + k / 3) {
        answer one = find(&a, k, _i / 2);
        for (int64_t i = 0; i < ROWS; i++) {
            const double *all = deep.distances + i * (ROWS - 1);
            int64_t tied = 0;
            while (k + tied < ROWS - 1 && all[k + tied] == all[k - 1])
                tied++;
            ck_assert_mem_eq(one.indices + i * k, deep.indices + i * (ROWS - 1), (size_t)k * 8);
            ck_assert_mem_eq(one.distances + i * k, all, (size_t)k * 8);
            ck_assert_int_eq(one.ties[i], tied);
        }
        drop(&one);
    }
    drop(&deep);
}
END_TEST

/* Queried with its own rows, a matrix gives for each the row itself, at distance 0, beside its neighbours. */
START_TEST(queries_are_the_rows)
{
    static double x[ROWS * COLS];
    conceptdec_matrix a = packed(x, ROWS, COLS);
    fill(_i % 2 ? TIED : GENERIC, x, ROWS, COLS);
    answer others = find(&a, ROWS - 1, _i / 2);
    answer all = find_with(&a, &a, (conceptdec_neighbors_options){.k = ROWS, .metric = _i / 2});
    for (int64_t i = 0; i < ROWS; i++) {
        int64_t next = 0;
        for (int64_t j = 0; j < ROWS; j++) {
            if (all.indices[i * ROWS + j] == i) {
                ck_assert(all.distances[i * ROWS + j] == 0);
                continue;
            }
            ck_assert_int_eq(all.indices[i * ROWS + j], others.indices[i * (ROWS - 1) + next]);
            ck_assert(all.distances[i * ROWS + j] == others.distances[i * (ROWS - 1) + next]);
            next++;
        }
        ck_assert_int_eq(next, ROWS - 1);
    }
    drop(&others);
    drop(&all);
}
END_TEST

/* A table without the rows of a group is the whole table with those rows struck out; with every row a group of its own
 * nothing is struck out. */
START_TEST(groups_strike_out)
{
    static double x[ROWS * COLS];
    int64_t groups[ROWS], own[ROWS];
    conceptdec_matrix a = packed(x, ROWS, COLS), g = {.data = groups, .rows = ROWS, .cols = 1, .row_stride = 8,
                                                      .col_stride = 8, .dtype = CONCEPTDEC_INT64};
    conceptdec_matrix each = g;
    each.data = own;
    fill(_i % 2 ? TIED : GENERIC, x, ROWS, COLS);
    for (int64_t i = 0; i < ROWS; i++) {
        groups[i] = i * i % 11 - 3;
        own[i] = INT64_MAX - i;
    }
    answer all = find(&a, ROWS - 1, _i / 2);
    answer some = find_with(&a, NULL, (conceptdec_neighbors_options){.k = K, .metric = _i / 2, .groups = &g});
    for (int64_t i = 0; i < ROWS; i++)
        for (int64_t j = 0, next = 0; j < ROWS - 1 && next < K; j++) {
            int64_t row = all.indices[i * (ROWS - 1) + j];
            if (groups[row] == groups[i])
                continue;
            ck_assert_int_eq(some.indices[i * K + next], row);
            ck_assert(some.distances[i * K + next++] == all.distances[i * (ROWS - 1) + j]);
        }
    drop(&all);
    drop(&some);
    expect_same(find(&a, K, _i / 2),
                find_with(&a, NULL, (conceptdec_neighbors_options){.k = K, .metric = _i / 2, .groups = &each}));
}
END_TEST

/* The table of two matrices on top of each other: for the rows of the first, its own table and that of its rows as
 * queries into the second, merged. */
START_TEST(union_of_two)
{
    static double x[ROWS * COLS];
    enum { TOP = 90, REST = ROWS - TOP };
    conceptdec_matrix all = packed(x, ROWS, COLS), top = packed(x, TOP, COLS),
                      rest = packed(x + TOP * COLS, REST, COLS);
    fill(_i % 2 ? TIED : GENERIC, x, ROWS, COLS);
    conceptdec_neighbors_options o = {.k = K, .metric = _i / 2};
    answer whole = find(&all, K, o.metric), inside = find(&top, K, o.metric), across = find_with(&rest, &top, o);
    for (int64_t i = 0; i < TOP; i++) {
        int64_t p = i * K, q = i * K;
        for (int64_t j = i * K; j < (i + 1) * K; j++) {
            bool is_inside = inside.distances[p] <= across.distances[q];
            ck_assert(whole.distances[j] == (is_inside ? inside.distances[p] : across.distances[q]));
            ck_assert_int_eq(whole.indices[j], is_inside ? inside.indices[p] : across.indices[q] + TOP);
            *(is_inside ? &p : &q) += 1;
            if (p == (i + 1) * K || q == (i + 1) * K)
                break;
        }
    }
    drop(&whole);
    drop(&inside);
    drop(&across);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("neighbor identities");
    TCase *tests = tcase_create("identities");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, rotation, 0, 2);
    tcase_add_test(tests, translation);
    tcase_add_loop_test(tests, scaling_by_powers_of_two, 0, 24);
    tcase_add_test(tests, cosine_of_scaled_rows);
    tcase_add_loop_test(tests, order_of_rows, 0, 4);
    tcase_add_loop_test(tests, strides_and_dtypes, 0, 4 * LAYOUTS);
    tcase_add_loop_test(tests, strides_of_zero, 0, 2);
    tcase_add_loop_test(tests, threads_and_kernels, 0, 8);
    tcase_add_loop_test(tests, first_of_a_deeper_table, 0, 4);
    tcase_add_loop_test(tests, queries_are_the_rows, 0, 4);
    tcase_add_loop_test(tests, groups_strike_out, 0, 4);
    tcase_add_loop_test(tests, union_of_two, 0, 4);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

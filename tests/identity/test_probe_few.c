/* Logistic probes of fewer rows than dimensions, whose weights are sums of rows: the same as by other ways. */
#include <math.h>
#include <string.h>

#include "check_main.h"
#include "core/core.h"

enum { N = 48, D = 120, TIMES = 3, FEW = 5, MOST_CLASSES = 3, LAMBDAS = 4, KINDS = 5 };

static const double lambdas[LAMBDAS] = {1, 0.1, 0.03, 0.001};

/* What decides how a fit is made: triangles in float, in double, coordinates, or all dimensions. */
static const struct way {
    const char *name;
    double massive; /* size of the first dimension */
    int64_t rank, classes;
    int32_t dtype;
    uint32_t flags;
} ways[] = {{"plain", 1, D, 3, CONCEPTDEC_FLOAT64, 0},
            {"float", 1, D, 3, CONCEPTDEC_FLOAT32, 0},
            {"two classes", 1, D, 2, CONCEPTDEC_FLOAT64, 0},
            {"balanced", 1, D, 3, CONCEPTDEC_FLOAT64, CONCEPTDEC_PROBE_BALANCED},
            {"large dimension", 1e3, D, 3, CONCEPTDEC_FLOAT64, 0},
            {"massive dimension", 3e4, D, 2, CONCEPTDEC_FLOAT64, 0},
            {"large dimension of floats", 3e3, D, 3, CONCEPTDEC_FLOAT32, 0},
            {"dimension that hides others", 1e7, D, 3, CONCEPTDEC_FLOAT64, 0},
            {"dimension of floats that hides others", 1e7, D, 2, CONCEPTDEC_FLOAT32, 0},
            {"few directions", 1, FEW, 3, CONCEPTDEC_FLOAT64, 0},
            {"few directions, two classes", 1, FEW, 2, CONCEPTDEC_FLOAT32, 0}};

enum { WAYS = sizeof ways / sizeof *ways };

typedef struct {
    double x[TIMES * N * D];
    float narrow[TIMES * N * D];
    int64_t labels[TIMES * N], train[TIMES * N];
    conceptdec_matrix x_view, label_view, train_view;
    conceptdec_probe_options options;
} problem;

static problem p, q;

static conceptdec_matrix
view_of(const void *data, int64_t n, int64_t d, int32_t dtype)
{
    const int64_t size = dtype == CONCEPTDEC_FLOAT32 ? 4 : 8;
    return (conceptdec_matrix){
        .data = data, .rows = n, .cols = d, .row_stride = size * d, .col_stride = size, .dtype = dtype};
}

static void
set_views(problem *a, int64_t n, int32_t dtype)
{
    for (int64_t i = 0; i < n * D; i++)
        a->narrow[i] = (float)a->x[i];
    a->x_view = view_of(dtype == CONCEPTDEC_FLOAT32 ? (const void *)a->narrow : a->x, n, D, dtype);
    a->label_view = view_of(a->labels, n, 1, CONCEPTDEC_INT64);
    a->train_view = view_of(a->train, n, 1, CONCEPTDEC_INT64);
}

static void
make(problem *a, const struct way *way)
{
    conceptdec_i_rng rng;
    conceptdec_i_rng_start(&rng, 3, CONCEPTDEC_I_RNG_SAMPLE, (uint64_t)way->rank);
    memset(a, 0, sizeof *a);
    for (int64_t i = 0; i < N; i++) {
        a->labels[i] = (i * i + i / 7) % way->classes;
        for (int64_t j = 0; j < way->rank; j++)
            a->x[i * D + j] = (j == 0 ? way->massive : 1) * 2 * conceptdec_i_rng_unit(&rng) +
                              (j % way->classes == a->labels[i] ? 0.8 : 0) + 0.1 * (double)j;
    }
    a->options = (conceptdec_probe_options){.struct_size = sizeof a->options,
                                             .tolerance = 1e-18,
                                             .lambdas = lambdas,
                                             .n_lambdas = LAMBDAS,
                                             .flags = way->flags,
                                             .classes = way->classes};
    set_views(a, N, way->dtype);
}

/* Every row TIMES times: the same mean loss, over more rows than dimensions. */
static void
repeat(problem *to, const problem *from, const struct way *way)
{
    *to = *from;
    for (int64_t i = 0; i < TIMES * N; i++) {
        memcpy(to->x + i * D, from->x + i / TIMES * D, D * sizeof *to->x);
        to->labels[i] = from->labels[i / TIMES];
    }
    set_views(to, TIMES * N, way->dtype);
}

/* ---- results ---- */

static conceptdec_result *
run_in(int32_t threads, const problem *a)
{
    conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = threads};
    conceptdec_ctx *ctx = NULL;
    conceptdec_result *result = NULL;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    ck_assert_msg(conceptdec_probe(ctx, &a->x_view, &a->label_view, &a->options, &result) == CONCEPTDEC_OK, "%s",
                  conceptdec_ctx_error(ctx));
    conceptdec_ctx_free(ctx);
    return result;
}

static conceptdec_result *
run(const problem *a)
{
    return run_in(2, a);
}

static conceptdec_array
array_of(const conceptdec_result *result, const char *name)
{
    conceptdec_array array;
    ck_assert_msg(conceptdec_result_get(result, name, &array) == CONCEPTDEC_OK, "no %s", name);
    return array;
}

static const double *
real(const conceptdec_result *result, const char *name)
{
    return array_of(result, name).data;
}

static int64_t
size_of(const conceptdec_array *a)
{
    int64_t size = 1;
    for (int i = 0; i < a->ndim; i++)
        size *= a->shape[i];
    return size;
}

static void
expect_near(double a, double b, double slack, const char *what, int64_t place)
{
    ck_assert_msg((isnan(a) && isnan(b)) || fabs(a - b) <= slack * (1 + fabs(b)), "%s[%lld]: %.12g is not %.12g", what,
                  (long long)place, a, b);
}

static void
expect_array_near(const conceptdec_result *a, const conceptdec_result *b, const char *name, double slack)
{
    const conceptdec_array x = array_of(a, name), y = array_of(b, name);
    ck_assert_int_eq(size_of(&x), size_of(&y));
    for (int64_t i = 0; i < size_of(&x); i++)
        expect_near(((const double *)x.data)[i], ((const double *)y.data)[i], slack, name, i);
}

static void
expect_converged(const conceptdec_result *result)
{
    const conceptdec_array converged = array_of(result, CONCEPTDEC_R_CONVERGED);
    for (int64_t i = 0; i < size_of(&converged); i++)
        ck_assert_msg(((const int64_t *)converged.data)[i] == 1, "lambda %d has not converged", (int)i);
}

static int64_t
columns_of(const struct way *way)
{
    return way->classes == 2 ? 1 : way->classes;
}

/* ---- tests ---- */

START_TEST(repeated_rows)
{
    const struct way *way = &ways[_i];
    make(&p, way);
    p.options.protocol = CONCEPTDEC_PROTOCOL_RESUBSTITUTION;
    repeat(&q, &p, way);
    conceptdec_result *few = run(&p), *many = run(&q);
    const int64_t columns = columns_of(way);
    expect_converged(few);
    expect_converged(many);
    for (int64_t i = 0; i < LAMBDAS * columns * D; i++)
        expect_near(real(few, CONCEPTDEC_R_WEIGHTS)[i], real(many, CONCEPTDEC_R_WEIGHTS)[i], 1e-7, "weight", i);
    for (int64_t a = 0; a < LAMBDAS; a++)
        for (int64_t i = 0; i < N; i++)
            for (int64_t k = 0; k < columns; k++)
                expect_near(real(few, CONCEPTDEC_R_DECISION)[(a * N + i) * columns + k],
                            real(many, CONCEPTDEC_R_DECISION)[(a * N + i) * TIMES * columns + k], 3e-7, way->name, i);
    expect_array_near(few, many, CONCEPTDEC_R_BIAS, 3e-7);
    expect_array_near(few, many, CONCEPTDEC_R_LOG_LOSS, 1e-7);
    conceptdec_result_free(few);
    conceptdec_result_free(many);
}
END_TEST

/* Folds that share a flight are what each of them is by itself. */
START_TEST(folds_are_splits)
{
    const struct way *way = &ways[_i];
    make(&p, way);
    p.options.folds = 3;
    q = p;
    conceptdec_result *all = run(&p);
    const int64_t *fold = array_of(all, CONCEPTDEC_R_FOLD).data;
    expect_converged(all);
    for (int64_t f = 0; f < 3; f++) {
        for (int64_t i = 0; i < N; i++)
            q.train[i] = fold[i] != f;
        set_views(&q, N, way->dtype);
        q.options.folds = 0;
        q.options.protocol = CONCEPTDEC_PROTOCOL_SPLIT;
        q.options.train = &q.train_view;
        conceptdec_result *one = run(&q);
        for (int64_t i = 0; i < LAMBDAS * columns_of(way) * N; i++)
            if (fold[i / columns_of(way) % N] == f)
                expect_near(real(all, CONCEPTDEC_R_DECISION)[i], real(one, CONCEPTDEC_R_DECISION)[i], 3e-7, way->name,
                            i);
        conceptdec_result_free(one);
    }
    conceptdec_result_free(all);
}
END_TEST

START_TEST(penalties_are_fits)
{
    const struct way *way = &ways[_i];
    make(&p, way);
    q = p;
    set_views(&q, N, way->dtype);
    conceptdec_result *all = run(&p);
    const int64_t count = columns_of(way) * N;
    for (int64_t a = 0; a < LAMBDAS; a++) {
        q.options.lambdas = lambdas + a;
        q.options.n_lambdas = 1;
        conceptdec_result *one = run(&q);
        for (int64_t i = 0; i < count; i++)
            expect_near(real(one, CONCEPTDEC_R_DECISION)[i], real(all, CONCEPTDEC_R_DECISION)[a * count + i], 3e-7,
                        way->name, i);
        conceptdec_result_free(one);
    }
    conceptdec_result_free(all);
}
END_TEST

/* Decisions are those of the weights and biases that are reported, on the rows as they are. */
START_TEST(weights_decide)
{
    const struct way *way = &ways[_i];
    make(&p, way);
    p.options.protocol = CONCEPTDEC_PROTOCOL_RESUBSTITUTION;
    conceptdec_result *result = run(&p);
    const int64_t columns = columns_of(way);
    const double *weights = real(result, CONCEPTDEC_R_WEIGHTS), *bias = real(result, CONCEPTDEC_R_BIAS);
    for (int64_t a = 0; a < LAMBDAS; a++)
        for (int64_t i = 0; i < N; i++)
            for (int64_t k = 0; k < columns; k++) {
                double decision = bias[a * columns + k];
                for (int64_t j = 0; j < D; j++) {
                    const double x = way->dtype == CONCEPTDEC_FLOAT32 ? (double)p.narrow[i * D + j] : p.x[i * D + j];
                    decision += weights[(a * columns + k) * D + j] * x;
                }
                expect_near(decision, real(result, CONCEPTDEC_R_DECISION)[(a * N + i) * columns + k], 1e-5, way->name,
                            i);
            }
    conceptdec_result_free(result);
}
END_TEST

/* Every eighth row without a label, and so many times as large; `to` has the others alone. */
static void
ignore_rows(problem *from, problem *to, double size)
{
    int64_t kept = 0;
    *to = *from;
    for (int64_t i = 0; i < N; i++) {
        if (i % 8 != 0) {
            memmove(to->x + kept * D, to->x + i * D, D * sizeof *to->x);
            to->labels[kept++] = to->labels[i];
            continue;
        }
        from->labels[i] = -1;
        for (int64_t j = 0; j < D; j++)
            from->x[i * D + j] *= size;
    }
    set_views(from, N, CONCEPTDEC_FLOAT64);
    set_views(to, kept, CONCEPTDEC_FLOAT64);
}

/* Rows without a label, however large, play no part in probes of any kind. */
START_TEST(ignored_rows)
{
    static const double sizes[] = {1, 1e3, 1e6};
    static const int32_t standards[] = {CONCEPTDEC_STANDARDIZE_NONE, CONCEPTDEC_STANDARDIZE_GLOBAL,
                                        CONCEPTDEC_STANDARDIZE_FOLD};
    const int kind = _i / 9;
    make(&p, &ways[0]);
    p.options.kind = kind;
    p.options.standardize = standards[_i % 3];
    p.options.protocol = CONCEPTDEC_PROTOCOL_RESUBSTITUTION;
    if (kind != CONCEPTDEC_PROBE_LOGISTIC)
        p.options.tolerance = 0;
    if (kind != CONCEPTDEC_PROBE_LOGISTIC && kind != CONCEPTDEC_PROBE_RIDGE)
        p.options.lambdas = NULL, p.options.n_lambdas = 0;
    ignore_rows(&p, &q, sizes[_i / 3 % 3]);
    conceptdec_result *all = run(&p), *some = run(&q);
    if (kind == CONCEPTDEC_PROBE_LOGISTIC)
        expect_converged(all);
    expect_array_near(all, some, CONCEPTDEC_R_WEIGHTS, 1e-7);
    expect_array_near(all, some, CONCEPTDEC_R_BIAS, 3e-7);
    conceptdec_result_free(all);
    conceptdec_result_free(some);
}
END_TEST

/* What the products of rows do not tell of one label set is nothing to another: the same bits as by itself. */
START_TEST(label_sets_by_themselves)
{
    static int64_t both[2 * N];
    make(&p, &ways[0]);
    p.options.standardize = CONCEPTDEC_STANDARDIZE_GLOBAL;
    for (int64_t i = 0; i < N; i++) {
        both[2 * i] = p.labels[i];
        both[2 * i + 1] = p.labels[N - 1 - i];
    }
    for (int64_t i = 0; i < N; i += 8) {
        both[2 * i + 1] = -1;
        for (int64_t j = 0; j < D; j++)
            p.x[i * D + j] *= _i == 0 ? 1 : 1e4;
    }
    q = p;
    set_views(&q, N, CONCEPTDEC_FLOAT64);
    for (int64_t i = 0; i < N; i++)
        q.labels[i] = both[2 * i + 1];
    p.label_view = view_of(both, N, 2, CONCEPTDEC_INT64);
    p.x_view = q.x_view;
    conceptdec_result *two = run(&p), *one = run(&q);
    const conceptdec_array a = array_of(two, CONCEPTDEC_R_DECISION), b = array_of(one, CONCEPTDEC_R_DECISION);
    ck_assert_int_eq(size_of(&a), 2 * size_of(&b));
    ck_assert(memcmp((const double *)a.data + size_of(&b), b.data, (size_t)size_of(&b) * sizeof(double)) == 0);
    conceptdec_result_free(two);
    conceptdec_result_free(one);
}
END_TEST

START_TEST(threads)
{
    static const char *const names[] = {CONCEPTDEC_R_DECISION, CONCEPTDEC_R_WEIGHTS, CONCEPTDEC_R_NULL};
    make(&p, &ways[_i]);
    p.options.tolerance = 0;
    p.options.permutations = 7;
    conceptdec_result *one = run_in(1, &p), *five = run_in(5, &p);
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        const conceptdec_array a = array_of(one, names[k]), b = array_of(five, names[k]);
        ck_assert_msg(memcmp(a.data, b.data, (size_t)size_of(&a) * sizeof(double)) == 0, "%s: %s differs",
                      ways[_i].name, names[k]);
    }
    conceptdec_result_free(one);
    conceptdec_result_free(five);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("probe of few rows");
    TCase *tests = tcase_create("same answer");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, repeated_rows, 0, WAYS);
    tcase_add_loop_test(tests, folds_are_splits, 0, WAYS);
    tcase_add_loop_test(tests, penalties_are_fits, 0, WAYS);
    tcase_add_loop_test(tests, weights_decide, 0, WAYS);
    tcase_add_loop_test(tests, ignored_rows, 0, 9 * KINDS);
    tcase_add_loop_test(tests, label_sets_by_themselves, 0, 2);
    tcase_add_loop_test(tests, threads, 0, WAYS);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

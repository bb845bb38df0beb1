/* Accumulators: the same as moments per class of the same rows, as two passes in long double, however the rows came. */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>

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

/* ---- two passes ---- */

static void
two_passes(const pushed_rows *p, int64_t *n, double *means, double *variances)
{
    for (int64_t c = 0; c < p->classes; c++) {
        n[c] = 0;
        for (int64_t i = 0; i < p->n; i++)
            n[c] += p->labels[i] == c;
        for (int64_t j = 0; j < p->d; j++) {
            long double mean = 0, square = 0;
            for (int64_t i = 0; i < p->n; i++)
                mean += p->labels[i] == c ? (long double)p->wide[i * p->d + j] / n[c] : 0;
            for (int64_t i = 0; i < p->n; i++)
                square += p->labels[i] == c ? (p->wide[i * p->d + j] - mean) * (p->wide[i * p->d + j] - mean) : 0;
            means[c * p->d + j] = (double)mean;
            variances[c * p->d + j] = (double)(square / n[c]);
        }
    }
}

static void
expect_near(const double *found, const double *wanted, int64_t count, double tolerance, const char *what)
{
    for (int64_t i = 0; i < count; i++)
        ck_assert_msg(fabs(found[i] - wanted[i]) <= tolerance * fabs(wanted[i]) + 1e-17, "%s %d: %.17g, not %.17g",
                      what, (int)i, found[i], wanted[i]);
}

static const struct {
    int64_t n, d, classes;
    int32_t dtype;
    double offset;
} problems[] = {
    {3000, 37, 5, CONCEPTDEC_FLOAT64, 0},     {3000, 37, 5, CONCEPTDEC_FLOAT64, -1e6},
    {3000, 37, 5, CONCEPTDEC_FLOAT32, 0},     {3000, 37, 5, CONCEPTDEC_FLOAT32, -1e3}, /* an offset of all dimensions */
    {20000, 16, 2, CONCEPTDEC_FLOAT32, -1e3}, {3000, 37, 5, CONCEPTDEC_FLOAT16, 1e3},  /* massive dimensions */
    {20000, 19, 3, CONCEPTDEC_FLOAT16, 1e3},  {3000, 37, 5, CONCEPTDEC_BFLOAT16, 1e3},
    {2000, 9, 100, CONCEPTDEC_FLOAT16, 1e3},  {50, 1, 1, CONCEPTDEC_FLOAT32, 0},
};
#define PROBLEMS ((int)(sizeof problems / sizeof *problems))

static pushed_rows
problem(int i)
{
    return pushed_make(problems[i].n, problems[i].d, problems[i].classes, problems[i].dtype, problems[i].offset);
}

START_TEST(as_two_passes)
{
    pushed_rows p = problem(_i);
    const int64_t numbers = p.classes * p.d;
    int64_t *n = malloc((size_t)p.classes * sizeof *n);
    double *means = malloc((size_t)numbers * 8), *variances = malloc((size_t)numbers * 8);
    two_passes(&p, n, means, variances);
    for (int moments = 0; moments <= CONCEPTDEC_ACCUMULATE_SCATTERS; moments++) {
        const conceptdec_accumulator_options o = pushed_options(&p, moments, 3);
        conceptdec_accumulator *a = pushed_new(ctx, &p, 1, &o);
        pushed_add(a, 0, &p, 0, p.n);
        ck_assert_mem_eq(pushed_array(ctx, a, 0, CONCEPTDEC_A_CLASS_COUNT).data, n, (size_t)p.classes * 8);
        const double *found = pushed_get(ctx, a, 0, CONCEPTDEC_A_MEANS);
        for (int64_t i = 0; i < numbers; i++)
            ck_assert_double_le(fabs(found[i] - means[i]), 1e-14 * fabs(means[i]) + 1e-14);
        if (moments != CONCEPTDEC_ACCUMULATE_POOLED)
            expect_near(pushed_get(ctx, a, 0, CONCEPTDEC_A_VARIANCES), variances, numbers, 1e-12, "variance");
        conceptdec_accumulator_free(a);
    }
    free(n);
    free(means);
    free(variances);
    pushed_free(&p);
}
END_TEST

/* ---- moments per class ---- */

static const uint32_t flags_of[] = {CONCEPTDEC_CLASS_MOMENTS_VARIANCES, CONCEPTDEC_CLASS_MOMENTS_POOLED, 0};

static conceptdec_class_moments *
moments_of(conceptdec_accumulator *a, int64_t layer)
{
    conceptdec_class_moments *m;
    ck_assert_msg(conceptdec_accumulator_moments(ctx, a, layer, &m) == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(ctx));
    return m;
}

static conceptdec_class_moments *
added(const pushed_rows *p, uint32_t flags)
{
    const conceptdec_matrix x = pushed_matrix(p), labels = pushed_labels(p);
    conceptdec_class_moments *m;
    ck_assert_int_eq(conceptdec_class_moments_new(ctx, p->d, p->classes, flags, &m), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_class_moments_add(ctx, m, &x, &labels), CONCEPTDEC_OK);
    return m;
}

static conceptdec_array
moment(const conceptdec_class_moments *m, const char *name)
{
    conceptdec_array array;
    ck_assert_int_eq(conceptdec_class_moments_get(m, name, &array), CONCEPTDEC_OK);
    return array;
}

static void
expect_bits(const conceptdec_class_moments *a, const conceptdec_class_moments *b, const char *name)
{
    const conceptdec_array first = moment(a, name), second = moment(b, name);
    int64_t count = 1;
    for (int i = 0; i < first.ndim; i++)
        count *= first.shape[i];
    ck_assert_msg(memcmp(first.data, second.data, (size_t)count * 8) == 0, "%s", name);
}

/* Scatters are the same bits, and variances to 1e-12. */
START_TEST(as_moments_per_class)
{
    pushed_rows p = problem(_i);
    for (int kind = 0; kind <= CONCEPTDEC_ACCUMULATE_SCATTERS; kind++) {
        const conceptdec_accumulator_options o = pushed_options(&p, kind, 0);
        conceptdec_accumulator *a = pushed_new(ctx, &p, 1, &o);
        pushed_add(a, 0, &p, 0, p.n);
        conceptdec_class_moments *found = moments_of(a, 0), *wanted = added(&p, flags_of[kind]);
        expect_bits(found, wanted, CONCEPTDEC_M_CLASS_COUNT);
        if (kind == CONCEPTDEC_ACCUMULATE_VARIANCES) {
            const double *variances = moment(wanted, CONCEPTDEC_M_VARIANCES).data;
            expect_near(moment(found, CONCEPTDEC_M_VARIANCES).data, variances, p.classes * p.d, 1e-12, "variance");
            expect_near(moment(found, CONCEPTDEC_M_MEAN).data, moment(wanted, CONCEPTDEC_M_MEAN).data, p.d, 1e-12,
                        "mean");
        } else {
            expect_bits(found, wanted, CONCEPTDEC_M_MEANS);
            expect_bits(found, wanted, CONCEPTDEC_M_WITHIN);
            expect_bits(found, wanted, CONCEPTDEC_M_COVARIANCE);
        }
        if (kind == CONCEPTDEC_ACCUMULATE_SCATTERS)
            expect_bits(found, wanted, CONCEPTDEC_M_SCATTER);
        conceptdec_class_moments_free(found);
        conceptdec_class_moments_free(wanted);
        conceptdec_accumulator_free(a);
    }
    pushed_free(&p);
}
END_TEST

/* Moments go on by themselves, are saved and loaded; subspaces and erasers are made of them. */
START_TEST(moments_serve)
{
    pushed_rows p = pushed_make(1500, 12, 3, CONCEPTDEC_FLOAT32, 2);
    const conceptdec_matrix x = pushed_matrix(&p), labels = pushed_labels(&p);
    const conceptdec_accumulator_options o = pushed_options(&p, _i, 0);
    const bool has_scatters = _i == CONCEPTDEC_ACCUMULATE_SCATTERS,
               has_variances = _i == CONCEPTDEC_ACCUMULATE_VARIANCES;
    const char path[] = "accumulator-moments.tmp";
    conceptdec_accumulator *a = pushed_new(ctx, &p, 1, &o);
    pushed_add(a, 0, &p, 0, p.n);
    conceptdec_class_moments *m = moments_of(a, 0), *loaded;
    ck_assert_int_eq(conceptdec_class_moments_add(ctx, m, &x, &labels), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_class_moments_save(ctx, m, path), CONCEPTDEC_OK);
    ck_assert_msg(conceptdec_class_moments_load(ctx, path, &loaded) == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(ctx));
    (void)remove(path);
    expect_bits(m, loaded, CONCEPTDEC_M_MEANS);
    if (has_variances)
        expect_bits(m, loaded, CONCEPTDEC_M_VARIANCES);
    conceptdec_class_moments_free(m);
    conceptdec_class_moments_free(loaded);
    m = moments_of(a, 0);
    conceptdec_subspaces_options so = {
        .struct_size = sizeof so, .rank = 2, .basis = has_scatters ? 0 : CONCEPTDEC_BASIS_MEANS};
    conceptdec_subspaces *subspaces;
    ck_assert_msg(conceptdec_subspaces_from_class_moments(ctx, m, &so, &subspaces) == CONCEPTDEC_OK, "%s",
                  conceptdec_ctx_error(ctx));
    conceptdec_eraser_options eo = {.struct_size = sizeof eo,
                                    .kind = has_variances ? CONCEPTDEC_ERASE_PROJECTION : CONCEPTDEC_ERASE_LEACE};
    conceptdec_eraser *found, *wanted;
    ck_assert_msg(conceptdec_eraser_from_class_moments(ctx, m, &eo, &found) == CONCEPTDEC_OK, "%s",
                  conceptdec_ctx_error(ctx));
    ck_assert_int_eq(conceptdec_eraser_new(ctx, &x, &labels, &eo, &wanted), CONCEPTDEC_OK);
    conceptdec_array strengths[2];
    ck_assert_int_eq(conceptdec_eraser_get(found, CONCEPTDEC_E_STRENGTHS, &strengths[0]), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_eraser_get(wanted, CONCEPTDEC_E_STRENGTHS, &strengths[1]), CONCEPTDEC_OK);
    ck_assert_int_eq(strengths[0].shape[0], 2);
    expect_near(strengths[0].data, strengths[1].data, 2, 1e-10, "strength");
    eo.kind = CONCEPTDEC_ERASE_LEACE;
    if (has_variances)
        ck_assert_int_eq(conceptdec_eraser_from_class_moments(ctx, m, &eo, &found), CONCEPTDEC_EINVAL);
    conceptdec_eraser_free(found);
    conceptdec_eraser_free(wanted);
    conceptdec_subspaces_free(subspaces);
    conceptdec_class_moments_free(m);
    conceptdec_accumulator_free(a);
    pushed_free(&p);
}
END_TEST

/* ---- what must not matter ---- */

static void
expect_same(conceptdec_accumulator *a, int64_t layer, conceptdec_accumulator *b, int64_t other, const pushed_rows *p)
{
    const size_t bytes = (size_t)(p->classes * p->d) * 8;
    conceptdec_matrix x[2], labels[2];
    ck_assert_mem_eq(pushed_get(ctx, a, layer, CONCEPTDEC_A_MEANS), pushed_get(ctx, b, other, CONCEPTDEC_A_MEANS),
                     bytes);
    ck_assert_mem_eq(pushed_get(ctx, a, layer, CONCEPTDEC_A_DIFFERENCES),
                     pushed_get(ctx, b, other, CONCEPTDEC_A_DIFFERENCES), bytes);
    conceptdec_class_moments *m = moments_of(a, layer), *n = moments_of(b, other);
    expect_bits(m, n, CONCEPTDEC_M_MEANS);
    conceptdec_array array;
    if (conceptdec_class_moments_get(m, CONCEPTDEC_M_VARIANCES, &array) == CONCEPTDEC_OK)
        expect_bits(m, n, CONCEPTDEC_M_VARIANCES);
    else
        expect_bits(m, n, CONCEPTDEC_M_WITHIN);
    conceptdec_class_moments_free(m);
    conceptdec_class_moments_free(n);
    ck_assert_int_eq(conceptdec_accumulator_sample(ctx, a, layer, &x[0], &labels[0]), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_accumulator_sample(ctx, b, other, &x[1], &labels[1]), CONCEPTDEC_OK);
    ck_assert_int_eq(x[0].rows, x[1].rows);
    ck_assert_mem_eq(x[0].data, x[1].data, (size_t)(x[0].rows * x[0].row_stride));
    ck_assert_mem_eq(labels[0].data, labels[1].data, (size_t)labels[0].rows * 8);
}

/* Questions in between, other layers, rows of a matrix with strides, addresses that are not aligned. */
START_TEST(ways_of_pushing_do_not_matter)
{
    pushed_rows p = pushed_make(2500, 21, 4, _i / 3 ? CONCEPTDEC_FLOAT16 : CONCEPTDEC_FLOAT64, 1e3);
    const conceptdec_accumulator_options o = pushed_options(&p, _i % 3, 6);
    conceptdec_accumulator *plain = pushed_new(ctx, &p, 1, &o), *asked = pushed_new(ctx, &p, 2, &o),
                           *strided = pushed_new(ctx, &p, 1, &o);
    const int64_t row = p.d * p.size;
    char *turned = malloc((size_t)(p.n * row)), *odd = malloc((size_t)row + 1);
    conceptdec_matrix x = pushed_matrix(&p), labels = pushed_labels(&p);
    for (int64_t i = 0; i < p.n; i++) {
        pushed_add(plain, 0, &p, i, i + 1);
        memcpy(odd + 1, p.data + i * row, (size_t)row);
        ck_assert_int_eq(conceptdec_accumulator_add(asked, 0, p.data + (p.n - 1 - i) * row, p.labels[i]),
                         CONCEPTDEC_OK);
        ck_assert_int_eq(conceptdec_accumulator_add(asked, 1, odd + 1, p.labels[i]), CONCEPTDEC_OK);
        if (i % 57 == 1) {
            (void)pushed_get(ctx, asked, 1, CONCEPTDEC_A_MEANS);
            (void)pushed_get(ctx, asked, 1, CONCEPTDEC_A_DIFFERENCES);
            conceptdec_class_moments_free(moments_of(asked, 1));
        }
        for (int64_t j = 0; j < p.d; j++)
            memcpy(turned + (j * p.n + p.n - 1 - i) * p.size, p.data + (i * p.d + j) * p.size, (size_t)p.size);
    }
    x.data = turned + (p.n - 1) * p.size;
    x.row_stride = -p.size;
    x.col_stride = p.n * p.size;
    ck_assert_int_eq(conceptdec_accumulator_add_rows(strided, 0, &x, &labels), CONCEPTDEC_OK);
    expect_same(plain, 0, asked, 1, &p);
    expect_same(plain, 0, strided, 0, &p);
    conceptdec_accumulator_free(plain);
    conceptdec_accumulator_free(asked);
    conceptdec_accumulator_free(strided);
    free(turned);
    free(odd);
    pushed_free(&p);
}
END_TEST

/* ---- threads, each with its own ---- */

typedef struct producer {
    conceptdec_accumulator *a;
    const pushed_rows *p;
    int64_t first, end;
} producer;

static void *
produce(void *argument)
{
    const producer *who = argument;
    for (int64_t i = who->first; i < who->end; i++)
        if (conceptdec_accumulator_add(who->a, 0, who->p->data + i * who->p->d * who->p->size, who->p->labels[i]) !=
            CONCEPTDEC_OK)
            return argument;
    return NULL;
}

START_TEST(threads_make_the_whole)
{
    enum { THREADS = 4 };
    pushed_rows p = pushed_make(4003, 23, 5, CONCEPTDEC_FLOAT32, -1e3);
    conceptdec_accumulator_options o = pushed_options(&p, _i, 10);
    producer producers[THREADS];
    pthread_t threads[THREADS];
    for (int t = 0; t < THREADS; t++) {
        o.producer = (uint64_t)t;
        producers[t] = (producer){pushed_new(ctx, &p, 1, &o), &p, p.n * t / THREADS, p.n * (t + 1) / THREADS};
        ck_assert_int_eq(pthread_create(&threads[t], NULL, produce, &producers[t]), 0);
    }
    for (int t = 0; t < THREADS; t++) {
        void *failed;
        ck_assert_int_eq(pthread_join(threads[t], &failed), 0);
        ck_assert_ptr_null(failed);
        if (t > 0)
            ck_assert_int_eq(conceptdec_accumulator_merge(ctx, producers[0].a, producers[t].a), CONCEPTDEC_OK);
    }
    conceptdec_class_moments *found = moments_of(producers[0].a, 0), *wanted = added(&p, flags_of[_i]);
    expect_bits(found, wanted, CONCEPTDEC_M_CLASS_COUNT);
    expect_near(moment(found, CONCEPTDEC_M_MEANS).data, moment(wanted, CONCEPTDEC_M_MEANS).data, p.classes * p.d, 1e-14,
                "mean");
    const char *name = _i == CONCEPTDEC_ACCUMULATE_POOLED ? CONCEPTDEC_M_WITHIN : CONCEPTDEC_M_VARIANCES;
    const int64_t step = _i == CONCEPTDEC_ACCUMULATE_POOLED ? p.d + 1 : 1;
    const double *v = moment(found, name).data, *w = moment(wanted, name).data;
    for (int64_t i = 0; i < (step > 1 ? p.d : p.classes * p.d); i++)
        ck_assert_double_le(fabs(v[i * step] - w[i * step]), 1e-12 * w[i * step]);
    for (int t = 0; t < THREADS; t++)
        conceptdec_accumulator_free(producers[t].a);
    conceptdec_class_moments_free(found);
    conceptdec_class_moments_free(wanted);
    pushed_free(&p);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("accumulator");
    TCase *tests = tcase_create("accumulator");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, as_two_passes, 0, PROBLEMS);
    tcase_add_loop_test(tests, as_moments_per_class, 0, PROBLEMS);
    tcase_add_loop_test(tests, moments_serve, 0, 3);
    tcase_add_loop_test(tests, ways_of_pushing_do_not_matter, 0, 6);
    tcase_add_loop_test(tests, threads_make_the_whole, 0, 3);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

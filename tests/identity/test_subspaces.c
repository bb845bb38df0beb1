/* Subspaces and concept vectors two ways: any number of threads, readers, strides and narrow types; rows in another
 * order, classes with other numbers, numbers scaled and moved, spaces turned. */
#define _GNU_SOURCE

#include "check_main.h"
#include "subspace_problems.h"

enum { N = 150, D = 24, C = 3, RANK = 4, LARGE_N = 900, LARGE_D = 500 };

#define NEAR(a, b, within) ck_assert_msg(fabs((a) - (b)) <= (within), "%.17g is not %.17g", (double)(a), (double)(b))

static double x[LARGE_N * LARGE_D], changed[LARGE_N * LARGE_D];
static float narrow[LARGE_N * LARGE_D];
static int64_t labels[LARGE_N], others[LARGE_N], groups[LARGE_N];

/* Numbers that float32 holds; variances of the columns are apart. */
static void
fill(int64_t n, int64_t d)
{
    projection_state = 17;
    for (int64_t i = 0; i < n; i++) {
        labels[i] = i % 7 == 5 ? -1 : i % C;
        groups[i] = i / 6;
        for (int64_t j = 0; j < d; j++) {
            narrow[i * d + j] =
                (float)(projection_uniform() * pow(0.9, (double)(j % 40)) + 0.3 * (double)(labels[i] == j));
            x[i * d + j] = (double)narrow[i * d + j];
        }
    }
}

static conceptdec_subspaces_options
options_of(int32_t basis)
{
    const bool is_one = basis == CONCEPTDEC_BASIS_DIFFERENCE || basis == CONCEPTDEC_BASIS_PROBE;
    return (conceptdec_subspaces_options){
        .struct_size = sizeof(conceptdec_subspaces_options), .basis = basis, .rank = is_one ? 0 : RANK};
}

static void
same_bits(const conceptdec_subspaces *a, const conceptdec_subspaces *b)
{
    static const char *const names[] = {CONCEPTDEC_S_BASES, CONCEPTDEC_S_VARIANCES, CONCEPTDEC_S_TOTAL_VARIANCE,
                                        CONCEPTDEC_S_GAP, CONCEPTDEC_S_RANKS};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const conceptdec_array one = subspace_array(a, names[i]), two = subspace_array(b, names[i]);
        ck_assert_int_eq(one.shape[0], two.shape[0]);
        ck_assert_msg(memcmp(one.data, two.data, (size_t)(one.shape[0] * (one.ndim > 1 ? one.shape[1] : 1)) * 8) == 0,
                      "%s", names[i]);
    }
}

/* Subspace s of one list and t of another one. */
static void
same_span(const conceptdec_subspaces *a, int64_t s, const conceptdec_subspaces *b, int64_t t, int64_t d, double within)
{
    const int64_t rank = subspace_counts(a, CONCEPTDEC_S_RANKS)[s];
    ck_assert(rank > 0 && subspace_counts(b, CONCEPTDEC_S_RANKS)[t] == rank);
    NEAR(subspace_distance(subspace_basis(a, s), rank, subspace_basis(b, t), rank, d), 0, within);
}

/* The first d - 1 of each basis, and a shape that a Krylov space answers. */
START_TEST(any_threads)
{
    static const int32_t threads[] = {2, 3, 5};
    const bool is_large = _i == 5;
    const int64_t n = is_large ? LARGE_N : N, d = is_large ? LARGE_D : D;
    const conceptdec_subspaces_options o = options_of(is_large ? 0 : _i);
    fill(n, d);
    const conceptdec_matrix view = projection_view_f32(narrow, n, d), all = subspace_labels(labels, n);
    conceptdec_ctx *one = projection_ctx(1);
    conceptdec_subspaces *wanted = subspace_new(one, &view, 1, &all, &o);
    for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
        conceptdec_ctx *ctx = projection_ctx(threads[t]);
        conceptdec_subspaces *got = subspace_new(ctx, &view, 1, &all, &o);
        same_bits(wanted, got);
        conceptdec_subspaces_free(got);
        conceptdec_ctx_free(ctx);
    }
    conceptdec_subspaces_free(wanted);
    conceptdec_ctx_free(one);
}
END_TEST

/* Few directions of a product of 300 rows are found by a Krylov space, 20 by all of its eigenvectors. */
START_TEST(few_as_all)
{
    enum { FEW = 8, MANY = 20 };
    const int64_t n = 350, d = 360, rows = n - n / 7;
    conceptdec_subspaces_options o = {.struct_size = sizeof o, .rank = FEW};
    conceptdec_ctx *ctx = projection_ctx(2);
    fill(n, d);
    for (int64_t i = 0; i < n; i++)
        labels[i] = labels[i] < 0 ? -1 : 0;
    const conceptdec_matrix view = projection_view_f32(narrow, n, d), all = subspace_labels(labels, n);
    conceptdec_subspaces *few = subspace_new(ctx, &view, 1, &all, &o);
    o.rank = MANY;
    conceptdec_subspaces *many = subspace_new(ctx, &view, 1, &all, &o);
    const double *one = subspace_array(few, CONCEPTDEC_S_VARIANCES).data;
    const double *two = subspace_array(many, CONCEPTDEC_S_VARIANCES).data;
    ck_assert(rows >= 256 && rows < 384);
    for (int64_t k = 0; k < FEW; k++)
        NEAR(one[k], two[k], 1e-12 * two[0]);
    NEAR(subspace_distance(subspace_basis(few, 0), FEW, subspace_basis(many, 0), FEW, d), 0, 1e-9);
    conceptdec_subspaces_free(few);
    conceptdec_subspaces_free(many);
    conceptdec_ctx_free(ctx);
}
END_TEST

static int32_t
deliver(void *user, int64_t first, int64_t count, void *out)
{
    (void)user;
    memcpy(out, narrow + first * D, (size_t)(count * D) * sizeof(float));
    return 0;
}

/* Views of one call are those of single calls; a reader, columns one after the other, rows backwards, float64. */
START_TEST(any_view)
{
    const conceptdec_subspaces_options o = options_of(_i);
    static float turned[N * D];
    static const conceptdec_reader reader = {.struct_size = sizeof reader, .read = deliver};
    conceptdec_ctx *ctx = projection_ctx(2);
    fill(N, D);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < D; j++)
            turned[j * N + i] = narrow[i * D + j];
    const conceptdec_matrix all = subspace_labels(labels, N);
    const conceptdec_matrix views[] = {
        projection_view_f32(narrow, N, D),
        {.data = turned, .rows = N, .cols = D, .row_stride = 4, .col_stride = 4 * N, .dtype = CONCEPTDEC_FLOAT32},
        {.data = &reader, .rows = N, .cols = D, .dtype = CONCEPTDEC_FLOAT32, .flags = CONCEPTDEC_MATRIX_READER},
    };
    conceptdec_subspaces *wanted = subspace_new(ctx, views, 1, &all, &o), *got = subspace_new(ctx, views, 3, &all, &o);
    const int64_t count = subspace_array(wanted, CONCEPTDEC_S_RANKS).shape[0];
    ck_assert_int_eq(subspace_array(got, CONCEPTDEC_S_RANKS).shape[0], 3 * count);
    const size_t size = (size_t)(subspace_counts(wanted, CONCEPTDEC_S_START)[count] * D) * sizeof(double);
    for (int64_t s = 0; s < 3 * count; s++) {
        ck_assert_int_eq(subspace_counts(got, CONCEPTDEC_S_VIEW)[s], s / count);
        ck_assert_int_eq(subspace_counts(got, CONCEPTDEC_S_CLASS)[s],
                         subspace_counts(wanted, CONCEPTDEC_S_CLASS)[s % count]);
        if (s % count == 0)
            ck_assert(memcmp(subspace_basis(got, s), subspace_basis(wanted, 0), size) == 0);
    }
    conceptdec_subspaces_free(got);
    if (_i != CONCEPTDEC_BASIS_PROBE) { /* which centres narrow numbers in another way */
        const conceptdec_matrix wide = projection_view(x, N, D);
        got = subspace_new(ctx, &wide, 1, &all, &o);
        for (int64_t s = 0; s < count; s++)
            same_span(wanted, s, got, s, D, 1e-12);
        conceptdec_subspaces_free(got);
    }
    conceptdec_subspaces_free(wanted);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* Rows backwards, and class c called C - 1 - c. */
START_TEST(order_and_numbers)
{
    conceptdec_subspaces_options o = options_of(_i);
    conceptdec_ctx *ctx = projection_ctx(2);
    fill(N, D);
    for (int i = 0; i < N; i++) {
        memcpy(changed + (N - 1 - i) * D, x + i * D, D * sizeof *x);
        others[N - 1 - i] = labels[i] < 0 ? -1 : C - 1 - labels[i];
    }
    const conceptdec_matrix a = projection_view(x, N, D), b = projection_view(changed, N, D);
    const conceptdec_matrix of_a = subspace_labels(labels, N), of_b = subspace_labels(others, N);
    conceptdec_subspaces *one = subspace_new(ctx, &a, 1, &of_a, &o), *two = subspace_new(ctx, &b, 1, &of_b, &o);
    const int64_t count = subspace_array(one, CONCEPTDEC_S_RANKS).shape[0];
    for (int64_t s = 0; s < count; s++)
        same_span(one, s, two, count - 1 - s, D, _i == CONCEPTDEC_BASIS_PROBE ? 1e-5 : 1e-11);
    conceptdec_subspaces_free(one);
    conceptdec_subspaces_free(two);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* The space turned, tripled and moved (about the origin: not moved): bases turn with it, variances are ninefold. */
START_TEST(turned)
{
    const conceptdec_subspaces_options o = options_of(_i);
    const double move = _i == CONCEPTDEC_BASIS_UNCENTERED ? 0 : 100;
    double turn[D * D], back[RANK * D];
    conceptdec_ctx *ctx = projection_ctx(2);
    fill(N, D);
    projection_orthonormal(turn, D, D, false);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < D; j++) {
            changed[i * D + j] = move;
            for (int k = 0; k < D; k++)
                changed[i * D + j] += 3 * x[i * D + k] * turn[k * D + j];
        }
    const conceptdec_matrix a = projection_view(x, N, D), b = projection_view(changed, N, D);
    const conceptdec_matrix all = subspace_labels(labels, N);
    conceptdec_subspaces *one = subspace_new(ctx, &a, 1, &all, &o), *two = subspace_new(ctx, &b, 1, &all, &o);
    for (int64_t s = 0; s < subspace_array(one, CONCEPTDEC_S_RANKS).shape[0]; s++) {
        const int64_t rank = subspace_counts(one, CONCEPTDEC_S_RANKS)[s],
                      at = subspace_counts(one, CONCEPTDEC_S_START)[s];
        const double *v = subspace_reals(one, CONCEPTDEC_S_VARIANCES), *w = subspace_reals(two, CONCEPTDEC_S_VARIANCES);
        ck_assert(rank > 0 && subspace_counts(two, CONCEPTDEC_S_RANKS)[s] == rank);
        memset(back, 0, sizeof back);
        for (int64_t k = 0; k < rank; k++)
            for (int j = 0; j < D; j++)
                for (int i = 0; i < D; i++)
                    back[k * D + j] += subspace_basis(two, s)[k * D + i] * turn[j * D + i];
        NEAR(subspace_distance(back, rank, subspace_basis(one, s), rank, D), 0, 1e-10);
        for (int64_t k = 0; k < rank && !isnan(v[at]); k++)
            NEAR(w[at + k], 9 * v[at + k], 1e-11 * w[at]);
    }
    conceptdec_subspaces_free(one);
    conceptdec_subspaces_free(two);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* A Krylov space and all eigenvectors agree; little memory, where rows are not copied, and much. */
START_TEST(two_methods)
{
    conceptdec_ctx *ctx = projection_ctx(2);
    fill(LARGE_N, LARGE_D);
    for (int64_t i = 0; i < LARGE_N; i++)
        labels[i] = i % 2 ? 0 : -1;
    const conceptdec_matrix view = projection_view_f32(narrow, LARGE_N, LARGE_D);
    const conceptdec_matrix all = subspace_labels(labels, LARGE_N);
    conceptdec_subspaces_options o = options_of(_i);
    conceptdec_subspaces *krylov = subspace_new(ctx, &view, 1, &all, &o);
    o.memory = 3 << 20; /* rows take 1.8 million bytes */
    conceptdec_subspaces *uncopied = subspace_new(ctx, &view, 1, &all, &o);
    o.memory = 0;
    o.rank = 40;
    conceptdec_subspaces *exact = subspace_new(ctx, &view, 1, &all, &o);
    same_span(krylov, 0, uncopied, 0, LARGE_D, 1e-6);
    ck_assert_int_eq(subspace_counts(uncopied, CONCEPTDEC_S_UNDECIDED)[0], 0);
    NEAR(subspace_distance(subspace_basis(krylov, 0), RANK, subspace_basis(exact, 0), RANK, LARGE_D), 0, 1e-6);
    for (int k = 0; k < RANK; k++)
        NEAR(subspace_reals(krylov, CONCEPTDEC_S_VARIANCES)[k], subspace_reals(exact, CONCEPTDEC_S_VARIANCES)[k],
             1e-12);
    conceptdec_subspaces_free(krylov);
    conceptdec_subspaces_free(uncopied);
    conceptdec_subspaces_free(exact);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* ---- concept vectors ---- */

static conceptdec_result *
vectors_of(conceptdec_ctx *ctx, const conceptdec_matrix *view, const int64_t *classes, conceptdec_vectors_options o)
{
    const conceptdec_matrix all = subspace_labels(classes, view->rows), whole = subspace_labels(groups, view->rows);
    conceptdec_result *r = NULL;
    o.struct_size = sizeof o;
    o.groups = o.groups ? &whole : NULL;
    const conceptdec_status status = conceptdec_concept_vectors(ctx, view, &all, &o, &r);
    ck_assert_msg(status == CONCEPTDEC_OK, "%d: %s", status, conceptdec_ctx_error(ctx));
    return r;
}

static const double *
reals(const conceptdec_result *r, const char *name, int64_t *size)
{
    conceptdec_array array;
    ck_assert_int_eq(conceptdec_result_get(r, name, &array), CONCEPTDEC_OK);
    *size = array.shape[0] * (array.ndim > 1 ? array.shape[1] : 1);
    return array.data;
}

static const char *const names[] = {CONCEPTDEC_R_VECTORS,    CONCEPTDEC_R_MEANS,       CONCEPTDEC_R_NORMS,
                                    CONCEPTDEC_R_COSINES,    CONCEPTDEC_R_NORM_LOW,    CONCEPTDEC_R_NORM_HIGH,
                                    CONCEPTDEC_R_COSINE_LOW, CONCEPTDEC_R_COSINE_HIGH, CONCEPTDEC_R_RELIABILITY};
enum { NAMES = sizeof names / sizeof *names };

START_TEST(vectors_any_threads)
{
    static const int32_t threads[] = {2, 3, 5};
    static const conceptdec_matrix some;
    const conceptdec_vectors_options o = {
        .bootstrap = 90, .splits = 33, .seed = 4, .groups = _i % 2 ? &some : NULL, .reference = _i / 2};
    int64_t size;
    conceptdec_ctx *one = projection_ctx(1);
    fill(N, D);
    const conceptdec_matrix view = projection_view_f32(narrow, N, D), wide = projection_view(x, N, D);
    conceptdec_result *wanted = vectors_of(one, &view, labels, o);
    for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
        conceptdec_ctx *ctx = projection_ctx(threads[t]);
        conceptdec_result *got = vectors_of(ctx, t == 0 ? &wide : &view, labels, o);
        for (int i = 0; i < NAMES; i++) {
            const double *a = reals(wanted, names[i], &size);
            ck_assert_msg(memcmp(a, reals(got, names[i], &size), (size_t)size * sizeof *a) == 0, "%s", names[i]);
        }
        conceptdec_result_free(got);
        conceptdec_ctx_free(ctx);
    }
    conceptdec_result_free(wanted);
    conceptdec_ctx_free(one);
}
END_TEST

/* Class c called C - 1 - c; numbers doubled: draws and halves are the same ones. */
START_TEST(vectors_numbered_anew)
{
    conceptdec_ctx *ctx = projection_ctx(2);
    const conceptdec_vectors_options o = {.bootstrap = 60, .splits = 20, .reference = _i};
    int64_t size;
    fill(N, D);
    for (int i = 0; i < N; i++)
        others[i] = labels[i] < 0 ? -1 : C - 1 - labels[i];
    for (int i = 0; i < N * D; i++)
        changed[i] = 2 * x[i];
    const conceptdec_matrix a = projection_view(x, N, D), b = projection_view(changed, N, D);
    conceptdec_result *one = vectors_of(ctx, &a, labels, o), *two = vectors_of(ctx, &b, others, o);
    for (int c = 0; c < C; c++) {
        NEAR(2 * reals(one, CONCEPTDEC_R_NORM_LOW, &size)[c], reals(two, CONCEPTDEC_R_NORM_LOW, &size)[C - 1 - c],
             1e-13);
        NEAR(reals(one, CONCEPTDEC_R_RELIABILITY, &size)[c], reals(two, CONCEPTDEC_R_RELIABILITY, &size)[C - 1 - c],
             1e-13);
        for (int e = 0; e < C; e++)
            NEAR(reals(one, CONCEPTDEC_R_COSINE_HIGH, &size)[c * C + e],
                 reals(two, CONCEPTDEC_R_COSINE_HIGH, &size)[(C - 1 - c) * C + C - 1 - e], 1e-13);
    }
    conceptdec_result_free(one);
    conceptdec_result_free(two);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* Rows without a label are as if they were not there: in the means of the others, in draws, in halves. */
START_TEST(vectors_without_what_is_not_labelled)
{
    const conceptdec_vectors_options o = {.bootstrap = 60, .splits = 20, .seed = 3, .reference = _i};
    conceptdec_ctx *ctx = projection_ctx(2);
    int64_t count = 0, size;
    fill(N, D);
    for (int64_t i = 0; i < N; i++) {
        for (int64_t j = 0; j < D && labels[i] < 0; j++)
            x[i * D + j] = 1e3;
        if (labels[i] < 0)
            continue;
        memcpy(changed + count * D, x + i * D, D * sizeof *x);
        others[count++] = labels[i];
    }
    ck_assert_int_lt(count, N);
    const conceptdec_matrix a = projection_view(x, N, D), b = projection_view(changed, count, D);
    conceptdec_result *all = vectors_of(ctx, &a, labels, o), *few = vectors_of(ctx, &b, others, o);
    for (int i = 0; i < NAMES; i++) {
        const double *one = reals(all, names[i], &size), *two = reals(few, names[i], &size);
        for (int64_t k = 0; k < size; k++)
            NEAR(one[k], two[k], 1e-13);
    }
    conceptdec_result_free(all);
    conceptdec_result_free(few);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* What a difference of means spans is what the vector against the rest lies along. */
START_TEST(vectors_and_subspaces)
{
    conceptdec_ctx *ctx = projection_ctx(2);
    const conceptdec_subspaces_options o = options_of(CONCEPTDEC_BASIS_DIFFERENCE);
    int64_t size;
    fill(N, D);
    const conceptdec_matrix view = projection_view(x, N, D), all = subspace_labels(labels, N);
    conceptdec_subspaces *s = subspace_new(ctx, &view, 1, &all, &o);
    conceptdec_result *r = vectors_of(ctx, &view, labels, (conceptdec_vectors_options){0});
    for (int c = 0; c < C; c++) {
        const double *v = reals(r, CONCEPTDEC_R_VECTORS, &size) + c * D;
        NEAR(subspace_distance(v, 1, subspace_basis(s, c), 1, D), 0, 1e-14);
    }
    conceptdec_subspaces_free(s);
    conceptdec_result_free(r);
    conceptdec_ctx_free(ctx);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("subspaces");
    TCase *tests = tcase_create("subspaces");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, any_threads, 0, 6);
    tcase_add_loop_test(tests, any_view, 0, 5);
    tcase_add_loop_test(tests, order_and_numbers, 0, 5);
    tcase_add_loop_test(tests, turned, 0, 4);
    tcase_add_loop_test(tests, two_methods, 0, 2);
    tcase_add_loop_test(tests, vectors_any_threads, 0, 6);
    tcase_add_loop_test(tests, vectors_numbered_anew, 0, 2);
    tcase_add_loop_test(tests, vectors_without_what_is_not_labelled, 0, 2);
    tcase_add_test(tests, few_as_all);
    tcase_add_test(tests, vectors_and_subspaces);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

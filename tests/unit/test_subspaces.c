/* Subspaces of labelled activations, by hand and by a spectrum that is known. */
#define _GNU_SOURCE

#include "check_main.h"
#include "core/core.h"
#include "subspace_problems.h"

static conceptdec_ctx *ctx;

static void
setup(void)
{
    ctx = projection_ctx(2);
}

static void
teardown(void)
{
    conceptdec_ctx_free(ctx);
}

#define NEAR(a, b, within) ck_assert_msg(fabs((a) - (b)) <= (within), "%.17g is not %.17g", (double)(a), (double)(b))

/* Class 0 varies along x and y, class 1 has one sample, class 2 none, class 3 three copies of one row of tenths. */
static const double plain[] = {2, 0, 5, -2,  0,   5,   0,   1,   5,   0,   -1,  5,
                               9, 9, 9, 0.1, 0.7, 0.3, 0.1, 0.7, 0.3, 0.1, 0.7, 0.3};
static const int64_t plain_labels[] = {0, 0, 0, 0, 1, 3, 3, 3};

START_TEST(by_hand)
{
    const conceptdec_matrix x = projection_view(plain, 8, 3), labels = subspace_labels(plain_labels, 8);
    const conceptdec_subspaces_options o = {.struct_size = sizeof o, .rank = 3, .classes = 5};
    conceptdec_subspaces *s = subspace_new(ctx, &x, 1, &labels, &o);
    const int64_t ranks[] = {2, 0, 0, 0, 0}, samples[] = {4, 1, 0, 3, 0}, missing[] = {1, 3, 3, 3, 3};
    for (int c = 0; c < 5; c++) {
        ck_assert_int_eq(subspace_counts(s, CONCEPTDEC_S_RANKS)[c], ranks[c]);
        ck_assert_int_eq(subspace_counts(s, CONCEPTDEC_S_N_SAMPLES)[c], samples[c]);
        ck_assert_int_eq(subspace_counts(s, CONCEPTDEC_S_N_MISSING)[c], missing[c]);
        ck_assert_int_eq(subspace_counts(s, CONCEPTDEC_S_CLASS)[c], c);
        ck_assert_int_eq(subspace_counts(s, CONCEPTDEC_S_VIEW)[c], 0);
        ck_assert_int_eq(subspace_counts(s, CONCEPTDEC_S_UNDECIDED)[c], 0);
    }
    const double *q = subspace_basis(s, 0), wanted[] = {1, 0, 0, 0, 1, 0};
    for (int i = 0; i < 6; i++)
        NEAR(q[i], wanted[i], 1e-15);
    NEAR(subspace_reals(s, CONCEPTDEC_S_VARIANCES)[0], 8.0 / 3, 1e-15);
    NEAR(subspace_reals(s, CONCEPTDEC_S_VARIANCES)[1], 2.0 / 3, 1e-15);
    NEAR(subspace_reals(s, CONCEPTDEC_S_TOTAL_VARIANCE)[0], 10.0 / 3, 1e-15);
    NEAR(subspace_reals(s, CONCEPTDEC_S_GAP)[0], 0.25, 1e-15);
    ck_assert(isnan(subspace_reals(s, CONCEPTDEC_S_TOTAL_VARIANCE)[1]));
    NEAR(subspace_reals(s, CONCEPTDEC_S_TOTAL_VARIANCE)[3], 0, 0);
    ck_assert(isnan(subspace_reals(s, CONCEPTDEC_S_GAP)[3]));
    conceptdec_subspaces_free(s);
}
END_TEST

/* About 0 a single sample has a direction, and so have copies. */
START_TEST(about_zero)
{
    const conceptdec_matrix x = projection_view(plain, 8, 3), labels = subspace_labels(plain_labels, 8);
    const conceptdec_subspaces_options o = {.struct_size = sizeof o, .basis = CONCEPTDEC_BASIS_UNCENTERED};
    conceptdec_subspaces *s = subspace_new(ctx, &x, 1, &labels, &o);
    const int64_t ranks[] = {3, 1, 0, 1};
    for (int c = 0; c < 4; c++)
        ck_assert_int_eq(subspace_counts(s, CONCEPTDEC_S_RANKS)[c], ranks[c]);
    const double *v = subspace_reals(s, CONCEPTDEC_S_VARIANCES);
    NEAR(v[0], 25, 1e-13);
    NEAR(v[1], 2, 1e-13);
    NEAR(v[2], 0.5, 1e-13);
    NEAR(v[3], 243, 1e-12);
    NEAR(v[4], 0.59, 1e-15);
    for (int j = 0; j < 3; j++)
        NEAR(subspace_basis(s, 1)[j], 1 / sqrt(3), 1e-15);
    conceptdec_subspaces_free(s);
}
END_TEST

/* ---- a spectrum that is known ---- */

enum { N = 90, D = 40, TERMS = 12 };

typedef struct {
    double *x, *v; /* rows of three classes in turn; the directions of class 0, TERMS x d */
    int64_t labels[3 * 1024];
    int64_t n, d;
} spectrum;

/* Class 0 has the variances sigma^2 / (n - 1), far from 0; the others are noise. */
static void
make(spectrum *s, int64_t n, int64_t d, double scale, double offset)
{
    double sigma[TERMS], *mean = malloc((size_t)d * sizeof *mean);
    for (int k = 0; k < TERMS; k++)
        sigma[k] = scale * pow(0.6, k);
    for (int64_t j = 0; j < d; j++)
        mean[j] = offset * scale * cos((double)j);
    s->n = 3 * n;
    s->d = d;
    s->v = malloc((size_t)(TERMS * d) * sizeof *s->v);
    double *own = projection_spectrum(n, d, TERMS, sigma, mean, s->v);
    s->x = malloc((size_t)(3 * n * d) * sizeof *s->x);
    for (int64_t i = 0; i < 3 * n; i++) {
        s->labels[i] = i % 3 == 2 ? -1 : i % 3;
        for (int64_t j = 0; j < d; j++)
            s->x[i * d + j] = i % 3 ? scale * projection_uniform() : own[i / 3 * d + j];
    }
    free(own);
    free(mean);
}

static void
drop(spectrum *s)
{
    free(s->x);
    free(s->v);
}

/* Products of columns, of rows, and Krylov spaces; about 1, tiny and huge numbers, and a large offset. */
static const struct {
    int64_t n, d;
    double scale, offset, within;
} shapes[] = {{90, 20, 1, 0, 1e-12},     {30, 90, 1, 0, 1e-12},  {800, 400, 1, 0, 1e-7},  {90, 20, 1e-150, 0, 1e-12},
              {30, 90, 1e150, 0, 1e-12}, {90, 20, 1, 1e6, 1e-8}, {400, 800, 1, 1e6, 1e-7}};

START_TEST(known_spectrum)
{
    static spectrum s;
    const double scale = shapes[_i].scale;
    const int64_t n = shapes[_i].n, d = shapes[_i].d, rank = 6;
    make(&s, n, d, scale, shapes[_i].offset);
    const conceptdec_matrix x = projection_view(s.x, s.n, d), labels = subspace_labels(s.labels, s.n);
    const conceptdec_subspaces_options o = {.struct_size = sizeof o, .rank = rank};
    conceptdec_subspaces *list = subspace_new(ctx, &x, 1, &labels, &o);
    const double *q = subspace_basis(list, 0), *variances = subspace_reals(list, CONCEPTDEC_S_VARIANCES);
    ck_assert_int_eq(subspace_counts(list, CONCEPTDEC_S_RANKS)[0], rank);
    NEAR(subspace_apart(q, rank, d), 0, 1e-13);
    NEAR(subspace_distance(s.v, rank, q, rank, d), 0, shapes[_i].within);
    double total = 0;
    for (int k = 0; k < TERMS; k++) {
        double variance = pow(0.36, k) / (double)(n - 1);
        total += variance;
        if (k < rank)
            NEAR(variances[k] / scale / scale, variance, (shapes[_i].offset > 0 ? 1e-7 : 1e-9) * variance);
    }
    NEAR(subspace_reals(list, CONCEPTDEC_S_TOTAL_VARIANCE)[0] / scale / scale, total, 1e-8 * total);
    NEAR(subspace_reals(list, CONCEPTDEC_S_GAP)[0], pow(0.36, 5) - pow(0.36, 6), 1e-8);
    ck_assert_int_eq(subspace_counts(list, CONCEPTDEC_S_UNDECIDED)[0], 0);
    for (int k = 0; k < rank; k++) {
        int64_t most = 0;
        for (int64_t j = 1; j < d; j++)
            most = fabs(q[k * d + j]) > fabs(q[k * d + most]) * (1 + 1e-9) ? j : most;
        ck_assert(q[k * d + most] > 0);
    }
    conceptdec_subspaces_free(list);
    drop(&s);
}
END_TEST

/* Twelve directions, of which the smallest has 1e-5 of the largest variance: which rule keeps how many. */
static int64_t
rank_by(const spectrum *s, conceptdec_subspaces_options o, int64_t *missing)
{
    const conceptdec_matrix x = projection_view(s->x, s->n, s->d), labels = subspace_labels(s->labels, s->n);
    o.struct_size = sizeof o;
    conceptdec_subspaces *list = subspace_new(ctx, &x, 1, &labels, &o);
    const int64_t rank = subspace_counts(list, CONCEPTDEC_S_RANKS)[0];
    *missing = subspace_counts(list, CONCEPTDEC_S_N_MISSING)[0];
    conceptdec_subspaces_free(list);
    return rank;
}

START_TEST(rank_rules)
{
    static spectrum s;
    int64_t missing;
    double all = 0, five = 0;
    make(&s, _i ? 30 : 90, _i ? 90 : 40, 1, 10);
    for (int k = 0; k < TERMS; k++) {
        all += pow(0.36, k);
        five += k < 5 ? pow(0.36, k) : 0;
    }
    ck_assert_int_eq(rank_by(&s, (conceptdec_subspaces_options){0}, &missing), TERMS);
    ck_assert_int_eq(missing, 0);
    ck_assert_int_eq(rank_by(&s, (conceptdec_subspaces_options){.rank = 29}, &missing), TERMS);
    ck_assert_int_eq(missing, 29 - TERMS);
    ck_assert_int_eq(rank_by(&s, (conceptdec_subspaces_options){.explained = 1}, &missing), TERMS);
    ck_assert_int_eq(rank_by(&s, (conceptdec_subspaces_options){.explained = five / all * (1 - 1e-12)}, &missing), 5);
    ck_assert_int_eq(rank_by(&s, (conceptdec_subspaces_options){.explained = five / all * (1 + 1e-12)}, &missing), 6);
    ck_assert_int_eq(rank_by(&s, (conceptdec_subspaces_options){.explained = 1e-9}, &missing), 1);
    ck_assert_int_eq(rank_by(&s, (conceptdec_subspaces_options){.tolerance = pow(0.6, 7) * 1.001}, &missing), 7);
    ck_assert_int_eq(rank_by(&s, (conceptdec_subspaces_options){.rank = 9, .tolerance = pow(0.6, 7) * 0.999}, &missing),
                     8);
    ck_assert_int_eq(missing, 1);
    drop(&s);
}
END_TEST

/* Singular values of 1e-11 of the largest are far below what products can tell, and are found all the same. */
START_TEST(steep_spectrum)
{
    const double sigma[] = {1, 1e-5, 1e-11};
    double v[3 * 60];
    int64_t labels[90] = {0};
    const int64_t n = _i ? 20 : 90, d = _i ? 60 : 15;
    double *x = projection_spectrum(n, d, 3, sigma, NULL, v);
    const conceptdec_matrix view = projection_view(x, n, d), all = subspace_labels(labels, n);
    const conceptdec_subspaces_options o = {.struct_size = sizeof o, .rank = 4};
    conceptdec_subspaces *s = subspace_new(ctx, &view, 1, &all, &o);
    ck_assert_int_eq(subspace_counts(s, CONCEPTDEC_S_RANKS)[0], 3);
    ck_assert_int_eq(subspace_counts(s, CONCEPTDEC_S_N_MISSING)[0], 1);
    NEAR(subspace_distance(v, 3, subspace_basis(s, 0), 3, d), 0, 1e-4);
    NEAR(subspace_reals(s, CONCEPTDEC_S_VARIANCES)[2] * (double)(n - 1), 1e-22, 1e-26);
    conceptdec_subspaces_free(s);
    free(x);
}
END_TEST

/* Two equal variances at the cut: any direction of their plane would do. */
START_TEST(equal_variances)
{
    const double rows[] = {1, 0, 0, -1, 0, 0, 0, 1, 0, 0, -1, 0, 0, 0, 2, 0, 0, -2};
    const int64_t labels[6] = {0};
    const conceptdec_matrix x = projection_view(rows, 6, 3), all = subspace_labels(labels, 6);
    for (int64_t rank = 1; rank <= 3; rank++) {
        const conceptdec_subspaces_options o = {.struct_size = sizeof o, .rank = rank};
        conceptdec_subspaces *s = subspace_new(ctx, &x, 1, &all, &o);
        ck_assert_int_eq(subspace_counts(s, CONCEPTDEC_S_UNDECIDED)[0], rank == 2);
        conceptdec_subspaces_free(s);
    }
}
END_TEST

/* ---- bases of whole classes ---- */

/* Means (1, 0, 0), (-1, 0, 0), (0, 0, 3) of two, two and one samples, at an offset; class 3 has none. */
static const double pairs[] = {1, 1, 0, 1, -1, 0, -1, 2, 0, -1, -2, 0, 0, 0, 3, 7, 7, 7};
static const int64_t pair_labels[] = {0, 0, 1, 1, 2, -1};

static conceptdec_subspaces *
of_pairs(int32_t basis, double offset, int64_t rank)
{
    double x[18];
    for (int i = 0; i < 18; i++)
        x[i] = pairs[i] + offset;
    const conceptdec_matrix view = projection_view(x, 6, 3), labels = subspace_labels(pair_labels, 6);
    const conceptdec_subspaces_options o = {.struct_size = sizeof o, .basis = basis, .classes = 4, .rank = rank};
    return subspace_new(ctx, &view, 1, &labels, &o);
}

START_TEST(span_of_means)
{
    const double offset = _i ? 1e6 : 0, tiny = _i ? 1e-9 : 1e-14;
    conceptdec_subspaces *s = of_pairs(CONCEPTDEC_BASIS_MEANS, offset, 0);
    ck_assert_int_eq(subspace_array(s, CONCEPTDEC_S_RANKS).shape[0], 1);
    ck_assert_int_eq(subspace_counts(s, CONCEPTDEC_S_RANKS)[0], 2);
    ck_assert_int_eq(subspace_counts(s, CONCEPTDEC_S_CLASS)[0], -1);
    ck_assert_int_eq(subspace_counts(s, CONCEPTDEC_S_N_SAMPLES)[0], 5);
    const double *q = subspace_basis(s, 0), *v = subspace_reals(s, CONCEPTDEC_S_VARIANCES);
    const double wanted[] = {0, 0, 1, 1, 0, 0}; /* centred means: (1, 0, -1), (-1, 0, -1), (0, 0, 2) */
    for (int i = 0; i < 6; i++)
        NEAR(q[i], wanted[i], tiny);
    NEAR(v[0], 3, tiny);
    NEAR(v[1], 1, tiny);
    NEAR(subspace_reals(s, CONCEPTDEC_S_TOTAL_VARIANCE)[0], 4, tiny);
    conceptdec_subspaces_free(s);
    s = of_pairs(CONCEPTDEC_BASIS_MEANS, offset, 3);
    ck_assert_int_eq(subspace_counts(s, CONCEPTDEC_S_N_MISSING)[0], 1);
    conceptdec_subspaces_free(s);
}
END_TEST

START_TEST(differences)
{
    const double offset = _i ? 1e6 : 0, tiny = _i ? 1e-9 : 1e-15;
    conceptdec_subspaces *s = of_pairs(CONCEPTDEC_BASIS_DIFFERENCE, offset, 0);
    /* (1, 0, 0) - (-2, 0, 3) / 3 = (5, 0, -3) / 3; (-1, 0, 0) - (2, 0, 3) / 3 = (-5, 0, -3) / 3; (0, 0, 3) */
    const double root = sqrt(34), wanted[] = {5 / root, 0, -3 / root, 5 / root, 0, 3 / root, 0, 0, 1};
    for (int c = 0; c < 3; c++) {
        ck_assert_int_eq(subspace_counts(s, CONCEPTDEC_S_RANKS)[c], 1);
        for (int j = 0; j < 3; j++)
            NEAR(subspace_basis(s, c)[j], wanted[c * 3 + j], tiny);
    }
    ck_assert_int_eq(subspace_counts(s, CONCEPTDEC_S_RANKS)[3], 0);
    ck_assert_int_eq(subspace_counts(s, CONCEPTDEC_S_N_MISSING)[3], 1);
    ck_assert(isnan(subspace_reals(s, CONCEPTDEC_S_VARIANCES)[0]));
    conceptdec_subspaces_free(s);
}
END_TEST

/* The same samples in two classes, in another order: means differ by rounding alone, which is no direction. */
START_TEST(equal_means)
{
    enum { SAMPLES = 40, DIMS = 3 };
    double x[2 * SAMPLES * DIMS];
    int64_t labels[2 * SAMPLES];
    for (int i = 0; i < SAMPLES * DIMS; i++)
        x[i] = 0.1 + sin((double)i);
    for (int i = 0; i < SAMPLES; i++)
        for (int j = 0; j < DIMS; j++)
            x[(SAMPLES + i) * DIMS + j] = x[(SAMPLES - 1 - i) * DIMS + j];
    for (int i = 0; i < 2 * SAMPLES; i++)
        labels[i] = i / SAMPLES;
    const conceptdec_matrix view = projection_view(x, 2 * SAMPLES, DIMS), all = subspace_labels(labels, 2 * SAMPLES);
    for (int32_t basis = CONCEPTDEC_BASIS_MEANS; basis <= CONCEPTDEC_BASIS_DIFFERENCE; basis++) {
        const conceptdec_subspaces_options o = {.struct_size = sizeof o, .basis = basis};
        conceptdec_subspaces *s = subspace_new(ctx, &view, 1, &all, &o);
        ck_assert_int_eq(subspace_counts(s, CONCEPTDEC_S_RANKS)[0], 0);
        conceptdec_subspaces_free(s);
    }
}
END_TEST

/* Two classes have one weight vector; three have one each, which are those of the model. */
START_TEST(weights_of_a_probe)
{
    enum { SAMPLES = 60, DIMS = 4 };
    double x[SAMPLES * DIMS];
    int64_t labels[SAMPLES];
    const int64_t classes = 2 + _i;
    for (int i = 0; i < SAMPLES; i++) {
        labels[i] = i % classes;
        for (int j = 0; j < DIMS; j++)
            x[i * DIMS + j] = sin((double)(i * DIMS + j)) + (j == labels[i]);
    }
    const conceptdec_matrix view = projection_view(x, SAMPLES, DIMS), all = subspace_labels(labels, SAMPLES);
    const conceptdec_probe_options probe = {.struct_size = sizeof probe, .kind = CONCEPTDEC_PROBE_RIDGE};
    const conceptdec_subspaces_options o = {.struct_size = sizeof o, .basis = CONCEPTDEC_BASIS_PROBE, .probe = &probe};
    conceptdec_subspaces *s = subspace_new(ctx, &view, 1, &all, &o);
    conceptdec_probe_model *model;
    conceptdec_array weights;
    ck_assert_int_eq(conceptdec_probe_model_new(ctx, &view, &all, &probe, &model), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_probe_model_get(model, CONCEPTDEC_R_WEIGHTS, &weights), CONCEPTDEC_OK);
    for (int64_t c = 0; c < classes; c++) {
        const double *w = (const double *)weights.data + (c < weights.shape[0] ? c : 0) * DIMS;
        double square = 0, along = 0, most = -1, signed_most = 0;
        for (int j = 0; j < DIMS; j++) {
            square += w[j] * w[j];
            along += w[j] * subspace_basis(s, c)[j];
            signed_most = fabs(subspace_basis(s, c)[j]) > most ? subspace_basis(s, c)[j] : signed_most;
            most = fmax(most, fabs(subspace_basis(s, c)[j]));
        }
        NEAR(fabs(along), sqrt(square), 1e-12 * sqrt(square));
        ck_assert(signed_most > 0);
        ck_assert_int_eq(subspace_counts(s, CONCEPTDEC_S_UNDECIDED)[c], 0);
    }
    conceptdec_probe_model_free(model);
    conceptdec_subspaces_free(s);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("subspaces");
    TCase *tests = tcase_create("subspaces");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, by_hand);
    tcase_add_test(tests, about_zero);
    tcase_add_loop_test(tests, known_spectrum, 0, sizeof shapes / sizeof *shapes);
    tcase_add_loop_test(tests, rank_rules, 0, 2);
    tcase_add_loop_test(tests, steep_spectrum, 0, 2);
    tcase_add_test(tests, equal_variances);
    tcase_add_loop_test(tests, span_of_means, 0, 2);
    tcase_add_loop_test(tests, differences, 0, 2);
    tcase_add_test(tests, equal_means);
    tcase_add_loop_test(tests, weights_of_a_probe, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

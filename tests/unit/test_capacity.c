/* Manifold capacity: points, segments and classes whose answer can be worked out from the same Gaussian vectors. */
#include <math.h>
#include <string.h>

#include "check_main.h"
#include "core/core.h"

enum { C = 4, D = 8, DRAWS = 500 };

#define NEAR(a, b, within) ck_assert_msg(fabs((a) - (b)) <= (within), "%.17g is not %.17g", (double)(a), (double)(b))

static conceptdec_ctx *ctx;

static void
setup(void)
{
    const conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = 2};
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
}

static void
teardown(void)
{
    conceptdec_ctx_free(ctx);
}

static conceptdec_geometry_options
options_with(double margin)
{
    return (conceptdec_geometry_options){.struct_size = sizeof(conceptdec_geometry_options),
                                         .seed = 5,
                                         .flags = CONCEPTDEC_GEOMETRY_NO_SPECTRUM | CONCEPTDEC_GEOMETRY_NO_NEIGHBORS |
                                                  CONCEPTDEC_GEOMETRY_NO_PROBE | CONCEPTDEC_GEOMETRY_NO_SILHOUETTE,
                                         .capacity_draws = DRAWS,
                                         .capacity_margin = margin};
}

static conceptdec_result *
measure(conceptdec_ctx *with, const double *x, int64_t n, const int64_t *labels, double margin)
{
    const conceptdec_geometry_options o = options_with(margin);
    const conceptdec_matrix view = {
        .data = x, .rows = n, .cols = D, .row_stride = 8 * D, .col_stride = 8, .dtype = CONCEPTDEC_FLOAT64};
    const conceptdec_matrix classes = {
        .data = labels, .rows = n, .cols = 1, .row_stride = 8, .col_stride = 8, .dtype = CONCEPTDEC_INT64};
    conceptdec_result *result = NULL;
    conceptdec_status status = conceptdec_geometry(with, &view, &classes, &o, &result);
    ck_assert_msg(status == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(with));
    return result;
}

static const double *
array(const conceptdec_result *result, const char *name)
{
    conceptdec_array a;
    ck_assert_msg(conceptdec_result_get(result, name, &a) == CONCEPTDEC_OK, "%s", name);
    return a.data;
}

/* The vectors as they are drawn: t0 first, then two at a time. */
static void
vector_of(int64_t draw, double *t, double *t0)
{
    conceptdec_i_rng rng;
    double pair[2];
    conceptdec_i_rng_start(&rng, 5, CONCEPTDEC_I_RNG_CAPACITY, (uint64_t)draw);
    conceptdec_i_rng_normal(&rng, pair);
    *t0 = pair[0];
    for (int j = 0; j < D; j += 2)
        conceptdec_i_rng_normal(&rng, t + j);
}

/* Two points a class, so far on either side of its centre in a direction of their own. */
static int64_t
fill(double half, double *x, int64_t *labels)
{
    memset(x, 0, 2 * C * D * sizeof *x);
    for (int64_t i = 0; i < 2 * C; i++) {
        labels[i] = i / 2;
        x[i * D + i / 2] = 1;
        x[i * D + C + i / 2] = i % 2 ? half : -half;
    }
    return 2 * C;
}

/* 2 for a point without a margin (Cover 1965), and Gardner's integral of (t + margin)^2 with one. */
START_TEST(points)
{
    double x[2 * C * D], t[D], t0;
    int64_t labels[2 * C];
    for (int with = 0; with < 2; with++) {
        const double margin = 0.5 * with, wanted = with ? 0.9612050528015417 : 2;
        double sum = 0;
        conceptdec_result *r = measure(ctx, x, fill(0, x, labels), labels, margin);
        for (int i = 0; i < DRAWS; i++) {
            vector_of(i, t, &t0);
            sum += t0 < margin ? (margin - t0) * (margin - t0) : 0;
        }
        for (int c = 0; c < C; c++) {
            NEAR(array(r, CONCEPTDEC_R_CAPACITY)[c], DRAWS / sum, 1e-12);
            NEAR(array(r, CONCEPTDEC_R_CAPACITY)[c], wanted, 4 * array(r, CONCEPTDEC_R_CAPACITY_SE)[c]);
            NEAR(array(r, CONCEPTDEC_R_MANIFOLD_RADIUS)[c], 0, 0);
            NEAR(array(r, CONCEPTDEC_R_MANIFOLD_DIMENSION)[c], 0, 0);
        }
        NEAR(array(r, CONCEPTDEC_R_CAPACITY_MEAN)[0], DRAWS / sum, 1e-12);
        conceptdec_result_free(r);
    }
}
END_TEST

/* What a segment of half length R gives for one vector, t along it: V is T, or rests on one end, or is 0. */
static void
segment(double t, double t0, double half, double *distance, double *square)
{
    const double far = half * fabs(t);
    *square = half * half;
    if (t0 >= far) {
        *distance = 0;
    } else if (t0 * half >= -fabs(t)) {
        *distance = (far - t0) * (far - t0) / (1 + half * half);
    } else {
        *distance = t * t + t0 * t0;
        *square = t * t / (t0 * t0);
    }
}

START_TEST(segments)
{
    double x[2 * C * D], t[D], t0;
    int64_t labels[2 * C];
    const double half = 0.7, scaled = half / sqrt(0.75); /* centres are so long */
    conceptdec_result *r = measure(ctx, x, fill(half, x, labels), labels, 0);
    double all = 0;
    for (int c = 0; c < C; c++) {
        double distances = 0, squares = 0, dimension = 0, distance, square;
        for (int i = 0; i < DRAWS; i++) {
            vector_of(i, t, &t0);
            segment(t[C + c], t0, scaled, &distance, &square);
            distances += distance / DRAWS;
            squares += square / DRAWS;
            dimension += t[C + c] * t[C + c] / DRAWS;
        }
        all += distances / C;
        NEAR(array(r, CONCEPTDEC_R_CAPACITY)[c], 1 / distances, 1e-12);
        NEAR(array(r, CONCEPTDEC_R_MANIFOLD_RADIUS)[c], sqrt(squares), 1e-12);
        NEAR(array(r, CONCEPTDEC_R_MANIFOLD_DIMENSION)[c], dimension, 1e-12);
        NEAR(array(r, CONCEPTDEC_R_MANIFOLD_DIMENSION)[c], 1, 5 * array(r, CONCEPTDEC_R_MANIFOLD_DIMENSION_SE)[c]);
        ck_assert(array(r, CONCEPTDEC_R_MANIFOLD_RADIUS_SE)[c] > 0);
    }
    NEAR(array(r, CONCEPTDEC_R_CAPACITY_MEAN)[0], 1 / all, 1e-12);
    ck_assert(array(r, CONCEPTDEC_R_CAPACITY_MEAN_SE)[0] > 0 && array(r, CONCEPTDEC_R_CAPACITY_MEAN_SE)[0] < 0.2);
    ck_assert(array(r, CONCEPTDEC_R_CAPACITY_RESIDUAL)[0] < 0x1p-40);
    conceptdec_result_free(r);
}
END_TEST

/* No centre, no capacity: one class, and classes whose means are the same. */
START_TEST(undefined)
{
    double x[2 * C * D];
    int64_t labels[2 * C];
    const int64_t n = fill(0.5, x, labels);
    for (int i = 0; i < 2 * C; i++)
        labels[i] = 0;
    for (int same = 0; same < 2; same++) {
        for (int i = 0; same && i < 2 * C; i++) {
            labels[i] = i / C;
            memcpy(x + i * D, x + i % C * D, D * sizeof *x);
        }
        conceptdec_result *r = measure(ctx, x, n, labels, 0);
        for (int c = 0; c <= same; c++) {
            ck_assert(isnan(array(r, CONCEPTDEC_R_CAPACITY)[c]));
            ck_assert(isnan(array(r, CONCEPTDEC_R_MANIFOLD_RADIUS)[c]));
        }
        ck_assert(isnan(array(r, CONCEPTDEC_R_CAPACITY_MEAN)[0]) && isnan(array(r, CONCEPTDEC_R_CAPACITY_RESIDUAL)[0]));
        conceptdec_result_free(r);
    }
}
END_TEST

/* More points than dimensions, some of them twice: solutions rest on at most D + 1 of them. */
static int64_t
fill_clouds(double *x, int64_t *labels, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        labels[i] = i % 3;
        for (int64_t j = 0; j < D; j++)
            x[i * D + j] = sin((double)(i / 6 * 13 + j * j * (i / 6) + i % 3)) + 2 * (i % 3 == j);
    }
    return n;
}

/* Order of rows, numbering of labels, scale and place, threads. */
START_TEST(invariance)
{
    enum { N = 180 };
    static double x[N * D], y[N * D];
    int64_t labels[N], others[N];
    const conceptdec_ctx_options alone = {.struct_size = sizeof alone, .threads = 1};
    conceptdec_ctx *one;
    ck_assert_int_eq(conceptdec_ctx_new(&alone, &one), CONCEPTDEC_OK);
    conceptdec_result *a = measure(ctx, x, fill_clouds(x, labels, N), labels, 0.1);
    conceptdec_result *b = measure(one, x, N, labels, 0.1);
    for (int64_t i = 0; i < N; i++) {
        others[N - 1 - i] = 2 - labels[i];
        for (int64_t j = 0; j < D; j++)
            y[(N - 1 - i) * D + j] = 300 * x[i * D + j] - 7;
    }
    conceptdec_result *c = measure(one, y, N, others, 0.1);
    const char *const names[] = {CONCEPTDEC_R_CAPACITY, CONCEPTDEC_R_CAPACITY_SE, CONCEPTDEC_R_MANIFOLD_RADIUS,
                                 CONCEPTDEC_R_MANIFOLD_DIMENSION};
    for (int k = 0; k < 4; k++) {
        ck_assert(memcmp(array(a, names[k]), array(b, names[k]), 3 * sizeof(double)) == 0);
        for (int i = 0; i < 3; i++)
            NEAR(array(a, names[k])[i], array(c, names[k])[2 - i], 1e-10);
    }
    ck_assert(array(a, CONCEPTDEC_R_CAPACITY_RESIDUAL)[0] < 0x1p-40);
    conceptdec_result_free(a);
    conceptdec_result_free(b);
    conceptdec_result_free(c);
    conceptdec_ctx_free(one);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("capacity");
    TCase *tests = tcase_create("capacity");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, points);
    tcase_add_test(tests, segments);
    tcase_add_test(tests, undefined);
    tcase_add_test(tests, invariance);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

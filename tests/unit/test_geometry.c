/* Geometry: small cases by hand, and what is not defined. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include <conceptdec/conceptdec.h>

#include "check_main.h"

#define OK(call) ck_assert_msg((call) == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(ctx))
#define PLAIN (CONCEPTDEC_GEOMETRY_NO_NEIGHBORS | CONCEPTDEC_GEOMETRY_NO_PROBE)
#define NONE ((double)NAN)

static conceptdec_ctx *ctx;
static conceptdec_result *result;

static void
setup(void)
{
    const conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = 2};
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
}

static void
teardown(void)
{
    conceptdec_result_free(result);
    result = NULL;
    conceptdec_ctx_free(ctx);
}

static void
measure(const double *x, int64_t n, int64_t d, const int32_t *labels, const conceptdec_geometry_options *options)
{
    const conceptdec_matrix vx = {
        .data = x, .rows = n, .cols = d, .row_stride = 8 * d, .col_stride = 8, .dtype = CONCEPTDEC_FLOAT64};
    const conceptdec_matrix vy = {
        .data = labels, .rows = n, .cols = 1, .row_stride = 4, .col_stride = 4, .dtype = CONCEPTDEC_INT32};
    conceptdec_result_free(result);
    result = NULL;
    OK(conceptdec_geometry(ctx, &vx, labels ? &vy : NULL, options, &result));
}

static void
measure_plain(const double *x, int64_t n, int64_t d, const int32_t *labels)
{
    const conceptdec_geometry_options o = {.struct_size = sizeof o, .flags = PLAIN};
    measure(x, n, d, labels, &o);
}

static double
value_at(const char *name, int64_t index)
{
    conceptdec_array a;
    ck_assert_msg(conceptdec_result_get(result, name, &a) == CONCEPTDEC_OK, "%s", name);
    return a.dtype == CONCEPTDEC_INT64 ? (double)((const int64_t *)a.data)[index] : ((const double *)a.data)[index];
}

static void
is_at(const char *name, int64_t index, double wanted)
{
    double found = value_at(name, index);
    if (isnan(wanted))
        ck_assert_msg(isnan(found), "%s is %.17g, not NaN", name, found);
    else
        ck_assert_msg(fabs(found - wanted) <= 1e-13 * fmax(1, fabs(wanted)), "%s: %.17g, not %.17g", name, found,
                      wanted);
}

static void
is(const char *name, double wanted)
{
    is_at(name, 0, wanted);
}

static bool
is_absent(const char *name)
{
    conceptdec_array a;
    return conceptdec_result_get(result, name, &a) == CONCEPTDEC_ENAME;
}

/* ---- spectrum and directions ---- */

START_TEST(a_cross)
{
    static const double x[] = {2, 0, -2, 0, 0, 1, 0, -1};
    measure_plain(x, 4, 2, NULL);
    is_at(CONCEPTDEC_R_SPECTRUM, 0, 8.0 / 3);
    is_at(CONCEPTDEC_R_SPECTRUM, 1, 2.0 / 3);
    is(CONCEPTDEC_R_TOTAL_VARIANCE, 10.0 / 3);
    is(CONCEPTDEC_R_NUMERICAL_RANK, 2);
    is(CONCEPTDEC_R_PARTICIPATION_RATIO, 100.0 / 68);
    is(CONCEPTDEC_R_EFFECTIVE_RANK, exp(-0.8 * log(0.8) - 0.2 * log(0.2)));
    is(CONCEPTDEC_R_STABLE_RANK, 1.25);
    is(CONCEPTDEC_R_RANK_ME, exp(-2.0 / 3 * log(2.0 / 3) - 1.0 / 3 * log(1.0 / 3)));
    is(CONCEPTDEC_R_ANISOTROPY, -1.0 / 3);
    is(CONCEPTDEC_R_N_ZERO_ROWS, 0);
}
END_TEST

/* The mean is half of what there is: RankMe sees it, the others do not. Fewer rows than dimensions. */
START_TEST(two_rows)
{
    static const double x[] = {0, 0, 0, 2, 0, 0};
    measure_plain(x, 2, 3, NULL);
    is_at(CONCEPTDEC_R_SPECTRUM, 0, 2);
    is_at(CONCEPTDEC_R_SPECTRUM, 1, 0);
    is(CONCEPTDEC_R_NUMERICAL_RANK, 1);
    is(CONCEPTDEC_R_PARTICIPATION_RATIO, 1);
    is(CONCEPTDEC_R_RANK_ME, 1);
    is(CONCEPTDEC_R_N_ZERO_ROWS, 1);
    is(CONCEPTDEC_R_ANISOTROPY, NONE);
}
END_TEST

START_TEST(rank_me_is_not_centred)
{
    static const double x[] = {3, 1, 3, -1};
    measure_plain(x, 2, 2, NULL);
    is(CONCEPTDEC_R_NUMERICAL_RANK, 1);
    is(CONCEPTDEC_R_EFFECTIVE_RANK, 1);
    is(CONCEPTDEC_R_RANK_ME, exp(-0.75 * log(0.75) - 0.25 * log(0.25)));
    is(CONCEPTDEC_R_ANISOTROPY, 0.8);
}
END_TEST

START_TEST(rows_that_are_all_the_same)
{
    static const char *const names[] = {CONCEPTDEC_R_PARTICIPATION_RATIO, CONCEPTDEC_R_EFFECTIVE_RANK,
                                        CONCEPTDEC_R_STABLE_RANK};
    double x[4 * 3];
    for (int zero = 0; zero < 2; zero++) {
        for (int i = 0; i < 12; i++)
            x[i] = zero ? 0 : 0.1 + 1e6 * (i % 3);
        measure_plain(x, 4, 3, NULL);
        for (int i = 0; i < 3; i++)
            is(names[i], NONE);
        is(CONCEPTDEC_R_TOTAL_VARIANCE, 0);
        is(CONCEPTDEC_R_NUMERICAL_RANK, 0);
        is(CONCEPTDEC_R_RANK_ME, zero ? NONE : 1);
        is(CONCEPTDEC_R_ANISOTROPY, zero ? NONE : 1);
        is(CONCEPTDEC_R_N_ZERO_ROWS, zero ? 4 : 0);
    }
}
END_TEST

/* ---- neighbours ---- */

/* Nearest two: 1 and 3, 1 and 2, 2 and 3, 4 and 6 away. */
START_TEST(places_on_a_line)
{
    static const double x[] = {0, 1, 3, 7};
    const double l15 = log(1.5), l2 = log(2), l3 = log(3);
    const conceptdec_geometry_options o = {.struct_size = sizeof o, .k = 2, .hub_k = 1};
    measure(x, 4, 1, NULL, &o);
    is(CONCEPTDEC_R_N_TWONN, 4);
    is(CONCEPTDEC_R_TWONN_ML, 3 / (2 * l15 + l2 + l3));
    is(CONCEPTDEC_R_TWONN, (l15 * (-log(0.75) - log(0.5)) - l2 * log(0.25)) / (2 * l15 * l15 + l2 * l2));
    is(CONCEPTDEC_R_MLE_DIMENSION, 4 / (2 * l15 + l2 + l3));
    is(CONCEPTDEC_R_N_MLE, 4);
    /* The nearest are 1, 0, 1, 2. */
    is(CONCEPTDEC_R_HUBNESS_SKEW, 0);
    is(CONCEPTDEC_R_ROBIN_HOOD, 0.25);
    is(CONCEPTDEC_R_ANTIHUB_SHARE, 0.25);
    is(CONCEPTDEC_R_HUB_SHARE, 0.25);
    is(CONCEPTDEC_R_CURVE_SAMPLES, 4);
    is(CONCEPTDEC_R_TWONN_CURVE, value_at(CONCEPTDEC_R_TWONN_ML, 0));
    is(CONCEPTDEC_R_TWONN_CURVE_SE, NONE);
    is(CONCEPTDEC_R_TWONN_CURVE_N, 1);
    ck_assert(is_absent(CONCEPTDEC_R_HUBNESS_REFERENCE));
}
END_TEST

/* Nothing is left out: the largest ratio has no ordinate all the same. */
START_TEST(discard_nothing)
{
    static const double x[] = {0, 1, 3, 7};
    const double l15 = log(1.5), l2 = log(2);
    const conceptdec_geometry_options o = {
        .struct_size = sizeof o, .given = 1u << 9, .k = 2, .hub_k = 1, .flags = CONCEPTDEC_GEOMETRY_NO_CURVE};
    measure(x, 4, 1, NULL, &o);
    is(CONCEPTDEC_R_TWONN, (l15 * (-log(0.75) - log(0.5)) - l2 * log(0.25)) / (2 * l15 * l15 + l2 * l2));
    ck_assert(is_absent(CONCEPTDEC_R_TWONN_CURVE) && is_absent(CONCEPTDEC_R_CURVE_SAMPLES));
}
END_TEST

/* Rows 0 and 1 are one place: they are dropped. Row 2 has them both at 1, which is a ratio of 1. */
START_TEST(duplicates_are_dropped)
{
    static const double x[] = {0, 0, 1, 3, 9};
    const conceptdec_geometry_options o = {.struct_size = sizeof o, .k = 3, .hub_k = 1};
    measure(x, 5, 1, NULL, &o);
    is(CONCEPTDEC_R_N_TWONN, 3);
    is(CONCEPTDEC_R_TWONN_ML, 2 / (log(1) + log(1.5) + log(8.0 / 6)));
    is(CONCEPTDEC_R_N_MLE, 3);
    is(CONCEPTDEC_R_MLE_DIMENSION, 3 / (0.5 * (2 * log(2) + log(1.5) + log(1) + log(1.5) + log(9.0 / 8))));
}
END_TEST

START_TEST(one_place_has_no_dimension)
{
    static const double x[30] = {0};
    const conceptdec_geometry_options o = {.struct_size = sizeof o};
    measure(x, 30, 1, NULL, &o);
    is(CONCEPTDEC_R_N_TWONN, 0);
    is(CONCEPTDEC_R_TWONN, NONE);
    is(CONCEPTDEC_R_TWONN_ML, NONE);
    is(CONCEPTDEC_R_MLE_DIMENSION, NONE);
    is(CONCEPTDEC_R_TWONN_CURVE, NONE);
    is(CONCEPTDEC_R_TWONN_CURVE_N, 0);
    /* The table's order: all have the lowest rows. */
    is(CONCEPTDEC_R_ANTIHUB_SHARE, 19.0 / 30);
}
END_TEST

/* Four corners of a square: every distance to a neighbour is the same, and everybody is a neighbour of two. */
START_TEST(a_square)
{
    static const double x[] = {0, 0, 1, 0, 1, 1, 0, 1};
    const conceptdec_geometry_options o = {.struct_size = sizeof o, .k = 2, .hub_k = 2};
    measure(x, 4, 2, NULL, &o);
    is(CONCEPTDEC_R_N_TWONN, 4);
    is(CONCEPTDEC_R_TWONN, NONE);
    is(CONCEPTDEC_R_TWONN_ML, NONE);
    is(CONCEPTDEC_R_MLE_DIMENSION, NONE);
    is(CONCEPTDEC_R_HUBNESS_SKEW, 0);
    is(CONCEPTDEC_R_ROBIN_HOOD, 0);
}
END_TEST

static uint64_t state = 7;

static double
uniform(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) * 0x1p-53;
}

/* A plane in five dimensions, and rows of their own references. */
START_TEST(a_plane)
{
    static double x[700 * 5];
    static const double samples[] = {700, 350, 175, 87, 43, 21};
    conceptdec_geometry_options o = {.struct_size = sizeof o, .references = 2};
    for (int i = 0; i < 700; i++) {
        double u = uniform(), v = uniform();
        for (int j = 0; j < 5; j++)
            x[i * 5 + j] = u * (j + 1) + v * (3 - j * j);
    }
    measure(x, 700, 5, NULL, &o);
    ck_assert(fabs(value_at(CONCEPTDEC_R_TWONN, 0) - 2) < 0.2);
    ck_assert(fabs(value_at(CONCEPTDEC_R_TWONN_ML, 0) - 2) < 0.2);
    ck_assert(fabs(value_at(CONCEPTDEC_R_MLE_DIMENSION, 0) - 2) < 0.2);
    is(CONCEPTDEC_R_NUMERICAL_RANK, 2);
    for (int i = 0; i < 6; i++) {
        is_at(CONCEPTDEC_R_CURVE_SAMPLES, i, samples[i]);
        is_at(CONCEPTDEC_R_TWONN_CURVE_N, i, 1 << i);
        ck_assert(fabs(value_at(CONCEPTDEC_R_TWONN_CURVE, i) - 2) < 0.3);
        double error = value_at(CONCEPTDEC_R_TWONN_CURVE_SE, i);
        ck_assert(i == 0 ? isnan(error) : error > 0.001 && error < 0.3);
    }
    double skew[] = {value_at(CONCEPTDEC_R_HUBNESS_REFERENCE, 0), value_at(CONCEPTDEC_R_HUBNESS_REFERENCE, 4)};
    ck_assert(skew[0] > -0.5 && skew[0] < 2 && fabs(skew[0] - skew[1]) > 1e-6);
    double curve = value_at(CONCEPTDEC_R_TWONN_CURVE, 1);
    o.seed = 1;
    measure(x, 700, 5, NULL, &o);
    ck_assert(fabs(value_at(CONCEPTDEC_R_HUBNESS_REFERENCE, 0) - skew[0]) > 1e-6);
    ck_assert(fabs(value_at(CONCEPTDEC_R_TWONN_CURVE, 1) - curve) > 1e-6);
    o.seed = 0;
    memset(x, 0, sizeof x / 2);
    measure(x, 700, 5, NULL, &o);
    is(CONCEPTDEC_R_HUBNESS_REFERENCE, skew[0]);
}
END_TEST

/* ---- classes ---- */

static const double square[] = {-1, 1, -1, -1, 1, 1, 1, -1, 50, 60};
static const int32_t sides[] = {0, 0, 1, 1, -1};

/* Means (-1, 0) and (1, 0), a spread of 1 along the other axis; the last row is none of theirs. */
START_TEST(two_sides_of_a_square)
{
    double s = 1 - 2 / (1 + sqrt(2));
    measure_plain(square, 5, 2, sides);
    is_at(CONCEPTDEC_R_CLASS_COUNT, 0, 2);
    is_at(CONCEPTDEC_R_CLASS_COUNT, 1, 2);
    is(CONCEPTDEC_R_NC1, 0);
    is(CONCEPTDEC_R_NC1_RANK, 1);
    is(CONCEPTDEC_R_NC2, 0);
    is(CONCEPTDEC_R_NC2_NORMS, 0);
    is(CONCEPTDEC_R_VCI, 0);
    is(CONCEPTDEC_R_FISHER, 1);
    is(CONCEPTDEC_R_SILHOUETTE, s);
    for (int c = 0; c < 2; c++) {
        is_at(CONCEPTDEC_R_SILHOUETTE_PER_CONCEPT, c, s);
        is_at(CONCEPTDEC_R_PARTICIPATION_PER_CONCEPT, c, 1);
    }
    ck_assert(is_absent(CONCEPTDEC_R_NC3) && is_absent(CONCEPTDEC_R_NC4) && is_absent(CONCEPTDEC_R_CONVERGED));
}
END_TEST

static void
measure_weights(const double *weights, int64_t rows, const double *bias)
{
    const conceptdec_matrix vw = {
        .data = weights, .rows = rows, .cols = 2, .row_stride = 16, .col_stride = 8, .dtype = CONCEPTDEC_FLOAT64};
    const conceptdec_matrix vb = {
        .data = bias, .rows = rows, .cols = 1, .row_stride = 8, .col_stride = 8, .dtype = CONCEPTDEC_FLOAT64};
    const conceptdec_geometry_options o = {
        .struct_size = sizeof o, .weights = &vw, .bias = bias ? &vb : NULL, .flags = PLAIN};
    measure(square, 5, 2, sides, &o);
}

START_TEST(weights_that_are_given)
{
    static const double along[] = {3, 0}, across[] = {0, 1}, two[] = {-2, 0, 2, 0}, high[] = {2};
    measure_weights(along, 1, NULL);
    is(CONCEPTDEC_R_NC3, 0);
    is(CONCEPTDEC_R_NC4, 0);
    measure_weights(two, 2, NULL);
    is(CONCEPTDEC_R_NC3, 0);
    is(CONCEPTDEC_R_NC4, 0);
    measure_weights(across, 1, NULL);
    is(CONCEPTDEC_R_NC3, 2);
    is(CONCEPTDEC_R_NC4, 0.5);
    measure_weights(across, 1, high); /* everything is of class 1 */
    is(CONCEPTDEC_R_NC4, 0.5);
    measure_weights((const double[]){0, 0}, 1, NULL);
    is(CONCEPTDEC_R_NC3, NONE);
    is(CONCEPTDEC_R_NC4, 0.5); /* all values are equal: class 0 */
}
END_TEST

START_TEST(a_probe_is_fitted)
{
    conceptdec_geometry_options o = {.struct_size = sizeof o, .flags = CONCEPTDEC_GEOMETRY_NO_NEIGHBORS};
    measure(square, 5, 2, sides, &o);
    ck_assert(value_at(CONCEPTDEC_R_NC3, 0) < 1e-12);
    is(CONCEPTDEC_R_NC4, 0);
    is(CONCEPTDEC_R_CONVERGED, 1);
    is(CONCEPTDEC_R_LAMBDA, 0.25);
    o.lambda = 0.5;
    measure(square, 5, 2, sides, &o);
    is(CONCEPTDEC_R_LAMBDA, 0.5);
}
END_TEST

/* Class means at the corners of a regular triangle, from classes of 2, 3 and 4 rows: sizes play no part. */
START_TEST(a_triangle)
{
    static double x[9 * 2];
    static const int32_t labels[] = {0, 0, 1, 1, 1, 2, 2, 2, 2};
    static const int size[] = {2, 3, 4};
    int row = 0;
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < size[c]; i++, row++) {
            double off = 0.1 * (i - (size[c] - 1) / 2.0);
            x[2 * row] = cos(2 * 3.14159265358979323846 * c / 3) + off + 100;
            x[2 * row + 1] = sin(2 * 3.14159265358979323846 * c / 3) - off;
        }
    measure_plain(x, 9, 2, labels);
    ck_assert(value_at(CONCEPTDEC_R_NC2, 0) < 1e-12 && value_at(CONCEPTDEC_R_NC2_NORMS, 0) < 1e-12);
    is(CONCEPTDEC_R_NC1_RANK, 2);
    /* Sb = I / 2; Sw = v (1, -1)(1, -1)', v the mean of 0.0025, 0.02 / 3, 0.0125. */
    double v = (0.0025 + 0.02 / 3 + 0.0125) / 3;
    double traced = 4 * v / 3;
    ck_assert(fabs(value_at(CONCEPTDEC_R_NC1, 0) - traced) < 1e-12);
    ck_assert(fabs(value_at(CONCEPTDEC_R_FISHER, 0) - 1 / (2 * v)) < 1e-8);
    /* St is 1/2 along (1, 1) and 1/2 + 2 v along (1, -1). */
    ck_assert(fabs(value_at(CONCEPTDEC_R_VCI, 0) - (1 - (1 + 0.5 / (0.5 + 2 * v)) / 2)) < 1e-12);
}
END_TEST

/* ---- not defined ---- */

static void
no_collapse(void)
{
    static const char *const names[] = {CONCEPTDEC_R_NC1, CONCEPTDEC_R_NC2, CONCEPTDEC_R_NC2_NORMS,
                                        CONCEPTDEC_R_NC3, CONCEPTDEC_R_NC4, CONCEPTDEC_R_VCI};
    for (int i = 0; i < 6; i++)
        is(names[i], NONE);
    is(CONCEPTDEC_R_NC1_RANK, 0);
    is(CONCEPTDEC_R_CONVERGED, 0);
}

START_TEST(classes_that_are_too_small)
{
    static const double x[] = {-1, 1, -1, -1, 1, 1, 1, -1, 9, 9};
    static const int32_t single[] = {0, 0, 1, 1, 2}, gap[] = {0, 0, 2, 2, 2}, one[] = {0, 0, 0, 0, 0};
    conceptdec_geometry_options o = {.struct_size = sizeof o, .flags = CONCEPTDEC_GEOMETRY_NO_NEIGHBORS};
    measure(x, 5, 2, single, &o);
    no_collapse();
    is(CONCEPTDEC_R_FISHER, NONE);
    is_at(CONCEPTDEC_R_SILHOUETTE_PER_CONCEPT, 2, 0);
    is_at(CONCEPTDEC_R_PARTICIPATION_PER_CONCEPT, 2, NONE);
    double sum =
        2 * value_at(CONCEPTDEC_R_SILHOUETTE_PER_CONCEPT, 0) + 2 * value_at(CONCEPTDEC_R_SILHOUETTE_PER_CONCEPT, 1);
    is(CONCEPTDEC_R_SILHOUETTE, sum / 5);
    measure(x, 5, 2, gap, &o);
    no_collapse();
    is_at(CONCEPTDEC_R_CLASS_COUNT, 1, 0);
    is_at(CONCEPTDEC_R_SILHOUETTE_PER_CONCEPT, 1, NONE);
    is_at(CONCEPTDEC_R_PARTICIPATION_PER_CONCEPT, 1, NONE);
    ck_assert(!isnan(value_at(CONCEPTDEC_R_SILHOUETTE, 0)));
    measure(x, 5, 2, one, &o);
    no_collapse();
    is(CONCEPTDEC_R_SILHOUETTE, NONE);
    is_at(CONCEPTDEC_R_SILHOUETTE_PER_CONCEPT, 0, NONE);
    o.classes = 2;
    measure(x, 5, 2, one, &o);
    is_at(CONCEPTDEC_R_CLASS_COUNT, 1, 0);
    is(CONCEPTDEC_R_SILHOUETTE, NONE);
}
END_TEST

/* Classes of the same rows: nothing lies between them. Classes that are one place each: nothing within. */
START_TEST(classes_without_scatter)
{
    static const double same[] = {0.1, 3, 0.7, 4, 0.7, 4, 0.1, 3, 0.1, 3, 0.7, 4},
                        places[] = {0.1, 3, 0.1, 3, 0.1, 3, 0.7, 4, 0.7, 4, 0.7, 4};
    static const int32_t mixed[] = {0, 0, 1, 1, 2, 2}, halves[] = {0, 0, 0, 1, 1, 1};
    const conceptdec_geometry_options o = {.struct_size = sizeof o, .flags = CONCEPTDEC_GEOMETRY_NO_NEIGHBORS};
    measure(same, 6, 2, mixed, &o);
    no_collapse();
    ck_assert(value_at(CONCEPTDEC_R_FISHER, 0) < 1e-25);
    /* Of each class one row is as near to the others as to its own. */
    ck_assert(value_at(CONCEPTDEC_R_SILHOUETTE, 0) < 0);
    measure(places, 6, 2, halves, &o);
    is(CONCEPTDEC_R_FISHER, NONE);
    ck_assert(value_at(CONCEPTDEC_R_NC1, 0) < 1e-25 && value_at(CONCEPTDEC_R_VCI, 0) < 1e-12);
    is_at(CONCEPTDEC_R_PARTICIPATION_PER_CONCEPT, 0, NONE);
    is(CONCEPTDEC_R_SILHOUETTE, 1);
}
END_TEST

/* Both distances are 0 for rows that all lie in one place: 0, not 0 / 0. */
START_TEST(silhouette_of_one_place)
{
    static double x[300];
    static int32_t labels[300];
    const conceptdec_geometry_options o = {.struct_size = sizeof o, .flags = PLAIN | CONCEPTDEC_GEOMETRY_NO_SPECTRUM};
    for (int i = 0; i < 300; i++) {
        x[i] = i < 290 ? 1e5 + 0.1 : -1e5;
        labels[i] = i % 2;
    }
    measure(x, 300, 1, labels, &o);
    /* The mean distances are 2e5 * 5 / 149 and * 5 / 150: of the 145 rows of each class in the large place. */
    double large = (5.0 / 150 - 5.0 / 149) / (5.0 / 149), small = (145.0 / 150 - 145.0 / 149) / (145.0 / 149);
    is(CONCEPTDEC_R_SILHOUETTE, (290 * large + 10 * small) / 300);
    for (int i = 290; i < 300; i++)
        x[i] = x[0];
    measure(x, 300, 1, labels, &o);
    is(CONCEPTDEC_R_SILHOUETTE, 0);
    ck_assert(is_absent(CONCEPTDEC_R_SPECTRUM) && is_absent(CONCEPTDEC_R_VCI));
    ck_assert(is_absent(CONCEPTDEC_R_PARTICIPATION_PER_CONCEPT) && !is_absent(CONCEPTDEC_R_NC1));
}
END_TEST

/* Zero rows have distance 1 to all others. */
START_TEST(silhouette_with_zero_rows)
{
    static const double x[] = {1, 0, 0, 1, 0, 0, 2, 0};
    static const int32_t labels[] = {0, 1, 1, 0};
    const conceptdec_geometry_options o = {.struct_size = sizeof o, .metric = CONCEPTDEC_METRIC_COSINE, .flags = PLAIN};
    measure(x, 4, 2, labels, &o);
    is(CONCEPTDEC_R_N_ZERO_ROWS, 1);
    is_at(CONCEPTDEC_R_SILHOUETTE_PER_CONCEPT, 0, 1);
    is_at(CONCEPTDEC_R_SILHOUETTE_PER_CONCEPT, 1, 0);
}
END_TEST

START_TEST(what_is_told)
{
    const char *json;
    const conceptdec_geometry_options o = {.struct_size = sizeof o, .k = 2, .hub_k = 1, .seed = 99};
    static const char *const parts[] = {"\"k\":2",       "\"hub_k\":1",      "\"discard\":0.1",     "\"lambda\":0.25",
                                        "\"classes\":2", "\"tolerance\":",   "\"metric\":\"l2\"",   "\"seed\":99",
                                        "\"probe\":1",   "\"silhouette\":1", "\"memory\":536870912"};
    measure(square, 5, 2, sides, &o);
    ck_assert_int_eq(conceptdec_result_json(result, &json), CONCEPTDEC_OK);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        ck_assert_msg(strstr(json, parts[i]) != NULL, "%s is not in %s", parts[i], json);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("geometry");
    TCase *tests = tcase_create("geometry");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_cross);
    tcase_add_test(tests, two_rows);
    tcase_add_test(tests, rank_me_is_not_centred);
    tcase_add_test(tests, rows_that_are_all_the_same);
    tcase_add_test(tests, places_on_a_line);
    tcase_add_test(tests, discard_nothing);
    tcase_add_test(tests, duplicates_are_dropped);
    tcase_add_test(tests, one_place_has_no_dimension);
    tcase_add_test(tests, a_square);
    tcase_add_test(tests, a_plane);
    tcase_add_test(tests, two_sides_of_a_square);
    tcase_add_test(tests, weights_that_are_given);
    tcase_add_test(tests, a_probe_is_fitted);
    tcase_add_test(tests, a_triangle);
    tcase_add_test(tests, classes_that_are_too_small);
    tcase_add_test(tests, classes_without_scatter);
    tcase_add_test(tests, silhouette_of_one_place);
    tcase_add_test(tests, silhouette_with_zero_rows);
    tcase_add_test(tests, what_is_told);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

/* Concept vectors by hand; draws against the plainest bootstrap; halves whose answer is known. */
#define _GNU_SOURCE

#include <math.h>
#include <string.h>

#include "check_main.h"
#include "core/core.h"
#include "projection_problems.h"
#include "stats/stream.h"

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

static conceptdec_matrix
ints(const int64_t *values, int64_t n)
{
    return (conceptdec_matrix){
        .data = values, .rows = n, .cols = 1, .row_stride = 8, .col_stride = 8, .dtype = CONCEPTDEC_INT64};
}

static const double *
reals(const conceptdec_result *r, const char *name)
{
    conceptdec_array array;
    ck_assert_int_eq(conceptdec_result_get(r, name, &array), CONCEPTDEC_OK);
    ck_assert_int_eq(array.dtype, CONCEPTDEC_FLOAT64);
    return array.data;
}

static conceptdec_result *
vectors_of(const conceptdec_matrix *x, const conceptdec_matrix *labels, conceptdec_vectors_options o)
{
    conceptdec_result *r = NULL;
    o.struct_size = sizeof o;
    conceptdec_status status = conceptdec_concept_vectors(ctx, x, labels, &o, &r);
    ck_assert_msg(status == CONCEPTDEC_OK, "%d: %s", status, conceptdec_ctx_error(ctx));
    return r;
}

/* Means (1, 0, 0), (-1, 0, 0), (0, 0, 3) of two, two and one samples; class 3 has none. */
static const double pairs[] = {1, 1, 0, 1, -1, 0, -1, 2, 0, -1, -2, 0, 0, 0, 3, 7, 7, 7};
static const int64_t pair_labels[] = {0, 0, 1, 1, 2, -1};

static const struct {
    int32_t reference;
    double vectors[9], norms[3], cosines[3]; /* (0, 1), (0, 2), (1, 2) */
} cases[] = {
    {CONCEPTDEC_BASELINE_REST,
     {5.0 / 3, 0, -1, -5.0 / 3, 0, -1, 0, 0, 3},
     {1.9436506316151, 1.9436506316151, 3},
     {-16.0 / 34, -0.514495755427527, -0.514495755427527}},
    {CONCEPTDEC_BASELINE_MEAN,
     {1, 0, -1, -1, 0, -1, 0, 0, 2},
     {1.4142135623730951, 1.4142135623730951, 2},
     {0, -0.7071067811865475, -0.7071067811865475}},
    {CONCEPTDEC_BASELINE_CLASS,
     {0, 0, 0, -2, 0, 0, -1, 0, 3},
     {0, 2, 3.1622776601683795},
     {NAN, NAN, 0.31622776601683794}},
    {CONCEPTDEC_BASELINE_GIVEN,
     {0, 0, -4, -2, 0, -4, -1, 0, -1},
     {4, 4.47213595499958, 1.4142135623730951},
     {0.894427190999916, 0.7071067811865475, 0.9486832980505138}},
};

START_TEST(by_hand)
{
    const int which = _i % 4;
    const double scale = _i / 4 == 1 ? 1e-150 : _i / 4 == 2 ? 1e150 : 1, offset = _i / 4 == 3 ? 1e6 : 0;
    const double tiny = _i / 4 == 3 ? 1e-9 : 1e-14, base[] = {1 * scale + offset, 0 + offset, 4 * scale + offset};
    double x[18];
    for (int i = 0; i < 18; i++)
        x[i] = pairs[i] * scale + offset;
    const conceptdec_matrix view = projection_view(x, 6, 3), labels = ints(pair_labels, 6);
    const conceptdec_matrix baseline = projection_view(base, 1, 3);
    conceptdec_result *r =
        vectors_of(&view, &labels,
                   (conceptdec_vectors_options){
                       .classes = 4, .reference = cases[which].reference, .baseline = which == 3 ? &baseline : NULL});
    const double *vectors = reals(r, CONCEPTDEC_R_VECTORS), *cosines = reals(r, CONCEPTDEC_R_COSINES);
    const double *means = reals(r, CONCEPTDEC_R_MEANS), *norms = reals(r, CONCEPTDEC_R_NORMS);
    for (int i = 0; i < 9; i++)
        NEAR(vectors[i] / scale, cases[which].vectors[i], tiny);
    NEAR(means[0] / scale, 1 + offset / scale, tiny);
    NEAR(means[8] / scale, 3 + offset / scale, tiny);
    for (int c = 0; c < 3; c++)
        NEAR(norms[c] / scale, cases[which].norms[c], tiny);
    for (int k = 0; k < 3; k++) {
        const int a = k == 2, b = k == 0 ? 1 : 2;
        const double wanted = cases[which].cosines[k];
        ck_assert(isnan(wanted) ? isnan(cosines[a * 4 + b]) : fabs(cosines[a * 4 + b] - wanted) <= tiny);
        ck_assert(isnan(wanted) ||
                  !(cosines[a * 4 + b] < cosines[b * 4 + a] || cosines[a * 4 + b] > cosines[b * 4 + a]));
    }
    NEAR(cosines[5], 1, 0);
    ck_assert(isnan(means[9]) && isnan(vectors[9]) && isnan(norms[3]) && isnan(cosines[15]) && isnan(cosines[3]));
    conceptdec_array count;
    ck_assert_int_eq(conceptdec_result_get(r, CONCEPTDEC_R_CLASS_COUNT, &count), CONCEPTDEC_OK);
    const int64_t counts[] = {2, 2, 1, 0};
    ck_assert(memcmp(count.data, counts, sizeof counts) == 0);
    conceptdec_result_free(r);
}
END_TEST

/* ---- draws ---- */

enum { N = 60, D = 5, C = 3, DRAWS = 200 };

static double samples[N * D];
static int64_t labels_of[N], groups_of[N];

static void
fill(void)
{
    projection_state = 5;
    for (int i = 0; i < N; i++) {
        labels_of[i] = (i * 7 + i / 11) % C;
        groups_of[i] = i / 4;
        for (int j = 0; j < D; j++)
            samples[i * D + j] = projection_uniform() + 0.5 * (labels_of[i] == j);
    }
}

static int
compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The units of a class in the order of their first rows; of[i]: the unit of sample i within its class. */
static int64_t
number_units(int64_t c, bool with_groups, int64_t of[N])
{
    int64_t seen[N], units = 0;
    for (int i = 0; i < N; i++) {
        int64_t u = 0;
        if (labels_of[i] != c)
            continue;
        while (with_groups && u < units && seen[u] != groups_of[i])
            u++;
        u = with_groups ? u : units;
        if (u == units)
            seen[units++] = groups_of[i];
        of[i] = u;
    }
    return units;
}

/* One draw, in the plainest way: class 0 comes first in the samples, then 1, then 2. */
static void
draw(int64_t number, bool with_groups, double vectors[C][D])
{
    conceptdec_i_stream stream;
    double sums[C][D] = {{0}}, weight[C] = {0};
    const int first[C] = {0, 1, 2};
    conceptdec_i_stream_start(&stream, 9, CONCEPTDEC_I_RNG_BOOTSTRAP, (uint64_t)number);
    for (int k = 0; k < C; k++) {
        const int c = first[k];
        int64_t of[N], counts[N] = {0}, units = number_units(c, with_groups, of);
        for (int64_t u = 0; u < units; u++)
            counts[conceptdec_i_stream_below(&stream, (uint32_t)units)]++;
        for (int i = 0; i < N; i++)
            for (int j = 0; j < D && labels_of[i] == c; j++) {
                sums[c][j] += (double)counts[of[i]] * samples[i * D + j];
                weight[c] += j == 0 ? (double)counts[of[i]] : 0;
            }
    }
    for (int c = 0; c < C; c++)
        for (int j = 0; j < D; j++) {
            double rest = 0, others = 0;
            for (int b = 0; b < C; b++) {
                rest += b == c ? 0 : sums[b][j];
                others += b == c ? 0 : weight[b];
            }
            vectors[c][j] = sums[c][j] / weight[c] - rest / others;
        }
}

START_TEST(plain_bootstrap)
{
    const bool with_groups = _i == 1;
    double norms[DRAWS], cosines[DRAWS];
    fill();
    ck_assert(labels_of[0] == 0 && labels_of[1] == 1 && labels_of[2] == 2);
    for (int64_t b = 0; b < DRAWS; b++) {
        double v[C][D], a = 0, c = 0, ac = 0;
        draw(b, with_groups, v);
        for (int j = 0; j < D; j++) {
            a += v[0][j] * v[0][j];
            c += v[2][j] * v[2][j];
            ac += v[0][j] * v[2][j];
        }
        norms[b] = sqrt(c);
        cosines[b] = ac / sqrt(a) / sqrt(c);
    }
    qsort(norms, DRAWS, sizeof *norms, compare);
    qsort(cosines, DRAWS, sizeof *cosines, compare);
    const conceptdec_matrix x = projection_view(samples, N, D), labels = ints(labels_of, N),
                            groups = ints(groups_of, N);
    conceptdec_result *r = vectors_of(
        &x, &labels,
        (conceptdec_vectors_options){
            .bootstrap = DRAWS, .seed = 9, .confidence = 0.9, .groups = with_groups ? &groups : NULL, .memory = 11000});
    const double at = 0.05 * (DRAWS - 1), part = at - 9;
    NEAR(reals(r, CONCEPTDEC_R_NORM_LOW)[2] + reals(r, CONCEPTDEC_R_NORM_BIAS)[2],
         norms[9] + part * (norms[10] - norms[9]), 1e-13);
    NEAR(reals(r, CONCEPTDEC_R_NORM_HIGH)[2] + reals(r, CONCEPTDEC_R_NORM_BIAS)[2],
         norms[190] - part * (norms[190] - norms[189]), 1e-13);
    NEAR(reals(r, CONCEPTDEC_R_COSINE_LOW)[0 * C + 2] + reals(r, CONCEPTDEC_R_COSINE_BIAS)[2],
         cosines[9] + part * (cosines[10] - cosines[9]), 1e-13);
    NEAR(reals(r, CONCEPTDEC_R_COSINE_HIGH)[2 * C + 0] + reals(r, CONCEPTDEC_R_COSINE_BIAS)[2 * C],
         cosines[190] - part * (cosines[190] - cosines[189]), 1e-13);
    NEAR(reals(r, CONCEPTDEC_R_COSINE_LOW)[4], 1, 0);
    double mean = 0;
    for (int b = 0; b < DRAWS; b++)
        mean += norms[b] / DRAWS;
    NEAR(reals(r, CONCEPTDEC_R_NORM_BIAS)[2], mean - reals(r, CONCEPTDEC_R_NORMS)[2], 1e-13);
    conceptdec_result_free(r);
}
END_TEST

/* A class of one unit cannot be drawn again: nothing is said of it. */
START_TEST(single_units)
{
    fill();
    labels_of[3] = 3;
    for (int i = 4; i < N; i++)
        labels_of[i] = labels_of[i] == 0 ? 1 : labels_of[i];
    labels_of[0] = 0;
    const conceptdec_matrix x = projection_view(samples, N, D), labels = ints(labels_of, N);
    conceptdec_result *r =
        vectors_of(&x, &labels, (conceptdec_vectors_options){.bootstrap = 20, .splits = 5, .classes = 5});
    const double *low = reals(r, CONCEPTDEC_R_NORM_LOW), *cosines = reals(r, CONCEPTDEC_R_COSINE_HIGH);
    const double *reliability = reals(r, CONCEPTDEC_R_RELIABILITY);
    ck_assert(isnan(low[0]) && isfinite(low[1]) && isfinite(low[2]) && isnan(low[3]) && isnan(low[4]));
    ck_assert(isnan(cosines[1]) && isfinite(cosines[5 + 2]) && isnan(cosines[5 * 3 + 1]));
    ck_assert(isnan(reliability[0]) && isfinite(reliability[1]) && isfinite(reliability[2]) && isnan(reliability[4]));
    conceptdec_result_free(r);
}
END_TEST

/* ---- halves ---- */

/* Copies of one sample in each class: halves cannot differ. Classes of which a half is always the other one's opposite
 * about the baseline: two samples each, so that a vector of one half is x - b and of the other one y - b. */
START_TEST(known_halves)
{
    const double copies[] = {1, 2, 1, 2, 1, 2, 5, 0, 5, 0, 5, 0}, apart[] = {3, 4, 4, -3, -3, -4, -4, 3};
    const int64_t three[] = {0, 0, 0, 1, 1, 1}, two[] = {0, 0, 1, 1};
    const double zero[] = {0, 0};
    const conceptdec_matrix x = projection_view(copies, 6, 2), labels = ints(three, 6);
    conceptdec_result *r = vectors_of(&x, &labels, (conceptdec_vectors_options){.splits = 4});
    NEAR(reals(r, CONCEPTDEC_R_RELIABILITY)[0], 1, 1e-15);
    NEAR(reals(r, CONCEPTDEC_R_RELIABILITY)[1], 1, 1e-15);
    conceptdec_result_free(r);
    const conceptdec_matrix y = projection_view(apart, 4, 2), pair = ints(two, 4), origin = projection_view(zero, 1, 2);
    r = vectors_of(
        &y, &pair,
        (conceptdec_vectors_options){.splits = 7, .reference = CONCEPTDEC_BASELINE_GIVEN, .baseline = &origin});
    NEAR(reals(r, CONCEPTDEC_R_RELIABILITY)[0], 0, 1e-15); /* (3, 4) and (4, -3) */
    NEAR(reals(r, CONCEPTDEC_R_RELIABILITY)[1], 0, 1e-15);
    conceptdec_result_free(r);
}
END_TEST

/* Rows of a group are copies, groups are not: halves of whole groups agree less than halves of rows, which share
 * groups. */
START_TEST(whole_groups)
{
    double x[96 * 8];
    int64_t labels[96], groups[96];
    projection_state = 3;
    for (int i = 0; i < 96; i++) {
        labels[i] = i % 2;
        groups[i] = i / 12 * 2 + i % 2;
        for (int j = 0; j < 8; j++)
            x[i * 8 + j] = i % 12 < 2 ? projection_uniform() : x[(i - 2) * 8 + j];
    }
    const conceptdec_matrix view = projection_view(x, 96, 8), all = ints(labels, 96), whole = ints(groups, 96);
    conceptdec_result *rows = vectors_of(&view, &all, (conceptdec_vectors_options){.splits = 50});
    conceptdec_result *kept = vectors_of(&view, &all, (conceptdec_vectors_options){.splits = 50, .groups = &whole});
    ck_assert(reals(rows, CONCEPTDEC_R_RELIABILITY)[0] > 0.6);
    ck_assert(reals(kept, CONCEPTDEC_R_RELIABILITY)[0] < 0.3);
    conceptdec_result_free(rows);
    conceptdec_result_free(kept);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("concept_vectors");
    TCase *tests = tcase_create("concept_vectors");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, by_hand, 0, 16);
    tcase_add_loop_test(tests, plain_bootstrap, 0, 2);
    tcase_add_test(tests, single_units);
    tcase_add_test(tests, known_halves);
    tcase_add_test(tests, whole_groups);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

/* Overlap asked for in two ways: what does not matter does not change it. */
#include <math.h>

#include "check_main.h"
#include "concept_problems.h"

enum { S = 7, D = 40, R = 31 };

static const int64_t ranks[S] = {3, 5, 1, 8, 6, 5, 3};
static double rows[R * D];
static conceptdec_ctx *ctx;

/* The fifth lies close to the second, the last one within the fourth. */
static void
setup(void)
{
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
    fill_uniform(11, R * D, rows);
    for (int i = 0; i < 5 * D; i++)
        rows[23 * D + i] = rows[3 * D + i] + 1e-3 * rows[23 * D + i];
    for (int i = 0; i < 3 * D; i++)
        rows[28 * D + i] = rows[9 * D + i] - rows[13 * D + i % D];
    make_concepts();
}

static void
teardown(void)
{
    conceptdec_ctx_free(ctx);
}

static void
check_close(const conceptdec_result *a, const conceptdec_result *b, double tolerance)
{
    for (int k = 0; k < OVERLAP_NUMBERS; k++) {
        conceptdec_array x = array_of(a, overlap_numbers[k]), y = array_of(b, overlap_numbers[k]);
        const double *p = x.data, *q = y.data;
        ck_assert_int_eq(count_of(&x), count_of(&y));
        for (int64_t i = 0; i < count_of(&x); i++)
            ck_assert_msg((isnan(p[i]) && isnan(q[i])) || fabs(p[i] - q[i]) <= tolerance * fmax(1, fabs(p[i])), "%s %d",
                          overlap_numbers[k], (int)i);
    }
}

static void
reflect_all(double *all, int64_t count, int64_t d)
{
    double vector[64], square = 0;
    fill_uniform(77, d, vector);
    for (int64_t j = 0; j < d; j++)
        square += vector[j] * vector[j];
    for (int64_t i = 0; i < count; i++) {
        double along = 0;
        for (int64_t j = 0; j < d; j++)
            along += 2 * all[i * d + j] * vector[j] / square;
        for (int64_t j = 0; j < d; j++)
            all[i * d + j] -= along * vector[j];
    }
}

START_TEST(the_space_may_be_turned)
{
    conceptdec_subspaces *s = spans(ctx, rows, ranks, S, D, NULL);
    reflect_all(rows, R, D);
    conceptdec_subspaces *t = spans(ctx, rows, ranks, S, D, NULL);
    conceptdec_result *a = overlap_with(ctx, s, NULL, 0, 0), *b = overlap_with(ctx, t, NULL, 0, 0);
    check_close(a, b, 1e-12);
    conceptdec_result_free(a);
    conceptdec_result_free(b);
    conceptdec_subspaces_free(s);
    conceptdec_subspaces_free(t);
}
END_TEST

/* Rows of a span are added to each other, and made longer. */
START_TEST(any_basis_does)
{
    conceptdec_subspaces *s = spans(ctx, rows, ranks, S, D, NULL);
    for (int64_t i = 0, at = 0; i < S; at += ranks[i++])
        for (int64_t k = 1; k < ranks[i]; k++)
            for (int j = 0; j < D; j++)
                rows[(at + k) * D + j] = 3 * rows[(at + k) * D + j] + rows[(at + k - 1) * D + j];
    conceptdec_subspaces *t = spans(ctx, rows, ranks, S, D, NULL);
    conceptdec_result *a = overlap_with(ctx, s, NULL, 0, 0), *b = overlap_with(ctx, t, NULL, 0, 0);
    check_close(a, b, 1e-12);
    conceptdec_result_free(a);
    conceptdec_result_free(b);
    conceptdec_subspaces_free(s);
    conceptdec_subspaces_free(t);
}
END_TEST

/* One list with itself, and the same list as two: the diagonal is exact in the first, and close to that in the
 * second. */
START_TEST(a_list_with_itself)
{
    conceptdec_subspaces *s = spans(ctx, rows, ranks, S, D, NULL), *t = spans(ctx, rows, ranks, S, D, NULL);
    conceptdec_result *a = overlap_with(ctx, s, NULL, 0, 0), *b = overlap_with(ctx, s, t, 0, 0),
                      *c = overlap_with(ctx, s, s, 0, 0);
    check_equal_bits(a, c);
    check_close(a, b, 1e-12);
    for (int i = 0; i < S; i++)
        for (int64_t k = 0; k < ranks[i]; k++) {
            int64_t place = (i * S + i) * 8 + k;
            ck_assert(numbers_of(a, CONCEPTDEC_R_COSINES)[place] >= 1 &&
                      numbers_of(a, CONCEPTDEC_R_ANGLES)[place] <= 0);
            ck_assert_double_le(numbers_of(b, CONCEPTDEC_R_ANGLES)[place], 1e-14);
        }
    conceptdec_result_free(a);
    conceptdec_result_free(b);
    conceptdec_result_free(c);
    conceptdec_subspaces_free(s);
    conceptdec_subspaces_free(t);
}
END_TEST

START_TEST(numbers_agree_with_each_other)
{
    conceptdec_subspaces *s = spans(ctx, rows, ranks, S, D, NULL);
    conceptdec_result *r = overlap_with(ctx, s, NULL, 0, 0);
    const double *angles = numbers_of(r, CONCEPTDEC_R_ANGLES), *cosines = numbers_of(r, CONCEPTDEC_R_COSINES);
    for (int64_t i = 0; i < S; i++)
        for (int64_t j = 0; j < S; j++) {
            int64_t least = ranks[i] < ranks[j] ? ranks[i] : ranks[j], place = i * S + j;
            double sum = 0;
            for (int64_t k = 0; k < 8; k++) {
                double angle = angles[place * 8 + k];
                ck_assert(k < least ? angle >= 0 && angle <= acos(0) : isnan(angle) != 0);
                ck_assert(k == 0 || k >= least || angle >= angles[place * 8 + k - 1]);
                ck_assert(isnan(angle) ? isnan(cosines[place * 8 + k])
                                       : fabs(cos(angle) - cosines[place * 8 + k]) < 1e-15);
                sum += k < least ? pow(cos(angle), 2) : 0;
                ck_assert(memcmp(&angles[place * 8 + k], &angles[(j * S + i) * 8 + k], 8) == 0);
            }
            ck_assert_double_eq_tol(numbers_of(r, CONCEPTDEC_R_SHARED_DIMENSIONS)[place], sum, 1e-13);
            ck_assert_double_eq_tol(pow(numbers_of(r, CONCEPTDEC_R_CHORDAL)[place], 2) + sum, (double)least, 1e-13);
        }
    conceptdec_result_free(r);
    conceptdec_subspaces_free(s);
}
END_TEST

static const conceptdec_subspaces_options rank_3 = {.struct_size = sizeof rank_3, .rank = 3};

static conceptdec_overlap_options
drawing_options(const conceptdec_matrix *groups)
{
    return (conceptdec_overlap_options){.struct_size = sizeof(conceptdec_overlap_options),
                                        .subspaces = &rank_3,
                                        .groups = groups,
                                        .permutations = 12,
                                        .bootstrap = 9,
                                        .seed = 5,
                                        .permute = CONCEPTDEC_PERMUTE_WHOLE};
}

static conceptdec_ctx *
ctx_of(int32_t threads)
{
    const conceptdec_ctx_options o = {.struct_size = sizeof o, .threads = threads};
    conceptdec_ctx *made;
    ck_assert_int_eq(conceptdec_ctx_new(&o, &made), CONCEPTDEC_OK);
    return made;
}

START_TEST(any_number_of_threads_gives_the_same_bits)
{
    static const int threads[] = {1, 2, 3, 5};
    conceptdec_matrix views[CONCEPT_V], labels, groups;
    conceptdec_result *first = NULL, *alone = NULL;
    concept_views(views, &labels);
    groups = labels;
    groups.data = concept_groups;
    conceptdec_overlap_options o = drawing_options(&groups);
    for (int i = 0; i < 4; i++) {
        conceptdec_ctx *own = ctx_of(threads[i]);
        conceptdec_subspaces *s = spans(own, rows, ranks, S, D, NULL);
        conceptdec_result *plain = overlap_with(own, s, NULL, 0, 0),
                          *drawn = concept_overlap(own, views, CONCEPT_V, &labels, &o);
        if (i == 0) {
            alone = plain;
            first = drawn;
        } else {
            check_equal_bits(alone, plain);
            check_equal_bits(first, drawn);
            conceptdec_result_free(plain);
            conceptdec_result_free(drawn);
        }
        conceptdec_subspaces_free(s);
        conceptdec_ctx_free(own);
    }
    conceptdec_result_free(alone);
    conceptdec_result_free(first);
}
END_TEST

static const conceptdec_subspaces_options probes = {.struct_size = sizeof probes, .basis = CONCEPTDEC_BASIS_PROBE};

static conceptdec_result *
draw_probes(conceptdec_ctx *own, int64_t draws)
{
    conceptdec_matrix views[CONCEPT_V], labels, groups;
    concept_views(views, &labels);
    groups = labels;
    groups.data = concept_groups;
    conceptdec_overlap_options o = drawing_options(&groups);
    o.subspaces = &probes;
    o.permutations = draws;
    o.bootstrap = 0;
    return concept_overlap(own, views, CONCEPT_V, &labels, &o);
}

START_TEST(draws_of_probes_are_the_same_bits)
{
    conceptdec_result *drawn[3];
    for (int i = 0; i < 3; i++) {
        conceptdec_ctx *own = ctx_of(i == 0 ? 1 : 3);
        drawn[i] = draw_probes(own, 12);
        conceptdec_ctx_free(own);
        check_equal_bits(drawn[0], drawn[i]);
    }
    for (int i = 0; i < 3; i++)
        conceptdec_result_free(drawn[i]);
}
END_TEST

static void
count_regions(void *count, int64_t lanes, void (*body)(void *argument, int64_t lane), void *argument)
{
    ++*(int *)count;
    for (int64_t lane = 0; lane < lanes; lane++)
        body(argument, lane);
}

static int
regions_of(int64_t draws)
{
    int count = 0;
    const conceptdec_ctx_options o = {
        .struct_size = sizeof o, .threads = 3, .parallel_for = count_regions, .parallel_user = &count};
    conceptdec_ctx *own;
    ck_assert_int_eq(conceptdec_ctx_new(&o, &own), CONCEPTDEC_OK);
    conceptdec_result_free(draw_probes(own, draws));
    conceptdec_ctx_free(own);
    return count;
}

/* A probe's fit is a call of its own in the context, which is no place for two at once: each draw asks for threads
 * anew, where draws side by side would ask for them once. */
START_TEST(draws_of_probes_come_one_by_one)
{
    ck_assert_int_ge(regions_of(13), regions_of(3) + 10);
}
END_TEST

/* The steps one by one; and what was drawn is the null of it. */
START_TEST(concepts_are_their_subspaces)
{
    conceptdec_matrix views[CONCEPT_V], labels;
    conceptdec_subspaces *s = NULL;
    concept_views(views, &labels);
    const conceptdec_overlap_options o = {.struct_size = sizeof o, .subspaces = &rank_3, .permutations = 19};
    ck_assert_int_eq(conceptdec_subspaces_new(ctx, views, CONCEPT_V, &labels, &rank_3, &s), CONCEPTDEC_OK);
    conceptdec_result *steps = overlap_with(ctx, s, NULL, 0, 0),
                      *r = concept_overlap(ctx, views, CONCEPT_V, &labels, &o);
    const int64_t count = CONCEPT_V * CONCEPT_C;
    for (int k = 0; k < OVERLAP_NUMBERS; k++) {
        bool is_tail = strcmp(overlap_numbers[k], CONCEPTDEC_R_P_VALUE) == 0;
        conceptdec_array x = array_of(steps, overlap_numbers[k]);
        ck_assert_mem_eq(x.data, numbers_of(r, is_tail ? CONCEPTDEC_R_P_INDEPENDENT : overlap_numbers[k]),
                         (size_t)count_of(&x) * 8);
    }
    const double *null = numbers_of(r, CONCEPTDEC_R_NULL), *seen = numbers_of(r, CONCEPTDEC_R_OVERLAP);
    for (int64_t i = 0; i < count * count; i++) {
        int above = 1, below = 1;
        for (int64_t draw = 0; draw < 19; draw++) {
            above += null[draw * count * count + i] >= seen[i] - 1e-12;
            below += null[draw * count * count + i] <= seen[i] + 1e-12;
        }
        ck_assert_double_eq_tol(numbers_of(r, CONCEPTDEC_R_P_VALUE)[i], above / 20.0, 1e-15);
        ck_assert_double_eq_tol(numbers_of(r, CONCEPTDEC_R_P_VALUE_LOWER)[i], below / 20.0, 1e-15);
    }
    ck_assert_double_le(numbers_of(r, CONCEPTDEC_R_P_VALUE_LOWER)[2], 0.05); /* concepts 0 and 2 share nothing */
    conceptdec_result_free(steps);
    conceptdec_result_free(r);
    conceptdec_subspaces_free(s);
}
END_TEST

/* Of samples about their mean, by the definition: trace of Q S Q' over that of the largest eigenvalues. */
START_TEST(alignment_is_as_defined)
{
    conceptdec_matrix views[CONCEPT_V], labels;
    conceptdec_subspaces *s = NULL;
    conceptdec_array bases, variances;
    concept_views(views, &labels);
    const conceptdec_overlap_options o = {.struct_size = sizeof o, .subspaces = &rank_3};
    ck_assert_int_eq(conceptdec_subspaces_new(ctx, views, 1, &labels, &rank_3, &s), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_subspaces_get(s, CONCEPTDEC_S_BASES, &bases), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_subspaces_get(s, CONCEPTDEC_S_VARIANCES, &variances), CONCEPTDEC_OK);
    conceptdec_result *r = concept_overlap(ctx, views, CONCEPT_V, &labels, &o);
    for (int a = 0; a < CONCEPT_C; a++)
        for (int b = 0; b < CONCEPT_C; b++) {
            double seen = 0, most = 0;
            for (int k = 0; k < 3; k++) {
                double sum = 0, squares = 0, n = 0;
                for (int i = 0; i < CONCEPT_N; i++) {
                    double along = 0;
                    if (concept_labels[i] != a)
                        continue;
                    for (int j = 0; j < CONCEPT_D; j++)
                        along += concept_values[0][i * CONCEPT_D + j] *
                                 ((const double *)bases.data)[(b * 3 + k) * CONCEPT_D + j];
                    sum += along;
                    squares += along * along;
                    n++;
                }
                seen += (squares - sum * sum / n) / (n - 1);
                most += ((const double *)variances.data)[a * 3 + k];
            }
            const double *index = numbers_of(r, CONCEPTDEC_R_ALIGNMENT_INDEX);
            ck_assert_double_eq_tol(index[a * CONCEPT_V * CONCEPT_C + b], seen / most, 1e-10);
            ck_assert(isnan(index[a * CONCEPT_V * CONCEPT_C + CONCEPT_C + b])); /* of another view */
        }
    conceptdec_result_free(r);
    conceptdec_subspaces_free(s);
}
END_TEST

START_TEST(order_and_numbers_of_labels_do_not_matter)
{
    conceptdec_matrix views[CONCEPT_V], labels;
    const conceptdec_overlap_options o = {.struct_size = sizeof o, .subspaces = &rank_3};
    concept_views(views, &labels);
    conceptdec_result *a = concept_overlap(ctx, views, 1, &labels, &o);
    views[0].data = concept_values[0] + (CONCEPT_N - 1) * CONCEPT_D;
    views[0].row_stride = -views[0].row_stride;
    labels.data = concept_labels + CONCEPT_N - 1;
    labels.row_stride = -8;
    for (int i = 0; i < CONCEPT_N; i++)
        concept_labels[i] = concept_labels[i] < 0 ? -1 : CONCEPT_C - 1 - concept_labels[i];
    conceptdec_result *b = concept_overlap(ctx, views, 1, &labels, &o);
    for (int k = 0; k < OVERLAP_NUMBERS; k++) {
        conceptdec_array x = array_of(a, overlap_numbers[k]);
        int64_t each = count_of(&x) / 9;
        const double *p = x.data, *q = numbers_of(b, overlap_numbers[k]);
        for (int64_t i = 0; i < 9; i++)
            for (int64_t l = 0; l < each; l++)
                ck_assert_double_eq_tol(p[i * each + l], q[(8 - i) * each + l], 1e-9);
    }
    conceptdec_result_free(a);
    conceptdec_result_free(b);
}
END_TEST

/* The draws of the bootstrap are about the overlap that there is; of whole groups they scatter no less. */
START_TEST(intervals_hold_what_is_drawn)
{
    conceptdec_matrix views[CONCEPT_V], labels;
    concept_views(views, &labels);
    conceptdec_overlap_options o = {.struct_size = sizeof o, .subspaces = &rank_3, .bootstrap = 60, .confidence = 0.9};
    conceptdec_result *r = concept_overlap(ctx, views, 1, &labels, &o);
    for (int i = 0; i < 9; i++) {
        double low = numbers_of(r, CONCEPTDEC_R_CI_LOW)[i], high = numbers_of(r, CONCEPTDEC_R_CI_HIGH)[i];
        double seen = numbers_of(r, CONCEPTDEC_R_OVERLAP)[i];
        double bias = numbers_of(r, CONCEPTDEC_R_BOOTSTRAP_BIAS)[i];
        ck_assert(low <= seen + 1e-12 && high >= seen - 1e-12 && low > seen - 0.2 && high < seen + 0.2);
        if (i % 4 == 0) /* a concept with itself */
            ck_assert(low > 1 - 1e-12 && high < 1 + 1e-12 && fabs(bias) < 1e-12);
        else
            ck_assert(low < high && fabs(bias) > 1e-6 && low + bias > 0 && high + bias < 1);
    }
    o.seed = 1;
    conceptdec_result *other = concept_overlap(ctx, views, 1, &labels, &o);
    ck_assert_mem_ne(numbers_of(r, CONCEPTDEC_R_CI_LOW), numbers_of(other, CONCEPTDEC_R_CI_LOW), 72);
    conceptdec_result_free(r);
    conceptdec_result_free(other);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("overlap");
    TCase *tests = tcase_create("overlap");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, the_space_may_be_turned);
    tcase_add_test(tests, any_basis_does);
    tcase_add_test(tests, a_list_with_itself);
    tcase_add_test(tests, numbers_agree_with_each_other);
    tcase_add_test(tests, any_number_of_threads_gives_the_same_bits);
    tcase_add_test(tests, draws_of_probes_are_the_same_bits);
    tcase_add_test(tests, draws_of_probes_come_one_by_one);
    tcase_add_test(tests, concepts_are_their_subspaces);
    tcase_add_test(tests, alignment_is_as_defined);
    tcase_add_test(tests, order_and_numbers_of_labels_do_not_matter);
    tcase_add_test(tests, intervals_hold_what_is_drawn);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

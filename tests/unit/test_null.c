/* The permutation null: each lane is worth what a run of its own with the same labels gives, to the last bit. */
#include <stdlib.h>

#include "check_main.h"
#include "decodability/knn.h"
#include "knn_problems.h"
#include "stats/permute.h"

enum { ROUNDS = 250 };

static conceptdec_ctx *ctx;

static void
setup(void)
{
    conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = 2};
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
}

static void
teardown(void)
{
    conceptdec_ctx_free(ctx);
}

/* ---- the inner steps of one run ---- */

typedef struct inside {
    conceptdec_i_arena arena;
    conceptdec_i_knn_settings settings;
    conceptdec_i_knn_data data;
    conceptdec_neighbors *table;
    conceptdec_i_knn_source source;
    conceptdec_i_knn_problem problem;
    conceptdec_i_knn_scores scores;
    conceptdec_i_knn_labels labels;
    conceptdec_i_share *sums; /* n_ranks x 64 */
    int32_t *wide;            /* lanes x n */
    uint8_t *bytes;           /* n x 64 */
} inside;

#define OK(expression) ck_assert_msg((expression) == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(ctx))

static void
open_inside(inside *in, const conceptdec_matrix *x, const conceptdec_matrix *labels,
            const conceptdec_knn_options *options)
{
    void *memory;
    *in = (inside){0};
    conceptdec_i_arena_open(&in->arena, ctx);
    OK(conceptdec_i_knn_settings_take(&in->arena, options, x->rows, &in->settings));
    OK(conceptdec_i_knn_data_take(&in->arena, &in->settings, labels, &in->data));
    OK(conceptdec_i_knn_search(ctx, &in->settings, &in->data, 0, 1, x, &in->table));
    OK(conceptdec_i_knn_source_open(&in->arena, &in->settings, &in->data.sets[0], in->table, x, &in->source));
    OK(conceptdec_i_knn_problem_open(&in->arena, &in->settings, &in->data, 0, &in->source, &in->problem));
    OK(conceptdec_i_knn_score(&in->arena, &in->problem, &in->scores));
    OK(conceptdec_i_arena_take(&in->arena, "test", in->settings.n_ranks * 64, sizeof *in->sums, &memory));
    in->sums = memory;
    OK(conceptdec_i_arena_take(&in->arena, "test", 64 * x->rows, sizeof *in->wide, &memory));
    in->wide = memory;
    OK(conceptdec_i_arena_take(&in->arena, "test", 64 * x->rows, 1, &memory));
    in->bytes = memory;
    OK(conceptdec_i_knn_labels_take(&in->arena, &in->problem, conceptdec_i_knn_null_lanes(&in->problem), &in->labels));
}

static void
close_inside(inside *in)
{
    conceptdec_i_knn_source_close(&in->source);
    conceptdec_neighbors_free(in->table);
    conceptdec_i_arena_close(&in->arena);
}

/* Votes under the labels of in->wide. */
static void
vote(inside *in)
{
    int64_t n = in->problem.n;
    for (int64_t i = 0; i < 64 * n; i++)
        in->bytes[i % n * 64 + i / n] = (uint8_t)in->wide[i];
    in->labels.bytes = in->problem.classes <= 255 ? in->bytes : NULL;
    in->labels.wide = in->problem.classes <= 255 ? NULL : in->wide;
    OK(conceptdec_i_knn_labels_count(&in->problem, &in->labels));
    OK(conceptdec_i_knn_null_block(&in->problem, &in->scores, &in->labels, in->sums));
}

static void
shuffle_lane(inside *in, int lane, uint64_t round)
{
    int32_t *labels = in->wide + lane * in->problem.n;
    conceptdec_i_rng rng;
    conceptdec_i_rng_start(&rng, round, CONCEPTDEC_I_RNG_SAMPLE, (uint64_t)lane);
    for (int64_t i = 0; i < in->problem.n; i++) {
        int64_t j = below(&rng, i + 1);
        if (labels[i] < 0 || labels[j] < 0)
            continue;
        int32_t label = labels[i];
        labels[i] = labels[j];
        labels[j] = label;
    }
}

static void
set_lanes(inside *in)
{
    for (int64_t lane = 0; lane < 64; lane++)
        memcpy(in->wide + lane * in->problem.n, in->problem.set->narrow, (size_t)in->problem.n * sizeof *in->wide);
}

/* ---- lanes ---- */

static void
one_set(problem *p)
{
    p->label_view = ints(p->column[0], p->data.n, 1);
}

START_TEST(labels_as_they_are_give_the_score_as_it_is)
{
    problem p;
    inside in;
    make_problem(&p, (uint64_t)_i);
    one_set(&p);
    open_inside(&in, &p.x_view, &p.label_view, &p.options);
    set_lanes(&in);
    vote(&in);
    for (int64_t r = 0; r < in.settings.n_ranks; r++)
        for (int lane = 0; lane < in.labels.lanes; lane++) {
            ck_assert(conceptdec_i_share_at_least(in.sums[r * 64 + lane], in.scores.total[r]));
            ck_assert(conceptdec_i_share_at_least(in.scores.total[r], in.sums[r * 64 + lane]));
        }
    close_inside(&in);
}
END_TEST

/* Decodability of the labels of one lane in a run of its own. */
static void
check_lane(const inside *in, const conceptdec_matrix *x, const conceptdec_knn_options *options, int lane)
{
    conceptdec_result *result = NULL;
    conceptdec_array value;
    conceptdec_matrix labels = {.data = in->wide + lane * in->problem.n,
                                .rows = in->problem.n,
                                .cols = 1,
                                .row_stride = 4,
                                .col_stride = 4,
                                .dtype = CONCEPTDEC_INT32};
    OK(conceptdec_knn_decodability(ctx, x, &labels, options, &result));
    OK(conceptdec_result_get(result, CONCEPTDEC_R_DECODABILITY, &value));
    for (int64_t i = 0; i < in->settings.options.n_ks; i++) {
        conceptdec_i_share sum = in->sums[in->settings.rank_of_k[i] * 64 + lane];
        ck_assert_double_eq(conceptdec_i_share_value(sum) / (double)in->problem.n_rows,
                            ((const double *)value.data)[i]);
    }
    conceptdec_result_free(result);
}

static void
check_lanes(const conceptdec_matrix *x, const conceptdec_matrix *labels, const conceptdec_knn_options *options,
            uint64_t round, int step)
{
    inside in;
    open_inside(&in, x, labels, options);
    set_lanes(&in);
    for (int lane = 0; lane < 64; lane++)
        shuffle_lane(&in, lane, round);
    vote(&in);
    for (int lane = 0; lane < in.labels.lanes; lane += step)
        check_lane(&in, x, options, lane);
    close_inside(&in);
}

START_TEST(every_lane_is_a_run_of_its_own)
{
    problem p;
    make_problem(&p, (uint64_t)_i);
    one_set(&p);
    check_lanes(&p.x_view, &p.label_view, &p.options, (uint64_t)_i, 13);
}
END_TEST

/* Too many classes, or too many neighbours, for bytes. */
START_TEST(large_counts_are_lanes_too)
{
    enum { N = 700 };
    static double x[2 * N];
    static int64_t labels[N];
    conceptdec_matrix x_view = reals(x, N, 2), label_view = ints(labels, N, 1);
    int64_t ks[] = {1, 7, _i % 2 ? 40 : 300}, classes = _i < 2 ? 400 : 3;
    conceptdec_knn_options o = {.struct_size = sizeof o, .ks = ks, .n_ks = 3, .classes = classes, .chance_draws = 1};
    conceptdec_i_rng rng;
    conceptdec_i_rng_start(&rng, 8, CONCEPTDEC_I_RNG_SAMPLE, (uint64_t)_i);
    for (int64_t i = 0; i < N; i++) {
        x[2 * i] = (double)below(&rng, 50);
        x[2 * i + 1] = (double)below(&rng, 50);
        labels[i] = (int64_t)x[2 * i] * classes / 50;
    }
    check_lanes(&x_view, &label_view, &o, 1, 13);
}
END_TEST

/* Every rank at once, many classes, few of them or one rank: each way of counting votes, on each kernel set. */
START_TEST(all_ranks_are_lanes_too)
{
    enum { N = 257, MOST_RANKS = 255 };
    static const int64_t classes[] = {2, 3, 5, 9, 10, 11, 13, 16, 17, 40, 255};
    static double x[2 * N];
    static int64_t labels[N];
    int64_t ks[MOST_RANKS], n_ks = _i % 4 == 0 ? 255 : _i % 4 == 1 ? 1 : 60, c = classes[_i / 4 % 11];
    conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = 2, .kernel_mask = 1u << _i % 3};
    conceptdec_matrix x_view = reals(x, N, 2), label_view = ints(labels, N, 1);
    conceptdec_knn_options o = {.struct_size = sizeof o, .ks = ks, .n_ks = n_ks, .classes = c, .chance_draws = 1};
    conceptdec_i_rng rng;
    conceptdec_ctx_free(ctx);
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    conceptdec_i_rng_start(&rng, 9, CONCEPTDEC_I_RNG_SAMPLE, (uint64_t)_i);
    for (int64_t i = 0; i < n_ks; i++)
        ks[i] = n_ks == 1 ? 1 + below(&rng, 255) : i + 1 + (n_ks == 60 && i > 10) * 50;
    for (int64_t i = 0; i < N; i++) {
        x[2 * i] = conceptdec_i_rng_unit(&rng);
        x[2 * i + 1] = conceptdec_i_rng_unit(&rng);
        labels[i] = i < 2 ? i : below(&rng, c);
    }
    check_lanes(&x_view, &label_view, &o, (uint64_t)_i, 30);
}
END_TEST

/* ---- the null of the result ---- */

static conceptdec_result *
run_with(const problem *p, int64_t permutations)
{
    conceptdec_knn_options o = p->options;
    conceptdec_result *result = NULL;
    o.permutations = permutations;
    o.chance_draws = permutations > 0 ? 0 : o.chance_draws;
    OK(conceptdec_knn_decodability(ctx, &p->x_view, &p->label_view, &o, &result));
    return result;
}

static const double *
reals_of(const conceptdec_result *result, const char *name)
{
    conceptdec_array a;
    OK(conceptdec_result_get(result, name, &a));
    return a.data;
}

START_TEST(what_the_null_says_follows_from_its_draws)
{
    problem p;
    make_problem(&p, (uint64_t)_i);
    int64_t n_ks = p.options.n_ks, draws = 64 + _i % 70;
    conceptdec_result *result = run_with(&p, draws), *shorter = run_with(&p, 50);
    const double *null = reals_of(result, CONCEPTDEC_R_NULL), *first = reals_of(shorter, CONCEPTDEC_R_NULL);
    const double *value = reals_of(result, CONCEPTDEC_R_DECODABILITY), *kappa = reals_of(result, CONCEPTDEC_R_KAPPA);
    const double *p_value = reals_of(result, CONCEPTDEC_R_P_VALUE);
    const double *chance = reals_of(result, CONCEPTDEC_R_CHANCE_NULL);
    for (int64_t i = 0; i < p.n_sets * n_ks; i++) {
        int64_t set = i / n_ks, k = i % n_ks, n_above = 0;
        double sum = 0;
        for (int64_t d = 0; d < draws; d++) {
            double draw = null[(set * draws + d) * n_ks + k];
            ck_assert(d >= 50 || draw == first[(set * 50 + d) * n_ks + k]);
            n_above += draw >= value[i];
            sum += draw;
        }
        ck_assert_double_eq(p_value[i], (1.0 + (double)n_above) / (1.0 + (double)draws));
        ck_assert_double_eq_tol(chance[i], sum / (double)draws, 1e-14);
        ck_assert(chance[i] >= 1 || fabs(kappa[i] * (1 - chance[i]) - (value[i] - chance[i])) < 1e-13);
    }
    conceptdec_result_free(result);
    conceptdec_result_free(shorter);
}
END_TEST

/* Labels of one draw, in a run of their own. */
static void
check_draw(const problem *p, const conceptdec_result *result, int64_t draws, int64_t draw)
{
    int32_t scratch[MOST], labels[MOST];
    conceptdec_matrix view = {
        .data = labels, .rows = p->data.n, .cols = 1, .row_stride = 4, .col_stride = 4, .dtype = CONCEPTDEC_INT32};
    conceptdec_i_permute *plan = NULL;
    conceptdec_result *alone = NULL;
    const double *null = reals_of(result, CONCEPTDEC_R_NULL);
    for (int64_t set = 0; set < p->n_sets; set++) {
        OK(conceptdec_i_permute_new(ctx, CONCEPTDEC_PERMUTE_FREE, p->data.n, p->column[set], NULL, p->options.seed,
                                    &plan));
        conceptdec_i_permute_draw(plan, draw, scratch, labels);
        conceptdec_i_permute_free(ctx, plan);
        OK(conceptdec_knn_decodability(ctx, &p->x_view, &view, &p->options, &alone));
        const double *value = reals_of(alone, CONCEPTDEC_R_DECODABILITY);
        for (int64_t k = 0; k < p->options.n_ks; k++)
            ck_assert_double_eq(null[(set * draws + draw) * p->options.n_ks + k], value[k]);
        conceptdec_result_free(alone);
    }
}

START_TEST(draws_are_those_of_the_permutations)
{
    problem p;
    make_problem(&p, (uint64_t)_i);
    conceptdec_result *result = run_with(&p, 140);
    check_draw(&p, result, 140, 3);
    check_draw(&p, result, 140, 70);
    check_draw(&p, result, 140, 139);
    conceptdec_result_free(result);
}
END_TEST

/* Leave-one-out of balanced noise lies below one half: the row itself is missing among its own class. */
START_TEST(chance_of_two_balanced_classes_is_below_one_half)
{
    double x[40], chance, p_value = 0;
    int64_t labels[40];
    conceptdec_matrix x_view = reals(x, 40, 1), label_view = ints(labels, 40, 1);
    conceptdec_knn_options o = {.struct_size = sizeof o, .k = 19, .chance_draws = 4000};
    conceptdec_result *result = NULL;
    conceptdec_i_rng rng;
    conceptdec_i_rng_start(&rng, 1, CONCEPTDEC_I_RNG_SAMPLE, 0);
    for (int i = 0; i < 40; i++) {
        x[i] = conceptdec_i_rng_unit(&rng);
        labels[i] = i % 2;
    }
    OK(conceptdec_knn_decodability(ctx, &x_view, &label_view, &o, &result));
    OK(conceptdec_result_scalar(result, CONCEPTDEC_R_CHANCE_NULL, &chance));
    ck_assert_double_eq_tol(chance, 0.45, 0.015);
    ck_assert_int_eq(conceptdec_result_scalar(result, CONCEPTDEC_R_P_VALUE, &p_value), CONCEPTDEC_ENAME);
    conceptdec_result_free(result);
    o = (conceptdec_knn_options){.struct_size = sizeof o, .k = 19, .given = 1u << 9};
    OK(conceptdec_knn_decodability(ctx, &x_view, &label_view, &o, &result));
    OK(conceptdec_result_scalar(result, CONCEPTDEC_R_CHANCE_NULL, &chance));
    ck_assert(isnan(chance));
    conceptdec_result_free(result);
}
END_TEST

/* ---- shares ---- */

START_TEST(shares_add_up_in_any_order)
{
    conceptdec_i_share sum = {0}, one = conceptdec_i_share_of(1, 1);
    for (int64_t t = 1; t <= 64; t++) {
        conceptdec_i_share part = conceptdec_i_share_of(1, t),
                           whole = {.units = t * part.units, .parts = t * part.parts};
        ck_assert(t > 20 || (part.parts == 0 && whole.units == one.units));
        ck_assert_double_eq_tol(conceptdec_i_share_value(whole), 1, 1e-16 * (double)t);
        sum.units += part.units;
        sum.parts += part.parts;
    }
    ck_assert_double_eq_tol(conceptdec_i_share_value(sum), 4.743890903705769, 1e-15);
    ck_assert(conceptdec_i_share_at_least(sum, one) && !conceptdec_i_share_at_least(one, sum));
    ck_assert_double_eq_tol(conceptdec_i_share_value(conceptdec_i_share_of(INT64_C(1) << 50, (INT64_C(1) << 50) * 3)),
                            1.0 / 3, 1e-9);
    ck_assert_double_eq_tol(conceptdec_i_share_value(conceptdec_i_share_of(1000000007, 3000000019)),
                            1000000007.0 / 3000000019.0, 1e-16);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("null");
    TCase *lanes = tcase_create("lanes");
    tcase_add_checked_fixture(lanes, setup, teardown);
    tcase_set_timeout(lanes, 60);
    tcase_add_loop_test(lanes, labels_as_they_are_give_the_score_as_it_is, 0, ROUNDS);
    tcase_add_loop_test(lanes, every_lane_is_a_run_of_its_own, 0, ROUNDS);
    tcase_add_loop_test(lanes, large_counts_are_lanes_too, 0, 4);
    tcase_add_loop_test(lanes, all_ranks_are_lanes_too, 0, 44);
    tcase_add_loop_test(lanes, what_the_null_says_follows_from_its_draws, 0, ROUNDS);
    tcase_add_loop_test(lanes, draws_are_those_of_the_permutations, 0, ROUNDS);
    tcase_add_test(lanes, chance_of_two_balanced_classes_is_below_one_half);
    tcase_add_test(lanes, shares_add_up_in_any_order);
    suite_add_tcase(suite, lanes);
    return suite;
}

CHECK_MAIN(make_suite)

/* The same question asked in two ways has the same answer, to the last bit. */
#include <stdlib.h>

#include "check_main.h"
#include "knn_problems.h"

enum { ROUNDS = 120 };

static conceptdec_ctx *ctx;

static conceptdec_ctx *
context_of(int32_t threads)
{
    conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = threads};
    conceptdec_ctx *made = NULL;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &made), CONCEPTDEC_OK);
    return made;
}

static void
setup(void)
{
    ctx = context_of(2);
}

static void
teardown(void)
{
    conceptdec_ctx_free(ctx);
}

/* ---- running and comparing ---- */

static conceptdec_result *
run_in(conceptdec_ctx *in, const conceptdec_matrix *x, const conceptdec_matrix *labels,
       const conceptdec_knn_options *options)
{
    conceptdec_result *result = NULL;
    ck_assert_msg(conceptdec_knn_decodability(in, x, labels, options, &result) == CONCEPTDEC_OK, "%s",
                  conceptdec_ctx_error(in));
    return result;
}

static conceptdec_result *
run(const problem *p)
{
    return run_in(ctx, &p->x_view, &p->label_view, &p->options);
}

static size_t
bytes_of(const conceptdec_array *a)
{
    size_t count = 8;
    for (int32_t i = 0; i < a->ndim; i++)
        count *= (size_t)a->shape[i];
    return count;
}

/* What does not depend on which class has which number or which row stands where. */
static const char *const scores[] = {CONCEPTDEC_R_K,
                                     CONCEPTDEC_R_DECODABILITY,
                                     CONCEPTDEC_R_BALANCED,
                                     CONCEPTDEC_R_CHANCE_UNIFORM,
                                     CONCEPTDEC_R_CHANCE_MAJORITY,
                                     CONCEPTDEC_R_LABEL_OVERLAP,
                                     CONCEPTDEC_R_TIE_RATE,
                                     CONCEPTDEC_R_BOUNDARY_TIE_RATE,
                                     CONCEPTDEC_R_N_SCORED,
                                     CONCEPTDEC_R_N_UNSCORED,
                                     CONCEPTDEC_R_N_SHORT,
                                     NULL};
static const char *const classes[] = {CONCEPTDEC_R_PER_CONCEPT, CONCEPTDEC_R_CONFUSION, CONCEPTDEC_R_CLASS_COUNT,
                                      CONCEPTDEC_R_UNDECODABLE, NULL};
static const char *const draws[] = {CONCEPTDEC_R_NULL,
                                    CONCEPTDEC_R_P_VALUE,
                                    CONCEPTDEC_R_CHANCE_NULL,
                                    CONCEPTDEC_R_KAPPA,
                                    CONCEPTDEC_R_CI_LOW,
                                    CONCEPTDEC_R_CI_HIGH,
                                    NULL};

static void
expect_equal(const conceptdec_result *a, const conceptdec_result *b, const char *name)
{
    conceptdec_array x, y;
    ck_assert_msg(conceptdec_result_get(a, name, &x) == CONCEPTDEC_OK, "no %s", name);
    ck_assert_msg(conceptdec_result_get(b, name, &y) == CONCEPTDEC_OK, "no %s", name);
    ck_assert_msg(bytes_of(&x) == bytes_of(&y) && memcmp(x.data, y.data, bytes_of(&x)) == 0, "%s differs", name);
}

static void
expect_these_equal(const conceptdec_result *a, const conceptdec_result *b, const char *const *names)
{
    for (int i = 0; names[i]; i++)
        expect_equal(a, b, names[i]);
}

static void
expect_all_equal(const conceptdec_result *a, const conceptdec_result *b)
{
    ck_assert_int_eq(conceptdec_result_count(a), conceptdec_result_count(b));
    for (int64_t i = 0; i < conceptdec_result_count(a); i++)
        expect_equal(a, b, conceptdec_result_name(a, i));
}

static void
free_both(conceptdec_result *a, conceptdec_result *b)
{
    conceptdec_result_free(a);
    conceptdec_result_free(b);
}

static void
make_full_problem(problem *p, int round)
{
    make_problem(p, (uint64_t)round);
    p->options.permutations = 70;
    p->options.chance_draws = 0;
    p->options.bootstrap = 20;
    p->options.groups = p->is_grouped ? &p->group_view : NULL;
}

static void
without_order(problem *p)
{
    p->options.boundary = CONCEPTDEC_BOUNDARY_SHARE;
    p->options.ties = p->options.ties == CONCEPTDEC_TIES_SMALLEST ? CONCEPTDEC_TIES_FRACTIONAL : p->options.ties;
}

/* Points p's views at q's own arrays after a copy of the struct. */
static void
own_views(problem *p)
{
    p->data.x = p->x;
    p->x_view = reals(p->x, p->data.n, 2);
    p->label_view = ints(p->labels, p->data.n, p->n_sets);
    p->group_view = ints(p->groups, p->data.n, 1);
    p->train_view = ints(p->train, p->data.n, 1);
    p->options.groups = p->options.groups ? &p->group_view : NULL;
    p->options.train = p->options.train ? &p->train_view : NULL;
    p->options.ks = p->ks;
}

static void
move_row(const problem *from, int64_t row, problem *to, int64_t place)
{
    memcpy(to->x + 2 * place, from->x + 2 * row, 2 * sizeof *to->x);
    memcpy(to->labels + place * from->n_sets, from->labels + row * from->n_sets,
           (size_t)from->n_sets * sizeof *to->labels);
    to->groups[place] = from->groups[row];
    to->train[place] = from->train[row];
}

/* ---- invariances ---- */

START_TEST(rows_in_another_order)
{
    problem p, q;
    int32_t order[MOST];
    conceptdec_i_rng rng;
    make_full_problem(&p, _i);
    without_order(&p);
    if (p.options.protocol == CONCEPTDEC_PROTOCOL_KFOLD) { /* folds are drawn row by row */
        p.options.protocol = CONCEPTDEC_PROTOCOL_LOO;
        p.options.folds = 0;
        p.options.flags = 0;
    }
    q = p;
    own_views(&q);
    conceptdec_i_rng_start(&rng, 77, CONCEPTDEC_I_RNG_SAMPLE, (uint64_t)_i);
    for (int32_t i = 0; i < p.data.n; i++)
        order[i] = i;
    conceptdec_i_rng_shuffle(&rng, order, p.data.n);
    for (int64_t i = 0; i < p.data.n; i++)
        move_row(&p, order[i], &q, i);
    conceptdec_result *a = run(&p), *b = run(&q);
    expect_these_equal(a, b, scores);
    expect_these_equal(a, b, classes);
    free_both(a, b);
}
END_TEST

START_TEST(classes_with_other_numbers)
{
    problem p, q;
    make_full_problem(&p, _i);
    without_order(&p);
    q = p;
    own_views(&q);
    for (int64_t i = 0; i < p.data.n * p.n_sets; i++)
        q.labels[i] = p.labels[i] < 0 ? -1 : p.classes - 1 - p.labels[i];
    conceptdec_result *a = run(&p), *b = run(&q);
    expect_these_equal(a, b, scores);
    expect_these_equal(a, b, draws);
    if (p.options.protocol == CONCEPTDEC_PROTOCOL_KFOLD)
        expect_equal(a, b, CONCEPTDEC_R_FOLD);
    free_both(a, b);
}
END_TEST

START_TEST(rows_without_label_play_no_part)
{
    problem p, q;
    make_full_problem(&p, _i);
    p.data.n = p.data.n > MOST - 10 ? MOST - 10 : p.data.n;
    own_views(&p);
    for (int i = 0; i < 4; i++)
        p.ks[i] = p.ks[i] < p.data.n ? p.ks[i] : p.data.n - 1;
    q = p;
    q.data.n = p.data.n + 10;
    own_views(&q);
    int64_t next = 0;
    for (int64_t i = 0; i < q.data.n; i++) {
        bool is_new = i % 4 == 1 && i / 4 < 10 && q.data.n - i > p.data.n - next;
        if (is_new || next == p.data.n) {
            move_row(&p, i % p.data.n, &q, i);
            for (int64_t s = 0; s < p.n_sets; s++)
                q.labels[i * p.n_sets + s] = -1;
        } else {
            move_row(&p, next++, &q, i);
        }
    }
    conceptdec_result *a = run(&p), *b = run(&q);
    expect_these_equal(a, b, scores);
    expect_these_equal(a, b, classes);
    expect_these_equal(a, b, draws);
    free_both(a, b);
}
END_TEST

START_TEST(every_k_of_a_list_and_every_label_set_alone)
{
    problem p;
    make_full_problem(&p, _i);
    conceptdec_result *all = run(&p);
    conceptdec_array null_all, null_one, confusion_all, confusion_one;
    conceptdec_result_get(all, CONCEPTDEC_R_NULL, &null_all);
    conceptdec_result_get(all, CONCEPTDEC_R_CONFUSION, &confusion_all);
    int64_t cells = p.classes * p.classes;
    for (int64_t s = 0; s < p.n_sets; s++)
        for (int64_t i = 0; i < 4; i++) {
            problem q = p;
            own_views(&q);
            q.label_view = ints(p.column[s], p.data.n, 1);
            q.options.ks = NULL;
            q.options.n_ks = 0;
            q.options.k = p.ks[i];
            conceptdec_result *one = run(&q);
            conceptdec_result_get(one, CONCEPTDEC_R_NULL, &null_one);
            conceptdec_result_get(one, CONCEPTDEC_R_CONFUSION, &confusion_one);
            for (int64_t d = 0; d < 70; d++)
                ck_assert_double_eq(((const double *)null_one.data)[d],
                                    ((const double *)null_all.data)[(s * 70 + d) * 4 + i]);
            ck_assert_int_eq(memcmp(confusion_one.data, (const double *)confusion_all.data + (s * 4 + i) * cells,
                                    (size_t)cells * sizeof(double)),
                             0);
            conceptdec_result_free(one);
        }
    conceptdec_result_free(all);
}
END_TEST

START_TEST(from_a_table_as_from_the_matrix)
{
    problem p;
    make_full_problem(&p, _i);
    conceptdec_neighbors_options no = {.struct_size = sizeof no, .k = 1 + _i % 9, .metric = p.data.metric};
    no.k = no.k < p.data.n ? no.k : p.data.n - 1;
    no.groups = _i % 2 ? &p.group_view : NULL;
    conceptdec_neighbors *table = NULL;
    conceptdec_result *a = run(&p), *b = NULL;
    ck_assert_int_eq(conceptdec_neighbors_new(ctx, &p.x_view, NULL, &no, &table), CONCEPTDEC_OK);
    ck_assert_msg(conceptdec_knn_decodability_neighbors(ctx, table, &p.x_view, &p.label_view, &p.options, &b) ==
                      CONCEPTDEC_OK,
                  "%s", conceptdec_ctx_error(ctx));
    expect_all_equal(a, b);
    conceptdec_neighbors_free(table);
    free_both(a, b);
}
END_TEST

START_TEST(reversed_and_spread_columns_of_another_type)
{
    problem p;
    float spread[MOST * 6];
    make_full_problem(&p, _i);
    for (int64_t i = 0; i < 2 * p.data.n; i++)
        p.x[i] = (double)(float)p.x[i];
    for (int64_t i = 0; i < 2 * p.data.n; i++)
        spread[(MOST - 1 - i / 2) * 6 + i % 2 * 3] = (float)p.x[i];
    conceptdec_matrix view = {.data = spread + (MOST - 1) * 6,
                              .rows = p.data.n,
                              .cols = 2,
                              .row_stride = -24,
                              .col_stride = 12,
                              .dtype = CONCEPTDEC_FLOAT32};
    conceptdec_result *a = run(&p), *b = run_in(ctx, &view, &p.label_view, &p.options);
    expect_all_equal(a, b);
    free_both(a, b);
}
END_TEST

/* ---- threads ---- */

enum { MANY = 3000 };

static double many_x[3 * MANY];
static int64_t many_labels[MANY], many_groups[MANY];

START_TEST(any_number_of_threads)
{
    static const int32_t threads[] = {1, 2, 3, 5, 16};
    static const int64_t ks[] = {10, 3, 40};
    conceptdec_matrix x = reals(many_x, MANY, 3), labels = ints(many_labels, MANY, 1),
                      groups = ints(many_groups, MANY, 1);
    conceptdec_knn_options o = {
        .struct_size = sizeof o, .ks = ks, .n_ks = 3, .groups = &groups, .permutations = 33, .bootstrap = 50};
    conceptdec_i_rng rng;
    conceptdec_i_rng_start(&rng, 4, CONCEPTDEC_I_RNG_SAMPLE, (uint64_t)_i);
    o.weights = _i % 2 ? CONCEPTDEC_WEIGHTS_DISTANCE : CONCEPTDEC_WEIGHTS_UNIFORM;
    o.protocol = _i % 3;
    for (int64_t i = 0; i < MANY; i++) {
        for (int64_t j = 0; j < 3; j++)
            many_x[3 * i + j] = i % 2 ? conceptdec_i_rng_unit(&rng) * 6 : (double)below(&rng, 6);
        many_labels[i] = below(&rng, 9) - 1;
        many_groups[i] = i / 5;
    }
    conceptdec_result *first = NULL;
    for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
        conceptdec_ctx *other = context_of(threads[t]);
        conceptdec_result *result = run_in(other, &x, &labels, &o);
        conceptdec_ctx_free(other);
        if (first)
            expect_all_equal(first, result);
        if (first)
            conceptdec_result_free(result);
        else
            first = result;
    }
    conceptdec_result_free(first);
}
END_TEST

/* ---- cases that can be worked out by hand ---- */

static double
scalar(const conceptdec_result *result, const char *name)
{
    double value;
    ck_assert_int_eq(conceptdec_result_scalar(result, name, &value), CONCEPTDEC_OK);
    return value;
}

/* All rows equal: each sees all the others, and the larger class wins everywhere. */
START_TEST(equal_rows_are_worth_the_larger_class)
{
    static const double x[50];
    int64_t labels[50];
    conceptdec_matrix x_view = reals(x, 50, 1), label_view = ints(labels, 50, 1);
    conceptdec_knn_options o = {.struct_size = sizeof o};
    for (int i = 0; i < 50; i++)
        labels[i] = i < 20;
    conceptdec_result *result = run_in(ctx, &x_view, &label_view, &o);
    ck_assert_double_eq(scalar(result, CONCEPTDEC_R_DECODABILITY), 0.6);
    ck_assert_double_eq(scalar(result, CONCEPTDEC_R_BALANCED), 0.5);
    ck_assert_double_eq(scalar(result, CONCEPTDEC_R_BOUNDARY_TIE_RATE), 1);
    ck_assert_double_eq_tol(scalar(result, CONCEPTDEC_R_LABEL_OVERLAP), (30 * 29 + 20 * 19) / (50.0 * 49), 1e-15);
    ck_assert_double_eq_tol(scalar(result, CONCEPTDEC_R_CHANCE_NULL), 0.6, 1e-14);
    conceptdec_result_free(result);
    o.boundary = CONCEPTDEC_BOUNDARY_INDEX; /* the lowest rows, all of class 1, vote for everybody */
    result = run_in(ctx, &x_view, &label_view, &o);
    ck_assert_double_eq(scalar(result, CONCEPTDEC_R_DECODABILITY), 0.4);
    conceptdec_result_free(result);
}
END_TEST

/* Three clusters far apart are told apart by every vote. */
START_TEST(clusters_are_decoded)
{
    double x[60];
    int64_t labels[60];
    conceptdec_matrix x_view = reals(x, 60, 1), label_view = ints(labels, 60, 1);
    conceptdec_knn_options o = {.struct_size = sizeof o, .permutations = 99, .weights = _i % 2, .protocol = _i / 2 * 2};
    for (int i = 0; i < 60; i++) {
        labels[i] = i % 3;
        x[i] = i % 3 * 100 + i * 0.1;
    }
    conceptdec_result *result = run_in(ctx, &x_view, &label_view, &o);
    ck_assert_double_eq(scalar(result, CONCEPTDEC_R_DECODABILITY), 1);
    ck_assert_double_eq(scalar(result, CONCEPTDEC_R_KAPPA), 1);
    ck_assert_double_eq(scalar(result, CONCEPTDEC_R_P_VALUE), 0.01);
    conceptdec_result_free(result);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("identity: decodability");
    TCase *same = tcase_create("same"), *known = tcase_create("known");
    tcase_add_checked_fixture(same, setup, teardown);
    tcase_set_timeout(same, 60);
    tcase_add_loop_test(same, rows_in_another_order, 0, ROUNDS);
    tcase_add_loop_test(same, classes_with_other_numbers, 0, ROUNDS);
    tcase_add_loop_test(same, rows_without_label_play_no_part, 0, ROUNDS);
    tcase_add_loop_test(same, every_k_of_a_list_and_every_label_set_alone, 0, ROUNDS);
    tcase_add_loop_test(same, from_a_table_as_from_the_matrix, 0, ROUNDS);
    tcase_add_loop_test(same, reversed_and_spread_columns_of_another_type, 0, ROUNDS);
    tcase_add_loop_test(same, any_number_of_threads, 0, 6);
    suite_add_tcase(suite, same);
    tcase_add_checked_fixture(known, setup, teardown);
    tcase_add_test(known, equal_rows_are_worth_the_larger_class);
    tcase_add_loop_test(known, clusters_are_decoded, 0, 4);
    suite_add_tcase(suite, known);
    return suite;
}

CHECK_MAIN(make_suite)

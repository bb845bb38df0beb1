/* Ridge probes against dense equations in long double; rows and groups left out against fitting again. */
#include "check_main.h"
#include "closed_problems.h"
#include "probe/closed.h"

static const double lambdas[] = {1e-3, 0.1, 2};

enum { LAMBDAS = 3 };

static void
targets_of(const closed *p, const int32_t *labels, int64_t column, double *t)
{
    for (int64_t i = 0; i < p->n; i++)
        t[i] = labels[i] == (p->columns == 1 ? 1 : column) ? 1 : -1;
}

/* Weights, intercepts, values of the rows that are left out, the objective. */
static void
compare_roles(const closed *p, int64_t problem, double slack)
{
    const conceptdec_i_problem *at = &p->fitting.problems[problem];
    double omega[1000], t[1000], objective = 0, worst = 0;
    bool has_test = memchr(at->role, CONCEPTDEC_I_ROLE_TEST, (size_t)p->n) != NULL;
    closed_omega(p, at->role, at->labels, omega);
    for (int64_t k = 0; k < p->columns; k++) {
        long double solution[CLOSED_MAX_D + 1];
        const double *w = p->w + (problem * p->columns + k) * p->d;
        targets_of(p, at->labels, k, t);
        closed_ridge(p, omega, t, at->lambda, solution);
        worst = fmax(worst, fabs(p->bias[problem * p->columns + k] - (double)solution[0]));
        for (int64_t j = 0; j < p->d; j++) {
            worst = fmax(worst, fabs(w[j] - (double)solution[j + 1]));
            objective += at->lambda / 2 * w[j] * w[j];
        }
        for (int64_t i = 0; i < p->n; i++) {
            double value = closed_value(p, solution, i);
            objective += omega[i] * (t[i] - value) * (t[i] - value) / 2;
            if (at->role[i] == (has_test ? CONCEPTDEC_I_ROLE_TEST : CONCEPTDEC_I_ROLE_TRAIN))
                worst = fmax(worst, fabs(p->decision[(problem * p->columns + k) * p->n + i] - value));
        }
    }
    ck_assert_double_le(worst, slack);
    ck_assert_double_le(fabs(p->objective[problem] - objective), 10 * slack);
}

/* Every row, or group, by a fit to the others; weights and penalty stay. */
static void
compare_left_out(const closed *p, int64_t problem, bool by_group, double slack)
{
    const conceptdec_i_problem *at = &p->fitting.problems[problem];
    double omega[1000], kept[1000], t[1000], worst = 0;
    closed_omega(p, at->role, at->labels, omega);
    for (int64_t i = 0; i < p->n; i += p->n > 100 ? 7 : 1) {
        if (at->role[i] != CONCEPTDEC_I_ROLE_TRAIN)
            continue;
        for (int64_t j = 0; j < p->n; j++)
            kept[j] = (by_group ? p->group[j] == p->group[i] : j == i) ? 0 : omega[j];
        for (int64_t k = 0; k < p->columns; k++) {
            long double solution[CLOSED_MAX_D + 1];
            targets_of(p, at->labels, k, t);
            closed_ridge(p, kept, t, at->lambda, solution);
            double value = closed_value(p, solution, i), got = p->decision[(problem * p->columns + k) * p->n + i];
            worst = fmax(worst, isnan(got) ? (double)INFINITY : fabs(got - value));
        }
    }
    ck_assert_double_le(worst, slack);
}

typedef struct {
    int64_t n, d, classes;
    bool is_wide, weighted, balanced;
} variant;

static const variant variants[] = {
    {60, 5, 2, true, false, false}, {60, 5, 3, true, true, false},  {80, 20, 4, true, false, true},
    {50, 1, 3, true, true, true},   {90, 17, 3, false, true, true}, {300, 20, 5, false, false, false},
    {21, 20, 3, true, false, false}, {21, 20, 3, false, true, false}, {19, 20, 2, true, false, false}};

static void
open_variant(closed *p, const variant *v, int32_t threads)
{
    closed_open(p, v->n, v->d, v->classes, v->is_wide, threads);
    closed_store(p);
    p->fitting.weight = v->weighted ? p->weight : NULL;
    p->options.flags = v->balanced ? CONCEPTDEC_PROBE_BALANCED : 0;
}

/* Label sets: the true one and cyclic shifts of it. */
static void
shift_labels(const closed *p, int64_t sets, int32_t *labels)
{
    for (int64_t s = 0; s < sets; s++)
        for (int64_t i = 0; i < p->n; i++)
            labels[s * p->n + i] = p->labels[(i + 11 * s) % p->n];
}

START_TEST(folds_equal_dense_equations)
{
    enum { FOLDS = 4, SETS = 3, PROBLEMS = FOLDS * SETS * LAMBDAS };
    conceptdec_i_problem problems[PROBLEMS];
    closed p;
    open_variant(&p, &variants[_i], 2);
    int32_t *labels = malloc((size_t)(SETS * p.n) * 4);
    uint8_t *roles = malloc((size_t)(FOLDS * p.n));
    shift_labels(&p, SETS, labels);
    for (int f = 0; f < FOLDS; f++)
        for (int64_t i = 0; i < p.n; i++)
            roles[f * p.n + i] = i == 7           ? CONCEPTDEC_I_ROLE_NONE
                                 : i % FOLDS == f ? CONCEPTDEC_I_ROLE_TEST
                                                  : CONCEPTDEC_I_ROLE_TRAIN;
    for (int i = 0; i < PROBLEMS; i++) /* in no order */
        problems[i] =
            (conceptdec_i_problem){labels + i * 5 % SETS * p.n, roles + i / 9 % FOLDS * p.n, lambdas[i / 3 % 3]};
    closed_fit(&p, conceptdec_i_ridge_fit, problems, PROBLEMS);
    for (int i = 0; i < PROBLEMS; i++)
        compare_roles(&p, i, variants[_i].is_wide ? 1e-9 : 3e-5);
    free(labels);
    free(roles);
    closed_close(&p);
}
END_TEST

START_TEST(many_lambdas_take_the_eigendecomposition)
{
    conceptdec_i_problem problems[40];
    closed p;
    open_variant(&p, &variants[_i], 2);
    for (int i = 0; i < 40; i++)
        problems[i] = (conceptdec_i_problem){p.labels, p.role, 1e-4 * pow(1.4, i)};
    closed_fit(&p, conceptdec_i_ridge_fit, problems, 40);
    for (int i = 0; i < 40; i++)
        compare_roles(&p, i, variants[_i].is_wide ? 1e-9 : 1e-4);
    closed_close(&p);
}
END_TEST

START_TEST(leaving_out_equals_fitting_again)
{
    enum { SETS = 20 };
    conceptdec_i_problem problems[SETS * LAMBDAS];
    for (int by_group = 0; by_group < 2; by_group++) {
        closed p;
        open_variant(&p, &variants[_i], 2);
        int32_t *labels = malloc((size_t)(SETS * p.n) * 4);
        shift_labels(&p, SETS, labels);
        p.role[3] = CONCEPTDEC_I_ROLE_NONE;
        p.fitting.leave = by_group ? CONCEPTDEC_I_LEAVE_GROUP : CONCEPTDEC_I_LEAVE_ONE;
        if (variants[_i].weighted)
            p.weight[5] = 0;
        for (int i = 0; i < SETS * LAMBDAS; i++)
            problems[i] = (conceptdec_i_problem){labels + i % SETS * p.n, p.role, lambdas[i / SETS]};
        closed_fit(&p, conceptdec_i_ridge_fit, problems, SETS * LAMBDAS);
        for (int i = 0; i < SETS * LAMBDAS; i += 7)
            compare_left_out(&p, i, by_group, variants[_i].is_wide ? 1e-9 : 5e-4);
        free(labels);
        closed_close(&p);
    }
}
END_TEST

/* As many dimensions as rows can span, and hardly a penalty: f is t but for a few digits, and 1 - h is small. */
START_TEST(rows_that_span_all_lose_no_digits)
{
    for (int wide = 0; wide < 2; wide++) {
        closed p;
        closed_open(&p, 17, 16, 2, wide, 1);
        closed_store(&p);
        p.fitting.leave = CONCEPTDEC_I_LEAVE_ONE;
        const conceptdec_i_problem problem = {p.labels, p.role, 1e-9};
        closed_fit(&p, conceptdec_i_ridge_fit, &problem, 1);
        compare_left_out(&p, 0, false, 1e-9);
        closed_close(&p);
    }
}
END_TEST

/* All columns but the first are multiples of it, or constant. */
START_TEST(singular_moments_give_the_shortest_weights)
{
    closed p;
    closed_open(&p, 40, 6, 2, true, 1);
    for (int64_t i = 0; i < p.n; i++)
        for (int64_t j = 1; j < p.d; j++)
            p.z[i * p.d + j] = j == 5 ? 3 : (double)j * p.z[i * p.d];
    closed_store(&p);
    const double few[] = {0, 1e-13, 1e-6};
    for (int l = 0; l < 3; l++) {
        const conceptdec_i_problem problem = {p.labels, p.role, few[l]};
        closed_fit(&p, conceptdec_i_ridge_fit, &problem, 1);
        for (int64_t j = 1; j < 5; j++)
            ck_assert_double_le(fabs(p.w[j] - (double)j * p.w[0]), 1e-9);
        ck_assert_double_le(fabs(p.w[5]), 1e-9);
        ck_assert_double_ge(fabs(p.w[0]), 1e-3);
    }
    /* one coordinate of length sqrt(1 + 1 + 4 + 9 + 16), so to say */
    double omega[40], t[40], mean_z = 0, mean_t = 0, top = 0, bottom = 0;
    closed_omega(&p, p.role, p.labels, omega);
    targets_of(&p, p.labels, 0, t);
    for (int64_t i = 0; i < p.n; i++) {
        mean_z += omega[i] * p.z[i * p.d];
        mean_t += omega[i] * t[i];
    }
    for (int64_t i = 0; i < p.n; i++) {
        top += omega[i] * (p.z[i * p.d] - mean_z) * (t[i] - mean_t);
        bottom += omega[i] * (p.z[i * p.d] - mean_z) * (p.z[i * p.d] - mean_z);
    }
    const conceptdec_i_problem problem = {p.labels, p.role, 0};
    closed_fit(&p, conceptdec_i_ridge_fit, &problem, 1);
    ck_assert_double_le(fabs(p.w[0] * 31 - top / bottom), 1e-9);
    closed_close(&p);
}
END_TEST

/* A dimension that all but repeats another: refinement must solve for the penalised weights. */
START_TEST(nearly_equal_dimensions_are_told_apart)
{
    closed p;
    closed_open(&p, 60, 4, 3, true, 1);
    for (int64_t i = 0; i < p.n; i++)
        p.z[i * p.d + 1] = p.z[i * p.d] + 1e-5 * closed_normal();
    closed_store(&p);
    const conceptdec_i_problem problems[] = {{p.labels, p.role, 1e-9}, {p.labels, p.role, 0}};
    closed_fit(&p, conceptdec_i_ridge_fit, problems, 2);
    ck_assert_double_ge(fabs(p.w[1]), 10);
    for (int i = 0; i < 2; i++)
        compare_roles(&p, i, 1e-3); /* of weights that are large */
    closed_close(&p);
}
END_TEST

START_TEST(a_pinned_row_has_no_value)
{
    for (int leave = CONCEPTDEC_I_LEAVE_ONE; leave <= CONCEPTDEC_I_LEAVE_GROUP; leave++) {
        closed p;
        closed_open(&p, 30, 3, 3, true, 1);
        for (int64_t i = 0; i < p.n; i++) {
            p.z[i * p.d + 2] = i == 4; /* only row 4 says anything of the last weight */
            p.group[i] = (int32_t)i;
        }
        closed_store(&p);
        p.fitting.n_groups = p.n;
        p.fitting.leave = leave;
        const conceptdec_i_problem problems[] = {{p.labels, p.role, 0}, {p.labels, p.role, 0.5}};
        closed_fit(&p, conceptdec_i_ridge_fit, problems, 2);
        for (int64_t k = 0; k < p.columns; k++)
            for (int64_t i = 0; i < p.n; i++)
                ck_assert_int_eq(!!isnan(p.decision[k * p.n + i]), i == 4);
        compare_left_out(&p, 1, leave == CONCEPTDEC_I_LEAVE_GROUP, 1e-10);
        closed_close(&p);
    }
}
END_TEST

START_TEST(weights_are_copies)
{
    closed p, q;
    closed_open(&p, 40, 4, 3, true, 1);
    closed_store(&p);
    double copies[40];
    int64_t n = 0;
    for (int64_t i = 0; i < 40; i++)
        n += (int64_t)(copies[i] = (double)(i % 4));
    closed_open(&q, n, 4, 3, true, 1);
    for (int64_t i = 0, at = 0; i < 40; i++)
        for (int c = 0; c < i % 4; c++, at++) {
            memcpy(q.z + at * 4, p.z + i * 4, 4 * sizeof(double));
            q.labels[at] = p.labels[i];
        }
    closed_store(&q);
    p.fitting.weight = copies;
    for (int balanced = 0; balanced < 2; balanced++) {
        p.options.flags = q.options.flags = balanced ? CONCEPTDEC_PROBE_BALANCED : 0;
        const conceptdec_i_problem a = {p.labels, p.role, 0.2}, b = {q.labels, q.role, 0.2};
        closed_fit(&p, conceptdec_i_ridge_fit, &a, 1);
        closed_fit(&q, conceptdec_i_ridge_fit, &b, 1);
        for (int64_t j = 0; j < p.columns * p.d; j++)
            ck_assert_double_le(fabs(p.w[j] - q.w[j]), 1e-12);
        for (int64_t k = 0; k < p.columns; k++)
            ck_assert_double_le(fabs(p.bias[k] - q.bias[k]), 1e-12);
    }
    closed_close(&p);
    closed_close(&q);
}
END_TEST

START_TEST(absent_classes_lose)
{
    for (int64_t classes = 2; classes < 5; classes++)
        for (int missing = 0; missing < (int)classes; missing++) {
            closed p;
            closed_open(&p, 60, 4, classes, true, 1);
            closed_store(&p);
            for (int64_t i = 0; i < p.n; i++)
                p.role[i] = p.labels[i] == missing ? CONCEPTDEC_I_ROLE_TEST : CONCEPTDEC_I_ROLE_TRAIN;
            const conceptdec_i_problem problem = {p.labels, p.role, 0.1};
            closed_fit(&p, conceptdec_i_ridge_fit, &problem, 1);
            for (int64_t k = 0; k < p.columns; k++) {
                bool is_absent = classes == 2 || k == missing;
                double bias = classes == 2 && missing == 0 ? (double)INFINITY : -(double)INFINITY;
                ck_assert(is_absent ? p.bias[k] == bias : isfinite(p.bias[k]) != 0);
                for (int64_t j = 0; j < p.d && is_absent; j++)
                    ck_assert(p.w[k * p.d + j] == 0);
                for (int64_t i = 0; i < p.n; i++)
                    if (p.role[i] == CONCEPTDEC_I_ROLE_TEST)
                        ck_assert(is_absent ? p.decision[k * p.n + i] == bias : isfinite(p.decision[k * p.n + i]) != 0);
            }
            closed_close(&p);
        }
}
END_TEST

/* Leaving out the only row, or the only group, of a class leaves the class without rows. */
START_TEST(classes_that_leaving_out_empties_lose)
{
    for (int leave = CONCEPTDEC_I_LEAVE_ONE; leave <= CONCEPTDEC_I_LEAVE_GROUP; leave++)
        for (int64_t classes = 2; classes < 4; classes++) {
            closed p;
            closed_open(&p, 42, 3, classes, true, 1);
            closed_store(&p);
            bool by_group = leave == CONCEPTDEC_I_LEAVE_GROUP;
            for (int64_t i = 0; i < p.n; i++)
                p.labels[i] = (by_group ? p.group[i] == 2 : i == 2) ? 1 : classes == 2 ? 0 : (int32_t)(i % 2 * 2);
            p.fitting.leave = leave;
            const conceptdec_i_problem problem = {p.labels, p.role, 0.1};
            closed_fit(&p, conceptdec_i_ridge_fit, &problem, 1);
            for (int64_t k = 0; k < p.columns; k++)
                for (int64_t i = 0; i < p.n; i++) {
                    bool is_empty = p.labels[i] == 1 && (classes == 2 || k == 1);
                    ck_assert(is_empty ? p.decision[k * p.n + i] == -(double)INFINITY
                                       : isfinite(p.decision[k * p.n + i]) != 0);
                }
            closed_close(&p);
        }
}
END_TEST

START_TEST(no_training_row_is_an_error)
{
    closed p;
    closed_open(&p, 20, 3, 3, true, 1);
    closed_store(&p);
    memset(p.role, CONCEPTDEC_I_ROLE_TEST, (size_t)p.n);
    const conceptdec_i_problem problem = {p.labels, p.role, 0.1};
    ck_assert_int_eq(closed_try(&p, conceptdec_i_ridge_fit, &problem, 1), CONCEPTDEC_ETOOFEW);
    p.role[0] = CONCEPTDEC_I_ROLE_TRAIN;
    p.options.memory = 100;
    ck_assert_int_eq(closed_try(&p, conceptdec_i_ridge_fit, &problem, 1), CONCEPTDEC_ENOMEM);
    closed_close(&p);
}
END_TEST

START_TEST(threads_do_not_matter)
{
    enum { SETS = 40 };
    for (int leave = CONCEPTDEC_I_LEAVE_ROLES; leave <= CONCEPTDEC_I_LEAVE_GROUP; leave++) {
        conceptdec_i_problem problems[2][SETS];
        closed p[2];
        int32_t *labels[2];
        for (int t = 0; t < 2; t++) {
            open_variant(&p[t], &variants[5], t == 0 ? 1 : 5);
            p[t].fitting.leave = leave;
            labels[t] = malloc((size_t)(SETS * p[t].n) * 4);
            shift_labels(&p[t], SETS, labels[t]);
            for (int i = 0; i < SETS; i++)
                problems[t][i] = (conceptdec_i_problem){labels[t] + i * p[t].n, p[t].role, lambdas[i % 3]};
            closed_fit(&p[t], conceptdec_i_ridge_fit, problems[t], SETS);
        }
        size_t columns = (size_t)(SETS * p[0].columns);
        ck_assert_int_eq(memcmp(p[0].w, p[1].w, columns * (size_t)p[0].d * 8), 0);
        ck_assert_int_eq(memcmp(p[0].bias, p[1].bias, columns * 8), 0);
        ck_assert_int_eq(memcmp(p[0].decision, p[1].decision, columns * (size_t)p[0].n * 8), 0);
        for (int t = 0; t < 2; t++) {
            free(labels[t]);
            closed_close(&p[t]);
        }
    }
}
END_TEST

START_TEST(targets_are_fitted_like_labels)
{
    for (int leave = CONCEPTDEC_I_LEAVE_ROLES; leave <= CONCEPTDEC_I_LEAVE_GROUP; leave++) {
        closed p, q;
        closed_open(&p, 70, 6, 3, true, 2);
        closed_open(&q, 70, 6, 3, true, 2);
        closed_store(&p);
        closed_store(&q);
        p.fitting.weight = p.weight;
        q.fitting.weight = q.weight;
        p.fitting.leave = q.fitting.leave = leave;
        double *t = malloc((size_t)(3 * p.n) * 8);
        for (int64_t k = 0; k < 3; k++)
            targets_of(&p, p.labels, k, t + k * p.n);
        const conceptdec_i_problem a[] = {{p.labels, p.role, 0.2}, {p.labels, p.role, 0}};
        const conceptdec_i_problem b[] = {{NULL, q.role, 0.2}, {NULL, q.role, 0}};
        closed_fit(&p, conceptdec_i_ridge_fit, a, 2);
        closed_expect(&q, b, 2);
        ck_assert_int_eq(conceptdec_i_ridge_regress(&q.fitting, t, closed_hear, &q), CONCEPTDEC_OK);
        closed_heard_all(&q);
        for (int64_t i = 0; i < 2 * 3 * p.d; i++)
            ck_assert_double_le(fabs(p.w[i] - q.w[i]), 1e-12);
        for (int64_t i = 0; i < 2 * 3 * p.n; i++)
            ck_assert_double_le(fabs(p.decision[i] - q.decision[i]), 1e-12);
        ck_assert_double_le(fabs(p.objective[0] - q.objective[0]), 1e-12);
        free(t);
        closed_close(&p);
        closed_close(&q);
    }
}
END_TEST

/* Rows of small integers, whose sums are exact whatever is added first: many label sets at once, by more classes than
 * there are places for sums of in the last case, in two blocks of dimensions and two chunks of rows. */
START_TEST(class_sums_of_many_sets)
{
    enum { N = 300, D = 150, SETS = 40 };
    static const int64_t most_classes[] = {3, 12, 257};
    int64_t classes = most_classes[_i];
    closed p;
    closed_open(&p, N, D, classes, false, 2);
    for (int64_t i = 0; i < N * D; i++)
        p.z[i] = (double)((i * 7 + i / D) % 19 - 9);
    closed_store(&p);
    p.role[3] = CONCEPTDEC_I_ROLE_NONE;
    const conceptdec_i_problem problem = {p.labels, p.role, 1};
    const int32_t *labels[SETS];
    int32_t *shifted = malloc(sizeof *shifted * SETS * N);
    double *sums = malloc(sizeof *sums * (size_t)(SETS * classes * D)),
           *mass = malloc(sizeof *mass * (size_t)(SETS * classes));
    double *wanted = malloc(sizeof *wanted * (size_t)(classes * D));
    int64_t *rows = malloc(sizeof *rows * (size_t)classes);
    shift_labels(&p, SETS, shifted);
    for (int64_t s = 0; s < SETS; s++)
        labels[s] = shifted + s * N;
    conceptdec_i_arena arena;
    conceptdec_i_members members;
    conceptdec_i_arena_open(&arena, p.ctx);
    ck_assert_int_eq(conceptdec_i_members_take(&arena, &p.fitting, &problem, &members), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_i_class_sums(&p.fitting, &members, SETS, labels, classes, sums, mass), CONCEPTDEC_OK);
    for (int64_t s = 0; s < SETS; s++) {
        memset(wanted, 0, sizeof *wanted * (size_t)(classes * D));
        memset(rows, 0, sizeof *rows * (size_t)classes);
        for (int64_t i = 0; i < N; i++) {
            rows[labels[s][i]] += i != 3;
            for (int64_t j = 0; j < D && i != 3; j++)
                wanted[labels[s][i] * D + j] += p.z[i * D + j];
        }
        for (int64_t c = 0; c < classes; c++)
            ck_assert_double_le(fabs(mass[s * classes + c] - (double)rows[c] * members.omega[0]), 1e-12);
        for (int64_t at = 0; at < classes * D; at++)
            ck_assert_double_le(fabs(sums[s * classes * D + at] - wanted[at] * members.omega[0]), 0);
    }
    conceptdec_i_arena_close(&arena);
    free(shifted);
    free(sums);
    free(mass);
    free(rows);
    free(wanted);
    closed_close(&p);
}
END_TEST

static Suite *
make_suite(void)
{
    int count = (int)(sizeof variants / sizeof variants[0]);
    Suite *suite = suite_create("ridge");
    TCase *tests = tcase_create("ridge");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, folds_equal_dense_equations, 0, count);
    tcase_add_loop_test(tests, many_lambdas_take_the_eigendecomposition, 0, count);
    tcase_add_loop_test(tests, leaving_out_equals_fitting_again, 0, count);
    tcase_add_loop_test(tests, class_sums_of_many_sets, 0, 3);
    tcase_add_test(tests, rows_that_span_all_lose_no_digits);
    tcase_add_test(tests, singular_moments_give_the_shortest_weights);
    tcase_add_test(tests, nearly_equal_dimensions_are_told_apart);
    tcase_add_test(tests, a_pinned_row_has_no_value);
    tcase_add_test(tests, weights_are_copies);
    tcase_add_test(tests, absent_classes_lose);
    tcase_add_test(tests, classes_that_leaving_out_empties_lose);
    tcase_add_test(tests, no_training_row_is_an_error);
    tcase_add_test(tests, threads_do_not_matter);
    tcase_add_test(tests, targets_are_fitted_like_labels);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

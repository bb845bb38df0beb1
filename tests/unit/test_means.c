/* Probes of class means against means formed by plain loops; rows and groups left out against forming them again. */
#include "check_main.h"
#include "closed_problems.h"

/* Mean of the rows whose class is (or is not) `class`; false: they weigh nothing. */
static bool
mean_of(const closed *p, const double *omega, const int32_t *labels, int64_t class, bool is_rest, long double *mean)
{
    long double mass = 0;
    for (int64_t j = 0; j < p->d; j++)
        mean[j] = 0;
    for (int64_t i = 0; i < p->n; i++) {
        if (omega[i] == 0 || (labels[i] == class) == is_rest)
            continue;
        mass += (long double)omega[i];
        for (int64_t j = 0; j < p->d; j++)
            mean[j] += (long double)omega[i] * (long double)p->z[i * p->d + j];
    }
    for (int64_t j = 0; j < p->d && mass > 0; j++)
        mean[j] /= mass;
    return mass > 0;
}

static double
score(const closed *p, const long double *mean, int64_t row)
{
    long double sum = 0;
    for (int64_t j = 0; j < p->d; j++)
        sum += mean[j] * (long double)p->z[row * p->d + j] - mean[j] * mean[j] / 2;
    return (double)sum;
}

static double
expected(const closed *p, const double *omega, const int32_t *labels, int64_t column, int64_t row)
{
    long double own[CLOSED_MAX_D], rest[CLOSED_MAX_D];
    int64_t class = p->columns == 1 ? 1 : column;
    bool has_own = mean_of(p, omega, labels, class, false, own),
         has_rest = mean_of(p, omega, labels, class, true, rest);
    if (!has_own)
        return -(double)INFINITY;
    if (!has_rest)
        return p->columns == 1 ? (double)INFINITY
                               : p->options.kind == CONCEPTDEC_PROBE_NEAREST_MEAN ? score(p, own, row) : 0;
    bool is_difference = p->columns == 1 || p->options.kind == CONCEPTDEC_PROBE_MEAN_DIFFERENCE;
    return score(p, own, row) - (is_difference ? score(p, rest, row) : 0);
}

static double
apart(double a, double b)
{
    return isinf(a) || isinf(b) ? (a == b ? 0 : (double)INFINITY) : isnan(a) ? (double)INFINITY : fabs(a - b);
}

static void
compare(const closed *p, int64_t problem, double slack)
{
    const conceptdec_i_problem *at = &p->fitting.problems[problem];
    double omega[1000], kept[1000], worst = 0;
    bool has_test = memchr(at->role, CONCEPTDEC_I_ROLE_TEST, (size_t)p->n) != NULL;
    closed_omega(p, at->role, at->labels, omega);
    for (int64_t k = 0; k < p->columns; k++)
        for (int64_t i = 0; i < p->n; i++) {
            if (at->role[i] != (has_test ? CONCEPTDEC_I_ROLE_TEST : CONCEPTDEC_I_ROLE_TRAIN))
                continue;
            for (int64_t j = 0; j < p->n; j++) {
                bool is_out = p->fitting.leave == CONCEPTDEC_I_LEAVE_ONE     ? j == i
                              : p->fitting.leave == CONCEPTDEC_I_LEAVE_GROUP ? p->group[j] == p->group[i]
                                                                             : false;
                kept[j] = is_out ? 0 : omega[j];
            }
            double got = p->decision[(problem * p->columns + k) * p->n + i];
            worst = fmax(worst, apart(got, expected(p, kept, at->labels, k, i)));
            /* what is handed over is the fit on all TRAIN rows */
            double value = p->bias[problem * p->columns + k];
            for (int64_t j = 0; j < p->d; j++)
                value += p->w[(problem * p->columns + k) * p->d + j] * p->z[i * p->d + j];
            worst = fmax(worst, apart(value, expected(p, omega, at->labels, k, i)));
        }
    ck_assert_double_le(worst, slack);
}

static void
compare_sharpness(const closed *p, int64_t problem)
{
    const conceptdec_i_problem *at = &p->fitting.problems[problem];
    double omega[1000];
    long double sum = 0, mean[CLOSED_MAX_D];
    closed_omega(p, at->role, at->labels, omega);
    for (int64_t i = 0; i < p->n; i++) {
        if (omega[i] == 0)
            continue;
        mean_of(p, omega, at->labels, at->labels[i], false, mean);
        for (int64_t j = 0; j < p->d; j++)
            sum += (long double)omega[i] * ((long double)p->z[i * p->d + j] - mean[j]) *
                   ((long double)p->z[i * p->d + j] - mean[j]) / (long double)p->space.d;
    }
    ck_assert_double_le(fabs(p->sharpness[problem] * (double)sum - 1), p->space.is_wide ? 1e-10 : 1e-7);
}

typedef struct {
    int64_t n, d, classes;
    bool is_wide, weighted, balanced;
} variant;

static const variant variants[] = {{60, 5, 2, true, false, false}, {60, 5, 3, true, true, false},
                                   {60, 1, 4, true, false, true},  {70, 20, 3, false, true, true},
                                   {90, 24, 2, false, false, false}, {15, 20, 6, true, true, false}};

START_TEST(equals_plain_means)
{
    enum { SETS = 40 }; /* 20 of them differ: more than are summed in double */
    conceptdec_i_problem problems[SETS];
    const variant *v = &variants[_i];
    for (int kind = CONCEPTDEC_PROBE_MEAN_DIFFERENCE; kind <= CONCEPTDEC_PROBE_NEAREST_MEAN; kind++)
        for (int leave = CONCEPTDEC_I_LEAVE_ROLES; leave <= CONCEPTDEC_I_LEAVE_GROUP; leave++)
            for (int fold = 0; fold < 2; fold++) {
                closed p;
                closed_open(&p, v->n, v->d, v->classes, v->is_wide, 2);
                closed_store(&p);
                p.space.d = v->d + 3; /* as if the space were reduced */
                p.options.kind = kind;
                p.options.flags = v->balanced ? CONCEPTDEC_PROBE_BALANCED : 0;
                p.fitting.weight = v->weighted ? p.weight : NULL;
                p.fitting.leave = leave;
                p.weight[2] = 0;
                p.role[4] = CONCEPTDEC_I_ROLE_NONE;
                for (int64_t i = 0; i < p.n && fold && leave == CONCEPTDEC_I_LEAVE_ROLES; i++)
                    p.role[i] = i % 4 == 1 ? CONCEPTDEC_I_ROLE_TEST : p.role[i];
                int32_t *labels = malloc((size_t)(SETS * p.n) * 4);
                for (int s = 0; s < SETS; s++)
                    for (int64_t i = 0; i < p.n; i++)
                        labels[s * p.n + i] = p.labels[(i + 3 * s) % p.n];
                for (int s = 0; s < SETS; s++)
                    problems[s] = (conceptdec_i_problem){labels + s / 2 * 2 * p.n, p.role, 0};
                closed_fit(&p, conceptdec_i_means_fit, problems, fold ? SETS : 1);
                for (int s = 0; s < (fold ? SETS : 1); s += 5) {
                    compare(&p, s, v->is_wide ? 1e-10 : 2e-5);
                    compare_sharpness(&p, s);
                }
                free(labels);
                closed_close(&p);
            }
}
END_TEST

START_TEST(of_two_classes_both_kinds_are_one)
{
    closed p, q;
    closed_open(&p, 50, 6, 2, true, 1);
    closed_open(&q, 50, 6, 2, true, 1);
    closed_store(&p);
    closed_store(&q);
    p.options.kind = CONCEPTDEC_PROBE_MEAN_DIFFERENCE;
    q.options.kind = CONCEPTDEC_PROBE_NEAREST_MEAN;
    const conceptdec_i_problem a = {p.labels, p.role, 0}, b = {q.labels, q.role, 0};
    closed_fit(&p, conceptdec_i_means_fit, &a, 1);
    closed_fit(&q, conceptdec_i_means_fit, &b, 1);
    ck_assert_int_eq(memcmp(p.decision, q.decision, 50 * 8), 0);
    double positive = 0, negative = 0; /* class 1 is up */
    for (int64_t i = 0; i < 50; i++)
        *(p.labels[i] ? &positive : &negative) += p.decision[i];
    ck_assert(positive > 0 && negative < 0);
    closed_close(&p);
    closed_close(&q);
}
END_TEST

START_TEST(absent_classes_lose)
{
    for (int kind = CONCEPTDEC_PROBE_MEAN_DIFFERENCE; kind <= CONCEPTDEC_PROBE_NEAREST_MEAN; kind++)
        for (int64_t classes = 2; classes < 5; classes++)
            for (int only = 0; only < 2; only++) { /* class 1 is absent, or all but class 1 are */
                closed p;
                closed_open(&p, 60, 4, classes, true, 1);
                closed_store(&p);
                p.options.kind = kind;
                for (int64_t i = 0; i < p.n; i++)
                    p.role[i] = (p.labels[i] == 1) == only ? CONCEPTDEC_I_ROLE_TRAIN : CONCEPTDEC_I_ROLE_TEST;
                const conceptdec_i_problem problem = {p.labels, p.role, 0};
                closed_fit(&p, conceptdec_i_means_fit, &problem, 1);
                compare(&p, 0, 1e-11);
                for (int64_t k = 0; k < p.columns; k++) {
                    bool is_absent = classes == 2 || (k == 1) != only;
                    ck_assert_int_eq(!!isinf(p.bias[k]), is_absent);
                    for (int64_t j = 0; j < p.d && is_absent; j++)
                        ck_assert(p.w[k * p.d + j] == 0);
                }
                closed_close(&p);
            }
}
END_TEST

/* Whoever leaves out all of a class has none to compare with. */
START_TEST(classes_that_leaving_out_empties_lose)
{
    for (int kind = CONCEPTDEC_PROBE_MEAN_DIFFERENCE; kind <= CONCEPTDEC_PROBE_NEAREST_MEAN; kind++)
        for (int leave = CONCEPTDEC_I_LEAVE_ONE; leave <= CONCEPTDEC_I_LEAVE_GROUP; leave++)
            for (int64_t classes = 2; classes < 4; classes++) {
                closed p;
                closed_open(&p, 42, 3, classes, true, 1);
                closed_store(&p);
                p.options.kind = kind;
                p.fitting.leave = leave;
                for (int64_t i = 0; i < p.n; i++)
                    p.labels[i] = (leave == CONCEPTDEC_I_LEAVE_GROUP ? p.group[i] == 2 : i == 2) ? 1 : 0;
                const conceptdec_i_problem problem = {p.labels, p.role, 0};
                closed_fit(&p, conceptdec_i_means_fit, &problem, 1);
                compare(&p, 0, 1e-11);
                closed_close(&p);
            }
}
END_TEST

START_TEST(equal_rows_have_no_sharpness)
{
    closed p;
    closed_open(&p, 30, 3, 3, true, 1);
    for (int64_t i = 0; i < p.n; i++)
        for (int64_t j = 0; j < p.d; j++)
            p.z[i * p.d + j] = sin((double)(p.labels[i] * 5 + j));
    closed_store(&p);
    p.options.kind = CONCEPTDEC_PROBE_NEAREST_MEAN;
    const conceptdec_i_problem problem = {p.labels, p.role, 0};
    closed_fit(&p, conceptdec_i_means_fit, &problem, 1);
    ck_assert(isnan(p.sharpness[0]));
    closed_close(&p);
}
END_TEST

START_TEST(threads_do_not_matter)
{
    enum { SETS = 40 };
    for (int leave = CONCEPTDEC_I_LEAVE_ROLES; leave <= CONCEPTDEC_I_LEAVE_GROUP; leave++) {
        closed p[2];
        for (int t = 0; t < 2; t++) {
            conceptdec_i_problem problems[SETS];
            closed_open(&p[t], 300, 20, 5, false, t == 0 ? 1 : 5);
            closed_store(&p[t]);
            p[t].options.kind = CONCEPTDEC_PROBE_MEAN_DIFFERENCE;
            p[t].fitting.leave = leave;
            int32_t *labels = malloc((size_t)(SETS * p[t].n) * 4);
            for (int64_t i = 0; i < SETS * p[t].n; i++)
                labels[i] = p[t].labels[(i + i / p[t].n) % p[t].n];
            for (int s = 0; s < SETS; s++)
                problems[s] = (conceptdec_i_problem){labels + s * p[t].n, p[t].role, 0};
            closed_fit(&p[t], conceptdec_i_means_fit, problems, SETS);
            free(labels);
        }
        ck_assert_int_eq(memcmp(p[0].decision, p[1].decision, (size_t)(SETS * p[0].columns * p[0].n) * 8), 0);
        ck_assert_int_eq(memcmp(p[0].w, p[1].w, (size_t)(SETS * p[0].columns * p[0].d) * 8), 0);
        ck_assert_int_eq(memcmp(p[0].sharpness, p[1].sharpness, SETS * 8), 0);
        closed_close(&p[0]);
        closed_close(&p[1]);
    }
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("means");
    TCase *tests = tcase_create("means");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, equals_plain_means, 0, (int)(sizeof variants / sizeof variants[0]));
    tcase_add_test(tests, of_two_classes_both_kinds_are_one);
    tcase_add_test(tests, absent_classes_lose);
    tcase_add_test(tests, classes_that_leaving_out_empties_lose);
    tcase_add_test(tests, equal_rows_have_no_sharpness);
    tcase_add_test(tests, threads_do_not_matter);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

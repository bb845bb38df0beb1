/* Discriminant analysis against plain loops and dense equations in long double. */
#include "check_main.h"
#include "closed_problems.h"

typedef struct {
    long double mean[8][CLOSED_MAX_D], prior[8], s[CLOSED_MAX_D * CLOSED_MAX_D];
    double shrinkage;
} plain;

static void
find_means(const closed *p, const double *omega, const int32_t *labels, plain *out)
{
    memset(out, 0, sizeof *out);
    for (int64_t i = 0; i < p->n; i++) {
        if (omega[i] == 0)
            continue;
        out->prior[labels[i]] += (long double)omega[i];
        for (int64_t j = 0; j < p->d; j++)
            out->mean[labels[i]][j] += (long double)omega[i] * (long double)p->z[i * p->d + j];
    }
    for (int64_t c = 0; c < p->classes; c++)
        for (int64_t j = 0; j < p->d; j++)
            out->mean[c][j] /= out->prior[c] > 0 ? out->prior[c] : 1;
}

/* scikit-learn's formulas for n rows (sum of the weights), centred by the means of their classes. */
static double
ledoit_wolf(const closed *p, const double *omega, const int32_t *labels, double n, const plain *at)
{
    long double fourth = 0, square = 0, trace = 0, d = (long double)p->space.d;
    for (int64_t i = 0; i < p->n; i++) {
        long double norm = 0;
        for (int64_t j = 0; j < p->d && omega[i] > 0; j++) {
            long double x = (long double)p->z[i * p->d + j] - at->mean[labels[i]][j];
            norm += x * x;
        }
        fourth += (long double)omega[i] * norm * norm; /* of n rows: sum of squares of squares, over n */
    }
    for (int64_t i = 0; i < p->d * p->d; i++)
        square += at->s[i] * at->s[i];
    for (int64_t j = 0; j < p->d; j++)
        trace += at->s[j * p->d + j];
    long double mu = trace / d, beta = (fourth - square) / (d * (long double)n);
    long double delta = (square - 2 * mu * trace + d * mu * mu) / d;
    beta = beta < delta ? beta : delta;
    return beta == 0 ? 0 : (double)(beta / delta);
}

static void
find_covariance(const closed *p, const double *omega, const int32_t *labels, double n, plain *out)
{
    long double trace = 0;
    int64_t d = p->d;
    for (int64_t i = 0; i < p->n; i++)
        for (int64_t j = 0; j < d && omega[i] > 0; j++)
            for (int64_t k = 0; k < d; k++)
                out->s[j * d + k] += (long double)omega[i] * ((long double)p->z[i * d + j] - out->mean[labels[i]][j]) *
                                     ((long double)p->z[i * d + k] - out->mean[labels[i]][k]);
    switch (p->options.covariance) {
    case CONCEPTDEC_COVARIANCE_LEDOIT_WOLF:
        out->shrinkage = ledoit_wolf(p, omega, labels, n, out);
        break;
    case CONCEPTDEC_COVARIANCE_FIXED:
        out->shrinkage = p->options.shrinkage;
        break;
    default:
        out->shrinkage = 0;
    }
    for (int64_t j = 0; j < d; j++)
        trace += out->s[j * d + j];
    for (int64_t j = 0; j < d * d; j++)
        out->s[j] *= 1 - (long double)out->shrinkage;
    for (int64_t j = 0; j < d; j++)
        out->s[j * d + j] += (long double)out->shrinkage * trace / (long double)p->space.d;
}

/* f of one class at one row; w too. */
static double
value_of(const closed *p, const plain *at, int64_t class, int64_t row, long double *w)
{
    long double a[CLOSED_MAX_D * CLOSED_MAX_D], value = logl(at->prior[class]);
    memcpy(a, at->s, sizeof a);
    memcpy(w, at->mean[class], sizeof at->mean[class]);
    closed_eliminate((int)p->d, a, w);
    for (int64_t j = 0; j < p->d; j++)
        value += w[j] * ((long double)p->z[row * p->d + j] - at->mean[class][j] / 2);
    return (double)value;
}

static double
total_weight(const closed *p, const uint8_t *role)
{
    double sum = 0;
    for (int64_t i = 0; i < p->n; i++)
        if (role[i] == CONCEPTDEC_I_ROLE_TRAIN)
            sum += p->fitting.weight ? p->fitting.weight[i] : 1;
    return sum;
}

static void
compare(const closed *p, int64_t problem, double slack)
{
    const conceptdec_i_problem *at = &p->fitting.problems[problem];
    bool has_test = memchr(at->role, CONCEPTDEC_I_ROLE_TEST, (size_t)p->n) != NULL;
    double omega[1000], worst = 0;
    plain expected;
    closed_omega(p, at->role, at->labels, omega);
    find_means(p, omega, at->labels, &expected);
    find_covariance(p, omega, at->labels, total_weight(p, at->role), &expected);
    worst = fabs(p->shrinkage[problem] - expected.shrinkage);
    for (int64_t k = 0; k < p->columns; k++)
        for (int64_t i = 0; i < p->n; i++) {
            long double w[CLOSED_MAX_D], other[CLOSED_MAX_D] = {0};
            double value = value_of(p, &expected, p->columns == 1 ? 1 : k, i, w);
            const double *got = p->w + (problem * p->columns + k) * p->d;
            if (at->role[i] != (has_test ? CONCEPTDEC_I_ROLE_TEST : CONCEPTDEC_I_ROLE_TRAIN))
                continue;
            value -= p->columns == 1 ? value_of(p, &expected, 0, i, other) : 0;
            worst = fmax(worst, fabs(p->decision[(problem * p->columns + k) * p->n + i] - value));
            for (int64_t j = 0; j < p->d; j++) {
                worst = fmax(worst, fabs(got[j] - (double)(w[j] - other[j])));
                value -= got[j] * p->z[i * p->d + j];
            }
            worst = fmax(worst, fabs(p->bias[problem * p->columns + k] - value));
        }
    ck_assert_double_le(worst, slack);
    ck_assert(p->sharpness[problem] == 1);
}

typedef struct {
    int64_t n, d, classes;
    bool is_wide, weighted, balanced;
    int covariance;
} variant;

static const variant variants[] = {{60, 5, 2, true, false, false, CONCEPTDEC_COVARIANCE_LEDOIT_WOLF},
                                   {60, 5, 3, true, true, false, CONCEPTDEC_COVARIANCE_LEDOIT_WOLF},
                                   {60, 1, 4, true, false, true, CONCEPTDEC_COVARIANCE_POOLED},
                                   {90, 20, 3, false, true, true, CONCEPTDEC_COVARIANCE_POOLED},
                                   {90, 24, 2, false, false, false, CONCEPTDEC_COVARIANCE_FIXED},
                                   {16, 20, 3, true, true, false, CONCEPTDEC_COVARIANCE_FIXED},
                                   {16, 20, 2, true, false, true, CONCEPTDEC_COVARIANCE_LEDOIT_WOLF}};

static void
open_variant(closed *p, const variant *v, int32_t threads)
{
    closed_open(p, v->n, v->d, v->classes, v->is_wide, threads);
    closed_store(p);
    p->space.d = v->d + 3; /* as if the space were reduced */
    p->options.covariance = v->covariance;
    p->options.shrinkage = 0.3;
    p->options.flags = v->balanced ? CONCEPTDEC_PROBE_BALANCED : 0;
    p->fitting.weight = v->weighted ? p->weight : NULL;
}

START_TEST(equals_dense_equations)
{
    enum { PROBLEMS = 12 };
    conceptdec_i_problem problems[PROBLEMS];
    closed p;
    open_variant(&p, &variants[_i], 2);
    p.weight[2] = 0;
    int32_t *labels = malloc((size_t)(3 * p.n) * 4);
    uint8_t *roles = malloc((size_t)(2 * p.n));
    for (int64_t i = 0; i < 3 * p.n; i++)
        labels[i] = p.labels[(i + 11 * (i / p.n)) % p.n];
    for (int64_t i = 0; i < 2 * p.n; i++)
        roles[i] = i % p.n == 4       ? CONCEPTDEC_I_ROLE_NONE
                   : i % 5 == i / p.n ? CONCEPTDEC_I_ROLE_TEST
                                      : CONCEPTDEC_I_ROLE_TRAIN;
    memset(roles, CONCEPTDEC_I_ROLE_TRAIN, (size_t)p.n);
    for (int i = 0; i < PROBLEMS; i++)
        problems[i] = (conceptdec_i_problem){labels + i * 5 % 3 * p.n, roles + i / 3 % 2 * p.n, 0};
    closed_fit(&p, conceptdec_i_lda_fit, problems, PROBLEMS);
    for (int i = 0; i < PROBLEMS; i++)
        compare(&p, i, 1e-8);
    free(labels);
    free(roles);
    closed_close(&p);
}
END_TEST

/* A dimension that is a multiple of another, and a constant one: the shortest weights, the same values. */
START_TEST(singular_covariances_are_inverted_where_they_can_be)
{
    closed p, q;
    closed_open(&p, 50, 4, 3, true, 1);
    closed_open(&q, 50, 2, 3, true, 1);
    for (int64_t i = 0; i < p.n; i++) {
        p.z[i * 4 + 2] = 2 * p.z[i * 4];
        p.z[i * 4 + 3] = 0;
        q.z[i * 2] = sqrt(5) * p.z[i * 4];
        q.z[i * 2 + 1] = p.z[i * 4 + 1];
    }
    memcpy(q.labels, p.labels, 50 * 4);
    closed_store(&p);
    closed_store(&q);
    p.options.covariance = q.options.covariance = CONCEPTDEC_COVARIANCE_POOLED;
    const conceptdec_i_problem a = {p.labels, p.role, 0}, b = {q.labels, q.role, 0};
    closed_fit(&p, conceptdec_i_lda_fit, &a, 1);
    closed_fit(&q, conceptdec_i_lda_fit, &b, 1);
    compare(&q, 0, 1e-9);
    for (int64_t k = 0; k < 3; k++) {
        ck_assert_double_le(fabs(p.w[k * 4 + 2] - 2 * p.w[k * 4]), 1e-9);
        ck_assert_double_le(fabs(p.w[k * 4 + 3]), 1e-9);
        for (int64_t i = 0; i < 50; i++)
            ck_assert_double_le(fabs(p.decision[k * 50 + i] - q.decision[k * 50 + i]), 1e-9);
    }
    closed_close(&p);
    closed_close(&q);
}
END_TEST

START_TEST(without_spread_priors_decide)
{
    closed p;
    closed_open(&p, 30, 3, 3, true, 1);
    for (int64_t i = 0; i < p.n * p.d; i++)
        p.z[i] = sin((double)(p.labels[i / p.d] * 5 + i % p.d));
    closed_store(&p);
    const conceptdec_i_problem problem = {p.labels, p.role, 0};
    closed_fit(&p, conceptdec_i_lda_fit, &problem, 1);
    for (int64_t k = 0; k < 3; k++) {
        double count = 0;
        for (int64_t i = 0; i < p.n; i++)
            count += p.labels[i] == k;
        for (int64_t i = 0; i < p.n; i++)
            ck_assert_double_le(fabs(p.decision[k * p.n + i] - log(count / 30)), 1e-12);
    }
    closed_close(&p);
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
    const conceptdec_i_problem a = {p.labels, p.role, 0}, b = {q.labels, q.role, 0};
    closed_fit(&p, conceptdec_i_lda_fit, &a, 1);
    closed_fit(&q, conceptdec_i_lda_fit, &b, 1);
    ck_assert_double_ge(p.shrinkage[0], 1e-3);
    ck_assert_double_le(fabs(p.shrinkage[0] - q.shrinkage[0]), 1e-12);
    for (int64_t j = 0; j < p.columns * p.d; j++)
        ck_assert_double_le(fabs(p.w[j] - q.w[j]), 1e-11);
    closed_close(&p);
    closed_close(&q);
}
END_TEST

/* Fourth powers of such rows are beyond float64. */
START_TEST(units_change_nothing)
{
    const double unit = _i == 0 ? 0x1p-270 : 0x1p270;
    closed p, q;
    closed_open(&p, 40, 4, 3, true, 1);
    closed_open(&q, 40, 4, 3, true, 1);
    for (int64_t i = 0; i < 40 * 4; i++)
        q.z[i] = unit * p.z[i];
    memcpy(q.labels, p.labels, 40 * sizeof *q.labels);
    closed_store(&p);
    closed_store(&q);
    const conceptdec_i_problem a = {p.labels, p.role, 0}, b = {q.labels, q.role, 0};
    closed_fit(&p, conceptdec_i_lda_fit, &a, 1);
    closed_fit(&q, conceptdec_i_lda_fit, &b, 1);
    ck_assert_double_ge(p.shrinkage[0], 1e-3);
    ck_assert_double_eq(p.shrinkage[0], q.shrinkage[0]);
    closed_close(&p);
    closed_close(&q);
}
END_TEST

START_TEST(absent_classes_lose)
{
    for (int64_t classes = 2; classes < 5; classes++)
        for (int missing = 0; missing < 2; missing++) {
            closed p;
            closed_open(&p, 60, 4, classes, true, 1);
            closed_store(&p);
            for (int64_t i = 0; i < p.n; i++)
                p.role[i] = p.labels[i] == missing ? CONCEPTDEC_I_ROLE_TEST : CONCEPTDEC_I_ROLE_TRAIN;
            const conceptdec_i_problem problem = {p.labels, p.role, 0};
            closed_fit(&p, conceptdec_i_lda_fit, &problem, 1);
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

START_TEST(leaving_rows_out_is_refused)
{
    closed p;
    closed_open(&p, 20, 3, 3, true, 1);
    closed_store(&p);
    p.fitting.leave = CONCEPTDEC_I_LEAVE_ONE;
    const conceptdec_i_problem problem = {p.labels, p.role, 0};
    ck_assert_int_eq(closed_try(&p, conceptdec_i_lda_fit, &problem, 1), CONCEPTDEC_EUNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(conceptdec_ctx_error(p.ctx), "folds"));
    closed_close(&p);
}
END_TEST

START_TEST(threads_do_not_matter)
{
    closed p[2];
    for (int t = 0; t < 2; t++) {
        open_variant(&p[t], &variants[3], t == 0 ? 1 : 5);
        const conceptdec_i_problem problem = {p[t].labels, p[t].role, 0};
        closed_fit(&p[t], conceptdec_i_lda_fit, &problem, 1);
    }
    ck_assert_int_eq(memcmp(p[0].decision, p[1].decision, (size_t)(p[0].columns * p[0].n) * 8), 0);
    ck_assert_int_eq(memcmp(p[0].w, p[1].w, (size_t)(p[0].columns * p[0].d) * 8), 0);
    closed_close(&p[0]);
    closed_close(&p[1]);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("lda");
    TCase *tests = tcase_create("lda");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, equals_dense_equations, 0, (int)(sizeof variants / sizeof variants[0]));
    tcase_add_test(tests, singular_covariances_are_inverted_where_they_can_be);
    tcase_add_test(tests, without_spread_priors_decide);
    tcase_add_test(tests, weights_are_copies);
    tcase_add_loop_test(tests, units_change_nothing, 0, 2);
    tcase_add_test(tests, absent_classes_lose);
    tcase_add_test(tests, leaving_rows_out_is_refused);
    tcase_add_test(tests, threads_do_not_matter);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

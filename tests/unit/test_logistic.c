/* Logistic regression: at what it returns the gradient, by a plain loop in double, has to be 0 as far as the tolerance
 * says. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "probe/probe.h"

#define DECREMENT 1e-11 /* of what is converged to 1e-12: rounding of the space's floats included */

/* Data, problems and what came of them. */
typedef struct {
    int64_t n, r, stride, classes, columns;
    bool is_wide;
    double *z; /* n x r */
    void *space_z;
    double *spectrum; /* or NULL */
    int32_t *labels;  /* as many sets as problems */
    uint8_t *role;
    double *weight;
    int64_t n_problems;
    conceptdec_i_problem *problems;
    bool credits_only;
    conceptdec_probe_options options;
    /* outcome, one for each problem */
    double *w, *bias, *decision;
    double *objective, *decrement;
    int64_t *iterations;
    bool *converged;
    int *heard;
} scene;

static void *
take(int64_t count, size_t size)
{
    void *memory = calloc((size_t)count + 1, size);
    ck_assert_ptr_nonnull(memory);
    return memory;
}

static double
draw(conceptdec_i_rng *rng)
{
    double sum = 0;
    for (int i = 0; i < 6; i++)
        sum += conceptdec_i_rng_unit(rng) - 0.5;
    return sum * 1.4;
}

/* Rows around means of their classes, `apart` from each other, with a spread that falls from dimension to dimension. */
static void
make_scene(scene *s, int64_t n, int64_t r, int64_t classes, bool is_wide, int64_t n_problems, double apart)
{
    conceptdec_i_rng rng;
    conceptdec_i_rng_start(&rng, 7, CONCEPTDEC_I_RNG_SAMPLE, (uint64_t)(n + 1000 * r + classes));
    *s = (scene){.n = n,
                 .r = r,
                 .stride = (r + 15) / 16 * 16,
                 .classes = classes,
                 .columns = classes == 2 ? 1 : classes,
                 .is_wide = is_wide,
                 .n_problems = n_problems};
    s->z = take(n * r, sizeof(double));
    s->labels = take(n * n_problems, sizeof *s->labels);
    s->role = take(n, 1);
    s->weight = NULL;
    s->problems = take(n_problems, sizeof *s->problems);
    double *mean = take(classes * r, sizeof(double));
    for (int64_t i = 0; i < classes * r; i++)
        mean[i] = apart * draw(&rng);
    for (int64_t i = 0; i < n; i++) {
        s->labels[i] = (int32_t)conceptdec_i_rng_below(&rng, (uint64_t)classes);
        s->role[i] = i % 5 == 3 ? CONCEPTDEC_I_ROLE_TEST : CONCEPTDEC_I_ROLE_TRAIN;
        for (int64_t j = 0; j < r; j++)
            s->z[i * r + j] = (mean[s->labels[i] * r + j] + draw(&rng)) / sqrt(1 + (double)j) * (j == 1 ? 30 : 1);
    }
    free(mean);
    for (int64_t p = 0; p < n_problems; p++) {
        memcpy(s->labels + p * n, s->labels, (size_t)n * sizeof *s->labels);
        s->problems[p] = (conceptdec_i_problem){.labels = s->labels + p * n, .role = s->role, .lambda = 0.01};
    }
    s->options = (conceptdec_probe_options){
        .struct_size = sizeof s->options, .tolerance = 1e-12, .max_iterations = 100, .memory = 1 << 30};
    int64_t k = s->columns;
    s->w = take(n_problems * k * r, sizeof(double));
    s->bias = take(n_problems * k, sizeof(double));
    s->decision = take(n_problems * k * n, sizeof(double));
    s->objective = take(n_problems, sizeof(double));
    s->decrement = take(n_problems, sizeof(double));
    s->iterations = take(n_problems, sizeof *s->iterations);
    s->converged = take(n_problems, sizeof *s->converged);
    s->heard = take(n_problems, sizeof *s->heard);
}

static void
free_scene(scene *s)
{
    void *all[] = {s->z,    s->space_z,  s->spectrum,  s->labels,    s->role,       s->weight,    s->problems, s->w,
                   s->bias, s->decision, s->objective, s->decrement, s->iterations, s->converged, s->heard};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

static conceptdec_status
hear(void *argument, int64_t problem, const conceptdec_i_fit *fit, int lane)
{
    scene *s = argument;
    const int64_t k = s->columns;
    (void)lane;
    memcpy(s->w + problem * k * s->r, fit->w, (size_t)(k * s->r) * sizeof(double));
    memcpy(s->bias + problem * k, fit->bias, (size_t)k * sizeof(double));
    for (int64_t i = 0; i < s->n; i++)
        for (int64_t c = 0; c < k && s->problems[problem].role[i] == CONCEPTDEC_I_ROLE_TEST; c++)
            s->decision[(problem * k + c) * s->n + i] = fit->decision[c * s->n + i];
    s->objective[problem] = fit->objective;
    s->decrement[problem] = fit->decrement;
    s->iterations[problem] = fit->iterations;
    s->converged[problem] = fit->converged;
    s->heard[problem]++;
    ck_assert(fit->sharpness == 1);
    return CONCEPTDEC_OK;
}

/* The space of the scene's rows, as they are; z becomes what the space holds of it. */
static void
fill_space(scene *s, conceptdec_i_space *space)
{
    free(s->space_z);
    size_t size = s->is_wide ? sizeof(double) : sizeof(float);
    s->space_z = aligned_alloc(64, ((size_t)(s->n * s->stride) * size + 63) / 64 * 64);
    ck_assert_ptr_nonnull(s->space_z);
    memset(s->space_z, 0, (size_t)(s->n * s->stride) * size);
    for (int64_t i = 0; i < s->n; i++)
        for (int64_t j = 0; j < s->r; j++) {
            double *z = &s->z[i * s->r + j];
            if (s->is_wide) {
                ((double *)s->space_z)[i * s->stride + j] = *z;
                continue;
            }
            *z = (double)(float)*z;
            ((float *)s->space_z)[i * s->stride + j] = (float)*z;
        }
    *space = (conceptdec_i_space){.n = s->n,
                                  .d = s->r,
                                  .r = s->r,
                                  .stride = s->stride,
                                  .is_wide = s->is_wide,
                                  .z = s->space_z,
                                  .spectrum = s->spectrum};
}

static conceptdec_status
fit_with(scene *s, int threads, char *text)
{
    conceptdec_ctx_options ctx_options = {.struct_size = sizeof ctx_options, .threads = threads};
    conceptdec_ctx *ctx;
    conceptdec_i_space space;
    ck_assert_int_eq(conceptdec_ctx_new(&ctx_options, &ctx), CONCEPTDEC_OK);
    fill_space(s, &space);
    space.ctx = ctx;
    conceptdec_i_fitting fitting = {.ctx = ctx,
                                    .space = &space,
                                    .weight = s->weight,
                                    .options = &s->options,
                                    .classes = s->classes,
                                    .columns = s->columns,
                                    .credits_only = s->credits_only,
                                    .n_problems = s->n_problems,
                                    .problems = s->problems};
    memset(s->heard, 0, (size_t)s->n_problems * sizeof *s->heard);
    const conceptdec_status status = conceptdec_i_logistic_fit(&fitting, hear, s);
    for (int64_t p = 0; p < s->n_problems && status == CONCEPTDEC_OK; p++)
        ck_assert_int_eq(s->heard[p], 1);
    if (text)
        strcpy(text, conceptdec_ctx_error(ctx));
    conceptdec_ctx_free(ctx);
    return status;
}

static void
fit(scene *s)
{
    ck_assert_int_eq(fit_with(s, 2, NULL), CONCEPTDEC_OK);
}

/* ---- the plain loop ---- */

static double
value_of(const scene *s, int64_t problem, int64_t k, int64_t row)
{
    double sum = s->bias[problem * s->columns + k];
    for (int64_t j = 0; j < s->r; j++)
        sum += s->z[row * s->r + j] * s->w[(problem * s->columns + k) * s->r + j];
    return sum;
}

/* Posteriors of one row; its loss. */
static double
lose(const scene *s, int64_t problem, int64_t row, double *p)
{
    const int32_t label = s->problems[problem].labels[row];
    if (s->columns == 1) {
        const double f = value_of(s, problem, 0, row);
        p[0] = 1 / (1 + exp(-f));
        return label ? log1p(exp(-f)) : log1p(exp(f));
    }
    double largest = -INFINITY, sum = 0, own = 0;
    for (int64_t k = 0; k < s->columns; k++) {
        p[k] = value_of(s, problem, k, row);
        largest = p[k] > largest ? p[k] : largest;
    }
    own = p[label];
    for (int64_t k = 0; k < s->columns; k++)
        sum += p[k] = exp(p[k] - largest);
    for (int64_t k = 0; k < s->columns; k++)
        p[k] /= sum;
    return log(sum) + largest - own;
}

/* Weights of rows, summing to 1. */
static void
weigh(const scene *s, int64_t problem, double *weight)
{
    const conceptdec_i_problem *p = s->problems + problem;
    double *of_class = take(s->classes, sizeof *of_class), sum = 0;
    int64_t present = 0;
    for (int64_t i = 0; i < s->n; i++) {
        weight[i] = p->role[i] == CONCEPTDEC_I_ROLE_TRAIN && p->labels[i] >= 0 ? (s->weight ? s->weight[i] : 1) : 0;
        if (weight[i] > 0)
            of_class[p->labels[i]] += weight[i];
    }
    for (int64_t c = 0; c < s->classes; c++)
        present += of_class[c] > 0;
    for (int64_t i = 0; i < s->n; i++) {
        if (s->options.flags & CONCEPTDEC_PROBE_BALANCED && weight[i] > 0)
            weight[i] /= of_class[p->labels[i]] * (double)present;
        sum += weight[i];
    }
    for (int64_t i = 0; i < s->n; i++)
        weight[i] /= sum;
    free(of_class);
}

/* g' (lambda I)^-1 g / 2 is at least the decrement; so this is too strict, by far where the penalty is small. Instead
 * the bound by diagonal dominance of what each direction has: |g_j|^2 / (lambda + its curvature at least 0). */
static void
check_gradient(const scene *s, int64_t problem, double allowed)
{
    double *weight = take(s->n, sizeof *weight), *p = take(s->columns, sizeof *p);
    double *g = take(s->columns * (s->r + 1), sizeof *g), *size = take(s->columns * (s->r + 1), sizeof *size);
    const double lambda = s->problems[problem].lambda;
    double objective = 0;
    weigh(s, problem, weight);
    for (int64_t i = 0; i < s->n; i++) {
        if (!(weight[i] > 0))
            continue;
        objective += weight[i] * lose(s, problem, i, p);
        for (int64_t k = 0; k < s->columns; k++) {
            const double rest = weight[i] * (p[k] - (s->columns == 1 ? s->problems[problem].labels[i] == 1
                                                                     : s->problems[problem].labels[i] == k));
            for (int64_t j = 0; j <= s->r; j++) {
                const double z = j < s->r ? s->z[i * s->r + j] : 1;
                g[k * (s->r + 1) + j] += rest * z;
                size[k * (s->r + 1) + j] += weight[i] * z * z;
            }
        }
    }
    for (int64_t k = 0; k < s->columns; k++)
        for (int64_t j = 0; j <= s->r; j++) {
            const int64_t at = k * (s->r + 1) + j;
            const double w = j < s->r ? s->w[(problem * s->columns + k) * s->r + j] : 0;
            objective += lambda / 2 * w * w;
            if (!(fabs(g[at] + lambda * w) <= allowed * sqrt(size[at] + lambda)))
                ck_abort_msg("problem %d, column %d, dimension %d: gradient %g", (int)problem, (int)k, (int)j,
                             g[at] + lambda * w);
        }
    ck_assert_double_eq_tol(s->objective[problem], objective, 1e-9);
    free(weight);
    free(p);
    free(g);
    free(size);
}

static void
check_decisions(const scene *s, int64_t problem)
{
    for (int64_t i = 0; i < s->n; i++)
        for (int64_t k = 0; k < s->columns && s->problems[problem].role[i] == CONCEPTDEC_I_ROLE_TEST; k++) {
            const double value = value_of(s, problem, k, i), found = s->decision[(problem * s->columns + k) * s->n + i];
            if (!(found == value || fabs(found - value) <= 1e-10 * (1 + fabs(value))))
                ck_abort_msg("problem %d, column %d, row %d: %g, not %g", (int)problem, (int)k, (int)i, found, value);
        }
}

/* The gradient along a dimension is at most the root of twice decrement and curvature. */
static void
check_fits(const scene *s)
{
    for (int64_t p = 0; p < s->n_problems; p++) {
        ck_assert_msg(s->converged[p], "problem %d: decrement %g after %d steps", (int)p, s->decrement[p],
                      (int)s->iterations[p]);
        ck_assert(s->decrement[p] >= 0 && s->decrement[p] <= s->options.tolerance);
        check_gradient(s, p, sqrt(DECREMENT));
        check_decisions(s, p);
    }
}

/* ---- tests ---- */

static const struct {
    int64_t n, r, classes;
} shapes[] = {{40, 1, 2}, {60, 1, 3}, {200, 5, 2}, {300, 17, 3}, {700, 40, 10}, {1500, 130, 4}, {900, 64, 100}};

START_TEST(the_gradient_vanishes)
{
    static const double lambdas[] = {10, 1, 0.1, 0.01, 1e-3, 1e-4, 1e-6};
    for (int is_wide = 0; is_wide < 2; is_wide++) {
        scene s;
        make_scene(&s, shapes[_i].n, shapes[_i].r, shapes[_i].classes, is_wide, 7, 0.5);
        for (int i = 0; i < 7; i++)
            s.problems[i].lambda = lambdas[i];
        fit(&s);
        check_fits(&s);
        free_scene(&s);
    }
}
END_TEST

START_TEST(separable_classes_converge)
{
    for (int64_t classes = 2; classes < 5; classes++) {
        scene s;
        make_scene(&s, 200, 12, classes, false, 3, 20);
        s.problems[0].lambda = 1;
        s.problems[1].lambda = 1e-3;
        s.problems[2].lambda = 1e-8;
        fit(&s);
        check_fits(&s);
        free_scene(&s);
    }
}
END_TEST

START_TEST(collinear_and_constant_dimensions_converge)
{
    scene s;
    make_scene(&s, 300, 30, 3, true, 2, 0.5);
    for (int64_t i = 0; i < s.n; i++) {
        s.z[i * s.r + 4] = 0;
        s.z[i * s.r + 5] = 3 * s.z[i * s.r] - s.z[i * s.r + 2];
        s.z[i * s.r + 6] = s.z[i * s.r];
        s.z[i * s.r + 7] = 2;
    }
    s.problems[1].lambda = 1e-10;
    fit(&s);
    check_fits(&s);
    for (int64_t k = 0; k < s.columns; k++) {
        ck_assert(s.w[k * s.r + 4] == 0);
        ck_assert_double_eq_tol(s.w[k * s.r + 6], s.w[k * s.r], 1e-5);
    }
    free_scene(&s);
}
END_TEST

/* Uncorrelated coordinates: rows of a Hadamard matrix's columns. */
START_TEST(a_spectrum_serves_as_the_preconditioner)
{
    scene s;
    make_scene(&s, 64, 40, 3, false, 2, 0);
    s.spectrum = take(s.r, sizeof(double));
    for (int64_t j = 0; j < s.r; j++) {
        const double scale = pow(0.8, (double)j);
        s.spectrum[j] = scale * scale;
        for (int64_t i = 0; i < s.n; i++)
            s.z[i * s.r + j] = __builtin_popcountll((uint64_t)(i & (j + 1))) % 2 ? -scale : scale;
    }
    s.problems[1].lambda = 1e-4;
    fit(&s);
    check_fits(&s);
    free_scene(&s);
}
END_TEST

static double
square_of(const double *x, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += x[i] * x[i];
    return sum;
}

/* Along other axes weights are others, but as large; decision values and objectives are the same. */
static void
compare_turned(const scene *plain, const scene *turned)
{
    const int64_t k = plain->columns, numbers = k * plain->r;
    for (int64_t p = 0; p < plain->n_problems; p++) {
        const double *w = plain->w + p * numbers, *other = turned->w + p * numbers;
        ck_assert(turned->converged[p] && turned->decrement[p] <= turned->options.tolerance);
        ck_assert_double_eq_tol(turned->objective[p], plain->objective[p], 1e-6 * plain->objective[p]);
        ck_assert(memcmp(w, other, (size_t)numbers * sizeof *w) != 0);
        ck_assert_double_eq_tol(square_of(other, numbers), square_of(w, numbers), 1e-5 * square_of(w, numbers));
        for (int64_t i = p * k * plain->n; i < (p + 1) * k * plain->n; i++)
            ck_assert_double_eq_tol(turned->decision[i], plain->decision[i], 1e-5 * (1 + fabs(plain->decision[i])));
    }
}

START_TEST(credits_are_those_along_principal_axes)
{
    for (int is_wide = 0; is_wide < 2; is_wide++) {
        scene plain, turned;
        make_scene(&plain, 400, 30, _i ? 5 : 2, is_wide, 24, 0.3);
        make_scene(&turned, 400, 30, _i ? 5 : 2, is_wide, 24, 0.3);
        for (int i = 0; i < 24; i++)
            plain.problems[i].lambda = turned.problems[i].lambda = pow(0.5, i / 2);
        turned.credits_only = true;
        fit(&plain);
        fit(&turned);
        compare_turned(&plain, &turned);
        free_scene(&plain);
        free_scene(&turned);
    }
}
END_TEST

START_TEST(an_absent_class_is_left_out)
{
    scene s;
    make_scene(&s, 300, 10, 5, false, 2, 0.5);
    for (int64_t i = 0; i < s.n; i++)
        if (s.labels[i] == 3)
            s.role[i] = CONCEPTDEC_I_ROLE_TEST;
    for (int64_t i = 0; i < s.n; i++)
        s.labels[s.n + i] = s.labels[i] == 2 ? 2 : s.role[i] == CONCEPTDEC_I_ROLE_TEST ? 0 : -1; /* one class is left */
    fit(&s);
    check_fits(&s);
    for (int64_t j = 0; j < s.r; j++)
        ck_assert(s.w[3 * s.r + j] == 0);
    ck_assert(s.bias[3] == -INFINITY);
    double sum = 0;
    for (int64_t k = 0; k < 5; k++)
        sum += k == 3 ? 0 : s.bias[k];
    ck_assert_double_eq_tol(sum, 0, 1e-9);
    for (int64_t k = 0; k < 5; k++)
        ck_assert(s.bias[5 + k] == (k == 2 ? 0 : -INFINITY));
    free_scene(&s);
}
END_TEST

START_TEST(one_class_of_two_has_an_infinite_bias)
{
    scene s;
    make_scene(&s, 50, 3, 2, true, 2, 0.5);
    for (int64_t i = 0; i < s.n; i++) {
        s.labels[i] = 0;
        s.labels[s.n + i] = 1;
    }
    fit(&s);
    for (int p = 0; p < 2; p++) {
        ck_assert(s.bias[p] == (p ? INFINITY : -INFINITY));
        ck_assert(s.converged[p] && s.objective[p] == 0 && s.w[p * s.r] == 0);
        check_decisions(&s, p);
    }
    free_scene(&s);
}
END_TEST

START_TEST(labels_of_minus_one_take_no_part)
{
    scene s;
    make_scene(&s, 200, 6, 3, false, 1, 0.5);
    for (int64_t i = 0; i < s.n; i += 3)
        s.labels[i] = -1;
    fit(&s);
    check_fits(&s);
    free_scene(&s);
}
END_TEST

START_TEST(weights_are_repeated_rows)
{
    for (int balanced = 0; balanced < 2; balanced++) {
        scene a, b;
        make_scene(&a, 200, 6, 3, true, 1, 0.5);
        make_scene(&b, 600, 6, 3, true, 1, 0.5);
        a.weight = take(a.n, sizeof(double));
        a.options.flags = b.options.flags = balanced ? CONCEPTDEC_PROBE_BALANCED : 0;
        int64_t row = 0;
        for (int64_t i = 0; i < a.n; i++) {
            a.weight[i] = (double)(i % 4);
            for (int64_t again = 0; again < i % 4; again++, row++) {
                memcpy(b.z + row * b.r, a.z + i * a.r, (size_t)a.r * sizeof(double));
                b.labels[row] = a.labels[i];
                b.role[row] = a.role[i];
            }
        }
        for (; row < b.n; row++)
            b.role[row] = CONCEPTDEC_I_ROLE_NONE;
        fit(&a);
        fit(&b);
        check_fits(&a);
        check_fits(&b);
        for (int64_t i = 0; i < a.columns * a.r; i++)
            ck_assert_double_eq_tol(a.w[i], b.w[i], 1e-4);
        free_scene(&a);
        free_scene(&b);
    }
}
END_TEST

/* Labels, penalties and roles of their own. */
static void
make_many(scene *s, bool is_wide, uint8_t *roles)
{
    conceptdec_i_rng rng;
    make_scene(s, 400, 21, 3, is_wide, 120, 0.5);
    conceptdec_i_rng_start(&rng, 8, CONCEPTDEC_I_RNG_SAMPLE, 1);
    for (int64_t p = 0; p < s->n_problems; p++) {
        for (int64_t i = 0; i < s->n; i++) {
            if (p % 4)
                s->labels[p * s->n + i] = (int32_t)conceptdec_i_rng_below(&rng, 3);
            roles[p % 3 * s->n + i] = i % 3 == p % 3 ? CONCEPTDEC_I_ROLE_TEST : CONCEPTDEC_I_ROLE_TRAIN;
        }
        s->problems[p].role = roles + p % 3 * s->n;
        s->problems[p].lambda = p % 5 == 4 ? 1 : 1e-3;
    }
}

START_TEST(many_at_once_are_one_at_a_time)
{
    scene s;
    uint8_t *roles = take(3 * 400, 1);
    make_many(&s, false, roles);
    fit(&s);
    check_fits(&s);
    const int64_t size = s.columns * s.r;
    double *all = take(s.n_problems * size, sizeof *all);
    memcpy(all, s.w, (size_t)(s.n_problems * size) * sizeof *all);
    const conceptdec_i_problem *problems = s.problems;
    conceptdec_i_problem one;
    int64_t n_problems = s.n_problems;
    s.n_problems = 1;
    s.problems = &one;
    for (int64_t p = 0; p < n_problems; p += 7) {
        one = problems[p];
        fit(&s);
        for (int64_t i = 0; i < size; i++)
            ck_assert_double_eq_tol(s.w[i], all[p * size + i], 1e-4);
    }
    memcpy(&s.problems, &problems, sizeof problems);
    free(all);
    free(roles);
    free_scene(&s);
}
END_TEST

START_TEST(any_number_of_threads_gives_the_same_bits)
{
    static const int threads[] = {2, 3, 5, 16};
    for (int is_wide = 0; is_wide < 2; is_wide++) {
        scene s;
        uint8_t *roles = take(3 * 400, 1);
        make_many(&s, is_wide, roles);
        ck_assert_int_eq(fit_with(&s, 1, NULL), CONCEPTDEC_OK);
        const size_t w_size = (size_t)(s.n_problems * s.columns * s.r) * sizeof(double);
        const size_t size = (size_t)(s.n_problems * s.columns * s.n) * sizeof(double);
        double *w = take(1, w_size), *decision = take(1, size);
        memcpy(w, s.w, w_size);
        memcpy(decision, s.decision, size);
        for (int i = 0; i < 4; i++) {
            memset(s.w, 0, w_size);
            ck_assert_int_eq(fit_with(&s, threads[i], NULL), CONCEPTDEC_OK);
            ck_assert_mem_eq(w, s.w, w_size);
            ck_assert_mem_eq(decision, s.decision, size);
        }
        free(w);
        free(decision);
        free(roles);
        free_scene(&s);
    }
}
END_TEST

START_TEST(too_few_steps_are_told)
{
    scene s;
    make_scene(&s, 300, 10, 3, false, 1, 0.5);
    s.options.max_iterations = 1;
    s.problems[0].lambda = 1e-4;
    fit(&s);
    ck_assert(!s.converged[0]);
    ck_assert_int_eq(s.iterations[0], 1);
    ck_assert(s.decrement[0] > 1e-6);
    ck_assert(isfinite(s.objective[0]));
    check_gradient(&s, 0, 1);
    check_decisions(&s, 0);
    free_scene(&s);
}
END_TEST

START_TEST(little_memory_is_enough_or_named)
{
    scene s;
    char text[512];
    uint8_t *roles = take(3 * 400, 1);
    make_many(&s, false, roles);
    s.options.memory = 10000;
    ck_assert_int_eq(fit_with(&s, 2, text), CONCEPTDEC_ENOMEM);
    ck_assert_msg(strstr(text, "memory") == text, "%s", text);
    const char *least = strstr(text, "weights takes "); /* it depends on the shape of the kernels' panels */
    long long one, beside;
    ck_assert_msg(least && sscanf(least, "weights takes %lld beside %lld", &one, &beside) == 2, "%s", text);
    s.options.memory = one + beside;
    ck_assert_int_lt(s.options.memory, 1500000);
    fit(&s);
    check_fits(&s);
    s.options.memory--;
    ck_assert_int_eq(fit_with(&s, 2, text), CONCEPTDEC_ENOMEM);
    free(roles);
    free_scene(&s);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("logistic");
    TCase *tcase = tcase_create("logistic");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, the_gradient_vanishes, 0, (int)(sizeof shapes / sizeof *shapes));
    tcase_add_test(tcase, separable_classes_converge);
    tcase_add_test(tcase, collinear_and_constant_dimensions_converge);
    tcase_add_test(tcase, a_spectrum_serves_as_the_preconditioner);
    tcase_add_loop_test(tcase, credits_are_those_along_principal_axes, 0, 2);
    tcase_add_test(tcase, an_absent_class_is_left_out);
    tcase_add_test(tcase, one_class_of_two_has_an_infinite_bias);
    tcase_add_test(tcase, labels_of_minus_one_take_no_part);
    tcase_add_test(tcase, weights_are_repeated_rows);
    tcase_add_test(tcase, many_at_once_are_one_at_a_time);
    tcase_add_test(tcase, any_number_of_threads_gives_the_same_bits);
    tcase_add_test(tcase, too_few_steps_are_told);
    tcase_add_test(tcase, little_memory_is_enough_or_named);
    suite_add_tcase(suite, tcase);
    return suite;
}

CHECK_MAIN(make_suite)

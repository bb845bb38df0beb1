/* Small problems for probes in closed form, and what tests compare them with: solutions of dense equations in long
 * double. */
#ifndef CONCEPTDEC_CLOSED_PROBLEMS_H
#define CONCEPTDEC_CLOSED_PROBLEMS_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>
#include <conceptdec/conceptdec.h>

#include "probe/probe.h"

enum { CLOSED_MAX_D = 24 };

typedef struct {
    conceptdec_ctx *ctx;
    conceptdec_i_space space;
    conceptdec_probe_options options;
    conceptdec_i_fitting fitting;
    conceptdec_i_problem *problems;
    int64_t n, d, classes, columns, n_problems;
    double *z; /* n x d, exactly what the space holds */
    int32_t *labels, *group;
    uint8_t *role;
    double *weight;
    /* what the listener heard, per problem */
    double *w, *bias, *decision;
    double *objective, *sharpness, *shrinkage;
    int *heard;
} closed;

static uint64_t closed_state;

static inline double
closed_uniform(void)
{
    closed_state = closed_state * 6364136223846793005u + 1442695040888963407u;
    return (double)(closed_state >> 11) * 0x1p-53 - 0.5;
}

static inline double
closed_normal(void)
{
    double sum = 0;
    for (int i = 0; i < 12; i++)
        sum += closed_uniform();
    return sum;
}

/* Rows about the means of their classes; every row TRAIN, no weights. */
static inline void
closed_open(closed *p, int64_t n, int64_t d, int64_t classes, bool is_wide, int32_t threads)
{
    const conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = threads};
    int64_t stride = (d + 15) / 16 * 16, size = is_wide ? 8 : 4;
    *p = (closed){.n = n, .d = d, .classes = classes, .columns = classes == 2 ? 1 : classes};
    ck_assert_int_eq(conceptdec_ctx_new(&options, &p->ctx), CONCEPTDEC_OK);
    p->z = malloc((size_t)(n * d) * 8);
    p->labels = malloc((size_t)n * 4);
    p->group = malloc((size_t)n * 4);
    p->role = malloc((size_t)n);
    p->weight = malloc((size_t)n * 8);
    memset(p->role, CONCEPTDEC_I_ROLE_TRAIN, (size_t)n);
    p->options = (conceptdec_probe_options){.struct_size = sizeof p->options, .memory = (int64_t)1 << 30};
    p->space = (conceptdec_i_space){.ctx = p->ctx, .n = n, .d = d, .r = d, .stride = stride, .is_wide = is_wide,
                                    .z = aligned_alloc(64, (size_t)(n * stride * size))};
    memset(p->space.z, 0, (size_t)(n * stride * size));
    p->fitting = (conceptdec_i_fitting){.ctx = p->ctx, .space = &p->space, .options = &p->options, .classes = classes,
                                        .columns = p->columns, .group = p->group};
    closed_state = 12345;
    for (int64_t i = 0; i < n; i++) {
        p->labels[i] = (int32_t)((uint64_t)(closed_uniform() * 1e6 + 1e6) % (uint64_t)classes);
        p->group[i] = (int32_t)(i % 7);
        p->weight[i] = closed_uniform() + 1;
        for (int64_t j = 0; j < d; j++)
            p->z[i * d + j] = closed_normal() / sqrt(1 + (double)j) + 0.6 * sin((double)(p->labels[i] * 3 + j));
    }
    p->fitting.n_groups = n < 7 ? n : 7;
}

/* After changes of z. */
static inline void
closed_store(closed *p)
{
    for (int64_t i = 0; i < p->n; i++)
        for (int64_t j = 0; j < p->d; j++) {
            int64_t at = i * p->space.stride + j;
            if (p->space.is_wide) {
                ((double *)p->space.z)[at] = p->z[i * p->d + j];
            } else {
                ((float *)p->space.z)[at] = (float)p->z[i * p->d + j];
                p->z[i * p->d + j] = (double)((float *)p->space.z)[at];
            }
        }
}

static inline void
closed_close(closed *p)
{
    void *all[] = {p->z, p->labels, p->group, p->role, p->weight, p->space.z, p->w, p->bias, p->decision, p->objective,
                   p->sharpness, p->shrinkage, p->heard};
    conceptdec_ctx_free(p->ctx);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

static inline conceptdec_status
closed_hear(void *argument, int64_t problem, const conceptdec_i_fit *fit, int lane)
{
    closed *p = argument;
    int64_t k = p->columns;
    (void)lane;
    memcpy(p->w + problem * k * p->d, fit->w, (size_t)(k * p->d) * 8);
    memcpy(p->bias + problem * k, fit->bias, (size_t)k * 8);
    memcpy(p->decision + problem * k * p->n, fit->decision, (size_t)(k * p->n) * 8);
    p->objective[problem] = fit->objective;
    p->sharpness[problem] = fit->sharpness;
    p->shrinkage[problem] = fit->shrinkage;
    p->heard[problem] += fit->converged && fit->iterations == 0 && isnan(fit->decrement);
    return CONCEPTDEC_OK;
}

static inline void
closed_expect(closed *p, const conceptdec_i_problem *problems, int64_t n_problems)
{
    size_t columns = (size_t)(n_problems * p->columns), all = (size_t)n_problems;
    p->fitting.problems = problems;
    p->fitting.n_problems = p->n_problems = n_problems;
    p->fitting.columns = p->columns;
    p->w = realloc(p->w, columns * (size_t)p->d * 8);
    p->bias = realloc(p->bias, columns * 8);
    p->decision = realloc(p->decision, columns * (size_t)p->n * 8);
    p->objective = realloc(p->objective, all * 8);
    p->sharpness = realloc(p->sharpness, all * 8);
    p->shrinkage = realloc(p->shrinkage, all * 8);
    p->heard = realloc(p->heard, all * sizeof *p->heard);
    memset(p->heard, 0, all * sizeof *p->heard);
}

static inline void
closed_heard_all(const closed *p)
{
    for (int64_t i = 0; i < p->n_problems; i++)
        ck_assert_int_eq(p->heard[i], 1);
}

static inline conceptdec_status
closed_try(closed *p, conceptdec_i_solver solver, const conceptdec_i_problem *problems, int64_t n_problems)
{
    closed_expect(p, problems, n_problems);
    return solver(&p->fitting, closed_hear, p);
}

static inline void
closed_fit(closed *p, conceptdec_i_solver solver, const conceptdec_i_problem *problems, int64_t n_problems)
{
    ck_assert_msg(closed_try(p, solver, problems, n_problems) == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(p->ctx));
    closed_heard_all(p);
}

/* Gaussian elimination with pivots: a (n x n) is destroyed, b becomes the solution. */
static inline void
closed_eliminate(int n, long double *a, long double *b)
{
    for (int k = 0; k < n; k++) {
        int pivot = k;
        for (int i = k + 1; i < n; i++)
            pivot = fabsl(a[i * n + k]) > fabsl(a[pivot * n + k]) ? i : pivot;
        for (int j = 0; j < n; j++) {
            long double swap = a[k * n + j];
            a[k * n + j] = a[pivot * n + j];
            a[pivot * n + j] = swap;
        }
        long double swap = b[k];
        b[k] = b[pivot];
        b[pivot] = swap;
        for (int i = k + 1; i < n; i++) {
            long double factor = a[i * n + k] / a[k * n + k];
            for (int j = k; j < n; j++)
                a[i * n + j] -= factor * a[k * n + j];
            b[i] -= factor * b[k];
        }
    }
    for (int k = n - 1; k >= 0; k--) {
        for (int j = k + 1; j < n; j++)
            b[k] -= a[k * n + j] * b[j];
        b[k] /= a[k * n + k];
    }
}

/* Weights of rows as fits use them: TRAIN rows only, summing to 1. */
static inline void
closed_omega(const closed *p, const uint8_t *role, const int32_t *labels, double *omega)
{
    double all = 0, sum = 0, by_class[64] = {0};
    bool is_balanced = (p->options.flags & CONCEPTDEC_PROBE_BALANCED) != 0;
    for (int64_t i = 0; i < p->n; i++) {
        omega[i] = role[i] != CONCEPTDEC_I_ROLE_TRAIN ? 0 : p->fitting.weight ? p->fitting.weight[i] : 1;
        if (omega[i] > 0)
            by_class[labels[i]] += omega[i];
        all += omega[i];
    }
    for (int64_t i = 0; i < p->n; i++) {
        if (is_balanced && omega[i] > 0)
            omega[i] *= all / ((double)p->classes * by_class[labels[i]]);
        sum += omega[i];
    }
    for (int64_t i = 0; i < p->n; i++)
        omega[i] /= sum;
}

/* Minimum of sum of omega (t - f)^2 / 2 + lambda / 2 |w|^2: solution[0] is the intercept. */
static inline void
closed_ridge(const closed *p, const double *omega, const double *t, double lambda, long double *solution)
{
    int m = (int)p->d + 1;
    long double a[(CLOSED_MAX_D + 1) * (CLOSED_MAX_D + 1)] = {0};
    memset(solution, 0, (size_t)m * sizeof *solution);
    for (int64_t i = 0; i < p->n; i++)
        for (int j = 0; j < m; j++) {
            long double x = j == 0 ? 1 : (long double)p->z[i * p->d + j - 1];
            for (int k = 0; k < m; k++)
                a[j * m + k] += (long double)omega[i] * x * (k == 0 ? 1 : (long double)p->z[i * p->d + k - 1]);
            solution[j] += (long double)omega[i] * x * (long double)t[i];
        }
    for (int j = 1; j < m; j++)
        a[j * m + j] += (long double)lambda;
    closed_eliminate(m, a, solution);
}

static inline double
closed_value(const closed *p, const long double *solution, int64_t row)
{
    long double sum = solution[0];
    for (int64_t j = 0; j < p->d; j++)
        sum += solution[j + 1] * (long double)p->z[row * p->d + j];
    return (double)sum;
}

#endif

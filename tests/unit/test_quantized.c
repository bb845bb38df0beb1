/* Leading directions and quantised items: what they claim of every product holds, with any set of kernels. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <conceptdec/conceptdec.h>

#include "check_main.h"
#include "kernels/narrow.h"
#include "linalg/quantized.h"

enum { N = 300 };

typedef enum { EVEN, SPECTRUM, MASSIVE, RANK_TWO, ZERO_ROWS, CONSTANT, KINDS } kind;

static const int64_t sizes[] = {32, 33, 72, 100, 256, 1000, 2049};
static const uint32_t masks[] = {0, CONCEPTDEC_KERNEL_PORTABLE, CONCEPTDEC_KERNEL_AVX2,
                                 CONCEPTDEC_KERNEL_AVX2 | CONCEPTDEC_KERNEL_AVXVNNI};

typedef struct {
    conceptdec_ctx *ctx;
    conceptdec_i_arena arena;
    conceptdec_matrix view;
    conceptdec_i_operand operand;
    conceptdec_i_leads leads;
    conceptdec_i_quantized set;
    double *x, *mean, *items; /* items: as they enter, in float64 */
    int64_t d;
} problem;

static uint64_t state;

static double
uniform(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) * 0x1p-53 - 0.5;
}

static double
element(kind data, int64_t i, int64_t j, const double *weights)
{
    double noise = uniform() + uniform() + uniform();
    switch (data) {
    case SPECTRUM:
        return noise / sqrt(1.0 + (double)j);
    case MASSIVE:
        return j < 2 ? 3e3 * noise : noise;
    case RANK_TWO:
        return weights[2 * i] * sin((double)j) + weights[2 * i + 1] * cos(0.3 * (double)j);
    case ZERO_ROWS:
        return i % 3 ? noise : 0;
    case CONSTANT:
        return 1;
    default:
        return noise;
    }
}

static void
fill(problem *p, kind data)
{
    double weights[2 * N];
    state = 5 + (uint64_t)data;
    for (int i = 0; i < 2 * N; i++)
        weights[i] = uniform();
    for (int64_t i = 0; i < N; i++)
        for (int64_t j = 0; j < p->d; j++)
            p->x[i * p->d + j] = element(data, i, j, weights);
    for (int64_t j = 0; j < p->d; j++)
        p->mean[j] = data == ZERO_ROWS ? 0 : p->x[j] * 0.25;
}

static void
open_problem(problem *p, kind data, int64_t d, uint32_t mask, int32_t threads)
{
    const conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = threads, .kernel_mask = mask};
    *p = (problem){.d = d, .x = malloc((size_t)(N * d) * 8), .mean = malloc((size_t)d * 8),
                   .items = malloc((size_t)(N * d) * 8)};
    fill(p, data);
    ck_assert_int_eq(conceptdec_ctx_new(&options, &p->ctx), CONCEPTDEC_OK);
    conceptdec_i_arena_open(&p->arena, p->ctx);
    p->view = (conceptdec_matrix){
        .data = p->x, .rows = N, .cols = d, .row_stride = 8 * d, .col_stride = 8, .dtype = CONCEPTDEC_FLOAT64};
    p->operand = (conceptdec_i_operand){.view = &p->view, .n = N, .mean = p->mean, .scale = 0x1p20};
    for (int64_t i = 0; i < N * d; i++)
        p->items[i] = (p->x[i] - p->mean[i % d]) * 0x1p20;
    ck_assert_int_eq(conceptdec_i_leads_find(&p->arena, &p->operand, &p->leads), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_i_quantize(&p->arena, &p->operand, &p->leads, &p->set), CONCEPTDEC_OK);
}

static void
close_problem(problem *p)
{
    conceptdec_i_arena_close(&p->arena);
    conceptdec_ctx_free(p->ctx);
    free(p->x);
    free(p->mean);
    free(p->items);
}

static double
dot(const double *a, const double *b, int64_t n)
{
    long double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += (long double)a[i] * (long double)b[i];
    return (double)sum;
}

static int
quantised(const problem *p, int64_t item, int64_t e)
{
    const conceptdec_i_narrow_kernels *narrow = p->ctx->narrow;
    const int64_t at = (e / 4 * CONCEPTDEC_I_PANEL + item % CONCEPTDEC_I_PANEL) * 4 + e % 4;
    const uint8_t byte = p->set.panels[item / CONCEPTDEC_I_PANEL * p->set.panel_bytes + at];
    return narrow->bias ? byte - narrow->bias : (int8_t)byte;
}

static double
lead_of(const conceptdec_i_quantized *set, int64_t item, int64_t k)
{
    return (double)
        set->lead[(item / CONCEPTDEC_I_PANEL * set->n_leads + k) * CONCEPTDEC_I_PANEL + item % CONCEPTDEC_I_PANEL];
}

/* The product that a tile would hold. */
static double
estimate(const problem *p, int64_t a, int64_t b)
{
    const conceptdec_i_quantized *set = &p->set;
    int64_t sum = 0;
    double along = 0;
    for (int64_t e = 0; e < 4 * set->groups; e++)
        sum += quantised(p, a, e) * quantised(p, b, e);
    for (int64_t k = 0; k < set->n_leads; k++)
        along += lead_of(set, a, k) * lead_of(set, b, k);
    return along + (double)set->step[a] * (double)set->step[b] * (double)sum;
}

START_TEST(products_are_within_their_bounds)
{
    for (int s = 0; s < (int)(sizeof sizes / sizeof sizes[0]); s++)
        for (int m = 0; m < (int)(sizeof masks / sizeof masks[0]); m++) {
            problem p;
            open_problem(&p, (kind)_i, sizes[s], masks[m], 1);
            for (int64_t pair = 0; pair < 400; pair++) {
                const int64_t a = pair * 7 % N, b = pair < 40 ? a : pair * 13 % N;
                const double exact = dot(p.items + a * p.d, p.items + b * p.d, p.d);
                const double norms = sqrt(p.set.norms[a] * p.set.norms[b]);
                const double apart = 0.5 * (double)p.set.spread[a] * (double)p.set.whole[b] +
                                     0.5 * (double)p.set.reach[a] * 0.5 * (double)p.set.spread[b];
                ck_assert_double_le(fabs(estimate(&p, a, b) - exact), apart + (p.leads.error + 0x1p-22) * norms);
            }
            close_problem(&p);
        }
}
END_TEST

/* Errors of products spread evenly over all dimensions: their mean square tells how long the rests are. */
START_TEST(rests_are_what_errors_say)
{
    for (int m = 0; m < (int)(sizeof masks / sizeof masks[0]); m++) {
        problem p;
        double found = 0, said = 0;
        open_problem(&p, (kind)_i, 1000, masks[m], 1);
        for (int64_t a = 0; a < N; a++)
            for (int64_t b = a % 10; b < N; b += 10) {
                const double exact = dot(p.items + a * p.d, p.items + b * p.d, p.d), error = estimate(&p, a, b) - exact;
                const double rest_a = 0.5 * (double)p.set.spread[a], rest_b = 0.5 * (double)p.set.spread[b];
                found += a == b ? 0 : error * error * (double)(p.d - p.leads.n);
                said += a == b ? 0 : pow(rest_a * (double)p.set.whole[b], 2) + pow((double)p.set.whole[a] * rest_b, 2);
            }
        ck_assert_double_le(found, 1.15 * said);
        ck_assert_double_le(said, 1.15 * found);
        close_problem(&p);
    }
}
END_TEST

START_TEST(norms_are_within_their_bounds)
{
    for (int s = 0; s < (int)(sizeof sizes / sizeof sizes[0]); s++) {
        problem p;
        open_problem(&p, (kind)_i, sizes[s], 0, 1);
        for (int64_t i = 0; i < N; i++) {
            const double norm2 = dot(p.items + i * p.d, p.items + i * p.d, p.d);
            double sum = 0;
            for (int64_t e = 0; e < 4 * p.set.groups; e++)
                sum += quantised(&p, i, e) * quantised(&p, i, e);
            ck_assert_double_le(fabs(p.set.norms[i] - norm2), 0x1p-21 * norm2);
            ck_assert_double_le((double)p.set.step[i] * sqrt(sum), 0.5 * (double)p.set.reach[i]);
            ck_assert_double_le(0.5 * (double)p.set.reach[i] + 0.5 * (double)p.set.spread[i],
                                (double)p.set.whole[i] * (1 + 0x1p-22));
        }
        close_problem(&p);
    }
}
END_TEST

START_TEST(directions_are_orthonormal)
{
    for (int s = 0; s < (int)(sizeof sizes / sizeof sizes[0]); s++) {
        problem p;
        open_problem(&p, (kind)_i, sizes[s], 0, 1);
        const int64_t stride = conceptdec_i_leads_stride(p.d);
        double off = 0;
        for (int32_t k = 0; k < p.leads.n; k++)
            for (int32_t l = 0; l < p.leads.n; l++) {
                double sum = 0;
                for (int64_t i = 0; i < stride; i++)
                    sum += (double)p.leads.basis[k * stride + i] * (double)p.leads.basis[l * stride + i];
                off += (sum - (k == l && sum > 0.5)) * (sum - (k == l && sum > 0.5));
            }
        ck_assert_double_le(3 * sqrt(off), p.leads.error);
        ck_assert_double_le(p.leads.error, 1e-3);
        close_problem(&p);
    }
}
END_TEST

/* They hold all of what has rank two, most of massive dimensions, and nothing of what is even. */
START_TEST(directions_hold_what_leads)
{
    static const int64_t wide[] = {256, 257, 1000};
    static const double most[KINDS] = {[EVEN] = 1, [SPECTRUM] = 0.95, [MASSIVE] = 0.1, [RANK_TWO] = 1e-4,
                                       [ZERO_ROWS] = 1, [CONSTANT] = 1e-4};
    for (int s = 0; s < 3; s++) {
        problem p;
        double left = 0, all = 0;
        open_problem(&p, (kind)_i, wide[s], 0, 1);
        for (int64_t i = 0; i < N; i++) {
            left += (double)p.set.whole[i] * (double)p.set.whole[i];
            all += p.set.norms[i];
        }
        ck_assert_double_le(sqrt(left), most[_i] * sqrt(all) * 1.03);
        close_problem(&p);
    }
}
END_TEST

START_TEST(threads_change_nothing)
{
    problem one, four;
    open_problem(&one, SPECTRUM, 256, 0, 1);
    open_problem(&four, SPECTRUM, 256, 0, 4);
    ck_assert_int_gt(one.leads.n, 0);
    ck_assert_mem_eq(one.leads.basis, four.leads.basis, (size_t)(one.leads.n * 256) * sizeof(float));
    ck_assert_mem_eq(one.set.lead, four.set.lead, (size_t)(N * one.leads.n) * sizeof(float));
    ck_assert_mem_eq(one.set.panels, four.set.panels, (size_t)(N / CONCEPTDEC_I_PANEL * one.set.panel_bytes));
    ck_assert_mem_eq(one.set.spread, four.set.spread, N * sizeof(float));
    close_problem(&one);
    close_problem(&four);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("quantized");
    TCase *tests = tcase_create("quantized");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, products_are_within_their_bounds, 0, KINDS);
    tcase_add_loop_test(tests, rests_are_what_errors_say, EVEN, SPECTRUM + 1);
    tcase_add_loop_test(tests, norms_are_within_their_bounds, 0, KINDS);
    tcase_add_loop_test(tests, directions_are_orthonormal, 0, KINDS);
    tcase_add_loop_test(tests, directions_hold_what_leads, 0, KINDS);
    tcase_add_test(tests, threads_change_nothing);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

/* Credits of rows left out without decision values: against credits of the decision values themselves; and the filters
 * that are combined of few functions against what they stand for. */
#include <stdio.h>

#include "check_main.h"
#include "closed_problems.h"
#include "../torture/harness.h"

#include "kernels/kernels.h"
#include "probe/ridge_batch.h"
#include "probe/ridge_screen.h"

enum { SETS = 30, LAMBDAS = 8, ALL = SETS * LAMBDAS, THREADS = 3 };

typedef struct {
    const char *name;
    int64_t n, d, classes;
    bool is_weighted; /* some weights are 0 */
    bool has_unused;  /* rows that play no part */
    bool has_absent;  /* the first class has no row */
    bool has_single;  /* the last class has one row in every second set, which leaving it out empties */
    bool is_pinned;   /* a row that the others do not determine */
    bool is_discrete; /* few different rows: values tie */
} variant;

static const variant variants[] = {
    {.name = "plain", .n = 500, .d = 100, .classes = 5},
    {.name = "one dimension", .n = 200, .d = 1, .classes = 3},
    {.name = "many classes", .n = 300, .d = 40, .classes = 23},
    {.name = "weights", .n = 331, .d = 70, .classes = 4, .is_weighted = true},
    {.name = "unused rows", .n = 400, .d = 60, .classes = 4, .has_unused = true},
    {.name = "an absent class", .n = 403, .d = 60, .classes = 6, .has_absent = true},
    {.name = "a single row", .n = 400, .d = 60, .classes = 6, .has_single = true},
    {.name = "a pinned row", .n = 250, .d = 50, .classes = 4, .is_pinned = true},
    {.name = "few different rows", .n = 400, .d = 3, .classes = 4, .is_discrete = true},
};

typedef struct {
    closed p;
    int32_t *labels; /* SETS x n */
    conceptdec_i_problem problems[ALL];
    double credit[ALL];
    int64_t n_scored[ALL];
    int heard[ALL], without_values[ALL];
} study;

static conceptdec_status
hear(void *argument, int64_t problem, const conceptdec_i_fit *fit, int lane)
{
    study *s = argument;
    const conceptdec_i_problem *at = &s->problems[problem];
    int32_t predicted, n_tied;
    (void)lane;
    s->heard[problem]++;
    s->without_values[problem] = !fit->decision;
    s->credit[problem] = fit->decision ? 0 : fit->credit;
    s->n_scored[problem] = fit->decision ? 0 : fit->n_scored;
    for (int64_t i = 0; i < s->p.n && fit->decision; i++) {
        if (at->role[i] != CONCEPTDEC_I_ROLE_TRAIN || isnan(fit->decision[i]))
            continue;
        s->credit[problem] +=
            conceptdec_i_probe_credit(fit->decision + i, s->p.n, s->p.classes, at->labels[i], &predicted, &n_tied);
        s->n_scored[problem]++;
    }
    return CONCEPTDEC_OK;
}

/* Values of a few levels, whose products with sums of others tie. */
static void
shape_rows(const variant *v, closed *p)
{
    for (int64_t i = 0; i < v->n * v->d; i++)
        p->z[i] = v->is_discrete ? (double)((i * 7 + i / 5) % 2) : p->z[i];
    for (int64_t i = 0; i < v->n && v->is_pinned; i++)
        p->z[i * v->d + v->d - 1] = i == 3 ? 1e8 : 0;
}

static void
draw_labels(const variant *v, study *s)
{
    closed *p = &s->p;
    int64_t present = v->classes - (v->has_absent || v->has_single);
    s->labels = malloc((size_t)(SETS * v->n) * 4);
    for (int64_t i = 0; i < SETS * v->n; i++) {
        int64_t row = i % v->n, set = i / v->n;
        s->labels[i] = (int32_t)((uint64_t)((closed_uniform() + 0.5) * 1e6) % (uint64_t)present);
        if (set < SETS / 2)
            s->labels[i] = (int32_t)(p->labels[(row + set) % v->n] % present);
        s->labels[i] += v->has_absent;
        if (v->has_single && set % 2 == 0 && row == 5)
            s->labels[i] = (int32_t)v->classes - 1;
    }
}

static void
open_study(const variant *v, int32_t threads, study *s)
{
    closed *p = &s->p;
    *s = (study){0};
    closed_open(p, v->n, v->d, v->classes, false, threads);
    shape_rows(v, p);
    closed_store(p);
    for (int64_t i = 0; i < v->n; i++) {
        p->role[i] = v->has_unused && i % 5 == 2 ? CONCEPTDEC_I_ROLE_NONE : CONCEPTDEC_I_ROLE_TRAIN;
        p->weight[i] = i % 6 == 1 ? 0 : p->weight[i];
    }
    p->fitting.weight = v->is_weighted ? p->weight : NULL;
    p->fitting.leave = CONCEPTDEC_I_LEAVE_ONE;
    draw_labels(v, s);
    for (int i = 0; i < ALL; i++)
        s->problems[i] =
            (conceptdec_i_problem){s->labels + i / LAMBDAS * v->n, p->role, pow(10, -5 + 0.7 * (i % LAMBDAS))};
    p->fitting.problems = s->problems;
    p->fitting.n_problems = ALL;
}

static void
close_study(study *s)
{
    free(s->labels);
    closed_close(&s->p);
}

static void
fit(study *s, bool credits_only)
{
    memset(s->heard, 0, sizeof s->heard);
    s->p.fitting.credits_only = credits_only;
    ck_assert_int_eq(conceptdec_i_ridge_fit(&s->p.fitting, hear, s), CONCEPTDEC_OK);
    for (int i = 0; i < ALL; i++)
        ck_assert_int_eq(s->heard[i], 1);
}

/* Where values of different classes are equal but for rounding, the two ways may differ. */
START_TEST(credits_are_those_of_decision_values)
{
    const variant *v = &variants[_i];
    static study with, without;
    int short_ways = 0, rows_apart = 0;
    open_study(v, 1, &with);
    open_study(v, 1, &without);
    fit(&with, false);
    fit(&without, true);
    for (int i = 0; i < ALL; i++) {
        ck_assert_int_eq(with.without_values[i], 0);
        ck_assert_int_eq(with.n_scored[i], without.n_scored[i]);
        ck_assert_int_eq(without.n_scored[i], v->n - (v->has_unused ? v->n / 5 : 0) - v->is_pinned);
        bool is_equal = fabs(with.credit[i] - without.credit[i]) < 1e-9;
        ck_assert_msg(is_equal || v->is_discrete, "%s, set %d, lambda %d: %.6f and %.6f", v->name, i / LAMBDAS,
                      i % LAMBDAS, with.credit[i], without.credit[i]);
        rows_apart += !is_equal;
        short_ways += without.without_values[i];
    }
    if (getenv("RIDGE_CREDITS"))
        printf("%s: %d of %d without values, %d apart\n", v->name, short_ways, ALL, rows_apart);
    ck_assert_int_eq(short_ways, v->has_single ? ALL / 2 : ALL);
    close_study(&with);
    close_study(&without);
}
END_TEST

START_TEST(threads_do_not_matter)
{
    static study one, many;
    open_study(&variants[_i], 1, &one);
    open_study(&variants[_i], THREADS, &many);
    fit(&one, true);
    fit(&many, true);
    ck_assert_int_eq(memcmp(one.credit, many.credit, sizeof one.credit), 0);
    close_study(&one);
    close_study(&many);
}
END_TEST

/* Two classes, wide rows and little memory: decision values, as ever. */
START_TEST(others_go_the_long_way)
{
    const variant two = {.n = 200, .d = 10, .classes = 2};
    static study s;
    open_study(&two, 1, &s);
    fit(&s, true);
    ck_assert_int_eq(s.without_values[0], 0);
    close_study(&s);
    open_study(&variants[0], 1, &s);
    s.p.options.memory = 1000000;
    fit(&s, true);
    ck_assert_int_eq(s.without_values[0], 0);
    close_study(&s);
}
END_TEST

START_TEST(filters_are_within_their_rest)
{
    enum { R = 700, L = 10 };
    static double values[R], lambdas[L];
    conceptdec_ctx *ctx;
    conceptdec_i_arena arena;
    conceptdec_i_ridge_blend b;
    for (int k = 0; k < R; k++)
        values[k] = pow(R - k, -1.2) * (k > R - 4 ? 1e3 : 1);
    for (int l = 0; l < L; l++)
        lambdas[l] = l == 0 ? 0 : pow(10, -5 + 0.5 * l);
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
    conceptdec_i_arena_open(&arena, ctx);
    const conceptdec_i_ridge_part part = {.r = R, .rank = R - _i, .values = values, .n_lambdas = L, .lambdas = lambdas};
    ck_assert_int_eq(conceptdec_i_ridge_blend_make(&arena, &part, &b), CONCEPTDEC_OK);
    ck_assert_int_eq(b.n, R - _i);
    ck_assert_int_lt(b.depth, b.n * L / 2);
    const double *function = b.function;
    const float *share = b.share;
    double worst = 0;
    for (int64_t block = 0; block < b.n_blocks; block++) {
        int64_t first = b.first[block], count = b.first[block + 1] - first;
        for (int64_t l = 0; l < L; l++)
            for (int64_t j = 0; j < count; j++) {
                double s = values[R - 1 - first - j], sum = 0;
                for (int64_t q = 0; q < b.rank[block]; q++)
                    sum += (double)share[q * L + l] * function[q * count + j];
                double rest = b.rest[l * b.n + first + j];
                ck_assert_double_le(fabs(s / (s + lambdas[l]) - sum), rest);
                worst = fmax(worst, rest);
            }
        function += b.rank[block] * count;
        share += b.rank[block] * L;
    }
    ck_assert_double_le(worst, 0.02);
    conceptdec_i_arena_close(&arena);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* Rows of one kind and label sets of another: coordinates that are alike, that fall off, one that is huge, zeros. */
static double
coordinate(int64_t kind, int64_t j)
{
    double scale = kind % 3 == 0 ? 1 : kind % 3 == 1 ? pow(1 + (double)j, -1.5) : j == 7 ? 1e6 : 1;
    return kind == 5 ? 0 : scale * closed_normal();
}

/* Sum over functions of share * integers of a row and a class, in steps of both. */
static double
rounded_product(const conceptdec_i_ridge_screen *s, int64_t row, int64_t set, int64_t class, int64_t lambda)
{
    const conceptdec_i_ridge_blend *b = &s->blend;
    int64_t panel = row / s->mr, pairs = s->first_pair[b->n_blocks],
            column = set % s->abreast * (s->classes - 1) + class;
    int64_t tile = set / s->abreast, padded = conceptdec_i_ridge_screen_lambdas(s);
    const int16_t *packed = s->packed + tile * s->tile_panels * s->depth * s->nr * 2;
    const float *shares = s->shares + set * padded * b->total + lambda / s->nr * b->total * s->nr + lambda % s->nr;
    double sum = 0;
    for (int64_t block = 0, q = 0; block < b->n_blocks; block++)
        for (int64_t end = q + b->rank[block]; q < end; q++) {
            int64_t product = 0, count = s->first_pair[block + 1] - s->first_pair[block];
            const int16_t *whole = s->whole + ((panel * pairs + s->first_pair[block]) * s->mr + row % s->mr) * 2;
            const int16_t *factor = packed + (column / s->nr * count * s->nr + column % s->nr) * 2;
            for (int64_t p = 0; p < count; p++)
                for (int h = 0; h < 2; h++)
                    product += whole[p * s->mr * 2 + h] * factor[p * s->nr * 2 + h];
            ck_assert(llabs(product) < INT32_MAX);
            sum += (double)shares[q * s->nr] * (double)product;
            packed += s->tile_panels * count * s->nr * 2;
        }
    return sum * (double)s->step[row];
}

static void
expect_within_bounds(const conceptdec_i_ridge_screen *s, int64_t row, int64_t set, int64_t lambda, double *closest)
{
    const conceptdec_i_ridge_blend *b = &s->blend;
    const float *spread = s->spread + (set * b->n_lambdas + lambda) * CONCEPTDEC_I_CONTEST_BOUNDS;
    int64_t rows = conceptdec_i_ridge_screen_rows(s);
    double exact[64], rounded[64], last = 0;
    double slack = (double)s->bounds[0][row] * (double)spread[0] + (double)s->bounds[1][row] * (double)spread[1] +
                   (double)s->bounds[2][lambda * rows + row] * (double)spread[2];
    for (int64_t c = 0; c < s->classes; c++) {
        exact[c] = 0;
        for (int64_t j = 0; j < b->n; j++)
            exact[c] += b->filter[lambda * b->n + j] * s->along[(set * s->classes + c) * b->n + j] *
                        (double)s->rows[row * b->n + j];
        rounded[c] = c + 1 < s->classes ? rounded_product(s, row, set, c, lambda) : -last;
        last += rounded[c];
        for (int64_t k = 0; k < c; k++) {
            double off = fabs((exact[c] - exact[k]) - (rounded[c] - rounded[k]));
            ck_assert_msg(off <= slack, "row %d, set %d, lambda %d: off by %g of %g", (int)row, (int)set, (int)lambda,
                          off, slack);
            *closest = slack > 0 ? fmax(*closest, off / slack) : *closest;
        }
    }
}

/* Norms of what rounding leaves of a row, and of the rest. */
static void
expect_row_bounds(const conceptdec_i_ridge_screen *s, int64_t row)
{
    const conceptdec_i_ridge_blend *b = &s->blend;
    double left = 0, size = 0;
    for (int64_t block = 0; block < b->n_blocks; block++) {
        int64_t first = b->first[block], pair = row / s->mr * s->first_pair[b->n_blocks] + s->first_pair[block];
        const int16_t *whole = s->whole + (pair * s->mr + row % s->mr) * 2;
        for (int64_t j = 0; j < b->first[block + 1] - first; j++) {
            double value = (double)s->step[row] * whole[j / 2 * 2 * s->mr + j % 2];
            double rest = (double)s->rows[row * b->n + first + j] - value;
            left += rest * rest;
            size += value * value;
        }
    }
    const double found[2] = {(double)s->bounds[0][row], (double)s->bounds[1][row]},
                 wanted[2] = {sqrt(left), sqrt(size)};
    for (int k = 0; k < 2; k++)
        ck_assert_msg(wanted[k] <= found[k] && found[k] <= 1.001 * wanted[k] + 1e-30, "row %d: %g and %g", (int)row,
                      found[k], wanted[k]);
}

START_TEST(integers_are_within_their_bounds)
{
    enum { KINDS = 6 };
    const variant v = {.n = 140, .d = 90, .classes = 5};
    static study s;
    double lambdas[LAMBDAS], closest = 0;
    conceptdec_i_arena arena;
    open_study(&v, 1, &s);
    conceptdec_i_arena_open(&arena, s.p.ctx);
    s.p.fitting.credits_only = true;
    for (int l = 0; l < LAMBDAS; l++)
        lambdas[l] = s.problems[l].lambda;
    conceptdec_i_ridge_part part = {.fitting = &s.p.fitting, .r = v.d, .n_lambdas = LAMBDAS, .lambdas = lambdas,
                                    .precision = 1};
    conceptdec_i_ridge_base base = {0};
    ck_assert_int_eq(conceptdec_i_ridge_part_recall(&arena, &base, 1, s.problems, true, &part), CONCEPTDEC_OK);
    for (int64_t i = 0; i < v.n * part.rank; i++)
        part.turned[i] = (float)coordinate(i / part.rank % KINDS, i % part.rank);
    ck_assert_int_eq(conceptdec_i_ridge_screen_open(&arena, &part, KINDS, &part.screen), CONCEPTDEC_OK);
    conceptdec_i_ridge_screen *screen = part.screen;
    ck_assert_ptr_nonnull(screen);
    for (int64_t row = 0; row < v.n; row++)
        expect_row_bounds(screen, row);
    double *room = malloc((size_t)conceptdec_i_ridge_round_doubles(screen) * sizeof *room);
    for (int64_t set = 0; set < KINDS; set++) {
        double *along = screen->along + set * v.classes * part.rank;
        for (int64_t j = 0; j < part.rank; j++) {
            /* Sums of floats are not quite 0. */
            along[(v.classes - 1) * part.rank + j] = set % 2 ? 1e-3 * coordinate(set, j) : 0;
            for (int64_t c = 0; c + 1 < v.classes; c++) {
                along[c * part.rank + j] = coordinate(set, j) * (c == 1 ? 1e-3 : 1);
                along[(v.classes - 1) * part.rank + j] -= along[c * part.rank + j];
            }
        }
        ck_assert_int_eq(conceptdec_i_ridge_round_set(screen, set, room), CONCEPTDEC_OK);
        for (int64_t row = 0; row < v.n; row++)
            for (int64_t l = 0; l < LAMBDAS; l++)
                expect_within_bounds(screen, row, set, l, &closest);
    }
    ck_assert_double_ge(closest, 0.02); /* bounds that tell something */
    free(room);
    conceptdec_i_ridge_base_close(&base);
    conceptdec_i_arena_close(&arena);
    close_study(&s);
}
END_TEST

/* A part that was kept gives the same credits; other rows or lambdas are not taken for it. */
START_TEST(parts_are_kept_for_the_same_rows_and_lambdas)
{
    static study fresh, later;
    struct conceptdec_i_ridge_kept *kept = NULL, *first;
    open_study(&variants[0], 1, &fresh);
    open_study(&variants[0], 1, &later);
    fit(&fresh, true);
    later.p.fitting.kept = &kept;
    fit(&later, false);
    first = kept;
    ck_assert_ptr_nonnull(first);
    fit(&later, true);
    ck_assert_ptr_eq(kept, first);
    ck_assert_int_eq(later.without_values[0], 1);
    ck_assert_int_eq(memcmp(fresh.credit, later.credit, sizeof fresh.credit), 0);
    for (int i = 0; i < ALL; i++)
        fresh.problems[i].lambda = later.problems[i].lambda *= 3;
    fit(&fresh, true);
    fit(&later, true);
    ck_assert_int_eq(memcmp(fresh.credit, later.credit, sizeof fresh.credit), 0);
    uint8_t *role = memcpy(malloc(500), later.p.role, 500);
    role[11] = CONCEPTDEC_I_ROLE_NONE;
    for (int i = 0; i < ALL; i++)
        later.problems[i].role = role;
    fit(&later, true);
    ck_assert_int_eq(later.n_scored[0], 499);
    later.p.fitting.leave = CONCEPTDEC_I_LEAVE_ROLES;
    fit(&later, true);
    ck_assert_ptr_null(kept);
    free(role);
    close_study(&fresh);
    close_study(&later);
}
END_TEST

/* Whatever allocation fails, nothing stays. */
START_TEST(allocations_fail)
{
    static study s;
    open_study(&variants[6], 1, &s);
    conceptdec_ctx *whole = s.p.ctx;
    struct conceptdec_i_ridge_kept *kept = NULL;
    bool is_done = false;
    for (int64_t fail_at = 1; !is_done; fail_at++) {
        torture_allocator allocator = {0};
        const conceptdec_ctx_options options = torture_options(&allocator, 1);
        ck_assert_int_eq(conceptdec_ctx_new(&options, &s.p.ctx), CONCEPTDEC_OK);
        int64_t before = allocator.live;
        s.p.space.ctx = s.p.fitting.ctx = s.p.ctx;
        s.p.fitting.credits_only = true;
        s.p.fitting.kept = _i ? &kept : NULL;
        allocator.fail_at = allocator.calls + fail_at;
        conceptdec_status status = conceptdec_i_ridge_fit(&s.p.fitting, hear, &s);
        is_done = allocator.failed == 0;
        conceptdec_i_ridge_forget(s.p.ctx, &kept);
        ck_assert_int_eq(status, is_done ? CONCEPTDEC_OK : CONCEPTDEC_ENOMEM);
        ck_assert_int_eq(allocator.live, before);
        conceptdec_ctx_free(s.p.ctx);
        ck_assert_int_eq(allocator.live, 0);
    }
    s.p.ctx = whole;
    close_study(&s);
}
END_TEST

static Suite *
make_suite(void)
{
    int count = (int)(sizeof variants / sizeof variants[0]);
    Suite *suite = suite_create("ridge credits");
    TCase *tests = tcase_create("ridge credits");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, credits_are_those_of_decision_values, 0, count);
    tcase_add_loop_test(tests, threads_do_not_matter, 0, count);
    tcase_add_test(tests, others_go_the_long_way);
    tcase_add_loop_test(tests, filters_are_within_their_rest, 0, 2);
    tcase_add_test(tests, integers_are_within_their_bounds);
    tcase_add_test(tests, parts_are_kept_for_the_same_rows_and_lambdas);
    tcase_add_loop_test(tests, allocations_fail, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

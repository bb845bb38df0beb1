/* Anchor points against those of a non-negative least squares of another kind (generate_capacity.py). */
#include <math.h>

#include "check_main.h"
#include "geometry/anchors.h"

#include "capacity.h"

static void
draw(uint64_t *seed, int64_t count, double *out)
{
    for (int64_t i = 0; i < count; i++) {
        *seed = *seed * 6364136223846793005u + 1442695040888963407u;
        out[i] = (double)((int64_t)((*seed >> 40) % 100003) - 50001) / 25000;
    }
}

static double
dot(const double *a, const double *b, int64_t d)
{
    double sum = 0;
    for (int64_t j = 0; j < d; j++)
        sum += a[j] * b[j];
    return sum;
}

START_TEST(as_least_squares)
{
    const struct oracle_case *c = &oracle_cases[_i];
    double points[MOST_POINTS * MOST_DIMS], products[MOST_POINTS * MOST_POINTS], along[MOST_POINTS], t[MOST_DIMS + 1];
    uint64_t seed = (uint64_t)_i + 1;
    conceptdec_ctx *ctx;
    conceptdec_i_anchors anchors;
    conceptdec_i_arena arena;
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
    draw(&seed, c->n * c->d, points);
    for (int64_t i = 0; i < c->n * c->d; i++)
        points[i] *= c->radius;
    for (int64_t i = 0; i < c->n * c->n; i++)
        products[i] = dot(points + i / c->n * c->d, points + i % c->n * c->d, c->d);
    const conceptdec_i_manifold manifold = {
        .ctx = ctx, .n = c->n, .most = c->n < c->d + 1 ? c->n : c->d + 1, .products = products, .margin = c->margin};
    conceptdec_i_arena_open(&arena, ctx);
    ck_assert_int_eq(conceptdec_i_anchors_open(&arena, &manifold, &anchors), CONCEPTDEC_OK);
    for (int k = 0; k < DRAWS; k++) {
        conceptdec_i_anchor found;
        draw(&seed, c->d + 1, t);
        for (int64_t i = 0; i < c->n; i++)
            along[i] = dot(points + i * c->d, t, c->d);
        ck_assert_int_eq(conceptdec_i_anchors_find(&manifold, &anchors, along, t[c->d], &found), CONCEPTDEC_OK);
        ck_assert_double_eq_tol(found.distance, c->anchor[k][0], 1e-11);
        ck_assert_double_eq_tol(found.square, c->anchor[k][1], 1e-11);
        ck_assert_double_eq_tol(found.along, c->anchor[k][2], 1e-11);
        ck_assert_double_le(found.residual, 0x1p-40);
    }
    conceptdec_i_arena_close(&arena);
    conceptdec_ctx_free(ctx);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("capacity");
    TCase *tests = tcase_create("capacity");
    tcase_add_loop_test(tests, as_least_squares, 0, (int)(sizeof oracle_cases / sizeof *oracle_cases));
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

/* Anchor points against those of a non-negative least squares of another kind, and spheres against what balls come to
 * (generate_capacity.py). */
#include <math.h>
#include <string.h>

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

/* ---- balls ---- */

enum { SPHERE = 1500, BALL_DRAWS = 6000, BALL_DIMS = 8 };

/* Points all over a circle or a sphere of radius 1, the latter on a spiral of the golden angle. */
static void
fill_sphere(int64_t d, double *points)
{
    const double turn = acos(-1.0) * (d == 2 ? 2.0 / SPHERE : 3 - sqrt(5));
    for (int64_t i = 0; i < SPHERE; i++) {
        const double height = d == 2 ? 0 : 1 - (double)(2 * i + 1) / SPHERE, level = sqrt(1 - height * height);
        points[i * 3] = level * cos(turn * (double)i);
        points[i * 3 + 1] = level * sin(turn * (double)i);
        points[i * 3 + 2] = height;
    }
}

/* Two classes on either side of their mean, their spheres in dimensions of their own. */
static conceptdec_result *
measure_balls(conceptdec_ctx *ctx, const struct oracle_ball *b)
{
    static double points[SPHERE * 3], x[2 * SPHERE * BALL_DIMS];
    static int64_t labels[2 * SPHERE];
    const uint32_t flags = CONCEPTDEC_GEOMETRY_NO_SPECTRUM | CONCEPTDEC_GEOMETRY_NO_NEIGHBORS |
                           CONCEPTDEC_GEOMETRY_NO_PROBE | CONCEPTDEC_GEOMETRY_NO_SILHOUETTE;
    const conceptdec_geometry_options options = {.struct_size = sizeof options,
                                                 .flags = flags,
                                                 .capacity_draws = BALL_DRAWS,
                                                 .capacity_margin = b->margin};
    const conceptdec_matrix view = {.data = x, .rows = 2 * SPHERE, .cols = BALL_DIMS, .row_stride = 8 * BALL_DIMS,
                                    .col_stride = 8, .dtype = CONCEPTDEC_FLOAT64};
    const conceptdec_matrix classes = {.data = labels, .rows = 2 * SPHERE, .cols = 1, .row_stride = 8, .col_stride = 8,
                                       .dtype = CONCEPTDEC_INT64};
    conceptdec_result *result = NULL;
    fill_sphere(b->d, points);
    memset(x, 0, sizeof x);
    for (int64_t i = 0; i < 2 * SPHERE; i++) {
        const int64_t class = i / SPHERE;
        labels[i] = class;
        x[i * BALL_DIMS] = class == 0 ? 2 : -2;
        for (int64_t j = 0; j < 3; j++)
            x[i * BALL_DIMS + 1 + 3 * class + j] = 2 * b->radius * points[i % SPHERE * 3 + j];
    }
    conceptdec_status status = conceptdec_geometry(ctx, &view, &classes, &options, &result);
    ck_assert_msg(status == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(ctx));
    return result;
}

static double
number(const conceptdec_result *result, const char *name, int64_t class)
{
    conceptdec_array a;
    ck_assert_msg(conceptdec_result_get(result, name, &a) == CONCEPTDEC_OK, "%s", name);
    return ((const double *)a.data)[class];
}

/* Between the points the hull is nearer to the centre, by a share of under `gap`. */
START_TEST(as_balls)
{
    const struct oracle_ball *b = &oracle_balls[_i];
    const double gap = b->d == 2 ? 1e-5 : 5e-3;
    conceptdec_ctx *ctx;
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
    conceptdec_result *r = measure_balls(ctx, b);
    for (int64_t c = 0; c < 2; c++) {
        ck_assert_double_eq_tol(number(r, CONCEPTDEC_R_CAPACITY, c), b->capacity,
                                4 * number(r, CONCEPTDEC_R_CAPACITY_SE, c) + gap * b->capacity);
        ck_assert_double_eq_tol(number(r, CONCEPTDEC_R_MANIFOLD_RADIUS, c), b->manifold_radius,
                                4 * number(r, CONCEPTDEC_R_MANIFOLD_RADIUS_SE, c) + gap * b->radius);
        ck_assert_double_eq_tol(number(r, CONCEPTDEC_R_MANIFOLD_DIMENSION, c), (double)b->d,
                                4 * number(r, CONCEPTDEC_R_MANIFOLD_DIMENSION_SE, c) + gap * (double)b->d);
        ck_assert_double_le(number(r, CONCEPTDEC_R_CAPACITY_SE, c), 0.03 * b->capacity);
    }
    conceptdec_result_free(r);
    conceptdec_ctx_free(ctx);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("capacity");
    TCase *tests = tcase_create("capacity");
    tcase_add_loop_test(tests, as_least_squares, 0, (int)(sizeof oracle_cases / sizeof *oracle_cases));
    tcase_add_loop_test(tests, as_balls, 0, (int)(sizeof oracle_balls / sizeof *oracle_balls));
    tcase_set_timeout(tests, 120);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

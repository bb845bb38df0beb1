/* Geometry against values that NumPy, SciPy and scikit-learn have computed (generate_geometry.py). */
#include <math.h>
#include <string.h>

#include <conceptdec/conceptdec.h>

#include "check_main.h"
#include "geometry.h"

enum { MOST = 2400, MOST_ROWS = 200 };

static double x[MOST], weights[MOST], bias[8], means[8 * 64];
static int32_t labels[MOST_ROWS];
static uint64_t state;

static int64_t
whole(int64_t bound)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (int64_t)((state >> 40) % (uint64_t)(2 * bound + 1)) - bound;
}

/* As draw() of the generator; % of Python is never negative. */
static int
label_of(int i, int classes)
{
    int64_t drawn = i % 3 ? whole(classes * classes) : i;
    return (int)(((drawn % classes) + classes) % classes);
}

static void
draw(const struct oracle_case *c)
{
    const int rows = c->classes > 2 ? c->classes : 1;
    state = c->seed;
    for (int i = 0; i < c->classes * c->d; i++)
        means[i] = (double)whole(c->spread);
    for (int i = 0; i < c->n; i++) {
        labels[i] = label_of(i, c->classes);
        labels[i] = i % 17 == 16 ? -1 : labels[i];
        for (int j = 0; j < c->d; j++)
            x[i * c->d + j] =
                (means[(labels[i] > 0 ? labels[i] : 0) * c->d + j] + (double)(whole(1000) * (1 + j % 3)) + c->offset) /
                (c->is_given ? 1 : 1024);
    }
    for (int i = 0; i < rows * c->d; i++)
        weights[i] = (double)whole(1000);
    for (int i = 0; i < rows; i++)
        bias[i] = (double)whole(100000);
}

/* What is lost where offsets are large, and to a fit's own tolerance. */
static double
tolerance(const struct oracle_case *c, const char *name)
{
    if (!c->is_given && strcmp(name, CONCEPTDEC_R_NC3) == 0)
        return 1e-7;
    return c->offset >= 1000000 && strcmp(name, CONCEPTDEC_R_RANK_ME) == 0 ? 1e-8 : 1e-10;
}

START_TEST(as_written_out)
{
    const struct oracle_case *c = &oracle_cases[_i];
    const conceptdec_matrix vx = {
        .data = x, .rows = c->n, .cols = c->d, .row_stride = 8 * c->d, .col_stride = 8, .dtype = CONCEPTDEC_FLOAT64};
    const conceptdec_matrix vy = {
        .data = labels, .rows = c->n, .cols = 1, .row_stride = 4, .col_stride = 4, .dtype = CONCEPTDEC_INT32};
    conceptdec_matrix vw = vx, vb = vx;
    vw.data = weights;
    vb.data = bias;
    vw.rows = vb.rows = c->classes > 2 ? c->classes : 1;
    vb.cols = 1;
    vb.row_stride = 8;
    const conceptdec_geometry_options o = {.struct_size = sizeof o,
                                           .weights = c->is_given ? &vw : NULL,
                                           .bias = c->is_given ? &vb : NULL,
                                           .k = ORACLE_K,
                                           .hub_k = ORACLE_HUB_K,
                                           .metric = c->metric};
    conceptdec_ctx *ctx = NULL;
    conceptdec_result *r = NULL;
    draw(c);
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
    ck_assert_msg(conceptdec_geometry(ctx, &vx, &vy, &o, &r) == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(ctx));
    for (const oracle_value *v = c->values; v->name; v++) {
        conceptdec_array array;
        ck_assert_msg(conceptdec_result_get(r, v->name, &array) == CONCEPTDEC_OK, "%s", v->name);
        double found = array.dtype == CONCEPTDEC_INT64 ? (double)((const int64_t *)array.data)[v->index]
                                                       : ((const double *)array.data)[v->index];
        ck_assert_msg(fabs(found - v->value) <= tolerance(c, v->name) * fmax(1, fabs(v->value)),
                      "case %d: %s[%d]: %.17g, not %.17g", _i, v->name, v->index, found, v->value);
    }
    conceptdec_result_free(r);
    conceptdec_ctx_free(ctx);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("geometry");
    TCase *tests = tcase_create("geometry");
    tcase_add_loop_test(tests, as_written_out, 0, (int)(sizeof oracle_cases / sizeof *oracle_cases));
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

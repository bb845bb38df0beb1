/* What moments and principal components refuse: each with a status of its own, a text that names argument, place and
 * limit, and outputs untouched. */
#define _POSIX_C_SOURCE 200809L

#include "check_main.h"
#include "projection_problems.h"

enum { N = 12, D = 4, R = 2 };

enum { N_COMPONENTS, MAX_ITERATIONS, MEMORY, SEED, TOLERANCE, SOLVER, FLAGS };

static conceptdec_ctx *ctx;
static double values[N * D], points[N * R];
static conceptdec_pca *fitted;
static conceptdec_moments *state, *other_width, *empty, *tiny;

static void
setup(void)
{
    ctx = projection_ctx(1);
    for (int i = 0; i < N * D; i++)
        values[i] = projection_uniform();
    const conceptdec_matrix x = projection_view(values, N, D);
    fitted = projection_fit(ctx, &x, CONCEPTDEC_PCA_AUTO, R, 0);
    state = projection_moments(ctx, values, N, D);
    empty = projection_moments(ctx, NULL, 0, D);
    double small[N * D];
    for (int i = 0; i < N * D; i++)
        small[i] = values[i] * 0x1p-560;
    tiny = projection_moments(ctx, small, N, D);
    other_width = projection_moments(ctx, values, N, D - 1);
}

static void
teardown(void)
{
    conceptdec_pca_free(fitted);
    conceptdec_moments_free(state);
    conceptdec_moments_free(empty);
    conceptdec_moments_free(tiny);
    conceptdec_moments_free(other_width);
    conceptdec_ctx_free(ctx);
}

/* ---- fits ---- */

typedef struct call {
    conceptdec_matrix x;
    double values[N * D];
    struct {
        conceptdec_pca_options options;
        uint64_t tail[600];
    } pca;
    conceptdec_moments *moments;
} call;

static void
make_call(call *c)
{
    memset(c, 0, sizeof *c);
    memcpy(c->values, values, sizeof values);
    c->x = projection_view(c->values, N, D);
    c->pca.options.struct_size = sizeof c->pca.options;
    c->moments = state;
}

#define SPOIL(name, ...)                                                                                               \
    static void name(call *c)                                                                                          \
    {                                                                                                                  \
        conceptdec_pca_options *o = &c->pca.options;                                                                   \
        (void)o;                                                                                                       \
        __VA_ARGS__;                                                                                                   \
    }

SPOIL(components_negative, o->n_components = -1)
SPOIL(components_none, o->given = (uint64_t)1 << N_COMPONENTS)
SPOIL(components_many, o->n_components = D + 1)
SPOIL(iterations_none, o->given = (uint64_t)1 << MAX_ITERATIONS)
SPOIL(iterations_negative, o->max_iterations = -3)
SPOIL(memory_none, o->given = (uint64_t)1 << MEMORY)
SPOIL(memory_little, o->memory = 5000; o->solver = CONCEPTDEC_PCA_COVARIANCE)
SPOIL(memory_little_krylov, o->memory = 5000; o->solver = CONCEPTDEC_PCA_KRYLOV)
SPOIL(memory_little_auto, o->memory = 5000)
SPOIL(tolerance_negative, o->tolerance = -1e-9)
SPOIL(tolerance_nan, o->tolerance = NAN)
SPOIL(iterations_idle, o->max_iterations = 9; o->solver = CONCEPTDEC_PCA_COVARIANCE)
SPOIL(tolerance_idle, o->tolerance = 1e-9; o->solver = CONCEPTDEC_PCA_SVD)
SPOIL(tolerance_zero_idle, o->given = (uint64_t)1 << TOLERANCE; o->solver = CONCEPTDEC_PCA_GRAM)
SPOIL(solver_unknown, o->solver = 5)
SPOIL(solver_negative, o->solver = -1)
SPOIL(flags_unknown, o->flags = 8)
SPOIL(given_unknown, o->given = (uint64_t)1 << 7)
SPOIL(struct_small, o->struct_size = 56)
SPOIL(struct_tail, o->struct_size = 72; c->pca.tail[0] = 1)
SPOIL(x_nan, c->values[2 * D + 3] = NAN; c->values[N * D - 1] = INFINITY)
SPOIL(x_infinite, c->values[N * D - 1] = -INFINITY)
SPOIL(x_huge, c->values[1] = 1.7e308; c->values[D + 1] = -1.7e308)
SPOIL(x_far, c->values[0] = 0x1p600)
SPOIL(x_tiny, for (int i = 0; i < N * D; i++) c->values[i] *= 0x1p-560)
SPOIL(x_one_row, c->x.rows = 1)
SPOIL(x_no_rows, c->x.rows = 0)
SPOIL(x_integers, c->x.dtype = CONCEPTDEC_INT32)
SPOIL(x_device, c->x.device = 1)
SPOIL(x_reserved, c->x.reserved[1] = 1)
SPOIL(x_null, c->x.data = NULL)
SPOIL(moments_gram, o->solver = CONCEPTDEC_PCA_GRAM)
SPOIL(moments_svd, o->solver = CONCEPTDEC_PCA_SVD)
SPOIL(moments_empty, c->moments = empty)
SPOIL(moments_tiny, c->moments = tiny)
SPOIL(moments_tiny_standardized, c->moments = tiny; o->flags = CONCEPTDEC_PCA_STANDARDIZE)
SPOIL(moments_tiny_uncentered, c->moments = tiny; o->flags = CONCEPTDEC_PCA_UNCENTERED)
SPOIL(moments_null, c->moments = NULL)

enum { ROWS = 1, MOMENTS = 2, BOTH = 3 };

static const struct {
    int calls;
    void (*spoil)(call *c);
    conceptdec_status status;
    const char *text;
} fits[] = {
    {BOTH, components_negative, CONCEPTDEC_EK, "n_components: -1 is not in 1..4"},
    {BOTH, components_none, CONCEPTDEC_EK, "n_components: 0 is not in 1..4"},
    {BOTH, components_many, CONCEPTDEC_EK, "n_components: 5 is not in 1..4"},
    {BOTH, iterations_none, CONCEPTDEC_EINVAL, "max_iterations: 0 is not in 1.."},
    {BOTH, iterations_negative, CONCEPTDEC_EINVAL, "max_iterations: -3 is not in 1.."},
    {BOTH, memory_none, CONCEPTDEC_EINVAL, "memory: 0, must be at least 1"},
    {BOTH, memory_little, CONCEPTDEC_ENOMEM, "memory: solver \"covariance\" needs "},
    {BOTH, memory_little_krylov, CONCEPTDEC_ENOMEM, "memory: solver \"krylov\" needs "},
    {BOTH, memory_little_auto, CONCEPTDEC_ENOMEM, "memory: solver \""},
    {BOTH, tolerance_negative, CONCEPTDEC_EINVAL, "tolerance: must be finite and at least 0"},
    {BOTH, tolerance_nan, CONCEPTDEC_EINVAL, "tolerance: must be finite and at least 0"},
    {BOTH, iterations_idle, CONCEPTDEC_EINVAL, "max_iterations: is given, but only solver \"krylov\" has"},
    {ROWS, tolerance_idle, CONCEPTDEC_EINVAL, "tolerance: is given, but only solver \"krylov\", and"},
    {ROWS, tolerance_zero_idle, CONCEPTDEC_EINVAL, "tolerance: is given, but only solver \"krylov\", and"},
    {BOTH, solver_unknown, CONCEPTDEC_EINVAL, "solver: 5 is not one of 0..4"},
    {BOTH, solver_negative, CONCEPTDEC_EINVAL, "solver: -1 is not one of 0..4"},
    {BOTH, flags_unknown, CONCEPTDEC_ERESERVED, "flags: 0x8 has bits that are unknown"},
    {BOTH, given_unknown, CONCEPTDEC_ESTRUCT_TAIL, "options.given: "},
    {BOTH, struct_small, CONCEPTDEC_ESTRUCT_SIZE, "options.struct_size: 56"},
    {BOTH, struct_tail, CONCEPTDEC_ESTRUCT_TAIL, "options: byte 64 is set"},
    {ROWS, x_nan, CONCEPTDEC_ENONFINITE, "x: non-finite value at row 2, column 3"},
    {ROWS, x_infinite, CONCEPTDEC_ENONFINITE, "x: non-finite value at row 11, column 3"},
    {ROWS, x_huge, CONCEPTDEC_EOVERFLOW, "x: float64 cannot hold sums and differences of column 1"},
    {ROWS, x_far, CONCEPTDEC_EOVERFLOW, "float64 cannot hold the variances"},
    {ROWS, x_tiny, CONCEPTDEC_EOVERFLOW, "x: float64 cannot hold variances as small as these"},
    {ROWS, x_one_row, CONCEPTDEC_ETOOFEW, "x: 1 row"},
    {ROWS, x_no_rows, CONCEPTDEC_ESIZE, "x: rows is 0"},
    {ROWS, x_integers, CONCEPTDEC_EDTYPE, "x: dtype"},
    {ROWS, x_device, CONCEPTDEC_EUNSUPPORTED, "x: device 1"},
    {ROWS, x_reserved, CONCEPTDEC_ERESERVED, "x: "},
    {ROWS, x_null, CONCEPTDEC_ENULL, "x: data is NULL"},
    {MOMENTS, moments_gram, CONCEPTDEC_EINVAL, "solver: \"gram\" needs rows"},
    {MOMENTS, moments_svd, CONCEPTDEC_EINVAL, "solver: \"svd\" needs rows"},
    {MOMENTS, moments_empty, CONCEPTDEC_ETOOFEW, "moments: 0 rows"},
    {MOMENTS, moments_tiny, CONCEPTDEC_EOVERFLOW, "moments: float64 cannot hold variances as small as these"},
    {MOMENTS, moments_tiny_standardized, CONCEPTDEC_EOVERFLOW, "moments: float64 cannot hold the variance of column 0"},
    {MOMENTS, moments_tiny_uncentered, CONCEPTDEC_EOVERFLOW, "moments: float64 cannot hold variances as small as"},
    {MOMENTS, moments_null, CONCEPTDEC_ENULL, "moments: is NULL"},
};

enum { FITS = sizeof fits / sizeof *fits };

static void
expect(conceptdec_status status, conceptdec_status wanted, const char *text)
{
    ck_assert_msg(status == wanted, "%d instead of %d: %s", status, wanted, conceptdec_ctx_error(ctx));
    ck_assert_msg(strstr(conceptdec_ctx_error(ctx), text), "\"%s\", not \"%s\"", conceptdec_ctx_error(ctx), text);
}

START_TEST(fits_are_refused)
{
    static char untouched;
    call c;
    conceptdec_pca *pca = (conceptdec_pca *)(void *)&untouched;
    if (fits[_i].calls & ROWS) {
        make_call(&c);
        fits[_i].spoil(&c);
        expect(conceptdec_pca_new(ctx, &c.x, &c.pca.options, &pca), fits[_i].status, fits[_i].text);
    }
    if (fits[_i].calls & MOMENTS) {
        make_call(&c);
        fits[_i].spoil(&c);
        expect(conceptdec_pca_from_moments(ctx, c.moments, &c.pca.options, &pca), fits[_i].status, fits[_i].text);
    }
    ck_assert_ptr_eq(pca, &untouched);
    make_call(&c);
    ck_assert_int_eq(conceptdec_pca_new(ctx, &c.x, NULL, &pca), CONCEPTDEC_OK);
    conceptdec_pca_free(pca);
}
END_TEST

START_TEST(null_arguments)
{
    static char untouched;
    const conceptdec_matrix x = projection_view(values, N, D);
    conceptdec_pca *pca = (conceptdec_pca *)(void *)&untouched;
    conceptdec_moments *m = (conceptdec_moments *)(void *)&untouched;
    conceptdec_result *r = (conceptdec_result *)(void *)&untouched;
    conceptdec_array array;
    expect(conceptdec_pca_new(ctx, NULL, NULL, &pca), CONCEPTDEC_ENULL, "x: is NULL");
    expect(conceptdec_pca_new(ctx, &x, NULL, NULL), CONCEPTDEC_ENULL, "pca: NULL");
    expect(conceptdec_pca_from_moments(ctx, state, NULL, NULL), CONCEPTDEC_ENULL, "pca: is NULL");
    ck_assert_int_eq(conceptdec_pca_new(NULL, &x, NULL, &pca), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_pca_from_moments(NULL, state, NULL, &pca), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_pca_transform(NULL, fitted, &x, &r), CONCEPTDEC_ENULL);
    expect(conceptdec_pca_transform(ctx, NULL, &x, &r), CONCEPTDEC_ENULL, "pca: is NULL");
    expect(conceptdec_pca_transform(ctx, fitted, NULL, &r), CONCEPTDEC_ENULL, "x: is NULL");
    expect(conceptdec_pca_transform(ctx, fitted, &x, NULL), CONCEPTDEC_ENULL, "result: is NULL");
    expect(conceptdec_pca_inverse_transform(ctx, fitted, NULL, &r), CONCEPTDEC_ENULL, "z: is NULL");
    expect(conceptdec_pca_save(ctx, NULL, "x"), CONCEPTDEC_ENULL, "pca: is NULL");
    expect(conceptdec_pca_save(ctx, fitted, NULL), CONCEPTDEC_ENULL, "path: is NULL");
    expect(conceptdec_pca_load(ctx, NULL, &pca), CONCEPTDEC_ENULL, "path: is NULL");
    expect(conceptdec_pca_load(ctx, "x", NULL), CONCEPTDEC_ENULL, "pca: is NULL");
    ck_assert_int_eq(conceptdec_pca_get(NULL, CONCEPTDEC_P_MEAN, &array), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_pca_get(fitted, NULL, &array), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_pca_get(fitted, CONCEPTDEC_P_MEAN, NULL), CONCEPTDEC_ENULL);
    expect(conceptdec_moments_new(ctx, 3, NULL), CONCEPTDEC_ENULL, "moments: NULL");
    expect(conceptdec_moments_add(ctx, NULL, &x), CONCEPTDEC_ENULL, "moments: is NULL");
    expect(conceptdec_moments_add(ctx, state, NULL), CONCEPTDEC_ENULL, "x: is NULL");
    expect(conceptdec_moments_merge(ctx, NULL, state), CONCEPTDEC_ENULL, "moments: is NULL");
    expect(conceptdec_moments_merge(ctx, state, NULL), CONCEPTDEC_ENULL, "other: is NULL");
    expect(conceptdec_moments_save(ctx, NULL, "x"), CONCEPTDEC_ENULL, "moments: is NULL");
    expect(conceptdec_moments_save(ctx, state, NULL), CONCEPTDEC_ENULL, "path: is NULL");
    expect(conceptdec_moments_load(ctx, NULL, &m), CONCEPTDEC_ENULL, "path: is NULL");
    expect(conceptdec_moments_load(ctx, "x", NULL), CONCEPTDEC_ENULL, "moments: is NULL");
    ck_assert_int_eq(conceptdec_moments_get(NULL, CONCEPTDEC_M_MEAN, &array), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_moments_get(state, NULL, &array), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_moments_get(state, CONCEPTDEC_M_MEAN, NULL), CONCEPTDEC_ENULL);
    ck_assert(pca == (void *)&untouched && m == (void *)&untouched && r == (void *)&untouched);
}
END_TEST

/* ---- rows to project, rows to add, files ---- */

START_TEST(rows_are_refused)
{
    static char untouched;
    conceptdec_result *r = (conceptdec_result *)(void *)&untouched;
    conceptdec_moments *m = (conceptdec_moments *)(void *)&untouched;
    double spoiled[N * D];
    memcpy(spoiled, values, sizeof values);
    spoiled[5 * D + 1] = NAN;
    const conceptdec_matrix narrow = projection_view(values, N, D - 1), bad = projection_view(spoiled, N, D);
    conceptdec_matrix integers = projection_view(values, N, D);
    integers.dtype = CONCEPTDEC_INT64;
    expect(conceptdec_pca_transform(ctx, fitted, &narrow, &r), CONCEPTDEC_ESIZE, "x: 3 columns, but the fit has 4");
    expect(conceptdec_pca_inverse_transform(ctx, fitted, &narrow, &r), CONCEPTDEC_ESIZE,
           "z: 3 columns, but the fit has 2");
    expect(conceptdec_pca_transform(ctx, fitted, &bad, &r), CONCEPTDEC_ENONFINITE,
           "x: non-finite value at row 5, column 1");
    expect(conceptdec_pca_transform(ctx, fitted, &integers, &r), CONCEPTDEC_EDTYPE, "x: dtype");
    points[3] = INFINITY;
    const conceptdec_matrix z = projection_view(points, N, R);
    expect(conceptdec_pca_inverse_transform(ctx, fitted, &z, &r), CONCEPTDEC_ENONFINITE,
           "z: non-finite value at row 1, column 1");
    expect(conceptdec_moments_add(ctx, state, &narrow), CONCEPTDEC_ESIZE, "x: 3 columns, but the state has 4");
    expect(conceptdec_moments_add(ctx, state, &bad), CONCEPTDEC_ENONFINITE, "x: non-finite value at row 5, column 1");
    expect(conceptdec_moments_add(ctx, state, &integers), CONCEPTDEC_EDTYPE, "x: dtype");
    expect(conceptdec_moments_merge(ctx, state, other_width), CONCEPTDEC_ESIZE,
           "other: rows of 3 numbers, but the state has 4");
    expect(conceptdec_moments_new(ctx, 0, &m), CONCEPTDEC_ESIZE, "dims: 0, must be at least 1");
    expect(conceptdec_moments_new(ctx, -4, &m), CONCEPTDEC_ESIZE, "dims: -4");
    expect(conceptdec_moments_new(ctx, INT64_C(1) << 40, &m), CONCEPTDEC_EOVERFLOW, "dims: ");
    expect(conceptdec_moments_new(ctx, INT32_MAX, &m), CONCEPTDEC_EOVERFLOW, "moments: ");
    ck_assert(r == (void *)&untouched && m == (void *)&untouched);
    conceptdec_array array;
    ck_assert_int_eq(conceptdec_moments_get(state, CONCEPTDEC_M_N_SAMPLES, &array), CONCEPTDEC_OK);
    ck_assert_int_eq(*(const int64_t *)array.data, N);
}
END_TEST

START_TEST(places_are_refused)
{
    static char untouched;
    conceptdec_pca *pca = (conceptdec_pca *)(void *)&untouched;
    conceptdec_moments *m = (conceptdec_moments *)(void *)&untouched;
    projection_file f;
    expect(conceptdec_pca_save(ctx, fitted, "/nowhere/at/all"), CONCEPTDEC_EIO, "path: cannot create");
    expect(conceptdec_moments_save(ctx, state, "/nowhere/at/all"), CONCEPTDEC_EIO, "path: cannot create");
    expect(conceptdec_pca_load(ctx, "/nowhere/at/all", &pca), CONCEPTDEC_EIO, "path: cannot open");
    expect(conceptdec_moments_load(ctx, "/nowhere/at/all", &m), CONCEPTDEC_EIO, "path: cannot open");
    projection_file_name(&f);
    ck_assert_int_eq(conceptdec_pca_save(ctx, fitted, f.path), CONCEPTDEC_OK);
    expect(conceptdec_moments_load(ctx, f.path, &m), CONCEPTDEC_EFORMAT,
           "is not a state of moments: wrong first bytes");
    ck_assert_int_eq(conceptdec_moments_save(ctx, state, f.path), CONCEPTDEC_OK);
    expect(conceptdec_pca_load(ctx, f.path, &pca), CONCEPTDEC_EFORMAT,
           "is not principal components: wrong first bytes");
    ck_assert(pca == (void *)&untouched && m == (void *)&untouched);
    projection_file_end(&f);
}
END_TEST

/* ---- readers and cancelling ---- */

typedef struct failing {
    int64_t calls, fails_at;
    bool cancels;
} failing;

static int32_t
deliver(void *user, int64_t first, int64_t count, void *rows)
{
    failing *f = user;
    bool is_now = ++f->calls == f->fails_at;
    memcpy(rows, values + first * D, (size_t)(count * D) * sizeof(double));
    if (is_now && f->cancels)
        conceptdec_ctx_cancel(ctx);
    return is_now && !f->cancels ? 3 : 0;
}

/* Whenever it fails, and whenever it is stopped. */
START_TEST(readers_fail)
{
    const bool cancels = _i % 2 != 0;
    const conceptdec_pca_options o = {.struct_size = sizeof o, .solver = 1 + _i / 2, .n_components = 2};
    int64_t failures = 0;
    for (int64_t at = 1; at < 100; at++) {
        failing f = {.fails_at = at, .cancels = cancels};
        const conceptdec_reader reader = {.struct_size = sizeof reader, .read = deliver, .user = &f};
        const conceptdec_matrix x = {
            .data = &reader, .rows = N, .cols = D, .dtype = CONCEPTDEC_FLOAT64, .flags = CONCEPTDEC_MATRIX_READER};
        conceptdec_pca *pca = NULL;
        conceptdec_status status = conceptdec_pca_new(ctx, &x, &o, &pca);
        if (f.calls < at) {
            ck_assert_int_eq(status, CONCEPTDEC_OK);
            at = 100;
        } else if (!cancels || status != CONCEPTDEC_OK) {
            ck_assert_int_eq(status, cancels ? CONCEPTDEC_ECANCELLED : CONCEPTDEC_EREAD);
            ck_assert_ptr_null(pca);
            failures++;
        }
        conceptdec_ctx_clear_cancel(ctx);
        conceptdec_pca_free(pca);
    }
    ck_assert_int_ge(failures, 1);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("bad_pca");
    TCase *tests = tcase_create("refused");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, fits_are_refused, 0, FITS);
    tcase_add_test(tests, null_arguments);
    tcase_add_test(tests, rows_are_refused);
    tcase_add_test(tests, places_are_refused);
    tcase_add_loop_test(tests, readers_fail, 0, 2 * CONCEPTDEC_PCA_KRYLOV);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

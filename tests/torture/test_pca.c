/* Every allocation of moments and principal components fails in turn, once and for ever. */
#define _POSIX_C_SOURCE 200809L

#include "check_main.h"
#include "harness.h"
#include "projection_problems.h"

enum { ROWS = 30, COLS = 6 };

static double values[ROWS * COLS];
static float narrow[ROWS * COLS];

typedef struct job {
    const char *name;
    int32_t solver;
    uint32_t flags;
    bool is_narrow, has_moments, reloads, transforms;
} job;

static const job jobs[] = {
    {"covariance", CONCEPTDEC_PCA_COVARIANCE, 0, .is_narrow = true},
    {"gram", CONCEPTDEC_PCA_GRAM, CONCEPTDEC_PCA_STANDARDIZE, .is_narrow = false},
    {"svd", CONCEPTDEC_PCA_SVD, CONCEPTDEC_PCA_UNCENTERED, .is_narrow = true},
    {"krylov", CONCEPTDEC_PCA_KRYLOV, CONCEPTDEC_PCA_STANDARDIZE, .is_narrow = false},
    {"moments", CONCEPTDEC_PCA_AUTO, 0, .has_moments = true},
    {"krylov of moments", CONCEPTDEC_PCA_KRYLOV, 0, .has_moments = true},
    {"save and load", CONCEPTDEC_PCA_AUTO, CONCEPTDEC_PCA_WHITEN, .reloads = true},
    {"there and back", CONCEPTDEC_PCA_AUTO, CONCEPTDEC_PCA_WHITEN, .transforms = true},
};

static void
fill(void)
{
    projection_state = 9;
    for (int i = 0; i < ROWS * COLS; i++) {
        values[i] = projection_uniform();
        narrow[i] = (float)values[i];
    }
}

static conceptdec_status
fit(conceptdec_ctx *ctx, const job *j, conceptdec_pca **pca)
{
    const conceptdec_matrix view =
        j->is_narrow ? projection_view_f32(narrow, ROWS, COLS) : projection_view(values, ROWS, COLS);
    const conceptdec_pca_options o = {
        .struct_size = sizeof o, .solver = j->solver, .flags = j->flags, .n_components = 3};
    if (!j->has_moments)
        return conceptdec_pca_new(ctx, &view, &o, pca);
    conceptdec_moments *m;
    conceptdec_status status = conceptdec_moments_new(ctx, COLS, &m);
    if (status != CONCEPTDEC_OK)
        return status;
    status = conceptdec_moments_add(ctx, m, &view);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_pca_from_moments(ctx, m, &o, pca);
    conceptdec_moments_free(m);
    return status;
}

static conceptdec_status
reload(conceptdec_ctx *ctx, const conceptdec_pca *pca, conceptdec_pca **loaded)
{
    projection_file f;
    projection_file_name(&f);
    conceptdec_status status = conceptdec_pca_save(ctx, pca, f.path);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_pca_load(ctx, f.path, loaded);
    projection_file_end(&f);
    return status;
}

static conceptdec_status
there_and_back(conceptdec_ctx *ctx, const conceptdec_pca *pca)
{
    const conceptdec_matrix view = projection_view(values, ROWS, COLS);
    conceptdec_result *there = NULL, *back = NULL;
    conceptdec_array array;
    conceptdec_status status = conceptdec_pca_transform(ctx, pca, &view, &there);
    if (status != CONCEPTDEC_OK) {
        ck_assert_ptr_null(there);
        return status;
    }
    ck_assert_int_eq(conceptdec_result_get(there, "transformed", &array), CONCEPTDEC_OK);
    const conceptdec_matrix points = projection_view(array.data, ROWS, 3);
    status = conceptdec_pca_inverse_transform(ctx, pca, &points, &back);
    ck_assert((status == CONCEPTDEC_OK) == (back != NULL));
    conceptdec_result_free(there);
    conceptdec_result_free(back);
    return status;
}

static conceptdec_status
work(conceptdec_ctx *ctx, void *argument, void **output)
{
    const job *j = argument;
    conceptdec_pca *pca = NULL, *loaded = NULL;
    conceptdec_status status = fit(ctx, j, &pca);
    ck_assert((status == CONCEPTDEC_OK) == (pca != NULL));
    if (status == CONCEPTDEC_OK && j->reloads)
        status = reload(ctx, pca, &loaded);
    if (status == CONCEPTDEC_OK && j->transforms)
        status = there_and_back(ctx, pca);
    if (status == CONCEPTDEC_OK)
        *output = loaded ? loaded : pca;
    if (status != CONCEPTDEC_OK || loaded)
        conceptdec_pca_free(pca);
    return status;
}

static void
free_pca(void *output)
{
    conceptdec_pca_free(output);
}

START_TEST(components_without_memory)
{
    job j = jobs[_i / 2];
    fill();
    ck_assert_msg(torture(1 + _i % 2, work, &j, free_pca) >= 10, "%s", j.name);
}
END_TEST

/* Several chunks, merging, files and questions; a state that could not grow is as it was. */
static conceptdec_status
grow(conceptdec_ctx *ctx, void *argument, void **output)
{
    enum { MANY = 1100, WIDE = 520 };
    static double x[MANY * WIDE];
    projection_file f;
    conceptdec_moments *m = NULL, *other = NULL, *loaded = NULL;
    (void)argument;
    for (int i = 0; i < MANY * WIDE && x[MANY * WIDE - 1] == 0; i++)
        x[i] = projection_uniform();
    projection_file_name(&f);
    const conceptdec_matrix view = projection_view(x, MANY, WIDE);
    conceptdec_status status = conceptdec_moments_new(ctx, WIDE, &m);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_moments_new(ctx, WIDE, &other);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_moments_add(ctx, m, &view);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_moments_merge(ctx, other, m);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_moments_save(ctx, other, f.path);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_moments_load(ctx, f.path, &loaded);
    if (status == CONCEPTDEC_OK)
        *output = loaded;
    else
        ck_assert_ptr_null(loaded);
    conceptdec_moments_free(m);
    conceptdec_moments_free(other);
    projection_file_end(&f);
    return status;
}

static conceptdec_status
ask(void *argument, void *output)
{
    conceptdec_array array = {.ndim = 9};
    (void)argument;
    conceptdec_status status = conceptdec_moments_get(output, CONCEPTDEC_M_COVARIANCE, &array);
    ck_assert((status == CONCEPTDEC_OK) == (array.ndim == 2));
    return status;
}

static void
free_moments(void *output)
{
    conceptdec_moments_free(output);
}

START_TEST(moments_without_memory)
{
    const torture_job j = {.threads = 1 + _i, .work = grow, .use = ask, .free_output = free_moments};
    ck_assert_int_ge(torture_run(&j), 15);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("pca");
    TCase *tests = tcase_create("allocation failure");
    tcase_set_timeout(tests, 240);
    tcase_add_loop_test(tests, components_without_memory, 0, 2 * (int)(sizeof jobs / sizeof *jobs));
    tcase_add_loop_test(tests, moments_without_memory, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

/* Subspaces and concept vectors against what NumPy, SciPy and scikit-learn have computed (generate_subspaces.py). */
#define _GNU_SOURCE

#include "check_main.h"
#include "subspace_problems.h"
#include "subspaces.h"

static double x[ROWS * COLS];
static float narrow[ROWS * COLS];
static int64_t labels[ROWS];

static void
draw(uint64_t seed)
{
    for (int64_t i = 0; i < ROWS; i++) {
        labels[i] = i * 5 % 7 % 4 == 3 ? -1 : i * 5 % 7 % 4;
        for (int j = 0; j < COLS; j++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            const double whole = (double)((int64_t)((seed >> 40) % 2003) - 1001);
            x[i * COLS + j] = rint(ldexp(whole, -j)) + 50 * (labels[i] == j) + 300;
            narrow[i * COLS + j] = (float)x[i * COLS + j];
        }
    }
}

#define NEAR(a, b, within) ck_assert_msg(fabs((a) - (b)) <= (within), "%.17g is not %.17g", (double)(a), (double)(b))

START_TEST(bases)
{
    const struct oracle_basis *o = &oracle_bases[_i / 2];
    const bool is_narrow = _i % 2 == 1;
    conceptdec_ctx *ctx = projection_ctx(2);
    draw(o->seed);
    const conceptdec_matrix view = is_narrow ? projection_view_f32(narrow, ROWS, COLS) : projection_view(x, ROWS, COLS);
    const conceptdec_matrix all = subspace_labels(labels, ROWS);
    const conceptdec_subspaces_options options = {.struct_size = sizeof options, .basis = o->basis, .rank = o->rank};
    conceptdec_subspaces *s = subspace_new(ctx, &view, 1, &all, &options);
    const double *v = subspace_reals(s, CONCEPTDEC_S_VARIANCES) + subspace_counts(s, CONCEPTDEC_S_START)[o->subspace];
    ck_assert_int_eq(subspace_counts(s, CONCEPTDEC_S_RANKS)[o->subspace], o->rank);
    for (int64_t k = 0; k < o->rank; k++) {
        const double *row = subspace_basis(s, o->subspace) + k * COLS, *wanted = o->rows + k * COLS;
        double sign = 0;
        for (int j = 0; j < COLS; j++)
            sign += row[j] * wanted[j];
        for (int j = 0; j < COLS; j++)
            NEAR(row[j], copysign(1, sign) * wanted[j], 1e-10);
        NEAR(v[k], o->variances[k], 1e-12 * o->variances[0]);
    }
    NEAR(subspace_reals(s, CONCEPTDEC_S_TOTAL_VARIANCE)[o->subspace], o->total, 1e-12 * o->total);
    conceptdec_subspaces_free(s);
    conceptdec_ctx_free(ctx);
}
END_TEST

static const double *
reals(const conceptdec_result *r, const char *name)
{
    conceptdec_array array;
    ck_assert_int_eq(conceptdec_result_get(r, name, &array), CONCEPTDEC_OK);
    return array.data;
}

START_TEST(vectors)
{
    const struct oracle_vectors *o = &oracle_vectors[_i];
    conceptdec_ctx *ctx = projection_ctx(2);
    conceptdec_result *r = NULL;
    draw(o->seed);
    const conceptdec_matrix view = projection_view_f32(narrow, ROWS, COLS), all = subspace_labels(labels, ROWS);
    const conceptdec_vectors_options options = {.struct_size = sizeof options, .reference = o->reference};
    ck_assert_int_eq(conceptdec_concept_vectors(ctx, &view, &all, &options, &r), CONCEPTDEC_OK);
    for (int i = 0; i < CLASSES * COLS; i++)
        NEAR(reals(r, CONCEPTDEC_R_VECTORS)[i], o->vectors[i], 1e-11);
    for (int c = 0; c < CLASSES; c++)
        NEAR(reals(r, CONCEPTDEC_R_NORMS)[c], o->norms[c], 1e-11);
    NEAR(reals(r, CONCEPTDEC_R_COSINES)[CLASSES * CLASSES - 2], o->cosine, 1e-12);
    conceptdec_result_free(r);
    conceptdec_ctx_free(ctx);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("subspaces");
    TCase *tests = tcase_create("subspaces");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, bases, 0, 2 * (int)(sizeof oracle_bases / sizeof *oracle_bases));
    tcase_add_loop_test(tests, vectors, 0, (int)(sizeof oracle_vectors / sizeof *oracle_vectors));
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

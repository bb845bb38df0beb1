/* Subspaces from moments are those of the rows; lists in files come back as they were, and nothing damaged is
 * believed. */
#define _GNU_SOURCE

#include "check_main.h"
#include "class_problems.h"
#include "core/core.h"
#include "subspace_problems.h"

static conceptdec_ctx *ctx;
static projection_file file;

static void
setup(void)
{
    ctx = projection_ctx(2);
    projection_file_name(&file);
}

static void
teardown(void)
{
    projection_file_end(&file);
    conceptdec_ctx_free(ctx);
}

#define NEAR(a, b, within) ck_assert_msg(fabs((a) - (b)) <= (within), "%.17g is not %.17g", (double)(a), (double)(b))

/* ---- moments ---- */

static void
compare(const conceptdec_subspaces *a, const conceptdec_subspaces *b, int64_t d)
{
    const int64_t count = subspace_array(a, CONCEPTDEC_S_RANKS).shape[0];
    static const char *const same[] = {CONCEPTDEC_S_RANKS,    CONCEPTDEC_S_START,     CONCEPTDEC_S_N_MISSING,
                                       CONCEPTDEC_S_VIEW,     CONCEPTDEC_S_N_SAMPLES, CONCEPTDEC_S_CLASS,
                                       CONCEPTDEC_S_UNDECIDED};
    ck_assert_int_eq(subspace_array(b, CONCEPTDEC_S_RANKS).shape[0], count);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        for (int64_t s = 0; s < count; s++)
            ck_assert_msg(subspace_counts(a, same[i])[s] == subspace_counts(b, same[i])[s], "%s %d", same[i], (int)s);
    for (int64_t s = 0; s < count; s++) {
        const int64_t rank = subspace_counts(a, CONCEPTDEC_S_RANKS)[s], at = subspace_counts(a, CONCEPTDEC_S_START)[s];
        const double *v = subspace_reals(a, CONCEPTDEC_S_VARIANCES) + at,
                     *w = subspace_reals(b, CONCEPTDEC_S_VARIANCES) + at;
        NEAR(subspace_distance(subspace_basis(a, s), rank, subspace_basis(b, s), rank, d), 0, 1e-6);
        for (int64_t k = 0; k < rank; k++)
            ck_assert(isnan(v[k]) ? isnan(w[k]) : fabs(v[k] - w[k]) <= 1e-9 * v[0]);
        for (int64_t k = 0; k < rank * d; k++)
            NEAR(subspace_basis(a, s)[k], subspace_basis(b, s)[k], 1e-6);
    }
}

/* Each basis but "probe", by rank, share and tolerance; a class without rows; a dimension so large that a few
 * directions come from a Krylov space. */
START_TEST(from_moments)
{
    const int64_t d = _i < 12 ? 12 : 400, n = _i < 12 ? 200 : 900;
    class_problem p = class_problem_make(n, d, 4, 3);
    const conceptdec_matrix x = class_rows(&p, 0, n), labels = class_labels(&p, 0, n);
    conceptdec_class_moments *m = class_moments_new(ctx, &p, 0);
    conceptdec_subspaces_options o = {.struct_size = sizeof o, .basis = _i % 12 / 3};
    const bool is_one = o.basis == CONCEPTDEC_BASIS_DIFFERENCE;
    o.rank = _i % 3 == 0 && !is_one ? 5 : 0;
    o.explained = _i % 3 == 1 && !is_one ? 0.8 : 0;
    o.tolerance = _i % 3 == 2 && !is_one ? 0.05 : 0;
    ck_assert_int_eq(conceptdec_class_moments_add(ctx, m, &x, &labels), CONCEPTDEC_OK);
    conceptdec_subspaces *got = NULL;
    conceptdec_status status = conceptdec_subspaces_from_class_moments(ctx, m, &o, &got);
    ck_assert_msg(status == CONCEPTDEC_OK, "%d: %s", status, conceptdec_ctx_error(ctx));
    o.classes = 4;
    conceptdec_subspaces *wanted = subspace_new(ctx, &x, 1, &labels, &o);
    compare(wanted, got, d);
    conceptdec_subspaces_free(got);
    conceptdec_subspaces_free(wanted);
    conceptdec_class_moments_free(m);
    class_problem_free(&p);
}
END_TEST

/* ---- files ---- */

static conceptdec_subspaces *
some(void)
{
    const double rows[] = {1, 0, 0, 0, 0.6, 0.8, 0, 0, 0, 2, 1, 1}, variances[] = {3, 2};
    const conceptdec_matrix given[] = {projection_view(rows, 2, 3), projection_view(rows + 6, 1, 3),
                                       projection_view(rows + 9, 1, 3)};
    const conceptdec_matrix along = projection_view(variances, 2, 1);
    conceptdec_subspaces *a = subspace_bases(ctx, given, 1, &along, NULL),
                         *b = subspace_bases(ctx, given + 1, 2, NULL, NULL);
    conceptdec_subspaces *all = NULL;
    const conceptdec_subspaces *const parts[] = {a, b};
    ck_assert_int_eq(conceptdec_subspaces_join(ctx, parts, 2, &all), CONCEPTDEC_OK);
    conceptdec_subspaces_free(a);
    conceptdec_subspaces_free(b);
    return all;
}

START_TEST(there_and_back)
{
    conceptdec_subspaces *s = some(), *back = NULL;
    static const char *const names[] = {CONCEPTDEC_S_BASES,     CONCEPTDEC_S_START,          CONCEPTDEC_S_RANKS,
                                        CONCEPTDEC_S_VARIANCES, CONCEPTDEC_S_TOTAL_VARIANCE, CONCEPTDEC_S_GAP,
                                        CONCEPTDEC_S_UNDECIDED, CONCEPTDEC_S_VIEW,           CONCEPTDEC_S_N_MISSING,
                                        CONCEPTDEC_S_N_SAMPLES, CONCEPTDEC_S_CLASS};
    ck_assert_int_eq(conceptdec_subspaces_save(ctx, s, file.path), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_subspaces_load(ctx, file.path, &back), CONCEPTDEC_OK);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const conceptdec_array a = subspace_array(s, names[i]), b = subspace_array(back, names[i]);
        size_t size = sizeof(double);
        ck_assert(a.ndim == b.ndim && a.dtype == b.dtype);
        for (int k = 0; k < a.ndim; k++) {
            ck_assert_int_eq(a.shape[k], b.shape[k]);
            size *= (size_t)a.shape[k];
        }
        ck_assert_msg(memcmp(a.data, b.data, size) == 0, "%s", names[i]);
    }
    conceptdec_subspaces_free(s);
    conceptdec_subspaces_free(back);
}
END_TEST

static void
refused(const uint8_t *data, size_t size)
{
    conceptdec_subspaces *s = NULL;
    projection_file_write(&file, data, size);
    ck_assert_int_eq(conceptdec_subspaces_load(ctx, file.path, &s), CONCEPTDEC_EFORMAT);
    ck_assert_ptr_null(s);
}

/* Each bit of the header, a bit of each byte of the rest. */
START_TEST(damaged_files)
{
    conceptdec_subspaces *s = some();
    ck_assert_int_eq(conceptdec_subspaces_save(ctx, s, file.path), CONCEPTDEC_OK);
    conceptdec_subspaces_free(s);
    projection_file_read(&file);
    for (size_t size = 0; size < file.size; size += size < 48 ? 1 : 7)
        refused(file.data, size);
    for (size_t bit = 0; bit < 8 * file.size; bit += bit < 8 * 40 ? 1 : 9) {
        file.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        refused(file.data, file.size);
        file.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}
END_TEST

/* ---- forged files: the checksum is right ---- */

static void
put_checksum(uint8_t *data, size_t size)
{
    uint64_t sum = 0;
    for (size_t i = 0; i + 8 < size; i += 8) {
        uint64_t word;
        memcpy(&word, data + i, 8);
        sum = (sum ^ word) * 0x9e3779b97f4a7c15u;
        sum ^= sum >> 29;
    }
    memcpy(data + size - 8, &sum, 8);
}

/* Words: magic, format, S = 3, d = 3, R = 3, three ranks (2, 0, 1): then R x 3 bases, R variances, ... */
static const struct {
    int at;
    int64_t whole;
    double real;
    bool is_real;
} forged[] = {
    {1, 2, 0, false},   {2, 0, 0, false},         {2, -1, 0, false},       {2, INT64_MAX, 0, false},
    {3, 0, 0, false},   {3, INT64_MAX, 0, false}, {4, -1, 0, false},       {4, 2, 0, false},
    {4, 10, 0, false},  {5, -1, 0, false},        {5, 4, 0, false},        {5, 1, 0, false},
    {6, 1, 0, false},   {8, 0, 0.5, true},        {8, 0, NAN, true},       {9, 0, 1e-3, true},
    {17, 0, -1, true},  {17, 0, INFINITY, true},  {20, 2, 0, false},       {20, -1, 0, false},
    {23, -1, 0, false}, {26, -1, 0, false},       {29, 3, 0, false},       {29, -1, 0, false},
    {32, -2, 0, false}, {35, 0, -1, true},        {38, 0, INFINITY, true},
};

START_TEST(forged_files)
{
    conceptdec_subspaces *s = some();
    ck_assert_int_eq(conceptdec_subspaces_save(ctx, s, file.path), CONCEPTDEC_OK);
    conceptdec_subspaces_free(s);
    projection_file_read(&file);
    ck_assert_uint_eq(file.size, 8 * (5 + 3 + 9 + 3 + 7 * 3 + 1));
    uint8_t *whole = malloc(file.size);
    memcpy(whole, file.data, file.size);
    put_checksum(whole, file.size);
    ck_assert(memcmp(whole, file.data, file.size) == 0);
    if (forged[_i].is_real)
        memcpy(whole + 8 * forged[_i].at, &forged[_i].real, 8);
    else
        memcpy(whole + 8 * forged[_i].at, &forged[_i].whole, 8);
    put_checksum(whole, file.size);
    refused(whole, file.size);
    free(whole);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("subspaces_file");
    TCase *tests = tcase_create("subspaces_file");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, from_moments, 0, 13);
    tcase_add_test(tests, there_and_back);
    tcase_add_test(tests, damaged_files);
    tcase_add_loop_test(tests, forged_files, 0, sizeof forged / sizeof *forged);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

/* Erasers: small cases by hand, what erasure is to do, files. */
#define _POSIX_C_SOURCE 200809L

#include "check_main.h"
#include "eraser_problems.h"
#include "io/record.h"

#define LEACE CONCEPTDEC_ERASE_LEACE
#define PROJECTION CONCEPTDEC_ERASE_PROJECTION

static conceptdec_ctx *ctx;

static void
setup(void)
{
    ctx = projection_ctx(2);
}

static void
teardown(void)
{
    conceptdec_ctx_free(ctx);
}

/* ---- by hand ---- */

START_TEST(one_dimension_goes_whole)
{
    double x[] = {0, 4, 2, 6};
    int64_t labels[] = {0, 1, 0, 1};
    const class_problem p = {.n = 4, .d = 1, .classes = 2, .x = x, .labels = labels};
    for (int32_t kind = LEACE; kind <= PROJECTION; kind++) {
        conceptdec_eraser *e = eraser_new(ctx, &p, kind, 0);
        conceptdec_result *r = erase(ctx, e, &p);
        ck_assert_int_eq(eraser_rank(e), 1);
        for (int i = 0; i < 4; i++)
            ck_assert_double_eq_tol(erased_of(r)[i], 3, 1e-14);
        /* the variance is 5, covariances with membership are -1 and 1; means are 2 from that of all */
        ck_assert_double_eq_tol(eraser_get(e, CONCEPTDEC_E_STRENGTHS)[0], kind == LEACE ? sqrt(2.0 / 5) : 2, 1e-14);
        ck_assert_double_eq_tol(eraser_get(e, CONCEPTDEC_E_READ)[0] * eraser_get(e, CONCEPTDEC_E_REMOVED)[0], 1, 1e-14);
        ck_assert(eraser_get(e, CONCEPTDEC_E_MEAN)[0] == 3);
        conceptdec_result_free(r);
        conceptdec_eraser_free(e);
    }
    conceptdec_eraser_free(NULL);
}
END_TEST

/* The covariance is ((2, 1), (1, 1)) and that with membership (1, 0) / 2: LEACE reads x - y, and takes (1, 0) for it; a
 * projection reads x alone. */
START_TEST(two_dimensions)
{
    double x[] = {0, 1, 0, -1, 2, 1, 2, 1, -2, -1, -2, -1, 0, 1, 0, -1};
    int64_t labels[] = {0, 1, 1, 1, 0, 0, 0, 1};
    const class_problem p = {.n = 8, .d = 2, .classes = 2, .x = x, .labels = labels};
    conceptdec_eraser *e = eraser_new(ctx, &p, LEACE, 0), *f = eraser_new(ctx, &p, PROJECTION, 0);
    conceptdec_result *r = erase(ctx, e, &p), *s = erase(ctx, f, &p);
    const double *read = eraser_get(e, CONCEPTDEC_E_READ), *removed = eraser_get(e, CONCEPTDEC_E_REMOVED);
    ck_assert_int_eq(eraser_rank(e), 1);
    ck_assert_double_eq_tol(read[0] + read[1], 0, 1e-14);
    ck_assert_double_eq_tol(removed[1], 0, 1e-14);
    ck_assert(removed[0] > 0);
    for (int i = 0; i < 8; i++) {
        ck_assert_double_eq_tol(erased_of(r)[2 * i], x[2 * i + 1], 1e-14);
        ck_assert_double_eq_tol(erased_of(r)[2 * i + 1], x[2 * i + 1], 1e-14);
        ck_assert_double_eq_tol(erased_of(s)[2 * i], 0, 1e-14);
        ck_assert_double_eq_tol(erased_of(s)[2 * i + 1], x[2 * i + 1], 1e-14);
    }
    conceptdec_result_free(r);
    conceptdec_result_free(s);
    conceptdec_eraser_free(e);
    conceptdec_eraser_free(f);
}
END_TEST

/* A projection does not depend on the unit, down to where squares are nothing. */
START_TEST(any_unit)
{
    static const double sizes[] = {0x1p-600, 0x1p400};
    class_problem p = class_problem_make(500, 12, 5, 2);
    const conceptdec_matrix x = class_rows(&p, 0, p.n), labels = class_labels(&p, 0, p.n);
    const conceptdec_eraser_options o = {
        .struct_size = sizeof o, .given = UINT64_C(1) << 4, .kind = PROJECTION}; /* tolerance 0 */
    conceptdec_eraser *e, *f;
    for (int i = 0; i < 500; i++) /* two dimensions have all that tells classes apart, but for rounding */
        for (int j = 2; j < 12; j++)
            p.x[i * 12 + j] = p.x[i * 12 + j % 2];
    ck_assert_int_eq(conceptdec_eraser_new(ctx, &x, &labels, &o, &e), CONCEPTDEC_OK);
    for (int i = 0; i < 500 * 12; i++)
        p.x[i] *= sizes[_i];
    ck_assert_int_eq(conceptdec_eraser_new(ctx, &x, &labels, &o, &f), CONCEPTDEC_OK);
    ck_assert_int_eq(eraser_rank(e), 2);
    ck_assert_int_eq(eraser_rank(f), eraser_rank(e));
    for (int64_t i = 0; i < eraser_rank(e) * 12; i++)
        ck_assert_double_eq_tol(eraser_get(e, CONCEPTDEC_E_READ)[i], eraser_get(f, CONCEPTDEC_E_READ)[i], 1e-12);
    conceptdec_eraser_free(e);
    conceptdec_eraser_free(f);
    class_problem_free(&p);
}
END_TEST

/* Equal means: nothing to erase, and rows come back as they are. */
START_TEST(nothing_to_erase)
{
    double x[] = {1, 5, -1, 3, 1, 5, -1, 3, 7, 0.1, 7, 0.1};
    int64_t labels[] = {0, 0, 1, 1, 0, 1};
    const class_problem p = {.n = 6, .d = 2, .classes = 2, .x = x, .labels = labels};
    labels[0] = labels[1] = 0;
    labels[2] = labels[3] = 1;
    conceptdec_eraser *e = eraser_new(ctx, &p, _i, 0);
    conceptdec_result *r = erase(ctx, e, &p);
    ck_assert_int_eq(eraser_rank(e), 0);
    ck_assert_mem_eq(erased_of(r), x, sizeof x);
    conceptdec_result_free(r);
    conceptdec_eraser_free(e);
}
END_TEST

START_TEST(given_directions)
{
    static const double directions[] = {0, 3e200, 0, 0, -5e200, 0, 4e-200, 1e-200, 0, 1, 1, 1};
    double x[] = {1, 2, 3, 5, 8, 13};
    int64_t labels[] = {0, -1};
    const class_problem p = {.n = 2, .d = 3, .classes = 2, .x = x, .labels = labels};
    const conceptdec_matrix given = projection_view(directions, 4, 3), rows = class_rows(&p, 0, 2);
    const conceptdec_eraser_options o = {.struct_size = sizeof o, .kind = PROJECTION, .directions = &given};
    conceptdec_eraser_options first = o;
    first.rank = 1;
    conceptdec_eraser *e, *f;
    ck_assert_int_eq(conceptdec_eraser_new(ctx, NULL, NULL, &o, &e), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_eraser_new(ctx, &rows, NULL, &first, &f), CONCEPTDEC_OK);
    ck_assert_int_eq(eraser_rank(e), 3); /* the second one is in the span of the first */
    ck_assert(isnan(eraser_get(e, CONCEPTDEC_E_STRENGTHS)[2]));
    ck_assert(eraser_get(e, CONCEPTDEC_E_READ)[1] == 1 && eraser_get(e, CONCEPTDEC_E_MEAN)[1] == 0);
    conceptdec_result *r = erase(ctx, e, &p);
    for (int i = 0; i < 6; i++)
        ck_assert_double_eq_tol(erased_of(r)[i], 0, 1e-14);
    conceptdec_result_free(r);
    r = erase(ctx, f, &p); /* about the mean: 5 in the second dimension */
    ck_assert(erased_of(r)[0] == 1 && erased_of(r)[1] == 5 && erased_of(r)[4] == 5 && erased_of(r)[5] == 13);
    conceptdec_result_free(r);
    conceptdec_eraser_free(e);
    conceptdec_eraser_free(f);
}
END_TEST

/* ---- what erasure is to do ---- */

static const struct {
    int64_t n, d, classes;
    double offset;
} shapes[] = {{60, 4, 2, 0},     {500, 12, 5, 0}, {400, 6, 3, 1e6}, {30, 50, 2, 0},
              {40, 80, 6, -1e3}, {9, 2, 4, 0},    {300, 30, 3, 7}};
#define SHAPES ((int)(sizeof shapes / sizeof *shapes))

/* A constant dimension and two equal ones join. */
static class_problem
problem(int i)
{
    class_problem p = class_problem_make(shapes[i].n, shapes[i].d, shapes[i].classes, shapes[i].offset);
    for (int64_t r = 0; r < p.n && p.d > 5; r++) {
        p.x[r * p.d + 1] = 0.1;
        p.x[r * p.d + 4] = p.x[r * p.d + 2];
    }
    return p;
}

/* How far means of classes are from the first, as a share of the deviation of the dimension and the precision of its
 * mean. */
static double
spread_of_means(const class_problem *p, const double *x)
{
    class_problem q = *p;
    q.x = (double *)(uintptr_t)x;
    class_sums s = class_sums_make(&q), before = class_sums_make(p);
    double largest = 0;
    for (int64_t c = 1; c < p->classes; c++)
        for (int64_t j = 0; j < p->d && s.count[c] > 0; j++) {
            double size = sqrt(before.covariance[j * p->d + j]) + 1e-5 * fabs(p->x[j]);
            largest = fmax(largest, fabs(s.means[c * p->d + j] - s.means[j]) / size);
        }
    class_sums_free(&s);
    class_sums_free(&before);
    return largest;
}

START_TEST(means_become_equal)
{
    class_problem p = problem(_i);
    double change[2] = {0, 0};
    for (int32_t kind = LEACE; kind <= PROJECTION; kind++) {
        conceptdec_eraser *e = eraser_new(ctx, &p, kind, 0);
        conceptdec_result *r = erase(ctx, e, &p);
        const double *erased = erased_of(r);
        ck_assert_int_ge(eraser_rank(e), 1);
        ck_assert_double_gt(spread_of_means(&p, p.x), 0.05);
        ck_assert_double_le(spread_of_means(&p, erased), 1e-10);
        for (int64_t i = 0; i < p.n * p.d; i++)
            if (p.labels[i / p.d] >= 0)
                change[kind] += pow(erased[i] - p.x[i], 2);
        conceptdec_result_free(r);
        conceptdec_eraser_free(e);
    }
    ck_assert_double_le(change[LEACE], change[PROJECTION] * (1 + 1e-9)); /* the least of all changes that do it */
    class_problem_free(&p);
}
END_TEST

/* A probe that is scored on its own rows does no better than the largest class. */
START_TEST(no_probe_reads_it)
{
    class_problem p = problem(_i);
    conceptdec_eraser *e = eraser_new(ctx, &p, LEACE, 0);
    conceptdec_result *r = erase(ctx, e, &p), *scores = NULL;
    const conceptdec_matrix x = projection_view(erased_of(r), p.n, p.d), labels = class_labels(&p, 0, p.n);
    static const double lambda = 1e-6;
    const conceptdec_probe_options o = {
        .struct_size = sizeof o, .protocol = CONCEPTDEC_PROTOCOL_RESUBSTITUTION, .lambdas = &lambda, .n_lambdas = 1};
    double accuracy, largest = 0, n = 0;
    ck_assert_msg(conceptdec_probe(ctx, &x, &labels, &o, &scores) == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(ctx));
    ck_assert_int_eq(conceptdec_result_scalar(scores, CONCEPTDEC_R_ACCURACY, &accuracy), CONCEPTDEC_OK);
    for (int64_t c = 0; c < p.classes; c++) {
        double members = 0;
        for (int64_t i = 0; i < p.n; i++)
            members += p.labels[i] == c;
        largest = fmax(largest, members);
        n += members;
    }
    ck_assert_double_le(accuracy, largest / n + 1e-12);
    conceptdec_result_free(scores);
    conceptdec_result_free(r);
    conceptdec_eraser_free(e);
    class_problem_free(&p);
}
END_TEST

/* Fewer directions are the first ones, and what one reads no other removes. */
START_TEST(directions_are_nested)
{
    class_problem p = problem(1);
    conceptdec_eraser *whole = eraser_new(ctx, &p, _i, 0);
    const int64_t rank = eraser_rank(whole);
    const double *read = eraser_get(whole, CONCEPTDEC_E_READ), *removed = eraser_get(whole, CONCEPTDEC_E_REMOVED);
    ck_assert_int_eq(rank, 3); /* of five classes one has no rows */
    for (int64_t k = 1; k <= rank; k++) {
        conceptdec_eraser *e = eraser_new(ctx, &p, _i, k);
        ck_assert_int_eq(eraser_rank(e), k);
        ck_assert_mem_eq(eraser_get(e, CONCEPTDEC_E_READ), read, (size_t)(k * p.d) * 8);
        ck_assert_mem_eq(eraser_get(e, CONCEPTDEC_E_REMOVED), removed, (size_t)(k * p.d) * 8);
        ck_assert(k == 1 ||
                  eraser_get(e, CONCEPTDEC_E_STRENGTHS)[k - 1] < eraser_get(e, CONCEPTDEC_E_STRENGTHS)[k - 2]);
        conceptdec_eraser_free(e);
    }
    for (int64_t i = 0; i < rank; i++)
        for (int64_t k = 0; k < rank; k++) {
            double product = 0;
            for (int64_t j = 0; j < p.d; j++)
                product += read[i * p.d + j] * removed[k * p.d + j];
            ck_assert_double_eq_tol(product, i == k, 1e-12);
        }
    conceptdec_eraser_free(whole);
    class_problem_free(&p);
}
END_TEST

/* What is weaker than the tolerance stays. */
START_TEST(tolerance_ends_the_list)
{
    class_problem p = problem(1);
    const conceptdec_matrix x = class_rows(&p, 0, p.n), labels = class_labels(&p, 0, p.n);
    conceptdec_eraser *whole = eraser_new(ctx, &p, _i, 0), *e;
    const double *s = eraser_get(whole, CONCEPTDEC_E_STRENGTHS);
    conceptdec_eraser_options o = {.struct_size = sizeof o, .kind = _i, .tolerance = sqrt(s[1] * s[2])};
    o.tolerance /= _i == PROJECTION ? s[0] : 1;
    ck_assert_int_eq(conceptdec_eraser_new(ctx, &x, &labels, &o, &e), CONCEPTDEC_OK);
    ck_assert_int_eq(eraser_rank(e), 2);
    conceptdec_eraser_free(whole);
    conceptdec_eraser_free(e);
    class_problem_free(&p);
}
END_TEST

/* Two dimensions that differ by a millionth of themselves, which is where classes differ. */
START_TEST(bad_condition)
{
    class_problem p = class_problem_make(300, 6, 4, 0);
    for (int64_t i = 0; i < p.n; i++)
        p.x[i * p.d + 5] = p.x[i * p.d + 4] + 1e-6 * (projection_uniform() + (double)(p.labels[i] % 2));
    conceptdec_eraser *e = eraser_new(ctx, &p, LEACE, 0);
    conceptdec_result *r = erase(ctx, e, &p);
    const double *erased = erased_of(r);
    double sums[3] = {0}, counts[3] = {0}; /* of what the two differ by */
    for (int64_t i = 0; i < p.n; i++)
        if (p.labels[i] >= 0) {
            sums[p.labels[i]] += erased[i * p.d + 5] - erased[i * p.d + 4];
            counts[p.labels[i]]++;
        }
    for (int c = 1; c < 3; c++)
        ck_assert_double_eq_tol(sums[c] / counts[c], sums[0] / counts[0], 1e-14);
    conceptdec_result_free(r);
    conceptdec_eraser_free(e);
    class_problem_free(&p);
}
END_TEST

START_TEST(names_of_arrays)
{
    class_problem p = problem(0);
    conceptdec_eraser *e = eraser_new(ctx, &p, LEACE, 0);
    conceptdec_array array = {.ndim = 7};
    ck_assert_int_eq(conceptdec_eraser_get(e, "weights", &array), CONCEPTDEC_ENAME);
    ck_assert_int_eq(array.ndim, 7);
    ck_assert_int_eq(conceptdec_eraser_get(e, NULL, &array), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_eraser_get(NULL, CONCEPTDEC_E_READ, &array), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_eraser_get(e, CONCEPTDEC_E_READ, NULL), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_eraser_get(e, CONCEPTDEC_E_READ, &array), CONCEPTDEC_OK);
    ck_assert(array.ndim == 2 && array.shape[0] == 1 && array.shape[1] == 4);
    conceptdec_eraser_free(e);
    class_problem_free(&p);
}
END_TEST

/* ---- files ---- */

static void
expect_refused(const projection_file *f, const uint8_t *data, size_t size)
{
    conceptdec_eraser *e = NULL;
    projection_file_write(f, data, size);
    ck_assert_int_eq(conceptdec_eraser_load(ctx, f->path, &e), CONCEPTDEC_EFORMAT);
    ck_assert_ptr_null(e);
    ck_assert_str_ne(conceptdec_ctx_error(ctx), "");
}

/* Two directions of four numbers. kind 2: directions that were given. */
static conceptdec_eraser *
make_file(projection_file *f, int kind)
{
    class_problem p = class_problem_make(50, 4, 4, 2);
    conceptdec_eraser *e;
    projection_file_name(f);
    if (kind < 2)
        e = eraser_new(ctx, &p, kind, 2);
    else {
        const conceptdec_matrix given = class_rows(&p, 0, 2);
        const conceptdec_eraser_options o = {.struct_size = sizeof o, .kind = PROJECTION, .directions = &given};
        ck_assert_int_eq(conceptdec_eraser_new(ctx, NULL, NULL, &o, &e), CONCEPTDEC_OK);
    }
    ck_assert_int_eq(conceptdec_eraser_save(ctx, e, f->path), CONCEPTDEC_OK);
    projection_file_read(f);
    class_problem_free(&p);
    return e;
}

START_TEST(what_is_loaded_is_the_same)
{
    projection_file f;
    class_problem p = class_problem_make(50, 4, 4, 2);
    conceptdec_eraser *e = make_file(&f, _i), *loaded;
    ck_assert_int_eq(conceptdec_eraser_load(ctx, f.path, &loaded), CONCEPTDEC_OK);
    conceptdec_result *r = erase(ctx, e, &p), *s = erase(ctx, loaded, &p);
    ck_assert_mem_eq(erased_of(r), erased_of(s), 50 * 4 * 8);
    for (int64_t k = 0; k < 2; k++) {
        double a = eraser_get(e, CONCEPTDEC_E_STRENGTHS)[k], b = eraser_get(loaded, CONCEPTDEC_E_STRENGTHS)[k];
        ck_assert(a == b || (isnan(a) && isnan(b) && _i == 2));
    }
    conceptdec_result_free(r);
    conceptdec_result_free(s);
    conceptdec_eraser_free(e);
    conceptdec_eraser_free(loaded);
    projection_file_end(&f);
    class_problem_free(&p);
}
END_TEST

START_TEST(damaged_files_are_refused)
{
    projection_file f;
    conceptdec_eraser_free(make_file(&f, _i));
    uint8_t *copy = malloc(f.size + 8);
    memcpy(copy, f.data, f.size);
    memset(copy + f.size, 0, 8);
    expect_refused(&f, copy, f.size + 8);
    for (size_t size = 0; size < f.size; size++)
        expect_refused(&f, copy, size);
    for (size_t byte = 0; byte < f.size; byte++) {
        copy[byte] ^= (uint8_t)(1u << byte % 8);
        expect_refused(&f, copy, f.size);
        copy[byte] ^= (uint8_t)(1u << byte % 8);
    }
    free(copy);
    projection_file_end(&f);
}
END_TEST

/* Under a checksum that is right. Behind the header are the mean (4), strengths (2), what is read (8) and removed
 * (8). */
static const struct {
    int kind;
    int64_t field;
    uint64_t value;
} changes[] = {
    {0, 1, 2},
    {0, 2, 0},
    {0, 2, 3},
    {0, 2, INT64_MAX / 4},
    {0, 2, (uint64_t)-4},
    {0, 3, 1},
    {0, 3, 5},
    {0, 3, (uint64_t)-2},
    {0, 4, 1},
    {0, 4, 2},
    {1, 4, 0},
    {0, 4, (uint64_t)-1},
    {0, 5, 0x7ff0000000000000u},  /* the mean */
    {0, 9, 0},                    /* a strength of 0 */
    {0, 10, 0x3ff8000000000000u}, /* one above that before it */
    {0, 9, 0x7ff8000000000000u},
    {1, 10, 0x7ff8000000000000u}, /* only one that is not known */
    {2, 10, 0x3fe0000000000000u},
    {0, 11, 0x7ff0000000000000u}, /* what is read */
    {0, 12, 0x4059000000000000u},
    {1, 12, 0x4059000000000000u},
    {0, 20, 0x7fe0000000000000u}, /* what is removed */
};

START_TEST(hostile_files)
{
    projection_file f;
    conceptdec_eraser_free(make_file(&f, changes[_i].kind));
    ck_assert_uint_eq(f.size, 8 * (5 + 6 + 8 + (changes[_i].kind == 0 ? 8 : 0) + 1));
    ck_assert_int_ne(memcmp(f.data + 8 * changes[_i].field, &changes[_i].value, 8), 0);
    memcpy(f.data + 8 * changes[_i].field, &changes[_i].value, 8);
    uint64_t sum = conceptdec_i_record_checksum(0, f.data, f.size - 8);
    memcpy(f.data + f.size - 8, &sum, 8);
    expect_refused(&f, f.data, f.size);
    ck_assert_ptr_null(strstr(conceptdec_ctx_error(ctx), "checksum"));
    projection_file_end(&f);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("eraser");
    TCase *tests = tcase_create("eraser");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, one_dimension_goes_whole);
    tcase_add_test(tests, two_dimensions);
    tcase_add_loop_test(tests, any_unit, 0, 2);
    tcase_add_loop_test(tests, nothing_to_erase, 0, 2);
    tcase_add_test(tests, given_directions);
    tcase_add_loop_test(tests, means_become_equal, 0, SHAPES);
    tcase_add_loop_test(tests, no_probe_reads_it, 0, SHAPES);
    tcase_add_loop_test(tests, directions_are_nested, 0, 2);
    tcase_add_loop_test(tests, tolerance_ends_the_list, 0, 2);
    tcase_add_test(tests, bad_condition);
    tcase_add_test(tests, names_of_arrays);
    tcase_add_loop_test(tests, what_is_loaded_is_the_same, 0, 3);
    tcase_add_loop_test(tests, damaged_files_are_refused, 0, 3);
    tcase_add_loop_test(tests, hostile_files, 0, (int)(sizeof changes / sizeof *changes));
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

/* Subspaces and concept vectors without memory, at every allocation, and cancelled at every place: nothing is leaked or
 * written, and the next call gives the same answer. */
#define _GNU_SOURCE

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check_main.h"
#include "results.h"

enum { N = 40, D = 6, LARGE = 420, VARIANTS = 9 };

static double rows[LARGE * LARGE];
static int64_t labels_of[LARGE], groups_of[LARGE];
static char path[64];

static void
fill(void)
{
    for (int i = 0; i < LARGE * LARGE; i++)
        rows[i] = sin(i * 0.37 + i % 13) * (1 + 40 * (i % LARGE < 3));
    for (int i = 0; i < LARGE; i++) {
        labels_of[i] = i % 3;
        groups_of[i] = i / 5;
    }
    (void)snprintf(path, sizeof path, "/tmp/conceptdec-subspaces-%ld", (long)getpid());
}

static conceptdec_matrix
real_view(int64_t n, int64_t d)
{
    return (conceptdec_matrix){
        .data = rows, .rows = n, .cols = d, .row_stride = 8 * d, .col_stride = 8, .dtype = CONCEPTDEC_FLOAT64};
}

static conceptdec_matrix
int_view(const int64_t *values, int64_t n)
{
    return (conceptdec_matrix){
        .data = values, .rows = n, .cols = 1, .row_stride = 8, .col_stride = 8, .dtype = CONCEPTDEC_INT64};
}

static int32_t
deliver(void *user, int64_t first, int64_t count, void *out)
{
    (void)user;
    memcpy(out, rows + first * D, (size_t)(count * D) * sizeof(double));
    return 0;
}

static const conceptdec_reader reader = {.struct_size = sizeof reader, .read = deliver};

/* Variants 0..4: the bases, 0 of two views, one of them read; 5: a Krylov space; 6: given bases, joined, saved and
 * loaded; 7: moments; 8: concept vectors. */
static conceptdec_status
from_file(conceptdec_ctx *ctx, conceptdec_subspaces **s)
{
    const conceptdec_matrix bases[] = {real_view(2, D), real_view(3, D)};
    conceptdec_subspaces *a = NULL, *both = NULL;
    conceptdec_status status = conceptdec_subspaces_from_bases(ctx, bases, 2, NULL, NULL, &a);
    const conceptdec_subspaces *const parts[] = {a, a};
    if (status == CONCEPTDEC_OK)
        status = conceptdec_subspaces_join(ctx, parts, 2, &both);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_subspaces_save(ctx, both, path);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_subspaces_load(ctx, path, s);
    conceptdec_subspaces_free(a);
    conceptdec_subspaces_free(both);
    return status;
}

static conceptdec_status
from_moments(conceptdec_ctx *ctx, conceptdec_subspaces **s)
{
    const conceptdec_matrix x = real_view(N, D), labels = int_view(labels_of, N);
    const conceptdec_subspaces_options o = {.struct_size = sizeof o, .basis = CONCEPTDEC_BASIS_UNCENTERED, .rank = 2};
    conceptdec_class_moments *m = NULL;
    conceptdec_status status = conceptdec_class_moments_new(ctx, D, 3, 0, &m);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_class_moments_add(ctx, m, &x, &labels);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_subspaces_from_class_moments(ctx, m, &o, s);
    conceptdec_class_moments_free(m);
    return status;
}

static conceptdec_status
vectors(conceptdec_ctx *ctx, conceptdec_result **r)
{
    const conceptdec_matrix x = real_view(N, D), labels = int_view(labels_of, N), groups = int_view(groups_of, N);
    const conceptdec_vectors_options o = {
        .struct_size = sizeof o, .bootstrap = 70, .splits = 40, .groups = &groups, .seed = 3};
    return conceptdec_concept_vectors(ctx, &x, &labels, &o, r);
}

static conceptdec_status
subspaces(conceptdec_ctx *ctx, int variant, conceptdec_subspaces **s)
{
    const bool is_large = variant == 5;
    conceptdec_matrix x[] = {real_view(N, D), real_view(N, D)};
    const conceptdec_matrix labels = int_view(labels_of, N);
    const int64_t ones[LARGE] = {0};
    const conceptdec_matrix large = real_view(LARGE, LARGE), one = int_view(ones, LARGE);
    const conceptdec_probe_options probe = {.struct_size = sizeof probe, .kind = CONCEPTDEC_PROBE_RIDGE};
    conceptdec_subspaces_options o = {.struct_size = sizeof o, .basis = variant < 5 ? variant : 0};
    o.probe = variant == CONCEPTDEC_BASIS_PROBE ? &probe : NULL;
    o.rank = is_large ? 2 : 0;
    o.explained = variant == 0 ? 0.9 : 0;
    x[1].data = &reader;
    x[1].row_stride = x[1].col_stride = 0;
    x[1].flags = CONCEPTDEC_MATRIX_READER;
    return is_large ? conceptdec_subspaces_new(ctx, &large, 1, &one, &o, s)
                    : conceptdec_subspaces_new(ctx, x, 2, &labels, &o, s);
}

static conceptdec_status
make(conceptdec_ctx *ctx, int variant, void **out)
{
    if (variant == 8)
        return vectors(ctx, (conceptdec_result **)out);
    if (variant == 7)
        return from_moments(ctx, (conceptdec_subspaces **)out);
    return variant == 6 ? from_file(ctx, (conceptdec_subspaces **)out)
                        : subspaces(ctx, variant, (conceptdec_subspaces **)out);
}

static void
drop(int variant, void *out)
{
    if (variant == 8)
        conceptdec_result_free(out);
    else
        conceptdec_subspaces_free(out);
}

static double
sum_of(int variant, void *out)
{
    conceptdec_array array;
    double sum = 0;
    ck_assert_int_eq(variant == 8 ? conceptdec_result_get(out, CONCEPTDEC_R_COSINE_LOW, &array)
                                  : conceptdec_subspaces_get(out, CONCEPTDEC_S_BASES, &array),
                     CONCEPTDEC_OK);
    for (int64_t i = 0; i < array.shape[0] * array.shape[1]; i++)
        sum += ((const double *)array.data)[i] * (double)(i + 1);
    return sum;
}

static conceptdec_status
work(conceptdec_ctx *ctx, void *argument, void **output)
{
    void *made = NULL;
    conceptdec_status status = make(ctx, *(int *)argument, &made);
    if (status == CONCEPTDEC_OK)
        *output = made;
    else
        ck_assert_ptr_null(made);
    return status;
}

static conceptdec_status
use(void *argument, void *output)
{
    (void)argument, (void)output;
    return CONCEPTDEC_OK;
}

static void
release(void *argument, void *output)
{
    drop(*(int *)argument, output);
}

START_TEST(without_memory)
{
    int variant = _i;
    fill();
    ck_assert_int_ge(torture_object(1 + _i % 2, work, use, release, &variant), 8);
    (void)remove(path);
}
END_TEST

START_TEST(cancelled_everywhere)
{
    torture_allocator allocator = {0};
    torture_stopper s = {0};
    const conceptdec_ctx_options options = torture_stopper_options(&allocator, 1 + _i % 2, &s);
    conceptdec_status status = CONCEPTDEC_ECANCELLED;
    void *out = NULL;
    fill();
    ck_assert_int_eq(conceptdec_ctx_new(&options, &s.ctx), CONCEPTDEC_OK);
    ck_assert_int_eq(make(s.ctx, _i, &out), CONCEPTDEC_OK);
    const double wanted = sum_of(_i, out);
    drop(_i, out);
    ck_assert_int_ge(s.calls, 3);
    for (int64_t n = 1; status != CONCEPTDEC_OK; n += _i == 5 ? 41 : 1) { /* a Krylov space is asked 1,600 times */
        const int64_t live = allocator.live;
        torture_stop_at(&s, n);
        out = NULL;
        status = make(s.ctx, _i, &out);
        if (status == CONCEPTDEC_OK)
            break;
        ck_assert_int_eq(status, CONCEPTDEC_ECANCELLED);
        ck_assert_ptr_null(out);
        ck_assert_int_eq(allocator.live, live);
    }
    const double got = sum_of(_i, out);
    ck_assert(got >= wanted && got <= wanted);
    drop(_i, out);
    conceptdec_ctx_free(s.ctx);
    ck_assert_int_eq(allocator.live, 0);
    (void)remove(path);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("subspaces");
    TCase *tests = tcase_create("subspaces");
    tcase_set_timeout(tests, 240);
    tcase_add_loop_test(tests, without_memory, 0, VARIANTS);
    tcase_add_loop_test(tests, cancelled_everywhere, 0, VARIANTS);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

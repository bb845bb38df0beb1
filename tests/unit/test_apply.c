/* Rows times columns against plain loops, in every shape. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <conceptdec/conceptdec.h>

#include "check_main.h"
#include "linalg/apply.h"
#include "linalg/crossed.h"
#include "linalg/tiles.h"

static const int64_t shapes[][3] = {{1, 1, 1},     {5, 17, 3},   {130, 700, 13}, {200, 300, 100},
                                    {3, 600, 500}, {400, 20, 1}, {7, 0, 2}};

enum { SHAPES = sizeof shapes / sizeof shapes[0] };

typedef struct {
    conceptdec_ctx *ctx;
    conceptdec_i_dense rows;
    conceptdec_i_applying applying;
    void *data;
    double *w, *bias, *out;
    int32_t *row;
} problem;

static uint64_t state;

static double
uniform(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) * 0x1p-53 - 0.5;
}

static void
open_problem(problem *p, const int64_t *shape, bool is_wide, int32_t threads, uint32_t mask)
{
    const conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = threads, .kernel_mask = mask};
    int64_t n = shape[0], dims = shape[1], columns = shape[2], stride = dims + 5;
    *p = (problem){.data = malloc((size_t)(n * stride) * 8), .w = malloc((size_t)(columns * (dims + 2)) * 8),
                   .bias = malloc((size_t)columns * 8), .out = malloc((size_t)(columns * (n + 1)) * 8),
                   .row = malloc((size_t)n * 4)};
    ck_assert_int_eq(conceptdec_ctx_new(&options, &p->ctx), CONCEPTDEC_OK);
    state = 3;
    for (int64_t i = 0; i < n * stride; i++)
        if (is_wide)
            ((double *)p->data)[i] = uniform();
        else
            ((float *)p->data)[i] = (float)uniform();
    for (int64_t i = 0; i < columns * (dims + 2); i++)
        p->w[i] = uniform();
    for (int64_t i = 0; i < columns; i++)
        p->bias[i] = uniform();
    for (int64_t i = 0; i < n; i++)
        p->row[i] = (int32_t)(i * 7 % n);
    p->rows = (conceptdec_i_dense){.data = p->data, .n = n, .dims = dims, .stride = stride, .is_wide = is_wide};
    p->applying = (conceptdec_i_applying){.rows = &p->rows, .n = n, .columns = columns, .w = p->w, .ldw = dims + 2,
                                          .out = p->out, .ldo = n + 1, .precision = CONCEPTDEC_I_TILE_F64};
}

static void
close_problem(problem *p)
{
    conceptdec_ctx_free(p->ctx);
    free(p->data);
    free(p->w);
    free(p->bias);
    free(p->out);
    free(p->row);
}

static int64_t
count_wrong(const problem *p)
{
    const conceptdec_i_applying *a = &p->applying;
    int64_t wrong = 0;
    for (int64_t k = 0; k < a->columns; k++)
        for (int64_t i = 0; i < a->n; i++) {
            int64_t row = a->row ? a->row[i] : i;
            double sum = 0, x_norm = 0, w_norm = 0, bias = a->bias ? a->bias[k] : 0;
            for (int64_t j = 0; j < p->rows.dims; j++) {
                int64_t at = row * p->rows.stride + j;
                double x = p->rows.is_wide ? ((double *)p->data)[at] : (double)((float *)p->data)[at];
                sum += x * a->w[k * a->ldw + j];
                x_norm += x * x;
                w_norm += a->w[k * a->ldw + j] * a->w[k * a->ldw + j];
            }
            double bound = conceptdec_i_apply_error(p->rows.dims, a->precision) * sqrt(x_norm * w_norm);
            wrong += !(fabs(a->out[k * a->ldo + i] - sum - bias) <= bound + 1e-13);
        }
    return wrong;
}

START_TEST(equals_plain_loops)
{
    for (int wide = 0; wide < 2; wide++)
        for (int mask = 0; mask < 2; mask++)
            for (int how = 0; how < 4; how++) {
                problem p;
                open_problem(&p, shapes[_i], wide, 2, mask ? CONCEPTDEC_KERNEL_PORTABLE : 0);
                p.applying.row = how & 1 ? p.row : NULL;
                p.applying.bias = how & 1 ? p.bias : NULL;
                p.applying.precision = how & 2 ? CONCEPTDEC_I_TILE_F32 : CONCEPTDEC_I_TILE_F64;
                memset(p.out, 0xff, (size_t)(p.applying.columns * p.applying.ldo) * 8);
                ck_assert_int_eq(conceptdec_i_apply(p.ctx, &p.applying), CONCEPTDEC_OK);
                ck_assert_int_eq(count_wrong(&p), 0);
                for (int64_t k = 0; k < p.applying.columns; k++)
                    ck_assert(isnan(p.out[k * p.applying.ldo + p.applying.n]));
                close_problem(&p);
            }
}
END_TEST

START_TEST(company_and_threads_do_not_matter)
{
    problem p, q;
    open_problem(&p, shapes[3], false, 1, 0);
    open_problem(&q, shapes[3], false, 5, 0);
    q.applying.row = q.row;
    for (int precision = CONCEPTDEC_I_TILE_F32; precision <= CONCEPTDEC_I_TILE_F64; precision++) {
        p.applying.precision = q.applying.precision = precision;
        ck_assert_int_eq(conceptdec_i_apply(p.ctx, &p.applying), CONCEPTDEC_OK);
        ck_assert_int_eq(conceptdec_i_apply(q.ctx, &q.applying), CONCEPTDEC_OK);
        int64_t differ = 0;
        for (int64_t k = 0; k < p.applying.columns; k++)
            for (int64_t i = 0; i < p.applying.n; i++)
                differ += p.out[k * p.applying.ldo + q.row[i]] != q.out[k * q.applying.ldo + i];
        ck_assert_int_eq(differ, 0);
    }
    close_problem(&p);
    close_problem(&q);
}
END_TEST

static void
check_same(const double *a, const double *b, int64_t count)
{
    ck_assert_int_eq(memcmp(a, b, (size_t)count * sizeof *a), 0);
}

START_TEST(rows_with_themselves)
{
    problem p;
    open_problem(&p, shapes[_i], true, 2, 0);
    const int64_t n = p.rows.n;
    double *own = malloc((size_t)(n * (n + 3)) * 8), *wanted = malloc((size_t)(n * n) * 8);
    ck_assert(own && wanted);
    p.applying.columns = n;
    p.applying.w = p.data;
    p.applying.ldw = p.rows.stride;
    p.applying.out = wanted;
    p.applying.ldo = n;
    ck_assert_int_eq(conceptdec_i_apply(p.ctx, &p.applying), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_i_apply_own(p.ctx, &p.rows, own, n + 3), CONCEPTDEC_OK);
    for (int64_t k = 0; k < n; k++)
        check_same(own + k * (n + 3), wanted + k * n, n);
    free(own);
    free(wanted);
    close_problem(&p);
}
END_TEST

/* Every kernel set; as if the columns had been put into that order before. */
START_TEST(columns_in_another_order)
{
    for (uint32_t mask = 0; mask < 2; mask++) {
        problem p;
        open_problem(&p, shapes[_i], true, 2, mask * CONCEPTDEC_KERNEL_PORTABLE);
        const int64_t n = p.rows.n, dims = p.rows.dims, columns = p.applying.columns;
        const conceptdec_i_vectors first = {p.data, n, dims, p.rows.stride}, second = {p.w, columns, dims, dims + 2};
        double *memory[4], *moved = malloc((size_t)(columns * dims + 1) * 8);
        int32_t *order = malloc((size_t)(dims + 1) * 4);
        const int64_t bytes[] = {conceptdec_i_crossed_first_bytes(p.ctx, n, dims),
                                 conceptdec_i_crossed_second_bytes(p.ctx, columns, dims),
                                 conceptdec_i_crossed_bytes(p.ctx, n, columns), 64 * n * columns};
        for (int k = 0; k < 4; k++)
            ck_assert_ptr_nonnull(memory[k] = aligned_alloc(64, (size_t)bytes[k] + 64));
        for (int64_t j = 0; j < dims; j++)
            order[j] = (int32_t)((j * 7 + 3) % dims % 600);
        for (int64_t i = 0; i < columns * dims; i++)
            moved[i] = p.w[i / dims * (dims + 2) + order[i % dims]];
        p.applying.w = moved;
        p.applying.ldw = dims;
        p.applying.ldo = n;
        ck_assert_int_eq(conceptdec_i_apply(p.ctx, &p.applying), CONCEPTDEC_OK);
        conceptdec_i_crossed_pack_first(p.ctx, &first, memory[0]);
        conceptdec_i_crossed_pack_second(p.ctx, &second, memory[1]);
        ck_assert_int_eq(
            conceptdec_i_crossed(p.ctx, dims, n, memory[0], columns, memory[1], order, memory[2], memory[3]),
            CONCEPTDEC_OK);
        check_same(memory[3], p.out, n * columns);
        for (int k = 0; k < 4; k++)
            free(memory[k]);
        free(moved);
        free(order);
        close_problem(&p);
    }
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("apply");
    TCase *tests = tcase_create("apply");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, equals_plain_loops, 0, SHAPES);
    tcase_add_test(tests, company_and_threads_do_not_matter);
    tcase_add_loop_test(tests, rows_with_themselves, 0, SHAPES);
    tcase_add_loop_test(tests, columns_in_another_order, 0, SHAPES - 1);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

/* Second moments against plain loops, in every shape of tile. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <conceptdec/conceptdec.h>

#include "check_main.h"
#include "linalg/blocks.h"
#include "linalg/gram.h"
#include "linalg/tiles.h"

typedef struct {
    conceptdec_ctx *ctx;
    conceptdec_i_dense rows;
    void *data;
    double *weight, *out, *expected;
    int64_t ld;
} problem;

static uint64_t state;

static double
uniform(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) * 0x1p-53 - 0.5;
}

static void
open_problem(problem *p, int64_t n, int64_t dims, bool is_wide, int32_t threads, uint32_t mask)
{
    const conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = threads, .kernel_mask = mask};
    int64_t stride = dims + 5;
    *p = (problem){.ld = dims + 3, .data = malloc((size_t)(n * stride) * 8), .weight = malloc((size_t)n * 8)};
    p->out = malloc((size_t)(dims * p->ld) * 8);
    p->expected = calloc((size_t)(dims * dims), 8);
    ck_assert_int_eq(conceptdec_ctx_new(&options, &p->ctx), CONCEPTDEC_OK);
    state = 77;
    for (int64_t i = 0; i < n * stride; i++)
        if (is_wide)
            ((double *)p->data)[i] = uniform();
        else
            ((float *)p->data)[i] = (float)uniform();
    for (int64_t i = 0; i < n; i++)
        p->weight[i] = i % 3 == 1 ? 0 : uniform() + 1;
    p->rows = (conceptdec_i_dense){.data = p->data, .n = n, .dims = dims, .stride = stride, .is_wide = is_wide};
}

static void
close_problem(problem *p)
{
    conceptdec_ctx_free(p->ctx);
    free(p->data);
    free(p->weight);
    free(p->out);
    free(p->expected);
}

static double
value(const problem *p, int64_t row, int64_t column)
{
    int64_t at = row * p->rows.stride + column;
    return p->rows.is_wide ? ((double *)p->data)[at] : (double)((float *)p->data)[at];
}

static void
expect(const problem *p, const double *weight)
{
    memset(p->expected, 0, (size_t)(p->rows.dims * p->rows.dims) * 8);
    for (int64_t r = 0; r < p->rows.n; r++)
        for (int64_t i = 0; i < p->rows.dims && (!weight || weight[r] != 0); i++)
            for (int64_t j = 0; j < p->rows.dims; j++)
                p->expected[i * p->rows.dims + j] += (weight ? weight[r] : 1) * value(p, r, i) * value(p, r, j);
}

static void
compare(const problem *p, int precision, double slack)
{
    int64_t dims = p->rows.dims, wrong = 0;
    for (int64_t i = 0; i < dims; i++)
        for (int64_t j = 0; j < dims; j++) {
            double scale = sqrt(p->expected[i * dims + i] * p->expected[j * dims + j]);
            double bound = (conceptdec_i_gram_error(p->rows.n, precision) + slack) * scale;
            wrong += !(fabs(p->out[i * p->ld + j] - p->expected[i * dims + j]) <= bound);
            wrong += p->out[i * p->ld + j] != p->out[j * p->ld + i];
        }
    ck_assert_int_eq(wrong, 0);
}

static const int64_t shapes[][2] = {{1, 1}, {3, 1}, {5, 17}, {40, 130}, {700, 33}, {9000, 20}, {300, 300}, {50, 530}};

START_TEST(equals_plain_loops)
{
    for (int wide = 0; wide < 2; wide++)
        for (int mask = 0; mask < 2; mask++)
            for (int weighted = 0; weighted < 2; weighted++) {
                problem p;
                open_problem(&p, shapes[_i][0], shapes[_i][1], wide, 2, mask ? CONCEPTDEC_KERNEL_PORTABLE : 0);
                const double *weight = weighted ? p.weight : NULL;
                expect(&p, weight);
                for (int precision = CONCEPTDEC_I_TILE_F32; precision <= CONCEPTDEC_I_TILE_F64; precision++) {
                    memset(p.out, 0xff, (size_t)(p.rows.dims * p.ld) * 8);
                    ck_assert_int_eq(conceptdec_i_gram(p.ctx, &p.rows, weight, precision, p.out, p.ld), CONCEPTDEC_OK);
                    compare(&p, precision, 1e-12);
                }
                close_problem(&p);
            }
}
END_TEST

/* A row of weight 0 plays no part even where it is not finite. */
START_TEST(rows_without_weight_are_not_read)
{
    problem p;
    open_problem(&p, 30, 9, true, 1, 0);
    for (int64_t j = 0; j < 9; j++)
        ((double *)p.data)[p.rows.stride + j] = NAN;
    expect(&p, p.weight);
    ck_assert_int_eq(conceptdec_i_gram(p.ctx, &p.rows, p.weight, CONCEPTDEC_I_TILE_F64, p.out, p.ld), CONCEPTDEC_OK);
    compare(&p, CONCEPTDEC_I_TILE_F64, 1e-13);
    close_problem(&p);
}
END_TEST

START_TEST(no_weight_at_all_is_zero)
{
    problem p;
    open_problem(&p, 30, 9, true, 1, 0);
    memset(p.weight, 0, 30 * 8);
    ck_assert_int_eq(conceptdec_i_gram(p.ctx, &p.rows, p.weight, CONCEPTDEC_I_TILE_F64, p.out, p.ld), CONCEPTDEC_OK);
    for (int64_t i = 0; i < 9; i++)
        for (int64_t j = 0; j < 9; j++)
            ck_assert(p.out[i * p.ld + j] == 0);
    close_problem(&p);
}
END_TEST

START_TEST(threads_do_not_matter)
{
    static const int64_t sizes[][2] = {{9000, 20}, {700, 300}};
    for (int precision = CONCEPTDEC_I_TILE_F32; precision <= CONCEPTDEC_I_TILE_F64; precision++) {
        problem one, five;
        open_problem(&one, sizes[_i][0], sizes[_i][1], false, 1, 0);
        open_problem(&five, sizes[_i][0], sizes[_i][1], false, 5, 0);
        ck_assert_int_eq(conceptdec_i_gram(one.ctx, &one.rows, one.weight, precision, one.out, one.ld), CONCEPTDEC_OK);
        ck_assert_int_eq(conceptdec_i_gram(five.ctx, &five.rows, five.weight, precision, five.out, five.ld),
                         CONCEPTDEC_OK);
        for (int64_t i = 0; i < one.rows.dims; i++)
            ck_assert_int_eq(memcmp(one.out + i * one.ld, five.out + i * five.ld, (size_t)one.rows.dims * 8), 0);
        close_problem(&one);
        close_problem(&five);
    }
}
END_TEST

/* More rows than panels are packed of at once: some columns of every tile. */
START_TEST(slabs_add_up)
{
    enum { N = 2600, DIMS = 530 };
    static const int64_t columns[] = {0, 1, 127, 128, 131, 132, 263, 264, 384, 529};
    const int64_t ld = DIMS + 3;
    for (int precision = CONCEPTDEC_I_TILE_F32; precision <= CONCEPTDEC_I_TILE_F64; precision++) {
        problem p;
        open_problem(&p, N, DIMS, _i / 2, 2, _i % 2 ? CONCEPTDEC_KERNEL_PORTABLE : 0);
        const double *weight = _i % 2 ? p.weight : NULL;
        const double bound = 300 * (conceptdec_i_gram_error(N, precision) + 1e-13);
        ck_assert_int_eq(conceptdec_i_gram(p.ctx, &p.rows, weight, precision, p.out, ld), CONCEPTDEC_OK);
        for (size_t c = 0; c < sizeof columns / sizeof *columns; c++)
            for (int64_t j = 0; j < DIMS; j++) {
                double sum = 0;
                for (int64_t r = 0; r < N; r++)
                    sum += (weight ? weight[r] : 1) * value(&p, r, columns[c]) * value(&p, r, j);
                ck_assert_double_le(fabs(p.out[columns[c] * ld + j] - sum), bound);
                ck_assert(p.out[columns[c] * ld + j] == p.out[j * ld + columns[c]]);
            }
        close_problem(&p);
    }
}
END_TEST

/* Added to what is there, in one half. */
START_TEST(adds_to_one_half)
{
    for (int wide = 0; wide < 2; wide++) {
        problem p;
        open_problem(&p, shapes[_i][0], shapes[_i][1], wide, 2, 0);
        expect(&p, NULL);
        for (int precision = CONCEPTDEC_I_TILE_F32; precision <= CONCEPTDEC_I_TILE_F64; precision++) {
            int64_t dims = p.rows.dims, ld = p.ld;
            for (int64_t i = 0; i < dims * ld; i++)
                p.out[i] = 1000 + (double)(i % 13);
            ck_assert_int_ge(conceptdec_i_gram_tasks(p.ctx, &p.rows, precision), 1);
            ck_assert_int_eq(conceptdec_i_gram_add(p.ctx, &p.rows, precision, p.out, ld), CONCEPTDEC_OK);
            for (int64_t i = 0; i < dims; i++)
                for (int64_t j = 0; j < ld; j++) {
                    double *at = &p.out[i * ld + j], before = 1000 + (double)((i * ld + j) % 13);
                    if (j >= i && j < dims)
                        *at -= before;
                    else
                        ck_assert(*at == before);
                }
            conceptdec_i_gram_mirror(p.out, dims, ld);
            compare(&p, precision, 1e-10);
        }
        close_problem(&p);
    }
}
END_TEST

/* Likewise, but what was there before does not matter. */
START_TEST(sets_one_half)
{
    for (int wide = 0; wide < 2; wide++) {
        problem p;
        open_problem(&p, shapes[_i][0], shapes[_i][1], wide, 2, 0);
        expect(&p, NULL);
        for (int64_t i = 0; i < p.rows.dims * p.ld; i++)
            p.out[i] = (double)NAN;
        ck_assert_int_eq(conceptdec_i_gram_half(p.ctx, &p.rows, CONCEPTDEC_I_TILE_F64, false, p.out, p.ld),
                         CONCEPTDEC_OK);
        for (int64_t i = 0; i < p.rows.dims; i++)
            for (int64_t j = 0; j < i; j++)
                ck_assert(isnan(p.out[i * p.ld + j]));
        conceptdec_i_gram_mirror(p.out, p.rows.dims, p.ld);
        compare(&p, CONCEPTDEC_I_TILE_F64, 1e-12);
        close_problem(&p);
    }
}
END_TEST

/* Blocks of a matrix that is to be multiplied by itself: no more rows than pay, and slices of every depth fit. */
START_TEST(blocks_are_of_moderate_size)
{
    const struct {
        int64_t length, floats, doubles;
    } cases[] = {{1024, 1536, 1536}, {4096, 3840, 1536}, {64, 16128, 7680}, {1000000, 768, 768}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_int_eq(conceptdec_i_blocks_count(cases[i].length, false), cases[i].floats);
        ck_assert_int_eq(conceptdec_i_blocks_count(cases[i].length, true), cases[i].doubles);
    }
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("gram");
    TCase *tcase = tcase_create("gram");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, equals_plain_loops, 0, (int)(sizeof shapes / sizeof shapes[0]));
    tcase_add_loop_test(tcase, slabs_add_up, 0, 4);
    tcase_add_loop_test(tcase, adds_to_one_half, 0, (int)(sizeof shapes / sizeof shapes[0]));
    tcase_add_loop_test(tcase, sets_one_half, 0, (int)(sizeof shapes / sizeof shapes[0]));
    tcase_add_test(tcase, rows_without_weight_are_not_read);
    tcase_add_test(tcase, no_weight_at_all_is_zero);
    tcase_add_test(tcase, blocks_are_of_moderate_size);
    tcase_add_loop_test(tcase, threads_do_not_matter, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}

CHECK_MAIN(make_suite)

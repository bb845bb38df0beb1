/* T'(T v) of packed triangles against a plain loop. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "linalg/triangle.h"

static const uint32_t masks[] = {CONCEPTDEC_KERNEL_PORTABLE, CONCEPTDEC_KERNEL_AVX2, CONCEPTDEC_KERNEL_AVX512};

enum { MATRICES = 3 };
static const int64_t widths[MATRICES] = {1, 7, 30};
enum { COLUMNS = 38 };

typedef struct {
    int64_t n;
    double *l[MATRICES], *scale, *in, *out;
} stage;

static double *
numbers(int64_t count, uint64_t item)
{
    conceptdec_i_rng rng;
    double *x = malloc((size_t)(count + 1) * sizeof *x);
    ck_assert_ptr_nonnull(x);
    conceptdec_i_rng_start(&rng, 5, CONCEPTDEC_I_RNG_SAMPLE, item);
    for (int64_t i = 0; i < count; i++)
        x[i] = 2 * conceptdec_i_rng_unit(&rng) - 1;
    return x;
}

static void
run(stage *t, bool is_wide, uint32_t mask, int threads)
{
    conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = threads, .kernel_mask = mask};
    conceptdec_ctx *ctx;
    conceptdec_i_arena arena;
    conceptdec_i_triangle triangle[MATRICES];
    conceptdec_i_triangle_batch batch[MATRICES];
    const double *in[COLUMNS];
    double *out[COLUMNS];
    int64_t first = 0;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    conceptdec_i_arena_open(&arena, ctx);
    for (int i = 0; i < MATRICES; i++) {
        void *memory;
        ck_assert_int_eq(
            conceptdec_i_arena_take_raw(&arena, "t", conceptdec_i_triangle_bytes(t->n, is_wide), 1, &memory),
            CONCEPTDEC_OK);
        ck_assert_int_eq(
            conceptdec_i_triangle_pack(ctx, t->n, is_wide, t->l[i], true, t->n, t->scale, memory, &triangle[i]),
            CONCEPTDEC_OK);
        batch[i] = (conceptdec_i_triangle_batch){.triangle = &triangle[i], .first = first, .columns = widths[i]};
        first += widths[i];
    }
    for (int64_t j = 0; j < COLUMNS; j++) {
        in[j] = t->in + j * t->n;
        out[j] = t->out + j * t->n;
    }
    void *scratch;
    int64_t bytes = conceptdec_i_triangle_scratch(ctx, t->n, is_wide, COLUMNS, MATRICES);
    ck_assert_int_eq(conceptdec_i_arena_take_raw(&arena, "scratch", bytes, 1, &scratch), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_i_triangle_apply(ctx, MATRICES, batch, in, out, scratch), CONCEPTDEC_OK);
    conceptdec_i_arena_close(&arena);
    conceptdec_ctx_free(ctx);
}

static void
check_column(const stage *t, bool is_wide, const double *l, int64_t column)
{
    const double rounding = is_wide ? 1e-14 : 1e-6;
    const double *in = t->in + column * t->n, *out = t->out + column * t->n;
    double *half = calloc((size_t)t->n, sizeof *half);
    for (int64_t i = 0; i < t->n; i++)
        for (int64_t j = 0; j <= i; j++)
            half[i] += l[i * t->n + j] * t->scale[j] * in[j];
    for (int64_t j = 0; j < t->n; j++) {
        double sum = 0, size = 0;
        for (int64_t i = j; i < t->n; i++) {
            sum += l[i * t->n + j] * t->scale[j] * half[i];
            size += fabs(l[i * t->n + j] * t->scale[j]);
        }
        if (!(fabs(out[j] - sum) <= rounding * (size * sqrt((double)t->n) + 1)))
            ck_abort_msg("n %d, column %d, %d: %g, not %g", (int)t->n, (int)column, (int)j, out[j], sum);
    }
    free(half);
}

static const int64_t sizes[] = {1, 2, 15, 16, 17, 127, 128, 129, 300, 513};

START_TEST(a_triangle_applies_as_its_loop)
{
    stage t = {.n = sizes[_i]};
    for (int i = 0; i < MATRICES; i++)
        t.l[i] = numbers(t.n * t.n, (uint64_t)i); /* the upper half is not to be read */
    t.scale = numbers(t.n, 7);
    t.in = numbers(COLUMNS * t.n, 8);
    t.out = numbers(COLUMNS * t.n, 9);
    for (size_t m = 0; m < 2 * (sizeof masks / sizeof *masks); m++) {
        run(&t, m % 2, masks[m / 2], 1);
        int64_t column = 0;
        for (int i = 0; i < MATRICES; i++)
            for (int64_t j = 0; j < widths[i]; j++)
                check_column(&t, m % 2, t.l[i], column++);
    }
    double *first = numbers(COLUMNS * t.n, 9);
    for (int is_wide = 0; is_wide < 2; is_wide++) {
        run(&t, is_wide, 0, 1);
        memcpy(first, t.out, (size_t)(COLUMNS * t.n) * sizeof *first);
        run(&t, is_wide, 0, 5);
        ck_assert_mem_eq(first, t.out, (size_t)(COLUMNS * t.n) * sizeof *first);
    }
    free(first);
    for (int i = 0; i < MATRICES; i++)
        free(t.l[i]);
    free(t.scale);
    free(t.in);
    free(t.out);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("triangle");
    TCase *tcase = tcase_create("triangle");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, a_triangle_applies_as_its_loop, 0, (int)(sizeof sizes / sizeof *sizes));
    suite_add_tcase(suite, tcase);
    return suite;
}

CHECK_MAIN(make_suite)

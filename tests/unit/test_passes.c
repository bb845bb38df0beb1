/* Passes over rows against a plain loop: there, what the consumer makes of it, and back. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "linalg/passes.h"
#include "linalg/tiles.h"

static const uint32_t masks[] = {CONCEPTDEC_KERNEL_PORTABLE, CONCEPTDEC_KERNEL_AVX2, CONCEPTDEC_KERNEL_AVX512};

typedef struct {
    int64_t total, n, dims, columns; /* total: rows of the matrix; n: of the pass */
    bool is_listed, is_wide;
    int precision;
} scene;

/* A pass and what is expected of it: the consumer squares values and adds the item's number. */
typedef struct {
    scene s;
    conceptdec_i_rows rows;
    double *z; /* total x dims */
    int32_t *list;
    double *w, *g;                                /* columns x dims */
    double *values;                               /* columns x n: what the consumer saw */
    int64_t last[CONCEPTDEC_I_PASSES_MOST_SLABS]; /* of each slab: the item after its last chunk */
    bool may_keep;                                /* rows may be packed; */
    bool keeps;                                   /* they are, before the pass, */
    int kept_precision;                           /* in this one */
} stage;

static double
draw(conceptdec_i_rng *rng)
{
    return 2 * conceptdec_i_rng_unit(rng) - 1;
}

static void *
take(int64_t count, size_t size)
{
    void *memory = calloc((size_t)count + 64, size);
    ck_assert_ptr_nonnull(memory);
    return memory;
}

static void
make_stage(stage *t, const scene *s)
{
    conceptdec_i_rng rng;
    conceptdec_i_rng_start(&rng, 3, CONCEPTDEC_I_RNG_SAMPLE, (uint64_t)(s->n * 1000 + s->dims));
    *t = (stage){.s = *s};
    int64_t stride = (s->dims + 15) / 16 * 16;
    char *data = take(s->total * stride, s->is_wide ? sizeof(double) : sizeof(float));
    t->z = take(s->total * s->dims, sizeof(double));
    t->list = take(s->n, sizeof *t->list);
    t->w = take(s->columns * s->dims, sizeof(double));
    t->g = take(s->columns * s->dims, sizeof(double));
    t->values = take(s->columns * s->n, sizeof(double));
    for (int64_t i = 0; i < s->total * s->dims; i++) {
        int64_t at = i / s->dims * stride + i % s->dims;
        t->z[i] = s->is_wide ? draw(&rng) : (double)(float)draw(&rng);
        if (s->is_wide)
            ((double *)(void *)data)[at] = t->z[i];
        else
            ((float *)(void *)data)[at] = (float)t->z[i];
    }
    for (int64_t i = 0; i < s->n; i++)
        t->list[i] = (int32_t)(s->is_listed ? i * s->total / s->n : i);
    for (int64_t i = 0; i < s->columns * s->dims; i++)
        t->w[i] = draw(&rng);
    t->rows = (conceptdec_i_rows){.data = data,
                                  .is_wide = s->is_wide,
                                  .dims = s->dims,
                                  .stride = stride,
                                  .n = s->n,
                                  .row = s->is_listed ? t->list : NULL};
}

static void
free_stage(stage *t)
{
    void *data;
    memcpy(&data, &t->rows.data, sizeof data);
    free(data);
    free(t->z);
    free(t->list);
    free(t->w);
    free(t->g);
    free(t->values);
}

static double
turn(double value, int64_t item)
{
    return value * value + (double)(item % 7) - 3;
}

static conceptdec_status
consume(void *argument, const conceptdec_i_chunk *chunk, int lane)
{
    stage *t = argument;
    (void)lane;
    ck_assert_int_eq(chunk->columns, t->s.columns);
    ck_assert_int_eq(chunk->ld % 16, 0);
    ck_assert_int_lt(chunk->slab, CONCEPTDEC_I_PASSES_MOST_SLABS);
    if (t->last[chunk->slab] > 0)
        ck_assert_int_eq(t->last[chunk->slab], chunk->first);
    t->last[chunk->slab] = chunk->first + chunk->count;
    for (int64_t j = 0; j < chunk->columns; j++)
        for (int64_t i = 0; i < chunk->count; i++) {
            float *f = (float *)chunk->values + j * chunk->ld + i;
            double *d = (double *)chunk->values + j * chunk->ld + i;
            double value = t->s.precision == CONCEPTDEC_I_TILE_F32 ? (double)*f : *d;
            t->values[j * t->s.n + chunk->first + i] = value;
            if (t->s.precision == CONCEPTDEC_I_TILE_F32)
                *f = (float)turn(value, chunk->first + i);
            else
                *d = turn(value, chunk->first + i);
        }
    return CONCEPTDEC_OK;
}

static void
run(stage *t, uint32_t mask, int threads, bool goes_back)
{
    conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = threads, .kernel_mask = mask};
    conceptdec_ctx *ctx;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_i_passes passes;
    bool is_float = t->s.precision == CONCEPTDEC_I_TILE_F32;
    ck_assert_int_eq((t->may_keep ? conceptdec_i_passes_open_keeping : conceptdec_i_passes_open)(
                         &arena, t->s.dims, is_float ? t->s.columns : 0, is_float ? 0 : t->s.columns, &passes),
                     CONCEPTDEC_OK);
    const double **w = take(t->s.columns, sizeof *w);
    double **g = take(t->s.columns, sizeof *g);
    for (int64_t j = 0; j < t->s.columns; j++) {
        w[j] = t->w + j * t->s.dims;
        g[j] = t->g + j * t->s.dims;
    }
    memset(t->last, 0, sizeof t->last);
    conceptdec_i_rows rows = t->rows;
    conceptdec_i_kept kept;
    if (t->keeps) {
        ck_assert_int_eq(conceptdec_i_passes_keep(&arena, &passes, &t->rows, t->kept_precision, &kept), CONCEPTDEC_OK);
        ck_assert_int_le(kept.slab_bytes * conceptdec_i_passes_slabs(&passes, rows.n),
                         conceptdec_i_passes_kept_bytes(ctx, rows.n, rows.dims, t->kept_precision));
        rows.kept = &kept;
    }
    ck_assert_int_eq(
        conceptdec_i_passes_run(&passes, &rows, t->s.precision, t->s.columns, w, goes_back ? g : NULL, consume, t),
        CONCEPTDEC_OK);
    free(w);
    free(g);
    conceptdec_i_arena_close(&arena);
    conceptdec_ctx_free(ctx);
}

static void
check_there(const stage *t, double epsilon)
{
    const scene *s = &t->s;
    for (int64_t j = 0; j < s->columns; j++)
        for (int64_t i = 0; i < s->n; i++) {
            double sum = 0, size = 0;
            for (int64_t p = 0; p < s->dims; p++) {
                double term = t->z[t->list[i] * s->dims + p] * t->w[j * s->dims + p];
                sum += term;
                size += fabs(term);
            }
            if (!(fabs(t->values[j * s->n + i] - sum) <= epsilon * (double)(s->dims + 2) * size))
                ck_abort_msg("item %d column %d: %g, not %g", (int)i, (int)j, t->values[j * s->n + i], sum);
        }
}

static void
check_back(const stage *t, double epsilon)
{
    const scene *s = &t->s;
    for (int64_t j = 0; j < s->columns; j++)
        for (int64_t p = 0; p < s->dims; p++) {
            double sum = 0, size = 0;
            for (int64_t i = 0; i < s->n; i++) {
                double turned = turn(t->values[j * s->n + i], i);
                turned = s->precision == CONCEPTDEC_I_TILE_F32 ? (double)(float)turned : turned;
                double term = t->z[t->list[i] * s->dims + p] * turned;
                sum += term;
                size += fabs(term);
            }
            if (!(fabs(t->g[j * s->dims + p] - sum) <= epsilon * (double)(s->n + 2) * size))
                ck_abort_msg("dimension %d column %d: %g, not %g", (int)p, (int)j, t->g[j * s->dims + p], sum);
        }
}

static void
check_scene(const scene *s)
{
    double epsilon = s->precision == CONCEPTDEC_I_TILE_F32 ? 0x1p-24 : 0x1p-53;
    stage t;
    make_stage(&t, s);
    for (size_t m = 0; m < sizeof masks / sizeof *masks; m++) {
        run(&t, masks[m], 1, true);
        check_there(&t, epsilon);
        check_back(&t, epsilon);
    }
    free_stage(&t);
}

static const scene shapes[] = {
    {1, 1, 1, 1, false, false, 0},       {2, 2, 3, 2, false, false, 0},        {130, 130, 17, 5, false, false, 0},
    {300, 257, 33, 7, true, false, 0},   {700, 700, 100, 13, false, false, 0}, {1031, 513, 401, 49, true, false, 0},
    {600, 589, 300, 70, true, false, 0}, {2500, 2301, 21, 3, true, false, 0},  {2200, 2200, 48, 250, false, false, 0},
    {150, 139, 780, 17, true, false, 0}, {90, 90, 2100, 130, false, false, 0},
};
#define SHAPES ((int)(sizeof shapes / sizeof *shapes))

START_TEST(a_pass_is_the_plain_loop)
{
    scene s = shapes[_i];
    s.precision = CONCEPTDEC_I_TILE_F32;
    check_scene(&s);
    s.precision = CONCEPTDEC_I_TILE_F64;
    check_scene(&s);
    s.is_wide = true;
    check_scene(&s);
}
END_TEST

START_TEST(any_number_of_threads_gives_the_same_bits)
{
    static const int threads[] = {2, 3, 5, 16};
    for (int precision = CONCEPTDEC_I_TILE_F32; precision <= CONCEPTDEC_I_TILE_F64; precision++) {
        scene s = {3000, 2801, 145, 31, true, false, precision};
        stage t;
        make_stage(&t, &s);
        run(&t, 0, 1, true);
        size_t bytes = (size_t)(s.columns * s.dims) * sizeof(double);
        double *first = take(s.columns * s.dims, sizeof *first);
        memcpy(first, t.g, bytes);
        for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
            memset(t.g, 0, bytes);
            run(&t, 0, threads[i], true);
            ck_assert_mem_eq(first, t.g, bytes);
        }
        free(first);
        free_stage(&t);
    }
}
END_TEST

static void
check_kept(const scene *s, int kept_precision)
{
    static const int threads[] = {1, 3};
    const size_t g_bytes = (size_t)(s->columns * s->dims) * sizeof(double);
    const size_t bytes = (size_t)(s->columns * s->n) * sizeof(double);
    double *g = take(s->columns * s->dims, sizeof *g), *values = take(s->columns * s->n, sizeof *values);
    stage t;
    make_stage(&t, s);
    t.kept_precision = kept_precision;
    t.may_keep = true;
    for (size_t m = 0; m < sizeof masks / sizeof *masks; m++) {
        t.keeps = false;
        run(&t, masks[m], 1, true);
        memcpy(g, t.g, g_bytes);
        memcpy(values, t.values, bytes);
        t.keeps = true;
        for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
            memset(t.g, 0xff, g_bytes);
            run(&t, masks[m], threads[i], true);
            ck_assert_mem_eq(g, t.g, g_bytes);
            ck_assert_mem_eq(values, t.values, bytes);
        }
    }
    free(g);
    free(values);
    free_stage(&t);
}

START_TEST(kept_rows_give_the_same_bits)
{
    scene s = shapes[_i];
    s.precision = CONCEPTDEC_I_TILE_F32;
    check_kept(&s, CONCEPTDEC_I_TILE_F32);
    s.precision = CONCEPTDEC_I_TILE_F64;
    check_kept(&s, CONCEPTDEC_I_TILE_F64);
    check_kept(&s, CONCEPTDEC_I_TILE_F32); /* widened for each pass */
    s.is_wide = true;
    check_kept(&s, CONCEPTDEC_I_TILE_F64);
}
END_TEST

START_TEST(there_alone_leaves_sums_alone)
{
    scene s = {400, 311, 65, 9, true, false, CONCEPTDEC_I_TILE_F64};
    stage t;
    make_stage(&t, &s);
    run(&t, 0, 2, false);
    check_there(&t, 0x1p-53);
    for (int64_t i = 0; i < s.columns * s.dims; i++)
        ck_assert(t.g[i] == 0);
    free_stage(&t);
}
END_TEST

/* Rows of a view, in memory or from a reader, less a center: as rows of floats that are so already. */
typedef struct {
    uint16_t halves[300 * 450];
    float floats[300 * 450], center[450];
    double wide_center[450];
    int64_t asked;
} offered;

static offered what;

static int32_t
deliver(void *user, int64_t first, int64_t count, void *out)
{
    offered *o = user;
    memcpy(out, o->halves + first * 450, (size_t)(count * 450) * sizeof *o->halves);
    o->asked += count;
    return 0;
}

static conceptdec_status
keep(void *argument, const conceptdec_i_chunk *chunk, int lane)
{
    (void)argument, (void)chunk, (void)lane;
    return CONCEPTDEC_OK;
}

/* w, what the rows make of it there and back. */
static void
there_and_back(const conceptdec_matrix *view, const conceptdec_i_rows *rows, int precision, const double *w, double *g)
{
    conceptdec_ctx *ctx;
    conceptdec_i_arena arena;
    conceptdec_i_passes passes;
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_i_rows all = *rows;
    if (view) {
        ck_assert_int_eq(conceptdec_i_view_open(&arena, "x", &view), CONCEPTDEC_OK);
        all = conceptdec_i_rows_of(view);
        ck_assert_ptr_null(all.data);
        all.center = precision == CONCEPTDEC_I_TILE_F32 ? (const void *)what.center : what.wide_center;
    }
    ck_assert_int_eq(conceptdec_i_passes_open_reading(&arena, 450, 1, 1, &passes), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_i_passes_run(&passes, &all, precision, 1, &w, &g, keep, NULL), CONCEPTDEC_OK);
    conceptdec_i_arena_close(&arena);
    conceptdec_ctx_free(ctx);
}

START_TEST(rows_of_a_view_are_widened_and_centred)
{
    const int precision = _i ? CONCEPTDEC_I_TILE_F64 : CONCEPTDEC_I_TILE_F32;
    conceptdec_reader reader = {.struct_size = sizeof reader, .read = deliver, .user = &what};
    conceptdec_matrix memory = {.data = what.halves,
                                .rows = 300,
                                .cols = 450,
                                .row_stride = 900,
                                .col_stride = 2,
                                .dtype = CONCEPTDEC_BFLOAT16};
    conceptdec_matrix read = {
        .data = &reader, .rows = 300, .cols = 450, .dtype = CONCEPTDEC_BFLOAT16, .flags = CONCEPTDEC_MATRIX_READER};
    double w[450], expected[450], g[450];
    for (int i = 0; i < 300 * 450; i++) {
        what.halves[i] = (uint16_t)(0x3f80 + i * 7919 % 128); /* 1 to 2 */
        uint32_t word = (uint32_t)what.halves[i] << 16;
        memcpy(&what.floats[i], &word, sizeof word);
    }
    for (int j = 0; j < 450; j++) {
        w[j] = (double)(j % 7) - 3;
        what.center[j] = 1.25f + 0.25f * (float)(j % 2);
        what.wide_center[j] = (double)what.center[j];
    }
    for (int i = 0; i < 300 * 450; i++)
        what.floats[i] -= what.center[i % 450];
    conceptdec_i_rows rows = {.data = what.floats, .dims = 450, .stride = 450, .n = 300};
    there_and_back(NULL, &rows, precision, w, expected);
    there_and_back(&memory, &rows, precision, w, g);
    ck_assert_mem_eq(expected, g, sizeof g);
    memset(g, 0, sizeof g);
    what.asked = 0;
    there_and_back(&read, &rows, precision, w, g);
    ck_assert_mem_eq(expected, g, sizeof g);
    ck_assert_int_ge(what.asked, 300);
    ck_assert_int_lt(what.asked, 600); /* a lane's last rows may be asked for once more, by the next one */
}
END_TEST

static conceptdec_status
put_ones(void *argument, const conceptdec_i_chunk *chunk, int lane)
{
    (void)argument, (void)lane;
    for (int64_t i = 0; i < chunk->columns * chunk->ld; i++)
        ((double *)chunk->values)[i] = 1;
    return CONCEPTDEC_OK;
}

START_TEST(back_alone_sums_what_the_consumer_writes)
{
    enum { ROWS = 500, DIMS = 301 };
    static double data[ROWS * DIMS];
    conceptdec_ctx *ctx;
    conceptdec_i_arena arena;
    conceptdec_i_passes passes;
    double g[2][DIMS], *to[] = {g[0], g[1]};
    for (int i = 0; i < ROWS * DIMS; i++)
        data[i] = i % 11;
    conceptdec_i_rows rows = {.data = data, .is_wide = true, .dims = DIMS, .stride = DIMS, .n = ROWS};
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
    conceptdec_i_arena_open(&arena, ctx);
    ck_assert_int_eq(conceptdec_i_passes_open(&arena, DIMS, 0, 2, &passes), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_i_passes_run(&passes, &rows, CONCEPTDEC_I_TILE_F64, 2, NULL, to, put_ones, NULL),
                     CONCEPTDEC_OK);
    for (int j = 0; j < DIMS; j++) {
        double sum = 0;
        for (int i = 0; i < ROWS; i++)
            sum += data[i * DIMS + j];
        ck_assert(g[0][j] == sum);
        ck_assert(g[1][j] == sum);
    }
    conceptdec_i_arena_close(&arena);
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(no_rows_give_zeros)
{
    scene s = {4, 0, 5, 3, true, false, CONCEPTDEC_I_TILE_F32};
    stage t;
    make_stage(&t, &s);
    t.kept_precision = s.precision;
    for (int keeps = 0; keeps < 2; keeps++) {
        t.keeps = keeps;
        for (int64_t i = 0; i < s.columns * s.dims; i++)
            t.g[i] = 1;
        run(&t, 0, 2, true);
        for (int64_t i = 0; i < s.columns * s.dims; i++)
            ck_assert(t.g[i] == 0);
    }
    free_stage(&t);
}
END_TEST

static conceptdec_status
refuse(void *argument, const conceptdec_i_chunk *chunk, int lane)
{
    (void)lane;
    return chunk->slab == 1 ? conceptdec_i_fail(argument, CONCEPTDEC_ENOMEM, "slab 1") : CONCEPTDEC_OK;
}

START_TEST(a_consumer_may_fail)
{
    scene s = {3000, 3000, 5, 1, false, false, CONCEPTDEC_I_TILE_F32};
    stage t;
    make_stage(&t, &s);
    conceptdec_ctx *ctx;
    conceptdec_i_arena arena;
    conceptdec_i_passes passes;
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
    conceptdec_i_arena_open(&arena, ctx);
    ck_assert_int_eq(conceptdec_i_passes_open(&arena, s.dims, 1, 0, &passes), CONCEPTDEC_OK);
    const double *w = t.w;
    ck_assert_int_eq(conceptdec_i_passes_run(&passes, &t.rows, s.precision, 1, &w, NULL, refuse, ctx),
                     CONCEPTDEC_ENOMEM);
    ck_assert_str_eq(conceptdec_ctx_error(ctx), "slab 1");
    conceptdec_i_arena_close(&arena);
    conceptdec_ctx_free(ctx);
    free_stage(&t);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("passes");
    TCase *tcase = tcase_create("passes");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, a_pass_is_the_plain_loop, 0, SHAPES);
    tcase_add_test(tcase, any_number_of_threads_gives_the_same_bits);
    tcase_add_loop_test(tcase, kept_rows_give_the_same_bits, 0, SHAPES);
    tcase_add_test(tcase, there_alone_leaves_sums_alone);
    tcase_add_loop_test(tcase, rows_of_a_view_are_widened_and_centred, 0, 2);
    tcase_add_test(tcase, back_alone_sums_what_the_consumer_writes);
    tcase_add_test(tcase, no_rows_give_zeros);
    tcase_add_test(tcase, a_consumer_may_fail);
    suite_add_tcase(suite, tcase);
    return suite;
}

CHECK_MAIN(make_suite)

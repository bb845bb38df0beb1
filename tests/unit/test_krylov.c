/* Leading eigenvectors by products alone: of matrices whose spectrum is known, and of rows against their covariance. */
#define _GNU_SOURCE

#include <math.h>
#include <string.h>

#include "../torture/harness.h"
#include "check_main.h"
#include "core/core.h"
#include "linalg/factor.h"
#include "linalg/krylov.h"

enum { LARGE = 1 << 28 };

static uint64_t state;

static double
uniform(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) * 0x1p-53 - 0.5;
}

static void *
take(int64_t count, size_t size)
{
    void *memory = calloc((size_t)count + 1, size);
    ck_assert_ptr_nonnull(memory);
    return memory;
}

static double
dot(const double *a, const double *b, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static conceptdec_ctx *
open_context(int threads, uint32_t mask)
{
    conceptdec_ctx *ctx;
    conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = threads, .kernel_mask = mask};
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    return ctx;
}

/* Rows of `vectors` times a reflection: orthonormal rows stay so. */
static void
reflect(double *vectors, int64_t n, int64_t d)
{
    double *u = take(d, sizeof *u);
    for (int64_t i = 0; i < d; i++)
        u[i] = uniform();
    double square = dot(u, u, d);
    for (int64_t i = 0; i < n; i++) {
        double factor = 2 * dot(vectors + i * d, u, d) / square;
        for (int64_t k = 0; k < d; k++)
            vectors[i * d + k] -= factor * u[k];
    }
    free(u);
}

static double *
random_basis(int64_t d)
{
    double *vectors = take(d * d, sizeof *vectors);
    for (int64_t i = 0; i < d; i++)
        vectors[i * d + i] = 1;
    for (int i = 0; i < 3; i++)
        reflect(vectors, d, d);
    return vectors;
}

/* sum of values[k] v_k v_k'. */
static double *
matrix_of(const double *values, const double *vectors, int64_t d)
{
    double *c = take(d * d, sizeof *c);
    for (int64_t k = 0; k < d; k++)
        for (int64_t i = 0; i < d && values[k] != 0; i++)
            for (int64_t j = 0; j < d; j++)
                c[i * d + j] += values[k] * vectors[k * d + i] * vectors[k * d + j];
    return c;
}

/* ---- what must hold of every answer ---- */

static void
check_orthonormal(const conceptdec_i_krylov_answer *answer, int64_t r, int64_t d)
{
    for (int64_t i = 0; i < r; i++)
        for (int64_t j = 0; j <= i; j++)
            ck_assert_double_eq_tol(dot(answer->vectors + i * d, answer->vectors + j * d, d), i == j, 1e-12);
}

/* Against the matrix itself: `noise` is what the products may be wrong by. */
static void
check_answer(const conceptdec_i_krylov_answer *answer, const double *c, int64_t r, int64_t d, double unit, double noise)
{
    check_orthonormal(answer, r, d);
    for (int64_t k = 0; k < r; k++) {
        const double *v = answer->vectors + k * d;
        double sum = 0;
        for (int64_t i = 0; i < d; i++) {
            double left = (dot(c + i * d, v, d) - answer->values[k] * v[i]) / (unit > 0 ? unit : 1);
            sum += left * left;
        }
        ck_assert(k == 0 || answer->values[k] <= answer->values[k - 1]);
        ck_assert_double_eq_tol(sqrt(sum), answer->residuals[k], noise);
    }
}

/* ---- a matrix ---- */

typedef enum { POWER, CLUSTERS, REPEATED, LOW_RANK, NOTHING, FLAT, LEVELS } spectrum;

static double
value_of(spectrum kind, int64_t k)
{
    static const double clusters[] = {5, 5 - 1e-7, 5 - 2e-7, 1, 1 - 1e-9, 1 - 1e-5, 0.5};
    switch (kind) {
    case POWER:
        return 1 / (double)((k + 1) * (k + 1));
    case CLUSTERS:
        return k < 7 ? clusters[k] : 0.1 / (double)k;
    case REPEATED:
        return k < 9 ? 2 : k < 14 ? 1 : 0.3 / (double)k;
    case LOW_RANK:
        return k < 4 ? 3 - 0.5 * (double)k : 0;
    case LEVELS:
        return k < 30 ? 2 : 1;
    case FLAT:
        return 7;
    default:
        return 0;
    }
}

typedef struct {
    spectrum kind;
    int64_t dims, components, block, memory;
} matrix_scene;

static const matrix_scene matrices[] = {
    {POWER, 200, 10, 0, LARGE},   {POWER, 200, 10, 4, 0},     {POWER, 400, 60, 0, LARGE},
    {POWER, 37, 37, 5, LARGE},    {POWER, 1, 1, 0, LARGE},    {POWER, 13, 2, 1, LARGE},
    {CLUSTERS, 150, 7, 3, LARGE}, {CLUSTERS, 150, 3, 3, 0},   {REPEATED, 120, 14, 9, LARGE},
    {REPEATED, 120, 9, 0, LARGE}, {REPEATED, 90, 12, 10, 0},  {LOW_RANK, 100, 10, 0, LARGE},
    {LOW_RANK, 100, 8, 2, 0},     {NOTHING, 40, 6, 0, LARGE}, {NOTHING, 40, 40, 3, LARGE},
    {FLAT, 60, 5, 2, LARGE},      {FLAT, 30, 30, 4, LARGE},   {LEVELS, 90, 40, 4, LARGE},
    {LEVELS, 90, 20, 3, 0},
};
#define MATRICES ((int)(sizeof matrices / sizeof *matrices))

START_TEST(a_known_spectrum_is_found)
{
    const matrix_scene *m = &matrices[_i];
    const int64_t d = m->dims;
    state = (uint64_t)_i;
    double *values = take(d, sizeof *values), *vectors = random_basis(d);
    for (int64_t k = 0; k < d; k++)
        values[k] = value_of(m->kind, k);
    double *c = matrix_of(values, vectors, d);
    conceptdec_ctx *ctx = open_context(1, 0);
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_i_krylov_problem problem = {.matrix = c,
                                           .stride = d,
                                           .dims = d,
                                           .components = m->components,
                                           .block = m->block,
                                           .max_iterations = 300,
                                           .tolerance = 1e-9,
                                           .memory = m->memory};
    conceptdec_i_krylov_answer answer;
    ck_assert_int_eq(conceptdec_i_krylov(&arena, &problem, &answer), CONCEPTDEC_OK);
    ck_assert(answer.converged);
    check_answer(&answer, c, m->components, d, values[0], 1e-13);
    for (int64_t k = 0; k < m->components; k++) {
        ck_assert_double_le(answer.residuals[k], 1e-9);
        ck_assert_double_eq_tol(answer.values[k], values[k], 1e-9 * (values[0] + 1e-300));
    }
    conceptdec_i_arena_close(&arena);
    conceptdec_ctx_free(ctx);
    free(values);
    free(vectors);
    free(c);
}
END_TEST

START_TEST(vectors_are_those_of_the_matrix)
{
    enum { D = 150, R = 8 };
    state = 5;
    double values[D], *vectors = random_basis(D);
    for (int k = 0; k < D; k++)
        values[k] = pow(0.8, k);
    double *c = matrix_of(values, vectors, D);
    conceptdec_ctx *ctx = open_context(2, 0);
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_i_krylov_problem problem = {.matrix = c,
                                           .stride = D,
                                           .dims = D,
                                           .components = R,
                                           .max_iterations = 60,
                                           .tolerance = 1e-11,
                                           .memory = LARGE};
    conceptdec_i_krylov_answer answer;
    ck_assert_int_eq(conceptdec_i_krylov(&arena, &problem, &answer), CONCEPTDEC_OK);
    for (int k = 0; k < R; k++)
        ck_assert_double_eq_tol(fabs(dot(answer.vectors + k * D, vectors + k * D, D)), 1, 1e-12);
    conceptdec_i_arena_close(&arena);
    conceptdec_ctx_free(ctx);
    free(vectors);
    free(c);
}
END_TEST

/* ---- rows ---- */

typedef enum { DENSE, STRIDED, BACKWARDS, UNALIGNED, READ } layout;

typedef struct {
    int64_t n, d, components;
    int32_t dtype;
    layout layout;
    double offset, size; /* of the mean; of everything */
    bool is_scaled, is_through_origin;
    int64_t block, memory;
} row_scene;

typedef struct {
    row_scene s;
    char *data;
    conceptdec_reader reader;
    conceptdec_matrix view;
    int64_t asked; /* rows of the reader */
    double *wide, *mean, *scale, *covariance;
} row_stage;

/* Rounded towards 0; what is below the normal numbers is 0. */
static uint16_t
half_of(double value)
{
    float narrow = (float)value;
    uint32_t word;
    memcpy(&word, &narrow, sizeof word);
    int32_t exponent = (int32_t)(word >> 23 & 0xff) - 127 + 15;
    uint32_t sign = word >> 16 & 0x8000;
    return (uint16_t)(exponent <= 0 ? sign : sign | (uint32_t)exponent << 10 | (word >> 13 & 0x3ff));
}

static void
put(int32_t dtype, double value, char *at)
{
    float narrow = (float)value;
    uint32_t word;
    uint16_t half = dtype == CONCEPTDEC_FLOAT16 ? half_of(value) : 0;
    memcpy(&word, &narrow, sizeof word);
    uint16_t brain = (uint16_t)(word >> 16);
    if (dtype == CONCEPTDEC_FLOAT64)
        memcpy(at, &value, sizeof value);
    else if (dtype == CONCEPTDEC_FLOAT32)
        memcpy(at, &narrow, sizeof narrow);
    else
        memcpy(at, dtype == CONCEPTDEC_FLOAT16 ? &half : &brain, sizeof half);
}

static int32_t
deliver(void *user, int64_t first, int64_t count, void *out)
{
    row_stage *t = user;
    const int64_t bytes = t->s.d * conceptdec_i_dtype_size(t->s.dtype);
    memcpy(out, t->data + first * bytes, (size_t)(count * bytes));
    __atomic_fetch_add(&t->asked, count, __ATOMIC_RELAXED);
    return 0;
}

static void
lay_out(row_stage *t)
{
    const row_scene *s = &t->s;
    const int64_t size = conceptdec_i_dtype_size(s->dtype);
    const int64_t column = s->layout == STRIDED ? 3 * size : size,
                  row = s->layout == UNALIGNED ? s->d * column + 1 : s->d * column;
    t->data = take(s->n * row + 8, 1);
    t->view = (conceptdec_matrix){
        .data = t->data, .rows = s->n, .cols = s->d, .row_stride = row, .col_stride = column, .dtype = s->dtype};
    if (s->layout == BACKWARDS) {
        t->view.data = t->data + (s->n - 1) * row;
        t->view.row_stride = -row;
    }
    if (s->layout == UNALIGNED)
        t->view.data = t->data + 1;
}

static void
fill_covariance(row_stage *t)
{
    const int64_t n = t->s.n, d = t->s.d;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < d; j++)
            t->mean[j] += t->s.is_through_origin ? 0 : t->wide[i * d + j] / (double)n;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < d; j++)
            t->wide[i * d + j] = (t->wide[i * d + j] - t->mean[j]) / t->scale[j];
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < d; j++)
            for (int64_t k = 0; k < d; k++)
                t->covariance[j * d + k] += t->wide[i * d + j] * t->wide[i * d + k] / (double)(n - 1);
}

static void
make_rows(row_stage *t, const row_scene *s)
{
    const int64_t n = s->n, d = s->d;
    *t = (row_stage){.s = *s, .wide = take(n * d, sizeof(double)), .mean = take(d, sizeof(double))};
    t->scale = take(d, sizeof(double));
    t->covariance = take(d * d, sizeof(double));
    lay_out(t);
    state = (uint64_t)(n * d + s->dtype);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < d; j++)
            t->wide[i * d + j] = s->size * (2 * uniform() / sqrt((double)(j + 1)) + s->offset * (double)(j % 3));
    reflect(t->wide, n, d);
    for (int64_t j = 0; j < d; j++)
        t->scale[j] = s->is_scaled ? s->size * (double)(1 + j % 5) : 1;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < d; j++) {
            char *at = (char *)(uintptr_t)t->view.data + i * t->view.row_stride + j * t->view.col_stride;
            put(s->dtype, t->wide[i * d + j], at);
        }
    conceptdec_ctx *ctx = open_context(1, 0);
    for (int64_t i = 0; i < n; i++)
        conceptdec_i_view_widen(ctx->kernels, &t->view, i, 0, d, t->wide + i * d);
    conceptdec_ctx_free(ctx);
    fill_covariance(t);
    if (s->layout == READ) {
        t->reader = (conceptdec_reader){.struct_size = sizeof t->reader, .read = deliver, .user = t};
        t->view = (conceptdec_matrix){
            .data = &t->reader, .rows = n, .cols = d, .dtype = s->dtype, .flags = CONCEPTDEC_MATRIX_READER};
    }
}

static void
free_rows(row_stage *t)
{
    free(t->data);
    free(t->wide);
    free(t->mean);
    free(t->scale);
    free(t->covariance);
}

static conceptdec_i_krylov_problem
problem_of(const row_stage *t, const conceptdec_matrix *view)
{
    return (conceptdec_i_krylov_problem){.rows = view,
                                         .mean = t->s.is_through_origin ? NULL : t->mean,
                                         .scale = t->s.is_scaled ? t->scale : NULL,
                                         .divisor = (double)(t->s.n - 1),
                                         .dims = t->s.d,
                                         .components = t->s.components,
                                         .block = t->s.block,
                                         .max_iterations = 60,
                                         .tolerance = t->s.dtype == CONCEPTDEC_FLOAT64 ? 1e-9 : 1e-5,
                                         .memory = t->s.memory};
}

static const row_scene row_scenes[] = {
    {400, 60, 5, CONCEPTDEC_FLOAT64, DENSE, 0, 1, false, false, 0, LARGE},
    {400, 60, 5, CONCEPTDEC_FLOAT64, STRIDED, 1, 1, true, false, 3, LARGE},
    {300, 70, 5, CONCEPTDEC_FLOAT64, READ, 1, 1, false, false, 0, LARGE},
    {700, 450, 6, CONCEPTDEC_FLOAT32, DENSE, 1, 1, false, false, 0, LARGE},
    {700, 450, 6, CONCEPTDEC_FLOAT32, DENSE, 1, 1, false, true, 5, 0},
    {700, 450, 6, CONCEPTDEC_FLOAT32, BACKWARDS, 1, 1, true, false, 0, LARGE},
    {500, 33, 4, CONCEPTDEC_FLOAT32, UNALIGNED, 3, 1, false, false, 0, LARGE},
    {700, 450, 6, CONCEPTDEC_FLOAT32, READ, 1, 1, true, false, 0, LARGE},
    {300, 65, 4, CONCEPTDEC_FLOAT32, DENSE, 300, 1, false, false, 0, LARGE},
    {300, 65, 4, CONCEPTDEC_FLOAT32, DENSE, 1, 1e30, false, false, 0, LARGE},
    {300, 65, 4, CONCEPTDEC_FLOAT32, STRIDED, 1, 1e-30, false, false, 0, LARGE},
    {300, 65, 4, CONCEPTDEC_FLOAT64, DENSE, 1, 1e140, false, false, 0, LARGE},
    {300, 65, 4, CONCEPTDEC_FLOAT64, DENSE, 1, 1e-150, false, false, 0, LARGE},
    {500, 120, 5, CONCEPTDEC_FLOAT16, DENSE, 1, 1, false, false, 0, LARGE},
    {500, 120, 5, CONCEPTDEC_FLOAT16, BACKWARDS, 0, 1, true, false, 0, LARGE},
    {500, 120, 5, CONCEPTDEC_BFLOAT16, STRIDED, 1, 1, false, true, 0, LARGE},
    {500, 120, 5, CONCEPTDEC_BFLOAT16, READ, 1, 1, false, false, 0, LARGE},
    {20, 110, 8, CONCEPTDEC_FLOAT32, DENSE, 1, 1, false, false, 0, LARGE},
    {20, 110, 30, CONCEPTDEC_FLOAT64, DENSE, 1, 1, false, false, 0, LARGE},
    {50, 12, 12, CONCEPTDEC_FLOAT32, DENSE, 1, 1, false, false, 0, LARGE},
    {2, 5, 2, CONCEPTDEC_FLOAT64, DENSE, 1, 1, false, false, 0, LARGE},
    {60, 40, 3, CONCEPTDEC_FLOAT32, DENSE, 1, 0, false, false, 0, LARGE},
};
#define ROW_SCENES ((int)(sizeof row_scenes / sizeof *row_scenes))

static double
largest_value(const row_stage *t)
{
    conceptdec_ctx *ctx = open_context(1, 0);
    const int64_t d = t->s.d;
    double *copy = take(d * d, sizeof *copy), *values = take(d, sizeof *values);
    memcpy(copy, t->covariance, (size_t)(d * d) * sizeof *copy);
    ck_assert_int_eq(conceptdec_i_eigen(ctx, d, copy, d, values), CONCEPTDEC_OK);
    double value = values[d - 1];
    free(copy);
    free(values);
    conceptdec_ctx_free(ctx);
    return value;
}

START_TEST(rows_give_what_their_covariance_gives)
{
    static const uint32_t masks[] = {CONCEPTDEC_KERNEL_PORTABLE, 0};
    row_stage t;
    make_rows(&t, &row_scenes[_i]);
    const double unit = largest_value(&t), noise = t.s.dtype == CONCEPTDEC_FLOAT64 ? 1e-12 : 3e-6;
    for (size_t m = 0; m < sizeof masks / sizeof *masks; m++) {
        conceptdec_ctx *ctx = open_context(1, masks[m]);
        conceptdec_i_arena arena;
        conceptdec_i_arena_open(&arena, ctx);
        const conceptdec_matrix *view = &t.view;
        ck_assert_int_eq(conceptdec_i_view_open(&arena, "x", &view), CONCEPTDEC_OK);
        conceptdec_i_krylov_problem problem = problem_of(&t, view);
        conceptdec_i_krylov_answer answer;
        t.asked = 0;
        ck_assert_int_eq(conceptdec_i_krylov(&arena, &problem, &answer), CONCEPTDEC_OK);
        ck_assert(answer.converged);
        ck_assert_int_le(t.asked, answer.iterations * t.s.n);
        check_answer(&answer, t.covariance, t.s.components, t.s.d, unit, noise);
        if (unit > 0)
            ck_assert_double_eq_tol(answer.values[0] / unit, 1, noise);
        conceptdec_i_arena_close(&arena);
        conceptdec_ctx_free(ctx);
    }
    free_rows(&t);
}
END_TEST

/* ---- how it is run ---- */

static const row_scene wide_scene = {900, 300, 20, CONCEPTDEC_FLOAT32, DENSE, 1, 1, false, false, 0, LARGE};
static const row_scene read_scene = {300, 70, 4, CONCEPTDEC_FLOAT16, READ, 1, 1, true, false, 3, 0};

START_TEST(any_number_of_threads_gives_the_same_bits)
{
    static const int threads[] = {1, 2, 3, 16};
    row_stage t;
    make_rows(&t, _i ? &read_scene : &wide_scene);
    const int64_t count = t.s.components * t.s.d;
    double *first = take(count, sizeof *first);
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        conceptdec_ctx *ctx = open_context(threads[i], 0);
        conceptdec_i_arena arena;
        conceptdec_i_arena_open(&arena, ctx);
        const conceptdec_matrix *view = &t.view;
        ck_assert_int_eq(conceptdec_i_view_open(&arena, "x", &view), CONCEPTDEC_OK);
        conceptdec_i_krylov_problem problem = problem_of(&t, view);
        conceptdec_i_krylov_answer answer;
        ck_assert_int_eq(conceptdec_i_krylov(&arena, &problem, &answer), CONCEPTDEC_OK);
        if (i == 0)
            memcpy(first, answer.vectors, (size_t)count * sizeof *first);
        ck_assert_mem_eq(first, answer.vectors, (size_t)count * sizeof *first);
        conceptdec_i_arena_close(&arena);
        conceptdec_ctx_free(ctx);
    }
    free(first);
    free_rows(&t);
}
END_TEST

START_TEST(it_stops_where_it_is_told)
{
    row_stage t;
    make_rows(&t, &wide_scene);
    conceptdec_ctx *ctx = open_context(1, 0);
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_i_krylov_problem problem = problem_of(&t, &t.view);
    conceptdec_i_krylov_answer answer;
    problem.max_iterations = 3;
    ck_assert_int_eq(conceptdec_i_krylov(&arena, &problem, &answer), CONCEPTDEC_OK);
    ck_assert(!answer.converged);
    ck_assert_int_eq(answer.iterations, 3);
    check_answer(&answer, t.covariance, t.s.components, t.s.d, answer.values[0], 3e-6);
    ck_assert_double_gt(answer.residuals[t.s.components - 1], 1e-5);
    problem.max_iterations = 1; /* fewer than it takes to have so many directions */
    ck_assert_int_eq(conceptdec_i_krylov(&arena, &problem, &answer), CONCEPTDEC_OK);
    ck_assert_int_eq(answer.iterations, 2);
    check_orthonormal(&answer, t.s.components, t.s.d);
    conceptdec_i_arena_close(&arena);
    conceptdec_ctx_free(ctx);
    free_rows(&t);
}
END_TEST

START_TEST(what_is_beyond_the_range_is_told)
{
    row_stage t;
    make_rows(&t, &(row_scene){50, 20, 3, CONCEPTDEC_FLOAT64, DENSE, 1, 1e170, false, false, 0, LARGE});
    conceptdec_ctx *ctx = open_context(1, 0);
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_i_krylov_problem problem = problem_of(&t, &t.view);
    conceptdec_i_krylov_answer answer;
    ck_assert_int_eq(conceptdec_i_krylov(&arena, &problem, &answer), CONCEPTDEC_EOVERFLOW);
    ck_assert_ptr_nonnull(strstr(conceptdec_ctx_error(ctx), "float64"));
    conceptdec_i_arena_close(&arena);
    conceptdec_ctx_free(ctx);
    free_rows(&t);
}
END_TEST

static conceptdec_status
work(conceptdec_ctx *ctx, void *argument, void **output)
{
    row_stage *t = argument;
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, ctx);
    const conceptdec_matrix *view = &t->view;
    conceptdec_i_krylov_answer answer;
    conceptdec_status status = conceptdec_i_view_open_once(&arena, "x", &view);
    if (status == CONCEPTDEC_OK) {
        conceptdec_i_krylov_problem problem = problem_of(t, view);
        status = conceptdec_i_krylov(&arena, &problem, &answer);
    }
    if (status == CONCEPTDEC_OK)
        *output = NULL;
    conceptdec_i_arena_close(&arena);
    return status;
}

START_TEST(every_allocation_may_fail)
{
    row_stage t;
    make_rows(&t, &read_scene);
    ck_assert_int_gt(torture(1 + _i, work, &t, NULL), 15);
    free_rows(&t);
}
END_TEST

typedef struct {
    row_stage *stage;
    conceptdec_ctx *ctx;
    int64_t left; /* rows until it is cancelled, or fails */
    bool fails;
} ending;

static int32_t
deliver_until(void *user, int64_t first, int64_t count, void *out)
{
    ending *e = user;
    e->left -= count;
    if (e->left <= 0 && e->fails)
        return 7;
    if (e->left <= 0)
        conceptdec_ctx_cancel(e->ctx);
    return deliver(e->stage, first, count, out);
}

START_TEST(it_ends_when_cancelled_and_when_the_reader_fails)
{
    row_stage t;
    make_rows(&t, &read_scene);
    for (int64_t left = 1; left < 1400; left += 150) {
        ending e = {.stage = &t, .ctx = open_context(1, 0), .left = left, .fails = _i};
        void *output = &e;
        t.reader = (conceptdec_reader){.struct_size = sizeof t.reader, .read = deliver_until, .user = &e};
        ck_assert_int_eq(work(e.ctx, &t, &output), _i ? CONCEPTDEC_EREAD : CONCEPTDEC_ECANCELLED);
        e.left = INT64_MAX;
        ck_assert_int_eq(work(e.ctx, &t, &output), CONCEPTDEC_OK);
        conceptdec_ctx_free(e.ctx);
    }
    free_rows(&t);
}
END_TEST

/* Looks are planned: so late a one as would waste products is not. */
START_TEST(no_product_is_wasted)
{
    enum { D = 400, COUNT = 20 };
    conceptdec_ctx *ctx = open_context(2, 0);
    double values[D], *vectors = random_basis(D);
    for (int64_t k = 0; k < D; k++)
        values[k] = _i ? pow(0.97, (double)k) : 1 / (double)((k + 1) * (k + 1));
    double *c = matrix_of(values, vectors, D);
    conceptdec_i_krylov_problem problem = {.matrix = c, .stride = D, .dims = D, .components = COUNT, .divisor = 1,
                                           .max_iterations = 100, .tolerance = 5e-9, .memory = LARGE};
    conceptdec_i_krylov_answer answer;
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, ctx);
    ck_assert_int_eq(conceptdec_i_krylov(&arena, &problem, &answer), CONCEPTDEC_OK);
    ck_assert(answer.converged);
    const int64_t made = answer.iterations;
    problem.max_iterations = made - 1;
    ck_assert_int_eq(conceptdec_i_krylov(&arena, &problem, &answer), CONCEPTDEC_OK);
    ck_assert_msg(!answer.converged, "%lld products, fewer will do", (long long)made);
    conceptdec_i_arena_close(&arena);
    conceptdec_ctx_free(ctx);
    free(vectors);
    free(c);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("krylov");
    TCase *tests = tcase_create("krylov");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, a_known_spectrum_is_found, 0, MATRICES);
    tcase_add_test(tests, vectors_are_those_of_the_matrix);
    tcase_add_loop_test(tests, rows_give_what_their_covariance_gives, 0, ROW_SCENES);
    tcase_add_loop_test(tests, any_number_of_threads_gives_the_same_bits, 0, 2);
    tcase_add_test(tests, it_stops_where_it_is_told);
    tcase_add_loop_test(tests, no_product_is_wasted, 0, 2);
    tcase_add_test(tests, what_is_beyond_the_range_is_told);
    tcase_add_loop_test(tests, every_allocation_may_fail, 0, 2);
    tcase_add_loop_test(tests, it_ends_when_cancelled_and_when_the_reader_fails, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

/* Subspaces keep to `memory`: the most bytes that are alive at once, less the bases that are found. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <conceptdec/conceptdec.h>

#include "check_main.h"
#include "linalg/apply.h"
#include "linalg/passes.h"
#include "linalg/tiles.h"

typedef struct counter {
    uint64_t live, peak;
} counter;

static void *
count_allocate(void *user, uint64_t size)
{
    counter *c = user;
    uint64_t *block = malloc(size + 16);
    if (!block)
        return NULL;
    *block = size;
    c->live += size;
    c->peak = c->live > c->peak ? c->live : c->peak;
    return block + 2;
}

static void
count_release(void *user, void *memory)
{
    counter *c = user;
    uint64_t *block = (uint64_t *)memory - 2;
    c->live -= *block;
    free(block);
}

/* Rows whose directions are told by a Krylov space, by a matrix, by singular vectors at last. */
static const struct scene {
    int64_t n, d, directions; /* that the rows have */
    int64_t rank;
    double explained;
} scenes[] = {
    {500, 390, 390, 5, 0}, {500, 390, 390, 100, 0}, {500, 390, 8, 20, 0},   {500, 390, 390, 0, 0.9},
    {500, 390, 8, 0, 0},   {390, 700, 390, 5, 0},   {390, 700, 390, 150, 0}, {390, 700, 8, 20, 0},
    {390, 700, 390, 0, 1}, {3000, 390, 390, 10, 0},
};

enum { N_SCENES = sizeof scenes / sizeof *scenes };

static double
draw(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) * 0x1p-53 - 0.5;
}

/* n rows, sums of so many directions. */
static double *
make_rows(const struct scene *s)
{
    const int64_t n = s->n, d = s->d, r = s->directions;
    double *x = calloc((size_t)(n * d), sizeof *x), *turn = malloc((size_t)(r * d) * sizeof *turn);
    uint64_t state = 1;
    ck_assert(x && turn);
    for (int64_t i = 0; i < r * d; i++)
        turn[i] = draw(&state);
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < (r < d && r < n ? r : 1); k++) {
            double along = draw(&state);
            for (int64_t j = 0; j < d; j++)
                x[i * d + j] += r < d && r < n ? along * turn[k * d + j] : draw(&state) / (double)(1 + j);
        }
    free(turn);
    return x;
}

/* Of the bits of the bases. */
static uint64_t
digest_of(const conceptdec_subspaces *made)
{
    conceptdec_array bases;
    uint64_t digest = 14695981039346656037u;
    ck_assert_int_eq(conceptdec_subspaces_get(made, CONCEPTDEC_S_BASES, &bases), CONCEPTDEC_OK);
    const int64_t count = bases.shape[0] * bases.shape[1];
    for (int64_t i = 0; i < count * 8; i++)
        digest = (digest ^ ((const unsigned char *)bases.data)[i]) * 1099511628211u;
    return digest;
}

static conceptdec_status
run(const struct scene *s, const conceptdec_matrix *x, const conceptdec_matrix *y, int64_t memory, int32_t threads,
    uint64_t *peak, uint64_t *digest)
{
    counter counted = {0};
    const conceptdec_ctx_options hooks = {.struct_size = sizeof hooks,
                                          .allocate = count_allocate,
                                          .release = count_release,
                                          .allocator_user = &counted,
                                          .threads = threads};
    const conceptdec_subspaces_options o = {
        .struct_size = sizeof o, .rank = s->rank, .explained = s->explained, .memory = memory};
    conceptdec_ctx *ctx = NULL;
    conceptdec_subspaces *made = NULL;
    ck_assert_int_eq(conceptdec_ctx_new(&hooks, &ctx), CONCEPTDEC_OK);
    const uint64_t before = counted.live;
    counted.peak = before;
    conceptdec_status status = conceptdec_subspaces_new(ctx, x, 1, y, &o, &made);
    *peak = counted.peak - before - (made ? counted.live - before : 0);
    if (made)
        *digest = digest_of(made);
    conceptdec_subspaces_free(made);
    conceptdec_ctx_free(ctx);
    ck_assert_uint_eq(counted.live, 0);
    return status;
}

/* Buffers of two threads: of passes with a few dozen directions, or of products of rows and of those with
 * directions. */
static int64_t
bytes_of_threads(const struct scene *s)
{
    const conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = 2};
    const conceptdec_i_dense rows = {.n = s->n, .dims = s->d, .stride = s->d, .is_wide = true};
    conceptdec_ctx *ctx = NULL;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    const int64_t passes =
        conceptdec_i_passes_bytes(ctx, s->d, 0, 32) - conceptdec_i_passes_shared_bytes(ctx, s->d, 0, 32);
    const int64_t gram = conceptdec_i_gram_bytes(ctx, &rows, CONCEPTDEC_I_TILE_F64) -
                         conceptdec_i_gram_shared_bytes(ctx, &rows, CONCEPTDEC_I_TILE_F64);
    const int64_t apply =
        conceptdec_i_apply_bytes(ctx, s->d, s->n, 32) - conceptdec_i_apply_shared_bytes(ctx, s->d, s->n, 32);
    conceptdec_ctx_free(ctx);
    return passes > gram + apply ? passes : gram + apply;
}

/* From the least that is enough on; beside it stand buffers of threads, means, scales and lists: some numbers for each
 * row and column. */
START_TEST(keep_to_it)
{
    const struct scene *s = &scenes[_i];
    double *values = make_rows(s);
    int32_t *labels = calloc((size_t)s->n, sizeof *labels);
    ck_assert_ptr_nonnull(labels);
    const conceptdec_matrix x = {values, s->n, s->d, s->d * 8, 8, CONCEPTDEC_FLOAT64, 0, 0, {0}};
    const conceptdec_matrix y = {labels, s->n, 1, 4, 4, CONCEPTDEC_INT32, 0, 0, {0}};
    const int64_t beside = 100 * (s->n + s->d) + bytes_of_threads(s);
    int64_t n_done = 0;
    uint64_t peak, digest;
    for (int64_t memory = 1 << 20; memory < 100 << 20; memory += memory) {
        conceptdec_status status = run(s, &x, &y, memory, 2, &peak, &digest);
        ck_assert_msg(status == CONCEPTDEC_OK || (status == CONCEPTDEC_ENOMEM && n_done == 0), "%d", (int)status);
        n_done += status == CONCEPTDEC_OK;
        ck_assert_msg(peak <= (uint64_t)(memory + beside), "%lld bytes, %llu taken", (long long)memory,
                      (unsigned long long)peak);
    }
    ck_assert_int_ge(n_done, 2);
    free(values);
    free(labels);
}
END_TEST

/* Memory decides which method finds them, threads do not. */
START_TEST(threads_do_not_matter)
{
    const struct scene *s = &scenes[_i];
    double *values = make_rows(s);
    int32_t *labels = calloc((size_t)s->n, sizeof *labels);
    ck_assert_ptr_nonnull(labels);
    const conceptdec_matrix x = {values, s->n, s->d, s->d * 8, 8, CONCEPTDEC_FLOAT64, 0, 0, {0}};
    const conceptdec_matrix y = {labels, s->n, 1, 4, 4, CONCEPTDEC_INT32, 0, 0, {0}};
    uint64_t peak, one = 0, nine = 0;
    for (int64_t memory = 2 << 20; memory < 24 << 20; memory += memory / 3) {
        const conceptdec_status status = run(s, &x, &y, memory, 1, &peak, &one);
        ck_assert_int_eq(run(s, &x, &y, memory, 9, &peak, &nine), status);
        ck_assert_msg(one == nine, "%lld bytes: other bases with nine threads", (long long)memory);
    }
    free(values);
    free(labels);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("subspaces_budget");
    TCase *tests = tcase_create("subspaces_budget");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, keep_to_it, 0, N_SCENES);
    tcase_add_loop_test(tests, threads_do_not_matter, 0, N_SCENES);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

/* Candidate lists that are full when a pass is given up: other lanes go on until their tiles end, and push to them. */
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <conceptdec/conceptdec.h>

#include "../torture/harness.h"
#include "check_main.h"
#include "neighbors/candidates.h"

/* ---- one list ---- */

enum { ROWS = 64, ROOM = 12, K = 4, LATER = 20 };

/* A pass over rows that are all the same: each is as near as any other, so that a full list cannot be cut. */
typedef struct {
    conceptdec_matrix view;
    conceptdec_i_screening s;
    conceptdec_i_codes codes;
    conceptdec_i_clusters clusters;
    conceptdec_i_width widths[ROWS];
    conceptdec_i_candidate_list list;
    conceptdec_i_candidate room[ROOM];
    double rows[2], *bounds, limit;
    int64_t bounds_capacity;
} pass;

static const float one[1] = {1};

static void
open_pass(pass *p, conceptdec_ctx *ctx, int64_t refine_budget)
{
    *p = (pass){.view = {.data = one, .rows = ROWS, .cols = 1, .col_stride = 4, .dtype = CONCEPTDEC_FLOAT32},
                .clusters = {.n = 1}, .list = {.items = p->room, .capacity = ROOM}};
    p->s = (conceptdec_i_screening){.ctx = ctx, .codes = &p->codes, .clusters = &p->clusters, .k = K, .to_units = 1,
                                    .slack = 1, .likely = 1, .precision = CONCEPTDEC_I_TILE_F32, .limits = &p->limit,
                                    .lists = &p->list, .pool = p->room, .capacity = ROOM, .step = ROOM, .rows = p->rows,
                                    .bounds = &p->bounds, .bounds_capacity = &p->bounds_capacity, .all_count = true,
                                    .refine_budget = refine_budget};
    p->s.queries = (conceptdec_i_operand){.view = &p->view, .n = 1, .scale = 1};
    p->s.refs = (conceptdec_i_operand){.view = &p->view, .n = ROWS, .scale = 1};
    p->s.of_lists.widths = p->s.of_values.widths = p->widths;
    conceptdec_i_screening_no_limit(&p->s, 0);
}

static void
close_pass(pass *p)
{
    conceptdec_i_give(p->s.ctx, p->bounds);
    if (p->list.capacity > ROOM)
        conceptdec_i_give(p->s.ctx, p->list.items);
}

/* Pushes until the pass fails, and as other lanes do after that. */
static void
push_beyond(pass *p, conceptdec_status wanted)
{
    conceptdec_status status = CONCEPTDEC_OK;
    for (int32_t value = 0; value < ROWS && status == CONCEPTDEC_OK; value++)
        status = conceptdec_i_screening_push(&p->s, 0, value, 0, 0);
    ck_assert_int_eq(status, wanted);
    for (int32_t value = 0; value < LATER; value++) {
        ck_assert_int_lt(p->list.count, p->list.capacity);
        (void)conceptdec_i_screening_push(&p->s, 0, value, 0, 0);
    }
    ck_assert_int_le(p->list.count, p->list.capacity);
}

START_TEST(a_bound_that_is_too_loose)
{
    conceptdec_ctx *ctx = NULL;
    pass p;
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
    open_pass(&p, ctx, 1);
    push_beyond(&p, CONCEPTDEC_I_TOO_LOOSE);
    close_pass(&p);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* Of the scratch, or of a longer list. */
START_TEST(no_memory)
{
    torture_allocator allocator = {0};
    const conceptdec_ctx_options options = torture_options(&allocator, 1);
    conceptdec_ctx *ctx = NULL;
    pass p;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    open_pass(&p, ctx, 0);
    allocator.fail_at = allocator.calls + 1 + _i;
    allocator.for_ever = true;
    push_beyond(&p, CONCEPTDEC_ENOMEM);
    close_pass(&p);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* ---- a search ---- */

enum { N = 3072, D = 33, QUERIES = 494, THREADS = 8, GROUPS = 7, TIMES = 4, LINE = 64, FENCE = 1024, SIGN = 0xa5 };

/* Memory with a fence behind each block, which begins at a whole line: what the library asks for beyond its own need,
 * to align it, ends 8 bytes behind that. */
static void *
allocate_fenced(void *user, uint64_t size)
{
    (void)user;
    unsigned char *block = aligned_alloc(LINE, LINE + (size + LINE - 1) / LINE * LINE + FENCE);
    if (!block)
        return NULL;
    memcpy(block, &size, sizeof size);
    memset(block + LINE + size, SIGN, FENCE);
    return block + LINE;
}

static void
release_fenced(void *user, void *memory)
{
    unsigned char *block = memory;
    uint64_t size;
    int *broken = user;
    memcpy(&size, block - LINE, sizeof size);
    for (int i = 0; i < FENCE; i++)
        *broken += block[size + (uint64_t)i] != SIGN;
    free(block - LINE);
}

static conceptdec_matrix
column(const int64_t *codes, int64_t n)
{
    return (conceptdec_matrix){
        .data = codes, .rows = n, .cols = 1, .row_stride = 8, .col_stride = 8, .dtype = CONCEPTDEC_INT64};
}

static void
search(const double *x, const int64_t *codes)
{
    int broken = 0;
    const conceptdec_matrix m = {.data = x, .rows = N, .cols = D, .row_stride = 8 * D, .col_stride = 8,
                                 .dtype = CONCEPTDEC_FLOAT64};
    conceptdec_matrix queries = m;
    queries.rows = QUERIES;
    const conceptdec_matrix groups = column(codes, N), query_groups = column(codes, QUERIES);
    const conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = THREADS,
                                            .screening = CONCEPTDEC_SCREENING_INT8, .allocate = allocate_fenced,
                                            .release = release_fenced, .allocator_user = &broken};
    const conceptdec_neighbors_options o = {.struct_size = sizeof o, .k = 10, .metric = CONCEPTDEC_METRIC_COSINE,
                                            .groups = &groups, .query_groups = &query_groups};
    conceptdec_ctx *ctx = NULL;
    conceptdec_neighbors *t = NULL;
    conceptdec_array screening;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    ck_assert_msg(conceptdec_neighbors_new(ctx, &m, &queries, &o, &t) == CONCEPTDEC_OK, "%s",
                  conceptdec_ctx_error(ctx));
    ck_assert_int_eq(conceptdec_neighbors_get(t, CONCEPTDEC_N_SCREENING, &screening), CONCEPTDEC_OK);
    ck_assert_int_gt(*(const int64_t *)screening.data, CONCEPTDEC_SCREENING_INT8);
    conceptdec_neighbors_free(t);
    conceptdec_ctx_free(ctx);
    ck_assert_int_eq(broken, 0);
}

/* Rows on a line through the origin are one direction but for rounding: distances tie, and lists of int8 fill up. */
START_TEST(lanes_of_a_pass_that_is_given_up)
{
    static double x[N * D];
    static int64_t codes[N];
    for (int64_t i = 0; i < N * D; i++)
        x[i] = 1 + (double)(i / D);
    for (int64_t i = 0; i < N; i++)
        codes[i] = i % GROUPS;
    for (int i = 0; i < TIMES; i++)
        search(x, codes);
}
END_TEST

/* ---- ties ---- */

enum { TIED = 600, NEAREST = 10, LARGE = 1 << 19, MOST_LARGE = 64 };

/* Which calls asked for much; one thread. */
typedef struct {
    int64_t calls, fail_at, cancel_at; /* 0: never */
    conceptdec_ctx *ctx;
    int64_t large[MOST_LARGE];
    int n_large;
} recorder;

static void *
allocate_recorded(void *user, uint64_t size)
{
    recorder *r = user;
    r->calls++;
    if (size >= LARGE && r->n_large < MOST_LARGE)
        r->large[r->n_large++] = r->calls;
    if (r->calls == r->cancel_at)
        conceptdec_ctx_cancel(r->ctx);
    return r->calls == r->fail_at ? NULL : malloc(size);
}

static void
release_recorded(void *user, void *memory)
{
    (void)user;
    free(memory);
}

/* Axes: each is as far from one as from any other. text: of the error, or NULL where there must be none. */
static void
search_axes(recorder *r, bool are_queries, char *text, size_t size)
{
    static float x[TIED * TIED];
    const conceptdec_matrix m = {.data = x, .rows = TIED, .cols = TIED, .row_stride = 4 * TIED, .col_stride = 4,
                                 .dtype = CONCEPTDEC_FLOAT32};
    const conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = 1, .allocate = allocate_recorded,
                                            .release = release_recorded, .allocator_user = r};
    const conceptdec_neighbors_options o = {.struct_size = sizeof o, .k = NEAREST};
    conceptdec_ctx *ctx = NULL;
    conceptdec_neighbors *t = NULL;
    conceptdec_array indices, distances, ties;
    for (int i = 0; i < TIED; i++)
        x[i * TIED + i] = 1;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    const conceptdec_status status = conceptdec_neighbors_new(ctx, &m, are_queries ? &m : NULL, &o, &t);
    if (text) {
        ck_assert_int_eq(status, CONCEPTDEC_ENOMEM);
        strncpy(text, conceptdec_ctx_error(ctx), size - 1);
        conceptdec_ctx_free(ctx);
        return;
    }
    ck_assert_msg(status == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(ctx));
    ck_assert_int_eq(conceptdec_neighbors_get(t, CONCEPTDEC_N_INDICES, &indices), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_neighbors_get(t, CONCEPTDEC_N_DISTANCES, &distances), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_neighbors_get(t, CONCEPTDEC_N_TIES, &ties), CONCEPTDEC_OK);
    for (int q = 0; q < TIED; q++) {
        ck_assert_int_eq(((const int64_t *)ties.data)[q], TIED - NEAREST - !are_queries);
        for (int i = 0; i < NEAREST; i++) {
            const int64_t wanted = !are_queries ? i + (i >= q) : i == 0 ? q : i - 1 + (i - 1 >= q);
            ck_assert_int_eq(((const int64_t *)indices.data)[q * NEAREST + i], wanted);
            ck_assert_double_eq(((const double *)distances.data)[q * NEAREST + i], wanted == q ? 0 : sqrt(2));
        }
    }
    conceptdec_neighbors_free(t);
    conceptdec_ctx_free(ctx);
}

/* _i: whether rows are queries of their own. */
START_TEST(more_ties_than_a_block_refines_at_once)
{
    recorder r = {0};
    search_axes(&r, _i == 1, NULL, 0);
}
END_TEST

START_TEST(memory_of_a_block)
{
    const long long rows = 128 * TIED * 8, pairs = 2 * 2 * 16384 * 16, most = rows + pairs + 128 * 3 * 8;
    recorder all = {0};
    int blocks = 0;
    search_axes(&all, false, NULL, 0);
    for (int i = 0; i < all.n_large; i++) {
        recorder r = {.fail_at = all.large[i]};
        char text[256] = "";
        long long bytes = 0;
        search_axes(&r, false, text, sizeof text);
        if (sscanf(text, "a block of lists: cannot allocate %lld bytes", &bytes) != 1)
            continue;
        ck_assert_msg(bytes <= most, "%s", text);
        blocks++;
    }
    ck_assert_int_gt(blocks, 0);
}
END_TEST

/* ---- memory of a search ---- */

enum { HEADER = 64 };

typedef struct {
    int64_t n, dims, k;
    uint32_t screening;
} searched;

/* Rows of noise: int8 tells them apart so badly that lists are full of what has to wait; float32 packs as much as it
 * may. */
static const searched of_noise[] = {{.n = 20000, .dims = 48, .k = 200, .screening = CONCEPTDEC_SCREENING_INT8},
                                    {.n = 3000, .dims = 4096, .k = 740, .screening = CONCEPTDEC_SCREENING_FLOAT32}};

typedef struct {
    atomic_llong live, most;
} meter;

static void *
allocate_metered(void *user, uint64_t size)
{
    meter *m = user;
    char *block = malloc(size + HEADER);
    const long long live = atomic_fetch_add(&m->live, (long long)size) + (long long)size;
    ck_assert_ptr_nonnull(block);
    if (live > atomic_load(&m->most)) /* calls come one at a time */
        atomic_store(&m->most, live);
    memcpy(block, &size, sizeof size);
    return block + HEADER;
}

static void
release_metered(void *user, void *memory)
{
    meter *m = user;
    char *block = (char *)memory - HEADER;
    uint64_t size;
    memcpy(&size, block, sizeof size);
    atomic_fetch_sub(&m->live, (long long)size);
    free(block);
}

static double
distance_of(const float *x, int64_t dims, int64_t a, int64_t b)
{
    double sum = 0;
    for (int64_t j = 0; j < dims; j++) {
        const double apart = (double)x[a * dims + j] - (double)x[b * dims + j];
        sum += apart * apart;
    }
    return sqrt(sum);
}

/* Some rows of a table are those that are nearest. */
static void
check_rows(const searched *how, const float *x, const conceptdec_neighbors *t)
{
    conceptdec_array indices, distances;
    ck_assert_int_eq(conceptdec_neighbors_get(t, CONCEPTDEC_N_INDICES, &indices), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_neighbors_get(t, CONCEPTDEC_N_DISTANCES, &distances), CONCEPTDEC_OK);
    for (int64_t q = 0; q < how->n; q += 997) {
        const double *listed = (const double *)distances.data + q * how->k, last = listed[how->k - 1];
        const int64_t *rows = (const int64_t *)indices.data + q * how->k;
        int64_t nearer = 0;
        for (int64_t i = 0; i < how->k; i++)
            ck_assert_double_eq_tol(distance_of(x, how->dims, q, rows[i]), listed[i], 1e-12);
        for (int64_t r = 0; r < how->n; r++)
            nearer += r != q && distance_of(x, how->dims, q, r) < last - 1e-12;
        ck_assert_int_eq(nearer, how->k - 1);
    }
}

static float *
make_noise(int64_t n)
{
    float *x = malloc(sizeof *x * (size_t)n);
    uint64_t state = 1;
    ck_assert_ptr_nonnull(x);
    for (int64_t i = 0; i < n; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        x[i] = (float)(state >> 40) * 0x1p-24f;
    }
    return x;
}

START_TEST(memory_of_a_search)
{
    const searched *how = &of_noise[_i];
    float *x = make_noise(how->n * how->dims);
    meter m = {0};
    const conceptdec_matrix rows = {.data = x, .rows = how->n, .cols = how->dims, .row_stride = 4 * how->dims,
                                    .col_stride = 4, .dtype = CONCEPTDEC_FLOAT32};
    const conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = 2, .allocate = allocate_metered,
                                            .screening = how->screening, .release = release_metered,
                                            .allocator_user = &m};
    const conceptdec_neighbors_options o = {.struct_size = sizeof o, .k = how->k};
    conceptdec_ctx *ctx = NULL;
    conceptdec_neighbors *t = NULL;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    ck_assert_msg(conceptdec_neighbors_new(ctx, &rows, NULL, &o, &t) == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(ctx));
    const long long most = atomic_load(&m.most);
    check_rows(how, x, t);
    conceptdec_neighbors_free(t);
    conceptdec_ctx_free(ctx);
    free(x);
    ck_assert_int_eq(atomic_load(&m.live), 0);
    ck_assert_int_le(most, (128ll << 20) + how->n * how->dims);
}
END_TEST

/* ---- settled lists ---- */

enum { LINED_UP = 2500, MOST_OF_THEM = 2100 };

/* Rows on a line, whose lists and table are so long beside them that lists are gathered first. */
static conceptdec_status
search_line(recorder *r, char *text, size_t size)
{
    static float x[LINED_UP];
    const conceptdec_matrix m = {.data = x, .rows = LINED_UP, .cols = 1, .row_stride = 4, .col_stride = 4,
                                 .dtype = CONCEPTDEC_FLOAT32};
    const conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = 1, .allocate = allocate_recorded,
                                            .release = release_recorded, .allocator_user = r};
    const conceptdec_neighbors_options o = {.struct_size = sizeof o, .k = MOST_OF_THEM};
    conceptdec_neighbors *t = NULL;
    for (int i = 0; i < LINED_UP; i++)
        x[i] = (float)i;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &r->ctx), CONCEPTDEC_OK);
    const conceptdec_status status = conceptdec_neighbors_new(r->ctx, &m, &m, &o, &t);
    strncpy(text, conceptdec_ctx_error(r->ctx), size - 1);
    conceptdec_neighbors_free(t);
    conceptdec_ctx_free(r->ctx);
    return status;
}

/* Many bytes are copied then: a search that is cancelled takes nothing more. */
START_TEST(cancelled_while_lists_are_gathered)
{
    recorder all = {0}, refused = {0}, cancelled = {0};
    char text[256] = "";
    ck_assert_int_eq(search_line(&all, text, sizeof text), CONCEPTDEC_OK);
    for (int i = all.n_large - 1; i >= 0 && refused.fail_at == 0; i--) {
        recorder r = {.fail_at = all.large[i]};
        ck_assert_int_eq(search_line(&r, text, sizeof text), CONCEPTDEC_ENOMEM);
        if (strncmp(text, "settled neighbours: ", 20) == 0)
            refused = r;
    }
    ck_assert_int_gt(refused.fail_at, 0);
    cancelled.cancel_at = refused.fail_at;
    ck_assert_int_eq(search_line(&cancelled, text, sizeof text), CONCEPTDEC_ECANCELLED);
    ck_assert_int_eq(cancelled.calls, cancelled.cancel_at);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("candidates");
    TCase *tests = tcase_create("full lists");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, a_bound_that_is_too_loose);
    tcase_add_loop_test(tests, no_memory, 0, 2);
    tcase_add_test(tests, lanes_of_a_pass_that_is_given_up);
    tcase_add_loop_test(tests, more_ties_than_a_block_refines_at_once, 0, 2);
    tcase_add_test(tests, memory_of_a_block);
    tcase_add_loop_test(tests, memory_of_a_search, 0, (int)(sizeof of_noise / sizeof *of_noise));
    suite_add_tcase(suite, tests);
    TCase *settled = tcase_create("settled lists");
    tcase_set_timeout(settled, 120);
    tcase_add_test(settled, cancelled_while_lists_are_gathered);
    suite_add_tcase(suite, settled);
    return suite;
}

CHECK_MAIN(make_suite)

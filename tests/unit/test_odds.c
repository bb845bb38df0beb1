/* Limits of a search that are all but certain: how seldom they fail, that a list which one has failed is noticed, and
 * that the search then is done again. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <conceptdec/conceptdec.h>

#include "check_main.h"
#include "neighbors/candidates.h"
#include "neighbors/odds.h"

/* ---- odds ---- */

/* That so many of the k nearest of n values, or more, are among m of them. */
static double
tail(int64_t m, int64_t k, int64_t n, int64_t least)
{
    const double p = (double)k / (double)n;
    double sum = 0;
    for (int64_t i = least; i <= m; i++)
        sum += exp(lgamma((double)m + 1) - lgamma((double)i + 1) - lgamma((double)(m - i) + 1) + (double)i * log(p) +
                   (double)(m - i) * log1p(-p));
    return sum;
}

START_TEST(a_sample_seldom_has_so_many)
{
    for (int64_t m = 1; m <= 256; m++)
        for (int64_t n = 1000; n <= 1000000; n *= 10)
            for (int64_t k = 1; k < n / 4; k = 3 * k + 1) {
                const int64_t rank = conceptdec_i_odds_rank(m, k, n);
                ck_assert_msg(tail(m, k, n, rank) < 2e-9, "%d of %d: %d", (int)m, (int)n, (int)rank);
                ck_assert_int_lt(rank, 8 + 8 * (m * k / n + 1));
            }
}
END_TEST

START_TEST(a_share_of_the_width)
{
    for (int64_t dims = 1; dims <= 65536; dims++) {
        const double share = conceptdec_i_odds_share(dims), deviations = (2 * share - 1) * sqrt((double)dims);
        ck_assert(share > 0.5 && share <= 1);
        ck_assert(share >= 1 || (deviations > 5.99 && deviations < 6.01));
    }
}
END_TEST

/* ---- a list ---- */

enum { ROWS = 8, ROOM = 16, K = 4 };

/* Rows at 0, 1, .. on a line, and the list of the first; bounds are a half off. */
typedef struct {
    float x[ROWS];
    conceptdec_matrix view;
    conceptdec_i_screening s;
    conceptdec_i_codes codes;
    int64_t count[ROWS];
    conceptdec_i_clusters clusters;
    conceptdec_i_width widths[ROWS];
    conceptdec_i_candidate_list list;
    conceptdec_i_candidate room[ROOM];
    double rows[4], *bounds;
    float limit;
    uint8_t whole;
    int64_t bounds_capacity;
} pass;

static void
open_pass(pass *p, conceptdec_ctx *ctx, float limit, int32_t candidates, bool is_proven)
{
    *p = (pass){.view = {.data = p->x, .rows = ROWS, .cols = 1, .row_stride = 4, .col_stride = 4,
                         .dtype = CONCEPTDEC_FLOAT32},
                .codes = {.count = p->count}, .clusters = {.n = 1}, .limit = limit,
                .list = {.items = p->room, .count = candidates, .capacity = ROOM}};
    p->s = (conceptdec_i_screening){.ctx = ctx, .codes = &p->codes, .clusters = &p->clusters, .k = K, .to_units = 1,
                                    .slack = 1, .likely = 1, .proven = is_proven, .precision = CONCEPTDEC_I_TILE_F32,
                                    .limits = &p->limit, .lists = &p->list, .pool = p->room, .capacity = ROOM,
                                    .step = ROOM, .rows = p->rows, .whole = &p->whole, .bounds = &p->bounds,
                                    .bounds_capacity = &p->bounds_capacity, .all_count = true};
    p->s.queries = (conceptdec_i_operand){.view = &p->view, .n = 1, .scale = 1};
    p->s.refs = (conceptdec_i_operand){.view = &p->view, .n = ROWS, .scale = 1};
    p->s.of_lists.widths = p->s.of_values.widths = p->widths;
    for (int i = 0; i < ROWS; i++) {
        p->x[i] = (float)i;
        p->count[i] = 1;
        p->widths[i].margin = 0.5f;
        p->room[i] = (conceptdec_i_candidate){.low = (float)(i * i) - 0.5f, .value = (uint32_t)i & 255};
    }
}

static conceptdec_status
finish(conceptdec_ctx *ctx, float limit, int32_t candidates, bool is_proven)
{
    pass p;
    open_pass(&p, ctx, limit, candidates, is_proven);
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, ctx);
    const conceptdec_status status = conceptdec_i_screening_finish(&arena, &p.s);
    conceptdec_i_arena_close(&arena);
    if (status == CONCEPTDEC_OK && !p.whole) {
        ck_assert_int_eq(p.list.count, K);
        for (int i = 0; i < K; i++)
            ck_assert_int_eq(p.list.keys[i], i);
    }
    conceptdec_i_give(ctx, p.bounds);
    return status;
}

/* The last of four is at squared distance 9. */
START_TEST(a_limit_that_was_wrong)
{
    conceptdec_ctx *ctx = NULL;
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
    ck_assert_int_eq(finish(ctx, INFINITY, ROWS, false), CONCEPTDEC_OK);
    ck_assert_int_eq(finish(ctx, nextafterf(9, 10), ROWS, false), CONCEPTDEC_OK);
    ck_assert_int_eq(finish(ctx, 9, ROWS, false), CONCEPTDEC_I_UNLIKELY);
    ck_assert_int_eq(finish(ctx, 8.75f, ROWS, false), CONCEPTDEC_I_UNLIKELY);
    ck_assert_int_eq(finish(ctx, 8.75f, ROWS, true), CONCEPTDEC_OK);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* What has been dropped is forgotten: no later limit may be farther. */
START_TEST(a_limit_is_never_farther)
{
    pass p;
    open_pass(&p, NULL, INFINITY, ROWS, false);
    ck_assert_double_eq(conceptdec_i_screening_set_limit(&p.s, 0, 5), 5);
    ck_assert_double_eq(conceptdec_i_screening_set_limit(&p.s, 0, 7), 5);
    ck_assert_double_eq(conceptdec_i_screening_set_limit(&p.s, 0, 3), 3);
    ck_assert_double_eq(conceptdec_i_screening_limit(&p.s, 0), 3);
    conceptdec_i_screening_no_limit(&p.s, 0);
    ck_assert(conceptdec_i_screening_limit(&p.s, 0) == INFINITY);
}
END_TEST

/* An exact candidate is where it is; the others part of the way to their upper bound. */
START_TEST(between_two_bounds)
{
    conceptdec_ctx *ctx = NULL;
    pass p;
    const float high[] = {5, 6, 7};
    float scratch[3];
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
    open_pass(&p, ctx, INFINITY, 3, false);
    for (int i = 0; i < 3; i++)
        p.room[i].low = 1;
    p.room[1].exact = 1;
    const double first = conceptdec_i_screening_nearest(&p.s, 0, high, 0.25f, 1, scratch);
    const double second = conceptdec_i_screening_nearest(&p.s, 0, high, 0.25f, 2, scratch);
    ck_assert(2 <= first && first < 2.5 && 2.5 <= second && second < 6);
    ck_assert_double_eq(conceptdec_i_screening_nearest(&p.s, 0, high, 0.25f, 3, scratch), 6);
    ck_assert_double_eq(conceptdec_i_screening_nearest(&p.s, 0, high, 1, 3, scratch), 7);
    ck_assert(conceptdec_i_screening_nearest(&p.s, 0, high, 1, 4, scratch) == INFINITY);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* So many rows that there are no more, or that others must have been dropped. */
START_TEST(a_list_that_is_too_short)
{
    conceptdec_ctx *ctx = NULL;
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
    ck_assert_int_eq(finish(ctx, INFINITY, K - 1, false), CONCEPTDEC_OK);
    ck_assert_int_eq(finish(ctx, 100, K - 1, false), CONCEPTDEC_I_UNLIKELY);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* ---- searches ---- */

enum { N = 3200, D = 1024, MOST = 100, COLUMNS = 32 };

/* How often rows have been quantised. */
static int
count_large(int64_t size)
{
    return size >= (int64_t)N * D && size < (int64_t)N * D + N * D / 16;
}

static void *
allocate(void *user, uint64_t size)
{
    *(int *)user += count_large((int64_t)size);
    return malloc(size);
}

static void
release(void *user, void *memory)
{
    (void)user;
    free(memory);
}

typedef struct {
    int64_t indices[N * MOST];
    double distances[N * MOST];
    int64_t refined;
    int quantised;
} table;

static void
search(const float *x, int64_t k, uint32_t screening, int32_t threads, table *out)
{
    const conceptdec_matrix m = {.data = x, .rows = N, .cols = D, .row_stride = 4 * D, .col_stride = 4,
                                 .dtype = CONCEPTDEC_FLOAT32};
    const conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = threads, .screening = screening,
                                            .allocate = allocate, .release = release,
                                            .allocator_user = &out->quantised};
    const conceptdec_neighbors_options o = {.struct_size = sizeof o, .k = k};
    conceptdec_ctx *ctx = NULL;
    conceptdec_neighbors *t = NULL;
    conceptdec_array a[3];
    memset(out, 0, sizeof *out);
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    ck_assert_msg(conceptdec_neighbors_new(ctx, &m, NULL, &o, &t) == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(ctx));
    ck_assert_int_eq(conceptdec_neighbors_get(t, CONCEPTDEC_N_INDICES, &a[0]), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_neighbors_get(t, CONCEPTDEC_N_DISTANCES, &a[1]), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_neighbors_get(t, CONCEPTDEC_N_N_REFINED, &a[2]), CONCEPTDEC_OK);
    memcpy(out->indices, a[0].data, (size_t)(N * k) * sizeof(int64_t));
    memcpy(out->distances, a[1].data, (size_t)(N * k) * sizeof(double));
    out->refined = *(const int64_t *)a[2].data;
    conceptdec_neighbors_free(t);
    conceptdec_ctx_free(ctx);
}

static void
expect_same(const table *a, const table *b)
{
    ck_assert_mem_eq(a->indices, b->indices, sizeof a->indices);
    ck_assert_mem_eq(a->distances, b->distances, sizeof a->distances);
}

static uint32_t
draw(uint32_t n)
{
    static uint64_t state = 5;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33) % n;
}

/* Three elements a row, in columns at even distances: rotated, rows have a few values only, which all are rounded
 * alike. Each row is there with both signs, so that the mean is zero. */
static void
fill_with_few(float *x)
{
    static const float values[] = {1, 0.61f, 0.37f};
    memset(x, 0, (size_t)(N * D) * sizeof *x);
    for (int64_t i = 0; i < N; i += 2)
        for (int e = 0; e < 3; e++) {
            const int64_t column = draw(COLUMNS) * (D / COLUMNS);
            x[i * D + column] = draw(2) ? values[e] : -values[e];
            x[(i + 1) * D + column] = -x[i * D + column];
        }
}

START_TEST(rows_that_defeat_the_odds)
{
    static float x[N * D];
    static table wanted, found, foreseen;
    fill_with_few(x);
    search(x, 10, CONCEPTDEC_SCREENING_FLOAT64, 2, &wanted);
    search(x, 10, CONCEPTDEC_SCREENING_INT8, 2, &found);
    expect_same(&wanted, &found);
    ck_assert_int_eq(found.quantised, 2);
    search(x, 10, CONCEPTDEC_SCREENING_AUTO, 2, &foreseen);
    expect_same(&wanted, &foreseen);
    ck_assert(foreseen.quantised == 0 || (foreseen.quantised == 1 && foreseen.refined < found.refined));
}
END_TEST

/* So many neighbours that a sample comes before all other rows. */
START_TEST(a_sample_before_all_others)
{
    static float x[N * D];
    static table wanted, found;
    for (int64_t i = 0; i < N * D; i++)
        x[i] = ((float)draw(1 << 16) - (1 << 15)) / sqrtf((float)(1 + i % D));
    search(x, MOST, CONCEPTDEC_SCREENING_FLOAT64, 2, &wanted);
    for (int32_t threads = 1; threads <= 3; threads++) {
        search(x, MOST, CONCEPTDEC_SCREENING_INT8, threads, &found);
        expect_same(&wanted, &found);
        ck_assert_int_eq(found.quantised, 1);
    }
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("unit: odds");
    TCase *tests = tcase_create("odds");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_sample_seldom_has_so_many);
    tcase_add_test(tests, a_share_of_the_width);
    tcase_add_test(tests, a_limit_that_was_wrong);
    tcase_add_test(tests, a_limit_is_never_farther);
    tcase_add_test(tests, between_two_bounds);
    tcase_add_test(tests, a_list_that_is_too_short);
    tcase_add_test(tests, rows_that_defeat_the_odds);
    tcase_add_test(tests, a_sample_before_all_others);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

/* How long calls work, in processor time, between two looks at the cancel flag: 50 ms, but within LAPACK. The best
 * of some runs counts: what is late for a reason that lies with the machine is not late in all of them. */
#define _GNU_SOURCE

#include <math.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "check_main.h"
#include "core/core.h"
#include "kernels/kernels.h"
#include "linalg/singular_batch.h"
#include "projection/umap.h"
#include "stats/order.h"

#ifdef NDEBUG
#define MOST 100 /* milliseconds; twice what is promised, for machines that are shared */
#else
#define MOST 500
#endif

enum { RUNS = 4, SEARCHES = 2 };

typedef struct {
    conceptdec_ctx *ctx;
    double last, longest, least; /* milliseconds; the least of `longest` in all runs */
} watch;

static double
now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static void
mark(watch *w)
{
    const double time = now();
    w->longest = fmax(w->longest, time - w->last);
    w->last = time;
}

static int32_t
look(void *user, const conceptdec_progress *progress)
{
    watch *w = user;
    (void)progress;
    w->ctx->last_report = INT64_MIN / 2; /* the next look reports again, however soon it comes */
    mark(w);
    return 1;
}

/* One thread, so that each look is at hand. */
static void
open_watch(watch *w)
{
    const conceptdec_ctx_options options = {
        .struct_size = sizeof options, .threads = 1, .progress = look, .progress_user = w};
    *w = (watch){.least = HUGE_VAL};
    ck_assert_int_eq(conceptdec_ctx_new(&options, &w->ctx), CONCEPTDEC_OK);
}

static void
start(watch *w)
{
    w->ctx->last_report = INT64_MIN / 2;
    w->last = now();
    w->longest = 0;
}

static void
end(watch *w, conceptdec_status status)
{
    mark(w);
    ck_assert_msg(status == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(w->ctx));
    w->least = fmin(w->least, w->longest);
}

static void
close_watch(watch *w)
{
    ck_assert_msg(w->least <= MOST, "%.1f ms between two looks", w->least);
    conceptdec_ctx_free(w->ctx);
}

static uint64_t state = 1;

static double
draw(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) * 0x1p-53 - 0.5;
}

static double *
draw_some(int64_t count)
{
    double *values = malloc((size_t)count * sizeof *values);
    ck_assert_ptr_nonnull(values);
    for (int64_t i = 0; i < count; i++)
        values[i] = draw();
    return values;
}

static conceptdec_matrix
view_of(const double *values, int64_t rows, int64_t cols)
{
    return (conceptdec_matrix){.data = values, .rows = rows, .cols = cols, .row_stride = 8 * cols, .col_stride = 8,
                               .dtype = CONCEPTDEC_FLOAT64};
}

/* ---- cases ---- */

/* Angles of two subspaces of 400 dimensions, most of them small. */
START_TEST(angles)
{
    enum { RANK = 400, DIMS = 640 };
    double *a = draw_some(RANK * DIMS), *b = draw_some(RANK * DIMS);
    const conceptdec_matrix bases[] = {view_of(a, RANK, DIMS), view_of(b, RANK, DIMS)};
    conceptdec_subspaces *s;
    conceptdec_result *r;
    watch w;
    for (int64_t i = 0; i < RANK * DIMS; i++)
        b[i] = a[i] + 0.1 * b[i];
    open_watch(&w);
    ck_assert_int_eq(conceptdec_subspaces_from_bases(w.ctx, bases, 2, NULL, NULL, &s), CONCEPTDEC_OK);
    for (int run = 0; run < RUNS; run++) {
        start(&w);
        end(&w, conceptdec_subspaces_overlap(w.ctx, s, NULL, NULL, &r));
        conceptdec_result_free(r);
    }
    close_watch(&w);
    conceptdec_subspaces_free(s);
    free(a);
    free(b);
}
END_TEST

/* Eight matrices whose columns are orthogonal but for little, so that few sweeps are needed. */
START_TEST(singular)
{
    enum { SIDE = 320, COUNT = SIDE * SIDE * CONCEPTDEC_I_TURNED };
    double *columns = draw_some(COUNT), *copy = draw_some(COUNT), values[SIDE * CONCEPTDEC_I_TURNED];
    watch w;
    for (int64_t i = 0; i < COUNT; i++)
        columns[i] = 1e-6 * columns[i] + (i / CONCEPTDEC_I_TURNED % (SIDE + 1) == 0);
    open_watch(&w);
    conceptdec_i_stage(w.ctx, "singular values", 1);
    for (int run = 0; run < RUNS; run++) {
        memcpy(copy, columns, COUNT * sizeof *copy);
        start(&w);
        end(&w, conceptdec_i_singular_batch(w.ctx, copy, SIDE, SIDE, false, values));
    }
    close_watch(&w);
    free(columns);
    free(copy);
}
END_TEST

START_TEST(ranks)
{
    enum { COUNT = 6000000 };
    double *values = draw_some(COUNT), *copy = draw_some(COUNT);
    const conceptdec_i_ranking ranking = {0};
    conceptdec_i_arena arena;
    conceptdec_i_order order;
    watch w;
    open_watch(&w);
    conceptdec_i_arena_open(&arena, w.ctx);
    ck_assert_int_eq(conceptdec_i_order_open(&arena, COUNT, &order), CONCEPTDEC_OK);
    conceptdec_i_stage(w.ctx, "ranks", 1);
    for (int run = 0; run < RUNS; run++) {
        memcpy(copy, values, COUNT * sizeof *copy);
        start(&w);
        end(&w, conceptdec_i_order_ranks(&order, COUNT, copy, &ranking));
    }
    conceptdec_i_arena_close(&arena);
    close_watch(&w);
    free(values);
    free(copy);
}
END_TEST

/* A scatter matrix of each class, of which no answer has been made before, and rows that wait. */
START_TEST(moments)
{
    enum { ROWS = 400, DIMS = 1600, CLASSES = 4 };
    double *x = draw_some(ROWS * DIMS);
    int64_t labels[ROWS];
    const conceptdec_matrix rows = view_of(x, ROWS, DIMS);
    const conceptdec_matrix classes = {
        .data = labels, .rows = ROWS, .cols = 1, .row_stride = 8, .col_stride = 8, .dtype = CONCEPTDEC_INT64};
    const conceptdec_subspaces_options options = {.struct_size = sizeof options, .rank = 2};
    conceptdec_class_moments *m;
    conceptdec_subspaces *s;
    watch w;
    for (int i = 0; i < ROWS; i++)
        labels[i] = i % CLASSES;
    open_watch(&w);
    ck_assert_int_eq(conceptdec_class_moments_new(w.ctx, DIMS, CLASSES, 0, &m), CONCEPTDEC_OK);
    for (int run = 0; run < RUNS; run++) {
        ck_assert_int_eq(conceptdec_class_moments_add(w.ctx, m, &rows, &classes), CONCEPTDEC_OK);
        start(&w);
        end(&w, conceptdec_subspaces_from_class_moments(w.ctx, m, &options, &s));
        conceptdec_subspaces_free(s);
    }
    close_watch(&w);
    conceptdec_class_moments_free(m);
    free(x);
}
END_TEST

START_TEST(eraser)
{
    enum { RANK = 300, DIMS = 2000 };
    char path[] = "/tmp/conceptdec-polls-XXXXXX";
    double *directions = draw_some(RANK * DIMS);
    const conceptdec_matrix given = view_of(directions, RANK, DIMS);
    const conceptdec_eraser_options options = {
        .struct_size = sizeof options, .kind = CONCEPTDEC_ERASE_PROJECTION, .directions = &given};
    conceptdec_eraser *e;
    watch w;
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    open_watch(&w);
    ck_assert_int_eq(conceptdec_eraser_new(w.ctx, NULL, NULL, &options, &e), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_eraser_save(w.ctx, e, path), CONCEPTDEC_OK);
    conceptdec_eraser_free(e);
    for (int run = 0; run < RUNS; run++) {
        start(&w);
        end(&w, conceptdec_eraser_load(w.ctx, path, &e));
        conceptdec_eraser_free(e);
    }
    close_watch(&w);
    free(directions);
    close(file);
    unlink(path);
}
END_TEST

/* One list that has chosen most of all rows, which are windows on one row of numbers. */
START_TEST(search)
{
    enum { ROWS = 66000, DIMS = 8192, NEAREST = 64000 };
    double *x = draw_some(ROWS + DIMS);
    const conceptdec_matrix query = view_of(x, 1, DIMS);
    const conceptdec_neighbors_options options = {.struct_size = sizeof options, .k = NEAREST};
    conceptdec_matrix rows = view_of(x, ROWS, DIMS);
    conceptdec_neighbors *t;
    watch w;
    rows.row_stride = 8;
    open_watch(&w);
    for (int run = 0; run < SEARCHES; run++) {
        start(&w);
        w.last = HUGE_VAL; /* what comes before the tiles has no stage, and is not reported */
        end(&w, conceptdec_neighbors_new(w.ctx, &rows, &query, &options, &t));
        conceptdec_neighbors_free(t);
    }
    close_watch(&w);
    free(x);
}
END_TEST

/* ---- an embedding from the lists of its neighbours on ---- */

enum { VERTICES = 600000, LISTED = 12 };

/* All in one part, and neighbours far from each other in memory. */
static void
fill_lists(int64_t *index, double *distance, int64_t *count)
{
    for (int64_t i = 0; i < VERTICES; i++) {
        const int64_t reach = 1 + 104729 * (i % 13);
        for (int64_t j = 0; j < LISTED; j++) {
            index[i * LISTED + j] = (i + 1 + j * reach) % VERTICES;
            distance[i * LISTED + j] = 1 + 0.1 * (double)j;
        }
        count[i] = LISTED;
    }
}

static conceptdec_status
embed(conceptdec_i_arena *arena, const conceptdec_i_lists *lists, int64_t *part, double *from, float *places)
{
    const conceptdec_i_layout_settings settings = {
        .columns = 2, .epochs = 100, .n_strangers = 5, .a = 1.5, .b = 0.9, .repulsion = 1, .learning_rate = 1};
    conceptdec_umap_options options;
    conceptdec_i_fuzzy fuzzy;
    conceptdec_i_graph graph;
    conceptdec_i_layout *layout;
    bool converged;
    const conceptdec_umap_options given = {.struct_size = sizeof given, .init = CONCEPTDEC_UMAP_RANDOM};
    CONCEPTDEC_I_TRY(conceptdec_i_umap_options(arena->ctx, &given, false, &options));
    CONCEPTDEC_I_TRY(conceptdec_i_umap_fuzzy(arena, &options, lists, NULL, from, from + VERTICES, &fuzzy));
    CONCEPTDEC_I_TRY(conceptdec_i_fuzzy_parts(arena, &fuzzy, part));
    CONCEPTDEC_I_TRY(conceptdec_i_fuzzy_graph(arena, &fuzzy, &graph));
    CONCEPTDEC_I_TRY(conceptdec_i_umap_start(arena, &options, NULL, &graph, from, &converged));
    CONCEPTDEC_I_TRY(conceptdec_i_layout_open(arena, &graph, &settings, from, &layout));
    CONCEPTDEC_I_TRY(conceptdec_i_layout_epoch(layout, 1, NULL, 0));
    return conceptdec_i_layout_rows(layout, places);
}

START_TEST(umap)
{
    int64_t *index = malloc(VERTICES * LISTED * sizeof *index), *count = malloc(VERTICES * sizeof *count);
    int64_t *part = malloc(VERTICES * sizeof *part);
    double *distance = malloc(VERTICES * LISTED * sizeof *distance), *from = malloc(2 * VERTICES * sizeof *from);
    float *places = malloc(2 * VERTICES * sizeof *places);
    const conceptdec_i_lists lists = {
        .n = VERTICES, .k = LISTED, .stride = LISTED, .index = index, .count = count, .distance = distance};
    watch w;
    ck_assert(index && count && part && distance && from && places);
    fill_lists(index, distance, count);
    open_watch(&w);
    for (int run = 0; run < SEARCHES; run++) {
        conceptdec_i_arena arena;
        conceptdec_i_arena_open(&arena, w.ctx);
        start(&w);
        end(&w, embed(&arena, &lists, part, from, places));
        conceptdec_i_arena_close(&arena);
    }
    close_watch(&w);
    free(index);
    free(count);
    free(part);
    free(distance);
    free(from);
    free(places);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("polls");
    TCase *tests = tcase_create("polls");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, angles);
    tcase_add_test(tests, singular);
    tcase_add_test(tests, ranks);
    tcase_add_test(tests, moments);
    tcase_add_test(tests, eraser);
    tcase_add_test(tests, search);
    tcase_add_test(tests, umap);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

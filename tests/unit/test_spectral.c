/* The spectral start against known eigenvectors, and what it promises of any graph. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "core/core.h"
#include "linalg/jacobi.h"
#include "projection/spectral.h"
#include "projection/subspace.h"

#include "../torture/harness.h"

#define PI 3.14159265358979323846

/* A graph that grows edge by edge, n x n for small ones. */
typedef struct {
    conceptdec_i_graph graph;
    int64_t *first;
    int32_t *column;
    float *weight;
} network;

typedef float (*edge_weight)(int64_t n, int64_t i, int64_t j); /* below 0: no edge; symmetric */

static network
make(int64_t n, int64_t reach, edge_weight weight)
{
    network w = {.first = calloc((size_t)n + 1, 8)};
    int64_t room = 0, edges = 0;
    for (int64_t i = 0; i < n; i++) {
        for (int64_t step = 0; step < n; step++) {
            int64_t j = step, gap = llabs(i - j);
            if (gap > reach && n - gap > reach) {
                step += (j < i ? i - reach : n - reach + i < n ? n - reach + i : n) - j - 1;
                continue;
            }
            float value = i == j ? -1 : weight(n, i, j);
            if (value < 0)
                continue;
            if (edges == room) {
                room = 2 * room + 64;
                w.column = realloc(w.column, (size_t)room * 4);
                w.weight = realloc(w.weight, (size_t)room * 4);
            }
            w.column[edges] = (int32_t)j;
            w.weight[edges++] = value;
        }
        w.first[i + 1] = edges;
    }
    w.graph = (conceptdec_i_graph){.n = n, .first = w.first, .column = w.column, .weight = w.weight};
    return w;
}

static void
drop(network *w)
{
    free(w->first);
    free(w->column);
    free(w->weight);
}

static float
ring(int64_t n, int64_t i, int64_t j)
{
    int64_t gap = llabs(i - j);
    return gap == 1 || gap == n - 1 ? 0.5f : -1;
}

static float
path(int64_t n, int64_t i, int64_t j)
{
    (void)n;
    return llabs(i - j) == 1 ? 1 : -1;
}

static float
complete(int64_t n, int64_t i, int64_t j)
{
    (void)n;
    (void)i;
    (void)j;
    return 0.25f;
}

/* Two cliques, joined by one edge. */
static float
dumbbell(int64_t n, int64_t i, int64_t j)
{
    if ((i < n / 3) == (j < n / 3))
        return 1;
    return i + j == 2 * (n / 3) - 1 ? 0.5f : -1;
}

/* Cliques of 50, 30, 20, 10, 4, 3 and 2; isolated vertices after them; edges of weight 0 between all of these. */
static int64_t
clique_of(int64_t i)
{
    static const int64_t end[] = {50, 80, 100, 110, 114, 117, 119};
    for (int64_t c = 0; c < 7; c++)
        if (i < end[c])
            return c;
    return i;
}

static float
cliques(int64_t n, int64_t i, int64_t j)
{
    (void)n;
    return clique_of(i) == clique_of(j) ? (float)(1 + (i + j) % 5) / 5 : (i + j) % 7 == 0 ? 0 : -1;
}

/* A band with chords and uneven weights. */
static float
uneven(int64_t n, int64_t i, int64_t j)
{
    int64_t gap = llabs(i - j);
    gap = gap < n - gap ? gap : n - gap;
    uint32_t mix = (uint32_t)(i * j % 9973 + i + j) * 2654435761u;
    return gap <= 3 || (mix >> 20) % 9 == 0 ? (float)(1 + mix % 1000) / 1001 : -1;
}

static float
nothing(int64_t n, int64_t i, int64_t j)
{
    (void)n;
    (void)i;
    (void)j;
    return -1;
}

static float
star(int64_t n, int64_t i, int64_t j)
{
    (void)n;
    return i == 0 || j == 0 ? 1 : -1;
}

static bool
start(const network *w, int64_t m, int32_t threads, uint64_t seed, double *to)
{
    const conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = threads};
    conceptdec_ctx *ctx;
    conceptdec_i_arena arena;
    bool converged = false;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    conceptdec_i_arena_open(&arena, ctx);
    ck_assert_int_eq(conceptdec_i_spectral(&arena, &w->graph, m, seed, to, &converged), CONCEPTDEC_OK);
    conceptdec_i_arena_close(&arena);
    conceptdec_ctx_free(ctx);
    return converged;
}

static double *
started(const network *w, int64_t m)
{
    double *x = malloc((size_t)(w->graph.n * m) * sizeof *x), most = 0;
    ck_assert(start(w, m, 2, 1, x));
    for (int64_t i = 0; i < w->graph.n * m; i++) {
        ck_assert(isfinite(x[i]));
        most = fmax(most, fabs(x[i]));
    }
    ck_assert_double_eq(most, 1);
    return x;
}

/* The squared cosine between column k and the space of the orthogonal a and b. */
static double
share(const double *x, int64_t n, int64_t m, int64_t k, const double *a, const double *b)
{
    double xx = 0, aa = 0, bb = 0, xa = 0, xb = 0;
    for (int64_t i = 0; i < n; i++) {
        double value = x[i * m + k];
        xx += value * value;
        aa += a[i] * a[i];
        bb += b[i] * b[i];
        xa += value * a[i];
        xb += value * b[i];
    }
    return (xa * xa / aa + (bb > 0 ? xb * xb / bb : 0)) / xx;
}

START_TEST(rings)
{
    static const int64_t sizes[] = {9, 24, 25, 60, 401, 2000, 20000};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        int64_t n = sizes[s], m = 4;
        network w = make(n, 1, ring);
        double *x = started(&w, m), *a = malloc((size_t)n * 8), *b = malloc((size_t)n * 8);
        for (int64_t k = 0; k < m; k++) {
            for (int64_t i = 0; i < n; i++) {
                a[i] = cos(2 * PI * (double)((1 + k / 2) * i) / (double)n);
                b[i] = sin(2 * PI * (double)((1 + k / 2) * i) / (double)n);
            }
            ck_assert_double_gt(share(x, n, m, k, a, b), n > 10000 ? 0.98 : 0.9999);
        }
        free(x);
        free(a);
        free(b);
        drop(&w);
    }
}
END_TEST

START_TEST(paths)
{
    static const int64_t sizes[] = {6, 23, 100, 1000, 20000};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        int64_t n = sizes[s], m = 3;
        network w = make(n, 1, path);
        double *x = started(&w, m), *a = malloc((size_t)n * 8), *b = calloc((size_t)n, 8);
        for (int64_t k = 0; k < m; k++) {
            for (int64_t i = 0; i < n; i++)
                a[i] = cos(PI * (double)((k + 1) * i) / (double)(n - 1)) * (i == 0 || i == n - 1 ? sqrt(0.5) : 1);
            ck_assert_double_gt(share(x, n, m, k, a, b), n > 10000 ? 0.9 : 0.9999);
        }
        free(x);
        free(a);
        free(b);
        drop(&w);
    }
}
END_TEST

START_TEST(two_cliques)
{
    static const int64_t sizes[] = {12, 90, 600};
    for (int s = 0; s < 3; s++) {
        int64_t n = sizes[s];
        network w = make(n, n, dumbbell);
        double *x = started(&w, 2);
        for (int64_t i = 0; i < n; i++)
            ck_assert((x[2 * i] > 0) == (i < n / 3)); /* the smaller one has the larger magnitudes */
        free(x);
        drop(&w);
    }
}
END_TEST

static void
span(const double *x, int64_t begin, int64_t end, int k, double *low, double *high)
{
    *low = INFINITY;
    *high = -INFINITY;
    for (int64_t i = begin; i < end; i++) {
        *low = fmin(*low, x[2 * i + k]);
        *high = fmax(*high, x[2 * i + k]);
    }
}

START_TEST(parts_lie_apart)
{
    static const int64_t edge[] = {0, 50, 80, 100, 110, 114, 117, 119, 120, 121, 122, 123, 124, 125};
    enum { PARTS = sizeof edge / sizeof *edge - 1 };
    network w = make(125, 125, cliques);
    double *x = started(&w, 2), low[PARTS][2], high[PARTS][2];
    for (int p = 0; p < PARTS; p++)
        for (int k = 0; k < 2; k++)
            span(x, edge[p], edge[p + 1], k, &low[p][k], &high[p][k]);
    for (int p = 0; p < PARTS; p++)
        for (int q = 0; q < p; q++)
            ck_assert(low[p][0] > high[q][0] || low[q][0] > high[p][0] || low[p][1] > high[q][1] ||
                      low[q][1] > high[p][1]);
    for (int p = 0; p < 6; p++)
        ck_assert_double_gt(high[p][0] - low[p][0], 0.01);
    free(x);
    drop(&w);
    w = make(125, 125, cliques); /* on a line, too */
    x = started(&w, 1);
    for (int p = 0; p < PARTS; p++)
        for (int64_t i = edge[p]; i < edge[p + 1]; i++)
            for (int q = 0; q < p; q++)
                for (int64_t j = edge[q]; j < edge[q + 1]; j++)
                    ck_assert_double_gt(x[i], x[j]);
    free(x);
    drop(&w);
}
END_TEST

/* |L x - theta x| of every column, and how far the columns are from orthonormal, all times one factor. */
static void
check_eigenvectors(const network *w, const double *x, int64_t m)
{
    int64_t n = w->graph.n;
    double *root = calloc((size_t)n, 8), *y = malloc((size_t)(n * m) * 8), length = 0;
    for (int64_t i = 0; i < n; i++) {
        for (int64_t e = w->first[i]; e < w->first[i + 1]; e++)
            root[i] += (double)w->weight[e];
        root[i] = sqrt(root[i]);
        length += x[i * m] * x[i * m];
    }
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < m; k++) {
            y[i * m + k] = x[i * m + k];
            for (int64_t e = w->first[i]; e < w->first[i + 1]; e++)
                y[i * m + k] -= (double)w->weight[e] * x[w->column[e] * m + k] / (root[i] * root[w->column[e]]);
        }
    for (int64_t k = 0; k < m; k++) {
        double theta = 0, residual = 0, trivial = 0;
        for (int64_t i = 0; i < n; i++) {
            theta += x[i * m + k] * y[i * m + k] / length;
            trivial += x[i * m + k] * root[i];
        }
        for (int64_t i = 0; i < n; i++)
            residual += pow(y[i * m + k] - theta * x[i * m + k], 2) / length;
        ck_assert_double_le(sqrt(residual), theta / 100 + 1.0001e-4);
        ck_assert_double_le(fabs(trivial), 1e-9 * sqrt(length) * sqrt((double)w->first[n]));
        for (int64_t l = 0; l < m; l++) {
            double sum = 0;
            for (int64_t i = 0; i < n; i++)
                sum += x[i * m + k] * x[i * m + l] / length;
            ck_assert_double_eq_tol(sum, k == l, 1e-10);
        }
    }
    free(root);
    free(y);
}

START_TEST(residuals)
{
    static const int64_t sizes[] = {30, 150, 500, 2500}, columns[] = {1, 2, 3, 10, 64};
    for (int s = 0; s < 4; s++)
        for (int c = 0; c < 5; c++) {
            int64_t n = sizes[s], m = columns[c];
            if (n < 2 * m)
                continue;
            network w = make(n, n < 1000 ? n : 60, uneven);
            double *x = started(&w, m);
            check_eigenvectors(&w, x, m);
            free(x);
            drop(&w);
        }
}
END_TEST

/* Paths of 40, 3000, 40 and 40 vertices: threads share the work of the long one alone. */
static float
long_and_short(int64_t n, int64_t i, int64_t j)
{
    const int64_t later = i > j ? i : j;
    return later == 40 || later == 3040 || later == 3080 ? -1 : path(n, i, j);
}

static double
extent(const double *x, int64_t first, int64_t end)
{
    double low = x[2 * first], high = low;
    for (int64_t i = first; i < end; i++) {
        low = fmin(low, x[2 * i]);
        high = fmax(high, x[2 * i]);
    }
    return high - low;
}

START_TEST(large_and_small_parts)
{
    network w = make(3120, 1, long_and_short);
    double *x = started(&w, 2);
    const double length = extent(x, 0, 40);
    ck_assert_double_gt(length, 0);
    ck_assert_double_eq_tol(extent(x, 3040, 3080), length, 1e-3 * length);
    ck_assert_double_eq_tol(extent(x, 3080, 3120), length, 1e-3 * length);
    ck_assert_double_eq_tol(extent(x, 40, 3040), length * sqrt(3000.0 / 40), 0.05 * length * sqrt(3000.0 / 40));
    free(x);
    drop(&w);
}
END_TEST

START_TEST(equal_eigenvalues)
{
    static const int64_t sizes[] = {5, 24, 40, 700};
    for (int s = 0; s < 4; s++) {
        network w = make(sizes[s], sizes[s], complete);
        double *x = started(&w, 2);
        check_eigenvectors(&w, x, 2);
        free(x);
        drop(&w);
        w = make(sizes[s], sizes[s], star);
        x = started(&w, 2);
        check_eigenvectors(&w, x, 2);
        free(x);
        drop(&w);
    }
}
END_TEST

START_TEST(hardly_a_graph)
{
    for (int64_t n = 1; n < 40; n++)
        for (int64_t m = 1; m < 5; m++) {
            network w = make(n, n, nothing);
            free(started(&w, m));
            drop(&w);
            w = make(n, n, complete);
            free(started(&w, m));
            drop(&w);
        }
}
END_TEST

START_TEST(same_bits)
{
    static const int32_t threads[] = {2, 3, 16};
    for (int t = 0; t < 4; t++) {
        network w = t < 2 ? make(12000, 20, t ? ring : uneven) : make(125, 125, t > 2 ? cliques : complete);
        uint64_t size = (uint64_t)w.graph.n * 3 * sizeof(double);
        double *x = malloc(size), *again = malloc(size);
        start(&w, 3, 1, 5, x);
        for (int i = 0; i < 3; i++) {
            start(&w, 3, threads[i], 5, again);
            ck_assert_int_eq(memcmp(x, again, size), 0);
        }
        start(&w, 3, 1, 6, again); /* the seed matters, where there is something to choose */
        ck_assert_int_ne(memcmp(x, again, size), 0);
        free(x);
        free(again);
        drop(&w);
    }
}
END_TEST

START_TEST(given_up_at_the_cap)
{
    enum { N = 300, WIDTH = 8 };
    network w = make(N, 1, ring);
    static double x[N * WIDTH], y[N * WIDTH], theta[WIDTH];
    static int32_t self[N];
    conceptdec_ctx *ctx;
    conceptdec_i_arena arena;
    conceptdec_i_level level;
    for (int32_t i = 0; i < N; i++)
        self[i] = i;
    ck_assert_int_eq(conceptdec_i_subspace_width(2), WIDTH);
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
    conceptdec_i_arena_open(&arena, ctx);
    ck_assert_int_eq(conceptdec_i_level_open(&arena, &w.graph, self, N, self, &level), CONCEPTDEC_OK);
    for (int64_t cap = 1; cap <= 100000; cap *= 100000) {
        conceptdec_i_subspace s = {.level = &level,
                                   .wanted = 2,
                                   .width = WIDTH,
                                   .tolerance = 1e-9,
                                   .longest = 16,
                                   .products = cap,
                                   .x = x,
                                   .y = y,
                                   .theta = theta};
        ck_assert_int_eq(conceptdec_i_subspace_random(ctx, &s), CONCEPTDEC_OK);
        ck_assert_int_eq(conceptdec_i_subspace_solve(&arena, &s), CONCEPTDEC_OK);
        ck_assert_int_eq(s.is_converged, cap > 1);
        for (int k = 0; k < 2; k++)
            ck_assert(s.is_converged ? fabs(theta[k] / (1 - cos(2 * PI / N)) - 1) < 0.02 : isfinite(theta[k]));
    }
    conceptdec_i_arena_close(&arena);
    conceptdec_ctx_free(ctx);
    drop(&w);
}
END_TEST

/* ---- failures ---- */

static conceptdec_status
work(conceptdec_ctx *ctx, void *argument, void **output)
{
    const network *w = argument;
    conceptdec_i_arena arena;
    bool converged;
    double *x = malloc((size_t)w->graph.n * 16);
    ck_assert_int_eq(conceptdec_i_enter(ctx), CONCEPTDEC_OK);
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = conceptdec_i_spectral(&arena, &w->graph, 2, 0, x, &converged);
    conceptdec_i_arena_close(&arena);
    if (status == CONCEPTDEC_OK)
        *output = x;
    else
        free(x);
    return status;
}

START_TEST(every_allocation_fails_in_turn)
{
    for (int t = 0; t < 2; t++) {
        network w = t ? make(125, 125, cliques) : make(3000, 20, uneven);
        torture_job job = {.threads = 2, .work = work, .free_output = free, .argument = &w};
        ck_assert_int_gt(torture_run(&job), 20);
        drop(&w);
    }
}
END_TEST

typedef struct {
    conceptdec_ctx *ctx;
    int64_t calls, stop_at;
} stopper;

static int32_t
report(void *user, const conceptdec_progress *progress)
{
    stopper *s = user;
    ck_assert(progress->done <= progress->total);
    s->ctx->last_report = INT64_MIN / 2;
    return ++s->calls != s->stop_at;
}

START_TEST(cancelled)
{
    network w = make(9000, 20, uneven);
    double *x = malloc((size_t)w.graph.n * 16);
    stopper s = {0};
    const conceptdec_ctx_options options = {
        .struct_size = sizeof options, .threads = 2, .progress = report, .progress_user = &s};
    ck_assert_int_eq(conceptdec_ctx_new(&options, &s.ctx), CONCEPTDEC_OK);
    int64_t stopped = 0;
    for (s.stop_at = 1;; s.stop_at += 1 + s.stop_at / 4) {
        conceptdec_i_arena arena;
        bool converged;
        s.calls = 0;
        s.ctx->last_report = INT64_MIN / 2;
        conceptdec_i_arena_open(&arena, s.ctx);
        conceptdec_status status = conceptdec_i_spectral(&arena, &w.graph, 2, 0, x, &converged);
        conceptdec_i_arena_close(&arena);
        if (status == CONCEPTDEC_OK)
            break;
        ck_assert_int_eq(status, CONCEPTDEC_ECANCELLED);
        ck_assert_int_eq(s.calls, s.stop_at);
        stopped++;
    }
    ck_assert_int_gt(stopped, 10);
    conceptdec_ctx_free(s.ctx);
    free(x);
    drop(&w);
}
END_TEST

/* ---- memory ---- */

typedef struct purse {
    uint64_t size, most;
} purse;

enum { HEADER = 16 };

static void *
take(void *user, uint64_t size)
{
    purse *p = user;
    char *memory = malloc(size + HEADER);
    ck_assert_ptr_nonnull(memory);
    memcpy(memory, &size, sizeof size);
    p->size += size;
    p->most = p->size > p->most ? p->size : p->most;
    return memory + HEADER;
}

static void
give(void *user, void *memory)
{
    purse *p = user;
    uint64_t size;
    memcpy(&size, (char *)memory - HEADER, sizeof size);
    p->size -= size;
    free((char *)memory - HEADER);
}

static void
run_lanes(void *user, int64_t lanes, void (*body)(void *, int64_t), void *argument)
{
    (void)user;
    for (int64_t lane = 0; lane < lanes; lane++)
        body(argument, lane);
}

static uint64_t
memory_of(const network *w, int32_t threads)
{
    purse p = {0};
    const conceptdec_ctx_options options = {.struct_size = sizeof options,
                                            .allocate = take,
                                            .release = give,
                                            .allocator_user = &p,
                                            .parallel_for = run_lanes,
                                            .threads = threads};
    conceptdec_ctx *ctx;
    void *x = NULL;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    ck_assert_int_eq(work(ctx, (void *)(uintptr_t)w, &x), CONCEPTDEC_OK);
    conceptdec_ctx_free(ctx);
    free(x);
    ck_assert_uint_eq(p.size, 0);
    return p.most;
}

/* It goes with the graph; a thousand threads take a few rows of it more. */
START_TEST(memory_of_many_threads)
{
    network w = make(40000, 6, ring);
    const uint64_t alone = memory_of(&w, 1);
    ck_assert_uint_le(memory_of(&w, 1000), alone + alone / 4);
    drop(&w);
}
END_TEST

START_TEST(small_eigenproblems)
{
    enum { MOST = 40 };
    static double a[MOST * MOST], copy[MOST * MOST], vectors[MOST * MOST], values[MOST];
    for (int64_t n = 1; n <= MOST; n++)
        for (int kind = 0; kind < 3; kind++) {
            for (int64_t i = 0; i < n; i++)
                for (int64_t j = 0; j <= i; j++) {
                    double wave = sin((double)(1 + i * 7 + j * 13) * (double)n);
                    a[i * n + j] = a[j * n + i] = kind == 0   ? wave
                                                  : kind == 1 ? 1
                                                              : (i == j) * ldexp(1, (int)(3 * i % 50));
                }
            memcpy(copy, a, sizeof a);
            conceptdec_i_jacobi(n, a, values, vectors);
            double norm = fmax(fabs(values[0]), fabs(values[n - 1]));
            for (int64_t k = 0; k < n; k++) {
                ck_assert(k == 0 || values[k] >= values[k - 1]);
                for (int64_t i = 0; i < n; i++) {
                    double product = 0, inner = 0;
                    for (int64_t j = 0; j < n; j++) {
                        product += copy[i * n + j] * vectors[k * n + j];
                        inner += vectors[i * n + j] * vectors[k * n + j];
                    }
                    ck_assert_double_eq_tol(product, values[k] * vectors[k * n + i], 1e-13 * norm);
                    ck_assert_double_eq_tol(inner, i == k, 1e-13);
                }
            }
        }
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("spectral");
    TCase *tests = tcase_create("spectral");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, rings);
    tcase_add_test(tests, paths);
    tcase_add_test(tests, two_cliques);
    tcase_add_test(tests, parts_lie_apart);
    tcase_add_test(tests, residuals);
    tcase_add_test(tests, large_and_small_parts);
    tcase_add_test(tests, equal_eigenvalues);
    tcase_add_test(tests, hardly_a_graph);
    tcase_add_test(tests, same_bits);
    tcase_add_test(tests, given_up_at_the_cap);
    tcase_add_test(tests, every_allocation_fails_in_turn);
    tcase_add_test(tests, cancelled);
    tcase_add_test(tests, memory_of_many_threads);
    tcase_add_test(tests, small_eigenproblems);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

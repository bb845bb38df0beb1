/* Neighbour tables against full sorts in float64, bit for bit, on easy and on hostile data. */
#include <check.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <conceptdec/conceptdec.h>

#include "../tools/exact.h"
#include "check_main.h"

static uint64_t state;

static double
uniform(void) /* in [-0.5, 0.5) */
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) * 0x1p-53 - 0.5;
}

/* ---- data ---- */

typedef enum { SMOOTH, LATTICE, COPIES, OFFSET, HEAVY_ROWS, NEAR_COPIES, CONSTANT, TINY, HUGE, SIMPLEX,
               TINY_CLUSTER, TINIER_CLUSTER, VANISHING, KINDS } kind;

static double
value_of(kind k, int64_t i, int64_t j)
{
    switch (k) {
    case LATTICE:
        return floor(3 * (uniform() + 0.5)) - 1;
    case COPIES: /* a third of the rows are one row, the others come in threes */
        state = (uint64_t)((i % 3 == 0 ? 0 : i / 3) * 7919 + j * 104729 + 1);
        return uniform() + uniform();
    case OFFSET:
        return 1e3 + uniform();
    case HEAVY_ROWS:
        return (i % 17 == 0 ? 1e4 : 1) * uniform() + (j == 3 ? 300 : 0);
    case NEAR_COPIES: { /* clusters far smaller than what float can resolve at their distance from the mean */
        double noise = uniform();
        state = (uint64_t)((i % 4) * 7919 + j * 104729 + 1);
        double centre = 64 * uniform();
        state += (uint64_t)i * 2654435761u;
        (void)uniform();
        return centre + 1e-6 * noise;
    }
    case CONSTANT:
        return 2.5;
    case TINY:
        return 1e-220 * uniform();
    case HUGE:
        return 1e220 * uniform();
    case SIMPLEX:
        return i == j;
    case TINY_CLUSTER: /* squared distances that are no normal floats, beside ordinary ones; the mean is zero */
        return i % 3 ? ldexp(uniform(), -105) : j == 0 ? (double)(i / 3 % 2) - 0.5 : 0;
    case TINIER_CLUSTER: /* whose squares vanish in float64 */
        return i % 3 ? ldexp(uniform(), -520) : j == 0 ? (double)(i / 3 % 2) - 0.5 : 0;
    case VANISHING: /* rows that count as zero under cosine, others hardly larger, and true zeros */
        return i % 4 == 3 ? 0 : ldexp(uniform(), i % 4 == 0 ? -1030 : -990);
    default:
        return uniform() + uniform() + 0.2 * (double)(i % 5) * (double)(j % 3);
    }
}

static double *
make_data(kind k, int64_t n, int64_t d)
{
    double *x = malloc((size_t)(n * d) * sizeof *x);
    state = (uint64_t)(n * 31 + d);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < d; j++) {
            uint64_t saved = state;
            x[i * d + j] = value_of(k, i, j);
            if (k == COPIES || k == NEAR_COPIES)
                state = saved * 6364136223846793005u + 12345;
        }
    return x;
}

/* Rounds data to a dtype and stores it so; the doubles are changed to what is stored. */
static void *
store(double *x, int64_t count, int32_t dtype)
{
    if (dtype == CONCEPTDEC_FLOAT64) {
        double *out = malloc((size_t)count * sizeof *out);
        memcpy(out, x, (size_t)count * sizeof *out);
        return out;
    }
    if (dtype == CONCEPTDEC_FLOAT32) {
        float *out = malloc((size_t)count * sizeof *out);
        for (int64_t i = 0; i < count; i++)
            x[i] = (double)(out[i] = (float)x[i]);
        return out;
    }
    uint16_t *out = malloc((size_t)count * sizeof *out); /* bfloat16: the upper half of a float */
    for (int64_t i = 0; i < count; i++) {
        float f = (float)x[i];
        uint32_t bits;
        memcpy(&bits, &f, 4);
        bits &= 0xffff0000u;
        out[i] = (uint16_t)(bits >> 16);
        memcpy(&f, &bits, 4);
        x[i] = (double)f;
    }
    return out;
}

static int64_t
size_of(int32_t dtype)
{
    return dtype == CONCEPTDEC_FLOAT64 ? 8 : dtype == CONCEPTDEC_FLOAT32 ? 4 : 2;
}

static conceptdec_matrix
view_of(const void *data, int64_t n, int64_t d, int32_t dtype)
{
    int64_t size = size_of(dtype);
    return (conceptdec_matrix){
        .data = data, .rows = n, .cols = d, .row_stride = d * size, .col_stride = size, .dtype = dtype};
}

static conceptdec_matrix
codes_view(const int64_t *codes, int64_t n)
{
    return (conceptdec_matrix){
        .data = codes, .rows = n, .cols = 1, .row_stride = 8, .col_stride = 8, .dtype = CONCEPTDEC_INT64};
}

/* CONCEPTDEC_SCREENING_* of the case that runs. */
static uint32_t screening;

static conceptdec_ctx *
make_ctx(int32_t threads, uint32_t mask)
{
    conceptdec_ctx_options o = {
        .struct_size = sizeof o, .threads = threads, .kernel_mask = mask, .screening = screening};
    conceptdec_ctx *ctx = NULL;
    ck_assert_int_eq(conceptdec_ctx_new(&o, &ctx), CONCEPTDEC_OK);
    return ctx;
}

/* ---- comparison ---- */

static const void *
array_of(const conceptdec_neighbors *t, const char *name)
{
    conceptdec_array a;
    ck_assert_int_eq(conceptdec_neighbors_get(t, name, &a), CONCEPTDEC_OK);
    return a.data;
}

static void
compare_row(const conceptdec_neighbors *t, int64_t q, int64_t k, const exact_neighbour *want, int64_t eligible)
{
    const int64_t *indices = (const int64_t *)array_of(t, CONCEPTDEC_N_INDICES) + q * k;
    const double *distances = (const double *)array_of(t, CONCEPTDEC_N_DISTANCES) + q * k;
    int64_t count = eligible < k ? eligible : k, ties = 0;
    while (count > 0 && count + ties < eligible && want[count + ties].key == want[count - 1].key)
        ties++;
    ck_assert_int_eq(((const int64_t *)array_of(t, CONCEPTDEC_N_COUNT))[q], count);
    ck_assert_int_eq(((const int64_t *)array_of(t, CONCEPTDEC_N_TIES))[q], ties);
    for (int64_t i = 0; i < k; i++) {
        if (i >= count) {
            ck_assert(indices[i] == -1 && isnan(distances[i]));
            continue;
        }
        ck_assert_msg(indices[i] == want[i].row && distances[i] == want[i].distance,
                      "query %lld rank %lld: row %lld at %.17g, should be row %lld at %.17g", (long long)q,
                      (long long)i, (long long)indices[i], distances[i], (long long)want[i].row, want[i].distance);
    }
    int64_t *rows = malloc((size_t)(count + ties + 1) * sizeof *rows), found;
    ck_assert_int_eq(conceptdec_neighbors_row(t, q, count + ties, rows, NULL, &found), CONCEPTDEC_OK);
    ck_assert_int_eq(found, count + ties);
    for (int64_t i = 0; i < found; i++)
        ck_assert_int_eq(rows[i], want[i].row);
    free(rows);
}

static void
compare(const conceptdec_neighbors *t, const exact_case *c, int64_t k)
{
    exact_neighbour *want = malloc((size_t)c->n * sizeof *want);
    int64_t queries = c->queries ? c->n_queries : c->n;
    double *of_rows = exact_factors(c, c->x, c->n);
    double *of_queries = exact_factors(c, c->queries ? c->queries : c->x, queries);
    for (int64_t q = 0; q < queries; q++)
        compare_row(t, q, k, want, exact_row(c, of_rows, of_queries, q, want));
    free(of_queries);
    free(of_rows);
    free(want);
}

static void
check_self(conceptdec_ctx *ctx, kind data, int64_t n, int64_t d, int64_t k, int32_t dtype, int32_t metric,
           const int64_t *group)
{
    double *x = make_data(data, n, d);
    void *stored = store(x, n * d, dtype);
    conceptdec_matrix view = view_of(stored, n, d, dtype), groups = codes_view(group, n);
    conceptdec_neighbors_options o = {
        .struct_size = sizeof o, .k = k, .metric = metric, .groups = group ? &groups : NULL};
    conceptdec_neighbors *t = NULL;
    ck_assert_msg(conceptdec_neighbors_new(ctx, &view, NULL, &o, &t) == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(ctx));
    double scale = data == TINY ? 0x1p700 : data == HUGE ? 0x1p-732 : data == VANISHING ? 0x1p991 : 1;
    scale = dtype == CONCEPTDEC_FLOAT64 ? scale : 1;
    exact_case c = {.x = x, .n = n, .d = d, .group = group, .cosine = metric, .scale = scale};
    compare(t, &c, k);
    conceptdec_neighbors_free(t);
    free(stored);
    free(x);
}

/* ---- tests ---- */

START_TEST(test_every_data_every_kernel)
{
    static const uint32_t masks[] = {
        CONCEPTDEC_KERNEL_PORTABLE, CONCEPTDEC_KERNEL_AVX2 | CONCEPTDEC_KERNEL_AVXVNNI,
        CONCEPTDEC_KERNEL_AVX512, CONCEPTDEC_KERNEL_AVX512 | CONCEPTDEC_KERNEL_AVX512VNNI};
    conceptdec_ctx *ctx = make_ctx(2, masks[_i]);
    for (int data = 0; data < KINDS; data++)
        for (int32_t metric = 0; metric <= 1; metric++) {
            if (data != TINY && data != HUGE)
                check_self(ctx, (kind)data, 317, 23, 10, CONCEPTDEC_FLOAT32, metric, NULL);
            check_self(ctx, (kind)data, 150, 37, 7, CONCEPTDEC_FLOAT64, metric, NULL);
        }
    check_self(ctx, TINY_CLUSTER, 600, 4, 3, CONCEPTDEC_FLOAT32, 0, NULL); /* so many that lists overflow */
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(test_shapes)
{
    static const int64_t n[] = {2, 3, 17, 257, 390}, d[] = {1, 2, 16, 385, 801};
    conceptdec_ctx *ctx = make_ctx(2, 0);
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 5; j++) {
            int64_t most = n[i] - 1;
            check_self(ctx, SMOOTH, n[i], d[j], 1, CONCEPTDEC_FLOAT32, 0, NULL);
            check_self(ctx, SMOOTH, n[i], d[j], most < 100 ? most : 100, CONCEPTDEC_BFLOAT16, j % 2, NULL);
            check_self(ctx, LATTICE, n[i], d[j], most < 30 ? most : 30, CONCEPTDEC_FLOAT64, j % 2, NULL);
        }
    check_self(ctx, SMOOTH, 300, 8, 299, CONCEPTDEC_FLOAT32, 0, NULL);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* More than one super-block and several tiles a side. */
START_TEST(test_large)
{
    conceptdec_ctx *ctx = make_ctx(2, 0);
    check_self(ctx, SMOOTH, 1500, 3, 10, CONCEPTDEC_FLOAT32, 0, NULL);
    check_self(ctx, SMOOTH, 260, 16384, 3, CONCEPTDEC_BFLOAT16, 0, NULL);
    conceptdec_ctx_free(ctx);
}
END_TEST

static int64_t *
make_groups(int64_t n, int64_t groups)
{
    int64_t *g = malloc((size_t)n * sizeof *g);
    state = 99;
    for (int64_t i = 0; i < n; i++)
        g[i] = (int64_t)((uniform() + 0.5) * (double)groups) * 1000003 - 5;
    return g;
}

START_TEST(test_groups)
{
    static const kind data[] = {SMOOTH, LATTICE, COPIES, CONSTANT, NEAR_COPIES};
    conceptdec_ctx *ctx = make_ctx(2, 0);
    for (int i = 0; i < 5; i++)
        for (int64_t groups = 2; groups < 200; groups *= 7) {
            int64_t *g = make_groups(350, groups);
            check_self(ctx, data[i], 350, 4, 10, CONCEPTDEC_FLOAT32, i % 2, g);
            check_self(ctx, data[i], 350, 2, 340, CONCEPTDEC_FLOAT64, 0, g);
            free(g);
        }
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(test_queries)
{
    static const kind data[] = {SMOOTH, LATTICE, COPIES};
    enum { N = 290, Q = 120, D = 5 };
    conceptdec_ctx *ctx = make_ctx(2, 0);
    int64_t *g = make_groups(N, 6), *gq = make_groups(Q, 8);
    for (int i = 0; i < 12; i++) {
        int32_t metric = (i / 3) % 2;
        bool grouped = i >= 6;
        double *x = make_data(data[i % 3], N, D), *q = make_data(data[i % 3], Q, D);
        void *xs = store(x, N * D, CONCEPTDEC_FLOAT32), *qs = store(q, Q * D, CONCEPTDEC_BFLOAT16);
        conceptdec_matrix vx = view_of(xs, N, D, CONCEPTDEC_FLOAT32), vq = view_of(qs, Q, D, CONCEPTDEC_BFLOAT16);
        conceptdec_matrix groups = codes_view(g, N), query_groups = codes_view(gq, Q);
        conceptdec_neighbors_options o = {.struct_size = sizeof o, .k = 9, .metric = metric};
        if (grouped) {
            o.groups = &groups;
            o.query_groups = &query_groups;
        }
        conceptdec_neighbors *t = NULL;
        ck_assert_int_eq(conceptdec_neighbors_new(ctx, &vx, &vq, &o, &t), CONCEPTDEC_OK);
        exact_case c = {.x = x, .n = N, .d = D, .queries = q, .n_queries = Q, .cosine = metric, .scale = 1,
                        .group = grouped ? g : NULL, .query_group = gq};
        compare(t, &c, 9);
        conceptdec_neighbors_free(t);
        free(x);
        free(q);
        free(xs);
        free(qs);
    }
    free(g);
    free(gq);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* The same numbers through reversed, broadcast, transposed and misaligned views, for any number of threads. */
START_TEST(test_views_and_threads)
{
    enum { N = 530, D = 19, K = 12 };
    double *x = make_data(SMOOTH, N, D);
    float *packed = store(x, N * D, CONCEPTDEC_FLOAT32);
    char *raw = malloc(4 * (2 * N * D + 8) + 1);
    for (int64_t i = 0; i < N; i++)
        for (int64_t j = 0; j < D; j++)
            memcpy(raw + 1 + 4 * (2 * (N * (D - 1 - j) + i)), &packed[i * D + j], 4);
    conceptdec_matrix strange = {.data = raw + 1 + 8 * N * (D - 1), .rows = N, .cols = D, .row_stride = 8,
                                 .col_stride = -8 * N, .dtype = CONCEPTDEC_FLOAT32};
    conceptdec_matrix plain = view_of(packed, N, D, CONCEPTDEC_FLOAT32);
    static const int32_t threads[] = {1, 2, 3, 5, 16};
    exact_case c = {.x = x, .n = N, .d = D, .scale = 1};
    for (int i = 0; i < 5; i++)
        for (int s = 0; s < 2; s++) {
            conceptdec_ctx *ctx = make_ctx(threads[i], 0);
            conceptdec_neighbors_options o = {.struct_size = sizeof o, .k = K};
            conceptdec_neighbors *t = NULL;
            ck_assert_int_eq(conceptdec_neighbors_new(ctx, s ? &strange : &plain, NULL, &o, &t), CONCEPTDEC_OK);
            conceptdec_ctx_free(ctx);
            compare(t, &c, K);
            conceptdec_neighbors_free(t);
        }
    free(raw);
    free(packed);
    free(x);
}
END_TEST

START_TEST(test_bad_input)
{
    float x[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    int64_t g[6] = {1, 1, 1, 1, 1, 1};
    conceptdec_ctx *ctx = make_ctx(1, 0);
    conceptdec_matrix good = view_of(x, 6, 2, CONCEPTDEC_FLOAT32), bad = good, groups = codes_view(g, 6);
    conceptdec_neighbors *t = (conceptdec_neighbors *)x;
    conceptdec_neighbors_options o = {.struct_size = sizeof o};
#define REFUSED(status, text, x_, o_)                                                                                  \
    do {                                                                                                               \
        ck_assert_int_eq(conceptdec_neighbors_new(ctx, x_, NULL, o_, &t), status);                                     \
        ck_assert_msg(strstr(conceptdec_ctx_error(ctx), text) != NULL, "%s", conceptdec_ctx_error(ctx));               \
        ck_assert_ptr_eq(t, (conceptdec_neighbors *)x);                                                                \
    } while (0)
    REFUSED(CONCEPTDEC_ENULL, "x", NULL, &o);
    o.k = 6;
    REFUSED(CONCEPTDEC_EK, "k: 6 is not in 1..5", &good, &o);
    o.k = -1;
    REFUSED(CONCEPTDEC_EK, "k: -1", &good, &o);
    o.k = 0;
    o.given = 1;
    REFUSED(CONCEPTDEC_EK, "k: 0", &good, &o);
    o.given = 32;
    REFUSED(CONCEPTDEC_ESTRUCT_TAIL, "given", &good, &o);
    o.given = 0;
    o.k = 2;
    o.metric = 7;
    REFUSED(CONCEPTDEC_EINVAL, "metric: 7", &good, &o);
    o.metric = 0;
    o.flags = 8;
    REFUSED(CONCEPTDEC_ERESERVED, "flags", &good, &o);
    o.flags = 0;
    o.struct_size = 8;
    REFUSED(CONCEPTDEC_ESTRUCT_SIZE, "struct_size", &good, &o);
    o.struct_size = sizeof o;
    o.groups = &groups;
    REFUSED(CONCEPTDEC_EGROUPS, "groups", &good, &o);
    o.groups = NULL;
    bad.rows = 1;
    REFUSED(CONCEPTDEC_ETOOFEW, "x: 1 row", &bad, &o);
    bad = good;
    for (int i = 0; i < 12; i++)
        for (int v = 0; v < 3; v++) {
            float saved = x[i];
            char place[64];
            x[i] = v == 0 ? NAN : v == 1 ? INFINITY : -INFINITY;
            (void)snprintf(place, sizeof place, "x: non-finite value at row %d, column %d", i / 2, i % 2);
            REFUSED(CONCEPTDEC_ENONFINITE, place, &good, &o);
            x[i] = saved;
        }
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(test_strict_and_short_rows)
{
    double x[5] = {0, 1, 2, 3, 4};
    int64_t g[5] = {1, 1, 1, 2, 2};
    conceptdec_ctx *ctx = make_ctx(1, 0);
    conceptdec_matrix v = view_of(x, 5, 1, CONCEPTDEC_FLOAT64), groups = codes_view(g, 5);
    conceptdec_neighbors_options o = {.struct_size = sizeof o, .k = 3, .groups = &groups};
    conceptdec_neighbors *t = NULL;
    ck_assert_int_eq(conceptdec_neighbors_new(ctx, &v, NULL, &o, &t), CONCEPTDEC_OK);
    ck_assert_int_eq(((const int64_t *)array_of(t, CONCEPTDEC_N_COUNT))[0], 2);
    ck_assert_int_eq(((const int64_t *)array_of(t, CONCEPTDEC_N_COUNT))[3], 3);
    conceptdec_neighbors_free(t);
    o.flags = CONCEPTDEC_NEIGHBORS_STRICT;
    ck_assert_int_eq(conceptdec_neighbors_new(ctx, &v, NULL, &o, &t), CONCEPTDEC_EFEWELIGIBLE);
    ck_assert_ptr_nonnull(strstr(conceptdec_ctx_error(ctx), "row 0 has 2 eligible neighbours, fewer than 3"));
    conceptdec_ctx_free(ctx);
}
END_TEST

/* ---- files ---- */

static void
file_name(char *path, size_t size)
{
    const char *folder = getenv("TMPDIR");
    (void)snprintf(path, size, "%s/conceptdec-test-%ld.table", folder ? folder : "/tmp", (long)getpid());
}

static size_t
read_file(const char *path, unsigned char *data, size_t size)
{
    FILE *f = fopen(path, "rb");
    ck_assert_ptr_nonnull(f);
    size_t got = fread(data, 1, size, f);
    (void)fclose(f);
    return got;
}

static void
write_file(const char *path, const unsigned char *data, size_t size)
{
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(data, 1, size, f), size);
    (void)fclose(f);
}

static int64_t
number_of(const conceptdec_neighbors *t, const char *name)
{
    conceptdec_array number = {.ndim = 9};
    ck_assert_int_eq(conceptdec_neighbors_get(t, name, &number), CONCEPTDEC_OK);
    ck_assert_int_eq(number.ndim, 0);
    ck_assert_int_eq(number.dtype, CONCEPTDEC_INT64);
    return *(const int64_t *)number.data;
}

/* Every screening on request, the next wider one where it is too loose for the data. */
START_TEST(test_how_it_was_found)
{
    enum { N = 600, D = 16 };
    static float loose[N * 6];
    double *x = make_data(SMOOTH, N, D);
    conceptdec_matrix v = view_of(x, N, D, CONCEPTDEC_FLOAT64), w = view_of(loose, N, 6, CONCEPTDEC_FLOAT32);
    conceptdec_neighbors_options o = {.struct_size = sizeof o, .k = 5};
    for (int i = 0; i < N * 6; i++)
        loose[i] = (float)((i / 6 % 2 ? 1000 : -1000) + 1e-3 * (i * 7919 % 1009));
    for (uint32_t asked = CONCEPTDEC_SCREENING_INT8; asked <= CONCEPTDEC_SCREENING_FLOAT64; asked++) {
        conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = 2, .screening = asked};
        conceptdec_ctx *ctx;
        conceptdec_neighbors *t = NULL, *u = NULL;
        ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
        ck_assert_int_eq(conceptdec_neighbors_new(ctx, &v, NULL, &o, &t), CONCEPTDEC_OK);
        ck_assert_int_eq(conceptdec_neighbors_new(ctx, &w, NULL, &o, &u), CONCEPTDEC_OK);
        ck_assert_int_eq(number_of(t, CONCEPTDEC_N_SCREENING), asked);
        ck_assert_int_ge(number_of(t, CONCEPTDEC_N_N_REFINED), N * 5 / 2);
        ck_assert_int_ge(number_of(u, CONCEPTDEC_N_SCREENING), asked);
        conceptdec_neighbors_free(t);
        conceptdec_neighbors_free(u);
        conceptdec_ctx_free(ctx);
    }
    free(x);
}
END_TEST

START_TEST(test_save_and_load)
{
    enum { N = 90, D = 3, K = 6 };
    char path[512];
    file_name(path, sizeof path);
    conceptdec_ctx *ctx = make_ctx(1, 0);
    int64_t *g = make_groups(N, 5);
    for (int grouped = 0; grouped <= 1; grouped++) {
        double *x = make_data(LATTICE, N, D);
        conceptdec_matrix v = view_of(x, N, D, CONCEPTDEC_FLOAT64), groups = codes_view(g, N);
        conceptdec_neighbors_options o = {
            .struct_size = sizeof o, .k = K, .metric = grouped, .groups = grouped ? &groups : NULL};
        conceptdec_neighbors *t = NULL, *back = NULL;
        ck_assert_int_eq(conceptdec_neighbors_new(ctx, &v, NULL, &o, &t), CONCEPTDEC_OK);
        ck_assert_int_eq(conceptdec_neighbors_save(ctx, t, path), CONCEPTDEC_OK);
        ck_assert_msg(conceptdec_neighbors_load(ctx, path, &back) == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(ctx));
        exact_case c = {.x = x, .n = N, .d = D, .group = grouped ? g : NULL, .cosine = grouped, .scale = 1};
        compare(back, &c, K);
        ck_assert_int_eq(number_of(back, CONCEPTDEC_N_SCREENING) + number_of(back, CONCEPTDEC_N_N_REFINED), 0);
        conceptdec_neighbors_free(t);
        conceptdec_neighbors_free(back);
        free(x);
    }
    (void)remove(path);
    ck_assert_int_eq(conceptdec_neighbors_load(ctx, path, NULL), CONCEPTDEC_ENULL);
    conceptdec_neighbors *none = NULL;
    ck_assert_int_eq(conceptdec_neighbors_load(ctx, path, &none), CONCEPTDEC_EIO);
    free(g);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* A table of another matrix: rows would be searched anew in the wrong one. */
START_TEST(test_other_matrix)
{
    enum { N = 60, D = 3 };
    double *x = make_data(SMOOTH, N, D);
    int64_t y[N];
    for (int i = 0; i < N; i++)
        y[i] = i % 2;
    conceptdec_ctx *ctx = make_ctx(1, 0);
    conceptdec_matrix v = view_of(x, N, D, CONCEPTDEC_FLOAT64), labels = codes_view(y, N);
    conceptdec_neighbors_options o = {.struct_size = sizeof o, .k = 5};
    conceptdec_knn_options deeper = {.struct_size = sizeof deeper, .k = 9};
    conceptdec_neighbors *t = NULL;
    conceptdec_result *r = NULL;
    ck_assert_int_eq(conceptdec_neighbors_new(ctx, &v, NULL, &o, &t), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_knn_decodability_neighbors(ctx, t, &v, &labels, &deeper, &r), CONCEPTDEC_OK);
    conceptdec_result_free(r);
    r = NULL;
    x[(N - 1) * D + 1] += 1e-9;
    ck_assert_int_eq(conceptdec_knn_decodability_neighbors(ctx, t, &v, &labels, &deeper, &r), CONCEPTDEC_EINVAL);
    ck_assert_ptr_nonnull(strstr(conceptdec_ctx_error(ctx), "x: holds other values"));
    ck_assert_ptr_null(r);
    conceptdec_neighbors_free(t);
    conceptdec_ctx_free(ctx);
    free(x);
}
END_TEST

/* Every byte flipped, every length cut: refused, never a crash, nothing handed out. */
START_TEST(test_damaged_files)
{
    enum { N = 12, D = 2, K = 3 };
    char path[512];
    unsigned char *data = malloc(1 << 16);
    file_name(path, sizeof path);
    conceptdec_ctx *ctx = make_ctx(1, 0);
    double *x = make_data(LATTICE, N, D);
    conceptdec_matrix v = view_of(x, N, D, CONCEPTDEC_FLOAT64);
    conceptdec_neighbors_options o = {.struct_size = sizeof o, .k = K};
    conceptdec_neighbors *t = NULL, *none = NULL;
    ck_assert_int_eq(conceptdec_neighbors_new(ctx, &v, NULL, &o, &t), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_neighbors_save(ctx, t, path), CONCEPTDEC_OK);
    size_t size = read_file(path, data, 1 << 16);
    for (size_t i = 0; i < size; i++) {
        data[i] ^= (unsigned char)(1u << (i % 8));
        write_file(path, data, size);
        ck_assert_int_eq(conceptdec_neighbors_load(ctx, path, &none), CONCEPTDEC_EFORMAT);
        data[i] ^= (unsigned char)(1u << (i % 8));
    }
    for (size_t cut = 0; cut < size; cut += 5) {
        write_file(path, data, cut);
        ck_assert_int_eq(conceptdec_neighbors_load(ctx, path, &none), CONCEPTDEC_EFORMAT);
    }
    ck_assert_ptr_null(none);
    (void)remove(path);
    conceptdec_neighbors_free(t);
    conceptdec_ctx_free(ctx);
    free(data);
    free(x);
}
END_TEST

static void
screen_by_any(void)
{
    screening = CONCEPTDEC_SCREENING_AUTO;
}

static void
screen_by_int8(void)
{
    screening = CONCEPTDEC_SCREENING_INT8;
}

static void
screen_by_float32(void)
{
    screening = CONCEPTDEC_SCREENING_FLOAT32;
}

static void
screen_by_float64(void)
{
    screening = CONCEPTDEC_SCREENING_FLOAT64;
}

/* What must not depend on the products that screen: all of it with int8 and with whatever is chosen, all kinds of data
 * with the others. */
static void
add_tables(Suite *s, const char *name, SFun screen, bool all)
{
    TCase *c = tcase_create(name);
    tcase_set_timeout(c, 240);
    tcase_add_checked_fixture(c, screen, NULL);
    tcase_add_loop_test(c, test_every_data_every_kernel, all ? 0 : 3, 4);
    if (all) {
        tcase_add_test(c, test_shapes);
        tcase_add_test(c, test_groups);
        tcase_add_test(c, test_queries);
    }
    suite_add_tcase(s, c);
}

static Suite *
neighbors_suite(void)
{
    Suite *s = suite_create("neighbors");
    add_tables(s, "int8", screen_by_int8, true);
    add_tables(s, "float32", screen_by_float32, false);
    add_tables(s, "float64", screen_by_float64, false);
    add_tables(s, "any", screen_by_any, true);
    TCase *c = tcase_create("tables");
    tcase_set_timeout(c, 120);
    tcase_add_test(c, test_large);
    tcase_add_test(c, test_views_and_threads);
    tcase_add_test(c, test_bad_input);
    tcase_add_test(c, test_strict_and_short_rows);
    tcase_add_test(c, test_how_it_was_found);
    tcase_add_test(c, test_save_and_load);
    tcase_add_test(c, test_other_matrix);
    tcase_add_test(c, test_damaged_files);
    suite_add_tcase(s, c);
    return s;
}

CHECK_MAIN(neighbors_suite)

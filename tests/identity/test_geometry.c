/* Geometry: the same in two ways, and unchanged by what must not matter. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <conceptdec/conceptdec.h>

#include "check_main.h"

enum { N = 430, D = 24, C = 5, WIDE_N = 40, MOST = 64 };

#define NO_FIT CONCEPTDEC_GEOMETRY_NO_PROBE

/* What one call gives; arrays copied one behind the other. */
typedef struct {
    int count;
    char names[MOST][40];
    int64_t length[MOST];
    double values[MOST][600];
} picture;

static double x[N * D], y[N * D];
static int32_t labels[N], others[N];
static uint64_t state;
static picture first, second;

static double
normal(void)
{
    double sum = 0;
    for (int i = 0; i < 12; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        sum += (double)(state >> 11) * 0x1p-53;
    }
    return sum - 6;
}

/* Five classes of unequal sizes and spreads; some rows of none. */
static void
fill(uint64_t seed)
{
    static double means[C * D];
    state = seed;
    for (int i = 0; i < C * D; i++)
        means[i] = normal();
    for (int i = 0; i < N; i++) {
        labels[i] = i % 13 == 12 ? -1 : (i * i + i / 7) % C;
        for (int j = 0; j < D; j++)
            x[i * D + j] = 3 + means[(labels[i] > 0 ? labels[i] : 0) * D + j] + normal() * (1 + labels[i]) / (1 + j);
    }
}

static conceptdec_matrix
view_of(const void *data, int64_t n, int64_t d, int32_t dtype)
{
    int64_t size = dtype == CONCEPTDEC_FLOAT64 ? 8 : dtype == CONCEPTDEC_FLOAT32 ? 4 : 2;
    return (conceptdec_matrix){
        .data = data, .rows = n, .cols = d, .row_stride = size * d, .col_stride = size, .dtype = dtype};
}

static void
look(const conceptdec_result *r, picture *p)
{
    memset(p, 0, sizeof *p);
    for (int64_t i = 0; i < conceptdec_result_count(r); i++) {
        conceptdec_array a;
        const char *name = conceptdec_result_name(r, i);
        ck_assert_int_eq(conceptdec_result_get(r, name, &a), CONCEPTDEC_OK);
        strncpy(p->names[p->count], name, 39);
        int64_t length = 1;
        for (int k = 0; k < a.ndim; k++)
            length *= a.shape[k];
        ck_assert(length <= 600 && p->count < MOST);
        for (int64_t k = 0; k < length; k++)
            p->values[p->count][k] =
                a.dtype == CONCEPTDEC_INT64 ? (double)((const int64_t *)a.data)[k] : ((const double *)a.data)[k];
        p->length[p->count++] = length;
    }
}

static void
measure(int threads, const conceptdec_matrix *vx, const int32_t *given, const conceptdec_geometry_options *o,
        picture *p)
{
    const conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = threads};
    const conceptdec_matrix vy = {
        .data = given, .rows = vx->rows, .cols = 1, .row_stride = 4, .col_stride = 4, .dtype = CONCEPTDEC_INT32};
    conceptdec_ctx *ctx = NULL;
    conceptdec_result *r = NULL;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    ck_assert_msg(conceptdec_geometry(ctx, vx, given ? &vy : NULL, o, &r) == CONCEPTDEC_OK, "%s",
                  conceptdec_ctx_error(ctx));
    look(r, p);
    conceptdec_result_free(r);
    conceptdec_ctx_free(ctx);
}

/* list: names with blanks around each. */
static bool
is_one_of(const char *name, const char *list)
{
    char word[48];
    snprintf(word, sizeof word, " %s ", name);
    return strstr(list, word) != NULL;
}

/* All arrays but those of `changed`, which must differ; to `tolerance` of the larger. */
static void
same(const picture *a, const picture *b, double tolerance, const char *changed)
{
    ck_assert_int_eq(a->count, b->count);
    for (int i = 0; i < a->count; i++) {
        ck_assert_str_eq(a->names[i], b->names[i]);
        bool is_same = true;
        for (int64_t k = 0; k < a->length[i]; k++) {
            double u = a->values[i][k], v = b->values[i][k];
            bool is_near = (isnan(u) && isnan(v)) || fabs(u - v) <= tolerance * fmax(1, fmax(fabs(u), fabs(v)));
            is_same &= is_near;
            ck_assert_msg(is_near || is_one_of(a->names[i], changed), "%s[%d]: %.17g and %.17g", a->names[i], (int)k, u,
                          v);
        }
        ck_assert_msg(!is_same || !is_one_of(a->names[i], changed), "%s has not changed", a->names[i]);
    }
}

static const double *
values_of(const picture *p, const char *name)
{
    for (int i = 0; i < p->count; i++)
        if (strcmp(p->names[i], name) == 0)
            return p->values[i];
    ck_abort_msg("%s is not there", name);
    return NULL;
}

static const conceptdec_geometry_options plain = {.struct_size = sizeof plain, .flags = NO_FIT};

/* ---- what must not matter ---- */

START_TEST(threads)
{
    static const int counts[] = {2, 3, 5};
    conceptdec_geometry_options o = {.struct_size = sizeof o, .references = 1};
    o.metric = _i;
    fill(1);
    const conceptdec_matrix vx = view_of(x, N, D, CONCEPTDEC_FLOAT64);
    measure(1, &vx, labels, &o, &first);
    for (int i = 0; i < 3; i++) {
        measure(counts[i], &vx, labels, &o, &second);
        ck_assert_mem_eq(&first, &second, sizeof first);
    }
}
END_TEST

static int32_t
read_rows(void *user, int64_t from, int64_t count, void *rows)
{
    memcpy(rows, (const float *)user + from * D, (size_t)(count * D) * sizeof(float));
    return 0;
}

/* Floats of 8 digits dense, as a reader, column by column, backwards, as bfloat16, and widened to float64. */
START_TEST(layouts)
{
    static float rows[N * D], turned[D * N], reversed[N * D];
    static uint16_t halves[N * D];
    const conceptdec_geometry_options o = {.struct_size = sizeof o, .metric = _i};
    fill(2);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < D; j++) {
            float value = (float)x[i * D + j];
            uint32_t bits;
            memcpy(&bits, &value, sizeof bits);
            halves[i * D + j] = (uint16_t)(bits >> 16);
            bits &= 0xffff0000u;
            memcpy(&value, &bits, sizeof bits);
            rows[i * D + j] = turned[j * N + i] = reversed[(N - 1 - i) * D + D - 1 - j] = value;
            y[i * D + j] = value;
        }
    const conceptdec_reader reader = {.struct_size = sizeof reader, .read = read_rows, .user = rows};
    conceptdec_matrix views[] = {view_of(rows, N, D, CONCEPTDEC_FLOAT32),
                                 view_of(turned, N, D, CONCEPTDEC_FLOAT32),
                                 view_of(reversed + N * D - 1, N, D, CONCEPTDEC_FLOAT32),
                                 view_of(&reader, N, D, CONCEPTDEC_FLOAT32),
                                 view_of(halves, N, D, CONCEPTDEC_BFLOAT16),
                                 view_of(y, N, D, CONCEPTDEC_FLOAT64)};
    views[1].row_stride = 4;
    views[1].col_stride = 4 * N;
    views[2].row_stride = -4 * D;
    views[2].col_stride = -4;
    views[3].flags = CONCEPTDEC_MATRIX_READER;
    views[3].row_stride = views[3].col_stride = 0;
    measure(2, &views[0], labels, &o, &first);
    for (int i = 1; i < 4; i++) {
        measure(2, &views[i], labels, &o, &second);
        same(&first, &second, 0, "");
    }
    for (int i = 4; i < 6; i++) {
        measure(2, &views[i], labels, &o, &second);
        same(&first, &second, 1e-9, "");
    }
}
END_TEST

/* Householder: y = x - 2 (x u) u. */
static void
reflect(void)
{
    double u[D], square = 0;
    for (int j = 0; j < D; j++) {
        u[j] = normal();
        square += u[j] * u[j];
    }
    for (int i = 0; i < N; i++) {
        double product = 0;
        for (int j = 0; j < D; j++)
            product += x[i * D + j] * u[j];
        for (int j = 0; j < D; j++)
            y[i * D + j] = x[i * D + j] - 2 * product / square * u[j];
    }
}

START_TEST(rotation)
{
    conceptdec_geometry_options o = {.struct_size = sizeof o, .metric = _i};
    fill(3);
    reflect();
    const conceptdec_matrix vx = view_of(x, N, D, CONCEPTDEC_FLOAT64), vy = view_of(y, N, D, CONCEPTDEC_FLOAT64);
    measure(2, &vx, labels, &o, &first);
    measure(2, &vy, labels, &o, &second);
    same(&first, &second, 1e-8, "");
}
END_TEST

START_TEST(translation)
{
    fill(4);
    for (int i = 0; i < N * D; i++)
        y[i] = x[i] + (i % D) * 1000;
    const conceptdec_matrix vx = view_of(x, N, D, CONCEPTDEC_FLOAT64), vy = view_of(y, N, D, CONCEPTDEC_FLOAT64);
    measure(2, &vx, labels, &plain, &first);
    measure(2, &vy, labels, &plain, &second);
    same(&first, &second, 1e-8, " rank_me anisotropy ");
}
END_TEST

/* Powers of two change no bit but of what has units. */
START_TEST(scale)
{
    static const int exponents[] = {3, -500, 500, -505, 490};
    conceptdec_geometry_options o = plain;
    o.metric = _i % 2;
    fill(5);
    for (int i = 0; i < N * D; i++)
        y[i] = ldexp(x[i], exponents[_i]);
    const conceptdec_matrix vx = view_of(x, N, D, CONCEPTDEC_FLOAT64), vy = view_of(y, N, D, CONCEPTDEC_FLOAT64);
    measure(2, &vx, labels, &o, &first);
    measure(2, &vy, labels, &o, &second);
    for (int i = 0; i < second.count; i++)
        for (int64_t k = 0; k < second.length[i] && is_one_of(second.names[i], " spectrum total_variance "); k++)
            second.values[i][k] = ldexp(second.values[i][k], -2 * exponents[_i]);
    same(&first, &second, 0, "");
}
END_TEST

/* Decimation draws by row; hubness of these rows has no ties. */
START_TEST(order_of_rows)
{
    conceptdec_geometry_options o = plain;
    o.flags |= CONCEPTDEC_GEOMETRY_NO_CURVE;
    o.metric = _i;
    fill(6);
    for (int i = 0; i < N; i++) {
        int from = (i * 77 + 5) % N;
        others[i] = labels[from];
        memcpy(y + i * D, x + from * D, D * sizeof *y);
    }
    const conceptdec_matrix vx = view_of(x, N, D, CONCEPTDEC_FLOAT64), vy = view_of(y, N, D, CONCEPTDEC_FLOAT64);
    measure(2, &vx, labels, &o, &first);
    measure(2, &vy, others, &o, &second);
    same(&first, &second, 1e-10, "");
    ck_assert(values_of(&first, "twonn_ml")[0] >= values_of(&second, "twonn_ml")[0] &&
              values_of(&first, "twonn_ml")[0] <= values_of(&second, "twonn_ml")[0]);
}
END_TEST

START_TEST(numbering_of_labels)
{
    static const int32_t number[] = {3, 0, 4, 1, 2};
    static const char per_class[] = " class_count silhouette_per_concept participation_per_concept ";
    fill(7);
    for (int i = 0; i < N; i++)
        others[i] = labels[i] < 0 ? -1 : number[labels[i]];
    const conceptdec_geometry_options o = {.struct_size = sizeof o};
    const conceptdec_matrix vx = view_of(x, N, D, CONCEPTDEC_FLOAT64);
    measure(2, &vx, labels, &o, &first);
    measure(2, &vx, others, &o, &second);
    for (int i = 0; i < first.count; i++)
        if (is_one_of(first.names[i], per_class)) {
            double turned[C];
            for (int c = 0; c < C; c++)
                turned[c] = second.values[i][number[c]];
            memcpy(second.values[i], turned, sizeof turned);
        }
    same(&first, &second, 1e-7, ""); /* of the fit */
}
END_TEST

/* ---- in two ways ---- */

/* Rows without a label play no part in what needs labels. */
START_TEST(rows_without_labels)
{
    static const char with_labels[] =
        " class_count fisher nc1 nc1_rank nc2 nc2_norms vci nc3 nc4 lambda_ converged silhouette "
        "silhouette_per_concept participation_per_concept ";
    conceptdec_geometry_options o = {.struct_size = sizeof o, .metric = _i};
    int m = 0, compared = 0;
    fill(8);
    for (int i = 0; i < N; i++)
        if (labels[i] >= 0) {
            memcpy(y + m * D, x + i * D, D * sizeof *y);
            others[m++] = labels[i];
        }
    const conceptdec_matrix vx = view_of(x, N, D, CONCEPTDEC_FLOAT64), vy = view_of(y, m, D, CONCEPTDEC_FLOAT64);
    measure(2, &vx, labels, &o, &first);
    measure(2, &vy, others, &o, &second);
    for (int i = 0; i < first.count; i++)
        for (int64_t k = 0; k < first.length[i] && is_one_of(first.names[i], with_labels); k++) {
            ck_assert_msg(fabs(first.values[i][k] - second.values[i][k]) < 1e-8, "%s", first.names[i]);
            compared++;
        }
    ck_assert_int_eq(compared, 11 + 3 * C);
    ck_assert(fabs(values_of(&first, "twonn")[0] - values_of(&second, "twonn")[0]) > 1e-6);
}
END_TEST

/* Columns of zeros turn the products of columns into products of rows, and change nothing. */
START_TEST(products_of_rows)
{
    static double wide[WIDE_N * 64], narrow[WIDE_N * D];
    conceptdec_geometry_options o = plain;
    o.flags |= CONCEPTDEC_GEOMETRY_NO_NEIGHBORS;
    fill(9);
    for (int i = 0; i < WIDE_N; i++)
        for (int j = 0; j < D; j++)
            wide[i * 64 + 2 * j] = narrow[i * D + j] = x[i * D + j];
    const conceptdec_matrix vn = view_of(narrow, WIDE_N, D, CONCEPTDEC_FLOAT64);
    const conceptdec_matrix vw = view_of(wide, WIDE_N, 64, CONCEPTDEC_FLOAT64);
    measure(2, &vn, labels, &o, &first);
    measure(2, &vw, labels, &o, &second);
    for (int i = 0; i < first.count; i++)
        for (int64_t k = 0; k < first.length[i]; k++)
            ck_assert_msg(fabs(first.values[i][k] - second.values[i][k]) < 1e-10 * fmax(1, first.values[i][k]), "%s",
                          first.names[i]);
    ck_assert_msg(values_of(&first, "vci")[0] > 0.001, "%g", values_of(&first, "vci")[0]);
    ck_assert_msg(values_of(&second, "spectrum")[D] < 1e-12, "%g", values_of(&second, "spectrum")[D]);
}
END_TEST

/* Rows in general position that are fewer than dimensions: everything lies between classes. */
START_TEST(vci_of_few_rows)
{
    fill(10);
    conceptdec_geometry_options o = plain;
    o.flags |= CONCEPTDEC_GEOMETRY_NO_NEIGHBORS;
    for (int i = 0; i < 20; i++)
        labels[i] = i % 3;
    const conceptdec_matrix vx = view_of(x, 20, D, CONCEPTDEC_FLOAT64);
    measure(1, &vx, labels, &o, &first);
    ck_assert(fabs(values_of(&first, "vci")[0]) < 1e-10);
    ck_assert(values_of(&first, "nc1")[0] > 0.01);
}
END_TEST

/* The spectrum is that of the principal components; the curve begins with the whole. */
START_TEST(as_principal_components)
{
    conceptdec_ctx *ctx = NULL;
    conceptdec_pca *pca = NULL;
    conceptdec_array a;
    fill(11);
    const conceptdec_matrix vx = view_of(x, N, D, CONCEPTDEC_FLOAT64);
    measure(2, &vx, NULL, NULL, &first);
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_pca_new(ctx, &vx, NULL, &pca), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_pca_get(pca, CONCEPTDEC_P_EXPLAINED_VARIANCE, &a), CONCEPTDEC_OK);
    double sum = 0;
    for (int j = 0; j < D; j++) {
        double wanted = ((const double *)a.data)[j], found = values_of(&first, "spectrum")[j];
        ck_assert(fabs(found - wanted) < 1e-12 * ((const double *)a.data)[0]);
        sum += found;
    }
    ck_assert(fabs(sum - values_of(&first, "total_variance")[0]) < 1e-12 * sum);
    ck_assert(values_of(&first, "twonn_curve")[0] >= values_of(&first, "twonn_ml")[0] &&
              values_of(&first, "twonn_curve")[0] <= values_of(&first, "twonn_ml")[0]);
    conceptdec_pca_free(pca);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* ---- silhouettes by definition ---- */

static double
distance(const double *a, const double *b, int d, int metric)
{
    long double sum = 0, products = 0, squares[2] = {0, 0};
    for (int j = 0; j < d; j++) {
        sum += ((long double)a[j] - b[j]) * ((long double)a[j] - b[j]);
        products += (long double)a[j] * b[j];
        squares[0] += (long double)a[j] * a[j];
        squares[1] += (long double)b[j] * b[j];
    }
    return metric == 0 ? (double)sqrtl(sum) : (double)(1 - products / sqrtl(squares[0] * squares[1]));
}

static double
brute_silhouette(int n, int d, int classes, int metric, double *per_concept)
{
    int size[32] = {0};
    double all = 0;
    for (int i = 0; i < n; i++)
        if (labels[i] >= 0)
            size[labels[i]]++;
    memset(per_concept, 0, (size_t)classes * sizeof *per_concept);
    for (int i = 0; i < n; i++) {
        double sums[32] = {0}, b = (double)INFINITY;
        for (int k = 0; k < n && labels[i] >= 0; k++)
            if (labels[k] >= 0 && k != i)
                sums[labels[k]] += distance(x + i * d, x + k * d, d, metric);
        if (labels[i] < 0 || size[labels[i]] < 2)
            continue;
        for (int c = 0; c < classes; c++)
            if (c != labels[i] && size[c] > 0)
                b = fmin(b, sums[c] / size[c]);
        double own = sums[labels[i]] / (size[labels[i]] - 1);
        per_concept[labels[i]] += (b - own) / fmax(own, b);
    }
    int total = 0;
    for (int c = 0; c < classes; c++) {
        all += per_concept[c];
        total += size[c];
        per_concept[c] /= size[c];
    }
    return all / total;
}

/* Far from 0, with rows that are almost, and quite, the same: products alone would know nothing of their distances. */
START_TEST(silhouette_by_definition)
{
    const int metric = _i % 2, classes = _i < 2 ? C : 31;
    double wanted[32];
    conceptdec_geometry_options o = plain;
    o.metric = metric;
    o.flags |= CONCEPTDEC_GEOMETRY_NO_NEIGHBORS | CONCEPTDEC_GEOMETRY_NO_SPECTRUM;
    fill(12);
    for (int i = 0; i < N; i++) {
        labels[i] = i % 13 == 12 ? -1 : (i * i + i / 7) % classes;
        for (int j = 0; j < D && i > 2; j++)
            if (i % 4 == 3)
                x[i * D + j] = x[(i - 3) * D + j] + (i % 8 == 7 ? 0 : 1e-9 * normal());
    }
    for (int i = 0; i < N * D && metric == 0; i++)
        x[i] += 1e4;
    double mean = brute_silhouette(N, D, classes, metric, wanted);
    const conceptdec_matrix vx = view_of(x, N, D, CONCEPTDEC_FLOAT64);
    measure(3, &vx, labels, &o, &first);
    ck_assert_msg(fabs(values_of(&first, "silhouette")[0] - mean) < 1e-11, "%.17g, not %.17g",
                  values_of(&first, "silhouette")[0], mean);
    for (int c = 0; c < classes; c++)
        ck_assert(fabs(values_of(&first, "silhouette_per_concept")[c] - wanted[c]) < 1e-11);
}
END_TEST

/* Two clouds so far apart that a tile's products lose what is within each: s = 1 - a / b, a and b apart by 1e8. */
START_TEST(silhouette_of_far_clouds)
{
    double wanted[32];
    conceptdec_geometry_options o = plain;
    o.flags |= CONCEPTDEC_GEOMETRY_NO_NEIGHBORS | CONCEPTDEC_GEOMETRY_NO_SPECTRUM;
    fill(13);
    for (int i = 0; i < 150; i++) {
        labels[i] = i % 3;
        for (int j = 0; j < D; j++)
            x[i * D + j] = (i % 3 == 0 ? 1e8 : 0) + 1e-3 * (i % 3) + normal();
    }
    double mean = brute_silhouette(150, D, 3, 0, wanted);
    const conceptdec_matrix vx = view_of(x, 150, D, CONCEPTDEC_FLOAT64);
    measure(2, &vx, labels, &o, &first);
    ck_assert(fabs(values_of(&first, "silhouette")[0] - mean) < 1e-10);
    ck_assert(wanted[1] < 0.01 && fabs(values_of(&first, "silhouette_per_concept")[1] - wanted[1]) < 1e-10);
}
END_TEST

/* All numbers lie where they can. */
START_TEST(ranges)
{
    const conceptdec_geometry_options o = {.struct_size = sizeof o, .references = 1};
    fill(14);
    const conceptdec_matrix vx = view_of(x, N, D, CONCEPTDEC_FLOAT64);
    measure(2, &vx, labels, &o, &first);
    double pr = values_of(&first, "participation_ratio")[0], er = values_of(&first, "effective_rank")[0],
           stable = values_of(&first, "stable_rank")[0];
    ck_assert(1 <= stable && stable <= pr && pr <= er && er <= D);
    ck_assert(values_of(&first, "rank_me")[0] >= 1 && values_of(&first, "rank_me")[0] <= D);
    ck_assert(fabs(values_of(&first, "anisotropy")[0]) <= 1 && fabs(values_of(&first, "silhouette")[0]) <= 1);
    ck_assert(values_of(&first, "nc3")[0] >= 0 && values_of(&first, "nc3")[0] <= 4);
    ck_assert(values_of(&first, "vci")[0] > 0 && values_of(&first, "vci")[0] < 1);
    for (int i = 1; i < 4; i++)
        ck_assert(values_of(&first, "hubness_reference")[i] > 0 && values_of(&first, "hubness_reference")[i] < 1);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("geometry");
    TCase *tests = tcase_create("geometry");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, threads, 0, 2);
    tcase_add_loop_test(tests, layouts, 0, 2);
    tcase_add_loop_test(tests, rotation, 0, 2);
    tcase_add_test(tests, translation);
    tcase_add_loop_test(tests, scale, 0, 5);
    tcase_add_loop_test(tests, order_of_rows, 0, 2);
    tcase_add_test(tests, numbering_of_labels);
    tcase_add_loop_test(tests, rows_without_labels, 0, 2);
    tcase_add_test(tests, products_of_rows);
    tcase_add_test(tests, vci_of_few_rows);
    tcase_add_test(tests, as_principal_components);
    tcase_add_loop_test(tests, silhouette_by_definition, 0, 4);
    tcase_add_test(tests, silhouette_of_far_clouds);
    tcase_add_test(tests, ranges);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

/* CCA, Procrustes distances and RSA two ways, and unchanged by what must not matter. */
#include "check_main.h"
#include "similarity/similarity.h"
#include "similarity_problems.h"

enum { ROWS = 24, VIEWS = 3 };

static const int64_t widths[VIEWS] = {3, 5, 40};
static double *values[VIEWS];
static conceptdec_matrix views[VIEWS];
static conceptdec_ctx *ctx;

static conceptdec_ctx *
context_of(int32_t threads)
{
    const conceptdec_ctx_options o = {.struct_size = sizeof o, .threads = threads};
    conceptdec_ctx *made = NULL;
    ck_assert_int_eq(conceptdec_ctx_new(&o, &made), CONCEPTDEC_OK);
    return made;
}

static void
set_up(void)
{
    ctx = context_of(2);
    for (int v = 0; v < VIEWS; v++) {
        values[v] = similarity_values(ROWS, widths[v], (uint64_t)v + 1, v ? values[0] : NULL, widths[0]);
        views[v] = similarity_view(values[v], ROWS, widths[v]);
    }
}

static void
tear_down(void)
{
    for (int v = 0; v < VIEWS; v++)
        free(values[v]);
    conceptdec_ctx_free(ctx);
}

static bool
is_distance(int way)
{
    int32_t kind = similarity_ways[way].kind;
    return kind == CONCEPTDEC_SIMILARITY_PROCRUSTES || kind == CONCEPTDEC_SIMILARITY_SHAPE;
}

/* What all rows span cannot be compared by canonical correlations without a ridge. */
static bool
is_trivial(int way, int view)
{
    return similarity_ways[way].kind <= CONCEPTDEC_SIMILARITY_PWCCA && similarity_ways[way].variance >= 1 &&
           widths[view] >= ROWS - 1;
}

static double *
copy_of(int view)
{
    double *copy = malloc((size_t)(ROWS * widths[view]) * sizeof *copy);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, values[view], (size_t)(ROWS * widths[view]) * sizeof *copy);
    return copy;
}

static void
close_to(double value, double wanted, double tolerance, int way)
{
    ck_assert_msg(fabs(value - wanted) <= tolerance * fmax(1, fabs(wanted)) || (isnan(value) && isnan(wanted)),
                  "%s: %.17g, not %.17g", similarity_ways[way].name, value, wanted);
}

/* Rotations in the planes of neighbouring columns. */
static void
rotate(double *x, int64_t cols)
{
    for (int64_t j = 0; j + 1 < cols; j++)
        for (int64_t i = 0; i < ROWS; i++) {
            double a = x[i * cols + j], b = x[i * cols + j + 1], c = cos((double)j + 1), s = sin((double)j + 1);
            x[i * cols + j] = c * a - s * b;
            x[i * cols + j + 1] = s * a + c * b;
        }
}

START_TEST(rotation_and_shift)
{
    for (int v = 0; v < VIEWS; v++) {
        conceptdec_similarity_options o = similarity_options(_i);
        double *turned = copy_of(v), wanted = similarity_value(ctx, &views[0], &views[v], &o);
        const conceptdec_matrix view = similarity_view(turned, ROWS, widths[v]);
        bool is_moved = o.kind != CONCEPTDEC_SIMILARITY_RSA || o.rdm == CONCEPTDEC_RDM_SQUARED_L2;
        if (is_moved || o.rdm == CONCEPTDEC_RDM_COSINE)
            rotate(turned, widths[v]);
        for (int64_t i = 0; i < ROWS * widths[v] && is_moved; i++)
            turned[i] += 1e4 * (double)(i % widths[v]);
        if (!o.flags) /* weights are sums over the columns of the first view, and there of both */
            close_to(similarity_value(ctx, &views[0], &view, &o), wanted, 1e-9, _i);
        free(turned);
    }
}
END_TEST

START_TEST(scale)
{
    static const double factors[] = {0x1p-490, 3e-5, 1e150};
    conceptdec_similarity_options o = similarity_options(_i);
    double wanted = similarity_value(ctx, &views[0], &views[1], &o);
    for (int k = 0; k < 3; k++) {
        double *a = copy_of(0), *b = copy_of(1);
        const conceptdec_matrix x = similarity_view(a, ROWS, widths[0]), y = similarity_view(b, ROWS, widths[1]);
        bool is_size = o.kind == CONCEPTDEC_SIMILARITY_PROCRUSTES;
        for (int64_t i = 0; i < ROWS * widths[1]; i++)
            b[i] *= factors[k];
        for (int64_t i = 0; i < ROWS * widths[0] && is_size; i++)
            a[i] *= factors[k];
        close_to(similarity_value(ctx, is_size ? &x : &views[0], &y, &o) / (is_size ? factors[k] : 1), wanted, 1e-11,
                 _i);
        free(a);
        free(b);
    }
}
END_TEST

START_TEST(order_of_rows)
{
    for (int v = 1; v < VIEWS; v++) {
        conceptdec_similarity_options o = similarity_options(_i);
        double *moved[2];
        conceptdec_matrix pair[2];
        for (int side = 0; side < 2; side++) {
            int64_t cols = widths[side * v];
            moved[side] = copy_of(side * v);
            for (int64_t i = 0; i < ROWS; i++)
                memcpy(moved[side] + i * cols, values[side * v] + i * 7 % ROWS * cols, (size_t)cols * sizeof(double));
            pair[side] = similarity_view(moved[side], ROWS, cols);
        }
        close_to(similarity_value(ctx, &pair[0], &pair[1], &o), similarity_value(ctx, &views[0], &views[v], &o), 1e-10,
                 _i);
        free(moved[0]);
        free(moved[1]);
    }
}
END_TEST

START_TEST(symmetry_and_range)
{
    conceptdec_similarity_options o = similarity_options(_i);
    for (int v = 0; v < VIEWS; v++) {
        double *copy = copy_of(v);
        const conceptdec_matrix same = similarity_view(copy, ROWS, widths[v]);
        double one = similarity_value(ctx, &views[0], &views[v], &o),
               other = similarity_value(ctx, &views[v], &views[0], &o);
        double self = similarity_value(ctx, &views[v], &same, &o);
        free(copy);
        if (o.kind != CONCEPTDEC_SIMILARITY_PWCCA || o.flags)
            close_to(other, one, 1e-11, _i);
        ck_assert_int_eq(isnan(self), is_trivial(_i, v));
        if (o.ridge <= 0 && !isnan(self))
            close_to(self, is_distance(_i) ? 0 : 1, 1e-12, _i);
        if (!isnan(one)) {
            ck_assert(one >= (o.kind == CONCEPTDEC_SIMILARITY_RSA ? -1 : 0));
            ck_assert(is_distance(_i) || one <= 1 + 1e-12);
        }
    }
}
END_TEST

/* The root of a sum of squares, not a difference of large numbers. */
START_TEST(close_views)
{
    static const double shifts[] = {1e-3, 1e-7, 1e-11};
    for (int kind = 0; kind < 2; kind++)
        for (int v = 0; v < VIEWS; v++) {
            double distance[3];
            conceptdec_similarity_options o = similarity_options(3 + kind);
            double *noise = similarity_values(ROWS, widths[v], 99, NULL, 0);
            for (int k = 0; k < 3; k++) {
                double *moved = copy_of(v);
                const conceptdec_matrix view = similarity_view(moved, ROWS, widths[v]);
                for (int64_t i = 0; i < ROWS * widths[v]; i++)
                    moved[i] += shifts[k] * noise[i];
                rotate(moved, widths[v]);
                distance[k] = similarity_value(ctx, &views[v], &view, &o) / shifts[k];
                free(moved);
            }
            ck_assert(distance[1] > 0.1);
            ck_assert_double_eq_tol(distance[0] / distance[1], 1, 0.01);
            ck_assert_double_eq_tol(distance[2] / distance[1], 1, 1e-3);
            free(noise);
        }
}
END_TEST

/* ---- draws ---- */

static void
same_arrays(const conceptdec_result *a, const conceptdec_result *b, const char *name, int64_t count)
{
    ck_assert_msg(memcmp(similarity_array(a, name), similarity_array(b, name), (size_t)count * sizeof(double)) == 0,
                  "%s", name);
}

static conceptdec_i_similarity
driver_of(int64_t n, uint64_t seed)
{
    return (conceptdec_i_similarity){.ctx = ctx, .n = n, .options = {.seed = seed}};
}

START_TEST(null_is_permuted_rows)
{
    enum { DRAWS = 3 };
    for (int v = 1; v < VIEWS; v++) {
        conceptdec_similarity_options o = similarity_options(_i), one = o;
        o.permutations = DRAWS;
        o.seed = 5;
        conceptdec_result *r = similarity_of(ctx, views, 1, &views[v], 1, &o);
        const conceptdec_i_similarity s = driver_of(ROWS, 5);
        for (int draw = 0; draw < DRAWS; draw++) {
            int32_t order[ROWS];
            double *moved = copy_of(v);
            const conceptdec_matrix view = similarity_view(moved, ROWS, widths[v]);
            ck_assert_int_eq(conceptdec_i_similarity_order(&s, ROWS, NULL, draw, order), CONCEPTDEC_OK);
            for (int64_t i = 0; i < ROWS; i++)
                memcpy(moved + i * widths[v], values[v] + order[i] * widths[v], (size_t)widths[v] * sizeof(double));
            close_to(similarity_array(r, CONCEPTDEC_R_NULL)[draw], similarity_value(ctx, &views[0], &view, &one), 1e-10,
                     _i);
            free(moved);
        }
        conceptdec_result_free(r);
    }
}
END_TEST

/* More directions than small problems have, of which products are packed once where memory allows it; where it does
 * not, the null has the same bits. */
START_TEST(null_of_many_directions)
{
    enum { MANY = 220, DRAWS = 2 };
    static const int64_t wide[2] = {98, 105};
    conceptdec_similarity_options o = similarity_options(_i), one = o;
    const conceptdec_i_similarity s = driver_of(MANY, 5);
    double *x[2];
    conceptdec_matrix given[2];
    int32_t order[MANY];
    for (int v = 0; v < 2; v++) {
        x[v] = similarity_values(MANY, wide[v], (uint64_t)v + 1, v ? x[0] : NULL, wide[0]);
        given[v] = similarity_view(x[v], MANY, wide[v]);
    }
    o.permutations = DRAWS;
    o.seed = 5;
    conceptdec_result *r = similarity_of(ctx, given, 2, &given[1], 1, &o), *other = NULL;
    double *moved = malloc((size_t)(MANY * wide[1]) * sizeof *moved);
    ck_assert_ptr_nonnull(moved);
    const conceptdec_matrix view = similarity_view(moved, MANY, wide[1]);
    for (int draw = 0; draw < DRAWS; draw++) {
        ck_assert_int_eq(conceptdec_i_similarity_order(&s, MANY, NULL, draw, order), CONCEPTDEC_OK);
        for (int64_t i = 0; i < MANY; i++)
            memcpy(moved + i * wide[1], x[1] + order[i] * wide[1], (size_t)wide[1] * sizeof(double));
        for (int v = 0; v < 2; v++)
            close_to(similarity_array(r, CONCEPTDEC_R_NULL)[2 * draw + v],
                     similarity_value(ctx, &given[v], &view, &one), 1e-10, _i);
    }
    for (o.memory = 1 << 19; !other; o.memory += o.memory / 8)
        (void)conceptdec_similarity(ctx, given, 2, &given[1], 1, &o, &other);
    same_arrays(other, r, CONCEPTDEC_R_NULL, 2 * DRAWS);
    conceptdec_result_free(r);
    conceptdec_result_free(other);
    for (int v = 0; v < 2; v++)
        free(x[v]);
    free(moved);
}
END_TEST

/* Permutations of RSA read a square matrix where memory has room for it beside the lists of pairs; where it does not,
 * the null has the same bits. */
START_TEST(null_without_room)
{
    enum { MANY = 500, COLUMNS = 4, DRAWS = 3 };
    const int64_t square = 8 * MANY * MANY;
    conceptdec_similarity_options o = similarity_options(_i);
    double *x = similarity_values(MANY, COLUMNS, 1, NULL, 0), *y = similarity_values(MANY, COLUMNS, 2, x, COLUMNS);
    const conceptdec_matrix a = similarity_view(x, MANY, COLUMNS), b = similarity_view(y, MANY, COLUMNS);
    o.permutations = DRAWS;
    conceptdec_result *roomy = similarity_of(ctx, &a, 1, &b, 1, &o), *narrow = NULL;
    for (o.memory = square; !narrow; o.memory += square / 8)
        (void)conceptdec_similarity(ctx, &a, 1, &b, 1, &o, &narrow);
    ck_assert_int_lt(o.memory, 2 * square); /* both lists take one square */
    same_arrays(narrow, roomy, CONCEPTDEC_R_NULL, DRAWS);
    conceptdec_result_free(roomy);
    conceptdec_result_free(narrow);
    free(x);
    free(y);
}
END_TEST

/* Rows as often as they are drawn. */
static double *
repeat(int view, const int32_t *times)
{
    double *out = copy_of(view);
    int64_t at = 0, cols = widths[view];
    for (int64_t i = 0; i < ROWS; i++)
        for (int32_t t = 0; t < times[i]; t++)
            memcpy(out + at++ * cols, values[view] + i * cols, (size_t)cols * sizeof(double));
    ck_assert_int_eq(at, ROWS);
    return out;
}

/* The replicate of one draw is both ends of its interval. */
static double
replicate(const conceptdec_matrix *a, const conceptdec_matrix *b, conceptdec_similarity_options o, uint64_t seed)
{
    o.bootstrap = 1;
    o.seed = seed;
    conceptdec_result *r = similarity_of(ctx, a, 1, b, 1, &o);
    double low = *similarity_array(r, CONCEPTDEC_R_CI_LOW), high = *similarity_array(r, CONCEPTDEC_R_CI_HIGH);
    ck_assert((low <= high && high <= low) || isnan(low));
    low += *similarity_array(r, CONCEPTDEC_R_BOOTSTRAP_BIAS);
    conceptdec_result_free(r);
    return low;
}

START_TEST(bootstrap_is_repeated_rows)
{
    if (similarity_ways[_i].kind == CONCEPTDEC_SIMILARITY_RSA)
        return;
    for (int v = 0; v < VIEWS; v++)
        for (uint64_t seed = 0; seed < 3 && !is_trivial(_i, v); seed++) { /* copies of rows would hide it */
            conceptdec_similarity_options o = similarity_options(_i);
            const conceptdec_i_similarity s = driver_of(ROWS, seed);
            int32_t times[ROWS];
            ck_assert_int_eq(conceptdec_i_similarity_drawn(&s, ROWS, NULL, 0, times), CONCEPTDEC_OK);
            double *a = repeat(0, times), *b = repeat(v, times);
            const conceptdec_matrix x = similarity_view(a, ROWS, widths[0]), y = similarity_view(b, ROWS, widths[v]);
            double value = replicate(&views[0], &views[v], o, seed), wanted = similarity_value(ctx, &x, &y, &o);
            close_to(value, wanted, 1e-9, _i);
            free(a);
            free(b);
        }
}
END_TEST

/* All pairs of drawn items but those of copies of one, compared by definition. */
typedef struct {
    int64_t n;
    double x[ROWS * ROWS], y[ROWS * ROWS];
} lists;

static double
dissimilarity(const double *a, const double *b, int64_t d, int32_t rdm)
{
    double ma = 0, mb = 0, aa = 0, bb = 0, ab = 0, apart = 0;
    for (int64_t j = 0; j < d && rdm == CONCEPTDEC_RDM_CORRELATION; j++) {
        ma += a[j] / (double)d;
        mb += b[j] / (double)d;
    }
    for (int64_t j = 0; j < d; j++) {
        aa += (a[j] - ma) * (a[j] - ma);
        bb += (b[j] - mb) * (b[j] - mb);
        ab += (a[j] - ma) * (b[j] - mb);
        apart += (a[j] - b[j]) * (a[j] - b[j]);
    }
    return rdm == CONCEPTDEC_RDM_SQUARED_L2 ? apart : 1 - ab / sqrt(aa * bb);
}

static void
rank_by_definition(double *x, int64_t n)
{
    double *ranks = malloc((size_t)n * sizeof *ranks);
    ck_assert_ptr_nonnull(ranks);
    for (int64_t i = 0; i < n; i++) {
        ranks[i] = 0.5;
        for (int64_t j = 0; j < n; j++)
            ranks[i] += x[j] < x[i] - 1e-12 ? 1 : x[j] > x[i] + 1e-12 ? 0 : 0.5;
    }
    memcpy(x, ranks, (size_t)n * sizeof *x);
    free(ranks);
}

static double
kendall_by_definition(const lists *l)
{
    double sum = 0;
    for (int64_t i = 0; i < l->n; i++)
        for (int64_t j = 0; j < i; j++) {
            double x = l->x[i] - l->x[j], y = l->y[i] - l->y[j];
            if (fabs(x) > 1e-12 && fabs(y) > 1e-12)
                sum += (x > 0) == (y > 0) ? 1 : -1;
        }
    return sum / (0.5 * (double)(l->n * (l->n - 1)));
}

static double
compare_by_definition(lists *l, int32_t comparison)
{
    double mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
    if (comparison == CONCEPTDEC_COMPARE_KENDALL)
        return kendall_by_definition(l);
    if (comparison == CONCEPTDEC_COMPARE_SPEARMAN) {
        rank_by_definition(l->x, l->n);
        rank_by_definition(l->y, l->n);
    }
    for (int64_t i = 0; i < l->n && comparison != CONCEPTDEC_COMPARE_COSINE; i++) {
        mx += l->x[i] / (double)l->n;
        my += l->y[i] / (double)l->n;
    }
    for (int64_t i = 0; i < l->n; i++) {
        xx += (l->x[i] - mx) * (l->x[i] - mx);
        yy += (l->y[i] - my) * (l->y[i] - my);
        xy += (l->x[i] - mx) * (l->y[i] - my);
    }
    return xy / sqrt(xx * yy);
}

/* _i: dissimilarity and comparison. */
START_TEST(bootstrap_of_items)
{
    conceptdec_similarity_options o = {
        .struct_size = sizeof o, .kind = CONCEPTDEC_SIMILARITY_RSA, .rdm = _i / 4, .comparison = _i % 4};
    lists *l = malloc(sizeof *l);
    ck_assert_ptr_nonnull(l);
    for (uint64_t seed = 0; seed < 3; seed++) {
        const conceptdec_i_similarity s = driver_of(ROWS, seed);
        int32_t times[ROWS];
        l->n = 0;
        ck_assert_int_eq(conceptdec_i_similarity_drawn(&s, ROWS, NULL, 0, times), CONCEPTDEC_OK);
        for (int64_t i = 0; i < ROWS; i++)
            for (int64_t j = i + 1; j < ROWS; j++)
                for (int32_t t = 0; t < times[i] * times[j]; t++, l->n++) {
                    l->x[l->n] = dissimilarity(values[0] + i * widths[0], values[0] + j * widths[0], widths[0], o.rdm);
                    l->y[l->n] = dissimilarity(values[1] + i * widths[1], values[1] + j * widths[1], widths[1], o.rdm);
                }
        close_to(replicate(&views[0], &views[1], o, seed), compare_by_definition(l, o.comparison), 1e-11, 5);
    }
    free(l);
}
END_TEST

/* Two far clusters of close rows: distances within one are lost in products. */
START_TEST(close_rows)
{
    conceptdec_similarity_options o = {
        .struct_size = sizeof o, .kind = CONCEPTDEC_SIMILARITY_RSA, .rdm = CONCEPTDEC_RDM_SQUARED_L2, .comparison = _i};
    double *x = copy_of(1);
    const conceptdec_matrix view = similarity_view(x, ROWS, widths[1]);
    lists *l = malloc(sizeof *l);
    ck_assert_ptr_nonnull(l);
    for (int64_t i = 0; i < ROWS * widths[1]; i++)
        x[i] = 1e-3 * x[i] + (i / widths[1] % 2 ? 1e4 : -1e4) / 3;
    l->n = 0;
    for (int64_t i = 0; i < ROWS; i++)
        for (int64_t j = i + 1; j < ROWS; j++, l->n++) {
            l->x[l->n] = dissimilarity(values[0] + i * widths[0], values[0] + j * widths[0], widths[0], o.rdm);
            l->y[l->n] = dissimilarity(x + i * widths[1], x + j * widths[1], widths[1], o.rdm);
        }
    close_to(similarity_value(ctx, &views[0], &view, &o), compare_by_definition(l, o.comparison), 1e-11, 5);
    free(l);
    free(x);
}
END_TEST

/* ---- the same numbers by other ways ---- */

static void
same_results(const conceptdec_result *a, const conceptdec_result *b, int64_t pairs, int64_t draws)
{
    same_arrays(a, b, CONCEPTDEC_R_VALUE, pairs);
    same_arrays(a, b, CONCEPTDEC_R_NULL, pairs * draws);
    same_arrays(a, b, CONCEPTDEC_R_P_VALUE, pairs);
    same_arrays(a, b, CONCEPTDEC_R_CI_LOW, pairs);
    same_arrays(a, b, CONCEPTDEC_R_CI_HIGH, pairs);
}

START_TEST(any_threads)
{
    static const int32_t threads[] = {1, 3, 5};
    conceptdec_similarity_options o = similarity_options(_i);
    o.permutations = 5;
    o.bootstrap = 5;
    conceptdec_result *wanted = similarity_of(ctx, views, VIEWS, NULL, 0, &o);
    for (int k = 0; k < 3; k++) {
        conceptdec_ctx *other = context_of(threads[k]);
        conceptdec_result *r = similarity_of(other, views, VIEWS, NULL, 0, &o);
        same_results(r, wanted, VIEWS * VIEWS, 5);
        conceptdec_result_free(r);
        conceptdec_ctx_free(other);
    }
    conceptdec_result_free(wanted);
}
END_TEST

static int32_t
read_rows(void *user, int64_t first, int64_t count, void *out)
{
    const conceptdec_matrix *view = user;
    memcpy(out, (const char *)view->data + first * view->row_stride, (size_t)(count * view->row_stride));
    return 0;
}

/* Views of the second list, one after the other, as many as memory has room for; readers; rows from the last to the
 * first. */
START_TEST(memory_and_layout)
{
    conceptdec_similarity_options o = similarity_options(_i);
    conceptdec_matrix other[VIEWS];
    double *reversed = copy_of(1);
    const conceptdec_reader reader = {.struct_size = sizeof reader, .read = read_rows, .user = &views[0]};
    memcpy(other, views, sizeof other);
    other[0] = (conceptdec_matrix){.data = &reader,
                                   .rows = ROWS,
                                   .cols = widths[0],
                                   .dtype = CONCEPTDEC_FLOAT64,
                                   .flags = CONCEPTDEC_MATRIX_READER};
    for (int64_t i = 0; i < ROWS; i++)
        memcpy(reversed + (ROWS - 1 - i) * widths[1], values[1] + i * widths[1], (size_t)widths[1] * sizeof(double));
    other[1].data = reversed + (ROWS - 1) * widths[1];
    other[1].row_stride = -other[1].row_stride;
    o.permutations = 3;
    o.bootstrap = 3;
    conceptdec_result *wanted = similarity_of(ctx, views, VIEWS, views, VIEWS, &o), *r = NULL;
    conceptdec_result *self = similarity_of(ctx, views, VIEWS, NULL, 0, &o);
    o.memory = 1;
    ck_assert_int_eq(conceptdec_similarity(ctx, other, VIEWS, other, VIEWS, &o, &r), CONCEPTDEC_ENOMEM);
    for (int64_t least = 1, most = INT64_C(1) << 29; least < most; o.memory = most) { /* the least that is enough */
        o.memory = least + (most - least) / 2;
        if (conceptdec_similarity(ctx, other, VIEWS, other, VIEWS, &o, &r) == CONCEPTDEC_OK) {
            conceptdec_result_free(r);
            most = o.memory;
        } else {
            least = o.memory + 1;
        }
    }
    r = similarity_of(ctx, other, VIEWS, other, VIEWS, &o);
    same_results(r, wanted, VIEWS * VIEWS, 3);
    for (int i = 0; i < VIEWS; i++)
        for (int j = 0; j < VIEWS; j++)
            close_to(similarity_array(self, CONCEPTDEC_R_VALUE)[i * VIEWS + j],
                     similarity_array(wanted, CONCEPTDEC_R_VALUE)[i * VIEWS + j], 1e-11, _i);
    conceptdec_result_free(self);
    conceptdec_result_free(wanted);
    conceptdec_result_free(r);
    free(reversed);
}
END_TEST

/* Narrow numbers are what they are as float64. */
START_TEST(narrow_numbers)
{
    conceptdec_similarity_options o = similarity_options(_i);
    float narrow[VIEWS][ROWS * 40];
    uint16_t brief[VIEWS][ROWS * 40];
    double wide[VIEWS][ROWS * 40];
    conceptdec_matrix floats[VIEWS], briefs[VIEWS], doubles[VIEWS];
    for (int v = 0; v < VIEWS; v++) {
        for (int64_t i = 0; i < ROWS * widths[v]; i++) {
            uint32_t bits;
            narrow[v][i] = (float)values[v][i];
            memcpy(&bits, &narrow[v][i], sizeof bits);
            bits &= 0xffff0000u;
            brief[v][i] = (uint16_t)(bits >> 16); /* bfloat16 */
            memcpy(&narrow[v][i], &bits, sizeof bits);
            wide[v][i] = (double)narrow[v][i];
        }
        doubles[v] = similarity_view(wide[v], ROWS, widths[v]);
        floats[v] = briefs[v] = doubles[v];
        floats[v].data = narrow[v];
        floats[v].dtype = CONCEPTDEC_FLOAT32;
        floats[v].row_stride = 4 * widths[v];
        floats[v].col_stride = 4;
        briefs[v].data = brief[v];
        briefs[v].dtype = CONCEPTDEC_BFLOAT16;
        briefs[v].row_stride = 2 * widths[v];
        briefs[v].col_stride = 2;
    }
    conceptdec_result *wanted = similarity_of(ctx, doubles, VIEWS, NULL, 0, &o);
    conceptdec_result *a = similarity_of(ctx, floats, VIEWS, NULL, 0, &o),
                      *b = similarity_of(ctx, briefs, VIEWS, NULL, 0, &o);
    same_arrays(a, wanted, CONCEPTDEC_R_VALUE, VIEWS * VIEWS);
    same_arrays(b, wanted, CONCEPTDEC_R_VALUE, VIEWS * VIEWS);
    conceptdec_result_free(wanted);
    conceptdec_result_free(a);
    conceptdec_result_free(b);
}
END_TEST

/* Numbers of conditions and partitions do not matter; means of conditions are samples. */
START_TEST(conditions)
{
    enum { CONDITIONS = 6 };
    int64_t labels[ROWS], renamed[ROWS], partitions[ROWS];
    double means[CONDITIONS * 5] = {0};
    for (int64_t i = 0; i < ROWS; i++) {
        labels[i] = i % CONDITIONS;
        renamed[i] = 100 - 7 * (i % CONDITIONS);
        partitions[i] = -5 * (i / CONDITIONS);
        for (int64_t j = 0; j < widths[1]; j++)
            means[labels[i] * 5 + j] += values[1][i * widths[1] + j] / (ROWS / CONDITIONS);
    }
    conceptdec_matrix column = {
        .data = labels, .rows = ROWS, .cols = 1, .row_stride = 8, .col_stride = 8, .dtype = CONCEPTDEC_INT64};
    conceptdec_matrix parts = column, mean_view = similarity_view(means, CONDITIONS, 5);
    conceptdec_similarity_options o = {.struct_size = sizeof o,
                                       .kind = CONCEPTDEC_SIMILARITY_RSA,
                                       .rdm = _i / 4,
                                       .comparison = _i % 4,
                                       .permutations = 4,
                                       .bootstrap = 4,
                                       .labels = &column};
    parts.data = partitions;
    if (o.rdm == CONCEPTDEC_RDM_CROSSNOBIS)
        o.partitions = &parts;
    conceptdec_result *wanted = similarity_of(ctx, &views[0], 1, &views[1], 1, &o);
    column.data = renamed;
    conceptdec_result *r = similarity_of(ctx, &views[0], 1, &views[1], 1, &o);
    same_results(r, wanted, 1, 4);
    conceptdec_result_free(r);
    if (!o.partitions) {
        conceptdec_similarity_options plain = o;
        plain.labels = NULL;
        r = similarity_of(ctx, &mean_view, 1, &mean_view, 1, &plain);
        conceptdec_result *other = similarity_of(ctx, &views[1], 1, &views[1], 1, &o);
        for (int k = 0; k < 4; k++)
            close_to(similarity_array(r, CONCEPTDEC_R_NULL)[k], similarity_array(other, CONCEPTDEC_R_NULL)[k], 1e-11,
                     5);
        close_to(*similarity_array(r, CONCEPTDEC_R_CI_LOW), *similarity_array(other, CONCEPTDEC_R_CI_LOW), 1e-11, 5);
        conceptdec_result_free(other);
        conceptdec_result_free(r);
    }
    conceptdec_result_free(wanted);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("cca_rsa");
    TCase *tests = tcase_create("cca_rsa");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, rotation_and_shift, 0, SIMILARITY_WAYS);
    tcase_add_loop_test(tests, scale, 0, SIMILARITY_WAYS);
    tcase_add_loop_test(tests, order_of_rows, 0, SIMILARITY_WAYS);
    tcase_add_loop_test(tests, symmetry_and_range, 0, SIMILARITY_WAYS);
    tcase_add_test(tests, close_views);
    tcase_add_loop_test(tests, null_is_permuted_rows, 0, SIMILARITY_WAYS);
    tcase_add_loop_test(tests, null_of_many_directions, 0, 3);
    tcase_add_loop_test(tests, null_without_room, 5, 6);
    tcase_add_loop_test(tests, null_without_room, 8, 9);
    tcase_add_loop_test(tests, null_of_many_directions, 5, 6);
    tcase_add_loop_test(tests, bootstrap_is_repeated_rows, 0, SIMILARITY_DRAWN_WAYS);
    tcase_add_loop_test(tests, bootstrap_of_items, 0, 12);
    tcase_add_loop_test(tests, close_rows, 0, 4);
    tcase_add_loop_test(tests, any_threads, 0, SIMILARITY_WAYS);
    tcase_add_loop_test(tests, memory_and_layout, 0, SIMILARITY_WAYS);
    tcase_add_loop_test(tests, narrow_numbers, 0, SIMILARITY_WAYS);
    tcase_add_loop_test(tests, conditions, 0, 16);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)

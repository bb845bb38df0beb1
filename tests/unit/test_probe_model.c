/* Fitted probes: what they say of other rows, and their files, sound and damaged. The fit itself is replaced by one
 * that only tells what it was asked. */
#define _POSIX_C_SOURCE 200809L

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../torture/harness.h"
#include "check_main.h"
#include "io/record.h"
#include "probe/model.h"

#define INF ((double)INFINITY)
#define NONE ((double)NAN)
#define OK(call) ck_assert_msg((call) == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(ctx))
#define LENGTH(array) (sizeof(array) / sizeof *(array))

enum { ROWS = 70, MANY_ROWS = 450, MOST_D = 600, MOST_FILE = 1 << 17 };

static conceptdec_ctx *ctx;
static char folder[256], path[300];

static void
setup(void)
{
    const char *base = getenv("TMPDIR");
    (void)snprintf(folder, sizeof folder, "%s/conceptdec-probe-XXXXXX", base ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/model", folder);
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
}

static void
teardown(void)
{
    conceptdec_ctx_free(ctx);
    (void)remove(path);
    ck_assert_msg(rmdir(folder) == 0, "something was left in %s", folder);
}

/* The driver's part: a model without weights, and a note of what it was given. */
static const void *asked[4];

conceptdec_status
conceptdec_i_probe_fit_model(conceptdec_ctx *with, const conceptdec_matrix *x, const conceptdec_matrix *labels,
                             const conceptdec_probe_options *options, conceptdec_probe_model **model)
{
    const void *now[] = {with, x, labels, options};
    memcpy(asked, now, sizeof asked);
    return conceptdec_i_probe_model_make(with, CONCEPTDEC_PROBE_LDA, 3, 2, model);
}

START_TEST(a_new_model_is_the_drivers)
{
    conceptdec_matrix x = {0}, labels = {0};
    conceptdec_probe_options options = {0};
    conceptdec_probe_model *m = NULL;
    ck_assert_int_eq(conceptdec_probe_model_new(NULL, &x, &labels, &options, &m), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_probe_model_new(ctx, &x, &labels, &options, NULL), CONCEPTDEC_ENULL);
    ck_assert_ptr_null(asked[0]);
    OK(conceptdec_probe_model_new(ctx, &x, &labels, &options, &m));
    const void *wanted[] = {ctx, &x, &labels, &options};
    ck_assert_mem_eq(asked, wanted, sizeof wanted);
    ck_assert(m->converged == 1 && isnan(m->lambda) && isnan(m->sharpness) && m->weights[5] == 0 && m->bias[2] == 0);
    conceptdec_probe_model_free(m);
}
END_TEST

/* ---- models ---- */

static double
uniform(uint64_t *state) /* in [-0.5, 0.5) */
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) * 0x1p-53 - 0.5;
}

static conceptdec_probe_model *
make_model(conceptdec_ctx *with, int64_t kind, int64_t classes, int64_t d)
{
    conceptdec_probe_model *m;
    uint64_t state = (uint64_t)(kind + 7 * classes + 1000 * d);
    ck_assert_int_eq(conceptdec_i_probe_model_make(with, kind, classes, d, &m), CONCEPTDEC_OK);
    for (int64_t i = 0; i < m->columns * d; i++)
        m->weights[i] = uniform(&state);
    for (int64_t k = 0; k < m->columns; k++)
        m->bias[k] = uniform(&state);
    if (kind != CONCEPTDEC_PROBE_RIDGE)
        m->sharpness = 1.5;
    if (kind == CONCEPTDEC_PROBE_LOGISTIC) {
        m->lambda = 0.01;
        m->converged = 0;
        m->iterations = 17;
        m->decrement = 1e-3;
        m->objective = 0.25;
    }
    return m;
}

static void
make_absent(conceptdec_probe_model *m, int64_t k, double bias)
{
    memset(m->weights + k * m->d, 0, (size_t)m->d * sizeof *m->weights);
    m->bias[k] = bias;
}

/* ---- rows ---- */

static double rows[MANY_ROWS * MOST_D];

static conceptdec_matrix
make_rows(int64_t n, int64_t d)
{
    uint64_t state = (uint64_t)d;
    for (int64_t i = 0; i < n * d; i++)
        rows[i] = (float)(4 * uniform(&state));
    return (conceptdec_matrix){.data = rows, .rows = n, .cols = d, .row_stride = 8 * d, .col_stride = 8,
                               .dtype = CONCEPTDEC_FLOAT64};
}

static const void *
array_of(const conceptdec_result *result, const char *name, int ndim, int64_t first, int64_t second)
{
    conceptdec_array a;
    ck_assert_msg(conceptdec_result_get(result, name, &a) == CONCEPTDEC_OK, "no %s", name);
    ck_assert_int_eq(a.ndim, ndim);
    ck_assert(ndim < 1 || a.shape[0] == first);
    ck_assert(ndim < 2 || a.shape[1] == second);
    return a.data;
}

static void
expect_predictions(const conceptdec_result *result, const conceptdec_probe_model *m, int64_t n)
{
    const double *decision = array_of(result, CONCEPTDEC_R_DECISION, 2, n, m->columns);
    const int64_t *predicted = array_of(result, CONCEPTDEC_R_PREDICTED, 1, n, 0);
    const double *posterior = NULL;
    conceptdec_array none;
    if (m->kind == CONCEPTDEC_PROBE_RIDGE)
        ck_assert_int_eq(conceptdec_result_get(result, CONCEPTDEC_R_POSTERIOR, &none), CONCEPTDEC_ENAME);
    else
        posterior = array_of(result, CONCEPTDEC_R_POSTERIOR, 2, n, m->classes);
    for (int64_t i = 0; i < n; i++) {
        const double *own = decision + i * m->columns;
        double likely = 0, total = 0;
        for (int64_t k = 0; k < m->columns; k++) {
            double sum = m->bias[k];
            for (int64_t j = 0; j < m->d; j++)
                sum += m->weights[k * m->d + j] * rows[i * m->d + j];
            ck_assert(isinf(sum) ? own[k] == sum : fabs(own[k] - sum) < 1e-11);
            ck_assert(m->columns == 1 || own[predicted[i]] >= own[k]);
        }
        ck_assert(m->columns > 1 || predicted[i] == (own[0] > 0));
        for (int64_t c = 0; posterior && c < m->classes; c++) {
            likely = fmax(likely, posterior[i * m->classes + c]);
            total += posterior[i * m->classes + c];
        }
        ck_assert(!posterior || (fabs(total - 1) < 1e-14 && posterior[i * m->classes + predicted[i]] >= likely));
    }
}

static const struct {
    int64_t kind, classes, d;
} shapes[] = {{CONCEPTDEC_PROBE_LOGISTIC, 2, 1},         {CONCEPTDEC_PROBE_LOGISTIC, 5, 67},
              {CONCEPTDEC_PROBE_RIDGE, 2, 33},           {CONCEPTDEC_PROBE_RIDGE, 3, 8},
              {CONCEPTDEC_PROBE_LDA, 4, 600},            {CONCEPTDEC_PROBE_MEAN_DIFFERENCE, 2, 10},
              {CONCEPTDEC_PROBE_NEAREST_MEAN, 70, 9}};

START_TEST(predictions_are_those_of_the_definition)
{
    conceptdec_probe_model *m = make_model(ctx, shapes[_i].kind, shapes[_i].classes, shapes[_i].d);
    conceptdec_matrix x = make_rows(ROWS, m->d);
    conceptdec_result *result;
    if (m->classes > 4)
        make_absent(m, 3, -INF);
    OK(conceptdec_probe_model_predict(ctx, m, &x, &result));
    expect_predictions(result, m, ROWS);
    conceptdec_result_free(result);
    conceptdec_probe_model_free(m);
}
END_TEST

static int32_t
deliver(void *user, int64_t first, int64_t count, void *to)
{
    const conceptdec_matrix *x = user;
    memcpy(to, (const char *)x->data + first * x->row_stride, (size_t)(count * x->row_stride));
    return 0;
}

static void
expect_same_decisions(const conceptdec_probe_model *m, const conceptdec_matrix *x, int32_t threads,
                      const double *decision)
{
    conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = threads};
    conceptdec_ctx *with;
    conceptdec_result *result;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &with), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_probe_model_predict(with, m, x, &result), CONCEPTDEC_OK);
    const double *other = array_of(result, CONCEPTDEC_R_DECISION, 2, x->rows, m->columns);
    ck_assert_mem_eq(other, decision, (size_t)(x->rows * m->columns) * sizeof *decision);
    conceptdec_result_free(result);
    conceptdec_ctx_free(with);
}

/* Threads, a stride, a narrower type, a reader, one row by itself: the same bits. */
START_TEST(how_rows_are_handed_over_does_not_matter)
{
    enum { D = 67, C = 5 };
    static double spread[ROWS * D * 2];
    static float narrow[ROWS * D];
    conceptdec_probe_model *m = make_model(ctx, CONCEPTDEC_PROBE_LOGISTIC, C, D);
    conceptdec_matrix x = make_rows(ROWS, D), other = x, one = x;
    conceptdec_result *result;
    OK(conceptdec_probe_model_predict(ctx, m, &x, &result));
    const double *decision = array_of(result, CONCEPTDEC_R_DECISION, 2, ROWS, C);
    expect_same_decisions(m, &x, 1, decision);
    expect_same_decisions(m, &x, 5, decision);
    for (int64_t i = 0; i < ROWS; i++)
        for (int64_t j = 0; j < D; j++) {
            narrow[i * D + j] = (float)rows[i * D + j];
            spread[((ROWS - 1 - i) * D + j) * 2] = rows[i * D + j];
        }
    other.data = spread + (ROWS - 1) * D * 2;
    other.row_stride = -16 * D;
    other.col_stride = 16;
    expect_same_decisions(m, &other, 3, decision);
    other = (conceptdec_matrix){.data = narrow, .rows = ROWS, .cols = D, .row_stride = 4 * D, .col_stride = 4,
                                .dtype = CONCEPTDEC_FLOAT32};
    expect_same_decisions(m, &other, 2, decision);
    conceptdec_reader reader = {.struct_size = sizeof reader, .read = deliver, .user = &other};
    conceptdec_matrix read = {.data = &reader, .rows = ROWS, .cols = D, .dtype = CONCEPTDEC_FLOAT32,
                              .flags = CONCEPTDEC_MATRIX_READER};
    expect_same_decisions(m, &read, 2, decision);
    one.rows = 1;
    for (int64_t i = 0; i < ROWS; i++) {
        one.data = rows + i * D;
        expect_same_decisions(m, &one, 1, decision + i * C);
    }
    conceptdec_result_free(result);
    conceptdec_probe_model_free(m);
}
END_TEST

/* So many rows and columns that they make several tasks. */
START_TEST(neither_do_threads)
{
    conceptdec_probe_model *m = make_model(ctx, CONCEPTDEC_PROBE_LOGISTIC, 70, MOST_D);
    conceptdec_matrix x = make_rows(MANY_ROWS, MOST_D);
    conceptdec_result *result;
    OK(conceptdec_probe_model_predict(ctx, m, &x, &result));
    expect_predictions(result, m, MANY_ROWS);
    const double *decision = array_of(result, CONCEPTDEC_R_DECISION, 2, MANY_ROWS, 70);
    for (int32_t threads = 1; threads < 6; threads += 2)
        expect_same_decisions(m, &x, threads, decision);
    rows[200 * MOST_D + 3] = rows[440 * MOST_D] = NONE;
    ck_assert_int_eq(conceptdec_probe_model_predict(ctx, m, &x, &result), CONCEPTDEC_ENONFINITE);
    ck_assert_ptr_nonnull(strstr(conceptdec_ctx_error(ctx), "row 200, column 3"));
    conceptdec_result_free(result);
    conceptdec_probe_model_free(m);
}
END_TEST

/* ---- scores ---- */

START_TEST(scores_are_those_of_the_predictions)
{
    conceptdec_probe_model *m = make_model(ctx, shapes[_i].kind, shapes[_i].classes, shapes[_i].d);
    conceptdec_matrix x = make_rows(ROWS, m->d);
    int32_t labels[ROWS];
    conceptdec_matrix y = {.data = labels, .rows = ROWS, .cols = 1, .row_stride = 4, .col_stride = 4,
                           .dtype = CONCEPTDEC_INT32};
    conceptdec_result *result, *scored;
    double accuracy = 0, n = 0, log_loss = 0, value;
    OK(conceptdec_probe_model_predict(ctx, m, &x, &result));
    const int64_t *predicted = array_of(result, CONCEPTDEC_R_PREDICTED, 1, ROWS, 0);
    conceptdec_array posterior = {0};
    (void)conceptdec_result_get(result, CONCEPTDEC_R_POSTERIOR, &posterior);
    for (int32_t i = 0; i < ROWS; i++) {
        labels[i] = i % 3 == 0 ? (int32_t)predicted[i] : (i * 5) % (int32_t)(m->classes + 1) - 1;
        if (labels[i] < 0)
            continue;
        accuracy += labels[i] == predicted[i];
        if (posterior.data)
            log_loss -= log2(((const double *)posterior.data)[i * m->classes + labels[i]]);
        n++;
    }
    OK(conceptdec_probe_model_score(ctx, m, &x, &y, &scored));
    OK(conceptdec_result_scalar(scored, CONCEPTDEC_R_ACCURACY, &value));
    ck_assert_double_eq_tol(value, accuracy / n, 1e-15);
    OK(conceptdec_result_scalar(scored, CONCEPTDEC_R_LOG_LOSS, &value));
    ck_assert(posterior.data ? fabs(value - log_loss / n) < 1e-12 : isnan(value));
    OK(conceptdec_result_scalar(scored, CONCEPTDEC_R_N_SCORED, &value));
    ck_assert_double_eq(value, n);
    const char *scalars[] = {CONCEPTDEC_R_BALANCED, CONCEPTDEC_R_MACRO_F1, CONCEPTDEC_R_CALIBRATION_ERROR};
    const char *by_class[] = {CONCEPTDEC_R_PER_CONCEPT, CONCEPTDEC_R_AUROC, CONCEPTDEC_R_AVERAGE_PRECISION};
    for (size_t i = 0; i < LENGTH(scalars); i++)
        (void)array_of(scored, scalars[i], 0, 0, 0);
    for (size_t i = 0; i < LENGTH(by_class); i++)
        (void)array_of(scored, by_class[i], 1, m->classes, 0);
    const double *confusion = array_of(scored, CONCEPTDEC_R_CONFUSION, 2, m->classes, m->classes);
    double sum = 0;
    for (int64_t i = 0; i < m->classes * m->classes; i++)
        sum += confusion[i];
    ck_assert_double_eq_tol(sum, n, 1e-12);
    conceptdec_result_free(result);
    conceptdec_result_free(scored);
    conceptdec_probe_model_free(m);
}
END_TEST

static void
expect_refused(conceptdec_status status, conceptdec_status wanted, const char *text)
{
    ck_assert_int_eq(status, wanted);
    ck_assert_msg(strstr(conceptdec_ctx_error(ctx), text) != NULL, "'%s' does not say '%s'", conceptdec_ctx_error(ctx),
                  text);
}

START_TEST(bad_input_is_refused)
{
    enum { D = 7, C = 3 };
    conceptdec_probe_model *m = make_model(ctx, CONCEPTDEC_PROBE_LDA, C, D);
    conceptdec_matrix x = make_rows(ROWS, D), wide = x;
    int64_t labels[ROWS] = {0};
    conceptdec_matrix y = {.data = labels, .rows = ROWS, .cols = 1, .row_stride = 8, .col_stride = 8,
                           .dtype = CONCEPTDEC_INT64}, shorter = y;
    conceptdec_result *none = NULL;
    wide.cols = D - 1;
    shorter.rows--;
    expect_refused(conceptdec_probe_model_predict(ctx, m, &wide, &none), CONCEPTDEC_ESIZE, "x: 6 columns");
    expect_refused(conceptdec_probe_model_score(ctx, m, &wide, &y, &none), CONCEPTDEC_ESIZE, "fitted to 7");
    expect_refused(conceptdec_probe_model_score(ctx, m, &x, &shorter, &none), CONCEPTDEC_ESIZE, "labels: 69 x 1");
    expect_refused(conceptdec_probe_model_score(ctx, m, &x, &x, &none), CONCEPTDEC_EDTYPE, "labels");
    expect_refused(conceptdec_probe_model_predict(ctx, m, &y, &none), CONCEPTDEC_EDTYPE, "x");
    labels[9] = C;
    expect_refused(conceptdec_probe_model_score(ctx, m, &x, &y, &none), CONCEPTDEC_ELABEL, "3 at row 9");
    labels[9] = -2;
    expect_refused(conceptdec_probe_model_score(ctx, m, &x, &y, &none), CONCEPTDEC_ELABEL, "-2 at row 9");
    memset(labels, 255, sizeof labels);
    expect_refused(conceptdec_probe_model_score(ctx, m, &x, &y, &none), CONCEPTDEC_ETOOFEW, "labels");
    labels[9] = 1;
    rows[65 * D + 2] = rows[30 * D + 6] = NONE;
    rows[30 * D + 4] = -INF;
    expect_refused(conceptdec_probe_model_predict(ctx, m, &x, &none), CONCEPTDEC_ENONFINITE, "row 30, column 4");
    expect_refused(conceptdec_probe_model_score(ctx, m, &x, &y, &none), CONCEPTDEC_ENONFINITE, "row 30, column 4");
    expect_refused(conceptdec_probe_model_predict(ctx, NULL, &x, &none), CONCEPTDEC_ENULL, "model");
    expect_refused(conceptdec_probe_model_predict(ctx, m, NULL, &none), CONCEPTDEC_ENULL, "x");
    expect_refused(conceptdec_probe_model_predict(ctx, m, &x, NULL), CONCEPTDEC_ENULL, "result");
    expect_refused(conceptdec_probe_model_score(ctx, NULL, &x, &y, &none), CONCEPTDEC_ENULL, "model");
    expect_refused(conceptdec_probe_model_score(ctx, m, NULL, &y, &none), CONCEPTDEC_ENULL, "x");
    expect_refused(conceptdec_probe_model_score(ctx, m, &x, NULL, &none), CONCEPTDEC_ENULL, "labels");
    expect_refused(conceptdec_probe_model_score(ctx, m, &x, &y, NULL), CONCEPTDEC_ENULL, "result");
    ck_assert_int_eq(conceptdec_probe_model_predict(NULL, m, &x, &none), CONCEPTDEC_ENULL);
    ck_assert_ptr_null(none);
    conceptdec_probe_model_free(m);
    conceptdec_probe_model_free(NULL);
}
END_TEST

/* ---- what a model says of itself ---- */

static const char *const names[] = {CONCEPTDEC_R_WEIGHTS,   CONCEPTDEC_R_BIAS,       CONCEPTDEC_R_CLASSES,
                                    CONCEPTDEC_R_LAMBDA,    CONCEPTDEC_R_CONVERGED,  CONCEPTDEC_R_ITERATIONS,
                                    CONCEPTDEC_R_DECREMENT, CONCEPTDEC_R_OBJECTIVE,  CONCEPTDEC_R_KIND};

START_TEST(a_model_tells_what_it_is)
{
    conceptdec_probe_model *m = make_model(ctx, CONCEPTDEC_PROBE_LOGISTIC, 3, 4);
    conceptdec_array a;
    const int32_t ndims[] = {2, 1, 1, 0, 0, 0, 0, 0, 0};
    for (size_t i = 0; i < LENGTH(names); i++) {
        ck_assert_int_eq(conceptdec_probe_model_get(m, names[i], &a), CONCEPTDEC_OK);
        ck_assert_int_eq(a.ndim, ndims[i]);
        ck_assert(a.ndim == 0 || a.shape[0] == 3);
        ck_assert(a.ndim < 2 || a.shape[1] == 4);
        ck_assert_int_eq(a.dtype, i == 2 || i == 4 || i == 5 || i == 8 ? CONCEPTDEC_INT64 : CONCEPTDEC_FLOAT64);
    }
    ck_assert_int_eq(conceptdec_probe_model_get(m, CONCEPTDEC_R_CLASSES, &a), CONCEPTDEC_OK);
    ck_assert_int_eq(((const int64_t *)a.data)[2], 2);
    ck_assert_int_eq(conceptdec_probe_model_get(m, CONCEPTDEC_R_OBJECTIVE, &a), CONCEPTDEC_OK);
    ck_assert_double_eq(*(const double *)a.data, 0.25);
    ck_assert_int_eq(conceptdec_probe_model_get(m, "weight", &a), CONCEPTDEC_ENAME);
    ck_assert_int_eq(conceptdec_probe_model_get(NULL, "bias", &a), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_probe_model_get(m, NULL, &a), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_probe_model_get(m, "bias", NULL), CONCEPTDEC_ENULL);
    conceptdec_probe_model_free(m);
}
END_TEST

/* ---- files ---- */

static size_t
read_file(unsigned char *data)
{
    FILE *f = fopen(path, "rb");
    ck_assert_ptr_nonnull(f);
    size_t got = fread(data, 1, MOST_FILE, f);
    (void)fclose(f);
    return got;
}

static void
write_file(const unsigned char *data, size_t size)
{
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(data, 1, size, f), size);
    (void)fclose(f);
}

static int64_t
bytes_of(const conceptdec_array *a)
{
    int64_t bytes = 8;
    for (int i = 0; i < a->ndim; i++)
        bytes *= a->shape[i];
    return bytes;
}

static void
expect_same_model(const conceptdec_probe_model *m, const conceptdec_probe_model *other)
{
    for (size_t i = 0; i < LENGTH(names); i++) {
        conceptdec_array a, b;
        ck_assert_int_eq(conceptdec_probe_model_get(m, names[i], &a), CONCEPTDEC_OK);
        ck_assert_int_eq(conceptdec_probe_model_get(other, names[i], &b), CONCEPTDEC_OK);
        ck_assert_mem_eq(a.shape, b.shape, sizeof a.shape);
        ck_assert_mem_eq(a.data, b.data, (size_t)bytes_of(&a));
    }
    ck_assert_mem_eq(&m->sharpness, &other->sharpness, sizeof m->sharpness);
}

START_TEST(a_file_brings_back_the_model)
{
    static unsigned char first[MOST_FILE], second[MOST_FILE];
    conceptdec_probe_model *m = make_model(ctx, shapes[_i].kind, shapes[_i].classes, shapes[_i].d), *back;
    if (m->classes > 2)
        make_absent(m, 1, -INF);
    else if (m->d == 33)
        make_absent(m, 0, INF);
    OK(conceptdec_probe_model_save(ctx, m, path));
    size_t size = read_file(first);
    OK(conceptdec_probe_model_load(ctx, path, &back));
    expect_same_model(m, back);
    OK(conceptdec_probe_model_save(ctx, back, path)); /* over the file that is there */
    ck_assert_uint_eq(read_file(second), size);
    ck_assert_mem_eq(first, second, size);
    conceptdec_probe_model_free(m);
    conceptdec_probe_model_free(back);
}
END_TEST

/* The layout is a promise: these bytes are of format 1. */
START_TEST(the_format_stays_what_it_is)
{
    static unsigned char data[MOST_FILE];
    conceptdec_probe_model *m;
    OK(conceptdec_i_probe_model_make(ctx, CONCEPTDEC_PROBE_RIDGE, 2, 2, &m));
    m->weights[0] = 1;
    m->weights[1] = -2;
    m->bias[0] = 0.5;
    m->lambda = 3;
    m->decrement = m->objective = m->sharpness = 0.25;
    m->iterations = 6;
    OK(conceptdec_probe_model_save(ctx, m, path));
    const int64_t whole[] = {1, 1, 2, 1, 2, 1, 6};
    const double real[] = {3, 0.25, 0.25, 0.25, 1, -2, 0.5};
    ck_assert_uint_eq(read_file(data), 8 + sizeof whole + sizeof real + 8);
    ck_assert_mem_eq(data, "cdecPrb\n", 8);
    ck_assert_mem_eq(data + 8, whole, sizeof whole);
    ck_assert_mem_eq(data + 64, real, sizeof real);
    uint64_t sum;
    memcpy(&sum, data + 120, 8);
    ck_assert_uint_eq(sum, UINT64_C(0xdfa377e86ff9734e)); /* by another program */
    conceptdec_probe_model_free(m);
}
END_TEST

/* Every bit flipped, every length cut, a byte too many: refused, never a crash, nothing handed out. */
START_TEST(damaged_files_are_refused)
{
    static unsigned char data[MOST_FILE];
    conceptdec_probe_model *m = make_model(ctx, CONCEPTDEC_PROBE_LOGISTIC, 3, 5), *none = NULL;
    OK(conceptdec_probe_model_save(ctx, m, path));
    size_t size = read_file(data);
    for (size_t i = 0; i < 8 * size; i++) {
        data[i / 8] ^= (unsigned char)(1u << (i % 8));
        write_file(data, size);
        ck_assert_int_eq(conceptdec_probe_model_load(ctx, path, &none), CONCEPTDEC_EFORMAT);
        data[i / 8] ^= (unsigned char)(1u << (i % 8));
    }
    for (size_t cut = 0; cut < size; cut++) {
        write_file(data, cut);
        ck_assert_int_eq(conceptdec_probe_model_load(ctx, path, &none), CONCEPTDEC_EFORMAT);
    }
    write_file(data, size + 1);
    expect_refused(conceptdec_probe_model_load(ctx, path, &none), CONCEPTDEC_EFORMAT, "its length does not fit");
    write_file(data, size);
    OK(conceptdec_probe_model_load(ctx, path, &none));
    conceptdec_probe_model_free(none);
    conceptdec_probe_model_free(m);
}
END_TEST

/* Values that are not what they were, under a checksum that is right: the place of a number in the file, and the
 * number. */
typedef struct forgery {
    int place; /* in numbers of 8 bytes */
    bool is_real;
    int64_t whole;
    double real;
    const char *text;
} forgery;

enum { KIND = 2, CLASSES, COLUMNS, WIDTH, CONVERGED, ITERATIONS, PENALTY, DECREMENT, OBJECTIVE, SHARPNESS, WEIGHTS,
       BIAS = WEIGHTS + 15 };

#define WHOLE(place, value) {place, false, value, 0, "a number of its header"}
#define REAL(place, value) {place, true, 0, value, "a number of its header"}
#define VALUE(place, value) {place, true, 0, value, "a weight or bias"}

static const forgery forgeries[] = {
    {1, false, 2, 0, "a later version"},
    WHOLE(KIND, -1), WHOLE(KIND, 5), WHOLE(CLASSES, 4), WHOLE(CLASSES, 1), WHOLE(CLASSES, 2), WHOLE(CLASSES, INT64_MIN),
    WHOLE(CLASSES, 4097), WHOLE(COLUMNS, 1), WHOLE(COLUMNS, INT64_MAX), WHOLE(WIDTH, 0), WHOLE(WIDTH, -5),
    WHOLE(CONVERGED, 2), WHOLE(ITERATIONS, -1), REAL(PENALTY, -1), REAL(PENALTY, INFINITY), REAL(DECREMENT, INFINITY),
    REAL(OBJECTIVE, -INFINITY), REAL(SHARPNESS, 0), REAL(SHARPNESS, -1), REAL(SHARPNESS, INFINITY),
    {WIDTH, false, INT64_MAX, 0, "impossible"}, {WIDTH, false, INT64_MAX / 24 + 1, 0, "impossible"},
    {WIDTH, false, INT64_MAX / 48, 0, "its length"}, {WIDTH, false, 6, 0, "its length"},
    VALUE(WEIGHTS, NAN), VALUE(WEIGHTS + 14, INFINITY), VALUE(BIAS, NAN), VALUE(BIAS + 2, INFINITY),
    VALUE(BIAS + 1, -INFINITY), /* with weights that are not 0 */
};

START_TEST(forged_files_are_refused)
{
    static unsigned char data[MOST_FILE];
    const forgery *f = &forgeries[_i];
    conceptdec_probe_model *m = make_model(ctx, CONCEPTDEC_PROBE_LOGISTIC, 3, 5), *none = NULL;
    OK(conceptdec_probe_model_save(ctx, m, path));
    size_t size = read_file(data);
    ck_assert_uint_eq(size, (BIAS + 3 + 1) * 8);
    if (f->is_real)
        memcpy(data + 8 * f->place, &f->real, 8);
    else
        memcpy(data + 8 * f->place, &f->whole, 8);
    uint64_t sum = conceptdec_i_record_checksum(0, data, size - 8);
    memcpy(data + size - 8, &sum, 8);
    write_file(data, size);
    expect_refused(conceptdec_probe_model_load(ctx, path, &none), CONCEPTDEC_EFORMAT, f->text);
    ck_assert_ptr_null(none);
    conceptdec_probe_model_free(m);
}
END_TEST

/* Sizes and numbers that only together are wrong. */
START_TEST(impossible_models_are_refused)
{
    conceptdec_probe_model *m = make_model(ctx, CONCEPTDEC_PROBE_LDA, 3, 5), *none = NULL;
    for (int64_t k = 0; k < 3; k++)
        make_absent(m, k, -INF);
    OK(conceptdec_probe_model_save(ctx, m, path));
    expect_refused(conceptdec_probe_model_load(ctx, path, &none), CONCEPTDEC_EFORMAT, "a weight or bias");
    m->bias[0] = 0; /* and now class 1 would always be predicted */
    m->bias[1] = INF;
    OK(conceptdec_probe_model_save(ctx, m, path));
    expect_refused(conceptdec_probe_model_load(ctx, path, &none), CONCEPTDEC_EFORMAT, "a weight or bias");
    conceptdec_probe_model_free(m);
    for (int64_t classes = 1; classes <= 4097; classes += 4096) {
        m = make_model(ctx, CONCEPTDEC_PROBE_LDA, classes, 1);
        OK(conceptdec_probe_model_save(ctx, m, path));
        expect_refused(conceptdec_probe_model_load(ctx, path, &none), CONCEPTDEC_EFORMAT, "a number of its header");
        conceptdec_probe_model_free(m);
    }
}
END_TEST

START_TEST(files_that_cannot_be_written_or_read)
{
    char missing[400];
    conceptdec_probe_model *m = make_model(ctx, CONCEPTDEC_PROBE_LDA, 3, 5), *none = NULL;
    (void)snprintf(missing, sizeof missing, "%s/no/model", folder);
    expect_refused(conceptdec_probe_model_load(ctx, path, &none), CONCEPTDEC_EIO, "cannot open");
    expect_refused(conceptdec_probe_model_load(ctx, folder, &none), CONCEPTDEC_EIO, "cannot read");
    expect_refused(conceptdec_probe_model_save(ctx, m, missing), CONCEPTDEC_EIO, "temporary file");
    ck_assert_int_eq(mkdir(path, 0700), 0);
    expect_refused(conceptdec_probe_model_save(ctx, m, path), CONCEPTDEC_EIO, "cannot replace");
    ck_assert_int_eq(rmdir(path), 0);
    if (geteuid() != 0) { /* whom no folder refuses */
        ck_assert_int_eq(chmod(folder, 0500), 0);
        expect_refused(conceptdec_probe_model_save(ctx, m, path), CONCEPTDEC_EIO, "temporary file");
        ck_assert_int_eq(chmod(folder, 0700), 0);
    }
    expect_refused(conceptdec_probe_model_save(ctx, NULL, path), CONCEPTDEC_ENULL, "model");
    expect_refused(conceptdec_probe_model_save(ctx, m, NULL), CONCEPTDEC_ENULL, "path");
    expect_refused(conceptdec_probe_model_load(ctx, NULL, &none), CONCEPTDEC_ENULL, "path");
    expect_refused(conceptdec_probe_model_load(ctx, path, NULL), CONCEPTDEC_ENULL, "model");
    ck_assert_ptr_null(none);
    conceptdec_probe_model_free(m);
}
END_TEST

/* ---- without memory ---- */

static conceptdec_status
predict_once(conceptdec_ctx *with, void *argument, void **output)
{
    conceptdec_probe_model *m;
    conceptdec_matrix x = make_rows(20, 6);
    conceptdec_status status = conceptdec_probe_model_load(with, path, &m);
    (void)argument;
    if (status != CONCEPTDEC_OK)
        return status;
    status = conceptdec_probe_model_save(with, m, path);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_probe_model_predict(with, m, &x, (conceptdec_result **)output);
    conceptdec_probe_model_free(m);
    return status;
}

static conceptdec_status
score_once(conceptdec_ctx *with, void *argument, void **output)
{
    static const int32_t labels[20] = {0, 1, 2, 3};
    conceptdec_matrix x = make_rows(20, 6), y = {.data = labels, .rows = 20, .cols = 1, .row_stride = 4,
                                                .col_stride = 4, .dtype = CONCEPTDEC_INT32};
    return conceptdec_probe_model_score(with, argument, &x, &y, (conceptdec_result **)output);
}

static void
free_result(void *output)
{
    conceptdec_result_free(output);
}

START_TEST(every_allocation_fails_once)
{
    conceptdec_probe_model *m = make_model(ctx, CONCEPTDEC_PROBE_LDA, 4, 6);
    OK(conceptdec_probe_model_save(ctx, m, path));
    ck_assert_int_ge(torture(1 + _i, predict_once, NULL, free_result), 10);
    ck_assert_int_ge(torture(1 + _i, score_once, m, free_result), 20);
    conceptdec_probe_model_free(m);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("probe_model");
    TCase *rows_case = tcase_create("rows"), *files = tcase_create("files");
    tcase_add_checked_fixture(rows_case, setup, teardown);
    tcase_add_loop_test(rows_case, predictions_are_those_of_the_definition, 0, LENGTH(shapes));
    tcase_add_test(rows_case, how_rows_are_handed_over_does_not_matter);
    tcase_add_test(rows_case, neither_do_threads);
    tcase_add_loop_test(rows_case, scores_are_those_of_the_predictions, 0, LENGTH(shapes));
    tcase_add_test(rows_case, bad_input_is_refused);
    tcase_add_test(rows_case, a_new_model_is_the_drivers);
    tcase_add_test(rows_case, a_model_tells_what_it_is);
    tcase_add_loop_test(rows_case, every_allocation_fails_once, 0, 2);
    suite_add_tcase(suite, rows_case);
    tcase_set_timeout(files, 60);
    tcase_add_checked_fixture(files, setup, teardown);
    tcase_add_loop_test(files, a_file_brings_back_the_model, 0, LENGTH(shapes));
    tcase_add_test(files, the_format_stays_what_it_is);
    tcase_add_test(files, damaged_files_are_refused);
    tcase_add_loop_test(files, forged_files_are_refused, 0, LENGTH(forgeries));
    tcase_add_test(files, impossible_models_are_refused);
    tcase_add_test(files, files_that_cannot_be_written_or_read);
    suite_add_tcase(suite, files);
    return suite;
}

CHECK_MAIN(make_suite)

/* Linear discriminant analysis: one covariance for all classes, S = sum of omega (z - mu_class) (z - mu_class)', shrunk
 * to (1 - s) S + s tr(S) / d I, d the dimensions of the input: where the space is reduced, the identity of all d
 * dimensions is that of the span within it, and class means lie in the span.
 *
 * f_c = ln prior_c + mu_c' S^+ z - mu_c' S^+ mu_c / 2, of two classes f_1 - f_0; priors are the weights of the classes.
 * Without shrinkage S may be singular: eigenvalues at or below max(n, r) 2^-52 times the largest of them and of the
 * diagonal of the second moments about the common mean count as 0. Where S itself is but rounding of those, nothing but
 * priors decides.
 *
 * S comes from the moments about the common mean, which all label sets of a role share, less those between class
 * means. */
#include <math.h>
#include <string.h>

#include "core/whole.h"
#include "linalg/apply.h"
#include "linalg/tiles.h"
#include "probe/closed.h"

#define ROWS 256            /* of a task */
#define LEAST_WITHIN 1e-13  /* of the trace of the moments about the common mean */

typedef struct {
    const conceptdec_i_fitting *fitting;
    conceptdec_i_fit_listener listener;
    void *argument;
    int64_t r, classes, columns;
    conceptdec_i_arena arena; /* of the role */
    bool is_open;
    const uint8_t *role;
    conceptdec_i_members members;
    double *mean, *total; /* r; r x r: moments about it */
    double total_trace, largest; /* of the diagonal of total */
    double *within, *work; /* r x r */
    double *sums, *mass;   /* classes x r, which become means; classes */
    double *apart;         /* classes x r: means less the common one */
    double *w, *bias;      /* columns x r; columns */
    double *decision, *values; /* columns x n; columns x n_left */
    double *row, *fourth;  /* per lane: r; per task */
    double shrinkage;
} lda;

/* ---- what label sets of a role share ---- */

static void
close_role(lda *l)
{
    if (l->is_open)
        conceptdec_i_arena_close(&l->arena);
    l->is_open = false;
}

static conceptdec_status
take(lda *l, const char *what, int64_t count, double **out)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(&l->arena, what, count, sizeof(double), &p));
    *out = p;
    return CONCEPTDEC_OK;
}

/* What sums, products and solutions take meanwhile. */
static int64_t
buffer_doubles(const lda *l)
{
    const conceptdec_i_fitting *fitting = l->fitting;
    const conceptdec_i_dense means = {.n = l->classes, .dims = l->r, .stride = l->r, .is_wide = true};
    const int64_t sums = conceptdec_i_class_sums_doubles(fitting, l->members.n_train, 1, l->classes);
    const int64_t gram = conceptdec_i_gram_bytes(fitting->ctx, &means, CONCEPTDEC_I_TILE_F64);
    const int64_t within = l->classes + ceil_div(gram, sizeof(double)), total = conceptdec_i_moments_doubles(fitting);
    const int64_t solving = conceptdec_i_moments_solve_doubles(fitting->ctx, l->r, l->columns);
    const int64_t values = conceptdec_i_product_doubles(fitting, l->members.n_left, l->columns);
    return max64(max64(sums, within), max64(total, max64(solving, values)));
}

static conceptdec_status
take_all(lda *l)
{
    int64_t r = l->r, c = l->classes, k = l->columns, n = l->fitting->space->n;
    int64_t held = 3 * r * r + (2 * c + k + 1 + conceptdec_i_lanes(l->fitting->ctx)) * r + c + k + 2 * k * n +
                   n / ROWS + 1 + conceptdec_i_members_doubles(l->fitting);
    CONCEPTDEC_I_TRY(
        conceptdec_i_closed_memory(l->fitting, "covariances and decision values", held + buffer_doubles(l)));
    CONCEPTDEC_I_TRY(take(l, "mean", r, &l->mean));
    CONCEPTDEC_I_TRY(take(l, "covariance", r * r, &l->total));
    CONCEPTDEC_I_TRY(take(l, "covariance", r * r, &l->within));
    CONCEPTDEC_I_TRY(take(l, "covariance", r * r, &l->work));
    CONCEPTDEC_I_TRY(take(l, "class means", c * r, &l->sums));
    CONCEPTDEC_I_TRY(take(l, "class means", c, &l->mass));
    CONCEPTDEC_I_TRY(take(l, "class means", c * r, &l->apart));
    CONCEPTDEC_I_TRY(take(l, "weights", k * r, &l->w));
    CONCEPTDEC_I_TRY(take(l, "intercepts", k, &l->bias));
    CONCEPTDEC_I_TRY(take(l, "decision values", k * n, &l->decision));
    CONCEPTDEC_I_TRY(take(l, "decision values", k * n, &l->values));
    CONCEPTDEC_I_TRY(take(l, "rows", conceptdec_i_lanes(l->fitting->ctx) * r, &l->row));
    return take(l, "norms", n / ROWS + 1, &l->fourth);
}

static conceptdec_status
open_role(lda *l, const conceptdec_i_problem *problem)
{
    double mass;
    close_role(l);
    conceptdec_i_arena_open(&l->arena, l->fitting->ctx);
    l->is_open = true;
    l->role = problem->role;
    CONCEPTDEC_I_TRY(conceptdec_i_members_take(&l->arena, l->fitting, problem, &l->members));
    CONCEPTDEC_I_TRY(take_all(l));
    CONCEPTDEC_I_TRY(conceptdec_i_class_sums(l->fitting, &l->members, 1, NULL, 1, l->mean, &mass));
    CONCEPTDEC_I_TRY(conceptdec_i_central_moments(l->fitting, &l->members, l->mean, l->total));
    l->total_trace = l->largest = 0;
    for (int64_t j = 0; j < l->r; j++) {
        l->total_trace += l->total[j * l->r + j];
        l->largest = fmax(l->largest, l->total[j * l->r + j]);
    }
    return CONCEPTDEC_OK;
}

/* ---- covariance of one label set ---- */

static void
find_means(lda *l)
{
    for (int64_t c = 0; c < l->classes; c++)
        for (int64_t j = 0; j < l->r; j++) {
            double *mean = &l->sums[c * l->r + j];
            *mean = l->mass[c] > 0 ? *mean / l->mass[c] : 0;
            l->apart[c * l->r + j] = l->mass[c] > 0 ? *mean - l->mean[j] : 0;
        }
}

static conceptdec_status
find_within(lda *l)
{
    const conceptdec_i_dense rows = {.data = l->apart, .n = l->classes, .dims = l->r, .stride = l->r, .is_wide = true};
    CONCEPTDEC_I_TRY(conceptdec_i_gram(l->fitting->ctx, &rows, l->mass, CONCEPTDEC_I_TILE_F64, l->within, l->r));
    for (int64_t i = 0; i < l->r * l->r; i++)
        l->within[i] = l->total[i] - l->within[i];
    return CONCEPTDEC_OK;
}

typedef struct {
    lda *l;
    const int32_t *labels;
    double unit;
} norms_job;

/* Sum of omega (|z - mu|^2 / unit)^2 over some rows. */
static conceptdec_status
norms_task(void *argument, int64_t task, int lane)
{
    const norms_job *job = argument;
    const lda *l = job->l;
    double *row = l->row + lane * l->r, sum = 0;
    int64_t end = task_end(task, ROWS, l->members.n_train);
    for (int64_t t = task * ROWS; t < end; t++) {
        int64_t i = l->members.train[t];
        const double *mean = l->sums + job->labels[i] * l->r;
        double squares[4] = {0};
        if (l->members.omega[i] <= 0)
            continue;
        conceptdec_i_space_row(l->fitting->space, i, row);
        for (int64_t j = 0; j < l->r; j++)
            squares[j % 4] += (row[j] - mean[j]) * (row[j] - mean[j]);
        double square = ((squares[0] + squares[1]) + (squares[2] + squares[3])) / job->unit;
        sum += l->members.omega[i] * square * square;
    }
    l->fourth[task] = sum;
    return CONCEPTDEC_OK;
}

/* Ledoit and Wolf (2004) for rows that are centred already, as scikit-learn's ledoit_wolf_shrinkage; their number is
 * the sum of their weights, so that a weight of 2 is a row twice. Fourth powers are taken in units near the trace:
 * without one they leave the range of float64 long before squares do. */
static conceptdec_status
ledoit_wolf(lda *l, const int32_t *labels, double trace)
{
    int exponent = 0;
    (void)frexp(trace, &exponent);
    norms_job job = {.l = l, .labels = labels, .unit = ldexp(1, exponent)};
    int64_t tasks = (l->members.n_train + ROWS - 1) / ROWS;
    double d = (double)l->fitting->space->d, square = 0, fourth = 0;
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(l->fitting->ctx, tasks, norms_task, &job));
    for (int64_t t = 0; t < tasks; t++)
        fourth += l->fourth[t];
    for (int64_t i = 0; i < l->r * l->r; i++)
        square += l->within[i] / job.unit * (l->within[i] / job.unit);
    trace /= job.unit;
    double beta = (fourth - square) / (d * l->members.total), delta = (square - trace * trace / d) / d;
    beta = fmin(beta, delta);
    l->shrinkage = beta > 0 && delta > 0 ? beta / delta : 0;
    return CONCEPTDEC_OK;
}

static conceptdec_status
shrink(lda *l, const int32_t *labels, double trace)
{
    const conceptdec_probe_options *options = l->fitting->options;
    l->shrinkage = options->covariance == CONCEPTDEC_COVARIANCE_FIXED ? options->shrinkage : 0;
    if (options->covariance == CONCEPTDEC_COVARIANCE_LEDOIT_WOLF)
        CONCEPTDEC_I_TRY(ledoit_wolf(l, labels, trace));
    for (int64_t i = 0; i < l->r * l->r; i++)
        l->within[i] *= 1 - l->shrinkage;
    for (int64_t i = 0; i < l->r; i++)
        l->within[i * l->r + i] += l->shrinkage * trace / (double)l->fitting->space->d;
    return CONCEPTDEC_OK;
}

/* ---- weights and values ---- */

static void
start_columns(lda *l)
{
    if (l->columns > 1) {
        memcpy(l->w, l->sums, (size_t)(l->columns * l->r) * sizeof(double));
        return;
    }
    bool is_whole = l->mass[0] > 0 && l->mass[1] > 0;
    for (int64_t j = 0; j < l->r; j++)
        l->w[j] = is_whole ? l->sums[l->r + j] - l->sums[j] : 0;
}

static conceptdec_status
solve(lda *l, double trace)
{
    start_columns(l);
    if (!(trace > LEAST_WITHIN * l->total_trace)) {
        memset(l->w, 0, (size_t)(l->columns * l->r) * sizeof(double));
        return CONCEPTDEC_OK;
    }
    int64_t n = l->members.n_train > l->r ? l->members.n_train : l->r;
    return conceptdec_i_moments_solve(l->fitting->ctx, l->r, (double)n * 0x1p-52, l->largest, l->within, l->work,
                                      l->columns, l->w);
}

static void
find_intercepts(lda *l)
{
    for (int64_t k = 0; k < l->columns; k++) {
        const double *w = l->w + k * l->r;
        double along = 0;
        if (l->columns == 1 && !(l->mass[0] > 0 && l->mass[1] > 0)) {
            l->bias[k] = conceptdec_i_absent_bias(1, l->mass[0] > 0 ? 0 : 1);
            continue;
        }
        for (int64_t j = 0; j < l->r; j++)
            along += w[j] * (l->columns == 1 ? l->sums[j] + l->sums[l->r + j] : l->sums[k * l->r + j]);
        double prior = l->columns == 1 ? l->mass[1] / l->mass[0] : l->mass[k];
        l->bias[k] = prior > 0 ? log(prior) - along / 2 : -(double)INFINITY;
    }
}

static conceptdec_status
find_values(lda *l)
{
    const conceptdec_i_dense rows = conceptdec_i_space_rows(l->fitting->space);
    int64_t n = l->members.n_left;
    const conceptdec_i_applying applying = {.rows = &rows, .row = l->members.left, .n = n, .columns = l->columns,
                                            .w = l->w,
                                            .ldw = l->r, .bias = l->bias, .out = l->values, .ldo = n,
                                            .precision = CONCEPTDEC_I_TILE_F64};
    CONCEPTDEC_I_TRY(conceptdec_i_apply(l->fitting->ctx, &applying));
    for (int64_t k = 0; k < l->columns; k++)
        for (int64_t t = 0; t < n; t++)
            l->decision[k * rows.n + l->members.left[t]] = l->values[k * n + t];
    return CONCEPTDEC_OK;
}

static conceptdec_status
fit_set(lda *l, const int32_t *labels)
{
    double trace = 0;
    CONCEPTDEC_I_TRY(conceptdec_i_class_sums(l->fitting, &l->members, 1, &labels, l->classes, l->sums, l->mass));
    find_means(l);
    CONCEPTDEC_I_TRY(find_within(l));
    for (int64_t j = 0; j < l->r; j++)
        trace += l->within[j * l->r + j];
    CONCEPTDEC_I_TRY(shrink(l, labels, trace));
    CONCEPTDEC_I_TRY(solve(l, trace));
    find_intercepts(l);
    return find_values(l);
}

typedef struct {
    const lda *l;
    const int64_t *order;
} telling;

/* Through the pool, so that the listener has a lane of its own. */
static conceptdec_status
tell_task(void *argument, int64_t task, int lane)
{
    const telling *t = argument;
    const lda *l = t->l;
    const conceptdec_i_fit fit = {.w = l->w, .bias = l->bias, .decision = l->decision, .sharpness = 1,
                                  .converged = true,
                                  .decrement = (double)NAN, .objective = (double)NAN, .shrinkage = l->shrinkage};
    return l->listener(l->argument, t->order[task], &fit, lane);
}

static conceptdec_status
run(lda *l, const conceptdec_i_parts *parts)
{
    for (int64_t p = 0; p < parts->n; p++) {
        const conceptdec_i_problem *problem = &l->fitting->problems[parts->order[parts->first[p]]];
        if (!l->is_open || l->role != problem->role || conceptdec_i_is_balanced(l->fitting))
            CONCEPTDEC_I_TRY(open_role(l, problem));
        CONCEPTDEC_I_TRY(fit_set(l, problem->labels));
        telling t = {.l = l, .order = parts->order + parts->first[p]};
        CONCEPTDEC_I_TRY(conceptdec_i_parallel(l->fitting->ctx, parts->first[p + 1] - parts->first[p], tell_task, &t));
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_lda_fit(const conceptdec_i_fitting *fitting, conceptdec_i_fit_listener listener, void *argument)
{
    if (fitting->leave != CONCEPTDEC_I_LEAVE_ROLES)
        return conceptdec_i_fail(
            fitting->ctx, CONCEPTDEC_EUNSUPPORTED,
            "protocol: linear discriminant analysis is not fitted without single rows or groups; use folds");
    lda l = {.fitting = fitting, .listener = listener, .argument = argument, .r = fitting->space->r,
             .classes = fitting->classes,
             .columns = fitting->columns};
    conceptdec_i_arena arena;
    conceptdec_i_parts parts;
    conceptdec_i_arena_open(&arena, fitting->ctx);
    conceptdec_status status = conceptdec_i_parts_find(&arena, fitting, true, &parts);
    if (status == CONCEPTDEC_OK)
        status = run(&l, &parts);
    close_role(&l);
    conceptdec_i_arena_close(&arena);
    return status;
}

/* Nearest mean and mean difference. */
#include "probe/means.h"

#include <math.h>
#include <string.h>

#include "core/whole.h"
#include "linalg/apply.h"
#include "linalg/dot.h"
#include "linalg/tiles.h"

#define BATCH_BYTES ((int64_t)32 << 20)
#define LEAST_SQUARE 1e-13 /* of the mean square about the mean: within-class squares below this are rounding */

typedef conceptdec_i_means means;

/* ---- weights ---- */

/* Adds the mean of a sum, times sign, to w, and what it contributes to the intercept. */
static double
add_mean(const double *sum, double mass, double sign, int64_t r, double *w)
{
    double square = 0;
    for (int64_t j = 0; j < r; j++) {
        double mean = sum[j] / mass;
        w[j] += sign * mean;
        square += mean * mean;
    }
    return -sign * square / 2;
}

static double
add_rest(const means *m, const double *sum, double mass, double *w, double *rest)
{
    for (int64_t j = 0; j < m->r; j++)
        rest[j] = m->mean[j] - sum[j];
    return add_mean(rest, 1 - mass, -1, m->r, w);
}

static bool
is_alone(const means *m, int64_t set, int64_t class)
{
    for (int64_t c = 0; c < m->classes; c++)
        if (c != class && m->mass[set * m->classes + c] > 0)
            return false;
    return true;
}

static void
set_column(const means *m, int64_t set, int64_t column, double *rest)
{
    const double *mass = m->mass + set * m->classes, *sums = m->sums + set * m->classes * m->r;
    double *w = m->w + (set * m->columns + column) * m->r, *bias = m->bias + set * m->columns + column;
    int64_t class = m->columns == 1 ? 1 : column;
    memset(w, 0, (size_t)m->r * sizeof *w);
    *bias = 0;
    if (m->columns == 1 && !(mass[0] > 0 && mass[1] > 0)) {
        *bias = conceptdec_i_absent_bias(1, mass[0] > 0 ? 0 : 1);
    } else if (!(mass[class] > 0)) {
        *bias = conceptdec_i_absent_bias(m->columns, 0);
    } else if (m->columns == 1) {
        *bias = add_mean(sums + m->r, mass[1], 1, m->r, w) + add_mean(sums, mass[0], -1, m->r, w);
    } else if (!m->is_difference) {
        *bias = add_mean(sums + class * m->r, mass[class], 1, m->r, w);
    } else if (!is_alone(m, set, class)) { /* alone it wins with 0 */
        *bias = add_mean(sums + class * m->r, mass[class], 1, m->r, w);
        *bias += add_rest(m, sums + class * m->r, mass[class], w, rest);
    }
}

static double
sharpness_of(const means *m, int64_t set)
{
    double between = 0;
    for (int64_t c = 0; c < m->classes; c++) {
        double mass = m->mass[set * m->classes + c], square = 0;
        const double *sum = m->sums + (set * m->classes + c) * m->r;
        for (int64_t j = 0; j < m->r && mass > 0; j++) {
            double apart = sum[j] / mass - m->mean[j];
            square += apart * apart;
        }
        between += mass * square;
    }
    double within = m->square - between;
    return within > LEAST_SQUARE * m->square ? (double)m->fitting->space->d / within : (double)NAN;
}

static conceptdec_status
set_task(void *argument, int64_t set, int lane)
{
    const means *m = argument;
    for (int64_t k = 0; k < m->columns; k++)
        set_column(m, set, k, m->scratch + lane * m->scratch_size);
    m->sharpness[set] = sharpness_of(m, set);
    return CONCEPTDEC_OK;
}

/* ---- values ---- */

static bool
is_spread(const means *m)
{
    return m->members.n_left < m->fitting->space->n;
}

static conceptdec_status
multiply(const means *m, int64_t columns, const double *w, const double *bias, double *out)
{
    const conceptdec_i_dense rows = conceptdec_i_space_rows(m->fitting->space);
    int64_t n = m->members.n_left;
    const conceptdec_i_applying applying = {.rows = &rows, .row = is_spread(m) ? m->members.left : NULL, .n = n,
                                            .columns = columns, .w = w, .ldw = m->r, .bias = bias, .out = out, .ldo = n,
                                            .precision = rows.is_wide ? CONCEPTDEC_I_TILE_F64 : CONCEPTDEC_I_TILE_F32};
    return conceptdec_i_apply(m->fitting->ctx, &applying);
}

static const double *
place_values(const means *m, int64_t set, int lane)
{
    int64_t n = m->fitting->space->n, n_left = m->members.n_left;
    const double *values = m->values + set * m->columns * n_left;
    if (!is_spread(m))
        return values;
    double *out = m->spread_out + lane * m->columns * n;
    for (int64_t k = 0; k < m->columns; k++)
        for (int64_t t = 0; t < n_left; t++)
            out[k * n + m->members.left[t]] = values[k * n_left + t];
    return out;
}

typedef struct {
    means *m;
    const int64_t *order; /* problems of the batch, by set */
    int64_t count;
    conceptdec_i_fit_listener listener;
    void *argument;
} telling;

/* One label set: all of its problems are the same fit. */
static conceptdec_status
tell_task(void *argument, int64_t set, int lane)
{
    const telling *t = argument;
    const means *m = t->m;
    if (m->fitting->leave != CONCEPTDEC_I_LEAVE_ROLES)
        conceptdec_i_means_leave(m, set, lane);
    const conceptdec_i_fit fit = {.w = m->w + set * m->columns * m->r, .bias = m->bias + set * m->columns,
                                  .decision = place_values(m, set, lane), .sharpness = m->sharpness[set],
                                  .converged = true,
                                  .decrement = (double)NAN, .objective = (double)NAN, .shrinkage = (double)NAN};
    for (int64_t i = 0; i < t->count; i++)
        if (m->fitting->problems[t->order[i]].labels == m->labels[set])
            CONCEPTDEC_I_TRY(t->listener(t->argument, t->order[i], &fit, lane));
    return CONCEPTDEC_OK;
}

/* ---- batches ---- */

static conceptdec_status
take(const means *m, const char *what, int64_t count, double **out)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(m->arena, what, count, sizeof(double), &p));
    *out = p;
    return CONCEPTDEC_OK;
}

static int64_t
set_doubles(const means *m)
{
    int64_t n = m->members.n_left;
    bool leaves = m->fitting->leave != CONCEPTDEC_I_LEAVE_ROLES;
    return m->classes * (m->r + 1 + (leaves ? n : 0)) + m->columns * (m->r + n + 1) + 2;
}

/* What sums and products of a batch take meanwhile. */
static int64_t
buffer_doubles(const means *m, int64_t most)
{
    const conceptdec_i_fitting *fitting = m->fitting;
    const int64_t columns = most * max64(m->columns, m->classes);
    const int64_t sums = conceptdec_i_class_sums_doubles(fitting, m->members.n_train, most, m->classes);
    return max64(sums, conceptdec_i_product_doubles(fitting, m->members.n_left, columns));
}

/* Of the lanes. */
static int64_t
spread_doubles(const means *m)
{
    return is_spread(m) ? conceptdec_i_lanes(m->fitting->ctx) * m->columns * m->fitting->space->n : 0;
}

/* All that is taken with a batch of so many label sets. */
static int64_t
batch_doubles(const means *m, int64_t most)
{
    return m->held + most * set_doubles(m) + spread_doubles(m) +
           conceptdec_i_lanes(m->fitting->ctx) * m->scratch_size + buffer_doubles(m, most);
}

/* Label sets of a batch: about what a cache holds, of a part of the memory, and fewer where that is not left. */
static int64_t
count_sets(const means *m, int64_t count)
{
    const int64_t memory = m->fitting->options->memory, bytes = min64(memory / 4, BATCH_BYTES);
    int64_t most = max64(1, min64(count, bytes / ((int64_t)sizeof(double) * set_doubles(m))));
    while (most > 1 && batch_doubles(m, most) > memory / (int64_t)sizeof(double))
        most--;
    return most;
}

static conceptdec_status
take_batch(means *m, int64_t most)
{
    int64_t n = m->members.n_left;
    bool leaves = m->fitting->leave != CONCEPTDEC_I_LEAVE_ROLES;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_closed_memory(m->fitting, "class means", batch_doubles(m, most)));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(m->arena, "label sets", most, sizeof(int32_t *), &p));
    m->labels = p;
    CONCEPTDEC_I_TRY(take(m, "class sums", most * m->classes * m->r, &m->sums));
    CONCEPTDEC_I_TRY(take(m, "class sums", most * m->classes, &m->mass));
    CONCEPTDEC_I_TRY(take(m, "weights", most * m->columns * m->r, &m->w));
    CONCEPTDEC_I_TRY(take(m, "intercepts", most * m->columns, &m->bias));
    CONCEPTDEC_I_TRY(take(m, "sharpness", most, &m->sharpness));
    CONCEPTDEC_I_TRY(take(m, "decision values", most * m->columns * n, &m->values));
    CONCEPTDEC_I_TRY(take(m, "products", leaves ? most * m->classes * n : 0, &m->on_sums));
    CONCEPTDEC_I_TRY(take(m, "decision values", spread_doubles(m), &m->spread_out));
    return take(m, "class means", conceptdec_i_lanes(m->fitting->ctx) * m->scratch_size, &m->scratch);
}

static conceptdec_status
run_batch(telling *t)
{
    means *m = t->m;
    conceptdec_ctx *ctx = m->fitting->ctx;
    CONCEPTDEC_I_TRY(
        conceptdec_i_class_sums(m->fitting, &m->members, m->n_sets, m->labels, m->classes, m->sums, m->mass));
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(ctx, m->n_sets, set_task, m));
    if (m->fitting->leave == CONCEPTDEC_I_LEAVE_ROLES)
        CONCEPTDEC_I_TRY(multiply(m, m->n_sets * m->columns, m->w, m->bias, m->values));
    else
        CONCEPTDEC_I_TRY(multiply(m, m->n_sets * m->classes, m->sums, NULL, m->on_sums));
    return conceptdec_i_parallel(ctx, m->n_sets, tell_task, t);
}

/* Batches of whole label sets: `most` of them or fewer. */
static conceptdec_status
run_batches(telling *all, int64_t most)
{
    means *m = all->m;
    const conceptdec_i_problem *problems = m->fitting->problems;
    for (int64_t first = 0, end = 0; first < all->count; first = end) {
        m->n_sets = 0;
        for (; end < all->count; end++) {
            const int32_t *labels = problems[all->order[end]].labels;
            if (end > first && labels == m->labels[m->n_sets - 1])
                continue;
            if (m->n_sets == most)
                break;
            m->labels[m->n_sets++] = labels;
        }
        telling batch = *all;
        batch.order = all->order + first;
        batch.count = end - first;
        CONCEPTDEC_I_TRY(run_batch(&batch));
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
center(means *m)
{
    double mass, *row;
    CONCEPTDEC_I_TRY(take(m, "mean", m->r, &m->mean));
    CONCEPTDEC_I_TRY(take(m, "rows", m->r, &row));
    CONCEPTDEC_I_TRY(conceptdec_i_class_sums(m->fitting, &m->members, 1, NULL, 1, m->mean, &mass));
    m->mean_square = dot(m->mean, m->mean, m->r);
    for (int64_t t = 0; t < m->members.n_train; t++) {
        int64_t i = m->members.train[t];
        double square = 0;
        conceptdec_i_space_row(m->fitting->space, i, row);
        for (int64_t j = 0; j < m->r; j++)
            square += (row[j] - m->mean[j]) * (row[j] - m->mean[j]);
        m->square += m->members.omega[i] * square;
        if (t % 1024 == 0)
            CONCEPTDEC_I_TRY(conceptdec_i_poll(m->fitting->ctx, 0));
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
run_part(telling *t)
{
    means *m = t->m;
    bool leaves = m->fitting->leave != CONCEPTDEC_I_LEAVE_ROLES;
    m->held = conceptdec_i_members_doubles(m->fitting) + 2 * m->r;
    CONCEPTDEC_I_TRY(conceptdec_i_members_take(m->arena, m->fitting, &m->fitting->problems[t->order[0]], &m->members));
    CONCEPTDEC_I_TRY(center(m));
    if (leaves)
        CONCEPTDEC_I_TRY(conceptdec_i_means_leave_open(m));
    m->scratch_size = m->r + (leaves ? m->classes * (8 + m->largest) + 2 * m->largest : 0);
    const int64_t most = count_sets(m, t->count);
    CONCEPTDEC_I_TRY(take_batch(m, most));
    return run_batches(t, most);
}

conceptdec_status
conceptdec_i_means_fit(const conceptdec_i_fitting *fitting, conceptdec_i_fit_listener listener, void *argument)
{
    conceptdec_i_arena outer, arena;
    conceptdec_i_parts parts;
    conceptdec_i_arena_open(&outer, fitting->ctx);
    conceptdec_status status = conceptdec_i_parts_find(&outer, fitting, conceptdec_i_is_balanced(fitting), &parts);
    for (int64_t p = 0; status == CONCEPTDEC_OK && p < parts.n; p++) {
        conceptdec_i_arena_open(&arena, fitting->ctx);
        means m = {.fitting = fitting, .arena = &arena, .r = fitting->space->r, .classes = fitting->classes,
                   .columns = fitting->columns,
                   .is_difference = fitting->options->kind == CONCEPTDEC_PROBE_MEAN_DIFFERENCE && fitting->columns > 1};
        telling t = {.m = &m, .order = parts.order + parts.first[p], .count = parts.first[p + 1] - parts.first[p],
                     .listener = listener, .argument = argument};
        status = run_part(&t);
        conceptdec_i_arena_close(&arena);
    }
    conceptdec_i_arena_close(&outer);
    return status;
}

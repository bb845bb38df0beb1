/* Preconditioners. The Hessian of a softmax at equal posteriors is that of a least squares problem times 1 / C, on
 * what sums to 0 over the classes; the same matrix for all classes keeps steps there. */
#include "probe/logistic.h"

#include <math.h>
#include <string.h>

#include "core/whole.h"
#include "linalg/dot.h"
#include "linalg/factor.h"
#include "linalg/gram.h"
#include "linalg/tiles.h"

#define EDGE 64 /* dimensions of a task */
#define RUNG 4  /* from a preconditioner's lambda to the next one's */
#define EARLY 1e-2 /* the decrement of a step, at least */

typedef conceptdec_i_logistic logistic;

/* Mean squares of all rows: in the upper half; the lower half is scratch of factorisations. */
typedef struct {
    const logistic *l;
    int64_t r;
    double *matrix;  /* r x r */
    double *squares; /* r: its diagonal */
    double *scale;   /* r */
    double lambda, jitter;
} moments;

int64_t
conceptdec_i_logistic_scaling_bytes(const logistic *l)
{
    return l->spectrum ? 0 : conceptdec_i_triangle_bytes(l->r, conceptdec_i_logistic_is_exact(l));
}

/* ---- making them ---- */

static conceptdec_status
squares_task(void *argument, int64_t task, int lane)
{
    const moments *m = argument;
    const conceptdec_i_space *space = m->l->fitting->space;
    const int64_t first = task * EDGE, end = task_end(task, EDGE, m->r);
    (void)lane;
    for (int64_t row = 0; row < space->n; row++)
        for (int64_t i = first; i < end; i++) {
            const int64_t at = row * space->stride + i;
            const double z = space->is_wide ? ((const double *)space->z)[at] : (double)((const float *)space->z)[at];
            m->squares[i] += m->l->trains[row] * z * z / (double)m->l->n_training;
        }
    return CONCEPTDEC_OK;
}

/* The lower half: moments times the curvature, plus lambda, scaled to a diagonal of 1 (and the jitter). */
static conceptdec_status
fill_task(void *argument, int64_t task, int lane)
{
    const moments *m = argument;
    const int64_t first = task * EDGE, end = task_end(task, EDGE, m->r);
    (void)lane;
    for (int64_t block = 0; block < end; block += EDGE)
        for (int64_t i = first; i < end; i++)
            for (int64_t j = block; j < block + EDGE && j <= i; j++)
                m->matrix[i * m->r + j] =
                    i == j ? 1 + m->jitter : m->l->curvature * m->matrix[j * m->r + i] * m->scale[i] * m->scale[j];
    return CONCEPTDEC_OK;
}

/* A matrix that rounding has made indefinite gets a larger diagonal. */
static conceptdec_status
factor(moments *m)
{
    const int64_t tasks = (m->r + EDGE - 1) / EDGE;
    bool is_definite = false;
    for (int64_t i = 0; i < m->r; i++)
        m->scale[i] = 1 / sqrt(m->l->curvature * m->squares[i] + m->lambda);
    for (m->jitter = 0; !is_definite; m->jitter = m->jitter > 0 ? 100 * m->jitter : 1e-12) {
        CONCEPTDEC_I_TRY(conceptdec_i_parallel(m->l->ctx, tasks, fill_task, m));
        CONCEPTDEC_I_TRY(conceptdec_i_cholesky(m->l->ctx, m->r, m->matrix, m->r, &is_definite));
    }
    return conceptdec_i_triangular_inverse(m->l->ctx, m->r, m->matrix, m->r);
}

static conceptdec_status
make_triangle(conceptdec_i_arena *arena, logistic *l, moments *m, conceptdec_i_logistic_scaling *scaling)
{
    void *memory;
    m->lambda = scaling->lambda;
    CONCEPTDEC_I_TRY(factor(m));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(
        arena, "preconditioner", conceptdec_i_triangle_bytes(m->r, false), 1, &memory));
    return conceptdec_i_triangle_pack(l->ctx, m->r, false, m->matrix, true, m->r, m->scale, memory,
                                      &scaling->triangle);
}

static conceptdec_status
take_moments(conceptdec_i_arena *scratch, moments *m)
{
    void *matrix, *squares, *scale;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(scratch, "preconditioner", m->r * m->r, sizeof(double), &matrix));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(scratch, "preconditioner", m->r, sizeof(double), &squares));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(scratch, "preconditioner", m->r, sizeof(double), &scale));
    m->matrix = matrix;
    m->squares = squares;
    m->scale = scale;
    return CONCEPTDEC_OK;
}

conceptdec_i_dense
conceptdec_i_logistic_rows(const logistic *l)
{
    const conceptdec_i_space *space = l->fitting->space;
    return (conceptdec_i_dense){
        .data = space->z, .n = space->n, .dims = space->r, .stride = space->stride, .is_wide = space->is_wide};
}

conceptdec_status
conceptdec_i_logistic_moments(const logistic *l, double *matrix)
{
    const conceptdec_i_dense rows = conceptdec_i_logistic_rows(l);
    CONCEPTDEC_I_TRY(conceptdec_i_gram(l->ctx, &rows, l->trains, CONCEPTDEC_I_TILE_F64, matrix, l->r));
    for (int64_t i = 0; i < l->r * l->r; i++)
        matrix[i] /= (double)l->n_training;
    return CONCEPTDEC_OK;
}

static conceptdec_status
make_moments(conceptdec_i_arena *scratch, moments *m)
{
    CONCEPTDEC_I_TRY(take_moments(scratch, m));
    CONCEPTDEC_I_TRY(conceptdec_i_logistic_moments(m->l, m->matrix));
    for (int64_t i = 0; i < m->r; i++)
        m->squares[i] = m->matrix[i * m->r + i];
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_logistic_mark_training(conceptdec_i_arena *arena, logistic *l)
{
    const conceptdec_i_fitting *fitting = l->fitting;
    const uint8_t *last = NULL;
    void *memory;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "preconditioner", fitting->space->n, sizeof(double), &memory));
    double *trains = memory;
    for (int64_t p = 0; p < fitting->n_problems; p++) {
        if (fitting->problems[p].role == last)
            continue;
        last = fitting->problems[p].role;
        for (int64_t i = 0; i < fitting->space->n; i++)
            if (last[i] == CONCEPTDEC_I_ROLE_TRAIN)
                trains[i] = 1;
    }
    l->trains = trains;
    l->n_training = 0;
    for (int64_t i = 0; i < fitting->space->n; i++)
        l->n_training += trains[i] > 0;
    return CONCEPTDEC_OK;
}

static conceptdec_status
make_diagonal(conceptdec_i_arena *arena, logistic *l)
{
    moments m = {.l = l, .r = l->r};
    void *squares;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "preconditioner", l->r, sizeof(double), &squares));
    l->squares = m.squares = squares;
    return conceptdec_i_parallel(l->ctx, (l->r + EDGE - 1) / EDGE, squares_task, &m);
}

static conceptdec_status
make_triangles(conceptdec_i_arena *arena, logistic *l)
{
    moments m = {.l = l, .r = l->r};
    conceptdec_i_arena scratch;
    conceptdec_i_arena_open(&scratch, l->ctx);
    conceptdec_status status = make_moments(&scratch, &m);
    for (int64_t i = 0; i < l->n_scalings && status == CONCEPTDEC_OK; i++)
        status = make_triangle(arena, l, &m, &l->scalings[i]);
    conceptdec_i_arena_close(&scratch);
    return status;
}

static bool
has_scaling_near(const logistic *l, double lambda)
{
    for (int64_t i = 0; i < l->n_scalings; i++)
        if (fabs(log(l->scalings[i].lambda / lambda)) < log(RUNG) / 2)
            return true;
    return false;
}

/* Powers of RUNG above each lambda, the lowest first, where there is nothing near. */
static void
add_rungs(logistic *l, int64_t n_lambdas, const double *lambdas, int64_t most)
{
    const int64_t end = n_lambdas + most;
    double power = RUNG;
    for (int step = 0; step < CONCEPTDEC_I_LOGISTIC_MOST_RUNGS; step++, power *= RUNG)
        for (int64_t i = 0; i < n_lambdas && l->n_scalings < end; i++)
            if (!has_scaling_near(l, lambdas[i] * power))
                l->scalings[l->n_scalings++].lambda = lambdas[i] * power;
}

conceptdec_status
conceptdec_i_logistic_scaling_open(conceptdec_i_arena *arena, logistic *l, bool is_diagonal, int64_t n_lambdas,
                                   const double *lambdas, int64_t most_rungs)
{
    void *memory;
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take(arena, "preconditioner", n_lambdas + most_rungs, sizeof *l->scalings, &memory));
    l->scalings = memory;
    l->n_scalings = 0;
    l->n_lambdas = n_lambdas;
    l->most_scalings = n_lambdas + most_rungs;
    l->scaling_arena = arena;
    l->squares = l->spectrum;
    if (l->has_kernel)
        return conceptdec_i_arena_take_raw(arena, "preconditioner", (l->r + 2) * l->r,
                                           conceptdec_i_logistic_is_exact(l) ? sizeof(double) : sizeof(float),
                                           &l->kernel_scratch);
    if (l->squares)
        return CONCEPTDEC_OK;
    if (is_diagonal || l->r == 0)
        return make_diagonal(arena, l);
    for (; l->n_scalings < n_lambdas; l->n_scalings++)
        l->scalings[l->n_scalings].lambda = lambdas[l->n_scalings];
    add_rungs(l, n_lambdas, lambdas, most_rungs);
    return make_triangles(arena, l);
}

/* ---- applying them ---- */

/* How far apart two of them are. */
static double
distance(double lambda, double other)
{
    return fabs(log(lambda / other));
}

/* With a kernel: how far one may be from what is wanted. Early steps take few products, for which none is made. */
static double
far_of(const conceptdec_i_logistic_slot *s)
{
    return log(RUNG) * (s->decrement <= EARLY ? 1 : 2) * (1 + 1e-9);
}

/* The one whose lambda is nearest; with a kernel it is made where there is none near. The first one is for what is to
 * come: of few rows posteriors become certain soon. */
static conceptdec_status
find_triangle(logistic *l, const conceptdec_i_logistic_slot *s, double wanted, int64_t *nearest)
{
    const double lambda = s->problem->lambda;
    *nearest = 0;
    for (int64_t i = 1; i < l->n_scalings; i++)
        if (distance(l->scalings[i].lambda, wanted) < distance(l->scalings[*nearest].lambda, wanted))
            *nearest = i;
    if (!l->has_kernel || l->n_scalings == l->most_scalings ||
        (l->n_scalings > 0 && distance(l->scalings[*nearest].lambda, wanted) <= far_of(s)))
        return CONCEPTDEC_OK;
    if (l->n_scalings == 0 && l->most_scalings > l->n_lambdas)
        wanted *= RUNG * RUNG;
    *nearest = l->n_scalings;
    return conceptdec_i_logistic_add_triangle(l, lambda * pow(RUNG, round(log(wanted / lambda) / log(RUNG))));
}

/* The multiple of M for the slot's curvature h is factor^-1 * (c * moments + factor * lambda), factor = c / h. */
conceptdec_status
conceptdec_i_logistic_choose_scaling(logistic *l, conceptdec_i_logistic_slot *s)
{
    const double lambda = s->problem->lambda,
                 wanted = s->curvature > 0 ? lambda * (l->curvature / s->curvature) : lambda;
    s->scaling = 0;
    s->factor = wanted / lambda;
    if (l->squares)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(find_triangle(l, s, wanted, &s->scaling));
    s->factor = l->scalings[s->scaling].lambda / lambda;
    return CONCEPTDEC_OK;
}

static conceptdec_status
diagonal_task(void *argument, int64_t column, int lane)
{
    const logistic *l = argument;
    const conceptdec_i_logistic_slot *s = l->round[column / l->columns];
    const int64_t at = conceptdec_i_logistic_column_of(l, column);
    const double *restrict squares = l->squares, *restrict residual = s->residual + at;
    const double curvature = l->curvature / s->factor, lambda = s->problem->lambda;
    double *restrict image = s->image + at;
    (void)lane;
    for (int64_t i = 0; i < l->r; i++)
        image[i] = residual[i] / (curvature * squares[i] + lambda);
    return CONCEPTDEC_OK;
}

typedef struct {
    const logistic *l;
    bool is_residual;
} derivation;

static conceptdec_status
derive_task(void *argument, int64_t task, int lane)
{
    const derivation *job = argument;
    const logistic *l = job->l;
    const conceptdec_i_logistic_slot *s = l->round[task];
    double *columns = job->is_residual ? s->residual : s->image, *restrict sum = columns + s->derived * l->ld;
    (void)lane;
    memset(sum, 0, (size_t)l->r * sizeof *sum);
    for (int64_t k = 0; k < l->columns; k++) {
        const double *restrict column = columns + k * l->ld;
        for (int64_t i = 0; i < l->r && k != s->derived; i++)
            sum[i] -= column[i];
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_logistic_derive(logistic *l, bool is_residual)
{
    derivation job = {l, is_residual};
    if (conceptdec_i_logistic_carried(l) == l->columns)
        return CONCEPTDEC_OK;
    return conceptdec_i_parallel(l->ctx, l->n_round, derive_task, &job);
}

static conceptdec_status
apply_triangles(logistic *l)
{
    int64_t batches = 0, columns = 0;
    for (int64_t i = 0; i < l->n_round; i++) {
        const conceptdec_i_logistic_slot *s = l->round[i];
        const conceptdec_i_triangle *triangle = &l->scalings[s->scaling].triangle;
        if (batches == 0 || l->batches[batches - 1].triangle != triangle)
            l->batches[batches++] = (conceptdec_i_triangle_batch){.triangle = triangle, .first = columns};
        for (int64_t k = 0; k < l->columns; k++) {
            if (k == s->derived)
                continue;
            l->in[columns] = s->residual + k * l->ld;
            l->out[columns++] = s->image + k * l->ld;
        }
        l->batches[batches - 1].columns = columns - l->batches[batches - 1].first;
    }
    CONCEPTDEC_I_TRY(
        conceptdec_i_triangle_apply(l->ctx, batches, l->batches, l->in, l->out, l->triangle_scratch));
    return conceptdec_i_logistic_derive(l, false);
}

/* Biases: without what all classes have in common, which changes nothing. */
static void
scale_biases(const logistic *l, const conceptdec_i_logistic_slot *s)
{
    double sum = 0;
    int64_t present = 0;
    for (int64_t k = 0; k < l->columns; k++) {
        double *image = s->image + k * l->ld + l->r;
        *image = s->residual[k * l->ld + l->r] * s->factor / l->curvature;
        if (s->class_weight[k] > 0) {
            sum += *image;
            present++;
        }
    }
    for (int64_t k = 0; k < l->columns && l->columns > 1; k++)
        s->image[k * l->ld + l->r] = s->class_weight[k] > 0 ? s->image[k * l->ld + l->r] - sum / (double)present : 0;
}

/* What the kernel K makes of s = (c K / n + lambda)^-1 residual, without a product: n / c (residual - lambda s). Rows
 * that do not train have no part in the residual, and none in what is made of these values. */
static void
take_values(const logistic *l, const conceptdec_i_logistic_slot *s, int64_t at)
{
    const double lambda = l->scalings[s->scaling].lambda, share = conceptdec_i_logistic_share(l, s);
    const double *restrict residual = s->residual + at, *restrict image = s->image + at;
    double *restrict values = s->image_values + at;
    for (int64_t i = 0; i < l->r; i++)
        values[i] = share * (residual[i] - lambda * image[i]);
}

static conceptdec_status
dot_task(void *argument, int64_t column, int lane)
{
    const logistic *l = argument;
    const conceptdec_i_logistic_slot *s = l->round[column / l->columns];
    const int64_t at = conceptdec_i_logistic_column_of(l, column);
    const double *restrict residual = s->residual + at, factor = l->squares ? 1 : s->factor;
    double *restrict image = s->image + at;
    (void)lane;
    if (l->has_kernel) {
        take_values(l, s, at);
        s->image_values[at + l->r] = image[l->r];
        l->sizes[column] = 0;
        for (int64_t i = 0; i < l->r; i++)
            l->sizes[column] += residual[i] * residual[i];
    }
    for (int64_t i = 0; i < l->r; i++)
        image[i] *= factor;
    l->dots[column] = dot(residual, conceptdec_i_logistic_values(l, image, s->image_values + at), l->r + 1);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_logistic_scale(logistic *l)
{
    const int64_t columns = l->n_round * l->columns;
    if (columns == 0)
        return CONCEPTDEC_OK;
    if (l->squares)
        CONCEPTDEC_I_TRY(conceptdec_i_parallel(l->ctx, columns, diagonal_task, l));
    else
        CONCEPTDEC_I_TRY(apply_triangles(l));
    for (int64_t i = 0; i < l->n_round; i++)
        scale_biases(l, l->round[i]);
    return conceptdec_i_parallel(l->ctx, columns, dot_task, l);
}

/* A flight: slots take problems from the queue, and rounds serve the slots that wait for the same thing. What is
 * served next depends on numbers alone, and a column of a pass on its own slot alone: the same bits for any number of
 * threads. */
#include "probe/logistic.h"

#include <math.h>
#include <string.h>

#include "linalg/tiles.h"

typedef conceptdec_i_logistic logistic;
typedef conceptdec_i_logistic_slot slot;

#define WAITING 8 /* slots that wait for their loss, with a kernel, for each that still takes products */
#define LEFT_SHARE 8 /* lambda is the least that it can be; 4 to 10 times as much is usual */

static int64_t
padded_rows(int64_t n)
{
    return (n + 15) / 16 * 16;
}

static uint64_t
real_size(const logistic *l)
{
    return l->is_wide ? sizeof(double) : sizeof(float);
}

/* ---- memory ---- */

/* w, residual, step, direction, image; and the values of the last two. */
static int64_t
column_vectors(const logistic *l)
{
    return l->has_kernel ? 7 : 5;
}

int64_t
conceptdec_i_logistic_slot_bytes(const logistic *l, int64_t n_rows)
{
    const int64_t size = (int64_t)real_size(l), odds = (l->columns + (l->columns > 1)) * padded_rows(n_rows) * size;
    return (column_vectors(l) * l->ld + l->fitting->space->n) * l->columns * (int64_t)sizeof(double) + odds +
           n_rows * (int64_t)sizeof(uint16_t) + l->classes * (int64_t)sizeof(double) + (int64_t)sizeof(slot) + 10 * 64;
}

int64_t
conceptdec_i_logistic_flight_bytes(const logistic *l, int64_t n_slots)
{
    const int64_t narrow = n_slots < l->most_narrow ? n_slots : l->most_narrow;
    const int64_t wide = n_slots < l->most_wide ? n_slots : l->most_wide, columns = narrow * l->columns;
    const int64_t slabs = 3 * CONCEPTDEC_I_PASSES_MOST_SLABS + 5;
    return conceptdec_i_passes_bytes(l->ctx, l->r, l->is_wide ? 0 : columns,
                                     (l->is_wide ? narrow : wide) * l->columns) +
           conceptdec_i_triangle_scratch(l->ctx, l->r, conceptdec_i_logistic_is_exact(l), columns, narrow) +
           slabs * columns * (int64_t)sizeof(double) +
           conceptdec_i_lanes(l->ctx) * conceptdec_i_logistic_scratch(l) * (int64_t)sizeof(double);
}

static conceptdec_status
take_slot(conceptdec_i_arena *arena, const logistic *l, slot *s)
{
    const int64_t doubles = (column_vectors(l) * l->ld + l->fitting->space->n) * l->columns;
    void *columns, *odds, *weight, *label, *class_weight;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "fits", doubles, sizeof(double), &columns));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "fits", l->columns * l->ld_rows, real_size(l), &odds));
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take_raw(arena, "fits", l->columns > 1 ? l->ld_rows : 0, real_size(l), &weight));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "fits", l->ld_rows, sizeof *s->label, &label));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "fits", l->classes, sizeof(double), &class_weight));
    s->w = columns;
    s->residual = s->w + l->columns * l->ld;
    s->step = s->residual + l->columns * l->ld;
    s->direction = s->step + l->columns * l->ld;
    s->image = s->direction + l->columns * l->ld;
    s->image_values = s->image + (l->has_kernel ? l->columns * l->ld : 0);
    s->direction_values = l->has_kernel ? s->image_values + l->columns * l->ld : s->direction;
    s->decision = (l->has_kernel ? s->direction_values : s->image) + l->columns * l->ld;
    s->odds = odds;
    s->weight = weight;
    s->label = label;
    s->class_weight = class_weight;
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_round(conceptdec_i_arena *arena, logistic *l)
{
    const int64_t narrow = l->n_slots < l->most_narrow ? l->n_slots : l->most_narrow, columns = narrow * l->columns;
    const int64_t wide = l->n_slots < l->most_wide ? l->n_slots : l->most_wide;
    void *p[9];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "fits", narrow, sizeof *l->round, &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "fits", columns, sizeof *l->in, &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "fits", columns, sizeof *l->out, &p[2]));
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take(arena, "fits", CONCEPTDEC_I_PASSES_MOST_SLABS * columns, sizeof(double), &p[3]));
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take(arena, "fits", CONCEPTDEC_I_PASSES_MOST_SLABS * narrow, sizeof(double), &p[4]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "fits", 2 * columns, sizeof(double), &p[5]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "fits", narrow, sizeof *l->batches, &p[6]));
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take(arena, "fits", CONCEPTDEC_I_PASSES_MOST_SLABS * narrow, sizeof(double), &p[7]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(
        arena, "fits", conceptdec_i_lanes(l->ctx) * conceptdec_i_logistic_scratch(l), sizeof(double), &p[8]));
    l->round = p[0];
    l->scratch = p[8];
    l->in = p[1];
    l->out = p[2];
    l->sums = p[3];
    l->losses = p[4];
    l->curvatures = p[7];
    l->dots = p[5];
    l->sizes = l->dots + columns;
    l->batches = p[6];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(
        arena, "fits", conceptdec_i_triangle_scratch(l->ctx, l->r, conceptdec_i_logistic_is_exact(l), columns, narrow),
        1, &l->triangle_scratch));
    return conceptdec_i_passes_open_keeping(arena, l->r, l->is_wide ? 0 : columns,
                                            (l->is_wide ? narrow : wide) * l->columns, &l->passes);
}

/* ---- starts ---- */

static double
weight_of(const logistic *l, const conceptdec_i_problem *problem, int64_t row)
{
    if (problem->role[row] != CONCEPTDEC_I_ROLE_TRAIN || problem->labels[row] < 0)
        return 0;
    return l->fitting->weight ? l->fitting->weight[row] : 1;
}

/* Weights of classes so that those of all rows sum to 1. */
static void
weigh_classes(const logistic *l, slot *s, int64_t *present)
{
    double sum = 0;
    *present = 0;
    memset(s->class_weight, 0, (size_t)l->classes * sizeof *s->class_weight);
    for (int64_t i = 0; i < l->rows.n; i++) {
        const double weight = weight_of(l, s->problem, l->rows.row[i]);
        if (weight > 0)
            s->class_weight[s->problem->labels[l->rows.row[i]]] += weight;
    }
    for (int64_t c = 0; c < l->classes; c++) {
        sum += s->class_weight[c];
        *present += s->class_weight[c] > 0;
    }
    for (int64_t c = 0; c < l->classes; c++)
        if (s->class_weight[c] > 0)
            s->class_weight[c] = l->fitting->options->flags & CONCEPTDEC_PROBE_BALANCED
                                     ? 1 / ((double)*present * s->class_weight[c])
                                     : 1 / sum;
}

static void
weigh_rows(const logistic *l, slot *s, double *shares)
{
    for (int64_t i = 0; i < l->rows.n; i++) {
        const int64_t row = l->rows.row[i];
        double weight = weight_of(l, s->problem, row);
        s->label[i] = weight > 0 ? (uint16_t)s->problem->labels[row] : 0;
        if (weight > 0) {
            weight *= s->class_weight[s->label[i]];
            shares[s->label[i]] += weight;
        }
        if (l->columns > 1 && l->is_wide)
            ((double *)s->weight)[i] = weight;
        else if (l->columns > 1)
            ((float *)s->weight)[i] = (float)weight;
    }
}

/* The fit without weights: biases that give the shares of classes. */
static void
start_biases(const logistic *l, slot *s, const double *shares, int64_t present)
{
    double mean = 0;
    if (l->columns == 1) {
        s->direction[l->r] = log(shares[1]) - log(shares[0]);
        return;
    }
    for (int64_t k = 0; k < l->columns; k++)
        mean += s->class_weight[k] > 0 ? log(shares[k]) / (double)present : 0;
    for (int64_t k = 0; k < l->columns; k++)
        s->direction[k * l->ld + l->r] = s->class_weight[k] > 0 ? log(shares[k]) - mean : 0;
}

/* With one class (or none) there is nothing to fit: the bias says all. */
static void
settle(const logistic *l, slot *s)
{
    memset(s->w, 0, (size_t)(l->columns * l->ld) * sizeof *s->w);
    s->w[l->r] = l->columns > 1 || s->class_weight[0] == s->class_weight[1] ? 0
                 : s->class_weight[1] > 0                                   ? INFINITY
                                                                            : -INFINITY;
    s->objective = s->decrement = 0;
    s->iterations = 0;
    s->is_converged = true;
    s->wait = CONCEPTDEC_I_LOGISTIC_DECISION;
}

/* The last class that is present. */
static int64_t
derived_of(const logistic *l, const slot *s)
{
    int64_t k = l->columns;
    if (conceptdec_i_logistic_carried(l) < l->columns)
        for (k--; !(s->class_weight[k] > 0);)
            k--;
    return k;
}

static conceptdec_status
start_task(void *argument, int64_t task, int lane)
{
    const logistic *l = argument;
    slot *s = l->round[task];
    int64_t present;
    double *shares = s->image; /* room for K >= C - 1 columns of at least 16 numbers */
    (void)lane;
    weigh_classes(l, s, &present);
    if (present < 2) {
        settle(l, s);
        return CONCEPTDEC_OK;
    }
    s->derived = derived_of(l, s);
    memset(shares, 0, (size_t)l->classes * sizeof *shares);
    weigh_rows(l, s, shares);
    memset(s->direction, 0, (size_t)(l->columns * l->ld) * sizeof *s->direction);
    start_biases(l, s, shares, present);
    s->wait = l->is_wide ? CONCEPTDEC_I_LOGISTIC_LOSS : CONCEPTDEC_I_LOGISTIC_ROUGH;
    s->is_rough = !l->is_wide;
    s->is_first = true;
    s->is_last = false;
    s->objective = s->decrement = NAN;
    s->iterations = 0;
    s->energy = s->length = 0;
    s->left_share = l->is_brisk ? LEFT_SHARE * s->problem->lambda : NAN;
    return CONCEPTDEC_OK;
}

static conceptdec_status
fill_slots(logistic *l)
{
    l->n_round = 0;
    for (int64_t i = 0; i < l->n_slots && l->next < l->n_queue; i++) {
        slot *s = &l->slots[i];
        if (s->wait != CONCEPTDEC_I_LOGISTIC_FREE || l->n_round == l->most_narrow)
            continue;
        s->number = l->queue[l->next++];
        s->problem = l->fitting->problems + s->number;
        if (l->is_again)
            l->fitting->deferred[s->number] = 0;
        l->round[l->n_round++] = s;
    }
    return conceptdec_i_parallel(l->ctx, l->n_round, start_task, l);
}

/* ---- rounds ---- */

/* Up to `most` slots that wait for this, those of one preconditioner together. */
static void
gather_round(logistic *l, conceptdec_i_logistic_wait wait, int64_t most)
{
    l->n_round = 0;
    for (int64_t i = 0; i < l->n_slots && l->n_round < most; i++) {
        slot *s = &l->slots[i];
        int64_t place = l->n_round;
        if (s->wait != wait)
            continue;
        for (; place > 0 && l->round[place - 1]->scaling > s->scaling; place--)
            l->round[place] = l->round[place - 1];
        l->round[place] = s;
        l->n_round++;
    }
}

static int64_t
count(const logistic *l, conceptdec_i_logistic_wait wait)
{
    int64_t n = 0;
    for (int64_t i = 0; i < l->n_slots; i++)
        n += l->slots[i].wait == wait;
    return n;
}

static conceptdec_status
pass(logistic *l, const conceptdec_i_rows *rows, int64_t columns, bool is_wide, bool goes_back,
     conceptdec_i_chunk_consumer consumer)
{
    const int64_t slabs = conceptdec_i_passes_slabs(&l->passes, rows->n);
    memset(l->sums, 0, (size_t)(slabs * l->n_round * l->columns) * sizeof *l->sums);
    memset(l->losses, 0, (size_t)(slabs * l->n_round) * sizeof *l->losses);
    memset(l->curvatures, 0, (size_t)(slabs * l->n_round) * sizeof *l->curvatures);
    is_wide |= l->is_wide;
    return conceptdec_i_passes_run(&l->passes, rows, is_wide ? CONCEPTDEC_I_TILE_F64 : CONCEPTDEC_I_TILE_F32, columns,
                                   l->in, goes_back ? l->out : NULL, consumer, l);
}

/* Where the columns of a round are read and written: one of the vectors of each slot. */
static int64_t
point_columns(logistic *l, conceptdec_i_logistic_wait wait)
{
    const bool is_end = wait == CONCEPTDEC_I_LOGISTIC_DECISION;
    int64_t columns = 0;
    for (int64_t i = 0; i < l->n_round * l->columns; i++) {
        const slot *s = l->round[i / l->columns];
        const int64_t at = conceptdec_i_logistic_column_of(l, i);
        if (!is_end && i % l->columns == s->derived)
            continue;
        l->in[columns] = (is_end ? s->w : s->direction) + at;
        l->out[columns] = (wait == CONCEPTDEC_I_LOGISTIC_PRODUCT ? s->image : s->residual) + at;
        columns++;
    }
    return columns;
}

/* A pass for steps, of all its columns there and back. */
static conceptdec_status
pass_for_step(logistic *l, int64_t columns, conceptdec_i_logistic_wait wait)
{
    const bool is_product = wait == CONCEPTDEC_I_LOGISTIC_PRODUCT;
    CONCEPTDEC_I_TRY(pass(l, &l->rows, columns, wait == CONCEPTDEC_I_LOGISTIC_LOSS, true,
                          is_product ? conceptdec_i_logistic_product : conceptdec_i_logistic_loss));
    return conceptdec_i_logistic_derive(l, !is_product);
}

/* ---- ends ---- */

/* Weights one after the other, biases behind them; absent classes have none of the first and -infinity for the second.
 * */
static double *
pack_weights(const logistic *l, slot *s)
{
    double *bias = s->image;
    for (int64_t k = 0; k < l->columns; k++) {
        bias[k] = s->w[k * l->ld + l->r];
        if (l->columns > 1 && !(s->class_weight[k] > 0))
            bias[k] = -INFINITY;
        memcpy(s->step + k * l->r, s->w + k * l->ld, (size_t)l->r * sizeof *s->step);
    }
    return bias;
}

static conceptdec_status
end_task(void *argument, int64_t task, int lane)
{
    const logistic *l = argument;
    slot *s = l->round[task];
    conceptdec_i_fit fit = {.bias = pack_weights(l, s),
                            .w = s->step,
                            .decision = s->decision,
                            .sharpness = 1,
                            .converged = s->is_converged,
                            .iterations = s->iterations,
                            .decrement = s->decrement,
                            .objective = s->objective,
                            .shrinkage = NAN};
    s->wait = CONCEPTDEC_I_LOGISTIC_FREE;
    return l->listener(l->argument, s->number, &fit, lane);
}

static void
mark_absent(logistic *l)
{
    for (int64_t i = 0; i < l->n_round && l->columns > 1; i++)
        for (int64_t k = 0; k < l->columns; k++)
            if (!(l->round[i]->class_weight[k] > 0))
                l->round[i]->w[k * l->ld + l->r] = -INFINITY;
}

/* At the optimum weights sum to 0 over the classes, since what all have in common changes the penalty alone. That is
 * next to nothing beside the curvature of a large dimension, so that steps end with more of it than rounding of
 * sums. */
static void
drop_common(const logistic *l, slot *s, int64_t i)
{
    double sum = 0;
    int64_t present = 0;
    for (int64_t k = 0; k < l->columns; k++) {
        sum += s->class_weight[k] > 0 ? s->w[k * l->ld + i] : 0;
        present += s->class_weight[k] > 0;
    }
    for (int64_t k = 0; k < l->columns; k++)
        if (s->class_weight[k] > 0)
            s->w[k * l->ld + i] -= sum / (double)present;
}

static conceptdec_status
common_task(void *argument, int64_t task, int lane)
{
    const logistic *l = argument;
    (void)lane;
    for (int64_t i = 0; i < l->r && l->columns > 1; i++)
        drop_common(l, l->round[task], i);
    return CONCEPTDEC_OK;
}

static conceptdec_status
serve(logistic *l, conceptdec_i_logistic_wait wait)
{
    const bool is_narrow = wait == CONCEPTDEC_I_LOGISTIC_PRODUCT || wait == CONCEPTDEC_I_LOGISTIC_ROUGH;
    gather_round(l, wait, is_narrow ? l->most_narrow : l->most_wide);
    const int64_t columns = point_columns(l, wait);
    switch (wait) {
    case CONCEPTDEC_I_LOGISTIC_ROUGH:
    case CONCEPTDEC_I_LOGISTIC_LOSS:
        CONCEPTDEC_I_TRY(l->has_kernel ? pass(l, &l->rows, columns, true, false, conceptdec_i_logistic_kernel_loss)
                                       : pass_for_step(l, columns, wait));
        return conceptdec_i_logistic_judge(l);
    case CONCEPTDEC_I_LOGISTIC_PRODUCT:
        CONCEPTDEC_I_TRY(l->has_kernel ? conceptdec_i_logistic_kernel_product(l) : pass_for_step(l, columns, wait));
        return conceptdec_i_logistic_advance(l);
    default:
        mark_absent(l);
        CONCEPTDEC_I_TRY(conceptdec_i_parallel(l->ctx, l->n_round, common_task, l));
        CONCEPTDEC_I_TRY(pass(l, &l->left_out, columns, true, false, conceptdec_i_logistic_decide));
        return conceptdec_i_parallel(l->ctx, l->n_round, end_task, l);
    }
}

/* Full rounds are cheapest for each column: what most slots wait for comes first, or, where one round could hold them
 * all, products while most wait for these, so that others join in time; ends come when they hold up others. With a
 * kernel, whose products take no pass, losses wait for a few more. */
static conceptdec_i_logistic_wait
choose(const logistic *l)
{
    const int64_t losses = count(l, CONCEPTDEC_I_LOGISTIC_LOSS), rough = count(l, CONCEPTDEC_I_LOGISTIC_ROUGH);
    const int64_t products = count(l, CONCEPTDEC_I_LOGISTIC_PRODUCT), ends = count(l, CONCEPTDEC_I_LOGISTIC_DECISION);
    const int64_t others = losses + rough + products;
    if (others + ends == 0)
        return CONCEPTDEC_I_LOGISTIC_FREE;
    if (others == 0 || (l->next < l->n_queue && ends >= (l->n_slots + 1) / 2))
        return CONCEPTDEC_I_LOGISTIC_DECISION;
    const int64_t most = losses > rough ? losses : rough, rivals = l->n_slots > l->most_narrow ? most : losses + rough;
    if ((l->has_kernel ? WAITING : 1) * products >= rivals)
        return CONCEPTDEC_I_LOGISTIC_PRODUCT;
    return rough >= losses ? CONCEPTDEC_I_LOGISTIC_ROUGH : CONCEPTDEC_I_LOGISTIC_LOSS;
}

/* Packs the rows, where there is room. */
static conceptdec_status
keep_rows(logistic *l, conceptdec_i_arena *arena)
{
    if (!l->keeps_rows)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_passes_keep(arena, &l->passes, &l->rows,
                                              l->is_wide ? CONCEPTDEC_I_TILE_F64 : CONCEPTDEC_I_TILE_F32, &l->kept));
    l->rows.kept = &l->kept;
    return CONCEPTDEC_OK;
}

static conceptdec_status
run(logistic *l, conceptdec_i_arena *arena)
{
    void *slots;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "fits", l->n_slots, sizeof *l->slots, &slots));
    l->slots = slots;
    for (int64_t i = 0; i < l->n_slots; i++)
        CONCEPTDEC_I_TRY(take_slot(arena, l, &l->slots[i]));
    CONCEPTDEC_I_TRY(take_round(arena, l));
    CONCEPTDEC_I_TRY(keep_rows(l, arena));
    for (;;) {
        CONCEPTDEC_I_TRY(fill_slots(l));
        const conceptdec_i_logistic_wait wait = choose(l);
        if (wait == CONCEPTDEC_I_LOGISTIC_FREE)
            return CONCEPTDEC_OK;
        CONCEPTDEC_I_TRY(serve(l, wait));
    }
}

conceptdec_status
conceptdec_i_logistic_fly(logistic *l)
{
    conceptdec_i_arena arena;
    l->ld_rows = padded_rows(l->rows.n);
    l->next = 0;
    conceptdec_i_arena_open(&arena, l->ctx);
    const conceptdec_status status = run(l, &arena);
    conceptdec_i_arena_close(&arena);
    return status;
}

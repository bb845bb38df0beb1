/* Newton's method with steps from preconditioned conjugate gradients, for all slots of a round at once. Columns are
 * the tasks; what is decided for a slot is decided between them, from sums in order of columns. */
#include "probe/logistic.h"

#include <math.h>
#include <string.h>

#include "linalg/dot.h"

#define ARMIJO 1e-4
#define SLACK 1e-13 /* of a loss near 1: what rounding does to it */
#define LEAST_LENGTH 1e-8
#define CERTAIN 1e-9 /* a decrement so small needs no look at the loss after its step */
#define MOST_PRODUCTS 500
#define ROUGH 1e-3
#define LEAST_ROUGH 1e-6
#define MOST_FORCING 0.2
#define SETTLED 0.1 /* of the tolerance: a decrement that adds next to nothing to what the last step leaves */
#define LEFT 0.02 /* of the tolerance: what the last step may leave, so that posteriors are right to its root */
#define ROUNDING 1e-13 /* of the size of a residual: more than products with a kernel are right to */
#define BRISK_ROUNDING 1e-6
#define REST 10 /* directions not yet seen may have so many times less curvature than those seen */

typedef conceptdec_i_logistic logistic;
typedef conceptdec_i_logistic_slot slot;

static slot *
slot_of(const logistic *l, int64_t column)
{
    return l->round[column / l->columns];
}

static conceptdec_status
for_columns(logistic *l, conceptdec_i_task task)
{
    return conceptdec_i_parallel(l->ctx, l->n_round * l->columns, task, l);
}

/* Sum over a slot's columns of what the tasks have left. */
static double
sum_columns(const logistic *l, const double *values, int64_t place)
{
    double sum = 0;
    for (int64_t k = 0; k < l->columns; k++)
        sum += values[place * l->columns + k];
    return sum;
}

static double
sum_dots(const logistic *l, int64_t place)
{
    return sum_columns(l, l->dots, place);
}

static double
sum_slabs(const logistic *l, const double *values, int64_t step, int64_t at)
{
    const int64_t slabs = conceptdec_i_passes_slabs(&l->passes, l->rows.n);
    double sum = 0;
    for (int64_t slab = 0; slab < slabs; slab++)
        sum += values[slab * step + at];
    return sum;
}

/* The round without slots that have come to an end. */
static void
drop_ended(logistic *l)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < l->n_round; i++)
        if (l->round[i]->wait != CONCEPTDEC_I_LOGISTIC_DECISION)
            l->round[kept++] = l->round[i];
    l->n_round = kept;
}

static void
end_fit(slot *s, bool is_converged)
{
    s->is_converged = is_converged;
    s->wait = CONCEPTDEC_I_LOGISTIC_DECISION;
}

/* No step leads further. */
static void
give_up(const logistic *l, slot *s)
{
    if (!l->has_kernel) {
        end_fit(s, false);
        return;
    }
    l->fitting->deferred[s->number] = 1;
    s->wait = CONCEPTDEC_I_LOGISTIC_FREE;
}

/* With a kernel a product is a difference: what directions without any weights have in the residual adds rounding
 * alone. */
static bool
is_noise(const logistic *l, const slot *s)
{
    const double rounding = l->is_brisk ? BRISK_ROUNDING : ROUNDING;
    return l->has_kernel && !(s->product > rounding * conceptdec_i_logistic_share(l, s) * s->size);
}

/* ---- conjugate gradients ---- */

/* share 0: whatever the direction was. */
static void
turn_column(int64_t r, const double *restrict image, double share, double *restrict direction)
{
    if (share == 0)
        memcpy(direction, image, (size_t)(r + 1) * sizeof *direction);
    for (int64_t i = 0; i <= r && share != 0; i++)
        direction[i] = image[i] + share * direction[i];
}

static conceptdec_status
turn_task(void *argument, int64_t column, int lane)
{
    const logistic *l = argument;
    const slot *s = slot_of(l, column);
    const int64_t at = conceptdec_i_logistic_column_of(l, column);
    const double share = s->products == 0 ? 0 : s->share;
    (void)lane;
    if (s->products == 0)
        memset(s->step + at, 0, (size_t)(l->r + 1) * sizeof *s->step);
    turn_column(l->r, s->image + at, share, s->direction + at);
    if (l->has_kernel)
        turn_column(l->r, s->image_values + at, share, s->direction_values + at);
    return CONCEPTDEC_OK;
}

/* About what part of a step's decrement the next one has, however well the step is solved: curvatures p (1 - p) change
 * by as large a part as decision values move, whose square has the mean decrement / curvature. */
static double
quadratic_of(const slot *s)
{
    return s->curvature > 0 ? s->first / s->curvature : s->first;
}

/* How much smaller the product has to become: about as much as the next decrement will be anyway (0.3 to 10 times as
 * much are within a tenth in cost), and no more than the last step needs. */
static double
forcing_of(const logistic *l, const slot *s)
{
    const double quadratic = quadratic_of(s), wanted = SETTLED * l->fitting->options->tolerance / (s->first / 2);
    const double forcing = quadratic > wanted ? quadratic : wanted;
    return forcing < MOST_FORCING ? forcing : MOST_FORCING;
}

/* Whether the next point's gradient can be proven to be small enough, if this step leaves as little. */
static bool
is_final(const logistic *l, const slot *s)
{
    return !l->has_kernel && s->first / 2 * quadratic_of(s) <= SETTLED * l->fitting->options->tolerance;
}

/* Slots of one preconditioner together. */
static void
sort_round(logistic *l)
{
    for (int64_t i = 1; i < l->n_round; i++) {
        slot *s = l->round[i];
        int64_t place = i;
        for (; place > 0 && l->round[place - 1]->scaling > s->scaling; place--)
            l->round[place] = l->round[place - 1];
        l->round[place] = s;
    }
}

/* The image is the data's part of the Hessian times the direction: adds the penalty's and the bias. */
static conceptdec_status
complete_task(void *argument, int64_t column, int lane)
{
    const logistic *l = argument;
    const slot *s = slot_of(l, column);
    const int64_t at = conceptdec_i_logistic_column_of(l, column);
    const double *restrict direction = s->direction + at;
    double *restrict image = s->image + at;
    const double lambda = s->problem->lambda;
    (void)lane;
    for (int64_t i = 0; i < l->r; i++)
        image[i] += lambda * direction[i];
    image[l->r] = sum_slabs(l, l->sums, l->n_round * l->columns, column);
    l->dots[column] = dot(conceptdec_i_logistic_values(l, direction, s->direction_values + at), image, l->r + 1);
    return CONCEPTDEC_OK;
}

static conceptdec_status
move_task(void *argument, int64_t column, int lane)
{
    const logistic *l = argument;
    const slot *s = slot_of(l, column);
    const int64_t at = conceptdec_i_logistic_column_of(l, column);
    const double *restrict direction = s->direction + at, *restrict image = s->image + at;
    double *restrict step = s->step + at, *restrict residual = s->residual + at;
    (void)lane;
    for (int64_t i = 0; i <= l->r; i++) {
        step[i] += s->along * direction[i];
        residual[i] -= s->along * image[i];
    }
    return CONCEPTDEC_OK;
}

/* The trial point, at s->length of the step; or the last point, where that is all there is to do. */
static conceptdec_status
try_task(void *argument, int64_t column, int lane)
{
    const logistic *l = argument;
    const slot *s = slot_of(l, column);
    const int64_t at = conceptdec_i_logistic_column_of(l, column);
    const double *restrict w = s->w + at, *restrict step = s->step + at;
    double *restrict trial = s->direction + at;
    (void)lane;
    for (int64_t i = 0; i <= l->r; i++)
        trial[i] = w[i] + s->length * step[i];
    return CONCEPTDEC_OK;
}

static void
take_trial(slot *s)
{
    double *w = s->w;
    s->w = s->direction;
    s->direction = w;
    s->iterations++;
}

/* Loss and gradient at w once more, in double. */
static void
look_again(slot *s)
{
    s->is_first = true;
    s->is_rough = false;
    s->length = 0;
    s->wait = CONCEPTDEC_I_LOGISTIC_LOSS;
}

/* Gradients from float products are good enough for steps whose decrement is well above what rounding adds to it, and
 * come after a step with a decrement above this, which the next one will mostly be. */
static void
await_loss(const logistic *l, slot *s)
{
    s->is_rough = !l->is_wide && s->decrement > ROUGH;
    s->wait = s->is_rough ? CONCEPTDEC_I_LOGISTIC_ROUGH : CONCEPTDEC_I_LOGISTIC_LOSS;
}

/* Slots of the round have their steps. */
static conceptdec_status
end_descent(logistic *l)
{
    for (int64_t i = 0; i < l->n_round; i++) {
        l->round[i]->length = 1;
        l->round[i]->decrement = l->round[i]->energy / 2;
    }
    for (int64_t i = 0; i < l->n_round; i++)
        if (l->round[i]->is_rough && l->round[i]->decrement <= LEAST_ROUGH)
            look_again(l->round[i]);
    CONCEPTDEC_I_TRY(for_columns(l, try_task));
    for (int64_t i = 0; i < l->n_round; i++) {
        slot *s = l->round[i];
        const bool is_small = s->is_proven && !l->is_brisk && s->decrement <= l->fitting->options->tolerance;
        s->is_last = is_small;
        if (s->is_first)
            continue;
        await_loss(l, s);
        if (!(s->energy > 0)) {
            give_up(l, s);
        } else if (is_small && s->decrement <= CERTAIN) {
            take_trial(s);
            s->objective -= s->decrement;
            end_fit(s, true);
        }
    }
    return CONCEPTDEC_OK;
}

/* Which slots go on: the round becomes these, `ended` of its slots stand behind them. */
static int64_t
split_round(logistic *l)
{
    const int64_t all = l->n_round;
    int64_t going = 0;
    for (int64_t i = 0; i < all; i++)
        if (l->round[i]->wait == CONCEPTDEC_I_LOGISTIC_PRODUCT) {
            slot *s = l->round[i];
            memmove(l->round + going + 1, l->round + going, (size_t)(i - going) * sizeof *l->round);
            l->round[going++] = s;
        }
    l->n_round = going;
    return all - going;
}

/* Whether the decrement, what the rest of the step could add to it included, is so small that this step is the last. */
static bool
is_within_tolerance(const logistic *l, const slot *s)
{
    return s->energy + REST * s->longest * s->product <= l->fitting->options->tolerance;
}

/* What is left of the gradient can add so much to twice the decrement, at most: along no direction of weights is the
 * curvature below lambda. (Intercepts have no penalty: their curvature is taken for it.) */
static double
rest_of(const logistic *l, const slot *s)
{
    double intercepts = 0;
    for (int64_t k = 0; k < l->columns; k++)
        intercepts += s->residual[k * l->ld + l->r] * s->residual[k * l->ld + l->r];
    return s->left / s->problem->lambda + (s->curvature > 0 ? intercepts / s->curvature : 0);
}

/* The same as a proof. */
static bool
is_proven(const logistic *l, const slot *s)
{
    const double rest = rest_of(l, s), tolerance = l->fitting->options->tolerance;
    return (s->energy + rest) / 2 <= tolerance && rest <= LEFT * tolerance;
}

/* Before the first product of a step: whether there need be none. */
static bool
may_be_last(const logistic *l, const slot *s)
{
    if (s->products == 0)
        return REST * s->product <= l->fitting->options->tolerance;
    return is_within_tolerance(l, s) || s->energy / 2 <= l->fitting->options->tolerance;
}

/* Where the square of the residual costs a pass, it is looked at when it is small enough by what it was of the product;
 * with triangles in float, where the proof is at the gradient of the next point, there alone. */
bool
conceptdec_i_logistic_wants_left(const logistic *l, slot *s)
{
    if (!may_be_last(l, s))
        return false;
    s->left = s->left_share * s->product;
    return isnan(s->left_share) || (is_proven(l, s) && !(l->is_brisk && s->products > 0));
}

/* Squares of the residuals, as weights, where the step may be the last. */
static conceptdec_status
find_left(logistic *l)
{
    if (l->has_kernel)
        return conceptdec_i_logistic_kernel_left(l);
    for (int64_t i = 0; i < l->n_round; i++) {
        slot *s = l->round[i];
        s->left = 0;
        for (int64_t k = 0; k < l->columns && (may_be_last(l, s) || is_final(l, s)); k++)
            s->left += dot(s->residual + k * l->ld, s->residual + k * l->ld, l->r);
    }
    return CONCEPTDEC_OK;
}

static void
set_out(const logistic *l, slot *s, int64_t place)
{
    s->wait = CONCEPTDEC_I_LOGISTIC_PRODUCT;
    s->product = s->first = sum_dots(l, place);
    s->enough = s->first * forcing_of(l, s);
    s->size = sum_columns(l, l->sizes, place);
    s->energy = s->longest = 0;
    s->products = 0;
}

/* Whether there is nothing to go for, or no way to go. */
static void
look_around(const logistic *l, slot *s)
{
    if (s->is_rough && !is_noise(l, s))
        return;
    s->decrement = s->product > 0 ? s->product / 2 : 0;
    if (s->product == 0 || (may_be_last(l, s) && is_proven(l, s)))
        end_fit(s, true);
    else if (l->is_brisk && s->iterations >= l->fitting->options->max_iterations)
        end_fit(s, false);
    else if (!(s->product > 0) || is_noise(l, s))
        give_up(l, s);
}

/* First directions of the slots of the round, whose residuals are the opposites of their gradients. */
static conceptdec_status
start_descent(logistic *l)
{
    for (int64_t i = 0; i < l->n_round; i++)
        CONCEPTDEC_I_TRY(conceptdec_i_logistic_choose_scaling(l, l->round[i]));
    sort_round(l);
    CONCEPTDEC_I_TRY(conceptdec_i_logistic_scale(l));
    for (int64_t i = 0; i < l->n_round; i++)
        set_out(l, l->round[i], i);
    CONCEPTDEC_I_TRY(find_left(l));
    for (int64_t i = 0; i < l->n_round; i++)
        look_around(l, l->round[i]);
    drop_ended(l);
    return for_columns(l, turn_task);
}

/* Whether the step is complete: good enough, or, where it or the next point may be the last, proven to be. */
static bool
is_complete(const logistic *l, slot *s)
{
    const bool is_near = may_be_last(l, s);
    s->is_proven = is_near && is_proven(l, s);
    if (s->products >= MOST_PRODUCTS || is_noise(l, s))
        return true;
    if (is_near)
        return s->is_proven;
    return s->product <= s->enough && !(is_final(l, s) && rest_of(l, s) > LEFT / 2 * l->fitting->options->tolerance);
}

/* New directions, of slots whose step is not good enough; for the others the step is complete. */
static conceptdec_status
turn(logistic *l)
{
    CONCEPTDEC_I_TRY(conceptdec_i_logistic_scale(l));
    for (int64_t i = 0; i < l->n_round; i++) {
        slot *s = l->round[i];
        const double product = sum_dots(l, i);
        s->products++;
        s->share = product / s->product;
        s->product = product;
        s->size = sum_columns(l, l->sizes, i);
    }
    CONCEPTDEC_I_TRY(find_left(l));
    for (int64_t i = 0; i < l->n_round; i++)
        if (is_complete(l, l->round[i]))
            l->round[i]->wait = CONCEPTDEC_I_LOGISTIC_FREE;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_logistic_advance(logistic *l)
{
    CONCEPTDEC_I_TRY(for_columns(l, complete_task));
    for (int64_t i = 0; i < l->n_round; i++) {
        slot *s = l->round[i];
        const double curve = sum_dots(l, i);
        s->along = curve > 0 && isfinite(curve) ? s->product / curve : 0;
        s->energy += s->along * s->product;
        s->longest = s->along > s->longest ? s->along : s->longest;
    }
    CONCEPTDEC_I_TRY(for_columns(l, move_task));
    CONCEPTDEC_I_TRY(turn(l));
    for (int64_t i = 0; i < l->n_round; i++)
        if (!(l->round[i]->along > 0))
            l->round[i]->wait = CONCEPTDEC_I_LOGISTIC_FREE;
    const int64_t ended = split_round(l);
    CONCEPTDEC_I_TRY(for_columns(l, turn_task));
    l->round += l->n_round;
    const int64_t going = l->n_round;
    l->n_round = ended;
    const conceptdec_status status = end_descent(l);
    l->round -= going;
    return status;
}

/* ---- Newton steps ---- */

/* The residual is the data's part of the gradient: it becomes the opposite of all of it. */
static conceptdec_status
gradient_task(void *argument, int64_t column, int lane)
{
    const logistic *l = argument;
    const slot *s = slot_of(l, column);
    const int64_t at = conceptdec_i_logistic_column_of(l, column);
    const double *restrict trial = s->direction + at;
    double *restrict residual = s->residual + at;
    const double lambda = s->problem->lambda;
    (void)lane;
    for (int64_t i = 0; i < l->r; i++)
        residual[i] = -(residual[i] + lambda * trial[i]);
    residual[l->r] = -sum_slabs(l, l->sums, l->n_round * l->columns, column);
    l->dots[column] = dot(trial, conceptdec_i_logistic_values(l, trial, s->direction_values + at), l->r);
    return CONCEPTDEC_OK;
}

/* A shorter step, from the parabola through the loss at both ends and its slope at the start. */
static void
shorten(const logistic *l, slot *s, double objective)
{
    const double drop = s->energy * s->length, excess = objective - s->objective + drop;
    double factor = isfinite(excess) && excess > 0 ? drop / (2 * excess) : 0.1;
    factor = factor < 0.1 ? 0.1 : factor > 0.5 ? 0.5 : factor;
    s->length *= factor;
    if (s->length < LEAST_LENGTH)
        give_up(l, s);
}

static void
judge_one(const logistic *l, slot *s, double objective)
{
    const double slack = SLACK * (fabs(s->objective) > 1 ? fabs(s->objective) : 1);
    if (!s->is_first && !(objective <= s->objective - ARMIJO * s->length * s->energy + slack)) {
        shorten(l, s, objective);
        return;
    }
    take_trial(s);
    s->objective = objective;
    s->wait = CONCEPTDEC_I_LOGISTIC_PRODUCT;
    if (s->is_first)
        s->iterations--;
    s->is_first = false;
    const bool is_end = s->is_last || s->iterations >= l->fitting->options->max_iterations;
    if (is_end && s->is_rough)
        look_again(s);
    else if (is_end && (s->is_last || !l->is_brisk))
        end_fit(s, s->is_last);
}

conceptdec_status
conceptdec_i_logistic_judge(logistic *l)
{
    CONCEPTDEC_I_TRY(for_columns(l, gradient_task));
    for (int64_t i = 0; i < l->n_round; i++) {
        slot *s = l->round[i];
        s->curvature = sum_slabs(l, l->curvatures, l->n_round, i);
        judge_one(l, s, sum_slabs(l, l->losses, l->n_round, i) + s->problem->lambda / 2 * sum_dots(l, i));
    }
    const int64_t ended = split_round(l), going = l->n_round;
    CONCEPTDEC_I_TRY(start_descent(l));
    l->round += going;
    l->n_round = ended;
    drop_ended(l);
    const conceptdec_status status = for_columns(l, try_task);
    l->round -= going;
    return status;
}
